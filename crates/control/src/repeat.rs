//! Runs that repeat each other: a seed in place of randomness, and the time at which embedded accounts begin.
//!
//! A secret that follows from a seed is known to whoever knows the seed. So a seed is for servers that keep nothing and
//! have embedded accounts alone, and what opens the server itself (sessions, admin tokens, the master key) stays random.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use keyway_core::time::Timestamp;
use keyway_core::token::{TokenKey, uuid_text};

use crate::sync::locked;

/// What random bytes follow from.
#[derive(Clone, Copy)]
pub struct Seed([u8; 32]);

impl Seed {
    /// The seed that an operator writes as a number.
    pub fn new(number: u64) -> Self {
        Self(blake3::derive_key("keyway 2026-11 random seed", &number.to_le_bytes()))
    }

    /// The bytes of the `number`th thing of a kind.
    pub fn bytes<const N: usize>(&self, kind: &str, number: u64) -> [u8; N] {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        hasher.update(&number.to_le_bytes());
        hasher.update(kind.as_bytes());
        let mut bytes = [0; N];
        hasher.finalize_xof().fill(&mut bytes);
        bytes
    }

    /// The key of token hashes, of which webhook secrets and the tokens of OAuth are made.
    pub fn token_key(&self) -> TokenKey {
        TokenKey::new(self.bytes("token hashes", 0))
    }
}

/// How much of a run repeats another.
#[derive(Clone, Copy, Default)]
pub struct Repeat {
    /// Tokens, ids and correlation ids follow from it; random where there is none.
    pub seed: Option<Seed>,
    /// The frozen time of every embedded account; none for the real time.
    pub start: Option<Timestamp>,
}

/// Random bytes of a server, or those of its seed.
#[derive(Default)]
pub(crate) struct Draws {
    seed: Option<Seed>,
    /// Things made so far, by kind.
    made: Mutex<HashMap<&'static str, u64>>,
}

impl Draws {
    pub(crate) fn new(seed: Option<Seed>) -> Self {
        Self { seed, made: Mutex::default() }
    }

    /// The bytes of the next thing of a kind.
    pub(crate) fn next<const N: usize>(&self, kind: &'static str) -> Result<[u8; N], getrandom::Error> {
        let Some(seed) = self.seed else {
            let mut bytes = [0; N];
            return getrandom::fill(&mut bytes).map(|()| bytes);
        };
        let mut made = locked(&self.made);
        let number = made.entry(kind).or_default();
        *number += 1;
        Ok(seed.bytes(kind, *number))
    }
}

/// The correlation ids of one account under a seed: version 4 UUIDs (RFC 9562, section 5.4), for they hold no time.
pub struct CorrelationIds {
    seed: Seed,
    kind: String,
    made: AtomicU64,
}

impl CorrelationIds {
    /// Those of an account; of calls that belong to none, under 0.
    pub(crate) fn new(seed: Seed, hub_id: u64) -> Self {
        Self { seed, kind: format!("correlation id of {hub_id}"), made: AtomicU64::new(0) }
    }

    /// The next one.
    pub(crate) fn next(&self) -> String {
        let mut bytes = self.seed.bytes::<16>(&self.kind, self.made.fetch_add(1, Ordering::Relaxed));
        bytes[6] = 0x40 | (bytes[6] & 0x0f);
        bytes[8] = 0x80 | (bytes[8] & 0x3f);
        uuid_text(&bytes)
    }

    /// From now on they are those of the start again.
    pub(crate) fn restart(&self) {
        self.made.store(0, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_bytes_again_and_no_two_things_share_theirs() {
        let draw = |number| {
            let draws = Draws::new(Some(Seed::new(number)));
            [draws.next::<16>("code").unwrap(), draws.next("code").unwrap(), draws.next("secret").unwrap()]
        };
        let [first, second, other] = draw(7);
        assert_eq!(draw(7), [first, second, other]);
        assert!(first != second && second != other && first != other);
        assert_ne!(draw(8), draw(7));
        assert_ne!(Draws::default().next::<16>("code").unwrap(), Draws::default().next::<16>("code").unwrap());
    }

    #[test]
    fn correlation_ids_are_uuids_that_start_again() {
        let ids = CorrelationIds::new(Seed::new(7), 1);
        let first = ids.next();
        assert!(keyway_core::credential::is_uuid(&first) && &first[14..15] == "4", "{first}");
        assert_ne!(ids.next(), first);
        ids.restart();
        assert_eq!(ids.next(), first);
        assert_ne!(CorrelationIds::new(Seed::new(7), 2).next(), first);
    }
}
