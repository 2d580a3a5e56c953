//! Sends calls to HubSpot over pooled connections.
//!
//! The credential of a connection goes to that connection's host and nowhere else: Keyway makes the URL from
//! the connection's base, follows no redirects, and forwards only listed headers of a client (`headers`).
//! Bodies stream in both directions.

mod ahead;
pub mod arriving;
mod body;
mod credential;
mod gzip;
mod headers;
pub mod health;
mod judge;
pub mod limiter;
mod linked;
mod pool;
pub mod tls;
mod unreachable;
mod upload;

use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, HeaderMap, HeaderValue, SERVER};
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{Method, Request, Response, Uri};
use http_body_util::{Either, Full};
use hyper::body::Incoming;
use keyway_core::secret::Secret;
use keyway_core::share::Told;
use tokio::time::Timeout;
use tokio::time::error::Elapsed;

use arriving::Arriving;
pub use body::{BodyError, Paced};
pub use credential::{CredentialError, CredentialInfo};
pub use headers::let_through;
use health::Health;
pub use judge::Mark;
pub use linked::{Linked, change_links};
use pool::CONNECT_TIME_MAX;
pub use unreachable::Why;
pub use upload::{Stopped, Upload};

/// How long HubSpot may take to begin its answer, from the last byte of the request.
const HEAD_TIME_MAX: Duration = Duration::from_secs(30);
/// How long a body that comes as it goes may take in all, at its least rate or faster.
const UPLOAD_TIME_MAX: Duration = Duration::from_secs(15 * 60);
/// Times a call is sent at most, where sending it again is safe.
pub const ATTEMPTS_MAX: u32 = 3;
/// The wait before the second attempt; the third waits twice as long.
pub const BACKOFF: Duration = Duration::from_millis(150);

/// The body of a call: whole where it was read, and can be sent again; or as it comes.
pub type RequestBody = Either<Full<Bytes>, Box<Upload<Arriving>>>;

/// The body of an answer: as it comes, or with its links changed.
pub type AnswerPart = Either<Paced, Linked>;

/// Where an account's calls go: a scheme and a host, checked once.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Base {
    scheme: Scheme,
    authority: Authority,
}

/// A base that credentials can't be sent to.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum BaseError {
    /// Not `https://host`.
    #[error("{0:?} is not a host such as https://api.hubapi.com: no path, query or user may be in it")]
    Malformed(String),
    /// Plain HTTP to another machine.
    #[error("{0:?} must begin with https://. Keyway sends credentials over plain http:// to this machine only")]
    Plain(String),
}

impl Base {
    /// HubSpot, for all its data centres.
    pub const HUBSPOT: &str = "https://api.hubapi.com";

    /// Reads a base URL.
    ///
    /// # Errors
    /// It has more than a scheme and a host, or is plain HTTP to another machine.
    pub fn parse(text: &str) -> Result<Self, BaseError> {
        let base = Self::without_credential(text)?;
        if base.scheme == Scheme::HTTP && !is_this_machine(base.authority.host()) {
            return Err(BaseError::Plain(text.to_owned()));
        }
        Ok(base)
    }

    /// Reads a base URL that no credential is sent to, so it need not be HTTPS.
    ///
    /// # Errors
    /// It has more than a scheme and a host.
    pub fn without_credential(text: &str) -> Result<Self, BaseError> {
        let malformed = || BaseError::Malformed(text.to_owned());
        let parts = text.parse::<Uri>().map_err(|_| malformed())?.into_parts();
        let (Some(scheme), Some(authority)) = (parts.scheme, parts.authority) else { return Err(malformed()) };
        let bare = parts.path_and_query.is_none_or(|path| path == "/");
        if !bare || authority.as_str().contains('@') || (scheme != Scheme::HTTPS && scheme != Scheme::HTTP) {
            return Err(malformed());
        }
        Ok(Self { scheme, authority })
    }

    fn uri(&self, path_and_query: PathAndQuery) -> Result<Uri, http::Error> {
        Uri::builder().scheme(self.scheme.clone()).authority(self.authority.clone()).path_and_query(path_and_query).build()
    }
}

impl std::fmt::Display for Base {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}://{}", self.scheme, self.authority)
    }
}

/// Whether a host of a URL is this machine, to which secrets may go in plain text.
pub fn is_this_machine(host: &str) -> bool {
    matches!(host, "127.0.0.1" | "localhost" | "[::1]")
}

/// A call as it leaves.
#[derive(Debug)]
pub struct Outgoing {
    /// The method.
    pub method: Method,
    /// The path that the permit is for, and the query without `hapikey`.
    pub target: String,
    /// The client's headers that Keyway forwards ([`let_through`]).
    pub headers: HeaderMap,
    /// The body; none once a streamed body was sent.
    pub body: Option<RequestBody>,
    /// Whether it changes nothing: GET, search and batch read. Only such a call is sent again once sent.
    pub read_only: bool,
}

/// HubSpot's answer, with only the headers that the client may have.
#[derive(Debug)]
pub struct Relayed {
    /// HTTP status.
    pub status: u16,
    /// The headers to return to the client.
    pub headers: HeaderMap,
    /// The value of the `Server` header, which the client does not get.
    pub server: Option<String>,
    /// Keyway's remark on the answer.
    pub mark: Option<Mark>,
    /// What its rate headers say about HubSpot's limits.
    pub told: Told,
    /// The body as it comes, or with its links changed.
    pub body: AnswerPart,
}

impl Outgoing {
    /// Whether sending it again is safe after this outcome, and of use: nothing was sent yet, or it
    /// changes nothing and HubSpot had a passing fault.
    pub fn worth_sending_again(&self, outcome: &Result<Relayed, UpstreamError>) -> bool {
        let transient = match outcome {
            Err(UpstreamError::Unreachable(_)) => true,
            Err(_) => self.read_only,
            Ok(answer) => self.read_only && matches!(answer.status, 502..=504),
        };
        transient && self.body.is_some()
    }
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UpstreamError {
    /// No connection: nothing was sent.
    #[error("HubSpot can't be reached: {0}; nothing was sent")]
    Unreachable(Why),
    /// The connection broke after the call was sent, so nobody knows whether HubSpot acted on it.
    #[error("the connection to HubSpot broke before its answer; whether it acted on the call is not known")]
    Broken,
    /// No answer in time, so nobody knows whether HubSpot acted on the call.
    #[error("HubSpot did not begin its answer within {} seconds; whether it acted on the call is not known", HEAD_TIME_MAX.as_secs())]
    TimedOut,
    /// The call can't be written as HTTP.
    #[error("the call can't be sent on as it is")]
    Unsendable,
}

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

    fn exchange(
        base: &Base,
        target: &PathAndQuery,
        request: Request<RequestBody>,
        patience: Duration,
    ) -> Timeout<impl Future<Output = Result<Response<Incoming>, UpstreamError>>> {
        tokio::time::timeout(patience, pool::exchange(base, target, request))
    }
}

/// The result of an exchange.
fn exchanged(answered: Result<Result<Response<Incoming>, UpstreamError>, Elapsed>) -> Result<Response<Incoming>, UpstreamError> {
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
    let mut value = HeaderValue::from_str(&format!("Bearer {}", credential.expose())).map_err(|_| UpstreamError::Unsendable)?;
    // Kept out of debug output, and of HTTP/2's compression tables.
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_is_a_host_and_https_but_for_this_machine() {
        for text in ["https://api.hubapi.com", "https://api.hubapi.com/", "http://127.0.0.1:8484", "http://localhost:1", "http://[::1]:1"] {
            assert!(Base::parse(text).is_ok(), "{text}");
        }
        assert_eq!(Base::parse("https://api.hubapi.com/").unwrap().to_string(), Base::HUBSPOT);
        for text in ["http://api.hubapi.com", "http://127.0.0.1.example.org", "http://localhost.example.org"] {
            assert_eq!(Base::parse(text), Err(BaseError::Plain(text.to_owned())), "{text}");
        }
        for text in
            ["", "api.hubapi.com", "https://u:p@api.hubapi.com", "https://api.hubapi.com/x", "https://api.hubapi.com?a", "ftp://localhost"]
        {
            assert_eq!(Base::parse(text), Err(BaseError::Malformed(text.to_owned())), "{text}");
        }
    }
}
