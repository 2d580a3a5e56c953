//! Turns findings into a plan: one app for each integration, with the least scopes that are enough, the kind of credential
//! that it needs, the end dates, and the steps in order.
//!
//! Pure: the input is uses of operations (from a scan, from recorded calls, or both), the output is a plan. The caller reads
//! reports and creates apps; `plan::document` formats the plan.

mod by_hand;
mod clue;
mod copies;
mod credential;
mod document;
pub(crate) mod ends;
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
pub(crate) mod steps;
mod summary;
mod terminal;
mod variable;

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
pub use report::{FixNote, Found, Ignored, Loose, Recorded, Report, Unread, sort};
pub use steps::{Step, Who};
pub use summary::{Summary, Work};
pub use terminal::terminal;
pub use variable::variables;

use keyway_core::cover::least;
use keyway_core::reach;
use keyway_core::scope::{ScopeSet, all_names};

/// One integration: its calls, and other findings about it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase")]
pub struct Integration {
    /// Its name, unique in the plan.
    pub name: String,
    /// Its owner.
    pub owner: Option<String>,
    /// Its calls.
    pub uses: Vec<Use>,
    /// Credentials in its files: kind, place and mask.
    pub leaks: Vec<Leak>,
    /// The kind of credential that the user has chosen.
    pub decided: Option<CredentialKind>,
    /// Scopes that it should have, whatever it calls.
    pub extra_scopes: Vec<String>,
    /// Accounts that it calls; more than one needs OAuth.
    pub accounts: u32,
    /// Its folder; none where the user named it, or where only its calls are known.
    pub folder: Option<String>,
    /// The file that deploys the folder.
    pub deployed: Option<String>,
    /// Folders with the same files.
    pub copies: Vec<String>,
    /// Whether only its build output was found.
    pub built_only: bool,
    /// The variables of the environment from which its code reads its token.
    pub variables: Vec<String>,
    /// The notes of `keyway fix` on its files; none where it was not run.
    #[serde(skip)]
    pub fix: Option<Vec<FixNote>>,
}

/// One call of an integration.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase")]
pub struct Use {
    /// Method and path template of the catalog; for a call older than v3, its path or its family's prefix.
    pub operation: String,
    /// The object types of a generic operation, as the audit log has them.
    pub object: Option<String>,
    /// Scope sets that the scanner found for this path; `+` joins the names of a set.
    pub scopes: Vec<String>,
    /// How it authenticates: `hapikey`, `developer_key`, `bearer`, `none` or `unknown`.
    pub auth: String,
    /// The place: `sync/contacts.py:12`, or `120 recorded calls`.
    pub place: String,
    /// The successor, from the report.
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
    /// Whether it is in git's history, which a change of the file does not remove.
    pub in_history: bool,
    /// Whether it is in git's history alone, and in no file any more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub only_in_history: bool,
    /// Whether HubSpot accepts it, where the scan asked HubSpot (`--verify`) and got a clear answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alive: Option<bool>,
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
    /// Files that the scan did not read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<Unread>,
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
    /// Folders with the same files.
    pub copies: Vec<String>,
    /// Whether only build output of it was found.
    pub built_only: bool,
    /// The variables of the environment that the token of its app goes to; empty where its code reads none by a name of HubSpot.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub variables: Vec<String>,
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
    /// Findings that are not calls of one operation: clients, steps of workflow tools, agents' servers.
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

/// Makes a plan for a day (ISO date). `input` is the folder or report that the user named, for commands.
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
        unread: found.unread.clone(),
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
        variables: variables_of(integration),
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

/// The variables that the token of an integration goes to: those that its code reads, and the one that `keyway fix` writes
/// in place of a key or a credential in plain text. None where the code reads none.
fn variables_of(integration: &Integration) -> Vec<String> {
    let mut names = integration.variables.clone();
    let is_fixed = !integration.leaks.is_empty() || integration.uses.iter().any(|one| one.auth == "hapikey");
    if !names.is_empty() && is_fixed && names.iter().all(|name| name != steps::TOKEN) {
        names.push(steps::TOKEN.to_owned());
    }
    names
}

/// Whether the calls of an integration go through Keyway with the token of an app. Keyway refuses operations that take the
/// developer API key, and what takes no credential needs no app.
pub(crate) fn goes_through_keyway(integration: &Integration) -> bool {
    let operations = operations::of(integration);
    let calls_hubspot_itself = !operations.is_empty() && operations.iter().all(PlannedOperation::takes_developer_key);
    !calls_hubspot_itself && credential::of(integration).0 != CredentialKind::None
}

/// For each scope, the operations that would be refused without it.
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
