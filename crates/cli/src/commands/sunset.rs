//! `keyway sunset`: lists the dated ends that affect the recorded calls.

use std::collections::BTreeMap;

use keyway_api::view::{Usage, UsageAnswer};
use serde_json::{Value, json};

use super::{names, show, table};
use crate::args::Connection;
use crate::client::list_all;
use crate::exit::Exit;
use crate::typed::typed;

/// One operation of one app over all the days.
#[derive(Default)]
struct Ending {
    calls: u64,
    last: String,
    ends: String,
    successor: String,
    difference: String,
}

/// Lists the operations that apps called and that end, the earliest end first.
pub async fn run(connection: &Connection, account: Option<&str>, days: u32) -> anyhow::Result<Exit> {
    let account = names::account_if_any(connection, account).await?.map(|hub_id| format!("&hubId={hub_id}")).unwrap_or_default();
    let answer = list_all(connection, &format!("/api/v1/usage?days={days}{account}"), "usage").await?;
    let UsageAnswer { since, usage, .. } = typed(&answer)?;
    let endings = endings(&usage);
    let listed: Vec<Value> = endings
        .iter()
        .map(|((sunset, app, operation), ending)| {
            json!({
                "sunset": sunset, "app": app, "operation": operation, "calls": ending.calls, "last": ending.last, "ends": ending.ends,
                "successor": ending.successor, "difference": ending.difference,
            })
        })
        .collect();
    show(&json!({ "version": 1, "since": since, "endings": listed }), |_| {
        let rows: Vec<Vec<String>> = endings
            .iter()
            .map(|((sunset, app, operation), ending)| {
                vec![
                    sunset.clone(),
                    app.clone(),
                    operation.clone(),
                    ending.calls.to_string(),
                    ending.last.clone(),
                    ending.successor.clone(),
                ]
            })
            .collect();
        table(&["ENDS", "APP", "OPERATION", "CALLS", "LAST CALL", "MOVES TO"], &rows)
    })
}

fn endings(usage: &[Usage]) -> BTreeMap<(String, String, String), Ending> {
    let mut endings: BTreeMap<(String, String, String), Ending> = BTreeMap::new();
    for one in usage.iter().filter(|one| one.sunset.is_some() || one.unlisted) {
        let app = names::caller(one.app.as_deref(), one.app_id);
        let or = |text: &Option<String>, other: &str| text.clone().unwrap_or_else(|| other.to_owned());
        // When an operation ends that the catalog does not list is not known; it comes last.
        let ending = endings.entry((or(&one.sunset, "unknown"), app, one.operation.clone())).or_default();
        ending.calls += one.calls;
        ending.last = ending.last.clone().max(one.last.to_string());
        ending.ends = or(&one.ends, "not in the catalog");
        ending.successor = or(&one.successor, "none published");
        ending.difference = or(&one.difference, "");
    }
    endings
}
