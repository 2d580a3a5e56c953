//! Calls that are made to be slow: each is answered soon, or refused before it changed anything.

use serde_json::{Value, json};

use crate::support::Account;

const CONTACTS: &str = "/crm/v3/objects/contacts";
const TOO_MUCH: &str = "takes more than 50000000 steps";

fn total(account: &Account, kind: &str) -> Value {
    account.call(&format!("POST /crm/v3/objects/{kind}/search"), json!({})).expect(200)["total"].clone()
}

fn contacts(account: &Account, count: usize, properties: impl Fn(usize) -> Value) -> Vec<String> {
    let mut ids = Vec::new();
    for start in (0..count).step_by(100) {
        let inputs: Vec<Value> = (start..count.min(start + 100)).map(|at| json!({ "properties": properties(at) })).collect();
        let made = account.call(&format!("POST {CONTACTS}/batch/create"), json!({ "inputs": inputs })).expect(201);
        ids.extend(made["results"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()));
    }
    ids
}

#[test]
fn lists_that_name_lists_five_deep_are_made_and_read() {
    let account = Account::new();
    let id = contacts(&account, 1, |_| json!({ "city": "Porto" })).remove(0);
    let known =
        json!({ "filterType": "PROPERTY", "property": "city", "operation": { "operationType": "ALL_PROPERTY", "operator": "IS_KNOWN" } });
    let mut filters = vec![known];
    for depth in 0..=5 {
        let branch = json!({ "filterBranchType": "OR", "filterBranches": [{ "filterBranchType": "AND", "filterBranches": [], "filters": filters }] });
        let list = json!({ "name": depth.to_string(), "objectTypeId": "0-1", "processingType": "DYNAMIC", "filterBranch": branch });
        let made = account.call("POST /crm/v3/lists", list).expect(200);
        assert_eq!(made["list"]["size"], 1, "{depth}");
        filters = vec![json!({ "filterType": "IN_LIST", "listId": made["list"]["listId"], "operator": "IN_LIST" }); 250];
    }
    let of = account.get(&format!("/crm/v3/lists/records/0-1/{id}/memberships")).expect(200);
    assert_eq!(of["total"], 6);
}

#[test]
fn what_hubspot_takes_is_not_too_much() {
    let account = Account::new();
    contacts(&account, 2_000, |at| json!({ "city": format!("City {}", at % 1_000), "firstname": "x".repeat(100) }));
    let cities: Vec<String> = (0..100).map(|at| format!("city {at}")).collect();
    let filter = |property: &str| json!({ "propertyName": property, "operator": "IN", "values": cities });
    let few = json!({ "propertyName": "city", "operator": "IN", "values": &cities[..20] });
    // The body of a search has 3,000 characters at most.
    let body = json!({ "filterGroups": [{ "filters": [filter("firstname"), filter("city")] }, { "filters": [few] }] });
    assert_eq!(account.call(&format!("POST {CONTACTS}/search"), body).expect(200)["total"], 40);
    let filter = json!({ "filterType": "PROPERTY", "property": "city", "operation": { "operator": "CONTAINS", "values": cities } });
    let branch = json!({ "filterBranchType": "OR", "filters": vec![filter; 50], "filterBranches": [] });
    let list = json!({ "name": "cities", "objectTypeId": "0-1", "processingType": "SNAPSHOT", "filterBranch": branch });
    assert_eq!(account.call("POST /crm/v3/lists", list).expect(200)["list"]["size"], 2_000);
}

#[test]
fn a_create_of_too_many_associations_changes_nothing() {
    let account = Account::new();
    let company = account.make("companies", json!({ "name": "Acme" }));
    let link = json!({ "to": { "id": company }, "types": [{ "associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 1 }] });
    let body = json!({ "properties": { "city": "Porto" }, "associations": vec![link; 12_000] });
    account.call(&format!("POST {CONTACTS}"), body).refused(400, TOO_MUCH);
    assert_eq!((total(&account, "contacts"), total(&account, "companies")), (json!(0), json!(1)));
}

#[test]
fn one_input_that_takes_too_much_refuses_a_whole_batch_even_where_inputs_are_told_apart() {
    let account = Account::new();
    let company = account.make("companies", json!({ "name": "Acme" }));
    let link = json!({ "to": { "id": company }, "types": [{ "associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 1 }] });
    let inputs = json!([
        { "objectWriteTraceId": "a", "properties": { "city": "Porto" } },
        { "objectWriteTraceId": "b", "properties": { "city": "Lagos" }, "associations": vec![link; 12_000] },
    ]);
    account.call(&format!("POST {CONTACTS}/batch/create"), json!({ "inputs": inputs })).refused(400, TOO_MUCH);
    assert_eq!(total(&account, "contacts"), 0);
}

#[test]
fn an_answer_has_a_longest_length() {
    let account = Account::new();
    let long = "x".repeat(65_000);
    let ids = contacts(&account, 100, |_| json!({ "firstname": long }));
    for name in ["lastname", "city", "company", "jobtitle", "address", "website"] {
        let inputs: Vec<Value> = ids.iter().map(|id| json!({ "id": id, "properties": { name: long } })).collect();
        // A body has 5 MiB at most.
        for inputs in inputs.chunks(50) {
            account.call(&format!("POST {CONTACTS}/batch/update"), json!({ "inputs": inputs })).expect(200);
        }
    }
    let all = "firstname,lastname,city,company,jobtitle,address";
    account.get(&format!("{CONTACTS}?limit=100&properties={all}")).refused(400, "longer than 34603008 bytes");
    account.get(&format!("{CONTACTS}?limit=50&properties={all}")).expect(200);
    let inputs: Vec<Value> = ids.iter().map(|id| json!({ "id": id })).collect();
    let properties: Vec<&str> = all.split(',').collect();
    let read = json!({ "inputs": inputs, "properties": properties });
    account.call(&format!("POST {CONTACTS}/batch/read"), read).refused(400, "Ask for fewer records or properties");
}

#[test]
fn a_batch_about_one_long_thing_a_hundred_times_is_refused_whole() {
    let account = Account::new();
    let made = account.call("POST /cms/v3/blogs/tags", json!({ "name": "long", "text": "x".repeat(4_500_000) })).expect(201);
    let inputs: Vec<Value> = (0..100).map(|at| json!({ "id": made["id"], "name": at.to_string() })).collect();
    account.call("POST /cms/v3/blogs/tags/batch/update", json!({ "inputs": inputs })).refused(400, TOO_MUCH);
    let kept = account.get(&format!("/cms/v3/blogs/tags/{}", made["id"].as_str().unwrap())).expect(200);
    assert_eq!(kept["name"], "long");
}

#[test]
fn an_import_whose_rows_make_records_of_many_types_is_refused_when_it_is_sent() {
    let account = Account::new();
    let kinds = ["0-1", "0-2", "0-3", "0-5", "0-7", "0-8", "0-14", "0-27", "0-46", "0-47", "0-48", "0-49", "0-53", "0-69"];
    let columns: Vec<Value> = kinds
        .iter()
        .map(|kind| json!({ "columnObjectTypeId": kind, "columnName": kind, "propertyName": "hs_object_source_detail_1" }))
        .collect();
    let page = json!({ "hasHeader": true, "columnMappings": columns });
    let request = json!({ "name": "i", "files": [{ "fileName": "d.csv", "fileFormat": "CSV", "fileImportPage": page }] });
    let file = format!("{}\n", kinds.join(",")) + &format!("{}\n", vec!["x"; kinds.len()].join(",")).repeat(19_999);
    let body = format!(
        "--b\r\nContent-Disposition: form-data; name=\"importRequest\"\r\n\r\n{request}\r\n--b\r\nContent-Disposition: form-data; name=\"files\"; filename=\"d.csv\"\r\n\r\n{file}\r\n--b--\r\n"
    );
    account.call_with("POST /crm/v3/imports", body.as_bytes()).refused(400, TOO_MUCH);
    assert_eq!(account.get("/crm/v3/imports").expect(200)["results"], json!([]));
}

#[test]
fn a_table_has_a_bounded_number_of_columns() {
    let account = Account::new();
    let columns = |count: usize| (0..count).map(|at| json!({ "name": at.to_string(), "label": "C", "type": "TEXT" })).collect::<Vec<_>>();
    let table = |count: usize| json!({ "name": count.to_string(), "label": "T", "columns": columns(count) });
    account.call("POST /cms/v3/hubdb/tables", table(251)).refused(400, "at most 250 columns");
    account.call("POST /cms/v3/hubdb/tables", table(250)).expect(201);
}

#[test]
fn a_table_has_a_bounded_number_of_rows() {
    let account = Account::new();
    let table = json!({ "name": "t", "label": "T", "columns": [{ "name": "a", "label": "A", "type": "TEXT" }] });
    account.call("POST /cms/v3/hubdb/tables", table).expect(201);
    let inputs = |count: usize| json!({ "inputs": vec![json!({ "values": { "a": "x" } }); count] });
    let more = "POST /cms/v3/hubdb/tables/t/rows/draft/batch/create";
    for _ in 0..100 {
        account.call(more, inputs(100)).expect(201);
    }
    account.call(more, inputs(1)).refused(400, "at most 10000 rows");
}

#[test]
fn an_error_of_a_thousand_faults_lists_the_first_of_them() {
    let account = Account::new();
    let unknown: serde_json::Map<String, Value> = (0..1_000).map(|at| (format!("unknown_{at}"), json!("x"))).collect();
    let refused = account.call("POST /crm/v3/objects/contacts", json!({ "properties": unknown })).expect(400);
    assert_eq!(refused["errors"].as_array().unwrap().len(), 25);
    assert!(refused.to_string().len() < 50_000);
}
