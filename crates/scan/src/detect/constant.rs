//! A value in a constant: where the text uses it, and the names that it gets there.

use std::ops::Range;
use std::sync::LazyLock;

use regex::bytes::Regex;

use super::surroundings::names_hubspot;
use crate::context::{self, Form, Name};
use crate::text::{has_phrase, is_comment, is_word, line_at};

/// The names under which other places of the text use the constant that holds a value: `?hapikey=${KEY}`,
/// `new Hubspot({ apiKey: KEY })`.
pub(super) fn uses(text: &[u8], name: &Name, at: &Range<usize>) -> Vec<Name> {
    let places = places_of_use(text, name, at);
    places.into_iter().flat_map(|place| used_as(text, place)).filter(|name| name.form != Form::Prose).collect()
}

/// The places that use the constant that holds a value.
pub(super) fn places_of_use(text: &[u8], name: &Name, at: &Range<usize>) -> Vec<usize> {
    const USES_MAX: usize = 50;
    let Some(identifier) = &name.identifier else { return Vec::new() };
    let identifier = &text[identifier.clone()];
    let bare = identifier.strip_prefix(b"$").unwrap_or(identifier);
    if bare.is_empty() {
        return Vec::new();
    }
    let mut found = Vec::new();
    for start in memchr::memmem::find_iter(text, bare).take(USES_MAX * 4) {
        let end = start + bare.len();
        let whole = (start == 0 || !is_word(text[start - 1])) && text.get(end).is_none_or(|byte| !is_word(*byte));
        if !whole || (at.start.saturating_sub(120)..at.end).contains(&start) {
            continue;
        }
        // The same word in a comment does not use the value.
        let line = line_at(text, start);
        if is_comment(&text[line.start.max(start.saturating_sub(400))..start]) || in_trailing_comment(&text[line.start..start]) {
            continue;
        }
        found.push(start);
        if found.len() >= USES_MAX {
            break;
        }
    }
    found
}

/// Whether a line has a comment after its code: `code  # comment`, `code; // comment`.
fn in_trailing_comment(line: &[u8]) -> bool {
    [b" # ".as_slice(), b" // ", b"\t# ", b"\t// "].iter().any(|mark| memchr::memmem::find(line, mark).is_some())
}

/// The names that the identifier's value gets at this place.
fn used_as(text: &[u8], start: usize) -> Vec<Name> {
    // Interpolation and concatenation have only these characters between the name and the value.
    let start = context::qualified_start(text, start);
    let mut at = start;
    while at > 0 && matches!(text[at - 1], b'{' | b'$' | b'#' | b'+' | b'.' | b' ' | b'"' | b'\'' | b'`' | b'(' | b'@') && start - at < 12 {
        if text[at - 1] == b'(' && at >= 2 && is_word(text[at - 2]) {
            break;
        }
        at -= 1;
    }
    let mut names = vec![context::name(text, start)];
    if at != start {
        names.push(context::name(text, at));
    }
    // A format call names its values in the text before them: "…?hapikey=%s", KEY.
    let statement_start = text[..start].iter().rposition(|byte| matches!(byte, b';')).map_or(0, |at| at + 1).max(start.saturating_sub(200));
    let statement = &text[statement_start..start];
    static PLACE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?i-u)\bhapikey=(?:%[sv]|\{[a-z0-9_]*\}|\?)").expect("a constant"));
    if PLACE.is_match(statement) {
        let hapikey = vec!["hapikey".to_owned()];
        names.push(Name { form: Form::Argument, words: hapikey.clone(), last: hapikey, ..Name::default() });
    }
    names.retain(|name| {
        has_phrase(&name.words, &["hapikey".to_owned()])
            || names_hubspot(&name.words)
            || names_hubspot(&name.owner)
            || name.words.len() >= 2
    });
    let around = context::enclosing(text, start);
    if names_hubspot(&around.words) {
        names.iter_mut().for_each(|name| name.owner.push("hubspot".to_owned()));
    }
    names
}
