//! Exports: what is in the file, how its task is followed, and what is refused.

use keyway_portal::Storage;
use serde_json::{Value, json};

use crate::support::{Account, HUB_ID};

const ROOTS: [&str; 4] =
    ["/crm/v3/exports/export", "/crm/exports/2025-09/export", "/crm/exports/2026-03/export", "/crm/exports/2026-09/export"];

fn view(properties: Value) -> Value {
    json!({
        "exportType": "VIEW", "format": "CSV", "exportName": "All", "objectType": "CONTACT", "objectProperties": properties, "language": "EN",
        "exportInternalValuesOptions": ["NAMES", "VALUES"], "overrideAssociatedObjectsPerDefinitionPerRowLimit": false,
    })
}

/// The file of an export that is asked for.
fn file(account: &Account, body: Value) -> String {
    file_at(account, ROOTS[3], body)
}

fn file_at(account: &Account, root: &str, body: Value) -> String {
    let task = account.call(&format!("POST {root}/async"), body).expect(202);
    let status = format!("{root}/async/tasks/{}/status", task["id"].as_str().unwrap());
    assert_eq!(account.get(&status).expect(200)["status"], "PROCESSING");
    let done = account.get(&status).expect(200);
    assert_eq!(done["status"], "COMPLETE");
    let path = done["result"].as_str().unwrap().strip_prefix("http://127.0.0.1:8484").unwrap();
    assert_eq!(path, format!("{root}/{}/download", task["id"].as_str().unwrap()));
    account.download(path)
}

#[test]
fn an_export_is_followed_to_its_file_on_every_version() {
    for root in ROOTS {
        let account = Account::new();
        let id = account.contact("ada@example.com");
        assert_eq!(file_at(&account, root, view(json!(["email"]))), format!("hs_object_id,email\n{id},ada@example.com\n"));
        let export = account.get(&format!("{root}/101")).expect(200);
        assert_eq!((&export["exportState"], &export["recordCount"], &export["objectType"]), (&json!("DONE"), &json!(1), &json!("CONTACT")));
        assert_eq!(export.get("file"), None);
    }
}

#[test]
fn cells_are_quoted_and_formulas_stay_what_they_are() {
    let account = Account::new();
    account.make("contacts", json!({ "email": "a@example.com", "city": "Porto, \"Baixa\"\nPT", "firstname": "=1+1" }));
    let made = file(&account, view(json!(["firstname", "city"])));
    assert_eq!(made, "hs_object_id,firstname,city\n101,=1+1,\"Porto, \"\"Baixa\"\"\nPT\"\n");
}

#[test]
fn labels_stand_for_names_and_options_unless_internal_ones_are_asked_for() {
    let account = Account::new();
    let deal = json!({ "dealname": "Big", "pipeline": "default", "dealstage": "closedwon", "hubspot_owner_id": "5001" });
    let id = account.make("deals", deal);
    let mut wanted = view(json!(["dealname", "dealstage", "hubspot_owner_id"]));
    wanted["objectType"] = "deals".into();
    wanted["exportInternalValuesOptions"] = json!([]);
    assert_eq!(file(&account, wanted), format!("Record ID,Dealname,Dealstage,Owner\n{id},Big,Closed Won,Olivia Owens\n"));
}

#[test]
fn a_view_is_filtered_and_sorted_and_has_no_pages() {
    let account = Account::new();
    for at in 0..25 {
        account.make("contacts", json!({ "email": format!("c{at:02}@example.com"), "city": if at % 2 == 0 { "Porto" } else { "Oslo" } }));
    }
    let mut wanted = view(json!(["email"]));
    wanted["publicCrmSearchRequest"] = json!({
        "filters": [{ "propertyName": "city", "operator": "EQ", "value": "Porto" }], "sorts": [{ "propertyName": "email", "order": "DESC" }],
    });
    let made = file(&account, wanted);
    assert_eq!((made.lines().count(), made.lines().nth(1).unwrap().ends_with("c24@example.com")), (14, true), "{made}");
}

#[test]
fn a_list_is_exported_with_what_its_records_are_associated_with() {
    let account = Account::new();
    let (one, _) = (account.contact("one@example.com"), account.contact("two@example.com"));
    let company = account.make("companies", json!({ "name": "Acme" }));
    account.call(&format!("PUT /crm/v4/objects/contacts/{one}/associations/default/companies/{company}"), json!({})).expect(200);
    let list = json!({ "name": "Some", "objectTypeId": "0-1", "processingType": "MANUAL" });
    let list = account.call("POST /crm/v3/lists", list).expect(200)["list"]["listId"].clone();
    account.call(&format!("PUT /crm/v3/lists/{}/memberships/add", list.as_str().unwrap()), json!([one])).expect(200);
    let mut wanted = view(json!(["email"]));
    wanted["exportType"] = "LIST".into();
    wanted["listId"] = list;
    wanted["associatedObjectType"] = json!(["COMPANY"]);
    assert_eq!(file(&account, wanted.clone()), format!("hs_object_id,email,Associated Company IDs\n{one},one@example.com,{company}\n"));
    wanted["objectType"] = "companies".into();
    wanted["objectProperties"] = json!(["name"]);
    account.call("POST /crm/v3/exports/export/async", wanted.clone()).refused(400, "another object type");
    wanted["listId"] = "999".into();
    account.call("POST /crm/v3/exports/export/async", wanted).refused(404, "List 999");
}

#[test]
fn what_can_not_be_exported_is_refused_and_leaves_nothing() {
    let account = Account::new();
    let with = |field: &str, value: Value| {
        let mut body = view(json!(["email"]));
        body[field] = value;
        body
    };
    for (field, value, told) in [
        ("format", json!("XLSX"), "writes no spreadsheets"),
        ("format", json!("PDF"), "format"),
        ("exportType", json!("ALL"), "exportType"),
        ("exportName", json!(""), "exportName"),
        ("exportName", json!("x".repeat(300)), "exportName"),
        ("objectType", json!("spaceships"), "object type"),
        ("objectProperties", json!(["nope"]), "PROPERTY_DOESNT_EXIST"),
        ("objectProperties", Value::Null, "objectProperties"),
        ("objectProperties", json!(vec!["email"; 1_001]), "at most 1000"),
        ("exportInternalValuesOptions", json!(["BOTH"]), "exportInternalValuesOptions"),
        ("publicCrmSearchRequest", json!([]), "publicCrmSearchRequest"),
        ("publicCrmSearchRequest", json!({ "sorts": [{ "propertyName": "email", "order": "UP" }] }), "order"),
        ("publicCrmSearchRequest", json!({ "filters": [{ "propertyName": "nope", "operator": "EQ", "value": "1" }] }), "nope"),
    ] {
        let before = account.written();
        account.call("POST /crm/exports/2026-09/export/async", with(field, value)).refused(400, told);
        assert_eq!(account.written(), before, "{field}");
    }
    account.get("/crm/exports/2026-09/export/101").refused(404, "OBJECT_NOT_FOUND");
    account.get("/crm/exports/2026-09/export/101/download").refused(404, "OBJECT_NOT_FOUND");
    account.get("/crm/exports/2026-09/export/async/tasks/101/status").refused(404, "OBJECT_NOT_FOUND");
}

#[test]
fn an_account_keeps_its_newest_exports_and_they_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let account = Account::open(Storage::Folder(folder.path().to_owned()));
    for _ in 0..51 {
        account.call("POST /crm/v3/exports/export/async", view(json!(["email"]))).expect(202);
    }
    account.get("/crm/v3/exports/export/101").refused(404, "OBJECT_NOT_FOUND");
    account.contact("later@example.com");
    account.block_on(account.portal().close());
    drop(account);
    let account = Account::open(Storage::Folder(folder.path().to_owned()));
    // As of the request: the contact came later.
    assert_eq!(account.download("/crm/v3/exports/export/151/download"), "hs_object_id,email\n");
    let copy = account.copy();
    account.block_on(account.portal().empty_account(HUB_ID)).unwrap();
    account.block_on(account.portal().put_back(HUB_ID, &copy)).unwrap();
    account.get("/crm/v3/exports/export/151").expect(200);
}

#[test]
fn the_file_of_an_export_that_an_earlier_build_made_is_there() {
    let account = Account::new();
    account.contact("ada@example.com");
    account.call("POST /crm/v3/exports/export/async", view(json!(["email"]))).expect(202);
    let written = String::from_utf8(account.copy()).unwrap();
    // Earlier builds kept the file within the export.
    let before: Vec<String> = written
        .lines()
        .filter(|line| !line.contains("exports-files#"))
        .map(|line| line.replace(r#""exportName":"#, r#""file":"hs_object_id\n7\n","exportName":"#))
        .collect();
    assert_eq!(before.len() + 1, written.lines().count());
    account.block_on(account.portal().put_back(HUB_ID, before.join("\n").as_bytes())).unwrap();
    assert_eq!(account.download("/crm/v3/exports/export/101/download"), "hs_object_id\n7\n");
    assert_eq!(account.get("/crm/v3/exports/export/101").expect(200).get("file"), None);
}
