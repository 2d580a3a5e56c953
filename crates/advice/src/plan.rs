//! From what was found to what is right: one app for each integration, with the least scopes that
//! are enough, the kind of credential it needs, what ends when, and the steps in order.
//!
//! Pure: uses of operations come in (from a scan, from calls on record, or both), a plan comes out.
//! Reading reports and making apps is for whoever calls; how it is written down is in `plan::document`.

mod by_hand;
mod clue;
mod copies;
mod credential;
mod document;
mod ends;
mod evidence;
mod group;
mod html;
mod manifest;
mod markdown;
mod names;
mod need;
mod operations;
mod project;
mod report;
mod steps;
mod summary;
mod terminal;

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use clue::Clue;
pub use copies::hash_of;
pub use credential::CredentialKind;
pub use ends::End;
pub use evidence::Why;
pub use group::{By, Grouping, Named, Place};
pub use html::html;
pub use manifest::{Unit, may_tell, read as manifest};
pub use markdown::markdown;
pub use need::{Need, need};
pub use operations::PlannedOperation;
pub use project::{ProjectFile, files as project_files};
pub use report::{FixNote, Found, Ignored, Loose, Recorded, Report, sort};
pub use steps::{Step, Who};
pub use summary::{Summary, Work};
pub use terminal::terminal;

use keyway_core::cover::least;
use keyway_core::reach;
use keyway_core::scope::{ScopeSet, all_names};

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
    /// The folder that it is; none of one that somebody named, or that is known from its calls only.
    pub folder: Option<String>,
    /// What shows that the folder is deployed.
    pub deployed: Option<String>,
    /// Folders in which the same files stand.
    pub copies: Vec<String>,
    /// Whether only build output of it was found.
    pub built_only: bool,
    /// What `keyway fix` says of its files; none where it was not asked.
    pub fix: Option<Vec<FixNote>>,
}

/// One call of an integration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Use {
    /// Method and path template of the catalog; of a call older than v3 its path, or its family's prefix.
    pub operation: String,
    /// The object types of a generic operation, as the audit keeps them.
    pub object: Option<String>,
    /// Alternatives that the scanner found for the very path: names joined by `+`.
    pub scopes: Vec<String>,
    /// How it authenticates: `hapikey`, `developer_key`, `bearer`, `none` or `unknown`.
    pub auth: String,
    /// Where: `sync/contacts.py:12`, or `120 calls on record`.
    pub place: String,
    /// What takes its place, as the report has it.
    pub successor: Option<String>,
    /// Whether a client library or a workflow tool sends it.
    pub by_client: bool,
    /// Whether a workflow tool sends it.
    pub by_tool: bool,
}

/// A credential in a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Leak {
    /// As the scanner calls it: `private_app_token`.
    pub kind: String,
    /// Path and line.
    pub place: String,
    /// Enough to recognise it by.
    pub masked: String,
    /// Whether it stands in git's history, which stays when the file is changed.
    pub in_history: bool,
    /// The host that it is sent to, where that is not HubSpot's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sent_to: Option<String>,
    /// The program whose agents have it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
}

/// The whole plan.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// Of this form; 1.
    pub version: u32,
    /// `keyway plan`: by this a scan knows what Keyway wrote.
    pub generator: Cow<'static, str>,
    /// The day it was made for, ISO date.
    pub today: String,
    /// How many integrations, how much work, which risks.
    pub summary: Summary,
    /// One for each integration, by name.
    pub apps: Vec<PlannedApp>,
    /// Credentials that belong to no integration.
    pub loose: Vec<Loose>,
    /// Files that name calls and do not belong to an integration.
    pub ignored: Vec<Ignored>,
    /// The scopes that HubSpot's credential needs, through which all of them go: the union.
    pub connection_scopes: Vec<Cow<'static, str>>,
    /// What ends when, soonest first.
    pub ends: Vec<End>,
    /// What to do once for the account, in order: before the first integration and after the last.
    pub steps: Vec<Step>,
}

/// What one integration becomes.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlannedApp {
    /// Its name.
    pub name: String,
    /// Who answers for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// The folder that it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
    /// What shows that the folder is deployed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deployed: Option<String>,
    /// Folders in which the same files stand.
    pub copies: Vec<String>,
    /// Whether only build output of it was found.
    pub built_only: bool,
    /// What it needs of HubSpot.
    pub credential: CredentialKind,
    /// Why that kind.
    pub credential_because: String,
    /// The least scopes, each with the operations that need it.
    pub scopes: Vec<Reason>,
    /// Whether no set that opens less is enough; false where the search was cut short.
    pub least: bool,
    /// Its operations.
    pub operations: Vec<PlannedOperation>,
    /// What is no call of one operation: clients, steps of workflow tools, agents' servers.
    pub clues: Vec<Clue>,
    /// Operations whose scopes are not known, or that no scope opens.
    pub unknown: Vec<String>,
    /// Credentials in its files.
    pub leaks: Vec<Leak>,
    /// Whether all of it is steps of a workflow tool or servers of agents, which have settings and no code.
    pub in_a_tool: bool,
    /// Whether it creates or changes CRM records, for which HubSpot enforces the account's rules from 2026-09 on.
    pub writes_records: bool,
    /// What `keyway fix` changes; grouped, with places. None where it was not asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix_changes: Option<Vec<Placed>>,
    /// What `keyway fix` leaves to a person and no step names.
    pub fix_leaves: Vec<Placed>,
    /// How much work it is.
    pub work: Work,
    /// What to do, in order.
    pub steps: Vec<Step>,
}

/// Something and the places where it is so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Placed {
    /// What.
    pub what: String,
    /// Where.
    pub places: Vec<String>,
}

/// A scope and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reason {
    /// Its name.
    pub scope: Cow<'static, str>,
    /// How many write operations of HubSpot the scope opens.
    pub writes: u32,
    /// How many read operations of HubSpot the scope opens.
    pub reads: u32,
    /// The operations of the integration that it opens, or what else asks for it.
    pub because: Vec<String>,
}

/// Makes a plan on a day (ISO date). `input` is what the user named, for commands: a folder or a report.
pub fn plan(found: &Found, today: &str, input: &str) -> Plan {
    let integrations = &found.integrations;
    let mut apps: Vec<PlannedApp> = integrations.iter().map(|one| app(one, input)).collect();
    apps.sort_by(|one, other| one.name.cmp(&other.name));
    let scopes = apps.iter().flat_map(|app| app.scopes.iter().map(|reason| &*reason.scope));
    let connection_scopes = ScopeSet::of_known(scopes).names();
    let ends = ends::of(integrations, today);
    let steps = steps::of_account(&apps, found, &connection_scopes, input);
    let summary = summary::of(&apps, found, &ends);
    Plan {
        version: 1,
        generator: "keyway plan".into(),
        today: today.to_owned(),
        summary,
        apps,
        loose: found.loose.clone(),
        ignored: found.ignored.clone(),
        connection_scopes: connection_scopes.into_iter().map(Cow::Borrowed).collect(),
        ends,
        steps,
    }
}

fn app(integration: &Integration, input: &str) -> PlannedApp {
    let (mut of, mut sets) = (Vec::new(), Vec::new());
    let mut unknown: Vec<String> = Vec::new();
    for one in integration.uses.iter().filter(|one| clue::of(&one.operation, &one.auth).is_none()) {
        match need(one) {
            Need::Scopes(lists) => lists.into_iter().for_each(|list| {
                of.push(one.operation.clone());
                sets.push(list);
            }),
            Need::Nothing => {}
            Need::Unknown(why) => unknown.push(format!("`{}`: {why}", one.operation)),
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
    let operations = operations::of(integration);
    let mut app = PlannedApp {
        name: integration.name.clone(),
        owner: integration.owner.clone(),
        folder: integration.folder.clone(),
        deployed: integration.deployed.clone(),
        copies: integration.copies.clone(),
        built_only: integration.built_only,
        credential,
        credential_because,
        scopes: reasons(&cover.scopes, &of, &sets),
        least: cover.least,
        writes_records: operations.iter().any(PlannedOperation::writes_records),
        operations,
        clues: clue::all(integration),
        unknown,
        leaks: integration.leaks.clone(),
        in_a_tool: credential::is_in_a_tool(integration),
        fix_changes: None,
        fix_leaves: Vec::new(),
        work: Work::default(),
        steps: Vec::new(),
    };
    by_hand::fixes(&mut app, integration);
    app.work = summary::work(&app, integration);
    app.steps = steps::of_app(&app, input);
    app
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
            let reach = reach::of(scope);
            Reason { scope: scope.name().into(), writes: reach.writes, reads: reach.reads, because }
        })
        .collect()
}

fn everything() -> ScopeSet {
    ScopeSet::of_known(all_names().iter().copied())
}

#[cfg(test)]
mod tests;
