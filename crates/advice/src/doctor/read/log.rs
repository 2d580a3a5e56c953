//! Lines of a log, the text of an exception, or JSON that contains HubSpot's error.

mod request;
mod status;

use serde_json::Value;

use request::{body, is_a_request};
use status::status;

use super::{loose, sdk, unwrap};
use crate::doctor::answer::LAYERS_MAX;
use crate::doctor::words::{speaks_of_failure, went_well};
use crate::doctor::{Answer, Call, Evidence, Place, rules};
use keyway_core::catalog::Method;

/// The most places in a text that are tried as the beginning of a value.
const BRACES_MAX: usize = 400;
/// The most places in a text that are tried as HubSpot's status.
const PLACES_MAX: usize = 50;
/// The most text that is read at all these places together, in bytes.
const WORK_MAX: usize = 2 * 1024 * 1024;

/// A JSON text: an error, or a log record that contains one.
pub(super) fn of_json(json: &Value, text: &str) -> Evidence {
    let mut answer = Answer::of_json(json).unwrap_or_else(|| Answer::of_text(text));
    if answer.status.is_none() {
        answer.status = status_of_record(json).or_else(|| status(text));
    }
    about(text, &mut answer);
    Evidence { call: call_of_record(json).or_else(|| call(text)), answer: Some(answer), ..Evidence::default() }
}

/// Any other text.
pub(super) fn of_text(text: &str) -> Evidence {
    let call = call(text);
    // A request without anything else has no answer yet.
    let answer = if call.is_some() && is_a_request(text) { None } else { answer(text) };
    Evidence { call, answer, ..Evidence::default() }
}

/// A text in which a program's own server answers a call with a 5xx, and quotes HubSpot's status: `HubSpot 403: …`. What
/// failed is the server's call to HubSpot, which the text does not show.
pub(super) fn behind(text: &str) -> Option<Evidence> {
    let quoted = |status: &str| status.parse::<u16>().is_ok_and(|status| (400..600).contains(&status));
    let (at, _) = text.match_indices("HubSpot ").take(PLACES_MAX).find(|(at, name)| {
        let after = &text[at + name.len()..];
        after.get(..3).is_some_and(quoted) && after[3..].starts_with([':', ' ', '\n', '"'])
    })?;
    let call = call(&text[..at]).filter(|call| call.host.is_none() && call.sdk.is_none() && call.path.len() > 1)?;
    let of_a_server = status(&text[..at])? >= 500 && !call.is_of_the_api();
    let quote = &text[at..];
    let quote = if text[..at].ends_with('"') { quote.split('"').next()? } else { quote };
    of_a_server.then(|| of_text(quote))
}

/// The answer that a text quotes; none where there is no text.
pub(super) fn answer(text: &str) -> Option<Answer> {
    if text.trim().is_empty() {
        return None;
    }
    let mut answer = error_in(text, LAYERS_MAX).unwrap_or_else(|| Answer::of_text(text));
    if answer.status.is_none() {
        answer.status = status(text);
    }
    about(text, &mut answer);
    Some(answer)
}

/// Adds what is around an error: Keyway's header, and HubSpot's words in capitals.
fn about(text: &str, answer: &mut Answer) {
    answer.keyway_rule = answer.keyway_rule.take().or_else(|| header(text, "keyway-rule"));
    answer.correlation_id = answer.correlation_id.take().or_else(|| header(text, "x-hubspot-correlation-id"));
    answer.words = capitals(text);
    // So is a token beside an answer that found none.
    if answer.envelope && (answer.weight() < 4 || !answer.own || answer.is("INVALID_AUTHENTICATION") && text.contains("Bearer pat-")) {
        // The program's own sentence beside the error, such as the name of the host that it could not reach.
        answer.around = text.chars().take(4_000).collect();
    }
}

/// The HubSpot error in a text, in whatever form a program printed and wrapped it. Of several errors, the one with the
/// most information.
pub(in crate::doctor) fn error_in(text: &str, layers: usize) -> Option<Answer> {
    let mut best: Option<Answer> = None;
    let mut budget = WORK_MAX;
    for form in unwrap::forms(text) {
        let mut at = 0;
        for _ in 0..BRACES_MAX {
            let Some(next) = form[at..].find(['{', '[', '(']) else { break };
            at += next;
            if budget == 0 {
                return best;
            }
            let whole = form[at..].starts_with('{');
            let Some((value, length)) = loose::container(&form[at..]) else {
                at += 1;
                continue;
            };
            budget = budget.saturating_sub(length);
            if is_empty(&value) {
                at += 1;
                continue;
            }
            if let Some(found) = Answer::within(&value, layers)
                && best.as_ref().is_none_or(|best| found.weight() > best.weight())
            {
                best = Some(found);
            }
            // A list may be a note in brackets before the error.
            at += if whole { length.max(1) } else { 1 };
        }
    }
    best
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Object(object) => object.is_empty(),
        Value::Array(list) => list.iter().all(|one| !one.is_object() && !one.is_array()),
        _ => true,
    }
}

/// The value of a header in a text, in the output form of any program.
pub(super) fn header(text: &str, name: &str) -> Option<String> {
    let at = find_ascii(text, name)? + name.len();
    let rest = text[at..].trim_start_matches(['"', '\'', ' ', ':', '=', '>', '[', ']', '\\', '\t']);
    let length = rest.find(|one: char| !(one.is_ascii_alphanumeric() || matches!(one, '-' | '_'))).unwrap_or(rest.len());
    (length > 0 && length <= 100).then(|| rest[..length].to_owned())
}

/// The offset of an ASCII word, in any case.
fn find_ascii(text: &str, word: &str) -> Option<usize> {
    let (text, word) = (text.as_bytes(), word.as_bytes());
    text.windows(word.len()).position(|window| window.eq_ignore_ascii_case(word))
}

/// Words in capitals, in which HubSpot names an error: `USER_DOES_NOT_HAVE_PERMISSIONS`.
pub(super) fn capitals(text: &str) -> Vec<String> {
    let is_part = |one: char| one.is_ascii_uppercase() || one.is_ascii_digit() || one == '_';
    let mut words: Vec<String> = Vec::new();
    let mut at = 0;
    for word in text.split(|one: char| !is_part(one)) {
        let before = &text[..at];
        at += word.len();
        at += text[at..].chars().next().map_or(0, char::len_utf8);
        if word.len() >= 5
            && word.len() <= 80
            && word.contains(|one: char| one.is_ascii_uppercase())
            && words.len() < 500
            && !words.iter().any(|known| known == word)
            && !is_compared(before)
        {
            words.push(word.to_owned());
        }
    }
    words
}

/// Whether a program's code compares with the word that follows: the code handles an error that may never have happened.
fn is_compared(before: &str) -> bool {
    let Some(before) = before.strip_suffix(['\'', '"', '`']) else { return false };
    let before = before.trim_end();
    ["===", "!==", "!=", "case", "includes(", ".equals(", "contains("].iter().any(|sign| before.ends_with(sign))
        // Python's tests compare what they got.
        || before.ends_with("==") && !before.rsplit('\n').next().is_some_and(|line| line.trim_start().starts_with("assert"))
}

/// The call that a text names: a HubSpot URL, a path with a method before it, or a client's call.
fn call(text: &str) -> Option<Call> {
    // JSON may escape the slashes of a URL.
    let plain = text.contains("\\/").then(|| text.replace("\\/", "/"));
    let text = plain.as_deref().unwrap_or(text);
    let left = without_calls_that_went_well(text);
    let text = left.as_deref().unwrap_or(text);
    let ends = |one: char| one.is_whitespace() || matches!(one, '"' | '\'' | '`' | '<' | '>' | ')' | ']' | ',' | '\\' | '|');
    let row = sdk::call(text);
    let at = url_of_a_call(text).or_else(|| {
        Method::ALL.iter().find_map(|method| {
            [" ", " to ", " request to "].iter().find_map(|between| {
                let at = text.find(&format!("{method}{between}/"))?;
                Some(at + method.as_str().len() + between.len())
            })
        })
    });
    // The generic call of a client library: `apiRequest({ method: 'POST', path: '/…' })`.
    let at = at.or_else(|| {
        let (request, _) = ["apiRequest(", "api_request("].iter().find_map(|name| text.split_once(name))?;
        let from = request.len();
        let path = ["path: '/", "path: \"/", "\"path\": \"/", "'path': '/"]
            .iter()
            .find_map(|field| Some(text[from..].find(field)? + field.len() - 1))?;
        Some(from + path)
    });
    let Some(at) = at else {
        let row = row?;
        let mut call = Call { method: Some(row.method.as_str().to_owned()), sdk: Some(row.call), ..Call::default() };
        call.target(&filled(row.path));
        bearer(text, &mut call);
        return Some(call);
    };
    let target = &text[at..text[at..].find(ends).map_or(text.len(), |length| at + length)];
    let mut call = Call { method: method_near(text, at, at + target.len()), sdk: row.map(|row| row.call), ..Call::default() };
    let target = target.trim_end_matches(['.', ';', ':']);
    // A brace that the URL does not open is the program's.
    call.target(if target.contains('{') { target } else { target.trim_end_matches('}') });
    if call.host.is_none() {
        call.host = header_host(text);
    }
    // For a URL without a path beside a client's call, the client's call has more information.
    if call.path.trim_matches('/').is_empty()
        && let Some(row) = row
    {
        call.method = Some(row.method.as_str().to_owned());
        call.path = filled(row.path);
    }
    bearer(text, &mut call);
    body(&text[at + target.len()..], &mut call);
    Some(call)
}

/// A text of which a line tells a failure, without the lines whose call to HubSpot went well: that call did not fail. None
/// where the text has no such line.
fn without_calls_that_went_well(text: &str) -> Option<String> {
    let (well, others): (Vec<&str>, Vec<&str>) = text.lines().partition(|line| went_well(&line.to_ascii_lowercase()));
    if well.is_empty() {
        return None;
    }
    let others = others.join("\n");
    let small = others.to_ascii_lowercase();
    let fails = speaks_of_failure(&small) || rules::is_known_sentence(&small) || status(&others).is_some_and(|status| status >= 400);
    fails.then_some(others)
}

/// A template with a value in place of each variable.
fn filled(template: &str) -> String {
    let fill = |segment: &str| match segment {
        typed if typed.contains("bjectType") => "contacts".to_owned(),
        varies if varies.starts_with('{') => "0".to_owned(),
        literal => literal.to_owned(),
    };
    template.split('/').map(fill).collect::<Vec<_>>().join("/")
}

fn header_host(text: &str) -> Option<String> {
    let line = text
        .lines()
        .map(|line| line.trim_start_matches(['>', '<', '*', ' ']))
        .find(|line| line.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("host:")))?;
    let host = line[5..].trim().split(':').next()?.to_ascii_lowercase();
    (!host.is_empty()).then_some(host)
}

/// The method before a URL, or in a field of the log record that contains the URL.
fn method_near(text: &str, from: usize, to: usize) -> Option<String> {
    // What a browser asks before a call.
    if text[..from].trim_end_matches([' ', '"', '\'', '`']).ends_with("OPTIONS") {
        return Some("OPTIONS".to_owned());
    }
    let before =
        text[..from].rsplit(|one: char| !one.is_ascii_alphabetic()).filter(|word| !word.is_empty()).take(3).find_map(Method::parse);
    // `axios.get('https://…')`
    let called = || {
        let (before, name) = text[..from].trim_end_matches(['\'', '"', '`', '(']).rsplit_once('.')?;
        (text[..from].ends_with(['\'', '"', '`']) && !before.is_empty()).then(|| Method::parse(&name.to_ascii_uppercase()))?
    };
    let in_field = |part: &str| {
        let at = find_ascii(part, "method")?;
        let rest = part[at + 6..].trim_start_matches(['"', '\'', ' ', ':', '=', '>', '\\', '_', ']']);
        let word = &rest[..rest.find(|one: char| !one.is_ascii_alphabetic()).unwrap_or(rest.len())];
        Method::parse(&word.to_ascii_uppercase())
    };
    let part = |from: usize, to: usize| {
        let from = (from..=to).find(|at| text.is_char_boundary(*at)).unwrap_or(to);
        let to = (from..=to.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(from);
        &text[from..to]
    };
    let near = || in_field(part(from.saturating_sub(400), from)).or_else(|| in_field(part(to, (to + 400).min(text.len()))));
    before.or_else(called).or_else(near).map(|method| method.as_str().to_owned())
}

/// The start of the URL of a call: of several URLs, the first with an API host, else the first with
/// another HubSpot host.
fn url_of_a_call(text: &str) -> Option<usize> {
    let mut at = 0;
    let mut other = None;
    for _ in 0..200 {
        let Some(next) = text[at..].find("http") else { break };
        at += next;
        let rest = &text[at..];
        let Some(after) = rest.strip_prefix("https://").or_else(|| rest.strip_prefix("http://")) else {
            at += 4;
            continue;
        };
        let host = after.split(['/', '?', '"', '\'', ' ', ':', '`', '\n', ')', '\\']).next().unwrap_or_default().to_ascii_lowercase();
        let path = &after[host.len().min(after.len())..];
        if is_api(&host) {
            return Some(at);
        }
        if other.is_none() && is_call(&host, path) {
            other = Some(at);
        }
        at += 4;
    }
    other
}

fn is_api(host: &str) -> bool {
    host.ends_with("hubapi.com") || host.ends_with("hsforms.com") || host == "mcp.hubspot.com"
}

/// Whether a URL belongs to an API, and not to documentation or to somebody's page.
fn is_call(host: &str, path: &str) -> bool {
    let documents = [
        "developers.hubspot.com",
        "knowledge.hubspot.com",
        "community.hubspot.com",
        "legacydocs.hubspot.com",
        "status.hubspot.com",
        "ecosystem.hubspot.com",
    ];
    let versioned = ["/v1/", "/v2/", "/v3/", "/v4/", "/202", "/oauth/", "hapikey="]
        .iter()
        .any(|part| path.split_whitespace().next().unwrap_or_default().contains(part));
    !documents.iter().any(|known| host.ends_with(known)) && versioned && !host.contains("github") && !host.contains("cloudflare")
}

/// Records the bearer token in a text.
fn bearer(text: &str, call: &mut Call) {
    let Some(at) = find_ascii(text, "bearer ") else {
        // A header that lacks the word.
        if let Some(at) = find_ascii(text, "authorization: pat-") {
            let ends = |one: &char| one.is_whitespace() || matches!(one, '"' | '\'' | ',' | '\\' | '`');
            let value: String = text[at + 15..].chars().take_while(|one| !ends(one)).take(100).collect();
            call.presents(Place::Authorization(String::new()), &value);
        }
        return;
    };
    let value: String = text[at + 7..]
        .chars()
        .take_while(|one| !one.is_whitespace() && !matches!(one, '"' | '\'' | ',' | '\\' | '}' | ')' | '`'))
        .take(1_000)
        .collect();
    let unset =
        ["undefined", "null", "None"].contains(&value.as_str()) && text[..at].trim_end().to_ascii_lowercase().ends_with("authorization:");
    if unset || value.chars().any(|one| one.is_ascii_digit()) || value.starts_with('$') || value.contains("**") {
        call.presents(Place::Bearer, &value);
    }
}

fn field<'v>(json: &'v Value, names: &[&str]) -> Option<&'v Value> {
    let inside = ["request", "req", "config", "http", "response", "res", "context", "error", "err"];
    let own = names.iter().find_map(|name| json.get(*name).filter(|value| !value.is_null()));
    own.or_else(|| {
        inside
            .iter()
            .filter_map(|name| json.get(*name))
            .find_map(|inner| names.iter().find_map(|name| inner.get(*name).filter(|value| !value.is_null())))
    })
}

fn status_of_record(json: &Value) -> Option<u16> {
    let names = ["statusCode", "status_code", "status", "code", "http_status", "httpCode", "httpStatus", "http_code"];
    let number = |value: &Value| {
        let number = value.as_u64().and_then(|number| u16::try_from(number).ok()).or_else(|| value.as_str()?.parse().ok());
        number.filter(|status| (200..=599).contains(status))
    };
    names.iter().find_map(|name| field(json, &[*name]).and_then(number))
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
mod tests;
