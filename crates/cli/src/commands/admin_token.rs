//! `keyway admin-token …`

use anyhow::Context;
use http::Method;
use serde_json::{Value, json};

use super::confirm::{self, Deletion};
use super::milliseconds;
use super::{list, names, role_name, role_of, show, table, text};
use crate::args::Connection;
use crate::args::admin_token::AdminToken;
use crate::client::{call, list_all};
use crate::exit::Exit;

const PATH: &str = "/api/v1/admin-tokens";

pub async fn run(connection: &Connection, action: AdminToken) -> anyhow::Result<Exit> {
    match action {
        AdminToken::Create { name, role, apps, lifetime } => {
            let lifetime_ms = lifetime.as_deref().map(milliseconds).transpose()?;
            let body =
                json!({ "name": name, "role": role_name(role), "apps": names::apps(connection, &apps).await?, "lifetimeMs": lifetime_ms });
            let answer = call(connection, Method::POST, PATH, Some(body)).await?;
            let known = names::of_apps(connection).await;
            show(&answer, |answer| {
                let token = &answer["adminToken"];
                format!(
                    "created the admin token {} as {}\n\n  {}\n\nThis is the only time it is shown; a program presents it as KEYWAY_ADMIN_TOKEN.",
                    text(&token["name"]),
                    role_of(token, &known),
                    text(&token["value"])
                )
            })
        }
        AdminToken::List => {
            let answer = list_all(connection, PATH, "adminTokens").await?;
            let known = names::of_apps(connection).await;
            show(&answer, |answer| {
                let row = |token: &Value| {
                    let field = |name: &str| text(&token[name]);
                    vec![
                        field("id"),
                        field("name"),
                        role_of(token, &known),
                        field("hint"),
                        field("state"),
                        field("createdBy"),
                        field("expiresAt"),
                        field("lastUsedAt"),
                    ]
                };
                let rows: Vec<Vec<String>> = list(answer, "adminTokens").iter().map(row).collect();
                table(&["ID", "NAME", "ROLE", "TOKEN", "STATE", "MADE BY", "EXPIRES", "LAST USE"], &rows)
            })
        }
        AdminToken::Revoke { token, consent } => {
            let token = names::admin_token(connection, &token).await?;
            confirm::revocation(consent, async || {
                let all = list_all(connection, PATH, "adminTokens").await?;
                let is_it = |one: &&Value| text(&one["id"]) == token;
                let found = list(&all, "adminTokens").iter().find(is_it).with_context(|| {
                    format!("there is no admin token {token}, so nothing was revoked. To list admin tokens: keyway admin-token list")
                })?;
                let used = found["lastUsedAt"].as_str().map_or_else(|| "never used".to_owned(), |at| format!("last used {at}"));
                let name = text(&found["name"]);
                let known = names::of_apps(connection).await;
                let goes = vec![
                    format!("token {}, {}, {used}", text(&found["hint"]), text(&found["state"])),
                    format!("the role {}, made by {}", role_of(found, &known), text(&found["createdBy"])),
                ];
                Ok(Deletion { what: format!("the admin token \"{name}\" ({})", text(&found["id"])), name, goes })
            })
            .await?;
            let answer = call(connection, Method::DELETE, &format!("{PATH}/{token}"), None).await?;
            show(&answer, |answer| format!("revoked the admin token {}", text(&answer["adminToken"]["name"])))
        }
    }
}
