//! Edits of named spans of a text.

use std::ops::Range;

/// Replaces a span with a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Edit {
    /// The span, in bytes.
    pub at: Range<usize>,
    /// The new text of the span.
    pub text: String,
}

impl Edit {
    pub fn replace(at: Range<usize>, text: impl Into<String>) -> Self {
        Self { at, text: text.into() }
    }

    pub fn insert(at: usize, text: impl Into<String>) -> Self {
        Self { at: at..at, text: text.into() }
    }

    pub fn remove(at: Range<usize>) -> Self {
        Self { at, text: String::new() }
    }

    /// Whether both edits touch the same bytes, or insert at the same place.
    pub fn meets(&self, other: &Self) -> bool {
        self.at.start == other.at.start || (self.at.start < other.at.end && other.at.start < self.at.end)
    }
}

/// Applies edits that do not overlap. None where a span is outside of the text.
pub(crate) fn apply(text: &str, mut edits: Vec<Edit>) -> Option<String> {
    edits.sort_by_key(|edit| (edit.at.start, edit.at.end));
    let mut done = String::with_capacity(text.len() + 256);
    let mut at = 0;
    for edit in edits {
        if edit.at.start < at {
            return None;
        }
        done.push_str(text.get(at..edit.at.start)?);
        done.push_str(&edit.text);
        at = edit.at.end;
    }
    done.push_str(text.get(at..)?);
    Some(done)
}
