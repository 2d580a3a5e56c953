//! Places at HubSpot for the calls of one connected account: who finds none waits in line.
//!
//! Who comes next is decided in `core::share`; here are the clock, the waiting and the waking.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::tz::TimeZone;
use keyway_core::catalog::LimitClass;
use keyway_core::quota::{Allowance, DailyCount, Exceeded, Limits, Policy};
use keyway_core::share::{Asked, Next, Place, Share, Terms, Told};
use keyway_core::time::Timestamp;
use tokio::sync::{Notify, oneshot};
use tokio::time::Instant;

use crate::clock;
use crate::model::{App, Sharing};

/// Bytes of request bodies that may wait in line at once; more calls are refused.
const WAITING_BYTES_MAX: usize = 64 << 20;
/// The longest sleep between two looks at the line: the clock may be set.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// The limits of one account at HubSpot.
pub struct Limiter {
    state: Mutex<State>,
    /// A place was given back, or the line has changed.
    changed: Notify,
    waiting_bytes: AtomicUsize,
}

struct State {
    share: Share<Ticket>,
    zone: TimeZone,
    /// Whether somebody serves the line.
    serving: bool,
}

type Ticket = oneshot::Sender<Result<Slot, Exceeded>>;

/// A call's place at HubSpot. Given back when it goes.
pub struct Slot {
    limiter: Arc<Limiter>,
    place: Place,
    /// What was left when it was given.
    pub allowance: Allowance,
    sent: bool,
}

/// Who asks for a place.
#[derive(Clone, Copy, Debug)]
pub struct Asking {
    app_id: u64,
    terms: Terms,
    class: LimitClass,
    /// It does not wait longer than to this moment.
    until: Instant,
    /// Bytes that it holds while it waits.
    held: usize,
}

impl Asking {
    /// A call of an app, with a body of this many bytes in memory.
    pub fn new(app_id: u64, sharing: Sharing, class: LimitClass, held: usize) -> Self {
        let patience = Duration::from_millis(u64::from(sharing.max_wait_ms));
        Self { app_id, terms: terms(sharing, class), class, until: Instant::now() + patience, held }
    }
}

/// A reserve is one of the ordinary burst; the other limits have none.
fn terms(sharing: Sharing, class: LimitClass) -> Terms {
    let reserve = if class == LimitClass::Standard { sharing.reserve } else { 0 };
    Terms { weight: sharing.weight, reserve }
}

impl Limiter {
    /// With nothing used yet.
    pub fn new(limits: Limits, zone: TimeZone) -> Self {
        // A count that is already over resets itself at the first call.
        let share = Share::new(limits, DailyCount::new(0, Timestamp::from_ms(0)));
        Self { state: Mutex::new(State { share, zone, serving: false }), changed: Notify::new(), waiting_bytes: AtomicUsize::new(0) }
    }

    /// Takes on what the account and its apps are set to now.
    pub fn configure<'a>(&self, limits: Limits, zone: TimeZone, apps: impl Iterator<Item = &'a App>) {
        let mut state = self.locked();
        state.zone = zone;
        state.share.set_limits(limits);
        state.share.set_reserves(apps.map(|app| (app.id, terms(app.sharing, LimitClass::Standard))));
        drop(state);
        self.changed.notify_one();
    }

    /// Shares the limits with other instances, this many in all.
    pub fn share_among(&self, instances: u32) {
        self.locked().share.set_parts(instances, clock::now());
        self.changed.notify_one();
    }

    /// Sends nothing until the other instances know of this one.
    pub fn join(&self) {
        self.locked().share.join(clock::now());
    }

    /// Waits for a place.
    ///
    /// # Errors
    /// None comes free in time, too many wait already, or the day's calls are used up.
    pub async fn place(self: &Arc<Self>, asking: Asking) -> Result<Slot, Exceeded> {
        let patience = asking.until.saturating_duration_since(Instant::now());
        let now = clock::now();
        let (ticket, full) = {
            let mut state = self.locked();
            let State { share, zone, serving } = &mut *state;
            let full = match share.ask(asking.class, asking.app_id, asking.terms, now, || clock::next_midnight(zone, now)) {
                Asked::Granted(place, allowance) => return Ok(Slot { limiter: self.clone(), place, allowance, sent: false }),
                Asked::Never(exceeded) => return Err(exceeded),
                Asked::Full(exceeded) => exceeded,
            };
            // Told at once, and not after a wait that was in vain.
            if i128::from(full.retry_after_ms) > i128::try_from(patience.as_millis()).unwrap_or(i128::MAX) {
                return Err(full);
            }
            let (sender, ticket) = oneshot::channel();
            if share.wait(asking.class, asking.app_id, asking.terms, sender).is_err() {
                return Err(full);
            }
            if !std::mem::replace(serving, true) {
                tokio::spawn(self.clone().serve());
            }
            (ticket, full)
        };
        // Dropping the ticket leaves the line.
        let Some(_held) = Held::take(&self.waiting_bytes, asking.held) else { return Err(full) };
        match tokio::time::timeout(patience, ticket).await {
            Ok(Ok(served)) => served,
            Ok(Err(_)) | Err(_) => Err(full),
        }
    }

    /// Hands places to those who wait, until nobody does.
    async fn serve(self: Arc<Self>) {
        loop {
            let next = {
                let mut state = self.locked();
                let now = clock::now();
                let State { share, zone, serving } = &mut *state;
                let next = share.next(now, || clock::next_midnight(zone, now), oneshot::Sender::is_closed);
                *serving = !matches!(next, Next::Nobody);
                next
            };
            match next {
                // Whoever left in this moment drops the slot, which gives the place back.
                Next::Serve(ticket, place, allowance) => {
                    drop(ticket.send(Ok(Slot { limiter: self.clone(), place, allowance, sent: false })));
                }
                Next::Refuse(ticket, exceeded) => drop(ticket.send(Err(exceeded))),
                Next::At(at) => {
                    let wait =
                        at.map_or(LOOK_AGAIN, |at| Duration::from_millis(u64::try_from(at - clock::now().as_ms()).unwrap_or(1).max(1)));
                    let _ = tokio::time::timeout(wait.min(LOOK_AGAIN), self.changed.notified()).await;
                }
                Next::Nobody => return,
            }
        }
    }

    /// Calls of the day, and when the count starts again.
    pub fn daily(&self, now: Timestamp) -> (u64, Timestamp) {
        let state = self.locked();
        (state.share.daily.used_at(now), clock::next_midnight(&state.zone, now))
    }

    /// Sets the count of the day, after a restart.
    pub fn restore_daily(&self, used: u64, now: Timestamp) {
        let mut state = self.locked();
        state.share.daily = DailyCount::new(used, clock::next_midnight(&state.zone, now));
    }

    /// The limits as HubSpot has corrected them, and how many calls wait.
    pub fn standing(&self) -> (Limits, usize) {
        let state = self.locked();
        (state.share.limits(), state.share.waiting())
    }

    /// A panic while counting leaves a count that is at worst off by one; go on with it.
    fn locked(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slot {
    /// Must be called before the call is sent: from then on HubSpot may have counted it.
    pub fn sending(&mut self) {
        self.sent = true;
    }

    /// No connection came about, so HubSpot has not counted the call.
    pub fn never_left(&mut self) {
        self.sent = false;
    }

    /// HubSpot let the call through, and said this.
    pub fn told(&self, told: Told) {
        self.limiter.locked().share.told(self.place, told, clock::now());
    }

    /// HubSpot refused the call for a limit.
    pub fn refused(&self, policy: Policy, retry_after_ms: Option<i64>) {
        self.limiter.locked().share.refused(self.place, policy, retry_after_ms, clock::now());
    }

    /// Gives this place back and waits for another.
    ///
    /// # Errors
    /// As [`Limiter::place`].
    pub async fn another(self, asking: Asking) -> Result<Self, Exceeded> {
        let limiter = self.limiter.clone();
        drop(self);
        limiter.place(asking).await
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.limiter.locked().share.done(self.place, self.sent, clock::now());
        self.limiter.changed.notify_one();
    }
}

/// Bytes of a waiting body, counted.
struct Held<'a>(&'a AtomicUsize, usize);

impl<'a> Held<'a> {
    fn take(count: &'a AtomicUsize, bytes: usize) -> Option<Self> {
        let before = count.fetch_add(bytes, Ordering::Relaxed);
        let held = Self(count, bytes);
        // Dropping it counts it out again.
        (before + bytes <= WAITING_BYTES_MAX).then_some(held)
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(self.1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests;
