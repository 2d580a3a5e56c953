//! HubSpot's error envelope (hubspot facts, section 4).
//!
//! Says what an error looks like on the wire. Which error to answer is decided elsewhere.

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::refusal::{BODY_PREFIX, Refusal};

/// An error before it gets its correlation id.
#[derive(Clone, Debug, PartialEq)]
pub struct ErrorBody {
    /// HTTP status.
    pub status: u16,
    /// HubSpot's category, such as `VALIDATION_ERROR`.
    pub category: &'static str,
    /// Which refusal of Keyway's it is; none where an embedded account answers as HubSpot does.
    pub refusal: Option<Refusal>,
    /// The sentence a person reads.
    pub message: String,
    /// A finer category, such as `PipelineError.STAGE_ID_IN_USE`.
    pub sub_category: Option<String>,
    /// Named lists of values the message speaks of.
    pub context: Vec<(String, Vec<String>)>,
    /// Named links to documentation.
    pub links: Vec<(String, String)>,
    /// One entry for each thing that is wrong.
    pub errors: Vec<ErrorDetail>,
    /// Set on 429 only: HubSpot sends `errorType`, `policyName` and `groupName` there.
    pub rate_limit: Option<RateLimitFields>,
    /// Seconds until it may work, for the `Retry-After` header.
    pub retry_after_s: Option<i64>,
}

/// The value of `keyway-rule` on an error that an embedded account answers as HubSpot does.
pub const OF_BACKEND: &str = "backend";

/// The fields that only a 429 carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RateLimitFields {
    /// `TEN_SECONDLY_ROLLING`, `SECONDLY` or `DAILY`.
    pub policy_name: &'static str,
    /// Which bucket was full; HubSpot writes app id and hub id into it.
    pub group_name: String,
}

/// One entry of `errors`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ErrorDetail {
    /// The sentence a person reads.
    pub message: String,
    /// Such as `PROPERTY_DOESNT_EXIST`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The field that was wrong.
    #[serde(rename = "in", skip_serializing_if = "Option::is_none")]
    pub in_: Option<String>,
    /// A finer category.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sub_category: Option<String>,
    /// Named lists of values the message speaks of.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub context: Map<String, Value>,
}

impl ErrorDetail {
    /// An entry with a message alone.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), code: None, in_: None, sub_category: None, context: Map::new() }
    }

    /// With a code such as `INVALID_OPTION`.
    pub fn code(mut self, code: impl Into<String>) -> Self {
        self.code = Some(code.into());
        self
    }

    /// Naming the field that was wrong.
    pub fn in_(mut self, field: impl Into<String>) -> Self {
        self.in_ = Some(field.into());
        self
    }

    /// With a finer category.
    pub fn sub_category(mut self, sub_category: impl Into<String>) -> Self {
        self.sub_category = Some(sub_category.into());
        self
    }

    /// With a named list of values.
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

    /// With seconds in `Retry-After`.
    pub fn retry_after(mut self, seconds: i64) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }

    /// What `keyway-rule` says of it.
    pub fn rule(&self) -> &'static str {
        self.refusal.map_or(OF_BACKEND, Refusal::name)
    }

    /// What the audit log holds of it: see [`crate::refusal::Word`].
    pub fn word(&self) -> &'static str {
        self.refusal.map_or(self.category, Refusal::name)
    }

    /// With a finer category.
    pub fn sub_category(mut self, sub_category: impl Into<String>) -> Self {
        self.sub_category = Some(sub_category.into());
        self
    }

    /// With a named list of values.
    pub fn context(mut self, key: impl Into<String>, values: Vec<String>) -> Self {
        self.context.push((key.into(), values));
        self
    }

    /// With a named link.
    pub fn link(mut self, key: impl Into<String>, target: impl Into<String>) -> Self {
        self.links.push((key.into(), target.into()));
        self
    }

    /// With one more entry in `errors`.
    pub fn detail(mut self, detail: ErrorDetail) -> Self {
        self.errors.push(detail);
        self
    }

    /// The body as HubSpot sends it. 429 bodies have `errorType` where others have `category`.
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
    /// The answer. Its message says what this row does not: which thing of the call is wrong.
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
