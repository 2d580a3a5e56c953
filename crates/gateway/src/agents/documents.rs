//! Reads the documents that ids of clients name (OAuth Client ID Metadata Document).
//!
//! The address comes from whoever sends a person to the consent page, so nothing inside of the operator's network may be
//! reached by it: HTTPS alone, a host with a name, whose addresses are all public, no redirect, a short time and few
//! bytes. The addresses that were judged are those that are connected to.

use std::collections::HashMap;
use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::{ACCEPT, USER_AGENT};
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Empty, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::Name;
use hyper_util::rt::TokioExecutor;
use keyway_core::address::is_public;
use keyway_oauth::agent::Described;
use keyway_oauth::agent::client::{check_url, document};
use tokio::sync::Semaphore;

use crate::sync::locked;
use crate::tls;

/// Longest wait for a document, and its largest size in bytes.
const TIME_MAX: Duration = Duration::from_secs(5);
const BYTES_MAX: usize = 16 << 10;
/// How long a document is taken for true, and how many are kept.
const KEPT: Duration = Duration::from_secs(300);
const KEPT_MAX: usize = 200;
/// Documents that are read at one time.
const AT_ONCE_MAX: usize = 4;

/// Reads documents of clients.
pub struct Documents {
    client: Client<HttpsConnector<HttpConnector<Guarded>>, Empty<Bytes>>,
    places: Semaphore,
    kept: Mutex<HashMap<String, (Instant, Described)>>,
}

impl Documents {
    /// Reads from public addresses, and from these hosts whatever their addresses are.
    pub fn new(inside: Vec<String>) -> Self {
        let mut http = HttpConnector::new_with_resolver(Guarded { inside: inside.into() });
        http.enforce_http(false);
        let https = HttpsConnectorBuilder::new().with_tls_config(tls::client()).https_only().enable_http1().wrap_connector(http);
        let client = Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(https);
        Self { client, places: Semaphore::new(AT_ONCE_MAX), kept: Mutex::default() }
    }

    /// What the client of this id says of itself.
    ///
    /// # Errors
    /// Why that can't be known, for the person who is asked.
    pub async fn read(&self, id: &str) -> Result<Described, String> {
        check_url(id)?;
        if let Some((at, described)) = locked(&self.kept).get(id)
            && at.elapsed() < KEPT
        {
            return Ok(described.clone());
        }
        let Ok(_place) = self.places.try_acquire() else {
            return Err("the server reads the descriptions of several agents already. Try again in some seconds".to_owned());
        };
        let read = tokio::time::timeout(TIME_MAX, self.fetch(id)).await;
        let body = read.unwrap_or_else(|_| Err(format!("its host did not answer within {} seconds", TIME_MAX.as_secs())));
        let cannot = |why: String| format!("the agent's description at its client_id can't be read: {why}");
        let said = body.and_then(|body| serde_json::from_slice(&body).map_err(|_| "it is not JSON".to_owned())).map_err(cannot)?;
        let described = document(id, &said).map_err(|error| cannot(error.description))?;
        let mut kept = locked(&self.kept);
        kept.retain(|_, (at, _)| at.elapsed() < KEPT);
        if kept.len() < KEPT_MAX {
            kept.insert(id.to_owned(), (Instant::now(), described.clone()));
        }
        Ok(described)
    }

    async fn fetch(&self, url: &str) -> Result<Bytes, String> {
        let request = Request::get(url).header(ACCEPT, "application/json");
        let request = request.header(USER_AGENT, concat!("keyway/", env!("CARGO_PKG_VERSION"))).body(Empty::new());
        let request = request.map_err(|_| "its address can't be written as a request".to_owned())?;
        let answer = self.client.request(request).await.map_err(|error| {
            tracing::info!(%error, "the description of an agent can't be read");
            match refusal(&error) {
                Some(refused) => refused.to_string(),
                None => "its host can't be reached".to_owned(),
            }
        })?;
        match answer.status() {
            StatusCode::OK => {}
            status => return Err(format!("its host answered {}, and redirects are not followed", status.as_u16())),
        }
        let body = Limited::new(answer.into_body(), BYTES_MAX).collect().await;
        Ok(body.map_err(|_| format!("it was cut, or has more than {} KiB", BYTES_MAX >> 10))?.to_bytes())
    }
}

/// A host whose addresses are not public.
#[derive(Debug, thiserror::Error)]
#[error("its host has an address that is not public. To allow the host all the same: keyway serve --mcp-client-hosts HOST")]
struct NotPublic;

/// The refusal inside of a failure to connect.
fn refusal<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a NotPublic> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref).and_then(|inner| inner.downcast_ref()) {
            return Some(found);
        }
        next = error.source();
    }
    None
}

/// Finds the addresses of a host, and gives them out only if all of them may be connected to.
#[derive(Clone)]
struct Guarded {
    inside: Arc<[String]>,
}

impl tower::Service<Name> for Guarded {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let inside = self.inside.clone();
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let is_allowed = inside.iter().any(|host| host.eq_ignore_ascii_case(name.as_str()));
            if is_allowed || found.iter().all(|address| may_be_asked(address.ip())) {
                return Ok(found.into_iter());
            }
            Err(io::Error::other(NotPublic))
        })
    }
}

/// Whether an address may be asked: a public one, and not through a translator, whose answer is another network's.
fn may_be_asked(address: IpAddr) -> bool {
    // NAT64 (RFC 6052) and 6to4 (RFC 3056).
    let is_translated = |address: Ipv6Addr| matches!(address.segments(), [0x64, 0xff9b, ..] | [0x2002, ..]);
    let address = address.to_canonical();
    is_public(address) && !matches!(address, IpAddr::V6(address) if is_translated(address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_address_inside_of_a_network_is_public() {
        let public = |text: &str| may_be_asked(text.parse().unwrap());
        for address in ["8.8.8.8", "100.128.0.1", "172.32.0.1", "192.0.1.1", "2606:4700::1111", "2a00:1450::1"] {
            assert!(public(address), "{address}");
        }
        for address in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.0.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "0.1.2.3",
            "192.0.0.170",
            "192.0.2.1",
            "192.88.99.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "fe80::1",
            "fc00::1",
            "fd00:ec2::254",
            "ff02::1",
            "64:ff9b::a00:1",
            "2001:db8::1",
            "2001::1",
            "2002:a00:1::",
            "3fff::1",
        ] {
            assert!(!public(address), "{address}");
        }
    }

    #[tokio::test]
    async fn a_document_on_this_machine_is_not_read_unless_its_host_is_allowed() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://localhost:{}/agent.json", listener.local_addr().unwrap().port());
        let why = Documents::new(Vec::new()).read(&url).await.unwrap_err();
        assert!(why.contains("not public"), "{why}");
        // The allowed host is connected to: it has no TLS, so that is all.
        let allowed = Documents::new(vec!["LOCALHOST".into()]);
        let (connected, why) = tokio::join!(async { listener.accept().await.is_ok() }, allowed.read(&url));
        assert!(connected && !why.unwrap_err().contains("not public"));
    }
}
