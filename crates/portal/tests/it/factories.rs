//! Seeds that make records by a rule, and that define more than records.

use keyway_core::time::Timestamp;
use keyway_portal::{RefillError, read_yaml};
use serde_json::{Value, json};

use crate::support::{Account, HUB_ID, NOW_MS};

const NOW: Timestamp = Timestamp::from_ms(NOW_MS);

fn fill(account: &Account, seed: Value) -> Result<Value, RefillError> {
    account.block_on(account.portal().fill(HUB_ID, seed, NOW))
}

fn refused(seed: Value) -> String {
    fill(&Account::new(), seed.clone()).expect_err(&seed.to_string()).to_string()
}

#[test]
fn fifty_contacts_take_turns_with_the_companies_of_the_seed() {
    let account = Account::new();
    let seed = read_yaml(
        "
records:
  companies:
    - { key: acme, properties: { name: Acme, domain: acme.example.com } }
    - { key: bolt, properties: { name: Bolt, domain: bolt.example.com } }
factories:
  - type: contacts
    count: 50
    key: person
    associate: companies
    properties:
      email: 'person{n}@{company.domain}'
      firstname: { pick: [Ada, Ben] }
      annualrevenue: { from: 1000, to: 9000 }
      date_of_birth: 'born {{in}} {firstname}'
",
    );
    let made = fill(&account, seed.unwrap()).unwrap();
    assert_eq!(made["made"], json!({ "companies": 2, "contacts": 50 }));
    for (n, domain) in [(1, "acme"), (2, "bolt"), (49, "acme"), (50, "bolt")] {
        let id = made["ids"][format!("contacts/person{n}")].as_str().unwrap();
        let path =
            format!("/crm/v3/objects/contacts/{id}?properties=email,firstname,annualrevenue,date_of_birth,lastname&associations=companies");
        let person = account.get(&path).expect(200);
        let values = &person["properties"];
        assert_eq!(values["email"], format!("person{n}@{domain}.example.com"));
        let first = values["firstname"].as_str().unwrap();
        assert!(["Ada", "Ben"].contains(&first));
        assert_eq!(values["date_of_birth"], format!("born {{in}} {first}"));
        let revenue: u32 = values["annualrevenue"].as_str().unwrap().parse().unwrap();
        assert!((1000..=9000).contains(&revenue));
        assert!(values["lastname"].is_string());
        assert_eq!(person["associations"]["companies"]["results"][0]["id"], made["ids"][format!("companies/{domain}")]);
    }
}

#[test]
fn the_same_seed_makes_the_same_account_and_another_number_another_one() {
    let with = |number: u64| {
        let account = Account::new();
        let factories = json!([{ "type": "companies", "count": 5 }, { "type": "deals", "count": 20, "associate": ["companies"] }]);
        fill(&account, json!({ "number": number, "factories": factories })).unwrap();
        account.copy()
    };
    assert_eq!(with(7), with(7));
    assert_ne!(with(7), with(8));
}

#[test]
fn every_type_gets_what_it_needs_and_a_second_factory_of_the_same_rule_finds_room() {
    let types = [
        "contacts",
        "companies",
        "deals",
        "tickets",
        "products",
        "line_items",
        "quotes",
        "calls",
        "emails",
        "meetings",
        "notes",
        "tasks",
        "leads",
    ];
    let account = Account::new();
    let schema = json!({
        "name": "car", "labels": { "singular": "Car", "plural": "Cars" }, "primaryDisplayProperty": "plate", "requiredProperties": ["plate"],
        "properties": [{ "name": "plate", "label": "Plate", "type": "string", "fieldType": "text", "hasUniqueValue": true }],
    });
    fill(&account, json!({ "schemas": [schema] })).unwrap();
    for kind in types.into_iter().chain(["p_car"]) {
        for _ in 0..2 {
            let made = fill(&account, json!({ "factories": [{ "type": kind, "count": 30 }] })).unwrap();
            assert_eq!(made["made"][kind], 30, "{kind}");
        }
    }
}

#[test]
fn a_lead_of_a_seed_may_name_a_contact_that_comes_later() {
    let account = Account::new();
    let lead = json!({ "key": "hot", "properties": { "hs_lead_name": "Ada" }, "associations": ["contacts/ada"] });
    let contact = json!({ "key": "ada", "properties": { "email": "ada@example.com" } });
    let made = fill(&account, json!({ "records": { "leads": [lead], "contacts": [contact] } })).unwrap();
    let id = |key: &str| made["ids"][key].as_str().unwrap();
    let lead = account.get(&format!("/crm/v3/objects/leads/{}?associations=contacts", id("leads/hot"))).expect(200);
    assert_eq!(lead["associations"]["contacts"]["results"][0]["id"], id("contacts/ada"));
}

#[test]
fn a_rule_that_can_not_be_kept_is_refused_with_its_place() {
    for (factory, says) in [
        (json!({ "type": "boats", "count": 1 }), "no object type boats"),
        (json!({ "type": "contacts", "count": 20_001 }), "20000 at most"),
        (json!({ "type": "contacts", "count": 1, "associate": "companies" }), "no companies to associate with"),
        (json!({ "type": "contacts", "count": 1, "associate": "companies/acme" }), "neither a key"),
        (json!({ "type": "contacts", "count": 1, "properties": { "email": "{company.domain}" } }), "associated with no company"),
        (json!({ "type": "contacts", "count": 1, "properties": { "email": "{nothing}" } }), "{nothing}"),
        (json!({ "type": "contacts", "count": 1, "properties": { "email": "a{" } }), "single brace"),
        (json!({ "type": "contacts", "count": 1, "properties": { "email": "a}b" } }), "single brace"),
        (json!({ "type": "contacts", "count": 1, "properties": { "email": { "pick": [] } } }), "a rule is"),
        (json!({ "type": "contacts", "count": 1, "properties": { "email": { "pick": [{ "pick": [1] }] } } }), "pick holds"),
        (json!({ "type": "deals", "count": 1, "properties": { "amount": { "from": 9, "to": 1 } } }), "the smaller one first"),
        (json!({ "type": "deals", "count": 1, "properties": { "amount": { "from": i64::MIN, "to": i64::MAX } } }), "the smaller one first"),
        (json!({ "type": "deals", "count": 1, "properties": { "amount": { "from": 1.5, "to": 1e300 } } }), "two numbers"),
        (json!({ "type": "deals", "count": 1, "properties": { "closedate": { "from": "soon", "to": "later" } } }), "two days"),
        (json!({ "type": "contacts", "count": 2, "properties": { "email": "same@example.com" } }), "record 2"),
        (json!({ "type": "contacts", "count": 1, "colour": "red" }), "colour"),
    ] {
        let refused = refused(json!({ "factories": [factory] }));
        assert!(refused.contains(says), "{refused}");
    }
    let many = json!({ "type": "contacts", "count": 20_000 });
    assert!(refused(json!({ "factories": [many, many, many] })).contains("50000 at most"));
    let long = "{email}".repeat(2_000);
    let grows = json!({ "type": "contacts", "count": 1, "properties": { "email": "a".repeat(60), "address": long } });
    assert!(refused(json!({ "factories": [grows] })).contains("65536 bytes"));
}

#[test]
fn days_and_amounts_lie_in_their_range() {
    let account = Account::new();
    let rule = json!({ "amount": { "from": -1.5, "to": 1.5 }, "closedate": { "from": "2026-02-27", "to": "2026-03-01" } });
    fill(&account, json!({ "factories": [{ "type": "deals", "count": 40, "properties": rule }] })).unwrap();
    let deals = account.get("/crm/v3/objects/deals?limit=100&properties=amount,closedate").expect(200);
    for deal in deals["results"].as_array().unwrap() {
        let amount: f64 = deal["properties"]["amount"].as_str().unwrap().parse().unwrap();
        assert!((-1.5..=1.5).contains(&amount), "{deal}");
        let day = &deal["properties"]["closedate"].as_str().unwrap()[..10];
        assert!(["2026-02-27", "2026-02-28", "2026-03-01"].contains(&day), "{deal}");
    }
}

#[test]
fn owners_groups_pipelines_labels_and_lists_are_defined_with_their_ids() {
    let account = Account::new();
    let seed = json!({
        "owners": [{ "id": 77, "email": "owner77@example.com", "firstName": "Owner", "lastName": "77" }],
        "groups": { "contacts": [{ "name": "plans", "label": "Plans" }, { "name": "contactinformation", "label": "About them" }] },
        "properties": { "contacts": [{ "name": "plan", "label": "Plan", "type": "string", "fieldType": "text", "groupName": "plans" }],
            "companies": [{ "name": "industry", "label": "Trade" }] },
        "pipelines": { "deals": [{ "pipelineId": "default", "label": "Sales", "displayOrder": 0, "stages": [
            { "stageId": "first", "label": "First", "displayOrder": 0, "metadata": { "probability": "0.5" } }] }],
            "tickets": [{ "pipelineId": "9", "label": "Repairs", "displayOrder": 1, "stages": [
            { "stageId": "91", "label": "Open", "displayOrder": 0, "metadata": { "ticketState": "OPEN" } }] }] },
        "labels": [{ "from": "contacts", "to": "companies", "name": "buyer", "label": "Buyer", "inverseLabel": "Bought by", "typeId": 41, "inverseTypeId": 42 },
            { "from": "contacts", "to": "contacts", "name": "friend", "label": "Friend", "typeId": 50 }],
        "records": { "deals": [{ "properties": { "dealname": "A", "pipeline": "default", "dealstage": "first", "hubspot_owner_id": 77 } }] },
        "lists": [{ "name": "All", "objectTypeId": "contacts", "processingType": "MANUAL" }],
    });
    fill(&account, seed).unwrap();
    let labels = account.get("/crm/associations/2026-09/contacts/companies/labels").expect(200);
    assert!(labels["results"].as_array().unwrap().iter().any(|label| label["label"] == "Buyer" && label["typeId"] == 41), "{labels}");
    let back = account.get("/crm/associations/2026-09/companies/contacts/labels").expect(200);
    assert!(back["results"].as_array().unwrap().iter().any(|label| label["label"] == "Bought by" && label["typeId"] == 42), "{back}");
    assert_eq!(account.get("/crm/v3/owners/77").expect(200)["email"], "owner77@example.com");
    assert_eq!(account.get("/crm/v3/pipelines/tickets/9").expect(200)["stages"][0]["id"], "91");
    assert_eq!(account.get("/crm/v3/properties/companies/industry").expect(200)["label"], "Trade");
    assert_eq!(account.get("/crm/v3/properties/contacts/groups/contactinformation").expect(200)["label"], "About them");
    for (seed, says) in [
        (json!({ "labels": [{ "from": "contacts", "to": "companies", "name": "a", "label": "A", "typeId": 1 }] }), "Leave typeId out"),
        (
            json!({ "labels": [{ "from": "contacts", "to": "companies", "name": "a", "label": "A", "inverseTypeId": 1 }] }),
            "belongs to typeId",
        ),
        (json!({ "owners": [{ "id": 1, "email": "nobody" }] }), "owners[0]"),
    ] {
        let refused = refused(seed);
        assert!(refused.contains(says), "{refused}");
    }
}

#[test]
fn the_seeds_of_the_docs_fill_an_account() {
    let page = include_str!("../../../../docs/testing.md");
    let seeds: Vec<&str> = page.split("<!-- seed -->\n```yaml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert_eq!(seeds.len(), 2);
    for seed in seeds {
        fill(&Account::new(), read_yaml(seed).unwrap()).unwrap();
    }
}
