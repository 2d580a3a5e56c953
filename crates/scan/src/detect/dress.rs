//! Tokens in a changed form: broken over two lines, with dashes that a word processor or an encoding has changed,
//! with soft breaks inside, or in parts that code joins elsewhere. Only `pat-` tokens: their form alone identifies them.

use std::sync::LazyLock;

use regex::bytes::Regex;

use super::credential::{judge_value, value_at};
use super::{Candidate, Text};

/// A dash in any form: itself, URL- and JSON-encoded, an HTML entity, and Unicode's other dashes; also the comma
/// between the parts of a list that code joins with dashes.
const DASH: &str =
    r"(?:-|%2[dD]|\\u002[dD]|&#45;|&#x2[dD];|&hyphen;|&dash;|\xE2\x80[\x90-\x93]|\xE2\x88\x92|[\x22\x27],[ \t]{0,8}[\x22\x27])";
/// Text that may come between two letters: a line end with the marks that comments, quotations and tables put at the
/// start of the next line, and invisible breaks.
const BREAK: &str = r"(?:=?\r?\n[ \t>#*/|]{0,40}|\xC2\xAD|\xE2\x80\x8B|<wbr ?/?>)";

/// The text between two constants on neighbouring lines: `"pat-na1-"`, and the rest below it.
const SEAM: &str = r"[\x22\x27];?\r?\n[ \t]{0,40}(?:(?:const|let|var|val|final|static|private|public|String)[ \t]+){0,4}\$?\w{1,40}[ \t]*:?=[ \t]*[\x22\x27]";

static DRESSED: LazyLock<Regex> = LazyLock::new(|| {
    let hex = |count: usize| format!("(?:{BREAK}?[0-9a-fA-F]){{{count}}}");
    let dash = format!("{BREAK}?{DASH}");
    let groups = [4, 4, 4, 12].map(|count| format!("{dash}{}", hex(count))).concat();
    let pattern = format!("(?-u)pat{dash}{BREAK}?[a-z]{{2}}[0-9]{{1,2}}{dash}(?:{SEAM})?{}{groups}", hex(8));
    regex::bytes::RegexBuilder::new(&pattern).size_limit(32 << 20).build().expect("a constant")
});
static BREAKS: LazyLock<Regex> = LazyLock::new(|| Regex::new(&format!("(?-u){SEAM}|{BREAK}")).expect("a constant"));
static DASHES: LazyLock<Regex> = LazyLock::new(|| Regex::new(&format!("(?-u){DASH}")).expect("a constant"));

/// Finds tokens in a changed form.
pub(super) fn find(text: Text<'_>, names_hubspot: bool, found: &mut Vec<Candidate>) {
    /// The longest token in a changed form, in bytes: each letter may be encoded, and the token may span a few lines.
    const TOKEN_MAX: usize = 400;
    for start in memchr::memmem::find_iter(text.bytes, b"pat") {
        // The plain search finds an unchanged token.
        let near = &text.bytes[start..text.bytes.len().min(start + TOKEN_MAX)];
        let Some(dressed) = DRESSED.find(near).filter(|dressed| dressed.start() == 0) else { continue };
        let plain = DASHES.replace_all(&BREAKS.replace_all(dressed.as_bytes(), b"".as_slice()), b"-".as_slice()).into_owned();
        if plain == dressed.as_bytes() {
            continue;
        }
        let end = start + dressed.end();
        let bytes = [&text.bytes[..start], &plain, &text.bytes[end..]].concat();
        let undressed = Text { path: text.path, bytes: &bytes };
        if let Some(value) = value_at(&bytes, start) {
            found.extend(judge_value(undressed, &value, names_hubspot).map(|candidate| Candidate { at: start..end, ..candidate }));
        }
    }
}
