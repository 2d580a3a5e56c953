//! The table of refusals and what reads it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use keyway_core::refusal::{PAGE_BEGIN, PAGE_END, Refusal, page};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// `KEYWAY_WRITE_ERRORS=1` writes the page.
#[test]
fn the_page_of_errors_is_the_table() {
    let path = root().join("docs/errors.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once(PAGE_BEGIN).unwrap();
    let (found, after) = rest.split_once(PAGE_END).unwrap();
    let expected = page();
    if std::env::var_os("KEYWAY_WRITE_ERRORS").is_some() {
        std::fs::write(path, format!("{before}{PAGE_BEGIN}{expected}{PAGE_END}{after}")).unwrap();
        return;
    }
    assert!(found == expected, "write it with KEYWAY_WRITE_ERRORS=1 cargo nextest run -p keyway-core -E 'test(page_of_errors)'");
}

/// The code of a folder, less what stands in tests.
fn sources(folder: &Path, into: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|ending| ending == "rs")
            && !path.ends_with("tests.rs")
            && !path.iter().any(|part| part == "tests")
        {
            let text = std::fs::read_to_string(&path).unwrap();
            let code = text.split("#[cfg(test)]").next().unwrap_or_default().to_owned();
            into.push((path.strip_prefix(root()).unwrap().to_string_lossy().into_owned(), code));
        }
    }
}

/// What makes an error from a text.
const MAKE_AN_ERROR: [&str; 4] = ["ErrorBody::new", "ErrorBody::validation", "ErrorBody::not_found", "ErrorBody::conflict"];

#[test]
fn structure_no_error_is_made_outside_of_the_tables() {
    let mut files = Vec::new();
    for room in ["audit", "upstream", "cassette", "control", "gateway", "console", "objects", "portal", "oauth", "cli"] {
        sources(&root().join("crates").join(room).join("src"), &mut files);
    }
    assert!(files.len() > 250, "{}", files.len());
    let is_own = |category: &&str| category.contains('_') && !Refusal::is_category_of_hubspot(category);
    let own: BTreeSet<&str> = Refusal::all().map(Refusal::category).filter(is_own).collect();
    let names: BTreeSet<&str> = Refusal::all().map(Refusal::name).filter(|name| name.contains('-')).collect();
    let mut wrong = Vec::new();
    for (file, code) in &files {
        // A fault rule answers in HubSpot's place, and so does the table of validation errors.
        let is_hubspots = file.starts_with("crates/objects/src/invalid") || file.ends_with("pipeline/faults.rs");
        // An embedded account takes the entries of an error from its table as well.
        let is_of_account = file.starts_with("crates/objects/") || file.starts_with("crates/portal/");
        let makes_entry = is_of_account && code.contains("ErrorDetail::new");
        if !is_hubspots && (makes_entry || MAKE_AN_ERROR.iter().any(|made| code.contains(made))) {
            wrong.push(format!("{file}: makes an error without a row"));
        }
        for word in own.iter().chain(&names).filter(|word| code.contains(&format!("\"{word}\""))) {
            wrong.push(format!("{file}: {word}"));
        }
    }
    assert!(wrong.is_empty(), "name the variant of core::refusal, or the row of objects::invalid:\n{}", wrong.join("\n"));
}
