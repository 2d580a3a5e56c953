//! One limit: its places, the calls that occupy them, and the apps in turn.

use std::collections::{HashMap, VecDeque};

use super::{Terms, WEIGHT_MAX};

/// How far one call advances an app's clock, at weight 1.
const STEP: u64 = 1_000_000;

/// One limit.
#[derive(Debug)]
pub(super) struct Lane<T> {
    pub(super) interval_ms: i64,
    pub(super) max: u32,
    /// Finished calls, by the moment of their answers; calls that Keyway did not make have app 0.
    pub(super) finished: VecDeque<(i64, u64)>,
    pub(super) under_way: u32,
    pub(super) apps: HashMap<u64, Member<T>, foldhash::fast::RandomState>,
    /// How many of them have a reserve.
    pub(super) reserving: usize,
    pub(super) waiting: usize,
    /// The clock of the app that was served last.
    pub(super) clock: u64,
    pub(super) paused_until: i64,
    /// Refusals by HubSpot since it last accepted a call.
    pub(super) refusals: u32,
    /// When HubSpot last refused a call, and last accepted one; 0 is never.
    pub(super) refused_at: i64,
    pub(super) passed_at: i64,
    /// Calls that this instance did not make, as an answer showed them, and when.
    pub(super) not_mine: Option<(i64, u32)>,
    /// Places of other instances, where the line is shared.
    pub(super) elsewhere: u32,
}

/// An app in a lane.
#[derive(Debug)]
pub(super) struct Member<T> {
    pub(super) terms: Terms,
    pub(super) clock: u64,
    /// The places that it has.
    pub(super) used: u32,
    pub(super) waiting: VecDeque<T>,
}

impl<T> Lane<T> {
    /// A lane without any calls.
    pub(super) fn new(interval_ms: i64, max: u32) -> Self {
        Self {
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
        }
    }

    pub(super) fn member(&mut self, app: u64, terms: Terms) -> &mut Member<T> {
        let clock = self.clock;
        let nothing = Terms { weight: 1, reserve: 0 };
        let member = self.apps.entry(app).or_insert_with(|| Member { terms: nothing, clock, used: 0, waiting: VecDeque::new() });
        self.reserving -= usize::from(member.terms.reserve > 0);
        self.reserving += usize::from(terms.reserve > 0);
        member.terms = Terms { weight: terms.weight.clamp(1, WEIGHT_MAX), ..terms };
        member
    }

    /// Occupied places: calls in progress, and finished calls that still count.
    pub(super) fn used(&self) -> u32 {
        self.under_way.saturating_add(u32::try_from(self.finished.len()).unwrap_or(u32::MAX))
    }

    pub(super) fn expire(&mut self, at: i64) {
        while let Some((_, app)) = self.finished.pop_front_if(|(finished, _)| *finished <= at - self.interval_ms) {
            self.release(app);
        }
    }

    pub(super) fn finish(&mut self, at: i64, app: u64) {
        // The queue stays sorted, even where `at` goes back.
        let last = self.finished.back().map_or(at, |(last, _)| *last);
        self.finished.push_back((at.max(last), app));
    }

    pub(super) fn release(&mut self, app: u64) {
        if let Some(member) = self.apps.get_mut(&app) {
            member.used = member.used.saturating_sub(1);
            // An app with a reserve stays in the list, so that its reserve is kept while it makes no calls.
            if member.used == 0 && member.waiting.is_empty() && member.terms.reserve == 0 {
                self.apps.remove(&app);
            }
        }
    }

    /// Whether an app may take a place now.
    pub(super) fn has_room(&self, app: u64, at: i64) -> bool {
        let trying = self.refusals > 0 && self.under_way > 0;
        at >= self.paused_until && !trying && self.free_for(app) > 0
    }

    /// Free places that are not reserved for another app.
    fn free_for(&self, app: u64) -> u32 {
        let kept = |(other, member): (&u64, &Member<T>)| if *other == app { 0 } else { member.terms.reserve.saturating_sub(member.used) };
        let kept: u32 = if self.reserving == 0 { 0 } else { self.apps.iter().map(kept).sum() };
        self.max.saturating_sub(self.used()).saturating_sub(kept)
    }

    pub(super) fn take(&mut self, app: u64) {
        self.under_way += 1;
        if let Some(member) = self.apps.get_mut(&app) {
            member.used += 1;
            member.clock += STEP / u64::from(member.terms.weight);
        }
    }

    pub(super) fn forget(&mut self, gone: impl Fn(&T) -> bool) {
        let mut waiting = 0;
        for member in self.apps.values_mut() {
            member.waiting.retain(|ticket| !gone(ticket));
            waiting += member.waiting.len();
        }
        self.waiting = waiting;
    }

    pub(super) fn pop_any(&mut self) -> Option<T> {
        let ticket = self.apps.values_mut().find_map(|member| member.waiting.pop_front())?;
        self.waiting -= 1;
        Some(ticket)
    }

    /// The next ticket of the app that is farthest behind, among those that may have a place.
    pub(super) fn pop_next(&mut self, at: i64) -> Option<(u64, T)> {
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
    pub(super) fn room_at(&self, at: i64) -> Option<i64> {
        if at < self.paused_until {
            return Some(self.paused_until);
        }
        self.finished.front().map(|(finished, _)| finished + self.interval_ms)
    }

    /// About how long a call that joins the line now would wait, in milliseconds.
    pub(super) fn expected_wait(&self, app: u64, at: i64) -> i64 {
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
