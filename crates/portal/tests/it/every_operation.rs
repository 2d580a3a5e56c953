//! Every operation of HubSpot's catalog that is served, called with bodies good and bad.
//!
//! Whatever is sent: a status that HubSpot documents, its envelope on every refusal, no panic, and
//! no change by what was refused.

use std::collections::BTreeSet;

use keyway_core::path::NormalPath;
use serde_json::{Value, json};

use crate::support::Account;

/// What stands for the templates of paths: one that is there, one that is not, one that is none.
const FILLINGS: [&[(&str, &str)]; 3] = [
    &[
        ("objectType", "contacts"),
        ("fromObjectType", "contacts"),
        ("toObjectType", "companies"),
        ("Type", "contacts"),
        ("propertyName", "city"),
        ("pipeline", "default"),
        ("stage", "closedwon"),
        ("owner", "5001"),
        ("", "101"),
    ],
    &[("objectType", "p_nothing"), ("fromObjectType", "contacts"), ("toObjectType", "p_nothing"), ("Type", "p_nothing"), ("", "999999")],
    &[("objectType", "deals"), ("fromObjectType", "0-3"), ("toObjectType", "0-1"), ("Type", "0-3"), ("", "%F0%9F%92%A5")],
];

const QUERIES: [&str; 2] = ["?limit=0&after=x&archived=perhaps&idProperty=%00&listIds=,,1", ""];

fn filled(template: &str, filling: &[(&str, &str)]) -> String {
    let segment = |segment: &str| match segment.strip_prefix('{') {
        None => segment.to_owned(),
        Some(name) => filling.iter().find(|(part, _)| name.contains(part)).map_or("1", |(_, value)| value).to_owned(),
    };
    template.split('/').map(segment).collect::<Vec<_>>().join("/")
}

fn bodies() -> Vec<String> {
    let good = json!({
        "properties": { "city": "Porto" }, "associations": [], "name": "made", "label": "Made", "groupName": "contactinformation", "type": "string",
        "fieldType": "text", "displayOrder": 1, "stages": [{ "label": "S", "displayOrder": 0, "metadata": { "probability": "0.5" } }], "metadata": { "probability": "0.5" },
        "objectTypeId": "0-1", "processingType": "MANUAL", "labels": { "singular": "M", "plural": "Ms" }, "inputs": [{ "id": "101", "name": "made", "from": { "id": "101" }, "to": { "id": "101" }, "properties": {} }],
        "primaryObjectId": "101", "objectIdToMerge": "102", "ruleArguments": ["1"], "filterGroups": [], "associationTypeId": 279,
    });
    let hostile = [
        Value::Null,
        json!([]),
        json!([1, {}, null]),
        json!({}),
        json!({ "inputs": "x", "properties": 7, "stages": {}, "filterGroups": [[]], "labels": [], "options": {}, "filterBranch": 3 }),
        json!({ "inputs": [null, 1, "x", [], { "id": [], "properties": [], "from": 1, "to": [[]], "types": [[], {}] }] }),
        json!({ "name": "\u{0}", "label": "\u{1F4A5}".repeat(300), "displayOrder": 1e300, "associationTypeId": -1, "typeId": 9_999_999_999_u64 }),
    ];
    let mut bodies: Vec<String> = hostile.iter().map(Value::to_string).collect();
    bodies.extend([String::new(), "{".into(), "\"".into(), "[".repeat(2_000), good.to_string()]);
    bodies
}

/// The object types whose paths get every body; the others are served by the same code.
const THOROUGH: [&str; 6] = ["contacts", "deals", "notes", "{objectType}", "{fromObjectType}", "{objectTypeId}"];

fn is_thorough(template: &str) -> bool {
    !template.contains("/objects/") || THOROUGH.iter().any(|own| template.contains(&format!("/{own}")))
}

#[test]
fn whatever_is_sent_to_a_served_operation_is_answered_as_hubspot_does_and_refusals_change_nothing() {
    let statuses = BTreeSet::from([200, 201, 204, 207, 400, 404, 409, 414, 501]);
    let account = Account::new();
    account.make("contacts", json!({ "email": "ada@example.com" }));
    account.make("contacts", json!({ "email": "ben@example.com" }));
    account.make("companies", json!({ "name": "Foods" }));
    let (mut served, mut calls) = (0, 0);
    for line in include_str!("../../../../data/endpoints.tsv").lines().skip(1) {
        let mut cells = line.split('\t');
        let (method, template) = (cells.next().unwrap(), cells.next().unwrap());
        let mut is_served = false;
        for filling in FILLINGS {
            let path = filled(template, filling);
            let normal = NormalPath::parse(&path).unwrap();
            if !account.portal().serves(method, &normal) {
                continue;
            }
            is_served = true;
            let bodies = match method {
                "GET" | "DELETE" => vec![String::new()],
                _ if is_thorough(template) => bodies(),
                _ => vec!["{}".to_owned(), "[".to_owned()],
            };
            for (body, query) in bodies.iter().flat_map(|body| QUERIES.map(|query| (body, query))) {
                let line = format!("{method} {path}{query}");
                let before = account.written();
                let answer = account.call_with(&line, body.as_bytes());
                calls += 1;
                assert!(statuses.contains(&answer.status), "{line} {body}: {}", answer.status);
                if answer.status < 400 {
                    continue;
                }
                let text = |field: &str| answer.body[field].as_str().is_some_and(|text| !text.is_empty());
                assert!(text("message") && text("category") && text("correlationId"), "{line} {body}: {}", answer.body);
                assert_eq!(account.written(), before, "{line} {body} was refused, and changed something");
            }
        }
        served += usize::from(is_served);
    }
    assert!(served > 1_400, "{served} operations are served");
    assert!(calls > 10_000, "{calls} calls");
}
