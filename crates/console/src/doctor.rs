//! Why a call failed: somebody pastes an error, a curl command or a correlation id, and the page names the
//! cause and what to do. What was pasted may hold a token, so it is not shown again.

use askama::Template;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use keyway_advice::doctor::{Certainty, Diagnosis};
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
    /// An example that was asked for.
    sample: &'static str,
}

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
    let sample = SAMPLES.iter().find(|(key, ..)| *key == fields.get("sample")).map_or("", |(.., text)| text);
    Ok(page::render(&Doctor { shell: visitor.shell(SECTION), wrong: None, calls: Vec::new(), sample }))
}

/// Says why.
pub(super) async fn diagnose(Sent { visitor, fields }: Sent) -> Page {
    let body = DoctorBody { text: Some(fields.get("text").to_owned()), ..DoctorBody::default() };
    match visitor.api.post::<Diagnosed>("/api/v1/doctor", &body).await {
        Ok(diagnosed) => Ok(page::render(&Doctor { shell: visitor.shell(SECTION), wrong: None, calls: diagnosed.calls, sample: "" })),
        Err(refused) if matches!(refused.status, 400 | 404 | 413 | 422) => {
            let doctor = Doctor { shell: visitor.shell(SECTION), wrong: Some(sentence(&refused.detail)), calls: Vec::new(), sample: "" };
            Ok((StatusCode::BAD_REQUEST, page::render(&doctor)).into_response())
        }
        Err(refused) => Err(visitor.refused(SECTION, &refused)),
    }
}
