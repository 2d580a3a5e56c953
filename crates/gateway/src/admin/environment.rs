//! What the server is called on every page, so that nobody takes production for a sandbox.

use std::str::FromStr;

/// A name and a colour, of `--environment`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Environment {
    name: String,
    colour: &'static str,
}

/// Why a text is not an environment.
#[derive(Debug, thiserror::Error)]
#[error("write a name of at most {NAME_CHARS_MAX} characters, alone or with a colour, such as Production:red; the colours are {}", COLOURS.join(", "))]
pub struct NotAnEnvironment;

/// The first is the colour of a name alone.
const COLOURS: [&str; 6] = ["grey", "red", "amber", "green", "blue", "violet"];
/// The console shows it in a narrow column.
const NAME_CHARS_MAX: usize = 24;

impl Environment {
    /// The name that the operator gave this server (`--environment`).
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its colour, by its name.
    pub const fn colour(&self) -> &'static str {
        self.colour
    }
}

impl FromStr for Environment {
    type Err = NotAnEnvironment;

    fn from_str(text: &str) -> Result<Self, NotAnEnvironment> {
        let (name, colour) = text.rsplit_once(':').unwrap_or((text, COLOURS[0]));
        let colour = COLOURS.into_iter().find(|known| known.eq_ignore_ascii_case(colour.trim())).ok_or(NotAnEnvironment)?;
        let name = name.trim();
        if name.is_empty() || name.chars().count() > NAME_CHARS_MAX || name.chars().any(char::is_control) {
            return Err(NotAnEnvironment);
        }
        Ok(Self { name: name.to_owned(), colour })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_the_colour_that_is_said_or_none() {
        let of = |text: &str| text.parse::<Environment>().ok().map(|one| (one.name, one.colour));
        assert_eq!(of("Production:red"), Some(("Production".into(), "red")));
        assert_eq!(of(" Staging : Amber "), Some(("Staging".into(), "amber")));
        assert_eq!(of("Sandbox"), Some(("Sandbox".into(), "grey")));
        for refused in ["", ":red", "Production:pink", "a\u{7}b", "a name that does not fit in a narrow column"] {
            assert_eq!(of(refused), None, "{refused}");
        }
    }
}
