//! Writes of the APIs older than v3. Each becomes one of the account's own operations, so that every rule of a write
//! holds here too: what is refused is refused in today's words.

mod companies;
mod contacts;
mod deals;
mod definitions;
mod engagements;
mod lists;

use http::Method;
use keyway_core::error_body::ErrorBody;
use keyway_objects::request::{Query, bad_field, id_text, missing_field};
use serde_json::{Map, Value, json};

use super::records::{Records, encoded};
use super::{Answer, associations, empty, forms, objects};

pub fn answer(records: &mut Records<'_, '_>, method: &str, query: &Query, segments: &[&str]) -> Option<Answer> {
    match (method, segments) {
        (_, ["contacts", "v1", "lists", tail @ ..]) => lists::answer(records, method, tail),
        (_, ["contacts", "v1", "contact", tail @ ..]) => contacts::answer(records, method, query, tail),
        ("POST", ["companies", "v1", "batch-async", "update"]) => Some(update_many(records, "companies")),
        (_, ["companies", "v2", "companies", tail @ ..]) => companies::answer(records, method, tail),
        (_, ["deals", "v1", tail @ ("deal" | "batch-async"), rest @ ..]) => deals::answer(records, method, query, tail, rest),
        (_, ["engagements", "v1", "engagements", tail @ ..]) => engagements::answer(records, method, tail),
        (_, ["crm-objects", "v1", "objects", tail @ ..]) => objects::write(records, method, tail),
        (_, ["forms", "v2", tail @ ..]) => forms::write(records, method, tail),
        ("PUT", ["crm-associations", "v1", "associations", tail @ ..]) => associations::write(records, tail),
        (_, ["properties", "v1" | "v2", kind, tail @ ..]) => definitions::answer(records, method, kind, tail),
        (_, [kind @ ("contacts" | "companies"), "v2", tail @ ..]) | (_, [kind @ "deals", "v1", tail @ ..]) => {
            definitions::answer(records, method, kind, tail)
        }
        _ => None,
    }
}

/// Properties as these APIs write them, a list of names and values; `key` is what the name is called.
pub fn properties(body: &Map<String, Value>, key: &str) -> Result<Map<String, Value>, ErrorBody> {
    values(body.get("properties").ok_or_else(|| missing_field("properties"))?, key)
}

/// The same, of a list without a body around it.
pub fn values(list: &Value, key: &str) -> Result<Map<String, Value>, ErrorBody> {
    let list = list.as_array().ok_or_else(|| bad_field("properties", "must be a list"))?;
    let mut values = Map::new();
    for one in list {
        let name = one.get(key).and_then(Value::as_str).ok_or_else(|| missing_field(&format!("properties.{key}")))?;
        values.insert(name.to_owned(), one.get("value").cloned().unwrap_or(Value::Null));
    }
    Ok(values)
}

pub fn create(records: &mut Records<'_, '_>, kind: &str, properties: Map<String, Value>, associations: Value) -> Result<String, ErrorBody> {
    let body = json!({ "properties": properties, "associations": associations });
    let made = records.ask(Method::POST, &format!("/crm/objects/2026-09/{kind}"), Some(body))?;
    Ok(made["id"].as_str().unwrap_or_default().to_owned())
}

pub fn update(records: &mut Records<'_, '_>, kind: &str, id: &str, properties: Map<String, Value>) -> Result<(), ErrorBody> {
    let path = format!("/crm/objects/2026-09/{kind}/{}", encoded(id));
    records.ask(Method::PATCH, &path, Some(json!({ "properties": properties }))).map(|_| ())
}

pub fn archive(records: &mut Records<'_, '_>, kind: &str, id: &str) -> Result<(), ErrorBody> {
    records.ask(Method::DELETE, &format!("/crm/objects/2026-09/{kind}/{}", encoded(id)), None).map(|_| ())
}

/// `…/batch-async/update`: a list of records with the properties to set. HubSpot answers 202 at once.
pub fn update_many(records: &mut Records<'_, '_>, kind: &str) -> Answer {
    let mut inputs = Vec::new();
    for one in records.list()? {
        let one = one.as_object().ok_or_else(|| bad_field("inputs", "must be a list of objects"))?;
        let id = id_text(one.get("objectId")).ok_or_else(|| missing_field("objectId"))?;
        inputs.push(json!({ "id": id, "properties": properties(one, "name")? }));
    }
    records.ask(Method::POST, &format!("/crm/objects/2026-09/{kind}/batch/update"), Some(json!({ "inputs": inputs })))?;
    Ok(empty(202))
}

/// The associations of a new record, from lists of ids: the types, and the field of each.
pub fn associations_of(records: &Records<'_, '_>, from: &str, body: &Value, fields: &[(&str, &str)]) -> Result<Value, ErrorBody> {
    let mut all = Vec::new();
    for (field, to) in fields {
        let ids = match &body[*field] {
            Value::Null => continue,
            Value::Array(ids) => ids,
            _ => return Err(bad_field(&format!("associations.{field}"), "must be a list")),
        };
        let own = records.plain(from, to);
        for id in ids {
            let id = id_text(Some(id)).ok_or_else(|| bad_field(&format!("associations.{field}"), "must be a list of ids"))?;
            let types = json!([{ "associationCategory": "HUBSPOT_DEFINED", "associationTypeId": own }]);
            all.push(json!({ "to": { "id": id }, "types": types }));
        }
    }
    Ok(all.into())
}
