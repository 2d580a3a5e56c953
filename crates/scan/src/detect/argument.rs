//! Secrets by their position in a call: `tokensApi.create('refresh_token', undefined, undefined, id, secret, token)`.
//!
//! `data/client_arguments.tsv` lists which argument of which client is a secret. Keyway reads a call from the value
//! leftwards, without a grammar of any language, as [`crate::context`] reads names.

use std::sync::LazyLock;

use crate::finding::Kind;
use crate::text::{contains_ignore_case, is_word, line_near};

/// How far left of a value its call may begin, in bytes.
const REACH: usize = 600;

/// A row of the table.
struct Row {
    /// Plain names, joined by dots; `*` means any letters.
    callee: Vec<&'static str>,
    position: usize,
    /// The required first argument.
    first: &'static str,
    kind: Kind,
    /// A text that the file must contain, in any case.
    needs: &'static str,
}

static ROWS: LazyLock<Vec<Row>> = LazyLock::new(|| {
    let file = include_str!("../../../../data/client_arguments.tsv");
    file.lines().skip(1).filter_map(row).collect()
});

fn row(line: &'static str) -> Option<Row> {
    let mut cells = line.split('\t');
    let callee = cells.next()?.split('.').collect();
    let position = cells.next()?.parse().ok()?;
    let first = cells.next()?;
    let kind = cells.next()?;
    let kind = Kind::ALL.into_iter().find(|one| one.as_str() == kind)?;
    Some(Row { callee, position, first, kind, needs: cells.next()? })
}

/// Words in the names of functions whose arguments are ids with the shape of a key.
const OF_IDS: [&str; 9] = ["form", "portal", "cta", "chat", "widget", "meeting", "pixel", "tracking", "embed"];

/// A call with the value as an argument.
#[derive(Debug, PartialEq, Eq)]
struct Call {
    /// Plain names.
    callee: Vec<String>,
    /// From 1.
    position: usize,
    /// The text of the first argument.
    first: String,
}

/// The kind of the value that starts at `start`, by its position in a call, and the called function.
pub(super) fn kind(text: &[u8], start: usize) -> Option<(Kind, String)> {
    let call = call(text, start)?;
    let row = ROWS.iter().find(|row| row.is_of(&call) && (row.needs.is_empty() || contains_ignore_case(text, row.needs.as_bytes())))?;
    Some((row.kind, call.callee.join(".")))
}

impl Row {
    fn is_of(&self, call: &Call) -> bool {
        if call.position != self.position || call.callee.len() < self.callee.len() || !self.first.is_empty() && call.first != self.first {
            return false;
        }
        let names = &call.callee[call.callee.len() - self.callee.len()..];
        let holds = self.callee.iter().zip(names).all(|(pattern, name)| fits(pattern, name));
        holds && !(self.callee[0].contains('*') && names.iter().any(|name| OF_IDS.iter().any(|word| name.contains(word))))
    }
}

/// Whether a name matches a pattern in which `*` means any letters.
fn fits(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else { return false };
    let mut open = false;
    for part in parts {
        open = part.is_empty();
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    open || rest.is_empty()
}

/// The call that has a plain argument at `start`: not a named one, and not one inside a list or object.
fn call(text: &[u8], start: usize) -> Option<Call> {
    let floor = start.saturating_sub(REACH);
    let mut at = start;
    // The quote that opens the value, and the letter that some languages put before it.
    while at > floor && matches!(text[at - 1], b'"' | b'\'' | b'`' | b'@') {
        at -= 1;
    }
    let mut position = 1;
    let mut depth = 0usize;
    let mut end_of_first = at;
    let mut named = true;
    while at > floor {
        at -= 1;
        match text[at] {
            b'"' | b'\'' | b'`' => at = opening(text, at, floor)?,
            b')' | b']' | b'}' => depth += 1,
            b'(' if depth == 0 => return of(text, at, position, at + 1..end_of_first.max(at + 1)),
            b'(' | b'[' | b'{' if depth > 0 => depth -= 1,
            b'[' | b'{' | b';' => return None,
            b',' if depth == 0 => {
                position += 1;
                end_of_first = at;
                named = false;
            }
            // `name = value`, `name: value`. An operator in another argument does not matter.
            b'=' | b':' if depth == 0 && position == 1 && named && !text[at..].starts_with(b"::") => return None,
            b'\n' if depth == 0 => {
                let before = text[floor..at].trim_ascii_end();
                if !matches!(before.last(), Some(b',' | b'(' | b'\\')) {
                    return spoken(text, at + 1, position, end_of_first);
                }
            }
            byte if position == 1 && !byte.is_ascii_whitespace() && !is_word(byte) && byte != b'.' => named = false,
            _ => {}
        }
    }
    (at == 0).then(|| spoken(text, 0, position, end_of_first)).flatten()
}

/// The opening quote of the string that closes at `close`, on the same line.
fn opening(text: &[u8], close: usize, floor: usize) -> Option<usize> {
    let before = &text[floor..close];
    let at = before.iter().rposition(|byte| *byte == text[close] || *byte == b'\n')?;
    (before[at] == text[close]).then_some(floor + at)
}

/// The call whose parenthesis is at `open`.
fn of(text: &[u8], open: usize, position: usize, first: std::ops::Range<usize>) -> Option<Call> {
    let line = line_near(text, open).start;
    let mut start = open;
    while start > line {
        let byte = text[start - 1];
        let part = is_word(byte)
            || matches!(byte, b'.' | b':' | b'\\' | b'$' | b'?' | b'!')
            || byte == b'>' && text[..start].ends_with(b"->")
            || byte == b'-' && text.get(start) == Some(&b'>')
            || matches!(byte, b'(' | b')') && (text[..start].ends_with(b"()") || text[start..].starts_with(b")"));
        if !part {
            break;
        }
        start -= 1;
    }
    let mut callee = names(&text[start..open]);
    // `Hubspot::Client.new(…)` makes a `Hubspot::Client`.
    if callee.len() > 1 && callee.last().is_some_and(|last| last == "new") {
        callee.pop();
    }
    let first = String::from_utf8_lossy(text[first].trim_ascii()).into_owned();
    (!callee.is_empty()).then_some(Call { callee, position, first })
}

/// A call without parentheses, as Ruby allows: `provider :hubspot, id, secret`.
fn spoken(text: &[u8], line: usize, position: usize, end_of_first: usize) -> Option<Call> {
    let head = &text[line..end_of_first.max(line)];
    let indent = head.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    let name = head[indent..].iter().take_while(|byte| is_word(**byte) || matches!(**byte, b'.' | b':' | b'-')).count();
    let rest = head.get(indent + name..)?;
    (position > 1 && name > 0 && rest.first() == Some(&b' ')).then(|| Call {
        callee: names(&head[indent..indent + name]),
        position,
        first: String::from_utf8_lossy(rest.trim_ascii()).into_owned(),
    })
}

/// The names of a chain, in lower case and without underscores.
fn names(chain: &[u8]) -> Vec<String> {
    let plain = |part: &[u8]| -> String {
        part.iter().filter(|byte| byte.is_ascii_alphanumeric()).map(|byte| char::from(byte.to_ascii_lowercase())).collect()
    };
    let parts = chain.split(|byte| matches!(byte, b'.' | b':' | b'>' | b'\\'));
    parts.map(plain).filter(|part| !part.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at_value(text: &str) -> Option<(String, usize)> {
        call(text.as_bytes(), text.find("VALUE").expect("the text holds VALUE")).map(|call| (call.callee.join("."), call.position))
    }

    #[test]
    fn the_call_and_the_position_of_a_value_are_read_leftwards() {
        for (text, callee, position) in [
            ("f('VALUE')", "f", 1),
            ("x = a.b_c.D('x,(', undefined, `y`, \"VALUE\")", "a.bc.d", 4),
            ("$h->oauth()->tokensApi()->create(null, f(1, 2), 'VALUE')", "h.oauth.tokensapi.create", 3),
            ("new A\\B\\Client(\n    $x,\n    'VALUE'\n)", "a.b.client", 2),
            ("  provider :hubspot, 'a', 'VALUE', scope: 'b'", "provider", 3),
        ] {
            assert_eq!(at_value(text), Some((callee.to_owned(), position)), "{text}");
        }
    }

    #[test]
    fn named_and_nested_values_have_no_position() {
        for text in ["f(secret='VALUE')", "f({ a: 'VALUE' })", "f(['VALUE'])", "x = 'VALUE'", "f(secret: 'VALUE')", "a = 1\nVALUE"] {
            assert_eq!(at_value(text), None, "{text}");
        }
    }

    #[test]
    fn every_row_of_the_table_is_read() {
        let file = include_str!("../../../../data/client_arguments.tsv");
        assert_eq!(ROWS.len(), file.lines().count() - 1);
    }
}
