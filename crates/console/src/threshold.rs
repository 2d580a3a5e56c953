//! From which number on something is marked, and parts of a whole as a page shows them.

/// From this part of failed calls on, in percent, a number is marked as to be looked at, and as wrong.
pub(super) const FAILED_PERCENT: (f64, f64) = (2.0, 10.0);
/// The same for how long 95 of 100 calls take, in microseconds.
pub(super) const SLOW_US: (u64, u64) = (2_000_000, 10_000_000);
/// The same for the part of a limit that is used, in percent.
pub(super) const USED_PERCENT: (u64, u64) = (80, 100);

/// How urgent a number is: a class of the page, whose word is beside the number too.
pub(super) fn level<T: PartialOrd>(value: T, (look, wrong): (T, T)) -> &'static str {
    match value {
        value if value >= wrong => "wrong",
        value if value >= look => "warn",
        _ => "",
    }
}

/// A part in a hundred, for the width of a bar.
pub(super) fn share(part: u64, of: u64) -> u64 {
    percent(part, of).min(100)
}

/// A part in a hundred, which may be more than the whole.
pub(super) fn percent(part: u64, of: u64) -> u64 {
    part.saturating_mul(100).checked_div(of).unwrap_or(0)
}

/// The same in words.
pub(super) fn percent_words(part: u64, of: u64) -> String {
    match percent(part, of) {
        0 if part > 0 => "under 1 %".to_owned(),
        percent => format!("{percent} %"),
    }
}

/// The part of the calls that failed.
pub(super) fn failed_percent(failed: u64, calls: u64) -> f64 {
    if calls == 0 { 0.0 } else { failed as f64 * 100.0 / calls as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_marked_from_its_thresholds_on() {
        assert_eq!([1.9, 2.0, 9.9, 10.0].map(|part| level(part, FAILED_PERCENT)), ["", "warn", "warn", "wrong"]);
        assert_eq!([79, 80, 100, 274].map(|part| level(part, USED_PERCENT)), ["", "warn", "wrong", "wrong"]);
    }

    #[test]
    fn a_small_part_is_not_nothing() {
        assert_eq!([0, 1, 10, 1_740].map(|part| percent_words(part, 1_000)), ["0 %", "under 1 %", "1 %", "174 %"]);
        assert_eq!(share(1_740, 1_000), 100);
    }
}
