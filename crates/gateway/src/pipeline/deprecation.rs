//! Tells callers of operations that end: `Deprecation` (RFC 9745), `Sunset` and `Link` (RFC 8594).

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use http::header::{HeaderMap, HeaderName, HeaderValue, LINK};
use jiff::civil::Date;
use keyway_core::catalog::tables::sunsets;
use keyway_core::catalog::{Catalog, Operation};
use keyway_core::sunset;

const DEPRECATION: HeaderName = HeaderName::from_static("deprecation");
const SUNSET: HeaderName = HeaderName::from_static("sunset");

/// The day on which dated versions became generally available and HubSpot called the numbered ones
/// legacy (hubspot facts, section 2): 2026-03-30, as RFC 9745 writes it.
const NUMBERED_ARE_LEGACY_SINCE: HeaderValue = HeaderValue::from_static("@1774828800");

/// The headers of each operation that ends, made once, when it is first called: making all of them
/// would be the longest part of a start.
pub(super) struct Deprecations {
    by_operation: Vec<OnceLock<Option<Box<Headers>>>>,
    /// Calls of such operations, by the date of their end.
    counts: Counts,
}

type Counts = BTreeMap<&'static str, Arc<AtomicU64>>;

struct Headers {
    /// The count of its date.
    count: Option<Arc<AtomicU64>>,
    sunset: HeaderValue,
    /// Where to go, if HubSpot has said.
    successor: Option<HeaderValue>,
}

impl Deprecations {
    pub(super) fn new() -> Self {
        let by_operation = Catalog::get().operations().iter().map(|_| OnceLock::new()).collect();
        let counts = sunsets().iter().filter(|row| row.matches.starts_with('/')).map(|row| (row.date, Arc::default())).collect();
        Self { by_operation, counts }
    }

    /// Calls told, by the date of their operation's end.
    pub(super) fn counts(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.counts.iter().map(|(ends, count)| (*ends, count.load(Ordering::Relaxed)))
    }

    /// Adds the headers of an operation that ends, and counts the call.
    pub(super) fn tell(&self, operation: &Operation, to: &mut HeaderMap) {
        let Some(headers) = self.by_operation.get(usize::from(operation.id.0)) else { return };
        let Some(headers) = headers.get_or_init(|| headers_of(operation, &self.counts).map(Box::new)) else { return };
        if let Some(count) = &headers.count {
            count.fetch_add(1, Ordering::Relaxed);
        }
        to.insert(DEPRECATION, NUMBERED_ARE_LEGACY_SINCE);
        to.insert(SUNSET, headers.sunset.clone());
        if let Some(successor) = &headers.successor {
            to.append(LINK, successor.clone());
        }
    }
}

/// Numbered versions only: that a dated one ends is inferred, and far off.
fn headers_of(operation: &Operation, counts: &Counts) -> Option<Headers> {
    let ends = sunset::of_path(operation.template).filter(|_| operation.is_numbered())?;
    let date: Date = ends.date.parse().ok()?;
    let successor = sunset::successor(operation.method, operation.template).and_then(|row| row.successor);
    Some(Headers {
        count: counts.get(ends.date).cloned(),
        sunset: HeaderValue::from_str(&date.strftime("%a, %d %b %Y 00:00:00 GMT").to_string()).ok()?,
        // A template is not a URI until its variables are filled in, which RFC 6570 says for links too.
        successor: successor.and_then(|path| HeaderValue::from_str(&format!("<{path}>; rel=\"successor-version\"")).ok()),
    })
}

#[cfg(test)]
mod tests {
    use keyway_core::catalog::Method;

    use super::*;

    fn told(template: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        Deprecations::new().tell(Catalog::get().find(Method::Get, template).unwrap(), &mut headers);
        headers
    }

    #[test]
    fn a_numbered_version_tells_its_end_and_its_successor() {
        let headers = told("/crm/v3/objects/contacts");
        assert_eq!(headers[SUNSET], "Thu, 30 Sep 2027 00:00:00 GMT");
        assert_eq!(headers[DEPRECATION], "@1774828800");
        assert_eq!(headers[LINK], "</crm/objects/2026-09/contacts>; rel=\"successor-version\"");
    }

    #[test]
    fn a_dated_version_tells_nothing() {
        assert!(told("/crm/objects/2026-09/{objectType}").is_empty());
    }
}
