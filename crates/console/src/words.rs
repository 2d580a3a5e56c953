//! Numbers, times and causes as people read them.

pub(super) use keyway_core::shown::duration;
use keyway_core::time::Timestamp;
use keyway_gateway::history::Range;

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;

/// 1234567 as 1,234,567.
pub(super) fn number(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `one` or `several` things.
pub(super) fn counted(value: u64, one: &str, several: &str) -> String {
    format!("{} {}", number(value), if value == 1 { one } else { several })
}

/// What the API says as a fragment, as a sentence.
pub(super) fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let mut sentence: String = letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect();
    if !sentence.ends_with(['.', '!', '?']) {
        sentence.push('.');
    }
    sentence
}

/// How long ago: "4 minutes ago". What is not a time is shown as it is.
pub(super) fn ago(iso: &str, now: Timestamp) -> String {
    let Some(at) = Timestamp::parse_iso(iso) else { return iso.to_owned() };
    let past = now.as_ms() - at.as_ms();
    if past < MINUTE_MS { "just now".to_owned() } else { format!("{} ago", span(past)) }
}

/// How far ahead, rounded up: "in 3 hours".
pub(super) fn ahead(iso: &str, now: Timestamp) -> String {
    let Some(at) = Timestamp::parse_iso(iso) else { return iso.to_owned() };
    let left = at.as_ms() - now.as_ms();
    if left < MINUTE_MS {
        return "now".to_owned();
    }
    // What was made to last a week a moment ago still lasts "7 days".
    let unit = [DAY_MS, HOUR_MS, MINUTE_MS].into_iter().find(|unit| left > unit - unit / 24).unwrap_or(MINUTE_MS);
    format!("in {}", span((left + unit - 1) / unit * unit))
}

/// A length of time, which may be of seconds, in its largest unit.
pub(super) fn length(ms: i64) -> String {
    if ms < MINUTE_MS { counted(u64::try_from(ms / 1_000).unwrap_or(0), "second", "seconds") } else { span(ms) }
}

/// A length of time of at least a minute in its largest unit.
pub(super) fn span(ms: i64) -> String {
    let (value, one, several) = match ms {
        ..HOUR_MS => (ms / MINUTE_MS, "minute", "minutes"),
        HOUR_MS..DAY_MS => (ms / HOUR_MS, "hour", "hours"),
        _ => (ms / DAY_MS, "day", "days"),
    };
    counted(u64::try_from(value).unwrap_or(0), one, several)
}

/// `last hour`, `last 30 days`.
pub(super) const fn period(range: Range) -> &'static str {
    match range {
        Range::Hour => "last hour",
        Range::Day => "last 24 hours",
        Range::Week => "last 7 days",
        Range::Month => "last 30 days",
    }
}

/// `2026-11-25 09:15` in UTC.
pub(super) fn moment(iso: &str) -> String {
    iso.get(..16).unwrap_or(iso).replace('T', " ")
}

/// `2026-11-25 09:15:07` in UTC.
pub(super) fn second(iso: &str) -> String {
    iso.get(..19).unwrap_or(iso).replace('T', " ")
}

/// `11-25 09:15:07` in UTC: for rows that are close together.
pub(super) fn stamp(iso: &str) -> String {
    iso.get(5..19).unwrap_or(iso).replace('T', " ")
}

/// `09:15` in UTC.
pub(super) fn clock(iso: &str) -> &str {
    iso.get(11..16).unwrap_or(iso)
}

/// `2026-11-25`.
pub(super) fn date(iso: &str) -> &str {
    iso.get(..10).unwrap_or(iso)
}

/// A date and time of a browser's field, which has neither seconds nor a zone, as UTC; what is not such a
/// thing stays as it is.
pub(super) fn of_browser(value: &str) -> String {
    match value.len() {
        16 => format!("{value}:00Z"),
        19 => format!("{value}Z"),
        _ => value.to_owned(),
    }
}

/// Who made a change, by the kind of the sign-in and its name.
pub(super) fn who<'a>(kind: &str, name: &'a str) -> &'a str {
    match (kind, name) {
        ("socket", "socket") => "The command line",
        ("server", _) => "The server",
        _ => name,
    }
}

/// The same for templates.
pub(super) mod filters {
    use std::fmt::Display;

    use askama::{Result, Values};

    use keyway_core::shown::Markup;
    use keyway_gateway::clock::now;

    /// See [`super::number`]; what is not a whole number is shown as it is.
    pub fn number(value: impl Display, _: &dyn Values) -> Result<String> {
        let text = value.to_string();
        Ok(text.parse().map_or(text, super::number))
    }

    pub fn who(name: impl AsRef<str>, _: &dyn Values, kind: &str) -> Result<String> {
        Ok(super::who(kind, name.as_ref()).to_owned())
    }

    pub fn counted(value: impl Display, _: &dyn Values, one: &str, several: &str) -> Result<String> {
        Ok(super::counted(value.to_string().parse().unwrap_or(0), one, several))
    }

    pub fn duration(us: &u64, _: &dyn Values) -> Result<String> {
        Ok(super::duration(*us))
    }

    /// A word, a path or an address, which may break after `_`, `-`, `/`, `.` and `@`. HTML.
    pub fn breakable(word: impl AsRef<str>, _: &dyn Values) -> Result<String> {
        let parts = word.as_ref().split_inclusive(['_', '-', '/', '.', '@']);
        Ok(parts.map(|part| Markup(part).to_string()).collect::<Vec<_>>().join("<wbr>"))
    }

    /// A sentence in which backticks enclose code. HTML.
    pub fn coded(sentence: impl AsRef<str>, _: &dyn Values) -> Result<String> {
        let parts: Vec<&str> = sentence.as_ref().split('`').collect();
        if parts.len().is_multiple_of(2) {
            return Ok(Markup(sentence.as_ref()).to_string());
        }
        let part = |(number, text): (usize, &&str)| match number % 2 {
            0 => Markup(text).to_string(),
            _ => format!("<code>{}</code>", Markup(text)),
        };
        Ok(parts.iter().enumerate().map(part).collect())
    }

    /// The kind of a condition: `token-rotation` as "token rotation".
    pub fn of_kind(kind: impl AsRef<str>, _: &dyn Values) -> Result<String> {
        Ok(kind.as_ref().replace('-', " "))
    }

    pub fn ago(iso: impl AsRef<str>, _: &dyn Values) -> Result<String> {
        Ok(super::ago(iso.as_ref(), now()))
    }

    pub fn ahead(iso: impl AsRef<str>, _: &dyn Values) -> Result<String> {
        Ok(super::ahead(iso.as_ref(), now()))
    }

    pub fn moment(iso: impl AsRef<str>, _: &dyn Values) -> Result<String> {
        Ok(super::moment(iso.as_ref()))
    }

    pub fn second(iso: impl AsRef<str>, _: &dyn Values) -> Result<String> {
        Ok(super::second(iso.as_ref()))
    }

    pub fn stamp(iso: impl AsRef<str>, _: &dyn Values) -> Result<String> {
        Ok(super::stamp(iso.as_ref()))
    }

    pub fn clock(iso: impl AsRef<str>, _: &dyn Values) -> Result<String> {
        Ok(super::clock(iso.as_ref()).to_owned())
    }

    pub fn date(iso: impl AsRef<str>, _: &dyn Values) -> Result<String> {
        Ok(super::date(iso.as_ref()).to_owned())
    }

    /// As a part of an address.
    pub fn part(text: impl AsRef<str>, _: &dyn Values) -> Result<String> {
        let mut part = String::new();
        keyway_core::path::encode_component(text.as_ref(), &mut part);
        Ok(part)
    }

    /// Why calls failed: of a refusal its cause in the table of refusals.
    pub fn cause(word: impl AsRef<str>, _: &dyn Values) -> Result<&'static str> {
        Ok(keyway_core::refusal::Word(word.as_ref()).cause())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backticks_enclose_code_and_nothing_in_it_is_html() {
        let shown = |sentence: &str| filters::coded(sentence, &()).unwrap();
        assert_eq!(shown("Its scopes: `a<b`, `c`."), "Its scopes: <code>a&lt;b</code>, <code>c</code>.");
        assert_eq!(shown("<b> and one `"), "&lt;b&gt; and one `");
    }

    #[test]
    fn numbers_are_grouped() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(number), ["0", "999", "1,000", "1,234,567"]);
    }

    #[test]
    fn times_are_told_from_now() {
        let now = Timestamp::from_ms(1_790_000_000_000);
        let at = |ms| now.plus_ms(ms).to_iso();
        for (ms, expected) in [(-10_000, "just now"), (-60_000, "1 minute ago"), (-7_200_000, "2 hours ago"), (-90 * DAY_MS, "90 days ago")]
        {
            assert_eq!(ago(&at(ms), now), expected);
        }
        for (ms, expected) in [
            (3 * HOUR_MS, "in 3 hours"),
            (7 * DAY_MS - 1_000, "in 7 days"),
            (DAY_MS - 1_000, "in 1 day"),
            (DAY_MS - 3 * HOUR_MS, "in 21 hours"),
            (90_000, "in 2 minutes"),
            (1_000, "now"),
        ] {
            assert_eq!(ahead(&at(ms), now), expected, "{ms}");
        }
        assert_eq!(ago("<b>", now), "<b>");
    }
}
