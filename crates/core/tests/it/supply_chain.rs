//! Where the code of others comes from (docs/security.md, "Supply chain").

use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// The registry that every dependency comes from.
const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// What a build script would use to fetch something.
const FETCHES: [&str; 8] = ["TcpStream", "std::net", "reqwest", "ureq", "\"curl\"", "\"wget\"", "git clone", "hyper::"];

fn packages() -> Vec<Value> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked", "--manifest-path"])
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../Cargo.toml"))
        .output()
        .expect("cargo runs, since it runs this test");
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    metadata["packages"].as_array().expect("packages").clone()
}

#[test]
fn every_dependency_comes_from_the_registry_with_its_hash_in_the_lock_file() {
    let lock = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../Cargo.lock")).expect("the lock file is there");
    for package in lock.split("[[package]]").skip(1) {
        let name = package.lines().find(|line| line.starts_with("name")).expect("a package has a name");
        if name.starts_with("name = \"keyway") {
            continue;
        }
        assert!(package.contains(&format!("source = \"{REGISTRY}\"")), "{name} comes from elsewhere");
        assert!(package.contains("checksum = \""), "{name} has no hash");
    }
}

#[test]
fn no_build_script_fetches_anything() {
    let mut scripts = 0;
    for package in packages() {
        for target in package["targets"].as_array().expect("targets") {
            if target["kind"][0] != "custom-build" {
                continue;
            }
            let path = target["src_path"].as_str().expect("a path");
            let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{path}: {error}"));
            for word in FETCHES {
                assert!(!text.contains(word), "{}: its build script has {word}; read it before you take it in", package["name"]);
            }
            scripts += 1;
        }
    }
    assert!(scripts > 20, "found {scripts} build scripts");
}
