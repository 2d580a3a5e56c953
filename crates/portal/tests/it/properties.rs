//! Definitions that an account makes: properties, groups and validation rules. They count for records at once.

use serde_json::{Value, json};

use crate::support::Account;

fn property(name: &str, more: Value) -> Value {
    let mut body = json!({ "name": name, "label": name, "groupName": "contactinformation", "type": "string", "fieldType": "text" });
    for (field, value) in more.as_object().into_iter().flatten() {
        body[field] = value.clone();
    }
    body
}

fn make(account: &Account, name: &str, more: Value) -> Value {
    account.call("POST /crm/v3/properties/contacts", property(name, more)).expect(201)
}

#[test]
fn a_property_counts_for_records_from_its_making_to_its_archiving_and_again_when_it_comes_back() {
    let account = Account::new();
    let id = account.contact("ada@example.com");
    let path = format!("/crm/v3/objects/contacts/{id}");
    let set = || account.call(&format!("PATCH {path}"), json!({ "properties": { "shoe": "42" } }));
    set().refused(400, "PROPERTY_DOESNT_EXIST");
    let made = make(&account, "shoe", json!({}));
    assert_eq!((&made["hubspotDefined"], &made["modificationMetadata"]["archivable"]), (&json!(false), &json!(true)));
    set().expect(200);
    let shown = || account.get(&format!("{path}?properties=shoe")).expect(200)["properties"]["shoe"].clone();
    assert_eq!(shown(), json!("42"));
    let found = account
        .call("POST /crm/v3/objects/contacts/search", json!({ "filters": [{ "propertyName": "shoe", "operator": "EQ", "value": "42" }] }));
    assert_eq!(found.ids(), [id]);

    account.call_with("DELETE /crm/v3/properties/contacts/shoe", b"").expect(204);
    account.get("/crm/v3/properties/contacts/shoe").refused(404, "OBJECT_NOT_FOUND");
    assert_eq!(account.get("/crm/v3/properties/contacts/shoe?archived=true").expect(200)["archived"], true);
    assert_eq!(shown(), Value::Null);
    set().refused(400, "PROPERTY_DOESNT_EXIST");
    make(&account, "shoe", json!({ "label": "Shoe size" }));
    assert_eq!(shown(), json!("42"));
}

#[test]
fn each_bad_definition_is_refused_and_its_neighbour_is_taken() {
    let account = Account::new();
    let refused = [
        (json!({ "name": "Shoe" }), "name"),
        (json!({ "name": "1shoe" }), "name"),
        (json!({ "name": "hs_shoe" }), "name"),
        (json!({ "label": "" }), "label"),
        (json!({ "groupName": "nowhere" }), "groupName"),
        (json!({ "type": "text" }), "type"),
        (json!({ "fieldType": "number" }), "fieldType"),
        (json!({ "type": "enumeration", "fieldType": "select" }), "options"),
        (json!({ "type": "enumeration", "fieldType": "select", "options": [{ "label": "A", "value": "a;b" }] }), "options.value"),
        (
            json!({ "type": "enumeration", "fieldType": "select", "options": [{ "label": "A", "value": "a" }, { "label": "A", "value": "b" }] }),
            "not unique",
        ),
        (json!({ "type": "bool", "fieldType": "booleancheckbox", "hasUniqueValue": true }), "hasUniqueValue"),
    ];
    for (more, text) in refused {
        account.call("POST /crm/v3/properties/contacts", property("shoe", more)).refused(400, text);
    }
    account.get("/crm/v3/properties/contacts/shoe").refused(404, "shoe");
    make(
        &account,
        "shoe",
        json!({ "type": "enumeration", "fieldType": "select", "options": [{ "label": "A", "value": "a" }, { "label": "B", "value": "b" }] }),
    );
    account.call("POST /crm/v3/properties/contacts", property("shoe", json!({}))).refused(409, "OBJECT_ALREADY_EXISTS");
    account.call("POST /crm/v3/properties/contacts", property("email", json!({}))).refused(409, "OBJECT_ALREADY_EXISTS");
}

#[test]
fn options_can_be_changed_and_records_follow_the_options_of_the_day() {
    let account = Account::new();
    let options = |values: &[&str]| values.iter().map(|value| json!({ "label": value, "value": value })).collect::<Vec<_>>();
    make(&account, "colour", json!({ "type": "enumeration", "fieldType": "checkbox", "options": options(&["red", "blue"]) }));
    let id = account.contact("ada@example.com");
    let set = |value: &str| account.call(&format!("PATCH /crm/v3/objects/contacts/{id}"), json!({ "properties": { "colour": value } }));
    set("red;blue").expect(200);
    set("green").refused(400, "INVALID_OPTION");
    account.call("PATCH /crm/v3/properties/contacts/colour", json!({ "options": options(&["green"]) })).expect(200);
    set("green").expect(200);
    set("red").refused(400, "INVALID_OPTION");
    account.call("PATCH /crm/v3/properties/contacts/colour", json!({ "type": "string" })).refused(400, "type");
    account.call("PATCH /crm/v3/properties/contacts/email", json!({ "groupName": "x" })).refused(400, "defined by HubSpot");
    account.call_with("DELETE /crm/v3/properties/contacts/email", b"").refused(400, "defined by HubSpot");
}

#[test]
fn a_unique_property_finds_one_record_and_refuses_the_second() {
    let account = Account::new();
    make(&account, "badge", json!({ "hasUniqueValue": true }));
    let id = account.make("contacts", json!({ "badge": "A1" }));
    assert_eq!(account.get("/crm/v3/objects/contacts/a1?idProperty=badge").expect(200)["id"], json!(id));
    account.get("/crm/v3/objects/contacts/x?idProperty=city").refused(400, "idProperty");
    let again = account.call("POST /crm/v3/objects/contacts", json!({ "properties": { "badge": "a1" } }));
    again.refused(400, "CONFLICTING_UNIQUE_VALUE");
    // The address of one record may be the badge of another.
    account.make("contacts", json!({ "badge": "ada@example.com" }));
    account.contact("ada@example.com");
    for at in 2..10 {
        make(&account, &format!("badge{at}"), json!({ "hasUniqueValue": true }));
    }
    account.call("POST /crm/v3/properties/contacts", property("badge10", json!({ "hasUniqueValue": true }))).refused(400, "at most 10");
}

#[test]
fn batches_of_definitions_are_all_or_nothing_and_tell_of_what_is_missing() {
    let account = Account::new();
    let call = |action: &str, body: Value| account.call(&format!("POST /crm/properties/2026-09/contacts/batch/{action}"), body);
    call("create", json!({ "inputs": [property("one", json!({})), property("one", json!({}))] })).refused(409, "OBJECT_ALREADY_EXISTS");
    account.get("/crm/v3/properties/contacts/one").refused(404, "one");
    call("create", json!({ "inputs": [property("one", json!({})), property("two", json!({}))] })).expect(201);
    let names = json!({ "archived": false, "inputs": [{ "name": "one" }, { "name": "nope" }] });
    let read = call("read", names).expect(207);
    assert_eq!((&read["results"][0]["name"], &read["errors"][0]["context"]["name"]), (&json!("one"), &json!(["nope"])));
    call("archive", json!({ "inputs": [{ "name": "one" }, { "name": "nope" }] })).expect(204);
    account.get("/crm/v3/properties/contacts/one").refused(404, "one");
    account.get("/crm/v3/properties/contacts/two").expect(200);
}

#[test]
fn groups_are_made_changed_and_archived_when_they_are_empty() {
    let account = Account::new();
    let groups = "/crm/v3/properties/contacts/groups";
    account.call(&format!("POST {groups}"), json!({ "name": "shoes", "label": "Shoes" })).expect(201);
    account.call(&format!("POST {groups}"), json!({ "name": "shoes", "label": "Again" })).refused(409, "OBJECT_ALREADY_EXISTS");
    make(&account, "size", json!({ "groupName": "shoes" }));
    account.call_with(&format!("DELETE {groups}/shoes"), b"").refused(400, "GROUP_WITH_ACTIVE_PROPERTIES");
    account.call_with("DELETE /crm/v3/properties/contacts/size", b"").expect(204);
    assert_eq!(account.call(&format!("PATCH {groups}/shoes"), json!({ "label": "Boots" })).expect(200)["label"], "Boots");
    account.call_with(&format!("DELETE {groups}/shoes"), b"").expect(204);
    account.get(&format!("{groups}/shoes")).refused(404, "shoes");
    account.call_with(&format!("DELETE {groups}/contactinformation"), b"").refused(400, "defined by HubSpot");
}

#[test]
fn a_validation_rule_refuses_what_breaks_it_until_it_is_taken_away() {
    let account = Account::new();
    make(&account, "shoe", json!({}));
    let rule = "/crm/property-validations/2026-09/0-1/shoe/rule-type/MAX_LENGTH";
    account.get(rule).refused(404, "MAX_LENGTH");
    account.call(&format!("PUT {rule}"), json!({ "ruleArguments": ["two"] })).refused(400, "ruleArguments");
    account.call(&format!("PUT {rule}"), json!({ "ruleArguments": ["2"] })).expect(204);
    assert_eq!(account.get(rule).expect(200)["ruleArguments"], json!(["2"]));
    account.make("contacts", json!({ "shoe": "42" }));
    account.call("POST /crm/v3/objects/contacts", json!({ "properties": { "shoe": "420" } })).refused(400, "INVALID_VALUE");
    account.call(&format!("PUT {rule}"), json!({ "ruleArguments": [] })).expect(204);
    account.make("contacts", json!({ "shoe": "420" }));
}
