//! The integration of a file or a caller.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::manifest::Unit;
use super::{CredentialKind, evidence};

/// How files are grouped, where the user does not name their integration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// What is deployed: the folder with a Dockerfile, a start script and the like; else the nearest
    /// folder with a manifest of a package; else the first folder.
    #[default]
    Service,
    /// The first folder of the path.
    Folder,
    /// Everything is one integration.
    Repository,
}

/// The grouping of a plan: a rule, what the repository shows, and what its owner has set in `keyway.toml` and in comments.
#[derive(Clone, Debug, Default)]
pub struct Grouping {
    /// The rule.
    pub by: By,
    /// The name of the repository, for files that no folder names.
    pub repository: String,
    /// Folders with a manifest, and deployed folders.
    pub units: Vec<Unit>,
    /// Files that name their integration in a comment: path and name.
    pub comments: Vec<(String, String)>,
    /// `[plan.app."NAME"]` of keyway.toml.
    pub named: Vec<Named>,
    /// Files that Keyway wrote.
    pub own: Vec<String>,
    /// A hash of each file that may be a copy of another, and of each manifest.
    pub hashes: BTreeMap<String, String>,
    /// Patterns of CODEOWNERS and their owners; the last pattern that matches counts.
    pub owners: Vec<(String, String)>,
    /// Files and the variables of the environment from which they read a token.
    pub variables: Vec<(String, String)>,
}

/// The integration of a file: a name that its owner gave, or a folder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// An integration by its name.
    Named(String),
    /// A folder, relative; empty for the root.
    Folder(String),
}

/// An app that keyway.toml names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Named {
    /// Its name.
    #[serde(skip)]
    pub name: String,
    /// Its folders and files; `*` at the end matches anything.
    pub paths: Vec<String>,
    /// Names of recorded apps that belong to it.
    pub callers: Vec<String>,
    /// Its owner.
    pub owner: Option<String>,
    /// The kind of credential that it should have.
    pub credential: Option<CredentialKind>,
    /// Scopes that it should have, whatever it calls.
    pub scopes: Vec<String>,
    /// How many accounts it calls.
    pub accounts: u32,
}

impl Grouping {
    /// The integrations of a file: several where the file belongs to a part of several programs.
    pub fn of_file(&self, path: &str) -> Vec<Place> {
        let path = path.split('!').next().unwrap_or(path).trim_start_matches("./");
        if let Some((_, name)) = self.comments.iter().find(|(file, _)| file == path) {
            return vec![Place::Named(name.clone())];
        }
        if let Some(named) = self.named.iter().find(|named| named.paths.iter().any(|pattern| covers(pattern, path))) {
            return vec![Place::Named(named.name.clone())];
        }
        let first = path.split_once('/').map_or("", |(folder, _)| folder);
        let folders = match self.by {
            By::Repository => vec![String::new()],
            By::Folder => vec![first.to_owned()],
            By::Service => self.services(path),
        };
        folders.into_iter().map(Place::Folder).collect()
    }

    /// The nearest folder with a manifest or a file that deploys it.
    pub(super) fn nearest(&self, path: &str) -> Option<&Unit> {
        let around = self.units.iter().filter(|unit| unit.members.is_empty() && within(&unit.folder, path));
        around.max_by_key(|unit| unit.folder.len())
    }

    fn is_deployed(&self, folder: &str) -> bool {
        self.units.iter().any(|unit| unit.folder == folder && unit.deployed.is_some())
    }

    /// The folders that deploy a file: its own folder, the programs that depend on it, or the program around it.
    fn services(&self, path: &str) -> Vec<String> {
        let Some(nearest) = self.nearest(path) else { return vec![by_custom(path).to_owned()] };
        let folder = &nearest.folder;
        if self.is_deployed(folder) {
            return vec![folder.clone()];
        }
        let programs = self.programs_on(folder);
        if !programs.is_empty() {
            return programs;
        }
        let around = self.units.iter().filter(|unit| unit.deployed.is_some() && within(&unit.folder, path));
        if let Some(around) = around.max_by_key(|unit| unit.folder.len()) {
            return vec![around.folder.clone()];
        }
        if let Some(solution) = self.units.iter().find(|unit| unit.members.contains(folder)) {
            let deployed: Vec<&String> = solution.members.iter().filter(|member| self.is_deployed(member)).collect();
            match deployed[..] {
                [] => return vec![solution.folder.clone()],
                [one] => return vec![one.clone()],
                _ => {}
            }
        }
        vec![folder.clone()]
    }

    /// The deployed folders that depend on a folder, directly or through others.
    fn programs_on(&self, folder: &str) -> Vec<String> {
        let mut reached = vec![folder.to_owned()];
        let mut at = 0;
        while let Some(current) = reached.get(at).cloned() {
            let names: Vec<&String> =
                self.units.iter().filter(|unit| unit.folder == current).filter_map(|unit| unit.name.as_ref()).collect();
            for unit in self.units.iter().filter(|unit| !unit.tests && unit.members.is_empty()) {
                let builds_on = unit.uses.iter().any(|used| (*used == current && !current.is_empty()) || names.contains(&used))
                    || (current.is_empty() && unit.deployed.as_deref() == Some("main.go") && unit.uses.contains(&current));
                if builds_on && !reached.contains(&unit.folder) {
                    reached.push(unit.folder.clone());
                }
            }
            at += 1;
        }
        let mut programs: Vec<String> = reached.into_iter().skip(1).filter(|folder| self.is_deployed(folder)).collect();
        // An example or a test that uses a library does not deploy it.
        programs.retain(|folder| evidence::why(&format!("{folder}/x")).is_none());
        programs.sort();
        programs
    }

    /// The owner of a file, by CODEOWNERS.
    pub(super) fn owner_of(&self, path: &str) -> Option<&str> {
        let fits = |pattern: &str| {
            let pattern = pattern.trim_start_matches('/');
            pattern == "*" || covers(pattern, path) || (pattern.starts_with("*.") && path.ends_with(&pattern[1..]))
        };
        self.owners.iter().rev().find(|(pattern, _)| fits(pattern)).map(|(_, owner)| owner.as_str())
    }

    /// The integration of a recorded app.
    pub fn of_caller(&self, caller: &str) -> String {
        let named = self.named.iter().find(|named| named.callers.iter().any(|known| known == caller));
        named.map_or_else(|| caller.to_owned(), |named| named.name.clone())
    }
}

/// Folders that only contain other folders, each of which is one integration.
const HOLDERS: [&str; 18] = [
    "services",
    "service",
    "apps",
    "packages",
    "pkgs",
    "functions",
    "lambdas",
    "lambda",
    "cmd",
    "integrations",
    "connectors",
    "workers",
    "projects",
    "microservices",
    "examples",
    "samples",
    "plugins",
    "cloud-functions",
];

/// Where nothing shows what is deployed: the first folder, or the second below a folder that only contains others.
fn by_custom(path: &str) -> &str {
    let mut ends = path.match_indices('/').map(|(at, _)| at);
    let Some(first) = ends.next() else { return "" };
    match ends.next() {
        Some(second) if HOLDERS.contains(&&path[..first]) => &path[..second],
        _ => &path[..first],
    }
}

fn within(folder: &str, path: &str) -> bool {
    folder.is_empty() || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

/// Whether a pattern covers a path: the file itself, a folder above it, or every path with that beginning.
fn covers(pattern: &str, path: &str) -> bool {
    let pattern = pattern.trim_start_matches("./");
    match pattern.split_once('*') {
        Some((before, after)) => {
            let after = after.trim_start_matches(['*', '/']);
            path.strip_prefix(before).is_some_and(|rest| rest.ends_with(after))
        }
        None => {
            let folder = pattern.trim_end_matches('/');
            path == folder || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::manifest;
    use super::*;

    fn of(grouping: &Grouping, path: &str) -> Vec<String> {
        let name = |place| match place {
            Place::Named(name) | Place::Folder(name) => name,
        };
        grouping.of_file(path).into_iter().map(name).collect()
    }

    fn units(files: &[(&str, &str)]) -> Grouping {
        let units = files.iter().filter_map(|(path, text)| manifest::read(path, text)).collect();
        Grouping { repository: "shop".into(), units, ..Grouping::default() }
    }

    #[test]
    fn a_file_belongs_to_its_service_its_folder_or_the_repository() {
        let mut grouping = units(&[("services/orders/package.json", "{}")]);
        assert_eq!(of(&grouping, "services/orders/src/x.js"), ["services/orders"]);
        assert_eq!(of(&grouping, "services/invoices/x.js"), ["services/invoices"], "without a manifest the same folder counts");
        assert_eq!(of(&grouping, "scripts/nightly.sh"), ["scripts"]);
        assert_eq!(of(&grouping, "sync.py"), [""]);
        grouping.by = By::Folder;
        assert_eq!(of(&grouping, "services/orders/src/x.js"), ["services"]);
        grouping.by = By::Repository;
        assert_eq!(of(&grouping, "services/orders/src/x.js"), [""]);
    }

    #[test]
    fn p7_a_solution_is_what_it_deploys_and_a_library_is_part_of_each_program_on_it() {
        let web = "<Project Sdk=\"Microsoft.NET.Sdk.Web\"><ProjectReference Include=\"..\\Crm\\Crm.csproj\" />";
        let library = "<Project Sdk=\"Microsoft.NET.Sdk\">";
        let mut files = vec![("src/Web/Web.csproj", web), ("src/Crm/Crm.csproj", library)];
        assert_eq!(of(&units(&files), "src/Crm/Client.cs"), ["src/Web"]);
        files.push(("src/Jobs/Jobs.csproj", "<OutputType>Exe</OutputType><ProjectReference Include=\"../Crm/Crm.csproj\" />"));
        assert_eq!(of(&units(&files), "src/Crm/Client.cs"), ["src/Jobs", "src/Web"]);
        // No project refers to the library, and the solution deploys one program.
        let solution = "Project(\"{F}\") = \"Web\", \"Web\\Web.csproj\", \"{1}\"\nProject(\"{F}\") = \"Crm\", \"Crm\\Crm.csproj\", \"{2}\"";
        let files = [("Acme.sln", solution), ("Web/Web.csproj", "<Project Sdk=\"Microsoft.NET.Sdk.Web\">"), ("Crm/Crm.csproj", library)];
        assert_eq!(of(&units(&files), "Crm/Client.cs"), ["Web"]);
        // A solution of libraries is one integration.
        let files = [("Acme.sln", solution), ("Web/Web.csproj", library), ("Crm/Crm.csproj", library)];
        assert_eq!((of(&units(&files), "Crm/Client.cs"), of(&units(&files), "Web/x.cs")), (vec![String::new()], vec![String::new()]));
    }

    #[test]
    fn p7_workspaces_are_grouped_by_what_is_deployed() {
        let files = [
            ("package.json", r#"{"name":"root","workspaces":["apps/*","libs/*"],"scripts":{"start":"x"}}"#),
            ("apps/web/package.json", r#"{"name":"web","scripts":{"start":"x"},"dependencies":{"@acme/crm":"*"}}"#),
            ("apps/worker/package.json", r#"{"name":"worker","dependencies":{"@acme/core":"*"}}"#),
            ("apps/worker/Dockerfile", "FROM node"),
            ("libs/core/package.json", r#"{"name":"@acme/core","dependencies":{"@acme/crm":"*"}}"#),
            ("libs/crm/package.json", r#"{"name":"@acme/crm"}"#),
            ("libs/tools/package.json", r#"{"name":"@acme/tools"}"#),
        ];
        let grouping = units(&files);
        assert_eq!(of(&grouping, "libs/crm/src/index.ts"), ["apps/web", "apps/worker"]);
        assert_eq!(of(&grouping, "libs/core/src/index.ts"), ["apps/worker"]);
        assert_eq!(of(&grouping, "libs/tools/src/index.ts"), ["libs/tools"], "nothing that is deployed builds on it");
        assert_eq!(of(&grouping, "apps/worker/src/x.ts"), ["apps/worker"]);
    }

    #[test]
    fn p7_go_programs_and_java_modules_are_grouped_by_what_is_deployed() {
        let go = units(&[("go.mod", "module x.org/shop"), ("cmd/orders/main.go", "package main"), ("cmd/bills/main.go", "package main")]);
        assert_eq!(of(&go, "internal/hubspot/client.go"), ["cmd/bills", "cmd/orders"]);
        assert_eq!(of(&go, "cmd/orders/main.go"), ["cmd/orders"]);
        let boot = "<artifactId>api</artifactId><dependencies><dependency><artifactId>crm</artifactId></dependency></dependencies><artifactId>spring-boot-maven-plugin</artifactId>";
        let java =
            units(&[("pom.xml", "<artifactId>root</artifactId>"), ("api/pom.xml", boot), ("crm/pom.xml", "<artifactId>crm</artifactId>")]);
        assert_eq!(of(&java, "crm/src/main/java/Client.java"), ["api"]);
        let python = units(&[("svc/Dockerfile", ""), ("svc/pyproject.toml", "x = { path = \"../lib\" }"), ("lib/setup.py", "")]);
        assert_eq!(of(&python, "lib/crm.py"), ["svc"]);
    }

    #[test]
    fn what_somebody_said_comes_first() {
        let named = Named {
            name: "Nightly".into(),
            paths: vec!["scripts/*.sh".into(), "cron".into()],
            callers: vec!["Old app".into()],
            ..Named::default()
        };
        let grouping = Grouping {
            repository: "shop".into(),
            named: vec![named],
            comments: vec![("scripts/b.sh".into(), "Other".into())],
            ..Grouping::default()
        };
        assert_eq!(of(&grouping, "scripts/a.sh"), ["Nightly"]);
        assert_eq!(of(&grouping, "cron/x.py"), ["Nightly"]);
        assert_eq!(of(&grouping, "cronies/x.py"), ["cronies"]);
        assert_eq!(of(&grouping, "scripts/b.sh"), ["Other"]);
        assert_eq!((grouping.of_caller("Old app"), grouping.of_caller("New app")), ("Nightly".into(), "New app".into()));
    }
}
