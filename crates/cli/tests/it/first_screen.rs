//! The requests that `serve --demo` prints, run as they are printed, and the quick start that shows them.

use std::process::Command;

use serde_json::Value;

use crate::harness::Keyway;

/// The curl commands of the screen, as a shell takes them.
fn requests(screen: &str) -> Vec<String> {
    screen.split("\n\n").map(str::trim).filter(|block| block.starts_with("curl")).map(str::to_owned).collect()
}

#[test]
fn the_three_requests_do_what_they_say() {
    let keyway = Keyway::start(&["--demo"]);
    let answers: Vec<Value> = requests(&keyway.screen)
        .iter()
        .map(|request| {
            let output = Command::new("sh").args(["-c", request]).output().unwrap();
            serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{request}: {}", String::from_utf8_lossy(&output.stdout)))
        })
        .collect();
    let [contacts, companies, refused] = answers.as_slice() else { panic!("{} requests", answers.len()) };
    assert_eq!(contacts["results"].as_array().unwrap().len(), 2);
    assert_eq!(companies["total"], 40);
    assert_eq!(refused["category"], "MISSING_SCOPES");
    assert_eq!(refused["errors"][0]["context"]["requiredGranularScopes"][0], "crm.objects.contacts.write");
}

#[test]
fn the_printed_requests_go_to_the_address_that_clients_use() {
    let keyway = Keyway::start(&["--demo", "--ephemeral", "--public-url", "https://hubspot.example.com/"]);
    let printed = requests(&keyway.screen);
    assert_eq!(printed.len(), 3);
    for request in printed {
        assert!(request.contains("https://hubspot.example.com/crm/") && !request.contains("127.0.0.1"), "{request}");
    }
}

#[test]
fn a_restart_prints_the_same_requests_and_they_work() {
    let keyway = Keyway::start(&["--demo"]);
    let tokens = |keyway: &Keyway| -> Vec<String> {
        keyway.screen.split("Bearer ").skip(1).map(|rest| rest.split('\'').next().unwrap().to_owned()).collect()
    };
    let before = tokens(&keyway);
    let keyway = Keyway::start_in(keyway.stop(), &["--demo"]);
    assert_eq!(tokens(&keyway), before);
    assert_eq!(keyway.call(&before[0], "GET", "/crm/v3/objects/contacts?limit=1", None).0, 200);
    assert_eq!(keyway.json(&["token", "list", "Demo sync"])["tokens"].as_array().unwrap().len(), 1);

    // A token that somebody ended stays ended.
    let id = keyway.json(&["token", "list", "Demo sync"])["tokens"][0]["id"].to_string();
    keyway.json(&["token", "revoke", &id, "--yes"]);
    let keyway = Keyway::start_in(keyway.stop(), &["--demo"]);
    let after = tokens(&keyway);
    assert_ne!(after[0], before[0]);
    assert_eq!(keyway.call(&before[0], "GET", "/crm/v3/objects/contacts", None).0, 401);
    assert_eq!(keyway.call(&after[0], "GET", "/crm/v3/objects/contacts", None).0, 200);

    // So does the token of an app that somebody deleted: the demo makes the app again, with another token.
    keyway.json(&["app", "delete", "Demo sync", "--yes"]);
    let keyway = Keyway::start_in(keyway.stop(), &["--demo"]);
    let remade = tokens(&keyway);
    assert!(remade[0] != before[0] && remade[0] != after[0], "{remade:?}");
    assert_eq!([&before[0], &after[0]].map(|dead| keyway.call(dead, "GET", "/crm/v3/objects/contacts", None).0), [401; 2]);
    assert_eq!(keyway.call(&remade[0], "GET", "/crm/v3/objects/contacts", None).0, 200);
    let other = Keyway::start(&["--demo"]);
    assert_ne!(tokens(&other), remade, "another data folder has other tokens");
}
