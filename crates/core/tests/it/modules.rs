//! No module of a crate reaches itself over others.

#[allow(dead_code)]
mod graph;

use std::path::{Path, PathBuf};

#[test]
fn structure_no_module_reaches_itself() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut looked_at = 0;
    for entry in std::fs::read_dir(&crates).expect("the crates are there") {
        let entry = entry.expect("the crates can be listed");
        let name = entry.file_name().to_string_lossy().into_owned();
        let edges = graph::edges(&entry.path().join("src"));
        let circle = graph::in_a_circle(&edges).join(" ");
        assert_eq!(circle, "", "{name}: a use goes up; move what is used below both");
        looked_at += 1;
    }
    assert!(looked_at > 8, "{looked_at} crates");
}

/// The modules that `a` uses, where this is the text of a file.
fn used_by(path: &str, text: &str) -> String {
    let others = ["a.rs", "b.rs", "c.rs", "d.rs"].map(|file| (PathBuf::from(file), String::new()));
    let top = (PathBuf::from("lib.rs"), "mod a; mod b; pub use b::{Thing, inner::Other as Third}; pub const LONGEST: u8 = 1;".to_owned());
    let files = others.into_iter().chain([top, (PathBuf::from(path), text.to_owned())]);
    let uses = &graph::edges_of(&files.collect::<Vec<_>>())["a"];
    uses.iter().map(String::as_str).collect::<Vec<_>>().join(" ")
}

#[test]
fn structure_uses_are_seen_in_every_form() {
    for (path, text, uses) in [
        ("a.rs", "use crate::b::Thing;", "b"),
        ("a.rs", "use super::b::Thing;", "b"),
        ("a.rs", "use crate::{b, c::{Thing, d}};", "b c"),
        ("a.rs", "use super::{b::{self, Thing}, c};", "b c"),
        ("a.rs", "fn f() { super::b::f(crate::c::g()) }", "b c"),
        ("a.rs", "mod inner { use super::super::b; use super::c; }", "b"),
        ("a/part.rs", "use super::super::b; use super::c; use super::super::{c::d};", "b c"),
        ("a/part/of.rs", "use super::super::super::b; use super::super::c;", "b"),
        // What a crate's top exports is a thing of its module; what it defines itself is a thing of the top.
        ("a.rs", "use crate::{Thing as Fourth};", "b"),
        ("a.rs", "use super::Third;", "b"),
        ("a.rs", "use super::{LONGEST, a::f};", "lib"),
        ("a.rs", "#[cfg(test)] use crate::b; use crate::c; #[cfg(test)] mod tests { use super::super::d; }", "c"),
        ("a.rs", "// crate::b\n/* super::c */ const TEXT: &str = \"crate::d \\\" crate::b\"; const RAW: &str = r#\"super::c\"#;", ""),
        ("a.rs", "const QUOTE: char = '\"'; use crate::b; const OTHER: char = '\\'';", "b"),
    ] {
        assert_eq!(used_by(path, text), uses, "{path}: {text}");
    }
}

#[test]
fn structure_a_circle_is_found_over_others() {
    let files =
        [("a.rs", "use super::b::f;"), ("b.rs", "use crate::{c};"), ("c.rs", "fn f() { super::a::g() }"), ("d.rs", "use crate::a;")];
    let files: Vec<_> = files.map(|(path, text)| (PathBuf::from(path), text.to_owned())).into();
    assert_eq!(graph::in_a_circle(&graph::edges_of(&files)), ["a", "b", "c"]);
}
