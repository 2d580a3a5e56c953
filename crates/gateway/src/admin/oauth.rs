//! Public apps and installs over the admin API.

use axum::extract::State;
use keyway_api::body::{ApproveBody, PublicAppBody, RotateBody};
use keyway_api::query::{InstallsQuery, Page};
use keyway_oauth::server::authorize::{Refusal, Request};
use keyway_oauth::{Params, redirect};

use super::Admin;
use super::body::ApiError;
use super::extract::{JsonBody, Path, Query};
use super::page::{limit, page};
use super::view::{self, Answer, answer};
use crate::clock;
use crate::control::{NewPublicApp, PublicAppChange, Rotation};
use crate::model::{Distribution, Person, PublicApp};
use crate::principal::Role;

pub(super) async fn list_public_apps(State(admin): State<Admin>, Query(query): Query<Page>) -> Answer<view::PublicApps> {
    let (shown, after) = page(admin.control.public_apps().await, query.after.as_deref(), query.limit, |(app, _)| app.id)?;
    let public_apps = shown.iter().map(|(app, installs)| view::public_app(app, Some(*installs), None)).collect();
    answer(view::PublicApps { public_apps, after })
}

pub(super) async fn create_public_app(
    State(admin): State<Admin>,
    JsonBody(asked): JsonBody<PublicAppBody>,
) -> Answer<view::PublicAppAnswer> {
    let new = NewPublicApp {
        distribution: distribution(asked.distribution.as_deref())?,
        name: asked.name.unwrap_or_default(),
        description: asked.description.unwrap_or_default(),
        owner: asked.owner.unwrap_or_default(),
        redirect_uris: asked.redirect_uris.unwrap_or_default(),
        scopes: asked.scopes.unwrap_or_default(),
        conditional_scopes: asked.conditional_scopes.unwrap_or_default(),
        optional_scopes: asked.optional_scopes.unwrap_or_default(),
        is_public: asked.public_client.unwrap_or(false),
        rotates: asked.rotate_refresh_tokens.unwrap_or(false),
    };
    let (app, secret) = admin.control.create_public_app(new).await?;
    let secret = secret.map(|secret| secret.expose().clone());
    answer(view::PublicAppAnswer { public_app: view::public_app(&app, None, secret) })
}

pub(super) async fn show_public_app(State(admin): State<Admin>, Path(which): Path<String>) -> Answer<view::PublicAppAnswer> {
    let app = admin.control.public_app(&which).await?;
    answer(view::PublicAppAnswer { public_app: view::public_app(&app, None, None) })
}

pub(super) async fn update_public_app(
    State(admin): State<Admin>,
    Path(which): Path<String>,
    JsonBody(asked): JsonBody<PublicAppBody>,
) -> Answer<view::PublicAppAnswer> {
    if asked.public_client.is_some() {
        return Err(ApiError::invalid("publicClient stays as it was made"));
    }
    let change = PublicAppChange {
        distribution: distribution(asked.distribution.as_deref())?,
        name: asked.name,
        description: asked.description,
        owner: asked.owner,
        redirect_uris: asked.redirect_uris,
        scopes: asked.scopes,
        conditional_scopes: asked.conditional_scopes,
        optional_scopes: asked.optional_scopes,
        rotates: asked.rotate_refresh_tokens,
        enabled: asked.enabled,
    };
    let app = admin.control.update_public_app(&which, change).await?;
    answer(view::PublicAppAnswer { public_app: view::public_app(&app, None, None) })
}

pub(super) async fn delete_public_app(State(admin): State<Admin>, Path(which): Path<String>) -> Answer<view::Deleted> {
    let app = admin.control.delete_public_app(&which).await?;
    answer(view::Deleted { deleted: app.id })
}

pub(super) async fn rotate_secret(
    State(admin): State<Admin>,
    Path(which): Path<String>,
    JsonBody(asked): JsonBody<RotateBody>,
) -> Answer<view::PublicAppAnswer> {
    let rotation = asked.grace_ms.map_or(Rotation::Now, Rotation::Grace);
    let (app, secret) = admin.control.rotate_client_secret(&which, rotation).await?;
    answer(view::PublicAppAnswer { public_app: view::public_app(&app, None, Some(secret.expose().clone())) })
}

pub(super) async fn list_installs(State(admin): State<Admin>, Query(query): Query<InstallsQuery>) -> Answer<view::Installs> {
    let public_app = match &query.public_app {
        Some(which) => Some(admin.control.public_app(which).await?.id),
        None => None,
    };
    let limit = limit(query.limit)?;
    let after =
        query.after.as_deref().map(|text| text.parse().map_err(|_| ApiError::invalid("after is not that of a page"))).transpose()?;
    // One more than wanted shows whether there is another page.
    let mut shown = admin.control.installs(public_app, query.hub_id, after.unwrap_or(0), limit + 1).await;
    let more = shown.len() > limit;
    shown.truncate(limit);
    let after = shown.last().filter(|_| more).map(|(app, _)| app.id.to_string());
    answer(view::Installs {
        installs: shown.iter().map(|(app, tokens)| view::install(app, tokens, admin.seen(app.hub_id))).collect(),
        after,
    })
}

pub(super) async fn show_install(State(admin): State<Admin>, Path(app_id): Path<u64>) -> Answer<view::InstallAnswer> {
    let page = admin.control.installs(None, None, app_id.saturating_sub(1), 1).await;
    let found = page.first().filter(|(app, _)| app.id == app_id);
    let (app, tokens) = found.ok_or_else(|| ApiError::new(404, "not_found", format!("there is no install {app_id}")))?;
    answer(view::InstallAnswer { install: view::install(app, tokens, admin.seen(app.hub_id)) })
}

pub(super) async fn end_install(State(admin): State<Admin>, Path(app_id): Path<u64>) -> Answer<view::Deleted> {
    let ended = admin.control.uninstall(app_id).await?;
    answer(view::Deleted { deleted: ended.id })
}

/// What the consent page does when a person approves, for tests and for scripts of an operator.
pub(super) async fn approve(State(admin): State<Admin>, JsonBody(asked): JsonBody<ApproveBody>) -> Answer<view::Approved> {
    let query = asked.authorize_url.split_once('?').map_or("", |(_, query)| query);
    let (app, request) = parse(&admin, query).await.map_err(|refusal| match refusal {
        Refusal::Shown(text) => ApiError::invalid(text),
        Refusal::Redirected { error, .. } => ApiError::invalid(error.description),
    })?;
    let person = match &asked.user {
        Some(email) => {
            let people = admin.control.people().await?;
            people
                .into_iter()
                .find(|person| person.email.eq_ignore_ascii_case(email))
                .ok_or_else(|| ApiError::invalid(format!("nobody signs in as {email}")))?
        }
        // As introspection of a private app's token says: an account has one user of its own.
        None => Person { id: asked.hub_id, ..Person::new("operator".into(), Role::SuperAdmin, clock::now()) },
    };
    let code = admin.control.consent(&app, &request, asked.hub_id, &person.email, person.id).await?;
    let redirect_to = answered(&admin, &request, code.expose());
    answer(view::Approved { redirect_to, code: code.expose().clone() })
}

/// Reads an authorization URL's query against the app that it names.
///
/// # Errors
/// The app is not known or disabled, or the query is not an authorization request of it: to be shown, or sent back to the app.
pub async fn parse(admin: &Admin, query: &str) -> Result<(PublicApp, Request), Refusal> {
    let params = Params::from_form(query.as_bytes()).map_err(|error| Refusal::Shown(error.description))?;
    let client_id = params.get("client_id").unwrap_or_default();
    let app = admin.registry.public_app(client_id).filter(|app| app.enabled);
    let app = app.ok_or_else(|| Refusal::Shown("the client_id of the authorization URL is not an app of this server".into()))?;
    let request = keyway_oauth::server::authorize::read(&params, &app.registered())?;
    Ok(((*app).clone(), request))
}

/// Where a consent leads (RFC 6749, section 4.1.2; RFC 9207 for `iss`).
fn answered(admin: &Admin, request: &Request, code: &str) -> String {
    let mut params = vec![("code", code)];
    params.extend(request.state.as_deref().map(|state| ("state", state)));
    params.push(("iss", &admin.addresses.data));
    redirect::with_params(&request.redirect_uri, &params)
}

fn distribution(name: Option<&str>) -> Result<Option<Distribution>, ApiError> {
    let parse = |name| Distribution::parse(name).ok_or_else(|| ApiError::invalid("a distribution is private or marketplace"));
    name.map(parse).transpose()
}
