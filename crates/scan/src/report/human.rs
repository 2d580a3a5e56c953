//! Report for a terminal: a summary first, then secrets by integration, advice for each kind, and calls with an end date.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::paint::{Paint, Shade};
use super::summary::{Totals, by_integration, days, integration, row, totals};
use crate::finding::{Confidence, FOR_AGENTS, Finding, sent};
use crate::scan::Report;
use crate::secrets::plural;
use keyway_core::shown::{self, Terminal};

/// Options of the report.
#[derive(Clone, Copy, Debug, Default)]
pub struct Style<'a> {
    /// Whether to give the reason of each finding.
    pub explain: bool,
    /// Today, ISO date: separates past end dates from future ones.
    pub today: Option<&'a str>,
    /// Whether to use colours, for a terminal.
    pub colour: bool,
}

impl Style<'_> {
    fn paint<'t>(&self, shade: Shade, text: &'t str) -> Paint<'t> {
        Paint { shade: Some(shade).filter(|_| self.colour), text }
    }

    /// The shade of a day: past, within six months, later.
    fn of_day(&self, date: &str) -> Shade {
        match self.today.and_then(|today| Some(days(date)? - days(today)?)) {
            Some(left) if left <= 0 => Shade::Bad,
            Some(left) if left <= 183 => Shade::Soon,
            _ => Shade::Fine,
        }
    }

    fn ended(&self, date: &str) -> bool {
        self.today.is_some_and(|today| date <= today)
    }
}

/// Writes a report for a person.
pub fn write(report: &Report, style: Style<'_>) -> String {
    let mut out = String::new();
    // Writing to a string can't fail.
    let _ = summary(report, style, &mut out)
        .and_then(|()| findings(report, style, &mut out))
        .and_then(|()| usages(report, style, &mut out))
        .and_then(|()| agents(report, style, &mut out))
        .and_then(|()| skipped(report, style, &mut out))
        .and_then(|()| figures(report, &mut out));
    out
}

/// The most integrations that the summary lists.
const INTEGRATIONS_MAX: usize = 20;

/// The figures, before the lists.
fn summary(report: &Report, style: Style<'_>, out: &mut String) -> std::fmt::Result {
    if report.findings.is_empty() && report.usages.is_empty() {
        return Ok(());
    }
    let Totals { secrets, places, by_confidence, calls, by_end, without_end } = totals(report);
    writeln!(out, "{}\n", style.paint(Shade::Head, "Summary"))?;
    let sure = [(Confidence::High, Shade::Bad), (Confidence::Medium, Shade::Soon), (Confidence::Low, Shade::Dim)]
        .into_iter()
        .filter_map(|(confidence, shade)| Some((by_confidence.get(&confidence)?, confidence, shade)))
        .map(|(count, confidence, shade)| style.paint(shade, &format!("{count} {}", confidence.as_str())).to_string())
        .collect::<Vec<_>>();
    let sure = if sure.is_empty() { String::new() } else { format!("  ({} confidence)", sure.join(", ")) };
    writeln!(out, "  {} at {}{sure}", plural(secrets, "secret"), plural(places, "place"))?;
    writeln!(out, "  {}", plural(calls, "call"))?;
    let width = by_end.iter().map(|end| end.calls).max().unwrap_or(0).max(without_end).to_string().len();
    for end in &by_end {
        let word = match end.calls {
            _ if style.ended(end.date) => "ended",
            1 => "ends",
            _ => "end",
        };
        let line = format!("{word:<5} {}", end.date);
        let what = if end.what.is_empty() { String::new() } else { format!("  {}", row(&end.what)) };
        writeln!(out, "    {:>width$}  {}{what}", end.calls, style.paint(style.of_day(end.date), &line))?;
    }
    if without_end > 0 {
        writeln!(out, "    {without_end:>width$}  {}", style.paint(Shade::Fine, "without a known end"))?;
    }
    by_folder(report, style, out)?;
    writeln!(out)
}

/// One line for each integration, the one with the most work first.
fn by_folder(report: &Report, style: Style<'_>, out: &mut String) -> std::fmt::Result {
    #[derive(Default)]
    struct Row<'r> {
        secrets: BTreeSet<&'r str>,
        calls: usize,
        ended: usize,
        first: Option<&'static str>,
    }
    let mut rows: BTreeMap<&str, Row<'_>> = BTreeMap::new();
    for finding in &report.findings {
        rows.entry(integration(&finding.path)).or_default().secrets.insert(&finding.fingerprint);
    }
    for usage in &report.usages {
        let row = rows.entry(integration(&usage.path)).or_default();
        row.calls += 1;
        row.ended += usize::from(usage.sunset.is_some_and(|date| style.ended(date)));
        row.first = row.first.into_iter().chain(usage.sunset).min();
    }
    if rows.len() < 2 {
        return Ok(());
    }
    let mut rows: Vec<_> = rows.into_iter().collect();
    rows.sort_by_key(|(name, row)| (std::cmp::Reverse((row.secrets.len(), row.ended, row.calls)), *name));
    let width = rows.iter().take(INTEGRATIONS_MAX).map(|(name, _)| Terminal(name).to_string().chars().count()).max().unwrap_or(0).min(40);
    writeln!(out, "\n  By folder")?;
    for (name, row) in rows.iter().take(INTEGRATIONS_MAX) {
        let name = Terminal(name).to_string();
        let secrets = if row.secrets.is_empty() { "-".to_owned() } else { plural(row.secrets.len(), "secret") };
        let calls = if row.calls == 0 { "-".to_owned() } else { plural(row.calls, "call") };
        let end = match (row.ended, row.first) {
            (0, Some(date)) => style.paint(style.of_day(date), &format!("first end {date}")).to_string(),
            (0, None) => String::new(),
            (ended, _) => style.paint(Shade::Bad, &format!("{ended} ended")).to_string(),
        };
        let shade = if row.secrets.is_empty() { Shade::Dim } else { Shade::Bad };
        let line = format!("    {name:width$}  {}  {calls:>10}  {end}", style.paint(shade, &format!("{secrets:>11}")));
        writeln!(out, "{}", line.trim_end())?;
    }
    if rows.len() > INTEGRATIONS_MAX {
        writeln!(out, "    and {} more", rows.len() - INTEGRATIONS_MAX)?;
    }
    Ok(())
}

fn findings(report: &Report, style: Style<'_>, out: &mut String) -> std::fmt::Result {
    if report.findings.is_empty() {
        return Ok(());
    }
    // A secret at several places of an integration is one entry.
    let mut groups: BTreeMap<&str, Vec<(&str, Vec<&Finding>)>> = BTreeMap::new();
    for finding in &report.findings {
        let group = groups.entry(integration(&finding.path)).or_default();
        match group.iter_mut().find(|(fingerprint, _)| *fingerprint == finding.fingerprint) {
            Some((_, places)) => places.push(finding),
            None => group.push((&finding.fingerprint, vec![finding])),
        }
    }
    writeln!(out, "{}\n", style.paint(Shade::Head, "Secrets"))?;
    for (group, secrets) in groups {
        writeln!(out, "  {}", style.paint(Shade::Head, &Terminal(group).to_string()))?;
        secrets.into_iter().try_for_each(|(_, places)| secret(&places, style, out))?;
        out.push('\n');
    }
    let kinds: BTreeSet<_> = report.findings.iter().map(|finding| finding.kind).collect();
    writeln!(out, "{}\n", style.paint(Shade::Head, "What to do"))?;
    for kind in kinds {
        writeln!(out, "  {}: {}.", kind.title(), kind.next_step())?;
    }
    writeln!(out)
}

fn secret(places: &[&Finding], style: Style<'_>, out: &mut String) -> std::fmt::Result {
    let Some(surest) = places.iter().max_by_key(|finding| finding.confidence) else { return Ok(()) };
    let shade = if surest.confidence == Confidence::High { Shade::Bad } else { Shade::Soon };
    let masked = Terminal(&surest.masked).to_string();
    writeln!(out, "    {}  {masked}  ({} confidence)", style.paint(shade, surest.kind.title()), surest.confidence.as_str())?;
    places.iter().try_for_each(|finding| place(finding, style, out))
}

fn place(finding: &Finding, style: Style<'_>, out: &mut String) -> std::fmt::Result {
    writeln!(out, "      {}:{}:{}", Terminal(&finding.path), finding.line, finding.column)?;
    if let Some(host) = &finding.sent_to {
        writeln!(out, "        {}", Terminal(&sent(finding.kind, host)))?;
    }
    if let Some(agent) = finding.agent {
        writeln!(out, "        {agent} can use it")?;
    }
    if let Some(introduced) = &finding.introduced {
        writeln!(out, "        {}", Terminal(&introduced.words()))?;
    }
    if let Some(verified) = &finding.verified {
        writeln!(out, "        {}", Terminal(&verified.words()))?;
    }
    if style.explain {
        writeln!(out, "        rule {}: {}\n        fingerprint {}", finding.rule, Terminal(&finding.reason), finding.fingerprint)?;
    }
    Ok(())
}

fn usages(report: &Report, style: Style<'_>, out: &mut String) -> std::fmt::Result {
    if report.usages.is_empty() {
        return Ok(());
    }
    writeln!(out, "{}\n", style.paint(Shade::Head, "Calls"))?;
    for (group, operations) in by_integration(report) {
        writeln!(out, "  {}", style.paint(Shade::Head, &Terminal(group).to_string()))?;
        for operation in operations {
            let Some(first) = operation.calls.first() else { continue };
            write!(out, "    {}", Terminal(operation.operation))?;
            if let Some(class) = first.class_words() {
                write!(out, "  ({class})")?;
            }
            if matches!(operation.auth, "hapikey" | "developer_key") {
                write!(out, "  {}", style.paint(Shade::Soon, &format!("[{}]", operation.auth)))?;
            }
            if let Some(sunset) = first.sunset {
                let line = format!("{} {sunset}", if style.ended(sunset) { "ended" } else { "ends" });
                write!(out, "  {}", style.paint(style.of_day(sunset), &line))?;
            }
            if let Some(successor) = &first.successor {
                write!(out, "  → {}", Terminal(successor))?;
            }
            let more = if operation.calls.len() > 1 { format!(" and {} more", operation.calls.len() - 1) } else { String::new() };
            let place = format!("{}:{}{more}", Terminal(&first.path), first.line);
            writeln!(out, "\n      {}", style.paint(Shade::Dim, &place))?;
            if style.explain && !first.scopes.is_empty() {
                writeln!(out, "      scopes, one of: {}", first.scopes.join(", "))?;
            }
        }
        out.push('\n');
    }
    Ok(())
}

fn agents(report: &Report, style: Style<'_>, out: &mut String) -> std::fmt::Result {
    if !report.hands_agents_hubspot() {
        return Ok(());
    }
    writeln!(out, "{}\n\n  {FOR_AGENTS}.\n", style.paint(Shade::Head, "Agents"))
}

fn skipped(report: &Report, style: Style<'_>, out: &mut String) -> std::fmt::Result {
    if report.skipped.is_empty() {
        return Ok(());
    }
    writeln!(out, "{}\n", style.paint(Shade::Head, "Left out"))?;
    for skip in &report.skipped {
        writeln!(out, "  {}: {}", Terminal(&skip.path), Terminal(&skip.reason))?;
    }
    writeln!(out)
}

/// The last line, which stays visible on the terminal.
fn figures(report: &Report, out: &mut String) -> std::fmt::Result {
    let stats = &report.stats;
    write!(
        out,
        "{}, {}; {} read ({})",
        totals(report).secrets_at_places(),
        plural(report.usages.len(), "call"),
        plural(usize::try_from(stats.files).unwrap_or(usize::MAX), "file"),
        shown::bytes(stats.bytes)
    )?;
    let passed = [
        (stats.known, "in the baseline"),
        (stats.allowed, "allowed in place"),
        (stats.unsure, "of low confidence (--min-confidence low shows them)"),
        (stats.binary, if stats.binary == 1 { "binary file left out" } else { "binary files left out" }),
    ];
    passed.into_iter().filter(|(count, _)| *count > 0).try_for_each(|(count, why)| write!(out, "; {count} {why}"))?;
    writeln!(out)
}
