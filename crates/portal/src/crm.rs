//! From a route to an answer: one module a family, and none of them knows versions beyond what
//! `Route` says.
//!
//! Every handler checks all it will do before it changes anything: an error leaves no change.

mod account;
mod associations;
mod definitions;
mod objects;
mod owners;
mod render;
mod search;
pub(crate) mod write;

use http::Method;
use keyway_core::error_body::ErrorBody;
use serde_json::Value;

use crate::Reply;
use crate::kind::Kind;
use crate::request::Request;
use crate::route::{Family, Route};
use crate::state::Tx;

type Answer = Result<Reply, ErrorBody>;

/// Answers a call. Nothing where the path and method are not served.
pub fn answer(request: &Request<'_>, method: &Method, route: &Route<'_>, tx: &mut Tx<'_>) -> Option<Answer> {
    let tail = route.tail.as_slice();
    match route.family {
        Family::Objects => objects::answer(request, method, tail, tx),
        Family::Associations => associations::answer(request, method, tail, tx),
        Family::Properties => definitions::properties(request, method, tail),
        Family::Pipelines => definitions::pipelines(method, tail),
        Family::Owners => owners::answer(request, method, tail, tx.state),
        Family::AccountInfo => account::answer(request, method, tail, tx.state),
    }
}

/// The standard type that a segment names. The gateway has refused what is no type at all; what
/// is left is a custom type, which no account has yet.
fn kind(segment: &str) -> Result<Kind, ErrorBody> {
    Kind::parse(segment).ok_or_else(|| ErrorBody::validation(format!("Unable to infer object type from: {segment}")))
}

fn writable(segment: &str) -> Result<Kind, ErrorBody> {
    let kind = kind(segment)?;
    if kind.is_writable() {
        Ok(kind)
    } else {
        Err(ErrorBody::validation(format!("{} records can't be written through the API", kind.singular())))
    }
}

fn reply(status: u16, body: Value) -> Reply {
    Reply { status, body: body.to_string().into() }
}

fn no_content() -> Reply {
    Reply { status: 204, body: bytes::Bytes::new() }
}

/// The singular in capitals, as HubSpot's messages have it: `CONTACT`.
fn shouted(kind: Kind) -> String {
    kind.singular().to_uppercase()
}
