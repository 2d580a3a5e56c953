//! Which candidates become findings: the baseline, `keyway:allow`, the least confidence asked for.

use std::collections::BTreeSet;

use keyway_core::agents;

use crate::detect::{Candidate, Text};
use crate::finding::{Confidence, Finding};
use crate::rules::Rules;
use crate::text::{Places, line_at, mask};

/// In place of a program, for files that instruct agents of several.
const INSTRUCTED: &str = "agents that read this file";

/// Written on a line, it says that what stands there is meant to.
const ALLOW: &[u8] = b"keyway:allow";

/// Why a candidate is no finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Passed {
    /// Its line says so.
    Allowed,
    /// It is in the baseline.
    Known,
    /// It is less sure than asked for, or a sample that HubSpot publishes.
    Unsure,
}

/// What is asked of a finding.
#[derive(Debug)]
pub struct Judgement {
    /// The least confidence that is reported.
    pub least: Confidence,
    /// Fingerprints that are already known.
    pub baseline: BTreeSet<String>,
    /// Keep values, so that HubSpot can be asked about them.
    pub keep_values: bool,
}

impl Judgement {
    /// Turns a candidate into a finding, or says why not. From here on the secret is gone, unless HubSpot is to be asked about it.
    ///
    /// # Errors
    /// Why it is passed over.
    pub fn judge(&self, text: Text<'_>, candidate: &Candidate, places: &mut Places<'_>) -> Result<Finding, Passed> {
        if candidate.confidence < self.least {
            return Err(Passed::Unsure);
        }
        let line = line_at(text.bytes, candidate.at.start);
        if memchr::memmem::find(&text.bytes[line], ALLOW).is_some() {
            return Err(Passed::Allowed);
        }
        let fingerprint = fingerprint(candidate);
        if Rules::get().is_sample(&fingerprint) {
            return Err(Passed::Unsure);
        }
        if self.baseline.contains(&fingerprint) {
            return Err(Passed::Known);
        }
        let (line, column) = places.of(candidate.at.start);
        Ok(Finding {
            path: text.path.to_owned(),
            line,
            column,
            kind: candidate.kind,
            rule: candidate.rule.to_owned(),
            confidence: candidate.confidence,
            reason: candidate.reason.clone(),
            masked: mask(candidate.value.expose()),
            fingerprint,
            sent_to: candidate.sent_to.clone(),
            agent: agents::whose_settings(text.path, text.bytes).or_else(|| agents::instructs(text.path).then_some(INSTRUCTED)),
            introduced: None,
            verified: None,
            value: self.keep_values.then(|| candidate.value.clone()),
        })
    }
}

/// A hash of the value: no path, line or kind, so that it survives moves and edits, and one value is
/// one secret.
///
/// The values have at least 98 random bits, so the hash tells nobody what they are.
fn fingerprint(candidate: &Candidate) -> String {
    // UUIDs are the same in upper and lower case.
    let value = candidate.value.expose();
    let value = if value.len() <= 44 { value.to_ascii_lowercase() } else { value.clone() };
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"keyway finding v2\0").update(value.as_bytes());
    hasher.finalize().as_bytes()[..16].iter().map(|byte| format!("{byte:02x}")).collect()
}
