//! Reads the path of a call from a text, through interpolations and concatenations.

use super::constants::Constants;

/// A segment that holds an unknown version.
pub(super) const VERSION: &str = "{version}";

/// A path as a text has it.
pub(super) struct Read {
    /// Its segments. `{}` is a value that is inserted at run time, `{version}` a version that is.
    pub segments: Vec<String>,
    /// The name that holds the version, where this text does not show the version.
    pub open: Option<String>,
    /// The end of its text, query included.
    pub end: usize,
}

/// Reads the path after a host: nothing, or a slash and the segments after it.
pub(super) fn read_path(text: &[u8], at: usize, constants: &Constants<'_>) -> Read {
    match text.get(at) {
        Some(b'/') => read_from(text, at + 1, constants),
        Some(b'\\') if text.get(at + 1) == Some(&b'/') => read_from(text, at + 2, constants),
        Some(b'%') if text[at..].len() > 3 && text[at..at + 3].eq_ignore_ascii_case(b"%2f") => read_from(text, at + 3, constants),
        // `"https://api.hubapi.com" + "/crm/…"`
        Some(b'"' | b'\'' | b'`') => match continued(text, at) {
            Some((next, false)) if text.get(next) == Some(&b'/') => read_from(text, next + 1, constants),
            _ => Read { segments: Vec::new(), open: None, end: at },
        },
        _ => Read { segments: Vec::new(), open: None, end: at },
    }
}

/// Reads segments from the first letter of a path on, through interpolations and concatenations.
pub(super) fn read_from(text: &[u8], start: usize, constants: &Constants<'_>) -> Read {
    const PATH_MAX: usize = 600;
    let mut segments: Vec<String> = Vec::new();
    let mut segment = String::new();
    let mut open = None;
    let mut at = start;
    // An inserted value: a version from a constant, a version from elsewhere, or anything else.
    let mut fill = |segment: &mut String, expression: &[u8]| match constants.version(expression) {
        Some(version) => segment.push_str(version.strip_prefix(segment.as_str()).unwrap_or(version)),
        None if segment.is_empty() && Constants::names_version(expression) => {
            open = open.take().or_else(|| Constants::name(expression));
            segment.push_str("{version}");
        }
        None => segment.push_str("{}"),
    };
    let limit = text.len().min(start + PATH_MAX);
    while at < limit {
        let rest = &text[at..limit];
        if let Some(length) = placeholder(rest) {
            fill(&mut segment, &rest[..length]);
            at += length;
            continue;
        }
        match rest[0] {
            b'/' => {
                push(&mut segments, &mut segment);
                at += 1;
            }
            b'\\' if rest.get(1) == Some(&b'/') => {
                push(&mut segments, &mut segment);
                at += 2;
            }
            b'%' if rest.len() >= 3 && rest[..3].eq_ignore_ascii_case(b"%2f") => {
                push(&mut segments, &mut segment);
                at += 3;
            }
            b'%' if rest.len() >= 3 && rest[1..3].iter().all(u8::is_ascii_hexdigit) && !rest[..3].eq_ignore_ascii_case(b"%3f") => {
                segment.push('%');
                segment.push(char::from(rest[1]));
                segment.push(char::from(rest[2]));
                at += 3;
            }
            byte if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'~' | b'-' | b'@' | b'+' | b'*') => {
                segment.push(char::from(byte));
                at += 1;
            }
            b'"' | b'\'' | b'`' => match continued(text, at) {
                Some((next, filled)) => {
                    // `".../" + id` adds a segment; `"...contacts" + query` adds none.
                    if filled && segment.is_empty() {
                        fill(&mut segment, &text[at + 1..next]);
                    } else if filled {
                        let goes_on = matches!(text.get(next), Some(b'/'));
                        if !goes_on {
                            break;
                        }
                    }
                    at = next;
                }
                None => break,
            },
            b'\\' if matches!(rest.get(1), Some(b'"' | b'\'')) => match continued(text, at + 1) {
                Some((next, filled)) => {
                    if filled && segment.is_empty() {
                        segment.push_str("{}");
                    }
                    at = next;
                }
                None => break,
            },
            _ => break,
        }
    }
    // `/contacts${query}`: a value after a whole word is a query, and not a part of the word's segment.
    if let Some(word) = segment.strip_suffix("{}").filter(|word| word.ends_with(|last: char| last.is_ascii_lowercase())) {
        segment.truncate(word.len());
    }
    push(&mut segments, &mut segment);
    // The query belongs to the text of the URL, but not to its path. A value at the end may reach beyond the limit.
    let query = text[at.min(limit)..limit].iter().take_while(|byte| !matches!(byte, b'"' | b'\'' | b'`' | b' ' | b'\n' | b'\r')).count();
    let end = if matches!(text.get(at), Some(b'?' | b'%')) { at + query } else { at };
    Read { segments, open, end }
}

fn push(segments: &mut Vec<String>, segment: &mut String) {
    let segment = std::mem::take(segment);
    if !segment.is_empty() {
        segments.push(segment);
    }
}

/// The length of a placeholder for a run-time value: `${x}`, `{x}`, `#{x}`, `%s`, `:id`, `$x`, `<id>`.
fn placeholder(text: &[u8]) -> Option<usize> {
    let braced = |open: usize| {
        let mut depth = 0;
        for (at, byte) in text.iter().enumerate().skip(open).take(200) {
            match byte {
                b'{' | b'(' => depth += 1,
                b'}' | b')' => {
                    depth -= 1;
                    if depth == 0 {
                        return Some(at + 1);
                    }
                }
                b'\n' => return None,
                _ => {}
            }
        }
        None
    };
    let name = |from: usize| text[from..].iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
    match text[0] {
        b'$' | b'#' | b'=' | b'\\'
            if text.get(1) == Some(&b'{')
                || text[0] == b'$' && text.get(1) == Some(&b'(')
                || text[0] == b'\\' && text.get(1) == Some(&b'(') =>
        {
            braced(1)
        }
        b'{' => braced(0),
        b'$' => {
            let mut length = 1 + name(1);
            while text[length..].starts_with(b"->") {
                length += 2 + name(length + 2);
            }
            (length > 1).then_some(length)
        }
        b'%' if text.get(1).is_some_and(|byte| matches!(byte, b's' | b'd' | b'v' | b'i')) => Some(2),
        b'%' if text.get(1) == Some(&b'(') => text.iter().take(60).position(|byte| *byte == b')').map(|at| (at + 2).min(text.len())),
        b'%' if text.get(1).is_some_and(u8::is_ascii_digit) && text.get(2) == Some(&b'$') => Some(4.min(text.len())),
        b':' if text.get(1).is_some_and(u8::is_ascii_alphabetic) => Some(1 + name(1)),
        b'<' if text.get(1).is_some_and(u8::is_ascii_alphabetic) => text.iter().take(40).position(|byte| *byte == b'>').map(|at| at + 1),
        b'[' if text.get(1).is_some_and(u8::is_ascii_alphabetic) => text.iter().take(40).position(|byte| *byte == b']').map(|at| at + 1),
        _ => None,
    }
}

/// For the quote at `quote` that ends a string: the offset where the string continues, and whether a value is inserted
/// between. None where it does not continue. For a value at the very end, the offset is after the value.
fn continued(text: &[u8], quote: usize) -> Option<(usize, bool)> {
    let limit = text.len().min(quote + 200);
    let mut at = skip_spaces(text, quote + 1, limit);
    let operator = joins(text, at)?;
    at = skip_spaces(text, at + operator, limit);
    if at < limit && text[at] == b'_' {
        at = skip_spaces(text, at + 1, limit);
    }
    if at < limit && matches!(text[at], b'"' | b'\'' | b'`') {
        return Some((at + 1, false));
    }
    // An expression, up to the operator before the next string or to its own end.
    let mut depth = 0;
    let mut here = at;
    while here < limit {
        match text[here] {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' if depth == 0 => break,
            b')' | b']' | b'}' => depth -= 1,
            b',' | b';' if depth == 0 => break,
            b'\n' if depth == 0 && joins(text, skip_spaces(text, here, limit)).is_none() => break,
            b'"' | b'\'' if depth == 0 => break,
            _ if depth == 0 && here > at => {
                if let Some(operator) = joins(text, here).filter(|_| {
                    text[here] != b'.' || text[here - 1] == b' ' || text.get(here + 1) == Some(&b'\'') || text.get(here + 1) == Some(&b'"')
                }) {
                    let next = skip_spaces(text, here + operator, limit);
                    if next < limit && matches!(text[next], b'"' | b'\'' | b'`') {
                        return Some((next + 1, true));
                    }
                }
            }
            _ => {}
        }
        here += 1;
    }
    // The offset is after every string, so the reader ends there.
    (here > at).then_some((here, true))
}

fn skip_spaces(text: &[u8], mut at: usize, limit: usize) -> usize {
    while at < limit && text[at].is_ascii_whitespace() {
        at += 1;
    }
    at
}

/// The length of an operator that joins strings.
fn joins(text: &[u8], at: usize) -> Option<usize> {
    let rest = text.get(at..)?;
    [b"..".as_slice(), b"++", b"||", b"<>", b"+", b".", b"&", b"~"]
        .iter()
        .find(|operator| rest.starts_with(operator))
        .map(|operator| operator.len())
}
