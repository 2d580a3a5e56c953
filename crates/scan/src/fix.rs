//! Rewrites code where the meaning is certain, from what the scan found.
//!
//! Pure: the input is a text, the output is the new text and a list of what stayed. Each rule reads the syntax tree and
//! returns edits of named spans. Nothing else changes, so formatting stays. If the new text would not parse, Keyway keeps
//! the old one. `write` reads and writes the files.

mod base;
mod call;
mod constant;
mod credentials;
mod data;
pub mod diff;
mod hapikey;
mod listed;
mod oauth;
mod parse;
mod paths;
mod project;
mod purpose;
mod role;
mod sdk;
mod token;
pub mod write;

use std::collections::BTreeSet;

use serde::Serialize;

pub use diff::unified;

use crate::code::edit::{Edit, apply};
use crate::code::line_of;
use crate::code::syntax::Source;
pub use crate::code::{Language, Platform};
use crate::detect::{Text, usage};

/// The result for one file.
#[derive(Debug)]
pub struct Fixed {
    /// The new text; the same where nothing changed.
    pub text: String,
    /// The changes, by line of the old text.
    pub changes: Vec<Note>,
    /// The places that stay unchanged, by line of the new text.
    pub left: Vec<Note>,
    /// Environment variables that the new text reads.
    pub variables: BTreeSet<&'static str>,
    /// Paths that were moved, up to their first variable (`crm/v3/objects/contacts`).
    moved: BTreeSet<String>,
    /// Those paths that the program decides by.
    data: BTreeSet<String>,
}

impl Fixed {
    fn unchanged(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            changes: Vec::new(),
            left: Vec::new(),
            variables: BTreeSet::new(),
            moved: BTreeSet::new(),
            data: BTreeSet::new(),
        }
    }
}

/// What the project knows of a file.
struct Setting<'s> {
    platform: &'s Platform,
    /// Whether it is a test: its paths move only with those of the code under test.
    test: bool,
    /// Paths that the code under test moved.
    moved: &'s BTreeSet<String>,
    /// Paths that stay in the whole project, because Keyway can't move every place that names them.
    held: &'s BTreeSet<String>,
}

/// A note on a line.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Note {
    /// From 1.
    pub line: usize,
    /// What Keyway did, or why it did nothing.
    pub what: String,
}

/// The largest text that Keyway rewrites, in bytes. Code is smaller, and larger files are usually bundles.
pub const TEXT_BYTES_MAX: usize = 2 << 20;
/// The most passes over one text. The first makes nearly all changes; the second reaches code inside of an edit of the
/// first.
const PASSES_MAX: usize = 6;

/// The most unparsed constructs of one file that are listed.
const UNREAD_MAX: usize = 3;
/// The byte-order mark.
const MARK: char = '\u{feff}';

/// The environment variable that holds the token.
pub const TOKEN: &str = "HUBSPOT_ACCESS_TOKEN";
/// The environment variable that holds the API's address.
pub const BASE_URL: &str = "HUBSPOT_BASE_URL";

/// What the rules find in one pass.
#[derive(Default)]
struct Found {
    edits: Vec<(Edit, Option<String>)>,
    left: Vec<Note>,
    variables: BTreeSet<&'static str>,
    moved: BTreeSet<String>,
    data: BTreeSet<String>,
    /// Whether a call that sent a key sends the token of the environment.
    replaces_key: bool,
}

impl Found {
    /// Adds one change, whose edits are made together or not at all.
    fn change(&mut self, what: impl Into<String>, edits: Vec<Edit>) {
        let mut what = Some(what.into());
        self.edits.extend(edits.into_iter().map(|edit| (edit, what.take())));
    }

    fn leave(&mut self, line: usize, why: impl Into<String>) {
        self.left.push(Note { line, what: why.into() });
    }
}

/// Rewrites a text, as a project of its own. None where Keyway does not rewrite the language, and nothing in it must
/// change.
pub fn fix(path: &str, text: &str) -> Option<Fixed> {
    project::alone(path, text)
}

/// Rewrites a file of a project.
fn fix_in(path: &str, text: &str, setting: &Setting<'_>) -> Option<Fixed> {
    // A byte-order mark is not part of the program.
    if let Some(rest) = text.strip_prefix(MARK) {
        let mut fixed = fix_in(path, rest, setting)?;
        fixed.text.insert(0, MARK);
        return Some(fixed);
    }
    let Some(language) = Language::of(path, text) else { return listed::list(path, text) };
    let mut fixed = Fixed::unchanged(text);
    if text.len() > TEXT_BYTES_MAX {
        fixed.left.push(Note { line: 1, what: "the file is larger than 2 MiB".into() });
        return Some(fixed);
    }
    let unread = Source::parse(language, text)?.unread();
    if language == Language::Json && !unread.is_empty() {
        fixed.left.push(Note { line: 1, what: format!("the file does not parse as {language}") });
        return Some(fixed);
    }
    // For each line of the current text, its line in the original file.
    let mut replaces_key = false;
    let mut origin: Vec<usize> = (1..=text.matches('\n').count() + 1).collect();
    for _ in 0..PASSES_MAX {
        let found = pass(path, language, &fixed.text, setting)?;
        fixed.left = found.left;
        fixed.data.extend(found.data);
        if found.edits.is_empty() {
            break;
        }
        let before = fixed.text.clone();
        let ends = if before.contains("\r\n") { "\r\n" } else { "\n" };
        let edits: Vec<Edit> = found.edits.iter().map(|(edit, _)| Edit::replace(edit.at.clone(), lines(&edit.text, ends))).collect();
        let Some(after) = apply(&before, edits) else { break };
        // The parts that the grammar can't parse must stay the same, word for word.
        let as_before = |source: Source<'_>| source.unread().iter().map(|part| &part.1).eq(unread.iter().map(|part| &part.1));
        if !Source::parse(language, &after).is_some_and(as_before) {
            fixed.left.push(Note { line: 1, what: "the rewritten file would not parse, so it was left as it is".into() });
            break;
        }
        let line = |edit: &Edit| origin.get(line_of(&before, edit.at.start) - 1).copied().unwrap_or(1);
        let changes = found.edits.iter().filter_map(|(edit, what)| Some(Note { line: line(edit), what: what.clone()? }));
        fixed.changes.extend(changes);
        origin = moved(&origin, &before, found.edits.iter().map(|(edit, _)| edit));
        fixed.variables.extend(found.variables);
        fixed.moved.extend(found.moved);
        replaces_key |= found.replaces_key;
        fixed.text = after;
    }
    if let Some(source) = Source::parse(language, &fixed.text) {
        if replaces_key {
            hapikey::list_reads(&source, &mut fixed.left);
        }
        for (line, part) in source.unread().into_iter().take(UNREAD_MAX) {
            let part: String = part.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(60).collect();
            fixed
                .left
                .push(Note { line, what: format!("this does not parse as {language}, so the code around it stays as it is: {part}") });
        }
    }
    fixed.changes.sort();
    fixed.left.sort();
    fixed.left.dedup();
    Some(fixed)
}

/// For each line after the edits, its line in the original file.
fn moved<'e>(origin: &[usize], before: &str, edits: impl Iterator<Item = &'e Edit>) -> Vec<usize> {
    let mut edits: Vec<&Edit> = edits.collect();
    edits.sort_by_key(|edit| std::cmp::Reverse(edit.at.start));
    let mut lines = origin.to_vec();
    for edit in edits {
        let line = line_of(before, edit.at.start) - 1;
        let removed = before.get(edit.at.clone()).unwrap_or_default().matches('\n').count();
        let added = edit.text.matches('\n').count();
        let begins_line = before[..edit.at.start].is_empty() || before[..edit.at.start].ends_with('\n');
        let from = (if begins_line { line } else { line + 1 }).min(lines.len());
        let to = (from + removed).min(lines.len());
        let of = origin.get(line).copied().unwrap_or(1);
        lines.splice(from..to, std::iter::repeat_n(of, added));
    }
    lines
}

/// A text with the line endings of its file.
fn lines(text: &str, ends: &str) -> String {
    text.replace("\r\n", "\n").replace('\n', ends)
}

fn pass(path: &str, language: Language, text: &str, setting: &Setting<'_>) -> Option<Found> {
    let mut source = Source::parse(language, text)?;
    source.platform = setting.platform.settled();
    source.one_key = credentials::agree(path, &source);
    let source = source;
    let mut found = Found::default();
    // All rules read the same text. Of edits that overlap, the later ones wait for the next pass.
    if !setting.test {
        found.data = paths::decided(&source);
    }
    let calls = usage::find(Text { path, bytes: text.as_bytes() }, usage::Per::Url);
    if setting.test {
        // In a test, only the paths that the code moved are moved.
        paths::find(&source, &calls, setting, &mut found);
        oauth::follow(&source, setting, &mut found);
        credentials::list(path, &source, &mut found);
        return Some(intact(&source, keep_apart(found)));
    }
    sdk::find(&source, &mut found);
    hapikey::find(&source, &calls, &mut found);
    oauth::find(&source, setting, &mut found);
    paths::find(&source, &calls, setting, &mut found);
    credentials::find(path, &source, &mut found);
    base::find(&source, &calls, &mut found);
    data::find(path, &source, &mut found);
    let mut found = intact(&source, keep_apart(found));
    hapikey::list(&source, &mut found);
    Some(found)
}

/// Drops the changes that overlap a part that the grammar can't parse.
fn intact(source: &Source<'_>, found: Found) -> Found {
    if source.is_whole() {
        return found;
    }
    groups(found, |group, _| group.iter().all(|(edit, _)| source.is_intact(&edit.at)))
}

/// Of changes that overlap, keeps the first as a whole; the next pass makes the others.
fn keep_apart(found: Found) -> Found {
    groups(found, |group, kept| !group.iter().any(|(edit, _)| kept.iter().any(|(other, _)| edit.meets(other))))
}

type Change = (Edit, Option<String>);

/// The changes that satisfy a condition, each as a whole.
fn groups(found: Found, holds: impl Fn(&[Change], &[Change]) -> bool) -> Found {
    let mut kept: Vec<Change> = Vec::new();
    let mut group: Vec<Change> = Vec::new();
    let mut edits = found.edits.into_iter().peekable();
    while let Some(one) = edits.next() {
        group.push(one);
        // The first edit of a change has its description.
        if edits.peek().is_some_and(|(_, what)| what.is_none()) {
            continue;
        }
        if holds(&group, &kept) { kept.append(&mut group) } else { group.clear() }
    }
    Found { edits: kept, ..found }
}

#[cfg(test)]
mod tests;
