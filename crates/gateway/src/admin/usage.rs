//! What the audit says of who calls what: by app, operation and day, with what ends when.

use std::collections::HashMap;

use axum::Extension;
use axum::extract::State;
use keyway_api::query::UsageQuery;
use keyway_core::catalog::Method;
use keyway_core::sunset;
use keyway_core::time::Timestamp;

use super::Admin;
use super::body::ApiError;
use super::extract::Query;
use super::page::page;
use super::view::{self, Answer, answer};
use crate::audit::OperationUse;
use crate::clock;
use crate::principal::Principal;

/// Days looked back by default.
const DAYS_DEFAULT: u32 = 30;
/// Days looked back at most.
const DAYS_MAX: u32 = 400;

/// The days to look back, and the moment at which they begin.
pub(super) fn days_back(asked: Option<u32>, otherwise: u32) -> Result<(u32, Timestamp), ApiError> {
    let days = asked.unwrap_or(otherwise);
    if !(1..=DAYS_MAX).contains(&days) {
        return Err(ApiError::parameter("days", format!("a number from 1 to {DAYS_MAX}")));
    }
    Ok((days, clock::now().plus_ms(-i64::from(days) * 86_400_000)))
}

pub(super) async fn list(
    State(admin): State<Admin>,
    Extension(who): Extension<Principal>,
    Query(query): Query<UsageQuery>,
) -> Answer<view::UsageAnswer> {
    let (_, since) = days_back(query.days, DAYS_DEFAULT)?;
    if let Some(hub_id) = query.hub_id {
        admin.control.account(hub_id).await?;
    }
    let names: HashMap<u64, String> = admin.control.apps(query.hub_id).await.into_iter().map(|(app, _)| (app.id, app.name)).collect();
    let used = admin.audit.usage(query.hub_id, since).await?;
    let mut used = used;
    used.retain(|one| who.sees(one.app_id));
    let (shown, after) = page(used, query.after.as_deref(), query.limit, key)?;
    let usage = shown.iter().map(|one| described(one, names.get(&one.app_id).cloned())).collect();
    answer(view::UsageAnswer { since: since.into(), usage, after })
}

/// What lines are ordered by, and which of them one is: days first, then who called what.
fn key(used: &OperationUse) -> String {
    let object = used.object.as_deref().unwrap_or_default();
    format!("{}\n{:020}\n{:020}\n{}\n{object}", used.day, used.hub_id, used.app_id, used.operation)
}

/// One line: `app` is none for an app that was deleted.
fn described(used: &OperationUse, app: Option<String>) -> view::Usage {
    let (method, template) = used.operation.split_once(' ').unwrap_or_default();
    let unlisted = template.strip_prefix("(unlisted) ");
    let template = unlisted.unwrap_or(template);
    let ends = sunset::of_path(template);
    let method = Method::parse(method);
    let successor = method.and_then(|method| sunset::successor(method, template));
    view::Usage {
        hub_id: used.hub_id,
        app_id: used.app_id,
        app,
        operation: used.operation.clone(),
        object: used.object.clone(),
        day: used.day.clone(),
        calls: used.calls,
        failed: used.failed,
        last: used.last.into(),
        sunset: ends.map(|row| row.date.to_owned()),
        ends: ends.map(|row| row.what.to_owned()),
        certainty: ends.map(|row| row.certainty.to_owned()),
        successor: method.and_then(|method| sunset::moves_to(method, template)).map(str::to_owned),
        unlisted: unlisted.is_some(),
        difference: successor.map(|row| row.difference.to_owned()),
    }
}
