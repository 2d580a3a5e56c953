//! Causes that an answer names in words. A row has a cause, the words that name it, and what to do.
//!
//! Words in capitals are part of HubSpot's contract, so they are searched first. Sentences are not, but many answers
//! contain nothing else.

use super::source::{Source, UNCONFIRMED};
use super::{Facts, Found};
use crate::doctor::Certainty;

/// A cause that words identify.
pub(super) struct Said {
    /// Its name, which never changes.
    pub cause: &'static str,
    /// A short title.
    pub title: &'static str,
    /// HubSpot's page about it.
    pub page: &'static str,
    /// The source of `words` and `says`.
    pub source: Source,
    /// The statuses of such an answer; empty where the status does not matter.
    pub statuses: &'static [u16],
    /// Statuses that identify the cause without any words.
    pub alone: &'static [u16],
    /// Words in capitals, each of which is enough.
    pub words: &'static [&'static str],
    /// Parts of sentences in lower case, each of which is enough. Where `&` joins parts, all of them must stand near each
    /// other.
    pub says: &'static [&'static str],
    /// Sentences that HubSpot may use, but that nobody has seen. They are never certain.
    pub guesses: &'static [&'static str],
    /// Whether the cause is about a call without an answer. Beside a status it is never certain.
    pub without_answer: bool,
    /// Whether the cause applies only to HubSpot, so that the text must name HubSpot.
    pub names_hubspot: bool,
    /// Whether the sentences are OAuth's own, which any service may send, so that the text must name HubSpot.
    pub of_oauth: bool,
    /// Whether the guessed sentences are OAuth's own.
    pub guesses_of_oauth: bool,
    /// Whether many services send the sentences, so that they count only in an answer in HubSpot's form.
    pub in_answer: bool,
    /// Whether the sentences are those of any program, so that they count where the text shows a client library of HubSpot
    /// only.
    pub of_library: bool,
    /// Sentences beside which the words belong to another row.
    pub unless: &'static [&'static str],
    /// Facts beside which the words belong to another row.
    pub unless_judged: Option<fn(&Facts<'_>) -> bool>,
    /// The highest certainty that the words give.
    pub certainty: Certainty,
    /// Another way to identify the cause, which is tried first.
    pub judge: Option<fn(&Facts<'_>) -> Option<Found>>,
    /// The explanation.
    pub because: &'static str,
    /// What to do, in order.
    pub remedy: &'static [&'static str],
}

/// The defaults of every row.
pub(super) const ROW: Said = Said {
    cause: "",
    title: "",
    page: super::pages::ERRORS,
    source: Source::None,
    statuses: &[],
    alone: &[],
    words: &[],
    says: &[],
    guesses: &[],
    without_answer: false,
    names_hubspot: false,
    of_oauth: false,
    guesses_of_oauth: false,
    in_answer: false,
    of_library: false,
    unless: &[],
    unless_judged: None,
    certainty: Certainty::Certain,
    judge: None,
    because: "",
    remedy: &[],
};

impl Said {
    pub(super) fn holds(&self, facts: &Facts<'_>) -> Option<Found> {
        if self.names_hubspot && !facts.is_about_hubspot() {
            return None;
        }
        if let Some(found) = self.judge.and_then(|judge| judge(facts)) {
            return Some(found);
        }
        let answer = facts.answer().filter(|_| !facts.is_keyways_own())?;
        // What another program answers in HubSpot's place is not HubSpot's.
        let is_programs = matches!(self.source, Source::Program(_));
        if (!is_programs || !facts.to_hubspot()) && facts.other_server().is_some() {
            return None;
        }
        let word = || self.words.iter().any(|word| answer.has_code(word) || answer.sub_category.as_deref() == Some(word));
        let spoken = (!self.of_oauth || facts.is_about_hubspot())
            && (!self.in_answer || facts.has_own_form())
            && (!self.of_library || facts.shows_library());
        // What a program says of a connection is about the host that its line names.
        let of_program = is_programs && !facts.has_own_form();
        let stands = |sentences: &[&str]| {
            spoken && sentences.iter().any(|parts| if of_program { facts.says_of_no_other(parts) } else { facts.says_together(parts) })
        };
        let told = |sentences: &[&str]| spoken && sentences.iter().any(|parts| facts.tells_together(parts));
        if self.unless.iter().any(|parts| facts.says_together(parts)) || self.unless_judged.is_some_and(|judged| judged(facts)) {
            return None;
        }
        // A refusal is an answer, so the connection was there. A gateway's 5xx may be about the connection behind it.
        if self.without_answer && facts.status().is_some_and(|status| (400..500).contains(&status) && !matches!(status, 407 | 408)) {
            return None;
        }
        let alone = facts.status().is_some_and(|status| self.alone.contains(&status)) && facts.may_be_hubspots_status();
        let may_be = self.statuses.is_empty() || facts.may_be(self.statuses);
        let seen = alone || may_be && (word() || stands(self.says));
        let guessed = || (!self.guesses_of_oauth || facts.is_about_hubspot()) && !facts.is_shared() && told(self.guesses);
        (seen || may_be && guessed()).then_some(())?;
        // A program that got an answer had a connection, whatever other words the text has.
        let answered = !alone && self.without_answer && facts.status().is_some_and(|status| status >= 400);
        let (certainty, unconfirmed) = if seen && answered {
            (self.certainty.max(Certainty::Likely), "")
        } else if seen {
            (self.certainty, "")
        } else {
            (self.certainty.max(Certainty::Likely), UNCONFIRMED)
        };
        Some(Found {
            certainty,
            because: format!("{}{}{unconfirmed}", self.because, named(facts)),
            remedy: self.remedy.iter().map(|step| (*step).to_owned()).collect(),
            scopes: Vec::new(),
            successor: None,
            is_guess: !seen && !self.statuses.is_empty(),
            is_quoted: !is_programs && may_be && (word() || stands(self.says)) && facts.says_hubspots_own(),
        })
    }
}

/// The values that the answer names, as the end of a sentence: ` (property: shoe_size; allowed values: 40, 41)`.
pub(super) fn named(facts: &Facts<'_>) -> String {
    let kinds = ["property", "allowed values", "missing field", "object type", "record", "stage", "account"];
    let named: Vec<String> =
        kinds.iter().filter_map(|kind| facts.named_values().get(kind).map(|values| format!("{kind}: {}", values.join(", ")))).collect();
    if named.is_empty() { String::new() } else { format!(" ({})", named.join("; ")) }
}
