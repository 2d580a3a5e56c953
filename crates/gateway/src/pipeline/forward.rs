//! The last step of a call that was let through: to the embedded account, or to HubSpot when its turn comes.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use http::request::Parts;
use http_body_util::Either;
use hyper::body::Body as _;
use keyway_core::error_body::ErrorBody;
use keyway_core::path::NormalPath;
use keyway_core::policy::{Caller, Permit, Watcher, authorize};
use keyway_core::refusal::Refusal;
use keyway_core::secret::Secret;

use super::approve::Reader;
use super::{
    Call, Gateway, Outcome, account_activity, authenticate, beside, links, own_app, receive, respond, throttle, touched, unlisted, usage,
};
use crate::arriving::Arriving;
use crate::backend::{BackendReply, Destination, Forwarded, Reply, Way, forward};
use crate::clock;
use crate::double::faults::Rule;
use crate::limiter::{Asking, Limiter};
use crate::model::Account;
use crate::registry::TokenEntry;
use crate::upstream::{RequestBody, change_links, let_through};

/// The answer that was recorded elsewhere for a call to an embedded account, if there is one.
fn recorded(call: &Call, head: &Parts, path: &NormalPath, token: &TokenEntry) -> Option<Reply> {
    let answers = &token.app.account.double()?.recorded;
    let taken = call.taken.as_deref()?;
    let one = answers.find(head.method.as_str(), path.as_str(), taken.query.as_deref(), &taken.body)?;
    let body = if one.answer.is_null() { Bytes::new() } else { one.answer.to_string().into() };
    Some(BackendReply { status: one.status, body }.into())
}

/// Decides again about a call that waited.
pub(super) fn again(caller: &Caller<'_>, method: &http::Method, mut permit: Permit) -> Result<Permit, ErrorBody> {
    let (operation, beside) = (permit.operation(), permit.take_beside());
    let path = permit.into_path();
    if operation.is_unlisted() {
        return unlisted::permit(caller, method, path);
    }
    let decided = authorize(caller, operation, path).and_then(|permit| permit.reaching(caller, beside));
    decided.map_err(|denial| denial.to_error(caller, operation))
}

impl Gateway {
    /// The token of a call that waited, as it is now.
    fn token_now(&self, held: &TokenEntry) -> Result<Arc<TokenEntry>, ErrorBody> {
        let now = clock::both();
        self.is_current(now.steady)?;
        authenticate::again(&self.registry, held, now)
    }

    /// What was let through goes to its backend.
    pub(super) async fn answer(
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
    pub(super) async fn relay(
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
    pub(super) async fn presented<'a>(&self, account: &'a Account) -> Result<Cow<'a, Secret<String>>, ErrorBody> {
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
    pub(super) fn embedded(&self, call: &Call, token: &Arc<TokenEntry>) -> Result<Destination<'_>, ErrorBody> {
        self.unread.check(token.app.app.id)?;
        let notes = call.taken.as_ref().map(|taken| taken.notes.clone() as Arc<dyn Watcher>);
        Ok(Destination::Embedded(&*self.backend, token.clone(), notes))
    }

    /// Notes a change before it is made, and hands the call on.
    pub(super) async fn perform(
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
        let (headers, late_search) = (let_through(&head.headers), call.late_search);
        let rest = Forwarded { method: head.method.clone(), query, headers, body, now: call.now.wall, late_search };
        let mut reply = forward(destination, permit, rest, &mut call.sent).await?;
        if let Some(touched) = &mut call.touched {
            touched::learn(touched, &mut reply).await;
        }
        Ok(reply)
    }
}
