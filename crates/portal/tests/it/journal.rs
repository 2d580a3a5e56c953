//! The webhooks journal: what an app subscribes to is kept for it, in order, for three days.
//!
//! developers.hubspot.com/docs/api-reference/latest/webhooks-journal/guide, and the models of hubspot-sdk.

use keyway_portal::Storage;
use serde_json::{Value, json};

use crate::support::{APP_ID, Account, HUB_ID};

const SUBSCRIPTIONS: &str = "/webhooks-journal/subscriptions/2026-03";
const JOURNAL: &str = "/webhooks-journal/journal/2026-03";
const SNAPSHOTS: &str = "/webhooks-journal/snapshots/2026-03/crm";
const DAY_MS: i64 = 86_400_000;

fn subscribe(account: &Account, subscription: Value) -> u64 {
    account.call(&format!("POST {SUBSCRIPTIONS}"), subscription).expect(200)["id"].as_u64().unwrap()
}

fn to_contacts(actions: &[&str], properties: &[&str]) -> Value {
    json!({ "subscriptionType": "OBJECT", "objectTypeId": "0-1", "portalId": HUB_ID, "actions": actions, "properties": properties })
}

/// The content of an entry, at the address that the journal gives for it.
fn content(account: &Account, entry: &Value) -> Value {
    let path = entry["url"].as_str().unwrap().strip_prefix("http://127.0.0.1:8484").expect("the account's own address");
    let content = account.get(path).expect(200);
    assert_eq!((&content["offset"], content.as_object().unwrap().len()), (&entry["currentOffset"], 3), "{content}");
    content
}

/// All entries, fetched one after the other, as a client does.
fn entries(account: &Account) -> Vec<Value> {
    let mut found = Vec::new();
    let mut next = account.get(&format!("{JOURNAL}/earliest"));
    while next.status == 200 {
        let offset = next.body["currentOffset"].as_str().unwrap().to_owned();
        found.push(next.body);
        next = account.get(&format!("{JOURNAL}/offset/{offset}/next"));
    }
    next.expect(204);
    found
}

/// All events, less what every event has.
fn events(account: &Account) -> Vec<Value> {
    let entries = entries(account);
    let mut events: Vec<Value> =
        entries.iter().flat_map(|entry| content(account, entry)["journalEvents"].as_array().unwrap().clone()).collect();
    for event in &mut events {
        let fields = event.as_object_mut().unwrap();
        assert_eq!(fields.remove("portalId"), Some(HUB_ID.into()));
        assert!(fields.remove("occurredAt").is_some_and(|at| at.as_str().unwrap().starts_with("2026-11-23T15:15:0")));
    }
    events
}

fn about(id: &str, action: &str, changes: Value) -> Value {
    let mut event = json!({ "type": "OBJECT", "action": action, "objectTypeId": "0-1", "objectId": id.parse::<u64>().unwrap() });
    if !changes.is_null() {
        event["propertyChanges"] = changes;
    }
    event
}

fn patch(account: &Account, id: &str, properties: Value) {
    account.call(&format!("PATCH /crm/v3/objects/contacts/{id}"), json!({ "properties": properties })).expect(200);
}

#[test]
fn what_happens_to_records_is_in_the_journal_oldest_first() {
    let account = Account::new();
    account.contact("before@example.com");
    subscribe(&account, to_contacts(&["CREATE", "UPDATE", "DELETE"], &["city", "zip"]));
    assert_eq!(entries(&account), Vec::<Value>::new(), "nothing has happened since");
    let id = account.make("contacts", json!({ "email": "ada@example.com", "city": "Porto" }));
    patch(&account, &id, json!({ "zip": "4000", "city": "Lagos", "firstname": "Ada" }));
    patch(&account, &id, json!({ "firstname": "Eva", "zip": "4000" }));
    patch(&account, &id, json!({ "zip": "" }));
    account.make("companies", json!({ "name": "Foods" }));
    account.call_with(&format!("DELETE /crm/v3/objects/contacts/{id}"), b"").expect(204);
    let expected = [
        about(&id, "CREATE", json!({ "city": "Porto" })),
        about(&id, "UPDATE", json!({ "city": "Lagos", "zip": "4000" })),
        about(&id, "UPDATE", json!({ "zip": "" })),
        about(&id, "DELETE", Value::Null),
    ];
    assert_eq!(events(&account), expected);
}

#[test]
fn an_action_that_was_not_asked_for_does_not_come_and_a_new_record_is_no_update() {
    let account = Account::new();
    subscribe(&account, to_contacts(&["UPDATE"], &["city"]));
    let id = account.make("contacts", json!({ "email": "ada@example.com", "city": "Porto" }));
    assert_eq!(events(&account), Vec::<Value>::new());
    patch(&account, &id, json!({ "city": "Lagos" }));
    account.call_with(&format!("DELETE /crm/v3/objects/contacts/{id}"), b"").expect(204);
    assert_eq!(events(&account), [about(&id, "UPDATE", json!({ "city": "Lagos" }))]);
}

#[test]
fn without_properties_every_change_comes() {
    let account = Account::new();
    subscribe(&account, to_contacts(&["UPDATE"], &[]));
    let id = account.contact("ada@example.com");
    patch(&account, &id, json!({ "city": "Lagos", "jobtitle": "Cook" }));
    let [event] = &events(&account)[..] else { panic!("one update") };
    assert_eq!((&event["propertyChanges"]["city"], &event["propertyChanges"]["jobtitle"]), (&json!("Lagos"), &json!("Cook")));
}

#[test]
fn two_subscriptions_that_ask_for_one_change_get_one_event_with_the_properties_of_both() {
    let account = Account::new();
    let id = account.contact("ada@example.com");
    let mut second = to_contacts(&["UPDATE"], &["zip"]);
    second["objectIds"] = json!([id.parse::<u64>().unwrap()]);
    let first = subscribe(&account, to_contacts(&["UPDATE"], &["city"]));
    assert_ne!(subscribe(&account, second), first);
    let other = account.contact("ben@example.com");
    patch(&account, &id, json!({ "city": "Porto", "zip": "1" }));
    patch(&account, &other, json!({ "city": "Porto", "zip": "1" }));
    let expected = [about(&id, "UPDATE", json!({ "city": "Porto", "zip": "1" })), about(&other, "UPDATE", json!({ "city": "Porto" }))];
    assert_eq!(events(&account), expected);
}

#[test]
fn associations_come_from_the_side_that_was_asked_for() {
    let account = Account::new();
    let of = |others: Value| json!({ "subscriptionType": "ASSOCIATION", "objectTypeId": "contacts", "portalId": HUB_ID, "actions": ["ASSOCIATION_ADDED", "ASSOCIATION_REMOVED"], "associatedObjectTypeIds": others });
    let made = account.call(&format!("POST {SUBSCRIPTIONS}"), of(json!(["companies"]))).expect(200);
    assert_eq!((&made["objectTypeId"], &made["associatedObjectTypeIds"]), (&json!("0-1"), &json!(["0-2"])));
    let (contact, company) = (account.contact("ada@example.com"), account.make("companies", json!({ "name": "Foods" })));
    let deal = account.make("deals", json!({ "dealname": "D", "dealstage": "contractsent" }));
    account.call_with(&format!("PUT /crm/v4/objects/contacts/{contact}/associations/default/deals/{deal}"), b"").expect(200);
    account.call_with(&format!("PUT /crm/v3/objects/contacts/{contact}/associations/companies/{company}/279"), b"").expect(200);
    account.call_with(&format!("DELETE /crm/v4/objects/contacts/{contact}/associations/companies/{company}"), b"").expect(204);
    let event = |action: &str, primary: bool, link_type: u32| json!({ "type": "ASSOCIATION", "action": action, "fromObjectTypeId": "0-1", "fromObjectId": contact.parse::<u64>().unwrap(), "toObjectTypeId": "0-2", "toObjectId": company.parse::<u64>().unwrap(), "associationTypeId": link_type, "associationCategory": "HUBSPOT_DEFINED", "isPrimary": primary });
    let found = events(&account);
    assert!(found.contains(&event("ASSOCIATION_ADDED", false, 279)), "{found:?}");
    assert!(found.contains(&event("ASSOCIATION_REMOVED", false, 279)), "{found:?}");
    assert!(found.iter().all(|event| event["fromObjectTypeId"] == "0-1" && event["toObjectTypeId"] == "0-2"), "{found:?}");
}

#[test]
fn lists_say_who_comes_and_who_goes() {
    let account = Account::new();
    let list = |name: &str| {
        let body = json!({ "name": name, "objectTypeId": "0-1", "processingType": "MANUAL" });
        account.call("POST /crm/v3/lists", body).expect(200)["list"]["listId"].as_str().unwrap().to_owned()
    };
    let (watched, other) = (list("Watched"), list("Other"));
    let lists = json!({ "subscriptionType": "LIST_MEMBERSHIP", "portalId": HUB_ID, "listIds": [watched.parse::<u64>().unwrap()], "actions": ["ADDED_TO_LIST", "REMOVED_FROM_LIST"] });
    subscribe(&account, lists);
    let id = account.contact("ada@example.com");
    for list in [&watched, &other] {
        account.call(&format!("PUT /crm/v3/lists/{list}/memberships/add"), json!([id])).expect(200);
        account.call(&format!("PUT /crm/v3/lists/{list}/memberships/add"), json!([id])).expect(200);
        account.call(&format!("PUT /crm/v3/lists/{list}/memberships/remove"), json!([id])).expect(200);
    }
    let event = |action: &str| json!({ "type": "LIST_MEMBERSHIP", "action": action, "objectTypeId": "0-1", "objectId": id.parse::<u64>().unwrap(), "listId": watched.parse::<u64>().unwrap() });
    assert_eq!(events(&account), [event("ADDED_TO_LIST"), event("REMOVED_FROM_LIST")]);
}

#[test]
fn merges_and_permanent_deletions_have_their_own_actions() {
    let account = Account::new();
    subscribe(&account, to_contacts(&["MERGE", "CREATE", "DELETE"], &["city"]));
    subscribe(
        &account,
        json!({ "subscriptionType": "GDPR_PRIVACY_DELETION", "objectTypeId": "0-1", "portalId": HUB_ID, "actions": ["GDPR_DELETE"] }),
    );
    let (first, second) = (account.contact("ada@example.com"), account.contact("a@example.com"));
    let merge = json!({ "primaryObjectId": first, "objectIdToMerge": second });
    let made = account.call("POST /crm/v3/objects/contacts/merge", merge).expect(200)["id"].as_str().unwrap().to_owned();
    account.call("POST /crm/v3/objects/contacts/gdpr-delete", json!({ "objectId": made })).expect(204);
    let number = |id: &str| id.parse::<u64>().unwrap();
    let mut merged = about(&made, "MERGE", Value::Null);
    merged["primaryObjectId"] = number(&first).into();
    merged["mergedObjectIds"] = json!([number(&second)]);
    merged["newObjectId"] = number(&made).into();
    let mut deleted = about(&made, "GDPR_DELETE", Value::Null);
    deleted["type"] = "GDPR_PRIVACY_DELETION".into();
    assert_eq!(events(&account)[2..], [merged, deleted]);
}

#[test]
fn each_app_has_a_journal_of_its_own() {
    let account = Account::new();
    subscribe(&account, to_contacts(&["CREATE"], &[]));
    account.contact("ada@example.com");
    let entry = account.get(&format!("{JOURNAL}/latest")).expect(200);
    let offset = entry["currentOffset"].as_str().unwrap();
    let other = APP_ID + 1;
    account.call_by(other, &format!("GET {JOURNAL}/earliest"), b"").expect(204);
    account.call_by(other, &format!("GET {JOURNAL}/offset/{offset}/next"), b"").refused(404, offset);
    account.call_by(other, &format!("GET {JOURNAL}/earliest?entry={offset}"), b"").refused(404, offset);
    assert_eq!(account.call_by(other, &format!("GET {SUBSCRIPTIONS}"), b"").expect(200), json!({ "results": [] }));
}

#[test]
fn entries_come_in_batches_in_both_variants_and_all_versions() {
    let account = Account::new();
    subscribe(&account, to_contacts(&["CREATE"], &[]));
    for n in 0..5 {
        account.contact(&format!("c{n}@example.com"));
    }
    let all: Vec<Value> = entries(&account).iter().map(|entry| entry["currentOffset"].clone()).collect();
    let offsets =
        |answer: Value| -> Vec<Value> { answer["results"].as_array().unwrap().iter().map(|one| one["currentOffset"].clone()).collect() };
    let second = all[1].as_str().unwrap();
    for journal in ["journal/2026-03", "journal-local/2026-03", "journal/2027-03-beta", "journal-local/2027-03-beta"] {
        let root = format!("/webhooks-journal/{journal}");
        let get = |tail: &str| account.get(&format!("{root}/{tail}")).expect(200);
        assert_eq!(all.len(), 5);
        assert_eq!(get("earliest")["currentOffset"], all[0]);
        assert_eq!(get("latest")["currentOffset"], all[4]);
        assert_eq!(get(&format!("offset/{second}/next"))["currentOffset"], all[2]);
        assert_eq!(offsets(get("batch/earliest/2")), all[..2]);
        assert_eq!(offsets(get("batch/latest/2")), all[3..]);
        assert_eq!(offsets(get("batch/earliest/100")), all);
        assert_eq!(offsets(get(&format!("batch/{second}/next/2"))), all[2..4]);
        assert_eq!(offsets(get(&format!("batch/{}/next/2", all[4].as_str().unwrap()))), Vec::<Value>::new());
        let read = account.call(&format!("POST {root}/batch/read"), json!({ "inputs": [all[3], all[0]] })).expect(200);
        assert_eq!((offsets(read.clone()), &read["status"]), (vec![all[3].clone(), all[0].clone()], &json!("COMPLETE")));
        let entry = get("earliest");
        assert!(entry["url"].as_str().unwrap().contains(journal), "{entry}");
        content(&account, &entry);
    }
}

#[test]
fn offsets_that_are_not_there_are_refused() {
    let account = Account::new();
    subscribe(&account, to_contacts(&["CREATE"], &[]));
    account.contact("ada@example.com");
    let here = account.get(&format!("{JOURNAL}/latest")).expect(200)["currentOffset"].clone();
    let nowhere = here.as_str().unwrap().replace("-4000-", "-4001-");
    for offset in [nowhere.as_str(), "0", "-1", "next", "00000000-0000-4000-8000-000000000065", "%F0%9F%92%A5"] {
        account.get(&format!("{JOURNAL}/offset/{offset}/next")).refused(404, "OBJECT_NOT_FOUND");
        account.get(&format!("{JOURNAL}/batch/{offset}/next/5")).refused(404, "OBJECT_NOT_FOUND");
        account.get(&format!("{JOURNAL}/earliest?entry={offset}")).refused(404, "OBJECT_NOT_FOUND");
        account.get(&format!("{JOURNAL}/status/{offset}")).refused(404, "OBJECT_NOT_FOUND");
    }
    let read = account.call(&format!("POST {JOURNAL}/batch/read"), json!({ "inputs": [here, nowhere] })).expect(207);
    assert_eq!((&read["results"][0]["currentOffset"], &read["errors"][0]["context"]["offsets"]), (&here, &json!([nowhere])));
    for count in ["0", "101", "-1", "x", "99999999999999999999999"] {
        account.get(&format!("{JOURNAL}/batch/earliest/{count}")).refused(400, "count");
    }
    for inputs in [json!([]), json!("x"), json!([1]), json!([[]]), Value::from(vec![here.as_str().unwrap(); 101])] {
        account.call(&format!("POST {JOURNAL}/batch/read"), json!({ "inputs": inputs })).refused(400, "VALIDATION_ERROR");
    }
}

#[test]
fn an_account_where_the_app_is_not_installed_has_no_entries() {
    let account = Account::new();
    subscribe(&account, to_contacts(&["CREATE"], &[]));
    account.contact("ada@example.com");
    account.get(&format!("{JOURNAL}/latest?installPortalId={HUB_ID}")).expect(200);
    account.get(&format!("{JOURNAL}/latest?installPortalId=1")).expect(204);
    account.get(&format!("{JOURNAL}/latest?installPortalId=x")).refused(400, "installPortalId");
}

#[test]
fn an_entry_ends_after_three_days_of_the_accounts_clock() {
    let account = Account::new();
    subscribe(&account, to_contacts(&["CREATE"], &[]));
    account.contact("ada@example.com");
    let first = account.get(&format!("{JOURNAL}/earliest")).expect(200);
    account.later(2 * DAY_MS);
    account.contact("ben@example.com");
    let second = account.get(&format!("{JOURNAL}/latest")).expect(200);
    assert_eq!(entries(&account), [first.clone(), second.clone()]);
    account.later(DAY_MS);
    assert_eq!(entries(&account), std::slice::from_ref(&second));
    let offset = first["currentOffset"].as_str().unwrap();
    account.get(&format!("{JOURNAL}/offset/{offset}/next")).refused(404, offset);
    account.get(&format!("{JOURNAL}/earliest?entry={offset}")).refused(404, offset);
    account.later(2 * DAY_MS);
    assert_eq!(entries(&account), Vec::<Value>::new());
    account.contact("cai@example.com");
    let third = account.get(&format!("{JOURNAL}/earliest")).expect(200);
    assert!(third != first && third != second, "no later entry gets the offset of an earlier one");
}

#[test]
fn the_journal_and_its_subscriptions_are_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let open = || Account::open(Storage::Folder(folder.path().to_owned()));
    let before = open();
    let id = subscribe(&before, to_contacts(&["CREATE"], &["email"]));
    before.call(&format!("POST {SUBSCRIPTIONS}/filters"), filter(id, "email", "CONTAINS", json!("@example.com"))).expect(200);
    before.contact("ada@example.com");
    let state = |account: &Account| {
        (
            account.get(SUBSCRIPTIONS).expect(200),
            account.get(&format!("{SUBSCRIPTIONS}/filters/subscription/{id}")).expect(200),
            events(account),
        )
    };
    let expected = state(&before);
    assert_eq!(expected.2.len(), 1);
    drop(before);
    let after = open();
    assert_eq!(state(&after), expected);
    after.contact("ben@example.com");
    after.contact("cai@example.org");
    assert_eq!(events(&after).len(), 2);
}

#[test]
fn an_account_keeps_a_bounded_journal_and_the_oldest_entries_leave_first() {
    let account = Account::new();
    subscribe(&account, to_contacts(&["CREATE"], &["message"]));
    let text = "x".repeat(60_000);
    let mut newest = Vec::new();
    for call in 0..5 {
        let inputs: Vec<Value> =
            (0..100).map(|n| json!({ "properties": { "email": format!("c{call}-{n}@example.com"), "message": text } })).collect();
        account.call("POST /crm/v3/objects/contacts/batch/create", json!({ "inputs": inputs })).expect(201);
        newest.push(account.get(&format!("{JOURNAL}/latest")).expect(200));
    }
    // Two have some twelve million bytes, three have more than sixteen.
    assert_eq!(entries(&account), newest[3..]);
}

#[test]
fn a_call_with_many_events_fills_several_entries() {
    let account = Account::new();
    let ids: Vec<String> = (0..12)
        .flat_map(|call| {
            let inputs: Vec<Value> = (0..100).map(|n| json!({ "properties": { "email": format!("c{call}-{n}@example.com") } })).collect();
            let made = account.call("POST /crm/v3/objects/contacts/batch/create", json!({ "inputs": inputs })).expect(201);
            made["results"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        })
        .collect();
    let body = json!({ "name": "All", "objectTypeId": "0-1", "processingType": "MANUAL" });
    let list = account.call("POST /crm/v3/lists", body).expect(200)["list"]["listId"].as_str().unwrap().to_owned();
    subscribe(&account, json!({ "subscriptionType": "LIST_MEMBERSHIP", "portalId": HUB_ID, "actions": ["ADDED_TO_LIST"] }));
    account.call(&format!("PUT /crm/v3/lists/{list}/memberships/add"), json!(ids)).expect(200);
    let sizes: Vec<usize> =
        entries(&account).iter().map(|entry| content(&account, entry)["journalEvents"].as_array().unwrap().len()).collect();
    assert_eq!(sizes, [1_000, 200]);
}

fn filter(subscription: u64, property: &str, operator: &str, value: Value) -> Value {
    let name = if value.is_array() { "values" } else { "value" };
    json!({ "subscriptionId": subscription, "filter": { "conditions": [{ "filterType": "CRM_OBJECT_PROPERTY", "property": property, "operator": operator, name: value }] } })
}

#[test]
fn a_filter_lets_the_records_through_that_satisfy_it() {
    let cases = [
        ("city", "EQ", json!("porto"), ["Porto", "Lagos"]),
        ("city", "N_EQ", json!("Porto"), ["Lagos", "Porto"]),
        ("city", "CONTAINS", json!("ORT"), ["Porto", "Lagos"]),
        ("city", "STARTS_WITH", json!("por"), ["Porto", "Oporto"]),
        ("city", "ENDS_WITH", json!("to"), ["Porto", "Lagos"]),
        ("city", "IN", json!(["Porto", "Faro"]), ["Faro", "Lagos"]),
        ("city", "NOT_IN", json!(["Porto", "Faro"]), ["Lagos", "Faro"]),
        ("city", "IS_EMPTY", Value::Null, ["", "Faro"]),
        ("city", "IS_NOT_EMPTY", Value::Null, ["Faro", ""]),
        ("numemployees", "EQ", json!("1-5"), ["1-5", "5-25"]),
        ("annualrevenue", "EQ", json!("9"), ["9", "10"]),
    ];
    for (property, operator, value, [passes, fails]) in cases {
        let account = Account::new();
        let id = subscribe(&account, to_contacts(&["CREATE"], &["email"]));
        account.call(&format!("POST {SUBSCRIPTIONS}/filters"), filter(id, property, operator, value)).expect(200);
        let yes = account.make("contacts", json!({ "email": "yes@example.com", property: passes }));
        account.make("contacts", json!({ "email": "no@example.com", property: fails }));
        assert_eq!(events(&account), [about(&yes, "CREATE", json!({ "email": "yes@example.com" }))], "{property} {operator}");
    }
}

#[test]
fn numbers_are_compared_as_numbers() {
    for (operator, passes, fails) in [("GT", "10", "9"), ("GTE", "9", "8"), ("LT", "8", "10"), ("LTE", "9", "10")] {
        let account = Account::new();
        let body = json!({ "subscriptionType": "OBJECT", "objectTypeId": "deals", "portalId": HUB_ID, "actions": ["CREATE"], "properties": ["amount"] });
        let id = subscribe(&account, body);
        account.call(&format!("POST {SUBSCRIPTIONS}/filters"), filter(id, "amount", operator, json!("9"))).expect(200);
        for amount in [passes, fails] {
            account.make("deals", json!({ "dealname": "D", "dealstage": "contractsent", "amount": amount }));
        }
        let found = events(&account);
        assert_eq!((found.len(), &found[0]["propertyChanges"]["amount"]), (1, &json!(passes)), "{operator}");
    }
}

#[test]
fn conditions_of_a_filter_hold_together_and_one_of_several_filters_is_enough() {
    let account = Account::new();
    let id = subscribe(&account, to_contacts(&["CREATE"], &["email"]));
    let mut both = filter(id, "city", "EQ", json!("Porto"));
    both["filter"]["conditions"]
        .as_array_mut()
        .unwrap()
        .push(json!({ "filterType": "CRM_OBJECT_PROPERTY", "property": "zip", "operator": "EQ", "value": "1" }));
    let first = account.call(&format!("POST {SUBSCRIPTIONS}/filters"), both.clone()).expect(200)["filterId"].clone();
    account.call(&format!("POST {SUBSCRIPTIONS}/filters"), filter(id, "city", "EQ", json!("Faro"))).expect(200);
    for (email, city, zip) in [("a@b.co", "Porto", "1"), ("b@b.co", "Porto", "2"), ("c@b.co", "Faro", "2"), ("d@b.co", "Lagos", "1")] {
        account.make("contacts", json!({ "email": email, "city": city, "zip": zip }));
    }
    let emails = |events: &[Value]| events.iter().map(|event| event["propertyChanges"]["email"].clone()).collect::<Vec<_>>();
    assert_eq!(emails(&events(&account)), ["a@b.co", "c@b.co"]);
    let of_subscription = format!("{SUBSCRIPTIONS}/filters/subscription/{id}");
    assert_eq!(account.get(&of_subscription).expect(200).as_array().unwrap().len(), 2);
    let one = account.get(&format!("{SUBSCRIPTIONS}/filters/{first}")).expect(200);
    assert_eq!((&one["id"], &one["filter"]), (&first, &both["filter"]));
    account.call_with(&format!("DELETE {SUBSCRIPTIONS}/filters/{first}"), b"").expect(204);
    account.get(&format!("{SUBSCRIPTIONS}/filters/{first}")).refused(404, "OBJECT_NOT_FOUND");
    account.make("contacts", json!({ "email": "e@b.co", "city": "Porto", "zip": "1" }));
    assert_eq!(emails(&events(&account)), ["a@b.co", "c@b.co"]);
}

#[test]
fn a_subscription_is_read_changed_listed_and_deleted() {
    let account = Account::new();
    let made = account.call(&format!("POST {SUBSCRIPTIONS}"), to_contacts(&["CREATE"], &["city"])).expect(200);
    let id = made["id"].as_u64().unwrap();
    let one = format!("{SUBSCRIPTIONS}/{id}");
    assert_eq!(account.get(&one).expect(200), made);
    let changed = account.call(&format!("POST {SUBSCRIPTIONS}"), to_contacts(&["UPDATE", "CREATE"], &["zip"])).expect(200);
    assert_eq!((&changed["id"], &changed["createdAt"]), (&made["id"], &made["createdAt"]), "the same subscription, with other actions");
    assert_eq!((&changed["actions"], &changed["properties"]), (&json!(["CREATE", "UPDATE"]), &json!(["zip"])));
    assert_eq!(account.get(SUBSCRIPTIONS).expect(200), json!({ "results": [changed] }));
    account.call(&format!("POST {SUBSCRIPTIONS}/filters"), filter(id, "city", "EQ", json!("Porto"))).expect(200);
    account.call_with(&format!("DELETE {one}"), b"").expect(204);
    account.get(&one).refused(404, "OBJECT_NOT_FOUND");
    account.call_with(&format!("DELETE {one}"), b"").refused(404, "OBJECT_NOT_FOUND");
    account.make("contacts", json!({ "email": "ada@example.com", "zip": "1" }));
    assert_eq!(events(&account), Vec::<Value>::new());
    let again = subscribe(&account, to_contacts(&["CREATE"], &["city"]));
    assert_ne!(again, id, "a new subscription has none of the filters of one that was deleted");
    assert_eq!(account.get(&format!("{SUBSCRIPTIONS}/filters/subscription/{again}")).expect(200), json!([]));
}

#[test]
fn all_subscriptions_to_an_account_end_at_once() {
    let account = Account::new();
    subscribe(&account, to_contacts(&["CREATE"], &[]));
    subscribe(&account, json!({ "subscriptionType": "APP_LIFECYCLE_EVENT", "eventTypeId": "4-1909196", "properties": [] }));
    account.call_with(&format!("DELETE {SUBSCRIPTIONS}/portals/1"), b"").expect(204);
    assert_eq!(account.get(SUBSCRIPTIONS).expect(200)["results"].as_array().unwrap().len(), 2);
    account.call_with(&format!("DELETE {SUBSCRIPTIONS}/portals/x"), b"").refused(400, "portalId");
    account.call_with(&format!("DELETE {SUBSCRIPTIONS}/portals/{HUB_ID}"), b"").expect(204);
    assert_eq!(account.get(SUBSCRIPTIONS).expect(200), json!({ "results": [] }));
}

#[test]
fn a_snapshot_puts_a_record_into_the_journal_as_it_is() {
    let account = Account::new();
    let id: u64 = account.make("contacts", json!({ "email": "ada@example.com", "city": "Porto", "zip": "1" })).parse().unwrap();
    let snapshot = |more: Value| {
        let mut one = json!({ "objectId": id, "objectTypeId": "0-1" });
        one.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        account.call(&format!("POST {SNAPSHOTS}"), json!({ "snapshotRequests": [one] })).expect(200)["snapshotResponses"][0].clone()
    };
    let taken = snapshot(json!({ "portalId": HUB_ID, "properties": ["city", "lastname"] }));
    assert_eq!((&taken["objectId"], &taken["portalId"]), (&json!(id), &json!(HUB_ID)));
    let status = format!("{JOURNAL}/status/{}", taken["snapshotStatusId"].as_str().unwrap());
    assert_eq!(account.get(&status).expect(200)["status"], "IN_PROGRESS");
    assert_eq!(account.get(&status).expect(200)["status"], "COMPLETED");
    subscribe(&account, to_contacts(&["SNAPSHOT"], &["zip"]));
    snapshot(json!({}));
    let text = id.to_string();
    assert_eq!(events(&account), [about(&text, "SNAPSHOT", json!({ "city": "Porto" })), about(&text, "SNAPSHOT", json!({ "zip": "1" }))]);
    account.later(3 * DAY_MS);
    assert_eq!(account.get(&status).expect(200)["status"], "EXPIRED");
}

#[test]
fn a_snapshot_of_a_record_that_is_not_there_fails() {
    let account = Account::new();
    let taken =
        account.call(&format!("POST {SNAPSHOTS}"), json!({ "snapshotRequests": [{ "objectId": 999, "objectTypeId": "0-1" }] })).expect(200);
    let status = format!("{JOURNAL}/status/{}", taken["snapshotResponses"][0]["snapshotStatusId"].as_str().unwrap());
    account.get(&status).expect(200);
    let status = account.get(&status).expect(200);
    assert_eq!((&status["status"], &status["errorCode"]), (&json!("FAILED"), &json!("VALIDATION_ERROR")));
    assert_eq!(entries(&account), Vec::<Value>::new());
    for requests in [
        json!([]),
        json!("x"),
        json!([1]),
        json!([{}]),
        json!([{ "objectId": "x", "objectTypeId": "0-1" }]),
        json!([{ "objectId": 1, "objectTypeId": "p_none" }]),
    ] {
        let answer = account.call(&format!("POST {SNAPSHOTS}"), json!({ "snapshotRequests": requests }));
        assert!(matches!(answer.status, 400 | 404), "{requests}: {answer:?}");
    }
}

#[test]
fn what_cannot_be_subscribed_to_is_refused() {
    let account = Account::new();
    let with = |field: &str, value: Value| {
        let mut body = to_contacts(&["CREATE"], &["city"]);
        body[field] = value;
        account.call(&format!("POST {SUBSCRIPTIONS}"), body)
    };
    for (field, value) in [
        ("subscriptionType", Value::Null),
        ("subscriptionType", json!("EVENT")),
        ("subscriptionType", json!([])),
        ("actions", json!([])),
        ("actions", json!(["create"])),
        ("actions", json!([7])),
        ("portalId", json!(1)),
        ("portalId", Value::Null),
        ("objectTypeId", Value::Null),
        ("objectIds", json!(["x"])),
        ("objectIds", json!([-1])),
        ("objectIds", json!({})),
        ("objectIds", json!(vec![1; 1_001])),
        ("properties", json!([[]])),
        ("properties", json!(["x".repeat(256)])),
    ] {
        with(field, value).refused(400, "VALIDATION_ERROR");
    }
    assert!(matches!(with("objectTypeId", json!("p_nothing")).status, 400 | 404));
    let list = json!({ "subscriptionType": "LIST_MEMBERSHIP", "portalId": HUB_ID, "listIds": [999], "actions": ["ADDED_TO_LIST"] });
    account.call(&format!("POST {SUBSCRIPTIONS}"), list).refused(404, "999");
    let event = json!({ "subscriptionType": "APP_LIFECYCLE_EVENT", "eventTypeId": "4-1", "properties": [] });
    account.call(&format!("POST {SUBSCRIPTIONS}"), event).refused(400, "eventTypeId");
    assert_eq!(account.get(SUBSCRIPTIONS).expect(200), json!({ "results": [] }));
}

#[test]
fn filters_that_cannot_be_read_and_more_than_there_may_be_are_refused() {
    let account = Account::new();
    let id = subscribe(&account, to_contacts(&["CREATE"], &["city"]));
    let add = |body: Value| account.call(&format!("POST {SUBSCRIPTIONS}/filters"), body);
    add(filter(id + 1, "city", "EQ", json!("a"))).refused(404, "OBJECT_NOT_FOUND");
    add(filter(id, "city", "EQUALS", json!("a"))).refused(400, "operator");
    add(filter(id, "city", "EQ", json!(["a"]))).refused(400, "value");
    add(filter(id, "city", "IN", json!("a"))).refused(400, "values");
    add(filter(id, "city", "IN", json!([7]))).refused(400, "values");
    add(json!({ "subscriptionId": id, "filter": {} })).refused(400, "conditions");
    add(json!({ "subscriptionId": id, "filter": { "conditions": [[]] } })).refused(400, "conditions");
    let mut deep = json!({ "conditions": [] });
    for _ in 0..100 {
        deep = json!({ "conditions": [{ "filterType": "CRM_OBJECT_PROPERTY", "operator": "EQ", "property": "city", "filter": deep }] });
    }
    add(json!({ "subscriptionId": id, "filter": deep })).refused(400, "VALIDATION_ERROR");
    let line = format!("POST {SUBSCRIPTIONS}/filters");
    account.call_with(&line, "{\"filter\":".repeat(20_000).as_bytes()).refused(400, "VALIDATION_ERROR");
    let values: Vec<String> = (0..9_996).map(|n| n.to_string()).collect();
    add(filter(id, "city", "IN", json!(values))).expect(200);
    add(filter(id, "city", "EQ", json!("a".repeat(200)))).refused(400, "10000");
    add(filter(id, "city", "EQ", json!("a"))).expect(200);
    add(filter(id, "city", "EQ", json!("a"))).refused(400, "10000");
    account.make("contacts", json!({ "email": "ada@example.com", "city": "9995" }));
    assert_eq!(events(&account).len(), 1);
}

#[test]
fn an_app_has_a_thousand_subscriptions_at_most() {
    let account = Account::new();
    for n in 1..=1_000 {
        let mut one = to_contacts(&["CREATE"], &["email"]);
        one["objectIds"] = json!([n]);
        subscribe(&account, one);
    }
    account.call(&format!("POST {SUBSCRIPTIONS}"), to_contacts(&["CREATE"], &["email"])).refused(400, "1000");
    let mut again = to_contacts(&["UPDATE"], &["email"]);
    again["objectIds"] = json!([500]);
    subscribe(&account, again);
    let id = account.contact("ada@example.com");
    assert_eq!(events(&account), [about(&id, "CREATE", json!({ "email": "ada@example.com" }))]);
}

#[test]
fn the_subscriptions_of_an_app_list_ten_thousand_things_at_most() {
    let account = Account::new();
    let with = |objects: std::ops::Range<u64>| {
        let mut one = to_contacts(&["CREATE"], &["email"]);
        one["objectIds"] = objects.collect::<Vec<u64>>().into();
        account.call(&format!("POST {SUBSCRIPTIONS}"), one)
    };
    // Each has an action and a property too.
    for n in 0..9 {
        with(n * 1_000..(n + 1) * 1_000).expect(200);
    }
    with(9_000..9_981).refused(400, "10000");
    with(9_000..9_980).expect(200);
    with(9_000..9_980).expect(200);
}

#[test]
fn highly_sensitive_values_are_in_no_journal() {
    let account = Account::new();
    let property = json!({ "name": "illness", "label": "Illness", "groupName": "contactinformation", "type": "string", "fieldType": "text", "dataSensitivity": "highly_sensitive" });
    account.call("POST /crm/v3/properties/contacts", property).expect(201);
    account.call(&format!("POST {SUBSCRIPTIONS}"), to_contacts(&["UPDATE"], &["illness"])).refused(400, "illness");
    let id = subscribe(&account, to_contacts(&["CREATE"], &[]));
    account.call(&format!("POST {SUBSCRIPTIONS}/filters"), filter(id, "illness", "EQ", json!("flu"))).refused(400, "illness");
    let made = account.make("contacts", json!({ "email": "ada@example.com", "illness": "flu" }));
    let snapshot = json!({ "snapshotRequests": [{ "objectId": made.parse::<u64>().unwrap(), "objectTypeId": "0-1" }] });
    account.call(&format!("POST {SNAPSHOTS}"), snapshot).expect(200);
    let found = events(&account);
    assert_eq!(found.len(), 2);
    assert!(!json!(found).to_string().contains("illness"), "{found:?}");
}

/// developers.hubspot.com/docs/api-reference/legacy/webhooks/webhooks-journal: the beta has the same subscriptions and entries.
#[test]
fn the_beta_of_version_4_has_the_same_journal() {
    let account = Account::new();
    let root = "/webhooks/v4";
    let made = account.call(&format!("POST {root}/subscriptions"), to_contacts(&["CREATE"], &[])).expect(200);
    let contact = account.contact("ada@example.com");
    let entry = account.get(&format!("{root}/journal/earliest")).expect(200);
    assert_eq!(content(&account, &entry)["journalEvents"].as_array().unwrap().len(), 1);
    assert_eq!(account.get(&format!("{JOURNAL}/latest")).expect(200)["currentOffset"], entry["currentOffset"]);
    assert_eq!(account.get(&format!("{root}/subscriptions")).expect(200), account.get(SUBSCRIPTIONS).expect(200));
    let inputs = json!({ "snapshotRequests": [{ "portalId": HUB_ID, "objectId": contact.parse::<u64>().unwrap(), "objectTypeId": "0-1", "properties": ["email"] }] });
    account.call(&format!("POST {root}/snapshots/crm"), inputs).expect(200);
    account.get(&format!("{root}/journal/offset/{}/next", entry["currentOffset"].as_str().unwrap())).expect(200);
    account.call_with(&format!("DELETE {root}/subscriptions/{}", made["id"]), b"").expect(204);
    account.call_with(&format!("DELETE {root}/subscriptions/portals/{HUB_ID}"), b"").expect(204);
    assert_eq!(account.get(&format!("{root}/subscriptions")).expect(200)["results"], json!([]));
}
