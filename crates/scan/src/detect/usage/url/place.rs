//! Where a URL or a path is: in prose, in a comment, in a docstring, in YAML, beside HubSpot's name.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::LazyLock;

use regex::bytes::Regex;

use crate::detect::Text;
use crate::text::{contains_ignore_case, is_comment, line_near};

/// Spans of a text that do not overlap.
#[derive(Default)]
pub(super) struct Stretches(BTreeMap<usize, usize>);

impl Stretches {
    pub fn add(&mut self, stretch: &Range<usize>) {
        let (mut start, mut end) = (stretch.start, stretch.end);
        while let Some((&other, &others_end)) = self.0.range(..end.max(start + 1)).next_back().filter(|(_, reaches)| **reaches > start) {
            self.0.remove(&other);
            (start, end) = (start.min(other), end.max(others_end));
        }
        self.0.insert(start, end);
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn contains(&self, at: usize) -> bool {
        self.0.range(..=at).next_back().is_some_and(|(_, end)| at < *end)
    }
}

/// Whether prose shows a path as a call: `GET /crm/…`, or the `path: '/crm/…'` of sample code.
pub(super) fn is_told(text: &[u8], start: usize) -> bool {
    static OPTION: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r#"(?-u)\b(?:path|url|uri|endpoint)["']?\s*[:=]\s*["'`]$"#).expect("a constant"));
    let line = line_near(text, start).start;
    if OPTION.is_match(&text[line..start]) {
        return true;
    }
    let before = text[line..start].trim_ascii_end();
    [b"GET".as_slice(), b"POST", b"PUT", b"PATCH", b"DELETE"].iter().any(|method| before.ends_with(method))
}

/// Whether the line of a path names HubSpot: `hubspotUrl + "/oauth/v1/token"`.
pub(super) fn is_beside_hubspot(text: &[u8], url: &Range<usize>) -> bool {
    let line = line_near(text, url.start);
    let near = line.start.max(url.start.saturating_sub(120))..line.end.min(url.end + 120);
    contains_ignore_case(&text[near], b"hubspot")
}

/// The strings in triple quotes of a Python file: most are documentation.
pub(super) fn docstrings(text: Text<'_>) -> Stretches {
    let mut strings = Stretches::default();
    if text.path.ends_with(".py") {
        let quotes: Vec<usize> = memchr::memmem::find_iter(text.bytes, b"\"\"\"").collect();
        quotes.chunks_exact(2).for_each(|pair| strings.add(&(pair[0]..pair[1])));
    }
    strings
}

/// Whether a value follows a key of YAML, unquoted: `path: /crm/…`.
pub(super) fn is_yaml_value(text: &[u8], start: usize) -> bool {
    static KEY: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?-u)^\s*(?:- )?[\w-]+:\s+$").expect("a constant"));
    KEY.is_match(&text[line_near(text, start).start..start])
}

/// Whether a path is a key of YAML, as in OpenAPI: `  /crm/v3/objects/contacts:`.
pub(super) fn is_yaml_key(text: &[u8], start: usize) -> bool {
    static KEY: LazyLock<Regex> = LazyLock::new(|| Regex::new(r#"(?-u)^\s*["']?/[^\s"']+["']?:\s*$"#).expect("a constant"));
    KEY.is_match(&text[line_near(text, start)])
}

/// Whether a file is a program in a language that a grammar of [`Language`] reads, or in Elixir, Kotlin, Swift or Dart.
pub(super) fn is_code(path: &str) -> bool {
    const ENDINGS: [&str; 20] = [
        "js", "mjs", "cjs", "jsx", "ts", "mts", "cts", "tsx", "py", "php", "rb", "java", "go", "cs", "sh", "kt", "swift", "dart", "ex",
        "exs",
    ];
    path.rsplit_once('.').is_some_and(|(_, ending)| ENDINGS.contains(&ending))
}

/// Whether the beginning of a program's line opens a comment. `--url` in a shell and `#base` in JavaScript do not.
pub(super) fn is_commented_out(path: &str, head: &[u8]) -> bool {
    let head = head.trim_ascii_start();
    let hash = [".py", ".rb", ".php", ".sh", ".ex", ".exs"].iter().any(|ending| path.ends_with(ending)) && head.starts_with(b"#");
    hash || [b"//".as_slice(), b"/*", b"* ", b"@moduledoc ", b"@doc "].iter().any(|mark| head.starts_with(mark))
}

/// Whether this place is in a comment that begins its line.
pub(super) fn in_comment(text: &[u8], start: usize) -> bool {
    let head = &text[line_near(text, start).start..start];
    is_comment(head) || [b"@moduledoc ".as_slice(), b"@doc "].iter().any(|mark| head.trim_ascii_start().starts_with(mark))
}

/// Whether a file is documentation or another text for people.
pub(in crate::detect::usage) fn is_prose(path: &str) -> bool {
    let path = path.to_ascii_lowercase();
    [".md", ".rst", ".txt", ".adoc", ".html", ".mdx", ".mdc", ".cursorrules", ".windsurfrules", ".clinerules"]
        .iter()
        .any(|extension| path.ends_with(extension))
        || is_metadata(&path)
}

/// Whether a file is the metadata of a Python package, which repeats the package's README.
fn is_metadata(path: &str) -> bool {
    path.ends_with(".dist-info/metadata") || path.rsplit('/').next() == Some("pkg-info")
}
