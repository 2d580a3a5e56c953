//! Reports of `keyway scan --json` and calls on record, sorted into integrations.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Grouping, Integration, Leak, Use};
use crate::shown;

/// What a plan reads of a scan's report, version 1 (docs/scan.md). Fields that are not of use are let pass.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Report {
    /// Of this form; 1.
    pub version: u32,
    /// Credentials.
    #[serde(default)]
    pub findings: Vec<FindingRow>,
    /// Calls.
    #[serde(default)]
    pub usages: Vec<UsageRow>,
}

/// A credential of the report.
#[derive(Clone, Debug, Deserialize)]
pub struct FindingRow {
    path: String,
    line: u64,
    kind: String,
    masked: String,
    #[serde(default)]
    commit: Option<String>,
}

/// A call of the report.
#[derive(Clone, Debug, Deserialize)]
pub struct UsageRow {
    path: String,
    line: u64,
    operation: String,
    auth: String,
    #[serde(default)]
    scopes: Vec<String>,
}

/// How often an app on record called an operation.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Recorded {
    /// The app's name; none of one that was deleted.
    pub app: Option<String>,
    /// Its id.
    pub app_id: u64,
    /// The account.
    pub hub_id: u64,
    /// Method and template.
    pub operation: String,
    /// Object types of a generic operation.
    pub object: Option<String>,
    /// Calls.
    pub calls: u64,
    /// Of them, answered with an error.
    #[serde(default)]
    pub failed: u64,
}

impl Report {
    /// The files of the report, each once, for whoever reads what their comments say.
    pub fn files(&self) -> Vec<&str> {
        let mut files: Vec<&str> =
            self.usages.iter().map(|row| row.path.as_str()).chain(self.findings.iter().map(|row| row.path.as_str())).collect();
        files.sort_unstable();
        files.dedup();
        files
    }
}

/// Sorts both into integrations.
pub fn integrations(report: Option<&Report>, recorded: &[Recorded], grouping: &Grouping) -> Vec<Integration> {
    let mut found: BTreeMap<String, Integration> = BTreeMap::new();
    for row in report.into_iter().flat_map(|report| &report.usages) {
        let place = format!("{}:{}", shown::line(&row.path), row.line);
        let of = found.entry(name_of(&grouping.of_file(&row.path))).or_default();
        of.uses.push(Use { operation: name_of(&row.operation), object: None, scopes: row.scopes.clone(), auth: row.auth.clone(), place });
    }
    for row in report.into_iter().flat_map(|report| &report.findings) {
        let of = found.entry(name_of(&grouping.of_file(&row.path))).or_default();
        let place = format!("{}:{}", shown::line(&row.path), row.line);
        of.leaks.push(Leak { kind: name_of(&row.kind), place, masked: name_of(&row.masked), in_history: row.commit.is_some() });
    }
    add_recorded(&mut found, recorded, grouping);
    for (name, integration) in &mut found {
        integration.name.clone_from(name);
        if let Some(named) = grouping.named.iter().find(|named| named.name == *name) {
            integration.owner.clone_from(&named.owner);
            integration.decided = named.credential;
            integration.extra_scopes.clone_from(&named.scopes);
            integration.accounts = integration.accounts.max(named.accounts);
        }
    }
    found.into_values().collect()
}

/// Paths, and what is made of them, may hold anything; an app's name may not.
fn name_of(text: &str) -> String {
    shown::line(text).into_owned()
}

fn add_recorded(found: &mut BTreeMap<String, Integration>, recorded: &[Recorded], grouping: &Grouping) {
    let mut calls: BTreeMap<(String, &str, Option<&str>), u64> = BTreeMap::new();
    let mut accounts: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    // What never succeeded is no need: the scopes for it would be granted to nobody's use.
    for row in recorded.iter().filter(|row| row.failed < row.calls && !row.operation.contains('(')) {
        let caller = row.app.clone().unwrap_or_else(|| format!("app {}", row.app_id));
        let name = name_of(&grouping.of_caller(&caller));
        *calls.entry((name.clone(), &row.operation, row.object.as_deref())).or_default() += row.calls;
        let of = accounts.entry(name).or_default();
        if !of.contains(&row.hub_id) {
            of.push(row.hub_id);
        }
    }
    for ((name, operation, object), count) in calls {
        let integration = found.entry(name).or_default();
        integration.uses.push(Use {
            operation: operation.to_owned(),
            object: object.map(str::to_owned),
            scopes: Vec::new(),
            auth: "bearer".to_owned(),
            place: format!("{count} calls on record"),
        });
    }
    for (name, of) in accounts {
        found.entry(name).or_default().accounts = u32::try_from(of.len()).unwrap_or(u32::MAX);
    }
}
