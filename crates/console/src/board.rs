//! The migration board: how far each integration of the scan reports is, what remains, and the next step.

use askama::Template;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use keyway_advice::board::{Fact, Standing, Step};
use keyway_api::OperationId;
use keyway_api::body::{LinkBody, ReportBody, ScanReport};
use keyway_api::view::{App, Apps, Integration, IntegrationAnswer, Migration, MigrationReport, ReportSent};
use keyway_gateway::clock;
use serde_json::Value;

use super::api::{Refused, with_query};
use super::page;
use super::path::Path;
use super::several::{Bar, List};
use super::shell::Shell;
use super::sign_in::see_other;
use super::visitor::{Fields, Page, Sent, Visitor};
use super::words::{filters, sentence};

const SECTION: &str = "/migration";
const API: &str = "/api/v1/migration";
/// Rows of a page.
const ROWS: &str = "100";
/// Days before an end from which it is marked.
const SOON_DAYS: i64 = 183;
const DAY_MS: i64 = 86_400_000;

/// What the pages say of an integration.
trait IntegrationWords {
    /// The first step that is open; else the last one, where it says what Keyway can't see.
    fn next(&self) -> Option<&Fact>;
    fn sign(&self) -> &'static str;
    /// How near the end is.
    fn urgency(&self) -> &'static str;
    /// The end as HubSpot gives it: the month alone where no day is published.
    fn deadline_words(&self) -> String;
}

impl IntegrationWords for Integration {
    fn next(&self) -> Option<&Fact> {
        let steps = &self.row.steps;
        steps.iter().find(|fact| fact.standing == Standing::Open).or_else(|| steps.last())
    }

    fn sign(&self) -> &'static str {
        match (self.row.done, self.row.state) {
            (true, _) => "fine",
            (_, Step::Found) => "warn",
            _ => "",
        }
    }

    fn urgency(&self) -> &'static str {
        let at = self.row.deadline.as_ref().and_then(|deadline| keyway_core::time::Timestamp::parse_iso(&deadline.date));
        match at.map(|at| (at.as_ms() - clock::now().as_ms()).div_euclid(DAY_MS)) {
            Some(..0) => "wrong-text",
            Some(0..SOON_DAYS) => "warn-text",
            _ => "",
        }
    }

    fn deadline_words(&self) -> String {
        self.row.deadline.as_ref().map(|deadline| deadline.shown().to_owned()).unwrap_or_default()
    }
}

/// What the pages say of a step.
trait FactWords {
    fn class(&self) -> &'static str;
    fn sign(&self) -> &'static str;
    fn word(&self) -> &'static str;
}

impl FactWords for Fact {
    fn class(&self) -> &'static str {
        match self.standing {
            Standing::Done => "done",
            Standing::Open => "open",
            Standing::Unknown => "unknown",
        }
    }

    fn sign(&self) -> &'static str {
        match self.standing {
            Standing::Done => "fine",
            Standing::Open => "warn",
            Standing::Unknown => "",
        }
    }

    fn word(&self) -> &'static str {
        match self.standing {
            Standing::Done => "done",
            Standing::Open => "open",
            Standing::Unknown => "not visible",
        }
    }
}

#[derive(Template)]
#[template(path = "board.html")]
struct Board<'a> {
    shell: Shell<'a>,
    bar: Bar,
    view: Migration,
    repository: String,
    state: String,
    search: String,
    later: Option<String>,
}

impl Board<'_> {
    /// How many are this far: state, its words, the number, and the address of those.
    fn counts(&self) -> Vec<(&'static str, &'static str, u64, String)> {
        let all: u64 = self.view.states.iter().sum();
        let address = |state: &str| with_query(SECTION, &[("repository", &self.repository), ("q", &self.search), ("state", state)]);
        let ends = [("", "all", all), ("open", "with an open step", all - self.view.done), ("done", "finished", self.view.done)];
        let steps = Step::ALL.into_iter().zip(&self.view.states).map(|(step, count)| (step.name(), step.title(), *count));
        ends.into_iter().chain(steps).map(|(state, words, count)| (state, words, count, address(state))).collect()
    }

    fn is_filtered(&self) -> bool {
        !(self.repository.is_empty() && self.state.is_empty() && self.search.is_empty())
    }
}

/// The board.
pub(super) async fn show(visitor: Visitor, fields: Fields) -> Page {
    let of = |name: &str| fields.get(name).to_owned();
    let (repository, state, search) = (of("repository"), of("state"), of("q"));
    let wanted = [("repository", repository.as_str()), ("state", &state), ("q", &search)];
    let query = [&wanted[..], &[("after", fields.get("after")), ("limit", ROWS)]].concat();
    let found = visitor.api.get::<Migration>(&with_query(API, &query)).await;
    let view = found.map_err(|refused| visitor.refused(SECTION, &refused))?;
    let later = view.after.as_deref().map(|after| with_query(SECTION, &[&wanted[..], &[("after", after)]].concat()));
    let mut bar = Bar::of(&visitor.api, List::Migration, &fields);
    if !view.integrations.iter().any(|one| one.gone) {
        // What a report has is removed from the code, not from the board.
        bar.acts.clear();
    }
    Ok(page::render(&Board { shell: visitor.shell(SECTION), bar, view, repository, state, search, later }))
}

#[derive(Template)]
#[template(path = "board_send.html")]
struct Ask<'a> {
    shell: Shell<'a>,
    repository: String,
    wrong: Option<String>,
}

/// Asks for a report.
pub(super) async fn ask(visitor: Visitor, fields: Fields) -> Page {
    Ok(page::render(&Ask { shell: visitor.shell(SECTION), repository: fields.get("repository").to_owned(), wrong: None }))
}

/// Takes a report.
pub(super) async fn send(Sent { visitor, fields }: Sent) -> Page {
    let again = |wrong: String| {
        let page = Ask { shell: visitor.shell(SECTION), repository: fields.get("repository").to_owned(), wrong: Some(wrong) };
        Ok((StatusCode::BAD_REQUEST, page::render(&page)).into_response())
    };
    let Ok(report) = serde_json::from_str::<ScanReport>(fields.get("report")) else {
        return again("That is not JSON: give the output of keyway scan --json.".to_owned());
    };
    let body = ReportBody { repository: fields.get("repository").to_owned(), report: Some(report), found: None };
    match visitor.api.post::<ReportSent>(&format!("{API}/reports"), &body).await {
        Ok(_) => Ok(see_other("/migration?done=sent")),
        Err(refused) if matches!(refused.status, 400 | 409 | 413 | 422) => again(sentence(&refused.detail)),
        Err(refused) => Err(visitor.refused(SECTION, &refused)),
    }
}

#[derive(Template)]
#[template(path = "board_integration.html")]
struct Detail<'a> {
    shell: Shell<'a>,
    view: IntegrationAnswer,
    /// Apps that it may be linked to.
    apps: Vec<App>,
}

impl Detail<'_> {
    fn is_gone(&self) -> bool {
        self.view.plan.is_none()
    }

    fn is_linked(&self, app: &u64) -> bool {
        self.view.integration.app.as_ref().is_some_and(|known| known.linked && known.id == *app)
    }

    fn owner(&self) -> &str {
        self.view.plan.as_ref().and_then(|plan| plan.owner.as_deref()).unwrap_or_default()
    }
}

/// One integration.
pub(super) async fn detail(visitor: Visitor, Path(id): Path<u64>) -> Page {
    let view = integration(&visitor, id).await?;
    let mut apps = Vec::new();
    if visitor.shell(SECTION).may(OperationId::LinkIntegration) {
        let all = visitor.api.all::<Apps>("/api/v1/apps", &[]).await.map_err(|refused| visitor.refused(SECTION, &refused))?;
        apps.extend(all.into_iter().map(|one| one.app));
        apps.sort_by(|one, other| (&one.name, one.id).cmp(&(&other.name, other.id)));
    }
    Ok(page::render(&Detail { shell: visitor.shell(SECTION), view, apps }))
}

/// Links an app, or goes back to the one that has its name.
pub(super) async fn link(Path(id): Path<u64>, Sent { visitor, fields }: Sent) -> Page {
    let body = LinkBody { app: Some(fields.get("app").to_owned()).filter(|app| !app.is_empty()) };
    let linked = visitor.api.put::<Value>(&format!("{API}/integrations/{id}/app"), &body).await;
    linked.map_err(|refused| visitor.refused(SECTION, &refused))?;
    Ok(see_other(&format!("/migration/integrations/{id}?done=changed")))
}

#[derive(Template)]
#[template(path = "board_remove.html")]
struct Remove<'a> {
    shell: Shell<'a>,
    /// What is removed, and what that means.
    name: &'a str,
    then: &'a str,
    /// The address of this page, and where a change of mind leads.
    address: &'a str,
    back: &'a str,
}

/// Asks whether an integration is to be removed.
pub(super) async fn ask_removal(visitor: Visitor, Path(id): Path<u64>) -> Page {
    let view = integration(&visitor, id).await?;
    let back = format!("/migration/integrations/{id}");
    let then = "The newest report has nothing of it. What earlier reports showed of it is deleted. A report that has it again brings it back. Apps and tokens stay.";
    Ok(page::render(&Remove {
        shell: visitor.shell(SECTION),
        name: &view.integration.name,
        then,
        address: &format!("{back}/remove"),
        back: &back,
    }))
}

/// Removes it.
pub(super) async fn remove(Path(id): Path<u64>, Sent { visitor, .. }: Sent) -> Page {
    removed(&visitor, &format!("{API}/integrations/{id}")).await
}

/// Asks whether a repository is to be removed.
pub(super) async fn ask_report_removal(visitor: Visitor, Path(id): Path<u64>) -> Page {
    let board = visitor.api.get::<Migration>(&with_query(API, &[("limit", "1")])).await;
    let board = board.map_err(|refused| visitor.refused(SECTION, &refused))?;
    let Some(report) = board.reports.iter().find(|report| report.id == id) else {
        return Err(visitor.refused(SECTION, &Refused { status: 404, detail: format!("there is no report {id} on the board") }));
    };
    let then = "Its integrations leave the board, with what earlier reports showed of them. Apps and tokens stay.";
    Ok(page::render(&Remove {
        shell: visitor.shell(SECTION),
        name: &report.repository,
        then,
        address: &format!("/migration/reports/{id}/remove"),
        back: SECTION,
    }))
}

/// Removes it.
pub(super) async fn remove_report(Path(id): Path<u64>, Sent { visitor, .. }: Sent) -> Page {
    removed(&visitor, &format!("{API}/reports/{id}")).await
}

async fn removed(visitor: &Visitor, path: &str) -> Result<Response, Response> {
    visitor.api.delete(path).await.map_err(|refused| visitor.refused(SECTION, &refused))?;
    Ok(see_other("/migration?done=cleared"))
}

async fn integration(visitor: &Visitor, id: u64) -> Result<IntegrationAnswer, Response> {
    visitor.api.get(&format!("{API}/integrations/{id}")).await.map_err(|refused| visitor.refused(SECTION, &refused))
}

/// What a page says of a report.
trait ReportWords {
    fn credentials(&self) -> usize;
}

impl ReportWords for MigrationReport {
    fn credentials(&self) -> usize {
        self.loose.len()
    }
}
