//! What HubSpot's answers show: the calls that are left, and that a limit was reached.

use crate::quota::Policy;
use crate::time::{Moment, Now};

use super::day::DayOver;
use super::{Place, Share, lane_of};

/// The first pause after HubSpot refused a call without a time to wait, in milliseconds.
const FIRST_PAUSE_MS: i64 = 1_000;
/// The longest such pause, in milliseconds.
const PAUSE_MS_MAX: i64 = 10_000;
/// The longest pause that HubSpot may ask for, in milliseconds.
const ASKED_PAUSE_MS_MAX: i64 = 10 * 60_000;

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

impl<T> Share<T> {
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
}
