//! From a text to the credentials and calls in it.

mod argument;
mod basic;
mod constant;
pub mod credential;
mod dress;
pub mod encoded;
pub(crate) mod entry;
mod nearness;
mod parts;
mod place;
mod provider;
mod seam;
pub(crate) mod sent;
mod surroundings;
pub mod usage;

use std::ops::Range;

use crate::finding::{Confidence, Kind, Usage};
use crate::prefilter::{self, Hits};
use keyway_core::secret::Secret;

/// A text to search, and its path.
#[derive(Clone, Copy, Debug)]
pub struct Text<'a> {
    /// The path that reports show.
    pub path: &'a str,
    /// Its content, undecoded.
    pub bytes: &'a [u8],
}

/// A credential that is not yet masked. It exists only between the detector and `judge`.
#[derive(Debug)]
pub struct Candidate {
    /// Its span in the text, in bytes.
    pub at: Range<usize>,
    /// Its value, in the form that a client sends.
    pub value: Secret<String>,
    /// What it is.
    pub kind: Kind,
    /// The rule that found it.
    pub rule: &'static str,
    /// How sure that rule is; `judge` may lower it.
    pub confidence: Confidence,
    /// Why it is a credential.
    pub reason: String,
    /// The host that receives the value, where it is not HubSpot's.
    pub sent_to: Option<String>,
}

/// What to search for.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    /// Whether to find calls as well as credentials.
    pub usages: bool,
}

/// The findings in a text, at byte offsets.
#[derive(Debug, Default)]
pub struct Found {
    /// Credentials, in order.
    pub candidates: Vec<Candidate>,
    /// Calls, in order, with their offsets. Path, line and column are not yet set.
    pub usages: Vec<(usize, Usage)>,
}

/// Finds the hits of a text. HubSpot counts as named where the text or its path has the name: a settings file need not
/// repeat the name of its folder.
pub(crate) fn search(text: Text<'_>, hits: &mut Hits) {
    prefilter::search(text.bytes, hits);
    hits.hubspot = hits.hubspot || surroundings::path_names_hubspot(text.path);
}

/// Examines one text. `hits` is a buffer that the caller reuses for each text.
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
