//! Mail to a server with TLS, and the addresses of owners.

use std::sync::Arc;

use keyway_core::secret::Secret;
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::*;

#[test]
fn the_address_of_an_owner_is_read_where_there_is_one() {
    assert_eq!(address("ada@example.com").as_deref(), Some("ada@example.com"));
    assert_eq!(address(" Ada Byron <ada@example.com> ").as_deref(), Some("ada@example.com"));
    for none in ["", "Sales", "#team-sales", "ada@", "ada@example.com\r\nbcc: eve@example.com", "ada@example.com, eve@example.com"] {
        assert_eq!(address(none), None, "{none}");
    }
}

/// Speaks SMTP until the client asks for TLS or ends; the lines come back, and whether TLS is next.
async fn session(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), greets: bool, offers_tls: bool) -> (Vec<String>, bool) {
    let mut reader = BufReader::new(stream);
    let (mut lines, mut is_data) = (Vec::new(), false);
    if greets {
        reader.write_all(b"220 mail.example.com\r\n").await.unwrap();
    }
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).await.unwrap_or(0) == 0 {
            return (lines, false);
        }
        let line = line.trim_end().to_owned();
        let answer = match line.split(' ').next().unwrap_or_default() {
            "." if is_data => {
                is_data = false;
                "250 taken"
            }
            _ if is_data => "",
            "EHLO" if offers_tls => "250-mail.example.com\r\n250 STARTTLS",
            "EHLO" => "250-mail.example.com\r\n250 AUTH PLAIN",
            "STARTTLS" => "220 go on",
            "AUTH" => "235 welcome",
            "DATA" => {
                is_data = true;
                "354 go on"
            }
            _ => "250 fine",
        };
        if !answer.is_empty() {
            reader.write_all(format!("{answer}\r\n").as_bytes()).await.unwrap();
        }
        let starts_tls = line == "STARTTLS";
        lines.push(line);
        if starts_tls {
            return (lines, true);
        }
    }
}

/// Takes one mail, with TLS from the first byte or by STARTTLS.
async fn serve(listener: TcpListener, acceptor: TlsAcceptor, tls: MailTls) -> Vec<String> {
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut before = Vec::new();
    if tls == MailTls::StartTls {
        let (lines, starts) = session(&mut stream, true, true).await;
        assert!(starts, "{lines:?}");
        before = lines;
    }
    let Ok(mut stream) = acceptor.accept(stream).await else { return before };
    before.extend(session(&mut stream, tls == MailTls::Implicit, false).await.0);
    before
}

fn mail(port: u16, tls: MailTls) -> Mail {
    let login = Some(("keyway".to_owned(), Secret::new("a password".to_owned())));
    Mail {
        host: "localhost".into(),
        port,
        tls,
        login,
        from: "keyway@example.com".into(),
        to: vec!["ops@example.com".into()],
        to_owner: false,
    }
}

#[tokio::test]
async fn mail_goes_over_tls_to_a_server_whose_authority_is_trusted_and_to_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(vec![made.cert.der().clone()], key).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let body = message::test("http://localhost");
    for is_trusted in [false, true] {
        if is_trusted {
            let file = folder.path().join("ca.pem");
            std::fs::write(&file, made.cert.pem()).unwrap();
            tls::trust(&file).unwrap();
        }
        for tls in [MailTls::Implicit, MailTls::StartTls] {
            // On each address that the name may stand for.
            let listener = TcpListener::bind("localhost:0").await.unwrap();
            let port = listener.local_addr().unwrap().port();
            let (sent, lines) = {
                let mail = mail(port, tls);
                tokio::join!(send(&mail, "keyway-1", &body), serve(listener, acceptor.clone(), tls))
            };
            let reached = lines.iter().any(|line| line.starts_with("AUTH"));
            assert_eq!((sent.is_ok(), reached), (is_trusted, is_trusted), "{} {sent:?} {lines:?}", tls.name());
            assert!(sent.is_err() || lines.iter().any(|line| line == "RCPT TO:<ops@example.com>"), "{lines:?}");
        }
    }
}

#[tokio::test]
async fn a_server_that_offers_no_starttls_gets_no_password() {
    let listener = TcpListener::bind("localhost:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let serving = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        session(&mut stream, true, false).await.0
    };
    let mail = mail(port, MailTls::StartTls);
    let body = message::test("http://localhost");
    let (sent, lines) = tokio::join!(send(&mail, "keyway-1", &body), serving);
    assert!(sent.is_err() && !lines.iter().any(|line| line.starts_with("AUTH")), "{lines:?}");
}
