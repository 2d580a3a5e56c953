//! Files are short enough to read at once.

use std::path::{Path, PathBuf};

/// Lines of a file at most, except for [`TABLES`].
const LINES_MAX: usize = 500;
/// Lines of all files but the longest tenth, at most.
const LINES_OF_NINE_IN_TEN: usize = 330;
/// Declarations without decisions, each of which is read by its rows.
const TABLES: [&str; 5] = [
    "advice/src/doctor/rules/command_line.rs",
    "advice/src/doctor/rules/install.rs",
    "advice/src/doctor/rules/network.rs",
    "api/src/body.rs",
    "api/src/view.rs",
];

/// The source files of all crates without their tests, and the number of lines of each.
fn files() -> Vec<(usize, String)> {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut found = Vec::new();
    let mut folders: Vec<PathBuf> = std::fs::read_dir(&crates).unwrap().map(|entry| entry.unwrap().path().join("src")).collect();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(&crates).unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                folders.push(path);
            } else if name.ends_with(".rs") && !name.contains("/tests/") && !name.ends_with("tests.rs") {
                found.push((std::fs::read_to_string(&path).unwrap().lines().count(), name));
            }
        }
    }
    found.sort();
    found
}

#[test]
fn structure_only_tables_are_long() {
    let long = files().into_iter().filter(|(lines, name)| *lines > LINES_MAX && !TABLES.contains(&name.as_str()));
    let long: Vec<String> = long.map(|(lines, name)| format!("{name}: {lines} lines")).collect();
    assert_eq!(long, [""; 0], "split each by what its parts do");
}

#[test]
fn structure_nine_files_in_ten_are_short() {
    let files = files();
    let (lines, name) = &files[files.len() * 9 / 10];
    assert!(
        *lines <= LINES_OF_NINE_IN_TEN,
        "a tenth of {} files is longer than {lines} lines ({name}): split those with two subjects",
        files.len()
    );
}
