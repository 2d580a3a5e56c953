//! Marketing events and who takes part in them (developers.hubspot.com/docs/api-reference/marketing-marketing-events-v3).

use serde_json::{Value, json};

use crate::support::Account;

const EVENTS: &str = "/marketing/v3/marketing-events";

fn event(id: &str) -> Value {
    json!({ "externalAccountId": "acc", "externalEventId": id, "eventName": "Fair", "eventOrganizer": "Acme", "startDateTime": "2026-12-01T09:00:00Z" })
}

/// Makes an event and answers its id in the account.
fn make(account: &Account, id: &str) -> String {
    account.call(&format!("POST {EVENTS}/events"), event(id)).expect(200)["objectId"].as_str().unwrap().to_owned()
}

#[test]
fn an_event_goes_by_the_id_of_its_integration_and_by_its_own() {
    let account = Account::new();
    let id = make(&account, "e1");
    account.call(&format!("POST {EVENTS}/events"), event("e1")).refused(409, "CONFLICT");
    account.call(&format!("POST {EVENTS}/events"), json!({ "externalEventId": "x" })).refused(400, "externalAccountId");
    assert_eq!(account.get("/marketing/marketing-events/2026-09/events/e1?externalAccountId=acc").expect(200)["eventName"], "Fair");
    account.get(&format!("{EVENTS}/events/e1?externalAccountId=other")).refused(404, "e1");
    let changed = account.call(&format!("PATCH {EVENTS}/{id}"), json!({ "eventName": "Bigger fair", "customProperties": [] })).expect(200);
    assert_eq!((&changed["eventName"], &changed["objectId"]), (&json!("Bigger fair"), &json!(id)));
    account.call(&format!("PATCH {EVENTS}/events/e1"), json!({ "eventUrl": 5 })).refused(400, "eventUrl");
    account.call(&format!("PUT {EVENTS}/events/e2"), event("ignored")).expect(200);
    assert_eq!(account.get(EVENTS).expect(200)["results"].as_array().unwrap().len(), 2);
    assert_eq!(account.get(&format!("{EVENTS}/events/search?q=e1")).expect(200)["results"][0]["objectId"], id);
    assert_eq!(account.get(&format!("{EVENTS}/e1/identifiers")).expect(200)["results"][0]["marketingEventName"], "Bigger fair");
    account.call(&format!("DELETE {EVENTS}/events/e2"), Value::Null).expect(204);
    account.get(&format!("{EVENTS}/events/e2")).refused(404, "e2");
    account.call(&format!("DELETE {EVENTS}/{id}"), Value::Null).expect(204);
    account.get(&format!("{EVENTS}/{id}")).refused(404, &id);
}

#[test]
fn batches_make_change_and_delete_events_whole_or_not_at_all() {
    let account = Account::new();
    let made = account.call(&format!("POST {EVENTS}/events/upsert"), json!({ "inputs": [event("e1"), event("e2")] })).expect(200);
    let ids: Vec<&str> = made["results"].as_array().unwrap().iter().map(|one| one["objectId"].as_str().unwrap()).collect();
    let before = account.written();
    let bad = json!({ "inputs": [{ "objectId": ids[0], "eventName": "New", "customProperties": [] }, { "objectId": "999", "customProperties": [] }] });
    account.call(&format!("POST {EVENTS}/batch/update"), bad).refused(404, "999");
    assert_eq!(account.written(), before);
    let good = json!({ "inputs": [{ "objectId": ids[0], "eventName": "New", "customProperties": [] }] });
    assert_eq!(account.call(&format!("POST {EVENTS}/batch/update"), good).expect(200)["results"][0]["eventName"], "New");
    account.call(&format!("POST {EVENTS}/batch/archive"), json!({ "inputs": [{ "objectId": ids[0] }, { "objectId": "999" }] })).expect(204);
    let named = json!({ "inputs": [{ "externalAccountId": "acc", "externalEventId": "e2", "appId": 1 }] });
    account.call(&format!("POST {EVENTS}/events/delete"), named).expect(204);
    assert_eq!(account.get(EVENTS).expect(200)["results"], json!([]));
}

#[test]
fn contacts_register_attend_and_cancel_and_who_does_not_come_is_a_no_show() {
    let account = Account::new();
    let id = make(&account, "e1");
    let ada = account.contact("ada@example.com").parse::<u64>().unwrap();
    let vid = |vid: u64| json!({ "inputs": [{ "vid": vid, "interactionDateTime": 1_790_000_000_000_i64 }] });
    let email = |email: &str| json!({ "inputs": [{ "email": email, "interactionDateTime": 1_790_000_000_000_i64 }] });
    let told = account.call(&format!("POST {EVENTS}/attendance/e1/register/create?externalAccountId=acc"), vid(ada)).expect(200);
    assert_eq!(told["results"], json!([{ "vid": ada }]));
    // An address that no contact has becomes a contact.
    let told = account.call(&format!("POST {EVENTS}/{id}/attendance/register/email-create"), email("New@Example.com")).expect(200);
    assert_eq!(told["results"][0]["email"], "new@example.com");
    let new = account.get("/crm/v3/objects/contacts/new@example.com?idProperty=email").expect(200);
    assert_eq!(new["id"], told["results"][0]["vid"].to_string());
    account.call(&format!("POST {EVENTS}/events/e1/attend/upsert?externalAccountId=acc"), vid(ada)).expect(202);
    account.call(&format!("POST {EVENTS}/events/e1/cancel/email-upsert?externalAccountId=acc"), email("ben@example.com")).expect(202);
    let counts = account.get(&format!("{EVENTS}/participations/acc/e1")).expect(200);
    assert_eq!(counts, json!({ "attended": 1, "registered": 1, "cancelled": 1, "noShows": 0 }));
    let times = json!({ "startDateTime": "2026-12-01T09:00:00Z", "endDateTime": "2026-12-01T10:00:00Z" });
    assert_eq!(account.call(&format!("POST {EVENTS}/events/e1/complete?externalAccountId=acc"), times).expect(200)["eventCompleted"], true);
    assert_eq!(account.get(&format!("{EVENTS}/participations/{id}")).expect(200)["noShows"], 1);
    let read = account.get(&format!("{EVENTS}/{id}")).expect(200);
    assert_eq!((&read["attendees"], &read["noShows"], &read["registrants"]), (&json!(1), &json!(1), &json!(0)));
    let all = account.get(&format!("{EVENTS}/participations/acc/e1/breakdown")).expect(200);
    assert_eq!(all["total"], 3);
    let attended = account.get(&format!("{EVENTS}/participations/{id}/breakdown?state=ATTENDED")).expect(200);
    assert_eq!(attended["results"][0]["associations"]["contact"]["email"], "ada@example.com");
    let of_ada = account.get(&format!("{EVENTS}/participations/contacts/ada@example.com/breakdown")).expect(200);
    assert_eq!(of_ada["results"][0]["associations"]["marketingEvent"]["externalEventId"], "e1");
    account.call(&format!("POST {EVENTS}/events/e1/sleep/upsert"), vid(ada)).refused(400, "subscriberState");
    account.call(&format!("POST {EVENTS}/events/e1/attend/upsert"), vid(999)).refused(404, "999");
    account.call(&format!("POST {EVENTS}/events/e1/cancel"), Value::Null).expect(200);
}

#[test]
fn an_event_has_lists_and_an_app_its_page() {
    let account = Account::new();
    let id = make(&account, "e1");
    let list =
        account.call("POST /crm/v3/lists", json!({ "name": "Guests", "objectTypeId": "0-1", "processingType": "MANUAL" })).expect(200);
    let list = list["list"]["listId"].as_str().unwrap();
    account.call(&format!("PUT {EVENTS}/associations/{id}/lists/{list}"), Value::Null).expect(204);
    account.call(&format!("PUT {EVENTS}/associations/{id}/lists/999"), Value::Null).refused(404, "999");
    let listed = account.get(&format!("{EVENTS}/associations/acc/e1/lists")).expect(200);
    assert_eq!((&listed["total"], &listed["results"][0]["name"]), (&json!(1), &json!("Guests")));
    account.call(&format!("DELETE {EVENTS}/associations/acc/e1/lists/{list}"), Value::Null).expect(204);
    assert_eq!(account.get(&format!("{EVENTS}/associations/{id}/lists")).expect(200)["total"], 0);
    account.get(&format!("{EVENTS}/77/settings")).refused(404, "77");
    account.call(&format!("POST {EVENTS}/77/settings"), json!({ "eventDetailsUrl": "https://example.com/%s" })).expect(200);
    assert_eq!(
        account.get(&format!("{EVENTS}/77/settings")).expect(200),
        json!({ "appId": 77, "eventDetailsUrl": "https://example.com/%s" })
    );
}
