//! `keyway scan`.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Context;
use keyway_scan::detect::Wanted;
use keyway_scan::finding;
use keyway_scan::judge::Judgement;
use keyway_scan::report::{self, human};
use keyway_scan::scan::{self, Options, Report};
use keyway_scan::source::tree::Which;

use crate::Exit;
use crate::args::{Confidence, ReportFormat, Scan};

/// Scans, reports, and says by its exit code whether there is a finding.
pub fn run(args: Scan) -> anyhow::Result<Exit> {
    let least = match args.min_confidence {
        Confidence::Low => finding::Confidence::Low,
        Confidence::Medium => finding::Confidence::Medium,
        Confidence::High => finding::Confidence::High,
    };
    let options = Options {
        which: Which { roots: args.paths.clone(), no_ignore: args.no_ignore, ignore: args.ignore.clone() },
        wanted: Wanted { usages: !args.no_usages },
        judgement: Judgement { least, baseline: BTreeSet::new() },
    };
    let report = if args.paths.iter().any(|path| path == Path::new("-")) {
        scan::stream("-", std::io::stdin().lock(), &options).context("standard input can't be read")?
    } else {
        scan::files(&options)?
    };
    let text = written(&report, &args);
    match &args.output {
        Some(path) => std::fs::write(path, text).with_context(|| format!("{} can't be written", path.display()))?,
        None => super::print(text.trim_end())?,
    }
    Ok(if report.findings.is_empty() { Exit::Fine } else { Exit::Negative })
}

fn written(report: &Report, args: &Scan) -> String {
    let format = if args.json { ReportFormat::Json } else { args.format };
    match format {
        ReportFormat::Human => human::write(report, human::Style { explain: args.explain, today: None }),
        ReportFormat::Json => report::json(report),
    }
}
