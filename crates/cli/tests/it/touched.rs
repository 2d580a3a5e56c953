//! Which CRM records a call touched, as `keyway audit` tells it: on an embedded account, and of
//! answers from HubSpot that are whole, cut off, compressed, large or not JSON.

use serde_json::{Value, json};

use crate::connection::{Script, Scripted, connected, ok};
use crate::harness::Keyway;

const SCOPES: &str = "crm.objects.contacts.read,crm.objects.contacts.write,crm.objects.companies.read,crm.objects.companies.write";
const CREATE: &str = "/crm/v3/objects/contacts";
const BODY: Option<&str> = Some(r#"{"properties":{"email":"ann@example.com","lifecyclestage":"lead"}}"#);

/// The newest record of a call: records, their number, whether there may be more, properties.
fn newest(keyway: &Keyway) -> Value {
    let records = keyway.json(&["audit", "list", "--limit", "1"]);
    let record = &records["records"][0];
    json!([record["recordIds"], record["recordCount"], record["recordsIncomplete"], record["properties"]])
}

/// The operations of the calls of a record, newest first.
fn calls_of(keyway: &Keyway, filter: &[&str]) -> Vec<String> {
    let records = keyway.json(&[&["audit", "list"], filter].concat());
    records["records"].as_array().unwrap().iter().map(|record| record["operation"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn who_changed_a_record_and_which_property_is_answered() {
    let keyway = Keyway::start(&[]);
    keyway.json(&["account", "create", "Own", "--hub-id", "77"]);
    let app = keyway.json(&["app", "create", "Sync", "--account", "77", "--scopes", SCOPES]);
    let token = app["token"]["value"].as_str().unwrap();
    let (status, made) = keyway.call(token, "POST", CREATE, BODY);
    assert_eq!(status, 201, "{made}");
    let id = made["id"].as_str().unwrap();
    let record = format!("contacts/{id}");
    assert_eq!(newest(&keyway), json!([[record], 1, false, ["email", "lifecyclestage"]]));
    // By its e-mail address: the answer says which record that is, and the address is kept nowhere.
    keyway.call(token, "GET", &format!("{CREATE}/ann@example.com?idProperty=email"), None);
    assert_eq!(newest(&keyway), json!([[record], 1, false, []]));
    keyway.call(token, "GET", &format!("{CREATE}/bob@example.com?idProperty=email"), None);
    assert_eq!(newest(&keyway), json!([[], 1, false, []]));
    keyway.call(token, "PATCH", &format!("/crm/v3/objects/0-1/{id}"), Some(r#"{"properties":{"phone":"1"}}"#));
    keyway.call(token, "GET", CREATE, None);
    assert_eq!(newest(&keyway), json!([[], 0, false, []]));
    keyway.call(token, "DELETE", &format!("{CREATE}/{id}"), None);
    let (delete, patch) = ("DELETE /crm/v3/objects/contacts/{contactId}", "PATCH /crm/v3/objects/{objectType}/{objectId}");
    let (get, create) = ("GET /crm/v3/objects/contacts/{contactId}", "POST /crm/v3/objects/contacts");
    let all = calls_of(&keyway, &["--record", &record]);
    assert!(all[0] == delete && all.len() == 4 && all[2] == get && all[3] == create, "{all:?} {patch}");
    assert_eq!(calls_of(&keyway, &["--record", &format!("0-1/{id}"), "--property", "email"]), [create]);
    assert_eq!(calls_of(&keyway, &["--record", &record, "--changes"]), [&all[0][..], &all[1], create]);
    assert_eq!(calls_of(&keyway, &["--record", "contacts/999"]), [""; 0]);
    for wrong in [
        &["--record", "contacts"][..],
        &["--record", "boats/1"],
        &["--property", "email"],
        &["--record", "contacts/1", "--property", "a b"],
    ] {
        assert!(!keyway.run(&[&["audit", "list"], wrong].concat()).status.success(), "{wrong:?}");
    }
    // Nothing of what names a person is in any export.
    for format in ["jsonl", "csv"] {
        let export = keyway.run(&["audit", "export", "--format", format]);
        let text = String::from_utf8_lossy(&export.stdout).into_owned();
        assert!(text.contains(&record) && !text.contains("example.com"), "{text}");
    }
}

#[test]
fn names_of_properties_are_left_out_where_the_operator_says_so() {
    let keyway = Keyway::start(&["--audit-no-property-names"]);
    keyway.json(&["account", "create", "Own", "--hub-id", "77"]);
    let app = keyway.json(&["app", "create", "Sync", "--account", "77", "--scopes", SCOPES]);
    let (_, made) = keyway.call(app["token"]["value"].as_str().unwrap(), "POST", CREATE, BODY);
    assert_eq!(newest(&keyway), json!([[format!("contacts/{}", made["id"].as_str().unwrap())], 1, false, []]));
}

#[test]
fn a_new_record_is_named_by_hubspots_answer_and_what_can_not_be_read_leaves_a_mark() {
    const GZIP: &[u8] = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff\xabV\xcaLQ\xb2R24R\xaa\x05\x00\x89\xbb\xf1\xf9\x0b\x00\x00\x00";
    let compressed = |encoding: &str| {
        let head = format!(
            "HTTP/1.1 201 Created\r\ncontent-type: application/json\r\ncontent-encoding: {encoding}\r\ncontent-length: {}\r\n\r\n",
            GZIP.len()
        );
        Script::Raw([head.as_bytes(), GZIP].concat())
    };
    let large = format!(r#"{{"properties":{{"note":"{}"}},"id":"12"}}"#, "x".repeat(2 << 20));
    let cases = [
        ("whole", ok(r#"{"id":"12"}"#), json!([["contacts/12"], 1, false])),
        (
            "in pieces",
            Script::Say(
                "HTTP/1.1 201 Created\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{\"id\"\r\n5\r\n:\"12\"\r\n1\r\n}\r\n0\r\n\r\n".into(),
            ),
            json!([["contacts/12"], 1, false]),
        ),
        ("gzip", compressed("gzip"), json!([["contacts/12"], 1, false])),
        ("a compression that is not known", compressed("br"), json!([[], 0, true])),
        ("no JSON", ok("<html>"), json!([[], 0, true])),
        ("larger than is looked at", ok(&large), json!([[], 0, true])),
        ("refused", Script::Say("HTTP/1.1 400 Bad Request\r\ncontent-length: 2\r\n\r\n{}".into()), json!([[], 0, false])),
        ("no answer", Script::HangUp, json!([[], 0, true])),
        (
            "cut off",
            Script::Say("HTTP/1.1 201 Created\r\ncontent-length: 900\r\nconnection: close\r\n\r\n{\"properties\":{\"a\"".into()),
            json!([[], 0, true]),
        ),
    ];
    let (names, scripts): (Vec<_>, Vec<_>) = cases.into_iter().map(|(name, script, expected)| ((name, expected), script)).unzip();
    let upstream = Scripted::start(scripts);
    let credential = format!("pat-na1-{}", ["3f9c2b7e", "5a1d", "4c86", "9e02", "b7d41f6a8c53"].join("-"));
    let (gateway, token) = connected(&format!("http://{}", upstream.address), &credential);
    for (name, expected) in names {
        // A connection that breaks off in the middle of an answer breaks the client's off too.
        let answered = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| gateway.call(&token, "POST", CREATE, BODY)));
        if name == "whole" {
            assert_eq!(answered.unwrap().1, json!({ "id": "12" }), "what was looked at is handed on");
        }
        let told = newest(&gateway);
        assert_eq!(json!([told[0], told[1], told[2]]), expected, "{name}");
    }
}
