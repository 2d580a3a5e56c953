//! The embedded account as a test double: reset, seed, recorded answers, faults, the clock, the report of a run of
//! tests, and the part of HubSpot's API that it covers. All of it refuses a connected account.

pub(super) mod requests;
pub(super) mod snapshots;

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use keyway_api::body::{AnswersBody, ClockBody, FaultRule, ResetBody};
use keyway_api::query::{DiffQuery, ReportQuery, WholeReportQuery};
use keyway_core::strict;
use keyway_core::strict::report::Report;
use keyway_core::sunset::AsOf;
use keyway_core::time::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Admin;
use super::body::ApiError;
use super::extract::{JsonBody, OptionalBody, Path, Query};
use super::view::{self, Answer, answer};
use crate::clock;
use crate::coverage;
use crate::double::Double;
use crate::double::clock::is_possible;
use crate::double::recorded::Recorded;

/// Largest seed or snapshot taken in.
pub(super) const RECORDS_BYTES_MAX: usize = 128 * 1024 * 1024;

/// The double of an embedded account, or why there is none.
pub(super) async fn double(admin: &Admin, hub_id: u64) -> Result<Arc<Double>, ApiError> {
    let account = admin.control.account(hub_id).await?;
    match (account.connection, admin.registry.double(hub_id)) {
        (None, Some(double)) => Ok(double),
        _ => Err(ApiError::new(409, "connected", format!("account {hub_id} is connected to HubSpot; this is for embedded accounts only"))),
    }
}

pub(super) async fn reset(
    State(admin): State<Admin>,
    Path(hub_id): Path<u64>,
    OptionalBody(asked): OptionalBody<ResetBody>,
) -> Answer<view::PortalReset> {
    let double = double(&admin, hub_id).await?;
    admin.refill.empty(hub_id).await?;
    admin.webhooks.forget(hub_id);
    double.reset(asked.test.as_deref());
    admin.registry.forget_use(hub_id);
    admin.registry.restart_correlation_ids(hub_id);
    answer(view::PortalReset { reset: hub_id })
}

/// A seed as JSON, or as YAML (RFC 9512) where the content type says so.
pub(super) async fn seed(State(admin): State<Admin>, Path(hub_id): Path<u64>, headers: HeaderMap, body: Bytes) -> Answer<view::Seeded> {
    let double = double(&admin, hub_id).await?;
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let seed = if kind.contains("yaml") {
        let text = std::str::from_utf8(&body).map_err(|_| ApiError::invalid("the seed is not UTF-8"))?;
        admin.refill.read_yaml(text).map_err(|what| ApiError::invalid(format!("the seed: {what}")))?
    } else {
        serde_json::from_slice(&body).map_err(|error| ApiError::invalid(format!("the seed is not JSON: {error}")))?
    };
    answer(shaped(admin.refill.fill(hub_id, seed, double.clock.now(clock::now())).await?)?)
}

/// Differences answered at most, and where the query has no limit.
const DIFFERENCES_MAX: usize = 10_000;
const DIFFERENCES: usize = 1_000;

/// Without `from` the body is the copy to compare with, and an empty one means the account as it was created.
pub(super) async fn diff(
    State(admin): State<Admin>,
    Path(hub_id): Path<u64>,
    Query(asked): Query<DiffQuery>,
    copy: Bytes,
) -> Answer<view::Differences> {
    let double = double(&admin, hub_id).await?;
    let limit = asked.limit.unwrap_or(DIFFERENCES);
    if limit > DIFFERENCES_MAX {
        return Err(ApiError::invalid(format!("limit is {DIFFERENCES_MAX} at most")));
    }
    let named = |name: &str| double.snapshots.get(name).map(|copy| copy.as_ref().clone()).ok_or_else(|| snapshots::no_snapshot(name));
    let from = match &asked.from {
        Some(_) if !copy.is_empty() => return Err(ApiError::invalid("from names a snapshot, and the body is another one")),
        Some(name) => Some(named(name)?),
        None => (!copy.is_empty()).then(|| copy.to_vec()),
    };
    let to = asked.to.as_deref().map(named).transpose()?;
    answer(shaped(admin.refill.differences(hub_id, from, to, limit, asked.only).await?)?)
}

/// What the embedded CRM answers as JSON, in the form that this API promises.
pub(super) fn shaped<T: DeserializeOwned>(value: Value) -> Result<T, ApiError> {
    serde_json::from_value(value).map_err(|error| ApiError::new(500, "internal", format!("an unexpected answer of the account: {error}")))
}

pub(super) async fn put_answers(
    State(admin): State<Admin>,
    Path(hub_id): Path<u64>,
    JsonBody(body): JsonBody<AnswersBody>,
) -> Answer<view::RecordedAnswers> {
    let double = double(&admin, hub_id).await?;
    let read = |(at, one)| serde_json::from_value::<Recorded>(one).map_err(|error| ApiError::invalid(format!("answers[{at}]: {error}")));
    let answers = body.answers.into_iter().enumerate().map(read).collect::<Result<Vec<_>, _>>()?;
    double.recorded.put(answers).map_err(ApiError::invalid)?;
    answer(view::RecordedAnswers { answers: double.recorded.count() })
}

pub(super) async fn clear_answers(State(admin): State<Admin>, Path(hub_id): Path<u64>) -> Answer<view::RecordedAnswers> {
    let double = double(&admin, hub_id).await?;
    double.recorded.clear();
    answer(view::RecordedAnswers { answers: 0 })
}

pub(super) async fn show_report(
    State(admin): State<Admin>,
    Path(hub_id): Path<u64>,
    Query(asked): Query<ReportQuery>,
) -> Result<Json<Report>, ApiError> {
    let double = double(&admin, hub_id).await?;
    let mut report = Report::of(double.observed.run(asked.current), day(asked.ends_by.as_deref())?);
    if let Some(rules) = asked.rules.as_deref() {
        let rules = strict::Rule::list(rules).map_err(ApiError::invalid)?;
        report.findings.retain(|found| rules.contains(&found.finding.rule));
    }
    Ok(Json(report))
}

pub(super) async fn show_whole_report(State(admin): State<Admin>, Query(asked): Query<WholeReportQuery>) -> Result<Json<Report>, ApiError> {
    Ok(Json(Report::of(admin.registry.observed(), day(asked.ends_by.as_deref())?)))
}

fn day(text: Option<&str>) -> Result<Option<&str>, ApiError> {
    match text {
        Some(day) if AsOf::new(day, false).is_none() => Err(ApiError::invalid("endsBy is a day such as 2027-12-31")),
        day => Ok(day),
    }
}

pub(super) async fn list_faults(State(admin): State<Admin>, Path(hub_id): Path<u64>) -> Answer<view::Faults> {
    let double = double(&admin, hub_id).await?;
    let faults = double.faults.list().into_iter().map(|(rule, seen, hit)| view::FaultUse { rule, seen, hit });
    answer(view::Faults { faults: faults.collect() })
}

pub(super) async fn add_fault(
    State(admin): State<Admin>,
    Path(hub_id): Path<u64>,
    JsonBody(rule): JsonBody<FaultRule>,
) -> Answer<view::FaultAnswer> {
    let double = double(&admin, hub_id).await?;
    answer(view::FaultAnswer { fault: double.faults.add(rule)? })
}

pub(super) async fn clear_faults(State(admin): State<Admin>, Path(hub_id): Path<u64>) -> Answer<view::FaultsCleared> {
    double(&admin, hub_id).await?.faults.clear();
    answer(view::FaultsCleared { cleared: hub_id })
}

pub(super) async fn remove_fault(State(admin): State<Admin>, Path((hub_id, fault)): Path<(u64, u64)>) -> Answer<view::Deleted> {
    if double(&admin, hub_id).await?.faults.remove(fault) {
        answer(view::Deleted { deleted: fault })
    } else {
        Err(ApiError::new(404, "not_found", format!("there is no fault rule {fault}")))
    }
}

pub(super) async fn show_clock(State(admin): State<Admin>, Path(hub_id): Path<u64>) -> Answer<view::ClockAnswer> {
    let double = double(&admin, hub_id).await?;
    told(&double)
}

pub(super) async fn set_clock(
    State(admin): State<Admin>,
    Path(hub_id): Path<u64>,
    JsonBody(asked): JsonBody<ClockBody>,
) -> Answer<view::ClockAnswer> {
    let double = double(&admin, hub_id).await?;
    let (real, before) = (clock::now(), double.clock.now(clock::now()));
    match (&asked.set, asked.advance_ms) {
        (Some(_), Some(_)) => return Err(ApiError::invalid("a clock is set, or moved on by advanceMs")),
        (Some(to), None) => {
            let to = Timestamp::parse_iso(to).filter(is_possible);
            let to = to.ok_or_else(|| ApiError::parameter("set", "a time such as 2027-01-31T09:00:00Z, from 1970 to 9998"))?;
            double.clock.set(to, asked.frozen, real);
        }
        (None, Some(ms)) => {
            if !is_possible(&before.plus_ms(ms)) {
                return Err(ApiError::invalid("the clock goes from 1970 to 9998"));
            }
            double.clock.advance(ms, real);
            if asked.frozen {
                double.clock.set(double.clock.now(real), true, real);
            }
        }
        (None, None) if asked.frozen => double.clock.set(before, true, real),
        (None, None) => double.clock.reset(),
    }
    if double.clock.now(real) < before {
        // Calls that were counted lie in the future now, and would fill the limits until then.
        admin.registry.forget_use(hub_id);
    }
    told(&double)
}

fn told(double: &Double) -> Answer<view::ClockAnswer> {
    let real = clock::now();
    let now = double.clock.now(real);
    let clock = view::Clock { now: now.into(), frozen: double.clock.is_frozen(), ahead_ms: now.as_ms() - real.as_ms() };
    answer(view::ClockAnswer { clock })
}

pub(super) async fn coverage(State(admin): State<Admin>) -> Answer<view::Coverage> {
    let operations = coverage::operations(|method, path| admin.refill.serves(method, path), |path| admin.refill.keeps(path));
    let count = |of: fn(&view::CoveredOperation) -> bool| operations.iter().filter(|row| of(row)).count();
    let (served, documents, tested) = (count(|row| row.served), count(|row| row.documents), count(|row| row.tested));
    answer(view::Coverage { count: operations.len(), served, documents, tested, operations })
}
