//! Gives each integration a different name. Two folders with the same name are two integrations.

use std::collections::BTreeMap;

use super::Grouping;

/// Names of folders that do not describe their content.
const SAYS_NOTHING: [&str; 18] = [
    "src",
    "app",
    "api",
    "lib",
    "server",
    "backend",
    "code",
    "main",
    "function",
    "functions",
    "service",
    "services",
    "client",
    "source",
    "project",
    "package",
    "python",
    "node",
];

/// Those of them that contain the code of the whole repository.
const CODE_ONLY: [&str; 8] = ["src", "lib", "code", "main", "source", "python", "node", "project"];

/// A different name for each folder, and none from `taken`.
pub(super) fn distinct(folders: &[String], taken: &[String], grouping: &Grouping) -> BTreeMap<String, String> {
    let manifest = |folder: &str| {
        let unit = grouping.units.iter().find(|unit| unit.folder == folder && unit.name.is_some())?;
        unit.name.as_deref().map(|name| name.rsplit('/').next().unwrap_or(name).to_owned()).filter(|name| says(name))
    };
    let short = |folder: &str| {
        if folder.is_empty() {
            return grouping.repository.clone();
        }
        let mut parts = folder.rsplit('/');
        let last = parts.next().filter(|part| says(part)).map(str::to_owned);
        last.or_else(|| manifest(folder)).or_else(|| parts.find(|part| says(part)).map(str::to_owned)).unwrap_or_else(|| {
            // `api` is a poor name, but better than none. Every repository has a `src`, so `src` is not used.
            let last = folder.rsplit('/').next().unwrap_or(folder);
            if CODE_ONLY.contains(&last.to_lowercase().as_str()) { grouping.repository.clone() } else { last.to_owned() }
        })
    };
    let mut names: BTreeMap<String, String> = folders.iter().map(|folder| (folder.clone(), short(folder))).collect();
    // Then by the name in the manifest, by the whole path, and at last by a number.
    replace_doubles(&mut names, taken, |folder, _| manifest(folder));
    replace_doubles(&mut names, taken, |folder, name| Some(if folder.is_empty() { format!("{name} (root)") } else { folder.to_owned() }));
    let mut used: Vec<String> = taken.iter().map(|name| name.to_lowercase()).collect();
    for name in names.values_mut() {
        let (plain, mut number) = (name.clone(), 2);
        while used.contains(&name.to_lowercase()) {
            *name = format!("{plain} {number}");
            number += 1;
        }
        used.push(name.to_lowercase());
    }
    names
}

fn says(name: &str) -> bool {
    !name.is_empty() && !SAYS_NOTHING.contains(&name.to_lowercase().as_str())
}

fn replace_doubles(names: &mut BTreeMap<String, String>, taken: &[String], by: impl Fn(&str, &str) -> Option<String>) {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    names.values().chain(taken).for_each(|name| *counts.entry(name.to_lowercase()).or_default() += 1);
    for (folder, name) in names.iter_mut() {
        if counts.get(&name.to_lowercase()).is_some_and(|count| *count > 1)
            && let Some(other) = by(folder, name)
        {
            *name = other;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::manifest;
    use super::*;

    fn names(manifests: &[(&str, &str)], folders: &[&str]) -> Vec<String> {
        let units = manifests.iter().filter_map(|(path, text)| manifest::read(path, text)).collect();
        let grouping = Grouping { repository: "shop".into(), units, ..Grouping::default() };
        let folders: Vec<String> = folders.iter().map(ToString::to_string).collect();
        distinct(&folders, &[], &grouping).into_values().collect()
    }

    #[test]
    fn p0_folders_of_one_name_have_different_names() {
        let manifests =
            [("orders/src/package.json", r#"{"name":"acme-orders"}"#), ("invoices/src/package.json", r#"{"name":"acme-invoices"}"#)];
        assert_eq!(names(&manifests, &["orders/src", "invoices/src"]), ["acme-invoices", "acme-orders"]);
        assert_eq!(names(&[], &["orders/src", "invoices/src"]), ["invoices", "orders"]);
        assert_eq!(names(&[], &["eu/sync", "us/sync"]), ["eu/sync", "us/sync"]);
        assert_eq!(names(&[], &["", "shop"]), ["shop (root)", "shop"]);
        assert_eq!(names(&[], &["a/Sync", "a/sync"]), ["a/Sync", "a/sync 2"], "the server's names differ by more than their case");
        let same = [("x/getting-started/package.json", r#"{"name":"sample"}"#), ("y/getting-started/package.json", r#"{"name":"sample"}"#)];
        assert_eq!(names(&same, &["x/getting-started", "y/getting-started"]), ["x/getting-started", "y/getting-started"]);
    }
}
