//! Sorts reports of `keyway scan --json` and recorded calls into integrations, credentials without an integration, and
//! ignored files.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::evidence::{self, Why};
use super::group::Place;
use super::{Grouping, Integration, Leak, Use, copies, names};
use keyway_core::shown;

/// The fields of a scan's report, version 1 (docs/scan.md), that a plan reads. Other fields are skipped.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Report {
    /// The version of the format: 1.
    pub version: u32,
    /// Credentials.
    #[serde(default)]
    pub findings: Vec<FindingRow>,
    /// Calls.
    #[serde(default)]
    pub usages: Vec<UsageRow>,
    /// Files that were not read.
    #[serde(default)]
    pub skipped: Vec<SkippedRow>,
    /// The name of the scanned folder.
    #[serde(default)]
    pub folder: Option<String>,
    /// The notes of `keyway fix` on the same files, where it was run.
    #[serde(skip)]
    pub fix: Option<Vec<FixNote>>,
}

/// A file that the scan did not read.
#[derive(Clone, Debug, Deserialize)]
pub struct SkippedRow {
    path: String,
    #[serde(default)]
    reason: String,
}

/// A note of `keyway fix`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FixNote {
    /// Relative to the scanned folder.
    pub path: String,
    /// From 1.
    pub line: u64,
    /// The change, or the reason why a person must make it.
    pub what: String,
    /// Whether a person must make the change.
    pub by_hand: bool,
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
    #[serde(default)]
    in_work_tree: Option<bool>,
    #[serde(default)]
    verified: Option<Verified>,
    #[serde(default)]
    sent_to: Option<String>,
    #[serde(default)]
    agent: Option<String>,
}

/// What HubSpot answered about a credential.
#[derive(Clone, Copy, Debug, Deserialize)]
struct Verified {
    #[serde(default)]
    alive: Option<bool>,
}

/// A call of the report.
#[derive(Clone, Debug, Deserialize)]
pub struct UsageRow {
    path: String,
    line: u64,
    operation: String,
    auth: String,
    #[serde(default)]
    via: String,
    #[serde(default)]
    scopes: Vec<String>,
    #[serde(default)]
    successor: Option<String>,
}

/// How often a recorded app called an operation.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Recorded {
    /// The app's name; none for a deleted app.
    pub app: Option<String>,
    /// Its id.
    pub app_id: u64,
    /// The account.
    pub hub_id: u64,
    /// Method and template.
    pub operation: String,
    /// Object types of a generic operation.
    pub object: Option<String>,
    /// The number of calls.
    pub calls: u64,
    /// Calls among them with an error as the answer.
    #[serde(default)]
    pub failed: u64,
}

/// The sorted findings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase")]
pub struct Found {
    /// The integrations, by name.
    pub integrations: Vec<Integration>,
    /// Credentials that belong to no integration.
    pub loose: Vec<Loose>,
    /// Files that are not evidence.
    pub ignored: Vec<Ignored>,
    /// Files that the scan did not read.
    pub unread: Vec<Unread>,
}

/// A file that the scan did not read, so that the plan says nothing of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Unread {
    /// Its path.
    pub path: String,
    /// Why, for a person.
    pub because: String,
}

/// A credential that belongs to no integration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Loose {
    /// The credential.
    #[serde(flatten)]
    pub leak: Leak,
    /// Why it is in none.
    pub because: Cow<'static, str>,
}

/// A file that is not evidence of an integration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Ignored {
    /// Its path.
    pub path: String,
    /// Why, as a word: `test`, `document`.
    pub reason: Why,
    /// Why, for a person.
    pub because: Cow<'static, str>,
    /// Calls that it names. They add no scopes.
    pub calls: usize,
}

impl Report {
    /// The files of the report, each once, so that the caller can read their comments.
    pub fn files(&self) -> Vec<&str> {
        let mut files: Vec<&str> =
            self.usages.iter().map(|row| row.path.as_str()).chain(self.findings.iter().map(|row| row.path.as_str())).collect();
        files.sort_unstable();
        files.dedup();
        files
    }
}

/// Sorts a report and recorded calls.
pub fn sort(report: Option<&Report>, recorded: &[Recorded], grouping: &Grouping) -> Found {
    let mut sorter = Sorter { grouping, by_place: BTreeMap::new(), found: Found::default() };
    if let Some(report) = report {
        sorter.report(report);
        let unread = |row: &SkippedRow| Unread { path: name_of(&row.path), because: name_of(&row.reason) };
        // Its own files are among those that were left out.
        sorter.found.unread = report.skipped.iter().filter(|row| !row.reason.starts_with("Keyway wrote it")).map(unread).collect();
    }
    sorter.finish(report, recorded)
}

struct Sorter<'g> {
    grouping: &'g Grouping,
    by_place: BTreeMap<Place, Integration>,
    found: Found,
}

impl Sorter<'_> {
    fn report(&mut self, report: &Report) {
        let why = self.left_out(report);
        let copied = copies::find(
            report.usages.iter().filter(|row| why.get(row.path.as_str()).is_none_or(Option::is_none)).map(|row| row.path.as_str()),
            self.grouping,
        );
        let mut ignored: BTreeMap<&str, (Why, usize)> = BTreeMap::new();
        let mut copies_of: BTreeMap<Place, BTreeSet<String>> = BTreeMap::new();
        for row in &report.usages {
            if let Some(why) = why.get(row.path.as_str()).copied().flatten() {
                ignored.entry(&row.path).or_insert((why, 0)).1 += 1;
                continue;
            }
            for place in self.grouping.of_file(&row.path) {
                if let Some(original) = copied.get(&place) {
                    ignored.entry(&row.path).or_insert((Why::Copy, 0)).1 += 1;
                    if let Place::Folder(folder) = &place {
                        copies_of.entry(original.clone()).or_default().insert(folder.clone());
                    }
                    continue;
                }
                self.by_place.entry(place).or_default().uses.push(row.as_use());
            }
        }
        for row in &report.findings {
            self.credential(row, why.get(row.path.as_str()).copied().flatten(), &copied);
        }
        for (place, folders) in copies_of {
            if let Some(integration) = self.by_place.get_mut(&place) {
                integration.copies = folders.into_iter().map(|folder| name_of(&folder)).collect();
            }
        }
        for (path, reason) in &why {
            if reason.is_none()
                && evidence::why(path) == Some(Why::Build)
                && let Some(integration) = self.grouping.of_file(path).first().and_then(|place| self.by_place.get_mut(place))
            {
                integration.built_only = true;
            }
        }
        self.found.ignored = ignored
            .into_iter()
            .map(|(path, (reason, calls))| Ignored { path: name_of(path), reason, because: reason.words().into(), calls })
            .collect();
    }

    /// The reason to ignore each file. Build output counts where nothing else shows a package's calls.
    fn left_out<'r>(&self, report: &'r Report) -> BTreeMap<&'r str, Option<Why>> {
        let why = |path: &str| {
            // A file that keyway.toml or its own comment names is code.
            if self.grouping.of_file(path).iter().any(|place| matches!(place, Place::Named(_))) {
                return None;
            }
            let why = if self.grouping.own.iter().any(|own| own == path) { Some(Why::Keyway) } else { evidence::why(path) };
            // An example that is a package of its own is the subject of the repository.
            let unit = self.grouping.nearest(path).map(|unit| unit.folder.as_str()).unwrap_or_default();
            why.filter(|why| *why != Why::Example || evidence::why(&format!("{unit}/x")) != Some(Why::Example))
        };
        let mut all: BTreeMap<&str, Option<Why>> = report.files().into_iter().map(|path| (path, why(path))).collect();
        let sources: BTreeSet<Place> = report
            .usages
            .iter()
            .filter(|row| all.get(row.path.as_str()) == Some(&None))
            .flat_map(|row| self.grouping.of_file(&row.path))
            .collect();
        for (path, reason) in &mut all {
            let stands_alone = || {
                let has_manifest = self.grouping.nearest(path).is_some();
                has_manifest && !path.ends_with(".map") && self.grouping.of_file(path).iter().all(|place| !sources.contains(place))
            };
            if *reason == Some(Why::Build) && stands_alone() {
                *reason = None;
            }
        }
        all
    }

    fn credential(&mut self, row: &FindingRow, why: Option<Why>, copied: &BTreeMap<Place, Place>) {
        let leak = Leak {
            kind: name_of(&row.kind),
            place: format!("{}:{}", shown::line(&row.path), row.line),
            masked: name_of(&row.masked),
            in_history: row.commit.is_some(),
            only_in_history: row.in_work_tree == Some(false),
            alive: row.verified.and_then(|verified| verified.alive),
            sent_to: row.sent_to.as_deref().map(name_of),
            agent: row.agent.as_deref().map(name_of),
        };
        let places = self.grouping.of_file(&row.path);
        let place =
            places.into_iter().map(|place| copied.get(&place).cloned().unwrap_or(place)).find(|place| self.by_place.contains_key(place));
        match (why, place) {
            (Some(Why::Keyway), _) => {}
            (Some(why), _) => self.found.loose.push(Loose { leak, because: why.words().into() }),
            (None, None) => self.found.loose.push(Loose { leak, because: "its folder has no call of HubSpot".into() }),
            (None, Some(place)) => {
                if let Some(integration) = self.by_place.get_mut(&place) {
                    integration.leaks.push(leak);
                }
            }
        }
    }

    fn finish(mut self, report: Option<&Report>, recorded: &[Recorded]) -> Found {
        self.fixes(report);
        let folders: Vec<String> = self
            .by_place
            .keys()
            .filter_map(|place| match place {
                Place::Folder(folder) => Some(folder.clone()),
                Place::Named(_) => None,
            })
            .collect();
        let taken: Vec<String> = self.grouping.named.iter().map(|named| named.name.clone()).collect();
        let names = names::distinct(&folders, &taken, self.grouping);
        let mut found: BTreeMap<String, Integration> = BTreeMap::new();
        for (place, mut integration) in self.by_place {
            let name = match &place {
                Place::Named(name) => name_of(name),
                Place::Folder(folder) => {
                    integration.folder = Some(name_of(if folder.is_empty() { "." } else { folder }));
                    let unit = self.grouping.units.iter().find(|unit| unit.folder == *folder && unit.deployed.is_some());
                    integration.deployed = unit.and_then(|unit| unit.deployed.as_deref()).map(name_of);
                    let owner = |one: &Use| self.grouping.owner_of(one.place.rsplit_once(':')?.0).map(name_of);
                    integration.owner = integration.uses.iter().find_map(owner);
                    name_of(names.get(folder).map_or(folder, |name| name))
                }
            };
            found.insert(name, integration);
        }
        add_recorded(&mut found, recorded, self.grouping);
        for (name, integration) in &mut found {
            integration.name.clone_from(name);
            let files: BTreeSet<&str> = integration.uses.iter().filter_map(|one| Some(one.place.rsplit_once(':')?.0)).collect();
            let read = self.grouping.variables.iter().filter(|(file, _)| files.contains(file.as_str()));
            let names: BTreeSet<&String> = read.map(|(_, name)| name).collect();
            integration.variables = names.into_iter().cloned().collect();
            if let Some(named) = self.grouping.named.iter().find(|named| named.name == *name) {
                integration.owner = named.owner.clone().or(integration.owner.take());
                integration.decided = named.credential;
                integration.extra_scopes.clone_from(&named.scopes);
                integration.accounts = integration.accounts.max(named.accounts);
            }
        }
        self.found.integrations = found.into_values().collect();
        self.found
    }

    /// Adds the notes of `keyway fix` on the files of each integration.
    fn fixes(&mut self, report: Option<&Report>) {
        let Some(notes) = report.and_then(|report| report.fix.as_ref()) else { return };
        self.by_place.values_mut().for_each(|integration| integration.fix = Some(Vec::new()));
        for note in notes.iter().filter(|note| evidence::why(&note.path).is_none()) {
            for place in self.grouping.of_file(&note.path) {
                if let Some(fix) = self.by_place.get_mut(&place).and_then(|integration| integration.fix.as_mut()) {
                    fix.push(FixNote { path: name_of(&note.path), what: name_of(&note.what), ..note.clone() });
                }
            }
        }
    }
}

impl UsageRow {
    fn as_use(&self) -> Use {
        Use {
            operation: name_of(&self.operation),
            object: None,
            scopes: self.scopes.clone(),
            auth: self.auth.clone(),
            place: format!("{}:{}", shown::line(&self.path), self.line),
            successor: self.successor.as_deref().map(name_of),
            by_client: matches!(self.via.as_str(), "sdk" | "node"),
            by_tool: self.via == "node",
        }
    }
}

/// Paths, and names made from them, may contain any character; an app's name may not.
fn name_of(text: &str) -> String {
    shown::line(text).into_owned()
}

fn add_recorded(found: &mut BTreeMap<String, Integration>, recorded: &[Recorded], grouping: &Grouping) {
    let mut calls: BTreeMap<(String, &str, Option<&str>), u64> = BTreeMap::new();
    let mut accounts: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    // An operation that never succeeded is not needed: its scopes would be granted for no use.
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
            auth: "bearer".to_owned(),
            place: format!("{count} recorded calls"),
            ..Use::default()
        });
    }
    for (name, of) in accounts {
        found.entry(name).or_default().accounts = u32::try_from(of.len()).unwrap_or(u32::MAX);
    }
}
