//! The tokens of the admin API, each with a role.

use axum::extract::State;
use axum::{Extension, Json};
use keyway_core::time::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Admin;
use super::body::{ApiError, VERSION};
use super::extract::{JsonBody, Path};
use super::people::role;
use crate::clock;
use crate::model::AdminToken;
use crate::principal::Principal;

type Answer = Result<Json<Value>, ApiError>;

pub(super) async fn list(State(admin): State<Admin>) -> Answer {
    let now = clock::now();
    let tokens: Vec<Value> = admin.control.admin_tokens().await?.iter().map(|one| described(one, now)).collect();
    Ok(Json(json!({ "version": VERSION, "adminTokens": tokens })))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct AdminTokenBody {
    name: String,
    role: String,
    /// The apps of an app manager, by id or name.
    #[serde(default)]
    apps: Vec<String>,
    /// Milliseconds until it ends by itself; none lets it live until it is revoked.
    lifetime_ms: Option<i64>,
}

pub(super) async fn create(
    State(admin): State<Admin>,
    Extension(who): Extension<Principal>,
    JsonBody(asked): JsonBody<AdminTokenBody>,
) -> Answer {
    let role = role(&admin, &asked.role, &asked.apps).await?;
    let (made, plain) = admin.control.create_admin_token(&asked.name, role, asked.lifetime_ms, who.who.name()).await?;
    let mut token = described(&made, clock::now());
    token["value"] = plain.expose().clone().into();
    Ok(Json(json!({ "version": VERSION, "adminToken": token })))
}

pub(super) async fn revoke(State(admin): State<Admin>, Path(which): Path<String>) -> Answer {
    let revoked = admin.control.revoke_admin_token(&which).await?;
    Ok(Json(json!({ "version": VERSION, "adminToken": described(&revoked, clock::now()) })))
}

fn described(token: &AdminToken, now: Timestamp) -> Value {
    let state = match (token.revoked_at, token.expires_at) {
        (Some(_), _) => "revoked",
        (None, Some(at)) if at <= now => "expired",
        _ => "active",
    };
    json!({
        "id": token.id, "name": token.name, "hint": token.hint, "role": token.role.name(), "apps": token.role.apps().unwrap_or_default(),
        "state": state, "createdAt": token.created_at.to_iso(), "createdBy": token.created_by,
        "expiresAt": token.expires_at.map(Timestamp::to_iso), "revokedAt": token.revoked_at.map(Timestamp::to_iso),
        "lastUsedAt": token.last_used_at.map(Timestamp::to_iso),
    })
}
