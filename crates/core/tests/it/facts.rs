//! Every citation of docs/hubspot-facts.md names a section that is there.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// What a citation begins with.
const CITED: &str = "hubspot facts, section";

fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Texts of a folder, without what is built or installed.
fn texts(folder: &Path, found: &mut Vec<(PathBuf, String)>) {
    for entry in std::fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("the folder can be listed").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            if !matches!(name.as_str(), "target" | "node_modules" | "seeds") {
                texts(&path, found);
            }
        } else if ["rs", "md", "py", "js", "toml", "tsv"].iter().any(|ext| name.ends_with(&format!(".{ext}"))) {
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            found.push((path, text));
        }
    }
}

/// A text in one line, without the marks of its comments.
fn in_one_line(text: &str) -> String {
    let words = text.split_whitespace().filter(|word| !matches!(*word, "///" | "//!" | "//" | "#"));
    words.collect::<Vec<_>>().join(" ").to_lowercase()
}

#[test]
fn every_cited_section_of_the_hubspot_facts_is_there() {
    let facts = std::fs::read_to_string(top().join("docs/hubspot-facts.md")).expect("the facts are there");
    let headings = facts.lines().filter_map(|line| line.trim_start_matches('#').trim().split_once(". ").filter(|_| line.starts_with("##")));
    let sections: BTreeSet<&str> = headings.map(|(number, _)| number).collect();
    assert!(sections.contains("1") && sections.contains("2a"), "{sections:?}");
    let mut found = Vec::new();
    ["crates", "docs", "tests", "data"].iter().for_each(|folder| texts(&top().join(folder), &mut found));
    let mut citations = 0;
    for (path, text) in found.iter().filter(|(path, _)| !path.ends_with("docs/hubspot-facts.md") && !path.ends_with("it/facts.rs")) {
        let line = in_one_line(text);
        for (at, _) in line.match_indices(CITED) {
            let rest = line[at + CITED.len()..].trim_start_matches('s');
            let list: String = rest.chars().take_while(|one| !matches!(one, ')' | ';' | ':' | '.' | '"' | '(')).collect();
            let mut named =
                list.split([' ', ',']).filter(|word| word.starts_with(|one: char| one.is_ascii_digit()) && word.len() <= 2).peekable();
            assert!(named.peek().is_some(), "{}: a citation names no section: {list}", path.display());
            for section in named {
                assert!(sections.contains(section), "{}: hubspot facts have no section {section}", path.display());
            }
            citations += 1;
        }
    }
    assert!(citations > 60, "found {citations} citations");
}
