//! Where the words by which a cause is known were seen. A cause that nobody was seen to get is a guess,
//! and the doctor never calls a guess certain.

use std::fmt;

/// What is added to an answer that rests on words that were seen nowhere.
pub(super) const UNCONFIRMED: &str =
    "; no public source shows these very words, so compare this with the answer, and paste its whole body if it does not fit";

/// Where the words were seen. Of several places the one that shows most is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Nowhere: the words are what HubSpot may say.
    None,
    /// Keyway's own answers.
    Keyway,
    /// A page of HubSpot, or a standard that HubSpot follows.
    Page(&'static str),
    /// A section of `docs/hubspot-facts.md`.
    Facts(&'static str),
    /// A public thread of GitHub that shows the answer: `owner/repository#number`.
    Thread(&'static str),
    /// The source of a client library of HubSpot, with the name of the type.
    Client(&'static str),
    /// The words of a program or a protocol, which are not HubSpot's.
    Program(&'static str),
    /// A public list of the answers of 1,180 operations to one account, of 2026-04-21.
    Probe,
}

impl Source {
    /// Whether the words were seen anywhere.
    pub fn is_recorded(self) -> bool {
        self != Self::None
    }
}

/// As Markdown.
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
        }
    }
}
