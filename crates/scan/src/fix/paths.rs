//! Moves paths with numbered versions to their dated successors, where HubSpot publishes both with the same behaviour.
//!
//! The scanner (`detect::usage`) determines what a path means. This rule finds the path's text in a literal and rewrites
//! it. Values that are inserted at run time keep their place.

use std::collections::BTreeSet;
use std::ops::Range;

use keyway_core::catalog::tables::SuccessorRow;
use keyway_core::catalog::{Catalog, Method};
use keyway_core::sunset;
use keyway_core::translate::agrees;

use super::call;
use super::{Found, Setting, purpose};
use crate::code::edit::Edit;
use crate::code::syntax::Source;
use crate::finding::{Usage, UsageAuth, Via};

/// The longest literal that is compared as a path, in bytes.
const PATH_BYTES_MAX: usize = 500;

/// `remarks` of `write` recognises a note by this text.
pub(super) const RULES: &str = "; a call that creates or updates records here must keep the account's rules from 2026-09 on (conditionally required properties, properties that the create form requires, permission to associate), or HubSpot answers 400";

pub(super) fn find(source: &Source<'_>, calls: &[(usize, Usage)], setting: &Setting<'_>, found: &mut Found) {
    for (at, call) in calls {
        let (at, line) = (*at, source.line(*at));
        match call.via {
            Via::Sdk if setting.test => {}
            Via::Sdk if call.successor.is_some() && call.version.starts_with('v') => {
                found.leave(
                    line,
                    format!(
                        "{} is a client library's call of {}: use a release of the library that sends the dated version",
                        call.call.as_deref().unwrap_or("this"),
                        call.operation
                    ),
                );
            }
            Via::Sdk | Via::Client | Via::Node | Via::Mcp => {}
            Via::Url => by_url(source, at, line, call, setting, found),
        }
    }
}

/// Paths with numbered versions that the program compares or looks up, whether or not they are calls.
pub(super) fn decided(source: &Source<'_>) -> BTreeSet<String> {
    let numbered = |text: &str| ["/v1/", "/v2/", "/v3/", "/v4/"].iter().any(|version| text.contains(version));
    let literals = source.literals().into_iter().filter_map(|literal| Some((source.text.get(literal.inside.clone())?, literal)));
    literals
        .filter(|(text, _)| text.len() <= PATH_BYTES_MAX && numbered(text))
        .filter(|(_, literal)| purpose::data(source, literal, literal.inside.start).is_some_and(|data| data.decides))
        .map(|(text, _)| text.to_owned())
        .collect()
}

fn by_url(source: &Source<'_>, at: usize, line: usize, call: &Usage, setting: &Setting<'_>, found: &mut Found) {
    if !call.version.starts_with('v') || is_oauth(&call.operation) {
        return;
    }
    let (method, template) = call.operation.split_once(' ').unwrap_or(("GET", &call.operation));
    let key = key(template);
    let purpose = source.literal_at(at).filter(|_| !setting.test).and_then(|literal| purpose::data(source, &literal, at));
    if let Some(purpose) = purpose {
        return found.leave(line, format!("{template} is data here, and stays: {}", purpose.why));
    }
    let rows = rows_of(method, template);
    if rows.iter().any(|row| row.successor != rows[0].successor) {
        return found.leave(line, format!("{template} moves to another path for each method, and the method can't be seen here"));
    }
    // A row with a difference decides.
    let Some(row) = rows.iter().find(|row| !agrees(row.difference)).or(rows.first()) else {
        let to = call
            .successor
            .as_deref()
            .map_or_else(|| "its successor is not known".to_owned(), |to| format!("its successor is {to}, whose bodies differ"));
        let old = matches!(call.version.as_str(), "v1" | "v2");
        let what =
            if old { "is older than v3" } else { "is not a whole operation that HubSpot publishes, so its successor is not certain" };
        return found.leave(line, format!("{} {what}: {to}", call.operation));
    };
    let Some(successor) = row.successor else {
        return found.leave(line, format!("{}: HubSpot has published no successor that is generally available", call.operation));
    };
    if !row.stage.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') {
        return found.leave(line, format!("{}: its successor {successor} is a beta", call.operation));
    }
    if !agrees(row.difference) {
        return found.leave(line, format!("{} and its successor {successor} differ: {}", call.operation, row.difference));
    }
    let takes_key = |path: &str| Catalog::get().takes_developer_key(row.method, path);
    if call.auth != UsageAuth::DeveloperKey && takes_key(successor) && !takes_key(template) {
        return found.leave(line, format!("{}: its successor {successor} takes the developer API key in place of a token", call.operation));
    }
    if setting.held.contains(&key) {
        return found.leave(line, format!("{template} moves to {successor}, and stays: another place of this project names it in a way that can't be moved with it. Move both by hand"));
    }
    if setting.test && !setting.moved.contains(&key) {
        return;
    }
    match rewritten(source, at, template, successor) {
        Some((span, _)) if is_root_of_associations(source, at, span.end) => found.leave(
            line,
            format!("{template} moves to {successor}, and stays: paths of associations are joined on to it, which do not move alike"),
        ),
        Some((span, text)) => {
            found.moved.insert(key);
            found.change(format!("{template} becomes {successor}{}", rules(call.method, template)), vec![Edit::replace(span, text)])
        }
        None => found.leave(line, format!("{} moves to {successor}, and its path is put together from several places", call.operation)),
    }
}

/// The successors of an operation; where the method is unknown, those of every method.
fn rows_of(method: &str, template: &str) -> Vec<&'static SuccessorRow> {
    match Method::parse(method) {
        Some(method) => sunset::successor(method, template).into_iter().collect(),
        None => Method::ALL.into_iter().filter_map(|method| sunset::successor(method, template)).collect(),
    }
}

/// Whether a variable holds a path that code extends to paths of associations, some of which have no successor.
fn is_root_of_associations(source: &Source<'_>, at: usize, end: usize) -> bool {
    let Some(literal) = source.literal_at(at).filter(|literal| literal.inside.end == end) else { return false };
    let whole = |text: &str| text.contains("crm/v") || text.contains("crm/objects/");
    call::assigned(source, &literal).is_some() && source.text.lines().any(|line| line.contains("/associations") && !whole(line))
}

/// The constant part of a template, before its first variable: `crm/v3/objects/contacts`.
fn key(template: &str) -> String {
    template.split('{').next().unwrap_or(template).trim_matches('/').to_owned()
}

/// The note for a call that writes CRM records: 2026-09 answers some of them with 400 where v3 did not (hubspot facts,
/// section 3, 2026-09-08). A call with an unknown method may write.
fn rules(method: Option<&str>, template: &str) -> &'static str {
    let crm = template.starts_with("/crm/") && template.contains("/objects/");
    let reads = template.ends_with("/search") || template.ends_with("/batch/read") || matches!(method, Some("GET" | "DELETE"));
    if crm && !reads { RULES } else { "" }
}

fn is_oauth(operation: &str) -> bool {
    operation.contains(" /oauth/")
}

/// The span of the path's text, and the new text.
fn rewritten(source: &Source<'_>, at: usize, template: &str, successor: &str) -> Option<(Range<usize>, String)> {
    let end = match source.literal_at(at) {
        Some(literal) => literal.inside.end,
        None if source.language.grammar().is_none() => source.text[at..].find('\n').map_or(source.text.len(), |length| at + length),
        None => return None,
    };
    let start = path_start(&source.text[at..end], template)? + at;
    let length = path_length(&source.text[start..end]);
    let path = &source.text[start..start + length];
    Some((start..start + length, carry(path, template, successor)?))
}

/// The start of the path: the first segment of its template.
fn path_start(text: &str, template: &str) -> Option<usize> {
    let mut segments = template[1..].split('/');
    let (first, second) = (segments.next()?, segments.next()?);
    let begins = |at: usize| {
        let rest = text[at + 1..].strip_prefix(first)?;
        let rest = rest.strip_prefix('/')?;
        // The version may follow the family (`/crm/objects/v3`).
        (rest.starts_with(second)
            || second.starts_with('{')
            || template.split('/').any(|segment| rest.starts_with(segment) && !segment.is_empty()))
        .then_some(at)
    };
    text.match_indices('/').find_map(|(at, _)| begins(at))
}

/// The length of a path: up to its query, a blank, or the end. Text in braces belongs to the path.
fn path_length(text: &str) -> usize {
    let mut depth = 0_usize;
    for (at, one) in text.char_indices() {
        match one {
            '{' => depth += 1,
            // `#{id}` is Ruby's interpolation.
            '#' if text[at + 1..].starts_with('{') => {}
            '}' if depth == 0 => return at,
            '}' => depth -= 1,
            '?' | '#' | '"' | '\'' | '`' | '\\' if depth == 0 => return at,
            one if one.is_whitespace() && depth == 0 => return at,
            _ => {}
        }
    }
    text.len()
}

/// The segments of a path. Text in braces is not split.
fn segments(path: &str) -> Vec<&str> {
    let (mut found, mut start, mut depth) = (Vec::new(), 1, 0_usize);
    for (at, one) in path.char_indices().skip(1) {
        match one {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            '/' if depth == 0 => {
                found.push(&path[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    found.push(&path[start..]);
    found
}

fn is_variable(segment: &str) -> bool {
    segment.starts_with('{')
}

/// The successor, with the values of the path in place of its variables. Where the path's text ends before its template
/// does, other code joins the rest, and the rest must be the same in both templates.
fn carry(path: &str, template: &str, successor: &str) -> Option<String> {
    let mut given = segments(path);
    let slash = given.last() == Some(&"");
    if slash {
        given.pop();
    }
    let from: Vec<&str> = template[1..].split('/').collect();
    let to: Vec<&str> = successor[1..].split('/').collect();
    let rest = from.len().checked_sub(given.len())?;
    let same_rest = to.len() > rest && from[given.len()..] == to[to.len() - rest..];
    // Text after a path is a segment of its own only where it begins with a slash.
    if !same_rest || (rest > 0 && !slash && from.len() != given.len()) {
        return None;
    }
    let mut values = Vec::new();
    for (have, wanted) in given.iter().zip(&from) {
        if is_variable(wanted) {
            values.push((*wanted, *have));
        } else if have != wanted && !is_version_pair(have, wanted, &given, &from) {
            return None;
        }
    }
    let kept = &to[..to.len() - rest];
    let renamed: Vec<&&str> = kept.iter().filter(|part| is_variable(part) && values.iter().all(|(name, _)| name != *part)).collect();
    let left: Vec<&str> = values.iter().filter(|(name, _)| !kept.contains(name)).map(|(_, value)| *value).collect();
    if renamed.len() > 1 || renamed.len() != left.len() {
        return None;
    }
    let mut carried = String::new();
    for part in kept {
        carried.push('/');
        let value = match part {
            part if !is_variable(part) => part,
            part => values.iter().find(|(name, _)| name == part).map(|(_, value)| *value).or(left.first().copied())?,
        };
        carried.push_str(value);
    }
    if slash {
        carried.push('/');
    }
    Some(carried)
}

/// Whether the two are spellings of one path: `/crm/objects/v3` for `/crm/v3/objects` (hubspot facts, section 2a).
fn is_version_pair(have: &str, wanted: &str, given: &[&str], from: &[&str]) -> bool {
    let swapped = |version: &str| version.len() == 2 && version.starts_with('v');
    given.first() == Some(&"crm") && from.first() == Some(&"crm") && (swapped(have) || swapped(wanted)) && given.contains(&wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_carried_with_what_is_filled_in() {
        let carried = |path: &str, template: &str, successor: &str| carry(path, template, successor);
        let (template, successor) = ("/crm/v3/objects/contacts/{contactId}", "/crm/objects/2026-09/contacts/{contactId}");
        assert_eq!(
            carried("/crm/v3/objects/contacts/${a/b}", template, successor).as_deref(),
            Some("/crm/objects/2026-09/contacts/${a/b}")
        );
        assert_eq!(carried("/crm/objects/v3/contacts/%s", template, successor).as_deref(), Some("/crm/objects/2026-09/contacts/%s"));
        assert_eq!(carried("/crm/v3/objects/contacts/", template, successor).as_deref(), Some("/crm/objects/2026-09/contacts/"));
        // Other code joins the version itself.
        assert_eq!(carried("/crm/", template, successor), None);
        assert_eq!(carried("/crm/v3/objects/deals/1", template, successor), None);
    }
}
