//! Sessions of agents: the list, and of one session what it read, changed, was refused and asked for. One button ends it.

use std::collections::BTreeSet;

use askama::Template;
use keyway_api::OperationId;
use keyway_api::view::{Approval, Approvals, Budget, CallRecord, Records, Session, SessionAnswer, Sessions};
use keyway_core::catalog::Catalog;
use keyway_core::safety::Class;
use serde_json::Value;

use super::api::with_query;
use super::page;
use super::path::Path;
use super::rows::Rows;
use super::several::{self, Bar};
use super::shell::Shell;
use super::sign_in::see_other;
use super::visitor::{Fields, Page, Sent, Visitor};
use super::words::filters;

const SECTION: &str = "/agents";
/// Calls of a session that its page looks at, the newest ones; the audit log has all.
const CALLS: u32 = 1_000;
/// Records that a row names.
const RECORDS_NAMED: usize = 5;

/// The mark of a state.
fn sign_of(session: &Session) -> &'static str {
    match session.state.as_str() {
        "active" => "fine",
        "ended" => "wrong",
        _ => "warn",
    }
}

#[derive(Template)]
#[template(path = "sessions.html")]
struct List<'a> {
    shell: Shell<'a>,
    active: Vec<Session>,
    bar: Bar,
    ended: Rows<Session>,
}

impl List<'_> {
    fn sign(&self, session: &Session) -> &'static str {
        sign_of(session)
    }
}

/// The list: those that are active first.
pub(super) async fn list(visitor: Visitor, fields: Fields) -> Page {
    let found = visitor.api.all::<Sessions>("/api/v1/sessions", &[]).await.map_err(|refused| visitor.refused(SECTION, &refused))?;
    let (active, mut ended): (Vec<Session>, Vec<Session>) = found.into_iter().partition(|session| session.state == "active");
    ended.reverse();
    let ended = Rows::of(ended, &fields, |page| with_query(SECTION, &[("page", page)]));
    let bar = Bar::of(&visitor.api, several::List::Agents, &fields);
    Ok(page::render(&List { shell: visitor.shell(SECTION), active, bar, ended }))
}

/// Calls of one operation with one outcome.
struct Done {
    operation: String,
    /// What the operation does at worst.
    class: String,
    /// Why they were refused; none where they were not.
    refusal: Option<String>,
    calls: u64,
    records: BTreeSet<String>,
    /// The newest one.
    last: String,
    /// Its correlation id.
    id: String,
}

impl Done {
    /// The records that the row names, and how many more there are.
    fn named(&self) -> String {
        let named: Vec<&str> = self.records.iter().take(RECORDS_NAMED).map(String::as_str).collect();
        match self.records.len().saturating_sub(RECORDS_NAMED) {
            0 => named.join(", "),
            more => format!("{} and {more} more", named.join(", ")),
        }
    }
}

/// What a session did, by operation, the newest first.
#[derive(Default)]
struct Deeds {
    read: Vec<Done>,
    changed: Vec<Done>,
    refused: Vec<Done>,
}

impl Deeds {
    fn of(records: &[CallRecord]) -> Self {
        let mut deeds = Self::default();
        for record in records {
            let safety = Catalog::get().named(&record.operation).map(|operation| operation.safety);
            let list = match (record.decision.as_str(), safety) {
                ("denied", _) => &mut deeds.refused,
                (_, Some(safety)) if safety.class == Class::Read => &mut deeds.read,
                _ => &mut deeds.changed,
            };
            let refusal = record.rule.clone().filter(|_| record.decision == "denied");
            let at = list.iter().position(|one| one.operation == record.operation && one.refusal == refusal).unwrap_or_else(|| {
                list.push(Done {
                    operation: record.operation.clone(),
                    class: safety.map_or_else(|| "not known".to_owned(), |safety| safety.to_string()),
                    refusal,
                    calls: 0,
                    records: BTreeSet::new(),
                    last: record.time.to_string(),
                    id: record.correlation_id.clone(),
                });
                list.len() - 1
            });
            list[at].calls += 1;
            list[at].records.extend(record.record_ids.iter().cloned());
        }
        deeds
    }
}

#[derive(Template)]
#[template(path = "session.html")]
struct Detail<'a> {
    shell: Shell<'a>,
    session: Session,
    deeds: Deeds,
    asked: Vec<Approval>,
    /// Whether the audit log has older calls than those that the page looks at.
    has_more: bool,
}

impl Detail<'_> {
    fn sign(&self) -> &'static str {
        sign_of(&self.session)
    }

    fn is_active(&self) -> bool {
        self.session.state == "active"
    }

    /// Budgets by name.
    fn budgets(&self) -> [(&'static str, &Budget); 4] {
        let one = &self.session;
        [("Calls", &one.calls), ("Records", &one.records), ("Calls today", &one.calls_per_day), ("Records today", &one.records_per_day)]
    }

    /// The rule for approvals in words.
    fn approval(&self) -> String {
        let rule = &self.session.approval;
        let above = rule.above.map(|above| format!("changes of more than {}", super::words::counted(above, "record", "records")));
        let parts: Vec<String> = rule.classes.iter().cloned().chain(above).chain(rule.operations.iter().cloned()).collect();
        if parts.is_empty() { "no call".to_owned() } else { parts.join(", ") }
    }
}

/// One session.
pub(super) async fn show(visitor: Visitor, Path(id): Path<u64>) -> Page {
    let session = one(&visitor, id).await?;
    let number = id.to_string();
    let query = with_query("/api/v1/audit", &[("session", &number), ("limit", &CALLS.to_string())]);
    let calls: Records = visitor.api.get(&query).await.map_err(|refused| visitor.refused(SECTION, &refused))?;
    let app = session.app_id.to_string();
    let query = with_query("/api/v1/approvals", &[("app", &app), ("limit", "1000")]);
    let approvals: Approvals = visitor.api.get(&query).await.map_err(|refused| visitor.refused(SECTION, &refused))?;
    let asked = approvals.approvals.into_iter().filter(|approval| approval.session_id == Some(id)).collect();
    let (deeds, has_more) = (Deeds::of(&calls.records), calls.before.is_some());
    Ok(page::render(&Detail { shell: visitor.shell(SECTION), session, deeds, asked, has_more }))
}

async fn one(visitor: &Visitor, id: u64) -> Result<Session, axum::response::Response> {
    let found = visitor.api.get::<SessionAnswer>(&format!("/api/v1/sessions/{id}")).await;
    Ok(found.map_err(|refused| visitor.refused(SECTION, &refused))?.session)
}

#[derive(Template)]
#[template(path = "session_end.html")]
struct End<'a> {
    shell: Shell<'a>,
    session: Session,
}

/// What ending it means.
pub(super) async fn ask_end(visitor: Visitor, Path(id): Path<u64>) -> Page {
    let session = one(&visitor, id).await?;
    Ok(page::render(&End { shell: visitor.shell(SECTION), session }))
}

/// Ends it.
pub(super) async fn end(Path(id): Path<u64>, Sent { visitor, .. }: Sent) -> Page {
    let ended: Result<Value, _> = visitor.api.delete(&format!("/api/v1/sessions/{id}")).await;
    ended.map_err(|refused| visitor.refused(SECTION, &refused))?;
    Ok(see_other(&format!("{SECTION}/{id}?done=ended")))
}
