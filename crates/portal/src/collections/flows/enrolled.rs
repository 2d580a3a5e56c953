//! Workflows of contacts as versions 2 and 3 have them, and the contacts who are enrolled in one.
//!
//! legacydocs.hubspot.com/docs/methods/workflows/workflows_overview. They are the flows of contacts, by the same ids: the taps
//! of Singer and Meltano read `id`, `name`, `type`, `enabled`, `insertedAt` and `updatedAt`.

use keyway_core::error_body::ErrorBody;
use keyway_core::time::Timestamp;
use keyway_objects::invalid;
use keyway_objects::items::Place;
use keyway_objects::request::decoded;
use keyway_objects::state::State;
use keyway_objects::tx::Tx;
use serde_json::{Map, Value, json};

use super::super::people::contacts;
use super::super::shape::{self, Field, Is};
use super::super::{Answer, Asked, Item, missing, no_content, reply, size, uuid};
use super::{CONTACT_DEFAULTS, DEFAULTS, found, ids, keep, place, revisions};

/// The kinds of workflows, by what they begin with.
const TYPES: Is = Is::One(&["DRIP_DELAY", "PROPERTY_ANCHOR", "STATIC_ANCHOR"]);
const WORKFLOW: [Field; 5] = [
    ("name", Is::Text, true),
    ("type", TYPES, true),
    ("onlyEnrollsManually", Is::Flag, false),
    ("actions", Is::List, false),
    ("enabled", Is::Flag, false),
];

/// `/automation/v3/workflows…`
pub fn workflows(asked: &Asked<'_>, rest: &[&str], tx: &mut Tx<'_>) -> Option<Answer> {
    Some(match (asked.method(), rest) {
        ("GET", []) => list(tx),
        ("POST", []) => create(asked, tx),
        ("GET", [id]) => of_contacts(tx.state, id).map(|flow| reply(200, workflow(tx.state, flow))),
        ("DELETE", [id]) => of_contacts(tx.state, id).map(drop).map(|()| {
            tx.remove_item(&place(), id);
            for (place, id) in [revisions(id), enrolled(id)]
                .iter()
                .flat_map(|place| ids(tx.state, place).into_iter().map(move |id| (place, id)))
                .collect::<Vec<_>>()
            {
                tx.remove_item(place, &id);
            }
            no_content()
        }),
        _ => return None,
    })
}

/// `/automation/v2/workflows…`: who is in which workflow.
pub fn workflows_v2(asked: &Asked<'_>, rest: &[&str], tx: &mut Tx<'_>) -> Option<Answer> {
    Some(match (asked.method(), rest) {
        ("GET", ["enrollments", "contacts", contact]) => of_contact(tx, contact),
        ("POST", [id, "enrollments", "contacts", email]) => contact(tx, id, email).and_then(|contact| {
            if found(tx.state, id)?["isEnabled"] != true {
                return Err(invalid::workflow_not_enabled(id));
            }
            tx.put_item(&enrolled(id), &contact, Item::new(json!({ "enrolledAt": asked.now() })));
            Ok(no_content())
        }),
        ("DELETE", [id, "enrollments", "contacts", email]) => contact(tx, id, email).map(|contact| {
            if tx.state.items.get(&enrolled(id), &contact).is_some() {
                tx.remove_item(&enrolled(id), &contact);
            }
            no_content()
        }),
        _ => return None,
    })
}

/// The contacts in a workflow.
fn enrolled(id: &str) -> Place {
    Place::new("flow-enrollments", &[id])
}

fn of_contacts<'s>(state: &'s State, id: &str) -> Result<&'s Value, ErrorBody> {
    found(state, id).ok().filter(|flow| flow["type"] == "CONTACT_FLOW").ok_or_else(|| missing(id))
}

/// The contact with an address, for a workflow that is there.
fn contact(tx: &Tx<'_>, id: &str, email: &str) -> Result<String, ErrorBody> {
    of_contacts(tx.state, id)?;
    let email = decoded(email).trim().to_lowercase();
    let holder = tx.state.table(contacts()).holder("email", &email);
    holder.map(|id| id.to_string()).ok_or_else(|| missing(&email))
}

fn ms(flow: &Value, name: &str) -> i64 {
    flow[name].as_str().and_then(Timestamp::parse_iso).map_or(0, Timestamp::as_ms)
}

fn number(id: &Value) -> u64 {
    id.as_str().and_then(|id| id.parse().ok()).unwrap_or_default()
}

fn workflow(state: &State, flow: &Value) -> Value {
    let id = flow["id"].as_str().unwrap_or_default();
    let kind = match flow["eventAnchor"]["type"].as_str() {
        Some("STATIC_DATE_ANCHOR") => "STATIC_ANCHOR",
        Some(_) => "PROPERTY_ANCHOR",
        None => "DRIP_DELAY",
    };
    json!({
        "id": number(&flow["id"]), "portalId": state.hub_id, "name": flow["name"], "type": kind, "enabled": flow["isEnabled"],
        "insertedAt": ms(flow, "createdAt"), "updatedAt": ms(flow, "updatedAt"), "actions": flow["actions"], "onlyEnrollsManually": flow["enrollmentCriteria"]["type"] == "MANUAL",
        "contactCounts": { "active": state.items.count(&enrolled(id)), "enrolled": state.items.count(&enrolled(id)) }, "personaTagIds": [],
        "migrationStatus": { "portalId": state.hub_id, "workflowId": number(&flow["id"]), "migrationStatus": "PLATFORM_OWNED", "flowId": number(&flow["id"]) },
    })
}

fn list(tx: &Tx<'_>) -> Answer {
    tx.work.each(tx.state.items.count(&place()), 16)?;
    let (mut all, mut bytes) = (Vec::new(), 0);
    for (_, item) in tx.state.items.of(&place()).filter(|(_, item)| item.value["type"] == "CONTACT_FLOW") {
        let one = workflow(tx.state, &item.value);
        tx.work.answer(bytes, size(&one))?;
        bytes += size(&one);
        all.push(one);
    }
    Ok(reply(200, json!({ "workflows": all })))
}

/// A new workflow is off until somebody turns it on. Its actions have another form than those of a flow, so that they have to
/// be given as a flow.
fn create(asked: &Asked<'_>, tx: &mut Tx<'_>) -> Answer {
    let given = shape::read(&WORKFLOW, &asked.body()?, false)?;
    tx.work.write(4 * size(&Value::from(given.clone())))?;
    if given.get("actions").and_then(Value::as_array).is_some_and(|actions| !actions.is_empty()) {
        return Err(invalid::old_workflow_with_actions());
    }
    let number = tx.state.items.next_number(&place());
    let mut fields: Map<String, Value> = serde_json::from_str(DEFAULTS).expect("the defaults are JSON; a test reads them");
    fields.extend(serde_json::from_str::<Map<String, Value>>(CONTACT_DEFAULTS).expect("the defaults are JSON; a test reads them"));
    for (name, value) in [
        ("type", "CONTACT_FLOW".into()),
        ("objectTypeId", "0-1".into()),
        ("name", given["name"].clone()),
        ("isEnabled", given.get("enabled").cloned().unwrap_or_else(|| false.into())),
        ("uuid", uuid("flows", number).into()),
        ("enrollmentCriteria", json!({ "type": "MANUAL", "shouldReEnroll": false })),
    ] {
        fields.insert(name.to_owned(), value);
    }
    match given["type"].as_str() {
        Some("STATIC_ANCHOR") => drop(fields.insert("eventAnchor".to_owned(), json!({ "type": "STATIC_DATE_ANCHOR" }))),
        Some("PROPERTY_ANCHOR") => drop(fields.insert("eventAnchor".to_owned(), json!({ "type": "CONTACT_PROPERTY_ANCHOR" }))),
        _ => {}
    }
    let flow = keep(asked, tx, &number.to_string(), 1, fields, asked.now().into());
    Ok(reply(200, workflow(tx.state, &flow)))
}

/// The workflows that a contact is in.
fn of_contact(tx: &Tx<'_>, id: &str) -> Answer {
    let known = id.parse().ok().and_then(|id| tx.state.table(contacts()).live(id));
    known.ok_or_else(|| missing(id))?;
    tx.work.each(tx.state.items.count(&place()), 8)?;
    let flows = tx.state.items.of(&place()).filter(|(flow, _)| tx.state.items.get(&enrolled(flow), id).is_some());
    let all: Vec<Value> = flows.map(|(_, item)| workflow(tx.state, &item.value)).collect();
    Ok(reply(200, all.into()))
}
