//! An embedded account, and the order in which calls use it.
//!
//! Calls that only read share an account; a call that changes something has it alone. A thread that serves
//! connections never blocks on an account. It performs a short call itself if the account is free, and leaves
//! every other call to a worker (`perform`), for which it waits as a task.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use keyway_core::error_body::ErrorBody;
use keyway_core::refusal::Refusal;
use keyway_objects::invalid;
use keyway_objects::state::State;
use keyway_objects::webhooks::Notice;
use tokio::runtime::Handle;
use tokio::sync::{
    OwnedRwLockReadGuard, OwnedRwLockWriteGuard, OwnedSemaphorePermit, RwLock, RwLockReadGuard, RwLockWriteGuard, Semaphore,
};

/// How long a call waits for its turn.
pub const WAIT_MAX: Duration = Duration::from_secs(5);
/// Seconds after which a client may send a call again that got no turn.
const RETRY_AFTER_S: i64 = 2;
/// Calls of one account on workers at one time: with more, one account could keep all workers.
const ON_WORKERS_MAX: usize = 2;
/// Exports and sent imports among them: with more, the files of one app would keep other long calls of the account waiting.
const FILES_MAX: usize = 1;
/// What an account's short calls earn at most, and what a call costs that a serving thread began and could not finish:
/// such calls are one in eight at most, whatever clients send.
const CREDIT_MAX: u32 = 32;
const LONG_COSTS: u32 = 8;

/// An account.
#[derive(Debug)]
pub struct Account {
    state: Arc<RwLock<State>>,
    on_workers: Arc<Semaphore>,
    files: Arc<Semaphore>,
    /// What its short calls earned, and its long ones did not use up.
    credit: AtomicU32,
    /// Webhook notices that wait until their change is durable, each with the position of the change in the
    /// log. The lock is held only to add notices or to take one.
    untold: Mutex<VecDeque<(u64, Notice)>>,
}

/// What a worker has of an account.
pub enum Turn {
    /// Together with others who only read.
    Shared(OwnedRwLockReadGuard<State>),
    /// Alone.
    Alone(OwnedRwLockWriteGuard<State>),
}

impl Account {
    pub fn new(state: State) -> Self {
        let [on_workers, files] = [ON_WORKERS_MAX, FILES_MAX].map(|places| Arc::new(Semaphore::new(places)));
        Self { state: Arc::new(RwLock::new(state)), on_workers, files, credit: AtomicU32::new(CREDIT_MAX), untold: Mutex::default() }
    }

    /// The account, shared, where nobody has it alone or waits for that.
    pub fn shared_now(&self) -> Option<RwLockReadGuard<'_, State>> {
        self.state.try_read().ok()
    }

    /// The account, alone, where nobody has it.
    pub fn alone_now(&self) -> Option<RwLockWriteGuard<'_, State>> {
        self.state.try_write().ok()
    }

    /// Waits for the account, shared. For administration, which has no time limit.
    pub async fn shared(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().await
    }

    /// Waits for the account, alone. For administration, which has no time limit.
    pub async fn alone(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().await
    }

    /// A turn for a worker, and the account's place on the workers.
    pub async fn turn(&self, shared: bool) -> (OwnedSemaphorePermit, Turn) {
        // Never closed.
        let place = self.on_workers.clone().acquire_owned().await.expect("an account's places are there as long as it is");
        let turn =
            if shared { Turn::Shared(self.state.clone().read_owned().await) } else { Turn::Alone(self.state.clone().write_owned().await) };
        (place, turn)
    }

    /// Whether a thread that serves connections may begin a call that is probably short. The time of one that is not is
    /// lost, and all connections of the thread wait for it; so an account whose calls are mostly long is left to workers.
    pub fn is_begun_here(&self) -> bool {
        self.credit.load(Ordering::Relaxed) >= LONG_COSTS
    }

    /// Notes that a call which is probably short was short, or was not.
    pub fn was_short(&self, short: bool) {
        let credit = self.credit.load(Ordering::Relaxed);
        let after = if short { (credit + 1).min(CREDIT_MAX) } else { credit.saturating_sub(LONG_COSTS) };
        // Two threads at once may count as one: it is an estimate.
        if after != credit {
            self.credit.store(after, Ordering::Relaxed);
        }
    }

    /// A place among the account's exports and sent imports.
    pub async fn file(&self) -> OwnedSemaphorePermit {
        self.files.clone().acquire_owned().await.expect("an account's places are there as long as it is")
    }

    /// The account, alone, for a worker that gave it up: calls that came meanwhile have it first.
    pub fn alone_again(&self) -> OwnedRwLockWriteGuard<State> {
        Handle::current().block_on(self.state.clone().write_owned())
    }

    /// The same, shared.
    pub fn shared_again(&self) -> OwnedRwLockReadGuard<State> {
        Handle::current().block_on(self.state.clone().read_owned())
    }

    /// Keeps the webhook notices of a change until it is durable. The caller holds the account's lock, so the
    /// notices have the order of the changes.
    pub fn keep_untold(&self, position: u64, notices: Vec<Notice>) {
        if !notices.is_empty() {
            self.untold().extend(notices.into_iter().map(|notice| (position, notice)));
        }
    }

    /// Passes to the listener all notices up to a durable position, in the order of the changes. Calls that
    /// became durable together may be answered in another order.
    pub fn tell_until(&self, position: u64, listener: &(dyn Fn(Notice) + Send + Sync)) {
        let mut untold = self.untold();
        while let Some((_, notice)) = untold.pop_front_if(|(at, _)| *at <= position) {
            listener(notice);
        }
    }

    fn untold(&self) -> std::sync::MutexGuard<'_, VecDeque<(u64, Notice)>> {
        self.untold.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The refusal of a call that got no turn.
pub fn busy(hub_id: u64) -> ErrorBody {
    let message = format!(
        "The embedded account {hub_id} is busy with other calls: this one waited for {} seconds. Send it again in some seconds.",
        WAIT_MAX.as_secs()
    );
    Refusal::AccountBusy.error(message).retry_after(RETRY_AFTER_S)
}

pub fn no_account(hub_id: u64) -> ErrorBody {
    invalid::account_missing(hub_id)
}
