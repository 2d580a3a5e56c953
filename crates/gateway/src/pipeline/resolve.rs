//! The path of a call, and the operation that it means.

use keyway_core::catalog::{Catalog, Operation, Resolution};
use keyway_core::error_body::ErrorBody;
use keyway_core::path::{NormalPath, PathError};
use keyway_core::refusal::Refusal;

use super::Outcome;
use super::kept::kept_path;

/// A method that a client made up is not written to the audit.
pub(super) fn known_method(method: &http::Method) -> &str {
    let known = [
        http::Method::HEAD,
        http::Method::OPTIONS,
        http::Method::GET,
        http::Method::POST,
        http::Method::PUT,
        http::Method::PATCH,
        http::Method::DELETE,
    ];
    if known.contains(method) { method.as_str() } else { "(other)" }
}

/// Longest query accepted, in bytes: a hundred property names of ordinary length fit twice.
const QUERY_BYTES_MAX: usize = 16 * 1024;

pub(super) fn normal_path(path: &str, query: Option<&str>) -> Result<NormalPath, ErrorBody> {
    if query.is_some_and(|query| query.len() > QUERY_BYTES_MAX) {
        return Err(Refusal::UriTooLong.error(format!("the query is longer than {QUERY_BYTES_MAX} bytes")));
    }
    NormalPath::parse(path).map_err(|error| match error {
        PathError::TooLong => Refusal::UriTooLong.error(error.to_string()),
        refused => Refusal::PathNotValid.error(refused.to_string()),
    })
}

/// Why the catalog has no operation for a call.
pub(super) enum Unresolved {
    /// It has the path with other methods; the answer names them.
    Method(Box<Outcome>),
    /// It does not list the path.
    Path,
}

pub(super) fn resolve(method: &http::Method, path: &NormalPath) -> Result<&'static Operation, Unresolved> {
    match Catalog::get().resolve(method.as_str(), path) {
        Resolution::Found(operation) => Ok(operation),
        Resolution::MethodNotAllowed(allowed) => {
            let allowed = allowed.iter().map(|method| method.as_str()).collect::<Vec<_>>().join(", ");
            let message = format!("{} is not a method of {}; it has {allowed}", known_method(method), kept_path(path));
            Err(Unresolved::Method(Box::new(Outcome { allow: Some(allowed), ..Refusal::MethodNotAllowed.error(message).into() })))
        }
        Resolution::Unknown => Err(Unresolved::Path),
    }
}
