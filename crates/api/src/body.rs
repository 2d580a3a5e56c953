//! What goes into the admin API as the body of a request.
//!
//! What is none is left out, or null. Some hold a secret as text, so none of them can be printed.

#![allow(missing_docs, reason = "a field without a comment is what its name says; comments become descriptions in docs/openapi.json")]

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
    /// Milliseconds until the new token ends; none lets it live until it is rotated or revoked.
    pub lifetime_ms: Option<i64>,
}

/// A further token of an app.
#[derive(Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TokenBody {
    /// Milliseconds until it ends; none lets it live until it is rotated or revoked.
    pub lifetime_ms: Option<i64>,
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
    /// What is told of.
    pub subscriptions: Vec<SubscriptionBody>,
    /// Requests under way at one time, 1 to 10.
    pub max_concurrent_requests: Option<u8>,
}

#[derive(Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SubscriptionBody {
    /// Such as `contact.creation`; `object.creation` is of the type in `objectTypeId`.
    pub event_type: String,
    /// The property, of changes of one.
    pub property_name: Option<String>,
    /// Such as `0-1`.
    pub object_type_id: Option<String>,
}
