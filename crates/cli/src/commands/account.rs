//! `keyway account …`

use http::Method;
use serde_json::{Value, json};

use super::{list, show, table, text};
use crate::Exit;
use crate::args::{Account, Connection};
use crate::client::call;

pub async fn run(connection: &Connection, action: Account) -> anyhow::Result<Exit> {
    match action {
        Account::Create { name, hub_id, settings, currency, region, json } => {
            let body = json!({
                "name": name, "hubId": hub_id, "tier": settings.tier, "addons": settings.addons, "timeZone": settings.time_zone,
                "currency": currency, "region": region,
            });
            let answer = call(connection, Method::POST, "/api/v1/accounts", Some(body)).await?;
            show(&answer, json, |answer| format!("created account {}\n{}", text(&answer["account"]["hubId"]), describe(&answer["account"])))
        }
        Account::List { json } => {
            let answer = call(connection, Method::GET, "/api/v1/accounts", None).await?;
            show(&answer, json, accounts)
        }
        Account::Show { hub_id, json } => {
            let answer = call(connection, Method::GET, &format!("/api/v1/accounts/{hub_id}"), None).await?;
            show(&answer, json, |answer| describe(&answer["account"]))
        }
        Account::Update { hub_id, name, settings, json } => {
            let body = json!({ "name": name, "tier": settings.tier, "addons": settings.addons, "timeZone": settings.time_zone });
            let answer = call(connection, Method::PATCH, &format!("/api/v1/accounts/{hub_id}"), Some(body)).await?;
            show(&answer, json, |answer| format!("updated account {hub_id}\n{}", describe(&answer["account"])))
        }
        Account::Delete { hub_id, json } => {
            let answer = call(connection, Method::DELETE, &format!("/api/v1/accounts/{hub_id}"), None).await?;
            show(&answer, json, |_| format!("deleted account {hub_id}, its apps, tokens and records"))
        }
    }
}

fn accounts(answer: &Value) -> String {
    let row =
        |account: &Value| ["hubId", "name", "tier", "addons", "timeZone", "usedToday"].iter().map(|field| text(&account[*field])).collect();
    let rows: Vec<Vec<String>> = list(answer, "accounts").iter().map(row).collect();
    table(&["HUB ID", "NAME", "TIER", "ADD-ONS", "TIME ZONE", "CALLS TODAY"], &rows)
}

fn describe(account: &Value) -> String {
    let limits = &account["limits"];
    format!(
        "  name       {}\n  tier       {} with {} API limit increase(s)\n  time zone  {}\n  limits     {} calls in 10 seconds per app, {} a day, {} searches a second\n  today      {} calls",
        text(&account["name"]),
        text(&account["tier"]),
        text(&account["addons"]),
        text(&account["timeZone"]),
        text(&limits["burst"]),
        text(&limits["daily"]),
        text(&limits["search"]),
        text(&account["usedToday"]),
    )
}
