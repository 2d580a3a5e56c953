//! What answers a call that was let through: the embedded portal, or (later) HubSpot.

use std::future::Future;
use std::pin::Pin;

use bytes::Bytes;
use http::Method;
use keyway_core::error_body::ErrorBody;
use keyway_core::path::NormalPath;
use keyway_core::policy::Permit;
use keyway_core::time::Timestamp;

/// A call with everything the caller's own credential was taken out of.
#[derive(Debug)]
pub struct BackendCall {
    /// The account.
    pub hub_id: u64,
    /// The app that calls.
    pub app_id: u64,
    /// The method.
    pub method: Method,
    /// The path that the permit is for.
    pub path: NormalPath,
    /// The query, without `hapikey`.
    pub query: Option<String>,
    /// The body, bounded.
    pub body: Bytes,
    /// When the call came in.
    pub now: Timestamp,
}

/// An answer that is not an error.
#[derive(Debug)]
pub struct BackendReply {
    /// HTTP status.
    pub status: u16,
    /// JSON, or nothing.
    pub body: Bytes,
}

/// A future that a trait object can return.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Answers calls.
pub trait Backend: Send + Sync {
    /// Answers one call. An `Ok` of a write is durable.
    fn call(&self, call: BackendCall) -> BoxFuture<'_, Result<BackendReply, ErrorBody>>;
}

/// The rest of a call, beside what its permit says.
#[derive(Debug)]
pub struct Forwarded {
    /// The method.
    pub method: Method,
    /// The query, without `hapikey`.
    pub query: Option<String>,
    /// The body.
    pub body: Bytes,
    /// When the call came in.
    pub now: Timestamp,
}

/// Hands a call to the backend. Takes the permit by value: no decision, no call, and one call for
/// one decision.
pub fn forward(backend: &dyn Backend, permit: Permit, rest: Forwarded) -> BoxFuture<'_, Result<BackendReply, ErrorBody>> {
    let Forwarded { method, query, body, now } = rest;
    let (hub_id, app_id) = (permit.hub_id(), permit.app_id());
    backend.call(BackendCall { hub_id, app_id, method, path: permit.into_path(), query, body, now })
}
