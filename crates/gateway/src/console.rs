//! Pages for people on the admin listener: sign-in, and consent to the install of a public app.
//!
//! Rendered here, without script and without anything from another host.

mod account;
mod callback;
mod consent;
mod guessing;
mod oidc;
mod page;
mod set_up;
mod sign_in;

use axum::Router;
use axum::routing::{get, post};

use crate::admin::Admin;

pub(crate) use consent::{answered, parse};
pub use guessing::SignInGuesses;

/// The pages.
pub(crate) fn pages() -> Router<Admin> {
    Router::new()
        .route("/assets/keyway.css", get(page::style))
        .route("/sign-in", get(sign_in::show).post(sign_in::take))
        .route("/sign-in/code", post(sign_in::take_code))
        .route("/sign-in/oidc", get(oidc::begin))
        .route("/sign-in/oidc/callback", get(oidc::callback))
        .route("/sign-out", post(sign_in::out))
        .route("/set-up", get(set_up::show).post(set_up::take))
        .route("/account", get(account::show))
        .route("/account/password", post(account::change_password))
        .route("/account/sign-out-everywhere", post(account::sign_out_everywhere))
        .route("/account/second-factor", post(account::begin_second_factor))
        .route("/account/second-factor/confirm", post(account::confirm_second_factor))
        .route("/account/second-factor/remove", post(account::remove_second_factor))
        .route("/signed-in", get(sign_in::done))
        .route("/oauth/authorize", get(consent::show).post(consent::take))
        .route("/oauth/callback", get(callback::take))
        .route("/oauth/{hub_id}/authorize", get(consent::show_for))
        .layer(axum::middleware::from_fn(page::refuse_other_sites))
        .layer(axum::middleware::map_response(page::harden))
}
