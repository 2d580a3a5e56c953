//! The authorization request of an agent (OAuth 2.1, section 4.1.1): PKCE is required, and so is a redirect URI.

use keyway_core::refusal::Refusal as Row;
use keyway_core::scope::ScopeId;

use super::client::Client;
use crate::error::{Code, OAuthError};
use crate::params::Params;
use crate::pkce::Challenge;
use crate::redirect;
use crate::server::authorize::Refusal;

/// Longest `state` that is handed back, in bytes.
const STATE_BYTES_MAX: usize = 2_000;

/// A request that can be put to a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Where the answer goes.
    pub redirect_uri: String,
    /// The scopes that the agent asks for, those of HubSpot alone; none where it leaves that to the person.
    pub scopes: Vec<String>,
    /// The client's own word, handed back as it came.
    pub state: Option<String>,
    /// What the client must prove when it exchanges the code.
    pub challenge: Challenge,
    /// What the token is for, as the client names it (RFC 8707); clients of 2025-03-26 name nothing.
    pub resource: Option<String>,
}

/// Reads a request of a client.
///
/// # Errors
/// What is wrong with it, and to whom that may be said.
pub fn read(params: &Params, client: &Client) -> Result<Request, Refusal> {
    let shown = |words: &str| Refusal::Shown(words.to_owned());
    let redirect_uri = params.get("redirect_uri").ok_or_else(|| shown("the authorization URL has no redirect_uri"))?;
    if !redirect::is_registered_native(&client.described.redirect_uris, redirect_uri) {
        return Err(shown("the redirect_uri of the authorization URL is not one that the agent has registered"));
    }
    let state = params.get("state").map(str::to_owned);
    if state.as_ref().is_some_and(|state| state.len() > STATE_BYTES_MAX) {
        return Err(shown("the state of the authorization URL is too long"));
    }
    let refuse = |error| Refusal::Redirected { redirect_uri: redirect_uri.to_owned(), error, state: state.clone() };
    if params.get("response_type") != Some("code") {
        return Err(refuse(OAuthError::new(Code::UnsupportedResponseType, Row::OAuthResponseType, "response_type must be code")));
    }
    let challenge =
        params.get("code_challenge").ok_or_else(|| refuse(OAuthError::invalid("missing code_challenge: PKCE with S256 is required")))?;
    let challenge = Challenge::parse(challenge, params.get("code_challenge_method"));
    let challenge = challenge.map_err(|error| refuse(OAuthError::invalid(error.to_string())))?;
    let mut scopes = params.words("scope");
    // Others, such as `offline_access`, are words of other servers. What is granted is in the answer.
    scopes.retain(|scope| ScopeId::of(scope).is_some());
    Ok(Request { redirect_uri: redirect_uri.to_owned(), scopes, state, challenge, resource: params.get("resource").map(str::to_owned) })
}

#[cfg(test)]
mod tests {
    use super::super::client::Described;
    use super::*;

    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    fn ask(query: &str) -> Result<Request, Refusal> {
        let described = Described { name: "Agent".into(), redirect_uris: vec!["http://127.0.0.1/cb".into()] };
        read(&Params::from_form(query.as_bytes()).unwrap(), &Client { id: "x".into(), described })
    }

    fn good() -> String {
        format!("response_type=code&redirect_uri=http://127.0.0.1:5000/cb&code_challenge={CHALLENGE}&code_challenge_method=S256&state=s")
    }

    #[test]
    fn a_request_says_where_it_is_answered_and_what_it_is_for() {
        let request = ask(&format!("{}&scope=offline_access+tickets&resource=http://127.0.0.1:8487/mcp", good())).unwrap();
        assert_eq!(
            (request.redirect_uri.as_str(), request.scopes, request.state.as_deref()),
            ("http://127.0.0.1:5000/cb", vec!["tickets".to_owned()], Some("s"))
        );
        assert_eq!(request.resource.as_deref(), Some("http://127.0.0.1:8487/mcp"));
        assert!(ask(&good()).unwrap().scopes.is_empty());
    }

    #[test]
    fn nobody_is_redirected_where_it_is_not_certain_where_to() {
        for query in [good().replace("/cb", "/other"), good().replace("127.0.0.1", "evil.example"), "response_type=code".to_owned()] {
            assert!(matches!(ask(&query), Err(Refusal::Shown(_))), "{query}");
        }
    }

    #[test]
    fn a_request_without_pkce_is_refused() {
        for (query, code) in [
            (good().replace("code_challenge=", "x="), Code::InvalidRequest),
            (good().replace("S256", "plain"), Code::InvalidRequest),
            (good().replace("&code_challenge_method=S256", ""), Code::InvalidRequest),
            (good().replace("response_type=code", "response_type=token"), Code::UnsupportedResponseType),
        ] {
            match ask(&query) {
                Err(Refusal::Redirected { error, state, .. }) => assert_eq!((error.code, state.as_deref()), (code, Some("s")), "{query}"),
                other => panic!("{query}: {other:?}"),
            }
        }
    }
}
