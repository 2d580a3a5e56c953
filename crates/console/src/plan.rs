//! What a scan found, as a plan: by integration its calls and credentials, what ends when, and the
//! app that it becomes, ready to be made.

use askama::Template;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use keyway_advice::plan::{Leak, Plan, PlannedApp, PlannedOperation, Step, Who};
use keyway_api::OperationId;
use keyway_api::body::{PlanBody, ScanReport};
use keyway_api::view::Planned;

use super::page;
use super::shell::Shell;
use super::visitor::{Page, Sent, Visitor};
use super::words::{filters, sentence};

const SECTION: &str = "/migration";
/// Longest form: the report of a large code base, with a browser's escapes.
pub(super) const FORM_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Places named of one call.
const PLACES_MAX: usize = 20;

/// What the page says of an integration.
trait AppWords {
    /// What it needs of HubSpot.
    fn credential_words(&self) -> String;
    fn owner_text(&self) -> &str;
}

impl AppWords for PlannedApp {
    fn credential_words(&self) -> String {
        self.credential.to_string()
    }

    fn owner_text(&self) -> &str {
        self.owner.as_deref().unwrap_or_default()
    }
}

/// What the page says of a call.
trait OperationWords {
    fn places_shown(&self) -> &[String];
    fn more(&self) -> usize;
}

impl OperationWords for PlannedOperation {
    fn places_shown(&self) -> &[String] {
        &self.places[..self.places.len().min(PLACES_MAX)]
    }

    fn more(&self) -> usize {
        self.places.len().saturating_sub(PLACES_MAX)
    }
}

/// What the page says of a credential.
trait LeakWords {
    fn kind_words(&self) -> String;
}

impl LeakWords for Leak {
    fn kind_words(&self) -> String {
        self.kind.replace('_', " ")
    }
}

/// What the page says of a step.
trait StepWords {
    fn who_words(&self) -> &'static str;
}

impl StepWords for Step {
    fn who_words(&self) -> &'static str {
        match self.who {
            Who::Person => "on HubSpot's pages",
            Who::Command => "a command",
            Who::Developer => "in the code",
        }
    }
}

#[derive(Template)]
#[template(path = "plan_ask.html")]
struct Ask<'a> {
    shell: Shell<'a>,
    wrong: Option<String>,
}

#[derive(Template)]
#[template(path = "plan.html")]
struct Show<'a> {
    shell: Shell<'a>,
    plan: Plan,
}

/// Asks for a report.
pub(super) async fn ask(visitor: Visitor) -> Page {
    Ok(page::render(&Ask { shell: visitor.shell(SECTION), wrong: None }))
}

fn again(visitor: &Visitor, wrong: String) -> Page {
    Ok((StatusCode::BAD_REQUEST, page::render(&Ask { shell: visitor.shell(SECTION), wrong: Some(wrong) })).into_response())
}

/// Takes a report, the recorded calls, or both, and shows the plan.
pub(super) async fn plan(Sent { visitor, fields }: Sent) -> Page {
    let mut body = PlanBody { report: None, recorded: fields.has("recorded"), days: None, hub_id: None, by: None, repository: None };
    if !fields.get("report").is_empty() {
        match serde_json::from_str::<ScanReport>(fields.get("report")) {
            Ok(report) => body.report = Some(report),
            Err(_) => return again(&visitor, "That is not JSON: give the output of keyway scan --json.".to_owned()),
        }
    }
    match visitor.api.post::<Planned>("/api/v1/plan", &body).await {
        Ok(planned) => Ok(page::render(&Show { shell: visitor.shell(SECTION), plan: planned.plan })),
        Err(refused) if matches!(refused.status, 400 | 413 | 422) => again(&visitor, sentence(&refused.detail)),
        Err(refused) => Err(visitor.refused(SECTION, &refused)),
    }
}
