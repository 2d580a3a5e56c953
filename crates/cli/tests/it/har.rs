//! `keyway portal requests --har`: an HTTP Archive that developer tools and the doctor read, with bodies and no credential.

use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::harness::{ADMIN_TOKEN, Keyway, ask, http};

const CONTACTS: &str = "/crm/v3/objects/contacts";

/// The names that an object of HAR 1.2 must have, and the type of each.
const LOG: &[(&str, Kind)] = &[("version", Kind::Text), ("creator", Kind::Object), ("entries", Kind::List)];
const ENTRY: &[(&str, Kind)] = &[
    ("startedDateTime", Kind::Text),
    ("time", Kind::Number),
    ("request", Kind::Object),
    ("response", Kind::Object),
    ("cache", Kind::Object),
    ("timings", Kind::Object),
];
const REQUEST: &[(&str, Kind)] = &[
    ("method", Kind::Text),
    ("url", Kind::Text),
    ("httpVersion", Kind::Text),
    ("cookies", Kind::List),
    ("headers", Kind::List),
    ("queryString", Kind::List),
    ("headersSize", Kind::Number),
    ("bodySize", Kind::Number),
];
const RESPONSE: &[(&str, Kind)] = &[
    ("status", Kind::Number),
    ("statusText", Kind::Text),
    ("httpVersion", Kind::Text),
    ("cookies", Kind::List),
    ("headers", Kind::List),
    ("content", Kind::Object),
    ("redirectURL", Kind::Text),
    ("headersSize", Kind::Number),
    ("bodySize", Kind::Number),
];
const TIMINGS: &[(&str, Kind)] = &[("send", Kind::Number), ("wait", Kind::Number), ("receive", Kind::Number)];

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Text,
    Number,
    Object,
    List,
}

fn has(value: &Value, names: &[(&str, Kind)]) {
    for (name, kind) in names {
        let found = match &value[*name] {
            Value::String(_) => Kind::Text,
            Value::Number(_) => Kind::Number,
            Value::Object(_) => Kind::Object,
            Value::Array(_) => Kind::List,
            other => panic!("{name} is {other} in {value}"),
        };
        assert_eq!(found, *kind, "{name} of {value}");
    }
}

/// What the format says of every archive (HAR 1.2, http://www.softwareishard.com/blog/har-12-spec).
fn is_an_archive(har: &Value) {
    has(&har["log"], LOG);
    assert_eq!(har["log"]["version"], "1.2");
    has(&har["log"]["creator"], &[("name", Kind::Text), ("version", Kind::Text)]);
    for entry in har["log"]["entries"].as_array().unwrap() {
        has(entry, ENTRY);
        has(&entry["request"], REQUEST);
        has(&entry["response"], RESPONSE);
        has(&entry["timings"], TIMINGS);
        has(&entry["response"]["content"], &[("size", Kind::Number), ("mimeType", Kind::Text)]);
        for list in [&entry["request"]["headers"], &entry["request"]["queryString"], &entry["response"]["headers"]] {
            list.as_array().unwrap().iter().for_each(|pair| has(pair, &[("name", Kind::Text), ("value", Kind::Text)]));
        }
        if entry["request"].get("postData").is_some() {
            has(&entry["request"]["postData"], &[("mimeType", Kind::Text), ("text", Kind::Text)]);
        }
        assert!(entry["request"]["url"].as_str().unwrap().starts_with("http://127.0.0.1:"), "{entry}");
        assert!(entry["startedDateTime"].as_str().unwrap().ends_with('Z') && entry["time"].as_f64().unwrap() >= 0.0);
    }
}

fn written(keyway: &Keyway, options: &[&str]) -> (String, Value) {
    let file = keyway.folder.path().join("requests.har");
    let output = keyway.run(&[&["portal", "requests", "--har", &file.display().to_string()], options].concat());
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let text = std::fs::read_to_string(&file).unwrap();
    let har = serde_json::from_str(&text).unwrap();
    (text, har)
}

#[test]
fn the_request_log_is_an_archive_that_the_doctor_reads() {
    let keyway = Keyway::start(&["--ephemeral"]);
    let made = keyway.json(&["app", "create", "Tests", "--scopes", "crm.objects.contacts.read,crm.objects.contacts.write"]);
    let token = made["token"]["value"].as_str().unwrap();
    let body = json!({ "properties": { "email": "ada@example.com" } }).to_string();
    assert_eq!(keyway.call(token, "POST", CONTACTS, Some(&body)).0, 201);
    keyway.call(token, "GET", &format!("{CONTACTS}?limit=1&properties=email,city&q=a%20b"), None);
    let refused = keyway.call(token, "GET", "/crm/v3/objects/deals", None);
    assert_eq!(refused.0, 403);
    let secret = ["a1b2c3d4", "0000", "4000", "8000", "00000000abcd"].join("-");
    http(keyway.address("data"), token, "GET", &format!("{CONTACTS}?hapikey={secret}&limit=2"), None);
    keyway.call(token, "POST", CONTACTS, Some("no JSON"));

    let (text, har) = written(&keyway, &[]);
    is_an_archive(&har);
    assert!(!text.contains(token) && !text.contains(&secret), "no credential is in the archive");
    let entries = har["log"]["entries"].as_array().unwrap();
    assert_eq!(entries.len(), 5);
    assert_eq!(entries[0]["request"]["postData"]["text"], body);
    assert_eq!(entries[0]["request"]["postData"]["mimeType"], "application/json");
    assert_eq!((&entries[0]["response"]["status"], &entries[0]["response"]["statusText"]), (&json!(201), &json!("Created")));
    let answer: Value = serde_json::from_str(entries[0]["response"]["content"]["text"].as_str().unwrap()).unwrap();
    assert_eq!(answer["properties"]["email"], "ada@example.com");
    assert_eq!(entries[1]["request"]["queryString"][2], json!({ "name": "q", "value": "a b" }));
    let headers = entries[2]["response"]["headers"].as_array().unwrap();
    assert!(headers.iter().any(|header| header["name"] == "x-hubspot-correlation-id" && header["value"] == refused.1["correlationId"]));
    assert_eq!(entries[3]["request"]["queryString"], json!([{ "name": "limit", "value": "2" }]));
    assert_eq!(entries[4]["request"]["postData"]["text"], "no JSON");

    // The doctor, which has no server to ask.
    let file = std::fs::File::open(keyway.folder.path().join("requests.har")).unwrap();
    let told = Command::new(env!("CARGO_BIN_EXE_keyway")).args(["doctor", "-"]).stdin(Stdio::from(file)).output().unwrap();
    let told = String::from_utf8(told.stdout).unwrap();
    assert!(told.contains("crm.objects.deals.read"), "{told}");
    assert!(!told.to_lowercase().contains("no credential"), "the mask stands for a token: {told}");

    assert_eq!(written(&keyway, &["--status", "4xx", "--method", "GET"]).1["log"]["entries"].as_array().unwrap().len(), 1);
    assert_eq!(written(&keyway, &["--path", "/nowhere"]).1["log"]["entries"], json!([]));
}

#[test]
fn a_call_whose_connection_was_cut_is_in_the_archive_without_an_answer() {
    let keyway = Keyway::start(&["--ephemeral"]);
    let made = keyway.json(&["app", "create", "Tests", "--scopes", "crm.objects.contacts.read"]);
    let token = made["token"]["value"].as_str().unwrap().to_owned();
    keyway.json(&["portal", "fault", "add", "--cut", "after"]);
    let address = keyway.address("data").to_owned();
    assert!(std::panic::catch_unwind(|| http(&address, &token, "GET", CONTACTS, None)).is_err(), "there is no answer");
    let (_, har) = written(&keyway, &[]);
    is_an_archive(&har);
    let entry = &har["log"]["entries"][0];
    assert_eq!((&entry["response"]["status"], &entry["_fault"]), (&json!(0), &json!(1)));
    assert!(entry["response"]["_error"].as_str().unwrap().contains("cut"), "{entry}");
}

#[test]
fn the_details_of_a_request_say_what_was_answered_and_which_expectation_found_it() {
    let keyway = Keyway::start(&["--ephemeral"]);
    let made = keyway.json(&["app", "create", "Tests", "--scopes", "crm.objects.contacts.read"]);
    keyway.call(made["token"]["value"].as_str().unwrap(), "GET", CONTACTS, None);
    keyway.json(&["portal", "requests", "--method", "GET", "--path", "/crm/*/contacts", "--expect", "1"]);
    let hub_id = keyway.json(&["account", "list"])["accounts"][0]["hubId"].to_string();
    let listed = |query: &str| ask(&keyway, Some(ADMIN_TOKEN), "GET", &format!("/api/v1/portals/{hub_id}/requests{query}"), &Value::Null).2;
    assert!(listed("")["requests"][0].get("details").is_none(), "bodies of answers are there for who asks for them");
    let details = &listed("?details=true")["requests"][0]["details"];
    assert_eq!(details["answer"]["body"]["results"], json!([]));
    assert_eq!(details["expectations"], json!(["GET /crm/*/contacts, 1 expected"]));
    keyway.call(made["token"]["value"].as_str().unwrap(), "GET", "/crm/v3/objects/companies", None);
    let newest = listed("?details=true&limit=1");
    assert_eq!((&newest["count"], newest["requests"].as_array().unwrap().len()), (&json!(2), 1), "a limit is of what is listed");
    assert_eq!(newest["requests"][0]["path"], "/crm/v3/objects/companies");
    // A wrong method does not bring a token into the log.
    keyway.call(made["token"]["value"].as_str().unwrap(), "PUT", "/oauth/v1/refresh-tokens/secret-of-somebody", Some("{}"));
    let newest = listed("?details=true&limit=1");
    assert!(newest.to_string().contains("/oauth/v1/refresh-tokens/*"), "{newest}");
    assert!(!newest.to_string().contains("secret-of-somebody"), "{newest}");
    keyway.json(&["portal", "reset", "--yes"]);
    assert_eq!(listed("?details=true")["requests"], json!([]));
}
