use keyway_core::catalog::{Catalog, Method};
use keyway_core::safety::Classes;
use keyway_mcp::server::Settings;
use keyway_mcp::{ANSWER_BYTES_MAX, Masks};
use serde_json::{Value, json};

use crate::harness::{FULL, READER, SESSION, Server, text};

fn open(words: &[&str]) -> Settings {
    Settings { allowed: Classes::parse(words).unwrap(), ..Settings::default() }
}

async fn contact(server: &Server, properties: Value) -> String {
    let agent = server.enter(FULL).await;
    let made = server.tool(&agent, "create_record", json!({ "object_type": "contact", "properties": properties })).await;
    assert_eq!(made["isError"], false, "{made}");
    made["structuredContent"]["data"]["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_record_is_made_found_changed_and_associated() {
    let server = Server::start(open(&["all"])).await;
    let agent = server.enter(FULL).await;
    let id = contact(&server, json!({ "firstname": "Ada", "email": "ada@acme.example" })).await;
    let company = json!({ "object_type": "companies", "properties": { "name": "Acme" } });
    let company = server.tool(&agent, "create_record", company).await["structuredContent"]["data"]["id"].clone();
    let by_email = json!({ "object_type": "contacts", "filters": [{ "property": "email", "operator": "EQ", "value": "ada@acme.example" }], "properties": ["firstname"] });
    let found = server.tool(&agent, "search_records", by_email).await;
    assert_eq!(found["structuredContent"]["data"], json!([{ "id": id, "properties": { "firstname": "Ada" } }]), "only what was asked for");
    assert!(text(&found).starts_with("1 of 1 contacts."), "{found}");
    let changed =
        server.tool(&agent, "update_record", json!({ "object_type": "contacts", "id": id, "properties": { "firstname": "Ada B." } })).await;
    assert_eq!(changed["structuredContent"]["data"]["properties"]["firstname"], "Ada B.");
    let pair = json!({ "from_type": "contacts", "from_id": id, "to_type": "companies", "to_id": company });
    let associated = server.tool(&agent, "associate_records", pair).await;
    assert_eq!(associated["isError"], false, "{associated}");
    let one = server.tool(&agent, "get_record", json!({ "object_type": "contacts", "id": id, "associated": ["companies"] })).await;
    assert_eq!(one["structuredContent"]["data"]["associated"]["companies"], json!([company]), "{one}");
}

#[tokio::test]
async fn pages_go_on_by_the_cursor_that_the_words_name() {
    let server = Server::start(open(&["all"])).await;
    let agent = server.enter(FULL).await;
    // So long that fewer fit than are asked for.
    let mut made = Vec::new();
    for number in 0..30 {
        let long = "x".repeat(1_500);
        made.push(contact(&server, json!({ "firstname": format!("{number} {long}"), "email": format!("p{number}@acme.example") })).await);
    }
    for (tool, mut given) in [
        ("list_records", json!({ "object_type": "contacts", "properties": ["firstname"], "limit": 25 })),
        ("search_records", json!({ "object_type": "contacts", "properties": ["firstname"], "limit": 25, "sort": "hs_object_id" })),
    ] {
        let (mut seen, mut pages) = (Vec::new(), 0);
        loop {
            let page = server.tool(&agent, tool, given.clone()).await;
            assert!(page["structuredContent"].to_string().len() < ANSWER_BYTES_MAX + 1_000);
            let rows = page["structuredContent"]["data"].as_array().unwrap();
            seen.extend(rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()));
            pages += 1;
            let Some(after) = page["structuredContent"]["after"].as_str() else { break };
            assert!(text(&page).contains(&format!("call {tool} with the same arguments and after \"{after}\"")), "{tool}");
            given["after"] = after.into();
        }
        assert!(pages > 1);
        seen.sort();
        let mut all = made.clone();
        all.sort();
        assert_eq!(seen, all, "{tool}: each record once");
    }
}

#[tokio::test]
async fn a_hidden_property_is_neither_shown_nor_asked_by() {
    let masks = Masks::parse("[app.full]\n\"contacts.email\" = \"mask\"\n\"contacts.phone\" = \"drop\"\n").unwrap();
    let server = Server::start(Settings { masks, ..open(&["all"]) }).await;
    let agent = server.enter(FULL).await;
    let id = contact(&server, json!({ "email": "ada@acme.example", "phone": "+49 30 1234567", "firstname": "Ada" })).await;
    let path = format!("/crm/v3/objects/contacts/{id}");
    let shown = json!({ "object_type": "contacts", "id": id, "properties": ["email", "phone", "firstname"] });
    let generic = json!({ "method": "GET", "path": path, "query": { "properties": "email,phone,firstname" } });
    let legacy = json!({ "method": "GET", "path": format!("/contacts/v1/contact/vid/{id}/profile") });
    for (tool, given) in [("get_record", shown), ("call_operation", generic), ("call_operation", legacy)] {
        let answer = server.tool(&agent, tool, given).await.to_string();
        assert!(!answer.contains("ada@acme") && !answer.contains("1234567"), "{tool}: {answer}");
    }
    let by = json!({ "object_type": "contacts", "filters": [{ "property": "email", "operator": "EQ", "value": "ada@acme.example" }] });
    let body = json!({ "filterGroups": [{ "filters": [{ "propertyName": "email", "operator": "EQ", "value": "ada@acme.example" }] }] });
    let generic = json!({ "method": "POST", "path": "/crm/v3/objects/contacts/search", "body": body });
    let named = json!({ "object_type": "contacts", "id": "ada@acme.example", "id_property": "email" });
    for (tool, given) in [("search_records", by), ("call_operation", generic), ("get_record", named)] {
        let answer = server.tool(&agent, tool, given).await;
        assert!(text(&answer).contains("hidden from this app"), "{tool}: {answer}");
    }
}

#[tokio::test]
async fn a_missing_scope_is_named_and_how_to_get_it() {
    let server = Server::start(Settings::default()).await;
    let reader = server.enter(READER).await;
    let refused = server.tool(&reader, "search_records", json!({ "object_type": "deals" })).await;
    assert!(text(&refused).contains("keyway app update 2 --add-scope crm.objects.deals.read"), "{refused}");
    let described = server.tool(&reader, "describe_operation", json!({ "method": "GET", "path": "/crm/objects/2026-09/deals" })).await;
    assert!(text(&described).contains("crm.objects.deals.read"), "{described}");
}

#[tokio::test]
async fn an_operation_is_found_by_its_words_and_only_what_is_open_is_listed() {
    let server = Server::start(open(&["all"])).await;
    let (full, reader) = (server.enter(FULL).await, server.enter(READER).await);
    for (words, path) in [
        ("merge contacts", "/crm/objects/2026-03/contacts/merge"),
        ("list owners", "/crm/owners/2026-09"),
        ("marketing email statistics", "/marketing/emails/"),
        ("delete a pipeline", "/crm/pipelines/2026-09/{objectType}/{pipelineId}"),
    ] {
        let found = server.tool(&full, "find_operation", json!({ "words": words })).await;
        let rows = found["structuredContent"]["operations"].as_array().unwrap();
        assert!(
            rows.iter().any(|row| row["path"].as_str().unwrap().starts_with(path.split('{').next().unwrap())),
            "{words}: {}",
            text(&found)
        );
    }
    let found = server.tool(&reader, "find_operation", json!({ "words": "marketing email statistics" })).await;
    assert_eq!(found["structuredContent"]["operations"], json!([]), "{found}");
    assert!(text(&found).contains("more fit, which you may not call"), "{found}");
    let all = server.tool(&reader, "find_operation", json!({ "words": "marketing email statistics", "all": true })).await;
    assert!(all["structuredContent"]["operations"][0]["needs_a_scope_of"].is_array(), "{all}");
}

#[tokio::test]
async fn an_answer_of_any_operation_is_bounded_and_says_what_is_left_out() {
    let server = Server::start(open(&["all"])).await;
    let agent = server.enter(FULL).await;
    let answer = server.tool(&agent, "call_operation", json!({ "method": "GET", "path": "/crm/v3/properties/contacts" })).await;
    assert!(answer["structuredContent"].to_string().len() < ANSWER_BYTES_MAX + 1_000);
    assert!(text(&answer).len() < ANSWER_BYTES_MAX + 1_000);
    assert!(text(&answer).contains("rows, of which the first"), "{}", &text(&answer)[..200]);
}

#[tokio::test]
async fn no_answer_repeats_the_token() {
    let server = Server::start(open(&["all"])).await;
    let agent = server.enter(FULL).await;
    let token = server.token(FULL).to_owned();
    let id = contact(&server, json!({ "firstname": token })).await;
    for (tool, given) in [
        ("whoami", json!({})),
        ("get_record", json!({ "object_type": "contacts", "id": id })),
        ("get_record", json!({ "object_type": "contacts", "id": token })),
        ("call_operation", json!({ "method": "GET", "path": format!("/crm/v3/objects/contacts/{token}") })),
    ] {
        let answer = server.tool(&agent, tool, given).await.to_string();
        assert!(!answer.contains(&token), "{tool}: {answer}");
    }
}

/// What the list says a tool does is what the catalog says of its operation.
#[test]
fn the_class_of_each_tool_is_that_of_its_operation() {
    for (method, template, class) in keyway_mcp::operations() {
        let operation = Catalog::get().find(Method::parse(method).unwrap(), template).unwrap_or_else(|| panic!("{method} {template}"));
        assert_eq!(operation.safety.class, class, "{operation}");
    }
}

#[tokio::test]
async fn a_session_is_told_for_whom_and_until_when_it_acts_and_its_own_remedy() {
    let server = Server::start(open(&["all"])).await;
    let agent = server.enter(SESSION).await;
    let me = server.tool(&agent, "whoami", json!({})).await;
    let says = "Your session 40 acts on behalf of ada@example.com, for this purpose: Find duplicates. It ends at 2096-10-02T07:06:40";
    assert!(text(&me).contains(says) && text(&me).contains("It has no budget."), "{me}");

    let record = json!({ "object_type": "contacts", "properties": { "firstname": "Ada" } });
    let refused = server.tool(&agent, "create_record", record).await;
    assert!(text(&refused).contains("keyway session create --app 1 --scopes"), "{refused}");
    assert!(!refused.to_string().contains("hubspot_says"), "{refused}");
    assert_eq!(refused["structuredContent"]["refusal"]["requiredGranularScopes"][0], "crm.objects.contacts.write");
    // A read that its scopes do not open, in the same few words.
    let deals = server.tool(&agent, "list_records", json!({ "object_type": "deals" })).await;
    assert!(text(&deals).starts_with("Keyway refused the call (missing-scopes): The session 40 of the app full (1)"), "{deals}");
    assert!(text(&deals).len() < 600, "{}", text(&deals).len());
}

/// What the door is stricter in than the pipeline.
#[tokio::test]
async fn what_the_door_refuses_by_itself_is_on_record_as_the_pipelines_refusals_are() {
    let masks = Masks::parse("[default]\n\"contacts.email\" = \"mask\"\n").unwrap();
    let server = Server::start(Settings { masks, ..Settings::default() }).await;
    let agent = server.enter(FULL).await;
    let by = json!({ "object_type": "contacts", "filters": [{ "property": "email", "operator": "EQ", "value": "a@b.example" }] });
    let record = json!({ "object_type": "contacts", "properties": { "firstname": "Ada" } });
    let call = |method: &str, path: &str| json!({ "method": method, "path": path });
    for (tool, given, operation, rule) in [
        ("create_record", record, "POST /crm/objects/2026-09/{objectType}", "not-for-agents"),
        ("search_records", by, "POST /crm/objects/2026-09/{objectType}/search", "property-hidden"),
        ("call_operation", call("DELETE", "/crm/v3/objects/contacts/1"), "DELETE /crm/v3/objects/contacts/{contactId}", "not-for-agents"),
        ("call_operation", call("POST", "/oauth/v1/token"), "POST /oauth/v1/token", "not-for-agents"),
        ("call_operation", call("POST", "/no/such/path"), "POST (unlisted) /no/such/path", "not-for-agents"),
    ] {
        let refused = server.tool(&agent, tool, given).await;
        assert_eq!((&refused["isError"], &refused["structuredContent"]["rule"]), (&json!(true), &json!(rule)), "{refused}");
        let record = server.last_record().await;
        assert_eq!((&*record.operation, record.rule.as_deref(), record.tool.as_deref()), (operation, Some(rule), Some(tool)));
        assert!(text(&refused).contains(&record.correlation_id), "{refused}");
    }
    assert!(server.reached_records().is_empty());
}

#[tokio::test]
async fn what_hubspot_marks_as_sensitive_is_masked_unless_a_rule_shows_it() {
    let masks = Masks::parse("[default]\n\"contacts.blood_group\" = \"allow\"\n").unwrap();
    let server = Server::start(Settings { masks, ..open(&["all"]) }).await;
    let agent = server.enter(FULL).await;
    for (name, level) in
        [("diagnosis", "sensitive"), ("therapy", "highly_sensitive"), ("blood_group", "sensitive"), ("hobby", "non_sensitive")]
    {
        let body = json!({ "name": name, "label": name, "type": "string", "fieldType": "text", "groupName": "contactinformation", "dataSensitivity": level });
        let made =
            server.tool(&agent, "call_operation", json!({ "method": "POST", "path": "/crm/v3/properties/contacts", "body": body })).await;
        assert_eq!(made["isError"], false, "{made}");
    }
    let given = json!({ "diagnosis": "measles-7", "therapy": "bed rest", "blood_group": "zero neg", "hobby": "bouldering" });
    let id = contact(&server, given).await;
    let names = ["diagnosis", "therapy", "blood_group", "hobby"];
    let one = json!({ "object_type": "contact", "id": id, "properties": names });
    let path = format!("/crm/objects/2026-09/0-1/{id}");
    let generic = json!({ "method": "GET", "path": path, "query": { "properties": names.join(",") } });
    for (tool, given) in [("get_record", one), ("call_operation", generic)] {
        let shown = server.tool(&agent, tool, given).await.to_string();
        assert!(!shown.contains("measles-7") && !shown.contains("bed rest"), "{tool}: {shown}");
        assert!(shown.contains("zero neg") && shown.contains("bouldering"), "{tool}: {shown}");
    }
    let by = json!({ "object_type": "contacts", "filters": [{ "property": "diagnosis", "operator": "EQ", "value": "measles-7" }] });
    let refused = server.tool(&agent, "search_records", by).await;
    assert_eq!(refused["structuredContent"]["rule"], "property-hidden", "{refused}");
}
