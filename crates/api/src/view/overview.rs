//! All that matters at once: calls over time, errors by cause, limits, what is due, what ends, what is unused.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{CallTotals, Notice, Points};
use crate::Moment;

/// All that matters at once.
#[derive(Clone, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Overview {
    pub at: Moment,
    /// `hour`, `day`, `week` or `month`.
    pub range: String,
    /// The account that calls, apps and limits are of; none where it is all of them.
    pub hub_id: Option<u64>,
    pub totals: Totals,
    /// What needs a person, the most urgent first.
    pub attention: Vec<Notice>,
    /// Whether every record is counted. Not after the counts were lost, until Keyway has counted again.
    pub whole: bool,
    /// Why calls can't be counted now; then calls, latency and errors are 0, and limits have no forecast.
    pub uncounted: Option<String>,
    pub points: Points,
    pub total: CallTotals,
    /// The same length of time before.
    pub before: CallTotals,
    /// With the most calls.
    pub apps: Top<BusyApp>,
    /// Errors by cause, the commonest first.
    pub errors: Vec<Cause>,
    /// With the most of their day used.
    pub accounts: Top<AccountLimit>,
    pub rotations: Rotations,
    /// What ends when; none while it is counted for the first time.
    pub sunsets: Option<Sunsets>,
    pub unused: Unused,
}

#[derive(Clone, Deserialize, Serialize, JsonSchema)]
pub struct Totals {
    pub apps: usize,
    pub accounts: usize,
}

/// The first rows of a list.
#[derive(Clone, Deserialize, Serialize, JsonSchema)]
pub struct Top<T> {
    pub top: Vec<T>,
    /// How many there are beside.
    pub more: usize,
}

#[derive(Clone, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BusyApp {
    pub id: u64,
    /// None for an app that was deleted.
    pub name: Option<String>,
    pub hub_id: Option<u64>,
    pub calls: u64,
    pub failed: u64,
    /// 95 of 100 calls took no longer, in microseconds; of those that Keyway did not refuse.
    pub p95_us: Option<u64>,
    /// How long its calls waited for their turn, together, in microseconds.
    pub waited_us: u64,
    /// The most in ten seconds of the last hour.
    pub peak: u64,
    /// The most that its account allows in ten seconds; none for an app without limits.
    pub burst: Option<u32>,
    pub points: AppPoints,
}

#[derive(Clone, Deserialize, Serialize, JsonSchema)]
pub struct AppPoints {
    pub calls: Vec<u64>,
    pub failed: Vec<u64>,
}

#[derive(Clone, Deserialize, Serialize, JsonSchema)]
pub struct Cause {
    /// HubSpot's category.
    pub category: String,
    /// The refusal, by its name in docs/errors.md; none where Keyway did not refuse the calls.
    pub rule: Option<String>,
    pub calls: u64,
}

#[derive(Clone, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccountLimit {
    pub hub_id: u64,
    pub name: String,
    pub used_today: u64,
    /// None where there is no cap on the day.
    pub daily: Option<u64>,
    pub burst: u32,
    /// Calls of the last hour that count against the limit, of the apps that the caller may see.
    pub calls_of_hour: u64,
    pub waiting: usize,
    pub resets_at: Moment,
    /// When the day is used up at the pace of the last hour, if that is before it starts again. None for a caller who sees a part
    /// of the account's apps.
    pub used_up_at: Option<Moment>,
    /// Of a connection: `fine`, `refused` or `unreachable`.
    pub state: Option<String>,
    pub burn_down: BurnDown,
}

/// How the calls of an account's day were used, hour by hour.
#[derive(Clone, Deserialize, Serialize, JsonSchema)]
pub struct BurnDown {
    /// When the day began.
    pub begin: Moment,
    /// Calls of the day that were used by the end of each hour since; the last hour is not over. Empty for a caller who sees a
    /// part of the account's apps, and where calls can't be counted.
    pub used: Vec<u64>,
}

#[derive(Clone, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Rotations {
    pub after_days: i64,
    pub total: usize,
    /// The oldest first.
    pub due: Vec<Due>,
}

#[derive(Clone, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Due {
    /// `credential` or `token`.
    pub kind: String,
    pub hub_id: Option<u64>,
    pub app_id: Option<u64>,
    pub name: String,
    pub hint: Option<String>,
    pub days: i64,
}

#[derive(Clone, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Sunsets {
    pub counted_at: Moment,
    pub days: i64,
    /// By app and end, the earliest first.
    pub apps: Vec<Sunset>,
}

#[derive(Clone, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Sunset {
    pub app_id: u64,
    pub name: String,
    pub date: String,
    pub days_left: Option<i64>,
    pub what: String,
    pub calls: u64,
    pub operations: usize,
    pub example: Option<String>,
    /// Of its calls of the last seven days, to these operations and to their successors: how many of 100 went to the
    /// successors. None where HubSpot names no successor, or it called neither.
    pub moved_percent: Option<u64>,
}

#[derive(Clone, Deserialize, Serialize, JsonSchema)]
pub struct Unused {
    pub days: i64,
    pub total: usize,
    pub apps: Vec<QuietApp>,
}

#[derive(Clone, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct QuietApp {
    pub id: u64,
    pub name: String,
    pub owner: String,
    pub last_used_at: Option<Moment>,
}
