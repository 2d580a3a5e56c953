//! Why a call failed: somebody pastes an error, a curl command or a correlation id, and is told the
//! cause and what to do. What was pasted may hold a token, so it is not shown again.

use std::collections::BTreeMap;

use askama::Template;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde::Deserialize;
use serde_json::json;

use super::page;
use super::shell::{Shell, sentence};
use super::visitor::{Page, Sent, Visitor};
use super::words::filters;

const SECTION: &str = "/doctor";
/// Longest form: the longest text that the doctor reads, with a browser's escapes.
pub(super) const FORM_BYTES_MAX: usize = 48 * 1024 * 1024;

#[derive(Deserialize)]
struct Diagnosed {
    calls: Vec<Call>,
}

#[derive(Deserialize)]
struct Call {
    seen: Seen,
    causes: Vec<Cause>,
}

/// What was read, for a person to see that it was read rightly.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Seen {
    operation: Option<String>,
    host: Option<String>,
    status: Option<u16>,
    category: Option<String>,
    #[serde(default)]
    credentials: Vec<String>,
    app: Option<String>,
    correlation_id: Option<String>,
    #[serde(default)]
    named: BTreeMap<String, Vec<String>>,
}

#[derive(Deserialize)]
struct Cause {
    cause: String,
    title: String,
    certainty: String,
    because: String,
    remedy: Vec<String>,
    #[serde(default)]
    scopes: Vec<String>,
    successor: Option<String>,
    page: String,
}

impl Cause {
    /// The mark of how sure it is.
    fn sign(&self) -> &'static str {
        match self.certainty.as_str() {
            "certain" => "wrong",
            "likely" => "warn",
            _ => "",
        }
    }
}

#[derive(Template)]
#[template(path = "doctor.html")]
struct Doctor<'a> {
    shell: Shell<'a>,
    wrong: Option<String>,
    calls: Vec<Call>,
}

/// Asks what failed.
pub(super) async fn ask(visitor: Visitor) -> Page {
    Ok(page::render(&Doctor { shell: visitor.shell(SECTION), wrong: None, calls: Vec::new() }))
}

/// Says why.
pub(super) async fn diagnose(Sent { visitor, fields }: Sent) -> Page {
    match visitor.api.post::<Diagnosed>("/api/v1/doctor", &json!({ "text": fields.get("text") })).await {
        Ok(diagnosed) => Ok(page::render(&Doctor { shell: visitor.shell(SECTION), wrong: None, calls: diagnosed.calls })),
        Err(refused) if matches!(refused.status, 400 | 404 | 413 | 422) => {
            let doctor = Doctor { shell: visitor.shell(SECTION), wrong: Some(sentence(&refused.detail)), calls: Vec::new() };
            Ok((StatusCode::BAD_REQUEST, page::render(&doctor)).into_response())
        }
        Err(refused) => Err(visitor.refused(SECTION, &refused)),
    }
}
