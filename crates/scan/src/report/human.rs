//! For a terminal: findings by folder, what to do about each kind, calls that end.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use crate::finding::{Finding, Usage};
use crate::scan::Report;

/// How it is written.
#[derive(Clone, Copy, Debug, Default)]
pub struct Style {
    /// Say why each finding is one.
    pub explain: bool,
    /// Today, ISO date: what has ended and what will.
    pub today: Option<&'static str>,
}

/// Writes a report for a person.
pub fn write(report: &Report, style: Style) -> String {
    let mut out = String::new();
    findings(report, style, &mut out);
    usages(report, style, &mut out);
    skipped(report, &mut out);
    summary(report, &mut out);
    out
}

/// The integration that a path belongs to: its first folder, or its own name.
pub fn integration(path: &str) -> &str {
    path.split_once('/').map_or(".", |(first, _)| first)
}

fn findings(report: &Report, style: Style, out: &mut String) {
    if report.findings.is_empty() {
        return;
    }
    let mut groups: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
    for finding in &report.findings {
        groups.entry(integration(&finding.path)).or_default().push(finding);
    }
    let _ = writeln!(out, "Credentials\n");
    for (group, findings) in groups {
        let _ = writeln!(out, "  {group}");
        for finding in findings {
            let _ = write!(out, "    {}:{}:{}  {}  {}", finding.path, finding.line, finding.column, finding.kind.title(), finding.masked);
            if finding.confidence != crate::finding::Confidence::High {
                let _ = write!(out, "  ({} confidence)", finding.confidence.as_str());
            }
            out.push('\n');
            if let Some(introduced) = &finding.introduced {
                let commit = introduced.commit.as_deref().map_or("no reachable commit", |commit| &commit[..commit.len().min(12)]);
                let author = introduced.author.as_deref().unwrap_or_default();
                let date = introduced.date.as_deref().unwrap_or_default();
                let still = if introduced.in_work_tree { "still in the work tree" } else { "no longer in the work tree" };
                let _ = writeln!(out, "      {commit}  {date}  {author}  {still}");
            }
            if style.explain {
                let _ = writeln!(out, "      rule {}: {}\n      {}", finding.rule, finding.reason, finding.fingerprint);
            }
        }
        out.push('\n');
    }
    let kinds: BTreeSet<_> = report.findings.iter().map(|finding| finding.kind).collect();
    let _ = writeln!(out, "What to do");
    for kind in kinds {
        let _ = writeln!(out, "  {}: {}.", kind.title(), kind.next_step());
    }
    out.push('\n');
}

fn usages(report: &Report, style: Style, out: &mut String) {
    if report.usages.is_empty() {
        return;
    }
    let _ = writeln!(out, "Calls\n");
    let mut groups: BTreeMap<&str, BTreeMap<(&str, &str), Vec<&Usage>>> = BTreeMap::new();
    for usage in &report.usages {
        groups.entry(integration(&usage.path)).or_default().entry((&usage.operation, usage.auth.as_str())).or_default().push(usage);
    }
    for (group, operations) in groups {
        let _ = writeln!(out, "  {group}");
        for ((operation, auth), usages) in operations {
            let first = usages[0];
            let _ = write!(out, "    {operation}");
            if auth == "hapikey" || auth == "developer_key" {
                let _ = write!(out, "  [{auth}]");
            }
            if let Some(sunset) = first.sunset {
                let past = style.today.is_some_and(|today| sunset <= today);
                let _ = write!(out, "  {} {sunset}", if past { "ended" } else { "ends" });
            }
            if let Some(successor) = &first.successor {
                let _ = write!(out, "  → {successor}");
            }
            let more = if usages.len() > 1 { format!(" and {} more", usages.len() - 1) } else { String::new() };
            let _ = writeln!(out, "\n      {}:{}{more}", first.path, first.line);
        }
        out.push('\n');
    }
}

fn skipped(report: &Report, out: &mut String) {
    if report.skipped.is_empty() {
        return;
    }
    let _ = writeln!(out, "Left out");
    for skip in &report.skipped {
        let _ = writeln!(out, "  {}: {}", skip.path, skip.reason);
    }
    out.push('\n');
}

fn summary(report: &Report, out: &mut String) {
    let stats = &report.stats;
    let _ = write!(
        out,
        "{}, {} in {} ({:.1} MB)",
        count(report.findings.len(), "credential"),
        count(report.usages.len(), "call"),
        count(stats.files as usize, "file"),
        stats.bytes as f64 / 1e6
    );
    let passed = [
        (stats.known, "in the baseline"),
        (stats.allowed, "allowed in place"),
        (stats.unsure, "of low confidence (--min-confidence low shows them)"),
    ];
    for (count, why) in passed.into_iter().filter(|(count, _)| *count > 0) {
        let _ = write!(out, "; {count} {why}");
    }
    out.push('\n');
}

fn count(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}
