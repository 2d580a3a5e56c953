//! A report for people.

use std::fmt::Write;

use super::Rule;
use super::report::{Found, Report};

/// The most findings that are printed; further ones are counted.
const FINDINGS_MAX: usize = 100;

/// The whole report, with the findings of these rules.
pub fn report(report: &Report, rules: &[Rule]) -> String {
    let mut out = format!("{}\n", summary(report));
    let width = report.operations.iter().map(|used| used.counted.calls.to_string().len()).max().unwrap_or_default();
    if !report.operations.is_empty() {
        out.push_str("Operations used:\n");
    }
    for used in &report.operations {
        let kinds = used.called.object_types.as_deref().map(|kinds| format!(" ({kinds})")).unwrap_or_default();
        let _ = writeln!(out, "  {:>width$}  {}{kinds}", used.counted.calls, used.called.operation);
    }
    if !report.sunsets.is_empty() {
        out.push_str("Sunsets ahead:\n");
    }
    for end in &report.sunsets {
        let _ = writeln!(out, "  {}  {} ({}): {}. Move to {}", end.date, end.what, end.certainty, counted(end.calls, "call"), end.move_to);
    }
    out.push_str(&findings(report, rules));
    out
}

/// The number of calls, and the scopes that they need.
pub fn summary(report: &Report) -> String {
    let scopes = &report.scopes.needed;
    let needs = match scopes.as_slice() {
        [] => "Your tests need no scope.".to_owned(),
        [one] => format!("Your tests need this scope: {one}"),
        some => format!("Your tests need these {} scopes: {}", some.len(), some.join(", ")),
    };
    let operations = u64::try_from(report.operations.len()).unwrap_or(u64::MAX);
    format!("{} of {}. {needs}", counted(report.calls, "call"), counted(operations, "operation"))
}

/// The findings of these rules, one in a line.
pub fn findings(report: &Report, rules: &[Rule]) -> String {
    let found: Vec<&Found> = report.of_rules(rules).collect();
    if found.is_empty() {
        return match report.left_out {
            0 => "No findings.\n".to_owned(),
            some => format!("No findings among what was kept. {some} calls and findings were not kept: there were too many.\n"),
        };
    }
    let mut out = "Findings:\n".to_owned();
    for one in found.iter().take(FINDINGS_MAX) {
        let _ = writeln!(out, "  {}", line(one));
    }
    let more = (found.len().saturating_sub(FINDINGS_MAX) as u64).saturating_add(report.left_out);
    if more > 0 {
        let _ = writeln!(out, "  and {more} more");
    }
    out
}

/// One finding.
fn line(found: &Found) -> String {
    let test = found.finding.test.as_deref().map(|test| format!("{test}: ")).unwrap_or_default();
    let times = if found.count > 1 { format!(" ({} times)", found.count) } else { String::new() };
    let text = format!("[{}] {test}{}: {}{times}", found.finding.rule.name(), found.finding.call, found.finding.message);
    crate::shown::line(&text).into_owned()
}

fn counted(number: u64, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}
