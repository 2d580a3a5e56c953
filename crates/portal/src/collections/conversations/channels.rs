//! Custom channels: an app's own way for messages in and out, with an account for each address.
//!
//! developers.hubspot.com/docs/api-reference/conversations-custom-channels-v3/guide. Channels are registered with a developer
//! API key, so that every account has one already for apps without such a key.

use keyway_core::error_body::ErrorBody;
use keyway_core::time::Timestamp;
use keyway_objects::invalid;
use keyway_objects::items::Place;
use keyway_objects::request::{bad_field, text};
use keyway_objects::state::State;
use keyway_objects::tx::Tx;
use keyway_objects::value::is_email;
use serde_json::{Map, Value, json};

use super::super::people::{self, Who, contacts};
use super::super::shape::{self, Field, Is};
use super::super::{Answer, Asked, Item, missing, no_content, page, reply, size};
use super::threads::{self, Written};
use super::{DELIVERY, INBOX, account, accounts, attachments, put_account};

/// The custom channel that every account has.
const OWN: &str = "1000001";

const CHANNEL: [Field; 6] = [
    ("name", Is::Text, true),
    ("capabilities", Is::Object, true),
    ("webhookUrl", Is::Url, false),
    ("channelAccountConnectionRedirectUrl", Is::Url, false),
    ("channelDescription", Is::Text, false),
    ("channelLogoUrl", Is::Url, false),
];
const ACCOUNT: [Field; 4] =
    [("name", Is::Text, true), ("inboxId", Is::Text, true), ("authorized", Is::Flag, true), ("deliveryIdentifier", Is::Object, false)];
const ACCOUNT_CHANGE: [Field; 2] = [("name", Is::Text, false), ("authorized", Is::Flag, false)];
const PARTICIPANT: [Field; 3] = [("deliveryIdentifier", Is::Object, true), ("name", Is::Text, false), ("senderActorId", Is::Text, false)];
const MESSAGE: [Field; 13] = [
    ("text", Is::Text, true),
    ("richText", Is::Text, false),
    ("messageDirection", Is::One(&["INCOMING", "OUTGOING"]), true),
    ("timestamp", Is::Date, true),
    ("channelAccountId", Is::Text, true),
    ("senders", Is::List, true),
    ("recipients", Is::List, true),
    ("attachments", Is::List, false),
    ("inReplyToId", Is::Text, false),
    ("integrationThreadId", Is::Text, false),
    ("integrationIdempotencyId", Is::Text, false),
    ("associateWithContactId", Is::Number, false),
    ("preResolvedContacts", Is::Object, false),
];
const STATUS: [Field; 2] = [("statusType", Is::One(&["FAILED", "READ", "SENT"]), true), ("errorMessage", Is::Text, false)];

pub fn answer(asked: &Asked<'_>, rest: &[&str], tx: &mut Tx<'_>) -> Option<Answer> {
    Some(match (asked.method(), rest) {
        ("GET", []) => {
            let all = all(tx.state);
            page(asked, all.iter().collect(), true)
        }
        ("POST", []) => register(asked, tx),
        ("GET", [id]) => channel(tx.state, id).map(|one| reply(200, one)),
        ("PATCH", [id]) => channel(tx.state, id).and_then(|one| change(asked, tx, id, one)),
        ("DELETE", [id]) => channel(tx.state, id).map(|_| {
            tx.put_item(&place(), id, Item { value: json!({}), draft: None, archived_at: Some(asked.call.now) });
            no_content()
        }),
        ("GET", [id, "channel-accounts"]) => channel(tx.state, id).and_then(|_| list_accounts(asked, tx, id)),
        ("POST", [id, "channel-accounts"]) => channel(tx.state, id).and_then(|_| connect(asked, tx, id)),
        ("GET", [id, "channel-accounts", one]) => {
            asked.query.flag("archived").and_then(|archived| own_account(tx.state, id, one, archived)).map(|one| reply(200, one))
        }
        ("PATCH", [id, "channel-accounts", one]) => {
            own_account(tx.state, id, one, false).and_then(|before| change_account(asked, tx, one, before))
        }
        ("POST", [id, "messages"]) => channel(tx.state, id).and_then(|_| publish(asked, tx, id)),
        ("GET", [id, "messages", one]) => message(tx.state, id, one).map(|one| reply(200, one)),
        ("PATCH", [id, "messages", one]) => message(tx.state, id, one).and_then(|before| set_status(asked, tx, one, before)),
        _ => return None,
    })
}

fn place() -> Place {
    Place::new("custom-channels", &[])
}

/// All custom channels: the one that every account has, until it is changed or removed, and those that were registered.
pub fn all(state: &State) -> Vec<Value> {
    let own = state.items.get(&place(), OWN).is_none().then(|| {
        let capabilities = json!({ "deliveryIdentifierTypes": ["CHANNEL_SPECIFIC_OPAQUE_ID", "HS_EMAIL_ADDRESS", "HS_PHONE_NUMBER"], "threadingModel": "INTEGRATION_THREAD_ID", "allowInlineImages": false, "allowOutgoingMessages": true });
        json!({ "id": OWN, "name": "Custom channel", "createdAt": state.settings.created_at.to_iso(), "capabilities": capabilities })
    });
    let kept = state.items.of(&place()).filter(|(_, item)| !item.is_archived()).map(|(_, item)| item.value.clone());
    own.into_iter().chain(kept).collect()
}

fn channel(state: &State, id: &str) -> Result<Value, ErrorBody> {
    all(state).into_iter().find(|one| one["id"] == *id).ok_or_else(|| missing(id))
}

fn register(asked: &Asked<'_>, tx: &mut Tx<'_>) -> Answer {
    let mut value = Value::from(shape::read(&CHANNEL, &asked.body()?, false)?);
    tx.work.write(size(&value))?;
    let id = (OWN.parse::<usize>().unwrap_or_default() + 1 + tx.state.items.count(&place())).to_string();
    value["id"] = id.as_str().into();
    value["createdAt"] = asked.now().into();
    tx.put_item(&place(), &id, Item::new(value.clone()));
    Ok(reply(200, value))
}

fn change(asked: &Asked<'_>, tx: &mut Tx<'_>, id: &str, mut value: Value) -> Answer {
    let fields = shape::read(&CHANNEL, &asked.body()?, true)?;
    tx.work.write(size(&value) + size(&Value::from(fields.clone())))?;
    shape::set(&mut value, fields);
    tx.put_item(&place(), id, Item::new(value.clone()));
    Ok(reply(200, value))
}

fn own_account(state: &State, channel: &str, id: &str, archived: bool) -> Result<Value, ErrorBody> {
    account(state, id, archived).ok().filter(|one| one["channelId"] == *channel).ok_or_else(|| missing(id))
}

fn list_accounts(asked: &Asked<'_>, tx: &Tx<'_>, channel: &str) -> Answer {
    tx.work.each(tx.state.items.count(&accounts()), 4)?;
    let archived = asked.query.flag("archived")?;
    let (types, values) = (asked.query.list("deliveryIdentifierType"), asked.query.list("deliveryIdentifierValue"));
    let is_asked = |value: &Value, wanted: &[&str]| wanted.is_empty() || wanted.iter().any(|one| *value == **one);
    let all = tx.state.items.of(&accounts()).filter(|(_, item)| item.is_archived() == archived).map(|(_, item)| &item.value);
    let own = all.filter(|one| {
        let address = &one["deliveryIdentifier"];
        one["channelId"] == *channel && is_asked(&address["type"], &types) && is_asked(&address["value"], &values)
    });
    page(asked, own.collect(), true)
}

fn connect(asked: &Asked<'_>, tx: &mut Tx<'_>, channel: &str) -> Answer {
    let fields = shape::read(&ACCOUNT, &asked.body()?, false)?;
    if let Some(address) = fields.get("deliveryIdentifier").and_then(Value::as_object) {
        shape::read(&DELIVERY, address, false)?;
    }
    if fields["inboxId"] != INBOX {
        return Err(bad_field("inboxId", "is not an inbox of the account"));
    }
    tx.work.write(size(&Value::from(fields.clone())))?;
    let id = tx.state.items.next_number(&accounts()).to_string();
    let mut value = Value::from(fields);
    let own = [("id", id.as_str().into()), ("channelId", channel.into()), ("createdAt", asked.now().into()), ("archived", false.into())];
    shape::set(&mut value, own);
    value["active"] = value["authorized"].clone();
    put_account(tx, &id, value.clone());
    Ok(reply(201, value))
}

/// An account that is no longer authorized is off.
fn change_account(asked: &Asked<'_>, tx: &mut Tx<'_>, id: &str, mut value: Value) -> Answer {
    shape::set(&mut value, shape::read(&ACCOUNT_CHANGE, &asked.body()?, true)?);
    tx.work.write(size(&value))?;
    value["active"] = value["authorized"].clone();
    put_account(tx, id, value.clone());
    Ok(reply(200, value))
}

fn message(state: &State, channel: &str, id: &str) -> Result<Value, ErrorBody> {
    let found = state.items.get(&threads::messages(), id).map(|item| &item.value);
    found.filter(|one| one["channelId"] == *channel && one["type"] == "MESSAGE").cloned().ok_or_else(|| missing(id))
}

/// What became of a message that the app had to send.
fn set_status(asked: &Asked<'_>, tx: &mut Tx<'_>, id: &str, mut value: Value) -> Answer {
    let fields = shape::read(&STATUS, &asked.body()?, false)?;
    if value["direction"] != "OUTGOING" {
        return Err(invalid::message_not_outgoing());
    }
    tx.work.write(size(&value))?;
    value["status"] = json!({ "statusType": fields["statusType"] });
    if fields["statusType"] == "FAILED" {
        value["status"]["failureDetails"] =
            json!({ "errorMessage": fields.get("errorMessage").cloned().unwrap_or_default(), "errorMessageTokens": {} });
    }
    value["updatedAt"] = asked.now().into();
    tx.put_item(&threads::messages(), id, Item::new(value.clone()));
    Ok(reply(200, value))
}

/// Those who send or get a message, each with an address.
fn participants<'b>(body: &'b Map<String, Value>, name: &str) -> Result<Vec<&'b Map<String, Value>>, ErrorBody> {
    shape::each(name, &PARTICIPANT, body)?;
    let all: Vec<_> = body[name].as_array().into_iter().flatten().filter_map(Value::as_object).collect();
    for one in &all {
        let address = shape::read(&DELIVERY, one["deliveryIdentifier"].as_object().unwrap_or(&Map::new()), false)?;
        if address["type"] == "HS_EMAIL_ADDRESS" && !address["value"].as_str().is_some_and(|value| is_email(value.trim())) {
            return Err(bad_field("deliveryIdentifier", "must have an e-mail address as its value"));
        }
    }
    if all.is_empty() { Err(bad_field(name, "must not be empty")) } else { Ok(all) }
}

fn kept_ids() -> Place {
    Place::new("channel-idempotency", &[])
}

fn keys() -> Place {
    Place::new("channel-threads", &[])
}

/// A message comes in, or was sent elsewhere: it joins its thread, or begins one with its contact.
fn publish(asked: &Asked<'_>, tx: &mut Tx<'_>, channel: &str) -> Answer {
    let body = shape::read(&MESSAGE, &asked.body()?, false)?;
    let (senders, recipients) = (participants(&body, "senders")?, participants(&body, "recipients")?);
    let attachments = attachments(&body)?;
    tx.work.write(2 * size(&Value::from(body.clone())))?;
    let account_id = body["channelAccountId"].as_str().unwrap_or_default();
    let account =
        own_account(tx.state, channel, account_id, false).map_err(|_| bad_field("channelAccountId", "is not an account of the channel"))?;
    if account["authorized"] != true {
        return Err(invalid::channel_account_not_authorized());
    }
    let once = text(&body, "integrationIdempotencyId")?.map(|id| format!("{channel}/{id}"));
    let before = once.as_ref().and_then(|key| tx.state.items.get(&kept_ids(), key)).and_then(|item| item.value["message"].as_str());
    if let Some(before) = before.and_then(|id| tx.state.items.get(&threads::messages(), id)) {
        return Ok(reply(201, before.value.clone()));
    }
    let incoming = body["messageDirection"] == "INCOMING";
    let visitor = if incoming { senders[0] } else { recipients[0] };
    let address = visitor["deliveryIdentifier"]["value"].as_str().unwrap_or_default();
    let key = match text(&body, "integrationThreadId")? {
        Some(thread) => format!("{account_id}/thread/{thread}"),
        // An address is the same in any letter case.
        None => format!("{account_id}/address/{}", address.trim().to_lowercase()),
    };
    let thread = tx.state.items.get(&keys(), &key).and_then(|item| item.value["thread"].as_str()).map(str::to_owned);
    let thread = thread.filter(|id| threads::live(tx.state, id).is_ok());
    let contact = match &thread {
        Some(id) => threads::live(tx.state, id)?.value["associatedContactId"].as_str().unwrap_or_default().to_owned(),
        None => contact(asked, tx, &body, visitor)?.to_string(),
    };
    let actor = format!("V-{contact}");
    let own = senders[0].get("senderActorId").and_then(Value::as_str).map_or_else(|| format!("I-{}", asked.call.app_id), str::to_owned);
    let shown = |all: &[&Map<String, Value>], actor: &str, field: &str, name: &str| {
        let one = |who: &&Map<String, Value>| {
            let mut shown = json!({ "actorId": actor, "deliveryIdentifier": who["deliveryIdentifier"], field: name });
            if let Some(name) = who.get("name") {
                shown["name"] = name.clone();
            }
            shown
        };
        Value::from(all.iter().map(one).collect::<Vec<_>>())
    };
    let (from, to) = if incoming { (&actor, &own) } else { (&own, &actor) };
    let mut message = json!({
        "text": body["text"], "attachments": attachments, "direction": body["messageDirection"], "channelId": channel,
        "channelAccountId": account_id, "senders": shown(&senders, from, "senderField", "FROM"),
        "recipients": shown(&recipients, to, "recipientField", "TO"), "truncationStatus": "NOT_TRUNCATED",
        "status": { "statusType": if incoming { "RECEIVED" } else { "SENT" } },
    });
    shape::set_given(&mut message, &body, &["richText", "inReplyToId"]);
    let thread = match thread {
        Some(id) => id,
        None => {
            let id = threads::begin(asked, tx, &account, &contact);
            tx.put_item(&keys(), &key, Item::new(json!({ "thread": id })));
            id
        }
    };
    let at = body["timestamp"].as_str().and_then(Timestamp::parse_iso).unwrap_or(asked.call.now);
    let value = threads::add(asked, tx, &thread, Written { kind: "MESSAGE", by: from, at, fields: message })?;
    if let Some(key) = once {
        tx.put_item(&kept_ids(), &key, Item::new(json!({ "message": value["id"] })));
    }
    Ok(reply(201, value))
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

/// The contact of a new thread: the one that the app names, the one with the address, or a new one.
fn contact(asked: &Asked<'_>, tx: &mut Tx<'_>, body: &Map<String, Value>, visitor: &Map<String, Value>) -> Result<u64, ErrorBody> {
    let resolved = body.get("preResolvedContacts").map(|resolved| &resolved["contacts"][0]["contactVid"]);
    if let Some(named) = body.get("associateWithContactId").or(resolved).filter(|named| !named.is_null()) {
        let found = named.as_u64().filter(|id| tx.state.table(contacts()).live(*id).is_some());
        return found.ok_or_else(|| bad_field("associateWithContactId", "is not a contact of the account"));
    }
    let (address, name) = (&visitor["deliveryIdentifier"], visitor.get("name").and_then(Value::as_str).unwrap_or_default());
    let value = address["value"].as_str().unwrap_or_default().trim();
    let mut properties = Map::new();
    let (first, last) = name.trim().split_once(' ').unwrap_or((name.trim(), ""));
    for (property, text) in [("firstname", first), ("lastname", last.trim())] {
        if !text.is_empty() {
            properties.insert(property.to_owned(), text.into());
        }
    }
    match address["type"].as_str() {
        Some("HS_EMAIL_ADDRESS") => {
            let who = Who::Email(value.to_lowercase());
            let known = people::found(tx.state, &who).map(|(_, id)| id);
            known.map_or_else(|| people::write(asked, tx, &who, &properties), Ok)
        }
        Some("HS_PHONE_NUMBER") => {
            let table = tx.state.table(contacts());
            tx.work.each(table.count(), 4)?;
            let wanted = digits(value);
            let known = table
                .range(0, false)
                .find(|record| {
                    ["phone", "mobilephone"]
                        .iter()
                        .filter_map(|name| record.get(name))
                        .any(|own| !wanted.is_empty() && digits(own) == wanted)
                })
                .map(|record| record.id);
            properties.insert("phone".to_owned(), value.into());
            known.map_or_else(|| people::create(asked, tx, contacts(), &properties), Ok)
        }
        _ => people::create(asked, tx, contacts(), &properties),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_custom_channel_is_none_of_hubspots_own() {
        assert!(super::super::CHANNELS.iter().all(|(id, _)| *id != OWN));
    }
}
