//! Lines of a log, an exception's text, or JSON that holds HubSpot's error.

use serde_json::{Deserializer, Value};

use super::answer_in;
use crate::catalog::Method;
use crate::doctor::{Answer, Call, Evidence, Place};

/// Places in a text where JSON may begin that are tried.
const BRACES_MAX: usize = 200;

/// A JSON text: an error, or a record of a log with one in it.
pub(super) fn of_json(json: &Value, text: &str) -> Evidence {
    let mut answer = answer_in(json);
    if let (Some(answer), Some(status)) = (&mut answer, status_of_record(json)) {
        answer.status.get_or_insert(status);
    }
    let answer = answer.or_else(|| Some(Answer { status: status_of_record(json), ..Answer::of_text(text) }));
    Evidence { call: call_of_record(json).or_else(|| call(text)), answer, ..Evidence::default() }
}

/// Any other text.
pub(super) fn of_text(text: &str) -> Evidence {
    Evidence { call: call(text), answer: answer(text), ..Evidence::default() }
}

/// The answer that a text quotes; none where there is no text.
pub(super) fn answer(text: &str) -> Option<Answer> {
    if text.trim().is_empty() {
        return None;
    }
    let mut answer = json_in(text).unwrap_or_else(|| Answer::of_text(text));
    if answer.status.is_none() {
        answer.status = status(text);
    }
    Some(answer)
}

/// The first error of HubSpot's that stands in a text as JSON.
fn json_in(text: &str) -> Option<Answer> {
    text.match_indices('{').take(BRACES_MAX).find_map(|(at, _)| {
        let json = Deserializer::from_str(&text[at..]).into_iter::<Value>().next()?.ok()?;
        answer_in(&json)
    })
}

/// Words before a number that say that it is a status.
const BEFORE: [&str; 7] = ["http", "status", "code", "error", "response", "returned", "answered"];
/// Words after it.
const AFTER: [&str; 10] = [
    "unauthorized",
    "forbidden",
    "bad request",
    "too many",
    "not found",
    "conflict",
    "multi-status",
    "method not",
    "unsupported",
    "internal server",
];

/// The HTTP status that a text names.
fn status(text: &str) -> Option<u16> {
    let bytes = text.as_bytes();
    let is_edge = |byte: Option<&u8>| byte.is_none_or(|byte| !byte.is_ascii_alphanumeric() && !matches!(byte, b'-' | b'_' | b'.'));
    let named = |at: usize| {
        let number = text.get(at..at + 3)?.parse::<u16>().ok().filter(|number| (200..=599).contains(number))?;
        (is_edge(at.checked_sub(1).and_then(|before| bytes.get(before))) && is_edge(bytes.get(at + 3)) || bytes.get(at + 3) == Some(&b'.'))
            .then_some(())?;
        let start = (at.saturating_sub(24)..=at).find(|start| text.is_char_boundary(*start))?;
        let end = (at + 3..=(at + 24).min(text.len())).rev().find(|end| text.is_char_boundary(*end))?;
        let (before, after) = (text[start..at].to_ascii_lowercase(), text[at + 3..end].to_ascii_lowercase());
        let before = before.rsplit('\n').next().unwrap_or_default();
        let bracketed = before.ends_with('(') && after.starts_with(')');
        (bracketed
            || BEFORE.iter().any(|word| before.contains(word))
            || AFTER.iter().any(|word| after.trim_start_matches([':', ' ', '-']).starts_with(word)))
        .then_some(number)
    };
    let success = (0..bytes.len()).filter(|at| bytes[*at].is_ascii_digit()).filter_map(named).collect::<Vec<u16>>();
    // An error is what the text is about, where it names several.
    success.iter().copied().find(|status| *status >= 400).or_else(|| success.first().copied())
}

/// The call that a text names: an URL of HubSpot's or a path with a method before it.
fn call(text: &str) -> Option<Call> {
    let ends = |one: char| one.is_whitespace() || matches!(one, '"' | '\'' | '`' | '<' | '>' | ')' | ']' | ',' | '\\' | '|');
    let method_before = |at: usize| {
        let words = text[..at].rsplit(|one: char| !one.is_ascii_alphabetic());
        words.filter(|word| !word.is_empty()).take(3).find_map(Method::parse)
    };
    let url = ["https://", "http://"].iter().filter_map(|scheme| text.find(scheme)).filter(|at| is_call(&text[*at..])).min();
    let path = || {
        Method::ALL.iter().find_map(|method| {
            let at = text.find(&format!("{method} /"))?;
            Some(at + method.as_str().len() + 1)
        })
    };
    let at = url.or_else(path)?;
    let target = &text[at..text[at..].find(ends).map_or(text.len(), |length| at + length)];
    let mut call = Call { method: method_before(at).map(|method| method.as_str().to_owned()), ..Call::default() };
    call.target(target.trim_end_matches(['.', ';', ':']));
    bearer(text, &mut call);
    Some(call)
}

/// Whether a URL is of an API and not of documentation, which every answer of HubSpot's links to.
fn is_call(url: &str) -> bool {
    let host = url.split("://").nth(1).unwrap_or_default().split(['/', '?', '"', '\'', ' ', ':']).next().unwrap_or_default();
    let documents = ["developers.hubspot.com", "knowledge.hubspot.com", "community.hubspot.com", "legacydocs.hubspot.com"];
    !documents.contains(&host)
}

/// The bearer token that a text shows.
fn bearer(text: &str, call: &mut Call) {
    let lower = text.to_ascii_lowercase();
    let Some(at) = lower.find("bearer ") else { return };
    let value: String = text[at + 7..]
        .chars()
        .take_while(|one| !one.is_whitespace() && !matches!(one, '"' | '\'' | ',' | '\\' | '}' | ')'))
        .take(1_000)
        .collect();
    if value.chars().any(|one| one.is_ascii_digit()) || value.starts_with('$') {
        call.presents(Place::Bearer, &value);
    }
}

fn field<'v>(json: &'v Value, names: &[&str]) -> Option<&'v Value> {
    let inside = ["request", "req", "config", "http", "response", "res", "context"];
    let own = names.iter().find_map(|name| json.get(*name).filter(|value| !value.is_null()));
    own.or_else(|| {
        inside
            .iter()
            .filter_map(|name| json.get(*name))
            .find_map(|inner| names.iter().find_map(|name| inner.get(*name).filter(|value| !value.is_null())))
    })
}

fn status_of_record(json: &Value) -> Option<u16> {
    let value = field(json, &["statusCode", "status_code", "status", "code", "http_status"])?;
    let number = value.as_u64().and_then(|number| u16::try_from(number).ok()).or_else(|| value.as_str()?.parse().ok());
    number.filter(|status| (100..=599).contains(status))
}

fn call_of_record(json: &Value) -> Option<Call> {
    let url = field(json, &["url", "uri", "path", "endpoint"])?.as_str()?;
    (url.starts_with('/') || url.contains("://")).then_some(())?;
    let method = field(json, &["method", "verb"]).and_then(Value::as_str).map(str::to_ascii_uppercase);
    let mut call = Call { method, ..Call::default() };
    call.target(url);
    Some(call)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_a_number_that_is_called_so() {
        for (text, expected) in [
            ("127.0.0.1 \"GET /crm/v3/owners HTTP/1.1\" 403 512", Some(403)),
            ("hubspot.exceptions.ForbiddenException: (403)\nReason: Forbidden", Some(403)),
            ("Request failed with status code 429", Some(429)),
            ("500 contacts were read, then: 401 Unauthorized", Some(401)),
            ("< HTTP/2 401 ", Some(401)),
            ("500 contacts were read", None),
            ("v404-beta", None),
        ] {
            assert_eq!(status(text), expected, "{text}");
        }
    }

    #[test]
    fn documentation_is_no_call() {
        let text =
            r#"{"message":"see https://developers.hubspot.com/docs/methods/auth/oauth-overview","category":"INVALID_AUTHENTICATION"}"#;
        assert!(call(text).is_none());
        assert_eq!(call("failed: GET https://api.hubapi.com/crm/v3/owners: 403").unwrap().path, "/crm/v3/owners");
    }
}
