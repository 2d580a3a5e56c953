//! The section `notifications` of the file of `keyway apply`: channels without their secrets.

use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::deletion::on_a_terminal;
use crate::harness::Keyway;

/// A path that no output may have.
const HIDDEN: &str = "hidden-path-of-the-url";
const PASSWORD: &str = "hidden-password";

const FILE: &str = "version: 1
notifications:
  - name: ops
    kind: webhook
    urlFrom: env:OPS_URL
    account: 10000001
  - name: chat
    kind: slack
    urlFrom: env:CHAT_URL
    owner: Sales team
  - name: post
    kind: mail
    host: LOCALHOST
    tls: off
    user: keyway
    passwordFrom: env:POST_PASSWORD
    from: keyway@example.com
    to: [ops@example.com, sales@example.com]
    toOwner: true
";

fn command(keyway: &Keyway, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keyway"));
    command.args(arguments).arg("--data").arg(keyway.folder.path());
    command
}

/// Writes the file.
fn write(keyway: &Keyway, text: &str) -> String {
    let path = keyway.folder.path().join("keyway-apps.yaml");
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}

/// Runs `keyway apply` with every variable set. No secret is in its output.
fn apply(keyway: &Keyway, text: &str, options: &[&str]) -> Output {
    let path = write(keyway, text);
    let url = format!("http://127.0.0.1:9/{HIDDEN}");
    let variables = [("OPS_URL", &*url), ("CHAT_URL", &url), ("POST_PASSWORD", PASSWORD)];
    let output = command(keyway, &[&["apply", &path], options].concat()).envs(variables).output().unwrap();
    for shown in [stdout(&output), stderr(&output)] {
        assert!(!shown.contains(HIDDEN) && !shown.contains(PASSWORD) && !shown.contains("whsec_"), "{shown}");
    }
    output
}

/// The same with no variable set.
fn apply_without(keyway: &Keyway, text: &str, options: &[&str]) -> Output {
    let path = write(keyway, text);
    command(keyway, &[&["apply", &path], options].concat()).output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn channels(keyway: &Keyway) -> Vec<Value> {
    keyway.json(&["notify", "list"])["channels"].as_array().unwrap().clone()
}

fn names(keyway: &Keyway) -> Vec<String> {
    channels(keyway).iter().map(|channel| channel["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn channels_are_added_once_and_their_secrets_come_from_the_environment() {
    let keyway = Keyway::start(&[]);
    let plan = apply_without(&keyway, FILE, &["--dry-run"]);
    assert_eq!(plan.status.code(), Some(1), "{}", stderr(&plan));
    for line in [
        "+ create channel \"ops\"\n    kind: \"webhook\"\n    account: 10000001\n    urlFrom: \"env:OPS_URL\"\n",
        "    owner: \"Sales team\"\n",
        "    passwordFrom: \"env:POST_PASSWORD\"\n",
        "Plan: 3 to create, 0 to change, 0 to delete.",
    ] {
        assert!(stdout(&plan).contains(line), "{line}: {}", stdout(&plan));
    }
    // Without the variables, nothing is changed.
    let refused = apply_without(&keyway, FILE, &["--yes"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(
        stderr(&refused).contains("channel \"ops\": the environment variable OPS_URL is not set") && stderr(&refused).contains("CHAT_URL"),
        "{}",
        stderr(&refused)
    );
    assert!(channels(&keyway).is_empty());

    let done = apply(&keyway, FILE, &["--yes"]);
    assert_eq!(done.status.code(), Some(0), "{}", stderr(&done));
    assert!(stdout(&done).contains("--tokens-out FILE:\n    keyway notify remove --yes -- 'ops'\n"), "{}", stdout(&done));
    assert_eq!(names(&keyway), ["chat", "ops", "post"]);
    let mail = &channels(&keyway)[2];
    assert_eq!(
        (&mail["host"], &mail["port"], &mail["tls"], &mail["user"]),
        (&json!("localhost"), &json!(25), &json!("off"), &json!("keyway"))
    );
    assert_eq!((&mail["to"], &mail["toOwner"]), (&json!(["ops@example.com", "sales@example.com"]), &json!(true)));
    // A second run needs no variable, because it adds nothing.
    for options in [&["--dry-run", "--prune"][..], &["--yes", "--prune"], &["--yes"]] {
        let again = apply_without(&keyway, FILE, options);
        assert_eq!((again.status.code(), stdout(&again).starts_with("No change")), (Some(0), true), "{}", stderr(&again));
    }
}

#[test]
fn a_change_removes_the_channel_and_adds_it_again_and_a_refused_one_leaves_it() {
    let keyway = Keyway::start(&[]);
    apply(&keyway, FILE, &["--yes"]);
    let changed = FILE.replace("account: 10000001", "owner: Ada").replace("    toOwner: true\n", "");
    let plan = stdout(&apply_without(&keyway, &changed, &["--dry-run"]));
    for line in [
        "~ change channel \"ops\"\n",
        "    owner: none -> \"Ada\"\n",
        "    Keyway removes the channel and adds it again, with urlFrom env:OPS_URL\n",
        "    it gets a new signing secret\n",
        "    toOwner: true -> false\n",
        "Plan: 0 to create, 2 to change, 0 to delete.",
    ] {
        assert!(plan.contains(line), "{line}: {plan}");
    }
    let refused = apply_without(&keyway, &changed, &["--yes"]);
    assert_eq!((refused.status.code(), stderr(&refused).contains("CHAT_URL")), (Some(2), false), "chat needs no change");
    assert_eq!(apply(&keyway, &changed, &["--yes"]).status.code(), Some(0));
    let all = channels(&keyway);
    let ops = all.iter().find(|channel| channel["name"] == "ops").unwrap();
    assert_eq!((&ops["owner"], &ops["hubId"]), (&json!("Ada"), &json!(null)));
    assert_eq!(apply_without(&keyway, &changed, &["--dry-run", "--prune"]).status.code(), Some(0));

    // The server refuses this host, and the channel is still there.
    let elsewhere = changed.replace("LOCALHOST", "smtp.example.com").replace("tls: off", "tls: implicit");
    let refused = apply(&keyway, &elsewhere, &["--yes"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(
        stderr(&refused).contains("failed    change channel \"post\"") && stderr(&refused).contains("--notify-hosts"),
        "{}",
        stderr(&refused)
    );
    assert_eq!(channels(&keyway), all);
}

#[test]
fn channels_are_deleted_only_with_prune_and_touched_only_where_the_file_has_the_section() {
    let keyway = Keyway::start(&[]);
    apply(&keyway, FILE, &["--yes"]);
    for without in ["version: 1\n", "version: 1\naccounts: [{hubId: 10000001}]\n"] {
        let done = apply(&keyway, without, &["--yes", "--prune"]);
        assert_eq!((done.status.code(), stdout(&done).starts_with("No change")), (Some(0), true), "{}", stdout(&done));
    }
    let (head, _) = FILE.split_once("  - name: chat").unwrap();
    let kept = apply(&keyway, head, &["--yes"]);
    assert!(
        stdout(&kept).contains("left alone (--prune deletes them):\n    channel \"chat\"\n    channel \"post\"\n"),
        "{}",
        stdout(&kept)
    );
    let plan: Value = serde_json::from_slice(&apply(&keyway, head, &["--dry-run", "--json"]).stdout).unwrap();
    assert_eq!(plan["notInFile"], json!([{ "kind": "channel", "name": "chat" }, { "kind": "channel", "name": "post" }]));
    let plan = apply(&keyway, head, &["--dry-run", "--prune"]);
    let path = write(&keyway, head);
    let refused = on_a_terminal(&keyway, &["apply", &path, "--prune"], "yes");
    assert_eq!((refused.status.code(), names(&keyway).len()), (Some(2), 3), "{}", stdout(&refused));
    assert!(stdout(&refused).contains("Type delete 2 channels to go on"), "{}", stdout(&refused));
    assert_eq!(plan.status.code(), Some(1));
    assert!(stdout(&plan).contains("- delete channel \"chat\"\n    slack http://127.0.0.1:9/…\n"), "{}", stdout(&plan));
    let done: Value = serde_json::from_slice(&apply(&keyway, head, &["--yes", "--prune", "--json"]).stdout).unwrap();
    assert_eq!(
        (&done["delete"], &done["changes"][0]["kind"], &done["changes"][0]["state"]),
        (&json!(2), &json!("channel"), &json!("done"))
    );
    assert_eq!(names(&keyway), ["ops"]);
    assert_eq!(apply(&keyway, "version: 1\nnotifications: []\n", &["--yes", "--prune"]).status.code(), Some(0));
    assert!(names(&keyway).is_empty());
}

#[test]
fn a_new_signing_secret_is_in_the_file_of_tokens_and_nowhere_else() {
    let keyway = Keyway::start(&[]);
    let path = keyway.folder.path().join("tokens");
    let done = apply(&keyway, FILE, &["--yes", "--tokens-out", path.to_str().unwrap()]);
    assert_eq!(done.status.code(), Some(0), "{}", stderr(&done));
    assert!(stdout(&done).contains("The signing secrets of the new webhooks are in "), "{}", stdout(&done));
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let written = std::fs::read_to_string(&path).unwrap();
    let line: Value = serde_json::from_str(written.trim()).unwrap();
    assert_eq!(line["channel"], "ops");
    assert!(line["secret"].as_str().unwrap().starts_with("whsec_"));
    // A new channel without a signing secret needs no file.
    let more = format!("{FILE}  - name: more\n    kind: slack\n    urlFrom: env:CHAT_URL\n");
    let none = keyway.folder.path().join("none");
    assert_eq!(apply(&keyway, &more, &["--yes", "--tokens-out", none.to_str().unwrap()]).status.code(), Some(0));
    assert!(!none.exists());
}

#[test]
fn what_is_exported_needs_no_change_and_makes_the_same_channels_elsewhere() {
    let keyway = Keyway::start(&[]);
    apply(&keyway, FILE, &["--yes"]);
    let odd = "../null: #1 '$(id)' %2e?\u{1f469}\u{200d}\u{1f4bb}";
    for name in [odd, "Ops!", "..", "-x"] {
        let url = format!("http://127.0.0.1:9/{HIDDEN}");
        let added = command(&keyway, &["notify", "add", "webhook", "--url", &url]).args(["--", name]).output().unwrap();
        assert_eq!(added.status.code(), Some(0), "{}", stderr(&added));
    }
    let exported = keyway.run(&["export"]);
    assert_eq!(exported.status.code(), Some(0), "{}", stderr(&exported));
    let text = stdout(&exported);
    for line in [
        "urlFrom: env:KEYWAY_NOTIFY_OPS_URL\n",
        "urlFrom: env:KEYWAY_NOTIFY_OPS_2_URL\n",
        "passwordFrom: env:KEYWAY_NOTIFY_POST_PASSWORD\n",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
    assert!(!text.contains(HIDDEN) && !text.contains(PASSWORD) && !text.contains('\u{200d}'), "{text}");
    let plan = apply_without(&keyway, &text, &["--dry-run", "--prune"]);
    assert_eq!(plan.status.code(), Some(0), "{text}\n{}{}", stdout(&plan), stderr(&plan));
    let one = stdout(&keyway.run(&["export", "--account", "10000001"]));
    assert!(!one.contains("notifications"), "{one}");

    let other = Keyway::start(&[]);
    let path = write(&other, &text);
    let url = format!("http://127.0.0.1:9/{HIDDEN}");
    let variables = text.lines().filter_map(|line| line.split_once("From: env:")).map(|(_, variable)| (variable.to_owned(), url.clone()));
    let done = command(&other, &["apply", &path, "--yes"]).envs(variables).output().unwrap();
    assert_eq!(done.status.code(), Some(0), "{}", stderr(&done));
    assert_eq!(stdout(&other.run(&["export"])), text);
    // Each is found by its name, however odd, and deleted.
    assert_eq!(apply(&other, "version: 1\nnotifications: []\n", &["--yes", "--prune"]).status.code(), Some(0));
    assert!(names(&other).is_empty());
}

#[test]
fn a_channel_that_can_not_be_is_refused_and_a_url_in_the_file_is_never_shown() {
    let keyway = Keyway::start(&[]);
    let mail = "kind: mail, host: localhost, from: a@example.com, to: [b@example.com]";
    let url = format!("https://hooks.example.com/{HIDDEN}");
    for (channel, why) in [
        (format!("name: A, kind: slack, urlFrom: '{url}'"), "urlFrom is env:NAME"),
        (format!("name: A, kind: slack, urlFrom: 'env:{url}'"), "urlFrom is env:NAME"),
        (format!("name: A, kind: slack, url: '{url}'"), "url is not a key here"),
        ("name: A, kind: pager, urlFrom: env:A".to_owned(), "pager is not a value here"),
        ("name: A, kind: webhook".to_owned(), "webhook needs urlFrom"),
        ("name: A, kind: webhook, urlFrom: env:A, to: [a@example.com]".to_owned(), "to is a key of mail, not of webhook"),
        ("name: ' ', kind: webhook, urlFrom: env:A".to_owned(), "name must not be empty"),
        ("name: \"a\\e[2J\\nb\", kind: webhook, urlFrom: env:A".to_owned(), "channel \"a\\u{1b}[2J\\nb\": name must be one line"),
        ("name: \"a\\u202eb\", kind: webhook, urlFrom: env:A".to_owned(), "direction"),
        ("name: A, kind: webhook, urlFrom: env:A, account: 99".to_owned(), "account 99 is not on this server"),
        ("name: A, kind: webhook, urlFrom: env:A}, {name: ' A', kind: slack, urlFrom: env:A".to_owned(), "the file has it twice"),
        ("name: A, kind: mail, host: localhost, from: a@example.com".to_owned(), "mail needs to"),
        ("name: A, kind: mail, host: localhost, to: [a@example.com]".to_owned(), "mail needs from"),
        (format!("name: A, {mail}, user: jo"), "user and passwordFrom go together"),
        (format!("name: A, {mail}, urlFrom: env:A"), "mail has no urlFrom"),
        (format!("name: A, {mail}, password: hidden-password"), "password is not a key here. Use one of name, kind, urlFrom"),
    ] {
        let refused = apply(&keyway, &format!("version: 1\nnotifications: [{{{channel}}}]\n"), &["--yes"]);
        let said = stderr(&refused);
        assert_eq!((refused.status.code(), said.contains(why)), (Some(2), true), "{channel}: {said}");
        assert!(said.contains("line 2") && !said.contains(['\u{1b}', '\u{202e}']), "{said}");
    }
    assert!(channels(&keyway).is_empty());
}
