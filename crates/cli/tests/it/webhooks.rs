//! Webhooks of an embedded account, at a receiver of the test's own.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::Keyway;

const SCOPES: &str = "crm.objects.contacts.read,crm.objects.contacts.write,private-apps-read,private-apps-write";

/// A request that a receiver got.
pub struct Got {
    pub head: String,
    pub body: String,
}

impl Got {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.split_once(": ").filter(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value))
    }

    fn events(&self) -> Vec<Value> {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// Answers with these statuses in turn, the last one again and again; what comes in is handed over.
pub fn receiver(statuses: &'static [&'static str]) -> (String, Receiver<Got>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hooks?from=keyway", listener.local_addr().unwrap());
    let (send, got) = mpsc::channel();
    std::thread::spawn(move || {
        for (at, stream) in listener.incoming().enumerate() {
            let mut reader = BufReader::new(stream.unwrap());
            let mut head = String::new();
            while reader.read_line(&mut head).unwrap() > 2 {}
            let got = Got { head, body: String::new() };
            let mut body = vec![0; got.header("content-length").unwrap().parse().unwrap()];
            reader.read_exact(&mut body).unwrap();
            let status = statuses.get(at).or(statuses.last()).unwrap();
            let answer = format!("HTTP/1.1 {status}\r\nlocation: /elsewhere\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            reader.into_inner().write_all(answer.as_bytes()).unwrap();
            if send.send(Got { body: String::from_utf8(body).unwrap(), ..got }).is_err() {
                return;
            }
        }
    });
    (url, got)
}

/// Waits for less than a test may take, so that a failure says what did not come.
pub fn next(got: &Receiver<Got>) -> Got {
    got.recv_timeout(Duration::from_secs(60)).expect("a webhook comes")
}

fn server(options: &[&str]) -> (Keyway, String) {
    let keyway = Keyway::start(&[&["--ephemeral"], options].concat());
    let made = keyway.json(&["app", "create", "Tests", "--scopes", SCOPES, "--no-limits"]);
    let token = made["token"]["value"].as_str().unwrap().to_owned();
    (keyway, token)
}

fn create(keyway: &Keyway, token: &str, email: &str) {
    let body = json!({ "properties": { "email": email } }).to_string();
    assert_eq!(keyway.call(token, "POST", "/crm/v3/objects/contacts", Some(&body)).0, 201);
}

#[test]
fn a_contact_that_is_created_is_told_of_signed_with_the_apps_secret() {
    let (keyway, token) = server(&[]);
    let (url, got) = receiver(&["204 No Content"]);
    keyway.json(&["portal", "webhook", "set", "Tests", "--to", &url, "contact.creation", "contact.propertyChange:email"]);
    let secret = keyway.json(&["portal", "webhook", "secret", "Tests"])["secret"].as_str().unwrap().to_owned();
    create(&keyway, &token, "ada@example.com");
    let one = next(&got);
    assert!(one.head.starts_with("POST /hooks?from=keyway HTTP/1.1\r\n"), "{}", one.head);
    let kinds: Vec<Value> = one.events().iter().map(|event| event["subscriptionType"].clone()).collect();
    assert_eq!(kinds, ["contact.creation", "contact.propertyChange"]);
    assert!(one.events().iter().all(|event| event["attemptNumber"] == 0));
    // The official clients check the signature in tests/clients; here it is enough that the secret is not sent.
    for name in ["x-hubspot-signature", "x-hubspot-signature-v3", "x-hubspot-request-timestamp"] {
        assert!(one.header(name).is_some(), "{name}");
    }
    assert!(!one.head.contains(&secret) && !one.body.contains(&secret));
    let again = keyway.json(&["portal", "webhook", "secret", "Tests"]);
    assert_eq!(again["secret"], secret, "it stays");

    let listed = keyway.json(&["portal", "webhook", "list"]);
    assert_eq!((&listed["webhooks"][0]["targetUrl"], listed["webhooks"][0]["subscriptions"].as_array().unwrap().len()), (&json!(url), 2));
    let sent = keyway.json(&[
        "portal",
        "webhook",
        "deliveries",
        "--app",
        "Tests",
        "--event",
        "contact.creation",
        "--expect",
        "1",
        "--wait",
        "10s",
    ]);
    assert_eq!((&sent["met"], &sent["deliveries"][0]["status"]), (&json!(true), &json!(204)));

    keyway.json(&["portal", "webhook", "remove", "Tests", "--yes"]);
    create(&keyway, &token, "ben@example.com");
    assert!(matches!(got.recv_timeout(Duration::from_millis(300)), Err(RecvTimeoutError::Timeout)));
}

#[test]
fn what_a_target_refuses_is_sent_again_and_a_redirect_is_not_followed() {
    let (keyway, token) = server(&[]);
    let (url, got) = receiver(&["500 Internal Server Error", "302 Found", "200 OK"]);
    keyway.json(&["portal", "webhook", "set", "Tests", "--to", &url, "contact.creation"]);
    create(&keyway, &token, "ada@example.com");
    let attempts: Vec<Value> = (0..3).map(|_| next(&got).events()[0]["attemptNumber"].clone()).collect();
    assert_eq!(attempts, [0, 1, 2]);
    let refused = keyway.json(&["portal", "webhook", "deliveries", "--taken", "false", "--expect", "2"]);
    assert_eq!((&refused["deliveries"][0]["status"], &refused["deliveries"][1]["status"]), (&json!(500), &json!(302)));
    keyway.json(&["portal", "webhook", "deliveries", "--taken", "true", "--expect", "1", "--wait", "10s", "--clear"]);
    assert_eq!(keyway.json(&["portal", "webhook", "deliveries"])["count"], 0);
}

#[test]
fn events_that_come_while_a_request_is_under_way_go_together() {
    let (keyway, token) = server(&[]);
    let (url, got) = receiver(&["200 OK"]);
    keyway.json(&["portal", "webhook", "set", "Tests", "--to", &url, "contact.creation"]);
    let inputs: Vec<Value> = (0..100).map(|at| json!({ "properties": { "email": format!("{at}@example.com") } })).collect();
    let body = json!({ "inputs": inputs }).to_string();
    assert_eq!(keyway.call(&token, "POST", "/crm/v3/objects/contacts/batch/create", Some(&body)).0, 201);
    assert_eq!(next(&got).events().len(), 100);
}

#[test]
fn a_token_can_not_make_the_server_call_other_machines() {
    let (keyway, token) = server(&[]);
    let app = keyway.json(&["app", "show", "Tests"])["app"]["id"].to_string();
    let settings = format!("/webhooks/v3/{app}/settings");
    let subscription = json!({ "eventType": "contact.creation", "active": true }).to_string();
    assert_eq!(keyway.call(&token, "POST", &format!("/webhooks/v3/{app}/subscriptions"), Some(&subscription)).0, 201);
    for (at, target) in
        ["http://169.254.169.254/latest/meta-data", "https://example.com/hooks", "http://127.0.0.1.example.com/"].iter().enumerate()
    {
        assert_eq!(keyway.call(&token, "PUT", &settings, Some(&json!({ "targetUrl": target }).to_string())).0, 200);
        create(&keyway, &token, &format!("{at}@example.com"));
        let expect = (at + 1).to_string();
        let sent = keyway.json(&["portal", "webhook", "deliveries", "--expect", &expect, "--wait", "10s"]);
        let error = sent["deliveries"][at]["error"].as_str().unwrap();
        assert!(error.contains("--webhook-hosts"), "{error}");
        assert_eq!((&sent["deliveries"][at]["status"], &sent["deliveries"][at]["attempt"]), (&Value::Null, &json!(0)));
    }
}

#[test]
fn hosts_are_those_that_the_operator_names() {
    let (keyway, token) = server(&["--webhook-hosts", "app.example.com,localhost"]);
    let (url, got) = receiver(&["200 OK"]);
    keyway.json(&["portal", "webhook", "set", "Tests", "--to", &url, "contact.creation"]);
    create(&keyway, &token, "ada@example.com");
    keyway.json(&["portal", "webhook", "deliveries", "--taken", "false", "--expect", "1", "--wait", "10s"]);
    keyway.json(&["portal", "webhook", "set", "Tests", "--to", &url.replace("127.0.0.1", "localhost"), "contact.creation"]);
    create(&keyway, &token, "ben@example.com");
    assert_eq!(next(&got).events().len(), 1);
}

#[test]
fn a_reset_takes_subscriptions_and_what_waits() {
    let (keyway, token) = server(&[]);
    let (url, got) = receiver(&["500 Internal Server Error"]);
    keyway.json(&["portal", "webhook", "set", "Tests", "--to", &url, "contact.creation"]);
    create(&keyway, &token, "ada@example.com");
    next(&got);
    keyway.json(&["portal", "reset", "--yes"]);
    create(&keyway, &token, "ben@example.com");
    // The second attempt would come a second after the first.
    assert!(matches!(got.recv_timeout(Duration::from_millis(1_500)), Err(RecvTimeoutError::Timeout)));
    let listed = keyway.json(&["portal", "webhook", "list"]);
    assert_eq!(listed["webhooks"], json!([]));
}

#[test]
fn an_event_that_is_none_is_refused_with_what_would_be() {
    let (keyway, _) = server(&[]);
    let output = keyway.run(&["portal", "webhook", "set", "Tests", "--to", "http://127.0.0.1:1/", "contact.birthday"]);
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(error.contains("contact.birthday: write events such as") && !error.contains("calls["), "{error}");
    assert_eq!(keyway.json(&["portal", "webhook", "list"])["webhooks"], json!([]), "all of it or nothing");
}

#[test]
fn what_waits_for_a_target_is_not_sent_once_the_app_has_another() {
    let (keyway, token) = server(&[]);
    let (old, got_old) = receiver(&["500 Internal Server Error"]);
    let (new, got_new) = receiver(&["200 OK"]);
    keyway.json(&["portal", "webhook", "set", "Tests", "--to", &old, "contact.creation"]);
    create(&keyway, &token, "ada@example.com");
    next(&got_old);
    keyway.json(&["portal", "webhook", "set", "Tests", "--to", &new, "contact.creation"]);
    create(&keyway, &token, "ben@example.com");
    assert_eq!(next(&got_new).events().len(), 1);
    assert!(matches!(got_old.recv_timeout(Duration::from_millis(1_500)), Err(RecvTimeoutError::Timeout)));
}

#[test]
fn webhooks_belong_to_the_app_itself() {
    let (keyway, token) = server(&[]);
    let other = keyway.json(&["app", "create", "Other", "--scopes", SCOPES]);
    let (own, other) = (keyway.json(&["app", "show", "Tests"])["app"]["id"].to_string(), other["app"]["id"].to_string());
    let settings = json!({ "targetUrl": "http://127.0.0.1:1/" }).to_string();
    let subscription = json!({ "eventType": "contact.creation" }).to_string();
    for version in ["v3", "2026-03"] {
        for name in [own.clone(), format!("app-{own}")] {
            let path = format!("/webhooks/{version}/{name}/settings");
            assert_eq!(keyway.call(&token, "PUT", &path, Some(&settings)).0, 200, "{path}");
        }
        for name in [other.clone(), format!("app-{other}"), "999".to_owned(), "v3".to_owned()] {
            for (method, tail, body) in [
                ("PUT", "settings", Some(&settings)),
                ("GET", "settings", None),
                ("DELETE", "settings", None),
                ("GET", "subscriptions", None),
                ("POST", "subscriptions", Some(&subscription)),
            ] {
                let path = format!("/webhooks/{version}/{name}/{tail}");
                let (status, refused) = keyway.call(&token, method, &path, body.map(String::as_str));
                assert_eq!((status, refused["category"].as_str()), (403, Some("BANNED")), "{method} {path} {refused}");
            }
        }
    }
    // The other spelling of a path is no way around.
    assert_ne!(keyway.call(&token, "PUT", &format!("/webhooks/{other}/v3/settings"), Some(&settings)).0, 200);
}

#[test]
fn a_subscription_needs_the_read_scope_of_its_object_when_it_is_made_and_when_it_is_told() {
    let (keyway, token) = server(&[]);
    let hook = keyway.json(&["app", "create", "Hook", "--scopes", "private-apps-read,private-apps-write"]);
    let (id, hook) = (hook["app"]["id"].to_string(), hook["token"]["value"].as_str().unwrap().to_owned());
    let (url, got) = receiver(&["200 OK"]);
    assert_eq!(keyway.call(&hook, "PUT", &format!("/webhooks/v3/{id}/settings"), Some(&json!({ "targetUrl": url }).to_string())).0, 200);
    let path = format!("/webhooks/v3/{id}/subscriptions");
    for event in [
        json!({ "eventType": "contact.propertyChange", "propertyName": "email", "active": true }),
        json!({ "eventType": "object.creation", "objectTypeId": "0-1", "active": true }),
    ] {
        let (status, refused) = keyway.call(&hook, "POST", &path, Some(&event.to_string()));
        assert_eq!((status, refused["category"].as_str()), (403, Some("MISSING_SCOPES")), "{event} {refused}");
        assert_eq!(refused["errors"][0]["context"]["requiredGranularScopes"], json!(["crm.objects.contacts.read"]));
    }
    keyway.json(&["app", "update", "Hook", "--add-scope", "crm.objects.contacts.read"]);
    let event = json!({ "eventType": "contact.propertyChange", "propertyName": "email", "active": true }).to_string();
    assert_eq!(keyway.call(&hook, "POST", &path, Some(&event)).0, 201);
    create(&keyway, &token, "ada@example.com");
    assert_eq!(next(&got).events()[0]["propertyValue"], "ada@example.com");
    // A scope that is taken away ends the events, and the deliveries say why.
    keyway.json(&["app", "update", "Hook", "--remove-scope", "crm.objects.contacts.read"]);
    create(&keyway, &token, "ben@example.com");
    let told = keyway.json(&["portal", "webhook", "deliveries", "--app", "Hook", "--taken", "false", "--expect", "1", "--wait", "10s"]);
    let error = told["deliveries"][0]["error"].as_str().unwrap();
    assert!(error.contains("crm.objects.contacts.read"), "{error}");
    assert!(!told.to_string().contains("ben@example.com"), "{told}");
    assert!(got.try_recv().is_err());
}
