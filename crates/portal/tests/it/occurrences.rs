//! Occurrences of custom events (developers.hubspot.com/docs/api-reference/events-send-event-completions-v3).

use serde_json::{Value, json};

use crate::support::{Account, HUB_ID};

fn defined() -> (Account, String) {
    let account = Account::new();
    let definition = json!({ "name": "bought", "label": "Bought", "primaryObject": "CONTACT" });
    account.call("POST /events/v3/event-definitions", definition).expect(201);
    let contact = account.contact("ada@example.com");
    (account, contact)
}

#[test]
fn an_occurrence_is_kept_with_its_record_and_listed_newest_first() {
    let (account, contact) = defined();
    let name = format!("pe{HUB_ID}_bought");
    let one = |at: &str| json!({ "eventName": name, "objectId": contact, "occurredAt": at, "properties": { "price": 5 } });
    account.call("POST /events/v3/send", one("2026-11-20T10:00:00Z")).expect(204);
    let by_email = json!({ "eventName": name, "email": "Ada@example.com", "occurredAt": "2026-11-22T10:00:00Z" });
    account.call("POST /events/v3/send/batch", json!({ "inputs": [one("2026-11-21T10:00:00Z"), by_email] })).expect(204);
    let listed = account.get(&format!("/events/v3/events?objectType=contact&objectId={contact}&eventType={name}")).expect(200);
    let days: Vec<&str> = listed["results"].as_array().unwrap().iter().map(|one| &one["occurredAt"].as_str().unwrap()[8..10]).collect();
    assert_eq!(days, ["22", "21", "20"]);
    assert_eq!((&listed["results"][2]["objectType"], &listed["results"][2]["properties"]["price"]), (&json!("CONTACT"), &json!("5")));
    let page = account.get("/events/v3/events?limit=2&sort=occurredAt&occurredAfter=2026-11-20T12:00:00Z").expect(200);
    assert_eq!((page["results"].as_array().unwrap().len(), page.get("paging")), (2, None));
    assert_eq!(account.get("/events/v3/events?occurredBefore=2026-11-20T12:00:00Z").expect(200)["results"].as_array().unwrap().len(), 1);
    let next = account.get("/events/event-occurrences/2026-09?limit=1").expect(200);
    assert_eq!(next["paging"]["next"]["after"], "1");
    assert_eq!(account.get("/events/v3/events/event-types").expect(200), json!({ "eventTypes": [name] }));
    account.get("/events/v3/events?sort=name").refused(400, "sort");
    account.get("/events/v3/events?occurredAfter=soon").refused(400, "occurredAfter");
}

#[test]
fn what_is_no_event_of_the_account_is_refused_and_a_batch_is_kept_whole_or_not_at_all() {
    let (account, contact) = defined();
    let name = format!("pe{HUB_ID}_bought");
    account.call("POST /events/v3/send", json!({ "eventName": "pe1_other", "objectId": contact })).refused(400, "pe1_other");
    account.call("POST /events/v3/send", json!({ "eventName": name })).refused(400, "objectId");
    account
        .call("POST /events/v3/send", json!({ "eventName": name, "objectId": contact, "occurredAt": "soon" }))
        .refused(400, "occurredAt");
    account
        .call("POST /events/v3/send", json!({ "eventName": name, "objectId": contact, "properties": { "a": [] } }))
        .refused(400, "properties");
    let batch = json!({ "inputs": [{ "eventName": name, "objectId": contact }, { "eventName": name }] });
    account.call("POST /events/v3/send/batch", batch).refused(400, "objectId");
    // HubSpot answers before it looks for the record.
    account.call("POST /events/v3/send", json!({ "eventName": name, "email": "none@example.com" })).expect(204);
    assert_eq!(account.get("/events/v3/events").expect(200)["results"], Value::from(Vec::<Value>::new()));
}
