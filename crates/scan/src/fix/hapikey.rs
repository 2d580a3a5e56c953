//! Replaces `hapikey` in a query by a bearer token. A key from the text or the environment becomes a token from the
//! environment; a key from elsewhere is still read from there.
//!
//! A change is certain only where the call that sends the URL is visible: in the same expression, or through a variable
//! that has no other use. App-management endpoints take the developer's key, so their calls keep it.

use tree_sitter::Node;

use super::call::{self, Call};
use super::token::Token;
use super::{Found, Language, Note, TOKEN};
use crate::code::edit::Edit;
use crate::code::origin;
use crate::code::syntax::{Literal, Source, descendants};
use crate::finding::{Usage, UsageAuth};

/// The most places of a file that are changed in one pass: the cost of each grows with the names in the file.
const PLACES_MAX: usize = 200;

pub(super) fn find(source: &Source<'_>, usages: &[(usize, Usage)], found: &mut Found) {
    if source.language.bearer(TOKEN).is_none() || !source.text.to_ascii_lowercase().contains("hapikey") {
        return;
    }
    let calls = call::find(source);
    in_urls(source, &calls, usages, found);
    in_parameters(source, &calls, usages, found);
}

/// Lists every remaining `hapikey` of a request, so that Keyway leaves none without a note.
pub(super) fn list(source: &Source<'_>, found: &mut Found) {
    let lower = source.text.to_ascii_lowercase();
    for (at, _) in lower.match_indices("hapikey") {
        let line = source.line(at);
        let (before, after) = (&source.text[..at], source.text[at + "hapikey".len()..].trim_start_matches("\\"));
        let quoted = before.ends_with(['"', '\'', '`', ':']) && after.starts_with(['"', '\'', '`']);
        let parameter = before.ends_with(['?', '&', ';', '"', '\'']) && after.starts_with('=');
        let key = (after.starts_with(": ") || after.starts_with(" =>") || after.starts_with(": '"))
            && before.ends_with([' ', '{', '(', ',', '\t', ':', '\n']);
        let told = found.left.iter().any(|note| note.line == line) || found.edits.iter().any(|(edit, _)| edit.at.contains(&at));
        if (quoted || parameter || key) && !told && !source.is_comment(at) {
            found.leave(line, "hapikey stays here, since the request that sends it can't be seen as a whole: HubSpot refuses it; send `Authorization: Bearer` with a token in its place");
        }
    }
}

/// Lists every place that still reads a key from the environment, after calls were changed to send the token: a program
/// may stop there once the key is gone.
pub(super) fn list_reads(source: &Source<'_>, left: &mut Vec<Note>) {
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let mut at = 0;
    for line in source.text.split_inclusive('\n') {
        let names = line.split(|letter| !is_part(letter)).filter(|name| name.contains("KEY") && origin::is_general(name));
        for name in names {
            // A part of this line, so its place is in it.
            let column = name.as_ptr() as usize - line.as_ptr() as usize;
            let before = line[..column].trim_end_matches(['"', '\'', '(', '[', '{', '.', ' ']);
            let of_shell = source.language == Language::Shell && before.ends_with('$');
            let reads = before.rsplit([' ', '=', ',']).next().is_some_and(|call| call.to_ascii_lowercase().contains("env"));
            let taken_out = line[column..].split_once("} = ").is_some_and(|(_, of)| of.starts_with("process.env"));
            if (of_shell || reads || taken_out) && !source.is_comment(at + column) {
                let what = format!("{name} is still read here, and the changed calls send {TOKEN}: delete this, or read the new variable");
                left.push(Note { line: source.line(at + column), what });
            }
        }
        at += line.len();
    }
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
            found.leave(line, "hapikey is in a URL, and the call that sends it can't be seen here or uses an unknown client: send `Authorization: Bearer` there");
            continue;
        }
        let token = match &parameter.key {
            Key::Written => {
                if source.keys_agree() {
                    Token::environment(source)
                } else {
                    Err("several keys are written in this file: give each its own variable".into())
                }
            }
            Key::Value(node) => Token::of(source, *node),
            Key::Unseen => {
                Err("the key is filled into this text from elsewhere: send it as `Authorization: Bearer`, and take hapikey out".into())
            }
        };
        let token = match token {
            Ok(token) if senders.iter().all(|call| token.reaches(literal.node, call.node)) => token,
            Ok(_) => {
                found.leave(
                    line,
                    "the key is not at hand where the call is made: send it as `Authorization: Bearer` there, and take hapikey out",
                );
                continue;
            }
            Err(why) => {
                found.leave(line, why);
                continue;
            }
        };
        if token == Token::Environment && is_local_of_go(source, &parameter.key) {
            found.leave(line, format!("Go refuses a variable that nothing uses, and the key would be one: send `Authorization: Bearer` with {TOKEN} here, and take hapikey and the variable out"));
            continue;
        }
        send(source, vec![parameter.edit], &senders, &token, line, "the URL", found);
    }
}

fn in_parameters(source: &Source<'_>, calls: &[Call<'_>], usages: &[(usize, Usage)], found: &mut Found) {
    for call in calls {
        let Some((parameter, value)) = call.parameter(source, "hapikey") else { continue };
        let line = source.line(parameter.start);
        if usages.iter().any(|(at, usage)| call.holds(*at) && usage.auth == UsageAuth::DeveloperKey) {
            found.leave(line, "an app-management endpoint: it takes the developer's key in ?hapikey=, and keeps it");
            continue;
        }
        match Token::of(source, value) {
            Ok(token) => send(source, vec![Edit::remove(parameter)], &[call], &token, line, "the parameters", found),
            Err(why) => found.leave(line, why),
        }
    }
}

/// Whether the key is a local variable of Go. Once the call sends a token, nothing may use the variable.
fn is_local_of_go(source: &Source<'_>, key: &Key<'_>) -> bool {
    let Key::Value(node) = key else { return false };
    let Some(function) = origin::function(*node).filter(|_| source.language == Language::Go) else { return false };
    descendants(function).into_iter().any(|declared| {
        let left = match declared.kind() {
            "short_var_declaration" => declared.child_by_field_name("left"),
            "var_spec" => declared.child_by_field_name("name"),
            _ => None,
        };
        left.is_some_and(|left| source.of(left) == source.of(*node))
    })
}

/// Changes all calls that send a key to send a token, or none of them.
fn send(source: &Source<'_>, mut edits: Vec<Edit>, senders: &[&Call<'_>], token: &Token, line: usize, place: &str, found: &mut Found) {
    for sender in senders {
        let Some(headers) = sender.send_bearer(source, token) else {
            return found.leave(
                line,
                format!("hapikey is in {place}, and the call's headers are put together elsewhere: add `Authorization: Bearer` there, and take hapikey out"),
            );
        };
        for edit in headers {
            if !edits.contains(&edit) {
                edits.push(edit);
            }
        }
    }
    found.change(format!("hapikey in {place} becomes {}", token.words()), edits);
    if *token == Token::Environment {
        found.variables.insert(TOKEN);
        found.replaces_key = true;
    }
}

/// The calls that send a literal: the one around it, or those that take the variable with its value.
fn senders<'c, 'n>(source: &Source<'_>, calls: &'c [Call<'n>], literal: &Literal<'_>) -> Vec<&'c Call<'n>> {
    let around: Vec<&Call<'_>> = calls.iter().filter(|call| call.holds(literal.node.start_byte())).collect();
    if let Some(innermost) = around.into_iter().min_by_key(|call| call.node.byte_range().len()) {
        return vec![innermost];
    }
    let Some((name, declaration)) = call::assigned(source, literal) else { return Vec::new() };
    // Variables of different functions are different, even with the same name.
    let scope = origin::function(literal.node).map_or(0..source.text.len(), |function| function.byte_range());
    let uses: Vec<Node<'_>> =
        call::uses(source, &name, declaration).into_iter().filter(|place| scope.contains(&place.start_byte())).collect();
    let taking: Vec<&Call<'_>> = calls
        .iter()
        .filter(|call| scope.contains(&call.node.start_byte()))
        .filter(|call| {
            call.takes(source, &name) || source.language == Language::Shell && uses.iter().any(|place| call.holds(place.start_byte()))
        })
        .collect();
    // Another use of the variable may send it, too.
    let all_seen = uses.iter().all(|place| taking.iter().any(|call| call.holds(place.start_byte())));
    if all_seen { taking } else { Vec::new() }
}

/// The parameter of a URL: the edit that removes it, and its value.
struct Parameter<'n> {
    edit: Edit,
    key: Key<'n>,
}

/// The value of the parameter.
enum Key<'n> {
    /// It is written in the URL.
    Written,
    /// An expression.
    Value(Node<'n>),
    /// A placeholder that other code fills.
    Unseen,
}

/// Finds `hapikey=…` in a literal, together with its separator.
fn parameter<'n>(source: &Source<'_>, literal: &Literal<'n>) -> Option<Parameter<'n>> {
    let text = source.text.get(literal.inside.clone())?;
    let at = text.to_ascii_lowercase().find("hapikey=")?;
    let before = text[..at].chars().last().filter(|sign| matches!(sign, '?' | '&'))?;
    let mut end = at + "hapikey=".len();
    let mut depth = 0_usize;
    let mut rest = text[end..].chars().peekable();
    while let Some(one) = rest.next() {
        match one {
            '{' | '(' => depth += 1,
            '}' | ')' => depth = depth.saturating_sub(1),
            // `#{KEY}` is Ruby's interpolation.
            '#' if rest.peek() == Some(&'{') => {}
            '&' | '#' | ' ' if depth == 0 => break,
            _ => {}
        }
        end += one.len_utf8();
    }
    let start = literal.inside.start;
    // Code joins the key after the literal, so this edit can't remove the key.
    if end == at + "hapikey=".len() {
        return joined(source, literal, start + at - 1);
    }
    let whole = if text[end..].starts_with('&') { start + at..start + end + 1 } else { start + at - before.len_utf8()..start + end };
    let value = start + at + "hapikey=".len()..start + end;
    Some(Parameter { edit: Edit::remove(whole), key: key(source, literal, value) })
}

fn key<'n>(source: &Source<'_>, literal: &Literal<'n>, value: std::ops::Range<usize>) -> Key<'n> {
    let inside = |node: &Node<'_>| value.start <= node.start_byte() && node.end_byte() <= value.end;
    let filled: Vec<Node<'_>> = origin::filled_in(literal.node).into_iter().filter(inside).collect();
    let text = &source.text[value.clone()];
    match filled.as_slice() {
        // PHP may have braces around a name.
        [one] if one.byte_range().len() == text.len() || source.of(*one) == text.trim_matches(['{', '}']) => {
            Key::Value(origin::expression(*one))
        }
        [] if text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') => Key::Written,
        _ => Key::Unseen,
    }
}

/// `"…?hapikey=" + KEY`: up to the end of the joined value, where it is the last one.
fn joined<'n>(source: &Source<'_>, literal: &Literal<'n>, from: usize) -> Option<Parameter<'n>> {
    let is_joining = |node: &Node<'_>| matches!(node.kind(), "binary_expression" | "binary_operator" | "binary");
    let mut left = literal.node;
    let mut parent = left.parent().filter(is_joining)?;
    // `BASE + "…?hapikey="` is one node, to which the key is joined.
    while parent.child_by_field_name("right").is_some_and(|right| right.id() == left.id()) {
        left = parent;
        parent = left.parent().filter(is_joining)?;
    }
    let operator = source.text.get(left.end_byte()..parent.child_by_field_name("right")?.start_byte())?.trim();
    matches!(operator, "+" | ".").then_some(())?;
    let right = parent.child_by_field_name("right")?;
    let last = !parent.parent().is_some_and(|above| is_joining(&above));
    // The edit covers the closing quote, and adds it again after the rest of the literal.
    (last && right.start_byte() > literal.node.end_byte()).then_some(())?;
    let edit = Edit::replace(from..right.end_byte(), &source.text[literal.inside.end..literal.node.end_byte()]);
    Some(Parameter { edit, key: Key::Value(right) })
}

/// Whether the scanner finds a call in this literal that takes the developer's key.
fn is_developers(calls: &[(usize, Usage)], literal: &Literal<'_>) -> bool {
    calls.iter().any(|(at, call)| literal.node.byte_range().contains(at) && call.auth == UsageAuth::DeveloperKey)
}
