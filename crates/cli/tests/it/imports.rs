//! Files in and out of an embedded account, over the listener: imports as multipart, exports by their address.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::{Value, json};

use crate::harness::Keyway;

/// A request as it is; head and body of the answer.
fn raw(keyway: &Keyway, token: &str, head: &str, body: &str) -> (String, String) {
    let mut stream = TcpStream::connect(keyway.address("data")).unwrap();
    let length = if body.is_empty() { String::new() } else { format!("content-length: {}\r\n", body.len()) };
    let token = if token.is_empty() { String::new() } else { format!("authorization: Bearer {token}\r\n") };
    write!(stream, "{head}\r\nhost: x\r\nconnection: close\r\n{token}{length}\r\n{body}").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_lowercase(), body.to_owned())
}

fn import(keyway: &Keyway, token: &str, path: &str, csv: &str) -> (String, Value) {
    let request = json!({
        "name": "Up", "importOperations": { "0-1": "UPSERT" },
        "files": [{ "fileName": "up.csv", "fileFormat": "CSV", "fileImportPage": { "hasHeader": true, "columnMappings": [
            { "columnObjectTypeId": "0-1", "columnName": "Mail", "propertyName": "email", "columnType": "HUBSPOT_ALTERNATE_ID" },
        ] } }],
    });
    let body = format!(
        "--b\r\ncontent-disposition: form-data; name=\"importRequest\"\r\n\r\n{request}\r\n--b\r\ncontent-disposition: form-data; name=\"files\"; filename=\"up.csv\"\r\ncontent-type: text/csv\r\n\r\n{csv}\r\n--b--\r\n"
    );
    let (head, body) = raw(keyway, token, &format!("POST {path} HTTP/1.1\r\ncontent-type: multipart/form-data; boundary=b"), &body);
    (head, serde_json::from_str(&body).unwrap())
}

fn app(keyway: &Keyway, name: &str, scopes: &str) -> String {
    keyway.json(&["app", "create", name, "--scopes", scopes])["token"]["value"].as_str().unwrap().to_owned()
}

#[test]
fn a_file_goes_in_as_an_import_and_comes_out_as_an_export() {
    let keyway = Keyway::start(&["--ephemeral"]);
    let token = app(&keyway, "Files", "crm.import,crm.export,crm.objects.contacts.read,crm.objects.contacts.write");
    for (at, path) in ["/crm/v3/imports", "/crm/imports/2026-03", "/crm/imports/2026-09/"].into_iter().enumerate() {
        let (head, begun) = import(&keyway, &token, path, &format!("Mail\nrow{at}@example.com\nno address\n"));
        assert!(head.starts_with("http/1.1 200"), "{head} {begun}");
        let one = format!("{}/{}", path.trim_end_matches('/'), begun["id"].as_str().unwrap());
        let states: Vec<Value> = (0..3).map(|_| keyway.call(&token, "GET", &one, None).1["state"].clone()).collect();
        assert_eq!((&begun["state"], states), (&json!("STARTED"), vec![json!("PROCESSING"), json!("DONE"), json!("DONE")]));
        let errors = keyway.call(&token, "GET", &format!("{one}/errors"), None).1;
        assert_eq!(errors["results"][0]["errorType"], "INVALID_EMAIL");
    }
    let wanted = json!({
        "exportType": "VIEW", "format": "CSV", "exportName": "Down", "objectType": "CONTACT", "objectProperties": ["email"], "language": "EN",
        "associatedObjectType": [], "exportInternalValuesOptions": ["NAMES"],
    });
    let (status, task) = keyway.call(&token, "POST", "/crm/exports/2026-09/export/async", Some(&wanted.to_string()));
    assert_eq!(status, 202, "{task}");
    let one = format!("/crm/exports/2026-09/export/async/tasks/{}/status", task["id"].as_str().unwrap());
    let result = (0..3).find_map(|_| keyway.call(&token, "GET", &one, None).1["result"].as_str().map(str::to_owned)).unwrap();
    let path = result.strip_prefix(&format!("http://{}", keyway.address("data"))).unwrap();
    let (head, file) = raw(&keyway, &token, &format!("GET {path} HTTP/1.1"), "");
    assert!(head.contains("content-type: text/csv;charset=utf-8"), "{head}");
    assert_eq!(file.lines().filter(|line| line.contains("@example.com")).count(), 3, "{file}");

    // The address alone opens nothing: no permit, no file.
    assert!(raw(&keyway, "", &format!("GET {path} HTTP/1.1"), "").0.starts_with("http/1.1 401"));
    let other = app(&keyway, "Other", "crm.objects.contacts.read");
    assert!(raw(&keyway, &other, &format!("GET {path} HTTP/1.1"), "").0.starts_with("http/1.1 403"));
    assert!(import(&keyway, &other, "/crm/v3/imports", "Mail\n").0.starts_with("http/1.1 403"));
    // An import writes the types of its columns.
    let importer = app(&keyway, "Importer", "crm.import");
    let (head, refused) = import(&keyway, &importer, "/crm/v3/imports", "Mail\n");
    assert!(head.starts_with("http/1.1 403"), "{head}");
    assert_eq!(refused["errors"][0]["context"]["requiredGranularScopes"], json!(["crm.objects.contacts.write"]));
}

#[test]
fn what_is_too_large_or_no_form_is_refused() {
    let keyway = Keyway::start(&["--ephemeral"]);
    let token = app(&keyway, "Files", "crm.import");
    let form = "content-type: multipart/form-data; boundary=b";
    let head = format!("POST /crm/v3/imports HTTP/1.1\r\n{form}\r\ncontent-length: {}", 21 * 1024 * 1024);
    let (head, body) = raw(&keyway, &token, &head, "");
    assert!(head.starts_with("http/1.1 413") && body.contains("VALIDATION_ERROR"), "{head} {body}");
    // A cancel takes no file.
    let (head, _) = raw(&keyway, &token, &format!("POST /crm/v3/imports/1/cancel HTTP/1.1\r\n{form}"), "--b--");
    assert!(head.starts_with("http/1.1 415"), "{head}");
    let (status, body) = keyway.call(&token, "POST", "/crm/v3/imports", Some("{}"));
    assert_eq!((status, &body["category"]), (400, &json!("VALIDATION_ERROR")), "{body}");
}
