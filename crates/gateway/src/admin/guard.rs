//! Who calls, and whether they may: before any handler of the admin API runs.
//!
//! Who it is comes from the socket, a bearer token, or, in process, the console's session. Whether
//! they may is in `keyway_api::operations`, asked here and nowhere else; a request of which nobody is known, or
//! of which no operation is known, does not reach a handler.

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, FromRequestParts, MatchedPath, RawPathParams, Request};
use axum::http::header::{ALLOW, AUTHORIZATION, CACHE_CONTROL, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use axum::http::request::Parts;
use axum::middleware::{Next, from_fn, map_response};
use axum::response::{IntoResponse, Response};
use keyway_api::operations::{self, Access, OPERATIONS, Operation, Reach};
use keyway_core::secret::Secret;
use tokio::net::UnixStream;
use tower::ServiceExt;

use super::body::ApiError;
use super::{Admin, board, idempotency, routes};
use crate::control::Acting;
use crate::principal::{Principal, Role, Who};

/// A token of the admin API from the server's environment, kept as a hash: hashes can be compared
/// without telling, by the time it takes, how far they agree with a guess.
#[derive(Clone)]
pub struct AdminToken {
    name: &'static str,
    role: Role,
    hash: blake3::Hash,
}

/// Shorter ones could be guessed.
const TOKEN_CHARS_MIN: usize = 16;

impl AdminToken {
    /// Takes a configured token: a super admin's.
    ///
    /// # Errors
    /// It is shorter than 16 characters.
    pub fn new(name: &'static str, token: Secret<String>) -> Result<Self, String> {
        Self::with_role(name, Role::SuperAdmin, token)
    }

    /// Takes a configured token that opens the token service alone.
    ///
    /// # Errors
    /// It is shorter than 16 characters.
    pub fn of_token_service(name: &'static str, token: Secret<String>) -> Result<Self, String> {
        Self::with_role(name, Role::TokenService, token)
    }

    fn with_role(name: &'static str, role: Role, token: Secret<String>) -> Result<Self, String> {
        if token.expose().len() < TOKEN_CHARS_MIN {
            return Err(format!("the admin token must have at least {TOKEN_CHARS_MIN} characters"));
        }
        Ok(Self { name, role, hash: blake3::hash(token.expose().as_bytes()) })
    }
}

/// The API over TCP: the caller is the holder of a bearer token.
pub(super) fn with_token(router: Router<Admin>, admin: Admin, configured: Vec<AdminToken>) -> Router<Admin> {
    let configured: Arc<[AdminToken]> = configured.into();
    guarded(router).layer(from_fn(move |mut request: Request, next: Next| {
        let (admin, configured) = (admin.clone(), configured.clone());
        async move {
            let (token, source) = (presented(&request), source(&request));
            match by_token(&admin, &configured, token, source).await {
                Ok(principal) => request.extensions_mut().insert(principal),
                Err(refused) => return refused.into_response(),
            };
            request.extensions_mut().insert(admin);
            next.run(request).await
        }
    }))
}

/// The API on the data folder's socket: whoever may open it is a super admin.
pub(super) fn on_socket(router: Router<Admin>, admin: Admin) -> Router<Admin> {
    guarded(router).layer(from_fn(move |mut request: Request, next: Next| {
        let source = request.extensions().get::<ConnectInfo<SocketPeer>>().map(|peer| peer.0.0.clone()).unwrap_or_default();
        request.extensions_mut().insert(Principal::socket(source));
        request.extensions_mut().insert(admin.clone());
        next.run(request)
    }))
}

/// Calls the API in process: the same routes, the same table of roles, the same records.
pub(super) async fn call(admin: &Admin, principal: Principal, mut request: Request<Body>) -> Response {
    static API: LazyLock<Router<Admin>> = LazyLock::new(|| guarded(routes::api()).merge(routes::open()));
    request.extensions_mut().insert(principal);
    request.extensions_mut().insert(admin.clone());
    let answered: Result<Response, Infallible> = API.clone().with_state::<()>(admin.clone()).oneshot(request).await;
    answered.unwrap_or_else(|never| match never {})
}

/// The token that a request presents, whether or not it is one of this server's.
pub fn presented(request: &Request) -> Option<Secret<String>> {
    let header = request.headers().get(AUTHORIZATION)?.to_str().ok()?;
    let (_, token) = header.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))?;
    Some(Secret::new(token.trim().to_owned()))
}

/// The address that a request comes from.
fn source(request: &Request) -> String {
    let peer = request.extensions().get::<ConnectInfo<IpAddr>>();
    peer.map(|peer| peer.0.to_string()).unwrap_or_default()
}

async fn by_token(admin: &Admin, configured: &[AdminToken], token: Option<Secret<String>>, source: String) -> Result<Principal, ApiError> {
    let token = token.ok_or_else(|| {
        let how = "send an admin token as 'Authorization: Bearer …': KEYWAY_ADMIN_TOKEN of the server, or one that `keyway admin-token create` made; or use the socket in the server's data folder";
        ApiError::new(401, "unauthorized", how)
    })?;
    let token = token.expose();
    let hash = blake3::hash(token.as_bytes());
    // blake3::Hash compares in constant time.
    if let Some(known) = configured.iter().find(|known| known.hash == hash) {
        let who = Who::Token { id: None, name: known.name.to_owned() };
        return Ok(Principal { who, role: known.role.clone(), source });
    }
    let found = admin.control.admin_token_presented(token).await?;
    let found = found.ok_or_else(|| ApiError::new(401, "unauthorized", UNKNOWN_TOKEN))?;
    Ok(Principal { who: Who::Token { id: Some(found.id), name: found.name }, role: found.role, source })
}

/// Why a token opens nothing.
const UNKNOWN_TOKEN: &str = "the server does not accept the admin token of KEYWAY_ADMIN_TOKEN: it is unknown, expired or revoked. Create one on the server's machine: keyway admin-token create NAME --role ROLE";

/// Asks the table of operations, after the caller was identified.
fn guarded(router: Router<Admin>) -> Router<Admin> {
    let checked = router.layer(from_fn(async |request: Request, next: Next| {
        let (mut parts, body) = request.into_parts();
        match authorize(&mut parts).await {
            Ok(allowed) => allowed.perform(Request::from_parts(parts, body), next).await,
            Err(refused) => refused,
        }
    }));
    checked.layer(from_fn(to_the_end)).layer(map_response(harden))
}

/// An answer may hold a token: nobody keeps it on the way, and a browser takes it for nothing but what it is.
async fn harden(mut response: Response) -> Response {
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response.headers_mut().insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// Somebody who may perform an operation.
struct Allowed {
    admin: Admin,
    principal: Principal,
    operation: &'static Operation,
    target: String,
}

impl Allowed {
    /// Performs it. What it changes is recorded before its answer.
    async fn perform(self, request: Request, next: Next) -> Response {
        let Self { admin, principal, operation, target } = self;
        if operation.reads() {
            return next.run(request).await;
        }
        let acting = Acting::new(principal.clone(), operation.id.as_str(), target);
        let response = acting.clone().run(idempotency::run(&admin, operation, &principal, request, next)).await;
        if response.status().is_success()
            && !idempotency::is_replayed(&response)
            && let Err(error) = admin.control.record_if_unrecorded(&acting).await
        {
            return ApiError::from(error).into_response();
        }
        response
    }
}

/// A change goes on when its client hangs up: what is committed to the store must also come into
/// effect (a token that was revoked in the store only would still be accepted).
async fn to_the_end(request: Request, next: Next) -> Response {
    let handled = tokio::spawn(next.run(request)).await;
    handled.unwrap_or_else(|_| ApiError::new(500, "internal", "the call ended before its answer; see the server's log").into_response())
}

async fn authorize(parts: &mut Parts) -> Result<Allowed, Response> {
    let path = parts.extensions.get::<MatchedPath>().map(MatchedPath::as_str).unwrap_or_default().to_owned();
    let Some(operation) = operations::find(parts.method.as_str(), &path) else { return Err(other_method(&path)) };
    let known = parts.extensions.get::<Principal>().cloned().zip(parts.extensions.get::<Admin>().cloned());
    let Some((principal, admin)) = known else {
        return Err(ApiError::new(
            401,
            "unauthorized",
            "the request has no valid credentials. Send \"Authorization: Bearer TOKEN\" with a token of \"keyway admin-token create\"",
        )
        .into_response());
    };
    match operation.access.reach((&principal.role).into()) {
        Reach::Everything => {}
        Reach::OwnApps => own(&admin, &principal, parts).await.map_err(ApiError::into_response)?,
        Reach::Nothing => return Err(denied(operation, &principal.role).into_response()),
    }
    let target = match operation.access {
        Access::Own => format!("user {}", principal.who.name()),
        _ => target(&admin, parts).await,
    };
    Ok(Allowed { admin, principal, operation, target })
}

/// What an operation's path names, as records name it; empty where it makes something, or that is for the record to say.
async fn target(admin: &Admin, parts: &mut Parts) -> String {
    let Ok(params) = RawPathParams::from_request_parts(parts, &()).await else { return String::new() };
    let Some((name, value)) = params.iter().next() else { return String::new() };
    match name {
        "app" => admin.control.app(value).await.map(|(app, _)| format!("app {}", app.id)).unwrap_or_default(),
        "public_app" => admin.control.public_app(value).await.map(|app| format!("public app {}", app.id)).unwrap_or_default(),
        "token_id" => format!("token {value}"),
        "hub_id" => format!("account {value}"),
        "app_id" => format!("app {value}"),
        "approval" => format!("approval {value}"),
        "integration" => format!("integration {value}"),
        "report" => format!("report {value}"),
        _ => String::new(),
    }
}

fn denied(operation: &Operation, role: &Role) -> ApiError {
    let (role, id, does) = (role.name(), operation.id.as_str(), operation.summary);
    ApiError::new(403, "forbidden", format!("the role {role} may not perform {id} ({does}). Ask a super admin"))
}

/// Refuses what a path names and is not of the principal's apps. What a list holds of others' apps
/// its handler leaves out.
async fn own(admin: &Admin, principal: &Principal, parts: &mut Parts) -> Result<(), ApiError> {
    let params = RawPathParams::from_request_parts(parts, &()).await;
    let params = params.map_err(|error| ApiError::new(404, "not_found", error.body_text()))?;
    for (name, value) in &params {
        let is_own = match name {
            "app" => admin.control.app(value).await.is_ok_and(|(app, _)| principal.sees(app.id)),
            "token_id" => match value.parse() {
                Ok(id) => admin.control.app_of_token(id).await.is_some_and(|app_id| principal.sees(app_id)),
                Err(_) => false,
            },
            "hub_id" => match value.parse() {
                Ok(hub_id) => admin.control.apps(Some(hub_id)).await.iter().any(|(app, _)| principal.sees(app.id)),
                Err(_) => false,
            },
            "approval" => match value.parse() {
                Ok(id) => admin.control.approval(id).await.is_ok_and(|approval| principal.sees(approval.app_id)),
                Err(_) => false,
            },
            "integration" => match value.parse() {
                Ok(id) => board::concerns(admin, principal, id).await,
                Err(_) => false,
            },
            // Nothing else is known to belong to an app.
            _ => false,
        };
        // The answer is the same if it does not exist: a caller who may not see it does not learn whether it exists.
        if !is_own {
            return Err(ApiError::new(403, "forbidden", format!("{value} is not of the apps that you manage")));
        }
    }
    Ok(())
}

/// The path is there, with other methods (RFC 9110, section 15.5.6).
fn other_method(path: &str) -> Response {
    let methods: Vec<&str> = OPERATIONS.iter().filter(|one| one.path == path).map(|one| one.method).collect();
    let refused = ApiError::new(405, "method_not_allowed", "the path has other methods; see /api/v1/openapi.json");
    ([(ALLOW, methods.join(", "))], refused).into_response()
}

/// Who has opened the socket, as the system says: `uid 1000`.
#[derive(Clone)]
pub struct SocketPeer(String);

impl SocketPeer {
    /// The other end of a connection.
    pub(crate) fn of(stream: &UnixStream) -> Self {
        Self(stream.peer_cred().map(|peer| format!("uid {}", peer.uid())).unwrap_or_default())
    }
}
