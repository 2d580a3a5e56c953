//! A connection between two calls.
//!
//! hyper's connection keeps a buffer for each direction for as long as it lives, which is most of what an idle
//! connection takes. So a connection that rests gives hyper's up, and gets a new one when its client sends again.

use std::error::Error;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Incoming};
use hyper::server::conn::http1::Parts;
use hyper::service::HttpService;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::sync::watch;

use super::refusal::{Answers, Guarded};
use super::{HEAD_TIME_MAX, http};

/// Times of a connection without calls.
#[derive(Clone, Copy)]
pub(super) struct Times {
    /// Between two looks. A connection rests when two looks find it without a call, and without one between them.
    look: Duration,
    /// How long it may rest.
    rest: Duration,
}

const LOOK_EVERY: Duration = Duration::from_secs(1);
/// A connection without calls ends after the time for a head, most of which it rests.
pub(super) const TIMES: Times = Times { look: LOOK_EVERY, rest: HEAD_TIME_MAX.saturating_sub(LOOK_EVERY) };

/// What is seen of a connection's calls from outside the parser.
#[derive(Clone, Copy)]
pub(super) struct Seen<'a> {
    /// Of the calls and their answers.
    pub(super) answers: &'a Answers,
    /// Whether what was read ends with a request. An answer may come before the body of its request has: what comes of
    /// that body later is not a request.
    pub(super) is_between: &'a AtomicBool,
}

impl Seen<'_> {
    /// How many calls came, if nothing of any of them, or of a next one, is under way.
    fn resting(self) -> Option<u64> {
        self.answers.resting().filter(|_| self.is_between.load(Ordering::Relaxed))
    }
}

/// Serves a connection until it ends or the server stops, and hands back the stream to be closed.
pub(super) async fn serve<S, V, B>(
    mut stream: Guarded<S>,
    mut service: V,
    seen: Seen<'_>,
    mut shutdown: watch::Receiver<bool>,
    times: Times,
) -> Guarded<S>
where
    S: AsyncRead + AsyncWrite + Unpin,
    V: HttpService<Incoming, ResBody = B> + Unpin,
    V::Error: Into<Box<dyn Error + Send + Sync>>,
    V::Future: Unpin,
    B: Body + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    loop {
        // On the heap, and not in the task: all of it goes when the connection rests.
        let (rests, parts) = Box::pin(serve_until_rest(stream, service, seen, &mut shutdown, times.look)).await;
        stream = parts.io.into_inner();
        if !rests {
            return stream;
        }
        service = parts.service;
        if parts.read_buf.is_empty() {
            let mut first = [0];
            let woken = tokio::select! {
                read = stream.read(&mut first) => matches!(read, Ok(1)),
                () = tokio::time::sleep(times.rest) => false,
                _ = shutdown.wait_for(|stop| *stop) => false,
            };
            if !woken {
                return stream;
            }
            stream.put_back(Bytes::copy_from_slice(&first));
        } else {
            // A client that does not wait for answers had sent the beginning of its next request.
            stream.put_back(parts.read_buf);
        }
    }
}

/// Serves a connection until it rests, ends or the server stops. Returns whether it rests.
async fn serve_until_rest<S, V, B>(
    stream: Guarded<S>,
    service: V,
    seen: Seen<'_>,
    shutdown: &mut watch::Receiver<bool>,
    look: Duration,
) -> (bool, Parts<TokioIo<Guarded<S>>, V>)
where
    S: AsyncRead + AsyncWrite + Unpin,
    V: HttpService<Incoming, ResBody = B> + Unpin,
    V::Error: Into<Box<dyn Error + Send + Sync>>,
    V::Future: Unpin,
    B: Body + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let mut connection = http().serve_connection(TokioIo::new(stream), service);
    let (rests, stops) = tokio::select! {
        biased;
        _ = poll_fn(|context| connection.poll_without_shutdown(context)) => (false, false),
        _ = shutdown.wait_for(|stop| *stop) => (false, true),
        () = rested(seen, look) => (true, false),
    };
    if stops {
        Pin::new(&mut connection).graceful_shutdown();
        let _ = poll_fn(|context| connection.poll_without_shutdown(context)).await;
    }
    (rests, connection.into_parts())
}

/// Done when a connection rests.
async fn rested(seen: Seen<'_>, look: Duration) {
    let mut before = None;
    loop {
        tokio::time::sleep(look).await;
        let now = seen.resting();
        if now.is_some() && now == before {
            return;
        }
        before = now;
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::io;
    use std::sync::Arc;
    use std::sync::atomic::AtomicUsize;
    use std::task::{Context, Poll};

    use http::{Request, Response};
    use http_body_util::BodyExt;
    use hyper::service::service_fn;
    use tokio::io::{AsyncWriteExt, DuplexStream, ReadBuf};
    use tokio::sync::Notify;
    use tokio::task::JoinHandle;

    use super::super::framing::Framed;
    use super::super::refusal::{self, Answered};
    use super::*;
    use crate::pipeline::AnswerBody;

    const SOON: Times = Times { look: Duration::from_millis(5), rest: Duration::from_secs(60) };

    /// A stream that tells when somebody waits for one byte of it: then nobody keeps a buffer for it.
    struct Watched {
        stream: DuplexStream,
        rests: Arc<Notify>,
    }

    impl AsyncRead for Watched {
        fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
            let polled = Pin::new(&mut self.stream).poll_read(context, into);
            if polled.is_pending() && into.remaining() == 1 {
                self.rests.notify_one();
            }
            polled
        }
    }

    impl AsyncWrite for Watched {
        fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
            Pin::new(&mut self.stream).poll_write(context, bytes)
        }

        fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
            Pin::new(&mut self.stream).poll_flush(context)
        }

        fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
            Pin::new(&mut self.stream).poll_shutdown(context)
        }
    }

    struct Served {
        client: DuplexStream,
        rests: Arc<Notify>,
        calls: Arc<AtomicUsize>,
        stop: watch::Sender<bool>,
        ended: JoinHandle<()>,
    }

    fn start(times: Times) -> Served {
        start_with(times, b"")
    }

    /// The same, where the beginning of a request was read before.
    fn start_with(times: Times, read: &'static [u8]) -> Served {
        let (client, stream) = tokio::io::duplex(1 << 16);
        let (rests, calls) = (Arc::new(Notify::new()), Arc::new(AtomicUsize::new(0)));
        let (stop, shutdown) = watch::channel(false);
        let framed = Framed::new(Watched { stream, rests: rests.clone() });
        let is_between = framed.is_between();
        let (mut stream, answers) = refusal::guard(framed);
        stream.put_back(Bytes::from_static(read));
        let (counted, known) = (calls.clone(), answers.clone());
        let service = service_fn(move |request: Request<Incoming>| {
            counted.fetch_add(1, Ordering::SeqCst);
            // It is read on after the answer.
            tokio::spawn(request.into_body().collect());
            answers.called();
            let answered = Answered::new(AnswerBody::Left(Bytes::from_static(b"ok").into()), answers.clone());
            std::future::ready(Ok::<_, Infallible>(Response::new(answered)))
        });
        let ended =
            tokio::spawn(
                async move { drop(serve(stream, service, Seen { answers: &known, is_between: &is_between }, shutdown, times).await) },
            );
        Served { client, rests, calls, stop, ended }
    }

    impl Served {
        async fn answer(&mut self) {
            let mut answer = Vec::new();
            while !answer.ends_with(b"\r\n\r\nok") {
                assert_eq!(self.client.read_buf(&mut answer).await.unwrap().min(1), 1, "{}", String::from_utf8_lossy(&answer));
            }
            assert!(answer.starts_with(b"HTTP/1.1 200 OK\r\n"));
        }
    }

    #[tokio::test]
    async fn a_connection_that_rests_keeps_no_buffer_and_answers_the_next_calls() {
        let mut served = start(SOON);
        // Before its first call, too.
        served.rests.notified().await;
        for call in 1..=3 {
            served.client.write_all(b"G").await.unwrap();
            served.client.write_all(b"ET / HTTP/1.1\r\nhost: t\r\n\r\n").await.unwrap();
            served.answer().await;
            assert_eq!(served.calls.load(Ordering::SeqCst), call);
            served.rests.notified().await;
        }
    }

    #[tokio::test]
    async fn the_beginning_of_a_request_that_was_read_before_is_not_lost() {
        let mut served = start_with(SOON, b"GET / HT");
        served.client.write_all(b"TP/1.1\r\nhost: t\r\n\r\n").await.unwrap();
        served.answer().await;
        assert_eq!(served.calls.load(Ordering::SeqCst), 1);
        served.rests.notified().await;
    }

    #[tokio::test]
    async fn the_rest_of_a_body_that_comes_after_the_answer_is_not_a_request() {
        const REST: &[u8] = b"GET / HTTP/1.1\r\nhost: t\r\n\r\n";
        let mut served = start(SOON);
        let head = format!("POST / HTTP/1.1\r\nhost: t\r\ncontent-length: {}\r\n\r\nbody", REST.len() + 4);
        served.client.write_all(head.as_bytes()).await.unwrap();
        served.answer().await;
        // Time enough for a connection to rest, where it wrongly does.
        tokio::time::sleep(SOON.look * 10).await;
        served.client.write_all(REST).await.unwrap();
        served.rests.notified().await;
        assert_eq!(served.calls.load(Ordering::SeqCst), 1);
        served.client.write_all(REST).await.unwrap();
        served.answer().await;
        assert_eq!(served.calls.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn a_connection_that_rests_for_too_long_ends_and_so_does_one_when_the_server_stops() {
        let served = start(Times { rest: SOON.look, ..SOON });
        served.ended.await.unwrap();
        let served = start(SOON);
        served.rests.notified().await;
        served.stop.send(true).unwrap();
        served.ended.await.unwrap();
        let served = start(SOON);
        served.rests.notified().await;
        drop(served.client);
        served.ended.await.unwrap();
    }
}
