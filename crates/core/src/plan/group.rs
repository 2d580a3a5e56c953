//! Which integration a file or a caller belongs to.

use serde::Deserialize;

use super::CredentialKind;

/// How files are grouped where nobody says otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// The nearest folder with a manifest of a package (`package.json`, `pyproject.toml`, …), else the first folder.
    #[default]
    Service,
    /// The first folder of the path.
    Folder,
    /// Everything is one integration.
    Repository,
}

/// The grouping of a plan: a rule, and what somebody said beside it.
#[derive(Clone, Debug, Default)]
pub struct Grouping {
    /// The rule.
    pub by: By,
    /// What the repository is called: the name of what no folder names.
    pub repository: String,
    /// Folders with a manifest, relative, with `/`.
    pub manifests: Vec<String>,
    /// Files that name their integration in a comment: path and name.
    pub comments: Vec<(String, String)>,
    /// `[plan.app."NAME"]` of keyway.toml.
    pub named: Vec<Named>,
}

/// An app that keyway.toml names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Named {
    /// Its name.
    #[serde(skip)]
    pub name: String,
    /// Folders and files of it; `*` at the end stands for anything.
    pub paths: Vec<String>,
    /// Apps on record that are it.
    pub callers: Vec<String>,
    /// Who answers for it.
    pub owner: Option<String>,
    /// The kind of credential that it is to have.
    pub credential: Option<CredentialKind>,
    /// Scopes that it is to have whatever it calls.
    pub scopes: Vec<String>,
    /// How many accounts it calls.
    pub accounts: u32,
}

impl Grouping {
    /// The integration of a file. A member of an archive belongs where the archive is.
    pub fn of_file(&self, path: &str) -> String {
        let path = path.split('!').next().unwrap_or(path).trim_start_matches("./");
        if let Some((_, name)) = self.comments.iter().find(|(file, _)| file == path) {
            return name.clone();
        }
        if let Some(named) = self.named.iter().find(|named| named.paths.iter().any(|pattern| covers(pattern, path))) {
            return named.name.clone();
        }
        let first = || path.split_once('/').map(|(folder, _)| folder);
        let manifest = || {
            let inside =
                |folder: &&String| folder.is_empty() || path.strip_prefix(folder.as_str()).is_some_and(|rest| rest.starts_with('/'));
            self.manifests.iter().filter(inside).max_by_key(|folder| folder.len())
        };
        let found = match self.by {
            By::Repository => None,
            By::Folder => first(),
            By::Service => match manifest() {
                Some(folder) => Some(folder.as_str()),
                None => first(),
            },
        };
        found
            .filter(|name| !name.is_empty())
            .map_or_else(|| self.repository.clone(), |folder| folder.rsplit('/').next().unwrap_or(folder).to_owned())
    }

    /// The integration of an app on record.
    pub fn of_caller(&self, caller: &str) -> String {
        let named = self.named.iter().find(|named| named.callers.iter().any(|known| known == caller));
        named.map_or_else(|| caller.to_owned(), |named| named.name.clone())
    }
}

/// Whether a pattern means a path: the file itself, a folder above it, or all that begins so.
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
    use super::*;

    #[test]
    fn a_file_belongs_to_its_service_its_folder_or_the_repository() {
        let mut grouping = Grouping { repository: "shop".into(), manifests: vec!["services/orders".into()], ..Grouping::default() };
        assert_eq!(grouping.of_file("services/orders/src/x.js"), "orders");
        assert_eq!(grouping.of_file("scripts/nightly.sh"), "scripts");
        assert_eq!(grouping.of_file("sync.py"), "shop");
        grouping.by = By::Folder;
        assert_eq!(grouping.of_file("services/orders/src/x.js"), "services");
        grouping.by = By::Repository;
        assert_eq!(grouping.of_file("services/orders/src/x.js"), "shop");
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
        assert_eq!(grouping.of_file("scripts/a.sh"), "Nightly");
        assert_eq!(grouping.of_file("cron/x.py"), "Nightly");
        assert_eq!(grouping.of_file("cronies/x.py"), "cronies");
        assert_eq!(grouping.of_file("scripts/b.sh"), "Other");
        assert_eq!((grouping.of_caller("Old app"), grouping.of_caller("New app")), ("Nightly".into(), "New app".into()));
    }
}
