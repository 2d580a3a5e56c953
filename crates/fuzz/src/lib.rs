//! The fuzz targets: one function for each place where Keyway reads untrusted bytes.
//!
//! A target takes any bytes, and panics if Keyway breaks a rule that the target states. The tests of this crate
//! run each target on its seeds and on random changes of the seeds; `tests/soak.sh` runs each under libFuzzer.

mod audit_file;
mod client;
mod embedded;
mod framing;
#[path = "../../gateway/tests/it/harness.rs"]
#[allow(dead_code)]
mod harness;
mod mask;
mod path;
mod placeholder;
mod plan;
mod rewrite;
mod scan;
mod token;
mod upstream;

use std::path::PathBuf;

/// A place where bytes from outside are read.
#[derive(Clone, Copy)]
pub struct Target {
    /// Its name, also that of its folder in `fuzz/seeds` and of its program in `fuzz/fuzz_targets`.
    pub name: &'static str,
    /// Reads the bytes. Panics where a rule is broken.
    pub run: fn(&[u8]),
    /// How many changed seeds its test tries: fewer where one run takes longer.
    pub cases: u32,
}

/// All targets.
pub const TARGETS: [Target; 14] = [
    Target { name: "path", run: path::path, cases: 4_096 },
    Target { name: "token", run: token::token, cases: 4_096 },
    Target { name: "client", run: client::client, cases: 4_096 },
    Target { name: "framing", run: framing::framing, cases: 256 },
    Target { name: "list_filters", run: embedded::list_filters, cases: 2_048 },
    Target { name: "search", run: embedded::search, cases: 1_024 },
    Target { name: "csv_import", run: embedded::csv_import, cases: 256 },
    Target { name: "audit_file", run: audit_file::audit_file, cases: 64 },
    Target { name: "scan_windows", run: scan::windows, cases: 96 },
    Target { name: "fix", run: rewrite::fix, cases: 2_048 },
    Target { name: "plan_input", run: plan::input, cases: 2_048 },
    Target { name: "doctor", run: plan::doctor, cases: 512 },
    Target { name: "upstream_answer", run: upstream::answer, cases: 1_024 },
    Target { name: "mask", run: mask::mask, cases: 1_024 },
];

/// The target with this name.
///
/// # Panics
/// There is none.
pub fn target(name: &str) -> Target {
    *TARGETS.iter().find(|target| target.name == name).unwrap_or_else(|| panic!("there is no target {name}"))
}

/// The inputs from which a target starts.
///
/// # Panics
/// They can't be read.
pub fn seeds(target: &Target) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds").join(target.name);
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("the seeds can be listed").path()).collect();
    paths.sort();
    paths.into_iter().map(|path| (path.clone(), std::fs::read(&path).expect("a seed can be read"))).collect()
}
