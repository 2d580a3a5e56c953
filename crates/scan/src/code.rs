//! A file of code: its language, its syntax tree, and edits of its text. `detect` finds things in the file, and `fix`\nchanges it.

pub mod edit;
pub mod folder;
pub mod language;
pub mod origin;
pub mod platform;
pub mod syntax;

pub use language::Language;
pub use platform::Platform;

/// The line, from 1, of a place in a text.
pub fn line_of(text: &str, at: usize) -> usize {
    memchr::memchr_iter(b'\n', &text.as_bytes()[..at.min(text.len())]).count() + 1
}
