//! The time of day, and the midnights of an account's time zone.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::tz::TimeZone;
use keyway_core::time::Timestamp;

/// Where the time of day comes from: this machine, or whoever set it.
#[derive(Clone, Debug, Default)]
pub struct Clock(Option<Arc<AtomicI64>>);

impl Clock {
    /// A clock that stands at a moment until it is set to another.
    pub fn standing_at(now: Timestamp) -> Self {
        Self(Some(Arc::new(AtomicI64::new(now.as_ms()))))
    }

    /// Sets a standing clock; the machine's clock goes on as it is.
    pub fn set(&self, now: Timestamp) {
        if let Some(stands) = &self.0 {
            stands.store(now.as_ms(), Ordering::Relaxed);
        }
    }

    /// The present moment.
    pub fn now(&self) -> Timestamp {
        self.0.as_ref().map_or_else(now, |stands| Timestamp::from_ms(stands.load(Ordering::Relaxed)))
    }
}

/// The present moment.
pub fn now() -> Timestamp {
    Timestamp::from_ms(jiff::Timestamp::now().as_millisecond())
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
