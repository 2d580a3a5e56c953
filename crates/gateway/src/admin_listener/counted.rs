//! The body of a request to the admin API: it comes at a least rate, and what is held of it is counted
//! until the request is answered.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use axum::http::header::{HeaderValue, RETRY_AFTER};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

use crate::admin::ApiError;
use crate::arriving::Arriving;
use crate::held::{Budget, Charge};
use crate::upstream::{BodyError, Upload};

/// A body that is counted.
pub(super) struct Counted {
    body: Upload<Arriving>,
    held: Held,
}

/// What is known of it, for as long as its bytes are in memory.
#[derive(Clone)]
pub(super) struct Held(Arc<Mutex<State>>);

struct State {
    charge: Charge,
    bytes: usize,
    failed: Option<Failed>,
}

#[derive(Clone, Copy, Debug, thiserror::Error)]
enum Failed {
    #[error("the bodies of requests take as much memory as they may")]
    Spent,
    #[error("the body came too slowly")]
    TooSlow,
    #[error("the body broke off")]
    Broken,
}

impl Counted {
    pub fn new(body: Arriving, budget: Arc<Budget>) -> (Self, Held) {
        let state = State { charge: Charge::new(budget, None), bytes: 0, failed: None };
        let held = Held(Arc::new(Mutex::new(state)));
        (Self { body: Upload::new(body), held: held.clone() }, held)
    }
}

impl Held {
    fn locked(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The answer: what the API says, or why it could not read the body.
    pub fn answer(&self, answer: Response) -> Response {
        match self.locked().failed {
            Some(Failed::Spent) => {
                body_refused(503, "bodies_budget", "the server holds as many bytes of request bodies as it may; send the request again")
            }
            Some(Failed::TooSlow) => body_refused(408, "too_slow", "the body came too slowly: it must bring at least 10 KiB in 10 seconds"),
            Some(Failed::Broken) | None => answer,
        }
    }
}

/// A body that could not be read, in the API's form. The client may send it again.
fn body_refused(status: u16, code: &'static str, message: &str) -> Response {
    let mut response = ApiError::new(status, code, message).into_response();
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
    response
}

impl Body for Counted {
    type Data = Bytes;
    type Error = axum::BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        let Poll::Ready(Some(piece)) = polled else { return polled.map(|_| None) };
        let mut state = self.held.locked();
        let read = match piece {
            Ok(frame) => {
                state.bytes += frame.data_ref().map_or(0, Bytes::len);
                let bytes = state.bytes;
                state.charge.grow_to(bytes).map(|()| frame).map_err(|_| Failed::Spent)
            }
            Err(BodyError::TooSlow) => Err(Failed::TooSlow),
            Err(_) => Err(Failed::Broken),
        };
        state.failed = read.as_ref().err().copied();
        Poll::Ready(Some(read.map_err(Into::into)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
