//! The validation rules that an account sets on a property, and their check of a value.
//!
//! Rules on durations, days of the week, formats and telephone numbers are stored and returned, but refuse
//! nothing: HubSpot has not published what their arguments mean, as far as we know.

use crate::invalid::{self, BadValue};
use crate::property::Rule;
use crate::value;

/// Every type of rule.
pub const TYPES: [&str; 27] = [
    "AFTER_DATETIME_DURATION",
    "AFTER_DURATION",
    "ALPHANUMERIC",
    "BEFORE_DATETIME_DURATION",
    "BEFORE_DURATION",
    "DAYS_OF_WEEK",
    "DECIMAL",
    "DOMAIN",
    "EMAIL",
    "EMAIL_ALLOWED_DOMAINS",
    "EMAIL_BLOCKED_DOMAINS",
    "END_DATE",
    "END_DATETIME",
    "FORMAT",
    "MAX_LENGTH",
    "MAX_NUMBER",
    "MIN_LENGTH",
    "MIN_NUMBER",
    "PHONE_NUMBER_WITH_EXPLICIT_COUNTRY_CODE",
    "REGEX",
    "SPECIAL_CHARACTERS",
    "START_DATE",
    "START_DATETIME",
    "URL",
    "URL_ALLOWED_DOMAINS",
    "URL_BLOCKED_DOMAINS",
    "WHITESPACE",
];

/// Refuses a value that breaks a rule. No value breaks none.
pub fn check(rules: &[Rule], value: &str) -> Result<(), BadValue> {
    if value.is_empty() {
        return Ok(());
    }
    match rules.iter().find(|rule| !satisfies(rule, value)) {
        None => Ok(()),
        Some(rule) => Err(invalid::rule_broken(value, &rule.rule_type, rule.arguments.join(", "))),
    }
}

fn satisfies(rule: &Rule, value: &str) -> bool {
    let first = rule.arguments.first().map_or("", String::as_str);
    let length = |fits: fn(&usize, &usize) -> bool| first.parse().is_ok_and(|limit: usize| fits(&value.chars().count(), &limit));
    let number = |fits: fn(&f64, &f64) -> bool| match (value::number(value), value::number(first)) {
        (Some(value), Some(limit)) => fits(&value, &limit),
        _ => false,
    };
    let domain = || value.rsplit_once('@').map_or("", |(_, domain)| domain);
    let listed = || rule.arguments.iter().any(|own| own.eq_ignore_ascii_case(domain()));
    match rule.rule_type.as_str() {
        "MIN_LENGTH" => length(usize::ge),
        "MAX_LENGTH" => length(usize::le),
        "MIN_NUMBER" => number(f64::ge),
        "MAX_NUMBER" => number(f64::le),
        "ALPHANUMERIC" => value.chars().all(char::is_alphanumeric),
        "WHITESPACE" => !value.chars().any(char::is_whitespace),
        "DECIMAL" => {
            let places = value.split_once('.').map_or(0, |(_, places)| places.len());
            first.parse().is_ok_and(|most: usize| places <= most)
        }
        "EMAIL_ALLOWED_DOMAINS" => listed(),
        "EMAIL_BLOCKED_DOMAINS" => !listed(),
        "START_DATE" | "START_DATETIME" => moments(value, first).is_none_or(|(value, limit)| value >= limit),
        "END_DATE" | "END_DATETIME" => moments(value, first).is_none_or(|(value, limit)| value <= limit),
        _ => true,
    }
}

fn moments(value: &str, limit: &str) -> Option<(i64, i64)> {
    Some((value::moment(value)?.as_ms(), value::moment(limit)?.as_ms()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(rule_type: &str, argument: &str, fits: &str, breaks: &str) {
        let rules = [Rule { rule_type: rule_type.into(), arguments: vec![argument.into()], normalises: false }];
        assert!(super::check(&rules, fits).is_ok(), "{rule_type} {argument} {fits}");
        assert!(super::check(&rules, breaks).is_err(), "{rule_type} {argument} {breaks}");
        assert!(super::check(&rules, "").is_ok());
    }

    #[test]
    fn each_rule_takes_its_limit_and_refuses_what_lies_beyond() {
        check("MIN_LENGTH", "3", "äbc", "äb");
        check("MAX_LENGTH", "3", "äbc", "äbcd");
        check("MIN_NUMBER", "-1.5", "-1.5", "-1.6");
        check("MAX_NUMBER", "10", "10", "10.1");
        check("ALPHANUMERIC", "", "a1", "a-1");
        check("WHITESPACE", "", "ab", "a b");
        check("DECIMAL", "2", "1.25", "1.255");
        check("EMAIL_ALLOWED_DOMAINS", "example.com", "a@Example.com", "a@example.org");
        check("EMAIL_BLOCKED_DOMAINS", "example.com", "a@example.org", "a@example.com");
        check("START_DATE", "2026-01-01", "2026-01-01", "2025-12-31");
        check("END_DATE", "2026-01-01", "2026-01-01", "2026-01-02");
    }
}
