//! The authorization request (RFC 6749, section 4.1.1), with HubSpot's rules for scopes (hubspot
//! facts, section 3).

use keyway_core::refusal::Refusal as Row;

use crate::error::{Code, OAuthError};
use crate::params::Params;
use crate::pkce::Challenge;
use crate::redirect;

/// The settings of the app that sends the request.
pub struct Registered<'a> {
    /// The redirect URIs that the app registered.
    pub redirect_uris: &'a [String],
    /// Scopes that every install grants.
    pub required: &'a [String],
    /// Scopes that an authorization URL may ask for as if they were required.
    pub conditional: &'a [String],
    /// Scopes that an account grants where it can.
    pub optional: &'a [String],
    /// Whether it has no secret, and must therefore prove itself with PKCE (RFC 9700, section 2.1.1).
    pub is_public: bool,
}

/// A valid request, which the consent page shows to a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The redirect URI of this request.
    pub redirect_uri: String,
    /// The scopes that the account must grant.
    pub scopes: Vec<String>,
    /// The scopes that the account grants if it has them.
    pub optional: Vec<String>,
    /// The client's `state`, returned unchanged.
    pub state: Option<String>,
    /// The PKCE challenge: the client proves that it knows the verifier when it exchanges the code.
    pub challenge: Option<Challenge>,
}

/// Why Keyway does not show a request on the consent page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The client or its redirect URI is not certain. Keyway shows the error to the person and redirects nobody
    /// (RFC 6749, section 4.1.2.1; RFC 9700, section 4.11).
    Shown(String),
    /// Sent to the client at its redirect URI.
    Redirected {
        /// The redirect URI.
        redirect_uri: String,
        /// The error to send.
        error: OAuthError,
        /// The client's `state`, returned unchanged.
        state: Option<String>,
    },
}

/// Longest `state` that Keyway returns, in bytes.
const STATE_BYTES_MAX: usize = 2_000;

/// Reads the authorization request of an app.
///
/// # Errors
/// What is wrong with the request, and whether the client or only the person sees the error.
pub fn read(params: &Params, app: &Registered<'_>) -> Result<Request, Refusal> {
    let redirect_uri = match params.get("redirect_uri") {
        None => return Err(Refusal::Shown("the authorization URL has no redirect_uri".into())),
        Some(asked) if !redirect::is_registered(app.redirect_uris, asked) => {
            return Err(Refusal::Shown(
                "the redirect_uri of the authorization URL is not one of the app's; it must be the same text as one that is registered"
                    .into(),
            ));
        }
        Some(asked) => asked.to_owned(),
    };
    let state = params.get("state").map(str::to_owned);
    let refuse = |error| Refusal::Redirected { redirect_uri: redirect_uri.clone(), error, state: state.clone() };
    if state.as_ref().is_some_and(|state| state.len() > STATE_BYTES_MAX) {
        return Err(Refusal::Shown("the state of the authorization URL is too long".into()));
    }
    // HubSpot's authorization URLs have no response_type; the specification's have `code`.
    if params.get("response_type").is_some_and(|asked| asked != "code") {
        return Err(refuse(OAuthError::new(Code::UnsupportedResponseType, Row::OAuthResponseType, "response_type must be code")));
    }
    let challenge = match params.get("code_challenge") {
        Some(text) => Some(
            Challenge::parse(text, params.get("code_challenge_method")).map_err(|error| refuse(OAuthError::invalid(error.to_string())))?,
        ),
        None if app.is_public => return Err(refuse(OAuthError::invalid("an app without a secret must send a code_challenge"))),
        None => None,
    };
    let (scopes, optional) = scopes(params, app).map_err(refuse)?;
    Ok(Request { redirect_uri, scopes, optional, state, challenge })
}

/// Checks the scopes of the URL against the app's settings. The URL must have all required scopes, and may have
/// conditionally required and optional ones.
fn scopes(params: &Params, app: &Registered<'_>) -> Result<(Vec<String>, Vec<String>), OAuthError> {
    let mismatch = |what: &str, names: &[&String]| {
        let names: Vec<&str> = names.iter().map(|name| name.as_str()).collect();
        let message = format!("mismatch between the scopes in the install URL and the app's configured scopes: {what} {}", names.join(" "));
        OAuthError::new(Code::InvalidScope, Row::OAuthScopes, message)
    };
    let asked = params.words("scope");
    let lacking: Vec<&String> = app.required.iter().filter(|scope| !asked.contains(scope)).collect();
    if !lacking.is_empty() {
        return Err(mismatch("the URL lacks", &lacking));
    }
    let known = |scope: &String| app.required.contains(scope) || app.conditional.contains(scope);
    // The error does not repeat the client's scopes, which may be any text.
    if !asked.iter().all(known) {
        return Err(mismatch("the URL's scope asks for more than", &app.required.iter().collect::<Vec<_>>()));
    }
    // The clients of HubSpot's own write optional_scope, its prose optional_scopes.
    let mut optional = [params.words("optional_scope"), params.words("optional_scopes")].concat();
    optional.retain(|scope| !asked.contains(scope));
    optional.sort();
    optional.dedup();
    if !optional.iter().all(|scope| app.optional.contains(scope) || app.conditional.contains(scope)) {
        return Err(mismatch("the URL's optional_scope asks for more than", &app.optional.iter().collect::<Vec<_>>()));
    }
    Ok((asked, optional))
}

/// What an account grants: all that is required, and of the rest what it holds itself.
///
/// # Errors
/// The required scopes that it does not hold, which blocks the install (hubspot facts, section 3).
pub fn grantable(request: &Request, holds: impl Fn(&str) -> bool) -> Result<Vec<String>, Vec<String>> {
    let lacking: Vec<String> = request.scopes.iter().filter(|scope| !holds(scope)).cloned().collect();
    if !lacking.is_empty() {
        return Err(lacking);
    }
    let mut granted = request.scopes.clone();
    granted.extend(request.optional.iter().filter(|scope| holds(scope)).cloned());
    granted.sort();
    Ok(granted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(list: &[&str]) -> Vec<String> {
        list.iter().map(ToString::to_string).collect()
    }

    fn ask(query: &str, is_public: bool) -> Result<Request, Refusal> {
        let (uris, required) = (texts(&["https://a.example/cb"]), texts(&["contacts", "oauth"]));
        let (conditional, optional) = (texts(&["deals"]), texts(&["files"]));
        let app = Registered { redirect_uris: &uris, required: &required, conditional: &conditional, optional: &optional, is_public };
        read(&Params::from_form(query.as_bytes()).unwrap(), &app)
    }

    const GOOD: &str = "redirect_uri=https://a.example/cb&scope=oauth%20contacts&state=s";

    fn redirected(query: &str) -> OAuthError {
        match ask(query, false) {
            Err(Refusal::Redirected { error, .. }) => error,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_request_as_hubspot_writes_it_is_understood() {
        let request = ask(&format!("{GOOD}&optional_scope=files"), false).unwrap();
        assert_eq!((request.scopes, request.optional), (texts(&["contacts", "oauth"]), texts(&["files"])));
        assert_eq!(request.state.as_deref(), Some("s"));
        let with_conditional = ask("redirect_uri=https://a.example/cb&scope=oauth+contacts+deals", false).unwrap();
        assert_eq!(with_conditional.scopes, texts(&["contacts", "deals", "oauth"]));
    }

    #[test]
    fn nobody_is_redirected_where_it_is_not_certain_where_to() {
        for query in ["scope=oauth", "redirect_uri=https://evil.example/cb&scope=oauth+contacts"] {
            assert!(matches!(ask(query, false), Err(Refusal::Shown(_))), "{query}");
        }
    }

    #[test]
    fn scopes_that_are_not_the_apps_are_told_to_it() {
        for scope in ["oauth", "contacts", "oauth+contacts+tickets"] {
            assert_eq!(redirected(&format!("redirect_uri=https://a.example/cb&scope={scope}")).refusal, Row::OAuthScopes);
        }
        assert_eq!(redirected(&format!("{GOOD}&optional_scope=tickets")).refusal, Row::OAuthScopes);
        assert_eq!(redirected(&format!("{GOOD}&response_type=token")).code, Code::UnsupportedResponseType);
    }

    #[test]
    fn an_app_without_a_secret_must_use_pkce_and_nobody_may_use_plain() {
        assert!(ask(GOOD, true).is_err());
        let challenge = Challenge::of("x");
        assert!(ask(&format!("{GOOD}&code_challenge={}&code_challenge_method=S256", challenge.as_str()), true).is_ok());
        assert_eq!(
            redirected(&format!("{GOOD}&code_challenge={}&code_challenge_method=plain", challenge.as_str())).code,
            Code::InvalidRequest
        );
        assert_eq!(redirected(&format!("{GOOD}&code_challenge={}", challenge.as_str())).code, Code::InvalidRequest);
    }

    #[test]
    fn an_account_grants_what_it_holds_and_never_less_than_is_required() {
        let request = ask(&format!("{GOOD}&optional_scope=files"), false).unwrap();
        assert_eq!(grantable(&request, |scope| scope != "files"), Ok(texts(&["contacts", "oauth"])));
        assert_eq!(grantable(&request, |scope| scope != "contacts"), Err(texts(&["contacts"])));
    }
}
