//! What the audit says of who calls what: by app, operation and day, with what ends when.

use std::collections::HashMap;

use axum::extract::State;
use axum::{Extension, Json};
use keyway_core::catalog::Method;
use keyway_core::sunset;
use keyway_core::time::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Admin;
use super::body::{ApiError, VERSION};
use super::extract::Query;
use crate::audit::OperationUse;
use crate::clock;
use crate::principal::Principal;

/// Days looked back when nothing is said.
const DAYS_DEFAULT: u32 = 30;
/// Days looked back at most.
const DAYS_MAX: u32 = 400;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct UsageQuery {
    hub_id: Option<u64>,
    days: Option<u32>,
}

/// The days to look back, and the moment at which they begin.
pub(super) fn days_back(asked: Option<u32>, otherwise: u32) -> Result<(u32, Timestamp), ApiError> {
    let days = asked.unwrap_or(otherwise);
    if !(1..=DAYS_MAX).contains(&days) {
        return Err(ApiError::invalid(format!("days is a number from 1 to {DAYS_MAX}")));
    }
    Ok((days, clock::now().plus_ms(-i64::from(days) * 86_400_000)))
}

pub(super) async fn list(
    State(admin): State<Admin>,
    Extension(who): Extension<Principal>,
    Query(query): Query<UsageQuery>,
) -> Result<Json<Value>, ApiError> {
    let (_, since) = days_back(query.days, DAYS_DEFAULT)?;
    if let Some(hub_id) = query.hub_id {
        admin.control.account(hub_id).await?;
    }
    let names: HashMap<u64, String> = admin.control.apps(query.hub_id).await.into_iter().map(|(app, _)| (app.id, app.name)).collect();
    let used = admin.audit.usage(query.hub_id, since).await?;
    let usage: Vec<Value> =
        used.iter().filter(|one| who.sees(one.app_id)).map(|one| described(one, names.get(&one.app_id).map(String::as_str))).collect();
    Ok(Json(json!({ "version": VERSION, "since": since.to_iso(), "usage": usage })))
}

/// One line: `app` is none for an app that was deleted.
fn described(used: &OperationUse, app: Option<&str>) -> Value {
    let (method, template) = used.operation.split_once(' ').unwrap_or_default();
    let ends = sunset::of_path(template);
    let successor = Method::parse(method).and_then(|method| sunset::successor(method, template));
    json!({
        "hubId": used.hub_id, "appId": used.app_id, "app": app, "operation": used.operation, "object": used.object, "day": used.day, "calls": used.calls,
        "failed": used.failed, "last": used.last.to_iso(), "sunset": ends.map(|row| row.date), "ends": ends.map(|row| row.what),
        "certainty": ends.map(|row| row.certainty), "successor": successor.and_then(|row| row.successor),
        "difference": successor.map(|row| row.difference),
    })
}
