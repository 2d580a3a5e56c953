//! Moments: the time of day in HubSpot's format, and steady time, which only moves forward.
//!
//! There is no clock here; callers pass the moment in.

use jiff::fmt::temporal::DateTimePrinter;
use serde::{Deserialize, Serialize};

/// Unix time in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From milliseconds since 1970-01-01T00:00:00Z.
    pub const fn from_ms(ms: i64) -> Self {
        Self(ms)
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub const fn as_ms(self) -> i64 {
        self.0
    }

    /// This moment, shifted by `ms` milliseconds; it stops at the ends of the range.
    pub const fn plus_ms(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// ISO 8601 with milliseconds and `Z`, the form of every time in HubSpot's answers.
    /// A moment outside the years -9999 to 9999 is clamped to 1970.
    pub fn to_iso(self) -> String {
        const PRINTER: DateTimePrinter = DateTimePrinter::new().precision(Some(3));
        PRINTER.timestamp_to_string(&jiff::Timestamp::from_millisecond(self.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH))
    }

    /// Parses a date in HTTP's format (RFC 9110, section 5.6.7).
    pub fn parse_http(text: &str) -> Option<Self> {
        let moment = jiff::fmt::rfc2822::parse(text).ok()?;
        Some(Self(moment.timestamp().as_millisecond()))
    }

    /// The day in UTC, ISO 8601: `2026-09-21`.
    pub fn to_date(self) -> String {
        self.to_iso().chars().take(10).collect()
    }

    /// To the minute, in the words of people: `2026-09-21 09:15 UTC`.
    pub fn to_minute(self) -> String {
        let iso = self.to_iso();
        iso.get(..16).map_or_else(|| iso.clone(), |minute| format!("{} UTC", minute.replace('T', " ")))
    }

    /// Parses ISO 8601: a date alone (midnight UTC), or a date and time with `Z` or an offset.
    pub fn parse_iso(text: &str) -> Option<Self> {
        if text.len() == 10 {
            return Self::parse_iso(&format!("{text}T00:00:00Z"));
        }
        let moment: jiff::Timestamp = text.parse().ok()?;
        Some(Self(moment.as_millisecond()))
    }
}

/// A moment of a clock that only moves forward: milliseconds since that clock began.
///
/// A change of the machine's clock does not affect it, so intervals are measured with it. Moments of two machines, or of two
/// starts of one machine, can't be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(i64);

impl Moment {
    /// From milliseconds since the clock began.
    pub const fn from_ms(ms: i64) -> Self {
        Self(ms)
    }

    /// Milliseconds since the clock began.
    pub const fn as_ms(self) -> i64 {
        self.0
    }

    /// This moment, shifted by `ms` milliseconds; it stops at the ends of the range.
    #[must_use]
    pub const fn plus_ms(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }
}

/// The time of both clocks at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// For intervals: windows, pauses, leases.
    pub steady: Moment,
    /// The time of day, which somebody may set: for days, and for people.
    pub wall: Timestamp,
}

impl Now {
    /// The moment at which the wall clock shows `wall`, unless somebody sets the clock before that.
    pub const fn moment_of(self, wall: Timestamp) -> Moment {
        self.steady.plus_ms(wall.as_ms().saturating_sub(self.wall.as_ms()))
    }

    /// The wall clock's time at a moment, by its present setting.
    pub const fn time_of(self, moment: Moment) -> Timestamp {
        self.wall.plus_ms(moment.as_ms().saturating_sub(self.steady.as_ms()))
    }
}

#[cfg(test)]
mod tests {
    use super::Timestamp;

    #[test]
    fn a_date_header_is_read() {
        assert_eq!(Timestamp::parse_http("Sun, 06 Nov 1994 08:49:37 GMT"), Timestamp::parse_iso("1994-11-06T08:49:37Z"));
        assert_eq!(Timestamp::parse_http("yesterday"), None);
    }

    #[test]
    fn times_are_written_with_milliseconds_and_z() {
        assert_eq!(Timestamp::from_ms(0).to_iso(), "1970-01-01T00:00:00.000Z");
        assert_eq!(Timestamp::from_ms(1_790_000_000_007).to_iso(), "2026-09-21T14:13:20.007Z");
        assert_eq!(Timestamp::from_ms(1_790_000_000_007).to_date(), "2026-09-21");
    }

    #[test]
    fn dates_and_offsets_are_read_and_nonsense_is_not() {
        let read = |text| Timestamp::parse_iso(text).map(Timestamp::as_ms);
        assert_eq!(read("1970-01-02"), Some(86_400_000));
        assert_eq!(read("1970-01-01T01:00:00+01:00"), Some(0));
        assert_eq!(read("1970-01-01T00:00:00.250Z"), Some(250));
        assert_eq!(read("1970-13-01"), None);
        assert_eq!(read("yesterday"), None);
    }
}
