//! Create, use, change, rotate, revoke, look up: each with the call that shows it.

use std::os::unix::fs::PermissionsExt;

use crate::harness::{ADMIN_TOKEN, Keyway, http};

const CONTACTS: &str = "/crm/v3/objects/contacts";

fn create(keyway: &Keyway, name: &str, scopes: &str) -> String {
    keyway.json(&["app", "create", name, "--scopes", scopes])["token"]["value"].as_str().unwrap().to_owned()
}

#[test]
fn an_app_lives_from_its_creation_to_its_end() {
    let keyway = Keyway::start(&[]);
    let first = create(&keyway, "Sync", "crm.objects.contacts.read");
    let read = |token: &str| keyway.call(token, "GET", CONTACTS, None).0;
    let write = |token: &str| keyway.call(token, "POST", CONTACTS, Some(r#"{"properties":{}}"#)).0;
    assert_eq!((read(&first), write(&first)), (200, 403));

    keyway.json(&["app", "update", "Sync", "--add-scope", "crm.objects.contacts.write"]);
    assert_eq!(write(&first), 201);

    keyway.json(&["app", "disable", "Sync"]);
    assert_eq!(read(&first), 401);
    keyway.json(&["app", "enable", "Sync"]);
    assert_eq!(read(&first), 200);

    let second = keyway.json(&["token", "rotate", "Sync", "--grace", "7d"])["token"]["value"].as_str().unwrap().to_owned();
    assert_eq!((read(&first), read(&second)), (200, 200));
    let third = keyway.json(&["token", "rotate", "Sync", "--now"])["token"].clone();
    assert_eq!((read(&first), read(&second), read(third["value"].as_str().unwrap())), (401, 401, 200));
    keyway.json(&["token", "revoke", &third["id"].to_string(), "--yes"]);
    assert_eq!(read(third["value"].as_str().unwrap()), 401);

    let states: Vec<String> = keyway.json(&["token", "list", "Sync"])["tokens"]
        .as_array()
        .unwrap()
        .iter()
        .map(|token| token["state"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(states, ["revoked", "revoked", "revoked"]);
    keyway.json(&["app", "delete", "Sync", "--yes"]);
    assert_eq!(keyway.run(&["app", "show", "Sync"]).status.code(), Some(2));
}

#[test]
fn the_audit_tells_each_call_and_survives_a_restart_with_the_app() {
    let keyway = Keyway::start(&[]);
    let token = create(&keyway, "Sync", "crm.objects.contacts.read,crm.objects.contacts.write");
    let (_, made) = keyway.call(&token, "POST", CONTACTS, Some(r#"{"properties":{"email":"kept@example.com"}}"#));
    keyway.call(&token, "GET", "/crm/v3/objects/deals", None);

    let keyway = Keyway::start_in(keyway.stop(), &[]);
    let (status, read) = keyway.call(&token, "GET", &format!("{CONTACTS}/{}", made["id"].as_str().unwrap()), None);
    assert_eq!((status, &read["properties"]["email"]), (200, &"kept@example.com".into()));
    let refused = keyway.json(&["audit", "list", "--app", "Sync", "--status", "4xx"]);
    assert_eq!(refused["records"].as_array().unwrap().len(), 1);
    assert_eq!(refused["records"][0]["category"], "MISSING_SCOPES");
    let export = keyway.run(&["audit", "export", "--format", "csv"]);
    let text = String::from_utf8(export.stdout).unwrap();
    assert_eq!(text.lines().count(), 4, "{text}");
    assert!(text.starts_with("id,time,hubId,appId,tokenId,operation,object,status"), "{text}");
    assert!(!text.contains(&token) && !text.contains("kept@example.com"));
    let lines = keyway.run(&["audit", "export", "--operation", "POST /crm/v3/objects/contacts"]);
    assert_eq!(String::from_utf8(lines.stdout).unwrap().lines().count(), 1);
}

#[test]
fn a_check_of_the_audit_tells_a_whole_log_from_one_that_was_put_back() {
    let keyway = Keyway::start(&[]);
    let token = create(&keyway, "Sync", "crm.objects.contacts.read");
    keyway.call(&token, "GET", CONTACTS, None);
    let early = keyway.json(&["audit", "verify"]);
    assert_eq!((&early["records"], &early["fault"]), (&1.into(), &serde_json::Value::Null));
    let folder = keyway.stop();
    let audit = folder.path().join("audit");
    let names = |folder: &std::path::Path| std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect::<Vec<_>>();
    let backup: Vec<_> = names(&audit).into_iter().map(|file| (std::fs::read(&file).unwrap(), file)).collect();

    let keyway = Keyway::start_in(folder, &[]);
    keyway.call(&token, "GET", CONTACTS, None);
    let kept = early["head"].as_str().unwrap();
    let said = |arguments: &[&str]| String::from_utf8(keyway.run(arguments).stdout).unwrap();
    let fine = said(&["audit", "verify", "--head", kept]);
    assert!(fine.contains("verified 2 records: none was changed\nthe kept head (record 1) is in this log\nhead 0:2:"), "{fine}");
    assert!(!said(&["audit", "verify"]).contains("kept head"));
    let head = keyway.json(&["audit", "verify", "--head", kept])["head"].clone();
    let folder = keyway.stop();
    names(&audit).into_iter().for_each(|file| std::fs::remove_file(file).unwrap());
    backup.iter().for_each(|(bytes, file)| std::fs::write(file, bytes).unwrap());

    let keyway = Keyway::start_in(folder, &[]);
    assert_eq!(keyway.run(&["audit", "verify"]).status.code(), Some(0));
    let refused = keyway.run(&["audit", "verify", "--head", head.as_str().unwrap()]);
    assert_eq!(refused.status.code(), Some(1), "{}", String::from_utf8_lossy(&refused.stdout));
    assert_eq!(keyway.run(&["audit", "verify", "--head", "7"]).status.code(), Some(2));
}

#[test]
fn a_mistyped_scope_is_refused_with_a_hint() {
    let keyway = Keyway::start(&["--ephemeral"]);
    let refused = keyway.run(&["app", "create", "Sync", "--scopes", "crm.objects.contact.read"]);
    assert_eq!(refused.status.code(), Some(2));
    let error = String::from_utf8(refused.stderr).unwrap();
    assert!(error.contains("did you mean crm.objects.contacts.read"), "{error}");
}

#[test]
fn the_admin_api_asks_for_its_token_and_the_files_are_private() {
    let keyway = Keyway::start(&[]);
    let admin = keyway.address("admin");
    assert_eq!(http(admin, "a-wrong-admin-token", "GET", "/api/v1/apps", None).0, 401);
    assert_eq!(http(admin, ADMIN_TOKEN, "GET", "/api/v1/apps", None).0, 200);
    assert_eq!(http(admin, "", "GET", "/api/v1/openapi.json", None).1["openapi"], "3.1.0");
    let mode = |name: &str| std::fs::metadata(keyway.folder.path().join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(""), 0o700);
    for file in ["admin.sock", "master.key", "keyway.db", "audit/00000000000000000001.log", "portal.db", "portal.db-wal"] {
        assert_eq!(mode(file), 0o600, "{file}");
    }
}

#[test]
fn without_a_server_the_error_says_how_to_start_one() {
    let keyway = Keyway::start(&["--ephemeral"]);
    let folder = keyway.stop();
    let output =
        std::process::Command::new(env!("CARGO_BIN_EXE_keyway")).args(["app", "list", "--data"]).arg(folder.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("Start one with \"keyway serve"));
    let status = std::process::Command::new(env!("CARGO_BIN_EXE_keyway")).args(["status", "--data"]).arg(folder.path()).output().unwrap();
    assert_eq!(status.status.code(), Some(1));
}

#[test]
fn scopes_that_no_call_needed_are_told_and_taken_away() {
    let keyway = Keyway::start(&["--ephemeral"]);
    let token =
        create(&keyway, "Sync", "crm.objects.contacts.read,crm.objects.contacts.write,crm.objects.deals.read,crm.objects.companies.read");
    let none = keyway.json(&["app", "tighten", "Sync"]);
    assert_eq!((&none["calls"], &none["needed"]), (&0.into(), &serde_json::json!([])));
    keyway.call(&token, "GET", CONTACTS, None);
    keyway.call(&token, "GET", "/crm/objects/2026-09/0-3", None);
    // What was refused needs nothing: it was not done.
    keyway.call(&token, "POST", "/crm/v3/objects/deals", Some(r#"{"properties":{}}"#));

    let found = keyway.json(&["app", "tighten", "Sync", "--days", "30"]);
    assert_eq!(found["needed"], serde_json::json!(["crm.objects.contacts.read", "crm.objects.deals.read"]));
    assert_eq!(found["unused"], serde_json::json!(["crm.objects.companies.read", "crm.objects.contacts.write"]));
    let deals = found["operations"].as_array().unwrap().iter().find(|one| one["object"] == "deals").unwrap();
    assert_eq!((&deals["calls"], &deals["scopes"]), (&1.into(), &serde_json::json!(["crm.objects.deals.read"])));
    let shown = String::from_utf8(keyway.run(&["app", "show", "Sync"]).stdout).unwrap();
    assert!(shown.contains("unused       crm.objects.companies.read"), "{shown}");
    assert!(shown.contains("refused for  crm.objects.deals.write"), "{shown}");

    // The same of every app, and all tokens.
    let other = create(&keyway, "Other", "crm.objects.contacts.read");
    keyway.call(&other, "GET", CONTACTS, None);
    let each = keyway.json(&["app", "tighten"]);
    let of = |name: &str| each["apps"].as_array().unwrap().iter().find(|one| one["app"]["name"] == name).unwrap();
    assert_eq!((&of("Sync")["unused"], &of("Sync")["refused"][0]["calls"]), (&found["unused"], &1.into()));
    assert_eq!((&of("Other")["unused"], &of("Other")["refused"]), (&serde_json::json!([]), &serde_json::json!([])));
    let only = ["app", "tighten", "--only-unused"];
    let names =
        |answer: &serde_json::Value| answer["apps"].as_array().unwrap().iter().map(|one| one["app"]["name"].clone()).collect::<Vec<_>>();
    assert_eq!(names(&keyway.json(&only)), ["Sync"]);
    let screen = String::from_utf8(keyway.run(&["app", "tighten"]).stdout).unwrap();
    assert!(screen.contains("UNUSED SCOPES") && screen.contains("crm.objects.companies.read, crm.objects.contacts.write"), "{screen}");
    assert_eq!(keyway.run(&["app", "tighten", "--apply"]).status.code(), Some(2));
    let tokens = keyway.json(&["token", "list"]);
    assert_eq!((&tokens["tokens"][0]["app"], &tokens["tokens"][1]["app"]), (&"Sync".into(), &"Other".into()));

    let tightened = keyway.json(&["app", "tighten", "Sync", "--apply"]);
    assert_eq!(tightened["app"]["scopes"], serde_json::json!(["crm.objects.contacts.read", "crm.objects.deals.read", "oauth"]));
    assert_eq!(keyway.call(&token, "GET", CONTACTS, None).0, 200);
    assert_eq!(keyway.call(&token, "POST", CONTACTS, Some(r#"{"properties":{}}"#)).0, 403);
    assert_eq!(keyway.json(&["app", "unused"])["apps"], serde_json::json!([]));
}

#[test]
fn tighten_keeps_a_scope_that_was_granted_after_a_refusal() {
    let keyway = Keyway::start(&["--ephemeral"]);
    let token = create(&keyway, "Sync", "crm.objects.contacts.read");
    assert_eq!(keyway.call(&token, "GET", CONTACTS, None).0, 200);
    assert_eq!(keyway.call(&token, "GET", "/crm/v3/objects/deals", None).0, 403);
    keyway.json(&["app", "update", "Sync", "--add-scope", "crm.objects.deals.read,crm.objects.companies.read"]);
    let found = keyway.json(&["app", "tighten", "Sync"]);
    assert_eq!(found["needed"], serde_json::json!(["crm.objects.contacts.read", "crm.objects.deals.read"]));
    assert_eq!(found["unused"], serde_json::json!(["crm.objects.companies.read"]));
}

#[test]
fn tighten_keeps_the_scopes_of_object_types_in_queries_and_bodies() {
    let keyway = Keyway::start(&[]);
    let scopes = "crm.objects.contacts.read,crm.objects.deals.read,crm.objects.companies.read,crm.objects.companies.write";
    let token = create(&keyway, "Sync", scopes);
    assert_eq!(keyway.call(&token, "GET", &format!("{CONTACTS}?associations=deals"), None).0, 200);
    // A call that was refused reached nothing.
    assert_eq!(keyway.call(&token, "GET", &format!("{CONTACTS}?associations=tickets"), None).0, 403);
    let expected = serde_json::json!(["crm.objects.contacts.read", "crm.objects.deals.read"]);
    let found = keyway.json(&["app", "tighten", "Sync"]);
    assert_eq!((&found["needed"], &found["beside"]), (&expected, &serde_json::json!([{ "object": "deals", "access": "read" }])));
    let keyway = Keyway::start_in(keyway.stop(), &[]);
    let found = keyway.json(&["app", "tighten", "Sync"]);
    assert_eq!(found["needed"], expected, "kept over a restart");
    assert_eq!(found["unused"], serde_json::json!(["crm.objects.companies.read", "crm.objects.companies.write"]));
}

#[test]
fn who_still_uses_a_token_is_known_before_it_ends() {
    let keyway = Keyway::start(&["--ephemeral"]);
    let old = create(&keyway, "Sync", "crm.objects.contacts.read");
    let rotated = keyway.json(&["token", "rotate", "Sync", "--grace", "1h"]);
    keyway.call(&old, "GET", CONTACTS, None);
    let tokens = keyway.json(&["token", "list", "Sync"])["tokens"].clone();
    let old_id = tokens[0]["id"].to_string();
    assert_eq!(tokens[0]["state"], "expiring");
    let users = keyway.json(&["token", "users", &old_id])["users"].clone();
    assert_eq!((&users[0]["source"], &users[0]["calls"]), (&"127.0.0.1".into(), &1.into()));
    assert_eq!(keyway.json(&["token", "users", &rotated["token"]["id"].to_string()])["users"], serde_json::json!([]));
}

#[test]
fn a_backup_of_a_running_server_is_a_data_folder_again() {
    let keyway = Keyway::start(&[]);
    let token = create(&keyway, "Sync", "crm.objects.contacts.read,crm.objects.contacts.write");
    let (_, made) = keyway.call(&token, "POST", CONTACTS, Some(r#"{"properties":{"email":"kept@example.com"}}"#));
    let parent = tempfile::tempdir().unwrap();
    let (copy, restored) = (parent.path().join("copy"), tempfile::tempdir().unwrap());
    let text = |path: &std::path::Path| path.display().to_string();
    // The migration board is a part of it.
    let report = parent.path().join("report.json");
    let usage = |path: &str| serde_json::json!({ "path": path, "line": 1, "operation": "GET /crm/v3/objects/contacts", "auth": "bearer" });
    let found = serde_json::json!({ "version": 1, "findings": [], "usages": [usage("main.py")] });
    std::fs::write(&report, found.to_string()).unwrap();
    for repository in ["orders", "bills"] {
        keyway.json(&["migration", "send", &text(&report), "--repository", repository]);
    }
    let board = |keyway: &Keyway| {
        let board = keyway.json(&["migration", "list"]);
        let rows = board["integrations"].as_array().unwrap().iter().map(|row| {
            let shown = keyway.json(&["migration", "show", &row["id"].to_string()]);
            (row["id"].clone(), row["repository"].clone(), row["firstAt"].clone(), row["app"].clone(), shown["plan"].clone())
        });
        (board["reports"].clone(), rows.collect::<Vec<_>>())
    };
    let orders = board(&keyway).1.into_iter().find(|row| row.1 == "orders").unwrap().0.to_string();
    keyway.json(&["migration", "link", &orders, "Sync"]);
    let kept = board(&keyway);
    assert_eq!((kept.1.len(), kept.1.iter().filter(|row| row.3["linked"] == true).count()), (2, 1), "{kept:?}");
    assert_eq!(keyway.run(&["backup", &text(&copy)]).status.code(), Some(0));
    keyway.json(&["migration", "forget", "orders", "--yes"]);
    assert!(!copy.join("master.key").exists());
    assert_eq!(std::fs::metadata(copy.join("keyway.db")).unwrap().permissions().mode() & 0o777, 0o600);
    // What came later is not in it, and nothing is overwritten.
    keyway.call(&token, "GET", CONTACTS, None);
    assert_eq!(keyway.run(&["backup", &text(&copy)]).status.code(), Some(2));
    assert_eq!(keyway.run(&["restore", &text(&copy)]).status.code(), Some(2));

    let key = text(&keyway.folder.path().join("master.key"));
    let restore = |more: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_keyway"));
        command.arg("restore").arg(&copy).arg("--data").arg(restored.path()).args(more).output().unwrap()
    };
    assert_eq!(restore(&["--master-key", "/nowhere"]).status.code(), Some(2));
    let wrong = copy.with_file_name("wrong.key");
    std::fs::write(&wrong, "5a".repeat(32)).unwrap();
    let refused = restore(&["--master-key", wrong.to_str().unwrap()]);
    assert!(refused.status.code() == Some(2) && String::from_utf8_lossy(&refused.stderr).contains("is not the one that"), "{refused:?}");
    let portal = copy.join("portal.db");
    std::fs::rename(&portal, copy.with_file_name("aside")).unwrap();
    let refused = restore(&["--master-key", &key]);
    assert!(refused.status.code() == Some(2) && String::from_utf8_lossy(&refused.stderr).contains("has no portal.db"), "{refused:?}");
    std::fs::rename(copy.with_file_name("aside"), &portal).unwrap();
    assert_eq!(restore(&["--master-key", &key]).status.code(), Some(0));
    let again = Keyway::start_in(restored, &[]);
    let (status, read) = again.call(&token, "GET", &format!("{CONTACTS}/{}", made["id"].as_str().unwrap()), None);
    assert_eq!((status, &read["properties"]["email"]), (200, &"kept@example.com".into()));
    assert_eq!(again.json(&["audit", "verify"])["records"], 2);
    assert_eq!(board(&again), kept);
}

#[test]
fn the_folder_of_a_running_server_is_not_a_backup() {
    let keyway = Keyway::start(&[]);
    create(&keyway, "Sync", "crm.objects.contacts.read");
    let restored = tempfile::tempdir().unwrap();
    let restore = |source: &std::path::Path| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_keyway"));
        command.arg("restore").arg(source).arg("--data").arg(restored.path()).output().unwrap()
    };
    let refused = restore(keyway.folder.path());
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(refused.status.code() == Some(2) && said.contains("a server uses it") && said.contains("keyway backup TARGET"), "{said}");
    assert!(!restored.path().join("keyway.db").exists());
    // A stopped one is as whole as a copy of it.
    assert_eq!(restore(keyway.stop().path()).status.code(), Some(0));
}

#[test]
fn a_damaged_backup_is_not_put_back() {
    let keyway = Keyway::start(&[]);
    create(&keyway, "Sync", "crm.objects.contacts.read");
    let (copy, restored) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    assert_eq!(keyway.run(&["backup", &copy.path().display().to_string()]).status.code(), Some(0));
    let file = copy.path().join("keyway.db");
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[4_096..12_288].fill(0x5a);
    std::fs::write(&file, bytes).unwrap();
    let arguments = ["restore", &copy.path().display().to_string(), "--data", &restored.path().display().to_string()];
    let refused = std::process::Command::new(env!("CARGO_BIN_EXE_keyway")).args(arguments).output().unwrap();
    assert_eq!(refused.status.code(), Some(2));
    assert!(!restored.path().join("keyway.db").exists());
}

#[test]
fn settings_of_a_file_come_after_the_command_line_and_are_checked() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keyway.toml");
    let check = |text: &str| {
        std::fs::write(&file, text).unwrap();
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_keyway")).args(["config", "check"]).arg(&file).output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    for (wrong, why) in [
        ("listne = \"127.0.0.1:1\"", "listne is not a setting"),
        ("config = \"x\"", "config is not a setting"),
        ("listen = \"nowhere\"", "nowhere"),
        ("demo = \"yes\"", "true or false"),
        ("audit-keep-days = 0", "audit-keep-days"),
        ("demo = true\ndatabase = \"postgres://x\"", "can't be used with --demo"),
    ] {
        let (code, said) = check(wrong);
        assert!(code == Some(1) && said.contains(why), "{wrong}: {code:?} {said}");
    }
    assert_eq!(check("= 1").0, Some(1), "not TOML");
    // The harness names other listeners on the command line, which comes first.
    assert_eq!(check("demo = true\nlisten = \"192.0.2.1:1\"\naudit_keep_days = 30\nlog = \"info\"").0, Some(0));
    let keyway = Keyway::start(&["--ephemeral", "--config", &file.display().to_string()]);
    assert_eq!(keyway.json(&["app", "list"])["apps"].as_array().unwrap().len(), 2, "the demo's apps");
}
