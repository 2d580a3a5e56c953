//! For a terminal: findings by integration, what to do about each kind, calls that end.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::summary::{by_integration, integration};
use crate::finding::{Confidence, Finding};
use crate::scan::Report;
use crate::secrets;
use keyway_core::shown::Terminal;

/// How it is written.
#[derive(Clone, Copy, Debug, Default)]
pub struct Style<'a> {
    /// Say why each finding is one.
    pub explain: bool,
    /// Today, ISO date: what has ended and what will.
    pub today: Option<&'a str>,
}

/// Writes a report for a person.
pub fn write(report: &Report, style: Style<'_>) -> String {
    let mut out = String::new();
    // Writing to a string can't fail.
    let _ = findings(report, style, &mut out)
        .and_then(|()| usages(report, style, &mut out))
        .and_then(|()| skipped(report, &mut out))
        .and_then(|()| summary(report, &mut out));
    out
}

fn findings(report: &Report, style: Style<'_>, out: &mut String) -> std::fmt::Result {
    if report.findings.is_empty() {
        return Ok(());
    }
    let mut groups: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
    for finding in &report.findings {
        groups.entry(integration(&finding.path)).or_default().push(finding);
    }
    writeln!(out, "Credentials\n")?;
    for (group, findings) in groups {
        writeln!(out, "  {}", Terminal(group))?;
        findings.into_iter().try_for_each(|finding| one(finding, style, out))?;
        out.push('\n');
    }
    let kinds: BTreeSet<_> = report.findings.iter().map(|finding| finding.kind).collect();
    writeln!(out, "What to do")?;
    for kind in kinds {
        writeln!(out, "  {}: {}.", kind.title(), kind.next_step())?;
    }
    writeln!(out)
}

fn one(finding: &Finding, style: Style<'_>, out: &mut String) -> std::fmt::Result {
    write!(
        out,
        "    {}:{}:{}  {}  {}",
        Terminal(&finding.path),
        finding.line,
        finding.column,
        finding.kind.title(),
        Terminal(&finding.masked)
    )?;
    if finding.confidence != Confidence::High {
        write!(out, "  ({} confidence)", finding.confidence.as_str())?;
    }
    out.push('\n');
    if let Some(host) = &finding.sent_to {
        writeln!(out, "      sent to {}, which is not HubSpot's: rotate it", Terminal(host))?;
    }
    if let Some(introduced) = &finding.introduced {
        let commit = introduced.commit.as_deref().map_or("no commit that is still reached", |commit| commit.get(..12).unwrap_or(commit));
        let commit = Terminal(commit);
        let date = introduced.date.as_deref().unwrap_or_default();
        let author = introduced.author.as_deref().unwrap_or_default();
        let still = if introduced.in_work_tree { "still in the work tree" } else { "no longer in the work tree" };
        writeln!(out, "      {commit}  {}  {}  {still}", Terminal(date), Terminal(author))?;
    }
    if let Some(verified) = &finding.verified {
        writeln!(out, "      {}", Terminal(&verified.words()))?;
    }
    if style.explain {
        writeln!(out, "      rule {}: {}\n      {}", finding.rule, Terminal(&finding.reason), finding.fingerprint)?;
    }
    Ok(())
}

fn usages(report: &Report, style: Style<'_>, out: &mut String) -> std::fmt::Result {
    if report.usages.is_empty() {
        return Ok(());
    }
    writeln!(out, "Calls\n")?;
    for (group, operations) in by_integration(report) {
        writeln!(out, "  {}", Terminal(group))?;
        for operation in operations {
            let Some(first) = operation.calls.first() else { continue };
            write!(out, "    {}", Terminal(operation.operation))?;
            if matches!(operation.auth, "hapikey" | "developer_key") {
                write!(out, "  [{}]", operation.auth)?;
            }
            if let Some(sunset) = first.sunset {
                let past = style.today.is_some_and(|today| sunset <= today);
                write!(out, "  {} {sunset}", if past { "ended" } else { "ends" })?;
            }
            if let Some(successor) = &first.successor {
                write!(out, "  → {}", Terminal(successor))?;
            }
            let more = if operation.calls.len() > 1 { format!(" and {} more", operation.calls.len() - 1) } else { String::new() };
            writeln!(out, "\n      {}:{}{more}", Terminal(&first.path), first.line)?;
            if style.explain && !first.scopes.is_empty() {
                writeln!(out, "      scopes, one of: {}", first.scopes.join(", "))?;
            }
        }
        out.push('\n');
    }
    Ok(())
}

fn skipped(report: &Report, out: &mut String) -> std::fmt::Result {
    if report.skipped.is_empty() {
        return Ok(());
    }
    writeln!(out, "Left out")?;
    for skip in &report.skipped {
        writeln!(out, "  {}: {}", Terminal(&skip.path), Terminal(&skip.reason))?;
    }
    writeln!(out)
}

fn summary(report: &Report, out: &mut String) -> std::fmt::Result {
    let stats = &report.stats;
    write!(
        out,
        "{}, {} in {} ({:.1} MB)",
        secrets::count(&report.findings),
        count(report.usages.len() as u64, "call"),
        count(stats.files, "file"),
        stats.bytes as f64 / 1e6
    )?;
    let passed = [
        (stats.known, "in the baseline"),
        (stats.allowed, "allowed in place"),
        (stats.unsure, "of low confidence (--min-confidence low shows them)"),
        (stats.binary, "binary files left out"),
    ];
    passed.into_iter().filter(|(count, _)| *count > 0).try_for_each(|(count, why)| write!(out, "; {count} {why}"))?;
    writeln!(out)
}

fn count(number: u64, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}
