//! Which module of the gateway may use which. No module may reach itself: a test of `core` looks at all crates.

use std::path::Path;

#[path = "../../../core/tests/it/modules/graph.rs"]
#[allow(dead_code)]
mod graph;

/// All uses, by module. A new one is a decision: add it here, and see that it goes down.
const EDGES: [(&str, &str); 37] = [
    (
        "admin",
        "agents attention authority clock control coverage double guesses history live metrics model notifier notify oidc pipeline principal proxy registry store tokens webhooks",
    ),
    ("admin_listener", "admin held server"),
    ("agents", "clock control guesses model registry"),
    ("attention", "clock model"),
    ("authority", "model"),
    ("backend", "boxed model"),
    ("backup", "clock store"),
    ("boxed", ""),
    ("clock", ""),
    ("control", "attention authority boxed clock model notify principal registry store totp"),
    ("coverage", "pipeline"),
    ("double", "boxed repeat"),
    ("guesses", ""),
    ("held", ""),
    ("history", ""),
    ("known", ""),
    ("live", ""),
    ("metrics", "backend"),
    ("migrate", "store"),
    ("model", "role"),
    ("notifier", "attention authority clock control live model notify registry"),
    ("notify", "live model targets"),
    ("oidc", "clock principal"),
    ("pipeline", "backend clock control double guesses held known live metrics model pulse registry store tokens"),
    ("principal", "model role"),
    ("proxy", "authority clock control live metrics pipeline server"),
    ("pulse", ""),
    ("registry", "clock double model repeat"),
    ("repeat", ""),
    ("role", ""),
    ("server", "live pipeline pulse"),
    ("store", "clock model principal vault"),
    ("targets", ""),
    ("tokens", "clock control registry store"),
    ("totp", ""),
    ("vault", ""),
    ("webhooks", "clock control double live registry targets"),
];

#[test]
fn structure_each_module_uses_what_the_table_says() {
    graph::compare(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &EDGES);
}
