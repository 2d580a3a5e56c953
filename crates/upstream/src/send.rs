//! Sends calls, each once.

use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, HeaderMap, HeaderValue, SERVER};
use http::uri::PathAndQuery;
use http::{Method, Request, Response};
use http_body_util::{Either, Full};
use hyper::body::Incoming;
use keyway_core::secret::Secret;
use tokio::time::Timeout;
use tokio::time::error::Elapsed;

use super::base::Base;
use super::body::Paced;
use super::call::{HEAD_TIME_MAX, Outgoing, Relayed, RequestBody, UpstreamError};
use super::health::Health;
use super::pool::CONNECT_TIME_MAX;
use super::{headers, pool};

/// How long a body that comes as it goes may take in all, at its least rate or faster.
const UPLOAD_TIME_MAX: Duration = Duration::from_secs(15 * 60);

/// Posts a body, with no credential, to a host that is not HubSpot. Of the answer only its status is of use.
///
/// # Errors
/// There is no answer.
pub async fn post(base: &Base, target: &PathAndQuery, headers: HeaderMap, body: Bytes, patience: Duration) -> Result<u16, UpstreamError> {
    let mut request = Request::new(Either::Left(Full::new(body)));
    *request.method_mut() = Method::POST;
    *request.headers_mut() = headers;
    exchanged(Upstream::exchange(base, target, request, patience).await).map(|answer| answer.status().as_u16())
}

/// The client side.
#[derive(Default)]
pub struct Upstream {
    /// The health of each connection.
    pub health: Health,
}

impl Upstream {
    /// A client with no connections yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sends a call once, with a connection's credential, and returns the head of the answer. A body that was
    /// read whole stays with the call, so the call can be sent again.
    ///
    /// # Errors
    /// There is no answer.
    pub async fn send(&self, base: &Base, credential: &Secret<String>, call: &mut Outgoing) -> Result<Relayed, UpstreamError> {
        let target: PathAndQuery = call.target.parse().map_err(|_| UpstreamError::Unsendable)?;
        // What is made in the block ends with it, so that the request is once in the state of the call.
        let exchange = {
            let (body, patience) = match &mut call.body {
                Some(Either::Left(whole)) => (Either::Left(whole.clone()), HEAD_TIME_MAX),
                streamed => (streamed.take().ok_or(UpstreamError::Unsendable)?, UPLOAD_TIME_MAX),
            };
            let mut request = Request::new(body);
            *request.method_mut() = call.method.clone();
            *request.headers_mut() = call.headers.clone();
            request.headers_mut().insert(AUTHORIZATION, bearer(credential)?);
            Self::exchange(base, &target, request, CONNECT_TIME_MAX + patience)
        };
        exchanged(exchange.await).map(relayed)
    }

    pub(super) fn exchange(
        base: &Base,
        target: &PathAndQuery,
        request: Request<RequestBody>,
        patience: Duration,
    ) -> Timeout<impl Future<Output = Result<Response<Incoming>, UpstreamError>>> {
        tokio::time::timeout(patience, pool::exchange(base, target, request))
    }
}

/// The result of an exchange.
pub(super) fn exchanged(answered: Result<Result<Response<Incoming>, UpstreamError>, Elapsed>) -> Result<Response<Incoming>, UpstreamError> {
    match answered {
        // HubSpot has no other protocol to change to, and nobody asked for one.
        Ok(Ok(answer)) if answer.status().is_informational() => Err(UpstreamError::Broken),
        Ok(answered) => answered,
        Err(_) => Err(UpstreamError::TimedOut),
    }
}

fn relayed(answer: Response<Incoming>) -> Relayed {
    let (head, body) = answer.into_parts();
    let (headers, told) = headers::hand_on(&head.headers);
    Relayed {
        status: head.status.as_u16(),
        server: head.headers.get(SERVER).and_then(|value| value.to_str().ok()).map(str::to_owned),
        mark: None,
        told,
        headers,
        body: Either::Left(Paced::new(body)),
    }
}

fn bearer(credential: &Secret<String>) -> Result<HeaderValue, UpstreamError> {
    let mut value = HeaderValue::try_from(["Bearer ", credential.expose()].concat()).map_err(|_| UpstreamError::Unsendable)?;
    // Kept out of debug output, and of HTTP/2's compression tables.
    value.set_sensitive(true);
    Ok(value)
}
