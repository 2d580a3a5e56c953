//! `--json` is one option of all commands, before them or after them.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use crate::harness::Keyway;

/// Commands that print JSON, in an order in which they work, each with arguments. `-` is for commands that need more than
/// one server, which other tests have.
const COMMANDS: &str = include_str!("json_option.tsv");

/// The files that the arguments name.
fn write_files(folder: &Path) {
    std::fs::create_dir(folder.join("code")).unwrap();
    for (name, text) in [
        ("code/sync.py", "requests.get(\"https://api.hubapi.com/crm/v3/objects/contacts\")\n".to_owned()),
        ("settings.toml", "listen = \"8484\"\n".to_owned()),
        ("register.yaml", "version: 1\naccounts: []\n".to_owned()),
        ("refused.txt", "{\"status\":\"error\",\"message\":\"no\",\"category\":\"MISSING_SCOPES\"}\n".to_owned()),
        ("key.txt", format!("{}-1234-1234-1234-{}\n", "12345678", "123456789abc")),
        ("secret.txt", format!("{}-{}\n", "a", "client-secret")),
        ("slack.txt", format!("https://hooks.slack.com/{}/T0/B0/x\n", "services")),
    ] {
        std::fs::write(folder.join(name), text).unwrap();
    }
}

fn keyway(folder: &Path, data: &Path, words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keyway"));
    command.args(words).current_dir(folder).env("KEYWAY_DATA", data).env_remove("KEYWAY_ADDR").stdin(std::process::Stdio::null());
    command.output().unwrap()
}

#[test]
fn commands_print_json_with_the_option_before_or_after_them() {
    let server = Keyway::start(&["--proxy", "127.0.0.1:0", "--notify-hosts", "hooks.slack.com,127.0.0.1"]);
    let folder = tempfile::tempdir().unwrap();
    write_files(folder.path());
    let rows = COMMANDS.lines().filter_map(|row| row.split_once('\t')).filter(|(_, arguments)| *arguments != "-");
    let mut wrong = Vec::new();
    for (at, (command, arguments)) in rows.enumerate() {
        let words: Vec<&str> = command.split(' ').chain(arguments.split_whitespace()).collect();
        let words = if at % 2 == 0 { [&["--json"], &words[..]].concat() } else { [&words[..], &["--json"]].concat() };
        let output = keyway(folder.path(), server.folder.path(), &words);
        let printed = serde_json::from_slice::<Value>(&output.stdout);
        if printed.is_err() || !matches!(output.status.code(), Some(0 | 1)) {
            wrong.push(format!("{}: {}", words.join(" "), String::from_utf8_lossy(&output.stderr)));
        }
    }
    assert_eq!(wrong, [""; 0]);
}

#[test]
fn a_command_without_json_says_what_to_use() {
    let folder = tempfile::tempdir().unwrap();
    for (words, hint) in [
        (&["serve"][..], "--log-format json"),
        (&["export"], "keyway app list --json"),
        (&["audit", "export"], "--format jsonl"),
        (&["exec", "--seed", "demo", "--", "true"], "--report FILE.json"),
        (&["completions", "bash"], "a script for a shell"),
    ] {
        let name = words.iter().take_while(|word| !word.starts_with('-') && **word != "bash").copied().collect::<Vec<_>>().join(" ");
        for words in [[&["--json"], words].concat(), [&words[..1], &["--json"], &words[1..]].concat()] {
            let output = keyway(folder.path(), folder.path(), &words);
            let said = String::from_utf8_lossy(&output.stderr);
            assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{words:?}: {said}");
            assert!(
                said.starts_with(&format!("keyway: `keyway {name}` has no JSON to print: ")) && said.contains(hint),
                "{words:?}: {said}"
            );
        }
    }
}
