//! Decides which candidates become findings, by the baseline, `keyway:allow` and the least confidence.

use std::collections::BTreeSet;

use keyway_core::agents;

use crate::detect::{Candidate, Text};
use crate::finding::{Confidence, Finding};
use crate::rules::Rules;
use crate::text::{Places, line_at, mask};

/// Shown in place of a program, for files that instruct the agents of several programs.
const INSTRUCTED: &str = "agents that read this file";

/// A mark that allows the credentials on its line.
const ALLOW: &[u8] = b"keyway:allow";

/// Why a candidate is not a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Passed {
    /// Its line has the mark `keyway:allow`.
    Allowed,
    /// It is in the baseline.
    Known,
    /// Its confidence is below the least one, or it is a sample that HubSpot publishes.
    Unsure,
}

/// The conditions of a finding.
#[derive(Debug)]
pub struct Judgement {
    /// The lowest confidence that is reported.
    pub least: Confidence,
    /// Fingerprints that are already known.
    pub baseline: BTreeSet<String>,
    /// Whether findings keep their values for a query to HubSpot.
    pub keep_values: bool,
}

impl Judgement {
    /// Turns a candidate into a finding. The finding has the secret itself only where a query to HubSpot needs it.
    ///
    /// # Errors
    /// The reason why the candidate is not a finding.
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

/// A hash of the value. It leaves out path, line and kind, so that it stays the same after moves and edits, and one value
/// is one secret.
///
/// The values have at least 98 random bits, so nobody can find a value from its hash.
fn fingerprint(candidate: &Candidate) -> String {
    // UUIDs are the same in upper and lower case.
    let value = candidate.value.expose();
    let value = if value.len() <= 44 { value.to_ascii_lowercase() } else { value.clone() };
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"keyway finding v2\0").update(value.as_bytes());
    hasher.finalize().as_bytes()[..16].iter().map(|byte| format!("{byte:02x}")).collect()
}
