//! Colours of a terminal (ECMA-48, SGR).

use std::fmt;

/// What a text means. Colour never says anything that the words do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shade {
    Head,
    Bad,
    Soon,
    Fine,
    Dim,
}

/// What ends a shade.
const PLAIN: &str = "[0m";

/// Whether what follows an escape character begins with a colour of a report.
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

/// A text in a shade, or plain. The text is shown as it is: what is foreign in it was made safe before.
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
