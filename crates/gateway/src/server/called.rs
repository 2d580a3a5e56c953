//! Calls that came through the forward proxy are for the host that the client connected to, and no other.

use http::header::HOST;
use http::request::Parts;
use http::uri::{Authority, PathAndQuery};
use http::{Method, Response, Uri, Version};
use keyway_core::hosts::{API_PORT, ApiHost};
use keyway_core::refusal::Refusal;

use crate::pipeline::{AnswerBody, refuse};

/// A request on a connection to one host that is for another one, or for none.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Misdirected {
    /// A `CONNECT` inside the connection.
    Nested,
    /// Another host, or none.
    Host(ApiHost),
}

/// Takes a request with one `Host`, as RFC 9112, section 3.2 demands. Of several, a proxy before Keyway may have gone by
/// another one.
///
/// # Errors
/// It has none, several, or one that is not a host.
pub(super) fn one_host(head: &Parts) -> Result<(), Box<Response<AnswerBody>>> {
    let mut hosts = head.headers.get_all(HOST).iter();
    // As a pattern, so that it becomes one look-up a byte.
    let is_host = |byte: &u8| {
        matches!(
            byte,
            b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'-' | b'.' | b'_' | b'~' | b':' | b'[' | b']' | b'%'
                | b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'='
        )
    };
    let fits = match (hosts.next(), hosts.next()) {
        (Some(host), None) => host.as_bytes().iter().all(is_host),
        (None, _) => head.version < Version::HTTP_11,
        (Some(_), Some(_)) => false,
    };
    let refused = || Refusal::NotHttp.error("a request must have one Host header, with one host in it");
    if fits { Ok(()) } else { Err(Box::new(refuse(&refused()))) }
}

/// Takes a request whose `Host` (RFC 9112, section 3.2) is the one that the client connected to; its
/// target is in origin form after that, as on the data listener.
///
/// # Errors
/// It is for another host, for none, or a `CONNECT`.
pub(super) fn check(head: &mut Parts, called: &ApiHost) -> Result<(), Misdirected> {
    if head.method == Method::CONNECT {
        return Err(Misdirected::Nested);
    }
    let misdirected = || Misdirected::Host(called.clone());
    let fits = |authority: &Authority| {
        ApiHost::parse(authority.host()).as_ref() == Some(called)
            && authority.port().is_none_or(|port| port.as_str() == API_PORT.to_string())
            && !authority.as_str().contains('@')
    };
    let mut hosts = head.headers.get_all(HOST).iter();
    let host = match (hosts.next(), hosts.next()) {
        (Some(host), None) => host.to_str().ok().and_then(|host| host.parse::<Authority>().ok()),
        _ => None,
    };
    if !host.as_ref().is_some_and(fits) || !head.uri.authority().is_none_or(fits) {
        return Err(misdirected());
    }
    if head.uri.authority().is_some() {
        let target = head.uri.path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/"));
        head.uri = Uri::from(target);
    }
    Ok(())
}

impl Misdirected {
    /// The answer. Such a request is not a call: it has no record, as what is not HTTP has none.
    pub(super) fn response(&self) -> Response<AnswerBody> {
        let message = match self {
            Self::Nested => "CONNECT is not a method of HubSpot's API: this connection leads there already".to_owned(),
            Self::Host(called) => {
                format!("this connection is for {called}, and the request names another host or none: open a connection for each host")
            }
        };
        // RFC 9110, section 15.5.20: the request was directed at a server that can't answer for its host.
        refuse(&Refusal::WrongHost.error(format!("keyway: {message}")))
    }
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn checked(method: &str, target: &str, hosts: &[&str]) -> Result<String, Misdirected> {
        let mut builder = Request::builder().method(method).uri(target);
        for host in hosts {
            builder = builder.header(HOST, *host);
        }
        let mut head = builder.body(()).unwrap().into_parts().0;
        check(&mut head, &ApiHost::parse("api.hubapi.com").unwrap())?;
        Ok(head.uri.to_string())
    }

    #[test]
    fn a_request_for_the_host_that_was_connected_to_is_taken() {
        for host in ["api.hubapi.com", "API.hubapi.com", "api.hubapi.com:443", "api.hubapi.com."] {
            assert_eq!(checked("GET", "/crm/v3/owners?limit=1", &[host]).as_deref(), Ok("/crm/v3/owners?limit=1"), "{host}");
        }
        assert_eq!(checked("GET", "https://api.hubapi.com/crm/v3/owners", &["api.hubapi.com"]).as_deref(), Ok("/crm/v3/owners"));
        assert_eq!(checked("GET", "https://api.hubapi.com", &["api.hubapi.com"]).as_deref(), Ok("/"));
    }

    #[test]
    fn a_request_has_one_host_unless_it_is_of_http_1_0() {
        let has_one = |version: Version, hosts: &[&str]| {
            let mut builder = Request::builder().version(version);
            for host in hosts {
                builder = builder.header(HOST, *host);
            }
            one_host(&builder.body(()).unwrap().into_parts().0).map_err(|refused| refused.status().as_u16())
        };
        for hosts in [&["keyway"][..], &["127.0.0.1:8484"], &["[::1]:8484"], &[""]] {
            assert_eq!(has_one(Version::HTTP_11, hosts), Ok(()), "{hosts:?}");
        }
        for hosts in [&[][..], &["a", "b"], &["a", "a"], &["a b"], &["a/b"], &["user@a"]] {
            assert_eq!(has_one(Version::HTTP_11, hosts), Err(400), "{hosts:?}");
        }
        assert_eq!(has_one(Version::HTTP_10, &[]), Ok(()));
        assert_eq!(has_one(Version::HTTP_10, &["a", "b"]), Err(400));
    }

    #[test]
    fn a_request_for_another_host_is_refused_wherever_it_is_named() {
        let other = Err(Misdirected::Host(ApiHost::parse("api.hubapi.com").unwrap()));
        let refused: [&[&str]; 8] = [
            &[],
            &[""],
            &["api-eu1.hubapi.com"],
            &["example.com"],
            &["api.hubapi.com:80"],
            &["user@api.hubapi.com"],
            &["api.hubapi.com", "api.hubapi.com"],
            &["api.hubapi.com, example.com"],
        ];
        for hosts in refused {
            assert_eq!(checked("GET", "/", hosts), other, "{hosts:?}");
        }
        assert_eq!(checked("GET", "https://example.com/crm", &["api.hubapi.com"]), other);
        assert_eq!(checked("CONNECT", "api.hubapi.com:443", &["api.hubapi.com"]), Err(Misdirected::Nested));
    }
}
