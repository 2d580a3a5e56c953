//! Bytes on a connection to the data listener.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::OnceLock;
use std::time::Duration;

use crate::harness::{READER, Server};
use crate::placeholder::replaced;

/// How long an answer may take. It is a bound on hanging, not on speed.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long nothing comes before the server is taken to wait for more. A shorter time loses answers, and makes no test fail.
const QUIET: Duration = Duration::from_millis(20);
/// A placeholder in the bytes of a seed. Each run replaces it with a real token that has the scope to read
/// contacts.
const TOKEN: &[u8] = b"$TOKEN";

/// A server that the first run starts and the end of the process stops.
struct Running {
    address: SocketAddr,
    token: String,
}

fn running() -> &'static Running {
    static RUNNING: OnceLock<Running> = OnceLock::new();
    RUNNING.get_or_init(|| {
        let (told, started) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async move {
                let server = Server::start().await;
                let running = Running { address: server.address, token: server.token(READER).to_owned() };
                told.send(running).expect("the test waits");
                std::future::pending::<()>().await;
            });
        });
        started.recv().expect("the server starts")
    })
}

/// The first byte says where the bytes are cut into two writes. Whatever the bytes are, each answer must be a
/// complete HTTP/1.1 answer without a server error, nothing may change, and the server must keep running.
pub fn framing(bytes: &[u8]) {
    let Some((cut, rest)) = bytes.split_first() else { return };
    let running = running();
    let sent = replaced(rest, TOKEN, running.token.as_bytes());
    let answers = exchange(running.address, &sent, sent.len() * usize::from(*cut) / 256, QUIET);
    check(&answers);
    let probe =
        format!("GET /crm/v3/objects/contacts HTTP/1.1\r\nhost: t\r\nauthorization: Bearer {}\r\nconnection: close\r\n\r\n", running.token);
    // The first call reads the catalog, so nobody hangs up on it.
    let probed = exchange(running.address, probe.as_bytes(), 0, PATIENCE);
    let text = String::from_utf8_lossy(&probed);
    // The limit of the account is part of what is tried.
    assert!(text.starts_with("HTTP/1.1 200") && text.ends_with("{\"results\":[]}") || text.starts_with("HTTP/1.1 429"), "{text}");
}

fn exchange(address: SocketAddr, bytes: &[u8], cut: usize, quiet: Duration) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).expect("the server takes connections");
    stream.set_nodelay(true).expect("no delay");
    let (first, second) = bytes.split_at(cut);
    // The server may answer and close before it has read everything.
    let _ = stream.write_all(first).and_then(|()| stream.write_all(second));
    let mut answer = Vec::new();
    if read(&mut stream, quiet, &mut answer) {
        return answer;
    }
    // The server waits for more of a request. It hears that there is none.
    let _ = stream.shutdown(Shutdown::Write);
    assert!(read(&mut stream, PATIENCE, &mut answer), "no end of the answer to {:?}", String::from_utf8_lossy(bytes));
    answer
}

/// Reads until the server closes. Says whether it did, before nothing came for so long.
fn read(stream: &mut TcpStream, quiet: Duration, answer: &mut Vec<u8>) -> bool {
    stream.set_read_timeout(Some(quiet)).expect("a timeout");
    let ended = stream.read_to_end(answer);
    !ended.is_err_and(|error| matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut))
}

/// Every answer begins with a status line and has the length that it announces.
fn check(mut answers: &[u8]) {
    while !answers.is_empty() {
        let end = answers.windows(4).position(|window| window == b"\r\n\r\n").expect("an answer has a head");
        let head = std::str::from_utf8(&answers[..end]).expect("a head is text").to_ascii_lowercase();
        let status: u16 = head.strip_prefix("http/1.").and_then(|rest| rest.get(2..5)?.parse().ok()).unwrap_or_else(|| panic!("{head}"));
        assert!(status < 500 || status == 501, "{head}");
        let header = |name: &str| head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        let rest = &answers[end + 4..];
        let length: usize = match header("content-length") {
            Some(length) => length.parse().unwrap_or_else(|_| panic!("{head}")),
            None => 0,
        };
        // An answer to HEAD announces a body and has none.
        answers = if rest.starts_with(b"HTTP/1.") || rest.is_empty() {
            rest
        } else {
            rest.get(length..).unwrap_or_else(|| panic!("cut: {head}"))
        };
    }
}
