//! Where an account's calls go.

use http::Uri;
use http::header::HeaderValue;
use http::uri::{Authority, PathAndQuery, Scheme};
use keyway_core::hosts::ApiHost;

/// Where an account's calls go: a scheme and a host, checked once.
#[derive(Clone, Debug)]
pub struct Base {
    scheme: Scheme,
    /// In lower case.
    pub(super) authority: Authority,
    /// The authority as the header `Host` of every call.
    pub(super) host: HeaderValue,
}

/// By bytes: every call finds its connections by its base, and `Authority` compares and hashes letter by letter.
impl PartialEq for Base {
    fn eq(&self, other: &Self) -> bool {
        self.authority.as_str() == other.authority.as_str() && self.scheme == other.scheme
    }
}

impl Eq for Base {}

impl std::hash::Hash for Base {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.authority.as_str().hash(state);
    }
}

/// A base that credentials can't be sent to.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum BaseError {
    /// Not `https://host`.
    #[error(
        "{0:?} is not the URL of a server. Write scheme and host alone, such as https://keyway.example.com, without a path, query or user"
    )]
    Malformed(String),
    /// Plain HTTP to another machine.
    #[error("{0:?} must begin with https://. Keyway sends credentials over plain http:// to this machine only")]
    Plain(String),
}

impl Base {
    /// HubSpot, for all its data centres.
    pub const HUBSPOT: &str = "https://api.hubapi.com";

    /// Reads a base URL.
    ///
    /// # Errors
    /// It has more than a scheme and a host, or is plain HTTP to another machine.
    pub fn parse(text: &str) -> Result<Self, BaseError> {
        let base = Self::without_credential(text)?;
        if base.scheme == Scheme::HTTP && !is_this_machine(base.authority.host()) {
            return Err(BaseError::Plain(text.to_owned()));
        }
        Ok(base)
    }

    /// Reads a base URL that no credential is sent to, so it need not be HTTPS.
    ///
    /// # Errors
    /// It has more than a scheme and a host.
    pub fn without_credential(text: &str) -> Result<Self, BaseError> {
        let malformed = || BaseError::Malformed(text.to_owned());
        let parts = text.parse::<Uri>().map_err(|_| malformed())?.into_parts();
        let (Some(scheme), Some(authority)) = (parts.scheme, parts.authority) else { return Err(malformed()) };
        let bare = parts.path_and_query.is_none_or(|path| path == "/");
        if !bare || authority.as_str().contains('@') || (scheme != Scheme::HTTPS && scheme != Scheme::HTTP) {
            return Err(malformed());
        }
        let authority: Authority = authority.as_str().to_ascii_lowercase().parse().map_err(|_| malformed())?;
        let host = HeaderValue::from_str(authority.as_str()).map_err(|_| malformed())?;
        Ok(Self { scheme, authority, host })
    }

    /// Whether this is a host of HubSpot's API.
    pub fn is_hubspots(&self) -> bool {
        ApiHost::parse(self.authority.host()).is_some()
    }

    pub(super) fn uri(&self, path_and_query: PathAndQuery) -> Result<Uri, http::Error> {
        Uri::builder().scheme(self.scheme.clone()).authority(self.authority.clone()).path_and_query(path_and_query).build()
    }
}

impl std::fmt::Display for Base {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}://{}", self.scheme, self.authority)
    }
}

/// Whether a host of a URL is this machine, to which secrets may go in plain text.
pub fn is_this_machine(host: &str) -> bool {
    matches!(host, "127.0.0.1" | "localhost" | "[::1]")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_is_a_host_and_https_but_for_this_machine() {
        for text in ["https://api.hubapi.com", "https://api.hubapi.com/", "http://127.0.0.1:8484", "http://localhost:1", "http://[::1]:1"] {
            assert!(Base::parse(text).is_ok(), "{text}");
        }
        assert_eq!(Base::parse("https://api.hubapi.com/").unwrap().to_string(), Base::HUBSPOT);
        assert_eq!(Base::parse("HTTPS://API.HubAPI.com"), Base::parse(Base::HUBSPOT));
        for text in ["http://api.hubapi.com", "http://127.0.0.1.example.org", "http://localhost.example.org"] {
            assert_eq!(Base::parse(text), Err(BaseError::Plain(text.to_owned())), "{text}");
        }
        for text in
            ["", "api.hubapi.com", "https://u:p@api.hubapi.com", "https://api.hubapi.com/x", "https://api.hubapi.com?a", "ftp://localhost"]
        {
            assert_eq!(Base::parse(text), Err(BaseError::Malformed(text.to_owned())), "{text}");
        }
    }
}
