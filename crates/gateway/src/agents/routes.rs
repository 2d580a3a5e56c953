//! The endpoints.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, DefaultBodyLimit, Extension, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{StatusCode, Uri};
use keyway_core::refusal::Refusal;
use keyway_oauth::Params;
use keyway_oauth::agent::client::{described, key_of};
use keyway_oauth::agent::metadata;
use keyway_oauth::error::{Code, OAuthError};
use keyway_oauth::server::grant::GrantType;
use serde_json::{Value, json};

use super::{Agents, names};
use crate::clock;
use crate::control::{AgentTokens, ControlError};
use crate::guesses::{Guesses, source_network};

/// Largest body, in bytes.
const BODY_BYTES_MAX: usize = 16 << 10;

/// What is not answered with 200.
enum Stop {
    Protocol(OAuthError),
    Wait(i64),
    Unavailable,
}

impl From<OAuthError> for Stop {
    fn from(error: OAuthError) -> Self {
        Self::Protocol(error)
    }
}

impl IntoResponse for Stop {
    fn into_response(self) -> Response {
        let (status, code, words, wait_s) = match self {
            // RFC 6749, section 5.2: 401 where the client is the reason.
            Self::Protocol(error) if error.code == Code::InvalidClient => (401, error.code.as_str(), error.description, None),
            Self::Protocol(error) => (400, error.code.as_str(), error.description, None),
            Self::Wait(wait_s) => (429, "temporarily_unavailable", "too many requests came from this address".to_owned(), Some(wait_s)),
            Self::Unavailable => {
                (503, "temporarily_unavailable", "the server can't answer now; try again in some seconds".to_owned(), Some(1))
            }
        };
        let mut response = answer(status, &json!({ "error": code, "error_description": words }));
        if let Some(wait_s) = wait_s {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(wait_s));
        }
        response
    }
}

impl Agents {
    /// The listener's own routes with these: its answers of 401 then name the metadata (RFC 9728, section 5.1).
    pub fn with_routes(self: &Arc<Self>, own: Router) -> Router {
        let server = "/.well-known/oauth-authorization-server";
        let oauth = Router::new()
            .route(metadata::RESOURCE, get(resource))
            .route(&format!("{}{}", metadata::RESOURCE, metadata::MCP), get(resource))
            .route(server, get(issuer))
            // What clients of 2025-03-26 ask for beside it.
            .route(&format!("{server}{}", metadata::MCP), get(issuer))
            .route(metadata::REGISTER, post(register))
            .route(metadata::TOKEN, post(token))
            .route(metadata::REVOKE, post(revoke))
            .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
            .with_state(self.clone());
        own.layer(from_fn_with_state(self.clone(), challenge)).merge(oauth)
    }

    /// Runs a change to its end, on the runtime of the store.
    async fn run<T: Send + 'static>(&self, change: impl Future<Output = Result<T, ControlError>> + Send + 'static) -> Result<T, Stop> {
        match self.runtime.spawn(change).await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(error)) => {
                tracing::error!(%error, "a change over the OAuth of agents failed");
                Err(Stop::Unavailable)
            }
            Err(_) => Err(Stop::Unavailable),
        }
    }
}

/// Says with 401 where the metadata is.
async fn challenge(State(agents): State<Arc<Agents>>, request: Request, next: Next) -> Response {
    let origin = agents.names.origin(host(request.headers(), request.uri()));
    let mut response = next.run(request).await;
    if response.status() == StatusCode::UNAUTHORIZED
        && let Some(said) = response.headers().get(WWW_AUTHENTICATE).and_then(|value| value.to_str().ok())
        && let Ok(value) = format!("{said}, resource_metadata=\"{origin}{}{}\"", metadata::RESOURCE, metadata::MCP).parse()
    {
        response.headers_mut().insert(WWW_AUTHENTICATE, value);
    }
    response
}

async fn resource(State(agents): State<Arc<Agents>>, headers: HeaderMap, uri: Uri) -> Response {
    answer(200, &metadata::resource(&agents.names.origin(host(&headers, &uri))))
}

async fn issuer(State(agents): State<Arc<Agents>>, headers: HeaderMap, uri: Uri) -> Response {
    answer(200, &metadata::server(&agents.names.origin(host(&headers, &uri)), &agents.people))
}

/// Gives a client an id that holds what it says of itself (RFC 7591): nothing is kept.
async fn register(
    State(agents): State<Arc<Agents>>,
    source: Option<Extension<ConnectInfo<IpAddr>>>,
    body: Bytes,
) -> Result<Response, Stop> {
    let source = limited(&agents.registrations, source)?;
    agents.registrations.note(source, clock::steady());
    let bad = || OAuthError::new(Code::InvalidClientMetadata, Refusal::OAuthRequest, "the body is not JSON");
    let said: Value = serde_json::from_slice(&body).map_err(|_| bad())?;
    let described = described(&said)?;
    let id = agents.key.issue(&described)?;
    let mut registered = json!({
        "client_id": id,
        "client_id_issued_at": clock::now().as_ms() / 1_000,
        "redirect_uris": described.redirect_uris,
        // RFC 7591, section 3.2.1: what was asked for may be replaced.
        "token_endpoint_auth_method": "none",
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
    });
    if !described.name.is_empty() {
        registered["client_name"] = described.name.into();
    }
    Ok(answer(201, &registered))
}

async fn token(
    State(agents): State<Arc<Agents>>,
    source: Option<Extension<ConnectInfo<IpAddr>>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Stop> {
    let source = limited(&agents.wrong, source)?;
    let params = form(&headers, &body)?;
    let client = params.get("client_id").ok_or_else(OAuthError::bad_client_id)?;
    // A client that registered has an id of this server's; a URL is what its code was given for, or not.
    if !keyway_oauth::agent::client::is_url(client) && agents.key.read(client).is_none() {
        agents.wrong.note(source, clock::steady());
        return Err(OAuthError::bad_client_id().into());
    }
    if params.get("resource").is_some_and(|asked| agents.names.origin_of(asked).is_none()) {
        return Err(names::not_ours().into());
    }
    let owned = |name: &str| params.get(name).map(str::to_owned);
    let (client, control) = (key_of(client), agents.control.clone());
    let issued = match GrantType::read(&params)? {
        GrantType::AuthorizationCode => {
            let code = owned("code").ok_or_else(OAuthError::bad_code)?;
            let (redirect_uri, verifier) = (owned("redirect_uri"), owned("code_verifier"));
            let change = async move { control.exchange_agent_code(&client, &code, redirect_uri.as_deref(), verifier.as_deref()).await };
            agents.run(change).await?
        }
        GrantType::RefreshToken => {
            let presented = owned("refresh_token").ok_or_else(OAuthError::bad_refresh_token)?;
            agents.run(async move { control.refresh_agent(&client, &presented, &params).await }).await?
        }
        GrantType::ClientCredentials => {
            let words = "an agent acts for a person: grant_type is authorization_code or refresh_token";
            return Err(OAuthError::new(Code::UnsupportedGrantType, Refusal::OAuthGrantType, words).into());
        }
    };
    match issued {
        Ok(issued) => Ok(answer(200, &written(&issued))),
        Err(refused) => {
            agents.wrong.note(source, clock::steady());
            Err(refused.into())
        }
    }
}

fn written(issued: &AgentTokens) -> Value {
    json!({
        "access_token": issued.access.expose(),
        "token_type": "Bearer",
        "expires_in": issued.expires_in_s,
        "refresh_token": issued.refresh.expose(),
        "scope": issued.scopes.join(" "),
    })
}

/// RFC 7009: a token that is not there, or not this client's, is answered as one that was ended.
async fn revoke(State(agents): State<Arc<Agents>>, headers: HeaderMap, body: Bytes) -> Result<Response, Stop> {
    let params = form(&headers, &body)?;
    let client = key_of(params.get("client_id").ok_or_else(OAuthError::bad_client_id)?);
    let (presented, control) = (params.need("token")?.to_owned(), agents.control.clone());
    agents.run(async move { control.revoke_agent(&client, &presented).await }).await?;
    Ok((StatusCode::OK, [(CACHE_CONTROL, HeaderValue::from_static("no-store"))]).into_response())
}

fn form(headers: &HeaderMap, body: &[u8]) -> Result<Params, OAuthError> {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Err(OAuthError::invalid("the body must be application/x-www-form-urlencoded"));
    }
    Params::from_form(body)
}

/// The source of a request, unless it must wait.
fn limited(guesses: &Guesses<IpAddr>, source: Option<Extension<ConnectInfo<IpAddr>>>) -> Result<IpAddr, Stop> {
    let source = source_network(source.map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |known| known.0.0));
    guesses.must_wait(&source, clock::steady()).map_or(Ok(source), |wait_s| Err(Stop::Wait(wait_s)))
}

/// The host that a request names.
fn host<'a>(headers: &'a HeaderMap, uri: &'a Uri) -> Option<&'a str> {
    uri.authority().map(http::uri::Authority::as_str).or_else(|| headers.get(HOST)?.to_str().ok())
}

fn answer(status: u16, body: &Value) -> Response {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(HeaderName::from_static("x-content-type-options"), HeaderValue::from_static("nosniff"));
    response
}
