//! Records of calls.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Moment;

/// A page of records of calls.
#[derive(Clone, Deserialize, Serialize, JsonSchema)]
pub struct Records {
    pub records: Vec<CallRecord>,
    /// For the next page; none on the last.
    pub before: Option<i64>,
    /// What was noticed to be wrong with the files of the log, so that records may be missing here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub damage: Vec<String>,
}

/// What the newest records that fit come to.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RecordCounts {
    /// Records that were counted: at most the newest 5,000, of at most 6 MiB of the log.
    pub counted: u64,
    /// Whether these are certainly all that fit.
    pub complete: bool,
    pub over_time: CountedTime,
    /// By status, the commonest first.
    pub statuses: Vec<CountedWord>,
    /// By refusal, or by HubSpot's category where there is none.
    pub causes: Vec<CountedWord>,
    pub apps: Vec<CountedApp>,
    pub operations: Vec<CountedWord>,
}

/// Calls over time.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CountedTime {
    /// When the first span begins.
    pub begin: Moment,
    /// How long a span is, in milliseconds.
    pub width_ms: i64,
    pub calls: Vec<u64>,
    /// Those that were answered with 400 or more, or whose outcome is not known.
    pub failed: Vec<u64>,
}

/// Calls of a kind.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CountedWord {
    pub word: String,
    pub calls: u64,
    /// Of them, not answered with a status below 400.
    pub failed: u64,
}

/// Calls of an app.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CountedApp {
    pub app_id: u64,
    /// None for an app that was deleted.
    pub name: Option<String>,
    pub calls: u64,
}

/// A record of a call.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CallRecord {
    /// Its number; grows with time.
    pub id: i64,
    /// When the call came in.
    pub time: Moment,
    pub hub_id: Option<u64>,
    pub app_id: Option<u64>,
    pub token_id: Option<u64>,
    /// Method and path template.
    pub operation: String,
    /// The object type of a generic operation.
    pub object: Option<String>,
    /// None when the process died before the outcome was known.
    pub status: Option<u16>,
    /// HubSpot's category of an error, or `OUTCOME_UNKNOWN`.
    pub category: Option<String>,
    /// Which refusal of Keyway's it was, by its name in docs/errors.md.
    pub rule: Option<String>,
    /// Times the call was sent to HubSpot.
    pub attempts: u64,
    /// In microseconds.
    pub waited_us: u64,
    /// In microseconds.
    pub latency_us: u64,
    pub bytes_in: u64,
    pub bytes_out: u64,
    pub correlation_id: String,
    pub source: String,
    /// CRM records that the call read singly or changed, such as `contacts/123`; at most 100.
    pub record_ids: Vec<String>,
    /// How many there are, those included that are not listed.
    pub record_count: u64,
    /// Whether there may be records that are neither listed nor counted.
    pub records_incomplete: bool,
    /// Names of the properties that the call sets; at most 100.
    pub properties: Vec<String>,
    /// How many there are, those included that are not listed.
    pub property_count: u64,
    /// Number of calls that the record counts: 1, or more where it sums up refused calls of unknown callers.
    pub calls: u64,
    /// The session that called.
    pub session: Option<u64>,
    /// On whose behalf the session called.
    pub on_behalf_of: Option<String>,
    /// What the session is for.
    pub purpose: Option<String>,
    /// The agent's tool that made the call, as the caller named it.
    pub tool: Option<String>,
    /// `allowed`, `denied` or `unknown`.
    pub decision: String,
    /// The approval by a person with which the call was made.
    pub approval: Option<u64>,
}
