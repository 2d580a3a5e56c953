//! The observations of a run: calls by operation, and findings. One run can be added to another.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Rule;

/// The most tests that are named for one operation.
pub const TESTS_MAX: usize = 20;
/// The most different calls of a run, by operation and object types; further ones are only counted.
pub const CALLED_MAX: usize = 10_000;
/// The most different findings of a run; further ones are only counted.
pub const FINDINGS_MAX: usize = 5_000;

/// What was called. The object types decide which scopes a call needs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Called {
    /// Method and path template.
    pub operation: String,
    /// The object types in the path, with a comma between.
    pub object_types: Option<String>,
    /// The object types that the calls read beside the path's: those of `associations=`, of a search.
    pub also_reads: Vec<String>,
    /// The object types that the calls change beside the path's.
    pub also_writes: Vec<String>,
}

/// How often it was called, and by which tests.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Counted {
    /// Calls.
    pub calls: u64,
    /// Those with a status of 400 or more.
    pub failed: u64,
    /// Those refused with 403: the app lacked a scope, and may be meant to.
    pub denied: u64,
    /// Names of the first tests.
    pub tests: BTreeSet<String>,
}

impl Counted {
    /// Adds to it.
    pub fn add(&mut self, other: &Self) {
        self.calls = self.calls.saturating_add(other.calls);
        self.failed = self.failed.saturating_add(other.failed);
        self.denied = self.denied.saturating_add(other.denied);
        for test in &other.tests {
            if self.tests.len() < TESTS_MAX {
                self.tests.insert(test.clone());
            }
        }
    }
}

/// A mistake of the code under test.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// The rule that was broken.
    pub rule: Rule,
    /// The test, where its name was given.
    pub test: Option<String>,
    /// The call: method and path.
    pub call: String,
    /// What is wrong with it.
    pub message: String,
}

/// What a run of tests has shown so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Run {
    /// The kinds of calls, and the number of each.
    pub called: BTreeMap<Called, Counted>,
    /// The findings, and the number of each.
    pub findings: BTreeMap<Finding, u64>,
    /// The number of calls and findings that were not kept, because there were too many.
    pub left_out: u64,
}

impl Run {
    /// Adds calls of one kind.
    pub fn count(&mut self, called: Called, counted: &Counted) {
        if let Some(before) = self.called.get_mut(&called) {
            before.add(counted);
        } else if self.called.len() < CALLED_MAX {
            self.called.entry(called).or_default().add(counted);
        } else {
            self.left_out = self.left_out.saturating_add(counted.calls);
        }
    }

    /// Adds a finding that occurred this many times.
    pub fn find(&mut self, finding: Finding, times: u64) {
        if let Some(count) = self.findings.get_mut(&finding) {
            *count = count.saturating_add(times);
        } else if self.findings.len() < FINDINGS_MAX {
            self.findings.insert(finding, times);
        } else {
            self.left_out = self.left_out.saturating_add(times);
        }
    }

    /// Adds another run.
    pub fn add(&mut self, other: Self) {
        other.called.into_iter().for_each(|(called, counted)| self.count(called, &counted));
        other.findings.into_iter().for_each(|(finding, times)| self.find(finding, times));
        self.left_out = self.left_out.saturating_add(other.left_out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_that_is_too_large_is_counted_and_not_kept() {
        let mut run = Run::default();
        for number in 0..CALLED_MAX + 3 {
            let called = Called { operation: number.to_string(), object_types: None, also_reads: Vec::new(), also_writes: Vec::new() };
            run.count(called, &Counted { calls: 1, ..Counted::default() });
        }
        for number in 0..FINDINGS_MAX + 2 {
            let finding = Finding { rule: Rule::Unserved, test: None, call: number.to_string(), message: String::new() };
            run.find(finding, 1);
        }
        assert_eq!((run.called.len(), run.findings.len(), run.left_out), (CALLED_MAX, FINDINGS_MAX, 5));
        let mut twice = run.clone();
        twice.add(run);
        assert_eq!((twice.called.len(), twice.findings.len(), twice.left_out), (CALLED_MAX, FINDINGS_MAX, 10));
    }
}
