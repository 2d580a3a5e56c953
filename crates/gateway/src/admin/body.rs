//! What goes into the admin API, and its errors.

use axum::Json;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::audit::AuditError;
use crate::control::{ControlError, SharingChange};
use crate::double::RefillError;

/// The version of every answer's shape.
pub(super) const VERSION: u32 = 1;

/// An error of the API.
pub(crate) struct ApiError {
    status: u16,
    code: &'static str,
    message: String,
}

/// Problem details (RFC 9457).
#[derive(Serialize, JsonSchema)]
pub(super) struct Problem {
    /// `urn:keyway:problem:` and the code.
    r#type: String,
    /// The status in words.
    title: String,
    status: u16,
    /// What is wrong this time, for people.
    detail: String,
    /// What is wrong, for programs: stays as it is.
    code: String,
}

impl ApiError {
    pub(crate) fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }

    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(400, "invalid", message)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let problem = Problem {
            r#type: format!("urn:keyway:problem:{}", self.code),
            title: status.canonical_reason().unwrap_or("Error").to_owned(),
            status: status.as_u16(),
            detail: self.message,
            code: self.code.to_owned(),
        };
        let mut response = (status, Json(problem)).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(RETRY_AFTER, HeaderValue::from_static("5"));
        }
        if status == StatusCode::UNAUTHORIZED {
            // RFC 9110, section 15.5.2: a 401 says how one authenticates.
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

impl From<ControlError> for ApiError {
    fn from(error: ControlError) -> Self {
        let (status, code) = match &error {
            ControlError::Invalid(_) => (400, "invalid"),
            ControlError::NotFound(_) => (404, "not_found"),
            ControlError::Conflict(_) => (409, "conflict"),
            ControlError::Credential(_) => (422, "credential"),
            ControlError::Store(error) if error.may_pass() => {
                tracing::error!(%error, "a change could not be written");
                let message =
                    "the change could not be written and nothing was changed: the store does not answer, or its disk is full. Try again";
                return Self::new(503, "unavailable", message);
            }
            ControlError::Store(_) | ControlError::Backend(_) => {
                tracing::error!(%error, "a change failed");
                (500, "internal")
            }
        };
        Self::new(status, code, error.to_string())
    }
}

impl From<RefillError> for ApiError {
    fn from(error: RefillError) -> Self {
        match error {
            RefillError::Invalid(what) => Self::invalid(what),
            RefillError::Storage(what) => Self::new(503, "storage", what),
        }
    }
}

impl From<AuditError> for ApiError {
    fn from(error: AuditError) -> Self {
        tracing::error!(%error, "the audit could not be read");
        Self::new(500, "internal", error.to_string())
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct AccountBody {
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

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct AppBody {
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

impl AppBody {
    pub(super) const fn sharing(&self) -> SharingChange {
        SharingChange { weight: self.weight, reserve: self.reserve, max_wait_ms: self.max_wait_ms }
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct RotateBody {
    /// Milliseconds that the old tokens live on; none ends them now.
    pub grace_ms: Option<i64>,
}

/// How the tokens of an app are rotated.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct RotateTokenBody {
    /// Milliseconds that the old tokens live on; none ends them now.
    pub grace_ms: Option<i64>,
    /// Milliseconds until the new token ends; none lets it live until it is rotated or revoked.
    pub lifetime_ms: Option<i64>,
}

/// A further token of an app.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct TokenBody {
    /// Milliseconds until it ends; none lets it live until it is rotated or revoked.
    pub lifetime_ms: Option<i64>,
}

/// An account whose calls go to HubSpot.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ConnectBody {
    pub name: Option<String>,
    pub base_url: Option<String>,
    pub credential: String,
    pub tier: Option<String>,
    pub addons: Option<u8>,
    pub time_zone: Option<String>,
}

/// A new credential for a connection, or a legacy key.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct CredentialBody {
    pub credential: String,
}
