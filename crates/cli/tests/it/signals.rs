//! What SIGHUP means to a server: a reload where a supervisor runs it, the end where a terminal does.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::harness::{Keyway, Running};

#[test]
fn a_server_without_a_terminal_goes_on_after_sighup() {
    let keyway = Keyway::start(&["--ephemeral"]);
    assert!(Command::new("kill").args(["-HUP", &keyway.pid().to_string()]).status().unwrap().success());
    // A signal is handled between two requests at the latest; these are answered after it.
    for _ in 0..20 {
        assert_eq!(keyway.run(&["app", "list"]).status.code(), Some(0));
    }
    let folder = keyway.stop();
    assert!(!folder.path().join("admin.sock").exists(), "it stopped as asked, and not by SIGHUP");
}

#[test]
fn a_server_stops_when_its_terminal_is_closed() {
    let folder = tempfile::tempdir().unwrap();
    let serve = format!(
        "exec {} serve --ephemeral --listen 127.0.0.1:0 --admin 127.0.0.1:0 --data {}",
        env!("CARGO_BIN_EXE_keyway"),
        folder.path().display()
    );
    // A terminal that lasts as long as its program.
    let mut terminal =
        Running::start(Command::new("script").args(["-qec", &serve, "/dev/null"]).stdin(Stdio::piped()).stdout(Stdio::piped()));
    let lines: Vec<String> = BufReader::new(terminal.stdout.take().unwrap())
        .lines()
        .map(|line| line.unwrap().trim().to_owned())
        .take_while(|line| line != "keyway is ready")
        .collect();
    let line = lines.iter().find(|line| line.starts_with("data")).unwrap();
    let address = line.split("http://").nth(1).unwrap().split_whitespace().next().unwrap().to_owned();
    assert!(TcpStream::connect(&address).is_ok());
    terminal.kill().unwrap();
    terminal.wait().unwrap();
    let stopped = (0..1_000).any(|_| {
        std::thread::sleep(Duration::from_millis(10));
        TcpStream::connect(&address).is_err()
    });
    assert!(stopped, "the server outlives its terminal");
}

/// The status of the sign-in page under a host name.
fn status_under(keyway: &Keyway, host: &str) -> u16 {
    let mut stream = TcpStream::connect(keyway.address("admin")).unwrap();
    write!(stream, "GET /sign-in HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split(' ').nth(1).unwrap().parse().unwrap()
}

#[test]
fn sighup_reads_the_configuration_again_and_a_wrong_one_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("keyway.toml");
    let write = |text: &str| std::fs::write(&config, text).unwrap();
    write("admin-hosts = \"one.example.com\"\n");
    let keyway = Keyway::start(&["--ephemeral", "--config", config.to_str().unwrap()]);
    assert_eq!((status_under(&keyway, "one.example.com"), status_under(&keyway, "two.example.com")), (200, 421));

    let hang_up = || assert!(Command::new("kill").args(["-HUP", &keyway.pid().to_string()]).status().unwrap().success());
    // The number of threads needs a restart; what does not is taken on all the same.
    write("admin-hosts = \"two.example.com,three.example.com\"\nlog = \"debug\"\nthreads = 3\n");
    hang_up();
    let until = Instant::now() + Duration::from_secs(30);
    while status_under(&keyway, "two.example.com") != 200 {
        assert!(Instant::now() < until, "the new names are not taken on");
    }
    assert_eq!((status_under(&keyway, "one.example.com"), status_under(&keyway, "three.example.com")), (421, 200));

    for wrong in ["admin-hosts = \"*\"\n", "log = \"=,=\"\nadmin-hosts = \"four.example.com\"\n", "no TOML"] {
        write(wrong);
        hang_up();
        // A signal is handled between two requests at the latest; these are answered after it.
        for _ in 0..20 {
            assert_eq!(status_under(&keyway, "two.example.com"), 200, "{wrong}");
        }
        assert_eq!(status_under(&keyway, "four.example.com"), 421, "{wrong}");
    }
}

#[test]
fn sighup_takes_on_every_kind_of_setting_that_needs_no_restart() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("keyway.toml");
    std::fs::write(&config, "rotation-days = 90\n").unwrap();
    let keyway = Keyway::start(&["--config", config.to_str().unwrap()]);
    let made = keyway.json(&["app", "create", "Shop", "--scopes", "oauth,crm.objects.contacts.read,crm.objects.contacts.write"]);
    let token = made["token"]["value"].as_str().unwrap();
    keyway.json(&["portal", "clock", "advance", "3d"]);
    let due = || keyway.json(&["app", "show", "Shop"])["app"]["tokens"][0]["rotationDue"] == true;
    let status = || keyway.json(&["status"])["rotationDue"].as_array().unwrap().len();
    let records = || keyway.json(&["audit", "list"])["records"].clone();
    // A call that sets a property and names a client, as a proxy on this machine would pass it on.
    let call = || {
        let body = "{\"properties\":{\"firstname\":\"Ada\"}}";
        let mut stream = TcpStream::connect(keyway.address("data")).unwrap();
        let head = format!("POST /crm/objects/2026-09/contacts HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n");
        let named = "x-forwarded-for: 198.51.100.7\r\ncontent-type: application/json\r\nconnection: close\r\n";
        write!(stream, "{head}{named}content-length: {}\r\n\r\n{body}", body.len()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
        let newest = records()[0].clone();
        (newest["source"].as_str().unwrap().to_owned(), newest.to_string().contains("firstname"))
    };
    let old_call = || keyway.call(token, "GET", "/crm/v3/objects/contacts", None).0;
    assert_eq!((due(), status(), call(), old_call()), (false, 0, ("127.0.0.1".to_owned(), true), 200));

    std::fs::write(
        &config,
        "rotation-days = 2\ntrusted-proxies = \"127.0.0.1\"\naudit-no-property-names = true\nas-of = \"2027-10-01\"\n\
         audit-keep-days = 1\nlisten = \"127.0.0.1:1\"\n",
    )
    .unwrap();
    assert!(Command::new("kill").args(["-HUP", &keyway.pid().to_string()]).status().unwrap().success());
    let until = Instant::now() + Duration::from_secs(30);
    while !due() {
        assert!(Instant::now() < until, "the age of rotation is not taken on");
    }
    // Thresholds are taken on after these; the order of a reload is that of its code.
    assert_eq!((status(), call(), old_call()), (1, ("198.51.100.7".to_owned(), false), 404));
}
