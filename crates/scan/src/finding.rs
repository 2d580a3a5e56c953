//! What a scan reports: credentials and calls, where they stand, and how sure it is.

use std::fmt;

use keyway_core::secret::Secret;
use serde::{Deserialize, Serialize};

/// What a credential is (hubspot facts, section 1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The account-wide API key, removed by HubSpot in 2022.
    Hapikey,
    /// The developer account's key, for app-management endpoints.
    DeveloperKey,
    /// `pat-<region>-<uuid>`: a private-app token, service key or static-auth token. The text can't tell which.
    PrivateAppToken,
    /// A token issued by a Keyway, known by its checksum.
    KeywayToken,
    /// The secret of an OAuth app.
    OauthClientSecret,
    /// What an OAuth install refreshes with; valid until revoked.
    OauthRefreshToken,
    /// What an OAuth install calls with; valid for half an hour.
    OauthAccessToken,
    /// The command line's key of a person.
    PersonalAccessKey,
    /// What webhook signatures are checked with.
    WebhookSecret,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 9] = [
        Self::Hapikey,
        Self::DeveloperKey,
        Self::PrivateAppToken,
        Self::KeywayToken,
        Self::OauthClientSecret,
        Self::OauthRefreshToken,
        Self::OauthAccessToken,
        Self::PersonalAccessKey,
        Self::WebhookSecret,
    ];

    /// As in reports: `private_app_token`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hapikey => "hapikey",
            Self::DeveloperKey => "developer_key",
            Self::PrivateAppToken => "private_app_token",
            Self::KeywayToken => "keyway_token",
            Self::OauthClientSecret => "oauth_client_secret",
            Self::OauthRefreshToken => "oauth_refresh_token",
            Self::OauthAccessToken => "oauth_access_token",
            Self::PersonalAccessKey => "personal_access_key",
            Self::WebhookSecret => "webhook_secret",
        }
    }

    /// For a person.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Hapikey => "HubSpot API key (hapikey)",
            Self::DeveloperKey => "HubSpot developer API key",
            Self::PrivateAppToken => "HubSpot private-app token or service key",
            Self::KeywayToken => "Keyway token",
            Self::OauthClientSecret => "HubSpot OAuth client secret",
            Self::OauthRefreshToken => "HubSpot OAuth refresh token",
            Self::OauthAccessToken => "HubSpot OAuth access token",
            Self::PersonalAccessKey => "HubSpot personal access key",
            Self::WebhookSecret => "HubSpot webhook signing secret",
        }
    }

    /// What to do about a leaked one.
    pub const fn next_step(self) -> &'static str {
        match self {
            Self::Hapikey => "deactivate it in HubSpot; give each integration a service key or OAuth app with the scopes it needs",
            Self::DeveloperKey => "regenerate it in the developer account and read it from the environment",
            Self::PrivateAppToken => "rotate it in HubSpot (rotate and expire now) and read the new one from the environment",
            Self::KeywayToken => "rotate it with `keyway token rotate` and read the new one from the environment",
            Self::OauthClientSecret => "rotate the app's client secret and read it from the environment",
            Self::OauthRefreshToken => "revoke it; the account installs the app again",
            Self::OauthAccessToken => "it lives half an hour at most; find out why it was written down",
            Self::PersonalAccessKey => "deactivate it under the user's personal access keys and make a new one",
            Self::WebhookSecret => "rotate the app's client secret, which signs webhooks, and read it from the environment",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How sure a finding is. Ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// Says of itself that it is an example, or is hardly evidenced. Left out unless asked for.
    Low,
    /// Evidenced by its surroundings.
    Medium,
    /// Evidenced by its shape or its own name.
    High,
}

impl Confidence {
    /// As in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// Where in history a secret came in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Introduced {
    /// Hash of the commit; absent where no commit that is still reachable brought it in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// Name and address of its author.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// The author's date, ISO 8601.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
    /// The newest commit that wrote it at this path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_commit: Option<String>,
    /// That commit's date, ISO 8601.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_date: Option<String>,
    /// Whether the secret still stands at this path in the work tree.
    pub in_work_tree: bool,
}

/// A credential in a file. Its value is not here: only a mask and a fingerprint.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    /// Relative to the scanned folder, with `/`; members of an archive follow a `!`.
    pub path: String,
    /// From 1.
    pub line: u64,
    /// In characters, from 1.
    pub column: u64,
    /// What it is.
    pub kind: Kind,
    /// The rule of `data/rules.toml`.
    pub rule: String,
    /// How sure.
    pub confidence: Confidence,
    /// Why, in a few words.
    pub reason: String,
    /// Enough to recognise it by, too little to use it.
    pub masked: String,
    /// A hash of the value: the same wherever the secret stands, and whatever it is taken for there.
    pub fingerprint: String,
    /// The host that the value is sent to, where that is not HubSpot's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sent_to: Option<String>,
    /// The program whose agents have it: its settings hold the value, or what instructs its agents does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent: Option<&'static str>,
    /// Only from history.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub introduced: Option<Introduced>,
    /// What HubSpot said of it, where it was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verified: Option<Verified>,
    /// The value itself, kept only where HubSpot is to be asked about it. In no report, and can't be printed.
    #[serde(skip)]
    pub value: Option<Secret<String>>,
}

/// What to do where an agent is handed a credential of HubSpot. Reports and the plan say it.
pub const FOR_AGENTS: &str = "give the agent a session token and `keyway mcp` in place of HubSpot's credential: it ends by itself, opens only what you name, and the audit log has each call (`keyway session create`, `keyway mcp snippet`)";

impl Finding {
    /// What to do about it, where it stands.
    pub fn next_step(&self) -> String {
        let mut step = self.kind.next_step().to_owned();
        if let Some(host) = &self.sent_to {
            step = format!("{}; {step}", sent(self.kind, host));
        }
        if self.agent.is_some() && self.kind != Kind::KeywayToken {
            step = format!("{step}; {FOR_AGENTS}");
        }
        step
    }
}

/// That a value leaves for a host.
pub fn sent(kind: Kind, host: &str) -> String {
    match kind {
        Kind::KeywayToken => format!("it is sent to {host}: rotate it unless that is your Keyway"),
        _ => format!("it is sent to {host}, which is not a HubSpot host: whoever runs that host has it"),
    }
}

/// What HubSpot says of a credential.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// Whether it works; absent where HubSpot has no harmless question for its kind, or gave no clear answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alive: Option<bool>,
    /// The account it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hub_id: Option<u64>,
    /// The scopes it holds.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
    /// Why there is no answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl Verified {
    /// For a person.
    pub fn words(&self) -> String {
        match (self.alive, self.hub_id) {
            (Some(true), Some(hub_id)) => format!("alive, account {hub_id}, {} scopes", self.scopes.len()),
            (Some(true), None) => "alive".to_owned(),
            (Some(false), _) => "dead".to_owned(),
            (None, _) => format!("not verified: {}", self.note.as_deref().unwrap_or("no clear answer")),
        }
    }
}

/// How a call shows itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Via {
    /// A URL, or the path of one.
    Url,
    /// A method of a client library.
    Sdk,
    /// A client that is built on a way of authentication that HubSpot has removed; its calls may be anywhere.
    Client,
    /// A step of a workflow tool's export: n8n, Make, Zapier and the like.
    Node,
    /// HubSpot's MCP server, as agents are set up with it.
    Mcp,
}

/// How a call authenticates, as far as its file tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum UsageAuth {
    /// The removed account-wide key.
    Hapikey,
    /// The developer account's key.
    DeveloperKey,
    /// A token in the Authorization header.
    Bearer,
    /// The operation takes none.
    None,
    /// The file does not say.
    Unknown,
}

impl UsageAuth {
    /// As in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hapikey => "hapikey",
            Self::DeveloperKey => "developer_key",
            Self::Bearer => "bearer",
            Self::None => "none",
            Self::Unknown => "unknown",
        }
    }
}

/// The version of a call that another file holds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct OpenVersion {
    /// The name that it has.
    pub name: String,
    /// The path, `{version}` in its place.
    pub segments: Vec<String>,
}

/// A HubSpot API call in a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Usage {
    /// As in [`Finding`].
    pub path: String,
    /// From 1.
    pub line: u64,
    /// In characters, from 1.
    pub column: u64,
    /// How it shows.
    pub via: Via,
    /// The call as written, for client libraries.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call: Option<String>,
    /// The HTTP method, where the file says or the operation has only one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<&'static str>,
    /// `GET /crm/v3/objects/contacts/{contactId}`.
    pub operation: String,
    /// How it authenticates.
    pub auth: UsageAuth,
    /// `v1`, `v3`, `2026-09`.
    pub version: String,
    /// Scopes, one of which is enough; several joined by `+` are all needed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
    /// Where to go.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub successor: Option<String>,
    /// When it ends or ended, ISO date.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sunset: Option<&'static str>,
    /// What is needed to find out the version, where another file may say it.
    #[serde(skip)]
    pub open: Option<OpenVersion>,
}
