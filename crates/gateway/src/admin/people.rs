//! People over the admin API: who may sign in, with which role, and who calls.

use axum::Extension;
use axum::extract::State;
use keyway_api::OPERATIONS;
use keyway_api::body::PersonBody;
use keyway_api::operations::Reach;
use keyway_api::query::Page;
use keyway_core::secret::Secret;
use keyway_core::time::Timestamp;

use super::Admin;
use super::body::ApiError;
use super::extract::{JsonBody, Path, Query};
use super::page::page;
use super::view::{self, Answer, answer};
use crate::control::{AccessEnd, NewPerson};
use crate::principal::{Principal, Role};

/// The caller, and what the caller may do.
pub(super) async fn me(State(admin): State<Admin>, Extension(who): Extension<Principal>) -> Answer<view::Me> {
    let role: view::RoleName = (&who.role).into();
    let open = OPERATIONS.iter().filter(|one| one.access.reach(role) != Reach::Nothing);
    answer(view::Me {
        kind: who.who.kind().to_owned(),
        id: who.who.id(),
        name: who.who.name().to_owned(),
        role,
        apps: view::apps(&who.role),
        data_url: admin.addresses.data.clone(),
        operations: open.map(|one| one.id.as_str().to_owned()).collect(),
    })
}

pub(super) async fn list(State(admin): State<Admin>, Query(query): Query<Page>) -> Answer<view::Users> {
    let (shown, after) = page(admin.control.people().await?, query.after.as_deref(), query.limit, |person| person.id)?;
    answer(view::Users { users: shown.iter().map(view::user).collect(), after })
}

pub(super) async fn show(State(admin): State<Admin>, Path(email): Path<String>) -> Answer<view::UserAnswer> {
    answer(view::UserAnswer { user: view::user(&admin.control.person(&email).await?), password: None })
}

pub(super) async fn put(State(admin): State<Admin>, JsonBody(asked): JsonBody<PersonBody>) -> Answer<view::UserAnswer> {
    let role = match &asked.role {
        Some(name) => Some(role(&admin, name, &asked.apps).await?),
        None if asked.apps.is_empty() => None,
        None => return Err(ApiError::invalid("apps are those of the role app-manager")),
    };
    if role == Some(Role::TokenService) {
        return Err(ApiError::invalid("token-service is a role of admin tokens; people are super-admin, app-manager or auditor"));
    }
    let end = match asked.expires_at.as_deref() {
        None => AccessEnd::Kept,
        Some("never") => AccessEnd::Never,
        Some(text) => AccessEnd::At(
            Timestamp::parse_iso(text).ok_or_else(|| ApiError::invalid(format!("{text} is not a time; use ISO 8601, or never")))?,
        ),
    };
    let PersonBody { email, password, keep_password, must_be_new, .. } = asked;
    let new = NewPerson { email, password: password.map(Secret::new), role, keep_password, must_be_new, end };
    let (who, made) = admin.control.put_person(new).await?;
    answer(view::UserAnswer { user: view::user(&who), password: made.map(|password| password.expose().clone()) })
}

pub(super) async fn remove(State(admin): State<Admin>, Path(email): Path<String>) -> Answer<view::DeletedUser> {
    admin.control.delete_person(&email).await?;
    answer(view::DeletedUser { deleted: email })
}

pub(super) async fn end_sessions(State(admin): State<Admin>, Path(email): Path<String>) -> Answer<view::UserAnswer> {
    let person = admin.control.end_sessions(&email).await?;
    answer(view::UserAnswer { user: view::user(&person), password: None })
}

pub(super) async fn remove_second_factor(State(admin): State<Admin>, Path(email): Path<String>) -> Answer<view::UserAnswer> {
    let person = admin.control.remove_second_factor(&email).await?;
    answer(view::UserAnswer { user: view::user(&person), password: None })
}

pub(super) async fn unlink_provider(State(admin): State<Admin>, Path(email): Path<String>) -> Answer<view::UserAnswer> {
    let person = admin.control.unlink_from_provider(&email).await?;
    answer(view::UserAnswer { user: view::user(&person), password: None })
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
