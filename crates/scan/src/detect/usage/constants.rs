//! Versions in constants of a text, as HubSpot's guide to dated versions recommends:
//! `const V = 'v3'`, `API_VERSION = os.getenv("HUBSPOT_VERSION", "2026-03")`, `versions: { contacts: 'v3' }`.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::sync::LazyLock;

use regex::bytes::Regex;

use crate::text::{is_word, line_near};

/// The constants of a text, read on first use.
pub struct Constants<'t> {
    text: &'t [u8],
    /// Version by name; None where a name has several.
    versions: OnceCell<HashMap<Vec<u8>, Option<&'t str>>>,
}

impl<'t> Constants<'t> {
    /// The constants of a text.
    pub const fn of(text: &'t [u8]) -> Self {
        Self { text, versions: OnceCell::new() }
    }

    /// The version in an expression, where a constant of the text holds it: `${self.VERSION}`, `+ V +`.
    pub fn version(&self, expression: &[u8]) -> Option<&'t str> {
        self.named(last_name(expression)?)
    }

    /// The version of a name.
    pub fn named(&self, name: &[u8]) -> Option<&'t str> {
        self.versions.get_or_init(|| versions(self.text)).get(name).copied().flatten()
    }

    /// Whether the name in an expression is that of a version.
    pub fn names_version(expression: &[u8]) -> bool {
        let Some(name) = last_name(expression) else { return false };
        let plain: String = String::from_utf8_lossy(name).to_ascii_lowercase().replace('_', "");
        plain.ends_with("version") || plain.ends_with("apiver") || matches!(plain.as_str(), "v" | "ver" | "apiv" | "hsv")
    }

    /// The last name of an expression.
    pub fn name(expression: &[u8]) -> Option<String> {
        last_name(expression).map(|name| String::from_utf8_lossy(name).into_owned())
    }
}

/// The last name of a plain expression, which has only names, dots and the marks of an interpolation.
fn last_name(expression: &[u8]) -> Option<&[u8]> {
    let plain = |byte: &u8| {
        is_word(*byte)
            || byte.is_ascii_whitespace()
            || matches!(
                byte,
                b'.' | b':' | b'$' | b'{' | b'}' | b'#' | b'+' | b'-' | b'>' | b'@' | b'"' | b'\'' | b'`' | b'&' | b'%' | b'(' | b')'
            )
    };
    if !expression.iter().all(plain) {
        return None;
    }
    let end = expression.iter().rposition(|byte| is_word(*byte))? + 1;
    let start = expression[..end].iter().rposition(|byte| !is_word(*byte)).map_or(0, |at| at + 1);
    Some(&expression[start..end])
}

fn versions(text: &[u8]) -> HashMap<Vec<u8>, Option<&str>> {
    static VERSION: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r#"(?-u)["'`:=]\s*/?(?P<version>v[1-9]|20[2-3]\d-\d\d(?:-beta)?)/?(?:["'`;,\s}]|$)"#).expect("a constant")
    });
    static BEFORE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r#"(?-u)(?P<name>[A-Za-z_]\w*)["')\]]*\s*(?::\s*[&\w.\[\]<>|]+\s*)?(?:=>|:=|=|:|,|<-)\s*[fbr]?["'`]?/?$"#)
            .expect("a constant")
    });
    static ASSIGNED: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r#"(?-u)(?P<name>[A-Za-z_]\w*)["']?\s*(?::\s*[\w.<>]+\s*)?(?::=|=|<-)\s*[^=>\s]"#).expect("a constant")
    });
    let mut versions: HashMap<Vec<u8>, Option<&str>> = HashMap::new();
    for captures in VERSION.captures_iter(text) {
        let Some(version) = captures.name("version") else { continue };
        let Ok(value) = std::str::from_utf8(version.as_bytes()) else { continue };
        let line = line_near(text, version.start()).start;
        let head = &text[line..version.start()];
        let names = [&BEFORE, &ASSIGNED]
            .map(|form| form.captures(head).and_then(|captures| captures.name("name")).map(|name| name.as_bytes().to_vec()));
        for name in names.into_iter().flatten() {
            versions.entry(name).and_modify(|known| *known = known.filter(|known| *known == value)).or_insert(Some(value));
        }
    }
    versions
}
