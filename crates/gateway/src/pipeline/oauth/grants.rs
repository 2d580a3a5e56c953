//! Tokens for a grant: a code, a refresh token, or the credentials of the app itself.

use std::sync::Arc;

use keyway_core::error_body::ErrorBody;
use keyway_core::refusal::Refusal;
use keyway_core::scope::ScopeSet;
use keyway_core::time::Timestamp;
use keyway_oauth::error::{Code, OAuthError};
use keyway_oauth::params::Params;
use keyway_oauth::server::ACCESS_TOKEN_S;
use keyway_oauth::server::access_token::{Claims, Subject};
use keyway_oauth::server::grant;
use serde_json::Value;

use super::tokens::is_good;
use super::{Server, Stop};
use crate::control::{Exchanged, Rotated};
use crate::model::PublicApp;
use crate::pipeline::{Call, Gateway, respond};

impl Gateway {
    pub(super) async fn code_grant(
        &self,
        server: &Server,
        call: &mut Call,
        client: &Arc<PublicApp>,
        params: &Params,
    ) -> Result<Value, Stop> {
        let owned = |name: &str| params.get(name).map(str::to_owned);
        let code = owned("code").ok_or_else(OAuthError::bad_code)?;
        let (redirect_uri, verifier) = (owned("redirect_uri"), owned("code_verifier"));
        let (control, app) = (server.control.clone(), client.clone());
        let exchanged =
            server.run(async move { control.exchange(&app, &code, redirect_uri.as_deref(), verifier.as_deref()).await }).await?;
        let Exchanged { install, token } = exchanged?;
        let entry = self.registry.grant(token.id).ok_or_else(respond::store_unavailable)?;
        call.token = Some(entry.clone());
        let scopes = token.grant.as_ref().map(|grant| grant.scopes.clone()).unwrap_or_default();
        let access = self.access_token(Subject::Grant(token.id), None, entry.app.account.now(call.at))?;
        let user_id = token.grant.as_ref().map_or(0, |grant| grant.user_id);
        entry.note_use(call.at);
        Ok(grant::issued(&access, self.registry.refresh_token(&token, 0).expose(), &scopes, install.hub_id, user_id))
    }

    pub(super) async fn refresh_grant(&self, server: &Server, call: &mut Call, client: &PublicApp, params: &Params) -> Result<Value, Stop> {
        let presented = params.get("refresh_token").ok_or_else(OAuthError::bad_refresh_token)?;
        let (named, entry) = self.registry.find_refresh(presented).ok_or_else(OAuthError::bad_refresh_token)?;
        if entry.app.app.public_app != Some(client.id) {
            return Err(OAuthError::bad_refresh_token().into());
        }
        call.token = Some(entry.clone());
        let grant = entry.token.grant.as_deref().filter(|_| is_good(&entry)).ok_or_else(OAuthError::bad_refresh_token)?;
        let scopes = grant::narrowed(&grant.scopes, params)?;
        let generation = if client.rotates || named.generation != grant.generation {
            let control = server.control.clone();
            match server.run(async move { control.rotate_refresh_token(named).await }).await? {
                Rotated::Generation(generation) => generation,
                Rotated::Stolen | Rotated::Over => return Err(OAuthError::bad_refresh_token().into()),
            }
        } else {
            // As HubSpot does: the same token, which stays good (hubspot facts, section 3).
            named.generation
        };
        let narrowed = (scopes.len() < grant.scopes.len()).then(|| ScopeSet::of_known(scopes.iter().map(String::as_str)));
        let access = self.access_token(Subject::Grant(entry.token.id), narrowed, entry.app.account.now(call.at))?;
        entry.note_use(call.at);
        Ok(grant::issued(
            &access,
            self.registry.refresh_token(&entry.token, generation).expose(),
            &scopes,
            entry.app.app.hub_id,
            grant.user_id,
        ))
    }

    pub(super) fn client_grant(&self, client: &PublicApp, call: &Call, params: &Params) -> Result<Value, Stop> {
        if client.is_public {
            let message = "an app without a secret has no credentials of its own";
            return Err(OAuthError::new(Code::UnauthorizedClient, Refusal::OAuthGrantType, message).into());
        }
        let scopes = grant::narrowed_for_app(&client.scopes, params)?;
        let narrowed = (scopes.len() < client.scopes.len()).then(|| ScopeSet::of_known(scopes.iter().map(String::as_str)));
        let access = self.access_token(Subject::App(client.id), narrowed, self.registry.time_without_account(call.at))?;
        Ok(grant::issued_to_app(&access, &scopes))
    }

    fn access_token(&self, subject: Subject, narrowed: Option<ScopeSet>, now: Timestamp) -> Result<String, ErrorBody> {
        let random = self.registry.draw::<8>("access token").map_err(|_| respond::store_unavailable())?;
        let claims = Claims { subject, expires_at: now.plus_ms(ACCESS_TOKEN_S * 1_000), narrowed };
        Ok(self.registry.access_key().issue(&claims, random).expose().to_owned())
    }
}
