//! Definitions and masked records of a connected account, as a seed. Another Keyway plays HubSpot.

use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::connection::{base, connect};
use crate::harness::Keyway;

/// What must be in no file: names, addresses, numbers and texts of people.
const PLANTED: [&str; 9] = ["Zebulon", "Quimby", "zebulon", "planted", "4915112345", "Rosewood", "Whispering", "Olivia", "Owens"];

const SCOPES: &str = "crm.objects.contacts.read,crm.objects.companies.read,crm.objects.deals.read,crm.schemas.contacts.read,\
    crm.schemas.companies.read,crm.schemas.deals.read,crm.objects.custom.read,crm.schemas.custom.read,crm.objects.owners.read,crm.lists.read,\
    tickets,e-commerce,crm.objects.leads.read,crm.objects.quotes.read,crm.schemas.quotes.read,crm.objects.line_items.read,\
    crm.schemas.line_items.read,crm.pipelines.orders.read,crm.objects.products.read";

fn planted() -> Value {
    let text =
        |name: &str, label: &str| json!({ "name": name, "label": label, "type": "string", "fieldType": "text", "groupName": "plans" });
    let options: Vec<Value> =
        ["gold", "red"].iter().enumerate().map(|(at, value)| json!({ "value": value, "label": value, "displayOrder": at })).collect();
    json!({
        "schemas": [{ "name": "car", "labels": { "singular": "Car", "plural": "Cars" }, "primaryDisplayProperty": "plate",
            "requiredProperties": ["plate"], "searchableProperties": ["plate"],
            "properties": [{ "name": "plate", "label": "Plate", "type": "string", "fieldType": "text", "hasUniqueValue": true },
                { "name": "seats", "label": "Seats", "type": "number", "fieldType": "number" }] }],
        "groups": { "contacts": [{ "name": "plans", "label": "Plans", "displayOrder": 3 }] },
        "properties": {
            "contacts": [text("nickname", "Nickname"), text("notes_of_us", "Notes of us"),
                { "name": "plan", "label": "Plan", "type": "enumeration", "fieldType": "select", "groupName": "plans", "options": options },
                { "name": "illness", "label": "Illness", "type": "string", "fieldType": "text", "groupName": "plans", "dataSensitivity": "sensitive" },
                { "name": "birthday", "label": "Birthday", "type": "date", "fieldType": "date", "groupName": "plans" }],
            "p_car": [{ "name": "colour", "label": "Colour", "type": "string", "fieldType": "text", "groupName": "car_information" }],
        },
        "pipelines": { "deals": [{ "pipelineId": "repairs", "label": "Repairs", "displayOrder": 1, "stages": [
                { "stageId": "in", "label": "In", "displayOrder": 0, "metadata": { "probability": "0.4" } },
                { "stageId": "out", "label": "Out", "displayOrder": 1, "metadata": { "probability": "1.0" } }] }],
            "p_car": [{ "pipelineId": "life", "label": "Life", "displayOrder": 0, "stages": [{ "stageId": "new", "label": "New", "displayOrder": 0, "metadata": {} }] }] },
        "labels": [{ "from": "contacts", "to": "companies", "name": "buyer", "label": "Buyer", "inverseLabel": "Bought by" },
            { "from": "contacts", "to": "p_car", "name": "driver", "label": "Driver" }],
        "owners": [{ "id": 8_001, "email": "zebulon@planted.example.org", "firstName": "Zebulon", "lastName": "Quimby" }],
        "records": {
            "companies": [{ "key": "z", "properties": { "name": "Zebulon Works", "domain": "zebulon.example.org", "annualrevenue": "123456" } }],
            "contacts": [
                { "key": "z", "properties": { "email": "zebulon@planted.example.org", "firstname": "Zebulon", "lastname": "Quimby", "phone": "+4915112345",
                    "address": "Rosewood 5", "nickname": "Whispering", "notes_of_us": "Call Zebulon", "plan": "gold", "illness": "Rosewood fever", "birthday": "1985-11-29",
                    "lifecyclestage": "lead", "hubspot_owner_id": "8001" }, "associations": ["companies/z", "p_car/z"] },
                { "key": "y", "properties": { "email": "y@planted.example.org" } }],
            "deals": [{ "properties": { "dealname": "Whispering deal", "amount": "4321", "pipeline": "repairs", "dealstage": "in" }, "associations": ["contacts/z"] }],
            "p_car": [{ "key": "z", "properties": { "plate": "ZEB Quimby 1", "seats": 4, "hs_pipeline": "life", "hs_pipeline_stage": "new" } }],
            "notes": [{ "properties": { "hs_timestamp": "2026-11-29T10:00:00Z", "hs_note_body": "Whispering about Zebulon" }, "associations": ["contacts/z"] }],
        },
        "lists": [{ "name": "Leads", "objectTypeId": "0-1", "processingType": "DYNAMIC", "filterBranch": { "filterBranchType": "OR", "filters": [],
                "filterBranches": [{ "filterBranchType": "AND", "filterBranches": [], "filters": [
                    { "filterType": "PROPERTY", "property": "lastname", "operation": { "operationType": "MULTISTRING", "operator": "IS_EQUAL_TO", "values": ["Quimby"], "includeObjectsWithNoValueSet": false } },
                    { "filterType": "PROPERTY", "property": "lifecyclestage", "operation": { "operationType": "ENUMERATION", "operator": "IS_ANY_OF", "values": ["lead"], "includeObjectsWithNoValueSet": false } }] }] } },
            { "name": "By hand", "objectTypeId": "companies", "processingType": "MANUAL" }],
    })
}

/// A HubSpot with planted values, and a gateway that is connected to it.
fn connected() -> (Keyway, Keyway) {
    let hubspot = Keyway::start(&[]);
    hubspot.json(&["account", "create", "HubSpot", "--hub-id", "4242"]);
    let app = hubspot.json(&["app", "create", "Connection", "--account", "4242", "--scopes", SCOPES]);
    let seed = hubspot.folder.path().join("planted.json");
    std::fs::write(&seed, planted().to_string()).unwrap();
    hubspot.json(&["portal", "seed", &seed.display().to_string(), "--account", "4242"]);
    let gateway = Keyway::start(&[]);
    let (code, answer) = connect(&gateway, &base(&hubspot), app["token"]["value"].as_str().unwrap());
    assert_eq!(code, Some(0), "{answer}");
    (hubspot, gateway)
}

fn pull<'a>(gateway: &Keyway, output: &'a str, more: &[&'a str]) -> Vec<String> {
    let url = base(gateway);
    let fixed = ["portal", "pull", "4242", "-o", output, "--url", &url];
    fixed.iter().chain(more).map(ToString::to_string).collect()
}

fn pulled(gateway: &Keyway, output: &str, more: &[&str]) -> Value {
    let arguments = pull(gateway, output, more);
    gateway.json(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
}

#[test]
fn a_pulled_seed_fills_an_empty_account_with_the_same_definitions_and_no_planted_value() {
    let (hubspot, gateway) = connected();
    // On the way HubSpot refuses for want of limits.
    hubspot.json(&["portal", "fault", "add", "--account", "4242", "--status", "429", "--retry-after", "1", "--after", "5", "--times", "2"]);
    let file = gateway.folder.path().join("seed.yaml").display().to_string();
    let answer = pulled(&gateway, &file, &[]);
    assert_eq!(answer["counts"]["schemas"], 1, "{answer}");
    assert_eq!(answer["counts"]["lists"], 2, "{answer}");
    assert_eq!(answer["counts"]["records"], 6, "{answer}");
    let text = std::fs::read_to_string(&file).unwrap();
    for planted in PLANTED {
        assert!(!text.contains(planted), "{planted} is in\n{text}");
    }
    assert!(!text.contains("illness"), "{text}");
    assert!(text.contains("lead") && text.contains("1985-01-01") && text.contains("4000") && text.contains("hubspot_owner_id"), "{text}");

    // No trace is left: neither the app nor the progress.
    assert!(!gateway.json(&["app", "list", "--account", "4242"]).to_string().contains("keyway portal pull"));
    assert!(!std::path::Path::new(&format!("{file}.pull")).exists());
    // Each call is in the audit log, and the app of the pull in the record of changes.
    let calls = gateway.json(&["audit", "list", "--limit", "500"])["records"].as_array().unwrap().len();
    assert!(calls > 50, "{calls}");
    assert!(gateway.json(&["changes"]).to_string().contains("keyway portal pull"));

    let copy = hubspot.folder.path().join("hubspot.jsonl").display().to_string();
    hubspot.json(&["portal", "snapshot", "take", "all", "--account", "4242"]);
    assert!(hubspot.run(&["portal", "snapshot", "export", "all", &copy, "--account", "4242"]).status.success());
    let fresh = Keyway::start(&["--ephemeral"]);
    fresh.json(&["portal", "seed", &file]);
    let diff = fresh.run(&["portal", "diff", &copy, "--only", "definitions", "--json", "--limit", "10000"]);
    let diff: Value = serde_json::from_slice(&diff.stdout).unwrap();
    let others: Vec<&Value> = diff["changes"].as_array().unwrap().iter().filter(|change| change["what"] != "owner").collect();
    // The list compares with a masked name, and a sensitive property stays where it is.
    let names: Vec<&str> = others.iter().filter_map(|change| change["name"].as_str()).collect();
    assert_eq!(names, ["illness", "Leads"], "{others:?}");
    assert!(diff["changes"].to_string().contains("owner8001@example.com"));
    let records = fresh.run(&["portal", "diff", "--only", "associations", "--json"]);
    let records: Value = serde_json::from_slice(&records.stdout).unwrap();
    assert_eq!(records["counts"]["association"]["created"], 4, "{records}");

    // A second pull is the same file.
    pulled(&gateway, &file, &[]);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
}

#[test]
fn a_pull_that_is_killed_goes_on_where_it_was() {
    let (hubspot, gateway) = connected();
    let whole = gateway.folder.path().join("whole.yaml").display().to_string();
    pulled(&gateway, &whole, &[]);
    let file = gateway.folder.path().join("seed.yaml").display().to_string();
    let progress = format!("{file}.pull");
    // After twelve calls HubSpot is slow, so that the pull waits while it is killed.
    hubspot.json(&["portal", "fault", "add", "--account", "4242", "--latency", "30s", "--after", "12"]);
    let mut child = Command::new(env!("CARGO_BIN_EXE_keyway"))
        .args(pull(&gateway, &file, &[]))
        .arg("--data")
        .arg(gateway.folder.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let steps = || std::fs::read_to_string(&progress).unwrap_or_default().lines().count();
    while steps() < 6 {
        assert!(child.try_wait().unwrap().is_none(), "the pull ended before it was killed");
        std::thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let before = steps();
    assert!(!std::path::Path::new(&file).exists());
    for planted in PLANTED {
        assert!(!std::fs::read_to_string(&progress).unwrap().contains(planted), "{planted}");
    }
    // A line that the kill cut is written again.
    let mut cut = std::fs::read_to_string(&progress).unwrap();
    cut.push_str("{\"step\":\"groups of con");
    std::fs::write(&progress, cut).unwrap();

    // With other options it is another pull.
    let other = pull(&gateway, &file, &["--records", "3"]);
    let other = gateway.run(&other.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(other.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&other.stderr).contains("--restart"));

    hubspot.json(&["portal", "fault", "clear", "--account", "4242"]);
    let asked_before = asked(&hubspot);
    pulled(&gateway, &file, &[]);
    assert_eq!(std::fs::read_to_string(&file).unwrap().replace("seed.yaml", "whole.yaml"), std::fs::read_to_string(&whole).unwrap());
    assert!(before >= 6 && asked(&hubspot) > asked_before);
    let schemas = hubspot.json(&["portal", "requests", "--account", "4242", "--path", "/crm-object-schemas/*"]);
    assert_eq!(schemas["count"], 2, "the schemas were read once for each file");
}

fn asked(hubspot: &Keyway) -> u64 {
    hubspot.json(&["portal", "requests", "--account", "4242"])["count"].as_u64().unwrap()
}

#[test]
fn a_pull_that_reaches_no_data_listener_says_how_to_name_it_and_leaves_no_app() {
    let (_hubspot, gateway) = connected();
    let file = gateway.folder.path().join("seed.yaml").display().to_string();
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let refused = gateway.run(&["portal", "pull", "4242", "-o", &file, "--url", &format!("http://{closed}")]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("--url"), "{}", String::from_utf8_lossy(&refused.stderr));
    assert!(!gateway.json(&["app", "list", "--account", "4242"]).to_string().contains("keyway portal pull"));
}

#[test]
fn an_embedded_account_is_not_pulled() {
    let keyway = Keyway::start(&["--ephemeral"]);
    let hub_id = keyway.json(&["account", "list"])["accounts"][0]["hubId"].to_string();
    let refused = keyway.run(&["portal", "pull", &hub_id]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("is embedded"), "{}", String::from_utf8_lossy(&refused.stderr));
}
