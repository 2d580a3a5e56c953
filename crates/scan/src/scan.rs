//! A whole scan: from sources to a report.

mod history;
mod imported;
mod manifests;
mod objects;
mod versions;

use std::collections::{HashMap, HashSet};
use std::io;
use std::ops::AddAssign;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;

use crate::detect::{self, Text, Wanted};
use crate::finding::{Finding, Kind, Usage, Via};
use crate::judge::{Judgement, Passed};
use crate::prefilter::Hits;
use crate::source::Skip;
use crate::source::git::{ObjectId, Repository};
use crate::source::tree::{self, BINARY, Look, Which};
use crate::source::windows::Window;
use crate::text::Places;

use self::objects::Texts;

pub use history::history;

/// The options of a scan.
#[derive(Debug)]
pub struct Options {
    /// The files to scan.
    pub which: Which,
    /// Whether to find calls as well as credentials.
    pub wanted: Wanted,
    /// The conditions of a finding.
    pub judgement: Judgement,
    /// The progress of the scan, for a display.
    pub progress: Progress,
}

/// The progress of a scan. The counters grow while it runs.
#[derive(Debug, Default)]
pub struct Progress {
    /// Files and blobs read.
    pub files: AtomicU64,
    /// The sum of their sizes, in bytes.
    pub bytes: AtomicU64,
}

impl Progress {
    fn add(&self, bytes: u64) {
        self.files.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }
}

/// The result of a scan.
#[derive(Debug, Serialize)]
pub struct Report {
    /// The version of this format: 1.
    pub version: u32,
    /// The name of the folder, where one was scanned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
    /// Credentials, by path and line.
    pub findings: Vec<Finding>,
    /// Calls, by path and line.
    pub usages: Vec<Usage>,
    /// Figures.
    pub stats: Stats,
    /// Skipped files, without the binary ones.
    pub skipped: Vec<Skip>,
}

impl Report {
    /// Whether an agent has a HubSpot credential, or a server that needs one.
    pub fn hands_agents_hubspot(&self) -> bool {
        self.findings.iter().any(|finding| finding.agent.is_some() && finding.kind != Kind::KeywayToken)
            || self.usages.iter().any(|usage| usage.via == Via::Mcp)
    }
}

/// Figures of a scan.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Stats {
    /// Files, members of archives and blobs read.
    pub files: u64,
    /// The sum of their sizes, in bytes.
    pub bytes: u64,
    /// Binary files that were left out.
    pub binary: u64,
    /// Findings left out because of a mark on their line.
    pub allowed: u64,
    /// Findings left out because the baseline has them.
    pub known: u64,
    /// Findings left out because their confidence is below the least one.
    pub unsure: u64,
}

impl AddAssign for Stats {
    fn add_assign(&mut self, other: Self) {
        self.files += other.files;
        self.bytes += other.bytes;
        self.binary += other.binary;
        self.allowed += other.allowed;
        self.known += other.known;
        self.unsure += other.unsure;
    }
}

/// Scans files and folders.
///
/// # Errors
/// A path does not exist, or a glob is malformed. Files that can't be read are in [`Report::skipped`].
pub fn files(options: &Options) -> io::Result<Report> {
    let workers = tree::walk(&options.which, || Worker::new(options))?;
    let manifests: Vec<String> = workers.iter().flat_map(|worker| worker.manifests.iter().cloned()).collect();
    let mut modules: Vec<String> = workers.iter().flat_map(|worker| worker.modules.iter().cloned()).collect();
    let mut users: Vec<String> = workers.iter().flat_map(|worker| worker.users.iter().cloned()).collect();
    let mut report = report(workers);
    let (passed, more_users) = manifests::find(&manifests, options)?;
    report.usages.extend(passed);
    report.usages.sort();
    users.extend(more_users);
    users.sort();
    modules.sort();
    imported::resolve(&mut report.usages, &modules, &users, options);
    versions::close(&mut report.usages, &options.which);
    Ok(report)
}

/// Scans what is staged for the next commit, and reports only what the commit would add.
///
/// # Errors
/// An error of git.
pub fn staged(folder: &Path, options: &Options) -> io::Result<Report> {
    let repository = Repository::of(folder)?;
    let staged = repository.staged()?;
    let mut worker = Worker::new(options);
    worker.stats.files = staged.len() as u64;
    let after = staged.iter().map(|change| (change.after.as_str(), change.path.as_str()));
    worker.blobs(&repository, after)?;
    // The commit does not introduce secrets that the same file had before.
    let touched: HashSet<&str> = worker.findings.iter().map(|finding| finding.path.as_str()).collect();
    let before = staged.iter().filter_map(|change| Some((change.before.as_deref()?, change.path.as_str())));
    let mut earlier = Worker::new(options);
    earlier.blobs(&repository, before.filter(|(_, path)| touched.contains(path)))?;
    let there: HashSet<(String, String)> = earlier.findings.into_iter().map(|finding| (finding.path, finding.fingerprint)).collect();
    worker.findings.retain(|finding| !there.contains(&(finding.path.clone(), finding.fingerprint.clone())));
    Ok(report([worker]))
}

/// Scans one text from a stream.
///
/// # Errors
/// An error of the stream.
pub fn stream(path: &str, source: impl io::Read, options: &Options) -> io::Result<Report> {
    let mut worker = Worker::new(options);
    tree::stream(path, source, &mut worker)?;
    Ok(report([worker]))
}

/// Merges the results of several workers.
pub(crate) fn report<'a>(workers: impl IntoIterator<Item = Worker<'a>>) -> Report {
    let mut report =
        Report { version: 1, folder: None, findings: Vec::new(), usages: Vec::new(), stats: Stats::default(), skipped: Vec::new() };
    for worker in workers {
        report.findings.extend(worker.findings);
        report.usages.extend(worker.usages);
        report.skipped.extend(worker.skipped);
        report.stats += worker.stats;
    }
    sort(&mut report);
    report
}

fn sort(report: &mut Report) {
    report.findings.sort_by(|a, b| (&a.path, a.line, a.column).cmp(&(&b.path, b.line, b.column)));
    report.usages.sort();
    report.skipped.sort();
}

/// The results of one thread so far.
pub(crate) struct Worker<'a> {
    options: &'a Options,
    hits: Hits,
    pub(crate) findings: Vec<Finding>,
    usages: Vec<Usage>,
    skipped: Vec<Skip>,
    /// Manifests that list a client of HubSpot.
    manifests: Vec<String>,
    /// Programs with a HubSpot host or path that others may import.
    modules: Vec<String>,
    /// Programs that may import one of them.
    users: Vec<String>,
    stats: Stats,
}

impl<'a> Worker<'a> {
    pub(crate) fn new(options: &'a Options) -> Self {
        Self {
            options,
            hits: Hits::default(),
            findings: Vec::new(),
            usages: Vec::new(),
            skipped: Vec::new(),
            manifests: Vec::new(),
            modules: Vec::new(),
            users: Vec::new(),
            stats: Stats::default(),
        }
    }
}

impl Worker<'_> {
    /// Records a program that may import such a program, or that others may import.
    fn notes_program(&mut self, path: &str, window: &Window<'_>, holds: bool) {
        let whole = window.mine == window.bytes.len() && window.lines_before == 0;
        if !whole || !manifests::is_code(path) || manifests::is_foreign(path) {
            return;
        }
        for (list, wanted) in [(&mut self.modules, holds), (&mut self.users, true)] {
            if wanted && list.len() < imported::FILES_MAX {
                list.push(path.to_owned());
            }
        }
    }

    /// Scans files as git stores them: the id of each file's content, and its path.
    fn blobs<'p>(&mut self, repository: &Repository, files: impl Iterator<Item = (&'p str, &'p str)>) -> io::Result<()> {
        let mut paths: HashMap<&str, Vec<&str>> = HashMap::new();
        files.for_each(|(id, path)| paths.entry(id).or_default().push(path));
        let ids: Vec<ObjectId> = paths.keys().map(|id| (*id).to_owned()).collect();
        for texts in repository.read(&ids, Texts::default)? {
            self.skipped.extend(texts.skipped);
            for (id, _, text) in texts.texts {
                for path in &paths[id.as_str()] {
                    self.whole(path, &text);
                    self.stats.bytes += text.len() as u64;
                }
            }
        }
        Ok(())
    }

    /// Scans a text that is in memory as a whole.
    fn whole(&mut self, path: &str, text: &[u8]) {
        self.look(path, &Window { bytes: text, mine: text.len(), lines_before: 0, columns_before: 0 });
    }
}

impl Look for Worker<'_> {
    fn look(&mut self, path: &str, window: &Window<'_>) {
        let text = Text { path, bytes: window.bytes };
        let found = detect::examine(text, self.options.wanted, &mut self.hits);
        if self.options.wanted.usages && self.hits.hubspot && detect::usage::names_client(text) {
            self.manifests.push(path.to_owned());
        }
        if self.options.wanted.usages && self.hits.hubspot {
            let holds = found.usages.iter().any(|(_, usage)| usage.via == Via::Url) || detect::usage::has_host(window.bytes);
            self.notes_program(path, window, holds);
        }
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
                Err(Passed::Allowed) => self.stats.allowed += 1,
                Err(Passed::Known) => self.stats.known += 1,
                Err(Passed::Unsure) => self.stats.unsure += 1,
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
        self.options.progress.add(bytes);
    }
}

/// Changes a place in a window to the place in its file.
fn shift(window: &Window<'_>, line: &mut u64, column: &mut u64) {
    if *line == 1 {
        *column += window.columns_before;
    }
    *line += window.lines_before;
}
