//! Which module of an embedded account's objects may use which. No module may reach itself: a test of `core` looks at all crates.

use std::path::Path;

#[path = "../../../core/tests/it/modules/graph.rs"]
#[allow(dead_code)]
mod graph;

/// All uses, by module. A new one is a decision: add it here, and see that it goes down.
const EDGES: [(&str, &str); 35] = [
    ("call", ""),
    (
        "crm",
        "call derived invalid items kind links lists options pipelines property record request route rules schema sensitive space state table tx value words work",
    ),
    ("derived", "kind links pipelines property record schema space stages state value"),
    ("documents", "pipelines schema space state table"),
    ("importing", "invalid kind links"),
    ("invalid", ""),
    ("items", ""),
    ("journal", "call crm derived items kind links notes property record state tx"),
    ("kind", ""),
    ("links", "kind property"),
    ("lists", ""),
    ("moments", "property record value"),
    ("notes", "derived items kind links record state wanted"),
    ("options", "items state tx"),
    ("pipelines", "kind"),
    ("property", ""),
    ("record", "property schema"),
    ("request", "invalid kind route space work"),
    ("restore", "documents kind property record state"),
    ("route", ""),
    ("rules", "invalid property value"),
    ("schema", "kind pipelines property stages"),
    ("sensitive", "call kind property schema state"),
    ("settle", "derived kind links options property record stages state tx"),
    ("space", "kind pipelines property record schema stages table"),
    ("stages", "kind pipelines property"),
    ("state", "importing items kind links lists schema space table wanted"),
    ("table", "moments property record schema words"),
    ("tx", "derived documents items kind links lists notes pipelines property record space state work"),
    ("value", "invalid property"),
    ("vocabulary", "kind pipelines schema"),
    ("wanted", "kind"),
    ("webhooks", "call invalid items journal kind notes property request sensitive state tx"),
    ("words", "property record"),
    ("work", ""),
];

#[test]
fn structure_each_module_uses_what_the_table_says() {
    graph::compare(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &EDGES);
}
