//! What SIGHUP means to a server: a reload where a supervisor runs it, the end where a terminal does.

use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::harness::Keyway;

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
        Command::new("script").args(["-qec", &serve, "/dev/null"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
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
