//! The body of an arriving request. If Keyway stops reading it before its end, the rest stays available here,
//! so that the server can decide whether to keep the connection.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use http::header::EXPECT;
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming, SizeHint};

/// Longest rest of a body that is read so that the connection can be kept, in bytes.
const REST_BYTES_MAX: u64 = 64 << 10;
/// How long the client may take to send it.
const REST_TIME_MAX: Duration = Duration::from_secs(1);

/// A request's body.
#[derive(Debug)]
pub struct Arriving {
    /// None once Keyway has stopped reading it.
    incoming: Option<Incoming>,
    /// A body that this process made. On the heap, because most bodies come from clients.
    whole: Option<Box<Bytes>>,
    /// None for a body that is empty from the start.
    rest: Option<Arc<Mutex<Option<Incoming>>>>,
}

/// The unread rest of a body that Keyway stopped reading.
#[derive(Debug)]
pub struct Rest {
    place: Option<Arc<Mutex<Option<Incoming>>>>,
    /// Whether the client waits for `100 Continue` (RFC 9110, section 10.1.1). Nobody reads the body any more,
    /// so it never gets one.
    waits: bool,
}

impl Arriving {
    /// Takes over a client's body.
    pub fn new(incoming: Incoming, headers: &HeaderMap) -> (Self, Rest) {
        let place = (!incoming.is_end_stream()).then(Arc::<Mutex<Option<Incoming>>>::default);
        let rest = Rest { place: place.clone(), waits: headers.contains_key(EXPECT) };
        (Self { incoming: Some(incoming), whole: None, rest: place }, rest)
    }

    /// A body that is here already.
    pub fn whole(body: Bytes) -> Self {
        Self { incoming: None, whole: (!body.is_empty()).then(|| Box::new(body)), rest: None }
    }
}

impl Drop for Arriving {
    fn drop(&mut self) {
        if let (Some(incoming), Some(rest)) = (self.incoming.take().filter(|incoming| !incoming.is_end_stream()), &self.rest) {
            *rest.lock().unwrap_or_else(PoisonError::into_inner) = Some(incoming);
        }
    }
}

impl Rest {
    /// The unread body; none if it was read to its end, or still goes to HubSpot.
    pub fn left(self) -> Option<Left> {
        let incoming = self.place?.lock().unwrap_or_else(PoisonError::into_inner).take()?;
        Some(Left { incoming, waits: self.waits })
    }
}

/// A body that nobody wants.
#[derive(Debug)]
pub struct Left {
    incoming: Incoming,
    waits: bool,
}

impl Left {
    /// Reads it to its end if it is little, so that the connection can take another request; false where it is not.
    pub async fn read(mut self) -> bool {
        if self.waits || self.incoming.size_hint().lower() > REST_BYTES_MAX {
            return false;
        }
        let reading = async {
            let mut left = REST_BYTES_MAX;
            while let Some(frame) = self.incoming.frame().await {
                let Ok(frame) = frame else { return false };
                match left.checked_sub(frame.data_ref().map_or(0, |data| data.len() as u64)) {
                    Some(less) => left = less,
                    None => return false,
                }
            }
            true
        };
        tokio::time::timeout(REST_TIME_MAX, reading).await.unwrap_or(false)
    }
}

impl Body for Arriving {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        if let Some(whole) = self.whole.take() {
            return Poll::Ready(Some(Ok(Frame::data(*whole))));
        }
        let Some(incoming) = &mut self.incoming else { return Poll::Ready(None) };
        let polled = Pin::new(incoming).poll_frame(context);
        if let Poll::Ready(None | Some(Err(_))) = polled {
            self.incoming = None;
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.whole.is_none() && self.incoming.as_ref().is_none_or(Incoming::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        let whole = self.whole.as_ref().map_or(0, |whole| whole.len() as u64);
        self.incoming.as_ref().map_or_else(|| SizeHint::with_exact(whole), Incoming::size_hint)
    }
}
