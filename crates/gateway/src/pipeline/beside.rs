//! Decides about the object types that a call reaches beside its path: those that its query and its body name.
//! What they are is `core::beside`'s to say, and who may is `core::policy`'s.

use http::request::Parts;
use keyway_core::beside::{self, Beside};
use keyway_core::error_body::ErrorBody;
use keyway_core::guards::BesidePath;
use keyway_core::policy::Permit;

use super::receive::Taken;
use crate::registry::TokenEntry;

/// A call to an embedded account, which decides by itself about its lists and about labels that it made.
pub(super) fn embedded(head: &Parts, taken: &Taken, permit: Permit, token: &TokenEntry) -> Result<Permit, ErrorBody> {
    let mut found = named(head, taken, &permit);
    found.leave_to_account();
    reaching(permit, found, token)
}

/// A call to a connected account.
pub(super) fn connected(head: &Parts, taken: &Taken, permit: Permit, token: &TokenEntry) -> Result<Permit, ErrorBody> {
    if token.app.account.account.guards.beside_path == BesidePath::Forward {
        return Ok(permit);
    }
    if taken.is_stream && beside::takes_json_only(permit.operation()) {
        return Err(ErrorBody::new(
            415,
            "VALIDATION_ERROR",
            format!(
                "the body of {} must be application/json: Keyway looks in it for the object types that the call names",
                permit.operation()
            ),
        ));
    }
    let mut found = named(head, taken, &permit);
    found.list_is_known();
    reaching(permit, found, token)
}

fn named(head: &Parts, taken: &Taken, permit: &Permit) -> Beside {
    Beside::of(permit.operation(), permit.path(), head.uri.query(), &taken.json)
}

fn reaching(permit: Permit, found: Beside, token: &TokenEntry) -> Result<Permit, ErrorBody> {
    if found.is_empty() {
        return Ok(permit);
    }
    let (caller, operation) = (token.caller(), permit.operation());
    permit.reaching(&caller, found).map_err(|denial| denial.to_error(&caller, operation))
}
