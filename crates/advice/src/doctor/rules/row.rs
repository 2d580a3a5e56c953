//! A row of the table: its cause, how it is recognised, and what it then says.

use keyway_core::refusal::{Doctor, Refusal};

use super::said::Said;
use super::source::{Source, UNCONFIRMED};
use super::{command_line, gateway, network};
use crate::doctor::facts::Facts;
use crate::doctor::{Certainty, Diagnosis};

/// A row.
pub struct Rule {
    /// Its name, which never changes.
    pub cause: &'static str,
    /// A short title.
    pub title: &'static str,
    /// HubSpot's own page about it.
    pub page: &'static str,
    /// The source of its words; without one the cause is never certain.
    pub source: Source,
    /// Whether it is tried only where no other row gives the reason.
    pub(in crate::doctor) is_last: bool,
    /// Whether an uncertain match counts only where the text shows that it is about HubSpot.
    wants_sign: bool,
    /// Whether its words are any service's, so that they count only where the text shows that HubSpot speaks.
    is_weak: bool,
    /// Whether its words are those of any server between a program and a service, and so not HubSpot's alone.
    is_of_any: bool,
    pub(super) holds: Holds,
}

/// How a row is recognised.
pub(super) enum Holds {
    /// By a function that checks several facts.
    Judged(fn(&Facts<'_>) -> Option<Found>),
    /// By words of the answer.
    Said(&'static Said),
    /// By Keyway's name of the refusal.
    Refused(Refusal),
}

/// The result of a row for one call.
pub(super) struct Found {
    pub(super) certainty: Certainty,
    pub(super) because: String,
    pub(super) remedy: Vec<String>,
    pub(super) scopes: Vec<String>,
    pub(super) successor: Option<String>,
    /// Whether it was found by words of an API's answer that nobody has seen.
    pub(super) is_guess: bool,
    /// Whether it was found beside words that only HubSpot is known to say.
    pub(super) is_quoted: bool,
}

impl Found {
    pub(super) fn new(certainty: Certainty, because: impl Into<String>) -> Option<Self> {
        Some(Self {
            certainty,
            because: because.into(),
            remedy: Vec::new(),
            scopes: Vec::new(),
            successor: None,
            is_guess: false,
            is_quoted: false,
        })
    }

    pub(super) fn certain(because: impl Into<String>) -> Option<Self> {
        Self::new(Certainty::Certain, because)
    }

    pub(super) fn likely(because: impl Into<String>) -> Option<Self> {
        Self::new(Certainty::Likely, because)
    }

    pub(super) fn note(because: impl Into<String>) -> Option<Self> {
        Self::new(Certainty::Note, because)
    }
}

/// Adds to a result, where there is one.
pub(super) trait Say {
    fn so(self, remedy: impl Into<String>) -> Self;
    fn enough(self, scopes: Vec<String>) -> Self;
    fn moves_to(self, successor: impl Into<String>) -> Self;
}

impl Say for Option<Found> {
    fn so(mut self, remedy: impl Into<String>) -> Self {
        if let Some(found) = &mut self {
            found.remedy.push(remedy.into());
        }
        self
    }

    fn enough(mut self, scopes: Vec<String>) -> Self {
        if let Some(found) = &mut self {
            found.scopes = scopes;
        }
        self
    }

    fn moves_to(mut self, successor: impl Into<String>) -> Self {
        if let Some(found) = &mut self {
            found.successor = Some(successor.into());
        }
        self
    }
}

impl Rule {
    pub(super) const fn new(
        cause: &'static str,
        title: &'static str,
        page: &'static str,
        source: Source,
        holds: fn(&Facts<'_>) -> Option<Found>,
    ) -> Self {
        Self {
            cause,
            title,
            page,
            source,
            is_last: false,
            wants_sign: false,
            is_weak: false,
            is_of_any: false,
            holds: Holds::Judged(holds),
        }
    }

    pub(super) const fn last(mut self) -> Self {
        self.is_last = true;
        self
    }

    pub(super) const fn said(row: &'static Said) -> Self {
        Self {
            cause: row.cause,
            title: row.title,
            page: row.page,
            source: row.source,
            is_last: false,
            wants_sign: false,
            is_weak: false,
            is_of_any: false,
            holds: Holds::Said(row),
        }
    }

    /// The row of a refusal that the doctor's own rules do not explain.
    pub(super) fn refused(refusal: Refusal) -> Option<Self> {
        let Doctor::Row(cause) = refusal.doctor() else { return None };
        Some(Self {
            cause,
            title: refusal.cause(),
            page: gateway::page(refusal),
            source: Source::Keyway,
            is_last: false,
            wants_sign: false,
            is_weak: false,
            is_of_any: false,
            holds: Holds::Refused(refusal),
        })
    }

    /// Whether the row explains a refusal by Keyway.
    pub(in crate::doctor) const fn is_keyways(&self) -> bool {
        matches!(self.holds, Holds::Refused(_))
    }

    pub(super) const fn with_sign(mut self) -> Self {
        self.wants_sign = true;
        self
    }

    pub(super) const fn of_any(mut self) -> Self {
        self.is_of_any = true;
        self
    }

    pub(super) const fn weak(mut self) -> Self {
        self.is_weak = true;
        self
    }

    pub(in crate::doctor) fn try_on(&self, facts: &Facts<'_>) -> Option<Diagnosis> {
        // A program's words about a connection apply to any service, unless they name the other side.
        let other = match self.source {
            Source::Program(_) => facts.other_peer(),
            _ => facts.other_service(),
        };
        if other.is_some() {
            return None;
        }
        if facts.is_of_the_command_line() && command_line::NOT_OF_THE_COMMAND_LINE.contains(&self.cause) {
            return None;
        }
        // A status alone may be HubSpot's; one that a text tells much else about is somebody's whom the text would name.
        let of_program = matches!(self.source, Source::Program(_));
        let is_weak = self.is_weak || self.is_last || self.source == network::CLOUDFLARE || self.is_of_any && !of_program;
        if is_weak && !facts.may_be_about_hubspot() {
            return None;
        }
        // A webhook is HubSpot's call. Where the program's own call failed, the answer is about that.
        if self.is_weak && facts.to_hubspot() && facts.status().is_some() && !facts.raw_path().contains("webhooks") {
            return None;
        }
        let Found { mut certainty, mut because, remedy, scopes, successor, is_guess, is_quoted } = match &self.holds {
            Holds::Judged(judge) => judge(facts)?,
            Holds::Said(row) => row.holds(facts)?,
            Holds::Refused(refusal) => gateway::refused(facts, *refusal)?,
        };
        if self.wants_sign && certainty != Certainty::Certain && !facts.is_about_hubspot() {
            return None;
        }
        // Without a sign of HubSpot, only words that HubSpot alone is known to say name a cause.
        let is_told = certainty == Certainty::Note || is_quoted && !self.is_of_any || self.is_keyways() || self.source == Source::Keyway;
        if !is_told && !(facts.is_about_hubspot() && (!of_program || facts.names_more_than_a_word())) {
            return None;
        }
        // A name far from the failure says little about it, and one that a person made says less than HubSpot's.
        if certainty != Certainty::Note && !facts.has_a_sign_at_the_failure() && self.source != Source::Keyway && !self.is_keyways() {
            (is_told || facts.is_called_after_hubspot()).then_some(())?;
            certainty = Certainty::Likely;
        }
        // Words that nobody has seen need more than HubSpot's name beside them.
        if self.wants_sign && is_guess && !facts.may_quote_hubspot() {
            return None;
        }
        // A connection or a browser failed for somebody: for HubSpot only where the text shows its host.
        if certainty == Certainty::Certain && matches!(self.source, Source::Program(_)) && !facts.shows_a_host() {
            certainty = Certainty::Likely;
        }
        // Where nothing in the text is HubSpot's, its words may belong to another service.
        let is_of_words = is_weak || matches!(self.holds, Holds::Said(_));
        if certainty == Certainty::Certain && is_of_words && !facts.is_about_hubspot() {
            certainty = Certainty::Likely;
        }
        // Any server may say these words, so they need HubSpot's name, its host or its answer.
        let is_quoting = || facts.says("hubspot") || facts.shows_a_host() || facts.may_quote_hubspot();
        if certainty == Certainty::Certain && self.is_last && self.is_of_any && !is_quoting() {
            certainty = Certainty::Likely;
        }
        // The status of a program's own server says little about HubSpot.
        if certainty == Certainty::Certain && self.is_of_any && !of_program && facts.is_of_a_server_of_its_own() {
            certainty = Certainty::Likely;
        }
        if certainty == Certainty::Certain && !self.source.is_recorded() {
            certainty = Certainty::Likely;
            because.push_str(UNCONFIRMED);
        }
        Some(Diagnosis {
            cause: self.cause.into(),
            title: self.title.into(),
            certainty,
            because,
            remedy,
            scopes,
            successor,
            page: self.page.into(),
        })
    }
}
