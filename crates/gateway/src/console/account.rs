//! Somebody's own sign-in: their password, their second factor, their sessions.

use askama::Template;
use axum::Form;
use axum::extract::State;
use axum::http::request::Parts;
use axum::response::Response;
use keyway_core::secret::Secret;
use serde::Deserialize;

use super::page;
use super::qr::{self, Drawn};
use super::sign_in::{self, Session};
use crate::admin::Admin;
use crate::clock;
use crate::control::{Acting, ControlError};

#[derive(Template)]
#[template(path = "account.html")]
struct Account<'a> {
    email: &'a str,
    role: &'a str,
    second_factor: bool,
    form_token: &'a str,
    said: Option<&'a str>,
    wrong: Option<&'a str>,
}

#[derive(Template)]
#[template(path = "second_factor.html")]
struct SecondFactor<'a> {
    key: &'a str,
    uri: &'a str,
    /// The same for a camera.
    drawn: Option<Drawn>,
    form_token: &'a str,
    wrong: Option<&'a str>,
}

#[derive(Template)]
#[template(path = "recovery_codes.html")]
struct RecoveryCodes<'a> {
    codes: Vec<&'a str>,
}

/// What somebody may change of their own sign-in.
pub(super) async fn show(State(admin): State<Admin>, session: Session) -> Response {
    shown(&admin, &session, None, None).await
}

async fn shown(admin: &Admin, session: &Session, said: Option<&str>, wrong: Option<&str>) -> Response {
    let Ok(second_factor) = admin.control.has_second_factor(session.person.id).await else { return page::unavailable() };
    let (email, role) = (&session.person.email, session.person.role.name());
    page::render(&Account { email, role, second_factor, form_token: &session.form_token, said, wrong })
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
    if let Some(refused) = wrong_password(&admin, &session, &parts, sent.password).await {
        return refused;
    }
    let acting = Acting::new(session.principal.clone(), "changePassword", String::new());
    match acting.run(admin.control.change_password(&session.person, Secret::new(sent.new_password))).await {
        Ok(()) => sign_in::begin(&admin, &parts, &session.person, "/account").await,
        Err(error) => failed(&admin, &session, error).await,
    }
}

/// Ends every session of theirs, this one too.
pub(super) async fn sign_out_everywhere(State(admin): State<Admin>, session: Session, Form(sent): Form<Sent>) -> Response {
    if let Some(refused) = refused(&session, &sent) {
        return refused;
    }
    let acting = Acting::new(session.principal.clone(), "endSessions", String::new());
    match acting.run(admin.control.end_sessions(&session.person.email)).await {
        Ok(_) => sign_in::see_other("/sign-in"),
        Err(error) => failed(&admin, &session, error).await,
    }
}

/// Makes a key for an authenticator app.
pub(super) async fn begin_second_factor(State(admin): State<Admin>, session: Session, parts: Parts, Form(sent): Form<Sent>) -> Response {
    if let Some(refused) = refused(&session, &sent) {
        return refused;
    }
    // Whoever finds a browser open must not be able to lock its owner out.
    if let Some(refused) = wrong_password(&admin, &session, &parts, sent.password).await {
        return refused;
    }
    match admin.control.begin_second_factor(&session.person).await {
        Ok(new) => {
            let (key, uri) = (new.key.expose(), new.uri.expose());
            page::render(&SecondFactor { key, uri, drawn: qr::draw(uri), form_token: &session.form_token, wrong: None })
        }
        Err(error) => failed(&admin, &session, error).await,
    }
}

/// Takes the first code, and shows the recovery codes.
pub(super) async fn confirm_second_factor(State(admin): State<Admin>, session: Session, Form(sent): Form<Sent>) -> Response {
    if let Some(refused) = refused(&session, &sent) {
        return refused;
    }
    let acting = Acting::new(session.principal.clone(), "addSecondFactor", String::new());
    match acting.run(admin.control.confirm_second_factor(&session.person, &sent.code)).await {
        Ok(Some(codes)) => page::render(&RecoveryCodes { codes: codes.iter().map(|code| code.expose().as_str()).collect() }),
        Ok(None) => shown(&admin, &session, None, Some("The code is wrong. Begin again, with a new key.")).await,
        Err(error) => failed(&admin, &session, error).await,
    }
}

/// Takes the second factor away; they sign in again.
pub(super) async fn remove_second_factor(State(admin): State<Admin>, session: Session, parts: Parts, Form(sent): Form<Sent>) -> Response {
    if let Some(refused) = refused(&session, &sent) {
        return refused;
    }
    if let Some(refused) = wrong_password(&admin, &session, &parts, sent.password).await {
        return refused;
    }
    let acting = Acting::new(session.principal.clone(), "removeSecondFactor", String::new());
    match acting.run(admin.control.remove_second_factor(&session.person.email)).await {
        Ok(person) => sign_in::begin(&admin, &parts, &person, "/account").await,
        Err(error) => failed(&admin, &session, error).await,
    }
}

fn refused(session: &Session, sent: &Sent) -> Option<Response> {
    (session.form_token != sent.form_token).then(|| page::message(403, "Not from here", "This form was not made for you."))
}

/// Asks for the password again; guesses count as those at sign-in do.
async fn wrong_password(admin: &Admin, session: &Session, parts: &Parts, password: String) -> Option<Response> {
    let guess = admin.sign_in_guesses.begin(&session.person.email, &sign_in::source(parts), clock::now());
    let guess = match guess {
        Ok(guess) => guess,
        Err(wait_s) => return Some(sign_in::too_many(wait_s)),
    };
    match admin.control.has_password(&session.person, Secret::new(password)).await {
        Ok(true) => {
            guess.was_right();
            None
        }
        Ok(false) => Some(shown(admin, session, None, Some("The password is wrong.")).await),
        Err(_) => Some(page::unavailable()),
    }
}

async fn failed(admin: &Admin, session: &Session, error: ControlError) -> Response {
    match error {
        ControlError::Invalid(text) | ControlError::Conflict(text) | ControlError::NotFound(text) => {
            shown(admin, session, None, Some(&text)).await
        }
        error => {
            tracing::error!(%error, "a sign-in could not be changed");
            page::unavailable()
        }
    }
}
