//! `keyway apply` and `keyway export`: a file is the register of which integration uses which app.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

use crate::connection::{base, connected, hubspot};
use crate::deletion::on_a_terminal;
use crate::harness::{ADMIN_TOKEN, Keyway, Running};

const SHOP: &str = "version: 1
accounts:
  - hubId: 10000001
    name: Shop
    tier: professional
apps:
  - name: Order sync
    owner: jo@example.com
    scopes: &read [crm.objects.contacts.read]
  - name: Dashboard
    scopes: *read
    enabled: false
    maxWait: 1500ms
";

/// Writes a file beside the server's data; its path.
fn file(keyway: &Keyway, text: &str) -> String {
    let path = keyway.folder.path().join("keyway-apps.yaml");
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}

/// Runs `keyway apply` on a text.
fn apply(keyway: &Keyway, text: &str, options: &[&str]) -> Output {
    let path = file(keyway, text);
    keyway.run(&[&["apply", &path], options].concat())
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn apps(keyway: &Keyway) -> Vec<Value> {
    keyway.json(&["app", "list"])["apps"].as_array().unwrap().clone()
}

fn app(keyway: &Keyway, name: &str) -> Value {
    apps(keyway).into_iter().find(|app| app["name"] == name).unwrap()
}

/// A server with one embedded account, 10000001.
fn server() -> Keyway {
    Keyway::start(&[])
}

#[test]
fn the_plan_has_each_field_and_a_second_run_changes_nothing() {
    let keyway = server();
    let plan = apply(&keyway, SHOP, &["--dry-run"]);
    assert_eq!(plan.status.code(), Some(1), "{}", stderr(&plan));
    for line in [
        "~ change account 10000001 \"Embedded account\"\n    name: \"Embedded account\" -> \"Shop\"\n    tier: \"free\" -> \"professional\"",
        "+ create app \"Order sync\" of account 10000001\n    owner: \"jo@example.com\"\n    scopes: \"crm.objects.contacts.read\"\n",
        "    enabled: false\n    maxWait: \"1500ms\"\n",
        "Plan: 2 to create, 1 to change, 0 to delete.",
    ] {
        assert!(stdout(&plan).contains(line), "{line}: {}", stdout(&plan));
    }
    assert!(apps(&keyway).is_empty(), "a dry run changes nothing");

    let done = apply(&keyway, SHOP, &["--yes"]);
    assert_eq!(done.status.code(), Some(0), "{}", stderr(&done));
    assert!(stdout(&done).contains("3 changes done."), "{}", stdout(&done));
    assert_eq!(app(&keyway, "Order sync")["owner"], "jo@example.com");
    assert_eq!((&app(&keyway, "Dashboard")["enabled"], &app(&keyway, "Dashboard")["maxWaitMs"]), (&json!(false), &json!(1500)));
    let account = &keyway.json(&["account", "show", "10000001"])["account"];
    assert_eq!((&account["name"], &account["tier"], &account["timeZone"]), (&json!("Shop"), &json!("professional"), &json!("UTC")));
    let changes = keyway.json(&["changes"])["changes"].as_array().unwrap().len();
    for again in [&["--dry-run"][..], &["--yes"], &[]] {
        let again = apply(&keyway, SHOP, again);
        assert_eq!((again.status.code(), stdout(&again).starts_with("No change")), (Some(0), true), "{}", stderr(&again));
    }
    assert_eq!(keyway.json(&["changes"])["changes"].as_array().unwrap().len(), changes);
}

#[test]
fn drift_is_exit_code_1_with_the_fields_as_json() {
    let keyway = server();
    apply(&keyway, SHOP, &["--yes"]);
    keyway.json(&["app", "update", "Order sync", "--add-scope", "crm.objects.deals.read", "--weight", "7"]);
    let plan = apply(&keyway, SHOP, &["--dry-run", "--json"]);
    assert_eq!(plan.status.code(), Some(1));
    let plan: Value = serde_json::from_slice(&plan.stdout).unwrap();
    let id = app(&keyway, "Order sync")["id"].clone();
    assert_eq!(
        plan,
        json!({
            "version": 1, "create": 0, "change": 1, "delete": 0, "notInFile": [],
            "changes": [{
                "action": "change", "kind": "app", "account": 10_000_001, "name": "Order sync", "id": id,
                "fields": [
                    { "field": "scopes", "before": ["crm.objects.contacts.read", "crm.objects.deals.read"], "after": ["crm.objects.contacts.read"] },
                    { "field": "weight", "before": 7, "after": 1 },
                ],
            }],
        })
    );
    let text = stdout(&apply(&keyway, SHOP, &["--dry-run"]));
    assert!(text.contains("    scopes: - \"crm.objects.deals.read\"\n    weight: 7 -> 1\n"), "{text}");
    let done: Value = serde_json::from_slice(&apply(&keyway, SHOP, &["--yes", "--json"]).stdout).unwrap();
    assert_eq!(done["changes"][0]["state"], "done");
    assert_eq!(app(&keyway, "Order sync")["weight"], 1);
}

#[test]
fn a_script_needs_yes_and_a_person_types_what_is_done() {
    let keyway = server();
    for options in [&[][..], &["--json"]] {
        let refused = apply(&keyway, SHOP, options);
        assert_eq!(refused.status.code(), Some(2));
        assert!(stderr(&refused).contains("--yes") && stderr(&refused).contains("--dry-run"), "{}", stderr(&refused));
    }
    let path = file(&keyway, SHOP);
    for wrong in ["", "y", "no"] {
        let refused = on_a_terminal(&keyway, &["apply", &path], wrong);
        assert_eq!(refused.status.code(), Some(2));
        assert!(stdout(&refused).contains("Type yes to go on") && stdout(&refused).contains("nothing was changed"), "{}", stdout(&refused));
    }
    assert!(apps(&keyway).is_empty());
    let done = on_a_terminal(&keyway, &["apply", &path], "yes");
    assert_eq!(done.status.code(), Some(0), "{}", stdout(&done));
    assert_eq!(apps(&keyway).len(), 2);

    let path = file(&keyway, "version: 1\naccounts: [{hubId: 10000001}]\n");
    let refused = on_a_terminal(&keyway, &["apply", &path, "--prune"], "yes");
    assert_eq!(refused.status.code(), Some(2), "{}", stdout(&refused));
    assert_eq!(apps(&keyway).len(), 2);
    let done = on_a_terminal(&keyway, &["apply", &path, "--prune"], "delete 2 apps");
    assert_eq!(done.status.code(), Some(0), "{}", stdout(&done));
    assert!(apps(&keyway).is_empty());
}

#[test]
fn a_plan_that_is_out_of_date_is_not_carried_out() {
    let keyway = server();
    let path = file(&keyway, SHOP);
    let command = format!("'{}' apply '{path}' --data '{}'", env!("CARGO_BIN_EXE_keyway"), keyway.folder.path().display());
    let mut process = Running::start(
        Command::new("script")
            .args(["--quiet", "--return", "--command", &command, "/dev/null"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped()),
    );
    let mut screen = process.stdout.take().unwrap();
    let mut shown = String::new();
    let mut byte = [0];
    while !shown.contains("Type yes to go on") {
        assert_eq!(screen.read(&mut byte).unwrap(), 1, "{shown}");
        shown.push(char::from(byte[0]));
    }
    keyway.json(&["app", "create", "Order sync", "--account", "10000001"]);
    writeln!(process.stdin.take().unwrap(), "yes").unwrap();
    screen.read_to_string(&mut shown).unwrap();
    assert_eq!(process.wait().unwrap().code(), Some(2), "{shown}");
    assert!(shown.contains("the server has changed since the plan was shown"), "{shown}");
    assert_eq!(apps(&keyway).len(), 1);
}

#[test]
fn a_new_app_has_no_token_that_works_unless_a_file_takes_it() {
    let keyway = server();
    let done = apply(&keyway, SHOP, &["--yes"]);
    let id = app(&keyway, "Order sync")["id"].to_string();
    assert!(stdout(&done).contains(&format!("keyway token create {id}    # \"Order sync\"")), "{}", stdout(&done));
    for app in apps(&keyway) {
        let states: Vec<&str> = app["tokens"].as_array().unwrap().iter().map(|token| token["state"].as_str().unwrap()).collect();
        assert_eq!(states, ["revoked"]);
    }

    let tokens = keyway.folder.path().join("tokens");
    let tokens = tokens.to_str().unwrap();
    let more = format!("{SHOP}  - name: Third\n    scopes: *read\n");
    let done = apply(&keyway, &more, &["--yes", "--tokens-out", tokens]);
    assert_eq!(done.status.code(), Some(0), "{}", stderr(&done));
    assert_eq!(std::fs::metadata(tokens).unwrap().permissions().mode() & 0o777, 0o600);
    let written = std::fs::read_to_string(tokens).unwrap();
    let line: Value = serde_json::from_str(written.trim()).unwrap();
    let token = line["token"].as_str().unwrap();
    assert_eq!((&line["app"], &line["account"]), (&json!("Third"), &json!(10_000_001)));
    assert_eq!(keyway.call(token, "GET", "/crm/v3/objects/contacts", None).0, 200);
    assert!(!stdout(&done).contains(token) && !stderr(&done).contains(token));

    // A file that exists is never written to, and then nothing is changed.
    let fourth = format!("{more}  - name: Fourth\n");
    let refused = apply(&keyway, &fourth, &["--yes", "--tokens-out", tokens]);
    assert_eq!((refused.status.code(), std::fs::read_to_string(tokens).unwrap()), (Some(2), written));
    assert_eq!(apps(&keyway).len(), 3);
    // Where no app is new, there is no file.
    let none = format!("{tokens}-2");
    assert_eq!(apply(&keyway, &more.replace("jo@", "ada@"), &["--yes", "--tokens-out", &none]).status.code(), Some(0));
    assert!(!std::path::Path::new(&none).exists());
}

#[test]
fn prune_deletes_apps_of_the_accounts_in_the_file_and_no_install() {
    let keyway = server();
    keyway.json(&["account", "create", "Other", "--hub-id", "10000002"]);
    keyway.json(&["app", "create", "Elsewhere", "--account", "10000002"]);
    let made = keyway.json(&[
        "app",
        "create",
        "Old",
        "--account",
        "10000001",
        "--scopes",
        "crm.objects.contacts.read",
        "--dependent",
        "nightly job",
    ]);
    assert_eq!(keyway.call(made["token"]["value"].as_str().unwrap(), "GET", "/crm/v3/objects/contacts", None).0, 200);
    let public = keyway.json(&["public-app", "create", "Widget", "--redirect-uri", "http://127.0.0.1:1/back", "--scopes", "oauth"]);
    let [client, secret] = ["clientId", "clientSecret"].map(|field| public["publicApp"][field].as_str().unwrap());
    let url =
        format!("http://{}/oauth/authorize?client_id={client}&redirect_uri=http://127.0.0.1:1/back&scope=oauth", keyway.address("data"));
    let approved = keyway.json(&["install", "approve", &url, "--account", "10000001"]);
    let code = approved.to_string().split("code=").nth(1).unwrap().split(['&', '"']).next().unwrap().to_owned();
    let form =
        format!("grant_type=authorization_code&code={code}&client_id={client}&client_secret={secret}&redirect_uri=http://127.0.0.1:1/back");
    let mut stream = TcpStream::connect(keyway.address("data")).unwrap();
    let head = "POST /oauth/v1/token HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/x-www-form-urlencoded";
    write!(stream, "{head}\r\ncontent-length: {}\r\n\r\n{form}", form.len()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    // The last use of a token is written down now and then, and when the server stops.
    let keyway = Keyway::start_in(keyway.stop(), &[]);

    let kept = apply(&keyway, SHOP, &["--yes"]);
    assert!(stdout(&kept).contains("left alone (--prune deletes them):\n    app \"Old\""), "{}", stdout(&kept));
    let plan = apply(&keyway, SHOP, &["--dry-run", "--prune"]);
    let text = stdout(&plan);
    assert_eq!(plan.status.code(), Some(1));
    assert!(
        text.contains("- delete app \"Old\"") && text.contains(", last used 2") && text.contains("breaks without it: nightly job"),
        "{text}"
    );
    assert!(!text.contains("Elsewhere") && !text.contains("Widget"), "{text}");
    let done: Value = serde_json::from_slice(&apply(&keyway, SHOP, &["--yes", "--prune", "--json"]).stdout).unwrap();
    assert_eq!(done["delete"], 1);
    assert!(done["changes"][0]["lastUsedAt"].is_string(), "{done}");
    let mut names: Vec<String> = apps(&keyway).iter().map(|app| app["name"].as_str().unwrap().to_owned()).collect();
    names.sort();
    assert_eq!(names, ["Dashboard", "Elsewhere", "Order sync"]);
    assert_eq!(keyway.json(&["install", "list"])["installs"].as_array().unwrap().len(), 1);
}

#[test]
fn a_renamed_app_keeps_its_id_and_its_token() {
    let keyway = server();
    let made = keyway.json(&["app", "create", "Old name", "--account", "10000001", "--scopes", "crm.objects.contacts.read"]);
    let text =
        "version: 1\napps:\n  - account: 10000001\n    name: New name\n    formerName: Old name\n    scopes: [crm.objects.contacts.read]\n";
    let plan = apply(&keyway, text, &["--dry-run", "--prune"]);
    assert!(
        stdout(&plan).contains("    name: \"Old name\" -> \"New name\"\nPlan: 0 to create, 1 to change, 0 to delete."),
        "{}",
        stdout(&plan)
    );
    assert_eq!(apply(&keyway, text, &["--yes", "--prune"]).status.code(), Some(0));
    assert_eq!(app(&keyway, "New name")["id"], made["app"]["id"]);
    assert_eq!(keyway.call(made["token"]["value"].as_str().unwrap(), "GET", "/crm/v3/objects/contacts", None).0, 200);
    assert_eq!(apply(&keyway, text, &["--dry-run", "--prune"]).status.code(), Some(0));
}

#[test]
fn a_failure_says_what_is_done_and_the_next_run_goes_on() {
    let keyway = server();
    let wrong =
        "version: 1\naccounts: [{hubId: 10000001, name: Shop}]\napps:\n  - name: A\n  - name: B\n    reserve: 100000\n  - name: C\n";
    let failed = apply(&keyway, wrong, &["--yes", "--json"]);
    let text = stderr(&failed);
    assert_eq!(failed.status.code(), Some(2), "{text}");
    for line in [
        "2 of 4 changes done:",
        "  done      change account 10000001",
        "  done      create app \"A\"",
        "  failed    create app \"B\"",
        "  not done  create app \"C\"",
        "Run the command again",
        "100000 more would leave none",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
    let answer: Value = serde_json::from_slice(&failed.stdout).unwrap();
    let states: Vec<&str> = answer["changes"].as_array().unwrap().iter().map(|change| change["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["done", "done", "failed", "pending"]);
    assert_eq!(apps(&keyway).len(), 1);

    let right = wrong.replace("reserve: 100000", "reserve: 10");
    let plan = apply(&keyway, &right, &["--yes"]);
    assert!(stdout(&plan).contains("Plan: 2 to create, 0 to change, 0 to delete."), "{}", stdout(&plan));
    assert_eq!(apps(&keyway).len(), 3);
    // A reserve moves from one app to another, and the order of the file does not matter.
    let moved = "version: 1\naccounts: [{hubId: 10000001}]\napps:\n  - name: A\n    reserve: 95\n  - name: B\n  - name: C\n";
    let moved = apply(&keyway, moved, &["--yes"]);
    assert_eq!(moved.status.code(), Some(0), "{}", stderr(&moved));
}

#[test]
fn an_embedded_account_is_created_and_every_change_is_recorded() {
    let keyway = Keyway::start(&[]);
    let text = "version: 1\naccounts:\n  - {hubId: 4711, backend: embedded, name: Test, tier: enterprise, currency: EUR, region: eu1}\napps:\n  - name: A\n";
    assert!(stderr(&apply(&keyway, &text.replace("backend: embedded, ", ""), &["--yes"])).contains("keyway account create NAME --connect"));
    assert_eq!(apply(&keyway, text, &["--yes"]).status.code(), Some(0));
    let account = &keyway.json(&["account", "show", "4711"])["account"];
    assert_eq!((&account["currency"], &account["region"], &account["tier"]), (&json!("EUR"), &json!("eu1"), &json!("enterprise")));
    assert_eq!(apply(&keyway, text, &["--dry-run"]).status.code(), Some(0));
    assert!(stderr(&apply(&keyway, &text.replace("EUR", "USD"), &["--dry-run"])).contains("currency is EUR"));
    apply(&keyway, &text.replace("name: A", "name: A\n    owner: jo"), &["--yes"]);
    apply(&keyway, &text.replace("\n  - name: A", " []"), &["--yes", "--prune"]);
    let changes = keyway.json(&["changes"]);
    let mut operations: Vec<&str> =
        changes["changes"].as_array().unwrap().iter().map(|change| change["operation"].as_str().unwrap()).collect();
    operations.reverse();
    assert_eq!(operations, ["createAccount", "createApp", "revokeToken", "updateApp", "deleteApp"]);
}

#[test]
fn what_is_exported_needs_no_change_with_everything_set() {
    let (hubspot, _) = hubspot();
    let token = hubspot.json(&["token", "create", "Connection"])["token"]["value"].as_str().unwrap().to_owned();
    let (keyway, _) = connected(&base(&hubspot), &token);
    keyway.json(&[
        "account",
        "update",
        "4242",
        "--addons",
        "2",
        "--time-zone",
        "Europe/Berlin",
        "--beside-path",
        "forward",
        "--sensitive-properties",
        "forward",
    ]);
    keyway.json(&["account", "create", "yes", "--hub-id", "5", "--tier", "starter", "--currency", "EUR", "--region", "eu1"]);
    let odd = "null: #1 'é' \u{1f469}\u{200d}\u{1f4bb}";
    let dependent = "a\nb\u{1b}[31m\u{202e}";
    let max = ["--max-wait", "0", "--weight", "100", "--reserve", "7", "--translate", "on"];
    let all = ["--unlisted", "read", "--unlisted", "GET /some/api/v1/*", "--description", "no", "--owner", "1e3", "--dependent", dependent];
    keyway.json(&[&["app", "create", odd, "--account", "4242", "--scopes", "crm.objects.deals.read"], &max[..], &all[..]].concat());
    keyway.json(&["app", "create", "true", "--account", "5", "--no-limits=on", "--dependent", "", "--dependent", " x "]);
    keyway.json(&["app", "create", "0x1F", "--account", "5"]);
    keyway.json(&["app", "disable", "0x1F"]);

    let exported = keyway.run(&["export"]);
    assert_eq!(exported.status.code(), Some(0), "{}", stderr(&exported));
    let text = stdout(&exported);
    assert!(!text.contains(['\u{1b}', '\u{202e}', '\u{200d}']) && !text.contains("weight: 1\n"), "{text}");
    for options in [&["--dry-run"][..], &["--dry-run", "--prune"]] {
        let plan = apply(&keyway, &text, options);
        assert_eq!(plan.status.code(), Some(0), "{text}\n{}{}", stdout(&plan), stderr(&plan));
    }
    let file = keyway.folder.path().join("out.yaml");
    assert_eq!(keyway.run(&["export", "-o", file.to_str().unwrap()]).status.code(), Some(0));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), text, "the order is stable");
    let one = stdout(&keyway.run(&["export", "--account", "5"]));
    assert!(one.contains("hubId: 5") && !one.contains("4242"), "{one}");
    assert_eq!(keyway.run(&["export", "--account", "6"]).status.code(), Some(2));

    // On another server, the file makes the same apps.
    let other = Keyway::start(&[]);
    assert_eq!(apply(&other, &one, &["--yes"]).status.code(), Some(0));
    assert_eq!(stdout(&other.run(&["export", "--account", "5"])), one);
}

#[test]
fn a_hostile_file_is_refused_and_changes_nothing() {
    let keyway = server();
    let mut laughs = "version: 1\napps:\n  - name: A\n    dependents:\n      - &a0 [lol, lol]\n".to_owned();
    for level in 1..60 {
        laughs.push_str(&format!("      - &a{level} [*a{0}, *a{0}]\n", level - 1));
    }
    // Assembled here so that no scanner stops at this file; its digits are random, as those of a real one.
    let token = ["pat", "eu1", "3f1c8e52-9a07-4d6b-b1e4-72c05d9f8a36"].join("-");
    for (text, why) in [
        (laughs, "line"),
        (format!("version: 1 # {}\n", "x".repeat(17 << 20)), "16 MiB"),
        (format!("version: 1\napps: {}", "[".repeat(1 << 20)), "line"),
        ("version: 1\napps:\n  - name: A\n    owmer: jo\n".to_owned(), "line 4: owmer is not a key here. Did you mean owner?"),
        ("version: 1\napps:\n  - name: A\n    scopes: [crm.objects.contact.read]\n".to_owned(), "account is missing"),
        (
            "version: 1\napps:\n  - account: 10000001\n    name: \"a\\e[31m\\nb\"\n".to_owned(),
            "app \"a\\u{1b}[31m\\nb\": name must be one line",
        ),
        (format!("version: 1\napps: [] # {token}\n"), "line 2: this looks like a credential"),
        (
            format!("version: 1\napps:\n  - account: 10000001\n    name: A\n    description: hubspot token {token}\n"),
            "line 5: this looks like a credential",
        ),
        ("version: 1\n\"\\e[2J\": 1\n".to_owned(), "line 2"),
        ("version: 2\n".to_owned(), "this Keyway reads version 1"),
        (String::new(), "keyway-apps.yaml"),
    ] {
        let refused = apply(&keyway, &text, &["--yes", "--prune"]);
        let said = stderr(&refused);
        assert_eq!(refused.status.code(), Some(2), "{why}: {said}");
        assert!(said.contains(why) && said.len() < 2_000, "{why}: {said}");
        assert!(!said.contains(['\u{1b}']) && !said.contains(&token), "{said}");
    }
    std::fs::write(keyway.folder.path().join("latin"), b"version: 1 # \xe9\n").unwrap();
    for path in ["latin", "missing.yaml", "."] {
        let path = keyway.folder.path().join(path).display().to_string();
        assert_eq!(keyway.run(&["apply", &path, "--yes"]).status.code(), Some(2), "{path}");
    }
    assert!(apps(&keyway).is_empty());
    assert_eq!(keyway.json(&["account", "list"])["accounts"][0]["name"], "Embedded account");
}

#[test]
fn names_with_control_characters_are_shown_safely() {
    let keyway = server();
    // The server takes any text as a dependent.
    keyway.json(&[
        "app",
        "create",
        "Old",
        "--account",
        "10000001",
        "--dependent",
        "x\u{1b}[2J\nPlan: 0 to create, 0 to change, 0 to delete.",
    ]);
    for text in [
        "version: 1\naccounts: [{hubId: 10000001}]\n",
        "version: 1\napps: [{account: 10000001, name: Old, dependents: [\"\\e[2Jy\\nz\"]}]\n",
    ] {
        let plan = apply(&keyway, text, &["--dry-run", "--prune"]);
        assert_eq!(plan.status.code(), Some(1));
        assert!(!stdout(&plan).contains('\u{1b}'), "{}", stdout(&plan));
        assert_eq!(stdout(&plan).lines().filter(|line| line.starts_with("Plan:")).count(), 1, "{}", stdout(&plan));
    }
}

#[test]
fn an_auditor_sees_the_plan_and_a_manager_of_one_app_does_not() {
    let keyway = server();
    let made = keyway.json(&["app", "create", "Order sync", "--account", "10000001"]);
    let id = made["app"]["id"].to_string();
    let path = file(&keyway, SHOP);
    let address = format!("http://{}", keyway.address("admin"));
    let as_role = |token: &str, arguments: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_keyway"))
            .args(arguments)
            .args(["--addr", &address])
            .env("KEYWAY_ADMIN_TOKEN", token)
            .output()
            .unwrap()
    };
    let token = |role: &str, more: &[&str]| {
        let made = keyway.json(&[&["admin-token", "create", role, "--role", role], more].concat());
        made["adminToken"]["value"].as_str().unwrap().to_owned()
    };
    let auditor = token("auditor", &[]);
    let manager = token("app-manager", &["--app", &id]);
    assert_eq!(as_role(&auditor, &["apply", &path, "--dry-run"]).status.code(), Some(1));
    assert_eq!(as_role(&auditor, &["export"]).status.code(), Some(0));
    let refused = as_role(&auditor, &["apply", &path, "--yes"]);
    assert_eq!((refused.status.code(), stderr(&refused).contains("the role auditor may not change anything")), (Some(2), true));
    for command in [&["apply", &path, "--dry-run"][..], &["apply", &path, "--yes"], &["export"]] {
        let refused = as_role(&manager, command);
        assert_eq!(refused.status.code(), Some(2));
        assert!(stderr(&refused).contains("does not see all apps"), "{}", stderr(&refused));
    }
    assert_eq!(apps(&keyway).len(), 1);
    assert_eq!(as_role(ADMIN_TOKEN, &["apply", &path, "--yes"]).status.code(), Some(0));
    assert_eq!(apps(&keyway).len(), 2);
}
