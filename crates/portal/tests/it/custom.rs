//! Custom object types: a definition, and then records, properties and associations as of any other.

use serde_json::{Value, json};

use crate::support::Account;

fn boat(more: Value) -> Value {
    let mut body = json!({
        "name": "boat", "labels": { "singular": "Boat", "plural": "Boats" }, "primaryDisplayProperty": "title",
        "requiredProperties": ["title"], "searchableProperties": ["title"], "secondaryDisplayProperties": [],
        "properties": [{ "name": "title", "label": "Title", "type": "string", "fieldType": "text" }, { "name": "hull", "label": "Hull", "hasUniqueValue": true }],
        "associatedObjects": ["CONTACT"],
    });
    for (field, value) in more.as_object().into_iter().flatten() {
        body[field] = value.clone();
    }
    body
}

fn define(account: &Account) -> String {
    let made = account.call("POST /crm-object-schemas/2026-09/schemas", boat(json!({}))).expect(201);
    assert_eq!(made["fullyQualifiedName"], "p4242_boat");
    made["objectTypeId"].as_str().unwrap().to_owned()
}

#[test]
fn a_custom_type_is_served_under_its_id_and_its_names() {
    let account = Account::new();
    let type_id = define(&account);
    let id = account.make(&type_id, json!({ "title": "Argo", "hull": "H1" }));
    for name in [type_id.as_str(), "p4242_boat", "p_boat"] {
        let read = account.get(&format!("/crm/objects/2026-09/{name}/{id}?properties=title")).expect(200);
        assert_eq!(read["properties"]["title"], "Argo");
    }
    account.get("/crm/v3/objects/p_ship").refused(400, "Unable to infer object type");
    account.call(&format!("POST /crm/v3/objects/{type_id}"), json!({ "properties": { "hull": "H2" } })).refused(400, "required properties");
    let again = json!({ "properties": { "title": "Argo", "hull": "h1" } });
    account.call(&format!("POST /crm/v3/objects/{type_id}"), again).refused(400, "CONFLICTING_UNIQUE_VALUE");
    assert_eq!(account.call(&format!("POST /crm/v3/objects/{type_id}/search"), json!({ "query": "arg" })).ids(), [id]);
}

#[test]
fn custom_records_are_associated_with_others() {
    let account = Account::new();
    let type_id = define(&account);
    let (argo, ada) = (account.make(&type_id, json!({ "title": "Argo" })), account.contact("ada@example.com"));
    account.call_with(&format!("PUT /crm/v4/objects/{type_id}/{argo}/associations/default/contacts/{ada}"), b"").expect(200);
    let read = account.get(&format!("/crm/v3/objects/contacts/{ada}?associations={type_id}")).expect(200);
    assert_eq!(read["associations"]["p4242_boat"]["results"][0]["id"], json!(argo));
    let labels = account.get(&format!("/crm/v4/associations/{type_id}/contacts/labels")).expect(200);
    assert_eq!(labels["results"][0]["label"], Value::Null);
}

#[test]
fn a_bad_definition_leaves_nothing_behind() {
    let account = Account::new();
    let refused = [
        (json!({ "name": "2boat" }), "name"),
        (json!({ "labels": {} }), "labels"),
        (json!({ "requiredProperties": ["nope"] }), "nope"),
        (json!({ "properties": [{ "name": "Bad", "label": "x" }] }), "name"),
        (json!({ "associatedObjects": ["NOTHING"] }), "associatedObjects"),
    ];
    for (more, text) in refused {
        account.call("POST /crm/v3/schemas", boat(more)).refused(400, text);
    }
    assert_eq!(account.get("/crm/v3/schemas").expect(200)["results"], json!([]));
    define(&account);
    account.call("POST /crm/v3/schemas", boat(json!({}))).refused(409, "OBJECT_ALREADY_EXISTS");
}

#[test]
fn a_type_goes_when_it_has_no_records_and_its_name_is_free_when_it_is_gone_for_good() {
    let account = Account::new();
    let type_id = define(&account);
    let path = format!("/crm-object-schemas/v3/schemas/{type_id}");
    let id = account.make(&type_id, json!({ "title": "Argo" }));
    account.call_with(&format!("DELETE {path}"), b"").refused(400, "still has records");
    account.call_with(&format!("DELETE /crm/v3/objects/{type_id}/{id}"), b"").expect(204);
    account.call_with(&format!("DELETE {path}"), b"").expect(204);
    account.get(&format!("/crm/v3/objects/{type_id}")).refused(400, "Unable to infer object type");
    account.call("POST /crm/v3/schemas", boat(json!({}))).refused(409, "OBJECT_ALREADY_EXISTS");
    account.call_with(&format!("DELETE {path}?archived=true"), b"").expect(204);
    assert_ne!(define(&account), type_id);
}

#[test]
fn the_definition_can_be_changed_but_not_its_name() {
    let account = Account::new();
    let type_id = define(&account);
    let change = |body: Value| account.call(&format!("PATCH /crm-object-schemas/2026-03/schemas/{type_id}"), body);
    change(json!({ "name": "ship" })).refused(400, "name");
    change(json!({ "requiredProperties": ["nope"] })).refused(400, "nope");
    let changed = change(json!({ "requiredProperties": [], "labels": { "singular": "Ship", "plural": "Ships" } })).expect(200);
    assert_eq!(changed["labels"]["plural"], "Ships");
    account.make(&type_id, json!({}));
    account.call("PATCH /crm/v3/schemas/contacts", json!({})).refused(400, "defined by HubSpot");
}
