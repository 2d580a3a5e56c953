//! Strict mode and the report of a run: each mistake with its rule, and a clean run that passes.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::harness::{ADMIN_TOKEN, Keyway, ask, http};

const CONTACTS: &str = "/crm/objects/2026-09/contacts";
const SCOPES: &str = "crm.objects.contacts.read,crm.objects.contacts.write,crm.objects.deals.read,automation";

fn start(options: &[&str]) -> (Keyway, String) {
    let keyway = Keyway::start(&[&["--ephemeral"], options].concat());
    let made = keyway.json(&["app", "create", "Tests", "--scopes", SCOPES, "--no-limits"]);
    keyway.json(&["portal", "seed", "--set", "demo"]);
    let token = made["token"]["value"].as_str().unwrap().to_owned();
    (keyway, token)
}

fn rules(report: &Value) -> Vec<&str> {
    report["findings"].as_array().unwrap().iter().map(|found| found["rule"].as_str().unwrap()).collect()
}

#[test]
fn each_mistake_fails_strict_mode_with_its_rule_and_is_named_in_the_report() {
    let as_of = ["--as-of", "2026-12-10"];
    let (keyway, token) = start(&as_of);
    let get = |target: &str| keyway.call(&token, "GET", target, None).0;
    let planted: [(&str, &dyn Fn() -> u16, u16, &str); 7] = [
        (
            "unserved",
            &|| get("/automation/2026-09-beta/action-types"),
            501,
            "GET /automation/2026-09-beta/action-types: the embedded account does not serve it",
        ),
        (
            "unknown-properties",
            &|| get(&format!("{CONTACTS}/101?properties=email,colour")),
            200,
            "contacts have no property \"colour\"; the answer leaves it out without an error",
        ),
        ("deprecated", &|| get("/crm/v3/objects/contacts/101"), 200, "on 2027-09-30 (month only). Move to /crm/objects/2026-09/contacts/"),
        ("ended", &|| get("/crm-pipelines/v1/pipelines/deals"), 404, "it has ended on the day of --as-of"),
        (
            "unasserted-writes",
            &|| keyway.call(&token, "POST", CONTACTS, Some(r#"{"properties":{"email":"new@example.com"}}"#)).0,
            201,
            "no expectation covers this write",
        ),
        ("unread-pages", &|| get(&format!("{CONTACTS}?limit=1")), 200, "that page was never read"),
        (
            "missing-retries",
            &|| {
                keyway.json(&["portal", "fault", "add", "--status", "429", "--times", "1"]);
                get(&format!("{CONTACTS}/101"))
            },
            429,
            "it was answered 429, and never came again",
        ),
    ];
    for (rule, call, status, reason) in planted {
        keyway.json(&["portal", "reset", "--yes"]);
        keyway.json(&["portal", "seed", "--set", "demo"]);
        assert_eq!(call(), status, "{rule}");
        let strict = format!("--strict={rule}");
        let run = keyway.run(&["portal", "report", &strict, "--ends-by", "2027-12-31"]);
        let text = String::from_utf8(run.stdout).unwrap();
        assert_eq!(run.status.code(), Some(1), "{text}");
        assert!(text.contains(&format!("[{rule}]")) && text.contains(reason), "{rule}: {text}");
    }
    // The report outlives the resets. Two more of the calls are of operations that end.
    let report = keyway.json(&["portal", "report", "--ends-by", "2027-12-31"]);
    let mut expected: Vec<&str> = planted.iter().map(|(rule, ..)| *rule).collect();
    let mut found = rules(&report);
    expected.sort_unstable();
    found.sort_unstable();
    found.dedup();
    assert_eq!(found, expected, "{report}");
    assert_eq!(keyway.run(&["portal", "report"]).status.code(), Some(0), "without --strict findings are only told");
}

#[test]
fn a_run_without_mistakes_passes_and_tells_the_scopes_that_it_needs() {
    let (keyway, token) = start(&[]);
    let (_, page) = keyway.call(&token, "GET", &format!("{CONTACTS}?limit=10&associations=deals&properties=email"), None);
    let mut after = page["paging"]["next"]["after"].as_str().map(str::to_owned);
    assert!(after.is_some());
    while let Some(cursor) = after {
        let (_, page) =
            keyway.call(&token, "GET", &format!("{CONTACTS}?limit=10&associations=deals&properties=email&after={cursor}"), None);
        after = page["paging"]["next"]["after"].as_str().map(str::to_owned);
    }
    keyway.json(&["portal", "fault", "add", "--status", "429", "--times", "1", "--method", "POST"]);
    let create = || keyway.call(&token, "POST", CONTACTS, Some(r#"{"properties":{"email":"new@example.com"}}"#)).0;
    assert_eq!((create(), create()), (429, 201));
    // Refused for its scopes, as a test of that may be: the app needs none for it.
    assert_eq!(keyway.call(&token, "GET", "/crm/objects/2026-09/tickets", None).0, 403);
    keyway.json(&["portal", "requests", "--method", "POST", "--path", CONTACTS, "--expect", "2"]);
    let run = keyway.run(&["portal", "report", "--strict", "--ends-by", "2027-12-31"]);
    let text = String::from_utf8(run.stdout).unwrap();
    assert_eq!(run.status.code(), Some(0), "{text}");
    let scopes = "Your tests need these 3 scopes: crm.objects.contacts.read, crm.objects.contacts.write, crm.objects.deals.read";
    assert!(text.contains(scopes) && text.contains("No findings."), "{text}");
}

#[test]
fn an_expectation_that_is_not_met_and_a_look_without_one_assert_nothing() {
    let (keyway, token) = start(&[]);
    keyway.call(&token, "POST", CONTACTS, Some(r#"{"properties":{"email":"new@example.com"}}"#));
    keyway.run(&["portal", "requests"]);
    assert_eq!(keyway.run(&["portal", "requests", "--method", "POST", "--expect", "2"]).status.code(), Some(1));
    assert_eq!(rules(&keyway.json(&["portal", "report"])), ["unasserted-writes"]);
    keyway.json(&["portal", "requests", "--method", "POST", "--expect", "1"]);
    assert_eq!(rules(&keyway.json(&["portal", "report"])), [""; 0]);
}

#[test]
fn unknown_properties_of_writes_batches_and_searches_are_found() {
    let (keyway, token) = start(&[]);
    let post = |target: &str, body: Value| keyway.call(&token, "POST", target, Some(&body.to_string())).0;
    assert_eq!(post(CONTACTS, json!({ "properties": { "written": "x" } })), 400);
    let inputs = json!([{ "properties": { "in_a_batch": "x" } }]);
    assert_eq!(post(&format!("{CONTACTS}/batch/create"), json!({ "inputs": inputs })), 400);
    assert_eq!(post(&format!("{CONTACTS}/batch/read"), json!({ "properties": ["read"], "inputs": [{ "id": "101" }] })), 200);
    assert_eq!(post(&format!("{CONTACTS}/search"), json!({ "properties": ["shown"], "query": "nobody" })), 200);
    let filters = json!([{ "propertyName": "filtered", "operator": "HAS_PROPERTY" }]);
    assert_eq!(post(&format!("{CONTACTS}/search"), json!({ "filterGroups": [{ "filters": filters }] })), 400);
    let report = keyway.json(&["portal", "report"]);
    let text = report["findings"].to_string();
    for name in ["written", "in_a_batch", "read", "shown", "filtered"] {
        assert!(text.contains(&format!("no property \\\"{name}\\\"")), "{name}: {text}");
    }
}

#[test]
fn findings_name_the_test_and_a_deleted_account_stays_in_the_report() {
    let keyway = Keyway::start_with(tempfile::tempdir().unwrap(), &["--ephemeral"], &[("KEYWAY_ADMIN_TOKEN", ADMIN_TOKEN)]);
    let admin = |method: &str, path: &str, body: Value| ask(&keyway, Some(ADMIN_TOKEN), method, path, &body).2;
    let hub_id = admin("POST", "/api/v1/accounts", json!({ "name": "Worker 1" }))["account"]["hubId"].to_string();
    let app = json!({ "hubId": hub_id.parse::<u64>().unwrap(), "name": "Tests", "scopes": ["crm.objects.contacts.write"] });
    let token = admin("POST", "/api/v1/apps", app)["token"]["value"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/portals/{hub_id}");
    admin("POST", &format!("{path}/reset"), json!({ "test": "test_a" }));
    keyway.call(&token, "POST", CONTACTS, Some(r#"{"properties":{}}"#));
    let current = || admin("GET", &format!("{path}/report?current=true"), Value::Null);
    assert_eq!(current()["findings"][0]["test"], "test_a");
    let of_rules = |rules: &str| ask(&keyway, Some(ADMIN_TOKEN), "GET", &format!("{path}/report?rules={rules}"), &Value::Null);
    assert_eq!(of_rules("unserved,ended").2["findings"], json!([]));
    assert_eq!(of_rules("all").2["findings"][0]["reason"], "wrong data could reach HubSpot unnoticed");
    assert_eq!(of_rules("unserve").0, 400);
    admin("POST", &format!("{path}/reset"), json!({ "test": "test_b" }));
    assert_eq!((current()["findings"].as_array().unwrap().len(), &current()["calls"]), (0, &json!(0)));
    assert_eq!(ask(&keyway, Some(ADMIN_TOKEN), "POST", &format!("{path}/reset"), &json!({ "name": "x" })).0, 400);
    assert_eq!(ask(&keyway, Some(ADMIN_TOKEN), "GET", &format!("{path}/report?endsBy=soon"), &Value::Null).0, 400);
    admin("DELETE", &format!("/api/v1/accounts/{hub_id}"), Value::Null);
    let report = keyway.json(&["portal", "report"]);
    assert_eq!((&report["findings"][0]["test"], &report["scopes"]["needed"]), (&json!("test_a"), &json!(["crm.objects.contacts.write"])));
}

#[test]
fn reports_of_several_servers_are_merged_without_a_server() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    for (name, target) in [("a.json", CONTACTS), ("b.json", "/crm/objects/2026-09/deals")] {
        let (keyway, token) = start(&[]);
        keyway.call(&token, "GET", target, None);
        let output = keyway.run(&["portal", "report", "--json", "--output", &file(name)]);
        assert_eq!(output.status.code(), Some(0));
    }
    let merge = |options: &[&str]| {
        let (a, b) = (file("a.json"), file("b.json"));
        let arguments = [&["portal", "report", &a, &b], options].concat();
        Command::new(env!("CARGO_BIN_EXE_keyway")).args(arguments).current_dir(folder.path()).output().unwrap()
    };
    let merged: Value = serde_json::from_slice(&merge(&["--json"]).stdout).unwrap();
    assert_eq!(merged["scopes"]["needed"], json!(["crm.objects.contacts.read", "crm.objects.deals.read"]));
    let junit = merge(&["--strict=unread-pages", "--format", "junit"]);
    assert_eq!(junit.status.code(), Some(1));
    assert!(String::from_utf8(junit.stdout).unwrap().contains("<failure type=\"unread-pages\""));
    std::fs::write(file("a.json"), "{}").unwrap();
    let refused = merge(&[]);
    let error = String::from_utf8(refused.stderr).unwrap();
    assert!(refused.status.code() == Some(2) && error.contains("a.json is not a report. Write one with"), "{error}");
}

/// A command of `keyway exec` that waits for a line and then exits with a code.
fn exec(options: &[&str], code: u8) -> (Child, BufReader<std::process::ChildStdout>, String, String) {
    let script = format!(r#"echo "${{HUBSPOT_BASE_URL#http://}} $HUBSPOT_ACCESS_TOKEN"; read line; exit {code}"#);
    let mut process = Command::new(env!("CARGO_BIN_EXE_keyway"))
        .arg("exec")
        .args(options)
        .args(["--", "sh", "-c", &script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = BufReader::new(process.stdout.take().unwrap());
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    let (address, token) = line.trim_end().split_once(' ').unwrap();
    let (address, token) = (address.to_owned(), token.to_owned());
    (process, out, address, token)
}

fn ended(mut process: Child) -> (Option<i32>, String) {
    process.stdin.take().unwrap().write_all(b"\n").unwrap();
    let output = process.wait_with_output().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn exec_fails_on_findings_of_strict_mode_and_writes_the_report() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    // The report, the exit code of the command, whether it makes a mistake, the exit code of both.
    for (name, code, makes_mistake, expected) in
        [("report.json", 0, true, 1), ("report.xml", 0, false, 0), ("report.txt", 7, true, 7), ("other.txt", 0, true, 0)]
    {
        let strict: &[&str] = if expected == 0 && makes_mistake { &[] } else { &["--strict=unknown-properties,unasserted-writes"] };
        let report = path(name);
        let (process, _out, address, token) = exec(&[strict, &["--report", &report]].concat(), code);
        let names = if makes_mistake { "colour" } else { "email" };
        assert_eq!(http(&address, &token, "GET", &format!("{CONTACTS}?properties={names}"), None).0, 200);
        let (code, said) = ended(process);
        assert_eq!(code, Some(expected), "{name}: {said}");
        assert!(said.contains("Your tests need this scope: crm.objects.contacts.read"), "{said}");
        assert_eq!(said.contains("[unknown-properties] GET"), makes_mistake && !strict.is_empty(), "{said}");
        let written = std::fs::read_to_string(&report).unwrap();
        let begins = match Path::new(name).extension().unwrap().to_str().unwrap() {
            "json" => "{\n  \"version\": 1",
            "xml" => "<?xml",
            _ => "1 call of 1 operation. ",
        };
        assert!(written.starts_with(begins), "{written}");
    }
}

#[test]
fn exec_refuses_a_rule_or_a_report_that_cannot_be_before_the_command_runs() {
    for (option, why) in [("--strict=unserve", "no rule has the name"), ("--report=/no/such/folder/report.json", "can't be written")] {
        let output = Command::new(env!("CARGO_BIN_EXE_keyway")).args(["exec", option, "--", "echo", "ran"]).output().unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{error}");
        assert!(error.contains(why), "{error}");
    }
}

#[test]
fn with_a_proxy_a_command_that_calls_hubspots_own_address_reaches_the_account() {
    let script = r#"curl --silent --show-error -H "Authorization: Bearer $HUBSPOT_ACCESS_TOKEN" https://api.hubapi.com/crm/objects/2026-09/contacts
        echo; echo "$SSL_CERT_FILE""#;
    let output = Command::new(env!("CARGO_BIN_EXE_keyway"))
        .args(["exec", "--proxy", "--seed", "minimal", "--", "sh", "-c", script])
        .output()
        .unwrap();
    let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    let (answer, file) = out.trim_end().rsplit_once('\n').unwrap();
    let answer: Value = serde_json::from_str(answer).unwrap_or_else(|_| panic!("{out}{err}"));
    assert_eq!(answer["results"].as_array().unwrap().len(), 1);
    assert!(!Path::new(file).exists(), "the certificate goes with the command");
}
