//! The admin API: accounts, apps, tokens, people and the audit, as JSON over HTTP.
//!
//! Served on the admin listener, where a bearer token is asked for, on the data folder's socket,
//! where the file's permissions are the authentication, and in process to the console, which uses
//! nothing else ([`Admin::call`]). Its types, and who may do what, are in `keyway_api`; what a change
//! means is decided in `control`.

mod accounts;
mod admin_tokens;
mod agents;
mod approvals;
mod apps;
mod audit;
mod board;
mod body;
mod calls;
mod catalog;
mod changes;
mod counts;
mod doctor;
mod environment;
mod extract;
mod guard;
mod idempotency;
mod keys;
mod metrics;
mod notify;
mod oauth;
mod oauth_accounts;
mod openapi;
mod overview;
mod own;
mod page;
mod people;
mod plan;
mod portal;
mod proxy;
mod routes;
mod scopes;
mod sessions;
mod tokens;
mod usage;
mod view;
mod webhooks;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;

use crate::agents::Agents;
use crate::attention::{Ending, Thresholds};
use crate::audit::AuditLog;
use crate::clock;
use crate::control::Control;
use crate::double::Refill;
use crate::guesses::sign_in::SignInGuesses;
use crate::live::Live;
use crate::notify::Sender;
use crate::oidc::Oidc;
use crate::pipeline::{Addresses, Gateway};
use crate::principal::Principal;
use crate::proxy::Proxy;
use crate::registry::Registry;
use crate::tokens::Tokens;
use crate::upstream::{Upstream, health};
use crate::webhooks::Webhooks;

pub use body::ApiError;
pub use catalog::{Effect, operations_of};
pub use environment::{Environment, NotAnEnvironment};
pub use guard::{AdminToken, SocketPeer, presented};
pub use keyway_api::operations::{Access, OPERATIONS, Operation, OperationId, Reach};
pub use oauth::parse;
pub use overview::UNUSED_DAYS;

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
    /// Sends what embedded accounts tell apps of.
    pub webhooks: Arc<Webhooks>,
    /// The access tokens of accounts connected by OAuth.
    pub tokens: Arc<Tokens>,
    /// Where the listeners are reached.
    pub addresses: Arc<Addresses>,
    /// What it is called on every page of the console.
    pub environment: Option<Environment>,
    /// What the server was started with, or took on since.
    pub settings: Live<Vec<keyway_api::view::Setting>>,
    /// The identity provider that people sign in at.
    pub oidc: Option<Arc<Oidc>>,
    /// The forward proxy, where this server has one.
    pub proxy: Option<Arc<Proxy>>,
    /// Calls that end, as they were last counted.
    pub ending: Arc<Ending>,
    /// From when on something needs a person.
    pub thresholds: Live<Thresholds>,
    /// Sends notifications.
    pub notifications: Arc<Sender>,
    /// OAuth for agents, where this server has a listener for them.
    pub agents: Option<Arc<Agents>>,
    /// Wrong passwords and codes.
    pub sign_in_guesses: Arc<SignInGuesses>,
}

impl Admin {
    /// Calls the admin API in process, as somebody who is signed in. Routes, roles, records of changes
    /// and errors are those that everybody gets: a page of the console that shows or changes
    /// something does it with this, and with nothing else.
    ///
    /// The request's path begins with `/api/v1/`; a body is JSON with its `content-type`. What the
    /// role does not open is answered with 403.
    ///
    /// ```ignore
    /// let request = Request::get("/api/v1/apps?limit=50").body(Body::empty())?;
    /// let answer = admin.call(session.principal(source), request).await;
    /// ```
    pub async fn call(&self, principal: Principal, request: Request<Body>) -> Response {
        guard::call(self, principal, request).await
    }

    /// Whether somebody may perform an operation at all: for leaving out of a page what would be
    /// refused. The API itself still decides.
    pub fn may(&self, principal: &Principal, operation: OperationId) -> bool {
        operation.operation().access.reach((&principal.role).into()) != Reach::Nothing
    }

    /// By what answers judge what they show of an account, now: by the account's clock.
    fn seen(&self, hub_id: u64) -> view::Seen {
        view::Seen { thresholds: **self.thresholds.get(), now: self.registry.now_of(hub_id) }
    }

    /// Forgets the facts about an account that was connected, or connected again.
    pub fn connected(&self, hub_id: u64) {
        self.tokens.forget(hub_id);
        self.upstream.health.note(hub_id, health::State::Fine, clock::now());
    }
}

/// The API as served over TCP: a bearer token for everything but health and metrics. `configured` are
/// the tokens in the server's environment; those made over the API are in the store.
pub fn over_tcp(admin: Admin, configured: Vec<AdminToken>) -> Router<Admin> {
    guard::with_token(routes::api(), admin, configured).merge(routes::open())
}

/// The API as served on the data folder's socket.
pub fn over_socket(admin: Admin) -> Router {
    guard::on_socket(routes::api(), admin.clone()).merge(routes::open()).with_state(admin)
}
