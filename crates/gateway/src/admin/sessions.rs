//! Sessions of apps: tokens for agents, narrower than their app, with an end and budgets.

use axum::Extension;
use axum::extract::State;
use keyway_api::body::SessionBody;
use keyway_api::query::SessionsQuery;

use super::Admin;
use super::extract::{JsonBody, Path, Query};
use super::page::page;
use super::view::{self, Answer, answer};
use crate::control::NewSession;
use crate::model::{App, SessionBudget, SessionUse, Token};
use crate::principal::Principal;

pub(super) async fn create(
    State(admin): State<Admin>,
    Extension(who): Extension<Principal>,
    Path(app): Path<String>,
    JsonBody(asked): JsonBody<SessionBody>,
) -> Answer<view::AppAndSession> {
    let new = NewSession {
        scopes: asked.scopes,
        classes: asked.classes,
        lifetime_ms: asked.lifetime_ms,
        person: asked.on_behalf_of,
        purpose: asked.purpose,
        budget: SessionBudget {
            calls: asked.calls,
            records: asked.records,
            calls_per_day: asked.calls_per_day,
            records_per_day: asked.records_per_day,
        },
        approve: asked.approval.as_ref().map(super::body::rule).transpose()?.unwrap_or_default(),
        created_by: who.who.name().to_owned(),
    };
    let (app, made) = admin.control.create_app_session(&app, new).await?;
    let session = view::session(&app, &made.token, SessionUse::default(), admin.seen(app.hub_id));
    answer(view::AppAndSession { app: view::app(&app), session, token: view::made_token(&made) })
}

pub(super) async fn of_app(
    State(admin): State<Admin>,
    Path(app): Path<String>,
    Query(query): Query<SessionsQuery>,
) -> Answer<view::Sessions> {
    let (app, _) = admin.control.app(&app).await?;
    listed(&admin, admin.control.app_sessions(Some(app.id)).await?, &query)
}

pub(super) async fn list(
    State(admin): State<Admin>,
    Extension(who): Extension<Principal>,
    Query(query): Query<SessionsQuery>,
) -> Answer<view::Sessions> {
    let mut all = admin.control.app_sessions(None).await?;
    all.retain(|(app, ..)| who.sees(app.id));
    listed(&admin, all, &query)
}

fn listed(admin: &Admin, mut all: Vec<(App, Token, SessionUse)>, query: &SessionsQuery) -> Answer<view::Sessions> {
    match query.state.as_deref() {
        None | Some("all") => {}
        Some("active") => all.retain(|(app, token, used)| view::session(app, token, *used, admin.seen(app.hub_id)).state == "active"),
        Some(other) => return Err(super::body::ApiError::invalid(format!("{other} is not a state to list by; use active or all"))),
    }
    let (shown, after) = page(all, query.after.as_deref(), query.limit, |(_, token, _)| token.id)?;
    let sessions = shown.iter().map(|(app, token, used)| view::session(app, token, *used, admin.seen(app.hub_id))).collect();
    answer(view::Sessions { sessions, after })
}

pub(super) async fn show(State(admin): State<Admin>, Path(session): Path<u64>) -> Answer<view::SessionAnswer> {
    let (app, token, used) = admin.control.app_session(session).await?;
    answer(view::SessionAnswer { session: view::session(&app, &token, used, admin.seen(app.hub_id)) })
}

pub(super) async fn end(State(admin): State<Admin>, Path(session): Path<u64>) -> Answer<view::SessionAnswer> {
    let (app, token, used) = admin.control.end_app_session(session).await?;
    answer(view::SessionAnswer { session: view::session(&app, &token, used, admin.seen(app.hub_id)) })
}
