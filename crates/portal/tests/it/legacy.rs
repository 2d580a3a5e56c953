//! Reads of APIs older than v3: the same records in their old forms. `legacy_writes` has the writes.

use serde_json::{Value, json};

use crate::support::Account;

fn filled() -> Account {
    let account = Account::new();
    let seed = json!({ "set": "activities" });
    let now = keyway_core::time::Timestamp::from_ms(crate::support::NOW_MS);
    account.block_on(account.portal().fill(crate::support::HUB_ID, seed, now)).unwrap();
    account
}

fn list<'a>(answer: &'a Value, name: &str) -> &'a Vec<Value> {
    answer[name].as_array().unwrap_or_else(|| panic!("{name} is no list in {answer}"))
}

#[test]
fn a_contact_has_its_values_with_their_versions_and_times_in_milliseconds() {
    let account = Account::new();
    let id = account.make("contacts", json!({ "email": "a@example.com", "city": "Porto" }));
    account.call(&format!("PATCH /crm/v3/objects/contacts/{id}"), json!({ "properties": { "city": "Lagos" } })).expect(200);
    let contact = account.get(&format!("/contacts/v1/contact/vid/{id}/profile")).expect(200);
    assert_eq!(contact["vid"].to_string(), id);
    let city = &contact["properties"]["city"];
    assert_eq!((&city["value"], city["versions"].as_array().unwrap().len()), (&json!("Lagos"), 2));
    assert_eq!(city["versions"][1]["value"], "Porto");
    assert!(city["versions"][0]["timestamp"].as_i64() > city["versions"][1]["timestamp"].as_i64());
    assert_eq!(contact["properties"]["createdate"]["value"], crate::support::NOW_MS.to_string());
    assert_eq!(contact["identity-profiles"][0]["identities"][0]["value"], "a@example.com");
    // The same by its address; of one that is not there the old words.
    assert_eq!(account.get("/contacts/v1/contact/email/a@example.com/profile").expect(200), contact);
    account.get("/contacts/v1/contact/vid/999/profile").refused(404, "contact does not exist");
    account.get("/contacts/v1/contact/vid/x/profile").refused(404, "contact does not exist");
    let plain = account.get(&format!("/contacts/v1/contact/vid/{id}/profile?propertyMode=value_only&property=city")).expect(200);
    assert_eq!(plain["properties"]["city"], json!({ "value": "Lagos" }));
    account.get(&format!("/contacts/v1/contact/vid/{id}/profile?propertyMode=all")).refused(400, "propertyMode");
}

#[test]
fn all_contacts_come_page_by_page_each_once() {
    let account = Account::new();
    let made: Vec<String> = (0..130).map(|n| account.contact(&format!("c{n}@example.com"))).collect();
    let (mut seen, mut offset) = (Vec::new(), 0);
    loop {
        let page = account.get(&format!("/contacts/v1/lists/all/contacts/all?count=60&vidOffset={offset}&property=email")).expect(200);
        let contacts = list(&page, "contacts");
        seen.extend(contacts.iter().map(|contact| contact["vid"].to_string()));
        assert!(contacts[0]["properties"]["email"]["value"].is_string() && contacts[0]["properties"]["email"]["versions"].is_null());
        offset = page["vid-offset"].as_u64().unwrap();
        if page["has-more"] == false {
            break;
        }
    }
    assert_eq!(seen, made);
    let newest = account.get("/contacts/v1/lists/recently_updated/contacts/recent?count=2").expect(200);
    assert_eq!(list(&newest, "contacts")[0]["vid"].to_string(), made[129]);
    assert_eq!(account.get("/contacts/v1/contacts/statistics").expect(200)["contacts"], 130);
    let batch = account.get(&format!("/contacts/v1/contact/vids/batch/?vid={}&vid={}&vid=1", made[0], made[1])).expect(200);
    assert_eq!(batch.as_object().unwrap().len(), 2);
    let found = account.get("/contacts/v1/search/query?q=c12@example.com").expect(200);
    assert_eq!((&found["total"], &found["contacts"][0]["vid"].to_string()), (&json!(1), &made[12]));
}

#[test]
fn companies_tell_their_contacts_and_are_found_by_their_domain() {
    let account = filled();
    let page = account.get("/companies/v2/companies/paged?properties=name&limit=10").expect(200);
    let company = &list(&page, "companies")[0];
    assert_eq!((&company["properties"]["name"]["value"], &page["has-more"]), (&json!("Acme"), &json!(false)));
    let id = company["companyId"].to_string();
    let whole = account.get(&format!("/companies/v2/companies/{id}")).expect(200);
    assert_eq!(whole["properties"]["domain"]["value"], "acme.example.com");
    assert_eq!(list(&account.get(&format!("/companies/v2/companies/{id}/vids")).expect(200), "vids").len(), 1);
    let contacts = account.get(&format!("/companies/v2/companies/{id}/contacts")).expect(200);
    assert_eq!(contacts["contacts"][0]["identities"][0]["identity"][0]["value"], "ben@acme.example.com");
    let search = json!({ "limit": 2, "requestOptions": { "properties": ["name"] }, "offset": { "isPrimary": true, "companyId": 0 } });
    let found = account.call("POST /companies/v2/domains/acme.example.com/companies", search.clone()).expect(200);
    assert_eq!(list(&found, "results")[0]["companyId"].to_string(), id);
    assert!(list(&account.call("POST /companies/v2/domains/none.example.com/companies", search).expect(200), "results").is_empty());
    account.get("/companies/v2/companies/999").refused(404, "resource not found");
    assert_eq!(account.get("/companies/v2/companies/recent/modified?count=5").expect(200)["total"], 1);
}

#[test]
fn deals_tell_what_they_are_associated_with() {
    let account = Account::new();
    let now = keyway_core::time::Timestamp::from_ms(crate::support::NOW_MS);
    let made = account.block_on(account.portal().fill(crate::support::HUB_ID, json!({ "set": "minimal" }), now)).unwrap();
    let (deal, contact) = (made["ids"]["deals/renewal"].as_str().unwrap(), made["ids"]["contacts/ada"].as_str().unwrap());
    let whole = account.get(&format!("/deals/v1/deal/{deal}")).expect(200);
    assert_eq!(
        (&whole["properties"]["amount"]["value"], whole["associations"]["associatedVids"][0].to_string()),
        (&json!("1500"), contact.to_owned())
    );
    let page = account.get("/deals/v1/deal/paged?includeAssociations=true&properties=dealname").expect(200);
    assert_eq!(page["deals"][0]["associations"]["associatedVids"][0].to_string(), contact);
    assert_eq!(account.get("/deals/v1/deal/recent/created").expect(200)["total"], 1);
    let of_contact = account.get(&format!("/deals/v1/deal/associated/contact/{contact}/paged")).expect(200);
    assert_eq!(of_contact["deals"][0]["dealId"].to_string(), deal);
    account.get(&format!("/deals/v1/deal/associated/ticket/{contact}/paged")).refused(400, "objectType");
    account.get("/deals/v1/deal/999").refused(404, "Deal does not exist");
    let pipelines = account.get("/deals/v1/pipelines").expect(200);
    assert!(pipelines[0]["stages"].as_array().unwrap().iter().any(|stage| stage["closedWon"] == true), "{pipelines}");
    let same = account.get("/crm-pipelines/v1/pipelines/deals").expect(200);
    assert_eq!((&same["results"][0]["pipelineId"], &same["results"][0]["objectType"]), (&pipelines[0]["pipelineId"], &json!("DEAL")));
}

#[test]
fn engagements_of_five_types_are_one_list_with_ids_of_their_own() {
    let account = filled();
    let (mut seen, mut offset) = (Vec::new(), 0);
    loop {
        let page = account.get(&format!("/engagements/v1/engagements/paged?limit=2&offset={offset}")).expect(200);
        seen.extend(list(&page, "results").clone());
        offset = page["offset"].as_u64().unwrap();
        if page["hasMore"] == false {
            break;
        }
    }
    let types: Vec<&str> = seen.iter().map(|one| one["engagement"]["type"].as_str().unwrap()).collect();
    assert_eq!(types, ["NOTE", "EMAIL", "CALL", "MEETING", "TASK"]);
    for one in &seen {
        let read = account.get(&format!("/engagements/v1/engagements/{}", one["engagement"]["id"])).expect(200);
        assert_eq!(&read, one);
    }
    assert_eq!(seen[2]["metadata"]["durationMilliseconds"], 360_000);
    assert_eq!(seen[3]["metadata"]["startTime"], 1_793_797_200_000_i64);
    assert_eq!(account.get("/engagements/v1/engagements/recent/modified?count=3").expect(200)["total"], 5);
    let (mut changed, mut after) = (Vec::new(), "0".to_owned());
    loop {
        let page = account.get(&format!("/engagements/v1/engagements/modified/after?limit=2&after={after}")).expect(200);
        changed.extend(list(&page, "results").iter().map(|one| one["engagement"]["id"].as_u64().unwrap()));
        after = page["after"].as_str().unwrap().to_owned();
        if page["hasMore"] == false {
            break;
        }
    }
    assert_eq!(changed.len(), 5);
    assert!(list(&account.get(&format!("/engagements/v1/engagements/modified/after?after={after}")).expect(200), "results").is_empty());
    account.get("/engagements/v1/engagements/modified/after?after=x").refused(400, "cursor");
    let contact = seen[0]["associations"]["contactIds"][0].to_string();
    let of_contact = account.get(&format!("/engagements/v1/engagements/associated/contact/{contact}/paged")).expect(200);
    assert_eq!(list(&of_contact, "results").len(), 5);
    account.get("/engagements/v1/engagements/9000000000000").refused(404, "Engagement does not exist");
}

#[test]
fn definitions_owners_and_the_account_have_their_old_forms() {
    let account = filled();
    let properties = account.get("/properties/v1/contacts/properties").expect(200);
    let email = properties.as_array().unwrap().iter().find(|one| one["name"] == "email").unwrap();
    assert_eq!((&email["type"], &email["deleted"]), (&json!("string"), &json!(false)));
    assert_eq!(&account.get("/properties/v2/contacts/properties/named/email").expect(200), email);
    account.get("/properties/v2/contacts/properties/named/none").refused(404, "none");
    // Airbyte's connector asks for these at each discovery.
    for kind in ["form", "deal_split"] {
        let listed = account.get(&format!("/properties/v2/{kind}/properties")).expect(200);
        let names: Vec<&str> = listed.as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["hs_createdate", "hs_lastmodifieddate", "hs_object_id"]);
    }
    account.get("/properties/v2/boats/properties").refused(400, "boats");
    let groups = account.get("/properties/v2/deals/groups?includeProperties=true").expect(200);
    assert!(!groups[0]["properties"].as_array().unwrap().is_empty());
    let owners = account.get("/owners/v2/owners").expect(200);
    assert_eq!((owners.as_array().unwrap().len(), &owners[0]["email"]), (3, &json!("olivia@example.com")));
    let one = account.get(&format!("/owners/v2/owners/{}", owners[0]["ownerId"])).expect(200);
    assert_eq!(one, owners[0]);
    assert_eq!(account.get("/owners/v2/owners?email=pedro@example.com").expect(200).as_array().unwrap().len(), 1);
    assert_eq!(account.get("/integrations/v1/me").expect(200)["portalId"], crate::support::HUB_ID);
}
