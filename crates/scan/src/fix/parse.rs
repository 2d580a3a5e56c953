//! What of a text its grammar could read: a construct that a grammar lacks keeps the code around it, and
//! not the whole file, from being changed.

use std::ops::Range;

use tree_sitter::Node;

use super::Language;
use crate::code::origin;
use crate::code::syntax::{LEVELS_MAX, Source};

impl Source<'_> {
    /// Whether every part of the text was understood.
    pub fn is_whole(&self) -> bool {
        self.language == Language::Json || self.root().is_none_or(|root| !root.has_error())
    }

    /// The outermost parts that the grammar can't read, with their lines. JSON is read by the parser of
    /// values, since the grammar lets more pass; comments are let pass by many readers of settings.
    pub fn unread(&self) -> Vec<(usize, String)> {
        let reads = |text: &str| serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
        if self.language == Language::Json {
            return if reads(self.text) || reads(&self.without_comments()) { Vec::new() } else { vec![(1, String::new())] };
        }
        if self.is_whole() {
            return Vec::new();
        }
        let mut parts: Vec<Node<'_>> = Vec::new();
        for node in self.nodes().into_iter().filter(|node| node.is_error() || node.is_missing()) {
            if parts.last().is_none_or(|last| last.end_byte() <= node.start_byte()) {
                parts.push(node);
            }
        }
        parts.into_iter().map(|node| (self.line(node.start_byte()), self.of(node).to_owned())).collect()
    }

    /// The text with blanks in the place of comments.
    pub fn without_comments(&self) -> String {
        let mut text = self.text.as_bytes().to_vec();
        for node in self.nodes().into_iter().filter(|node| node.kind() == "comment") {
            text[node.byte_range()].fill(b' ');
        }
        String::from_utf8(text).unwrap_or_default()
    }

    /// Whether a span stands in a part that the grammar could read: no error around it, and none in the
    /// function, the member or the statement that it is in.
    pub fn is_intact(&self, span: &Range<usize>) -> bool {
        let Some(root) = self.root() else { return true };
        let Some(mut node) = root.descendant_for_byte_range(span.start, span.end) else { return false };
        // An import goes between statements.
        if span.is_empty() && node.id() == root.id() {
            return !root.is_error();
        }
        for _ in 0..LEVELS_MAX {
            if node.is_error() {
                return false;
            }
            let Some(parent) = node.parent() else { return !node.has_error() };
            let whole = origin::function(node).is_some_and(|function| function.id() == parent.id());
            let top = parent.parent().is_none() || matches!(parent.kind(), "class_body" | "declaration_list" | "body_statement");
            if whole || top {
                let unit = if whole { parent } else { node };
                return !unit.has_error() && !parent.is_error();
            }
            node = parent;
        }
        false
    }
}
