//! Gives HubSpot's envelope to answers that the HTTP parser makes by itself.
//!
//! What is not a request (bad syntax, a thousand headers, an endless target) never reaches the
//! pipeline: the parser writes a bare status line and closes. Which bytes those are is known from the
//! state of the connection and never from the bytes: all calls are answered, all their answers are
//! written, and no call came since. What is written then can only be the parser's.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::pipeline::{AnswerBody, parse_refusal};

/// A connection whose unasked answers are replaced.
pub(super) struct Guarded<S> {
    stream: S,
    answers: Arc<Answers>,
    /// With nothing left to write: how many calls had come, where all of them were answered.
    at_rest: Option<u64>,
    /// Whether all that was to be written is.
    flushed: bool,
    /// The replacement in progress: its bytes, and how many of them are written.
    replacement: Option<(Vec<u8>, usize)>,
    /// Bytes that were read, and are read again first.
    put_back: Bytes,
}

/// What is known of the calls of a connection and their answers.
#[derive(Default)]
pub(super) struct Answers {
    called: AtomicU64,
    ended: AtomicU64,
    unread: AtomicBool,
    /// Something was written since all was flushed.
    writes: AtomicBool,
}

impl Answers {
    /// Notes a call.
    pub(super) fn called(&self) {
        self.called.fetch_add(1, Ordering::Relaxed);
    }

    /// Notes that the client may still be sending what nobody will read.
    pub(super) fn unread(&self) {
        self.unread.store(true, Ordering::Relaxed);
    }

    /// Whether the client may still be sending.
    pub(super) fn is_unread(&self) -> bool {
        self.unread.load(Ordering::Relaxed)
    }

    /// How many calls came, if each is answered and the answers are written.
    pub(super) fn resting(&self) -> Option<u64> {
        self.all_answered().filter(|_| !self.writes.load(Ordering::Relaxed))
    }

    /// How many calls came, if each is answered.
    fn all_answered(&self) -> Option<u64> {
        let called = self.called.load(Ordering::Relaxed);
        (self.ended.load(Ordering::Relaxed) == called).then_some(called)
    }
}

/// The body of an answer, which says when it has ended: the parser of HTTP drops it then.
pub(super) struct Answered {
    body: AnswerBody,
    answers: Arc<Answers>,
}

impl Answered {
    pub(super) fn new(body: AnswerBody, answers: Arc<Answers>) -> Self {
        Self { body, answers }
    }
}

impl Drop for Answered {
    fn drop(&mut self) {
        self.answers.ended.fetch_add(1, Ordering::Relaxed);
    }
}

impl Body for Answered {
    type Data = Bytes;
    type Error = <AnswerBody as Body>::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Wraps a connection.
pub(super) fn guard<S>(stream: S) -> (Guarded<S>, Arc<Answers>) {
    let answers = Arc::new(Answers::default());
    let guarded = Guarded { stream, answers: answers.clone(), at_rest: Some(0), flushed: true, replacement: None, put_back: Bytes::new() };
    (guarded, answers)
}

impl<S> Guarded<S> {
    /// The connection itself, where nothing more is written through this.
    pub(super) fn into_inner(self) -> S {
        self.stream
    }

    /// Bytes that were read are read once more, before any others.
    pub(super) fn put_back(&mut self, bytes: Bytes) {
        self.put_back = bytes;
    }

    /// The status of an answer that nobody asked for, if these bytes begin one.
    fn unasked_status(&mut self, bytes: &[u8]) -> Option<u16> {
        if !std::mem::replace(&mut self.flushed, false) {
            return None;
        }
        self.answers.writes.store(true, Ordering::Relaxed);
        let at_rest = self.at_rest.take()?;
        if self.answers.all_answered() != Some(at_rest) {
            return None;
        }
        let status: u16 = std::str::from_utf8(bytes.strip_prefix(b"HTTP/1.1 ")?.get(..3)?).ok()?.parse().ok()?;
        (400..500).contains(&status).then_some(status)
    }
}

impl<S: AsyncWrite + Unpin> Guarded<S> {
    /// Whether a replacement is written in place of bytes.
    fn replaces(&mut self, bytes: &[u8]) -> bool {
        if self.replacement.is_none()
            && let Some(status) = self.unasked_status(bytes)
        {
            // What it could not read goes on coming.
            self.answers.unread();
            self.replacement = Some((parse_refusal(status), 0));
        }
        self.replacement.is_some()
    }

    fn poll_replacement(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self;
        while let Some((replacement, written)) = this.replacement.take()
            && written < replacement.len()
        {
            let count = match Pin::new(&mut this.stream).poll_write(cx, &replacement[written..]) {
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Poll::Ready(Ok(count)) => count,
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => {
                    this.replacement = Some((replacement, written));
                    return Poll::Pending;
                }
            };
            this.replacement = Some((replacement, written + count));
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Guarded<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.replaces(bytes) {
            return self.poll_replacement(cx).map_ok(|()| bytes.len());
        }
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        // The parser writes a refusal in one piece.
        let first = bytes.iter().find(|bytes| !bytes.is_empty()).map_or(&[][..], |bytes| bytes);
        if self.replaces(first) {
            let length = bytes.iter().map(|bytes| bytes.len()).sum();
            return self.poll_replacement(cx).map_ok(|()| length);
        }
        Pin::new(&mut self.stream).poll_write_vectored(cx, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    /// hyper flushes when it has nothing left to write.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
        self.flushed = true;
        self.at_rest = self.answers.all_answered();
        self.answers.writes.store(false, Ordering::Relaxed);
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Guarded<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.put_back.is_empty() {
            return Pin::new(&mut self.stream).poll_read(cx, into);
        }
        let length = self.put_back.len().min(into.remaining());
        into.put_slice(&self.put_back.split_to(length));
        Poll::Ready(Ok(()))
    }
}
