//! `keyway status`

use http::Method;
use serde_json::json;

use super::account::trouble;
use super::{list, show, text};
use crate::Exit;
use crate::args::Connection;
use crate::client::call;

/// Exits 1 when no server answers, or a connection to HubSpot does not do what its apps need.
pub async fn run(connection: &Connection, json: bool) -> anyhow::Result<Exit> {
    let answer = match call(connection, Method::GET, "/api/v1/accounts", None).await {
        Ok(answer) => answer,
        Err(error) => {
            show(&json!({ "version": 1, "running": false, "error": format!("{error:#}") }), json, |_| format!("not running: {error:#}"))?;
            return Ok(Exit::Negative);
        }
    };
    let accounts = list(&answer, "accounts");
    let troubles: Vec<(String, String)> =
        accounts.iter().filter_map(|account| trouble(account).map(|trouble| (text(&account["hubId"]), trouble))).collect();
    let listed: Vec<_> = troubles.iter().map(|(hub_id, trouble)| json!({ "hubId": hub_id, "trouble": trouble })).collect();
    show(&json!({ "version": 1, "running": true, "accounts": accounts.len(), "troubles": listed }), json, |_| {
        let mut lines = format!("keyway runs, with {} account(s)", accounts.len());
        for (hub_id, trouble) in &troubles {
            lines.push_str(&format!("\naccount {hub_id}: {trouble}"));
        }
        lines
    })?;
    Ok(if troubles.is_empty() { Exit::Fine } else { Exit::Negative })
}
