//! Bytes passed on between a client and a host that is not HubSpot's, within bounds.
//!
//! A tunnel is the caller's way out through this machine, so it leads to public addresses and port 443
//! alone unless the operator says otherwise, and the address that was checked is the one that is
//! connected to: a name that resolves differently the next time gains nothing.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::PROXY_AUTHORIZATION;
use keyway_core::address::is_public;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf, copy_bidirectional};
use tokio::net::{TcpStream, UdpSocket, lookup_host};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::refusal::Refusal;
use super::{Others, Settings};
use crate::live::Live;
use crate::server::Life;

/// Tunnels open at once, over all threads; each holds two sockets and 16 KiB.
const TUNNELS_MAX: usize = 256;
/// How long a name may take to resolve.
const RESOLVE_TIME_MAX: Duration = Duration::from_secs(5);
/// How long a host may take to accept a connection.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(10);
/// Addresses of a host that are tried.
const ADDRESSES_MAX: usize = 4;
/// How long a tunnel stays open while no byte passes in either direction.
const IDLE_TIME_MAX: Duration = Duration::from_secs(300);

/// Opens tunnels.
pub(super) struct Tunnels {
    settings: Live<Settings>,
    /// The password's hash: hashes compare in constant time.
    password: Option<blake3::Hash>,
    places: Arc<Semaphore>,
}

/// An open connection to a host, and its place among the tunnels.
pub(super) struct Tunnel {
    target: TcpStream,
    place: OwnedSemaphorePermit,
}

impl Tunnels {
    pub(super) fn new(settings: Settings) -> Self {
        let password = settings.password.as_ref().map(|password| blake3::hash(password.expose().as_bytes()));
        Self { settings: Live::new(settings), password, places: Arc::new(Semaphore::new(TUNNELS_MAX)) }
    }

    /// Opens tunnels by these settings from now on; those that are open stay, and so does the password.
    pub(super) fn change(&self, settings: Settings) {
        self.settings.set(settings);
    }

    /// Tunnels that are open.
    pub(super) fn open_now(&self) -> usize {
        TUNNELS_MAX - self.places.available_permits()
    }

    /// Connects to a host, if it may be reached.
    ///
    /// # Errors
    /// The refusal that the client gets.
    pub(super) async fn open(&self, headers: &HeaderMap, host: &str, port: u16) -> Result<Tunnel, Refusal> {
        let named = || host.to_owned();
        let settings = self.settings.get();
        if settings.others == Others::Refuse {
            return Err(Refusal::OtherHost(named()));
        }
        if self.password.is_some_and(|password| presented(headers) != Some(password)) {
            return Err(Refusal::Password);
        }
        if !settings.ports.contains(&port) {
            return Err(Refusal::Port(port));
        }
        let place = self.places.clone().try_acquire_owned().map_err(|_| Refusal::Busy)?;
        let resolved = tokio::time::timeout(RESOLVE_TIME_MAX, lookup_host((host, port))).await;
        let addresses: Vec<SocketAddr> = resolved.ok().and_then(Result::ok).ok_or_else(|| Refusal::Unresolved(named()))?.collect();
        let mut allowed = Vec::new();
        for address in addresses {
            if settings.private_addresses || (is_public(address.ip()) && !is_own(address.ip()).await) {
                allowed.push(address);
            }
        }
        if allowed.is_empty() {
            return Err(Refusal::Private(named()));
        }
        for address in allowed.into_iter().take(ADDRESSES_MAX) {
            if let Ok(Ok(target)) = tokio::time::timeout(CONNECT_TIME_MAX, TcpStream::connect(address)).await {
                let _ = target.set_nodelay(true);
                return Ok(Tunnel { target, place });
            }
        }
        Err(Refusal::Unreachable(named()))
    }
}

/// The hash of the password in `Proxy-Authorization` (RFC 7617); its user name is any.
fn presented(headers: &HeaderMap) -> Option<blake3::Hash> {
    let (scheme, encoded) = headers.get(PROXY_AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let decoded = scheme.eq_ignore_ascii_case("basic").then(|| STANDARD.decode(encoded.trim()).ok())??;
    let colon = decoded.iter().position(|byte| *byte == b':')?;
    Some(blake3::hash(&decoded[colon + 1..]))
}

/// Whether an address is one of this machine's own. The system's routes say so without a packet: to an
/// own address the local end is that address.
async fn is_own(address: IpAddr) -> bool {
    let any: IpAddr = if address.is_ipv4() { [0, 0, 0, 0].into() } else { [0u16; 8].into() };
    let local = async {
        let probe = UdpSocket::bind((any, 0)).await?;
        probe.connect((address, 9)).await?;
        probe.local_addr()
    };
    // No route to it: it can't be reached either.
    local.await.is_ok_and(|local| local.ip() == address)
}

impl Tunnel {
    /// Passes bytes on in both directions, until an end closes, nothing passes for a while, or the server stops.
    pub(super) async fn carry<S: AsyncRead + AsyncWrite + Unpin>(self, client: S, life: Life) {
        let Self { target, place } = self;
        let passed = Arc::new(AtomicU64::new(0));
        let mut client = Counted { stream: client, passed: passed.clone() };
        let mut target = Counted { stream: target, passed: passed.clone() };
        let mut shutdown = life.shutdown;
        tokio::select! {
            _ = copy_bidirectional(&mut client, &mut target) => {}
            () = idle(&passed, async || tokio::time::sleep(IDLE_TIME_MAX).await) => {}
            _ = shutdown.wait_for(|stop| *stop) => {}
        }
        drop(place);
    }
}

/// Returns when nothing passed from one tick to the next.
async fn idle(passed: &AtomicU64, mut tick: impl AsyncFnMut()) {
    let mut before = passed.load(Ordering::Relaxed);
    loop {
        tick().await;
        let now = passed.load(Ordering::Relaxed);
        if now == before {
            return;
        }
        before = now;
    }
}

/// A stream whose bytes are counted as they are read.
struct Counted<S> {
    stream: S,
    passed: Arc<AtomicU64>,
}

impl<S: AsyncRead + Unpin> AsyncRead for Counted<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, into);
        self.passed.fetch_add((into.filled().len() - before) as u64, Ordering::Relaxed);
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Counted<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use keyway_core::secret::Secret;
    use tokio::net::TcpListener;

    use super::*;

    fn tunnels(private_addresses: bool, password: Option<&str>, ports: Vec<u16>) -> Tunnels {
        let password = password.map(|password| Secret::new(password.to_owned()));
        Tunnels::new(Settings { others: Others::Tunnel, private_addresses, password, ports })
    }

    async fn refused(tunnels: &Tunnels, headers: &HeaderMap, host: &str, port: u16) -> Option<Refusal> {
        tunnels.open(headers, host, port).await.err()
    }

    #[tokio::test]
    async fn a_tunnel_does_not_lead_to_this_machine_whatever_its_address_is_called() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let closed = tunnels(false, None, vec![port]);
        for host in ["127.0.0.1", "localhost", "::1", "0.0.0.0", "127.1", "0x7f000001", "2130706433", "::ffff:127.0.0.1"] {
            let why = refused(&closed, &HeaderMap::new(), host, port).await;
            assert!(matches!(why, Some(Refusal::Private(_) | Refusal::Unresolved(_))), "{host}: {why:?}");
        }
        // And does where the operator says so.
        assert!(tunnels(true, None, vec![port]).open(&HeaderMap::new(), "127.0.0.1", port).await.is_ok());
    }

    #[tokio::test]
    async fn a_tunnel_leads_to_its_ports_and_to_no_other() {
        let closed = tunnels(true, None, vec![443]);
        for port in [22, 25, 80, 8443, 8485] {
            assert_eq!(refused(&closed, &HeaderMap::new(), "127.0.0.1", port).await, Some(Refusal::Port(port)));
        }
    }

    #[tokio::test]
    async fn a_password_is_asked_for_before_anything_is_looked_up() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let closed = tunnels(true, Some("correct horse battery"), vec![port]);
        let sent = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(PROXY_AUTHORIZATION, format!("Basic {}", STANDARD.encode(text)).parse().unwrap());
            headers
        };
        for headers in [HeaderMap::new(), sent("keyway:wrong"), sent("correct horse battery"), sent("keyway:")] {
            assert_eq!(refused(&closed, &headers, "127.0.0.1", port).await, Some(Refusal::Password));
        }
        assert!(closed.open(&sent("keyway:correct horse battery"), "127.0.0.1", port).await.is_ok());
    }

    #[tokio::test]
    async fn as_many_tunnels_as_allowed_are_open_at_once() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let tunnels = tunnels(true, None, vec![port]);
        let first = tunnels.open(&HeaderMap::new(), "127.0.0.1", port).await.unwrap();
        let taken = tunnels.places.clone().try_acquire_many_owned(TUNNELS_MAX as u32 - 1).unwrap();
        assert_eq!(refused(&tunnels, &HeaderMap::new(), "127.0.0.1", port).await, Some(Refusal::Busy));
        drop(first);
        assert!(tunnels.open(&HeaderMap::new(), "127.0.0.1", port).await.is_ok());
        drop(taken);
        assert_eq!(tunnels.open_now(), 0);
    }

    #[tokio::test]
    async fn a_tunnel_ends_when_nothing_passes_and_not_before() {
        let (passed, mut ticks) = (AtomicU64::new(0), 0);
        idle(&passed, async || {
            ticks += 1;
            if ticks < 5 {
                passed.fetch_add(1, Ordering::Relaxed);
            }
        })
        .await;
        assert_eq!(ticks, 5);
    }

    #[tokio::test]
    async fn this_machines_addresses_are_its_own() {
        assert!(is_own([127, 0, 0, 1].into()).await);
        assert!(!is_own([198, 51, 100, 7].into()).await);
    }
}
