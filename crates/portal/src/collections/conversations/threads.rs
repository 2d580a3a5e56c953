//! Threads, and what is written in them: messages, comments, changes of the status and of who has a thread.

use keyway_core::error_body::ErrorBody;
use keyway_core::time::Timestamp;
use keyway_objects::OfThread;
use keyway_objects::invalid;
use keyway_objects::items::Place;
use keyway_objects::request::{bad_field, bad_parameter};
use keyway_objects::state::State;
use keyway_objects::tx::Tx;
use serde_json::{Map, Value, json};

use super::super::shape::{self, Field, Is};
use super::super::{Answer, Asked, Item, missing, no_content, page, reply, size};
use super::{DELIVERY, account, actor, attachments, sort};

const STATUS: Is = Is::One(&["CLOSED", "OPEN"]);
const CHANGE: [Field; 2] = [("status", STATUS, false), ("archived", Is::Flag, false)];
const COMMENT: [Field; 3] = [("text", Is::Text, true), ("richText", Is::Text, false), ("attachments", Is::List, false)];
const MESSAGE: [Field; 8] = [
    ("text", Is::Text, true),
    ("richText", Is::Text, false),
    ("subject", Is::Text, false),
    ("attachments", Is::List, false),
    ("channelId", Is::Text, true),
    ("channelAccountId", Is::Text, true),
    ("senderActorId", Is::Text, true),
    ("recipients", Is::List, true),
];
const RECIPIENT: [Field; 5] = [
    ("actorId", Is::Text, false),
    ("name", Is::Text, false),
    ("recipientField", Is::Text, false),
    ("deliveryIdentifier", Is::Object, false),
    ("deliveryIdentifiers", Is::List, false),
];

pub fn answer(asked: &Asked<'_>, rest: &[&str], tx: &mut Tx<'_>) -> Option<Answer> {
    Some(match (asked.method(), rest) {
        ("GET", []) => list(asked, tx),
        ("GET", [id]) => {
            asked.query.flag("archived").and_then(|archived| found(tx.state, id, archived)).map(|one| reply(200, one.value.clone()))
        }
        ("PATCH", [id]) => change(asked, tx, id),
        ("DELETE", [id]) => live(tx.state, id).cloned().map(|thread| {
            archive(asked, tx, id, thread);
            no_content()
        }),
        ("PUT", [id, "assignee"]) => assign(asked, tx, id),
        ("DELETE", [id, "assignee"]) => unassign(asked, tx, id),
        ("GET", [id, "messages"]) => written(asked, tx, id),
        ("POST", [id, "messages"]) => write(asked, tx, id),
        ("GET", [id, "messages", one]) => message(tx.state, id, one).map(|one| reply(200, one.clone())),
        ("GET", [id, "messages", one, "original-content"]) => {
            message(tx.state, id, one).map(|one| reply(200, json!({ "text": one["text"], "richText": one["richText"] })))
        }
        _ => return None,
    })
}

fn place() -> Place {
    Place::new("conversation-threads", &[])
}

/// Messages of all threads have ids of one row, as an app asks for one by its id alone.
pub fn messages() -> Place {
    Place::new("conversation-messages", &[])
}

fn found<'s>(state: &'s State, id: &str, archived: bool) -> Result<&'s Item, ErrorBody> {
    state.items.get(&place(), id).filter(|item| item.is_archived() == archived).ok_or_else(|| missing(id))
}

pub fn live<'s>(state: &'s State, id: &str) -> Result<&'s Item, ErrorBody> {
    found(state, id, false)
}

fn list(asked: &Asked<'_>, tx: &Tx<'_>) -> Answer {
    let archived = asked.query.flag("archived")?;
    let status = asked.query.get("threadStatus");
    if status.is_some_and(|status| status != "OPEN" && status != "CLOSED") {
        return Err(bad_parameter("threadStatus", "must be OPEN or CLOSED"));
    }
    let since = asked.moment("latestMessageTimestampAfter")?;
    tx.work.each(tx.state.items.count(&place()), 4)?;
    let (inboxes, contact, ticket) =
        (asked.query.list("inboxId"), asked.query.get("associatedContactId"), asked.query.get("associatedTicketId"));
    let fits = |thread: &Value| {
        let latest = thread["latestMessageTimestamp"].as_str().and_then(Timestamp::parse_iso);
        status.is_none_or(|status| thread["status"] == *status)
            && (inboxes.is_empty() || inboxes.iter().any(|id| thread["inboxId"] == **id))
            && contact.is_none_or(|id| thread["associatedContactId"] == *id)
            && ticket.is_none()
            && since.is_none_or(|since| latest > Some(since))
    };
    let all = tx.state.items.of(&place()).filter(|(_, item)| item.is_archived() == archived).map(|(_, item)| &item.value);
    let mut threads: Vec<&Value> = all.filter(|thread| fits(thread)).collect();
    sort(asked, &mut threads, &["id", "createdAt", "latestMessageTimestamp"])?;
    page(asked, threads, false)
}

/// A new thread of an account's channel with a contact.
pub fn begin(asked: &Asked<'_>, tx: &mut Tx<'_>, account: &Value, contact: &str) -> String {
    let id = tx.state.items.next_number(&place()).to_string();
    let value = json!({
        "id": id, "createdAt": asked.now(), "status": "OPEN", "originalChannelId": account["channelId"], "originalChannelAccountId": account["id"],
        "inboxId": account["inboxId"], "associatedContactId": contact, "spam": false, "archived": false,
    });
    tx.put_item(&place(), &id, Item::new(value));
    tx.note_thread(&id, OfThread::Created);
    id
}

/// What is added to a thread.
pub struct Written<'a> {
    pub kind: &'a str,
    pub by: &'a str,
    pub at: Timestamp,
    pub fields: Value,
}

/// Adds something to a thread. A message that comes in opens a closed one.
///
/// # Errors
/// The thread is not there.
pub fn add(asked: &Asked<'_>, tx: &mut Tx<'_>, thread: &str, written: Written<'_>) -> Result<Value, ErrorBody> {
    let mut item = live(tx.state, thread)?.clone();
    let id = tx.state.items.next_number(&messages()).to_string();
    let at = written.at.to_iso();
    let mut value = written.fields;
    let own = [
        ("id", id.as_str().into()),
        ("type", written.kind.into()),
        ("conversationsThreadId", thread.into()),
        ("createdAt", at.as_str().into()),
        ("createdBy", written.by.into()),
        ("client", json!({ "clientType": "INTEGRATION", "integrationAppId": asked.call.app_id })),
        ("archived", false.into()),
    ];
    shape::set(&mut value, own);
    for name in ["senders", "recipients"] {
        if value[name].is_null() {
            value[name] = json!([]);
        }
    }
    if written.kind == "MESSAGE" {
        let incoming = value["direction"] == "INCOMING";
        item.value["latestMessageTimestamp"] = at.as_str().into();
        item.value[if incoming { "latestMessageReceivedTimestamp" } else { "latestMessageSentTimestamp" }] = at.into();
        if incoming && item.value["status"] == "CLOSED" {
            item.value["status"] = "OPEN".into();
            remove(&mut item.value, "closedAt");
            changed(tx, thread, "status", "OPEN");
        }
    }
    if matches!(written.kind, "MESSAGE" | "COMMENT") {
        tx.note_thread(thread, OfThread::Message { id: id.clone(), message_type: written.kind.to_owned() });
    }
    tx.put_item(&messages(), &id, Item::new(value.clone()));
    tx.put_item(&place(), thread, item);
    Ok(value)
}

/// Notes for webhooks that a property of a thread has another value.
fn changed(tx: &mut Tx<'_>, thread: &str, property: &'static str, value: &str) {
    tx.note_thread(thread, OfThread::Changed { property, value: value.to_owned() });
}

fn remove(value: &mut Value, field: &str) {
    if let Value::Object(fields) = value {
        fields.remove(field);
    }
}

fn archive(asked: &Asked<'_>, tx: &mut Tx<'_>, id: &str, mut thread: Item) {
    thread.archived_at = Some(asked.call.now);
    thread.value["archived"] = true.into();
    tx.put_item(&place(), id, thread);
    tx.note_thread(id, OfThread::Archived);
}

/// Whom a call acts for: its user where the account has one, and the app.
fn caller(asked: &Asked<'_>, state: &State) -> String {
    let user = state.owners.iter().find(|owner| owner.user_id == asked.call.user_id);
    user.map_or_else(|| format!("I-{}", asked.call.app_id), |owner| format!("A-{}", owner.user_id))
}

/// A thread is opened or closed; with `archived=true` in the query, it is brought back.
fn change(asked: &Asked<'_>, tx: &mut Tx<'_>, id: &str) -> Answer {
    let mut thread = found(tx.state, id, asked.query.flag("archived")?)?.clone();
    let fields = shape::read(&CHANGE, &asked.body()?, true)?;
    match fields.get("archived").and_then(Value::as_bool) {
        Some(true) if !thread.is_archived() => {
            archive(asked, tx, id, thread.clone());
            thread.value["archived"] = true.into();
            return Ok(reply(200, thread.value));
        }
        Some(false) if thread.is_archived() => {
            thread.archived_at = None;
            thread.value["archived"] = false.into();
            tx.put_item(&place(), id, thread.clone());
            changed(tx, id, "isArchived", "false");
        }
        _ if thread.is_archived() => return Err(invalid::thread_archived()),
        _ => {}
    }
    let Some(status) = fields.get("status").filter(|status| **status != thread.value["status"]) else {
        return Ok(reply(200, thread.value));
    };
    thread.value["status"] = status.clone();
    match status.as_str() {
        Some("CLOSED") => thread.value["closedAt"] = asked.now().into(),
        _ => remove(&mut thread.value, "closedAt"),
    }
    tx.put_item(&place(), id, thread.clone());
    changed(tx, id, "status", status.as_str().unwrap_or_default());
    let by = caller(asked, tx.state);
    add(asked, tx, id, Written { kind: "THREAD_STATUS_CHANGE", by: &by, at: asked.call.now, fields: json!({ "newStatus": status }) })?;
    Ok(reply(200, thread.value))
}

fn assign(asked: &Asked<'_>, tx: &mut Tx<'_>, id: &str) -> Answer {
    let mut thread = live(tx.state, id)?.clone();
    let fields = shape::read(&[("actorId", Is::Text, true)], &asked.body()?, false)?;
    if actor(tx.state, fields["actorId"].as_str().unwrap_or_default()).is_none_or(|actor| actor["type"] != "AGENT") {
        return Err(bad_field("actorId", "is not a user of the account, such as A-9001"));
    }
    let before = std::mem::replace(&mut thread.value["assignedTo"], fields["actorId"].clone());
    tx.put_item(&place(), id, thread.clone());
    note_assignment(asked, tx, id, &before, &fields["actorId"])?;
    Ok(reply(200, thread.value))
}

fn unassign(asked: &Asked<'_>, tx: &mut Tx<'_>, id: &str) -> Answer {
    let mut thread = live(tx.state, id)?.clone();
    let before = thread.value["assignedTo"].take();
    remove(&mut thread.value, "assignedTo");
    if !before.is_null() {
        tx.put_item(&place(), id, thread);
        note_assignment(asked, tx, id, &before, &Value::Null)?;
    }
    Ok(no_content())
}

fn note_assignment(asked: &Asked<'_>, tx: &mut Tx<'_>, id: &str, from: &Value, to: &Value) -> Result<(), ErrorBody> {
    if from != to {
        changed(tx, id, "assignedTo", to.as_str().unwrap_or_default());
    }
    let mut fields = Map::new();
    for (name, who) in [("assignedFrom", from), ("assignedTo", to)] {
        if !who.is_null() {
            fields.insert(name.to_owned(), who.clone());
        }
    }
    let by = caller(asked, tx.state);
    add(asked, tx, id, Written { kind: "ASSIGNMENT", by: &by, at: asked.call.now, fields: fields.into() }).map(drop)
}

fn message<'s>(state: &'s State, thread: &str, id: &str) -> Result<&'s Value, ErrorBody> {
    let found = state.items.get(&messages(), id).map(|item| &item.value).filter(|one| one["conversationsThreadId"] == *thread);
    found.ok_or_else(|| missing(id))
}

fn written(asked: &Asked<'_>, tx: &Tx<'_>, id: &str) -> Answer {
    found(tx.state, id, asked.query.flag("archived")?)?;
    tx.work.each(tx.state.items.count(&messages()), 1)?;
    let all = tx.state.items.of(&messages()).map(|(_, item)| &item.value);
    let mut own: Vec<&Value> = all.filter(|one| one["conversationsThreadId"] == *id).collect();
    sort(asked, &mut own, &["id", "createdAt"])?;
    page(asked, own, false)
}

/// An answer to the visitor, or a comment that only the users see.
fn write(asked: &Asked<'_>, tx: &mut Tx<'_>, id: &str) -> Answer {
    live(tx.state, id)?;
    let body = asked.body()?;
    let is_comment = match body.get("type").and_then(Value::as_str) {
        None | Some("MESSAGE") => false,
        Some("COMMENT") => true,
        Some(_) => return Err(bad_field("type", "must be MESSAGE or COMMENT")),
    };
    let fields = shape::read(if is_comment { &COMMENT[..] } else { &MESSAGE[..] }, &body, false)?;
    let attachments = attachments(&fields)?;
    tx.work.write(2 * size(&Value::from(fields.clone())))?;
    let mut value = json!({ "text": fields["text"], "attachments": attachments });
    shape::set_given(&mut value, &fields, &["richText", "subject"]);
    if is_comment {
        if value["richText"].is_null() {
            value["richText"] = value["text"].clone();
        }
        let by = caller(asked, tx.state);
        let value = add(asked, tx, id, Written { kind: "COMMENT", by: &by, at: asked.call.now, fields: value })?;
        return Ok(reply(201, value));
    }
    let by = fields["senderActorId"].as_str().unwrap_or_default().to_owned();
    let sender = actor(tx.state, &by).filter(|sender| sender["type"] == "AGENT");
    let sender = sender.ok_or_else(|| bad_field("senderActorId", "is not a user of the account, such as A-9001"))?;
    let account = account(tx.state, fields["channelAccountId"].as_str().unwrap_or_default(), false)
        .map_err(|_| bad_field("channelAccountId", "is not a channel account"))?;
    if account["channelId"] != fields["channelId"] {
        return Err(bad_field("channelId", "is not the channel of the channel account"));
    }
    value["direction"] = "OUTGOING".into();
    value["channelId"] = fields["channelId"].clone();
    value["channelAccountId"] = fields["channelAccountId"].clone();
    value["truncationStatus"] = "NOT_TRUNCATED".into();
    value["status"] = json!({ "statusType": "SENT" });
    value["senders"] = json!([{ "actorId": by, "name": sender["name"], "senderField": "FROM" }]);
    if let Some(address) = account.get("deliveryIdentifier") {
        value["senders"][0]["deliveryIdentifier"] = address.clone();
    }
    value["recipients"] = recipients(&fields)?;
    let value = add(asked, tx, id, Written { kind: "MESSAGE", by: &by, at: asked.call.now, fields: value })?;
    Ok(reply(201, value))
}

/// Each recipient with its first address.
fn recipients(body: &Map<String, Value>) -> Result<Value, ErrorBody> {
    shape::each("recipients", &RECIPIENT, body)?;
    let mut shown = Vec::new();
    for one in body["recipients"].as_array().into_iter().flatten() {
        let address = [&one["deliveryIdentifiers"][0], &one["deliveryIdentifier"]].into_iter().find_map(Value::as_object);
        let address = address.ok_or_else(|| bad_field("recipients", "must each have deliveryIdentifiers"))?;
        let mut recipient = json!({ "deliveryIdentifier": shape::read(&DELIVERY, address, false)?, "recipientField": "TO" });
        for name in ["actorId", "name", "recipientField"] {
            if let Some(value) = one.get(name).filter(|value| value.is_string()) {
                recipient[name] = value.clone();
            }
        }
        shown.push(recipient);
    }
    if shown.is_empty() { Err(bad_field("recipients", "must not be empty")) } else { Ok(shown.into()) }
}
