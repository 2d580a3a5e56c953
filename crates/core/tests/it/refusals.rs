//! The table of refusals and what reads it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use keyway_core::doctor::{Certainty, diagnose, read};
use keyway_core::error_body::ErrorDetail;
use keyway_core::refusal::{Doctor, PAGE_BEGIN, PAGE_END, Refusal, page};
use keyway_core::time::Timestamp;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Whether a cause of the doctor is the row of a refusal, which the tests below try.
pub fn explains(cause: &str) -> bool {
    Refusal::all().any(|refusal| matches!(refusal.doctor(), Doctor::Row(own) if own == cause))
}

/// The surest cause of a text, and whether nothing else fits.
fn first(text: &str) -> (String, bool) {
    let evidence = read(text).into_iter().next().unwrap_or_else(|| panic!("nothing is read in {text}"));
    let found = diagnose(&evidence, Timestamp::parse_iso("2026-11-25").unwrap());
    let certain = found.iter().filter(|found| found.certainty == Certainty::Certain).count();
    let first = found.first().unwrap_or_else(|| panic!("no cause of {text}"));
    assert!(!first.remedy.is_empty() && !first.because.is_empty(), "{text}");
    (first.cause.to_string(), certain == 1)
}

/// An answer whose sentences are other ones than Keyway's: translated by a client, or of another version.
fn reworded(refusal: Refusal) -> String {
    let error = refusal.error("Quelque chose ne va pas").detail(ErrorDetail::new("keyway: autre chose"));
    String::from_utf8(error.to_json("0199a1b2-0000-7000-8000-000000000001")).unwrap()
}

#[test]
fn the_doctor_knows_a_refusal_by_its_name_and_by_no_sentence() {
    for refusal in Refusal::all().filter(|refusal| *refusal != Refusal::OutcomeUnknown) {
        let Doctor::Row(cause) = refusal.doctor() else { continue };
        let (name, status) = (refusal.name(), refusal.status().unwrap_or(500));
        let body = reworded(refusal);
        let by_header = [
            format!("< HTTP/1.1 {status} Refused\n< keyway-rule: {name}\n"),
            format!("{status} Server Error headers={{'Keyway-Rule': '{name}'}}"),
            format!("POST https://keyway.example.com/crm/v3/objects/contacts\nHTTP/1.1 {status}\nkeyway-rule: {name}\n\n{body}"),
        ];
        // A fault rule's body is HubSpot's own: that is what it is for.
        let by_body = [
            body.clone(),
            format!("ERROR {status} {body}"),
            body.replace(':', "=>").replace("keyway=> ", "keyway: "),
            format!("Error: Request failed with status code {status}\n  data: {}", body.replace('"', "'")),
        ];
        let by_body = by_body.iter().filter(|_| refusal != Refusal::Fault);
        for text in by_header.iter().chain(by_body) {
            assert_eq!(first(text), (cause.to_owned(), true), "{text}");
        }
    }
}

#[test]
fn a_category_that_several_refusals_have_leaves_each_likely_and_one_of_hubspots_accuses_nobody() {
    let now = Timestamp::parse_iso("2026-11-25").unwrap();
    let causes = |category: &str| -> Vec<_> {
        let text = format!(r#"{{"status":"error","message":"x","correlationId":"c-1","category":"{category}"}}"#);
        read(&text).iter().flat_map(|evidence| diagnose(evidence, now)).map(|found| (found.cause.into_owned(), found.certainty)).collect()
    };
    assert_eq!(causes("CONNECTION_REVOKED"), [("connection-revoked".to_owned(), Certainty::Certain)]);
    let unavailable = causes("SERVICE_UNAVAILABLE");
    assert!(unavailable.len() > 3 && unavailable.iter().all(|(_, certainty)| *certainty == Certainty::Likely), "{unavailable:?}");
    assert!(causes("INVALID_AUTHENTICATION").iter().all(|(cause, _)| !explains(cause)));
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

#[test]
fn structure_no_refusal_is_made_outside_of_the_table() {
    let mut files = Vec::new();
    for room in ["audit", "upstream", "gateway", "portal", "oauth", "cli"] {
        sources(&root().join("crates").join(room).join("src"), &mut files);
    }
    assert!(files.len() > 250, "{}", files.len());
    let is_own = |category: &&str| category.contains('_') && !Refusal::is_category_of_hubspot(category);
    let own: BTreeSet<&str> = Refusal::all().map(Refusal::category).filter(is_own).collect();
    let names: BTreeSet<&str> = Refusal::all().map(Refusal::name).filter(|name| name.contains('-')).collect();
    let mut wrong = Vec::new();
    for (file, code) in &files {
        // An embedded account, and a fault rule in its place, answer as HubSpot does.
        let is_hubspots = file.starts_with("crates/portal/") || file.ends_with("pipeline/faults.rs");
        if !is_hubspots
            && ["ErrorBody::new(", "ErrorBody::validation(", "ErrorBody::not_found(", "ErrorBody::conflict("]
                .iter()
                .any(|made| code.contains(made))
        {
            wrong.push(format!("{file}: makes an error without a row"));
        }
        for word in own.iter().chain(&names).filter(|word| code.contains(&format!("\"{word}\""))) {
            wrong.push(format!("{file}: {word}"));
        }
    }
    assert!(wrong.is_empty(), "name the variant of core::refusal instead:\n{}", wrong.join("\n"));
}
