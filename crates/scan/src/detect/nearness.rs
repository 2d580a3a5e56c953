//! Whether the vendor that is named nearest to a value is HubSpot.

use std::ops::Range;

use super::surroundings::names_hubspot;
use crate::context;
use crate::rules::Rules;
use crate::text::{contains_ignore_case, indent_of, is_comment, is_word, line_at, words};

/// Whether the lines around a value name HubSpot, and no other vendor's name is nearer before the value. `key_at` is
/// the offset of the innermost key around the value: a block `hubspot:` that ends before this key does not count. In a
/// named `section`, text after the section's end does not count.
pub(super) fn hubspot_is_nearest(text: &[u8], at: &Range<usize>, key_at: usize, section: bool, rules: &Rules) -> bool {
    // Random letters sometimes contain the name of a vendor. Names are shorter than tokens.
    const NAME_MAX: usize = 40;
    let near = context::near(text, at);
    let before = &text[near.start..at.start];
    let mut end = before.len();
    while end > 0 {
        let start = before[..end].iter().rposition(|byte| !is_word(*byte)).map_or(0, |at| at + 1);
        let token = &before[start..end];
        end = start.saturating_sub(1);
        if !(3..=NAME_MAX).contains(&token.len()) {
            continue;
        }
        let words = words(token);
        let portal = matches!(words.as_slice(), [first, second] if (first == "portal" || first == "hub") && second == "id");
        if portal || names_hubspot(&words) {
            let line = line_at(text, near.start + start);
            return !is_over(text, line, key_at);
        }
        if rules.other_vendor(&words) {
            return false;
        }
    }
    let end = if section { end_of_section(text, at).min(near.end) } else { near.end };
    let after = &text[at.end..end];
    contains_ignore_case(after, b"hubspot") || contains_ignore_case(after, b"hubapi")
}

/// The end of the section that holds a value: its closing bracket, or the line before one that is indented less or
/// begins another section.
fn end_of_section(text: &[u8], at: &Range<usize>) -> usize {
    let indent = indent_of(&text[line_at(text, at.start)]);
    let mut depth = 0usize;
    for (here, byte) in text.iter().enumerate().skip(at.end) {
        match byte {
            b'{' | b'[' | b'(' => depth += 1,
            b'}' | b']' | b')' if depth == 0 => return here,
            b'}' | b']' | b')' => depth -= 1,
            b'\n' => {
                let line = &text[line_at(text, (here + 1).min(text.len()))];
                if !line.trim_ascii().is_empty() && (indent_of(line) < indent || line.starts_with(b"[")) {
                    return here;
                }
            }
            _ => {}
        }
    }
    text.len()
}

/// Whether a line belongs to a block that ends before the key at `key_at`.
fn is_over(text: &[u8], line: Range<usize>, key_at: usize) -> bool {
    let content = &text[line.clone()];
    if line.start >= key_at || is_comment(content) {
        return false;
    }
    // In Kubernetes, `metadata` names the whole document.
    let metadata = text[..line.start].trim_ascii_end().ends_with(b"metadata:") && content.trim_ascii_start().starts_with(b"name:");
    if metadata && memchr::memmem::find(&text[line.end..key_at], b"\n---").is_none() {
        return false;
    }
    let (here, key) = (indent_of(content), indent_of(&text[line_at(text, key_at)]));
    here > key || here == key && matches!(content.trim_ascii_end().last(), Some(b':' | b'{'))
}
