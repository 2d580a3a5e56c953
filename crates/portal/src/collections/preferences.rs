//! Communication preferences: the subscription types, and the contacts' choices.

mod statuses;

use keyway_objects::invalid;
use keyway_objects::items::Place;
use keyway_objects::request::{bad_field, id_text, missing_field};
use keyway_objects::tx::Tx;
use serde_json::{Value, json};

use super::{Answer, Asked, Item, reply};

/// The subscriptions that every account begins with: id, name, purpose, method.
pub const DEFINITIONS: [(&str, &str, &str, &str); 4] = [
    ("1", "Marketing Information", "Marketing", "Email"),
    ("2", "Customer Service Communication", "Customer Service", "Email"),
    ("3", "One to One", "Sales", "Email"),
    ("4", "Newsletter", "Marketing", "Email"),
];

pub fn answer(asked: &Asked<'_>, rest: &[&str], tx: &mut Tx<'_>) -> Option<Answer> {
    Some(match (asked.method(), rest) {
        ("GET", ["definitions"]) => Ok(definitions(asked)),
        ("GET", ["status", "email", email]) => Ok(reply(200, statuses(email, tx))),
        ("POST", ["subscribe"]) => set(asked, tx, "SUBSCRIBED"),
        ("POST", ["unsubscribe"]) => set(asked, tx, "NOT_SUBSCRIBED"),
        _ => return statuses::answer(asked, rest, tx),
    })
}

fn definitions(asked: &Asked<'_>) -> keyway_objects::call::Reply {
    // No account begins with them, so they are as old as time; v4 and the dates say `results`.
    let made = keyway_core::time::Timestamp::from_ms(0).to_iso();
    let list: Vec<Value> = DEFINITIONS
        .iter()
        .map(|(id, name, purpose, method)| {
            json!({
                "id": id, "name": name, "description": name, "purpose": purpose, "communicationMethod": method, "isActive": true,
                "isDefault": true, "isInternal": false, "createdAt": made, "updatedAt": made,
            })
        })
        .collect();
    let v3 = asked.call.path.as_str().contains("/v3/");
    reply(200, if v3 { json!({ "subscriptionDefinitions": list }) } else { json!({ "status": "COMPLETE", "results": list }) })
}

pub fn place() -> Place {
    Place::new("subscriptions", &[])
}

pub fn key(email: &str, subscription: &str) -> String {
    format!("{}:{subscription}", email.trim().to_lowercase())
}

fn statuses(email: &str, tx: &Tx<'_>) -> Value {
    let status = |(id, name, _, _): &(&str, &str, &str, &str)| {
        let mut kept = tx.state.items.get(&place(), &key(email, id)).map(|item| item.value.clone());
        if let Some(Value::Object(fields)) = &mut kept {
            fields.remove("timestamp");
        }
        kept.unwrap_or_else(
            || json!({ "id": id, "name": name, "description": name, "status": "NOT_SUBSCRIBED", "sourceOfStatus": "SUBSCRIPTION_STATUS" }),
        )
    };
    json!({ "recipient": email, "subscriptionStatuses": DEFINITIONS.iter().map(status).collect::<Vec<_>>() })
}

/// Somebody subscribed, by a form that showed this text.
pub fn subscribe(asked: &Asked<'_>, tx: &mut Tx<'_>, email: &str, id: &str, text: &str) {
    if let Some((id, name, ..)) = DEFINITIONS.iter().find(|(own, ..)| *own == id) {
        let value = json!({
            "id": id, "name": name, "description": name, "status": "SUBSCRIBED", "sourceOfStatus": "SUBSCRIPTION_STATUS",
            "legalBasis": "CONSENT_WITH_NOTICE", "legalBasisExplanation": text, "timestamp": asked.now(),
        });
        tx.put_item(&place(), &key(email, id), Item::new(value));
    }
}

fn set(asked: &Asked<'_>, tx: &mut Tx<'_>, status: &str) -> Answer {
    let body = asked.body()?;
    let email = body.get("emailAddress").and_then(Value::as_str).filter(|email| email.contains('@'));
    let email = email.ok_or_else(|| bad_field("emailAddress", "must be an e-mail address"))?;
    let id = id_text(body.get("subscriptionId")).ok_or_else(|| missing_field("subscriptionId"))?;
    if !DEFINITIONS.iter().any(|(own, ..)| *own == id) {
        return Err(invalid::subscription_type_missing(id));
    }
    let field = |name: &str| body.get(name).cloned().unwrap_or(Value::Null);
    Ok(reply(200, keep(asked, tx, email, &id, status, &field("legalBasis"), &field("legalBasisExplanation"))))
}

/// Keeps the choice of an address about a subscription that is there. Returns it as it is shown.
pub fn keep(asked: &Asked<'_>, tx: &mut Tx<'_>, email: &str, id: &str, status: &str, basis: &Value, explanation: &Value) -> Value {
    let name = DEFINITIONS.iter().find(|(own, ..)| *own == id).map_or("", |(_, name, ..)| *name);
    let mut value = json!({
        "id": id, "name": name, "description": name, "status": status, "sourceOfStatus": "SUBSCRIPTION_STATUS",
        "legalBasis": basis, "legalBasisExplanation": explanation,
    });
    let shown = value.clone();
    value["timestamp"] = asked.now().into();
    tx.put_item(&place(), &key(email, id), Item::new(value));
    shown
}
