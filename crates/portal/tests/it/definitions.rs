//! Property definitions, pipelines and owners, as far as they are read.

use serde_json::json;

use crate::support::Account;

#[test]
fn a_property_has_the_fields_of_the_official_clients() {
    let account = Account::new();
    for path in ["/crm/v3/properties/contacts/lifecyclestage", "/crm/properties/2026-09/0-1/lifecyclestage"] {
        let property = account.get(path).expect(200);
        for field in [
            "name",
            "label",
            "type",
            "fieldType",
            "groupName",
            "description",
            "options",
            "displayOrder",
            "hidden",
            "archived",
            "calculated",
            "hasUniqueValue",
            "hubspotDefined",
            "formField",
            "externalOptions",
            "modificationMetadata",
        ] {
            assert!(property.get(field).is_some(), "{field}");
        }
        assert_eq!((&property["type"], &property["fieldType"]), (&json!("enumeration"), &json!("radio")));
        assert_eq!(
            property["options"][1],
            json!({ "label": "Lead", "value": "lead", "description": "", "displayOrder": 1, "hidden": false })
        );
    }
    account.get("/crm/v3/properties/contacts/nope").refused(404, "OBJECT_NOT_FOUND");
    account.get("/crm/v3/properties/2-1").refused(400, "Unable to infer object type");
}

#[test]
fn every_type_lists_its_properties() {
    let account = Account::new();
    for row in keyway_core::object_type::ObjectType::all() {
        let listed = account.get(&format!("/crm/v3/properties/{}", row.name)).expect(200);
        let count = listed["results"].as_array().unwrap().len();
        let least = if ["contacts", "companies", "deals", "tickets"].contains(&row.name) { 60 } else { 25 };
        assert!(count >= least, "{}: {count}", row.name);
    }
}

#[test]
fn properties_are_read_in_batches_and_by_group() {
    let account = Account::new();
    let read = account
        .call(
            "POST /crm/v3/properties/contacts/batch/read",
            json!({ "archived": false, "inputs": [{ "name": "email" }, { "name": "city" }] }),
        )
        .expect(200);
    assert_eq!((&read["results"][0]["name"], &read["results"][1]["name"]), (&json!("email"), &json!("city")));
    let groups = account.get("/crm/v3/properties/contacts/groups").expect(200);
    assert_eq!(groups["results"][0]["name"], "contactinformation");
    account.get("/crm/v3/properties/contacts/groups/contactinformation").expect(200);
    account.get("/crm/v3/properties/contacts/groups/nope").refused(404, "OBJECT_NOT_FOUND");
}

#[test]
fn the_default_pipelines_have_their_stages() {
    let account = Account::new();
    for version in ["/crm/v3/pipelines", "/crm/pipelines/2026-09"] {
        let deals = account.get(&format!("{version}/deals")).expect(200);
        assert_eq!((&deals["results"][0]["id"], deals["results"][0]["stages"].as_array().map(Vec::len)), (&json!("default"), Some(7)));
        let stage = account.get(&format!("{version}/deals/default/stages/closedwon")).expect(200);
        assert_eq!((&stage["metadata"]["probability"], &stage["displayOrder"]), (&json!("1.0"), &json!(5)));
        assert_eq!(account.get(&format!("{version}/tickets/0/stages")).expect(200)["results"][3]["metadata"]["ticketState"], "CLOSED");
        assert_eq!(account.get(&format!("{version}/contacts")).expect(200), json!({ "results": [] }));
        account.get(&format!("{version}/deals/nope")).refused(404, "OBJECT_NOT_FOUND");
        account.get(&format!("{version}/deals/default/stages/nope")).refused(404, "OBJECT_NOT_FOUND");
    }
}

#[test]
fn owners_are_listed_found_and_paged() {
    let account = Account::new();
    let all = account.get("/crm/v3/owners").expect(200);
    let first = all["results"][0].clone();
    for field in ["id", "email", "type", "firstName", "lastName", "userId", "userIdIncludingInactive", "createdAt", "updatedAt", "archived"]
    {
        assert!(first.get(field).is_some(), "{field}");
    }
    let id = first["id"].as_str().unwrap();
    assert_eq!(account.get(&format!("/crm/owners/2026-09/{id}")).expect(200), first);
    assert_eq!(account.get(&format!("/crm/v3/owners/{}?idProperty=userId", first["userId"])).expect(200), first);
    assert_eq!(account.get(&format!("/crm/v3/owners?email={}", first["email"].as_str().unwrap())).ids(), [id]);
    let page = account.get("/crm/v3/owners?limit=2").expect(200);
    let next = page["paging"]["next"]["after"].as_str().expect("there is a second page");
    assert_eq!(account.get(&format!("/crm/v3/owners?limit=2&after={next}")).ids().len(), 1);

    assert!(account.get("/crm/v3/owners?archived=true").ids().is_empty());
    account.get("/crm/v3/owners/1").refused(404, "OBJECT_NOT_FOUND");
    account.get("/crm/v3/owners/x").refused(400, "VALIDATION_ERROR");
    account.get("/crm/v3/owners?limit=500").expect(200);
    account.get("/crm/v3/owners?limit=501").refused(400, "limit");
}
