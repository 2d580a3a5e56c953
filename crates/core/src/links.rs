//! Rewrites links in HubSpot's answers. A link to a HubSpot API host in the JSON gets another origin while the answer is
//! forwarded, so that a client which follows links stays at the address that it called.
//!
//! A link is what HubSpot's published models call a link: `link` of a page (`paging.next`, `paging.prev`) and the members of
//! `links`, at any depth. Text that the account itself wrote (`properties` and the like) never is a link: a client that reads
//! a record and writes it back must not change it. All other bytes stay the same. [`Rewriter`] keeps a bounded state and
//! takes its input in pieces of any size.

mod rewriter;

use std::sync::LazyLock;

use memchr::memmem;

use crate::hosts::ApiHost;

pub use rewriter::Rewriter;

/// Whether JSON may contain a link that changes. All links are under the keys `link` and `links`, and [`Rewriter`] ignores
/// keys with an escape, so false is certain.
pub fn may_occur(json: &[u8]) -> bool {
    static KEY: LazyLock<memmem::Finder<'static>> = LazyLock::new(|| memmem::Finder::new(b"\"link"));
    KEY.find(json).is_some()
}

/// The links that change, and their new origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Links {
    /// Origin of the connection, such as `https://api.hubapi.com`.
    base: String,
    /// The origin that the client called, such as `http://127.0.0.1:8484`.
    called: String,
}

impl Links {
    /// Changes links to HubSpot's API hosts and to `base` into links to `called`. Both are a scheme and an authority without a
    /// slash at the end. None where `called` is itself a HubSpot API host, as for clients of the forward proxy, or where it is
    /// not an origin.
    pub fn new(base: &str, called: &str) -> Option<Self> {
        let authority = called.strip_prefix("https://").or_else(|| called.strip_prefix("http://"))?;
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b':' | b'[' | b']');
        let is_origin = (1..=300).contains(&authority.len()) && authority.bytes().all(allowed);
        (is_origin && !is_api_authority(authority)).then(|| Self { base: base.to_owned(), called: called.to_owned() })
    }

    /// A rewriter of one answer.
    pub fn rewriter(&self) -> Rewriter {
        Rewriter::new(self.clone())
    }

    /// The value of a header that is one URL (`Location`, `Content-Location`), if it changes.
    pub fn url(&self, value: &str) -> Option<String> {
        let end = origin_end(value);
        self.names_api(&value[..end]).then(|| format!("{}{}", self.called, &value[end..]))
    }

    /// The value of a `Link` header (RFC 8288, section 3), if it changes.
    pub fn link_header(&self, value: &str) -> Option<String> {
        let mut parts = value.split('<');
        let mut made = parts.next()?.to_owned();
        let mut changed = false;
        for part in parts {
            let url = self.url(part);
            changed |= url.is_some();
            made.push('<');
            made.push_str(url.as_deref().unwrap_or(part));
        }
        changed.then_some(made)
    }

    fn names_api(&self, origin: &str) -> bool {
        origin == self.base || origin.strip_prefix("https://").is_some_and(is_api_authority)
    }
}

/// Whether this is a HubSpot API host, with or without its port.
fn is_api_authority(authority: &str) -> bool {
    let host = authority.strip_suffix(":443").unwrap_or(authority);
    // HubSpot writes its hosts in lower case.
    ApiHost::parse(host).is_some_and(|known| known.as_str() == host)
}

/// The end of a URL's origin: its path, query, fragment or end.
fn origin_end(url: &str) -> usize {
    let after = url.find("://").map_or(0, |at| at + 3);
    url[after..].find(['/', '?', '#', '>']).map_or(url.len(), |at| after + at)
}
