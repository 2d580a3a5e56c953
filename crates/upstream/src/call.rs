//! A call as it leaves, and HubSpot's answer as it comes back.

use std::time::Duration;

use bytes::Bytes;
use http::Method;
use http::header::HeaderMap;
use http_body_util::{Either, Full};
use keyway_core::refusal::Refusal;
use keyway_core::share::Told;

use super::arriving::Arriving;
use super::body::Paced;
use super::linked::Linked;
use super::unreachable::Why;
use super::upload::Upload;

/// How long HubSpot may take to begin its answer, from the last byte of the request.
pub(super) const HEAD_TIME_MAX: Duration = Duration::from_secs(30);
/// Times a call is sent at most, where sending it again is safe.
pub const ATTEMPTS_MAX: u32 = 3;
/// The wait before the second attempt; the third waits twice as long.
pub const BACKOFF: Duration = Duration::from_millis(150);

/// The body of a call: whole where it was read, and can be sent again; or as it comes.
pub type RequestBody = Either<Full<Bytes>, Box<Upload<Arriving>>>;

/// The body of an answer: as it comes, or with its links changed.
pub type AnswerPart = Either<Paced, Linked>;

/// A call as it leaves.
#[derive(Debug)]
pub struct Outgoing {
    /// The HTTP method.
    pub method: Method,
    /// The path that the permit is for, and the query without `hapikey`.
    pub target: String,
    /// The client's headers that Keyway forwards ([`let_through`](super::let_through)).
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

/// A remark on an answer that Keyway returns unchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// Something between Keyway and HubSpot wrote it.
    NotHubSpot,
    /// HubSpot says that the account is in another data centre (488).
    WrongHublet,
}

impl Mark {
    /// Its row in the table of refusals.
    pub const fn refusal(self) -> Refusal {
        match self {
            Self::NotHubSpot => Refusal::NotHubSpot,
            Self::WrongHublet => Refusal::WrongHublet,
        }
    }
}
