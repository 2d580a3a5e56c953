//! What was sent to the targets of an account's webhooks: the last of it, to be looked at and counted.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};

use keyway_core::time::Timestamp;
use serde_json::Value;
use tokio::sync::watch;

use crate::registry::locked;

/// Deliveries kept of one account; each has at most a hundred events.
const DELIVERIES_MAX: usize = 500;

/// One request to a target, and what came of it.
#[derive(Debug)]
pub struct Delivery {
    /// Grows by one with every delivery.
    pub number: u64,
    /// When it ended, in real time.
    pub at: Timestamp,
    /// The app; none where the account has no such app.
    pub app_id: Option<u64>,
    /// The URL.
    pub target: String,
    /// From 0.
    pub attempt: u32,
    /// As they were sent.
    pub events: Value,
    /// The target's answer; none where there was none.
    pub status: Option<u16>,
    /// Why nothing was sent, or nothing answered.
    pub error: Option<String>,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
}

/// Which deliveries are meant; what is not given does not matter.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// The app.
    pub app_id: Option<u64>,
    /// Has an event of this type, such as `contact.creation`.
    pub event: Option<String>,
    /// Whether the target took it (answered 2xx).
    pub taken: Option<bool>,
    /// Those after this number.
    pub after: Option<u64>,
}

impl Delivery {
    /// Whether the target took it.
    pub fn is_taken(&self) -> bool {
        self.status.is_some_and(|status| (200..300).contains(&status))
    }
}

impl Filter {
    fn fits(&self, one: &Delivery) -> bool {
        let has = |name: &str| one.events.as_array().is_some_and(|events| events.iter().any(|event| event["subscriptionType"] == name));
        (self.app_id.is_none() || self.app_id == one.app_id)
            && self.event.as_deref().is_none_or(has)
            && self.taken.is_none_or(|taken| taken == one.is_taken())
            && self.after.is_none_or(|after| one.number > after)
    }
}

/// The deliveries of one account.
pub struct Deliveries {
    kept: Mutex<Kept>,
    /// The number of the last one.
    last: watch::Sender<u64>,
}

#[derive(Default)]
struct Kept {
    deliveries: VecDeque<Arc<Delivery>>,
    number: u64,
}

impl Default for Deliveries {
    fn default() -> Self {
        Self { kept: Mutex::default(), last: watch::Sender::new(0) }
    }
}

impl Deliveries {
    /// Keeps one more; it is given its number.
    pub fn note(&self, mut delivery: Delivery) {
        let mut kept = self.lock();
        kept.number += 1;
        delivery.number = kept.number;
        kept.deliveries.push_back(Arc::new(delivery));
        if kept.deliveries.len() > DELIVERIES_MAX {
            kept.deliveries.pop_front();
        }
        // Under the lock, so that the number never goes back.
        self.last.send_replace(kept.number);
    }

    /// Those that fit, oldest first.
    pub fn find(&self, filter: &Filter) -> Vec<Arc<Delivery>> {
        self.lock().deliveries.iter().filter(|one| filter.fits(one)).cloned().collect()
    }

    /// The number of the last one, which changes with each.
    pub fn last(&self) -> watch::Receiver<u64> {
        self.last.subscribe()
    }

    /// Forgets all of them; numbers go on.
    pub fn clear(&self) {
        self.lock().deliveries.clear();
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        locked(&self.kept)
    }
}
