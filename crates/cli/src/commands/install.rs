//! `keyway install …`

use http::Method;
use serde_json::{Value, json};

use super::{list, names, query, show, table, text, token};
use crate::Exit;
use crate::args::{Connection, Install};
use crate::client::call;

pub async fn run(connection: &Connection, action: Install) -> anyhow::Result<Exit> {
    match action {
        Install::List { public_app, account, after, limit, json } => {
            let account = names::account_if_any(connection, account.as_deref()).await?;
            let public_app = match public_app {
                Some(typed) => Some(names::public_app(connection, &typed).await?),
                None => None,
            };
            let fields = [
                ("publicApp", public_app),
                ("hubId", account.map(|id| id.to_string())),
                ("after", after.map(|id| id.to_string())),
                ("limit", Some(limit.to_string())),
            ];
            let answer = call(connection, Method::GET, &format!("/api/v1/installs{}", query(&fields)), None).await?;
            show(&answer, json, installs)
        }
        Install::Show { install, json } => {
            let answer = call(connection, Method::GET, &format!("/api/v1/installs/{install}"), None).await?;
            show(&answer, json, |answer| describe(&answer["install"]))
        }
        Install::Approve { authorize_url, account, user, json } => {
            let body = json!({ "authorizeUrl": authorize_url, "hubId": names::account(connection, &account).await?, "user": user });
            let answer = call(connection, Method::POST, "/api/v1/installs", Some(body)).await?;
            show(&answer, json, |answer| text(&answer["redirectTo"]))
        }
        Install::End { install, json } => {
            let answer = call(connection, Method::DELETE, &format!("/api/v1/installs/{install}"), None).await?;
            show(&answer, json, |_| format!("ended install {install}; its tokens are no longer accepted"))
        }
    }
}

fn installs(answer: &Value) -> String {
    let row = |install: &Value| {
        let tokens = list(install, "tokens");
        let last = tokens.iter().filter_map(|token| token["lastUsedAt"].as_str()).max().unwrap_or("never").to_owned();
        let live = tokens.iter().filter(|token| token["state"] == "active").count().to_string();
        vec![text(&install["id"]), text(&install["hubId"]), text(&install["name"]), list(install, "scopes").len().to_string(), live, last]
    };
    let rows: Vec<Vec<String>> = list(answer, "installs").iter().map(row).collect();
    let more = answer["after"].as_str().map(|after| format!("\n\nmore: --after {after}")).unwrap_or_default();
    table(&["ID", "HUB ID", "PUBLIC APP", "SCOPES", "GRANTS", "LAST USE"], &rows) + &more
}

fn describe(install: &Value) -> String {
    let grants: Vec<String> = list(install, "tokens")
        .iter()
        .map(|grant| format!("  grant {} by {}: {}", text(&grant["id"]), text(&grant["grantedBy"]), text(&grant["scopes"])))
        .collect();
    format!(
        "  id          {}\n  public app  {} ({})\n  account     {}\n  state       {}\n  since       {}\n{}\n\n{}",
        text(&install["id"]),
        text(&install["name"]),
        text(&install["publicAppId"]),
        text(&install["hubId"]),
        if install["enabled"] == true { "enabled" } else { "disabled" },
        text(&install["createdAt"]),
        grants.join("\n"),
        token::tokens(list(install, "tokens")),
    )
}
