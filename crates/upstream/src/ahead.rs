//! Reads the beginning of a body without consuming it: the body still arrives whole and unchanged.

use std::future::poll_fn;
use std::pin::Pin;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use hyper::body::{Body, Frame};

/// The part of a body that was read ahead and that the body has not returned yet.
#[derive(Debug)]
pub(super) struct Ahead<E> {
    /// The first bytes, in one piece, whatever the size of the pieces in which they arrived.
    bytes: Bytes,
    /// The frame after them that is not data: trailers, or an error.
    then: Option<Result<Frame<Bytes>, E>>,
}

impl<E> Ahead<E> {
    /// The next frame to return.
    pub fn next(&mut self) -> Option<Result<Frame<Bytes>, E>> {
        if self.bytes.is_empty() { self.then.take() } else { Some(Ok(Frame::data(std::mem::take(&mut self.bytes)))) }
    }

    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty() && self.then.is_none()
    }

    pub fn len(&self) -> u64 {
        self.bytes.len() as u64
    }

    pub fn bytes(&self) -> Bytes {
        self.bytes.clone()
    }

    /// Whether reading ahead ended in an error that the body has not returned yet.
    pub fn broke(&self) -> bool {
        matches!(self.then, Some(Err(_)))
    }

    /// Reads until it has `bytes_max` bytes, the body ends, or `time_max` passes. Also returns whether this is the whole
    /// body. The last piece may exceed `bytes_max`.
    pub async fn read(body: &mut (impl Body<Data = Bytes, Error = E> + Unpin), bytes_max: usize, time_max: Duration) -> (Self, bool) {
        let (mut taken, mut then) = (BytesMut::new(), None);
        let mut whole = false;
        let taking = async {
            while taken.len() < bytes_max {
                match poll_fn(|context| Pin::new(&mut *body).poll_frame(context)).await {
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
            whole = body.is_end_stream();
        };
        // After a timeout, `taken` has the bytes that arrived.
        let _ = tokio::time::timeout(time_max, taking).await;
        (Self { bytes: taken.freeze(), then }, whole)
    }
}
