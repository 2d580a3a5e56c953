//! Bars and lines over time as SVG, with the same numbers as a table for whoever can't see them.
//!
//! Sizes are attributes and not styles: the pages' policy allows no style in a page. Text stands beside the drawing
//! and not in it, because the drawing is stretched to the room that it has.

use keyway_api::view::Points;
use keyway_core::time::Timestamp;

use super::words;

/// Units that a span is wide, its gap included, and how high a chart is.
const STEP: usize = 10;
const HEIGHT: u64 = 100;
const DAY_MS: i64 = 86_400_000;

/// A moment on a page: the script shows it in the browser's time zone.
pub(super) struct At {
    pub iso: String,
    /// In UTC, as it stands without script.
    pub text: String,
    /// How the script writes it: `clock`, `hour` or, of days of UTC, nothing.
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

/// A bar, the failed part at its foot.
pub(super) struct Bar {
    pub x: usize,
    pub y: u64,
    pub height: u64,
    pub failed_y: u64,
    pub failed: u64,
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

/// Where the records of a span are.
pub(super) struct Audit<'a> {
    pub hub_id: Option<u64>,
    /// Empty, or a filter more, such as `&status=4xx`.
    pub filter: &'a str,
}

impl Audit<'_> {
    fn address(&self, from: Timestamp, width_ms: i64) -> String {
        let account = self.hub_id.map(|hub_id| format!("&hub_id={hub_id}")).unwrap_or_default();
        // As the fields of the page have it: whole minutes.
        let field = |at: Timestamp| at.to_iso().get(..16).unwrap_or_default().to_owned();
        format!("/audit?from={}&to={}{account}{}", field(from), field(from.plus_ms(width_ms)), self.filter)
    }
}

/// The spans of a chart.
struct Time<'a> {
    points: &'a Points,
    begin: Timestamp,
    audit: Audit<'a>,
}

impl Time<'_> {
    fn from(&self, index: usize) -> Timestamp {
        self.begin.plus_ms(self.points.width_ms.saturating_mul(i64::try_from(index).unwrap_or(0)))
    }

    fn at(&self, index: usize) -> At {
        moment(self.from(index), self.points.width_ms, self.points.calls.len())
    }

    fn address(&self, index: usize) -> String {
        self.audit.address(self.from(index), self.points.width_ms)
    }
}

/// The begin of a span: of a day its date, of a long time the date and the hour, else the time of the day.
fn moment(at: Timestamp, width_ms: i64, length: usize) -> At {
    let iso = at.to_iso();
    let long = width_ms.saturating_mul(i64::try_from(length).unwrap_or(0)) > DAY_MS;
    let (text, form) = match width_ms {
        DAY_MS.. => (iso.get(5..10).unwrap_or_default().to_owned(), ""),
        _ if long => (iso.get(5..16).unwrap_or_default().replace('T', " "), "hour"),
        _ => (words::clock(&iso).to_owned(), "clock"),
    };
    At { iso, text, form }
}

impl Chart {
    /// Calls over time, the failed part of each.
    pub fn of_calls(points: &Points, audit: Audit<'_>) -> Self {
        let highest = points.calls.iter().copied().max().unwrap_or(0);
        let (calls, failed): (u64, u64) = (points.calls.iter().sum(), points.failed.iter().sum());
        let time = time(points, audit);
        let busiest = points.calls.iter().position(|calls| *calls == highest).unwrap_or(0);
        let told = match calls {
            0 => "Calls: none.".to_owned(),
            _ => format!(
                "Calls: {}, {} of them failed; most from {} UTC, {}.",
                words::counted(calls, "call", "calls"),
                words::number(failed),
                time.at(busiest).text,
                words::number(highest)
            ),
        };
        let top = nice(highest);
        let tip = |index: usize| {
            format!("{}, {} failed", words::counted(points.calls[index], "call", "calls"), words::number(points.failed[index]))
        };
        let cells = |index: usize| [words::number(points.calls[index]), words::number(points.failed[index])];
        let mut chart = Self::empty("calls", "Calls", &time, told, ["Calls", "Failed"], (&tip, &cells));
        chart.bars = bars(&points.calls, &points.failed, top);
        chart.axis = [short(top), short_half(top), "0".to_owned()];
        chart
    }

    /// How long calls took: half of them, and 95 of 100.
    pub fn of_latency(points: &Points, audit: Audit<'_>) -> Self {
        let known = points.p95_us.iter().flatten().copied();
        let highest = known.clone().max().unwrap_or(0);
        let time = time(points, audit);
        let slowest = points.p95_us.iter().position(|us| *us == Some(highest)).unwrap_or(0);
        let told = match highest {
            0 => "Latency: no call was answered.".to_owned(),
            _ => format!(
                "Latency: slowest from {} UTC, where 95 of 100 calls took at most {}.",
                time.at(slowest).text,
                words::duration(highest)
            ),
        };
        let top = nice(highest);
        let of = |values: &[Option<u64>], index: usize| values[index].map_or_else(|| "no call".to_owned(), words::duration);
        let tip = |index: usize| match points.p95_us[index] {
            None => "no call was answered".to_owned(),
            Some(_) => format!(
                "half took at most {}, 95 of 100 at most {}; waited {}",
                of(&points.p50_us, index),
                of(&points.p95_us, index),
                words::duration(points.waited_us[index])
            ),
        };
        let cells = |index: usize| [of(&points.p50_us, index), of(&points.p95_us, index)];
        let mut chart = Self::empty("latency", "Latency", &time, told, ["Half (p50)", "95 of 100 (p95)"], (&tip, &cells));
        chart.lines = vec![Line { class: "p95", path: path(&points.p95_us, top) }, Line { class: "p50", path: path(&points.p50_us, top) }];
        chart.axis = [words::duration(top), words::duration(top / 2), "0".to_owned()];
        chart
    }

    fn empty(
        id: &'static str,
        title: &'static str,
        time: &Time<'_>,
        told: String,
        columns: [&'static str; 2],
        (tip, cells): (impl Fn(usize) -> String, impl Fn(usize) -> [String; 2]),
    ) -> Self {
        let length = time.points.calls.len();
        let span = |index: usize| Span { x: index * STEP, at: time.at(index), tip: tip(index), address: time.address(index) };
        let row = |index: usize| Row { at: time.at(index), address: time.address(index), cells: cells(index) };
        // The newest first, and no rows of nothing: sixty zeros read aloud tell nobody anything.
        let called = (0..length).rev().filter(|index| time.points.calls[*index] > 0);
        Self {
            id,
            title,
            told,
            width: length * STEP,
            spans: (0..length).map(span).collect(),
            bars: Vec::new(),
            lines: Vec::new(),
            axis: Default::default(),
            begin: time.at(0),
            middle: time.at(length / 2),
            is_days: time.points.width_ms >= DAY_MS,
            columns,
            rows: called.map(row).collect(),
        }
    }
}

fn time<'a>(points: &'a Points, audit: Audit<'a>) -> Time<'a> {
    Time { points, begin: Timestamp::parse_iso(&points.begin).unwrap_or(Timestamp::from_ms(0)), audit }
}

/// The least of 1, 2 and 5 times a power of ten that is not below a number; what an axis ends with.
fn nice(highest: u64) -> u64 {
    let mut power = 1_u64;
    loop {
        for step in [1, 2, 5] {
            let end = power.saturating_mul(step);
            if end >= highest || end == u64::MAX {
                return end;
            }
        }
        power = power.saturating_mul(10);
    }
}

/// 1500 as 1.5k.
fn short(value: u64) -> String {
    let (divided, unit) = match value {
        0..1_000 => return value.to_string(),
        1_000..1_000_000 => (value as f64 / 1e3, "k"),
        _ => (value as f64 / 1e6, "M"),
    };
    format!("{}{unit}", format!("{divided:.1}").trim_end_matches(".0"))
}

/// The half of an axis; nothing where it is no whole number.
fn short_half(top: u64) -> String {
    if top.is_multiple_of(2) { short(top / 2) } else { String::new() }
}

/// The bars of a series on an axis that ends with a number.
pub(super) fn bars(calls: &[u64], failed: &[u64], top: u64) -> Vec<Bar> {
    // One call among millions is still to be seen.
    let part = |value: u64| if value == 0 { 0 } else { (value.saturating_mul(HEIGHT) / top.max(1)).max(2) };
    let bar = |(index, (calls, failed)): (usize, (&u64, &u64))| {
        let height = part(*calls);
        let failed = part(*failed).min(height);
        Bar { x: index * STEP + 1, y: HEIGHT - height, height, failed_y: HEIGHT - failed, failed }
    };
    calls.iter().zip(failed).enumerate().filter(|(_, (calls, _))| **calls > 0).map(bar).collect()
}

/// The bars of a series, the highest as high as there is room.
pub(super) fn full_bars(calls: &[u64], failed: &[u64]) -> Vec<Bar> {
    bars(calls, failed, calls.iter().copied().max().unwrap_or(0))
}

/// A line through the middle of its spans. One number between two that are missing is a short stroke.
fn path(values: &[Option<u64>], top: u64) -> String {
    let mut path = String::new();
    let mut drawing = false;
    for (index, value) in values.iter().enumerate() {
        let Some(value) = value else {
            drawing = false;
            continue;
        };
        let (x, y) = (index * STEP, HEIGHT - value.saturating_mul(HEIGHT) / top.max(1));
        if drawing {
            path.push_str(&format!("L{} {y}", x + STEP / 2));
        } else {
            path.push_str(&format!("M{} {y}L{} {y}", x + 2, x + STEP / 2));
        }
        drawing = true;
    }
    path
}

/// What was left of a day, hour by hour, as the path of a line over 24 hours; and from now on, at the pace of the last
/// hour, where that leads.
pub(super) struct BurnDown {
    pub left: String,
    pub ahead: String,
}

/// Units of an hour in the drawing of a day.
const HOUR: usize = 10;

impl BurnDown {
    /// `now` is in hours since the day began.
    pub fn new(used: &[u64], daily: u64, pace: u64, now: f64) -> Self {
        let height = |left: f64| HEIGHT as f64 - (left / daily.max(1) as f64).clamp(0.0, 1.0) * HEIGHT as f64;
        let left_of = |used: u64| daily.saturating_sub(used) as f64;
        let mut left = format!("M0 {:.1}", height(daily as f64));
        for (hour, used) in used.iter().enumerate() {
            let x = (((hour + 1) as f64).min(now)).min(24.0) * HOUR as f64;
            left.push_str(&format!("L{x:.1} {:.1}", height(left_of(*used))));
        }
        let now = now.clamp(0.0, 24.0);
        let left_now = left_of(used.last().copied().unwrap_or(0));
        let until = if pace == 0 { 24.0 } else { (now + left_now / pace as f64).min(24.0) };
        let left_then = left_now - pace as f64 * (until - now);
        let ahead = format!("M{:.1} {:.1}L{:.1} {:.1}", now * HOUR as f64, height(left_now), until * HOUR as f64, height(left_then));
        Self { left, ahead }
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

    const ALL: Audit<'_> = Audit { hub_id: None, filter: "" };

    #[test]
    fn the_highest_bar_fills_the_chart_and_the_least_call_is_seen() {
        let bars = full_bars(&[0, 1_000_000, 1], &[0, 500_000, 1]);
        assert_eq!(bars.iter().map(|bar| (bar.x, bar.height, bar.failed)).collect::<Vec<_>>(), [(11, 100, 50), (21, 2, 2)]);
    }

    #[test]
    fn an_axis_ends_with_a_round_number() {
        assert_eq!([0, 1, 3, 7, 274, 1_999, 2_000, 2_001].map(nice), [1, 1, 5, 10, 500, 2_000, 2_000, 5_000]);
        assert_eq!([5, 1_000, 2_500, 1_500_000].map(short), ["5", "1k", "2.5k", "1.5M"]);
        assert_eq!([5, 1_000].map(short_half), ["", "500"]);
    }

    #[test]
    fn a_chart_says_in_words_what_it_shows() {
        let chart = Chart::of_calls(&points(), ALL);
        assert_eq!(chart.told, "Calls: 4 calls, 1 of them failed; most from 09:01 UTC, 3.");
        assert_eq!(chart.rows.iter().map(|row| row.at.text.as_str()).collect::<Vec<_>>(), ["09:02", "09:01"]);
        assert_eq!(chart.axis, ["5", "", "0"]);
        let chart = Chart::of_latency(&points(), ALL);
        assert_eq!(chart.told, "Latency: slowest from 09:01 UTC, where 95 of 100 calls took at most 8.0 ms.");
        assert_eq!(chart.lines[0].path, "M12 20L15 20L25 55");
    }

    #[test]
    fn each_span_leads_to_the_records_of_its_time() {
        let chart = Chart::of_calls(&points(), Audit { hub_id: Some(7), filter: "&status=4xx" });
        assert_eq!(chart.spans[1].address, "/audit?from=2026-11-25T09:01&to=2026-11-25T09:02&hub_id=7&status=4xx");
        assert_eq!(chart.spans[1].tip, "3 calls, 1 failed");
    }

    #[test]
    fn what_is_left_of_a_day_goes_down_and_the_pace_leads_on() {
        let half = BurnDown::new(&[0, 50], 100, 25, 2.0);
        assert_eq!((half.left.as_str(), half.ahead.as_str()), ("M0 0.0L10.0 0.0L20.0 50.0", "M20.0 50.0L40.0 100.0"));
        let over = BurnDown::new(&[274], 100, 0, 1.0);
        assert_eq!((over.left.as_str(), over.ahead.as_str()), ("M0 0.0L10.0 100.0", "M10.0 100.0L240.0 100.0"));
    }
}
