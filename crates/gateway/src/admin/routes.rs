//! The routes of the admin API; `openapi` describes them, and a test compares the two.

use axum::extract::{DefaultBodyLimit, Request, State};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post, put};
use axum::{Json, Router};
use keyway_core::secret::Secret;
use serde::Deserialize;
use serde_json::{Value, json};

use super::body::{self, AccountBody, ApiError, AppBody, ConnectBody, CredentialBody, RotateBody, VERSION};
use super::extract::{JsonBody, Path, Query};
use super::{Admin, audit, doctor, metrics, oauth, oauth_accounts, openapi, plan, portal, scopes, usage};
use crate::clock;
use crate::control::{AccountChange, AppChange, NewAccount, NewApp, NewConnection, Rotation};
use crate::model::{Account, App, Token};

type Answer = Result<Json<Value>, ApiError>;

/// Largest request body: an app with every scope and many dependents is far smaller.
const BODY_BYTES_MAX: usize = 256 * 1024;
/// Largest list of accounts that come over: a thousand, with the longest tokens and names.
const IMPORT_BYTES_MAX: usize = 8 * 1024 * 1024;

pub(super) fn api() -> Router<Admin> {
    Router::new()
        .route("/api/v1/accounts", get(list_accounts).post(create_account))
        .route("/api/v1/accounts/connect", post(connect_account))
        .route("/api/v1/accounts/{hub_id}/credential", put(replace_credential))
        .route("/api/v1/accounts/{hub_id}/credential/rollback", post(roll_back_credential))
        .route("/api/v1/accounts/{hub_id}/check", post(check_connection))
        .route("/api/v1/accounts/{hub_id}", get(show_account).patch(update_account).delete(delete_account))
        .route("/api/v1/apps", get(list_apps).post(create_app))
        .route("/api/v1/apps/{app}", get(show_app).patch(update_app).delete(delete_app))
        .route("/api/v1/apps/{app}/scopes", get(scopes::of_app))
        .route("/api/v1/apps/{app}/tokens", get(list_tokens).post(create_token))
        .route("/api/v1/apps/{app}/tokens/rotate", post(rotate_token))
        .route("/api/v1/apps/{app}/tokens/legacy", post(admit_legacy_key))
        .route("/api/v1/tokens/{token_id}/users", get(scopes::users_of_token))
        .route("/api/v1/tokens/{token_id}/revoke", post(revoke_token))
        .route("/api/v1/tokens/{token_id}/take-over", post(take_over))
        .route("/api/v1/public-apps", get(oauth::list_public_apps).post(oauth::create_public_app))
        .route(
            "/api/v1/public-apps/{public_app}",
            get(oauth::show_public_app).patch(oauth::update_public_app).delete(oauth::delete_public_app),
        )
        .route("/api/v1/public-apps/{public_app}/secret/rotate", post(oauth::rotate_secret))
        .route("/api/v1/installs", get(oauth::list_installs).post(oauth::approve))
        .route("/api/v1/installs/{app_id}", get(oauth::show_install).delete(oauth::end_install))
        .route("/api/v1/users", get(oauth::list_people).put(oauth::put_person))
        .route("/api/v1/users/{email}", delete(oauth::delete_person))
        .route("/api/v1/oauth-clients", get(oauth_accounts::list_clients).put(oauth_accounts::put_client))
        .route("/api/v1/accounts/authorize", post(oauth_accounts::authorize))
        .route("/api/v1/accounts/authorize/{authorization}", get(oauth_accounts::show_authorization))
        .route("/api/v1/accounts/oauth", post(oauth_accounts::connect))
        .route("/api/v1/accounts/import", post(oauth_accounts::import).layer(DefaultBodyLimit::max(IMPORT_BYTES_MAX)))
        .route("/api/v1/portals/{hub_id}/reset", post(portal::reset))
        .route("/api/v1/portals/{hub_id}/seed", post(portal::seed).layer(DefaultBodyLimit::max(portal::RECORDS_BYTES_MAX)))
        .route("/api/v1/portals/{hub_id}/snapshots", get(portal::list_snapshots))
        .route(
            "/api/v1/portals/{hub_id}/snapshots/{snapshot}",
            get(portal::show_snapshot)
                .post(portal::take_snapshot)
                .put(portal::put_snapshot)
                .delete(portal::delete_snapshot)
                .layer(DefaultBodyLimit::max(portal::RECORDS_BYTES_MAX)),
        )
        .route("/api/v1/portals/{hub_id}/snapshots/{snapshot}/restore", post(portal::restore_snapshot))
        .route("/api/v1/portals/{hub_id}/requests", get(portal::list_requests).delete(portal::forget_requests))
        .route("/api/v1/portals/{hub_id}/faults", get(portal::list_faults).post(portal::add_fault).delete(portal::clear_faults))
        .route("/api/v1/portals/{hub_id}/faults/{fault}", delete(portal::remove_fault))
        .route("/api/v1/portals/{hub_id}/clock", get(portal::show_clock).put(portal::set_clock))
        .route("/api/v1/coverage", get(portal::coverage))
        .route("/api/v1/doctor", post(doctor::diagnosed).layer(DefaultBodyLimit::max(doctor::BODY_BYTES_MAX)))
        .route("/api/v1/plan", post(plan::planned).layer(DefaultBodyLimit::max(plan::BODY_BYTES_MAX)))
        .route("/api/v1/usage", get(usage::list))
        .route("/api/v1/usage/unused-apps", get(scopes::unused_apps))
        .route("/api/v1/audit", get(audit::list))
        .route("/api/v1/audit/export", get(audit::export))
        .route("/api/v1/audit/verify", get(audit::verify))
        .method_not_allowed_fallback(other_method)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(from_fn(to_the_end))
}

/// What a permission of its own opens too.
pub(super) fn token_service() -> Router<Admin> {
    Router::new()
        .route("/api/v1/accounts/{hub_id}/access-token", post(oauth_accounts::access_token))
        .method_not_allowed_fallback(other_method)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(from_fn(to_the_end))
}

async fn other_method() -> ApiError {
    ApiError::new(405, "method_not_allowed", "the path has other methods; see /api/v1/openapi.json")
}

/// A change goes on when its client hangs up: what is committed to the store must also come into
/// effect (a token that was revoked in the store only would still be accepted).
async fn to_the_end(request: Request, next: Next) -> Response {
    let handled = tokio::spawn(next.run(request)).await;
    handled.unwrap_or_else(|_| ApiError::new(500, "internal", "the call ended before its answer; see the server's log").into_response())
}

/// What needs no token: nothing in it tells of accounts, apps or calls.
pub(super) fn open() -> Router<Admin> {
    Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics::show))
        .route("/api/v1/openapi.json", get(async || Json(openapi::document())))
        .method_not_allowed_fallback(other_method)
        .fallback(async || ApiError::new(404, "not_found", "there is no such path; see /api/v1/openapi.json"))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct AccountsQuery {
    after: Option<u64>,
    limit: Option<usize>,
}

async fn list_accounts(State(admin): State<Admin>, Query(query): Query<AccountsQuery>) -> Answer {
    let mut page = admin.control.accounts().await;
    page.sort_unstable_by_key(|account| account.hub_id);
    page.retain(|account| query.after.is_none_or(|after| account.hub_id > after));
    page.truncate(query.limit.unwrap_or(usize::MAX).max(1));
    let mut apps: std::collections::HashMap<u64, Vec<_>> = page.iter().map(|account| (account.hub_id, Vec::new())).collect();
    for (app, tokens) in admin.control.apps(None).await {
        if let Some(of_account) = apps.get_mut(&app.hub_id) {
            of_account.push((app, tokens));
        }
    }
    let after = query.limit.filter(|limit| page.len() == *limit).and(page.last()).map(|account| account.hub_id);
    let of = |account: &Account| apps.get(&account.hub_id).map_or(&[][..], Vec::as_slice);
    let accounts: Vec<Value> = page.iter().map(|account| described_with(&admin, account, of(account))).collect();
    Ok(Json(json!({ "version": VERSION, "accounts": accounts, "after": after })))
}

async fn create_account(State(admin): State<Admin>, JsonBody(asked): JsonBody<AccountBody>) -> Answer {
    let tier = tier(asked.tier.as_deref())?;
    let AccountBody { hub_id, name, addons, time_zone, currency, region, .. } = asked;
    let new = NewAccount { hub_id, name: name.unwrap_or_default(), tier, addons: addons.unwrap_or(0), time_zone, currency, region };
    let made = admin.control.create_account(new).await?;
    Ok(Json(json!({ "version": VERSION, "account": described(&admin, &made).await })))
}

/// An account with today's use and the state of its connection.
pub(super) async fn described(admin: &Admin, account: &Account) -> Value {
    described_with(admin, account, &admin.control.apps(Some(account.hub_id)).await)
}

fn described_with(admin: &Admin, account: &Account, apps: &[(App, Vec<Token>)]) -> Value {
    let now = clock::now();
    let health = admin.upstream.health.of(account.hub_id);
    let connection = account.connection.as_ref().map(|connection| body::connection(connection, health, apps, now));
    body::account(account, admin.registry.standing(account.hub_id, now), connection)
}

async fn check_connection(State(admin): State<Admin>, Path(hub_id): Path<u64>) -> Answer {
    let checked = admin.control.check_connection(&admin.upstream, hub_id).await?;
    Ok(Json(json!({ "version": VERSION, "account": described(&admin, &checked).await })))
}

async fn connect_account(State(admin): State<Admin>, JsonBody(asked): JsonBody<ConnectBody>) -> Answer {
    let new = NewConnection {
        name: asked.name.unwrap_or_default(),
        base: asked.base_url,
        credential: Secret::new(asked.credential),
        tier: tier(asked.tier.as_deref())?,
        addons: asked.addons.unwrap_or(0),
        time_zone: asked.time_zone,
    };
    let made = admin.control.connect_account(&admin.upstream, new).await?;
    Ok(Json(json!({ "version": VERSION, "account": described(&admin, &made).await })))
}

async fn replace_credential(State(admin): State<Admin>, Path(hub_id): Path<u64>, JsonBody(asked): JsonBody<CredentialBody>) -> Answer {
    let changed = admin.control.replace_credential(&admin.upstream, hub_id, Secret::new(asked.credential)).await?;
    Ok(Json(json!({ "version": VERSION, "account": described(&admin, &changed).await })))
}

async fn roll_back_credential(State(admin): State<Admin>, Path(hub_id): Path<u64>) -> Answer {
    let changed = admin.control.roll_back_credential(&admin.upstream, hub_id).await?;
    Ok(Json(json!({ "version": VERSION, "account": described(&admin, &changed).await })))
}

async fn show_account(State(admin): State<Admin>, Path(hub_id): Path<u64>) -> Answer {
    let found = admin.control.account(hub_id).await?;
    Ok(Json(json!({ "version": VERSION, "account": described(&admin, &found).await })))
}

async fn update_account(State(admin): State<Admin>, Path(hub_id): Path<u64>, JsonBody(asked): JsonBody<AccountBody>) -> Answer {
    if asked.hub_id.is_some() || asked.currency.is_some() || asked.region.is_some() {
        return Err(ApiError::invalid("hubId, currency and region stay as they were made"));
    }
    let change = AccountChange { name: asked.name, tier: tier(asked.tier.as_deref())?, addons: asked.addons, time_zone: asked.time_zone };
    let changed = admin.control.update_account(hub_id, change).await?;
    Ok(Json(json!({ "version": VERSION, "account": described(&admin, &changed).await })))
}

async fn delete_account(State(admin): State<Admin>, Path(hub_id): Path<u64>) -> Answer {
    admin.control.delete_account(hub_id).await?;
    Ok(Json(json!({ "version": VERSION, "deleted": hub_id })))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AppsQuery {
    hub_id: Option<u64>,
}

async fn list_apps(State(admin): State<Admin>, Query(query): Query<AppsQuery>) -> Answer {
    let now = clock::now();
    let apps: Vec<Value> = admin
        .control
        .apps(query.hub_id)
        .await
        .iter()
        .filter(|(app, _)| app.public_app.is_none())
        .map(|(app, tokens)| body::app_with_tokens(app, tokens, now))
        .collect();
    Ok(Json(json!({ "version": VERSION, "apps": apps })))
}

async fn create_app(State(admin): State<Admin>, JsonBody(asked): JsonBody<AppBody>) -> Answer {
    let hub_id = match asked.hub_id {
        Some(hub_id) => hub_id,
        None => only_account(&admin).await?,
    };
    let sharing = asked.sharing();
    let new = NewApp {
        hub_id,
        name: asked.name.unwrap_or_default(),
        description: asked.description.unwrap_or_default(),
        owner: asked.owner.unwrap_or_default(),
        dependents: asked.dependents.unwrap_or_default(),
        scopes: [asked.scopes.unwrap_or_default(), asked.add_scopes].concat(),
        sharing,
        translate: asked.translate.unwrap_or(false),
        no_limits: asked.no_limits.unwrap_or(false),
    };
    let (app, token) = admin.control.create_app(new).await?;
    Ok(Json(json!({ "version": VERSION, "app": body::app(&app), "token": body::new_token(&token) })))
}

async fn only_account(admin: &Admin) -> Result<u64, ApiError> {
    match admin.control.accounts().await.as_slice() {
        [one] => Ok(one.hub_id),
        [] => Err(ApiError::invalid("there is no account yet")),
        _ => Err(ApiError::invalid("there are several accounts; say which one")),
    }
}

async fn show_app(State(admin): State<Admin>, Path(app): Path<String>) -> Answer {
    let (app, tokens) = admin.control.app(&app).await?;
    Ok(Json(json!({ "version": VERSION, "app": body::app_with_tokens(&app, &tokens, clock::now()) })))
}

async fn update_app(State(admin): State<Admin>, Path(app): Path<String>, JsonBody(asked): JsonBody<AppBody>) -> Answer {
    if asked.hub_id.is_some() {
        return Err(ApiError::invalid("an app stays in its account"));
    }
    let sharing = asked.sharing();
    let AppBody { name, description, owner, dependents, scopes, add_scopes, remove_scopes, enabled, translate, no_limits, .. } = asked;
    let change =
        AppChange { name, description, owner, dependents, scopes, add_scopes, remove_scopes, sharing, translate, no_limits, enabled };
    let changed = admin.control.update_app(&app, change).await?;
    Ok(Json(json!({ "version": VERSION, "app": body::app(&changed) })))
}

async fn delete_app(State(admin): State<Admin>, Path(app): Path<String>) -> Answer {
    let deleted = admin.control.delete_app(&app).await?;
    Ok(Json(json!({ "version": VERSION, "deleted": deleted.id })))
}

async fn list_tokens(State(admin): State<Admin>, Path(app): Path<String>) -> Answer {
    let (app, tokens) = admin.control.app(&app).await?;
    let now = clock::now();
    let tokens: Vec<Value> = tokens.iter().map(|token| body::token(token, now)).collect();
    Ok(Json(json!({ "version": VERSION, "app": body::app(&app), "tokens": tokens })))
}

async fn create_token(State(admin): State<Admin>, Path(app): Path<String>) -> Answer {
    let (app, token) = admin.control.create_token(&app).await?;
    Ok(Json(json!({ "version": VERSION, "app": body::app(&app), "token": body::new_token(&token) })))
}

async fn rotate_token(State(admin): State<Admin>, Path(app): Path<String>, JsonBody(asked): JsonBody<RotateBody>) -> Answer {
    let rotation = asked.grace_ms.map_or(Rotation::Now, Rotation::Grace);
    let (app, token) = admin.control.rotate_token(&app, rotation).await?;
    Ok(Json(json!({ "version": VERSION, "app": body::app(&app), "token": body::new_token(&token) })))
}

async fn admit_legacy_key(State(admin): State<Admin>, Path(app): Path<String>, JsonBody(asked): JsonBody<CredentialBody>) -> Answer {
    let (app, token) = admin.control.admit_legacy_key(&app, Secret::new(asked.credential)).await?;
    Ok(Json(json!({ "version": VERSION, "app": body::app(&app), "token": body::token(&token, clock::now()) })))
}

async fn take_over(State(admin): State<Admin>, Path(token_id): Path<u64>, JsonBody(asked): JsonBody<RotateBody>) -> Answer {
    let rotation = asked.grace_ms.map_or(Rotation::Now, Rotation::Grace);
    let (app, token) = admin.control.take_over(token_id, rotation).await?;
    Ok(Json(json!({ "version": VERSION, "app": body::app(&app), "token": body::token(&token, clock::now()) })))
}

async fn revoke_token(State(admin): State<Admin>, Path(token_id): Path<u64>) -> Answer {
    let token = admin.control.revoke_token(token_id).await?;
    Ok(Json(json!({ "version": VERSION, "token": body::token(&token, clock::now()) })))
}

async fn ready(State(admin): State<Admin>) -> Response {
    if admin.control.is_ready().await {
        "ready\n".into_response()
    } else {
        ApiError::new(503, "not_ready", "the store does not answer").into_response()
    }
}

fn tier(name: Option<&str>) -> Result<Option<keyway_core::quota::Tier>, ApiError> {
    name.map(|name| name.parse().map_err(|error: keyway_core::quota::UnknownTier| ApiError::invalid(error.to_string()))).transpose()
}
