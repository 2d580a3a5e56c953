//! All that matters at once: calls over time, errors by cause, limits, what is due, what ends, what is unused.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Moment;

/// All that matters at once.
#[derive(Clone, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Overview {
    pub at: Moment,
    /// Instances that write to the audit; with several, the counts are of the one that answers.
    pub instances: u32,
    pub totals: Totals,
    /// By the minute.
    pub hour: Points,
    /// By the half hour.
    pub day: Points,
    /// With the most calls of the day.
    pub apps: Top<BusyApp>,
    /// Errors of the day by cause, the commonest first.
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

/// Calls over time.
#[derive(Clone, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Points {
    pub begin: Moment,
    pub width_ms: i64,
    /// Since when the counts are whole, where that is later than the begin.
    pub since: Option<Moment>,
    pub calls: Vec<u64>,
    pub failed: Vec<u64>,
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
    pub calls_of_hour: u64,
    /// The most in ten seconds of the last hour.
    pub peak: u32,
    pub burst: Option<u32>,
    /// The day by the half hour.
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
    pub calls_of_hour: u64,
    pub waiting: usize,
    pub resets_at: Moment,
    /// When the day is used up at the pace of the last hour, if that is before it starts again.
    pub used_up_at: Option<Moment>,
    /// Of a connection: `fine`, `refused` or `unreachable`.
    pub state: Option<String>,
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
