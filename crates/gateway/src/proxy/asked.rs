//! What a request to the proxy asks for.

use http::{Method, Request, Uri};
use keyway_core::hosts::{API_PORT, ApiHost};

use super::refusal::Refusal;

/// Where a `CONNECT` wants to go.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// To HubSpot's API.
    HubSpot(ApiHost),
    /// To another host, whose name is as the client wrote it.
    Other {
        /// A name or an address; IPv6 without brackets.
        host: String,
        /// The port.
        port: u16,
    },
}

impl Asked {
    /// Reads it.
    ///
    /// # Errors
    /// It is not a `CONNECT`, or to a port that HubSpot's API does not have.
    pub(super) fn of<B>(request: &Request<B>) -> Result<Self, Refusal> {
        if request.method() != Method::CONNECT {
            return Err(not_connect(request.uri()));
        }
        let (Some(authority), None, None) = (request.uri().authority(), request.uri().scheme(), request.uri().path_and_query()) else {
            return Err(Refusal::Malformed);
        };
        // Authority form has a port always (RFC 9112, section 3.2.3), and no user.
        let (Some(port), false) = (authority.port_u16(), authority.as_str().contains('@')) else { return Err(Refusal::Malformed) };
        let host = authority.host();
        match ApiHost::parse(host) {
            Some(api) if port == API_PORT => Ok(Self::HubSpot(api)),
            Some(api) => Err(Refusal::ApiPort(api)),
            None => {
                let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
                if host.is_empty() { Err(Refusal::Malformed) } else { Ok(Self::Other { host: host.to_owned(), port }) }
            }
        }
    }
}

/// Why a request that is no `CONNECT` is refused.
fn not_connect(target: &Uri) -> Refusal {
    match (target.scheme_str(), target.host()) {
        (None, _) => Refusal::NoProxyRequest,
        (Some(scheme), Some(host)) if ApiHost::parse(host).is_some() => {
            if scheme == "https" {
                Refusal::TlsLeftToProxy
            } else {
                Refusal::PlainHttp
            }
        }
        _ => Refusal::PlainHttpElsewhere,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(method: &str, target: &str) -> Result<Asked, Refusal> {
        let target: Uri = target.parse().unwrap();
        Asked::of(&Request::builder().method(method).uri(target).body(()).unwrap())
    }

    #[test]
    fn a_connect_to_the_api_is_hubspots_however_it_is_spelled() {
        for target in ["api.hubapi.com:443", "API.HUBAPI.COM:443", "api.hubapi.com.:443", "api-eu1.hubapi.com:443"] {
            assert!(matches!(asked("CONNECT", target), Ok(Asked::HubSpot(_))), "{target}");
        }
    }

    #[test]
    fn another_host_is_another_host() {
        let other = |host: &str, port| Ok(Asked::Other { host: host.to_owned(), port });
        assert_eq!(asked("CONNECT", "app.hubspot.com:443"), other("app.hubspot.com", 443));
        assert_eq!(asked("CONNECT", "[::1]:443"), other("::1", 443));
        assert_eq!(asked("CONNECT", "169.254.169.254:80"), other("169.254.169.254", 80));
    }

    #[test]
    fn what_is_no_connect_is_told_what_to_do() {
        for (method, target, refusal) in [
            ("GET", "http://api.hubapi.com/crm/v3/owners", Refusal::PlainHttp),
            ("GET", "https://api.hubapi.com/crm/v3/owners", Refusal::TlsLeftToProxy),
            ("GET", "http://example.com/", Refusal::PlainHttpElsewhere),
            ("GET", "/crm/v3/owners", Refusal::NoProxyRequest),
            ("CONNECT", "api.hubapi.com", Refusal::Malformed),
            ("CONNECT", "user@api.hubapi.com:443", Refusal::Malformed),
            ("CONNECT", "api.hubapi.com:80", Refusal::ApiPort(ApiHost::parse("api.hubapi.com").unwrap())),
        ] {
            assert_eq!(asked(method, target), Err(refusal), "{method} {target}");
        }
    }
}
