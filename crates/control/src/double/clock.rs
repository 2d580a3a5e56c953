//! The time of an embedded account: the real one, moved or standing still.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use keyway_core::time::Timestamp;

use crate::sync::locked;

/// Whether a clock can be set to a time: from 1970 to the end of the year 9998, so that what is reckoned from there still
/// has a date.
pub fn is_possible(at: &Timestamp) -> bool {
    const LAST_MS: i64 = 253_370_764_799_999;
    (0..=LAST_MS).contains(&at.as_ms())
}

/// The time of one account.
#[derive(Default)]
pub struct AccountClock {
    /// Spares the lock where nobody set it, which is nearly always.
    is_set: AtomicBool,
    setting: Mutex<Setting>,
    /// Where it is frozen until somebody sets it.
    start: Option<Timestamp>,
}

#[derive(Clone, Copy, Default)]
enum Setting {
    #[default]
    Real,
    /// Ahead of the real time by this many milliseconds, or behind it.
    Moved(i64),
    Frozen(Timestamp),
}

impl AccountClock {
    /// A clock that is frozen at a time, or the real one.
    pub(super) fn starting(start: Option<Timestamp>) -> Self {
        let clock = Self { start, ..Self::default() };
        clock.reset();
        clock
    }

    /// The account's time.
    pub fn now(&self, real: Timestamp) -> Timestamp {
        if !self.is_set.load(Ordering::Acquire) {
            return real;
        }
        match *self.lock() {
            Setting::Real => real,
            Setting::Moved(ms) => real.plus_ms(ms),
            Setting::Frozen(at) => at,
        }
    }

    /// Whether the clock is frozen.
    pub fn is_frozen(&self) -> bool {
        matches!(*self.lock(), Setting::Frozen(_))
    }

    /// From now on it is `to`, and stays so where it is frozen.
    pub fn set(&self, to: Timestamp, frozen: bool, real: Timestamp) {
        let setting = if frozen { Setting::Frozen(to) } else { Setting::Moved(to.as_ms().saturating_sub(real.as_ms())) };
        *self.lock() = setting;
        self.is_set.store(true, Ordering::Release);
    }

    /// Moves it on by `ms`, or back.
    pub fn advance(&self, ms: i64, real: Timestamp) {
        let frozen = self.is_frozen();
        self.set(self.now(real).plus_ms(ms), frozen, real);
    }

    /// As at the start: the real time, or the time at which it was frozen.
    pub fn reset(&self) {
        *self.lock() = self.start.map_or(Setting::Real, Setting::Frozen);
        self.is_set.store(self.start.is_some(), Ordering::Release);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Setting> {
        locked(&self.setting)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REAL: Timestamp = Timestamp::from_ms(1_000);

    #[test]
    fn a_clock_goes_on_from_where_it_was_set_unless_it_is_frozen() {
        let clock = AccountClock::default();
        assert_eq!(clock.now(REAL), REAL);
        clock.set(Timestamp::from_ms(50), false, REAL);
        assert_eq!(clock.now(REAL.plus_ms(7)), Timestamp::from_ms(57));
        clock.set(Timestamp::from_ms(50), true, REAL);
        assert_eq!(clock.now(REAL.plus_ms(7)), Timestamp::from_ms(50));
        clock.advance(-20, REAL);
        assert_eq!((clock.now(REAL.plus_ms(9)), clock.is_frozen()), (Timestamp::from_ms(30), true));
        clock.reset();
        assert_eq!(clock.now(REAL), REAL);
    }

    #[test]
    fn a_clock_that_starts_at_a_time_goes_back_to_it() {
        let start = Timestamp::from_ms(50);
        let clock = AccountClock::starting(Some(start));
        assert_eq!((clock.now(REAL), clock.is_frozen()), (start, true));
        clock.set(Timestamp::from_ms(70), false, REAL);
        clock.reset();
        assert_eq!((clock.now(REAL), clock.is_frozen()), (start, true));
    }
}
