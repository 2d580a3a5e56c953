//! The limits of one connected account: a call needs a place, and waits in a queue if none is free.
//!
//! `core::share` decides which call is next. With several instances, the queue in Redis does. This module has
//! the clocks, the waiting and the waking.

pub mod line;
mod streams;

use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::tz::TimeZone;
use keyway_core::catalog::LimitClass;
use keyway_core::quota::{Allowance, DailyCount, Exceeded, Limits, Policy};
use keyway_core::share::{Asked, Next, Place, Share, Sharing, Terms, Told, policy_of};
use keyway_core::time::{Moment, Now, Timestamp};
use tokio::sync::{Notify, oneshot};
use tokio::time::Instant;

use self::line::{Line, LineError};
use self::streams::{Stream, Streams};
use keyway_ground::clock::{self, Clock};

/// Bytes of request bodies that may wait in line at once; more calls are refused.
const WAITING_BYTES_MAX: usize = 64 << 20;
/// How often the line is asked while calls wait, at least and at most.
const LINE_EVERY: Duration = Duration::from_millis(100);
const LINE_SOONEST: Duration = Duration::from_millis(5);
/// The longest sleep between two looks at the line: a suspended machine's timers stand still, and limits do not.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// The limits of one account at HubSpot.
pub struct Limiter {
    state: Mutex<State>,
    /// A place was given back, or the line has changed.
    changed: Notify,
    waiting_bytes: AtomicUsize,
    streams: Streams,
    /// How many instances share the limits.
    instances: AtomicU32,
    clock: Clock,
    /// The account, and the line that it has with other instances.
    line: Option<(u64, Arc<Line>)>,
}

struct State {
    share: Share<Ticket>,
    zone: TimeZone,
    /// Whether somebody serves the line.
    serving: bool,
    /// Of the line's state, as last heard.
    version: u64,
    /// Something is to be reported.
    news: bool,
    reported: Instant,
    /// Counts the reports.
    round: u64,
}

/// A call that waits.
struct Ticket {
    served: oneshot::Sender<Result<Slot, Exceeded>>,
    /// No longer than this.
    until: Instant,
    /// The first report that it is part of.
    round: u64,
}

/// A call's place at HubSpot. Given back when it goes.
pub struct Slot {
    limiter: Arc<Limiter>,
    place: Place,
    /// What was left when it was given.
    pub allowance: Allowance,
    sent: bool,
}

/// A call that asks for a place.
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

fn millis(ms: i64) -> Duration {
    Duration::from_millis(u64::try_from(ms).unwrap_or(0))
}

/// At least a millisecond.
fn until(at: Moment, now: Moment) -> Duration {
    millis(at.as_ms().saturating_sub(now.as_ms()).max(1))
}

fn longer(ms: i64, than: Duration) -> bool {
    i128::from(ms) > i128::try_from(than.as_millis()).unwrap_or(i128::MAX)
}

impl Limiter {
    /// With nothing used yet. With a line, places are shared with other instances.
    pub fn new(limits: Limits, zone: TimeZone, line: Option<(u64, Arc<Line>)>, clock: Clock) -> Self {
        // A count that is already over resets itself at the first call.
        let share = Share::new(limits, DailyCount::new(0, Timestamp::from_ms(0)));
        let state = State { share, zone, serving: false, version: 0, news: false, reported: Instant::now(), round: 0 };
        Self {
            state: Mutex::new(state),
            changed: Notify::new(),
            waiting_bytes: AtomicUsize::new(0),
            streams: Streams::default(),
            instances: AtomicU32::new(1),
            clock,
            line,
        }
    }

    /// Takes on what the account and its apps, by id, are set to now.
    pub fn configure(&self, limits: Limits, zone: TimeZone, apps: impl Iterator<Item = (u64, Sharing)>) {
        let mut state = self.locked();
        state.zone = zone;
        state.share.set_limits(limits);
        state.share.set_reserves(apps.map(|(app_id, sharing)| (app_id, terms(sharing, LimitClass::Standard))));
        drop(state);
        self.changed.notify_one();
    }

    /// Shares the limits with other instances, this many in all.
    pub fn share_among(&self, instances: u32) {
        self.instances.store(instances.max(1), Ordering::Relaxed);
        self.locked().share.set_parts(instances, self.clock.now().steady);
        self.changed.notify_one();
    }

    /// Sends nothing until the other instances know of this one, which joined them at a moment.
    pub fn join(&self, at: Moment) {
        self.locked().share.join(at);
    }

    /// Waits for a place.
    ///
    /// # Errors
    /// None comes free in time, too many wait already, or the day's calls are used up.
    pub async fn place(self: &Arc<Self>, asking: Asking) -> Result<Slot, Exceeded> {
        let mut patience = asking.until.saturating_duration_since(Instant::now());
        let now = self.clock.now();
        let (ticket, full) = {
            let mut state = self.locked();
            self.follow_line(&mut state);
            let State { share, zone, serving, round, news, .. } = &mut *state;
            let full = match share.ask(asking.class, asking.app_id, asking.terms, now, || clock::next_midnight(zone, now.wall)) {
                Asked::Granted(place, allowance) => return Ok(Slot { limiter: self.clone(), place, allowance, sent: false }),
                Asked::Never(exceeded) => return Err(exceeded),
                // Refuse the call now: it would wait and still get no place in time.
                Asked::Full(exceeded) if longer(exceeded.retry_after_ms, patience) => return Err(exceeded),
                Asked::Full(exceeded) => exceeded,
                Asked::InLine(exceeded) => {
                    patience += line::ANSWER_TIME_MAX;
                    exceeded
                }
            };
            let (served, ticket) = oneshot::channel();
            let waits = Ticket { served, until: asking.until, round: *round + 1 };
            if share.wait(asking.class, asking.app_id, asking.terms, waits).is_err() {
                return Err(full);
            }
            *news = true;
            if !std::mem::replace(serving, true) {
                tokio::spawn(self.clone().serve());
            } else if share.is_shared() {
                self.changed.notify_one();
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

    /// Asks whether a call would be refused at once, before its body is taken in. Takes no place.
    ///
    /// # Errors
    /// It would.
    pub fn would_refuse(self: &Arc<Self>, asking: Asking) -> Result<(), Exceeded> {
        let (patience, now) = (asking.until.saturating_duration_since(Instant::now()), self.clock.now());
        let mut state = self.locked();
        self.follow_line(&mut state);
        let State { share, zone, .. } = &mut *state;
        match share.ask(asking.class, asking.app_id, asking.terms, now, || clock::next_midnight(zone, now.wall)) {
            Asked::Granted(place, _) => {
                share.done(place, false, now.steady);
                Ok(())
            }
            Asked::Never(exceeded) => Err(exceeded),
            Asked::Full(exceeded) if longer(exceeded.retry_after_ms, patience) => Err(exceeded),
            Asked::Full(_) | Asked::InLine(_) => Ok(()),
        }
    }

    /// Waits until an app may begin a streamed upload.
    ///
    /// # Errors
    /// The app's uploads, or those of all apps, have all their places, and none ended in time.
    pub async fn stream(&self, asking: Asking) -> Result<Stream<'_>, Exceeded> {
        let places = self.standing().0.burst / self.instances.load(Ordering::Relaxed);
        self.streams.begin(asking.app_id, places, asking.until).await
    }

    /// Hands places to those who wait, until nobody does.
    async fn serve(self: Arc<Self>) {
        loop {
            let next = {
                let mut state = self.locked();
                self.follow_line(&mut state);
                let now = self.clock.now();
                let State { share, zone, serving, .. } = &mut *state;
                let next = share.next(now, || clock::next_midnight(zone, now.wall), |ticket| ticket.served.is_closed());
                // While it has places of the shared queue, it must keep reporting them.
                let reports = share.is_shared() && !share.is_idle();
                *serving = reports || !matches!(next, Next::Nobody);
                (next, *serving)
            };
            match next {
                // If the caller has just left, sending fails and drops the slot, which frees the place.
                (Next::Serve(ticket, place, allowance), _) => self.hand(ticket, place, allowance),
                (Next::Refuse(ticket, exceeded), _) => drop(ticket.served.send(Err(exceeded))),
                (Next::Nobody, false) => return,
                (next, _) => {
                    let wait = match (self.ask_line().await, next) {
                        (Some(wait), _) => wait,
                        (None, Next::At(Some(at))) => until(at, self.clock.now().steady),
                        (None, _) => LOOK_AGAIN,
                    };
                    self.rest(wait.min(LOOK_AGAIN)).await;
                }
            }
        }
    }

    fn hand(self: &Arc<Self>, ticket: Ticket, place: Place, allowance: Allowance) {
        drop(ticket.served.send(Ok(Slot { limiter: self.clone(), place, allowance, sent: false })));
    }

    /// Until a place may have come free.
    async fn rest(&self, wait: Duration) {
        let line_changed = async {
            match &self.line {
                Some((_, line)) => line.changed().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = self.changed.notified() => {}
            () = line_changed => {}
        }
    }

    /// Whether places come from the line depends on whether Redis answers.
    fn follow_line(&self, state: &mut State) {
        let Some((_, line)) = &self.line else { return };
        match line.away_since() {
            None if !state.share.is_shared() => state.share.share(),
            Some(since) if state.share.is_shared() => state.share.part_with_line(since),
            _ => {}
        }
    }

    /// Reports to the shared queue, and gives the places that it grants to waiting calls. Returns when to
    /// report again, and none where there is no shared queue to ask.
    async fn ask_line(self: &Arc<Self>) -> Option<Duration> {
        let (hub_id, line) = self.line.as_ref()?;
        let (report, version, round) = {
            let mut state = self.locked();
            if !state.share.is_shared() {
                return None;
            }
            let now = self.clock.now();
            let State { share, zone, version, news, reported, round, .. } = &mut *state;
            if !*news && share.waiting() == 0 && reported.elapsed() < LOOK_AGAIN {
                return Some(LINE_EVERY);
            }
            (*news, *reported, *round) = (false, Instant::now(), *round + 1);
            (share.report(now, || clock::next_midnight(zone, now.wall), |ticket| ticket.served.is_closed()), *version, *round)
        };
        let answer = match line.ask(*hub_id, version, &report).await {
            Ok(answer) => answer,
            Err(LineError::Away) => return None,
            Err(error) => {
                tracing::warn!(%error, "the line of the account can't be followed");
                return Some(LOOK_AGAIN);
            }
        };
        let (mut served, mut refused, mut wait) = (Vec::new(), Vec::new(), LINE_EVERY);
        let mut state = self.locked();
        let State { share, version, .. } = &mut *state;
        *version = answer.version;
        share.others(answer.lanes.each_ref().map(|lane| lane.elsewhere), answer.daily, answer.resets);
        share.day_elsewhere(answer.day, answer.resets, self.clock.now());
        for (number, lane) in answer.lanes.iter().enumerate() {
            for (app, count) in &lane.given {
                served.extend((0..*count).map_while(|_| share.given(number, *app)));
            }
            // Refuses now the calls that cannot wait until the next place is free.
            let soonest = Instant::now() + millis(lane.wait);
            let exceeded = Exceeded { policy: policy_of(number), retry_after_ms: lane.wait };
            let hopeless = share.give_up(number, |ticket| ticket.round <= round && ticket.until < soonest);
            refused.extend(hopeless.into_iter().map(|ticket| (ticket, exceeded)));
            if !report.lanes[number].waiting.is_empty() {
                wait = wait.min(millis(lane.wait).max(LINE_SOONEST));
            }
        }
        drop(state);
        served.into_iter().for_each(|(ticket, place, allowance)| self.hand(ticket, place, allowance));
        refused.into_iter().for_each(|(ticket, exceeded)| drop(ticket.served.send(Err(exceeded))));
        Some(wait)
    }

    /// Calls of the day, and when the count starts again.
    pub fn daily(&self, now: Timestamp) -> (u64, Timestamp) {
        let state = self.locked();
        (state.share.daily.used_at(now), clock::next_midnight(&state.zone, now))
    }

    /// Sets the count of the day of all instances, after a restart.
    pub fn restore_daily(&self, used: u64, now: Timestamp) {
        let mut state = self.locked();
        let midnight = clock::next_midnight(&state.zone, now);
        state.share.restore_daily(used, midnight);
    }

    /// Since when HubSpot refuses calls because those of the day are used up; none where it does not.
    pub fn day_is_over(&self, now: Now) -> Option<Timestamp> {
        self.locked().share.day_is_over(now).map(|(since, _)| since)
    }

    /// The limits as HubSpot has corrected them, and how many calls wait.
    pub fn standing(&self) -> (Limits, usize) {
        let state = self.locked();
        (state.share.limits(), state.share.waiting())
    }

    /// Locks, and ignores poisoning: a panic while counting leaves a count that is off by one at most.
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

    /// HubSpot accepted the call, and its rate headers say this.
    pub fn told(&self, told: Told) {
        self.limiter.locked().share.told(self.place, told, self.limiter.clock.now().steady);
    }

    /// HubSpot itself answered the call, and did not refuse it for a limit.
    pub fn passed(&self) {
        self.limiter.locked().share.passed(self.place, self.limiter.clock.now().steady);
    }

    /// HubSpot refused the call for a limit.
    /// Milliseconds until midnight, where it is the day's calls that are used up.
    pub fn refused(&self, policy: Policy, retry_after_ms: Option<i64>) -> Option<i64> {
        let now = self.limiter.clock.now();
        let mut state = self.limiter.locked();
        state.share.refused(self.place, policy, retry_after_ms, now);
        state.share.day_is_over(now).filter(|_| policy == Policy::Daily).map(|(_, ends)| ends.as_ms() - now.wall.as_ms())
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
        let mut state = self.limiter.locked();
        state.share.done(self.place, self.sent, self.limiter.clock.now().steady);
        // A shared line hears of it with the next report, which says when the place comes free.
        let hears_later = state.share.is_shared() && self.sent;
        state.news = true;
        drop(state);
        if !hears_later {
            self.limiter.changed.notify_one();
        }
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
