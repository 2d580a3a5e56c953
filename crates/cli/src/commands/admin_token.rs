//! `keyway admin-token …`

use http::Method;
use serde_json::{Value, json};

use super::token::milliseconds;
use super::{encode, list, role_name, role_of, show, table, text};
use crate::Exit;
use crate::args::{AdminToken, Connection};
use crate::client::{call, list_all};

const PATH: &str = "/api/v1/admin-tokens";

pub async fn run(connection: &Connection, action: AdminToken) -> anyhow::Result<Exit> {
    match action {
        AdminToken::Create { name, role, apps, lifetime, json } => {
            let lifetime_ms = lifetime.as_deref().map(milliseconds).transpose()?;
            let body = json!({ "name": name, "role": role_name(role), "apps": apps, "lifetimeMs": lifetime_ms });
            let answer = call(connection, Method::POST, PATH, Some(body)).await?;
            show(&answer, json, |answer| {
                let token = &answer["adminToken"];
                format!(
                    "created the admin token {} as {}\n\n  {}\n\nThis is the only time it is shown; a program presents it as KEYWAY_ADMIN_TOKEN.",
                    text(&token["name"]),
                    role_of(token),
                    text(&token["value"])
                )
            })
        }
        AdminToken::List { json } => {
            let answer = list_all(connection, PATH, "adminTokens").await?;
            show(&answer, json, |answer| {
                let row = |token: &Value| {
                    let field = |name: &str| text(&token[name]);
                    vec![
                        field("id"),
                        field("name"),
                        role_of(token),
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
        AdminToken::Revoke { token, json } => {
            let answer = call(connection, Method::DELETE, &format!("{PATH}/{}", encode(&token)), None).await?;
            show(&answer, json, |answer| format!("revoked the admin token {}", text(&answer["adminToken"]["name"])))
        }
    }
}
