//! Guessing secrets is limited: after so many wrong ones from one side, it must wait.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Mutex;

use keyway_core::time::Moment;

use crate::registry::locked;

/// Wrong secrets, by whom they come from (an address, a name).
pub struct Guesses<K> {
    most: u32,
    window_ms: i64,
    seen: Mutex<HashMap<K, (i64, u32)>>,
}

/// Over how long they are counted when nothing else is said, in milliseconds.
const WINDOW_MS: i64 = 60_000;
/// Sides remembered; with more, all are forgotten together.
const SIDES_MAX: usize = 10_000;

impl<K: Hash + Eq> Guesses<K> {
    /// Nobody has guessed yet; a side may be wrong this often in a minute.
    pub fn new(most: u32) -> Self {
        Self::over(most, WINDOW_MS)
    }

    /// The same over another time, in milliseconds.
    pub fn over(most: u32, window_ms: i64) -> Self {
        Self { most, window_ms, seen: Mutex::default() }
    }

    /// Seconds until the side may try again; none when it may now.
    pub fn must_wait(&self, side: &K, now: Moment) -> Option<i64> {
        let seen = locked(&self.seen);
        let (since, count) = *seen.get(side)?;
        let left_ms = since + self.window_ms - now.as_ms();
        (count >= self.most && left_ms > 0).then_some((left_ms + 999) / 1_000)
    }

    /// The side was right.
    pub fn forgive(&self, side: &K) {
        locked(&self.seen).remove(side);
    }

    /// The side was wrong.
    pub fn note(&self, side: K, now: Moment) {
        let mut seen = locked(&self.seen);
        if seen.len() >= SIDES_MAX && !seen.contains_key(&side) {
            seen.clear();
        }
        let entry = seen.entry(side).or_insert((now.as_ms(), 0));
        if entry.0 + self.window_ms <= now.as_ms() {
            *entry = (now.as_ms(), 0);
        }
        entry.1 += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_guesses_must_wait_and_others_need_not() {
        let guesses = Guesses::new(3);
        let at = Moment::from_ms;
        (0..3).for_each(|_| guesses.note("one", at(1_000)));
        assert_eq!(guesses.must_wait(&"one", at(1_000)), Some(60));
        assert_eq!(guesses.must_wait(&"other", at(1_000)), None);
        assert_eq!(guesses.must_wait(&"one", at(61_000)), None);
        guesses.note("one", at(61_000));
        assert_eq!(guesses.must_wait(&"one", at(61_000)), None);
    }
}
