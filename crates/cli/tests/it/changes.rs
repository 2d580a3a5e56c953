//! Who changed what is on record before the answer; a request that is sent again makes nothing twice.

use serde_json::{Value, json};

use crate::harness::{ADMIN_TOKEN, Keyway, ask, ask_with};

fn changes(keyway: &Keyway, filter: &[&str]) -> Vec<Value> {
    keyway.json(&[&["changes"], filter].concat())["changes"].as_array().unwrap().clone()
}

#[test]
fn a_change_is_on_record_with_who_what_before_and_after() {
    let keyway = Keyway::start(&[]);
    let made = keyway.json(&["app", "create", "Sync", "--scopes", "tickets"]);
    let path = format!("/api/v1/apps/{}", made["app"]["id"]);
    let patch = json!({ "owner": "jo@example.com", "addScopes": ["crm.objects.contacts.read"] });
    assert_eq!(ask(&keyway, Some(ADMIN_TOKEN), "PATCH", &path, &patch).0, 200);
    // What is refused changes nothing, and is no change.
    assert_eq!(ask(&keyway, Some(ADMIN_TOKEN), "PATCH", &path, &json!({ "addScopes": ["no such scope"] })).0, 400);
    let all = changes(&keyway, &[]);
    assert_eq!(all.len(), 2, "{all:?}");
    let (updated, created) = (&all[0], &all[1]);
    let target = format!("app {}", made["app"]["id"]);
    for (field, value) in [
        ("kind", "token"),
        ("who", "KEYWAY_ADMIN_TOKEN"),
        ("role", "super-admin"),
        ("operation", "updateApp"),
        ("source", "127.0.0.1"),
        ("target", &target),
    ] {
        assert_eq!(updated[field], value, "{updated}");
    }
    assert_eq!(updated["before"], json!({ &target: { "owner": "", "scopes": ["oauth", "tickets"] } }));
    assert_eq!(
        updated["after"],
        json!({ &target: { "owner": "jo@example.com", "scopes": ["crm.objects.contacts.read", "oauth", "tickets"] } })
    );
    assert_eq!((&created["kind"], &created["operation"], &created["target"]), (&json!("socket"), &json!("createApp"), &json!(target)));
    assert!(created["source"].as_str().unwrap().starts_with("uid "), "{created}");
    assert_eq!((&created["before"], &created["after"][&target]["name"]), (&json!({}), &json!("Sync")));
    // Of a token its hint is told, and nothing that opens anything.
    let text = Value::from(all.clone()).to_string();
    assert!(!text.contains(made["token"]["value"].as_str().unwrap()), "{text}");
    assert_eq!(changes(&keyway, &["--who", "socket"]).len(), 1);
    assert_eq!(changes(&keyway, &["--operation", "updateApp", "--target", &target]).len(), 1);
    assert_eq!(changes(&keyway, &["--target", "app 999"]).len(), 0);
    assert_eq!(changes(&keyway, &["--since", "2100-01-01T00:00:00Z"]).len(), 0);
}

#[test]
fn every_kind_of_change_is_on_record_and_no_secret_with_it() {
    let keyway = Keyway::start(&[]);
    let app = keyway.json(&["app", "create", "Sync", "--scopes", "tickets"]);
    let rotated = keyway.json(&["token", "rotate", "Sync", "--now"]);
    let token_id = rotated["token"]["id"].to_string();
    keyway.json(&["token", "revoke", &token_id, "--yes"]);
    let public = keyway.json(&["public-app", "create", "Public", "--redirect-uri", "https://app.example.com/back", "--scopes", "oauth"]);
    let user = keyway.json(&["user", "create", "ada@example.com"]);
    let admin = keyway.json(&["admin-token", "create", "ci", "--role", "auditor"]);
    keyway.json(&["admin-token", "revoke", "ci", "--yes"]);
    keyway.json(&["user", "delete", "ada@example.com", "--yes"]);
    keyway.json(&["app", "delete", "Sync", "--yes"]);
    let all = changes(&keyway, &[]);
    let seen: Vec<&str> = all.iter().map(|one| one["operation"].as_str().unwrap()).collect();
    let expected = [
        "deleteApp",
        "deleteUser",
        "revokeAdminToken",
        "createAdminToken",
        "putUser",
        "createPublicApp",
        "revokeToken",
        "rotateToken",
        "createApp",
    ];
    assert_eq!(seen, expected);
    assert!(all.iter().all(|one| one["target"] != ""), "{all:?}");
    assert_eq!((&all[1]["target"], &all[2]["target"]), (&json!("user ada@example.com"), &json!("admin token 1")));
    // An app goes with its tokens, and the record names them.
    assert_eq!(all[0]["before"].as_object().unwrap().len(), 3, "{}", all[0]);
    let text = Value::from(all.clone()).to_string();
    for secret in [
        &app["token"]["value"],
        &rotated["token"]["value"],
        &public["publicApp"]["clientSecret"],
        &user["password"],
        &admin["adminToken"]["value"],
    ] {
        assert!(!text.contains(secret.as_str().unwrap()), "{text}");
    }
}

#[test]
fn records_of_changes_come_page_by_page_and_outlive_the_server() {
    let keyway = Keyway::start(&[]);
    for at in 0..5 {
        keyway.json(&["user", "create", &format!("user{at}@example.com")]);
    }
    let keyway = Keyway::start_in(keyway.stop(), &[]);
    let (mut seen, mut before) = (Vec::new(), String::new());
    loop {
        let (status, _, page) = ask(&keyway, Some(ADMIN_TOKEN), "GET", &format!("/api/v1/changes?limit=2{before}"), &Value::Null);
        assert_eq!(status, 200);
        seen.extend(page["changes"].as_array().unwrap().iter().map(|one| one["target"].as_str().unwrap().to_owned()));
        match page["before"].as_u64() {
            Some(id) => before = format!("&before={id}"),
            None => break,
        }
    }
    let expected: Vec<String> = (0..5).rev().map(|at| format!("user user{at}@example.com")).collect();
    assert_eq!(seen, expected);
}

#[test]
fn a_request_that_is_sent_again_under_its_key_gets_the_first_answer() {
    let keyway = Keyway::start(&[]);
    let body = json!({ "name": "Sync", "scopes": ["tickets"] });
    let create = |key: &str, body: &Value| {
        ask_with(&keyway, Some(ADMIN_TOKEN), "POST", "/api/v1/apps", body, &format!("idempotency-key: {key}\r\n"))
    };
    let (status, head, first) = create("one", &body);
    assert_eq!(status, 200);
    assert!(!head.contains("idempotency-replayed"));
    let (status, head, again) = create("one", &body);
    assert_eq!((status, &again), (200, &first), "the same answer, with the same token");
    assert!(head.contains("idempotency-replayed: true"));
    // Its nearest neighbours: another body, another key, another asker, a key that is none.
    assert_eq!(create("one", &json!({ "name": "Other" })).2["code"], "idempotency_key_reused");
    assert_eq!(create("two", &body).0, 409, "the name is taken");
    assert_eq!(create("", &body).0, 400);
    let other = keyway.json(&["admin-token", "create", "ci", "--role", "super-admin"]);
    let other = other["adminToken"]["value"].as_str().unwrap();
    let theirs = ask_with(&keyway, Some(other), "POST", "/api/v1/apps", &body, "idempotency-key: one\r\n");
    assert_eq!(theirs.0, 409, "somebody else's key opens nothing: {}", theirs.2);
    // What was refused made nothing, so its key is free for a better request.
    assert_eq!(create("three", &json!({ "name": "", "scopes": [] })).0, 400);
    assert_eq!(create("three", &json!({ "name": "Third" })).0, 200);
    assert_eq!(changes(&keyway, &["--operation", "createApp"]).len(), 2, "a repetition is no change");
    assert_eq!(keyway.json(&["app", "list"])["apps"].as_array().unwrap().len(), 2);
    // At rest the answer is sealed.
    let token = first["token"]["value"].as_str().unwrap().to_owned();
    let folder = keyway.stop();
    for entry in std::fs::read_dir(folder.path()).unwrap().flatten().filter(|entry| entry.path().is_file()) {
        let bytes = std::fs::read(entry.path()).unwrap();
        assert!(!bytes.windows(token.len()).any(|window| window == token.as_bytes()), "{:?}", entry.path());
    }
    // And is given again by the next server too.
    let keyway = Keyway::start_in(folder, &[]);
    let (_, _, again) = ask_with(&keyway, Some(ADMIN_TOKEN), "POST", "/api/v1/apps", &body, "idempotency-key: one\r\n");
    assert_eq!(again, first);
}

#[test]
fn lists_come_page_by_page() {
    let keyway = Keyway::start(&[]);
    for at in 0..3 {
        keyway.json(&["account", "create", &format!("Account {at}")]);
        keyway.json(&["user", "create", &format!("user{at}@example.com")]);
    }
    for (path, name) in [("/api/v1/accounts", "accounts"), ("/api/v1/users", "users")] {
        let (mut count, mut after) = (0, String::new());
        loop {
            let (status, _, page) = ask(&keyway, Some(ADMIN_TOKEN), "GET", &format!("{path}?limit=2{after}"), &Value::Null);
            assert_eq!(status, 200, "{path}: {page}");
            count += page[name].as_array().unwrap().len();
            match page["after"].as_str() {
                Some(next) => after = format!("&after={next}"),
                None => break,
            }
        }
        assert_eq!(
            count,
            keyway.json(&[path.rsplit('/').next().unwrap().trim_end_matches('s'), "list"])[name].as_array().unwrap().len(),
            "{path}"
        );
        for refused in ["limit=0", "limit=1001", "limit=x", "after=%20"] {
            assert_eq!(ask(&keyway, Some(ADMIN_TOKEN), "GET", &format!("{path}?{refused}"), &Value::Null).0, 400, "{path}?{refused}");
        }
    }
}
