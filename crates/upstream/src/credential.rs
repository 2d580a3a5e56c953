//! The questions that Keyway itself asks HubSpot: which account a credential opens, and what it may do.

use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue, SERVER};
use http::uri::PathAndQuery;
use http::{Method, Request};
use http_body_util::{BodyExt, Either, Full, Limited};
use keyway_core::hublet::{Hublet, WRONG_HUBLET};
use keyway_core::origin::{Extent, Seen};
use keyway_core::secret::Secret;
use keyway_oauth::client::{Client, Failure, Fault, Presented, Tokens, read_answer, token_request};
use serde_json::Value;

use super::base::Base;
use super::call::{ATTEMPTS_MAX, BACKOFF, Outgoing, UpstreamError};
use super::judge::answered;
use super::send::{Upstream, exchanged};

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

/// Why HubSpot does not identify a credential.
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
    /// HubSpot accepts it, and does not say what it may do.
    #[error("HubSpot accepts this credential, and does not say which scopes it holds")]
    Silent {
        /// The account that it opens, where HubSpot says that.
        hub_id: Option<u64>,
    },
    /// HubSpot can't say now.
    #[error("HubSpot can't say now what the credential is (it answered {0}); try again")]
    Unavailable(u16),
    /// HubSpot says that the account is in another data centre.
    #[error("HubSpot says that the account is not in the data centre that was asked{}", named(.0.as_ref()))]
    WrongHublet(Option<Hublet>),
    /// The answer is not HubSpot's.
    #[error(
        "something between Keyway and HubSpot answered ({0}), so nothing is known of the credential; look at the network's proxy and firewall, and try again"
    )]
    Between(Seen),
}

fn named(hublet: Option<&Hublet>) -> String {
    hublet.map_or_else(String::new, |hublet| format!("; it is in {hublet}: use --base-url https://{}", hublet.host()))
}

impl Upstream {
    /// Asks HubSpot what a private-app token, service key or static-auth token is (hubspot facts, section 1).
    ///
    /// # Errors
    /// There is no answer, or HubSpot does not know the credential.
    pub async fn credential_info(&self, base: &Base, credential: &Secret<String>) -> Result<CredentialInfo, CredentialError> {
        let body = serde_json::json!({ "tokenKey": credential.expose() }).to_string();
        let path = "/oauth/v2/private-apps/get/access-token-info";
        let (info, scopes) = match self.ask(base, credential, Method::POST, path, body.into(), &["hubId", "scopes"]).await {
            Ok((info, seen)) => match info["scopes"].as_array().cloned() {
                Some(scopes) => (info, scopes),
                None => return Err(CredentialError::Between(seen)),
            },
            // The path has no date and no documented end: that it is gone says nothing of the credential.
            Err(CredentialError::Unavailable(400 | 404)) => {
                return Err(match self.account_of(base, credential).await {
                    Ok(hub_id) => CredentialError::Silent { hub_id: Some(hub_id) },
                    Err(error) => error,
                });
            }
            Err(error) => return Err(error),
        };
        let hub_id = info["hubId"].as_u64().unwrap_or_default();
        let scopes = scopes.iter();
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
        let path = "/account-info/2026-09/details";
        let (details, seen) = self.ask(base, token, Method::GET, path, Bytes::new(), &["portalId"]).await?;
        details["portalId"].as_u64().ok_or(CredentialError::Between(seen))
    }

    /// Reads something of an account that a connection opens. The answer has one of the fields that HubSpot documents.
    ///
    /// # Errors
    /// There is no answer, or HubSpot refuses it.
    pub async fn fetch(&self, base: &Base, credential: &Secret<String>, path: &str, documented: &[&str]) -> Result<Value, CredentialError> {
        self.ask(base, credential, Method::GET, path, Bytes::new(), documented).await.map(|(answer, _)| answer)
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
        let answer = exchanged(Self::exchange(base, &target, request, TOKEN_TIME_MAX).await)
            .map_err(|error| Failure::Passing(Fault::NoAnswer(error.to_string())))?;
        let (head, body) = answer.into_parts();
        let body = tokio::time::timeout(TOKEN_TIME_MAX, Limited::new(body, ANSWER_MAX).collect()).await;
        let body = body.ok().and_then(Result::ok).ok_or_else(|| Failure::Passing(Fault::NoAnswer("the answer was cut".to_owned())))?;
        let body = body.to_bytes();
        let sent = if let Presented::Refresh(token) = presented { Some(*token) } else { None };
        let server = head.headers.get(SERVER).and_then(|value| value.to_str().ok());
        read_answer(&answered(head.status.as_u16(), &head.headers, server, Extent::Whole(&body)), sent)
    }

    async fn ask(
        &self,
        base: &Base,
        credential: &Secret<String>,
        method: Method,
        path: &str,
        body: Bytes,
        documented: &[&str],
    ) -> Result<(Value, Seen), CredentialError> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let body = Either::Left(Full::new(body));
        let mut call = Outgoing { method, target: path.to_owned(), headers, body: Some(body), read_only: true };
        let mut attempt = 1;
        let mut answer = loop {
            let outcome = self.send(base, credential, &mut call).await;
            if attempt == ATTEMPTS_MAX || !call.worth_sending_again(&outcome) {
                break outcome?;
            }
            tokio::time::sleep(BACKOFF * attempt).await;
            attempt += 1;
        };
        if matches!(answer.status, 423 | 429 | 477 | 500..) {
            return Err(CredentialError::Unavailable(answer.status));
        }
        let word = answer.word(ANSWER_MAX, documented).await.map_err(CredentialError::Between)?;
        match answer.status {
            200..=299 => {
                let seen = Seen::of(&answered(answer.status, &answer.headers, answer.server.as_deref(), Extent::Unread(&[])));
                Ok((word, seen))
            }
            401 => Err(CredentialError::Refused(401)),
            // Known, but not allowed to ask.
            403 => Err(CredentialError::Silent { hub_id: None }),
            WRONG_HUBLET => Err(CredentialError::WrongHublet(Hublet::of_answer(&word))),
            status => Err(CredentialError::Unavailable(status)),
        }
    }
}
