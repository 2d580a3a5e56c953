//! The migration board on a real server: reports of real scans, apps that are made, and calls that are made.

use std::path::Path;

use serde_json::{Value, json};

use crate::harness::{ADMIN_TOKEN, Keyway, ask};

/// A value in the form of a HubSpot token. The test assembles it, so that no scanner reports this file.
fn secret() -> String {
    format!("pat-{}-{}", "na1", "5b0a7c1e-9d42-4a6b-8c3f-1e2d3c4b5a69")
}

fn write(folder: &Path, path: &str, text: &str) {
    let path = folder.join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

fn call_of(path: &str) -> String {
    format!("import requests, os\nrequests.get('https://api.hubapi.com{path}', headers={{'Authorization': 'Bearer ' + os.environ['T']}})\n")
}

fn send(keyway: &Keyway, folder: &Path) -> Value {
    keyway.json(&["migration", "send", folder.to_str().unwrap(), "--repository", "shop"])
}

fn row(keyway: &Keyway, name: &str) -> Value {
    let board = keyway.json(&["migration", "list"]);
    let rows = board["integrations"].as_array().unwrap();
    rows.iter().find(|row| row["name"] == name).unwrap_or_else(|| panic!("{board}")).clone()
}

/// The row once it is this far: calls are counted every few seconds, and the server says when.
fn row_at(keyway: &Keyway, name: &str, state: &str) -> Value {
    let reached = (0..600).find_map(|_| {
        let found = row(keyway, name);
        if found["state"] == state {
            return Some(found);
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
        None
    });
    reached.unwrap_or_else(|| panic!("not {state}: {}", row(keyway, name)))
}

fn step<'a>(row: &'a Value, name: &str) -> &'a Value {
    row["steps"].as_array().unwrap().iter().find(|step| step["step"] == name).unwrap()
}

#[test]
fn an_integration_walks_through_all_states_by_reports_apps_and_calls_alone() {
    let keyway = Keyway::start(&[]);
    let code = tempfile::tempdir().unwrap();
    write(code.path(), "CODEOWNERS", "/orders @shop-team\n");
    write(code.path(), "orders/package.json", "{\"scripts\":{\"start\":\"node x\"}}");
    write(code.path(), "orders/main.py", &call_of("/crm/v3/objects/contacts"));
    write(code.path(), "orders/.env", &format!("HUBSPOT_TOKEN={}\n", secret()));
    assert_eq!(send(&keyway, code.path())["new"], 1);

    let found = row(&keyway, "orders");
    assert_eq!(
        (&found["state"], &found["owner"], &found["deadline"]["date"]),
        (&json!("found"), &json!("@shop-team"), &json!("2027-09-30"))
    );
    let shown = keyway.json(&["migration", "show", &found["id"].to_string()]);
    let command = step(&shown["integration"], "appMade")["command"].as_str().unwrap();
    assert_eq!(command, "keyway app create orders --scopes crm.objects.contacts.read --owner @shop-team");

    // The command that the step shows makes the app.
    let arguments: Vec<&str> = command.split(' ').skip(1).collect();
    let token = keyway.json(&arguments)["token"]["value"].as_str().unwrap().to_owned();
    assert_eq!(row(&keyway, "orders")["state"], "appMade");

    // The token is out of the code, and still in a file that deploys it.
    std::fs::remove_file(code.path().join("orders/.env")).unwrap();
    write(code.path(), "deploy/values.yaml", &format!("hubspotToken: {}\n", secret()));
    write(code.path(), "orders/main.py", &call_of("/crm/objects/2026-09/contacts"));
    assert_eq!(send(&keyway, code.path())["gone"], 0);
    let moved = row(&keyway, "orders");
    assert_eq!((&moved["state"], &moved["deadline"]), (&json!("codeMoved"), &Value::Null));
    assert_eq!(step(&moved, "callsSeen")["standing"], "open");

    assert_eq!(keyway.call(&token, "GET", "/crm/objects/2026-09/contacts", None).0, 200);
    let seen = row_at(&keyway, "orders", "callsSeen");
    assert!(step(&seen, "credentialEnded")["text"].as_str().unwrap().contains("deploy/values.yaml:1"), "{seen}");

    std::fs::remove_file(code.path().join("deploy/values.yaml")).unwrap();
    send(&keyway, code.path());
    let ended = row(&keyway, "orders");
    assert_eq!((&ended["state"], &ended["done"]), (&json!("credentialEnded"), &json!(true)));
    assert!(step(&ended, "credentialEnded")["text"].as_str().unwrap().contains("can't know whether HubSpot still accepts"), "{ended}");

    // One call to the old path, and it is not moved any more.
    assert_eq!(keyway.call(&token, "GET", "/crm/v3/objects/contacts", None).0, 200);
    let back = row_at(&keyway, "orders", "codeMoved");
    let shown = keyway.json(&["migration", "show", &back["id"].to_string()]);
    assert_eq!(shown["ageing"][0]["operation"], "GET /crm/v3/objects/contacts");

    // Nothing of it has the credential in full, on disk either.
    let folder = keyway.stop();
    let store = std::fs::read(folder.path().join("keyway.db")).unwrap();
    assert!(!store.windows(secret().len()).any(|window| window == secret().as_bytes()));
    let keyway = Keyway::start_in(folder, &[]);
    assert_eq!(keyway.json(&["migration", "list"])["reports"][0]["repository"], "shop", "the board outlives a restart");
}

#[test]
fn a_credential_that_keyway_accepts_must_be_revoked_there() {
    let keyway = Keyway::start(&[]);
    let made = keyway.json(&["app", "create", "orders", "--scopes", "crm.objects.contacts.read"]);
    let token = made["token"]["value"].as_str().unwrap();
    let code = tempfile::tempdir().unwrap();
    write(code.path(), "orders/main.py", &call_of("/crm/objects/2026-09/contacts"));
    write(code.path(), "orders/.env", &format!("HUBSPOT_TOKEN={token}\n"));
    send(&keyway, code.path());
    std::fs::remove_file(code.path().join("orders/.env")).unwrap();
    send(&keyway, code.path());
    let found = row(&keyway, "orders");
    let ended = step(&found, "credentialEnded");
    let revoke = format!("keyway token revoke {}", made["token"]["id"]);
    assert_eq!((&ended["standing"], &ended["command"]), (&json!("open"), &json!(revoke)));
    keyway.json(&["token", "revoke", &made["token"]["id"].to_string(), "--yes"]);
    let found = row(&keyway, "orders");
    assert_eq!(step(&found, "credentialEnded")["text"], "1 credential is gone from the code, and no longer accepted");
}

#[test]
fn an_app_of_another_name_is_linked_and_one_of_two_of_its_name_is_chosen() {
    let keyway = Keyway::start(&[]);
    let code = tempfile::tempdir().unwrap();
    write(code.path(), "orders/main.py", &call_of("/crm/v3/objects/contacts"));
    send(&keyway, code.path());
    let id = row(&keyway, "orders")["id"].to_string();
    keyway.json(&["app", "create", "Shop", "--scopes", "crm.objects.contacts.read"]);
    let linked = keyway.json(&["migration", "link", &id, "Shop"]);
    assert_eq!((&linked["integration"]["app"]["name"], &linked["integration"]["state"]), (&json!("Shop"), &json!("appMade")));
    assert_eq!(keyway.json(&["migration", "link", &id, "--none"])["integration"]["state"], "found");
    let accounts: Vec<String> = ["A", "B"].map(|name| keyway.json(&["account", "create", name])["account"]["hubId"].to_string()).into();
    for account in &accounts {
        keyway.json(&["app", "create", "orders", "--account", account, "--scopes", "tickets"]);
    }
    let shown = keyway.json(&["migration", "show", &id]);
    assert_eq!((shown["candidates"].as_array().unwrap().len(), &shown["integration"]["state"]), (2, &json!("found")));
    // Changes are on record under names.
    let changes = keyway.json(&["changes", "--operation", "linkIntegration"]);
    assert_eq!(changes["changes"][0]["target"], format!("integration {id}"));
    assert_eq!(keyway.json(&["migration", "list", "--state", "app-made"])["integrations"], json!([]));
    assert_eq!(keyway.json(&["migration", "list", "--state", "open"])["integrations"].as_array().unwrap().len(), 1);
}

#[test]
fn a_report_of_a_stranger_is_refused_or_kept_harmless() {
    let keyway = Keyway::start(&[]);
    let send = |body: &Value| ask(&keyway, Some(ADMIN_TOKEN), "POST", "/api/v1/migration/reports", body);
    let detail = |body: &Value| {
        let (status, _, answer) = send(body);
        assert!((400..500).contains(&status), "{status} {answer}");
        answer["detail"].as_str().unwrap().to_owned()
    };
    let usage = json!({ "path": "a/x.py", "line": 1, "operation": "GET /crm/v3/objects/contacts", "auth": "bearer" });
    assert!(detail(&json!({ "repository": "r" })).contains("keyway scan --json"));
    assert!(detail(&json!({ "repository": "r", "report": { "version": 2 } })).contains("another version"));
    assert!(detail(&json!({ "repository": "r", "report": { "version": 1 } })).contains("no call to HubSpot"));
    assert!(detail(&json!({ "repository": " ", "report": { "version": 1, "usages": [usage] } })).contains("must not be empty"));
    assert!(detail(&json!({ "repository": "r\u{1b}[2J", "report": { "version": 1, "usages": [usage] } })).contains("control characters"));
    assert!(detail(&json!({ "repository": "r", "report": { "version": 1, "usages": "x" } })).contains("usages"));
    let many: Vec<Value> =
        (0..600).map(|at| json!({ "path": format!("f{at}/x.py"), "line": 1, "operation": "GET /x", "auth": "?" })).collect();
    assert!(detail(&json!({ "repository": "r", "report": { "version": 1, "usages": many } })).contains("more than 500 integrations"));

    let finding = json!({ "path": "a/\u{1b}[31mx", "line": 1, "kind": "private_app_token", "masked": secret() });
    let markup = json!({ "path": "a/<script>alert(1)</script>.py", "line": 1, "operation": format!("GET /?hapikey={}", &secret()[8..]), "auth": "hapikey" });
    let (status, _, answer) = send(&json!({ "repository": "r", "report": { "version": 1, "findings": [finding], "usages": [markup] } }));
    assert_eq!(status, 200, "{answer}");
    let id = keyway.json(&["migration", "list"])["integrations"][0]["id"].to_string();
    let shown = keyway.json(&["migration", "show", &id]).to_string();
    assert!(!shown.contains(&secret()[8..]) && shown.contains("pat-na1-…5a69") && !shown.contains('\u{1b}'), "{shown}");
    // What was refused changed nothing.
    assert_eq!(keyway.json(&["migration", "list"])["reports"].as_array().unwrap().len(), 1);
    assert_eq!(keyway.json(&["migration", "forget", "r", "--yes"])["deleted"], 1);
    assert_eq!(keyway.json(&["migration", "list"])["integrations"], json!([]));
}

#[test]
fn a_demo_has_an_integration_in_each_state() {
    let keyway = Keyway::start_with(tempfile::tempdir().unwrap(), &["--demo"], &[("KEYWAY_DEMO_DAYS", "30")]);
    row_at(&keyway, "Event check-in", "credentialEnded");
    let states: Vec<(String, String)> = keyway.json(&["migration", "list"])["integrations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["name"].as_str().unwrap().to_owned(), row["state"].as_str().unwrap().to_owned()))
        .collect();
    for (name, state) in [
        ("Loyalty points", "found"),
        ("Sales report script", "appMade"),
        ("Newsletter audience", "codeMoved"),
        ("Invoice bridge", "callsSeen"),
        ("Event check-in", "credentialEnded"),
    ] {
        assert!(states.contains(&(name.to_owned(), state.to_owned())), "{name} {state}: {states:?}");
    }
}
