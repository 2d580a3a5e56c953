//! Who registered for an event, attended it or cancelled.

use keyway_core::error_body::ErrorBody;
use keyway_objects::crm::objects::BLOCKED;
use keyway_objects::items::Place;
use keyway_objects::request::{bad_field, inputs};
use keyway_objects::state::State;
use keyway_objects::tx::Tx;
use keyway_objects::value::is_email;
use serde_json::{Map, Value, json};

use super::super::people::{Who, contacts, write};
use super::super::{Answer, Asked, Item, missing, reply};
use super::{BATCH_MAX, batch, by_id, external};
use crate::Reply;

fn place(event: &str) -> Place {
    Place::new("marketing-event-participations", &[event])
}

/// The state that a path's verb puts a contact into.
fn state_of(verb: &str) -> Result<&'static str, ErrorBody> {
    match verb.to_lowercase().as_str() {
        "register" => Ok("REGISTERED"),
        "attend" => Ok("ATTENDED"),
        "cancel" => Ok("CANCELLED"),
        _ => Err(bad_field("subscriberState", "must be register, attend or cancel")),
    }
}

/// Puts contacts into a state. Those that are named by an address and not there are made. `told` says whether the
/// answer names them.
pub fn put(asked: &Asked<'_>, tx: &mut Tx<'_>, event: &str, verb: &str, by_email: bool, told: bool) -> Answer {
    let (state, body) = (state_of(verb)?, asked.body()?);
    let mut wanted = Vec::new();
    for input in inputs(&body, BATCH_MAX)? {
        let at = input
            .get("interactionDateTime")
            .and_then(Value::as_i64)
            .ok_or_else(|| bad_field("interactionDateTime", "must be a time in milliseconds"))?;
        let email = if by_email { Some(email(input)?) } else { None };
        if let Some(email) = &email {
            refuse_blocked(tx.state, email)?;
        }
        let who =
            email.clone().map_or_else(|| vid(tx.state, input).map(|id| Who::Record(contacts(), id)), |email| Ok(Who::Email(email)))?;
        wanted.push((who, email, at));
    }
    let mut results = Vec::new();
    for (who, email, at) in wanted {
        let contact = write(asked, tx, &who, &Map::new())?;
        keep(asked, tx, event, contact, state, at);
        results.push(match email {
            Some(email) => json!({ "vid": contact, "email": email }),
            None => json!({ "vid": contact }),
        });
    }
    Ok(if told { batch(asked, results) } else { Reply { status: 202, body: bytes::Bytes::new() } })
}

fn vid(state: &State, input: &Map<String, Value>) -> Result<u64, ErrorBody> {
    let id = input.get("vid").and_then(Value::as_u64).ok_or_else(|| bad_field("vid", "must be the id of a contact"))?;
    state.table(contacts()).live(id).map(|_| id).ok_or_else(|| missing(&id.to_string()))
}

fn email(input: &Map<String, Value>) -> Result<String, ErrorBody> {
    let email = input.get("email").and_then(Value::as_str).map(|email| email.trim().to_lowercase());
    email.filter(|email| is_email(email)).ok_or_else(|| bad_field("email", "must be an e-mail address"))
}

/// Refuses an address that no contact may have, before anything is changed.
fn refuse_blocked(state: &State, email: &str) -> Result<(), ErrorBody> {
    match state.items.get(&BLOCKED, email) {
        None => Ok(()),
        Some(_) => Err(bad_field("email", "was deleted permanently and can't be used again")),
    }
}

fn keep(asked: &Asked<'_>, tx: &mut Tx<'_>, event: &str, contact: u64, state: &str, at: i64) {
    let (place, id) = (place(event), contact.to_string());
    let created = tx.state.items.get(&place, &id).map_or_else(|| asked.now().into(), |item| item.value["createdAt"].clone());
    tx.put_item(&place, &id, Item::new(json!({ "state": state, "occurredAt": at, "createdAt": created })));
}

/// Those who registered and did not attend an event that is over.
pub fn close(asked: &Asked<'_>, tx: &mut Tx<'_>, event: &str) {
    let registered = tx.state.items.of(&place(event)).filter(|(_, item)| item.value["state"] == "REGISTERED");
    let contacts: Vec<u64> = registered.filter_map(|(id, _)| id.parse().ok()).collect();
    for contact in contacts {
        keep(asked, tx, event, contact, "NO_SHOW", asked.call.now.as_ms());
    }
}

pub fn forget(tx: &mut Tx<'_>, event: &str) {
    let place = place(event);
    let ids: Vec<String> = tx.state.items.of(&place).map(|(id, _)| id.to_owned()).collect();
    for id in ids {
        tx.remove_item(&place, &id);
    }
}

pub fn counters(state: &State, event: &str) -> Value {
    let count = |wanted: &str| state.items.of(&place(event)).filter(|(_, item)| item.value["state"] == wanted).count();
    json!({ "attended": count("ATTENDED"), "registered": count("REGISTERED"), "cancelled": count("CANCELLED"), "noShows": count("NO_SHOW") })
}

/// `/participations/…`: the numbers, and who they are.
pub fn read(asked: &Asked<'_>, rest: &[&str], tx: &Tx<'_>) -> Option<Answer> {
    let state = &*tx.state;
    Some(match rest {
        ["contacts", who, "breakdown"] => of_contact(asked, tx, who),
        [id] => by_id(state, id).map(|(id, _)| reply(200, counters(state, &id))),
        [id, "breakdown"] => by_id(state, id).and_then(|found| breakdown(asked, tx, &[found], None)),
        [account, event] => {
            external(state, Some(account), event).ok_or_else(|| missing(event)).map(|(id, _)| reply(200, counters(state, &id)))
        }
        [account, event, "breakdown"] => {
            external(state, Some(account), event).ok_or_else(|| missing(event)).and_then(|found| breakdown(asked, tx, &[found], None))
        }
        _ => return None,
    })
}

fn of_contact(asked: &Asked<'_>, tx: &Tx<'_>, who: &str) -> Answer {
    let table = tx.state.table(contacts());
    let contact = who.parse().ok().or_else(|| table.holder("email", &who.to_lowercase())).filter(|id| table.live(*id).is_some());
    let contact = contact.ok_or_else(|| missing(who))?;
    let events: Vec<(String, Value)> = super::all(tx.state).map(|(id, event)| (id.to_owned(), event.clone())).collect();
    breakdown(asked, tx, &events, Some(contact))
}

fn breakdown(asked: &Asked<'_>, tx: &Tx<'_>, events: &[(String, Value)], of: Option<u64>) -> Answer {
    let (wanted, mut all) = (asked.query.get("state"), Vec::new());
    for (id, event) in events {
        let place = place(id);
        tx.work.each(tx.state.items.count(&place), 4)?;
        for (contact, item) in tx.state.items.of(&place) {
            let is_asked = of.is_none_or(|of| contact == of.to_string()) && wanted.is_none_or(|wanted| item.value["state"] == wanted);
            let record = contact.parse().ok().and_then(|id| tx.state.table(contacts()).live(id)).filter(|_| is_asked);
            let Some(record) = record else { continue };
            let value = |name: &str| record.get(name).map(str::to_owned);
            all.push(json!({
                "id": format!("{id}-{contact}"), "createdAt": item.value["createdAt"],
                "properties": { "occurredAt": item.value["occurredAt"], "attendanceState": item.value["state"] },
                "associations": {
                    "marketingEvent": {
                        "marketingEventId": id, "externalAccountId": event["externalAccountId"], "externalEventId": event["externalEventId"],
                        "name": event["eventName"],
                    },
                    "contact": {
                        "contactId": contact, "email": value("email").unwrap_or_default(), "firstname": value("firstname"), "lastname": value("lastname"),
                    },
                },
            }));
        }
    }
    super::super::page(asked, all.iter().collect(), true)
}
