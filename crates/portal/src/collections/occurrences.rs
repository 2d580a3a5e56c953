//! Occurrences of custom events: sent by integrations, kept with the record that they are of, and read back.
//!
//! The fields are those of the official clients (BehavioralEventHttpCompletionRequest, ExternalUnifiedEvent).

use keyway_core::error_body::ErrorBody;
use keyway_core::time::Timestamp;
use keyway_objects::invalid;
use keyway_objects::items::Place;
use keyway_objects::kind::Kind;
use keyway_objects::request::{bad_field, bad_parameter, id_text, inputs, missing_field, text};
use keyway_objects::state::State;
use keyway_objects::tx::Tx;
use serde_json::{Map, Value, json};

use super::shape::{self, Field, Is};
use super::{Answer, Asked, Item, missing, no_content, reply};

/// Occurrences of one call (developers.hubspot.com/docs/api-reference/events-send-event-completions-v3/guide).
const BATCH_MAX: usize = 500;
const PROPERTY: [Field; 5] = [
    ("name", Is::Text, true),
    ("label", Is::Text, true),
    ("type", Is::One(&["string", "number", "datetime", "enumeration", "bool"]), true),
    ("description", Is::Text, false),
    ("options", Is::List, false),
];
const PAGE_DEFAULT: usize = 20;
const PAGE_MAX: usize = 100;

/// `/events/v3/send`, `/events/v3/events` and the dated forms of both.
pub fn answer(asked: &Asked<'_>, rest: &[&str], tx: &mut Tx<'_>) -> Option<Answer> {
    Some(match (asked.method(), rest) {
        ("POST", ["send"]) => asked.body().and_then(|body| send(asked, &[&body], tx)),
        ("POST", ["send", "batch"]) => asked.body().and_then(|body| send(asked, &inputs(&body, BATCH_MAX)?, tx)),
        ("GET", ["events" | "event-occurrences"]) => listed(asked, tx),
        ("GET", ["events" | "event-occurrences", "event-types"]) => Ok(types(tx.state)),
        _ => return None,
    })
}

/// The properties of a definition, one by one: `/events/v3/event-definitions/{event}/property…`.
pub fn properties(asked: &Asked<'_>, event: &str, rest: &[&str], tx: &mut Tx<'_>) -> Option<Answer> {
    if !matches!((asked.method(), rest), ("POST", []) | ("PATCH" | "DELETE", [_])) {
        return None;
    }
    Some(property(asked, event, rest.first().copied(), tx))
}

fn property(asked: &Asked<'_>, event: &str, name: Option<&str>, tx: &mut Tx<'_>) -> Answer {
    let definitions = Place::new("event-definitions", &[]);
    let own = event.split_once('_').map_or(event, |(prefix, name)| if prefix == format!("pe{}", tx.state.hub_id) { name } else { event });
    let item = tx.state.items.get(&definitions, own).filter(|item| !item.is_archived());
    let mut item = item.cloned().ok_or_else(|| missing(event))?;
    let mut all = item.value["propertyDefinitions"].as_array().cloned().unwrap_or_default();
    let at = name.map(|name| all.iter().position(|property| property["name"] == *name).ok_or_else(|| missing(name))).transpose()?;
    let answer = match (asked.method(), at) {
        ("DELETE", Some(at)) => {
            all.remove(at);
            no_content()
        }
        (_, at) => {
            let given = shape::read(&PROPERTY, &asked.body()?, at.is_some())?;
            if at.is_none() && all.iter().any(|property| property["name"] == given["name"]) {
                return Err(invalid::thing_exists(given["name"].as_str().unwrap_or_default()));
            }
            let mut property = at.map_or_else(|| json!({ "description": "", "options": [], "type": "string" }), |at| all[at].clone());
            for (field, value) in given.into_iter().filter(|(field, _)| at.is_none() || field != "name") {
                property[field] = value;
            }
            match at {
                Some(at) => all[at] = property.clone(),
                None => all.push(property.clone()),
            }
            reply(if at.is_some() { 200 } else { 201 }, property)
        }
    };
    item.value["propertyDefinitions"] = all.into();
    item.value["updatedAt"] = asked.now().into();
    tx.put_item(&definitions, own, item);
    Ok(answer)
}

fn place() -> Place {
    Place::new("event-occurrences", &[])
}

fn full_name(state: &State, name: &str) -> String {
    format!("pe{}_{name}", state.hub_id)
}

/// The live definition with this full name.
fn definition<'s>(state: &'s State, event: &str) -> Option<&'s Value> {
    let mut all = state.items.of(&Place::new("event-definitions", &[])).filter(|(_, item)| !item.is_archived());
    all.find(|(name, _)| full_name(state, name) == event).map(|(_, item)| &item.value)
}

fn types(state: &State) -> crate::Reply {
    let all = state.items.of(&Place::new("event-definitions", &[])).filter(|(_, item)| !item.is_archived());
    let names: Vec<String> = all.map(|(name, _)| full_name(state, name)).collect();
    reply(200, json!({ "eventTypes": names }))
}

/// Keeps all occurrences or none. One whose record is not there is taken and not kept: HubSpot answers before it
/// looks for the record.
fn send(asked: &Asked<'_>, given: &[&Map<String, Value>], tx: &mut Tx<'_>) -> Answer {
    let (place, mut kept) = (place(), Vec::new());
    for one in given {
        let event = text(one, "eventName")?.ok_or_else(|| missing_field("eventName"))?;
        let found = definition(tx.state, event);
        let found = found.ok_or_else(|| invalid::event_unknown(event, tx.state.hub_id))?;
        let properties = match one.get("properties") {
            None | Some(Value::Null) => json!({}),
            Some(properties @ Value::Object(fields)) if fields.values().all(|value| !value.is_array() && !value.is_object()) => {
                properties.clone()
            }
            Some(_) => return Err(bad_field("properties", "must be an object of plain values")),
        };
        let subject = subject(tx.state, found["primaryObject"].as_str().unwrap_or("CONTACT"), one)?;
        let at = time(text(one, "occurredAt")?, "occurredAt")?.unwrap_or(asked.call.now);
        tx.work.write(super::size(&properties))?;
        if let Some((kind, id)) = subject {
            kept.push((event.to_owned(), kind, id, at, properties, text(one, "uuid")?.map(str::to_owned)));
        }
    }
    for (event, kind, id, at, properties, uuid) in kept {
        let number = tx.state.items.next_number(&place);
        let values: Map<String, Value> =
            properties.as_object().into_iter().flatten().map(|(name, value)| (name.clone(), as_text(value).into())).collect();
        let value = json!({
            "id": uuid.unwrap_or_else(|| super::uuid("event-occurrences", number)), "eventType": event, "occurredAt": at.to_iso(),
            "objectType": tx.state.space(kind).shouted(), "objectId": id.to_string(), "properties": values,
        });
        tx.put_item(&place, &number.to_string(), Item::new(value));
    }
    Ok(no_content())
}

fn as_text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn time(given: Option<&str>, name: &str) -> Result<Option<Timestamp>, ErrorBody> {
    given.map(|text| Timestamp::parse_iso(text).ok_or_else(|| bad_field(name, "must be a time, such as 2026-11-23T15:15:00Z"))).transpose()
}

/// The record that an occurrence is of: by its id, or by the address of a contact. A cookie alone names nobody here.
fn subject(state: &State, object_type: &str, one: &Map<String, Value>) -> Result<Option<(Kind, u64)>, ErrorBody> {
    let kind = state.spaces().map(|space| space.kind).find(|kind| state.space(*kind).shouted() == object_type);
    let Some(kind) = kind.or_else(|| state.kind(object_type)) else { return Ok(None) };
    if let Some(id) = id_text(one.get("objectId")) {
        return Ok(id.parse().ok().filter(|id| state.table(kind).live(*id).is_some()).map(|id| (kind, id)));
    }
    if let Some(email) = text(one, "email")? {
        let contacts = Kind::of("contacts").expect("contacts are a type");
        return Ok(state.table(contacts).holder("email", &email.trim().to_lowercase()).map(|id| (contacts, id)));
    }
    text(one, "utk")?.map(|_| None).ok_or_else(|| bad_field("objectId", "or email or utk is required"))
}

fn listed(asked: &Asked<'_>, tx: &Tx<'_>) -> Answer {
    let query = asked.query;
    let (limit, after) = (query.limit(PAGE_DEFAULT, PAGE_MAX)?, usize::try_from(query.after()?).unwrap_or(usize::MAX));
    let (since, until) = (asked.moment("occurredAfter")?, asked.moment("occurredBefore")?);
    let kind = query.get("objectType").map(|name| keyway_objects::crm::kind(tx.state, &name.to_lowercase())).transpose()?;
    let shouted = kind.map(|kind| tx.state.space(kind).shouted());
    let ids = query.list("id");
    let is_asked = |one: &Value| {
        let at = one["occurredAt"].as_str().and_then(Timestamp::parse_iso);
        let is = |name: &str, field: &str| query.get(name).is_none_or(|wanted| one[field] == *wanted);
        is("objectId", "objectId")
            && is("eventType", "eventType")
            && shouted.as_ref().is_none_or(|own| one["objectType"] == **own)
            && (ids.is_empty() || ids.iter().any(|id| one["id"] == **id))
            && since.is_none_or(|since| at.is_some_and(|at| at >= since))
            && until.is_none_or(|until| at.is_some_and(|at| at <= until))
    };
    let place = place();
    tx.work.each(tx.state.items.count(&place), 4)?;
    let mut all: Vec<&Value> = tx.state.items.of(&place).map(|(_, item)| &item.value).filter(|one| is_asked(one)).collect();
    all.sort_by_key(|one| one["occurredAt"].as_str().map(str::to_owned));
    match query.get("sort") {
        Some("occurredAt" | "ASCENDING") => {}
        None | Some("-occurredAt" | "DESCENDING") => all.reverse(),
        Some(other) => return Err(bad_parameter("sort", &format!("'{other}' is neither occurredAt nor -occurredAt"))),
    }
    let total = all.len();
    let results: Vec<&Value> = all.into_iter().skip(after).take(limit).collect();
    let mut body = json!({ "results": results });
    let next = after.saturating_add(limit);
    if next < total {
        body["paging"] =
            json!({ "next": { "after": next.to_string(), "link": query.link(&asked.call.base, asked.call.path.as_str(), next as u64) } });
    }
    Ok(reply(200, body))
}
