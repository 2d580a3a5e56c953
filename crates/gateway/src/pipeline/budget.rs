//! The budgets of sessions: what a call needs is used before it is performed, in the store, where all instances see it.
//!
//! A change uses the records that its body names, and is refused where they are too many. How many records a read gives
//! is known when they are there: it uses one before, and what is over after it; an answer that does not fit is withheld.

use std::sync::Arc;
use std::time::Duration;

use http::header::CONTENT_TYPE;
use http_body_util::Either;
use keyway_core::catalog::Operation;
use keyway_core::error_body::{ErrorBody, ErrorDetail};
use keyway_core::records;
use keyway_core::refusal::Refusal;
use keyway_core::safety::Class;
use tokio::runtime::Handle;

use super::touched::{Encoding, encoding, inflated};
use super::{Call, Gateway, respond};
use crate::backend::Reply;
use crate::control::{Control, Exhausted, SpendError, Wanted};
use crate::model::{SessionBudget, SessionUse};
use crate::registry::TokenEntry;

/// Bytes of an answer in which records are counted. A page of two hundred records with long texts is smaller.
const ANSWER_BYTES_MAX: usize = 4 << 20;
/// How long an answer is waited for to be counted, after its head has come.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(30);

/// Where budgets are kept.
pub(super) struct Ledger {
    control: Arc<Control>,
    /// Where the store's connections live.
    runtime: Handle,
}

impl Ledger {
    pub(super) fn new(control: Arc<Control>) -> Self {
        Self { control, runtime: Handle::current() }
    }

    async fn spend(&self, budget: SessionBudget, wanted: Wanted) -> Result<(), SpendError> {
        let control = self.control.clone();
        let spending = self.runtime.spawn(async move { control.spend(budget, wanted).await });
        spending.await.unwrap_or(Err(SpendError::Gone))
    }

    async fn give_back(&self, wanted: Wanted) {
        let control = self.control.clone();
        let giving = self.runtime.spawn(async move { control.give_back_records(wanted).await });
        // What is not given back is lost to the session, never to the budget.
        if let Ok(Err(error)) = giving.await {
            tracing::warn!(%error, "a session was not given back what its call did not need");
        }
    }

    async fn used(&self, wanted: Wanted) -> Result<SessionUse, SpendError> {
        let control = self.control.clone();
        let reading = self.runtime.spawn(async move { control.used_by(wanted.token_id, wanted.day).await });
        reading.await.unwrap_or(Err(SpendError::Gone))
    }
}

impl Gateway {
    /// Uses what a call needs of its session's budgets.
    pub(super) async fn spend(&self, call: &mut Call, token: &TokenEntry, operation: &Operation, body: &[u8]) -> Result<(), ErrorBody> {
        let Some(budget) = bounded(token) else { return Ok(()) };
        let is_read = operation.safety.class == Class::Read;
        let records = match () {
            () if !budget.counts_records() => 0,
            () if is_read => u64::from(records::are_touched(operation)),
            () => records::changed(operation, body).ok_or_else(|| uncountable(token, operation))?,
        };
        let wanted = self.wanted(call, token, 1, records);
        self.ledger()?.spend(budget, wanted).await.map_err(|error| refused(token, &error, wanted))?;
        if budget.counts_records() && is_read {
            call.spent = Some(Box::new(wanted));
        }
        Ok(())
    }

    /// Settles what a read used, once its answer is there.
    pub(super) async fn settle(
        &self,
        call: &mut Call,
        token: &TokenEntry,
        operation: &Operation,
        result: Result<Reply, ErrorBody>,
    ) -> Result<Reply, ErrorBody> {
        let (Some(spent), Some(budget)) = (call.spent.take(), bounded(token)) else { return result };
        let mut result = result;
        let held = match &mut result {
            Ok(reply) if reply.status() < 400 => held(operation, reply).await,
            _ => Some(0),
        };
        let Some(held) = held else {
            return Err(Refusal::BudgetUsed.error(format!(
                "{} has a budget of records, and Keyway can't count the records of this answer, so it withheld the answer. Ask for a smaller page.",
                named(token)
            )));
        };
        if held < spent.records {
            self.ledger()?.give_back(Wanted { calls: 0, records: spent.records - held, ..*spent }).await;
        } else if held > spent.records {
            let over = Wanted { calls: 0, records: held - spent.records, ..*spent };
            if let Err(error) = self.ledger()?.spend(budget, over).await {
                self.ledger()?.give_back(Wanted { calls: 0, ..*spent }).await;
                return Err(withheld(token, &error, held));
            }
        }
        result
    }

    /// What a session has used of its budgets; nothing where it has none.
    pub(super) async fn used_of_budget(&self, call: &Call, token: &TokenEntry) -> Result<SessionUse, ErrorBody> {
        if bounded(token).is_none() {
            return Ok(SessionUse::default());
        }
        self.ledger()?.used(self.wanted(call, token, 0, 0)).await.map_err(|_| respond::store_unavailable())
    }

    fn wanted(&self, call: &Call, token: &TokenEntry, calls: u64, records: u64) -> Wanted {
        let now = call.now.wall;
        let day = self.registry.day_began(token.app.app.hub_id, now).unwrap_or(now);
        Wanted { token_id: token.token.id, day, calls, records }
    }

    fn ledger(&self) -> Result<&Ledger, ErrorBody> {
        self.ledger.as_ref().ok_or_else(respond::store_unavailable)
    }
}

/// The budgets of a token's session, where it has any.
fn bounded(token: &TokenEntry) -> Option<SessionBudget> {
    token.token.session.as_ref().map(|session| session.budget).filter(|budget| !budget.is_endless())
}

/// How many records an answer holds; none where that can't be known.
async fn held(operation: &Operation, reply: &mut Reply) -> Option<u64> {
    match reply {
        // What is not JSON is a file.
        Reply::Whole(reply) => Some(records::answered(operation, &reply.body).unwrap_or(1)),
        Reply::Relayed(reply) => {
            let kind = reply.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
            if !kind.contains("json") {
                return Some(1);
            }
            let coding = encoding(reply);
            let Either::Left(body) = &mut reply.body else { return None };
            let (bytes, whole) = body.look_ahead(ANSWER_BYTES_MAX, ANSWER_TIME_MAX).await;
            match coding {
                Encoding::None if whole => records::answered(operation, &bytes),
                Encoding::Gzip if whole => {
                    let (text, all) = inflated(&bytes);
                    if all { records::answered(operation, &text) } else { None }
                }
                _ => None,
            }
        }
    }
}

fn named(token: &TokenEntry) -> String {
    format!("The session {}", token.token.id)
}

fn uncountable(token: &TokenEntry, operation: &Operation) -> ErrorBody {
    Refusal::BudgetUsed.error(format!(
        "{} has a budget of records, and {operation} does not say how many records it changes, so the session can't call it.",
        named(token)
    ))
}

fn refused(token: &TokenEntry, error: &SpendError, wanted: Wanted) -> ErrorBody {
    match error {
        SpendError::Exhausted(one) => {
            let needed = if one.what == "calls" { wanted.calls } else { wanted.records };
            let message = format!("{}, and this call needs {needed}.", left(token, *one));
            detailed(Refusal::BudgetUsed.error(message), token, *one)
        }
        _ => gone(error),
    }
}

fn withheld(token: &TokenEntry, error: &SpendError, held: u64) -> ErrorBody {
    match error {
        SpendError::Exhausted(one) => {
            let message = format!(
                "{} beyond the one that each read uses first, and the answer holds {held}, so Keyway withheld it. Ask for at most {} in one call.",
                left(token, *one),
                one.left + 1
            );
            detailed(Refusal::BudgetUsed.error(message), token, *one)
        }
        _ => gone(error),
    }
}

fn gone(error: &SpendError) -> ErrorBody {
    tracing::error!(%error, "the budget of a session could not be used");
    respond::store_unavailable()
}

fn left(token: &TokenEntry, Exhausted { what, most, left, of_day }: Exhausted) -> String {
    let day = if of_day { " of the day" } else { "" };
    format!("{} has {left} of its {most} {what}{day} left", named(token))
}

fn detailed(error: ErrorBody, token: &TokenEntry, one: Exhausted) -> ErrorBody {
    let budget = if one.of_day { format!("{} per day", one.what) } else { one.what.to_owned() };
    error.detail(
        ErrorDetail::new("The session has no such part of its budget left.")
            .context("session", vec![token.token.id.to_string()])
            .context("budget", vec![budget])
            .context("left", vec![one.left.to_string()]),
    )
}
