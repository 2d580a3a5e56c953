//! What every report for people says: integrations, deadlines.

use std::collections::{BTreeMap, BTreeSet};

use keyway_core::catalog::tables::{SunsetRow, sunsets};

use crate::finding::Usage;
use crate::scan::Report;

/// A day on which calls that were found end.
#[derive(Debug, PartialEq, Eq)]
pub struct Deadline<'a> {
    /// ISO date.
    pub date: &'a str,
    /// What ends, as HubSpot calls it.
    pub what: String,
    /// `published`, `month only` or `inferred`.
    pub certainty: &'static str,
    /// Calls that end then.
    pub calls: usize,
    /// Integrations that they are in.
    pub integrations: BTreeSet<&'a str>,
}

/// The integration that a path belongs to: its first folder; a dot for files at the top.
pub fn integration(path: &str) -> &str {
    path.split_once('/').map_or(".", |(first, _)| first)
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

/// An operation as one integration uses it.
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
