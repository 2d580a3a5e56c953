//! Hostile bytes: refused in HubSpot's envelope, and the server goes on.

use crate::harness::{FULL, Server};

#[tokio::test]
async fn what_is_not_a_request_is_refused_in_hubspots_envelope() {
    let server = Server::start().await;
    let cases: [(&str, u16); 4] = [
        ("nonsense\r\n\r\n", 400),
        ("GET /crm/v3/objects/contacts HTTP/1.1\r\nhost: t\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab", 400),
        ("GET /a b HTTP/1.1\r\nhost: t\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nhost : t\r\n\r\n", 400),
    ];
    for (bytes, status) in cases {
        server.raw(bytes.as_bytes()).await.check_error(status, "VALIDATION_ERROR");
    }
    let headers = (0..10_000).map(|number| format!("x-{number}: y\r\n")).collect::<String>();
    let many = format!("GET / HTTP/1.1\r\nhost: t\r\n{headers}\r\n");
    server.raw(many.as_bytes()).await.check_error(431, "VALIDATION_ERROR");
    let long = format!("GET /{} HTTP/1.1\r\nhost: t\r\n\r\n", "a".repeat(70_000));
    server.raw(long.as_bytes()).await.check_error(431, "VALIDATION_ERROR");
    assert_eq!(server.send(server.token(FULL), "GET", "/crm/v3/objects/contacts", None).await.status, 200);
}

/// RFC 9112, section 6.1: with both framings, the length must not be believed. Whatever the parser
/// makes of it, the hidden second request must never be performed.
#[tokio::test]
async fn a_smuggled_request_is_never_performed() {
    let server = Server::start().await;
    let token = server.token(FULL);
    let hidden = format!(
        "POST /crm/v3/objects/contacts HTTP/1.1\r\nhost: t\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\ncontent-length: 17\r\n\r\n{{\"properties\":{{}}}}"
    );
    let outer = format!(
        "POST /crm/v3/objects/contacts/search HTTP/1.1\r\nhost: t\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\ncontent-length: {}\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n{hidden}",
        5 + hidden.len()
    );
    server.raw(outer.as_bytes()).await;
    let performed: Vec<_> =
        server.records().await.into_iter().filter(|record| record.operation == "POST /crm/v3/objects/contacts").collect();
    assert!(performed.is_empty(), "{performed:?}");
}

/// What a proxy before Keyway may read in another way is refused, and the second request is never read.
#[tokio::test]
async fn requests_that_can_be_read_in_two_ways_are_refused() {
    let server = Server::start().await;
    let get = "GET /crm/v3/objects/contacts HTTP/1.1\r\nhost: t\r\n\r\n";
    let post = "POST /crm/v3/objects/contacts/search HTTP/1.1\r\nhost: t\r\ncontent-type: application/json\r\n";
    for refused in [
        format!("{post}content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n{get}"),
        format!("{post}transfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n0\r\n\r\n{get}"),
        format!("{post}transfer-encoding: chunked, chunked\r\n\r\n0\r\n\r\n{get}"),
        format!("{post}transfer-encoding: identity, chunked\r\n\r\n0\r\n\r\n{get}"),
        format!("{post}content-length: 2\r\ncontent-length: 2\r\n\r\n{{}}{get}"),
        get.replace("\r\n", "\n"),
        get.replacen("\r\n", "\n", 1),
        get.replace("\r\n\r\n", "\r\n\n"),
        format!("\n{get}"),
    ] {
        server.raw(refused.as_bytes()).await.check_error(400, "VALIDATION_ERROR");
    }
    assert!(server.records().await.is_empty(), "none of them was a call");
    // A call before it on the connection is answered.
    let token = server.token(FULL);
    let good = format!("GET /crm/v3/objects/contacts HTTP/1.1\r\nhost: t\r\nauthorization: Bearer {token}\r\n\r\n");
    let answer = server.raw(format!("{good}{}", get.replace("\r\n", "\n")).as_bytes()).await;
    assert_eq!(answer.status, 200);
    assert!(answer.body.contains("HTTP/1.1 400"), "{}", answer.body);
}

#[tokio::test]
async fn malformed_json_and_invalid_text_change_nothing() {
    let server = Server::start().await;
    let token = server.token(FULL);
    for body in ["{", "[]", "null", "{\"properties\":[]}", "{\"properties\":{\"email\":{}}}"] {
        server.send(token, "POST", "/crm/v3/objects/contacts", Some(body)).await.check_error(400, "VALIDATION_ERROR");
    }
    let head = format!(
        "POST /crm/v3/objects/contacts HTTP/1.1\r\nhost: t\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\ncontent-length: 4\r\nconnection: close\r\n\r\n"
    );
    server.raw(&[head.as_bytes(), &[b'"', 0xff, 0xfe, b'"']].concat()).await.check_error(400, "VALIDATION_ERROR");
    let listed = server.send(token, "GET", "/crm/v3/objects/contacts", None).await;
    assert_eq!(listed.json()["results"], serde_json::json!([]));
}
