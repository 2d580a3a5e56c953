//! `keyway init`: from nothing to a first call.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::harness::{Keyway, Running};
use crate::terminal::{on_terminal, plain};

fn init(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keyway"));
    command.args(["init", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"]).args(arguments).arg("--data").arg(folder);
    command
}

#[test]
fn nothing_becomes_a_first_call_without_a_question() {
    let folder = tempfile::tempdir().unwrap();
    let output = init(folder.path(), &["--yes", "--stop"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{said}{}", String::from_utf8_lossy(&output.stderr));
    for part in [
        "server   started",
        "embedded, with sample records",
        "\"First app\", with 7 scopes",
        "?limit=1: 200",
        "HUBSPOT_ACCESS_TOKEN=pat-",
        "/set-up?token=",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let column = |words: &str| said.lines().find_map(|line| line.find(words)).unwrap();
    assert_eq!([column("apps, and when"), column("start this server")], [column("watch the calls"); 2], "{said}");
    // The server does not run any more, and what was made stays.
    let again = Keyway::start_in(folder, &[]);
    assert_eq!(again.json(&["app", "list"])["apps"][0]["name"], "First app");
}

#[test]
fn a_server_that_runs_is_used_and_left_running() {
    let server = Keyway::start(&["--ephemeral"]);
    let output = init(server.folder.path(), &["--yes", "--app", "Shop", "--scopes", "crm.objects.deals.read"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("runs already") && said.contains("deals?limit=1: 200"), "{said}");
    assert_eq!(server.json(&["app", "show", "shop"])["app"]["scopes"][0], "crm.objects.deals.read");
    let twice = init(server.folder.path(), &["--yes", "--app", "Shop"]).output().unwrap();
    assert!(twice.status.code() == Some(2) && String::from_utf8_lossy(&twice.stderr).contains("named Shop already"));
}

#[test]
fn a_person_answers_questions() {
    let server = Keyway::start(&["--ephemeral"]);
    let (screen, code) = on_terminal(&mut init(server.folder.path(), &[]), 100, "1\nMy shop\nnine\nleads\n");
    let screen = plain(&screen);
    assert_eq!(code, Some(0), "{screen}");
    assert!(screen.contains("nine is none of them") && screen.contains("\"My shop\", with 2 scopes"), "{screen}");
}

#[test]
fn where_nobody_answers_the_options_are_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let output = init(folder.path(), &[]).stdin(Stdio::null()).output().unwrap();
    assert!(output.status.code() == Some(2) && String::from_utf8_lossy(&output.stderr).contains("--yes"));
    let output = init(folder.path(), &["--yes", "--to", "hubspot"]).output().unwrap();
    assert!(output.status.code() == Some(2) && String::from_utf8_lossy(&output.stderr).contains("--credential-env"));
    assert!(std::fs::read_dir(folder.path()).unwrap().next().is_none(), "no server was started");
}

#[test]
fn a_scope_that_does_not_exist_is_refused_before_a_server_starts() {
    let folder = tempfile::tempdir().unwrap();
    let output = init(folder.path(), &["--yes", "--scopes", "foo"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(2) && said.contains("foo is not a scope that HubSpot publishes"), "{said}");
    assert!(said.contains("keyway scopes") && !said.contains("--app"), "{said}");
    assert!(std::fs::read_dir(folder.path()).unwrap().next().is_none(), "no server was started");
}

#[test]
fn a_used_port_is_the_only_reason_that_is_given() {
    let (folder, used) = (tempfile::tempdir().unwrap(), std::net::TcpListener::bind("127.0.0.1:0").unwrap());
    let address = used.local_addr().unwrap().to_string();
    let mut command = Command::new(env!("CARGO_BIN_EXE_keyway"));
    command.args(["init", "--yes", "--listen", &address, "--admin", "127.0.0.1:0", "--data"]).arg(folder.path());
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains(&format!("cannot listen on {address}: another program uses this port")), "{said}");
    assert!(said.contains("did not start, for the reason above") && !said.contains("To see"), "{said}");
}

#[test]
fn an_account_of_another_keyway_is_connected() {
    let hubspot = Keyway::start(&["--ephemeral"]);
    hubspot.json(&["account", "create", "Real", "--hub-id", "4711"]);
    let key =
        hubspot.json(&["app", "create", "Key", "--account", "real", "--preset", "crm-read"])["token"]["value"].as_str().unwrap().to_owned();
    let server = Keyway::start(&["--ephemeral"]);
    let url = format!("http://{}", hubspot.address("data"));
    let mut command =
        init(server.folder.path(), &["--yes", "--to", "hubspot", "--base-url", &url, "--credential-env", "THE_KEY", "--preset", "leads"]);
    let output = command.env("THE_KEY", key).output().unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && said.contains("connected to") && said.contains("contacts?limit=1: 200"), "{said}");
    assert!(said.contains("lacks scopes that this app has: crm.objects.contacts.write"), "{said}");
}

#[test]
fn the_server_that_was_started_ends_with_the_command() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = init(folder.path(), &["--yes"]);
    let mut running = Running::start(command.stdout(Stdio::piped()));
    let mut lines = BufReader::new(running.stdout.take().unwrap()).lines().map_while(Result::ok);
    assert!(lines.any(|line| line.contains("/set-up?token=")));
    assert!(folder.path().join("admin.sock").exists());
    assert!(Command::new("kill").args(["-TERM", &running.id().to_string()]).status().unwrap().success());
    assert!(running.wait().unwrap().success());
    assert!(!folder.path().join("admin.sock").exists(), "the server removed its socket");
}
