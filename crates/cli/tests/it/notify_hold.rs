//! A copy of a server does not notify people: after a restore notifications are held, and `--no-notify` sends none.
//! A restore checks the seals of the audit log.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::json;

use crate::harness::Keyway;
use crate::notify::{A_WHILE, OFTEN, told, webhook};
use crate::webhooks::{next, receiver};

/// Puts a backup back, with the master key of the folder that was copied.
fn restore(backup: &Path, to: &Path, key: &Path, more: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keyway"));
    command.arg("restore").arg(backup).arg("--data").arg(to).arg("--master-key").arg(key).args(more).output().unwrap()
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn a_restored_copy_notifies_nobody_until_an_operator_lets_it() {
    let keyway = Keyway::start(&OFTEN);
    let (url, got) = receiver(&["200 OK"]);
    let secret = webhook(&keyway, "ops", &url, &[]);
    let copies = tempfile::tempdir().unwrap();
    let backup = copies.path().join("backup");
    assert_eq!(keyway.run(&["backup", &backup.display().to_string()]).status.code(), Some(0));
    let key = keyway.stop().keep().join("master.key");

    let folder = tempfile::tempdir().unwrap();
    let restored = restore(&backup, folder.path(), &key, &[]);
    assert!(said(&restored).contains("notifications are held") && said(&restored).contains("keyway notify resume"), "{restored:?}");
    let keyway = Keyway::start_in(folder, &OFTEN);
    assert!(keyway.screen.contains("notifications are held since") && keyway.screen.contains("keyway notify resume"), "{}", keyway.screen);
    keyway.json(&["app", "create", "Sync", "--scopes", "tickets", "--expires", "1d"]);
    assert!(got.recv_timeout(A_WHILE).is_err(), "a copy notifies nobody");
    assert_eq!(keyway.json(&["notify", "history"])["messages"], json!([]));
    let of_held = copies.path().join("of-held");
    assert_eq!(keyway.run(&["backup", &of_held.display().to_string()]).status.code(), Some(0));
    assert!(said(&keyway.run(&["notify", "list"])).contains("notifications are held since"));
    assert_eq!(keyway.json(&["notify", "test", "ops"])["taken"], true, "a test message goes out");
    assert_eq!(told(&next(&got), &secret)[0]["kind"], "test");
    // They stay held after a restart, and go out once somebody lets them: what lasts is told then.
    let keyway = Keyway::start_in(keyway.stop(), &OFTEN);
    assert!(got.recv_timeout(A_WHILE).is_err());
    assert_eq!(keyway.json(&["notify", "resume"])["heldSince"], json!(null));
    assert_eq!(told(&next(&got), &secret)[0]["kind"], "token-expiring");
    assert!(keyway.json(&["changes"]).to_string().contains("resumeNotifications"));
    let keyway = Keyway::start_in(keyway.stop(), &OFTEN);
    assert!(!keyway.screen.contains("notify "), "{}", keyway.screen);

    // A restore after a disaster sends at once, also of a copy that was held itself.
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(restore(&of_held, folder.path(), &key, &["--notify"]).status.code(), Some(0));
    let _other = Keyway::start_in(folder, &OFTEN);
    assert_eq!(told(&next(&got), &secret)[0]["app"], "Sync");
}

#[test]
fn a_server_with_no_notify_sends_nothing_and_says_so_at_the_start() {
    let keyway = Keyway::start(&OFTEN);
    let (url, got) = receiver(&["200 OK"]);
    webhook(&keyway, "ops", &url, &[]);
    let folder = keyway.stop();
    let keyway = Keyway::start_in(folder, &[&OFTEN[..], &["--no-notify"]].concat());
    assert!(keyway.screen.contains("no notifications go out (--no-notify)"), "{}", keyway.screen);
    keyway.json(&["app", "create", "Sync", "--scopes", "tickets", "--expires", "1d"]);
    assert!(got.recv_timeout(A_WHILE).is_err());
    let folder = keyway.stop();
    std::fs::write(folder.path().join("keyway.toml"), "no-notify = true\n").unwrap();
    let config = folder.path().join("keyway.toml").display().to_string();
    let keyway = Keyway::start_in(folder, &[&OFTEN[..], &["--config", &config]].concat());
    assert!(keyway.screen.contains("no notifications go out (--no-notify)"), "{}", keyway.screen);
    assert!(got.recv_timeout(A_WHILE).is_err());
}

#[test]
fn a_backup_whose_audit_log_was_changed_is_not_restored_without_a_word() {
    let keyway = Keyway::start(&[]);
    let made = keyway.json(&["app", "create", "Sync", "--scopes", "crm.objects.contacts.read"]);
    let token = made["token"]["value"].as_str().unwrap();
    (0..5).for_each(|_| assert_eq!(keyway.call(token, "GET", "/crm/v3/objects/contacts", None).0, 200));
    let copies = tempfile::tempdir().unwrap();
    let backup = copies.path().join("backup");
    assert_eq!(keyway.run(&["backup", &backup.display().to_string()]).status.code(), Some(0));
    let key = keyway.stop().keep().join("master.key");
    let whole = tempfile::tempdir().unwrap();
    assert!(said(&restore(&backup, whole.path(), &key, &[])).contains("verified 5 records of the audit log: none was changed"));

    let files = std::fs::read_dir(backup.join("audit")).unwrap().map(|entry| entry.unwrap().path());
    let log = files.max_by_key(|path| path.metadata().unwrap().len()).unwrap();
    let mut bytes = std::fs::read(&log).unwrap();
    // Somebody writes another operation into a record.
    let at = bytes.windows(8).position(|window| window == b"contacts").unwrap();
    bytes[at..at + 8].copy_from_slice(b"deals???");
    std::fs::write(&log, bytes).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let refused = restore(&backup, folder.path(), &key, &[]);
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    assert!(said(&refused).contains("Nothing was restored") && said(&refused).contains("--no-verify"), "{refused:?}");
    for name in ["keyway.db", "audit", "master.key"] {
        assert!(!folder.path().join(name).exists(), "{name}");
    }
    // The key of another server is never overwritten.
    let other = tempfile::tempdir().unwrap();
    std::fs::write(other.path().join("master.key"), "5a".repeat(32)).unwrap();
    let refused = restore(&backup, other.path(), &key, &["--no-verify"]);
    assert!(refused.status.code() == Some(2) && said(&refused).contains("holds another key"), "{refused:?}");
    assert_eq!(std::fs::read_to_string(other.path().join("master.key")).unwrap(), "5a".repeat(32));
    // The folder is not in the way of the next attempt.
    let restored = restore(&backup, folder.path(), &key, &["--no-verify"]);
    assert!(restored.status.success() && said(&restored).contains("were not checked"), "{restored:?}");
    let keyway = Keyway::start_in(folder, &[]);
    assert_eq!(keyway.run(&["audit", "verify"]).status.code(), Some(1));
}
