//! One self-contained HTML file, to send to a client.

use std::fmt::Write;

use super::summary::{Deadline, by_integration, deadlines};
use crate::finding::FOR_AGENTS;
use crate::scan::Report;
use crate::secrets::secrets;
use keyway_core::shown::{Breakable, Markup};

/// Writes a report as an HTML file. The file loads no script, font or image from elsewhere.
pub fn write(report: &Report, today: &str) -> String {
    let mut out = String::new();
    // Writing to a string can't fail.
    let _ = body(report, today, &mut out);
    out
}

const STYLE: &str = "
:root { color-scheme: light dark; --ink: #1c2430; --paper: #fff; --line: #d5dae1; --soft: #f4f6f8; --past: #b3261e; --soon: #9a5b00; --later: #1f6f4a; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ee; --paper: #14181e; --line: #38404b; --soft: #1d232b; --past: #ff8a80; --soon: #ffc266; --later: #7fd6a8; } }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; margin: 1rem 0 2rem; }
th, td { text-align: left; vertical-align: top; padding: .4rem .6rem; border-bottom: 1px solid var(--line); overflow-wrap: break-word; }
th { background: var(--soft); }
code { font: .9em ui-monospace, monospace; overflow-wrap: anywhere; }
td code { overflow-wrap: break-word; }
@media screen and (max-width: 48rem) { td code { overflow-wrap: anywhere; } }
.whole { white-space: nowrap; }
.figures { display: flex; flex-wrap: wrap; gap: 1rem; padding: 0; list-style: none; }
.figures li { background: var(--soft); border-radius: .5rem; padding: .8rem 1.2rem; }
.figures strong { display: block; font-size: 1.8rem; }
.past { color: var(--past); } .soon { color: var(--soon); } .later { color: var(--later); }
svg text { fill: currentColor; font: 13px system-ui, sans-serif; }
@media print { body { max-width: none; font-size: 11pt; } table { font-size: 9.5pt; } th, td { padding: .25rem .4rem; } h2 { break-after: avoid; } tr { break-inside: avoid; } }
";

fn body(report: &Report, today: &str, out: &mut String) -> std::fmt::Result {
    let deadlines = deadlines(report);
    let ended: usize = deadlines.iter().filter(|deadline| deadline.date <= today).map(|deadline| deadline.calls).sum();
    write!(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width\">\n<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n<title>HubSpot credentials and calls</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n<h1>HubSpot credentials and calls</h1>\n<p>As of {}. Values are masked: this file holds no secret.</p>\n",
        Markup(today)
    )?;
    writeln!(out, "<ul class=\"figures\">")?;
    for (figure, what) in [
        (secrets(&report.findings).len() as u64, "secrets in plain text"),
        (report.findings.len() as u64, "places with a secret"),
        (report.usages.len() as u64, "calls of HubSpot’s API"),
        (ended as u64, "calls that have ended"),
        (by_integration(report).len() as u64, "folders with calls"),
        (report.stats.files, "files read"),
    ] {
        writeln!(out, "<li><strong>{figure}</strong>{what}</li>")?;
    }
    writeln!(out, "</ul>")?;
    if !deadlines.is_empty() {
        chart(&deadlines, today, out)?;
    }
    findings(report, out)?;
    usages(report, today, out)?;
    if report.hands_agents_hubspot() {
        writeln!(out, "<h2>Agents</h2>\n<p>Next step: {}.</p>", Markup(FOR_AGENTS))?;
    }
    if !report.skipped.is_empty() {
        writeln!(
            out,
            "<h2>Left out</h2>\n<table>\n<thead><tr><th scope=\"col\">File</th><th scope=\"col\">Why</th></tr></thead>\n<tbody>"
        )?;
        for skip in &report.skipped {
            writeln!(out, "<tr><td><code>{}</code></td><td>{}</td></tr>", Breakable(&skip.path), Markup(&skip.reason))?;
        }
        writeln!(out, "</tbody></table>")?;
    }
    writeln!(out, "</main>\n</body>\n</html>")
}

/// How near a day is, for its colour; the text beside it has the same information.
fn nearness(date: &str, today: &str) -> &'static str {
    let months = |date: &str| Some(date.get(..4)?.parse::<i32>().ok()? * 12 + date.get(5..7)?.parse::<i32>().ok()?);
    match (months(date), months(today)) {
        _ if date <= today => "past",
        (Some(then), Some(now)) if then - now <= 6 => "soon",
        _ => "later",
    }
}

/// Bars of calls by end date, and the same figures as a table.
fn chart(deadlines: &[Deadline<'_>], today: &str, out: &mut String) -> std::fmt::Result {
    const ROW: usize = 30;
    const BAR: usize = 520;
    let most = deadlines.iter().map(|deadline| deadline.calls).max().unwrap_or(1).max(1);
    writeln!(out, "<h2>Deadlines</h2>")?;
    writeln!(
        out,
        "<svg viewBox=\"0 0 760 {}\" role=\"img\" aria-label=\"Calls by the day on which they end; the table below has the figures\">",
        deadlines.len() * ROW
    )?;
    for (row, deadline) in deadlines.iter().enumerate() {
        let (y, width) = (row * ROW, (deadline.calls * BAR / most).max(2));
        writeln!(
            out,
            "<g class=\"{}\"><text x=\"0\" y=\"{}\">{}</text><rect x=\"100\" y=\"{}\" width=\"{width}\" height=\"20\" fill=\"currentColor\" opacity=\".75\"/><text x=\"{}\" y=\"{}\">{}</text></g>",
            nearness(deadline.date, today),
            y + 19,
            Markup(deadline.date),
            y + 4,
            108 + width,
            y + 19,
            deadline.calls
        )?;
    }
    writeln!(
        out,
        "</svg>\n<table>\n<thead><tr><th scope=\"col\">Date</th><th scope=\"col\">What ends</th><th scope=\"col\">Calls</th><th scope=\"col\">Integrations</th></tr></thead>\n<tbody>"
    )?;
    for deadline in deadlines {
        let integrations: Vec<String> = deadline.integrations.iter().map(|name| Markup(name).to_string()).collect();
        let nearness = nearness(deadline.date, today);
        let word = match nearness {
            "past" => " (past)",
            "soon" => " (within six months)",
            _ => "",
        };
        writeln!(
            out,
            "<tr><td class=\"{nearness}\">{}{word}</td><td>{}{}</td><td>{}</td><td>{}</td></tr>",
            Markup(deadline.date),
            Markup(&deadline.what),
            how_firm(deadline.certainty),
            deadline.calls,
            integrations.join(", ")
        )?;
    }
    writeln!(out, "</tbody></table>")
}

/// What a report says of a day that HubSpot has not published.
fn how_firm(certainty: &str) -> &'static str {
    match certainty {
        "month only" => " (HubSpot has named only the month)",
        "inferred" => " (inferred: HubSpot has published no day)",
        _ => "",
    }
}

fn findings(report: &Report, out: &mut String) -> std::fmt::Result {
    writeln!(out, "<h2>Credentials</h2>")?;
    if report.findings.is_empty() {
        return writeln!(out, "<p>None was found.</p>");
    }
    writeln!(
        out,
        "<table>\n<thead><tr><th scope=\"col\">Where</th><th scope=\"col\">What</th><th scope=\"col\">Value</th><th scope=\"col\">Confidence</th><th scope=\"col\">Next step</th></tr></thead>\n<tbody>"
    )?;
    for finding in &report.findings {
        write!(out, "<tr><td><code>{}:{}</code>", Breakable(&finding.path), finding.line)?;
        if let Some(introduced) = &finding.introduced {
            write!(out, "<br><small>{}</small>", Markup(&introduced.words()))?;
        }
        if let Some(verified) = &finding.verified {
            write!(out, "<br><small>{}</small>", Markup(&verified.words()))?;
        }
        writeln!(
            out,
            "</td><td>{}</td><td><code>{}</code></td><td>{}<br><small>{}</small></td><td>{}</td></tr>",
            finding.kind.title(),
            Markup(&finding.masked),
            finding.confidence.as_str(),
            Markup(&finding.reason),
            Markup(&finding.next_step())
        )?;
    }
    writeln!(out, "</tbody></table>")
}

fn usages(report: &Report, today: &str, out: &mut String) -> std::fmt::Result {
    for (integration, operations) in by_integration(report) {
        writeln!(out, "<h2>Calls of {}</h2>", Markup(integration))?;
        writeln!(
            out,
            "<table>\n<thead><tr><th scope=\"col\">Operation</th><th scope=\"col\">Class</th><th scope=\"col\">Authenticates by</th><th scope=\"col\">Ends</th><th scope=\"col\">Moves to</th><th scope=\"col\">Where</th></tr></thead>\n<tbody>"
        )?;
        for operation in operations {
            let Some(first) = operation.calls.first() else { continue };
            let places: Vec<String> =
                operation.calls.iter().take(5).map(|call| format!("<code>{}:{}</code>", Breakable(&call.path), call.line)).collect();
            let more = if operation.calls.len() > 5 { format!("<br>and {} more", operation.calls.len() - 5) } else { String::new() };
            let ends =
                first.sunset.map_or("–".to_owned(), |date| format!("<span class=\"whole {}\">{date}</span>", nearness(date, today)));
            writeln!(
                out,
                "<tr><td><code>{}</code></td><td>{}</td><td>{}</td><td>{ends}</td><td>{}</td><td>{}{more}</td></tr>",
                Breakable(operation.operation),
                first.class_words().as_deref().unwrap_or("–"),
                Markup(operation.auth),
                Breakable(first.successor.as_deref().unwrap_or("–")),
                places.join("<br>")
            )?;
        }
        writeln!(out, "</tbody></table>")?;
    }
    Ok(())
}
