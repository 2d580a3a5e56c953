//! The routes of the admin API: each operation of `keyway_api` with what performs it.

use std::collections::{HashMap, HashSet};
use std::time::Instant;

use axum::extract::{DefaultBodyLimit, State};
use axum::handler::Handler;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, MethodRouter, on};
use axum::{Extension, Json, Router};
use keyway_api::query::{AppsQuery, Page};
use keyway_api::{Access, OPERATIONS, Operation, OperationId as Id};
use keyway_core::safety::Classes;
use keyway_core::secret::Secret;
use serde_json::Value;

use super::body::{AccountBody, ApiError, AppBody, ConnectBody, CredentialBody, RotateBody, RotateTokenBody, TokenBody, rule, sharing};
use super::extract::{JsonBody, OptionalBody, Path, Query};
use super::page::page;
use super::view::{self, Answer, answer};
use super::{
    Admin, admin_tokens, agents, approvals, audit, board, calls, catalog, changes, counts, doctor, keys, metrics, notify, oauth,
    oauth_accounts, openapi, overview, own, people, plan, portal, proxy, scopes, sessions, usage, webhooks,
};
use crate::audit::counts::Tally;
use crate::clock;
use crate::control::{AccountChange, AppChange, FirstToken, NewAccount, NewApp, NewConnection, Rotation};
use crate::history::{self, Range};
use crate::model::{Account, App, Token};
use crate::principal::Principal;

/// Largest request body: an app with every scope and many dependents is far smaller.
const BODY_BYTES_MAX: usize = 256 * 1024;
/// Largest list of accounts that come over: a thousand, with the longest tokens and names.
pub(super) const IMPORT_BYTES_MAX: usize = 8 * 1024 * 1024;

/// What needs a token or a session.
pub(super) fn api() -> Router<Admin> {
    routed(|one| one.access != Access::Open).layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
}

/// What needs no token: nothing in it tells of accounts, apps or calls.
pub(super) fn open() -> Router<Admin> {
    routed(|one| one.access == Access::Open)
        .method_not_allowed_fallback(async || {
            ApiError::new(405, "method_not_allowed", "the path has other methods; see /api/v1/openapi.json")
        })
        .fallback(async || ApiError::new(404, "not_found", "there is no such path; see /api/v1/openapi.json"))
}

fn routed(which: impl Fn(&Operation) -> bool) -> Router<Admin> {
    OPERATIONS.iter().filter(|one| which(one)).fold(Router::new(), |router, one| router.route(one.path, handler(one)))
}

/// The method that an operation is routed by.
struct At(MethodFilter);

impl At {
    fn of(operation: &Operation) -> Self {
        Self(match operation.method {
            "GET" => MethodFilter::GET,
            "POST" => MethodFilter::POST,
            "PUT" => MethodFilter::PUT,
            "PATCH" => MethodFilter::PATCH,
            "DELETE" => MethodFilter::DELETE,
            other => unreachable!("{other} is not a method of the admin API"),
        })
    }

    fn to<T: 'static>(self, handler: impl Handler<T, Admin>) -> MethodRouter<Admin> {
        on(self.0, handler)
    }
}

/// What performs an operation. One without a handler does not compile.
fn handler(operation: &Operation) -> MethodRouter<Admin> {
    let at = At::of(operation);
    match operation.id {
        Id::IsAlive => at.to(alive),
        Id::IsReady => at.to(ready),
        Id::ReadMetrics => at.to(metrics::show),
        Id::DescribeApi => at.to(describe),
        Id::WhoAmI => at.to(people::me),
        Id::ListAccounts => at.to(list_accounts),
        Id::CreateAccount => at.to(create_account),
        Id::ConnectAccount => at.to(connect_account),
        Id::ShowAccount => at.to(show_account),
        Id::UpdateAccount => at.to(update_account),
        Id::DeleteAccount => at.to(delete_account),
        Id::ReplaceCredential => at.to(replace_credential),
        Id::RollBackCredential => at.to(roll_back_credential),
        Id::CheckConnection => at.to(check_connection),
        Id::BeginAuthorization => at.to(oauth_accounts::authorize),
        Id::ShowAuthorization => at.to(oauth_accounts::show_authorization),
        Id::ConnectAccountByOAuth => at.to(oauth_accounts::connect),
        Id::ImportAccounts => at.to(oauth_accounts::import).layer(DefaultBodyLimit::max(IMPORT_BYTES_MAX)),
        Id::IssueAccessToken => at.to(oauth_accounts::access_token),
        Id::ListApps => at.to(list_apps),
        Id::CreateApp => at.to(create_app),
        Id::ShowApp => at.to(show_app),
        Id::UpdateApp => at.to(update_app),
        Id::DeleteApp => at.to(delete_app),
        Id::ShowScopesUsed => at.to(scopes::of_app),
        Id::ListTokens => at.to(list_tokens),
        Id::CreateToken => at.to(create_token),
        Id::RotateToken => at.to(rotate_token),
        Id::AdmitLegacyKey => at.to(admit_legacy_key),
        Id::CreateSession => at.to(sessions::create),
        Id::ApproveAgent => at.to(agents::approve),
        Id::ListSessionsOfApp => at.to(sessions::of_app),
        Id::ListSessions => at.to(sessions::list),
        Id::ShowSession => at.to(sessions::show),
        Id::EndSession => at.to(sessions::end),
        Id::ListTokenUsers => at.to(scopes::users_of_token),
        Id::RevokeToken => at.to(revoke_token),
        Id::TakeOver => at.to(take_over),
        Id::MatchToken => at.to(match_token),
        Id::HandBack => at.to(hand_back),
        Id::ListPublicApps => at.to(oauth::list_public_apps),
        Id::CreatePublicApp => at.to(oauth::create_public_app),
        Id::ShowPublicApp => at.to(oauth::show_public_app),
        Id::UpdatePublicApp => at.to(oauth::update_public_app),
        Id::DeletePublicApp => at.to(oauth::delete_public_app),
        Id::RotateClientSecret => at.to(oauth::rotate_secret),
        Id::ListInstalls => at.to(oauth::list_installs),
        Id::ApproveInstall => at.to(oauth::approve),
        Id::ShowInstall => at.to(oauth::show_install),
        Id::EndInstall => at.to(oauth::end_install),
        Id::ListOAuthClients => at.to(oauth_accounts::list_clients),
        Id::PutOAuthClient => at.to(oauth_accounts::put_client),
        Id::ShowOwnSignIn => at.to(own::show),
        Id::ChangePassword => at.to(own::change_password),
        Id::EndOwnSessions => at.to(own::end_sessions),
        Id::BeginSecondFactor => at.to(own::begin_second_factor),
        Id::AddSecondFactor => at.to(own::confirm_second_factor),
        Id::RemoveOwnSecondFactor => at.to(own::remove_second_factor),
        Id::ShowProxyAuthority => at.to(proxy::show),
        Id::RenewProxyAuthority => at.to(proxy::renew),
        Id::ShowMasterKeys => at.to(keys::show),
        Id::RotateMasterKey => at.to(keys::rotate),
        Id::ListUsers => at.to(people::list),
        Id::PutUser => at.to(people::put),
        Id::ShowUser => at.to(people::show),
        Id::DeleteUser => at.to(people::remove),
        Id::EndSessions => at.to(people::end_sessions),
        Id::RemoveSecondFactor => at.to(people::remove_second_factor),
        Id::UnlinkProvider => at.to(people::unlink_provider),
        Id::ListAdminTokens => at.to(admin_tokens::list),
        Id::CreateAdminToken => at.to(admin_tokens::create),
        Id::RevokeAdminToken => at.to(admin_tokens::revoke),
        Id::ListNotificationChannels => at.to(notify::list),
        Id::AddNotificationChannel => at.to(notify::add),
        Id::RemoveNotificationChannel => at.to(notify::remove),
        Id::TestNotificationChannel => at.to(notify::test),
        Id::ResumeNotifications => at.to(notify::resume),
        Id::ListNotifications => at.to(notify::history),
        Id::ResetPortal => at.to(portal::reset),
        Id::SeedPortal => at.to(portal::seed).layer(DefaultBodyLimit::max(portal::RECORDS_BYTES_MAX)),
        Id::DiffPortal => at.to(portal::diff).layer(DefaultBodyLimit::max(portal::RECORDS_BYTES_MAX)),
        Id::PutAnswers => at.to(portal::put_answers).layer(DefaultBodyLimit::max(portal::RECORDS_BYTES_MAX)),
        Id::ClearAnswers => at.to(portal::clear_answers),
        Id::ListSnapshots => at.to(portal::snapshots::list),
        Id::ShowSnapshot => at.to(portal::snapshots::show),
        Id::TakeSnapshot => at.to(portal::snapshots::take).layer(DefaultBodyLimit::max(portal::RECORDS_BYTES_MAX)),
        Id::PutSnapshot => at.to(portal::snapshots::put).layer(DefaultBodyLimit::max(portal::RECORDS_BYTES_MAX)),
        Id::DeleteSnapshot => at.to(portal::snapshots::delete),
        Id::RestoreSnapshot => at.to(portal::snapshots::restore),
        Id::ListRequests => at.to(portal::requests::list),
        Id::ExportRequests => at.to(portal::requests::export),
        Id::ForgetRequests => at.to(portal::requests::forget),
        Id::ShowReport => at.to(portal::show_report),
        Id::ShowWholeReport => at.to(portal::show_whole_report),
        Id::ListFaults => at.to(portal::list_faults),
        Id::AddFault => at.to(portal::add_fault),
        Id::ClearFaults => at.to(portal::clear_faults),
        Id::RemoveFault => at.to(portal::remove_fault),
        Id::ShowClock => at.to(portal::show_clock),
        Id::SetClock => at.to(portal::set_clock),
        Id::ListWebhooks => at.to(webhooks::list),
        Id::PutWebhook => at.to(webhooks::put),
        Id::DeleteWebhook => at.to(webhooks::remove),
        Id::ShowWebhookSecret => at.to(webhooks::show_secret),
        Id::ListDeliveries => at.to(webhooks::list_deliveries),
        Id::ForgetDeliveries => at.to(webhooks::forget_deliveries),
        Id::ShowCoverage => at.to(portal::coverage),
        Id::Diagnose => at.to(doctor::diagnosed).layer(DefaultBodyLimit::max(doctor::BODY_BYTES_MAX)),
        Id::Plan => at.to(plan::planned).layer(DefaultBodyLimit::max(plan::BODY_BYTES_MAX)),
        Id::ListMigration => at.to(board::list),
        Id::ShowIntegration => at.to(board::show),
        Id::LinkIntegration => at.to(board::link),
        Id::ForgetIntegration => at.to(board::forget_integration),
        Id::SendReport => at.to(board::send).layer(DefaultBodyLimit::max(plan::BODY_BYTES_MAX)),
        Id::ForgetReport => at.to(board::forget_report),
        Id::ListChanges => at.to(changes::list),
        Id::ShowOverview => at.to(overview::show),
        Id::ListScopes => at.to(catalog::scopes),
        Id::ShowScope => at.to(catalog::scope),
        Id::ListApprovals => at.to(approvals::list),
        Id::ShowApproval => at.to(approvals::show),
        Id::ApproveCall => at.to(approvals::approve),
        Id::RejectCall => at.to(approvals::reject),
        Id::ListSettings => at.to(list_settings),
        Id::CountCalls => at.to(calls::count),
        Id::ListUsage => at.to(usage::list),
        Id::ListUnusedApps => at.to(scopes::unused_apps),
        Id::ListRecords => at.to(audit::list),
        Id::CountRecords => at.to(counts::count),
        Id::ExportRecords => at.to(audit::export),
        Id::ListDamage => at.to(audit::damage),
        Id::VerifyRecords => at.to(audit::verify),
    }
}

async fn describe() -> Json<Value> {
    Json(openapi::document())
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

async fn list_settings(State(admin): State<Admin>) -> Answer<view::Settings> {
    answer(view::Settings { settings: admin.settings.get().to_vec() })
}

async fn list_apps(State(admin): State<Admin>, Extension(who): Extension<Principal>, Query(query): Query<AppsQuery>) -> Answer<view::Apps> {
    let mut all = admin.control.apps(query.hub_id).await;
    all.retain(|(app, _)| app.public_app.is_none() && who.sees(app.id));
    let (shown, after) = page(all, query.after.as_deref(), query.limit, |(app, _)| app.id)?;
    let ids: HashSet<u64> = shown.iter().map(|(app, _)| app.id).collect();
    let of_page = |_, app_id: Option<u64>| app_id.is_some_and(|id| ids.contains(&id));
    // The list of apps does not depend on counts: what can't be read is left out.
    let counted = history::series(&admin.audit, Range::Day.until(clock::now()), of_page).await;
    let counted = counted.inspect_err(|error| tracing::warn!(%error, "the calls of the listed apps can't be read")).ok();
    let row = |(app, tokens): &(App, Vec<Token>)| {
        let day = counted.as_ref().map(|day| {
            let total = day.apps.get(&app.id).map(|calls| &calls.total);
            view::CallsOfDay { calls: total.map_or(0, Tally::calls), failed: total.map_or(0, Tally::failed) }
        });
        view::AppWithTokens { day, ..view::app_with_tokens(app, tokens, admin.seen(app.hub_id)) }
    };
    answer(view::Apps { apps: shown.iter().map(row).collect(), after })
}

async fn create_app(State(admin): State<Admin>, JsonBody(asked): JsonBody<AppBody>) -> Answer<view::AppAndMadeToken> {
    let hub_id = match asked.hub_id {
        Some(hub_id) => hub_id,
        None => only_account(&admin).await?,
    };
    let sharing = sharing(&asked);
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
        allow: asked.allow,
        approve: asked.approval.as_ref().map(rule).transpose()?.unwrap_or_default(),
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
    let sharing = sharing(&asked);
    let AppBody {
        name,
        description,
        owner,
        dependents,
        scopes,
        add_scopes,
        remove_scopes,
        enabled,
        translate,
        no_limits,
        unlisted,
        allow,
        approval,
        ..
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
        allow,
        approve: approval.as_ref().map(rule).transpose()?,
        enabled,
    };
    let changed = admin.control.update_app(&app, change).await?;
    answer(view::ChangedApp { app: view::app(&changed) })
}

/// An app manager removes scopes, and gives none: otherwise looking after one app would open every
/// scope of its account. The shares are what other apps are left with.
async fn only_less(admin: &Admin, app: &str, asked: &AppBody) -> Result<(), ApiError> {
    let (app, _) = admin.control.app(app).await?;
    let granted = |scope: &String| app.scopes.contains(scope);
    let is_wider = |words: &Vec<String>| Classes::parse(words).is_ok_and(|asked| !asked.is_subset(app.allow));
    let widened =
        asked.allow.as_ref().is_some_and(is_wider) || !asked.scopes.iter().flatten().all(granted) || !asked.add_scopes.iter().all(granted);
    if widened
        || asked.unlisted.is_some()
        || asked.approval.is_some()
        || asked.no_limits.is_some()
        || asked.weight.is_some()
        || asked.reserve.is_some()
        || asked.max_wait_ms.is_some()
    {
        return Err(ApiError::new(
            403,
            "forbidden",
            "an app manager gives an app no scopes, no classes of operations, no other part of the limits and no other rule for approvals; ask a super admin",
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
