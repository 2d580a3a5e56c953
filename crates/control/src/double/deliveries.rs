//! What was sent to the targets of an account's webhooks: the last of it, to be looked at and counted.

use std::sync::Arc;

use keyway_core::time::Timestamp;
use serde_json::Value;
use tokio::sync::watch;

use super::recent::{Keep, Recent};

/// Deliveries kept of one account.
const DELIVERIES_MAX: usize = 500;
/// Bytes of bodies kept of one account.
const BODIES_BYTES_MAX: usize = 8 * 1024 * 1024;

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
    /// The events as they were sent, a list in JSON.
    pub body: String,
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
    /// The id of the app whose subscriptions caused it.
    pub app_id: Option<u64>,
    /// Has an event of this type, such as `contact.creation`.
    pub event: Option<String>,
    /// Whether the target took it (answered 2xx).
    pub taken: Option<bool>,
    /// Those after this number.
    pub after: Option<u64>,
}

impl Delivery {
    /// The events of its body, JSON; null where the body is not JSON.
    pub fn events(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }

    /// Whether the target took it.
    pub fn is_taken(&self) -> bool {
        self.status.is_some_and(is_success)
    }
}

/// Whether an answer says that the target took it.
pub fn is_success(status: u16) -> bool {
    (200..300).contains(&status)
}

impl Filter {
    fn fits(&self, one: &Delivery) -> bool {
        let has = |name: &str| one.events().as_array().is_some_and(|events| events.iter().any(|event| event["subscriptionType"] == name));
        (self.app_id.is_none() || self.app_id == one.app_id)
            && self.event.as_deref().is_none_or(has)
            && self.taken.is_none_or(|taken| taken == one.is_taken())
            && self.after.is_none_or(|after| one.number > after)
    }
}

/// The deliveries of one account.
pub struct Deliveries(Recent<Delivery>);

impl Keep for Delivery {
    fn set_number(&mut self, number: u64) {
        self.number = number;
    }

    fn bytes(&self) -> usize {
        self.body.len()
    }
}

impl Default for Deliveries {
    fn default() -> Self {
        Self(Recent::new(DELIVERIES_MAX, BODIES_BYTES_MAX))
    }
}

impl Deliveries {
    /// Keeps one more; it is given its number.
    pub fn note(&self, delivery: Delivery) {
        self.0.note(delivery);
    }

    /// Those that fit, oldest first.
    pub fn find(&self, filter: &Filter) -> Vec<Arc<Delivery>> {
        self.0.find(|one| filter.fits(one))
    }

    /// The number of the last one, which changes with each.
    pub fn last(&self) -> watch::Receiver<u64> {
        self.0.last()
    }

    /// Forgets all of them; numbers go on.
    pub fn clear(&self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delivery(body: String) -> Delivery {
        let (at, target) = (Timestamp::from_ms(0), "http://127.0.0.1/".to_owned());
        Delivery { number: 0, at, app_id: Some(7), target, attempt: 0, body, status: Some(200), error: None, took_ms: 1 }
    }

    #[test]
    fn what_is_kept_is_bounded_in_number_and_bytes_and_the_newest_stay() {
        let all = Deliveries::default();
        (0..DELIVERIES_MAX + 5).for_each(|_| all.note(delivery("[]".into())));
        let found = all.find(&Filter::default());
        assert_eq!((found.len(), found[0].number), (DELIVERIES_MAX, 6));
        (0..9).for_each(|_| all.note(delivery("x".repeat(BODIES_BYTES_MAX / 8))));
        assert_eq!(all.find(&Filter::default()).len(), 8);
        all.clear();
        all.note(delivery("x".repeat(BODIES_BYTES_MAX)));
        assert_eq!(all.find(&Filter::default()).len(), 1, "what was cleared takes no room");
    }

    #[test]
    fn deliveries_are_found_by_app_event_and_outcome() {
        let all = Deliveries::default();
        all.note(delivery(r#"[{"subscriptionType":"contact.creation"}]"#.into()));
        all.note(Delivery { status: None, app_id: None, ..delivery("[]".into()) });
        let count = |filter: Filter| all.find(&filter).len();
        assert_eq!(count(Filter { event: Some("contact.creation".into()), ..Filter::default() }), 1);
        assert_eq!(count(Filter { event: Some("contact".into()), ..Filter::default() }), 0);
        assert_eq!(
            (count(Filter { app_id: Some(7), ..Filter::default() }), count(Filter { app_id: Some(8), ..Filter::default() })),
            (1, 0)
        );
        assert_eq!(count(Filter { taken: Some(false), ..Filter::default() }), 1);
        assert_eq!(count(Filter { after: Some(1), ..Filter::default() }), 1);
    }
}
