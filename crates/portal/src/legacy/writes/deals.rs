//! Writes of deals v1.

use keyway_core::error_body::ErrorBody;
use keyway_objects::invalid;
use keyway_objects::kind::Kind;
use keyway_objects::links::End;
use keyway_objects::request::{Query, bad_parameter};
use serde_json::{Map, Value};

use super::{archive, associations_of, create, properties, update, update_many};
use crate::legacy::deals::one;
use crate::legacy::records::{Records, Wanted};
use crate::legacy::{Answer, empty, reply};

const KIND: &str = "deals";
/// What a new deal can be associated with, by the field of the ids.
const FIELDS: [(&str, &str); 4] = [
    ("associatedVids", "contacts"),
    ("associatedCompanyIds", "companies"),
    ("associatedDealIds", "deals"),
    ("associatedTicketIds", "tickets"),
];

pub fn answer(records: &mut Records<'_, '_>, method: &str, query: &Query, root: &str, tail: &[&str]) -> Option<Answer> {
    Some(match (method, root, tail) {
        ("POST", "batch-async", ["update"]) => update_many(records, KIND),
        ("POST", "deal", []) => make(records),
        ("PUT", "deal", [id]) => change(records, id),
        ("DELETE", "deal", [id]) => delete(records, id),
        ("PUT", "deal", [id, "associations", to]) => associate(records, query, id, to, true),
        ("DELETE", "deal", [id, "associations", to]) => associate(records, query, id, to, false),
        _ => return None,
    })
}

fn given(body: &Map<String, Value>) -> Result<Map<String, Value>, ErrorBody> {
    match body.get("properties") {
        None => Ok(Map::new()),
        Some(_) => properties(body, "name"),
    }
}

fn make(records: &mut Records<'_, '_>) -> Answer {
    let body = records.body()?;
    let associations = associations_of(records, KIND, body.get("associations").unwrap_or(&Value::Null), &FIELDS)?;
    let id = create(records, KIND, given(&body)?, associations)?;
    Ok(reply(200, &one(records, &id)?))
}

fn change(records: &mut Records<'_, '_>, id: &str) -> Answer {
    let given = given(&records.body()?)?;
    is_there(records, id)?;
    update(records, KIND, id, given)?;
    Ok(reply(200, &one(records, id)?))
}

fn delete(records: &mut Records<'_, '_>, id: &str) -> Answer {
    is_there(records, id)?;
    archive(records, KIND, id)?;
    Ok(empty(204))
}

fn is_there(records: &mut Records<'_, '_>, id: &str) -> Result<u64, ErrorBody> {
    let wanted = Wanted { properties: vec!["hs_object_id".into()], associations: &[] };
    Ok(records.one(KIND, id, &wanted, None)?.ok_or_else(invalid::old_deal_missing)?.id())
}

/// Associates a deal with the records that the query names, or ends these associations.
fn associate(records: &mut Records<'_, '_>, query: &Query, id: &str, to: &str, together: bool) -> Answer {
    let to = match to.to_ascii_uppercase().as_str() {
        "CONTACT" => Kind::of("contacts"),
        "COMPANY" => Kind::of("companies"),
        _ => None,
    };
    let to = to.ok_or_else(|| bad_parameter("objectType", "it is neither CONTACT nor COMPANY"))?;
    let deal: End = (Kind::of(KIND).expect("deals are a type"), is_there(records, id)?);
    let own = records.plain_of(deal.0, to);
    let ids = query.list("id").into_iter();
    let pairs = ids.map(|id| id.parse().map(|id| (deal, (to, id), own)).map_err(|_| bad_parameter("id", &format!("'{id}' is not an id"))));
    let pairs: Vec<(End, End, u32)> = pairs.collect::<Result<_, ErrorBody>>()?;
    if pairs.is_empty() {
        return Err(bad_parameter("id", "id is required"));
    }
    if together {
        records.connect(&pairs)?;
    } else {
        records.part(&pairs)?;
    }
    Ok(empty(204))
}
