//! The fields that a caller of the log gives for each call.

use std::borrow::Cow;
use std::sync::Arc;

use keyway_core::time::Timestamp;
use keyway_core::touched::Named;

/// The fields of one call. The log adds the record's number and the time as text.
#[derive(Clone, Debug)]
pub struct AuditEntry {
    /// When the call came in.
    pub at: Timestamp,
    /// The hub id of the account; none where the caller is not known.
    pub hub_id: Option<u64>,
    /// The id of the app; none where the caller is not known.
    pub app_id: Option<u64>,
    /// The id of the token; none where the caller is not known.
    pub token_id: Option<u64>,
    /// Method and path template.
    pub operation: Arc<str>,
    /// The object type of a generic operation.
    pub object: Option<Cow<'static, str>>,
    /// HTTP status.
    pub status: u16,
    /// What was wrong: the name of a refusal, or the category of an embedded account's own answer (see
    /// [`keyway_core::refusal::Word`]).
    pub word: Option<&'static str>,
    /// Times it was sent to HubSpot.
    pub attempts: u32,
    /// How long the call waited for the account's limits, in microseconds.
    pub waited_us: u64,
    /// How long the answer took in all, in microseconds.
    pub latency_us: u64,
    /// Bytes of the request's body.
    pub bytes_in: u64,
    /// Bytes of the answer's body.
    pub bytes_out: u64,
    /// As in the answer.
    pub correlation_id: String,
    /// The address of the other side.
    pub source: std::net::IpAddr,
    /// The CRM records that it touched, and the properties that it set; none where there are none.
    pub named: Option<Box<Named>>,
    /// The session that called, for whom, and with what; none where that is nothing.
    pub agent: Option<Box<Agent>>,
}

/// Which session called, for whom and what for, and the agent's tool.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Agent {
    /// The session; none where an app's own token called.
    pub session: Option<u64>,
    /// On whose behalf.
    pub person: String,
    /// The purpose that its session was made for.
    pub purpose: String,
    /// As the caller named it, bounded and of known characters.
    pub tool: String,
    /// The approval by a person with which the call was made.
    pub approval: Option<u64>,
}

/// The operation of a record that sums up refused calls.
pub const REFUSED_CALLS: &str = "(refused calls)";

/// The record that sums up `calls` refused calls of unknown callers; `first` is the first of them.
pub fn summary(first: AuditEntry, calls: u64) -> AuditEntry {
    let named = Named { record_count: calls, ..Named::default() };
    AuditEntry { operation: REFUSED_CALLS.into(), object: None, latency_us: 0, named: Some(Box::new(named)), ..first }
}
