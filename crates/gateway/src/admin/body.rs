//! What goes in and out of the admin API, as JSON.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use keyway_core::quota::Limits;
use keyway_core::time::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::audit::AuditError;
use crate::control::{ControlError, NewToken, SharingChange};
use crate::double::RefillError;
use crate::model::{Account, App, Connection, Token};
use crate::registry::Standing;
use crate::upstream::health::State;

/// The version of every answer's shape.
pub(super) const VERSION: u32 = 1;

/// An error: status, code and message.
pub(super) struct ApiError {
    status: u16,
    code: &'static str,
    message: String,
}

impl ApiError {
    pub(super) fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }

    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(400, "invalid", message)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, Json(json!({ "version": VERSION, "error": { "code": self.code, "message": self.message } }))).into_response()
    }
}

impl From<ControlError> for ApiError {
    fn from(error: ControlError) -> Self {
        let (status, code) = match &error {
            ControlError::Invalid(_) => (400, "invalid"),
            ControlError::NotFound(_) => (404, "not_found"),
            ControlError::Conflict(_) => (409, "conflict"),
            ControlError::Credential(_) => (422, "credential"),
            ControlError::Store(_) | ControlError::Backend(_) => {
                tracing::error!(%error, "a change failed");
                (500, "internal")
            }
        };
        Self::new(status, code, error.to_string())
    }
}

impl From<RefillError> for ApiError {
    fn from(error: RefillError) -> Self {
        match error {
            RefillError::Invalid(what) => Self::invalid(what),
            RefillError::Storage(what) => Self::new(503, "storage", what),
        }
    }
}

impl From<AuditError> for ApiError {
    fn from(error: AuditError) -> Self {
        tracing::error!(%error, "the audit could not be read");
        Self::new(500, "internal", error.to_string())
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct AccountBody {
    pub hub_id: Option<u64>,
    pub name: Option<String>,
    pub tier: Option<String>,
    pub addons: Option<u8>,
    pub time_zone: Option<String>,
    pub currency: Option<String>,
    pub region: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct AppBody {
    pub hub_id: Option<u64>,
    pub name: Option<String>,
    pub description: Option<String>,
    pub owner: Option<String>,
    pub dependents: Option<Vec<String>>,
    pub scopes: Option<Vec<String>>,
    #[serde(default)]
    pub add_scopes: Vec<String>,
    #[serde(default)]
    pub remove_scopes: Vec<String>,
    pub enabled: Option<bool>,
    pub weight: Option<u32>,
    pub reserve: Option<u32>,
    pub max_wait_ms: Option<u32>,
    pub translate: Option<bool>,
    pub no_limits: Option<bool>,
}

impl AppBody {
    pub(super) const fn sharing(&self) -> SharingChange {
        SharingChange { weight: self.weight, reserve: self.reserve, max_wait_ms: self.max_wait_ms }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct RotateBody {
    /// Milliseconds that the old tokens live on; none ends them now.
    pub grace_ms: Option<i64>,
}

/// An account whose calls go to HubSpot.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ConnectBody {
    pub name: Option<String>,
    pub base_url: Option<String>,
    pub credential: String,
    pub tier: Option<String>,
    pub addons: Option<u8>,
    pub time_zone: Option<String>,
}

/// A new credential for a connection, or a legacy key.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct CredentialBody {
    pub credential: String,
}

/// After this many days HubSpot itself reminds of a credential (hubspot facts, section 1).
const ROTATION_DAYS: i64 = 180;

/// The connection of an account: what it is, how it is, and which scopes of the account's apps it lacks.
pub(super) fn connection(connection: &Connection, health: (State, Option<Timestamp>), apps: &[(App, Vec<Token>)], now: Timestamp) -> Value {
    let mut missing: Vec<&str> = apps.iter().flat_map(|(app, _)| &app.scopes).map(String::as_str).collect();
    missing.retain(|scope| !connection.scopes.iter().any(|held| held == scope));
    missing.sort_unstable();
    missing.dedup();
    let age_days = (now.as_ms() - connection.since.as_ms()) / 86_400_000;
    json!({
        "baseUrl": connection.base.to_string(), "hint": connection.hint, "oauth": connection.oauth_client.is_some(), "scopes": connection.scopes,
        "state": health.0.as_str(), "stateSince": health.1.map(Timestamp::to_iso), "missingScopes": missing,
        "since": connection.since.to_iso(), "checkedAt": connection.checked_at.to_iso(), "rotationDue": connection.oauth_client.is_none() && age_days >= ROTATION_DAYS,
        "former": connection.former.as_ref().map(|former| json!({ "hint": former.hint, "until": former.until.to_iso() })),
    })
}

pub(super) fn account(account: &Account, standing: Option<Standing>, connection: Option<Value>) -> Value {
    let limits = standing.map_or_else(|| Limits::for_tier(account.tier, account.addons), |standing| standing.limits);
    json!({
        "hubId": account.hub_id, "name": account.name, "backend": if connection.is_some() { "hubspot" } else { "embedded" },
        "connection": connection, "tier": account.tier.to_string(), "addons": account.addons,
        "timeZone": account.time_zone, "currency": account.currency, "region": account.region, "createdAt": account.created_at.to_iso(),
        "limits": { "burst": limits.burst, "associationsBurst": limits.associations_burst, "daily": limits.daily, "search": limits.search },
        "usedToday": standing.map_or(0, |standing| standing.used_today), "waiting": standing.map_or(0, |standing| standing.waiting),
    })
}

pub(super) fn app(app: &App) -> Value {
    json!({
        "id": app.id, "hubId": app.hub_id, "name": app.name, "description": app.description, "owner": app.owner,
        "dependents": app.dependents, "scopes": app.scopes, "enabled": app.enabled,
        "weight": app.sharing.weight, "reserve": app.sharing.reserve, "maxWaitMs": app.sharing.max_wait_ms, "translate": app.translate, "noLimits": app.no_limits,
        "createdAt": app.created_at.to_iso(), "updatedAt": app.updated_at.to_iso(),
    })
}

pub(super) fn app_with_tokens(found: &App, tokens: &[Token], now: Timestamp) -> Value {
    let mut value = app(found);
    value["tokens"] = tokens.iter().map(|one| token(one, now)).collect();
    value
}

pub(super) fn token(token: &Token, now: Timestamp) -> Value {
    let state = match (token.revoked_at, token.expires_at) {
        (Some(_), _) => "revoked",
        (None, Some(at)) if at <= now => "expired",
        (None, Some(_)) => "expiring",
        (None, None) => "active",
    };
    json!({
        "id": token.id, "appId": token.app_id, "kind": kind(token), "hint": token.hint, "state": state, "createdAt": token.created_at.to_iso(),
        "expiresAt": token.expires_at.map(Timestamp::to_iso), "revokedAt": token.revoked_at.map(Timestamp::to_iso),
        "lastUsedAt": token.last_used_at.map(Timestamp::to_iso),
        "scopes": token.grant.as_ref().map(|grant| grant.scopes.clone()), "grantedBy": token.grant.as_ref().map(|grant| grant.user.clone()),
    })
}

const fn kind(token: &Token) -> &'static str {
    match (token.legacy, token.grant.is_some()) {
        (true, _) => "legacy_key",
        (_, true) => "refresh_token",
        _ => "token",
    }
}

/// The one answer that holds a token's text.
pub(super) fn new_token(made: &NewToken) -> Value {
    json!({ "id": made.token.id, "value": made.plain.expose(), "createdAt": made.token.created_at.to_iso() })
}
