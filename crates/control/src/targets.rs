//! The hosts to which Keyway sends what is not a call: webhooks of embedded accounts, and notifications.

use std::fmt;

use http::Uri;
use http::uri::PathAndQuery;

use crate::upstream::{Base, is_this_machine};

/// Longest URL of a target, in bytes.
const URL_BYTES_MAX: usize = 2_000;

/// The hosts that may be sent to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Targets {
    /// This machine, over loopback: for tests beside the server.
    ThisMachine,
    /// These hosts, by name; `*` is any.
    Hosts(Vec<String>),
    /// None.
    Nobody,
}

/// Where one request goes.
#[derive(Debug, PartialEq, Eq)]
pub struct Target {
    /// Scheme and host.
    pub base: Base,
    /// The rest.
    pub path: PathAndQuery,
    /// The host, lower case.
    pub host: String,
}

impl Target {
    /// Reads the URL of a target.
    ///
    /// # Errors
    /// It is none that can be sent to; says why.
    pub fn parse(url: &str) -> Result<Self, String> {
        let malformed = || format!("the target is not a URL such as https://app.example.com/webhooks, of {URL_BYTES_MAX} bytes at most");
        let parts = url.parse::<Uri>().ok().filter(|_| url.len() <= URL_BYTES_MAX).ok_or_else(malformed)?.into_parts();
        let (Some(scheme), Some(authority)) = (parts.scheme, parts.authority) else { return Err(malformed()) };
        let base = Base::without_credential(&format!("{scheme}://{authority}")).map_err(|_| malformed())?;
        let host = authority.host().to_ascii_lowercase();
        Ok(Self { base, path: parts.path_and_query.unwrap_or_else(|| PathAndQuery::from_static("/")), host })
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.base, self.path)
    }
}

impl Targets {
    /// A target to which webhooks may go.
    ///
    /// # Errors
    /// They may not; says what would change that.
    pub fn allow(&self, target: Target) -> Result<Target, String> {
        if self.allows(&target.host) {
            Ok(target)
        } else {
            Err(format!("this server sends no webhooks to {0}; `keyway serve --webhook-hosts {0}` lets it", target.host))
        }
    }

    /// Whether a host is one of them, by its name in a URL.
    pub fn allows(&self, host: &str) -> bool {
        match self {
            Self::ThisMachine => is_this_machine(host),
            Self::Hosts(hosts) => hosts.iter().any(|one| one == "*" || one.eq_ignore_ascii_case(host)),
            Self::Nobody => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn goes(targets: &Targets, url: &str) -> bool {
        Target::parse(url).and_then(|target| targets.allow(target)).is_ok()
    }

    #[test]
    fn webhooks_go_to_allowed_hosts_and_nowhere_else() {
        assert!(goes(&Targets::ThisMachine, "http://127.0.0.1:3000/hooks?a=b") && goes(&Targets::ThisMachine, "http://localhost/"));
        for url in
            ["http://169.254.169.254/latest/meta-data", "http://10.0.0.1/", "http://127.0.0.1.example.com/", "http://[::ffff:10.0.0.1]/"]
        {
            assert!(!goes(&Targets::ThisMachine, url), "{url}");
            assert!(!goes(&Targets::Nobody, url), "{url}");
        }
        let named = Targets::Hosts(vec!["app".into(), "Hooks.example.com".into()]);
        assert!(goes(&named, "http://app:3000/") && goes(&named, "https://hooks.EXAMPLE.com/a"));
        assert!(!goes(&named, "http://127.0.0.1/") && !goes(&named, "https://a.hooks.example.com/"));
        assert!(goes(&Targets::Hosts(vec!["*".into()]), "https://any.example.com"));
    }

    #[test]
    fn what_is_no_url_of_a_target_is_refused() {
        let long = format!("https://example.com/{}", "a".repeat(URL_BYTES_MAX));
        for url in ["", "/hooks", "file:///etc/passwd", "ftp://example.com/", "https://user@example.com/", "https://exa mple.com", &long] {
            assert!(Target::parse(url).is_err(), "{url}");
        }
    }

    #[test]
    fn a_target_without_a_path_is_signed_as_it_is_received() {
        assert_eq!(Target::parse("https://example.com").unwrap().to_string(), "https://example.com/");
    }
}
