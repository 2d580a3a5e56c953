//! The table of bounds in docs/operations.md names tests that exist.

use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The files of a folder and below, from the root of the repository.
fn files(folder: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path.strip_prefix(root()).unwrap().to_string_lossy().into_owned());
            }
        }
    }
    found
}

#[test]
fn each_bound_names_a_test_that_exists() {
    let page = std::fs::read_to_string(root().join("docs/operations.md")).unwrap();
    let table = page.split("\n## Bounds\n").nth(1).and_then(|rest| rest.split("\n## ").next()).unwrap();
    let rows: Vec<Vec<&str>> = table
        .lines()
        .filter(|line| line.starts_with("| "))
        .skip(2)
        .map(|line| line.trim_matches('|').split(" | ").map(str::trim).collect())
        .collect();
    assert!(rows.len() > 30, "the table is there");
    let files: Vec<String> = ["crates", "tests"].into_iter().flat_map(files).filter(|file| !file.contains("node_modules")).collect();
    let script = std::fs::read_to_string(root().join("test.sh")).unwrap();
    for row in rows {
        let (bound, tests) = (row[0], row.last().unwrap());
        let named: Vec<&str> = tests.split('`').skip(1).step_by(2).collect();
        assert!(!named.is_empty(), "{bound}: name its test");
        for name in named {
            let holds_tests = |file: &&String| {
                let text = std::fs::read_to_string(root().join(file)).unwrap();
                let marks = ["#[test]", "#[tokio::test]", "proptest!", "def test_"];
                marks.iter().any(|mark| text.contains(mark)) || script.contains(&format!("python3 {file}"))
            };
            let ends = |file: &&String| **file == *name || file.ends_with(&format!("/{name}"));
            assert!(files.iter().filter(ends).any(|file| holds_tests(&file)), "{bound}: {name} holds no test");
        }
    }
}
