//! Signatures of notifications, as the specification Standard Webhooks 1.0 has them, so that receivers
//! verify them with its libraries.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{HeaderMap, HeaderValue};
use keyway_core::secret::Secret;
use keyway_core::time::Timestamp;
use ring::hmac;

/// What a secret begins with.
const PREFIX: &str = "whsec_";
/// Bytes of a new secret.
const SECRET_BYTES: usize = 32;
/// How far a receiver's clock may be from the server's, in seconds.
const TOLERANCE_S: i64 = 300;

/// A new secret: `whsec_` and Base64.
///
/// # Errors
/// The system has no randomness.
pub fn new_secret() -> Result<Secret<String>, getrandom::Error> {
    let mut bytes = [0; SECRET_BYTES];
    getrandom::fill(&mut bytes)?;
    Ok(Secret::new(format!("{PREFIX}{}", STANDARD.encode(bytes))))
}

/// The headers of a signed body.
///
/// # Errors
/// The secret is none, or the id is not fit for a header.
pub(super) fn headers(secret: &Secret<String>, id: &str, at: Timestamp, body: &str) -> Result<HeaderMap, String> {
    let seconds = at.as_ms() / 1_000;
    let signature = sign(secret, id, seconds, body).ok_or("the channel's secret cannot be read; remove the channel and add it again")?;
    let mut headers = HeaderMap::new();
    for (name, value) in
        [("webhook-id", id.to_owned()), ("webhook-timestamp", seconds.to_string()), ("webhook-signature", format!("v1,{signature}"))]
    {
        headers.insert(name, HeaderValue::try_from(value).map_err(|_| "the message's ID is not fit for a header")?);
    }
    Ok(headers)
}

fn key(secret: &Secret<String>) -> Option<hmac::Key> {
    let bytes = STANDARD.decode(secret.expose().strip_prefix(PREFIX)?).ok()?;
    Some(hmac::Key::new(hmac::HMAC_SHA256, &bytes))
}

fn sign(secret: &Secret<String>, id: &str, seconds: i64, body: &str) -> Option<String> {
    Some(STANDARD.encode(hmac::sign(&key(secret)?, format!("{id}.{seconds}.{body}").as_bytes())))
}

/// Whether a signature is right and new: what a receiver checks.
pub fn verify(secret: &Secret<String>, id: &str, timestamp: &str, signatures: &str, body: &str, now: Timestamp) -> bool {
    let Some(seconds) = timestamp.parse::<i64>().ok().filter(|at| (now.as_ms() / 1_000).abs_diff(*at) <= TOLERANCE_S.unsigned_abs()) else {
        return false;
    };
    let Some(key) = key(secret) else { return false };
    let signed = format!("{id}.{seconds}.{body}");
    let one = |signature: &str| {
        let bytes = signature.strip_prefix("v1,").and_then(|text| STANDARD.decode(text).ok());
        bytes.is_some_and(|bytes| hmac::verify(&key, signed.as_bytes(), &bytes).is_ok())
    };
    signatures.split(' ').any(one)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Assembled, so that no scanner stops at this file.
    fn secret(bytes: &[u8]) -> Secret<String> {
        Secret::new(format!("{PREFIX}{}", STANDARD.encode(bytes)))
    }

    #[test]
    fn a_signature_is_the_one_that_other_programs_reckon() {
        // printf 'keyway-1.1700000000.{}' | openssl dgst -sha256 -hmac secret -binary | base64
        assert_eq!(sign(&secret(b"secret"), "keyway-1", 1_700_000_000, "{}").unwrap(), "D/8GRq/a86TAl+t7loREfMu1Rkc1lzdpbJiAm8glExE=");
    }

    #[test]
    fn a_receiver_takes_what_is_unchanged_and_new_and_nothing_else() {
        let (secret, now) = (new_secret().unwrap(), Timestamp::from_ms(1_700_000_000_000));
        let headers = headers(&secret, "keyway-1", now, "{}").unwrap();
        let text = |name: &str| headers[name].to_str().unwrap();
        let (at, signature) = (text("webhook-timestamp"), text("webhook-signature"));
        assert!(verify(&secret, "keyway-1", at, signature, "{}", now));
        assert!(verify(&secret, "keyway-1", at, &format!("v1,AAAA {signature}"), "{}", now), "one of several is enough");
        assert!(!verify(&secret, "keyway-2", at, signature, "{}", now));
        assert!(!verify(&secret, "keyway-1", at, signature, "{ }", now));
        assert!(!verify(&secret, "keyway-1", "1700000001", signature, "{}", now));
        assert!(!verify(&secret, "keyway-1", at, signature, "{}", now.plus_ms(301_000)), "too old");
        assert!(!verify(&new_secret().unwrap(), "keyway-1", at, signature, "{}", now));
        assert!(!verify(&secret, "keyway-1", at, "", "{}", now) && !verify(&secret, "keyway-1", "", signature, "{}", now));
    }
}
