//! `keyway calls`: how many calls there were, from counts that are kept for years.

use clap::ValueEnum;
use http::Method;
use keyway_api::view::{CallCounts, CallGroup};

use super::{names, note, query, table};
use crate::Exit;
use crate::args::Connection;
use crate::args::calls::Calls;
use crate::client::call;
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
    show_typed(&answer, wanted.json, |counts: &CallCounts| {
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

/// Microseconds as people read them.
fn duration(us: u64) -> String {
    match us {
        0 => "0".to_owned(),
        1..1_000 => format!("{us} µs"),
        1_000..10_000 => format!("{:.1} ms", us as f64 / 1e3),
        10_000..1_000_000 => format!("{} ms", us / 1_000),
        1_000_000..60_000_000 => format!("{:.1} s", us as f64 / 1e6),
        60_000_000..3_600_000_000 => format!("{:.1} min", us as f64 / 60e6),
        _ => format!("{:.1} h", us as f64 / 3_600e6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_the_unit_that_fits() {
        let shown = [0, 999, 1_500, 12_345, 1_250_000, 90_000_000, 7_200_000_000].map(duration);
        assert_eq!(shown, ["0", "999 µs", "1.5 ms", "12 ms", "1.2 s", "1.5 min", "2.0 h"]);
    }
}
