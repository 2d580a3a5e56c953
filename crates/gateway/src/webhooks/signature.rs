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

/// The characters that a receiver decodes in the URL before it checks a v3 signature (hubspot facts, section 1). Others stay as
/// they are sent.
const DECODED: [(&str, char); 12] = [
    ("3A", ':'),
    ("2F", '/'),
    ("3F", '?'),
    ("40", '@'),
    ("21", '!'),
    ("24", '$'),
    ("27", '\''),
    ("28", '('),
    ("29", ')'),
    ("2A", '*'),
    ("2C", ','),
    ("3B", ';'),
];

/// HMAC-SHA-256 under the secret of method, URL, body and time (milliseconds since 1970), in Base64.
/// Receivers refuse what is older than five minutes.
pub fn v3(secret: &Secret<String>, method: &str, url: &str, body: &str, at_ms: i64) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes());
    STANDARD.encode(hmac::sign(&key, format!("{method}{}{body}{at_ms}", decoded(url)).as_bytes()))
}

fn decoded(url: &str) -> String {
    let mut parts = url.split('%');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let known = part.get(..2).and_then(|hex| DECODED.iter().find(|(own, _)| own.eq_ignore_ascii_case(hex)));
        match known {
            Some((hex, character)) => {
                text.push(*character);
                text.push_str(&part[hex.len()..]);
            }
            None => {
                text.push('%');
                text.push_str(part);
            }
        }
    }
    text
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

    #[test]
    fn the_url_of_a_v3_signature_is_decoded_as_receivers_do() {
        for (sent, signed) in [
            ("https://a.example/h?x=a%2Fb%3a1%40c", "https://a.example/h?x=a/b:1@c"),
            ("https://a.example/100%25?q=%20%3D%26%C3%A9%", "https://a.example/100%25?q=%20%3D%26%C3%A9%"),
            ("https://a.example/%21%24%27%28%29%2A%2C%3B%3F", "https://a.example/!$'()*,;?"),
            ("https://a.example/%2", "https://a.example/%2"),
            ("https://a.example/%é", "https://a.example/%é"),
        ] {
            assert_eq!(decoded(sent), signed);
        }
        let secret = Secret::new("secret".to_owned());
        let of = |url: &str| v3(&secret, "POST", url, "[]", 1);
        assert_eq!(of("https://a.example/h?x=a%2Fb"), of("https://a.example/h?x=a/b"));
    }
}
