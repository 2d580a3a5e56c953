//! The sources of the words that identify causes. Without a source a cause is a guess, and the doctor never calls a guess
//! certain.

use std::fmt;

/// Added to an explanation whose words have no source.
pub(super) const UNCONFIRMED: &str =
    "; no public source shows these very words, so compare this with the answer, and paste its whole body if it does not fit";

/// The source of a row's words. Of several sources, the one with the best evidence is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// No source: HubSpot may use these words.
    None,
    /// Keyway's own answers.
    Keyway,
    /// A page of HubSpot, or a standard that HubSpot follows.
    Page(&'static str),
    /// A section of `docs/hubspot-facts.md`.
    Facts(&'static str),
    /// A public GitHub thread that shows the answer: `owner/repository#number`.
    Thread(&'static str),
    /// The source code of a HubSpot client library, with the name of the type.
    Client(&'static str),
    /// The words belong to a program or a protocol, and not to HubSpot.
    Program(&'static str),
    /// A public list of the answers of 1,180 operations to one account, from 2026-04-21.
    Probe,
    /// Files of several public repositories, such as tests and notes, that quote the answer.
    Files,
}

impl Source {
    /// Whether the words have a source.
    pub fn is_recorded(self) -> bool {
        self != Self::None
    }
}

/// Printed as Markdown.
impl fmt::Display for Source {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => out.write_str("not confirmed"),
            Self::Keyway => out.write_str("Keyway itself"),
            Self::Page(url) => write!(out, "[page]({url})"),
            Self::Facts(section) => write!(out, "[facts, section {section}](hubspot-facts.md)"),
            Self::Thread(thread) => match thread.split_once('#') {
                Some((repository, number)) => write!(out, "[{thread}](https://github.com/{repository}/issues/{number})"),
                None => out.write_str(thread),
            },
            Self::Client(name) | Self::Program(name) => out.write_str(name),
            Self::Probe => out.write_str("public list of answers"),
            Self::Files => out.write_str("files of public repositories"),
        }
    }
}
