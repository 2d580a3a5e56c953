//! The requests that an embedded account received, and what a test expects of them.

use std::cell::LazyCell;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::HeaderValue;
use keyway_api::query::RequestsQuery;
use serde_json::Value;
use tokio::sync::watch;

use super::super::Admin;
use super::super::body::ApiError;
use super::super::extract::{Path, Query};
use super::super::view::{self, Answer, HttpArchive, answer};
use super::double;
use crate::double::requests::{Expected, Filter, Received};
use crate::double::{Double, Expectation, har};

/// Longest wait for requests that are expected.
pub(in crate::admin) const WAIT_MS_MAX: u64 = 60_000;
/// Requests answered at most, the newest.
const REQUESTS_MAX: usize = 2_000;

/// The requests that a query asks for.
fn filter(asked: &RequestsQuery) -> Result<Filter, ApiError> {
    let RequestsQuery { method, path, operation, app, status, body, query, after, .. } = asked;
    let body = body
        .as_deref()
        .map(|body| {
            serde_json::from_str(body)
                .map_err(|_| ApiError::parameter("body", r#"JSON, such as '{"properties":{"email":"a@example.com"}}'"#))
        })
        .transpose()?;
    let [method, path, operation, app, status, query] = [method, path, operation, app, status, query].map(Clone::clone);
    Ok(Filter { method, path, operation, app, status, body, query, after: *after })
}

/// The requests that fit, as an HTTP Archive.
pub(in crate::admin) async fn export(
    State(admin): State<Admin>,
    Path(hub_id): Path<u64>,
    Query(asked): Query<RequestsQuery>,
) -> Result<Json<HttpArchive>, ApiError> {
    let double = double(&admin, hub_id).await?;
    let answers = double.requests.answers();
    let found = double.requests.find(&filter(&asked)?).into_iter().map(|one| (one.clone(), answers.get(&one.number).cloned()));
    Ok(Json(HttpArchive(har::archive(&found.collect::<Vec<_>>(), &admin.addresses.data))))
}

pub(in crate::admin) async fn list(
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

/// How many there should be, and whether that may be waited for.
pub(in crate::admin) fn expected(expect: Option<&str>, wait_ms: Option<u64>) -> Result<Option<Expected>, ApiError> {
    let read =
        |text| Expected::parse(text).ok_or_else(|| ApiError::parameter("expect", "a number or a range, such as 2, 1.., ..3 or 1..3"));
    let expected = expect.map(read).transpose()?;
    if wait_ms.is_some_and(|wait| expected.is_none() || wait > WAIT_MS_MAX) {
        return Err(ApiError::invalid(format!("waitMs belongs to expect, and is {WAIT_MS_MAX} at most")));
    }
    Ok(expected)
}

/// What fits, once it is as many as there should be or the time is over. Of what must not come, the
/// whole time is waited for it. `last` changes whenever there is more to find.
pub(in crate::admin) async fn wait_for<T>(
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

pub(in crate::admin) async fn forget(State(admin): State<Admin>, Path(hub_id): Path<u64>) -> Answer<view::Forgotten> {
    double(&admin, hub_id).await?.requests.clear();
    answer(view::Forgotten { forgotten: hub_id })
}
