//! Turns a property value as callers send it into the one form that records keep.
//!
//! It knows only value types. Pipelines and owners are checked elsewhere, with the account.

use keyway_core::time::Timestamp;

use crate::invalid::{self, BadValue};
use crate::property::{Property, ValueType};

/// Longest text that HubSpot keeps in a string property, in characters (facts, section 7).
pub(crate) const TEXT_CHARS_MAX: usize = 65_536;

/// The stored form of a value, or why there is none. The empty text clears and is always fine.
pub(crate) fn normalise(property: &Property, raw: &str) -> Result<String, BadValue> {
    if raw.is_empty() {
        return Ok(String::new());
    }
    match property.value_type {
        ValueType::Text | ValueType::Json | ValueType::ObjectCoordinates | ValueType::PhoneNumber => text(property, raw),
        ValueType::Number => number(raw).map(|_| raw.trim().to_owned()).ok_or_else(|| invalid::number_invalid(raw)),
        ValueType::Bool => boolean(raw),
        ValueType::Enumeration => option(property, raw),
        ValueType::Date => date(raw),
        ValueType::DateTime => moment(raw).map(Timestamp::to_iso).ok_or_else(|| invalid::date_invalid(raw)),
    }
}

/// A finite number; `inf` and `nan` are none to HubSpot.
pub(crate) fn number(raw: &str) -> Option<f64> {
    raw.trim().parse::<f64>().ok().filter(|number| number.is_finite())
}

/// A moment, in ISO 8601 or as milliseconds since 1970.
pub fn moment(raw: &str) -> Option<Timestamp> {
    let raw = raw.trim();
    let moment = match raw.parse::<i64>() {
        Ok(ms) => Timestamp::from_ms(ms),
        Err(_) => Timestamp::parse_iso(raw)?,
    };
    YEARS_1_TO_9999_MS.contains(&moment.as_ms()).then_some(moment)
}

/// What four digits of a year can say; past it the stored form could not be read back.
const YEARS_1_TO_9999_MS: std::ops::RangeInclusive<i64> = -62_135_596_800_000..=253_402_300_799_999;

/// Milliseconds of a day; a `date` is midnight UTC.
const DAY_MS: i64 = 86_400_000;

fn text(property: &Property, raw: &str) -> Result<String, BadValue> {
    if raw.len() > TEXT_CHARS_MAX && raw.chars().count() > TEXT_CHARS_MAX {
        return Err(invalid::text_too_long(TEXT_CHARS_MAX));
    }
    // The unique text property of contacts is the e-mail address; HubSpot keeps it in lower case.
    if property.is_unique() && &*property.name == "email" {
        let address = raw.trim().to_lowercase();
        return if is_email(&address) { Ok(address) } else { Err(invalid::email_invalid(raw)) };
    }
    Ok(raw.to_owned())
}

/// Whether a text is an address as HubSpot takes it.
pub fn is_email(address: &str) -> bool {
    let Some((local, domain)) = address.rsplit_once('@') else { return false };
    let labels_fine = domain.split('.').all(|label| !label.is_empty());
    !local.is_empty()
        && domain.contains('.')
        && labels_fine
        && !local.contains('@')
        && !address.chars().any(|c| c.is_whitespace() || c.is_control())
}

fn boolean(raw: &str) -> Result<String, BadValue> {
    let value = raw.to_ascii_lowercase();
    match value.as_str() {
        "true" | "false" => Ok(value),
        _ => Err(invalid::option_invalid(raw, "true, false")),
    }
}

fn option(property: &Property, raw: &str) -> Result<String, BadValue> {
    let allowed = |value: &str| property.choices.is_empty() || property.choices.iter().any(|choice| choice.value == value);
    let several = property.field_type == "checkbox";
    let wrong =
        if several { raw.split(';').find(|part| !part.is_empty() && !allowed(part)) } else { Some(raw).filter(|raw| !allowed(raw)) };
    match wrong {
        None => Ok(raw.to_owned()),
        Some(value) => Err(not_an_option(value, property.choices.iter().map(|choice| &*choice.value))),
    }
}

/// The refusal of a value that is not among the options.
pub(crate) fn not_an_option<'a>(value: &str, allowed: impl Iterator<Item = &'a str>) -> BadValue {
    let allowed: Vec<&str> = allowed.collect();
    invalid::option_invalid(value, allowed.join(", "))
}

fn date(raw: &str) -> Result<String, BadValue> {
    let moment = moment(raw).ok_or_else(|| invalid::date_invalid(raw))?;
    if moment.as_ms() % DAY_MS != 0 {
        return Err(invalid::date_not_midnight(raw, &moment.to_iso()[10..]));
    }
    Ok(moment.to_iso()[..10].to_owned())
}

/// A checkbox value after a write: a leading `;` adds to what is there (facts, section 7).
pub(crate) fn merge_checkbox(current: &str, written: &str) -> String {
    let Some(added) = written.strip_prefix(';') else { return written.to_owned() };
    let mut parts: Vec<&str> = current.split(';').filter(|part| !part.is_empty()).collect();
    for part in added.split(';').filter(|part| !part.is_empty()) {
        if !parts.contains(&part) {
            parts.push(part);
        }
    }
    parts.join(";")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::Kind;
    use crate::schema::Schema;

    fn check(property: &str, raw: &str, expected: Result<&str, &str>) {
        let (kind, name) = property.split_once('.').unwrap();
        let schema = Schema::of(Kind::of(kind).unwrap());
        let got = normalise(schema.get(name).unwrap(), raw);
        assert_eq!(got.as_deref().map_err(|bad| bad.code), expected, "{name} {raw}");
    }

    #[test]
    fn numbers_are_finite() {
        check("deals.amount", "12.50", Ok("12.50"));
        check("deals.amount", "12,50", Err("INVALID_INTEGER"));
        check("deals.amount", "inf", Err("INVALID_INTEGER"));
    }

    #[test]
    fn options_are_exact() {
        check("contacts.lifecyclestage", "lead", Ok("lead"));
        check("contacts.lifecyclestage", "Lead", Err("INVALID_OPTION"));
        check("contacts.hs_buying_role", "CHAMPION;BLOCKER", Ok("CHAMPION;BLOCKER"));
        check("contacts.hs_buying_role", "CHAMPION;NOBODY", Err("INVALID_OPTION"));
        check("contacts.lifecyclestage", "lead;other", Err("INVALID_OPTION"));
    }

    #[test]
    fn dates_are_midnight_and_moments_are_any_time() {
        check("quotes.hs_expiration_date", "2026-11-23", Ok("2026-11-23"));
        check("quotes.hs_expiration_date", "1795392000000", Ok("2026-11-23"));
        check("quotes.hs_expiration_date", "1795392000001", Err("INVALID_DATE"));
        check("deals.closedate", "1795392000001", Ok("2026-11-23T00:00:00.001Z"));
        check("deals.closedate", "soon", Err("INVALID_DATE"));
        check("deals.closedate", "9223372036854775807", Err("INVALID_DATE"));
    }

    #[test]
    fn addresses_are_kept_in_lower_case() {
        check("contacts.email", "Ada@Example.com", Ok("ada@example.com"));
        check("contacts.email", "ada@example", Err("INVALID_EMAIL"));
        check("contacts.email", "a b@example.com", Err("INVALID_EMAIL"));
    }

    #[test]
    fn a_leading_semicolon_adds() {
        assert_eq!(merge_checkbox("a;b", ";b;c"), "a;b;c");
        assert_eq!(merge_checkbox("a;b", "c"), "c");
    }

    #[test]
    fn text_has_a_longest_length() {
        check("contacts.city", &"x".repeat(TEXT_CHARS_MAX), Ok(&"x".repeat(TEXT_CHARS_MAX)));
        check("contacts.city", &"x".repeat(TEXT_CHARS_MAX + 1), Err("INVALID_STRING"));
    }
}
