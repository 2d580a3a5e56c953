//! One request, step by step; the files below are the steps, in this order:
//! `authenticate` → `resolve` → `authorize` → `throttle` → `audit::begin` → `forward(permit)` →
//! `respond` → `audit::record`.
//!
//! Nothing is forwarded without a permit, and no answer leaves before its record is durable.

mod account_activity;
mod agent;
mod approve;
mod as_of;
mod authenticate;
mod beside;
mod budget;
mod build;
mod correlation;
mod deprecation;
mod entry;
mod faults;
mod forward;
mod introspect;
mod kept;
mod links;
mod me;
mod oauth;
mod own_app;
mod ready;
mod receive;
mod refused;
mod resolve;
mod respond;
mod sampled;
mod throttle;
mod touched;
mod unlisted;
mod unread;
mod usage;
mod weight;

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use bytes::Bytes;
use http::Response;
use http::header::{CONNECTION, HeaderValue};
use http::request::Parts;
use hyper::body::{Body as _, Incoming};
use keyway_core::catalog::{Catalog, Operation};
use keyway_core::error_body::ErrorBody;
use keyway_core::late_search::LateSearch;
use keyway_core::path::NormalPath;
use keyway_core::policy::authorize;
use keyway_core::quota::Allowance;
use keyway_core::refusal::Refusal;
use keyway_core::sunset::AsOf;
use keyway_core::time::{Moment, Now, Timestamp};
use keyway_core::touched::Touched;
use keyway_core::translate::translate;

use crate::arriving::Arriving;
use crate::audit::{AuditEntry, AuditLog};
use crate::backend::{Backend, Reply, Sent};
use crate::clock;
use crate::control::Wanted;
use crate::double::observed::next_page;
use crate::held::{Budget, Charge};
use crate::known::Known;
use crate::live::Live;
use crate::metrics::Metrics;
use crate::pulse::Pulse;
use crate::registry::{Registry, TokenEntry};
use crate::tokens::Tokens;
use crate::upstream::{Mark, Upstream};

pub use authenticate::FromAgents;
pub(crate) use correlation::new_id as new_correlation_id;
use kept::{Taken, kept_headers, kept_path};
pub use links::Reached;
pub use oauth::Addresses;
use resolve::{Unresolved, known_method, normal_path, resolve};
pub(crate) use respond::refuse;
pub use respond::{AnswerBody, parse_refusal};

/// What every request needs.
pub struct Gateway {
    registry: Arc<Registry>,
    audit: Arc<AuditLog>,
    backend: Arc<dyn Backend>,
    upstream: Arc<Upstream>,
    /// The name of each operation, made once: the audit writes it with every call.
    operation_names: Vec<Arc<str>>,
    deprecations: deprecation::Deprecations,
    unlisted_names: unlisted::Names,
    /// Where installs are made and ended; none where there are no public apps.
    oauth: Option<oauth::Server>,
    /// Where calls that need a person's approval ask for it; without it they are refused.
    desk: Option<approve::Desk>,
    /// The access tokens of accounts connected by OAuth; none where there are none.
    tokens: Option<Arc<Tokens>>,
    /// Where the budgets of sessions are kept; none where there are no sessions.
    ledger: Option<budget::Ledger>,
    /// Whether the audit has the names of the properties that a call sets.
    property_names: Live<bool>,
    /// The day as of which embedded accounts answer; none where it is today and nothing has ended.
    as_of: Live<Option<AsOf>>,
    /// What the bodies of requests may hold in memory together.
    bodies: Arc<Budget>,
    /// Answers that their clients have not taken yet.
    unread: unread::Unread,
    /// Refused calls of callers that are not known.
    sampled: Arc<sampled::Sampled>,
    /// Where the data listener is reached, which links in HubSpot's answers name.
    reached: Reached,
    /// What was learned of connected accounts.
    known: Known,
    /// What is counted.
    pub metrics: Metrics,
    /// Whether the server neither starts nor stops.
    is_ready: AtomicBool,
    /// Whether the threads of its listeners do their work.
    pub pulse: Arc<Pulse>,
}

/// An answer before it is turned into HTTP: what came of the call, and what the headers say.
struct Outcome {
    result: Result<Reply, ErrorBody>,
    allowance: Option<Allowance>,
    allow: Option<String>,
}

/// What is known of a call while it goes down the road.
struct Call {
    at: Timestamp,
    method: http::Method,
    started: Instant,
    correlation_id: String,
    source: IpAddr,
    token: Option<Arc<TokenEntry>>,
    operation: Option<&'static Operation>,
    object: Option<Cow<'static, str>>,
    /// How the audit log names a call of a path that the catalog does not list.
    unlisted: Option<Arc<str>>,
    /// The dated path that was called in place of the numbered one.
    carried_to: Option<String>,
    /// The CRM records that it touches; none where it touches no single ones.
    touched: Option<Box<Touched>>,
    sent: Sent,
    bytes_in: u64,
    /// What its body holds in memory, where it is counted.
    charge: Option<Box<Charge>>,
    begun: bool,
    /// The approval that it asked for, or presents.
    approval: Option<u64>,
    /// Whether it goes on with that approval.
    used_approval: bool,
    /// What was wrong, where the answer is an error of OAuth and not of the pipeline.
    protocol: Option<Refusal>,
    /// Whether the answer may hold a token.
    answers_secrets: bool,
    /// The account's clocks; the real ones until the account is known.
    now: Now,
    /// What of a call to an embedded account is kept for its log of requests.
    taken: Option<Box<Taken>>,
    /// The fault rule that decided the answer.
    fault: Option<u64>,
    /// How it is behind, if it is a search: a fault rule says so.
    late_search: Option<LateSearch>,
    /// Whether the connection is cut in place of an answer.
    cut: bool,
    /// The agent's tool that made it.
    tool: Option<Box<str>>,
    /// What a read used of its session's budget of records before its answer was there.
    spent: Option<Box<Wanted>>,
}

/// A fault rule cuts the connection: there is no answer.
#[derive(Debug, thiserror::Error)]
#[error("a fault rule cut the connection")]
pub struct Cut;

impl From<ErrorBody> for Outcome {
    fn from(error: ErrorBody) -> Self {
        Self { result: Err(error), allowance: None, allow: None }
    }
}

impl Gateway {
    /// Bytes of request bodies that are held in memory.
    pub fn bodies_held(&self) -> usize {
        self.bodies.held()
    }

    /// Bytes of answers that are held in memory until their clients take them.
    pub fn answers_held(&self) -> usize {
        self.unread.held()
    }

    /// Brings the daily counts back from the audit, after a restart.
    ///
    /// # Errors
    /// The audit can't be read.
    pub async fn restore_daily_counts(&self) -> Result<(), crate::audit::AuditError> {
        let now = clock::now();
        for (hub_id, since) in self.registry.days(now) {
            let counted = self.audit.counted_since(hub_id, since).await?;
            self.registry.restore_daily(hub_id, counted, now);
        }
        Ok(())
    }

    /// Writes the records of refused calls that are counted and not written yet, before the audit is closed.
    pub async fn write_refused(&self) {
        self.sampled.write_now(&self.audit).await;
    }

    /// Calls of operations that end, since the start, by the date.
    pub fn ending(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.deprecations.counts()
    }

    /// Answers one request.
    ///
    /// # Errors
    /// A fault rule says that there is no answer, and the connection is to be closed.
    pub async fn handle(&self, head: &Parts, body: Incoming, source: IpAddr) -> Result<Response<AnswerBody>, Cut> {
        let (body, rest) = Arriving::new(body, &head.headers);
        let mut response = self.answered(head, body, source).await?;
        // A refusal may come before its body: what is little is read, so that the connection can be kept.
        if let Some(left) = rest.left()
            && !Box::pin(left.read()).await
        {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        Ok(response)
    }

    /// Answers a call that was made in this process, with its body whole.
    ///
    /// # Errors
    /// A fault rule says that there is no answer.
    pub async fn handle_whole(&self, head: &Parts, body: Bytes, source: IpAddr) -> Result<Response<AnswerBody>, Cut> {
        self.answered(head, Arriving::whole(body), source).await
    }

    async fn answered(&self, head: &Parts, body: Arriving, source: IpAddr) -> Result<Response<AnswerBody>, Cut> {
        let now = clock::both();
        if ready::is_asked(head) {
            return Ok(ready::response(Box::pin(self.readiness()).await));
        }
        let at = now.wall;
        let mut call = Call {
            at,
            method: head.method.clone(),
            started: Instant::now(),
            correlation_id: if self.registry.seed().is_none() { correlation::new_id(at) } else { String::new() },
            source,
            token: None,
            operation: None,
            object: None,
            unlisted: None,
            carried_to: None,
            touched: None,
            sent: Sent::default(),
            bytes_in: 0,
            charge: None,
            begun: false,
            approval: None,
            used_approval: false,
            protocol: None,
            answers_secrets: false,
            now,
            taken: None,
            fault: None,
            late_search: None,
            cut: false,
            tool: agent::tool(&head.headers),
            spent: None,
        };
        if me::is_asked(head) {
            return Ok(Box::pin(self.me(&mut call, head)).await);
        }
        let outcome = self.travel(&mut call, head, body).await.unwrap_or_else(|refused| refused);
        self.give_repeated_id(&mut call);
        let (word, category) = outcome.words(call.protocol);
        let next = outcome.next_page(&call);
        let mut response = respond::response(outcome, &call);
        if let Some(operation) = call.operation {
            self.deprecations.tell(operation, response.headers_mut());
        }
        if self.registry.seed().is_some() {
            let now = call.token.as_ref().map_or_else(|| self.registry.time_without_account(at), |token| token.app.account.now(at));
            response.headers_mut().extend(respond::date(now));
        }
        let status = response.status().as_u16();
        if let Some(touched) = &mut call.touched {
            touched::settle(touched, status, call.sent.attempts);
        }
        let entry = AuditEntry {
            status,
            word,
            // Of a body that comes as it goes, HubSpot may not say the length.
            bytes_out: response.body().size_hint().exact().unwrap_or(0),
            ..self.entry(&call)
        };
        if entry.app_id.is_none()
            && (400..500).contains(&status)
            && let sampled::Fate::Count(is_first) = self.sampled.take(&entry, clock::steady())
        {
            // Its record comes with the others of its second: nothing was performed, and nobody is known.
            self.metrics.summed();
            if is_first {
                tokio::spawn(self.sampled.clone().write(self.audit.clone()));
            }
        } else if let Err(error) = self.audit.record(entry, call.begun).await {
            tracing::error!(%error, "an answer was withheld: its record could not be written");
            return Ok(respond::unavailable(&call.correlation_id));
        }
        if let (Some(desk), Some(id), true) = (&self.desk, call.approval, call.used_approval) {
            desk.answered(id, status);
        }
        self.metrics.answered(status, call.started.elapsed(), &call.sent);
        self.keep_received(&mut call, &head.method, &response, (word, category), next);
        if call.cut { Err(Cut) } else { Ok(response) }
    }

    /// The road. Every `?` is a refusal.
    async fn travel(&self, call: &mut Call, head: &Parts, body: Arriving) -> Result<Outcome, Outcome> {
        self.is_current(call.now.steady)?;
        if refused::is_told(head) {
            return Box::pin(self.refused_elsewhere(call, head, body)).await;
        }
        let path = normal_path(head.uri.path(), head.uri.query())?;
        if introspect::is_introspection(&head.method, &path) {
            call.operation = introspect::operation();
            let body = receive::introspection_body(head, body, call, &self.bodies).await?;
            return introspect::answer(&self.registry, &body, call).map_err(Outcome::from);
        }
        if let Some(endpoint) = oauth::Endpoint::of(&head.method, &path) {
            self.refuse_ended_oauth(&path)?;
            return self.oauth(call, head, body, endpoint).await;
        }
        let token = match authenticate::bearer(&self.registry, head, call) {
            Ok(token) => token,
            Err(refused) => {
                // Who holds a token that has ended is known, and so is what they asked for.
                if call.token.is_some() {
                    let _ = identify(call, head, &path);
                }
                return Err(refused.into());
            }
        };
        self.give_repeated_id(call);
        if token.app.account.double().is_some() {
            let query = head.uri.query().and_then(authenticate::without_hapikey);
            let headers = kept_headers(&head.headers);
            call.taken = Some(Box::new(Taken { path: kept_path(&path), query, headers, ..Taken::default() }));
        }
        let resolved = identify(call, head, &path);
        self.refuse_ended(&token, &path, resolved.as_ref().ok().copied())?;
        let operation = match resolved {
            Ok(operation) => operation,
            Err(unresolved) => return Box::pin(self.unresolved(call, head, body, path, &token, unresolved)).await,
        };
        let (operation, path) = match token.app.app.translate.then(|| translate(operation, &path)).transpose().map_err(ErrorBody::from)? {
            Some(Some((dated, carried))) => {
                call.carried_to = Some(carried.as_str().to_owned());
                (dated, carried)
            }
            _ => (operation, path),
        };
        let permit = authorize(&token.caller(), operation, path).map_err(|denial| denial.to_error(&token.caller(), operation))?;
        if oauth::is_uninstall(operation) {
            approve::refuse_uninstall(&token, head, &permit)?;
            return self.uninstall(call, permit, &token).await;
        }
        self.answer(call, head, body, permit, &token).await
    }

    /// Under a seed, a call has the next correlation id of its account, which is not known at once.
    fn give_repeated_id(&self, call: &mut Call) {
        if call.correlation_id.is_empty() {
            let account = call.token.as_ref().map(|token| &*token.app.account);
            call.correlation_id = self.registry.correlation_id(account).unwrap_or_else(|| correlation::new_id(call.at));
        }
    }

    /// Refuses where a token may have been revoked on another instance.
    fn is_current(&self, now: Moment) -> Result<(), ErrorBody> {
        if self.registry.is_current(now) { Ok(()) } else { Err(respond::store_unavailable()) }
    }
}

/// Finds the operation, and notes it with the object types and the records that the path names.
fn identify(call: &mut Call, head: &Parts, path: &NormalPath) -> Result<&'static Operation, Unresolved> {
    let operation = resolve(&head.method, path)?;
    call.operation = Some(operation);
    call.object = Catalog::get().object_types(operation, path);
    call.touched = Touched::of(operation, path, head.uri.query());
    Ok(operation)
}

/// Whether an operation is answered here on an embedded account, and not by its backend.
pub(crate) fn answers_itself(operation: &Operation) -> bool {
    let is_introspection = introspect::operation().is_some_and(|own| own.id == operation.id);
    is_introspection
        || usage::is_usage(operation)
        || account_activity::kind(operation).is_some()
        || oauth::is_uninstall(operation)
        || oauth::answers(operation)
}

impl Outcome {
    /// What was wrong, for the audit (see [`keyway_core::refusal::Word`]), and the category that the client is given.
    fn words(&self, protocol: Option<Refusal>) -> (Option<&'static str>, Option<&'static str>) {
        let refusal = match &self.result {
            Err(error) => return (Some(error.word()), Some(error.category)),
            Ok(reply) => protocol.or(reply.mark().map(Mark::refusal)),
        };
        (refusal.map(Refusal::name), refusal.map(Refusal::category))
    }

    /// The cursor of the next page, of a read from an embedded account.
    fn next_page(&self, call: &Call) -> Option<String> {
        match (&self.result, call.operation, &call.taken) {
            (Ok(Reply::Whole(reply)), Some(operation), Some(_)) if operation.read_only && reply.status == 200 => next_page(&reply.body),
            _ => None,
        }
    }

    fn status(&self) -> u16 {
        match &self.result {
            Ok(reply) => reply.status(),
            Err(error) => error.status,
        }
    }
}
