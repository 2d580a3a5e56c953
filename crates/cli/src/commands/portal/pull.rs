//! `keyway portal pull`: writes a seed with the definitions of a connected account and some of its records,
//! masked.
//!
//! The calls go through the gateway with the token of a temporary app. So the app's scopes only allow reads,
//! the account's limits hold, and the audit log records each call. There is no other way to HubSpot (decision
//! 65).

mod assemble;
mod clean;
mod known;
mod mask;
mod progress;
mod read;
mod source;

use anyhow::bail;
use http::Method;
use keyway_core::secret::Secret;
use keyway_core::shown;
use keyway_deliver::https;
use serde_json::{Value, json};
use tokio::signal::unix::{SignalKind, signal};

use super::{list, show, text};
use crate::args::Connection;
use crate::args::portal::pull::Pull;
use crate::client::call;
use crate::exit::Exit;
use progress::Progress;
use source::Source;

/// How the app of a pull begins; the pull's process ends the name.
const APP: &str = "keyway portal pull";
/// How long a call of the pull waits for its turn before it gets a 429 and is sent again.
const TURN_MS: u64 = 30_000;

pub async fn run(connection: &Connection, mut asked: Pull) -> anyhow::Result<Exit> {
    https::for_tokens("--url", &asked.url)?;
    asked.hub_id = super::super::names::account(connection, &asked.account).await?;
    let hub_id = asked.hub_id;
    let account = call(connection, Method::GET, &format!("/api/v1/accounts/{hub_id}"), None).await?;
    let account = &account["account"];
    if account["connection"].is_null() {
        bail!("account {hub_id} is embedded. Pull from an account that is connected to HubSpot (keyway account list)");
    }
    let scopes = reading(list(&account["connection"], "scopes"));
    if scopes.is_empty() {
        bail!("the credential of account {hub_id} has no scope that reads, such as crm.schemas.contacts.read");
    }
    let mut progress = Progress::open(&asked)?;
    // From here on a signal ends the pull, and not the process with its app left behind.
    let mut signals = [signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?, signal(SignalKind::hangup())?];
    let [interrupt, terminate, hangup] = &mut signals;
    let stopped = async {
        tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {}, _ = hangup.recv() => {} }
        anyhow::anyhow!("interrupted. Run the same command again to go on")
    };
    tokio::pin!(stopped);
    let (app, token) = app(connection, &asked, &scopes).await?;
    let mut source = Source { url: &asked.url, token };
    let pulled = tokio::select! {
        biased;
        error = &mut stopped => Err(error),
        pulled = read::everything(&mut source, &mut progress, &asked) => pulled,
    };
    // The token ends with the pull, however it ends. Other pulls have apps of their own.
    let ended = call(connection, Method::DELETE, &format!("/api/v1/apps/{app}"), None).await;
    progress.clear_line();
    let pulled = pulled?;
    ended?;
    let written = tokio::select! {
        error = stopped => return Err(error),
        written = assemble::write(pulled, &asked) => written?,
    };
    progress.remove()?;
    let answer =
        json!({ "version": 1, "file": shown::path(&asked.output).to_string(), "counts": written.counts, "leftOut": written.left_out });
    show(&answer, |_| {
        let counts: Vec<String> = written.counts.iter().map(|(what, count)| format!("{} {what}", text(count))).collect();
        let mut lines = vec![format!("wrote {}: {}", shown::path(&asked.output), counts.join(", "))];
        lines.extend(written.left_out.iter().map(|line| format!("left out: {}", shown::line(line))));
        lines.join("\n")
    })
}

/// The scopes that read the CRM, none for sensitive values. Two scopes without "read" in them open reads too; a pull
/// sends nothing that changes anything.
fn reading(granted: &[Value]) -> Vec<String> {
    let reads = |scope: &&str| {
        let is_read = scope.starts_with("crm.") && scope.ends_with(".read") && !scope.contains("sensitive");
        is_read || matches!(*scope, "tickets" | "e-commerce")
    };
    granted.iter().filter_map(Value::as_str).filter(reads).map(str::to_owned).collect()
}

async fn app(connection: &Connection, asked: &Pull, scopes: &[String]) -> anyhow::Result<(String, Secret<String>)> {
    let body = json!({
        "hubId": asked.hub_id, "name": format!("{APP} {}", std::process::id()), "description": "Reads definitions and sample records for a seed; deleted at the end",
        "scopes": scopes, "weight": asked.share, "maxWaitMs": TURN_MS,
    });
    let mut made = call(connection, Method::POST, "/api/v1/apps", Some(body)).await?;
    match made["token"]["value"].take() {
        Value::String(token) => Ok((text(&made["app"]["id"]), Secret::new(token))),
        _ => bail!("the server made no token for the app \"{APP}\""),
    }
}
