//! The inbox: a message over a custom channel begins a thread with a contact, which users answer, assign and close.
//!
//! The fields are those of HubSpot's published specification of Conversations, and of the official SDK (PublicConversationsMessage,
//! PublicChannelAccount).

use serde_json::{Value, json};

use crate::support::{APP_ID, Account};

const THREADS: &str = "/conversations/v3/conversations/threads";
const CHANNEL: &str = "/conversations/v3/custom-channels/1000001";

/// An account of the custom channel.
fn connect(account: &Account) -> String {
    let body = json!({ "name": "Support", "inboxId": "1", "authorized": true, "deliveryIdentifier": { "type": "CHANNEL_SPECIFIC_OPAQUE_ID", "value": "shop-1" } });
    let made = account.call(&format!("POST {CHANNEL}/channel-accounts"), body).expect(201);
    assert_eq!(json!([made["channelId"], made["active"], made["archived"]]), json!(["1000001", true, false]));
    made["id"].as_str().unwrap().to_owned()
}

fn message(channel_account: &str, email: &str, text: &str) -> Value {
    json!({
        "text": text, "messageDirection": "INCOMING", "timestamp": "2026-11-23T15:15:00Z", "channelAccountId": channel_account, "attachments": [],
        "senders": [{ "name": "Ada Archer", "deliveryIdentifier": { "type": "HS_EMAIL_ADDRESS", "value": email } }],
        "recipients": [{ "deliveryIdentifier": { "type": "CHANNEL_SPECIFIC_OPAQUE_ID", "value": "shop-1" } }],
    })
}

#[test]
fn a_message_that_comes_in_begins_a_thread_with_its_contact_and_the_next_joins_it() {
    let account = Account::new();
    let channel_account = connect(&account);
    let first = account.call(&format!("POST {CHANNEL}/messages"), message(&channel_account, "Ada@example.com", "Hello")).expect(201);
    assert_eq!(json!([first["status"]["statusType"], first["client"]["integrationAppId"]]), json!(["RECEIVED", APP_ID]));
    let thread = first["conversationsThreadId"].as_str().unwrap();
    let shown = account.get(&format!("{THREADS}/{thread}")).expect(200);
    let contact = account.get("/crm/v3/objects/contacts/ada@example.com?idProperty=email&properties=firstname,lastname").expect(200);
    assert_eq!(json!([shown["associatedContactId"], shown["status"], shown["inboxId"]]), json!([contact["id"], "OPEN", "1"]));
    assert_eq!(json!([contact["properties"]["firstname"], contact["properties"]["lastname"]]), json!(["Ada", "Archer"]));
    let second = account.call(&format!("POST {CHANNEL}/messages"), message(&channel_account, "ada@example.com", "Again")).expect(201);
    assert_eq!(second["conversationsThreadId"], thread);
    let other = account.call(&format!("POST {CHANNEL}/messages"), message(&channel_account, "ben@example.com", "Hi")).expect(201);
    assert_ne!(other["conversationsThreadId"], thread);
    let page = account.get(&format!("{THREADS}?limit=1&sort=-id")).expect(200);
    assert_eq!(json!([page["results"][0]["id"], page["paging"]["next"]["after"]]), json!([other["conversationsThreadId"], "1"]));
    let of_ada = account.get(&format!("{THREADS}?associatedContactId={}", contact["id"].as_str().unwrap())).ids();
    assert_eq!(of_ada, [thread]);
    let texts: Vec<Value> = account.get(&format!("{THREADS}/{thread}/messages")).expect(200)["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["text"].clone())
        .collect();
    assert_eq!(texts, ["Hello", "Again"]);
    let visitor = account.get(&format!("/conversations/v3/conversations/actors/V-{}", contact["id"].as_str().unwrap())).expect(200);
    assert_eq!(json!([visitor["type"], visitor["name"], visitor["email"]]), json!(["VISITOR", "Ada Archer", "ada@example.com"]));
}

#[test]
fn a_message_of_one_key_is_published_once_and_threads_of_the_app_are_kept_apart() {
    let account = Account::new();
    let channel_account = connect(&account);
    let publish = |thread: &str, once: &str| {
        let mut body = message(&channel_account, "ada@example.com", "Hello");
        body["integrationThreadId"] = thread.into();
        body["integrationIdempotencyId"] = once.into();
        account.call(&format!("POST {CHANNEL}/messages"), body).expect(201)
    };
    let (first, again, other) = (publish("t1", "k1"), publish("t1", "k1"), publish("t2", "k2"));
    assert_eq!(first, again);
    assert_ne!(first["conversationsThreadId"], other["conversationsThreadId"]);
    assert_eq!(account.get(THREADS).ids().len(), 2);
    assert_eq!(account.call("POST /crm/v3/objects/contacts/search", json!({})).expect(200)["total"], 1);
}

#[test]
fn a_thread_is_answered_assigned_closed_and_opened_by_the_next_message() {
    let account = Account::new();
    let channel_account = connect(&account);
    let first = account.call(&format!("POST {CHANNEL}/messages"), message(&channel_account, "ada@example.com", "Hello")).expect(201);
    let one = format!("{THREADS}/{}", first["conversationsThreadId"].as_str().unwrap());
    let mut answer = json!({
        "type": "MESSAGE", "text": "Hi Ada", "richText": "<p>Hi Ada</p>", "senderActorId": "A-9001", "channelId": "1000001", "channelAccountId": channel_account,
        "recipients": [{ "actorId": first["createdBy"], "deliveryIdentifiers": [{ "type": "HS_EMAIL_ADDRESS", "value": "ada@example.com" }] }],
    });
    let sent = account.call(&format!("POST {one}/messages"), answer.clone()).expect(201);
    assert_eq!(
        json!([sent["direction"], sent["status"]["statusType"], sent["senders"][0]["name"]]),
        json!(["OUTGOING", "SENT", "Olivia Owens"])
    );
    let content = account.get(&format!("{one}/messages/{}/original-content", sent["id"].as_str().unwrap())).expect(200);
    assert_eq!(content, json!({ "text": "Hi Ada", "richText": "<p>Hi Ada</p>" }));
    for (field, value) in
        [("senderActorId", json!("A-1")), ("channelAccountId", json!("999")), ("channelId", json!("1002")), ("recipients", json!([]))]
    {
        let before = std::mem::replace(&mut answer[field], value);
        account.call(&format!("POST {one}/messages"), answer.clone()).refused(400, field);
        answer[field] = before;
    }
    let comment = account.call(&format!("POST {one}/messages"), json!({ "type": "COMMENT", "text": "A regular" })).expect(201);
    assert_eq!(json!([comment["type"], comment["richText"]]), json!(["COMMENT", "A regular"]));
    // The app tells what became of the message, and of no other.
    let status = json!({ "statusType": "FAILED", "errorMessage": "no such address" });
    let failed = account.call(&format!("PATCH {CHANNEL}/messages/{}", sent["id"].as_str().unwrap()), status.clone()).expect(200);
    assert_eq!(failed["status"]["failureDetails"]["errorMessage"], "no such address");
    account.call(&format!("PATCH {CHANNEL}/messages/{}", first["id"].as_str().unwrap()), status).refused(400, "incoming");
    account.call(&format!("PUT {one}/assignee"), json!({ "actorId": "V-1" })).refused(400, "actorId");
    assert_eq!(account.call(&format!("PUT {one}/assignee"), json!({ "actorId": "A-9002" })).expect(200)["assignedTo"], "A-9002");
    account.call(&format!("DELETE {one}/assignee"), Value::Null).expect(204);
    let closed = account.call(&format!("PATCH {one}"), json!({ "status": "CLOSED" })).expect(200);
    assert!(closed["closedAt"].is_string() && closed.get("assignedTo").is_none(), "{closed}");
    assert_eq!(account.get(&format!("{THREADS}?threadStatus=OPEN")).ids().len(), 0);
    account.call(&format!("POST {CHANNEL}/messages"), message(&channel_account, "ada@example.com", "And now?")).expect(201);
    let opened = account.get(&one).expect(200);
    assert!(opened["status"] == "OPEN" && opened.get("closedAt").is_none(), "{opened}");
    let kinds: Vec<Value> = account.get(&format!("{one}/messages?limit=20")).expect(200)["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["type"].clone())
        .collect();
    assert_eq!(kinds, ["MESSAGE", "MESSAGE", "COMMENT", "ASSIGNMENT", "ASSIGNMENT", "THREAD_STATUS_CHANGE", "MESSAGE"]);
}

#[test]
fn a_thread_that_was_deleted_can_be_restored_and_gets_no_message() {
    let account = Account::new();
    let channel_account = connect(&account);
    let publish = || account.call(&format!("POST {CHANNEL}/messages"), message(&channel_account, "ada@example.com", "Hello")).expect(201);
    let thread = publish()["conversationsThreadId"].as_str().unwrap().to_owned();
    let one = format!("{THREADS}/{thread}");
    account.call(&format!("DELETE {one}"), Value::Null).expect(204);
    account.get(&one).refused(404, &thread);
    assert_eq!(account.get(&format!("{one}?archived=true")).expect(200)["archived"], true);
    account.call(&format!("PATCH {one}?archived=true"), json!({ "status": "CLOSED" })).refused(400, "archived");
    assert_ne!(publish()["conversationsThreadId"], *thread);
    assert_eq!(account.call(&format!("PATCH {one}?archived=true"), json!({ "archived": false })).expect(200)["archived"], false);
    assert_eq!(account.get(&one).expect(200)["status"], "OPEN");
}

#[test]
fn every_account_has_an_inbox_its_channels_and_actors_by_the_letter_of_their_kind() {
    let account = Account::new();
    let root = "/conversations/conversations/2026-09";
    let inboxes = account.get(&format!("{root}/inboxes")).expect(200);
    assert_eq!(json!([inboxes["total"], inboxes["results"][0]["type"]]), json!([1, "INBOX"]));
    account.get(&format!("{root}/inboxes/1")).expect(200);
    account.get(&format!("{root}/inboxes/2")).refused(404, "2");
    assert_eq!(account.get(&format!("{root}/channels")).ids(), ["1000", "1002", "1000001"]);
    assert_eq!(account.get(&format!("{root}/channels/1002")).expect(200)["name"], "Email");
    let channel_account = connect(&account);
    assert_eq!(account.get(&format!("{root}/channel-accounts?channelId=1000001")).ids(), [channel_account.as_str()]);
    assert_eq!(account.get(&format!("{root}/channel-accounts/1")).expect(200)["channelId"], "1002");
    let dated = "/conversations/custom-channels/2026-09/1000001/channel-accounts";
    assert_eq!(account.get(&format!("{dated}?deliveryIdentifierValue=shop-1")).ids(), [channel_account.as_str()]);
    assert_eq!(account.get(&format!("{dated}?deliveryIdentifierValue=shop-2")).ids().len(), 0);
    let off = account.call(&format!("PATCH {dated}/{channel_account}"), json!({ "authorized": false })).expect(200);
    assert_eq!(off["active"], false);
    account.call(&format!("POST {CHANNEL}/messages"), message(&channel_account, "ada@example.com", "Hello")).refused(400, "authorized");
    let actors = json!({ "inputs": ["A-9001", "E-ada@example.com", "I-77", "S-hubspot", "V-999"] });
    let read = account.call(&format!("POST {root}/actors/batch/read"), actors).expect(207);
    let kinds: Vec<&Value> = read["results"].as_array().unwrap().iter().map(|one| &one["type"]).collect();
    assert_eq!(
        (json!(kinds), &read["errors"][0]["context"]["ids"]),
        (json!(["AGENT", "EMAIL", "INTEGRATOR", "SYSTEM"]), &json!(["V-999"]))
    );
}

#[test]
fn what_the_channel_can_not_take_is_refused_and_changes_nothing() {
    let account = Account::new();
    let channel_account = connect(&account);
    let before = account.written();
    for (field, value) in [
        ("messageDirection", json!("SIDEWAYS")),
        ("senders", json!([])),
        ("senders", json!([{ "deliveryIdentifier": { "type": "HS_EMAIL_ADDRESS", "value": "nobody" } }])),
        ("recipients", json!([{ "deliveryIdentifier": { "type": "PIGEON", "value": "x" } }])),
        ("attachments", json!([{ "type": "PARCEL" }])),
        ("channelAccountId", json!("1")),
        ("timestamp", json!("soon")),
        ("associateWithContactId", json!(999)),
    ] {
        let mut body = message(&channel_account, "ada@example.com", "Hello");
        body[field] = value;
        account.call(&format!("POST {CHANNEL}/messages"), body).refused(400, "VALIDATION_ERROR");
    }
    account
        .call("POST /conversations/v3/custom-channels/5/messages", message(&channel_account, "ada@example.com", "Hello"))
        .refused(404, "5");
    assert_eq!(account.written(), before);
}
