//! docs/coverage.md is what the program says of itself.

use crate::harness::Keyway;

#[test]
fn the_page_of_what_is_covered_is_as_the_program_makes_it() {
    let keyway = Keyway::start(&["--ephemeral"]);
    let made = String::from_utf8(keyway.run(&["portal", "coverage", "--markdown"]).stdout).unwrap();
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/coverage.md")).unwrap();
    assert!(
        made == page,
        "docs/coverage.md is not as it is made; with a server running: keyway portal coverage --markdown > docs/coverage.md"
    );
    let answer = keyway.json(&["portal", "coverage"]);
    let operations = answer["operations"].as_array().unwrap();
    let of = |method: &str, path: &str| operations.iter().find(|one| one["method"] == method && one["path"] == path).unwrap().clone();
    assert_eq!(of("GET", "/crm/v3/objects/contacts")["served"], true);
    assert_eq!(of("GET", "/contacts/v1/lists/all/contacts/all")["served"], true);
    assert_eq!(of("POST", "/contacts/v1/contact")["served"], true);
    assert_eq!(of("GET", "/automation/v4/flows")["served"], false);
    assert_eq!(of("POST", "/oauth/2026-09/token")["served"], true);
    // What is tested is served.
    assert!(operations.iter().all(|one| one["tested"] == false || one["served"] == true));
}
