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
mod correlation;
mod deprecation;
mod faults;
mod introspect;
mod links;
mod me;
mod oauth;
mod own_app;
mod ready;
mod receive;
mod refused;
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
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use bytes::Bytes;
use http::header::{CONNECTION, HeaderValue};
use http::request::Parts;
use http::{HeaderMap, Response};
use http_body_util::Either;
use hyper::body::{Body, Incoming};
use keyway_core::catalog::{Catalog, Operation, Resolution};
use keyway_core::error_body::ErrorBody;
use keyway_core::path::{NormalPath, PathError};
use keyway_core::policy::{Caller, Permit, Watcher, authorize};
use keyway_core::quota::Allowance;
use keyway_core::refusal::Refusal;
use keyway_core::secret::Secret;
use keyway_core::sunset::AsOf;
use keyway_core::time::{Moment, Now, Timestamp};
use keyway_core::touched::Touched;
use keyway_core::translate::translate;

use crate::arriving::Arriving;
use crate::audit::{AuditEntry, AuditLog};
use crate::backend::{Backend, BackendReply, Destination, Forwarded, Reply, Sent, Way, forward};
use crate::clock;
use crate::control::{Control, Wanted};
use crate::double::Answered;
use crate::double::faults::Rule;
use crate::double::observed::{Notes, Seen, next_page};
use crate::double::requests::Received;
use crate::held::{Budget, Charge};
use crate::known::Known;
use crate::limiter::{Asking, Limiter};
use crate::live::Live;
use crate::metrics::Metrics;
use crate::model::Account;
use crate::pulse::Pulse;
use crate::registry::{Registry, TokenEntry};
use crate::tokens::Tokens;
use crate::upstream::{Mark, RequestBody, Upstream, change_links, let_through};

use approve::Reader;
pub use authenticate::FromAgents;
pub(crate) use correlation::new_id as new_correlation_id;
pub use links::Reached;
pub use oauth::Addresses;
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
    /// Whether the connection is cut in place of an answer.
    cut: bool,
    /// The agent's tool that made it.
    tool: Option<Box<str>>,
    /// What a read used of its session's budget of records before its answer was there.
    spent: Option<Box<Wanted>>,
}

/// What an embedded account was sent.
#[derive(Default)]
struct Taken {
    path: String,
    query: Option<String>,
    headers: Vec<(&'static str, String)>,
    body: Bytes,
    /// The object types that it reaches beside its path.
    reached: [u64; 2],
    /// What is noticed of it while it is performed.
    notes: Arc<Notes>,
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
    /// A gateway over this hot state and audit log; embedded accounts are answered by `backend`,
    /// connected ones over `upstream`.
    pub fn new(registry: Arc<Registry>, audit: Arc<AuditLog>, backend: Arc<dyn Backend>, upstream: Arc<Upstream>) -> Self {
        let operation_names = Catalog::get().operations().iter().map(|operation| operation.to_string().into()).collect();
        Self {
            registry,
            audit,
            backend,
            upstream,
            operation_names,
            deprecations: deprecation::Deprecations::new(),
            unlisted_names: unlisted::Names::default(),
            oauth: None,
            desk: None,
            tokens: None,
            ledger: None,
            property_names: Live::new(true),
            as_of: Live::new(None),
            bodies: Arc::new(Budget::new(receive::BODIES_BYTES_MAX, receive::APP_BODIES_BYTES_MAX, receive::UNKNOWN_BODIES_BYTES_MAX)),
            unread: unread::Unread::default(),
            sampled: Arc::default(),
            reached: Reached::default(),
            known: Known::default(),
            metrics: Metrics::default(),
            is_ready: AtomicBool::new(false),
            pulse: Arc::default(),
        }
    }

    /// Says whether the server has all that it serves: not while it starts or stops.
    pub fn set_ready(&self, is_ready: bool) {
        self.is_ready.store(is_ready, Ordering::Relaxed);
    }

    /// The same, with public apps: `control` makes and ends their installs, on the runtime that calls this.
    #[must_use]
    pub fn with_oauth(mut self, control: Arc<Control>, addresses: Addresses) -> Self {
        self.oauth = Some(oauth::Server::new(control, addresses));
        self
    }

    /// The same, with approvals: `control` keeps them, on the runtime that calls this, and people decide at `server`.
    #[must_use]
    pub fn with_approvals(mut self, control: Arc<Control>, server: String) -> Self {
        self.desk = Some(approve::Desk::new(control, server));
        self
    }

    /// The same, with accounts that are connected by OAuth.
    #[must_use]
    pub fn with_tokens(mut self, tokens: Arc<Tokens>) -> Self {
        self.tokens = Some(tokens);
        self
    }

    /// The same, with sessions whose budgets `control` keeps, on the runtime that calls this.
    #[must_use]
    pub fn with_sessions(mut self, control: Arc<Control>) -> Self {
        self.ledger = Some(budget::Ledger::new(control));
        self
    }

    /// The same, with or without the names of properties in the audit.
    #[must_use]
    pub fn with_property_names(self, property_names: bool) -> Self {
        self.set_property_names(property_names);
        self
    }

    /// Whether the audit has the names of the properties that a call sets, from now on.
    pub fn set_property_names(&self, property_names: bool) {
        self.property_names.set(property_names);
    }

    /// The same, with embedded accounts that answer as HubSpot will on a day.
    #[must_use]
    pub fn with_as_of(self, as_of: Option<AsOf>) -> Self {
        self.set_as_of(as_of);
        self
    }

    /// Embedded accounts answer as HubSpot will on this day, from now on.
    pub fn set_as_of(&self, as_of: Option<AsOf>) {
        self.as_of.set(as_of);
    }

    /// The same, reached at an address that links in HubSpot's answers name.
    #[must_use]
    pub fn with_reached(mut self, reached: Reached) -> Self {
        self.reached = reached;
        self
    }

    /// The same, with another budget for the bodies of requests.
    #[must_use]
    pub fn with_bodies(mut self, bodies: Budget) -> Self {
        self.bodies = Arc::new(bodies);
        self
    }

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

    /// Keeps what an embedded account was sent, before its answer leaves.
    fn keep_received(
        &self,
        call: &mut Call,
        method: &http::Method,
        response: &Response<AnswerBody>,
        (word, category): (Option<&'static str>, Option<&'static str>),
        next_page: Option<String>,
    ) {
        let (Some(taken), Some(token)) = (call.taken.take(), &call.token) else { return };
        let Some(double) = token.app.account.double() else { return };
        let operation = call.operation.map(|operation| self.operation_names[usize::from(operation.id.0)].clone());
        let answered = match response.body() {
            // Not what no client saw, nor what may hold a token.
            Either::Left(whole) if !call.cut && !call.answers_secrets => {
                Some(Answered::new(response.headers().clone(), whole.clone().into_inner().unwrap_or_default()))
            }
            _ => None,
        };
        let received = Received {
            number: 0,
            at: call.now.wall,
            correlation_id: call.correlation_id.clone(),
            app_id: token.app.app.id,
            app: token.app.app.name.clone(),
            method: known_method(method).to_owned(),
            path: taken.path,
            query: taken.query,
            operation,
            headers: taken.headers,
            body: taken.body,
            body_bytes: 0,
            status: response.status().as_u16(),
            category,
            fault: call.fault,
            asserted: Arc::default(),
            cut: call.cut,
            took_us: u64::try_from(call.started.elapsed().as_micros()).unwrap_or(u64::MAX),
        };
        let received = double.requests.note(received, answered);
        double.observed.note(Seen {
            received: &received,
            operation: call.operation,
            object: call.object.clone(),
            reached: taken.reached,
            refusal: word,
            unknown_properties: taken.notes.unknown_properties(),
            next_page,
        });
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
        let token = authenticate::bearer(&self.registry, head, call)?;
        self.give_repeated_id(call);
        if token.app.account.double().is_some() {
            let query = head.uri.query().and_then(authenticate::without_hapikey);
            let headers = kept_headers(&head.headers);
            call.taken = Some(Box::new(Taken { path: kept_path(&path), query, headers, ..Taken::default() }));
        }
        let resolved = resolve(&head.method, &path);
        if let Ok(operation) = resolved {
            call.operation = Some(operation);
            call.object = Catalog::get().object_types(operation, &path);
            call.touched = Touched::of(operation, &path, head.uri.query());
        }
        self.refuse_ended(&token, &path)?;
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

    /// The token of a call that waited, as it is now.
    fn token_now(&self, held: &TokenEntry) -> Result<Arc<TokenEntry>, ErrorBody> {
        let now = clock::both();
        self.is_current(now.steady)?;
        authenticate::again(&self.registry, held, now)
    }

    /// What was let through goes to its backend.
    async fn answer(
        &self,
        call: &mut Call,
        head: &Parts,
        body: Arriving,
        permit: Permit,
        token: &Arc<TokenEntry>,
    ) -> Result<Outcome, Outcome> {
        let account = &token.app.account;
        if let Some(limiter) = account.limiter() {
            return self.relay(call, head, body, permit, token, limiter).await;
        }
        let operation = permit.operation();
        own_app::check(&self.registry, &permit, token)?;
        let fault = self.strike(call, operation, token).await?;
        let allowance = Some(throttle::embedded(token, operation, call.now)?);
        if usage::is_usage(operation) || account_activity::kind(operation).is_some() {
            Box::pin(self.spend(call, token, operation, b"")).await?;
        }
        if usage::is_usage(operation) {
            return Ok(Outcome { result: Ok(usage::answer(operation, token, call.now.wall).into()), allowance, allow: None });
        }
        if let (Some(kind), Some(server)) = (account_activity::kind(operation), &self.oauth) {
            let result = Box::pin(server.activity(self.audit.clone(), &account.account, kind, head)).await;
            return Ok(Outcome { result: result.map(Into::into), allowance, allow: None });
        }
        let result = match receive::body(head, body, call, &self.bodies).await {
            Ok(taken) => self.perform_here(call, head, taken, permit, fault, token).await,
            Err(refused) => Err(refused),
        };
        let result = if call.spent.is_some() { Box::pin(self.settle(call, token, operation, result)).await } else { result };
        let result = result.and_then(|reply| self.unread.hold(token.app.app.id, operation, reply));
        Ok(Outcome { result, allowance, allow: None })
    }

    /// Performs a call to an embedded account.
    async fn perform_here(
        &self,
        call: &mut Call,
        head: &Parts,
        taken: receive::Taken,
        permit: Permit,
        fault: Option<Rule>,
        token: &Arc<TokenEntry>,
    ) -> Result<Reply, ErrorBody> {
        let permit = beside::embedded(call, head, &taken, permit, token)?;
        let reader = Reader::Embedded(token);
        let needed = match self.needs_approval(call, head, &taken, &permit, token)? {
            Some(needed) => Some(Box::pin(self.approve_before_turn(call, &reader, needed)).await?),
            None => None,
        };
        if token.token.session.is_some() {
            Box::pin(self.spend(call, token, permit.operation(), &taken.json)).await?;
        }
        if let Some(needed) = needed {
            Box::pin(self.use_approval(call, &reader, needed)).await?;
        }
        match fault {
            Some(rule) => Box::pin(self.in_part(call, head, taken.body, permit, &rule, token)).await,
            None => match recorded(call, head, permit.path(), token) {
                Some(reply) => Ok(reply),
                None => self.perform(call, head, taken.body, permit, self.embedded(call, token)?).await,
            },
        }
    }

    /// A call to a connected account waits for its turn, is checked once more, and goes to HubSpot.
    async fn relay(
        &self,
        call: &mut Call,
        head: &Parts,
        body: Arriving,
        permit: Permit,
        token: &TokenEntry,
        limiter: &Arc<Limiter>,
    ) -> Result<Outcome, Outcome> {
        let operation = permit.operation();
        let asks = |held| Asking::new(token.app.app.id, token.app.app.sharing, operation.limit_class, held);
        if receive::is_long(&body) {
            limiter.would_refuse(asks(0)).map_err(|exceeded| throttle::too_many(token, operation, exceeded))?;
        }
        let taken = receive::relayed_body(head, body, call, &self.bodies).await?;
        let permit = self.beside_hubspot(head, &taken, permit, token, limiter).await?;
        let needed = match self.needs_approval(call, head, &taken, &permit, token)? {
            Some(needed) => Some(Box::pin(self.approve_before_turn(call, &Reader::HubSpot(token, limiter), needed)).await?),
            None => None,
        };
        let (mut body, json) = (taken.body, taken.json);
        let account = &token.app.account.account;
        // Before its turn: a place in the limits is not held while a token is waited for.
        self.presented(account).await?;
        let held = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
        let asking = asks(held);
        let waits = Instant::now();
        let stopped = match &mut body {
            Either::Left(_) => None,
            Either::Right(body) => Some(body.stopped()),
        };
        // What goes on as it comes keeps its place for as long as its client takes.
        let stream = match stopped {
            Some(_) => Some(Box::pin(limiter.stream(asking)).await.map_err(|exceeded| throttle::too_many(token, operation, exceeded))?),
            None => None,
        };
        let slot = limiter.place(asking).await;
        call.sent.waited = waits.elapsed();
        let slot = slot.map_err(|exceeded| throttle::too_many(token, operation, exceeded))?;
        // The decision of before the wait may not hold any more, nor the credential.
        let token = self.token_now(token)?;
        let permit = again(&token.caller(), &head.method, permit)?;
        if token.token.session.is_some() {
            Box::pin(self.spend(call, &token, permit.operation(), &json)).await?;
        }
        let connection = token.app.account.account.connection.as_deref().ok_or_else(respond::store_unavailable)?;
        let credential = self.presented(&token.app.account.account).await?;
        if let Some(needed) = needed {
            Box::pin(self.use_approval(call, &Reader::HubSpot(&token, limiter), needed)).await?;
        }
        let allowance = Some(slot.allowance);
        let still = || self.token_now(&token).is_ok();
        let way = Box::new(Way { upstream: &self.upstream, connection, credential: &credential, slot, asking, still: &still });
        let performed = self.perform(call, head, body, permit, Destination::HubSpot(way)).await;
        let performed = if call.spent.is_some() { Box::pin(self.settle(call, &token, operation, performed)).await } else { performed };
        let result = match performed {
            Ok(Reply::Relayed(reply)) if links::stay(head) => Ok(Reply::Relayed(reply)),
            // On the heap, as it is larger than all that waits here otherwise.
            Ok(Reply::Relayed(reply)) => {
                let links = || links::of(&self.reached, head, &connection.base);
                Ok(Reply::Relayed(Box::pin(change_links(reply, links, self.unread.relayed(token.app.app.id))).await))
            }
            Err(error) if error.refusal == Some(Refusal::ConnectionCredential) => {
                let account = &token.app.account.account;
                let by_oauth = account.connection.as_deref().is_some_and(|connection| connection.oauth_client.is_some());
                if let Some(tokens) = self.tokens.as_ref().filter(|_| by_oauth) {
                    tokens.refused(account.hub_id, &credential);
                }
                Err(error)
            }
            Err(error) => Err(stopped.and_then(|stopped| receive::given_up(&stopped)).unwrap_or(error)),
            whole @ Ok(Reply::Whole(_)) => whole,
        };
        drop(stream);
        Ok(Outcome { result, allowance, allow: None })
    }

    /// What is presented at HubSpot for an account.
    async fn presented<'a>(&self, account: &'a Account) -> Result<Cow<'a, Secret<String>>, ErrorBody> {
        let connection = account.connection.as_deref().ok_or_else(respond::store_unavailable)?;
        match (&self.tokens, connection.oauth_client) {
            (_, None) => Ok(Cow::Borrowed(&connection.credential)),
            (Some(tokens), Some(_)) => {
                tokens.get(account.hub_id).await.map(|(token, _)| Cow::Owned(token)).map_err(|error| respond::no_token(&error))
            }
            (None, Some(_)) => Err(respond::store_unavailable()),
        }
    }

    /// The embedded account of a token, while there is room for its answers: refused after it was performed, a change
    /// would be in doubt.
    fn embedded(&self, call: &Call, token: &Arc<TokenEntry>) -> Result<Destination<'_>, ErrorBody> {
        self.unread.check(token.app.app.id)?;
        let notes = call.taken.as_ref().map(|taken| taken.notes.clone() as Arc<dyn Watcher>);
        Ok(Destination::Embedded(&*self.backend, token.clone(), notes))
    }

    /// Notes a change before it is made, and hands the call on.
    async fn perform(
        &self,
        call: &mut Call,
        head: &Parts,
        body: RequestBody,
        permit: Permit,
        destination: Destination<'_>,
    ) -> Result<Reply, ErrorBody> {
        if !permit.operation().read_only {
            let entry = self.entry(call);
            self.audit.begin(entry).await.map_err(|_| respond::unavailable_error())?;
            call.begun = true;
        }
        let query = head.uri.query().and_then(authenticate::without_hapikey);
        let rest = Forwarded { method: head.method.clone(), query, headers: let_through(&head.headers), body, now: call.now.wall };
        let mut reply = forward(destination, permit, rest, &mut call.sent).await?;
        if let Some(touched) = &mut call.touched {
            touched::learn(touched, &mut reply).await;
        }
        Ok(reply)
    }

    /// How the audit names the operation of a call.
    fn name_of(&self, call: &Call) -> Arc<str> {
        match (call.operation, &call.unlisted) {
            (_, Some(name)) => name.clone(),
            (Some(operation), _) => self.operation_names[usize::from(operation.id.0)].clone(),
            (None, None) => format!("{} (unknown)", known_method(&call.method)).into(),
        }
    }

    /// What is known of a call before its outcome.
    fn entry(&self, call: &Call) -> AuditEntry {
        let caller = call.token.as_ref().map(|token| token.caller());
        AuditEntry {
            at: call.at,
            hub_id: caller.map(|caller| caller.hub_id),
            app_id: caller.map(|caller| caller.app_id),
            token_id: caller.map(|caller| caller.token_id),
            operation: self.name_of(call),
            object: call.object.clone(),
            status: 0,
            word: None,
            attempts: call.sent.attempts,
            waited_us: u64::try_from(call.sent.waited.as_micros()).unwrap_or(u64::MAX),
            latency_us: u64::try_from(call.started.elapsed().as_micros()).unwrap_or(u64::MAX),
            bytes_in: call.bytes_in,
            bytes_out: 0,
            correlation_id: call.correlation_id.clone(),
            source: call.source,
            named: call.touched.as_deref().map(|touched| Box::new(touched.named(**self.property_names.get()))),
            agent: agent::of(call),
        }
    }
}

/// Headers of a request that its log keeps: they say what was sent and by which program.
const KEPT_HEADERS: [&str; 3] = ["content-type", "accept", "user-agent"];
/// Longest value of them that is kept, in bytes.
const KEPT_HEADER_BYTES_MAX: usize = 256;

fn kept_headers(headers: &HeaderMap) -> Vec<(&'static str, String)> {
    let value = |name: &str| headers.get(name)?.to_str().ok().filter(|value| value.len() <= KEPT_HEADER_BYTES_MAX);
    KEPT_HEADERS.iter().filter_map(|name| Some((*name, value(name)?.to_owned()))).collect()
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

/// A method that a client made up is not written to the audit.
fn known_method(method: &http::Method) -> &str {
    let known = [
        http::Method::HEAD,
        http::Method::OPTIONS,
        http::Method::GET,
        http::Method::POST,
        http::Method::PUT,
        http::Method::PATCH,
        http::Method::DELETE,
    ];
    if known.contains(method) { method.as_str() } else { "(other)" }
}

/// Longest query accepted, in bytes: a hundred property names of ordinary length fit twice.
const QUERY_BYTES_MAX: usize = 16 * 1024;

fn normal_path(path: &str, query: Option<&str>) -> Result<NormalPath, ErrorBody> {
    if query.is_some_and(|query| query.len() > QUERY_BYTES_MAX) {
        return Err(Refusal::UriTooLong.error(format!("the query is longer than {QUERY_BYTES_MAX} bytes")));
    }
    NormalPath::parse(path).map_err(|error| match error {
        PathError::TooLong => Refusal::UriTooLong.error(error.to_string()),
        refused => Refusal::PathNotValid.error(refused.to_string()),
    })
}

/// Why the catalog has no operation for a call.
enum Unresolved {
    /// It has the path with other methods; the answer names them.
    Method(Box<Outcome>),
    /// It does not list the path.
    Path,
}

/// The answer that was recorded elsewhere for a call to an embedded account, if there is one.
fn recorded(call: &Call, head: &Parts, path: &NormalPath, token: &TokenEntry) -> Option<Reply> {
    let answers = &token.app.account.double()?.recorded;
    let taken = call.taken.as_deref()?;
    let one = answers.find(head.method.as_str(), path.as_str(), taken.query.as_deref(), &taken.body)?;
    let body = if one.answer.is_null() { Bytes::new() } else { one.answer.to_string().into() };
    Some(BackendReply { status: one.status, body }.into())
}

/// Decides again about a call that waited.
fn again(caller: &Caller<'_>, method: &http::Method, mut permit: Permit) -> Result<Permit, ErrorBody> {
    let (operation, beside) = (permit.operation(), permit.take_beside());
    let path = permit.into_path();
    if operation.is_unlisted() {
        return unlisted::permit(caller, method, path);
    }
    let decided = authorize(caller, operation, path).and_then(|permit| permit.reaching(caller, beside));
    decided.map_err(|denial| denial.to_error(caller, operation))
}

/// A path as the request log keeps it. Below `/oauth` a segment can be a token, also where the method is wrong.
fn kept_path(path: &NormalPath) -> String {
    if !path.segments().next().is_some_and(|first| first.eq_ignore_ascii_case("oauth")) {
        return path.as_str().to_owned();
    }
    let masked = keyway_core::unlisted::masked(path);
    masked.split('/').skip(1).enumerate().map(|(at, segment)| if at < 3 { format!("/{segment}") } else { "/*".to_owned() }).collect()
}

fn resolve(method: &http::Method, path: &NormalPath) -> Result<&'static Operation, Unresolved> {
    match Catalog::get().resolve(method.as_str(), path) {
        Resolution::Found(operation) => Ok(operation),
        Resolution::MethodNotAllowed(allowed) => {
            let allowed = allowed.iter().map(|method| method.as_str()).collect::<Vec<_>>().join(", ");
            let message = format!("{} is not a method of {}; it has {allowed}", known_method(method), kept_path(path));
            Err(Unresolved::Method(Box::new(Outcome { allow: Some(allowed), ..Refusal::MethodNotAllowed.error(message).into() })))
        }
        Resolution::Unknown => Err(Unresolved::Path),
    }
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
