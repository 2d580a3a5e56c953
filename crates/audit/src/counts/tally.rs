//! What the calls of one app in one span of time come to.

use keyway_core::quota::BURST_MS;
use keyway_core::refusal::Word;
use keyway_core::safety::Class;
use serde::{Deserialize, Serialize};

use super::calls::{Call, Sort};

/// Causes that are counted of one app in one span; further ones count as `OTHER`.
const CAUSES_MAX: usize = 32;
/// The cause of calls that have none, or one of too many.
pub const OTHER_CAUSE: &str = "OTHER";

/// The upper ends of the latencies that are counted together, in microseconds; what is above the last has no end.
pub const LATENCY_BOUNDS_US: [u64; 18] = [
    500, 1_000, 2_000, 4_000, 8_000, 15_000, 30_000, 60_000, 100_000, 150_000, 250_000, 400_000, 700_000, 1_000_000, 2_000_000, 5_000_000,
    10_000_000, 30_000_000,
];

/// Numbers by a small number, in order; few of them are other than 0.
type Few = Vec<(u8, u64)>;

/// The class of an operation, or `other` where the catalog does not list it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind(u8);

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// With a status below 400.
    Answered,
    /// With 429: a limit was reached.
    Limited,
    /// With another 4xx.
    Refused,
    /// With a 5xx.
    Failed,
    /// The process died before it was known.
    Unknown,
}

/// What the calls of one app in one span of time come to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Calls by class and outcome: eight times the class, and the outcome.
    calls: Few,
    /// Calls that Keyway did not refuse, by the place of their latency in [`LATENCY_BOUNDS_US`].
    latency: Few,
    /// Calls that count against the account's day.
    pub counted: u64,
    /// Calls that waited for their turn.
    pub waited: u64,
    /// How long they waited, together, in microseconds.
    pub waited_us: u64,
    /// Errors by the name of the refusal, or by HubSpot's category where there is none.
    causes: Vec<(String, u64)>,
    /// Of a minute: calls in each ten seconds of it.
    tens: Few,
    /// The most calls in ten seconds, which begin at whole tens of seconds.
    pub peak: u64,
}

impl Kind {
    /// Operations that the catalog does not list.
    pub const OTHER: Self = Self(7);

    /// Of a class.
    pub const fn of(class: Class) -> Self {
        Self(class as u8)
    }

    /// As it is written.
    pub fn name(self) -> &'static str {
        Class::ALL.get(usize::from(self.0)).map_or("other", |class| class.name())
    }
}

impl Outcome {
    /// Every one.
    pub const ALL: [Self; 5] = [Self::Answered, Self::Limited, Self::Refused, Self::Failed, Self::Unknown];

    fn of(status: Option<i64>) -> Self {
        match status {
            None => Self::Unknown,
            Some(429) => Self::Limited,
            Some(500..) => Self::Failed,
            Some(400..) => Self::Refused,
            Some(_) => Self::Answered,
        }
    }

    /// As it is written.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Answered => "ok",
            Self::Limited => "429",
            Self::Refused => "4xx",
            Self::Failed => "5xx",
            Self::Unknown => "unknown",
        }
    }
}

impl Tally {
    pub(super) fn note(&mut self, call: &Call<'_>, sort: Sort) {
        let outcome = Outcome::of(call.status);
        bump(&mut self.calls, sort.kind.0 << 3 | outcome as u8, call.calls);
        let ten = u8::try_from(call.at.rem_euclid(60_000) / BURST_MS).unwrap_or(0);
        bump(&mut self.tens, ten, call.calls);
        self.settle_peak();
        let refused_here = call.word.is_some_and(|word| Word(word).refusal().is_some());
        if outcome != Outcome::Unknown && !refused_here {
            let place = LATENCY_BOUNDS_US.partition_point(|bound| *bound < call.latency_us);
            bump(&mut self.latency, u8::try_from(place).unwrap_or(u8::MAX), call.calls);
        }
        // Token requests are not calls of the account, and calls without an app are not either: access tokens that Keyway gives.
        if call.hub_id.is_some() && call.app_id.is_some() && call.word.is_none_or(|word| Word(word).is_counted()) && !sort.is_oauth {
            self.counted += call.calls;
        }
        if call.waited_us > 0 {
            self.waited += call.calls;
            self.waited_us = self.waited_us.saturating_add(call.waited_us);
        }
        if outcome != Outcome::Answered {
            self.note_cause(call.word.unwrap_or(OTHER_CAUSE), call.calls);
        }
    }

    fn note_cause(&mut self, cause: &str, calls: u64) {
        let place = |causes: &[(String, u64)], cause: &str| causes.iter().position(|(there, _)| there == cause);
        let full = self.causes.len() >= CAUSES_MAX;
        match place(&self.causes, cause) {
            Some(at) => self.causes[at].1 += calls,
            None if full && cause != OTHER_CAUSE => self.note_cause(OTHER_CAUSE, calls),
            None => self.causes.push((cause.to_owned(), calls)),
        }
    }

    fn settle_peak(&mut self) {
        self.peak = self.tens.iter().map(|(_, calls)| *calls).max().unwrap_or(0).max(self.peak);
    }

    /// Adds what else came in, in the same span where both are of a minute.
    pub(crate) fn join(&mut self, other: &Self) {
        other.tens.iter().for_each(|(ten, calls)| bump(&mut self.tens, *ten, *calls));
        self.merge(other);
        self.settle_peak();
    }

    /// Adds the calls of another span.
    pub fn merge(&mut self, other: &Self) {
        other.calls.iter().for_each(|(kind, calls)| bump(&mut self.calls, *kind, *calls));
        other.latency.iter().for_each(|(place, calls)| bump(&mut self.latency, *place, *calls));
        self.counted += other.counted;
        self.waited += other.waited;
        self.waited_us = self.waited_us.saturating_add(other.waited_us);
        other.causes.iter().for_each(|(cause, calls)| self.note_cause(cause, *calls));
        self.peak = self.peak.max(other.peak);
    }

    /// Calls, and those that failed, of a tally as it is stored. They come first there; the rest is not read.
    pub(super) fn read_calls(stored: &[u8]) -> (u64, u64) {
        let calls: Few = postcard::take_from_bytes(stored).map(|(calls, _)| calls).unwrap_or_default();
        let tally = Self { calls, ..Self::default() };
        (tally.calls(), tally.failed())
    }

    /// Calls of all.
    pub fn calls(&self) -> u64 {
        self.calls.iter().map(|(_, calls)| calls).sum()
    }

    /// Calls that ended so.
    pub fn ended(&self, outcome: Outcome) -> u64 {
        self.calls.iter().filter(|(key, _)| key & 7 == outcome as u8).map(|(_, calls)| calls).sum()
    }

    /// Calls that were not answered with a status below 400.
    pub fn failed(&self) -> u64 {
        self.calls() - self.ended(Outcome::Answered)
    }

    /// By class of operation: calls, and those that failed.
    pub fn kinds(&self) -> Vec<(&'static str, u64, u64)> {
        let of = |kind: u8| self.calls.iter().filter(move |(key, _)| key >> 3 == kind);
        let row = |kind: u8| {
            let failed = of(kind).filter(|(key, _)| key & 7 != Outcome::Answered as u8);
            (Kind(kind).name(), of(kind).map(|(_, calls)| calls).sum(), failed.map(|(_, calls)| calls).sum())
        };
        (0..=Kind::OTHER.0).map(row).filter(|(_, calls, _)| *calls > 0).collect()
    }

    /// Errors by cause, the commonest first.
    pub fn causes(&self) -> Vec<(String, u64)> {
        let mut causes = self.causes.clone();
        causes.sort_unstable_by(|one, other| (other.1, &one.0).cmp(&(one.1, &other.0)));
        causes
    }

    /// The latency that this part of the calls does not exceed, in microseconds, of those that Keyway did not refuse:
    /// between two bounds as if calls were spread evenly there. None without such calls.
    pub fn percentile(&self, part: f64) -> Option<u64> {
        let all: u64 = self.latency.iter().map(|(_, calls)| calls).sum();
        let wanted = part * all as f64;
        let mut before = 0;
        for (place, calls) in &self.latency {
            let place = usize::from(*place);
            if (before + calls) as f64 >= wanted {
                let low = place.checked_sub(1).map_or(0, |at| LATENCY_BOUNDS_US[at.min(LATENCY_BOUNDS_US.len() - 1)]);
                let high = LATENCY_BOUNDS_US.get(place).copied().unwrap_or(low);
                let within = (wanted - before as f64) / *calls as f64;
                return Some(low + ((high - low) as f64 * within) as u64);
            }
            before += calls;
        }
        None
    }
}

fn bump(few: &mut Few, key: u8, by: u64) {
    match few.binary_search_by_key(&key, |(key, _)| *key) {
        Ok(at) => few[at].1 += by,
        Err(at) => few.insert(at, (key, by)),
    }
}

/// What is stored of a span of more than a minute has no ten seconds.
impl Tally {
    pub(super) fn without_tens(&self) -> Self {
        Self { tens: Few::new(), ..self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(at: i64, status: i64, latency_us: u64) -> Call<'static> {
        let (hub_id, app_id, operation) = (Some(1), Some(1), "GET /crm/v3/owners");
        Call { at, hub_id, app_id, operation, status: Some(status), word: None, latency_us, waited_us: 0, calls: 1 }
    }

    fn tally(calls: &[Call<'_>]) -> Tally {
        let mut tally = Tally::default();
        calls.iter().for_each(|call| tally.note(call, Sort { kind: Kind::of(Class::Read), is_oauth: false }));
        tally
    }

    #[test]
    fn calls_are_counted_by_class_and_outcome() {
        let unknown = Call { status: None, word: Some("outcome-unknown"), ..call(0, 0, 0) };
        let tally = tally(&[call(0, 200, 1), call(0, 204, 1), call(0, 404, 1), call(0, 429, 1), call(0, 503, 1), unknown]);
        assert_eq!(Outcome::ALL.map(|outcome| tally.ended(outcome)), [2, 1, 1, 1, 1]);
        assert_eq!((tally.calls(), tally.failed(), tally.kinds()), (6, 4, vec![("read", 6, 4)]));
        assert_eq!(tally.causes(), [("OTHER".to_owned(), 3), ("outcome-unknown".to_owned(), 1)]);
    }

    #[test]
    fn a_percentile_lies_between_the_bounds_of_its_calls() {
        let tally = tally(&[3_000, 3_000, 3_000, 3_000, 200_000].map(|us| call(0, 200, us)));
        assert_eq!(tally.percentile(0.4), Some(3_000));
        assert_eq!(tally.percentile(1.0), Some(250_000));
        assert_eq!(Tally::default().percentile(0.5), None);
        let slow = self::tally(&[call(0, 200, 99_000_000)]);
        assert_eq!(slow.percentile(0.5), Some(30_000_000));
    }

    #[test]
    fn what_keyway_refused_has_no_part_in_the_latency() {
        let refused = Call { word: Some("missing-scopes"), ..call(0, 403, 10) };
        assert_eq!(tally(&[refused]).percentile(0.5), None);
    }

    #[test]
    fn the_busiest_ten_seconds_are_found_across_two_counts_of_one_minute() {
        let mut one = tally(&[0, 1, 10_000, 25_000].map(|at| call(at, 200, 1)));
        one.join(&tally(&[2, 3].map(|at| call(at, 200, 1))));
        assert_eq!(one.peak, 4);
        let mut hour = Tally::default();
        hour.merge(&one);
        hour.merge(&tally(&[call(60_000, 200, 1)]));
        assert_eq!(hour.peak, 4);
    }

    #[test]
    fn causes_are_bounded_and_the_rest_is_counted_as_other() {
        let mut tally = Tally::default();
        (0..40).for_each(|n| tally.note_cause(&format!("CAUSE_{n}"), 1));
        assert_eq!(tally.causes().len(), CAUSES_MAX + 1);
        assert_eq!(tally.causes()[0], ("OTHER".to_owned(), 8));
    }
}
