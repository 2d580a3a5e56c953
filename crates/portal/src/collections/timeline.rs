//! Events of apps on the timelines of records: made from a template, read back, and rendered.
//!
//! developers.hubspot.com/docs/api-reference/crm-timeline-v3/guide: tokens fill the template in, and a token with an
//! `objectPropertyName` sets that property of the record.

use keyway_core::error_body::ErrorBody;
use keyway_core::time::Timestamp;
use keyway_objects::invalid;
use keyway_objects::items::Place;
use keyway_objects::request::{bad_field, id_text, inputs, text};
use keyway_objects::state::State;
use keyway_objects::tx::Tx;
use keyway_objects::value::is_email;
use serde_json::{Map, Value, json};

use super::people::{self, Who, contacts};
use super::shape::{self, Field, Is};
use super::{Answer, Asked, BATCH_MAX, Item, missing, no_content, reply, size, uuid};

const TEMPLATES: &str = "timeline-templates";
const TYPES: Is = Is::One(&["date", "enumeration", "number", "string"]);
const TOKEN: [Field; 5] = [
    ("name", Is::Text, true),
    ("label", Is::Text, true),
    ("type", TYPES, true),
    ("objectPropertyName", Is::Text, false),
    ("options", Is::List, false),
];
const TOKEN_CHANGE: [Field; 3] = [("label", Is::Text, true), ("objectPropertyName", Is::Text, false), ("options", Is::List, false)];
const OPTION: [Field; 2] = [("value", Is::Text, true), ("label", Is::Text, true)];
const EVENT: [Field; 9] = [
    ("eventTemplateId", Is::Text, true),
    ("tokens", Is::Object, true),
    ("id", Is::Text, false),
    ("email", Is::Text, false),
    ("objectId", Is::Text, false),
    ("utk", Is::Text, false),
    ("domain", Is::Text, false),
    ("timestamp", Is::Date, false),
    ("timelineIFrame", Is::Object, false),
];

fn events() -> Place {
    Place::new("timeline-events", &[])
}

/// `/integrators/timeline/v3/events…` and its dated form.
pub fn answer(asked: &Asked<'_>, rest: &[&str], tx: &mut Tx<'_>) -> Option<Answer> {
    Some(match (asked.method(), rest) {
        ("POST", []) => asked.body().and_then(|body| {
            let event = read(asked, tx.state, &body)?;
            Ok(reply(201, put(asked, tx, event)?))
        }),
        ("POST", ["batch", "create"] | ["batch"]) => many(asked, tx),
        ("GET", [template, id]) => found(tx.state, template, id).map(|event| reply(200, event.clone())),
        ("GET", [template, id, "detail"]) => {
            found(tx.state, template, id).map(|event| reply(200, json!({ "details": rendered(tx.state, event, "detailTemplate") })))
        }
        ("GET", [template, id, "render"]) => found(tx.state, template, id).and_then(|event| {
            let name = if asked.query.flag("detail")? { "detailTemplate" } else { "headerTemplate" };
            Ok(reply(200, rendered(tx.state, event, name).into()))
        }),
        _ => return None,
    })
}

fn found<'s>(state: &'s State, template: &str, id: &str) -> Result<&'s Value, ErrorBody> {
    let event = state.items.get(&events(), id).map(|item| &item.value).filter(|event| event["eventTemplateId"] == *template);
    event.ok_or_else(|| missing(id))
}

/// A template of any app.
fn template<'s>(state: &'s State, id: &str) -> Option<&'s Value> {
    let apps = state.items.parents(TEMPLATES);
    apps.iter()
        .find_map(|app| state.items.get(&Place::new(TEMPLATES, &[app.as_str()]), id))
        .filter(|item| !item.is_archived())
        .map(|item| &item.value)
}

/// An event that can be put.
struct Event {
    fields: Map<String, Value>,
    who: Who,
    object_type: Value,
    properties: Map<String, Value>,
    /// Of any form.
    extra: Option<Value>,
}

fn read(asked: &Asked<'_>, state: &State, body: &Map<String, Value>) -> Result<Event, ErrorBody> {
    let mut fields = shape::read(&EVENT, body, false)?;
    asked.work.write(size(&Value::from(fields.clone())))?;
    let id = fields["eventTemplateId"].as_str().unwrap_or_default().to_owned();
    let template = template(state, &id).ok_or_else(|| invalid::template_invalid(&id))?;
    let (mut properties, mut tokens) = (Map::new(), Map::new());
    for (name, value) in fields["tokens"].as_object().into_iter().flatten() {
        let token = template["tokens"].as_array().into_iter().flatten().find(|token| token["name"] == **name);
        let token = token.ok_or_else(|| bad_field("tokens", &format!("name {name}, which the template does not have")))?;
        let value = plain(value).ok_or_else(|| bad_field("tokens", &format!("hold more than a plain value in {name}")))?;
        check_token(token, name, &value)?;
        tokens.insert(name.clone(), value.as_str().into());
        if let Some(property) = token["objectPropertyName"].as_str().filter(|property| !property.is_empty()) {
            properties.insert(property.to_owned(), value.into());
        }
    }
    let object_type = template["objectType"].clone();
    fields.insert("tokens".to_owned(), tokens.into());
    let who = who(state, object_type.as_str().unwrap_or("contacts"), &fields)?;
    if !properties.is_empty() || people::found(state, &who).is_none() {
        people::check(asked, state, &who, &properties)?;
    }
    if let Some(id) = text(&fields, "id")?.filter(|id| state.items.get(&events(), id).is_some()) {
        return Err(invalid::thing_exists(id));
    }
    Ok(Event { fields, who, object_type, properties, extra: body.get("extraData").cloned() })
}

fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        _ => None,
    }
}

fn check_token(token: &Value, name: &str, value: &str) -> Result<(), ErrorBody> {
    let fits = match token["type"].as_str() {
        Some("number") => value.parse::<f64>().is_ok(),
        Some("date") => value.parse::<i64>().is_ok() || Timestamp::parse_iso(value).is_some(),
        Some("enumeration") => token["options"].as_array().into_iter().flatten().any(|option| option["value"] == *value),
        _ => true,
    };
    if fits {
        Ok(())
    } else {
        Err(bad_field("tokens", &format!("hold in {name} what is no {}", token["type"].as_str().unwrap_or("string"))))
    }
}

fn who(state: &State, object_type: &str, fields: &Map<String, Value>) -> Result<Who, ErrorBody> {
    let kind = keyway_objects::crm::kind(state, &object_type.to_lowercase())?;
    if let Some(id) = id_text(fields.get("objectId")) {
        let id = id.parse().ok().filter(|id| state.table(kind).live(*id).is_some()).ok_or_else(|| missing(&id))?;
        return Ok(Who::Record(kind, id));
    }
    if let Some(email) = text(fields, "email")?.filter(|_| kind == contacts()) {
        let email = email.trim().to_lowercase();
        return if is_email(&email) { Ok(Who::Email(email)) } else { Err(bad_field("email", "must be an e-mail address")) };
    }
    Err(bad_field("objectId", "or email is required"))
}

fn put(asked: &Asked<'_>, tx: &mut Tx<'_>, event: Event) -> Result<Value, ErrorBody> {
    let record = people::write(asked, tx, &event.who, &event.properties)?;
    let number = tx.state.items.count(&events()) as u64 + 1;
    let id = event.fields.get("id").and_then(Value::as_str).map_or_else(|| uuid("timeline-events", number), str::to_owned);
    let mut value = Value::from(event.fields);
    if let Some(extra) = event.extra {
        value["extraData"] = extra;
    }
    value["id"] = id.as_str().into();
    value["objectId"] = record.to_string().into();
    value["objectType"] = event.object_type;
    value["createdAt"] = asked.now().into();
    if value.get("timestamp").is_none() {
        value["timestamp"] = asked.now().into();
    }
    tx.put_item(&events(), &id, Item::new(value.clone()));
    Ok(value)
}

/// All events of a batch or none.
fn many(asked: &Asked<'_>, tx: &mut Tx<'_>) -> Answer {
    let body = asked.body()?;
    let read: Vec<Event> = inputs(&body, BATCH_MAX)?.into_iter().map(|input| read(asked, tx.state, input)).collect::<Result<_, _>>()?;
    let results = read.into_iter().map(|event| put(asked, tx, event)).collect::<Result<Vec<_>, _>>()?;
    Ok(reply(201, json!({ "status": "COMPLETE", "results": results, "startedAt": asked.now(), "completedAt": asked.now() })))
}

/// The text of an event: the template's, with `{{token}}` and `{{extraData.name}}` filled in. HubSpot's templates can do more
/// (Handlebars); what else is between braces is left out.
fn rendered(state: &State, event: &Value, which: &str) -> String {
    let id = event["eventTemplateId"].as_str().unwrap_or_default();
    let source = template(state, id).and_then(|template| template[which].as_str()).unwrap_or_default();
    let (mut text, mut rest) = (String::new(), source);
    while let Some((before, tail)) = rest.split_once("{{") {
        text.push_str(before);
        let Some((name, after)) = tail.split_once("}}") else {
            rest = "";
            break;
        };
        let name = name.trim_matches(['{', '}', ' ']);
        let value = match name.strip_prefix("extraData.") {
            Some(path) => path.split('.').fold(&event["extraData"], |value, part| &value[part]),
            None => &event["tokens"][name],
        };
        text.push_str(&plain(value).unwrap_or_default());
        rest = after.trim_start_matches('}');
    }
    text + rest
}

/// The tokens of a template, one by one.
pub fn tokens(asked: &Asked<'_>, app: &str, template: &str, rest: &[&str], tx: &mut Tx<'_>) -> Option<Answer> {
    matches!((asked.method(), rest), ("POST", []) | ("PUT" | "DELETE", [_])).then(|| token(asked, app, template, rest.first().copied(), tx))
}

fn token(asked: &Asked<'_>, app: &str, template: &str, name: Option<&str>, tx: &mut Tx<'_>) -> Answer {
    let place = Place::new(TEMPLATES, &[app]);
    let mut item = tx.state.items.get(&place, template).filter(|item| !item.is_archived()).cloned().ok_or_else(|| missing(template))?;
    let mut tokens = item.value["tokens"].as_array().cloned().unwrap_or_default();
    let at = name.map(|name| tokens.iter().position(|token| token["name"] == *name).ok_or_else(|| missing(name))).transpose()?;
    let answer = match (asked.method(), at) {
        ("DELETE", Some(at)) => {
            tokens.remove(at);
            no_content()
        }
        (_, at) => {
            // The name and the type of a token stay.
            let form = if at.is_some() { &TOKEN_CHANGE[..] } else { &TOKEN };
            let given = shape::read(form, &asked.body()?, false)?;
            shape::each("options", &OPTION, &given)?;
            if at.is_none() && tokens.iter().any(|token| token["name"] == given["name"]) {
                return Err(invalid::thing_exists(given["name"].as_str().unwrap_or_default()));
            }
            let mut token = at.map_or_else(|| json!({ "createdAt": asked.now() }), |at| tokens[at].clone());
            for (field, value) in given {
                token[field] = value;
            }
            token["updatedAt"] = asked.now().into();
            match at {
                Some(at) => tokens[at] = token.clone(),
                None => tokens.push(token.clone()),
            }
            reply(200, token)
        }
    };
    item.value["tokens"] = tokens.into();
    item.value["updatedAt"] = asked.now().into();
    tx.put_item(&place, template, item);
    Ok(answer)
}
