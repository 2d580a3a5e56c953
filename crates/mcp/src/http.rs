//! Streamable HTTP: one path, a token with every request, and no session.
//!
//! Clients of the protocol before 2026-07-28 are served without a session too: `initialize` is answered and nothing is
//! kept of it. So there is nothing to bound but requests, and any instance answers any request.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, State};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use http::header::{AUTHORIZATION, CACHE_CONTROL, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{Request, StatusCode};
use keyway_core::secret::Secret;
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use serde_json::json;

use crate::REQUEST_BYTES_MAX;
use crate::discovery;
use crate::legacy;
use crate::road::Visitor;
use crate::server::{Door, Entered, Handler};
use crate::standing::StandingError;

/// Where the protocol is spoken.
pub const PATH: &str = "/mcp";

/// Who may call, by what a browser or a client says of itself.
#[derive(Clone, Debug, Default)]
pub struct Callers {
    /// Names and addresses under which this server is reached, beside this machine's own.
    pub hosts: Vec<String>,
    /// Web pages that may call it, such as `https://inspector.example.com`; others get 403.
    pub origins: Vec<String>,
}

/// The routes of the listener.
pub fn router(door: Arc<Door>, callers: Callers) -> Router {
    let mut hosts = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
    hosts.extend(callers.hosts);
    let config = StreamableHttpServerConfig::default()
        .with_allowed_hosts(hosts)
        .with_allowed_origins(callers.origins)
        .enforce_origin_validation()
        .with_legacy_session_mode(false)
        .with_json_response(true)
        .with_max_request_body_bytes(REQUEST_BYTES_MAX);
    let handler = door.clone();
    let service =
        StreamableHttpService::new(move || Ok(Handler::of_requests(handler.clone())), Arc::new(NeverSessionManager::default()), config);
    Router::new()
        .route_service(PATH, service)
        .layer(from_fn(legacy::serve))
        .layer(from_fn_with_state(door, enter))
        .merge(discovery::routes())
        .fallback(elsewhere)
}

async fn elsewhere() -> Response {
    (StatusCode::NOT_FOUND, format!("The Model Context Protocol is spoken at {PATH}.\n")).into_response()
}

/// Finds out whose token it is, before anything of the request is read.
async fn enter(State(door): State<Arc<Door>>, mut request: Request<Body>, next: Next) -> Response {
    let source = request.extensions().get::<ConnectInfo<IpAddr>>().map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |info| info.0);
    let Some(token) = bearer(&request) else {
        return refuse(
            StatusCode::UNAUTHORIZED,
            "invalid_request",
            "send the token of an app or a session: Authorization: Bearer …",
            false,
        );
    };
    let visitor = Visitor { token, source };
    let mut response = match door.standing(&visitor).await {
        Ok(standing) => {
            request.extensions_mut().insert(Entered { visitor, standing: Arc::new(standing) });
            // What runs a tool needs the token no more than its own way has it.
            request.headers_mut().remove(AUTHORIZATION);
            next.run(request).await
        }
        Err(StandingError::Refused(_)) => {
            let words =
                "the token is not known to this Keyway, has ended, or was revoked; a person makes one with: keyway token create APP";
            refuse(StatusCode::UNAUTHORIZED, "invalid_token", words, false)
        }
        Err(error) => {
            tracing::warn!(%error, "a token of an agent could not be checked");
            refuse(StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable", "the gateway does not answer now", true)
        }
    };
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// The one token of a request (RFC 6750, section 2.1).
fn bearer(request: &Request<Body>) -> Option<Secret<String>> {
    let mut values = request.headers().get_all(AUTHORIZATION).iter();
    let (value, None) = (values.next()?, values.next()) else { return None };
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then(|| Secret::new(token.to_owned()))
}

fn refuse(status: StatusCode, error: &'static str, words: &'static str, again: bool) -> Response {
    let mut response = (status, axum::Json(json!({ "error": error, "error_description": words }))).into_response();
    let headers = response.headers_mut();
    if again {
        headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
    } else {
        let challenge = match error {
            // Without a credential there is nothing to say of it (RFC 6750, section 3.1).
            "invalid_request" => HeaderValue::from_static("Bearer realm=\"keyway\""),
            _ => HeaderValue::from_static("Bearer realm=\"keyway\", error=\"invalid_token\""),
        };
        headers.insert(WWW_AUTHENTICATE, challenge);
    }
    response
}
