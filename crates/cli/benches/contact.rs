//! A GET of a contact through the whole pipeline: the real binary, one connection over loopback,
//! audit and limits on. One caller at a time, so each call waits for a commit of its own.
//!
//! `cargo bench -p keyway --bench contact`

#[path = "../tests/it/harness.rs"]
#[allow(dead_code, missing_docs)]
mod harness;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use divan::Bencher;
use harness::Keyway;

fn main() {
    divan::main();
}

/// Apps that take turns, so that the burst limit (250 calls in ten seconds each) is not reached.
const APPS: usize = 400;

#[divan::bench(sample_count = 20, sample_size = 200)]
fn get_a_contact(bencher: Bencher) {
    let keyway = Keyway::start(&[]);
    let account = keyway.json(&["account", "create", "bench", "--tier", "enterprise"])["account"]["hubId"].to_string();
    let tokens: Vec<String> = (0..APPS)
        .map(|number| {
            let name = format!("bench {number}");
            let scopes = "crm.objects.contacts.read,crm.objects.contacts.write";
            let made = keyway.json(&["app", "create", &name, "--account", &account, "--scopes", scopes]);
            made["token"]["value"].as_str().expect("a new app has a token").to_owned()
        })
        .collect();
    let body = r#"{"properties":{"email":"bench@example.com"}}"#;
    let (_, contact) = keyway.call(&tokens[0], "POST", "/crm/v3/objects/contacts", Some(body));
    let target = format!("/crm/v3/objects/contacts/{}", contact["id"].as_str().expect("the contact was made"));
    let address = keyway.address("data");
    let mut stream = BufReader::new(TcpStream::connect(address).expect("the server listens"));
    stream.get_ref().set_nodelay(true).expect("an open socket");
    let mut tokens = tokens.iter().cycle();
    bencher.bench_local(|| {
        let token = tokens.next().expect("a cycle never ends");
        let request = format!("GET {target} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\n\r\n");
        stream.get_mut().write_all(request.as_bytes()).expect("the server reads");
        assert_eq!(read_answer(&mut stream), 200);
    });
}

/// The status of one answer, read to its end.
fn read_answer(stream: &mut BufReader<TcpStream>) -> u16 {
    let (mut status, mut length, mut line) = (0, 0, String::new());
    loop {
        line.clear();
        stream.read_line(&mut line).expect("the server answers");
        if let Some(rest) = line.strip_prefix("HTTP/1.1 ") {
            status = rest[..3].parse().expect("a status is a number");
        } else if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().expect("a length is a number");
        } else if line == "\r\n" {
            break;
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).expect("the body is whole");
    status
}
