//! Marketing events: made by an integration under its own account and id, with contacts who register, attend or cancel.
//!
//! The forms are those of the official clients' models; what an attendance does is from
//! developers.hubspot.com/docs/api-reference/marketing-marketing-events-v3/guide.

mod attendance;
mod lists;
mod shown;

use keyway_core::error_body::ErrorBody;
use keyway_objects::invalid;
use keyway_objects::items::Place;
use keyway_objects::request::{bad_field, bad_parameter, id_text, inputs, missing_field};
use keyway_objects::state::State;
use keyway_objects::tx::Tx;
use serde_json::{Map, Value, json};

use super::{Answer, Asked, Item, missing, no_content, reply, shape};

/// Inputs of a batch.
const BATCH_MAX: usize = 100;
/// What an integration must say of a new event.
const REQUIRED: [&str; 4] = ["externalAccountId", "externalEventId", "eventName", "eventOrganizer"];
/// Fields that the account keeps itself.
const OWN: [&str; 6] = ["id", "objectId", "createdAt", "updatedAt", "appInfo", "appId"];

pub fn answer(asked: &Asked<'_>, rest: &[&str], tx: &mut Tx<'_>) -> Option<Answer> {
    Some(match (asked.method(), rest) {
        ("GET", []) => {
            super::page(asked, all(tx.state).map(|(_, event)| shown::read(tx.state, event)).collect::<Vec<_>>().iter().collect(), false)
        }
        ("POST", ["events"]) => asked.body().and_then(|body| Ok(reply(200, create(asked, tx, body)?))),
        ("GET", ["events", "search"]) => search(asked, tx.state),
        ("POST", ["events", "upsert"]) => upsert_many(asked, tx),
        ("POST", ["events", "delete"]) => delete_many(asked, tx),
        ("GET", ["events", event]) => by_external(asked, tx.state, event).map(|(_, event)| reply(200, shown::read(tx.state, &event))),
        ("PUT", ["events", event]) => upsert_one(asked, tx, event),
        ("PATCH", ["events", event]) => change(asked, tx, &|state| by_external(asked, state, event)),
        ("DELETE", ["events", event]) => by_external(asked, tx.state, event).map(|(id, _)| remove(tx, &id)),
        ("POST", ["events", event, "cancel"]) => finish(asked, tx, event, false),
        ("POST", ["events", event, "complete"]) => finish(asked, tx, event, true),
        ("POST", ["events", event, state, form @ ("upsert" | "email-upsert")]) => {
            by_external(asked, tx.state, event).and_then(|(id, _)| attendance::put(asked, tx, &id, state, *form == "email-upsert", false))
        }
        ("POST", ["attendance", event, state, form @ ("create" | "email-create")]) => {
            by_external(asked, tx.state, event).and_then(|(id, _)| attendance::put(asked, tx, &id, state, *form == "email-create", true))
        }
        ("POST", [id, "attendance", state, form @ ("create" | "email-create")]) => {
            by_id(tx.state, id).and_then(|(id, _)| attendance::put(asked, tx, &id, state, *form == "email-create", true))
        }
        ("POST", ["batch", "update"]) => change_many(asked, tx),
        ("POST", ["batch", "archive"]) => archive_many(asked, tx),
        (_, ["associations", rest @ ..]) => return lists::answer(asked, rest, tx),
        ("GET", ["participations", rest @ ..]) => return attendance::read(asked, rest, tx),
        (_, [app, "settings"]) => return settings(asked, app, tx),
        ("GET", [event, "identifiers"]) => Ok(identifiers(tx.state, event)),
        ("GET", [id]) => by_id(tx.state, id).map(|(_, event)| reply(200, shown::read(tx.state, &event))),
        ("PATCH", [id]) => change(asked, tx, &|state| by_id(state, id)),
        ("DELETE", [id]) => by_id(tx.state, id).map(|(id, _)| remove(tx, &id)),
        _ => return None,
    })
}

fn place() -> Place {
    Place::new("marketing-events", &[])
}

fn all(state: &State) -> impl Iterator<Item = (&str, &Value)> {
    state.items.of(&place()).filter(|(_, item)| !item.is_archived()).map(|(id, item)| (id, &item.value))
}

/// An event's id, and the event.
type Found = (String, Value);

fn by_id(state: &State, id: &str) -> Result<Found, ErrorBody> {
    all(state).find(|(own, _)| *own == id).map(|(id, event)| (id.to_owned(), event.clone())).ok_or_else(|| missing(id))
}

/// By the integration's own id; the account of the integration says which one, where several have it.
fn by_external(asked: &Asked<'_>, state: &State, event: &str) -> Result<Found, ErrorBody> {
    external(state, asked.query.get("externalAccountId"), event).ok_or_else(|| missing(event))
}

fn external(state: &State, account: Option<&str>, event: &str) -> Option<Found> {
    let is = |own: &Value| own["externalEventId"] == event && account.is_none_or(|account| own["externalAccountId"] == account);
    all(state).find(|(_, own)| is(own)).map(|(id, own)| (id.to_owned(), own.clone()))
}

fn given(body: &Map<String, Value>) -> Result<Map<String, Value>, ErrorBody> {
    for name in ["eventCancelled", "eventCompleted"] {
        if body.get(name).is_some_and(|value| !value.is_boolean() && !value.is_null()) {
            return Err(bad_field(name, "must be true or false"));
        }
    }
    for name in ["eventName", "eventOrganizer", "eventType", "eventDescription", "eventUrl", "startDateTime", "endDateTime"] {
        if body.get(name).is_some_and(|value| !value.is_string() && !value.is_null()) {
            return Err(bad_field(name, "must be a string"));
        }
    }
    if body.get("customProperties").is_some_and(|value| !value.is_array()) {
        return Err(bad_field("customProperties", "must be a list"));
    }
    Ok(body.iter().filter(|(name, _)| !OWN.contains(&name.as_str())).map(|(name, value)| (name.clone(), value.clone())).collect())
}

fn create(asked: &Asked<'_>, tx: &mut Tx<'_>, body: Map<String, Value>) -> Result<Value, ErrorBody> {
    let fields = given(&body)?;
    if let Some(name) = REQUIRED.iter().find(|name| fields.get(**name).and_then(Value::as_str).is_none_or(str::is_empty)) {
        return Err(missing_field(name));
    }
    let (account, event) =
        (fields["externalAccountId"].as_str().unwrap_or_default(), fields["externalEventId"].as_str().unwrap_or_default());
    if external(tx.state, Some(account), event).is_some() {
        return Err(invalid::thing_exists(event));
    }
    let id = tx.state.items.next_number(&place()).to_string();
    let mut value = json!({ "eventCancelled": false, "eventCompleted": false, "customProperties": [] });
    shape::set(&mut value, fields);
    value["objectId"] = id.as_str().into();
    value["id"] = id.as_str().into();
    value["appId"] = asked.call.app_id.into();
    value["createdAt"] = asked.now().into();
    value["updatedAt"] = asked.now().into();
    tx.put_item(&place(), &id, Item::new(value.clone()));
    Ok(value)
}

fn put(asked: &Asked<'_>, tx: &mut Tx<'_>, (id, mut event): Found, fields: Map<String, Value>) -> Value {
    shape::set(&mut event, fields);
    event["updatedAt"] = asked.now().into();
    tx.put_item(&place(), &id, Item::new(event.clone()));
    event
}

fn change(asked: &Asked<'_>, tx: &mut Tx<'_>, find: &dyn Fn(&State) -> Result<Found, ErrorBody>) -> Answer {
    let fields = given(&asked.body()?)?;
    let found = find(tx.state)?;
    Ok(reply(200, put(asked, tx, found, fields)))
}

fn upsert_one(asked: &Asked<'_>, tx: &mut Tx<'_>, event: &str) -> Answer {
    let mut body = asked.body()?;
    body.insert("externalEventId".to_owned(), event.into());
    Ok(reply(200, upsert(asked, tx, body)?))
}

fn upsert(asked: &Asked<'_>, tx: &mut Tx<'_>, body: Map<String, Value>) -> Result<Value, ErrorBody> {
    let account = body.get("externalAccountId").and_then(Value::as_str);
    match external(tx.state, account, body.get("externalEventId").and_then(Value::as_str).unwrap_or_default()) {
        Some(found) => {
            let fields = given(&body)?;
            Ok(put(asked, tx, found, fields))
        }
        None => create(asked, tx, body),
    }
}

/// Performs all inputs or none.
fn each(
    asked: &Asked<'_>,
    tx: &mut Tx<'_>,
    one: impl Fn(&mut Tx<'_>, &Map<String, Value>) -> Result<Value, ErrorBody>,
) -> Result<Vec<Value>, ErrorBody> {
    let (body, mark) = (asked.body()?, tx.mark());
    let done: Result<Vec<Value>, ErrorBody> = inputs(&body, BATCH_MAX)?.into_iter().map(|input| one(tx, input)).collect();
    done.inspect_err(|_| tx.back_to(mark))
}

fn batch(asked: &Asked<'_>, results: Vec<Value>) -> keyway_objects::call::Reply {
    reply(200, json!({ "status": "COMPLETE", "results": results, "startedAt": asked.now(), "completedAt": asked.now() }))
}

fn upsert_many(asked: &Asked<'_>, tx: &mut Tx<'_>) -> Answer {
    each(asked, tx, |tx, input| upsert(asked, tx, input.clone())).map(|results| batch(asked, results))
}

fn change_many(asked: &Asked<'_>, tx: &mut Tx<'_>) -> Answer {
    let one = |tx: &mut Tx<'_>, input: &Map<String, Value>| {
        let found = by_id(tx.state, &object_id(input)?)?;
        let fields = given(input)?;
        Ok(put(asked, tx, found, fields))
    };
    each(asked, tx, one).map(|results| batch(asked, results))
}

fn object_id(input: &Map<String, Value>) -> Result<String, ErrorBody> {
    id_text(input.get("objectId")).ok_or_else(|| missing_field("objectId"))
}

fn remove(tx: &mut Tx<'_>, id: &str) -> keyway_objects::call::Reply {
    attendance::forget(tx, id);
    tx.remove_item(&place(), id);
    no_content()
}

/// Events that are not there are passed over.
fn archive_many(asked: &Asked<'_>, tx: &mut Tx<'_>) -> Answer {
    let body = asked.body()?;
    let ids = inputs(&body, BATCH_MAX)?.into_iter().map(object_id).collect::<Result<Vec<_>, _>>()?;
    for id in ids {
        if by_id(tx.state, &id).is_ok() {
            remove(tx, &id);
        }
    }
    Ok(no_content())
}

fn delete_many(asked: &Asked<'_>, tx: &mut Tx<'_>) -> Answer {
    let body = asked.body()?;
    let mut found = Vec::new();
    for input in inputs(&body, BATCH_MAX)? {
        let field = |name: &str| input.get(name).and_then(Value::as_str).ok_or_else(|| missing_field(name));
        found.extend(external(tx.state, Some(field("externalAccountId")?), field("externalEventId")?).map(|(id, _)| id));
    }
    for id in found {
        remove(tx, &id);
    }
    Ok(no_content())
}

/// A completed event has its times from the call; those who registered and did not attend did not show up.
fn finish(asked: &Asked<'_>, tx: &mut Tx<'_>, event: &str, completed: bool) -> Answer {
    let found = by_external(asked, tx.state, event)?;
    let mut fields = Map::new();
    if completed {
        let body = asked.body()?;
        for name in ["startDateTime", "endDateTime"] {
            let time = body.get(name).and_then(Value::as_str).ok_or_else(|| missing_field(name))?;
            fields.insert(name.to_owned(), time.into());
        }
        fields.insert("eventCompleted".to_owned(), true.into());
        attendance::close(asked, tx, &found.0);
    } else {
        fields.insert("eventCancelled".to_owned(), true.into());
    }
    Ok(reply(200, put(asked, tx, found, fields)))
}

fn search(asked: &Asked<'_>, state: &State) -> Answer {
    let wanted = asked.query.get("q").ok_or_else(|| bad_parameter("q", "q is required"))?;
    let results: Vec<Value> =
        all(state).filter(|(_, event)| event["externalEventId"] == wanted).map(|(id, event)| shown::found(id, event)).collect();
    Ok(reply(200, json!({ "results": results })))
}

fn identifiers(state: &State, event: &str) -> keyway_objects::call::Reply {
    let results: Vec<Value> =
        all(state).filter(|(_, own)| own["externalEventId"] == event).map(|(id, own)| shown::identifiers(id, own)).collect();
    reply(200, json!({ "total": results.len(), "results": results }))
}

/// Where an app's own page of an event is.
fn settings(asked: &Asked<'_>, app: &str, tx: &mut Tx<'_>) -> Option<Answer> {
    let place = Place::new("marketing-event-settings", &[]);
    Some(match asked.method() {
        "GET" => tx.state.items.get(&place, app).map(|item| reply(200, item.value.clone())).ok_or_else(|| missing(app)),
        "POST" => asked.body().and_then(|body| {
            let url = body.get("eventDetailsUrl").and_then(Value::as_str).ok_or_else(|| missing_field("eventDetailsUrl"))?;
            let value = json!({ "appId": app.parse::<u64>().unwrap_or_default(), "eventDetailsUrl": url });
            tx.put_item(&place, app, Item::new(value.clone()));
            Ok(reply(200, value))
        }),
        _ => return None,
    })
}
