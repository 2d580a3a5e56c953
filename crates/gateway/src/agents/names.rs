//! Under which addresses the listener of agents is reached.
//!
//! A client compares what it reads with the address that it called (RFC 9728, section 3.3; RFC 8414, section 3.3), so
//! the answer has that address, where it is one of the listener's.

use http::uri::Authority;
use keyway_core::refusal::Refusal;
use keyway_oauth::agent::metadata;
use keyway_oauth::error::{Code, OAuthError};
use keyway_oauth::redirect;

/// The addresses of a listener.
#[derive(Clone, Debug)]
pub struct Names {
    /// Scheme and host, as the operator says; nothing else counts then.
    url: Option<String>,
    scheme: &'static str,
    /// Host and port where nobody says more.
    bound: String,
    /// Host names beside this machine's own.
    hosts: Vec<String>,
}

impl Names {
    /// Those of a listener that is bound at `bound`, reached at `url` alone where the operator says so.
    pub const fn new(url: Option<String>, scheme: &'static str, bound: String, hosts: Vec<String>) -> Self {
        Self { url, scheme, bound, hosts }
    }

    /// The address for a request with this `Host`.
    pub fn origin(&self, host: Option<&str>) -> String {
        if let Some(url) = &self.url {
            return url.clone();
        }
        let host = host.filter(|host| self.is_own(host)).unwrap_or(&self.bound);
        format!("{}://{}", self.scheme, host.to_ascii_lowercase())
    }

    /// The address in a resource that a client names; none where the resource is another server's.
    pub fn origin_of(&self, resource: &str) -> Option<String> {
        let asked = metadata::origin_of(resource)?;
        let (_, host) = asked.split_once("://")?;
        (self.origin(Some(host)) == asked).then_some(asked)
    }

    /// The host of the address that the operator says.
    pub fn host(&self) -> Option<&str> {
        self.url.as_deref().map(redirect::authority)
    }

    fn is_own(&self, host: &str) -> bool {
        let Ok(authority) = host.parse::<Authority>() else { return false };
        let name = authority.host();
        let is_named = |one: &String| one.eq_ignore_ascii_case(name) || one.eq_ignore_ascii_case(host);
        !host.contains('@')
            && (matches!(name, "127.0.0.1" | "[::1]") || name.eq_ignore_ascii_case("localhost") || self.hosts.iter().any(is_named))
    }
}

/// A token for another resource is asked for (RFC 8707, section 2).
pub(super) fn not_ours() -> OAuthError {
    OAuthError::new(Code::InvalidTarget, Refusal::OAuthRequest, "the resource is not this server's; the metadata of the resource names it")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_has_the_address_that_was_called_where_it_is_the_listeners() {
        let names = Names::new(None, "http", "127.0.0.1:8487".into(), vec!["agents.example".into()]);
        let origin = |host: &str| names.origin(Some(host));
        assert_eq!(origin("localhost:8487"), "http://localhost:8487");
        assert_eq!(origin("Agents.example"), "http://agents.example");
        for host in ["evil.example", "agents.example.evil.example", "localhost@evil.example", "a b", ""] {
            assert_eq!(origin(host), "http://127.0.0.1:8487", "{host}");
        }
        assert_eq!(names.origin_of("http://localhost:8487/mcp").as_deref(), Some("http://localhost:8487"));
        for resource in ["https://localhost:8487/mcp", "http://evil.example/mcp", "http://localhost:8487/crm"] {
            assert_eq!(names.origin_of(resource), None, "{resource}");
        }
    }

    #[test]
    fn where_the_operator_says_the_address_nothing_else_counts() {
        let names = Names::new(Some("https://agents.example".into()), "http", "127.0.0.1:8487".into(), Vec::new());
        assert_eq!(names.origin(Some("localhost:8487")), "https://agents.example");
        assert_eq!(names.origin_of("https://agents.example/mcp").as_deref(), Some("https://agents.example"));
        assert_eq!(names.origin_of("http://localhost:8487/mcp"), None);
    }
}
