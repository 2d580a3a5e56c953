//! The OAuth endpoints of the data listener: token, introspection, revocation, the metadata reads of
//! OAuth v1, and the uninstall of an app by itself (hubspot facts, section 3).
//!
//! Answered here for every account, embedded or connected: installs are Keyway's, and what an app
//! does to its own install must never reach the connection that all apps share.

mod endpoint;
mod grants;
mod tokens;

use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::request::Parts;
use keyway_core::catalog::{self, Catalog};
use keyway_core::error_body::{ErrorBody, ErrorDetail, RateLimitFields};
use keyway_core::policy::Permit;
use keyway_core::refusal::Refusal;
use keyway_core::scope::all_names;
use keyway_oauth::error::OAuthError;
use keyway_oauth::metadata;
use keyway_oauth::params::Params;
use keyway_oauth::server::client_auth;
use keyway_oauth::server::grant::GrantType;
use serde_json::Value;
use tokio::runtime::Handle;

use super::{Call, Gateway, Outcome, account_activity, receive, respond};
use crate::arriving::Arriving;
use crate::audit::AuditLog;
use crate::backend::BackendReply;
use crate::clock;
use crate::control::{Control, ControlError};
use crate::guesses::{Guesses, source_network};
use crate::model::{Account, PublicApp};
use crate::registry::TokenEntry;

pub(super) use endpoint::{Endpoint, answers, is_uninstall};

/// What the endpoints need besides the hot state.
pub(super) struct Server {
    control: Arc<Control>,
    /// Where changes run: the store's connections live there, and a change goes on when its client hangs up.
    runtime: Handle,
    addresses: Addresses,
    /// By app, or none of a client id that is not known, and source.
    guesses: Guesses<(Option<u64>, IpAddr)>,
}

/// Where the listeners are reached from outside.
#[derive(Clone, Debug)]
pub struct Addresses {
    /// The data listener, as in `https://hubspot.example.com`: the issuer (RFC 8414).
    pub data: String,
    /// The admin listener, where people sign in.
    pub admin: String,
}

impl Server {
    pub(super) fn new(control: Arc<Control>, addresses: Addresses) -> Self {
        Self { control, runtime: Handle::current(), addresses, guesses: Guesses::new(GUESSES_MAX) }
    }

    /// What was done in an embedded account. On the runtime of the store, whose connections are its.
    pub(super) async fn activity(
        &self,
        audit: Arc<AuditLog>,
        account: &Account,
        kind: account_activity::Kind,
        head: &http::request::Parts,
    ) -> Result<BackendReply, ErrorBody> {
        let reader = account_activity::Reader { control: self.control.clone(), audit, hub_id: account.hub_id, since: account.created_at };
        let (url, query) = (format!("{}{}", self.addresses.data, head.uri.path()), head.uri.query().map(str::to_owned));
        let reading = self.runtime.spawn(async move { reader.answer(kind, &url, query.as_deref()).await });
        reading.await.unwrap_or_else(|_| Err(respond::store_unavailable()))
    }

    /// Runs a change to its end.
    async fn run<T: Send + 'static>(&self, change: impl Future<Output = Result<T, ControlError>> + Send + 'static) -> Result<T, ErrorBody> {
        match self.runtime.spawn(change).await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(ControlError::NotFound(_))) => Err(Refusal::TokenNotFound.error("it is not there any more")),
            Ok(Err(error)) => {
                tracing::error!(%error, "a change over OAuth failed");
                Err(respond::store_unavailable())
            }
            Err(_) => Err(respond::store_unavailable()),
        }
    }
}

/// An error of the protocol, or one of the pipeline.
enum Stop {
    Protocol(OAuthError),
    Pipeline(ErrorBody),
}

impl From<OAuthError> for Stop {
    fn from(error: OAuthError) -> Self {
        Self::Protocol(error)
    }
}

impl From<ErrorBody> for Stop {
    fn from(error: ErrorBody) -> Self {
        Self::Pipeline(error)
    }
}

impl Gateway {
    /// Answers an endpoint of OAuth.
    pub(super) async fn oauth(&self, call: &mut Call, head: &Parts, body: Arriving, endpoint: Endpoint) -> Result<Outcome, Outcome> {
        let Some(server) = &self.oauth else {
            return Err(Refusal::NoPublicApps.error("this server has no public apps").into());
        };
        call.answers_secrets = endpoint != Endpoint::Metadata;
        let path = head.uri.path();
        let last = path.rsplit('/').next().unwrap_or_default();
        let template = match endpoint {
            Endpoint::AccessToken => "/oauth/v1/access-tokens/{token}",
            Endpoint::RefreshToken | Endpoint::DeleteRefreshToken => "/oauth/v1/refresh-tokens/{token}",
            _ => path,
        };
        call.operation = catalog::Method::parse(head.method.as_str()).and_then(|method| Catalog::get().find(method, template));
        let answered = match endpoint {
            Endpoint::Metadata => Ok((200, Some(metadata::document(&server.addresses.data, &server.addresses.admin, all_names())))),
            Endpoint::AccessToken => self.describe(call, last, true).map(|answer| (200, Some(answer))),
            Endpoint::RefreshToken => self.describe(call, last, false).map(|answer| (200, Some(answer))),
            Endpoint::DeleteRefreshToken => self.delete_refresh_token(server, call, last).await.map(|()| (204, None)),
            Endpoint::Token { .. } | Endpoint::Introspect | Endpoint::Revoke => {
                self.of_client(server, call, head, body, endpoint).await.map(|answer| (200, answer))
            }
        };
        let (status, answer) = match answered {
            Ok(answer) => answer,
            Err(Stop::Protocol(error)) => {
                call.protocol = Some(error.refusal);
                (400, Some(error.to_json()))
            }
            Err(Stop::Pipeline(error)) => return Err(error.into()),
        };
        let body = answer.map(|answer| Bytes::from(answer.to_string())).unwrap_or_default();
        Ok(Outcome { result: Ok(BackendReply { status, body }.into()), allowance: None, allow: None })
    }

    /// The endpoints at which a client says who it is.
    async fn of_client(
        &self,
        server: &Server,
        call: &mut Call,
        head: &Parts,
        body: Arriving,
        endpoint: Endpoint,
    ) -> Result<Option<Value>, Stop> {
        let bytes = receive::small_body(head, body, call, &self.bodies).await?;
        let mut params = read_params(head, &bytes)?;
        if endpoint == (Endpoint::Token { v1: true }) {
            // OAuth v1 takes them in the query too, which is why it ends.
            params = params.or(Params::from_form(head.uri.query().unwrap_or_default().as_bytes())?);
        }
        if let Some(header) = head.headers.get(AUTHORIZATION) {
            client_auth::take_basic(header.to_str().unwrap_or_default(), &mut params)?;
        }
        let client = self.client(server, call, &params)?;
        match endpoint {
            Endpoint::Introspect => Ok(Some(self.introspect(call, &client, params.need("token")?))),
            Endpoint::Revoke => self.revoke(server, call, &client, params.need("token")?).await.map(|()| None),
            _ => match GrantType::read(&params)? {
                GrantType::AuthorizationCode => self.code_grant(server, call, &client, &params).await.map(Some),
                GrantType::RefreshToken => self.refresh_grant(server, call, &client, &params).await.map(Some),
                GrantType::ClientCredentials => self.client_grant(&client, call, &params).map(Some),
            },
        }
    }

    /// Which app asks, and that it is the one. Wrong secrets count by app and source, so that nobody shuts
    /// out an app beside others at one address, and the right secret passes whatever was tried before: a
    /// keyed hash of a bounded text costs less than reading the form did.
    fn client(&self, server: &Server, call: &Call, params: &Params) -> Result<Arc<PublicApp>, Stop> {
        let known = params.get("client_id").and_then(|id| self.registry.public_app(id)).filter(|app| app.enabled);
        let secret = params.get("client_secret").filter(|secret| secret.len() <= SECRET_BYTES_MAX);
        let side = (known.as_ref().map(|app| app.id), source_network(call.source));
        let refused = match (known, secret) {
            (None, _) => OAuthError::bad_client_id(),
            (Some(app), None) if app.is_public && params.get("client_secret").is_none() => return Ok(app),
            (Some(app), Some(secret)) if !app.is_public && app.has_secret(&self.registry.token_key().hash(secret), call.at) => {
                return Ok(app);
            }
            (Some(_), _) => OAuthError::bad_client_secret(),
        };
        let now = clock::steady();
        if let Some(wait_s) = server.guesses.must_wait(&side, now) {
            return Err(too_many_guesses(wait_s).into());
        }
        server.guesses.note(side, now);
        Err(refused.into())
    }

    /// An app takes itself from the account that its token is for.
    pub(super) async fn uninstall(&self, call: &mut Call, permit: Permit, token: &TokenEntry) -> Result<Outcome, Outcome> {
        let (Some(server), Some(_)) = (&self.oauth, token.app.app.public_app) else {
            let error = Refusal::NotAnInstall
                .error("only an app that was installed over OAuth can uninstall itself")
                .detail(ErrorDetail::new("keyway: a private app is deleted with `keyway app delete`"));
            return Err(error.into());
        };
        let entry = self.entry(call);
        self.audit.begin(entry).await.map_err(|_| respond::unavailable_error())?;
        call.begun = true;
        let (control, id) = (server.control.clone(), permit.app_id());
        server.run(async move { control.uninstall(id).await.map(drop) }).await?;
        Ok(Outcome { result: Ok(BackendReply { status: 204, body: Bytes::new() }.into()), allowance: None, allow: None })
    }
}

fn read_params(head: &Parts, body: &[u8]) -> Result<Params, OAuthError> {
    let content_type = head.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/json") {
        Params::from_json(body)
    } else if body.is_empty() || essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        Params::from_form(body)
    } else {
        Err(OAuthError::invalid("the body must be application/x-www-form-urlencoded"))
    }
}

/// Wrong secrets of one app, or wrong client ids, that come from one source in a minute with the reason; after
/// that, the source must wait.
const GUESSES_MAX: u32 = 20;
/// Longest client secret that is looked at; those that Keyway makes have 36 bytes.
const SECRET_BYTES_MAX: usize = 256;

fn too_many_guesses(wait_s: i64) -> ErrorBody {
    let mut error = Refusal::TooManyGuesses
        .error("Too many wrong client IDs, or wrong secrets of this client, came from this address. The right secret still passes.");
    error.rate_limit = Some(RateLimitFields { policy_name: "SECONDLY", group_name: "keyway:client-authentication".to_owned() });
    error.retry_after_s = Some(wait_s);
    error
}
