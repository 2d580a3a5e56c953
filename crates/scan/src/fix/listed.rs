//! Languages that Keyway does not rewrite: it lists what a person must change, so that no key and no old call stays
//! unnoticed.

use super::{Fixed, Note};
use crate::code::line_of;
use crate::detect::usage::{Per, find};
use crate::detect::{Text, Wanted, examine};
use crate::finding::{Confidence, Usage, UsageAuth};
use crate::prefilter::Hits;

/// Languages by the ends of their files' names.
const LANGUAGES: [(&str, &[&str]); 13] = [
    ("Apex", &["cls", "trigger", "apex"]),
    ("PowerShell", &["ps1", "psm1"]),
    ("Kotlin", &["kt", "kts"]),
    ("Swift", &["swift"]),
    ("Scala", &["scala"]),
    ("Rust", &["rs"]),
    ("Dart", &["dart"]),
    ("Elixir", &["ex", "exs"]),
    ("R", &["r"]),
    ("Perl", &["pl", "pm"]),
    ("Clojure", &["clj", "cljs"]),
    ("Groovy", &["groovy"]),
    ("Visual Basic", &["vb"]),
];

/// The changes that a file of such a language needs, each with its reason. None where the language is another, or where
/// nothing must change.
pub(super) fn list(path: &str, text: &str) -> Option<Fixed> {
    let ending = path.rsplit('/').next()?.rsplit_once('.')?.1.to_ascii_lowercase();
    let language = LANGUAGES.iter().find(|(_, ends)| ends.contains(&ending.as_str()))?.0;
    let mut left: Vec<Note> = Vec::new();
    for (at, call) in find(Text { path, bytes: text.as_bytes() }, Per::Url) {
        if let Some(what) = change(&call) {
            left.push(Note { line: line_of(text, at), what: format!("Keyway does not rewrite {language}: {what}") });
        }
    }
    let seen = examine(Text { path, bytes: text.as_bytes() }, Wanted { usages: false }, &mut Hits::default());
    for candidate in seen.candidates.into_iter().filter(|candidate| candidate.confidence >= Confidence::Medium) {
        let line = line_of(text, candidate.at.start);
        // A key in a URL is part of its call's note.
        if !left.iter().any(|note| note.line == line && note.what.contains("hapikey")) {
            let what = format!(
                "Keyway does not rewrite {language}: a {} in plain text: rotate it, and read it from a secret store",
                candidate.kind.title()
            );
            left.push(Note { line, what });
        }
    }
    left.sort();
    left.dedup();
    (!left.is_empty()).then(|| Fixed { left, ..Fixed::unchanged(text) })
}

/// What must change at a call.
fn change(call: &Usage) -> Option<String> {
    let moves = call.successor.as_deref().map(|successor| format!("move {} to {successor}", call.operation));
    let key = (call.auth == UsageAuth::Hapikey).then(|| "replace hapikey by `Authorization: Bearer TOKEN`".to_owned());
    let steps: Vec<String> = moves.into_iter().chain(key).collect();
    (!steps.is_empty()).then(|| format!("{} by hand", steps.join(", and ")))
}
