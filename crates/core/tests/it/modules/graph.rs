//! Which module of a crate uses which, read from its source. Tests of several crates include this file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The modules that each module uses.
pub type Edges = BTreeMap<String, BTreeSet<String>>;

/// The code of a file without its comments and tests.
fn code(path: &Path) -> String {
    let text = std::fs::read_to_string(path).unwrap();
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    code.lines().filter(|line| !line.trim_start().starts_with("//")).map(|line| format!("{line}\n")).collect()
}

/// The first names behind `crate::`, also those of a list.
fn used(code: &str) -> Vec<String> {
    let mut names = Vec::new();
    for rest in code.split("crate::").skip(1) {
        let is_part = |one: char| !(one.is_ascii_alphanumeric() || one == '_');
        let first = |text: &str| text.split(is_part).next().unwrap_or_default().to_owned();
        if let Some(list) = rest.strip_prefix('{') {
            let mut depth = 0;
            let top = list.chars().take_while(|one| {
                depth += i32::from(*one == '{') - i32::from(*one == '}');
                depth >= 0
            });
            let (mut inner, mut flat) = (0, String::new());
            for one in top {
                inner += i32::from(one == '{') - i32::from(one == '}');
                flat.push(if inner > 0 { ' ' } else { one });
            }
            names.extend(flat.split(',').map(|part| first(part.trim())));
        } else {
            names.push(first(rest));
        }
    }
    names
}

fn files(folder: &Path, into: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let is_test = path.file_name().is_some_and(|name| name == "tests" || name == "tests.rs");
        match path.is_dir() {
            _ if is_test => {}
            true => files(&path, into),
            false => into.push(path),
        }
    }
}

/// The uses of a crate's top modules, in `src`.
pub fn edges(root: &Path) -> Edges {
    let mut all = Vec::new();
    files(root, &mut all);
    let module = |path: &Path| {
        let first = path.strip_prefix(root).unwrap().iter().next().unwrap().to_string_lossy().into_owned();
        first.trim_end_matches(".rs").to_owned()
    };
    let modules: BTreeSet<String> =
        all.iter().map(|path| module(path)).filter(|name| !["lib", "main", "testing"].contains(&name.as_str())).collect();
    let mut edges: Edges = modules.iter().map(|name| (name.clone(), BTreeSet::new())).collect();
    for path in &all {
        let from = module(path);
        let Some(to) = edges.get_mut(&from) else { continue };
        to.extend(used(&code(path)).into_iter().filter(|name| *name != from && modules.contains(name)));
    }
    edges
}

/// The modules that reach themselves.
pub fn in_a_circle(edges: &Edges) -> Vec<&str> {
    edges.keys().map(String::as_str).filter(|module| is_in_a_circle(edges, module)).collect()
}

fn is_in_a_circle(edges: &Edges, module: &str) -> bool {
    let (mut seen, mut next) = (BTreeSet::new(), edges[module].clone());
    while let Some(one) = next.pop_first() {
        next.extend(edges[&one].iter().filter(|to| !seen.contains(*to)).cloned());
        seen.insert(one);
    }
    seen.contains(module)
}

/// Compares the uses of a crate with its table. `src` is the folder of its source.
pub fn compare(src: &Path, table: &[(&str, &str)]) {
    let found = edges(src);
    let table: Edges = table.iter().map(|(from, to)| ((*from).to_owned(), to.split_whitespace().map(str::to_owned).collect())).collect();
    for (from, to) in &found {
        let listed = table.get(from).unwrap_or_else(|| panic!("{from} is not in the table"));
        let new: Vec<_> = to.difference(listed).collect();
        let gone: Vec<_> = listed.difference(to).collect();
        assert!(new.is_empty() && gone.is_empty(), "{from} uses {new:?} and no longer {gone:?}: correct the table of tests/it/modules.rs");
    }
    assert_eq!(found.len(), table.len(), "the table lists a module that is gone");
}
