//! `GET /__keyway/ready`: whether calls are answered. It needs no token and is in no record: a probe asks every second.

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use http::request::Parts;
use http::{Method, Response, StatusCode};
use http_body_util::{Either, Full};
use keyway_core::path::READY;

use super::respond::AnswerBody;

/// Seconds after which a probe asks again.
const RETRY_S: u16 = 1;

/// Whether this is the question.
pub(super) fn is_asked(head: &Parts) -> bool {
    head.uri.path() == READY && matches!(head.method, Method::GET | Method::HEAD)
}

/// The answer: 200, or 503 while the server starts or stops, or can't know whether tokens still count.
pub(super) fn response(is_ready: bool) -> Response<AnswerBody> {
    let body = if is_ready { "{\"ready\":true}" } else { "{\"ready\":false}" };
    let mut response = Response::new(Either::Left(Full::new(Bytes::from_static(body.as_bytes()))));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if !is_ready {
        headers.insert(RETRY_AFTER, RETRY_S.into());
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    }
    response
}
