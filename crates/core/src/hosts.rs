//! The HubSpot API hosts that the forward proxy handles.
//!
//! This is the proxy's only list: the hosts whose TLS it terminates, and the names that the certificates of its authority may
//! contain.

use std::fmt;

use crate::hublet::Hublet;

/// Hosts without a data centre in their name (hubspot facts, section 1, "Hosts and data centres").
/// Old integrations call `api.hubspot.com`, which behaves as `api.hubapi.com` does.
const WITHOUT_REGION: [&str; 2] = ["api.hubapi.com", "api.hubspot.com"];

/// The domains that the name constraints of the proxy's authority permit (RFC 5280, section 4.2.1.10): each permits itself
/// and every name below it. `hubapi.com` contains only API hosts, so a new data centre needs no new authority.
/// `hubspot.com` also contains hosts where people sign in, so only one of its hosts is permitted.
pub const PERMITTED_DOMAINS: [&str; 2] = ["hubapi.com", "api.hubspot.com"];

/// The port of every API host.
pub const API_PORT: u16 = 443;

/// A HubSpot API host, in lower case and without a dot at its end.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ApiHost(String);

impl ApiHost {
    /// Parses a host name; none where it is not a HubSpot API host.
    ///
    /// Names are compared without case, and a dot at the end does not matter (RFC 1034, section 3.1).
    pub fn parse(host: &str) -> Option<Self> {
        let host = host.strip_suffix('.').unwrap_or(host);
        if !PERMITTED_DOMAINS.iter().any(|domain| ends_with(host, domain)) {
            return None;
        }
        let host = host.to_ascii_lowercase();
        (WITHOUT_REGION.contains(&host.as_str()) || Hublet::of_host(&host).is_some()).then_some(Self(host))
    }

    /// The host name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The origin in links: `https://api.hubapi.com`.
    pub fn origin(&self) -> String {
        format!("https://{}", self.0)
    }
}

fn ends_with(host: &str, domain: &str) -> bool {
    let start = host.len().checked_sub(domain.len());
    start.and_then(|start| host.get(start..)).is_some_and(|end| end.eq_ignore_ascii_case(domain))
}

impl fmt::Display for ApiHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn api_hosts_are_known_in_any_spelling_and_nothing_beside_them() {
        for host in ["api.hubapi.com", "API.HubAPI.com", "api.hubapi.com.", "api.hubspot.com", "api-eu1.hubapi.com", "api-na10.hubapi.com"]
        {
            assert!(ApiHost::parse(host).is_some(), "{host}");
        }
        for host in [
            "",
            ".",
            "hubapi.com",
            "api.hubapi.com..",
            "app.hubspot.com",
            "app-eu1.hubspot.com",
            "api-.hubapi.com",
            "api-evil.hubapi.com",
            "api-eu1.hubspot.com",
            "x.api.hubapi.com",
            "api.hubapi.com.example.com",
            "xapi.hubapi.com",
            "api.hubapi.com:443",
            "127.0.0.1",
        ] {
            assert!(ApiHost::parse(host).is_none(), "{host}");
        }
    }

    #[test]
    fn the_authority_may_certify_every_api_host() {
        for host in ["api.hubapi.com", "api.hubspot.com", "api-na2.hubapi.com"] {
            let host = ApiHost::parse(host).unwrap();
            let permits = |domain: &&str| host.as_str() == *domain || host.as_str().ends_with(&format!(".{domain}"));
            assert!(PERMITTED_DOMAINS.iter().any(permits), "{host}");
        }
    }
}
