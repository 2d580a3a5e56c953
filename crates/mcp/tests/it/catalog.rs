use keyway_core::catalog::{Catalog, Operation, Resolution};
use keyway_core::path::NormalPath;
use keyway_core::safety::{Class, Classes};
use keyway_mcp::server::Settings;
use serde_json::json;

use crate::harness::{FULL, HELD, Server};

/// A path of an operation, with something in place of each name.
fn path(operation: &Operation) -> String {
    let fill = |segment: &str| match segment.strip_prefix('{') {
        Some(name) if name.contains("bjectType") => "contacts".to_owned(),
        Some(_) => "1".to_owned(),
        None => segment.to_owned(),
    };
    operation.template[1..].split('/').map(|segment| format!("/{}", fill(segment))).collect()
}

/// The same path as servers may read it, though it is written otherwise.
fn spellings(path: &str) -> Vec<String> {
    let segments: Vec<&str> = path[1..].split('/').collect();
    let encoded = format!("/%{:02X}{}", path.as_bytes()[1], &path[2..]);
    let mut spellings = vec![
        path.to_owned(),
        format!("{path}/"),
        encoded,
        format!("/x/..{path}"),
        format!("/.{path}"),
        path.replacen('/', "//", 2),
        path.replace("/contacts", "/0-1"),
        path.to_uppercase(),
        format!("{path}?_method=DELETE"),
        format!("{path};a=b"),
    ];
    // HubSpot answers to two spellings of a version.
    if segments.len() > 2 {
        let mut swapped = segments.clone();
        swapped.swap(1, 2);
        spellings.push(format!("/{}", swapped.join("/")));
    }
    spellings
}

fn is_read(method: &str, path: &str) -> bool {
    match Catalog::get().resolve(method, &NormalPath::parse(path).unwrap()) {
        Resolution::Found(operation) => operation.safety.class == Class::Read,
        _ => false,
    }
}

/// The token has every scope. Here the door is stricter than the pipeline.
#[tokio::test]
async fn a_token_that_nobody_restricted_reaches_no_operation_that_is_not_a_read_in_any_spelling() {
    reaches_reads_alone(FULL, Settings::default()).await;
}

/// The door opens everything, so each refusal is the pipeline's.
#[tokio::test]
async fn a_token_that_is_held_to_reading_reaches_no_operation_that_is_not_a_read_in_any_spelling() {
    reaches_reads_alone(HELD, Settings { allowed: Classes::ALL, ..Settings::default() }).await;
}

async fn reaches_reads_alone(app: usize, settings: Settings) {
    let server = Server::start(settings).await;
    let agent = server.enter(app).await;
    let mut tried = 0;
    for operation in Catalog::get().operations() {
        let path = path(operation);
        let written = spellings(&path).into_iter().map(|spelling| (operation.method.as_str(), spelling));
        for (method, spelling) in written.chain([("POST", path.clone()), ("DELETE", path.clone())]) {
            let mut given = json!({ "method": method, "path": spelling });
            if method != "GET" {
                given["body"] = json!({ "properties": {}, "inputs": [{ "id": "1", "properties": {} }] });
            }
            server.tool(&agent, "call_operation", given).await;
            tried += 1;
        }
    }
    let reached = server.reached.lock().unwrap();
    let written: Vec<_> = reached.iter().filter(|(method, path)| !is_read(method, path)).collect();
    assert!(written.is_empty(), "{} of {tried} calls wrote: {:?}", written.len(), &written[..written.len().min(5)]);
    assert!(tried > 40_000 && reached.len() > 1_000, "{tried} tried, {} reads reached the account", reached.len());
}

#[tokio::test]
async fn a_read_only_token_is_refused_by_every_tool_that_writes() {
    let server = Server::start(Settings::default()).await;
    let agent = server.enter(FULL).await;
    let record = json!({ "object_type": "contacts", "properties": { "firstname": "Ada" } });
    let update = json!({ "object_type": "contacts", "id": "1", "properties": { "firstname": "Ada" } });
    let pair = json!({ "from_type": "contacts", "from_id": "1", "to_type": "companies", "to_id": "2" });
    for (tool, given) in [("create_record", record), ("update_record", update), ("associate_records", pair)] {
        let result = server.tool(&agent, tool, given).await;
        assert_eq!(result["isError"], true, "{tool}: {result}");
        assert!(crate::harness::text(&result).contains("may use: read"), "{result}");
    }
    assert!(server.reached_records().is_empty());
}

#[tokio::test]
async fn what_the_operator_opens_is_open_and_no_more() {
    let allowed = Classes::parse(&["read", "create"]).unwrap();
    let server = Server::start(Settings { allowed, ..Settings::default() }).await;
    let agent = server.enter(FULL).await;
    let created = server.tool(&agent, "create_record", json!({ "object_type": "contacts", "properties": { "firstname": "Ada" } })).await;
    assert_eq!(created["isError"], false, "{created}");
    let many = json!({ "method": "POST", "path": "/crm/objects/2026-09/contacts/batch/create", "body": { "inputs": [] } });
    let refused = server.tool(&agent, "call_operation", many).await;
    assert!(crate::harness::text(&refused).contains("create, bulk"), "many at once is another word: {refused}");
    let deleted = server.tool(&agent, "call_operation", json!({ "method": "DELETE", "path": "/crm/objects/2026-09/contacts/1" })).await;
    assert_eq!(deleted["isError"], true);
    assert_eq!(server.reached_records().len(), 1);
}

/// Operations of which the request or the answer is a credential.
#[tokio::test]
async fn no_agent_reaches_an_operation_about_credentials() {
    let server = Server::start(Settings { allowed: Classes::ALL, ..Settings::default() }).await;
    let agent = server.enter(FULL).await;
    for operation in Catalog::get().operations().iter().filter(|operation| operation.template.starts_with("/oauth/")) {
        let given = json!({ "method": operation.method.as_str(), "path": path(operation) });
        let refused = server.tool(&agent, "call_operation", given).await;
        assert!(crate::harness::text(&refused).contains("credentials"), "{operation}: {refused}");
    }
    let own = server.tool(&agent, "call_operation", json!({ "method": "GET", "path": "/__keyway/me" })).await;
    assert_eq!(own["isError"], true, "{own}");
}
