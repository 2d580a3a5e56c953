//! The forward proxy: for programs whose HubSpot host cannot be set, and which know `HTTPS_PROXY`.
//!
//! A client asks it by `CONNECT` (RFC 9110, section 9.3.6) for a connection to a host. Where the host is
//! one of HubSpot's API (`core::hosts`), the proxy ends the client's TLS with a certificate of its own
//! authority, and the calls inside go down the road of the data listener: same tokens, scopes, limits,
//! audit and bounds. Other hosts are refused, or tunnelled where the operator allows it. The proxy
//! itself decides nothing about a call and forwards none.

mod asked;
mod intercept;
mod refusal;
mod tunnel;

use std::net::{IpAddr, TcpListener};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::{TokioIo, TokioTimer};
use keyway_core::hosts::ApiHost;
use keyway_core::secret::Secret;
use tokio::net::TcpStream;
use tokio::sync::watch;

use self::asked::Asked;
use self::intercept::Certificates;
use self::tunnel::Tunnels;
use crate::control::Authorities;
use crate::metrics;
use crate::pipeline::Gateway;
use crate::server::{self, Life, Serve, ServerHandle, Source};

/// Open connections on one thread; more wait to be accepted. With TLS at some 60 KB each, 120 MB.
const CONNECTIONS_PER_THREAD_MAX: usize = 2_000;
/// Longest head of a request to the proxy itself, in bytes: a `CONNECT` has a host and few headers.
const HEAD_BYTES_MAX: usize = 16 * 1024;
/// How long a client may take to send it.
const HEAD_TIME_MAX: Duration = Duration::from_secs(10);

/// What the operator decides.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What becomes of hosts that are not HubSpot's.
    pub others: Others,
    /// Whether tunnels may lead to loopback, private and own addresses.
    pub private_addresses: bool,
    /// The password that a caller sends for a tunnel, in `Proxy-Authorization`; none asks for none.
    pub password: Option<Secret<String>>,
    /// The ports that tunnels may lead to.
    pub ports: Vec<u16>,
}

/// What becomes of a `CONNECT` to a host that is not of HubSpot's API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Others {
    /// It is refused.
    Refuse,
    /// Bytes are passed on as they come.
    Tunnel,
}

/// Serves the forward proxy.
pub struct Proxy {
    gateway: Arc<Gateway>,
    certificates: Certificates,
    tunnels: Tunnels,
    counts: Counts,
}

/// Connections since the start, by what became of them.
#[derive(Default)]
struct Counts {
    intercepted: AtomicU64,
    tunnelled: AtomicU64,
    refused: AtomicU64,
    handshakes_failed: AtomicU64,
}

fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// Where a connection leads once the client was answered 200.
enum Road {
    HubSpot(ApiHost),
    Elsewhere(tunnel::Tunnel),
}

/// What the request of a connection came to; taken out when the request was answered.
type Decided = Arc<Mutex<Option<(OnUpgrade, Road)>>>;

impl Proxy {
    /// Treats hosts that are not of HubSpot's API by these settings from now on. Open tunnels stay, and so does the password.
    pub fn change(&self, settings: Settings) {
        self.tunnels.change(settings);
    }

    /// A proxy whose decrypted calls go to `gateway`, with certificates of the authorities that are valid at the time.
    pub fn new(gateway: Arc<Gateway>, authorities: Authorities, settings: Settings) -> Arc<Self> {
        let (certificates, tunnels) = (Certificates::new(authorities), Tunnels::new(settings));
        Arc::new(Self { gateway, certificates, tunnels, counts: Counts::default() })
    }

    /// Serves a bound socket with this many threads, until `shutdown` turns true.
    ///
    /// # Errors
    /// The socket can't be shared, or a thread not be started.
    pub fn serve(
        self: &Arc<Self>,
        listener: TcpListener,
        threads: usize,
        shutdown: watch::Receiver<bool>,
    ) -> std::io::Result<ServerHandle> {
        server::listen(listener, "keyway-proxy", self.clone(), threads, CONNECTIONS_PER_THREAD_MAX, shutdown)
    }

    /// Appends what is counted, in Prometheus' text format.
    pub fn write_metrics(&self, text: &mut String) {
        let name = "keyway_proxy_connections_total";
        metrics::head(text, name, "counter", "Connections to the forward proxy, by what became of them.");
        let counts = &self.counts;
        for (outcome, counter) in [
            ("intercepted", &counts.intercepted),
            ("tunnelled", &counts.tunnelled),
            ("refused", &counts.refused),
            ("handshake_failed", &counts.handshakes_failed),
        ] {
            metrics::line(text, name, &[("outcome", outcome)], counter.load(Ordering::Relaxed));
        }
        metrics::head(text, "keyway_proxy_tunnels", "gauge", "Tunnels that are open.");
        metrics::line(text, "keyway_proxy_tunnels", &[], self.tunnels.open_now());
    }

    /// Answers the one request of a connection; what follows is left in `decided`.
    async fn answer(&self, mut request: Request<Incoming>, decided: Decided) -> Response<Full<Bytes>> {
        let road = match Asked::of(&request) {
            Ok(Asked::HubSpot(host)) => Ok(Road::HubSpot(host)),
            Ok(Asked::Other { host, port }) => self.tunnels.open(request.headers(), &host, port).await.map(Road::Elsewhere),
            Err(refusal) => Err(refusal),
        };
        match road {
            Ok(road) => {
                *decided.lock().unwrap_or_else(PoisonError::into_inner) = Some((hyper::upgrade::on(&mut request), road));
                Response::new(Full::default())
            }
            Err(refusal) => {
                count(&self.counts.refused);
                tracing::info!(reason = refusal.row().name(), "the proxy refused a request: {}", refusal.reason());
                refusal.response()
            }
        }
    }

    /// Goes down the road that was decided on.
    async fn follow(&self, upgrade: OnUpgrade, road: Road, source: IpAddr, life: Life) {
        // The connection was closed before the answer was written.
        let Ok(upgraded) = upgrade.await else { return };
        let stream = TokioIo::new(upgraded);
        match road {
            Road::Elsewhere(tunnel) => {
                count(&self.counts.tunnelled);
                tunnel.carry(stream, life).await;
            }
            Road::HubSpot(host) => match self.certificates.accept(stream, &host).await {
                Ok(stream) => {
                    count(&self.counts.intercepted);
                    server::serve_http(stream, Source::Known(source), Some(host), self.gateway.clone(), life).await;
                }
                Err(error) => {
                    count(&self.counts.handshakes_failed);
                    tracing::info!(%host, %source, "TLS with a client of the proxy failed: {error}");
                }
            },
        }
    }
}

impl Serve for Proxy {
    async fn connection(self: Arc<Self>, stream: TcpStream, life: Life) {
        let Ok(peer) = stream.peer_addr() else { return };
        let _ = stream.set_nodelay(true);
        let decided = Decided::default();
        let service = service_fn(|request| {
            let (proxy, decided) = (self.clone(), decided.clone());
            async move { Ok::<_, std::convert::Infallible>(proxy.answer(request, decided).await) }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIME_MAX)
            .max_buf_size(HEAD_BYTES_MAX)
            // One request: after a refusal nothing follows, and after an acceptance this connection is not HTTP any more.
            .keep_alive(false)
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades();
        let mut stop = life.shutdown.clone();
        if server::first_of(connection, stop.wait_for(|stop| *stop)).await.is_none() {
            return;
        }
        let road = decided.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some((upgrade, road)) = road {
            self.follow(upgrade, road, peer.ip(), life).await;
        }
    }
}
