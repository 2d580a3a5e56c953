//! Writes of contact lists v1. Lists by filters are not made here: their old filters have another form than today's.

use http::Method;
use keyway_core::error_body::ErrorBody;
use keyway_objects::request::{bad_field, id_text, missing_field, text, texts};
use serde_json::{Value, json};

use crate::legacy::contacts::list;
use crate::legacy::records::{Records, Wanted, encoded};
use crate::legacy::{Answer, empty, reply};

pub fn answer(records: &mut Records<'_, '_>, method: &str, tail: &[&str]) -> Option<Answer> {
    Some(match (method, tail) {
        ("POST", []) => return make(records),
        ("POST", [id]) => rename(records, id),
        ("POST", [id, "add"]) => members(records, id, "add"),
        ("POST", [id, "remove"]) => members(records, id, "remove"),
        ("DELETE", [id]) => delete(records, id),
        _ => return None,
    })
}

/// Nothing where the list has filters.
fn make(records: &mut Records<'_, '_>) -> Option<Answer> {
    match records.body() {
        Ok(body) if body.get("dynamic") == Some(&Value::Bool(true)) => None,
        Ok(body) => Some(text(&body, "name").and_then(|name| {
            let name = name.ok_or_else(|| missing_field("name"))?;
            let asked = json!({ "name": name, "objectTypeId": "0-1", "processingType": "MANUAL" });
            let made = records.ask(Method::POST, "/crm/lists/2026-09", Some(asked))?;
            let id = made["list"]["listId"].as_str().unwrap_or_default().to_owned();
            Ok(reply(200, &list(records, &id)?))
        })),
        Err(refused) => Some(Err(refused)),
    }
}

fn path(id: &str) -> String {
    format!("/crm/lists/2026-09/{}", encoded(id))
}

fn rename(records: &mut Records<'_, '_>, id: &str) -> Answer {
    let body = records.body()?;
    let name = text(&body, "name")?.ok_or_else(|| missing_field("name"))?;
    list(records, id)?;
    records.ask(Method::PUT, &format!("{}/update-list-name?listName={}", path(id), encoded(name)), None)?;
    Ok(reply(200, &list(records, id)?))
}

fn delete(records: &mut Records<'_, '_>, id: &str) -> Answer {
    list(records, id)?;
    records.ask(Method::DELETE, &path(id), None)?;
    Ok(empty(204))
}

/// Contacts by id, and by address; what is not the id or the address of a contact is named in the answer.
fn members(records: &mut Records<'_, '_>, id: &str, verb: &str) -> Answer {
    let body = records.body()?;
    list(records, id)?;
    let (mut vids, mut invalid_vids, mut invalid_emails) = (Vec::new(), Vec::new(), Vec::new());
    let given = match body.get("vids") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(given)) => given.clone(),
        Some(_) => return Err(bad_field("vids", "must be a list")),
    };
    for vid in given {
        let found = id_text(Some(&vid)).map_or(Ok(None), |vid| find(records, &vid, None))?;
        match found {
            Some(found) => vids.push(found),
            None => invalid_vids.push(vid),
        }
    }
    for email in texts(&body, "emails")? {
        match find(records, email, Some("email"))? {
            Some(found) => vids.push(found),
            None => invalid_emails.push(email.to_owned()),
        }
    }
    let ids: Vec<String> = vids.iter().map(u64::to_string).collect();
    let answer = records.ask(Method::PUT, &format!("{}/memberships/{verb}", path(id)), Some(json!(ids)))?;
    let field = if verb == "add" { "recordsIdsAdded" } else { "recordIdsRemoved" };
    let updated: Vec<u64> = answer[field].as_array().into_iter().flatten().filter_map(|one| id_text(Some(one))?.parse().ok()).collect();
    let discarded: Vec<u64> = vids.into_iter().filter(|vid| !updated.contains(vid)).collect();
    Ok(reply(200, &json!({ "updated": updated, "discarded": discarded, "invalidVids": invalid_vids, "invalidEmails": invalid_emails })))
}

fn find(records: &mut Records<'_, '_>, id: &str, by: Option<&str>) -> Result<Option<u64>, ErrorBody> {
    let wanted = Wanted { properties: vec!["email".into()], associations: &[] };
    Ok(records.one("contacts", id, &wanted, by)?.map(|contact| contact.id()))
}
