//! The data listener, and what the forward proxy shares with it: HTTP/1.1 on single-threaded runtimes,
//! one a core, over one listening socket.
//!
//! Knows connections, not requests; those go to the pipeline.

mod called;
mod descriptors;
mod dumps;
mod finishing;
mod framing;
mod lingering;
mod refusal;
mod resting;
mod secure;
mod transport;
mod written;

use std::future::Future;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use http::header::CONNECTION;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioTimer;
use keyway_core::hosts::ApiHost;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, mpsc, oneshot, watch};

use self::finishing::Finishing;
use self::refusal::Answered;
use crate::pipeline::Gateway;
use crate::pulse::Beat;

pub use descriptors::raise_limit;
pub use dumps::forbid_dumps;
pub(crate) use framing::Framed;
pub(crate) use lingering::close as close_lingering;
pub use secure::{CertificateError, Files, Tls};
pub use transport::{NamedIn, Source, Transport};
pub(crate) use written::Written;

/// Open connections on one thread; more wait to be accepted. At some 22 KB each, 220 MB.
const CONNECTIONS_PER_THREAD_MAX: usize = 10_000;
/// Connections that wait for their thread to take them.
const ACCEPTED_MAX: usize = 128;
/// Connections that a thread takes before all others that are ready have their turn: to read the first request of one
/// takes as long as a call.
const TAKEN_PER_TURN_MAX: usize = 4;
/// Longest head of a request, in bytes: the longest path and query, and as much again.
const HEAD_BYTES_MAX: usize = 32 << 10;
/// Bytes that are read of a connection before they are used: the longest head, and a little of what follows.
const READ_BYTES_MAX: usize = HEAD_BYTES_MAX + (4 << 10);
/// How long a client may take to send the head of a request.
const HEAD_TIME_MAX: Duration = Duration::from_secs(30);
/// How long requests in progress may take once the server stops.
pub const DRAIN_TIME_MAX: Duration = Duration::from_secs(10);

/// The running listener.
pub struct ServerHandle {
    threads: Vec<oneshot::Receiver<()>>,
    /// Closed when this is dropped: until then a thread that has drained keeps running what was started on it, such as
    /// the queue of an account, for calls that other threads still serve.
    _open: watch::Sender<()>,
}

impl ServerHandle {
    /// Waits until every thread has drained. It does after `shutdown` turns true. The threads end when the handle is
    /// dropped.
    pub async fn join(&mut self) {
        for thread in self.threads.drain(..) {
            let _ = thread.await;
        }
    }
}

/// Serves the pipeline on a bound socket with this many threads, until `shutdown` turns true.
///
/// # Errors
/// The socket can't be shared, or a thread not be started.
pub fn serve(
    listener: TcpListener,
    transport: Transport,
    gateway: Arc<Gateway>,
    threads: usize,
    shutdown: watch::Receiver<bool>,
) -> std::io::Result<ServerHandle> {
    listen(listener, "keyway-data", Arc::new(Data { gateway, transport }), threads, CONNECTIONS_PER_THREAD_MAX, shutdown)
}

/// Serves the connections of one listener.
pub(crate) trait Serve: Send + Sync + 'static {
    /// Serves one connection to its end; its place is held until then.
    fn connection(self: Arc<Self>, stream: TcpStream, life: Life) -> impl Future<Output = ()> + Send;

    /// What one more thread beats with, where somebody asks whether it does its work.
    fn beat(&self) -> Option<Beat> {
        None
    }
}

/// How long a connection may live.
#[derive(Clone)]
pub(crate) struct Life {
    /// Turns true when the server stops.
    pub shutdown: watch::Receiver<bool>,
    /// Held while there is work that the server waits for before it ends.
    alive: mpsc::Sender<()>,
}

/// Serves a bound socket with this many threads, each with this many connections at most, until `shutdown` turns true.
pub(crate) fn listen<S: Serve>(
    listener: TcpListener,
    name: &str,
    service: Arc<S>,
    threads: usize,
    connections_per_thread_max: usize,
    shutdown: watch::Receiver<bool>,
) -> std::io::Result<ServerHandle> {
    listener.set_nonblocking(true)?;
    let (open, closed) = watch::channel(());
    let mut handle = ServerHandle { threads: Vec::new(), _open: open };
    let mut lines = Vec::new();
    for number in 0..threads.max(1) {
        let (line, accepted) = mpsc::channel(ACCEPTED_MAX);
        let work = serve_all(accepted, service.clone(), connections_per_thread_max, shutdown.clone());
        handle.threads.push(run(format!("{name}-{number}"), beating(service.beat(), work), closed.clone())?);
        lines.push(line);
    }
    handle.threads.push(run(format!("{name}-accept"), beating(service.beat(), accept_all(listener, lines, shutdown)), closed)?);
    Ok(handle)
}

/// Does a thread's work, and beats meanwhile.
async fn beating(beat: Option<Beat>, work: impl Future<Output = ()>) {
    match beat {
        Some(beat) => drop(first_of(work, beat.keep()).await),
        None => work.await,
    }
}

/// Runs a future on a thread and a single-threaded runtime of its own, which goes on after it until `closed` is.
fn run(
    name: String,
    work: impl Future<Output = ()> + Send + 'static,
    mut closed: watch::Receiver<()>,
) -> std::io::Result<oneshot::Receiver<()>> {
    let (done, finished) = oneshot::channel();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    std::thread::Builder::new().name(name).spawn(move || {
        runtime.block_on(async move {
            work.await;
            let _ = done.send(());
            while closed.changed().await.is_ok() {}
        });
    })?;
    Ok(finished)
}

/// Accepts connections and gives each thread its share, in turn.
async fn accept_all(listener: TcpListener, lines: Vec<mpsc::Sender<std::net::TcpStream>>, mut shutdown: watch::Receiver<bool>) {
    let listener = match tokio::net::TcpListener::from_std(listener) {
        Ok(listener) => listener,
        Err(error) => return tracing::error!(%error, "the listener can't be polled"),
    };
    for line in lines.iter().cycle() {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = shutdown.wait_for(|stop| *stop) => return,
        };
        match accepted.and_then(|(stream, _)| stream.into_std()) {
            Ok(stream) => {
                let _ = line.send(stream).await;
            }
            // Out of file descriptors, most likely: give connections time to end.
            Err(error) => {
                tracing::warn!(%error, "failed to accept a connection");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

/// Serves the connections that one thread was given.
async fn serve_all<S: Serve>(
    mut accepted: mpsc::Receiver<std::net::TcpStream>,
    service: Arc<S>,
    connections_max: usize,
    shutdown: watch::Receiver<bool>,
) {
    let places = Arc::new(Semaphore::new(connections_max));
    // Every connection holds a sender; when the last is gone, all are done.
    let (alive, mut all_done) = mpsc::channel::<()>(1);
    let mut taken = 0;
    while let Some(stream) = accepted.recv().await {
        taken += 1;
        if taken % TAKEN_PER_TURN_MAX == 0 {
            tokio::task::yield_now().await;
        }
        let (Ok(place), Ok(stream)) = (places.clone().acquire_owned().await, TcpStream::from_std(stream)) else { continue };
        let (service, life) = (service.clone(), Life { shutdown: shutdown.clone(), alive: alive.clone() });
        tokio::spawn(async move {
            service.connection(stream, life).await;
            drop(place);
        });
    }
    drop(alive);
    let _ = tokio::time::timeout(DRAIN_TIME_MAX, all_done.recv()).await;
}

/// The data listener.
struct Data {
    gateway: Arc<Gateway>,
    transport: Transport,
}

impl Serve for Data {
    fn beat(&self) -> Option<Beat> {
        Some(self.gateway.pulse.thread())
    }

    async fn connection(self: Arc<Self>, mut stream: TcpStream, life: Life) {
        let Ok(peer) = stream.peer_addr() else { return };
        // Answers are written whole; waiting for more to send would only delay them.
        let _ = stream.set_nodelay(true);
        let Ok(source) = self.transport.source(&mut stream, peer.ip()).await else { return };
        let Some(tls) = &self.transport.tls else {
            return serve_http(stream, source, None, self.gateway.clone(), life).await;
        };
        // On the heap: a connection without TLS has no room for it.
        let secured = Box::pin(async {
            let mut stop = life.shutdown.clone();
            let accepted = first_of(tls.accept(stream), stop.wait_for(|stop| *stop)).await;
            if let Some(Ok(stream)) = accepted {
                serve_http(stream, source, None, self.gateway.clone(), life).await;
            }
        });
        secured.await;
    }
}

/// HTTP/1.1 of the data and the admin listener, with the bounds of a head.
pub(crate) fn http() -> http1::Builder {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD_TIME_MAX).max_header_size(HEAD_BYTES_MAX).max_buf_size(READ_BYTES_MAX);
    http
}

/// Serves the calls on one stream. `called` is the host of HubSpot's API that the client believes to
/// speak to, where the stream came through the forward proxy: its requests are for that host alone.
pub(crate) async fn serve_http<S>(stream: S, source: Source, called: Option<ApiHost>, gateway: Arc<Gateway>, life: Life)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let Life { shutdown, alive } = life;
    let called = called.map(Arc::new);
    let framed = Framed::new(stream);
    let is_between = framed.is_between();
    let (stream, answers) = refusal::guard(Written::new(framed));
    let known = answers.clone();
    let service = service_fn(move |request| {
        answers.called();
        // When the client hangs up, hyper drops what it waits for here, and a call that may have
        // changed something must still come to its record.
        Finishing::new(answer(gateway.clone(), request, &source, called.clone(), answers.clone(), alive.clone()))
    });
    let mut stream = resting::serve(stream, service, resting::Seen { answers: &known, is_between: &is_between }, shutdown, resting::TIMES)
        .await
        .into_inner();
    if known.is_unread() {
        lingering::close(stream).await;
    } else {
        let _ = stream.shutdown().await;
    }
}

/// Answers one request. An error closes the connection without an answer.
///
/// No `async fn`, in whose state the request would be twice. Nothing but its arguments is made before it is polled, so
/// that its state is made in the place where it stays.
fn answer(
    gateway: Arc<Gateway>,
    request: Request<Incoming>,
    source: &Source,
    called: Option<Arc<ApiHost>>,
    answers: Arc<refusal::Answers>,
    alive: mpsc::Sender<()>,
) -> impl Future<Output = std::io::Result<Response<Answered>>> + use<> {
    let (mut head, body) = request.into_parts();
    let source = source.of(&head.headers);
    async move {
        let refused = match called {
            Some(host) => called::check(&mut head, &host).map_err(|refused| Box::new(refused.response())),
            None => called::one_host(&head),
        };
        let answered = match refused {
            Err(refused) => Ok(*refused),
            Ok(()) => gateway.handle(&head, body, source).await,
        };
        drop(alive);
        let response = answered.map_err(std::io::Error::other)?;
        if response.headers().contains_key(CONNECTION) {
            answers.unread();
        }
        Ok(response.map(|body| Answered::new(body, answers)))
    }
}

/// The first future's output, or none when the second is done before it.
pub(crate) async fn first_of<T>(first: impl Future<Output = T>, second: impl Future) -> Option<T> {
    tokio::select! {
        output = first => Some(output),
        _ = second => None,
    }
}

#[cfg(test)]
mod tests;
