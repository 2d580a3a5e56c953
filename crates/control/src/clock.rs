//! The clock of this machine; in tests, one whose time of day may be wrong.

pub use keyway_ground::clock::*;

/// The time of day, of machines whose clocks differ.
#[cfg(test)]
pub fn now() -> keyway_core::time::Timestamp {
    keyway_ground::clock::now().plus_ms(WRONG_BY_MS.get())
}

#[cfg(test)]
thread_local! {
    /// By how much the time of day of this thread is wrong.
    pub(crate) static WRONG_BY_MS: std::cell::Cell<i64> = const { std::cell::Cell::new(0) };
}
