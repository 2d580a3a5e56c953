//! Signing in and out.

use askama::Template;
use axum::Form;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::StatusCode;
use axum::http::header::{COOKIE, LOCATION, SET_COOKIE};
use axum::response::{IntoResponse, Response};
use keyway_core::secret::Secret;
use serde::Deserialize;

use super::page;
use crate::admin::Admin;
use crate::clock;
use crate::control::SESSION_MS;
use crate::model::Person;

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
    pub form_token: String,
}

/// Who sends a request.
pub(super) async fn session(admin: &Admin, headers: &HeaderMap) -> Result<Option<Session>, Response> {
    let Some(cookie) = cookie(admin, headers) else { return Ok(None) };
    let person = admin.control.session(cookie).await.map_err(|_| page::unavailable())?;
    Ok(person.map(|person| Session { person, form_token: admin.control.form_token(cookie) }))
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
pub(super) async fn done(State(admin): State<Admin>, headers: HeaderMap) -> Response {
    match session(&admin, &headers).await {
        Ok(Some(session)) => page::message(200, "Signed in", &format!("You are signed in as {}.", session.person.email)),
        Ok(None) => see_other("/sign-in"),
        Err(refused) => refused,
    }
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
