//! Workflows as version 4 has them: flows with their revisions. They are kept, and none runs.
//!
//! developers.hubspot.com/docs/api-reference/legacy/automation/workflows/guide. A change names the revision that it is made
//! of, and takes the place of the whole flow.

mod enrolled;

use std::collections::HashSet;

use keyway_core::error_body::ErrorBody;
use keyway_objects::invalid;
use keyway_objects::items::Place;
use keyway_objects::request::{bad_field, id_text, inputs, missing_field};
use keyway_objects::state::State;
use keyway_objects::tx::Tx;
use serde_json::{Map, Value, json};

use super::shape::{self, Field, Is};
use super::{Answer, Asked, BATCH_MAX, Item, missing, no_content, page, reply, size, uuid};

const TYPES: Is = Is::One(&["CONTACT_FLOW", "PLATFORM_FLOW"]);
const FLOW: [Field; 24] = [
    ("type", TYPES, true),
    ("isEnabled", Is::Flag, true),
    ("objectTypeId", Is::Text, true),
    ("flowType", Is::One(&["ACTION_SET", "UNKNOWN", "WORKFLOW"]), false),
    ("name", Is::Text, false),
    ("description", Is::Text, false),
    ("uuid", Is::Text, false),
    ("startActionId", Is::Text, false),
    ("nextAvailableActionId", Is::Text, false),
    ("actions", Is::List, false),
    ("enrollmentCriteria", Is::Object, false),
    ("enrollmentSchedule", Is::Object, false),
    ("goalFilterBranch", Is::Object, false),
    ("eventAnchor", Is::Object, false),
    ("unEnrollmentSetting", Is::Object, false),
    ("timeWindows", Is::List, false),
    ("blockedDates", Is::List, false),
    ("customProperties", Is::Object, false),
    ("dataSources", Is::List, false),
    ("suppressionListIds", Is::List, false),
    ("canEnrollFromSalesforce", Is::Flag, false),
    ("suppressionFilterBranch", Is::Object, false),
    ("enrollmentTrigger", Is::Object, false),
    ("crmObjectCreationStatus", Is::Text, false),
];
/// What a flow has where the caller says nothing.
const DEFAULTS: &str = r#"{"flowType":"WORKFLOW","actions":[],"timeWindows":[],"blockedDates":[],"customProperties":{},"crmObjectCreationStatus":"COMPLETE","nextAvailableActionId":"1"}"#;
const CONTACT_DEFAULTS: &str = r#"{"suppressionListIds":[],"canEnrollFromSalesforce":false}"#;
const ACTION: [Field; 2] = [
    ("actionId", Is::Text, true),
    ("type", Is::One(&["AB_TEST_BRANCH", "CUSTOM_CODE", "LIST_BRANCH", "SINGLE_CONNECTION", "STATIC_BRANCH", "WEBHOOK"]), true),
];
const CRITERIA: [Field; 1] = [("type", Is::One(&["DATASET_BASED", "EVENT_BASED", "LIST_BASED", "MANUAL"]), true)];
/// Revisions of one flow; the newest are kept.
const REVISIONS_MAX: usize = 50;
/// The type of action that sends a marketing e-mail (the guide's reference of action types).
const SENDS_EMAIL: &str = "0-4";

pub use enrolled::{workflows, workflows_v2};

pub fn answer(asked: &Asked<'_>, rest: &[&str], tx: &mut Tx<'_>) -> Option<Answer> {
    Some(match (asked.method(), rest) {
        ("GET", []) => list(asked, tx),
        ("POST", []) => create(asked, tx),
        ("POST", ["batch", "read"]) => read_many(asked, tx),
        ("GET", ["email-campaigns"]) => emails(asked, tx),
        (_, ["batch" | "email-campaigns" | "performance", ..]) => return None,
        ("GET", [id]) => found(tx.state, id).map(|one| reply(200, one.clone())),
        ("PUT", [id]) => replace(asked, tx, id),
        ("DELETE", [id]) => found(tx.state, id).map(drop).map(|()| {
            tx.remove_item(&place(), id);
            for revision in ids(tx.state, &revisions(id)) {
                tx.remove_item(&revisions(id), &revision);
            }
            no_content()
        }),
        ("GET", [id, "revisions", revision]) => {
            let one = found(tx.state, id).map(|_| tx.state.items.get(&revisions(id), revision));
            one.and_then(|one| one.map(|item| reply(200, item.value.clone())).ok_or_else(|| missing(revision)))
        }
        _ => return None,
    })
}

pub fn place() -> Place {
    Place::new("flows", &[])
}

fn revisions(id: &str) -> Place {
    Place::new("flow-revisions", &[id])
}

fn ids(state: &State, place: &Place) -> Vec<String> {
    state.items.of(place).map(|(id, _)| id.to_owned()).collect()
}

fn found<'s>(state: &'s State, id: &str) -> Result<&'s Value, ErrorBody> {
    state.items.get(&place(), id).map(|item| &item.value).ok_or_else(|| missing(id))
}

/// A flow in short.
fn listed(flow: &Value) -> Value {
    let mut short = Map::new();
    for name in ["id", "name", "uuid", "isEnabled", "flowType", "objectTypeId", "revisionId", "createdAt", "updatedAt"] {
        if let Some(value) = flow.get(name) {
            short.insert(name.to_owned(), value.clone());
        }
    }
    short.into()
}

fn list(asked: &Asked<'_>, tx: &Tx<'_>) -> Answer {
    tx.work.each(tx.state.items.count(&place()), 4)?;
    let all: Vec<Value> = tx.state.items.of(&place()).map(|(_, item)| listed(&item.value)).collect();
    page(asked, all.iter().collect(), false)
}

/// The fields of a flow, and whether they fit together: each action has an id of its own, and the first is one of them.
fn read(asked: &Asked<'_>, state: &State, body: &Map<String, Value>) -> Result<Map<String, Value>, ErrorBody> {
    asked.work.write(4 * size(&Value::from(body.clone())))?;
    let given = shape::read(&FLOW, body, false)?;
    shape::each("actions", &ACTION, &given)?;
    if let Some(criteria) = given.get("enrollmentCriteria").and_then(Value::as_object) {
        shape::read(&CRITERIA, criteria, false)?;
    }
    let object_type = given["objectTypeId"].as_str().unwrap_or_default();
    if state.kind(object_type).is_none() {
        return Err(bad_field("objectTypeId", "is not an object type of the account"));
    }
    if given["type"] == "CONTACT_FLOW" && object_type != "0-1" {
        return Err(bad_field("objectTypeId", "must be 0-1 for a CONTACT_FLOW"));
    }
    let actions = given.get("actions").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let mut known = HashSet::new();
    for action in actions {
        if !known.insert(id_text(action.get("actionId"))) {
            return Err(bad_field("actionId", "is the same for two actions"));
        }
    }
    let first = given.get("startActionId").and_then(Value::as_str);
    if first.is_some_and(|first| !known.contains(&Some(first.to_owned()))) {
        return Err(bad_field("startActionId", "is not the id of an action"));
    }
    let mut fields: Map<String, Value> = serde_json::from_str(DEFAULTS).expect("the defaults are JSON; a test reads them");
    if given["type"] == "CONTACT_FLOW" {
        fields.extend(serde_json::from_str::<Map<String, Value>>(CONTACT_DEFAULTS).expect("the defaults are JSON; a test reads them"));
    }
    fields.extend(given);
    Ok(fields)
}

fn keep(asked: &Asked<'_>, tx: &mut Tx<'_>, id: &str, revision: u64, fields: Map<String, Value>, made: Value) -> Value {
    let mut value = Value::from(fields);
    let own = [("id", id.into()), ("revisionId", revision.to_string().into()), ("createdAt", made), ("updatedAt", asked.now().into())];
    shape::set(&mut value, own);
    let old = ids(tx.state, &revisions(id));
    if let Some(oldest) = old.first().filter(|_| old.len() >= REVISIONS_MAX) {
        tx.remove_item(&revisions(id), oldest);
    }
    let kept =
        json!({ "id": revision.to_string(), "flowId": id, "revisionId": revision.to_string(), "createdAt": asked.now(), "flow": value });
    tx.put_item(&revisions(id), &revision.to_string(), Item::new(kept));
    tx.put_item(&place(), id, Item::new(value.clone()));
    value
}

fn create(asked: &Asked<'_>, tx: &mut Tx<'_>) -> Answer {
    let mut fields = read(asked, tx.state, &asked.body()?)?;
    let number = tx.state.items.next_number(&place());
    let id = number.to_string();
    fields.entry("name").or_insert_with(|| format!("Unnamed workflow - {}", asked.now()).into());
    fields.entry("uuid").or_insert_with(|| uuid("flows", number).into());
    Ok(reply(201, keep(asked, tx, &id, 1, fields, asked.now().into())))
}

/// A change of a revision that is not the last was made of a flow that is no more.
fn replace(asked: &Asked<'_>, tx: &mut Tx<'_>, id: &str) -> Answer {
    let before = found(tx.state, id)?;
    let mut body = asked.body()?;
    let revision = id_text(body.get("revisionId")).ok_or_else(|| missing_field("revisionId"))?;
    if before["revisionId"] != *revision {
        return Err(invalid::flow_revision_old(revision, id, &before["revisionId"]));
    }
    if body.get("type").is_some_and(|kind| *kind != before["type"]) {
        return Err(bad_field("type", "can't be changed"));
    }
    let (last, made) = (revision.parse::<u64>().unwrap_or_default(), before["createdAt"].clone());
    // What a change need not say stays as it was.
    for name in ["type", "objectTypeId", "flowType", "name", "uuid", "nextAvailableActionId"] {
        body.entry(name).or_insert_with(|| before[name].clone());
    }
    let fields = read(asked, tx.state, &body)?;
    Ok(reply(200, keep(asked, tx, id, last + 1, fields, made)))
}

/// Flows by their ids; those that are not there are left out.
fn read_many(asked: &Asked<'_>, tx: &Tx<'_>) -> Answer {
    let body = asked.body()?;
    let mut results = Vec::new();
    for input in inputs(&body, BATCH_MAX)? {
        let id = id_text(input.get("flowId").or(input.get("id"))).ok_or_else(|| missing_field("flowId"))?;
        if let Ok(flow) = found(tx.state, &id) {
            asked.work.answer(0, size(flow))?;
            results.push(flow.clone());
        }
    }
    Ok(reply(200, json!({ "status": "COMPLETE", "results": results, "startedAt": asked.now(), "completedAt": asked.now() })))
}

/// The e-mails that flows send.
fn emails(asked: &Asked<'_>, tx: &Tx<'_>) -> Answer {
    tx.work.each(tx.state.items.count(&place()), 16)?;
    let wanted = asked.query.list("flowId");
    let mut all = Vec::new();
    for (id, item) in tx.state.items.of(&place()).filter(|(id, _)| wanted.is_empty() || wanted.contains(id)) {
        for action in item.value["actions"].as_array().into_iter().flatten().filter(|action| action["actionTypeId"] == SENDS_EMAIL) {
            if let Some(email) = id_text(action.pointer("/fields/content_id")) {
                all.push(json!({ "flowId": id, "emailCampaignId": email, "emailContentId": email }));
            }
        }
    }
    page(asked, all.iter().collect(), false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_in_the_form() {
        for defaults in [DEFAULTS, CONTACT_DEFAULTS] {
            let defaults: Map<String, Value> = serde_json::from_str(defaults).unwrap();
            assert_eq!(shape::read(&FLOW, &defaults, true), Ok(defaults));
        }
    }
}
