//! The embedded account as a test double: limits that can be switched off, days that have not come,
//! and connected accounts that none of it touches.

use crate::connection::{base, connected_by, hubspot};
use crate::harness::Keyway;

const CONTACTS: &str = "/crm/v3/objects/contacts";

fn create(keyway: &Keyway, name: &str, options: &[&str]) -> String {
    let made = keyway.json(&[&["app", "create", name, "--scopes", "crm.objects.contacts.read"], options].concat());
    made["token"]["value"].as_str().unwrap().to_owned()
}

#[test]
fn an_app_without_limits_is_refused_for_none_and_its_neighbour_for_the_burst() {
    let keyway = Keyway::start(&["--ephemeral"]);
    let (limited, free) = (create(&keyway, "Sync", &[]), create(&keyway, "Tests", &["--no-limits"]));
    let last = |token: &str| (0..101).fold(0, |_, _| keyway.call(token, "GET", CONTACTS, None).0);
    assert_eq!((last(&limited), last(&free)), (429, 200));
    let shown = String::from_utf8(keyway.run(&["app", "show", "Tests"]).stdout).unwrap();
    assert!(shown.contains("limits       none"), "{shown}");

    keyway.json(&["app", "update", "Tests", "--no-limits=off"]);
    assert_eq!(last(&free), 429);
    keyway.json(&["app", "update", "Tests", "--no-limits"]);
    assert_eq!(keyway.call(&free, "GET", CONTACTS, None).0, 200);
}

#[test]
fn an_app_of_a_connected_account_has_hubspots_limits_whatever_is_asked() {
    let (hubspot, credential) = hubspot();
    let (gateway, _) = connected_by(Keyway::start(&[]), &base(&hubspot), &credential);
    for refused in [
        gateway.run(&["app", "create", "Tests", "--account", "4242", "--no-limits"]),
        gateway.run(&["app", "update", "Sync", "--no-limits"]),
    ] {
        let error = String::from_utf8(refused.stderr).unwrap();
        assert_eq!(refused.status.code(), Some(2), "{error}");
        assert!(error.contains("connected to HubSpot"), "{error}");
    }
}

#[test]
fn as_of_a_day_an_embedded_account_refuses_what_has_ended_and_a_connected_one_does_not() {
    let (hubspot, credential) = hubspot();
    let (gateway, connected) = connected_by(Keyway::start(&["--as-of", "2027-10-01"]), &base(&hubspot), &credential);
    assert!(gateway.screen.contains("as HubSpot will on 2027-10-01"), "{}", gateway.screen);
    let made = gateway.json(&["account", "list"]);
    let embedded =
        made["accounts"].as_array().unwrap().iter().find(|account| account["backend"] == "embedded").unwrap()["hubId"].to_string();
    let embedded = create(&gateway, "Double", &["--account", &embedded]);
    assert_eq!((gateway.call(&embedded, "GET", CONTACTS, None).0, gateway.call(&connected, "GET", CONTACTS, None).0), (404, 200));
    assert_eq!(gateway.call(&embedded, "GET", "/crm/objects/2026-09/contacts", None).0, 200);
}

#[test]
fn a_day_that_is_none_is_refused_before_anything_is_opened() {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_keyway"))
        .args(["serve", "--as-of", "2027-02-30", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("as in 2027-10-01"));
}
