//! Turns a cell as people write it into the value that records keep: dates, labels, owners.

use keyway_core::error_body::ErrorBody;
use keyway_objects::property::{Property, ValueType};
use keyway_objects::request::bad_field;
use keyway_objects::state::State;

/// The order in which a file writes the parts of a date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DateFormat {
    MonthDayYear,
    DayMonthYear,
    YearMonthDay,
}

impl DateFormat {
    /// The name on the wire; month first, unless it is given.
    pub fn parse(name: Option<&str>) -> Result<Self, ErrorBody> {
        match name {
            None | Some("" | "MONTH_DAY_YEAR") => Ok(Self::MonthDayYear),
            Some("DAY_MONTH_YEAR") => Ok(Self::DayMonthYear),
            Some("YEAR_MONTH_DAY") => Ok(Self::YearMonthDay),
            Some(_) => Err(bad_field("dateFormat", "must be MONTH_DAY_YEAR, DAY_MONTH_YEAR or YEAR_MONTH_DAY")),
        }
    }
}

/// Why a cell is not taken: HubSpot's type of the error, and the sentence.
pub type BadCell = (&'static str, String);

/// The value of a cell that is not empty. The engine checks it once more, as a call's.
pub fn value(state: &State, property: &Property, format: DateFormat, text: &str) -> Result<String, BadCell> {
    match property.value_type {
        ValueType::Date => date(format, text).ok_or_else(|| not_a_date(text)),
        ValueType::DateTime => moment(format, text).ok_or_else(|| not_a_date(text)),
        _ if property.is_owner() => owner(state, text),
        ValueType::Enumeration => Ok(option(property, text)),
        ValueType::Bool => Ok(boolean(text)),
        _ => Ok(text.to_owned()),
    }
}

fn not_a_date(text: &str) -> BadCell {
    ("COULD_NOT_PARSE_DATE", format!("{text} is not a date of the import's format"))
}

/// `1/31/2027`, `31.1.27` or `2027-01-31`, by the format.
fn date(format: DateFormat, text: &str) -> Option<String> {
    let parts: Vec<&str> = text.trim().split(['/', '-', '.', ' ']).collect();
    let [first, second, third] = parts.try_into().ok()?;
    let (year, month, day) = match format {
        DateFormat::MonthDayYear => (third, first, second),
        DateFormat::DayMonthYear => (third, second, first),
        DateFormat::YearMonthDay => (first, second, third),
    };
    let number =
        |text: &str, most: usize| text.parse::<i16>().ok().filter(|_| text.len() <= most && text.bytes().all(|b| b.is_ascii_digit()));
    let year = match year.len() {
        2 => number(year, 2)? + 2_000,
        4 => number(year, 4)?,
        _ => return None,
    };
    let (month, day) = (i8::try_from(number(month, 2)?).ok()?, i8::try_from(number(day, 2)?).ok()?);
    jiff::civil::Date::new(year, month, day).ok().map(|date| date.to_string())
}

/// A date, and a time in UTC where there is one; a moment of ISO 8601 is certain in every format.
fn moment(format: DateFormat, text: &str) -> Option<String> {
    let text = text.trim();
    if text.contains('T') && text.ends_with('Z') {
        return Some(text.to_owned());
    }
    let Some((day, time)) = text.rsplit_once(' ').filter(|(_, time)| time.contains(':')) else {
        return date(format, text).map(|day| format!("{day}T00:00:00.000Z"));
    };
    let time: jiff::civil::Time = time.parse().ok()?;
    Some(format!("{}T{:02}:{:02}:{:02}.000Z", date(format, day)?, time.hour(), time.minute(), time.second()))
}

/// An owner by id, by address or by name.
fn owner(state: &State, text: &str) -> Result<String, BadCell> {
    let fits = |owner: &&keyway_objects::state::Owner| {
        owner.id.to_string() == text || owner.email.eq_ignore_ascii_case(text) || owner.name().eq_ignore_ascii_case(text)
    };
    let mut found = state.live_owners().filter(fits);
    match (found.next(), found.next()) {
        (Some(owner), None) => Ok(owner.id.to_string()),
        (None, _) => Err(("COULD_NOT_FIND_OWNER", format!("there is no owner {text}"))),
        (Some(_), Some(_)) => Err(("MULTIPLE_OWNERS_FOUND", format!("{text} is several owners"))),
    }
}

/// A label is as good as the value that it is the label of; several stand between semicolons.
fn option(property: &Property, text: &str) -> String {
    let one = |text: &str| {
        let is_value = property.choices.iter().any(|choice| choice.value == text);
        let labelled = property.choices.iter().find(|choice| !is_value && choice.label.eq_ignore_ascii_case(text.trim()));
        labelled.map_or_else(|| text.to_owned(), |choice| choice.value.to_string())
    };
    if property.field_type == "checkbox" { text.split(';').map(one).collect::<Vec<_>>().join(";") } else { one(text) }
}

fn boolean(text: &str) -> String {
    match text.trim().to_ascii_lowercase().as_str() {
        "yes" | "1" => "true".to_owned(),
        "no" | "0" => "false".to_owned(),
        other => other.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_in_the_order_of_the_format_and_no_other() {
        use DateFormat::{DayMonthYear, MonthDayYear, YearMonthDay};
        for (format, text, expected) in [
            (MonthDayYear, "1/31/2027", Some("2027-01-31")),
            (MonthDayYear, "31/1/2027", None),
            (DayMonthYear, "31.01.27", Some("2027-01-31")),
            (YearMonthDay, "2027-01-31", Some("2027-01-31")),
            (MonthDayYear, "2027-01-31", None),
            (DayMonthYear, "29-02-2027", None),
            (MonthDayYear, "1/2", None),
            (MonthDayYear, "+1/2/2027", None),
            (MonthDayYear, "soon", None),
        ] {
            assert_eq!(date(format, text).as_deref(), expected, "{format:?} {text}");
        }
    }

    #[test]
    fn moments_have_a_time_or_are_midnight() {
        let read = |text: &str| moment(DateFormat::DayMonthYear, text);
        assert_eq!(read("31/1/2027 14:05").as_deref(), Some("2027-01-31T14:05:00.000Z"));
        assert_eq!(read("31/1/2027").as_deref(), Some("2027-01-31T00:00:00.000Z"));
        assert_eq!(read("31/1/2027 25:00"), None);
    }
}
