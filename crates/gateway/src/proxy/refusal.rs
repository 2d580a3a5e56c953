//! What the proxy answers instead of a connection. The reason phrase says why, since many clients show
//! nothing else of the answer to a `CONNECT`.

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_TYPE, HeaderName, HeaderValue, PROXY_AUTHENTICATE};
use http::{Response, StatusCode};
use http_body_util::Full;
use hyper::ext::ReasonPhrase;
use keyway_core::error_body::ErrorBody;
use keyway_core::hosts::ApiHost;

use crate::clock;
use crate::pipeline::new_correlation_id;

const RULE: HeaderName = HeaderName::from_static("keyway-rule");

/// Why a request gets no connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// A request in absolute form for `http://` and HubSpot's API.
    PlainHttp,
    /// A request in absolute form for `https://`: the client leaves TLS to the proxy, and its token is in plain text.
    TlsLeftToProxy,
    /// A request in absolute form for another host.
    PlainHttpElsewhere,
    /// A request as a server of HubSpot's gets it.
    NoProxyRequest,
    /// A `CONNECT` without a host and a port.
    Malformed,
    /// A `CONNECT` to HubSpot's API on another port than 443.
    ApiPort(ApiHost),
    /// A host that is not HubSpot's, while those are refused.
    OtherHost(String),
    /// A tunnel to a port that is not allowed.
    Port(u16),
    /// A tunnel without the password, or with another.
    Password,
    /// As many tunnels are open as may be.
    Busy,
    /// The host has no address, or none in time.
    Unresolved(String),
    /// All addresses of the host are private, or this machine's own.
    Private(String),
    /// The host does not take the connection.
    Unreachable(String),
}

impl Refusal {
    /// The name of the rule, in `Keyway-Rule` and the log.
    pub(super) const fn rule(&self) -> &'static str {
        match self {
            Self::PlainHttp | Self::TlsLeftToProxy | Self::PlainHttpElsewhere | Self::NoProxyRequest | Self::Malformed => {
                "proxy-needs-connect"
            }
            Self::ApiPort(_) | Self::Port(_) => "proxy-port",
            Self::OtherHost(_) => "proxy-host-refused",
            Self::Password => "proxy-password",
            Self::Busy => "proxy-busy",
            Self::Private(_) => "proxy-private-address",
            Self::Unresolved(_) | Self::Unreachable(_) => "proxy-unreachable",
        }
    }

    const fn status(&self) -> StatusCode {
        match self {
            Self::PlainHttp | Self::TlsLeftToProxy | Self::PlainHttpElsewhere | Self::NoProxyRequest | Self::Malformed => {
                StatusCode::BAD_REQUEST
            }
            Self::ApiPort(_) | Self::OtherHost(_) | Self::Port(_) | Self::Private(_) => StatusCode::FORBIDDEN,
            Self::Password => StatusCode::PROXY_AUTHENTICATION_REQUIRED,
            Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
            Self::Unresolved(_) | Self::Unreachable(_) => StatusCode::BAD_GATEWAY,
        }
    }

    /// What is wrong and what to do, in one sentence.
    pub(super) fn reason(&self) -> String {
        match self {
            Self::PlainHttp => "this proxy takes HTTPS alone: call https://api.hubapi.com with HTTPS_PROXY set to the proxy".into(),
            Self::TlsLeftToProxy => "the client sent an https:// call to the proxy in plain text instead of CONNECT: use a newer version of its HTTP library, or send its calls to the data listener (keyway serve --listen)".into(),
            Self::PlainHttpElsewhere => "this proxy takes HTTPS alone: set HTTPS_PROXY and not HTTP_PROXY, or add the host to NO_PROXY".into(),
            Self::NoProxyRequest => "this is the forward proxy: set HTTPS_PROXY to it and call https://api.hubapi.com, or use the address of the data listener (keyway serve --listen) as the base URL".into(),
            Self::Malformed => "a CONNECT to this proxy names a host and a port, such as api.hubapi.com:443".into(),
            Self::ApiPort(host) => format!("{host} answers on port 443 alone"),
            Self::OtherHost(host) => format!("{host} is not a host of HubSpot's API: add it to NO_PROXY, or start the server with --proxy-others tunnel"),
            Self::Port(port) => format!("this proxy tunnels to port 443 alone, not to {port}: add the host to NO_PROXY"),
            Self::Password => "this proxy tunnels with the password in KEYWAY_PROXY_PASSWORD alone: set HTTPS_PROXY=http://keyway:PASSWORD@HOST:PORT".into(),
            Self::Busy => "as many tunnels are open as this proxy allows: try again in a minute, or add the host to NO_PROXY".into(),
            Self::Unresolved(host) => format!("{host} has no address that this proxy could find in time"),
            Self::Private(host) => {
                format!("{host} has no public address: add it to NO_PROXY, or start the server with --proxy-private-addresses")
            }
            Self::Unreachable(host) => format!("{host} does not take a connection from this proxy"),
        }
    }

    /// The answer; the connection ends after it.
    pub(super) fn response(&self) -> Response<Full<Bytes>> {
        let (status, reason) = (self.status(), self.reason());
        let category = if status == StatusCode::BAD_REQUEST { "VALIDATION_ERROR" } else { "PROXY_REFUSED" };
        let id = new_correlation_id(clock::now());
        let body = ErrorBody::new(status.as_u16(), category, format!("keyway: {reason}")).to_json(&id);
        let mut response = Response::new(Full::new(Bytes::from(body)));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json;charset=utf-8"));
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
        headers.insert(RULE, HeaderValue::from_static(self.rule()));
        if *self == Self::Password {
            headers.insert(PROXY_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"Keyway\""));
        }
        // A host name is the client's, and may hold what a status line can't.
        if let Ok(phrase) = ReasonPhrase::try_from(format!("{} ({reason})", status.canonical_reason().unwrap_or_default()).as_bytes()) {
            response.extensions_mut().insert(phrase);
        }
        response
    }
}
