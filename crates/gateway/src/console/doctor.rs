//! Why a call failed: somebody pastes an error, a curl command or a correlation id, and is told the
//! cause and what to do. What was pasted may hold a token, so it is not shown again.

use askama::Template;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use keyway_advice::doctor::{Certainty, Diagnosis};
use keyway_api::body::DoctorBody;
use keyway_api::view::{Diagnosed, DiagnosedCall};

use super::page;
use super::shell::{Shell, sentence};
use super::visitor::{Page, Sent, Visitor};
use super::words::filters;

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
}

/// Asks what failed.
pub(super) async fn ask(visitor: Visitor) -> Page {
    Ok(page::render(&Doctor { shell: visitor.shell(SECTION), wrong: None, calls: Vec::new() }))
}

/// Says why.
pub(super) async fn diagnose(Sent { visitor, fields }: Sent) -> Page {
    let body = DoctorBody { text: Some(fields.get("text").to_owned()), ..DoctorBody::default() };
    match visitor.api.post::<Diagnosed>("/api/v1/doctor", &body).await {
        Ok(diagnosed) => Ok(page::render(&Doctor { shell: visitor.shell(SECTION), wrong: None, calls: diagnosed.calls })),
        Err(refused) if matches!(refused.status, 400 | 404 | 413 | 422) => {
            let doctor = Doctor { shell: visitor.shell(SECTION), wrong: Some(sentence(&refused.detail)), calls: Vec::new() };
            Ok((StatusCode::BAD_REQUEST, page::render(&doctor)).into_response())
        }
        Err(refused) => Err(visitor.refused(SECTION, &refused)),
    }
}
