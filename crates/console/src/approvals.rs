//! Calls that wait for a person's approval: the list, what a call would change, and the decision.
//!
//! A link of a notification is signed and ends. It leads here and decides nothing: whoever follows it signs in, looks,
//! and sends a form.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use keyway_api::OperationId;
use keyway_api::view::{Approval, ApprovalAnswer, Approvals, ChangedRecord};
use keyway_gateway::admin::Admin;
use keyway_gateway::clock;
use serde_json::{Value, json};

use super::api::Refused;
use super::page;
use super::path::Path;
use super::several::{self, Bar};
use super::shell::Shell;
use super::sign_in::see_other;
use super::visitor::{Fields, Page, Sent, Visitor};
use super::words::filters;

const SECTION: &str = "/approvals";

/// The mark of a state.
fn sign_of(approval: &Approval) -> &'static str {
    match approval.state.as_str() {
        "pending" => "warn",
        "approved" | "used" => "fine",
        "rejected" => "wrong",
        _ => "",
    }
}

fn is_pending(approval: &Approval) -> bool {
    approval.state == "pending"
}

fn app_of(approval: &Approval) -> String {
    approval.app.clone().unwrap_or_else(|| format!("app {}", approval.app_id))
}

#[derive(Template)]
#[template(path = "approvals.html")]
struct List<'a> {
    shell: Shell<'a>,
    bar: Bar,
    pending: Vec<Approval>,
    others: Vec<Approval>,
}

impl List<'_> {
    fn sign(&self, approval: &Approval) -> &'static str {
        sign_of(approval)
    }

    fn app_name(&self, approval: &Approval) -> String {
        app_of(approval)
    }

    /// What the box of a call is called: several calls of one operation may wait.
    fn label(&self, approval: &Approval) -> String {
        format!("{} {}", approval.id, approval.operation)
    }
}

/// The list: those that wait first.
pub(super) async fn list(visitor: Visitor, fields: Fields) -> Page {
    let found: Approvals = visitor.api.get("/api/v1/approvals?limit=200").await.map_err(|refused| visitor.refused(SECTION, &refused))?;
    let (pending, others) = found.approvals.into_iter().partition(is_pending);
    let bar = Bar::of(&visitor.api, several::List::Approvals, &fields);
    Ok(page::render(&List { shell: visitor.shell(SECTION), bar, pending, others }))
}

#[derive(Template)]
#[template(path = "approval.html")]
struct Detail<'a> {
    shell: Shell<'a>,
    approval: Approval,
}

impl Detail<'_> {
    fn sign(&self) -> &'static str {
        sign_of(&self.approval)
    }

    fn app_name(&self) -> String {
        app_of(&self.approval)
    }

    fn is_pending(&self) -> bool {
        is_pending(&self.approval)
    }

    /// Rows of the table that a record takes.
    fn rows(&self, record: &ChangedRecord) -> usize {
        record.properties.len().max(1)
    }
}

/// One approval. An address with a signature is one of a notification, and is refused where it is not this server's.
pub(super) async fn show(State(admin): State<Admin>, visitor: Visitor, Path(id): Path<u64>, fields: Fields) -> Page {
    if fields.has("signature") || fields.has("until") {
        let until = fields.get("until").parse().unwrap_or_default();
        if !admin.control.is_approval_link(id, until, fields.get("signature"), clock::now()) {
            let detail = "the link has ended, or this server did not make it. Open the approval from the list under Approvals";
            return Err(visitor.refused(SECTION, &Refused { status: 403, detail: detail.to_owned() }));
        }
    }
    let ApprovalAnswer { approval } =
        visitor.api.get(&format!("/api/v1/approvals/{id}")).await.map_err(|refused| visitor.refused(SECTION, &refused))?;
    Ok(page::render(&Detail { shell: visitor.shell(SECTION), approval }))
}

/// Approves the call.
pub(super) async fn approve(Path(id): Path<u64>, Sent { visitor, .. }: Sent) -> Page {
    decide(&visitor, id, "approve", &json!({}), "approved").await
}

/// Rejects the call.
pub(super) async fn reject(Path(id): Path<u64>, Sent { visitor, fields }: Sent) -> Page {
    decide(&visitor, id, "reject", &json!({ "reason": fields.get("reason") }), "rejected").await
}

async fn decide(visitor: &Visitor, id: u64, how: &str, body: &Value, done: &str) -> Result<Response, Response> {
    let decided = visitor.api.post::<Value>(&format!("/api/v1/approvals/{id}/{how}"), body).await;
    decided.map_err(|refused| visitor.refused(SECTION, &refused))?;
    Ok(see_other(&format!("{SECTION}/{id}?done={done}")))
}
