//! Custom workflow actions: definitions of an app with their functions and revisions, and the callbacks of executions.
//!
//! developers.hubspot.com/docs/api-reference/automation-automation-v4-v4/guide. No workflow runs here, so that no execution
//! waits: a completion is checked and kept.

use keyway_core::error_body::ErrorBody;
use keyway_objects::invalid;
use keyway_objects::items::Place;
use keyway_objects::request::{bad_field, decoded, inputs, missing_field};
use keyway_objects::tx::Tx;
use keyway_objects::work::Exceeded;
use serde_json::{Map, Value, json};

use super::shape::{self, Field, Is};
use super::{Answer, Asked, BATCH_MAX, Item, missing, no_content, page, reply, size};

const TYPES: [&str; 4] = ["PRE_ACTION_EXECUTION", "PRE_FETCH_OPTIONS", "POST_FETCH_OPTIONS", "POST_ACTION_EXECUTION"];
const DEFINITION: [Field; 10] = [
    ("actionUrl", Is::Url, true),
    ("published", Is::Flag, true),
    ("labels", Is::Object, true),
    ("inputFields", Is::List, true),
    ("objectTypes", Is::List, true),
    ("functions", Is::List, true),
    ("outputFields", Is::List, false),
    ("executionRules", Is::List, false),
    ("inputFieldDependencies", Is::List, false),
    ("objectRequestOptions", Is::Object, false),
];
const INPUT: [Field; 3] = [("typeDefinition", Is::Object, true), ("isRequired", Is::Flag, true), ("supportedValueTypes", Is::List, false)];
const FUNCTION: [Field; 3] = [("functionType", Is::One(&TYPES), true), ("functionSource", Is::Text, true), ("id", Is::Text, false)];
/// Revisions of one definition; the newest are kept.
const REVISIONS_MAX: usize = 50;

pub fn answer(asked: &Asked<'_>, rest: &[&str], tx: &mut Tx<'_>) -> Option<Answer> {
    Some(match (asked.method(), rest) {
        ("POST", ["callbacks", "complete"]) => complete_many(asked, tx),
        ("POST", ["callbacks", id, "complete"]) => asked.body().and_then(|body| {
            complete(asked, tx, id, &body)?;
            Ok(no_content())
        }),
        (_, ["callbacks", ..]) => return None,
        (_, [app, ..]) if !keyway_objects::webhooks::is_app(app) => Err(missing(app)),
        ("GET", [app]) => list(asked, app, tx),
        ("POST", [app]) => create(asked, app, tx),
        ("GET", [app, id]) => Definition::find(tx, app, id, asked.query.flag("archived")).map(|one| reply(200, one.item.value)),
        ("PATCH", [app, id]) => Definition::live(tx, app, id).and_then(|one| one.change(asked, tx)),
        ("DELETE", [app, id]) => Definition::live(tx, app, id).map(|one| one.archive(asked, tx)),
        (_, [app, id, "functions", rest @ ..]) => match Definition::live(tx, app, id) {
            Ok(one) => return one.functions(asked, rest, tx),
            Err(refused) => Err(refused),
        },
        ("GET", [app, id, "revisions"]) => Definition::live(tx, app, id).and_then(|one| one.revisions(asked, tx)),
        ("GET", [app, id, "revisions", revision]) => Definition::live(tx, app, id).and_then(|one| {
            tx.state.items.get(&one.revision_place(), revision).map(|item| reply(200, item.value.clone())).ok_or_else(|| missing(revision))
        }),
        (method, [app, id, "requires-object"]) => Definition::live(tx, app, id).and_then(|one| one.requires_object(asked, method, tx)),
        _ => return None,
    })
}

fn list(asked: &Asked<'_>, app: &str, tx: &Tx<'_>) -> Answer {
    let archived = asked.query.flag("archived")?;
    let all = tx.state.items.of(&place(app)).map(|(_, item)| item).filter(|item| item.is_archived() == archived);
    page(asked, all.map(|item| &item.value).collect(), false)
}

fn place(app: &str) -> Place {
    Place::new("action-definitions", &[app])
}

/// The fields of a definition, with what it is made of checked.
fn fields(body: &Map<String, Value>, partly: bool) -> Result<Map<String, Value>, ErrorBody> {
    let fields = shape::read(&DEFINITION, body, partly)?;
    shape::each("inputFields", &INPUT, &fields)?;
    shape::each("outputFields", &INPUT[..1], &fields)?;
    shape::each("functions", &FUNCTION, &fields)?;
    if let Some(labels) = fields.get("labels").and_then(Value::as_object) {
        if !labels.contains_key("en") {
            return Err(bad_field("labels", "must have the language en"));
        }
        for label in labels.values() {
            let label = label.as_object().ok_or_else(|| bad_field("labels", "must be an object of labels by language"))?;
            shape::read(&[("actionName", Is::Text, true)], label, false)?;
        }
    }
    Ok(fields)
}

fn create(asked: &Asked<'_>, app: &str, tx: &mut Tx<'_>) -> Answer {
    let mut fields = fields(&asked.body()?, false)?;
    tx.work.write(3 * size(&Value::from(fields.clone())))?;
    let id = tx.state.items.next_number(&place(app)).to_string();
    let given = fields.insert("functions".to_owned(), json!([]));
    let mut one = Definition { app: app.to_owned(), id: id.clone(), item: Item::new(fields.into()) };
    for function in given.as_ref().and_then(Value::as_array).into_iter().flatten() {
        let text = |name: &str| function[name].as_str().unwrap_or_default();
        one.put_function(tx, text("functionType"), text("id"), text("functionSource"));
    }
    one.item.value["id"] = id.into();
    one.keep(asked, tx);
    Ok(reply(201, one.item.value))
}

/// A definition that is there.
struct Definition {
    app: String,
    id: String,
    item: Item,
}

impl Definition {
    fn find(tx: &Tx<'_>, app: &str, id: &str, archived: Result<bool, ErrorBody>) -> Result<Self, ErrorBody> {
        let archived = archived?;
        let item = tx.state.items.get(&place(app), id).filter(|item| item.is_archived() == archived);
        item.map(|item| Self { app: app.to_owned(), id: id.to_owned(), item: item.clone() }).ok_or_else(|| missing(id))
    }

    fn live(tx: &Tx<'_>, app: &str, id: &str) -> Result<Self, ErrorBody> {
        Self::find(tx, app, id, Ok(false))
    }

    fn revision_place(&self) -> Place {
        Place::new("action-revisions", &[&self.app, &self.id])
    }

    fn function_place(&self) -> Place {
        Place::new("action-functions", &[&self.app, &self.id])
    }

    /// Stores the definition as its next revision.
    fn keep(&mut self, asked: &Asked<'_>, tx: &mut Tx<'_>) {
        let place = self.revision_place();
        let last = tx.state.items.of(&place).last().and_then(|(id, _)| id.parse::<u64>().ok()).unwrap_or_default();
        let revision = (last + 1).to_string();
        self.item.value["revisionId"] = revision.as_str().into();
        let oldest = tx.state.items.of(&place).next().map(|(id, _)| id.to_owned());
        if let Some(oldest) = oldest.filter(|_| tx.state.items.count(&place) >= REVISIONS_MAX) {
            tx.remove_item(&place, &oldest);
        }
        let value = json!({ "id": revision, "revisionId": revision, "createdAt": asked.now(), "definition": self.item.value });
        tx.put_item(&place, &revision, Item::new(value));
        tx.put_item(&self::place(&self.app), &self.id, self.item.clone());
    }

    fn charge(&self, tx: &Tx<'_>) -> Result<(), Exceeded> {
        tx.work.write(3 * size(&self.item.value))
    }

    fn change(mut self, asked: &Asked<'_>, tx: &mut Tx<'_>) -> Answer {
        let fields = fields(&asked.body()?, true)?;
        tx.work.write(3 * size(&Value::from(fields.clone())))?;
        self.charge(tx)?;
        // Functions have calls of their own.
        shape::set(&mut self.item.value, fields.into_iter().filter(|(name, _)| name != "functions"));
        self.keep(asked, tx);
        Ok(reply(200, self.item.value))
    }

    fn archive(mut self, asked: &Asked<'_>, tx: &mut Tx<'_>) -> crate::Reply {
        self.item.archived_at = Some(asked.call.now);
        self.item.value["archivedAt"] = asked.call.now.as_ms().into();
        tx.put_item(&place(&self.app), &self.id, self.item);
        no_content()
    }

    fn revisions(&self, asked: &Asked<'_>, tx: &Tx<'_>) -> Answer {
        let mut all: Vec<&Value> = tx.state.items.of(&self.revision_place()).map(|(_, item)| &item.value).collect();
        all.reverse();
        page(asked, all, false)
    }

    /// A function by its type, and by its id where it has one.
    fn functions(mut self, asked: &Asked<'_>, rest: &[&str], tx: &mut Tx<'_>) -> Option<Answer> {
        let (kind, id) = match (asked.method(), rest) {
            ("GET", []) => return Some(Ok(reply(200, json!({ "results": self.item.value["functions"] })))),
            (_, [kind]) => (kind, String::new()),
            (_, [kind, id]) => (kind, decoded(id)),
            _ => return None,
        };
        let (place, key) = (self.function_place(), key(kind, &id));
        let known = tx.state.items.get(&place, &key).map(|item| item.value.clone());
        Some(match (asked.method(), known) {
            ("PUT", _) => self.set_function(asked, tx, kind, &id),
            ("GET" | "DELETE", None) => Err(missing(kind)),
            ("GET", Some(function)) => Ok(reply(200, function)),
            ("DELETE", Some(_)) => {
                tx.remove_item(&place, &key);
                if let Some(functions) = self.item.value["functions"].as_array_mut() {
                    functions.retain(|own| *own != identifier(kind, &id));
                }
                self.keep(asked, tx);
                Ok(no_content())
            }
            _ => return None,
        })
    }

    /// The body is the source of the function itself: a JSON text, or plain text.
    fn set_function(mut self, asked: &Asked<'_>, tx: &mut Tx<'_>, kind: &str, id: &str) -> Answer {
        if !TYPES.contains(&kind) {
            return Err(bad_field("functionType", "is not one of the values that HubSpot takes"));
        }
        let source = std::str::from_utf8(&asked.call.body).map_err(|_| invalid::function_not_text())?;
        tx.work.write(2 * source.len())?;
        self.charge(tx)?;
        let source = serde_json::from_str::<String>(source).unwrap_or_else(|_| source.to_owned());
        if source.trim().is_empty() {
            return Err(missing_field("functionSource"));
        }
        self.put_function(tx, kind, id, &source);
        self.keep(asked, tx);
        Ok(reply(200, identifier(kind, id)))
    }

    fn put_function(&mut self, tx: &mut Tx<'_>, kind: &str, id: &str, source: &str) {
        let mut function = identifier(kind, id);
        if let Some(functions) = self.item.value["functions"].as_array_mut()
            && !functions.contains(&function)
        {
            functions.push(function.clone());
        }
        function["functionSource"] = source.into();
        tx.put_item(&self.function_place(), &key(kind, id), Item::new(function));
    }

    /// Whether the action runs on records alone.
    fn requires_object(mut self, asked: &Asked<'_>, method: &str, tx: &mut Tx<'_>) -> Answer {
        if method == "POST" {
            let body = shape::read(&[("requiresObject", Is::Flag, true)], &asked.body()?, false)?;
            self.item.value["requiresObject"] = body["requiresObject"].clone();
            self.charge(tx)?;
            tx.put_item(&place(&self.app), &self.id, self.item.clone());
        }
        let requires = self.item.value["requiresObject"].as_bool().unwrap_or(true);
        Ok(reply(200, json!({ "requiresObject": requires })))
    }
}

fn key(kind: &str, id: &str) -> String {
    format!("{kind}/{id}")
}

fn identifier(kind: &str, id: &str) -> Value {
    if id.is_empty() { json!({ "functionType": kind }) } else { json!({ "functionType": kind, "id": id }) }
}

fn complete_many(asked: &Asked<'_>, tx: &mut Tx<'_>) -> Answer {
    let body = asked.body()?;
    let given = inputs(&body, BATCH_MAX)?;
    for input in &given {
        shape::read(&[("callbackId", Is::Text, true), ("outputFields", Is::Object, true)], input, false)?;
    }
    for input in given {
        complete(asked, tx, input["callbackId"].as_str().unwrap_or_default(), input)?;
    }
    Ok(no_content())
}

/// An execution that waits ends with these outputs.
fn complete(asked: &Asked<'_>, tx: &mut Tx<'_>, id: &str, body: &Map<String, Value>) -> Result<(), ErrorBody> {
    let fields = shape::read(&[("outputFields", Is::Object, true)], body, false)?;
    if fields["outputFields"].as_object().into_iter().flatten().any(|(_, value)| value.is_array() || value.is_object()) {
        return Err(bad_field("outputFields", "must be an object of plain values"));
    }
    tx.work.write(size(&fields["outputFields"]))?;
    let value = json!({ "callbackId": id, "outputFields": fields["outputFields"], "completedAt": asked.now() });
    tx.put_item(&Place::new("action-callbacks", &[]), id, Item::new(value));
    Ok(())
}
