//! `keyway fix` as a user runs it: shown first, written whole, and never outside of the tree.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Output};

fn fix(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_keyway")).arg("fix").args(arguments).current_dir(folder).output().unwrap()
}

const BEFORE: &str =
    "import requests\nKEY = 'demo'\nrequests.get('https://api.hubapi.com/crm/v3/objects/contacts', params={'hapikey': KEY})\n";

#[test]
fn the_difference_is_shown_and_nothing_is_written_until_it_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sync.py");
    fs::write(&file, BEFORE).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o750)).unwrap();
    let shown = fix(folder.path(), &[]);
    let diff = String::from_utf8(shown.stdout).unwrap();
    assert_eq!(shown.status.code(), Some(1));
    assert!(diff.contains("--- a/sync.py\n+++ b/sync.py\n@@ ") && diff.contains("\n+import os\n"), "{diff}");
    assert_eq!(fs::read_to_string(&file).unwrap(), BEFORE);

    assert_eq!(fix(folder.path(), &["--write"]).status.code(), Some(0));
    let after = fs::read_to_string(&file).unwrap();
    assert!(after.contains("/crm/objects/2026-09/contacts") && !after.contains("hapikey"), "{after}");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o750);
    assert_eq!(fs::read_to_string(folder.path().join(".env.example")).unwrap(), "HUBSPOT_ACCESS_TOKEN=\nHUBSPOT_BASE_URL=\n");
    let names: Vec<String> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(names.len(), 2, "nothing else is left behind: {names:?}");
    // What `diff` shows is what `patch` takes.
    let again = fix(folder.path(), &["--write"]);
    assert_eq!((again.status.code(), fs::read_to_string(&file).unwrap()), (Some(0), after));
}

#[test]
fn links_out_of_the_tree_are_not_followed() {
    let (folder, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let target = outside.path().join("real.py");
    fs::write(&target, BEFORE).unwrap();
    symlink(&target, folder.path().join("link.py")).unwrap();
    symlink(outside.path(), folder.path().join("folder")).unwrap();
    assert_eq!(fix(folder.path(), &["--write"]).status.code(), Some(0));
    assert_eq!(fs::read_to_string(&target).unwrap(), BEFORE);
    assert_eq!(fix(folder.path(), &["--write", "link.py"]).status.code(), Some(2));
    // An example that leads elsewhere is not written through.
    symlink(outside.path().join("example"), folder.path().join(".env.example")).unwrap();
    fs::write(folder.path().join("own.py"), BEFORE).unwrap();
    assert_eq!(fix(folder.path(), &["--write"]).status.code(), Some(2));
    assert!(!outside.path().join("example").exists());
}

#[test]
fn what_is_left_is_told_with_its_line_and_reason_and_no_secret_is() {
    let folder = tempfile::tempdir().unwrap();
    let token = format!("pat-{}-{}", "na1", "3f9c2b7e-5a1d-4c86-9e02-b7d41f6a8c53");
    fs::write(folder.path().join("a.go"), format!("package a\n\nconst token = \"{token}\"\n")).unwrap();
    let output = fix(folder.path(), &["--write", "--json"]);
    let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert_eq!(output.status.code(), Some(1), "{err}");
    let report: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((report["version"].as_u64(), report["files"][0]["left"][0]["line"].as_u64()), (Some(1), Some(3)));
    assert!(!out.contains(&token) && !err.contains(&token));
}
