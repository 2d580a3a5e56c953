//! The embedded account as a test double: reset, seed, snapshots, requests received, faults, the clock,
//! the report of a run of tests,
//! and what it covers of HubSpot's API. A connected account is refused by every one of them.

use std::cell::LazyCell;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_TYPE, HeaderValue};
use axum::response::{IntoResponse, Response};
use keyway_api::body::{AnswersBody, ClockBody, FaultRule, ResetBody};
use keyway_api::query::{DiffQuery, ReportQuery, RequestsQuery, WholeReportQuery};
use keyway_core::strict;
use keyway_core::strict::report::Report;
use keyway_core::sunset::AsOf;
use keyway_core::time::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::watch;

use super::Admin;
use super::body::ApiError;
use super::extract::{JsonBody, OptionalBody, Path, Query};
use super::view::{self, Answer, HttpArchive, answer};
use crate::clock;
use crate::coverage;
use crate::double::clock::is_possible;
use crate::double::recorded::Recorded;
use crate::double::requests::{Expected, Filter, Received};
use crate::double::{Double, Expectation, har};

/// Largest seed or snapshot taken in.
pub(super) const RECORDS_BYTES_MAX: usize = 128 * 1024 * 1024;
/// Longest wait for requests that are expected.
pub(super) const WAIT_MS_MAX: u64 = 60_000;
/// Requests answered at most, the newest.
const REQUESTS_MAX: usize = 2_000;

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
    let named = |name: &str| double.snapshots.get(name).map(|copy| copy.as_ref().clone()).ok_or_else(|| no_snapshot(name));
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

pub(super) async fn list_snapshots(State(admin): State<Admin>, Path(hub_id): Path<u64>) -> Answer<view::Snapshots> {
    let double = double(&admin, hub_id).await?;
    let snapshots = double.snapshots.list().into_iter().map(|(name, bytes)| view::Snapshot { name, bytes });
    answer(view::Snapshots { snapshots: snapshots.collect() })
}

pub(super) async fn show_snapshot(State(admin): State<Admin>, Path((hub_id, name)): Path<(u64, String)>) -> Result<Response, ApiError> {
    let double = double(&admin, hub_id).await?;
    let copy = double.snapshots.get(&name).ok_or_else(|| no_snapshot(&name))?;
    Ok(([(CONTENT_TYPE, "application/x-ndjson")], copy.as_ref().clone()).into_response())
}

pub(super) async fn take_snapshot(State(admin): State<Admin>, Path((hub_id, name)): Path<(u64, String)>) -> Answer<view::SnapshotAnswer> {
    let double = double(&admin, hub_id).await?;
    keep(&double, &name, admin.refill.copy(hub_id).await?)
}

/// Only stores it; an error in it shows when it is restored.
pub(super) async fn put_snapshot(
    State(admin): State<Admin>,
    Path((hub_id, name)): Path<(u64, String)>,
    copy: Bytes,
) -> Answer<view::SnapshotAnswer> {
    let double = double(&admin, hub_id).await?;
    keep(&double, &name, copy.to_vec())
}

fn keep(double: &Double, name: &str, copy: Vec<u8>) -> Answer<view::SnapshotAnswer> {
    let bytes = copy.len();
    double.snapshots.put(name, copy).map_err(ApiError::invalid)?;
    answer(view::SnapshotAnswer { snapshot: view::Snapshot { name: name.to_owned(), bytes } })
}

pub(super) async fn delete_snapshot(
    State(admin): State<Admin>,
    Path((hub_id, name)): Path<(u64, String)>,
) -> Answer<view::DeletedSnapshot> {
    if double(&admin, hub_id).await?.snapshots.remove(&name) {
        answer(view::DeletedSnapshot { deleted: name })
    } else {
        Err(no_snapshot(&name))
    }
}

pub(super) async fn restore_snapshot(State(admin): State<Admin>, Path((hub_id, name)): Path<(u64, String)>) -> Answer<view::Restored> {
    let double = double(&admin, hub_id).await?;
    let copy = double.snapshots.get(&name).ok_or_else(|| no_snapshot(&name))?;
    admin.refill.put_back(hub_id, copy.as_ref().clone()).await?;
    // Events of records that are no more.
    admin.webhooks.forget(hub_id);
    admin.registry.restart_correlation_ids(hub_id);
    answer(view::Restored { restored: name })
}

fn no_snapshot(name: &str) -> ApiError {
    ApiError::new(404, "not_found", format!("there is no snapshot {name}"))
}

/// The requests that a query asks for.
fn filter(asked: &RequestsQuery) -> Result<Filter, ApiError> {
    let RequestsQuery { method, path, operation, app, status, body, query, after, .. } = asked;
    let body = body.as_deref().map(|body| serde_json::from_str(body).map_err(|_| ApiError::invalid("body is JSON"))).transpose()?;
    let [method, path, operation, app, status, query] = [method, path, operation, app, status, query].map(Clone::clone);
    Ok(Filter { method, path, operation, app, status, body, query, after: *after })
}

/// The requests that fit, as an HTTP Archive.
pub(super) async fn export_requests(
    State(admin): State<Admin>,
    Path(hub_id): Path<u64>,
    Query(asked): Query<RequestsQuery>,
) -> Result<Json<HttpArchive>, ApiError> {
    let double = double(&admin, hub_id).await?;
    let answers = double.requests.answers();
    let found = double.requests.find(&filter(&asked)?).into_iter().map(|one| (one.clone(), answers.get(&one.number).cloned()));
    Ok(Json(HttpArchive(har::archive(&found.collect::<Vec<_>>(), &admin.addresses.data))))
}

pub(super) async fn list_requests(
    State(admin): State<Admin>,
    Path(hub_id): Path<u64>,
    Query(asked): Query<RequestsQuery>,
) -> Answer<view::Requests> {
    let double = double(&admin, hub_id).await?;
    let filter = filter(&asked)?;
    let RequestsQuery { expect, wait_ms, details, limit, .. } = asked;
    let expected = expected(expect.as_deref(), wait_ms)?;
    let find = || double.requests.find(&filter);
    let found = wait_for(double.requests.last(), find, expected, Duration::from_millis(wait_ms.unwrap_or(0))).await;
    let newest = found.iter().skip(found.len().saturating_sub(limit.unwrap_or(REQUESTS_MAX).min(REQUESTS_MAX)));
    let mut requests: Vec<view::Request> = newest.map(|one| described(one)).collect();
    if details == Some(true) {
        add_details(&double, &found[found.len() - requests.len()..], &mut requests);
    }
    let met = expected.map(|expected| expected.is_met(found.len() as u64));
    if let Some(is_met) = met {
        if is_met {
            found.iter().for_each(|one| one.asserted.store(true, Ordering::Relaxed));
        }
        double.requests.note_expectation(filter, expect.unwrap_or_default(), is_met);
    }
    answer(view::Requests { count: found.len(), requests, met })
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

/// How many there should be, and whether that may be waited for.
pub(super) fn expected(expect: Option<&str>, wait_ms: Option<u64>) -> Result<Option<Expected>, ApiError> {
    let read = |text| Expected::parse(text).ok_or_else(|| ApiError::invalid("expect is a number, or a range such as 1.. or 2..3"));
    let expected = expect.map(read).transpose()?;
    if wait_ms.is_some_and(|wait| expected.is_none() || wait > WAIT_MS_MAX) {
        return Err(ApiError::invalid(format!("waitMs belongs to expect, and is {WAIT_MS_MAX} at most")));
    }
    Ok(expected)
}

/// What fits, once it is as many as there should be or the time is over. Of what must not come, the
/// whole time is waited for it. `last` changes whenever there is more to find.
pub(super) async fn wait_for<T>(
    mut last: watch::Receiver<u64>,
    find: impl Fn() -> Vec<T>,
    expected: Option<Expected>,
    time: Duration,
) -> Vec<T> {
    let looking = async {
        loop {
            // Seen before it is looked: what comes meanwhile wakes this up again.
            last.borrow_and_update();
            let found = find().len() as u64;
            let enough = expected.is_none_or(|expected| expected.least > 0 && expected.least <= found || expected.most < found);
            if enough || last.changed().await.is_err() {
                return;
            }
        }
    };
    if !time.is_zero() {
        let _ = tokio::time::timeout(time, looking).await;
    }
    find()
}

/// What was answered, how long it took, and which expectations found the request.
fn add_details(double: &Double, found: &[Arc<Received>], requests: &mut [view::Request]) {
    let (answers, expectations) = (double.requests.answers(), double.requests.expectations());
    for (one, request) in found.iter().zip(requests) {
        // One request is compared with up to a hundred expectations, so its body is read once.
        let body = LazyCell::new(|| one.json());
        let matched: Vec<String> = expectations.iter().filter(|own| own.matches(one, &|| &body)).map(Expectation::words).collect();
        let answer = answers.get(&one.number).map(|answer| {
            let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
            let headers = answer.headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value)));
            view::GivenAnswer { headers: headers.collect(), body: shown_body(&answer.body), body_bytes: answer.body_bytes }
        });
        let headers = one.headers.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        request.details =
            Some(view::RequestDetails { took_us: one.took_us, cut: one.cut, headers: headers.collect(), expectations: matched, answer });
    }
}

/// JSON as such, other text as a string; null where there is nothing.
fn shown_body(body: &Bytes) -> Value {
    match serde_json::from_slice(body).unwrap_or_default() {
        Value::Null if !body.is_empty() => String::from_utf8_lossy(body).into(),
        json => json,
    }
}

fn described(one: &Received) -> view::Request {
    view::Request {
        number: one.number,
        time: one.at.into(),
        method: one.method.clone(),
        path: one.path.clone(),
        query: one.query.clone(),
        operation: one.operation.as_deref().map(str::to_owned),
        app_id: one.app_id,
        app: one.app.clone(),
        body: shown_body(&one.body),
        body_bytes: one.body_bytes,
        status: one.status,
        category: one.category.map(str::to_owned),
        fault: one.fault,
        correlation_id: one.correlation_id.clone(),
        details: None,
    }
}

pub(super) async fn forget_requests(State(admin): State<Admin>, Path(hub_id): Path<u64>) -> Answer<view::Forgotten> {
    double(&admin, hub_id).await?.requests.clear();
    answer(view::Forgotten { forgotten: hub_id })
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
    answer(view::FaultAnswer { fault: double.faults.add(rule).map_err(ApiError::invalid)? })
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
            let to = to.ok_or_else(|| ApiError::invalid("set is a time such as 2027-01-31T09:00:00Z, from 1970 to 9998"))?;
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
