//! Questions on a terminal. Without a terminal, or with `--yes`, the default is the answer.

use std::io::IsTerminal;

use anyhow::{Context, bail};
use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};

use super::super::confirm::{answer, somebody_answers};
use super::super::say;

/// How questions are answered.
pub struct Asking {
    open: bool,
}

impl Asking {
    /// On a terminal a person answers.
    ///
    /// # Errors
    /// Nobody can answer, and `--yes` was not given.
    pub fn new(yes: bool) -> anyhow::Result<Self> {
        if !yes && !somebody_answers() {
            bail!(
                "keyway init asks questions, and nobody can answer them here. To take the defaults, add --yes; each question has an option: keyway init --help"
            );
        }
        Ok(Self { open: !yes })
    }

    /// Whether a person answers.
    pub const fn is_open(&self) -> bool {
        self.open
    }

    /// One of several, by its number or its name.
    ///
    /// # Errors
    /// The answer can't be read.
    pub fn choice(&self, question: &str, choices: &[(&str, &str)], default: &str) -> anyhow::Result<String> {
        if !self.open {
            return Ok(default.to_owned());
        }
        let lines: Vec<String> =
            choices.iter().enumerate().map(|(at, (name, words))| format!("  {}  {name:<10} {words}", at + 1)).collect();
        loop {
            say(&format!("\n{question}\n{}\nNumber or name [{default}]:", lines.join("\n")));
            let typed = typed()?;
            match chosen(choices, &typed, default) {
                Some(name) => return Ok(name.to_owned()),
                None => say(&format!("{} is none of them.", keyway_core::shown::line(&typed))),
            }
        }
    }

    /// A line of text.
    ///
    /// # Errors
    /// The answer can't be read.
    pub fn line(&self, question: &str, default: &str) -> anyhow::Result<String> {
        if !self.open {
            return Ok(default.to_owned());
        }
        say(&format!("\n{question} [{default}]"));
        let typed = typed()?;
        Ok(if typed.is_empty() { default.to_owned() } else { typed })
    }

    /// A secret, which the terminal does not show.
    ///
    /// # Errors
    /// The answer can't be read, or is empty.
    pub fn secret(&self, question: &str) -> anyhow::Result<String> {
        say(&format!("\n{question}"));
        let echo = Echo::off();
        let typed = typed();
        drop(echo);
        let typed = typed?;
        if typed.is_empty() {
            bail!("nothing was typed, so nothing was connected");
        }
        Ok(typed)
    }
}

/// A line that a person typed. The end of input ends the questions.
fn typed() -> anyhow::Result<String> {
    let line = answer()?;
    if line.is_empty() {
        bail!("the input ended before all questions were answered. What was set up before stays");
    }
    Ok(line.trim().to_owned())
}

/// The choice of a number, of a name in any case, or of nothing.
fn chosen<'c>(choices: &[(&'c str, &str)], typed: &str, default: &'c str) -> Option<&'c str> {
    if typed.is_empty() {
        return Some(default);
    }
    let by_number = typed.parse::<usize>().ok().and_then(|number| choices.get(number.checked_sub(1)?));
    by_number.or_else(|| choices.iter().find(|(name, _)| name.eq_ignore_ascii_case(typed))).map(|(name, _)| *name)
}

/// A terminal that does not show what is typed, until it is dropped.
struct Echo;

impl Echo {
    fn off() -> Option<Self> {
        std::io::stdin().is_terminal().then(|| Self::set(false)).and_then(|set| set.ok()).map(|()| Self)
    }

    fn set(on: bool) -> anyhow::Result<()> {
        let stdin = rustix::stdio::stdin();
        let mut settings = tcgetattr(stdin).context("the terminal can't be asked")?;
        settings.local_modes.set(LocalModes::ECHO, on);
        Ok(tcsetattr(stdin, OptionalActions::Flush, &settings)?)
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        // There is no better terminal to say it to.
        let _ = Self::set(true);
        say("");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_is_a_number_a_name_or_the_default() {
        let choices = [("embedded", ""), ("hubspot", "")];
        for (typed, expected) in
            [("", Some("embedded")), ("2", Some("hubspot")), ("HubSpot", Some("hubspot")), ("0", None), ("3", None), ("x", None)]
        {
            assert_eq!(chosen(&choices, typed, "embedded"), expected, "{typed}");
        }
    }

    #[test]
    fn with_yes_the_defaults_are_the_answers() {
        let asking = Asking::new(true).unwrap();
        assert_eq!(asking.choice("?", &[("a", ""), ("b", "")], "b").unwrap(), "b");
        assert_eq!(asking.line("?", "name").unwrap(), "name");
    }
}
