//! Times relative to now: "3 minutes ago", "in 6 days".

use keyway_core::time::Timestamp;

use super::counted;

const SECOND_MS: i64 = 1_000;
const MINUTE_MS: i64 = 60 * SECOND_MS;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;
/// From this many days on a date says more than their number.
const DAYS_MAX: i64 = 60;

/// An ISO 8601 time relative to now. Any other text stays unchanged, and so does every text without a terminal.
pub fn shown(text: &str) -> String {
    super::now().and_then(|now| relative(text, now)).unwrap_or_else(|| text.to_owned())
}

/// How an ISO 8601 time of day lies to `now`; none where the text is not one.
pub fn relative(text: &str, now: Timestamp) -> Option<String> {
    // As every answer of the server writes it. A date alone stays one.
    let at = Timestamp::parse_iso(text).filter(|at| at.to_iso() == text)?;
    let past = now.as_ms().saturating_sub(at.as_ms());
    if past.abs() > DAYS_MAX * DAY_MS {
        return Some(at.to_date());
    }
    // The end of a token is rounded as people count: made a second ago for a week, it ends in 7 days.
    Some(if past > -SECOND_MS { ago(past.max(0)) } else { format!("in {}", length(-past + SECOND_MS)) })
}

fn ago(past: i64) -> String {
    if past < 5 * SECOND_MS { "just now".to_owned() } else { format!("{} ago", length(past)) }
}

/// A length of time in milliseconds, in the largest unit of which there is one at least.
pub fn length(ms: i64) -> String {
    let (value, unit) = match ms {
        ..MINUTE_MS => (ms / SECOND_MS, "second"),
        MINUTE_MS..HOUR_MS => (ms / MINUTE_MS, "minute"),
        HOUR_MS..DAY_MS => (ms / HOUR_MS, "hour"),
        _ => (ms / DAY_MS, "day"),
    };
    counted(value.unsigned_abs(), unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_seen_from_now() {
        let now = Timestamp::parse_iso("2026-11-29T12:00:00Z").unwrap();
        for (ms, expected) in [
            (0, "just now"),
            (-4_999, "just now"),
            (400, "just now"),
            (-30_000, "30 seconds ago"),
            (-60_000, "1 minute ago"),
            (-3 * HOUR_MS, "3 hours ago"),
            (-25 * HOUR_MS, "1 day ago"),
            (7 * DAY_MS - 500, "in 7 days"),
            (90_000, "in 1 minute"),
            (-61 * DAY_MS, "2026-09-29"),
            (400 * DAY_MS, "2028-01-03"),
        ] {
            assert_eq!(relative(&now.plus_ms(ms).to_iso(), now).as_deref(), Some(expected), "{ms}");
        }
    }

    #[test]
    fn what_is_not_a_time_of_day_stays() {
        let now = Timestamp::from_ms(0);
        for text in ["2026-11-29", "never", "", "2026-11-29T12:00:00Z and more", "7"] {
            assert_eq!(relative(text, now), None, "{text}");
        }
    }
}
