//! Pages for people on the admin listener: sign-in, and consent to the install of a public app.
//!
//! Rendered here, without script and without anything from another host.

mod callback;
mod consent;
mod page;
mod sign_in;

use axum::Router;
use axum::routing::{get, post};

use crate::admin::Admin;

pub(crate) use consent::{answered, parse};

/// The pages.
pub(crate) fn pages() -> Router<Admin> {
    Router::new()
        .route("/assets/keyway.css", get(page::style))
        .route("/sign-in", get(sign_in::show).post(sign_in::take))
        .route("/sign-out", post(sign_in::out))
        .route("/signed-in", get(sign_in::done))
        .route("/oauth/authorize", get(consent::show).post(consent::take))
        .route("/oauth/callback", get(callback::take))
        .route("/oauth/{hub_id}/authorize", get(consent::show_for))
        .layer(axum::middleware::from_fn(page::refuse_other_sites))
        .layer(axum::middleware::map_response(page::harden))
}
