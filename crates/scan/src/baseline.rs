//! The baseline: findings that are known, so that only new ones count.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::finding::Finding;

/// The name it has when none is given.
pub const FILE_NAME: &str = "keyway-baseline.json";

/// The file. Holds no value, path or line: it may be committed, and survives moves and edits.
#[derive(Debug, Serialize, Deserialize)]
pub struct Baseline {
    /// Of this form; 1.
    pub version: u32,
    /// What is known, by fingerprint.
    pub findings: Vec<Known>,
}

/// A finding that is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// As in reports.
    pub fingerprint: String,
    /// To recognise it by.
    pub masked: String,
    /// Why it may stay, for people. Kept when the baseline is written again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// Why a baseline can't be taken.
#[derive(Debug, thiserror::Error)]
pub enum BaselineError {
    /// Not JSON of this form.
    #[error("it is no baseline: {0}")]
    Malformed(#[from] serde_json::Error),
    /// Written by a newer Keyway.
    #[error("it is of version {0}; this Keyway reads version 1")]
    Version(u32),
}

impl Baseline {
    /// Reads a baseline.
    ///
    /// # Errors
    /// It is malformed or of another version.
    pub fn parse(text: &str) -> Result<Self, BaselineError> {
        let baseline: Self = serde_json::from_str(text)?;
        if baseline.version == 1 { Ok(baseline) } else { Err(BaselineError::Version(baseline.version)) }
    }

    /// The fingerprints in it.
    pub fn fingerprints(&self) -> BTreeSet<String> {
        self.findings.iter().map(|known| known.fingerprint.clone()).collect()
    }

    /// A baseline of what was found. Notes of an older one are kept for what is still found.
    pub fn of(findings: &[Finding], older: Option<&Self>) -> Self {
        let notes: BTreeMap<&str, &Option<String>> =
            older.iter().flat_map(|older| &older.findings).map(|known| (known.fingerprint.as_str(), &known.note)).collect();
        let known: BTreeMap<&str, &Finding> = findings.iter().map(|finding| (finding.fingerprint.as_str(), finding)).collect();
        let known = known.into_values().map(|finding| Known {
            fingerprint: finding.fingerprint.clone(),
            masked: finding.masked.clone(),
            note: notes.get(finding.fingerprint.as_str()).copied().cloned().flatten(),
        });
        Self { version: 1, findings: known.collect() }
    }

    /// As it is written.
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("a baseline has nothing that JSON lacks");
        text.push('\n');
        text
    }
}
