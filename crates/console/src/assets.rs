//! Style, script and sign of the pages, embedded. Their addresses carry a hash of what they hold, so
//! that a browser may keep them and still has the new ones after an upgrade.

use std::sync::LazyLock;

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};

const STYLE: &str = include_str!("../../../web/assets/keyway.css");
const SCRIPT: &str = include_str!("../../../web/assets/keyway.js");
const SIGN: &str = include_str!("../../../web/assets/keyway.svg");

/// The style sheet as it is sent.
static STYLE_SENT: LazyLock<String> = LazyLock::new(|| packed(STYLE));

/// A style sheet without comments, and without white space that says nothing: a sixth of it.
fn packed(style: &str) -> String {
    let parts = style.split("/*").enumerate();
    let text: String = parts.map(|(at, part)| if at == 0 { part } else { part.split_once("*/").map_or("", |(_, rest)| rest) }).collect();
    // Every second part is a string, which stays as it is.
    let parts = text.split('"').enumerate().map(|(at, part)| if at % 2 == 1 { format!("\"{part}\"") } else { squeezed(part) });
    parts.collect::<String>().trim().to_owned()
}

fn squeezed(part: &str) -> String {
    let mut text = String::with_capacity(part.len());
    for letter in part.chars().map(|letter| if letter.is_whitespace() { ' ' } else { letter }) {
        if letter != ' ' || !text.ends_with(' ') {
            text.push(letter);
        }
    }
    // Before a colon a space may say something, as in "a :hover"; the other places are between what can't be mistaken.
    for (long, short) in [(" {", "{"), ("{ ", "{"), ("; ", ";"), (": ", ":"), (", ", ","), (" }", "}"), (";}", "}"), ("} ", "}")] {
        text = text.replace(long, short);
    }
    text
}

pub(super) fn style_address() -> &'static str {
    static ADDRESS: LazyLock<String> = LazyLock::new(|| address("/assets/keyway.css", &STYLE_SENT));
    &ADDRESS
}

pub(super) fn script_address() -> &'static str {
    static ADDRESS: LazyLock<String> = LazyLock::new(|| address("/assets/keyway.js", SCRIPT));
    &ADDRESS
}

fn address(path: &str, text: &str) -> String {
    format!("{path}?v={}", &blake3::hash(text.as_bytes()).to_hex()[..12])
}

pub(super) async fn style() -> Response {
    kept("text/css; charset=utf-8", &STYLE_SENT)
}

pub(super) async fn script() -> Response {
    kept("text/javascript; charset=utf-8", SCRIPT)
}

pub(super) async fn sign() -> Response {
    kept("image/svg+xml", SIGN)
}

fn kept(kind: &'static str, text: &'static str) -> Response {
    ([(CONTENT_TYPE, kind), (CACHE_CONTROL, "public, max-age=31536000, immutable")], text).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_style_sheet_loses_its_comments_and_nothing_that_is_said() {
        let style = "/* Rows; \"quoted\" */\n.a > .b, .c :hover {\n  content: \", ; \";\n  margin: 0 1px; }\n@media (width < 40rem) {\n  .d { --x: calc(1px + 2px); } /* end */\n}\n";
        assert_eq!(packed(style), ".a > .b,.c :hover{content:\", ; \";margin:0 1px}@media (width < 40rem){.d{--x:calc(1px + 2px)}}");
        // What is sent has the rules of the file, each once.
        let count = |text: &str, letter: char| text.matches(letter).count();
        let without_comments: String = STYLE.split("/*").map(|part| part.split_once("*/").map_or(part, |(_, rest)| rest)).collect();
        for letter in ['{', '}', ':', '"', '(', ','] {
            assert_eq!(count(&STYLE_SENT, letter), count(&without_comments, letter), "{letter}");
        }
        assert!(!STYLE_SENT.contains("/*") && STYLE_SENT.len() < STYLE.len() * 9 / 10);
    }
}
