//! Records: create, update, associate. Everything else that changes something goes over `call_operation`.

use http::Method;
use serde_json::{Value, json};

use super::read::{OBJECT_TYPE, OBJECTS, record};
use super::{APPROVAL, Ask, Effect, Tool, segment, target};
use crate::answer::Reply;
use crate::arguments::{Kind, needed, optional};
use crate::road::BoxFuture;
use keyway_core::safety::Class;

/// Create a record.
pub static CREATE: Tool = Tool {
    name: "create_record",
    title: "Create a record",
    words: "Create one CRM record. Search first, so that it is not there twice.",
    arguments: &[OBJECT_TYPE, needed("properties", Kind::Values, "Its properties, by name"), APPROVAL],
    operation: Some(("POST", "/crm/objects/2026-09/{objectType}")),
    effect: Effect::Is(Class::Create),
    is_idempotent: false,
    run: create,
};

/// Update a record.
pub static UPDATE: Tool = Tool {
    name: "update_record",
    title: "Update a record",
    words: "Change properties of one CRM record. An empty text clears a property.",
    arguments: &[
        OBJECT_TYPE,
        needed("id", Kind::Id, "The record's ID, or the value of id_property"),
        optional("id_property", Kind::Text(256), "A property with unique values that names the record"),
        needed("properties", Kind::Values, "The properties to change, by name"),
        APPROVAL,
    ],
    operation: Some(("PATCH", "/crm/objects/2026-09/{objectType}/{objectId}")),
    effect: Effect::Is(Class::Update),
    is_idempotent: true,
    run: update,
};

/// Associate two records.
pub static ASSOCIATE: Tool = Tool {
    name: "associate_records",
    title: "Associate two records",
    words: "Associate two CRM records without a label. For a label or to take an association away, use call_operation.",
    arguments: &[
        needed("from_type", Kind::Text(128), ""),
        needed("from_id", Kind::Id, ""),
        needed("to_type", Kind::Text(128), ""),
        needed("to_id", Kind::Id, ""),
        APPROVAL,
    ],
    operation: Some(("PUT", "/crm/objects/2026-09/{fromObjectType}/{fromObjectId}/associations/default/{toObjectType}/{toObjectId}")),
    effect: Effect::Is(Class::Update),
    is_idempotent: true,
    run: associate,
};

/// The properties of a change as HubSpot takes them.
fn properties(ask: &Ask<'_>) -> Result<Value, Reply> {
    match ask.given.get("properties") {
        Some(Value::Object(given)) if !given.is_empty() => Ok(given.clone().into()),
        _ => Err(Reply::refused("The argument \"properties\" is empty, so there is nothing to write.")),
    }
}

fn names(value: &Value) -> Vec<&str> {
    value.as_object().map(|all| all.keys().map(String::as_str).collect()).unwrap_or_default()
}

fn create<'a>(ask: &'a Ask<'a>) -> BoxFuture<'a, Result<Reply, Reply>> {
    Box::pin(async move {
        let (object, properties) = (ask.object_type("object_type")?, properties(ask)?);
        let body = json!({ "properties": properties });
        let made = ask.call(Method::POST, format!("{OBJECTS}/{}", segment(&object)), Some(body)).await?;
        Ok(Reply::of(format!("The record of {object} was created."), record(&made, &names(&properties))))
    })
}

fn update<'a>(ask: &'a Ask<'a>) -> BoxFuture<'a, Result<Reply, Reply>> {
    Box::pin(async move {
        let (object, properties) = (ask.object_type("object_type")?, properties(ask)?);
        let by = ask.given.text("id_property");
        if !by.is_empty() {
            ask.may_ask_by(Some(&object), by)?;
        }
        let path = format!("{OBJECTS}/{}/{}", segment(&object), segment(&ask.given.id("id").unwrap_or_default()));
        let to = target(path, &[("idProperty", by.to_owned())]);
        let changed = ask.call(Method::PATCH, to, Some(json!({ "properties": properties }))).await?;
        Ok(Reply::of(format!("The record of {object} was changed."), record(&changed, &names(&properties))))
    })
}

fn associate<'a>(ask: &'a Ask<'a>) -> BoxFuture<'a, Result<Reply, Reply>> {
    Box::pin(async move {
        let (from, to) = (ask.object_type("from_type")?, ask.object_type("to_type")?);
        let id = |name| segment(&ask.given.id(name).unwrap_or_default());
        let path = format!("{OBJECTS}/{}/{}/associations/default/{}/{}", segment(&from), id("from_id"), segment(&to), id("to_id"));
        ask.call(Method::PUT, path, None).await?;
        Ok(Reply { words: format!("The two records ({from} and {to}) are associated."), ..Reply::default() })
    })
}
