//! Guessing passwords and codes: after so many wrong ones an address must wait, and so must whoever
//! tries one address after the other.

use std::net::IpAddr;

use keyway_core::time::Moment;

use crate::guesses::Guesses;

/// Wrong passwords for one address in a minute.
const ADDRESS_MAX: u32 = 5;
/// Wrong passwords and codes from one source in a minute: an office shares one, a guesser has few.
const SOURCE_MAX: u32 = 30;
/// Wrong codes for one address in an hour. A code has six digits of which three are right at a time:
/// at this rate guessing takes years, from however many sources.
const CODES_MAX: u32 = 10;
const CODES_WINDOW_MS: i64 = 3_600_000;

/// What was guessed wrong.
pub struct SignInGuesses {
    addresses: Guesses<String>,
    sources: Guesses<String>,
    codes: Guesses<String>,
}

impl Default for SignInGuesses {
    fn default() -> Self {
        Self { addresses: Guesses::new(ADDRESS_MAX), sources: Guesses::new(SOURCE_MAX), codes: Guesses::over(CODES_MAX, CODES_WINDOW_MS) }
    }
}

/// A guess that counts as wrong until it is known to be right.
pub(crate) struct Guess<'a> {
    of: &'a Guesses<String>,
    address: String,
}

impl Guess<'_> {
    pub(crate) fn was_right(self) {
        self.of.forgive(&self.address);
    }
}

impl SignInGuesses {
    /// Somebody sends a password. Counted before it is known: many at once must not be more than one
    /// after the other.
    ///
    /// # Errors
    /// They must wait, this many seconds.
    pub(crate) fn begin(&self, address: &str, source: &str, now: Moment) -> Result<Guess<'_>, i64> {
        self.count(&self.addresses, address, source, now)
    }

    /// Somebody sends a code of a second factor.
    ///
    /// # Errors
    /// They must wait, this many seconds.
    pub(crate) fn begin_code(&self, address: &str, source: &str, now: Moment) -> Result<Guess<'_>, i64> {
        self.count(&self.codes, address, source, now)
    }

    fn count<'a>(&self, of: &'a Guesses<String>, address: &str, source: &str, now: Moment) -> Result<Guess<'a>, i64> {
        let (address, source) = (address.trim().to_lowercase(), network(source));
        if let Some(wait_s) = of.must_wait(&address, now).max(self.sources.must_wait(&source, now)) {
            return Err(wait_s);
        }
        of.note(address.clone(), now);
        self.sources.note(source, now);
        Ok(Guess { of, address })
    }
}

/// Whoever has one IPv6 address has all of its network.
fn network(source: &str) -> String {
    match source.parse() {
        Ok(IpAddr::V6(address)) => format!("{:x?}", &address.segments()[..4]),
        _ => source.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_waits_and_so_does_who_tries_many() {
        let at = Moment::from_ms;
        let guesses = SignInGuesses::default();
        (0..5).for_each(|_| drop(guesses.begin("ada@example.com", "192.0.2.1", at(0)).ok().unwrap()));
        assert_eq!(guesses.begin(" ADA@example.com", "192.0.2.2", at(0)).err(), Some(60), "from another source too");
        guesses.begin("bob@example.com", "192.0.2.1", at(0)).ok().unwrap();
        for one in 0..24 {
            assert!(guesses.begin(&format!("{one}@example.com"), "192.0.2.1", at(0)).is_ok(), "{one}");
        }
        assert_eq!(guesses.begin("carl@example.com", "192.0.2.1", at(0)).err(), Some(60));
        assert!(guesses.begin("carl@example.com", "192.0.2.2", at(0)).is_ok());
        assert!(guesses.begin("carl@example.com", "192.0.2.1", at(60_000)).is_ok());
    }

    #[test]
    fn a_right_password_forgives_the_address() {
        let at = Moment::from_ms(0);
        let guesses = SignInGuesses::default();
        for _ in 0..4 {
            drop(guesses.begin("ada@example.com", "", at).ok().unwrap());
        }
        guesses.begin("ada@example.com", "", at).ok().unwrap().was_right();
        assert!(guesses.begin("ada@example.com", "", at).is_ok());
    }

    #[test]
    fn codes_are_counted_for_an_hour_and_by_network() {
        let at = Moment::from_ms;
        let guesses = SignInGuesses::default();
        (0..10).for_each(|one| drop(guesses.begin_code("ada@example.com", "", at(one * 60_000)).ok().unwrap()));
        assert!(guesses.begin_code("ada@example.com", "", at(59 * 60_000)).is_err());
        assert!(guesses.begin_code("ada@example.com", "", at(60 * 60_000)).is_ok());
        assert_eq!(network("2001:db8:1:2:3::4"), network("2001:db8:1:2::9"));
        assert_ne!(network("2001:db8:1:2::"), network("2001:db8:1:3::"));
    }
}
