//! `keyway calls`: how many calls there were, from counts that are kept for years.

use clap::ValueEnum;
use http::Method;
use keyway_api::view::{CallCounts, CallGroup};
use keyway_core::shown::duration;

use super::{names, note, query, table};
use crate::args::Connection;
use crate::args::calls::Calls;
use crate::client::call;
use crate::exit::Exit;
use crate::typed::{show_typed, typed};

/// Lists who made the calls, the most first.
pub async fn run(connection: &Connection, wanted: Calls) -> anyhow::Result<Exit> {
    let account = names::account_if_any(connection, wanted.account.as_deref()).await?;
    let app = names::app_if_any(connection, wanted.app).await?;
    let by = wanted.by.to_possible_value().map(|value| value.get_name().to_owned());
    let [from, to] = wanted.period.query();
    let fields = [("by", by), ("app", app), ("hubId", account.map(|hub_id| hub_id.to_string())), from, to];
    let answer = call(connection, Method::GET, &format!("/api/v1/calls{}", query(&fields)), None).await?;
    let counted: CallCounts = typed(&answer)?;
    if !counted.whole {
        note("Keyway is counting the audit log again; some calls are not in these counts yet");
    }
    if counted.groups.is_empty() {
        note("no calls in that time");
    }
    show_typed(&answer, |counts: &CallCounts| {
        let all = CallGroup {
            id: None,
            name: "(all)".to_owned(),
            calls: counts.total.calls,
            failed: counts.total.failed,
            p50_us: counts.total.p50_us,
            p95_us: counts.total.p95_us,
            waited_us: Some(counts.total.waited_us),
        };
        let rows: Vec<Vec<String>> = counts.groups.iter().chain((counts.groups.len() > 1).then_some(&all)).map(row).collect();
        table(&["WHAT", "CALLS", "FAILED", "P50", "P95", "WAITED"], &rows)
    })
}

fn row(group: &CallGroup) -> Vec<String> {
    let time = |us: Option<u64>| us.map_or_else(|| "-".to_owned(), duration);
    vec![
        group.name.clone(),
        group.calls.to_string(),
        group.failed.to_string(),
        time(group.p50_us),
        time(group.p95_us),
        time(group.waited_us),
    ]
}
