//! The axis of a chart: where it ends, and its labels.

use crate::words;

/// The least of 1, 2 and 5 times a power of ten that is not below a number; what an axis ends with.
pub(super) fn nice(highest: u64) -> u64 {
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

/// The labels of an axis of numbers, from the top: its end, the half, and nothing.
pub(super) fn of_numbers(highest: u64, top: u64) -> [String; 3] {
    labels(highest, short(top), short_half(top))
}

/// The same of an axis of times in microseconds.
pub(super) fn of_times(highest: u64, top: u64) -> [String; 3] {
    labels(highest, words::duration(top), words::duration(top / 2))
}

/// Where no value is drawn, an end of the axis would measure nothing.
fn labels(highest: u64, end: String, half: String) -> [String; 3] {
    let [end, half] = if highest == 0 { [String::new(), String::new()] } else { [end, half] };
    [end, half, "0".to_owned()]
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

/// The half of an axis; nothing where it is not a whole number.
fn short_half(top: u64) -> String {
    if top.is_multiple_of(2) { short(top / 2) } else { String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_without_a_value_has_no_label_but_zero() {
        assert_eq!([of_numbers(0, 1), of_times(0, 1)], [["", "", "0"], ["", "", "0"]].map(|labels| labels.map(str::to_owned)));
        assert_eq!(of_numbers(1, 1), ["1", "", "0"]);
        assert_eq!(of_times(8_000, 10_000), ["10 ms", "5.0 ms", "0"]);
    }

    #[test]
    fn an_axis_ends_with_a_round_number() {
        assert_eq!([0, 1, 3, 7, 274, 1_999, 2_000, 2_001].map(nice), [1, 1, 5, 10, 500, 2_000, 2_000, 5_000]);
        assert_eq!([5, 1_000, 2_500, 1_500_000].map(short), ["5", "1k", "2.5k", "1.5M"]);
        assert_eq!([5, 1_000].map(short_half), ["", "500"]);
    }
}
