//! Which of an app's scopes its calls needed.

use std::collections::BTreeMap;

use axum::Extension;
use axum::extract::State;
use keyway_api::query::{DaysAndPage, DaysQuery};
use keyway_core::beside::Beside;
use keyway_core::catalog::{Catalog, Method};
use keyway_core::cover::least;
use keyway_core::requirement::{self, Alternatives};
use keyway_core::scope::ScopeSet;
use keyway_core::shown;
use keyway_core::time::Timestamp;

use super::Admin;
use super::body::ApiError;
use super::extract::{Path, Query};
use super::page::page;
use super::usage::days_back;
use super::view::{self, Answer, answer};
use crate::audit::{AppUse, OperationUse};
use crate::control::BASE_SCOPE;
use crate::model::{App, Token};
use crate::principal::Principal;

/// Days looked back by default: long enough for what runs once a quarter.
const DAYS_DEFAULT: u32 = 90;

/// What one app was granted beside what its calls needed.
pub(super) async fn of_app(
    State(admin): State<Admin>,
    Path(app): Path<String>,
    Query(query): Query<DaysQuery>,
) -> Answer<view::ScopesUsed> {
    let (days, since) = days_back(query.days, DAYS_DEFAULT)?;
    let (app, _) = admin.control.app(&app).await?;
    let AppUse { called, permitted: used } = admin.audit.use_of_app(app.id, since).await?;
    // A log that does not reach back so far says less than was asked. That of a young app has to reach back to its
    // beginning: a server on which nothing was called before has no older record, and misses none.
    let oldest = admin.audit.oldest().await?;
    let complete =
        oldest.is_some_and(|oldest| oldest <= since.max(app.created_at)) || (app.created_at >= since && admin.audit.is_whole().await?);
    let reached = admin.control.reached_beside(app.id).await?;
    let needed = needed(&app, &used, &called, &reached);
    let unlisted = unlisted(&app, &called);
    answer(view::ScopesUsed {
        app: view::AppName { id: app.id, name: app.name.clone(), hub_id: app.hub_id },
        days,
        since: since.into(),
        complete,
        calls: used.iter().map(|one| one.calls).sum(),
        granted: app.scopes,
        needed: needed.scopes.into_iter().map(str::to_owned).collect(),
        unused: needed.unused,
        least: needed.least,
        operations: needed.operations,
        beside: reached.types().map(|(row, access)| view::BesideUse { object: row.name.into(), access: access.verb().into() }).collect(),
        unlisted,
    })
}

/// Apps that made no call, with the day of the last one.
pub(super) async fn unused_apps(
    State(admin): State<Admin>,
    Extension(who): Extension<Principal>,
    Query(query): Query<DaysAndPage>,
) -> Answer<view::UnusedApps> {
    let (days, since) = days_back(query.days, DAYS_DEFAULT)?;
    let last = |tokens: &[Token]| tokens.iter().filter_map(|token| token.last_used_at).max();
    let mut unused = admin.control.apps(None).await;
    unused.retain(|(app, tokens)| who.sees(app.id) && last(tokens).unwrap_or(app.created_at) < since);
    let (shown, after) = page(unused, query.after.as_deref(), query.limit, |(app, _)| app.id)?;
    let unused = |(app, tokens): (App, Vec<Token>)| view::UnusedApp {
        id: app.id,
        name: app.name,
        hub_id: app.hub_id,
        owner: app.owner,
        enabled: app.enabled,
        created_at: app.created_at.into(),
        last_used_at: last(&tokens).map(view::Moment::from),
    };
    answer(view::UnusedApps { days, since: since.into(), apps: shown.into_iter().map(unused).collect(), after })
}

/// Where the calls with a token come from: who must move before it ends.
pub(super) async fn users_of_token(
    State(admin): State<Admin>,
    Path(token_id): Path<u64>,
    Query(query): Query<DaysAndPage>,
) -> Answer<view::TokenUsers> {
    let (days, since) = days_back(query.days, DAYS_DEFAULT)?;
    let sources = admin.audit.sources_of(token_id, since).await?;
    // The calls of a deleted app's token are still of interest.
    if sources.is_empty() && admin.control.app_of_token(token_id).await.is_none() {
        return Err(ApiError::new(404, "not_found", shown::unknown("token", &token_id.to_string(), "keyway token list")));
    }
    let (shown, after) = page(sources, query.after.as_deref(), query.limit, |(source, ..)| source.clone())?;
    let user = |(source, calls, last): (String, u64, Timestamp)| view::TokenUser { source, calls, last: last.into() };
    answer(view::TokenUsers { token_id, days, users: shown.into_iter().map(user).collect(), after })
}

/// What an app called, or tried to call, that the catalog does not list.
fn unlisted(app: &App, used: &[OperationUse]) -> Vec<view::UnlistedUse> {
    let mut calls: BTreeMap<(&str, &str), (u64, Timestamp)> = BTreeMap::new();
    for one in used {
        let Some(called) = one.operation.split_once(" (unlisted) ").filter(|(_, path)| path.starts_with('/')) else { continue };
        let sum = calls.entry(called).or_insert((0, one.last));
        *sum = (sum.0 + one.calls, sum.1.max(one.last));
    }
    let shown = |((method, path), (calls, last)): ((&str, &str), (u64, Timestamp))| view::UnlistedUse {
        operation: format!("{method} {path}"),
        calls,
        last: last.into(),
        allowed: Method::parse(method).is_some_and(|method| app.unlisted.allows(method, path)),
    };
    calls.into_iter().map(shown).collect()
}

struct Needed {
    scopes: Vec<&'static str>,
    unused: Vec<String>,
    least: bool,
    operations: Vec<view::OperationUse>,
}

/// The least of an app's scopes that open every operation that its permitted calls used, every object type that
/// its calls reached beside their paths, and every operation that it was refused before it got the scope.
fn needed(app: &App, used: &[OperationUse], called: &[OperationUse], reached: &Beside) -> Needed {
    let catalog = Catalog::get();
    let granted = ScopeSet::of_known(app.scopes.iter().map(String::as_str));
    let mut uses: BTreeMap<(&str, Option<&str>), (u64, Timestamp)> = BTreeMap::new();
    for one in used {
        let sum = uses.entry((&one.operation, one.object.as_deref())).or_insert((0, one.last));
        *sum = (sum.0 + one.calls, sum.1.max(one.last));
    }
    let alternatives = |name: &str, object: Option<&str>| {
        let (method, template) = name.split_once(' ')?;
        let operation = catalog.find(Method::parse(method)?, template)?;
        catalog.requirement_on(operation, object).map(|requirement| requirement.alternatives())
    };
    let of_paths = uses.keys().map(|(name, object)| alternatives(name, *object).unwrap_or_default());
    // A type that the app could not reach has no alternative among its scopes, and needs none.
    let beside = reached.types().filter_map(|(row, access)| requirement::of_records(row, access));
    let may = |sets: &Vec<ScopeSet>| sets.iter().any(|set| granted.contains_all(set));
    let of_bodies = beside.map(Alternatives::sets).filter(may);
    // A scope that was granted after a refusal is not unused before the next call.
    let refused = called.iter().filter(|one| !uses.contains_key(&(&one.operation, one.object.as_deref())));
    let of_refused = refused.filter_map(|one| alternatives(&one.operation, one.object.as_deref())).filter(may);
    let needs: Vec<Vec<ScopeSet>> = of_paths.chain(of_bodies).chain(of_refused).collect();
    let cover = least(&needs, &granted);
    let scopes = cover.scopes.names();
    let unused = app.scopes.iter().filter(|scope| *scope != BASE_SCOPE && !scopes.contains(&scope.as_str())).cloned().collect();
    let operations = uses.iter().zip(&needs).map(|(((name, object), (calls, last)), need)| {
        let open = need.iter().find(|set| cover.scopes.contains_all(set)).map(ScopeSet::names).unwrap_or_default();
        view::OperationUse {
            operation: (*name).to_owned(),
            object: object.map(str::to_owned),
            calls: *calls,
            last: (*last).into(),
            scopes: open.into_iter().map(str::to_owned).collect(),
        }
    });
    Needed { operations: operations.collect(), scopes, unused, least: cover.least }
}
