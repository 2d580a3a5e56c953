//! Token introspection: what is this token? (hubspot facts, section 1)
//!
//! Answered here and not forwarded: only the gateway knows its tokens.

use bytes::Bytes;
use http::Method;
use keyway_core::catalog::{self, Catalog, Operation};
use keyway_core::error_body::ErrorBody;
use keyway_core::path::NormalPath;
use keyway_core::refusal::Refusal;
use serde_json::json;

use super::{Call, Outcome};
use crate::backend::BackendReply;
use crate::registry::Registry;

const PATH: &str = "/oauth/v2/private-apps/get/access-token-info";

pub(super) fn is_introspection(method: &Method, path: &NormalPath) -> bool {
    method == Method::POST && path.as_str() == PATH
}

pub(super) fn operation() -> Option<&'static Operation> {
    Catalog::get().find(catalog::Method::Post, PATH)
}

/// The token is the credential: whoever holds it may ask what it is.
pub(super) fn answer(registry: &Registry, body: &Bytes, call: &mut Call) -> Result<Outcome, ErrorBody> {
    let parsed: serde_json::Value = serde_json::from_slice(body).map_err(|_| Refusal::RequestNotValid.error("Invalid input JSON"))?;
    let token = parsed.get("tokenKey").and_then(serde_json::Value::as_str);
    let token = token.ok_or_else(|| Refusal::RequestNotValid.error("tokenKey is required and must be a string"))?;
    let usable = registry
        .find(token)
        .filter(|entry| entry.app.is_enabled() && entry.token.revoked_at.is_none() && !entry.has_ended(entry.app.account.moment(call.now)));
    let entry = usable.ok_or_else(|| Refusal::AskedTokenUnknown.error("the token is not known, or no longer valid"))?;
    let app = &entry.app.app;
    // A session may do less than its app.
    let scopes = if entry.token.session.is_some() { json!(entry.granted().names()) } else { json!(app.scopes) };
    let info = json!({ "userId": user_id(app.hub_id), "hubId": app.hub_id, "appId": app.id, "scopes": scopes });
    call.token = Some(entry.clone());
    let reply = BackendReply { status: 200, body: info.to_string().into() };
    Ok(Outcome { result: Ok(reply.into()), allowance: None, allow: None })
}

/// Embedded accounts have one user, who made the apps; its id is the account's.
pub(super) const fn user_id(hub_id: u64) -> u64 {
    hub_id
}
