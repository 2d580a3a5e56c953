//! From a text to the credentials and calls in it.

mod argument;
mod basic;
pub mod credential;
mod dress;
pub mod encoded;
pub(crate) mod entry;
mod parts;
mod place;
mod provider;
pub(crate) mod sent;
pub mod usage;

use std::ops::Range;

use crate::finding::{Confidence, Kind, Usage};
use crate::prefilter::{self, Hits};
use keyway_core::secret::Secret;

/// A text to look through, and where it came from.
#[derive(Clone, Copy, Debug)]
pub struct Text<'a> {
    /// As in reports.
    pub path: &'a str,
    /// Its bytes.
    pub bytes: &'a [u8],
}

/// A credential, not yet masked. Lives only between the detector and `locate`.
#[derive(Debug)]
pub struct Candidate {
    /// Where it stands.
    pub at: Range<usize>,
    /// Its value, as it would be sent.
    pub value: Secret<String>,
    /// What it is.
    pub kind: Kind,
    /// The rule that found it.
    pub rule: &'static str,
    /// How sure that rule is; `judge` may lower it.
    pub confidence: Confidence,
    /// Why.
    pub reason: String,
    /// The host that it is sent to, where that is not HubSpot's.
    pub sent_to: Option<String>,
}

/// What to look for.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    /// Whether calls are wanted, or credentials only.
    pub usages: bool,
}

/// What was found in a text, at byte offsets.
#[derive(Debug, Default)]
pub struct Found {
    /// Credentials, in order.
    pub candidates: Vec<Candidate>,
    /// Calls, in order, with their offsets. Path, line and column are not yet filled in.
    pub usages: Vec<(usize, Usage)>,
}

/// The hits of a text. HubSpot is named where the text or its path names it: a settings file need not
/// say once more what its folder says.
pub(crate) fn search(text: Text<'_>, hits: &mut Hits) {
    prefilter::search(text.bytes, hits);
    hits.hubspot = hits.hubspot || credential::path_names_hubspot(text.path);
}

/// Looks through one text. `hits` is reused from text to text.
pub fn examine(text: Text<'_>, wanted: Wanted, hits: &mut Hits) -> Found {
    let mut found = Found::default();
    search(text, hits);
    if hits.is_empty() {
        return found;
    }
    credential::find(text, hits, &mut found.candidates);
    encoded::find(text, hits, &mut found.candidates);
    if hits.hubspot {
        basic::find(text, &mut found.candidates);
    }
    found.candidates.sort_by_key(|candidate| (candidate.at.start, std::cmp::Reverse(candidate.at.end)));
    found.candidates.dedup_by(|later, earlier| later.at.start < earlier.at.end && later.at.end <= earlier.at.end);
    if wanted.usages && (hits.hubspot || hits.hubspot_path) {
        found.usages = usage::find(text, usage::Per::Call);
    }
    found
}
