//! `keyway status`

use http::Method;
use serde_json::json;

use super::{list, show};
use crate::Exit;
use crate::args::Connection;
use crate::client::call;

/// Exits 1 when no server answers.
pub async fn run(connection: &Connection, json: bool) -> anyhow::Result<Exit> {
    match call(connection, Method::GET, "/api/v1/accounts", None).await {
        Ok(answer) => {
            let accounts = list(&answer, "accounts").len();
            show(&json!({ "version": 1, "running": true, "accounts": accounts }), json, |_| {
                format!("keyway runs, with {accounts} account(s)")
            })
        }
        Err(error) => {
            show(&json!({ "version": 1, "running": false, "error": format!("{error:#}") }), json, |_| format!("not running: {error:#}"))?;
            Ok(Exit::Negative)
        }
    }
}
