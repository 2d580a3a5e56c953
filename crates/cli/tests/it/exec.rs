//! `keyway exec`: a command beside an embedded account of its own.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output, Stdio};

use crate::harness::{Running, http};

const CONTACTS: &str = "/crm/v3/objects/contacts";

fn exec(options: &[&str], command: &[&str]) -> Command {
    let mut exec = Command::new(env!("CARGO_BIN_EXE_keyway"));
    exec.arg("exec").args(options).arg("--").args(command);
    exec
}

fn run(options: &[&str], command: &[&str]) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = exec(options, command).output().unwrap();
    (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

/// A command that prints where the account is, and waits until its input ends.
struct Waiting {
    process: Running,
    address: String,
    token: String,
}

impl Waiting {
    fn start(options: &[&str]) -> Self {
        let script = r#"echo "${HUBSPOT_BASE_URL#http://} $HUBSPOT_ACCESS_TOKEN"; read line; exit 7"#;
        let mut process = Running::start(exec(options, &["sh", "-c", script]).stdin(Stdio::piped()).stdout(Stdio::piped()));
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let (address, token) = line.trim_end().split_once(' ').unwrap();
        Self { address: address.to_owned(), token: token.to_owned(), process }
    }

    fn get(&self, target: &str) -> u16 {
        http(&self.address, &self.token, "GET", target, None).0
    }

    fn end(mut self) -> Option<i32> {
        self.process.stdin.take().unwrap().write_all(b"\n").unwrap();
        self.process.wait().unwrap().code()
    }
}

#[test]
fn a_command_gets_an_account_of_its_own_and_its_exit_code_is_passed_on() {
    let waiting = Waiting::start(&[]);
    assert_eq!([CONTACTS, "/crm/v3/objects/deals", "/crm/v3/owners"].map(|target| waiting.get(target)), [200; 3]);
    assert_eq!((0..101).fold(0, |_, _| waiting.get(CONTACTS)), 200);
    let address = waiting.address.clone();
    assert_eq!(waiting.end(), Some(7));
    assert!(std::net::TcpStream::connect(address).is_err());
}

#[test]
fn the_app_has_the_scopes_that_were_named_and_the_account_its_day() {
    let waiting = Waiting::start(&["--app", "Reader:crm.objects.contacts.read", "--as-of", "2027-10-01"]);
    let newest = ["contacts", "deals"].map(|kind| waiting.get(&format!("/crm/objects/2026-09/{kind}")));
    assert_eq!((newest, waiting.get(CONTACTS)), ([200, 403], 404));
    assert_eq!(waiting.end(), Some(7));
}

#[test]
fn the_command_line_reaches_the_account_from_inside() {
    let keyway = env!("CARGO_BIN_EXE_keyway");
    let (code, out, err) = run(&["--seed", "minimal"], &[keyway, "portal", "requests", "--expect", "0", "--json"]);
    assert_eq!(code, Some(0), "{err}");
    // The output is that of the command alone.
    assert_eq!(serde_json::from_str::<serde_json::Value>(&out).unwrap()["count"], 0);
    let (code, ..) = run(&[], &[keyway, "portal", "requests", "--expect", "1"]);
    assert_eq!(code, Some(1));
}

#[test]
fn a_seed_is_a_built_in_set_or_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("seed.json");
    std::fs::write(&file, r#"{"records":{"contacts":[{"properties":{"email":"ada@example.com"}}]}}"#).unwrap();
    for seed in ["minimal", file.to_str().unwrap()] {
        let waiting = Waiting::start(&["--seed", seed]);
        let (status, found) = http(&waiting.address, &waiting.token, "POST", "/crm/objects/2026-09/contacts/search", Some("{}"));
        assert_eq!((status, &found["total"]), (200, &1.into()), "{seed}");
        assert_eq!(waiting.end(), Some(7));
    }
}

#[test]
fn no_command_runs_beside_a_seed_that_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (broken, refused) = (folder.path().join("broken.json"), folder.path().join("refused.json"));
    std::fs::write(&broken, "{").unwrap();
    std::fs::write(&refused, r#"{"records":{"contacts":[{"properties":{"no_such_property":"x"}}]}}"#).unwrap();
    for (seed, why) in [
        ("nothing", "neither a built-in set (demo, minimal, activities)"),
        (broken.to_str().unwrap(), "is not JSON"),
        (refused.to_str().unwrap(), "records.contacts[0]"),
    ] {
        let (code, out, err) = run(&["--seed", seed], &["echo", "ran"]);
        assert_eq!((code, out.as_str()), (Some(2), ""), "{err}");
        assert!(err.contains(why), "{err}");
    }
}

#[test]
fn exit_codes_are_those_of_a_shell() {
    let folder = tempfile::tempdir().unwrap();
    let plain = folder.path().join("plain");
    std::fs::write(&plain, "").unwrap();
    std::fs::set_permissions(&plain, std::fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(run(&[], &["true"]).0, Some(0));
    assert_eq!(run(&[], &["sh", "-c", "exit 255"]).0, Some(255));
    assert_eq!(run(&[], &["sh", "-c", "kill -KILL $$"]).0, Some(137));
    assert_eq!(run(&[], &[plain.to_str().unwrap()]).0, Some(126));
    let (code, _, err) = run(&[], &["no-such-command-anywhere"]);
    assert_eq!(code, Some(127));
    assert!(err.contains("no-such-command-anywhere can't be started"), "{err}");
    assert_eq!(run(&[], &[]).0, Some(2));
}

#[test]
fn signals_are_passed_on_and_the_command_decides() {
    for (signal, code) in [("TERM", 41), ("INT", 42), ("HUP", 43), ("USR1", 44)] {
        // `wait` is what a trap interrupts at once; the sleeper ends with the script, and in any case.
        let script = format!("sleep 60 <&- >&- 2>&- & trap 'kill $!; exit {code}' {signal}; echo up; wait");
        let mut process =
            Running::start(exec(&[], &["sh", "-c", &script]).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()));
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "up\n");
        assert!(Command::new("kill").args([&format!("-{signal}"), &process.id().to_string()]).status().unwrap().success());
        assert_eq!(process.wait().unwrap().code(), Some(code), "{signal}");
    }
}

#[test]
fn nothing_is_left_on_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let status = exec(&["--seed", "demo"], &["true"])
        .current_dir(folder.path())
        .envs(["HOME", "TMPDIR", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR"].map(|name| (name, folder.path())))
        .status()
        .unwrap();
    assert!(status.success());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
