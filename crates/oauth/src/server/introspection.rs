//! Token introspection (RFC 7662), in HubSpot's two forms: the introspection of the dated versions, and the
//! metadata reads of OAuth v1 (hubspot facts, section 3).

use keyway_core::time::Timestamp;
use serde_json::{Value, json};

/// The facts about a valid token.
pub struct Known<'a> {
    /// The token itself, which HubSpot repeats.
    pub token: &'a str,
    /// The client it was given to.
    pub client_id: &'a str,
    /// The id of the public app.
    pub app_id: u64,
    /// The id of the install; 0 for an app's own token.
    pub install_id: u64,
    /// The hub id of the account; none for an app's own token.
    pub hub_id: Option<u64>,
    /// The user who granted it.
    pub user: &'a str,
    /// The number of that user.
    pub user_id: u64,
    /// The scopes that it grants, by name.
    pub scopes: &'a [String],
    /// When it ends; none for a refresh token.
    pub expires_at: Option<Timestamp>,
    /// Whether the app is given to chosen accounts only.
    pub is_private: bool,
}

impl Known<'_> {
    /// The answer of `token/introspect`.
    pub fn introspected(&self, now: Timestamp) -> Value {
        let mut answer = self.of_both();
        answer["active"] = true.into();
        answer["token_type"] = "Bearer".into();
        answer["client_id"] = self.client_id.into();
        answer["app_id"] = self.app_id.into();
        match self.expires_at {
            Some(at) => {
                answer["token_use"] = if self.hub_id.is_some() { "access_token" } else { "client_credentials" }.into();
                self.add_lifetime(&mut answer, at, now);
            }
            None => answer["token_use"] = "refresh_token".into(),
        }
        answer
    }

    /// The answer of `GET /oauth/v1/access-tokens/{token}` or `/refresh-tokens/{token}`.
    pub fn described(&self, now: Timestamp) -> Value {
        let mut answer = self.of_both();
        match self.expires_at {
            Some(at) => {
                answer["token_type"] = "access".into();
                answer["app_id"] = self.app_id.into();
                self.add_lifetime(&mut answer, at, now);
            }
            None => {
                answer["token_type"] = "refresh".into();
                answer["client_id"] = self.client_id.into();
            }
        }
        answer
    }

    fn of_both(&self) -> Value {
        json!({
            "token": self.token, "user": self.user, "user_id": self.user_id, "hub_id": self.hub_id, "hub_domain": hub_domain(self.hub_id),
            "scopes": self.scopes,
        })
    }

    fn add_lifetime(&self, answer: &mut Value, at: Timestamp, now: Timestamp) {
        answer["expires_in"] = ((at.as_ms() - now.as_ms()).max(0) / 1_000).into();
        answer["is_private_distribution"] = self.is_private.into();
        // HubSpot signs this for its own services; nothing here verifies it, so it is not signed. Its scopes are text
        // (developers.hubspot.com/docs/api-reference/legacy/authentication/oauth-tokens/v1/get-oauth-token-metadata, and
        // SignedAccessToken of the official clients).
        answer["signed_access_token"] = json!({
            "expiresAt": at.as_ms(), "scopes": self.scopes.join(" "), "hubId": self.hub_id, "userId": self.user_id, "appId": self.app_id,
            "appInstallId": self.install_id, "audience": "", "installingUserId": self.user_id, "signature": "", "newSignature": "", "hublet": "na1",
            "scopeToScopeGroupPks": "", "trialScopes": "", "trialScopeToScopeGroupPks": "", "isUserLevel": false,
            "isPrivateDistribution": self.is_private, "isServiceAccount": false,
        });
    }
}

/// An account has no domain of its own here; one of this form never resolves (RFC 6761, section 6.4).
fn hub_domain(hub_id: Option<u64>) -> Option<String> {
    hub_id.map(|hub_id| format!("hub-{hub_id}.invalid"))
}

/// The answer for a token that is not known or not good any more; also what HubSpot answers.
pub fn inactive() -> Value {
    json!({ "active": false })
}
