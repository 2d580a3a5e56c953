//! A whole scan: from sources to a report.

use std::collections::BTreeMap;
use std::io;

use serde::Serialize;

use crate::detect::{self, Text, Wanted};
use crate::finding::{Finding, Usage};
use crate::judge::{Judgement, Passed};
use crate::prefilter::Hits;
use crate::source::Skip;
use crate::source::tree::{self, BINARY, Look, Which};
use crate::source::windows::Window;
use crate::text::Places;

/// What a scan is to do.
#[derive(Debug)]
pub struct Options {
    /// Which files.
    pub which: Which,
    /// Calls too, or credentials only.
    pub wanted: Wanted,
    /// Which candidates are findings.
    pub judgement: Judgement,
}

/// What a scan found.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Of this form; 1.
    pub version: u32,
    /// Credentials, by path and line.
    pub findings: Vec<Finding>,
    /// Calls, by path and line.
    pub usages: Vec<Usage>,
    /// Figures.
    pub stats: Stats,
    /// What was left out, binary files aside.
    pub skipped: Vec<Skip>,
}

/// Figures of a scan.
#[derive(Debug, Default, Serialize)]
pub struct Stats {
    /// Files, members of archives and blobs read.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Binary files that were left out.
    pub binary: u64,
    /// Findings left out because their line allows them.
    pub allowed: u64,
    /// Findings left out because the baseline has them.
    pub known: u64,
    /// Findings left out because they are less sure than asked for.
    pub unsure: u64,
}

/// Scans files and folders.
///
/// # Errors
/// A path is not there, or a glob can't be read. What can't be read on the way is in [`Report::skipped`].
pub fn files(options: &Options) -> io::Result<Report> {
    let workers = tree::walk(&options.which, || Worker::new(options))?;
    Ok(report(workers))
}

/// Scans one text that comes over a stream.
///
/// # Errors
/// The stream's.
pub fn stream(path: &str, source: impl io::Read, options: &Options) -> io::Result<Report> {
    let mut worker = Worker::new(options);
    tree::stream(path, source, &mut worker)?;
    Ok(report([worker]))
}

/// Puts together what several workers found.
pub(crate) fn report<'a>(workers: impl IntoIterator<Item = Worker<'a>>) -> Report {
    let mut report = Report { version: 1, findings: Vec::new(), usages: Vec::new(), stats: Stats::default(), skipped: Vec::new() };
    for worker in workers {
        report.findings.extend(worker.findings);
        report.usages.extend(worker.usages);
        report.skipped.extend(worker.skipped);
        report.stats.files += worker.stats.files;
        report.stats.bytes += worker.stats.bytes;
        report.stats.binary += worker.stats.binary;
        for (passed, count) in worker.passed {
            match passed {
                Passed::Allowed => report.stats.allowed += count,
                Passed::Known => report.stats.known += count,
                Passed::Unsure => report.stats.unsure += count,
            }
        }
    }
    report.findings.sort_by(|a, b| (&a.path, a.line, a.column).cmp(&(&b.path, b.line, b.column)));
    report.usages.sort();
    report.skipped.sort();
    report
}

/// What one thread has found so far.
pub(crate) struct Worker<'a> {
    options: &'a Options,
    hits: Hits,
    pub(crate) findings: Vec<Finding>,
    usages: Vec<Usage>,
    skipped: Vec<Skip>,
    stats: Stats,
    passed: BTreeMap<Passed, u64>,
}

impl<'a> Worker<'a> {
    pub(crate) fn new(options: &'a Options) -> Self {
        Self {
            options,
            hits: Hits::default(),
            findings: Vec::new(),
            usages: Vec::new(),
            skipped: Vec::new(),
            stats: Stats::default(),
            passed: BTreeMap::new(),
        }
    }
}

impl Look for Worker<'_> {
    fn look(&mut self, path: &str, window: &Window<'_>) {
        let text = Text { path, bytes: window.bytes };
        let found = detect::examine(text, self.options.wanted, &mut self.hits);
        if found.candidates.is_empty() && found.usages.is_empty() {
            return;
        }
        let mut places = Places::new(window.bytes);
        for candidate in found.candidates.iter().filter(|candidate| candidate.at.start < window.mine) {
            match self.options.judgement.judge(text, candidate, &mut places) {
                Ok(mut finding) => {
                    shift(window, &mut finding.line, &mut finding.column);
                    self.findings.push(finding);
                }
                Err(passed) => *self.passed.entry(passed).or_default() += 1,
            }
        }
        for (at, mut usage) in found.usages.into_iter().filter(|(at, _)| *at < window.mine) {
            path.clone_into(&mut usage.path);
            (usage.line, usage.column) = places.of(at);
            shift(window, &mut usage.line, &mut usage.column);
            self.usages.push(usage);
        }
    }

    fn skip(&mut self, skip: Skip) {
        if skip.reason == BINARY { self.stats.binary += 1 } else { self.skipped.push(skip) }
    }

    fn read(&mut self, bytes: u64) {
        self.stats.files += 1;
        self.stats.bytes += bytes;
    }
}

/// From a place in a window to the place in its file.
fn shift(window: &Window<'_>, line: &mut u64, column: &mut u64) {
    if *line == 1 {
        *column += window.columns_before;
    }
    *line += window.lines_before;
}
