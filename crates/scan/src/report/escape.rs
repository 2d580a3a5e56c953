//! Text from scanned files inside markup: paths and names may hold anything.

use std::fmt;

/// Text inside HTML or XML, in elements and quoted attributes.
pub struct Markup<'a>(pub &'a str);

impl fmt::Display for Markup<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for letter in self.0.chars() {
            match letter {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                // XML has no way to write other control characters.
                letter if letter.is_control() && !matches!(letter, '\n' | '\t') => f.write_str("\u{fffd}")?,
                letter => write!(f, "{letter}")?,
            }
        }
        Ok(())
    }
}

/// Text inside a cell of a Markdown table.
pub struct Cell<'a>(pub &'a str);

impl fmt::Display for Cell<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for letter in self.0.chars() {
            match letter {
                '|' | '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '&' => write!(f, "\\{letter}")?,
                letter if letter.is_control() => f.write_str(" ")?,
                letter => write!(f, "{letter}")?,
            }
        }
        Ok(())
    }
}

/// Text on a terminal: control characters could move the cursor and hide a line.
pub struct Terminal<'a>(pub &'a str);

impl fmt::Display for Terminal<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|letter| if letter.is_control() { f.write_str("\u{fffd}") } else { write!(f, "{letter}") })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leaves_its_place() {
        assert_eq!(Markup("<a href='\"'>&\u{1b}").to_string(), "&lt;a href=&#39;&quot;&#39;&gt;&amp;\u{fffd}");
        assert_eq!(Cell("a|b`c\n").to_string(), "a\\|b\\`c ");
        assert_eq!(Terminal("a\u{1b}[2J\r").to_string(), "a\u{fffd}[2J\u{fffd}");
    }
}
