//! `keyway serve --bootstrap`: everything a container needs comes from a file and the environment.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::harness::{ADMIN_TOKEN, Keyway, ask};

const CONTACTS: &str = "/crm/objects/2026-09/contacts";

/// Put together, so that no scanner takes it for a token of somebody's.
fn token() -> String {
    ["pat", "na1", "11111111", "2222", "4333", "8444", "555555555555"].join("-")
}

const FILE: &str = r#"
version: 1
accounts:
  - name: Shop
    tier: professional
    timeZone: Europe/Lisbon
    apps:
      - name: Tests
        scopes: all
        token: env:SHOP_TOKEN
        webhooks: { to: "http://127.0.0.1:9/hooks", events: [contact.creation, "contact.propertyChange:email"] }
      - name: Reader
        scopes: [crm.objects.contacts.read]
        limits: true
    seeds:
      - minimal
      - more.json
      - records: { contacts: [{ properties: { email: inline@example.com } }] }
    faults:
      - { status: 429, times: 1, method: DELETE }
    clock: { at: 2027-01-31T09:00:00Z, frozen: true }
  - name: Other
"#;

fn folder(file: &str, text: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(file);
    std::fs::write(&path, text).unwrap();
    std::fs::write(folder.path().join("more.json"), r#"{"records":{"contacts":[{"properties":{"email":"file@example.com"}}]}}"#).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (folder, path)
}

#[test]
fn a_server_whose_every_setting_comes_from_the_environment_has_what_the_file_says() {
    let (folder, file) = folder("bootstrap.yaml", FILE);
    let ready_file = folder.path().join("ready.json");
    let token = token();
    let variables = [
        ("KEYWAY_EPHEMERAL", "1"),
        ("KEYWAY_BOOTSTRAP", file.as_str()),
        ("KEYWAY_READY_FILE", ready_file.to_str().unwrap()),
        ("KEYWAY_ADMIN_TOKEN", ADMIN_TOKEN),
        ("SHOP_TOKEN", &token),
    ];
    let keyway = Keyway::start_with(tempfile::tempdir().unwrap(), &[], &variables);
    let ready: Value = serde_json::from_str(&std::fs::read_to_string(&ready_file).unwrap()).unwrap();
    assert_eq!(ready["tokens"]["Tests"], token.as_str());
    let reader = ready["tokens"]["Reader"].as_str().unwrap();

    let (status, found) = keyway.call(&token, "POST", &format!("{CONTACTS}/search"), Some(r#"{"properties":["email"]}"#));
    let emails: Vec<&str> = found["results"].as_array().unwrap().iter().filter_map(|one| one["properties"]["email"].as_str()).collect();
    assert_eq!(status, 200);
    assert!(emails.contains(&"inline@example.com") && emails.contains(&"file@example.com") && emails.len() == 3, "{emails:?}");
    let (_, made) = keyway.call(&token, "POST", CONTACTS, Some(r#"{"properties":{"email":"new@example.com"}}"#));
    assert_eq!(made["createdAt"], "2027-01-31T09:00:00.000Z");
    let delete = || keyway.call(&token, "DELETE", &format!("{CONTACTS}/{}", made["id"].as_str().unwrap()), None).0;
    assert_eq!((delete(), delete()), (429, 204));

    assert_eq!(keyway.call(reader, "POST", CONTACTS, Some(r#"{"properties":{}}"#)).0, 403);
    assert_eq!((0..200).fold(0, |_, _| keyway.call(reader, "GET", CONTACTS, None).0), 429, "its limits hold");
    let accounts = keyway.json(&["account", "list"]);
    let names: Vec<&str> = accounts["accounts"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["Shop", "Other"], "there is no account beside those of the file");
    let hub_id = accounts["accounts"][0]["hubId"].to_string();
    let webhooks = ask(&keyway, Some(ADMIN_TOKEN), "GET", &format!("/api/v1/portals/{hub_id}/webhooks"), &Value::Null).2.to_string();
    assert!(webhooks.contains("http://127.0.0.1:9/hooks") && webhooks.contains("contact.propertyChange"), "{webhooks}");
}

#[test]
fn the_data_listener_answers_under_the_name_of_a_service() {
    let token = token();
    let variables = [("KEYWAY_EPHEMERAL", "true"), ("KEYWAY_APP", "Tests:all"), ("KEYWAY_TOKEN", "env:TEST_TOKEN"), ("TEST_TOKEN", &token)];
    let keyway = Keyway::start_with(tempfile::tempdir().unwrap(), &[], &variables);
    for (path, authorization) in [("/__keyway/ready", String::new()), (CONTACTS, format!("Authorization: Bearer {token}\r\n"))] {
        let mut stream = TcpStream::connect(keyway.address("data")).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: hubspot:8484\r\n{authorization}Connection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{path}: {answer}");
    }
}

fn refused(text: &str, variables: &[(&str, &str)]) -> String {
    let (_folder, file) = folder("bootstrap.yaml", text);
    let Output { status, stderr, .. } = Command::new(env!("CARGO_BIN_EXE_keyway"))
        .args([
            "serve",
            "--ephemeral",
            "--listen",
            "127.0.0.1:0",
            "--admin",
            "127.0.0.1:0",
            "--ready-file",
            "/dev/null/none",
            "--bootstrap",
            &file,
        ])
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    let error = String::from_utf8(stderr).unwrap();
    assert_eq!(status.code(), Some(2), "{error}");
    error
}

#[test]
fn a_mistake_in_the_file_is_named_with_its_place_and_no_server_starts() {
    for (text, why) in [
        ("version: 1\naccount: []\n", "line 2: account is not a key here. Did you mean accounts?"),
        ("version: 1\naccounts:\n  - apps:\n      - { name: A, scope: all }\n", "line 4: scope is not a key here. Did you mean scopes?"),
        ("version: 2\naccounts: [{}]\n", "has version 2, and this program reads version 1"),
        ("version: 1\naccounts: []\n", "accounts is empty"),
        ("version: 1\naccounts: [{ tier: gold }]\n", "tier gold is not free"),
        ("version: 1\naccounts: [{ seeds: [nothing] }]\n", "nothing is not a built-in set (demo, minimal, activities)"),
        ("version: 1\naccounts: [{ seeds: [{ records: { contacts: [{ properties: { shoe: x } }] } }] }]\n", "seeds[0]"),
        ("version: 1\naccounts: [{ clock: { at: soon } }]\n", "clock.at soon is not a time"),
        ("version: 1\naccounts: [{ faults: [{ status: 429, limit: hourly }] }]\n", "limit must be burst, daily or search"),
        ("version: 1\naccounts: [{ apps: [{ name: A, scopes: all, token: secret }] }]\n", "takes the name of an environment variable"),
        ("version: 1\naccounts: [{ apps: [{ name: A, scopes: all, token: env:NOT_SET_HERE }] }]\n", "NOT_SET_HERE is not set"),
        (
            "version: 1\naccounts: [{ apps: [{ name: A, scopes: all }] }, { apps: [{ name: A, scopes: all }] }]\n",
            "several apps have the name A",
        ),
        ("version: 1\naccounts: [{ apps: [{ name: A, scopes: [no.such.scope] }] }]\n", "no.such.scope"),
    ] {
        let error = refused(text, &[]);
        assert!(error.contains(why), "{text}: {error}");
        assert!(!error.contains("secret"), "{error}");
    }
    let error = refused(&format!("version: 1\naccounts: [{}]\n", "[".repeat(100_000)), &[]);
    assert!(error.len() < 2_000, "{}", error.len());
    let json = json!({ "version": 1, "accounts": [{ "apps": [{ "name": "A", "scopes": "all", "token": "env:WRONG" }] }] });
    assert!(refused(&json.to_string(), &[("WRONG", "x")]).contains("WRONG does not hold a token"), "JSON is read too");
}

#[test]
fn a_token_that_nobody_would_see_is_refused_without_a_ready_file() {
    let (_folder, file) = folder("bootstrap.yaml", "version: 1\naccounts: [{ apps: [{ name: A, scopes: all }] }]\n");
    // An address that is in use: a server that does not refuse the file ends all the same.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = listener.local_addr().unwrap().to_string();
    let mut command = Command::new(env!("CARGO_BIN_EXE_keyway"));
    command.args(["serve", "--ephemeral", "--bootstrap", &file]).args(["--listen", &taken, "--admin", "127.0.0.1:0"]);
    let output = command.output().unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(2) && error.contains("token that nobody sees") && error.contains("--ready-file"), "{error}");
}

#[test]
fn a_file_needs_an_ephemeral_server() {
    let output = Command::new(env!("CARGO_BIN_EXE_keyway")).args(["serve", "--bootstrap", "x.yaml"]).output().unwrap();
    assert!(String::from_utf8(output.stderr).unwrap().contains("--bootstrap needs --ephemeral"));
}
