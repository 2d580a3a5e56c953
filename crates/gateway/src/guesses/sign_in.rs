//! Guessing passwords and codes: after a number of wrong ones a person must wait at that source, and so must
//! whoever tries one person after the other. A right password passes all the same, in its turn.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use keyway_core::time::Moment;

use super::{Guesses, Turns, source_network};

/// Wrong passwords for one person from one source in a minute.
const PERSON_MAX: u32 = 5;
/// Wrong passwords and codes from one source in a minute: an office shares one, a guesser has few.
const SOURCE_MAX: u32 = 30;
/// Wrong codes for one person in an hour, from however many sources. A code has six digits of which three are
/// right at a time: at this rate guessing takes years. Only who has the password can shut somebody out so.
const CODES_MAX: u32 = 10;
const CODES_WINDOW_MS: i64 = 3_600_000;
/// Once a source must wait, its passwords are looked at one every so often, and no more wait than this allows.
const TURN_EVERY_MS: i64 = 500;
const TURNS_AHEAD_MS: i64 = 5_000;

/// What was guessed wrong.
pub struct SignInGuesses {
    people: Guesses<(String, IpAddr)>,
    sources: Guesses<IpAddr>,
    codes: Guesses<String>,
    turns: Turns,
}

impl Default for SignInGuesses {
    fn default() -> Self {
        Self {
            people: Guesses::new(PERSON_MAX),
            sources: Guesses::new(SOURCE_MAX),
            codes: Guesses::over(CODES_MAX, CODES_WINDOW_MS),
            turns: Turns::new(TURN_EVERY_MS, TURNS_AHEAD_MS),
        }
    }
}

/// A password that counts as wrong until it is known to be right.
pub struct Guess<'a> {
    guesses: &'a SignInGuesses,
    side: (String, IpAddr),
    /// How long it waits for its turn before it is looked at.
    pub turn: Duration,
    /// The seconds that somebody with a wrong password must wait; none where there is no wait.
    pub must_wait_s: Option<i64>,
}

impl Guess<'_> {
    /// Takes the guess back, and those from there before it.
    pub fn was_right(self) {
        self.guesses.people.forgive(&self.side);
    }
}

/// A code that counts as wrong until it is known to be right.
pub struct CodeGuess<'a> {
    codes: &'a Guesses<String>,
    person: String,
}

impl CodeGuess<'_> {
    /// Takes the guess back, and the person's before it.
    pub fn was_right(self) {
        self.codes.forgive(&self.person);
    }
}

impl SignInGuesses {
    /// Somebody sends a password. Counted before it is known: many at once must not be more than one
    /// after the other.
    ///
    /// # Errors
    /// They must wait, this many seconds: too many passwords from there wait for their turn.
    pub fn begin(&self, person: &str, source: &str, now: Moment) -> Result<Guess<'_>, i64> {
        let side = (person.trim().to_lowercase(), network(source));
        let must_wait_s = self.people.must_wait(&side, now).max(self.sources.must_wait(&side.1, now));
        let turn = match must_wait_s {
            Some(wait_s) => self.turns.take(side.1, now).ok_or(wait_s)?,
            None => {
                self.people.note(side.clone(), now);
                self.sources.note(side.1, now);
                Duration::ZERO
            }
        };
        Ok(Guess { guesses: self, side, turn, must_wait_s })
    }

    /// Somebody sends a code of a second factor.
    ///
    /// # Errors
    /// They must wait, this many seconds.
    pub fn begin_code(&self, person: &str, source: &str, now: Moment) -> Result<CodeGuess<'_>, i64> {
        let (person, source) = (person.trim().to_lowercase(), network(source));
        if let Some(wait_s) = self.codes.must_wait(&person, now).max(self.sources.must_wait(&source, now)) {
            return Err(wait_s);
        }
        self.codes.note(person.clone(), now);
        self.sources.note(source, now);
        Ok(CodeGuess { codes: &self.codes, person })
    }
}

/// The network that a source is; what is not an address counts as one.
fn network(source: &str) -> IpAddr {
    source.parse().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), source_network)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_waits_at_a_source_and_so_does_a_source_that_tries_many() {
        let at = Moment::from_ms;
        let guesses = SignInGuesses::default();
        let told = |person: &str, source: &str, ms| guesses.begin(person, source, at(ms)).map(|guess| guess.must_wait_s);
        (0..5).for_each(|_| assert_eq!(told("ada@example.com", "192.0.2.1", 1_000), Ok(None)));
        assert_eq!(told(" ADA@example.com", "192.0.2.1", 1_000), Ok(Some(60)));
        assert_eq!(told("ada@example.com", "192.0.2.2", 1_000), Ok(None), "nobody is shut out at another source");
        for one in 0..25 {
            assert_eq!(told(&format!("{one}@example.com"), "192.0.2.1", 1_000), Ok(None), "{one}");
        }
        assert_eq!(told("carl@example.com", "192.0.2.1", 1_000), Ok(Some(60)));
        assert_eq!(told("carl@example.com", "192.0.2.2", 1_000), Ok(None));
        assert_eq!(told("carl@example.com", "192.0.2.1", 61_000), Ok(None));
    }

    #[test]
    fn who_must_wait_gets_two_turns_a_second_and_few_wait_for_them() {
        let now = Moment::from_ms(1_000);
        let guesses = SignInGuesses::default();
        (0..5).for_each(|_| drop(guesses.begin("ada@example.com", "192.0.2.1", now).ok().unwrap()));
        let turns: Vec<_> =
            (0..100).map_while(|_| guesses.begin("ada@example.com", "192.0.2.1", now).ok()).map(|guess| guess.turn).collect();
        assert_eq!(turns.len(), 11);
        assert_eq!((turns[0], turns[10]), (Duration::ZERO, Duration::from_secs(5)));
        assert_eq!(guesses.begin("ada@example.com", "192.0.2.1", now).err(), Some(60));
    }

    #[test]
    fn a_right_password_forgives_the_person() {
        let at = Moment::from_ms(1_000);
        let guesses = SignInGuesses::default();
        for _ in 0..5 {
            drop(guesses.begin("ada@example.com", "", at).ok().unwrap());
        }
        let right = guesses.begin("ada@example.com", "", at).ok().unwrap();
        assert_eq!(right.must_wait_s, Some(60));
        right.was_right();
        assert_eq!(guesses.begin("ada@example.com", "", at).ok().unwrap().must_wait_s, None);
    }

    #[test]
    fn codes_are_counted_for_an_hour_whatever_the_source() {
        let at = Moment::from_ms;
        let guesses = SignInGuesses::default();
        (0..10).for_each(|one| drop(guesses.begin_code("ada@example.com", &format!("192.0.2.{one}"), at(one * 60_000 + 1)).ok().unwrap()));
        assert!(guesses.begin_code("ada@example.com", "", at(59 * 60_000)).is_err());
        assert!(guesses.begin_code("ada@example.com", "", at(60 * 60_000 + 1)).is_ok());
    }
}
