//! Rewrites code, only where the meaning is certain: what the scan found, taken back to the file.
//!
//! Pure: a text comes in, the text as it should be and what was left alone come out. Each rule reads
//! the syntax tree, gives edits of named spans, and touches nothing else, so formatting stays. A text
//! that would not parse afterwards is not changed. Files are read and written in `write`.

mod base;
mod call;
mod credentials;
mod data;
pub mod diff;
mod edit;
mod hapikey;
mod language;
mod oauth;
pub(crate) mod origin;
mod paths;
mod platform;
mod sdk;
pub(crate) mod syntax;
mod token;
pub mod write;

use std::collections::BTreeSet;

use serde::Serialize;

pub use diff::unified;
pub use language::Language;
pub use platform::{Folder, Platform};

use crate::detect::{Text, usage};
use edit::{Edit, apply};
use syntax::Source;

/// What one file becomes.
#[derive(Debug)]
pub struct Fixed {
    /// The new text; the same where nothing was changed.
    pub text: String,
    /// What was changed, by line of the old text.
    pub changes: Vec<Note>,
    /// What was seen and left alone, by line of the new text.
    pub left: Vec<Note>,
    /// Environment variables that the new text reads.
    pub variables: BTreeSet<&'static str>,
}

/// A line and what is said of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Note {
    /// From 1.
    pub line: usize,
    /// What was done, or why not.
    pub what: String,
}

/// Largest text that is rewritten, in bytes: code is smaller, and bundles are made from other files.
pub const TEXT_BYTES_MAX: usize = 2 << 20;
/// Passes after which a text must have come to rest. One pass does nearly everything; the second sees
/// what stood inside an edit of the first.
const PASSES_MAX: usize = 6;

/// The byte-order mark.
const MARK: char = '\u{feff}';

/// The name of the variable that a token is read from.
pub const TOKEN: &str = "HUBSPOT_ACCESS_TOKEN";
/// The name of the variable that the API's address is read from.
pub const BASE_URL: &str = "HUBSPOT_BASE_URL";

/// What the rules of one pass say.
#[derive(Default)]
struct Found {
    edits: Vec<(Edit, Option<String>)>,
    left: Vec<Note>,
    variables: BTreeSet<&'static str>,
}

impl Found {
    /// One change: its edits are made together or not at all.
    fn change(&mut self, what: impl Into<String>, edits: Vec<Edit>) {
        let mut what = Some(what.into());
        self.edits.extend(edits.into_iter().map(|edit| (edit, what.take())));
    }

    fn leave(&mut self, line: usize, why: impl Into<String>) {
        self.left.push(Note { line, what: why.into() });
    }
}

/// Rewrites a text. None where the language is not one of those that are rewritten.
pub fn fix(path: &str, text: &str) -> Option<Fixed> {
    fix_in(path, text, &Folder::default())
}

/// The same, for a file of a folder.
pub fn fix_in(path: &str, text: &str, folder: &Folder) -> Option<Fixed> {
    // A mark at the beginning says how the bytes are ordered, and belongs to no language.
    if let Some(rest) = text.strip_prefix(MARK) {
        let mut fixed = fix_in(path, rest, folder)?;
        fixed.text.insert(0, MARK);
        return Some(fixed);
    }
    let language = Language::of(path, text)?;
    let mut fixed = Fixed { text: text.to_owned(), changes: Vec::new(), left: Vec::new(), variables: BTreeSet::new() };
    if text.len() > TEXT_BYTES_MAX {
        fixed.left.push(Note { line: 1, what: "the file is larger than 2 MiB".into() });
        return Some(fixed);
    }
    if !Source::parse(language, text).is_some_and(|source| source.is_whole()) {
        fixed.left.push(Note { line: 1, what: format!("the file does not parse as {language}") });
        return Some(fixed);
    }
    for _ in 0..PASSES_MAX {
        let found = pass(path, language, &fixed.text, folder)?;
        fixed.left = found.left;
        if found.edits.is_empty() {
            break;
        }
        let before = fixed.text.clone();
        let ends = if before.contains("\r\n") { "\r\n" } else { "\n" };
        let edits: Vec<Edit> = found.edits.iter().map(|(edit, _)| Edit::replace(edit.at.clone(), lines(&edit.text, ends))).collect();
        let Some(after) = apply(&before, edits) else { break };
        if !Source::parse(language, &after).is_some_and(|source| source.is_whole()) {
            fixed.left.push(Note { line: 1, what: "the rewritten file would not parse, so it was left as it is".into() });
            break;
        }
        let changes = found.edits.into_iter().filter_map(|(edit, what)| Some(Note { line: line_of(&before, edit.at.start), what: what? }));
        fixed.changes.extend(changes);
        fixed.variables.extend(found.variables);
        fixed.text = after;
    }
    fixed.changes.sort();
    fixed.left.sort();
    fixed.left.dedup();
    Some(fixed)
}

/// A text with the line ends of its file.
fn lines(text: &str, ends: &str) -> String {
    text.replace("\r\n", "\n").replace('\n', ends)
}

fn pass(path: &str, language: Language, text: &str, folder: &Folder) -> Option<Found> {
    let mut source = Source::parse(language, text)?;
    source.platform = Platform::of(language, path, text, folder);
    source.one_key = credentials::agree(path, &source);
    let source = source;
    let mut found = Found::default();
    // Each rule sees the text as it is; edits that meet are made in the next pass.
    sdk::find(&source, &mut found);
    let calls = usage::find(Text { path, bytes: text.as_bytes() });
    hapikey::find(&source, &calls, &mut found);
    oauth::find(&source, &mut found);
    paths::find(&source, &calls, &mut found);
    credentials::find(path, &source, &mut found);
    base::find(&source, &mut found);
    data::find(path, &source, &mut found);
    let mut found = keep_apart(found);
    hapikey::list(&source, &mut found);
    Some(found)
}

/// Of changes that touch the same place the first stays, whole; the others have their turn in the next pass.
fn keep_apart(found: Found) -> Found {
    let mut kept: Vec<(Edit, Option<String>)> = Vec::new();
    let mut group: Vec<(Edit, Option<String>)> = Vec::new();
    let mut edits = found.edits.into_iter().peekable();
    while let Some(one) = edits.next() {
        group.push(one);
        // A change begins with what is said of it.
        if edits.peek().is_some_and(|(_, what)| what.is_none()) {
            continue;
        }
        let meets = group.iter().any(|(edit, _)| kept.iter().any(|(other, _)| edit.meets(other)));
        if meets { group.clear() } else { kept.append(&mut group) }
    }
    Found { edits: kept, ..found }
}

fn line_of(text: &str, at: usize) -> usize {
    text.as_bytes()[..at.min(text.len())].iter().filter(|byte| **byte == b'\n').count() + 1
}

#[cfg(test)]
mod tests;
