//! The admin API: accounts, apps, tokens and the audit, as JSON over HTTP.
//!
//! Served on the admin listener, where a bearer token is asked for, and on the data folder's
//! socket, where the file's permissions are the authentication. What a change means is decided in
//! `control`.

mod audit;
mod body;
mod doctor;
mod extract;
mod guard;
mod metrics;
mod oauth;
mod oauth_accounts;
mod openapi;
mod plan;
mod portal;
mod routes;
mod scopes;
mod usage;

use std::sync::Arc;

use axum::Router;

use crate::audit::AuditLog;
use crate::clock;
use crate::console;
use crate::control::Control;
use crate::double::Refill;
use crate::guesses::Guesses;
use crate::pipeline::{Addresses, Gateway};
use crate::registry::Registry;
use crate::tokens::Tokens;
use crate::upstream::{Upstream, health};

pub use guard::AdminToken;

/// What the admin API works on.
#[derive(Clone)]
pub struct Admin {
    /// Makes the changes.
    pub control: Arc<Control>,
    /// The audit log.
    pub audit: Arc<AuditLog>,
    /// Counts of the day.
    pub registry: Arc<Registry>,
    /// Counts of calls.
    pub gateway: Arc<Gateway>,
    /// Asks HubSpot about credentials.
    pub upstream: Arc<Upstream>,
    /// Changes the records of embedded accounts beside their API.
    pub refill: Arc<dyn Refill>,
    /// The access tokens of accounts connected by OAuth.
    pub tokens: Arc<Tokens>,
    /// Where the listeners are reached.
    pub addresses: Arc<Addresses>,
    /// Wrong passwords, by the address they were for.
    pub sign_in_guesses: Arc<Guesses<String>>,
}

impl Admin {
    /// An account was connected, perhaps anew: what was known of it before does not count any more.
    pub(crate) fn connected(&self, hub_id: u64) {
        self.tokens.forget(hub_id);
        self.upstream.health.note(hub_id, health::State::Fine, clock::now());
    }
}

/// Wrong passwords for one address in a minute.
const SIGN_IN_GUESSES_MAX: u32 = 5;

/// Where wrong passwords are counted.
pub fn sign_in_guesses() -> Arc<Guesses<String>> {
    Arc::new(Guesses::new(SIGN_IN_GUESSES_MAX))
}

/// The API as served over TCP: a bearer token for everything but health and metrics. Without a
/// configured token it is closed, and says how to open it.
/// `service` opens the token service and nothing else.
pub fn over_tcp(admin: Admin, token: Option<AdminToken>, service: Option<AdminToken>) -> Router {
    let own = keyway_oauth::redirect::authority(&admin.addresses.admin).to_owned();
    guard::with_token(routes::api(), vec![token.clone()])
        .merge(guard::with_token(routes::token_service(), vec![token, service]))
        .merge(routes::open())
        .merge(console::pages())
        .layer(axum::middleware::from_fn(move |request, next| guard::refuse_foreign_hosts(own.clone(), request, next)))
        .with_state(admin)
}

/// The API as served on the data folder's socket.
pub fn over_socket(admin: Admin) -> Router {
    routes::api().merge(routes::token_service()).merge(routes::open()).with_state(admin)
}
