//! Sensitive properties need a scope of their own, on an embedded account and in front of HubSpot.

use serde_json::{Value, json};

use crate::connection::base;
use crate::harness::Keyway;

const ALL: &str = "crm.objects.contacts.read,crm.objects.contacts.write,crm.schemas.contacts.write,crm.lists.read,crm.lists.write,crm.export,\
                   crm.import,crm.objects.deals.read,crm.objects.contacts.highly_sensitive.read,crm.objects.contacts.highly_sensitive.write,\
                   crm.objects.contacts.sensitive.read,crm.objects.contacts.sensitive.write,private-apps-read,private-apps-write";
const CONTACTS: &str = "crm.objects.contacts.read,crm.objects.contacts.write";
const SECRET: &str = "123-45-6789";

fn app(keyway: &Keyway, name: &str, scopes: &str) -> String {
    let made = keyway.json(&["app", "create", name, "--account", "4242", "--scopes", scopes, "--no-limits"]);
    made["token"]["value"].as_str().unwrap().to_owned()
}

/// An account with a contact whose `ssn` is highly sensitive and whose `passport` is sensitive, the token of an app that
/// may do everything, and the contact's id.
fn account() -> (Keyway, String, String) {
    let keyway = Keyway::start(&["--ephemeral"]);
    keyway.json(&["account", "create", "HubSpot", "--hub-id", "4242"]);
    let full = app(&keyway, "Full", ALL);
    for (name, level) in [("ssn", "highly_sensitive"), ("passport", "sensitive")] {
        let (status, made) = keyway.call(&full, "POST", "/crm/v3/properties/contacts", Some(&definition(name, level)));
        assert_eq!((status, &made["dataSensitivity"]), (201, &json!(level)), "{made}");
    }
    let body = json!({ "properties": { "email": "a@example.com", "ssn": SECRET, "passport": "P-1" } }).to_string();
    let (status, contact) = keyway.call(&full, "POST", "/crm/v3/objects/contacts", Some(&body));
    assert_eq!((status, &contact["properties"]["ssn"]), (201, &json!(SECRET)), "{contact}");
    (keyway, full, contact["id"].as_str().unwrap().to_owned())
}

fn definition(name: &str, level: &str) -> String {
    json!({
        "name": name, "label": name, "type": "string", "fieldType": "text", "groupName": "contactinformation", "dataSensitivity": level,
        "hasUniqueValue": true,
    })
    .to_string()
}

/// Calls that filter by `ssn` or write it, and the scope that each lacks.
fn uses(contact: &str) -> Vec<(&'static str, String, Value, &'static str)> {
    let (read, write) = ("crm.objects.contacts.highly_sensitive.read", "crm.objects.contacts.highly_sensitive.write");
    let filter = json!({ "propertyName": "ssn", "operator": "EQ", "value": SECRET });
    vec![
        ("POST", "/crm/v3/objects/contacts/search".to_owned(), json!({ "filters": [filter] }), read),
        ("POST", "/crm/objects/2026-09/0-1/search".to_owned(), json!({ "filterGroups": [{ "filters": [filter] }] }), read),
        ("POST", "/crm/v3/objects/contacts/search".to_owned(), json!({ "sorts": ["ssn"] }), read),
        ("GET", format!("/crm/v3/objects/contacts/{SECRET}?idProperty=ssn"), Value::Null, read),
        ("PATCH", format!("/crm/v3/objects/contacts/{contact}"), json!({ "properties": { "ssn": "x" } }), write),
        ("POST", "/crm/v4/objects/contacts".to_owned(), json!({ "properties": { "SSN": "x" } }), write),
        (
            "POST",
            format!("/contacts/v1/contact/vid/{contact}/profile"),
            json!({ "properties": [{ "property": "ssn", "value": "x" }] }),
            write,
        ),
    ]
}

fn refused(keyway: &Keyway, token: &str, method: &str, target: &str, body: &Value, scope: &str) {
    let body = (!body.is_null()).then(|| body.to_string());
    let (status, refused) = keyway.call(token, method, target, body.as_deref());
    assert_eq!((status, refused["category"].as_str()), (403, Some("MISSING_SCOPES")), "{method} {target} {body:?}: {refused}");
    let text = refused.to_string();
    assert!(text.contains(scope) && !text.contains(SECRET), "{method} {target}: {refused}");
}

#[test]
fn an_embedded_account_answers_without_the_value_and_refuses_filters_and_writes() {
    let (keyway, full, contact) = account();
    let reader = app(&keyway, "Reader", CONTACTS);
    for target in [
        format!("/crm/v3/objects/contacts/{contact}?properties=ssn,email"),
        format!("/crm/v3/objects/contacts/{contact}?propertiesWithHistory=ssn"),
        "/crm/objects/2026-09/contacts?properties=SSN".to_owned(),
        format!("/contacts/v1/contact/vid/{contact}/profile?property=ssn&property=email"),
        format!("/contacts/v1/contact/vid/{contact}/profile"),
    ] {
        let (status, found) = keyway.call(&reader, "GET", &target, None);
        assert_eq!(status, 200, "{target} {found}");
        let text = found.to_string();
        assert!(text.contains("a@example.com") || !target.contains("email"), "{target} {found}");
        assert!(!text.contains(SECRET) && !text.contains("\"ssn\""), "{target} {found}");
    }
    for (target, body) in [
        (
            "/crm/v3/objects/contacts/batch/read",
            json!({ "inputs": [{ "id": contact }], "properties": ["ssn"], "propertiesWithHistory": ["ssn"] }),
        ),
        ("/crm/v3/objects/contacts/search", json!({ "properties": ["ssn", "passport"] })),
    ] {
        let (status, found) = keyway.call(&reader, "POST", target, Some(&body.to_string()));
        assert_eq!(status, 200, "{found}");
        assert!(!found.to_string().contains(SECRET) && !found.to_string().contains("P-1"), "{found}");
    }
    for (method, target, body, scope) in uses(&contact) {
        refused(&keyway, &reader, method, &target, &body, scope);
    }
    // With the scope, and the scope of one level opens no other.
    keyway.json(&["app", "update", "Reader", "--add-scope", "crm.objects.contacts.highly_sensitive.read"]);
    let (_, found) = keyway.call(&reader, "GET", &format!("/crm/v3/objects/contacts/{contact}?properties=ssn,passport"), None);
    assert_eq!((&found["properties"]["ssn"], found["properties"].get("passport")), (&json!(SECRET), None), "{found}");
    assert_eq!(
        keyway.call(&full, "GET", &format!("/crm/v3/objects/contacts/{contact}?properties=ssn"), None).1["properties"]["ssn"],
        SECRET
    );
}

#[test]
fn lists_exports_and_imports_of_sensitive_properties_need_their_scope() {
    let (keyway, _, _) = account();
    let read = "crm.objects.contacts.highly_sensitive.read";
    let app = app(&keyway, "Files", &format!("{CONTACTS},crm.lists.read,crm.lists.write,crm.export,crm.import"));
    let branch = json!({ "filterBranchType": "AND", "filters": [{ "filterType": "PROPERTY", "property": "ssn", "operation": { "operator": "IS_EQUAL_TO", "value": SECRET } }] });
    let list = json!({ "name": "x", "objectTypeId": "0-1", "processingType": "DYNAMIC", "filterBranch": branch });
    refused(&keyway, &app, "POST", "/crm/v3/lists", &list, read);
    let export = json!({
        "exportType": "VIEW", "exportName": "x", "format": "CSV", "language": "EN", "objectType": "CONTACT", "objectProperties": ["email", "ssn"],
    });
    refused(&keyway, &app, "POST", "/crm/v3/exports/export/async", &export, read);
    let by_filter = json!({
        "exportType": "VIEW", "exportName": "x", "format": "CSV", "language": "EN", "objectType": "CONTACT", "objectProperties": ["email"],
        "publicCrmSearchRequest": { "filters": [{ "propertyName": "ssn", "operator": "EQ", "value": SECRET }] },
    });
    refused(&keyway, &app, "POST", "/crm/exports/2026-09/export/async", &by_filter, read);
}

#[test]
fn the_definition_of_a_sensitive_property_is_made_and_changed_with_its_write_scope() {
    let (keyway, full, contact) = account();
    let schemas = app(&keyway, "Schemas", &format!("{CONTACTS},crm.schemas.contacts.write,crm.schemas.contacts.read"));
    let write = "crm.objects.contacts.highly_sensitive.write";
    refused(
        &keyway,
        &schemas,
        "POST",
        "/crm/v3/properties/contacts",
        &serde_json::from_str(&definition("pin", "highly_sensitive")).unwrap(),
        write,
    );
    for (method, body) in
        [("PATCH", json!({ "dataSensitivity": "non_sensitive" })), ("PATCH", json!({ "label": "x" })), ("DELETE", Value::Null)]
    {
        refused(&keyway, &schemas, method, "/crm/v3/properties/contacts/ssn", &body, write);
    }
    // What is archived comes back with its values, so it needs the scope too.
    assert_eq!(keyway.call(&full, "DELETE", "/crm/v3/properties/contacts/ssn", None).0, 204);
    refused(
        &keyway,
        &schemas,
        "POST",
        "/crm/v3/properties/contacts",
        &serde_json::from_str(&definition("ssn", "non_sensitive")).unwrap(),
        write,
    );
    let (_, found) = keyway.call(&schemas, "GET", &format!("/crm/v3/objects/contacts/{contact}?properties=ssn"), None);
    assert!(!found.to_string().contains(SECRET), "{found}");
}

#[test]
fn in_front_of_hubspot_the_sensitive_properties_are_learned_from_the_account() {
    let (hubspot, full, contact) = account();
    let gateway = Keyway::start(&["--ephemeral"]);
    let file = gateway.folder.path().join("credential");
    std::fs::write(&file, &full).unwrap();
    let base = base(&hubspot);
    gateway.json(&["account", "add", "Production", "--connect", "--base-url", &base, "--credential-file", &file.display().to_string()]);
    let connected = |name: &str, scopes: &str| {
        let made = gateway.json(&["app", "create", name, "--account", "4242", "--scopes", scopes]);
        made["token"]["value"].as_str().unwrap().to_owned()
    };
    let reader = connected("Reader", CONTACTS);
    let read = "crm.objects.contacts.highly_sensitive.read";
    for target in [
        format!("/crm/v3/objects/contacts/{contact}?properties=ssn"),
        "/crm/objects/2026-09/0-1?propertiesWithHistory=email,SSN".to_owned(),
    ] {
        refused(&gateway, &reader, "GET", &target, &Value::Null, read);
    }
    refused(
        &gateway,
        &reader,
        "POST",
        "/crm/v3/objects/contacts/batch/read",
        &json!({ "inputs": [{ "id": contact }], "properties": ["ssn"] }),
        read,
    );
    for (method, target, body, scope) in uses(&contact) {
        refused(&gateway, &reader, method, &target, &body, scope);
    }
    let path = format!("/crm/v3/objects/contacts/{contact}?properties=email");
    assert_eq!(gateway.call(&reader, "GET", &path, None).1["properties"]["email"], "a@example.com");
    // Two questions for one type, whatever the number of calls; spelled differently, it is another question.
    let asked = hubspot.json(&["audit", "list", "--app", "Full"])["records"].clone();
    let asked = asked.as_array().unwrap().iter().filter(|one| one["operation"] == "GET /crm/v3/properties/{objectType}").count();
    assert_eq!(asked, 4, "contacts and 0-1, for two levels each");

    gateway.json(&["app", "update", "Reader", "--add-scope", read]);
    let path = format!("/crm/v3/objects/contacts/{contact}?properties=ssn");
    assert_eq!(gateway.call(&reader, "GET", &path, None).1["properties"]["ssn"], SECRET);
    gateway.json(&["app", "update", "Reader", "--remove-scope", read]);
    assert_eq!(gateway.call(&reader, "GET", &path, None).0, 403);
    gateway.json(&["account", "update", "4242", "--sensitive-properties", "forward"]);
    assert_eq!(gateway.call(&reader, "GET", &path, None).1["properties"]["ssn"], SECRET, "left to HubSpot");
}

#[test]
fn a_dead_credential_is_named_as_the_cause_where_keyway_asks_before_the_call() {
    let (hubspot, full, _) = account();
    let gateway = Keyway::start(&["--ephemeral"]);
    let file = gateway.folder.path().join("credential");
    std::fs::write(&file, &full).unwrap();
    let base = base(&hubspot);
    gateway.json(&["account", "add", "Production", "--connect", "--base-url", &base, "--credential-file", &file.display().to_string()]);
    let made = gateway.json(&["app", "create", "Reader", "--account", "4242", "--scopes", CONTACTS]);
    let reader = made["token"]["value"].as_str().unwrap();
    hubspot.json(&["token", "rotate", "Full", "--now"]);
    let (status, answer) = gateway.call(reader, "GET", "/crm/v3/objects/contacts?limit=1", None);
    assert_eq!((status, answer["category"].as_str()), (502, Some("CONNECTION_CREDENTIAL")), "{answer}");
    let status = gateway.run(&["status", "--json"]);
    let troubles = serde_json::from_slice::<Value>(&status.stdout).unwrap()["troubles"].to_string();
    assert!(troubles.contains("refuses the credential"), "{troubles}");
    // No call went before the question.
    let asked = hubspot.json(&["audit", "list", "--status", "4xx"])["records"].clone();
    assert!(asked.as_array().unwrap().iter().all(|one| one["path"] != "/crm/v3/objects/contacts"), "{asked}");
}

#[test]
fn in_front_of_hubspot_the_members_of_a_list_need_the_scope_of_its_object_type() {
    let (hubspot, full, _) = account();
    let list = json!({ "name": "Deals", "objectTypeId": "0-3", "processingType": "MANUAL" }).to_string();
    let made = hubspot.call(&full, "POST", "/crm/v3/lists", Some(&list)).1;
    let id = made["list"]["listId"].as_str().unwrap();
    let gateway = Keyway::start(&["--ephemeral"]);
    let file = gateway.folder.path().join("credential");
    std::fs::write(&file, &full).unwrap();
    let base = base(&hubspot);
    gateway.json(&["account", "add", "Production", "--connect", "--base-url", &base, "--credential-file", &file.display().to_string()]);
    let made = gateway.json(&[
        "app",
        "create",
        "Lists",
        "--account",
        "4242",
        "--scopes",
        "crm.lists.read,crm.lists.write,crm.objects.contacts.read",
    ]);
    let token = made["token"]["value"].as_str().unwrap();
    let members = format!("/crm/v3/lists/{id}/memberships");
    refused(&gateway, token, "GET", &members, &Value::Null, "crm.objects.deals.read");
    refused(&gateway, token, "GET", &format!("/crm/lists/2026-09/{id}/memberships/join-order"), &Value::Null, "crm.objects.deals.read");
    assert_eq!(gateway.call(token, "GET", "/crm/v3/lists/999/memberships", None).0, 404, "HubSpot's own answer");
    assert_eq!(gateway.call(token, "GET", "/crm/v3/lists/x/memberships", None).0, 400);
    gateway.json(&["app", "update", "Lists", "--add-scope", "crm.objects.deals.read"]);
    assert_eq!(gateway.call(token, "GET", &members, None).0, 200);
}
