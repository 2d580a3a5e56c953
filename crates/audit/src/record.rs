//! A record as it is read.

use std::borrow::Cow;

use keyway_core::refusal::Word;
use keyway_core::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::entry::REFUSED_CALLS;
use super::row::Row;

/// One call.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditRecord {
    /// Its number; grows with time.
    pub id: i64,
    /// When the call came in, ISO 8601.
    pub time: String,
    /// The account; none when the token was not known.
    pub hub_id: Option<u64>,
    /// The app; none when the token was not known.
    pub app_id: Option<u64>,
    /// The token; none when it was not known.
    pub token_id: Option<u64>,
    /// Method and path template; method and `(unknown)` where there is no such operation.
    pub operation: String,
    /// The object type of a generic operation; two joined by a comma.
    pub object: Option<String>,
    /// HTTP status; none when the process died before the outcome was known.
    pub status: Option<u16>,
    /// HubSpot's category of an error, or `OUTCOME_UNKNOWN`.
    pub category: Option<String>,
    /// Which refusal of Keyway's it was, by its name in docs/errors.md; none where it was none, and in records of
    /// earlier builds.
    #[serde(default)]
    pub rule: Option<String>,
    /// Times the call was sent to HubSpot; 0 on an embedded account, or where it was refused.
    pub attempts: u64,
    /// How long it waited for the account's limits, in microseconds.
    pub waited_us: u64,
    /// From reading the request to handing over the record, in microseconds.
    pub latency_us: u64,
    /// Bytes of the request's body.
    pub bytes_in: u64,
    /// Bytes of the answer's body.
    pub bytes_out: u64,
    /// As in the answer.
    pub correlation_id: String,
    /// Where the call came from.
    pub source: String,
    /// CRM records that the call read singly or changed, such as `contacts/123`; at most 100.
    #[serde(default)]
    pub record_ids: Vec<String>,
    /// How many there are, those included that are not listed.
    #[serde(default)]
    pub record_count: u64,
    /// Whether there may be records that are neither listed nor counted.
    #[serde(default)]
    pub records_incomplete: bool,
    /// Names of the properties that the call sets; at most 100.
    #[serde(default)]
    pub properties: Vec<String>,
    /// How many there are, those included that are not listed.
    #[serde(default)]
    pub property_count: u64,
    /// Number of calls that the record counts: 1, or more where it sums up refused calls of unknown callers.
    #[serde(default)]
    pub calls: u64,
    /// The session that called; none where the token was not that of a session.
    #[serde(default)]
    pub session: Option<u64>,
    /// On whose behalf the session called.
    #[serde(default)]
    pub on_behalf_of: Option<String>,
    /// What the session is for.
    #[serde(default)]
    pub purpose: Option<String>,
    /// The agent's tool that made the call, as the caller named it (`keyway-tool`).
    #[serde(default)]
    pub tool: Option<String>,
    /// `allowed`, `denied` where the caller may not make the call, `unknown` where the process died meanwhile.
    #[serde(default)]
    pub decision: Cow<'static, str>,
    /// The approval by a person with which the call was made.
    #[serde(default)]
    pub approval: Option<u64>,
}

impl AuditRecord {
    /// The names of its fields, in order, as in JSON.
    pub const COLUMNS: [&str; 29] = [
        "id",
        "time",
        "hubId",
        "appId",
        "tokenId",
        "operation",
        "object",
        "status",
        "category",
        "rule",
        "attempts",
        "waitedUs",
        "latencyUs",
        "bytesIn",
        "bytesOut",
        "correlationId",
        "source",
        "recordIds",
        "recordCount",
        "recordsIncomplete",
        "properties",
        "propertyCount",
        "calls",
        "session",
        "onBehalfOf",
        "purpose",
        "tool",
        "decision",
        "approval",
    ];

    /// What was wrong: the refusal, or the category where there is none.
    pub fn word(&self) -> Option<&str> {
        self.rule.as_deref().or(self.category.as_deref())
    }
}

/// What is counted of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BriefRecord {
    /// When the call came in.
    pub at: Timestamp,
    /// The app.
    pub app_id: Option<u64>,
    /// Method and path template.
    pub operation: String,
    /// The status of the answer; none where it is not known.
    pub status: Option<u16>,
    /// What was wrong: the refusal, or the category where there is none.
    pub word: Option<String>,
    /// Number of calls that the record counts.
    pub calls: u64,
}

impl From<Row<'_>> for BriefRecord {
    fn from(row: Row<'_>) -> Self {
        let number = |value: i64| u64::try_from(value).unwrap_or(0);
        Self {
            at: Timestamp::from_ms(row.at),
            app_id: row.app_id.map(number),
            operation: row.operation.to_owned(),
            status: row.status.and_then(|status| u16::try_from(status).ok()),
            word: row.category.map(|word| match Word(word).refusal() {
                Some(refusal) => refusal.name().to_owned(),
                None => Word(word).category().to_owned(),
            }),
            calls: if row.operation == REFUSED_CALLS { number(row.named.record_count) } else { 1 },
        }
    }
}

impl From<AuditRecord> for BriefRecord {
    fn from(record: AuditRecord) -> Self {
        let word = record.word().map(str::to_owned);
        let AuditRecord { time, app_id, operation, status, calls, .. } = record;
        Self { at: Timestamp::parse_iso(&time).unwrap_or(Timestamp::from_ms(0)), app_id, operation, status, word, calls }
    }
}

impl From<Row<'_>> for AuditRecord {
    fn from(row: Row<'_>) -> Self {
        let number = |value: i64| u64::try_from(value).unwrap_or(0);
        // A summary has its number of calls where other records have the number of CRM records that the call touched.
        let count = number(row.named.record_count);
        let (calls, record_count) = if row.operation == REFUSED_CALLS { (count, 0) } else { (1, count) };
        let list = |text: &str| text.split_ascii_whitespace().map(str::to_owned).collect();
        let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Self {
            id: row.id,
            time: Timestamp::from_ms(row.at).to_iso(),
            hub_id: row.hub_id.map(number),
            app_id: row.app_id.map(number),
            token_id: row.token_id.map(number),
            operation: row.operation.to_owned(),
            object: row.object.map(str::to_owned),
            status: row.status.and_then(|status| u16::try_from(status).ok()),
            category: row.category.map(|word| Word(word).category().to_owned()),
            rule: row.category.and_then(|word| Word(word).refusal()).map(|refusal| refusal.name().to_owned()),
            attempts: number(row.attempts),
            waited_us: number(row.waited_us),
            latency_us: number(row.latency_us),
            bytes_in: number(row.bytes_in),
            bytes_out: number(row.bytes_out),
            correlation_id: row.correlation_id.to_owned(),
            source: row.source.to_owned(),
            record_ids: list(row.named.records),
            record_count,
            records_incomplete: row.named.incomplete,
            properties: list(row.named.properties),
            property_count: number(row.named.property_count),
            calls,
            session: row.agent.session.map(number),
            on_behalf_of: text(row.agent.person),
            purpose: text(row.agent.purpose),
            tool: text(row.agent.tool),
            decision: decision(row.status, row.category).into(),
            approval: row.agent.approval.map(number),
        }
    }
}

/// Whether the caller could make the call.
fn decision(status: Option<i64>, word: Option<&str>) -> &'static str {
    match (status, word) {
        (None, _) => "unknown",
        (_, Some(word)) if Word(word).is_not_permitted() => "denied",
        _ => "allowed",
    }
}
