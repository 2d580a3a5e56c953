//! Consent to an install: what the app may do, on which account, in plain words.
//!
//! The authorization URL is read before anybody is signed in (RFC 6749, section 3.1). Accounts are listed and the
//! install is made through the admin API, as the person who is signed in.

use askama::Template;
use axum::Form;
use axum::extract::{RawQuery, State};
use axum::http::Uri;
use axum::response::Response;
use keyway_api::OperationId;
use keyway_api::body::ApproveBody;
use keyway_api::view::{Account, AccountAnswer, Approved};
use keyway_core::scope::in_plain_words;
use keyway_gateway::admin::{Admin, parse};
use keyway_gateway::model::PublicApp;
use keyway_oauth::error::{Code, OAuthError};
use keyway_oauth::redirect;
use keyway_oauth::server::authorize::{Refusal, Request};
use serde::Deserialize;

use super::api::{Api, Refused};
use super::path::Path;
use super::sign_in::Session;
use super::words::sentence;
use super::{account_words, page, sign_in};

#[derive(Template)]
#[template(path = "consent.html")]
struct Consent<'a> {
    app: &'a PublicApp,
    person: &'a str,
    required: Vec<Scope<'a>>,
    optional: Vec<Scope<'a>>,
    query: &'a str,
    form_token: &'a str,
    only: Option<Account>,
    accounts: Vec<Account>,
    host: &'a str,
}

struct Scope<'a> {
    name: &'a str,
    words: String,
}

/// An authorization URL.
pub(super) async fn show(State(admin): State<Admin>, session: Option<Session>, uri: Uri, RawQuery(query): RawQuery) -> Response {
    shown(&admin, session, &uri, query.as_deref().unwrap_or_default(), None).await
}

/// An authorization URL with its account chosen.
pub(super) async fn show_for(
    State(admin): State<Admin>,
    Path(hub_id): Path<u64>,
    session: Option<Session>,
    uri: Uri,
    RawQuery(query): RawQuery,
) -> Response {
    shown(&admin, session, &uri, query.as_deref().unwrap_or_default(), Some(hub_id)).await
}

async fn shown(admin: &Admin, session: Option<Session>, uri: &Uri, query: &str, hub_id: Option<u64>) -> Response {
    // The app is checked first: an unknown app gets no sign-in page of this server to hide behind.
    let (app, request) = match read(admin, query).await {
        Ok(read) => read,
        Err(refused) => return refused,
    };
    let Some(session) = session else {
        return sign_in::first(uri.path_and_query().map_or("", |target| target.as_str()));
    };
    if !admin.may(&session.principal, OperationId::ApproveInstall) {
        return not_yours(&session);
    }
    let mut accounts = match offered(&Api::new(admin, session.principal.clone()), hub_id).await {
        Ok(accounts) => accounts,
        Err(refused) if refused.status == 404 => {
            return page::message(404, "No such account", "The account in the authorization URL is not one of this server.");
        }
        Err(_) => return page::unavailable(),
    };
    let only = if accounts.len() == 1 { accounts.pop() } else { None };
    page::render(&Consent {
        app: &app,
        person: &session.person.email,
        required: in_words(&request.scopes),
        optional: in_words(&request.optional),
        query,
        form_token: &session.form_token,
        only,
        accounts,
        host: redirect::authority(&request.redirect_uri),
    })
}

/// The accounts to choose from; none where they are too many for a list.
async fn offered(api: &Api, hub_id: Option<u64>) -> Result<Vec<Account>, Refused> {
    match hub_id {
        Some(hub_id) => Ok(vec![api.get::<AccountAnswer>(&format!("/api/v1/accounts/{hub_id}")).await?.account]),
        None => account_words::few(api).await,
    }
}

#[derive(Deserialize)]
pub(super) struct Answer {
    query: String,
    form_token: String,
    #[serde(default)]
    hub_id: String,
    answer: String,
}

/// What the person said.
pub(super) async fn take(State(admin): State<Admin>, session: Option<Session>, Form(answer): Form<Answer>) -> Response {
    let Some(session) = session else {
        return page::message(401, "Signed out", "You are not signed in any more. Begin again at the app.");
    };
    if session.form_token != answer.form_token {
        return page::message(403, "Not from here", "This form was not made for you.");
    }
    if !admin.may(&session.principal, OperationId::ApproveInstall) {
        return not_yours(&session);
    }
    // Read again, and not taken from the form as decided: what is granted is what the URL asks for.
    let (_, request) = match read(&admin, &answer.query).await {
        Ok(read) => read,
        Err(refused) => return refused,
    };
    if answer.answer != "install" {
        let error = OAuthError::new(Code::AccessDenied, keyway_core::refusal::Refusal::OAuthDenied, "the person did not install the app");
        return refused(&admin, &request.redirect_uri, &error, request.state.as_deref());
    }
    let Ok(hub_id) = answer.hub_id.trim().parse() else {
        return page::message(400, "No account", "Go back, and choose the account to install the app on.");
    };
    let authorize_url = format!("{}/oauth/authorize?{}", admin.addresses.admin, answer.query);
    let body = ApproveBody { authorize_url, hub_id, user: Some(session.person.email.clone()) };
    match Api::new(&admin, session.principal.clone()).post::<Approved>("/api/v1/installs", &body).await {
        Ok(approved) => sign_in::see_other(&approved.redirect_to),
        Err(refused) if matches!(refused.status, 400 | 404 | 409) => {
            page::message(409, "It can't be installed", &sentence(&refused.detail))
        }
        Err(_) => page::unavailable(),
    }
}

fn not_yours(session: &Session) -> Response {
    let role = session.person.role.name();
    page::message(
        403,
        "Not with your role",
        &format!("A super admin installs apps; you are signed in as {} with the role {role}.", session.person.email),
    )
}

/// Reads an authorization URL's query, or says why nobody is asked.
async fn read(admin: &Admin, query: &str) -> Result<(PublicApp, Request), Response> {
    let shown = |text: &str| page::message(400, "The app can't be installed", text);
    match parse(admin, query).await {
        Ok(read) => Ok(read),
        Err(Refusal::Shown(text)) => Err(shown(&text)),
        Err(Refusal::Redirected { redirect_uri, error, state }) => Err(refused(admin, &redirect_uri, &error, state.as_deref())),
    }
}

fn refused(admin: &Admin, redirect_uri: &str, error: &OAuthError, state: Option<&str>) -> Response {
    let mut params = vec![("error", error.code.as_str()), ("error_description", error.description.as_str())];
    params.extend(state.map(|state| ("state", state)));
    params.push(("iss", &admin.addresses.data));
    sign_in::see_other(&redirect::with_params(redirect_uri, &params))
}

fn in_words(scopes: &[String]) -> Vec<Scope<'_>> {
    scopes.iter().map(|name| Scope { name, words: in_plain_words(name) }).collect()
}
