//! docs/coverage.md is what the program says of itself.

use keyway_core::catalog::{Catalog, Resolution};
use keyway_core::path::NormalPath;

use crate::harness::Keyway;

/// Every request that clients send (tests/catalog/requests.py).
const REQUESTS: &str = include_str!("../../../../tests/catalog/requests.tsv");
/// The clients whose counts docs/testing.md states, and how many of its requests an account answers at least.
const CLIENTS: [(&str, usize); 3] = [("@hubspot/api-client", 640), ("hubspot-api-client", 600), ("hubspot-sdk", 600)];

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
    assert_eq!(of("GET", "/automation/v4/flows")["served"], true);
    assert_eq!(of("GET", "/forecast-settings/v3/forecast-types")["served"], false);
    assert_eq!(of("POST", "/oauth/2026-09/token")["served"], true);
    let level = |method: &str, path: &str| of(method, path)["documents"].clone();
    assert_eq!(
        (level("POST", "/cms/v3/pages/site-pages/schedule"), level("POST", "/crm/v3/extensions/cards-dev/{appId}")),
        (false.into(), true.into())
    );
    assert!(operations.iter().all(|one| one["documents"] == false || one["served"] == true));
    let found = keyway.run(&["portal", "coverage", "--find", "CARDS-DEV/{appId}/{cardId}"]).stdout;
    let found = String::from_utf8(found).unwrap();
    assert!(found.contains("DELETE") && found.contains("documents") && !found.contains("/settings"), "{found}");
    // What is tested is served.
    assert!(operations.iter().all(|one| one["tested"] == false || one["served"] == true));
}

#[test]
fn the_guide_says_how_many_requests_of_the_official_clients_are_served() {
    let keyway = Keyway::start(&["--ephemeral"]);
    let answer = keyway.json(&["portal", "coverage"]);
    let served = answer["operations"].as_array().unwrap().iter().filter(|one| one["served"] == true);
    let served: std::collections::HashSet<String> =
        served.map(|one| format!("{} {}", one["method"].as_str().unwrap(), one["path"].as_str().unwrap())).collect();
    let guide = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/testing.md")).unwrap();
    for (client, at_least) in CLIENTS {
        let (mut all, mut missing) = (0, Vec::new());
        for line in REQUESTS.lines().skip(1) {
            let [method, path, example, clients] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("four columns: {line}") };
            if !clients.split(' ').any(|own| own == client) {
                continue;
            }
            all += 1;
            let known = match Catalog::get().resolve(method, &NormalPath::parse(example).unwrap()) {
                Resolution::Found(operation) => served.contains(&operation.to_string()),
                _ => false,
            };
            if !known {
                missing.push(format!("{method} {path}"));
            }
        }
        let row = format!("| `{client}` | {all} | {} |", all - missing.len());
        assert!(guide.contains(&row), "docs/testing.md does not have {row}; not served: {missing:#?}");
        assert!(all - missing.len() >= at_least, "{client}: {missing:#?}");
    }
}
