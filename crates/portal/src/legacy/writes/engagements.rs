//! Writes of engagements v1. The type says of which object type the record is; its metadata are properties of it.

use keyway_core::error_body::ErrorBody;
use keyway_objects::kind::Kind as ObjectKind;
use keyway_objects::request::{bad_field, bad_parameter, missing_field};
use serde_json::{Map, Value};

use super::{archive, associations_of, create, update};
use crate::legacy::engagements::{HEADERS, KINDS, Kind, address_of, id_of, missing, one};
use crate::legacy::records::Records;
use crate::legacy::{Answer, empty, reply};

/// What an engagement can be associated with, by the field of the ids.
const FIELDS: [(&str, &str); 4] = [("contactIds", "contacts"), ("companyIds", "companies"), ("dealIds", "deals"), ("ticketIds", "tickets")];

pub fn answer(records: &mut Records<'_, '_>, method: &str, tail: &[&str]) -> Option<Answer> {
    Some(match (method, tail) {
        ("POST", []) => make(records),
        ("PATCH" | "PUT", [id]) => change(records, id),
        ("DELETE", [id]) => delete(records, id),
        ("PUT", [id, "associations", to, other]) => associate(records, id, to, other),
        _ => return None,
    })
}

fn make(records: &mut Records<'_, '_>) -> Answer {
    let body = records.body()?;
    let head = object(&body, "engagement")?.ok_or_else(|| missing_field("engagement"))?;
    let old = head.get("type").and_then(Value::as_str).ok_or_else(|| missing_field("engagement.type"))?;
    let (at, kind, direction) =
        kind_of(old).ok_or_else(|| bad_field("engagement.type", "must be one of EMAIL, CALL, MEETING, TASK, NOTE"))?;
    let mut properties = properties(kind, head, object(&body, "metadata")?);
    properties.entry("hs_timestamp").or_insert_with(|| records.now_ms().into());
    if let Some(direction) = direction {
        properties.insert("hs_email_direction".to_owned(), direction.into());
    }
    let associations = associations_of(records, kind.name, body.get("associations").unwrap_or(&Value::Null), &FIELDS)?;
    let id = create(records, kind.name, properties, associations)?;
    Ok(reply(200, &one(records, &id_of(at, &id))?))
}

/// The place, the type now, and the direction that the types of e-mails stand for.
fn kind_of(old: &str) -> Option<(usize, &'static Kind, Option<&'static str>)> {
    let (old, direction) = match old {
        "EMAIL" => ("EMAIL", Some("EMAIL")),
        "INCOMING_EMAIL" => ("EMAIL", Some("INCOMING_EMAIL")),
        "FORWARDED_EMAIL" => ("EMAIL", Some("FORWARDED_EMAIL")),
        other => (other, None),
    };
    KINDS.iter().enumerate().find(|(_, kind)| kind.old == old).map(|(at, kind)| (at, kind, direction))
}

fn object<'a>(body: &'a Map<String, Value>, field: &str) -> Result<Option<&'a Map<String, Value>>, ErrorBody> {
    match body.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(object)) => Ok(Some(object)),
        Some(_) => Err(bad_field(field, "must be an object")),
    }
}

/// The properties that the parts of an engagement stand for; those it does not name are not changed.
fn properties(kind: &Kind, head: &Map<String, Value>, metadata: Option<&Map<String, Value>>) -> Map<String, Value> {
    let mut properties = Map::new();
    for (field, property) in [("timestamp", "hs_timestamp"), ("ownerId", "hubspot_owner_id")] {
        if let Some(value) = head.get(field).filter(|value| !value.is_null()) {
            properties.insert(property.to_owned(), value.clone());
        }
    }
    let Some(metadata) = metadata else { return properties };
    for (field, property, _) in kind.fields {
        if let Some(value) = metadata.get(*field) {
            properties.insert((*property).to_owned(), value.clone());
        }
    }
    let headers: Map<String, Value> = HEADERS.iter().filter_map(|name| Some(((*name).to_owned(), metadata.get(*name)?.clone()))).collect();
    if kind.name == "emails" && !headers.is_empty() {
        properties.insert("hs_email_headers".to_owned(), Value::from(headers).to_string().into());
    }
    properties
}

fn change(records: &mut Records<'_, '_>, id: &str) -> Answer {
    let body = records.body()?;
    let before = one(records, id)?;
    let (kind, own) = address_of(id).ok_or_else(missing)?;
    let empty = Map::new();
    let properties = properties(kind, object(&body, "engagement")?.unwrap_or(&empty), object(&body, "metadata")?);
    if properties.is_empty() {
        return Ok(reply(200, &before));
    }
    update(records, kind.name, &own.to_string(), properties)?;
    Ok(reply(200, &one(records, id)?))
}

fn delete(records: &mut Records<'_, '_>, id: &str) -> Answer {
    one(records, id)?;
    let (kind, own) = address_of(id).ok_or_else(missing)?;
    archive(records, kind.name, &own.to_string())?;
    Ok(empty(204))
}

fn associate(records: &mut Records<'_, '_>, id: &str, to: &str, other: &str) -> Answer {
    one(records, id)?;
    let (kind, own) = address_of(id).ok_or_else(missing)?;
    let to = match to.to_ascii_uppercase().as_str() {
        "CONTACT" => "contacts",
        "COMPANY" => "companies",
        "DEAL" => "deals",
        "TICKET" => "tickets",
        _ => return Err(bad_parameter("objectType", "it is neither CONTACT, COMPANY, DEAL nor TICKET")),
    };
    let other = other.parse().map_err(|_| bad_parameter("objectId", "it is not an id"))?;
    let of = |name| ObjectKind::of(name).expect("a type that every account has");
    let (from, to) = ((of(kind.name), own), (of(to), other));
    let plain = records.plain_of(from.0, to.0);
    records.connect(&[(from, to, plain)])?;
    Ok(empty(204))
}
