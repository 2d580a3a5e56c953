//! Links in answers of connected accounts stay at the address that the client called.

use http::HeaderName;
use http::header::HOST;
use http::request::Parts;
use http::uri::Authority;
use keyway_core::hosts::ApiHost;
use keyway_core::links::Links;

use crate::upstream::Base;

const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Where the data listener is reached.
#[derive(Clone, Debug, Default)]
pub struct Reached {
    /// As the operator says (`--public-url`), a scheme and an authority.
    pub public: Option<String>,
    /// The address that it listens on, for clients that name none.
    pub bound: String,
}

/// Whether links of the answer to this call stay as HubSpot wrote them: over the forward proxy the client called
/// HubSpot's own address, and goes on there.
pub(super) fn stay(head: &Parts) -> bool {
    // Most clients did not, which is seen without a copy of the host's name.
    let named = match head.uri.authority() {
        Some(authority) => Some(authority.host()),
        None => head.headers.get(HOST).and_then(|host| host.to_str().ok()),
    };
    named.is_some_and(|named| ApiHost::parse(named.split(':').next().unwrap_or_default()).is_some())
        && called(head).is_some_and(|host| ApiHost::parse(host.host()).is_some())
}

/// What links of an answer to this call become; none where they stay as HubSpot wrote them.
pub(super) fn of(reached: &Reached, head: &Parts, base: &Base) -> Option<Links> {
    if stay(head) {
        return None;
    }
    let host = called(head);
    let origin = match (&reached.public, host) {
        (Some(public), _) => public.clone(),
        (None, Some(host)) => format!("{}://{host}", scheme(reached, head)),
        (None, None) => reached.bound.clone(),
    };
    let base = base.to_string();
    // A host may be well-formed and yet not be valid in a link.
    Links::new(&base, &origin).or_else(|| Links::new(&base, &reached.bound))
}

/// The host that the client called: of the request's target where it is absolute (RFC 9112, section 3.2.2), else its only `Host`.
fn called(head: &Parts) -> Option<Authority> {
    if let Some(authority) = head.uri.authority() {
        return Some(authority.clone());
    }
    let mut hosts = head.headers.get_all(HOST).iter();
    let (host, None) = (hosts.next()?, hosts.next()) else { return None };
    let authority: Authority = host.to_str().ok()?.parse().ok()?;
    (!authority.as_str().contains('@') && !authority.host().is_empty()).then_some(authority)
}

/// The scheme that the client called: that of the listener, or HTTPS where a proxy before it ends TLS and says so.
/// Whoever makes the header up changes the links of its own answer, and of no other.
fn scheme(reached: &Reached, head: &Parts) -> &'static str {
    let forwarded = head.headers.get(FORWARDED_PROTO).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"https"));
    if forwarded || reached.bound.starts_with("https://") { "https" } else { "http" }
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn origin(reached: &Reached, target: &str, headers: &[(&str, &str)]) -> Option<String> {
        let mut request = Request::builder().uri(target);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let links = of(reached, &request.body(()).unwrap().into_parts().0, &Base::parse(Base::HUBSPOT).unwrap())?;
        links.url("https://api.hubapi.com")
    }

    #[test]
    fn links_name_the_host_that_was_called_or_what_the_operator_says() {
        let bound = Reached { public: None, bound: "http://127.0.0.1:8484".into() };
        let public = Reached { public: Some("https://keyway.example.com".into()), ..bound.clone() };
        let called = |reached, headers: &[(&str, &str)]| origin(reached, "/a", headers);
        assert_eq!(called(&bound, &[("host", "gateway:8484")]).as_deref(), Some("http://gateway:8484"));
        assert_eq!(called(&bound, &[("host", "gateway"), ("x-forwarded-proto", "https")]).as_deref(), Some("https://gateway"));
        let secured = Reached { public: None, bound: "https://127.0.0.1:8484".into() };
        assert_eq!(called(&secured, &[("host", "gateway:8484")]).as_deref(), Some("https://gateway:8484"));
        assert_eq!(origin(&bound, "http://other:1/a", &[("host", "gateway")]).as_deref(), Some("http://other:1"));
        assert_eq!(called(&public, &[("host", "gateway:8484")]).as_deref(), Some("https://keyway.example.com"));
        for hostile in ["a b", "a/b", "u@a", "a\"b", "", "a,b"] {
            assert_eq!(called(&bound, &[("host", hostile)]).as_deref(), Some("http://127.0.0.1:8484"), "{hostile}");
        }
        assert_eq!(called(&bound, &[("host", "a"), ("host", "b")]).as_deref(), Some("http://127.0.0.1:8484"));
        assert_eq!(called(&bound, &[]).as_deref(), Some("http://127.0.0.1:8484"));
    }

    #[test]
    fn who_called_hubspots_own_host_keeps_its_links() {
        let public = Reached { public: Some("https://keyway.example.com".into()), bound: String::new() };
        for host in ["api.hubapi.com", "API-eu1.hubapi.com.", "api.hubapi.com:443"] {
            assert_eq!(origin(&public, "/a", &[("host", host)]), None, "{host}");
        }
    }
}
