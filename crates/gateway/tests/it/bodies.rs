//! Bodies of requests are bounded one by one and all together, before and after the caller is known.

use keyway_gateway::held::Budget;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::harness::{FULL, READER, Server};

const CONTACTS: &str = "/crm/v3/objects/contacts";
const SEARCH: &str = "/crm/v3/objects/contacts/search";

fn head(token: &str, target: &str, length: usize) -> String {
    format!(
        "POST {target} HTTP/1.1\r\nhost: t\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
    )
}

/// A connection with a body that lacks its last byte.
async fn unfinished(server: &Server, token: &str, length: usize) -> TcpStream {
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(head(token, CONTACTS, length).as_bytes()).await.unwrap();
    stream.write_all(&vec![b' '; length - 1]).await.unwrap();
    stream
}

/// JSON of a length.
fn padded(json: &str, length: usize) -> String {
    format!("{}{json}", " ".repeat(length - json.len()))
}

async fn until(what: impl Fn() -> bool) {
    while !what() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn one_apps_unfinished_bodies_keep_out_its_own_long_bodies_and_nobody_elses() {
    let server = Server::start_with(|gateway| gateway.with_bodies(Budget::new(1_000_000, 400_000, 100_000))).await;
    let gateway = server.gateway.clone();
    let held = [unfinished(&server, server.token(FULL), 150_000).await, unfinished(&server, server.token(FULL), 150_000).await];
    until(|| gateway.bodies_held() >= 299_998).await;

    let long = padded(r#"{"properties":{"email":"long@example.com"}}"#, 150_000);
    let refused = server.send(server.token(FULL), "POST", CONTACTS, Some(&long)).await;
    refused.check_error(503, "BODIES_BUDGET");
    assert_eq!((refused.header("retry-after"), refused.header("keyway-rule")), (Some("1"), Some("bodies-budget")));
    assert!(server.records().await.iter().any(|record| record.category.as_deref() == Some("BODIES_BUDGET")));
    let short = r#"{"properties":{"email":"short@example.com"}}"#;
    assert_eq!(server.send(server.token(FULL), "POST", CONTACTS, Some(short)).await.status, 201);
    let read = padded(r#"{"inputs":[{"id":"1"}],"properties":[]}"#, 300_000);
    let answer = server.send(server.token(READER), "POST", "/crm/v3/objects/contacts/batch/read", Some(&read)).await;
    assert_eq!(answer.status / 100, 2, "{}", answer.body);

    drop(held);
    until(|| gateway.bodies_held() == 0).await;
    assert_eq!(server.send(server.token(FULL), "POST", CONTACTS, Some(&long)).await.status, 201);
    assert_eq!(gateway.bodies_held(), 0);
}

#[tokio::test]
async fn the_bodies_of_all_apps_are_bounded_together() {
    let server = Server::start_with(|gateway| gateway.with_bodies(Budget::new(300_000, 200_000, 100_000))).await;
    let gateway = server.gateway.clone();
    let _held = [unfinished(&server, server.token(FULL), 150_000).await, unfinished(&server, server.token(READER), 100_000).await];
    // The reader may not create: its body was never read.
    until(|| gateway.bodies_held() >= 149_999).await;
    assert!(gateway.bodies_held() < 200_000);
    let mut search = TcpStream::connect(server.address).await.unwrap();
    search.write_all(head(server.token(READER), SEARCH, 120_000).as_bytes()).await.unwrap();
    search.write_all(&[b' '; 119_999]).await.unwrap();
    until(|| gateway.bodies_held() >= 269_998).await;
    let refused = server.send(server.token(READER), "POST", SEARCH, Some(&padded("{}", 60_000))).await;
    refused.check_error(503, "BODIES_BUDGET");
    search.write_all(b"x").await.unwrap();
    let mut answer = String::new();
    search.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
}

#[tokio::test]
async fn the_part_of_one_app_holds_against_many_unfinished_bodies() {
    let server = Server::start().await;
    let gateway = server.gateway.clone();
    let mut held = Vec::new();
    for _ in 0..10 {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(head(server.token(FULL), CONTACTS, 5 << 20).as_bytes()).await.unwrap();
        // The server may refuse before it has read everything.
        let _ = stream.write_all(&vec![b' '; (5 << 20) - 1]).await;
        held.push(stream);
    }
    until(|| gateway.bodies_held() > 20 << 20).await;
    assert!(gateway.bodies_held() <= 32 << 20, "{}", gateway.bodies_held());
    assert_eq!(server.send(server.token(READER), "GET", CONTACTS, None).await.status, 200);
}

#[tokio::test]
async fn json_that_swells_when_it_is_parsed_is_refused_before() {
    let server = Server::start().await;
    for piece in ["[],", "{},", r#"{"":0},"#] {
        let body = format!(r#"{{"inputs":[{}0]}}"#, piece.repeat(1_000_000 / piece.len() * 2));
        let refused = server.send(server.token(FULL), "POST", "/crm/v3/objects/contacts/batch/create", Some(&body)).await;
        let said = refused.check_error(400, "VALIDATION_ERROR");
        assert!(said["message"].as_str().unwrap().starts_with("Invalid input JSON"), "{said}");
    }
}

#[tokio::test]
async fn a_body_is_the_same_in_however_many_pieces_it_comes() {
    let server = Server::start().await;
    let json = padded(r#"{"properties":{"email":"pieces@example.com","city":"Porto"}}"#, 20_000);
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let head = head(server.token(FULL), CONTACTS, 0).replace("content-length: 0", "transfer-encoding: chunked");
    stream.write_all(head.as_bytes()).await.unwrap();
    for piece in json.as_bytes().chunks(7) {
        let chunk = [format!("{:x}\r\n", piece.len()).as_bytes(), piece, b"\r\n"].concat();
        stream.write_all(&chunk).await.unwrap();
    }
    stream.write_all(b"0\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 201") && answer.contains("Porto"), "{answer}");
    assert_eq!(server.records().await[0].bytes_in, 20_000);
}
