//! Accounts connected by OAuth over the admin API, and the token service.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::State;
use axum::{Extension, Json};
use keyway_core::secret::Secret;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Admin;
use super::body::{ApiError, VERSION};
use super::extract::{JsonBody, Path};
use super::routes::described;
use crate::audit::AuditEntry;
use crate::clock;
use crate::control::{KnownGrant, NewOAuthClient, OAuthSettings, Standing};
use crate::model::OAuthClient;
use crate::principal::Principal;
use crate::tokens::TokenError;

type Answer = Result<Json<Value>, ApiError>;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ClientBody {
    name: String,
    client_id: String,
    client_secret: String,
    base_url: Option<String>,
    authorize_url: Option<String>,
    #[serde(default)]
    scopes: Vec<String>,
    #[serde(default)]
    optional_scopes: Vec<String>,
}

pub(super) async fn list_clients(State(admin): State<Admin>) -> Answer {
    let clients: Vec<Value> = admin.control.oauth_clients().await.iter().map(|one| client(one)).collect();
    Ok(Json(json!({ "version": VERSION, "oauthClients": clients })))
}

pub(super) async fn put_client(State(admin): State<Admin>, JsonBody(asked): JsonBody<ClientBody>) -> Answer {
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
    Ok(Json(json!({ "version": VERSION, "oauthClient": client(&made) })))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct AuthorizeBody {
    client: String,
    #[serde(flatten)]
    settings: OAuthSettings,
}

pub(super) async fn authorize(State(admin): State<Admin>, JsonBody(asked): JsonBody<AuthorizeBody>) -> Answer {
    let redirect_uri = format!("{}/oauth/callback", admin.addresses.admin);
    let (url, state) = admin.control.begin_authorization(&asked.client, asked.settings, &redirect_uri).await?;
    Ok(Json(json!({ "version": VERSION, "authorizeUrl": url, "redirectUri": redirect_uri, "authorization": state })))
}

pub(super) async fn show_authorization(State(admin): State<Admin>, Path(state): Path<String>) -> Answer {
    let answer = match admin.control.authorization(&state).await? {
        Standing::Waiting => json!({ "version": VERSION, "state": "waiting" }),
        Standing::Failed(why) => json!({ "version": VERSION, "state": "failed", "message": why }),
        Standing::Connected(hub_id) => {
            let account = admin.control.account(hub_id).await?;
            json!({ "version": VERSION, "state": "connected", "account": described(&admin, &account).await })
        }
    };
    Ok(Json(answer))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct RefreshTokenBody {
    client: String,
    refresh_token: String,
    #[serde(flatten)]
    settings: OAuthSettings,
}

pub(super) async fn connect(State(admin): State<Admin>, JsonBody(asked): JsonBody<RefreshTokenBody>) -> Answer {
    let token = Secret::new(asked.refresh_token);
    let made = admin.control.connect_with_refresh_token(&admin.upstream, &asked.client, asked.settings, token).await?;
    admin.connected(made.hub_id);
    Ok(Json(json!({ "version": VERSION, "account": described(&admin, &made).await })))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ImportBody {
    client: String,
    accounts: Vec<ImportedAccount>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ImportedAccount {
    hub_id: u64,
    refresh_token: String,
    #[serde(default)]
    name: String,
}

pub(super) async fn import(State(admin): State<Admin>, JsonBody(asked): JsonBody<ImportBody>) -> Answer {
    let grant = |one: ImportedAccount| KnownGrant { hub_id: one.hub_id, refresh_token: Secret::new(one.refresh_token), name: one.name };
    let imported = admin.control.import(&asked.client, asked.accounts.into_iter().map(grant).collect()).await?;
    Ok(Json(json!({ "version": VERSION, "imported": imported })))
}

/// A short-lived access token of an account, for an integration that calls HubSpot itself. On record before it is given.
pub(super) async fn access_token(State(admin): State<Admin>, Extension(who): Extension<Principal>, Path(hub_id): Path<u64>) -> Answer {
    let (at, started) = (clock::now(), Instant::now());
    admin.control.account(hub_id).await?;
    let given = admin.tokens.get(hub_id).await;
    let (status, category) = match &given {
        Ok(_) => (200, None),
        Err(TokenError::Revoked(_)) => (409, Some("CONNECTION_REVOKED")),
        Err(TokenError::Configuration(_)) => (409, Some("CONNECTION_CREDENTIAL")),
        Err(TokenError::NotNow) => (503, Some("UPSTREAM_UNAVAILABLE")),
    };
    let entry = AuditEntry {
        at,
        hub_id: Some(hub_id),
        app_id: None,
        token_id: None,
        operation: Arc::from("POST /api/v1/accounts/{hub_id}/access-token"),
        object: None,
        status,
        category,
        attempts: 0,
        waited_us: 0,
        latency_us: u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX),
        bytes_in: 0,
        bytes_out: 0,
        correlation_id: crate::pipeline::new_correlation_id(at),
        source: who.source.parse().unwrap_or(std::net::Ipv4Addr::LOCALHOST.into()),
    };
    admin.audit.record(entry, false).await?;
    match given {
        Ok((token, ends)) => {
            let seconds = (ends.as_ms() - clock::now().as_ms()) / 1_000;
            Ok(Json(
                json!({ "version": VERSION, "hubId": hub_id, "accessToken": token.expose(), "expiresIn": seconds, "expiresAt": ends.to_iso() }),
            ))
        }
        Err(error) => Err(ApiError::new(status, if status == 503 { "unavailable" } else { "connection" }, error.to_string())),
    }
}

fn client(client: &OAuthClient) -> Value {
    json!({
        "id": client.id, "name": client.name, "clientId": client.client.id, "baseUrl": client.base.to_string(), "authorizeUrl": client.authorize_url,
        "scopes": client.scopes, "optionalScopes": client.optional_scopes, "createdAt": client.created_at.to_iso(),
    })
}
