//! `keyway oauth-client …`

use http::Method;
use keyway_api::body::ClientBody;
use keyway_api::view::{self, OAuthClients};
use serde_json::json;

use super::app::split;
use super::{account, show, table};
use crate::args::Connection;
use crate::args::oauth_client::OAuthClient;
use crate::client::{call, list_all};
use crate::exit::Exit;
use crate::typed::show_typed;

const PATH: &str = "/api/v1/oauth-clients";

pub async fn run(connection: &Connection, action: OAuthClient) -> anyhow::Result<Exit> {
    match action {
        OAuthClient::Add { name, client_id, secret, scopes, optional_scopes, base_url, authorize_url } => {
            let body = ClientBody {
                name: name.clone(),
                client_id,
                client_secret: account::read(&secret).await?,
                base_url,
                authorize_url,
                scopes: split(&scopes),
                optional_scopes: split(&optional_scopes),
            };
            let answer = call(connection, Method::PUT, PATH, Some(json!(body))).await?;
            show(&answer, |_| format!("accounts can be connected with `keyway account add --oauth {name}`"))
        }
        OAuthClient::List => {
            let answer = list_all(connection, PATH, "oauthClients").await?;
            show_typed(&answer, |answer: &OAuthClients| {
                let row = |client: &view::OAuthClient| {
                    vec![
                        client.id.to_string(),
                        client.name.clone(),
                        client.client_id.clone(),
                        client.base_url.clone(),
                        client.scopes.join(", "),
                    ]
                };
                let rows: Vec<Vec<String>> = answer.oauth_clients.iter().map(row).collect();
                table(&["ID", "NAME", "CLIENT ID", "HOST", "SCOPES"], &rows)
            })
        }
    }
}
