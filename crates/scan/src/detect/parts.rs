//! Tokens that a program joins from constants: `REGION + PART`, `f"{A}-{B}"`, `"pat-%s-%s" % (…)`,
//! `[A, B].join("-")`. The result must be a whole `pat-` token, whose form alone identifies it.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::LazyLock;

use regex::bytes::Regex;

use super::credential::{judge_value, value_at};
use super::{Candidate, Text};
use crate::shape;

/// The largest file that is searched, in bytes.
const TEXT_MAX: usize = 1 << 20;
/// The most joined tokens in one file.
const TOKENS_MAX: usize = 50;

/// A short literal, and its span.
type Literal = (Vec<u8>, Range<usize>);
/// The literal that each name holds; None where the name holds several.
type Constants = HashMap<Vec<u8>, Option<Literal>>;

/// One term of an expression: a literal or a name.
const TERM: &str = r#"(?:"[A-Za-z0-9-]{1,40}"|'[A-Za-z0-9-]{1,40}'|\$?[A-Za-z_]\w{0,40})"#;
/// Placeholders of a template: `${a}`, `#{a}`, `{a}`, `{'a'}`, `{}`, `%s`, `$a`, `\(a)`.
const OPEN: &str = r#"(?:[$#]?\{\s*(?:'[\w-]{1,40}'|"[\w-]{1,40}"|[\w.]{0,40})\s*\}|%[sv]|\$\w{1,40}|\\\(\w{1,40}\))"#;

static TERMS: LazyLock<Regex> = LazyLock::new(|| Regex::new(&format!("(?-u){TERM}")).expect("a constant"));
static SUM: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(&format!(r"(?-u){TERM}(?:\s*(?:\+|\.\.?|&|<>)\s*{TERM}){{1,6}}")).expect("a constant"));
static LIST: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(&format!(r"(?-u)[\[({{]\s*{TERM}(?:\s*,\s*{TERM}){{1,7}}\s*,?\s*[\])}}]")).expect("a constant"));
static CONCAT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(&format!(r"(?-u)(?P<first>{TERM})\.concat\(\s*(?P<rest>{TERM}(?:\s*,\s*{TERM}){{0,6}})\s*\)")).expect("a constant")
});
static TEMPLATE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(&format!(r#"(?m-u)["'`=](?P<template>(?:[A-Za-z0-9-]{{0,40}}{OPEN}){{1,4}}[A-Za-z0-9-]{{0,40}})(?:["'`]|\s*$)"#))
        .expect("a constant")
});
static OPENS: LazyLock<Regex> = LazyLock::new(|| Regex::new(&format!("(?-u){OPEN}")).expect("a constant"));

/// Finds tokens that code joins from parts.
pub(super) fn find(text: Text<'_>, names_hubspot: bool, found: &mut Vec<Candidate>) {
    static UUID: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r#"(?-u)["'=][0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}(?:["'\s]|$)"#).expect("a constant"));
    let bytes = text.bytes;
    if bytes.len() > TEXT_MAX || memchr::memmem::find(bytes, b"pat").is_none() || !UUID.is_match(bytes) {
        return;
    }
    let constants = constants(bytes);
    let sums = SUM.find_iter(bytes).map(|sum| (terms(bytes, sum.range(), &constants), b"".as_slice()));
    // `join('-')`, and `Concat(…)`, which adds nothing between the parts.
    let lists = LIST.find_iter(bytes).flat_map(|list| {
        let terms = terms(bytes, list.range(), &constants);
        [(terms.clone(), b"-".as_slice()), (terms, b"".as_slice())]
    });
    let concatenated = CONCAT.captures_iter(bytes).filter_map(|captures| {
        let (first, rest) = (captures.name("first")?, captures.name("rest")?);
        let parts = [terms(bytes, first.range(), &constants)?, terms(bytes, rest.range(), &constants)?].concat();
        Some((Some(parts), b"".as_slice()))
    });
    let templates = TEMPLATE
        .captures_iter(bytes)
        .filter_map(|captures| captures.name("template"))
        .map(|template| (pieces(bytes, template.range(), &constants), b"".as_slice()));
    for (parts, between) in
        sums.chain(lists).chain(concatenated).chain(templates).filter_map(|(parts, between)| Some((parts?, between))).take(TOKENS_MAX)
    {
        let token = parts.iter().map(|(part, _)| part.as_slice()).collect::<Vec<_>>().join(between);
        if shape::pat(&token) != Some(token.len()) {
            continue;
        }
        // The finding is at the longest part.
        let Some((_, longest)) = parts.iter().max_by_key(|(part, _)| part.len()) else { continue };
        // The span includes the closing quote. The literal alone is not the token, so no fix may replace it.
        let at = longest.start..(longest.end + 1).min(bytes.len());
        if found.iter().any(|one| one.at.start < at.end && at.start < one.at.end) {
            continue;
        }
        let whole = [&bytes[..longest.start], &token, &bytes[longest.end..]].concat();
        let joined = Text { path: text.path, bytes: &whole };
        if let Some(value) = value_at(&whole, longest.start) {
            found.extend(judge_value(joined, &value, names_hubspot).map(|candidate| Candidate { at, ..candidate }));
        }
    }
}

/// The names that hold short literals.
fn constants(text: &[u8]) -> Constants {
    static ASSIGNED: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r#"(?-u)(?P<name>[A-Za-z_]\w{0,60})["']?\s*(?::\s*[\w<>.]{1,30}\s*)?(?::=|=>|=|:)\s*[fbruL@]?["'`](?P<value>[A-Za-z0-9-]{1,60})["'`]"#)
            .expect("a constant")
    });
    // Shells and settings need no quotes.
    static PLAIN: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(
            r"(?m-u)^[ \t]*(?:(?:export|readonly|local|set)[ \t]+)?(?P<name>[A-Za-z_]\w{0,60})=(?P<value>[A-Za-z0-9-]{1,60})[ \t]*\r?$",
        )
        .expect("a constant")
    });
    let mut constants = Constants::new();
    for captures in ASSIGNED.captures_iter(text).chain(PLAIN.captures_iter(text)) {
        let (Some(name), Some(value)) = (captures.name("name"), captures.name("value")) else { continue };
        let literal = (value.as_bytes().to_vec(), value.range());
        constants
            .entry(name.as_bytes().to_vec())
            .and_modify(|known| *known = known.take().filter(|(same, _)| *same == literal.0))
            .or_insert(Some(literal));
    }
    constants
}

/// The values of an expression's terms, if all are known.
fn terms(text: &[u8], expression: Range<usize>, constants: &Constants) -> Option<Vec<Literal>> {
    let own = &text[expression.clone()];
    TERMS.find_iter(own).map(|term| term_at(term.as_bytes(), expression.start + term.start(), constants)).collect()
}

/// The value of a term.
fn term_at(term: &[u8], at: usize, constants: &Constants) -> Option<Literal> {
    if matches!(term.first(), Some(b'"' | b'\'')) {
        return Some((term[1..term.len() - 1].to_vec(), at + 1..at + term.len() - 1));
    }
    let name = term.strip_prefix(b"$").unwrap_or(term);
    let last = name.rsplit(|byte| *byte == b'.').next().unwrap_or(name);
    constants.get(last).cloned().flatten()
}

/// The values of a template's pieces, if all are known. Placeholders without a name take the arguments after the template.
fn pieces(text: &[u8], template: Range<usize>, constants: &Constants) -> Option<Vec<Literal>> {
    let own = &text[template.clone()];
    let mut arguments = arguments(text, template.end + 1, constants).into_iter();
    let mut pieces = Vec::new();
    let mut at = 0;
    for open in OPENS.find_iter(own) {
        pieces.push((own[at..open.start()].to_vec(), template.start + at..template.start + open.start()));
        at = open.end();
        let name: &[u8] = open.as_bytes().trim_ascii();
        let inner = name.iter().position(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'\'' | b'"'));
        let last = name.iter().rposition(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'\'' | b'"'));
        let inside = inner.zip(last).map_or(b"".as_slice(), |(first, last)| &name[first..=last]);
        let positional = name.starts_with(b"%") || inside.iter().all(u8::is_ascii_digit);
        let from = template.start + open.start() + inner.unwrap_or_default();
        pieces.push(if positional { arguments.next()?? } else { term_at(inside, from, constants)? });
    }
    pieces.push((own[at..].to_vec(), template.start + at..template.end));
    Some(pieces)
}

/// The arguments of a format: after `%`, in `.format(…)`, or further arguments of the same call.
fn arguments(text: &[u8], at: usize, constants: &Constants) -> Vec<Option<Literal>> {
    static ARGUMENTS: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(&format!(r"^(?-u)\s*(?:%\s*\(?|\.format\(|,|\)\.formatted\()(?P<list>\s*{TERM}(?:\s*,\s*{TERM}){{0,5}})"))
            .expect("a constant")
    });
    let near = &text[at.min(text.len())..text.len().min(at + 300)];
    let Some(list) = ARGUMENTS.captures(near).and_then(|captures| captures.name("list")) else { return Vec::new() };
    TERMS.find_iter(list.as_bytes()).map(|term| term_at(term.as_bytes(), at + list.start() + term.start(), constants)).collect()
}
