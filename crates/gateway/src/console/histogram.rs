//! Calls of the log over time, as bars that lead to the calls of their span.

use keyway_api::view::CountedTime;
use keyway_core::time::Timestamp;

use super::words;

/// Units a bar is wide, its gap included, and how high the highest is.
const STEP: usize = 10;
const HEIGHT: u64 = 100;

/// The bars, and the words for whoever can't see them.
pub(super) struct Histogram {
    pub width: usize,
    pub bars: Vec<Bar>,
    pub told: String,
    pub begin: String,
    pub end: String,
    /// How long a span is.
    pub span: String,
}

/// One span with calls.
pub(super) struct Bar {
    pub x: usize,
    pub y: u64,
    pub height: u64,
    pub failed_y: u64,
    pub failed_height: u64,
    pub at: String,
    pub calls: u64,
    pub failed: u64,
    pub address: String,
}

impl Histogram {
    /// `within` makes the address of the calls from one moment to another, in UTC without a zone.
    pub fn new(counted: &CountedTime, within: impl Fn(&str, &str) -> String) -> Self {
        let begin = Timestamp::parse_iso(&counted.begin).unwrap_or(Timestamp::from_ms(0));
        let at = |index: usize| begin.plus_ms(counted.width_ms * i64::try_from(index).unwrap_or(0)).to_iso();
        let highest = counted.calls.iter().copied().max().unwrap_or(0).max(1);
        // One call among thousands is still to be seen.
        let part = |value: u64| if value == 0 { 0 } else { (value * HEIGHT / highest).max(3) };
        let second = |iso: &str| iso.get(..19).unwrap_or(iso).to_owned();
        let bar = |(index, (calls, failed)): (usize, (&u64, &u64))| {
            let (height, failed_height) = (part(*calls), part(*failed).min(part(*calls)));
            let (from, to) = (at(index), at(index + 1));
            Bar {
                x: index * STEP,
                y: HEIGHT - height,
                height,
                failed_y: HEIGHT - failed_height,
                failed_height,
                address: within(&second(&from), &second(&to)),
                at: words::second(&from),
                calls: *calls,
                failed: *failed,
            }
        };
        let pairs = counted.calls.iter().zip(&counted.failed).enumerate();
        let (calls, failed): (u64, u64) = (counted.calls.iter().sum(), counted.failed.iter().sum());
        Self {
            width: counted.calls.len().max(1) * STEP,
            bars: pairs.filter(|(_, (calls, _))| **calls > 0).map(bar).collect(),
            told: format!("{}, {} of them failed.", words::counted(calls, "call", "calls"), words::number(failed)),
            begin: words::second(&at(0)),
            end: words::second(&at(counted.calls.len())),
            span: span(counted.width_ms),
        }
    }
}

fn span(ms: i64) -> String {
    if ms < 60_000 { words::counted(u64::try_from(ms / 1_000).unwrap_or(0), "second", "seconds") } else { words::span(ms) }
}

#[cfg(test)]
mod tests {
    use keyway_api::Moment;

    use super::*;

    #[test]
    fn a_bar_leads_to_the_calls_of_its_span() {
        let counted =
            CountedTime { begin: Moment("2026-11-25T09:15:00.000Z".into()), width_ms: 60_000, calls: vec![0, 4], failed: vec![0, 1] };
        let histogram = Histogram::new(&counted, |from, to| format!("{from} {to}"));
        let [bar] = histogram.bars.as_slice() else { panic!("a span without calls has no bar") };
        assert_eq!((bar.x, bar.height, bar.failed_height), (10, 100, 25));
        assert_eq!(bar.address, "2026-11-25T09:16:00 2026-11-25T09:17:00");
        assert_eq!((histogram.told.as_str(), histogram.span.as_str()), ("4 calls, 1 of them failed.", "1 minute"));
    }
}
