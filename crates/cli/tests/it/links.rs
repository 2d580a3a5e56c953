//! Links in HubSpot's answers stay at the address that the client called; all else stays as it came.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde_json::json;

use crate::connection::{base, connected_by, hubspot};
use crate::harness::Keyway;

const API: &str = "https://api.hubapi.com";
const PATH: &str = "/crm/v3/objects/contacts?limit=1";

/// What the stand-in for HubSpot does with a request.
type Answer = dyn Fn(&str, &mut TcpStream) + Send + Sync;

/// A stand-in for HubSpot: knows every credential, and keeps what it was sent.
struct Stub {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Stub {
    fn start(answer: impl Fn(&str, &mut TcpStream) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, answer) = (listener.local_addr().unwrap(), Arc::new(answer));
        let seen = Arc::new(Mutex::new(Vec::new()));
        let kept = seen.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (answer, kept) = (answer.clone(), kept.clone());
                std::thread::spawn(move || serve(stream.unwrap(), &*answer, &kept));
            }
        });
        Self { address, seen }
    }

    /// A gateway before it, and the token of an app.
    fn gateway(&self, options: &[&str]) -> (Keyway, String) {
        let credential = keyway_core::token::PlainToken::generate("eu1", [77; 16]);
        connected_by(Keyway::start(options), &format!("http://{}", self.address), credential.expose())
    }

    fn last(&self) -> String {
        self.seen.lock().unwrap().last().unwrap().clone()
    }
}

fn serve(stream: TcpStream, answer: &Answer, seen: &Mutex<Vec<String>>) {
    let mut reader = BufReader::new(stream);
    loop {
        let mut request = String::new();
        while !request.ends_with("\r\n\r\n") {
            if reader.read_line(&mut request).unwrap_or(0) == 0 {
                return;
            }
        }
        let length = request.to_ascii_lowercase().lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok()).unwrap_or(0);
        reader.read_exact(&mut vec![0; length]).unwrap();
        if request.contains("access-token-info") {
            let info = r#"{"userId":1,"hubId":4242,"appId":9,"scopes":["crm.objects.contacts.read","crm.objects.contacts.write"]}"#;
            reader.get_mut().write_all(&with_length("", info.as_bytes())).unwrap();
            continue;
        }
        seen.lock().unwrap().push(request.clone());
        answer(&request, reader.get_mut());
    }
}

/// An answer with its length.
fn with_length(headers: &str, body: &[u8]) -> Vec<u8> {
    let head =
        format!("HTTP/1.1 200 OK\r\ncontent-type: application/json;charset=utf-8\r\n{headers}content-length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

fn chunk(bytes: &[u8]) -> Vec<u8> {
    [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat()
}

fn chunked_head(headers: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n{headers}transfer-encoding: chunked\r\n\r\n").into_bytes()
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

/// What came back: the head in lower case, the body without its chunks, and whether it came to its end.
struct Got {
    head: String,
    body: Vec<u8>,
    whole: bool,
}

impl Got {
    fn read(stream: &TcpStream) -> Self {
        let mut reader = BufReader::new(stream);
        let head = Self::head(&mut reader);
        let mut body = Vec::new();
        let whole = Self::body(&mut reader, &head, &mut body);
        Self { head, body, whole }
    }

    fn head(reader: &mut impl BufRead) -> String {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert_ne!(reader.read_line(&mut head).unwrap(), 0, "no head: {head}");
        }
        head.to_ascii_lowercase()
    }

    fn body(reader: &mut impl BufRead, head: &str, body: &mut Vec<u8>) -> bool {
        if let Some(length) = head.lines().find_map(|line| line.strip_prefix("content-length: ")) {
            let length: u64 = length.parse().unwrap();
            return reader.take(length).read_to_end(body).is_ok_and(|read| read as u64 == length);
        }
        if !head.contains("transfer-encoding: chunked") {
            return !head.starts_with("http/1.1 200");
        }
        loop {
            match next_chunk(reader) {
                Some(bytes) if bytes.is_empty() => return true,
                Some(bytes) => body.extend(bytes),
                None => return false,
            }
        }
    }

    fn text(&self) -> String {
        assert!(self.whole, "{}", self.head);
        if !self.head.contains("content-encoding: gzip") {
            return String::from_utf8(self.body.clone()).unwrap();
        }
        let mut text = String::new();
        GzDecoder::new(self.body.as_slice()).read_to_string(&mut text).unwrap();
        text
    }
}

/// The next chunk; empty is the last, none an end that was not announced.
fn next_chunk(reader: &mut impl BufRead) -> Option<Vec<u8>> {
    let mut size = String::new();
    reader.read_line(&mut size).ok()?;
    let mut bytes = vec![0; usize::from_str_radix(size.trim(), 16).ok()? + 2];
    reader.read_exact(&mut bytes).ok()?;
    bytes.truncate(bytes.len() - 2);
    Some(bytes)
}

fn request(gateway: &Keyway, token: &str, target: &str, headers: &str) -> TcpStream {
    let address = gateway.address("data");
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {target} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\n{headers}connection: close\r\n\r\n")
        .unwrap();
    stream
}

fn get(gateway: &Keyway, token: &str, target: &str, headers: &str) -> Got {
    Got::read(&request(gateway, token, target, headers))
}

/// Follows links as they stand, as a client does that pages by them.
fn follow(gateway: &Keyway, token: &str, headers: &str) -> Vec<String> {
    let address = gateway.address("data");
    let mut target = PATH.to_owned();
    let mut rows = Vec::new();
    loop {
        let got = get(gateway, token, &target, headers);
        assert!(got.head.starts_with("http/1.1 200"), "{target}: {}", got.text());
        let page: serde_json::Value = serde_json::from_str(&got.text()).unwrap();
        rows.push(page["results"][0]["id"].as_str().unwrap().to_owned());
        let Some(link) = page["paging"]["next"]["link"].as_str() else { return rows };
        let rest = link.strip_prefix(&format!("http://{address}")).unwrap_or_else(|| panic!("{link} leads away from {address}"));
        target = rest.to_owned();
        assert!(rows.len() < 10, "no end");
    }
}

#[test]
fn a_client_that_follows_links_as_they_stand_stays_at_the_gateway() {
    let stub = Stub::start(|request, stream| {
        let page = request.split("after=").nth(1).and_then(|rest| rest.split([' ', '&']).next()?.parse().ok()).unwrap_or(1);
        let paging = match page {
            3 => String::new(),
            _ => format!(r#","paging":{{"next":{{"after":"{0}","link":"{API}{PATH}&after={0}"}}}}"#, page + 1),
        };
        let body = format!(r#"{{"results":[{{"id":"{page}"}}]{paging}}}"#);
        let packed = request.contains("accept-encoding: gzip");
        let answer =
            if packed { with_length("content-encoding: gzip\r\n", &gzip(body.as_bytes())) } else { with_length("", body.as_bytes()) };
        stream.write_all(&answer).unwrap();
    });
    let (gateway, token) = stub.gateway(&[]);
    for headers in ["", "accept-encoding: gzip, deflate, br\r\n", "accept-encoding: br\r\n"] {
        assert_eq!(follow(&gateway, &token, headers), ["1", "2", "3"], "{headers}");
    }
    // HubSpot is never asked for a coding in which links can't be found.
    assert!(stub.last().contains("accept-encoding: identity\r\n"), "{}", stub.last());
}

#[test]
fn links_to_another_host_of_the_connection_stay_too() {
    let (hubspot, credential) = hubspot();
    for email in ["a@example.com", "b@example.com", "c@example.com"] {
        let body = json!({ "properties": { "email": email } }).to_string();
        assert_eq!(hubspot.call(&credential, "POST", "/crm/v3/objects/contacts", Some(&body)).0, 201);
    }
    let (gateway, token) = connected_by(Keyway::start(&[]), &base(&hubspot), &credential);
    assert_eq!(follow(&gateway, &token, "").len(), 3);
}

/// A page that says its links in the ways HubSpot may, and quotes one in a record.
fn page(origin: &str) -> String {
    let escaped = origin.replace('/', "\\/");
    format!(
        r#"{{"results":[{{"properties":{{"note":"see {API}/crm","site":"{API}/crm","links":{{"a":"{API}"}}}},"url":"{API}/x"}}],
  "links":{{"status":"{origin}/a"}}, "paging":{{"next":{{"after":"2","link":"{escaped}\/crm?a=b"}}, "prev" : {{"link" : "{origin}"}}}}}}"#
    )
}

#[test]
fn all_but_the_links_is_byte_for_byte_as_it_came_in_every_framing() {
    let stub = Stub::start(|request, stream| {
        let plain = page(API);
        let body = if request.contains("gzip") { gzip(plain.as_bytes()) } else { plain.into_bytes() };
        let coding = if request.contains("gzip") { "content-encoding: gzip\r\n" } else { "" };
        if request.contains("chunked") {
            stream.write_all(&chunked_head(coding)).unwrap();
            let pieces: Vec<u8> = body.chunks(1).flat_map(chunk).collect();
            stream.write_all(&[&pieces, b"0\r\n\r\n".as_slice()].concat()).unwrap();
        } else {
            stream.write_all(&with_length(&format!("{coding}etag: \"1\"\r\ncontent-md5: x\r\nrepr-digest: y\r\n"), &body)).unwrap();
        }
    });
    let (gateway, token) = stub.gateway(&[]);
    let expected = page(&format!("http://{}", gateway.address("data")));
    for target in [PATH.to_owned(), format!("{PATH}&after=chunked")] {
        for headers in ["", "accept-encoding: gzip\r\n"] {
            let got = get(&gateway, &token, &target, headers);
            assert_eq!(got.text(), expected, "{target} {headers}");
            assert_eq!(got.head.contains("content-encoding: gzip"), !headers.is_empty(), "{}", got.head);
            assert!(!got.head.contains("md5") && !got.head.contains("digest"), "{}", got.head);
        }
    }
}

#[test]
fn answers_without_links_to_change_are_not_touched() {
    let plain = format!(r#"{{"properties":{{"site":"{API}/"}}}}"#);
    let bodies = [gzip(plain.as_bytes()), gzip(b"{}"), gzip(plain.as_bytes())[..40].to_vec(), Vec::new()];
    let scripts = Arc::new(Mutex::new(bodies.to_vec()));
    let stub = Stub::start(move |_, stream| {
        let body = scripts.lock().unwrap().remove(0);
        stream.write_all(&with_length("content-encoding: gzip\r\netag: \"1\"\r\ncontent-md5: x\r\n", &body)).unwrap();
    });
    let (gateway, token) = stub.gateway(&[]);
    for body in bodies {
        let got = get(&gateway, &token, PATH, "accept-encoding: gzip\r\n");
        // A packed body that broke off is handed on as it is: the client sees that it is not whole.
        assert_eq!((got.body, got.whole), (body, true), "{}", got.head);
        assert!(got.head.contains("content-md5: x") && got.head.contains("etag: \"1\""), "{}", got.head);
    }
}

#[test]
fn what_is_not_json_or_has_no_body_stays_and_locations_lead_back() {
    let text = format!(r#"{{"links":{{"a":"{API}/"}}}}"#);
    let of =
        |status: &str, headers: &str, body: &str| format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\n\r\n{body}", body.len());
    let scripts = Mutex::new(vec![
        of("200 OK", "content-type: text/csv\r\n", &text),
        of("200 OK", "content-type: application/json\r\ncontent-encoding: br\r\n", &text),
        of("206 Partial Content", "content-type: application/json\r\ncontent-range: bytes 0-1/2\r\n", &text),
        "HTTP/1.1 204 No Content\r\ncontent-type: application/json\r\n\r\n".to_owned(),
        "HTTP/1.1 304 Not Modified\r\ncontent-type: application/json\r\netag: \"1\"\r\n\r\n".to_owned(),
        of("302 Found", &format!("location: {API}/crm?a\r\nlink: <{API}/b>; rel=next\r\n"), ""),
        of("302 Found", "location: https://app.hubspot.com/\r\n", ""),
        of("404 Not Found", "content-type: application/problem+json\r\n", &text),
    ]);
    let stub = Stub::start(move |_, stream| stream.write_all(scripts.lock().unwrap().remove(0).as_bytes()).unwrap());
    let (gateway, token) = stub.gateway(&[]);
    let here = format!("http://{}", gateway.address("data"));
    let next = || get(&gateway, &token, PATH, "if-none-match: \"1\"\r\n");
    for _ in 0..3 {
        assert_eq!(String::from_utf8(next().body).unwrap(), text);
    }
    assert!(next().head.starts_with("http/1.1 204"));
    assert!(stub.last().contains("if-none-match: \"1\""));
    let unchanged = next();
    assert!(unchanged.head.starts_with("http/1.1 304") && unchanged.head.contains("etag: \"1\""), "{}", unchanged.head);
    let redirect = next().head;
    assert!(
        redirect.contains(&format!("location: {here}/crm?a\r\n")) && redirect.contains(&format!("link: <{here}/b>; rel=next\r\n")),
        "{redirect}"
    );
    assert!(next().head.contains("location: https://app.hubspot.com/\r\n"));
    assert_eq!(next().text(), text.replace(API, &here));
}

#[test]
fn a_long_answer_streams_and_its_first_piece_does_not_wait_for_the_last() {
    let (go, wait): (Sender<()>, Receiver<()>) = channel();
    let wait = Mutex::new(wait);
    let stub = Stub::start(move |request, stream| {
        let packed = request.contains("gzip");
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        let mut send = |text: &[u8], last: bool, stream: &mut TcpStream| {
            if !packed {
                return stream.write_all(&chunk(text)).unwrap();
            }
            encoder.write_all(text).unwrap();
            if last {
                encoder.try_finish().unwrap();
            } else {
                encoder.flush().unwrap();
            }
            stream.write_all(&chunk(&std::mem::take(encoder.get_mut()))).unwrap();
        };
        stream.write_all(&chunked_head(if packed { "content-encoding: gzip\r\n" } else { "" })).unwrap();
        send(b"{\"results\":[", false, stream);
        wait.lock().unwrap().recv().unwrap();
        let row = format!(r#"{{"id":"{}"}}"#, "x".repeat(1_000));
        for _ in 0..3_000 {
            send(format!("{row},").as_bytes(), false, stream);
        }
        let (link, rest) = API.split_at(15);
        send(format!(r#"{row}],"paging":{{"next":{{"link":"{link}"#).as_bytes(), false, stream);
        send(format!(r#"{rest}/a"}}}}}}"#).as_bytes(), true, stream);
        stream.write_all(b"0\r\n\r\n").unwrap();
    });
    let (gateway, token) = stub.gateway(&[]);
    for headers in ["", "accept-encoding: gzip\r\n"] {
        let stream = request(&gateway, &token, PATH, headers);
        let mut reader = BufReader::new(&stream);
        let head = Got::head(&mut reader);
        // The stand-in says no more before this has come.
        let mut body = next_chunk(&mut reader).unwrap();
        assert!(!body.is_empty());
        go.send(()).unwrap();
        let whole = Got::body(&mut reader, &head, &mut body);
        let text = Got { head, body, whole }.text();
        assert!(text.len() > 3_000_000);
        assert!(text.ends_with(&format!(r#""link":"http://{}/a"}}}}}}"#, gateway.address("data"))), "{}", &text[text.len() - 100..]);
    }
}

#[test]
fn an_answer_that_breaks_off_is_never_made_to_look_whole() {
    let packed = gzip(page(API).repeat(2_000).as_bytes());
    let half = packed.len() / 2;
    let scripts = Mutex::new(vec![
        // Chunks that end in the middle, plain and packed.
        [chunked_head(""), chunk(b"{\"links\":{\"a\":\"https://api.hub")].concat(),
        [chunked_head("content-encoding: gzip\r\n"), chunk(&packed[..half])].concat(),
        // Fewer bytes than were announced.
        with_length("", page(API).as_bytes())[..200].to_vec(),
        // All chunks of something packed that is not all there, too long to be taken whole first.
        [
            chunked_head("content-encoding: gzip\r\n"),
            (0..80).flat_map(|_| chunk(&gzip(&noise(10_000)))).collect(),
            chunk(&packed[..half]),
            b"0\r\n\r\n".to_vec(),
        ]
        .concat(),
    ]);
    let stub = Stub::start(move |_, stream| {
        stream.write_all(&scripts.lock().unwrap().remove(0)).unwrap();
        let _ = stream.shutdown(std::net::Shutdown::Write);
    });
    let (gateway, token) = stub.gateway(&[]);
    for number in 0..4 {
        let got = get(&gateway, &token, PATH, "accept-encoding: gzip\r\n");
        assert!(!got.whole, "{number}: {}", got.head);
    }
}

/// Text that gzip can't shorten much, the same each time.
fn noise(bytes: usize) -> Vec<u8> {
    let mut state = 88_172_645_463_325_252_u64;
    let letter = |_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        b'a' + (state % 26) as u8
    };
    (0..bytes).map(letter).collect()
}

#[test]
fn links_name_what_the_operator_says_and_hubspots_own_host_where_that_was_called() {
    let stub = Stub::start(|_, stream| stream.write_all(&with_length("", page(API).as_bytes())).unwrap());
    let (gateway, token) = stub.gateway(&["--public-url", "https://keyway.example.com"]);
    assert_eq!(get(&gateway, &token, PATH, "").text(), page("https://keyway.example.com"));
    let mut stream = TcpStream::connect(gateway.address("data")).unwrap();
    write!(stream, "GET {PATH} HTTP/1.1\r\nhost: api.hubapi.com\r\nauthorization: Bearer {token}\r\nconnection: close\r\n\r\n").unwrap();
    assert_eq!(Got::read(&stream).text(), page(API));
}

/// What began a write of its own and looked like a head was taken for a refusal of the parser's.
#[test]
fn bodies_that_look_like_heads_come_as_they_are_and_the_next_call_gets_its_own_answer() {
    let (go, wait): (Sender<()>, Receiver<()>) = channel();
    let wait = Mutex::new(wait);
    const FIRST: &[u8] = b"HTTP/1.1 404 ";
    const SECOND: &[u8] = b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\n\r\n";
    let stub = Stub::start(move |request, stream| {
        if request.contains("after=real") {
            return stream.write_all(&with_length("", b"{}")).unwrap();
        }
        let head = format!("HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: {}\r\n\r\n", FIRST.len() + SECOND.len());
        stream.write_all(head.as_bytes()).unwrap();
        for piece in [FIRST, SECOND] {
            wait.lock().unwrap().recv().unwrap();
            stream.write_all(piece).unwrap();
        }
    });
    let (gateway, token) = stub.gateway(&[]);
    let address = gateway.address("data");
    let mut stream = TcpStream::connect(address).unwrap();
    let ask = |stream: &mut TcpStream, target: &str| {
        write!(stream, "GET {target} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\n\r\n").unwrap();
    };
    ask(&mut stream, PATH);
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let head = Got::head(&mut reader);
    assert!(head.starts_with("http/1.1 200"), "{head}");
    for piece in [FIRST, SECOND] {
        // Each piece is a write of its own: the one before has come.
        go.send(()).unwrap();
        let mut came = vec![0; piece.len()];
        reader.read_exact(&mut came).unwrap();
        assert_eq!(String::from_utf8_lossy(&came), String::from_utf8_lossy(piece));
    }
    ask(&mut stream, &format!("{PATH}&after=real"));
    let head = Got::head(&mut reader);
    let mut body = Vec::new();
    assert!(Got::body(&mut reader, &head, &mut body) && head.starts_with("http/1.1 200"), "{head}");
    assert_eq!(body, b"{}");
}
