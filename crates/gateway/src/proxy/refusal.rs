//! What the proxy answers instead of a connection. The reason phrase says why, since many clients show
//! nothing else of the answer to a `CONNECT`.

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_TYPE, HeaderName, HeaderValue, PROXY_AUTHENTICATE};
use http::{Response, StatusCode};
use http_body_util::Full;
use hyper::ext::ReasonPhrase;
use keyway_core::hosts::ApiHost;
use keyway_core::refusal;

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
    /// Its row in the table of refusals.
    pub(super) const fn row(&self) -> refusal::Refusal {
        match self {
            Self::PlainHttp | Self::TlsLeftToProxy | Self::PlainHttpElsewhere | Self::NoProxyRequest | Self::Malformed => {
                refusal::Refusal::ProxyNeedsConnect
            }
            Self::ApiPort(_) | Self::Port(_) => refusal::Refusal::ProxyPort,
            Self::OtherHost(_) => refusal::Refusal::ProxyHostRefused,
            Self::Password => refusal::Refusal::ProxyPassword,
            Self::Busy => refusal::Refusal::ProxyBusy,
            Self::Private(_) => refusal::Refusal::ProxyPrivateAddress,
            Self::Unresolved(_) | Self::Unreachable(_) => refusal::Refusal::ProxyUnreachable,
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
        let reason = self.reason();
        let error = self.row().error(format!("keyway: {reason}"));
        let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::BAD_REQUEST);
        let id = new_correlation_id(clock::now());
        let body = error.to_json(&id);
        let mut response = Response::new(Full::new(Bytes::from(body)));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json;charset=utf-8"));
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
        headers.insert(RULE, HeaderValue::from_static(error.rule()));
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
