//! What OAuth gives out for public apps: codes, installs and refresh tokens. An install is an app of its account.

use std::sync::Arc;

use keyway_core::secret::Secret;
use keyway_core::time::Timestamp;
use keyway_core::token::TokenHash;
use keyway_oauth::error::OAuthError;
use keyway_oauth::server::CODE_MS;
use keyway_oauth::server::authorize;
use keyway_oauth::server::code::{self, CodeGrant};
use keyway_oauth::server::refresh_token::{self, Named, Use};
use keyway_oauth::{random_text, redirect};

use super::{Control, ControlError, Result, State, find_account};
use crate::clock;
use crate::model::{App, Grant, PublicApp, Token};
use crate::store::oauth::{self as stored, StoredCode};
use crate::store::{self, StoreError};

/// What a code gave.
#[derive(Clone, Debug)]
pub struct Exchanged {
    /// The install.
    pub install: App,
    /// The grant, as its refresh token.
    pub token: Token,
}

/// What a refresh token gave, where tokens are rotated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotated {
    /// The generation of the token that holds now.
    Generation(u64),
    /// It was used before: the grant is ended.
    Stolen,
    /// The grant is over.
    Over,
}

/// Grants of one install that are still good. More are a sign of a client that asks for consent at
/// every start; the oldest then ends.
const LIVE_GRANTS_MAX: usize = 50;

impl Control {
    /// Grants what a request asks for on an account, in a person's name, and gives the code.
    ///
    /// # Errors
    /// There is no such account, or it does not hold what the app requires.
    pub async fn consent(
        &self,
        app: &PublicApp,
        request: &authorize::Request,
        hub_id: u64,
        user: &str,
        user_id: u64,
    ) -> Result<Secret<String>> {
        let (mut change, state) = self.begin().await?;
        // As it is now: it may have been changed while the person read.
        let app = state.public_apps.iter().find(|one| one.id == app.id && one.enabled);
        let app = app.ok_or_else(|| ControlError::NotFound("the app is not there any more".into()))?;
        if !redirect::is_registered(&app.redirect_uris, &request.redirect_uri) {
            return Err(ControlError::Conflict("the redirect URI was taken from the app".into()));
        }
        let account = find_account(&state, hub_id)?;
        let holds = |scope: &str| account.connection.as_ref().is_none_or(|connection| connection.scopes.iter().any(|held| held == scope));
        let granted = authorize::grantable(request, holds).map_err(|lacking| {
            ControlError::Conflict(format!("account {hub_id} does not hold scopes that the app requires: {}", lacking.join(", ")))
        })?;
        let code = random_text(&self.draw::<32>("code")?);
        let now = clock::now();
        let kept = StoredCode {
            public_app_id: app.id,
            hub_id,
            grant: CodeGrant {
                client_id: app.client_id.clone(),
                redirect_uri: request.redirect_uri.clone(),
                challenge: request.challenge.clone(),
                expires_at: now.plus_ms(CODE_MS),
            },
            scopes: granted,
            user: user.to_owned(),
            user_id,
            used: None,
        };
        stored::put_code(&mut change, &self.registry.token_key().hash(&code), &kept, now).await?;
        let became = serde_json::json!({ "name": app.name, "hubId": hub_id, "scopes": kept.scopes, "grantedBy": user });
        super::record::of_one_in(&mut change, format!("public app {}", app.id), None, Some(became), Some(hub_id)).await?;
        change.commit().await.map_err(StoreError::from)?;
        Ok(Secret::new(code))
    }

    /// Exchanges a code for a grant, once; the install is made with the first. A code that comes a
    /// second time ends what it gave (RFC 6749, section 4.1.2; RFC 9700, section 4.5).
    ///
    /// # Errors
    /// The store can't be written. That the code is not good is the inner error.
    pub async fn exchange(
        &self,
        app: &PublicApp,
        code: &str,
        redirect_uri: Option<&str>,
        verifier: Option<&str>,
    ) -> Result<std::result::Result<Exchanged, OAuthError>> {
        let (mut change, mut state) = self.begin().await?;
        let now = clock::now();
        let hash = self.registry.token_key().hash(code);
        let kept = stored::code(&mut change, &hash).await?.filter(|kept| kept.public_app_id == app.id);
        let Some(mut kept) = kept else { return Ok(Err(OAuthError::bad_code())) };
        if let Some(gave) = kept.used {
            let mut next = state.clone();
            if let Some(token) = gave.and_then(|id| next.tokens.iter_mut().find(|token| token.id == id)) {
                tracing::warn!(app = app.name, token_id = token.id, "a code was presented twice: what it gave is ended");
                let token = Arc::make_mut(token);
                token.revoked_at = token.revoked_at.or(Some(now));
                store::update_token(&mut change, token).await?;
                self.commit(change, &mut state, next).await?;
            }
            return Ok(Err(OAuthError::bad_code()));
        }
        kept.grant.client_id.clone_from(&app.client_id);
        if let Err(refused) = code::check(&kept.grant, &app.client_id, redirect_uri, verifier, now) {
            return Ok(Err(refused));
        }
        let mut next = state.clone();
        let install = self.put_install(&mut change, &mut next, app, &kept, now).await?;
        end_oldest_grant(&mut change, &mut next, install.id, now).await?;
        let grant = Grant { scopes: kept.scopes, user: kept.user, user_id: kept.user_id, generation: 0 };
        let mut token =
            Token { grant: Some(Arc::new(grant)), ..Token::new(install.id, TokenHash(self.draw("grant")?), "kwr_…".to_owned(), now) };
        token.id = store::insert_token(&mut change, &token).await?;
        stored::code_is_used(&mut change, &hash, token.id).await?;
        next.tokens.push(token.clone().into());
        self.commit(change, &mut state, next).await?;
        Ok(Ok(Exchanged { install, token }))
    }

    async fn put_install(
        &self,
        change: &mut store::Change,
        next: &mut State,
        app: &PublicApp,
        kept: &StoredCode,
        now: Timestamp,
    ) -> Result<App> {
        if let Some(install) = next.apps.iter_mut().find(|one| one.public_app == Some(app.id) && one.hub_id == kept.hub_id) {
            let install = Arc::make_mut(install);
            install.scopes.clone_from(&kept.scopes);
            install.updated_at = now;
            store::update_app(change, install).await?;
            return Ok(install.clone());
        }
        let taken = |name: &str| next.apps.iter().any(|one| one.hub_id == kept.hub_id && one.name == name);
        let name = if taken(&app.name) { format!("{} (public app {})", app.name, app.id) } else { app.name.clone() };
        let mut install = App {
            description: app.description.clone(),
            owner: app.owner.clone(),
            scopes: kept.scopes.clone(),
            public_app: Some(app.id),
            ..App::new(kept.hub_id, name, now)
        };
        install.id = store::insert_app(change, &install).await?;
        next.apps.push(install.clone().into());
        Ok(install)
    }

    /// Uses a refresh token of an app whose tokens are rotated, in one step of the store: two that come
    /// at once follow each other, on any instance.
    ///
    /// # Errors
    /// The store can't be written.
    pub async fn rotate_refresh_token(&self, named: Named) -> Result<Rotated> {
        let now = clock::now();
        let mut change = self.store.begin().await?;
        let Some((last, at)) = stored::generation_of(&mut change, named.grant, now).await? else { return Ok(Rotated::Over) };
        match refresh_token::judge(named.generation, last, now.as_ms() - at.as_ms()) {
            Use::Rotate => {
                stored::put_generation(&mut change, named.grant, last + 1, now).await?;
                change.commit().await.map_err(StoreError::from)?;
                Ok(Rotated::Generation(last + 1))
            }
            Use::Repeat => Ok(Rotated::Generation(last)),
            Use::Stolen => {
                drop(change);
                tracing::warn!(token_id = named.grant, "a refresh token was presented after it was replaced: its grant is ended");
                self.revoke_token(named.grant).await?;
                Ok(Rotated::Stolen)
            }
        }
    }

    /// Ends a refresh token as its client asks. Access tokens that it gave live out their half hour
    /// (hubspot facts, section 3).
    ///
    /// # Errors
    /// [`ControlError::NotFound`]: no refresh token has this id.
    pub async fn end_refresh_token(&self, token_id: u64) -> Result<()> {
        let (mut change, mut state) = self.begin().await?;
        let mut next = state.clone();
        let token = next.tokens.iter_mut().find(|token| token.id == token_id && token.grant.is_some());
        let token = token.ok_or_else(|| ControlError::NotFound(format!("there is no refresh token {token_id}")))?;
        let token = Arc::make_mut(token);
        token.expires_at = token.expires_at.or_else(|| Some(clock::now()));
        store::update_token(&mut change, token).await?;
        self.commit(change, &mut state, next).await
    }

    /// The installs of a public app or of all, on an account or on all, after an id, with their tokens.
    pub async fn installs(&self, public_app: Option<u64>, hub_id: Option<u64>, after: u64, limit: usize) -> Vec<(App, Vec<Token>)> {
        let state = self.state.lock().await;
        let wanted = state.apps.iter().filter(|app| {
            app.id > after
                && app.public_app.is_some_and(|id| public_app.is_none_or(|wanted| wanted == id))
                && hub_id.is_none_or(|hub_id| hub_id == app.hub_id)
        });
        super::with_tokens(&state, wanted.take(limit).map(Arc::as_ref).cloned().collect())
    }

    /// Ends an install: the app is gone from the account, and its tokens end now.
    ///
    /// # Errors
    /// [`ControlError::NotFound`]: no install has this id.
    pub async fn uninstall(&self, app_id: u64) -> Result<App> {
        let is_install = self.state.lock().await.apps.iter().any(|app| app.id == app_id && app.public_app.is_some());
        if !is_install {
            return Err(ControlError::NotFound(format!("there is no install {app_id}")));
        }
        self.delete_app(&app_id.to_string()).await
    }
}

async fn end_oldest_grant(change: &mut store::Change, next: &mut State, app_id: u64, now: Timestamp) -> Result<()> {
    let live = |token: &Token| token.app_id == app_id && token.grant.is_some() && token.revoked_at.is_none() && token.expires_at.is_none();
    if next.tokens.iter().filter(|token| live(token)).count() < LIVE_GRANTS_MAX {
        return Ok(());
    }
    if let Some(oldest) = next.tokens.iter_mut().filter(|token| live(token)).min_by_key(|token| token.created_at) {
        let oldest = Arc::make_mut(oldest);
        oldest.expires_at = Some(now);
        store::update_token(change, oldest).await?;
    }
    Ok(())
}
