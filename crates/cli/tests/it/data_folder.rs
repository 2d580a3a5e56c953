use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::harness::Keyway;

const CONTACTS: &str = "/crm/v3/objects/contacts";
const SCOPES: &str = "crm.objects.contacts.read,crm.objects.contacts.write";

/// A stopped folder with an app's token and one contact.
fn used() -> (TempDir, String, String) {
    let keyway = Keyway::start(&[]);
    let token = keyway.json(&["app", "create", "Sync", "--scopes", SCOPES])["token"]["value"].as_str().unwrap().to_owned();
    let (status, made) = keyway.call(&token, "POST", CONTACTS, Some(r#"{"properties":{"email":"kept@example.com"}}"#));
    assert_eq!(status, 201);
    (keyway.stop(), token, made["id"].as_str().unwrap().to_owned())
}

/// Starts a server that must refuse the folder; what it says.
fn refusal(folder: &Path) -> String {
    refusal_with(folder, &[])
}

fn refusal_with(folder: &Path, options: &[&str]) -> String {
    let started = Command::new(env!("CARGO_BIN_EXE_keyway"))
        .args(["serve", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--data"])
        .arg(folder)
        .args(options)
        .env_remove("KEYWAY_MASTER_KEY")
        .output()
        .unwrap();
    assert_eq!(started.status.code(), Some(2), "the folder is refused");
    String::from_utf8(started.stderr).unwrap()
}

#[test]
fn status_has_the_size_of_the_audit_log_and_the_room_that_is_left() {
    let keyway = Keyway::start(&[]);
    let status = keyway.json(&["status"]);
    let log = &status["auditLog"];
    let of_files: u64 =
        std::fs::read_dir(keyway.folder.path().join("audit")).unwrap().map(|file| file.unwrap().metadata().unwrap().len()).sum();
    assert_eq!(log["bytes"], of_files, "{status}");
    assert!(log["freeBytes"].as_u64().is_some_and(|free| free > 0), "{status}");
    let words = String::from_utf8(keyway.run(&["status"]).stdout).unwrap();
    let line = words.lines().find(|line| line.starts_with("the audit log takes ")).unwrap_or_else(|| panic!("{words}"));
    assert!(line.ends_with(" free on the disk of the data folder"), "{line}");
}

/// Names and contents of a folder, without what a start may touch: locks, the socket and SQLite's log.
fn contents(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if !["lock", ".sock", "-wal", "-shm"].iter().any(|end| path.to_string_lossy().ends_with(end)) {
                let bytes = std::fs::read(&path).unwrap();
                found.push((path, bytes));
            }
        }
    }
    found.sort();
    found
}

fn remove(path: &Path) {
    if path.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) }.unwrap();
}

#[test]
fn a_folder_without_one_of_its_parts_is_refused_and_left_as_it_is() {
    let (folder, token, contact) = used();
    for part in ["keyway.db", "portal.db", "audit", "master.key"] {
        let aside = tempfile::tempdir().unwrap();
        let (path, kept) = (folder.path().join(part), aside.path().join(part));
        // The two folders may be on different file systems.
        assert!(Command::new("cp").arg("-a").arg(&path).arg(&kept).status().unwrap().success());
        let whole = contents(folder.path());
        remove(&path);
        let before = contents(folder.path());
        let said = refusal(folder.path());
        assert!(said.contains(part), "{part}: {said}");
        assert!(said.contains("keyway restore") || said.contains("KEYWAY_MASTER_KEY"), "{part}: what to do: {said}");
        assert_eq!(contents(folder.path()).len(), before.len(), "{part}: nothing was made or deleted");
        assert!(Command::new("cp").arg("-a").arg(&kept).arg(folder.path()).status().unwrap().success());
        assert_eq!(contents(folder.path()), whole, "{part}: nothing was changed");
    }
    let again = Keyway::start_in(folder, &[]);
    let (status, read) = again.call(&token, "GET", &format!("{CONTACTS}/{contact}"), None);
    assert_eq!((status, &read["properties"]["email"]), (200, &"kept@example.com".into()));
}

#[test]
fn an_audit_log_whose_files_are_gone_is_refused_though_its_folder_and_id_are_there() {
    let (folder, ..) = used();
    let logs: Vec<PathBuf> = contents(folder.path()).into_iter().map(|(path, _)| path).collect();
    let logs: Vec<&PathBuf> = logs.iter().filter(|path| path.extension().is_some_and(|extension| extension == "log")).collect();
    assert!(!logs.is_empty());
    let aside = tempfile::tempdir().unwrap();
    for log in &logs {
        std::fs::copy(log, aside.path().join(log.file_name().unwrap())).unwrap();
        std::fs::remove_file(log).unwrap();
    }
    assert!(folder.path().join("audit/folder").exists());
    let before = contents(folder.path());
    let said = refusal(folder.path());
    assert!(said.contains("every audit/*.log file is missing") && said.contains("keyway restore"), "{said}");
    assert_eq!(contents(folder.path()), before, "nothing was changed");
    for log in &logs {
        std::fs::copy(aside.path().join(log.file_name().unwrap()), log).unwrap();
    }
    drop(Keyway::start_in(folder, &[]));
}

#[test]
fn a_folder_with_records_is_refused_together_with_a_database_elsewhere() {
    let (folder, ..) = used();
    let before = contents(folder.path());
    // Nobody listens there: the folder is refused before anything is asked.
    let said = refusal_with(folder.path(), &["--database", "postgres://keyway@127.0.0.1:1/keyway"]);
    assert!(said.contains("keyway.db and portal.db and audit") && said.contains("--data"), "{said}");
    assert_eq!(contents(folder.path()), before);
}

#[test]
fn an_emptied_database_counts_as_missing() {
    for part in ["keyway.db", "portal.db"] {
        let (folder, ..) = used();
        std::fs::write(folder.path().join(part), "").unwrap();
        let said = refusal(folder.path());
        assert!(said.contains(part) && said.contains("or empty"), "{part}: {said}");
    }
}

#[test]
fn a_part_of_another_folder_is_refused() {
    let ((one, ..), (other, ..)) = (used(), used());
    let key = std::fs::read(other.path().join("master.key")).unwrap();
    for part in ["portal.db", "audit"] {
        let (from, to) = (other.path().join(part), one.path().join(part));
        let aside = one.path().join("aside");
        std::fs::rename(&to, &aside).unwrap();
        assert!(Command::new("cp").arg("-a").arg(&from).arg(&to).status().unwrap().success());
        let said = refusal(one.path());
        assert!(said.contains("another data folder") || said.contains("two different data folders"), "{part}: {said}");
        remove(&to);
        std::fs::rename(&aside, &to).unwrap();
    }
    std::fs::write(one.path().join("master.key"), key).unwrap();
    assert!(refusal(one.path()).contains("the master key is not the one"));
}

#[test]
fn an_older_store_never_takes_over_or_deletes_records_it_does_not_know() {
    let (folder, ..) = used();
    let store = folder.path().join("keyway.db");
    let older = std::fs::read(&store).unwrap();
    let keyway = Keyway::start_in(folder, &[]);
    let made = keyway.json(&["account", "add", "Second", "--hub-id", "20000002"]);
    assert_eq!(made["account"]["hubId"], 20_000_002);
    let folder = keyway.stop();
    std::fs::write(&store, older).unwrap();

    let keyway = Keyway::start_in(folder, &[]);
    let refused = keyway.run(&["account", "add", "Second", "--hub-id", "20000002"]);
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(said.contains("keyway account delete 20000002"), "{said}");
    let other = keyway.json(&["account", "add", "Third"]);
    assert_eq!(other["account"]["hubId"], 20_000_003, "a number that portal.db holds is not given again");
    assert_eq!(keyway.run(&["account", "delete", "20000002", "--yes"]).status.code(), Some(0));
    keyway.json(&["account", "add", "Second", "--hub-id", "20000002"]);
}

#[test]
fn git_ignores_a_data_folder() {
    let keyway = Keyway::start(&[]);
    assert_eq!(std::fs::read_to_string(keyway.folder.path().join(".gitignore")).unwrap(), "*\n");
}

#[test]
fn what_cannot_be_read_is_named() {
    let (folder, ..) = used();
    let path = folder.path().join("keyway.db");
    let kept = std::fs::read(&path).unwrap();
    std::fs::write(&path, vec![b'x'; kept.len()]).unwrap();
    let said = refusal(folder.path());
    let last = said.trim_end().lines().last().unwrap();
    assert!(last.contains("keyway.db") && last.contains("can't be read") && last.contains("keyway restore"), "{said}");
    std::fs::write(&path, kept).unwrap();
    std::fs::create_dir(folder.path().join("audit/99999.log")).unwrap();
    let said = refusal(folder.path());
    assert!(said.contains("audit/99999.log"), "{said}");
}

#[test]
fn a_backup_into_the_folder_that_it_copies_is_refused() {
    let keyway = Keyway::start(&[]);
    for within in ["audit/x", "x", "audit/../y/z", ""] {
        let target = keyway.folder.path().join(within);
        let output = keyway.run(&["backup", target.to_str().unwrap()]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(2) && said.contains("is within the data folder"), "{within}: {said}");
    }
    assert!(!keyway.folder.path().join("audit/x").exists() && !keyway.folder.path().join("x").exists());
}

#[test]
fn what_root_restores_into_the_folder_of_a_service_belongs_to_the_user_of_the_service() {
    let (used, _, _) = used();
    let (backup, restored) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let keyway = |data: &Path, arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_keyway"));
        let output = command.args(arguments).arg("--data").arg(data).env_remove("KEYWAY_MASTER_KEY").output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    keyway(used.path(), &["backup", backup.path().to_str().unwrap()]);
    // Nobody but root can give a folder to another user.
    if rustix::process::geteuid().is_root() {
        chown(restored.path(), Some(65_532), Some(65_532)).unwrap();
    }
    let key = used.path().join("master.key");
    keyway(restored.path(), &["restore", backup.path().to_str().unwrap(), "--master-key", key.to_str().unwrap()]);
    let owner = |path: &Path| std::fs::metadata(path).map(|found| (found.uid(), found.gid())).unwrap();
    let files = contents(restored.path());
    assert!(
        files.iter().any(|(path, _)| path.ends_with("master.key"))
            && files.iter().any(|(path, _)| path.extension() == Some("log".as_ref()))
    );
    for (path, _) in files {
        assert_eq!(owner(&path), owner(restored.path()), "{}", path.display());
        assert_eq!(owner(path.parent().unwrap()), owner(restored.path()), "{}", path.display());
    }
}

#[test]
fn a_server_that_root_starts_in_the_folder_of_a_service_is_refused_with_the_right_command() {
    let (folder, _, _) = used();
    // Nobody but root can give a folder to another user.
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let before = contents(folder.path());
    chown(folder.path(), Some(65_532), Some(65_532)).unwrap();
    let said = refusal(folder.path());
    assert!(said.contains("belongs to the user with the id 65532") && said.contains("sudo -u '#65532' keyway serve --data"), "{said}");
    assert!(said.contains("systemctl start keyway"), "{said}");
    assert!(said.contains("In a container, leave out \"--user 0\", or pass \"--user 65532\""), "{said}");
    assert_eq!(contents(folder.path()), before);
    chown(folder.path(), Some(0), Some(0)).unwrap();
    Keyway::start_in(folder, &[]);
}
