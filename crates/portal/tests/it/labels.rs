//! Association labels of an account's own, limits on associations, and how much of the limits is used.

use serde_json::{Value, json};

use crate::support::Account;

const LABELS: &str = "/crm/associations/2026-09/contacts/companies/labels";

fn account() -> Account {
    let account = Account::new();
    account.contact("ada@example.com");
    account.make("companies", json!({ "name": "Foods" }));
    account.make("companies", json!({ "name": "Labs" }));
    account
}

fn label(account: &Account, body: Value) -> (u64, u64) {
    let made = account.call(&format!("POST {LABELS}"), body).expect(200);
    (made["results"][0]["typeId"].as_u64().unwrap(), made["results"][1]["typeId"].as_u64().unwrap())
}

#[test]
fn a_pair_of_labels_is_seen_one_from_each_end() {
    let account = account();
    let (to, from) = label(&account, json!({ "label": "Employer", "inverseLabel": "Employee", "name": "works_at" }));
    let types = json!([{ "associationCategory": "USER_DEFINED", "associationTypeId": to }]);
    let put = account.call("PUT /crm/objects/2026-09/contacts/101/associations/companies/101", types).expect(201);
    assert_eq!(put["labels"], json!(["Employer"]));
    let back = account.get("/crm/objects/2026-09/companies/101/associations/contacts").expect(200);
    let types = &back["results"][0]["associationTypes"];
    assert!(types.as_array().unwrap().contains(&json!({ "category": "USER_DEFINED", "typeId": from, "label": "Employee" })), "{types}");
    let change = json!({ "associationTypeId": to, "label": "Boss", "inverseLabel": "Staff" });
    account.call(&format!("PUT {LABELS}"), change).expect(204);
    let all = account.get("/crm/associations/2026-09/companies/contacts/labels").expect(200).to_string();
    assert!(all.contains("Staff") && !all.contains("Employee"), "{all}");
    account.call_with(&format!("DELETE {LABELS}/{to}"), b"").expect(204);
    let left = account.get("/crm/objects/2026-09/contacts/101/associations/companies").expect(200);
    assert_eq!(left["results"][0]["associationTypes"].as_array().map(Vec::len), Some(1), "the association stays");
}

#[test]
fn labels_are_refused_where_they_are_not_the_accounts_or_are_there_already() {
    let account = account();
    label(&account, json!({ "label": "Employer", "name": "works_at" }));
    let post = |body: Value| account.call(&format!("POST {LABELS}"), body);
    post(json!({ "label": "employer", "name": "other" })).refused(400, "already exists");
    post(json!({ "label": "Other", "name": "works_at" })).refused(400, "already exists");
    post(json!({ "label": "Other", "name": "with space" })).refused(400, "name");
    post(json!({ "name": "other" })).refused(400, "label");
    account.call_with(&format!("DELETE {LABELS}/279"), b"").refused(400, "defined by HubSpot");
    account.call_with(&format!("DELETE {LABELS}/999999"), b"").refused(404, "OBJECT_NOT_FOUND");
}

#[test]
fn labels_are_taken_from_associations_in_batches() {
    let account = account();
    let (to, _) = label(&account, json!({ "label": "Employer", "name": "works_at" }));
    let types = json!([{ "associationCategory": "USER_DEFINED", "associationTypeId": to }]);
    account.call("PUT /crm/v4/objects/contacts/101/associations/companies/101", types.clone()).expect(201);
    let inputs = json!({ "inputs": [{ "from": { "id": "101" }, "to": { "id": "101" }, "types": types }] });
    account.call("POST /crm/v4/associations/contacts/companies/batch/labels/archive", inputs).expect(204);
    let left = account.get("/crm/v4/objects/contacts/101/associations/companies").expect(200);
    assert_eq!(left["results"][0]["associationTypes"].as_array().map(Vec::len), Some(1));
}

#[test]
fn a_limit_of_one_company_refuses_the_second_and_not_the_first_again() {
    let account = account();
    let configure = |action: &str, input: Value| {
        account.call(
            &format!("POST /crm/associations/2026-09/definitions/configurations/contacts/companies/batch/{action}"),
            json!({ "inputs": [input] }),
        )
    };
    configure("create", json!({ "category": "HUBSPOT_DEFINED", "typeId": 279, "maxToObjectIds": 0 })).refused(400, "maxToObjectIds");
    configure("create", json!({ "category": "HUBSPOT_DEFINED", "typeId": 4, "maxToObjectIds": 1 }))
        .refused(400, "not a valid association type");
    configure("create", json!({ "category": "HUBSPOT_DEFINED", "typeId": 279, "maxToObjectIds": 1 })).expect(201);
    let put = |company: u32| account.call_with(&format!("PUT /crm/v4/objects/contacts/101/associations/default/companies/{company}"), b"");
    put(101).expect(200);
    put(101).expect(200);
    put(102).refused(400, "LIMIT_EXCEEDED");
    let all = account.get("/crm/associations/2026-09/definitions/configurations/all").expect(200);
    assert_eq!(all["results"][0]["userEnforcedMaxToObjectIds"], 1);
    configure("purge", json!({ "category": "HUBSPOT_DEFINED", "typeId": 279 })).expect(204);
    put(102).expect(200);
}

#[test]
fn the_limits_tell_what_is_used() {
    let account = account();
    label(&account, json!({ "label": "Employer", "name": "works_at" }));
    let limits = |path: &str| account.get(&format!("/crm/limits/2026-09/{path}")).expect(200);
    let labels = limits("associations/labels?fromObjectTypeId=0-1&toObjectTypeId=0-2");
    assert_eq!((&labels["results"][0]["allLabels"], &labels["results"][0]["usage"]), (&json!(["Employer"]), &json!(1)));
    let records = limits("records");
    let contacts = records["hubspotDefinedObjectTypes"].as_array().unwrap().iter().find(|one| one["objectTypeId"] == "0-1").unwrap();
    assert_eq!(contacts["usage"], 1);
    assert_eq!(limits("custom-object-types")["usage"], 0);
    for path in ["pipelines", "custom-properties", "calculated-properties", "associations/records/from", "associations/records/0-1/to"] {
        limits(path);
    }
    assert_eq!(limits("associations/records/0-1/0-2")["totalRecordsAtLimit"], 0);
}
