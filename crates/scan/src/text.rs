//! Helpers for bytes that are mostly text: words of a name, lines, masks.

use keyway_core::credential::hint;

/// The lower-case words of a name: `hubSpotAPI_key` is `hubspot`, `api`, `key`.
///
/// Splits words that people commonly write together (`apikey`), and joins HubSpot's name, so that rules need only one
/// spelling.
pub fn words(name: &[u8]) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for run in name.split(|byte| !byte.is_ascii_alphanumeric()).filter(|run| !run.is_empty()) {
        split_case(run, |word| push_word(&mut words, word));
    }
    join_pair(&mut words, "hub", "spot", "hubspot");
    join_pair(&mut words, "hub", "api", "hubapi");
    join_pair(&mut words, "hapi", "key", "hapikey");
    join_pair(&mut words, "o", "auth", "oauth");
    words
}

/// Whether the words contain this phrase: its words, in order, next to each other.
pub fn has_phrase(words: &[String], phrase: &[String]) -> bool {
    !phrase.is_empty() && words.windows(phrase.len()).any(|window| window == phrase)
}

/// Words that are written together in names without case or separators.
const COMPOUNDS: [(&str, &[&str]); 25] = [
    ("hapikey", &["hapikey"]),
    ("hubspot", &["hubspot"]),
    ("apikey", &["api", "key"]),
    ("apitoken", &["api", "token"]),
    ("accesstoken", &["access", "token"]),
    ("accesskey", &["access", "key"]),
    ("authtoken", &["auth", "token"]),
    ("refreshtoken", &["refresh", "token"]),
    ("clientsecret", &["client", "secret"]),
    ("clientid", &["client", "id"]),
    ("appsecret", &["app", "secret"]),
    ("secretkey", &["secret", "key"]),
    ("privateapp", &["private", "app"]),
    ("portalid", &["portal", "id"]),
    ("formid", &["form", "id"]),
    ("formguid", &["form", "guid"]),
    ("hubid", &["hub", "id"]),
    ("appid", &["app", "id"]),
    ("signingsecret", &["signing", "secret"]),
    ("signaturesecret", &["signature", "secret"]),
    ("webhooksecret", &["webhook", "secret"]),
    ("webhook", &["webhook"]),
    ("developer", &["developer"]),
    ("devkey", &["dev", "key"]),
    ("hskey", &["hs", "key"]),
];

fn push_word(words: &mut Vec<String>, word: &[u8]) {
    let word = String::from_utf8_lossy(word).to_ascii_lowercase();
    let mut rest = word.as_str();
    'compounds: while !rest.is_empty() {
        for (compound, parts) in COMPOUNDS {
            if let Some(start) = rest.find(compound) {
                if start > 0 {
                    words.push(rest[..start].to_owned());
                }
                words.extend(parts.iter().map(ToString::to_string));
                rest = &rest[start + compound.len()..];
                continue 'compounds;
            }
        }
        words.push(rest.to_owned());
        return;
    }
}

fn join_pair(words: &mut Vec<String>, first: &str, second: &str, joined: &str) {
    while let Some(at) = words.windows(2).position(|pair| pair[0] == first && pair[1] == second) {
        words.splice(at..at + 2, [joined.to_owned()]);
    }
}

/// Splits at changes of case: `hubSpotAPIKey2` is `hub`, `Spot`, `API`, `Key`, `2`.
fn split_case(run: &[u8], mut word: impl FnMut(&[u8])) {
    let mut start = 0;
    for at in 1..run.len() {
        let (before, here) = (run[at - 1], run[at]);
        let next_is_lower = run.get(at + 1).is_some_and(u8::is_ascii_lowercase);
        let cut = (before.is_ascii_lowercase() && here.is_ascii_uppercase())
            || (before.is_ascii_uppercase() && here.is_ascii_uppercase() && next_is_lower)
            || (before.is_ascii_alphabetic() != here.is_ascii_alphabetic());
        if cut {
            word(&run[start..at]);
            start = at;
        }
    }
    word(&run[start..]);
}

/// The line around an offset, without its line end.
pub fn line_at(text: &[u8], offset: usize) -> std::ops::Range<usize> {
    let start = memchr::memrchr(b'\n', &text[..offset]).map_or(0, |at| at + 1);
    let end = memchr::memchr(b'\n', &text[offset..]).map_or(text.len(), |at| offset + at);
    start..end
}

/// How far to each side of a place its line is read, in bytes.
const NEAR: usize = 2_000;

/// The line around an offset, without its line end; of a long line, as in minified code, only the part that is near.
/// Otherwise a file with one long line would take quadratic time.
pub fn line_near(text: &[u8], offset: usize) -> std::ops::Range<usize> {
    let (floor, ceiling) = (offset.saturating_sub(NEAR), text.len().min(offset + NEAR));
    let line = line_at(&text[floor..ceiling], offset - floor);
    floor + line.start..floor + line.end
}

/// The spaces and tabs at the start of a line.
pub fn indent_of(line: &[u8]) -> usize {
    line.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count()
}

/// Whether a line, without its indentation, is a comment in any of the usual languages.
pub fn is_comment(line: &[u8]) -> bool {
    [b"//".as_slice(), b"#", b"*", b"/*", b"--", b"<!--", b";"].iter().any(|mark| line.trim_ascii_start().starts_with(mark))
}

/// Whether a byte may be part of a name.
pub const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Whether the text at `start` continues a word, so that it is only a part of one.
///
/// An escape (`%3D`, `%2520`, `\n` in a JSON string) ends in a letter or digit, but does not begin a word.
pub fn follows_a_word(text: &[u8], start: usize) -> bool {
    let Some(before) = start.checked_sub(1).map(|at| text[at]) else { return false };
    if !is_word(before) && before != b'-' {
        return false;
    }
    let hex = |range: std::ops::Range<usize>| text[range].iter().all(u8::is_ascii_hexdigit);
    let percent = start >= 3 && text[start - 3] == b'%' && hex(start - 2..start);
    let double = start >= 5 && &text[start - 5..start - 2] == b"%25" && hex(start - 2..start);
    let newline = start >= 2 && text[start - 2] == b'\\' && matches!(before, b'n' | b't' | b'r');
    let dashes = text[..start].ends_with(b"--") || text[..start].ends_with(b":-");
    !(percent || double || newline || dashes)
}

/// Whether `needle` (lower case) is in `text`, in any case.
pub fn contains_ignore_case(text: &[u8], needle: &[u8]) -> bool {
    text.windows(needle.len()).any(|window| window.eq_ignore_ascii_case(needle))
}

/// A part of a credential to recognise it by: the region of a token, else its first four characters; and its last four.
pub fn mask(value: &str) -> String {
    let hint = hint(value);
    if value.starts_with("pat-") {
        return hint;
    }
    let head: String = value.chars().take(4).collect();
    format!("{head}{hint}")
}

/// Converts offsets of one text into lines and columns. Counts on from the last offset asked for.
pub struct Places<'a> {
    text: &'a [u8],
    counted_to: usize,
    line: u64,
    column: u64,
}

impl<'a> Places<'a> {
    /// Starts at line 1.
    pub const fn new(text: &'a [u8]) -> Self {
        Self { text, counted_to: 0, line: 1, column: 1 }
    }

    /// Line and column (in characters) of an offset, both from 1.
    pub fn of(&mut self, offset: usize) -> (u64, u64) {
        let offset = offset.min(self.text.len());
        if offset < self.counted_to {
            *self = Self::new(self.text);
        }
        let more = &self.text[self.counted_to..offset];
        self.counted_to = offset;
        self.line += memchr::memchr_iter(b'\n', more).count() as u64;
        let line = memchr::memrchr(b'\n', more).map_or(more, |end| {
            self.column = 1;
            &more[end + 1..]
        });
        // Continuation bytes of UTF-8 are not characters of their own.
        self.column += line.iter().filter(|byte| **byte & 0xc0 != 0x80).count() as u64;
        (self.line, self.column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_every_style_become_the_same_words() {
        for name in
            ["hubspotApiKey", "HUBSPOT_API_KEY", "hubspot-api-key", "HubSpotAPIKey", "hubspot.api.key", "hubspotapikey", "HubSpot:ApiKey"]
        {
            assert_eq!(words(name.as_bytes()), ["hubspot", "api", "key"], "{name}");
        }
        assert_eq!(words(b"HAPI_KEY"), ["hapikey"]);
        assert_eq!(words(b"myHapikey"), ["my", "hapikey"]);
        assert_eq!(words(b"hubspotRefreshToken"), ["hubspot", "refresh", "token"]);
    }

    #[test]
    fn places_count_lines_and_characters() {
        let text = "a\nüb c\n".as_bytes();
        let mut places = Places::new(text);
        assert_eq!(places.of(0), (1, 1));
        assert_eq!(places.of(text.len() - 2), (2, 4));
        assert_eq!(places.of(2), (2, 1));
        assert_eq!(places.of(5), (2, 3));
        assert_eq!(places.of(text.len()), (3, 1));
    }

    #[test]
    fn a_mask_keeps_the_region_and_four_characters() {
        let token = format!("pat-eu1-{}-89ab", "0".repeat(31));
        assert_eq!(mask(&token), "pat-eu1-…89ab");
        assert_eq!(mask("1234567890"), "1234…7890");
    }
}
