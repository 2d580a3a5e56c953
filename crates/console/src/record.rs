//! One call: what was asked for, what came of it, why, what to do about it, and other calls like it.

use askama::Template;
use keyway_api::OperationId;
use keyway_api::body::DoctorBody;
use keyway_api::view::{CallRecord, Diagnosed, Records};
use keyway_core::refusal::{Refusal, Word};
use serde_json::json;

use super::api::{Refused, with_query};
use super::app_words::{self, App};
use super::explain::{self, Explained};
use super::names::Names;
use super::page;
use super::path::Path;
use super::record_words::RecordWords;
use super::shell::Shell;
use super::sign_in::see_other;
use super::visitor::{Fields, Page, Sent, Visitor};
use super::words::{filters, sentence};

const SECTION: &str = "/audit";
/// Other calls that are shown.
const SIMILAR: usize = 6;
/// What a call may wait for the limits at most, and at first where it may not wait yet, in milliseconds.
const WAIT_MS_MAX: u32 = 60_000;
const WAIT_MS_FIRST: u32 = 5_000;

#[derive(Template)]
#[template(path = "record.html")]
struct RecordPage<'a> {
    shell: Shell<'a>,
    record: &'a CallRecord,
    app: Option<&'a App>,
    names: Names,
    explained: Explained,
    remedy: Option<Remedy>,
    /// What the doctor knows beyond that.
    doctor: Vec<Cause>,
    similar: Vec<CallRecord>,
    all_similar: String,
}

impl RecordPage<'_> {
    fn token(&self) -> Option<&str> {
        let id = self.record.token_id?;
        self.app?.tokens.iter().find(|token| token.id == id).map(|token| token.hint.as_str())
    }
}

/// What a click does about it.
enum Remedy {
    /// Grants one of these sets of scopes to the app.
    Grant(Vec<Vec<&'static str>>),
    /// Lets the app's calls wait this long for the limits, in milliseconds.
    Wait(u32),
    /// Accepts the app's tokens again.
    Enable,
    /// Leads to the page where it is done: its address, and what is done there.
    Page(String, &'static str),
}

/// A cause that the doctor named.
struct Cause {
    title: String,
    because: String,
    remedy: Vec<String>,
    page: String,
}

impl Remedy {
    /// What helps, where the person may do it.
    fn of(shell: Shell<'_>, record: &CallRecord, app: Option<&App>, explained: &Explained, waits: bool) -> Option<Self> {
        let refusal = record.word().and_then(|word| Word(word).explained());
        // Only who may make apps may give one more scopes.
        if !explained.scopes.is_empty() && shell.may(OperationId::CreateApp) {
            return Some(Self::Grant(explained.scopes.clone()));
        }
        let app = app?;
        let may_update = shell.may(OperationId::UpdateApp);
        let at = |part: &str| format!("/apps/{}{part}", app.id);
        match refusal? {
            Refusal::AppDisabled if may_update && !app.enabled => Some(Self::Enable),
            Refusal::LimitReached | Refusal::SearchLimitReached if waits && may_update && app.max_wait_ms < WAIT_MS_MAX => {
                Some(Self::Wait((app.max_wait_ms * 2).clamp(WAIT_MS_FIRST, WAIT_MS_MAX)))
            }
            Refusal::TokenRevoked | Refusal::TokenRotated | Refusal::TokenExpired if shell.may(OperationId::RotateToken) => {
                Some(Self::Page(at("/rotate"), "Make a new token"))
            }
            Refusal::ClassNotAllowed | Refusal::UnlistedOperation | Refusal::NoScopeExists if may_update => {
                Some(Self::Page(at("/edit"), "Change what the app may call"))
            }
            Refusal::ConnectionCredential => Some(Self::Page(format!("/accounts/{}", app.hub_id), "Look at the account's connection")),
            Refusal::ApprovalRequired => Some(Self::Page("/approvals".to_owned(), "Look at the approvals")),
            _ => None,
        }
    }
}

/// One record, explained.
pub(super) async fn show(visitor: Visitor, fields: Fields) -> Page {
    let id = fields.get("id");
    let found: Records = visitor
        .api
        .get(&with_query("/api/v1/audit", &[("correlationId", id), ("app", fields.get("app")), ("limit", "1")]))
        .await
        .map_err(|refused| visitor.refused(SECTION, &refused))?;
    let Some(record) = found.records.first() else {
        let detail = "there is no record with that correlation ID".to_owned();
        return Err(visitor.refused(SECTION, &Refused { status: 404, detail }));
    };
    let app = match record.app_id {
        Some(id) => app_words::get(&visitor.api, id).await.ok(),
        None => None,
    };
    let shell = visitor.shell(SECTION);
    let explained = explain::explain(record, app.as_ref());
    // Calls of an embedded account never wait for its limits.
    let waits = match record.hub_id {
        Some(hub_id) if record.status == Some(429) => {
            !super::accounts::get(&visitor, hub_id).await.is_ok_and(|account| account.connection.is_none())
        }
        _ => false,
    };
    let remedy = Remedy::of(shell, record, app.as_ref(), &explained, waits);
    let doctor = if record.sign() == "fine" || explain::is_mended(record, app.as_ref(), &explained) {
        Vec::new()
    } else {
        diagnosed(&visitor, record, &explained).await
    };
    let app_id = record.app_id.map(|id| id.to_string()).unwrap_or_default();
    let alike = [("app", app_id.as_str()), ("operation", record.operation.as_str()), ("category", record.word().unwrap_or_default())];
    let limit = (SIMILAR + 1).to_string();
    let similar = visitor.api.get::<Records>(&with_query("/api/v1/audit", &[&alike[..], &[("limit", &limit)]].concat())).await;
    let mut similar = similar.map(|found| found.records).unwrap_or_default();
    similar.retain(|other| other.id != record.id);
    similar.truncate(SIMILAR);
    let names = Names::of(&visitor.api, std::iter::empty()).await;
    let all_similar = with_query(SECTION, &alike);
    Ok(page::render(&RecordPage { shell, record, app: app.as_ref(), names, explained, remedy, doctor, similar, all_similar }))
}

/// What the doctor says that the explanation does not.
async fn diagnosed(visitor: &Visitor, record: &CallRecord, explained: &Explained) -> Vec<Cause> {
    if !visitor.api.may(OperationId::Diagnose) {
        return Vec::new();
    }
    let body = DoctorBody { correlation_id: Some(record.correlation_id.clone()), ..DoctorBody::default() };
    let Ok(Diagnosed { calls }) = visitor.api.post("/api/v1/doctor", &body).await else { return Vec::new() };
    let cause = |one: keyway_advice::doctor::Diagnosis| Cause {
        title: sentence(&one.title),
        because: sentence(&one.because),
        remedy: one.remedy.into_iter().filter(|step| !explained.remedy.contains(step)).map(|step| sentence(&step)).collect(),
        page: one.page.into_owned(),
    };
    // The rule that refused the call is explained already.
    let is_new =
        |one: &keyway_advice::doctor::Diagnosis| record.rule.as_deref() != Some(one.cause.strip_prefix("keyway-").unwrap_or(&one.cause));
    calls.into_iter().flat_map(|call| call.causes).filter(is_new).map(cause).collect()
}

/// Grants scopes to an app, and leads back to the call that lacked them.
pub(super) async fn grant(Path(id): Path<u64>, Sent { visitor, fields }: Sent) -> Page {
    let scopes: Vec<&str> = fields.get("scopes").split_whitespace().collect();
    let body = json!({ "addScopes": scopes });
    visitor.api.patch(&format!("/api/v1/apps/{id}"), &body).await.map_err(|refused| visitor.refused("/apps", &refused))?;
    Ok(back(id, &fields, "granted"))
}

/// Lets an app's calls wait longer for the limits, and leads back to the call that was refused.
pub(super) async fn wait(Path(id): Path<u64>, Sent { visitor, fields }: Sent) -> Page {
    let body = json!({ "maxWaitMs": fields.get("wait").parse::<u32>().unwrap_or(WAIT_MS_FIRST) });
    visitor.api.patch(&format!("/api/v1/apps/{id}"), &body).await.map_err(|refused| visitor.refused("/apps", &refused))?;
    Ok(back(id, &fields, "waits"))
}

/// The page that the form was on: that of a call, or of the app.
fn back(app_id: u64, fields: &Fields, done: &str) -> axum::response::Response {
    let id = app_id.to_string();
    match fields.get("record") {
        "" => see_other(&format!("/apps/{id}?done={done}")),
        record => see_other(&with_query("/audit/record", &[("id", record), ("app", &id), ("done", done)])),
    }
}
