//! The inbox: its channels with their accounts, threads of messages, and those who write them.
//!
//! developers.hubspot.com/docs/api-reference/conversations-conversations-v3/guide. An account has no visitors and gets no
//! mail, so that a thread begins with a message over a custom channel (`channels`).

mod channels;
mod threads;

use keyway_core::error_body::ErrorBody;
use keyway_objects::crm::batch::listed;
use keyway_objects::invalid;
use keyway_objects::items::Place;
use keyway_objects::request::{bad_field, bad_parameter, id_text};
use keyway_objects::state::State;
use keyway_objects::tx::Tx;
use serde_json::{Value, json};

use super::people::contacts;
use super::shape::{self, Field, Is};
use super::{Answer, Asked, BATCH_MAX, Item, missing, page, reply};

pub use channels::answer as channels;

/// The one inbox that every account begins with.
const INBOX: &str = "1";
/// The channels that every account has, by HubSpot's ids.
const CHANNELS: [(&str, &str); 2] = [("1000", "Live Chat"), ("1002", "Email")];
/// The address of the account's own mail.
const MAIL: &str = "1";

const DELIVERY_TYPES: Is = Is::One(&["CHANNEL_SPECIFIC_OPAQUE_ID", "HS_EMAIL_ADDRESS", "HS_PHONE_NUMBER", "HS_SHORT_CODE"]);
const DELIVERY: [Field; 2] = [("type", DELIVERY_TYPES, true), ("value", Is::Text, true)];
const ATTACHMENT: [Field; 1] = [(
    "type",
    Is::One(&["CONTACT", "FILE", "LOCATION", "MESSAGE_HEADER", "QUICK_REPLIES", "SOCIAL_MEDIA_METADATA", "UNSUPPORTED_CONTENT"]),
    true,
)];

pub fn answer(asked: &Asked<'_>, rest: &[&str], tx: &mut Tx<'_>) -> Option<Answer> {
    Some(match (asked.method(), rest) {
        ("GET", ["inboxes"]) => asked.query.flag("archived").and_then(|archived| {
            let inbox = inbox(tx.state);
            page(asked, if archived { Vec::new() } else { vec![&inbox] }, true)
        }),
        ("GET", ["inboxes", INBOX]) => Ok(reply(200, inbox(tx.state))),
        ("GET", ["inboxes", id]) => Err(missing(id)),
        ("GET", ["channels"]) => {
            let all = all_channels(tx.state);
            page(asked, all.iter().collect(), true)
        }
        ("GET", ["channels", id]) => {
            all_channels(tx.state).into_iter().find(|one| one["id"] == **id).map(|one| reply(200, one)).ok_or_else(|| missing(id))
        }
        ("GET", ["channel-accounts"]) => list_accounts(asked, tx),
        ("GET", ["channel-accounts", id]) => {
            asked.query.flag("archived").and_then(|archived| account(tx.state, id, archived)).map(|one| reply(200, one))
        }
        ("POST", ["actors", "batch", "read"]) => many_actors(asked, tx),
        ("GET", ["actors", id]) => actor(tx.state, id).map(|one| reply(200, one)).ok_or_else(|| missing(id)),
        (_, ["threads", rest @ ..]) => return threads::answer(asked, rest, tx),
        _ => return None,
    })
}

fn inbox(state: &State) -> Value {
    let made = state.settings.created_at.to_iso();
    json!({ "id": INBOX, "name": "Inbox", "type": "INBOX", "createdAt": made, "updatedAt": made, "archived": false })
}

fn all_channels(state: &State) -> Vec<Value> {
    let own = CHANNELS.iter().map(|(id, name)| json!({ "id": id, "name": name }));
    own.chain(channels::all(state).into_iter().map(|one| json!({ "id": one["id"], "name": one["name"] }))).collect()
}

fn accounts() -> Place {
    Place::new("channel-accounts", &[])
}

/// The account's own address, over which mail would come.
fn mail(state: &State) -> Value {
    let address = format!("{}@{}.hs-inbox.com", "support", state.hub_id);
    json!({
        "id": MAIL, "channelId": "1002", "inboxId": INBOX, "name": "Support", "active": true, "authorized": true, "archived": false,
        "createdAt": state.settings.created_at.to_iso(), "deliveryIdentifier": { "type": "HS_EMAIL_ADDRESS", "value": address },
    })
}

fn all_accounts(state: &State, archived: bool) -> Vec<Value> {
    let kept = state.items.of(&accounts()).filter(|(_, item)| item.is_archived() == archived).map(|(_, item)| item.value.clone());
    (!archived).then(|| mail(state)).into_iter().chain(kept).collect()
}

fn account(state: &State, id: &str, archived: bool) -> Result<Value, ErrorBody> {
    all_accounts(state, archived).into_iter().find(|one| one["id"] == *id).ok_or_else(|| missing(id))
}

fn list_accounts(asked: &Asked<'_>, tx: &Tx<'_>) -> Answer {
    tx.work.each(tx.state.items.count(&accounts()), 4)?;
    let is_asked = |one: &Value, name: &str| {
        let wanted = asked.query.list(name);
        wanted.is_empty() || wanted.iter().any(|id| one[name] == **id)
    };
    let all = all_accounts(tx.state, asked.query.flag("archived")?);
    page(asked, all.iter().filter(|one| is_asked(one, "channelId") && is_asked(one, "inboxId")).collect(), true)
}

/// Who writes: a letter for the kind, and an id (the guide's table of actors).
fn actor(state: &State, id: &str) -> Option<Value> {
    let id = keyway_objects::request::decoded(id);
    let (kind, rest) = id.split_once('-')?;
    match kind {
        "A" => {
            let user = rest.parse::<u64>().ok()?;
            let owner = state.live_owners().find(|owner| owner.user_id == user)?;
            Some(json!({ "id": id, "type": "AGENT", "name": owner.name(), "email": owner.email }))
        }
        "V" => {
            let contact = state.table(contacts()).live(rest.parse().ok()?)?;
            let names = ["firstname", "lastname"].iter().filter_map(|name| contact.get(name)).filter(|name| !name.is_empty());
            let mut actor = json!({ "id": id, "type": "VISITOR", "name": names.collect::<Vec<_>>().join(" ") });
            if let Some(email) = contact.get("email").filter(|email| !email.is_empty()) {
                actor["email"] = email.into();
            }
            Some(actor)
        }
        "E" => rest.contains('@').then(|| json!({ "id": id, "type": "EMAIL", "email": rest })),
        "I" => rest.parse::<u64>().is_ok().then(|| json!({ "id": id, "type": "INTEGRATOR", "name": format!("App {rest}") })),
        "S" => (rest == "hubspot").then(|| json!({ "id": id, "type": "SYSTEM" })),
        _ => None,
    }
}

fn many_actors(asked: &Asked<'_>, tx: &Tx<'_>) -> Answer {
    let body = asked.body()?;
    let Some(inputs) = body.get("inputs").and_then(Value::as_array).filter(|inputs| !inputs.is_empty()) else {
        return Err(bad_field("inputs", "must be a list of ids"));
    };
    if inputs.len() > BATCH_MAX {
        return Err(bad_field("inputs", &format!("must be {BATCH_MAX} at most")));
    }
    let (mut results, mut unknown) = (Vec::new(), Vec::new());
    for input in inputs {
        let id = id_text(Some(input)).ok_or_else(|| bad_field("inputs", "must be a list of ids"))?;
        match actor(tx.state, &id) {
            Some(actor) => results.push(actor),
            None => unknown.push(id),
        }
    }
    let mut body = json!({ "status": "COMPLETE", "results": results, "startedAt": asked.now(), "completedAt": asked.now() });
    if unknown.is_empty() {
        return Ok(reply(200, body));
    }
    body["numErrors"] = 1.into();
    body["errors"] = json!([listed(&invalid::actors_missing(unknown))]);
    Ok(reply(207, body))
}

/// The attachments of a message: a list of objects with a type that HubSpot knows. The list may be left out.
fn attachments(body: &serde_json::Map<String, Value>) -> Result<Value, ErrorBody> {
    shape::each("attachments", &ATTACHMENT, body)?;
    Ok(body.get("attachments").cloned().unwrap_or_else(|| json!([])))
}

/// Sorts by the first field that the query names; a dash before it turns the order round.
fn sort(asked: &Asked<'_>, values: &mut [&Value], fields: &[&str]) -> Result<(), ErrorBody> {
    let asked = asked.query.list("sort");
    let Some(first) = asked.first() else { return Ok(()) };
    let (field, descending) = first.strip_prefix('-').map_or((*first, false), |field| (field, true));
    if !fields.contains(&field) {
        return Err(bad_parameter("sort", &format!("'{field}' is not one of {}", fields.join(", "))));
    }
    values.sort_by_cached_key(|value| super::within::sortable(&value[field]));
    if descending {
        values.reverse();
    }
    Ok(())
}

fn put_account(tx: &mut Tx<'_>, id: &str, value: Value) {
    tx.put_item(&accounts(), id, Item::new(value));
}
