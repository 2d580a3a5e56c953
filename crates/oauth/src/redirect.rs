//! Redirect URIs (RFC 6749, section 3.1.2; RFC 9700, section 4.1): registered whole, compared as
//! text, and never guessed at.

/// A redirect URI that can't be registered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RedirectError {
    /// Not an absolute URL.
    #[error("{0:?} is not a URL such as https://example.com/callback")]
    Malformed(String),
    /// Plain HTTP to another machine than the person's own (hubspot facts, section 3).
    #[error("{0:?} must be https://, or http://localhost")]
    Plain(String),
    /// A fragment, a user, a backslash or white space in it.
    #[error("{0:?} must have no fragment, user, backslash or white space in it")]
    Forbidden(String),
}

/// Longest redirect URI, in bytes.
const BYTES_MAX: usize = 2_000;

/// Whether a URI may be registered.
///
/// # Errors
/// What is wrong with it.
pub fn check(uri: &str) -> Result<(), RedirectError> {
    let owned = || uri.to_owned();
    let (scheme, _) = uri.split_once("://").ok_or_else(|| RedirectError::Malformed(owned()))?;
    let authority = authority(uri);
    if uri.len() > BYTES_MAX || authority.is_empty() || !uri.is_ascii() {
        return Err(RedirectError::Malformed(owned()));
    }
    if uri.bytes().any(|byte| byte.is_ascii_control() || byte.is_ascii_whitespace() || b"#\\\"<>".contains(&byte))
        || authority.contains('@')
    {
        return Err(RedirectError::Forbidden(owned()));
    }
    let host =
        authority.rsplit_once(':').filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit())).map_or(authority, |(host, _)| host);
    match scheme {
        "https" => Ok(()),
        "http" if matches!(host, "localhost" | "127.0.0.1" | "[::1]") => Ok(()),
        "http" => Err(RedirectError::Plain(owned())),
        _ => Err(RedirectError::Malformed(owned())),
    }
}

/// The host of a URI, with its port and whatever stands before it.
pub fn authority(uri: &str) -> &str {
    let rest = uri.split_once("://").map_or(uri, |(_, rest)| rest);
    rest.split(['/', '?', '#']).next().unwrap_or(rest)
}

/// Whether the URI of a request is a registered one: the same text, and nothing like it.
pub fn is_registered(registered: &[String], asked: &str) -> bool {
    registered.iter().any(|one| one == asked)
}

/// The URI with parameters added to its query (RFC 6749, section 4.1.2).
pub fn with_params(uri: &str, params: &[(&str, &str)]) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in params {
        query.append_pair(name, value);
    }
    let joint = if uri.contains('?') { '&' } else { '?' };
    format!("{uri}{joint}{}", query.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redirect_uri_is_https_or_this_machine() {
        for uri in ["https://example.com/callback", "https://example.com/a?b=c", "http://localhost:3000/x", "http://127.0.0.1/x"] {
            assert_eq!(check(uri), Ok(()), "{uri}");
        }
        for uri in ["http://example.com/x", "http://localhost.example.com/x", "http://127.0.0.1.example.com/", "http://localhost:1@evil/"] {
            assert!(check(uri).is_err(), "{uri}");
        }
        for uri in [
            "",
            "example.com",
            "javascript:alert(1)",
            "data://x",
            "https://",
            "https://a b/",
            "https://a/#x",
            "https://u@a/",
            "https://a\\b/",
        ] {
            assert!(check(uri).is_err(), "{uri}");
        }
    }

    #[test]
    fn nothing_like_a_registered_uri_is_taken_for_it() {
        // RFC 9700, section 4.1.
        let registered = ["https://example.com/callback".to_owned()];
        assert!(is_registered(&registered, "https://example.com/callback"));
        for tricked in [
            "https://example.com/callback/",
            "https://example.com/callback/x",
            "https://example.com/callbackx",
            "https://example.com/Callback",
            "https://EXAMPLE.com/callback",
            "https://example.com:443/callback",
            "https://example.com/callback#x",
            "https://example.com/callback?x=1",
            "https://example.com/%63allback",
            "https://example.com@evil.org/callback",
            "https://example.com.evil.org/callback",
            "https://example.com/../callback",
            "http://example.com/callback",
            "https://example.com/callback ",
            "",
        ] {
            assert!(!is_registered(&registered, tricked), "{tricked}");
        }
    }

    #[test]
    fn parameters_are_added_to_a_query_that_is_there() {
        assert_eq!(with_params("https://a/b?c=d", &[("code", "x y"), ("state", "é&")]), "https://a/b?c=d&code=x+y&state=%C3%A9%26");
        assert_eq!(with_params("https://a/b", &[("code", "x")]), "https://a/b?code=x");
    }
}
