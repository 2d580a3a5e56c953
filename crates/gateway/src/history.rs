//! How many calls there were, for pages and the API: what the audit's counts of minutes, hours and days come to
//! over a stretch of time.
//!
//! Reads counts and never records, so that looking costs the same however long the audit is.

use std::collections::HashMap;

use keyway_core::time::Timestamp;

use crate::audit::counts::{Grain, Tally, calls_of_apps};
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

/// Whose calls are counted.
#[derive(Clone, Copy)]
pub enum Whose<'a> {
    /// Those of an account, or all. The counts have them as a sum.
    All(Option<u64>),
    /// Those of some accounts and apps.
    Some(&'a (dyn Fn(Option<u64>, Option<u64>) -> bool + Sync)),
}

/// What was called in a stretch of time, of all who are asked for together.
#[derive(Clone, Debug)]
pub struct Sums {
    /// When.
    pub stretch: Stretch,
    /// By span.
    pub points: Vec<Tally>,
    /// All of it.
    pub total: Tally,
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

impl AppCalls {
    /// Of an app without calls in a stretch.
    fn none(hub_id: Option<u64>, stretch: Stretch) -> Self {
        Self { hub_id, total: Tally::default(), points: vec![(0, 0); stretch.length] }
    }

    /// Adds what it called in a part of the span at a place.
    fn add(&mut self, at: usize, tally: &Tally) {
        self.points[at].0 += tally.calls();
        self.points[at].1 += tally.failed();
        self.total.merge(tally);
    }
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

    /// The place of the span in which a moment lies.
    fn place(&self, at: Timestamp) -> Option<usize> {
        let place = (at.as_ms() - self.begin.as_ms()).div_euclid(self.width_ms);
        usize::try_from(place).ok().filter(|place| *place < self.length)
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
        let Some(at) = stretch.place(span.begin) else { continue };
        span.each(&wanted, |hub_id, app_id, tally| {
            series.points[at].merge(&tally);
            let Some(app_id) = app_id else { return series.strangers.merge(&tally) };
            series.apps.entry(app_id).or_insert_with(|| AppCalls::none(hub_id, stretch)).add(at, &tally);
        });
    }
    let mut total = std::mem::take(&mut series.total);
    series.points.iter().for_each(|point| total.merge(point));
    series.total = total;
    Ok(series)
}

/// What was called in a stretch. Of all calls, or all of an account, no app is read for itself.
///
/// # Errors
/// The counts can't be read.
pub async fn sums(audit: &AuditLog, stretch: Stretch, whose: Whose<'_>) -> Result<Sums, AuditError> {
    let mut sums = Sums { stretch, points: vec![Tally::default(); stretch.length], total: Tally::default() };
    each_sum(audit, stretch.grain, stretch.begin, stretch.end(), whose, |begin, tally| {
        if let Some(at) = stretch.place(begin) {
            sums.points[at].merge(tally);
            sums.total.merge(tally);
        }
    })
    .await?;
    Ok(sums)
}

/// Passes on what was called in each span between two moments, in one part or in several.
async fn each_sum(
    audit: &AuditLog,
    grain: Grain,
    from: Timestamp,
    to: Timestamp,
    whose: Whose<'_>,
    mut each: impl FnMut(Timestamp, &Tally),
) -> Result<(), AuditError> {
    match whose {
        Whose::All(hub_id) => {
            for span in audit.spans_of_accounts(grain, from, to).await? {
                if let Some(tally) = span.of_account(hub_id) {
                    each(span.begin, &tally);
                }
            }
        }
        Whose::Some(wanted) => {
            for span in audit.spans(grain, from, to).await? {
                span.each(wanted, |_, _, tally| each(span.begin, &tally));
            }
        }
    }
    Ok(())
}

/// The apps with the most calls in a stretch, and how many others called. Only of these more than the number of their
/// calls is read.
///
/// # Errors
/// The counts can't be read.
pub async fn busiest(
    audit: &AuditLog,
    stretch: Stretch,
    most: usize,
    wanted: impl Fn(Option<u64>, Option<u64>) -> bool,
) -> Result<(Vec<(u64, AppCalls)>, usize), AuditError> {
    let spans = audit.spans(stretch.grain, stretch.begin, stretch.end()).await?;
    let calls = calls_of_apps(&spans, &wanted);
    let more = calls.len().saturating_sub(most);
    let mut calls: Vec<(u64, u64)> = calls.into_iter().map(|(app_id, (calls, _))| (app_id, calls)).collect();
    calls.sort_unstable_by_key(|(app_id, calls)| (std::cmp::Reverse(*calls), *app_id));
    calls.truncate(most);
    let mut busiest: Vec<(u64, AppCalls)> = calls.into_iter().map(|(app_id, _)| (app_id, AppCalls::none(None, stretch))).collect();
    for span in &spans {
        let Some(at) = stretch.place(span.begin) else { continue };
        let is_busiest = |app_id: Option<u64>| app_id.is_some_and(|app_id| busiest.iter().any(|(id, _)| *id == app_id));
        let mut found = Vec::new();
        span.each(
            |hub_id, app_id| is_busiest(app_id) && wanted(hub_id, app_id),
            |hub_id, app_id, tally| found.push((hub_id, app_id, tally)),
        );
        for (hub_id, app_id, tally) in found {
            let Some((_, app)) = busiest.iter_mut().find(|(id, _)| Some(*id) == app_id) else { continue };
            app.hub_id = hub_id;
            app.add(at, &tally);
        }
    }
    Ok((busiest, more))
}

/// Calls of each app in a stretch, and those of them that failed.
///
/// # Errors
/// The counts can't be read.
pub async fn calls(
    audit: &AuditLog,
    stretch: Stretch,
    wanted: impl Fn(Option<u64>, Option<u64>) -> bool,
) -> Result<HashMap<u64, (u64, u64)>, AuditError> {
    Ok(calls_of_apps(&audit.spans(stretch.grain, stretch.begin, stretch.end()).await?, wanted))
}

/// The most calls in ten seconds that each of some apps made in a stretch.
///
/// # Errors
/// The counts can't be read.
pub async fn peaks(audit: &AuditLog, stretch: Stretch, apps: &[u64]) -> Result<HashMap<u64, u64>, AuditError> {
    let mut peaks: HashMap<u64, u64> = HashMap::new();
    for span in audit.spans(stretch.grain, stretch.begin, stretch.end()).await? {
        span.each(
            |_, app_id| app_id.is_some_and(|app_id| apps.contains(&app_id)),
            |_, app_id, tally| {
                if let Some(app_id) = app_id {
                    let peak = peaks.entry(app_id).or_default();
                    *peak = tally.peak.max(*peak);
                }
            },
        );
    }
    Ok(peaks)
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
pub async fn before(audit: &AuditLog, stretch: Stretch, now: Timestamp, whose: Whose<'_>) -> Result<Tally, AuditError> {
    let length_ms = stretch.end().as_ms() - stretch.begin.as_ms();
    let (from, to) = (stretch.begin.plus_ms(-length_ms), now.plus_ms(-length_ms));
    // Of the unfinished last span, the part that has passed: a month is compared by the hour, a day by the minute.
    let finest = if stretch.width_ms > 4 * HOUR_MS { Grain::Hour } else { Grain::Minute };
    let mut total = Tally::default();
    for (grain, from, to) in cover(from.as_ms(), to.as_ms(), finest) {
        each_sum(audit, grain, Timestamp::from_ms(from), Timestamp::from_ms(to), whose, |_, tally| total.merge(tally)).await?;
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
mod tests;
