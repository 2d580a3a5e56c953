//! The routes of the admin API; `operations` says who may take them, and a test compares the two.

use std::collections::{HashMap, HashSet};
use std::time::Instant;

use axum::extract::{DefaultBodyLimit, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post, put};
use axum::{Extension, Json, Router};
use keyway_core::secret::Secret;
use schemars::JsonSchema;
use serde::Deserialize;

use super::body::{AccountBody, ApiError, AppBody, ConnectBody, CredentialBody, RotateBody, RotateTokenBody, TokenBody};
use super::extract::{JsonBody, OptionalBody, Path, Query};
use super::page::{Page, page};
use super::view::{self, Answer, answer};
use super::{
    Admin, admin_tokens, audit, catalog, changes, doctor, keys, metrics, notify, oauth, oauth_accounts, openapi, overview, own, people,
    plan, portal, proxy, scopes, usage, webhooks,
};
use crate::clock;
use crate::control::{AccountChange, AppChange, FirstToken, NewAccount, NewApp, NewConnection, Rotation};
use crate::model::{Account, App, Token};
use crate::principal::Principal;

/// Largest request body: an app with every scope and many dependents is far smaller.
const BODY_BYTES_MAX: usize = 256 * 1024;
/// Largest list of accounts that come over: a thousand, with the longest tokens and names.
pub(super) const IMPORT_BYTES_MAX: usize = 8 * 1024 * 1024;

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
        .route("/api/v1/tokens/{token_id}/hand-back", post(hand_back))
        .route("/api/v1/tokens/{token_id}/match", post(match_token))
        .route("/api/v1/public-apps", get(oauth::list_public_apps).post(oauth::create_public_app))
        .route(
            "/api/v1/public-apps/{public_app}",
            get(oauth::show_public_app).patch(oauth::update_public_app).delete(oauth::delete_public_app),
        )
        .route("/api/v1/public-apps/{public_app}/secret/rotate", post(oauth::rotate_secret))
        .route("/api/v1/installs", get(oauth::list_installs).post(oauth::approve))
        .route("/api/v1/installs/{app_id}", get(oauth::show_install).delete(oauth::end_install))
        .route("/api/v1/me", get(people::me))
        .route("/api/v1/me/sign-in", get(own::show))
        .route("/api/v1/me/password", put(own::change_password))
        .route("/api/v1/me/sessions", delete(own::end_sessions))
        .route("/api/v1/me/second-factor", post(own::begin_second_factor))
        .route("/api/v1/me/second-factor/confirm", post(own::confirm_second_factor))
        .route("/api/v1/me/second-factor/remove", post(own::remove_second_factor))
        .route("/api/v1/keys", get(keys::show))
        .route("/api/v1/keys/rotate", post(keys::rotate))
        .route("/api/v1/proxy/authority", get(proxy::show))
        .route("/api/v1/proxy/authority/renew", post(proxy::renew))
        .route("/api/v1/users", get(people::list).put(people::put))
        .route("/api/v1/users/{email}", get(people::show).delete(people::remove))
        .route("/api/v1/users/{email}/sessions", delete(people::end_sessions))
        .route("/api/v1/users/{email}/second-factor", delete(people::remove_second_factor))
        .route("/api/v1/users/{email}/provider", delete(people::unlink_provider))
        .route("/api/v1/admin-tokens", get(admin_tokens::list).post(admin_tokens::create))
        .route("/api/v1/admin-tokens/{admin_token}", delete(admin_tokens::revoke))
        .route("/api/v1/oauth-clients", get(oauth_accounts::list_clients).put(oauth_accounts::put_client))
        .route("/api/v1/accounts/authorize", post(oauth_accounts::authorize))
        .route("/api/v1/accounts/authorize/{authorization}", get(oauth_accounts::show_authorization))
        .route("/api/v1/accounts/oauth", post(oauth_accounts::connect))
        .route("/api/v1/accounts/import", post(oauth_accounts::import).layer(DefaultBodyLimit::max(IMPORT_BYTES_MAX)))
        .route("/api/v1/changes", get(changes::list))
        .route("/api/v1/notifications", get(notify::history))
        .route("/api/v1/notifications/resume", post(notify::resume))
        .route("/api/v1/notifications/channels", get(notify::list).post(notify::add))
        .route("/api/v1/notifications/channels/{channel}", delete(notify::remove))
        .route("/api/v1/notifications/channels/{channel}/test", post(notify::test))
        .route("/api/v1/portals/{hub_id}/reset", post(portal::reset))
        .route("/api/v1/portals/{hub_id}/seed", post(portal::seed).layer(DefaultBodyLimit::max(portal::RECORDS_BYTES_MAX)))
        .route("/api/v1/portals/{hub_id}/diff", post(portal::diff).layer(DefaultBodyLimit::max(portal::RECORDS_BYTES_MAX)))
        .route(
            "/api/v1/portals/{hub_id}/answers",
            put(portal::put_answers).delete(portal::clear_answers).layer(DefaultBodyLimit::max(portal::RECORDS_BYTES_MAX)),
        )
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
        .route("/api/v1/portals/{hub_id}/report", get(portal::show_report))
        .route("/api/v1/report", get(portal::show_whole_report))
        .route("/api/v1/portals/{hub_id}/requests/har", get(portal::export_requests))
        .route("/api/v1/portals/{hub_id}/faults", get(portal::list_faults).post(portal::add_fault).delete(portal::clear_faults))
        .route("/api/v1/portals/{hub_id}/faults/{fault}", delete(portal::remove_fault))
        .route("/api/v1/portals/{hub_id}/clock", get(portal::show_clock).put(portal::set_clock))
        .route("/api/v1/portals/{hub_id}/webhooks", get(webhooks::list))
        .route("/api/v1/portals/{hub_id}/webhooks/{app}", put(webhooks::put).delete(webhooks::remove))
        .route("/api/v1/portals/{hub_id}/webhooks/{app}/secret", get(webhooks::show_secret))
        .route("/api/v1/portals/{hub_id}/deliveries", get(webhooks::list_deliveries).delete(webhooks::forget_deliveries))
        .route("/api/v1/coverage", get(portal::coverage))
        .route("/api/v1/doctor", post(doctor::diagnosed).layer(DefaultBodyLimit::max(doctor::BODY_BYTES_MAX)))
        .route("/api/v1/plan", post(plan::planned).layer(DefaultBodyLimit::max(plan::BODY_BYTES_MAX)))
        .route("/api/v1/overview", get(overview::show))
        .route("/api/v1/catalog/scopes", get(catalog::scopes))
        .route("/api/v1/catalog/scopes/{scope}", get(catalog::scope))
        .route("/api/v1/usage", get(usage::list))
        .route("/api/v1/usage/unused-apps", get(scopes::unused_apps))
        .route("/api/v1/audit", get(audit::list))
        .route("/api/v1/audit/export", get(audit::export))
        .route("/api/v1/audit/damage", get(audit::damage))
        .route("/api/v1/audit/verify", get(audit::verify))
        .route("/api/v1/accounts/{hub_id}/access-token", post(oauth_accounts::access_token))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
}

/// What needs no token: nothing in it tells of accounts, apps or calls.
pub(super) fn open() -> Router<Admin> {
    Router::new()
        .route("/healthz", get(alive))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics::show))
        .route("/api/v1/openapi.json", get(async || Json(openapi::document())))
        .method_not_allowed_fallback(async || {
            ApiError::new(405, "method_not_allowed", "the path has other methods; see /api/v1/openapi.json")
        })
        .fallback(async || ApiError::new(404, "not_found", "there is no such path; see /api/v1/openapi.json"))
}

async fn list_accounts(
    State(admin): State<Admin>,
    Extension(who): Extension<Principal>,
    Query(query): Query<Page>,
) -> Answer<view::Accounts> {
    let mut all = admin.control.accounts().await;
    if who.role.apps().is_some() {
        let apps = admin.control.apps(None).await;
        let own: HashSet<u64> = apps.iter().filter(|(app, _)| who.sees(app.id)).map(|(app, _)| app.hub_id).collect();
        all.retain(|account| own.contains(&account.hub_id));
    }
    let (shown, after) = page(all, query.after.as_deref(), query.limit, |account| account.hub_id)?;
    let mut apps: HashMap<u64, Vec<_>> = shown.iter().map(|account| (account.hub_id, Vec::new())).collect();
    for (app, tokens) in admin.control.apps(None).await {
        if let Some(of_account) = apps.get_mut(&app.hub_id) {
            of_account.push((app, tokens));
        }
    }
    let of = |account: &Account| apps.get(&account.hub_id).map_or(&[][..], Vec::as_slice);
    let accounts = shown.iter().map(|account| described_with(&admin, account, of(account))).collect();
    answer(view::Accounts { accounts, after })
}

async fn create_account(State(admin): State<Admin>, JsonBody(asked): JsonBody<AccountBody>) -> Answer<view::AccountAnswer> {
    let tier = tier(asked.tier.as_deref())?;
    if asked.beside_path.is_some() || asked.sensitive_properties.is_some() {
        return Err(ApiError::invalid("besidePath and sensitiveProperties are settings of connected accounts"));
    }
    let AccountBody { hub_id, name, addons, time_zone, currency, region, .. } = asked;
    let new = NewAccount { hub_id, name: name.unwrap_or_default(), tier, addons: addons.unwrap_or(0), time_zone, currency, region };
    let made = admin.control.create_account(new).await?;
    answer(view::AccountAnswer { account: described(&admin, &made).await })
}

/// An account with today's use and the state of its connection.
pub(super) async fn described(admin: &Admin, account: &Account) -> view::Account {
    described_with(admin, account, &admin.control.apps(Some(account.hub_id)).await)
}

fn described_with(admin: &Admin, account: &Account, apps: &[(App, Vec<Token>)]) -> view::Account {
    let health = admin.upstream.health.of(account.hub_id);
    let connection = account.connection.as_ref().map(|connection| {
        view::connection(connection, health, admin.upstream.health.seen(account.hub_id), apps, admin.seen(account.hub_id))
    });
    view::account(account, admin.registry.standing(account.hub_id, clock::both()), connection)
}

async fn check_connection(State(admin): State<Admin>, Path(hub_id): Path<u64>) -> Answer<view::AccountAnswer> {
    let checked = admin.control.check_connection(&admin.upstream, hub_id).await?;
    answer(view::AccountAnswer { account: described(&admin, &checked).await })
}

async fn connect_account(State(admin): State<Admin>, JsonBody(asked): JsonBody<ConnectBody>) -> Answer<view::AccountAnswer> {
    let new = NewConnection {
        name: asked.name.unwrap_or_default(),
        base: asked.base_url,
        credential: Secret::new(asked.credential),
        tier: tier(asked.tier.as_deref())?,
        addons: asked.addons.unwrap_or(0),
        time_zone: asked.time_zone,
    };
    let made = admin.control.connect_account(&admin.upstream, new).await?;
    answer(view::AccountAnswer { account: described(&admin, &made).await })
}

async fn replace_credential(
    State(admin): State<Admin>,
    Path(hub_id): Path<u64>,
    JsonBody(asked): JsonBody<CredentialBody>,
) -> Answer<view::AccountAnswer> {
    let changed = admin.control.replace_credential(&admin.upstream, hub_id, Secret::new(asked.credential)).await?;
    answer(view::AccountAnswer { account: described(&admin, &changed).await })
}

async fn roll_back_credential(State(admin): State<Admin>, Path(hub_id): Path<u64>) -> Answer<view::AccountAnswer> {
    let changed = admin.control.roll_back_credential(&admin.upstream, hub_id).await?;
    answer(view::AccountAnswer { account: described(&admin, &changed).await })
}

async fn show_account(
    State(admin): State<Admin>,
    Extension(who): Extension<Principal>,
    Path(hub_id): Path<u64>,
) -> Answer<view::AccountAnswer> {
    let found = admin.control.account(hub_id).await?;
    let mut account = described(&admin, &found).await;
    if found.connection.is_none() {
        account.records = Some(admin.refill.records(hub_id).await);
    }
    if let Some(began) = admin.registry.day_began(hub_id, clock::now()) {
        let names: HashMap<u64, String> = admin.control.apps(Some(hub_id)).await.into_iter().map(|(app, _)| (app.id, app.name)).collect();
        let counted = admin.audit.counted_by_app(hub_id, began).await?;
        let of_app = |(app_id, calls): (u64, u64)| view::AppUse { app_id, app: names.get(&app_id).cloned(), calls };
        account.used_today_by_app = Some(counted.into_iter().filter(|(app_id, _)| who.sees(*app_id)).map(of_app).collect());
    }
    answer(view::AccountAnswer { account })
}

async fn update_account(
    State(admin): State<Admin>,
    Path(hub_id): Path<u64>,
    JsonBody(asked): JsonBody<AccountBody>,
) -> Answer<view::AccountAnswer> {
    if asked.hub_id.is_some() || asked.currency.is_some() || asked.region.is_some() {
        return Err(ApiError::invalid("hubId, currency and region stay as they were made"));
    }
    let change = AccountChange {
        name: asked.name,
        tier: tier(asked.tier.as_deref())?,
        addons: asked.addons,
        time_zone: asked.time_zone,
        beside_path: asked.beside_path,
        sensitive: asked.sensitive_properties,
    };
    let changed = admin.control.update_account(hub_id, change).await?;
    answer(view::AccountAnswer { account: described(&admin, &changed).await })
}

async fn delete_account(State(admin): State<Admin>, Path(hub_id): Path<u64>) -> Answer<view::Deleted> {
    let double = admin.registry.double(hub_id);
    admin.control.delete_account(hub_id).await?;
    if let Some(double) = double {
        admin.registry.keep_observed(&double);
    }
    answer(view::Deleted { deleted: hub_id })
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct AppsQuery {
    /// Of one account.
    hub_id: Option<u64>,
    /// `after` of the page before; none begins at the start.
    after: Option<String>,
    /// Entries on the page: 100 when left out.
    #[schemars(range(min = 1, max = 1000))]
    limit: Option<u32>,
}

async fn list_apps(State(admin): State<Admin>, Extension(who): Extension<Principal>, Query(query): Query<AppsQuery>) -> Answer<view::Apps> {
    let mut all = admin.control.apps(query.hub_id).await;
    all.retain(|(app, _)| app.public_app.is_none() && who.sees(app.id));
    let (shown, after) = page(all, query.after.as_deref(), query.limit, |(app, _)| app.id)?;
    let apps = shown.iter().map(|(app, tokens)| view::app_with_tokens(app, tokens, admin.seen(app.hub_id))).collect();
    answer(view::Apps { apps, after })
}

async fn create_app(State(admin): State<Admin>, JsonBody(asked): JsonBody<AppBody>) -> Answer<view::AppAndMadeToken> {
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
        unlisted: asked.unlisted,
        token: FirstToken::Random,
        lifetime_ms: asked.lifetime_ms,
    };
    let (app, token) = admin.control.create_app(new).await?;
    answer(view::AppAndMadeToken { app: view::app(&app), token: view::made_token(&token) })
}

async fn only_account(admin: &Admin) -> Result<u64, ApiError> {
    match admin.control.accounts().await.as_slice() {
        [one] => Ok(one.hub_id),
        [] => Err(ApiError::invalid("there is no account yet")),
        several => {
            let some: Vec<String> = several.iter().take(5).map(|account| account.hub_id.to_string()).collect();
            let more = if several.len() > some.len() { " and more" } else { "" };
            Err(ApiError::invalid(format!(
                "there are several accounts: {}{more}. Name one with --account, or with hubId in a call of the admin API",
                some.join(", ")
            )))
        }
    }
}

async fn show_app(State(admin): State<Admin>, Path(app): Path<String>) -> Answer<view::AppAnswer> {
    let (app, tokens) = admin.control.app(&app).await?;
    answer(view::AppAnswer { app: view::app_with_tokens(&app, &tokens, admin.seen(app.hub_id)) })
}

async fn update_app(
    State(admin): State<Admin>,
    Extension(who): Extension<Principal>,
    Path(app): Path<String>,
    JsonBody(asked): JsonBody<AppBody>,
) -> Answer<view::ChangedApp> {
    if asked.hub_id.is_some() {
        return Err(ApiError::invalid("an app stays in its account"));
    }
    if asked.lifetime_ms.is_some() {
        return Err(ApiError::invalid("a token keeps the lifetime that it was made with; rotate it to give the new one another"));
    }
    if who.role.apps().is_some() {
        only_less(&admin, &app, &asked).await?;
    }
    let sharing = asked.sharing();
    let AppBody {
        name, description, owner, dependents, scopes, add_scopes, remove_scopes, enabled, translate, no_limits, unlisted, ..
    } = asked;
    let change = AppChange {
        name,
        description,
        owner,
        dependents,
        scopes,
        add_scopes,
        remove_scopes,
        sharing,
        translate,
        no_limits,
        unlisted,
        enabled,
    };
    let changed = admin.control.update_app(&app, change).await?;
    answer(view::ChangedApp { app: view::app(&changed) })
}

/// An app manager takes scopes away, and gives none: otherwise looking after one app would open every
/// scope of its account. The shares are what other apps are left with.
async fn only_less(admin: &Admin, app: &str, asked: &AppBody) -> Result<(), ApiError> {
    let (app, _) = admin.control.app(app).await?;
    let granted = |scope: &String| app.scopes.contains(scope);
    let widened = !asked.scopes.iter().flatten().all(granted) || !asked.add_scopes.iter().all(granted);
    if widened
        || asked.unlisted.is_some()
        || asked.no_limits.is_some()
        || asked.weight.is_some()
        || asked.reserve.is_some()
        || asked.max_wait_ms.is_some()
    {
        return Err(ApiError::new(
            403,
            "forbidden",
            "an app manager gives an app no scopes and no other part of the limits; ask a super admin",
        ));
    }
    Ok(())
}

async fn delete_app(State(admin): State<Admin>, Path(app): Path<String>) -> Answer<view::Deleted> {
    let deleted = admin.control.delete_app(&app).await?;
    answer(view::Deleted { deleted: deleted.id })
}

async fn list_tokens(State(admin): State<Admin>, Path(app): Path<String>, Query(query): Query<Page>) -> Answer<view::Tokens> {
    let (app, tokens) = admin.control.app(&app).await?;
    let seen = admin.seen(app.hub_id);
    let (shown, after) = page(tokens, query.after.as_deref(), query.limit, |token| token.id)?;
    answer(view::Tokens { app: view::app(&app), tokens: shown.iter().map(|token| view::token(token, seen)).collect(), after })
}

async fn create_token(
    State(admin): State<Admin>,
    Path(app): Path<String>,
    OptionalBody(asked): OptionalBody<TokenBody>,
) -> Answer<view::AppAndMadeToken> {
    let (app, token) = admin.control.create_token(&app, asked.lifetime_ms).await?;
    answer(view::AppAndMadeToken { app: view::app(&app), token: view::made_token(&token) })
}

async fn rotate_token(
    State(admin): State<Admin>,
    Path(app): Path<String>,
    JsonBody(asked): JsonBody<RotateTokenBody>,
) -> Answer<view::AppAndMadeToken> {
    let rotation = asked.grace_ms.map_or(Rotation::Now, Rotation::Grace);
    let (app, token) = admin.control.rotate_token(&app, rotation, asked.lifetime_ms).await?;
    answer(view::AppAndMadeToken { app: view::app(&app), token: view::made_token(&token) })
}

async fn admit_legacy_key(
    State(admin): State<Admin>,
    Path(app): Path<String>,
    JsonBody(asked): JsonBody<CredentialBody>,
) -> Answer<view::AppAndToken> {
    let (app, token) = admin.control.admit_legacy_key(&app, Secret::new(asked.credential)).await?;
    answer(view::AppAndToken { app: view::app(&app), token: view::token(&token, admin.seen(app.hub_id)) })
}

async fn take_over(
    State(admin): State<Admin>,
    Path(token_id): Path<u64>,
    JsonBody(asked): JsonBody<RotateBody>,
) -> Answer<view::AppAndToken> {
    let rotation = asked.grace_ms.map_or(Rotation::Now, Rotation::Grace);
    let (app, token) = admin.control.take_over(token_id, rotation).await?;
    answer(view::AppAndToken { app: view::app(&app), token: view::token(&token, admin.seen(app.hub_id)) })
}

async fn hand_back(State(admin): State<Admin>, Path(token_id): Path<u64>) -> Answer<view::Tokens> {
    let (app, tokens) = admin.control.hand_back(token_id).await?;
    let seen = admin.seen(app.hub_id);
    answer(view::Tokens { app: view::app(&app), tokens: tokens.iter().map(|token| view::token(token, seen)).collect(), after: None })
}

async fn match_token(
    State(admin): State<Admin>,
    Path(token_id): Path<u64>,
    JsonBody(asked): JsonBody<CredentialBody>,
) -> Answer<view::TokenMatch> {
    answer(view::TokenMatch { matches: admin.control.is_token(token_id, &Secret::new(asked.credential)).await? })
}

async fn revoke_token(State(admin): State<Admin>, Path(token_id): Path<u64>) -> Answer<view::TokenAnswer> {
    let token = admin.control.revoke_token(token_id).await?;
    let hub_id = admin.control.app(&token.app_id.to_string()).await.map_or(0, |(app, _)| app.hub_id);
    answer(view::TokenAnswer { token: view::token(&token, admin.seen(hub_id)) })
}

async fn ready(State(admin): State<Admin>) -> Response {
    let reason = match admin.gateway.readiness().await {
        Err(reason) => reason.to_string(),
        Ok(()) if !admin.control.is_ready().await => "the store does not answer".to_owned(),
        Ok(()) => return "ready\n".into_response(),
    };
    ApiError::new(503, "not_ready", reason).into_response()
}

/// Alive is the process whose threads work, whatever HubSpot, the store or the disk do: a restart would not help those.
async fn alive(State(admin): State<Admin>) -> Response {
    match admin.gateway.pulse.stalled(Instant::now()) {
        None => "ok\n".into_response(),
        Some(silent) => {
            let what = format!("a thread of the data listener has hung for {} seconds: restart Keyway", silent.as_secs());
            ApiError::new(503, "stalled", what).into_response()
        }
    }
}

fn tier(name: Option<&str>) -> Result<Option<keyway_core::quota::Tier>, ApiError> {
    name.map(|name| name.parse().map_err(|error: keyway_core::quota::UnknownTier| ApiError::invalid(error.to_string()))).transpose()
}
