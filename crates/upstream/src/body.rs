//! A body that arrives in pieces, in either direction, with a time limit for each piece.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::time::{Instant, Sleep};

use super::ahead::Ahead;

/// How long the other side may take to send the next piece.
const PIECE_TIME_MAX: Duration = Duration::from_secs(30);

/// A body with a time limit for each piece. It buffers nothing, so a slow reader makes the sender slow.
#[derive(Debug)]
pub struct Paced<B = Incoming> {
    inner: B,
    /// The bytes that were read ahead; none for most bodies. On the heap, so that a call stays small in memory.
    ahead: Option<Box<Ahead<BodyError>>>,
    /// The timer for the next piece; none until the second wait.
    late: Option<Pin<Box<Sleep>>>,
    /// Whether a piece was waited for. The first is often there when the sender learns that somebody waits.
    waited: bool,
}

/// Why a body is incomplete.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    /// The connection broke.
    #[error("the body broke off: {0}")]
    Broken(#[from] hyper::Error),
    /// Its coding does not match its header, or is cut off.
    #[error("the body is not what its content-encoding says: {0}")]
    Coding(std::io::Error),
    /// A client sent it below the minimum rate.
    #[error("the body came too slowly")]
    TooSlow,
    /// The form of an import is not one that Keyway forwards.
    #[error("{0}")]
    Form(keyway_core::form::FormError),
    /// It stalled.
    #[error("the body stalled for {} seconds", PIECE_TIME_MAX.as_secs())]
    Stalled,
}

impl<B> Paced<B> {
    /// Takes over a body.
    pub const fn new(inner: B) -> Self {
        Self { inner, ahead: None, late: None, waited: false }
    }
}

impl Paced {
    /// Whether reading ahead ended in an error that `poll_frame` has not returned yet.
    pub fn broke(&self) -> bool {
        self.ahead.as_ref().is_some_and(|ahead| ahead.broke())
    }

    /// Reads ahead until it has `bytes_max` bytes, the body ends, or `time_max` passes. Returns the bytes, and
    /// whether they are the whole body. `poll_frame` still returns these bytes later. The last piece may exceed
    /// `bytes_max`.
    pub async fn look_ahead(&mut self, bytes_max: usize, time_max: Duration) -> (Bytes, bool) {
        let (ahead, whole) = Ahead::read(self, bytes_max, time_max).await;
        let bytes = ahead.bytes();
        self.ahead = Some(Box::new(ahead));
        (bytes, whole)
    }
}

impl<B: Body<Data = Bytes, Error = hyper::Error> + Unpin> Body for Paced<B> {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if let Some(taken) = self.ahead.as_mut().and_then(|ahead| ahead.next()) {
            return Poll::Ready(Some(taken));
        }
        match Pin::new(&mut self.inner).poll_frame(context) {
            Poll::Ready(piece) => {
                if let Some(late) = &mut self.late {
                    late.as_mut().reset(Instant::now() + PIECE_TIME_MAX);
                }
                Poll::Ready(piece.map(|piece| piece.map_err(BodyError::Broken)))
            }
            Poll::Pending if !std::mem::replace(&mut self.waited, true) => {
                context.waker().wake_by_ref();
                Poll::Pending
            }
            Poll::Pending => {
                let late = self.late.get_or_insert_with(|| Box::pin(tokio::time::sleep(PIECE_TIME_MAX)));
                late.as_mut().poll(context).map(|()| Some(Err(BodyError::Stalled)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.ahead.as_ref().is_none_or(|ahead| ahead.is_empty()) && self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (rest, ahead) = (self.inner.size_hint(), self.ahead.as_ref().map_or(0, |ahead| ahead.len()));
        let mut hint = SizeHint::new();
        if let Some(upper) = rest.upper() {
            hint.set_upper(upper + ahead);
        }
        hint.set_lower(rest.lower() + ahead);
        hint
    }
}
