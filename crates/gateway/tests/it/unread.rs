//! Clients that ask for long answers of an embedded account and do not read them.

use keyway_gateway::audit::AuditRecord;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpSocket, TcpStream};

use crate::harness::{FULL, READER, Server};

const CONTACTS: &str = "/crm/v3/objects/contacts";
/// A page of 6.5 MB, once the account is filled.
const PAGE: &str = "/crm/v3/objects/contacts?limit=100&properties=firstname";
/// What one app may have unread.
const APP_BYTES_MAX: usize = 32 << 20;

async fn fill(server: &Server) {
    let text = "x".repeat(65_000);
    for _ in 0..2 {
        let inputs: Vec<Value> = (0..50).map(|_| json!({ "properties": { "firstname": text } })).collect();
        let body = json!({ "inputs": inputs }).to_string();
        assert_eq!(server.send(server.token(FULL), "POST", &format!("{CONTACTS}/batch/create"), Some(&body)).await.status, 201);
    }
}

/// Asks for a page and reads none of it.
async fn ask(server: &Server, app_id: u64) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    let mut stream = socket.connect(server.address).await.unwrap();
    let head = format!("GET {PAGE} HTTP/1.1\r\nhost: t\r\nauthorization: Bearer {}\r\n\r\n", server.token(app_id));
    stream.write_all(head.as_bytes()).await.unwrap();
    stream
}

async fn until(what: impl Fn() -> bool) {
    while !what() {
        tokio::task::yield_now().await;
    }
}

/// How many calls were refused because answers are unread.
async fn refused(server: &Server) -> usize {
    server.records().await.iter().filter(|record| record.category.as_deref() == Some("ANSWERS_BUDGET")).count()
}

#[tokio::test]
async fn answers_that_nobody_reads_are_bounded_however_many_ask_at_once_and_let_go_when_their_clients_do() {
    let server = Server::start().await;
    fill(&server).await;
    let asking = server.records().await.len();
    let mut waiting = Vec::new();
    let mut asked = 0;
    let answered = |records: &[AuditRecord]| records.iter().filter(|record| record.status == Some(200)).count();
    // The first come at once: most are let through before an answer is there. The others come one by one.
    while asked < 20 && refused(&server).await == 0 {
        let together = if asked == 0 { 8 } else { 1 };
        for _ in 0..together {
            waiting.push(ask(&server, FULL).await);
        }
        asked += together;
        while server.records().await.len() < asking + asked {
            assert!(server.gateway.answers_held() <= APP_BYTES_MAX, "{}", server.gateway.answers_held());
            tokio::task::yield_now().await;
        }
    }
    let records = server.records().await;
    assert!(refused(&server).await > 0 && answered(&records) <= 5, "five answers of 6.5 MB have room");
    // Another app goes on, and gets its own part.
    assert_eq!(server.send(server.token(READER), "GET", PAGE, None).await.status, 200);
    let gateway = server.gateway.clone();
    drop(waiting);
    until(|| gateway.answers_held() == 0).await;
    assert_eq!(server.send(server.token(FULL), "GET", PAGE, None).await.status, 200);
    until(|| gateway.answers_held() == 0).await;
}

#[tokio::test]
async fn a_change_is_refused_before_it_is_performed_while_too_much_is_unread() {
    let server = Server::start().await;
    fill(&server).await;
    let ids: Value = serde_json::from_str(&server.send(server.token(READER), "GET", CONTACTS, None).await.body).unwrap();
    let before = server.records().await.len();
    let mut waiting = vec![ask(&server, FULL).await, ask(&server, FULL).await, ask(&server, FULL).await, ask(&server, FULL).await];
    while server.records().await.len() < before + 4 {
        tokio::task::yield_now().await;
    }
    // A change has its answer, though there is no room for it.
    let text = "y".repeat(65_000);
    let inputs: Vec<Value> = (0..70).map(|_| json!({ "properties": { "firstname": text, "city": ids["results"][0]["id"] } })).collect();
    let body = json!({ "inputs": inputs }).to_string();
    for _ in 0..2 {
        let head = format!(
            "POST {CONTACTS}/batch/create HTTP/1.1\r\nhost: t\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            server.token(FULL),
            body.len()
        );
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4_096).unwrap();
        let mut stream = socket.connect(server.address).await.unwrap();
        stream.write_all(&[head.as_bytes(), body.as_bytes()].concat()).await.unwrap();
        waiting.push(stream);
    }
    while server.records().await.len() < before + 6 {
        tokio::task::yield_now().await;
    }
    assert!(server.gateway.answers_held() > APP_BYTES_MAX);
    let one = r#"{"properties":{"email":"not@example.com"}}"#;
    let refused = server.send(server.token(FULL), "POST", CONTACTS, Some(one)).await;
    refused.check_error(503, "ANSWERS_BUDGET");
    assert_eq!((refused.header("retry-after"), refused.header("keyway-rule")), (Some("5"), Some("answers-budget")));
    let search = r#"{"filterGroups":[{"filters":[{"propertyName":"email","operator":"EQ","value":"not@example.com"}]}]}"#;
    let found = server.send(server.token(READER), "POST", &format!("{CONTACTS}/search"), Some(search)).await;
    assert_eq!(found.json()["total"], 0);
    let gateway = server.gateway.clone();
    drop(waiting);
    until(|| gateway.answers_held() == 0).await;
    assert_eq!(server.send(server.token(FULL), "POST", CONTACTS, Some(one)).await.status, 201);
}
