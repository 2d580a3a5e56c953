//! A plan over the admin API: from a scan's report, from the recorded calls, or from both.
//!
//! What it says is decided in `advice::plan`. Nothing is changed here: apps are made by `POST /api/v1/apps`.

use std::collections::HashMap;

use axum::extract::State;
use keyway_advice::plan::{Grouping, Recorded, Report, html, markdown, plan, sort};
use keyway_api::body::PlanBody;

use super::Admin;
use super::body::ApiError;
use super::extract::JsonBody;
use super::usage::days_back;
use super::view::{self, Answer, answer};
use crate::clock;

/// Largest body: the report of a large code base has some megabytes.
pub(super) const BODY_BYTES_MAX: usize = 32 * 1024 * 1024;
/// Days looked back by default: long enough for what runs once a quarter.
const DAYS_DEFAULT: u32 = 90;

pub(super) async fn planned(State(admin): State<Admin>, JsonBody(asked): JsonBody<PlanBody<Report>>) -> Answer<view::Planned> {
    if asked.report.is_none() && !asked.recorded {
        return Err(ApiError::invalid("give a report of `keyway scan --json`, or \"recorded\": true for the recorded calls, or both"));
    }
    if asked.report.as_ref().is_some_and(|report| report.version != 1) {
        return Err(ApiError::invalid("the report is of another version than 1"));
    }
    let recorded = if asked.recorded { recorded(&admin, asked.hub_id, asked.days).await? } else { Vec::new() };
    let grouping = Grouping {
        by: asked.by.unwrap_or_default(),
        repository: asked
            .repository
            .or_else(|| asked.report.as_ref()?.folder.clone())
            .filter(|name| !name.is_empty())
            .unwrap_or_else(|| "repository".to_owned()),
        ..Grouping::default()
    };
    let today = clock::now().to_date();
    let input = if asked.report.is_some() { "report.json" } else { "--recorded" };
    let made = plan(&sort(asked.report.as_ref(), &recorded, &grouping), &today, input);
    let (markdown, html) = (markdown(&made), html(&made));
    answer(view::Planned { plan: made, markdown, html })
}

/// The recorded calls, by app and operation.
async fn recorded(admin: &Admin, hub_id: Option<u64>, days: Option<u32>) -> Result<Vec<Recorded>, ApiError> {
    let (_, since) = days_back(days, DAYS_DEFAULT)?;
    if let Some(hub_id) = hub_id {
        admin.control.account(hub_id).await?;
    }
    let names: HashMap<u64, String> = admin.control.apps(hub_id).await.into_iter().map(|(app, _)| (app.id, app.name)).collect();
    let used = admin.audit.usage(hub_id, since).await?;
    Ok(used
        .into_iter()
        .map(|one| Recorded {
            app: names.get(&one.app_id).cloned(),
            app_id: one.app_id,
            hub_id: one.hub_id,
            operation: one.operation,
            object: one.object,
            calls: one.calls,
            failed: one.failed,
        })
        .collect())
}
