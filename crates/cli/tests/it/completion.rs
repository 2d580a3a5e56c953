//! Completions, as bash, zsh and fish ask for them.

use std::process::Command;

use crate::harness::Keyway;

/// What is offered for the last of the words.
fn offered(shell: &str, data: &str, words: &[&str]) -> Vec<String> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keyway"));
    let index = (words.len() - 1).to_string();
    command.env("COMPLETE", shell).env("_CLAP_COMPLETE_INDEX", index).env("_CLAP_IFS", "\n").env("KEYWAY_DATA", data);
    let output = command.arg("--").args(words).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    // fish and zsh show a description beside the value.
    text.lines().map(|line| line.split(['\t', ':']).next().unwrap_or_default().replace('\\', "")).collect()
}

#[test]
fn names_scopes_and_presets_are_offered() {
    let server = Keyway::start(&["--ephemeral"]);
    server.json(&["app", "create", "Order sync", "--preset", "leads"]);
    let data = server.folder.path().display().to_string();
    for shell in ["bash", "zsh", "fish"] {
        let offered = |words: &[&str]| offered(shell, &data, words);
        assert!(
            offered(&["keyway", "app", "show", ""]).contains(&"Order sync".to_owned()),
            "{shell}: {:?}",
            offered(&["keyway", "app", "show", ""])
        );
        assert_eq!(offered(&["keyway", "app", "show", "order"]), ["Order sync"], "{shell}");
        assert_eq!(offered(&["keyway", "app", "create", "x", "--scopes", "crm.objects.deals.w"]), ["crm.objects.deals.write"], "{shell}");
        assert_eq!(offered(&["keyway", "app", "create", "x", "--preset", "le"]), ["leads"], "{shell}");
        assert_eq!(offered(&["keyway", "aud"]), ["audit"], "{shell}");
    }
    let account = server.json(&["account", "list"])["accounts"][0].clone();
    assert_eq!(offered("bash", &data, &["keyway", "account", "show", "1000"]), [account["hubId"].to_string()]);
}

#[test]
fn without_a_server_nothing_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let offered = offered("bash", &folder.path().display().to_string(), &["keyway", "app", "show", "O"]);
    assert!(offered.iter().all(|one| one.starts_with('-') || one.is_empty()), "{offered:?}");
}

#[test]
fn each_shell_has_a_script_that_asks_the_program() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = Command::new(env!("CARGO_BIN_EXE_keyway")).args(["completions", shell]).output().unwrap();
        let script = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success() && script.contains("COMPLETE") && script.len() < 4_000, "{shell}: {script}");
    }
}

#[test]
fn bash_completes_with_the_script() {
    let server = Keyway::start(&["--ephemeral"]);
    server.json(&["app", "create", "Billing", "--preset", "leads"]);
    server.json(&["app", "create", "Order sync", "--preset", "leads"]);
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_keyway"));
    let complete = |typed: &str| {
        let script = format!(
            "PATH={}:$PATH; source <(keyway completions bash); COMP_WORDS=(keyway app show '{typed}'); COMP_CWORD=3; COMP_TYPE=9; _clap_complete_keyway keyway '{typed}' show; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
            program.parent().unwrap().display()
        );
        let output = Command::new("bash").args(["-c", &script]).env("KEYWAY_DATA", server.folder.path()).output().unwrap();
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    };
    assert_eq!(complete("Bil"), "Billing");
    // A blank in a name is one word on the command line.
    assert_eq!(complete("ord"), "Order\\ sync");
    assert_eq!(complete("Order\\ s"), "Order\\ sync");
    assert_eq!(complete("\"Ord"), "Order sync");
}
