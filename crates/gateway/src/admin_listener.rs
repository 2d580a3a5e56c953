//! The admin listeners, on TCP and on the data folder's socket: the admin API, and what a crate above puts beside
//! it, behind the same bounds as the data listener, and a number of connections of its own, so that nobody takes the data
//! listener's descriptors here.

mod counted;

use std::convert::Infallible;
use std::future::poll_fn;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use http::Request;
use http::header::{CONNECTION, HeaderValue};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::sync::{Semaphore, watch};
use tower::ServiceExt;

use self::counted::Counted;
use crate::admin::SocketPeer;
use crate::arriving::Arriving;
use crate::held::Budget;
use crate::server::{Framed, Source, Transport, Written, close_lingering, first_of, http};

/// Connections of one listener at one time; more wait to be accepted.
const CONNECTIONS_MAX: u64 = 256;
/// Bytes of bodies that one listener holds: one copy of an account, and much that is small.
const BODIES_BYTES_MAX: usize = 192 << 20;

/// Where administration is asked for.
pub trait Door: Send + Sync + 'static {
    /// Somebody who has connected.
    type Visitor: Send + 'static;
    /// A connection over which requests come.
    type Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static;
    /// Who is at its other end.
    type Peer: Send + Unpin + 'static;

    /// Waits for somebody.
    fn accept(&self) -> impl Future<Output = std::io::Result<Self::Visitor>> + Send;

    /// Does what comes before the first request; others are accepted meanwhile. An error closes the connection.
    fn open(&self, visitor: Self::Visitor) -> impl Future<Output = std::io::Result<(Self::Stream, Self::Peer)>> + Send;

    /// Notes in a request who sent it.
    fn sign(peer: &Self::Peer, request: &mut Request<Body>);
}

/// Bytes in both directions, with TLS or without.
pub trait Duplex: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Duplex for S {}

/// The admin listener on TCP.
pub struct AdminDoor {
    listener: TcpListener,
    transport: Transport,
}

impl AdminDoor {
    /// A bound socket.
    pub fn new(listener: TcpListener, transport: Transport) -> Self {
        Self { listener, transport }
    }
}

impl Door for AdminDoor {
    type Visitor = (TcpStream, IpAddr);
    type Stream = Box<dyn Duplex>;
    type Peer = Source;

    async fn accept(&self) -> std::io::Result<Self::Visitor> {
        let (stream, peer) = self.listener.accept().await?;
        let _ = stream.set_nodelay(true);
        Ok((stream, peer.ip()))
    }

    async fn open(&self, (mut stream, peer): Self::Visitor) -> std::io::Result<(Box<dyn Duplex>, Source)> {
        let source = self.transport.source(&mut stream, peer).await?;
        match &self.transport.tls {
            None => Ok((Box::new(stream), source)),
            Some(tls) => Ok((Box::new(tls.accept(stream).await?), source)),
        }
    }

    fn sign(source: &Source, request: &mut Request<Body>) {
        let client = source.of(request.headers());
        request.extensions_mut().insert(ConnectInfo(client));
    }
}

impl Door for UnixListener {
    type Visitor = UnixStream;
    type Stream = UnixStream;
    type Peer = SocketPeer;

    async fn accept(&self) -> std::io::Result<UnixStream> {
        Ok(Self::accept(self).await?.0)
    }

    async fn open(&self, stream: UnixStream) -> std::io::Result<(UnixStream, SocketPeer)> {
        let peer = SocketPeer::of(&stream);
        Ok((stream, peer))
    }

    fn sign(peer: &SocketPeer, request: &mut Request<Body>) {
        request.extensions_mut().insert(ConnectInfo(peer.clone()));
    }
}

/// Serves routes on a bound socket, until `shutdown` turns true. Of the files
/// and connections that the process may have open, it takes a quarter at most.
pub async fn serve<D: Door>(door: D, router: Router, descriptors: Option<u64>, mut shutdown: watch::Receiver<bool>) {
    let connections = descriptors.map_or(CONNECTIONS_MAX, |descriptors| CONNECTIONS_MAX.min(descriptors / 4)).max(1);
    let places = Arc::new(Semaphore::new(usize::try_from(connections).unwrap_or(1)));
    let budget = Arc::new(Budget::new(BODIES_BYTES_MAX, BODIES_BYTES_MAX, BODIES_BYTES_MAX));
    let door = Arc::new(door);
    loop {
        let accepting = async {
            let place = places.clone().acquire_owned().await;
            (door.accept().await, place)
        };
        let accepted = tokio::select! {
            accepted = accepting => accepted,
            _ = shutdown.wait_for(|stop| *stop) => return,
        };
        let (visitor, place) = match accepted {
            (Ok(accepted), Ok(place)) => (accepted, place),
            (Err(error), _) => {
                tracing::warn!(%error, "failed to accept a connection");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
            // Nobody closes the semaphore.
            (Ok(_), Err(_)) => return,
        };
        let (door, router, mut shutdown, budget) = (door.clone(), router.clone(), shutdown.clone(), budget.clone());
        tokio::spawn(async move {
            let opened = first_of(door.open(visitor), shutdown.wait_for(|stop| *stop)).await;
            let Some(Ok((stream, peer))) = opened else { return drop(place) };
            let is_unread = Arc::new(AtomicBool::new(false));
            let unread = is_unread.clone();
            let service = service_fn(move |request: Request<Incoming>| {
                let (head, body) = request.into_parts();
                let (body, rest) = Arriving::new(body, &head.headers);
                let (body, held) = Counted::new(body, budget.clone());
                let mut request = Request::from_parts(head, Body::new(body));
                D::sign(&peer, &mut request);
                let (answering, unread) = (router.clone().oneshot(request), unread.clone());
                Box::pin(async move {
                    let mut answer = answering.await.map(|answer| held.answer(answer))?;
                    // As on the data listener: a short rest is read, and a long one announces the end of the connection.
                    if let Some(left) = rest.left()
                        && !left.read().await
                    {
                        unread.store(true, Ordering::Relaxed);
                        answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
                    }
                    Ok::<_, Infallible>(answer)
                })
            });
            let mut connection = http().serve_connection(TokioIo::new(Written::new(Framed::new(stream))), service);
            let stop = shutdown.wait_for(|stop| *stop);
            if first_of(poll_fn(|context| connection.poll_without_shutdown(context)), stop).await.is_none() {
                Pin::new(&mut connection).graceful_shutdown();
                let _ = poll_fn(|context| connection.poll_without_shutdown(context)).await;
            }
            let mut stream = connection.into_parts().io.into_inner();
            if is_unread.load(Ordering::Relaxed) {
                close_lingering(stream).await;
            } else {
                let _ = stream.shutdown().await;
            }
            drop(place);
        });
    }
}
