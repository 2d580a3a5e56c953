//! Associations, in the v3 and the v4 shape, from both ends.

use serde_json::{Value, json};

use crate::support::Account;

/// An account with contact 101 and companies 101 and 102.
fn account() -> Account {
    let account = Account::new();
    account.contact("a@example.com");
    account.make("companies", json!({ "name": "Foods" }));
    account.make("companies", json!({ "name": "Labs" }));
    account
}

/// Ids are numbers in v4, and text on the dated paths.
fn number(id: &Value) -> u64 {
    id.as_u64().or_else(|| id.as_str()?.parse().ok()).unwrap()
}

fn labels(account: &Account, path: &str) -> Vec<(u64, Vec<u64>)> {
    let list = account.get(path).expect(200);
    let types = |one: &Value| one["associationTypes"].as_array().unwrap().iter().map(|own| own["typeId"].as_u64().unwrap()).collect();
    list["results"].as_array().unwrap().iter().map(|one| (number(&one["toObjectId"]), types(one))).collect()
}

#[test]
fn a_default_association_is_seen_from_both_ends_and_goes_from_both() {
    let account = account();
    for form in ["/crm/v4/objects", "/crm/objects/2026-09"] {
        let made = account.call_with(&format!("PUT {form}/contacts/101/associations/default/companies/101"), b"").expect(200);
        let spec = |type_id: u32| json!({ "associationCategory": "HUBSPOT_DEFINED", "associationTypeId": type_id });
        assert_eq!(made["results"][0], json!({ "from": { "id": "101" }, "to": { "id": "101" }, "associationSpec": spec(279) }));
        assert_eq!(made["results"][1]["associationSpec"], spec(280));
        assert_eq!(labels(&account, &format!("{form}/contacts/101/associations/companies")), [(101, vec![279])]);
        assert_eq!(labels(&account, &format!("{form}/companies/101/associations/contacts")), [(101, vec![280])]);
        account.call_with(&format!("DELETE {form}/companies/101/associations/contacts/101"), b"").expect(204);
        assert!(labels(&account, &format!("{form}/contacts/101/associations/companies")).is_empty());
    }
}

#[test]
fn the_v3_list_has_one_entry_for_each_type() {
    let account = account();
    let put = account.call_with("PUT /crm/v3/objects/contacts/101/associations/companies/101/contact_to_company", b"").expect(200);
    assert_eq!(put["id"], "101");
    let expected = json!([{ "id": "101", "type": "contact_to_company_unlabeled" }, { "id": "101", "type": "contact_to_company" }]);
    assert_eq!(account.get("/crm/v3/objects/contacts/101/associations/companies").expect(200)["results"], expected);
    let read = account.get("/crm/v3/objects/contacts/101?associations=companies,deals").expect(200);
    assert_eq!(read["associations"], json!({ "companies": { "results": expected } }));

    account.call_with("DELETE /crm/v3/objects/contacts/101/associations/companies/101/1", b"").expect(204);
    assert_eq!(
        account.get("/crm/v3/objects/contacts/101/associations/companies").expect(200)["results"],
        json!([{ "id": "101", "type": "contact_to_company_unlabeled" }])
    );
    account.call_with("DELETE /crm/v3/objects/contacts/101/associations/companies/101/279", b"").expect(204);
    assert_eq!(account.get("/crm/v3/objects/contacts/101/associations/companies").expect(200)["results"], json!([]));
}

#[test]
fn a_contact_has_one_primary_company() {
    let account = account();
    let primary = json!([{ "associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 1 }]);
    let put = |company: u32| account.call(&format!("PUT /crm/v4/objects/contacts/101/associations/companies/{company}"), primary.clone());
    let expected =
        json!({ "fromObjectTypeId": "0-1", "fromObjectId": 101, "toObjectTypeId": "0-2", "toObjectId": 101, "labels": ["Primary"] });
    assert_eq!(put(101).expect(201), expected);
    put(102).expect(201);
    assert_eq!(labels(&account, "/crm/v4/objects/contacts/101/associations/companies"), [(101, vec![279]), (102, vec![279, 1])]);
    assert_eq!(labels(&account, "/crm/v4/objects/companies/102/associations/contacts"), [(101, vec![280, 2])]);
}

#[test]
fn putting_labels_replaces_those_that_were_there_and_the_default_keeps_them() {
    let account = account();
    let put = |type_id: u32| {
        account.call(
            "PUT /crm/v4/objects/companies/101/associations/companies/102",
            json!([{ "associationCategory": "HUBSPOT_DEFINED", "associationTypeId": type_id }]),
        )
    };
    put(13).expect(201);
    account.call_with("PUT /crm/v4/objects/companies/101/associations/default/companies/102", b"").expect(200);
    assert_eq!(labels(&account, "/crm/v4/objects/companies/101/associations/companies"), [(102, vec![450, 13])]);
    assert_eq!(labels(&account, "/crm/v4/objects/companies/102/associations/companies"), [(101, vec![450, 14])]);
    put(14).expect(201);
    assert_eq!(labels(&account, "/crm/v4/objects/companies/101/associations/companies"), [(102, vec![450, 14])]);
}

#[test]
fn what_is_not_there_cannot_be_associated() {
    let account = account();
    let spec = |type_id: u32| json!([{ "associationCategory": "HUBSPOT_DEFINED", "associationTypeId": type_id }]);
    account.call_with("PUT /crm/v4/objects/contacts/101/associations/default/companies/999", b"").refused(400, "COMPANY=999 is not valid");
    account.call_with("PUT /crm/v4/objects/contacts/999/associations/default/companies/101", b"").refused(400, "CONTACT=999 is not valid");
    let refused = account.call("PUT /crm/v4/objects/deals/1/associations/companies/99999999", spec(341));
    let body = refused.expect(400);
    assert_eq!(json!([body["category"], body["message"]]), json!(["VALIDATION_ERROR", "One or more associations are invalid"]));
    assert_eq!(body["context"]["INVALID_OBJECT_IDS"], json!(["DEAL=1 is not valid"]));
    account.call_with("PUT /crm/v4/objects/contacts/x/associations/default/companies/101", b"").refused(400, "VALIDATION_ERROR");
    account.call("PUT /crm/v4/objects/contacts/101/associations/companies/101", spec(4)).refused(400, "VALIDATION_ERROR");
    account.call("PUT /crm/v4/objects/contacts/101/associations/companies/101", json!({})).refused(400, "VALIDATION_ERROR");
    account.call_with("PUT /crm/v3/objects/contacts/101/associations/companies/101/contact_to_deal", b"").refused(400, "VALIDATION_ERROR");
    account.get("/crm/v4/objects/contacts/999/associations/companies").refused(404, "OBJECT_NOT_FOUND");
    account.call_with("DELETE /crm/v4/objects/contacts/101/associations/companies/999", b"").expect(204);
}

#[test]
fn a_record_is_not_associated_with_itself() {
    let account = account();
    account.call_with("PUT /crm/v4/objects/companies/101/associations/default/companies/101", b"").refused(400, "itself");
    account.call_with("PUT /crm/v4/objects/companies/101/associations/default/companies/102", b"").expect(200);
}

#[test]
fn a_new_record_can_come_with_associations() {
    let account = account();
    let note = |type_id: u32, to: Value| json!({ "properties": { "hs_timestamp": 1 }, "associations": [{ "to": { "id": to }, "types": [{ "associationCategory": "HUBSPOT_DEFINED", "associationTypeId": type_id }] }] });
    let made = account.call("POST /crm/v3/objects/notes", note(202, json!("101"))).expect(201);
    account.call("POST /crm/v3/objects/notes", note(202, json!(101))).expect(201);
    assert_eq!(labels(&account, "/crm/v4/objects/contacts/101/associations/notes"), [(101, vec![201]), (102, vec![201])]);
    assert_eq!(made["id"], "101");

    account.call("POST /crm/v3/objects/notes", note(202, json!("999"))).refused(400, "CONTACT=999 is not valid");
    account.call("POST /crm/v3/objects/notes", note(279, json!("101"))).refused(400, "VALIDATION_ERROR");
    account
        .call(
            "POST /crm/v3/objects/notes",
            json!({ "properties": { "hs_timestamp": 1 }, "associations": [{ "to": { "id": "101" }, "types": [] }] }),
        )
        .refused(400, "VALIDATION_ERROR");
    assert_eq!(account.get("/crm/v3/objects/notes").ids().len(), 2, "a refused create makes nothing");
}

#[test]
fn archiving_a_record_ends_its_associations() {
    let account = account();
    account.call_with("PUT /crm/v4/objects/contacts/101/associations/default/companies/101", b"").expect(200);
    account.call_with("DELETE /crm/v3/objects/companies/101", b"").expect(204);
    assert!(labels(&account, "/crm/v4/objects/contacts/101/associations/companies").is_empty());
}

#[test]
fn batches_work_in_the_v4_shape() {
    let account = account();
    let pair = |company: u32| json!({ "from": { "id": "101" }, "to": { "id": company.to_string() } });
    for form in ["/crm/v4/associations", "/crm/associations/2026-09"] {
        let made =
            account.call(&format!("POST {form}/contacts/companies/batch/associate/default"), json!({ "inputs": [pair(101)] })).expect(200);
        assert_eq!((&made["status"], &made["results"][0]["associationSpec"]["associationTypeId"]), (&json!("COMPLETE"), &json!(279)));
        let mut labelled = pair(102);
        labelled["types"] = json!([{ "associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 1 }]);
        let made = account.call(&format!("POST {form}/contacts/companies/batch/create"), json!({ "inputs": [labelled] })).expect(201);
        assert_eq!(made["results"][0]["labels"], json!(["Primary"]));
        let read = account.call(&format!("POST {form}/contacts/companies/batch/read"), json!({ "inputs": [{ "id": "101" }] })).expect(200);
        assert_eq!((&read["results"][0]["from"]["id"], number(&read["results"][0]["to"][1]["toObjectId"])), (&json!("101"), 102));
        let several = json!({ "inputs": [{ "from": { "id": "101" }, "to": [{ "id": "101" }, { "id": "102" }] }] });
        account.call(&format!("POST {form}/contacts/companies/batch/archive"), several).expect(204);
        let none = account.call(&format!("POST {form}/contacts/companies/batch/read"), json!({ "inputs": [{ "id": "101" }] })).expect(207);
        assert_eq!(none["errors"][0]["subCategory"], "crm.associations.NO_ASSOCIATIONS_FOUND");
        assert_eq!(none["errors"][0]["context"]["fromObjectId"], json!(["101"]));
    }
}

#[test]
fn batches_work_in_the_v3_shape() {
    let account = account();
    let pair = json!({ "inputs": [{ "from": { "id": "101" }, "to": { "id": "102" }, "type": "contact_to_company" }] });
    let made = account.call("POST /crm/v3/associations/contacts/companies/batch/create", pair.clone()).expect(201);
    assert_eq!(made["results"][0], json!({ "from": { "id": "101" }, "to": { "id": "102" }, "type": "contact_to_company" }));
    let read = account.call("POST /crm/v3/associations/contacts/companies/batch/read", json!({ "inputs": [{ "id": "101" }] })).expect(200);
    assert_eq!(read["results"][0]["to"][1], json!({ "id": "102", "type": "contact_to_company" }));
    account.call("POST /crm/v3/associations/contacts/companies/batch/archive", pair).expect(204);
    account.call("POST /crm/v3/associations/contacts/companies/batch/read", json!({ "inputs": [{ "id": "101" }] })).expect(207);
    account
        .call(
            "POST /crm/v3/associations/contacts/companies/batch/create",
            json!({ "inputs": [{ "from": { "id": "101" }, "to": { "id": "102" }, "type": "nope" }] }),
        )
        .refused(400, "VALIDATION_ERROR");
}

#[test]
fn one_bad_pair_leaves_the_whole_batch_undone() {
    let account = account();
    let pairs =
        json!({ "inputs": [{ "from": { "id": "101" }, "to": { "id": "101" } }, { "from": { "id": "101" }, "to": { "id": "999" } }] });
    account.call("POST /crm/v4/associations/contacts/companies/batch/associate/default", pairs).refused(400, "COMPANY=999 is not valid");
    assert!(labels(&account, "/crm/v4/objects/contacts/101/associations/companies").is_empty());
}

#[test]
fn types_are_told_as_labels_and_by_name() {
    let account = Account::new();
    for path in [
        "/crm/v4/associations/contacts/companies/labels",
        "/crm/associations/v4/contacts/companies/labels",
        "/crm/associations/2026-09/0-1/0-2/labels",
    ] {
        let expected = json!([{ "category": "HUBSPOT_DEFINED", "typeId": 279, "label": null }, { "category": "HUBSPOT_DEFINED", "typeId": 1, "label": "Primary" }]);
        assert_eq!(account.get(path).expect(200)["results"], expected, "{path}");
    }
    let types = account.get("/crm/v3/associations/contacts/companies/types").expect(200);
    assert_eq!(
        types["results"],
        json!([{ "id": "279", "name": "contact_to_company_unlabeled" }, { "id": "1", "name": "contact_to_company" }])
    );
}

// HubSpot's reference has `inputs[].after`; pages of a hundred: dlt-hub/verified-sources#593, HubSpot/hubspot-api-python#135.
#[test]
fn many_associations_of_a_record_come_in_pages_wherever_they_are_shown() {
    let account = account();
    let emails = (0..103).map(|n| json!({ "properties": { "email": format!("c{n}@example.com") } })).collect::<Vec<_>>();
    let mut ids = Vec::new();
    for part in emails.chunks(100) {
        let made = account.call("POST /crm/v3/objects/contacts/batch/create", json!({ "inputs": part })).expect(201);
        ids.extend(made["results"].as_array().unwrap().iter().map(|one| one["id"].clone()));
    }
    let pairs: Vec<Value> = ids.iter().map(|id| json!({ "from": { "id": "101" }, "to": { "id": id } })).collect();
    account.call("POST /crm/v4/associations/companies/contacts/batch/associate/default", json!({ "inputs": pairs })).expect(200);
    let read = account.get("/crm/v3/objects/companies/101?associations=contacts").expect(200);
    let shown = &read["associations"]["contacts"];
    assert_eq!(shown["results"].as_array().unwrap().len(), 100);
    let link = shown["paging"]["next"]["link"].as_str().unwrap().strip_prefix("http://127.0.0.1:8484").unwrap();
    assert_eq!(account.get(link).expect(200)["results"].as_array().unwrap().len(), 3);
    let page = |input: Value| {
        let body = account.call("POST /crm/v3/associations/companies/contacts/batch/read", json!({ "inputs": [input] })).expect(200);
        body["results"][0].clone()
    };
    let first = page(json!({ "id": "101" }));
    let after = &first["paging"]["next"]["after"];
    let second = page(json!({ "id": "101", "after": after }));
    assert_eq!((first["to"].as_array().unwrap().len(), second["to"].as_array().unwrap().len()), (100, 3));
    assert!(second["paging"].is_null());
    let bad = json!({ "inputs": [{ "id": "101", "after": "x" }] });
    account.call("POST /crm/v3/associations/companies/contacts/batch/read", bad).refused(400, "after");
}

#[test]
fn a_long_list_is_paged() {
    let account = account();
    let mut pairs = Vec::new();
    for n in 0..12 {
        let id = account.contact(&format!("c{n}@example.com"));
        pairs.push(json!({ "from": { "id": "101" }, "to": { "id": id } }));
    }
    account.call("POST /crm/v4/associations/companies/contacts/batch/associate/default", json!({ "inputs": pairs })).expect(200);
    let first = account.get("/crm/v4/objects/companies/101/associations/contacts?limit=10").expect(200);
    let next = first["paging"]["next"]["after"].as_str().expect("there is a second page");
    assert_eq!(labels(&account, &format!("/crm/v4/objects/companies/101/associations/contacts?limit=10&after={next}")).len(), 2);
    account.get("/crm/v4/objects/companies/101/associations/contacts?limit=501").refused(400, "limit");
}
