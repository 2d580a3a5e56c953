//! From an outcome to HTTP: HubSpot's envelope, its rate headers, and the name of the rule.

use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, DATE, HeaderName, HeaderValue, RETRY_AFTER};
use http::{Response, StatusCode};
use http_body_util::{Either, Full};
use keyway_core::catalog::{LimitClass, Method, Operation};
use keyway_core::error_body::ErrorBody;
use keyway_core::quota::{Allowance, BURST_MS, UNCAPPED};
use keyway_core::refusal::Refusal;
use keyway_core::time::Timestamp;

use super::{Call, Outcome, correlation};
use crate::backend::Reply;
use crate::clock;
use crate::held::Spent;
use crate::tokens::TokenError;
use crate::upstream::AnswerPart;

/// Seconds that a client should wait when the audit can't be written.
const UNAVAILABLE_RETRY_S: i64 = 5;

/// Seconds that a client should wait when too many bodies are held: most bodies are read in less.
const BODIES_RETRY_S: i64 = 1;

const CORRELATION_ID: HeaderName = HeaderName::from_static("x-hubspot-correlation-id");
const OWN_CORRELATION_ID: HeaderName = HeaderName::from_static("keyway-correlation-id");
const RATE_MAX: HeaderName = HeaderName::from_static("x-hubspot-ratelimit-max");
const RATE_REMAINING: HeaderName = HeaderName::from_static("x-hubspot-ratelimit-remaining");
const RATE_INTERVAL: HeaderName = HeaderName::from_static("x-hubspot-ratelimit-interval-milliseconds");
const RATE_DAILY: HeaderName = HeaderName::from_static("x-hubspot-ratelimit-daily");
const RATE_DAILY_REMAINING: HeaderName = HeaderName::from_static("x-hubspot-ratelimit-daily-remaining");
const CARRIED_TO: HeaderName = HeaderName::from_static("keyway-carried-to");
const FAULT: HeaderName = HeaderName::from_static("keyway-fault");
const RULE: HeaderName = HeaderName::from_static("keyway-rule");

/// The body of an answer: whole, or as it comes from HubSpot.
pub type AnswerBody = Either<Full<Bytes>, AnswerPart>;

/// The answer. Made before its record, which says how long it is.
pub(super) fn response(outcome: Outcome, call: &Call) -> Response<AnswerBody> {
    let status = outcome.status();
    let retry_after = outcome.result.as_ref().err().and_then(|error| error.retry_after_s);
    let mut response = match outcome.result {
        Ok(Reply::Relayed(reply)) => {
            let mut response = Response::new(Either::Right(reply.body));
            *response.headers_mut() = reply.headers;
            if let Some(mark) = reply.mark {
                response.headers_mut().insert(RULE, HeaderValue::from_static(mark.refusal().name()));
            }
            // HubSpot's own id stays, for its support; Keyway's, which the audit has, is in a header of its own.
            response.headers_mut().extend(text_header(OWN_CORRELATION_ID, &call.correlation_id));
            response
        }
        Ok(Reply::Whole(reply)) => {
            let mut response = whole(reply.body, &call.correlation_id);
            if let Some(kind) = call.operation.and_then(raw) {
                response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
            }
            response
        }
        Err(error) => {
            let mut response = whole(error.to_json(&call.correlation_id).into(), &call.correlation_id);
            response.headers_mut().insert(RULE, HeaderValue::from_static(error.rule()));
            response
        }
    };
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    let search = call.operation.is_some_and(|operation| operation.limit_class == LimitClass::Search);
    if let (Some(allowance), false) = (outcome.allowance, search) {
        // An install without a cap on the day gets none (hubspot facts, section 5).
        let told = if allowance.daily == UNCAPPED { 3 } else { 5 };
        headers.extend(rate_headers(allowance).into_iter().take(told));
    }
    headers.extend(call.fault.map(|id| (FAULT, HeaderValue::from(id))));
    if call.answers_secrets {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    headers.extend(call.carried_to.as_deref().and_then(|path| text_header(CARRIED_TO, path)));
    headers.extend(retry_after.map(|seconds| (RETRY_AFTER, HeaderValue::from(seconds))));
    headers.extend(outcome.allow.as_deref().and_then(|allow| text_header(ALLOW, allow)));
    response
}

/// The type of an answer that is not JSON. Exports are the account's own CSV; for the rest, whatever an upload called it: nothing
/// that a browser would run from here.
fn raw(operation: &Operation) -> Option<&'static str> {
    let is_read = operation.method == Method::Get;
    match operation.api {
        "CRM/Exports" if operation.template.ends_with("/download") => Some("text/csv;charset=utf-8"),
        "CMS/Hubdb" if is_read && operation.template.ends_with("/export") => Some("text/csv;charset=utf-8"),
        "CMS/Source Code" if is_read && operation.template.ends_with("/content/{path}") => Some("application/octet-stream"),
        _ if operation.template.ends_with("/download") => Some("application/octet-stream"),
        _ => None,
    }
}

/// An answer of Keyway's own.
fn whole(body: Bytes, correlation_id: &str) -> Response<AnswerBody> {
    let has_body = !body.is_empty();
    let mut response = Response::new(Either::Left(Full::new(body)));
    if has_body {
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json;charset=utf-8"));
    }
    response.headers_mut().extend(text_header(CORRELATION_ID, correlation_id));
    response
}

/// The header `Date` of a time (RFC 9110, section 6.6.1), where the real one would tell two runs apart.
pub(super) fn date(at: Timestamp) -> Option<(HeaderName, HeaderValue)> {
    let at = jiff::Timestamp::from_millisecond(at.as_ms()).ok()?;
    text_header(DATE, &jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&at).ok()?)
}

fn text_header(name: HeaderName, text: &str) -> Option<(HeaderName, HeaderValue)> {
    HeaderValue::from_str(text).ok().map(|value| (name, value))
}

fn rate_headers(allowance: Allowance) -> [(HeaderName, HeaderValue); 5] {
    [
        (RATE_MAX, allowance.max.into()),
        (RATE_REMAINING, allowance.remaining.into()),
        (RATE_INTERVAL, BURST_MS.into()),
        (RATE_DAILY, allowance.daily.into()),
        (RATE_DAILY_REMAINING, allowance.daily_remaining.into()),
    ]
}

/// The error for when a record cannot be made durable (promise 5: refused, never let through).
pub(super) fn unavailable_error() -> ErrorBody {
    Refusal::AuditNotWritable.error("The audit log can't be written, so no call can be answered. Try again in some seconds.")
}

/// The error for when the shared store does not answer: a token may have been revoked elsewhere.
pub(super) fn store_unavailable() -> ErrorBody {
    let message = "The store does not answer, so it can't be known whether a token still holds. Try again in some seconds.";
    Refusal::StoreUnavailable.error(message).retry_after(UNAVAILABLE_RETRY_S)
}

/// The error for when an account that is connected by OAuth has no access token.
pub(super) fn no_token(error: &TokenError) -> ErrorBody {
    match error {
        TokenError::Revoked(word) => Refusal::ConnectionRevoked.error(
            format!(
                "HubSpot says that the grant of this account is over ({word}): the app was uninstalled there, or its token revoked. The caller's own token is fine; somebody must connect the account again."
            ),
        ),
        TokenError::Configuration(_) => Refusal::ConnectionClient.error(
            format!(
                "There is no access token for this account: {error}. The caller's own token and the account's grant are fine; whoever operates the gateway must mend its OAuth client."
            ),
        ),
        TokenError::NotNow => {
            let message = "HubSpot gave no access token for this account in time. Try again in some seconds.";
            Refusal::NoAccessToken.error(message).retry_after(UNAVAILABLE_RETRY_S)
        }
    }
}

/// The error for when the bodies of requests take as much memory as they may.
pub(super) fn bodies_spent(spent: Spent) -> ErrorBody {
    let message = match spent {
        Spent::All => "The request bodies that Keyway is reading take as much memory as they may. Send the call again.".to_owned(),
        Spent::Part(bytes) => format!(
            "The request bodies that this caller is sending take as much memory as one caller may, {} MiB. Send the call again when others have ended.",
            bytes >> 20
        ),
    };
    Refusal::BodiesBudget.error(message).retry_after(BODIES_RETRY_S)
}

/// The same as a response, for when the record of the call itself failed.
pub(super) fn unavailable(correlation_id: &str) -> Response<AnswerBody> {
    let error = unavailable_error();
    let mut response = whole(error.to_json(correlation_id).into(), correlation_id);
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    response.headers_mut().insert(RULE, HeaderValue::from_static(error.rule()));
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(UNAVAILABLE_RETRY_S));
    response
}

/// An error as an answer, to a request that is not a call and has no record.
pub(crate) fn refuse(error: &ErrorBody) -> Response<AnswerBody> {
    let id = correlation::new_id(clock::now());
    let mut response = whole(error.to_json(&id).into(), &id);
    *response.status_mut() = StatusCode::from_u16(error.status).unwrap_or(StatusCode::BAD_REQUEST);
    response.headers_mut().insert(RULE, HeaderValue::from_static(error.rule()));
    response
}

/// The whole answer, as bytes, to what could not be read as a request at all (bad syntax, too many
/// headers, a target that is too long). The connection is closed after it.
pub fn parse_refusal(status: u16) -> Vec<u8> {
    let (refusal, message) = match status {
        414 => (Refusal::UriTooLong, "the request target is too long"),
        431 => (Refusal::HeadTooLarge, "the request has too many headers, or too long ones"),
        _ => (Refusal::NotHttp, "the request is not well-formed HTTP/1.1"),
    };
    let error = refusal.error(message);
    let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::BAD_REQUEST);
    let id = correlation::new_id(clock::now());
    let body = error.to_json(&id);
    let head = format!(
        "HTTP/1.1 {} {}\r\ncontent-type: application/json;charset=utf-8\r\ncontent-length: {}\r\nx-hubspot-correlation-id: {id}\r\n{RULE}: {}\r\nconnection: close\r\n\r\n",
        status.as_u16(),
        status.canonical_reason().unwrap_or("Bad Request"),
        body.len(),
        error.rule(),
    );
    [head.into_bytes(), body].concat()
}
