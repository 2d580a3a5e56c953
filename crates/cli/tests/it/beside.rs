//! What a scope covers: object types that a call names beside its path need their own, on an embedded account and in
//! front of HubSpot.

use serde_json::{Value, json};

use crate::connection::base;
use crate::harness::Keyway;

const ALL: &str = "crm.objects.contacts.read,crm.objects.contacts.write,crm.objects.deals.read,crm.objects.deals.write,crm.lists.read,\
                   crm.lists.write,crm.export,crm.import,crm.objects.custom.read,crm.schemas.contacts.write";

/// An account with a contact and a deal that are associated, and apps that may do different things.
struct Account {
    keyway: Keyway,
    hub: &'static str,
    full: String,
    contact: String,
    deal: String,
}

fn app(keyway: &Keyway, hub: &str, name: &str, scopes: &str) -> String {
    let made = keyway.json(&["app", "create", name, "--account", hub, "--scopes", scopes]);
    made["token"]["value"].as_str().unwrap().to_owned()
}

impl Account {
    fn start() -> Self {
        let keyway = Keyway::start(&["--ephemeral"]);
        let hub = "4242";
        keyway.json(&["account", "create", "HubSpot", "--hub-id", hub]);
        let full = app(&keyway, hub, "Full", ALL);
        let made = |path: &str, properties: Value| {
            let (status, made) = keyway.call(&full, "POST", path, Some(&json!({ "properties": properties }).to_string()));
            assert_eq!(status, 201, "{made}");
            made["id"].as_str().unwrap().to_owned()
        };
        let contact = made("/crm/v3/objects/contacts", json!({ "email": "a@example.com" }));
        let deal = made("/crm/v3/objects/deals", json!({ "dealname": "SECRETDEAL", "dealstage": "appointmentscheduled" }));
        let link = format!("/crm/v4/objects/contacts/{contact}/associations/default/deals/{deal}");
        assert!(keyway.call(&full, "PUT", &link, None).0 < 300);
        Self { keyway, hub, full, contact, deal }
    }

    /// Calls that name deals beside their path, as method, target and body.
    fn calls(&self) -> Vec<(&'static str, String, Value)> {
        let (contact, deal) = (&self.contact, &self.deal);
        let to_deal =
            |id: &str| json!([{ "to": { "id": id }, "types": [{ "associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 4 }] }]);
        let filters = json!({ "filters": [{ "propertyName": "associations.deal", "operator": "EQ", "value": deal }] });
        vec![
            ("GET", format!("/crm/v3/objects/contacts/{contact}?associations=deals"), Value::Null),
            ("GET", "/crm/objects/2026-09/0-1?associations=companies%2C0-3".to_owned(), Value::Null),
            ("GET", "/crm/v4/objects/contacts?limit=1&%61ssociations=DEAL".to_owned(), Value::Null),
            ("POST", "/crm/v3/objects/contacts/batch/read".to_owned(), json!({ "inputs": [{ "id": contact }], "associations": ["deals"] })),
            ("POST", "/crm/v3/objects/contacts/search".to_owned(), filters),
            (
                "POST",
                "/crm/v3/objects/contacts".to_owned(),
                json!({ "properties": { "email": "b@example.com" }, "associations": to_deal(deal) }),
            ),
            (
                "POST",
                "/crm/v3/objects/contacts".to_owned(),
                json!({ "properties": { "email": "c@example.com" }, "associations": to_deal("99999") }),
            ),
            (
                "POST",
                "/crm/v3/objects/contacts/batch/create".to_owned(),
                json!({ "inputs": [{ "properties": { "email": "d@example.com" }, "associations": to_deal(deal) }] }),
            ),
        ]
    }
}

fn refused(keyway: &Keyway, token: &str, (method, target, body): &(&str, String, Value)) -> Value {
    let body = (!body.is_null()).then(|| body.to_string());
    let (status, refused) = keyway.call(token, method, target, body.as_deref());
    assert_eq!((status, refused["category"].as_str()), (403, Some("MISSING_SCOPES")), "{method} {target} {body:?}: {refused}");
    refused
}

#[test]
fn an_embedded_account_refuses_object_types_that_a_token_was_not_given() {
    let account = Account::start();
    let (keyway, hub) = (&account.keyway, account.hub);
    let contacts = app(keyway, hub, "Contacts", "crm.objects.contacts.read,crm.objects.contacts.write");
    for call in account.calls() {
        let body = refused(keyway, &contacts, &call).to_string();
        assert!(body.contains("crm.objects.deals.") && !body.contains("SECRETDEAL"), "{body}");
    }
    let lists = app(keyway, hub, "Lists", "crm.lists.read,crm.lists.write");
    let list = json!({ "name": "x", "objectTypeId": "0-3", "processingType": "MANUAL" });
    refused(keyway, &lists, &("POST", "/crm/v3/lists".to_owned(), list.clone()));
    let made = keyway.call(&account.full, "POST", "/crm/v3/lists", Some(&list.to_string())).1;
    let id = made["list"]["listId"].as_str().unwrap();
    for (method, tail, body) in [
        ("GET", "memberships", Value::Null),
        ("GET", "memberships/join-order", Value::Null),
        ("PUT", "memberships/add", json!([account.deal])),
        ("PUT", "memberships/add-and-remove", json!({ "recordIdsToAdd": [account.deal], "recordIdsToRemove": [] })),
        ("DELETE", "memberships", Value::Null),
    ] {
        refused(keyway, &lists, &(method, format!("/crm/v3/lists/{id}/{tail}"), body));
    }
    let export = json!({
        "exportType": "VIEW", "exportName": "x", "format": "CSV", "language": "EN", "objectType": "DEAL", "objectProperties": ["dealname"],
    });
    let exporter = app(keyway, hub, "Export", "crm.export");
    refused(keyway, &exporter, &("POST", "/crm/v3/exports/export/async".to_owned(), export.clone()));
    // An export belongs to the app that made it.
    let (status, made) = keyway.call(&account.full, "POST", "/crm/v3/exports/export/async", Some(&export.to_string()));
    assert_eq!(status, 202, "{made}");
    for (token, expected) in [(&exporter, 404), (&account.full, 200)] {
        for tail in ["", "/download"] {
            let path = format!("/crm/v3/exports/export/{}{tail}", made["id"].as_str().unwrap());
            assert_eq!(keyway.call(token, "GET", &path, None).0, expected, "{path}");
        }
    }
}

/// docs/connections.md says what a scope reaches beside its path all the same.
#[test]
fn a_merge_moves_associations_by_the_scope_of_the_merged_type_alone() {
    let account = Account::start();
    let keyway = &account.keyway;
    let contacts = app(keyway, account.hub, "Contacts", "crm.objects.contacts.read,crm.objects.contacts.write");
    let call = |method: &str, path: &str, body: Value| keyway.call(&contacts, method, path, Some(&body.to_string()));
    let (status, kept) = call("POST", "/crm/v3/objects/contacts", json!({ "properties": { "email": "kept@example.com" } }));
    assert_eq!(status, 201, "{kept}");
    let merge = json!({ "primaryObjectId": kept["id"], "objectIdToMerge": account.contact });
    let (status, merged) = call("POST", "/crm/v3/objects/contacts/merge", merge);
    assert_eq!(status, 200, "{merged}");
    // The token may not see what it moved.
    let path = format!("/crm/v3/objects/contacts/{}?associations=deals", merged["id"].as_str().unwrap());
    refused(keyway, &contacts, &("GET", path.clone(), Value::Null));
    let (status, found) = keyway.call(&account.full, "GET", &path, None);
    assert_eq!((status, &found["associations"]["deals"]["results"][0]["id"]), (200, &json!(account.deal)));
}

#[test]
fn the_remedy_of_a_refusal_opens_the_call() {
    let account = Account::start();
    let keyway = &account.keyway;
    let token = app(keyway, account.hub, "Contacts", "crm.objects.contacts.read");
    let call = ("GET", format!("/crm/v3/objects/contacts/{}?associations=deals,tickets", account.contact), Value::Null);
    let body = refused(keyway, &token, &call);
    let remedy = body["errors"][0]["context"]["remedy"][0].as_str().unwrap().to_owned();
    assert_eq!(body["errors"][1]["context"]["reaches"], json!(["reads deals", "reads tickets"]));
    let arguments: Vec<&str> = remedy.strip_prefix("keyway ").unwrap().split(' ').collect();
    keyway.json(&arguments);
    let (status, found) = keyway.call(&token, "GET", &call.1, None);
    assert_eq!(status, 200, "{found}");
    assert_eq!(found["associations"]["deals"]["results"][0]["id"], account.deal.as_str());
}

/// A gateway whose connected account is this embedded one.
fn in_front_of(account: &Account) -> Keyway {
    let gateway = Keyway::start(&["--ephemeral"]);
    let file = gateway.folder.path().join("credential");
    std::fs::write(&file, &account.full).unwrap();
    let base = base(&account.keyway);
    gateway.json(&["account", "add", "Production", "--connect", "--base-url", &base, "--credential-file", &file.display().to_string()]);
    gateway
}

#[test]
fn in_front_of_hubspot_such_calls_are_refused_until_the_operator_forwards_them() {
    let account = Account::start();
    let gateway = in_front_of(&account);
    let contacts = app(&gateway, "4242", "Contacts", "crm.objects.contacts.read,crm.objects.contacts.write");
    let before = account.keyway.json(&["audit", "list", "--app", "Full"])["records"].as_array().unwrap().len();
    for call in account.calls() {
        refused(&gateway, &contacts, &call);
    }
    let unknown =
        json!({ "associations": [{ "to": { "id": "1" }, "types": [{ "associationCategory": "USER_DEFINED", "associationTypeId": 4 }] }] });
    let body = refused(&gateway, &contacts, &("POST", "/crm/v3/objects/contacts".to_owned(), unknown));
    assert!(body["message"].as_str().unwrap().contains("keyway account update 4242 --beside-path forward"), "{body}");
    let after = account.keyway.json(&["audit", "list", "--app", "Full"])["records"].as_array().unwrap().len();
    assert_eq!(after, before, "nothing reached HubSpot");

    gateway.json(&["account", "update", "4242", "--beside-path", "forward"]);
    assert_eq!(gateway.json(&["account", "show", "4242"])["account"]["besidePath"], "forward");
    let path = format!("/crm/v3/objects/contacts/{}?associations=deals", account.contact);
    let (status, found) = gateway.call(&contacts, "GET", &path, None);
    assert_eq!((status, &found["associations"]["deals"]["results"][0]["id"]), (200, &json!(account.deal)), "{found}");
    gateway.json(&["account", "update", "4242", "--beside-path", "refuse"]);
    assert_eq!(gateway.call(&contacts, "GET", &path, None).0, 403, "effective at once");
    let own = gateway.run(&["account", "update", "1", "--beside-path", "forward"]);
    assert_ne!(own.status.code(), Some(0), "an embedded account has no such setting");
}

/// An import's form of at least so many bytes, with further parts.
fn form(length: usize, more: &str) -> String {
    let request = json!({ "name": "i", "files": [{ "fileName": "a.csv", "fileFormat": "CSV", "fileImportPage": { "hasHeader": true, "columnMappings": [
        { "columnObjectTypeId": "0-1", "columnName": "firstname", "propertyName": "firstname" } ] } }] });
    let rows = "x\n".repeat(length / 2);
    format!(
        "--b\r\nContent-Disposition: form-data; name=\"importRequest\"\r\n\r\n{request}\r\n--b\r\nContent-Disposition: form-data; name=\"files\"; filename=\"a.csv\"\r\n\r\nfirstname\n{rows}\r\n{more}--b--\r\n"
    )
}

/// Sends an import: the status, and the answer.
fn import(gateway: &Keyway, token: &str, body: &str) -> (u16, String) {
    use std::io::{Read, Write};
    let mut stream = std::net::TcpStream::connect(gateway.address("data")).unwrap();
    let head = format!(
        "POST /crm/v3/imports HTTP/1.1\r\nhost: t\r\nauthorization: Bearer {token}\r\ncontent-type: multipart/form-data; boundary=b\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    let _ = stream.write_all(&[head.as_bytes(), body.as_bytes()].concat());
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    (answer.split(' ').nth(1).unwrap_or_default().parse().unwrap_or_default(), answer)
}

#[test]
fn in_front_of_hubspot_an_import_needs_the_scopes_of_the_types_in_its_form() {
    let account = Account::start();
    let gateway = in_front_of(&account);
    let importer = app(&gateway, "4242", "Importer", "crm.import");
    let both = app(&gateway, "4242", "Both", "crm.import,crm.objects.contacts.write");
    let second = "--b\r\nContent-Disposition: form-data; name=\"importRequest\"\r\n\r\n{}\r\n";
    for length in [10, 1_000_000] {
        let (status, said) = import(&gateway, &importer, &form(length, ""));
        assert!(status == 403 && said.contains("crm.objects.contacts.write"), "{length}: {said}");
        let (status, said) = import(&gateway, &both, &form(length, second));
        assert!(status == 400 && said.contains("did not forward the import"), "{length}: {said}");
        let first = form(length, "").replacen("importRequest", "files", 1);
        assert_eq!(import(&gateway, &both, &first).0, 400, "{length}");
    }
    let taken = || account.keyway.call(&account.full, "GET", "/crm/v3/imports", None).1["results"].as_array().unwrap().len();
    assert_eq!(taken(), 0, "nothing of it was performed");
    let (status, said) = import(&gateway, &both, &form(10_000, ""));
    assert_eq!(status, 200, "{said}");
    assert_eq!(taken(), 1);
    gateway.json(&["account", "update", "4242", "--beside-path", "forward"]);
    assert_eq!(import(&gateway, &importer, &form(10, "")).0, 200);
}
