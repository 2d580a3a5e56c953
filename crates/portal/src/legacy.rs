//! APIs older than v3 that integrations still call, on the same records.
//!
//! Each file is one of these APIs. It turns HubSpot's present answers into the old form, and old requests into the
//! present ones; the records come only from the account's own operations, with all their rules.

mod account;
mod associations;
mod companies;
mod contacts;
mod deals;
mod definitions;
mod engagements;
mod forms;
mod objects;
mod records;
mod writes;

use bytes::Bytes;
use keyway_core::error_body::ErrorBody;
use keyway_objects::call::{Call, Reply};
use keyway_objects::request::{Query, bad_parameter};
use keyway_objects::tx::Tx;
use serde_json::Value;

use records::{Performs, Records};

type Answer = Result<Reply, ErrorBody>;
type Told = Result<Value, ErrorBody>;

/// Answers a call of an API older than v3, by calls of present ones, which `performs` answers. Nothing where it is none,
/// or is not served.
pub fn answer(call: &Call, tx: &mut Tx<'_>, performs: Performs) -> Option<Answer> {
    let segments: Vec<&str> = call.path.segments().collect();
    let query = Query::parse(call.query.as_deref());
    let mut records = Records::new(call, tx, performs);
    match read(&mut records, call, &query, &segments) {
        Some(told) => Some(told.map(|body| reply(200, &body))),
        None => writes::answer(&mut records, call.method.as_str(), &query, &segments),
    }
}

/// Calls that change nothing.
fn read(records: &mut Records<'_, '_>, call: &Call, query: &Query, segments: &[&str]) -> Option<Told> {
    let [root, version, rest @ ..] = segments else { return None };
    match (call.method.as_str(), *root, *version) {
        ("POST", "companies", "v2") => companies::by_domain(records, call, rest),
        ("GET", "contacts", "v1" | "v2") => contacts::answer(records, query, rest),
        ("GET", "companies", "v2") => companies::answer(records, query, rest),
        ("GET", "deals", "v1") => deals::answer(records, query, rest),
        ("GET", "engagements", "v1") => engagements::answer(records, query, rest),
        ("GET", "properties", "v1" | "v2") => definitions::answer(records, query, rest),
        ("GET", "crm-pipelines", "v1") => definitions::pipelines(records, rest),
        ("GET" | "POST", "crm-objects", "v1") => objects::read(records, call.method.as_str(), query, rest),
        ("GET", "crm-associations", "v1") => associations::read(records, query, rest),
        ("GET", "forms", "v2") => forms::read(records, query, rest),
        ("GET", "owners", "v2") => account::owners(records, query, rest),
        ("GET", "integrations", "v1") => account::details(records, rest),
        _ => None,
    }
}

fn reply(status: u16, body: &Value) -> Reply {
    Reply { status, body: body.to_string().into() }
}

fn empty(status: u16) -> Reply {
    Reply { status, body: Bytes::new() }
}

/// A whole number in a query; `default` where it is not given, `max` where it is more, as these APIs do.
fn number(query: &Query, name: &str, default: u64, max: u64) -> Result<u64, ErrorBody> {
    match query.get(name) {
        None => Ok(default),
        Some(text) => {
            text.parse().map(|number: u64| number.min(max)).map_err(|_| bad_parameter(name, &format!("'{text}' is not a valid integer")))
        }
    }
}
