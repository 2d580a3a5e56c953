//! Client authentication at the token endpoint (RFC 6749, section 2.3.1): in the body, or in the
//! Authorization header.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::error::OAuthError;
use crate::params::Params;

/// Takes a client's credentials from an `Authorization: Basic` header into the parameters. Another
/// scheme says nothing here: general clients send their access token with every request.
///
/// # Errors
/// The header can't be read, or the body names another client or has a secret too (section 2.3: one
/// method only).
pub fn take_basic(header: &str, params: &mut Params) -> Result<(), OAuthError> {
    let unreadable = || OAuthError::invalid("the Authorization header is not 'Basic' with a client ID and secret");
    let Some((scheme, encoded)) = header.split_once(' ') else { return Ok(()) };
    if !scheme.eq_ignore_ascii_case("basic") {
        return Ok(());
    }
    let decoded = STANDARD.decode(encoded.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok()).ok_or_else(unreadable)?;
    let (id, secret) = decoded.split_once(':').ok_or_else(unreadable)?;
    // Both are form-encoded first (section 2.3.1, appendix B).
    let plain =
        |text: &str| form_urlencoded::parse(format!("x={text}").as_bytes()).next().map(|(_, value)| value.into_owned()).unwrap_or_default();
    let (id, secret) = (plain(id), plain(secret));
    if params.get("client_secret").is_some() || params.get("client_id").is_some_and(|other| other != id) {
        return Err(OAuthError::invalid("the client authenticates both in the header and in the body"));
    }
    params.set("client_id", id);
    params.set("client_secret", secret);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn basic(text: &str) -> String {
        format!("Basic {}", STANDARD.encode(text))
    }

    #[test]
    fn the_header_counts_like_the_body() {
        let mut params = Params::from_form(b"grant_type=refresh_token").unwrap();
        take_basic(&basic("an%20id:a%3Asecret"), &mut params).unwrap();
        assert_eq!((params.get("client_id"), params.get("client_secret")), (Some("an id"), Some("a:secret")));
    }

    #[test]
    fn two_methods_at_once_are_refused() {
        for body in ["client_secret=x", "client_id=other"] {
            assert!(take_basic(&basic("id:secret"), &mut Params::from_form(body.as_bytes()).unwrap()).is_err(), "{body}");
        }
        for header in ["Basic ?", "Basic eA=="] {
            assert!(take_basic(header, &mut Params::from_form(b"").unwrap()).is_err(), "{header}");
        }
        let mut params = Params::from_form(b"client_id=a").unwrap();
        take_basic("Bearer x", &mut params).unwrap();
        assert_eq!(params.get("client_id"), Some("a"));
    }
}
