//! Bars over time as SVG, with the same numbers as a table for whoever can't see them.
//!
//! Sizes are attributes and not styles: the pages' policy allows no style in a page.

use keyway_api::view::Points;
use keyway_core::time::Timestamp;

use super::words;

/// Units a bar is wide, its gap included, and how high the highest is.
const STEP: usize = 10;
const HEIGHT: u64 = 100;

/// A chart that is ready to be drawn.
pub(super) struct Chart {
    pub id: &'static str,
    pub title: String,
    /// What it shows, in a sentence.
    pub told: String,
    pub width: usize,
    pub bars: Vec<Bar>,
    pub highest: String,
    pub begin: String,
    pub middle: String,
    pub rows: Vec<Row>,
}

/// A bar, the failed part at its foot.
pub(super) struct Bar {
    pub x: usize,
    pub y: u64,
    pub height: u64,
    pub failed_y: u64,
    pub failed: u64,
}

/// A row of the table behind.
pub(super) struct Row {
    /// Its place among the points.
    pub index: usize,
    pub at: String,
    pub calls: String,
    pub failed: String,
}

impl Chart {
    pub fn new(id: &'static str, title: &str, points: &Points) -> Self {
        let (calls, failed): (u64, u64) = (points.calls.iter().sum(), points.failed.iter().sum());
        let at = |index: usize| {
            let begin = Timestamp::parse_iso(&points.begin).unwrap_or(Timestamp::from_ms(0));
            words::clock(&begin.plus_ms(points.width_ms * i64::try_from(index).unwrap_or(0)).to_iso()).to_owned()
        };
        let highest = points.calls.iter().copied().max().unwrap_or(0);
        let busiest = points.calls.iter().position(|calls| *calls == highest).unwrap_or(0);
        let told = match calls {
            0 => format!("{title}: no calls."),
            _ => format!(
                "{title}: {}, {} of them failed; most at {}, {}.",
                words::counted(calls, "call", "calls"),
                words::number(failed),
                at(busiest),
                words::number(highest)
            ),
        };
        let row = |(index, (calls, failed)): (usize, (&u64, &u64))| Row {
            index,
            at: at(index),
            calls: words::number(*calls),
            failed: words::number(*failed),
        };
        // The newest first, and no rows of nothing: sixty zeros read aloud tell nobody anything.
        let pairs = points.calls.iter().zip(&points.failed).enumerate();
        let rows = pairs.filter(|(_, (calls, _))| **calls > 0).map(row).rev().collect();
        Self {
            id,
            title: title.to_owned(),
            told,
            width: points.calls.len() * STEP,
            bars: bars(&points.calls, &points.failed),
            highest: words::number(highest),
            begin: at(0),
            middle: at(points.calls.len() / 2),
            rows,
        }
    }
}

/// The bars of a series, the highest as high as there is room.
pub(super) fn bars(calls: &[u64], failed: &[u64]) -> Vec<Bar> {
    let highest = calls.iter().copied().max().unwrap_or(0).max(1);
    // One call among millions is still to be seen.
    let part = |value: u64| if value == 0 { 0 } else { (value * HEIGHT / highest).max(2) };
    let bar = |(index, (calls, failed)): (usize, (&u64, &u64))| {
        let height = part(*calls);
        let failed = part(*failed).min(height);
        Bar { x: index * STEP + 1, y: HEIGHT - height, height, failed_y: HEIGHT - failed, failed }
    };
    calls.iter().zip(failed).enumerate().filter(|(_, (calls, _))| **calls > 0).map(bar).collect()
}

#[cfg(test)]
mod tests {
    use keyway_api::Moment;

    use super::*;

    #[test]
    fn the_highest_bar_fills_the_chart_and_the_least_call_is_seen() {
        let bars = bars(&[0, 1_000_000, 1], &[0, 500_000, 1]);
        assert_eq!(bars.iter().map(|bar| (bar.x, bar.height, bar.failed)).collect::<Vec<_>>(), [(11, 100, 50), (21, 2, 2)]);
    }

    #[test]
    fn a_chart_says_in_words_what_it_shows() {
        let points = Points {
            begin: Moment("2026-11-25T09:00:00.000Z".into()),
            width_ms: 60_000,
            since: None,
            calls: vec![0, 3, 1],
            failed: vec![0, 1, 0],
        };
        let chart = Chart::new("hour", "Last hour", &points);
        assert_eq!(chart.told, "Last hour: 4 calls, 1 of them failed; most at 09:01, 3.");
        assert_eq!(chart.rows.iter().map(|row| row.at.as_str()).collect::<Vec<_>>(), ["09:02", "09:01"]);
    }
}
