//! A call that a scan reports.

use serde::Serialize;

/// The form of a call in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Via {
    /// A URL, or the path of one.
    Url,
    /// A method of a client library.
    Sdk,
    /// A client built on an authentication that HubSpot has removed; its calls may be anywhere.
    Client,
    /// A step of a workflow tool's export: n8n, Make, Zapier and the like.
    Node,
    /// HubSpot's MCP server, in the settings of an agent.
    Mcp,
}

/// How a call authenticates, as far as its file shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum UsageAuth {
    /// The removed account-wide key.
    Hapikey,
    /// The developer account's key.
    DeveloperKey,
    /// A token in the Authorization header.
    Bearer,
    /// The operation takes no credential.
    None,
    /// The file does not show it.
    Unknown,
}

impl UsageAuth {
    /// The name in reports.
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
    /// The name of the constant that holds the version.
    pub name: String,
    /// The path, with `{version}` in place of the version.
    pub segments: Vec<String>,
}

/// A HubSpot API call in a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Usage {
    /// The path of the file, as in [`Finding`](super::Finding).
    pub path: String,
    /// From 1.
    pub line: u64,
    /// In characters, from 1.
    pub column: u64,
    /// The form of the call.
    pub via: Via,
    /// The call as written, for client libraries.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call: Option<String>,
    /// The HTTP method, where the file shows it or the operation has only one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<&'static str>,
    /// `GET /crm/v3/objects/contacts/{contactId}`.
    pub operation: String,
    /// What it does to the account at worst: `read`, `create`, `update`, `delete`, `settings`, `send` or `irreversible`;
    /// none where the catalog does not list it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<&'static str>,
    /// Whether one call may change many records.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub bulk: bool,
    /// How it authenticates.
    pub auth: UsageAuth,
    /// `v1`, `v3`, `2026-09`.
    pub version: String,
    /// Scopes, each of which is enough alone; where `+` joins several, the call needs all of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
    /// The successor of the operation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub successor: Option<String>,
    /// The end date, past or future, ISO 8601.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sunset: Option<&'static str>,
    /// The name and path from which another file may supply the version.
    #[serde(skip)]
    pub open: Option<OpenVersion>,
}

impl Usage {
    /// Its class for people, such as `update, bulk`.
    pub fn class_words(&self) -> Option<String> {
        self.class.map(|class| if self.bulk { format!("{class}, bulk") } else { class.to_owned() })
    }
}
