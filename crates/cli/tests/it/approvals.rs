//! Calls that need a person's approval, over HTTP from the call to the record: nothing is written without one, and
//! nothing but what a person saw.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::{Value, json};

use crate::connection::{Script, Scripted, connected_by, credential};
use crate::harness::{Keyway, ask};

const CONTACTS: &str = "/crm/v3/objects/contacts";
const SCOPES: &str = "crm.objects.contacts.read,crm.objects.contacts.write,crm.schemas.contacts.read,crm.schemas.contacts.write,crm.lists.read,crm.lists.write,crm.objects.companies.read,crm.objects.companies.write";

/// A call with further header lines.
fn call(keyway: &Keyway, token: &str, method: &str, target: &str, body: &Value, headers: &[(&str, &str)]) -> (u16, String, Value) {
    let mut stream = TcpStream::connect(keyway.address("data")).unwrap();
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let more: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let head = format!("{method} {target} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\nconnection: close\r\n{more}");
    write!(stream, "{head}content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}", body.len()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer to {method} {target}: {answer:?}"));
    let rule = head.lines().find_map(|line| line.strip_prefix("keyway-rule: ")).unwrap_or_default().to_owned();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), rule, serde_json::from_str(body).unwrap_or_default())
}

/// A server with an app that any change needs an approval for, and another app that may change things.
struct World {
    keyway: Keyway,
    token: String,
    free: String,
}

impl World {
    fn new(rule: &[&str]) -> Self {
        let keyway = Keyway::start(&[]);
        let of = |name: &str, more: &[&str]| {
            let made = keyway.json(&[&["app", "create", name, "--scopes", SCOPES, "--no-limits"], more].concat());
            made["token"]["value"].as_str().unwrap().to_owned()
        };
        let (token, free) = (of("Agent", rule), of("Free", &[]));
        Self { keyway, token, free }
    }

    fn contact(&self, city: &str) -> String {
        let (status, answer) = self.keyway.call(&self.free, "POST", CONTACTS, Some(&json!({ "properties": { "city": city } }).to_string()));
        assert_eq!(status, 201, "{answer}");
        answer["id"].as_str().unwrap().to_owned()
    }

    fn city(&self, id: &str) -> Value {
        self.keyway.call(&self.free, "GET", &format!("{CONTACTS}/{id}?properties=city"), None).1["properties"]["city"].clone()
    }

    fn call(&self, method: &str, target: &str, body: &Value, approval: Option<&str>) -> (u16, String, Value) {
        let header = approval.map(|id| ("keyway-approval", id));
        call(&self.keyway, &self.token, method, target, body, header.as_slice())
    }

    /// Sends a call that is refused for want of an approval; the approval's id.
    fn asks(&self, method: &str, target: &str, body: &Value) -> String {
        let (status, rule, answer) = self.call(method, target, body, None);
        assert_eq!((status, rule.as_str()), (403, "approval-required"), "{method} {target}: {answer}");
        answer["errors"][0]["context"]["approval"][0].as_str().unwrap().to_owned()
    }

    fn approve(&self, id: &str) {
        self.keyway.json(&["approval", "approve", id]);
    }

    fn refused(&self, method: &str, target: &str, body: &Value, approval: &str) -> String {
        let (status, rule, answer) = self.call(method, target, body, Some(approval));
        assert_eq!(status, 403, "{answer}");
        rule
    }
}

fn sets(city: &str) -> Value {
    json!({ "properties": { "city": city } })
}

#[test]
fn a_change_is_made_once_a_person_has_seen_it_and_approved() {
    let world = World::new(&["--approve", "update,delete,irreversible"]);
    let id = world.contact("Bern");
    let target = format!("{CONTACTS}/{id}");
    let (_, _, refusal) = world.call("PATCH", &target, &sets("Chur"), None);
    let context = &refusal["errors"][0]["context"];
    assert_eq!((&context["state"][0], &context["records"][0]), (&json!("pending"), &json!("1")), "{refusal}");
    assert_eq!(context["rule"][0], "operations of the class update");
    assert!(!refusal.to_string().contains("Bern"), "the app is not told what was read: {refusal}");
    let approval = context["approval"][0].as_str().unwrap();
    assert!(context["link"][0].as_str().unwrap().contains(&format!("/approvals/{approval}?until=")), "{refusal}");
    let shown = world.keyway.json(&["approval", "show", approval])["approval"].clone();
    let record = &shown["change"]["records"][0];
    assert_eq!((&record["id"], &record["state"]), (&json!(id), &json!("there")), "{shown}");
    assert_eq!(record["properties"], json!([{ "name": "city", "before": "Bern", "after": "Chur" }]));
    // The same call asks for nothing new, and is told how it stands.
    assert_eq!(world.asks("PATCH", &target, &sets("Chur")), approval);
    assert_eq!(world.refused("PATCH", &target, &sets("Chur"), approval), "approval-required");
    assert_eq!(world.city(&id), "Bern");
    world.approve(approval);
    let (_, _, told) = world.call("PATCH", &target, &sets("Chur"), None);
    assert_eq!(told["errors"][0]["context"]["state"][0], "approved", "{told}");
    let (status, _, answer) = world.call("PATCH", &target, &sets("Chur"), Some(approval));
    assert_eq!(status, 200, "{answer}");
    assert_eq!(world.city(&id), "Chur");
    assert_eq!(world.refused("PATCH", &target, &sets("Chur"), approval), "approval-used");
    let done = || world.keyway.json(&["approval", "show", approval])["approval"].clone();
    assert!((0..100).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(50));
        done()["status"] == 200
    }));
    assert_eq!((&done()["state"], &done()["decidedBy"]), (&json!("used"), &json!("socket")));
    // What the rule does not name goes on as ever.
    assert_eq!(world.call("GET", &target, &Value::Null, None).0, 200);
    assert_eq!(world.call("POST", CONTACTS, &sets("Genf"), None).0, 201);
}

#[test]
fn a_change_of_the_record_the_input_or_the_order_between_asking_and_executing_is_refused() {
    let world = World::new(&["--approve", "update"]);
    let (one, other) = (world.contact("Bern"), world.contact("Thun"));
    let batch = |ids: [&str; 2], city: &str| json!({ "inputs": ids.map(|id| json!({ "id": id, "properties": { "city": city } })) });
    let target = format!("{CONTACTS}/batch/update");
    let approval = world.asks("POST", &target, &batch([&one, &other], "Chur"));
    world.approve(&approval);
    // Input, order, method, path and query.
    for (method, target, body) in [
        ("POST", target.clone(), batch([&one, &other], "Lugano")),
        ("POST", target.clone(), batch([&other, &one], "Chur")),
        ("POST", target.clone(), batch([&one, &one], "Chur")),
        ("POST", format!("{target}?x=1"), batch([&one, &other], "Chur")),
        ("POST", "/crm/objects/2026-09/contacts/batch/update".to_owned(), batch([&one, &other], "Chur")),
        ("PATCH", format!("{CONTACTS}/{one}"), sets("Chur")),
    ] {
        assert_eq!(world.refused(method, &target, &body, &approval), "approval-mismatch", "{method} {target} {body}");
    }
    // Another writer changes one of the records, in a property that the call does not set.
    let changed = world.keyway.call(&world.free, "PATCH", &format!("{CONTACTS}/{other}"), Some(r#"{"properties":{"zip":"3600"}}"#));
    assert_eq!(changed.0, 200);
    assert_eq!(world.refused("POST", &target, &batch([&one, &other], "Chur"), &approval), "approval-mismatch");
    assert_eq!((world.city(&one), world.city(&other)), (json!("Bern"), json!("Thun")));
    // As it is now it is another change, with an approval of its own; keys in another order are the same call.
    let again = world.asks("POST", &target, &batch([&one, &other], "Chur"));
    assert_ne!(again, approval);
    world.approve(&again);
    let reordered = format!(
        r#"{{ "inputs": [ {{"properties":{{"city":"Chur"}},"id":"{one}"}}, {{"properties":{{"city":"Chur"}},"id":"{other}"}} ] }}"#
    );
    let (status, answer) = {
        let mut stream = TcpStream::connect(world.keyway.address("data")).unwrap();
        write!(
            stream,
            "POST {target} HTTP/1.1\r\nhost: t\r\nauthorization: Bearer {}\r\nkeyway-approval: {again}\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{reordered}",
            world.token,
            reordered.len()
        )
        .unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        (text.split(' ').nth(1).unwrap().to_owned(), text)
    };
    assert_eq!(status, "200", "{answer}");
    assert_eq!((world.city(&one), world.city(&other)), (json!("Chur"), json!("Chur")));
}

#[test]
fn an_approval_that_was_rejected_has_ended_or_is_anothers_opens_nothing() {
    let world = World::new(&["--approve", "update"]);
    let id = world.contact("Bern");
    let target = format!("{CONTACTS}/{id}");
    let rejected = world.asks("PATCH", &target, &sets("Chur"));
    world.keyway.json(&["approval", "reject", &rejected, "--reason", "not this customer"]);
    let (_, rule, answer) = world.call("PATCH", &target, &sets("Chur"), Some(&rejected));
    assert_eq!(rule, "approval-rejected");
    assert!(answer["message"].as_str().unwrap().contains("not this customer"), "{answer}");
    // Another app with the same rule and the same call.
    let made = world.keyway.json(&["app", "create", "Another", "--scopes", SCOPES, "--approve", "update"]);
    let another = made["token"]["value"].as_str().unwrap();
    let approval = world.asks("PATCH", &target, &sets("Chur"));
    world.approve(&approval);
    let (status, rule, answer) = call(&world.keyway, another, "PATCH", &target, &sets("Chur"), &[("keyway-approval", &approval)]);
    assert_eq!((status, rule.as_str()), (403, "approval-mismatch"), "{answer}");
    for wrong in ["", "x", "-1", "1.0", "99999999999999999999", "999999"] {
        let (status, rule, _) = world.call("PATCH", &target, &sets("Chur"), Some(wrong));
        assert!([400, 403].contains(&status) && ["request-not-valid", "approval-mismatch"].contains(&rule.as_str()), "{wrong}: {rule}");
    }
    let twice = [("keyway-approval", approval.as_str()), ("keyway-approval", approval.as_str())];
    assert_eq!(call(&world.keyway, &world.token, "PATCH", &target, &sets("Chur"), &twice).0, 400);
    assert_eq!(world.city(&id), "Bern");
    // Time passes.
    let World { keyway, token, .. } = world;
    let folder = keyway.stop();
    crate::notify_kinds::aged(folder.path(), "update approval set expires_at = expires_at - 86400000 where state = 'approved'");
    let keyway = Keyway::start_in(folder, &[]);
    let (status, rule, answer) = call(&keyway, &token, "PATCH", &target, &sets("Chur"), &[("keyway-approval", &approval)]);
    assert_eq!((status, rule.as_str()), (403, "approval-expired"), "{answer}");
    let output = keyway.run(&["approval", "approve", &rejected]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("socket rejected approval"), "{output:?}");
}

#[test]
fn of_two_executions_at_once_one_is_performed() {
    let world = World::new(&["--approve-operation", "POST /crm/v3/objects/{objectType}", "--approve", "none"]);
    let body = json!({ "properties": { "email": "once@example.com", "city": "Chur" } });
    let approval = world.asks("POST", CONTACTS, &body);
    world.approve(&approval);
    let answers: Vec<(u16, String)> = std::thread::scope(|scope| {
        let calls: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    let (status, rule, _) = world.call("POST", CONTACTS, &body, Some(&approval));
                    (status, rule)
                })
            })
            .collect();
        calls.into_iter().map(|call| call.join().unwrap()).collect()
    });
    let made = answers.iter().filter(|(status, _)| *status == 201).count();
    assert_eq!(made, 1, "{answers:?}");
    assert!(answers.iter().all(|(status, rule)| *status == 201 || rule == "approval-used"), "{answers:?}");
}

#[test]
fn a_number_of_records_passes_and_one_more_asks_and_a_body_that_says_a_thing_twice_is_refused() {
    let world = World::new(&["--approve-above", "2"]);
    let ids: Vec<String> = (0..3).map(|_| world.contact("Bern")).collect();
    let batch = |ids: &[String]| json!({ "inputs": ids.iter().map(|id| json!({ "id": id, "properties": { "city": "Chur" } })).collect::<Vec<_>>() });
    let target = format!("{CONTACTS}/batch/update");
    assert_eq!(world.call("POST", &target, &batch(&ids[..2]), None).0, 200);
    let approval = world.asks("POST", &target, &batch(&ids));
    let archive = json!({ "inputs": ids.iter().map(|id| json!({ "id": id })).collect::<Vec<_>>() });
    let other = world.asks("POST", &format!("{CONTACTS}/batch/archive"), &archive);
    assert_ne!(approval, other);
    let shown = world.keyway.json(&["approval", "show", &other])["approval"].clone();
    assert_eq!((&shown["records"], shown["change"]["records"].as_array().unwrap().len()), (&json!(3), 3), "{shown}");
    assert!(shown["change"]["records"][0]["properties"].to_string().contains("createdate"), "a person sees whom it is: {shown}");
    // Two lists under one key: nobody can be shown which one is taken.
    let twice = format!(r#"{{"inputs":[],"inputs":{}}}"#, batch(&ids)["inputs"]);
    let (status, answer) = world.keyway.call(&world.token, "POST", &target, Some(&twice));
    assert_eq!((status, answer["subCategory"].as_str()), (403, Some("keyway.approval-not-possible")), "{answer}");
    assert_eq!(world.city(&ids[2]), "Bern");
    // The rule is changed part by part.
    let shown = world.keyway.json(&["app", "update", "Agent", "--approve", "delete"]);
    assert_eq!(shown["app"]["approval"], json!({ "classes": ["delete"], "above": 2, "operations": [] }));
    let shown = world.keyway.json(&["app", "update", "Agent", "--approve-above", "none"]);
    assert_eq!(shown["app"]["approval"]["above"], Value::Null);
    assert_eq!(world.call("POST", &target, &batch(&ids), None).0, 200);
}

#[test]
fn a_setting_is_shown_as_it_is_and_what_cannot_be_read_is_said() {
    let world = World::new(&["--approve", "settings,delete"]);
    let made = world.keyway.call(
        &world.free,
        "POST",
        "/crm/v3/properties/contacts",
        Some(r#"{"name":"shoe","label":"Shoe size","type":"number","fieldType":"number","groupName":"contactinformation"}"#),
    );
    assert_eq!(made.0, 201, "{}", made.1);
    let approval = world.asks("PATCH", "/crm/v3/properties/contacts/shoe", &json!({ "label": "Foot" }));
    let shown = world.keyway.json(&["approval", "show", &approval])["approval"]["change"].clone();
    assert!(shown["before"].as_str().unwrap().contains("Shoe size") && shown["body"].as_str().unwrap().contains("Foot"), "{shown}");
    world.approve(&approval);
    let changed = Some(r#"{"label":"Boot"}"#);
    assert_eq!(world.keyway.call(&world.free, "PATCH", "/crm/v3/properties/contacts/shoe", changed).0, 200);
    let patch = json!({ "label": "Foot" });
    assert_eq!(world.refused("PATCH", "/crm/v3/properties/contacts/shoe", &patch, &approval), "approval-mismatch");
    // An app that may not read.
    let id = world.contact("Bern");
    let made = world.keyway.json(&["app", "create", "Blind", "--scopes", "crm.objects.contacts.write", "--approve", "delete"]);
    let blind = made["token"]["value"].as_str().unwrap();
    let (_, _, answer) = call(&world.keyway, blind, "DELETE", &format!("{CONTACTS}/{id}"), &Value::Null, &[]);
    let approval = answer["errors"][0]["context"]["approval"][0].as_str().unwrap().to_owned();
    let shown = world.keyway.json(&["approval", "show", &approval])["approval"]["change"].clone();
    assert_eq!((&shown["records"][0]["state"], &shown["unread"][0]["objectType"]), (&json!("not read"), &json!("contacts")), "{shown}");
}

#[test]
fn over_the_admin_api_two_people_race_and_a_manager_decides_about_their_own_apps() {
    let world = World::new(&["--approve", "update"]);
    let id = world.contact("Bern");
    let approval = world.asks("PATCH", &format!("{CONTACTS}/{id}"), &sets("Chur"));
    let token = |role: &[&str]| {
        world.keyway.json(&[&["admin-token", "create", role[0]], &role[1..]].concat())["adminToken"]["value"].as_str().unwrap().to_owned()
    };
    let (own, other) =
        (token(&["own", "--role", "app-manager", "--app", "Agent"]), token(&["other", "--role", "app-manager", "--app", "Free"]));
    let auditor = token(&["auditor", "--role", "auditor"]);
    let path = format!("/api/v1/approvals/{approval}");
    let decide = |token: &str, how: &str| ask(&world.keyway, Some(token), "POST", &format!("{path}/{how}"), &json!({}));
    assert_eq!(decide(&other, "approve").0, 403);
    assert_eq!(decide(&auditor, "approve").0, 403);
    assert_eq!(ask(&world.keyway, Some(&auditor), "GET", &path, &Value::Null).0, 200);
    assert_eq!(ask(&world.keyway, Some(&other), "GET", &path, &Value::Null).0, 403);
    let listed = ask(&world.keyway, Some(&other), "GET", "/api/v1/approvals", &Value::Null).2;
    assert_eq!(listed["approvals"], json!([]));
    let mut answers = std::thread::scope(|scope| {
        let calls = [scope.spawn(|| decide(&own, "approve")), scope.spawn(|| decide(crate::harness::ADMIN_TOKEN, "reject"))];
        calls.map(|call| call.join().unwrap())
    });
    answers.sort_by_key(|(status, ..)| *status);
    assert_eq!((answers[0].0, answers[1].0), (200, 409), "{answers:?}");
    assert!(answers[1].2["detail"].as_str().unwrap().contains(&format!("approval {approval} at ")), "{answers:?}");
    // A manager takes no rule away.
    let patch = ask(&world.keyway, Some(&own), "PATCH", "/api/v1/apps/Agent", &json!({ "approval": {} }));
    assert_eq!(patch.0, 403);
}

/// HubSpot's answer to a batch read of the record 5.
fn record(city: &str) -> Script {
    let body = json!({ "status": "COMPLETE", "results": [
        { "id": "5", "properties": { "city": city }, "createdAt": "2026-01-01T00:00:00Z", "updatedAt": "2026-01-01T00:00:00Z", "archived": false },
    ] })
    .to_string();
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close";
    Script::Say(format!("{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len()))
}

#[test]
fn a_server_that_is_killed_after_an_approval_was_used_never_makes_the_call_again() {
    let hubspot = Scripted::start(vec![record("Bern"), record("Bern"), Script::Hold]);
    let (keyway, token) = connected_by(Keyway::start(&[]), &format!("http://{}", hubspot.address), &credential(3));
    keyway.json(&["app", "update", "Sync", "--approve", "update"]);
    let target = "/crm/v3/objects/contacts/5";
    let (_, rule, refusal) = call(&keyway, &token, "PATCH", target, &sets("Chur"), &[]);
    assert_eq!(rule, "approval-required", "{refusal}");
    let approval = refusal["errors"][0]["context"]["approval"][0].as_str().unwrap().to_owned();
    let shown = keyway.json(&["approval", "show", &approval])["approval"].clone();
    assert_eq!(shown["change"]["records"][0]["properties"][0]["before"], "Bern", "{shown}");
    keyway.json(&["approval", "approve", &approval]);
    let mut stream = TcpStream::connect(keyway.address("data")).unwrap();
    let body = sets("Chur").to_string();
    write!(
        stream,
        "PATCH {target} HTTP/1.1\r\nhost: t\r\nauthorization: Bearer {token}\r\nkeyway-approval: {approval}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let is_sent = || hubspot.seen().iter().any(|request| request.starts_with("PATCH "));
    assert!((0..600).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(50));
        is_sent()
    }));
    let folder = keyway.kill();
    let keyway = Keyway::start_in(folder, &[]);
    let (status, rule, answer) = call(&keyway, &token, "PATCH", target, &sets("Chur"), &[("keyway-approval", &approval)]);
    assert_eq!((status, rule.as_str()), (403, "approval-used"), "{answer}");
    assert!(answer["message"].as_str().unwrap().contains("not known"), "{answer}");
    assert_eq!(hubspot.seen().iter().filter(|request| request.starts_with("PATCH ")).count(), 1);
    let shown = keyway.json(&["approval", "show", &approval])["approval"].clone();
    assert_eq!((&shown["state"], &shown["status"]), (&json!("used"), &Value::Null));
}
