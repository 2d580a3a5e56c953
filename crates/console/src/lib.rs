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
    console().merge(alone).layer(DefaultBodyLimit::max(FORM_BYTES_MAX)).layer(from_fn(page::refuse_other_sites))
}

/// Those that need a session.
fn console() -> Router<Admin> {
    Router::new()
        .route("/", get(overview::show))
        .route("/overview/live", get(overview::live))
        .route("/account", get(account::show))
        .route("/account/password", post(account::change_password))
        .route("/account/sign-out-everywhere", post(account::sign_out_everywhere))
        .route("/account/second-factor", post(account::begin_second_factor))
        .route("/account/second-factor/confirm", post(account::confirm_second_factor))
        .route("/account/second-factor/remove", post(account::remove_second_factor))
        .route("/apps", get(apps::list).post(new_app::create))
        .route("/apps/new", get(new_app::basics))
        .route("/apps/new/basics", post(new_app::basics_again))
        .route("/apps/new/scopes", post(new_app::choose_scopes))
        .route("/apps/new/review", post(new_app::review))
        .route("/apps/several", several::of(List::Apps))
        .route("/apps/columns", columns::choice("/apps", &apps::OPTIONAL))
        .route("/apps/scopes", get(scopes::show))
        .route("/apps/scopes/part", get(scopes::show_part))
        .route("/apps/scopes/effect", get(scopes::effect_part))
        .route("/apps/{id}", get(app::show).post(app::edit::change))
        .route("/apps/{id}/edit", get(app::edit::edit))
        .route("/apps/{id}/scopes", get(app::scopes::choose_scopes).post(app::scopes::change_scopes))
        .route("/apps/{id}/scopes/count", post(app::scopes::count))
        .route("/apps/{id}/operations", get(app::operations::page))
        .route("/apps/{id}/operations/part", get(app::operations::part))
        .route("/apps/{id}/used", get(app::scopes::used_page))
        .route("/apps/{id}/used/part", get(app::scopes::used_part))
        .route("/apps/{id}/grant", post(record::grant))
        .route("/apps/{id}/wait", post(record::wait))
        .route("/apps/{id}/tighten", post(app::scopes::tighten))
        .route("/apps/{id}/rotate", get(app::rotate::ask_rotation).post(app::rotate::rotate))
        .route("/apps/{id}/disable", get(app::end::ask_disabling).post(app::end::disable))
        .route("/apps/{id}/enable", post(app::end::enable))
        .route("/apps/{id}/delete", get(app::end::ask_deletion).post(app::end::delete))
        .route("/apps/{id}/tokens/{token}/first/part", get(first_call::part))
        .route("/apps/{id}/tokens/{token}/revoke", get(app::end::ask_revoking).post(app::end::revoke))
        .route("/tokens/{token}/users", get(app::users::users_page))
        .route("/tokens/{token}/users/part", get(app::users::users_part))
        .route("/accounts", get(accounts::list).post(new_account::embedded))
        .route("/accounts/new", get(new_account::ask))
        .route("/accounts/columns", columns::choice("/accounts", &accounts::OPTIONAL))
        .route("/accounts/connect", post(new_account::by_credential))
        .route("/accounts/authorize", post(new_account::by_oauth))
        .route("/accounts/oauth-clients", post(new_account::add_client))
        .route("/accounts/{hub_id}", get(accounts::show).post(accounts::change))
        .route("/accounts/{hub_id}/edit", get(accounts::edit))
        .route("/accounts/{hub_id}/requests", get(requests::show))
        .route("/accounts/{hub_id}/requests/live", get(requests::live))
        .route("/accounts/{hub_id}/requests/har", get(requests::har))
        .route("/accounts/{hub_id}/requests/{number}", get(requests::one))
        .route("/accounts/{hub_id}/check", post(accounts::check))
        .route("/accounts/{hub_id}/rotate", get(accounts::ask_rotation).post(accounts::rotate))
        .route("/accounts/{hub_id}/rollback", post(accounts::roll_back))
        .route("/accounts/{hub_id}/delete", get(accounts::ask_deletion).post(accounts::delete))
        .route("/public-apps", get(public_apps::list).post(public_apps::create))
        .route("/public-apps/several", several::of(List::PublicApps))
        .route("/public-apps/columns", columns::choice("/public-apps", &public_apps::OPTIONAL))
        .route("/public-apps/new", get(public_apps::ask))
        .route("/public-apps/count", post(public_apps::count))
        .route("/public-apps/{id}/count", post(public_apps::count_of))
        .route("/public-apps/{id}", get(public_apps::show).post(public_apps::change))
        .route("/public-apps/{id}/edit", get(public_apps::edit))
        .route("/public-apps/{id}/secret", post(public_apps::rotate_secret))
        .route("/public-apps/{id}/switch", post(public_apps::switch))
        .route("/public-apps/{id}/installs/{install}/end", post(public_apps::uninstall))
        .route("/public-apps/{id}/delete", get(public_apps::ask_deletion).post(public_apps::delete))
        .route("/migration", get(board::show))
        .route("/migration/several", several::of(List::Migration))
        .route("/migration/send", get(board::ask).post(board::send).layer(DefaultBodyLimit::max(plan::FORM_BYTES_MAX)))
        .route("/migration/plan", get(plan::ask).post(plan::plan).layer(DefaultBodyLimit::max(plan::FORM_BYTES_MAX)))
        .route("/migration/integrations/{id}", get(board::detail))
        .route("/migration/integrations/{id}/link", post(board::link))
        .route("/migration/integrations/{id}/remove", get(board::ask_removal).post(board::remove))
        .route("/migration/reports/{id}/remove", get(board::ask_report_removal).post(board::remove_report))
        .route("/doctor", get(doctor::ask).post(doctor::diagnose).layer(DefaultBodyLimit::max(doctor::FORM_BYTES_MAX)))
        .route("/people", get(people::list).post(people::create))
        .route("/people/several", several::of(List::People))
        .route("/people/columns", columns::choice("/people", &people::OPTIONAL))
        .route("/people/new", get(people::ask))
        .route("/people/{email}", get(people::show).post(people::change))
        .route("/people/{email}/edit", get(people::edit))
        .route("/people/{email}/{act}", get(people::ask_act).post(people::act))
        .route("/admin-tokens", get(admin_tokens::list).post(admin_tokens::create))
        .route("/admin-tokens/several", several::of(List::AdminTokens))
        .route("/admin-tokens/columns", columns::choice("/admin-tokens", &admin_tokens::OPTIONAL))
        .route("/admin-tokens/new", get(admin_tokens::ask))
        .route("/admin-tokens/{id}/revoke", get(admin_tokens::ask_revoking).post(admin_tokens::revoke))
        .route("/changes", get(changes::list))
        .route("/approvals", get(approvals::list))
        .route("/approvals/several", several::of(List::Approvals))
        .route("/approvals/{id}", get(approvals::show))
        .route("/approvals/{id}/approve", post(approvals::approve))
        .route("/approvals/{id}/reject", post(approvals::reject))
        .route("/agents", get(agents::list))
        .route("/agents/several", several::of(List::Agents))
        .route("/agents/{id}", get(agents::show))
        .route("/agents/{id}/end", get(agents::ask_end).post(agents::end))
        .route("/notifications", get(notifications::show))
        .route("/notifications/several", several::of(List::Notifications))
        .route("/search", get(search::show))
        .route("/settings", get(settings::show))
        .route("/help", get(help::show))
        .route("/audit", get(audit::list))
        .route("/audit/export", get(audit::export))
        .route("/audit/record", get(record::show))
        .route("/audit/rows", get(audit::newest))
        .layer(map_response(page::harden_console))
}
