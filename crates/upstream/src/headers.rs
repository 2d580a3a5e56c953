//! The headers that Keyway forwards, in either direction.

use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use keyway_core::quota::BURST_MS;
use keyway_core::share::Told;

/// The request headers that Keyway forwards to HubSpot. It drops all others: cookies, `Forwarded` and the like
/// are not HubSpot's business, the client's credential is for Keyway only, and the HTTP client sets the framing
/// itself.
const LET_THROUGH: [HeaderName; 6] =
    [header::ACCEPT, header::ACCEPT_ENCODING, header::ACCEPT_LANGUAGE, header::CONTENT_TYPE, header::IF_NONE_MATCH, header::USER_AGENT];

/// The client's headers that Keyway forwards. They exclude the client's credential, so that no server after
/// Keyway gets it.
pub fn let_through(from: &HeaderMap) -> HeaderMap {
    let mut kept = HeaderMap::with_capacity(LET_THROUGH.len() + 1);
    for name in LET_THROUGH {
        // Several of one name are as hostile as they are rare; the first counts.
        if let Some(value) = from.get(&name) {
            let value = if name == header::ACCEPT_ENCODING { coding_asked_for(value) } else { value.clone() };
            kept.insert(name, value);
        }
    }
    kept
}

/// What HubSpot is asked to code its answer in: gzip where the client takes it, and nothing else, since
/// links are not found in other codings (RFC 9110, section 12.5.3).
fn coding_asked_for(accepted: &HeaderValue) -> HeaderValue {
    let (mut gzip, mut any) = (None, None);
    for item in accepted.to_str().unwrap_or_default().split(',') {
        let mut parts = item.split(';').map(|part| part.trim().to_ascii_lowercase());
        let name = parts.next().unwrap_or_default();
        let weight = parts.find_map(|part| part.strip_prefix("q=").and_then(|weight| weight.trim().parse::<f32>().ok()));
        let wanted = weight.is_none_or(|weight| weight > 0.0);
        match name.as_str() {
            "gzip" | "x-gzip" => gzip = Some(wanted),
            "*" => any = Some(wanted),
            _ => {}
        }
    }
    HeaderValue::from_static(if gzip.or(any).unwrap_or(false) { "gzip" } else { "identity" })
}

/// What of HubSpot's never reaches a client: hop-by-hop fields (RFC 9110, section 7.6.1) and
/// framing, cookies and policies of HubSpot's own host, what only Keyway says, and its rate headers, which speak of the
/// connection and not of the app that called.
const HELD_BACK: [&str; 20] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "content-length",
    "set-cookie",
    "set-cookie2",
    "strict-transport-security",
    "alt-svc",
    "www-authenticate",
    "server",
    "report-to",
    "nel",
    "cf-ray",
    "cf-cache-status",
];

/// Headers that Keyway adds to an answer at most: room for them is made at once.
const ADDED_MAX: usize = 10;
/// How HubSpot's rate headers begin.
const RATE: &str = "x-hubspot-ratelimit-";

/// HubSpot's response headers that Keyway returns to the client, and what its rate headers say.
pub(super) fn hand_on(from: &HeaderMap) -> (HeaderMap, Told) {
    let named: Vec<String> = from
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(',').map(|name| name.trim().to_ascii_lowercase()))
        .collect();
    let mut kept = HeaderMap::with_capacity(from.len() + ADDED_MAX);
    let mut limits = Limits::default();
    for (name, value) in from {
        let text = name.as_str();
        if let Some(limit) = text.strip_prefix(RATE) {
            limits.read(limit, value);
        } else if !(HELD_BACK.contains(&text) || text.starts_with("keyway-") || named.iter().any(|held| held == text)) {
            kept.append(name.clone(), value.clone());
        }
    }
    (kept, limits.told())
}

/// HubSpot's rate headers (hubspot facts, section 5). Of several with one name the first counts.
#[derive(Default)]
struct Limits {
    max: Option<u64>,
    remaining: Option<u64>,
    interval_ms: Option<u64>,
    daily: Option<u64>,
    daily_remaining: Option<u64>,
}

impl Limits {
    fn read(&mut self, name: &str, value: &HeaderValue) {
        let place = match name {
            "max" => &mut self.max,
            "remaining" => &mut self.remaining,
            "interval-milliseconds" => &mut self.interval_ms,
            "daily" => &mut self.daily,
            "daily-remaining" => &mut self.daily_remaining,
            _ => return,
        };
        if place.is_none() {
            *place = value.to_str().ok().and_then(|text| text.trim().parse().ok());
        }
    }

    /// Only a window of ten seconds is one that Keyway counts.
    fn told(self) -> Told {
        let ten_seconds = self.interval_ms.is_none_or(|ms| i64::try_from(ms) == Ok(BURST_MS));
        let small = |number: Option<u64>| number.filter(|_| ten_seconds).and_then(|number| u32::try_from(number).ok());
        Told { max: small(self.max), remaining: small(self.remaining), daily: self.daily, daily_remaining: self.daily_remaining }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap())).collect()
    }

    fn names(map: &HeaderMap) -> Vec<&str> {
        let mut names: Vec<&str> = map.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn a_clients_credential_cookies_and_framing_stay() {
        let sent = map(&[
            ("authorization", "Bearer x"),
            ("cookie", "a=b"),
            ("content-type", "application/json"),
            ("transfer-encoding", "chunked"),
            ("content-length", "3"),
            ("connection", "x-own"),
            ("x-own", "1"),
            ("x-forwarded-for", "10.0.0.1"),
            ("host", "keyway"),
            ("user-agent", "sync/1"),
        ]);
        assert_eq!(names(&let_through(&sent)), ["content-type", "user-agent"]);
    }

    #[test]
    fn hubspot_is_asked_for_gzip_or_for_no_coding() {
        for (accepted, asked) in [
            ("gzip, deflate, br, zstd", "gzip"),
            ("br;q=1.0, GZIP;q=0.5", "gzip"),
            ("*", "gzip"),
            ("x-gzip", "gzip"),
            ("br", "identity"),
            ("gzip;q=0, *", "identity"),
            ("*;q=0", "identity"),
            ("identity", "identity"),
            ("", "identity"),
        ] {
            let sent = map(&[("accept-encoding", accepted)]);
            assert_eq!(let_through(&sent)["accept-encoding"], asked, "{accepted}");
        }
    }

    #[test]
    fn rate_headers_are_read_and_nonsense_is_not() {
        let headers = map(&[
            ("x-hubspot-ratelimit-max", "190"),
            ("x-hubspot-ratelimit-remaining", "12"),
            ("x-hubspot-ratelimit-interval-milliseconds", "10000"),
            ("x-hubspot-ratelimit-daily", "-1"),
            ("x-hubspot-ratelimit-daily-remaining", "99999999999999999999999"),
        ]);
        assert_eq!(hand_on(&headers).1, Told { max: Some(190), remaining: Some(12), daily: None, daily_remaining: None });
        let secondly = map(&[("x-hubspot-ratelimit-max", "19"), ("x-hubspot-ratelimit-interval-milliseconds", "1000")]);
        assert_eq!(hand_on(&secondly).1, Told::default());
    }

    #[test]
    fn hop_by_hop_fields_cookies_and_the_connections_limits_are_held_back() {
        let answered = map(&[
            ("connection", "close, X-Own"),
            ("x-own", "1"),
            ("set-cookie", "a=b"),
            ("keyway-rule", "forged"),
            ("keyway-correlation-id", "forged"),
            ("x-hubspot-ratelimit-remaining", "3"),
            ("x-hubspot-correlation-id", "1"),
            ("content-type", "application/json"),
            ("content-encoding", "gzip"),
            ("transfer-encoding", "chunked"),
            ("retry-after", "1"),
        ]);
        assert_eq!(names(&hand_on(&answered).0), ["content-encoding", "content-type", "retry-after", "x-hubspot-correlation-id"]);
    }
}
