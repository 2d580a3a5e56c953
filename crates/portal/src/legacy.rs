//! APIs older than v3 that integrations still call. They are read-only and show the same records.
//!
//! Each file is one of these APIs. It turns HubSpot's present answers into the old form; the records come only
//! from the account's own v3 operations. Writes are not served (docs/testing.md).

mod account;
mod companies;
mod contacts;
mod deals;
mod definitions;
mod engagements;
mod records;

use keyway_core::error_body::ErrorBody;
use serde_json::Value;

use crate::request::{Query, bad_parameter};
use crate::tx::Tx;
use crate::{Call, Reply};
use records::Records;

type Answer = Result<Reply, ErrorBody>;
type Told = Result<Value, ErrorBody>;

/// Answers a call of an API older than v3. Nothing where it is none, or is not served.
pub fn answer(call: &Call, tx: &mut Tx<'_>) -> Option<Answer> {
    let segments: Vec<&str> = call.path.segments().collect();
    let [root, version, rest @ ..] = segments.as_slice() else { return None };
    let query = Query::parse(call.query.as_deref());
    let mut records = Records::new(call, tx);
    let told = match (call.method.as_str(), *root, *version) {
        ("POST", "companies", "v2") => companies::by_domain(&mut records, call, rest),
        ("GET", "contacts", "v1" | "v2") => contacts::answer(&mut records, &query, rest),
        ("GET", "companies", "v2") => companies::answer(&mut records, &query, rest),
        ("GET", "deals", "v1") => deals::answer(&mut records, &query, rest),
        ("GET", "engagements", "v1") => engagements::answer(&mut records, &query, rest),
        ("GET", "properties", "v1" | "v2") => definitions::answer(&mut records, &query, rest),
        ("GET", "crm-pipelines", "v1") => definitions::pipelines(&mut records, rest),
        ("GET", "owners", "v2") => account::owners(&mut records, &query, rest),
        ("GET", "integrations", "v1") => account::details(&mut records, rest),
        _ => None,
    };
    told.map(|told| told.map(|body| Reply { status: 200, body: body.to_string().into() }))
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
