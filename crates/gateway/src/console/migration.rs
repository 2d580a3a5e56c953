//! What a scan found, as a plan: by integration its calls and credentials, what ends when, and the
//! app that it becomes, ready to be made.

use askama::Template;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use keyway_api::OperationId;
use serde::Deserialize;
use serde_json::{Value, json};

use super::page;
use super::shell::{Shell, sentence};
use super::visitor::{Page, Sent, Visitor};
use super::words::filters;

const SECTION: &str = "/migration";
/// Longest form: the report of a large code base, with a browser's escapes.
pub(super) const FORM_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Places named of one call.
const PLACES_MAX: usize = 20;

#[derive(Deserialize)]
struct Planned {
    plan: Plan,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Plan {
    apps: Vec<App>,
    connection_scopes: Vec<String>,
    ends: Vec<End>,
    steps: Vec<Step>,
    summary: Summary,
    loose: Vec<Loose>,
    ignored: Vec<Ignored>,
}

#[derive(Deserialize)]
struct Summary {
    risks: Vec<String>,
}

#[derive(Deserialize)]
struct Loose {
    #[serde(flatten)]
    leak: Leak,
    because: String,
}

#[derive(Deserialize)]
struct Ignored {
    path: String,
    because: String,
    calls: usize,
}

#[derive(Deserialize)]
struct Clue {
    what: String,
    look: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct App {
    name: String,
    owner: Option<String>,
    credential: String,
    credential_because: String,
    scopes: Vec<Reason>,
    least: bool,
    operations: Vec<Operation>,
    unknown: Vec<String>,
    clues: Vec<Clue>,
    leaks: Vec<Leak>,
    steps: Vec<Step>,
}

#[derive(Deserialize)]
struct Reason {
    scope: String,
    because: Vec<String>,
}

#[derive(Deserialize)]
struct Operation {
    operation: String,
    places: Vec<String>,
    successor: Option<String>,
    difference: Option<String>,
    ends: Option<String>,
}

#[derive(Deserialize)]
struct Leak {
    kind: String,
    place: String,
    masked: String,
    in_history: bool,
}

#[derive(Deserialize)]
struct End {
    date: String,
    what: String,
    effect: String,
    certainty: String,
    apps: Vec<String>,
}

#[derive(Deserialize)]
struct Step {
    who: String,
    what: String,
    command: Option<String>,
}

impl App {
    /// What it needs of HubSpot.
    fn credential_words(&self) -> String {
        self.credential.replace('_', " ")
    }

    fn owner_text(&self) -> &str {
        self.owner.as_deref().unwrap_or_default()
    }
}

impl Operation {
    fn places_shown(&self) -> &[String] {
        &self.places[..self.places.len().min(PLACES_MAX)]
    }

    fn more(&self) -> usize {
        self.places.len().saturating_sub(PLACES_MAX)
    }
}

impl Leak {
    fn kind_words(&self) -> String {
        self.kind.replace('_', " ")
    }
}

impl Step {
    fn who_words(&self) -> &'static str {
        match self.who.as_str() {
            "person" => "on HubSpot's pages",
            "command" => "a command",
            _ => "in the code",
        }
    }
}

#[derive(Template)]
#[template(path = "migration.html")]
struct Ask<'a> {
    shell: Shell<'a>,
    wrong: Option<String>,
}

#[derive(Template)]
#[template(path = "migration_plan.html")]
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

/// Takes a report, the calls on record, or both, and shows the plan.
pub(super) async fn plan(Sent { visitor, fields }: Sent) -> Page {
    let mut body = json!({ "recorded": fields.has("recorded") });
    if !fields.get("report").is_empty() {
        match serde_json::from_str::<Value>(fields.get("report")) {
            Ok(report) => body["report"] = report,
            Err(_) => return again(&visitor, "That is not JSON: give the output of keyway scan --json.".to_owned()),
        }
    }
    match visitor.api.post::<Planned>("/api/v1/plan", &body).await {
        Ok(planned) => Ok(page::render(&Show { shell: visitor.shell(SECTION), plan: planned.plan })),
        Err(refused) if matches!(refused.status, 400 | 413 | 422) => again(&visitor, sentence(&refused.detail)),
        Err(refused) => Err(visitor.refused(SECTION, &refused)),
    }
}
