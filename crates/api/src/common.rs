//! What all answers have in common.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;

use keyway_core::time::Timestamp;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// The version of every answer's shape.
pub const VERSION: u32 = 1;

/// What every answer has in common.
#[derive(Clone, Deserialize, Serialize, JsonSchema)]
pub struct Versioned<T> {
    /// The version of the answer's shape.
    pub version: u32,
    /// The answer; its fields stand beside the version.
    #[serde(flatten)]
    pub body: T,
}

/// Problem details (RFC 9457).
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
pub struct Problem {
    /// `urn:keyway:problem:` and the code.
    pub r#type: String,
    /// The status in words.
    pub title: String,
    #[allow(missing_docs, reason = "a comment would become a description in docs/openapi.json")]
    pub status: u16,
    /// What is wrong this time, for people.
    pub detail: String,
    /// What is wrong, for programs: stays as it is.
    pub code: String,
    /// The parameter or field of the body that is wrong, where the error is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameter: Option<String>,
    /// What the parameter must be: `a number from 1 to 1000`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
}

/// A moment, ISO 8601 in UTC.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Moment(pub String);

impl From<Timestamp> for Moment {
    fn from(at: Timestamp) -> Self {
        Self(at.to_iso())
    }
}

impl Deref for Moment {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Moment {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl JsonSchema for Moment {
    fn schema_name() -> Cow<'static, str> {
        "Moment".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "date-time" })
    }
}

/// The name of a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RoleName {
    /// Everything.
    SuperAdmin,
    /// Some apps.
    AppManager,
    /// Reads everything.
    Auditor,
    /// Access tokens alone.
    TokenService,
}

impl RoleName {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::SuperAdmin, Self::AppManager, Self::Auditor, Self::TokenService];

    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SuperAdmin => "super-admin",
            Self::AppManager => "app-manager",
            Self::Auditor => "auditor",
            Self::TokenService => "token-service",
        }
    }
}

impl fmt::Display for RoleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl JsonSchema for RoleName {
    fn schema_name() -> Cow<'static, str> {
        "Role".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "enum": Self::ALL.map(Self::as_str) })
    }
}
