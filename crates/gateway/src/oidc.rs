//! Sign-in at a company's own identity provider (OpenID Connect, authorization code flow with PKCE).
//!
//! What the provider says of who signed in comes out; whom that makes here is decided in `oidc` of the console.

mod id_token;

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use base64::Engine;
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{Method, Request, Uri};
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use keyway_core::secret::Secret;
use keyway_oauth::redirect;
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::Mutex;

use crate::clock;
use crate::principal::Role;
use crate::tls;
use crate::upstream::is_this_machine;

/// Longest wait for one answer, and its largest size in bytes.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(10);
const ANSWER_BYTES_MAX: usize = 1 << 20;
/// How long what the provider says of itself is taken for true.
const METADATA_KEPT: Duration = Duration::from_secs(300);

static CLIENT: LazyLock<Client<HttpsConnector<HttpConnector>, Full<Bytes>>> = LazyLock::new(|| {
    let https = HttpsConnectorBuilder::new().with_tls_config(tls::client()).https_or_http().enable_all_versions().build();
    Client::builder(TokioExecutor::new()).build(https)
});

/// The identity provider that people sign in at.
pub struct Oidc {
    issuer: String,
    client_id: String,
    secret: Option<Secret<String>>,
    /// The role of somebody whom nobody has made here; none lets only those in who are known.
    pub new_people: Option<Role>,
    metadata: Mutex<Option<(Instant, Metadata)>>,
}

/// What the provider says of itself (OpenID Connect Discovery 1.0, section 3).
#[derive(Clone, Deserialize)]
struct Metadata {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    userinfo_endpoint: Option<String>,
}

/// A sign-in that did not come to its end; the text is for the log.
#[derive(Debug, thiserror::Error)]
pub enum OidcError {
    /// The provider does not answer, or not as it should.
    #[error("the identity provider: {0}")]
    Provider(String),
    /// What it gave is not to be trusted.
    #[error("the ID token is refused: {0}")]
    IdToken(&'static str),
    /// It has not verified the person's address.
    #[error("the identity provider names no verified e-mail address")]
    NoEmail,
}

/// Who has signed in, as the provider says.
pub struct Identity {
    /// Its own name for them, which nobody else ever gets.
    pub subject: String,
    /// Their address; none where it has not verified one.
    pub email: Option<String>,
}

/// What a sign-in is known by when it comes back.
pub struct Begun<'a> {
    /// Comes back with the code, in the address (RFC 6749, section 10.12).
    pub state: &'a str,
    /// Comes back inside the ID token (OpenID Connect Core 1.0, section 3.1.2.1).
    pub nonce: &'a str,
    /// Of which the provider has the challenge, and gets the whole with the code (RFC 7636).
    pub verifier: &'a str,
}

impl Oidc {
    /// A provider by its issuer URL; `secret` is none for a client that proves itself with PKCE alone.
    ///
    /// # Errors
    /// The issuer is neither HTTPS nor on this machine.
    pub fn new(issuer: &str, client_id: &str, secret: Option<Secret<String>>, new_people: Option<Role>) -> Result<Self, String> {
        check_url(issuer)?;
        let (issuer, client_id) = (issuer.to_owned(), client_id.to_owned());
        Ok(Self { issuer, client_id, secret, new_people, metadata: Mutex::default() })
    }

    /// The provider's host, as a person knows it.
    pub fn host(&self) -> &str {
        redirect::authority(&self.issuer)
    }

    /// Where somebody signs in (section 3.1.2.1).
    ///
    /// # Errors
    /// The provider does not say where that is.
    pub async fn authorize_url(&self, begun: &Begun<'_>, redirect_uri: &str) -> Result<String, OidcError> {
        let metadata = self.metadata().await?;
        let challenge = keyway_oauth::pkce::Challenge::of(begun.verifier);
        let params = [
            ("response_type", "code"),
            ("client_id", &self.client_id),
            ("redirect_uri", redirect_uri),
            ("scope", "openid email"),
            ("state", begun.state),
            ("nonce", begun.nonce),
            ("code_challenge", challenge.as_str()),
            ("code_challenge_method", "S256"),
        ];
        Ok(redirect::with_params(&metadata.authorization_endpoint, &params))
    }

    /// The provider, as it names itself.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Who comes back with a code.
    ///
    /// # Errors
    /// The provider does not answer, or what it answers proves nobody's identity.
    pub async fn identity_of(&self, code: &str, begun: &Begun<'_>, redirect_uri: &str) -> Result<Identity, OidcError> {
        let metadata = self.metadata().await?;
        let tokens = self.exchange(&metadata, code, begun.verifier, redirect_uri).await?;
        let keys = ask(Request::get(uri(&metadata.jwks_uri)?), Bytes::new()).await?;
        let expected = id_token::Expected {
            issuer: &self.issuer,
            client_id: &self.client_id,
            nonce: begun.nonce,
            now_s: clock::now().as_ms() / 1_000,
        };
        let claims = id_token::check(tokens["id_token"].as_str().unwrap_or_default(), &keys, &expected).map_err(OidcError::IdToken)?;
        let identity = |email| Identity { subject: claims.subject.clone(), email };
        if claims.email.is_some() {
            return Ok(identity(claims.email.clone()));
        }
        // A provider may tell addresses here alone; of whom must be the same as in the token (section 5.3.2).
        let (Some(endpoint), Some(token)) = (&metadata.userinfo_endpoint, tokens["access_token"].as_str()) else {
            return Ok(identity(None));
        };
        let said = ask(Request::get(uri(endpoint)?).header(AUTHORIZATION, format!("Bearer {token}")), Bytes::new()).await?;
        if said["sub"] != claims.subject.as_str() {
            return Err(OidcError::IdToken("the provider says something of somebody else"));
        }
        Ok(identity(id_token::verified_email(&said)))
    }

    async fn exchange(&self, metadata: &Metadata, code: &str, verifier: &str, redirect_uri: &str) -> Result<Value, OidcError> {
        let mut pairs =
            vec![("grant_type", "authorization_code"), ("code", code), ("redirect_uri", redirect_uri), ("code_verifier", verifier)];
        let mut request = Request::builder().method(Method::POST).uri(uri(&metadata.token_endpoint)?);
        request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        match &self.secret {
            // RFC 6749, section 2.3.1: what every provider takes.
            Some(secret) => {
                let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
                let pair = format!("{}:{}", encode(&self.client_id), encode(secret.expose()));
                request = request.header(AUTHORIZATION, format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair)));
            }
            None => pairs.push(("client_id", &self.client_id)),
        }
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        ask(request, form.into()).await
    }

    async fn metadata(&self) -> Result<Metadata, OidcError> {
        let mut kept = self.metadata.lock().await;
        if let Some((at, metadata)) = &*kept
            && at.elapsed() < METADATA_KEPT
        {
            return Ok(metadata.clone());
        }
        let url = format!("{}/.well-known/openid-configuration", self.issuer.trim_end_matches('/'));
        let said = ask(Request::get(uri(&url)?), Bytes::new()).await?;
        let metadata: Metadata =
            serde_json::from_value(said).map_err(|error| OidcError::Provider(format!("its configuration can't be read: {error}")))?;
        // Discovery, section 4.3: what is found must be what was looked for.
        if metadata.issuer != self.issuer {
            return Err(OidcError::Provider(format!("it calls itself {}, not {}", metadata.issuer, self.issuer)));
        }
        for url in [&metadata.authorization_endpoint, &metadata.token_endpoint, &metadata.jwks_uri] {
            check_url(url).map_err(OidcError::Provider)?;
        }
        *kept = Some((Instant::now(), metadata.clone()));
        Ok(metadata)
    }
}

/// Secrets and identities go over TLS, or stay on this machine.
fn check_url(url: &str) -> Result<(), String> {
    let uri: Uri = url.parse().map_err(|_| format!("{url} is not a URL"))?;
    match (uri.scheme_str(), uri.host()) {
        (Some("https"), Some(_)) => Ok(()),
        (Some("http"), Some(host)) if is_this_machine(host) => Ok(()),
        _ => Err(format!("{url} is not HTTPS")),
    }
}

fn uri(url: &str) -> Result<Uri, OidcError> {
    check_url(url).map_err(OidcError::Provider)?;
    url.parse().map_err(|_| OidcError::Provider(format!("{url} is not a URL")))
}

/// Sends a request; the JSON of a good answer. Redirects are not followed.
async fn ask(request: http::request::Builder, body: Bytes) -> Result<Value, OidcError> {
    let failed = |what: &str| OidcError::Provider(what.to_owned());
    let request = request.header(ACCEPT, "application/json").body(Full::new(body)).map_err(|_| failed("a request can't be made"))?;
    let path = request.uri().path().to_owned();
    let exchange = async {
        let answer = CLIENT.request(request).await.map_err(|error| OidcError::Provider(format!("{path} does not answer: {error}")))?;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), ANSWER_BYTES_MAX).collect().await;
        let body = body.map_err(|_| OidcError::Provider(format!("{path} cut its answer, or made it too long")))?.to_bytes();
        if !status.is_success() {
            // What it says beside the status may hold what we sent.
            return Err(OidcError::Provider(format!("{path} answered {status}")));
        }
        serde_json::from_slice(&body).map_err(|_| OidcError::Provider(format!("{path} answered something else than JSON")))
    };
    tokio::time::timeout(ANSWER_TIME_MAX, exchange).await.map_err(|_| failed("it did not answer in time"))?
}
