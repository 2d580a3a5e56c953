//! Signing in and out.

use std::net::IpAddr;

use askama::Template;
use axum::Form;
use axum::extract::{ConnectInfo, FromRequestParts, OptionalFromRequestParts, State};
use axum::http::header::{COOKIE, LOCATION, SET_COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use keyway_core::secret::Secret;
use keyway_gateway::admin::Admin;
use keyway_gateway::clock;
use keyway_gateway::control::{Acting, ControlError, PENDING_MS, SESSION_MS};
use keyway_gateway::model::Person;
use keyway_gateway::principal::Principal;
use serde::Deserialize;

use super::page;
use super::words::sentence;

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignIn<'a> {
    wrong: Option<&'a str>,
    nobody: bool,
    next: &'a str,
    email: &'a str,
    /// The host of the identity provider, where there is one.
    provider: Option<&'a str>,
    provider_link: String,
}

/// Somebody who is signed in.
pub(super) struct Session {
    pub person: Person,
    /// What a form that changes something must carry.
    pub form_token: String,
    /// The person as the admin API knows them: for `Admin::call`.
    pub principal: Principal,
}

impl OptionalFromRequestParts<Admin> for Session {
    type Rejection = Response;

    /// Whoever a request's cookie belongs to, or nobody.
    async fn from_request_parts(parts: &mut Parts, admin: &Admin) -> Result<Option<Self>, Response> {
        let Some(cookie) = cookie(admin, &parts.headers) else { return Ok(None) };
        let person = admin.control.session(cookie).await.map_err(|error| failed(&error))?;
        let of = |person: Person| Self {
            principal: Principal::person(&person, source(parts)),
            form_token: admin.control.form_token(cookie),
            person,
        };
        Ok(person.map(of))
    }
}

impl FromRequestParts<Admin> for Session {
    type Rejection = Response;

    /// Whoever is signed in; everybody else is asked to, and comes back to the page they asked for.
    async fn from_request_parts(parts: &mut Parts, admin: &Admin) -> Result<Self, Response> {
        match <Self as OptionalFromRequestParts<Admin>>::from_request_parts(parts, admin).await? {
            Some(session) => Ok(session),
            None if parts.method == Method::GET => Err(first(parts.uri.path_and_query().map_or("", |target| target.as_str()))),
            None => Err(page::message(401, "Signed out", "You are not signed in any more. Sign in, and do it again.")),
        }
    }
}

/// Where a request comes from: an IP address.
pub(super) fn source(parts: &Parts) -> String {
    parts.extensions.get::<ConnectInfo<IpAddr>>().map(|peer| peer.0.to_string()).unwrap_or_default()
}

fn cookie<'a>(admin: &Admin, headers: &'a HeaderMap) -> Option<&'a str> {
    cookie_named(cookie_name(admin), headers)
}

/// What a browser keeps while somebody is at the identity provider.
pub(super) fn oidc_cookie<'a>(admin: &Admin, headers: &'a HeaderMap) -> Option<&'a str> {
    cookie_named(oidc_cookie_name(admin), headers)
}

fn oidc_cookie_name(admin: &Admin) -> &'static str {
    if is_https(admin) { "__Host-keyway-oidc" } else { "keyway-oidc" }
}

/// Sets it, beside the other cookie.
pub(super) fn with_oidc_cookie(admin: &Admin, mut response: Response, value: &str, seconds: i64) -> Response {
    if let Ok(value) = set_cookie(admin, oidc_cookie_name(admin), value, seconds).parse() {
        response.headers_mut().append(SET_COOKIE, value);
    }
    response
}

pub(super) fn cookie_named<'a>(name: &str, headers: &'a HeaderMap) -> Option<&'a str> {
    let all = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(';'));
    let mut values = all.filter_map(|pair| pair.trim().split_once('=')).filter(|(one, _)| *one == name).map(|(_, value)| value);
    values.next()
}

/// Over HTTPS a browser takes a cookie of this name from this host alone (RFC 6265bis, section 4.1.3).
fn cookie_name(admin: &Admin) -> &'static str {
    if is_https(admin) { "__Host-keyway" } else { "keyway" }
}

pub(super) fn is_https(admin: &Admin) -> bool {
    admin.addresses.admin.starts_with("https://")
}

fn set_cookie(admin: &Admin, name: &str, value: &str, seconds: i64) -> String {
    let secure = if is_https(admin) { "; Secure" } else { "" };
    // Lax: an authorization begins with a link from the app's own site.
    format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}")
}

#[derive(Deserialize)]
pub(super) struct NextQuery {
    #[serde(default)]
    pub(super) next: String,
}

/// Asks who it is.
pub(super) async fn show(State(admin): State<Admin>, axum::extract::Query(query): axum::extract::Query<NextQuery>) -> Response {
    asked(&admin, local(&query.next), "", None).await
}

/// Sends somebody to sign in, and back to where they were.
pub(super) fn first(back_to: &str) -> Response {
    let mut next = String::new();
    keyway_core::path::encode_component(back_to, &mut next);
    see_other(&format!("/sign-in?next={next}"))
}

async fn asked(admin: &Admin, next: &str, email: &str, wrong: Option<&str>) -> Response {
    let nobody = admin.control.people().await.is_ok_and(|people| people.is_empty());
    let provider = admin.oidc.as_ref().map(|oidc| oidc.host());
    let mut provider_link = "/sign-in/oidc?next=".to_owned();
    keyway_core::path::encode_component(next, &mut provider_link);
    page::render(&SignIn { wrong, nobody, next, email, provider, provider_link })
}

#[derive(Deserialize)]
pub(super) struct Credentials {
    email: String,
    password: String,
    #[serde(default)]
    next: String,
}

/// Takes an address and a password.
pub(super) async fn take(State(admin): State<Admin>, parts: Parts, Form(sent): Form<Credentials>) -> Response {
    let Credentials { email, password, next } = sent;
    let next = local(&next);
    let too_many = async |wait_s| {
        let wrong = format!("Too many wrong passwords. Try again in {wait_s} seconds.");
        (StatusCode::TOO_MANY_REQUESTS, asked(&admin, next, &email, Some(&wrong)).await).into_response()
    };
    let guess = match admin.sign_in_guesses.begin(&email, &source(&parts), clock::steady()) {
        Ok(guess) => guess,
        Err(wait_s) => return too_many(wait_s).await,
    };
    tokio::time::sleep(guess.turn).await;
    let person = match admin.control.known_by_password(&email, Secret::new(password)).await {
        Ok(Some(person)) => person,
        Ok(None) => {
            if let Some(wait_s) = guess.must_wait_s {
                return too_many(wait_s).await;
            }
            let wrong = asked(&admin, next, &email, Some("The address or the password is wrong.")).await;
            return (StatusCode::UNAUTHORIZED, wrong).into_response();
        }
        Err(error) => return failed(&error),
    };
    guess.was_right();
    match admin.control.has_second_factor(person.id).await {
        Ok(false) => begin(&admin, &parts, &person, next).await,
        Ok(true) => match admin.control.begin_session(&person, cookie(&admin, &parts.headers), true).await {
            Ok(pending) => with_cookie(&admin, page::render(&Code { wrong: None, next }), pending.expose(), PENDING_MS / 1_000),
            Err(error) => failed(&error),
        },
        Err(error) => failed(&error),
    }
}

#[derive(Template)]
#[template(path = "code.html")]
struct Code<'a> {
    wrong: Option<&'a str>,
    next: &'a str,
}

#[derive(Deserialize)]
pub(super) struct SentCode {
    code: String,
    #[serde(default)]
    next: String,
}

/// Takes the code of a second factor, after the password.
pub(super) async fn take_code(State(admin): State<Admin>, parts: Parts, Form(sent): Form<SentCode>) -> Response {
    let next = local(&sent.next);
    let Some(pending) = cookie(&admin, &parts.headers) else { return first(next) };
    let person = match admin.control.pending_session(pending).await {
        Ok(Some(person)) => person,
        Ok(None) => return first(next),
        Err(error) => return failed(&error),
    };
    let guess = match admin.sign_in_guesses.begin_code(&person.email, &source(&parts), clock::steady()) {
        Ok(guess) => guess,
        Err(wait_s) => return too_many(wait_s),
    };
    match admin.control.sign_in_with_code(&person, pending, &sent.code).await {
        Ok(Some(cookie)) => {
            guess.was_right();
            signed_in(&admin, &parts, &person, cookie.expose(), next).await
        }
        Ok(None) => {
            (StatusCode::UNAUTHORIZED, page::render(&Code { wrong: Some("The code is wrong, or was used."), next })).into_response()
        }
        Err(error) => failed(&error),
    }
}

/// Signs somebody in who has shown who they are, and leads on. The session is a new one, whatever
/// cookie the browser came with.
pub(super) async fn begin(admin: &Admin, parts: &Parts, person: &Person, next: &str) -> Response {
    match admin.control.begin_session(person, cookie(admin, &parts.headers), false).await {
        Ok(cookie) => signed_in(admin, parts, person, cookie.expose(), next).await,
        Err(error) => failed(&error),
    }
}

async fn signed_in(admin: &Admin, parts: &Parts, person: &Person, cookie: &str, next: &str) -> Response {
    let acting = Acting::new(Principal::person(person, source(parts)), "signIn", format!("user {}", person.email));
    if let Err(error) = admin.control.record_if_unrecorded(&acting).await {
        return failed(&error);
    }
    with_cookie(admin, see_other(if next.is_empty() { HOME } else { next }), cookie, SESSION_MS / 1_000)
}

/// Where somebody goes who has signed in without having wanted to go anywhere.
const HOME: &str = "/";

fn with_cookie(admin: &Admin, mut response: Response, value: &str, seconds: i64) -> Response {
    if let Ok(value) = set_cookie(admin, cookie_name(admin), value, seconds).parse() {
        response.headers_mut().insert(SET_COOKIE, value);
    }
    response
}

/// Too many were wrong.
pub(super) fn too_many(wait_s: i64) -> Response {
    page::message(429, "Too many wrong ones", &format!("Try again in {wait_s} seconds."))
}

fn failed(error: &ControlError) -> Response {
    if let ControlError::AccessEnded(why) = error {
        return page::message(403, "Your access has ended", &sentence(why));
    }
    tracing::error!(%error, "somebody could not be signed in");
    page::unavailable()
}

#[derive(Deserialize)]
pub(super) struct Out {
    #[serde(default)]
    form_token: String,
}

/// Ends a session.
pub(super) async fn out(State(admin): State<Admin>, headers: HeaderMap, Form(sent): Form<Out>) -> Response {
    if let Some(cookie) = cookie(&admin, &headers)
        && admin.control.form_token(cookie) == sent.form_token
        && admin.control.sign_out(cookie).await.is_err()
    {
        return page::unavailable();
    }
    with_cookie(&admin, see_other("/sign-in"), "", 0)
}

pub(super) fn see_other(to: &str) -> Response {
    match to.parse::<axum::http::HeaderValue>() {
        Ok(to) => (StatusCode::SEE_OTHER, [(LOCATION, to)]).into_response(),
        Err(_) => page::message(400, "Not possible", "There is no way on from here."),
    }
}

/// A page of this server, and of no other (RFC 9700, section 4.11).
pub(super) fn local(next: &str) -> &str {
    let own = next.starts_with('/') && !next.starts_with("//") && next.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if own { next } else { "" }
}

#[cfg(test)]
mod tests {
    use super::local;

    #[test]
    fn signing_in_leads_to_no_other_site() {
        assert_eq!(local("/oauth/authorize?client_id=x&scope=a%20b"), "/oauth/authorize?client_id=x&scope=a%20b");
        for next in ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:x", "/a\r\nb", "", "evil"] {
            assert_eq!(local(next), "", "{next:?}");
        }
    }
}
