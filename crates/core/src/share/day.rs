//! A day whose calls are used up, because HubSpot refused a call for it (429 `DAILY`).
//!
//! HubSpot counts all private apps and keys of the account, so no call succeeds before the account's midnight. Until then
//! Keyway sends only one call from time to time, a probe. It shows whether HubSpot accepts calls again: the customer may have
//! bought an API limit increase.

use crate::quota::{Exceeded, Policy};
use crate::time::{Moment, Now, Timestamp};

use super::{Asked, Place, Share, Terms};

/// How long Keyway sends nothing before a probe, in milliseconds.
pub const PROBE_EVERY_MS: i64 = 15 * 60_000;

/// A day whose calls are used up before its end.
#[derive(Clone, Copy, Debug)]
pub(super) struct DayOver {
    /// The account's midnight, in Unix time in milliseconds. Everything else is in milliseconds of the steady clock.
    pub ends: i64,
    /// When HubSpot last refused a call for the daily limit.
    pub refused_at: i64,
    /// The earliest moment of the next probe.
    pub probe_at: i64,
    /// Whether a probe waits in the line of all instances.
    pub probing: bool,
}

impl DayOver {
    /// HubSpot refused a call, and may have asked for a pause of this length.
    pub const fn new(ends: i64, refused_at: i64, asked_ms: Option<i64>) -> Self {
        let pause = match asked_ms {
            Some(asked) if asked > PROBE_EVERY_MS => asked,
            _ => PROBE_EVERY_MS,
        };
        Self { ends, refused_at, probe_at: refused_at.saturating_add(pause), probing: false }
    }

    /// Whether a probe may be sent now.
    pub const fn may_probe(&self, at: i64) -> bool {
        at >= self.probe_at && !self.probing
    }

    /// The limit for a call that is not sent, at this Unix time in milliseconds.
    pub const fn exceeded(&self, today: i64) -> Exceeded {
        Exceeded { policy: Policy::Daily, retry_after_ms: self.ends.saturating_sub(today) }
    }
}

/// What instances report to each other about the day, through the line. Ages and waits are in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DayReport {
    /// How long ago HubSpot last refused a call of this day.
    pub refused: Option<i64>,
    /// How long until the next probe.
    pub probe: i64,
    /// How long ago HubSpot accepted a probe.
    pub opened: Option<i64>,
}

impl<T> Share<T> {
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

    pub(super) fn is_counted_out(&self) -> bool {
        self.daily.used_now() >= self.daily_max()
    }

    pub(super) fn day_over(&mut self, today: Timestamp) -> Option<Exceeded> {
        let (today, ends) = (today.as_ms(), self.daily.resets_at().as_ms());
        // If the clock was ahead, the day may end sooner than assumed.
        self.day_over = self.day_over.map(|over| DayOver { ends: over.ends.min(ends), ..over }).filter(|over| today < over.ends);
        if self.is_counted_out() {
            return Some(Exceeded { policy: Policy::Daily, retry_after_ms: ends - today });
        }
        self.day_over.map(|over| over.exceeded(today))
    }

    /// A place for a probe of the day, where it is time for one.
    pub(super) fn probe(&mut self, number: usize, place: Place, terms: Terms, now: Now) -> Option<Asked> {
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

    pub(super) const fn stop_probing(&mut self) {
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
}
