//! Which parts of a text the grammar can parse. Where a grammar lacks a construct, only the code around it stays
//! unchanged, and not the whole file.

use std::ops::Range;

use tree_sitter::Node;

use super::Language;
use crate::code::origin;
use crate::code::syntax::{LEVELS_MAX, Source};

impl Source<'_> {
    /// Whether the grammar parsed the whole text.
    pub fn is_whole(&self) -> bool {
        self.language == Language::Json || self.root().is_none_or(|root| !root.has_error())
    }

    /// The outermost parts that the grammar can't parse, with their lines. For JSON a JSON parser decides, since the grammar
    /// accepts more than JSON; comments are allowed, because many programs allow them in settings.
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

    /// The text with its comments blanked.
    pub fn without_comments(&self) -> String {
        let mut text = self.text.as_bytes().to_vec();
        for node in self.nodes().into_iter().filter(|node| node.kind() == "comment") {
            text[node.byte_range()].fill(b' ');
        }
        String::from_utf8(text).unwrap_or_default()
    }

    /// Whether the grammar parsed the code around a span: no error encloses it, and the function, member or statement
    /// around it has none.
    pub fn is_intact(&self, span: &Range<usize>) -> bool {
        let Some(root) = self.root() else { return true };
        let Some(mut node) = root.descendant_for_byte_range(span.start, span.end) else { return false };
        // An import is inserted between statements.
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
