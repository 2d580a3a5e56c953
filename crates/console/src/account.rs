//! Somebody's own sign-in: their password, their second factor, their sessions.

use askama::Template;
use axum::Form;
use axum::extract::State;
use axum::http::request::Parts;
use axum::response::Response;
use keyway_api::view::{self, NewFactor, User, UserAnswer};
use keyway_gateway::admin::Admin;
use serde::Deserialize;
use serde_json::{Value, json};

use super::api::{Api, Refused};
use super::page;
use super::qr::{self, Drawn};
use super::shell::Shell;
use super::sign_in::{self, Session};
use super::words::sentence;

#[derive(Template)]
#[template(path = "account.html")]
struct Account<'a> {
    shell: Shell<'a>,
    role: &'a str,
    /// Whether they sign in here; else at an identity provider alone.
    has_password: bool,
    second_factor: bool,
    wrong: Option<&'a str>,
}

#[derive(Template)]
#[template(path = "second_factor.html")]
struct SecondFactor<'a> {
    shell: Shell<'a>,
    key: &'a str,
    uri: &'a str,
    /// The same for a camera.
    drawn: Option<Drawn>,
}

#[derive(Template)]
#[template(path = "recovery_codes.html")]
struct RecoveryCodes<'a> {
    shell: Shell<'a>,
    codes: Vec<String>,
}

/// What somebody may change of their own sign-in.
pub(super) async fn show(State(admin): State<Admin>, session: Session) -> Response {
    shown(&admin, &session, None).await
}

async fn shown(admin: &Admin, session: &Session, wrong: Option<&str>) -> Response {
    let api = api(admin, session);
    let Ok(UserAnswer { user, .. }) = api.get("/api/v1/me/sign-in").await else { return page::unavailable() };
    let User { has_password, second_factor, .. } = user;
    page::render(&Account { shell: shell(&api, session), role: session.person.role.name(), has_password, second_factor, wrong })
}

/// The frame of the pages.
fn shell<'a>(api: &'a Api, session: &'a Session) -> Shell<'a> {
    Shell { api, person: &session.person.email, form_token: &session.form_token, section: "/account", done: None }
}

/// The admin API, as the person.
fn api(admin: &Admin, session: &Session) -> Api {
    Api::new(admin, session.principal.clone())
}

#[derive(Deserialize)]
pub(super) struct Sent {
    form_token: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    new_password: String,
    #[serde(default)]
    code: String,
}

/// Puts a new password in place; every other session ends, and this one goes on under a new cookie.
pub(super) async fn change_password(State(admin): State<Admin>, session: Session, parts: Parts, Form(sent): Form<Sent>) -> Response {
    if let Some(refused) = refused(&session, &sent) {
        return refused;
    }
    let body = json!({ "password": sent.password, "newPassword": sent.new_password });
    match api(&admin, &session).put::<Value>("/api/v1/me/password", &body).await {
        Ok(_) => sign_in::begin(&admin, &parts, &session.person, "/account").await,
        Err(refused) => failed(&admin, &session, refused).await,
    }
}

/// Ends every session of theirs, this one too.
pub(super) async fn sign_out_everywhere(State(admin): State<Admin>, session: Session, Form(sent): Form<Sent>) -> Response {
    if let Some(refused) = refused(&session, &sent) {
        return refused;
    }
    match api(&admin, &session).delete("/api/v1/me/sessions").await {
        Ok(_) => sign_in::see_other("/sign-in"),
        Err(refused) => failed(&admin, &session, refused).await,
    }
}

/// Makes a key for an authenticator app.
pub(super) async fn begin_second_factor(State(admin): State<Admin>, session: Session, Form(sent): Form<Sent>) -> Response {
    if let Some(refused) = refused(&session, &sent) {
        return refused;
    }
    let api = api(&admin, &session);
    match api.post("/api/v1/me/second-factor", &json!({ "password": sent.password })).await {
        Ok(NewFactor { key, uri }) => {
            page::render(&SecondFactor { shell: shell(&api, &session), key: &key, uri: &uri, drawn: qr::draw(&uri) })
        }
        Err(refused) => failed(&admin, &session, refused).await,
    }
}

/// Takes the first code, and shows the recovery codes.
pub(super) async fn confirm_second_factor(State(admin): State<Admin>, session: Session, Form(sent): Form<Sent>) -> Response {
    if let Some(refused) = refused(&session, &sent) {
        return refused;
    }
    let api = api(&admin, &session);
    match api.post("/api/v1/me/second-factor/confirm", &json!({ "code": sent.code })).await {
        Ok(view::RecoveryCodes { recovery_codes }) => page::render(&RecoveryCodes { shell: shell(&api, &session), codes: recovery_codes }),
        Err(refused) => failed(&admin, &session, refused).await,
    }
}

/// Takes the second factor away; they go on under a new cookie.
pub(super) async fn remove_second_factor(State(admin): State<Admin>, session: Session, parts: Parts, Form(sent): Form<Sent>) -> Response {
    if let Some(refused) = refused(&session, &sent) {
        return refused;
    }
    match api(&admin, &session).post::<Value>("/api/v1/me/second-factor/remove", &json!({ "password": sent.password })).await {
        Ok(_) => sign_in::begin(&admin, &parts, &session.person, "/account").await,
        Err(refused) => failed(&admin, &session, refused).await,
    }
}

fn refused(session: &Session, sent: &Sent) -> Option<Response> {
    (session.form_token != sent.form_token).then(|| page::message(403, "Not from here", "This form was not made for you."))
}

/// Shows on the page what the person can correct.
async fn failed(admin: &Admin, session: &Session, refused: Refused) -> Response {
    match refused.status {
        400 | 404 | 409 => shown(admin, session, Some(&sentence(&refused.detail))).await,
        429 => page::message(429, "Too many wrong ones", &sentence(&refused.detail)),
        _ => page::unavailable(),
    }
}
