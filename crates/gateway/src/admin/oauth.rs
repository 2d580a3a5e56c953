//! Public apps and installs over the admin API.

use axum::Json;
use axum::extract::State;
use keyway_core::time::Timestamp;
use keyway_oauth::server::authorize::Refusal;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Admin;
use super::body::{self, ApiError, RotateBody, VERSION};
use super::extract::{JsonBody, Path, Query};
use crate::clock;
use crate::console;
use crate::control::{NewPublicApp, PublicAppChange, Rotation};
use crate::model::{App, Distribution, Person, PublicApp, Token};
use crate::principal::Role;

type Answer = Result<Json<Value>, ApiError>;

/// Installs on a page when nothing is said, and at most.
const PAGE_DEFAULT: usize = 100;
const PAGE_MAX: usize = 1_000;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct PublicAppBody {
    name: Option<String>,
    description: Option<String>,
    owner: Option<String>,
    redirect_uris: Option<Vec<String>>,
    scopes: Option<Vec<String>>,
    conditional_scopes: Option<Vec<String>>,
    optional_scopes: Option<Vec<String>>,
    distribution: Option<String>,
    /// Whether it has no secret; only when it is made.
    public_client: Option<bool>,
    rotate_refresh_tokens: Option<bool>,
    enabled: Option<bool>,
}

pub(super) async fn list_public_apps(State(admin): State<Admin>) -> Answer {
    let apps: Vec<Value> = admin.control.public_apps().await.iter().map(|(app, installs)| described(app, Some(*installs))).collect();
    Ok(Json(json!({ "version": VERSION, "publicApps": apps })))
}

pub(super) async fn create_public_app(State(admin): State<Admin>, JsonBody(asked): JsonBody<PublicAppBody>) -> Answer {
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
    let mut answer = json!({ "version": VERSION, "publicApp": described(&app, None) });
    answer["publicApp"]["clientSecret"] = secret.map(|secret| secret.expose().clone()).into();
    Ok(Json(answer))
}

pub(super) async fn show_public_app(State(admin): State<Admin>, Path(which): Path<String>) -> Answer {
    let app = admin.control.public_app(&which).await?;
    Ok(Json(json!({ "version": VERSION, "publicApp": described(&app, None) })))
}

pub(super) async fn update_public_app(
    State(admin): State<Admin>,
    Path(which): Path<String>,
    JsonBody(asked): JsonBody<PublicAppBody>,
) -> Answer {
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
    Ok(Json(json!({ "version": VERSION, "publicApp": described(&app, None) })))
}

pub(super) async fn delete_public_app(State(admin): State<Admin>, Path(which): Path<String>) -> Answer {
    let app = admin.control.delete_public_app(&which).await?;
    Ok(Json(json!({ "version": VERSION, "deleted": app.id })))
}

pub(super) async fn rotate_secret(State(admin): State<Admin>, Path(which): Path<String>, JsonBody(asked): JsonBody<RotateBody>) -> Answer {
    let rotation = asked.grace_ms.map_or(Rotation::Now, Rotation::Grace);
    let (app, secret) = admin.control.rotate_client_secret(&which, rotation).await?;
    let mut answer = json!({ "version": VERSION, "publicApp": described(&app, None) });
    answer["publicApp"]["clientSecret"] = secret.expose().clone().into();
    Ok(Json(answer))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct InstallsQuery {
    public_app: Option<String>,
    hub_id: Option<u64>,
    after: Option<u64>,
    limit: Option<usize>,
}

pub(super) async fn list_installs(State(admin): State<Admin>, Query(query): Query<InstallsQuery>) -> Answer {
    let public_app = match &query.public_app {
        Some(which) => Some(admin.control.public_app(which).await?.id),
        None => None,
    };
    let limit = query.limit.unwrap_or(PAGE_DEFAULT).clamp(1, PAGE_MAX);
    let page = admin.control.installs(public_app, query.hub_id, query.after.unwrap_or(0), limit).await;
    let after = (page.len() == limit).then(|| page.last().map(|(app, _)| app.id)).flatten();
    let now = clock::now();
    let installs: Vec<Value> = page.iter().map(|(app, tokens)| install(app, tokens, now)).collect();
    Ok(Json(json!({ "version": VERSION, "installs": installs, "after": after })))
}

pub(super) async fn show_install(State(admin): State<Admin>, Path(app_id): Path<u64>) -> Answer {
    let page = admin.control.installs(None, None, app_id.saturating_sub(1), 1).await;
    let found = page.first().filter(|(app, _)| app.id == app_id);
    let (app, tokens) = found.ok_or_else(|| ApiError::new(404, "not_found", format!("there is no install {app_id}")))?;
    Ok(Json(json!({ "version": VERSION, "install": install(app, tokens, clock::now()) })))
}

pub(super) async fn end_install(State(admin): State<Admin>, Path(app_id): Path<u64>) -> Answer {
    let ended = admin.control.uninstall(app_id).await?;
    Ok(Json(json!({ "version": VERSION, "deleted": ended.id })))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ApproveBody {
    authorize_url: String,
    hub_id: u64,
    /// In whose name.
    user: Option<String>,
}

/// What the consent page does when a person says yes, for tests and for scripts of an operator.
pub(super) async fn approve(State(admin): State<Admin>, JsonBody(asked): JsonBody<ApproveBody>) -> Answer {
    let query = asked.authorize_url.split_once('?').map_or("", |(_, query)| query);
    let (app, request) = console::parse(&admin, query).await.map_err(|refusal| match refusal {
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
        None => Person { id: asked.hub_id, email: "operator".into(), role: Role::SuperAdmin, created_at: clock::now() },
    };
    let code = admin.control.consent(&app, &request, asked.hub_id, &person.email, person.id).await?;
    let redirect_to = console::answered(&admin, &request, code.expose());
    Ok(Json(json!({ "version": VERSION, "redirectTo": redirect_to, "code": code.expose() })))
}

fn distribution(name: Option<&str>) -> Result<Option<Distribution>, ApiError> {
    let parse = |name| Distribution::parse(name).ok_or_else(|| ApiError::invalid("a distribution is private or marketplace"));
    name.map(parse).transpose()
}

fn described(app: &PublicApp, installs: Option<usize>) -> Value {
    let secret = |secret: &crate::model::ClientSecret| json!({ "hint": secret.hint, "createdAt": secret.created_at.to_iso(), "expiresAt": secret.expires_at.map(Timestamp::to_iso) });
    json!({
        "id": app.id, "name": app.name, "description": app.description, "owner": app.owner, "clientId": app.client_id,
        "secrets": app.secrets.iter().map(secret).collect::<Vec<_>>(), "publicClient": app.is_public, "redirectUris": app.redirect_uris,
        "scopes": app.scopes, "conditionalScopes": app.conditional_scopes, "optionalScopes": app.optional_scopes,
        "distribution": app.distribution.name(), "rotateRefreshTokens": app.rotates, "enabled": app.enabled, "installs": installs,
        "createdAt": app.created_at.to_iso(), "updatedAt": app.updated_at.to_iso(),
    })
}

fn install(app: &App, tokens: &[Token], now: Timestamp) -> Value {
    let mut value = body::app_with_tokens(app, tokens, now);
    value["publicAppId"] = app.public_app.into();
    value
}
