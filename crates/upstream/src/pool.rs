//! Connections to HubSpot. The thread that made a connection keeps it.
//!
//! This uses hyper's connections without its pooled client. A call takes a free connection or makes a new one,
//! and Keyway knows for certain whether anything was sent.

use std::cell::RefCell;
use std::collections::HashMap;
use std::time::{Duration, Instant};

use http::header::HOST;
use http::uri::PathAndQuery;
use http::{Request, Response, Uri};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper::service::Service as _;
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::connect::{Connection as _, HttpConnector};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use hyper_util::service::TowerToHyperService;

use super::base::Base;
use super::call::{RequestBody, UpstreamError};
use super::tls;
use super::unreachable::Why;

/// How long a connection to HubSpot may take to be made, TLS included.
pub(super) const CONNECT_TIME_MAX: Duration = Duration::from_secs(5);
/// How long a connection that is not used is kept.
const IDLE_TIME_MAX: Duration = Duration::from_secs(55);
/// Connections that one thread keeps to one host.
const KEPT_PER_HOST_MAX: usize = 64;
/// Bytes of one answer over HTTP/2 that may be on the way, and of all on a connection. A client that
/// reads slowly fills its own stream and holds up no other.
const STREAM_BYTES_MAX: u32 = 128 << 10;
const CONNECTION_BYTES_MAX: u32 = 1 << 30;
/// Interval of the pings that check an HTTP/2 connection while it has calls in progress.
const PING_EVERY: Duration = Duration::from_secs(20);

/// The connections of one thread.
pub(super) struct Pool {
    connector: TowerToHyperService<HttpsConnector<HttpConnector>>,
    hosts: RefCell<HashMap<Base, Host, foldhash::fast::RandomState>>,
}

/// The connections to one host.
#[derive(Default)]
struct Host {
    /// HTTP/1.1, the last used at the end. Some may still be reading an answer.
    kept: Vec<(http1::SendRequest<RequestBody>, Instant)>,
    /// HTTP/2: one is enough for any number of calls.
    shared: Option<http2::SendRequest<RequestBody>>,
}

/// A connection to send one request over.
enum Sender {
    Own(http1::SendRequest<RequestBody>),
    Shared(http2::SendRequest<RequestBody>),
}

thread_local! {
    /// An answer that wakes another thread costs more than all the rest of forwarding it.
    static POOL: Pool = Pool::new();
}

/// Sends a request and hands back the head of the answer. The body follows over the connection.
///
/// # Errors
/// There is no answer: [`UpstreamError::Unreachable`] only where nothing was sent.
#[expect(clippy::manual_async_fn, reason = "an async fn would have the request twice in its state")]
pub(super) fn exchange(
    base: &Base,
    target: &PathAndQuery,
    mut request: Request<RequestBody>,
) -> impl Future<Output = Result<Response<Incoming>, UpstreamError>> {
    async move {
        loop {
            let (sender, fresh) = match POOL.with(|pool| pool.take(base)) {
                Some(sender) => (sender, false),
                // On the heap: it is by far the largest part of a call's state, and seldom needed.
                None => (Box::pin(connect(base)).await?, true),
            };
            let mut failed = match sender {
                Sender::Own(mut sender) => {
                    address(&mut request, Some(base), Uri::from(target.clone()));
                    match sender.try_send_request(request).await {
                        Ok(answer) => {
                            POOL.with(|pool| pool.keep(base, sender));
                            return Ok(answer);
                        }
                        Err(failed) => failed,
                    }
                }
                Sender::Shared(mut sender) => {
                    address(&mut request, None, base.uri(target.clone()).map_err(|_| UpstreamError::Unsendable)?);
                    match sender.try_send_request(request).await {
                        Ok(answer) => return Ok(answer),
                        Err(failed) => failed,
                    }
                }
            };
            request = match failed.take_message() {
                // A kept connection that had closed meanwhile: nothing was sent, and another is taken.
                Some(request) if !fresh => request,
                Some(_) => return Err(UpstreamError::Unreachable(Why::Other)),
                None => return Err(UpstreamError::Broken),
            };
        }
    }
}

/// Over HTTP/1.1 the host is a header, over HTTP/2 part of the address.
fn address(request: &mut Request<RequestBody>, host: Option<&Base>, uri: Uri) {
    *request.uri_mut() = uri;
    match host {
        Some(base) => drop(request.headers_mut().insert(HOST, base.host.clone())),
        None => drop(request.headers_mut().remove(HOST)),
    }
}

async fn connect(base: &Base) -> Result<Sender, UpstreamError> {
    let unreachable = |error: &(dyn std::error::Error + 'static)| {
        tracing::debug!(error, host = %base, "HubSpot can't be reached");
        UpstreamError::Unreachable(Why::of(error))
    };
    let uri = base.uri(PathAndQuery::from_static("/")).map_err(|_| UpstreamError::Unsendable)?;
    let connecting = POOL.with(|pool| pool.connector.call(uri));
    let made = async {
        let io = connecting.await.map_err(|error| unreachable(error.as_ref()))?;
        if io.connected().is_negotiated_h2() {
            let (sender, connection) = http2::Builder::new(TokioExecutor::new())
                .timer(TokioTimer::new())
                .initial_stream_window_size(STREAM_BYTES_MAX)
                .initial_connection_window_size(CONNECTION_BYTES_MAX)
                .keep_alive_interval(PING_EVERY)
                .keep_alive_timeout(CONNECT_TIME_MAX)
                .handshake(io)
                .await
                .map_err(|error| unreachable(&error))?;
            tokio::spawn(connection);
            POOL.with(|pool| pool.share(base, &sender));
            return Ok(Sender::Shared(sender));
        }
        let (sender, connection) = http1::handshake(io).await.map_err(|error| unreachable(&error))?;
        tokio::spawn(connection);
        Ok(Sender::Own(sender))
    };
    tokio::time::timeout(CONNECT_TIME_MAX, made).await.unwrap_or(Err(UpstreamError::Unreachable(Why::Silent)))
}

impl Pool {
    fn new() -> Self {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(CONNECT_TIME_MAX));
        let tls = hyper_rustls::HttpsConnectorBuilder::new().with_tls_config(tls::client()).https_or_http().enable_all_versions();
        Self { connector: TowerToHyperService::new(tls.wrap_connector(tcp)), hosts: RefCell::default() }
    }

    /// A connection that is free.
    fn take(&self, base: &Base) -> Option<Sender> {
        let mut hosts = self.hosts.borrow_mut();
        let host = hosts.get_mut(base)?;
        if let Some(shared) = host.shared.take_if(|shared| !shared.is_closed()) {
            host.shared = Some(shared.clone());
            return Some(Sender::Shared(shared));
        }
        host.shared = None;
        let now = Instant::now();
        host.kept.retain(|(sender, since)| !sender.is_closed() && now.duration_since(*since) < IDLE_TIME_MAX);
        let free = host.kept.iter().rposition(|(sender, _)| sender.is_ready())?;
        Some(Sender::Own(host.kept.remove(free).0))
    }

    /// Keeps a connection whose answer has begun; it is free again once the body was read.
    fn keep(&self, base: &Base, sender: http1::SendRequest<RequestBody>) {
        self.with_host(base, |host| {
            if host.kept.len() >= KEPT_PER_HOST_MAX {
                // The one used longest ago; an answer that it is reading still comes whole.
                host.kept.remove(0);
            }
            host.kept.push((sender, Instant::now()));
        });
    }

    fn share(&self, base: &Base, sender: &http2::SendRequest<RequestBody>) {
        self.with_host(base, |host| host.shared = Some(sender.clone()));
    }

    fn with_host(&self, base: &Base, change: impl FnOnce(&mut Host)) {
        let mut hosts = self.hosts.borrow_mut();
        match hosts.get_mut(base) {
            Some(host) => change(host),
            None => change(hosts.entry(base.clone()).or_default()),
        }
    }
}
