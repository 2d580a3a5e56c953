//! Proof Key for Code Exchange (RFC 7636). Only S256: `plain` protects against nothing that an
//! attacker who sees the authorization request can do (RFC 9700, section 2.1.1).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};

/// A challenge, as a client sends it with its authorization request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge(String);

/// Not a challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChallengeError {
    /// Not S256.
    #[error("code_challenge_method must be S256")]
    Method,
    /// Not the text of a SHA-256.
    #[error("code_challenge must be the base64url of a SHA-256, without padding")]
    Malformed,
}

impl Challenge {
    /// Reads a challenge with its method.
    ///
    /// # Errors
    /// The method is not `S256` (one that is left out means `plain`), or the text can't be one.
    pub fn parse(challenge: &str, method: Option<&str>) -> Result<Self, ChallengeError> {
        if method != Some("S256") {
            return Err(ChallengeError::Method);
        }
        Self::from_text(challenge)
    }

    /// Reads a challenge that was kept.
    ///
    /// # Errors
    /// The text can't be one.
    pub fn from_text(text: &str) -> Result<Self, ChallengeError> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| ChallengeError::Malformed)?;
        if bytes.len() == 32 { Ok(Self(text.to_owned())) } else { Err(ChallengeError::Malformed) }
    }

    /// The challenge of a verifier (section 4.2).
    pub fn of(verifier: &str) -> Self {
        Self(URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes())))
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the verifier is the one (section 4.6).
    pub fn fits(&self, verifier: &str) -> bool {
        let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        (43..=128).contains(&verifier.len()) && verifier.bytes().all(unreserved) && Self::of(verifier) == *self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_specification_holds() {
        // RFC 7636, appendix B.
        let challenge = Challenge::parse("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", Some("S256")).unwrap();
        assert!(challenge.fits("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"));
        assert!(!challenge.fits("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXl"));
        assert!(!challenge.fits(""));
    }

    #[test]
    fn plain_is_refused_said_or_not() {
        let challenge = Challenge::of("x");
        assert_eq!(Challenge::parse(challenge.as_str(), None), Err(ChallengeError::Method));
        assert_eq!(Challenge::parse(challenge.as_str(), Some("plain")), Err(ChallengeError::Method));
        assert_eq!(Challenge::parse("short", Some("S256")), Err(ChallengeError::Malformed));
    }
}
