//! The time of day, the monotonic time (decision 0040), and the midnights of an account's time zone.

use std::sync::{Arc, Mutex};

use jiff::tz::TimeZone;
use keyway_core::time::{Moment, Now, Timestamp};
use rustix::time::{ClockId, clock_gettime};

use crate::sync::locked;

/// The source of time: this machine's clock, or a clock that its holder sets.
#[derive(Clone, Debug, Default)]
pub struct Clock(Option<Arc<Mutex<Now>>>);

impl Clock {
    /// A clock that stops at this time of day until `go_on_to` or `set` moves it.
    pub fn standing_at(wall: Timestamp) -> Self {
        Self(Some(Arc::new(Mutex::new(Now { steady: Moment::from_ms(1), wall }))))
    }

    /// Moves a stopped clock forward to this time of day. The machine's clock is left alone.
    pub fn go_on_to(&self, wall: Timestamp) {
        self.change(|now| Now { steady: now.moment_of(wall), wall });
    }

    /// Changes the time of day of a stopped clock, as a person who sets the machine's clock does; no time
    /// passes.
    pub fn set(&self, wall: Timestamp) {
        self.change(|now| Now { wall, ..now });
    }

    fn change(&self, to: impl FnOnce(Now) -> Now) {
        if let Some(stands) = &self.0 {
            let mut now = locked(stands);
            *now = to(*now);
        }
    }

    /// The present moment.
    pub fn now(&self) -> Now {
        self.0.as_ref().map_or_else(both, |stands| *locked(stands))
    }
}

/// The time of day. It jumps where somebody sets it, so no interval is measured with it.
pub fn now() -> Timestamp {
    let time = clock_gettime(ClockId::Realtime);
    Timestamp::from_ms(time.tv_sec.saturating_mul(1_000).saturating_add(time.tv_nsec / 1_000_000))
}

/// The present moment of the clock that only goes forward, while the machine is suspended too.
pub fn steady() -> Moment {
    // On other systems, this is the clock that also runs during suspend.
    #[cfg(target_os = "linux")]
    const CLOCK: ClockId = ClockId::Boottime;
    #[cfg(not(target_os = "linux"))]
    const CLOCK: ClockId = ClockId::Monotonic;
    let time = clock_gettime(CLOCK);
    // At least 1: a stored moment of 0 means "never".
    Moment::from_ms(time.tv_sec.saturating_mul(1_000).saturating_add(time.tv_nsec / 1_000_000).saturating_add(1))
}

/// Both clocks.
pub fn both() -> Now {
    Now { steady: steady(), wall: now() }
}

/// The next midnight in a time zone, when HubSpot's daily count starts again.
pub fn next_midnight(zone: &TimeZone, now: Timestamp) -> Timestamp {
    midnight(zone, now, true)
}

/// The midnight that began the day.
pub fn last_midnight(zone: &TimeZone, now: Timestamp) -> Timestamp {
    midnight(zone, now, false)
}

fn midnight(zone: &TimeZone, now: Timestamp, next: bool) -> Timestamp {
    let here = jiff::Timestamp::from_millisecond(now.as_ms()).unwrap_or(jiff::Timestamp::UNIX_EPOCH).to_zoned_datetime(zone.clone());
    let day = if next { here.tomorrow() } else { Ok(here) };
    // Past the last representable day there is no midnight; a day from now is as good.
    let start = day.and_then(|day| day.start_of_day());
    start.map_or(now.plus_ms(86_400_000), |start| Timestamp::from_ms(start.timestamp().as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_day_ends_at_midnight_of_the_accounts_zone() {
        let check = |zone: &str, now: &str, next: &str| {
            let zone = TimeZone::get(zone).unwrap();
            assert_eq!(next_midnight(&zone, Timestamp::parse_iso(now).unwrap()).to_iso(), next);
        };
        check("UTC", "2026-11-23T15:15:00Z", "2026-11-24T00:00:00.000Z");
        check("America/New_York", "2026-11-23T03:00:00Z", "2026-11-23T05:00:00.000Z");
        // The night the clocks go back is an hour longer.
        check("America/New_York", "2026-11-01T05:30:00Z", "2026-11-02T05:00:00.000Z");
    }
}
