//! Which module of the gateway may use which. No module may reach itself: a test of `core` looks at all crates.

use std::path::Path;

#[path = "../../../core/tests/it/modules/graph.rs"]
#[allow(dead_code)]
mod graph;

/// All uses, by module. A new one is a decision: add it here, and see that it goes down.
const EDGES: [(&str, &str); 17] = [
    ("admin", "agents coverage guesses history metrics oidc pipeline proxy tokens webhooks"),
    ("admin_listener", "admin held server"),
    ("agents", "guesses"),
    ("backend", ""),
    ("coverage", "pipeline"),
    ("guesses", ""),
    ("held", ""),
    ("history", ""),
    ("known", ""),
    ("metrics", "backend"),
    ("oidc", ""),
    ("pipeline", "backend guesses held known metrics pulse tokens"),
    ("proxy", "metrics pipeline server"),
    ("pulse", ""),
    ("server", "pipeline pulse"),
    ("tokens", ""),
    ("webhooks", ""),
];

#[test]
fn structure_each_module_uses_what_the_table_says() {
    graph::compare(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &EDGES);
}
