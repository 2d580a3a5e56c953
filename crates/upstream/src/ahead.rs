//! Looking at the beginning of a body before it is handed on, whole and unchanged.

use std::future::poll_fn;
use std::pin::Pin;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use hyper::body::{Body, Frame};

use super::body::{BodyError, Paced};

/// What was taken in of a body, and not handed on yet.
#[derive(Debug)]
pub(super) struct Ahead {
    /// Its first bytes, in one piece, however small the pieces were that they came in.
    bytes: Bytes,
    /// What came behind them and is not bytes.
    then: Option<Result<Frame<Bytes>, BodyError>>,
}

impl Ahead {
    /// The next of it to be handed on.
    pub fn next(&mut self) -> Option<Result<Frame<Bytes>, BodyError>> {
        if self.bytes.is_empty() { self.then.take() } else { Some(Ok(Frame::data(std::mem::take(&mut self.bytes)))) }
    }

    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty() && self.then.is_none()
    }

    pub fn len(&self) -> u64 {
        self.bytes.len() as u64
    }
}

impl Paced {
    /// Whether the body broke off while it was looked at, and is not handed on as far as that yet.
    pub fn broke(&self) -> bool {
        self.ahead.as_ref().is_some_and(|ahead| matches!(ahead.then, Some(Err(_))))
    }

    /// Waits for so many bytes of the body, or its end, but no longer than a time: what came of it, and
    /// whether that is all. It is handed on all the same. A last piece may go beyond the number of bytes.
    pub async fn look_ahead(&mut self, bytes_max: usize, time_max: Duration) -> (Bytes, bool) {
        let (mut taken, mut then) = (BytesMut::new(), None);
        let mut whole = false;
        let taking = async {
            while taken.len() < bytes_max {
                match poll_fn(|context| Pin::new(&mut *self).poll_frame(context)).await {
                    None => {
                        whole = true;
                        return;
                    }
                    Some(Ok(frame)) => match frame.into_data() {
                        Ok(bytes) => taken.extend_from_slice(&bytes),
                        Err(trailers) => {
                            then = Some(Ok(trailers));
                            whole = true;
                            return;
                        }
                    },
                    Some(Err(error)) => {
                        then = Some(Err(error));
                        return;
                    }
                }
            }
            whole = self.is_end_stream();
        };
        // What had come when the time was up stays in `taken`.
        let _ = tokio::time::timeout(time_max, taking).await;
        let bytes = taken.freeze();
        self.ahead = Some(Box::new(Ahead { bytes: bytes.clone(), then }));
        (bytes, whole)
    }
}
