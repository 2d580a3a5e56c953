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

impl Shade {
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
            Some(shade) => write!(f, "\u{1b}[{}m{}\u{1b}[0m", shade.code(), self.text),
            None => f.write_str(self.text),
        }
    }
}
