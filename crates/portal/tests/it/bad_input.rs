//! What makes no sense is refused in HubSpot's shape and changes nothing.

use proptest::prelude::*;
use serde_json::json;

use crate::support::Account;

const CREATE: &str = "POST /crm/v3/objects/contacts";

#[test]
fn bodies_that_are_no_json_object_are_refused() {
    let account = Account::new();
    for body in [
        b"".as_slice(),
        b"{",
        b"[]",
        b"null",
        b"\"x\"",
        b"{\"properties\":{\"city\":\"\xff\"}}",
        b"{\"a\":1}}",
        b"{\"properties\":{\"zip\":1e999}}",
    ] {
        for line in [
            CREATE,
            "PATCH /crm/v3/objects/contacts/101",
            "POST /crm/v3/objects/contacts/batch/read",
            "POST /crm/v4/associations/contacts/deals/batch/create",
        ] {
            let answer = account.call_with(line, body);
            assert!(matches!(answer.status, 400), "{line} {body:?}: {answer:?}");
            answer.refused(400, "VALIDATION_ERROR");
        }
    }
    assert!(account.get("/crm/v3/objects/contacts").ids().is_empty());
}

#[test]
fn the_place_of_a_syntax_error_is_named() {
    Account::new().call_with(CREATE, b"{\n  \"properties\": }").refused(400, "Invalid input JSON on line 2, column 17");
}

#[test]
fn a_body_nested_beyond_reason_is_refused() {
    Account::new().call_with(CREATE, "[".repeat(100_000).as_bytes()).refused(400, "VALIDATION_ERROR");
}

#[test]
fn properties_must_be_an_object_of_plain_values() {
    let account = Account::new();
    for body in [
        json!({}),
        json!({ "properties": null }),
        json!({ "properties": [] }),
        json!({ "properties": "x" }),
        json!({ "properties": { "city": {} } }),
        json!({ "properties": { "city": ["x"] } }),
    ] {
        account.call(CREATE, body).refused(400, "VALIDATION_ERROR");
    }
    account.call(CREATE, json!({ "properties": { "city": "x" } })).expect(201);
}

#[test]
fn every_wrong_property_is_told_in_hubspots_words() {
    let account = Account::new();
    let body = account
        .call(CREATE, json!({ "properties": { "nope": "1", "lifecyclestage": "king", "followercount": "many", "createdate": "2026-01-01", "closedate": "soon", "city": "Porto" } }))
        .expect(400);
    let told: Vec<(&str, &str)> = body["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["context"]["propertyName"][0].as_str().unwrap(), one["code"].as_str().unwrap()))
        .collect();
    let expected = [
        ("nope", "PROPERTY_DOESNT_EXIST"),
        ("lifecyclestage", "INVALID_OPTION"),
        ("followercount", "INVALID_INTEGER"),
        ("createdate", "READ_ONLY_VALUE"),
        ("closedate", "INVALID_DATE"),
    ];
    assert_eq!(told, expected);
    let list = body["message"].as_str().unwrap().strip_prefix("Property values were not valid: ").expect("the message holds a list");
    let list: serde_json::Value = serde_json::from_str(list).unwrap();
    assert_eq!(
        list[0],
        json!({
            "isValid": false, "message": "Property \"nope\" does not exist", "error": "PROPERTY_DOESNT_EXIST", "name": "nope",
            "localizedErrorMessage": "Property \"nope\" does not exist", "portalId": 4242,
        })
    );
}

#[test]
fn owners_and_stages_must_be_there() {
    let account = Account::new();
    let owner = account.get("/crm/v3/owners").expect(200)["results"][0]["id"].clone();
    let deal = |more: serde_json::Value| {
        let mut properties = json!({ "dealname": "d", "dealstage": "closedwon", "pipeline": "default" });
        properties.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        account.call("POST /crm/v3/objects/deals", json!({ "properties": properties }))
    };
    deal(json!({ "hubspot_owner_id": owner })).expect(201);
    deal(json!({ "hubspot_owner_id": "1" })).refused(400, "INVALID_OWNER_ID");
    deal(json!({ "dealstage": "nowhere" })).refused(400, "INVALID_OPTION");
    deal(json!({ "pipeline": "nowhere" })).refused(400, "INVALID_OPTION");
    account
        .call("POST /crm/v3/objects/tickets", json!({ "properties": { "subject": "s", "hs_pipeline_stage": "9" } }))
        .refused(400, "INVALID_OPTION");
}

#[test]
fn ids_that_are_no_ids_are_not_found() {
    let account = Account::new();
    for id in ["0", "99999999999999999999999", "abc", "-1", "1.5"] {
        account.get(&format!("/crm/v3/objects/contacts/{id}")).refused(404, "OBJECT_NOT_FOUND");
        account.call(&format!("PATCH /crm/v3/objects/contacts/{id}"), json!({ "properties": {} })).refused(404, "OBJECT_NOT_FOUND");
    }
}

#[test]
fn inputs_must_be_objects_with_ids() {
    let account = Account::new();
    for inputs in [json!(null), json!({}), json!([1]), json!([{}]), json!([{ "id": null }]), json!([{ "id": [] }])] {
        account.call("POST /crm/v3/objects/contacts/batch/read", json!({ "inputs": inputs })).refused(400, "VALIDATION_ERROR");
        account.call("POST /crm/v3/objects/contacts/batch/archive", json!({ "inputs": inputs })).refused(400, "VALIDATION_ERROR");
    }
    account.call("POST /crm/v3/objects/contacts/batch/archive", json!({ "inputs": [{ "id": 5 }] })).expect(204);
}

fn any_json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(|flag| json!(flag)),
        any::<i64>().prop_map(|number| json!(number)),
        any::<f64>().prop_map(|number| json!(number)),
        ".{0,12}".prop_map(|text| json!(text))
    ];
    let key = prop_oneof![
        Just("properties"),
        Just("inputs"),
        Just("id"),
        Just("email"),
        Just("amount"),
        Just("filterGroups"),
        Just("filters"),
        Just("propertyName"),
        Just("operator"),
        Just("value"),
        Just("values"),
        Just("sorts"),
        Just("limit"),
        Just("after"),
        Just("associations"),
        Just("types"),
        Just("to"),
        Just("from"),
        Just("closedate"),
        Just("hs_additional_emails"),
    ];
    leaf.prop_recursive(4, 32, 6, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(serde_json::Value::from),
            proptest::collection::vec((key.clone(), inner), 0..6)
                .prop_map(|pairs| pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_body_to_any_operation_is_answered_or_refused_and_never_a_panic(bodies in proptest::collection::vec(any_json(), 1..4), raw in proptest::collection::vec(any::<u8>(), 0..40)) {
        let account = Account::new();
        account.contact("a@example.com");
        let operations = [
            "POST /crm/v3/objects/contacts", "PATCH /crm/v3/objects/contacts/101", "POST /crm/v3/objects/contacts/search", "POST /crm/v3/objects/contacts/batch/create",
            "POST /crm/v3/objects/contacts/batch/read", "POST /crm/v3/objects/contacts/batch/update", "POST /crm/v3/objects/contacts/batch/archive",
            "POST /crm/v4/associations/contacts/companies/batch/create", "POST /crm/v3/associations/contacts/companies/batch/create", "POST /crm/v4/associations/contacts/companies/batch/read",
            "POST /crm/v4/associations/contacts/companies/batch/archive", "POST /crm/v4/associations/contacts/companies/batch/associate/default",
            "PUT /crm/v4/objects/contacts/101/associations/companies/101", "POST /crm/v3/properties/contacts/batch/read", "POST /crm/v3/objects/deals",
        ];
        for line in operations {
            for body in &bodies {
                let status = account.call(line, body.clone()).status;
                prop_assert!(matches!(status, 200..=207 | 400 | 404 | 409), "{} {}: {}", line, body, status);
            }
            // Search takes an empty body; no other operation takes what is no JSON.
            let status = account.call_with(line, &raw).status;
            prop_assert!(status < 500, "{} {:?}", line, raw);
        }
    }
}

// HubSpot/hubspot-api-ruby#187.
#[test]
fn a_call_without_a_body_is_told_that_one_was_expected() {
    let account = Account::new();
    let refused = account.call_with("POST /crm/v3/objects/contacts", b"").expect(400);
    assert_eq!(refused["message"], "Invalid JSON input: a request body was expected, but none found");
}
