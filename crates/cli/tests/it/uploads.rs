//! Uploads to connected accounts: whoever sends slowly holds nothing that others need.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};

use serde_json::json;

use crate::connection::{base, connected, credential, hubspot};
use crate::harness::Keyway;

/// The head of an upload in chunks.
fn begin(gateway: &Keyway, token: &str) -> TcpStream {
    let mut stream = TcpStream::connect(gateway.address("data")).unwrap();
    let head = format!(
        "POST /crm/v3/imports HTTP/1.1\r\nhost: t\r\nauthorization: Bearer {token}\r\ncontent-type: multipart/form-data; boundary=b\r\ntransfer-encoding: chunked\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream
}

fn status(stream: &mut TcpStream) -> String {
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    answer.split(' ').nth(1).unwrap_or_default().to_owned()
}

/// Takes eleven seconds: the least rate is asked for over ten.
#[test]
fn uploads_that_drip_take_no_place_in_the_limits_and_end_with_408() {
    let (hubspot, credential) = hubspot();
    let (gateway, good) = connected(&base(&hubspot), &credential);
    let bad = gateway.json(&["app", "create", "Bad", "--account", "4242", "--scopes", "crm.import"]);
    let bad = bad["token"]["value"].as_str().unwrap();
    // More than the account has places in ten seconds.
    let mut held: Vec<TcpStream> = (0..200).map(|_| begin(&gateway, bad)).collect();
    held.iter_mut().for_each(|stream| stream.write_all(b"1\r\n-\r\n").unwrap());
    for _ in 0..20 {
        assert_eq!(gateway.call(&good, "GET", "/crm/v3/objects/contacts", None).0, 200);
    }
    for stream in &mut held {
        assert_eq!(status(stream), "408");
    }
    let records = gateway.json(&["audit", "list", "--app", "Bad", "--status", "408"]);
    assert_eq!(records["records"][0]["attempts"], json!(0), "nothing of it reached HubSpot");
}

#[test]
fn a_file_for_an_embedded_account_has_at_most_20_mib() {
    const MOST: usize = 20 << 20;
    let keyway = Keyway::start(&["--ephemeral"]);
    keyway.json(&["account", "create", "HubSpot", "--hub-id", "4242"]);
    let made = keyway.json(&["app", "create", "Files", "--account", "4242", "--scopes", "files"]);
    let token = made["token"]["value"].as_str().unwrap();
    // It is no form, which the account says once it has all of it.
    for (length, expected) in [(MOST, "400"), (MOST + 1, "413")] {
        let mut stream = TcpStream::connect(keyway.address("data")).unwrap();
        let head = format!(
            "POST /files/v3/files HTTP/1.1\r\nhost: t\r\nauthorization: Bearer {token}\r\ncontent-type: multipart/form-data; boundary=b\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(&vec![b'-'; length]).unwrap();
        assert_eq!(status(&mut stream), expected, "{length} bytes");
    }
}

/// A stand-in for HubSpot that knows every credential, answers reads, and takes uploads without an answer.
fn sink() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || listener.incoming().for_each(|stream| drop(std::thread::spawn(move || serve(stream.unwrap())))));
    address
}

fn serve(stream: TcpStream) {
    let mut reader = BufReader::new(stream);
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if reader.read_line(&mut head).unwrap_or(0) == 0 {
                return;
            }
        }
        if head.to_ascii_lowercase().contains("transfer-encoding") {
            let _ = std::io::copy(&mut reader, &mut std::io::sink());
            return;
        }
        let length = head.to_ascii_lowercase().lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok()).unwrap_or(0);
        reader.read_exact(&mut vec![0; length]).unwrap();
        let body =
            r#"{"userId":1,"hubId":4242,"appId":9,"scopes":["crm.objects.contacts.read","crm.objects.contacts.write","crm.import"]}"#;
        write!(reader.get_mut(), "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}", body.len())
            .unwrap();
    }
}

/// Takes eleven seconds, as above.
#[test]
fn long_uploads_that_stall_have_a_quarter_of_the_places_and_end_with_408() {
    let (gateway, good) = connected(&format!("http://{}", sink()), &credential(9));
    let bad = gateway.json(&["app", "create", "Bad", "--account", "4242", "--scopes", "crm.import"]);
    let bad = bad["token"]["value"].as_str().unwrap();
    let request = "--b\r\nContent-Disposition: form-data; name=\"importRequest\"\r\n\r\n{}\r\n--b\r\nContent-Disposition: form-data; name=\"files\"; filename=\"a.csv\"\r\n\r\n";
    let mut form = request.as_bytes().to_vec();
    form.resize(0x80000, b'x');
    let long = [b"80000\r\n".as_slice(), &form].concat();
    // Enterprise has 190 places; a quarter is 47.
    let mut held: Vec<TcpStream> = (0..60).map(|_| begin(&gateway, bad)).collect();
    held.iter_mut().for_each(|stream| stream.write_all(&long).unwrap());
    for _ in 0..50 {
        assert_eq!(gateway.call(&good, "GET", "/crm/v3/objects/contacts", None).0, 200);
    }
    let ended: Vec<String> = held.iter_mut().map(status).collect();
    assert!(ended.iter().all(|status| status == "408" || status == "429"), "{ended:?}");
    let records = gateway.json(&["audit", "list", "--app", "Bad", "--status", "408", "--limit", "100"]);
    let sent = records["records"].as_array().unwrap().iter().filter(|record| record["attempts"] == 1).count();
    assert!((1..=60).contains(&sent), "{sent} reached HubSpot");
    assert_eq!(gateway.call(&good, "GET", "/crm/v3/objects/contacts", None).0, 200);
}

#[test]
fn a_request_for_a_token_has_64_kib_at_most() {
    let keyway = Keyway::start(&["--ephemeral"]);
    for (length, is_taken) in [(64 * 1024, true), (64 * 1024 + 1, false)] {
        let mut stream = TcpStream::connect(keyway.address("data")).unwrap();
        let head = format!(
            "POST /oauth/v1/token HTTP/1.1\r\nhost: t\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).unwrap();
        let _ = stream.write_all(&vec![b'x'; length]);
        let got = status(&mut stream);
        assert_eq!(got != "413", is_taken, "{length} bytes: {got}");
    }
}
