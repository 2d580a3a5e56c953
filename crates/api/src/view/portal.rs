//! The embedded account as a test double: seeds, snapshots, requests that were received, faults, the clock, webhooks.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::Moment;
use crate::body::FaultRule;

shown! {
    /// The account that was emptied.
    struct PortalReset { reset: u64, }
    /// What a seed made.
    struct Seeded {
        /// Records by object type.
        made: Map<String, Value>,
        /// Everything else, by kind: `objectTypes`, `properties`, `groups`, `pipelines`, `labels`, `lists`, `owners` and `calls`.
        defined: BTreeMap<String, u64>,
        /// The IDs of the records that the seed gives a key.
        ids: BTreeMap<String, String>,
    }
    /// What differs between two snapshots, or between a snapshot and the account.
    struct Differences {
        different: bool,
        /// Things that differ.
        count: usize,
        /// How many were `created`, `updated` and `deleted`, by kind of thing.
        counts: BTreeMap<String, BTreeMap<String, u64>>,
        /// Things that differ and are not in `changes`.
        left_out: usize,
        changes: Vec<Difference>,
    }
    /// A thing that differs.
    struct Difference {
        /// `created`, `updated` or `deleted`.
        change: String,
        /// Its kind: `record`, `association`, `property`, …
        what: String,
        /// The object type, where the thing is of one.
        r#type: String,
        /// Its ID or name.
        name: String,
        /// Each field or property that differs.
        fields: BTreeMap<String, FieldDifference>,
    }
    /// A value before and after, as HubSpot has it. A side without a value is left out.
    struct FieldDifference {
        #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
        from: Option<Value>,
        #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
        to: Option<Value>,
    }
    /// How many recorded answers an account has.
    struct RecordedAnswers { answers: usize, }
    struct Snapshots { snapshots: Vec<Snapshot>, }
    struct Snapshot { name: String, bytes: usize, }
    struct SnapshotAnswer { snapshot: Snapshot, }
    /// The snapshot that is gone, by its name.
    struct DeletedSnapshot { deleted: String, }
    /// The snapshot that the account holds now, by its name.
    struct Restored { restored: String, }
    /// The last requests that an embedded account received.
    struct Requests {
        /// How many there are, those included that are not listed.
        count: usize,
        /// The newest last.
        requests: Vec<Request>,
        /// With `expect`: whether there are as many.
        #[serde(skip_serializing_if = "Option::is_none")]
        met: Option<bool>,
    }
    /// A request that an embedded account received.
    struct Request {
        number: u64,
        /// By the account's clock.
        time: Moment,
        method: String,
        path: String,
        query: Option<String>,
        /// Method and path template; null where there is no such operation.
        operation: Option<String>,
        app_id: u64,
        app: String,
        /// JSON as such, other text as a string; null where there is none, or where it was too long to be kept.
        body: Value,
        body_bytes: u64,
        status: u16,
        /// HubSpot's category of an error.
        category: Option<String>,
        /// The fault rule that decided the answer.
        fault: Option<u64>,
        correlation_id: String,
        /// With `details=true`.
        #[serde(skip_serializing_if = "Option::is_none")]
        details: Option<RequestDetails>,
    }
    /// What else is known of a request.
    struct RequestDetails {
        /// In microseconds of real time.
        took_us: u64,
        /// Whether the connection was cut in place of an answer.
        cut: bool,
        /// Names and values of the request's headers.
        headers: Vec<(String, String)>,
        /// The expectations that found it, in words.
        expectations: Vec<String>,
        /// What was answered; null where it is not kept any more.
        answer: Option<GivenAnswer>,
    }
    /// What was answered to a request.
    struct GivenAnswer {
        headers: Vec<(String, String)>,
        /// JSON as such, other text as a string; null where there is none.
        body: Value,
        body_bytes: u64,
    }
    /// The account whose requests or deliveries are forgotten.
    struct Forgotten { forgotten: u64, }
    struct Faults { faults: Vec<FaultUse>, }
    /// A fault rule, with the calls that it fitted and hit.
    struct FaultUse {
        #[serde(flatten)]
        rule: FaultRule,
        /// Calls that it fitted.
        seen: u64,
        /// Calls that it made fail.
        hit: u64,
    }
    struct FaultAnswer { fault: FaultRule, }
    /// The account that has no fault rules any more.
    struct FaultsCleared { cleared: u64, }
    struct ClockAnswer { clock: Clock, }
    /// The time of an embedded account.
    struct Clock {
        now: Moment,
        frozen: bool,
        /// How far it is ahead of real time, in milliseconds; behind where negative.
        ahead_ms: i64,
    }
    struct Webhooks { webhooks: Vec<Webhook>, }
    /// Where the webhooks of an app go.
    struct Webhook {
        /// As webhooks are kept: `app-3` of a private app, the id of a public one.
        app: String,
        /// As events name the app.
        app_id: Option<u64>,
        target_url: Option<String>,
        /// As HubSpot's own endpoint answers them.
        subscriptions: Vec<Map<String, Value>>,
    }
    /// The target and subscriptions of one app; null where it has none.
    struct WebhookAnswer { webhook: Option<Webhook>, }
    /// What an app's webhooks are signed with.
    struct WebhookSecret { secret: String, }
    /// The last webhooks that were sent.
    struct Deliveries {
        /// How many there are, those included that are not listed.
        count: usize,
        /// The newest last.
        deliveries: Vec<Delivery>,
        /// With `expect`: whether there are as many.
        #[serde(skip_serializing_if = "Option::is_none")]
        met: Option<bool>,
    }
    /// A request to the target of an app's webhooks, and what came of it.
    struct Delivery {
        number: u64,
        /// In real time.
        time: Moment,
        /// Null where the account has no such app.
        app_id: Option<u64>,
        target_url: String,
        /// From 0.
        attempt: u32,
        /// The target's answer; null where there was none.
        status: Option<u16>,
        /// Why nothing was sent, or nothing answered.
        error: Option<String>,
        took_ms: u64,
        /// The events as HubSpot sends them.
        events: Value,
    }
    /// Every operation of HubSpot's API that is known.
    struct Coverage {
        count: usize,
        served: usize,
        /// How many of those served are kept as documents.
        documents: usize,
        tested: usize,
        operations: Vec<CoveredOperation>,
    }
    /// What an embedded account makes of an operation.
    struct CoveredOperation {
        method: String,
        /// The path template.
        path: String,
        /// The version segment.
        version: String,
        /// HubSpot's name of the API.
        api: String,
        /// Who says which scopes open it: `published`, `successor`, `family` or `unstated`.
        scopes_from: String,
        /// Where it is known from; empty for HubSpot's specification.
        source: String,
        /// Whether an embedded account answers it.
        served: bool,
        /// Whether the account keeps what the operation is about as it is sent, and does nothing else with it.
        documents: bool,
        /// Whether a test of the project calls it, and it is performed.
        tested: bool,
    }
}

/// A value that is there and null is another thing than one that is not there.
fn present<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(from).map(Some)
}

/// An HTTP Archive; the format is not Keyway's (HAR 1.2).
#[derive(Clone, Deserialize, Serialize)]
#[serde(transparent)]
pub struct HttpArchive(pub Value);

impl JsonSchema for HttpArchive {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "HttpArchive".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "object", "description": "HTTP Archive (HAR 1.2)", "required": ["log"] })
    }
}
