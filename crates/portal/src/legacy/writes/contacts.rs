//! Writes of contacts v1.

use http::Method;
use keyway_core::error_body::ErrorBody;
use keyway_objects::call::Reply;
use keyway_objects::request::{Query, bad_field, id_text, missing_field};
use serde_json::{Map, Value, json};

use super::{archive, create, properties, update};
use crate::legacy::contacts::{no_contact, profile};
use crate::legacy::records::{Records, Wanted};
use crate::legacy::{Answer, empty, reply};

const KIND: &str = "contacts";

pub fn answer(records: &mut Records<'_, '_>, method: &str, query: &Query, tail: &[&str]) -> Option<Answer> {
    Some(match (method, tail) {
        ("POST", []) => make(records, query),
        ("POST", ["batch"]) => batch(records),
        ("POST", ["createOrUpdate", "email", email]) => create_or_update(records, email),
        ("POST", ["vid", id, "profile"]) => change(records, id, None),
        ("POST", ["email", email, "profile"]) => change(records, email, Some("email")),
        ("POST", ["merge-vids", id]) => merge(records, id),
        ("DELETE", ["vid", id]) => delete(records, id),
        _ => return None,
    })
}

fn make(records: &mut Records<'_, '_>, query: &Query) -> Answer {
    let given = given(records)?;
    let id = create(records, KIND, given, json!([]))?;
    Ok(reply(200, &profile(records, query, &id, None)?))
}

fn given(records: &Records<'_, '_>) -> Result<Map<String, Value>, ErrorBody> {
    properties(&records.body()?, "property")
}

/// The id of the contact that a path names.
fn find(records: &mut Records<'_, '_>, id: &str, by: Option<&str>) -> Result<Option<String>, ErrorBody> {
    let wanted = Wanted { properties: vec!["email".into()], associations: &[] };
    Ok(records.one(KIND, id, &wanted, by)?.map(|contact| contact.id().to_string()))
}

fn create_or_update(records: &mut Records<'_, '_>, email: &str) -> Answer {
    let mut given = given(records)?;
    let (id, is_new) = match find(records, email, Some("email"))? {
        Some(id) => {
            update(records, KIND, &id, given)?;
            (id, false)
        }
        None => {
            given.entry("email").or_insert_with(|| email.into());
            (create(records, KIND, given, json!([]))?, true)
        }
    };
    Ok(reply(200, &json!({ "vid": id.parse::<u64>().unwrap_or_default(), "isNew": is_new })))
}

fn change(records: &mut Records<'_, '_>, id: &str, by: Option<&str>) -> Answer {
    let given = given(records)?;
    let id = find(records, id, by)?.ok_or_else(no_contact)?;
    update(records, KIND, &id, given)?;
    Ok(empty(204))
}

fn batch(records: &mut Records<'_, '_>) -> Answer {
    let mut inputs = Vec::new();
    for one in records.list()? {
        let one = one.as_object().ok_or_else(|| bad_field("inputs", "must be a list of objects"))?;
        let given = properties(one, "property")?;
        inputs.push(match (id_text(one.get("vid")), one.get("email").and_then(Value::as_str)) {
            (Some(id), _) => json!({ "id": id, "properties": given }),
            (None, Some(email)) => json!({ "id": email, "idProperty": "email", "properties": given }),
            (None, None) => return Err(bad_field("vid", "or email is required")),
        });
    }
    records.change_contacts(inputs)?;
    Ok(empty(202))
}

/// HubSpot answers the word alone.
fn merge(records: &mut Records<'_, '_>, id: &str) -> Answer {
    let other = id_text(records.body()?.get("vidToMerge")).ok_or_else(|| missing_field("vidToMerge"))?;
    let body = json!({ "primaryObjectId": id, "objectIdToMerge": other });
    records.ask(Method::POST, "/crm/objects/2026-09/contacts/merge", Some(body))?;
    Ok(Reply { status: 200, body: "SUCCESS".into() })
}

fn delete(records: &mut Records<'_, '_>, id: &str) -> Answer {
    let id = find(records, id, None)?.ok_or_else(no_contact)?;
    archive(records, KIND, &id)?;
    Ok(reply(200, &json!({ "vid": id.parse::<u64>().unwrap_or_default(), "deleted": true, "reason": "OK" })))
}
