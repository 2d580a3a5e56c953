use keyway_mcp::REQUEST_BYTES_MAX;
use keyway_mcp::server::Settings;
use keyway_mcp::stdio;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};

use crate::harness::{FULL, READER, Server, text};

const OLDER: [&str; 4] = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"];
const NOW: &str = "2026-07-28";

fn request(method: &str, params: Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params })
}

fn initialize(version: &str) -> Value {
    request("initialize", json!({ "protocolVersion": version, "capabilities": {}, "clientInfo": { "name": "test", "version": "1" } }))
}

/// The parameters of the present protocol, which say with each request what `initialize` once said.
fn present(mut params: Value) -> Value {
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": NOW,
        "io.modelcontextprotocol/clientInfo": { "name": "test", "version": "1" },
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    params
}

fn bearer(server: &Server, app: usize) -> String {
    format!("Bearer {}", server.token(app))
}

#[tokio::test]
async fn each_older_version_is_agreed_on_and_served_without_a_session() {
    let server = Server::start(Settings::default()).await;
    let token = bearer(&server, READER);
    for version in OLDER {
        let (status, headers, answer) = server.post(&[("authorization", &token)], &initialize(version)).await;
        assert_eq!((status, &answer["result"]["protocolVersion"]), (200, &json!(version)), "{answer}");
        assert!(headers.get("mcp-session-id").is_none(), "there is no session to keep");
        assert_eq!(answer["result"]["serverInfo"]["name"], "keyway");
        let with = [("authorization", token.as_str()), ("mcp-protocol-version", version)];
        let done = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
        assert_eq!(server.post(&with, &done).await.0, 202);
        let (_, _, listed) = server.post(&with, &request("tools/list", json!({}))).await;
        assert!(listed["result"]["tools"].as_array().is_some_and(|tools| !tools.is_empty()), "{version}: {listed}");
        let (_, _, called) = server.post(&with, &request("tools/call", json!({ "name": "whoami", "arguments": {} }))).await;
        assert!(text(&called["result"]).contains("reader"), "{version}: {called}");
    }
}

#[tokio::test]
async fn a_version_that_nobody_knows_is_answered_with_the_newest_that_has_initialize() {
    let server = Server::start(Settings::default()).await;
    for version in ["1999-01-01", NOW, "2099-01-01"] {
        let (_, _, answer) = server.post(&[("authorization", &bearer(&server, READER))], &initialize(version)).await;
        assert_eq!(answer["result"]["protocolVersion"], "2025-11-25", "{version}: {answer}");
    }
}

#[tokio::test]
async fn the_present_version_discovers_lists_and_calls_without_initialize() {
    let server = Server::start(Settings::default()).await;
    let token = bearer(&server, READER);
    let with = |method: &'static str| vec![("authorization", token.as_str()), ("mcp-protocol-version", NOW), ("mcp-method", method)];
    let (status, _, found) = server.post(&with("server/discover"), &request("server/discover", present(json!({})))).await;
    assert_eq!(status, 200, "{found}");
    let versions = found["result"]["supportedVersions"].as_array().unwrap();
    assert!(versions.contains(&json!(NOW)) && versions.contains(&json!("2024-11-05")), "{found}");
    let (_, _, listed) = server.post(&with("tools/list"), &request("tools/list", present(json!({})))).await;
    assert_eq!(listed["result"]["cacheScope"], "private", "what one token sees is not for another: {listed}");
    let mut headers = with("tools/call");
    headers.push(("mcp-name", "whoami"));
    let call = request("tools/call", present(json!({ "name": "whoami", "arguments": {} })));
    let (_, _, called) = server.post(&headers, &call).await;
    assert!(text(&called["result"]).contains("You may read, and change nothing"), "{called}");
    // A header that says another tool than the body would deceive whoever limits by headers.
    headers.pop();
    headers.push(("mcp-name", "get_record"));
    assert_eq!(server.post(&headers, &call).await.0, 400);
}

#[tokio::test]
async fn nobody_is_let_in_without_a_token_that_counts() {
    let server = Server::start(Settings::default()).await;
    let unknown = ["Bearer pat-na1-", "11111111-2222-3333-4444-555555555555"].concat();
    let (status, headers, _) = server.post(&[], &request("tools/list", json!({}))).await;
    assert_eq!((status, headers["www-authenticate"].to_str().unwrap()), (401, "Bearer realm=\"keyway\""));
    for wrong in [unknown.as_str(), "Bearer x", "bearer \u{e9}"] {
        let (status, headers, _) = server.post(&[("authorization", wrong)], &request("tools/list", json!({}))).await;
        assert_eq!(status, 401, "{wrong}");
        assert!(headers.contains_key("www-authenticate"));
    }
    let token = bearer(&server, READER);
    let twice = [("authorization", token.as_str()), ("authorization", token.as_str())];
    assert_eq!(server.post(&twice, &request("tools/list", json!({}))).await.0, 401);
    let basic = bearer(&server, READER).replacen("Bearer", "Basic", 1);
    assert_eq!(server.post(&[("authorization", &basic)], &request("tools/list", json!({}))).await.0, 401);
}

#[tokio::test]
async fn a_page_of_another_site_and_another_name_of_this_host_are_refused() {
    let server = Server::start(Settings::default()).await;
    let token = bearer(&server, READER);
    for origin in ["https://evil.example", "null", "http://127.0.0.1:8487", "http://localhost"] {
        let (status, ..) = server.post(&[("authorization", &token), ("origin", origin)], &request("tools/list", json!({}))).await;
        assert_eq!(status, 403, "{origin}");
    }
    let rebound = http::Request::post("/mcp").header("host", "evil.example").header("authorization", &token);
    let rebound = rebound.header("content-type", "application/json").header("accept", "application/json, text/event-stream");
    let rebound = rebound.body(axum::body::Body::from(request("tools/list", json!({})).to_string())).unwrap();
    let answer = tower::ServiceExt::oneshot(server.router(), rebound).await.unwrap();
    assert_eq!(answer.status(), 403);
}

#[tokio::test]
async fn what_is_no_request_is_refused_and_nothing_is_done() {
    let server = Server::start(Settings::default()).await;
    let token = bearer(&server, FULL);
    let with = [("authorization", token.as_str()), ("mcp-protocol-version", "2025-06-18")];
    for (what, code) in [
        (request("tools/call", json!({ "name": "get_recrd", "arguments": {} })), -32602),
        (request("tools/list", json!({ "cursor": "2" })), -32602),
        (request("no/such/method", json!({})), -32601),
        (request("resources/read", json!({ "uri": "file:///etc/passwd" })), -32601),
    ] {
        let (_, _, answer) = server.post(&with, &what).await;
        assert_eq!(answer["error"]["code"], code, "{what}: {answer}");
    }
    let (_, _, near) = server.post(&with, &request("tools/call", json!({ "name": "get_recrd" }))).await;
    assert!(near["error"]["message"].as_str().unwrap().contains("did you mean get_record?"), "{near}");
    let call = request("tools/call", json!({ "name": "list_records", "arguments": { "object_type": "contacts" } }));
    for malformed in [json!([call, call]), json!("text"), json!({ "jsonrpc": "1.0", "id": 1, "method": "tools/list" })] {
        let (status, ..) = server.post(&with, &malformed).await;
        assert!((400..500).contains(&status), "{malformed}: {status}");
    }
    let long = request("tools/call", json!({ "name": "whoami", "arguments": { "x": "a".repeat(REQUEST_BYTES_MAX) } }));
    assert_eq!(server.post(&with, &long).await.0, 413);
    let get = http::Request::get("/mcp").header("host", "localhost").header("authorization", &token).header("accept", "text/event-stream");
    let answer = tower::ServiceExt::oneshot(server.router(), get.body(axum::body::Body::empty()).unwrap()).await.unwrap();
    assert_eq!(answer.status(), 405, "there is no stream to wait on");
    assert!(server.reached_records().is_empty());
}

#[tokio::test]
async fn a_token_is_listed_what_it_can_use_with_the_right_hints() {
    let server = Server::start(Settings::default()).await;
    let (_, _, listed) = server.post(&[("authorization", &bearer(&server, READER))], &request("tools/list", json!({}))).await;
    let tools = listed["result"]["tools"].as_array().unwrap();
    let names: Vec<&str> = tools.iter().map(|tool| tool["name"].as_str().unwrap()).collect();
    assert!(names.contains(&"search_records") && names.contains(&"call_operation"), "{names:?}");
    for closed in ["create_record", "update_record", "associate_records", "list_owners"] {
        assert!(!names.contains(&closed), "{closed} is listed");
    }
    for tool in tools {
        assert_eq!(tool["annotations"]["readOnlyHint"], true, "{tool}");
        assert_eq!(tool["annotations"]["destructiveHint"], false, "{tool}");
        assert_eq!(tool["inputSchema"]["additionalProperties"], false, "{tool}");
        assert!(tool["inputSchema"]["properties"].get("approval").is_none(), "{tool}");
    }
}

#[tokio::test]
async fn one_client_on_standard_input_is_served_line_by_line() {
    let server = Server::start(Settings::default()).await;
    let visitor = server.enter(READER).await.visitor;
    let (client, ours) = tokio::io::duplex(1 << 16);
    let (input, output) = tokio::io::split(ours);
    let serving = tokio::spawn(stdio::serve(server.door.clone(), visitor, input, output));
    let (answers, mut sends) = tokio::io::split(client);
    let mut answers = BufReader::new(answers).lines();
    let mut send = async |message: Value| sends.write_all(format!("{message}\n").as_bytes()).await.unwrap();
    send(initialize("2025-06-18")).await;
    let first: Value = serde_json::from_str(&answers.next_line().await.unwrap().unwrap()).unwrap();
    assert_eq!(first["result"]["protocolVersion"], "2025-06-18");
    send(json!({ "jsonrpc": "2.0", "method": "notifications/initialized" })).await;
    // A request that was cancelled before it came to its turn, and one that is answered.
    send(json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": 7 } })).await;
    send(json!({ "jsonrpc": "2.0", "id": 8, "method": "tools/call", "params": { "name": "whoami" } })).await;
    let answer: Value = serde_json::from_str(&answers.next_line().await.unwrap().unwrap()).unwrap();
    assert_eq!(answer["id"], 8);
    assert!(text(&answer["result"]).contains("reader"));
    drop(sends);
    drop(answers);
    serving.await.unwrap().unwrap();
}
