//! HubSpot's signatures of what it sends to an app (hubspot facts, section 1).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use keyway_core::secret::Secret;
use ring::{digest, hmac};

/// SHA-256 of the secret and the body, in hexadecimal.
pub fn v1(secret: &Secret<String>, body: &str) -> String {
    let hash = digest::digest(&digest::SHA256, [secret.expose().as_bytes(), body.as_bytes()].concat().as_slice());
    hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// HMAC-SHA-256 under the secret of method, URL, body and time (milliseconds since 1970), in Base64.
/// Receivers refuse what is older than five minutes.
pub fn v3(secret: &Secret<String>, method: &str, url: &str, body: &str, at_ms: i64) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes());
    STANDARD.encode(hmac::sign(&key, format!("{method}{url}{body}{at_ms}").as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_are_those_that_other_programs_reckon() {
        // printf 'secret[]' | sha256sum; printf 'POSThttps://a.example/h[]1700000000000' | openssl dgst -sha256 -hmac secret -binary | base64
        let secret = Secret::new("secret".to_owned());
        assert_eq!(v1(&secret, "[]"), "e54739419ee05866a0e9d8df6b398edcb6c4e7b4c1e1a8c66b5fc889d024eb54");
        assert_eq!(v3(&secret, "POST", "https://a.example/h", "[]", 1_700_000_000_000), "bnUfb/ck71lOBTMZzTV/vneUhrAcCWZKFRgTjixlRog=");
    }
}
