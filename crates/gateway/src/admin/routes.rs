//! The routes of the admin API: each operation of `keyway_api` with what performs it.

use std::time::Instant;

use axum::extract::{DefaultBodyLimit, State};
use axum::handler::Handler;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, MethodRouter, on};
use axum::{Json, Router};
use keyway_api::{Access, OPERATIONS, Operation, OperationId as Id};
use serde_json::Value;

use super::body::ApiError;
use super::view::{self, Answer, answer};
use super::{
    Admin, accounts, admin_tokens, agents, approvals, apps, audit, board, calls, catalog, changes, counts, doctor, keys, metrics, notify,
    oauth, oauth_accounts, openapi, overview, own, people, plan, portal, proxy, scopes, sessions, tokens, usage, webhooks,
};

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
        Id::ListAccounts => at.to(accounts::list),
        Id::CreateAccount => at.to(accounts::create),
        Id::ConnectAccount => at.to(accounts::connect),
        Id::ShowAccount => at.to(accounts::show),
        Id::UpdateAccount => at.to(accounts::update),
        Id::DeleteAccount => at.to(accounts::delete),
        Id::ReplaceCredential => at.to(accounts::replace_credential),
        Id::RollBackCredential => at.to(accounts::roll_back_credential),
        Id::CheckConnection => at.to(accounts::check_connection),
        Id::BeginAuthorization => at.to(oauth_accounts::authorize),
        Id::ShowAuthorization => at.to(oauth_accounts::show_authorization),
        Id::ConnectAccountByOAuth => at.to(oauth_accounts::connect),
        Id::ImportAccounts => at.to(oauth_accounts::import).layer(DefaultBodyLimit::max(IMPORT_BYTES_MAX)),
        Id::IssueAccessToken => at.to(oauth_accounts::access_token),
        Id::ListApps => at.to(apps::list),
        Id::CreateApp => at.to(apps::create),
        Id::ShowApp => at.to(apps::show),
        Id::UpdateApp => at.to(apps::update),
        Id::DeleteApp => at.to(apps::delete),
        Id::ShowScopesUsed => at.to(scopes::of_app),
        Id::ListTokens => at.to(tokens::list),
        Id::CreateToken => at.to(tokens::create),
        Id::RotateToken => at.to(tokens::rotate),
        Id::AdmitLegacyKey => at.to(tokens::admit_legacy_key),
        Id::CreateSession => at.to(sessions::create),
        Id::ApproveAgent => at.to(agents::approve),
        Id::ListSessionsOfApp => at.to(sessions::of_app),
        Id::ListSessions => at.to(sessions::list),
        Id::ShowSession => at.to(sessions::show),
        Id::EndSession => at.to(sessions::end),
        Id::ListTokenUsers => at.to(scopes::users_of_token),
        Id::RevokeToken => at.to(tokens::revoke),
        Id::TakeOver => at.to(tokens::take_over),
        Id::MatchToken => at.to(tokens::is_token),
        Id::HandBack => at.to(tokens::hand_back),
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
        Id::ShowLogSize => at.to(audit::size),
        Id::VerifyRecords => at.to(audit::verify),
    }
}

async fn describe() -> Json<Value> {
    Json(openapi::document())
}

async fn list_settings(State(admin): State<Admin>) -> Answer<view::Settings> {
    answer(view::Settings { settings: admin.settings.get().to_vec() })
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
