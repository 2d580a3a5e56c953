//! The token request (RFC 6749, sections 4.1.3, 4.4.2 and 6) and its answer (section 5.1), in
//! HubSpot's form (hubspot facts, section 3).

use keyway_core::refusal::Refusal;
use serde_json::{Value, json};

use super::ACCESS_TOKEN_S;
use crate::error::{Code, OAuthError};
use crate::params::Params;

/// What a client asks a token for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GrantType {
    /// A code that a person's consent gave.
    AuthorizationCode,
    /// A refresh token.
    RefreshToken,
    /// The app itself, for what belongs to no account.
    ClientCredentials,
}

impl GrantType {
    /// Reads the type of a request.
    ///
    /// # Errors
    /// It is missing, or there is no such grant.
    pub fn read(params: &Params) -> Result<Self, OAuthError> {
        match params.get("grant_type") {
            Some("authorization_code") => Ok(Self::AuthorizationCode),
            Some("refresh_token") => Ok(Self::RefreshToken),
            Some("client_credentials") => Ok(Self::ClientCredentials),
            given => {
                let what = if given.is_some() { "unknown" } else { "missing" };
                let message = format!("{what} grant_type: it is authorization_code, refresh_token or client_credentials");
                Err(OAuthError::new(Code::UnsupportedGrantType, Refusal::OAuthGrantType, message))
            }
        }
    }
}

/// The scopes of a token after a refresh: those of the grant, or fewer (section 6: never more).
///
/// # Errors
/// One was not granted.
pub fn narrowed(granted: &[String], params: &Params) -> Result<Vec<String>, OAuthError> {
    let asked = params.words("scope");
    if asked.is_empty() {
        return Ok(granted.to_vec());
    }
    if asked.iter().all(|scope| granted.contains(scope)) {
        return Ok(asked);
    }
    Err(OAuthError::new(Code::InvalidScope, Refusal::OAuthScopes, "a scope was not granted; more scopes need a new authorization"))
}

/// What HubSpot's guide of the webhooks journal calls its scopes, and what its specification calls them
/// (developers.hubspot.com/docs/api-reference/latest/webhooks-journal/guide).
const JOURNAL_SCOPES: [(&str, &str); 5] = [
    ("developer.webhooks_journal.read", "webhooks-journal-data-access"),
    ("developer.webhooks_journal.subscriptions.read", "webhooks-journal-subscription-read"),
    ("developer.webhooks_journal.subscriptions.write", "webhooks-journal-subscription-management"),
    ("developer.webhooks_journal.snapshots.read", "webhooks-journal-snapshot-management"),
    ("developer.webhooks_journal.snapshots.write", "webhooks-journal-snapshot-management"),
];

/// The scopes of an app's own token: all of the app, or those that it asks for by either name.
///
/// # Errors
/// The app does not have one.
pub fn narrowed_for_app(own: &[String], params: &Params) -> Result<Vec<String>, OAuthError> {
    let mut asked = params.words("scope");
    for scope in &mut asked {
        if let Some((_, name)) = JOURNAL_SCOPES.iter().find(|(guide, _)| guide == scope) {
            *scope = (*name).to_owned();
        }
    }
    asked.sort();
    asked.dedup();
    if asked.is_empty() {
        return Ok(own.to_vec());
    }
    if asked.iter().all(|scope| own.contains(scope)) {
        return Ok(asked);
    }
    Err(OAuthError::new(Code::InvalidScope, Refusal::OAuthScopes, "the app does not have one of these scopes"))
}

/// The answer to a code or a refresh token.
pub fn issued(access_token: &str, refresh_token: &str, scopes: &[String], hub_id: u64, user_id: u64) -> Value {
    json!({
        "access_token": access_token, "expires_in": ACCESS_TOKEN_S, "refresh_token": refresh_token, "token_type": "bearer",
        "token_use": "access_token", "hub_id": hub_id, "user_id": user_id, "scopes": scopes,
    })
}

/// The answer to an app's own credentials.
pub fn issued_to_app(access_token: &str, scopes: &[String]) -> Value {
    json!({
        "access_token": access_token, "expires_in": ACCESS_TOKEN_S, "token_type": "bearer", "token_use": "client_credentials", "scopes": scopes,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refresh_never_widens_what_was_granted() {
        let granted = ["a".to_owned(), "b".to_owned()];
        let ask = |scope: &str| narrowed(&granted, &Params::from_form(format!("scope={scope}").as_bytes()).unwrap());
        assert_eq!(ask("").unwrap(), granted);
        assert_eq!(ask("b").unwrap(), ["b"]);
        assert_eq!(ask("a+c").unwrap_err().refusal, Refusal::OAuthScopes);
    }

    #[test]
    fn an_app_asks_for_the_scopes_of_the_journal_by_either_name() {
        let own = ["crm.objects.contacts.read".to_owned(), "webhooks-journal-data-access".to_owned()];
        let ask = |scope: &str| narrowed_for_app(&own, &Params::from_form(format!("scope={scope}").as_bytes()).unwrap());
        assert_eq!(ask("").unwrap(), own);
        for name in ["developer.webhooks_journal.read", "webhooks-journal-data-access"] {
            assert_eq!(ask(name).unwrap(), ["webhooks-journal-data-access"]);
        }
        assert_eq!(ask("developer.webhooks_journal.snapshots.write").unwrap_err().refusal, Refusal::OAuthScopes);
    }
}
