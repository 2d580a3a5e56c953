//! What was called lately: by app over the last hour and day, and errors by cause, in memory.
//!
//! Counted where a call is answered, so that looking costs nothing however long the audit is. It is
//! no record: the audit is. After a restart the last day is read back from there.

use std::borrow::Cow;
use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard};

use keyway_core::quota::BURST_MS;
use keyway_core::time::Timestamp;

use crate::audit::{AuditError, AuditFilter, AuditLog};
use crate::sync::locked;

/// A minute each, for the last hour.
const MINUTE_MS: i64 = 60_000;
const MINUTES: usize = 60;
/// Half an hour each, for the last day.
const HALF_HOUR_MS: i64 = 30 * MINUTE_MS;
const HALF_HOURS: usize = 48;
/// The last day, in milliseconds.
pub const DAY_MS: i64 = HALF_HOUR_MS * HALF_HOURS as i64;
/// Records read back after a restart: some seconds of work beside everything else.
const RECALLED_MAX: usize = 500_000;
/// Records read back at once.
const RECALL_PAGE: u32 = 10_000;

/// The counts.
pub struct Activity {
    state: Mutex<State>,
}

struct State {
    /// From this moment on every call is in it.
    since: Timestamp,
    hour: Ring,
    day: Ring,
}

/// What one app called in a span of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Calls answered.
    pub calls: u64,
    /// Those answered with an error.
    pub failed: u64,
    /// The most in ten seconds, which begin at whole tens of seconds.
    pub peak: u32,
    ten_seconds: i64,
    in_them: u32,
}

/// The spans of one width, the newest last.
struct Ring {
    width_ms: i64,
    length: usize,
    spans: VecDeque<Span>,
}

#[derive(Default)]
struct Span {
    /// Its number: the moment of its begin, divided by the width.
    number: i64,
    apps: HashMap<u64, Count, foldhash::fast::RandomState>,
    /// Calls whose token was not known.
    strangers: Count,
    causes: HashMap<(Option<u64>, Cow<'static, str>), u64, foldhash::fast::RandomState>,
}

/// One app's part of a [`Series`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AppSeries {
    /// All of it.
    pub total: Count,
    /// Calls and failed calls by span.
    pub points: Vec<(u64, u64)>,
}

/// What was counted over an hour or a day.
#[derive(Clone, Debug)]
pub struct Series {
    /// Since when the counts are whole, where that is later than the begin.
    pub since: Option<Timestamp>,
    /// The begin of the first span.
    pub begin: Timestamp,
    /// How long a span is, in milliseconds.
    pub width_ms: i64,
    /// Calls and failed calls by span, those of unknown tokens too.
    pub points: Vec<(u64, u64)>,
    /// By app.
    pub apps: HashMap<u64, AppSeries>,
    /// Errors by refusal, or by HubSpot's category where there is none, the commonest first.
    pub causes: Vec<(String, u64)>,
}

impl Activity {
    /// Nothing was called yet.
    pub fn new(now: Timestamp) -> Self {
        let (hour, day) = (Ring::new(MINUTE_MS, MINUTES), Ring::new(HALF_HOUR_MS, HALF_HOURS));
        Self { state: Mutex::new(State { since: now, hour, day }) }
    }

    /// Counts a call that was answered.
    pub fn note(&self, at: Timestamp, app_id: Option<u64>, status: u16, word: Option<&'static str>) {
        let word = word.map(Cow::Borrowed);
        let mut state = self.locked();
        state.hour.note(at, app_id, status, word.clone());
        state.day.note(at, app_id, status, word);
    }

    /// The last sixty minutes, of the apps that `counts` lets in; none are calls whose token was not known.
    pub fn hour(&self, now: Timestamp, counts: impl Fn(Option<u64>) -> bool) -> Series {
        let state = self.locked();
        state.hour.series(now, state.since, counts)
    }

    /// The last day, by the half hour, of the same apps.
    pub fn day(&self, now: Timestamp, counts: impl Fn(Option<u64>) -> bool) -> Series {
        let state = self.locked();
        state.day.series(now, state.since, counts)
    }

    /// Reads the day before the start back from the audit, newest first, as far as it is not too much.
    ///
    /// # Errors
    /// The audit can't be read.
    pub async fn recall(&self, audit: &AuditLog) -> Result<(), AuditError> {
        let start = self.locked().since;
        let from = start.plus_ms(-DAY_MS);
        let mut page = AuditFilter { from: Some(from), to: Some(start), limit: RECALL_PAGE, ..AuditFilter::default() };
        let mut read = 0;
        loop {
            let records = audit.list(&page).await?;
            read += records.len();
            let whole = records.len() < RECALL_PAGE as usize;
            page.before_id = records.last().map(|record| record.id);
            let mut state = self.locked();
            for record in &records {
                let (Some(at), Some(status)) = (Timestamp::parse_iso(&record.time), record.status) else { continue };
                let word: Option<Cow<'static, str>> = record.word().map(|word| Cow::Owned(word.to_owned()));
                state.hour.note(at, record.app_id, status, word.clone());
                state.day.note(at, record.app_id, status, word);
                state.since = at;
            }
            if whole {
                state.since = from;
            }
            if whole || read >= RECALLED_MAX {
                return Ok(());
            }
        }
    }

    fn locked(&self) -> MutexGuard<'_, State> {
        locked(&self.state)
    }
}

impl Ring {
    const fn new(width_ms: i64, length: usize) -> Self {
        Self { width_ms, length, spans: VecDeque::new() }
    }

    /// Calls come in order but for a few moments; those read back come in the opposite order.
    fn note(&mut self, at: Timestamp, app_id: Option<u64>, status: u16, word: Option<Cow<'static, str>>) {
        let number = at.as_ms().div_euclid(self.width_ms);
        let newest = self.spans.back().map_or(number, |span| span.number).max(number);
        if number <= newest - self.length as i64 {
            return;
        }
        let place = self.spans.partition_point(|span| span.number < number);
        if self.spans.get(place).is_none_or(|span| span.number != number) {
            self.spans.insert(place, Span { number, ..Span::default() });
        }
        let span = &mut self.spans[place];
        let failed = status >= 400;
        let count = app_id.map_or(&mut span.strangers, |app_id| span.apps.entry(app_id).or_default());
        count.note(at, failed);
        if failed {
            *span.causes.entry((app_id, word.unwrap_or(Cow::Borrowed("OTHER")))).or_default() += 1;
        }
        while self.spans.front().is_some_and(|span| span.number <= newest - self.length as i64) {
            self.spans.pop_front();
        }
    }

    fn series(&self, now: Timestamp, since: Timestamp, counts: impl Fn(Option<u64>) -> bool) -> Series {
        let first = now.as_ms().div_euclid(self.width_ms) - self.length as i64 + 1;
        let begin = Timestamp::from_ms(first * self.width_ms);
        let since = (since > begin).then_some(since);
        let points = vec![(0, 0); self.length];
        let mut series = Series { since, begin, width_ms: self.width_ms, points, apps: HashMap::new(), causes: Vec::new() };
        let mut causes: HashMap<&str, u64> = HashMap::new();
        for span in &self.spans {
            let Some(at) = usize::try_from(span.number - first).ok().filter(|at| *at < self.length) else { continue };
            for (app_id, count) in span.apps.iter().filter(|(app_id, _)| counts(Some(**app_id))) {
                let empty = || AppSeries { points: vec![(0, 0); self.length], ..AppSeries::default() };
                let app = series.apps.entry(*app_id).or_insert_with(empty);
                app.points[at] = (count.calls, count.failed);
                app.total.calls += count.calls;
                app.total.failed += count.failed;
                app.total.peak = app.total.peak.max(count.peak);
                series.points[at] = (series.points[at].0 + count.calls, series.points[at].1 + count.failed);
            }
            if counts(None) {
                series.points[at] = (series.points[at].0 + span.strangers.calls, series.points[at].1 + span.strangers.failed);
            }
            for ((_, cause), calls) in span.causes.iter().filter(|((app_id, _), _)| counts(*app_id)) {
                *causes.entry(cause).or_default() += calls;
            }
        }
        series.causes = causes.into_iter().map(|(cause, calls)| (cause.to_owned(), calls)).collect();
        series.causes.sort_unstable_by(|one, other| (other.1, &one.0).cmp(&(one.1, &other.0)));
        series
    }
}

impl Count {
    fn note(&mut self, at: Timestamp, failed: bool) {
        let ten_seconds = at.as_ms().div_euclid(BURST_MS);
        if ten_seconds != self.ten_seconds {
            (self.ten_seconds, self.in_them) = (ten_seconds, 0);
        }
        self.in_them += 1;
        self.peak = self.peak.max(self.in_them);
        self.calls += 1;
        self.failed += u64::from(failed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::from_ms(1_790_000_000_000 / HALF_HOUR_MS * HALF_HOUR_MS);

    fn activity(calls: &[(i64, Option<u64>, u16, Option<&'static str>)]) -> Activity {
        let activity = Activity::new(START);
        calls.iter().for_each(|(after_ms, app, status, category)| activity.note(START.plus_ms(*after_ms), *app, *status, *category));
        activity
    }

    #[test]
    fn calls_are_counted_by_app_and_span_and_errors_by_cause() {
        let activity = activity(&[
            (0, Some(1), 200, None),
            (1_000, Some(1), 403, Some("MISSING_SCOPES")),
            (61_000, Some(2), 200, None),
            (61_000, None, 401, Some("INVALID_AUTHENTICATION")),
            (61_000, Some(2), 500, None),
        ]);
        let hour = activity.hour(START.plus_ms(90_000), |_| true);
        assert_eq!(hour.points[58..], [(2, 1), (3, 2)]);
        assert_eq!(hour.apps[&1].points[58..], [(2, 1), (0, 0)]);
        assert_eq!((hour.apps[&2].total.calls, hour.apps[&2].total.failed), (2, 1));
        let causes: Vec<&str> = hour.causes.iter().map(|(cause, _)| cause.as_str()).collect();
        assert_eq!(causes, ["INVALID_AUTHENTICATION", "MISSING_SCOPES", "OTHER"]);
        assert_eq!(activity.day(START.plus_ms(90_000), |_| true).points[47], (5, 3));
        // Who may see one app sees nothing of the others.
        let own = activity.hour(START.plus_ms(90_000), |app_id| app_id == Some(1));
        assert_eq!((own.points[58], own.points[59], own.apps.len()), ((2, 1), (0, 0), 1));
        assert_eq!(own.causes, [("MISSING_SCOPES".to_owned(), 1)]);
    }

    #[test]
    fn an_hour_later_the_minutes_are_gone_and_the_day_is_not() {
        let activity = activity(&[(0, Some(1), 200, None), (3_600_000, Some(1), 200, None)]);
        let now = START.plus_ms(3_600_000);
        assert_eq!(activity.hour(now, |_| true).apps[&1].total.calls, 1);
        assert_eq!(activity.day(now, |_| true).apps[&1].total.calls, 2);
        assert!(activity.day(now.plus_ms(DAY_MS), |_| true).apps.is_empty());
    }

    #[test]
    fn the_busiest_ten_seconds_of_an_app_are_known() {
        let calls: Vec<_> = [0, 1, 2, 10_000, 10_001, 25_000].map(|at| (at, Some(1), 200, None)).into();
        assert_eq!(activity(&calls).hour(START.plus_ms(30_000), |_| true).apps[&1].total.peak, 3);
    }

    #[test]
    fn what_comes_late_is_counted_where_it_belongs_and_what_is_too_old_not_at_all() {
        let activity = activity(&[(120_000, Some(1), 200, None), (0, Some(1), 200, None), (-DAY_MS - 1, Some(1), 200, None)]);
        assert_eq!(activity.hour(START.plus_ms(120_000), |_| true).points[57..], [(1, 0), (0, 0), (1, 0)]);
        assert_eq!(activity.day(START.plus_ms(120_000), |_| true).apps[&1].total.calls, 2);
    }
}
