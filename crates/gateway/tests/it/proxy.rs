//! The forward proxy from outside, with a TLS client that trusts its authority alone.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use keyway_gateway::control::Authorities;
use keyway_gateway::model::ProxyAuthority;
use keyway_gateway::proxy::{Others, Proxy, Settings};
use keyway_gateway::server::ServerHandle;
use keyway_gateway::{authority, clock};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::harness::{FULL, READER, Server};

/// An answer takes milliseconds; a proxy that hangs is found out.
const PATIENCE: Duration = Duration::from_secs(20);
const CONTACTS: &str = "/crm/v3/objects/contacts?limit=1";

/// A gateway with a proxy in front.
pub(crate) struct Proxied {
    pub(crate) server: Server,
    address: SocketAddr,
    authority: Arc<ProxyAuthority>,
    stop: watch::Sender<bool>,
    handle: ServerHandle,
}

pub(crate) fn refusing() -> Settings {
    Settings { others: Others::Refuse, private_addresses: false, password: None, ports: vec![443] }
}

impl Proxied {
    pub(crate) async fn start(settings: Settings) -> Self {
        let server = Server::start().await;
        let now = clock::now();
        let authority = Arc::new(authority::make(now, now, [1; 4]).unwrap());
        let authorities = Authorities::default();
        authorities.store(Arc::new(vec![authority.clone()]));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = watch::channel(false);
        let handle = Proxy::new(server.gateway.clone(), authorities, settings).serve(listener, 1, stopped).unwrap();
        Self { server, address, authority, stop, handle }
    }

    /// Sends bytes to the proxy, and reads the head of its answer.
    pub(crate) async fn ask(&self, request: &str) -> (TcpStream, String) {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let _ = stream.write_all(request.as_bytes()).await;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let byte = tokio::time::timeout(PATIENCE, stream.read_u8()).await.expect("the proxy says nothing");
            match byte {
                Ok(byte) => head.push(byte),
                Err(_) => break,
            }
        }
        (stream, String::from_utf8(head).unwrap())
    }

    async fn connect(&self, target: &str) -> TcpStream {
        let (stream, head) = self.ask(&format!("CONNECT {target} HTTP/1.1\r\nhost: {target}\r\n\r\n")).await;
        assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
        stream
    }

    /// TLS over a stream, to a server that is believed to be `name`.
    async fn secure(&self, stream: TcpStream, name: &str) -> std::io::Result<TlsStream<TcpStream>> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(self.authority.certificate.as_bytes()).unwrap()).unwrap();
        let mut config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        TlsConnector::from(Arc::new(config)).connect(ServerName::try_from(name.to_owned()).unwrap(), stream).await
    }

    /// One request inside of a connection to HubSpot's API; its answer.
    pub(crate) async fn call(&self, request: &str) -> String {
        let stream = self.connect("api.hubapi.com:443").await;
        let mut stream = self.secure(stream, "api.hubapi.com").await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        read(&mut stream).await
    }

    pub(crate) async fn stop(mut self) {
        self.stop.send(true).unwrap();
        self.handle.join().await;
        self.server.stop().await;
    }
}

async fn read(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> String {
    let mut answer = Vec::new();
    let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
    assert!(read.is_ok(), "no end to the answer");
    String::from_utf8_lossy(&answer).into_owned()
}

pub(crate) fn get(path: &str, host: &str, token: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {token}\r\nconnection: close\r\n\r\n")
}

#[tokio::test]
async fn a_call_through_the_proxy_has_the_token_the_scopes_and_the_record_of_any_call() {
    let proxied = Proxied::start(refusing()).await;
    let token = |app| proxied.server.token(app).to_owned();
    let answer = proxied.call(&get(CONTACTS, "api.hubapi.com", &token(READER))).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    let write = format!(
        "POST /crm/v3/objects/contacts HTTP/1.1\r\nhost: api.hubapi.com\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{{}}",
        token(READER)
    );
    let answer = proxied.call(&write).await;
    assert!(answer.starts_with("HTTP/1.1 403 ") && answer.contains("MISSING_SCOPES"), "{answer}");
    let records = proxied.server.records().await;
    assert_eq!(
        records.iter().map(|record| (record.app_id, record.status)).collect::<Vec<_>>(),
        [(Some(READER), Some(403)), (Some(READER), Some(200))]
    );
    proxied.stop().await;
}

#[tokio::test]
async fn a_hubspot_credential_gets_the_gateways_401() {
    let proxied = Proxied::start(refusing()).await;
    let hubspots = keyway_core::token::PlainToken::generate("eu1", [9; 16]);
    let answer = proxied.call(&get(CONTACTS, "api.hubapi.com", hubspots.expose())).await;
    assert!(answer.starts_with("HTTP/1.1 401 ") && answer.contains("keyway: "), "{answer}");
    proxied.stop().await;
}

#[tokio::test]
async fn a_request_for_another_host_inside_a_connection_is_refused_and_no_call() {
    let proxied = Proxied::start(refusing()).await;
    let token = proxied.server.token(FULL).to_owned();
    for request in [
        get(CONTACTS, "api-eu1.hubapi.com", &token),
        get(CONTACTS, "example.com", &token),
        get("https://example.com/crm/v3/objects/contacts", "api.hubapi.com", &token),
        format!("CONNECT example.com:443 HTTP/1.1\r\nhost: example.com:443\r\nauthorization: Bearer {token}\r\nconnection: close\r\n\r\n"),
        format!("GET {CONTACTS} HTTP/1.1\r\nauthorization: Bearer {token}\r\nconnection: close\r\n\r\n"),
    ] {
        let answer = proxied.call(&request).await;
        assert!(answer.starts_with("HTTP/1.1 421 ") && answer.contains("keyway-rule: wrong-host"), "{request}{answer}");
    }
    assert!(proxied.server.records().await.is_empty());
    proxied.stop().await;
}

#[tokio::test]
async fn tls_for_another_host_than_the_connects_ends_with_an_alert() {
    let proxied = Proxied::start(refusing()).await;
    for (target, name) in [("api.hubapi.com:443", "api-eu1.hubapi.com"), ("api.hubapi.com:443", "example.com")] {
        let stream = proxied.connect(target).await;
        let error = proxied.secure(stream, name).await.err().unwrap();
        assert!(error.to_string().contains("UnrecognisedName"), "{error}");
    }
    proxied.stop().await;
}

#[tokio::test]
async fn bytes_that_are_not_tls_end_the_connection() {
    let proxied = Proxied::start(refusing()).await;
    for bytes in ["GET / HTTP/1.1\r\nhost: api.hubapi.com\r\n\r\n", "\0\0\0\0\0\0\0\0", "SSH-2.0-client\r\n"] {
        let mut stream = proxied.connect("api.hubapi.com:443").await;
        stream.write_all(bytes.as_bytes()).await.unwrap();
        let answer = read(&mut stream).await;
        assert!(!answer.contains("HTTP/1.1"), "{answer}");
    }
    assert!(proxied.server.records().await.is_empty());
    proxied.stop().await;
}

#[tokio::test]
async fn what_is_no_connect_to_hubspot_is_refused_in_words_that_clients_show() {
    let proxied = Proxied::start(refusing()).await;
    let long = "x".repeat(20_000);
    for (request, status, words) in [
        ("CONNECT www.example.com:443 HTTP/1.1\r\nhost: www.example.com\r\n\r\n", 403, "www.example.com is not a host of HubSpot's API"),
        ("CONNECT 127.0.0.1:443 HTTP/1.1\r\nhost: t\r\n\r\n", 403, "is not a host of HubSpot's API"),
        ("CONNECT api.hubapi.com:80 HTTP/1.1\r\nhost: t\r\n\r\n", 403, "on port 443 alone"),
        ("CONNECT api.hubapi.com HTTP/1.1\r\nhost: t\r\n\r\n", 400, "names a host and a port"),
        ("GET http://api.hubapi.com/crm/v3/owners HTTP/1.1\r\nhost: api.hubapi.com\r\n\r\n", 400, "HTTPS_PROXY"),
        ("GET https://api.hubapi.com/crm/v3/owners HTTP/1.1\r\nhost: api.hubapi.com\r\n\r\n", 400, "in plain text instead of CONNECT"),
        ("GET /crm/v3/owners HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n", 400, "this is the forward proxy"),
        (&format!("CONNECT api.hubapi.com:443 HTTP/1.1\r\nx: {long}\r\n\r\n"), 431, ""),
        ("\x16\x03\x01\x02 hello\r\n\r\n", 400, ""),
    ] {
        let (_, head) = proxied.ask(request).await;
        let line = head.lines().next().unwrap_or_default();
        assert!(line.starts_with(&format!("HTTP/1.1 {status} ")) && line.contains(words), "{request:?}: {line}");
    }
    assert!(proxied.server.records().await.is_empty());
    proxied.stop().await;
}

#[tokio::test]
async fn a_tunnel_passes_bytes_as_they_come_where_the_operator_allows_it() {
    let echo = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = echo.local_addr().unwrap();
    let echoing = tokio::spawn(async move {
        let (mut stream, _) = echo.accept().await.unwrap();
        let (mut from, mut to) = stream.split();
        tokio::io::copy(&mut from, &mut to).await.unwrap();
    });
    let settings = Settings { others: Others::Tunnel, private_addresses: true, password: None, ports: vec![target.port()] };
    let proxied = Proxied::start(settings).await;
    let mut stream = proxied.connect(&target.to_string()).await;
    stream.write_all(b"anything at all").await.unwrap();
    stream.shutdown().await.unwrap();
    assert_eq!(read(&mut stream).await, "anything at all");
    echoing.await.unwrap();
    proxied.stop().await;
}

#[tokio::test]
async fn an_open_tunnel_does_not_keep_the_server_from_stopping() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = listener.local_addr().unwrap();
    let settings = Settings { others: Others::Tunnel, private_addresses: true, password: None, ports: vec![target.port()] };
    let proxied = Proxied::start(settings).await;
    let mut stream = proxied.connect(&target.to_string()).await;
    let idle = proxied.connect("api.hubapi.com:443").await;
    proxied.stop().await;
    assert_eq!(read(&mut stream).await, "");
    drop(idle);
}
