//! How many calls there were, over time and by who made them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Moment;

/// Calls over time. Each list has one entry for each span, the oldest first.
#[derive(Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Points {
    /// When the first span begins.
    pub begin: Moment,
    /// How long a span is, in milliseconds.
    pub width_ms: i64,
    pub calls: Vec<u64>,
    /// Calls that were not answered with a status below 400, those of an unknown outcome too.
    pub failed: Vec<u64>,
    /// How long calls waited for their turn, together, in microseconds.
    pub waited_us: Vec<u64>,
    /// Estimated from counts of latencies; none where no call was answered by HubSpot or an embedded account.
    pub p50_us: Vec<Option<u64>>,
    pub p95_us: Vec<Option<u64>>,
}

/// What all calls come to.
#[derive(Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CallTotals {
    pub calls: u64,
    pub failed: u64,
    /// Of them, answered with 429.
    pub limited: u64,
    /// Of them, answered with 5xx.
    pub server_errors: u64,
    /// Of them, with an unknown outcome: the process died meanwhile.
    pub unknown: u64,
    /// Half of the calls took no longer, in microseconds; of those that Keyway did not refuse.
    pub p50_us: Option<u64>,
    /// 95 of 100 took no longer.
    pub p95_us: Option<u64>,
    /// Calls that waited for their turn.
    pub waited: u64,
    /// How long they waited, together, in microseconds.
    pub waited_us: u64,
}

/// Calls that have something in common.
#[derive(Clone, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CallGroup {
    /// Of an app or an account; none for callers whose token was not known.
    pub id: Option<u64>,
    /// Of an app that was deleted, or of a caller that is not known, what it is.
    pub name: String,
    pub calls: u64,
    pub failed: u64,
    /// None where calls are not grouped by app or account.
    pub p50_us: Option<u64>,
    pub p95_us: Option<u64>,
    pub waited_us: Option<u64>,
}

/// What an account's limits leave an app, beside what its calls used of them. Each list has one entry for each span.
#[derive(Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CallLimits {
    /// The account.
    pub hub_id: u64,
    /// Calls that each app may make in ten seconds.
    pub burst: u32,
    /// Calls of a day, which all apps of the account share; none where there is no cap.
    pub daily: Option<u64>,
    /// When the account's day ends.
    pub resets_at: Moment,
    /// The most calls in ten seconds.
    pub peaks: Vec<u64>,
    /// Calls that count against the account's day, from its begin up to the end of the span; of a span of a day, those of
    /// that day of UTC.
    pub used: Vec<u64>,
}

/// How many calls there were.
#[derive(Clone, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CallCounts {
    /// Whether every record is counted. Not after the counts were lost, until Keyway has counted again.
    pub whole: bool,
    /// When the last span ends.
    pub end: Moment,
    pub points: Points,
    pub total: CallTotals,
    /// Where the calls of one app are asked for, and its account is known.
    pub limits: Option<CallLimits>,
    /// By what was asked for, the most calls first.
    pub groups: Vec<CallGroup>,
}
