//! The OAuth endpoints of the data listener: token, introspection, revocation, the metadata reads of
//! OAuth v1, and the uninstall of an app by itself (hubspot facts, section 3).
//!
//! Answered here for every account, embedded or connected: installs are Keyway's, and what an app
//! does to its own install must never reach the connection that all apps share.

use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::Method;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::request::Parts;
use keyway_core::catalog::{self, Catalog, Operation};
use keyway_core::error_body::{ErrorBody, ErrorDetail, RateLimitFields};
use keyway_core::path::NormalPath;
use keyway_core::policy::Permit;
use keyway_core::refusal::Refusal;
use keyway_core::scope::{ScopeSet, all_names};
use keyway_core::time::Timestamp;
use keyway_oauth::error::{Code, OAuthError};
use keyway_oauth::metadata;
use keyway_oauth::params::Params;
use keyway_oauth::server::access_token::{Claims, Subject};
use keyway_oauth::server::grant::{self, GrantType};
use keyway_oauth::server::introspection::{Known, inactive};
use keyway_oauth::server::{ACCESS_TOKEN_S, client_auth};
use serde_json::Value;
use tokio::runtime::Handle;

use super::{Call, Gateway, Outcome, account_activity, receive, respond};
use crate::arriving::Arriving;
use crate::audit::AuditLog;
use crate::backend::BackendReply;
use crate::clock;
use crate::control::{Control, ControlError, Exchanged, Rotated};
use crate::guesses::{Guesses, source_network};
use crate::model::{Account, Distribution, PublicApp};
use crate::registry::{Holder, Registry, TokenEntry};

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

/// What of OAuth is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Endpoint {
    Token { v1: bool },
    Introspect,
    Revoke,
    AccessToken,
    RefreshToken,
    DeleteRefreshToken,
    Metadata,
}

impl Endpoint {
    pub(super) fn of(method: &Method, path: &NormalPath) -> Option<Self> {
        if path.as_str() == metadata::PATH {
            return (method == Method::GET).then_some(Self::Metadata);
        }
        let rest = path.as_str().strip_prefix("/oauth/")?;
        let (version, rest) = rest.split_once('/')?;
        let v1 = version == "v1";
        if !v1 && !["v3", "2026-03", "2026-09"].contains(&version) {
            return None;
        }
        match (method.as_str(), rest) {
            ("POST", "token") => Some(Self::Token { v1 }),
            ("POST", "token/introspect") => Some(Self::Introspect),
            ("POST", "token/revoke") => Some(Self::Revoke),
            ("GET", rest) if v1 && is_one_below(rest, "access-tokens/") => Some(Self::AccessToken),
            ("GET", rest) if v1 && is_one_below(rest, "refresh-tokens/") => Some(Self::RefreshToken),
            ("DELETE", rest) if v1 && is_one_below(rest, "refresh-tokens/") => Some(Self::DeleteRefreshToken),
            _ => None,
        }
    }
}

fn is_one_below(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|last| !last.is_empty() && !last.contains('/'))
}

/// Whether an operation is one of these endpoints.
pub(super) fn answers(operation: &Operation) -> bool {
    let method = operation.method.as_str().parse::<Method>();
    let path = NormalPath::parse(&operation.template.replace(['{', '}'], ""));
    method.is_ok_and(|method| path.is_ok_and(|path| Endpoint::of(&method, &path).is_some()))
}

/// Whether an operation ends the caller's own install.
pub(super) fn is_uninstall(operation: &Operation) -> bool {
    operation.method == catalog::Method::Delete
        && operation.template.starts_with("/appinstalls/")
        && operation.template.ends_with("/external-install")
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

    async fn code_grant(&self, server: &Server, call: &mut Call, client: &Arc<PublicApp>, params: &Params) -> Result<Value, Stop> {
        let owned = |name: &str| params.get(name).map(str::to_owned);
        let code = owned("code").ok_or_else(OAuthError::bad_code)?;
        let (redirect_uri, verifier) = (owned("redirect_uri"), owned("code_verifier"));
        let (control, app) = (server.control.clone(), client.clone());
        let exchanged =
            server.run(async move { control.exchange(&app, &code, redirect_uri.as_deref(), verifier.as_deref()).await }).await?;
        let Exchanged { install, token } = exchanged?;
        let entry = self.registry.grant(token.id).ok_or_else(respond::store_unavailable)?;
        call.token = Some(entry.clone());
        let scopes = token.grant.as_ref().map(|grant| grant.scopes.clone()).unwrap_or_default();
        let access = self.access_token(Subject::Grant(token.id), None, entry.app.account.now(call.at))?;
        let user_id = token.grant.as_ref().map_or(0, |grant| grant.user_id);
        entry.note_use(call.at);
        Ok(grant::issued(&access, self.registry.refresh_token(&token, 0).expose(), &scopes, install.hub_id, user_id))
    }

    async fn refresh_grant(&self, server: &Server, call: &mut Call, client: &PublicApp, params: &Params) -> Result<Value, Stop> {
        let presented = params.get("refresh_token").ok_or_else(OAuthError::bad_refresh_token)?;
        let (named, entry) = self.registry.find_refresh(presented).ok_or_else(OAuthError::bad_refresh_token)?;
        if entry.app.app.public_app != Some(client.id) {
            return Err(OAuthError::bad_refresh_token().into());
        }
        call.token = Some(entry.clone());
        let grant = entry.token.grant.as_deref().filter(|_| is_good(&entry)).ok_or_else(OAuthError::bad_refresh_token)?;
        let scopes = grant::narrowed(&grant.scopes, params)?;
        let generation = if client.rotates || named.generation != grant.generation {
            let control = server.control.clone();
            match server.run(async move { control.rotate_refresh_token(named).await }).await? {
                Rotated::Generation(generation) => generation,
                Rotated::Stolen | Rotated::Over => return Err(OAuthError::bad_refresh_token().into()),
            }
        } else {
            // As HubSpot does: the same token, which stays good (hubspot facts, section 3).
            named.generation
        };
        let narrowed = (scopes.len() < grant.scopes.len()).then(|| ScopeSet::of_known(scopes.iter().map(String::as_str)));
        let access = self.access_token(Subject::Grant(entry.token.id), narrowed, entry.app.account.now(call.at))?;
        entry.note_use(call.at);
        Ok(grant::issued(
            &access,
            self.registry.refresh_token(&entry.token, generation).expose(),
            &scopes,
            entry.app.app.hub_id,
            grant.user_id,
        ))
    }

    fn client_grant(&self, client: &PublicApp, call: &Call, params: &Params) -> Result<Value, Stop> {
        if client.is_public {
            let message = "an app without a secret has no credentials of its own";
            return Err(OAuthError::new(Code::UnauthorizedClient, Refusal::OAuthGrantType, message).into());
        }
        let scopes = grant::narrowed(&client.scopes, params)?;
        let access = self.access_token(Subject::App(client.id), None, self.registry.time_without_account(call.at))?;
        Ok(grant::issued_to_app(&access, &scopes))
    }

    fn access_token(&self, subject: Subject, narrowed: Option<ScopeSet>, now: Timestamp) -> Result<String, ErrorBody> {
        let random = self.registry.draw::<8>("access token").map_err(|_| respond::store_unavailable())?;
        let claims = Claims { subject, expires_at: now.plus_ms(ACCESS_TOKEN_S * 1_000), narrowed };
        Ok(self.registry.access_key().issue(&claims, random).expose().to_owned())
    }

    /// RFC 7662, section 2.2: a token that is not this client's is as one that is not there.
    fn introspect(&self, call: &mut Call, client: &PublicApp, token: &str) -> Value {
        let Some(good) = self.good(token, call.at).filter(|good| good.app.id == client.id) else { return inactive() };
        let answer = good.told(token, |known| known.introspected(good.now(call.at, &self.registry)));
        call.token = good.entry;
        answer
    }

    /// The metadata reads of OAuth v1: whoever holds a token may ask what it is.
    fn describe(&self, call: &mut Call, token: &str, access: bool) -> Result<Value, Stop> {
        let good = self.good(token, call.at).filter(|good| good.expires_at.is_some() == access);
        let good = good.ok_or_else(|| Refusal::TokenNotFound.error("the token is not known, or not good any more"))?;
        let answer = good.told(token, |known| known.described(good.now(call.at, &self.registry)));
        call.token = good.entry;
        Ok(answer)
    }

    /// What is known of a token of either kind, if it is good.
    fn good(&self, token: &str, now: Timestamp) -> Option<Good> {
        let Some((claims, holder)) = self.registry.find_access(token) else {
            let (_, entry) = self.registry.find_refresh(token).filter(|(_, entry)| is_good(entry))?;
            return Some(Good { app: entry.app.public_app.clone()?, entry: Some(entry), expires_at: None });
        };
        let now = match &holder {
            Holder::Install(entry) | Holder::Agent(entry) => entry.app.account.now(now),
            Holder::App(_) => self.registry.time_without_account(now),
        };
        let expires_at = Some(claims.expires_at).filter(|at| *at > now)?;
        match holder {
            Holder::Install(entry) if lives(&entry) => {
                Some(Good { app: entry.app.public_app.clone()?, entry: Some(entry), expires_at: Some(expires_at) })
            }
            Holder::App(app) if app.enabled => Some(Good { app, entry: None, expires_at: Some(expires_at) }),
            _ => None,
        }
    }

    /// RFC 7009: a token that is not there, or not this client's, is answered like one that was ended.
    async fn revoke(&self, server: &Server, call: &mut Call, client: &PublicApp, token: &str) -> Result<(), Stop> {
        let found = self.registry.find_refresh(token).filter(|(_, entry)| entry.app.app.public_app == Some(client.id));
        match found {
            Some((_, entry)) => Ok(self.end(server, call, entry).await?),
            None => Ok(()),
        }
    }

    async fn delete_refresh_token(&self, server: &Server, call: &mut Call, token: &str) -> Result<(), Stop> {
        let found = self.registry.find_refresh(token).filter(|(_, entry)| is_good(entry));
        let (_, entry) = found.ok_or_else(|| Refusal::TokenNotFound.error("the token is not known, or not good any more"))?;
        Ok(self.end(server, call, entry).await?)
    }

    async fn end(&self, server: &Server, call: &mut Call, entry: Arc<TokenEntry>) -> Result<(), ErrorBody> {
        let (control, id) = (server.control.clone(), entry.token.id);
        call.token = Some(entry);
        server.run(async move { control.end_refresh_token(id).await }).await
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

/// A token that is good.
struct Good {
    app: Arc<PublicApp>,
    /// The grant it is of; none for the app's own.
    entry: Option<Arc<TokenEntry>>,
    /// None for a refresh token.
    expires_at: Option<Timestamp>,
}

impl Good {
    /// The time of its account.
    fn now(&self, real: Timestamp, registry: &Registry) -> Timestamp {
        self.entry.as_ref().map_or_else(|| registry.time_without_account(real), |entry| entry.app.account.now(real))
    }

    /// The answer about it, in one of HubSpot's forms.
    fn told(&self, token: &str, form: impl FnOnce(&Known<'_>) -> Value) -> Value {
        let entry = self.entry.as_deref();
        let grant = entry.and_then(|entry| entry.token.grant.as_deref());
        let granted: Option<Vec<String>> = entry.map(|entry| entry.granted().names().into_iter().map(str::to_owned).collect());
        form(&Known {
            token,
            client_id: &self.app.client_id,
            app_id: self.app.id,
            install_id: entry.map_or(0, |entry| entry.app.app.id),
            hub_id: entry.map(|entry| entry.app.app.hub_id),
            user: grant.map_or("", |grant| &grant.user),
            user_id: grant.map_or(0, |grant| grant.user_id),
            scopes: granted.as_deref().unwrap_or(&self.app.scopes),
            expires_at: self.expires_at,
            is_private: self.app.distribution == Distribution::Private,
        })
    }
}

/// Whether a grant's refresh token may be used.
fn is_good(entry: &TokenEntry) -> bool {
    lives(entry) && entry.token.expires_at.is_none()
}

/// Whether a grant's access tokens may be used.
fn lives(entry: &TokenEntry) -> bool {
    entry.app.is_enabled() && entry.token.revoked_at.is_none()
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
        .error("Too many wrong client ids, or wrong secrets of this client, came from this address. The right secret still passes.");
    error.rate_limit = Some(RateLimitFields { policy_name: "SECONDLY", group_name: "keyway:client-authentication".to_owned() });
    error.retry_after_s = Some(wait_s);
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_endpoints_of_the_four_versions_are_answered() {
        let of = |method: Method, path: &str| Endpoint::of(&method, &NormalPath::parse(path).unwrap());
        assert_eq!(of(Method::POST, "/oauth/v1/token"), Some(Endpoint::Token { v1: true }));
        for version in ["v3", "2026-03", "2026-09"] {
            assert_eq!(of(Method::POST, &format!("/oauth/{version}/token")), Some(Endpoint::Token { v1: false }));
            assert_eq!(of(Method::GET, &format!("/oauth/{version}/access-tokens/x")), None);
        }
        assert_eq!(of(Method::POST, "/oauth/2025-09/token"), None);
        assert_eq!(of(Method::GET, "/oauth/v1/access-tokens/a/b"), None);
        assert_eq!(of(Method::GET, "/oauth/v1/access-tokens/x"), Some(Endpoint::AccessToken));
    }
}
