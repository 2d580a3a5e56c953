//! The admin API: accounts, apps, tokens, people and the audit, as JSON over HTTP.
//!
//! Served on the admin listener, where a bearer token is asked for, on the data folder's socket,
//! where the file's permissions are the authentication, and in process to the console, which uses
//! nothing else ([`Admin::call`]). Who may do what is one table, `operations`; what a change means is
//! decided in `control`.

mod admin_tokens;
mod audit;
mod body;
mod catalog;
mod changes;
mod doctor;
mod extract;
mod guard;
mod hosts;
mod idempotency;
mod keys;
mod metrics;
mod notify;
mod oauth;
mod oauth_accounts;
mod openapi;
mod operations;
mod overview;
mod own;
mod page;
mod people;
mod plan;
mod portal;
mod proxy;
mod routes;
mod scopes;
mod usage;
mod view;
mod webhooks;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{HeaderValue, RETRY_AFTER};
use axum::response::{IntoResponse, Response};

use crate::attention::{Ending, Thresholds};
use crate::audit::AuditLog;
use crate::clock;
use crate::console;
use crate::control::Control;
use crate::double::Refill;
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

pub use crate::console::SignInGuesses;
pub use guard::{AdminToken, SocketPeer};
pub use hosts::{AdminHosts, HostName, NotAHostName};
pub use operations::{Access, OPERATIONS, Operation, Reach};
pub(crate) use overview::UNUSED_DAYS;

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

    /// Whether somebody may perform an operation at all, by its name in the table: for leaving out
    /// of a page what would be refused. The API itself still decides.
    pub fn may(&self, principal: &Principal, operation: &str) -> bool {
        operations::named(operation).is_some_and(|one| one.access.reach(&principal.role) != Reach::Nothing)
    }

    /// By what answers judge what they show of an account, now: by the account's clock.
    fn seen(&self, hub_id: u64) -> view::Seen {
        view::Seen { thresholds: **self.thresholds.get(), now: self.registry.now_of(hub_id) }
    }

    /// An account was connected, perhaps anew: what was known of it before does not count any more.
    pub(crate) fn connected(&self, hub_id: u64) {
        self.tokens.forget(hub_id);
        self.upstream.health.note(hub_id, health::State::Fine, clock::now());
    }
}

/// The API as served over TCP: a bearer token for everything but health and metrics. `configured` are
/// the tokens in the server's environment; those made over the API are in the store. `names` are host names
/// under which browsers are served, besides that of the listener's own address.
pub fn over_tcp(admin: Admin, configured: Vec<AdminToken>, names: AdminHosts) -> Router {
    let hosts = hosts::Hosts::new(&admin.addresses.admin, names);
    guard::with_token(routes::api(), admin.clone(), configured)
        .merge(routes::open())
        .merge(console::pages())
        .layer(axum::middleware::from_fn(move |request, next| hosts::check(hosts.clone(), request, next)))
        .with_state(admin)
}

/// A body that could not be read, in the API's form. The client may send it again.
pub(crate) fn body_refused(status: u16, code: &'static str, message: &str) -> Response {
    let mut response = body::ApiError::new(status, code, message).into_response();
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
    response
}

/// The API as served on the data folder's socket.
pub fn over_socket(admin: Admin) -> Router {
    guard::on_socket(routes::api(), admin.clone()).merge(routes::open()).with_state(admin)
}
