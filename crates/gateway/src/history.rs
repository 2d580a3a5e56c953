//! How many calls there were, for pages and the API: what the audit's counts of minutes, hours and days come to
//! over a stretch of time.
//!
//! Reads counts and never records, so that looking costs the same however long the audit is.

use std::collections::HashMap;

use keyway_core::time::Timestamp;

use crate::audit::counts::{Grain, Tally};
use crate::audit::{AuditError, AuditLog};

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// How far back a page looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Range {
    /// Sixty minutes.
    Hour,
    /// 24 hours.
    Day,
    /// Seven days, by four hours.
    Week,
    /// Thirty days.
    Month,
}

/// A stretch of time, in spans of one width. The last one is not over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// When the first span begins.
    pub begin: Timestamp,
    /// How long a span is, in milliseconds.
    pub width_ms: i64,
    /// How many there are.
    pub length: usize,
    /// The counts that it is made of.
    pub grain: Grain,
}

/// What one app called.
#[derive(Clone, Debug, Default)]
pub struct AppCalls {
    /// The hub id of its account; none where no record names one.
    pub hub_id: Option<u64>,
    /// All of it.
    pub total: Tally,
    /// Calls and failed calls by span.
    pub points: Vec<(u64, u64)>,
}

/// What was called in a stretch of time.
#[derive(Clone, Debug)]
pub struct Series {
    /// When.
    pub stretch: Stretch,
    /// By span.
    pub points: Vec<Tally>,
    /// All of it.
    pub total: Tally,
    /// By app.
    pub apps: HashMap<u64, AppCalls>,
    /// Of callers whose token was not known.
    pub strangers: Tally,
}

impl Range {
    /// All of them, the shortest first.
    pub const ALL: [Self; 4] = [Self::Hour, Self::Day, Self::Week, Self::Month];

    /// As it is written.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
        }
    }

    /// The range of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|range| range.name() == name)
    }

    /// The stretch that ends now.
    pub fn until(self, now: Timestamp) -> Stretch {
        let (grain, width_ms, length) = match self {
            Self::Hour => (Grain::Minute, 60_000, 60),
            Self::Day => (Grain::Hour, HOUR_MS, 24),
            Self::Week => (Grain::Hour, 4 * HOUR_MS, 42),
            Self::Month => (Grain::Day, DAY_MS, 30),
        };
        let last = now.as_ms().div_euclid(width_ms);
        let begin = Timestamp::from_ms((last - i64::try_from(length).unwrap_or(0) + 1) * width_ms);
        Stretch { begin, width_ms, length, grain }
    }
}

impl Stretch {
    /// Minutes, hours or days between two moments: so that there are enough spans to see something, and few enough to
    /// read. Minutes are kept for three days, so what began before is by the hour.
    pub fn between(from: Timestamp, to: Timestamp, now: Timestamp) -> Self {
        let length_ms = to.as_ms().saturating_sub(from.as_ms()).max(0);
        let grain = match length_ms {
            ..=21_600_000 if from >= now.plus_ms(-3 * DAY_MS) => Grain::Minute,
            ..=864_000_000 => Grain::Hour,
            _ => Grain::Day,
        };
        let width_ms = grain.width_ms();
        let (first, last) = (from.as_ms().div_euclid(width_ms), (to.as_ms() - 1).div_euclid(width_ms));
        let length = usize::try_from(last - first + 1).unwrap_or(0);
        Self { begin: Timestamp::from_ms(first * width_ms), width_ms, length, grain }
    }

    /// When its last span ends.
    pub fn end(&self) -> Timestamp {
        self.begin.plus_ms(self.width_ms.saturating_mul(i64::try_from(self.length).unwrap_or(0)))
    }
}

/// What accounts and apps that are wanted called in a stretch.
///
/// # Errors
/// The counts can't be read.
pub async fn series(audit: &AuditLog, stretch: Stretch, wanted: impl Fn(Option<u64>, Option<u64>) -> bool) -> Result<Series, AuditError> {
    let points = vec![Tally::default(); stretch.length];
    let mut series = Series { stretch, points, total: Tally::default(), apps: HashMap::new(), strangers: Tally::default() };
    for span in audit.spans(stretch.grain, stretch.begin, stretch.end()).await? {
        let place = (span.begin.as_ms() - stretch.begin.as_ms()).div_euclid(stretch.width_ms);
        let Some(at) = usize::try_from(place).ok().filter(|at| *at < stretch.length) else { continue };
        span.each(&wanted, |hub_id, app_id, tally| {
            series.points[at].merge(&tally);
            let Some(app_id) = app_id else { return series.strangers.merge(&tally) };
            let empty = || AppCalls { hub_id, total: Tally::default(), points: vec![(0, 0); stretch.length] };
            let app = series.apps.entry(app_id).or_insert_with(empty);
            app.points[at].0 += tally.calls();
            app.points[at].1 += tally.failed();
            app.total.merge(&tally);
        });
    }
    let mut total = std::mem::take(&mut series.total);
    series.points.iter().for_each(|point| total.merge(point));
    series.total = total;
    Ok(series)
}

/// What an app used of its account's limits in each span of a stretch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Used {
    /// The most calls in ten seconds.
    pub peaks: Vec<u64>,
    /// Calls of the account's day up to the end of the span; of a span of a day, those of that day of UTC.
    pub daily: Vec<u64>,
}

/// What an app used of its account's limits. The account's days end at the same time of the day as `resets_at`.
///
/// # Errors
/// The counts can't be read.
pub async fn used(audit: &AuditLog, stretch: Stretch, app_id: u64, resets_at: Timestamp) -> Result<Used, AuditError> {
    let mut slots = Slots::new(stretch, resets_at);
    for span in audit.spans(stretch.grain, slots.begin, stretch.end()).await? {
        span.each(|_, app| app == Some(app_id), |_, _, tally| slots.note(span.begin, tally.counted, tally.peak));
    }
    Ok(slots.used())
}

/// The spans of a stretch by its grain, from the begin of the account's day in which the stretch begins.
struct Slots {
    stretch: Stretch,
    /// When an account's day ended, or will.
    resets_at: Timestamp,
    begin: Timestamp,
    counted: Vec<u64>,
    peaks: Vec<u64>,
}

impl Slots {
    fn new(stretch: Stretch, resets_at: Timestamp) -> Self {
        let width = stretch.grain.width_ms();
        let into_day = (stretch.begin.as_ms() - resets_at.as_ms()).rem_euclid(DAY_MS);
        let begin = match stretch.grain {
            Grain::Day => stretch.begin,
            Grain::Minute | Grain::Hour => Timestamp::from_ms((stretch.begin.as_ms() - into_day).div_euclid(width) * width),
        };
        let length = usize::try_from((stretch.end().as_ms() - begin.as_ms()) / width).unwrap_or(0);
        Self { stretch, resets_at, begin, counted: vec![0; length], peaks: vec![0; stretch.length] }
    }

    fn note(&mut self, at: Timestamp, counted: u64, peak: u64) {
        let place = |begin: Timestamp, width: i64| usize::try_from((at.as_ms() - begin.as_ms()).div_euclid(width)).ok();
        if let Some(slot) = place(self.begin, self.stretch.grain.width_ms()).and_then(|at| self.counted.get_mut(at)) {
            *slot += counted;
        }
        if let Some(there) = place(self.stretch.begin, self.stretch.width_ms).and_then(|at| self.peaks.get_mut(at)) {
            *there = peak.max(*there);
        }
    }

    fn used(self) -> Used {
        let Self { stretch, resets_at, begin, counted, peaks } = self;
        let mut daily = vec![0; stretch.length];
        let (width, mut sum, mut day) = (stretch.grain.width_ms(), 0, None);
        for (index, calls) in counted.into_iter().enumerate() {
            let at = begin.as_ms() + width * i64::try_from(index).unwrap_or(0);
            // The day of the slot's end: a day that begins within an hour begins with it.
            let of = if stretch.grain == Grain::Day { at } else { (at + width - 1 - resets_at.as_ms()).div_euclid(DAY_MS) };
            sum = if day == Some(of) { sum + calls } else { calls };
            day = Some(of);
            let place = (at - stretch.begin.as_ms()).div_euclid(stretch.width_ms);
            if let Some(there) = usize::try_from(place).ok().and_then(|place| daily.get_mut(place)) {
                *there = sum;
            }
        }
        Used { peaks, daily }
    }
}

/// What was called as long before a stretch as it has lasted until now.
///
/// # Errors
/// The counts can't be read.
pub async fn before(
    audit: &AuditLog,
    stretch: Stretch,
    now: Timestamp,
    wanted: impl Fn(Option<u64>, Option<u64>) -> bool,
) -> Result<Tally, AuditError> {
    let length_ms = stretch.end().as_ms() - stretch.begin.as_ms();
    let (from, to) = (stretch.begin.plus_ms(-length_ms), now.plus_ms(-length_ms));
    // Of the unfinished last span, the part that has passed: a month is compared by the hour, a day by the minute.
    let finest = if stretch.width_ms > 4 * HOUR_MS { Grain::Hour } else { Grain::Minute };
    let mut total = Tally::default();
    for (grain, from, to) in cover(from.as_ms(), to.as_ms(), finest) {
        for span in audit.spans(grain, Timestamp::from_ms(from), Timestamp::from_ms(to)).await? {
            span.each(&wanted, |_, _, tally| total.merge(&tally));
        }
    }
    Ok(total)
}

/// Stretches of as long spans as possible that cover a time, except for what is less than the finest at its end.
fn cover(from: i64, to: i64, finest: Grain) -> Vec<(Grain, i64, i64)> {
    let mut covered = Vec::new();
    let mut at = from;
    for grain in [Grain::Day, Grain::Hour, Grain::Minute] {
        let width = grain.width_ms();
        let end = to.div_euclid(width) * width;
        // A stretch begins where a day or an hour does.
        if at.rem_euclid(width) == 0 && end > at {
            covered.push((grain, at, end));
            at = end;
        }
        if grain == finest {
            break;
        }
    }
    covered
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: i64 = 20_000 * DAY_MS;

    #[test]
    fn a_range_ends_with_the_span_that_is_not_over() {
        let now = Timestamp::from_ms(START + 13 * HOUR_MS + 61_000);
        let spans = Range::ALL.map(|range| {
            let stretch = range.until(now);
            assert!(stretch.end() > now && stretch.end().plus_ms(-stretch.width_ms) <= now);
            (stretch.begin.as_ms() - START, stretch.length)
        });
        assert_eq!(spans, [(12 * HOUR_MS + 120_000, 60), (-10 * HOUR_MS, 24), (-152 * HOUR_MS, 42), (-29 * DAY_MS, 30)]);
    }

    #[test]
    fn a_time_is_covered_by_as_few_spans_as_possible() {
        let to = START + 2 * DAY_MS + 3 * HOUR_MS + 5 * 60_000 + 7;
        assert_eq!(
            cover(START, to, Grain::Minute),
            [
                (Grain::Day, START, START + 2 * DAY_MS),
                (Grain::Hour, START + 2 * DAY_MS, START + 2 * DAY_MS + 3 * HOUR_MS),
                (Grain::Minute, START + 2 * DAY_MS + 3 * HOUR_MS, to - 7),
            ]
        );
        assert_eq!(cover(START, START + DAY_MS + HOUR_MS, Grain::Day), [(Grain::Day, START, START + DAY_MS)]);
        // What begins within an hour has minutes alone.
        assert_eq!(cover(START + 60_000, START + HOUR_MS, Grain::Minute), [(Grain::Minute, START + 60_000, START + HOUR_MS)]);
    }

    #[test]
    fn the_use_of_a_day_adds_up_to_its_end_and_begins_again() {
        // Days of this account end at 05:00 UTC. The stretch begins at 03:00.
        let hours = Stretch { begin: Timestamp::from_ms(START + 3 * HOUR_MS), width_ms: HOUR_MS, length: 4, grain: Grain::Hour };
        let mut slots = Slots::new(hours, Timestamp::from_ms(START + 5 * HOUR_MS));
        assert_eq!(slots.begin.as_ms(), START - 19 * HOUR_MS);
        // Twenty hours before, of the day before; then of the same day, and one an hour.
        for hour in [-20, -1, 3, 4, 5, 6] {
            slots.note(Timestamp::from_ms(START + hour * HOUR_MS), 10, u64::try_from(hour + 30).unwrap());
        }
        assert_eq!(slots.used(), Used { peaks: vec![33, 34, 35, 36], daily: vec![20, 30, 10, 20] });
        let days = Stretch { begin: Timestamp::from_ms(START), width_ms: DAY_MS, length: 2, grain: Grain::Day };
        let mut slots = Slots::new(days, Timestamp::from_ms(START + 5 * HOUR_MS));
        slots.note(Timestamp::from_ms(START), 10, 1);
        slots.note(Timestamp::from_ms(START + DAY_MS), 5, 2);
        assert_eq!(slots.used(), Used { peaks: vec![1, 2], daily: vec![10, 5] });
    }

    #[test]
    fn how_long_a_time_is_says_how_long_its_spans_are() {
        let now = Timestamp::from_ms(START);
        let width = |from_ms: i64, to_ms: i64| Stretch::between(now.plus_ms(from_ms), now.plus_ms(to_ms), now).width_ms;
        assert_eq!(width(-HOUR_MS, 0), 60_000);
        assert_eq!(width(-30 * DAY_MS, -30 * DAY_MS + HOUR_MS), HOUR_MS);
        assert_eq!(width(-7 * DAY_MS, 0), HOUR_MS);
        assert_eq!(width(-30 * DAY_MS, 0), DAY_MS);
        assert_eq!(Stretch::between(now, now.plus_ms(-5), now).length, 0);
    }
}
