//! What encloses a place in settings, from the inside out: objects of JSON and code, tables of TOML, blocks of YAML.
//! Stops at the list that has one entry for each server.

use std::ops::Range;

use crate::text::{indent_of, line_near};

/// An object, table or block around a place.
#[derive(Debug)]
pub(crate) struct Entry {
    /// Its span in the text, in bytes.
    pub at: Range<usize>,
    /// Its key; empty where it has none.
    pub key: String,
}

/// The most levels that are read.
const DEPTH_MAX: usize = 5;
/// How far to each side the text is read, in bytes.
const REACH: usize = 16 << 10;

/// Keys of lists of servers. Their content belongs to several servers.
const LISTS: [&str; 7] = ["mcpservers", "mcp_servers", "servers", "context_servers", "mcp", "mcp.servers", "nodes"];

/// The entries around a place, innermost first.
pub(crate) fn around(text: &[u8], at: usize) -> Vec<Entry> {
    let braced = braced(text, at);
    if !braced.is_empty() {
        return braced;
    }
    table(text, at).map_or_else(|| indented(text, at), |table| vec![table])
}

fn is_list(key: &str) -> bool {
    LISTS.contains(&key.to_ascii_lowercase().as_str())
}

/// Objects between braces.
fn braced(text: &[u8], at: usize) -> Vec<Entry> {
    let floor = at.saturating_sub(REACH);
    let ceiling = text.len().min(at + REACH);
    let (mut found, mut from, mut to) = (Vec::new(), at, at);
    while found.len() < DEPTH_MAX {
        let Some(start) = unmatched(text[floor..from].iter().rev(), b'{', b'}').map(|back| from - 1 - back) else { break };
        let Some(end) = unmatched(text[to..ceiling].iter(), b'}', b'{').map(|on| to + on + 1) else { break };
        let key = key_before(text, start);
        if is_list(&key) {
            break;
        }
        found.push(Entry { at: start..end, key });
        (from, to) = (start, end);
    }
    found
}

/// How many bytes precede the first `open` that no `close` before it matches, in the order of the iterator.
fn unmatched<'a>(bytes: impl Iterator<Item = &'a u8>, open: u8, close: u8) -> Option<usize> {
    let mut depth = 0_usize;
    for (count, byte) in bytes.enumerate() {
        match *byte {
            byte if byte == open && depth == 0 => return Some(count),
            byte if byte == open => depth -= 1,
            byte if byte == close => depth += 1,
            _ => {}
        }
    }
    None
}

/// The key of the object that begins here: `"hubspot": {`, `hubspot = {`.
fn key_before(text: &[u8], start: usize) -> String {
    let before = text[start.saturating_sub(120)..start].trim_ascii_end();
    let Some(before) = before.strip_suffix(b":").or_else(|| before.strip_suffix(b"=")) else { return String::new() };
    let before = before.trim_ascii_end();
    let quoted = before.last().copied().filter(|byte| matches!(byte, b'"' | b'\''));
    let key = match quoted {
        Some(quote) => {
            let key = &before[..before.len() - 1];
            &key[key.iter().rposition(|byte| *byte == quote).map_or(0, |at| at + 1)..]
        }
        None => {
            let is_key = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
            &before[before.iter().rposition(|byte| !is_key(byte)).map_or(0, |at| at + 1)..]
        }
    };
    String::from_utf8_lossy(key).into_owned()
}

/// The table of TOML: `[mcp_servers.hubspot]` and the tables below it.
fn table(text: &[u8], at: usize) -> Option<Entry> {
    let headers = |range: Range<usize>| {
        let lines = text[range.clone()].split_inclusive(|byte| *byte == b'\n');
        let mut start = range.start;
        lines.filter_map(move |line| {
            let own = start;
            start += line.len();
            let name = line.trim_ascii().strip_prefix(b"[")?.strip_suffix(b"]")?;
            Some((own, String::from_utf8_lossy(name).into_owned()))
        })
    };
    // Only whole lines: a header that is cut off is not a header.
    let floor = line_near(text, at.saturating_sub(REACH)).start;
    let ceiling = text.len().min(at + REACH);
    let before: Vec<(usize, String)> = headers(floor..line_near(text, at).start).collect();
    let (_, name) = before.last()?;
    let (list, rest) = name.split_once('.')?;
    let server = rest.split('.').next()?;
    let prefix = format!("{list}.{server}");
    let belongs = |name: &str| name == prefix || name.strip_prefix(&prefix).is_some_and(|rest| rest.starts_with('.'));
    is_list(list).then_some(())?;
    let start = before.iter().rev().take_while(|(_, name)| belongs(name)).last()?.0;
    let end = headers(line_near(text, at).end..ceiling).find(|(_, name)| !belongs(name)).map_or(ceiling, |(start, _)| start);
    Some(Entry { at: start..end, key: server.trim_matches('"').to_owned() })
}

/// Blocks of YAML, by their indentation.
fn indented(text: &[u8], at: usize) -> Vec<Entry> {
    let (mut found, mut line) = (Vec::new(), line_near(text, at));
    let mut least = depth(&text[line.clone()]);
    let floor = at.saturating_sub(REACH);
    while line.start > floor && found.len() < DEPTH_MAX && least > 0 {
        line = line_near(text, line.start - 1);
        let content = &text[line.clone()];
        if content.trim_ascii().is_empty() || depth(content) >= least {
            continue;
        }
        least = depth(content);
        let own = content.trim_ascii().strip_prefix(b"-").unwrap_or(content).trim_ascii();
        let key = own.strip_suffix(b":").map(|key| String::from_utf8_lossy(key).trim_matches(['"', '\'']).to_owned()).unwrap_or_default();
        if is_list(&key) {
            break;
        }
        found.push(Entry { at: line.start..end_of_block(text, line.end, least), key });
    }
    found
}

/// The indentation of a line; that of a list item is the indentation of its dash.
fn depth(line: &[u8]) -> usize {
    indent_of(line)
}

/// The end of the lines that are indented more than this.
fn end_of_block(text: &[u8], from: usize, depth_of_block: usize) -> usize {
    let ceiling = text.len().min(from + REACH);
    let mut end = from;
    while end < ceiling {
        let line = line_near(text, end + 1);
        let content = &text[line.clone()];
        if !content.trim_ascii().is_empty() && depth(content) <= depth_of_block {
            break;
        }
        // Of a very long line, `line_near` returns only a part.
        end = line.end.max(end + 1);
    }
    end.min(text.len())
}
