//! Signing in and out.

use std::net::SocketAddr;

use askama::Template;
use axum::Form;
use axum::extract::{ConnectInfo, FromRequestParts, OptionalFromRequestParts, State};
use axum::http::header::{COOKIE, LOCATION, SET_COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use keyway_core::secret::Secret;
use serde::Deserialize;

use super::page;
use crate::admin::Admin;
use crate::clock;
use crate::control::SESSION_MS;
use crate::model::Person;
use crate::principal::Principal;

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignIn<'a> {
    wrong: Option<&'a str>,
    nobody: bool,
    next: &'a str,
    email: &'a str,
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
        let person = admin.control.session(cookie).await.map_err(|_| page::unavailable())?;
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
fn source(parts: &Parts) -> String {
    parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip().to_canonical().to_string()).unwrap_or_default()
}

fn cookie<'a>(admin: &Admin, headers: &'a HeaderMap) -> Option<&'a str> {
    let name = cookie_name(admin);
    let all = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(';'));
    let mut values = all.filter_map(|pair| pair.trim().split_once('=')).filter(|(one, _)| *one == name).map(|(_, value)| value);
    values.next()
}

/// Over HTTPS a browser takes a cookie of this name from this host alone (RFC 6265bis, section 4.1.3).
fn cookie_name(admin: &Admin) -> &'static str {
    if is_https(admin) { "__Host-keyway" } else { "keyway" }
}

fn is_https(admin: &Admin) -> bool {
    admin.addresses.admin.starts_with("https://")
}

fn set_cookie(admin: &Admin, value: &str, seconds: i64) -> String {
    let secure = if is_https(admin) { "; Secure" } else { "" };
    // Lax: an authorization begins with a link from the app's own site.
    format!("{}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}", cookie_name(admin))
}

#[derive(Deserialize)]
pub(super) struct NextQuery {
    #[serde(default)]
    next: String,
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
    page::render(&SignIn { wrong, nobody, next, email })
}

#[derive(Deserialize)]
pub(super) struct Credentials {
    email: String,
    password: String,
    #[serde(default)]
    next: String,
}

/// Takes an address and a password.
pub(super) async fn take(State(admin): State<Admin>, Form(sent): Form<Credentials>) -> Response {
    let Credentials { email, password, next } = sent;
    let (next, now) = (local(&next), clock::now());
    let side = email.trim().to_lowercase();
    if let Some(wait_s) = admin.sign_in_guesses.must_wait(&side, now) {
        let wrong = format!("Too many wrong passwords. Try again in {wait_s} seconds.");
        return (StatusCode::TOO_MANY_REQUESTS, asked(&admin, next, &email, Some(&wrong)).await).into_response();
    }
    // Counted before it is known: many at once must not be more than one after the other.
    admin.sign_in_guesses.note(side.clone(), now);
    match admin.control.sign_in(&email, Secret::new(password)).await {
        Ok(Some(cookie)) => {
            admin.sign_in_guesses.forgive(&side);
            let mut response = see_other(if next.is_empty() { "/signed-in" } else { next });
            if let Ok(value) = set_cookie(&admin, cookie.expose(), SESSION_MS / 1_000).parse() {
                response.headers_mut().insert(SET_COOKIE, value);
            }
            response
        }
        Ok(None) => {
            (StatusCode::UNAUTHORIZED, asked(&admin, next, &email, Some("The address or the password is wrong.")).await).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "somebody could not be signed in");
            page::unavailable()
        }
    }
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
    let mut response = see_other("/sign-in");
    if let Ok(value) = set_cookie(&admin, "", 0).parse() {
        response.headers_mut().insert(SET_COOKIE, value);
    }
    response
}

/// Where somebody signed in without having wanted to go anywhere.
pub(super) async fn done(session: Session) -> Response {
    page::message(
        200,
        "Signed in",
        &format!("You are signed in as {}, with the role {}.", session.person.email, session.person.role.name()),
    )
}

pub(super) fn see_other(to: &str) -> Response {
    match to.parse::<axum::http::HeaderValue>() {
        Ok(to) => (StatusCode::SEE_OTHER, [(LOCATION, to)]).into_response(),
        Err(_) => page::message(400, "Not possible", "There is no way on from here."),
    }
}

/// A page of this server, and of no other (RFC 9700, section 4.11).
fn local(next: &str) -> &str {
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
