//! What a supervisor sees: probes, `keyway status --live`, and the protocol of `Type=notify` services.

use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use serde_json::json;

use crate::harness::{Keyway, http};

/// Bounds a test that fails; none waits that long.
const LONG: Duration = Duration::from_secs(30);

/// The next message that is not `than`.
fn other(socket: &UnixDatagram, than: &str) -> String {
    let mut bytes = [0; 4096];
    loop {
        let length = socket.recv(&mut bytes).unwrap();
        let message = String::from_utf8(bytes[..length].to_vec()).unwrap();
        if message != than {
            return message;
        }
    }
}

fn is_told(socket: &UnixDatagram, address: &str) {
    socket.set_read_timeout(Some(LONG)).unwrap();
    // A watchdog of 20 ms: beats come at once and often.
    let variables = [("NOTIFY_SOCKET", address), ("WATCHDOG_USEC", "20000")];
    let keyway = Keyway::start_with(tempfile::tempdir().unwrap(), &[], &variables);
    assert!(other(socket, "").starts_with("READY=1\n"), "nothing is said before");
    for _ in 0..3 {
        assert_eq!(other(socket, ""), "WATCHDOG=1");
    }
    keyway.stop();
    assert!(other(socket, "WATCHDOG=1").starts_with("STOPPING=1\n"));
}

#[test]
fn a_supervisor_is_told_of_the_start_the_watchdog_and_the_stop_over_a_socket_with_a_path() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    is_told(&UnixDatagram::bind(&path).unwrap(), path.to_str().unwrap());
}

#[cfg(target_os = "linux")]
#[test]
fn a_supervisor_is_told_over_a_socket_without_a_file() {
    use std::os::linux::net::SocketAddrExt;
    let name = format!("keyway-notify-{}", std::process::id());
    let address = std::os::unix::net::SocketAddr::from_abstract_name(&name).unwrap();
    is_told(&UnixDatagram::bind_addr(&address).unwrap(), &format!("@{name}"));
}

#[test]
fn a_supervisor_is_told_of_a_reload_and_of_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(LONG)).unwrap();
    let keyway = Keyway::start_with(tempfile::tempdir().unwrap(), &[], &[("NOTIFY_SOCKET", path.to_str().unwrap())]);
    assert!(other(&socket, "").starts_with("READY=1\n"));
    assert!(std::process::Command::new("kill").args(["-HUP", &keyway.pid().to_string()]).status().unwrap().success());
    assert_eq!((other(&socket, ""), other(&socket, "")), ("RELOADING=1".to_owned(), "READY=1".to_owned()));
    keyway.stop();
    assert!(other(&socket, "").starts_with("STOPPING=1\n"));
}

#[test]
fn the_watchdog_of_another_process_is_not_beaten() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(LONG)).unwrap();
    let variables = [("NOTIFY_SOCKET", path.to_str().unwrap()), ("WATCHDOG_USEC", "20000"), ("WATCHDOG_PID", "1")];
    let keyway = Keyway::start_with(tempfile::tempdir().unwrap(), &[], &variables);
    assert!(other(&socket, "").starts_with("READY=1\n"));
    keyway.stop();
    assert!(other(&socket, "").starts_with("STOPPING=1\n"));
}

#[test]
fn a_server_is_alive_over_its_socket_and_over_its_address_without_a_token() {
    let keyway = Keyway::start(&[]);
    assert_eq!(keyway.json(&["status", "--live"]), json!({ "version": 1, "alive": true, "error": null }));
    let address = format!("http://{}", keyway.address("admin"));
    assert_eq!(keyway.run(&["status", "--live", "--addr", &address]).status.code(), Some(0));
    let nobody = keyway.run(&["status", "--live", "--addr", "http://127.0.0.1:1"]);
    assert_eq!(nobody.status.code(), Some(1));
    let text = String::from_utf8(nobody.stdout).unwrap();
    assert!(text.starts_with("keyway is not alive: no server answers at http://127.0.0.1:1"), "{text}");
}

#[test]
fn a_server_that_cannot_write_its_audit_log_is_alive_and_not_ready_until_it_can() {
    let keyway = Keyway::start(&[]);
    let made = keyway.json(&["app", "create", "Probed", "--scopes", "crm.objects.contacts.read"]);
    let token = made["token"]["value"].as_str().unwrap();
    let probe = |listener: &str, path: &str| http(keyway.address(listener), "", "GET", path, None);
    assert_eq!(probe("data", "/__keyway/ready").0, 200);
    assert_eq!(probe("admin", "/readyz").0, 200);
    let (audit, away) = (keyway.folder.path().join("audit"), keyway.folder.path().join("away"));
    std::fs::rename(&audit, &away).unwrap();
    // The writer looks the folder up every tenth of a second.
    while keyway.call(token, "GET", "/crm/v3/objects/contacts", None).0 != 503 {}
    let (status, refused) = probe("data", "/__keyway/ready");
    assert_eq!((status, &refused["ready"]), (503, &json!(false)));
    assert!(refused["reason"].as_str().unwrap().contains("audit log"), "{refused}");
    let (status, refused) = probe("admin", "/readyz");
    assert_eq!((status, &refused["code"]), (503, &json!("not_ready")));
    assert!(refused["detail"].as_str().unwrap().contains("audit log"), "{refused}");
    assert_eq!(probe("admin", "/healthz").0, 200, "a restart would not help");
    assert_eq!(keyway.run(&["status", "--live"]).status.code(), Some(0));
    // No call is needed to find out that the log can be written again.
    std::fs::rename(&away, &audit).unwrap();
    assert_eq!(probe("data", "/__keyway/ready").0, 200);
    assert_eq!(probe("admin", "/readyz").0, 200);
    assert_eq!(keyway.call(token, "GET", "/crm/v3/objects/contacts", None).0, 200);
    let keyway = Keyway::start_in(keyway.stop(), &[]);
    assert_eq!(keyway.run(&["audit", "verify"]).status.code(), Some(0), "both files of the log fit together");
}
