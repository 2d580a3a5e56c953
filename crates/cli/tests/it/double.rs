//! The embedded account as a test double: limits that can be switched off, days that have not come,
//! and connected accounts that none of it touches.

use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};

use crate::connection::{base, connected_by, hubspot};
use crate::harness::{ADMIN_TOKEN, Keyway, head_of, http};

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

const SCOPES: &str = "crm.objects.contacts.read,crm.objects.contacts.write,crm.objects.companies.read";

/// A server with nothing on disk, and a token of an app that writes contacts.
fn double() -> (Keyway, String) {
    let keyway = Keyway::start(&["--ephemeral"]);
    let made = keyway.json(&["app", "create", "Tests", "--scopes", SCOPES, "--no-limits"]);
    let token = made["token"]["value"].as_str().unwrap().to_owned();
    (keyway, token)
}

fn contact(email: &str) -> String {
    json!({ "properties": { "email": email } }).to_string()
}

fn total(keyway: &Keyway, token: &str) -> Value {
    keyway.call(token, "POST", "/crm/objects/2026-09/contacts/search", Some("{}")).1["total"].clone()
}

/// Runs a command that must end with this code.
fn exits(keyway: &Keyway, code: i32, arguments: &[&str]) -> String {
    let output = keyway.run(arguments);
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8(said).unwrap();
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
    said
}

#[test]
fn an_account_is_seeded_copied_changed_and_comes_back() {
    let (keyway, token) = double();
    let file = keyway.folder.path().join("seed.json");
    let seed = json!({ "records": {
        "companies": [{ "key": "acme", "properties": { "name": "Acme" } }],
        "contacts": [{ "key": "ada", "properties": { "email": "ada@example.com" }, "associations": ["companies/acme"] }],
    }});
    std::fs::write(&file, seed.to_string()).unwrap();
    let made = keyway.json(&["portal", "seed", &file.display().to_string()]);
    assert_eq!(made["made"], json!({ "companies": 1, "contacts": 1 }));
    let csv = keyway.folder.path().join("people.csv");
    std::fs::write(&csv, "email,city\nben@example.com,Porto\n").unwrap();
    assert_eq!(exits(&keyway, 0, &["portal", "seed", "--csv", &format!("contacts={}", csv.display())]).trim(), "added contacts: 1");
    keyway.json(&["portal", "snapshot", "take", "two"]);
    keyway.call(&token, "POST", CONTACTS, Some(&contact("third@example.com")));
    assert_eq!(total(&keyway, &token), 3);

    let export = keyway.folder.path().join("two.jsonl").display().to_string();
    exits(&keyway, 0, &["portal", "snapshot", "export", "two", &export]);
    keyway.json(&["portal", "restore", "two"]);
    assert_eq!(total(&keyway, &token), 2);
    keyway.json(&["portal", "reset", "--yes"]);
    assert_eq!(total(&keyway, &token), 0);
    keyway.json(&["portal", "snapshot", "delete", "two", "--yes"]);
    exits(&keyway, 2, &["portal", "restore", "two"]);
    keyway.json(&["portal", "snapshot", "import", "again", &export]);
    keyway.json(&["portal", "restore", "again"]);
    assert_eq!(total(&keyway, &token), 2);

    std::fs::write(&file, r#"{"records":{"contacts":[{"properties":{"emial":"a"}}]}}"#).unwrap();
    let refused = exits(&keyway, 2, &["portal", "seed", &file.display().to_string()]);
    assert!(refused.contains("records.contacts[0]") && refused.contains("emial"), "{refused}");
    keyway.json(&["portal", "seed", "--set", "minimal"]);
    assert_eq!(total(&keyway, &token), 3);
}

#[test]
fn a_snapshot_is_imported_only_from_an_export() {
    let (keyway, _) = double();
    let path = |name: &str| keyway.folder.path().join(name).display().to_string();
    let whole = path("whole.jsonl");
    keyway.json(&["portal", "seed", "--set", "minimal"]);
    keyway.json(&["portal", "snapshot", "take", "one"]);
    exits(&keyway, 0, &["portal", "snapshot", "export", "one", &whole]);
    let text = std::fs::read_to_string(&whole).unwrap();
    for (name, bad) in [("bad.json", "not json"), ("bad.csv", "email\na@example.com\n"), ("cut.jsonl", &text[..text.len() / 2])] {
        std::fs::write(path(name), bad).unwrap();
        let refused = exits(&keyway, 2, &["portal", "snapshot", "import", "x", &path(name)]);
        assert!(refused.contains(name) && refused.contains("is not an exported snapshot"), "{name}: {refused}");
        assert!(refused.contains("keyway portal snapshot export NAME FILE"), "{name}: {refused}");
    }
    assert_eq!(keyway.json(&["portal", "snapshot", "list"])["snapshots"].as_array().unwrap().len(), 1, "only the one that was taken");
    keyway.json(&["portal", "snapshot", "import", "two", &whole]);
}

#[test]
fn a_seed_of_definitions_alone_says_what_it_added() {
    let (keyway, _) = double();
    let file = keyway.folder.path().join("schemas.json");
    let schema = json!({
        "name": "boat", "labels": { "singular": "Boat", "plural": "Boats" }, "primaryDisplayProperty": "name", "requiredProperties": ["name"],
        "properties": [{ "name": "name", "label": "Name", "type": "string", "fieldType": "text" }], "associatedObjects": [],
    });
    let properties = json!({ "contacts": [{ "name": "berth", "label": "Berth", "type": "string", "fieldType": "text", "groupName": "contactinformation" }] });
    std::fs::write(&file, json!({ "schemas": [schema], "properties": properties }).to_string()).unwrap();
    let said = exits(&keyway, 0, &["portal", "seed", &file.display().to_string()]);
    assert_eq!(said.trim(), "added object types: 1, properties: 1");
    assert_eq!(keyway.json(&["portal", "seed", "--set", "minimal"])["defined"], json!({}));
}

#[test]
fn an_unknown_object_type_of_an_embedded_account_is_not_for_the_app_to_allow() {
    let (keyway, token) = double();
    let remedy = |body: &Value| body["errors"][0]["context"]["remedy"][0].as_str().unwrap().to_owned();
    let (status, body) = keyway.call(&token, "GET", "/crm/v3/objects/boats", None);
    assert_eq!(status, 400, "{body}");
    assert!(remedy(&body).contains("p_NAME") && !remedy(&body).contains("--unlisted"), "{body}");
}

#[test]
fn an_account_without_oauth_says_why_it_has_no_access_token() {
    let (keyway, _) = double();
    let hub_id = keyway.json(&["account", "list"])["accounts"][0]["hubId"].to_string();
    let refused = exits(&keyway, 2, &["account", "access-token", &hub_id]);
    assert!(refused.contains("is not connected by OAuth") && refused.contains("keyway account create --oauth"), "{refused}");
}

#[test]
fn errors_name_the_options_as_they_were_typed() {
    let (keyway, _) = double();
    for (arguments, what) in [
        (&["audit", "list", "--limit", "5000"][..], "--limit 5000: write a number from 1 to 1000"),
        (&["portal", "requests", "--expect", "x"], "--expect x: write a number or a range"),
        (&["portal", "requests", "--body", "foo"], "--body foo: write JSON"),
        (&["portal", "fault", "add", "--status", "200"], "--status 200: write an error status, 400 to 599"),
        (&["portal", "fault", "add", "--status", "500", "--probability", "2"], "--probability 2.0: write a number from 0 to 1"),
        (&["portal", "clock", "set", "tomorrow"], "tomorrow: write a time such as"),
        (&["user", "create", "foo"], "foo: write an e-mail address"),
        (&["app", "create", "Light", "--weight", "0"], "--weight 0: write a number from 1 to 100"),
        (&["portal", "webhook", "set", "Tests", "--to", "http://127.0.0.1:1/", "contact.create"], "contact.create: write events such as"),
    ] {
        let said = exits(&keyway, 2, arguments);
        assert!(said.contains(what), "{arguments:?}: {said}");
    }
}

#[test]
fn a_seed_of_yaml_and_what_differs_from_a_snapshot_by_an_exit_code() {
    let (keyway, token) = double();
    let file = keyway.folder.path().join("seed.yaml");
    let yaml = "records:\n  companies:\n    - { key: acme, properties: { name: Acme, domain: acme.example.com, zip: 01234 } }\n\
        factories:\n  - { type: contacts, count: 50, associate: companies, properties: { email: \"p{n}@{company.domain}\" } }\n";
    std::fs::write(&file, yaml).unwrap();
    let file = file.display().to_string();
    assert_eq!(keyway.json(&["portal", "seed", &file])["made"], json!({ "companies": 1, "contacts": 50 }));
    keyway.json(&["portal", "snapshot", "take", "clean"]);
    assert_eq!(exits(&keyway, 0, &["portal", "diff", "clean"]).trim(), "no differences");

    let path = "/crm/v3/objects/contacts/101";
    assert_eq!(keyway.call(&token, "PATCH", path, Some(r#"{"properties":{"city":"Lisbon"}}"#)).0, 200);
    let shown = exits(&keyway, 1, &["portal", "diff", "clean"]);
    assert!(shown.contains("~ record contacts 101\n    city: ") && shown.contains("1 record updated"), "{shown}");
    keyway.json(&["portal", "snapshot", "take", "later"]);
    exits(&keyway, 1, &["portal", "diff", "clean", "later"]);
    exits(&keyway, 0, &["portal", "diff", "clean", "later", "--only", "definitions"]);
    exits(&keyway, 0, &["portal", "diff", "later"]);
    let export = keyway.folder.path().join("clean.jsonl").display().to_string();
    exits(&keyway, 0, &["portal", "snapshot", "export", "clean", &export]);
    exits(&keyway, 1, &["portal", "diff", &export]);
    exits(&keyway, 0, &["portal", "diff", &export, "clean"]);
    exits(&keyway, 1, &["portal", "diff", "later", &export]);
    let cut = exits(&keyway, 1, &["portal", "diff", "--limit", "3"]);
    assert!(cut.contains("more differences. See them with --limit"), "{cut}");
    exits(&keyway, 2, &["portal", "diff", "none"]);

    std::fs::write(&file, "records:\n  contacts: []\n  contacts: []\n").unwrap();
    let refused = exits(&keyway, 2, &["portal", "seed", &file]);
    assert!(refused.contains("line 3"), "{refused}");
    // The admin API takes YAML as well.
    let admin = keyway.address("admin");
    let hub_id = keyway.json(&["account", "list"])["accounts"][0]["hubId"].to_string();
    let (status, _) = http(admin, ADMIN_TOKEN, "POST", &format!("/api/v1/portals/{hub_id}/diff?limit=10001"), None);
    assert_eq!(status, 400);
}

#[test]
fn the_requests_that_came_are_told_and_counted() {
    let (keyway, token) = double();
    keyway.call(&token, "POST", CONTACTS, Some(&contact("ada@example.com")));
    keyway.call(&token, "GET", "/crm/v3/objects/contacts?limit=5", None);
    keyway.call(&token, "GET", "/crm/v3/objects/deals", None);
    let all = keyway.json(&["portal", "requests"]);
    let statuses: Vec<&Value> = all["requests"].as_array().unwrap().iter().map(|one| &one["status"]).collect();
    assert_eq!(statuses, [&json!(201), &json!(200), &json!(403)]);
    assert_eq!(all["requests"][0]["body"]["properties"]["email"], "ada@example.com");
    let body = contact("ada@example.com");
    for (expect, code, filter) in [
        ("1", 0, &["--method", "POST", "--body", body.as_str()][..]),
        ("0", 1, &["--method", "POST"]),
        ("0", 0, &["--method", "DELETE"]),
        ("2..", 0, &["--path", "/crm/v3/objects/*", "--method", "GET"]),
        ("..1", 0, &["--operation", "GET /crm/v3/objects/contacts"]),
        ("1", 0, &["--query", "limit=5"]),
        ("1", 0, &["--status", "4xx"]),
        ("x", 2, &[]),
    ] {
        exits(&keyway, code, &[&["portal", "requests", "--expect", expect], filter].concat());
    }
    // What does not come is waited for no longer than it is said.
    exits(&keyway, 1, &["portal", "requests", "--method", "PATCH", "--expect", "1", "--wait", "50ms"]);
    let shown = exits(&keyway, 0, &["portal", "requests", "--clear"]);
    assert!(shown.contains("/crm/v3/objects/contacts?limit=5") && !shown.contains(&token), "{shown}");
    exits(&keyway, 0, &["portal", "requests", "--expect", "0"]);
}

#[test]
fn a_request_that_comes_later_is_waited_for() {
    let (keyway, token) = double();
    std::thread::scope(|threads| {
        let waiting = threads.spawn(|| exits(&keyway, 0, &["portal", "requests", "--method", "POST", "--expect", "1", "--wait", "30s"]));
        keyway.call(&token, "POST", CONTACTS, Some(&contact("late@example.com")));
        assert!(waiting.join().unwrap().contains("late@example.com"));
    });
}

#[test]
fn searches_find_a_change_after_a_lag_by_the_accounts_clock() {
    let (keyway, token) = double();
    keyway.json(&["portal", "clock", "set", "2027-01-31T09:00:00Z", "--frozen"]);
    let made = keyway.call(&token, "POST", CONTACTS, Some(&contact("ada@example.com"))).1;
    let path = format!("{CONTACTS}/{}", made["id"].as_str().unwrap());
    let found = |property: &str, value: &str| {
        let filter = json!({ "filters": [{ "propertyName": property, "operator": "EQ", "value": value }], "properties": ["firstname"] });
        keyway.call(&token, "POST", &format!("{CONTACTS}/search"), Some(&filter.to_string())).1
    };
    keyway.json(&["portal", "fault", "add", "--search-lag", "1h", "--seed", "7"]);
    assert_eq!(found("email", "ada@example.com")["total"], 0, "a new record is not found at once");
    assert_eq!(keyway.call(&token, "GET", &path, None).0, 200, "a read by ID is not late");
    keyway.json(&["portal", "clock", "advance", "1h"]);
    assert_eq!(found("email", "ada@example.com")["total"], 1);
    keyway.call(&token, "PATCH", &path, Some(&json!({ "properties": { "firstname": "Augusta" } }).to_string()));
    let old = found("email", "ada@example.com");
    assert_eq!((&old["total"], &old["results"][0]["properties"]["firstname"]), (&json!(1), &Value::Null), "it has its old values");
    assert_eq!(found("firstname", "Augusta")["total"], 0);
    keyway.json(&["portal", "clock", "advance", "1h"]);
    assert_eq!(found("firstname", "Augusta")["total"], 1);
    // With one rule for both, neighbours change places as well; without it, the results have their order.
    keyway.json(&["portal", "fault", "clear"]);
    let ids = || -> Vec<u64> {
        let all = keyway.call(&token, "POST", &format!("{CONTACTS}/search"), Some(r#"{"limit":100}"#)).1;
        all["results"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().parse().unwrap()).collect()
    };
    (0..20).for_each(|at| drop(keyway.call(&token, "POST", CONTACTS, Some(&contact(&format!("p{at}@example.com"))))));
    let sorted = ids();
    keyway.json(&["portal", "fault", "add", "--search-shuffled"]);
    let (once, again) = (ids(), ids());
    assert!(sorted.is_sorted() && !once.is_sorted() && once == again, "{once:?}");
    let refused = keyway.run(&["portal", "fault", "add", "--search-lag", "2h"]);
    let why = String::from_utf8(refused.stderr).unwrap();
    assert!(refused.status.code() == Some(2) && why.contains("3600 seconds behind at most"), "{why}");
}

#[test]
fn faults_happen_as_often_as_they_are_asked_for_and_then_no_more() {
    let (keyway, token) = double();
    let get = || keyway.call(&token, "GET", CONTACTS, None);
    keyway.json(&["portal", "fault", "add", "--status", "429", "--limit", "daily", "--times", "1"]);
    let (status, body) = get();
    assert_eq!((status, &body["policyName"], &body["errorType"]), (429, &json!("DAILY"), &json!("RATE_LIMIT")));
    assert_eq!(get().0, 200);
    // HubSpot does not document Retry-After on a 429: one of a fault has it where the rule says so.
    let retry_after = |options: &[&str]| {
        keyway.json(&["portal", "fault", "clear"]);
        keyway.json(&[&["portal", "fault", "add", "--status", "429", "--times", "1"], options].concat());
        head_of(keyway.address("data"), &token, CONTACTS).lines().find_map(|line| line.strip_prefix("retry-after: ").map(str::to_owned))
    };
    assert_eq!((retry_after(&[]), retry_after(&["--retry-after", "7"])), (None, Some("7".to_owned())));
    for status in ["423", "477", "500", "524", "401"] {
        keyway.json(&["portal", "fault", "clear"]);
        keyway.json(&[
            "portal",
            "fault",
            "add",
            "--status",
            status,
            "--operation",
            "GET /crm/v3/objects/contacts",
            "--after",
            "1",
            "--times",
            "1",
        ]);
        let statuses = [get().0, get().0, get().0].map(|status| status.to_string());
        assert_eq!(statuses, ["200", status, "200"]);
    }
    let listed = keyway.json(&["portal", "fault", "list"]);
    assert_eq!((&listed["faults"][0]["seen"], &listed["faults"][0]["hit"]), (&json!(3), &json!(1)));
    exits(&keyway, 2, &["portal", "fault", "add", "--status", "200"]);
    exits(&keyway, 2, &["portal", "fault", "add", "--status", "500", "--operation", "GET /nowhere"]);
    assert_eq!(keyway.json(&["portal", "requests", "--status", "5xx"])["requests"][0]["fault"], 6);
}

#[test]
fn a_connection_is_cut_before_a_call_is_performed_or_after() {
    use std::io::{Read, Write};
    let (keyway, token) = double();
    let create = |email: &str| {
        let mut stream = std::net::TcpStream::connect(keyway.address("data")).unwrap();
        let body = contact(email);
        write!(
            stream,
            "POST {CONTACTS} HTTP/1.1\r\nhost: t\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        answer.len()
    };
    for (cut, kept) in [("before", 0), ("after", 1)] {
        keyway.json(&["portal", "fault", "add", "--cut", cut, "--method", "POST", "--path", CONTACTS, "--times", "1"]);
        assert_eq!(create(&format!("{cut}@example.com")), 0);
        assert_eq!(total(&keyway, &token), kept);
    }
}

#[test]
fn a_part_of_a_batch_fails_and_the_rest_is_performed() {
    let (keyway, token) = double();
    let batch = |path: &str, inputs: Value| {
        keyway.call(&token, "POST", &format!("{CONTACTS}/batch/{path}"), Some(&json!({ "inputs": inputs }).to_string()))
    };
    keyway.json(&["portal", "fault", "add", "--inputs", "0,2", "--path", "*/batch/*"]);
    let input = |email: &str, trace: &str| json!({ "properties": { "email": email }, "objectWriteTraceId": trace });
    let (status, body) = batch("create", json!([input("a@example.com", "t0"), input("b@example.com", "t1"), input("c@example.com", "t2")]));
    assert_eq!((status, &body["numErrors"], body["results"].as_array().unwrap().len()), (207, &json!(2), 1), "{body}");
    assert_eq!(body["errors"][0]["context"]["objectWriteTraceId"], json!(["t0", "t2"]));
    // Without a trace HubSpot creates all or none.
    let plain = json!([{ "properties": { "email": "d@example.com" } }, { "properties": { "email": "e@example.com" } }]);
    assert_eq!(batch("create", plain).0, 400);
    assert_eq!(total(&keyway, &token), 1);
    let (status, body) = batch("read", json!([{ "id": "1" }]));
    assert_eq!((status, &body["errors"][0]["context"]["ids"]), (207, &json!(["1"])));
}

#[test]
fn an_account_has_the_time_it_is_given() {
    let (keyway, token) = double();
    keyway.json(&["portal", "clock", "set", "2030-01-31T09:00:00Z", "--frozen"]);
    let (_, made) = keyway.call(&token, "POST", CONTACTS, Some(&contact("then@example.com")));
    assert_eq!(made["createdAt"], "2030-01-31T09:00:00.000Z");
    // A rotated token ends when its account's time has come.
    let second = keyway.json(&["token", "rotate", "Tests", "--grace", "7d"])["token"]["value"].as_str().unwrap().to_owned();
    assert_eq!(keyway.call(&token, "GET", CONTACTS, None).0, 200);
    keyway.json(&["portal", "clock", "advance", "8d"]);
    let (status, body) = keyway.call(&token, "GET", CONTACTS, None);
    assert_eq!((status, &body["category"]), (401, &json!("EXPIRED_AUTHENTICATION")));
    assert_eq!(keyway.call(&second, "GET", CONTACTS, None).0, 200);
    exits(&keyway, 2, &["portal", "clock", "set", "soon"]);
    keyway.json(&["portal", "clock", "reset"]);
    let ahead = keyway.json(&["portal", "clock", "show"])["clock"]["aheadMs"].clone();
    assert_eq!(ahead, 0);
}

#[test]
fn ten_seconds_of_a_limit_pass_at_once_and_a_clock_put_back_blocks_nobody() {
    let keyway = Keyway::start(&["--ephemeral"]);
    let token = create(&keyway, "Sync", &[]);
    let last = || (0..101).fold(0, |_, _| keyway.call(&token, "GET", CONTACTS, None).0);
    keyway.json(&["portal", "clock", "set", "2030-01-31T09:00:00Z", "--frozen"]);
    assert_eq!(last(), 429);
    keyway.json(&["portal", "clock", "advance", "10s"]);
    assert_eq!(keyway.call(&token, "GET", CONTACTS, None).0, 200);
    keyway.json(&["portal", "clock", "set", "2028-01-31T09:00:00Z"]);
    assert_eq!(keyway.call(&token, "GET", CONTACTS, None).0, 200);
}

#[test]
fn nothing_of_it_touches_a_connected_account() {
    let (hubspot, credential) = hubspot();
    let (gateway, token) = connected_by(Keyway::start(&[]), &base(&hubspot), &credential);
    for arguments in [
        &["reset", "--yes"][..],
        &["seed", "--set", "demo"],
        &["snapshot", "take", "one"],
        &["snapshot", "list"],
        &["restore", "one"],
        &["requests"],
        &["requests", "--expect", "0"],
        &["fault", "add", "--status", "500"],
        &["fault", "list"],
        &["fault", "clear"],
        &["clock", "show"],
        &["clock", "advance", "8d"],
    ] {
        let refused = exits(&gateway, 2, &[&["portal", "--account", "4242"], arguments].concat());
        assert!(refused.contains("connected to HubSpot"), "{arguments:?}: {refused}");
    }
    // With one embedded account beside it, that one is meant.
    gateway.json(&["portal", "fault", "add", "--status", "500"]);
    assert_eq!(gateway.call(&token, "GET", CONTACTS, None).0, 200);
    assert_eq!(http(gateway.address("admin"), ADMIN_TOKEN, "POST", "/api/v1/portals/4242/reset", None).0, 409);
}

/// A token in HubSpot's form that somebody chose.
fn chosen(digit: &str) -> String {
    format!(
        "pat-eu1-{}-4{}-8{}-{}",
        [digit; 8].concat() + "-" + &[digit; 4].concat(),
        [digit; 3].concat(),
        [digit; 3].concat(),
        [digit; 12].concat()
    )
}

#[test]
fn apps_of_the_command_line_exist_with_their_tokens_when_the_server_is_ready() {
    let folder = tempfile::tempdir().unwrap();
    let ready = folder.path().join("ready.json");
    // A draft that others may read, and that points elsewhere: the tokens go into neither.
    let (elsewhere, draft) = (folder.path().join("elsewhere"), folder.path().join("ready.new"));
    std::fs::write(&elsewhere, "").unwrap();
    std::os::unix::fs::symlink(&elsewhere, &draft).unwrap();
    let options = ["--ephemeral", "--app", "Made:tickets", "--app", "Chosen: by me:all", "--token", "env:TEST_TOKEN"];
    let options = [&options[..], &["--ready-file", ready.to_str().unwrap()]].concat();
    let token = chosen("3");
    let keyway = Keyway::start_with(folder, &options, &[("TEST_TOKEN", &token)]);

    let read: Value = serde_json::from_str(&std::fs::read_to_string(&ready).unwrap()).unwrap();
    assert_eq!(read["tokens"]["Chosen: by me"], token);
    assert_eq!(std::fs::metadata(&ready).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(std::fs::read_to_string(&elsewhere).unwrap(), "");
    let made = read["tokens"]["Made"].as_str().unwrap();
    assert!(keyway.screen.contains("Made") && !keyway.screen.contains(made) && !keyway.screen.contains(&token), "{}", keyway.screen);

    // Every scope for one, tickets alone for the other, and no limit for the first.
    assert_eq!((0..101).fold(0, |_, _| keyway.call(&token, "GET", CONTACTS, None).0), 200);
    assert_eq!(keyway.call(&token, "GET", "/crm/v3/objects/deals", None).0, 200);
    assert_eq!(keyway.call(made, "GET", CONTACTS, None).0, 403);
    assert_eq!(keyway.call(made, "GET", "/crm/v3/objects/tickets", None).0, 200);
    assert_eq!(keyway.call(&chosen("4"), "GET", CONTACTS, None).0, 401);
}

#[test]
fn an_app_of_the_command_line_that_cannot_be_is_refused_and_no_token_is_shown() {
    let (good, bad) = (chosen("5"), format!("{}0", chosen("6")));
    let folder = tempfile::tempdir().unwrap();
    let literal = format!("env:{good}");
    let app = ["--ephemeral", "--app", "A:all"];
    let cases: &[(&[&str], &str)] = &[
        (&["--token", "env:BAD"], "BAD does not hold a token in HubSpot's form"),
        (&["--token", "env:LONG"], "LONG does not hold a token in HubSpot's form"),
        (&["--token", "env:NOT_THERE"], "NOT_THERE is not set"),
        (&["--token", &good], "the name of an environment variable"),
        (&["--token", &literal], "the name of an environment variable"),
        (&["--token", "env:GOOD", "--token", "env:GOOD"], "several --token"),
        (&["--token", "env:GOOD", "--app", "B:all", "--token", "env:GOOD"], "another app has the token"),
        (&["--token", "env:GOOD", "--app", "A:all"], "--ready-file"),
    ];
    let start = |options: &[&str]| {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_keyway"))
            .args(["serve", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--data"])
            .arg(folder.path())
            .args(options)
            .envs([("GOOD", good.as_str()), ("BAD", &bad), ("LONG", &"pat-na1-".repeat(10_000))])
            .output()
            .unwrap();
        let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert_eq!(output.status.code(), Some(2), "{options:?}: {said}");
        assert!(!said.contains(&good) && !said.contains(&bad) && said.len() < 4_000, "{options:?}: {said}");
        said
    };
    for (options, why) in cases {
        let said = start(&[&app, *options].concat());
        assert!(said.contains(why), "{options:?}: {said}");
    }
    let cases: &[(&[&str], &str)] = &[
        (&["--app", "A:all", "--token", "env:GOOD"], "--app needs --ephemeral"),
        (&["--ephemeral", "--token", "env:GOOD", "--app", "A:all"], "is before the first --app"),
        (&["--ephemeral", "--app", "A"], "NAME:SCOPES"),
        (&["--ephemeral", "--app", "A:"], "has no scopes"),
        (&["--ephemeral", "--app", ":all"], "has no name"),
        (&["--ephemeral", "--app", "A:crm.objects.contact.read", "--token", "env:GOOD"], "did you mean crm.objects.contacts.read"),
    ];
    for (options, why) in cases {
        let said = start(options);
        assert!(said.contains(why), "{options:?}: {said}");
    }
}

#[test]
fn the_data_listener_says_whether_it_is_ready_without_a_token_and_without_a_record() {
    let (keyway, token) = double();
    let audited = || keyway.json(&["audit", "list"])["records"].as_array().unwrap().len();
    let before = audited();
    for ready in ["/__keyway/ready", "/__keyway/ready?from=probe"] {
        assert_eq!(keyway.call("", "GET", ready, None), (200, json!({ "ready": true })));
    }
    assert_eq!(audited(), before);
    // Nothing else is there, with a good token too.
    for (method, path) in [("POST", "/__keyway/ready"), ("GET", "/__keyway"), ("GET", "/__keyway/other"), ("GET", "/%5f_keyway/ready")] {
        let (status, refused) = keyway.call(&token, method, path, None);
        assert_eq!(status, 400, "{method} {path}");
        assert!(refused["message"].as_str().unwrap().contains("are Keyway's own"), "{refused}");
    }
}
