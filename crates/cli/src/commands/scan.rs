//! `keyway scan`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use anyhow::{Context, bail};
use keyway_core::shown;
use keyway_core::written::is_keyways;
use keyway_scan::baseline::{self, Baseline};
use keyway_scan::detect::Wanted;
use keyway_scan::finding;
use keyway_scan::judge::Judgement;
use keyway_scan::report::{self, human};
use keyway_scan::scan::{self, Options, Progress, Report};
use keyway_scan::secrets;
use keyway_scan::source::Skip;
use keyway_scan::source::tree::Which;

use super::{plan, today, verify};
use crate::args::Connection;
use crate::args::scan::{Confidence, FailOn, ReportFormat, Scan};
use crate::exit::Exit;
use crate::output;
use crate::output::is_json;
use crate::output::progress::{Bar, while_working};

/// Scans, reports, and says by its exit code whether what was asked about is there.
pub fn run(connection: &Connection, args: Scan) -> anyhow::Result<Exit> {
    let format = format(&args)?;
    let (baseline_path, known) = baseline(&args)?;
    let options = Options {
        which: Which { roots: args.paths.clone(), no_ignore: args.no_ignore, ignore: args.ignore.clone() },
        wanted: Wanted { usages: !args.no_usages },
        judgement: Judgement {
            least: least(args.min_confidence),
            keep_values: args.verify,
            // A new baseline lists every finding, so the old baseline hides none.
            baseline: known.as_ref().filter(|_| !args.write_baseline).map(Baseline::fingerprints).unwrap_or_default(),
        },
        progress: Progress::default(),
    };
    let folder = args.paths.first().map_or(Path::new("."), PathBuf::as_path);
    let mut report = watched(&options.progress, || {
        if args.staged {
            Ok(scan::staged(folder, &options)?)
        } else if args.history || args.since.is_some() {
            Ok(scan::history(folder, args.since.as_deref(), &options)?)
        } else if args.paths.iter().any(|path| path == Path::new("-")) {
            scan::stream("-", std::io::stdin().lock(), &options).context("standard input can't be read")
        } else {
            Ok(scan::files(&options)?)
        }
    })?;
    leave_out_own(&mut report, &args.paths);
    report.folder = match &args.paths[..] {
        [] => Some(plan::input::name_of(Path::new("."))),
        [one] if one.is_dir() => Some(plan::input::name_of(one)),
        _ => None,
    };
    if args.verify {
        verify::ask(&mut report.findings, &args.verify_at, connection)?;
    }
    if args.write_baseline {
        let written = Baseline::of(&report.findings, known.as_ref());
        std::fs::write(&baseline_path, written.to_json()).with_context(|| format!("{} can't be written", shown::path(&baseline_path)))?;
        super::note(&format!("keyway: {} written to {}", secrets::count(&report.findings), shown::path(&baseline_path)));
        return Ok(Exit::Fine);
    }
    let today = today();
    let text = written(&report, &args, format, &today);
    match &args.output {
        Some(path) => {
            std::fs::write(path, text).with_context(|| format!("{} can't be written", shown::path(&path)))?;
            super::note(&format!(
                "keyway: wrote the report to {}: {}, {}",
                shown::path(&path),
                secrets::count(&report.findings),
                super::counted(report.usages.len() as u64, "call")
            ));
        }
        None if coloured(&args) => super::print_coloured(text.trim_end())?,
        None => super::print(text.trim_end())?,
    }
    if args.staged && !report.findings.is_empty() {
        super::note(STAGED);
    }
    Ok(if args.fail_on.iter().any(|what| fails(*what, &report, &today)) { Exit::Negative } else { Exit::Fine })
}

/// What to do about a staged credential.
const STAGED: &str = "keyway: take the credential out of the file and stage the file again. If it is none, write keyway:allow in a comment on its line; to accept all that is there now, run `keyway scan --write-baseline`";

/// Leaves out the calls of files that Keyway wrote, such as reports of earlier scans.
fn leave_out_own(report: &mut Report, roots: &[PathBuf]) {
    // Paths are relative to a root that is alone.
    let [folder] = roots else { return leave_out_own(report, &[PathBuf::from(".")]) };
    let paths: BTreeSet<&str> = report.usages.iter().map(|usage| usage.path.as_str()).collect();
    let is_own = |path: &&str| plan::input::head(folder, path).is_some_and(|head| is_keyways(&head));
    let own: BTreeSet<String> = paths.into_iter().filter(is_own).map(str::to_owned).collect();
    report.usages.retain(|usage| !own.contains(&usage.path));
    report.skipped.extend(own.into_iter().map(|path| Skip { path, reason: "Keyway wrote it; its calls do not count".to_owned() }));
    report.skipped.sort();
}

/// Says how far the scan is, if it takes long and a person watches.
fn watched<T: Send>(progress: &Progress, work: impl FnOnce() -> T + Send) -> T {
    let look = |bar: &Bar| {
        let (files, bytes) = (progress.files.load(Ordering::Relaxed), progress.bytes.load(Ordering::Relaxed));
        bar.set(&format!("{}, {:.0} MB", super::counted(files, "file"), bytes as f64 / 1e6), files);
    };
    while_working(&Bar::open(), look, work)
}

fn least(asked: Confidence) -> finding::Confidence {
    match asked {
        Confidence::Low => finding::Confidence::Low,
        Confidence::Medium => finding::Confidence::Medium,
        Confidence::High => finding::Confidence::High,
    }
}

/// Where the baseline is, and what is in it.
fn baseline(args: &Scan) -> anyhow::Result<(PathBuf, Option<Baseline>)> {
    let folder = args.paths.first().filter(|path| path.is_dir()).map_or(Path::new("."), PathBuf::as_path);
    let path = args.baseline.clone().unwrap_or_else(|| folder.join(baseline::FILE_NAME));
    match std::fs::read_to_string(&path) {
        Ok(text) => {
            let known = Baseline::parse(&text).with_context(|| shown::path(&path))?;
            Ok((path, Some(known)))
        }
        // A baseline that an option names must exist, unless this run writes it.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && (args.baseline.is_none() || args.write_baseline) => Ok((path, None)),
        Err(error) => {
            let (file, why) = (shown::path(&path), shown::cause(&error));
            bail!("the baseline {file} can't be read: {why}. To write one: keyway scan --write-baseline --baseline {file}")
        }
    }
}

fn fails(what: FailOn, report: &Report, today: &str) -> bool {
    match what {
        FailOn::Finding => !report.findings.is_empty(),
        FailOn::High => report.findings.iter().any(|finding| finding.confidence == finding::Confidence::High),
        FailOn::Ended => report.usages.iter().any(|usage| usage.sunset.is_some_and(|date| date <= today)),
        FailOn::Ageing => report.usages.iter().any(|usage| usage.sunset.is_some()),
        FailOn::Usage => !report.usages.is_empty(),
        FailOn::Never => false,
    }
}

/// Whether the report has colours. A file has none unless they are asked for.
fn coloured(args: &Scan) -> bool {
    output::colour() && (args.output.is_none() || output::is_colour_asked_for())
}

/// The format that an option or the name of the file asks for.
fn format(args: &Scan) -> anyhow::Result<ReportFormat> {
    match (is_json(), args.format, args.output.as_deref()) {
        (true, ..) => Ok(ReportFormat::Json),
        (_, Some(format), _) => Ok(format),
        (_, None, None) => Ok(ReportFormat::Human),
        (_, None, Some(path)) => {
            ReportFormat::of_file(path).with_context(|| super::no_format(path, ".txt, .json, .sarif, .html, .md or .xml"))
        }
    }
}

fn written(report: &Report, args: &Scan, format: ReportFormat, today: &str) -> String {
    match format {
        ReportFormat::Human => human::write(report, human::Style { explain: args.explain, today: Some(today), colour: coloured(args) }),
        ReportFormat::Json => report::json(report),
        ReportFormat::Sarif => report::sarif::write(report, today),
        ReportFormat::Html => report::html::write(report, today),
        ReportFormat::Markdown => report::markdown::write(report, today),
        ReportFormat::Junit => report::junit::write(report),
    }
}
