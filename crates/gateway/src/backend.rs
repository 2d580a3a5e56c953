//! What answers a call that was let through: the embedded portal, or HubSpot over a connection.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::RETRY_AFTER;
use http::{HeaderMap, Method};
use http_body_util::BodyExt;
use keyway_core::error_body::{ErrorBody, RateLimitFields};
use keyway_core::hublet::WRONG_HUBLET;
use keyway_core::late_search::LateSearch;
use keyway_core::path::NormalPath;
use keyway_core::policy::{Holder, OnBehalf, Permit, Watcher};
use keyway_core::quota::Policy;
use keyway_core::refusal::Refusal;
use keyway_core::secret::Secret;
use keyway_core::time::Timestamp;
use serde_json::Value;

pub use crate::boxed::BoxFuture;
use crate::limiter::{Asking, Slot};
use crate::model::Connection;
use crate::upstream::health::State;
use crate::upstream::{ATTEMPTS_MAX, BACKOFF, Mark, Outgoing, Relayed, RequestBody, Upstream, UpstreamError};

/// A call with everything the caller's own credential was taken out of.
#[derive(Debug)]
pub struct BackendCall {
    /// The hub id of the account.
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
    /// In whose name: the account decides what only its own state tells.
    pub by: OnBehalf,
}

/// An answer that is not an error.
#[derive(Debug)]
pub struct BackendReply {
    /// HTTP status.
    pub status: u16,
    /// JSON, or nothing.
    pub body: Bytes,
}

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
    /// What of the client's headers goes on.
    pub headers: HeaderMap,
    /// The body: whole, or an upload that goes on as it comes.
    pub body: RequestBody,
    /// When the call came in.
    pub now: Timestamp,
    /// How it is behind, if it is a search on an embedded account.
    pub late_search: Option<LateSearch>,
}

/// How a call got to HubSpot.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sent {
    /// Times it was sent.
    pub attempts: u32,
    /// How long it waited for the account's limits.
    pub waited: Duration,
    /// Why there was no answer.
    pub failed: Option<UpstreamError>,
}

/// Where a call goes.
pub enum Destination<'a> {
    /// The embedded portal, and who wants to know what it notices.
    Embedded(&'a dyn Backend, Arc<dyn Holder>, Option<Arc<dyn Watcher>>),
    /// HubSpot. On the heap: it is passed by value several times.
    HubSpot(Box<Way<'a>>),
}

/// How a call reaches HubSpot.
pub struct Way<'a> {
    /// The client side.
    pub upstream: &'a Upstream,
    /// The connection of the account: its host, and what is known of its credential.
    pub connection: &'a Connection,
    /// What is presented there.
    pub credential: &'a Secret<String>,
    /// Its place within HubSpot's limits.
    pub slot: Slot,
    /// For another place, if it must be sent again.
    pub asking: Asking,
    /// Whether the caller's token still holds, which is asked before it is sent again.
    pub still: &'a (dyn Fn() -> bool + Send + Sync),
}

/// What came back.
#[derive(Debug)]
pub enum Reply {
    /// Whole.
    Whole(BackendReply),
    /// As it comes from HubSpot.
    Relayed(Relayed),
}

impl Reply {
    /// HTTP status.
    pub const fn status(&self) -> u16 {
        match self {
            Self::Whole(reply) => reply.status,
            Self::Relayed(reply) => reply.status,
        }
    }
}

impl Reply {
    /// A remark about an answer.
    pub const fn mark(&self) -> Option<Mark> {
        match self {
            Self::Whole(_) => None,
            Self::Relayed(reply) => reply.mark,
        }
    }
}

impl From<BackendReply> for Reply {
    fn from(reply: BackendReply) -> Self {
        Self::Whole(reply)
    }
}

/// Hands a call on. Takes the permit by value: no decision, no call, and one call for one decision.
///
/// # Errors
/// The backend's error, or why HubSpot gave no answer.
pub async fn forward(destination: Destination<'_>, permit: Permit, rest: Forwarded, sent: &mut Sent) -> Result<Reply, ErrorBody> {
    match destination {
        Destination::Embedded(backend, holder, watcher) => embedded(backend, (holder, watcher), permit, rest).await.map(Reply::Whole),
        Destination::HubSpot(way) => hubspot(way, permit, rest, sent).await.map(Reply::Relayed),
    }
}

async fn embedded(
    backend: &dyn Backend,
    (holder, watcher): (Arc<dyn Holder>, Option<Arc<dyn Watcher>>),
    permit: Permit,
    rest: Forwarded,
) -> Result<BackendReply, ErrorBody> {
    let Forwarded { method, query, body, now, late_search, .. } = rest;
    let body = body.collect().await.map_err(|_| Refusal::BodyBroken.error("the request's body could not be read"))?.to_bytes();
    let (hub_id, app_id, operation) = (permit.hub_id(), permit.app_id(), permit.operation());
    let path = permit.into_path();
    let spelled = match operation.spell(&path) {
        Cow::Owned(spelled) => Some(spelled),
        Cow::Borrowed(_) => None,
    };
    let path = spelled.unwrap_or(path);
    let by = OnBehalf::new(holder, operation).watched(watcher).searching(late_search);
    backend.call(BackendCall { hub_id, app_id, method, path, query, body, now, by }).await
}

async fn hubspot(way: Box<Way<'_>>, permit: Permit, rest: Forwarded, sent: &mut Sent) -> Result<Relayed, ErrorBody> {
    let Way { upstream, connection, credential, mut slot, asking, still } = *way;
    let Forwarded { method, query, headers, body, now, .. } = rest;
    let (read_only, hub_id) = (permit.operation().read_only, permit.hub_id());
    let path = permit.into_path();
    let target = query.map_or_else(|| path.as_sent().to_owned(), |query| [path.as_sent(), &query].join("?"));
    let mut call = Outgoing { method, target, headers, body: Some(body), read_only };
    loop {
        slot.sending();
        sent.attempts += 1;
        let mut outcome = upstream.send(&connection.base, credential, &mut call).await;
        if let Ok(reply) = &mut outcome {
            reply.mark = judged(reply, hub_id).await;
        }
        sent.failed = outcome.as_ref().err().copied();
        match &outcome {
            Ok(reply) if reply.status != 429 => {
                slot.told(reply.told);
                if reply.status < 500 && reply.mark.is_none() {
                    slot.passed();
                }
            }
            Err(UpstreamError::Unreachable(_)) => slot.never_left(),
            _ => {}
        }
        let again = sent.attempts < ATTEMPTS_MAX && call.worth_sending_again(&outcome);
        let reply = match outcome {
            Ok(reply) if reply.status == 429 => {
                let mut limit = HubSpotLimit::read(reply).await;
                if let Some(to_midnight_ms) = slot.refused(limit.policy, limit.retry_after_ms) {
                    // Sending it again, or waiting, helps nobody before the account's midnight.
                    limit.retry_after_ms = Some(to_midnight_ms);
                    return Err(limit.into());
                }
                // A refused call was not performed, so any may be sent again, in its turn.
                if call.body.is_none() || sent.attempts == ATTEMPTS_MAX {
                    return Err(limit.into());
                }
                let waits = Instant::now();
                let another = slot.another(asking).await;
                sent.waited += waits.elapsed();
                match another {
                    Ok(another) if still() => slot = another,
                    _ => return Err(limit.into()),
                }
                continue;
            }
            outcome if again => {
                tokio::time::sleep(BACKOFF * sent.attempts).await;
                match slot.another(asking).await {
                    Ok(another) if still() => slot = another,
                    _ => return outcome.map_err(no_answer),
                }
                continue;
            }
            outcome => outcome.map_err(no_answer)?,
        };
        if reply.status == 401 && reply.mark.is_none() {
            upstream.health.note(hub_id, State::Refused, now);
            return Err(credential_refused());
        }
        return Ok(reply);
    }
}

/// The error for when HubSpot refuses the credential of a connection. It does not refuse the caller's token: with a 401 a
/// client would discard its own.
pub fn credential_refused() -> ErrorBody {
    let message = "HubSpot refuses the credential of this account's connection: it was revoked, rotated or has expired. The app's own token is fine; whoever operates the gateway must connect the account again.";
    Refusal::ConnectionCredential.error(message)
}

/// What is to be said of an answer beside it. Only statuses that say something of the credential, the
/// account or the network are looked at; all else streams by.
async fn judged(reply: &mut Relayed, hub_id: u64) -> Option<Mark> {
    if !matches!(reply.status, 401 | 403 | 404 | 407 | WRONG_HUBLET | 511) {
        return None;
    }
    match reply.error_word().await {
        Ok(_) if reply.status == WRONG_HUBLET => Some(Mark::WrongHublet),
        Ok(_) => None,
        // HubSpot itself answers unknown paths with a page (hubspot facts, section 4).
        Err(seen) if reply.status == 404 && seen.html => None,
        Err(seen) => {
            tracing::warn!(hub_id, %seen, "something between Keyway and HubSpot answered a call");
            Some(Mark::NotHubSpot)
        }
    }
}

/// HubSpot's 429 (hubspot facts, section 4).
struct HubSpotLimit {
    policy: Policy,
    group_name: String,
    retry_after_ms: Option<i64>,
}

impl HubSpotLimit {
    async fn read(mut reply: Relayed) -> Self {
        let seconds = reply.headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse::<i64>().ok());
        // Only a 429 from HubSpot names a limit of HubSpot.
        let body: Value = reply.error_word().await.unwrap_or_default();
        let named = body["policyName"].as_str().unwrap_or_default();
        Self {
            // A limit that is not named is one that passes soon.
            policy: Policy::ALL.into_iter().find(|policy| policy.name() == named).unwrap_or(Policy::TenSecondlyRolling),
            group_name: body["groupName"].as_str().unwrap_or_default().chars().take(200).collect(),
            retry_after_ms: seconds.map(|seconds| seconds.saturating_mul(1_000)),
        }
    }
}

impl From<HubSpotLimit> for ErrorBody {
    fn from(limit: HubSpotLimit) -> Self {
        let mut error = limit.policy.refusal().error(limit.policy.message());
        error.rate_limit = Some(RateLimitFields { policy_name: limit.policy.name(), group_name: limit.group_name });
        error.retry_after_s = limit.retry_after_ms.map(|ms| ms.saturating_add(999) / 1_000);
        error
    }
}

fn no_answer(error: UpstreamError) -> ErrorBody {
    let refusal = match error {
        UpstreamError::TimedOut => Refusal::HubSpotTimedOut,
        UpstreamError::Unsendable => Refusal::NotSendable,
        UpstreamError::Unreachable(_) => Refusal::HubSpotUnreachable,
        UpstreamError::Broken => Refusal::HubSpotBroke,
    };
    refusal.error(error.to_string())
}
