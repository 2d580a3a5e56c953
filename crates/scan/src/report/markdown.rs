//! Markdown, for a pull request or a ticket.

use std::fmt::Write;

use super::summary::{by_integration, deadlines, totals};
use crate::finding::FOR_AGENTS;
use crate::scan::Report;
use crate::secrets::plural;
use keyway_core::shown::Cell;

/// Writes a report as Markdown.
pub fn write(report: &Report, today: &str) -> String {
    let mut out = String::new();
    // Writing to a string can't fail.
    let _ = body(report, today, &mut out);
    out
}

fn body(report: &Report, today: &str, out: &mut String) -> std::fmt::Result {
    writeln!(out, "# HubSpot credentials and calls\n")?;
    let (secrets, calls) = (totals(report).secrets_at_places(), plural(report.usages.len(), "call"));
    let files = plural(usize::try_from(report.stats.files).unwrap_or(usize::MAX), "file");
    writeln!(out, "{today}: {secrets}, {calls} in {files}.\n")?;
    if !report.findings.is_empty() {
        writeln!(out, "## Credentials\n\n| where | what | value | confidence | next step |\n| --- | --- | --- | --- | --- |")?;
        for finding in &report.findings {
            let (path, title, masked) = (Cell(&finding.path), finding.kind.title(), Cell(&finding.masked));
            writeln!(out, "| {path}:{} | {title} | {masked} | {} | {} |", finding.line, finding.confidence.as_str(), finding.next_step())?;
        }
        out.push('\n');
    }
    let deadlines = deadlines(report);
    if !deadlines.is_empty() {
        writeln!(out, "## Deadlines\n\n| date | what ends | calls | integrations |\n| --- | --- | --- | --- |")?;
        for deadline in deadlines {
            let integrations: Vec<String> = deadline.integrations.iter().map(|name| Cell(name).to_string()).collect();
            let past = if deadline.date <= today { " (past)" } else { "" };
            writeln!(
                out,
                "| {}{past} | {} ({}) | {} | {} |",
                deadline.date,
                deadline.what,
                deadline.certainty,
                deadline.calls,
                integrations.join(", ")
            )?;
        }
        out.push('\n');
    }
    for (integration, operations) in by_integration(report) {
        writeln!(
            out,
            "## Calls of {}\n\n| operation | authenticates by | calls | ends | moves to |\n| --- | --- | --- | --- | --- |",
            Cell(integration)
        )?;
        for operation in operations {
            let Some(first) = operation.calls.first() else { continue };
            let successor = first.successor.as_deref().unwrap_or("–");
            let (name, calls) = (Cell(operation.operation), operation.calls.len());
            writeln!(out, "| {name} | {} | {calls} | {} | {} |", Cell(operation.auth), first.sunset.unwrap_or("–"), Cell(successor))?;
        }
        out.push('\n');
    }
    if report.hands_agents_hubspot() {
        writeln!(out, "## Agents\n\nNext step: {FOR_AGENTS}.\n")?;
    }
    Ok(())
}
