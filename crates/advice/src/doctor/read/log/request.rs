//! Requests in a text: one without an answer, and the body of a call.

use serde_json::Value;

use crate::doctor::read::loose;
use crate::doctor::{Answer, Call};
use keyway_core::catalog::Method;

/// Whether a text is a request and nothing else: its line, its headers, its body.
pub(super) fn is_a_request(text: &str) -> bool {
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    let mut words = first.split_whitespace();
    let method = words.next().is_some_and(|word| Method::parse(word).is_some());
    let target = words.next().is_some_and(|word| word.starts_with('/') || word.starts_with("http"));
    let only = words.next().is_none_or(|word| word.starts_with("HTTP/")) && words.next().is_none();
    let (headers, body) = rest.find('{').map_or((rest, ""), |begin| rest.split_at(begin));
    let plain = headers.lines().all(|line| line.trim().is_empty() || is_header(line.trim()));
    let whole =
        body.is_empty() || loose::container(body).is_some_and(|(value, length)| is_body(&value) && body[length..].trim().is_empty());
    method && target && only && plain && whole
}

/// Whether JSON behind a call is its body, and not its answer.
fn is_body(value: &Value) -> bool {
    const OF_BODIES: [&str; 12] = [
        "properties",
        "inputs",
        "filterGroups",
        "filters",
        "fields",
        "associations",
        "limit",
        "after",
        "sorts",
        "query",
        "options",
        "access",
    ];
    const OF_ANSWERS: [&str; 8] = ["error", "errors", "message", "detail", "status", "results", "code", "createdAt"];
    let has = |names: &[&str]| names.iter().any(|name| value.get(*name).is_some());
    has(&OF_BODIES) && !has(&OF_ANSWERS) && Answer::within(value, 0).is_none()
}

/// Whether a line is a header of a request.
fn is_header(line: &str) -> bool {
    let name = line.split_once(": ").map(|(name, _)| name.to_ascii_lowercase()).unwrap_or_default();
    name.starts_with("x-") || HEADERS.contains(&name.as_str())
}

/// The headers of requests, in lower case.
const HEADERS: [&str; 14] = [
    "authorization",
    "content-type",
    "content-length",
    "accept",
    "accept-encoding",
    "accept-language",
    "host",
    "user-agent",
    "cookie",
    "cache-control",
    "connection",
    "origin",
    "referer",
    "idempotency-key",
];

/// The longest beginning of a text behind a call in which its body may begin: headers, and a blank line.
const BEFORE_BODY_MAX: usize = 600;

/// Reads the body of a call, in the line of the call or below its headers.
pub(super) fn body(rest: &str, call: &mut Call) {
    if call.body.is_some() || matches!(call.method.as_deref(), None | Some("DELETE")) {
        return;
    }
    let Some(begin) = rest.find('{').filter(|begin| *begin <= BEFORE_BODY_MAX) else { return };
    let mut lines = rest[..begin].lines();
    let first = lines.next().unwrap_or_default().trim();
    let in_line = first.is_empty()
        || ["body", "data", "json", "with", "payload", "http/1.1", "-d '", "--data '"]
            .iter()
            .any(|word| first.to_ascii_lowercase().trim_end_matches([':', '=', ' ']).ends_with(word.trim_end()));
    if !in_line || !lines.all(|line| line.trim().is_empty() || is_header(line.trim())) {
        return;
    }
    let Some((value, length)) = loose::container(&rest[begin..]) else { return };
    if is_body(&value) {
        call.body_chars = rest[begin..begin + length].chars().count();
        call.body = Some(value);
    }
}
