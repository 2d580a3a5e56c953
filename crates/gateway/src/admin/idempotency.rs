//! `Idempotency-Key`: a request that makes something can be sent again without making it twice.
//!
//! What a key gave is kept for a day and answered again, to whom it was given and for the same
//! request alone. An answer may hold a token, so it is sealed at rest like a credential; whoever
//! repeats a request gets nothing that they were not given before.

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use keyway_api::{Access, Operation};
use keyway_core::secret::Secret;
use keyway_core::token::TokenHash;

use super::Admin;
use super::body::ApiError;
use super::routes::IMPORT_BYTES_MAX;
use crate::clock;
use crate::principal::Principal;
use crate::store::idempotency::Kept;

/// The header (draft-ietf-httpapi-idempotency-key-header).
const KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// On an answer that was given before.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
/// How long an answer is kept, in milliseconds.
const KEPT_MS: i64 = 24 * 3_600_000;
/// After this long, in milliseconds, a request without an answer is taken for interrupted.
const UNDER_WAY_MS: i64 = 60_000;
/// Longest key.
const KEY_BYTES_MAX: usize = 255;
/// Longest answer that is kept: those that make something are far smaller.
const ANSWER_BYTES_MAX: usize = 1024 * 1024;

/// Whether an operation takes a key: what makes something, and does not give something out.
pub(super) fn takes_key(operation: &Operation) -> bool {
    // What is done to an embedded account's records can be done again as it is.
    let of_records = operation.path.starts_with("/api/v1/portals/");
    operation.method == "POST" && operation.access != Access::TokenService && !operation.reads() && !of_records
}

/// Whether an answer was given before.
pub(super) fn is_replayed(response: &Response) -> bool {
    response.headers().contains_key(&REPLAYED)
}

/// Runs a request, or gives the answer of its first run.
pub(super) async fn run(admin: &Admin, operation: &Operation, principal: &Principal, request: Request, next: Next) -> Response {
    let key = match request.headers().get(&KEY) {
        Some(key) if takes_key(operation) => key.clone(),
        _ => return next.run(request).await,
    };
    match once(admin, principal, &key, request, next).await {
        Ok(response) => response,
        Err(refused) => refused.into_response(),
    }
}

async fn once(admin: &Admin, principal: &Principal, key: &HeaderValue, request: Request, next: Next) -> Result<Response, ApiError> {
    let key = key.to_str().ok().filter(|key| !key.is_empty() && key.len() <= KEY_BYTES_MAX);
    let key = key.ok_or_else(|| ApiError::invalid(format!("an Idempotency-Key has from 1 to {KEY_BYTES_MAX} letters")))?;
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, IMPORT_BYTES_MAX).await;
    let body = body.map_err(|_| ApiError::new(413, "too_large", "the body is larger than what can be made, or was cut"))?;
    let who = &principal.who;
    let key = hashed(admin, &["key", who.kind(), &format!("{:?}", who.id()), who.name(), key], &[]);
    let same = hashed(admin, &["request", parts.method.as_str(), &parts.uri.to_string()], &body);
    let now = clock::now();
    match admin.control.claim(&key, &same, now, now.plus_ms(-KEPT_MS)).await? {
        Kept::Claimed => {}
        Kept::OtherRequest => {
            return Err(ApiError::new(422, "idempotency_key_reused", "this Idempotency-Key was sent with another request; use a new one"));
        }
        Kept::UnderWay(since) if since.plus_ms(UNDER_WAY_MS) > now => {
            let refused = ApiError::new(409, "idempotency_in_progress", "the first request with this Idempotency-Key is in progress");
            return Ok(([(RETRY_AFTER, "1")], refused).into_response());
        }
        Kept::UnderWay(_) => {
            let why = "the first request with this Idempotency-Key was interrupted: see whether it was done, then use a new key";
            return Err(ApiError::new(409, "idempotency_interrupted", why));
        }
        Kept::Answered(status, body) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
            let headers = [(CONTENT_TYPE, HeaderValue::from_static("application/json")), (REPLAYED, HeaderValue::from_static("true"))];
            return Ok((status, headers, body.expose().clone()).into_response());
        }
    }
    let response = next.run(Request::from_parts(parts, Body::from(body))).await;
    if response.status().is_client_error() {
        // Nothing was made, so the key is free for a better request.
        admin.control.give_back(&key).await?;
    }
    if !response.status().is_success() {
        // After a fault of the server's it is not known what was made: the key stays taken, and says so.
        return Ok(response);
    }
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, ANSWER_BYTES_MAX).await.map_err(|_| ApiError::new(500, "internal", "the answer could not be kept"))?;
    let text = Secret::new(String::from_utf8_lossy(&body).into_owned());
    if let Err(error) = admin.control.keep_answer(&key, parts.status.as_u16(), &text).await {
        // It was made, and its answer is given; the key stays taken.
        tracing::error!(%error, "an answer could not be kept for a repetition of its request");
    }
    Ok(Response::from_parts(parts, Body::from(body)))
}

/// A hash of parts, each with its length before it so that no two lists read alike.
fn hashed(admin: &Admin, parts: &[&str], body: &[u8]) -> TokenHash {
    let mut text: String = parts.iter().map(|part| format!("{}:{part};", part.len())).collect();
    text.push_str(blake3::hash(body).to_hex().as_str());
    admin.control.hash(&text)
}
