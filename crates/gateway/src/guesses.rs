//! Guessing secrets is limited: after a number of wrong ones, a source must wait.

pub mod sign_in;

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Mutex;
use std::time::Duration;

use keyway_core::time::Moment;

use crate::sync::locked;

/// Wrong secrets, by whom they come from (an address, a name).
pub struct Guesses<K> {
    most: u32,
    window_ms: i64,
    seen: Mutex<HashMap<K, (i64, u32)>>,
}

/// Over how long they are counted by default, in milliseconds.
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

/// Turns for those who must wait: one after the other from each source, so that who guesses on is slow and who
/// knows the secret gets in.
pub struct Turns {
    every_ms: i64,
    ahead_ms: i64,
    next: Mutex<HashMap<IpAddr, i64>>,
}

impl Turns {
    /// A turn every `every_ms` for each source, given out at most `ahead_ms` ahead.
    pub fn new(every_ms: i64, ahead_ms: i64) -> Self {
        Self { every_ms, ahead_ms, next: Mutex::default() }
    }

    /// How long a source waits for its turn; none where too many of its tries wait.
    pub fn take(&self, source: IpAddr, now: Moment) -> Option<Duration> {
        let now = now.as_ms();
        let mut next = locked(&self.next);
        if next.len() >= SIDES_MAX && !next.contains_key(&source) {
            next.retain(|_, at| *at > now);
        }
        let at = next.get(&source).copied().unwrap_or(now).max(now);
        if at - now > self.ahead_ms || (next.len() >= SIDES_MAX && !next.contains_key(&source)) {
            return None;
        }
        next.insert(source, at + self.every_ms);
        Some(Duration::from_millis(u64::try_from(at - now).unwrap_or(0)))
    }
}

/// Whoever has one IPv6 address has all of its network.
pub fn source_network(source: IpAddr) -> IpAddr {
    match source.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
        v4 => v4,
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
    #[test]
    fn those_who_wait_get_their_turns_one_after_the_other() {
        let (turns, at) = (Turns::new(500, 1_000), Moment::from_ms);
        let (one, other): (IpAddr, IpAddr) = ("192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap());
        let waits = |source, ms| turns.take(source, at(ms)).map(|wait| wait.as_millis());
        assert_eq!(
            [waits(one, 10_000), waits(one, 10_000), waits(one, 10_000), waits(one, 10_000)],
            [Some(0), Some(500), Some(1_000), None]
        );
        assert_eq!(waits(other, 10_000), Some(0));
        assert_eq!(waits(one, 10_500), Some(1_000));
        assert_eq!(waits(one, 60_000), Some(0));
    }

    #[test]
    fn a_source_is_an_address_or_a_network_of_ipv6() {
        let network = |text: &str| source_network(text.parse().unwrap());
        assert_eq!(network("2001:db8:1:2:3::4"), network("2001:db8:1:2::9"));
        assert_ne!(network("2001:db8:1:2::"), network("2001:db8:1:3::"));
        assert_eq!(network("::ffff:192.0.2.1"), network("192.0.2.1"));
        assert_ne!(network("192.0.2.1"), network("192.0.2.2"));
    }
}
