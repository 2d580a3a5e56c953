//! What Keyway itself asks HubSpot: whose a credential is, and what it may do.

use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use http::uri::PathAndQuery;
use http::{Method, Request};
use http_body_util::{BodyExt, Either, Full, Limited};
use keyway_core::secret::Secret;
use keyway_oauth::client::{Client, Failure, Fault, Presented, Tokens, read_answer, token_request};
use serde_json::Value;

use super::{ATTEMPTS_MAX, BACKOFF, Base, Outgoing, Upstream, UpstreamError};

/// Most that is read of an answer, in bytes.
const ANSWER_MAX: usize = 256 << 10;

/// The token endpoint of the newest version; refresh tokens of OAuth v1 work there too (hubspot facts, section 3).
const TOKEN_PATH: &str = "/oauth/2026-09/token";
/// How long it may take to answer, and again for the rest of the answer.
const TOKEN_TIME_MAX: Duration = Duration::from_secs(15);

/// What HubSpot says of a credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialInfo {
    /// The account it opens.
    pub hub_id: u64,
    /// What it may do, sorted.
    pub scopes: Vec<String>,
}

/// Why a credential can't be told.
#[derive(Debug, thiserror::Error)]
pub enum CredentialError {
    /// No answer.
    #[error(transparent)]
    Upstream(#[from] UpstreamError),
    /// HubSpot does not know it.
    #[error(
        "HubSpot does not accept this credential (it answered {0}); it may be revoked, rotated, or not a private-app token or service key"
    )]
    Refused(u16),
    /// HubSpot can't say now.
    #[error("HubSpot can't say now what the credential is (it answered {0}); try again")]
    Unavailable(u16),
    /// Something else than the documented answer.
    #[error("HubSpot's answer about the credential can't be read")]
    Unreadable,
}

impl Upstream {
    /// Asks HubSpot what a private-app token, service key or static-auth token is (hubspot facts, section 1).
    ///
    /// # Errors
    /// There is no answer, or HubSpot does not know the credential.
    pub async fn credential_info(&self, base: &Base, credential: &Secret<String>) -> Result<CredentialInfo, CredentialError> {
        let body = serde_json::json!({ "tokenKey": credential.expose() }).to_string();
        let info = self.ask(base, credential, Method::POST, "/oauth/v2/private-apps/get/access-token-info", body.into()).await?;
        let hub_id = info["hubId"].as_u64().ok_or(CredentialError::Unreadable)?;
        let scopes = info["scopes"].as_array().ok_or(CredentialError::Unreadable)?.iter();
        let mut scopes: Vec<String> = scopes.filter_map(|scope| scope.as_str().map(str::to_owned)).collect();
        scopes.sort();
        scopes.dedup();
        Ok(CredentialInfo { hub_id, scopes })
    }

    /// Asks HubSpot which account a token of any kind opens.
    ///
    /// # Errors
    /// There is no answer, or HubSpot does not know the token.
    pub async fn account_of(&self, base: &Base, token: &Secret<String>) -> Result<u64, CredentialError> {
        let details = self.ask(base, token, Method::GET, "/account-info/2026-09/details", Bytes::new()).await?;
        details["portalId"].as_u64().ok_or(CredentialError::Unreadable)
    }

    /// Asks for tokens (RFC 6749, section 3.2).
    ///
    /// # Errors
    /// None were given, and what that means.
    pub async fn token(&self, base: &Base, client: &Client, presented: &Presented<'_>) -> Result<Tokens, Failure> {
        let form = token_request(client, presented);
        let mut request = Request::new(Either::Left(Full::new(Bytes::from(form.expose().clone()))));
        *request.method_mut() = Method::POST;
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        let target = PathAndQuery::from_static(TOKEN_PATH);
        let answer = Self::exchange(base, &target, request, TOKEN_TIME_MAX)
            .await
            .map_err(|error| Failure::Passing(Fault::NoAnswer(error.to_string())))?;
        let status = answer.status().as_u16();
        let body = tokio::time::timeout(TOKEN_TIME_MAX, Limited::new(answer.into_body(), ANSWER_MAX).collect()).await;
        let body = body.ok().and_then(Result::ok).ok_or_else(|| Failure::Passing(Fault::NoAnswer("the answer was cut".to_owned())))?;
        let sent = if let Presented::Refresh(token) = presented { Some(*token) } else { None };
        read_answer(status, &body.to_bytes(), sent)
    }

    async fn ask(
        &self,
        base: &Base,
        credential: &Secret<String>,
        method: Method,
        path: &str,
        body: Bytes,
    ) -> Result<Value, CredentialError> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let body = Either::Left(Full::new(body));
        let mut call = Outgoing { method, target: path.to_owned(), headers, body: Some(body), read_only: true };
        let mut attempt = 1;
        let answer = loop {
            let outcome = self.send(base, credential, &mut call).await;
            if attempt == ATTEMPTS_MAX || !call.worth_sending_again(&outcome) {
                break outcome?;
            }
            tokio::time::sleep(BACKOFF * attempt).await;
            attempt += 1;
        };
        match answer.status {
            200 => {}
            status @ (400 | 401 | 403 | 404) => return Err(CredentialError::Refused(status)),
            status => return Err(CredentialError::Unavailable(status)),
        }
        let bytes = Limited::new(answer.body, ANSWER_MAX).collect().await.map_err(|_| CredentialError::Unreadable)?.to_bytes();
        serde_json::from_slice(&bytes).map_err(|_| CredentialError::Unreadable)
    }
}
