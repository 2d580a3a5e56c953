//! What a scan reports: credentials and calls, their places, and how sure Keyway is.

mod usage;

use std::fmt;

use keyway_core::secret::Secret;
use serde::{Deserialize, Serialize};

pub use usage::{OpenVersion, Usage, UsageAuth, Via};

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
    /// A refresh token of an OAuth install; valid until revoked.
    OauthRefreshToken,
    /// An access token of an OAuth install; valid for half an hour.
    OauthAccessToken,
    /// A person's key for HubSpot's command line.
    PersonalAccessKey,
    /// The secret that verifies webhook signatures.
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

    /// The name in reports: `private_app_token`.
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

    /// The name for people.
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

    /// What to do about a leaked credential of this kind.
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

/// How sure a finding is, in ascending order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// The value calls itself an example, or has little evidence. Reported only on request.
    Low,
    /// Its surroundings are evidence.
    Medium,
    /// Its shape or its own name is evidence.
    High,
}

impl Confidence {
    /// The name in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// The commits that introduced a secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Introduced {
    /// Hash of the commit; absent where no reachable commit introduced the secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// Name and address of its author.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// The author's date, ISO 8601.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
    /// Hash of the newest commit that wrote the secret at this path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_commit: Option<String>,
    /// That commit's date, ISO 8601.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_date: Option<String>,
    /// Whether the secret is still at this path in the work tree.
    pub in_work_tree: bool,
}

impl Introduced {
    /// The commit that brought the secret in and whether the secret is still there, for people.
    pub fn words(&self) -> String {
        let Some(commit) = &self.commit else {
            return if self.in_work_tree { "in the work tree and in no commit" } else { "in no commit that a branch or tag leads to" }
                .to_owned();
        };
        let date = self.date.as_deref().unwrap_or_default();
        let author = self.author.as_deref().unwrap_or_default();
        let still = if self.in_work_tree { "still in the work tree" } else { "no longer in the work tree" };
        format!("added in {}  {date}  {author}  {still}", commit.get(..12).unwrap_or(commit))
    }
}

/// A credential in a file. The finding has a mask and a fingerprint in place of the value.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    /// Relative to the scanned folder, with `/`. A `!` separates an archive from the path of its member.
    pub path: String,
    /// From 1.
    pub line: u64,
    /// In characters, from 1.
    pub column: u64,
    /// What it is.
    pub kind: Kind,
    /// The id of the rule in `data/rules.toml`.
    pub rule: String,
    /// How sure Keyway is that it is a credential.
    pub confidence: Confidence,
    /// The reason, in a few words.
    pub reason: String,
    /// A part of the value: enough to recognise it, too little to use it.
    pub masked: String,
    /// A hash of the value. It is the same at every place of the secret, whichever kind a place suggests.
    pub fingerprint: String,
    /// The host that receives the value, where it is not HubSpot's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sent_to: Option<String>,
    /// The program whose agents have the credential: its settings hold the value, or instructions for its agents do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent: Option<&'static str>,
    /// Present only in scans of the history.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub introduced: Option<Introduced>,
    /// HubSpot's answer on this credential, where the scan asked for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verified: Option<Verified>,
    /// The value itself, kept only for the query to HubSpot. Reports leave it out, and it can't be printed.
    #[serde(skip)]
    pub value: Option<Secret<String>>,
}

/// The advice for an agent that has a HubSpot credential. Reports and the plan show it.
pub const FOR_AGENTS: &str = "give the agent a session token and `keyway mcp` in place of HubSpot's credential: it ends by itself, opens only what you name, and the audit log has each call (`keyway session create`, `keyway mcp snippet`)";

impl Finding {
    /// What to do about the finding at its place.
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

/// A sentence that names the host which receives a value.
pub fn sent(kind: Kind, host: &str) -> String {
    match kind {
        Kind::KeywayToken => format!("it is sent to {host}: rotate it unless that is your Keyway"),
        _ => format!("it is sent to {host}, which is not a HubSpot host: whoever runs that host has it"),
    }
}

/// HubSpot's answer on a credential.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// Whether it works; absent where HubSpot has no harmless query for its kind, or gave no clear answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alive: Option<bool>,
    /// The account it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hub_id: Option<u64>,
    /// The scopes it holds.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
    /// Why there is no answer; of a token that a Keyway issued, its app, or why Keyway refuses it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl Verified {
    /// The answer in words, for people.
    pub fn words(&self) -> String {
        let note = self.note.as_deref().map(|note| format!(", {note}")).unwrap_or_default();
        match (self.alive, self.hub_id) {
            (Some(true), Some(hub_id)) => format!("alive, account {hub_id}, {} scopes{note}", self.scopes.len()),
            (Some(true), None) => format!("alive{note}"),
            (Some(false), _) => format!("dead{note}"),
            (None, _) => format!("not verified: {}", self.note.as_deref().unwrap_or("no clear answer")),
        }
    }
}
