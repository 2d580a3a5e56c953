//! Names and contents that attack whoever reads them: no command writes a raw control character, escape
//! sequence or mark that turns the direction of text, on stdout or stderr, nor lets a name forge a line.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use keyway_core::shown::acts;
use serde_json::json;

use crate::harness::{ADMIN_TOKEN, Keyway, http};

const ESCAPE: &str = "\u{1b}]0;owned\u{7}\u{1b}[31m";
const NAMES: [&str; 8] = [
    "a\u{1b}[2J.py",
    "b\rFORGED.py",
    "c\nFORGED 0 findings.py",
    "d\u{9b}31m.py",
    "e\u{8}\u{8}.py",
    "f\u{202e}yp.exe.py",
    "g\u{2066}\u{200b}.py",
    "h\u{7f}\u{2028}FORGED.py",
];

/// What came out, without the ends of lines.
fn both(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn check(what: &str, output: &Output) {
    for (name, bytes) in [("stdout", &output.stdout), ("stderr", &output.stderr)] {
        let text = std::str::from_utf8(bytes).unwrap_or_else(|_| panic!("{what}: {name} is not UTF-8"));
        let raw: Vec<char> = text.chars().filter(|letter| !matches!(letter, '\n' | '\t') && acts(*letter)).collect();
        assert!(raw.is_empty(), "{what}: {name} has {raw:?}: {text}");
        assert!(!text.lines().any(|line| line.starts_with("FORGED")), "{what}: {name} has a forged line: {text}");
    }
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_keyway")).args(arguments).current_dir(folder).output().unwrap()
}

/// Files of hostile names, whose code is found, planned and fixed.
fn repository() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let token = format!("pat-{}-{}", "na1", "3f9c2b7e-5a1d-4c86-9e02-b7d41f6a8c53");
    let code = |note: &str| {
        format!(
            "import requests\nTOKEN = '{token}'  # {note}\nKEY = 'demo'\nrequests.get('https://api.hubapi.com/crm/v3/objects/contacts', params={{'hapikey': KEY}})\n"
        )
    };
    for name in NAMES {
        fs::write(folder.path().join(name), code("")).unwrap();
    }
    fs::write(folder.path().join("content.py"), code(&format!("{ESCAPE}\u{202e}\u{9b}\r forged \u{8}"))).unwrap();
    let inner = folder.path().join(format!("dir{ESCAPE}\u{202e}"));
    fs::create_dir(&inner).unwrap();
    fs::write(inner.join("x.py"), code("")).unwrap();
    folder
}

#[test]
fn no_command_over_a_hostile_repository_acts_on_a_terminal() {
    let folder = repository();
    let missing = format!("missing{ESCAPE}\nFORGED\u{202e}");
    let commands: Vec<Vec<&str>> = vec![
        vec!["scan", "."],
        vec!["scan", ".", "--explain"],
        vec!["scan", ".", "--format", "json"],
        vec!["scan", ".", "--format", "markdown"],
        vec!["scan", ".", "--format", "html"],
        vec!["scan", ".", "--format", "sarif"],
        vec!["scan", ".", "--format", "junit"],
        vec!["scan", &missing],
        vec!["plan", "."],
        vec!["plan", ".", "--format", "markdown"],
        vec!["plan", ".", "--json"],
        vec!["plan", &missing],
        vec!["fix", "."],
        vec!["fix", ".", "--json"],
        vec!["fix", &missing],
        vec!["doctor", "content.py"],
        vec!["doctor", &missing],
        vec!["config", "check", &missing],
        vec!["status", "--data", &missing],
        vec!["fix", ".", "--write"],
    ];
    for arguments in commands {
        let output = run(folder.path(), &arguments);
        assert!(!both(&output).is_empty(), "{arguments:?} says nothing");
        check(&format!("{arguments:?}"), &output);
    }
    assert!(run(folder.path(), &["scan", "."]).stdout.windows(7).any(|part| part == b"\\u{1b}["), "what was there is shown");
}

#[test]
fn a_patch_of_files_with_hostile_names_applies() {
    let folder = repository();
    let git = |arguments: &[&str]| Command::new("git").args(arguments).current_dir(folder.path()).output().unwrap();
    assert!(git(&["init", "-q", "."]).status.success());
    let fixed = run(folder.path(), &["fix", "."]);
    let patch = tempfile::NamedTempFile::new().unwrap();
    fs::write(patch.path(), &fixed.stdout).unwrap();
    let applied = git(&["apply", patch.path().to_str().unwrap()]);
    assert!(applied.status.success(), "{}", both(&applied));
    let is_fixed = |name: &str| !fs::read_to_string(folder.path().join(name)).unwrap().contains("hapikey");
    assert!(NAMES.iter().all(|name| is_fixed(name)));
    // Lines that would act on a terminal are not printed; `fix` names the file, and --write changes it.
    assert!(both(&fixed).contains("content.py: the difference is not printed") && !is_fixed("content.py"));
    run(folder.path(), &["fix", ".", "--write"]);
    assert!(is_fixed("content.py"));
}

#[test]
fn no_command_over_an_account_with_hostile_names_acts_on_a_terminal() {
    let keyway = Keyway::start(&[]);
    let token =
        keyway.json(&["app", "create", "plain", "--scopes", "crm.objects.contacts.read"])["token"]["value"].as_str().unwrap().to_owned();
    let names = [ESCAPE, "n\nFORGED", "n\rFORGED", "n\u{9b}31m", "n\u{202e}x", "n\u{2066}x", "=cmd|' /C calc'!A0", "@SUM(1)", "\t=1"];
    for (at, name) in names.iter().enumerate() {
        let body = json!({ "hubId": 10_000_001, "name": name, "scopes": [], "description": name, "owner": name });
        http(keyway.address("admin"), ADMIN_TOKEN, "POST", "/api/v1/apps", Some(&body.to_string()));
        check("app create", &keyway.run(&["app", "create", name, "--scopes", "crm.objects.contacts.read"]));
        check("app create", &keyway.run(&["app", "create", &format!("x{at}"), "--owner", name, "--scopes", "crm.objects.contacts.read"]));
        check("account add", &keyway.run(&["account", "add", name]));
        check("user", &keyway.run(&["user", "create", name]));
    }
    for path in ["/crm/v3/objects/contacts?a=%1b[31m", "/%1b[31m", "/crm/v3/objects/%c2%9b31m", "/x%0aFORGED", "/crm/v3/objects/%E2%80%AEx"]
    {
        keyway.call(&token, "GET", path, None);
    }
    let commands: [&[&str]; 15] = [
        &["audit", "list"],
        &["audit", "list", "--json"],
        &["audit", "export", "--format", "jsonl"],
        &["audit", "export", "--format", "csv"],
        &["audit", "verify"],
        &["app", "list"],
        &["app", "list", "--json"],
        &["account", "list"],
        &["changes"],
        &["user", "list"],
        &["status"],
        &["portal", "requests"],
        &["token", "list", "plain"],
        &["sunset"],
        &["calls"],
    ];
    for arguments in commands {
        let output = keyway.run(arguments);
        check(&format!("{arguments:?}"), &output);
        if arguments.contains(&"csv") {
            let text = both(&output);
            let cells = text.lines().flat_map(|line| line.split(','));
            assert!(cells.map(|cell| cell.trim_start_matches('"')).all(|cell| !cell.starts_with(['=', '+', '@', '-', '\t'])), "{text}");
        }
    }
}

#[test]
fn the_certificates_of_the_proxy_keep_their_lines() {
    let keyway = Keyway::start(&["--ephemeral", "--proxy", "127.0.0.1:0"]);
    let pem = String::from_utf8(keyway.run(&["proxy", "ca"]).stdout).unwrap();
    let lines: Vec<&str> = pem.trim_end().lines().collect();
    assert_eq!((lines[0], lines[lines.len() - 1]), ("-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"), "{pem}");
    assert!(lines.iter().all(|line| line.len() <= 64), "{pem}");
}
