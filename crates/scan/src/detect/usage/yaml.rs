//! The method beside a URL in YAML: tasks of Ansible, scenarios of load tests, low-code connectors.

use keyway_core::catalog::Method;

use crate::text::{indent_of, line_near};

/// The most lines to each side of a URL that are read.
const LINES_MAX: usize = 60;

/// The method beside the key whose value is a URL, or the method that the parent key names.
pub(super) fn method_beside(text: &[u8], at: usize) -> Option<Method> {
    let line = line_near(text, at);
    let (key, value) = entry(&text[line.clone()])?;
    // Only where the URL is the whole value: otherwise this is a line of a script.
    let plain = value.trim_ascii_start().iter().skip_while(|byte| matches!(byte, b'"' | b'\'')).take(8).copied().collect::<Vec<u8>>();
    if !(plain.starts_with(b"http") || plain.starts_with(b"/")) || !is_url(key) {
        return None;
    }
    let indent = key_indent(&text[line.clone()]);
    beside(text, line.end, indent, true).or_else(|| beside(text, line.start, indent, false))
}

fn is_url(key: &[u8]) -> bool {
    matches!(key, b"url" | b"uri" | b"path" | b"endpoint" | b"href" | b"route")
}

/// The column of a key, after the dash of a list.
fn key_indent(line: &[u8]) -> usize {
    let indent = indent_of(line);
    match line[indent..].strip_prefix(b"- ") {
        Some(rest) => indent + 2 + indent_of(rest),
        None => indent,
    }
}

/// A key and its value.
fn entry(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let line = &line[key_indent(line).min(line.len())..];
    let colon = line.iter().position(|byte| *byte == b':')?;
    let key = line[..colon].trim_ascii();
    let key = key.strip_prefix(b"\"").and_then(|key| key.strip_suffix(b"\"")).unwrap_or(key);
    let word = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    (!key.is_empty() && key.iter().all(word)).then_some((key, &line[colon + 1..]))
}

/// Searches the keys of the same mapping, downwards or upwards, and the key above the mapping.
fn beside(text: &[u8], from: usize, indent: usize, down: bool) -> Option<Method> {
    let mut at = from;
    for _ in 0..LINES_MAX {
        let line = if down {
            (at + 1 < text.len()).then(|| line_near(text, at + 1))?
        } else {
            at.checked_sub(1).map(|before| line_near(text, before))?
        };
        at = if down { line.end.max(at + 1) } else { line.start };
        let content = &text[line];
        if content.trim_ascii().is_empty() || content.trim_ascii_start().starts_with(b"#") {
            continue;
        }
        let (outer, here) = (indent_of(content), key_indent(content));
        // Downwards: the next item of the list, or the end of the mapping.
        if here < indent || down && outer < indent {
            let above = entry(content).filter(|_| !down)?;
            return of_parent(above.0);
        }
        if here == indent
            && let Some((key, value)) = entry(content)
            && matches!(key, b"method" | b"http_method" | b"httpMethod" | b"verb")
        {
            return parse(value);
        }
        // The first key of an item follows the item's dash.
        if !down && outer < indent {
            return of_parent_of(text, at, outer);
        }
    }
    None
}

fn of_parent_of(text: &[u8], at: usize, indent: usize) -> Option<Method> {
    let line = at.checked_sub(1).map(|before| line_near(text, before))?;
    let content = &text[line];
    let (key, _) = entry(content)?;
    if key_indent(content) < indent + 1 { of_parent(key) } else { None }
}

/// The method of a mapping by its key: POST under `post:`. The tasks of Ansible use GET by default.
fn of_parent(key: &[u8]) -> Option<Method> {
    match key {
        b"uri" | b"ansible.builtin.uri" | b"get_url" | b"ansible.builtin.get_url" => Some(Method::Get),
        _ => parse(key),
    }
}

fn parse(word: &[u8]) -> Option<Method> {
    let word: String = word.iter().filter(|byte| byte.is_ascii_alphabetic()).map(|byte| char::from(byte.to_ascii_uppercase())).collect();
    Method::parse(&word)
}
