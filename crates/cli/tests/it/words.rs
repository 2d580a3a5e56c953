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
