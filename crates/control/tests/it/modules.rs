//! Which module of the control plane may use which. No module may reach itself: a test of `core` looks at all crates.

use std::path::Path;

#[path = "../../../core/tests/it/modules/graph.rs"]
#[allow(dead_code)]
mod graph;

/// All uses, by module. A new one is a decision: add it here, and see that it goes down.
const EDGES: [(&str, &str); 20] = [
    ("attention", "clock model"),
    ("authority", "model"),
    ("backup", "clock store"),
    ("boxed", ""),
    ("clock", ""),
    ("control", "attention authority boxed clock model notify principal registry store totp"),
    ("double", "boxed repeat"),
    ("live", ""),
    ("migrate", "store"),
    ("model", "role"),
    ("notifier", "attention authority clock control live model notify registry"),
    ("notify", "live model targets"),
    ("principal", "model role"),
    ("registry", "clock double model repeat"),
    ("repeat", ""),
    ("role", ""),
    ("store", "clock model principal vault"),
    ("targets", ""),
    ("totp", ""),
    ("vault", ""),
];

#[test]
fn structure_each_module_uses_what_the_table_says() {
    graph::compare(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &EDGES);
}
