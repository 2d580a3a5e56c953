//! How pages write foreign text (`core::shown`); named in `askama.toml`.

use std::fmt::{self, Write};

use askama::filters::Escaper;
use keyway_core::shown::Markup;

/// Escapes markup, and shows controls and marks that turn the direction of text.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Shown;

impl Escaper for Shown {
    fn write_escaped_str<W: Write>(&self, mut dest: W, string: &str) -> fmt::Result {
        write!(dest, "{}", Markup(string))
    }
}
