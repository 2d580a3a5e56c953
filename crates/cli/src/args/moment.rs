//! Times and lengths of time, as people type them.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use keyway_core::sunset::AsOf;
use keyway_core::time::Timestamp;
use keyway_gateway::clock;

/// The forms of a length of time.
const LENGTHS: &str = "a number with s, m, h, d or w, such as 90s, 12h, 7d or 2w";

/// From when, and until when.
#[derive(clap::Args, Default)]
pub struct Period {
    /// From this time on: 30m, 12h, 7d or 2w ago, today, yesterday, a date, or ISO 8601
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub since: Option<Timestamp>,
    /// Before this time, in the same forms
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub until: Option<Timestamp>,
}

impl Period {
    /// The two fields of a query.
    pub fn query(&self) -> [(&'static str, Option<String>); 2] {
        [("from", self.since.map(Timestamp::to_iso)), ("to", self.until.map(Timestamp::to_iso))]
    }
}

/// How far a command looks back, in whole days.
#[derive(clap::Args)]
pub struct LookBack<const DAYS: u32> {
    /// Days to look back
    #[arg(long, value_name = "DAYS", help = format!("Days to look back [default: {DAYS}]"), conflicts_with = "since")]
    days: Option<u32>,
    /// Look back to this time instead: 7d or 2w ago, yesterday, a date, or ISO 8601; whole days are counted
    #[arg(long, value_name = "TIME", value_parser = moment)]
    since: Option<Timestamp>,
}

impl<const DAYS: u32> LookBack<DAYS> {
    /// The number of days, a begun one counted whole.
    pub fn days(&self) -> u32 {
        const DAY_MS: i64 = 86_400_000;
        // What has passed since the command line was read begins no day.
        const SLACK_MS: i64 = 60_000;
        let since = |at: Timestamp| u32::try_from((clock::now().as_ms() - at.as_ms() - SLACK_MS + DAY_MS - 1) / DAY_MS).unwrap_or(0).max(1);
        self.days.or_else(|| self.since.map(since)).unwrap_or(DAYS)
    }
}

/// Reads a time for clap, with the clock and the time zone of this machine.
pub fn moment(text: &str) -> Result<Timestamp, String> {
    at(text, clock::now(), &TimeZone::system())
}

/// When something ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Never.
    Never,
    /// At a time of day.
    At(Timestamp),
}

impl End {
    /// As the admin API takes it.
    pub fn to_api(self) -> String {
        match self {
            Self::Never => "never".to_owned(),
            Self::At(at) => at.to_iso(),
        }
    }
}

/// Reads when something ends for clap, with the clock and the time zone of this machine.
pub fn end(text: &str) -> Result<End, String> {
    end_at(text, clock::now(), &TimeZone::system())
}

/// Reads an end: `never`, a length of time after `now`, a date, or ISO 8601. Days begin in the time zone.
fn end_at(text: &str, now: Timestamp, zone: &TimeZone) -> Result<End, String> {
    const FORMS: &str =
        "write 12h, 30d or 2w for a time from now, a date (2026-12-31) for its beginning, ISO 8601 (2026-12-31T18:00:00Z), or never";
    let text = text.trim();
    let small = text.to_ascii_lowercase();
    if small == "never" {
        return Ok(End::Never);
    }
    let found = match small.strip_prefix("in ").unwrap_or(&small).parse::<Length>() {
        Ok(length) => Some(now.plus_ms(length.0)),
        Err(_) if text.starts_with(|letter: char| letter.is_ascii_digit()) => at(text, now, zone).ok(),
        Err(_) => None,
    };
    let ends = found.ok_or_else(|| FORMS.to_owned())?;
    if ends <= now {
        return Err(format!("{} is past; {FORMS}", ends.to_iso()));
    }
    Ok(End::At(ends))
}

/// Reads a time: a length of time before `now`, a word for a day, or ISO 8601. Days begin in the time zone.
fn at(text: &str, now: Timestamp, zone: &TimeZone) -> Result<Timestamp, String> {
    const FORMS: &str =
        "write 30m, 12h, 7d or 2w for a time ago, today, yesterday, a date (2026-11-29), or ISO 8601 (2026-11-29T14:00:00Z)";
    let text = text.trim();
    let today =
        jiff::Timestamp::from_millisecond(now.as_ms()).map(|now| zone.to_datetime(now).date()).map_err(|error| error.to_string())?;
    let of_zone = |local: DateTime| zone.to_timestamp(local).ok().map(|at| Timestamp::from_ms(at.as_millisecond()));
    let begin = |day: Date| of_zone(day.at(0, 0, 0, 0));
    let found = match text.to_ascii_lowercase().as_str() {
        "now" => Some(now),
        "today" => begin(today),
        "yesterday" => today.yesterday().ok().and_then(begin),
        small => match small.strip_suffix(" ago").unwrap_or(small).parse::<Length>() {
            Ok(length) => Some(now.plus_ms(-length.0)),
            // A date alone is a day of this machine's zone, as `yesterday` is; `Z` or an offset says another.
            Err(_) if text.len() == 10 => text.parse().ok().and_then(begin),
            Err(_) if is_zoned(text) => Timestamp::parse_iso(text),
            Err(_) => text.parse().ok().and_then(of_zone),
        },
    };
    found.ok_or_else(|| FORMS.to_owned())
}

/// Whether a time names its zone: it ends with `Z`, or has an offset after its time of day.
fn is_zoned(text: &str) -> bool {
    text.ends_with(['Z', 'z', ']']) || text.get(11..).is_some_and(|time| time.contains(['+', '-']))
}

/// A length of time in milliseconds, above zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Length(pub i64);

impl std::str::FromStr for Length {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let split = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
        let (number, unit) = text.split_at(split);
        let seconds = match unit {
            "s" => 1,
            "m" => 60,
            "h" => 3_600,
            "d" => 86_400,
            "w" => 7 * 86_400,
            "" if !number.is_empty() => {
                return Err(format!("{text} has no unit. Write {number}s, {number}m, {number}h, {number}d or {number}w"));
            }
            _ => return Err(format!("{text} is not a length of time; use {LENGTHS}")),
        };
        let number: i64 = number.parse().map_err(|_| format!("{text} is not a length of time; use {LENGTHS}"))?;
        let ms = number.checked_mul(seconds * 1_000).ok_or_else(|| format!("{text} is too long"))?;
        if ms <= 0 {
            return Err(format!("{text} is not longer than zero; use {LENGTHS}"));
        }
        Ok(Self(ms))
    }
}

/// `90s`, `30m`, `12h`, `7d` or `2w` in milliseconds.
pub fn milliseconds(text: &str) -> anyhow::Result<i64> {
    Ok(text.parse::<Length>().map_err(anyhow::Error::msg)?.0)
}

/// Reads a day for clap.
pub fn day(text: &str) -> Result<String, &'static str> {
    AsOf::new(text, false).map(|as_of| as_of.day().to_owned()).ok_or("a day is written as in 2027-10-01")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<String, String> {
        let now = Timestamp::parse_iso("2026-11-29T13:30:00Z").unwrap();
        at(text, now, &TimeZone::get("Europe/Berlin").unwrap()).map(Timestamp::to_iso)
    }

    #[test]
    fn times_are_read_as_people_type_them() {
        for (text, expected) in [
            ("now", "2026-11-29T13:30:00.000Z"),
            ("90s", "2026-11-29T13:28:30.000Z"),
            ("1h", "2026-11-29T12:30:00.000Z"),
            ("1h ago", "2026-11-29T12:30:00.000Z"),
            ("7d", "2026-11-22T13:30:00.000Z"),
            ("2w", "2026-11-15T13:30:00.000Z"),
            ("today", "2026-11-28T23:00:00.000Z"),
            ("Yesterday", "2026-11-27T23:00:00.000Z"),
            ("2026-11-01", "2026-10-31T23:00:00.000Z"),
            ("2026-07-01", "2026-06-30T22:00:00.000Z"),
            ("2026-11-01T08:00:00", "2026-11-01T07:00:00.000Z"),
            ("2026-11-01 08:00", "2026-11-01T07:00:00.000Z"),
            ("2026-11-01T08:00:00Z", "2026-11-01T08:00:00.000Z"),
            ("2026-11-01T08:00:00-05:00", "2026-11-01T13:00:00.000Z"),
            ("2026-11-01T08:00:00.250Z", "2026-11-01T08:00:00.250Z"),
        ] {
            assert_eq!(read(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_not_a_time_is_refused_with_examples() {
        for text in ["", "tomorrow", "1", "h", "-1h", "1 hour", "2026-13-01", "2026-11-01T25:00:00Z", "last week"] {
            let error = read(text).unwrap_err();
            assert!(error.contains("yesterday") && error.contains("2026-11-29T14:00:00Z"), "{text}: {error}");
        }
    }

    #[test]
    fn an_end_is_a_time_to_come_or_never() {
        let read = |text: &str| {
            let now = Timestamp::parse_iso("2026-11-29T13:30:00Z").unwrap();
            end_at(text, now, &TimeZone::get("Europe/Berlin").unwrap())
        };
        for (text, expected) in [
            ("90s", "2026-11-29T13:31:30.000Z"),
            ("in 12h", "2026-11-30T01:30:00.000Z"),
            ("2w", "2026-12-13T13:30:00.000Z"),
            ("2026-12-31", "2026-12-30T23:00:00.000Z"),
            ("2026-12-31 18:00", "2026-12-31T17:00:00.000Z"),
            ("2026-12-31T18:00:00Z", "2026-12-31T18:00:00.000Z"),
        ] {
            assert_eq!(read(text), Ok(End::At(Timestamp::parse_iso(expected).unwrap())), "{text}");
        }
        assert_eq!((read("never"), read(" Never ")), (Ok(End::Never), Ok(End::Never)));
        for text in ["", "today", "yesterday", "now", "1h ago", "tomorrow", "-1h", "2026-11-29", "2020-01-01T00:00:00Z", "2026-13-01"] {
            let error = read(text).unwrap_err();
            assert!(error.contains("30d") && error.contains("never"), "{text}: {error}");
        }
    }

    #[test]
    fn lengths_have_a_unit() {
        let ms = |text: &str| text.parse::<Length>().map(|length| length.0);
        assert_eq!(ms("7d"), Ok(604_800_000));
        assert_eq!(ms("1w"), Ok(604_800_000));
        assert_eq!(ms("90s"), Ok(90_000));
        for text in ["", "7", "d", "-1d", "0s", "7y", "7é", "99999999999999999d"] {
            assert!(ms(text).is_err(), "{text}");
        }
    }
}
