//! `keyway scan` as a user runs it: exit codes, baseline, standard input, verification.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use keyway_core::token::PlainToken;
use serde_json::Value;

use crate::harness::Keyway;

fn scan(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_keyway")).arg("scan").args(arguments).current_dir(folder).output().expect("the binary runs")
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

/// A token of the right form that nobody issued.
fn token(seed: u8) -> String {
    let bytes: [u8; 16] = std::array::from_fn(|at| seed.wrapping_mul(31).wrapping_add((at as u8).wrapping_mul(73)) ^ 0x5a);
    PlainToken::generate("na1", bytes).expose().to_owned()
}

fn folder(content: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(folder.path().join("app.env"), content).expect("files can be written");
    folder
}

#[test]
fn colours_of_the_report_reach_a_terminal_and_those_of_file_names_do_not() {
    let leaky = folder(&format!("T={}\n", token(1)));
    std::fs::write(leaky.path().join("\u{1b}[5mx.env"), format!("T={}\n", token(2))).expect("files can be written");
    let coloured = String::from_utf8(scan(leaky.path(), &["--color", "always"]).stdout).expect("UTF-8");
    assert!(coloured.contains("\u{1b}[1mSummary\u{1b}[0m"), "{coloured:?}");
    assert!(coloured.contains("\\u{1b}[5mx.env") && !coloured.contains("\u{1b}[5m"), "{coloured:?}");
    let plain = String::from_utf8(scan(leaky.path(), &["--color", "never"]).stdout).expect("UTF-8");
    assert!(plain.contains("Summary") && !plain.contains('\u{1b}'), "{plain:?}");
}

#[test]
fn the_exit_code_says_whether_there_is_a_finding() {
    let clean = folder("nothing here\n");
    assert_eq!(scan(clean.path(), &[]).status.code(), Some(0));
    let leaky = folder(&format!("T={}\n", token(1)));
    assert_eq!(scan(leaky.path(), &[]).status.code(), Some(1));
    assert_eq!(scan(leaky.path(), &["--fail-on", "never"]).status.code(), Some(0));
    let missing = scan(clean.path(), &["nowhere"]);
    assert_eq!(missing.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&missing.stderr).contains("nowhere"), "{missing:?}");
}

#[test]
fn the_calls_that_a_report_names_do_not_count() {
    let folder = folder("requests.get('https://api.hubapi.com/contacts/v1/lists?hapikey=' + KEY)\n");
    for (format, name) in
        [("html", "report.html"), ("markdown", "report.md"), ("sarif", "report.sarif"), ("json", "report.json"), ("human", "report.txt")]
    {
        scan(folder.path(), &["--format", format, "-o", name]);
        let again = json(&scan(folder.path(), &["--json"]));
        assert_eq!(again["summary"]["calls"], 1, "{name}: {again}");
        std::fs::remove_file(folder.path().join(name)).expect("the report was written");
    }
}

#[test]
fn the_name_of_the_output_says_its_format() {
    let folder = folder("requests.get('https://api.hubapi.com/contacts/v1/lists?hapikey=' + KEY)\n");
    let written = |more: &[&str], name: &str| {
        scan(folder.path(), &[more, &["-o", name]].concat());
        std::fs::read_to_string(folder.path().join(name)).unwrap()
    };
    for (name, begins) in [
        ("a.json", "{"),
        ("a.html", "<!doctype html>"),
        ("a.sarif", "{"),
        ("a.md", "# HubSpot"),
        ("a.xml", "<?xml"),
        ("a.txt", "Summary"),
        ("a", "Summary"),
    ] {
        let text = written(&[], name);
        assert!(text.trim_start().starts_with(begins), "{name}: {}", &text[..text.len().min(80)]);
    }
    assert!(written(&["--format", "human"], "b.json").starts_with("Summary"), "--format comes first");
    let refused = scan(folder.path(), &["-o", "a.pdf"]);
    assert_eq!(refused.status.code(), Some(2));
    let why = String::from_utf8_lossy(&refused.stderr);
    assert!(why.contains("--output a.pdf: the name says no known format. End it in .txt, .json,"), "{why}");
    assert!(!folder.path().join("a.pdf").exists());
    assert!(written(&["--format", "human"], "a.log").starts_with("Summary"));
}

#[test]
fn a_keyway_token_is_explained_as_one() {
    let own = PlainToken::generate("na1", [0x3f, 0x9c, 0x2b, 0x7e, 0x5a, 0x1d, 0x4c, 0x86, 0x9e, 0x02, 0xb7, 0xd4, 0x1f, 0x6a, 0x8c, 0x53]);
    let text = String::from_utf8(scan(folder(&format!("T={}\n", own.expose())).path(), &["--explain"]).stdout).unwrap();
    assert!(text.contains("Keyway token") && text.contains("HubSpot's form of a token, with Keyway's checksum"), "{text}");
    assert!(text.contains("fingerprint "), "{text}");
}

#[test]
fn calls_fail_a_scan_only_where_that_is_asked_for() {
    let folder = folder("requests.get('https://api.hubapi.com/contacts/v1/lists?hapikey=' + KEY)\n");
    for (what, code) in [("finding", 0), ("usage", 1), ("ageing", 1), ("ended", 1), ("high", 0)] {
        assert_eq!(scan(folder.path(), &["--fail-on", what]).status.code(), Some(code), "{what}");
    }
}

#[test]
fn a_baseline_is_written_and_then_only_new_findings_count() {
    let leaky = folder(&format!("T={}\n", token(2)));
    assert_eq!(scan(leaky.path(), &["--write-baseline"]).status.code(), Some(0));
    let baseline = std::fs::read_to_string(leaky.path().join("keyway-baseline.json")).expect("it was written");
    assert!(!baseline.contains(&token(2)[8..40]));
    assert_eq!(scan(leaky.path(), &[]).status.code(), Some(0));
    std::fs::write(leaky.path().join("new.env"), format!("T={}\n", token(3))).expect("files can be written");
    let report = json(&{
        let output = scan(leaky.path(), &["--json"]);
        assert_eq!(output.status.code(), Some(1));
        output
    });
    assert_eq!(report["findings"][0]["path"], "new.env");
    assert_eq!(report["stats"]["known"], 1);
    std::fs::write(leaky.path().join("keyway-baseline.json"), "{}").expect("files can be written");
    assert_eq!(scan(leaky.path(), &[]).status.code(), Some(2), "a baseline that can't be read is an error");
}

#[test]
fn standard_input_is_scanned() {
    let mut process = Command::new(env!("CARGO_BIN_EXE_keyway"))
        .args(["scan", "--json", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    writeln!(process.stdin.take().expect("it is piped"), "\nT={}", token(4)).expect("it is read");
    let output = process.wait_with_output().expect("it ends");
    assert_eq!((output.status.code(), json(&output)["findings"][0]["line"].as_u64()), (Some(1), Some(2)));
}

#[test]
fn a_token_is_verified_where_it_works() {
    let keyway = Keyway::start(&["--demo"]);
    let made = keyway.json(&["app", "create", "Scanned", "--scopes", "crm.objects.contacts.read"]);
    let alive = made["token"]["value"].as_str().expect("a new app has a token").to_owned();
    let folder = folder(&format!("A={alive}\nB={}\nHUBSPOT_WEBHOOK_SECRET={}\n", token(5), &token(6)[8..]));
    let base = format!("http://{}", keyway.address("data"));
    let report = json(&scan(folder.path(), &["--json", "--verify", "--verify-at", &base]));
    let verified: Vec<(Option<bool>, &Value)> = report["findings"]
        .as_array()
        .expect("findings")
        .iter()
        .map(|finding| (finding["verified"]["alive"].as_bool(), &finding["verified"]["scopes"]))
        .collect();
    assert_eq!(verified[0], (Some(true), &serde_json::json!(["crm.objects.contacts.read", "oauth"])), "{report}");
    let note = |at: usize, report: &Value| report["findings"][at]["verified"]["note"].as_str().unwrap_or_default().to_owned();
    assert!(note(0, &report).contains("the app Scanned, token "), "{report}");
    assert!(verified[1].0.is_none() && note(1, &report).contains("another one may"), "another Keyway may have issued it: {report}");
    assert_eq!(verified[2].0, None, "there is no harmless question for a webhook secret");
    assert!(!report.to_string().contains(&alive[8..40]));
    // The running server knows its own, and HubSpot is asked about none of them.
    let data = keyway.folder.path().display().to_string();
    let by_server = json(&scan(folder.path(), &["--json", "--verify", "--data", &data]));
    assert_eq!(by_server["findings"][0]["verified"]["alive"], true, "{by_server}");
    assert!(note(1, &by_server).contains("it was not sent there. No app of the running Keyway has it"), "{by_server}");
    keyway.json(&["token", "revoke", &made["token"]["id"].to_string(), "--yes"]);
    for at in [["--verify-at", base.as_str()], ["--data", data.as_str()]] {
        let ended = json(&scan(folder.path(), &[&["--json", "--verify"], &at[..]].concat()));
        assert_eq!((&ended["findings"][0]["verified"]["alive"], note(0, &ended).as_str()), (&false.into(), "token-revoked"), "{ended}");
    }
    let alone = json(&scan(folder.path(), &["--json", "--verify"]));
    assert!(note(0, &alone).contains("it was not sent there. The running Keyway could not be asked"), "{alone}");
}
