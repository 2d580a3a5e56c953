//! What `keyway serve` logs: lines of JSON for a collector, the settings without secrets, and each call where asked.

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::harness::{Running, http};

#[test]
fn a_collector_reads_json_only_and_no_secret_but_the_set_up_link() {
    let folder = tempfile::tempdir().unwrap();
    let token = format!("pat-na1-{}", "3f9c2b7e-5a1d-8c86-9e02-b7d41f6a8c53");
    let mut command = Command::new(env!("CARGO_BIN_EXE_keyway"));
    command
        .args(["serve", "--ephemeral", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--log-format", "json", "--access-log"])
        .args(["--app", "Tests:all", "--token", "env:TEST_TOKEN", "--public-url", "https://keyway.example.com", "--data"])
        .arg(folder.path())
        .env("TEST_TOKEN", &token)
        .env("KEYWAY_ADMIN_TOKEN", "an-admin-token-of-a-test")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut server = Running::start(&mut command);
    let mut lines = BufReader::new(server.stderr.take().unwrap()).lines();
    let mut seen: Vec<Value> = Vec::new();
    let mut until = |what: &str| -> Value {
        loop {
            let line = lines.next().unwrap().unwrap();
            let line: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("not JSON: {line}"));
            seen.push(line.clone());
            if line["message"] == what {
                return line;
            }
        }
    };
    let ready = until("keyway is ready");
    assert_eq!(ready["level"], "INFO");
    assert_eq!(ready["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(ready["storage"], "memory only (--ephemeral)");
    assert_eq!(ready["settings"]["public-url"], "https://keyway.example.com");
    assert_eq!(ready["settings"]["access-log"], "true");
    let data = ready["data"].as_str().unwrap().strip_prefix("http://").unwrap().to_owned();
    assert_eq!(http(&data, &token, "GET", "/crm/v3/objects/contacts", None).0, 200);
    let call = until("call");
    assert_eq!((call["status"].as_u64(), call["operation"].as_str()), (Some(200), Some("GET /crm/v3/objects/contacts")));
    assert_eq!(call["source"], "127.0.0.1");
    assert!(call["appId"].is_u64() && call["latencyUs"].is_u64() && call["correlationId"].is_string(), "{call}");

    let ended = Command::new("kill").args(["-TERM", &server.id().to_string()]).status().unwrap();
    assert!(ended.success());
    until("keyway is stopping: finishing the calls in progress");
    assert!(server.wait().unwrap().success());
    let mut screen = String::new();
    server.stdout.take().unwrap().read_to_string(&mut screen).unwrap();
    assert_eq!(screen, "", "stdout stays empty");
    let all: String = seen.iter().map(Value::to_string).collect();
    assert!(!all.contains(&token) && !all.contains("an-admin-token-of-a-test"), "{all}");
    assert!(seen.iter().any(|line| line["setUpLink"].as_str().is_some_and(|link| link.contains("/set-up?token="))));
}

#[test]
fn a_database_that_does_not_answer_is_named_once_with_its_cause() {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_keyway"))
        .args(["serve", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--data"])
        .arg(folder.path())
        .env("KEYWAY_DATABASE", "postgres://ada:a-password@127.0.0.1:1/keyway")
        .env("KEYWAY_MASTER_KEY", "ab".repeat(32))
        .env("KEYWAY_LOG_FORMAT", "json")
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert_eq!(said.matches("127.0.0.1:1").count(), 1, "{said}");
    assert_eq!(said.to_lowercase().matches("refused").count(), 1, "{said}");
    assert!(!said.contains("a-password"), "{said}");
    let line: Value = serde_json::from_str(&said).unwrap_or_else(|_| panic!("not JSON: {said}"));
    assert_eq!(line["level"], "ERROR");
}
