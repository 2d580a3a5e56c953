//! Replaces a credential in plain text by an environment variable. Keyway writes the value nowhere else:
//! `.env.example` gets only the name, and a person must rotate the value.

use super::{Found, Language, TOKEN, constant};
use crate::code::edit::Edit;
use crate::code::platform::Platform;
use crate::code::syntax::Source;
use crate::detect::{Candidate, Text, Wanted, examine};
use crate::finding::{Confidence, Kind};
use crate::prefilter::Hits;

use tree_sitter::Node;

/// Lists the credentials of a test and leaves them: a test may send a wrong credential on purpose.
pub(super) fn list(path: &str, source: &Source<'_>, found: &mut Found) {
    let mut hits = Hits::default();
    let seen = examine(Text { path, bytes: source.text.as_bytes() }, Wanted { usages: false }, &mut hits);
    for candidate in seen.candidates.into_iter().filter(|candidate| candidate.confidence >= Confidence::Medium) {
        if !line_allows(source.text, candidate.at.start) {
            let what = format!("a {} in a test, which stays: rotate it if it is real, and write one that can't be", candidate.kind.title());
            found.leave(source.line(candidate.at.start), what);
        }
    }
}

pub(super) fn find(path: &str, source: &Source<'_>, found: &mut Found) {
    let mut hits = Hits::default();
    let seen = examine(Text { path, bytes: source.text.as_bytes() }, Wanted { usages: false }, &mut hits);
    let likely = |candidate: &&Candidate| candidate.confidence >= Confidence::Medium;
    let values: Vec<(&str, &str)> = seen
        .candidates
        .iter()
        .filter(likely)
        .filter_map(|candidate| Some((variable(candidate.kind).0, source.text.get(candidate.at.clone())?)))
        .collect();
    for candidate in seen.candidates.into_iter().filter(|candidate| candidate.confidence >= Confidence::Medium) {
        let line = source.line(candidate.at.start);
        let (name, may_be_missing) = variable(candidate.kind);
        if line_allows(source.text, candidate.at.start) {
            continue;
        }
        if source.language == Language::Env {
            found.leave(
                line,
                format!("a {} in a settings file: rotate it, and keep this file out of version control", candidate.kind.title()),
            );
            continue;
        }
        let read = if may_be_missing { source.may_read(name) } else { source.reads(name) };
        let several = values.iter().any(|(other, value)| *other == name && *value != &source.text[candidate.at.clone()]);
        if several || name == TOKEN && !source.keys_agree() {
            found.leave(line, format!("several credentials are written in this file, so one variable can't stand for all: rotate this {}, and give it its own", candidate.kind.title()));
            continue;
        }
        let literal = source.literal_at(candidate.at.start);
        let (Some(read), Some(literal)) = (read, literal) else {
            found.leave(
                line,
                format!(
                    "a {} in plain text: rotate it, and read it from {name}; this file can't read its environment by itself",
                    candidate.kind.title()
                ),
            );
            continue;
        };
        let inside = &source.text[literal.inside.clone()];
        let whole = literal.inside.clone() == candidate.at;
        let bearer = inside.strip_prefix("Bearer ").is_some_and(|value| value.len() == candidate.at.len());
        let text = match () {
            () if constant::is_needed(source, literal.node) => None,
            () if whole => Some(read),
            () if bearer => token_bearer(source, name),
            () => in_shell(source, &literal, &candidate.at, name).or(None),
        };
        match text {
            Some(text) => {
                let place = with_default(source, literal.node, &text);
                let mut edits = vec![Edit::replace(place.byte_range(), text)];
                edits.extend(source.import_os(literal.node.start_byte()));
                found
                    .change(format!("a {} in plain text becomes the variable {name}; rotate the old value", candidate.kind.title()), edits);
                if !may_be_missing {
                    found.variables.insert(name);
                }
            }
            None => found.leave(
                line,
                format!(
                    "a {} in plain text, in a place that takes a constant or among other text: rotate it, and read it from {name}",
                    candidate.kind.title()
                ),
            ),
        }
    }
}

/// Where a value is only the default of the variable that takes its place (`process.env.NAME || 'value'`), the whole
/// expression: the variable alone remains. Otherwise the value.
fn with_default<'t>(source: &Source<'_>, value: Node<'t>, read: &str) -> Node<'t> {
    let is_default = |either: &Node<'t>| {
        let left = either.child(0).and_then(|left| source.text.get(left.byte_range()));
        either.child_count() == 3 && either.child(2) == Some(value) && left == Some(read)
    };
    value.parent().filter(is_default).unwrap_or(value)
}

/// Whether one variable can replace all keys written in a file.
pub(super) fn agree(path: &str, source: &Source<'_>) -> bool {
    let mut hits = Hits::default();
    let seen = examine(Text { path, bytes: source.text.as_bytes() }, Wanted { usages: false }, &mut hits);
    let mut values: Vec<&str> = seen
        .candidates
        .iter()
        .filter(|candidate| candidate.confidence >= Confidence::Medium && matches!(variable(candidate.kind).0, TOKEN | "HUBSPOT_API_KEY"))
        .filter_map(|candidate| source.text.get(candidate.at.clone()))
        .collect();
    values.sort_unstable();
    values.dedup();
    values.len() < 2
}

fn token_bearer(source: &Source<'_>, name: &str) -> Option<String> {
    match source.platform {
        Platform::Server => source.language.bearer(name),
        _ => source.reads(name).map(|read| format!("`Bearer ${{{read}}}`")),
    }
}

/// The variable for a kind of credential, and whether the program may run without it. A missing value of a removed API
/// key must not stop a program that no longer sends the key.
fn variable(kind: Kind) -> (&'static str, bool) {
    match kind {
        Kind::Hapikey => ("HUBSPOT_API_KEY", true),
        Kind::DeveloperKey => ("HUBSPOT_DEVELOPER_API_KEY", false),
        Kind::PrivateAppToken | Kind::KeywayToken | Kind::OauthAccessToken => (TOKEN, false),
        Kind::OauthClientSecret | Kind::WebhookSecret => ("HUBSPOT_CLIENT_SECRET", false),
        Kind::OauthRefreshToken => ("HUBSPOT_REFRESH_TOKEN", false),
        Kind::PersonalAccessKey => ("HUBSPOT_PERSONAL_ACCESS_KEY", false),
    }
}

fn line_allows(text: &str, at: usize) -> bool {
    let start = text[..at].rfind('\n').map_or(0, |at| at + 1);
    let end = text[at..].find('\n').map_or(text.len(), |length| at + length);
    text[start..end].contains("keyway:allow")
}

/// Shell expands variables within double quotes and bare words.
fn in_shell(source: &Source<'_>, literal: &crate::code::syntax::Literal<'_>, at: &std::ops::Range<usize>, name: &str) -> Option<String> {
    let open = source.language == Language::Shell && matches!(literal.node.kind(), "string" | "word");
    open.then(|| {
        let (start, end) = (literal.node.start_byte(), literal.node.end_byte());
        format!("{}${{{name}}}{}", &source.text[start..at.start], &source.text[at.end..end])
    })
}
