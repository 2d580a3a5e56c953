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

/// Schemes that a browser acts on by itself: none of them is a program's own.
const NOT_A_PROGRAMS: [&str; 14] = [
    "about",
    "blob",
    "chrome",
    "data",
    "edge",
    "file",
    "filesystem",
    "ftp",
    "http",
    "https",
    "javascript",
    "vbscript",
    "view-source",
    "ws",
];

/// Whether a program on a person's machine may be answered at a URI: what [`check`] takes, or a scheme of the program's
/// own (RFC 8252, section 7.1), such as `cursor://anysphere.cursor-mcp/oauth/callback`.
///
/// # Errors
/// What is wrong with it.
pub fn check_native(uri: &str) -> Result<(), RedirectError> {
    let Some((scheme, rest)) = uri.split_once("://") else { return Err(RedirectError::Malformed(uri.to_owned())) };
    let is_scheme = scheme.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"+-.".contains(&byte))
        && scheme.starts_with(|first: char| first.is_ascii_lowercase());
    if !is_scheme || NOT_A_PROGRAMS.contains(&scheme) || scheme == "wss" {
        return check(uri);
    }
    // The same letters are allowed behind the scheme.
    check(&format!("https://{rest}")).map_err(|error| match error {
        RedirectError::Forbidden(_) => RedirectError::Forbidden(uri.to_owned()),
        _ => RedirectError::Malformed(uri.to_owned()),
    })
}

/// Whether a URI is a registered one, where a program's own port may vary: it listens on one that is free at that
/// moment (RFC 8252, section 7.3).
pub fn is_registered_native(registered: &[String], asked: &str) -> bool {
    is_registered(registered, asked) || loopback(asked).is_some_and(|asked| registered.iter().any(|one| loopback(one) == Some(asked)))
}

/// Host and path of a URI of this machine, without its port.
fn loopback(uri: &str) -> Option<(&str, &str)> {
    let rest = uri.strip_prefix("http://")?;
    let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let host = ["127.0.0.1", "[::1]", "localhost"].into_iter().find(|host| authority.starts_with(host))?;
    let port = &authority[host.len()..];
    let is_port = port.is_empty() || port.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok_and(|port| port > 0));
    (is_port && check(uri).is_ok()).then_some((host, path))
}

/// The authority of a URI: user information, host and port.
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
    fn a_program_on_this_machine_may_choose_its_port_and_nothing_else() {
        let registered = ["http://127.0.0.1/callback".to_owned(), "http://localhost:33418/".to_owned(), "https://a.example/cb".to_owned()];
        for uri in ["http://127.0.0.1/callback", "http://127.0.0.1:51234/callback", "http://localhost:9/", "https://a.example/cb"] {
            assert!(is_registered_native(&registered, uri), "{uri}");
        }
        for uri in [
            "http://127.0.0.1:51234/other",
            "http://127.0.0.1:51234/callback?x=1",
            "http://localhost:51234/callback",
            "http://[::1]:51234/callback",
            "http://127.0.0.1:0/callback",
            "http://127.0.0.1:/callback",
            "http://127.0.0.1:51234@evil.example/callback",
            "http://127.0.0.1.evil.example/callback",
            "http://127.0.0.10/callback",
            "https://127.0.0.1:51234/callback",
            "https://a.example:444/cb",
            "",
        ] {
            assert!(!is_registered_native(&registered, uri), "{uri}");
        }
    }

    #[test]
    fn a_program_may_have_a_scheme_of_its_own_and_none_that_a_browser_acts_on() {
        for uri in ["cursor://anysphere.cursor-mcp/oauth/callback", "com.example.app://callback", "http://127.0.0.1/", "https://a.example/"]
        {
            assert_eq!(check_native(uri), Ok(()), "{uri}");
        }
        for uri in [
            "javascript://%0aalert(1)",
            "data://text/html,x",
            "file:///etc/passwd",
            "javascript:alert(1)",
            "JavaScript://x",
            "cursor:callback",
            "cursor://",
            "cursor://a b",
            "cursor://a#x",
            "http://a.example/",
            "wss://a.example/",
        ] {
            assert!(check_native(uri).is_err(), "{uri}");
        }
    }

    #[test]
    fn parameters_are_added_to_a_query_that_is_there() {
        assert_eq!(with_params("https://a/b?c=d", &[("code", "x y"), ("state", "é&")]), "https://a/b?c=d&code=x+y&state=%C3%A9%26");
        assert_eq!(with_params("https://a/b", &[("code", "x")]), "https://a/b?code=x");
    }
}
