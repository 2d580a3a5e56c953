//! Somebody's own sign-in over the admin API: their password, their second factor, their sessions.
//!
//! Of people alone, and people come from the console's pages: a token and the socket have no sign-in.

use axum::Extension;
use axum::extract::State;
use keyway_api::body::{CodeBody, NewPasswordBody, PasswordBody};
use keyway_core::secret::Secret;

use super::Admin;
use super::body::ApiError;
use super::extract::JsonBody;
use super::view::{self, Answer, answer};
use crate::clock;
use crate::model::Person;
use crate::principal::{Principal, Who};

pub(super) async fn show(State(admin): State<Admin>, Extension(who): Extension<Principal>) -> Answer<view::UserAnswer> {
    shown(&person(&admin, &who).await?)
}

pub(super) async fn change_password(
    State(admin): State<Admin>,
    Extension(who): Extension<Principal>,
    JsonBody(asked): JsonBody<NewPasswordBody>,
) -> Answer<view::UserAnswer> {
    let mut person = proven(&admin, &who, asked.password).await?;
    admin.control.change_password(&person, Secret::new(asked.new_password)).await?;
    person.password = true;
    shown(&person)
}

pub(super) async fn end_sessions(State(admin): State<Admin>, Extension(who): Extension<Principal>) -> Answer<view::UserAnswer> {
    let person = person(&admin, &who).await?;
    shown(&admin.control.end_sessions(&person.email).await?)
}

pub(super) async fn begin_second_factor(
    State(admin): State<Admin>,
    Extension(who): Extension<Principal>,
    JsonBody(asked): JsonBody<PasswordBody>,
) -> Answer<view::NewFactor> {
    let person = proven(&admin, &who, asked.password).await?;
    let new = admin.control.begin_second_factor(&person).await?;
    answer(view::NewFactor { key: new.key.expose().clone(), uri: new.uri.expose().clone() })
}

pub(super) async fn confirm_second_factor(
    State(admin): State<Admin>,
    Extension(who): Extension<Principal>,
    JsonBody(asked): JsonBody<CodeBody>,
) -> Answer<view::RecoveryCodes> {
    let person = person(&admin, &who).await?;
    let codes = admin.control.confirm_second_factor(&person, &asked.code).await?;
    let codes = codes.ok_or_else(|| ApiError::invalid("the code is wrong; begin again, with a new key"))?;
    answer(view::RecoveryCodes { recovery_codes: codes.iter().map(|code| code.expose().clone()).collect() })
}

pub(super) async fn remove_second_factor(
    State(admin): State<Admin>,
    Extension(who): Extension<Principal>,
    JsonBody(asked): JsonBody<PasswordBody>,
) -> Answer<view::UserAnswer> {
    let person = proven(&admin, &who, asked.password).await?;
    shown(&admin.control.remove_second_factor(&person.email).await?)
}

fn shown(person: &Person) -> Answer<view::UserAnswer> {
    answer(view::UserAnswer { user: view::user(person), password: None })
}

/// The caller, as a person.
async fn person(admin: &Admin, who: &Principal) -> Result<Person, ApiError> {
    match &who.who {
        Who::Person { email, .. } => Ok(admin.control.person(email).await?),
        _ => Err(ApiError::new(409, "conflict", "only people have a sign-in, and they change it in the console; a token has none")),
    }
}

/// The caller, as a person whose password this is. Guesses count as those at sign-in do.
async fn proven(admin: &Admin, who: &Principal, password: String) -> Result<Person, ApiError> {
    let person = person(admin, who).await?;
    if !person.password {
        return Err(ApiError::new(409, "conflict", "you sign in at an identity provider, and have no password here"));
    }
    let guess = admin.sign_in_guesses.begin(&person.email, &who.source, clock::steady());
    let too_many = |wait_s| ApiError::new(429, "too_many", format!("too many wrong passwords; try again in {wait_s} seconds"));
    let guess = guess.map_err(too_many)?;
    tokio::time::sleep(guess.turn).await;
    if !admin.control.has_password(&person, Secret::new(password)).await? {
        return Err(guess.must_wait_s.map_or_else(|| ApiError::invalid("the password is wrong"), too_many));
    }
    guess.was_right();
    Ok(person)
}
