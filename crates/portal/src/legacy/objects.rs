//! CRM objects v1: tickets, products and line items.

use http::Method;
use keyway_core::error_body::ErrorBody;
use keyway_objects::invalid;
use keyway_objects::request::{Query, bad_field, id_text, missing_field};
use serde_json::{Map, Value, json};

use super::companies::asked;
use super::records::{Record, Records, Wanted, properties};
use super::writes::{archive, create, update, values};
use super::{Answer, Told, empty, number, reply};

const PAGE: u64 = 100;

/// The three object types: their names, and as answers name them.
const KINDS: [(&str, &str); 3] = [("tickets", "TICKET"), ("products", "PRODUCT"), ("line_items", "LINE_ITEM")];

fn old_name(kind: &str) -> Option<&'static str> {
    KINDS.iter().find(|(name, _)| *name == kind).map(|(_, old)| *old)
}

/// Calls that change nothing.
pub fn read(records: &mut Records<'_, '_>, method: &str, query: &Query, tail: &[&str]) -> Option<Told> {
    let ["objects", kind, tail @ ..] = tail else { return None };
    let old = old_name(kind)?;
    Some(match (method, tail) {
        ("GET", ["paged"]) => paged(records, query, kind, old),
        ("GET", [id]) => one(records, query, kind, old, id),
        ("POST", ["batch-read"]) => many(records, query, kind, old),
        _ => return None,
    })
}

pub fn write(records: &mut Records<'_, '_>, method: &str, tail: &[&str]) -> Option<Answer> {
    let [kind, tail @ ..] = tail else { return None };
    let old = old_name(kind)?;
    Some(match (method, tail) {
        ("POST", []) => make(records, kind, old),
        ("PUT", [id]) => change(records, kind, old, id),
        ("DELETE", [id]) => delete(records, kind, id),
        ("POST", ["batch-create"]) => make_many(records, kind, old),
        ("POST", ["batch-update"]) => change_many(records, kind, old),
        ("POST", ["batch-delete"]) => delete_many(records, kind),
        _ => return None,
    })
}

fn missing() -> ErrorBody {
    invalid::record_missing()
}

/// HubSpot shows the properties that a query names, and none beside.
fn shown(query: &Query) -> (Wanted, bool, bool) {
    let (wanted, with_versions) = asked(query, &["hs_object_id"]);
    let is_bare = query.list("properties").is_empty() && !with_versions;
    (wanted, with_versions, is_bare)
}

fn object(hub_id: u64, old: &str, record: &Record, moments: &[String], (_, with_versions, is_bare): &(Wanted, bool, bool)) -> Value {
    let properties = if *is_bare { Map::new() } else { properties(record, moments, *with_versions) };
    json!({ "objectType": old, "portalId": hub_id, "objectId": record.id(), "properties": properties, "version": 1, "isDeleted": false })
}

fn one(records: &mut Records<'_, '_>, query: &Query, kind: &str, old: &str, id: &str) -> Told {
    let shown = shown(query);
    let found = records.one(kind, id, &shown.0, None)?.ok_or_else(missing)?;
    let moments = records.moments(kind)?;
    Ok(object(records.hub_id(), old, &found, &moments, &shown))
}

/// All that a record has, as the answer to a write shows it.
fn whole(records: &mut Records<'_, '_>, kind: &str, old: &str, id: &str) -> Told {
    let found = records.one(kind, id, &Wanted::default(), None)?.ok_or_else(missing)?;
    let moments = records.moments(kind)?;
    Ok(object(records.hub_id(), old, &found, &moments, &(Wanted::default(), false, false)))
}

fn paged(records: &mut Records<'_, '_>, query: &Query, kind: &str, old: &str) -> Told {
    let (offset, shown) = (number(query, "offset", 0, u64::MAX)?, shown(query));
    let page = records.after(kind, offset, PAGE, &shown.0)?;
    let moments = records.moments(kind)?;
    let objects: Vec<Value> = page.records.iter().map(|one| object(records.hub_id(), old, one, &moments, &shown)).collect();
    let last = page.records.last().map_or(0, Record::id);
    Ok(json!({ "objects": objects, "hasMore": page.has_more, "offset": last }))
}

fn ids(body: &Map<String, Value>) -> Result<Vec<String>, ErrorBody> {
    let ids = body.get("ids").and_then(Value::as_array).ok_or_else(|| bad_field("ids", "must be a list"))?;
    ids.iter().map(|id| id_text(Some(id)).ok_or_else(|| bad_field("ids", "must be a list of ids"))).collect()
}

fn many(records: &mut Records<'_, '_>, query: &Query, kind: &str, old: &str) -> Told {
    let (ids, shown) = (ids(&records.body()?)?, shown(query));
    let moments = records.moments(kind)?;
    let mut found = Map::new();
    for id in ids {
        if let Some(record) = records.one(kind, &id, &shown.0, None)? {
            found.insert(record.id().to_string(), object(records.hub_id(), old, &record, &moments, &shown));
        }
    }
    Ok(found.into())
}

fn make(records: &mut Records<'_, '_>, kind: &str, old: &str) -> Answer {
    let given = values(&Value::from(records.list()?), "name")?;
    let id = create(records, kind, given, json!([]))?;
    Ok(reply(200, &whole(records, kind, old, &id)?))
}

fn change(records: &mut Records<'_, '_>, kind: &str, old: &str, id: &str) -> Answer {
    let given = values(&Value::from(records.list()?), "name")?;
    whole(records, kind, old, id)?;
    update(records, kind, id, given)?;
    Ok(reply(200, &whole(records, kind, old, id)?))
}

fn delete(records: &mut Records<'_, '_>, kind: &str, id: &str) -> Answer {
    let wanted = Wanted { properties: vec!["hs_object_id".into()], associations: &[] };
    records.one(kind, id, &wanted, None)?.ok_or_else(missing)?;
    archive(records, kind, id)?;
    Ok(empty(204))
}

/// Performs a batch of today's, and shows the records in its order.
fn batch(records: &mut Records<'_, '_>, kind: &str, old: &str, action: &str, inputs: Vec<Value>) -> Answer {
    let path = format!("/crm/objects/2026-09/{kind}/batch/{action}");
    let done = records.ask(Method::POST, &path, Some(json!({ "inputs": inputs })))?;
    let mut objects = Vec::new();
    for one in done["results"].as_array().into_iter().flatten() {
        objects.push(whole(records, kind, old, one["id"].as_str().unwrap_or_default())?);
    }
    Ok(reply(200, &objects.into()))
}

fn make_many(records: &mut Records<'_, '_>, kind: &str, old: &str) -> Answer {
    let inputs = records.list()?.iter().map(|one| Ok(json!({ "properties": values(one, "name")? }))).collect::<Result<_, ErrorBody>>()?;
    batch(records, kind, old, "create", inputs)
}

fn change_many(records: &mut Records<'_, '_>, kind: &str, old: &str) -> Answer {
    let input = |one: &Value| {
        let id = id_text(one.get("objectId")).ok_or_else(|| missing_field("objectId"))?;
        Ok(json!({ "id": id, "properties": values(&one["properties"], "name")? }))
    };
    let inputs = records.list()?.iter().map(input).collect::<Result<_, ErrorBody>>()?;
    batch(records, kind, old, "update", inputs)
}

fn delete_many(records: &mut Records<'_, '_>, kind: &str) -> Answer {
    let inputs: Vec<Value> = ids(&records.body()?)?.into_iter().map(|id| json!({ "id": id })).collect();
    records.ask(Method::POST, &format!("/crm/objects/2026-09/{kind}/batch/archive"), Some(json!({ "inputs": inputs })))?;
    Ok(empty(204))
}
