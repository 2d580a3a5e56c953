//! What makes an embedded account a test double: a clock that can be set, faults on demand, the
//! requests it received, and what they show of the code that sent them.
//!
//! All of it is in memory and of one account. A connected account has none: [`Double`] is in the
//! entry of an embedded account only, so that nothing here can touch a call to HubSpot.

mod answers;
pub mod clock;
pub mod deliveries;
mod expectations;
pub mod faults;
pub mod har;
pub mod observed;
mod recent;
pub mod recorded;
pub mod requests;
mod snapshots;

use serde_json::Value;

use crate::boxed::BoxFuture;
use crate::repeat::{CorrelationIds, Repeat};

pub use answers::Answered;
pub use clock::AccountClock;
use deliveries::Deliveries;
pub use expectations::Expectation;
pub use snapshots::Snapshots;

/// The test double's side of one embedded account.
#[derive(Default)]
pub struct Double {
    /// The clock of the account, which a test may set.
    pub clock: AccountClock,
    /// What its calls run into.
    pub faults: faults::Faults,
    /// Answers to what it can't answer itself.
    pub recorded: recorded::Answers,
    /// What it was sent.
    pub requests: requests::Requests,
    /// What its webhooks sent.
    pub deliveries: Deliveries,
    /// What its calls show, for the report of a run of tests; stays when the account is reset.
    pub observed: observed::Observed,
    /// Copies of its records, to come back to.
    pub snapshots: Snapshots,
    /// The correlation ids of its calls, where they follow from a seed.
    pub correlation_ids: Option<CorrelationIds>,
}

impl Double {
    /// That of a new account.
    pub(crate) fn new(hub_id: u64, repeat: Repeat) -> Self {
        Self {
            clock: AccountClock::starting(repeat.start),
            faults: faults::Faults::new(repeat.seed),
            correlation_ids: repeat.seed.map(|seed| CorrelationIds::new(seed, hub_id)),
            ..Self::default()
        }
    }

    /// As when the account was made, for the test of this name; snapshots and what was observed stay.
    pub fn reset(&self, test: Option<&str>) {
        self.observed.begin(test);
        self.clock.reset();
        self.faults.clear();
        self.recorded.clear();
        self.requests.clear();
        self.deliveries.clear();
    }
}

/// Why records could not be changed.
#[derive(Debug, thiserror::Error)]
pub enum RefillError {
    /// What was given is not valid; the text says where.
    #[error("{0}")]
    Invalid(String),
    /// The account refused one of the calls that a seed is made of.
    #[error("{place}: {what}")]
    Refused {
        /// Where the call is in the seed.
        place: String,
        /// The refusal.
        what: String,
        /// The field of the call's body that the refusal names.
        field: Option<String>,
    },
    /// The account's storage refused.
    #[error("the embedded account: {0}")]
    Storage(String),
}

/// What may be done to the records of an embedded account beside calling it.
pub trait Refill: Send + Sync {
    /// Takes every record and definition away; the account is as it was made.
    fn empty(&self, hub_id: u64) -> BoxFuture<'_, Result<(), RefillError>>;
    /// Adds records, all of them or none. What is made is answered, by object type.
    fn fill(&self, hub_id: u64, seed: Value, now: keyway_core::time::Timestamp) -> BoxFuture<'_, Result<Value, RefillError>>;
    /// Reads a seed that is written as YAML; the error is one line.
    fn read_yaml(&self, text: &str) -> Result<Value, String>;
    /// All that the account holds.
    fn copy(&self, hub_id: u64) -> BoxFuture<'_, Result<Vec<u8>, RefillError>>;
    /// Whether a text is a copy that this account can be filled with; changes nothing.
    fn check_copy<'a>(&'a self, hub_id: u64, copy: &'a [u8]) -> BoxFuture<'a, Result<(), RefillError>>;
    /// What differs between two copies; without the first, the account as it was made, without the second, as it is.
    /// `only` is `records`, `associations` or `definitions`.
    fn differences(
        &self,
        hub_id: u64,
        from: Option<Vec<u8>>,
        to: Option<Vec<u8>>,
        limit: usize,
        only: Option<String>,
    ) -> BoxFuture<'_, Result<Value, RefillError>>;
    /// Puts in the place of what the account holds what [`Refill::copy`] gave.
    fn put_back(&self, hub_id: u64, copy: Vec<u8>) -> BoxFuture<'_, Result<(), RefillError>>;
    /// How many records the account holds that are not archived; 0 where there is no such account.
    fn records(&self, hub_id: u64) -> BoxFuture<'_, u64>;
    /// The targets and subscriptions of an account's apps, one object for each app.
    fn webhooks(&self, hub_id: u64) -> BoxFuture<'_, Vec<Value>>;
    /// Whether the embedded account answers an operation.
    fn serves(&self, method: &str, path: &str) -> bool;
    /// Whether the embedded account keeps what is at a path, and does nothing else with it.
    fn keeps(&self, path: &str) -> bool;
    /// The names of the built-in sets, with what is in them.
    fn sets(&self) -> &'static [(&'static str, &'static str)];
}
