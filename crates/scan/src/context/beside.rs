//! Names beside a value: in the same object, block, item or command.

use std::ops::Range;
use std::sync::LazyLock;

use regex::bytes::Regex;

use super::NAME_REACH;
use super::reader::Reader;
use crate::text::line_at;

/// The name in another option of the same command: `put-parameter --name /prod/key --value v`.
fn option_beside(text: &[u8], start: usize) -> Option<Range<usize>> {
    static OPTION: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r#"(?-u)\s--(?:name|key|secret-id|secret-name|parameter-name)[ =]["']?(?P<name>[\w./:-]{3,120})"#).expect("a constant")
    });
    static VALUE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r#"(?-u)\s--[\w-]*(?:value|string|data)[ =]["']?$"#).expect("a constant"));
    let line = line_at(text, start);
    let before = &text[line.start..start];
    VALUE.is_match(before).then_some(())?;
    let name = OPTION.captures(&text[line.clone()])?.name("name")?;
    Some(line.start + name.start()..line.start + name.end())
}

/// The name beside a value: `{"name": "X", "value": v}`, in either order.
pub(super) fn sibling(text: &[u8], start: usize) -> Option<Range<usize>> {
    static NAMED: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r#"(?im-u)(?:\b|^)(?:name|key|id|variable|label|field|parameter|header|title|env_?var)\\?["']?\s*(?:=>|[:=])\s*\\?["']?([^"'\n\r,}<>\\]{2,80})"#)
            .expect("a constant")
    });
    if let Some(option) = option_beside(text, start) {
        return Some(option);
    }
    let region = item_around(text, start);
    let best = NAMED
        .captures_iter(&text[region.clone()])
        .filter_map(|captures| captures.get(1))
        .map(|found| region.start + found.start()..region.start + found.end());
    best.min_by_key(|range| if range.end <= start { start - range.end } else { range.start - start })
}

/// The label of the block that holds a value: `variable "name" { default = v }`.
pub(super) fn block_label(text: &[u8], start: usize) -> Option<Range<usize>> {
    let floor = start.saturating_sub(NAME_REACH);
    let mut depth = 0;
    let open = (floor..start).rev().find(|at| match text[*at] {
        b'}' => {
            depth += 1;
            false
        }
        b'{' if depth > 0 => {
            depth -= 1;
            false
        }
        byte => byte == b'{',
    })?;
    let mut reader = Reader { text, at: open, floor };
    reader.spaces();
    let label = reader.token();
    (!label.is_empty()).then_some(label)
}

/// The span of the braces, tag or list item around a value.
fn item_around(text: &[u8], start: usize) -> Range<usize> {
    let floor = start.saturating_sub(NAME_REACH);
    let ceiling = text.len().min(start + NAME_REACH);
    let mut depth = 0i32;
    let mut from = None;
    for at in (floor..start).rev() {
        match text[at] {
            b'}' | b']' => depth += 1,
            b'{' | b'[' if depth == 0 => {
                from = Some(at);
                break;
            }
            b'{' | b'[' => depth -= 1,
            b'<' if depth == 0 && text.get(at + 1).is_some_and(|byte| byte.is_ascii_alphabetic()) && !text[at..start].contains(&b'>') => {
                from = Some(at);
                break;
            }
            _ => {}
        }
    }
    if let Some(from) = from {
        depth = 0;
        for at in start..ceiling {
            match text[at] {
                b'{' | b'[' => depth += 1,
                b'}' | b']' if depth == 0 => return from..at,
                b'}' | b']' => depth -= 1,
                b'>' if text[from] == b'<' => return from..at,
                _ => {}
            }
        }
        return from..ceiling;
    }
    // A list item of YAML, or an element inside its parent: a few lines up, to the dash or tag that begins it.
    let mut begin = line_at(text, start).start;
    for _ in 0..3 {
        let line = &text[begin..];
        let trimmed = line.iter().position(|byte| !matches!(byte, b' ' | b'\t')).map_or(line, |at| &line[at..]);
        if trimmed.starts_with(b"- ") || begin == 0 {
            break;
        }
        begin = line_at(text, begin - 1).start;
    }
    let mut end = line_at(text, start).end;
    for _ in 0..3 {
        if end >= text.len() {
            break;
        }
        let next = line_at(text, end + 1);
        let line = &text[next.clone()];
        let trimmed = line.iter().position(|byte| !matches!(byte, b' ' | b'\t')).map_or(line, |at| &line[at..]);
        if trimmed.starts_with(b"- ") || trimmed.is_empty() {
            break;
        }
        end = next.end;
    }
    begin..end
}
