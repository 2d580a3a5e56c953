//! The client secret of an app in Basic authentication: base64 of `client_id:client_secret`, sent to
//! HubSpot's token endpoint (RFC 6749, section 2.3.1).

use std::sync::LazyLock;

use keyway_core::secret::Secret;
use regex::bytes::Regex;

use super::surroundings::Surroundings;
use super::{Candidate, Text};
use crate::finding::{Confidence, Kind};
use crate::rules::Rules;
use crate::shape;

/// Finds client secrets in Basic authentication, in files that call HubSpot's token endpoint.
pub(super) fn find(text: Text<'_>, found: &mut Vec<Candidate>) {
    static ENDPOINT: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i-u)api(?:-[a-z]{2}\d)?\.(?:hubapi|hubspot)\.com/oauth/(?:v\d|20\d\d-\d\d)/token").expect("a constant")
    });
    // Two UUIDs and a colon are 73 bytes, or 98 base64 characters without padding.
    static PAIR: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"(?-u)\b[Bb]asic (?P<pair>[A-Za-z0-9+/]{98}(?:==)?)(?:[^\w+/=]|$)").expect("a constant"));
    if !PAIR.is_match(text.bytes) || !ENDPOINT.is_match(text.bytes) {
        return;
    }
    for pair in PAIR.captures_iter(text.bytes).filter_map(|captures| captures.name("pair")) {
        let Some(decoded) = shape::decode_any(pair.as_bytes()) else { continue };
        let Some(secret) = secret_of(&decoded).filter(|secret| shape::placeholder(secret).is_none()) else { continue };
        let surroundings = Surroundings::new(text, pair.range(), true);
        let why = "Basic authentication beside HubSpot's token endpoint";
        let (confidence, reason) = surroundings.confidence(Confidence::High, why, Rules::get());
        found.push(Candidate {
            at: pair.range(),
            value: Secret::new(secret),
            kind: Kind::OauthClientSecret,
            rule: "basic-authentication",
            confidence,
            reason,
            sent_to: None,
        });
    }
}

/// The client secret in a pair of UUIDs.
fn secret_of(decoded: &[u8]) -> Option<String> {
    let (id, secret) = decoded.split_at_checked(36)?;
    let secret = secret.strip_prefix(b":")?.trim_ascii_end();
    let whole = shape::uuid(id) == Some(36) && shape::uuid(secret) == Some(36) && secret.len() == 36;
    whole.then(|| String::from_utf8_lossy(secret).into_owned())
}
