//! Pages for people on the admin listener: the console, sign-in, and consent to the install of a
//! public app. [`over_tcp`] puts them beside the admin API.
//!
//! Rendered here, whole without script, and without anything from another host
//! (docs/decisions/0017-console.md). What the console shows and changes goes through the admin API.

mod account;
mod account_words;
mod accounts;
mod activity;
mod admin_tokens;
mod agent;
mod agents;
mod api;
mod app;
mod app_words;
mod approvals;
mod apps;
mod assets;
mod audit;
mod board;
mod callback;
mod changes;
mod chart;
mod columns;
mod consent;
mod difference;
mod doctor;
mod doors;
mod explain;
mod first_call;
mod help;
mod hosts;
mod list_place;
mod markup;
mod names;
mod new_account;
mod new_app;
mod notifications;
mod oidc;
mod overview;
mod page;
mod path;
mod people;
mod plan;
mod public_apps;
mod qr;
mod record;
mod record_words;
mod requests;
mod resolved;
mod roles;
mod rows;
mod scopes;
mod search;
mod sentence;
mod set_up;
mod settings;
mod several;
mod shell;
mod shown_once;
mod sign_in;
mod sorted;
mod sorting;
mod threshold;
mod visitor;
mod words;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, map_response};
use axum::routing::{get, post};
use keyway_gateway::admin::{self, Admin, AdminToken};

use doors::Doors;
pub use doors::PageRoute;
pub use hosts::{AdminHosts, HostName, NotAHostName};
use several::List;

/// Largest form, except those that take a file: every scope ticked, with names and notes.
const FORM_BYTES_MAX: usize = 64 << 10;

/// What the admin listener on TCP serves: the API to bearer tokens (`configured` are those in the server's environment), the
/// console, and probes. `names` are host names under which browsers are served, besides that of the listener's
/// own address.
pub fn over_tcp(admin: Admin, configured: Vec<AdminToken>, names: AdminHosts) -> Router {
    let hosts = hosts::Hosts::new(&admin.addresses.admin, names);
    admin::over_tcp(admin.clone(), configured)
        .merge(pages())
        .layer(from_fn(page::errors_in_html))
        .layer(from_fn(move |request, next| hosts::check(hosts.clone(), request, next)))
        .with_state(admin)
}

/// The pages.
fn pages() -> Router<Admin> {
    let alone = Router::new()
        .route("/assets/keyway.css", get(assets::style))
        .route("/assets/keyway.js", get(assets::script))
        .route("/assets/keyway.svg", get(assets::sign))
        .route("/sign-in", get(sign_in::show).post(sign_in::take))
        .route("/sign-in/code", post(sign_in::take_code))
        .route("/sign-in/oidc", get(oidc::begin))
        .route("/sign-in/oidc/callback", get(oidc::callback))
        .route("/sign-out", post(sign_in::out))
        .route("/set-up", get(set_up::show).post(set_up::take))
        .route("/oauth/authorize", get(consent::show).post(consent::take))
        .route("/agents/authorize", get(agent::show).post(agent::take))
        .route("/oauth/callback", get(callback::take))
        .route("/oauth/{hub_id}/authorize", get(consent::show_for))
        .layer(map_response(page::harden));
    let console = console().into_router().layer(map_response(page::harden_console));
    console.merge(alone).layer(DefaultBodyLimit::max(FORM_BYTES_MAX)).layer(from_fn(page::refuse_other_sites))
}

/// The pages that need a session, and what takes their forms.
pub fn routes() -> Vec<PageRoute> {
    console().routes
}

/// Those that need a session, each with the operation that it shows or performs.
fn console() -> Doors {
    use keyway_api::OperationId::*;

    let large = DefaultBodyLimit::max;
    Doors::default()
        .shows("/", ShowOverview, get(overview::show))
        .shows("/overview/live", ShowOverview, get(overview::live))
        .shows("/account", ShowOwnSignIn, get(account::show))
        .takes("/account/password", ChangePassword, post(account::change_password))
        .takes("/account/sign-out-everywhere", EndOwnSessions, post(account::sign_out_everywhere))
        .takes("/account/second-factor", BeginSecondFactor, post(account::begin_second_factor))
        .takes("/account/second-factor/confirm", AddSecondFactor, post(account::confirm_second_factor))
        .takes("/account/second-factor/remove", RemoveOwnSecondFactor, post(account::remove_second_factor))
        .shows("/apps", ListApps, get(apps::list))
        .takes("/apps", CreateApp, post(new_app::create))
        .shows("/apps/new", CreateApp, get(new_app::basics))
        .takes("/apps/new/basics", CreateApp, post(new_app::basics_again))
        .takes("/apps/new/scopes", CreateApp, post(new_app::choose_scopes))
        .takes("/apps/new/review", CreateApp, post(new_app::review))
        .shows("/apps/several", List::Apps.operation(), several::question(List::Apps))
        .takes("/apps/several", List::Apps.operation(), several::change(List::Apps))
        .takes("/apps/columns", ListApps, columns::choice("/apps", &apps::OPTIONAL))
        .shows("/apps/scopes", ShowScope, get(scopes::show))
        .shows("/apps/scopes/part", ShowScope, get(scopes::show_part))
        .shows("/apps/scopes/effect", ListScopes, get(scopes::effect_part))
        .shows("/apps/{id}", ShowApp, get(app::show))
        .takes("/apps/{id}", UpdateApp, post(app::edit::change))
        .shows("/apps/{id}/edit", UpdateApp, get(app::edit::edit))
        .shows("/apps/{id}/scopes", UpdateApp, get(app::scopes::choose_scopes))
        .takes("/apps/{id}/scopes", UpdateApp, post(app::scopes::change_scopes))
        .takes("/apps/{id}/scopes/count", UpdateApp, post(app::scopes::count))
        .shows("/apps/{id}/operations", CountRecords, get(app::operations::page))
        .shows("/apps/{id}/operations/part", CountRecords, get(app::operations::part))
        .shows("/apps/{id}/used", ShowScopesUsed, get(app::scopes::used_page))
        .shows("/apps/{id}/used/part", ShowScopesUsed, get(app::scopes::used_part))
        .takes("/apps/{id}/grant", UpdateApp, post(record::grant))
        .takes("/apps/{id}/wait", UpdateApp, post(record::wait))
        .takes("/apps/{id}/tighten", UpdateApp, post(app::scopes::tighten))
        .shows("/apps/{id}/rotate", RotateToken, get(app::rotate::ask_rotation))
        .takes("/apps/{id}/rotate", RotateToken, post(app::rotate::rotate))
        .shows("/apps/{id}/disable", UpdateApp, get(app::end::ask_disabling))
        .takes("/apps/{id}/disable", UpdateApp, post(app::end::disable))
        .takes("/apps/{id}/enable", UpdateApp, post(app::end::enable))
        .shows("/apps/{id}/delete", DeleteApp, get(app::end::ask_deletion))
        .takes("/apps/{id}/delete", DeleteApp, post(app::end::delete))
        .shows("/apps/{id}/tokens/{token}/first/part", ListRecords, get(first_call::part))
        .shows("/apps/{id}/tokens/{token}/revoke", RevokeToken, get(app::end::ask_revoking))
        .takes("/apps/{id}/tokens/{token}/revoke", RevokeToken, post(app::end::revoke))
        .shows("/tokens/{token}/users", ListTokenUsers, get(app::users::users_page))
        .shows("/tokens/{token}/users/part", ListTokenUsers, get(app::users::users_part))
        .shows("/accounts", ListAccounts, get(accounts::list))
        .takes("/accounts", CreateAccount, post(new_account::embedded))
        .shows("/accounts/new", CreateAccount, get(new_account::ask))
        .takes("/accounts/columns", ListAccounts, columns::choice("/accounts", &accounts::OPTIONAL))
        .takes("/accounts/connect", ConnectAccount, post(new_account::by_credential))
        .takes("/accounts/authorize", BeginAuthorization, post(new_account::by_oauth))
        .takes("/accounts/oauth-clients", PutOAuthClient, post(new_account::add_client))
        .shows("/accounts/{hub_id}", ShowAccount, get(accounts::show))
        .takes("/accounts/{hub_id}", UpdateAccount, post(accounts::change))
        .shows("/accounts/{hub_id}/edit", UpdateAccount, get(accounts::edit))
        .shows("/accounts/{hub_id}/requests", ListRequests, get(requests::show))
        .shows("/accounts/{hub_id}/requests/live", ListRequests, get(requests::live))
        .shows("/accounts/{hub_id}/requests/har", ExportRequests, get(requests::har))
        .shows("/accounts/{hub_id}/requests/{number}", ListRequests, get(requests::one))
        .takes("/accounts/{hub_id}/check", CheckConnection, post(accounts::check))
        .shows("/accounts/{hub_id}/rotate", ReplaceCredential, get(accounts::ask_rotation))
        .takes("/accounts/{hub_id}/rotate", ReplaceCredential, post(accounts::rotate))
        .takes("/accounts/{hub_id}/rollback", RollBackCredential, post(accounts::roll_back))
        .shows("/accounts/{hub_id}/delete", DeleteAccount, get(accounts::ask_deletion))
        .takes("/accounts/{hub_id}/delete", DeleteAccount, post(accounts::delete))
        .shows("/public-apps", ListPublicApps, get(public_apps::list))
        .takes("/public-apps", CreatePublicApp, post(public_apps::create))
        .shows("/public-apps/several", List::PublicApps.operation(), several::question(List::PublicApps))
        .takes("/public-apps/several", List::PublicApps.operation(), several::change(List::PublicApps))
        .takes("/public-apps/columns", ListPublicApps, columns::choice("/public-apps", &public_apps::OPTIONAL))
        .shows("/public-apps/new", CreatePublicApp, get(public_apps::ask))
        .takes("/public-apps/count", CreatePublicApp, post(public_apps::count))
        .takes("/public-apps/{id}/count", UpdatePublicApp, post(public_apps::count_of))
        .shows("/public-apps/{id}", ShowPublicApp, get(public_apps::show))
        .takes("/public-apps/{id}", UpdatePublicApp, post(public_apps::change))
        .shows("/public-apps/{id}/edit", UpdatePublicApp, get(public_apps::edit))
        .takes("/public-apps/{id}/secret", RotateClientSecret, post(public_apps::rotate_secret))
        .takes("/public-apps/{id}/switch", UpdatePublicApp, post(public_apps::switch))
        .takes("/public-apps/{id}/installs/{install}/end", EndInstall, post(public_apps::uninstall))
        .shows("/public-apps/{id}/delete", DeletePublicApp, get(public_apps::ask_deletion))
        .takes("/public-apps/{id}/delete", DeletePublicApp, post(public_apps::delete))
        .shows("/migration", ListMigration, get(board::show))
        .shows("/migration/several", List::Migration.operation(), several::question(List::Migration))
        .takes("/migration/several", List::Migration.operation(), several::change(List::Migration))
        .shows("/migration/send", SendReport, get(board::ask))
        .takes("/migration/send", SendReport, post(board::send).layer(large(plan::FORM_BYTES_MAX)))
        .shows("/migration/plan", Plan, get(plan::ask))
        .takes("/migration/plan", Plan, post(plan::plan).layer(large(plan::FORM_BYTES_MAX)))
        .shows("/migration/integrations/{id}", ShowIntegration, get(board::detail))
        .takes("/migration/integrations/{id}/link", LinkIntegration, post(board::link))
        .shows("/migration/integrations/{id}/remove", ForgetIntegration, get(board::ask_removal))
        .takes("/migration/integrations/{id}/remove", ForgetIntegration, post(board::remove))
        .shows("/migration/reports/{id}/remove", ForgetReport, get(board::ask_report_removal))
        .takes("/migration/reports/{id}/remove", ForgetReport, post(board::remove_report))
        .shows("/doctor", Diagnose, get(doctor::ask))
        .takes("/doctor", Diagnose, post(doctor::diagnose).layer(large(doctor::FORM_BYTES_MAX)))
        .shows("/people", ListUsers, get(people::list))
        .takes("/people", PutUser, post(people::create))
        .shows("/people/several", List::People.operation(), several::question(List::People))
        .takes("/people/several", List::People.operation(), several::change(List::People))
        .takes("/people/columns", ListUsers, columns::choice("/people", &people::OPTIONAL))
        .shows("/people/new", PutUser, get(people::ask))
        .shows("/people/{email}", ShowUser, get(people::show))
        .takes("/people/{email}", PutUser, post(people::change))
        .shows("/people/{email}/edit", PutUser, get(people::edit))
        // A new password, and what ends: each act has an operation, and all of them are open to the same roles.
        .shows("/people/{email}/{act}", PutUser, get(people::ask_act))
        .takes("/people/{email}/{act}", PutUser, post(people::act))
        .shows("/admin-tokens", ListAdminTokens, get(admin_tokens::list))
        .takes("/admin-tokens", CreateAdminToken, post(admin_tokens::create))
        .shows("/admin-tokens/several", List::AdminTokens.operation(), several::question(List::AdminTokens))
        .takes("/admin-tokens/several", List::AdminTokens.operation(), several::change(List::AdminTokens))
        .takes("/admin-tokens/columns", ListAdminTokens, columns::choice("/admin-tokens", &admin_tokens::OPTIONAL))
        .shows("/admin-tokens/new", CreateAdminToken, get(admin_tokens::ask))
        .shows("/admin-tokens/{id}/revoke", RevokeAdminToken, get(admin_tokens::ask_revoking))
        .takes("/admin-tokens/{id}/revoke", RevokeAdminToken, post(admin_tokens::revoke))
        .shows("/changes", ListChanges, get(changes::list))
        .shows("/approvals", ListApprovals, get(approvals::list))
        .shows("/approvals/several", List::Approvals.operation(), several::question(List::Approvals))
        .takes("/approvals/several", List::Approvals.operation(), several::change(List::Approvals))
        .shows("/approvals/{id}", ShowApproval, get(approvals::show))
        .takes("/approvals/{id}/approve", ApproveCall, post(approvals::approve))
        .takes("/approvals/{id}/reject", RejectCall, post(approvals::reject))
        .shows("/agents", ListSessions, get(agents::list))
        .shows("/agents/several", List::Agents.operation(), several::question(List::Agents))
        .takes("/agents/several", List::Agents.operation(), several::change(List::Agents))
        .shows("/agents/{id}", ShowSession, get(agents::show))
        .shows("/agents/{id}/end", EndSession, get(agents::ask_end))
        .takes("/agents/{id}/end", EndSession, post(agents::end))
        .shows("/notifications", ListNotifications, get(notifications::show))
        .shows("/notifications/several", List::Notifications.operation(), several::question(List::Notifications))
        .takes("/notifications/several", List::Notifications.operation(), several::change(List::Notifications))
        .shows("/search", WhoAmI, get(search::show))
        .shows("/settings", ListSettings, get(settings::show))
        .shows("/help", WhoAmI, get(help::show))
        .shows("/audit", ListRecords, get(audit::list))
        .shows("/audit/export", ExportRecords, get(audit::export))
        .shows("/audit/record", ListRecords, get(record::show))
        .shows("/audit/rows", ListRecords, get(audit::newest))
}
