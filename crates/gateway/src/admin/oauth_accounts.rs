//! Accounts connected by OAuth over the admin API, and the token service.

use std::sync::Arc;
use std::time::Instant;

use axum::Extension;
use axum::extract::State;
use keyway_api::body::{AuthorizeBody, ClientBody, ImportBody, ImportedAccount, RefreshTokenBody};
use keyway_api::query::Page;
use keyway_core::refusal::Refusal;
use keyway_core::secret::Secret;

use super::Admin;
use super::accounts::described;
use super::body::ApiError;
use super::extract::{JsonBody, Path, Query};
use super::page::page;
use super::view::{self, Answer, answer};
use crate::audit::AuditEntry;
use crate::clock;
use crate::control::{KnownGrant, NewOAuthClient, Standing};
use crate::principal::Principal;
use crate::tokens::TokenError;

pub(super) async fn list_clients(State(admin): State<Admin>, Query(query): Query<Page>) -> Answer<view::OAuthClients> {
    let (shown, after) = page(admin.control.oauth_clients().await, query.after.as_deref(), query.limit, |client| client.id)?;
    answer(view::OAuthClients { oauth_clients: shown.iter().map(|one| view::oauth_client(one)).collect(), after })
}

pub(super) async fn put_client(State(admin): State<Admin>, JsonBody(asked): JsonBody<ClientBody>) -> Answer<view::OAuthClientAnswer> {
    let new = NewOAuthClient {
        name: asked.name,
        client_id: asked.client_id,
        secret: Secret::new(asked.client_secret),
        base: asked.base_url,
        authorize_url: asked.authorize_url,
        scopes: asked.scopes,
        optional_scopes: asked.optional_scopes,
    };
    let made = admin.control.put_oauth_client(new).await?;
    answer(view::OAuthClientAnswer { oauth_client: view::oauth_client(&made) })
}

pub(super) async fn authorize(State(admin): State<Admin>, JsonBody(asked): JsonBody<AuthorizeBody>) -> Answer<view::Authorization> {
    let redirect_uri = format!("{}/oauth/callback", admin.addresses.admin);
    let (url, state) = admin.control.begin_authorization(&asked.client, asked.settings, &redirect_uri).await?;
    answer(view::Authorization { authorize_url: url, redirect_uri, authorization: state })
}

pub(super) async fn show_authorization(State(admin): State<Admin>, Path(state): Path<String>) -> Answer<view::AuthorizationState> {
    let (state, message, account) = match admin.control.authorization(&state).await? {
        Standing::Waiting => ("waiting", None, None),
        Standing::Failed(why) => ("failed", Some(why), None),
        Standing::Connected(hub_id) => ("connected", None, Some(described(&admin, &admin.control.account(hub_id).await?).await)),
    };
    answer(view::AuthorizationState { state: state.to_owned(), message, account })
}

pub(super) async fn connect(State(admin): State<Admin>, JsonBody(asked): JsonBody<RefreshTokenBody>) -> Answer<view::AccountAnswer> {
    let token = Secret::new(asked.refresh_token);
    let made = admin.control.connect_with_refresh_token(&admin.upstream, &asked.client, asked.settings, token).await?;
    admin.connected(made.hub_id);
    answer(view::AccountAnswer { account: described(&admin, &made).await })
}

pub(super) async fn import(State(admin): State<Admin>, JsonBody(asked): JsonBody<ImportBody>) -> Answer<view::Imported> {
    let grant = |one: ImportedAccount| KnownGrant { hub_id: one.hub_id, refresh_token: Secret::new(one.refresh_token), name: one.name };
    let imported = admin.control.import(&asked.client, asked.accounts.into_iter().map(grant).collect()).await?;
    answer(view::Imported { imported })
}

/// A short-lived access token of an account, for an integration that calls HubSpot itself. Recorded before it is given.
pub(super) async fn access_token(
    State(admin): State<Admin>,
    Extension(who): Extension<Principal>,
    Path(hub_id): Path<u64>,
) -> Answer<view::AccessToken> {
    let (at, started) = (clock::now(), Instant::now());
    let account = admin.control.account(hub_id).await?;
    if account.connection.as_ref().is_none_or(|connection| connection.oauth_client.is_none()) {
        return Err(ApiError::new(
            409,
            "connection",
            format!(
                "account {hub_id} is not connected by OAuth, so it has no access token. To connect an account by OAuth: keyway account create --oauth CLIENT"
            ),
        ));
    }
    let given = admin.tokens.get(hub_id).await;
    let (status, refusal) = match &given {
        Ok(_) => (200, None),
        Err(TokenError::Revoked(_)) => (409, Some(Refusal::ConnectionRevoked)),
        Err(TokenError::Configuration(_)) => (409, Some(Refusal::ConnectionClient)),
        Err(TokenError::NotNow) => (503, Some(Refusal::NoAccessToken)),
    };
    let entry = AuditEntry {
        at,
        hub_id: Some(hub_id),
        app_id: None,
        token_id: None,
        operation: Arc::from("POST /api/v1/accounts/{hub_id}/access-token"),
        object: None,
        status,
        word: refusal.map(Refusal::name),
        attempts: 0,
        waited_us: 0,
        latency_us: u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX),
        bytes_in: 0,
        bytes_out: 0,
        correlation_id: crate::pipeline::new_correlation_id(at),
        source: who.source.parse().unwrap_or(std::net::Ipv4Addr::LOCALHOST.into()),
        named: None,
        agent: None,
    };
    admin.audit.record(entry, false).await?;
    match given {
        Ok((token, ends)) => {
            let now = clock::both();
            let expires_in = (ends.as_ms() - now.steady.as_ms()) / 1_000;
            answer(view::AccessToken { hub_id, access_token: token.expose().clone(), expires_in, expires_at: now.time_of(ends).into() })
        }
        Err(error) => Err(ApiError::new(status, if status == 503 { "unavailable" } else { "connection" }, error.to_string())),
    }
}
