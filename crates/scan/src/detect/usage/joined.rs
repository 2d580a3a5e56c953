//! Paths with separate segments: `[BASE, 'crm', 'v3', 'objects'].join('/')`, `AppendPathSegments("crm", "v3", …)`.

use std::ops::Range;
use std::sync::LazyLock;

use regex::bytes::Regex;

use super::path::Read;

/// The most segments of one path that are read.
const SEGMENTS_MAX: usize = 12;
/// The longest list of segments, in bytes.
const LIST_MAX: usize = 400;

/// Finds lists of segments whose first segment is a family of HubSpot paths, each with its span.
pub(super) fn find(text: &[u8], is_family: impl Fn(&str) -> bool) -> Vec<(Range<usize>, Read)> {
    static LIST: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r#"(?-u)["'`](?P<family>[a-z][a-z-]{2,40})["'`]\s*,\s*["'`][a-z0-9][\w-]*["'`]"#).expect("a constant"));
    let mut found: Vec<(Range<usize>, Read)> = Vec::new();
    if !has_quoted_version(text) {
        return found;
    }
    for captures in LIST.captures_iter(text) {
        let Some(family) = captures.name("family") else { continue };
        let inside = found.last().is_some_and(|(last, _)| last.contains(&family.start()));
        if inside || !std::str::from_utf8(family.as_bytes()).is_ok_and(&is_family) {
            continue;
        }
        let (segments, end) = segments(text, family.start() - 1);
        if segments.len() >= 3 {
            found.push((family.start()..end, Read { segments, open: None, end }));
        }
    }
    found
}

/// Whether the text has a version as a string of its own. Without one no list holds a path, so no expression is compiled.
fn has_quoted_version(text: &[u8]) -> bool {
    memchr::memchr3_iter(b'"', b'\'', b'`', text).any(|quote| match &text[quote + 1..] {
        [b'v', digit, close, ..] => digit.is_ascii_digit() && *close == text[quote],
        [b'2', b'0', first, second, b'-', ..] => first.is_ascii_digit() && second.is_ascii_digit(),
        _ => false,
    })
}

/// The segments of a list, from the quote of the first one on, and the list's end.
fn segments(text: &[u8], start: usize) -> (Vec<String>, usize) {
    let limit = text.len().min(start + LIST_MAX);
    let (mut segments, mut at) = (Vec::new(), start);
    while at < limit && segments.len() < SEGMENTS_MAX {
        let quote = text[at];
        if matches!(quote, b'"' | b'\'' | b'`') {
            let Some(close) = memchr::memchr(quote, &text[at + 1..limit]).map(|found| at + 1 + found) else { break };
            let segment = &text[at + 1..close];
            if segment.is_empty() || !segment.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.')) {
                break;
            }
            segments.push(String::from_utf8_lossy(segment).into_owned());
            at = close + 1;
        } else {
            // A value that is inserted at run time, up to the comma after it.
            let mut depth = 0usize;
            let end = text[at..limit].iter().position(|byte| match byte {
                b'(' | b'[' | b'{' => {
                    depth += 1;
                    false
                }
                b')' | b']' | b'}' if depth > 0 => {
                    depth -= 1;
                    false
                }
                b',' | b')' | b']' | b';' | b'\n' => depth == 0,
                _ => false,
            });
            let Some(end) = end.filter(|end| *end > 0) else { break };
            segments.push("{}".to_owned());
            at += end;
        }
        let rest = &text[at..limit];
        let skip = rest.iter().position(|byte| !byte.is_ascii_whitespace()).unwrap_or(rest.len());
        if rest.get(skip) != Some(&b',') {
            break;
        }
        at += skip + 1;
        at += text[at..limit].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    }
    (segments, at)
}
