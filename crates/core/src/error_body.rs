//! HubSpot's error envelope (hubspot facts, section 4).
//!
//! This module defines the format of an error; other modules decide which error to answer.

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::refusal::{BODY_PREFIX, Refusal};

/// An error without its correlation id yet.
#[derive(Clone, Debug, PartialEq)]
pub struct ErrorBody {
    /// HTTP status.
    pub status: u16,
    /// HubSpot's category, such as `VALIDATION_ERROR`.
    pub category: &'static str,
    /// The refusal, where Keyway refused the call; none where an embedded account answers as HubSpot does.
    pub refusal: Option<Refusal>,
    /// The message for people.
    pub message: String,
    /// A finer category, such as `PipelineError.STAGE_ID_IN_USE`.
    pub sub_category: Option<String>,
    /// Named lists of values that belong to the message.
    pub context: Vec<(String, Vec<String>)>,
    /// Named links to documentation.
    pub links: Vec<(String, String)>,
    /// One entry for each error.
    pub errors: Vec<ErrorDetail>,
    /// Set on 429 only: HubSpot sends `errorType`, `policyName` and `groupName` there.
    pub rate_limit: Option<RateLimitFields>,
    /// Seconds until another try may succeed, for the `Retry-After` header.
    pub retry_after_s: Option<i64>,
}

/// The value of `keyway-rule` on an error with which an embedded account answers as HubSpot does.
pub const OF_BACKEND: &str = "backend";

/// The fields that only a 429 has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RateLimitFields {
    /// `TEN_SECONDLY_ROLLING`, `SECONDLY` or `DAILY`.
    pub policy_name: &'static str,
    /// The bucket that was full; HubSpot's value contains app id and hub id.
    pub group_name: String,
}

/// One entry of `errors`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ErrorDetail {
    /// The message for people.
    pub message: String,
    /// Such as `PROPERTY_DOESNT_EXIST`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// What kind of fault it is, where the API calls it so: form submissions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_type: Option<String>,
    /// The invalid field.
    #[serde(rename = "in", skip_serializing_if = "Option::is_none")]
    pub in_: Option<String>,
    /// A finer category.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sub_category: Option<String>,
    /// Named lists of values that belong to the message.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub context: Map<String, Value>,
}

impl ErrorDetail {
    /// An entry with only a message.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), code: None, error_type: None, in_: None, sub_category: None, context: Map::new() }
    }

    /// Adds a code such as `INVALID_OPTION`.
    pub fn code(mut self, code: impl Into<String>) -> Self {
        self.code = Some(code.into());
        self
    }

    /// Adds what kind of fault it is, such as `REQUIRED_FIELD`.
    pub fn error_type(mut self, error_type: impl Into<String>) -> Self {
        self.error_type = Some(error_type.into());
        self
    }

    /// Names the invalid field.
    pub fn in_(mut self, field: impl Into<String>) -> Self {
        self.in_ = Some(field.into());
        self
    }

    /// Adds a finer category.
    pub fn sub_category(mut self, sub_category: impl Into<String>) -> Self {
        self.sub_category = Some(sub_category.into());
        self
    }

    /// Adds a named list of values.
    pub fn context(mut self, key: impl Into<String>, values: Vec<String>) -> Self {
        self.context.insert(key.into(), json!(values));
        self
    }
}

impl ErrorBody {
    /// A HubSpot error with status, category and message; the builders below add the rest. [`Refusal::error`]
    /// makes the errors of Keyway itself.
    pub fn new(status: u16, category: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            category,
            refusal: None,
            message: message.into(),
            sub_category: None,
            context: Vec::new(),
            links: Vec::new(),
            errors: Vec::new(),
            rate_limit: None,
            retry_after_s: None,
        }
    }

    /// 400 `VALIDATION_ERROR`.
    pub fn validation(message: impl Into<String>) -> Self {
        Self::new(400, "VALIDATION_ERROR", message)
    }

    /// 404 `OBJECT_NOT_FOUND`.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(404, "OBJECT_NOT_FOUND", message)
    }

    /// 409 `CONFLICT`.
    pub fn conflict(message: impl Into<String>) -> Self {
        Self::new(409, "CONFLICT", message)
    }

    /// Adds the seconds for `Retry-After`.
    pub fn retry_after(mut self, seconds: i64) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }

    /// The value of `keyway-rule` for this error.
    pub fn rule(&self) -> &'static str {
        self.refusal.map_or(OF_BACKEND, Refusal::name)
    }

    /// The error's word in the audit log: see [`crate::refusal::Word`].
    pub fn word(&self) -> &'static str {
        self.refusal.map_or(self.category, Refusal::name)
    }

    /// Adds a finer category.
    pub fn sub_category(mut self, sub_category: impl Into<String>) -> Self {
        self.sub_category = Some(sub_category.into());
        self
    }

    /// Adds a named list of values.
    pub fn context(mut self, key: impl Into<String>, values: Vec<String>) -> Self {
        self.context.push((key.into(), values));
        self
    }

    /// Adds a named link.
    pub fn link(mut self, key: impl Into<String>, target: impl Into<String>) -> Self {
        self.links.push((key.into(), target.into()));
        self
    }

    /// Adds an entry to `errors`.
    pub fn detail(mut self, detail: ErrorDetail) -> Self {
        self.errors.push(detail);
        self
    }

    /// The body in HubSpot's form. 429 bodies have `errorType` where others have `category`.
    pub fn to_json(&self, correlation_id: &str) -> Vec<u8> {
        let mut body = Map::new();
        body.insert("status".into(), "error".into());
        body.insert("message".into(), self.message.as_str().into());
        body.insert("correlationId".into(), correlation_id.into());
        if !self.errors.is_empty() {
            body.insert("errors".into(), json!(self.errors));
        }
        if !self.context.is_empty() {
            body.insert("context".into(), self.context.iter().map(|(k, v)| (k.clone(), json!(v))).collect());
        }
        if !self.links.is_empty() {
            body.insert("links".into(), self.links.iter().map(|(k, v)| (k.clone(), json!(v))).collect());
        }
        match &self.rate_limit {
            Some(limit) => {
                body.insert("errorType".into(), "RATE_LIMIT".into());
                body.insert("policyName".into(), limit.policy_name.into());
                body.insert("groupName".into(), limit.group_name.as_str().into());
            }
            None => {
                body.insert("category".into(), self.category.into());
            }
        }
        if let Some(sub_category) = &self.sub_category {
            body.insert("subCategory".into(), sub_category.as_str().into());
        } else if let Some(refusal) = self.refusal.filter(|refusal| refusal.is_named_in_body()) {
            body.insert("subCategory".into(), format!("{BODY_PREFIX}{}", refusal.name()).into());
        }
        Value::Object(body).to_string().into_bytes()
    }
}

impl Refusal {
    /// The error of this refusal. The message adds what the row can't know: which part of the call is invalid.
    pub fn error(self, message: impl Into<String>) -> ErrorBody {
        ErrorBody { refusal: Some(self), ..ErrorBody::new(self.status().unwrap_or_default(), self.category(), message) }
    }
}

#[cfg(test)]
mod tests {
    use super::{ErrorBody, ErrorDetail};

    fn check(body: &ErrorBody, expected: &str) {
        assert_eq!(String::from_utf8(body.to_json("c-1")).unwrap(), expected);
    }

    #[test]
    fn the_envelope_has_status_message_correlation_id_and_category() {
        check(
            &ErrorBody::conflict("Contact already exists. Existing ID: 1"),
            r#"{"status":"error","message":"Contact already exists. Existing ID: 1","correlationId":"c-1","category":"CONFLICT"}"#,
        );
    }

    #[test]
    fn details_leave_out_what_they_do_not_say() {
        let body = ErrorBody::validation("no").detail(ErrorDetail::new("bad").code("INVALID_OPTION").in_("x"));
        check(
            &body,
            r#"{"status":"error","message":"no","correlationId":"c-1","errors":[{"message":"bad","code":"INVALID_OPTION","in":"x"}],"category":"VALIDATION_ERROR"}"#,
        );
    }
}
