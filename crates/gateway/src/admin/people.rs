//! People over the admin API: who may sign in, with which role, and who asks.

use axum::extract::State;
use axum::{Extension, Json};
use keyway_core::secret::Secret;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Admin;
use super::body::{ApiError, VERSION};
use super::extract::{JsonBody, Path};
use super::operations::{OPERATIONS, Reach};
use crate::control::NewPerson;
use crate::model::Person;
use crate::principal::{Principal, Role};

type Answer = Result<Json<Value>, ApiError>;

/// Who asks, and what is open to them.
pub(super) async fn me(Extension(who): Extension<Principal>) -> Answer {
    let open = OPERATIONS.iter().filter(|one| one.access.reach(&who.role) != Reach::Nothing);
    let operations: Vec<&str> = open.map(|one| one.id).collect();
    Ok(Json(json!({
        "version": VERSION, "kind": who.who.kind(), "id": who.who.id(), "name": who.who.name(),
        "role": who.role.name(), "apps": who.role.apps().unwrap_or_default(), "operations": operations,
    })))
}

pub(super) async fn list(State(admin): State<Admin>) -> Answer {
    let people: Vec<Value> = admin.control.people().await?.iter().map(person).collect();
    Ok(Json(json!({ "version": VERSION, "users": people })))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct PersonBody {
    email: String,
    password: Option<String>,
    role: Option<String>,
    /// The apps of an app manager, by id or name.
    #[serde(default)]
    apps: Vec<String>,
    /// Keeps the password of somebody who is there.
    #[serde(default)]
    keep_password: bool,
}

pub(super) async fn put(State(admin): State<Admin>, JsonBody(asked): JsonBody<PersonBody>) -> Answer {
    let role = match &asked.role {
        Some(name) => Some(role(&admin, name, &asked.apps).await?),
        None if asked.apps.is_empty() => None,
        None => return Err(ApiError::invalid("apps are those of the role app-manager")),
    };
    if role == Some(Role::TokenService) {
        return Err(ApiError::invalid("token-service is a role of admin tokens; people are super-admin, app-manager or auditor"));
    }
    let new = NewPerson { email: asked.email, password: asked.password.map(Secret::new), role, keep_password: asked.keep_password };
    let (who, made) = admin.control.put_person(new).await?;
    Ok(Json(json!({ "version": VERSION, "user": person(&who), "password": made.map(|password| password.expose().clone()) })))
}

pub(super) async fn remove(State(admin): State<Admin>, Path(email): Path<String>) -> Answer {
    admin.control.delete_person(&email).await?;
    Ok(Json(json!({ "version": VERSION, "deleted": email })))
}

/// A role as it is asked for; apps by id or by a name that only one app has.
pub(super) async fn role(admin: &Admin, name: &str, apps: &[String]) -> Result<Role, ApiError> {
    let mut ids = Vec::new();
    for app in apps {
        ids.push(admin.control.app(app).await?.0.id);
    }
    ids.sort_unstable();
    ids.dedup();
    match Role::parse(name, ids) {
        None => Err(ApiError::invalid(format!("{name} is not a role; use {}", Role::NAMES.join(", ")))),
        Some(Role::AppManager(apps)) if apps.is_empty() => Err(ApiError::invalid("an app-manager needs apps to look after")),
        Some(role) if role.apps().is_none() && !apps.is_empty() => Err(ApiError::invalid("apps are those of the role app-manager")),
        Some(role) => Ok(role),
    }
}

fn person(person: &Person) -> Value {
    json!({
        "id": person.id, "email": person.email, "role": person.role.name(), "apps": person.role.apps().unwrap_or_default(),
        "createdAt": person.created_at.to_iso(),
    })
}
