//! Gives HubSpot's envelope to answers that the HTTP parser makes by itself.
//!
//! What is not a request (bad syntax, a thousand headers, an endless target) never reaches the
//! pipeline: the parser writes a bare status line and closes. This wrapper of the connection sees
//! an answer that no request asked for, and writes one that clients can read in its place.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::pipeline::parse_refusal;

/// A connection whose unasked answers are replaced.
pub(super) struct Guarded<S> {
    stream: S,
    calls: Arc<Calls>,
    /// Heads of answers written so far.
    answered: u64,
    /// The replacement under way: its bytes, and how many of them are written.
    replacement: Option<(Vec<u8>, usize)>,
}

/// Counts the requests that reached the pipeline.
#[derive(Default)]
pub(super) struct Calls(AtomicU64);

impl Calls {
    /// Notes one.
    pub(super) fn called(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Wraps a connection.
pub(super) fn guard<S>(stream: S) -> (Guarded<S>, Arc<Calls>) {
    let calls = Arc::new(Calls::default());
    (Guarded { stream, calls: calls.clone(), answered: 0, replacement: None }, calls)
}

impl<S> Guarded<S> {
    /// The status of an answer nobody asked for, if these bytes begin one.
    fn unasked_status(&mut self, bytes: &[u8]) -> Option<u16> {
        let status: u16 = std::str::from_utf8(bytes.strip_prefix(b"HTTP/1.1 ")?.get(..3)?).ok()?.parse().ok()?;
        if status < 200 {
            return None;
        }
        if self.answered < self.calls.0.load(Ordering::Relaxed) {
            self.answered += 1;
            return None;
        }
        (400..500).contains(&status).then_some(status)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Guarded<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        if this.replacement.is_none() {
            match this.unasked_status(bytes) {
                Some(status) => this.replacement = Some((parse_refusal(status), 0)),
                None => return Pin::new(&mut this.stream).poll_write(cx, bytes),
            }
        }
        while let Some((replacement, written)) = &mut this.replacement
            && *written < replacement.len()
        {
            let count = ready!(Pin::new(&mut this.stream).poll_write(cx, &replacement[*written..]))?;
            if count == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            *written += count;
        }
        this.replacement = None;
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Guarded<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, into)
    }
}
