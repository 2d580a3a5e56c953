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

mod day;
mod line;

use std::collections::{HashMap, VecDeque};

use crate::catalog::LimitClass;
use crate::quota::{Allowance, BURST_MS, DailyCount, Exceeded, Limits, Policy, SEARCH_MS};
use crate::time::{Moment, Now, Timestamp};

use day::DayOver;
pub use day::{DayReport, PROBE_EVERY_MS};
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
/// How far one call advances an app's clock, at weight 1.
const STEP: u64 = 1_000_000;
/// The first pause after HubSpot refused a call without a time to wait, in milliseconds.
const FIRST_PAUSE_MS: i64 = 1_000;
/// The longest such pause, in milliseconds.
const PAUSE_MS_MAX: i64 = 10_000;
/// The longest pause that HubSpot may ask for, in milliseconds.
const ASKED_PAUSE_MS_MAX: i64 = 10 * 60_000;
/// Moments are rounded down to milliseconds, so an interval that looks complete may be this much short.
const MARGIN_MS: i64 = 1;
/// How long a change in the number of instances takes, in milliseconds. The other instances notice it within five seconds,
/// and calls that they sent before are in HubSpot's windows for ten more.
pub const SETTLED_MS: i64 = 5_000 + BURST_MS + MARGIN_MS;

/// What the gateway learns from the headers of an answer (hubspot facts, section 5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// Calls per ten seconds.
    pub max: Option<u32>,
    /// Calls left of them.
    pub remaining: Option<u32>,
    /// Calls a day.
    pub daily: Option<u64>,
    /// Calls left of them.
    pub daily_remaining: Option<u64>,
}

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

/// One limit.
#[derive(Debug)]
struct Lane<T> {
    interval_ms: i64,
    max: u32,
    /// Finished calls, by the moment of their answers; calls that Keyway did not make have app 0.
    finished: VecDeque<(i64, u64)>,
    under_way: u32,
    apps: HashMap<u64, Member<T>, foldhash::fast::RandomState>,
    /// How many of them have a reserve.
    reserving: usize,
    waiting: usize,
    /// The clock of the app that was served last.
    clock: u64,
    paused_until: i64,
    /// Refusals by HubSpot since it last accepted a call.
    refusals: u32,
    /// When HubSpot last refused a call, and last accepted one; 0 is never.
    refused_at: i64,
    passed_at: i64,
    /// Calls that this instance did not make, as an answer showed them, and when.
    not_mine: Option<(i64, u32)>,
    /// Places of other instances, where the line is shared.
    elsewhere: u32,
}

/// An app in a lane.
#[derive(Debug)]
struct Member<T> {
    terms: Terms,
    clock: u64,
    /// The places that it has.
    used: u32,
    waiting: VecDeque<T>,
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
        let lane = |interval_ms, max| Lane {
            interval_ms,
            max,
            finished: VecDeque::new(),
            under_way: 0,
            apps: HashMap::default(),
            reserving: 0,
            waiting: 0,
            clock: 0,
            paused_until: 0,
            refusals: 0,
            refused_at: 0,
            passed_at: 0,
            not_mine: None,
            elsewhere: 0,
        };
        let (burst_ms, search_ms) = (BURST_MS + MARGIN_MS, SEARCH_MS + MARGIN_MS);
        let lanes = [lane(burst_ms, limits.burst), lane(burst_ms, limits.associations_burst), lane(search_ms, limits.search)];
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

    /// Divides the limits among this many instances, this one included, so that each may send without asking the others. More
    /// instances count at once; fewer only after the calls of the others have left HubSpot's windows.
    pub fn set_parts(&mut self, parts: u32, now: Moment) {
        let parts = parts.max(1);
        if parts >= self.parts {
            self.fewer_since = None;
        } else if now.as_ms() - *self.fewer_since.get_or_insert(now.as_ms()) < SETTLED_MS {
            return;
        }
        if parts != self.parts {
            self.parts = parts;
            self.divide();
        }
    }

    /// Holds all calls until the other instances must know of this one.
    pub fn join(&mut self, now: Moment) {
        self.held_until = self.held_until.max(now.as_ms() + SETTLED_MS);
    }

    fn divide(&mut self) {
        let maxima = [self.limits.burst, self.limits.associations_burst, self.limits.search];
        let divisor = self.divisor();
        self.lanes.iter_mut().zip(maxima).for_each(|(lane, max)| lane.max = max / divisor);
    }

    /// The divisor of the limits now. A shared line has the whole limits.
    const fn divisor(&self) -> u32 {
        if self.shared { 1 } else { self.parts }
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

    /// HubSpot accepted a call, and its headers show how many are left. This reveals calls that others make with the same
    /// credential.
    pub fn told(&mut self, place: Place, told: Told, now: Moment) {
        let Some(number) = lane_of(place.class) else { return };
        self.lanes[number].refusals = 0;
        self.lanes[number].passed_at = now.as_ms();
        // The headers belong to the burst, against which search and associations do not count.
        if number == 0 {
            if let Some(max) = told.max.filter(|max| (1..=10_000_000).contains(max)) {
                self.limits.burst = max;
                self.divide();
            }
            let lane = &mut self.lanes[0];
            if let Some(remaining) = told.remaining {
                let counted = lane.max.saturating_sub(remaining);
                if self.shared {
                    // The keeper of the line knows which of these calls other instances sent.
                    lane.not_mine = Some((now.as_ms(), counted.saturating_sub(lane.used())));
                } else if self.parts == 1 {
                    for _ in lane.used()..counted {
                        lane.finish(now.as_ms(), 0);
                    }
                }
            }
        }
        if let Some(daily) = told.daily.filter(|daily| *daily > 0) {
            self.limits.daily = daily;
            if let Some(remaining) = told.daily_remaining.filter(|_| self.divisor() == 1) {
                self.daily.at_least(daily.saturating_sub(remaining));
            }
        }
    }

    /// HubSpot refused a call for a limit. After a pause, one call tries again before the others.
    pub fn refused(&mut self, place: Place, policy: Policy, retry_after_ms: Option<i64>, now: Now) {
        let (at, today) = (now.steady.as_ms(), now.wall.as_ms());
        let asked = retry_after_ms.map(|ms| ms.clamp(0, ASKED_PAUSE_MS_MAX));
        if policy == Policy::Daily {
            // A refusal after midnight is about the day before.
            let ends = self.daily.resets_at().as_ms();
            if today < ends {
                self.day_over = Some(DayOver::new(ends, at, retry_after_ms));
            }
            return;
        }
        let Some(number) = lane_of(place.class) else { return };
        let lane = &mut self.lanes[number];
        let pause = asked.unwrap_or_else(|| (FIRST_PAUSE_MS << lane.refusals.min(4)).min(PAUSE_MS_MAX));
        // Several calls that were in progress together and refused together count as one refusal.
        if at >= lane.paused_until {
            lane.refusals += 1;
            lane.refused_at = at;
            lane.paused_until = at + pause;
        }
    }

    /// HubSpot accepted a call. If the call was a probe, the day is open again.
    pub fn passed(&mut self, place: Place, now: Moment) {
        if place.probe && self.day_over.take().is_some() {
            self.day_opened_at = now.as_ms();
        }
    }

    /// Since when HubSpot refuses the day's calls, and the midnight at which this ends.
    pub fn day_is_over(&self, now: Now) -> Option<(Timestamp, Timestamp)> {
        let over = self.day_over.filter(|over| now.wall.as_ms() < over.ends)?;
        Some((now.time_of(Moment::from_ms(over.refused_at)), Timestamp::from_ms(over.ends)))
    }

    fn is_counted_out(&self) -> bool {
        self.daily.used_now() >= self.daily_max()
    }

    fn day_over(&mut self, today: Timestamp) -> Option<Exceeded> {
        let (today, ends) = (today.as_ms(), self.daily.resets_at().as_ms());
        // If the clock was ahead, the day may end sooner than assumed.
        self.day_over = self.day_over.map(|over| DayOver { ends: over.ends.min(ends), ..over }).filter(|over| today < over.ends);
        if self.is_counted_out() {
            return Some(Exceeded { policy: Policy::Daily, retry_after_ms: ends - today });
        }
        self.day_over.map(|over| over.exceeded(today))
    }

    /// A place for a probe of the day, where it is time for one.
    fn probe(&mut self, number: usize, place: Place, terms: Terms, now: Now) -> Option<Asked> {
        let at = now.steady.as_ms();
        let over = self.day_over.filter(|over| over.may_probe(at) && !self.is_counted_out())?;
        let lane = &mut self.lanes[number];
        lane.expire(at);
        lane.member(place.app, terms);
        if self.shared {
            self.day_over = Some(DayOver { probing: true, ..over });
            return Some(Asked::InLine(over.exceeded(now.wall.as_ms())));
        }
        (at >= self.held_until && lane.waiting == 0 && lane.has_room(place.app, at)).then_some(())?;
        lane.take(place.app);
        self.daily.take();
        self.day_over = Some(DayOver { probe_at: at.saturating_add(PROBE_EVERY_MS), ..over });
        Some(Asked::Granted(Place { probe: true, ..place }, self.allowance(number)))
    }

    const fn stop_probing(&mut self) {
        if let Some(over) = &mut self.day_over {
            over.probing = false;
        }
    }

    /// The maximum for this instance's count of the day: the calls of all instances when they were last known, and this
    /// instance's part of the rest.
    fn daily_max(&self) -> u64 {
        let known = if self.known_daily.1 == self.daily.resets_at().as_ms() { self.known_daily.0 } else { 0 };
        known + self.limits.daily.saturating_sub(known) / u64::from(self.divisor())
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

impl<T> Lane<T> {
    fn member(&mut self, app: u64, terms: Terms) -> &mut Member<T> {
        let clock = self.clock;
        let nothing = Terms { weight: 1, reserve: 0 };
        let member = self.apps.entry(app).or_insert_with(|| Member { terms: nothing, clock, used: 0, waiting: VecDeque::new() });
        self.reserving -= usize::from(member.terms.reserve > 0);
        self.reserving += usize::from(terms.reserve > 0);
        member.terms = Terms { weight: terms.weight.clamp(1, WEIGHT_MAX), ..terms };
        member
    }

    /// Occupied places: calls in progress, and finished calls that still count.
    fn used(&self) -> u32 {
        self.under_way.saturating_add(u32::try_from(self.finished.len()).unwrap_or(u32::MAX))
    }

    fn expire(&mut self, at: i64) {
        while let Some((_, app)) = self.finished.pop_front_if(|(finished, _)| *finished <= at - self.interval_ms) {
            self.release(app);
        }
    }

    fn finish(&mut self, at: i64, app: u64) {
        // The queue stays sorted, even where `at` goes back.
        let last = self.finished.back().map_or(at, |(last, _)| *last);
        self.finished.push_back((at.max(last), app));
    }

    fn release(&mut self, app: u64) {
        if let Some(member) = self.apps.get_mut(&app) {
            member.used = member.used.saturating_sub(1);
            // An app with a reserve stays in the list, so that its reserve is kept while it makes no calls.
            if member.used == 0 && member.waiting.is_empty() && member.terms.reserve == 0 {
                self.apps.remove(&app);
            }
        }
    }

    /// Whether an app may take a place now.
    fn has_room(&self, app: u64, at: i64) -> bool {
        let trying = self.refusals > 0 && self.under_way > 0;
        at >= self.paused_until && !trying && self.free_for(app) > 0
    }

    /// Free places that are not reserved for another app.
    fn free_for(&self, app: u64) -> u32 {
        let kept = |(other, member): (&u64, &Member<T>)| if *other == app { 0 } else { member.terms.reserve.saturating_sub(member.used) };
        let kept: u32 = if self.reserving == 0 { 0 } else { self.apps.iter().map(kept).sum() };
        self.max.saturating_sub(self.used()).saturating_sub(kept)
    }

    fn take(&mut self, app: u64) {
        self.under_way += 1;
        if let Some(member) = self.apps.get_mut(&app) {
            member.used += 1;
            member.clock += STEP / u64::from(member.terms.weight);
        }
    }

    fn forget(&mut self, gone: impl Fn(&T) -> bool) {
        let mut waiting = 0;
        for member in self.apps.values_mut() {
            member.waiting.retain(|ticket| !gone(ticket));
            waiting += member.waiting.len();
        }
        self.waiting = waiting;
    }

    fn pop_any(&mut self) -> Option<T> {
        let ticket = self.apps.values_mut().find_map(|member| member.waiting.pop_front())?;
        self.waiting -= 1;
        Some(ticket)
    }

    /// The next ticket of the app that is farthest behind, among those that may have a place.
    fn pop_next(&mut self, at: i64) -> Option<(u64, T)> {
        let waiting = self.apps.iter().filter(|(app, member)| !member.waiting.is_empty() && self.has_room(**app, at));
        let app = waiting.min_by_key(|(app, member)| (member.clock, **app)).map(|(app, _)| *app)?;
        let member = self.apps.get_mut(&app)?;
        let ticket = member.waiting.pop_front()?;
        self.clock = self.clock.max(member.clock);
        self.waiting -= 1;
        self.take(app);
        Some((app, ticket))
    }

    /// When the next place becomes free by itself; none while all calls are in progress.
    fn room_at(&self, at: i64) -> Option<i64> {
        if at < self.paused_until {
            return Some(self.paused_until);
        }
        self.finished.front().map(|(finished, _)| finished + self.interval_ms)
    }

    /// About how long a call that joins the line now would wait, in milliseconds.
    fn expected_wait(&self, app: u64, at: i64) -> i64 {
        let Some(mine) = self.apps.get(&app) else { return self.interval_ms };
        let in_line = |(other, member): (&u64, &Member<T>)| {
            if *other == app || !member.waiting.is_empty() { u64::from(member.terms.weight) } else { 0 }
        };
        let weights: u64 = self.apps.iter().map(in_line).sum();
        let turns = (mine.waiting.len() as u64 + 1) * weights / u64::from(mine.terms.weight.max(1));
        let needed = turns.saturating_sub(u64::from(self.free_for(app)));
        if needed == 0 {
            return (self.paused_until - at).max(1);
        }
        // Whole intervals first, then the place that becomes free within one.
        let max = u64::from(self.max.max(1));
        let place = usize::try_from((needed - 1) % max).unwrap_or(0);
        let within = self.finished.get(place).map_or(self.interval_ms, |(finished, _)| finished + self.interval_ms - at);
        let intervals = i64::try_from((needed - 1) / max).unwrap_or(i64::MAX / 100_000);
        (intervals * self.interval_ms + within).max(self.paused_until - at).max(1)
    }
}

#[cfg(test)]
mod tests;
