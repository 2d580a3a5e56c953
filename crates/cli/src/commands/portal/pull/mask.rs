//! Masks a value before a pull writes it anywhere.
//!
//! Kept unchanged: options that HubSpot defines, and its true and false. Made less exact: numbers, to their
//! first digit, and days, to their month. Every other value is replaced by one that is made of the record's ID
//! and the property, never of the value itself, so that nobody can guess values and compare them with the file.
//! The same record gets the same values in each pull.

use serde_json::Value;

/// A number that replaces the ID of a record or of another thing of an account.
pub struct Pseudonym(u64);

impl Pseudonym {
    /// Of these parts: FNV-1a, mixed.
    pub fn of(parts: &[&str]) -> Self {
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        for byte in parts.iter().flat_map(|part| part.bytes().chain([0])) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        Self(hash ^ (hash >> 27))
    }

    /// Twelve hexadecimal digits.
    pub fn text(&self) -> String {
        format!("{:012x}", self.0 >> 16)
    }

    fn pick<'a, T>(&self, from: &'a [T]) -> Option<&'a T> {
        from.get(usize::try_from(self.0 % from.len().max(1) as u64).unwrap_or(0))
    }
}

/// The value of a property in the seed; none where it has no place there.
pub fn value(property: &Value, record: &[&str], value: &str) -> Option<String> {
    let name = property["name"].as_str()?;
    let is_own = property["hubspotDefined"] != true;
    let own = Pseudonym::of(&[record, &[name]].concat());
    let is_unique = property["hasUniqueValue"] == true;
    match property["type"].as_str()? {
        "enumeration" => {
            let options = property["options"].as_array().into_iter().flatten();
            let options: Vec<&str> = options.filter_map(|option| option["value"].as_str()).collect();
            // Owners, pipelines and stages have no options here: the seed names them by ID.
            let is_known = options.is_empty() || value.split(';').all(|part| options.contains(&part));
            if !is_own && is_known {
                return Some(value.to_owned());
            }
            own.pick(&options).map(ToString::to_string)
        }
        "bool" if !is_own && matches!(value, "true" | "false") => Some(value.to_owned()),
        "bool" => own.pick(&["true", "false"]).map(ToString::to_string),
        "number" if is_unique => Some((own.0 >> 24).to_string()),
        "number" => class(value),
        "date" | "datetime" => day(value, is_own, property["type"] == "datetime"),
        "string" | "phone_number" => Some(text(name, property, &own, value)),
        _ => None,
    }
}

/// The first digit, and zeros: 1,234 becomes 1,000, and 0.056 becomes 0.05.
fn class(value: &str) -> Option<String> {
    let number: f64 = value.trim().parse().ok().filter(|number: &f64| number.is_finite())?;
    if number == 0.0 {
        return Some("0".to_owned());
    }
    let text = format!("{:e}", number.abs());
    let (digits, exponent) = text.split_once('e')?;
    let exponent: i32 = exponent.parse().ok().filter(|exponent| (-9..=15).contains(exponent))?;
    let (sign, digit) = (if number < 0.0 { "-" } else { "" }, digits.get(..1)?);
    Some(if exponent >= 0 {
        format!("{sign}{digit}{}", "0".repeat(exponent.unsigned_abs() as usize))
    } else {
        format!("{sign}0.{}{digit}", "0".repeat(exponent.unsigned_abs() as usize - 1))
    })
}

/// The first day of the month, or of the year where the account defined the property: it may be a birthday.
fn day(value: &str, is_own: bool, is_moment: bool) -> Option<String> {
    let at = match value.parse::<i64>() {
        Ok(ms) => keyway_core::time::Timestamp::from_ms(ms),
        Err(_) => keyway_core::time::Timestamp::parse_iso(value)?,
    };
    let date = at.to_date();
    let first = if is_own { format!("{}-01-01", date.get(..4)?) } else { format!("{}-01", date.get(..7)?) };
    Some(if is_moment { format!("{first}T00:00:00.000Z") } else { first })
}

/// A replacement text that shows which kind of value it replaces.
fn text(name: &str, property: &Value, own: &Pseudonym, value: &str) -> String {
    let id = own.text();
    if name.contains("email") && !name.starts_with("hs_email_") || value.contains('@') && !value.contains(char::is_whitespace) {
        return format!("person-{id}@example.com");
    }
    if name.contains("domain") {
        return format!("{id}.example.com");
    }
    if value.contains("://") || name.contains("website") {
        return format!("https://{id}.example.com");
    }
    if name.contains("phone") || name.contains("fax") || property["type"] == "phone_number" {
        return format!("+1 202 555 01{:02}", own.0 % 100);
    }
    format!("{name} {id}")
}

/// Fields of filters that name definitions.
const NAMES: [&str; 5] = ["property", "objectTypeId", "listId", "timezoneId", "zoneId"];
/// Fields of filters whose constants are HubSpot's, such as `IS_ANY_OF`.
const CODES: [&str; 14] = [
    "filterType",
    "filterBranchType",
    "filterBranchOperator",
    "operator",
    "operationType",
    "associationCategory",
    "setType",
    "timeType",
    "timezoneSource",
    "referenceType",
    "rangeType",
    "lowerBoundEndpointBehavior",
    "upperBoundEndpointBehavior",
    "propertyParser",
];
/// Fields of filters that a property is compared with.
const OPERANDS: [&str; 5] = ["value", "values", "lowerBound", "upperBound", "defaultComparisonValue"];

fn is_constant(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
}

/// A list's filters: each text is replaced, except names of definitions, HubSpot's constants and options; numbers that
/// a property is compared with stay in classes. `is_option` says whether a value is an option of a property.
pub fn filters(filters: &mut Value, is_option: &dyn Fn(&str, &str) -> bool) {
    field("", filters, "", is_option);
}

fn field(name: &str, value: &mut Value, property: &str, is_option: &dyn Fn(&str, &str) -> bool) {
    let is_operand = OPERANDS.contains(&name);
    match value {
        Value::Array(all) => all.iter_mut().for_each(|one| field(name, one, property, is_option)),
        Value::Object(fields) => {
            let property = fields.get("property").and_then(Value::as_str).unwrap_or(property).to_owned();
            fields.iter_mut().for_each(|(name, one)| field(name, one, &property, is_option));
        }
        Value::String(text) => {
            let is_kept = NAMES.contains(&name) || CODES.contains(&name) && is_constant(text) || is_operand && is_option(property, text);
            if !is_kept {
                *text = if is_operand { masked_operand(property, text) } else { "masked".to_owned() };
            }
        }
        Value::Number(number) if is_operand => {
            if let Some(class) = class(&number.to_string()).and_then(|class| serde_json::from_str(&class).ok()) {
                *value = class;
            }
        }
        _ => {}
    }
}

fn masked_operand(property: &str, value: &str) -> String {
    match class(value) {
        Some(class) => class,
        None if value.contains('@') => "masked@example.com".to_owned(),
        None => format!("{property} masked"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const RECORD: [&str; 3] = ["4242", "contacts", "101"];

    fn masked(kind: &str, name: &str, own: bool, text: &str) -> Option<String> {
        let property = json!({ "name": name, "type": kind, "hubspotDefined": !own, "options": [{ "value": "gold" }, { "value": "red" }] });
        value(&property, &RECORD, text)
    }

    #[test]
    fn numbers_and_days_become_classes() {
        for (from, to) in [("1234.5", "1000"), ("-87", "-80"), ("0.056", "0.05"), ("0", "0"), ("7", "7"), ("999999", "900000")] {
            assert_eq!(masked("number", "amount", false, from).as_deref(), Some(to), "{from}");
        }
        for wrong in ["NaN", "inf", "1e300", "x", ""] {
            assert_eq!(masked("number", "amount", false, wrong), None, "{wrong}");
        }
        assert_eq!(masked("date", "closedate", false, "2026-11-29").as_deref(), Some("2026-11-01"));
        assert_eq!(masked("date", "birthday", true, "1985-11-29").as_deref(), Some("1985-01-01"));
        assert_eq!(masked("datetime", "closedate", false, "2026-11-29T10:11:12Z").as_deref(), Some("2026-11-01T00:00:00.000Z"));
    }

    #[test]
    fn of_a_text_nothing_stays_and_the_mask_is_the_same_again() {
        for name in ["firstname", "email", "phone", "website", "domain", "notes"] {
            for text in ["Zebulon", "zebulon@planted.example.org", "https://zebulon.example.org/x", "+49 170 1234567"] {
                let mask = masked("string", name, false, text).unwrap();
                assert!(!mask.contains("ebulon") && !mask.contains("1234567"), "{mask}");
                assert_eq!(masked("string", name, false, text).unwrap(), mask);
            }
            // The value plays no part beyond its form.
            assert_eq!(masked("string", name, false, "Ann"), masked("string", name, false, "Bob"));
        }
    }

    #[test]
    fn options_of_hubspot_stay_and_those_of_the_account_are_drawn() {
        assert_eq!(masked("enumeration", "lifecyclestage", false, "gold;red").as_deref(), Some("gold;red"));
        assert_ne!(masked("enumeration", "lifecyclestage", false, "Zebulon").as_deref(), Some("Zebulon"));
        let drawn = masked("enumeration", "plan", true, "Zebulon's plan").unwrap();
        assert!(["gold", "red"].contains(&drawn.as_str()));
    }

    #[test]
    fn filters_keep_their_form_and_lose_their_texts() {
        let mut branch = json!({ "filterBranchType": "OR", "filterBranches": [{ "filterBranchType": "AND", "filters": [
            { "filterType": "PROPERTY", "property": "email", "operation": { "operationType": "MULTISTRING", "operator": "IS_EQUAL_TO", "values": ["zebulon@planted.org"] } },
            { "filterType": "PROPERTY", "property": "lifecyclestage", "operation": { "operationType": "ENUMERATION", "operator": "IS_ANY_OF", "values": ["lead"] } },
            { "filterType": "PROPERTY", "property": "amount", "operation": { "operationType": "NUMBER", "operator": "IS_GREATER_THAN", "value": 1234 } },
            { "filterType": "PAGE_VIEW", "pageUrl": "https://zebulon.example.org", "operator": "HAS_PAGEVIEW_EQ", "tags": ["zebulon"], "code": "ZEB1", "operation": { "defaultComparisonValue": "zebulon", "plate": "ZEB" } } ] }] });
        filters(&mut branch, &|property, value| property == "lifecyclestage" && value == "lead");
        let text = branch.to_string();
        assert!(
            !text.contains("zebulon")
                && !text.contains("ZEB")
                && text.contains("\"lead\"")
                && text.contains("1000")
                && text.contains("HAS_PAGEVIEW_EQ"),
            "{text}"
        );
    }
}
