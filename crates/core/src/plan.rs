//! From what was found to what is right: one app for each integration, with the least scopes that
//! are enough, the kind of credential it needs, what ends when, and the steps in order.
//!
//! Pure: uses of operations come in (from a scan, from calls on record, or both), a plan comes out.
//! Reading reports and making apps is for whoever calls; how it is written down is in `plan::write`.

mod credential;
mod group;
mod markdown;
mod need;
mod project;
mod report;
mod steps;

use std::collections::BTreeMap;

use serde::Serialize;

pub use credential::CredentialKind;
pub use group::{By, Grouping, Named};
pub use markdown::markdown;
pub use need::{Need, need};
pub use project::{ProjectFile, files as project_files};
pub use report::{Recorded, Report, integrations};
pub use steps::{Step, Who};

use crate::catalog::tables::SunsetRow;
use crate::cover::least;
use crate::scope::{ScopeSet, all_names};
use crate::sunset;

/// One integration: what it calls, and what was found beside the calls.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Integration {
    /// Its name, unique in the plan.
    pub name: String,
    /// Who answers for it.
    pub owner: Option<String>,
    /// Its calls.
    pub uses: Vec<Use>,
    /// Credentials that stand in its files: kind, where, and the mask.
    pub leaks: Vec<Leak>,
    /// The kind of credential that somebody decided on.
    pub decided: Option<CredentialKind>,
    /// Scopes that it is to have whatever it calls.
    pub extra_scopes: Vec<String>,
    /// Accounts that it calls; more than one needs OAuth.
    pub accounts: u32,
}

/// One call of an integration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Use {
    /// Method and path template of the catalog, or a family's prefix where it is older than v3.
    pub operation: String,
    /// The object types of a generic operation, as the audit keeps them.
    pub object: Option<String>,
    /// Alternatives that the scanner found for the very path: names joined by `+`.
    pub scopes: Vec<String>,
    /// How it authenticates: `hapikey`, `developer_key`, `bearer`, `none` or `unknown`.
    pub auth: String,
    /// Where: `sync/contacts.py:12`, or `120 calls on record`.
    pub place: String,
}

/// A credential in a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Leak {
    /// As the scanner calls it: `private_app_token`.
    pub kind: String,
    /// Path and line.
    pub place: String,
    /// Enough to recognise it by.
    pub masked: String,
    /// Whether it stands in git's history, which stays when the file is changed.
    pub in_history: bool,
}

/// The whole plan.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// Of this form; 1.
    pub version: u32,
    /// The day it was made for, ISO date.
    pub today: String,
    /// One for each integration, by name.
    pub apps: Vec<PlannedApp>,
    /// The scopes that HubSpot's credential needs, through which all of them go: the union.
    pub connection_scopes: Vec<&'static str>,
    /// What ends when, soonest first.
    pub ends: Vec<End>,
    /// What to do, in order.
    pub steps: Vec<Step>,
}

/// What one integration becomes.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PlannedApp {
    /// Its name.
    pub name: String,
    /// Who answers for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// What it needs of HubSpot.
    pub credential: CredentialKind,
    /// Why that kind.
    pub credential_because: String,
    /// The least scopes, each with the operations that need it.
    pub scopes: Vec<Reason>,
    /// Whether no smaller set is enough; false where the search was cut short.
    pub least: bool,
    /// Its operations.
    pub operations: Vec<PlannedOperation>,
    /// Operations whose scopes are not known, or that no scope opens.
    pub unknown: Vec<String>,
    /// Credentials in its files.
    pub leaks: Vec<Leak>,
}

/// A scope and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// Its name.
    pub scope: &'static str,
    /// The operations that it opens, or what else asks for it.
    pub because: Vec<String>,
}

/// An operation and where it goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PlannedOperation {
    /// Method and template.
    pub operation: String,
    /// Where it is called.
    pub places: Vec<String>,
    /// What takes its place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub successor: Option<String>,
    /// What differs there; absent where nothing does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub difference: Option<&'static str>,
    /// When it ends, ISO date.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ends: Option<&'static str>,
}

/// Something that ends, and whom it stops.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct End {
    /// ISO date.
    pub date: &'static str,
    /// What.
    pub what: &'static str,
    /// What happens.
    pub effect: &'static str,
    /// How firm the day is.
    pub certainty: &'static str,
    /// The apps that use it.
    pub apps: Vec<String>,
}

/// Makes a plan on a day (ISO date).
pub fn plan(integrations: &[Integration], today: &str) -> Plan {
    let mut apps: Vec<PlannedApp> = integrations.iter().map(app).collect();
    apps.sort_by(|one, other| one.name.cmp(&other.name));
    let scopes = apps.iter().flat_map(|app| app.scopes.iter().map(|reason| reason.scope));
    let connection_scopes = ScopeSet::of_known(scopes).names();
    let ends = ends(integrations);
    let steps = steps::of(&apps, &connection_scopes, integrations);
    Plan { version: 1, today: today.to_owned(), apps, connection_scopes, ends, steps }
}

fn app(integration: &Integration) -> PlannedApp {
    let operations = operations(integration);
    let needs: Vec<(&Use, Need)> = integration.uses.iter().map(|one| (one, need(one))).collect();
    let (mut of, mut sets) = (Vec::new(), Vec::new());
    let mut unknown: Vec<String> = Vec::new();
    for (one, need) in &needs {
        match need {
            Need::Scopes(lists) => lists.iter().for_each(|list| {
                of.push(one.operation.clone());
                sets.push(list.clone());
            }),
            Need::Nothing => {}
            Need::Unknown(why) => unknown.push(format!("{}: {why}", one.operation)),
        }
    }
    for extra in ScopeSet::of_known(integration.extra_scopes.iter().map(String::as_str)).iter() {
        let mut set = ScopeSet::EMPTY;
        set.insert(extra);
        of.push("asked for in keyway.toml".to_owned());
        sets.push(vec![set]);
    }
    let cover = least(&sets, &everything());
    unknown.sort();
    unknown.dedup();
    let (credential, credential_because) = credential::of(integration);
    PlannedApp {
        name: integration.name.clone(),
        owner: integration.owner.clone(),
        credential,
        credential_because,
        scopes: reasons(&cover.scopes, &of, &sets),
        least: cover.least,
        operations,
        unknown,
        leaks: integration.leaks.clone(),
    }
}

/// For each scope the operations that would be shut without it.
fn reasons(scopes: &ScopeSet, of: &[String], sets: &[Vec<ScopeSet>]) -> Vec<Reason> {
    let shut = |without: &ScopeSet, need: &[ScopeSet]| !need.iter().any(|set| without.contains_all(set));
    scopes
        .iter()
        .map(|scope| {
            let mut without = *scopes;
            without.remove(scope);
            let mut because: Vec<String> =
                of.iter().zip(sets).filter(|(_, need)| shut(&without, need)).map(|(operation, _)| operation.clone()).collect();
            because.sort();
            because.dedup();
            Reason { scope: scope.name(), because }
        })
        .collect()
}

fn operations(integration: &Integration) -> Vec<PlannedOperation> {
    let mut places: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for one in &integration.uses {
        places.entry(&one.operation).or_default().push(one.place.clone());
    }
    places
        .into_iter()
        .map(|(operation, mut places)| {
            places.dedup();
            let (successor, difference) = need::successor(operation);
            let path = operation.split(' ').nth(1).unwrap_or(operation);
            PlannedOperation {
                operation: operation.to_owned(),
                places,
                successor,
                difference,
                ends: sunset::of_path(path).map(|row| row.date),
            }
        })
        .collect()
}

fn ends(integrations: &[Integration]) -> Vec<End> {
    let mut found: BTreeMap<(&str, &str), (&'static SunsetRow, Vec<String>)> = BTreeMap::new();
    for integration in integrations {
        let paths = integration.uses.iter().filter_map(|one| sunset::of_path(one.operation.split(' ').nth(1).unwrap_or(&one.operation)));
        let keyed = integration.uses.iter().any(|one| one.auth == "hapikey") || integration.leaks.iter().any(|leak| leak.kind == "hapikey");
        let key = keyed.then(|| sunset::of_auth("hapikey")).flatten();
        for row in paths.chain(key) {
            let apps = &mut found.entry((row.date, row.what)).or_insert((row, Vec::new())).1;
            if !apps.contains(&integration.name) {
                apps.push(integration.name.clone());
            }
        }
    }
    found
        .into_values()
        .map(|(row, apps)| End { date: row.date, what: row.what, effect: row.effect, certainty: row.certainty, apps })
        .collect()
}

fn everything() -> ScopeSet {
    ScopeSet::of_known(all_names().iter().copied())
}

#[cfg(test)]
mod tests;
