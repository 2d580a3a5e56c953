//! The errors of the admin API, and what its bodies ask for.

use axum::Json;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::response::{IntoResponse, Response};
use keyway_api::Problem;
use keyway_core::approval::Rule;

use crate::audit::AuditError;
use crate::control::{ControlError, SharingChange};
use crate::double::RefillError;
use crate::double::faults::WrongRule;

pub(super) use keyway_api::body::*;

/// An error of the API.
pub struct ApiError {
    status: u16,
    code: &'static str,
    message: String,
    parameter: Option<String>,
    expected: Option<String>,
}

impl ApiError {
    /// An HTTP status, a code of docs/admin-api.md, and what happened, for people.
    pub fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), parameter: None, expected: None }
    }

    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(400, "invalid", message)
    }

    /// A parameter, or a field of a body, that must be something else.
    pub(super) fn parameter(name: &str, expected: impl Into<String>) -> Self {
        let expected = expected.into();
        Self { expected: Some(expected.clone()), ..Self::invalid(format!("{name} must be {expected}")).about(Some(name.to_owned())) }
    }

    /// The same error, about this parameter.
    pub(super) fn about(self, parameter: Option<String>) -> Self {
        Self { parameter, ..self }
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
            parameter: self.parameter,
            expected: self.expected,
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
            ControlError::Parameter { name, expected } => return Self::parameter(name, expected.as_str()),
            ControlError::Invalid(_) => (400, "invalid"),
            ControlError::NotFound(_) => (404, "not_found"),
            ControlError::Conflict(_) => (409, "conflict"),
            ControlError::AccessEnded(_) => (403, "forbidden"),
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

impl From<WrongRule> for ApiError {
    fn from(error: WrongRule) -> Self {
        match error {
            WrongRule::Parameter { name, expected } => Self::parameter(name, expected),
            WrongRule::Other(message) => Self::invalid(message),
        }
    }
}

impl From<RefillError> for ApiError {
    fn from(error: RefillError) -> Self {
        match error {
            RefillError::Invalid(what) => Self::invalid(what),
            ref refused @ RefillError::Refused { ref field, .. } => Self::invalid(refused.to_string()).about(field.clone()),
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

/// The rule for approvals that a body asks for.
pub(super) fn rule(asked: &ApprovalBody) -> Result<Rule, ApiError> {
    Rule::parse(&asked.classes, asked.above, &asked.operations).map_err(|error| ApiError::invalid(error.to_string()))
}

/// The shares of an app's account that a body asks for.
pub(super) const fn sharing(asked: &AppBody) -> SharingChange {
    SharingChange { weight: asked.weight, reserve: asked.reserve, max_wait_ms: asked.max_wait_ms }
}
