//! `keyway config check` finds what `keyway serve` refuses at its start, with the same words.

use std::path::Path;
use std::process::Command;

/// Exit code and stderr of a command with a settings file.
fn run(arguments: &[&str], file: &Path, folder: &Path) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_keyway"))
        .args(arguments)
        .arg(file)
        .current_dir(folder)
        .env_remove("KEYWAY_MASTER_KEY")
        .output()
        .unwrap();
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn what_serve_refuses_at_its_start_is_found_without_a_start() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keyway.toml");
    std::fs::create_dir(folder.path().join("locked")).unwrap();
    std::fs::write(folder.path().join("locked/master.key"), "not a key").unwrap();
    std::fs::write(folder.path().join("no.pem"), "no certificate").unwrap();
    for (wrong, why) in [
        ("tls-cert = \"gone.pem\"\ntls-key = \"gone.key\"", "gone.pem"),
        ("ca-file = \"no.pem\"", "no.pem"),
        ("ca-file = \"gone.pem\"", "gone.pem"),
        ("public-url = \"keyway\"", "--public-url"),
        ("admin-url = \"ftp://keyway.example.com\"", "--admin-url"),
        ("data = \"locked\"", "master.key"),
        ("listen = \"localhost\"", "listen"),
        ("proxy = \"0.0.0.0:8486\"\nproxy-others = \"tunnel\"", "KEYWAY_PROXY_PASSWORD"),
        ("notify-every = \"often\"", "--notify-every"),
        ("notify-unreachable = \"0m\"", "--notify-unreachable"),
        ("random-seed = 7", "--random-seed"),
        ("clock = \"2027-01-31T09:00:00Z\"", "--clock"),
        ("log = \"=,=\"", "--log"),
        ("log = \"loud\"", "--log loud is not a filter"),
        ("log = \"inf o\"", "--log inf o is not a filter"),
        ("log = \"keyway_gateway=loud\"", "--log"),
        ("otlp = \"collector:4318\"", "collector"),
        ("oidc-issuer = \"https://id.example.com\"", "oidc-client-id"),
        ("database = \"postgres://db/keyway\"", "KEYWAY_MASTER_KEY"),
        ("database = \"postgres://db/keyway\"\nredis = \"db\"", "redis"),
    ] {
        std::fs::write(&file, wrong).unwrap();
        let (code, said) = run(&["config", "check"], &file, folder.path());
        assert!(code == Some(1) && said.contains(why) && said.contains("keyway.toml"), "{wrong}: {code:?} {said}");
        assert!(!said.contains("Usage") && !said.contains("--help"), "a file has no usage: {said}");
        // The start refuses each of them too, and with one of these reasons.
        let (code, refused) = run(&["serve", "--config"], &file, folder.path());
        assert!(code == Some(2) && !refused.contains("Usage"), "{wrong}: {code:?} {refused}");
        let reason = refused.trim().trim_start_matches("keyway: ");
        assert!(said.contains(reason), "{wrong}: check says {said}, serve says {reason}");
    }
    assert!(!folder.path().join("keyway-data").exists(), "neither makes a data folder");

    // All that is wrong at once.
    std::fs::write(&file, "public-url = \"keyway\"\nnotify-remind = \"0d\"").unwrap();
    let (code, said) = run(&["config", "check"], &file, folder.path());
    assert!(code == Some(1) && said.lines().count() == 2 && said.contains("--notify-remind"), "{code:?} {said}");
    let lines = [
        "listne = \"8484\"",
        "log = \"loud\"",
        "demo = \"yes\"",
        "audit-keep-days = 0",
        "notify_remind = \"0d\"",
        "public-url = \"keyway\"",
        "redis = \"redis://db\"",
        "tls-cert = true",
        "tls-key = \"gone.key\"",
        "notify-unreachable = \"0m\"",
    ];
    std::fs::write(&file, lines.join("\n")).unwrap();
    let (code, said) = run(&["config", "check"], &file, folder.path());
    let at = |line: usize| said.lines().filter(|problem| problem.contains(&format!("keyway.toml:{line}: "))).count();
    // What is missing because its own line is refused is not told again.
    let told: Vec<usize> = (1..=lines.len()).map(at).collect();
    assert_eq!((code, told), (Some(1), vec![1, 1, 1, 1, 1, 1, 1, 1, 0, 1]), "{said}");
    assert_eq!(said.lines().count(), 9, "{said}");
    // What is wrong in the environment is not the file's fault.
    std::fs::write(&file, "log = \"info,keyway_gateway=debug\"").unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_keyway"))
        .args(["config", "check"])
        .arg(&file)
        .env("KEYWAY_ADMIN_TOKEN", "short")
        .env("KEYWAY_TOKEN_SERVICE_TOKEN", "short")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(said.lines().filter(|line| line.contains("keyway.toml")).count(), 0, "{said}");
    assert!(said.contains("KEYWAY_ADMIN_TOKEN: ") && said.contains("KEYWAY_TOKEN_SERVICE_TOKEN: "), "{said}");
    assert_eq!(run(&["config", "check"], &folder.path().join("gone.toml"), folder.path()).0, Some(2), "no file, so no answer");
}
