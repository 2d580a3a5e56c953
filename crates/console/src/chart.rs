//! Bars and lines over time as SVG, with the same numbers as a table for whoever can't see them.
//!
//! Sizes are attributes and not styles: the pages' policy allows no style in a page. Text is beside the drawing
//! and not in it, because the drawing is stretched to the room that it has.

mod axis;
mod burn_down;
mod drawn;

use keyway_api::view::{CallLimits, CountedTime, Points};
use keyway_core::time::Timestamp;

use super::api::with_query;
use super::threshold::percent_words;
use super::words;
use axis::nice;
pub(super) use burn_down::BurnDown;
pub(super) use drawn::{Bar, full_bars};
use drawn::{STEP, bars, level_at, path};

const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 86_400_000;
/// A limit is drawn where the highest bar is at least this part of it.
const NEAR: u64 = 5;

/// A moment on a page: the script shows it in the browser's time zone.
pub(super) struct At {
    pub iso: String,
    /// In UTC, as a browser without script shows it.
    pub text: String,
    /// How the script writes it: `second`, `clock`, `hour` or, of days of UTC, nothing.
    pub form: &'static str,
}

/// A chart that is ready to be drawn.
pub(super) struct Chart {
    pub id: &'static str,
    pub title: &'static str,
    /// What it shows, in a sentence.
    pub told: String,
    pub width: usize,
    pub spans: Vec<Span>,
    pub bars: Vec<Bar>,
    pub lines: Vec<Line>,
    /// The labels of the axis, from the top: the highest, the half, and nothing.
    pub axis: [String; 3],
    pub begin: At,
    pub middle: At,
    /// When the last span ends.
    pub end: At,
    /// Whether times are days of UTC, which no time zone moves.
    pub is_days: bool,
    pub columns: [&'static str; 2],
    pub rows: Vec<Row>,
}

/// A span of time as a part of the drawing: what the mouse finds, and where a click leads.
pub(super) struct Span {
    pub x: usize,
    pub at: At,
    pub tip: String,
    pub address: String,
}

/// A line; spans without a number break it.
pub(super) struct Line {
    pub class: &'static str,
    pub path: String,
}

/// A row of the table behind.
pub(super) struct Row {
    pub at: At,
    pub address: String,
    pub cells: [String; 2],
}

/// Makes the address of the calls from one moment to another.
pub(super) type Address<'a> = &'a dyn Fn(Timestamp, Timestamp) -> String;

/// The calls from one moment to another in the audit log, with further filters of its page.
pub(super) fn in_audit(from: Timestamp, to: Timestamp, filters: &[(&str, &str)]) -> String {
    // As the fields of the page have it: whole minutes.
    let field = |at: Timestamp| at.to_iso().get(..16).unwrap_or_default().to_owned();
    with_query("/audit", &[&[("from", field(from).as_str()), ("to", field(to).as_str())], filters].concat())
}

/// The spans of a chart.
struct Time<'a> {
    begin: Timestamp,
    width_ms: i64,
    length: usize,
    address: Address<'a>,
}

impl<'a> Time<'a> {
    fn new(begin: &str, width_ms: i64, length: usize, address: Address<'a>) -> Self {
        Self { begin: Timestamp::parse_iso(begin).unwrap_or(Timestamp::from_ms(0)), width_ms, length, address }
    }

    fn of(points: &Points, address: Address<'a>) -> Self {
        Self::new(&points.begin, points.width_ms, points.calls.len(), address)
    }

    fn from(&self, index: usize) -> Timestamp {
        self.begin.plus_ms(self.width_ms.saturating_mul(i64::try_from(index).unwrap_or(0)))
    }

    fn at(&self, index: usize) -> At {
        moment(self.from(index), self.width_ms, self.length)
    }

    fn address(&self, index: usize) -> String {
        (self.address)(self.from(index), self.from(index + 1))
    }

    /// Where a series is highest.
    fn busiest(&self, series: &[u64]) -> String {
        let highest = series.iter().max();
        self.at(series.iter().position(|value| Some(value) == highest).unwrap_or(0)).text
    }
}

/// The begin of a span: of a day its date, of a long time the date and the hour, else the time of the day.
fn moment(at: Timestamp, width_ms: i64, length: usize) -> At {
    let iso = at.to_iso();
    let long = width_ms.saturating_mul(i64::try_from(length).unwrap_or(0)) > DAY_MS;
    let (text, form) = match width_ms {
        DAY_MS.. => (iso.get(5..10).unwrap_or_default().to_owned(), ""),
        _ if long => (iso.get(5..16).unwrap_or_default().replace('T', " "), "hour"),
        ..MINUTE_MS => (iso.get(11..19).unwrap_or_default().to_owned(), "second"),
        _ => (words::clock(&iso).to_owned(), "clock"),
    };
    // A page may have hundreds of these: no more digits than it takes.
    At { iso: format!("{}Z", iso.get(..19).unwrap_or_default()), text, form }
}

/// What a chart says of a span: on hover, and in the table.
struct Said<Tip, Cells> {
    columns: [&'static str; 2],
    tip: Tip,
    cells: Cells,
}

impl Chart {
    /// Calls over time, the failed part of each.
    pub fn of_calls(points: &Points, address: Address<'_>) -> Self {
        Self::calls("calls", &Time::of(points, address), &points.calls, &points.failed)
    }

    /// The same of the records that fit a filter.
    pub fn of_records(counted: &CountedTime, address: Address<'_>) -> Self {
        let time = Time::new(&counted.begin, counted.width_ms, counted.calls.len(), address);
        Self::calls("histogram", &time, &counted.calls, &counted.failed)
    }

    fn calls(id: &'static str, time: &Time<'_>, calls: &[u64], failed: &[u64]) -> Self {
        let highest = calls.iter().copied().max().unwrap_or(0);
        let (all, all_failed): (u64, u64) = (calls.iter().sum(), failed.iter().sum());
        let told = match all {
            0 => "Calls: none.".to_owned(),
            _ => format!(
                "Calls: {}, {} of them failed; most from {} UTC, {}.",
                words::counted(all, "call", "calls"),
                words::number(all_failed),
                time.busiest(calls),
                words::number(highest)
            ),
        };
        let top = nice(highest);
        let said = Said {
            columns: ["Calls", "Failed"],
            tip: |index: usize| format!("{}, {} failed", words::counted(calls[index], "call", "calls"), words::number(failed[index])),
            cells: |index: usize| [words::number(calls[index]), words::number(failed[index])],
        };
        let bars = bars(calls, failed, top);
        Self {
            bars,
            axis: axis::of_numbers(highest, top),
            ..Self::without_shapes(id, "Calls", time, told, &said, |index| calls[index] > 0)
        }
    }

    /// How long calls took: half of them, and 95 of 100.
    pub fn of_latency(points: &Points, address: Address<'_>) -> Self {
        let known: Vec<u64> = points.p95_us.iter().map(|us| us.unwrap_or(0)).collect();
        let highest = known.iter().copied().max().unwrap_or(0);
        let time = Time::of(points, address);
        let told = match highest {
            0 => "Latency: no call was answered.".to_owned(),
            _ => format!(
                "Latency: slowest from {} UTC, where 95 of 100 calls took at most {}.",
                time.busiest(&known),
                words::duration(highest)
            ),
        };
        let top = nice(highest);
        let of = |values: &[Option<u64>], index: usize| values[index].map_or_else(|| "no call".to_owned(), words::duration);
        let said = Said {
            columns: ["Half (p50)", "95 of 100 (p95)"],
            tip: |index: usize| match points.p95_us[index] {
                None => "no call was answered".to_owned(),
                Some(_) => format!(
                    "half took at most {}, 95 of 100 at most {}; waited {}",
                    of(&points.p50_us, index),
                    of(&points.p95_us, index),
                    words::duration(points.waited_us[index])
                ),
            },
            cells: |index: usize| [of(&points.p50_us, index), of(&points.p95_us, index)],
        };
        Self {
            lines: vec![Line { class: "p95", path: path(&points.p95_us, top) }, Line { class: "p50", path: path(&points.p50_us, top) }],
            axis: axis::of_times(highest, top),
            ..Self::without_shapes("latency", "Latency", &time, told, &said, |index| points.calls[index] > 0)
        }
    }

    /// The busiest ten seconds of each span, beside what the app may call in ten seconds.
    pub fn of_peaks(points: &Points, limits: &CallLimits, address: Address<'_>) -> Self {
        Self::gauge("peaks", "Busiest ten seconds", &Time::of(points, address), &limits.peaks, Some(limits.burst.into()))
    }

    /// What was used of the account's day by the end of each span.
    pub fn of_used(points: &Points, limits: &CallLimits, address: Address<'_>) -> Self {
        let title = if points.width_ms < DAY_MS { "Calls since the day began" } else { "Calls of each day" };
        Self::gauge("used", title, &Time::of(points, address), &limits.used, limits.daily)
    }

    fn gauge(id: &'static str, title: &'static str, time: &Time<'_>, used: &[u64], limit: Option<u64>) -> Self {
        let highest = used.iter().copied().max().unwrap_or(0);
        let of_limit = |calls: u64| limit.map_or_else(|| "no limit".to_owned(), |limit| percent_words(calls, limit));
        let told = match limit {
            _ if highest == 0 => format!("{title}: none."),
            None => format!("{title}: at most {}, from {} UTC.", words::number(highest), time.busiest(used)),
            Some(limit) => format!(
                "{title}: at most {}, from {} UTC; {} of the {} that the limit permits.",
                words::number(highest),
                time.busiest(used),
                percent_words(highest, limit),
                words::number(limit)
            ),
        };
        // A limit that is far away would press the bars flat.
        let near = limit.filter(|limit| highest.saturating_mul(NEAR) >= *limit);
        let top = nice(near.map_or(highest, |limit| highest.max(limit)));
        let said = Said {
            columns: ["Calls", "Of the limit"],
            tip: |index: usize| match limit {
                None => words::counted(used[index], "call", "calls"),
                Some(_) => format!("{}, {} of the limit", words::counted(used[index], "call", "calls"), of_limit(used[index])),
            },
            cells: |index: usize| [words::number(used[index]), of_limit(used[index])],
        };
        Self {
            bars: bars(used, &[], top),
            lines: near.map(|limit| Line { class: "limit", path: level_at(limit, top, time.length) }).into_iter().collect(),
            axis: axis::of_numbers(highest, top),
            ..Self::without_shapes(id, title, time, told, &said, |index| used[index] > 0)
        }
    }

    /// Whether a limit is in the drawing.
    pub fn has_limit(&self) -> bool {
        self.lines.iter().any(|line| line.class == "limit")
    }

    /// Spans and table. The table leaves out spans of nothing: sixty zeros read aloud tell nobody anything.
    fn without_shapes(
        id: &'static str,
        title: &'static str,
        time: &Time<'_>,
        told: String,
        said: &Said<impl Fn(usize) -> String, impl Fn(usize) -> [String; 2]>,
        is_shown: impl Fn(usize) -> bool,
    ) -> Self {
        let span = |index: usize| Span { x: index * STEP, at: time.at(index), tip: (said.tip)(index), address: time.address(index) };
        let row = |index: usize| Row { at: time.at(index), address: time.address(index), cells: (said.cells)(index) };
        Self {
            id,
            title,
            told,
            width: time.length * STEP,
            spans: (0..time.length).map(span).collect(),
            bars: Vec::new(),
            lines: Vec::new(),
            axis: Default::default(),
            begin: time.at(0),
            middle: time.at(time.length / 2),
            end: time.at(time.length),
            is_days: time.width_ms >= DAY_MS,
            columns: said.columns,
            // The newest first.
            rows: (0..time.length).rev().filter(|index| is_shown(*index)).map(row).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use keyway_api::Moment;

    use super::*;

    fn points() -> Points {
        Points {
            begin: Moment("2026-11-25T09:00:00.000Z".into()),
            width_ms: 60_000,
            calls: vec![0, 3, 1],
            failed: vec![0, 1, 0],
            waited_us: vec![0, 0, 5_000],
            p50_us: vec![None, Some(2_000), Some(4_000)],
            p95_us: vec![None, Some(8_000), Some(4_500)],
        }
    }

    fn all(from: Timestamp, to: Timestamp) -> String {
        in_audit(from, to, &[])
    }

    #[test]
    fn a_chart_says_in_words_what_it_shows() {
        let chart = Chart::of_calls(&points(), &all);
        assert_eq!(chart.told, "Calls: 4 calls, 1 of them failed; most from 09:01 UTC, 3.");
        assert_eq!(chart.rows.iter().map(|row| row.at.text.as_str()).collect::<Vec<_>>(), ["09:02", "09:01"]);
        assert_eq!(chart.axis, ["5", "", "0"]);
        let chart = Chart::of_latency(&points(), &all);
        assert_eq!(chart.told, "Latency: slowest from 09:01 UTC, where 95 of 100 calls took at most 8.0 ms.");
        assert_eq!(chart.lines[0].path, "M12 20L15 20L25 55");
    }

    #[test]
    fn a_limit_is_drawn_where_it_is_near_and_named_where_it_is_not() {
        let gauge = |used: &[u64], limit| {
            let limits = CallLimits { peaks: used.to_vec(), burst: limit, ..CallLimits::default() };
            Chart::of_peaks(&points(), &limits, &all)
        };
        let near = gauge(&[0, 42, 120], 100);
        assert_eq!((near.has_limit(), near.axis[0].as_str(), near.lines[0].path.as_str()), (true, "200", "M0 50H30"));
        assert_eq!(near.told, "Busiest ten seconds: at most 120, from 09:02 UTC; 120 % of the 100 that the limit permits.");
        assert_eq!(near.spans[1].tip, "42 calls, 42 % of the limit");
        let far = gauge(&[0, 3, 1], 100);
        assert_eq!((far.has_limit(), far.axis[0].as_str()), (false, "5"));
        let without = CallLimits { used: vec![0, 3, 3], ..CallLimits::default() };
        assert_eq!(Chart::of_used(&points(), &without, &all).told, "Calls since the day began: at most 3, from 09:01 UTC.");
    }

    #[test]
    fn each_span_leads_to_the_records_of_its_time() {
        let chart = Chart::of_calls(&points(), &|from, to| in_audit(from, to, &[("hub_id", "7"), ("status", "4xx")]));
        assert_eq!(chart.spans[1].address, "/audit?from=2026-11-25T09%3A01&to=2026-11-25T09%3A02&hub_id=7&status=4xx");
        assert_eq!(chart.spans[1].tip, "3 calls, 1 failed");
    }

    #[test]
    fn a_span_is_named_by_what_tells_it_from_the_next() {
        let counted =
            |width_ms| CountedTime { begin: Moment("2026-11-25T09:15:00.000Z".into()), width_ms, calls: vec![0, 4], failed: vec![0, 1] };
        let first = |width_ms| Chart::of_records(&counted(width_ms), &all).rows.remove(0).at.text;
        assert_eq!([1_000, 60_000, 3_600_000, 21_600_000 * 4].map(first), ["09:15:01", "09:16", "10:15", "11-26"]);
    }
}
