//! One record at a time: create, read, update, archive and list, on every path form.

use serde_json::{Value, json};

use crate::support::Account;

#[test]
fn a_record_made_on_one_path_form_is_read_on_all_others() {
    let account = Account::new();
    let id = account.contact("ada@example.com");
    let forms = [
        "/crm/v3/objects/contacts",
        "/crm/v3/objects/contact",
        "/crm/v3/objects/0-1",
        "/crm/objects/v3/contacts",
        "/crm/objects/2025-09/contacts",
        "/crm/objects/2026-03/0-1",
        "/crm/objects/2026-09/contacts",
        "/crm/objects/2026-09-beta/contacts",
    ];
    let first = account.get(&format!("{}/{id}", forms[0])).expect(200);
    for form in forms {
        assert_eq!(account.get(&format!("{form}/{id}")).expect(200), first, "{form}");
    }
}

#[test]
fn a_create_answers_201_and_the_first_dated_form_200() {
    let account = Account::new();
    for (form, status) in
        [("v3/objects", 201), ("objects/v3", 201), ("objects/2025-09", 200), ("objects/2026-03", 201), ("objects/2026-09", 201)]
    {
        account.call(&format!("POST /crm/{form}/contacts"), json!({ "properties": {} })).expect(status);
    }
}

#[test]
fn a_record_has_the_fields_of_the_official_clients_in_alphabetical_order() {
    let account = Account::new();
    let id = account.make("contacts", json!({ "email": "Ada@Example.com", "firstname": "Ada" }));
    let read = account.get(&format!("/crm/v3/objects/contacts/{id}")).expect(200);
    let made_at = "2026-11-23T15:15:00.123Z";
    let expected = json!({
        "id": id,
        "properties": {
            "createdate": made_at, "email": "ada@example.com", "firstname": "Ada", "hs_object_id": id, "lastmodifieddate": made_at, "lastname": null,
        },
        "createdAt": made_at, "updatedAt": made_at, "archived": false,
    });
    assert_eq!(read.to_string(), expected.to_string());
}

#[test]
fn every_writable_type_can_be_created_read_updated_and_archived() {
    let account = Account::new();
    for (kind, properties) in every_writable_type() {
        let mut body = json!({ "properties": properties });
        if kind == "leads" {
            let types = json!([{ "associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 578 }]);
            body["associations"] = json!([{ "to": { "id": account.contact("lead@example.com") }, "types": types }]);
        }
        let made = account.call(&format!("POST /crm/v3/objects/{kind}"), body).expect(201);
        let id = made["id"].as_str().unwrap();
        let path = format!("/crm/v3/objects/{kind}/{id}");
        let change = account.call(&format!("PATCH {path}"), json!({ "properties": properties }));
        if properties == json!({}) {
            change.refused(400, "No properties found to update");
        } else {
            change.expect(200);
        }
        assert_eq!(account.get(&path).expect(200)["properties"]["hs_object_id"], json!(id), "{kind}");
        account.call_with(&format!("DELETE {path}"), b"").expect(204);
        account.get(&path).refused(404, "OBJECT_NOT_FOUND");
    }
}

/// Each with what a create of it needs and no more.
fn every_writable_type() -> Vec<(&'static str, Value)> {
    let at = "2026-11-23T15:00:00Z";
    let needs = |kind: &str| match kind {
        "companies" => json!({ "domain": "example.com" }),
        "deals" => json!({ "dealname": "d", "dealstage": "closedwon" }),
        "tickets" => json!({ "subject": "s", "hs_pipeline_stage": "1" }),
        "tasks" | "notes" | "meetings" | "calls" | "postal_mail" => json!({ "hs_timestamp": at }),
        "emails" => json!({ "hs_timestamp": at, "hs_email_direction": "EMAIL" }),
        "communications" => json!({ "hs_timestamp": at, "hs_communication_channel_type": "SMS" }),
        "quotes" => json!({ "hs_title": "q", "hs_expiration_date": "2026-12-31" }),
        "invoices" => json!({ "hs_currency": "EUR" }),
        "leads" => json!({ "hs_lead_name": "l" }),
        "commerce_payments" => json!({ "hs_initial_amount": 5, "hs_initiated_date": at }),
        _ => json!({}),
    };
    let types = keyway_core::object_type::ObjectType::all().iter();
    types.filter(|row| !row.write.is_empty()).map(|row| (row.name, needs(row.name))).collect()
}

#[test]
fn what_a_create_needs_is_named_when_it_is_missing() {
    let account = Account::new();
    let create = |kind: &str, properties: Value| account.call(&format!("POST /crm/v3/objects/{kind}"), json!({ "properties": properties }));
    create("deals", json!({ "dealname": "d" })).refused(400, "dealstage");
    create("tickets", json!({ "hs_pipeline_stage": "1" })).refused(400, "subject");
    create("companies", json!({ "city": "Porto" })).refused(400, "Error creating COMPANY. Some required properties were not set.");
    create("companies", json!({ "name": "Foods" })).expect(201);
    create("notes", json!({ "hs_note_body": "b" })).refused(400, "hs_timestamp");
    create("emails", json!({ "hs_timestamp": 1 })).refused(400, "hs_email_direction");
}

// HubSpot's guide to leads: a new lead must be associated with an existing contact.
#[test]
fn a_lead_is_created_with_a_contact_and_not_without_one() {
    let account = Account::new();
    let (ada, foods) = (account.contact("ada@example.com"), account.make("companies", json!({ "name": "Foods" })));
    let with = |associations: Value| json!({ "properties": { "hs_lead_name": "Ada" }, "associations": associations });
    let to = |id: &str, type_id: u64| json!({ "to": { "id": id }, "types": [{ "associationCategory": "HUBSPOT_DEFINED", "associationTypeId": type_id }] });
    let create = |body: Value| account.call("POST /crm/v3/objects/leads", body);
    let refused = create(json!({ "properties": { "hs_lead_name": "Ada" } })).expect(400);
    assert_eq!(json!([refused["category"], refused["context"]["objectTypes"]]), json!(["VALIDATION_ERROR", ["CONTACT"]]));
    create(with(json!([to(&foods, 610)]))).refused(400, "required associations");
    create(with(json!([to(&ada, 578)]))).expect(201);
    let batch = json!({ "inputs": [with(json!([to(&ada, 578)])), with(json!([]))] });
    account.call("POST /crm/v3/objects/leads/batch/create", batch).refused(400, "required associations");
}

#[test]
fn a_deal_without_a_pipeline_goes_into_the_one_its_stage_is_of() {
    let account = Account::new();
    let id = account.make("deals", json!({ "dealname": "d", "dealstage": "closedwon" }));
    assert_eq!(account.get(&format!("/crm/v3/objects/deals/{id}")).expect(200)["properties"]["pipeline"], "default");
    let id = account.make("tickets", json!({ "subject": "s", "hs_pipeline_stage": "2" }));
    assert_eq!(account.get(&format!("/crm/v3/objects/tickets/{id}")).expect(200)["properties"]["hs_pipeline"], "0");
}

#[test]
fn types_that_cannot_be_written_refuse_writes_and_answer_reads() {
    let account = Account::new();
    for kind in ["feedback_submissions", "contracts"] {
        assert_eq!(account.get(&format!("/crm/v3/objects/{kind}")).expect(200), json!({ "results": [] }));
        account.call(&format!("POST /crm/v3/objects/{kind}"), json!({ "properties": {} })).refused(400, "VALIDATION_ERROR");
        account
            .call(&format!("POST /crm/v3/objects/{kind}/batch/archive"), json!({ "inputs": [{ "id": "1" }] }))
            .refused(400, "VALIDATION_ERROR");
    }
}

#[test]
fn a_custom_type_that_is_not_there_cannot_be_inferred() {
    let account = Account::new();
    for kind in ["2-123", "p_boat"] {
        account.get(&format!("/crm/v3/objects/{kind}")).refused(400, &format!("Unable to infer object type from: {kind}"));
        account.call(&format!("POST /crm/objects/2026-09/{kind}"), json!({ "properties": {} })).refused(400, "Unable to infer object type");
    }
}

#[test]
fn a_second_contact_with_an_address_is_a_conflict_in_any_case_of_letters() {
    let account = Account::new();
    let id = account.contact("ada@example.com");
    let create = |email: &str| account.call("POST /crm/v3/objects/contacts", json!({ "properties": { "email": email } }));
    create("ADA@example.com").refused(409, &format!("Contact already exists. Existing ID: {id}"));
    create("ada2@example.com").expect(201);

    account
        .call(&format!("PATCH /crm/v3/objects/contacts/{id}"), json!({ "properties": { "email": "ada2@example.com" } }))
        .refused(409, "CONFLICT");
    account.call(&format!("PATCH /crm/v3/objects/contacts/{id}"), json!({ "properties": { "email": "ada3@example.com" } })).expect(200);
    create("ada@example.com").expect(201);
}

#[test]
fn a_further_address_of_a_contact_counts_as_its_own() {
    let account = Account::new();
    let id = account.make("contacts", json!({ "email": "a@example.com", "hs_additional_emails": "b@example.com;c@example.com" }));
    account.call("POST /crm/v3/objects/contacts", json!({ "properties": { "email": "C@example.com" } })).refused(409, &id);
}

#[test]
fn the_address_of_an_archived_contact_is_free() {
    let account = Account::new();
    let id = account.contact("ada@example.com");
    account.call_with(&format!("DELETE /crm/v3/objects/contacts/{id}"), b"").expect(204);
    assert_ne!(account.contact("ada@example.com"), id);
}

#[test]
fn companies_may_share_a_domain() {
    let account = Account::new();
    account.make("companies", json!({ "domain": "example.com" }));
    account.make("companies", json!({ "domain": "example.com" }));
}

#[test]
fn a_contact_is_found_by_its_address_and_by_no_property_that_others_may_share() {
    let account = Account::new();
    let id = account.contact("ada@example.com");
    let by = |id: &str, property: &str| account.get(&format!("/crm/v3/objects/contacts/{id}?idProperty={property}"));
    assert_eq!(by("Ada@Example.com", "email").expect(200)["id"], json!(id));
    assert_eq!(by(&id, "hs_object_id").expect(200)["id"], json!(id));
    by("nobody@example.com", "email").refused(404, "OBJECT_NOT_FOUND");
    by("Ada", "firstname").refused(400, "idProperty");
    by("Ada", "nope").refused(400, "idProperty");

    let path = "PATCH /crm/v3/objects/contacts/ada@example.com";
    account.call(&format!("{path}?idProperty=email"), json!({ "properties": { "firstname": "Ada" } })).expect(200);
    account.call(path, json!({ "properties": { "firstname": "Ada" } })).refused(404, "OBJECT_NOT_FOUND");
}

#[test]
fn asked_for_properties_come_with_nulls_and_unknown_ones_are_left_out() {
    let account = Account::new();
    let id = account.make("contacts", json!({ "email": "a@example.com", "city": "Porto" }));
    let read = account.get(&format!("/crm/v3/objects/contacts/{id}?properties=city,zip&properties=nope")).expect(200);
    let names: Vec<&str> = read["properties"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(names, ["city", "createdate", "hs_object_id", "lastmodifieddate", "zip"]);
    assert_eq!((&read["properties"]["city"], &read["properties"]["zip"]), (&json!("Porto"), &Value::Null));
}

#[test]
fn numbers_and_booleans_become_text_null_changes_nothing_and_the_empty_text_clears() {
    let account = Account::new();
    let id = account.make("companies", json!({ "name": "Foods", "numberofemployees": 12, "is_public": true, "annualrevenue": 1.5 }));
    let read = || {
        account.get(&format!("/crm/v3/objects/companies/{id}?properties=numberofemployees,is_public,annualrevenue")).expect(200)["properties"].clone()
    };
    assert_eq!(
        (&read()["numberofemployees"], &read()["is_public"], &read()["annualrevenue"]),
        (&json!("12"), &json!("true"), &json!("1.5"))
    );
    account
        .call(&format!("PATCH /crm/v3/objects/companies/{id}"), json!({ "properties": { "numberofemployees": null, "is_public": "" } }))
        .expect(200);
    assert_eq!((&read()["numberofemployees"], &read()["is_public"], &read()["annualrevenue"]), (&json!("12"), &Value::Null, &json!("1.5")));
}

#[test]
fn the_history_tells_each_value_newest_first_and_who_wrote_it() {
    let account = Account::new();
    let id = account.make("contacts", json!({ "city": "Porto" }));
    account.call(&format!("PATCH /crm/v3/objects/contacts/{id}"), json!({ "properties": { "city": "Lagos" } })).expect(200);
    let read = account.get(&format!("/crm/v3/objects/contacts/{id}?propertiesWithHistory=city")).expect(200);
    let expected = json!([
        { "value": "Lagos", "timestamp": "2026-11-23T15:15:00.124Z", "sourceType": "INTEGRATION", "sourceId": "77" },
        { "value": "Porto", "timestamp": "2026-11-23T15:15:00.123Z", "sourceType": "INTEGRATION", "sourceId": "77" },
    ]);
    assert_eq!(read["propertiesWithHistory"]["city"], expected);
}

#[test]
fn an_archived_record_is_read_only_where_archived_ones_are_asked_for() {
    let account = Account::new();
    let id = account.contact("ada@example.com");
    let path = format!("/crm/v3/objects/contacts/{id}");
    for _ in 0..2 {
        account.call_with(&format!("DELETE {path}"), b"").expect(204);
    }
    account.call_with("DELETE /crm/v3/objects/contacts/999999", b"").expect(204);
    account.get(&path).refused(404, "OBJECT_NOT_FOUND");
    account.call(&format!("PATCH {path}"), json!({ "properties": {} })).refused(404, "OBJECT_NOT_FOUND");
    let read = account.get(&format!("{path}?archived=true")).expect(200);
    assert_eq!((&read["archived"], &read["archivedAt"]), (&json!(true), &json!("2026-11-23T15:15:00.124Z")));
    assert_eq!(account.get("/crm/v3/objects/contacts").ids(), Vec::<String>::new());
    assert_eq!(account.get("/crm/v3/objects/contacts?archived=true").ids(), [id]);
}

#[test]
fn a_list_is_paged_in_id_order_and_every_record_comes_once() {
    let account = Account::new();
    let made: Vec<String> = (0..25).map(|n| account.contact(&format!("c{n}@example.com"))).collect();
    let (mut seen, mut path) = (Vec::new(), "/crm/v3/objects/contacts?limit=7&properties=email".to_owned());
    loop {
        let page = account.get(&path).expect(200);
        seen.extend(page["results"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()));
        let Some(link) = page["paging"]["next"]["link"].as_str() else { break };
        assert!(link.contains("properties=email"), "{link}");
        path = link.strip_prefix("http://127.0.0.1:8484").expect("a client that follows it stays here").to_owned();
    }
    assert_eq!(seen, made);
    assert_eq!(account.get("/crm/v3/objects/contacts").ids().len(), 10, "the default page");
}

#[test]
fn pages_have_a_largest_size_that_history_halves() {
    let account = Account::new();
    account.get("/crm/v3/objects/contacts?limit=100").expect(200);
    account.get("/crm/v3/objects/contacts?limit=101").refused(400, "limit");
    account.get("/crm/v3/objects/contacts?limit=0").refused(400, "limit");
    account.get("/crm/v3/objects/contacts?limit=50&propertiesWithHistory=email").expect(200);
    account.get("/crm/v3/objects/contacts?limit=51&propertiesWithHistory=email").refused(400, "limit");
    account.get("/crm/v3/objects/contacts?after=x").refused(400, "after");
    account.get("/crm/v3/objects/contacts?archived=maybe").refused(400, "archived");
}

#[test]
fn ids_are_unique_within_a_type_and_given_out_once() {
    let account = Account::new();
    let (contact, company) = (account.contact("a@example.com"), account.make("companies", json!({ "name": "Foods" })));
    assert_eq!((contact.as_str(), company.as_str()), ("101", "101"));
    account.call_with("DELETE /crm/v3/objects/contacts/101", b"").expect(204);
    assert_eq!(account.contact("b@example.com"), "102");
}

#[test]
fn account_details_know_the_time_zone() {
    let account = Account::new();
    for version in ["v3", "2026-09"] {
        let details = account.get(&format!("/account-info/{version}/details")).expect(200);
        assert_eq!((&details["portalId"], &details["utcOffset"]), (&json!(4242), &json!("-05:00")));
        assert_eq!(details["utcOffsetMilliseconds"], json!(-18_000_000));
    }
}

#[test]
fn what_is_in_the_catalog_and_not_served_says_so() {
    let account = Account::new();
    for line in [
        "GET /crm/pipelines-rules/2026-09-beta/0-3/default",
        "GET /forecast-settings/2026-09/forecast-types",
        "POST /crm/task-series/2026-09-beta",
    ] {
        account.call(line, json!({})).refused(501, "NOT_IMPLEMENTED");
        let (method, path) = line.split_once(' ').unwrap();
        assert!(!account.portal().serves(method, &keyway_core::path::NormalPath::parse(path).unwrap()), "{line}");
    }
    for line in ["GET /crm/v3/objects/contacts", "POST /crm/objects/2026-09/deals/search", "GET /crm/v3/owners"] {
        let (method, path) = line.split_once(' ').unwrap();
        assert!(account.portal().serves(method, &keyway_core::path::NormalPath::parse(path).unwrap()), "{line}");
    }
}

#[test]
fn accounts_see_nothing_of_each_other() {
    let account = Account::new();
    let id = account.contact("ada@example.com");
    account.block_on(account.portal().create_account(1, crate::support::settings())).unwrap();
    let mut call = crate::support::call(&format!("GET /crm/v3/objects/contacts/{id}"), b"", crate::support::NOW_MS);
    call.hub_id = 1;
    assert_eq!(account.block_on(account.portal().handle(call)).unwrap_err().status, 404);
    let mut call = crate::support::call("GET /crm/v3/objects/contacts", b"", crate::support::NOW_MS);
    call.hub_id = 2;
    assert_eq!(account.block_on(account.portal().handle(call)).unwrap_err().status, 404);
}

#[test]
fn the_sample_records_are_the_same_at_every_start_and_made_once() {
    let (one, other) = (Account::new(), Account::new());
    let at = keyway_core::time::Timestamp::from_ms(crate::support::NOW_MS);
    for account in [&one, &other] {
        assert_eq!(account.block_on(account.portal().seed_demo(4242, at)).unwrap().contacts, 250);
        assert_eq!(account.block_on(account.portal().seed_demo(4242, at)).unwrap().contacts, 0);
    }
    let page = "/crm/v3/objects/contacts?limit=100&associations=companies";
    assert_eq!(one.get(page).expect(200), other.get(page).expect(200));
}
