//! CRM cards of public apps (developers.hubspot.com/docs/api-reference/crm-public-app-crm-cards-v3/guide).

use keyway_core::error_body::ErrorBody;
use keyway_objects::invalid;
use keyway_objects::items::Place;
use keyway_objects::request::bad_field;
use keyway_objects::tx::Tx;
use serde_json::{Map, Value, json};

use super::shape::{self, Field, Is};
use super::{Answer, Asked, Item, missing, no_content, reply, size};

/// Cards of an app (the guide: 25).
const CARDS_MAX: usize = 25;
const CARD: [Field; 4] =
    [("title", Is::Text, true), ("fetch", Is::Object, true), ("display", Is::Object, true), ("actions", Is::Object, true)];
const FETCH: [Field; 4] = [
    ("targetUrl", Is::Url, true),
    ("objectTypes", Is::List, true),
    ("cardType", Is::One(&["EXTERNAL", "SERVERLESS"]), false),
    ("serverlessFunction", Is::Text, false),
];
const OBJECT_TYPE: [Field; 2] =
    [("name", Is::One(&["contacts", "deals", "companies", "tickets", "marketing_events"]), true), ("propertiesToSend", Is::List, true)];
const PROPERTY: [Field; 4] = [
    ("name", Is::Text, true),
    ("label", Is::Text, true),
    ("dataType", Is::One(&["BOOLEAN", "CURRENCY", "DATE", "DATETIME", "EMAIL", "LINK", "NUMERIC", "STRING", "STATUS"]), true),
    ("options", Is::List, false),
];
const MIGRATION: [Field; 4] = [
    ("appCardId", Is::Number, true),
    ("legacyCrmCardId", Is::Number, true),
    ("allowDuplicateAppCardIds", Is::Flag, true),
    ("helpdeskAppCardId", Is::Number, false),
];

pub fn answer(asked: &Asked<'_>, rest: &[&str], tx: &mut Tx<'_>) -> Option<Answer> {
    let place = |app: &str| Place::new("crm-cards", &[app]);
    let found = |tx: &Tx<'_>, app: &str, card: &str| tx.state.items.get(&place(app), card).cloned().ok_or_else(|| missing(card));
    Some(match (asked.method(), rest) {
        ("GET", ["sample-response"]) => Ok(reply(200, sample())),
        (_, ["sample-response", ..]) => return None,
        (_, [app, ..]) if !keyway_objects::webhooks::is_app(app) => Err(missing(app)),
        ("GET", [app]) => {
            let cards: Vec<&Value> = tx.state.items.of(&place(app)).map(|(_, item)| &item.value).collect();
            Ok(reply(200, json!({ "results": cards })))
        }
        ("POST", [app]) => create(asked, &place(app), tx),
        ("POST", [app, "views", "migrate"]) => migrate(asked, &place(app), tx),
        ("GET", [app, card]) => found(tx, app, card).map(|item| reply(200, item.value)),
        ("PATCH", [app, card]) => found(tx, app, card).and_then(|item| change(asked, &place(app), card, item, tx)),
        ("DELETE", [app, card]) => found(tx, app, card).map(|_| {
            tx.remove_item(&place(app), card);
            no_content()
        }),
        _ => return None,
    })
}

fn read(asked: &Asked<'_>, partly: bool) -> Result<Map<String, Value>, ErrorBody> {
    let fields = shape::read(&CARD, &asked.body()?, partly)?;
    let part = |name: &str| fields.get(name).and_then(Value::as_object);
    if let Some(fetch) = part("fetch") {
        shape::read(&FETCH, fetch, partly)?;
        shape::each("objectTypes", &OBJECT_TYPE, fetch)?;
    }
    if let Some(display) = part("display") {
        shape::read(&[("properties", Is::List, true)], display, false)?;
        shape::each("properties", &PROPERTY, display)?;
    }
    if let Some(actions) = part("actions") {
        shape::read(&[("baseUrls", Is::List, true)], actions, false)?;
        let mut all = actions["baseUrls"].as_array().into_iter().flatten();
        if all.any(|url| !url.as_str().is_some_and(|url| url.starts_with("https://"))) {
            return Err(bad_field("baseUrls", "must be URLs that begin with https://"));
        }
    }
    Ok(fields)
}

fn create(asked: &Asked<'_>, place: &Place, tx: &mut Tx<'_>) -> Answer {
    let mut value = Value::from(read(asked, false)?);
    tx.work.write(size(&value))?;
    if tx.state.items.count(place) >= CARDS_MAX {
        return Err(invalid::cards_too_many(CARDS_MAX));
    }
    let id = tx.state.items.next_number(place).to_string();
    value["id"] = id.as_str().into();
    value["createdAt"] = asked.now().into();
    value["auditHistory"] = json!([]);
    keep(asked, place, &id, value, "CREATE", tx).map(|value| reply(201, value))
}

fn change(asked: &Asked<'_>, place: &Place, id: &str, item: Item, tx: &mut Tx<'_>) -> Answer {
    let mut value = item.value;
    for (name, field) in read(asked, true)? {
        match (&mut value[&name], field) {
            // What the fetch has and the change does not name stays.
            (Value::Object(before), Value::Object(fields)) if name == "fetch" => before.extend(fields),
            (before, field) => *before = field,
        }
    }
    keep(asked, place, id, value, "UPDATE", tx).map(|value| reply(200, value))
}

/// Stores a card with one entry more in its history; the ten newest are kept.
fn keep(asked: &Asked<'_>, place: &Place, id: &str, mut value: Value, action: &str, tx: &mut Tx<'_>) -> Result<Value, ErrorBody> {
    tx.work.write(size(&value))?;
    value["updatedAt"] = asked.now().into();
    if let Some(history) = value["auditHistory"].as_array_mut() {
        history.push(json!({
            "actionType": action, "applicationId": asked.call.app_id, "authSource": "APP", "changedAt": asked.call.now.as_ms(),
            "initiatingUserId": asked.call.user_id, "objectTypeId": 0,
        }));
        let over = history.len().saturating_sub(10);
        history.drain(..over);
    }
    tx.put_item(place, id, Item::new(value.clone()));
    Ok(value)
}

/// The views that had a legacy card have the card of the app's project in its place; an embedded account has no views.
fn migrate(asked: &Asked<'_>, place: &Place, tx: &Tx<'_>) -> Answer {
    let body = shape::read(&MIGRATION, &asked.body()?, false)?;
    let legacy = body["legacyCrmCardId"].to_string();
    if tx.state.items.get(place, &legacy).is_none() {
        return Err(missing(&legacy));
    }
    let at = asked.call.now.as_ms();
    Ok(reply(
        200,
        json!({ "message": "The views have been migrated.", "startedAt": at, "endedAt": at, "totalPortalCount": 1, "remainingPortalCount": 0 }),
    ))
}

/// What a target is to answer, by way of example.
fn sample() -> Value {
    json!({
        "responseVersion": "v3", "cardLabel": "Example card", "totalCount": 1, "allItemsLinkUrl": "https://example.com/items",
        "sections": [{
            "id": "1", "title": "First item", "linkUrl": "https://example.com/items/1", "actions": [],
            "tokens": [{ "name": "status", "label": "Status", "dataType": "STRING", "value": "open" }],
        }],
        "topLevelActions": { "secondary": [] },
    })
}
