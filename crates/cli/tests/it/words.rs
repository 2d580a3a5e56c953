//! What operators read: the real reason of a failure and what to do, and columns that align.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair};

use crate::harness::{ADMIN_TOKEN, Keyway};

/// Exit code, stdout and stderr of a command.
fn run(arguments: &[&str], token: Option<&str>) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keyway"));
    command.args(arguments).env_remove("KEYWAY_ADMIN_TOKEN").envs(token.map(|token| ("KEYWAY_ADMIN_TOKEN", token)));
    let output = command.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

/// A listener that gives each connection one answer.
fn answers(answer: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    address
}

#[test]
fn status_names_the_real_reason() {
    let address = answers("HTTP/1.1 400 Bad Request\r\ncontent-length: 44\r\n\r\nthis listener speaks HTTPS: write https://...");
    let (code, said, _) = run(&["status", "--addr", &format!("http://{address}")], Some(ADMIN_TOKEN));
    assert_eq!(code, Some(1));
    assert!(!said.contains("not running") && said.contains("400") && said.contains("speaks HTTPS"), "{said}");
    let (code, said, _) = run(&["status", "--addr", &format!("https://{address}")], Some(ADMIN_TOKEN));
    assert!(code == Some(1) && !said.contains("not running") && said.contains(&format!("http://{address}")), "{said}");
    let keyway = Keyway::start(&["--ephemeral"]);
    let (code, said, _) = run(&["status", "--addr", &format!("http://{}", keyway.address("admin"))], Some("a-token-that-nobody-made"));
    assert!(code == Some(1) && said.starts_with("the server refuses this command"), "{said}");
    let (_, said, _) = run(&["status", "--addr", &format!("http://{}", keyway.address("admin"))], None);
    assert!(said.contains("KEYWAY_ADMIN_TOKEN is not set") && !said.contains("environment variable not found"), "{said}");
    let free = format!("http://{}", TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap());
    assert!(run(&["status", "--addr", &free], Some(ADMIN_TOKEN)).1.starts_with("not running"), "nothing listens there");
}

#[test]
fn an_admin_token_is_never_left_unused_without_a_word() {
    let keyway = Keyway::start(&["--ephemeral"]);
    let made = keyway.json(&["admin-token", "create", "Review", "--role", "auditor"]);
    let auditor = made["adminToken"]["value"].as_str().unwrap();
    let folder = keyway.folder.path().display().to_string();
    let over_socket = |token: Option<&str>| run(&["app", "create", "Trap", "--data", &folder], token);
    let (code, _, said) = over_socket(Some(auditor));
    assert!(code == Some(2) && said.contains("KEYWAY_ADDR") && said.contains("as a super admin and not the token"), "{said}");
    assert_eq!(keyway.json(&["app", "list"])["apps"].as_array().unwrap().len(), 0, "nothing was done");
    // At the server's address the token decides.
    let address = format!("http://{}", keyway.address("admin"));
    assert_eq!(run(&["app", "list", "--addr", &address], Some(auditor)).0, Some(0));
    let (code, _, said) = run(&["app", "create", "Trap", "--addr", &address], Some(auditor));
    assert!(code == Some(2) && said.contains("auditor"), "{said}");
    // The server's own token, which its environment holds, is a super admin's too.
    assert_eq!(over_socket(Some(ADMIN_TOKEN)).0, Some(0));
}

#[test]
fn a_self_signed_certificate_of_an_authority_is_explained() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    for (is_ca, fine) in [(IsCa::ExplicitNoCa, true), (IsCa::Ca(BasicConstraints::Unconstrained), false)] {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
        params.is_ca = is_ca;
        std::fs::write(path("own.pem"), params.self_signed(&key).unwrap().pem()).unwrap();
        std::fs::write(path("own.key"), key.serialize_pem()).unwrap();
        // The server takes no key that every user of the machine can read.
        std::fs::set_permissions(path("own.key"), std::fs::Permissions::from_mode(0o600)).unwrap();
        let keyway = Keyway::start(&["--ephemeral", "--tls-cert", &path("own.pem"), "--tls-key", &path("own.key")]);
        let line = keyway.screen.lines().find(|line| line.trim().starts_with("admin")).unwrap();
        let address = format!("https://{}", line.split("https://").nth(1).unwrap().split_whitespace().next().unwrap());
        let status = |trusted: Option<String>| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_keyway"));
            command.args(["status", "--addr", &address]).env("KEYWAY_ADMIN_TOKEN", ADMIN_TOKEN).env_remove("SSL_CERT_FILE");
            let output = command.envs(trusted.map(|file| ("KEYWAY_CA_FILE", file))).output().unwrap();
            (output.status.code(), String::from_utf8(output.stdout).unwrap())
        };
        let (code, said) = status(Some(path("own.pem")));
        assert_eq!(code, Some(if fine { 0 } else { 1 }), "{said}");
        assert!(fine || said.contains("-addext basicConstraints=critical,CA:FALSE"), "{said}");
        assert!(fine || !said.contains("KEYWAY_CA_FILE"), "it is named already: {said}");
        let (code, said) = status(None);
        assert!(code == Some(1) && (!fine || said.contains("no authority that Keyway trusts signed it")), "{said}");
    }
}

#[test]
fn an_export_on_standard_output_has_the_indentation_of_the_documentation() {
    let keyway = Keyway::start(&["--ephemeral"]);
    keyway.json(&["app", "create", "Order sync", "--scopes", "crm.objects.contacts.read"]);
    let output = keyway.run(&["export", "--output", "-"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(
        text.contains("\napps:\n  - account: 10000001\n    name: Order sync\n    scopes:\n      - crm.objects.contacts.read"),
        "{text}"
    );
    assert!(!std::path::Path::new("-").exists());

    let file = keyway.folder.path().join("apps.yaml");
    let apply = |text: &str| {
        std::fs::write(&file, text).unwrap();
        let output = keyway.run(&["apply", file.to_str().unwrap(), "--dry-run"]);
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    assert_eq!(apply(&text).0, Some(0), "nothing differs");
    assert_eq!(apply(&format!("{text}\n  - name: Report\n    scopes:\n      - crm.objects.deals.read\n")).0, Some(1), "one more app");
    let (code, said) = apply(&format!("{text}\n- name: Report\n  scopes:\n  - crm.objects.deals.read\n"));
    assert!(code == Some(2) && said.contains("same number of spaces before their dash"), "{said}");
}

#[test]
fn lists_count_what_an_app_may_do_and_columns_align() {
    let keyway = Keyway::start(&["--ephemeral"]);
    let made = keyway.json(&["app", "create", "Sync", "--scopes", "crm.objects.contacts.read"]);
    let listed = String::from_utf8(keyway.run(&["app", "list"]).stdout).unwrap();
    let heads: Vec<&str> = listed.lines().next().unwrap().split("  ").map(str::trim).filter(|head| !head.is_empty()).collect();
    let values: Vec<&str> = listed.lines().nth(1).unwrap().split("  ").map(str::trim).filter(|value| !value.is_empty()).collect();
    let scopes = heads.iter().position(|head| *head == "SCOPES").unwrap();
    assert_eq!(values[scopes], "1", "{listed}");

    assert_eq!(keyway.call(made["token"]["value"].as_str().unwrap(), "GET", "/crm/v3/objects/contacts", None).0, 200);
    let hub_id = made["app"]["hubId"].to_string();
    let shown = String::from_utf8(keyway.run(&["account", "show", &hub_id]).stdout).unwrap();
    let column = |line: &str| line[2..].find("  ").map(|end| line.len() - line[2 + end..].trim_start().len());
    let columns: Vec<Option<usize>> = shown.lines().map(column).collect();
    assert!(shown.contains("1 by Sync") && columns.iter().flatten().all(|at| *at == 13), "{columns:?} {shown}");

    let refused = keyway.run(&["app", "create", "Other", "--scopes", "oauth", "--expires", "0d"]);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("0d is not longer than zero"));
    keyway.json(&["account", "create", "Second"]);
    let refused = keyway.run(&["app", "create", "Other", "--scopes", "oauth"]);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("--account"), "{}", String::from_utf8_lossy(&refused.stderr));
}

#[test]
fn a_restore_that_fails_leaves_no_folder_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("copy");
    std::fs::create_dir(&copy).unwrap();
    std::fs::write(copy.join("keyway.db"), "no database").unwrap();
    let target = folder.path().join("data");
    let (code, _, said) = run(&["restore", copy.to_str().unwrap(), "--data", target.to_str().unwrap()], None);
    assert_eq!(code, Some(2), "{said}");
    assert!(!target.exists(), "{:?}", std::fs::read_dir(&target).unwrap().collect::<Vec<_>>());
}

#[test]
fn a_user_who_may_not_open_the_socket_is_not_told_that_no_server_runs() {
    use std::os::unix::process::CommandExt;
    let keyway = Keyway::start(&["--ephemeral"]);
    let folder = keyway.folder.path();
    // Root may open every socket, so another user asks; that user closes the folder to itself.
    let as_another = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_keyway"));
        command.args(arguments).arg("--data").arg(folder).env_remove("KEYWAY_ADMIN_TOKEN").env_remove("KEYWAY_ADDR").current_dir("/");
        if rustix::process::geteuid().is_root() {
            command.uid(65_534).gid(65_534);
        }
        let output = command.output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
    };
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o000)).unwrap();
    let (code, listed) = as_another(&["app", "list"]);
    let (status, said) = as_another(&["status"]);
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700)).unwrap();
    assert!(code == Some(2) && listed.contains("permission denied. Run the command as the user that runs the server"), "{listed}");
    assert!(!listed.contains("keyway serve") && !listed.contains("os error"), "{listed}");
    assert!(status == Some(1) && said.starts_with("can't find out whether Keyway runs") && !said.contains("not running"), "{said}");
}

#[test]
fn what_is_not_there_is_refused_in_one_form_and_not_described() {
    let keyway = Keyway::start(&["--ephemeral"]);
    let refused = |arguments: &[&str]| {
        let output = keyway.run(arguments);
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        said
    };
    for (arguments, noun, list) in [
        (&["notify", "remove", "nope"][..], "notification channel nope", "List the notification channels: keyway notify list"),
        (&["notify", "test", "nope"], "notification channel nope", "List the notification channels: keyway notify list"),
        (&["token", "users", "999"], "token 999", "List the tokens: keyway token list"),
        (&["portal", "restore", "nope"], "snapshot nope", "List the snapshots: keyway portal snapshot list"),
        (&["portal", "snapshot", "delete", "nope"], "snapshot nope", "List the snapshots: keyway portal snapshot list"),
        (&["account", "show", "5"], "account 5", "List the accounts: keyway account list"),
        (
            &["session", "create", "--app", "nope", "--on-behalf-of", "jo@example.com", "--purpose", "tests"],
            "app nope",
            "List the apps: keyway app list",
        ),
        (&["portal", "webhook", "remove", "nope"], "app nope", "List the apps: keyway app list"),
    ] {
        let said = refused(arguments);
        assert!(said.contains(&format!("there is no {noun}. {list}")) && !said.contains("this deletes"), "{arguments:?}: {said}");
    }
}

#[test]
fn a_filter_that_matches_no_change_is_named() {
    let keyway = Keyway::start(&["--ephemeral"]);
    keyway.json(&["app", "create", "Sync", "--scopes", "crm.objects.contacts.read"]);
    let said = |arguments: &[&str]| String::from_utf8(keyway.run(arguments).stdout).unwrap();
    assert_eq!(said(&["changes", "--who", "foo"]), "no change matches --who foo. All changes: keyway changes\n");
    assert_eq!(said(&["changes", "--target", "app 77"]), "no change matches --target \"app 77\". All changes: keyway changes\n");
    assert!(said(&["changes", "--who", "socket"]).contains("createApp"));
    assert!(said(&["changes", "--limit", "1"]).lines().count() > 1);
}

#[test]
fn a_second_password_says_that_it_replaces_the_first() {
    let keyway = Keyway::start(&["--ephemeral"]);
    let create = || String::from_utf8(keyway.run(&["user", "create", "ada@example.com"]).stdout).unwrap();
    let (first, second) = (create(), create());
    assert!(first.starts_with("ada@example.com can sign in as super-admin"), "{first}");
    assert!(second.starts_with("new password for ada@example.com (super-admin); the earlier password no longer works"), "{second}");
}

#[test]
fn no_error_prints_a_token_that_was_given_as_an_argument() {
    let token = format!("pat-na1-{}", "0a1b2c3d-4e5f-4071-8293-a4b5c6d7581b");
    for arguments in [&["doctor", &token][..], &["audit", "list", "--token", &token], &["token", "revoke", &token], &["app", &token]] {
        let (code, out, said) = run(arguments, None);
        assert_eq!(code, Some(2), "{arguments:?}: {said}");
        assert!(!said.contains(&token) && out.is_empty(), "{arguments:?}: {said}");
    }
    assert!(run(&["doctor", &token], None).2.contains("keyway doctor --credential-env NAME"));
    assert!(run(&["audit", "list", "--token", &token], None).2.contains("pat-na1-…581b"));
    assert!(run(&["audit", "list", "--token", &token], None).2.contains("keyway token list"));
}

#[test]
fn the_command_line_says_what_to_write() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name).display().to_string();
        std::fs::write(&path, text).unwrap();
        path
    };
    let (plain, missing) = (file("plain.txt", "no key"), folder.path().join("missing").display().to_string());
    let (data, target) = (folder.path().join("data").display().to_string(), folder.path().join("target").display().to_string());
    for (arguments, what) in [
        (&["app", "unused", "--days", "x"][..], "write a whole number"),
        (&["serve", "--audit-keep-days", "0"], "write a whole number, 1 or more"),
        (&["exec", "pytest"], "keyway exec -- pytest"),
        (&["scan", &missing], "can't be read: it does not exist. Name a folder or a file"),
        (&["fix", &missing], "can't be read: it does not exist. Name a folder or a file"),
        (&["scan", "--history", &missing], "can't be read: it does not exist"),
        (&["scan", "--since", "HEAD", folder.path().to_str().unwrap()], "need a git repository"),
        (&["scan", "--ignore", "[", folder.path().to_str().unwrap()], "--ignore \"[\" is not a glob"),
        (&["fix", "--ignore", "[", folder.path().to_str().unwrap()], "--ignore \"[\" is not a glob"),
        (&["scan", "--baseline", &missing, folder.path().to_str().unwrap()], "keyway scan --write-baseline --baseline"),
        (&["plan", &plain], "Write one with \"keyway scan --json FOLDER > report.json\""),
        (&["doctor", &missing], "can't be opened: it does not exist. Pass a file"),
        (&["serve", "--tls-cert", "a.pem"], "--tls-cert needs --tls-key"),
        (&["serve", "--redis", "redis://x"], "--redis needs --database"),
        (&["serve", "--data", &plain], "is a file. Pass a folder"),
        (&["backup", &target, "--data", &data], "is not a data folder"),
        (&["restore", &missing, "--data", &data], "it does not exist. Pass the folder that \"keyway backup\" wrote"),
        (&["token", "rotate", "x", "--grace", "7"], "7 has no unit. Write 7s"),
        (&["status", "--data", &plain], "a part of its path is a file"),
    ] {
        let (code, out, said) = run(arguments, None);
        let said = out + &said;
        assert!(code == Some(2) || arguments[0] == "status" && code == Some(1), "{arguments:?}: {code:?} {said}");
        assert!(said.contains(what) && !said.contains("os error") && !said.contains("Rust"), "{arguments:?}: {said}");
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_keyway"));
    let output = command.arg("mcp").env("KEYWAY_TOKEN", "pat-x").stdin(std::process::Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("standard input ended before an agent sent a request") && said.contains("keyway mcp snippet"), "{said}");
    let mut command = Command::new(env!("CARGO_BIN_EXE_keyway"));
    let output = command.args(["serve", "--ephemeral"]).env("KEYWAY_ACCESS_LOG", "maybe").output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("of the variable KEYWAY_ACCESS_LOG") && said.contains("1, true, yes or on"), "{said}");
}
