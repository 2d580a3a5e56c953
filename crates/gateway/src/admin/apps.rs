//! Apps: one integration each, with what it may do.

use std::collections::HashSet;

use axum::Extension;
use axum::extract::State;
use keyway_api::query::AppsQuery;
use keyway_core::safety::Classes;

use super::Admin;
use super::body::{ApiError, AppBody, rule, sharing};
use super::extract::{JsonBody, Path, Query};
use super::page::page;
use super::view::{self, Answer, answer};
use crate::clock;
use crate::control::{AppChange, FirstToken, NewApp};
use crate::history::{self, Range};
use crate::model::{App, Token};
use crate::principal::Principal;

pub(super) async fn list(
    State(admin): State<Admin>,
    Extension(who): Extension<Principal>,
    Query(query): Query<AppsQuery>,
) -> Answer<view::Apps> {
    let mut all = admin.control.apps(query.hub_id).await;
    all.retain(|(app, _)| app.public_app.is_none() && who.sees(app.id));
    let (shown, after) = page(all, query.after.as_deref(), query.limit, |(app, _)| app.id)?;
    let ids: HashSet<u64> = shown.iter().map(|(app, _)| app.id).collect();
    let of_page = |_, app_id: Option<u64>| app_id.is_some_and(|id| ids.contains(&id));
    // The list of apps does not depend on counts: what can't be read is left out.
    let counted = history::calls(&admin.audit, Range::Day.until(clock::now()), of_page).await;
    let counted = counted.inspect_err(|error| tracing::warn!(%error, "the calls of the listed apps can't be read")).ok();
    let row = |(app, tokens): &(App, Vec<Token>)| {
        let day = counted.as_ref().map(|day| {
            let (calls, failed) = day.get(&app.id).copied().unwrap_or_default();
            view::CallsOfDay { calls, failed }
        });
        view::AppWithTokens { day, ..view::app_with_tokens(app, tokens, admin.seen(app.hub_id)) }
    };
    answer(view::Apps { apps: shown.iter().map(row).collect(), after })
}

pub(super) async fn create(State(admin): State<Admin>, JsonBody(asked): JsonBody<AppBody>) -> Answer<view::AppAndMadeToken> {
    let hub_id = match asked.hub_id {
        Some(hub_id) => hub_id,
        None => only_account(&admin).await?,
    };
    let sharing = sharing(&asked);
    let new = NewApp {
        hub_id,
        name: asked.name.unwrap_or_default(),
        description: asked.description.unwrap_or_default(),
        owner: asked.owner.unwrap_or_default(),
        dependents: asked.dependents.unwrap_or_default(),
        scopes: [asked.scopes.unwrap_or_default(), asked.add_scopes].concat(),
        sharing,
        translate: asked.translate.unwrap_or(false),
        no_limits: asked.no_limits.unwrap_or(false),
        unlisted: asked.unlisted,
        allow: asked.allow,
        approve: asked.approval.as_ref().map(rule).transpose()?.unwrap_or_default(),
        token: FirstToken::Random,
        lifetime_ms: asked.lifetime_ms,
    };
    let (app, token) = admin.control.create_app(new).await?;
    answer(view::AppAndMadeToken { app: view::app(&app), token: view::made_token(&token) })
}

async fn only_account(admin: &Admin) -> Result<u64, ApiError> {
    match admin.control.accounts().await.as_slice() {
        [one] => Ok(one.hub_id),
        [] => Err(ApiError::invalid("there is no account yet")),
        several => {
            let some: Vec<String> = several.iter().take(5).map(|account| account.hub_id.to_string()).collect();
            let more = if several.len() > some.len() { " and more" } else { "" };
            Err(ApiError::invalid(format!(
                "there are several accounts: {}{more}. Name one with --account, or with hubId in a call of the admin API",
                some.join(", ")
            )))
        }
    }
}

pub(super) async fn show(State(admin): State<Admin>, Path(app): Path<String>) -> Answer<view::AppAnswer> {
    let (app, tokens) = admin.control.app(&app).await?;
    answer(view::AppAnswer { app: view::app_with_tokens(&app, &tokens, admin.seen(app.hub_id)) })
}

pub(super) async fn update(
    State(admin): State<Admin>,
    Extension(who): Extension<Principal>,
    Path(app): Path<String>,
    JsonBody(asked): JsonBody<AppBody>,
) -> Answer<view::ChangedApp> {
    if asked.hub_id.is_some() {
        return Err(ApiError::invalid("an app stays in its account"));
    }
    if asked.lifetime_ms.is_some() {
        return Err(ApiError::invalid("a token keeps the lifetime that it was made with; rotate it to give the new one another"));
    }
    if who.role.apps().is_some() {
        only_less(&admin, &app, &asked).await?;
    }
    let sharing = sharing(&asked);
    let AppBody {
        name,
        description,
        owner,
        dependents,
        scopes,
        add_scopes,
        remove_scopes,
        enabled,
        translate,
        no_limits,
        unlisted,
        allow,
        approval,
        ..
    } = asked;
    let change = AppChange {
        name,
        description,
        owner,
        dependents,
        scopes,
        add_scopes,
        remove_scopes,
        sharing,
        translate,
        no_limits,
        unlisted,
        allow,
        approve: approval.as_ref().map(rule).transpose()?,
        enabled,
    };
    let changed = admin.control.update_app(&app, change).await?;
    answer(view::ChangedApp { app: view::app(&changed) })
}

/// An app manager removes scopes, and gives none: otherwise looking after one app would open every
/// scope of its account. The shares are what other apps are left with.
async fn only_less(admin: &Admin, app: &str, asked: &AppBody) -> Result<(), ApiError> {
    let (app, _) = admin.control.app(app).await?;
    let granted = |scope: &String| app.scopes.contains(scope);
    let is_wider = |words: &Vec<String>| Classes::parse(words).is_ok_and(|asked| !asked.is_subset(app.allow));
    let widened =
        asked.allow.as_ref().is_some_and(is_wider) || !asked.scopes.iter().flatten().all(granted) || !asked.add_scopes.iter().all(granted);
    if widened
        || asked.unlisted.is_some()
        || asked.approval.is_some()
        || asked.no_limits.is_some()
        || asked.weight.is_some()
        || asked.reserve.is_some()
        || asked.max_wait_ms.is_some()
    {
        return Err(ApiError::new(
            403,
            "forbidden",
            "an app manager gives an app no scopes, no classes of operations, no other part of the limits and no other rule for approvals; ask a super admin",
        ));
    }
    Ok(())
}

pub(super) async fn delete(State(admin): State<Admin>, Path(app): Path<String>) -> Answer<view::Deleted> {
    let deleted = admin.control.delete_app(&app).await?;
    answer(view::Deleted { deleted: deleted.id })
}
