//! What is between a connection and its requests, on the data and on the admin listener: proxies that say whose
//! requests they pass on, and TLS.
//!
//! A connection from anybody else costs one branch here.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderName, header};
use keyway_core::client_address::{self, Form, Network};
use keyway_core::proxy_header::{REST_BYTES_MAX, START_BYTES, Start};
use tokio::io::{AsyncRead, AsyncReadExt};

use super::secure::Tls;
use crate::live::Live;

/// How long a proxy may take to send the header of the PROXY protocol. It sends it before all else.
const HEADER_TIME_MAX: Duration = Duration::from_secs(5);

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// How connections reach a listener.
#[derive(Clone, Default)]
pub struct Transport {
    proxies: Live<Option<Arc<Proxies>>>,
    pub(crate) tls: Option<Arc<Tls>>,
}

/// Where trusted proxies name the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NamedIn {
    /// In a header of each request.
    Header(Form),
    /// In front of each connection, by the PROXY protocol, version 2.
    ProxyProtocol,
}

/// Proxies that are trusted to name their clients.
pub struct Proxies {
    trusted: Vec<Network>,
    named: NamedIn,
}

impl Transport {
    /// Clients are whoever connects, unless it is one of these proxies. With TLS there is nothing without TLS.
    pub fn new(trusted: Vec<Network>, named: NamedIn, tls: Option<Arc<Tls>>) -> Self {
        let transport = Self { proxies: Live::default(), tls };
        transport.trust(trusted, named);
        transport
    }

    /// Trusts these proxies from now on. Open connections stay with those of before.
    pub fn trust(&self, trusted: Vec<Network>, named: NamedIn) {
        self.proxies.set((!trusted.is_empty()).then(|| Arc::new(Proxies { trusted, named })));
    }

    /// Whose requests come over a connection.
    ///
    /// # Errors
    /// A trusted proxy does not begin it with the header of the PROXY protocol.
    pub(crate) async fn source<S: AsyncRead + Unpin>(&self, stream: &mut S, peer: IpAddr) -> io::Result<Source> {
        self.source_within(HEADER_TIME_MAX, stream, peer).await
    }

    async fn source_within<S: AsyncRead + Unpin>(&self, longest: Duration, stream: &mut S, peer: IpAddr) -> io::Result<Source> {
        let known = Source::Known(peer.to_canonical());
        let proxies = match &**self.proxies.get() {
            Some(proxies) => proxies.clone(),
            None => return Ok(known),
        };
        if !proxies.trusted.iter().any(|network| network.contains(peer)) {
            return Ok(known);
        }
        match proxies.named {
            NamedIn::Header(form) => Ok(Source::Proxy { address: peer, proxies, form }),
            NamedIn::ProxyProtocol => {
                // On the heap, as few connections have it.
                let client = Box::pin(tokio::time::timeout(longest, read_header(stream))).await;
                let client = client.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
                let client = client.inspect_err(|error| {
                    // A probe that connects and hangs up is nothing to tell of.
                    if error.kind() != io::ErrorKind::UnexpectedEof {
                        tracing::warn!(proxy = %peer, "a connection of a trusted proxy was closed: {error}");
                    }
                })?;
                Ok(client.map_or(known, Source::Known))
            }
        }
    }
}

/// Whose requests come over a connection.
#[derive(Clone)]
pub enum Source {
    /// This address.
    Known(IpAddr),
    /// The one that the header of each request names.
    Proxy {
        /// The proxy.
        address: IpAddr,
        /// All of them.
        proxies: Arc<Proxies>,
        /// Which header.
        form: Form,
    },
}

impl Source {
    /// The client that sent a request.
    pub(crate) fn of(&self, headers: &HeaderMap) -> IpAddr {
        match self {
            Self::Known(address) => *address,
            Self::Proxy { address, proxies, form } => {
                let name = match form {
                    Form::XForwardedFor => X_FORWARDED_FOR,
                    Form::Forwarded => header::FORWARDED,
                };
                let lines = headers.get_all(name).iter().map(http::HeaderValue::as_bytes);
                client_address::client(*address, &proxies.trusted, *form, lines)
            }
        }
    }
}

async fn read_header<S: AsyncRead + Unpin>(stream: &mut S) -> io::Result<Option<IpAddr>> {
    let mut start = [0; START_BYTES];
    stream.read_exact(&mut start).await?;
    let start = Start::read(&start).map_err(io::Error::other)?;
    debug_assert!(start.rest <= REST_BYTES_MAX);
    let mut rest = vec![0; start.rest];
    stream.read_exact(&mut rest).await?;
    start.client(&rest).map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt;

    use super::*;

    fn transport(named: NamedIn) -> Transport {
        Transport::new(vec!["10.0.0.0/8".parse().unwrap()], named, None)
    }

    async fn source(named: NamedIn, peer: &str, bytes: &[u8]) -> io::Result<(Source, Vec<u8>)> {
        let (mut proxy, mut server) = tokio::io::duplex(8 << 10);
        proxy.write_all(bytes).await.unwrap();
        drop(proxy);
        let source = transport(named).source(&mut server, peer.parse().unwrap()).await?;
        let mut left = Vec::new();
        server.read_to_end(&mut left).await.unwrap();
        Ok((source, left))
    }

    fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        lines.iter().map(|(name, value)| (HeaderName::from_static(name), http::HeaderValue::from_static(value))).collect()
    }

    const HEADER: &[u8] = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc6\x33\x64\x07\x0a\0\0\x01\x12\x67\x20\xfb";

    #[tokio::test]
    async fn only_the_chosen_header_of_a_trusted_proxy_names_the_client() {
        let sent = headers(&[("x-forwarded-for", "198.51.100.7"), ("forwarded", "for=198.51.100.8"), ("x-real-ip", "198.51.100.9")]);
        for (named, peer, client) in [
            (NamedIn::Header(Form::XForwardedFor), "10.0.0.1", "198.51.100.7"),
            (NamedIn::Header(Form::Forwarded), "10.0.0.1", "198.51.100.8"),
            (NamedIn::Header(Form::XForwardedFor), "::ffff:10.0.0.1", "198.51.100.7"),
            (NamedIn::Header(Form::XForwardedFor), "192.0.2.1", "192.0.2.1"),
            (NamedIn::Header(Form::Forwarded), "192.0.2.1", "192.0.2.1"),
        ] {
            let (source, left) = source(named, peer, b"GET /").await.unwrap();
            assert_eq!((source.of(&sent).to_string().as_str(), &left[..]), (client, &b"GET /"[..]), "{named:?} {peer}");
        }
    }

    #[tokio::test]
    async fn a_trusted_proxy_names_the_client_of_a_connection_and_no_header_counts_after_that() {
        let (client, left) = source(NamedIn::ProxyProtocol, "10.0.0.1", &[HEADER, b"GET /"].concat()).await.unwrap();
        assert_eq!(left, b"GET /");
        assert_eq!(
            client.of(&headers(&[("x-forwarded-for", "203.0.113.9"), ("forwarded", "for=203.0.113.9")])).to_string(),
            "198.51.100.7"
        );
    }

    #[tokio::test]
    async fn a_stranger_who_sends_a_header_of_the_proxy_protocol_is_not_believed() {
        // Its bytes stay where they are, and HTTP refuses them.
        let (client, left) = source(NamedIn::ProxyProtocol, "192.0.2.1", HEADER).await.unwrap();
        assert_eq!((client.of(&HeaderMap::new()).to_string().as_str(), &left[..]), ("192.0.2.1", HEADER));
    }

    #[tokio::test]
    async fn a_trusted_proxy_without_the_header_is_not_served() {
        for bytes in [&b"GET / HTTP/1.1\r\nhost: a\r\n\r\n"[..], b"PROXY TCP4 198.51.100.7 10.0.0.1 4711 8484\r\n", &HEADER[..20], b""] {
            assert!(source(NamedIn::ProxyProtocol, "10.0.0.1", bytes).await.is_err(), "{bytes:?}");
        }
    }

    #[tokio::test]
    async fn a_trusted_proxy_that_sends_nothing_is_given_up() {
        let (_proxy, mut server) = tokio::io::duplex(1_024);
        let ended =
            transport(NamedIn::ProxyProtocol).source_within(Duration::from_millis(1), &mut server, "10.0.0.1".parse().unwrap()).await;
        assert_eq!(ended.err().unwrap().kind(), io::ErrorKind::TimedOut);
    }
}
