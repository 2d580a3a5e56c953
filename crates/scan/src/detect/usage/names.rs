//! Paths and hosts that a text joins without an operator: a template that names a constant, a format call, and a function
//! that resolves a path against a host.

use std::ops::Range;
use std::sync::LazyLock;

use regex::bytes::Regex;

use crate::text::{is_comment, is_word, line_near};

/// The most uses of one constant that are read.
const USES_MAX: usize = 40;

/// The uses of a constant that holds only the URL at `url`, in a language without a grammar here: `"$FILES/$id"` in
/// Kotlin, `@contacts <> "/"` in Elixir. None where the constant holds more, or its name is not written as constants are.
pub(super) fn uses(text: &[u8], url: &Range<usize>) -> Vec<Range<usize>> {
    static CONSTANT: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(
            r#"(?-u)(?:^|[\s(])(?P<name>@[a-z_]\w+|[A-Z][A-Z0-9_]{2,}\s*(?::\s*\w+\s*)?=)\s*(?:[\w.@]+\s*(?:\+|<>)\s*)?"(?:[$@#{}\w]*)$"#,
        )
        .expect("a constant")
    });
    let line = line_near(text, url.start);
    let Some(name) = CONSTANT.captures(&text[line.start..url.start]).and_then(|captures| captures.name("name")) else { return Vec::new() };
    if text.get(url.end) != Some(&b'"') {
        return Vec::new();
    }
    let name = name.as_bytes();
    let name = &name[..name.iter().skip(1).position(|byte| !is_word(*byte)).map_or(name.len(), |at| at + 1)];
    let mut found = Vec::new();
    for start in memchr::memmem::find_iter(text, name) {
        let end = start + name.len();
        let whole = (start == 0 || !is_word(text[start - 1])) && text.get(end).is_none_or(|byte| !is_word(*byte));
        let head = &text[line_near(text, start).start..start];
        if whole && !line.contains(&start) && !is_comment(head) {
            found.push(start..end);
        }
        if found.len() == USES_MAX {
            break;
        }
    }
    found
}

/// The rest of the path that a format call adds after the variable at `variable`: after the slash of
/// `Sprintf("%s/%s", contactsPath, id)`.
pub(super) fn formatted(text: &[u8], variable: usize) -> Option<usize> {
    static FORMAT: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r#"(?-u)["'`](?:%[sv]|\{0?\})/(?P<rest>[^"'`\s]{1,200})["'`]\s*(?:,|%\s*\(?|\.format\()\s*$"#).expect("a constant")
    });
    let start = line_near(text, variable).start.max(variable.saturating_sub(300));
    Some(start + FORMAT.captures(&text[start..variable])?.name("rest")?.start())
}

/// Whether a function resolves the path that ends here against another vendor's host: `new URL('/path', 'https://host')`.
pub(super) fn has_other_host(text: &[u8], path_end: usize, is_hubspots: impl Fn(&[u8]) -> bool) -> bool {
    static HOST: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r#"^(?-u)["'`]\s*,\s*["'`](?P<host>https?://[^"'`\s/]+)"#).expect("a constant"));
    let after = &text[path_end..text.len().min(path_end + 120)];
    HOST.captures(after).and_then(|captures| captures.name("host")).is_some_and(|host| !is_hubspots(host.as_bytes()))
}

/// The start of the path that a function adds to a bare host: `new URL('/path', 'https://host')`,
/// `urljoin("https://host", "path")`.
pub(super) fn beside_host(text: &[u8], host: &Range<usize>) -> Option<usize> {
    static BEFORE: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r#"(?-u)\bURL\(\s*["'`]/?(?P<path>[a-z][^\n]{1,300})["'`]\s*,\s*["'`]$"#).expect("a constant"));
    static JOINS: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r#"(?-u)\b(?:urljoin|url_join|urlJoin|URI\.join|JoinPath|url\.resolve)\(\s*["'`]$"#).expect("a constant")
    });
    static AFTER: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r#"^(?-u)/?["'`]\s*,\s*f?["'`]/?(?P<path>[a-z])[\w-]*/"#).expect("a constant"));
    const REACH: usize = 400;
    let start = host.start.saturating_sub(REACH);
    if let Some(path) = BEFORE.captures(&text[start..host.start]).and_then(|captures| captures.name("path")) {
        return Some(start + path.start());
    }
    JOINS.is_match(&text[host.start.saturating_sub(40)..host.start]).then_some(())?;
    let after = &text[host.end..text.len().min(host.end + 60)];
    Some(host.end + AFTER.captures(after)?.name("path")?.start())
}
