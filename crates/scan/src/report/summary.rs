//! Figures that every report for people has: integrations, deadlines.

use std::collections::{BTreeMap, BTreeSet};

use keyway_core::catalog::tables::{SunsetRow, sunsets};

use serde::Serialize;

use crate::finding::{Confidence, Usage};
use crate::scan::Report;
use crate::secrets::{plural, secrets};

/// Counts of the findings. Every report has these figures.
#[derive(Debug, Serialize)]
pub struct Totals<'a> {
    /// Different values.
    pub secrets: usize,
    /// Places of these secrets.
    pub places: usize,
    /// Secrets by their highest confidence.
    pub by_confidence: BTreeMap<Confidence, usize>,
    /// Calls, and other usages.
    pub calls: usize,
    /// Calls by end date, the earliest first.
    pub by_end: Vec<End<'a>>,
    /// Calls without a known end date.
    pub without_end: usize,
}

/// Calls with the same end date.
#[derive(Debug, Serialize)]
pub struct End<'a> {
    /// ISO date.
    pub date: &'a str,
    /// The API or version that ends.
    pub what: String,
    /// The number of calls.
    pub calls: usize,
}

impl Totals<'_> {
    /// `3 secrets at 5 places`.
    pub fn secrets_at_places(&self) -> String {
        format!("{} at {}", plural(self.secrets, "secret"), plural(self.places, "place"))
    }
}

/// Counts a report.
pub fn totals(report: &Report) -> Totals<'_> {
    let secrets = secrets(&report.findings);
    let mut by_confidence = BTreeMap::new();
    secrets.iter().for_each(|secret| *by_confidence.entry(secret.confidence).or_default() += 1);
    let by_end: Vec<End<'_>> =
        deadlines(report).into_iter().map(|deadline| End { date: deadline.date, what: deadline.what, calls: deadline.calls }).collect();
    Totals {
        secrets: secrets.len(),
        places: report.findings.len(),
        by_confidence,
        calls: report.usages.len(),
        without_end: report.usages.len() - by_end.iter().map(|end| end.calls).sum::<usize>(),
        by_end,
    }
}

/// A text for one line of a table: its first part, cut where it is long.
pub(super) fn row(text: &str) -> String {
    const WIDTH: usize = 60;
    let first = text.split("; ").next().unwrap_or(text);
    if first.chars().count() <= WIDTH { first.to_owned() } else { first.chars().take(WIDTH - 1).chain(['…']).collect() }
}

/// A number for a date, to compute the days between two. Every month has 31 days: only colours depend on it.
pub(super) fn days(date: &str) -> Option<i32> {
    let part = |range: std::ops::Range<usize>| date.get(range)?.parse::<i32>().ok();
    Some((part(0..4)? * 12 + part(5..7)?) * 31 + part(8..10)?)
}

/// A day on which calls of the report end.
#[derive(Debug, PartialEq, Eq)]
pub struct Deadline<'a> {
    /// ISO date.
    pub date: &'a str,
    /// The API or version that ends, by HubSpot's name.
    pub what: String,
    /// `published`, `month only` or `inferred`.
    pub certainty: &'static str,
    /// Calls that end on this day.
    pub calls: usize,
    /// Integrations that have these calls.
    pub integrations: BTreeSet<&'a str>,
}

/// Folders that contain integrations and are not integrations themselves.
const HOLDERS: [&str; 16] = [
    "services",
    "apps",
    "packages",
    "projects",
    "integrations",
    "modules",
    "functions",
    "lambdas",
    "jobs",
    "workers",
    "connectors",
    "plugins",
    "scripts",
    "cmd",
    "repos",
    "clients",
];

/// The integration of a path: its first folder, or the second below folders such as `services`; a dot for files at the
/// top.
pub fn integration(path: &str) -> &str {
    let path = path.strip_prefix("./").unwrap_or(path);
    let Some(first) = path.find('/') else { return "." };
    let holds = HOLDERS.iter().any(|holder| path[..first].eq_ignore_ascii_case(holder));
    match path[first + 1..].find('/') {
        Some(second) if holds => &path[..first + 1 + second],
        _ => &path[..first],
    }
}

/// The deadlines of a report, the earliest first.
pub fn deadlines(report: &Report) -> Vec<Deadline<'_>> {
    let mut by_date: BTreeMap<&str, Vec<&Usage>> = BTreeMap::new();
    for usage in &report.usages {
        if let Some(date) = usage.sunset {
            by_date.entry(date).or_default().push(usage);
        }
    }
    by_date
        .into_iter()
        .map(|(date, usages)| {
            let rows: Vec<&SunsetRow> = sunsets().iter().filter(|row| row.date == date && !row.matches.starts_with("app:")).collect();
            let what: Vec<&str> = rows.iter().map(|row| row.what).collect();
            Deadline {
                date,
                what: what.join("; "),
                certainty: rows.first().map_or("published", |row| row.certainty),
                calls: usages.len(),
                integrations: usages.iter().map(|usage| integration(&usage.path)).collect(),
            }
        })
        .collect()
}

/// An operation in one integration.
#[derive(Debug)]
pub struct Operation<'a> {
    /// `GET /crm/v3/objects/contacts`.
    pub operation: &'a str,
    /// How it authenticates.
    pub auth: &'a str,
    /// The calls, in order.
    pub calls: Vec<&'a Usage>,
}

/// Calls by integration and operation.
pub fn by_integration(report: &Report) -> BTreeMap<&str, Vec<Operation<'_>>> {
    let mut groups: BTreeMap<&str, BTreeMap<(&str, &str), Vec<&Usage>>> = BTreeMap::new();
    for usage in &report.usages {
        let group = groups.entry(integration(&usage.path)).or_default();
        group.entry((usage.operation.as_str(), usage.auth.as_str())).or_default().push(usage);
    }
    let operation = |((operation, auth), calls)| Operation { operation, auth, calls };
    groups.into_iter().map(|(integration, group)| (integration, group.into_iter().map(operation).collect())).collect()
}
