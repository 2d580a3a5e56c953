//! Streams a client's body that is not read whole first. The client must send at a minimum rate.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use keyway_core::form::{FormError, ImportForm};
use tokio::time::{Instant, Sleep};

use super::body::BodyError;

/// The least rate: who sends less holds a connection, and a place in HubSpot's limits, for nothing.
const TIME_MAX: Duration = if cfg!(test) { Duration::from_millis(50) } else { Duration::from_secs(10) };
const BYTES_MIN: usize = if cfg!(test) { 1_000 } else { 10 << 10 };

/// A body that brings [`BYTES_MIN`] for every [`TIME_MAX`] in which it is waited for. The time in which this
/// side does something else does not count: a HubSpot that reads slowly makes the client send slowly.
#[derive(Debug)]
pub struct Upload<B> {
    inner: B,
    /// What was read of it and put back.
    ahead: Bytes,
    late: Pin<Box<Sleep>>,
    /// Whether a piece is waited for; then `late` runs.
    waits: bool,
    /// For how long the pieces since the last full `BYTES_MIN` were waited for, and their bytes.
    waited: Duration,
    came: usize,
    /// Decides on the rest of an import's form; none of other uploads.
    form: Option<Box<ImportForm>>,
    stopped: Arc<Stopped>,
}

/// Why Keyway stopped an upload, for the caller that no longer holds it.
#[derive(Debug, Default)]
pub struct Stopped {
    slow: AtomicBool,
    form: OnceLock<FormError>,
}

impl Stopped {
    /// Whether it came too slowly.
    pub fn is_slow(&self) -> bool {
        self.slow.load(Ordering::Relaxed)
    }

    /// Why its form is refused; none where it is not.
    pub fn form(&self) -> Option<FormError> {
        self.form.get().copied()
    }
}

impl<B> Upload<B> {
    /// Takes over a client's body.
    pub fn new(inner: B) -> Self {
        let late = Box::pin(tokio::time::sleep(TIME_MAX));
        Self { inner, ahead: Bytes::new(), late, waits: false, waited: Duration::ZERO, came: 0, form: None, stopped: Arc::default() }
    }

    /// A handle that shows why Keyway stopped it, if it did.
    pub fn stopped(&self) -> Arc<Stopped> {
        self.stopped.clone()
    }

    /// Gives it up where the rest of an import's form is to be refused.
    pub fn watch(&mut self, form: ImportForm) {
        self.form = Some(Box::new(form));
    }

    /// Forwards a piece or the end, if the form is one that Keyway forwards.
    fn check(&mut self, piece: Option<&Bytes>) -> Result<(), BodyError> {
        let Some(form) = &mut self.form else { return Ok(()) };
        let checked = match piece {
            Some(piece) => form.feed(piece),
            None => form.end(),
        };
        checked.map_err(|error| {
            let _ = self.stopped.form.set(error);
            BodyError::Form(error)
        })
    }

    /// Puts back what was read of it.
    pub fn put_back(&mut self, bytes: Bytes) {
        self.ahead = bytes;
    }

    fn note(&mut self, bytes: usize) {
        if std::mem::take(&mut self.waits) {
            self.waited = TIME_MAX.saturating_sub(self.late.deadline().saturating_duration_since(Instant::now()));
        }
        self.came = self.came.saturating_add(bytes);
        if self.came >= BYTES_MIN {
            (self.waited, self.came) = (Duration::ZERO, 0);
        }
    }

    /// Ready when the next piece is too late.
    fn poll_late(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if !std::mem::replace(&mut self.waits, true) {
            self.late.as_mut().reset(Instant::now() + TIME_MAX.saturating_sub(self.waited));
        }
        self.late.as_mut().poll(context)
    }
}

impl<B: Body<Data = Bytes, Error = hyper::Error> + Unpin> Body for Upload<B> {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if !self.ahead.is_empty() {
            return Poll::Ready(Some(Ok(Frame::data(std::mem::take(&mut self.ahead)))));
        }
        match Pin::new(&mut self.inner).poll_frame(context) {
            Poll::Ready(piece) => {
                let bytes = piece.as_ref().and_then(|piece| piece.as_ref().ok()?.data_ref()).map_or(0, Bytes::len);
                self.note(bytes);
                let checked = match &piece {
                    Some(Ok(frame)) => frame.data_ref().map_or(Ok(()), |data| self.check(Some(data))),
                    Some(Err(_)) => Ok(()),
                    None => self.check(None),
                };
                match checked {
                    Ok(()) => Poll::Ready(piece.map(|piece| piece.map_err(BodyError::Broken))),
                    Err(error) => Poll::Ready(Some(Err(error))),
                }
            }
            Poll::Pending => self.poll_late(context).map(|()| {
                self.stopped.slow.store(true, Ordering::Relaxed);
                Some(Err(BodyError::TooSlow))
            }),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.ahead.is_empty() && self.inner.is_end_stream() && self.form.as_ref().is_none_or(|form| form.end().is_ok())
    }

    fn size_hint(&self) -> SizeHint {
        let (rest, ahead) = (self.inner.size_hint(), self.ahead.len() as u64);
        let mut hint = SizeHint::new();
        hint.set_lower(rest.lower() + ahead);
        if let Some(upper) = rest.upper() {
            hint.set_upper(upper + ahead);
        }
        hint
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    /// Pieces of a size, each after a time, the first ones at once.
    struct Pieces {
        at_once: usize,
        size: usize,
        every: Duration,
        left: usize,
        waits: Option<Pin<Box<Sleep>>>,
    }

    impl Body for Pieces {
        type Data = Bytes;
        type Error = hyper::Error;

        fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
            if self.left == 0 {
                return Poll::Ready(None);
            }
            if self.at_once == 0 {
                let every = self.every;
                let waits = self.waits.get_or_insert_with(|| Box::pin(tokio::time::sleep(every)));
                std::task::ready!(waits.as_mut().poll(context));
                self.waits = None;
            }
            self.at_once = self.at_once.saturating_sub(1);
            self.left -= 1;
            Poll::Ready(Some(Ok(Frame::data(vec![0; self.size].into()))))
        }
    }

    fn pieces(at_once: usize, size: usize, left: usize) -> Upload<Pieces> {
        Upload::new(Pieces { at_once, size, every: Duration::from_millis(10), left, waits: None })
    }

    #[tokio::test]
    async fn a_body_that_drips_is_given_up_however_fast_it_began() {
        for at_once in [0, 100] {
            let body = pieces(at_once, 50, 100_000);
            let stopped = body.stopped();
            let ended = body.collect().await;
            assert!(matches!(ended, Err(BodyError::TooSlow)), "{at_once}");
            assert!(stopped.is_slow());
        }
    }

    #[tokio::test]
    async fn a_body_at_the_least_rate_comes_whole() {
        let whole = pieces(0, 1_000, 20).collect().await.unwrap().to_bytes();
        assert_eq!(whole.len(), 20_000);
    }

    #[tokio::test]
    async fn the_time_that_this_side_takes_does_not_count() {
        let mut body = pieces(10, 10, 10);
        let mut count = 0;
        while let Some(piece) = body.frame().await {
            count += piece.unwrap().into_data().unwrap().len();
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(count, 100);
    }
}
