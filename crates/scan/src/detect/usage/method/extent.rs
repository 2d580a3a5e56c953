//! How far the code around a URL reaches: its calls, its object, its command, its statement.

use std::ops::Range;

use crate::text::line_near;

/// How far from a URL its method may be, in bytes.
pub(super) const REACH: usize = 500;

/// An unclosed call around a URL.
pub(super) struct Call {
    pub open: usize,
}

/// The calls around an offset, innermost first.
pub(super) fn enclosing_calls(text: &[u8], at: usize) -> Vec<Call> {
    const CALLS_MAX: usize = 4;
    let floor = at.saturating_sub(REACH);
    let mut depth = 0;
    let mut calls = Vec::new();
    for open in (floor..at).rev() {
        match text[open] {
            b')' => depth += 1,
            b'(' if depth > 0 => depth -= 1,
            b'(' => {
                calls.push(Call { open });
                if calls.len() == CALLS_MAX {
                    break;
                }
            }
            // A function body begins here: the code outside of it is not part of the call.
            b'{' if depth == 0 && text[..open].trim_ascii_end().ends_with(b")") | text[..open].trim_ascii_end().ends_with(b"=>") => break,
            b';' if depth == 0 => break,
            _ => {}
        }
    }
    calls
}

/// The closing parenthesis of the one at `open`; none where it is farther than a call may reach.
fn closes_at(text: &[u8], open: usize) -> Option<usize> {
    let mut depth = 0;
    for (at, byte) in text[..reach_end(text, open)].iter().enumerate().skip(open) {
        match byte {
            b'(' => depth += 1,
            b')' => {
                depth -= 1;
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
    }
    None
}

/// The farthest offset that a call which opens at `open` may reach.
fn reach_end(text: &[u8], open: usize) -> usize {
    text.len().min(open + 2 * REACH)
}

/// The end of a call with its chain, such as `.uri(…).POST(…)`, and with the rest of its line.
pub(super) fn closing(text: &[u8], open: usize) -> usize {
    let end = reach_end(text, open);
    closes_at(text, open).map_or(end, |at| line_near(text, at).end.min(end))
}

/// Where the arguments of a call end.
pub(super) fn argument_end(text: &[u8], open: usize) -> usize {
    closes_at(text, open).map_or_else(|| reach_end(text, open), |at| at + 1)
}

/// Whether a function body follows, as in Swift and Kotlin: `func a() async throws -> Data {`.
fn is_declaration(head: &[u8]) -> bool {
    const WORDS: [&[u8]; 5] = [b"func ", b"fun ", b"struct ", b"class ", b"extension "];
    WORDS.iter().any(|word| memchr::memmem::find(head, word).is_some())
}

/// The object literal around a URL, and the one around that: an entry of an export.
pub(super) fn enclosing_object(text: &[u8], at: usize) -> Option<Range<usize>> {
    let floor = at.saturating_sub(REACH);
    let mut depth = 0;
    let mut levels = 0;
    let mut open = None;
    for here in (floor..at).rev() {
        match text[here] {
            b'}' => depth += 1,
            b'{' if depth > 0 => depth -= 1,
            b'{' => {
                let head = text[line_near(text, here).start..here].trim_ascii_end();
                if head.ends_with(b")") || head.ends_with(b"=>") || is_declaration(head) {
                    break;
                }
                open = Some(here);
                levels += 1;
                if levels == 2 {
                    break;
                }
            }
            _ => {}
        }
    }
    let open = open?;
    let end = text.len().min(at + REACH);
    let mut depth = 0;
    for (here, byte) in text[..end].iter().enumerate().skip(open) {
        match byte {
            b'{' => depth += 1,
            b'}' => {
                depth -= 1;
                if depth == 0 {
                    return Some(open..here);
                }
            }
            _ => {}
        }
    }
    Some(open..end)
}

/// Whether a line is part of a shell command that sends a request with curl or wget.
pub(super) fn is_shell(text: &[u8], line: &Range<usize>) -> bool {
    let mut line = line.clone();
    for _ in 0..8 {
        let content = &text[line.clone()];
        if memchr::memmem::find(content, b"curl ").is_some() || memchr::memmem::find(content, b"wget ").is_some() {
            return true;
        }
        // A command continues after a line that ends in a backslash.
        if line.start == 0 || !text[..line.start - 1].trim_ascii_end().ends_with(b"\\") {
            return false;
        }
        line = line_near(text, line.start - 1);
    }
    false
}

/// The lines of a PowerShell command that sends a request; backticks continue it.
pub(super) fn powershell(text: &[u8], line: &Range<usize>) -> Option<Range<usize>> {
    let mut whole = line.clone();
    while whole.start > 0 && text[..whole.start - 1].trim_ascii_end().ends_with(b"`") && line.start - whole.start < 2 * REACH {
        whole.start = line_near(text, whole.start - 1).start;
    }
    while text[whole.clone()].trim_ascii_end().ends_with(b"`") && whole.end + 1 < text.len() && whole.end - line.end < 2 * REACH {
        whole.end = line_near(text, whole.end + 1).end;
    }
    let content = &text[whole.clone()];
    let sends = [b"Invoke-RestMethod".as_slice(), b"Invoke-WebRequest"].iter().any(|name| memchr::memmem::find(content, name).is_some());
    sends.then_some(whole)
}

/// All lines of a command that backslashes continue.
pub(super) fn command_around(text: &[u8], line: &Range<usize>) -> Range<usize> {
    let mut whole = line.clone();
    while whole.start > 0 && text[..whole.start - 1].trim_ascii_end().ends_with(b"\\") && line.start - whole.start < 2 * REACH {
        whole.start = line_near(text, whole.start - 1).start;
    }
    while text[whole.clone()].trim_ascii_end().ends_with(b"\\") && whole.end + 1 < text.len() && whole.end - line.end < 2 * REACH {
        whole.end = line_near(text, whole.end + 1).end;
    }
    whole
}

/// The lines of a statement: up to a blank line, a semicolon or a closing brace on each side.
pub(super) fn statement_around(text: &[u8], url: &Range<usize>) -> Range<usize> {
    let mut start = line_near(text, url.start).start;
    while start > 0 && url.start - start < REACH {
        let before = line_near(text, start - 1);
        let line = text[before.clone()].trim_ascii();
        if line.is_empty()
            || matches!(line.last(), Some(b';' | b'}'))
            || !text[start..].starts_with(b" ") && !matches!(line.last(), Some(b'(' | b',' | b'\\'))
        {
            break;
        }
        start = before.start;
    }
    let mut end = line_near(text, url.end).end;
    while end + 1 < text.len() && end - url.end < REACH {
        let line = text[..end].trim_ascii_end();
        let next = line_near(text, end + 1);
        let content = text[next.clone()].trim_ascii();
        if matches!(line.last(), Some(b';' | b'}')) || content.is_empty() || content.starts_with(b"}") {
            break;
        }
        // Another statement, unless it is a chained or continued one.
        if !(content.starts_with(b".")
            || content.starts_with(b"->")
            || content.starts_with(b"|>")
            || line.ends_with(b"|>")
            || line.ends_with(b"%>%")
            || content.starts_with(b"-")
            || matches!(line.last(), Some(b'(' | b',' | b'\\' | b'{')))
        {
            break;
        }
        end = next.end;
    }
    start..end
}
