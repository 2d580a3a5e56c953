//! What HubSpot calculates and sets by itself (`data/derived.tsv` has the sources of each property).

use serde_json::{Value, json};

use crate::support::{APP_ID, Account, HUB_ID};

const DAY_MS: i64 = 86_400_000;

/// Properties of a record, by their names with commas.
#[track_caller]
fn read(account: &Account, kind: &str, id: &str, names: &str) -> Value {
    account.get(&format!("/crm/v3/objects/{kind}/{id}?properties={names}")).expect(200)["properties"].clone()
}

/// The values of named properties, in the order of the names; `-` is no value.
#[track_caller]
fn shown(account: &Account, kind: &str, id: &str, names: &str) -> String {
    let read = read(account, kind, id, names);
    let texts: Vec<&str> = names.split(',').map(|name| read[name].as_str().unwrap_or("-")).collect();
    texts.join(" ")
}

#[track_caller]
fn change(account: &Account, kind: &str, id: &str, properties: Value) -> Value {
    account.call(&format!("PATCH /crm/v3/objects/{kind}/{id}"), json!({ "properties": properties })).expect(200)
}

#[track_caller]
fn associate(account: &Account, from: &str, to: &str) {
    account.call_with(&format!("PUT /crm/v4/objects/{}/associations/default/{}", from, to), b"").expect(200);
}

#[track_caller]
fn make_deal(account: &Account, stage: &str, amount: &str) -> String {
    account.make("deals", json!({ "dealname": "D", "pipeline": "default", "dealstage": stage, "amount": amount }))
}

// Answers to creates, in public code of 2022, 2024 and 2025 (github.com/Babatunde13/hubspot-crm and others).
#[test]
fn the_answer_to_a_new_contact_has_what_hubspot_fills_in() {
    let account = Account::new();
    let body = json!({ "properties": { "email": "Ada@Example.com", "firstname": "Ada", "lastname": "Archer" } });
    let made = account.call("POST /crm/v3/objects/contacts", body).expect(201);
    let (id, at) = (&made["id"], &made["createdAt"]);
    let expected = json!({
        "createdate": at, "email": "ada@example.com", "firstname": "Ada", "hs_all_contact_vids": id, "hs_associated_target_accounts": "0",
        "hs_currently_enrolled_in_prospecting_agent": "false", "hs_email_domain": "example.com", "hs_full_name_or_email": "Ada Archer",
        "hs_is_contact": "true", "hs_is_unworked": "true", "hs_marketable_status": "false", "hs_marketable_until_renewal": "false",
        "hs_membership_has_accessed_private_content": "0", "hs_object_id": id, "hs_object_source": "INTEGRATION",
        "hs_object_source_id": APP_ID.to_string(), "hs_object_source_label": "INTEGRATION", "hs_pipeline": "contacts-lifecycle-pipeline",
        "hs_prospecting_agent_actively_enrolled_count": "0", "hs_registered_member": "0", "hs_sequences_actively_enrolled_count": "0",
        "lastmodifieddate": at, "lastname": "Archer", "lifecyclestage": "lead", "num_notes": "0",
    });
    let answered = made["properties"].as_object().unwrap();
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(answered.get(name), Some(value), "{name}");
    }
    let read = read(
        &account,
        "contacts",
        id.as_str().unwrap(),
        "hs_lifecyclestage_lead_date,hs_v2_date_entered_lead,lifecyclestage,hs_createdate",
    );
    assert_eq!(json!([read["hs_lifecyclestage_lead_date"], read["hs_v2_date_entered_lead"], read["hs_createdate"]]), json!([at, at, at]));
}

#[test]
fn a_contact_that_is_made_with_a_lifecycle_stage_keeps_it() {
    let account = Account::new();
    let id = account.make("contacts", json!({ "email": "a@example.com", "lifecyclestage": "subscriber" }));
    assert_eq!(shown(&account, "contacts", &id, "lifecyclestage,hs_lifecyclestage_lead_date"), "subscriber -");
    let company = account.make("companies", json!({ "name": "Acme" }));
    // Two answers to creates of 2022, in public code.
    assert_eq!(shown(&account, "companies", &company, "lifecyclestage,hs_pipeline"), "lead companies-lifecycle-pipeline");
}

// Answers to creates and reads of deals (public code of 2022; github.com/Babatunde13/hubspot-crm).
#[test]
fn a_deal_says_whether_it_is_closed_and_what_it_is_worth() {
    let account = Account::new();
    let id = make_deal(&account, "appointmentscheduled", "1000");
    let names = "hs_is_closed,hs_is_closed_won,hs_deal_stage_probability,hs_forecast_amount,amount_in_home_currency,hs_projected_amount,hs_closed_amount,days_to_close";
    let open = "false false 0.200000000000000011102230246251565404236316680908203125 1000 1000 200 0 0";
    assert_eq!(shown(&account, "deals", &id, names), open);
    change(&account, "deals", &id, json!({ "dealstage": "closedwon", "amount": "1500.00" }));
    assert_eq!(shown(&account, "deals", &id, names), "true true 1 1500.00 1500.00 1500 1500.00 0");
    change(&account, "deals", &id, json!({ "dealstage": "closedlost" }));
    assert_eq!(shown(&account, "deals", &id, "hs_is_closed,hs_is_closed_won,hs_is_closed_lost,hs_closed_amount"), "true false true 0");
    let answered =
        account.call("POST /crm/v3/objects/deals", json!({ "properties": { "dealname": "E", "dealstage": "closedwon" } })).expect(201);
    assert_eq!(json!([answered["properties"]["hs_is_closed_won"], answered["properties"]["days_to_close"]]), json!(["true", "0"]));
}

#[test]
fn an_amount_in_another_currency_needs_a_rate() {
    let account = Account::new();
    let id = make_deal(&account, "contractsent", "10");
    change(&account, "deals", &id, json!({ "deal_currency_code": "USD" }));
    assert_eq!(shown(&account, "deals", &id, "amount_in_home_currency"), "10");
    change(&account, "deals", &id, json!({ "deal_currency_code": "EUR" }));
    assert_eq!(shown(&account, "deals", &id, "amount_in_home_currency"), "-");
}

// knowledge.hubspot.com/crm-deals/hubspots-default-deal-properties, "Close date".
#[test]
fn a_deal_that_closes_gets_a_close_date_unless_the_caller_names_one() {
    let account = Account::new();
    let id = make_deal(&account, "appointmentscheduled", "1");
    assert_eq!(shown(&account, "deals", &id, "closedate"), "-");
    account.later(3 * DAY_MS);
    let won = change(&account, "deals", &id, json!({ "dealstage": "closedwon" }));
    assert_eq!(won["properties"]["closedate"], won["updatedAt"]);
    assert_eq!(shown(&account, "deals", &id, "days_to_close"), "3");
    account.later(DAY_MS);
    let lost = change(&account, "deals", &id, json!({ "dealstage": "closedlost" }));
    assert_eq!(lost["properties"]["closedate"], lost["updatedAt"]);
    let named = make_deal(&account, "appointmentscheduled", "1");
    change(&account, "deals", &named, json!({ "dealstage": "closedwon", "closedate": "2030-01-01T00:00:00Z" }));
    assert_eq!(shown(&account, "deals", &named, "closedate"), "2030-01-01T00:00:00.000Z");
    change(&account, "deals", &named, json!({ "dealstage": "closedwon", "amount": "2" }));
    assert_eq!(shown(&account, "deals", &named, "closedate"), "2030-01-01T00:00:00.000Z", "it was in the stage already");
}

// knowledge.hubspot.com/properties/stage-calculated-properties.
#[test]
fn a_deal_knows_when_it_came_into_each_stage_and_for_how_long() {
    let account = Account::new();
    let id = make_deal(&account, "appointmentscheduled", "1");
    let made = read(&account, "deals", &id, "createdate")["createdate"].clone();
    let of = |stage: &str| {
        let names = ["date_entered", "date_exited", "latest_time_in", "cumulative_time_in"].map(|name| format!("hs_v2_{name}_{stage}"));
        let read = read(&account, "deals", &id, &names.join(","));
        names.map(|name| read[&name].clone())
    };
    assert_eq!(of("appointmentscheduled"), [made.clone(), Value::Null, Value::Null, Value::Null]);
    let mut entered = Vec::new();
    for (stage, days) in [("qualifiedtobuy", 1), ("appointmentscheduled", 2), ("contractsent", 4)] {
        account.later(days * DAY_MS);
        entered.push(change(&account, "deals", &id, json!({ "dealstage": stage }))["updatedAt"].clone());
    }
    let [came, left, latest, all] = of("appointmentscheduled");
    assert_eq!((&came, &left), (&entered[1], &entered[2]), "of the last visit");
    let ms = |value: &Value| value.as_str().unwrap().parse::<i64>().unwrap();
    assert_eq!((ms(&latest) / DAY_MS, ms(&all) / DAY_MS), (4, 5));
    assert_eq!(read(&account, "deals", &id, "hs_v2_date_entered_current_stage")["hs_v2_date_entered_current_stage"], entered[2]);
    assert_eq!(of("closedwon"), [Value::Null, Value::Null, Value::Null, Value::Null]);
}

#[test]
fn a_pipeline_that_an_account_makes_has_such_properties_for_its_stages() {
    let account = Account::new();
    let stages = json!([{ "label": "First", "displayOrder": 0, "metadata": { "probability": "0.1" } }]);
    let made =
        account.call("POST /crm/v3/pipelines/deals", json!({ "label": "Partners", "displayOrder": 1, "stages": stages })).expect(201);
    let (pipeline, stage) = (made["id"].as_str().unwrap(), made["stages"][0]["id"].as_str().unwrap());
    let name = format!("hs_v2_date_entered_{}", stage.replace('-', "_"));
    let property = account.get(&format!("/crm/v3/properties/deals/{name}")).expect(200);
    assert_eq!(json!([property["label"], property["calculated"]]), json!(["Date entered \"First (Partners)\"", true]));
    let id = account.make("deals", json!({ "dealname": "D", "pipeline": pipeline, "dealstage": stage }));
    assert_ne!(shown(&account, "deals", &id, &name), "-");
    account
        .call(&format!("PATCH /crm/v3/objects/deals/{id}"), json!({ "properties": { name: "2020-01-01" } }))
        .refused(400, "READ_ONLY_VALUE");
}

// developers.hubspot.com/docs/api-reference/latest/crm/objects/contacts/guide; integrate.hubspot.com/t/update-lifecycle-stage-using-api/1333.
#[test]
fn a_lifecycle_stage_moves_forward_and_goes_back_only_when_it_was_cleared() {
    let account = Account::new();
    let id = account.contact("ada@example.com");
    change(&account, "contacts", &id, json!({ "lifecyclestage": "customer" }));
    let dates = "lifecyclestage,hs_lifecyclestage_lead_date,hs_lifecyclestage_customer_date,closedate";
    let customer = shown(&account, "contacts", &id, dates);
    assert!(!customer.contains(" -") && customer.starts_with("customer "), "{customer}");
    let answer = change(&account, "contacts", &id, json!({ "lifecyclestage": "lead", "city": "Porto" }));
    assert_eq!(json!([answer["properties"]["lifecyclestage"], answer["properties"]["city"]]), json!(["customer", "Porto"]));
    change(&account, "contacts", &id, json!({ "lifecyclestage": "" }));
    change(&account, "contacts", &id, json!({ "lifecyclestage": "lead" }));
    assert_eq!(shown(&account, "contacts", &id, "lifecyclestage,hs_lifecyclestage_customer_date"), "lead -");
}

// HubSpot/hubspot-api-nodejs#176; the default contact properties of HubSpot's knowledge base.
#[test]
fn a_contact_names_its_primary_company_and_the_company_counts_its_contacts() {
    let account = Account::new();
    let (first, second) = (account.make("companies", json!({ "name": "A" })), account.make("companies", json!({ "name": "B" })));
    let contact = account.contact("ada@example.com");
    assert_eq!(shown(&account, "companies", &first, "num_associated_contacts"), "0");
    account.call_with(&format!("PUT /crm/v3/objects/contacts/{contact}/associations/companies/{first}/1"), b"").expect(200);
    assert_eq!(shown(&account, "contacts", &contact, "associatedcompanyid"), first);
    assert_eq!(shown(&account, "companies", &first, "num_associated_contacts,first_contact_createdate").split(' ').next(), Some("1"));
    account.call_with(&format!("PUT /crm/v3/objects/contacts/{contact}/associations/companies/{second}/1"), b"").expect(200);
    assert_eq!(shown(&account, "contacts", &contact, "associatedcompanyid"), second);
    assert_eq!(shown(&account, "companies", &first, "num_associated_contacts"), "1", "still associated");
    account.call_with(&format!("DELETE /crm/v3/objects/companies/{second}"), b"").expect(204);
    assert_eq!(shown(&account, "contacts", &contact, "associatedcompanyid"), "-");
    account.call_with(&format!("DELETE /crm/v3/objects/contacts/{contact}"), b"").expect(204);
    assert_eq!(shown(&account, "companies", &first, "num_associated_contacts,first_contact_createdate"), "0 -");
}

#[test]
fn writing_the_company_of_a_contact_associates_them() {
    let account = Account::new();
    let (first, second) = (account.make("companies", json!({ "name": "A" })), account.make("companies", json!({ "name": "B" })));
    let contact = account.make("contacts", json!({ "email": "ada@example.com", "associatedcompanyid": first }));
    let types = |company: &str| {
        let read = account.get(&format!("/crm/v4/objects/contacts/{contact}/associations/companies")).expect(200);
        let of = |one: &Value| one["toObjectId"].as_u64() == company.parse().ok();
        let found = read["results"].as_array().unwrap().iter().find(|one| of(one)).cloned().unwrap_or_default();
        found["associationTypes"].as_array().map_or(Vec::new(), |types| types.iter().map(|own| own["typeId"].as_u64().unwrap()).collect())
    };
    assert_eq!(types(&first), [279, 1]);
    assert_eq!(shown(&account, "companies", &first, "num_associated_contacts"), "1");
    change(&account, "contacts", &contact, json!({ "associatedcompanyid": second }));
    assert_eq!((types(&first), types(&second)), (vec![279], vec![279, 1]));
    change(&account, "contacts", &contact, json!({ "associatedcompanyid": "" }));
    assert_eq!((types(&second), shown(&account, "contacts", &contact, "associatedcompanyid")), (vec![279], "-".to_owned()));
    account
        .call(&format!("PATCH /crm/v3/objects/contacts/{contact}"), json!({ "properties": { "associatedcompanyid": "99999" } }))
        .refused(400, "INVALID_OBJECT_ID");
}

#[test]
fn a_company_names_its_parent_and_counts_its_children() {
    let account = Account::new();
    let (parent, child) = (account.make("companies", json!({ "name": "P" })), account.make("companies", json!({ "name": "C" })));
    change(&account, "companies", &child, json!({ "hs_parent_company_id": parent }));
    assert_eq!(shown(&account, "companies", &parent, "hs_num_child_companies,hs_parent_company_id"), "1 -");
    assert_eq!(shown(&account, "companies", &child, "hs_num_child_companies,hs_parent_company_id"), format!("0 {parent}"));
    account
        .call(&format!("PATCH /crm/v3/objects/companies/{child}"), json!({ "properties": { "hs_parent_company_id": child } }))
        .refused(400, "INVALID_OBJECT_ID");
}

// knowledge.hubspot.com, "How are the calculated properties used for Revenue Reporting calculated?"
#[test]
fn contacts_and_companies_know_what_their_deals_brought() {
    let account = Account::new();
    let company = account.make("companies", json!({ "name": "A" }));
    let names = "num_associated_deals,total_revenue,recent_deal_amount,hs_num_open_deals,hs_total_deal_value";
    assert_eq!(shown(&account, "companies", &company, names), "- - - 0 -");
    let (won, open) = (make_deal(&account, "closedwon", "100.5"), make_deal(&account, "contractsent", "40"));
    for deal in [&won, &open] {
        associate(&account, &format!("deals/{deal}"), &format!("companies/{company}"));
    }
    assert_eq!(shown(&account, "companies", &company, names), "2 100.5 100.5 1 40");
    change(&account, "deals", &open, json!({ "dealstage": "closedwon", "amount": "50" }));
    assert_eq!(shown(&account, "companies", &company, names), "2 150.5 50 0 -");
    assert_eq!(read(&account, "companies", &company, "recent_deal_close_date"), {
        let closed = read(&account, "deals", &open, "closedate")["closedate"].clone();
        json!({ "recent_deal_close_date": closed, "createdate": read(&account, "companies", &company, "createdate")["createdate"],
            "hs_lastmodifieddate": read(&account, "companies", &company, "hs_lastmodifieddate")["hs_lastmodifieddate"], "hs_object_id": company })
    });
    account.call_with(&format!("DELETE /crm/v3/objects/deals/{won}"), b"").expect(204);
    assert_eq!(shown(&account, "companies", &company, names), "1 50 50 0 -");
    assert_eq!(
        shown(&account, "deals", &open, "hs_num_associated_companies,num_associated_contacts,hs_num_of_associated_line_items"),
        "1 0 0"
    );
}

// knowledge.hubspot.com/properties/hubspots-default-contact-properties: contact activity.
#[test]
fn activities_leave_their_number_and_dates_on_the_records_they_are_about() {
    let account = Account::new();
    let contact = account.contact("ada@example.com");
    let names = "num_notes,num_contacted_notes,notes_last_updated,notes_last_contacted,notes_next_activity_date,hs_is_unworked";
    assert_eq!(shown(&account, "contacts", &contact, names), "0 0 - - - true");
    let note = account.make("notes", json!({ "hs_timestamp": "2026-01-02T00:00:00Z" }));
    associate(&account, &format!("notes/{note}"), &format!("contacts/{contact}"));
    assert_eq!(shown(&account, "contacts", &contact, names), "1 0 2026-01-02T00:00:00.000Z - - true");
    let body = |at: &str| {
        json!({ "properties": { "hs_timestamp": at }, "associations": [{ "to": { "id": contact },
        "types": [{ "associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 194 }] }] })
    };
    let call = account.call("POST /crm/v3/objects/calls", body("2026-01-01T00:00:00Z")).expect(201)["id"].as_str().unwrap().to_owned();
    assert_eq!(shown(&account, "contacts", &contact, names), "2 1 2026-01-02T00:00:00.000Z 2026-01-01T00:00:00.000Z - false");
    account.call("POST /crm/v3/objects/calls", body("2030-01-01T00:00:00Z")).expect(201);
    assert_eq!(shown(&account, "contacts", &contact, "notes_next_activity_date,num_notes"), "2030-01-01T00:00:00.000Z 3");
    change(&account, "calls", &call, json!({ "hs_timestamp": "2026-01-03T00:00:00Z" }));
    assert_eq!(shown(&account, "contacts", &contact, "notes_last_contacted"), "2026-01-03T00:00:00.000Z");
    account.call_with(&format!("DELETE /crm/v3/objects/calls/{call}"), b"").expect(204);
    assert_eq!(shown(&account, "contacts", &contact, "num_notes,notes_last_updated"), "2 2026-01-02T00:00:00.000Z");
}

// knowledge.hubspot.com/properties/hubspots-default-ticket-properties.
#[test]
fn a_ticket_that_closes_knows_when_and_how_long_it_took() {
    let account = Account::new();
    let id = account.make("tickets", json!({ "subject": "S", "hs_pipeline": "0", "hs_pipeline_stage": "1" }));
    assert_eq!(shown(&account, "tickets", &id, "hs_is_closed,closed_date,time_to_close,hs_ticket_id"), format!("false - - {id}"));
    account.later(DAY_MS - 1);
    let closed = change(&account, "tickets", &id, json!({ "hs_pipeline_stage": "4" }));
    assert_eq!(shown(&account, "tickets", &id, "hs_is_closed,time_to_close"), format!("true {}", DAY_MS + 1));
    assert_eq!(closed["properties"]["closed_date"], closed["updatedAt"]);
}

// knowledge.hubspot.com/properties/hubspots-default-line-item-properties.
#[test]
fn a_line_item_has_a_net_price_and_a_quote_adds_them_up() {
    let account = Account::new();
    let item = |properties: Value| account.make("line_items", properties);
    let (first, second) = (item(json!({ "price": "10.10", "quantity": "3", "discount": "1" })), item(json!({ "price": "5" })));
    assert_eq!(shown(&account, "line_items", &first, "amount,hs_pre_discount_amount,hs_total_discount"), "27.3 30.3 3");
    let quote = account.make("quotes", json!({ "hs_title": "Q", "hs_expiration_date": "2030-01-01" }));
    let deal = make_deal(&account, "contractsent", "1");
    for item in [&first, &second] {
        associate(&account, &format!("line_items/{item}"), &format!("quotes/{quote}"));
        associate(&account, &format!("line_items/{item}"), &format!("deals/{deal}"));
    }
    assert_eq!(shown(&account, "quotes", &quote, "hs_quote_amount"), "32.3");
    assert_eq!(shown(&account, "deals", &deal, "hs_num_of_associated_line_items,amount"), "2 1");
    change(&account, "line_items", &first, json!({ "discount": "", "hs_discount_percentage": "50" }));
    assert_eq!(shown(&account, "quotes", &quote, "hs_quote_amount"), "20.15");
}

#[test]
fn an_owner_is_assigned_on_a_date_and_taken_away_with_it() {
    let account = Account::new();
    let id = account.contact("ada@example.com");
    let names = "hubspot_owner_assigneddate,hs_all_owner_ids,hs_user_ids_of_all_owners";
    assert_eq!(shown(&account, "contacts", &id, names), "- - -");
    account.later(DAY_MS);
    let changed = change(&account, "contacts", &id, json!({ "hubspot_owner_id": "5001" }));
    assert_eq!(changed["properties"]["hubspot_owner_assigneddate"], changed["updatedAt"]);
    change(&account, "contacts", &id, json!({ "city": "Porto" }));
    assert_eq!(shown(&account, "contacts", &id, names), format!("{} 5001 9001", changed["updatedAt"].as_str().unwrap()));
    change(&account, "contacts", &id, json!({ "hubspot_owner_id": "" }));
    assert_eq!(shown(&account, "contacts", &id, names), "- - -");
}

#[test]
fn calculated_values_have_a_history_and_the_source_that_hubspot_names() {
    let account = Account::new();
    let company = account.make("companies", json!({ "name": "A" }));
    let deal = make_deal(&account, "appointmentscheduled", "1");
    change(&account, "deals", &deal, json!({ "dealstage": "closedwon" }));
    associate(&account, &format!("deals/{deal}"), &format!("companies/{company}"));
    let history = |kind: &str, id: &str, name: &str| {
        let read = account.get(&format!("/crm/v3/objects/{kind}/{id}?propertiesWithHistory={name}")).expect(200);
        let versions = read["propertiesWithHistory"][name].as_array().unwrap().clone();
        assert!(versions.iter().all(|one| one["sourceType"] == "CALCULATED"), "{versions:?}");
        versions.iter().map(|one| one["value"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(history("deals", &deal, "hs_is_closed"), ["true", "false"]);
    assert_eq!(history("companies", &company, "num_associated_deals"), ["1"]);
    assert_eq!(history("deals", &deal, "hs_projected_amount"), ["1", "0.2"]);
}

#[test]
fn searches_and_lists_find_records_by_what_is_calculated() {
    let account = Account::new();
    let (won, _) = (make_deal(&account, "closedwon", "5"), make_deal(&account, "contractsent", "7"));
    let search = |property: &str, value: &str| {
        let filters = json!([{ "propertyName": property, "operator": "EQ", "value": value }]);
        account.call("POST /crm/v3/objects/deals/search", json!({ "filters": filters })).ids()
    };
    assert_eq!(search("hs_is_closed_won", "true"), [won.as_str()]);
    assert_eq!(search("hs_projected_amount", "6.3").len(), 1);
    let sorted = json!({ "sorts": [{ "propertyName": "hs_projected_amount", "direction": "DESCENDING" }] });
    assert_eq!(account.call("POST /crm/v3/objects/deals/search", sorted).ids()[1], won);
    let contact = account.contact("ada@example.com");
    let query = json!({ "query": "ada@exam" });
    assert_eq!(account.call("POST /crm/v3/objects/contacts/search", query).ids(), [contact]);
}

#[test]
fn what_is_calculated_cannot_be_written() {
    let account = Account::new();
    let deal = make_deal(&account, "contractsent", "1");
    for name in ["hs_is_closed", "hs_forecast_amount", "num_associated_contacts", "hs_v2_date_entered_closedwon", "hs_object_source_id"] {
        account
            .call(&format!("PATCH /crm/v3/objects/deals/{deal}"), json!({ "properties": { name: "1" } }))
            .refused(400, "READ_ONLY_VALUE");
    }
}

#[test]
fn calculated_values_outlive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let storage = || keyway_portal::Storage::Folder(folder.path().to_owned());
    let account = Account::open(storage());
    let company = account.make("companies", json!({ "name": "A" }));
    let contact = account.make("contacts", json!({ "email": "ada@example.com", "associatedcompanyid": company }));
    let names = "associatedcompanyid,lifecyclestage,hs_lifecyclestage_lead_date,hs_email_domain,hs_object_source_id";
    let before = shown(&account, "contacts", &contact, names);
    account.block_on(account.portal().close());
    drop(account);
    let account = Account::open(storage());
    assert_eq!(shown(&account, "contacts", &contact, names), before);
    let other = account.contact("ben@example.com");
    associate(&account, &format!("contacts/{other}"), &format!("companies/{company}"));
    assert_eq!(shown(&account, "companies", &company, "num_associated_contacts"), "2");
}

#[test]
fn the_sample_records_have_their_calculated_values() {
    let account = Account::new();
    account.block_on(account.portal().seed_demo(HUB_ID, keyway_core::time::Timestamp::from_ms(crate::support::NOW_MS))).unwrap();
    let companies = account.get("/crm/v3/objects/companies?properties=num_associated_contacts,num_associated_deals").expect(200);
    assert_eq!(companies["results"][0]["properties"]["num_associated_contacts"], "7");
    assert_eq!(companies["results"][0]["properties"]["num_associated_deals"], "1");
    let filters = json!([{ "propertyName": "hs_is_closed_won", "operator": "EQ", "value": "true" }]);
    let won = account.call("POST /crm/v3/objects/deals/search", json!({ "filters": filters, "limit": 100 })).ids();
    assert_eq!(won.len(), 7);
}

// developers.hubspot.com/changelog/defaulting-hs_timestamp-to-meeting-start-time-in-meetings-engagement-api
#[test]
fn a_meeting_without_a_timestamp_has_that_of_its_start() {
    let account = Account::new();
    let id = account.make("meetings", json!({ "hs_meeting_title": "M", "hs_meeting_start_time": "2026-12-01T10:00:00Z" }));
    assert_eq!(shown(&account, "meetings", &id, "hs_timestamp"), "2026-12-01T10:00:00.000Z");
    account.call("POST /crm/v3/objects/meetings", json!({ "properties": { "hs_meeting_title": "M" } })).refused(400, "hs_timestamp");
}

#[test]
fn a_deal_cannot_keep_a_stage_of_another_pipeline() {
    let account = Account::new();
    let stages = json!([{ "label": "First", "displayOrder": 0, "metadata": { "probability": "0.1" } }]);
    let made =
        account.call("POST /crm/v3/pipelines/deals", json!({ "label": "Partners", "displayOrder": 1, "stages": stages })).expect(201);
    let (pipeline, stage) = (made["id"].as_str().unwrap(), made["stages"][0]["id"].as_str().unwrap());
    let id = account.make("deals", json!({ "dealname": "D", "pipeline": pipeline, "dealstage": stage }));
    let path = format!("PATCH /crm/v3/objects/deals/{id}");
    account.call(&path, json!({ "properties": { "pipeline": "default" } })).refused(400, "INVALID_OPTION");
    account.call(&path, json!({ "properties": { "pipeline": "default", "dealstage": "contractsent" } })).expect(200);
}

// knowledge.hubspot.com/contacts/use-lifecycle-stages.
#[test]
fn a_deal_makes_an_opportunity_of_its_contact_and_a_won_one_a_customer() {
    let account = Account::new();
    let (contact, company) = (account.contact("ada@example.com"), account.make("companies", json!({ "name": "A" })));
    let deal = make_deal(&account, "contractsent", "1");
    associate(&account, &format!("deals/{deal}"), &format!("contacts/{contact}"));
    associate(&account, &format!("deals/{deal}"), &format!("companies/{company}"));
    let stages = || [shown(&account, "contacts", &contact, "lifecyclestage"), shown(&account, "companies", &company, "lifecyclestage")];
    assert_eq!(stages(), ["opportunity", "opportunity"]);
    change(&account, "contacts", &contact, json!({ "lifecyclestage": "evangelist" }));
    change(&account, "deals", &deal, json!({ "dealstage": "closedwon" }));
    assert_eq!(stages(), ["evangelist", "customer"]);
    assert_ne!(shown(&account, "companies", &company, "closedate"), "-");
    change(&account, "companies", &company, json!({ "lifecyclestage": "" }));
    change(&account, "deals", &deal, json!({ "amount": "2" }));
    assert_eq!(stages()[1], "-", "a deal that was won already changes nothing");
}

fn with_settings(settings: Value) -> Account {
    let account = Account::new();
    let now = keyway_core::time::Timestamp::from_ms(crate::support::NOW_MS);
    account.block_on(account.portal().fill(HUB_ID, json!({ "settings": settings }), now)).unwrap();
    account
}

// knowledge.hubspot.com, "How does the 'automatically create and associate companies with contacts' setting work?"
#[test]
fn a_contact_is_associated_with_the_company_of_its_domain_where_the_account_is_set_to() {
    let account = with_settings(json!({ "associateCompanies": true }));
    let known = account.make("companies", json!({ "name": "Acme", "domain": "Acme.example.com" }));
    let company = |email: &str| {
        let contact = account.contact(email);
        shown(&account, "contacts", &contact, "associatedcompanyid")
    };
    assert_eq!(company("ada@acme.example.com"), known);
    assert_eq!(company("ben@gmail.com"), "-");
    let made = company("cleo@new.example.com");
    assert_eq!(shown(&account, "companies", &made, "domain,name,num_associated_contacts"), "new.example.com new.example.com 1");
    assert_eq!(company("dan@NEW.example.com"), made);
    let other = account.make("contacts", json!({ "email": "eve@acme.example.com", "associatedcompanyid": made }));
    assert_eq!(shown(&account, "contacts", &other, "associatedcompanyid"), made, "it has a company");
    assert_eq!(account.get("/crm/v3/objects/companies").ids().len(), 2);
    let plain = Account::new();
    plain.contact("ada@acme.example.com");
    assert_eq!(plain.get("/crm/v3/objects/companies").ids().len(), 0);
}

#[test]
fn settings_of_a_seed_are_kept_and_unknown_ones_refused() {
    let account = with_settings(json!({ "lifecycleFromDeals": false }));
    let (contact, deal) = (account.contact("ada@example.com"), make_deal(&account, "closedwon", "1"));
    associate(&account, &format!("deals/{deal}"), &format!("contacts/{contact}"));
    assert_eq!(shown(&account, "contacts", &contact, "lifecyclestage"), "lead");
    let now = keyway_core::time::Timestamp::from_ms(crate::support::NOW_MS);
    let refused = account.block_on(account.portal().fill(HUB_ID, json!({ "settings": { "nosuch": true } }), now));
    assert!(refused.unwrap_err().to_string().contains("nosuch"));
}
