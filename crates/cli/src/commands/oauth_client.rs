//! `keyway oauth-client …`

use http::Method;
use serde_json::{Value, json};

use super::app::split;
use super::{account, list, show, table, text};
use crate::Exit;
use crate::args::{Connection, OAuthClient};
use crate::client::{call, list_all};

const PATH: &str = "/api/v1/oauth-clients";

pub async fn run(connection: &Connection, action: OAuthClient) -> anyhow::Result<Exit> {
    match action {
        OAuthClient::Add { name, client_id, secret, scopes, optional_scopes, base_url, authorize_url, json } => {
            let body = json!({
                "name": name, "clientId": client_id, "clientSecret": account::read(&secret).await?, "scopes": split(&scopes),
                "optionalScopes": split(&optional_scopes), "baseUrl": base_url, "authorizeUrl": authorize_url,
            });
            let answer = call(connection, Method::PUT, PATH, Some(body)).await?;
            show(&answer, json, |_| format!("accounts can be connected with `keyway account add --oauth {name}`"))
        }
        OAuthClient::List { json } => {
            let answer = list_all(connection, PATH, "oauthClients").await?;
            show(&answer, json, |answer| {
                let row =
                    |client: &Value| ["id", "name", "clientId", "baseUrl", "scopes"].iter().map(|field| text(&client[*field])).collect();
                let rows: Vec<Vec<String>> = list(answer, "oauthClients").iter().map(row).collect();
                table(&["ID", "NAME", "CLIENT ID", "HOST", "SCOPES"], &rows)
            })
        }
    }
}
