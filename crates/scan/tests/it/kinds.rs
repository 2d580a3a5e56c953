//! Kinds of text that scanners get wrong, one file for each group. Every test is named after its kind:
//! a case, others of the same kind, and near misses that must stay silent.

mod agents;
mod calls;
mod credentials;
mod history;
mod imported;
mod joined;
mod legacy_paths;
mod made;
mod methods;
mod paths;
mod sections;
mod sent;
mod usages;

use keyway_scan::finding::{Confidence, Kind};

use crate::{examine, values};

/// What is found in a text whose `{uuid}` and the like are filled in: kind, confidence and line.
fn secrets(path: &str, text: &str) -> Vec<(Kind, Confidence, usize)> {
    let text = values::fill(text);
    let line = |at: usize| text[..at].matches('\n').count() + 1;
    let candidates = examine(path, &text).candidates;
    candidates.iter().map(|candidate| (candidate.kind, candidate.confidence, line(candidate.at.start))).collect()
}

/// The kinds of what is found.
fn kinds(path: &str, text: &str) -> Vec<Kind> {
    secrets(path, text).into_iter().map(|(kind, ..)| kind).collect()
}

/// The operations of the calls in a text.
fn operations(path: &str, text: &str) -> Vec<String> {
    examine(path, text).usages.into_iter().map(|(_, usage)| usage.operation).collect()
}
