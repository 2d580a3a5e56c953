//! What HubSpot says, and what something between answers in its place, on an account that is
//! connected to a server of the test's own.

use std::io::Write;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use keyway_core::secret::Secret;
use keyway_core::time::Timestamp;
use keyway_gateway::clock::Clock;
use keyway_gateway::model::Connection;
use keyway_gateway::upstream::Base;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::harness::{FULL, READER, Server};

/// Answers every request alike, and counts them.
#[derive(Clone)]
pub(crate) struct Stub {
    pub(crate) address: SocketAddr,
    pub(crate) answer: Arc<Mutex<Vec<u8>>>,
    seen: Arc<AtomicUsize>,
}

impl Stub {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stub = Self { address: listener.local_addr().unwrap(), answer: Arc::default(), seen: Arc::default() };
        let serving = stub.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    match stream.read_u8().await {
                        Ok(byte) => head.push(byte),
                        Err(_) => break,
                    }
                }
                serving.seen.fetch_add(1, Ordering::SeqCst);
                let answer = serving.answer.lock().unwrap().clone();
                let _ = stream.write_all(&answer).await;
                let _ = stream.shutdown().await;
            }
        });
        stub
    }

    pub(crate) fn says(&self, status: u16, headers: &str, body: &[u8]) {
        let head = format!("HTTP/1.1 {status} Said\r\nconnection: close\r\ncontent-length: {}\r\n{headers}\r\n", body.len());
        *self.answer.lock().unwrap() = [head.as_bytes(), body].concat();
    }

    fn seen(&self) -> usize {
        self.seen.load(Ordering::SeqCst)
    }
}

pub(crate) const JSON: &str = "content-type: application/json;charset=utf-8\r\n";
pub(crate) const OWN_401: &str = r#"{"status":"error","message":"no","correlationId":"c-1","category":"INVALID_AUTHENTICATION"}"#;
pub(crate) const PAGE: &str = "<!DOCTYPE html><html><head><title>Attention Required! | Cloudflare</title></head></html>";
const CONTACTS: &str = "/crm/v3/objects/contacts";

/// A gateway whose account is connected to the stub.
pub(crate) async fn connected(stub: &Stub, clock: Clock) -> Server {
    let mut server = Server::start_by(clock, None).await;
    let now = Timestamp::from_ms(1_790_000_000_000);
    server.accounts[0].time_zone = "America/New_York".into();
    server.accounts[0].connection = Some(Arc::new(Connection {
        base: Base::parse(&format!("http://{}", stub.address)).unwrap(),
        credential: Secret::new("credential".into()),
        hint: "…".into(),
        scopes: Vec::new(),
        since: now,
        checked_at: now,
        former: None,
        oauth_client: None,
    }));
    server.publish();
    server
}

fn gzip(text: &str) -> Vec<u8> {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    writer.write_all(text.as_bytes()).unwrap();
    writer.finish().unwrap()
}

#[tokio::test]
async fn a_refusal_that_is_not_hubspots_is_handed_on_and_marked_and_accuses_no_credential() {
    let stub = Stub::start().await;
    let server = connected(&stub, Clock::default()).await;
    for (status, headers, body) in [
        (401, "content-type: text/html\r\nserver: cloudflare\r\n", PAGE.as_bytes().to_vec()),
        (403, "content-type: text/html\r\n", PAGE.as_bytes().to_vec()),
        (401, JSON, br#"{"message":"Unauthorized"}"#.to_vec()),
        (401, "content-type: text/html\r\n", OWN_401.as_bytes().to_vec()),
        (407, "", Vec::new()),
        (404, JSON, br#"{"message":"Not Found"}"#.to_vec()),
        (403, "content-type: text/html\r\ncontent-encoding: gzip\r\n", gzip(PAGE)),
    ] {
        stub.says(status, headers, &body);
        let answer = server.send(server.token(FULL), "GET", CONTACTS, None).await;
        assert_eq!((answer.status, answer.header("keyway-rule")), (status, Some("not-hubspot")), "{headers}");
        assert_eq!(answer.body, String::from_utf8_lossy(&body), "handed on byte for byte");
        assert_eq!(server.records().await[0].category.as_deref(), Some("NOT_HUBSPOT"));
    }
    server.stop().await;
}

#[tokio::test]
async fn hubspots_own_refusals_are_known_as_such_whole_compressed_and_cut() {
    let stub = Stub::start().await;
    let server = connected(&stub, Clock::default()).await;
    for (headers, body) in [
        (JSON.to_owned(), OWN_401.as_bytes().to_vec()),
        (format!("{JSON}content-encoding: gzip\r\n"), gzip(OWN_401)),
        // What Keyway does not decode is known by the header that HubSpot's servers set.
        (format!("{JSON}content-encoding: br\r\nx-hubspot-correlation-id: c-1\r\n"), b"\x0b\x02".to_vec()),
    ] {
        stub.says(401, &headers, &body);
        let answer = server.send(server.token(FULL), "GET", CONTACTS, None).await;
        answer.check_error(502, "CONNECTION_CREDENTIAL");
    }
    let own = r#"{"status":"error","message":"no","correlationId":"c-1","category":"MISSING_SCOPES"}"#;
    stub.says(403, JSON, own.as_bytes());
    let answer = server.send(server.token(FULL), "GET", CONTACTS, None).await;
    assert_eq!((answer.status, answer.header("keyway-rule"), answer.body.as_str()), (403, None, own));
    // A page for an unknown path is HubSpot's way.
    stub.says(404, "content-type: text/html\r\n", PAGE.as_bytes());
    let answer = server.send(server.token(FULL), "GET", CONTACTS, None).await;
    assert_eq!((answer.status, answer.header("keyway-rule")), (404, None));
    // One that breaks off says nothing of the credential, and stays cut.
    let cut = format!("HTTP/1.1 401 Said\r\nconnection: close\r\ncontent-length: 500\r\n{JSON}\r\n{OWN_401}");
    *stub.answer.lock().unwrap() = cut.into_bytes();
    let answer = server.send(server.token(FULL), "GET", CONTACTS, None).await;
    assert_eq!((answer.status, answer.header("keyway-rule")), (401, Some("not-hubspot")));
    // It comes in chunks, since links in it may change its length; the last chunk never comes.
    assert!(answer.body.contains(OWN_401) && !answer.body.ends_with("0\r\n\r\n"), "{}", answer.body);
    assert_eq!((answer.header("transfer-encoding"), answer.header("content-length")), (Some("chunked"), None));
    let moved = r#"{"status":"error","message":"Hub 7 is unknown to this Hublet, but it appears to exist in Hublet eu1","correlationId":"c-1","correctHublet":"eu1"}"#;
    stub.says(488, JSON, moved.as_bytes());
    let before = stub.seen();
    let answer = server.send(server.token(FULL), "GET", CONTACTS, None).await;
    assert_eq!((answer.status, answer.header("keyway-rule"), stub.seen() - before), (488, Some("wrong-hublet"), 1));
    server.stop().await;
}

#[tokio::test]
async fn after_hubspots_daily_refusal_nothing_is_sent_before_the_accounts_midnight_but_one_call_in_a_while() {
    let at = |text: &str| Timestamp::parse_iso(text).unwrap();
    let noon = at("2026-11-28T17:00:00Z");
    let clock = Clock::standing_at(noon);
    let stub = Stub::start().await;
    let server = connected(&stub, clock.clone()).await;
    stub.says(200, JSON, br#"{"results":[]}"#);
    for _ in 0..19 {
        assert_eq!(server.send(server.token(FULL), "GET", CONTACTS, None).await.status, 200);
    }
    let daily = br#"{"status":"error","message":"You have reached your daily limit.","errorType":"RATE_LIMIT","policyName":"DAILY","requestId":"r"}"#;
    stub.says(429, &format!("{JSON}content-encoding: gzip\r\n"), &gzip(std::str::from_utf8(daily).unwrap()));
    // Midnight in New York is twelve hours off.
    let refused = |answer: crate::harness::Answer, now: Timestamp| {
        assert_eq!((answer.status, answer.json()["policyName"].as_str()), (429, Some("DAILY")), "{}", answer.body);
        let left = at("2026-11-29T05:00:00Z").as_ms() - now.as_ms();
        assert_eq!(answer.header("retry-after").unwrap().parse::<i64>().unwrap(), (left + 999) / 1_000);
    };
    refused(server.send(server.token(FULL), "GET", CONTACTS, None).await, noon);
    assert_eq!(stub.seen(), 20, "it is not sent again");
    // Thirty seconds, twenty calls a second, of two apps.
    for number in 1..=600 {
        let now = noon.plus_ms(number * 50);
        clock.go_on_to(now);
        let app = if number % 2 == 0 { FULL } else { READER };
        refused(server.send(server.token(app), "GET", CONTACTS, None).await, now);
    }
    assert_eq!(stub.seen(), 20, "no call went on");
    let later = noon.plus_ms(15 * 60_000);
    clock.go_on_to(later);
    for _ in 0..5 {
        refused(server.send(server.token(READER), "GET", CONTACTS, None).await, later);
    }
    assert_eq!(stub.seen(), 21, "one call tried");
    clock.go_on_to(at("2026-11-29T05:00:00Z"));
    stub.says(200, JSON, br#"{"results":[]}"#);
    for app in [FULL, READER] {
        assert_eq!(server.send(server.token(app), "GET", CONTACTS, None).await.status, 200);
    }
    server.stop().await;
}
