//! What records get from others and from where they come, when they are made.

use serde_json::{Value, json};

use crate::support::{APP_ID, Account};

#[track_caller]
fn shown(account: &Account, kind: &str, id: &str, names: &str) -> Value {
    let read = account.get(&format!("/crm/v3/objects/{kind}/{id}?properties={names}")).expect(200);
    names.split(',').map(|name| read["properties"][name].clone()).collect()
}

// developers.hubspot.com/docs/api-reference/latest/crm/objects/line-items/guide
#[test]
fn a_line_item_of_a_product_has_what_the_product_has() {
    let account = Account::new();
    let product = account.make("products", json!({ "name": "Chair", "price": "10", "hs_sku": "C-1" }));
    let item = account.make("line_items", json!({ "hs_product_id": product, "quantity": "2", "name": "Blue chair" }));
    assert_eq!(shown(&account, "line_items", &item, "name,price,hs_sku,amount"), json!(["Blue chair", "10", "C-1", "20"]));
    let loose = account.make("line_items", json!({ "name": "Table" }));
    assert_eq!(shown(&account, "line_items", &loose, "name,price"), json!(["Table", null]));
}

// knowledge.hubspot.com/reports/how-were-contacts-added-to-hubspot-from-an-offline-source
#[test]
fn a_contact_of_an_app_comes_from_an_offline_source() {
    let account = Account::new();
    let id = account.contact("ada@example.com");
    let names = "hs_analytics_source,hs_analytics_source_data_1,hs_analytics_source_data_2,hs_latest_source";
    assert_eq!(shown(&account, "contacts", &id, names), json!(["OFFLINE", "INTEGRATION", APP_ID.to_string(), "OFFLINE"]));
}

// Answers to creates in public code.
#[test]
fn a_telephone_number_is_kept_as_it_came_and_found_by_its_digits() {
    let account = Account::new();
    let id = account.make("contacts", json!({ "email": "ada@example.com", "phone": "(877) 929-0687" }));
    let names = "phone,hs_calculated_phone_number,hs_calculated_phone_number_country_code,hs_searchable_calculated_phone_number";
    assert_eq!(shown(&account, "contacts", &id, names), json!(["(877) 929-0687", "+18779290687", "US", "8779290687"]));
    assert_eq!(account.call("POST /crm/v3/objects/contacts/search", json!({ "query": "8779290687" })).ids(), [id]);
}

// HubSpot/hubspot-api-nodejs#646
#[test]
fn a_type_of_another_pair_is_refused_by_the_records_that_it_would_be_of() {
    let account = Account::new();
    let (company, deal) =
        (account.make("companies", json!({ "name": "A" })), account.make("deals", json!({ "dealname": "D", "dealstage": "contractsent" })));
    let spec = json!([{ "associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 1 }]);
    let refused = account.call(&format!("PUT /crm/v4/objects/deals/{deal}/associations/companies/{company}"), spec).expect(400);
    assert_eq!(json!([refused["category"], refused["message"]]), json!(["VALIDATION_ERROR", "One or more associations are invalid"]));
    let context = json!({ "INVALID_OBJECT_IDS": [format!("CONTACT={deal} is not valid")], "objectId": [deal], "objectType": ["CONTACT"] });
    assert_eq!(refused["context"], context);
}
