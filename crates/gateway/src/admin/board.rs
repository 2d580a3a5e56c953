//! The migration board over the admin API: stored reports beside the apps, their tokens and their calls.
//!
//! `advice::board` derives the state of an integration on each request.

use std::collections::HashMap;

use axum::Extension;
use axum::extract::State;
use keyway_advice::board::{AppFacts, Holder, Known, Linked, Present, Step, Traffic, row};
use keyway_advice::plan::{Found, Grouping, Leak, PlannedApp, Report, plan, sort};
use keyway_api::body::{LinkBody, ReportBody};
use keyway_api::query::MigrationQuery;
use keyway_core::time::Timestamp;

use super::Admin;
use super::body::ApiError;
use super::extract::{JsonBody, Path, Query};
use super::page::page;
use super::view::{self, Answer, LinkedApp, MigrationReport, Moment, answer};
use crate::audit::OperationUse;
use crate::clock;
use crate::control::{Board, Taken};
use crate::model::{Account, App, BoardIntegration, BoardReport, Token};
use crate::principal::Principal;

/// What the board is derived from, all of one moment.
struct Seen {
    board: Board,
    apps: Vec<(App, Vec<Token>)>,
    accounts: Vec<Account>,
    /// By app; none while calls are counted for the first time.
    traffic: Option<(HashMap<u64, Traffic>, Timestamp)>,
    now: Timestamp,
}

impl Seen {
    async fn now(admin: &Admin) -> Result<Self, ApiError> {
        let apps = admin.control.apps(None).await.into_iter().filter(|(app, _)| app.public_app.is_none()).collect();
        let counted = admin.ending.get(&admin.audit).await;
        Ok(Self {
            board: admin.control.board().await?,
            apps,
            accounts: admin.control.accounts().await,
            traffic: counted.map(|(used, at)| (by_app(&used), at)),
            now: clock::now(),
        })
    }

    fn report(&self, id: u64) -> Option<&BoardReport> {
        self.board.reports.iter().find(|report| report.id == id)
    }

    fn of_report(&self, id: u64) -> impl Iterator<Item = &BoardIntegration> {
        self.board.integrations.iter().filter(move |one| one.report_id == id)
    }

    /// The credentials of each report.
    fn present(&self) -> HashMap<u64, Present<'_>> {
        let of = |report: &BoardReport| {
            let report_id = report.id;
            self.of_report(report_id).filter_map(|one| one.kept.found.as_ref())
        };
        self.board.reports.iter().map(|report| (report.id, Present::of(of(report), &report.loose))).collect()
    }

    /// The apps that may be an integration's: the linked one, else those of its name.
    fn apps_of(&self, one: &BoardIntegration) -> Vec<LinkedApp> {
        let shown = |app: &App, linked| LinkedApp { id: app.id, name: app.name.clone(), hub_id: app.hub_id, linked };
        let all = || self.apps.iter().map(|(app, _)| app);
        match one.app_id.and_then(|id| all().find(|app| app.id == id)) {
            Some(app) => vec![shown(app, true)],
            None => all().filter(|app| app.name == one.kept.name).map(|app| shown(app, false)).collect(),
        }
    }

    /// Whether an integration may be shown to somebody: to app managers those that may be one of their apps.
    fn is_shown(&self, one: &BoardIntegration, who: &Principal) -> bool {
        who.role.apps().is_none() || self.apps_of(one).iter().any(|app| who.sees(app.id))
    }

    fn traffic_of(&self, app_id: u64) -> Option<&Traffic> {
        const NONE: &Traffic = &Traffic::NONE;
        self.traffic.as_ref().map(|(by_app, _)| by_app.get(&app_id).unwrap_or(NONE))
    }

    /// Whether Keyway holds a credential with this mask. What is in use comes first.
    fn known(&self, leak: &Leak) -> Option<Known> {
        let alike = |hint: &str| !hint.is_empty() && leak.masked.ends_with(hint);
        let mut found: Vec<Known> = Vec::new();
        for account in &self.accounts {
            let Some(connection) = &account.connection else { continue };
            let holder = || Holder::Account { hub_id: account.hub_id, name: account.name.clone() };
            if alike(&connection.hint) {
                found.push(Known { holder: holder(), live: true });
            }
        }
        for (app, tokens) in &self.apps {
            for token in tokens.iter().filter(|token| alike(&token.hint)) {
                let live = token.revoked_at.is_none() && token.expires_at.is_none_or(|at| at > self.now);
                found.push(Known { holder: Holder::Token { id: token.id, app: app.name.clone() }, live });
            }
        }
        found.sort_by_key(|known| !known.live);
        found.into_iter().next()
    }

    fn described(&self, one: &BoardIntegration, present: &Present<'_>, planned: Option<&PlannedApp>) -> view::Integration {
        let mut apps = self.apps_of(one);
        let several = apps.len();
        let app = if several == 1 { apps.pop() } else { None };
        let linked = match &app {
            Some(app) => Linked::One(AppFacts { name: &app.name, linked: app.linked, traffic: self.traffic_of(app.id) }),
            None if several == 0 => Linked::No,
            None => Linked::Several(several),
        };
        let row = row(&one.kept, &linked, present, &|leak| self.known(leak), planned, self.now);
        let of_app = app.as_ref().and_then(|app| self.apps.iter().find(|(known, _)| known.id == app.id));
        let found = one.kept.found.as_ref();
        view::Integration {
            id: one.id,
            repository: self.report(one.report_id).map(|report| report.repository.clone()).unwrap_or_default(),
            name: one.kept.name.clone(),
            folder: found.and_then(|found| found.folder.clone()),
            owner: of_app
                .map(|(app, _)| app.owner.clone())
                .filter(|owner| !owner.is_empty())
                .or_else(|| found.and_then(|found| found.owner.clone())),
            first_at: one.first_at.into(),
            app,
            gone: found.is_none(),
            row,
        }
    }
}

fn by_app(used: &[OperationUse]) -> HashMap<u64, Traffic> {
    let mut lines: HashMap<u64, Vec<&OperationUse>> = HashMap::new();
    used.iter().for_each(|one| lines.entry(one.app_id).or_default().push(one));
    let of =
        |lines: Vec<&OperationUse>| Traffic::of(lines.into_iter().map(|one| (one.operation.as_str(), one.calls, one.failed, one.last)));
    lines.into_iter().map(|(app_id, lines)| (app_id, of(lines))).collect()
}

fn report(report: &BoardReport, integrations: usize) -> MigrationReport {
    MigrationReport {
        id: report.id,
        repository: report.repository.clone(),
        received_at: report.received_at.into(),
        before_at: report.before_at.map(Moment::from),
        sent_by: report.sent_by.clone(),
        integrations: integrations as u64,
        loose: report.loose.clone(),
    }
}

/// What the board is ordered by: the first end, then repository and name.
fn key(one: &view::Integration) -> String {
    let date = one.row.deadline.as_ref().map_or("9999", |deadline| &deadline.date);
    format!("{date}\n{}\n{}\n{:020}", one.repository, one.name, one.id)
}

pub(super) async fn list(
    State(admin): State<Admin>,
    Extension(who): Extension<Principal>,
    Query(query): Query<MigrationQuery>,
) -> Answer<view::Migration> {
    let wanted = match query.state.as_deref() {
        None | Some("open" | "done") => None,
        Some(name) => Some(Step::named(name).ok_or_else(|| {
            let names = Step::ALL.map(Step::name).join(", ");
            ApiError::invalid(format!("{name} is not a state of an integration; use {names}, open or done"))
        })?),
    };
    let seen = Seen::now(&admin).await?;
    let present = seen.present();
    let nothing = Present::default();
    let shown: Vec<&BoardIntegration> = seen.board.integrations.iter().filter(|one| seen.is_shown(one, &who)).collect();
    let mut all: Vec<view::Integration> =
        shown.iter().map(|one| seen.described(one, present.get(&one.report_id).unwrap_or(&nothing), None)).collect();
    if let Some(repository) = &query.repository {
        all.retain(|one| one.repository == *repository);
    }
    let states = Step::ALL.map(|step| all.iter().filter(|one| one.row.state == step).count() as u64).to_vec();
    let done = all.iter().filter(|one| one.row.done).count() as u64;
    all.retain(|one| match query.state.as_deref() {
        Some("open") => !one.row.done,
        Some("done") => one.row.done,
        _ => wanted.is_none_or(|step| one.row.state == step),
    });
    if let Some(q) = query.q.as_deref().map(str::to_lowercase) {
        let has = |text: Option<&str>| text.is_some_and(|text| text.to_lowercase().contains(&q));
        all.retain(|one| has(Some(&one.name)) || has(one.folder.as_deref()) || has(one.owner.as_deref()));
    }
    let (integrations, after) = page(all, query.after.as_deref(), query.limit, key)?;
    let is_limited = who.role.apps().is_some();
    let reports = seen.board.reports.iter().filter_map(|one| {
        let mut of_report = shown.iter().filter(|integration| integration.report_id == one.id).peekable();
        if is_limited && of_report.peek().is_none() {
            return None;
        }
        let mut report = report(one, of_report.filter(|integration| integration.kept.found.is_some()).count());
        if is_limited {
            // They are of no app.
            report.loose.clear();
        }
        Some(report)
    });
    answer(view::Migration {
        reports: reports.collect(),
        integrations,
        states,
        done,
        counted_at: seen.traffic.as_ref().map(|(_, at)| Moment::from(*at)),
        after,
    })
}

/// Whether an integration is there and may be shown to somebody.
pub(super) async fn concerns(admin: &Admin, who: &Principal, id: u64) -> bool {
    let Ok(seen) = Seen::now(admin).await else { return false };
    seen.board.integrations.iter().any(|one| one.id == id && seen.is_shown(one, who))
}

pub(super) async fn show(
    State(admin): State<Admin>,
    Extension(who): Extension<Principal>,
    Path(id): Path<u64>,
) -> Answer<view::IntegrationAnswer> {
    shown(&admin, &who, id).await
}

async fn shown(admin: &Admin, who: &Principal, id: u64) -> Answer<view::IntegrationAnswer> {
    let seen = Seen::now(admin).await?;
    let one = seen.board.integrations.iter().find(|one| one.id == id);
    let one = one.ok_or_else(|| {
        ApiError::new(404, "not_found", format!("there is no integration {id} on the board; see \"keyway migration list\""))
    })?;
    let planned = one.kept.found.clone().and_then(|found| {
        let found = Found { integrations: vec![found], ..Found::default() };
        plan(&found, &seen.now.to_date(), ".").apps.pop()
    });
    let present = seen.present();
    let integration = seen.described(one, present.get(&one.report_id).unwrap_or(&Present::default()), planned.as_ref());
    let traffic = integration.app.as_ref().and_then(|app| seen.traffic_of(app.id));
    let mut candidates = if integration.app.is_some() { Vec::new() } else { seen.apps_of(one) };
    candidates.retain(|app| who.sees(app.id));
    answer(view::IntegrationAnswer {
        ageing: traffic.map(|traffic| traffic.operations.clone()).unwrap_or_default(),
        current_calls: traffic.map_or(0, |traffic| traffic.current.calls),
        earlier: one.kept.earlier.clone(),
        plan: planned,
        candidates,
        integration,
    })
}

pub(super) async fn link(
    State(admin): State<Admin>,
    Extension(who): Extension<Principal>,
    Path(id): Path<u64>,
    JsonBody(asked): JsonBody<LinkBody>,
) -> Answer<view::IntegrationAnswer> {
    admin.control.link_integration(id, asked.app.as_deref().filter(|app| !app.is_empty())).await?;
    shown(&admin, &who, id).await
}

pub(super) async fn forget_integration(State(admin): State<Admin>, Path(id): Path<u64>) -> Answer<view::Deleted> {
    admin.control.forget_integration(id).await?;
    answer(view::Deleted { deleted: id })
}

pub(super) async fn forget_report(State(admin): State<Admin>, Path(id): Path<u64>) -> Answer<view::Deleted> {
    admin.control.forget_report(id).await?;
    answer(view::Deleted { deleted: id })
}

pub(super) async fn send(State(admin): State<Admin>, JsonBody(asked): JsonBody<ReportBody<Report>>) -> Answer<view::ReportSent> {
    let found = match (asked.report, asked.found) {
        (Some(report), None) if report.version == 1 => {
            let grouping = Grouping { repository: asked.repository.clone(), ..Grouping::default() };
            sort(Some(&report), &[], &grouping)
        }
        (Some(_), None) => return Err(ApiError::invalid("the report is of another version than 1")),
        (None, Some(found)) => found,
        _ => {
            return Err(ApiError::invalid(
                "give a report of `keyway scan --json` as \"report\", or what `keyway plan` sorted as \"found\"",
            ));
        }
    };
    let Taken { report: taken, integrations, new, gone } = admin.control.take_report(&asked.repository, found).await?;
    answer(view::ReportSent { report: report(&taken, integrations), new: new as u64, gone: gone as u64 })
}
