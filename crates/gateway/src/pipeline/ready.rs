//! Whether calls are answered, for probes: `GET /__keyway/ready` here, and `/readyz` on the admin listener.
//! It needs no token and is in no record: a probe asks every second.

use std::sync::atomic::Ordering;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use http::request::Parts;
use http::{Method, Response, StatusCode};
use http_body_util::{Either, Full};
use keyway_core::path::READY;

use super::Gateway;
use super::respond::AnswerBody;
use crate::clock;

/// Seconds after which a probe asks again.
const RETRY_S: u16 = 1;

/// Why calls are not answered now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotReady {
    /// Before everything is open, and from the signal to stop on.
    #[error("the server starts or stops")]
    StartsOrStops,
    /// Another instance may have revoked tokens.
    #[error("the database of the instances does not answer, so a revoked token may still count here")]
    Stale,
    /// Without Redis, HubSpot's limits are divided among the instances, and the others have not made room yet.
    #[error("this instance has no share of HubSpot's rate limit yet: the other instances make room for it within {0} s")]
    Joins(i64),
    /// A call without a record is refused.
    #[error("the audit log cannot be written: see the server's log for the cause, such as a full disk")]
    Audit,
}

impl Gateway {
    /// Whether a call would be answered.
    ///
    /// # Errors
    /// It would be refused, with the reason.
    pub async fn readiness(&self) -> Result<(), NotReady> {
        if !self.is_ready.load(Ordering::Relaxed) {
            return Err(NotReady::StartsOrStops);
        }
        if !self.registry.is_current(clock::steady()) {
            return Err(NotReady::Stale);
        }
        if let Some(left_ms) = self.registry.joins_for() {
            return Err(NotReady::Joins((left_ms + 999) / 1_000));
        }
        if !self.audit.is_writable().await {
            return Err(NotReady::Audit);
        }
        Ok(())
    }
}

/// Whether this is the question.
pub(super) fn is_asked(head: &Parts) -> bool {
    head.uri.path() == READY && matches!(head.method, Method::GET | Method::HEAD)
}

/// The answer: 200, or 503 with the reason.
pub(super) fn response(readiness: Result<(), NotReady>) -> Response<AnswerBody> {
    let body = match readiness {
        Ok(()) => Bytes::from_static(b"{\"ready\":true}"),
        Err(reason) => serde_json::json!({ "ready": false, "reason": reason.to_string() }).to_string().into(),
    };
    let mut response = Response::new(Either::Left(Full::new(body)));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if readiness.is_err() {
        headers.insert(RETRY_AFTER, RETRY_S.into());
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    }
    response
}
