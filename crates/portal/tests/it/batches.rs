//! Batches of records: all or nothing, but for records that are not there.

use serde_json::{Value, json};

use crate::support::Account;

fn batch(account: &Account, action: &str, body: Value) -> crate::support::Answer {
    account.call(&format!("POST /crm/v3/objects/contacts/batch/{action}"), body)
}

fn contacts(emails: &[&str]) -> Value {
    json!({ "inputs": emails.iter().map(|email| json!({ "properties": { "email": email } })).collect::<Vec<_>>() })
}

#[test]
fn a_hundred_are_made_read_changed_and_archived_and_a_hundred_and_one_are_refused() {
    let account = Account::new();
    let inputs = |count: usize, input: &dyn Fn(usize) -> Value| json!({ "inputs": (0..count).map(input).collect::<Vec<_>>() });
    let make = |n: usize| json!({ "properties": { "email": format!("c{n}@example.com") } });
    let name = |n: usize| json!({ "id": (101 + n).to_string() });
    let change = |n: usize| json!({ "id": (101 + n).to_string(), "properties": { "city": "Porto" } });

    for (action, input) in [("create", &make as &dyn Fn(usize) -> Value), ("read", &name), ("update", &change), ("archive", &name)] {
        batch(&account, action, inputs(101, input)).refused(400, "100");
        batch(&account, action, json!({ "inputs": [] })).refused(400, "inputs");
    }
    assert_eq!(account.get("/crm/v3/objects/contacts").ids(), Vec::<String>::new(), "a refused batch makes nothing");

    let made = batch(&account, "create", inputs(100, &make)).expect(201);
    assert_eq!((&made["status"], made["results"].as_array().map(Vec::len)), (&json!("COMPLETE"), Some(100)));
    let ids: Vec<Value> = made["results"].as_array().unwrap().iter().map(|one| json!({ "id": one["id"] })).collect();
    assert_eq!(batch(&account, "read", json!({ "inputs": ids, "properties": ["email"], "propertiesWithHistory": [] })).ids().len(), 100);
    let changes: Vec<Value> = ids.iter().map(|one| json!({ "id": one["id"], "properties": { "city": "Porto" } })).collect();
    let changed = batch(&account, "update", json!({ "inputs": changes })).expect(200);
    assert_eq!(changed["results"][99]["properties"]["city"], "Porto");
    batch(&account, "archive", json!({ "inputs": ids })).expect(204);
    assert_eq!(account.get("/crm/v3/objects/contacts").ids(), Vec::<String>::new());
}

#[test]
fn one_bad_input_leaves_the_whole_batch_undone() {
    let account = Account::new();
    account.contact("taken@example.com");
    batch(&account, "create", contacts(&["new@example.com", "taken@example.com"])).refused(409, "Contact already exists. Existing ID: 101");
    batch(&account, "create", contacts(&["twice@example.com", "TWICE@example.com"])).refused(400, "Duplicate IDs");
    batch(&account, "create", contacts(&["new@example.com", "no address"])).refused(400, "INVALID_EMAIL");
    assert_eq!(account.get("/crm/v3/objects/contacts").ids().len(), 1);

    let id = account.contact("other@example.com");
    let changes = json!({ "inputs": [{ "id": "101", "properties": { "city": "Porto" } }, { "id": id, "properties": { "email": "taken@example.com" } }] });
    batch(&account, "update", changes).refused(409, "CONFLICT");
    assert_eq!(account.get("/crm/v3/objects/contacts/101?properties=city").expect(200)["properties"]["city"], Value::Null);
}

#[test]
fn missing_records_are_told_with_207_and_the_rest_is_done() {
    let account = Account::new();
    account.contact("a@example.com");
    let read = batch(&account, "read", json!({ "inputs": [{ "id": "101" }, { "id": "999" }, { "id": "x" }], "properties": ["email"] }))
        .expect(207);
    assert_eq!((&read["status"], &read["numErrors"], read["results"].as_array().map(Vec::len)), (&json!("COMPLETE"), &json!(1), Some(1)));
    let error = &read["errors"][0];
    assert_eq!((&error["category"], &error["context"]["ids"]), (&json!("OBJECT_NOT_FOUND"), &json!(["999", "x"])));
    assert_eq!(error["message"], "Could not get some CONTACT objects, they may be deleted or not exist. Check that ids are valid.");
    assert!(read["startedAt"].is_string() && read["completedAt"].is_string());

    let changes =
        json!({ "inputs": [{ "id": "101", "properties": { "city": "Porto" } }, { "id": "999", "properties": { "city": "Porto" } }] });
    assert_eq!(batch(&account, "update", changes).expect(207)["results"][0]["properties"]["city"], "Porto");
}

#[test]
fn batches_find_contacts_by_address_as_well() {
    let account = Account::new();
    account.contact("a@example.com");
    let read = batch(&account, "read", json!({ "idProperty": "email", "inputs": [{ "id": "A@example.com" }], "properties": [] }));
    assert_eq!(read.ids(), ["101"]);
    batch(&account, "read", json!({ "idProperty": "city", "inputs": [{ "id": "Porto" }] })).refused(400, "idProperty");
    let change = json!({ "inputs": [{ "idProperty": "email", "id": "a@example.com", "properties": { "city": "Porto" } }] });
    assert_eq!(batch(&account, "update", change).ids(), ["101"]);
}

// A batch of HubSpot's in public code; segmentio/action-destinations#3969.
#[test]
fn a_record_named_twice_in_a_batch_refuses_the_batch() {
    let account = Account::new();
    account.contact("a@example.com");
    let changes = json!({ "inputs": [{ "id": "101", "properties": { "city": "Porto" } }, { "id": "101", "properties": { "zip": "1" } }] });
    let refused = batch(&account, "update", changes).expect(400);
    assert_eq!(refused["message"], "Duplicate IDs found in batch input: [101]. IDs must be unique");
    assert_eq!(json!([refused["category"], refused["context"]["ids"]]), json!(["VALIDATION_ERROR", ["101"]]));
    let input = |email: &str| json!({ "id": email, "idProperty": "email", "properties": { "city": "Porto" } });
    batch(&account, "upsert", json!({ "inputs": [input("b@example.com"), input("B@example.com")] })).refused(400, "Duplicate IDs");
    assert_eq!(account.get("/crm/v3/objects/contacts").ids(), ["101"]);
}

// segmentio/action-destinations#3957.
#[test]
fn an_update_by_a_property_that_is_not_unique_is_refused_in_hubspots_words() {
    let account = Account::new();
    let input = json!({ "inputs": [{ "id": "example.com", "idProperty": "domain", "properties": { "city": "Porto" } }] });
    for action in ["update", "upsert"] {
        let refused = account.call(&format!("POST /crm/v3/objects/companies/batch/{action}"), input.clone()).expect(400);
        let expected = "Unable to perform update/upsert by non-unique 0-2 property domain in portal ID 4242";
        assert_eq!(json!([refused["category"], refused["message"]]), json!(["VALIDATION_ERROR", expected]));
    }
}

#[test]
fn archived_records_are_read_in_batches_where_asked_for() {
    let account = Account::new();
    let id = account.contact("a@example.com");
    account.call_with(&format!("DELETE /crm/v3/objects/contacts/{id}"), b"").expect(204);
    batch(&account, "read", json!({ "inputs": [{ "id": id }] })).expect(207);
    assert_eq!(batch(&account, "read?archived=true", json!({ "inputs": [{ "id": id }] })).ids(), [id]);
}
