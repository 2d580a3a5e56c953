//! Under which host names the admin listener answers.
//!
//! A page in a browser can make a name of its own point at this machine (DNS rebinding). The browser then takes
//! Keyway for a part of that page's site, and lets the page read every answer. Such a page has neither the session
//! cookie, which belongs to another name, nor an admin token. So a request with a token is answered under any
//! name, and so are probes and the files of a page's style, in which there is nothing to read. All else, sign-in
//! above all, is answered under names that the operator chose, `localhost` and addresses, which no name server
//! controls.

use std::str::FromStr;
use std::sync::{Arc, PoisonError, RwLock};

use axum::extract::Request;
use axum::http::HeaderMap;
use axum::http::header::{ACCEPT, ACCEPT_LANGUAGE, COOKIE, HOST, HeaderName, ORIGIN, REFERER};
use axum::http::uri::Authority;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use keyway_gateway::admin::{ApiError, presented};

use super::page;

/// A host name of `--admin-hosts`, in lower case and without a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostName(String);

/// What is not a host name.
#[derive(Debug, thiserror::Error)]
#[error("write the name alone, without scheme, port or *, such as keyway.example.com")]
pub struct NotAHostName;

/// Longest name in DNS, in its text form (RFC 1035, section 2.3.4).
const NAME_BYTES_MAX: usize = 253;

impl FromStr for HostName {
    type Err = NotAHostName;

    fn from_str(text: &str) -> Result<Self, NotAHostName> {
        let name = text.strip_suffix('.').unwrap_or(text);
        let is_label = |label: &str| !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        if name.len() > NAME_BYTES_MAX || !name.split('.').all(is_label) {
            return Err(NotAHostName);
        }
        Ok(Self(name.to_ascii_lowercase()))
    }
}

/// The names of `--admin-hosts`. Clones see the same names, and names that are set later.
#[derive(Clone, Default)]
pub struct AdminHosts(Arc<RwLock<Vec<HostName>>>);

impl AdminHosts {
    /// These names.
    pub fn new(names: Vec<HostName>) -> Self {
        Self(Arc::new(RwLock::new(names)))
    }

    /// Answers under these names from now on.
    pub fn set(&self, names: Vec<HostName>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = names;
    }

    fn contains(&self, name: &HostName) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).contains(name)
    }
}

/// The names of one listener.
#[derive(Clone)]
pub(super) struct Hosts {
    own: Option<HostName>,
    more: AdminHosts,
}

impl Hosts {
    /// The host of the listener's own address, and those that the operator names.
    pub(super) fn new(admin_url: &str, more: AdminHosts) -> Self {
        let own = keyway_oauth::redirect::authority(admin_url).parse::<Authority>().ok();
        Self { own: own.and_then(|own| own.host().parse().ok()), more }
    }

    /// Whether a request is for this listener and for no other site: its only `Host`, and the host of an absolute
    /// target (RFC 9112, section 3.2.2), are an address, `localhost` or one of the names. The port does not matter, as it
    /// is not what a name server decides.
    fn know(&self, request: &Request) -> bool {
        let known = |authority: &Authority| {
            let host = authority.host();
            // The whole of it: no user, and nothing between an address in brackets and the port.
            let port = authority.as_str().strip_prefix(host).map(|rest| rest.strip_prefix(':').unwrap_or(rest));
            if !port.is_some_and(|port| port.bytes().all(|byte| byte.is_ascii_digit())) {
                return false;
            }
            let is_address = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok();
            is_address
                || host
                    .parse()
                    .is_ok_and(|name: HostName| name.0 == "localhost" || self.own.as_ref() == Some(&name) || self.more.contains(&name))
        };
        asked(request.headers()).as_ref().is_some_and(known) && request.uri().authority().is_none_or(known)
    }
}

/// The only `Host` of a request.
fn asked(headers: &HeaderMap) -> Option<Authority> {
    let mut hosts = headers.get_all(HOST).iter();
    let (host, None) = (hosts.next()?, hosts.next()) else { return None };
    host.to_str().ok()?.parse().ok()
}

/// The answer to a request under another host name.
pub(super) async fn check(hosts: Hosts, request: Request, next: Next) -> Response {
    if hosts.know(&request) || is_for_any_host(&request) {
        return next.run(request).await;
    }
    let name = asked(request.headers()).and_then(|authority| authority.host().parse::<HostName>().ok());
    let (shown, value) = match &name {
        Some(HostName(name)) => (format!("the host name {name}"), name.as_str()),
        None => ("this host name".to_owned(), "NAME"),
    };
    if wants_html(request.headers()) {
        let text = format!(
            "Keyway does not serve browsers under {shown}. If the name is yours, start the server with --admin-hosts {value}. \
             The environment variable KEYWAY_ADMIN_HOSTS and admin-hosts in the configuration file do the same. \
             Until then, use the server's IP address, localhost, or the host name of --admin-url."
        );
        return page::harden(page::message(421, "This host name is not set up", &text)).await;
    }
    let text = format!(
        "the admin listener does not answer under {shown}. Start the server with --admin-hosts {value}, or send an admin token as 'Authorization: Bearer …', which works under any host name"
    );
    ApiError::new(421, "misdirected", text).into_response()
}

/// What no other site can make use of, whatever name it is asked for by.
fn is_for_any_host(request: &Request) -> bool {
    match request.uri().path() {
        // Answers that are the same for everybody.
        "/healthz" | "/readyz" => true,
        path if path.starts_with("/assets/") => true,
        // Counts. Whoever scrapes them is not a browser.
        "/metrics" => !is_browser(request.headers()),
        // Below here only a token opens an operation, and a cookie none.
        path => path.starts_with("/api/v1/") && presented(request).is_some(),
    }
}

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Whether a browser sent a request. A page can leave out the other headers, and can give `Accept-Language` another
/// value, but the browser sends it in any case.
fn is_browser(headers: &HeaderMap) -> bool {
    [ACCEPT_LANGUAGE, FETCH_SITE, ORIGIN, REFERER, COOKIE].iter().any(|name| headers.contains_key(name))
}

fn wants_html(headers: &HeaderMap) -> bool {
    headers.get_all(ACCEPT).iter().any(|value| value.to_str().is_ok_and(|value| value.contains("text/html")))
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    fn knows(target: &str, hosts: &[&str]) -> bool {
        let names = Hosts::new("https://keyway.example.com:8443", AdminHosts::new(vec!["Gateway.internal.".parse().unwrap()]));
        let mut request = Request::builder().uri(target);
        for host in hosts {
            request = request.header(HOST, *host);
        }
        names.know(&request.body(Body::empty()).unwrap())
    }

    #[test]
    fn addresses_localhost_and_chosen_names_are_known_at_every_port() {
        for host in [
            "127.0.0.1:8485",
            "10.1.2.3",
            "[::1]:8485",
            "localhost",
            "LOCALHOST:1",
            "keyway.example.com",
            "gateway.internal:8485",
            "gateway.internal.",
        ] {
            assert!(knows("/", &[host]), "{host}");
        }
    }

    #[test]
    fn other_names_are_not_known_however_they_are_written() {
        let refused: [&[&str]; 12] = [
            &[],
            &[""],
            &["evil.example"],
            &["localhost.evil.example"],
            &["evil.keyway.example.com"],
            &["127.0.0.1.evil.example"],
            &["localhost@evil.example"],
            &["evil.example@localhost"],
            &["localhost", "evil.example"],
            &["localhost, evil.example"],
            &["localhost evil.example"],
            &["[::1].evil.example"],
        ];
        for hosts in refused {
            assert!(!knows("/", hosts), "{hosts:?}");
        }
        assert!(!knows("http://evil.example/", &["localhost"]));
        assert!(!knows("http://localhost/", &["evil.example"]));
        assert!(knows("http://localhost/", &["localhost"]));
    }

    #[test]
    fn a_host_name_is_written_alone() {
        for text in ["", "*", "https://a.example", "a.example:8485", "a..b", "a b", "a.example/", "[::1]", "ä.example"] {
            assert!(text.parse::<HostName>().is_err(), "{text}");
        }
    }
}
