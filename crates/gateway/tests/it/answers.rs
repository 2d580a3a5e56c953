//! Answers reach the client as they are, and refusals reach it whatever it is still sending.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::harness::{FULL, READER, Server};

const CONTACTS: &str = "/crm/v3/objects/contacts";

/// Sends a head and then, in a write of its own, all of a body; the status that comes back.
async fn refused(server: &Server, token: &str, length: usize) -> u16 {
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let head = format!(
        "POST {CONTACTS} HTTP/1.1\r\nhost: t\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&vec![b' '; length]).await.expect("the server reads on until the body was sent");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.expect("the answer is not thrown away by a reset");
    let text = String::from_utf8(answer).unwrap().to_ascii_lowercase();
    assert!(text.contains("connection: close\r\n"), "{text}");
    text.split(' ').nth(1).unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_refusal_of_a_long_body_reaches_the_client() {
    let server = Server::start().await;
    for _ in 0..10 {
        assert_eq!(refused(&server, server.token(READER), 4_000_000).await, 403);
        assert_eq!(refused(&server, server.token(FULL), 8_000_000).await, 413);
        assert_eq!(refused(&server, "nobody", 1_000_000).await, 401);
    }
}

/// Reads one answer with a length.
async fn answer(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    loop {
        let mut byte = [0];
        assert_eq!(stream.read(&mut byte).await.unwrap(), 1, "{}", String::from_utf8_lossy(&text));
        text.push(byte[0]);
        if text.ends_with(b"\r\n\r\n") {
            break;
        }
    }
    let head = String::from_utf8(text).unwrap().to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap().parse().unwrap();
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.unwrap();
    head + std::str::from_utf8(&body).unwrap()
}

#[tokio::test]
async fn a_refusal_of_a_short_body_keeps_the_connection() {
    let server = Server::start().await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    for number in 0..200 {
        let length = number % 40 * 100 + 1;
        let head = format!(
            "POST {CONTACTS} HTTP/1.1\r\nhost: t\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n",
            server.token(READER)
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(&vec![b' '; length]).await.unwrap();
        let refused = answer(&mut stream).await;
        assert!(refused.starts_with("http/1.1 403") && !refused.contains("connection: close"), "{number}: {refused}");
    }
}

#[tokio::test]
async fn a_connection_is_kept_over_the_rest_of_a_body_that_is_short_and_comes_at_once() {
    const MOST: usize = 64 << 10;
    let server = Server::start().await;
    // The last one's body never ends, and is waited for a second.
    for (length, sent, is_kept) in [(MOST, MOST, true), (MOST + 1, MOST + 1, false), (100, 99, false)] {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        let head = format!(
            "POST {CONTACTS} HTTP/1.1\r\nhost: t\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n",
            server.token(READER)
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(&vec![b' '; sent]).await.unwrap();
        let refused = answer(&mut stream).await;
        assert!(refused.starts_with("http/1.1 403"), "{refused}");
        assert_eq!(!refused.contains("connection: close"), is_kept, "{sent} of {length} bytes");
    }
}

#[tokio::test]
async fn a_client_that_waits_to_be_told_to_go_on_gets_its_refusal_at_once() {
    let server = Server::start().await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let head = format!(
        "POST {CONTACTS} HTTP/1.1\r\nhost: t\r\nauthorization: Bearer {}\r\nexpect: 100-continue\r\ncontent-length: 10\r\n\r\n",
        server.token(READER)
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let refused = answer(&mut stream).await;
    assert!(refused.starts_with("http/1.1 403") && refused.contains("connection: close"), "{refused}");
}

#[tokio::test]
async fn what_is_not_a_request_after_calls_is_refused_in_hubspots_envelope_too() {
    let server = Server::start().await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let head = format!("GET {CONTACTS} HTTP/1.1\r\nhost: t\r\nauthorization: Bearer {}\r\n\r\n", server.token(READER));
    for _ in 0..3 {
        stream.write_all(head.as_bytes()).await.unwrap();
        assert!(answer(&mut stream).await.starts_with("http/1.1 200"));
    }
    stream.write_all(b"nonsense\r\n\r\n").await.unwrap();
    let refused = answer(&mut stream).await;
    assert!(refused.starts_with("http/1.1 400") && refused.contains("VALIDATION_ERROR"), "{refused}");
}

#[tokio::test]
async fn a_question_about_a_token_is_small() {
    let server = Server::start().await;
    for (length, status) in [(4_096, 401), (4_097, 413)] {
        let start = "{\"tokenKey\":\"";
        let body = format!("{start}{}\"}}", "x".repeat(length - start.len() - 2));
        let head = "POST /oauth/v2/private-apps/get/access-token-info HTTP/1.1\r\nhost: t\r\ncontent-type: application/json";
        let asked = format!("{head}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}");
        assert_eq!(server.raw(asked.as_bytes()).await.status, status, "{length}");
    }
}

#[tokio::test]
async fn a_body_that_is_packed_or_framed_twice_is_refused() {
    let server = Server::start().await;
    let sent = |headers: &str, body: &str| {
        let token = server.token(FULL);
        format!(
            "POST {CONTACTS} HTTP/1.1\r\nhost: t\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\nconnection: close\r\n{headers}\r\n{body}"
        )
    };
    let (json, chunks) = (r#"{"properties":{}}"#, "11\r\n{\"properties\":{}}\r\n0\r\n\r\n");
    for (headers, body, status) in [
        ("content-length: 17\r\n", json, 201),
        ("content-length: 17\r\ncontent-encoding: identity\r\n", json, 201),
        ("content-length: 17\r\ncontent-encoding: gzip\r\n", json, 415),
        ("transfer-encoding: chunked\r\n", chunks, 201),
        ("transfer-encoding: chunked, chunked\r\n", chunks, 400),
        ("transfer-encoding: identity, chunked\r\n", chunks, 400),
        ("transfer-encoding: identity\r\ntransfer-encoding: chunked\r\n", chunks, 400),
    ] {
        assert_eq!(server.raw(sent(headers, body).as_bytes()).await.status, status, "{headers}");
    }
    // Refused at once, and not when the time for a body is over (408).
    for chunks in [
        "2\n{}\r\n0\r\n\r\n",
        "2;a\n{}\r\n0\r\n\r\n",
        "2\r\n{}\r\n0\r\nx: y\n\r\n",
        "2\r\n{}\r\n0\r\n\n",
        "2\r\n{}\r\nffffffffffffffff\r\n",
    ] {
        assert_eq!(server.raw(sent("transfer-encoding: chunked\r\n", chunks).as_bytes()).await.status, 400, "{chunks:?}");
    }
}

#[tokio::test]
async fn a_request_names_one_host() {
    let server = Server::start().await;
    for (hosts, status) in [("host: t\r\n", 200), ("", 400), ("host: t\r\nhost: u\r\n", 400), ("host: a b\r\n", 400)] {
        let token = server.token(READER);
        let request = format!("GET {CONTACTS} HTTP/1.1\r\n{hosts}authorization: Bearer {token}\r\nconnection: close\r\n\r\n");
        assert_eq!(server.raw(request.as_bytes()).await.status, status, "{hosts:?}");
    }
}
