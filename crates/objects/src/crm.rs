//! Performs the operation of a route. Each family of operations has a module, and none depends on the version
//! of the API beyond what `Route` says.
//!
//! Every handler makes all its checks before it changes anything, so an error leaves no change.

mod account;
mod association_labels;
pub mod associations;
pub mod automatic;
pub mod batch;
mod candidates;
pub(crate) mod conditions;
mod late;
mod limits;
mod list_filters;
mod list_folders;
pub mod list_members;
mod list_memberships;
pub mod lists;
mod merge;
pub mod objects;
mod owners;
mod pipelines;
mod properties;
mod render;
mod schemas;
pub mod search;
mod validations;
pub mod write;

use http::Method;
use keyway_core::error_body::ErrorBody;
use serde_json::Value;

use crate::call::Reply;
use crate::invalid;
use crate::kind::Kind;
use crate::request::Request;
use crate::route::{Family, Route};
use crate::state::State;
use crate::tx::Tx;

/// Who names a property.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// A caller, who can't take the names that HubSpot keeps for itself.
    Caller,
    /// HubSpot.
    HubSpot,
}

type Answer = Result<Reply, ErrorBody>;

/// Answers a call that changes nothing, of the families that are read most. Nothing where it is another
/// one, or where a change is to be made before it.
pub fn read(request: &Request<'_>, method: &Method, route: &Route<'_>, state: &State) -> Option<Answer> {
    let tail = route.tail.as_slice();
    match route.family {
        Family::Objects => objects::read(request, method, tail, state),
        Family::Associations => associations::read(request, method, tail, state),
        Family::Owners => owners::answer(request, method, tail, state),
        Family::Lists => lists::read(request, method, tail, state),
        Family::Limits => limits::answer(request, method, tail, state),
        Family::AccountInfo => account::answer(request, method, tail, state),
        Family::Properties | Family::Pipelines | Family::Schemas | Family::Validations | Family::Library => None,
    }
}

/// Answers a call. Nothing where the path and method are not served.
pub fn answer(request: &Request<'_>, method: &Method, route: &Route<'_>, tx: &mut Tx<'_>) -> Option<Answer> {
    let tail = route.tail.as_slice();
    match route.family {
        Family::Objects => objects::answer(request, method, tail, tx),
        Family::Associations => associations::answer(request, method, tail, tx),
        Family::Properties => properties::answer(request, method, tail, tx),
        Family::Pipelines => pipelines::answer(request, method, tail, tx),
        Family::Owners => owners::answer(request, method, tail, tx.state),
        Family::Schemas => schemas::answer(request, method, tail, tx),
        Family::Validations => validations::rules(request, method, tail, tx),
        Family::Library => validations::library(method, tail, tx.state),
        Family::Lists => lists::answer(request, method, tail, tx),
        Family::Limits => limits::answer(request, method, tail, tx.state),
        Family::AccountInfo => account::answer(request, method, tail, tx.state),
    }
}

/// Defines an object type in HubSpot's own name: its properties may have the names that HubSpot keeps for itself.
///
/// # Errors
/// The refusal of the definition; nothing was changed.
pub fn define(request: &Request<'_>, tx: &mut Tx<'_>) -> Answer {
    schemas::create(request, tx, By::HubSpot)
}

/// The object type that a path segment names. The gateway has refused a segment that can't be a type; what
/// remains is a custom type that the account does not have.
///
/// # Errors
/// The account does not have the type.
pub fn kind(state: &State, segment: &str) -> Result<Kind, ErrorBody> {
    let found = state.kind(segment).filter(|kind| state.space(*kind).custom.as_ref().is_none_or(|custom| !custom.archived));
    found.ok_or_else(|| invalid::object_type_unknown(segment))
}

/// The same, of a type whose records the API may write.
///
/// # Errors
/// The account does not have the type, or HubSpot lets nobody write its records.
pub fn writable(state: &State, segment: &str) -> Result<Kind, ErrorBody> {
    let kind = kind(state, segment)?;
    let space = state.space(kind);
    if space.is_writable() { Ok(kind) } else { Err(invalid::object_type_not_writable(&space.singular)) }
}

fn reply(status: u16, body: Value) -> Reply {
    Reply { status, body: body.to_string().into() }
}

fn no_content() -> Reply {
    Reply { status: 204, body: bytes::Bytes::new() }
}
