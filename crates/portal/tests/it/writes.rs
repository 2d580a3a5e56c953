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
    let done = batch(&account, "upsert", json!([input("ADA@example.com"), input("ben@example.com"), input("ben@example.com")])).expect(200);
    let seen: Vec<(&Value, &Value)> = done["results"].as_array().unwrap().iter().map(|one| (&one["new"], &one["id"])).collect();
    assert_eq!(seen, [(&json!(false), &json!(id)), (&json!(true), &json!("102")), (&json!(false), &json!("102"))]);
    assert_eq!(
        account.get("/crm/v3/objects/contacts/ben@example.com?idProperty=email&properties=city").expect(200)["properties"]["city"],
        "Porto"
    );
    batch(&account, "upsert", json!([{ "id": "x", "properties": {} }])).refused(400, "idProperty");
    batch(&account, "upsert", json!([{ "id": "x", "idProperty": "city", "properties": {} }])).refused(400, "idProperty");
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
fn a_merged_record_is_found_under_both_ids_with_the_values_and_associations_of_both() {
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
    merge(&first, &second).expect(200);
    for id in [&first, &second] {
        let path =
            format!("/crm/v3/objects/contacts/{id}?properties=city,phone,hs_additional_emails,hs_merged_object_ids&associations=companies");
        let read = account.get(&path).expect(200);
        let shown = |name: &str| read["properties"][name].clone();
        assert_eq!((read["id"].as_str(), shown("city"), shown("phone")), (Some(first.as_str()), json!("Porto"), json!("1")));
        assert_eq!((shown("hs_additional_emails"), shown("hs_merged_object_ids")), (json!("ada@old.example.com"), json!(second)));
        assert_eq!(read["associations"]["companies"]["results"][0]["id"], json!(company));
    }
    account.call("POST /crm/v3/objects/contacts", json!({ "properties": { "email": "ada@old.example.com" } })).refused(409, &first);
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
    delete(json!({ "objectId": "ada@example.com", "idProperty": "email" })).expect(204);
    account.contact("ada@example.com");
}
