//! Writes of the APIs older than v3. The forms are those of HubSpot's reference
//! (developers.hubspot.com/docs/api-reference/legacy/…, legacydocs.hubspot.com/docs/methods/…); every rule of today's
//! writes holds.

use serde_json::{Value, json};

use crate::support::{Account, HUB_ID, NOW_MS};

/// A property of a record, as today's API shows it.
fn shown(account: &Account, kind: &str, id: &str, name: &str) -> Value {
    account.get(&format!("/crm/v3/objects/{kind}/{id}?properties={name}")).expect(200)["properties"][name].clone()
}

fn associated(account: &Account, from: &str, id: &str, to: &str) -> Vec<u64> {
    let found = account.get(&format!("/crm/v4/objects/{from}/{id}/associations/{to}")).expect(200);
    found["results"].as_array().unwrap().iter().map(|one| one["toObjectId"].as_u64().unwrap()).collect()
}

/// legacydocs.hubspot.com/docs/methods/contacts/create_contact, …/update_contact, …/delete_contact
#[test]
fn a_contact_is_made_changed_and_deleted() {
    let account = Account::new();
    let properties =
        json!({ "properties": [{ "property": "email", "value": "Ada@Example.com" }, { "property": "city", "value": "Porto" }] });
    let made = account.call("POST /contacts/v1/contact", properties.clone()).expect(200);
    let id = made["vid"].to_string();
    assert_eq!((&made["properties"]["city"]["value"], &made["properties"]["email"]["value"]), (&json!("Porto"), &json!("ada@example.com")));
    account.call("POST /contacts/v1/contact/", properties).refused(409, "Contact already exists");
    let change = |city: &str| json!({ "properties": [{ "property": "city", "value": city }] });
    account.call(&format!("POST /contacts/v1/contact/vid/{id}/profile"), change("Lagos")).expect(204);
    assert_eq!(shown(&account, "contacts", &id, "city"), "Lagos");
    account.call("POST /contacts/v1/contact/email/ada@example.com/profile", change("")).expect(204);
    assert_eq!(shown(&account, "contacts", &id, "city"), Value::Null);
    account.call("POST /contacts/v1/contact/vid/999/profile", change("Faro")).refused(404, "contact does not exist");
    let wrong = json!({ "properties": [{ "property": "no_such", "value": "1" }] });
    account.call(&format!("POST /contacts/v1/contact/vid/{id}/profile"), wrong).refused(400, "PROPERTY_DOESNT_EXIST");
    account.call("POST /contacts/v1/contact", json!({ "properties": [{ "value": "1" }] })).refused(400, "properties.property");
    let deleted = account.call(&format!("DELETE /contacts/v1/contact/vid/{id}"), Value::Null).expect(200);
    assert_eq!(deleted, json!({ "vid": id.parse::<u64>().unwrap(), "deleted": true, "reason": "OK" }));
    account.get(&format!("/contacts/v1/contact/vid/{id}/profile")).refused(404, "contact does not exist");
}

/// legacydocs.hubspot.com/docs/methods/contacts/create_or_update: 200 with `vid` and `isNew`, 409 for an address of another.
#[test]
fn a_contact_is_created_or_updated_by_its_address() {
    let account = Account::new();
    let other = account.contact("ben@example.com");
    let line = "POST /contacts/v1/contact/createOrUpdate/email/ada@example.com";
    let city = |city: &str| json!({ "properties": [{ "property": "city", "value": city }] });
    let first = account.call(line, city("Porto")).expect(200);
    let second = account.call(line, city("Lagos")).expect(200);
    assert_eq!((&first["isNew"], &second["isNew"], &first["vid"]), (&json!(true), &json!(false), &second["vid"]));
    let id = first["vid"].to_string();
    assert_eq!(
        (shown(&account, "contacts", &id, "city"), shown(&account, "contacts", &id, "email")),
        (json!("Lagos"), json!("ada@example.com"))
    );
    let taken = json!({ "properties": [{ "property": "email", "value": "ben@example.com" }] });
    account.call(line, taken).refused(409, &other);
}

/// developers.hubspot.com/docs/api-reference/legacy/crm-contacts-v1/post-contacts-v1-contact-batch: 202, at most 1,000
/// contacts, and one error prevents the entire batch.
#[test]
fn a_batch_of_contacts_is_written_whole_or_not_at_all() {
    let account = Account::new();
    let id = account.contact("ada@example.com");
    let city = |city: &str| json!([{ "property": "city", "value": city }]);
    let batch = json!([{ "vid": id, "properties": city("Porto") }, { "email": "new@example.com", "properties": city("Lagos") }]);
    account.call("POST /contacts/v1/contact/batch", batch).expect(202);
    assert_eq!(shown(&account, "contacts", &id, "city"), "Porto");
    let made = account.get("/contacts/v1/contact/email/new@example.com/profile").expect(200);
    assert_eq!(made["properties"]["city"]["value"], "Lagos");
    for bad in [json!({ "email": "not an address", "properties": city("x") }), json!({ "vid": 999, "properties": city("x") })] {
        let before = account.written();
        let answer = account.call("POST /contacts/v1/contact/batch/", json!([{ "vid": id, "properties": city("Faro") }, bad]));
        assert_eq!((answer.status, account.written()), (400, before), "{}", answer.body);
    }
    let many: Vec<Value> = (0..1_001).map(|n| json!({ "email": format!("c{n}@example.com"), "properties": city("x") })).collect();
    account.call("POST /contacts/v1/contact/batch", many.into()).refused(400, "1000");
    account.call("POST /contacts/v1/contact/batch", json!({ "properties": [] })).refused(400, "a list is expected");
}

#[test]
fn lists_take_contacts_by_id_and_by_address() {
    let account = Account::new();
    let (ada, ben) = (account.contact("ada@example.com"), account.contact("ben@example.com"));
    let number = |id: &str| id.parse::<u64>().unwrap();
    let list = account.call("POST /contacts/v1/lists", json!({ "name": "Guests", "dynamic": false })).expect(200);
    let id = list["listId"].to_string();
    assert_eq!((&list["name"], &list["dynamic"]), (&json!("Guests"), &json!(false)));
    let given = json!({ "vids": [number(&ada), 999], "emails": ["ben@example.com", "none@example.com"] });
    let added = account.call(&format!("POST /contacts/v1/lists/{id}/add"), given).expect(200);
    let expected =
        json!({ "updated": [number(&ada), number(&ben)], "discarded": [], "invalidVids": [999], "invalidEmails": ["none@example.com"] });
    assert_eq!(added, expected);
    let again = account.call(&format!("POST /contacts/v1/lists/{id}/add"), json!({ "vids": [number(&ada)] })).expect(200);
    assert_eq!((&again["updated"], &again["discarded"]), (&json!([]), &json!([number(&ada)])));
    let removed = account.call(&format!("POST /contacts/v1/lists/{id}/remove"), json!({ "vids": [number(&ada)] })).expect(200);
    assert_eq!(removed["updated"], json!([number(&ada)]));
    let members = account.get(&format!("/contacts/v1/lists/{id}/contacts/all")).expect(200);
    assert_eq!(members["contacts"].as_array().unwrap().len(), 1);
    assert_eq!(account.call(&format!("POST /contacts/v1/lists/{id}"), json!({ "name": "Friends" })).expect(200)["name"], "Friends");
    account.call(&format!("DELETE /contacts/v1/lists/{id}"), Value::Null).expect(204);
    account.get(&format!("/contacts/v1/lists/{id}")).refused(404, "list does not exist");
    // The old filters have another form than today's.
    account.call("POST /contacts/v1/lists", json!({ "name": "L", "dynamic": true, "filters": [] })).refused(501, "NOT_IMPLEMENTED");
}

/// developers.hubspot.com/docs/methods/companies/add_contact_to_company: the contact is moved to the company.
#[test]
fn companies_are_written_and_take_contacts_from_each_other() {
    let account = Account::new();
    let contact = account.contact("ada@example.com");
    let make = |name: &str| {
        let made = account.call("POST /companies/v2/companies", json!({ "properties": [{ "name": "name", "value": name }] })).expect(200);
        assert_eq!((&made["properties"]["name"]["value"], &made["portalId"]), (&json!(name), &json!(HUB_ID)));
        made["companyId"].to_string()
    };
    let (foods, books) = (make("Foods"), make("Books"));
    for company in [&foods, &books] {
        account.call(&format!("PUT /companies/v2/companies/{company}/contacts/{contact}"), Value::Null).expect(200);
        assert_eq!(shown(&account, "contacts", &contact, "associatedcompanyid"), **company);
    }
    account.call(&format!("DELETE /companies/v2/companies/{books}/contacts/{contact}"), Value::Null).expect(204);
    assert_eq!(associated(&account, "contacts", &contact, "companies"), [foods.parse::<u64>().unwrap()]);
    account.call(&format!("PUT /companies/v2/companies/{foods}/contacts/999"), Value::Null).refused(404, "resource not found");
    let changed = account
        .call(&format!("PUT /companies/v2/companies/{foods}"), json!({ "properties": [{ "name": "city", "value": "Porto" }] }))
        .expect(200);
    assert_eq!(changed["properties"]["city"]["value"], "Porto");
    let batch = json!([{ "objectId": foods, "properties": [{ "name": "city", "value": "Faro" }] }]);
    account.call("POST /companies/v2/companies/batch-async/update", batch.clone()).expect(202);
    // The npm client "hubspot" sends it so.
    account.call("POST /companies/v1/batch-async/update", batch).expect(202);
    assert_eq!(shown(&account, "companies", &foods, "city"), "Faro");
    let deleted = account.call(&format!("DELETE /companies/v2/companies/{foods}"), Value::Null).expect(200);
    assert_eq!(deleted, json!({ "companyId": foods.parse::<u64>().unwrap(), "deleted": true }));
    account.call(&format!("DELETE /companies/v2/companies/{foods}"), Value::Null).refused(404, "resource not found");
}

/// legacydocs.hubspot.com/docs/methods/deals/create_deal, …/associate_deal
#[test]
fn deals_are_written_with_their_associations() {
    let account = Account::new();
    let (contact, company) = (account.contact("ada@example.com"), account.make("companies", json!({ "name": "Foods" })));
    let properties = json!([{ "name": "dealname", "value": "Renewal" }, { "name": "dealstage", "value": "closedwon" }, { "name": "amount", "value": 60000 }]);
    let deal = json!({ "associations": { "associatedVids": [contact], "associatedCompanyIds": [company] }, "properties": properties });
    let made = account.call("POST /deals/v1/deal", deal).expect(200);
    let id = made["dealId"].to_string();
    assert_eq!(made["associations"]["associatedVids"][0].to_string(), contact);
    assert_eq!(
        (&made["properties"]["amount"]["value"], &made["properties"]["hs_is_closed_won"]["value"]),
        (&json!("60000"), &json!("true"))
    );
    let unknown = json!({ "associations": { "associatedVids": [999] }, "properties": properties });
    account.call("POST /deals/v1/deal", unknown).refused(400, "CONTACT=999 is not valid");
    let other = account.contact("ben@example.com");
    account.call(&format!("PUT /deals/v1/deal/{id}/associations/CONTACT?id={other}&id={contact}"), Value::Null).expect(204);
    assert_eq!(associated(&account, "deals", &id, "contacts").len(), 2);
    account.call(&format!("DELETE /deals/v1/deal/{id}/associations/CONTACT?id={contact}"), Value::Null).expect(204);
    assert_eq!(associated(&account, "deals", &id, "contacts"), [other.parse::<u64>().unwrap()]);
    account.call(&format!("PUT /deals/v1/deal/{id}/associations/TICKET?id=1"), Value::Null).refused(400, "objectType");
    let changed =
        account.call(&format!("PUT /deals/v1/deal/{id}"), json!({ "properties": [{ "name": "amount", "value": "5" }] })).expect(200);
    assert_eq!(changed["properties"]["amount"]["value"], "5");
    account
        .call("POST /deals/v1/batch-async/update", json!([{ "objectId": id, "properties": [{ "name": "amount", "value": "6" }] }]))
        .expect(202);
    assert_eq!(shown(&account, "deals", &id, "amount"), "6");
    account.call(&format!("DELETE /deals/v1/deal/{id}"), Value::Null).expect(204);
    account.get(&format!("/deals/v1/deal/{id}")).refused(404, "Deal does not exist");
}

/// developers.hubspot.com/docs/methods/engagements/create_engagement
#[test]
fn engagements_are_written_as_records_of_their_type() {
    let account = Account::new();
    let (contact, deal) = (account.contact("ada@example.com"), account.make("deals", json!({ "dealname": "R", "dealstage": "closedwon" })));
    let make = |old: &str, metadata: Value| {
        let engagement = json!({ "engagement": { "active": true, "type": old, "timestamp": 1_790_000_000_000_i64 }, "associations": { "contactIds": [contact], "companyIds": [] }, "metadata": metadata });
        account.call("POST /engagements/v1/engagements", engagement).expect(200)
    };
    let note = make("NOTE", json!({ "body": "Called back" }));
    assert_eq!((&note["metadata"]["body"], &note["engagement"]["timestamp"]), (&json!("Called back"), &json!(1_790_000_000_000_i64)));
    assert_eq!(note["associations"]["contactIds"][0].to_string(), contact);
    assert_eq!(shown(&account, "contacts", &contact, "num_notes"), "1");
    let metadata =
        json!({ "from": { "email": "me@example.com" }, "to": [{ "email": "ada@example.com" }], "subject": "Offer", "text": "Here" });
    let email = make("EMAIL", metadata.clone());
    assert_eq!(email["metadata"], metadata);
    let task = make("TASK", json!({ "subject": "Call", "status": "NOT_STARTED" }));
    let id = task["engagement"]["id"].to_string();
    let changed =
        account.call(&format!("PATCH /engagements/v1/engagements/{id}"), json!({ "metadata": { "status": "COMPLETED" } })).expect(200);
    assert_eq!((&changed["metadata"]["status"], &changed["metadata"]["subject"]), (&json!("COMPLETED"), &json!("Call")));
    account.call(&format!("PUT /engagements/v1/engagements/{id}/associations/deal/{deal}"), Value::Null).expect(204);
    let read = account.get(&format!("/engagements/v1/engagements/{id}")).expect(200);
    assert_eq!(read["associations"]["dealIds"][0].to_string(), deal);
    account
        .call("POST /engagements/v1/engagements", json!({ "engagement": { "type": "VISIT" }, "metadata": {} }))
        .refused(400, "engagement.type");
    account.call(&format!("DELETE /engagements/v1/engagements/{id}"), Value::Null).expect(204);
    account.get(&format!("/engagements/v1/engagements/{id}")).refused(404, "Engagement does not exist");
    // Without a timestamp it is of now.
    let now = account
        .call("POST /engagements/v1/engagements", json!({ "engagement": { "type": "NOTE" }, "metadata": { "body": "x" } }))
        .expect(200);
    assert!(now["engagement"]["timestamp"].as_i64() >= Some(NOW_MS));
}

/// developers.hubspot.com/docs/api-reference/legacy/crm-tickets-v1
#[test]
fn tickets_products_and_line_items_are_written_alone_and_in_batches() {
    let account = Account::new();
    let named =
        |pairs: &[(&str, &str)]| Value::from(pairs.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect::<Vec<_>>());
    let ticket = named(&[("subject", "Broken"), ("hs_pipeline", "0"), ("hs_pipeline_stage", "1")]);
    let made = account.call("POST /crm-objects/v1/objects/tickets", ticket.clone()).expect(200);
    let id = made["objectId"].to_string();
    assert_eq!((&made["objectType"], &made["properties"]["subject"]["value"]), (&json!("TICKET"), &json!("Broken")));
    let changed = account.call(&format!("PUT /crm-objects/v1/objects/tickets/{id}"), named(&[("subject", "Mended")])).expect(200);
    assert_eq!(changed["properties"]["subject"]["versions"].as_array().unwrap().len(), 1);
    // Only what the query names is shown.
    let path = format!("/crm-objects/v1/objects/tickets/{id}");
    assert_eq!(account.get(&path).expect(200)["properties"], json!({}));
    assert_eq!(account.get(&format!("{path}?properties=subject")).expect(200)["properties"]["subject"]["value"], "Mended");
    let page = account.get("/crm-objects/v1/objects/tickets/paged?properties=subject").expect(200);
    assert_eq!(
        (&page["objects"][0]["objectId"], &page["hasMore"], &page["offset"]),
        (&json!(id.parse::<u64>().unwrap()), &json!(false), &page["objects"][0]["objectId"])
    );
    let made = account.call("POST /crm-objects/v1/objects/tickets/batch-create", json!([ticket, ticket])).expect(200);
    let ids: Vec<u64> = made.as_array().unwrap().iter().map(|one| one["objectId"].as_u64().unwrap()).collect();
    let change = json!([{ "objectId": ids[0], "properties": named(&[("content", "More")]) }]);
    let changed = account.call("POST /crm-objects/v1/objects/tickets/batch-update", change).expect(200);
    assert_eq!(changed[0]["properties"]["content"]["value"], "More");
    let read =
        account.call("POST /crm-objects/v1/objects/tickets/batch-read?properties=content", json!({ "ids": [ids[0], 999] })).expect(200);
    assert_eq!((read.as_object().unwrap().len(), &read[ids[0].to_string()]["properties"]["content"]["value"]), (1, &json!("More")));
    account.call("POST /crm-objects/v1/objects/tickets/batch-delete", json!({ "ids": ids })).expect(204);
    account.get(&format!("/crm-objects/v1/objects/tickets/{}", ids[0])).refused(404, "resource not found");
    account.call(&format!("DELETE {path}"), Value::Null).expect(204);
    account
        .call("POST /crm-objects/v1/objects/tickets", named(&[("subject", "x"), ("hs_pipeline_stage", "none")]))
        .refused(400, "INVALID_OPTION");
    for (kind, old) in [("products", "PRODUCT"), ("line_items", "LINE_ITEM")] {
        let made = account.call(&format!("POST /crm-objects/v1/objects/{kind}"), named(&[("name", "Pen"), ("price", "2")])).expect(200);
        assert_eq!((&made["objectType"], &made["properties"]["price"]["value"]), (&json!(old), &json!("2")));
    }
}

/// developers.HubSpot.com/docs/methods/deals/associate_deal: 204; at most 100 in a batch.
#[test]
fn records_are_associated_by_hubspots_definitions() {
    let account = Account::new();
    let (contact, deal) = (account.contact("ada@example.com"), account.make("deals", json!({ "dealname": "R", "dealstage": "closedwon" })));
    let ticket = account.make("tickets", json!({ "subject": "T", "hs_pipeline": "0", "hs_pipeline_stage": "1" }));
    let one = |from: &str, to: &str, definition: u32| json!({ "fromObjectId": from, "toObjectId": to, "category": "HUBSPOT_DEFINED", "definitionId": definition });
    account.call("PUT /crm-associations/v1/associations", one(&contact, &deal, 4)).expect(204);
    let read = account.get(&format!("/crm-associations/v1/associations/{contact}/HUBSPOT_DEFINED/4")).expect(200);
    assert_eq!((&read["results"][0].to_string(), &read["hasMore"]), (&deal, &json!(false)));
    let before = account.written();
    let batch = json!([one(&contact, &ticket, 15), one(&contact, "999", 4)]);
    account.call("PUT /crm-associations/v1/associations/create-batch", batch).refused(400, "DEAL=999 is not valid");
    assert_eq!(account.written(), before, "all or none");
    account
        .call("PUT /crm-associations/v1/associations/create-batch", json!([one(&contact, &ticket, 15), one(&ticket, &deal, 28)]))
        .expect(204);
    assert_eq!((associated(&account, "tickets", &ticket, "contacts").len(), associated(&account, "deals", &deal, "tickets").len()), (1, 1));
    account.call("PUT /crm-associations/v1/associations/delete", one(&contact, &deal, 4)).expect(204);
    account.call("PUT /crm-associations/v1/associations/delete-batch", json!([one(&contact, &ticket, 15)])).expect(204);
    assert!(
        associated(&account, "contacts", &contact, "deals").is_empty() && associated(&account, "contacts", &contact, "tickets").is_empty()
    );
    account.call("PUT /crm-associations/v1/associations", one(&contact, &deal, 999_999)).refused(400, "definitionId");
    let own = json!({ "fromObjectId": contact, "toObjectId": deal, "category": "USER_DEFINED", "definitionId": 4 });
    account.call("PUT /crm-associations/v1/associations", own).refused(400, "category");
    // An engagement is one object type here, whichever of five it is.
    let engagement =
        account.call("POST /engagements/v1/engagements", json!({ "engagement": { "type": "CALL" }, "metadata": {} })).expect(200);
    let id = engagement["engagement"]["id"].to_string();
    account.call("PUT /crm-associations/v1/associations", one(&id, &contact, 10)).expect(204);
    let read = account.get(&format!("/crm-associations/v1/associations/{contact}/HUBSPOT_DEFINED/9")).expect(200);
    assert_eq!(read["results"], json!([engagement["engagement"]["id"]]));
}

#[test]
fn properties_and_groups_are_defined_in_the_old_form() {
    let account = Account::new();
    for (root, version) in
        [("properties", "v1/contacts"), ("properties", "v2/deals"), ("companies", "v2"), ("contacts", "v2"), ("deals", "v1")]
    {
        let root = format!("/{root}/{version}");
        let group = account.call(&format!("POST {root}/groups"), json!({ "name": "fun", "displayName": "Fun" })).expect(200);
        assert_eq!((&group["name"], &group["displayName"]), (&json!("fun"), &json!("Fun")), "{root}");
        let property = json!({
            "name": "taste", "label": "Taste", "groupName": "fun", "type": "enumeration", "fieldType": "select",
            "options": [{ "label": "Sweet", "value": "sweet", "displayOrder": 0, "doubleData": 0.0, "readOnly": false }],
        });
        let made = account.call(&format!("POST {root}/properties"), property.clone()).expect(200);
        assert_eq!((&made["options"][0]["value"], &made["groupName"]), (&json!("sweet"), &json!("fun")), "{root}");
        account.call(&format!("POST {root}/properties"), property).refused(409, "taste");
        let changed =
            account.call(&format!("PUT {root}/properties/named/taste"), json!({ "name": "taste", "label": "Flavour" })).expect(200);
        assert_eq!(changed["label"], "Flavour", "{root}");
        let renamed = account.call(&format!("PUT {root}/groups/named/fun"), json!({ "displayName": "Joy" })).expect(200);
        assert_eq!(renamed["displayName"], "Joy", "{root}");
        account.call(&format!("DELETE {root}/properties/named/taste"), Value::Null).expect(204);
        account.call(&format!("DELETE {root}/groups/named/fun"), Value::Null).expect(204);
    }
}

/// A merge answers the word SUCCESS alone (legacydocs.hubspot.com/docs/methods/contacts/merge-contacts).
#[test]
fn contacts_are_merged_as_todays_api_merges_them() {
    let account = Account::new();
    let (ada, ben) = (account.contact("ada@example.com"), account.contact("ben@example.com"));
    let answer = account.text(&format!("POST /contacts/v1/contact/merge-vids/{ada}"), &json!({ "vidToMerge": ben }).to_string());
    assert_eq!(answer, "SUCCESS");
    let merged = account.get(&format!("/contacts/v1/contact/vid/{ben}/profile")).expect(200);
    assert_eq!(merged["properties"]["email"]["value"], "ada@example.com");
    account.call(&format!("POST /contacts/v1/contact/merge-vids/{ada}"), json!({})).refused(400, "vidToMerge");
}
