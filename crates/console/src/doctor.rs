//! Why a call failed: somebody pastes an error, a curl command or a correlation id, and the page names the
//! cause and what to do. What was pasted may hold a token, so it is shown again with its secrets hidden.

use askama::Template;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use keyway_advice::doctor::{Certainty, Diagnosis, without_secrets};
use keyway_api::body::DoctorBody;
use keyway_api::view::{Diagnosed, DiagnosedCall};

use super::page;
use super::shell::Shell;
use super::visitor::{Fields, Page, Sent, Visitor};
use super::words::{filters, sentence};

const SECTION: &str = "/doctor";
/// Longest form: the longest text that the doctor reads, with a browser's escapes.
pub(super) const FORM_BYTES_MAX: usize = 48 * 1024 * 1024;

/// What the page says of a cause.
trait CauseWords {
    /// The mark of how sure it is.
    fn sign(&self) -> &'static str;
    fn certainty_words(&self) -> &'static str;
}

impl CauseWords for Diagnosis {
    fn sign(&self) -> &'static str {
        match self.certainty {
            Certainty::Certain => "wrong",
            Certainty::Likely => "warn",
            Certainty::Note => "",
        }
    }

    fn certainty_words(&self) -> &'static str {
        match self.certainty {
            Certainty::Certain => "certain",
            Certainty::Likely => "likely",
            Certainty::Note => "note",
        }
    }
}

#[derive(Template)]
#[template(path = "doctor.html")]
struct Doctor<'a> {
    shell: Shell<'a>,
    wrong: Option<String>,
    calls: Vec<DiagnosedCall>,
    /// An example that was asked for, or what was pasted, without its secrets.
    text: String,
    /// Whether what was pasted is too long to be shown again.
    too_long: bool,
}

/// Longest text that is shown again, in bytes: a page has at most 150 KB.
const SHOWN_MAX: usize = 64 * 1024;

/// Examples: the word in the address, what it is, and the text.
const SAMPLES: [(&str, &str, &str); 3] = [
    (
        "error",
        "an error of HubSpot",
        r#"{"status":"error","message":"This app hasn't been granted all required scopes to make this call.","category":"MISSING_SCOPES","errors":[{"message":"One or more of the following scopes are required.","context":{"requiredGranularScopes":["crm.objects.deals.read"]}}]}"#,
    ),
    ("curl", "a curl command", "curl 'https://api.hubapi.com/contacts/v1/lists/all/contacts/all?hapikey=demo'"),
    (
        "log",
        "a line of a log",
        "2026-11-25T09:15:07Z WARN GET https://api.hubapi.com/crm/v3/objects/contacts/search -> 429 Too Many Requests TEN_SECONDLY_ROLLING",
    ),
];

impl Doctor<'_> {
    fn samples(&self) -> [(&'static str, &'static str, &'static str); 3] {
        SAMPLES
    }
}

/// Asks what failed.
pub(super) async fn ask(visitor: Visitor, fields: Fields) -> Page {
    let text = SAMPLES.iter().find(|(key, ..)| *key == fields.get("sample")).map_or("", |(.., text)| text).to_owned();
    Ok(page::render(&Doctor { shell: visitor.shell(SECTION), wrong: None, calls: Vec::new(), text, too_long: false }))
}

/// Says why.
pub(super) async fn diagnose(Sent { visitor, fields }: Sent) -> Page {
    let pasted = fields.get("text");
    let body = DoctorBody { text: Some(pasted.to_owned()), ..DoctorBody::default() };
    let (calls, wrong) = match visitor.api.post::<Diagnosed>("/api/v1/doctor", &body).await {
        Ok(diagnosed) => (diagnosed.calls, None),
        Err(refused) if matches!(refused.status, 400 | 404 | 413 | 422) => (Vec::new(), Some(sentence(&refused.detail))),
        Err(refused) => return Err(visitor.refused(SECTION, &refused)),
    };
    let too_long = pasted.len() > SHOWN_MAX;
    // The answer names correlation ids anyway.
    let ids: Vec<&str> = calls.iter().filter_map(|call| call.seen.correlation_id.as_deref()).collect();
    let text = if too_long { String::new() } else { without_secrets(pasted, &ids) };
    let status = if wrong.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    Ok((status, page::render(&Doctor { shell: visitor.shell(SECTION), wrong, calls, text, too_long })).into_response())
}
