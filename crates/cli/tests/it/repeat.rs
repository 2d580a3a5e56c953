//! `--random-seed` and `--clock`: two runs of a suite give the same bytes, and no real credential comes near them.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;

use serde_json::{Value, json};

use crate::connection::{base, connect, hubspot};
use crate::harness::Keyway;
use crate::webhooks::{Got, next, receiver};

const NOW: &str = "2027-01-31T09:00:00Z";
/// Links in answers have the address, which free ports would change.
const REPEATED: [&str; 7] = ["--ephemeral", "--random-seed", "7", "--clock", NOW, "--public-url", "http://127.0.0.1:8484"];

/// A run of the suite: every answer as it came, and what the receiver of webhooks got.
struct Run {
    keyway: Keyway,
    token: String,
    answers: Vec<String>,
}

impl Run {
    fn start(seed: &str) -> Self {
        let mut options = REPEATED;
        options[2] = seed;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ready.json");
        let keyway =
            Keyway::start_in(folder, &[&options[..], &["--app", "Tests:all", "--ready-file", &file.display().to_string()]].concat());
        let ready: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
        let token = ready["tokens"]["Tests"].as_str().unwrap().to_owned();
        Self { keyway, token, answers: Vec::new() }
    }

    fn send(&mut self, token: &str, kind: &str, method: &str, target: &str, body: &str) -> Value {
        let mut stream = TcpStream::connect(self.keyway.address("data")).unwrap();
        let length = if body.is_empty() { String::new() } else { format!("content-type: {kind}\r\ncontent-length: {}\r\n", body.len()) };
        write!(stream, "{method} {target} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer {token}\r\n{length}\r\n{body}")
            .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let value = answer.split_once("\r\n\r\n").and_then(|(_, body)| serde_json::from_str(body).ok()).unwrap_or_default();
        self.answers.push(format!("{method} {target}\n{answer}"));
        value
    }

    fn call(&mut self, method: &str, target: &str, body: Value) -> Value {
        let (token, body) = (self.token.clone(), if body.is_null() { String::new() } else { body.to_string() });
        self.send(&token, "application/json", method, target, &body)
    }

    fn get(&mut self, target: &str) -> Value {
        self.call("GET", target, Value::Null)
    }

    /// The request log in the bytes of the command line.
    fn log(&self) -> String {
        String::from_utf8(self.keyway.run(&["portal", "requests", "--json"]).stdout).unwrap()
    }

    /// Some sixty calls of every kind.
    fn suite(&mut self) {
        for at in 0..12 {
            let properties = json!({ "email": format!("p{at}@example.com"), "firstname": format!("P{at}"), "city": "Porto" });
            self.call("POST", "/crm/v3/objects/contacts", json!({ "properties": properties }));
        }
        let inputs: Vec<Value> =
            (0..5).map(|at| json!({ "properties": { "name": format!("Firm {at}"), "domain": format!("f{at}.example.com") } })).collect();
        let firms = self.call("POST", "/crm/objects/2026-09/companies/batch/create", json!({ "inputs": inputs }));
        let firm = firms["results"][0]["id"].as_str().unwrap().to_owned();
        let page = self.get("/crm/v3/objects/contacts?limit=5&properties=email,city&associations=companies");
        let after = page["paging"]["next"]["after"].as_str().unwrap().to_owned();
        let ids: Vec<String> = page["results"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect();
        self.get(&format!("/crm/v3/objects/contacts?limit=5&after={after}"));
        for id in &ids {
            self.call("PUT", &format!("/crm/v4/objects/contacts/{id}/associations/default/companies/{firm}"), Value::Null);
            self.call("PATCH", &format!("/crm/v3/objects/contacts/{id}"), json!({ "properties": { "lifecyclestage": "customer" } }));
            self.get(&format!("/crm/v3/objects/contacts/{id}?propertiesWithHistory=lifecyclestage&associations=companies"));
        }
        let filter = json!([{ "filters": [{ "propertyName": "city", "operator": "EQ", "value": "Porto" }] }]);
        for body in [
            json!({ "filterGroups": filter, "limit": 3 }),
            json!({ "filterGroups": filter, "limit": 3, "after": "3" }),
            json!({ "query": "P1", "properties": ["email"], "sorts": ["-email"] }),
            json!({ "filterGroups": "no list" }),
        ] {
            self.call("POST", "/crm/v3/objects/contacts/search", body);
        }
        // Errors: duplicates, unknown properties and records, methods and paths that do not exist, a foreign token.
        self.call("POST", "/crm/v3/objects/contacts", json!({ "properties": { "email": "p0@example.com" } }));
        self.call("POST", "/crm/v3/objects/contacts", json!({ "properties": { "shoe_size": "44" } }));
        self.get("/crm/v3/objects/contacts/999999");
        self.call("PUT", "/crm/v3/objects/contacts", json!({}));
        self.get("/nothing/like/this");
        self.send(&["pat", "na1", "none"].join("-"), "application/json", "GET", "/crm/v3/objects/contacts", "");
        self.call(
            "POST",
            "/crm/v3/properties/contacts",
            json!({ "name": "plan", "label": "Plan", "type": "string", "fieldType": "text", "groupName": "contactinformation" }),
        );
        self.get("/crm/v3/properties/contacts/plan");
        self.get("/crm/v3/owners");
        self.get("/account-info/v3/details");
        let list = self.call("POST", "/crm/v3/lists", json!({ "name": "Some", "objectTypeId": "0-1", "processingType": "MANUAL" }));
        self.call("PUT", &format!("/crm/v3/lists/{}/memberships/add", list["list"]["listId"].as_str().unwrap()), json!([ids[0], ids[1]]));
        self.call("POST", "/crm/v3/objects/contacts/merge", json!({ "primaryObjectId": ids[0], "objectIdToMerge": ids[1] }));
        self.call("DELETE", &format!("/crm/v3/objects/contacts/{}", ids[2]), Value::Null);
        self.call("POST", "/crm/v3/objects/contacts/gdpr-delete", json!({ "objectId": ids[3] }));
        self.import();
        let name = json!({ "name": "Folder" });
        self.call("POST", "/files/v3/folders", name);
        self.call("POST", "/marketing/v3/forms", json!({ "formType": "hubspot", "name": "Form" }));
        self.call("POST", "/crm/v3/objects/notes", json!({ "properties": { "hs_note_body": "A note", "hs_timestamp": NOW } }));
    }

    /// A file with a line that is refused, until it is done.
    fn import(&mut self) {
        let request = json!({
            "name": "Up", "importOperations": { "0-1": "UPSERT" },
            "files": [{ "fileName": "up.csv", "fileFormat": "CSV", "fileImportPage": { "hasHeader": true, "columnMappings": [
                { "columnObjectTypeId": "0-1", "columnName": "Mail", "propertyName": "email", "columnType": "HUBSPOT_ALTERNATE_ID" },
            ] } }],
        });
        let part = "--b\r\ncontent-disposition: form-data; name=";
        let csv = "Mail\nrow@example.com\nno address";
        let body = format!(
            "{part}\"importRequest\"\r\n\r\n{request}\r\n{part}\"files\"; filename=\"up.csv\"\r\ncontent-type: text/csv\r\n\r\n{csv}\r\n--b--\r\n"
        );
        let token = self.token.clone();
        let begun = self.send(&token, "multipart/form-data; boundary=b", "POST", "/crm/v3/imports", &body);
        let id = begun["id"].as_str().unwrap().to_owned();
        (0..2).for_each(|_| drop(self.get(&format!("/crm/v3/imports/{id}"))));
        self.get(&format!("/crm/v3/imports/{id}/errors"));
    }

    /// An install over OAuth: its client, code, tokens and a call. The texts are compared too.
    fn oauth(&mut self) {
        let redirect = "http://127.0.0.1:9/back";
        let made = self.keyway.json(&["public-app", "create", "Acme", "--scopes", "crm.objects.contacts.read", "--redirect-uri", redirect]);
        let id = made["publicApp"]["clientId"].as_str().unwrap();
        let secret = made["publicApp"]["clientSecret"].as_str().unwrap();
        let hub_id = self.keyway.json(&["account", "list"])["accounts"][0]["hubId"].to_string();
        let asked = format!("http://x/oauth/authorize?client_id={id}&redirect_uri={redirect}&scope=oauth%20crm.objects.contacts.read");
        let approved = self.keyway.json(&["install", "approve", &asked, "--account", &hub_id]);
        let to = approved["redirectTo"].as_str().unwrap();
        let code = to.split("code=").nth(1).unwrap().split('&').next().unwrap();
        let form = format!("grant_type=authorization_code&client_id={id}&client_secret={secret}&redirect_uri={redirect}&code={code}");
        let tokens = self.send("", "application/x-www-form-urlencoded", "POST", "/oauth/v1/token", &form);
        let access = tokens["access_token"].as_str().unwrap_or_else(|| panic!("{tokens}"));
        self.send(access, "application/json", "GET", "/crm/v3/objects/contacts?limit=1", "");
        let refresh = tokens["refresh_token"].as_str().unwrap();
        let form = format!("grant_type=refresh_token&client_id={id}&client_secret={secret}&refresh_token={refresh}");
        self.send("", "application/x-www-form-urlencoded", "POST", "/oauth/v1/token", &form);
        self.answers.push(to.to_owned());
    }

    /// Subscribes to contacts, and answers what the receiver gets of three of them, one after the other.
    fn webhooks(&mut self, url: &str, got: &std::sync::mpsc::Receiver<Got>) -> Vec<String> {
        self.keyway.json(&["portal", "webhook", "set", "Tests", "--to", url, "contact.creation"]);
        self.answers.push(self.keyway.json(&["portal", "webhook", "secret", "Tests"]).to_string());
        let creation = |at| json!({ "properties": { "email": format!("told{at}@example.com") } });
        (0..3).for_each(|at| drop(self.call("POST", "/crm/v3/objects/contacts", creation(at))));
        let mut events: Vec<Value> = Vec::new();
        while events.len() < 3 {
            events.extend(serde_json::from_str::<Vec<Value>>(&next(got).body).unwrap());
        }
        events.iter().map(Value::to_string).collect()
    }

    /// Calls of which half fail, by chance.
    fn faults(&mut self) -> Vec<bool> {
        self.keyway.json(&["portal", "fault", "add", "--status", "503", "--probability", "0.5"]);
        let failed = (0..20).map(|_| self.get("/crm/v3/owners")["category"] == "FAULT").collect();
        self.keyway.run(&["portal", "fault", "clear"]);
        failed
    }
}

#[test]
fn two_runs_of_a_suite_under_one_seed_give_the_same_bytes() {
    let (url, got) = receiver(&["200 OK"]);
    let whole = || {
        let mut run = Run::start("7");
        run.suite();
        run.oauth();
        let events = run.webhooks(&url, &got);
        let failed = run.faults();
        (run, events, failed)
    };
    let (first, second) = (whole(), whole());
    assert!(first.0.answers.len() > 80, "{}", first.0.answers.len());
    for (one, other) in first.0.answers.iter().zip(&second.0.answers) {
        assert_eq!(one, other);
    }
    assert_eq!(first.1, second.1, "the events of webhooks");
    assert_eq!(first.2, second.2, "which calls failed");
    assert!(first.2.contains(&true) && first.2.contains(&false), "{:?}", first.2);
    let (log, again) = (first.0.log(), second.0.log());
    assert!(log == again, "the request logs differ");
    assert!(log.contains(r#""correlationId""#) && log.contains("p11@example.com"), "{log}");
    // The parts that differ without a seed are those that it fixes, and they look as they do without one.
    let refused = first.0.answers.iter().find(|answer| answer.contains("/nothing/like/this")).unwrap();
    assert!(
        refused.contains("date: Sun, 31 Jan 2027 09:00:00 GMT") || refused.contains("Date: Sun, 31 Jan 2027 09:00:00 GMT"),
        "{refused}"
    );
    assert!(first.0.token.starts_with("pat-na1-"), "a token of HubSpot's form");
}

#[test]
fn an_app_has_the_same_token_in_whatever_order_apps_are_created() {
    let tokens = |apps: [&str; 2]| {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ready.json");
        let options = ["--app", apps[0], "--app", apps[1], "--ready-file", &file.display().to_string()];
        let _keyway = Keyway::start_in(folder, &[&REPEATED[..], &options].concat());
        let ready: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
        ready["tokens"].clone()
    };
    let (one, other) = (tokens(["Tests:all", "Sync:all"]), tokens(["Sync:all", "Tests:all"]));
    assert_eq!((&one["Tests"], &one["Sync"]), (&other["Tests"], &other["Sync"]));
    assert_ne!(one["Tests"], one["Sync"]);
}

#[test]
fn another_seed_gives_other_tokens_and_ids() {
    let (mut first, mut second) = (Run::start("7"), Run::start("8"));
    assert_ne!(first.token, second.token);
    let id = |run: &mut Run| run.get("/crm/v3/objects/contacts/1")["correlationId"].as_str().unwrap().to_owned();
    assert_ne!(id(&mut first), id(&mut second));
}

#[test]
fn after_a_reset_or_a_restored_snapshot_the_same_calls_have_the_same_answers_again() {
    let mut run = Run::start("7");
    run.keyway.json(&["portal", "snapshot", "take", "clean"]);
    run.suite();
    let first = std::mem::take(&mut run.answers);
    run.keyway.json(&["portal", "reset", "--yes"]);
    run.suite();
    let second = std::mem::take(&mut run.answers);
    run.keyway.json(&["portal", "restore", "clean"]);
    run.suite();
    for ((one, other), last) in first.iter().zip(&second).zip(&run.answers) {
        assert_eq!(one, other, "after a reset");
        // What was counted of the day goes on over a restore.
        let without = |text: &str| {
            text.lines().filter(|line| !line.to_lowercase().starts_with("x-hubspot-ratelimit-")).collect::<Vec<_>>().join("\n")
        };
        assert_eq!(without(one), without(last), "after a restore");
    }
}

#[test]
fn the_words_of_a_call_are_found_in_the_audit_by_an_id_that_holds_no_time() {
    let mut run = Run::start("7");
    let id = run.get("/crm/v3/objects/contacts/1")["correlationId"].as_str().unwrap().to_owned();
    let told = String::from_utf8(run.keyway.run(&["doctor", &id]).stdout).unwrap();
    assert!(told.contains("/crm/v3/objects/contacts/{contactId}") || told.contains("/crm/v3/objects/contacts"), "{told}");
}

#[test]
fn a_server_with_a_seed_refuses_what_is_real() {
    let failed = |command: &mut Command| {
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        String::from_utf8(output.stderr).unwrap()
    };
    let folder = tempfile::tempdir().unwrap();
    for option in [["--random-seed", "7"], ["--clock", NOW]] {
        let error = failed(Command::new(env!("CARGO_BIN_EXE_keyway")).args(["serve", "--data"]).arg(folder.path()).args(option));
        assert!(error.contains(option[0]) && error.contains("add --ephemeral"), "{error}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing was written");

    let keyway = Keyway::start(&["--ephemeral", "--random-seed", "7"]);
    assert!(keyway.screen.contains("--random-seed 7"), "{}", keyway.screen);
    let (other, credential) = hubspot();
    let (status, error) = connect(&keyway, &base(&other), &credential);
    let error = error.to_string();
    assert_eq!(status, Some(2), "{error}");
    assert!(error.contains("--random-seed") && error.contains("no credential of a HubSpot account"), "{error}");
}

#[test]
fn exec_takes_a_seed_and_a_clock_too() {
    let token = || {
        let command =
            ["exec", "--random-seed", "7", "--clock", NOW, "--", "sh", "-c", "echo $HUBSPOT_ACCESS_TOKEN; echo $KEYWAY_ADMIN_TOKEN"];
        let output = Command::new(env!("CARGO_BIN_EXE_keyway")).args(command).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let (one, other) = (token(), token());
    assert_eq!(one[0], other[0]);
    assert_ne!(one[1], other[1], "what opens the admin API stays random");
}
