//! Behind proxies: who the client is for the audit, for `token users`, for the record of changes and for lock-outs,
//! and what somebody gains who makes an address up.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::Value;

use crate::harness::{ADMIN_TOKEN, Keyway};

/// Sends bytes to a listener, and reads its answer to the end; empty where it closes without one.
fn exchange(keyway: &Keyway, listener: &str, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(keyway.address(listener)).unwrap();
    stream.write_all(bytes).unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

fn request(token: &str, target: &str, headers: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n{headers}connection: close\r\n\r\n")
}

struct Called {
    keyway: Keyway,
    token: String,
    token_id: String,
}

impl Called {
    fn with(options: &[&str]) -> Self {
        let keyway = Keyway::start(&[&["--ephemeral"], options].concat());
        let made = keyway.json(&["app", "create", "Shop", "--scopes", "oauth,crm.objects.contacts.read"]);
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        Self { token: text(&made["token"]["value"]), token_id: text(&made["token"]["id"]), keyway }
    }

    /// The source of the newest record, after a call with these header lines, behind these bytes.
    fn source(&self, before: &[u8], headers: &str) -> String {
        let call = request(&self.token, "/crm/v3/objects/contacts", headers);
        let answer = exchange(&self.keyway, "data", &[before, call.as_bytes()].concat());
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        self.keyway.json(&["audit", "list"])["records"][0]["source"].as_str().unwrap().to_owned()
    }

    fn users(&self) -> Vec<String> {
        let users = self.keyway.json(&["token", "users", &self.token_id])["users"].clone();
        let mut users: Vec<String> = users.as_array().unwrap().iter().map(|user| user["source"].as_str().unwrap().to_owned()).collect();
        users.sort_unstable();
        users
    }
}

/// A header of the PROXY protocol, version 2, for a client on IPv4.
fn proxy_header(client: [u8; 4]) -> Vec<u8> {
    [b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c", &client[..], &[127, 0, 0, 1, 0x12, 0x67, 0x20, 0xfb]].concat()
}

#[test]
fn the_client_that_a_trusted_proxy_names_is_the_source() {
    let called = Called::with(&["--trusted-proxies", "127.0.0.1,10.0.0.0/8"]);
    assert_eq!(called.source(b"", "x-forwarded-for: 198.51.100.7\r\n"), "198.51.100.7");
    // The client's own words stand to the left, and `Forwarded` is not what was chosen.
    let forged = "x-forwarded-for: 203.0.113.9\r\nx-forwarded-for: 198.51.100.8, 10.1.1.1\r\nforwarded: for=203.0.113.9\r\nx-real-ip: 203.0.113.9\r\n";
    assert_eq!(called.source(b"", forged), "198.51.100.8");
    assert_eq!(called.source(b"", "x-forwarded-for: 198.51.100.7, nonsense\r\n"), "127.0.0.1");
    assert_eq!(called.source(b"", ""), "127.0.0.1");
    assert_eq!(called.users(), ["127.0.0.1", "198.51.100.7", "198.51.100.8"]);
    let made = "POST /api/v1/apps HTTP/1.1\r\nhost: keyway.internal\r\nx-forwarded-for: 198.51.100.9\r\nconnection: close\r\ncontent-type: application/json\r\n";
    let body = r#"{"name":"Other"}"#;
    let made = format!("{made}authorization: Bearer {ADMIN_TOKEN}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    assert!(exchange(&called.keyway, "admin", made.as_bytes()).starts_with("HTTP/1.1 200"));
    assert_eq!(called.keyway.json(&["changes"])["changes"][0]["source"], "198.51.100.9");
}

#[test]
fn nobody_else_is_believed() {
    let forged = "x-forwarded-for: 203.0.113.9\r\nforwarded: for=203.0.113.9\r\n";
    assert_eq!(Called::with(&[]).source(b"", forged), "127.0.0.1");
    for place in ["x-forwarded-for", "forwarded", "proxy-protocol"] {
        let called = Called::with(&["--trusted-proxies", "10.0.0.0/8,::1", "--client-address", place]);
        assert_eq!(called.source(b"", forged), "127.0.0.1", "{place}");
        let answer = exchange(
            &called.keyway,
            "data",
            &[&proxy_header([203, 0, 113, 9])[..], request(&called.token, "/crm/v3/objects/contacts", "").as_bytes()].concat(),
        );
        assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
        assert_eq!(called.users(), ["127.0.0.1"], "{place}");
    }
}

#[test]
fn forwarded_counts_where_it_was_chosen() {
    let called = Called::with(&["--trusted-proxies", "127.0.0.1", "--client-address", "forwarded"]);
    let headers = "forwarded: for=203.0.113.9, for=\"[2001:db8::7]:4711\";proto=https\r\nx-forwarded-for: 203.0.113.9\r\n";
    assert_eq!(called.source(b"", headers), "2001:db8::7");
}

#[test]
fn a_proxy_header_names_the_client_of_both_listeners_and_must_be_there() {
    let called = Called::with(&["--trusted-proxies", "127.0.0.0/8", "--client-address", "proxy-protocol"]);
    let header = proxy_header([198, 51, 100, 7]);
    assert_eq!(called.source(&header, "x-forwarded-for: 203.0.113.9\r\n"), "198.51.100.7");
    let apps = exchange(&called.keyway, "admin", &[&header[..], request(ADMIN_TOKEN, "/api/v1/apps", "").as_bytes()].concat());
    assert!(apps.starts_with("HTTP/1.1 200"), "{apps}");
    let mut broken = header.clone();
    broken[12] = 0x31;
    for begin in [&b""[..], b"PROXY TCP4 198.51.100.7 127.0.0.1 4711 8484\r\n", &broken] {
        for listener in ["data", "admin"] {
            let bytes = [begin, request(&called.token, "/crm/v3/objects/contacts", "").as_bytes()].concat();
            assert_eq!(exchange(&called.keyway, listener, &bytes), "", "{listener} {begin:?}");
        }
    }
}

#[test]
fn a_guesser_behind_a_proxy_locks_nobody_else_out() {
    let keyway = Keyway::start(&["--ephemeral", "--trusted-proxies", "127.0.0.1"]);
    let try_from = |client: &str, email: &str| {
        let form = format!("email={email}&password=wrong+and+long+enough");
        let head = "POST /sign-in HTTP/1.1\r\nhost: localhost\r\norigin: http://localhost\r\nconnection: close\r\ncontent-type: application/x-www-form-urlencoded\r\n";
        let bytes = format!("{head}x-forwarded-for: {client}\r\ncontent-length: {}\r\n\r\n{form}", form.len());
        exchange(&keyway, "admin", bytes.as_bytes()).split(' ').nth(1).unwrap().to_owned()
    };
    for _ in 0..5 {
        assert_eq!(try_from("198.51.100.7", "ada%40example.com"), "401");
    }
    assert_eq!(try_from("198.51.100.7", "ada%40example.com"), "429");
    // Another address to the left does not help.
    assert_eq!(try_from("203.0.113.9, 198.51.100.7", "ada%40example.com"), "429");
    assert_eq!(try_from("198.51.100.8", "ada%40example.com"), "401");
}
