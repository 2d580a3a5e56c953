//! Upsert, merge, deletion for good, and batches that fail in part.

use serde_json::{Value, json};

use crate::support::Account;

fn batch(account: &Account, action: &str, inputs: Value) -> crate::support::Answer {
    account.call(&format!("POST /crm/objects/2026-09/contacts/batch/{action}"), json!({ "inputs": inputs }))
}

#[test]
fn an_upsert_makes_what_is_not_there_and_changes_what_is() {
    let account = Account::new();
    let id = account.contact("ada@example.com");
    let input = |email: &str| json!({ "id": email, "idProperty": "email", "properties": { "city": "Porto" } });
    let done = batch(&account, "upsert", json!([input("ADA@example.com"), input("ben@example.com")])).expect(200);
    let seen: Vec<(&Value, &Value)> = done["results"].as_array().unwrap().iter().map(|one| (&one["new"], &one["id"])).collect();
    assert_eq!(seen, [(&json!(false), &json!(id)), (&json!(true), &json!("102"))]);
    assert_eq!(
        account.get("/crm/v3/objects/contacts/ben@example.com?idProperty=email&properties=city").expect(200)["properties"]["city"],
        "Porto"
    );
    batch(&account, "upsert", json!([{ "id": "x", "properties": {} }])).refused(400, "idProperty");
    batch(&account, "upsert", json!([{ "id": "x", "idProperty": "city", "properties": {} }])).refused(400, "non-unique 0-1 property city");
    batch(&account, "upsert", json!([input("cleo@example.com"), input("no address")])).refused(400, "INVALID_EMAIL");
    account.get("/crm/v3/objects/contacts/cleo@example.com?idProperty=email").refused(404, "OBJECT_NOT_FOUND");
}

#[test]
fn a_batch_fails_in_part_only_where_every_input_has_a_trace_of_its_own() {
    let account = Account::new();
    account.contact("taken@example.com");
    let input = |email: &str, trace: &str| json!({ "objectWriteTraceId": trace, "properties": { "email": email } });
    let done = batch(&account, "create", json!([input("new@example.com", "a"), input("taken@example.com", "b"), input("nobody", "c")]))
        .expect(207);
    assert_eq!((&done["numErrors"], &done["results"][0]["objectWriteTraceId"]), (&json!(2), &json!("a")));
    let traces: Vec<(&Value, &Value)> =
        done["errors"].as_array().unwrap().iter().map(|error| (&error["category"], &error["context"]["objectWriteTraceId"][0])).collect();
    assert_eq!(traces, [(&json!("CONFLICT"), &json!("b")), (&json!("VALIDATION_ERROR"), &json!("c"))]);
    batch(&account, "create", json!([input("one@example.com", "a"), input("taken@example.com", "a")])).refused(409, "CONFLICT");
    account.get("/crm/v3/objects/contacts/one@example.com?idProperty=email").refused(404, "OBJECT_NOT_FOUND");
}

#[test]
fn a_merge_makes_a_record_that_both_ids_lead_to_with_the_values_and_associations_of_both() {
    let account = Account::new();
    let first = account.make("contacts", json!({ "email": "ada@example.com", "city": "Porto" }));
    let second = account.make("contacts", json!({ "email": "ada@old.example.com", "city": "Lagos", "phone": "1" }));
    let company = account.make("companies", json!({ "name": "Foods" }));
    account.call_with(&format!("PUT /crm/v4/objects/contacts/{second}/associations/default/companies/{company}"), b"").expect(200);
    let merge = |one: &str, other: &str| {
        account.call("POST /crm/v3/objects/contacts/merge", json!({ "primaryObjectId": one, "objectIdToMerge": other }))
    };
    merge(&first, &first).refused(400, "itself");
    merge(&first, "999").refused(404, "OBJECT_NOT_FOUND");
    let list = json!({ "name": "L", "objectTypeId": "0-1", "processingType": "MANUAL" });
    let list = account.call("POST /crm/v3/lists", list).expect(200)["list"]["listId"].as_str().unwrap().to_owned();
    account.call(&format!("PUT /crm/v3/lists/{list}/memberships/add"), json!([second])).expect(200);
    let made = merge(&first, &second).expect(200)["id"].as_str().unwrap().to_owned();
    assert!(made != first && made != second);
    let members = account.get(&format!("/crm/v3/lists/{list}/memberships")).expect(200);
    assert_eq!(members["results"][0]["recordId"], json!(made));
    for id in [&first, &second, &made] {
        let path =
            format!("/crm/v3/objects/contacts/{id}?properties=city,phone,hs_additional_emails,hs_merged_object_ids&associations=companies");
        let read = account.get(&path).expect(200);
        let shown = |name: &str| read["properties"][name].clone();
        assert_eq!((read["id"].as_str(), shown("city"), shown("phone")), (Some(made.as_str()), json!("Porto"), json!("1")));
        assert_eq!(
            (shown("hs_additional_emails"), shown("hs_merged_object_ids")),
            (json!("ada@old.example.com"), json!(format!("{first};{second}")))
        );
        assert_eq!(read["associations"]["companies"]["results"][0]["id"], json!(company));
    }
    account.call("POST /crm/v3/objects/contacts", json!({ "properties": { "email": "ada@old.example.com" } })).refused(409, &made);
    assert_eq!(
        account.get(&format!("/crm/v3/objects/companies/{company}?properties=num_associated_contacts")).expect(200)["properties"]["num_associated_contacts"],
        "1"
    );
    account.call(&format!("PATCH /crm/v3/objects/contacts/{first}"), json!({ "properties": { "zip": "1" } })).expect(200);
    assert_eq!(account.get("/crm/v3/objects/contacts").ids(), [made]);
    batch(&account, "update", json!([{ "id": second, "properties": {} }])).expect(207);
}

#[test]
fn what_is_deleted_for_good_is_nowhere_and_its_id_is_not_given_again() {
    let account = Account::new();
    let id = account.contact("ada@example.com");
    account.call_with(&format!("DELETE /crm/v3/objects/contacts/{id}"), b"").expect(204);
    let delete = |body: Value| account.call("POST /crm/v3/objects/contacts/gdpr-delete", body);
    delete(json!({ "objectId": id })).expect(204);
    account.get(&format!("/crm/v3/objects/contacts/{id}?archived=true")).refused(404, "OBJECT_NOT_FOUND");
    delete(json!({ "objectId": id })).refused(404, "OBJECT_NOT_FOUND");
    delete(json!({})).refused(400, "objectId");
    assert_ne!(account.contact("ada@example.com"), id);
    delete(json!({ "objectId": "ada@example.com", "idProperty": "email" })).expect(204);
    account.contact("ada@example.com");
}

// The description of the operation in HubSpot's reference.
#[test]
fn an_address_that_was_deleted_for_good_before_it_came_cannot_come() {
    let account = Account::new();
    let delete =
        |email: &str| account.call("POST /crm/v3/objects/contacts/gdpr-delete", json!({ "objectId": email, "idProperty": "email" }));
    delete("Ada@example.com").expect(204);
    delete("ada@example.com").expect(204);
    let create = |email: &str| account.call("POST /crm/v3/objects/contacts", json!({ "properties": { "email": email } }));
    create("ADA@example.com").refused(400, "INVALID_EMAIL");
    create("ben@example.com").expect(201);
    account
        .call("PATCH /crm/v3/objects/contacts/ben@example.com?idProperty=email", json!({ "properties": { "email": "ada@example.com" } }))
        .refused(400, "INVALID_EMAIL");
}

#[test]
fn a_merge_keeps_the_stage_furthest_down_the_funnel_and_the_oldest_date() {
    let account = Account::new();
    let old = account.make("contacts", json!({ "email": "a@example.com", "lifecyclestage": "customer" }));
    let new = account.make("contacts", json!({ "email": "b@example.com", "lifecyclestage": "lead" }));
    let created = account.get(&format!("/crm/v3/objects/contacts/{old}")).expect(200)["createdAt"].clone();
    let merged = account.call("POST /crm/v3/objects/contacts/merge", json!({ "primaryObjectId": new, "objectIdToMerge": old })).expect(200);
    assert_eq!(json!([merged["createdAt"], merged["properties"]["createdate"]]), json!([created, created]));
    let id = merged["id"].as_str().unwrap();
    let read = account.get(&format!("/crm/v3/objects/contacts/{id}?properties=lifecyclestage,email,hs_all_contact_vids")).expect(200);
    assert_eq!(json!([read["properties"]["lifecyclestage"], read["properties"]["email"]]), json!(["customer", "b@example.com"]));
    assert_eq!(read["properties"]["hs_all_contact_vids"], format!("{id};{new};{old}"));
}

// Seven public captures of the answer (docs/hubspot-facts.md, section 4).
#[test]
fn a_record_that_is_not_there_is_told_by_what_was_asked_for() {
    let account = Account::new();
    let text = account.get("/crm/v3/objects/contacts/undefined").expect(404);
    assert_eq!(json!([text["message"], text["context"]["id"]]), json!(["Object not found.  objectId are usually numeric.", ["undefined"]]));
    let number = account.get("/crm/v3/objects/contacts/999").expect(404);
    assert_eq!(number["message"], "resource not found");
}
