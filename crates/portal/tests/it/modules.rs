//! Which module of the embedded CRM may use which. No module may reach itself: a test of `core` looks at all crates.

use std::path::Path;

#[path = "../../../core/tests/it/modules/graph.rs"]
#[allow(dead_code)]
mod graph;

/// All uses, by module. A new one is a decision: add it here, and see that it goes down.
const EDGES: [(&str, &str); 11] = [
    ("account", ""),
    ("collections", ""),
    ("copy", "lib seed"),
    ("diff", "copy lib seed"),
    ("durable", ""),
    ("fill", "account collections copy lib perform seed"),
    ("legacy", ""),
    ("lib", "account collections durable perform seed workers"),
    ("perform", "account collections durable legacy workers"),
    ("seed", ""),
    ("workers", ""),
];

#[test]
fn structure_each_module_uses_what_the_table_says() {
    graph::compare(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &EDGES);
}
