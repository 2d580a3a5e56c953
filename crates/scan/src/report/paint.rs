//! Colours of a terminal (ECMA-48, SGR).

use std::fmt;

/// The meaning of a text. The words have the same information as the colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shade {
    Head,
    Bad,
    Soon,
    Fine,
    Dim,
}

/// The escape sequence that ends a shade.
const PLAIN: &str = "[0m";

/// Whether the text after an escape character begins with one of the report's colours.
pub fn is_colour(rest: &str) -> bool {
    let begins =
        |shade: &Shade| rest.strip_prefix('[').and_then(|rest| rest.strip_prefix(shade.code())).is_some_and(|rest| rest.starts_with('m'));
    rest.starts_with(PLAIN) || Shade::ALL.iter().any(begins)
}

impl Shade {
    const ALL: [Self; 5] = [Self::Head, Self::Bad, Self::Soon, Self::Fine, Self::Dim];

    const fn code(self) -> &'static str {
        match self {
            Self::Head => "1",
            Self::Bad => "31",
            Self::Soon => "33",
            Self::Fine => "32",
            Self::Dim => "2",
        }
    }
}

/// A text in a shade, or plain. The text is printed unchanged: foreign text in it is escaped before.
pub(super) struct Paint<'t> {
    pub shade: Option<Shade>,
    pub text: &'t str,
}

impl fmt::Display for Paint<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.shade {
            Some(shade) => write!(f, "\u{1b}[{}m{}\u{1b}{PLAIN}", shade.code(), self.text),
            None => f.write_str(self.text),
        }
    }
}
