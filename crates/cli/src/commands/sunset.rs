//! `keyway sunset`: what ends when, from the recorded calls.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{list, show, table, text};
use crate::Exit;
use crate::args::Connection;
use crate::client::list_all;

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
pub async fn run(connection: &Connection, account: Option<u64>, days: u32, json: bool) -> anyhow::Result<Exit> {
    let account = account.map(|hub_id| format!("&hubId={hub_id}")).unwrap_or_default();
    let answer = list_all(connection, &format!("/api/v1/usage?days={days}{account}"), "usage").await?;
    let endings = endings(&answer);
    let listed: Vec<Value> = endings
        .iter()
        .map(|((sunset, app, operation), ending)| {
            json!({
                "sunset": sunset, "app": app, "operation": operation, "calls": ending.calls, "last": ending.last, "ends": ending.ends,
                "successor": ending.successor, "difference": ending.difference,
            })
        })
        .collect();
    show(&json!({ "version": 1, "since": answer["since"], "endings": listed }), json, |_| {
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

fn endings(answer: &Value) -> BTreeMap<(String, String, String), Ending> {
    let mut endings: BTreeMap<(String, String, String), Ending> = BTreeMap::new();
    for one in list(answer, "usage").iter().filter(|one| one["sunset"].is_string() || one["unlisted"] == true) {
        let app = if one["app"].is_string() { text(&one["app"]) } else { format!("{} (deleted)", text(&one["appId"])) };
        // When an operation ends that the catalog does not list is not known; it comes last.
        let sunset = one["sunset"].as_str().unwrap_or("unknown").to_owned();
        let ending = endings.entry((sunset, app, text(&one["operation"]))).or_default();
        ending.calls += one["calls"].as_u64().unwrap_or(0);
        ending.last = ending.last.clone().max(text(&one["last"]));
        ending.ends = one["ends"].as_str().unwrap_or("not in the catalog").to_owned();
        ending.successor = one["successor"].as_str().unwrap_or("none published").to_owned();
        ending.difference = one["difference"].as_str().unwrap_or_default().to_owned();
    }
    endings
}
