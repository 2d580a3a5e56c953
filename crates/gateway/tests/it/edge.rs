//! Properties of the HTTP edge, over requests put together at random: each gets one answer of HTTP or
//! a closed connection, never a second call, and what is forwarded was decided on.

use std::collections::HashSet;
use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::harness::Server;

/// Requests that each property is tried with.
const CASES: u32 = 300;
/// An answer takes milliseconds; a server that hangs is found out.
const PATIENCE: Duration = Duration::from_secs(20);
/// What an attacker would have performed with somebody else's words around it.
const SMUGGLED: &str = "/crm/v3/objects/deals";

/// A server with one app that may read and write contacts, tried with what a strategy makes.
fn hold<T: std::fmt::Debug>(strategy: impl Strategy<Value = T>, property: impl AsyncFn(&Server, T) -> Result<(), TestCaseError>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let server = runtime.block_on(Server::start());
    let mut runner = TestRunner::new(Config { cases: CASES, failure_persistence: None, ..Config::default() });
    let outcome = runner.run(&strategy, |made| runtime.block_on(property(&server, made)));
    runtime.block_on(server.stop());
    outcome.unwrap();
}

/// Sends bytes and closes its side; all that came back, or none if the server said nothing.
async fn exchange(server: &Server, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let _ = stream.write_all(bytes).await;
    let _ = stream.shutdown().await;
    let mut answer = Vec::new();
    let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
    assert!(read.is_ok(), "no end to {:?}", String::from_utf8_lossy(bytes));
    answer
}

/// The statuses of the answers in what came back.
fn statuses(answer: &[u8]) -> Vec<u16> {
    let text = String::from_utf8_lossy(answer);
    text.split("HTTP/1.1 ").skip(1).map(|rest| rest.get(..3).and_then(|status| status.parse().ok()).unwrap_or(0)).collect()
}

fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("crm".to_owned()),
        Just("v3".to_owned()),
        Just("objects".to_owned()),
        Just("contacts".to_owned()),
        Just("deals".to_owned()),
        Just("..".to_owned()),
        Just("%2e%2e".to_owned()),
        Just("%2f".to_owned()),
        Just("%00".to_owned()),
        Just(";a=b".to_owned()),
        Just("\\".to_owned()),
        "[ -~]{0,6}",
        "\\PC{0,3}",
    ]
}

fn header() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("content-length: 0".to_owned()),
        Just("content-length: 5".to_owned()),
        Just("content-length: +5".to_owned()),
        Just("content-length: 5, 5".to_owned()),
        Just("content-length: 99999999999999999999".to_owned()),
        Just("transfer-encoding: chunked".to_owned()),
        Just("transfer-encoding: chunked, identity".to_owned()),
        Just("transfer-encoding:\tchunked".to_owned()),
        Just("transfer-encoding : chunked".to_owned()),
        Just("transfer-encoding: xchunked".to_owned()),
        Just("connection: keep-alive".to_owned()),
        Just("connection: close, authorization".to_owned()),
        Just("upgrade: h2c".to_owned()),
        Just("expect: 100-continue".to_owned()),
        Just(" folded: line".to_owned()),
        Just("host: elsewhere".to_owned()),
        Just("authorization: Bearer another".to_owned()),
        "[A-Za-z-]{1,12}: [ -~]{0,20}",
        // Without line ends: an empty line ends the head, whatever comes after (a lone LF counts, RFC 9112, section 2.2).
        "[\\x00-\\x09\\x0b\\x0c\\x0e-\\x7f]{1,12}: [\\x00-\\x09\\x0b\\x0c\\x0e-\\x7f]{0,12}",
    ]
}

fn chunk() -> impl Strategy<Value = String> {
    let size = prop_oneof![
        Just("5"),
        Just("0"),
        Just("-1"),
        Just("ffffffffffffffff1"),
        Just("5;ext=\"a\nb\""),
        Just("0x5"),
        Just(" 5"),
        Just("5 ")
    ];
    let end = prop_oneof![Just("\r\n"), Just("\n"), Just(""), Just("\r")];
    (size, end, "[ -~]{0,8}", end_of_data()).prop_map(|(size, end, data, last)| format!("{size}{end}{data}{last}"))
}

fn end_of_data() -> impl Strategy<Value = &'static str> {
    prop_oneof![Just("\r\n"), Just("\n"), Just("")]
}

#[test]
fn a_path_is_answered_and_recorded_by_what_was_decided_on() {
    let paths = prop::collection::vec(piece(), 0..8).prop_map(|pieces| format!("/{}", pieces.join("/")));
    hold((paths, prop::option::of("[ -~]{0,12}")), async |server, (path, query)| {
        let query = query.map(|query| format!("?{query}")).unwrap_or_default();
        let token = server.token(1);
        let head = format!("GET {path}{query} HTTP/1.1\r\nhost: t\r\nauthorization: Bearer {token}\r\nconnection: close\r\n\r\n");
        let got = statuses(&exchange(server, head.as_bytes()).await);
        // A space in it makes another request line; nothing else makes more than one answer.
        prop_assert!(got.len() <= 1, "{head:?}: {got:?}");
        if let Some(record) = server.records().await.first() {
            // The app may not read deals, by whatever spelling.
            let deals = record.operation.contains("deals") || record.object.as_deref() == Some("deals");
            prop_assert!(!(deals && record.status == Some(200)), "{head:?}: {record:?}");
        }
        Ok(())
    });
}

#[test]
fn no_framing_hides_a_second_request() {
    let requests = (prop::collection::vec(header(), 0..5), prop::collection::vec(chunk(), 0..4));
    hold(requests, async |server, (headers, chunks)| {
        let token = server.token(1);
        let head = headers.iter().map(|header| format!("{header}\r\n")).collect::<String>();
        let hidden = format!("GET {SMUGGLED} HTTP/1.1\r\nhost: t\r\nauthorization: Bearer {token}\r\n\r\n");
        let first =
            format!("POST /crm/v3/objects/contacts HTTP/1.1\r\nhost: t\r\nauthorization: Bearer {token}\r\n{head}\r\n{}", chunks.concat());
        // The same length said twice is one length (RFC 9110, section 8.6).
        let length = headers.iter().filter(|header| header.starts_with("content-length")).collect::<HashSet<_>>().len();
        let coding = head.matches("transfer-encoding").count();
        let got = statuses(&exchange(server, format!("{first}{hidden}").as_bytes()).await);
        prop_assert!(got.iter().all(|status| (200..600).contains(status) || *status == 100), "{got:?}");
        // Whoever frames a body in two ways may mean a second request by it; that is never taken up.
        if length > 1 || coding > 1 || (length > 0 && coding > 0) {
            let answered = got.iter().filter(|status| **status != 100).count();
            prop_assert!(answered <= 1, "{first:?}: {got:?}");
            prop_assert!(!got.contains(&200), "{first:?}: {got:?}");
        }
        Ok(())
    });
}

#[test]
fn bytes_that_are_no_request_get_an_answer_or_an_end() {
    hold(prop::collection::vec(any::<u8>(), 0..400), async |server, bytes| {
        let before = server.records().await.len();
        let got = statuses(&exchange(server, &bytes).await);
        prop_assert!(got.iter().all(|status| (400..600).contains(status)), "{got:?}");
        prop_assert!(server.records().await.len() <= before + got.len());
        Ok(())
    });
}
