//! `hapikey` in a query becomes a bearer token read from the environment.
//!
//! Certain only where the call that sends the URL is seen: in the same expression, or by a variable
//! that goes nowhere else. App-management endpoints take the developer's key, and keep it.

use super::call::{self, Call};
use super::edit::Edit;
use super::syntax::{Literal, Source};
use super::{Found, Language, TOKEN};
use crate::finding::{Usage, UsageAuth};

/// Places of a file that are changed in one pass; each is compared with every other name in it.
const PLACES_MAX: usize = 200;

pub(super) fn find(source: &Source<'_>, usages: &[(usize, Usage)], found: &mut Found) {
    if source.language.bearer(TOKEN).is_none() || !source.text.to_ascii_lowercase().contains("hapikey") {
        return;
    }
    let calls = call::find(source);
    in_urls(source, &calls, usages, found);
    in_parameters(source, &calls, found);
}

fn in_urls(source: &Source<'_>, calls: &[Call<'_>], usages: &[(usize, Usage)], found: &mut Found) {
    let literals = source.literals().into_iter().filter_map(|literal| Some((parameter(source, &literal)?, literal)));
    for (parameter, literal) in literals.take(PLACES_MAX) {
        let line = source.line(literal.node.start_byte());
        if is_developers(usages, &literal) {
            found.leave(line, "an app-management endpoint: it takes the developer's key in ?hapikey=, and keeps it");
            continue;
        }
        let senders = senders(source, calls, &literal);
        if senders.is_empty() {
            found.leave(line, "hapikey stands in a URL, and the call that sends it can't be seen here or is of a client that is not known: send `Authorization: Bearer` there");
            continue;
        }
        let mut edits = vec![parameter];
        let mut certain = true;
        for sender in senders {
            match sender.send_bearer(source, TOKEN) {
                Some(headers) => headers.into_iter().for_each(|edit| {
                    if !edits.contains(&edit) {
                        edits.push(edit);
                    }
                }),
                None => certain = false,
            }
        }
        if certain {
            found.change("hapikey in the URL becomes a bearer token from the environment", edits);
            found.variables.insert(TOKEN);
        } else {
            found.leave(line, "hapikey stands in a URL, and the call's headers are put together elsewhere: add `Authorization: Bearer` there, and take hapikey out");
        }
    }
}

fn in_parameters(source: &Source<'_>, calls: &[Call<'_>], found: &mut Found) {
    for call in calls {
        let Some(parameter) = call.parameter(source, "hapikey") else { continue };
        let line = source.line(parameter.start);
        match call.send_bearer(source, TOKEN) {
            Some(headers) => {
                let edits = [vec![Edit::remove(parameter)], headers].concat();
                found.change("hapikey in the parameters becomes a bearer token from the environment", edits);
                found.variables.insert(TOKEN);
            }
            None => found.leave(line, "hapikey is a parameter, and the call's headers are put together elsewhere: add `Authorization: Bearer` there, and take hapikey out"),
        }
    }
}

/// The calls that send a literal: the one around it, or those that take the variable it is assigned to.
fn senders<'c, 'n>(source: &Source<'_>, calls: &'c [Call<'n>], literal: &Literal<'_>) -> Vec<&'c Call<'n>> {
    let around: Vec<&Call<'_>> = calls.iter().filter(|call| call.holds(literal.node.start_byte())).collect();
    if let Some(innermost) = around.into_iter().min_by_key(|call| call.node.byte_range().len()) {
        return vec![innermost];
    }
    let Some((name, declaration)) = call::assigned(source, literal) else { return Vec::new() };
    let uses = call::uses(source, &name, declaration);
    let taking: Vec<&Call<'_>> = calls
        .iter()
        .filter(|call| {
            call.takes(source, &name) || source.language == Language::Shell && uses.iter().any(|place| call.holds(place.start_byte()))
        })
        .collect();
    // A variable that also goes elsewhere may be sent from there.
    let all_seen = uses.iter().all(|place| taking.iter().any(|call| call.holds(place.start_byte())));
    if all_seen { taking } else { Vec::new() }
}

/// Takes `hapikey=…` out of a literal, with the sign that separates it.
fn parameter(source: &Source<'_>, literal: &Literal<'_>) -> Option<Edit> {
    let text = source.text.get(literal.inside.clone())?;
    let at = text.to_ascii_lowercase().find("hapikey=")?;
    let before = text[..at].chars().last().filter(|sign| matches!(sign, '?' | '&'))?;
    let mut end = at + "hapikey=".len();
    let mut depth = 0_usize;
    let mut rest = text[end..].chars().peekable();
    while let Some(one) = rest.next() {
        match one {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            // `#{KEY}` is Ruby's way of filling in.
            '#' if rest.peek() == Some(&'{') => {}
            '&' | '#' | ' ' if depth == 0 => break,
            _ => {}
        }
        end += one.len_utf8();
    }
    let start = literal.inside.start;
    // The key that is joined on behind the literal can't be taken away with it.
    if end == at + "hapikey=".len() {
        return joined(source, literal, start + at - 1);
    }
    let whole = if text[end..].starts_with('&') { start + at..start + end + 1 } else { start + at - before.len_utf8()..start + end };
    Some(Edit::remove(whole))
}

/// `"…?hapikey=" + KEY`: up to the end of what is joined, where it is one name and nothing follows.
fn joined(source: &Source<'_>, literal: &Literal<'_>, from: usize) -> Option<Edit> {
    let is_joining = |node: &tree_sitter::Node<'_>| matches!(node.kind(), "binary_expression" | "binary_operator" | "binary");
    let mut left = literal.node;
    let mut parent = left.parent().filter(is_joining)?;
    // `BASE + "…?hapikey="` is joined first, and then the key to it.
    while parent.child_by_field_name("right").is_some_and(|right| right.id() == left.id()) {
        left = parent;
        parent = left.parent().filter(is_joining)?;
    }
    let right = parent.child_by_field_name("right")?;
    let simple =
        source.of(right).chars().all(|one| one.is_alphanumeric() || matches!(one, '_' | '$' | '.' | '[' | ']' | '"' | '\'' | '(' | ')'));
    let last = !parent.parent().is_some_and(|above| is_joining(&above));
    // The closing quote stays: it is put back behind what is left of the literal.
    (simple && last && right.start_byte() > literal.node.end_byte()).then_some(())?;
    Some(Edit::replace(from..right.end_byte(), &source.text[literal.inside.end..literal.node.end_byte()]))
}

/// Whether the scanner reads a call in this literal that the developer's key is for.
fn is_developers(calls: &[(usize, Usage)], literal: &Literal<'_>) -> bool {
    calls.iter().any(|(at, call)| literal.node.byte_range().contains(at) && call.auth == UsageAuth::DeveloperKey)
}
