//! Accounts whose calls go to HubSpot: here, another Keyway with an embedded account, or a server
//! of the test's own that answers as it is told and remembers what it was sent.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::harness::Keyway;

const SCOPES: &str = "crm.objects.contacts.read,crm.objects.contacts.write";

/// A credential of the right form, assembled here so that no scanner stops at this file.
pub fn credential(seed: u8) -> String {
    keyway_core::token::PlainToken::generate("eu1", [seed; 16]).expose().to_owned()
}

/// Connects a gateway to a HubSpot, with the credential over standard input.
pub fn connect(gateway: &Keyway, base: &str, credential: &str) -> (Option<i32>, Value) {
    let file = gateway.folder.path().join("credential");
    std::fs::write(&file, format!("{credential}\n")).unwrap();
    let file = file.display().to_string();
    let output = gateway.run(&[
        "account",
        "add",
        "Production",
        "--connect",
        "--base-url",
        base,
        "--credential-file",
        &file,
        "--tier",
        "enterprise",
        "--json",
    ]);
    std::fs::remove_file(&file).unwrap();
    let answer = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| json!(String::from_utf8_lossy(&output.stderr)));
    (output.status.code(), answer)
}

/// A HubSpot with account 4242, and the token of an app there.
pub fn hubspot() -> (Keyway, String) {
    let hubspot = Keyway::start(&[]);
    hubspot.json(&["account", "create", "HubSpot", "--hub-id", "4242"]);
    let app = hubspot.json(&["app", "create", "Connection", "--account", "4242", "--scopes", SCOPES]);
    let token = app["token"]["value"].as_str().unwrap().to_owned();
    (hubspot, token)
}

pub fn base(keyway: &Keyway) -> String {
    format!("http://{}", keyway.address("data"))
}

/// A gateway connected to a HubSpot, and the token of an app on the gateway.
pub fn connected(base: &str, credential: &str) -> (Keyway, String) {
    connected_by(Keyway::start(&[]), base, credential)
}

pub fn connected_by(gateway: Keyway, base: &str, credential: &str) -> (Keyway, String) {
    let (code, answer) = connect(&gateway, base, credential);
    assert_eq!((code, &answer["account"]["hubId"]), (Some(0), &json!(4242)), "{answer}");
    let app = gateway.json(&["app", "create", "Sync", "--account", "4242", "--scopes", SCOPES]);
    (gateway, app["token"]["value"].as_str().unwrap().to_owned())
}

#[test]
fn calls_of_a_connected_account_reach_hubspot_with_the_connections_credential() {
    let (hubspot, credential) = hubspot();
    let (gateway, token) = connected(&base(&hubspot), &credential);
    let (status, contact) = gateway.call(&token, "POST", "/crm/v3/objects/contacts", Some(r#"{"properties":{"email":"a@example.com"}}"#));
    assert_eq!(status, 201, "{contact}");
    let path = format!("/crm/v3/objects/contacts/{}", contact["id"].as_str().unwrap());
    assert_eq!(gateway.call(&token, "GET", &path, None).0, 200);
    // It is HubSpot's record, seen with HubSpot's own token, and the gateway's token is nothing there.
    assert_eq!(hubspot.call(&credential, "GET", &path, None).0, 200);
    assert_eq!(hubspot.call(&token, "GET", &path, None).0, 401);
    // Both have the calls on record: the gateway by the app that called, HubSpot by the connection.
    let recorded = |keyway: &Keyway, app: &str| keyway.json(&["audit", "list", "--app", app])["records"].as_array().unwrap().len();
    assert_eq!(recorded(&gateway, "Sync"), 2);
    assert!(recorded(&hubspot, "Connection") >= 2);
}

#[test]
fn scopes_are_the_apps_own_and_hubspots_errors_are_handed_on() {
    let (hubspot, credential) = hubspot();
    let (gateway, token) = connected(&base(&hubspot), &credential);
    let reader = gateway.json(&["app", "create", "Reader", "--account", "4242", "--scopes", "crm.objects.contacts.read"]);
    let reader = reader["token"]["value"].as_str().unwrap();
    let (status, refused) = gateway.call(reader, "POST", "/crm/v3/objects/contacts", Some("{}"));
    assert_eq!((status, refused["category"].as_str()), (403, Some("MISSING_SCOPES")));
    let (status, missing) = gateway.call(&token, "GET", "/crm/v3/objects/contacts/999999", None);
    assert_eq!((status, missing["status"].as_str()), (404, Some("error")), "{missing}");
}

#[test]
fn a_credential_that_hubspot_refuses_or_that_would_go_in_plain_text_is_not_taken() {
    let (hubspot, good) = hubspot();
    let gateway = Keyway::start(&[]);
    let (code, answer) = connect(&gateway, &base(&hubspot), &credential(1));
    assert_eq!(code, Some(2));
    assert!(answer.to_string().contains("does not accept this credential"), "{answer}");
    let (code, answer) = connect(&gateway, "http://api.example.org", &good);
    assert_eq!(code, Some(2));
    assert!(answer.to_string().contains("must begin with https://"), "{answer}");
    assert!(!answer.to_string().contains(&good[8..40]));
}

#[test]
fn a_credential_is_sealed_at_rest_survives_a_restart_and_is_in_no_answer() {
    let (hubspot, credential) = hubspot();
    let (gateway, token) = connected(&base(&hubspot), &credential);
    let shown = gateway.json(&["account", "show", "4242"]);
    assert_eq!(shown["account"]["connection"]["scopes"], json!(["crm.objects.contacts.read", "crm.objects.contacts.write", "oauth"]));
    assert!(!shown.to_string().contains(&credential[8..40]));
    let folder = gateway.stop();
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let bytes = std::fs::read(&path).unwrap();
            assert!(!contains(&bytes, &credential.as_bytes()[8..40]), "{}", path.display());
        }
    }
    let gateway = Keyway::start_in(folder, &[]);
    assert_eq!(gateway.call(&token, "GET", "/crm/v3/objects/contacts", None).0, 200);
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

#[test]
fn a_credential_is_replaced_under_load_and_no_call_is_refused() {
    let (hubspot, first) = hubspot();
    let (gateway, token) = connected(&base(&hubspot), &first);
    let stop = AtomicBool::new(false);
    let statuses = std::thread::scope(|scope| {
        let calls = scope.spawn(|| {
            let mut statuses = Vec::new();
            while !stop.load(Ordering::Relaxed) && statuses.len() < 90 {
                statuses.push(gateway.call(&token, "GET", "/crm/v3/objects/contacts?limit=1", None).0);
            }
            statuses
        });
        let rotated = hubspot.json(&["token", "rotate", "Connection", "--grace", "1h"]);
        let second = rotated["token"]["value"].as_str().unwrap().to_owned();
        let file = gateway.folder.path().join("next");
        std::fs::write(&file, &second).unwrap();
        let shown = gateway.json(&["account", "rotate", "4242", "--credential-file", &file.display().to_string()]);
        assert!(shown["account"]["connection"]["hint"].as_str().unwrap().ends_with(&second[40..]));
        stop.store(true, Ordering::Relaxed);
        calls.join().unwrap()
    });
    assert!(statuses.iter().all(|status| *status == 200), "{statuses:?}");
    // Another account's credential, or one with fewer scopes than the apps have, is not taken.
    let narrow = hubspot.json(&["app", "create", "Narrow", "--account", "4242", "--scopes", "crm.objects.contacts.read"]);
    for (credential, why) in [(narrow["token"]["value"].as_str().unwrap().to_owned(), "lacks scopes"), (credential(2), "does not accept")] {
        let file = gateway.folder.path().join("next");
        std::fs::write(&file, credential).unwrap();
        let output = gateway.run(&["account", "rotate", "4242", "--credential-file", &file.display().to_string()]);
        assert!(String::from_utf8_lossy(&output.stderr).contains(why), "{output:?}");
    }
}

/// A server that answers each request with the next of its scripts, and keeps what it was sent.
pub struct Scripted {
    pub address: SocketAddr,
    seen: Arc<Mutex<Vec<String>>>,
}

/// One answer.
pub enum Script {
    /// These bytes, and the connection stays open where they say so.
    Say(String),
    /// These bytes, which need not be text.
    Raw(Vec<u8>),
    /// Nothing: the connection is closed once the request was read.
    HangUp,
    /// Nothing, and the connection stays open.
    Hold,
}

pub fn ok(body: &str) -> Script {
    Script::Say(format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}", body.len()))
}

fn status(status: &str) -> Script {
    Script::Say(format!("HTTP/1.1 {status}\r\ncontent-length: 2\r\n\r\n{{}}"))
}

impl Scripted {
    /// Answers the question about the credential, then the scripts.
    pub fn start(scripts: Vec<Script>) -> Self {
        let info = ok(r#"{"userId":1,"hubId":4242,"appId":9,"scopes":["crm.objects.contacts.read","crm.objects.contacts.write","files"]}"#);
        Self::only(std::iter::once(info).chain(scripts).collect())
    }

    /// Answers the scripts.
    fn only(scripts: Vec<Script>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let kept = seen.clone();
        let scripts = Arc::new(Mutex::new(scripts.into_iter().collect::<VecDeque<Script>>()));
        std::thread::spawn(move || {
            // The gateway keeps connections open on each of its threads, so each is served by itself.
            let over = Arc::new(AtomicBool::new(false));
            for stream in listener.incoming() {
                let (Ok(stream), false) = (stream, over.load(Ordering::SeqCst)) else { return };
                let (scripts, kept, over) = (scripts.clone(), kept.clone(), over.clone());
                std::thread::spawn(move || {
                    if !serve(stream, &scripts, &kept) {
                        // Nobody listens from here on; this connection wakes the loop to see it.
                        over.store(true, Ordering::SeqCst);
                        let _ = TcpStream::connect(address);
                    }
                });
            }
        });
        Self { address, seen }
    }

    pub fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

/// Serves one connection; false when there are no scripts left.
fn serve(stream: TcpStream, scripts: &Mutex<VecDeque<Script>>, seen: &Mutex<Vec<String>>) -> bool {
    let mut reader = BufReader::new(stream);
    loop {
        let mut request = String::new();
        let mut length = 0;
        loop {
            let before = request.len();
            if reader.read_line(&mut request).unwrap_or(0) == 0 {
                return true;
            }
            let line = request[before..].to_ascii_lowercase();
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            if line == "\r\n" {
                break;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        request.push_str(&String::from_utf8_lossy(&body));
        seen.lock().unwrap().push(request);
        let script = scripts.lock().unwrap().pop_front();
        match script {
            Some(Script::Say(text)) => {
                reader.get_mut().write_all(text.as_bytes()).unwrap();
                if text.to_ascii_lowercase().contains("connection: close") {
                    let _ = reader.get_mut().shutdown(Shutdown::Both);
                    return true;
                }
            }
            Some(Script::Raw(bytes)) => reader.get_mut().write_all(&bytes).unwrap(),
            Some(Script::HangUp) => {
                let _ = reader.get_mut().shutdown(Shutdown::Both);
                return true;
            }
            Some(Script::Hold) => loop {
                std::thread::park();
            },
            None => return false,
        }
    }
}

/// Sends bytes as they are and reads the answer to its end.
pub fn raw(keyway: &Keyway, request: &str) -> String {
    let mut stream = TcpStream::connect(keyway.address("data")).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    answer
}

fn get(keyway: &Keyway, token: &str, more: &str) -> String {
    raw(
        keyway,
        &format!(
            "GET /crm/v3/objects/contacts?hapikey=1&limit=1 HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer {token}\r\n{more}\r\n"
        ),
    )
}

#[test]
fn what_a_client_sends_crosses_by_name_and_what_hubspot_sends_loses_what_is_its_own() {
    let answer = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nset-cookie: a=b\r\nx-hubspot-ratelimit-remaining: 3\r\nx-hubspot-correlation-id: theirs\r\nconnection: x-own\r\nx-own: 1\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n";
    let upstream = Scripted::start(vec![Script::Say(answer.into())]);
    let credential = credential(3);
    let (gateway, token) = connected(&format!("http://{}", upstream.address), &credential);
    let answer = get(&gateway, &token, "cookie: c=d\r\nx-forwarded-for: 10.0.0.1\r\nuser-agent: sync/1\r\nproxy-authorization: x\r\n")
        .to_ascii_lowercase();
    assert!(answer.starts_with("http/1.1 200"), "{answer}");
    for held in ["set-cookie", "x-own", "ratelimit-remaining: 3\r\n"] {
        assert!(!answer.contains(held), "{held}: {answer}");
    }
    for there in ["x-hubspot-correlation-id: theirs", "keyway-correlation-id: "] {
        assert!(answer.contains(there), "{there}: {answer}");
    }
    let sent = upstream.seen().pop().unwrap();
    assert!(sent.starts_with("GET /crm/v3/objects/contacts?limit=1 HTTP/1.1\r\n"), "{sent}");
    assert!(sent.contains(&format!("authorization: Bearer {credential}\r\n")), "{sent}");
    for held in [token.as_str(), "cookie", "forwarded", "hapikey", "proxy-"] {
        assert!(!sent.contains(held), "{held}: {sent}");
    }
    assert!(sent.contains("user-agent: sync/1\r\n") && sent.contains(&format!("host: {}\r\n", upstream.address)), "{sent}");
}

#[test]
fn a_read_is_sent_again_and_a_write_is_not() {
    let upstream = Scripted::start(vec![Script::HangUp, status("503 Service Unavailable"), ok("{}"), Script::HangUp]);
    let (gateway, token) = connected(&format!("http://{}", upstream.address), &credential(4));
    assert!(get(&gateway, &token, "").starts_with("HTTP/1.1 200"));
    assert_eq!(upstream.seen().len(), 1 + 3);
    let (status, answer) = gateway.call(&token, "POST", "/crm/v3/objects/contacts", Some("{}"));
    assert_eq!((status, answer["category"].as_str()), (502, Some("UPSTREAM_UNAVAILABLE")), "{answer}");
    assert!(answer["message"].as_str().unwrap().contains("not known"), "{answer}");
    assert_eq!(upstream.seen().len(), 1 + 4);
    // Both are on record, the write as what the client was told.
    let records = gateway.json(&["audit", "list", "--app", "Sync"]);
    let statuses: Vec<u64> = records["records"].as_array().unwrap().iter().filter_map(|record| record["status"].as_u64()).collect();
    assert_eq!(statuses, [502, 200]);
}

#[test]
fn a_hubspot_that_is_not_there_is_a_502_and_nothing_was_sent() {
    let upstream = Scripted::start(vec![]);
    let (gateway, token) = connected(&format!("http://{}", upstream.address), &credential(5));
    // The next request has no script, after which nobody listens.
    let _ = get(&gateway, &token, "");
    let answer = get(&gateway, &token, "");
    assert!(answer.starts_with("HTTP/1.1 502"), "{answer}");
    assert!(answer.contains("keyway-rule: hubspot-unreachable"), "{answer}");
}

#[test]
fn a_dead_credential_is_told_from_the_apps_own_token() {
    let own = r#"{"status":"error","message":"no","correlationId":"c-1","category":"INVALID_AUTHENTICATION"}"#;
    let own = format!("HTTP/1.1 401 Unauthorized\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{own}", own.len());
    let upstream = Scripted::start(vec![Script::Say(own)]);
    let (gateway, token) = connected(&format!("http://{}", upstream.address), &credential(6));
    let answer = get(&gateway, &token, "");
    assert!(answer.starts_with("HTTP/1.1 502") && answer.contains("CONNECTION_CREDENTIAL"), "{answer}");
}

#[test]
fn a_credential_that_died_or_lost_scopes_is_shown_where_people_look() {
    let (hubspot, credential) = hubspot();
    let (gateway, token) = connected(&base(&hubspot), &credential);
    let status = |gateway: &Keyway| {
        let output = gateway.run(&["status", "--json"]);
        (output.status.code(), serde_json::from_slice::<Value>(&output.stdout).unwrap()["troubles"].to_string())
    };
    assert_eq!(status(&gateway).0, Some(0));
    // Scopes that HubSpot took away, as it does when a subscription is lowered.
    hubspot.json(&["app", "update", "Connection", "--remove-scope", "crm.objects.contacts.write"]);
    let output = gateway.run(&["account", "check", "4242", "--json"]);
    let checked: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(checked["account"]["connection"]["missingScopes"], json!(["crm.objects.contacts.write"]));
    assert!(status(&gateway).1.contains("crm.objects.contacts.write"));
    let accounts = String::from_utf8(gateway.run(&["account", "list"]).stdout).unwrap();
    assert!(accounts.contains("lacks scopes") && accounts.contains("embedded"), "{accounts}");
    // Whoever gives an app such a scope reads at once that its calls will fail.
    let made = gateway.run(&["app", "create", "Late", "--account", "4242", "--scopes", "crm.objects.contacts.write"]);
    let said = String::from_utf8(made.stderr).unwrap();
    assert_eq!(made.status.code(), Some(0));
    assert!(said.contains("lacks scopes that this app has: crm.objects.contacts.write"), "{said}");
    // A credential that dies is noticed by the first call that it fails.
    hubspot.json(&["app", "disable", "Connection"]);
    assert_eq!(gateway.call(&token, "GET", "/crm/v3/objects/contacts", None).0, 502);
    let (code, troubles) = status(&gateway);
    assert_eq!(code, Some(1));
    assert!(troubles.contains("refuses the credential"), "{troubles}");
    let metrics = raw_get(gateway.address("admin"), "/metrics");
    assert!(metrics.contains("keyway_connections{state=\"refused\"} 1"), "{metrics}");
    hubspot.json(&["app", "enable", "Connection"]);
    hubspot.json(&["app", "update", "Connection", "--add-scope", "crm.objects.contacts.write"]);
    assert_eq!(gateway.run(&["account", "check", "4242"]).status.code(), Some(0));
    assert_eq!(status(&gateway).0, Some(0));
}

fn raw_get(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").unwrap();
    let mut text = String::new();
    let _ = stream.read_to_string(&mut text);
    text
}

#[test]
fn an_answer_that_breaks_off_is_cut_and_not_made_whole() {
    let upstream =
        Scripted::start(vec![Script::Say("HTTP/1.1 200 OK\r\ncontent-length: 100\r\nconnection: close\r\n\r\n{\"half\":".into())]);
    let (gateway, token) = connected(&format!("http://{}", upstream.address), &credential(7));
    let answer = get(&gateway, &token, "");
    assert!(answer.contains("content-length: 100") && answer.ends_with("{\"half\":"), "{answer}");
}

#[test]
fn a_change_of_protocol_that_nobody_asked_for_is_an_error() {
    let upstream = Scripted::start(vec![
        Script::Say("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n".into()),
        Script::Say("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n".into()),
        Script::Say("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n".into()),
    ]);
    let (gateway, token) = connected(&format!("http://{}", upstream.address), &credential(11));
    let answer = get(&gateway, &token, "");
    assert!(answer.starts_with("HTTP/1.1 502"), "{answer}");
}

#[test]
fn a_redirect_is_handed_on_and_not_followed() {
    let upstream =
        Scripted::start(vec![Script::Say("HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n".into())]);
    let (gateway, token) = connected(&format!("http://{}", upstream.address), &credential(8));
    assert!(get(&gateway, &token, "").starts_with("HTTP/1.1 302"));
    assert_eq!(upstream.seen().len(), 2);
}

#[test]
fn an_upload_goes_through_as_it_comes() {
    let upstream = Scripted::start(vec![ok("{}")]);
    let (gateway, _) = connected(&format!("http://{}", upstream.address), &credential(9));
    let app = gateway.json(&["app", "create", "Files", "--account", "4242", "--scopes", "files"]);
    let token = app["token"]["value"].as_str().unwrap();
    let body = "--b\r\ncontent-disposition: form-data; name=\"file\"\r\n\r\nhello\r\n--b--\r\n";
    let request = format!(
        "POST /files/v3/files HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer {token}\r\ncontent-type: multipart/form-data; boundary=b\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let answer = raw(&gateway, &request);
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(upstream.seen().pop().unwrap().ends_with(body));
}

#[test]
fn what_ends_is_told_in_answers_and_listed_from_the_calls_on_record() {
    let (hubspot, credential) = hubspot();
    let (gateway, token) = connected(&base(&hubspot), &credential);
    let answer = get(&gateway, &token, "").to_ascii_lowercase();
    assert!(answer.contains("sunset: thu, 30 sep 2027 00:00:00 gmt"), "{answer}");
    assert!(answer.contains("link: </crm/objects/2026-09/contacts>; rel=\"successor-version\""), "{answer}");
    assert_eq!(gateway.call(&token, "GET", "/crm/objects/2026-09/contacts", None).0, 200);
    let endings = gateway.json(&["sunset"]);
    let listed: Vec<(&str, &str, &Value)> = endings["endings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["sunset"].as_str().unwrap(), one["operation"].as_str().unwrap(), &one["calls"]))
        .collect();
    assert_eq!(
        listed,
        [("2027-09-30", "GET /crm/v3/objects/contacts", &json!(1)), ("2028-03-31", "GET /crm/objects/2026-09/{objectType}", &json!(1)),]
    );
    let usage = gateway.json(&["account", "usage", "4242"]);
    assert_eq!(usage["usage"].as_array().unwrap().len(), 2);
    assert_eq!(gateway.run(&["account", "usage", "1"]).status.code(), Some(2));
}

#[test]
fn a_legacy_key_is_let_in_for_one_app_in_the_query_and_nowhere_else() {
    let upstream = Scripted::start(vec![ok("{}"), ok("{}")]);
    let (gateway, token) = connected(&format!("http://{}", upstream.address), &credential(10));
    let key = format!("{}-{}-{}-{}-{}", "3f9c2b7e", "5a1d", "4c86", "9e02", "b7d41f6a8c53");
    let query = |key: &str, more: &str| {
        raw(&gateway, &format!("GET /crm/v3/objects/contacts?hapikey={key}&limit=1 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{more}\r\n"))
    };
    assert!(query(&key, "").contains("This hapikey doesn't exist."));
    let file = gateway.folder.path().join("key");
    std::fs::write(&file, &key).unwrap();
    let let_in = gateway.json(&["token", "legacy-key", "Sync", "--credential-file", &file.display().to_string()]);
    assert_eq!(let_in["token"]["kind"], "legacy_key");
    assert!(query(&key.to_uppercase(), "").starts_with("HTTP/1.1 200"));
    assert!(!upstream.seen().pop().unwrap().contains("hapikey"), "the key went on");
    // Neither in the header, nor twice, nor a token in its place, nor beside a broken header.
    assert!(get(&gateway, &key, "").starts_with("HTTP/1.1 401"));
    assert!(query(&format!("{key}&hapikey={key}"), "").starts_with("HTTP/1.1 401"));
    assert!(query(&token, "").starts_with("HTTP/1.1 401"));
    assert!(query(&key, "authorization: Basic x\r\n").starts_with("HTTP/1.1 401"));
    // A rotation of the app's tokens leaves it; revoking ends it; the record names it.
    gateway.json(&["token", "rotate", "Sync", "--now"]);
    assert!(query(&key, "").starts_with("HTTP/1.1 200"));
    let records = gateway.json(&["audit", "list", "--app", "Sync"]);
    assert_eq!(records["records"][0]["tokenId"], let_in["token"]["id"]);
    gateway.json(&["token", "revoke", &let_in["token"]["id"].to_string(), "--yes"]);
    assert!(query(&key, "").starts_with("HTTP/1.1 401"));
}

const TOO_MANY: &str = "HTTP/1.1 429 Too Many Requests\r\ncontent-type: application/json\r\nretry-after: 1\r\ncontent-length: 88\r\n\r\n{\"status\":\"error\",\"policyName\":\"TEN_SECONDLY_ROLLING\",\"groupName\":\"publicapi:x:9:4242\"}\n";

#[test]
fn a_call_that_hubspot_refuses_for_a_limit_is_sent_again_in_its_turn() {
    let upstream = Scripted::start(vec![Script::Say(TOO_MANY.into()), ok(r#"{"id":"1"}"#)]);
    let (gateway, token) = connected(&format!("http://{}", upstream.address), &credential(11));
    // A limit is refused before anything is done, so even a call that changes something may be sent again.
    let (status, made) = gateway.call(&token, "POST", "/crm/v3/objects/contacts", Some(r#"{"properties":{}}"#));
    assert_eq!((status, &made["id"]), (200, &json!("1")));
    let record = &gateway.json(&["audit", "list", "--app", "Sync"])["records"][0];
    assert_eq!(record["attempts"], 2);
    assert!(record["waitedUs"].as_u64().unwrap() > 900_000, "{record}");
}

#[test]
fn an_app_that_does_not_wait_gets_hubspots_429() {
    let upstream = Scripted::start(vec![Script::Say(TOO_MANY.into())]);
    let (gateway, token) = connected(&format!("http://{}", upstream.address), &credential(12));
    gateway.json(&["app", "update", "Sync", "--max-wait", "0"]);
    let answer = get(&gateway, &token, "").to_ascii_lowercase();
    assert!(answer.starts_with("http/1.1 429"), "{answer}");
    for there in [
        "retry-after: 1\r\n",
        "\"policyname\":\"ten_secondly_rolling\"",
        "\"groupname\":\"publicapi:x:9:4242\"",
        "keyway-rule: limit-reached",
    ] {
        assert!(answer.contains(there), "{there}: {answer}");
    }
    // From then on nothing is sent until the pause is over.
    assert!(get(&gateway, &token, "").starts_with("HTTP/1.1 429"));
    assert_eq!(upstream.seen().len(), 2);
}

#[test]
fn what_hubspot_says_is_left_counts_for_every_app_of_the_account() {
    let answer = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-hubspot-ratelimit-max: 50\r\nx-hubspot-ratelimit-remaining: 1\r\nx-hubspot-ratelimit-interval-milliseconds: 10000\r\nx-hubspot-ratelimit-daily: 900000\r\nx-hubspot-ratelimit-daily-remaining: 1000\r\ncontent-length: 2\r\n\r\n{}";
    let upstream = Scripted::start(vec![Script::Say(answer.into()), ok("{}")]);
    let (gateway, token) = connected(&format!("http://{}", upstream.address), &credential(13));
    let other = gateway.json(&["app", "create", "Other", "--account", "4242", "--scopes", SCOPES, "--max-wait", "0"]);
    let other = other["token"]["value"].as_str().unwrap();
    assert!(get(&gateway, &token, "").starts_with("HTTP/1.1 200"));
    let account = gateway.json(&["account", "show", "4242"])["account"].clone();
    assert_eq!((&account["limits"]["burst"], &account["limits"]["daily"]), (&json!(50), &json!(900_000)));
    assert_eq!(account["usedToday"], 899_000);
    assert!(get(&gateway, other, "").starts_with("HTTP/1.1 200"));
    assert!(get(&gateway, other, "").starts_with("HTTP/1.1 429"));
}

#[test]
fn a_burst_of_several_apps_waits_its_turn_and_hubspot_refuses_nothing() {
    let (hubspot, credential) = hubspot();
    let (gateway, first) = connected(&base(&hubspot), &credential);
    let second = gateway.json(&["app", "create", "Second", "--account", "4242", "--scopes", SCOPES]);
    let second = second["token"]["value"].as_str().unwrap().to_owned();
    // Five searches a second are all that an account has.
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let search = |token: &str| gateway.call(token, "POST", "/crm/v3/objects/contacts/search", Some("{}")).0;
        let calls: Vec<_> = [&first, &second].into_iter().cycle().take(12).map(|token| scope.spawn(move || search(token))).collect();
        calls.into_iter().map(|call| call.join().unwrap()).collect()
    });
    assert_eq!(statuses, [200; 12]);
    let refused = |keyway: &Keyway| keyway.json(&["audit", "list", "--status", "429"])["records"].as_array().unwrap().len();
    assert_eq!((refused(&hubspot), refused(&gateway)), (0, 0));
    let records = gateway.json(&["audit", "list", "--account", "4242"]);
    let waited = records["records"].as_array().unwrap().iter().filter(|record| record["waitedUs"].as_u64() > Some(100_000)).count();
    assert!(waited >= 2, "{records}");
}

#[test]
fn reserves_leave_something_for_the_others() {
    let (hubspot, credential) = hubspot();
    let (gateway, _) = connected(&base(&hubspot), &credential);
    let app = gateway.json(&["app", "update", "Sync", "--reserve", "100", "--weight", "3", "--max-wait", "2s"]);
    assert_eq!((&app["app"]["reserve"], &app["app"]["weight"], &app["app"]["maxWaitMs"]), (&json!(100), &json!(3), &json!(2_000)));
    let refused = gateway.run(&["app", "create", "Other", "--account", "4242", "--reserve", "90"]);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("of which 100 are kept"), "{refused:?}");
    for nonsense in [["--weight", "0"], ["--weight", "101"], ["--max-wait", "2h"], ["--max-wait", "soon"]] {
        assert_eq!(gateway.run(&["app", "update", "Sync", nonsense[0], nonsense[1]]).status.code(), Some(2), "{nonsense:?}");
    }
}

#[test]
fn metrics_tell_waits_attempts_faults_and_what_ends_and_every_line_has_the_form() {
    let upstream = Scripted::start(vec![ok("{}"), Script::HangUp, Script::HangUp, Script::HangUp]);
    let (gateway, token) = connected(&format!("http://{}", upstream.address), &credential(14));
    assert!(get(&gateway, &token, "").starts_with("HTTP/1.1 200"));
    assert!(get(&gateway, &token, "").starts_with("HTTP/1.1 502"));
    assert!(get(&gateway, "x", "").starts_with("HTTP/1.1 401"));
    let answer = raw_get(gateway.address("admin"), "/metrics");
    let text = answer.split_once("\r\n\r\n").unwrap().1;
    for there in [
        "keyway_calls_total{status=\"2xx\"} 1\n",
        "keyway_calls_total{status=\"4xx\"} 1\n",
        "keyway_calls_total{status=\"5xx\"} 1\n",
        "keyway_call_seconds_count 3\n",
        "keyway_wait_seconds_count 2\n",
        "keyway_upstream_attempts_total 4\n",
        "keyway_upstream_errors_total{kind=\"broken\"} 1\n",
        "keyway_ending_calls_total{ends=\"2027-09-30\"} 2\n",
        "keyway_daily_calls{hub_id=\"4242\"} 4\n",
        "keyway_token_age_seconds{hub_id=\"4242\"}",
    ] {
        assert!(text.contains(there), "{there}: {text}");
    }
    for line in text.lines().filter(|line| !line.starts_with("# ")) {
        let (name, value) = line.rsplit_once(' ').unwrap();
        assert!(name.starts_with("keyway_") && value.parse::<f64>().is_ok(), "{line}");
    }
}

#[test]
fn metrics_tell_when_the_next_token_ends_and_leave_out_rotated_ones() {
    let keyway = Keyway::start(&[]);
    let made = keyway.json(&["app", "create", "Sync", "--scopes", "tickets"]);
    let name = format!("keyway_token_seconds_left{{hub_id=\"{}\"}} ", made["app"]["hubId"]);
    let days_left = || {
        let answer = raw_get(keyway.address("admin"), "/metrics");
        answer.lines().find_map(|line| line.strip_prefix(&name)?.parse::<i64>().ok()).map(|left| left / 86_400)
    };
    keyway.json(&["token", "rotate", "Sync", "--grace", "1h"]);
    assert_eq!(days_left(), None, "the rotated token has a successor without an end");
    keyway.json(&["app", "create", "Later", "--scopes", "tickets", "--expires", "30d"]);
    assert_eq!(days_left(), Some(29), "less than 30 days are left");
    keyway.json(&["app", "create", "Sooner", "--scopes", "tickets", "--expires", "10d"]);
    assert_eq!(days_left(), Some(9));
    keyway.json(&["app", "disable", "Sooner"]);
    assert_eq!(days_left(), Some(29));
}

#[test]
fn a_replaced_credential_is_put_back_and_survives_a_restart_until_then() {
    let (hubspot, first) = hubspot();
    let (gateway, token) = connected(&base(&hubspot), &first);
    assert_eq!(gateway.run(&["account", "rollback", "4242"]).status.code(), Some(2), "there is nothing to restore");
    let rotated = hubspot.json(&["token", "rotate", "Connection", "--grace", "1h"]);
    let file = gateway.folder.path().join("next");
    std::fs::write(&file, rotated["token"]["value"].as_str().unwrap()).unwrap();
    let account = gateway.json(&["account", "rotate", "4242", "--credential-file", &file.display().to_string()])["account"].clone();
    assert!(account["connection"]["former"]["hint"].as_str().unwrap().ends_with(&first[40..]));
    // The new one is revoked at HubSpot: calls fail until the former one is back.
    hubspot.json(&["token", "revoke", &rotated["token"]["id"].to_string(), "--yes"]);
    let gateway = Keyway::start_in(gateway.stop(), &[]);
    assert_eq!(gateway.call(&token, "GET", "/crm/v3/objects/contacts", None).0, 502);
    let back = gateway.json(&["account", "rollback", "4242"])["account"].clone();
    assert!(back["connection"]["hint"].as_str().unwrap().ends_with(&first[40..]));
    assert_eq!(gateway.call(&token, "GET", "/crm/v3/objects/contacts", None).0, 200);
    // A former credential that HubSpot refuses is not put in place of one that works.
    assert_eq!(gateway.run(&["account", "rollback", "4242"]).status.code(), Some(2));
    assert_eq!(gateway.call(&token, "GET", "/crm/v3/objects/contacts", None).0, 200);
}

#[test]
fn a_token_that_is_revoked_while_its_call_waits_does_not_reach_hubspot() {
    let upstream = Scripted::start(vec![Script::Say(TOO_MANY.replace("retry-after: 1", "retry-after: 4")), ok("{}"), ok("{}")]);
    let (gateway, token) = connected(&format!("http://{}", upstream.address), &credential(15));
    let other = gateway.json(&["app", "create", "Other", "--account", "4242", "--scopes", SCOPES]);
    let other = other["token"]["value"].as_str().unwrap().to_owned();
    let waiting = |count: u64| {
        // Two hundred questions take longer than a call waits.
        let seen = (0..200).any(|_| gateway.json(&["account", "show", "4242"])["account"]["waiting"] == count);
        assert!(seen, "{count} calls are not in line");
    };
    std::thread::scope(|scope| {
        // The first is in line to be sent again, the second for the first time.
        let first = scope.spawn(|| gateway.call(&token, "GET", "/crm/v3/objects/contacts", None).0);
        waiting(1);
        let second = scope.spawn(|| gateway.call(&other, "GET", "/crm/v3/objects/contacts", None).0);
        waiting(2);
        for app in ["Sync", "Other"] {
            gateway.json(&["app", "disable", app]);
        }
        assert_eq!((first.join().unwrap(), second.join().unwrap()), (429, 401));
    });
    assert_eq!(upstream.seen().len(), 2, "the question about the credential, and the call that was refused");
}

#[test]
fn calls_of_numbered_versions_are_carried_to_their_successors_where_an_app_asks_for_it() {
    let (hubspot, credential) = hubspot();
    let (gateway, token) = connected(&base(&hubspot), &credential);
    const DATED: &str = "POST /crm/objects/2026-09/{objectType}";
    let create = || gateway.call(&token, "POST", "/crm/v3/objects/contacts", Some(r#"{"properties":{}}"#)).0;
    let seen = |operation: &str| {
        let records = hubspot.json(&["audit", "list", "--operation", operation]);
        records["records"].as_array().unwrap().len()
    };
    assert_eq!(create(), 201);
    gateway.json(&["app", "update", "Sync", "--translate", "on"]);
    assert_eq!(create(), 201);
    assert_eq!((seen("POST /crm/v3/objects/contacts"), seen(DATED)), (1, 1));
    // The gateway's own records name what was called: that is what must be changed one day.
    let called = gateway.json(&["audit", "list", "--operation", "POST /crm/v3/objects/contacts"]);
    assert_eq!(called["records"].as_array().unwrap().len(), 2);
    // Shapes differ here, so nothing is guessed and nothing is sent.
    let (status, refused) = gateway.call(&token, "PATCH", "/crm-object-schemas/v3/schemas/p_own", Some("{}"));
    assert_eq!((status, &refused["category"]), (400, &json!("NOT_TRANSLATABLE")), "{refused}");
    assert!(refused["message"].as_str().unwrap().contains("clearDescription"), "{refused}");
    gateway.json(&["app", "update", "Sync", "--translate", "off"]);
    assert_eq!(create(), 201);
    assert_eq!(seen(DATED), 1);
}

const BLOCKED: &str = "<!DOCTYPE html><html><head><title>Attention Required! | Cloudflare</title></head></html>";

fn says(status: &str, content_type: &str, body: &str) -> Script {
    Script::Say(format!("HTTP/1.1 {status}\r\ncontent-type: {content_type}\r\ncontent-length: {}\r\n\r\n{body}", body.len()))
}

#[test]
fn a_check_that_something_between_answers_leaves_the_state_unknown() {
    let upstream = Scripted::start(vec![says("403 Forbidden", "text/html", BLOCKED)]);
    let (gateway, _) = connected(&format!("http://{}", upstream.address), &credential(21));
    let output = gateway.run(&["account", "check", "4242", "--json"]);
    let checked: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((output.status.code(), &checked["account"]["connection"]["state"]), (Some(1), &json!("unknown")), "{checked}");
    let seen = checked["account"]["connection"]["stateSeen"].as_str().unwrap();
    assert!(seen.contains("status 403, text/html, \"Attention Required! | Cloudflare\""), "{seen}");
    let status = gateway.run(&["status"]);
    assert!(String::from_utf8_lossy(&status.stdout).contains("something between Keyway and HubSpot answered"), "{status:?}");
}

#[test]
fn a_token_of_a_keyway_goes_to_no_server_that_does_not_say_that_it_is_one() {
    let upstream = Scripted::start(vec![]);
    let folder = tempfile::tempdir().unwrap();
    // A scan passes over a token whose bytes are all the same, as a placeholder.
    let bytes = std::array::from_fn(|at: usize| u8::try_from(at * 73 % 256).unwrap_or(0) ^ 0x5c);
    let token = keyway_core::token::PlainToken::generate("eu1", bytes).expose().to_owned();
    std::fs::write(folder.path().join("app.env"), format!("HUBSPOT_ACCESS_TOKEN={token}\n")).unwrap();
    let address = format!("http://{}", upstream.address);
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_keyway"))
        .args(["scan", &folder.path().display().to_string(), "--verify", "--verify-at", &address, "--json"])
        .output()
        .unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let verified = &report["findings"][0]["verified"];
    assert!(verified["alive"].is_null() && verified["note"].as_str().unwrap().contains("is not the data address of a Keyway"), "{report}");
    let seen = upstream.seen();
    assert!(seen.len() == 1 && !seen[0].contains(&token), "{seen:?}");
}

#[test]
fn a_block_page_proves_nothing_of_a_token_that_was_found() {
    let own = |category: &str| format!(r#"{{"status":"error","message":"no","correlationId":"c-1","category":"{category}"}}"#);
    let bare = r#"{"status":"error","message":"Forbidden"}"#;
    for (first, alive) in [
        (says("403 Forbidden", "text/html", BLOCKED), Value::Null),
        (says("401 Unauthorized", "text/html", BLOCKED), Value::Null),
        (says("403 Forbidden", "application/json", bare), Value::Null),
        (says("200 OK", "application/json", r#"{"login":"https://wifi.example"}"#), Value::Null),
        (says("403 Forbidden", "application/json", &own("MISSING_SCOPES")), json!(true)),
        (says("401 Unauthorized", "application/json", &own("INVALID_AUTHENTICATION")), json!(false)),
    ] {
        let upstream = Scripted::only(vec![first]);
        let folder = tempfile::tempdir().unwrap();
        let bytes = std::array::from_fn(|at: usize| u8::try_from(at * 73 % 256).unwrap_or(0) ^ 0x3f);
        let text = format!("HUBSPOT_ACCESS_TOKEN=pat-na1-{}\n", keyway_core::token::uuid_text(&bytes));
        std::fs::write(folder.path().join(".env"), text).unwrap();
        let address = format!("http://{}", upstream.address);
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_keyway"))
            .args(["scan", &folder.path().display().to_string(), "--verify", "--verify-at", &address, "--json"])
            .output()
            .unwrap();
        let report = String::from_utf8_lossy(&output.stdout).into_owned();
        let report: Value = serde_json::from_str(&report).unwrap_or_else(|_| panic!("{report}"));
        let verified = &report["findings"][0]["verified"];
        assert_eq!(verified["alive"], alive, "{report}");
        if alive.is_null() {
            assert!(verified["note"].as_str().unwrap().contains("something between Keyway and HubSpot answered"), "{report}");
        }
    }
}
