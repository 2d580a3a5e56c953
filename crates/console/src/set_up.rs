//! The page behind the set-up link that a new server prints: the first super admin.

use askama::Template;
use axum::Form;
use axum::extract::{Query, State};
use axum::http::request::Parts;
use axum::response::Response;
use keyway_core::secret::Secret;
use keyway_gateway::admin::Admin;
use keyway_gateway::control::{Acting, ControlError};
use keyway_gateway::principal::Principal;
use serde::Deserialize;

use super::{page, sign_in};

#[derive(Template)]
#[template(path = "set_up.html")]
struct SetUp<'a> {
    wrong: Option<&'a str>,
    token: &'a str,
    email: &'a str,
}

#[derive(Deserialize)]
pub(super) struct Link {
    #[serde(default)]
    token: String,
}

/// Asks for an address and a password.
pub(super) async fn show(State(admin): State<Admin>, Query(link): Query<Link>) -> Response {
    match admin.control.is_set_up_open(&link.token).await {
        Ok(true) => page::render(&SetUp { wrong: None, token: &link.token, email: "" }),
        Ok(false) => gone(),
        Err(_) => page::unavailable(),
    }
}

#[derive(Deserialize)]
pub(super) struct First {
    token: String,
    email: String,
    password: String,
}

/// Makes the first super admin, and signs them in.
pub(super) async fn take(State(admin): State<Admin>, parts: Parts, Form(sent): Form<First>) -> Response {
    let First { token, email, password } = sent;
    let by = Principal { source: sign_in::source(&parts), ..Principal::server() };
    let made = Acting::new(by, "setUp", String::new()).run(admin.control.set_up(&token, &email, Secret::new(password.clone()))).await;
    match made {
        Ok(person) => sign_in::begin(&admin, &parts, &person, "").await,
        Err(ControlError::Invalid(wrong)) => page::render(&SetUp { wrong: Some(&wrong), token: &token, email: &email }),
        Err(ControlError::NotFound(_)) => gone(),
        Err(error) => {
            tracing::error!(%error, "the first super admin could not be made");
            page::unavailable()
        }
    }
}

fn gone() -> Response {
    page::message(
        410,
        "The link is not good any more",
        "It was used, has ended, or was replaced. If nobody can sign in yet, restart the server: it prints a new one.",
    )
}
