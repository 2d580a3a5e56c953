//! Colours by the meaning of a text. The words always say everything that the colour does.

use anstyle::{AnsiColor, Style};

/// What a text means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shade {
    /// The head of a table.
    Head,
    /// It failed, or it ended.
    Bad,
    /// Somebody should look at it.
    Soon,
    /// It is as it should be.
    Fine,
    /// Of less interest.
    Dim,
}

impl Shade {
    const fn style(self) -> Style {
        match self {
            Self::Head => Style::new().bold(),
            Self::Bad => AnsiColor::Red.on_default(),
            Self::Soon => AnsiColor::Yellow.on_default(),
            Self::Fine => AnsiColor::Green.on_default(),
            Self::Dim => Style::new().dimmed(),
        }
    }

    /// The text in this shade.
    pub fn paint(self, text: &str) -> String {
        let style = self.style();
        format!("{style}{text}{style:#}")
    }
}

/// A patch with its added and removed lines in colours.
pub fn patch(text: &str) -> String {
    let line = |line: &str| match line.as_bytes() {
        [b'+', b'+', b'+', ..] | [b'-', b'-', b'-', ..] => Shade::Head.paint(line),
        [b'+', ..] => Shade::Fine.paint(line),
        [b'-', ..] => Shade::Bad.paint(line),
        [b'@', ..] => Shade::Dim.paint(line),
        _ => line.to_owned(),
    };
    text.split('\n').map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shade_is_a_colour_that_print_lets_through() {
        for shade in [Shade::Head, Shade::Bad, Shade::Soon, Shade::Fine, Shade::Dim] {
            let painted = shade.paint("text");
            let codes: Vec<&str> = painted.split('\u{1b}').skip(1).collect();
            assert_eq!(codes.len(), 2, "{painted:?}");
            assert!(codes.iter().all(|code| keyway_scan::report::is_colour(code)), "{painted:?}");
        }
    }

    #[test]
    fn lines_of_a_patch_have_the_colour_of_what_they_do() {
        let painted = patch("--- a\n+++ b\n@@ -1 +1 @@\n-x\n+y\n z");
        assert!(painted.contains("\u{1b}[31m-x") && painted.contains("\u{1b}[32m+y") && painted.ends_with("\n z"), "{painted:?}");
    }
}
