//! The file of `keyway apply`, as types: which integration uses which app. `yaml` reads and writes it, and
//! `check` checks its values.

pub mod yaml;

use keyway_core::shown;
use keyway_gateway::model::MailTls;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};
use serde_saphyr::{DoubleQuoted, Spanned};

/// The only version of the format.
pub const VERSION: u64 = 1;

/// Accounts, apps and notification channels of a Keyway server, for `keyway apply`. It holds no token and no credential.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Register {
    /// The version of this format: 1.
    #[schemars(range(min = 1, max = 1))]
    pub version: u64,
    /// Accounts whose settings Keyway applies. A setting that is left out stays as it is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<Account>")]
    pub accounts: Vec<Spanned<Account>>,
    /// Apps. A field that is left out has its default.
    #[serde(default)]
    #[schemars(with = "Vec<App>")]
    pub apps: Vec<Spanned<App>>,
    /// Notification channels. `keyway apply` changes channels only where the file has this list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Vec<Channel>>")]
    pub notifications: Option<Vec<Spanned<Channel>>>,
}

/// The settings of one HubSpot account. `keyway apply` creates embedded accounts; connect others with `keyway account create --connect`.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Account {
    /// The account's hub id.
    #[schemars(range(min = 1, max = 9_007_199_254_740_991_u64))]
    pub hub_id: u64,
    /// `embedded` allows `keyway apply` to create the account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backend: Option<Backend>,
    /// What people call it.
    #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "visible_option")]
    pub name: Option<String>,
    /// The subscription, which decides the limits: free, starter, professional or enterprise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<String>,
    /// API limit increases: 0, 1 or 2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 2))]
    pub addons: Option<u8>,
    /// IANA time zone, such as Europe/Berlin, in which the account's day begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
    /// Of an embedded account, fixed when it is created: ISO 4217 code, such as EUR.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// Of an embedded account, fixed when it is created: data centre, such as eu1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Of a connected account: what Keyway does with calls that name an object type whose scope their app lacks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beside_path: Option<Guard>,
    /// Of a connected account: what Keyway does with calls that name a sensitive property whose scope their app lacks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sensitive_properties: Option<Guard>,
}

/// Who answers the calls of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Backend {
    /// Keyway's embedded CRM.
    Embedded,
    /// HubSpot.
    Hubspot,
}

/// What Keyway does with a call whose scopes HubSpot leaves open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Guard {
    /// Keyway refuses the call.
    Refuse,
    /// Keyway forwards the call, and HubSpot decides.
    Forward,
}

/// One integration.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct App {
    /// The hub id of its account; may be left out where the file has one account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<u64>,
    /// Its name, unique in its account. Keyway finds the app by it.
    #[serde(serialize_with = "visible")]
    pub name: String,
    /// The name that the app had before. Keyway renames the app where the account has no app of the new name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub former_name: Option<String>,
    /// What it is for.
    #[serde(default, skip_serializing_if = "String::is_empty", serialize_with = "visible")]
    pub description: String,
    /// Who answers for it.
    #[serde(default, skip_serializing_if = "String::is_empty", serialize_with = "visible")]
    pub owner: String,
    /// What breaks without it.
    #[serde(default, skip_serializing_if = "Vec::is_empty", serialize_with = "visible_list")]
    pub dependents: Vec<String>,
    /// HubSpot's scopes, such as crm.objects.contacts.read. Every app also has the scope oauth.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
    /// Whether Keyway accepts its tokens; true when left out.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub enabled: bool,
    /// Its part where the apps of a connected account want more than HubSpot allows, 1 to 100; 1 when left out.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    #[schemars(range(min = 1, max = 100))]
    pub weight: u32,
    /// Calls in ten seconds that no other app of a connected account gets; 0 when left out.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub reserve: u32,
    /// How long its calls may wait for their turn: 0, or a number with ms, s or m, at most 60s; 10s when left out.
    #[serde(default = "ten_seconds", skip_serializing_if = "is_ten_seconds")]
    pub max_wait: String,
    /// Whether Keyway rewrites its calls of numbered versions to their dated successors.
    #[serde(default, skip_serializing_if = "is_no")]
    pub translate: bool,
    /// Whether its calls have no limits; apps of embedded accounts only.
    #[serde(default, skip_serializing_if = "is_no")]
    pub no_limits: bool,
    /// Operations it may call that Keyway's catalog does not list: read, all, or patterns such as "GET /some/api/v1/*".
    #[serde(default, skip_serializing_if = "Vec::is_empty", serialize_with = "visible_list")]
    pub unlisted: Vec<String>,
    /// Classes of operations it may call: read, create, update, delete, settings, send, irreversible, and bulk for changes of many records in one call; all of them when left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allow: Vec<String>,
    /// Which of its calls need a person's approval; none when left out.
    #[serde(default, skip_serializing_if = "ApprovalRule::is_empty")]
    pub approval: ApprovalRule,
}

/// Which calls of an app need a person's approval.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ApprovalRule {
    /// Those of these classes: read, create, update, delete, settings, send, irreversible.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<String>,
    /// Changes of more records than this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub above: Option<u64>,
    /// These operations, in every version, such as "POST /crm/v3/objects/{objectType}/merge".
    #[serde(default, skip_serializing_if = "Vec::is_empty", serialize_with = "visible_list")]
    pub operations: Vec<String>,
}

impl ApprovalRule {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl App {
    /// An app of this name whose other fields have their defaults.
    pub fn named(name: &str) -> Self {
        Self {
            account: None,
            name: name.to_owned(),
            former_name: None,
            description: String::new(),
            owner: String::new(),
            dependents: Vec::new(),
            scopes: Vec::new(),
            enabled: true,
            weight: 1,
            reserve: 0,
            max_wait: ten_seconds(),
            translate: false,
            no_limits: false,
            unlisted: Vec::new(),
            allow: Vec::new(),
            approval: ApprovalRule::default(),
        }
    }
}

/// Where notifications go. Its URL or password is in an environment variable, never in the file.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Channel {
    /// Its name, unique on the server. Keyway finds the channel by it.
    #[serde(serialize_with = "visible")]
    pub name: String,
    /// How a notification gets to the receiver.
    pub kind: ChannelKind,
    /// Of webhook and slack: `env:NAME`, where NAME is the environment variable that holds the URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = "^env:[A-Za-z_][A-Za-z0-9_]*$"))]
    pub url_from: Option<String>,
    /// Takes notifications of this account only, by its hub id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<u64>,
    /// Takes notifications of this owner's apps only.
    #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "visible_option")]
    pub owner: Option<String>,
    /// Of mail: the SMTP server.
    #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "visible_option")]
    pub host: Option<String>,
    /// Of mail: the server's port; that of `tls` when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// Of mail: how the connection is encrypted; starttls when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<Tls>,
    /// Of mail: who signs in at the SMTP server; needs passwordFrom.
    #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "visible_option")]
    pub user: Option<String>,
    /// Of mail: `env:NAME`, where NAME is the environment variable that holds the password of user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = "^env:[A-Za-z_][A-Za-z0-9_]*$"))]
    pub password_from: Option<String>,
    /// Of mail: the sender's address.
    #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "visible_option")]
    pub from: Option<String>,
    /// Of mail: the receivers' addresses.
    #[serde(default, skip_serializing_if = "Vec::is_empty", serialize_with = "visible_list")]
    pub to: Vec<String>,
    /// Of mail: whether mail about an app goes to the e-mail address in its owner.
    #[serde(default, skip_serializing_if = "is_no")]
    pub to_owner: bool,
}

/// How a notification gets to its receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ChannelKind {
    /// A signed POST of JSON.
    Webhook,
    /// An incoming webhook of Slack or a compatible service.
    Slack,
    /// Mail over SMTP.
    Mail,
}

impl ChannelKind {
    /// As it is written.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Webhook => "webhook",
            Self::Slack => "slack",
            Self::Mail => "mail",
        }
    }
}

/// How a connection to an SMTP server is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Tls {
    /// By STARTTLS, which the server must offer.
    Starttls,
    /// From the first byte.
    Implicit,
    /// Not at all; to the server's own machine only.
    Off,
}

impl Tls {
    /// As the server has it.
    pub const fn of_server(self) -> MailTls {
        match self {
            Self::Starttls => MailTls::StartTls,
            Self::Implicit => MailTls::Implicit,
            Self::Off => MailTls::Off,
        }
    }
}

impl From<MailTls> for Tls {
    fn from(tls: MailTls) -> Self {
        match tls {
            MailTls::StartTls => Self::Starttls,
            MailTls::Implicit => Self::Implicit,
            MailTls::Off => Self::Off,
        }
    }
}

const fn yes() -> bool {
    true
}

const fn one() -> u32 {
    1
}

fn ten_seconds() -> String {
    "10s".to_owned()
}

// serde passes each field by reference.
#[allow(clippy::trivially_copy_pass_by_ref)]
const fn is_yes(value: &bool) -> bool {
    *value
}

#[allow(clippy::trivially_copy_pass_by_ref)]
const fn is_no(value: &bool) -> bool {
    !*value
}

#[allow(clippy::trivially_copy_pass_by_ref)]
const fn is_one(value: &u32) -> bool {
    *value == 1
}

#[allow(clippy::trivially_copy_pass_by_ref)]
const fn is_zero(value: &u32) -> bool {
    *value == 0
}

fn is_ten_seconds(value: &str) -> bool {
    value == "10s"
}

/// A text as YAML: between double quotes where a letter of it acts on a terminal, so that the letter can be an escape.
fn visible<S: Serializer>(text: &str, serializer: S) -> Result<S::Ok, S::Error> {
    if text.contains(shown::acts) { DoubleQuoted(text).serialize(serializer) } else { text.serialize(serializer) }
}

fn visible_option<S: Serializer>(text: &Option<String>, serializer: S) -> Result<S::Ok, S::Error> {
    visible(text.as_deref().unwrap_or_default(), serializer)
}

fn visible_list<S: Serializer>(texts: &[String], serializer: S) -> Result<S::Ok, S::Error> {
    struct Visible<'a>(&'a str);
    impl Serialize for Visible<'_> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            visible(self.0, serializer)
        }
    }
    serializer.collect_seq(texts.iter().map(|text| Visible(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_in_the_docs_is_that_of_the_types() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/keyway-apps.schema.json");
        let mut schema = serde_json::to_string_pretty(&schemars::schema_for!(Register)).unwrap();
        schema.push('\n');
        if std::env::var_os("KEYWAY_WRITE_SCHEMA").is_some() {
            std::fs::write(path, &schema).unwrap();
        }
        let published = std::fs::read_to_string(path).unwrap_or_default();
        assert_eq!(published, schema, "write it again: KEYWAY_WRITE_SCHEMA=1 cargo nextest run --workspace -E 'test(schema_in_the_docs)'");
    }
}
