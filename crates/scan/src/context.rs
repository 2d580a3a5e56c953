//! What surrounds a value: its own name, what encloses it, and the names near it.
//!
//! This is not a parser of any language. Texts of every kind give a value a name in few ways
//! (`name = v`, `name: v`, `name, v`, `name(v)`, `<name>v`, `--name v`, `?name=v`). A reader that goes
//! left from the value finds them in code, settings, exports and logs.

use std::ops::Range;
use std::sync::LazyLock;

use regex::bytes::Regex;

use crate::text::{is_word, line_at, words};

mod beside;
mod enclosing;
mod reader;

pub use enclosing::{Enclosing, enclosing};
use reader::Reader;

/// How far left of a value its name is searched, in bytes.
const NAME_REACH: usize = 400;
/// How many lines in each direction count as near.
const NEAR_LINES: usize = 6;
/// How many bytes in each direction count as near, whatever the number of lines.
const NEAR_BYTES: usize = 900;

/// In which form a value gets its name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// `name = v`, `name: v`, `?name=v`, `<name>v</name>`.
    Assigned,
    /// `name, v` or `name(v)`.
    Argument,
    /// A segment of a path.
    PathSegment,
    /// Words before the value on its line.
    Prose,
    /// The value has no name.
    #[default]
    Bare,
}

/// The name of a value.
#[derive(Debug, Default)]
pub struct Name {
    /// The form in which the name is given.
    pub form: Form,
    /// All words of it: `config.hubspot.apiKey` is `config`, `hubspot`, `api`, `key`.
    pub words: Vec<String>,
    /// The words of its last part: `api`, `key`.
    pub last: Vec<String>,
    /// The function that is called with the value, or the object that the name is a member of.
    pub owner: Vec<String>,
    /// The span of the name, if it is one plain identifier.
    pub identifier: Option<Range<usize>>,
}

impl Name {
    fn of(text: &[u8], range: Range<usize>, form: Form) -> Self {
        let name = &text[range.clone()];
        let last_at = name.iter().rposition(|byte| matches!(byte, b'.' | b'>' | b'[' | b':' | b'/')).map_or(0, |at| at + 1);
        // Where a name ends in its separator (`hubspot_key:`), the last part is before it.
        let last = if last_at < name.len() { &name[last_at..] } else { name };
        let identifier =
            (!last.is_empty() && last.iter().all(|byte| is_word(*byte) || *byte == b'$')).then(|| range.start + last_at..range.end);
        Self { form, words: words(name), last: words(last), identifier, ..Self::default() }
    }
}

/// Finds the name of the value that starts at `start`.
pub fn name(text: &[u8], start: usize) -> Name {
    let floor = start.saturating_sub(NAME_REACH);
    let mut reader = Reader { text, at: start, floor };
    reader.quotes();
    let scheme = reader.scheme();
    let mut name = reader.name();
    if name.words.is_empty() {
        name.words.clone_from(&scheme);
        name.last.clone_from(&scheme);
    }
    if is_value_word(&name.last)
        && let Some(sibling) = beside::sibling(text, start).or_else(|| beside::block_label(text, start))
    {
        let mut named = Name::of(text, sibling, name.form);
        named.owner = name.words;
        named.identifier = None;
        return named;
    }
    name
}

/// The variable that reads a setting with a default: `secret` of `secret = os.getenv("S", "v")`.
pub fn taker_of_setting(text: &[u8], start: usize) -> Option<Name> {
    static TAKER: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(
            r#"(?-u)(?P<name>[A-Za-z_]\w*)\s*(?::\s*[\w.\[\]]+\s*)?:?=\s*(?:[\w.]+\()?(?:os\.getenv|os\.environ\.get|getenv|env|ENV\.fetch|config|environ\.get|System\.getenv\(\)\.getOrDefault|getEnv|Deno\.env\.get)\(\s*["'][\w.-]+["']\s*,\s*[bfru]?["']$"#,
        )
        .expect("a constant")
    });
    let line = line_at(text, start).start.max(start.saturating_sub(NAME_REACH));
    let name = TAKER.captures(&text[line..start])?.name("name")?;
    Some(Name::of(text, line + name.start()..line + name.end(), Form::Assigned))
}

/// Whether a name means no more than "value".
fn is_value_word(last: &[String]) -> bool {
    const WORDS: [&str; 9] = ["value", "val", "default", "content", "data", "text", "string", "values", "fallback"];
    match last {
        [one] => WORDS.contains(&one.as_str()),
        [first, second] => second == "value" || first == "secret" && second == "string",
        _ => false,
    }
}

/// The start of a name with its qualifier: `self::KEY`, `this.key`.
pub fn qualified_start(text: &[u8], start: usize) -> usize {
    let mut reader = Reader { text, at: start, floor: start.saturating_sub(80) };
    if reader.before().is_some_and(|byte| matches!(byte, b'.' | b':' | b'>')) {
        return reader.token().start;
    }
    start
}

/// The span of the few lines around a value.
pub fn near(text: &[u8], value: &Range<usize>) -> Range<usize> {
    let mut start = value.start;
    for _ in 0..=NEAR_LINES {
        match memchr::memrchr(b'\n', &text[..start]) {
            Some(at) if value.start - at < NEAR_BYTES => start = at,
            Some(_) => {
                start = start.min(value.start.saturating_sub(NEAR_BYTES));
                break;
            }
            None => {
                start = value.start.saturating_sub(NEAR_BYTES);
                break;
            }
        }
    }
    let mut end = value.end;
    for _ in 0..=NEAR_LINES {
        match memchr::memchr(b'\n', &text[end..]) {
            Some(at) if end + at + 1 - value.end < NEAR_BYTES => end += at + 1,
            Some(_) | None => {
                end = text.len().min(value.end + NEAR_BYTES);
                break;
            }
        }
    }
    start..end
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The words of the name that Keyway finds for `VALUE` in a text.
    fn named(text: &str) -> String {
        name(text.as_bytes(), text.find("VALUE").expect("the text holds VALUE")).words.join(" ")
    }

    #[test]
    fn a_value_is_named_in_every_kind_of_text() {
        for (text, expected) in [
            ("API_KEY=VALUE", "api key"),
            ("export API_KEY='VALUE'", "api key"),
            ("const apiKey: string = \"VALUE\"", "api key"),
            ("\"apiKey\": \"VALUE\"", "api key"),
            ("{\\\"apiKey\\\": \\\"VALUE\\\"}", "api key"),
            ("api_key: VALUE", "api key"),
            ("api_key: >-\n  VALUE", "api key"),
            ("'api_key' => 'VALUE'", "api key"),
            ("?hapikey=VALUE", "hapikey"),
            ("hapikey%3DVALUE", "hapikey"),
            ("<apiKey>VALUE</apiKey>", "api key"),
            ("<entry key=\"api.key\">VALUE</entry>", "api key"),
            ("<add key=\"ApiKey\" value=\"VALUE\"/>", "api key"),
            ("<add value=\"VALUE\" key=\"ApiKey\"/>", "api key"),
            ("{\"name\": \"API_KEY\", \"value\": \"VALUE\"}", "api key"),
            ("{\"value\": \"VALUE\", \"name\": \"API_KEY\"}", "api key"),
            ("- name: API_KEY\n  value: VALUE", "api key"),
            ("define('API_KEY', 'VALUE')", "api key"),
            ("os.environ[\"API_KEY\"] = \"VALUE\"", "api key"),
            ("os.getenv('API_KEY', 'VALUE')", "api key"),
            ("process.env.API_KEY || 'VALUE'", "process env api key"),
            ("${API_KEY:-VALUE}", "api key"),
            ("setApiKey(\"VALUE\")", "set api key"),
            ("--api-key VALUE", "api key"),
            ("ENV API_KEY VALUE", "api key"),
            ("Authorization: Bearer VALUE", "authorization"),
            ("the api key is VALUE", "the api key is"),
            ("| api key | VALUE |", "api key"),
            ("api_key,VALUE", "api key"),
            ("\"api_key\" to \"VALUE\"", "api key"),
            ("keys = [\"VALUE\"]", "keys"),
            ("$this->apiKey = 'VALUE';", "this api key"),
        ] {
            assert_eq!(named(text), expected, "{text}");
        }
    }

    #[test]
    fn sections_blocks_and_keys_above_enclose_a_value() {
        for text in [
            "[hubspot]\na = 1\nkey = VALUE",
            "hubspot:\n  a: 1\n  key: VALUE",
            "{\"hubspot\": {\"a\": 1, \"key\": \"VALUE\"}}",
            "new hubspot.Client({ key: 'VALUE' })",
            "variable \"hubspot_key\" {\n  default = \"VALUE\"\n}",
            "<hubspot>\n  <key>VALUE</key>\n</hubspot>",
        ] {
            let around = enclosing(text.as_bytes(), text.find("VALUE").expect("there"));
            assert!(around.words.iter().any(|word| word == "hubspot"), "{text}: {around:?}");
        }
        let text = "class HubspotThing {\n  key = 'VALUE'\n}";
        assert!(enclosing(text.as_bytes(), text.find("VALUE").expect("there")).words.is_empty());
    }
}
