//! Operations of the CRM that a call beyond it performs in its own name.

use http::Method;
use keyway_core::error_body::ErrorBody;
use keyway_core::path::NormalPath;
use keyway_core::refusal::Refusal;
use keyway_objects::crm;
use keyway_objects::request::Request;
use keyway_objects::route::Route;
use keyway_objects::tx::Tx;
use serde_json::Value;

use super::{Answer, Asked, missing};

/// Performs an operation with the query of the call. Nothing where there is none with this method and path.
pub fn perform(asked: &Asked<'_>, tx: &mut Tx<'_>, method: &str, path: &str, body: &[u8]) -> Option<Answer> {
    let method: Method = method.parse().ok()?;
    // A name that makes no path is the name of nothing.
    let Ok(path) = NormalPath::parse(path) else { return Some(Err(missing(path))) };
    let route = Route::parse(&path)?;
    let call = asked.call;
    let request = Request {
        app_id: call.app_id,
        now: call.now,
        source: "INTEGRATION",
        version: route.version,
        base: &call.base,
        path: path.as_str(),
        query: keyway_objects::request::Query::parse(call.query.as_deref()),
        body,
        by: call.by.as_ref(),
        work: asked.work,
    };
    crm::answer(&request, &method, &route, tx)
}

/// The answer of a read, which has to be there.
///
/// # Errors
/// HubSpot's refusal.
pub fn read(asked: &Asked<'_>, tx: &mut Tx<'_>, path: &str) -> Result<Value, ErrorBody> {
    let done = perform(asked, tx, "GET", path, b"").unwrap_or_else(|| Err(missing(path)))?;
    serde_json::from_slice(&done.body).map_err(|_| Refusal::Internal.error("an inner answer is not JSON"))
}

/// The definition of an object type.
///
/// # Errors
/// The account does not have it.
pub fn schema(asked: &Asked<'_>, tx: &mut Tx<'_>, id: &str) -> Result<Value, ErrorBody> {
    read(asked, tx, &format!("/crm-object-schemas/2026-09/schemas/{id}"))
}

/// Makes an object type whose properties may have the names that HubSpot keeps for itself. Returns its id.
///
/// # Errors
/// HubSpot's refusal; nothing was changed.
pub fn define(asked: &Asked<'_>, tx: &mut Tx<'_>, schema: &Value) -> Result<String, ErrorBody> {
    let body = schema.to_string();
    let call = asked.call;
    let request = Request { by: call.by.as_ref(), work: asked.work, body: body.as_bytes(), ..Request::of_program(call.app_id, call.now) };
    let made = crm::define(&request, tx)?;
    let made: Value = serde_json::from_slice(&made.body).map_err(|_| Refusal::Internal.error("an inner answer is not JSON"))?;
    Ok(made["objectTypeId"].as_str().unwrap_or_default().to_owned())
}
