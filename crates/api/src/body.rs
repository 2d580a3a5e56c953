//! What goes into the admin API as the body of a request.
//!
//! What is none is left out, or null. Some hold a secret as text, so none of them can be printed.

#![allow(missing_docs, reason = "a field without a comment is what its name says; comments become descriptions in docs/openapi.json")]

use keyway_advice::plan::{By, Found};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

#[derive(Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AccountBody {
    pub hub_id: Option<u64>,
    pub name: Option<String>,
    pub tier: Option<String>,
    pub addons: Option<u8>,
    pub time_zone: Option<String>,
    pub currency: Option<String>,
    pub region: Option<String>,
    /// Of a connected account: `refuse` or `forward` calls that name an object type whose scope their app lacks.
    pub beside_path: Option<String>,
    /// Of a connected account: `refuse` or `forward` calls that name a sensitive property whose scope their app lacks.
    pub sensitive_properties: Option<String>,
}

#[derive(Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AppBody {
    pub hub_id: Option<u64>,
    pub name: Option<String>,
    pub description: Option<String>,
    pub owner: Option<String>,
    pub dependents: Option<Vec<String>>,
    pub scopes: Option<Vec<String>>,
    #[serde(default)]
    pub add_scopes: Vec<String>,
    #[serde(default)]
    pub remove_scopes: Vec<String>,
    pub enabled: Option<bool>,
    pub weight: Option<u32>,
    pub reserve: Option<u32>,
    pub max_wait_ms: Option<u32>,
    pub translate: Option<bool>,
    pub no_limits: Option<bool>,
    /// Operations it may call that the catalog does not list: `refuse`, or any of `read`, `all` and patterns such as `GET /some/api/v1/*`.
    pub unlisted: Option<Vec<String>>,
    /// Classes of operations it may call: `all`, or any of `read`, `create`, `update`, `delete`, `settings`, `send` and `irreversible`; `bulk` opens changes of many records in one call.
    pub allow: Option<Vec<String>>,
    /// Which of its calls need a person's approval, in place of the rule that is there; an empty object is none.
    pub approval: Option<ApprovalBody>,
    /// Of a new app: milliseconds until its token ends; none lets the token live until it is rotated or revoked.
    pub lifetime_ms: Option<i64>,
}

#[derive(Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RotateBody {
    /// Milliseconds that the old tokens live on; none ends them now.
    pub grace_ms: Option<i64>,
}

/// How the tokens of an app are rotated.
#[derive(Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RotateTokenBody {
    /// Milliseconds that the old tokens live on; none ends them now.
    pub grace_ms: Option<i64>,
    /// Milliseconds until the new token ends; none gives it the lifetime of the token before it.
    pub lifetime_ms: Option<i64>,
}

/// A further token of an app.
#[derive(Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TokenBody {
    /// Milliseconds until it ends; none lets it live until it is rotated or revoked.
    pub lifetime_ms: Option<i64>,
}

/// A session of an app.
#[derive(Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SessionBody {
    /// What it may do; all that its app may when left out.
    pub scopes: Option<Vec<String>>,
    /// Which classes of operations it may call, as in an app's `allow`; `read` when left out.
    pub classes: Option<Vec<String>>,
    /// Milliseconds until it ends, at most 7 days; an hour when left out.
    pub lifetime_ms: Option<i64>,
    /// On whose behalf it calls, such as an address; every record of its calls has it.
    pub on_behalf_of: String,
    /// What for, in at most 200 characters; every record of its calls has it.
    pub purpose: String,
    /// Calls that it may make in all; any number when left out.
    pub calls: Option<u64>,
    /// Records that it may read and change in all.
    pub records: Option<u64>,
    /// Calls from one midnight of the account to the next.
    pub calls_per_day: Option<u64>,
    /// Records from one midnight of the account to the next.
    pub records_per_day: Option<u64>,
    /// Which of its calls need a person's approval, beside those of its app.
    pub approval: Option<ApprovalBody>,
}

/// The agent of an authorization URL, which a person approves to work as an app. What is left out is as in a session's body.
#[derive(Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AgentBody {
    /// The URL that the agent sent the person to.
    pub authorize_url: String,
    /// What the agent may do; what its URL asks for when left out, and all that its app may where that is nothing.
    pub scopes: Option<Vec<String>>,
    /// Which classes of operations it may call, as in an app's `allow`; `read` when left out.
    pub classes: Option<Vec<String>>,
    /// Milliseconds until it ends, at most 7 days; an hour when left out.
    pub lifetime_ms: Option<i64>,
    /// On whose behalf it calls: whoever is signed in. Programs must name somebody.
    pub on_behalf_of: Option<String>,
    /// What for, in at most 200 characters; the name of the agent when left out.
    pub purpose: Option<String>,
    /// Calls that it may make in all; any number when left out.
    pub calls: Option<u64>,
    /// Records that it may read and change in all.
    pub records: Option<u64>,
    /// Calls from one midnight of the account to the next.
    pub calls_per_day: Option<u64>,
    /// Records from one midnight of the account to the next.
    pub records_per_day: Option<u64>,
}

/// An account whose calls go to HubSpot.
#[derive(Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ConnectBody {
    pub name: Option<String>,
    pub base_url: Option<String>,
    pub credential: String,
    pub tier: Option<String>,
    pub addons: Option<u8>,
    pub time_zone: Option<String>,
}

/// A new credential for a connection, or a legacy key.
#[derive(Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CredentialBody {
    pub credential: String,
}

/// What an account that is being connected is made of; HubSpot says the rest.
#[derive(Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct OAuthSettings {
    /// What people call it; the hub id when empty.
    pub name: String,
    /// Its subscription; Free when none.
    pub tier: Option<String>,
    /// API limit increases, 0 to 2.
    pub addons: u8,
    /// IANA name; UTC when none.
    pub time_zone: Option<String>,
}

#[derive(Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ClientBody {
    pub name: String,
    pub client_id: String,
    pub client_secret: String,
    pub base_url: Option<String>,
    pub authorize_url: Option<String>,
    #[serde(default)]
    pub scopes: Vec<String>,
    #[serde(default)]
    pub optional_scopes: Vec<String>,
}

#[derive(Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AuthorizeBody {
    pub client: String,
    #[serde(flatten)]
    pub settings: OAuthSettings,
}

#[derive(Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RefreshTokenBody {
    pub client: String,
    pub refresh_token: String,
    #[serde(flatten)]
    pub settings: OAuthSettings,
}

#[derive(Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ImportBody {
    pub client: String,
    pub accounts: Vec<ImportedAccount>,
}

#[derive(Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ImportedAccount {
    pub hub_id: u64,
    pub refresh_token: String,
    #[serde(default)]
    pub name: String,
}

#[derive(Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PublicAppBody {
    pub name: Option<String>,
    pub description: Option<String>,
    pub owner: Option<String>,
    pub redirect_uris: Option<Vec<String>>,
    pub scopes: Option<Vec<String>>,
    pub conditional_scopes: Option<Vec<String>>,
    pub optional_scopes: Option<Vec<String>>,
    pub distribution: Option<String>,
    /// Whether it has no secret; only when it is made.
    pub public_client: Option<bool>,
    pub rotate_refresh_tokens: Option<bool>,
    pub enabled: Option<bool>,
}

#[derive(Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ApproveBody {
    pub authorize_url: String,
    pub hub_id: u64,
    /// In whose name.
    pub user: Option<String>,
}

/// A password that is asked for again: whoever finds a browser open must not be able to lock its owner out.
#[derive(Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PasswordBody {
    /// The present one.
    pub password: String,
}

#[derive(Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewPasswordBody {
    /// The present one.
    pub password: String,
    /// At least 15 characters.
    pub new_password: String,
}

#[derive(Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CodeBody {
    /// What the authenticator app shows.
    pub code: String,
}

#[derive(Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PersonBody {
    pub email: String,
    pub password: Option<String>,
    pub role: Option<String>,
    /// The apps of an app manager, by id or name.
    #[serde(default)]
    pub apps: Vec<String>,
    /// Keeps the password of somebody who is there.
    #[serde(default)]
    pub keep_password: bool,
    /// Refuses somebody who is there, in place of giving them a new password or role.
    #[serde(default)]
    pub must_be_new: bool,
    /// When their access ends, in ISO 8601, or `never`; left out, it stays as it is. A change of this alone keeps their sessions.
    pub expires_at: Option<String>,
}

#[derive(Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AdminTokenBody {
    /// Unique among those that were not revoked; not a number.
    pub name: String,
    /// `super-admin`, `app-manager`, `auditor` or `token-service`.
    pub role: String,
    /// The apps of an app manager, by id or name.
    #[serde(default)]
    pub apps: Vec<String>,
    /// Milliseconds until it ends by itself; none lets it live until it is revoked.
    pub lifetime_ms: Option<i64>,
}

#[derive(Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RenewBody {
    /// Milliseconds until the new authority signs, up to half a year: until then clients learn to trust it.
    pub wait_ms: i64,
}

#[derive(Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChannelBody {
    /// Unique.
    pub name: String,
    /// `webhook`, `slack` or `mail`.
    pub kind: String,
    /// Of a webhook or Slack: the receiver.
    pub url: Option<String>,
    /// Of mail: the SMTP server, its port and its encryption (`starttls`, `implicit` or `off`).
    pub host: Option<String>,
    pub port: Option<u16>,
    pub tls: Option<String>,
    /// Of mail: who signs in at the SMTP server, and the password.
    pub user: Option<String>,
    pub password: Option<String>,
    /// Of mail: the sender's address.
    pub from: Option<String>,
    /// Of mail: the receivers' addresses.
    #[serde(default)]
    pub to: Vec<String>,
    /// Of mail: send what concerns an app to the address in its owner.
    #[serde(default)]
    pub to_owner: bool,
    /// Takes notifications of this account only.
    pub hub_id: Option<u64>,
    /// Takes notifications of this owner's apps only.
    pub owner: Option<String>,
}

#[derive(Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DoctorBody {
    pub text: Option<String>,
    pub correlation_id: Option<String>,
    pub expect_hub_id: Option<u64>,
}

#[derive(Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ResetBody {
    /// The name of the test that begins: findings of the report name it.
    pub test: Option<String>,
}

/// Recorded answers, as `PUT` takes them.
#[derive(Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AnswersBody {
    /// Requests and their answers.
    #[schemars(with = "Vec<RecordedAnswer>")]
    pub answers: Vec<Value>,
}

#[derive(Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ClockBody {
    pub set: Option<String>,
    pub advance_ms: Option<i64>,
    #[serde(default)]
    pub frozen: bool,
}

#[derive(Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WebhookBody {
    /// Where events go, as POST.
    pub target_url: String,
    /// The events to send.
    pub subscriptions: Vec<SubscriptionBody>,
    /// Requests in progress at one time, 1 to 10.
    pub max_concurrent_requests: Option<u8>,
}

#[derive(Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SubscriptionBody {
    /// Such as `contact.creation`; for `object.creation`, `objectTypeId` has the type.
    pub event_type: String,
    /// The property, of changes of one.
    pub property_name: Option<String>,
    /// Such as `0-1`.
    pub object_type_id: Option<String>,
}

/// Which calls fail, how, and how often.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct FaultRule {
    /// Given by the server.
    pub id: u64,
    /// Of this operation only: method and path template, `POST /crm/objects/2026-09/{objectType}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// Of this method only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// Calls of these paths only; `*` matches anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Of this app only: its id or name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app: Option<String>,
    /// Number of calls that pass first.
    pub after: u64,
    /// How many calls fail; all if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub times: Option<u64>,
    /// Probability that a call fails, from 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probability: Option<f64>,
    /// Where chance begins; where it is 0, at the server's seed, if it has one.
    pub seed: u64,
    /// Delay before anything else, in milliseconds.
    pub latency_ms: u64,
    /// Answers this status, and does not perform the call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// With 429: which limit: `burst` (the default), `daily` or `search`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<String>,
    /// With a status: seconds in `Retry-After`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_s: Option<u32>,
    /// Cuts the connection: `before` the call is performed, or `after` it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cut: Option<Cut>,
    /// Inputs of a batch that fail, counted from 0; the others are performed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub inputs: Vec<usize>,
    /// The longest time until searches of records find a change, in milliseconds of the account's time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub search_lag_ms: Option<u64>,
    /// Neighbours among the results of a search may change places.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub search_shuffled: bool,
}

/// When a connection is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Cut {
    /// Nothing was performed.
    Before,
    /// It was performed, and the client never hears of it.
    After,
}

/// A request and its answer.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RecordedAnswer {
    /// The method.
    pub method: String,
    /// The path, in its one form.
    pub path: String,
    /// Names and values of the query, decoded; a request has all of them, in any order.
    #[serde(default)]
    pub query: Vec<(String, String)>,
    /// The body as JSON; null where it does not matter.
    #[serde(default)]
    pub body: Value,
    /// The status of the answer, from 200 to 599.
    pub status: u16,
    /// The body of the answer; null where it has none.
    #[serde(default)]
    pub answer: Value,
}

/// What a plan is made of.
#[derive(Clone, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "PlanBody")]
pub struct PlanBody<R = ScanReport> {
    pub report: Option<R>,
    /// Whether recorded calls count too.
    #[serde(default)]
    pub recorded: bool,
    /// Days of the record to look back: 90 when left out.
    pub days: Option<u32>,
    /// The record of this account only.
    pub hub_id: Option<u64>,
    pub by: Option<By>,
    /// What the repository is called.
    pub repository: Option<String>,
}

/// A report for the migration board: one of the two forms.
#[derive(Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "ReportBody")]
pub struct ReportBody<R = ScanReport> {
    /// What the repository, or the scanned folder, is called. A report takes the place of the last one of this name.
    pub repository: String,
    /// The report as `keyway scan --json` writes it; its folders say what one integration is.
    pub report: Option<R>,
    /// The report as `keyway plan` sorts it, with the manifests and owners beside the code.
    pub found: Option<Found>,
}

/// Which app an integration uses.
#[derive(Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LinkBody {
    /// Its id or unique name; none goes back to the app that has the integration's name.
    pub app: Option<String>,
}

/// Declares bodies, or parts of them, whose format another document describes.
macro_rules! described_elsewhere {
    ($($(#[$meta:meta])* $name:ident $description:literal,)*) => { $(
        $(#[$meta])*
        #[derive(Clone, Deserialize, Serialize)]
        #[serde(transparent)]
        pub struct $name(pub Value);

        impl JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "object", "description": $description })
            }
        }
    )* };
}

described_elsewhere! {
    /// Records for an embedded account.
    Seed "A seed: docs/testing.md has the format.",
    /// The report of a scan.
    ScanReport "A report of `keyway scan --json`: docs/scan.md has the format.",
}

/// Which calls of an app need a person's approval.
#[derive(Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ApprovalBody {
    /// Those of these classes: read, create, update, delete, settings, send, irreversible.
    #[serde(default)]
    pub classes: Vec<String>,
    /// Changes of more records than this.
    pub above: Option<u64>,
    /// These operations, in every version: such as `POST /crm/v3/objects/{objectType}/merge`.
    #[serde(default)]
    pub operations: Vec<String>,
}

/// Why somebody decides so.
#[derive(Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DecisionBody {
    /// With a rejection: the reason, which the app sees. Optional.
    #[serde(default)]
    pub reason: String,
}
