//! How tools reach the API: one call in, one answer out.
//!
//! In process it is the gateway's pipeline, for standard input an HTTP client; `cli` brings both. The request is made
//! here, so that the two differ in nothing.

use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderName, HeaderValue, USER_AGENT};
use http::request::Parts;
use http::{HeaderMap, Method, Request};
use keyway_core::secret::Secret;

/// The header that names the tool, which the audit keeps.
pub const TOOL: HeaderName = HeaderName::from_static("keyway-tool");
/// The header that names the approval under which a call is performed.
pub const APPROVAL: HeaderName = HeaderName::from_static("keyway-approval");

/// A future that is Send, so that a server can hold it.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Who uses the tools.
#[derive(Clone, Debug)]
pub struct Visitor {
    /// The token of an app or a session.
    pub token: Secret<String>,
    /// Where the request came from.
    pub source: IpAddr,
}

/// One call of the API.
#[derive(Clone, Debug)]
pub struct Call {
    /// The caller, with the token that the call presents.
    pub visitor: Visitor,
    /// The method.
    pub method: Method,
    /// Path and query.
    pub target: String,
    /// JSON; empty where there is none.
    pub body: Bytes,
    /// The tool that makes it; none for the question what the token may do.
    pub tool: Option<&'static str>,
    /// The approval of a person, where the agent names one.
    pub approval: Option<String>,
}

/// The answer to it.
#[derive(Clone, Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// The headers that the gateway sent with it.
    pub headers: HeaderMap,
    /// Its body, read whole.
    pub body: Bytes,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum RoadError {
    /// The call can't be written as a request.
    #[error("the path, the query or the approval has a character that no request can hold")]
    NotARequest,
    /// The answer is longer than [`crate::API_ANSWER_BYTES_MAX`].
    #[error("the answer is longer than {} MiB; ask for fewer records or properties", crate::API_ANSWER_BYTES_MAX >> 20)]
    TooLong,
    /// Nobody answered, or the connection broke.
    #[error("{0}")]
    Unreachable(String),
}

/// The way to the API.
pub trait Road: Send + Sync + 'static {
    /// Makes a call. A call that was begun is completed, even if its future is dropped.
    fn call(&self, call: Call) -> BoxFuture<'_, Result<Answer, RoadError>>;
}

impl Call {
    /// The request of this call.
    ///
    /// # Errors
    /// It can't be written as one.
    pub fn into_request(self, host: &str) -> Result<(Parts, Bytes, IpAddr), RoadError> {
        let not = |_| RoadError::NotARequest;
        let request = Request::builder().method(self.method).uri(self.target).body(()).map_err(not)?;
        let mut head = request.into_parts().0;
        let mut token = HeaderValue::from_str(&format!("Bearer {}", self.visitor.token.expose())).map_err(|_| RoadError::NotARequest)?;
        token.set_sensitive(true);
        let headers = &mut head.headers;
        headers.insert(HOST, HeaderValue::from_str(host).map_err(|_| RoadError::NotARequest)?);
        headers.insert(AUTHORIZATION, token);
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(USER_AGENT, HeaderValue::from_static(concat!("keyway-mcp/", env!("CARGO_PKG_VERSION"))));
        if !self.body.is_empty() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            headers.insert(CONTENT_LENGTH, HeaderValue::from(self.body.len()));
        }
        headers.extend(self.tool.map(|tool| (TOOL, HeaderValue::from_static(tool))));
        if let Some(approval) = self.approval {
            headers.insert(APPROVAL, HeaderValue::from_str(&approval).map_err(|_| RoadError::NotARequest)?);
        }
        Ok((head, self.body, self.visitor.source))
    }
}
