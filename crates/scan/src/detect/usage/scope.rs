//! Code that belongs to a call outside of its own text: the rest of its function, the variables among its arguments, the
//! object that it is made on.

use std::ops::Range;
use std::sync::LazyLock;

use regex::bytes::Regex;

use crate::text::{indent_of, is_word, line_near};

/// How far a function is read to each side, in bytes.
const FUNCTION_MAX: usize = 6_000;
/// The longest value of a variable that is read, in bytes.
const VALUE_MAX: usize = 3_000;
/// The most variables of one call that are followed.
const VARIABLES_MAX: usize = 6;

/// The rest of the function after an offset: up to a line that is indented less.
pub(super) fn after(text: &[u8], at: usize) -> Range<usize> {
    let start = line_near(text, at);
    let indent = indent_of(&text[start.clone()]);
    let limit = text.len().min(at + FUNCTION_MAX);
    let mut end = start.end.min(limit);
    while end + 1 < limit {
        let line = line_near(text, end + 1);
        let content = &text[line.clone()];
        if !content.trim_ascii().is_empty() && indent_of(content) < indent {
            break;
        }
        end = line.end.min(limit).max(end + 1);
    }
    at..end.max(at)
}

/// The function before an offset: back to a line that is indented less, and that line.
pub(super) fn before(text: &[u8], at: usize) -> Range<usize> {
    let line = line_near(text, at);
    let indent = indent_of(&text[line.clone()]);
    let floor = at.saturating_sub(FUNCTION_MAX);
    let mut start = line.start;
    while start > floor {
        let line = line_near(text, start - 1);
        start = line.start.max(floor);
        let content = &text[line];
        if indent > 0 && !content.trim_ascii().is_empty() && indent_of(content) < indent {
            break;
        }
    }
    start..at.max(start)
}

/// The values of the plain variables among a call's arguments: the last assignment before the call, and later settings
/// on the variable (`options.method = 'POST'`).
pub(super) fn values_of_arguments(text: &[u8], arguments: &Range<usize>) -> Vec<Range<usize>> {
    static NAME: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"(?-u)(?:^|[,({=:]|\*\*|\.\.\.)\s*(?P<name>\$?[A-Za-z_]\w*)\s*(?:[,)}]|$)").expect("a constant"));
    let mut found = Vec::new();
    let own = &text[arguments.clone()];
    let mut at = 0;
    while let Some(captures) = NAME.captures_at(own, at).filter(|_| found.len() < VARIABLES_MAX) {
        let Some(name) = captures.name("name") else { break };
        at = name.end();
        found.extend(values_of(text, name.as_bytes(), arguments.start));
    }
    found
}

/// The values of a variable at an offset.
fn values_of(text: &[u8], name: &[u8], at: usize) -> Vec<Range<usize>> {
    let function = before(text, at);
    let (mut assigned, mut set) = (None, Vec::new());
    for start in memchr::memmem::find_iter(&text[function.clone()], name) {
        let start = function.start + start;
        match done_with(text, start, start + name.len()) {
            Some(Done::Assigned(value)) => {
                assigned = Some(value);
                set.clear();
            }
            Some(Done::Set) if set.len() < VARIABLES_MAX => set.push(start..line_near(text, start).end.min(start + 160).max(start)),
            _ => {}
        }
    }
    // At the top of the file, where constants are.
    let top = 0..function.start.min(VALUE_MAX * 4);
    let constant = || {
        let places = memchr::memmem::find_iter(&text[top.clone()], name);
        places
            .filter_map(|start| match done_with(text, start, start + name.len()) {
                Some(Done::Assigned(value)) => Some(value),
                _ => None,
            })
            .last()
    };
    let value = assigned.or_else(constant).map(|start| start..end_of_value(text, start));
    value.into_iter().chain(set).collect()
}

/// The effect of a line on a variable.
enum Done {
    /// The variable gets the value that starts here.
    Assigned(usize),
    /// The line sets a member of the variable: `options.method = …`, `options['method'] = …`.
    Set,
}

fn done_with(text: &[u8], start: usize, end: usize) -> Option<Done> {
    let part = |byte: u8| is_word(byte) || matches!(byte, b'.' | b'$');
    if start > 0 && part(text[start - 1]) || text.get(end).is_some_and(|byte| is_word(*byte)) {
        return None;
    }
    let line = line_near(text, end);
    let rest = text.get(end..line.end)?;
    if matches!(rest.first(), Some(b'.' | b'[')) || rest.starts_with(b"->") {
        return rest.iter().take(60).any(|byte| matches!(byte, b'=' | b'(')).then_some(Done::Set);
    }
    // `name: Type = value`
    let typed = rest
        .iter()
        .take(60)
        .take_while(|byte| is_word(**byte) || matches!(byte, b' ' | b':' | b'.' | b'<' | b'>' | b'[' | b']' | b','))
        .count();
    let operator = &rest[typed..];
    let width = match operator {
        [b'=', b'=' | b'>', ..] => return None,
        [b'=', ..] => 1,
        [b'-', ..] if typed > 0 && rest[typed - 1] == b'<' => 1,
        _ => return None,
    };
    let value = end + typed + width;
    let spaces = text[value..line.end].iter().take_while(|byte| **byte == b' ').count();
    Some(Done::Assigned(value + spaces))
}

/// The end of a value: its closing bracket, else the end of its line.
fn end_of_value(text: &[u8], start: usize) -> usize {
    let limit = text.len().min(start + VALUE_MAX);
    let mut depth = 0usize;
    for (at, byte) in text[..limit].iter().enumerate().skip(start) {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            b'\n' | b';' if depth == 0 => return at,
            _ => {}
        }
    }
    limit
}

/// The object of the call that opens at `open`, or the call's first argument:
/// `req.setEndpoint(…)`, `curl_setopt($ch, …)`.
pub(super) fn receiver(text: &[u8], open: usize) -> Option<&[u8]> {
    static ON: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?-u)(?P<on>\$?[A-Za-z_]\w*)(?:\.|->)[A-Za-z_]\w*$").expect("a constant"));
    static FIRST: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?-u)^\(\s*(?P<first>\$?[A-Za-z_]\w*)\s*,").expect("a constant"));
    let line = line_near(text, open).start;
    let head = &text[line..open];
    if head.ends_with(b"curl_setopt") || head.ends_with(b"curl_easy_setopt") || head.ends_with(b"curl_setopt_array") {
        return FIRST.captures(&text[open..text.len().min(open + 80)])?.name("first").map(|first| first.as_bytes());
    }
    ON.captures(head)?.name("on").map(|on| on.as_bytes())
}

/// The lines of a function that use a variable.
pub(super) fn lines_with(text: &[u8], name: &[u8], around: usize) -> Vec<Range<usize>> {
    const LINES_MAX: usize = 40;
    let function = before(text, around).start..after(text, around).end;
    let mut lines = Vec::new();
    for start in memchr::memmem::find_iter(&text[function.clone()], name).take(LINES_MAX) {
        let (start, end) = (function.start + start, function.start + start + name.len());
        let whole = (start == 0 || !is_word(text[start - 1])) && text.get(end).is_none_or(|byte| !is_word(*byte));
        if whole {
            lines.push(start..line_near(text, end).end);
        }
    }
    lines
}
