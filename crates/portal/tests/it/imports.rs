//! Imports: rows as records, errors row by row, how one is followed and canceled, and what is refused.

use keyway_portal::Storage;
use serde_json::{Value, json};

use crate::support::{APP_ID, Account, Answer, HUB_ID};

const ROOTS: [&str; 4] = ["/crm/v3/imports", "/crm/imports/2025-09", "/crm/imports/2026-03", "/crm/imports/2026-09"];
const ROOT: &str = ROOTS[3];

/// A body as clients send it: the request, then the files.
fn form(request: &Value, files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut body = format!("--b\r\nContent-Disposition: form-data; name=\"importRequest\"\r\n\r\n{request}\r\n").into_bytes();
    for (name, bytes) in files {
        let head = format!("--b\r\nContent-Disposition: form-data; name=\"files\"; filename=\"{name}\"\r\nContent-Type: text/csv\r\n\r\n");
        body.extend([head.as_bytes(), bytes, b"\r\n"].concat());
    }
    body.extend_from_slice(b"--b--\r\n");
    body
}

/// Columns as `type.property` or `type.property!` for an alternate id; the header has the property's name.
fn file(name: &str, columns: &[&str]) -> Value {
    let mapping = |column: &&str| {
        let (type_id, property) = column.split_once('.').unwrap();
        let name = property.trim_end_matches('!');
        let mut mapping = json!({ "columnObjectTypeId": type_id, "columnName": name, "propertyName": name });
        if property.ends_with('!') {
            mapping["columnType"] = "HUBSPOT_ALTERNATE_ID".into();
        }
        mapping
    };
    let columns: Vec<Value> = columns.iter().map(mapping).collect();
    json!({ "fileName": name, "fileFormat": "CSV", "fileImportPage": { "hasHeader": true, "columnMappings": columns } })
}

fn request(columns: &[&str], operations: Value) -> Value {
    json!({ "name": "May", "importOperations": operations, "dateFormat": "DAY_MONTH_YEAR", "files": [file("a.csv", columns)] })
}

fn post(account: &Account, request: &Value, csv: &[u8]) -> Answer {
    account.call_with(&format!("POST {ROOT}"), &form(request, &[("a.csv", csv)]))
}

/// Does an import; its counters and its errors come back.
fn import(account: &Account, request: &Value, csv: &[u8]) -> (Value, Vec<Value>) {
    let id = post(account, request, csv).expect(200)["id"].as_str().unwrap().to_owned();
    finished(account, &id)
}

fn finished(account: &Account, id: &str) -> (Value, Vec<Value>) {
    account.get(&format!("{ROOT}/{id}")).expect(200);
    let done = account.get(&format!("{ROOT}/{id}")).expect(200);
    assert_eq!(done["state"], "DONE");
    let errors = account.get(&format!("{ROOT}/{id}/errors?limit=100")).expect(200);
    (done["metadata"]["counters"].clone(), errors["results"].as_array().unwrap().clone())
}

fn types(errors: &[Value]) -> Vec<(&str, u64)> {
    errors.iter().map(|error| (error["errorType"].as_str().unwrap(), error["sourceData"]["lineNumber"].as_u64().unwrap())).collect()
}

fn emails(account: &Account) -> Vec<String> {
    let found = account.get("/crm/v3/objects/contacts?limit=100&properties=email").expect(200);
    found["results"].as_array().unwrap().iter().map(|one| one["properties"]["email"].as_str().unwrap_or_default().to_owned()).collect()
}

#[test]
fn an_import_is_started_at_work_and_done_on_every_version() {
    for root in ROOTS {
        let account = Account::new();
        let request = request(&["0-1.email!", "0-1.firstname"], json!({ "0-1": "UPSERT" }));
        let body = form(&request, &[("a.csv", b"email,firstname\nada@example.com,Ada\n")]);
        let begun = account.call_with(&format!("POST {root}/"), &body).expect(200);
        assert_eq!(
            (&begun["state"], &begun["mappedObjectTypeIds"], &begun["optOutImport"]),
            (&json!("STARTED"), &json!(["0-1"]), &json!(false))
        );
        let one = format!("{root}/{}", begun["id"].as_str().unwrap());
        assert_eq!(account.get(&one).expect(200)["state"], "PROCESSING");
        let done = account.get(&one).expect(200);
        assert_eq!(done["state"], "DONE");
        let counters = json!({ "TOTAL_ROWS": 1, "CREATED_OBJECTS": 1, "UNIQUE_OBJECTS_WRITTEN": 1, "PROPERTY_VALUES_EMITTED": 2, "MAPPED_COLUMNS": 2, "UNMAPPED_COLUMNS": 0 });
        assert_eq!(done["metadata"]["counters"], counters);
        assert_eq!(account.get(root).expect(200)["results"], json!([done]));
        account.call_with(&format!("POST {one}/cancel"), b"").refused(400, "can't be canceled");
        assert_eq!(account.get(&format!("{one}/errors")).expect(200), json!({ "results": [] }));
        assert_eq!(emails(&account), ["ada@example.com"]);
    }
}

#[test]
fn an_import_that_nobody_looks_at_is_done_all_the_same() {
    let account = Account::new();
    post(&account, &request(&["0-1.email"], json!({})), b"email\nada@example.com\n").expect(200);
    assert_eq!(emails(&account), ["ada@example.com"]);
}

#[test]
fn a_cancel_that_comes_next_finds_nothing_done() {
    for root in ROOTS {
        let account = Account::new();
        let body = form(&request(&["0-1.email"], json!({})), &[("a.csv", b"email\nada@example.com\n")]);
        let begun = account.call_with(&format!("POST {root}"), &body).expect(200);
        let one = format!("{root}/{}", begun["id"].as_str().unwrap());
        assert_eq!(account.call_with(&format!("POST {one}/cancel"), b"").expect(200)["status"], "CANCELED");
        assert_eq!(account.get(&one).expect(200)["state"], "CANCELED");
        assert_eq!(emails(&account), Vec::<String>::new());
        account.call_with(&format!("POST {root}/999/cancel"), b"").refused(404, "OBJECT_NOT_FOUND");
    }
}

#[test]
fn operations_say_what_may_be_done_with_a_record() {
    for (operation, expected, error) in [
        ("UPSERT", vec!["ada@example.com Ada", "ben@example.com Ben"], None),
        ("CREATE", vec!["ada@example.com Old", "ben@example.com Ben"], Some(("CREATE_ONLY_IMPORT", 2))),
        ("UPDATE", vec!["ada@example.com Ada"], Some(("UPDATE_ONLY_IMPORT", 3))),
    ] {
        let account = Account::new();
        account.make("contacts", json!({ "email": "ada@example.com", "firstname": "Old" }));
        let request = request(&["0-1.email!", "0-1.firstname"], json!({ "0-1": operation }));
        let (_, errors) = import(&account, &request, b"email,firstname\nAda@example.com,Ada\nben@example.com,Ben\n");
        let found = account.get("/crm/v3/objects/contacts?properties=email,firstname").expect(200);
        let text =
            |one: &Value| format!("{} {}", one["properties"]["email"].as_str().unwrap(), one["properties"]["firstname"].as_str().unwrap());
        assert_eq!(found["results"].as_array().unwrap().iter().map(text).collect::<Vec<_>>(), expected, "{operation}");
        assert_eq!(types(&errors), error.into_iter().collect::<Vec<_>>(), "{operation}");
    }
}

#[test]
fn records_are_found_by_id_and_companies_by_domain() {
    let account = Account::new();
    let one = account.make("companies", json!({ "name": "One", "domain": "one.example.com" }));
    let mut by_id = request(&["0-2.name"], json!({}));
    let id = json!({ "columnObjectTypeId": "0-2", "columnName": "Record ID", "propertyName": null, "idColumnType": "HUBSPOT_OBJECT_ID" });
    by_id["files"][0]["fileImportPage"]["columnMappings"].as_array_mut().unwrap().push(id);
    let csv = format!("name,Record ID\nUno,{one}\nNobody,999\nText,x\n");
    let (counters, errors) = import(&account, &by_id, csv.as_bytes());
    assert_eq!((&counters["UPDATED_OBJECTS"], types(&errors)), (&json!(1), vec![("INVALID_OBJECT_ID", 3), ("INVALID_OBJECT_ID", 4)]));
    let by_domain = request(&["0-2.domain!", "0-2.name"], json!({}));
    let (counters, _) = import(&account, &by_domain, b"domain,name\nONE.example.com,Ein\ntwo.example.com,Zwei\ntwo.example.com,Deux\n");
    assert_eq!((&counters["UPDATED_OBJECTS"], &counters["CREATED_OBJECTS"]), (&json!(2), &json!(1)));
    account.make("companies", json!({ "name": "Other", "domain": "two.example.com" }));
    let (_, errors) = import(&account, &by_domain, b"domain,name\ntwo.example.com,X\n");
    assert_eq!(types(&errors), [("MULTIPLE_COMPANIES_WITH_THIS_DOMAIN", 2)]);
}

#[test]
fn a_bad_row_is_an_error_and_the_others_go_on() {
    let account = Account::new();
    let csv = b"email,lifecyclestage,hubspot_owner_id\n\
        good@example.com,Lead,Olivia Owens\n\
        not an address,lead,\n\
        b@example.com,nonsense,\n\
        c@example.com,lead\n\
        d@example.com,lead,,more\n\
        \xff@example.com,lead,\n\
        e@example.com,lead,nobody@example.com\n\
        ,,\n\
        last@example.com,customer,5002\n";
    let (counters, errors) = import(&account, &request(&["0-1.email", "0-1.lifecyclestage", "0-1.hubspot_owner_id"], json!({})), csv);
    assert_eq!(
        types(&errors),
        [
            ("INVALID_EMAIL", 3),
            ("INVALID_ENUMERATION_OPTION", 4),
            ("INCORRECT_NUMBER_OF_COLUMNS", 5),
            ("INCORRECT_NUMBER_OF_COLUMNS", 6),
            ("COULD_NOT_PARSE_ROW", 7),
            ("COULD_NOT_FIND_OWNER", 8)
        ]
    );
    assert_eq!((&counters["TOTAL_ROWS"], &counters["CREATED_OBJECTS"], &counters["ERRORS"]), (&json!(9), &json!(2), &json!(6)));
    assert_eq!(emails(&account), ["good@example.com", "last@example.com"]);
    let first = &errors[0];
    assert_eq!(
        (&first["invalidValue"], &first["knownColumnNumber"], &first["objectType"]),
        (&json!("not an address"), &json!(0), &json!("CONTACT"))
    );
    assert_eq!(first["sourceData"]["rowData"], json!(["not an address", "lead", ""]));
    // Paged, and without what is not asked for.
    let page = account.get(&format!("{ROOT}/101/errors?limit=2&includeRowData=false&includeErrorMessage=false")).expect(200);
    assert_eq!((&page["results"][0]["sourceData"]["rowData"], page["results"][0].get("errorMessage")), (&json!([]), None));
    let rest = account.get(&format!("{ROOT}/101/errors?after={}", page["paging"]["next"]["after"].as_str().unwrap())).expect(200);
    assert_eq!((rest["results"].as_array().unwrap().len(), rest.get("paging")), (4, None));
}

#[test]
fn rows_obey_required_properties_unique_values_and_rules() {
    let account = Account::new();
    let code = json!({ "name": "code", "label": "Code", "type": "string", "fieldType": "text", "groupName": "contactinformation", "hasUniqueValue": true });
    account.call("POST /crm/v3/properties/contacts", code).expect(201);
    account.make("contacts", json!({ "email": "one@example.com", "code": "A" }));
    let (_, errors) = import(&account, &request(&["0-1.email", "0-1.code"], json!({})), b"email,code\ntwo@example.com,A\n");
    assert_eq!(types(&errors), [("DUPLICATE_UNIQUE_PROPERTY_VALUE", 2)]);
    let (_, errors) = import(
        &account,
        &request(&["0-3.dealname", "0-3.amount", "0-3.closedate"], json!({})),
        b"dealname,amount,closedate\nBig,1,31/1/2027\n",
    );
    assert_eq!(types(&errors), [("MISSING_REQUIRED_PROPERTY", 2)]);
    let columns = ["0-3.dealname", "0-3.dealstage", "0-3.amount", "0-3.closedate"];
    let csv = b"dealname,dealstage,amount,closedate\nBig,closedwon,1,31/1/2027\nBig,closedwon,much,31/1/2027\nBig,closedwon,1,1/31/2027\n";
    let (_, errors) = import(&account, &request(&columns, json!({})), csv);
    assert_eq!(types(&errors), [("COULD_NOT_PARSE_NUMBER", 3), ("COULD_NOT_PARSE_DATE", 4)]);
    let deals = account.get("/crm/v3/objects/deals?properties=closedate,pipeline").expect(200);
    assert_eq!(deals["results"][0]["properties"]["closedate"], "2027-01-31T00:00:00.000Z");
    assert_eq!(deals["results"][0]["properties"]["pipeline"], "default");
}

#[test]
fn two_types_in_one_row_are_associated() {
    let account = Account::new();
    let csv = b"email,name,domain\nada@acme.example.com,Acme,acme.example.com\nben@acme.example.com,Acme,acme.example.com\n";
    let (counters, errors) = import(&account, &request(&["0-1.email!", "0-2.name", "0-2.domain!"], json!({})), csv);
    assert_eq!((&counters["CREATED_OBJECTS"], &counters["ASSOCIATIONS_CREATED"], errors.len()), (&json!(3), &json!(2), 0));
    let linked = account.get("/crm/v4/objects/companies/101/associations/contacts").expect(200);
    assert_eq!(linked["results"].as_array().unwrap().len(), 2);
}

#[test]
fn two_files_are_associated_by_the_column_they_share() {
    let account = Account::new();
    let mut contacts = file("contacts.csv", &["0-1.email!", "0-1.firstname"]);
    contacts["fileImportPage"]["columnMappings"][0]["associationIdentifierColumn"] = true.into();
    let mut companies = file("companies.csv", &["0-2.name"]);
    let shared = json!({
        "columnObjectTypeId": "0-2", "toColumnObjectTypeId": "0-1", "columnName": "email", "propertyName": null,
        "foreignKeyType": { "associationTypeId": 2, "associationCategory": "HUBSPOT_DEFINED" },
    });
    companies["fileImportPage"]["columnMappings"].as_array_mut().unwrap().push(shared);
    let request = json!({ "name": "Both", "files": [companies, contacts] });
    let files: [(&str, &[u8]); 2] = [
        ("companies.csv", b"name,email\nAcme,ada@example.com\nBolt,nobody@example.com\n"),
        ("contacts.csv", b"email,firstname\nAda@example.com,Ada\n"),
    ];
    let id = account.call_with(&format!("POST {ROOT}"), &form(&request, &files)).expect(200)["id"].as_str().unwrap().to_owned();
    let (counters, errors) = finished(&account, &id);
    assert_eq!((&counters["CREATED_OBJECTS"], &counters["ASSOCIATIONS_CREATED"]), (&json!(3), &json!(1)));
    assert_eq!(types(&errors), [("NO_OBJECT_ID_FROM_ASSOCIATION_IDENTIFIER", 3)]);
    let linked = account.get("/crm/v4/objects/companies/101/associations/contacts").expect(200);
    let types: Vec<&Value> = linked["results"][0]["associationTypes"].as_array().unwrap().iter().map(|own| &own["typeId"]).collect();
    assert!(types.contains(&&json!(2)), "{linked}");
}

#[test]
fn a_file_that_is_not_what_the_request_says_fails_the_import_and_writes_nothing() {
    for (columns, csv, error) in [
        (vec!["0-1.email", "0-1.city"], &b"email,town\nada@example.com,Porto\n"[..], "INVALID_COLUMN_CONFIGURATION"),
        (vec!["0-1.email", "0-1.shoe_size"], b"email,shoe_size\nada@example.com,38\n", "PROPERTY_DEFINITION_NOT_FOUND"),
        (vec!["0-1.email"], b"", "INVALID_FILE_TYPE"),
        (vec!["0-1.email"], b"\xff\xfee\0m\0a\0i\0l\0\n\0", "INVALID_FILE_TYPE"),
    ] {
        let account = Account::new();
        let id = post(&account, &request(&columns, json!({})), csv).expect(200)["id"].as_str().unwrap().to_owned();
        assert_eq!(account.get(&format!("{ROOT}/{id}")).expect(200)["state"], "FAILED", "{error}");
        let errors = account.get(&format!("{ROOT}/{id}/errors")).expect(200);
        assert_eq!((&errors["results"][0]["errorType"], &errors["results"][0]["sourceData"]["lineNumber"]), (&json!(error), &json!(0)));
        assert_eq!(emails(&account), Vec::<String>::new());
    }
}

#[test]
fn what_is_no_import_is_refused_and_leaves_nothing() {
    let account = Account::new();
    let good = || request(&["0-1.email"], json!({}));
    let with = |pointer: &str, value: Value| {
        let mut request = good();
        *request.pointer_mut(pointer).unwrap() = value;
        request
    };
    let mapping = |mapping: Value| with("/files/0/fileImportPage/columnMappings", json!([mapping]));
    let column = |field: &str, value: Value| {
        let mut column = json!({ "columnObjectTypeId": "0-1", "columnName": "email", "propertyName": "email" });
        column[field] = value;
        mapping(column)
    };
    let refusals = [
        (with("/name", json!("")), "name"),
        (with("/files", json!([])), "files"),
        (with("/files/0/fileName", json!("../a.csv")), "without a folder"),
        (with("/files/0/fileName", json!("C:\\a.csv")), "without a folder"),
        (with("/files/0/fileName", json!("other.csv")), "other.csv"),
        (with("/files/0/fileFormat", json!("SPREADSHEET")), "reads no spreadsheets"),
        (with("/files/0/fileImportPage/columnMappings", json!([])), "columnMappings"),
        (with("/dateFormat", json!("WHENEVER")), "dateFormat"),
        (with("/importOperations", json!({ "0-1": "DELETE" })), "importOperations"),
        (with("/importOperations", json!({ "spaceships": "CREATE" })), "object type"),
        (column("columnObjectTypeId", json!("spaceships")), "object type"),
        (column("columnObjectTypeId", json!(7)), "columnObjectTypeId"),
        (column("columnType", json!("NAME")), "columnType"),
        (
            mapping(
                json!({ "columnObjectTypeId": "0-1", "columnName": "c", "propertyName": "city", "columnType": "HUBSPOT_ALTERNATE_ID" }),
            ),
            "unique",
        ),
        (column("foreignKeyType", json!({ "associationTypeId": 424_242 })), "424242"),
        (mapping(json!({ "ignored": true, "columnName": "email" })), "columnMappings"),
    ];
    let before = account.written();
    for (request, told) in refusals {
        post(&account, &request, b"email\nada@example.com\n").refused(400, told);
    }
    post(&account, &column("columnType", json!("FLEXIBLE_ASSOCIATION_LABEL")), b"email\n").refused(501, "FLEXIBLE_ASSOCIATION_LABEL");
    post(&account, &good(), "a@example.com\n".repeat(20_002).as_bytes()).refused(400, "20000 rows");
    post(&account, &good(), ",".repeat(1_001).as_bytes()).refused(400, "1000 columns");
    let line = format!("POST {ROOT}");
    account.call_with(&line, &form(&good(), &[])).refused(400, "a.csv");
    account.call_with(&line, &form(&good(), &[("a.csv", b"x"), ("a.csv", b"y")])).refused(400, "twice");
    account.call_with(&line, b"{}").refused(400, "multipart");
    let mut long = good();
    long["more"] = json!("x".repeat(1 << 20));
    post(&account, &long, b"email\n").refused(400, "1048576 bytes");
    account
        .call_with(&line, b"--b\r\nContent-Disposition: form-data; name=\"importRequest\"\r\n\r\n[[[\r\n--b--\r\n")
        .refused(400, "importRequest");
    account.get(&format!("{ROOT}/101")).refused(404, "OBJECT_NOT_FOUND");
    account.get(&format!("{ROOT}/101/errors")).refused(404, "OBJECT_NOT_FOUND");
    assert_eq!(account.written(), before);
}

#[test]
fn an_import_that_waits_survives_a_restart_and_a_snapshot() {
    let folder = tempfile::tempdir().unwrap();
    let account = Account::open(Storage::Folder(folder.path().to_owned()));
    post(&account, &request(&["0-1.email"], json!({})), b"email\nada@example.com\nnot an address\n").expect(200);
    account.block_on(account.portal().close());
    drop(account);
    let account = Account::open(Storage::Folder(folder.path().to_owned()));
    let copy = account.copy();
    assert_eq!(emails(&account), ["ada@example.com"]);
    assert_eq!(finished(&account, "101").1.len(), 1);
    account.block_on(account.portal().empty_account(HUB_ID)).unwrap();
    assert_eq!(emails(&account), Vec::<String>::new());
    account.block_on(account.portal().put_back(HUB_ID, &copy)).unwrap();
    assert_eq!(emails(&account), ["ada@example.com"]);
}

/// Rows that one call does: each takes 80 steps of the 100,000 that a part has.
const ROWS_OF_A_PART: usize = 1_250;
const OTHER_APP: u64 = APP_ID + 1;

/// Sends an import of so many contacts that have no unique value: a row that is done twice shows.
fn post_rows(account: &Account, rows: usize) -> String {
    let csv: String = (0..rows).map(|at| format!("n{at}\n")).collect();
    let begun = post(account, &request(&["0-1.firstname"], json!({})), format!("firstname\n{csv}").as_bytes()).expect(200);
    begun["id"].as_str().unwrap().to_owned()
}

fn total(account: &Account, app_id: u64) -> usize {
    let found = account.call_by(app_id, "POST /crm/v3/objects/contacts/search", br#"{"limit":1}"#).expect(200);
    found["total"].as_u64().unwrap() as usize
}

#[test]
fn a_call_of_another_app_does_one_part_of_a_long_import_and_its_own_app_finds_all_done() {
    let account = Account::new();
    let id = post_rows(&account, 3 * ROWS_OF_A_PART);
    let one = format!("GET {ROOT}/{id}");
    assert_eq!(total(&account, OTHER_APP), ROWS_OF_A_PART);
    for _ in 0..2 {
        let seen = account.call_by(OTHER_APP, &one, b"").expect(200);
        assert_eq!(seen["state"], "PROCESSING");
    }
    assert_eq!(total(&account, OTHER_APP), 3 * ROWS_OF_A_PART);
    let second = post_rows(&account, 3 * ROWS_OF_A_PART);
    assert_eq!(total(&account, OTHER_APP), 4 * ROWS_OF_A_PART);
    let part = account.call_by(OTHER_APP, &format!("GET {ROOT}/{second}"), b"").expect(200);
    assert_eq!((&part["state"], &part["metadata"]["counters"]["TOTAL_ROWS"]), (&json!("PROCESSING"), &json!(2 * ROWS_OF_A_PART)));
    assert_eq!(total(&account, APP_ID), 6 * ROWS_OF_A_PART);
    let (counters, errors) = finished(&account, &second);
    assert_eq!((&counters["UNIQUE_OBJECTS_WRITTEN"], errors.len()), (&json!(3 * ROWS_OF_A_PART), 0));
}

#[test]
fn a_short_import_is_done_before_the_next_call_of_any_app() {
    let account = Account::new();
    post_rows(&account, ROWS_OF_A_PART - 1);
    assert_eq!(total(&account, OTHER_APP), ROWS_OF_A_PART - 1);
}

#[test]
fn an_import_that_is_canceled_between_two_parts_keeps_what_is_done() {
    let account = Account::new();
    let id = post_rows(&account, 3 * ROWS_OF_A_PART);
    assert_eq!(total(&account, OTHER_APP), ROWS_OF_A_PART);
    assert_eq!(account.call_with(&format!("POST {ROOT}/{id}/cancel"), b"").expect(200)["status"], "CANCELED");
    let seen = account.get(&format!("{ROOT}/{id}")).expect(200);
    assert_eq!((&seen["state"], &seen["metadata"]["counters"]["TOTAL_ROWS"]), (&json!("CANCELED"), &json!(ROWS_OF_A_PART)));
    assert_eq!(total(&account, APP_ID), ROWS_OF_A_PART);
}

#[test]
fn an_import_goes_on_after_a_restart_and_in_a_snapshot_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let account = Account::open(Storage::Folder(folder.path().to_owned()));
    let id = post_rows(&account, 3 * ROWS_OF_A_PART);
    assert_eq!(total(&account, OTHER_APP), ROWS_OF_A_PART);
    account.block_on(account.portal().close());
    drop(account);
    let account = Account::open(Storage::Folder(folder.path().to_owned()));
    let copy = account.copy();
    assert_eq!(total(&account, OTHER_APP), 2 * ROWS_OF_A_PART);
    // The account goes back to one part done while its import is two parts on.
    account.block_on(account.portal().put_back(HUB_ID, &copy)).unwrap();
    assert_eq!(total(&account, APP_ID), 3 * ROWS_OF_A_PART);
    assert_eq!(finished(&account, &id).0["UNIQUE_OBJECTS_WRITTEN"], json!(3 * ROWS_OF_A_PART));
}

#[test]
fn files_that_name_each_others_records_are_associated_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let account = Account::open(Storage::Folder(folder.path().to_owned()));
    let mut contacts = file("contacts.csv", &["0-1.firstname"]);
    let mut companies = file("companies.csv", &["0-2.name"]);
    let key = json!({ "columnObjectTypeId": "0-2", "columnName": "key", "propertyName": "city", "associationIdentifierColumn": true });
    let to = json!({ "columnObjectTypeId": "0-1", "toColumnObjectTypeId": "0-2", "columnName": "key", "propertyName": null });
    companies["fileImportPage"]["columnMappings"].as_array_mut().unwrap().push(key);
    contacts["fileImportPage"]["columnMappings"].as_array_mut().unwrap().push(to);
    let request = json!({ "name": "Both", "dateFormat": "DAY_MONTH_YEAR", "files": [contacts, companies] });
    let rows: String = (0..2_000).map(|at| format!("n{at},k{at}\n")).collect();
    let files: [(&str, &[u8]); 2] =
        [("contacts.csv", &format!("firstname,key\n{rows}").into_bytes()), ("companies.csv", &format!("name,key\n{rows}").into_bytes())];
    let begun = account.call_with(&format!("POST {ROOT}"), &form(&request, &files)).expect(200);
    // Two parts do the contacts and some of the companies.
    total(&account, OTHER_APP);
    total(&account, OTHER_APP);
    account.block_on(account.portal().close());
    drop(account);
    let account = Account::open(Storage::Folder(folder.path().to_owned()));
    let (counters, errors) = finished(&account, begun["id"].as_str().unwrap());
    assert_eq!((&counters["ASSOCIATIONS_CREATED"], errors.len()), (&json!(2_000), 0));
    assert_eq!((&counters["CREATED_OBJECTS"], &counters["TOTAL_ROWS"]), (&json!(4_000), &json!(4_000)));
}

#[test]
fn errors_show_the_beginning_of_a_long_cell() {
    let account = Account::new();
    let (_, errors) = import(&account, &request(&["0-1.email"], json!({})), format!("email\n{}\n", "x".repeat(500_000)).as_bytes());
    assert_eq!(errors[0]["sourceData"]["rowData"][0].as_str().unwrap().len(), 1_000);
    assert!(errors[0].to_string().len() < 10_000);
}

/// Imports one contact; the next call finds it.
pub fn one_contact(account: &Account, email: &str) {
    post(account, &request(&["0-1.email"], json!({})), format!("email\n{email}\n").as_bytes()).expect(200);
}

/// Imports so many contacts.
pub fn contacts(account: &Account, count: usize) {
    let rows: String = (0..count).map(|at| format!("{at}@example.com\n")).collect();
    post(account, &request(&["0-1.email"], json!({})), format!("email\n{rows}").as_bytes()).expect(200);
}
