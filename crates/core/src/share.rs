//! HubSpot's limits on one credential, shared by all apps that use it.
//!
//! HubSpot counts a call when it arrives. Keyway knows only that this is between the moment of sending and the first byte of
//! the answer. So a call occupies a place while it is in progress and for a whole interval after that. Then no window at
//! HubSpot ever contains more calls than the limit. All of this uses the steady clock; the wall clock decides only when the
//! day ends.
//!
//! A call without a place waits in line with the calls of its own app. Free places go to the apps in turn, by weight
//! (start-time fair queueing: each app has a clock that its calls advance, and the app that is farthest behind is next). No IO
//! and no clock here: moments are arguments.

mod answers;
mod day;
mod instances;
mod lane;
mod line;

use crate::catalog::LimitClass;
use crate::quota::{Allowance, BURST_MS, DailyCount, Exceeded, Limits, Policy, SEARCH_MS};
use crate::time::{Moment, Now, Timestamp};

pub use answers::Told;
use day::DayOver;
pub use day::{DayReport, PROBE_EVERY_MS};
pub use instances::SETTLED_MS;
use lane::Lane;
pub use line::{LaneReport, Report};

/// What an app may claim of the limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Its share where several apps need more than there is, from 1 to [`WEIGHT_MAX`].
    pub weight: u32,
    /// Calls in each interval that no other app gets.
    pub reserve: u32,
}

/// An app's share of its account's limits at HubSpot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sharing {
    /// Its share where several apps need more than there is, from 1 to 100.
    pub weight: u32,
    /// Calls in ten seconds that no other app gets.
    pub reserve: u32,
    /// How long a call may wait for its turn, in milliseconds; after that it gets HubSpot's 429.
    pub max_wait_ms: u32,
}

impl Default for Sharing {
    /// Long enough for a burst of twice the limit, since HubSpot's window is ten seconds.
    fn default() -> Self {
        Self { weight: 1, reserve: 0, max_wait_ms: 10_000 }
    }
}

/// The largest weight.
pub const WEIGHT_MAX: u32 = 100;
/// The most calls of one app that may wait in a lane.
pub const WAITING_MAX: usize = 1_000;
/// Moments are rounded down to milliseconds, so an interval that looks complete may be this much short.
const MARGIN_MS: i64 = 1;

/// A call's place. Release it with [`Share::done`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    app: u64,
    class: LimitClass,
    /// Whether the call is a probe, which shows whether HubSpot accepts calls of this day again.
    probe: bool,
}

/// The result of asking for a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// The call has a place.
    Granted(Place, Allowance),
    /// There is no place now. A call that waits can expect one after about this many milliseconds.
    Full(Exceeded),
    /// The day's calls are used up; waiting does not help.
    Never(Exceeded),
    /// Only the line of all instances can decide: there may be a place at once, or later.
    InLine(Exceeded),
}

/// The next waiting call.
#[derive(Debug, PartialEq, Eq)]
pub enum Next<T> {
    /// This call has a place now.
    Serve(T, Place, Allowance),
    /// This call can't get a place any more.
    Refuse(T, Exceeded),
    /// No call before this moment, or before a call in progress finishes.
    At(Option<Moment>),
    /// No call waits.
    Nobody,
}

/// The limits of one credential, and the calls that wait for them. `T` represents a waiting call.
#[derive(Debug)]
pub struct Share<T> {
    /// The limits in the account's settings.
    configured: Limits,
    /// The limits as HubSpot's answers have corrected them.
    limits: Limits,
    /// Calls of the day.
    pub daily: DailyCount,
    day_over: Option<DayOver>,
    /// When HubSpot accepted a call on a day that had been used up; 0 is never.
    day_opened_at: i64,
    lanes: [Lane<T>; 3],
    /// The number of instances that divide the limits.
    parts: u32,
    /// Since when there have been fewer instances.
    fewer_since: Option<i64>,
    /// Whether places come from a line that all instances share, and not from this instance's part.
    shared: bool,
    /// Before this moment, this instance sends no call by its own decision.
    held_until: i64,
    /// Whether the line was lost only recently, so that it may return before `held_until`.
    hopeful: bool,
    /// The day's calls of all instances at the last report, and the day's end.
    known_daily: (u64, i64),
    /// When this instance last reported to the line.
    reported_at: i64,
}

const fn lane_of(class: LimitClass) -> Option<usize> {
    match class {
        LimitClass::Standard => Some(0),
        LimitClass::Associations => Some(1),
        LimitClass::Search => Some(2),
        LimitClass::Exempt => None,
    }
}

const CLASSES: [LimitClass; 3] = [LimitClass::Standard, LimitClass::Associations, LimitClass::Search];

/// The HubSpot limit of a lane.
pub const fn policy_of(lane: usize) -> Policy {
    if lane == 2 { Policy::Secondly } else { Policy::TenSecondlyRolling }
}

impl<T> Share<T> {
    /// A share without any calls, except these calls of the day.
    pub fn new(limits: Limits, daily: DailyCount) -> Self {
        let (burst_ms, search_ms) = (BURST_MS + MARGIN_MS, SEARCH_MS + MARGIN_MS);
        let lanes =
            [Lane::new(burst_ms, limits.burst), Lane::new(burst_ms, limits.associations_burst), Lane::new(search_ms, limits.search)];
        Self {
            configured: limits,
            limits,
            daily,
            day_over: None,
            day_opened_at: 0,
            lanes,
            parts: 1,
            fewer_since: None,
            shared: false,
            held_until: 0,
            hopeful: false,
            known_daily: (0, 0),
            reported_at: 0,
        }
    }

    /// Replaces the limits, after a change of the account's subscription.
    pub fn set_limits(&mut self, limits: Limits) {
        if limits != self.configured {
            (self.configured, self.limits) = (limits, limits);
            self.divide();
        }
    }

    /// Sets which apps have a reserve, so that an app's reserve is kept before its first call.
    pub fn set_reserves(&mut self, apps: impl Iterator<Item = (u64, Terms)>) {
        let lane = &mut self.lanes[0];
        lane.apps.values_mut().for_each(|member| member.terms.reserve = 0);
        lane.reserving = 0;
        for (app, terms) in apps.filter(|(_, terms)| terms.reserve > 0) {
            lane.member(app, terms);
        }
    }

    /// The limits of the whole account, corrected by HubSpot's answers.
    pub const fn limits(&self) -> Limits {
        self.limits
    }

    /// The number of waiting calls.
    pub fn waiting(&self) -> usize {
        self.lanes.iter().map(|lane| lane.waiting).sum()
    }

    /// Asks for a place. No call overtakes a waiting one.
    pub fn ask(&mut self, class: LimitClass, app: u64, terms: Terms, now: Now, next_midnight: impl FnOnce() -> Timestamp) -> Asked {
        let at = now.steady.as_ms();
        self.daily.used(now.wall.as_ms(), next_midnight);
        let place = Place { app, class, probe: false };
        let Some(number) = lane_of(class) else {
            return Asked::Granted(place, self.allowance(0));
        };
        if let Some(over) = self.day_over(now.wall) {
            return self.probe(number, place, terms, now).unwrap_or(Asked::Never(over));
        }
        let held = self.held_until;
        let lane = &mut self.lanes[number];
        lane.expire(at);
        lane.member(app, terms);
        if self.shared || (self.hopeful && at < held) {
            return Asked::InLine(Exceeded { policy: policy_of(number), retry_after_ms: BURST_MS / 10 });
        }
        if lane.waiting == 0 && at >= held && lane.has_room(app, at) {
            lane.take(app);
            self.daily.take();
            return Asked::Granted(place, self.allowance(number));
        }
        Asked::Full(Exceeded { policy: policy_of(number), retry_after_ms: lane.expected_wait(app, at).max(held - at) })
    }

    /// Adds a call to the line. Returns its ticket where too many calls of its app wait already, or its class is never full.
    pub fn wait(&mut self, class: LimitClass, app: u64, terms: Terms, ticket: T) -> Result<(), T> {
        let Some(number) = lane_of(class) else { return Err(ticket) };
        let lane = &mut self.lanes[number];
        let clock = lane.clock;
        let member = lane.member(app, terms);
        if member.waiting.len() >= WAITING_MAX {
            self.stop_probing();
            return Err(ticket);
        }
        if member.waiting.is_empty() {
            // An app does not save up places that it did not use.
            member.clock = member.clock.max(clock);
        }
        member.waiting.push_back(ticket);
        lane.waiting += 1;
        Ok(())
    }

    /// The next waiting call. `gone` is whether a waiting call was abandoned.
    pub fn next(&mut self, now: Now, next_midnight: impl FnOnce() -> Timestamp, gone: impl Fn(&T) -> bool) -> Next<T> {
        let at = now.steady.as_ms();
        self.daily.used(now.wall.as_ms(), next_midnight);
        let over = self.day_over(now.wall).filter(|_| !self.day_over.is_some_and(|day| day.probing) || self.is_counted_out());
        let held = (at < self.held_until).then_some(self.held_until);
        let (mut soonest, mut anyone) = (None::<i64>, false);
        for (number, class) in CLASSES.into_iter().enumerate() {
            let lane = &mut self.lanes[number];
            lane.forget(&gone);
            if lane.waiting == 0 {
                continue;
            }
            lane.expire(at);
            if let Some(exceeded) = over
                && let Some(ticket) = lane.pop_any()
            {
                return Next::Refuse(ticket, exceeded);
            }
            if held.is_none()
                && !self.shared
                && let Some((app, ticket)) = lane.pop_next(at)
            {
                self.daily.take();
                return Next::Serve(ticket, Place { app, class, probe: false }, self.allowance(number));
            }
            anyone = true;
            soonest = [soonest, held.or_else(|| lane.room_at(at))].into_iter().flatten().min();
        }
        if anyone {
            return Next::At(soonest.map(Moment::from_ms));
        }
        // The probe has left the line.
        self.stop_probing();
        Next::Nobody
    }

    /// Releases a place when the answer has begun, or will never come. `sent` is whether HubSpot may have counted the call.
    pub fn done(&mut self, place: Place, sent: bool, now: Moment) {
        let Some(number) = lane_of(place.class) else { return };
        let lane = &mut self.lanes[number];
        lane.under_way = lane.under_way.saturating_sub(1);
        if sent {
            lane.finish(now.as_ms(), place.app);
        } else {
            lane.release(place.app);
            self.daily.give_back();
        }
    }

    fn allowance(&self, lane: usize) -> Allowance {
        let lane = &self.lanes[lane];
        Allowance {
            max: lane.max,
            remaining: lane.max.saturating_sub(lane.used()).saturating_sub(lane.elsewhere),
            daily: self.limits.daily,
            daily_remaining: self.limits.daily.saturating_sub(self.daily.used_now()),
        }
    }
}

#[cfg(test)]
mod tests;
