//! What encloses a value: open brackets, keys above it, and its section.

use std::sync::LazyLock;

use regex::bytes::Regex;

use crate::text::{indent_of, is_word, line_at, words};

/// How far left of a value its enclosing blocks are searched, in bytes.
const ENCLOSING_REACH: usize = 4096;
/// The most enclosing blocks that are read.
const ENCLOSING_MAX: usize = 6;

/// What encloses a value: sections, keys above it, calls and blocks.
#[derive(Debug, Default)]
pub struct Enclosing {
    /// All words.
    pub words: Vec<String>,
    /// The words of the innermost key or section, if there is one.
    pub key: Vec<String>,
    /// The offset of that key.
    pub key_at: usize,
    /// The words of every key and section around it, innermost first.
    pub keys: Vec<Vec<String>>,
}

/// What encloses the value that starts at `start`.
pub fn enclosing(text: &[u8], start: usize) -> Enclosing {
    let mut found = Enclosing::default();
    openers(text, start, &mut found);
    parents(text, start, &mut found);
    found
}

/// Adds the text before each bracket that is still open at the value.
fn openers(text: &[u8], start: usize, found: &mut Enclosing) {
    let floor = start.saturating_sub(ENCLOSING_REACH);
    let mut depth = 0;
    let mut levels = 0;
    for at in (floor..start).rev() {
        match text[at] {
            b')' | b']' | b'}' => depth += 1,
            b'(' | b'[' | b'{' if depth > 0 => depth -= 1,
            b'(' | b'[' | b'{' => {
                let line = line_at(text, at).start.max(at.saturating_sub(120));
                let mut head = &text[line..at];
                let before = head.trim_ascii_end();
                let key = before.ends_with(b":") || before.ends_with(b"=>");
                if (text[at] != b'{' || key)
                    && let Some(cut) = head.iter().rposition(|byte| matches!(byte, b';' | b'{' | b'}' | b','))
                {
                    head = &head[cut + 1..];
                }
                // A function or class named after HubSpot may do much else inside.
                // PHP's `'hubspot' => array(` is a key, too.
                let array = text[at] == b'(' && head.ends_with(b"array");
                if array {
                    head = &head[..head.len() - b"array".len()];
                }
                let body = !is_arrow_of_key(head) && is_definition(head) || text[at] == b'{' && head.trim_ascii_end().ends_with(b")");
                if !body {
                    let words = words(head);
                    let keyed = (text[at] != b'(' || array)
                        && head.trim_ascii_end().ends_with(b":")
                            | head.trim_ascii_end().ends_with(b"=")
                            | head.trim_ascii_end().ends_with(b">");
                    if keyed {
                        found.keys.push(words.clone());
                    }
                    if keyed && found.key.is_empty() {
                        found.key.clone_from(&words);
                        found.key_at = line;
                    }
                    found.words.extend(words);
                }
                levels += 1;
                if levels == ENCLOSING_MAX {
                    return;
                }
            }
            _ => {}
        }
    }
}

/// Whether an arrow follows a key, as in `'hubspot' => [` and `:hubspot => {`, and not the parameters of a function.
fn is_arrow_of_key(head: &[u8]) -> bool {
    let Some(key) = head.trim_ascii_end().strip_suffix(b"=>").map(<[u8]>::trim_ascii_end) else { return false };
    let symbol = key.iter().rposition(|byte| !is_word(*byte)).is_some_and(|before| key[before] == b':');
    key.ends_with(b"'") || key.ends_with(b"\"") || symbol
}

fn is_definition(head: &[u8]) -> bool {
    const WORDS: [&[u8]; 10] =
        [b"class ", b"function ", b"def ", b"func ", b"fn ", b"=>", b"interface ", b"namespace ", b"module ", b"struct "];
    WORDS.iter().any(|word| head.windows(word.len()).any(|window| window == *word))
}

/// Adds the less indented keys above a value, and the value's section in an INI file.
fn parents(text: &[u8], start: usize, found: &mut Enclosing) {
    static KEY: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r#"(?-u)^\s*(?:- )?(?:["']?([\w.\-/ ]{1,60})["']?\s*:\s*(?:[&|>!#].*)?|<([\w.:\-]+)(?:\s[^>]*)?>)\s*$"#)
            .expect("a constant")
    });
    static SECTION: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r#"(?-u)^\s*\[\[?\s*([\w.\-: "']{1,60})\s*\]\]?\s*$"#).expect("a constant"));
    let floor = start.saturating_sub(ENCLOSING_REACH);
    let mut line = line_at(text, start);
    let mut indent = indent_of(&text[line.clone()]);
    let mut levels = 0;
    while line.start > floor && levels < ENCLOSING_MAX {
        line = line_at(text, line.start - 1);
        let content = &text[line.clone()];
        if content.len() > 200 {
            continue;
        }
        if let Some(section) = SECTION.captures(content).and_then(|captures| captures.get(1)) {
            found.add_key(words(section.as_bytes()), line.start);
            return;
        }
        let here = indent_of(content);
        if here >= indent || content.trim_ascii().is_empty() {
            continue;
        }
        if let Some(captures) = KEY.captures(content) {
            indent = here;
            levels += 1;
            found.add_key(words(captures.get(1).map_or(content, |key| key.as_bytes())), line.start);
        }
    }
}

impl Enclosing {
    fn add_key(&mut self, words: Vec<String>, at: usize) {
        if self.key.is_empty() {
            self.key.clone_from(&words);
            self.key_at = at;
        }
        self.keys.push(words.clone());
        self.words.extend(words);
    }
}
