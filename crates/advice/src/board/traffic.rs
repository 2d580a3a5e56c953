//! Where the calls of an app go: to endpoints that stay, or to endpoints that end.

use std::collections::BTreeMap;

use keyway_core::time::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ageing;

/// Hours without a call to an ending endpoint, after which an app counts as moved off.
const QUIET_MS: i64 = 24 * 3_600_000;

/// The calls of an app, of some days.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Calls that succeeded on endpoints that stay.
    pub current: Called,
    /// Calls of endpoints that end, also those that failed.
    pub ageing: Called,
    /// The same by operation, the latest first.
    pub operations: Vec<AgeingCalls>,
}

/// How often and when last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Called {
    /// Calls.
    pub calls: u64,
    /// The day of the last one; the moment, where it is known.
    pub last: Option<Timestamp>,
}

/// Calls of an operation that ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AgeingCalls {
    /// Method and path template.
    pub operation: String,
    /// When it ends, an ISO date.
    pub ends: String,
    /// Calls.
    pub calls: u64,
    /// The last one, ISO 8601.
    pub last: String,
}

impl Called {
    fn add(&mut self, calls: u64, last: Timestamp) {
        if calls > 0 {
            self.calls += calls;
            self.last = self.last.max(Some(last));
        }
    }
}

impl Traffic {
    /// No calls.
    pub const NONE: Self =
        Self { current: Called { calls: 0, last: None }, ageing: Called { calls: 0, last: None }, operations: Vec::new() };

    /// From the lines of an app: operation, calls, failed calls, and the moment of the last one.
    pub fn of<'a>(lines: impl Iterator<Item = (&'a str, u64, u64, Timestamp)>) -> Self {
        let mut traffic = Self::default();
        let mut by_operation: BTreeMap<&str, (Called, &str)> = BTreeMap::new();
        for (operation, calls, failed, last) in lines {
            let template = operation.split_once(' ').map_or("", |(_, template)| template);
            match ageing(template.trim_start_matches("(unlisted) ")) {
                Some(row) => {
                    traffic.ageing.add(calls, last);
                    by_operation.entry(operation).or_insert((Called::default(), row.date)).0.add(calls, last);
                }
                None => traffic.current.add(calls.saturating_sub(failed), last),
            }
        }
        let mut operations: Vec<_> = by_operation.into_iter().collect();
        operations.sort_by_key(|(_, (called, _))| std::cmp::Reverse(called.last));
        let row = |(operation, (called, ends)): (&str, (Called, &str))| AgeingCalls {
            operation: operation.to_owned(),
            ends: ends.to_owned(),
            calls: called.calls,
            last: called.last.map(Timestamp::to_iso).unwrap_or_default(),
        };
        traffic.operations = operations.into_iter().map(row).collect();
        traffic
    }

    /// Whether the app calls endpoints that stay, and no more those that end: not for a day, and not on the last day on which
    /// it called endpoints that stay. What calls once a week would else count as moved between two runs.
    pub fn is_moved(&self, now: Timestamp) -> bool {
        let Some(current) = self.current.last else { return false };
        self.ageing.last.is_none_or(|ageing| ageing < now.plus_ms(-QUIET_MS) && current.to_date() > ageing.to_date())
    }
}
