//! Who may use the admin API.

use axum::Router;
use axum::extract::Request;
use axum::http::header::{AUTHORIZATION, HOST};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use keyway_core::secret::Secret;

use super::Admin;
use super::body::ApiError;

/// The token of the admin API, kept as a hash: hashes can be compared without telling, by the
/// time it takes, how far they agree with a guess.
#[derive(Clone)]
pub struct AdminToken(blake3::Hash);

/// Shorter ones could be guessed.
const TOKEN_CHARS_MIN: usize = 16;

impl AdminToken {
    /// Takes a configured token.
    ///
    /// # Errors
    /// It is shorter than 16 characters.
    pub fn new(token: Secret<String>) -> Result<Self, String> {
        if token.expose().len() < TOKEN_CHARS_MIN {
            return Err(format!("the admin token must have at least {TOKEN_CHARS_MIN} characters"));
        }
        Ok(Self(blake3::hash(token.expose().as_bytes())))
    }

    fn fits(&self, request: &Request) -> bool {
        let header = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let presented = header.and_then(|header| header.split_once(' ')).filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
        // blake3::Hash compares in constant time.
        presented.is_some_and(|(_, token)| blake3::hash(token.trim().as_bytes()) == self.0)
    }
}

/// Any of the tokens opens it.
pub(super) fn with_token(router: Router<Admin>, tokens: Vec<Option<AdminToken>>) -> Router<Admin> {
    let tokens: std::sync::Arc<[AdminToken]> = tokens.into_iter().flatten().collect();
    router.layer(from_fn(move |request: Request, next: Next| {
        let tokens = tokens.clone();
        async move {
            match &*tokens {
                [] => refused("no admin token is configured: set KEYWAY_ADMIN_TOKEN for the server, or use the socket in its data folder"),
                tokens if tokens.iter().any(|token| token.fits(&request)) => next.run(request).await,
                _ => refused("send the admin token as 'Authorization: Bearer …'"),
            }
        }
    }))
}

fn refused(message: &str) -> Response {
    ApiError::new(401, "unauthorized", message).into_response()
}

/// A page in a browser can make a name of its own point at a loopback address (DNS rebinding); its
/// requests then carry that name. Only addresses, `localhost` and the listener's own public name are taken.
pub(super) async fn refuse_foreign_hosts(own: String, request: Request, next: Next) -> Response {
    let host = request.headers().get(HOST).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, port)| if port.bytes().all(|byte| byte.is_ascii_digit()) { name } else { host });
    let address = name.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok();
    if address || name.eq_ignore_ascii_case("localhost") || host.eq_ignore_ascii_case(&own) {
        return next.run(request).await;
    }
    ApiError::new(421, "misdirected", "the admin listener is reached by its address, as localhost, or by the host of --admin-url")
        .into_response()
}
