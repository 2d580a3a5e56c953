//! The shape of the workspace: which crate may touch which, and what `core` may not touch at all.

/// The table of bounds.
mod bounds;
/// Requests of the clients in use.
mod clients;
/// Citations of HubSpot's facts.
mod facts;
/// How long files are.
mod length;
/// Which module of a crate uses which: no circles.
mod modules;
/// The table of refusals: its page, its emitters, and how the doctor reads it.
mod refusals;

mod snippets;
mod strict;
/// Where the code of others comes from.
mod supply_chain;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// Inner edges, all of them (docs/ARCHITECTURE.md). `cli` may use every room; it wires them. `fuzz` feeds them all.
const EDGES: [(&str, &[&str]); 18] = [
    ("keyway-core", &[]),
    ("keyway-advice", &["keyway-core"]),
    ("keyway-oauth", &["keyway-core"]),
    ("keyway-scan", &["keyway-core"]),
    ("keyway-objects", &["keyway-core"]),
    ("keyway-portal", &["keyway-core", "keyway-objects"]),
    ("keyway-api", &["keyway-advice", "keyway-core"]),
    ("keyway-ground", &["keyway-core"]),
    ("keyway-audit", &["keyway-core", "keyway-ground"]),
    ("keyway-upstream", &["keyway-core", "keyway-ground", "keyway-oauth"]),
    ("keyway-deliver", &["keyway-core", "keyway-ground", "keyway-upstream"]),
    ("keyway-cassette", &["keyway-core", "keyway-upstream"]),
    ("keyway-control", &["keyway-advice", "keyway-api", "keyway-audit", "keyway-core", "keyway-ground", "keyway-oauth", "keyway-upstream"]),
    (
        "keyway-gateway",
        &[
            "keyway-advice",
            "keyway-api",
            "keyway-audit",
            "keyway-control",
            "keyway-core",
            "keyway-ground",
            "keyway-oauth",
            "keyway-upstream",
        ],
    ),
    ("keyway-console", &["keyway-advice", "keyway-api", "keyway-core", "keyway-gateway", "keyway-oauth"]),
    ("keyway-mcp", &["keyway-core"]),
    (
        "keyway",
        &[
            "keyway-advice",
            "keyway-api",
            "keyway-cassette",
            "keyway-console",
            "keyway-core",
            "keyway-deliver",
            "keyway-gateway",
            "keyway-mcp",
            "keyway-portal",
            "keyway-scan",
        ],
    ),
    ("keyway-fuzz", &["keyway-advice", "keyway-core", "keyway-gateway", "keyway-oauth", "keyway-portal", "keyway-scan"]),
];

/// What `core` may build on: nothing that does IO, waits, or asks for the time or randomness.
const CORE_MAY_USE: [&str; 9] = ["blake3", "foldhash", "form_urlencoded", "jiff", "memchr", "schemars", "serde", "serde_json", "thiserror"];

/// What `objects` may build on besides: the types of a call, parsers without IO, and the log.
const OBJECTS_MAY_USE: [&str; 5] = ["aho-corasick", "bytes", "csv-core", "http", "tracing"];

/// Calls that would make a decision depend on more than its arguments.
const CORE_MUST_NOT_CALL: [&str; 9] =
    ["std::fs", "std::net", "std::env", "std::process", "SystemTime", "Instant::now", "Timestamp::now", "getrandom", "async fn"];

fn normal_dependencies() -> Vec<(String, BTreeSet<String>)> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version", "1", "--offline", "--manifest-path"])
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../Cargo.toml"))
        .output()
        .expect("cargo runs, since it runs this test");
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo metadata prints JSON");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let packages = metadata["packages"].as_array().expect("packages").iter();
    packages
        .map(|package| {
            let dependencies = package["dependencies"].as_array().expect("dependencies").iter();
            (
                text(&package["name"]),
                dependencies.filter(|dependency| dependency["kind"].is_null()).map(|dependency| text(&dependency["name"])).collect(),
            )
        })
        .collect()
}

#[test]
fn crates_touch_only_the_crates_they_may() {
    for (package, dependencies) in normal_dependencies() {
        let allowed =
            EDGES.iter().find(|(name, _)| *name == package).unwrap_or_else(|| panic!("{package} is not a room of docs/ARCHITECTURE.md")).1;
        let inner: Vec<&String> = dependencies.iter().filter(|name| name.starts_with("keyway")).collect();
        assert!(inner.iter().all(|name| allowed.contains(&name.as_str())), "{package} may use {allowed:?} and uses {inner:?}");
    }
}

/// Ways to write foreign text that leave its controls as they are. `core::shown` has the others.
const MUST_NOT_SHOW: [&str; 3] = [".display()", "println!", "eprintln!"];

#[test]
fn foreign_text_is_shown_in_one_way() {
    for room in [
        "core", "advice", "scan", "objects", "portal", "api", "ground", "audit", "upstream", "deliver", "cassette", "control", "gateway",
        "console", "oauth", "mcp", "cli",
    ] {
        let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(room).join("src")];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(&folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|extension| extension == "rs") {
                    let text = std::fs::read_to_string(&path).unwrap();
                    let found = MUST_NOT_SHOW
                        .iter()
                        .find(|way| text.lines().any(|line| !line.trim_start().starts_with("//") && line.contains(**way)));
                    assert!(found.is_none(), "{path:?} writes with {}: names may hold anything; use keyway_core::shown", found.unwrap());
                    // Only what makes output harmless writes to a terminal.
                    let writes = !path.ends_with("cli/src/print.rs") && text.contains("writeln!(std::io::stdout()");
                    assert!(!writes, "{path:?} writes to stdout itself; use what cli/src/print.rs has");
                }
            }
        }
    }
}

#[test]
fn core_builds_on_nothing_that_does_io() {
    let packages = normal_dependencies();
    for (pure, own) in [("keyway-core", &[][..]), ("keyway-advice", &[]), ("keyway-objects", &OBJECTS_MAY_USE)] {
        let (_, dependencies) = packages.iter().find(|(name, _)| name == pure).expect("the crate is there");
        for dependency in dependencies.iter().filter(|dependency| *dependency != "keyway-core") {
            assert!(
                CORE_MAY_USE.contains(&dependency.as_str()) || own.contains(&dependency.as_str()),
                "{pure} must not depend on {dependency}: decisions stay testable without IO; put this in gateway or portal"
            );
        }
    }
}

#[test]
fn core_calls_nothing_that_does_io() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = ["../advice/src", "../objects/src"].map(|other| Path::new(env!("CARGO_MANIFEST_DIR")).join(other)).to_vec();
    folders.push(src);
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("the sources are there") {
            let path = entry.expect("the sources can be listed").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(&path).expect("sources are text");
            for call in CORE_MUST_NOT_CALL {
                assert!(
                    !text.contains(call),
                    "{} uses {call}: time, randomness and IO are arguments of core, advice and objects",
                    path.display()
                );
            }
            files += 1;
        }
    }
    assert!(files > 10, "found {files} files");
}
