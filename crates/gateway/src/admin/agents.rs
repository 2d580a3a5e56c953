//! A person approves an agent, over the admin API: what the console's page does with a yes.

use axum::Extension;
use axum::extract::State;
use keyway_api::body::AgentBody;
use keyway_oauth::server::authorize::Refusal;

use super::Admin;
use super::body::ApiError;
use super::extract::{JsonBody, Path};
use super::view::{self, Answer, answer};
use crate::control::NewSession;
use crate::model::SessionBudget;
use crate::principal::{Principal, Who};

pub(super) async fn approve(
    State(admin): State<Admin>,
    Extension(who): Extension<Principal>,
    Path(app): Path<String>,
    JsonBody(body): JsonBody<AgentBody>,
) -> Answer<view::Approved> {
    let agents = admin.agents.as_ref().ok_or_else(|| {
        ApiError::new(409, "conflict", "this server has no listener for agents. Start it with: keyway serve --mcp 127.0.0.1:8487")
    })?;
    let query = body.authorize_url.split_once('?').map_or("", |(_, query)| query);
    let asked = agents.read(query).await.map_err(|refusal| match refusal {
        Refusal::Shown(text) => ApiError::invalid(text),
        Refusal::Redirected { error, .. } => ApiError::invalid(error.description),
    })?;
    let new = NewSession {
        scopes: body.scopes.or_else(|| (!asked.request.scopes.is_empty()).then(|| asked.request.scopes.clone())),
        classes: body.classes,
        lifetime_ms: body.lifetime_ms,
        person: person(&who, body.on_behalf_of)?,
        purpose: body.purpose.unwrap_or_else(|| asked.called().to_owned()),
        budget: SessionBudget {
            calls: body.calls,
            records: body.records,
            calls_per_day: body.calls_per_day,
            records_per_day: body.records_per_day,
        },
        approve: keyway_core::approval::Rule::default(),
        created_by: who.who.name().to_owned(),
    };
    let (_, code) = admin.control.approve_agent(&app, new, asked.agent(), &asked.request).await?;
    let redirect_to = asked.answered(&[("code", code.expose())]);
    answer(view::Approved { redirect_to, code: code.expose().clone() })
}

/// An agent acts for whoever approves, and for nobody else. A program approves for somebody, whom it names.
fn person(who: &Principal, named: Option<String>) -> Result<String, ApiError> {
    match (&who.who, named) {
        (Who::Person { email, .. }, None) => Ok(email.clone()),
        (Who::Person { email, .. }, Some(named)) if named.eq_ignore_ascii_case(email) => Ok(email.clone()),
        (Who::Person { .. }, Some(_)) => Err(ApiError::invalid("an agent acts on behalf of whoever approves it: leave onBehalfOf out")),
        (_, Some(named)) => Ok(named),
        (_, None) => Err(ApiError::invalid("onBehalfOf must name the person on whose behalf the agent acts")),
    }
}
