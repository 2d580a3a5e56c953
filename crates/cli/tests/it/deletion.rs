//! Nothing is deleted by accident: each command that deletes shows what goes, asks on a terminal, and elsewhere wants `--yes`.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use crate::harness::Keyway;

const APP: [&str; 5] = ["app", "create", "Order sync", "--scopes", "crm.objects.contacts.read"];

fn server() -> Keyway {
    let keyway = Keyway::start(&["--demo"]);
    keyway.json(&APP);
    keyway.json(&["user", "create", "ada@example.com"]);
    keyway.json(&["portal", "snapshot", "take", "before"]);
    keyway.json(&["public-app", "create", "Widget", "--redirect-uri", "http://127.0.0.1:1/back", "--scopes", "oauth"]);
    keyway
}

/// Runs a command on a terminal of its own, where somebody types a line.
pub fn on_a_terminal(keyway: &Keyway, arguments: &[&str], typed: &str) -> Output {
    let quoted: Vec<String> = arguments.iter().map(|argument| format!("'{argument}'")).collect();
    let command = format!("'{}' {} --data '{}'", env!("CARGO_BIN_EXE_keyway"), quoted.join(" "), keyway.folder.path().display());
    let mut process = Command::new("script")
        .args(["--quiet", "--return", "--command", &command, "/dev/null"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    writeln!(process.stdin.take().unwrap(), "{typed}").unwrap();
    process.wait_with_output().unwrap()
}

#[test]
fn a_script_needs_yes_and_reads_what_would_go() {
    let keyway = server();
    let hub_id = keyway.json(&["account", "list"])["accounts"][0]["hubId"].to_string();
    let records = keyway.json(&["account", "show", &hub_id])["account"]["records"].as_u64().unwrap();
    assert!(records > 100, "{records}");
    let token = keyway.json(&["token", "list", "Order sync"])["tokens"][0].clone();
    let (token_id, hint) = (token["id"].to_string(), token["hint"].as_str().unwrap().to_owned());
    keyway.json(&["admin-token", "create", "nightly report", "--role", "auditor"]);
    let revoked: [(&[&str], &[&str]); 2] = [
        (
            &["token", "revoke", &token_id],
            &["the app \"Order sync\"", &hint, "never used", "calls in the last 24 hours: 0", "no other token"],
        ),
        (&["admin-token", "revoke", "nightly report"], &["the admin token \"nightly report\"", "auditor", "never used"]),
    ];
    for (command, shown) in revoked {
        let output = keyway.run(command);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{command:?}: {said}");
        for shown in shown.iter().chain(&["nothing was revoked", "--yes"]) {
            assert!(said.contains(shown), "{command:?} does not show {shown}: {said}");
        }
    }
    assert_eq!(keyway.json(&["token", "list", "Order sync"])["tokens"][0]["state"], "active");
    assert_eq!(keyway.json(&["admin-token", "list"])["adminTokens"][0]["state"], "active");
    keyway.json(&["token", "revoke", &token_id, "--yes"]);
    assert_eq!(keyway.json(&["token", "list", "Order sync"])["tokens"][0]["state"], "revoked");

    let commands: [(&[&str], &[&str]); 7] = [
        (&["app", "delete", "Order sync"], &["the app \"Order sync\"", "no token that works", "its audit records stay"]),
        (&["account", "delete", &hub_id], &["the app \"Demo sync\"", &format!("{records} records")]),
        (&["portal", "reset"], &[&format!("{records} records"), "apps, tokens and snapshots stay"]),
        (&["portal", "snapshot", "delete", "before"], &["the snapshot \"before\"", "bytes"]),
        (&["portal", "webhook", "remove", "Order sync"], &["subscriptions"]),
        (&["public-app", "delete", "Widget"], &["0 installs"]),
        (&["user", "delete", "ada@example.com"], &["the role super-admin"]),
    ];
    for (command, shown) in commands {
        let output = keyway.run(command);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{command:?}: {said}");
        for shown in shown.iter().chain(&["nothing was deleted", "--yes"]) {
            assert!(said.contains(shown), "{command:?} does not show {shown}: {said}");
        }
    }
    assert_eq!(keyway.json(&["app", "list"])["apps"].as_array().unwrap().len(), 3);
    assert_eq!(keyway.json(&["account", "show", &hub_id])["account"]["records"], records);
    assert_eq!(keyway.json(&["portal", "snapshot", "list"])["snapshots"].as_array().unwrap().len(), 1);
    assert_eq!(keyway.json(&["user", "list"])["users"].as_array().unwrap().len(), 1);
    assert_eq!(keyway.json(&["public-app", "list"])["publicApps"].as_array().unwrap().len(), 1);
}

#[test]
pub fn on_a_terminal_a_person_types_the_name() {
    let keyway = server();
    for wrong in ["", "y", "order sync", "Order"] {
        let refused = on_a_terminal(&keyway, &["app", "delete", "Order sync"], wrong);
        let said = String::from_utf8(refused.stdout).unwrap();
        assert_eq!(refused.status.code(), Some(2), "{wrong}: {said}");
        assert!(said.contains("Type Order sync to delete") && said.contains("nothing was deleted"), "{said}");
    }
    assert_eq!(keyway.json(&["app", "list"])["apps"].as_array().unwrap().len(), 3);
    let done = on_a_terminal(&keyway, &["app", "delete", "Order sync"], "Order sync");
    assert_eq!(done.status.code(), Some(0), "{}", String::from_utf8_lossy(&done.stdout));
    assert_eq!(keyway.json(&["app", "list"])["apps"].as_array().unwrap().len(), 2);
}
