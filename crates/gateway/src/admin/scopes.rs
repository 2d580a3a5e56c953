//! Which of an app's scopes its calls needed.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::{Extension, Json};
use keyway_core::catalog::{Catalog, Method};
use keyway_core::cover::least;
use keyway_core::scope::ScopeSet;
use keyway_core::time::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Admin;
use super::body::{ApiError, VERSION};
use super::extract::{Path, Query};
use super::usage::days_back;
use crate::audit::OperationUse;
use crate::control::BASE_SCOPE;
use crate::model::App;
use crate::principal::Principal;

/// Days looked back when nothing is said: long enough for what runs once a quarter.
const DAYS_DEFAULT: u32 = 90;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct DaysQuery {
    days: Option<u32>,
}

impl DaysQuery {
    fn since(&self) -> Result<(u32, Timestamp), ApiError> {
        days_back(self.days, DAYS_DEFAULT)
    }
}

/// What one app was granted beside what its calls needed.
pub(super) async fn of_app(
    State(admin): State<Admin>,
    Path(app): Path<String>,
    Query(query): Query<DaysQuery>,
) -> Result<Json<Value>, ApiError> {
    let (days, since) = query.since()?;
    let (app, _) = admin.control.app(&app).await?;
    let used = admin.audit.permitted_use(app.id, since).await?;
    // A log that does not reach back so far says less than was asked.
    let oldest = admin.audit.oldest().await?;
    let complete = oldest.is_some_and(|oldest| oldest <= since) || app.created_at >= since;
    let needed = needed(&app, &used);
    Ok(Json(json!({
        "version": VERSION, "app": { "id": app.id, "name": app.name, "hubId": app.hub_id },
        "days": days, "since": since.to_iso(), "complete": complete, "calls": used.iter().map(|one| one.calls).sum::<u64>(),
        "granted": app.scopes, "needed": needed.scopes, "unused": needed.unused, "least": needed.least, "operations": needed.operations,
    })))
}

/// Apps that made no call, with the day of the last one.
pub(super) async fn unused_apps(
    State(admin): State<Admin>,
    Extension(who): Extension<Principal>,
    Query(query): Query<DaysQuery>,
) -> Result<Json<Value>, ApiError> {
    let (days, since) = query.since()?;
    let mut unused = Vec::new();
    for (app, tokens) in admin.control.apps(None).await.into_iter().filter(|(app, _)| who.sees(app.id)) {
        let last = tokens.iter().filter_map(|token| token.last_used_at).max();
        if last.unwrap_or(app.created_at) < since {
            unused.push(json!({
                "id": app.id, "name": app.name, "hubId": app.hub_id, "owner": app.owner, "enabled": app.enabled,
                "createdAt": app.created_at.to_iso(), "lastUsedAt": last.map(Timestamp::to_iso),
            }));
        }
    }
    Ok(Json(json!({ "version": VERSION, "days": days, "since": since.to_iso(), "apps": unused })))
}

/// Where the calls with a token come from: who must move before it ends.
pub(super) async fn users_of_token(
    State(admin): State<Admin>,
    Path(token_id): Path<u64>,
    Query(query): Query<DaysQuery>,
) -> Result<Json<Value>, ApiError> {
    let (days, since) = query.since()?;
    let sources = admin.audit.sources_of(token_id, since).await?;
    let users: Vec<Value> =
        sources.iter().map(|(source, calls, last)| json!({ "source": source, "calls": calls, "last": last.to_iso() })).collect();
    Ok(Json(json!({ "version": VERSION, "tokenId": token_id, "days": days, "users": users })))
}

struct Needed {
    scopes: Vec<&'static str>,
    unused: Vec<String>,
    least: bool,
    operations: Vec<Value>,
}

/// The least of an app's scopes that open every operation it was let through to.
fn needed(app: &App, used: &[OperationUse]) -> Needed {
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
    let needs: Vec<Vec<ScopeSet>> = uses.keys().map(|(name, object)| alternatives(name, *object).unwrap_or_default()).collect();
    let cover = least(&needs, &granted);
    let scopes = cover.scopes.names();
    let unused = app.scopes.iter().filter(|scope| *scope != BASE_SCOPE && !scopes.contains(&scope.as_str())).cloned().collect();
    let operations = uses.iter().zip(&needs).map(|(((name, object), (calls, last)), need)| {
        let open = need.iter().find(|set| cover.scopes.contains_all(set)).map(ScopeSet::names).unwrap_or_default();
        json!({ "operation": name, "object": object, "calls": calls, "last": last.to_iso(), "scopes": open })
    });
    Needed { operations: operations.collect(), scopes, unused, least: cover.least }
}
