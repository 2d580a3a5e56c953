//! The client's half: the authorization URL, the token request, and what its answer means.

use keyway_core::origin::{Answered, Seen, own_word};
use keyway_core::secret::Secret;
use serde_json::Value;

use crate::pkce::Challenge;
use crate::redirect::with_params;

/// What a client is at the server it asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// Its id there.
    pub id: String,
    /// Its secret there.
    pub secret: Secret<String>,
}

/// The authorization URL (RFC 6749, section 4.1.1), with state and PKCE (RFC 9700, section 2.1).
pub fn authorize_url(
    endpoint: &str,
    client_id: &str,
    redirect_uri: &str,
    scopes: (&[String], &[String]),
    state: &str,
    verifier: &str,
) -> String {
    let challenge = Challenge::of(verifier);
    let (required, optional) = (scopes.0.join(" "), scopes.1.join(" "));
    let mut params = vec![
        ("client_id", client_id),
        ("redirect_uri", redirect_uri),
        ("scope", &required),
        ("response_type", "code"),
        ("state", state),
        ("code_challenge", challenge.as_str()),
        ("code_challenge_method", "S256"),
    ];
    if !optional.is_empty() {
        params.insert(3, ("optional_scope", &optional));
    }
    // HubSpot asks for %20 between scopes, where a form has a plus (hubspot facts, section 3).
    with_params(endpoint, &params).replace('+', "%20")
}

/// What a token request presents.
pub enum Presented<'a> {
    /// A code, with where it was sent and the verifier of its challenge.
    Code {
        /// The code from the redirect, as HubSpot sent it.
        code: &'a str,
        /// Where it was sent.
        redirect_uri: &'a str,
        /// What the challenge was made from.
        verifier: &'a str,
    },
    /// A refresh token. No redirect URI goes with it (hubspot facts, section 3).
    Refresh(&'a Secret<String>),
}

/// The body of a token request, as a form.
pub fn token_request(client: &Client, presented: &Presented<'_>) -> Secret<String> {
    let mut form = form_urlencoded::Serializer::new(String::new());
    match presented {
        Presented::Code { code, redirect_uri, verifier } => form.extend_pairs([
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", redirect_uri),
            ("code_verifier", verifier),
        ]),
        Presented::Refresh(token) => form.extend_pairs([("grant_type", "refresh_token"), ("refresh_token", token.expose().as_str())]),
    };
    form.extend_pairs([("client_id", client.id.as_str()), ("client_secret", client.secret.expose())]);
    Secret::new(form.finish())
}

/// What a server gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tokens {
    /// For calls.
    pub access_token: Secret<String>,
    /// For the next access token; always the one of the last answer (hubspot facts, section 3).
    pub refresh_token: Secret<String>,
    /// How long the access token lives, in seconds.
    pub expires_in_s: i64,
    /// The account, where the answer says it.
    pub hub_id: Option<u64>,
    /// What may be done, where the answer says it.
    pub scopes: Option<Vec<String>>,
}

/// Why a server gave nothing. The three ask for three different things (hubspot facts, section 3).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The grant is over: the account uninstalled the app, or revoked its token. A person must connect it again.
    #[error("the grant is over ({0}): the account must be connected again")]
    Revoked(String),
    /// The client is set up wrongly; nothing is known of the grant.
    #[error("the OAuth client is set up wrongly ({0}); the account's grant is not affected")]
    Configuration(String),
    /// A passing fault: try again.
    #[error("no token could be had now ({0})")]
    Passing(Fault),
}

/// A passing fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The server answered with this status.
    #[error("status {0}")]
    Status(u16),
    /// Something between Keyway and the server answered.
    #[error("something between Keyway and HubSpot answered: {0}")]
    Between(Seen),
    /// There was no answer, or none that can be read.
    #[error("{0}")]
    NoAnswer(String),
}

/// Longest token taken, in characters. HubSpot says to plan for 512.
const TOKEN_MAX: usize = 4_096;
/// Least and most seconds an access token is believed to live.
const LIFETIME_S: std::ops::RangeInclusive<i64> = 1..=86_400;

/// Reads the answer to a token request. `sent` is the refresh token that was sent, which still
/// holds where the answer names no other (RFC 6749, section 6).
///
/// # Errors
/// The server gave nothing, and why.
pub fn read_answer(answered: &Answered<'_>, sent: Option<&Secret<String>>) -> Result<Tokens, Failure> {
    let status = answered.status;
    if status == 429 || status >= 500 || matches!(status, 408 | 423 | 425 | 477) {
        return Err(Failure::Passing(Fault::Status(status)));
    }
    // Only HubSpot's own word may end a grant.
    let parsed = own_word(answered, &["access_token", "expires_in"]).map_err(|seen| Failure::Passing(Fault::Between(seen)))?;
    if status != 200 {
        return Err(classify(status, &parsed));
    }
    let text = |name: &str| {
        let text = parsed[name]
            .as_str()
            .filter(|text| !text.is_empty() && text.len() <= TOKEN_MAX && text.bytes().all(|byte| byte.is_ascii_graphic()));
        text.map(|text| Secret::new(text.to_owned()))
    };
    let unreadable = |what: &str| Failure::Passing(Fault::NoAnswer(format!("the answer has no {what}")));
    let list = parsed["scopes"].as_array().map(|list| list.iter().filter_map(|scope| scope.as_str().map(str::to_owned)).collect());
    Ok(Tokens {
        access_token: text("access_token").ok_or_else(|| unreadable("access_token"))?,
        refresh_token: text("refresh_token").or_else(|| sent.cloned()).ok_or_else(|| unreadable("refresh_token"))?,
        expires_in_s: parsed["expires_in"]
            .as_i64()
            .filter(|seconds| LIFETIME_S.contains(seconds))
            .ok_or_else(|| unreadable("expires_in"))?,
        hub_id: parsed["hub_id"].as_u64(),
        scopes: list,
    })
}

fn classify(status: u16, body: &Value) -> Failure {
    let (error, detail) = (body["error"].as_str().unwrap_or_default(), body["status"].as_str().unwrap_or_default());
    // Known words only: an answer may hold anything, and this reaches logs.
    const REVOKED: [&str; 3] = ["BAD_REFRESH_TOKEN", "BAD_AUTH_CODE", "BAD_HUB"];
    const CONFIGURATION: [&str; 8] = [
        "BAD_CLIENT_ID",
        "BAD_CLIENT_SECRET",
        "BAD_REDIRECT_URI",
        "BAD_SCOPES",
        "BAD_GRANT_TYPE",
        "BAD_CODE_VERIFIER",
        "BAD_REQUEST",
        "BAD_RESPONSE_TYPE",
    ];
    let known = |list: &[&'static str], text: &str| list.iter().find(|one| **one == text).map(|one| (*one).to_owned());
    let codes = ["invalid_client", "unauthorized_client", "unsupported_grant_type", "invalid_request", "invalid_scope"];
    if (400..500).contains(&status) && ![408, 423, 425, 429, 477].contains(&status) {
        // The finer word first: HubSpot says invalid_grant also of a wrong redirect URI.
        if let Some(word) = known(&CONFIGURATION, detail).or_else(|| known(&codes, error)) {
            return Failure::Configuration(word);
        }
        if let Some(word) = known(&REVOKED, detail).or_else(|| known(&["invalid_grant"], error)) {
            return Failure::Revoked(word);
        }
    }
    Failure::Passing(Fault::Status(status))
}

#[cfg(test)]
mod tests {
    use keyway_core::origin::Extent;

    use super::*;

    fn answer(status: u16, body: &str) -> Result<Tokens, Failure> {
        let body = Extent::Whole(body.as_bytes());
        let answered = Answered { status, content_type: None, server: None, has_correlation_header: false, body };
        read_answer(&answered, Some(&Secret::new("old".to_owned())))
    }

    #[test]
    fn only_what_says_that_the_grant_is_over_counts_as_revoked() {
        for body in [
            r#"{"error":"invalid_grant","status":"BAD_REFRESH_TOKEN","message":"x"}"#,
            r#"{"error":"invalid_grant","message":"x"}"#,
            r#"{"error":"access_denied","status":"BAD_HUB","message":"x"}"#,
        ] {
            assert!(matches!(answer(400, body), Err(Failure::Revoked(_))), "{body}");
        }
        // A wrong secret must never end the installs of thousands of accounts.
        for body in [
            r#"{"error":"invalid_client","status":"BAD_CLIENT_SECRET","message":"x"}"#,
            r#"{"error":"invalid_grant","status":"BAD_REDIRECT_URI","message":"x"}"#,
        ] {
            assert!(matches!(answer(400, body), Err(Failure::Configuration(_))), "{body}");
        }
        for (status, body) in [
            (400, r#"{"error":"invalid_grant"}"#),
            (403, r#"{"error":"access_denied","message":"blocked"}"#),
            (401, "<html>"),
            (429, ""),
            (500, r#"{"error":"invalid_grant"}"#),
            (477, ""),
            (423, ""),
            (400, "<html>"),
            (200, "{}"),
            (404, ""),
        ] {
            assert!(matches!(answer(status, body), Err(Failure::Passing(_))), "{status} {body}");
        }
    }

    #[test]
    fn the_refresh_token_of_the_last_answer_counts() {
        let kept = answer(200, r#"{"access_token":"a","expires_in":1800}"#).unwrap();
        assert_eq!(kept.refresh_token.expose(), "old");
        let new = answer(200, r#"{"access_token":"a","refresh_token":"b","expires_in":1800,"hub_id":5,"scopes":["oauth"]}"#).unwrap();
        assert_eq!((new.refresh_token.expose().as_str(), new.hub_id), ("b", Some(5)));
    }

    #[test]
    fn the_url_and_the_form_are_what_a_server_reads() {
        let scopes = ["a".to_owned(), "b".to_owned()];
        let url = authorize_url("https://s/authorize", "id", "http://localhost/cb", (&scopes, &[]), "st", "verifier");
        assert!(
            url.starts_with(
                "https://s/authorize?client_id=id&redirect_uri=http%3A%2F%2Flocalhost%2Fcb&scope=a%20b&response_type=code&state=st&"
            ),
            "{url}"
        );
        let client = Client { id: "id".into(), secret: Secret::new("s&t".into()) };
        let form = token_request(&client, &Presented::Refresh(&Secret::new("r".into())));
        assert_eq!(form.expose(), "grant_type=refresh_token&refresh_token=r&client_id=id&client_secret=s%26t");
    }
}
