//! Secrets: the findings of one value, grouped.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::finding::{Confidence, Finding, Introduced, Kind};

/// One secret with all its places.
#[derive(Debug, Serialize)]
pub struct Secret<'a> {
    /// As in [`Finding`].
    pub fingerprint: &'a str,
    /// Its kind at the place with the highest confidence.
    pub kind: Kind,
    /// As in [`Finding`].
    pub masked: &'a str,
    /// The highest confidence of its places.
    pub confidence: Confidence,
    /// Whether the secret is in the work tree; absent where the scan did not read the history.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub in_work_tree: Option<bool>,
    /// The oldest commit that introduced it at any place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<Commit<'a>>,
    /// The newest commit that wrote it at any place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<Commit<'a>>,
    /// Its present and past places, by path and line.
    pub places: Vec<Place<'a>>,
}

/// A place of a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Place<'a> {
    /// As in [`Finding`].
    pub path: &'a str,
    /// From 1.
    pub line: u64,
}

/// A commit, with its date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Commit<'a> {
    /// Its object id, in hex digits.
    pub commit: &'a str,
    /// The author's date, ISO 8601.
    pub date: &'a str,
}

/// The secrets of a report, in the order of their first places.
pub fn secrets(findings: &[Finding]) -> Vec<Secret<'_>> {
    let mut order: BTreeMap<&str, usize> = BTreeMap::new();
    let mut secrets: Vec<Secret<'_>> = Vec::new();
    for finding in findings {
        let at = *order.entry(&finding.fingerprint).or_insert_with(|| {
            secrets.push(of(finding));
            secrets.len() - 1
        });
        let Some(secret) = secrets.get_mut(at) else { continue };
        if finding.confidence > secret.confidence {
            (secret.confidence, secret.kind) = (finding.confidence, finding.kind);
        }
        secret.places.push(Place { path: &finding.path, line: finding.line });
        if let Some(introduced) = &finding.introduced {
            let earlier = first(introduced).filter(|new| secret.first.is_none_or(|old| new.date < old.date));
            let later = last(introduced).filter(|new| secret.last.is_none_or(|old| new.date > old.date));
            secret.first = earlier.or(secret.first);
            secret.last = later.or(secret.last);
            secret.in_work_tree = Some(introduced.in_work_tree || secret.in_work_tree == Some(true));
        }
    }
    secrets
}

fn of(finding: &Finding) -> Secret<'_> {
    Secret {
        fingerprint: &finding.fingerprint,
        kind: finding.kind,
        masked: &finding.masked,
        confidence: finding.confidence,
        in_work_tree: None,
        first: None,
        last: None,
        places: Vec::new(),
    }
}

fn first(introduced: &Introduced) -> Option<Commit<'_>> {
    Some(Commit { commit: introduced.commit.as_deref()?, date: introduced.date.as_deref()? })
}

fn last(introduced: &Introduced) -> Option<Commit<'_>> {
    let written = introduced.last_commit.as_deref().zip(introduced.last_date.as_deref());
    written.map(|(commit, date)| Commit { commit, date }).or_else(|| first(introduced))
}

/// `3 secrets at 5 places`; only one count where the numbers are equal.
pub fn count(findings: &[Finding]) -> String {
    let (secrets, places) = (secrets(findings).len(), findings.len());
    format!("{} at {}", plural(secrets, "secret"), plural(places, "place"))
}

/// A number with its noun, in the singular or the plural.
pub(crate) fn plural(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}
