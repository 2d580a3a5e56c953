//! The body of an answer, with its links rewritten as it passes. `core::links` has the rules.
//!
//! If an answer arrives whole within a moment, Keyway sends it whole, with its length, and unchanged if it has
//! no link. Keyway streams all others, and sends each piece as soon as it has rewritten it.

use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, SizeHint};
use keyway_core::links::{Links, Rewriter, may_occur};

use super::body::{BodyError, Paced};
use super::gzip::{self, Gzip, NotUnpacked};
use super::soon::soon;

/// Longest answer that is taken whole, in bytes as it comes.
const WHOLE_BYTES_MAX: usize = 256 << 10;
/// The same, unpacked.
const UNPACKED_BYTES_MAX: usize = 4 << 20;
/// How long an answer that has begun is waited for, to take it whole.
const WHOLE_TIME_MAX: Duration = Duration::from_millis(50);

/// The body of an answer whose links are changed.
#[derive(Debug)]
pub struct Linked(Kind);

#[derive(Debug)]
enum Kind {
    Whole(Bytes),
    Stream(Box<Stream>),
}

/// A body that is changed as it comes.
#[derive(Debug)]
struct Stream {
    /// Came in, and is still to be looked at.
    input: Bytes,
    source: Paced,
    /// Why nothing comes after the input.
    failed: Option<BodyError>,
    /// Whether what came before a failure has gone out.
    sent: bool,
    /// Whether all has come in.
    ended: bool,
    /// Whether all has gone out.
    over: bool,
    work: Work,
}

#[derive(Debug)]
enum Work {
    /// No link is to change.
    AsIs,
    Plain(Rewriter),
    Gzip(Box<Gzip>),
}

/// How a JSON body is coded.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Coding {
    Plain,
    Gzip,
}

/// Waits a moment for the whole body. Returns the body to send, and whether it differs from the one that
/// arrived.
pub(super) async fn take(
    mut body: Paced,
    links: &impl Fn() -> Option<Links>,
    coding: Coding,
    hold: Option<impl FnOnce(Bytes) -> Bytes>,
) -> (Linked, bool) {
    let mut first = Bytes::new();
    let mut more = BytesMut::new();
    let known = body.size_hint().lower();
    let mut failed = None;
    let mut ended = false;
    if hold.is_some() && known <= WHOLE_BYTES_MAX as u64 {
        let taking = async {
            loop {
                match body.frame().await {
                    Some(Ok(frame)) => {
                        let Ok(data) = frame.into_data() else { continue };
                        if first.is_empty() {
                            first = data;
                        } else {
                            if more.is_empty() {
                                more.extend_from_slice(&first);
                            }
                            more.extend_from_slice(&data);
                        }
                        if first.len().max(more.len()) > WHOLE_BYTES_MAX {
                            return;
                        }
                        if body.is_end_stream() {
                            return ended = true;
                        }
                    }
                    Some(Err(error)) => return failed = Some(error),
                    None => return ended = true,
                }
            }
        };
        // A timeout is not an error: the part that has arrived is sent, and the rest follows.
        let _ = soon(WHOLE_TIME_MAX, taking).await;
    }
    let input = if more.is_empty() { first } else { more.freeze() };
    if let Some(hold) = hold.filter(|_| ended && input.len() <= WHOLE_BYTES_MAX) {
        match whole(&input, links, coding) {
            Ok(changed) => {
                let is_changed = changed.is_some();
                return (Linked(Kind::Whole(hold(changed.unwrap_or(input)))), is_changed);
            }
            // Sent unchanged: the client sees the fault itself.
            Err(NotUnpacked::Broken) => return (Linked(Kind::Whole(hold(input))), false),
            Err(NotUnpacked::TooLarge) => {}
        }
    }
    let (work, changed) = match (links(), coding) {
        (None, _) => (Work::AsIs, false),
        (Some(links), Coding::Plain) => (Work::Plain(links.rewriter()), true),
        (Some(links), Coding::Gzip) => (Work::Gzip(Box::new(Gzip::new(links.rewriter()))), true),
    };
    (Linked(Kind::Stream(Box::new(Stream { input, source: body, failed, sent: false, ended, over: false, work }))), changed)
}

/// A whole body with its links changed; none where there are none to change.
fn whole(body: &Bytes, links: &impl Fn() -> Option<Links>, coding: Coding) -> Result<Option<Bytes>, NotUnpacked> {
    let unpacked = match coding {
        Coding::Plain => None,
        Coding::Gzip => Some(gzip::unpack(body, UNPACKED_BYTES_MAX)?),
    };
    let text = unpacked.as_deref().unwrap_or(body);
    let Some(links) = may_occur(text).then(links).flatten() else { return Ok(None) };
    let mut rewriter = links.rewriter();
    let mut changed = rewriter.feed(text).into_owned();
    changed.extend(rewriter.end());
    if rewriter.changed() == 0 {
        return Ok(None);
    }
    let changed = if unpacked.is_some() { gzip::pack(&changed).map_err(|_| NotUnpacked::Broken)? } else { changed };
    Ok(Some(changed.into()))
}

impl Work {
    /// Takes from the input, and returns the bytes that are ready to send.
    fn feed(&mut self, input: &mut Bytes) -> std::io::Result<Bytes> {
        match self {
            Self::AsIs => Ok(mem::take(input)),
            Self::Plain(rewriter) => {
                let piece = mem::take(input);
                let changed = match rewriter.feed(&piece) {
                    std::borrow::Cow::Borrowed(_) => None,
                    std::borrow::Cow::Owned(changed) => Some(changed),
                };
                Ok(changed.map_or(piece, Bytes::from))
            }
            Self::Gzip(gzip) => gzip.feed(input),
        }
    }

    fn flush(&mut self) -> std::io::Result<Bytes> {
        match self {
            Self::AsIs | Self::Plain(_) => Ok(Bytes::new()),
            Self::Gzip(gzip) => gzip.flush(),
        }
    }

    fn end(&mut self) -> std::io::Result<Bytes> {
        match self {
            Self::AsIs => Ok(Bytes::new()),
            Self::Plain(rewriter) => Ok(rewriter.end().into()),
            Self::Gzip(gzip) => gzip.end(),
        }
    }
}

impl Stream {
    fn poll_piece(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, BodyError>>> {
        loop {
            if !self.input.is_empty() {
                let piece = self.work.feed(&mut self.input).map_err(BodyError::Coding)?;
                if !piece.is_empty() {
                    return Poll::Ready(Some(Ok(piece)));
                }
                if !self.input.is_empty() {
                    // Much work for no answer yet: others have their turn.
                    context.waker().wake_by_ref();
                    return Poll::Pending;
                }
            } else if let Some(error) = self.failed.take() {
                return Poll::Ready(Some(Err(error)));
            } else if self.ended {
                let last = self.work.end().map_err(BodyError::Coding)?;
                self.over = true;
                return Poll::Ready((!last.is_empty()).then_some(Ok(last)));
            } else {
                match Pin::new(&mut self.source).poll_frame(context) {
                    // Trailers speak of the bytes that came.
                    Poll::Ready(Some(Ok(frame))) => self.input = frame.into_data().unwrap_or_default(),
                    Poll::Ready(Some(Err(error))) => return Poll::Ready(Some(Err(error))),
                    Poll::Ready(None) => self.ended = true,
                    Poll::Pending => {
                        let waiting = self.work.flush().map_err(BodyError::Coding)?;
                        return if waiting.is_empty() { Poll::Pending } else { Poll::Ready(Some(Ok(waiting))) };
                    }
                }
            }
        }
    }
}

impl Body for Linked {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match &mut self.get_mut().0 {
            Kind::Whole(bytes) => {
                let bytes = mem::take(bytes);
                Poll::Ready((!bytes.is_empty()).then(|| Ok(Frame::data(bytes))))
            }
            Kind::Stream(stream) if stream.over => Poll::Ready(None),
            Kind::Stream(stream) => match stream.poll_piece(context) {
                // An error ends the connection at once, so the part before it is sent first.
                Poll::Ready(Some(Err(error))) if !stream.sent => {
                    (stream.sent, stream.failed, stream.input) = (true, Some(error), Bytes::new());
                    context.waker().wake_by_ref();
                    Poll::Pending
                }
                polled => polled.map(|piece| {
                    stream.over |= piece.as_ref().is_none_or(Result::is_err);
                    piece.map(|piece| piece.map(Frame::data))
                }),
            },
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Kind::Whole(bytes) => bytes.is_empty(),
            Kind::Stream(stream) => stream.over,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Kind::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Kind::Stream(_) => SizeHint::default(),
        }
    }
}
