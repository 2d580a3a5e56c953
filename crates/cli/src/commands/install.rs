//! `keyway install …`

use http::Method;
use keyway_api::view::{self, Installs};
use serde_json::{Value, json};

use super::{list, names, query, show, table, text, token};
use crate::args::Connection;
use crate::args::install::Install;
use crate::client::call;
use crate::exit::Exit;
use crate::typed::{lines_of, or_dash};

pub async fn run(connection: &Connection, action: Install) -> anyhow::Result<Exit> {
    match action {
        Install::List { public_app, account, after, limit } => {
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
            show(&answer, installs)
        }
        Install::Show { install } => {
            let answer = call(connection, Method::GET, &format!("/api/v1/installs/{install}"), None).await?;
            show(&answer, |answer| describe(&answer["install"]))
        }
        Install::Approve { authorize_url, account, user } => {
            let body = json!({ "authorizeUrl": authorize_url, "hubId": names::account(connection, &account).await?, "user": user });
            let answer = call(connection, Method::POST, "/api/v1/installs", Some(body)).await?;
            show(&answer, |answer| text(&answer["redirectTo"]))
        }
        Install::End { install } => {
            let answer = call(connection, Method::DELETE, &format!("/api/v1/installs/{install}"), None).await?;
            show(&answer, |_| format!("ended install {install}: Keyway refuses its tokens from now on"))
        }
    }
}

fn installs(answer: &Value) -> String {
    let row = |install: &view::Install| {
        let last = install.tokens.iter().filter_map(|token| token.last_used_at.as_deref()).max().unwrap_or("never").to_owned();
        let live = install.tokens.iter().filter(|token| token.state == "active").count().to_string();
        let (id, hub_id, scopes) = (install.id.to_string(), install.hub_id.to_string(), install.scopes.len().to_string());
        vec![id, hub_id, install.name.clone(), scopes, live, last]
    };
    lines_of(answer, |Installs { installs, after }| {
        let rows: Vec<Vec<String>> = installs.iter().map(row).collect();
        let more = after.as_ref().map(|after| format!("\n\nmore: --after {after}")).unwrap_or_default();
        table(&["ID", "HUB ID", "PUBLIC APP", "SCOPES", "GRANTS", "LAST USE"], &rows) + &more
    })
}

fn describe(install: &Value) -> String {
    let tokens = token::tokens(list(install, "tokens"));
    lines_of(install, |install: &view::Install| format!("{}\n\n{tokens}", described(install)))
}

fn described(install: &view::Install) -> String {
    let grant = |grant: &view::Token| {
        let scopes = grant.scopes.as_ref().map(|scopes| scopes.join(", "));
        format!("  grant {} by {}: {}", grant.id, or_dash(grant.granted_by.as_deref()), or_dash(scopes))
    };
    format!(
        "  ID          {}\n  public app  {} ({})\n  account     {}\n  state       {}\n  since       {}\n{}",
        install.id,
        install.name,
        or_dash(install.public_app_id),
        install.hub_id,
        if install.enabled { "enabled" } else { "disabled" },
        install.created_at,
        install.tokens.iter().map(grant).collect::<Vec<_>>().join("\n"),
    )
}
