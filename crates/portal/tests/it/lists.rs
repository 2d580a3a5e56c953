//! Lists that callers fill, lists that follow filters, and the folders they are in.

use serde_json::{Value, json};

use crate::support::Account;

const LISTS: &str = "/crm/lists/2026-09";

fn by_city(operator: &str, values: &[&str]) -> Value {
    let operation =
        json!({ "operationType": "MULTISTRING", "operator": operator, "values": values, "includeObjectsWithNoValueSet": false });
    any_of(json!({ "filterType": "PROPERTY", "property": "city", "operation": operation }))
}

fn any_of(filter: Value) -> Value {
    json!({ "filterBranchType": "OR", "filters": [], "filterBranches": [{ "filterBranchType": "AND", "filterBranches": [], "filters": [filter] }] })
}

fn make(account: &Account, name: &str, processing: &str, filters: Option<Value>) -> String {
    let mut body = json!({ "name": name, "objectTypeId": "0-1", "processingType": processing });
    if let Some(filters) = filters {
        body["filterBranch"] = filters;
    }
    let made = account.call(&format!("POST {LISTS}"), body).expect(200);
    made["list"]["listId"].as_str().unwrap().to_owned()
}

fn members(account: &Account, list: &str) -> Vec<String> {
    let found = account.get(&format!("{LISTS}/{list}/memberships")).expect(200);
    found["results"].as_array().unwrap().iter().map(|one| one["recordId"].as_str().unwrap().to_owned()).collect()
}

fn people(account: &Account) -> (String, String) {
    let ada = account.make("contacts", json!({ "email": "ada@example.com", "city": "Porto" }));
    (ada, account.make("contacts", json!({ "email": "ben@example.com", "city": "Lagos" })))
}

#[test]
fn callers_fill_a_manual_list_and_are_told_what_was_not_there() {
    let account = Account::new();
    let (ada, ben) = people(&account);
    let list = make(&account, "Guests", "MANUAL", None);
    let added = account.call(&format!("PUT {LISTS}/{list}/memberships/add"), json!([ada, "999", "x"])).expect(200);
    assert_eq!((&added["recordsIdsAdded"], &added["recordIdsMissing"]), (&json!([ada]), &json!(["999", "x"])));
    let change = json!({ "recordIdsToAdd": [ben], "recordIdsToRemove": [ada] });
    account.call(&format!("PUT {LISTS}/{list}/memberships/add-and-remove"), change).expect(200);
    assert_eq!(members(&account, &list), [ben.as_str()]);
    let of_ben = account.get(&format!("{LISTS}/records/0-1/{ben}/memberships")).expect(200);
    assert_eq!(of_ben["results"][0]["listId"], json!(list));
    account.call_with(&format!("DELETE /crm/v3/objects/contacts/{ben}"), b"").expect(204);
    assert!(members(&account, &list).is_empty(), "an archived record is on no list");
    account.call(&format!("PUT {LISTS}/{list}/memberships/add"), json!({})).refused(400, "list of record ids");
}

#[test]
fn a_dynamic_list_follows_its_filters_and_a_snapshot_keeps_what_it_found() {
    let account = Account::new();
    let (ada, ben) = people(&account);
    let filters = by_city("IS_EQUAL_TO", &["porto"]);
    let (follows, keeps) =
        (make(&account, "Follows", "DYNAMIC", Some(filters.clone())), make(&account, "Keeps", "SNAPSHOT", Some(filters)));
    account.call(&format!("PATCH /crm/v3/objects/contacts/{ben}"), json!({ "properties": { "city": "Porto" } })).expect(200);
    assert_eq!((members(&account, &follows), members(&account, &keeps)), (vec![ada.clone(), ben], vec![ada.clone()]));
    account.call(&format!("PUT {LISTS}/{follows}/memberships/add"), json!([ada])).refused(400, "follows filters");
    let change = json!({ "filterBranch": by_city("IS_EQUAL_TO", &["Lagos"]) });
    let changed = account.call(&format!("PUT {LISTS}/{follows}/update-list-filters"), change.clone()).expect(200);
    assert_eq!((&changed["updatedList"]["listVersion"], &changed["updatedList"]["size"]), (&json!(2), &json!(0)));
    account.call(&format!("PUT {LISTS}/{keeps}/update-list-filters"), change).refused(400, "follows filters");
}

#[test]
fn each_operator_finds_its_own() {
    let account = Account::new();
    let (ada, ben) = people(&account);
    let deal = account.make("deals", json!({ "dealname": "D", "pipeline": "default", "dealstage": "closedwon", "amount": "50" }));
    account.call_with(&format!("PUT /crm/v4/objects/deals/{deal}/associations/default/contacts/{ada}"), b"").expect(200);
    let number = |operator: &str, value: i64| json!({ "filterType": "PROPERTY", "property": "amount", "operation": { "operationType": "NUMBER", "operator": operator, "value": value } });
    let with_deal = |filter: Value| {
        any_of_branch(
            json!({ "filterBranchType": "ASSOCIATION", "objectTypeId": "0-3", "associationTypeId": 4, "filters": [filter], "filterBranches": [] }),
        )
    };
    let property =
        |operator: &str, name: &str| any_of(json!({ "filterType": "PROPERTY", "property": name, "operation": { "operator": operator } }));
    let cases = [
        (by_city("IS_EQUAL_TO", &["PORTO", "x"]), vec![&ada]),
        (by_city("IS_NOT_EQUAL_TO", &["porto"]), vec![&ben]),
        (by_city("CONTAINS", &["ag"]), vec![&ben]),
        (by_city("DOES_NOT_CONTAIN", &["ag"]), vec![&ada]),
        (by_city("STARTS_WITH", &["po"]), vec![&ada]),
        (by_city("ENDS_WITH", &["os"]), vec![&ben]),
        (property("IS_KNOWN", "city"), vec![&ada, &ben]),
        (property("IS_UNKNOWN", "city"), vec![]),
        (property("IS_UNKNOWN", "phone"), vec![&ada, &ben]),
        (with_deal(number("IS_GREATER_THAN", 49)), vec![&ada]),
        (with_deal(number("IS_GREATER_THAN", 50)), vec![]),
    ];
    for (at, (filters, expected)) in cases.into_iter().enumerate() {
        let list = make(&account, &format!("list {at}"), "DYNAMIC", Some(filters.clone()));
        assert_eq!(members(&account, &list).iter().collect::<Vec<_>>(), expected, "{filters}");
    }
}

fn any_of_branch(branch: Value) -> Value {
    json!({ "filterBranchType": "OR", "filters": [], "filterBranches": [{ "filterBranchType": "AND", "filterBranches": [branch], "filters": [] }] })
}

#[test]
fn bad_lists_are_refused_and_leave_nothing() {
    let account = Account::new();
    make(&account, "Taken", "MANUAL", None);
    let post = |name: &str, processing: &str, filters: Value| {
        account.call(
            &format!("POST {LISTS}"),
            json!({ "name": name, "objectTypeId": "0-1", "processingType": processing, "filterBranch": filters }),
        )
    };
    post("taken", "MANUAL", Value::Null).refused(400, "already exists");
    post("", "MANUAL", Value::Null).refused(400, "name");
    post("New", "SOMETIMES", Value::Null).refused(400, "processingType");
    post("New", "DYNAMIC", Value::Null).refused(400, "filterBranch");
    post("New", "DYNAMIC", any_of(json!({ "filterType": "PROPERTY", "property": "nope", "operation": {} })))
        .refused(400, "PROPERTY_DOESNT_EXIST");
    post("New", "DYNAMIC", any_of(json!({ "filterType": "PAGE_VIEW" }))).refused(501, "PAGE_VIEW");
    let deep = (0..9).fold(json!({ "filterBranchType": "AND" }), |inner, _| json!({ "filterBranchType": "OR", "filterBranches": [inner] }));
    post("New", "DYNAMIC", deep).refused(400, "deep");
    let found = account.call(&format!("POST {LISTS}/search"), json!({})).expect(200);
    assert_eq!(found["total"], 1);
    account.get(&format!("{LISTS}/99")).refused(404, "does not exist");
}

#[test]
fn lists_that_name_each_other_come_to_an_end() {
    let account = Account::new();
    people(&account);
    let list = make(&account, "Self", "DYNAMIC", Some(by_city("IS_EQUAL_TO", &["Porto"])));
    let own = any_of(json!({ "filterType": "IN_LIST", "operator": "NOT_IN_LIST", "listId": list }));
    account.call(&format!("PUT {LISTS}/{list}/update-list-filters"), json!({ "filterBranch": own })).expect(200);
    members(&account, &list);
}

#[test]
fn a_list_is_deleted_restored_renamed_and_found() {
    let account = Account::new();
    let list = make(&account, "Guests & friends", "MANUAL", None);
    account.call_with(&format!("DELETE {LISTS}/{list}"), b"").expect(204);
    account.get(&format!("{LISTS}/{list}")).refused(404, "does not exist");
    account.call_with(&format!("PUT {LISTS}/{list}/restore"), b"").expect(204);
    account.get(&format!("{LISTS}/object-type-id/0-1/name/Guests%20&%20friends")).expect(200);
    let renamed = account.call_with(&format!("PUT {LISTS}/{list}/update-list-name?listName=People"), b"").expect(200);
    assert_eq!(renamed["updatedList"]["name"], "People");
    assert_eq!(account.get(&format!("{LISTS}/idmapping?legacyListId={list}")).expect(200)["listId"], json!(list));
    let history = account.get(&format!("{LISTS}/{list}/size-and-edits-history/between")).expect(200);
    assert_eq!(history["editHistory"].as_array().map(Vec::len), Some(2));
}

#[test]
fn a_list_becomes_a_snapshot_on_its_day() {
    let account = Account::new();
    let (ada, _) = people(&account);
    let list = make(&account, "Once", "DYNAMIC", Some(by_city("IS_EQUAL_TO", &["Porto"])));
    let schedule = |day: u32| {
        let date = json!({ "conversionType": "CONVERSION_DATE", "year": 2026, "month": 11, "day": day });
        account.call(&format!("PUT {LISTS}/{list}/schedule-conversion"), date)
    };
    schedule(31).refused(400, "day");
    schedule(30).expect(200);
    assert_eq!(account.get(&format!("{LISTS}/{list}")).expect(200)["list"]["processingType"], "DYNAMIC");
    schedule(23).expect(200);
    assert_eq!(account.get(&format!("{LISTS}/{list}")).expect(200)["list"]["processingType"], "SNAPSHOT");
    account.call(&format!("PATCH /crm/v3/objects/contacts/{ada}"), json!({ "properties": { "city": "Oslo" } })).expect(200);
    assert_eq!(members(&account, &list), [ada]);
}

#[test]
fn folders_hold_lists_and_folders_five_deep() {
    let account = Account::new();
    let folder = |parent: &str| {
        let made = account.call(&format!("POST {LISTS}/folders"), json!({ "name": "F", "parentFolderId": parent }));
        if made.status == 200 { made.body["folder"]["id"].as_str().unwrap().to_owned() } else { format!("refused {}", made.status) }
    };
    let first = folder("0");
    let mut last = first.clone();
    for _ in 1..5 {
        last = folder(&last);
    }
    assert_eq!(folder(&last), "refused 400");
    assert_eq!(folder("99"), "refused 404");
    account.call_with(&format!("PUT {LISTS}/folders/{first}/move/{last}"), b"").refused(400, "itself");
    let list = make(&account, "Guests", "MANUAL", None);
    account.call(&format!("PUT {LISTS}/folders/move-list"), json!({ "listId": list, "newFolderId": last })).expect(204);
    account.call_with(&format!("DELETE {LISTS}/folders/{last}"), b"").refused(400, "not empty");
    let seen = account.get(&format!("{LISTS}/folders?folderId={last}")).expect(200);
    assert_eq!(seen["folder"]["childLists"], json!([1]));
    account.call_with(&format!("DELETE {LISTS}/{list}"), b"").expect(204);
    account.call_with(&format!("DELETE {LISTS}/folders/{last}"), b"").expect(204);
}
