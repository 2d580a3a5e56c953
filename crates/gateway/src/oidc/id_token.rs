//! What an ID token says, once its signature and its claims hold (OpenID Connect Core 1.0, section 3.1.3.7).
//!
//! Decides only: the keys come from `oidc`, and the signatures are checked by ring.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{self, RsaPublicKeyComponents, UnparsedPublicKey};
use serde::Deserialize;
use serde_json::Value;

/// What is expected of a token.
pub(crate) struct Expected<'a> {
    pub issuer: &'a str,
    pub client_id: &'a str,
    /// As it was sent with the authorization request.
    pub nonce: &'a str,
    /// The present time, in seconds since 1970.
    pub now_s: i64,
}

/// What the token says of who signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Claims {
    pub subject: String,
    /// Their address; none where the issuer tells it elsewhere, or has not verified it.
    pub email: Option<String>,
}

/// How far two clocks may differ, in seconds.
const LEEWAY_S: i64 = 60;

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
}

/// Checks a token against an issuer's keys (RFC 7517).
///
/// # Errors
/// Why it can't be taken; for the log.
pub(crate) fn check(token: &str, keys: &Value, expected: &Expected<'_>) -> Result<Claims, &'static str> {
    let mut parts = token.split('.');
    let (Some(header), Some(payload), Some(mac), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return Err("it has not three parts");
    };
    let read: Header = json(header).ok_or("its header can't be read")?;
    let signature = URL_SAFE_NO_PAD.decode(mac).map_err(|_| "its signature can't be read")?;
    let signed = &token[..header.len() + 1 + payload.len()];
    let candidates = keys["keys"].as_array().map_or(&[][..], Vec::as_slice).iter().filter(|key| {
        let named = read.kid.as_deref().is_none_or(|kid| key["kid"].as_str().is_none_or(|own| own == kid));
        named && key["use"].as_str().is_none_or(|purpose| purpose == "sig")
    });
    // The algorithm decides which kind of key is looked at, so that one kind is never taken for another.
    if !candidates.into_iter().any(|key| is_signed(&read.alg, key, signed.as_bytes(), &signature)) {
        return Err("no key of the issuer's fits its signature");
    }
    claims(&json(payload).ok_or("its claims can't be read")?, expected)
}

fn json<T: serde::de::DeserializeOwned>(part: &str) -> Option<T> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

/// Public keys only: a token "signed" with none, or with the client's secret, is nobody's word here.
fn is_signed(alg: &str, key: &Value, signed: &[u8], signature: &[u8]) -> bool {
    let part = |name: &str| key[name].as_str().and_then(|text| URL_SAFE_NO_PAD.decode(text).ok()).unwrap_or_default();
    let rsa = |with: &signature::RsaParameters| {
        key["kty"] == "RSA" && RsaPublicKeyComponents { n: part("n"), e: part("e") }.verify(with, signed, signature).is_ok()
    };
    let ec = |curve: &str, with: &'static dyn signature::VerificationAlgorithm| {
        // An uncompressed point (SEC 1, section 2.3.3).
        let point = [&[4], part("x").as_slice(), part("y").as_slice()].concat();
        key["kty"] == "EC" && key["crv"] == curve && UnparsedPublicKey::new(with, point).verify(signed, signature).is_ok()
    };
    match alg {
        "RS256" => rsa(&signature::RSA_PKCS1_2048_8192_SHA256),
        "RS384" => rsa(&signature::RSA_PKCS1_2048_8192_SHA384),
        "RS512" => rsa(&signature::RSA_PKCS1_2048_8192_SHA512),
        "PS256" => rsa(&signature::RSA_PSS_2048_8192_SHA256),
        "ES256" => ec("P-256", &signature::ECDSA_P256_SHA256_FIXED),
        "ES384" => ec("P-384", &signature::ECDSA_P384_SHA384_FIXED),
        "EdDSA" => {
            key["kty"] == "OKP"
                && key["crv"] == "Ed25519"
                && UnparsedPublicKey::new(&signature::ED25519, part("x")).verify(signed, signature).is_ok()
        }
        _ => false,
    }
}

fn claims(said: &Value, expected: &Expected<'_>) -> Result<Claims, &'static str> {
    if said["iss"] != expected.issuer {
        return Err("it is another issuer's");
    }
    let for_us = match &said["aud"] {
        Value::String(one) => one == expected.client_id,
        Value::Array(several) => {
            several.iter().any(|one| one == expected.client_id) && (several.len() == 1 || said["azp"] == expected.client_id)
        }
        _ => false,
    };
    if !for_us {
        return Err("it is for another client");
    }
    let moment = |name: &str| said[name].as_f64().map(|seconds| seconds as i64);
    if moment("exp").is_none_or(|end| end + LEEWAY_S <= expected.now_s) {
        return Err("it has ended");
    }
    if moment("iat").is_none_or(|made| made - LEEWAY_S > expected.now_s) {
        return Err("it is of the future");
    }
    if said["nonce"] != expected.nonce {
        return Err("it is not an answer to this sign-in");
    }
    let subject = said["sub"].as_str().filter(|subject| !subject.is_empty()).ok_or("it names nobody")?;
    Ok(Claims { subject: subject.to_owned(), email: verified_email(said) })
}

/// An address that the issuer has verified.
pub(crate) fn verified_email(said: &Value) -> Option<String> {
    (said["email_verified"] == true).then(|| said["email"].as_str().map(str::to_owned))?
}

#[cfg(test)]
mod tests {
    use ring::rand::SystemRandom;
    use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
    use serde_json::json;

    use super::*;

    const EXPECTED: Expected<'_> = Expected { issuer: "https://id.example", client_id: "keyway", nonce: "n", now_s: 1_000_000 };

    fn encode(bytes: impl AsRef<[u8]>) -> String {
        URL_SAFE_NO_PAD.encode(bytes)
    }

    struct Issuer(EcdsaKeyPair);

    impl Issuer {
        fn new() -> Self {
            let random = SystemRandom::new();
            let pair = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
            Self(EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pair.as_ref(), &random).unwrap())
        }

        fn keys(&self) -> Value {
            let point = self.0.public_key().as_ref();
            json!({ "keys": [{ "kty": "EC", "crv": "P-256", "kid": "k", "x": encode(&point[1..33]), "y": encode(&point[33..]) }] })
        }

        fn token(&self, header: &Value, claims: &Value) -> String {
            let signed = format!("{}.{}", encode(header.to_string()), encode(claims.to_string()));
            let signature = self.0.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
            format!("{signed}.{}", encode(signature))
        }
    }

    fn good() -> Value {
        json!({ "iss": "https://id.example", "aud": "keyway", "sub": "7", "exp": 1_000_300, "iat": 999_990, "nonce": "n", "email": "ada@example.com", "email_verified": true })
    }

    #[test]
    fn a_token_of_the_issuer_for_this_sign_in_is_taken() {
        let issuer = Issuer::new();
        let token = issuer.token(&json!({ "alg": "ES256", "kid": "k" }), &good());
        let claims = check(&token, &issuer.keys(), &EXPECTED).unwrap();
        assert_eq!(claims, Claims { subject: "7".into(), email: Some("ada@example.com".into()) });
    }

    #[test]
    fn a_token_that_differs_in_one_claim_is_refused() {
        let issuer = Issuer::new();
        let header = json!({ "alg": "ES256", "kid": "k" });
        for (name, value) in [
            ("iss", json!("https://id.example/")),
            ("aud", json!("other")),
            ("aud", json!(["keyway", "other"])),
            ("aud", Value::Null),
            ("exp", json!(999_900)),
            ("exp", json!("1000300")),
            ("exp", Value::Null),
            ("iat", json!(1_000_100)),
            ("nonce", json!("m")),
            ("nonce", Value::Null),
            ("sub", json!("")),
        ] {
            let mut claims = good();
            claims[name] = value.clone();
            assert!(check(&issuer.token(&header, &claims), &issuer.keys(), &EXPECTED).is_err(), "{name} {value}");
        }
        for (name, value) in [("email_verified", json!(false)), ("email_verified", json!("true")), ("email_verified", Value::Null)] {
            let mut claims = good();
            claims[name] = value;
            assert_eq!(check(&issuer.token(&header, &claims), &issuer.keys(), &EXPECTED).unwrap().email, None);
        }
    }

    #[test]
    fn only_a_signature_by_a_key_of_the_issuer_counts() {
        let (issuer, stranger) = (Issuer::new(), Issuer::new());
        let header = json!({ "alg": "ES256", "kid": "k" });
        let token = issuer.token(&header, &good());
        assert!(check(&token, &stranger.keys(), &EXPECTED).is_err());
        for alg in ["none", "HS256", "RS256", "ES384", "EdDSA", ""] {
            assert!(check(&issuer.token(&json!({ "alg": alg, "kid": "k" }), &good()), &issuer.keys(), &EXPECTED).is_err(), "{alg}");
        }
        assert!(check(&issuer.token(&json!({ "alg": "ES256", "kid": "other" }), &good()), &issuer.keys(), &EXPECTED).is_err());
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let (header, _) = signed.split_once('.').unwrap();
        let mut other = good();
        other["email"] = json!("eve@example.com");
        for changed in [
            format!("{header}.{}.{signature}", encode(other.to_string())),
            format!("{signed}."),
            signed.to_owned(),
            format!("{token}.x"),
            String::new(),
        ] {
            assert!(check(&changed, &issuer.keys(), &EXPECTED).is_err(), "{changed}");
        }
    }
}
