//! The baseline: known findings, which a scan does not report again.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::finding::Finding;

/// The default file name of a baseline.
pub const FILE_NAME: &str = "keyway-baseline.json";

/// The baseline file. It has no value, path or line: you can commit it, and moved or edited code does not change it.
#[derive(Debug, Serialize, Deserialize)]
pub struct Baseline {
    /// The version of this format: 1.
    pub version: u32,
    /// The known findings, by fingerprint.
    pub findings: Vec<Known>,
}

/// A known finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// The fingerprint that reports show.
    pub fingerprint: String,
    /// The masked value, so that a person can recognise the secret.
    pub masked: String,
    /// Why the secret may stay; a note for people. A rewrite of the baseline keeps it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// Why Keyway can't read a baseline.
#[derive(Debug, thiserror::Error)]
pub enum BaselineError {
    /// The file is not JSON of this form.
    #[error("it is not a baseline: {0}")]
    Malformed(#[from] serde_json::Error),
    /// A newer version of Keyway wrote the file.
    #[error("it is of version {0}; this Keyway reads version 1")]
    Version(u32),
}

impl Baseline {
    /// Reads a baseline.
    ///
    /// # Errors
    /// The text is malformed, or has another version.
    pub fn parse(text: &str) -> Result<Self, BaselineError> {
        let baseline: Self = serde_json::from_str(text)?;
        if baseline.version == 1 { Ok(baseline) } else { Err(BaselineError::Version(baseline.version)) }
    }

    /// The fingerprints of the known findings.
    pub fn fingerprints(&self) -> BTreeSet<String> {
        self.findings.iter().map(|known| known.fingerprint.clone()).collect()
    }

    /// Makes a baseline from findings. Where `older` has a note on a finding that still exists, the note is kept.
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

    /// The text of the file.
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("a baseline has nothing that JSON lacks");
        text.push('\n');
        text
    }
}
