//! The authorization code (RFC 6749, sections 4.1.2 and 4.1.3). It works once, for a short time, for one client
//! and one redirect URI, and only with the PKCE verifier if there was a challenge.

use keyway_core::time::Timestamp;

use crate::error::OAuthError;
use crate::pkce::Challenge;

/// The facts that a code was issued with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeGrant {
    /// The client that it was issued to.
    pub client_id: String,
    /// The redirect URI that it was sent to.
    pub redirect_uri: String,
    /// The PKCE challenge.
    pub challenge: Option<Challenge>,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// Whether a code may be exchanged. The store checks in one step that it was not used before.
///
/// # Errors
/// It is another client's or too old, the redirect URI differs (RFC 6749, section 4.1.3), or the
/// verifier is missing, wrong, or there where no challenge was (RFC 9700, section 4.8.2: a
/// challenge that was stripped off on the way).
pub fn check(
    grant: &CodeGrant,
    client_id: &str,
    redirect_uri: Option<&str>,
    verifier: Option<&str>,
    now: Timestamp,
) -> Result<(), OAuthError> {
    if grant.client_id != client_id || grant.expires_at <= now {
        return Err(OAuthError::bad_code());
    }
    if redirect_uri != Some(&*grant.redirect_uri) {
        return Err(OAuthError::bad_redirect_uri());
    }
    match (&grant.challenge, verifier) {
        (None, None) => Ok(()),
        (Some(challenge), Some(verifier)) if challenge.fits(verifier) => Ok(()),
        _ => Err(OAuthError::bad_verifier()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_ms(ms)
    }

    fn grant(challenge: bool) -> CodeGrant {
        let challenge = challenge.then(|| Challenge::of(VERIFIER));
        CodeGrant { client_id: "c".into(), redirect_uri: "https://a/".into(), challenge, expires_at: at(10) }
    }

    #[test]
    fn a_code_is_good_for_its_client_at_its_uri_in_time() {
        assert_eq!(check(&grant(false), "c", Some("https://a/"), None, at(9)), Ok(()));
        // RFC 9700, section 4.5: a code that was injected into another client's exchange.
        assert_eq!(check(&grant(false), "d", Some("https://a/"), None, at(9)), Err(OAuthError::bad_code()));
        assert_eq!(check(&grant(false), "c", Some("https://a/"), None, at(10)), Err(OAuthError::bad_code()));
        assert_eq!(check(&grant(false), "c", Some("https://a/x"), None, at(9)), Err(OAuthError::bad_redirect_uri()));
        assert_eq!(check(&grant(false), "c", None, None, at(9)), Err(OAuthError::bad_redirect_uri()));
    }

    #[test]
    fn a_challenge_can_be_neither_forgotten_nor_made_up() {
        assert_eq!(check(&grant(true), "c", Some("https://a/"), Some(VERIFIER), at(9)), Ok(()));
        assert_eq!(check(&grant(true), "c", Some("https://a/"), None, at(9)), Err(OAuthError::bad_verifier()));
        // RFC 9700, section 4.8.2: PKCE downgrade.
        assert_eq!(check(&grant(false), "c", Some("https://a/"), Some(VERIFIER), at(9)), Err(OAuthError::bad_verifier()));
    }
}
