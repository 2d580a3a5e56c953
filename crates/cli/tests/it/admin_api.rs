//! The admin API over TCP, as other programs reach it.

use std::io::{Read, Write};
use std::net::TcpStream;

use crate::harness::{ADMIN_TOKEN, Keyway};

/// One request with the admin token; head and body of its answer.
fn ask(keyway: &Keyway, method: &str, path: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(keyway.address("admin")).unwrap();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/json\r\nauthorization: Bearer {ADMIN_TOKEN}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    )
    .unwrap();
    // A body that is refused by its length may not be read to its end.
    let _ = stream.write_all(body.as_bytes());
    let mut text = String::new();
    let _ = stream.read_to_string(&mut text);
    text
}

#[test]
fn every_refusal_is_json_with_a_code() {
    let keyway = Keyway::start(&[]);
    for (method, path, body, status, code) in [
        ("PUT", "/api/v1/apps", String::new(), 405, "method_not_allowed"),
        ("DELETE", "/healthz", String::new(), 405, "method_not_allowed"),
        ("GET", "/api/v1/nothing", String::new(), 404, "not_found"),
        ("GET", "/api/v1/accounts/x", String::new(), 404, "not_found"),
        ("GET", "/api/v1/audit?limit=x", String::new(), 400, "invalid"),
        ("GET", "/api/v1/audit?unknown=1", String::new(), 400, "invalid"),
        ("GET", "/api/v1/usage?days=0", String::new(), 400, "invalid"),
        ("POST", "/api/v1/apps", "{".into(), 400, "invalid"),
        ("POST", "/api/v1/apps", format!("{{\"name\":\"{}\"}}", "x".repeat(300_000)), 413, "too_large"),
    ] {
        let answer = ask(&keyway, method, path, &body);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{method} {path}: {answer}");
        assert!(answer.contains(&format!("\"code\":\"{code}\"")), "{method} {path}: {answer}");
    }
}

#[test]
fn an_export_of_nothing_has_its_columns() {
    let keyway = Keyway::start(&[]);
    let answer = ask(&keyway, "GET", "/api/v1/audit/export?format=csv", "");
    assert!(
        answer.contains(
            "id,time,hubId,appId,tokenId,operation,object,status,category,rule,attempts,waitedUs,latencyUs,bytesIn,bytesOut,correlationId,source"
        ),
        "{answer}"
    );
}

#[test]
fn the_admin_api_needs_its_token_to_connect() {
    let gateway = Keyway::start(&[]);
    let answer = |authorization: &str| {
        let mut stream = TcpStream::connect(gateway.address("admin")).unwrap();
        let body = r#"{"credential":"x"}"#;
        write!(
            stream,
            "POST /api/v1/accounts/connect HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/json\r\n{authorization}content-length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut text = String::new();
        let _ = stream.read_to_string(&mut text);
        text
    };
    assert!(answer("").starts_with("HTTP/1.1 401"), "{}", answer(""));
    let authorized = answer(&format!("authorization: Bearer {ADMIN_TOKEN}\r\n"));
    assert!(!authorized.starts_with("HTTP/1.1 401") && !authorized.starts_with("HTTP/1.1 200"), "{authorized}");
}
