//! What a plan costs: 1,000 operations in 20 integrations, and in one.
//!
//! `cargo bench -p keyway-advice --bench plan`

use divan::{Bencher, black_box};
use keyway_advice::plan::{Found, Integration, Use, plan};
use keyway_core::catalog::Catalog;

fn main() {
    // The catalog is loaded once in a process, and is not what is measured.
    Catalog::get();
    divan::main();
}

/// Every third operation or so of the catalog that scopes open, as a scan reports them.
fn integrations(count: usize) -> Vec<Integration> {
    let mut found: Vec<Integration> = (0..count).map(|at| Integration { name: format!("app {at}"), ..Integration::default() }).collect();
    for (at, operation) in Catalog::get().operations().iter().step_by(3).take(1_000).enumerate() {
        found[at % count].uses.push(Use {
            operation: operation.to_string(),
            object: Some("deals,contacts".into()),
            auth: "bearer".into(),
            place: format!("src/file.py:{at}"),
            ..Use::default()
        });
    }
    found
}

#[divan::bench(args = [1, 20])]
fn a_thousand_operations(bencher: Bencher, apps: usize) {
    let found = Found { integrations: integrations(apps), ..Found::default() };
    bencher.bench(|| plan(black_box(&found), "2026-11-25", "."));
}
