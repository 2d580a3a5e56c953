//! What subscriptions are told of calls, as it would be sent.

use std::sync::{Arc, Mutex};

use keyway_core::time::Timestamp;
use keyway_portal::{Notice, Storage};
use serde_json::{Value, json};

use crate::support::{APP_ID, Account, HUB_ID, NOW_MS};

/// An account with an app that is told, and what it was told.
struct Told {
    account: Account,
    notices: Arc<Mutex<Vec<Notice>>>,
}

impl Told {
    fn of(subscriptions: &[Value]) -> Self {
        Self::in_account(Account::new(), subscriptions)
    }

    fn in_account(account: Account, subscriptions: &[Value]) -> Self {
        let notices: Arc<Mutex<Vec<Notice>>> = Arc::default();
        let kept = notices.clone();
        account.portal().tell(move |notice| kept.lock().unwrap().push(notice));
        account.call("PUT /webhooks/v3/77/settings", json!({ "targetUrl": "http://127.0.0.1:1/hooks" })).expect(200);
        for subscription in subscriptions {
            let mut subscription = subscription.clone();
            subscription["active"] = true.into();
            account.call("POST /webhooks/v3/77/subscriptions", subscription).expect(201);
        }
        Self { account, notices }
    }

    /// The events since the last time, each less what every event has.
    fn events(&self) -> Vec<Value> {
        let notices = std::mem::take(&mut *self.notices.lock().unwrap());
        let mut events: Vec<Value> = notices.into_iter().flat_map(|notice| notice.events).map(|event| event.value).collect();
        for event in &mut events {
            let fields = event.as_object_mut().unwrap();
            assert_eq!((fields.remove("portalId"), fields.remove("appId")), (Some(HUB_ID.into()), Some(77.into())));
            for own in ["eventId", "subscriptionId", "occurredAt"] {
                assert!(fields.remove(own).is_some_and(|value| value.is_u64()), "{own}");
            }
            assert_eq!(
                (fields.remove("changeSource"), fields.remove("sourceId")),
                (Some("INTEGRATION".into()), Some(APP_ID.to_string().into()))
            );
        }
        events
    }
}

fn to(event_type: &str) -> Value {
    json!({ "eventType": event_type })
}

// HubSpot's product team on the events of conversations: community.hubspot.com, Conversations API Beta, m-p/562866.
#[test]
fn what_happens_in_a_thread_is_told_with_the_thread_and_its_message() {
    let of = |property: &str| json!({ "eventType": "conversation.propertyChange", "propertyName": property });
    let verbs = [to("conversation.creation"), to("conversation.newMessage"), to("conversation.deletion")];
    let told = Told::of(&[&verbs[..], &[of("status"), of("assignedTo"), of("isArchived")]].concat());
    let (threads, channel) = ("/conversations/v3/conversations/threads", "/conversations/v3/custom-channels/1000001");
    let address = json!({ "type": "CHANNEL_SPECIFIC_OPAQUE_ID", "value": "shop-1" });
    let connect = json!({ "name": "Support", "inboxId": "1", "authorized": true, "deliveryIdentifier": address });
    let own = told.account.call(&format!("POST {channel}/channel-accounts"), connect).expect(201)["id"].clone();
    let message = json!({
        "text": "Hello", "messageDirection": "INCOMING", "timestamp": "2026-11-23T15:15:00Z", "channelAccountId": own, "attachments": [],
        "senders": [{ "deliveryIdentifier": { "type": "HS_EMAIL_ADDRESS", "value": "ada@example.com" } }],
        "recipients": [{ "deliveryIdentifier": address }],
    });
    let sent = told.account.call(&format!("POST {channel}/messages"), message.clone()).expect(201);
    let thread = sent["conversationsThreadId"].as_str().unwrap();
    let id: u64 = thread.parse().unwrap();
    let event = |kind: &str, more: Value| {
        let mut event = json!({ "subscriptionType": format!("conversation.{kind}"), "objectId": id });
        event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        event
    };
    let new_message =
        |id: &Value, kind: &str| event("newMessage", json!({ "changeFlag": "NEW_MESSAGE", "messageId": id, "messageType": kind }));
    assert_eq!(told.events(), [event("creation", json!({ "changeFlag": "CREATED" })), new_message(&sent["id"], "MESSAGE")]);
    let changed = |name: &str, value: &str| event("propertyChange", json!({ "propertyName": name, "propertyValue": value }));
    let one = format!("{threads}/{thread}");
    let comment = told.account.call(&format!("POST {one}/messages"), json!({ "type": "COMMENT", "text": "Known" })).expect(201);
    assert_eq!(told.events(), [new_message(&comment["id"], "COMMENT")]);
    told.account.call(&format!("PATCH {one}"), json!({ "status": "CLOSED" })).expect(200);
    assert_eq!(told.events(), [changed("status", "CLOSED")]);
    let again = told.account.call(&format!("POST {channel}/messages"), message).expect(201);
    assert_eq!(told.events(), [changed("status", "OPEN"), new_message(&again["id"], "MESSAGE")]);
    told.account.call_with(&format!("DELETE {one}"), b"").expect(204);
    assert_eq!(told.events(), [event("deletion", json!({ "changeFlag": "DELETED" }))]);
    told.account.call(&format!("PATCH {one}?archived=true"), json!({ "archived": false })).expect(200);
    assert_eq!(told.events(), [changed("isArchived", "false")]);
}

#[test]
fn events_of_the_inbox_need_its_scope() {
    let told = Told::of(&[to("conversation.creation"), to("contact.creation")]);
    let (channel, address) =
        ("/conversations/v3/custom-channels/1000001", json!({ "type": "CHANNEL_SPECIFIC_OPAQUE_ID", "value": "shop-1" }));
    let connect = json!({ "name": "Support", "inboxId": "1", "authorized": true, "deliveryIdentifier": address });
    let own = told.account.call(&format!("POST {channel}/channel-accounts"), connect).expect(201)["id"].clone();
    let message = json!({
        "text": "Hello", "messageDirection": "INCOMING", "timestamp": "2026-11-23T15:15:00Z", "channelAccountId": own, "attachments": [],
        "senders": [{ "deliveryIdentifier": { "type": "HS_EMAIL_ADDRESS", "value": "ada@example.com" } }],
        "recipients": [{ "deliveryIdentifier": address }],
    });
    told.account.call(&format!("POST {channel}/messages"), message).expect(201);
    let notices = std::mem::take(&mut *told.notices.lock().unwrap());
    let scopes: Vec<_> =
        notices.iter().flat_map(|notice| &notice.events).map(|event| (event.value["subscriptionType"].clone(), event.scope)).collect();
    assert_eq!(scopes, [(json!("contact.creation"), None), (json!("conversation.creation"), Some("conversations.read"))]);
}

#[test]
fn a_change_of_what_hubspot_calculates_is_told_as_any_other() {
    let of = |event_type: &str, property: &str| json!({ "eventType": event_type, "propertyName": property });
    let told = Told::of(&[
        of("deal.propertyChange", "hs_is_closed_won"),
        of("contact.propertyChange", "lifecyclestage"),
        of("company.propertyChange", "num_associated_contacts"),
    ]);
    let account = &told.account;
    let changed = |kind: &str, id: &str, name: &str, value: &str| json!({ "subscriptionType": format!("{kind}.propertyChange"), "objectId": id.parse::<u64>().unwrap(), "propertyName": name, "propertyValue": value });
    let company = account.make("companies", json!({ "name": "A" }));
    assert_eq!(told.events(), [] as [Value; 0]);
    let contact = account.make("contacts", json!({ "email": "a@example.com", "associatedcompanyid": company }));
    assert_eq!(
        told.events(),
        [changed("contact", &contact, "lifecyclestage", "lead"), changed("company", &company, "num_associated_contacts", "1")]
    );
    let deal = account.make("deals", json!({ "dealname": "D", "dealstage": "contractsent" }));
    assert_eq!(told.events(), [changed("deal", &deal, "hs_is_closed_won", "false")]);
    account.call(&format!("PATCH /crm/v3/objects/deals/{deal}"), json!({ "properties": { "dealname": "E" } })).expect(200);
    assert_eq!(told.events(), [] as [Value; 0]);
    account.call(&format!("PATCH /crm/v3/objects/deals/{deal}"), json!({ "properties": { "dealstage": "closedwon" } })).expect(200);
    assert_eq!(told.events(), [changed("deal", &deal, "hs_is_closed_won", "true")]);
}

#[test]
fn a_record_is_told_of_from_its_creation_to_its_end() {
    let changes = json!({ "eventType": "contact.propertyChange", "propertyName": "city" });
    let told = Told::of(&[to("contact.creation"), changes, to("contact.deletion"), to("contact.restore"), to("contact.privacyDeletion")]);
    let id = told.account.make("contacts", json!({ "email": "ada@example.com", "city": "Porto" }));
    let number: u64 = id.parse().unwrap();
    let created = json!({ "subscriptionType": "contact.creation", "objectId": number, "changeFlag": "CREATED" });
    let city = |value: &str| json!({ "subscriptionType": "contact.propertyChange", "objectId": number, "propertyName": "city", "propertyValue": value });
    assert_eq!(told.events(), [created, city("Porto")]);

    let one = format!("/crm/v3/objects/contacts/{id}");
    let patch = |properties: Value| told.account.call(&format!("PATCH {one}"), json!({ "properties": properties })).expect(200);
    patch(json!({ "city": "Porto", "firstname": "Ada" }));
    assert_eq!(told.events(), Vec::<Value>::new(), "the same value again, and a property that nobody asked for");
    patch(json!({ "city": "" }));
    assert_eq!(told.events(), [city("")]);

    told.account.call_with(&format!("DELETE {one}"), b"").expect(204);
    assert_eq!(told.events(), [json!({ "subscriptionType": "contact.deletion", "objectId": number, "changeFlag": "DELETED" })]);
    told.account.call("POST /crm/v3/objects/contacts/gdpr-delete", json!({ "objectId": id })).expect(204);
    assert_eq!(told.events(), [json!({ "subscriptionType": "contact.privacyDeletion", "objectId": number, "changeFlag": "DELETED" })]);
}

#[test]
fn reads_refusals_and_what_nobody_subscribes_to_are_told_to_nobody() {
    let told = Told::of(&[to("contact.creation"), json!({ "eventType": "contact.propertyChange", "propertyName": "email" })]);
    let id = told.account.contact("ada@example.com");
    told.events();
    told.account.get(&format!("/crm/v3/objects/contacts/{id}")).expect(200);
    told.account.call("POST /crm/v3/objects/contacts", json!({ "properties": { "email": "ada@example.com" } })).refused(409, "exists");
    told.account.make("companies", json!({ "name": "Acme" }));
    assert_eq!(told.events(), Vec::<Value>::new());
}

#[test]
fn an_association_is_told_of_from_both_sides() {
    let told = Told::of(&[to("contact.associationChange"), to("company.associationChange")]);
    let (contact, company) = (told.account.contact("ada@example.com"), told.account.make("companies", json!({ "name": "Acme" })));
    let pair = format!("/crm/v4/objects/contacts/{contact}/associations/default/companies/{company}");
    told.account.call_with(&format!("PUT {pair}"), b"").expect(200);
    let events = told.events();
    let sides: Vec<(&str, &Value, &Value)> =
        events.iter().map(|event| (event["associationType"].as_str().unwrap(), &event["fromObjectId"], &event["toObjectId"])).collect();
    let (contact, company) = (json!(contact.parse::<u64>().unwrap()), json!(company.parse::<u64>().unwrap()));
    assert!(sides.contains(&("CONTACT_TO_COMPANY", &contact, &company)), "{events:?}");
    assert!(sides.contains(&("COMPANY_TO_CONTACT", &company, &contact)), "{events:?}");
    assert!(events.iter().all(|event| event["associationRemoved"] == false && event.get("objectId").is_none()));
    told.account.call_with(&format!("DELETE /crm/v4/objects/contacts/{contact}/associations/companies/{company}"), b"").expect(204);
    let events = told.events();
    assert!(!events.is_empty() && events.iter().all(|event| event["associationRemoved"] == true), "{events:?}");
}

#[test]
fn a_merge_names_both_records_and_the_new_one() {
    let told = Told::of(&[to("contact.merge"), to("contact.deletion")]);
    let (first, second) = (told.account.contact("ada@example.com"), told.account.contact("a@example.com"));
    let merge = json!({ "primaryObjectId": first, "objectIdToMerge": second });
    let made = told.account.call("POST /crm/v3/objects/contacts/merge", merge).expect(200)["id"].as_str().unwrap().parse::<u64>().unwrap();
    let (first, second): (u64, u64) = (first.parse().unwrap(), second.parse().unwrap());
    let merged = json!({ "subscriptionType": "contact.merge", "objectId": made, "primaryObjectId": first, "mergedObjectIds": [second], "newObjectId": made });
    assert_eq!(told.events(), [merged]);
}

#[test]
fn any_type_of_object_can_be_subscribed_to_by_its_id() {
    let told = Told::of(&[json!({ "eventType": "object.creation", "objectTypeId": "0-2" })]);
    told.account.contact("ada@example.com");
    let id = told.account.make("companies", json!({ "name": "Acme" }));
    let created = json!({ "subscriptionType": "object.creation", "objectTypeId": "0-2", "objectId": id.parse::<u64>().unwrap(), "changeFlag": "CREATED" });
    assert_eq!(told.events(), [created]);
}

#[test]
fn what_can_not_happen_can_not_be_subscribed_to() {
    let account = Account::new();
    for (subscription, field) in [
        (json!({ "eventType": "contact.birthday" }), "eventType"),
        (json!({ "eventType": "spaceship.creation" }), "eventType"),
        (json!({ "eventType": "contact" }), "eventType"),
        (json!({ "eventType": "contact.propertyChange" }), "propertyName"),
        (json!({ "eventType": "object.creation" }), "objectTypeId"),
    ] {
        account.call("POST /webhooks/v3/77/subscriptions", subscription).refused(400, field);
    }
}

#[test]
fn a_subscription_is_silent_until_it_is_active_and_after_it_is_deleted() {
    let told = Told::of(&[]);
    let made = told.account.call("POST /webhooks/v3/77/subscriptions", to("contact.creation")).expect(201);
    let id = made["id"].as_str().unwrap();
    told.account.contact("a@example.com");
    assert_eq!(told.events(), Vec::<Value>::new());
    let update = json!({ "inputs": [{ "id": id.parse::<u64>().unwrap(), "active": true }] });
    told.account.call("POST /webhooks/v3/77/subscriptions/batch/update", update).expect(200);
    told.account.contact("b@example.com");
    assert_eq!(told.events().len(), 1);
    told.account.call_with(&format!("DELETE /webhooks/v3/77/subscriptions/{id}"), b"").expect(204);
    told.account.contact("c@example.com");
    assert_eq!(told.events(), Vec::<Value>::new());
}

#[test]
fn each_record_of_a_batch_is_told_of_in_one_notice_after_it_is_durable() {
    let folder = tempfile::tempdir().unwrap();
    let told = Told::in_account(Account::open(Storage::Folder(folder.path().to_owned())), &[to("contact.creation")]);
    let inputs: Vec<Value> = (0..10).map(|at| json!({ "properties": { "email": format!("{at}@example.com") } })).collect();
    told.account.call("POST /crm/v3/objects/contacts/batch/create", json!({ "inputs": inputs })).expect(201);
    let notices = std::mem::take(&mut *told.notices.lock().unwrap());
    assert_eq!(notices.iter().map(|notice| notice.events.len()).collect::<Vec<_>>(), [10]);
    assert_eq!((notices[0].target.as_str(), notices[0].concurrent), ("http://127.0.0.1:1/hooks", 10));

    // Subscriptions are kept, and so is the account.
    told.account.block_on(told.account.portal().close());
    let again = Told::in_account(Account::open(Storage::Folder(folder.path().to_owned())), &[]);
    again.account.contact("later@example.com");
    assert_eq!(again.events().len(), 1);
}

#[test]
fn what_an_import_makes_is_told_of_as_an_imports() {
    let told = Told::of(&[to("contact.creation")]);
    crate::imports::one_contact(&told.account, "ada@example.com");
    told.account.get("/crm/v3/objects/contacts").expect(200);
    let notices = told.notices.lock().unwrap();
    let event = &notices[0].events[0].value;
    assert_eq!((&event["changeSource"], event.get("sourceId")), (&json!("IMPORT"), None));
}

#[test]
fn an_import_that_is_done_before_a_seed_is_told_of_and_the_seed_is_not() {
    let told = Told::of(&[to("contact.creation")]);
    crate::imports::one_contact(&told.account, "ada@example.com");
    let seed = json!({ "records": { "contacts": [{ "properties": { "email": "seeded@example.com" } }] } });
    told.account.block_on(told.account.portal().fill(HUB_ID, seed, Timestamp::from_ms(NOW_MS))).unwrap();
    let notices = told.notices.lock().unwrap();
    let sources: Vec<&Value> = notices.iter().flat_map(|notice| &notice.events).map(|event| &event.value["changeSource"]).collect();
    assert_eq!(sources, ["IMPORT"]);
}

#[test]
fn event_ids_go_on_after_a_seed_that_was_refused() {
    let told = Told::of(&[to("contact.creation")]);
    let last_id = || told.notices.lock().unwrap().last().unwrap().events.last().unwrap().value["eventId"].as_u64().unwrap();
    told.account.contact("ada@example.com");
    let before = last_id();
    let seed = json!({ "calls": [{ "method": "POST", "path": "/webhooks/v3/77/subscriptions", "body": { "eventType": "nonsense" } }] });
    told.account.block_on(told.account.portal().fill(HUB_ID, seed, Timestamp::from_ms(NOW_MS))).unwrap_err();
    told.account.contact("ben@example.com");
    assert!(last_id() > before);
}

#[test]
fn more_events_than_an_app_is_told_of_are_counted() {
    let any = json!({ "eventType": "object.creation", "objectTypeId": "0-1" });
    let told = Told::of(&[to("contact.creation"), any]);
    crate::imports::contacts(&told.account, 6_000);
    // A seed does the whole import before, which is told of at once.
    told.account.block_on(told.account.portal().fill(HUB_ID, json!({}), Timestamp::from_ms(NOW_MS))).unwrap();
    let notices = told.notices.lock().unwrap();
    assert_eq!(notices.iter().map(|notice| (notice.events.len(), notice.left_out)).collect::<Vec<_>>(), [(10_000, 2_000)]);
}

#[test]
fn a_subscription_is_made_once_under_one_spelling_of_the_app() {
    let told = Told::of(&[to("contact.creation")]);
    told.account.call("POST /webhooks/v3/77/subscriptions", to("contact.creation")).refused(409, "already");
    for app in ["077", "+77", "app-077", "app-", "x", "77%20"] {
        told.account.call(&format!("POST /webhooks/v3/{app}/subscriptions"), to("contact.creation")).refused(404, "OBJECT_NOT_FOUND");
    }
    told.account.call("POST /webhooks/v3/app-77/subscriptions", to("contact.creation")).expect(201);
}

/// The paths of 2025-09, 2026-09 and 2027-03-beta begin with `/app-webhooks`.
#[test]
fn subscriptions_are_the_same_under_both_names_of_the_api() {
    let account = Account::new();
    let root = "/app-webhooks/2027-03-beta/77";
    account.call(&format!("PUT {root}/settings"), json!({ "targetUrl": "https://example.com/hooks" })).expect(200);
    let made = account.call(&format!("POST {root}/subscriptions"), json!({ "eventType": "contact.creation", "active": true })).expect(201);
    assert_eq!(account.get("/webhooks/v3/77/subscriptions").ids(), [made["id"].as_str().unwrap()]);
    assert_eq!(account.get("/webhooks/v3/77/settings").expect(200)["targetUrl"], "https://example.com/hooks");
}
