//! The data listener: HTTP/1.1 on single-threaded runtimes, one a core, over one listening socket.
//!
//! Knows connections, not requests; those go to the pipeline.

mod finishing;
mod refusal;

use std::future::Future;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, mpsc, oneshot, watch};

use self::finishing::Finishing;
use crate::pipeline::Gateway;

/// Open connections on one thread; more wait to be accepted. At some 22 KB each, 220 MB.
const CONNECTIONS_PER_THREAD_MAX: usize = 10_000;
/// Connections that wait for their thread to take them.
const ACCEPTED_MAX: usize = 128;
/// How long a client may take to send the head of a request.
const HEAD_TIME_MAX: Duration = Duration::from_secs(30);
/// How long requests under way may take once the server is told to stop.
const DRAIN_TIME_MAX: Duration = Duration::from_secs(10);

/// The running listener.
pub struct ServerHandle {
    threads: Vec<oneshot::Receiver<()>>,
}

impl ServerHandle {
    /// Waits until every thread has drained. It does after `shutdown` turns true.
    pub async fn join(self) {
        for thread in self.threads {
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
    gateway: Arc<Gateway>,
    threads: usize,
    shutdown: watch::Receiver<bool>,
) -> std::io::Result<ServerHandle> {
    listener.set_nonblocking(true)?;
    let mut handle = ServerHandle { threads: Vec::new() };
    let mut lines = Vec::new();
    for number in 0..threads.max(1) {
        let (line, accepted) = mpsc::channel(ACCEPTED_MAX);
        let (gateway, shutdown) = (gateway.clone(), shutdown.clone());
        handle.threads.push(run(format!("keyway-data-{number}"), serve_all(accepted, gateway, shutdown))?);
        lines.push(line);
    }
    handle.threads.push(run("keyway-accept".to_owned(), accept_all(listener, lines, shutdown))?);
    Ok(handle)
}

/// Runs a future on a thread and a single-threaded runtime of its own.
fn run(name: String, work: impl Future<Output = ()> + Send + 'static) -> std::io::Result<oneshot::Receiver<()>> {
    let (done, finished) = oneshot::channel();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    std::thread::Builder::new().name(name).spawn(move || {
        runtime.block_on(work);
        let _ = done.send(());
    })?;
    Ok(finished)
}

/// Accepts connections and gives each thread its share, in turn.
async fn accept_all(listener: TcpListener, lines: Vec<mpsc::Sender<std::net::TcpStream>>, mut shutdown: watch::Receiver<bool>) {
    let listener = match tokio::net::TcpListener::from_std(listener) {
        Ok(listener) => listener,
        Err(error) => return tracing::error!(%error, "the data listener can't be polled"),
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
async fn serve_all(mut accepted: mpsc::Receiver<std::net::TcpStream>, gateway: Arc<Gateway>, shutdown: watch::Receiver<bool>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_PER_THREAD_MAX));
    // Every connection holds a sender; when the last is gone, all are done.
    let (alive, mut all_done) = mpsc::channel::<()>(1);
    while let Some(stream) = accepted.recv().await {
        let (Ok(place), Ok(stream)) = (places.clone().acquire_owned().await, TcpStream::from_std(stream)) else { continue };
        let (gateway, shutdown, alive) = (gateway.clone(), shutdown.clone(), alive.clone());
        tokio::spawn(async move {
            serve_connection(stream, gateway, shutdown, alive).await;
            drop(place);
        });
    }
    drop(alive);
    let _ = tokio::time::timeout(DRAIN_TIME_MAX, all_done.recv()).await;
}

async fn serve_connection(stream: TcpStream, gateway: Arc<Gateway>, mut shutdown: watch::Receiver<bool>, alive: mpsc::Sender<()>) {
    let Ok(peer) = stream.peer_addr() else { return };
    // Answers are written whole; waiting for more to send would only delay them.
    let _ = stream.set_nodelay(true);
    let (stream, calls) = refusal::guard(stream);
    let service = service_fn(move |request| {
        calls.called();
        let (gateway, alive) = (gateway.clone(), alive.clone());
        // When the client hangs up, hyper drops what it waits for here, and a call that may have
        // changed something must still come to its record.
        // Its state is 6.7 KB. From 7 KB on the allocator would serve it from the blocks of read buffers,
        // of which idle connections then hold twice as much in memory.
        Finishing::new(async move {
            let answered = gateway.handle(request, peer.ip()).await;
            drop(alive);
            // An error closes the connection without an answer.
            answered.map_err(std::io::Error::other)
        })
    });
    let connection =
        http1::Builder::new().timer(TokioTimer::new()).header_read_timeout(HEAD_TIME_MAX).serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    let stop = shutdown.wait_for(|stop| *stop);
    let ended = first_of(connection.as_mut(), stop).await;
    if ended.is_none() {
        connection.as_mut().graceful_shutdown();
        let _ = connection.await;
    }
}

/// The first future's output, or none when the second is done before it.
async fn first_of<T>(first: impl Future<Output = T>, second: impl Future) -> Option<T> {
    tokio::select! {
        output = first => Some(output),
        _ = second => None,
    }
}
