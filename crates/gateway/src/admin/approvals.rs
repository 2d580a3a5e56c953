//! Calls that need a person's approval: what they would change, and the decision.

use axum::Extension;
use axum::extract::State;
use keyway_api::body::DecisionBody;
use keyway_api::query::ApprovalsQuery;

use super::Admin;
use super::body::ApiError;
use super::extract::{OptionalBody, Path, Query};
use super::page::limit;
use super::view::{self, Answer, answer};
use crate::model::{App, Approval, ApprovalState};
use crate::principal::Principal;

/// Approvals that are read to find those that fit.
const READ_MAX: u32 = 5_000;

pub(super) async fn list(
    State(admin): State<Admin>,
    Extension(who): Extension<Principal>,
    Query(query): Query<ApprovalsQuery>,
) -> Answer<view::Approvals> {
    let most = limit(query.limit)?;
    let state = match query.state.as_deref() {
        Some(name) => Some(ApprovalState::parse(name).ok_or_else(|| {
            ApiError::invalid(format!("{name} is not a state of an approval; they are pending, approved, rejected, used and expired"))
        })?),
        None => None,
    };
    let app_id = match query.app.as_deref() {
        Some(app) => Some(admin.control.app(app).await?.0.id),
        None => None,
    };
    let mut found = admin.control.approvals(app_id, READ_MAX).await?;
    found.retain(|one| who.sees(one.app_id) && state.is_none_or(|state| one.state == state));
    found.sort_by_key(|one| one.state != ApprovalState::Pending);
    found.truncate(most);
    let apps = admin.control.apps(None).await;
    let app_of = |one: &Approval| apps.iter().map(|(app, _)| app).find(|app| app.id == one.app_id);
    answer(view::Approvals { approvals: found.iter().map(|one| view::approval(one, app_of(one), None)).collect() })
}

pub(super) async fn show(State(admin): State<Admin>, Path(id): Path<u64>) -> Answer<view::ApprovalAnswer> {
    let found = admin.control.approval(id).await?;
    shown(&admin, &found).await
}

pub(super) async fn approve(
    State(admin): State<Admin>,
    Path(id): Path<u64>,
    OptionalBody(asked): OptionalBody<DecisionBody>,
) -> Answer<view::ApprovalAnswer> {
    if !asked.reason.trim().is_empty() {
        return Err(ApiError::invalid("a reason is given where a call is rejected"));
    }
    let decided = admin.control.decide_approval(id, true, "").await?;
    shown(&admin, &decided).await
}

pub(super) async fn reject(
    State(admin): State<Admin>,
    Path(id): Path<u64>,
    OptionalBody(asked): OptionalBody<DecisionBody>,
) -> Answer<view::ApprovalAnswer> {
    let decided = admin.control.decide_approval(id, false, &asked.reason).await?;
    shown(&admin, &decided).await
}

async fn shown(admin: &Admin, approval: &Approval) -> Answer<view::ApprovalAnswer> {
    let app: Option<App> = admin.control.app(&approval.app_id.to_string()).await.ok().map(|(app, _)| app);
    let link = admin.control.approval_link(&admin.addresses.admin, approval);
    answer(view::ApprovalAnswer { approval: view::approval(approval, app.as_ref(), Some(link)) })
}
