//! Notifications, at receivers of the test's own: each condition arrives once, signed, and holds no secret.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use keyway_core::secret::Secret;
use keyway_core::time::Timestamp;
use keyway_gateway::{clock, notify};
use serde_json::{Value, json};

use crate::connection::{Script, Scripted, base, connected_by, hubspot};
use crate::harness::{Keyway, http};
use crate::webhooks::{Got, next, receiver};

/// Looks every second, so that a test need not wait for a minute.
pub const OFTEN: [&str; 2] = ["--notify-every", "1s"];
/// Longer than a look and the first attempt after it.
pub const A_WHILE: Duration = Duration::from_millis(2_500);

/// Adds a webhook channel; its secret comes back.
pub fn webhook(keyway: &Keyway, name: &str, url: &str, more: &[&str]) -> Secret<String> {
    let added = keyway.json(&[&["notify", "add", "webhook", name, "--url", url], more].concat());
    Secret::new(added["secret"].as_str().unwrap().to_owned())
}

/// The notifications of a message whose signature is right.
pub fn told(got: &Got, secret: &Secret<String>) -> Vec<Value> {
    let header = |name: &str| got.header(name).unwrap();
    let (id, at, signature) = (header("webhook-id"), header("webhook-timestamp"), header("webhook-signature"));
    assert!(notify::verify(secret, id, at, signature, &got.body, clock::now()), "{}", got.head);
    let body: Value = serde_json::from_str(&got.body).unwrap();
    assert_eq!((&body["version"], body["id"].as_str()), (&json!(1), Some(id)));
    body["notifications"].as_array().unwrap().clone()
}

/// Takes messages until each of these kinds was told; answers every notification.
fn until(got: &Receiver<Got>, secret: &Secret<String>, kinds: &[&str]) -> Vec<Value> {
    let mut all: Vec<Value> = Vec::new();
    while !kinds.iter().all(|kind| all.iter().any(|one| one["kind"] == *kind)) {
        all.extend(told(&next(got), secret));
    }
    all
}

fn names(notifications: &[Value]) -> Vec<&str> {
    notifications.iter().map(|one| one["name"].as_str().unwrap()).collect()
}

/// Nothing more arrives, and nothing arrived twice.
fn once(got: &Receiver<Got>, all: &[Value]) {
    let more = got.recv_timeout(A_WHILE);
    assert!(more.is_err(), "{}", more.unwrap().body);
    assert_eq!(names(all).len(), names(all).iter().collect::<BTreeSet<_>>().len(), "{all:?}");
}

/// The request that docs/notifications.md shows has the members of a real one, and says the same.
fn as_on_the_page(refused: &Value) {
    let page = include_str!("../../../../docs/notifications.md");
    let example = page.split("```json\n").nth(1).unwrap().split("```").next().unwrap();
    let example: Value = serde_json::from_str(example).unwrap();
    let members = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
    let shown = &example["notifications"][0];
    assert_eq!(members(&example), BTreeSet::from(["id", "more", "notifications", "server", "version"].map(String::from)));
    assert_eq!(members(shown), members(refused));
    let named = shown["text"].as_str().unwrap().replace("Production", refused["account"].as_str().unwrap());
    assert_eq!(refused["text"], named);
    for member in ["kind", "name", "remedy", "hubId", "appId", "reminder"] {
        assert_eq!(shown[member], refused[member], "{member}");
    }
}

/// A day of an embedded account's clock, from today.
pub fn go_on(keyway: &Keyway, days: i64) {
    keyway.json(&["portal", "clock", "advance", &format!("{days}d")]);
}

#[test]
fn tokens_that_are_old_or_end_and_calls_that_end_are_told_once_and_signed() {
    let keyway = Keyway::start(&[&OFTEN[..], &["--notify-sunset-days", "10000"]].concat());
    let (url, got) = receiver(&["200 OK"]);
    let old = keyway.json(&["app", "create", "Old", "--owner", "ada@example.com", "--scopes", "crm.objects.contacts.read"]);
    let token = old["token"]["value"].as_str().unwrap().to_owned();
    go_on(&keyway, 190);
    let short = keyway.json(&["app", "create", "Short", "--scopes", "crm.objects.contacts.read", "--expires", "10d"]);
    assert_eq!(keyway.call(&token, "GET", "/contacts/v1/lists/all/contacts/all", None).0, 200);
    let secret = webhook(&keyway, "ops", &url, &[]);
    let all = until(&got, &secret, &["token-rotation", "token-expiring", "sunset"]);
    let of = |kind: &str| all.iter().find(|one| one["kind"] == kind).unwrap().clone();
    let rotation = of("token-rotation");
    assert_eq!((&rotation["app"], &rotation["owner"], &rotation["reminder"]), (&json!("Old"), &json!("ada@example.com"), &json!(false)));
    assert_eq!(rotation["remedy"], "keyway token rotate Old");
    assert_eq!(of("token-expiring")["app"], "Short");
    assert_eq!((&of("sunset")["app"], of("sunset")["text"].as_str().unwrap().contains("1 call")), (&json!("Old"), true), "{all:?}");
    once(&got, &all);
    let spoken = serde_json::to_string(&all).unwrap();
    for value in [&token, short["token"]["value"].as_str().unwrap(), secret.expose()] {
        assert!(!spoken.contains(value));
    }
    // It is over once the token is rotated, and begins anew after another 180 days.
    keyway.json(&["token", "rotate", "Old", "--now"]);
    let lasts = |keyway: &Keyway| keyway.json(&["notify", "history"])["conditions"].to_string().contains("token-rotation");
    assert!((0..100).any(|_| {
        std::thread::sleep(Duration::from_millis(100));
        !lasts(&keyway)
    }));
    go_on(&keyway, 181);
    assert!(names(&until(&got, &secret, &["token-rotation"])).iter().any(|name| name.starts_with("token-rotation/")));
}

#[test]
fn a_credential_that_is_refused_or_lost_scopes_is_told_once_until_it_is_over() {
    let (hubspot, credential) = hubspot();
    let gateway = Keyway::start(&OFTEN);
    let (url, got) = receiver(&["200 OK"]);
    let secret = webhook(&gateway, "ops", &url, &[]);
    let (gateway, _) = connected_by(gateway, &base(&hubspot), &credential);
    hubspot.json(&["app", "update", "Connection", "--remove-scope", "crm.objects.contacts.write"]);
    gateway.run(&["account", "check", "4242"]);
    let mut all = until(&got, &secret, &["credential-scopes"]);
    assert!(all[0]["text"].as_str().unwrap().ends_with("crm.objects.contacts.write"), "{all:?}");
    hubspot.json(&["app", "disable", "Connection"]);
    gateway.run(&["account", "check", "4242"]);
    all.extend(until(&got, &secret, &["credential-refused"]));
    as_on_the_page(all.last().unwrap());
    once(&got, &all);
    // A restart does not tell it again, though nothing is known of the credential until HubSpot was asked.
    let gateway = Keyway::start_in(gateway.stop(), &OFTEN);
    once(&got, &all);
    hubspot.json(&["app", "enable", "Connection"]);
    gateway.run(&["account", "check", "4242"]);
    let lasts = || gateway.json(&["notify", "history"])["conditions"].to_string().contains("credential-refused");
    assert!((0..100).any(|_| {
        std::thread::sleep(Duration::from_millis(100));
        !lasts()
    }));
    hubspot.json(&["app", "disable", "Connection"]);
    gateway.run(&["account", "check", "4242"]);
    assert_eq!(names(&until(&got, &secret, &["credential-refused"])), ["credential-refused/4242"]);
    assert!(!serde_json::to_string(&all).unwrap().contains(&credential[8..40]));
}

#[test]
fn four_fifths_of_the_daily_limit_are_told_once_a_day() {
    let answer = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-hubspot-ratelimit-daily: 1000\r\nx-hubspot-ratelimit-daily-remaining: 150\r\ncontent-length: 14\r\n\r\n{\"results\":[]}";
    let upstream = Scripted::start(vec![Script::Say(answer.to_owned())]);
    let gateway = Keyway::start(&OFTEN);
    let (url, got) = receiver(&["200 OK"]);
    let secret = webhook(&gateway, "ops", &url, &[]);
    let (gateway, token) = connected_by(gateway, &format!("http://{}", upstream.address), &crate::connection::credential(3));
    assert_eq!(gateway.call(&token, "GET", "/crm/v3/objects/contacts", None).0, 200);
    let all = until(&got, &secret, &["daily-limit"]);
    let told = all.iter().find(|one| one["kind"] == "daily-limit").unwrap();
    assert!(told["text"].as_str().unwrap().contains("85 %"), "{told}");
    assert_eq!(told["hubId"], 4242);
    once(&got, &all);
}

#[test]
fn a_damaged_audit_log_is_told_once_for_each_file() {
    let keyway = Keyway::start(&OFTEN);
    let (url, got) = receiver(&["200 OK"]);
    let secret = webhook(&keyway, "ops", &url, &[]);
    let token =
        keyway.json(&["app", "create", "Sync", "--scopes", "crm.objects.contacts.read"])["token"]["value"].as_str().unwrap().to_owned();
    (0..5).for_each(|_| assert_eq!(keyway.call(&token, "GET", "/crm/v3/objects/contacts", None).0, 200));
    let folder = keyway.stop();
    let files = std::fs::read_dir(folder.path().join("audit")).unwrap().map(|entry| entry.unwrap().path());
    let log = files.max_by_key(|path| path.metadata().unwrap().len()).unwrap();
    let mut bytes = std::fs::read(&log).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0xff;
    std::fs::write(&log, bytes).unwrap();
    let keyway = Keyway::start_in(folder, &OFTEN);
    let _ = keyway.run(&["audit", "verify"]);
    let all = until(&got, &secret, &["audit-damage"]);
    let file = log.file_name().unwrap().to_str().unwrap();
    assert!(names(&all).contains(&format!("audit-damage/{file}").as_str()), "{all:?}");
    once(&got, &all);
}

/// A server whose writes can be made to fail with [`limit_files`], as on a full disk. Its log is on that disk too.
#[cfg(target_os = "linux")]
pub fn on_a_small_disk(options: &[&str]) -> Keyway {
    // A file at its limit is an error of the write, and not the end of the process.
    let mut command = std::process::Command::new("sh");
    command.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\" 2>>\"$LOG\"", env!("CARGO_BIN_EXE_keyway")]);
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log").display().to_string();
    Keyway::start_as(command, folder, options, &[("LOG", &log)])
}

#[cfg(target_os = "linux")]
#[test]
fn changes_on_a_full_disk_are_refused_each_and_made_again_when_there_is_room() {
    let keyway = on_a_small_disk(&[]);
    limit_files(&keyway, "1");
    // What fails here is logged as an error. No change that follows on one that failed may seem to be made.
    for _ in 0..4 {
        let refused = keyway.run(&["app", "create", "Lost", "--scopes", "crm.objects.contacts.read"]);
        let refused = String::from_utf8_lossy(&refused.stderr);
        assert!(refused.contains("the change could not be written and nothing was changed"), "{refused:?}");
    }
    limit_files(&keyway, "unlimited");
    keyway.json(&["app", "create", "Kept", "--scopes", "crm.objects.contacts.read"]);
    let keyway = Keyway::start_in(keyway.kill(), &[]);
    let apps = keyway.json(&["app", "list"])["apps"].to_string();
    assert!(apps.contains("Kept") && !apps.contains("Lost"), "{apps}");
}

/// As a full disk does, but the same on every machine: no file may grow beyond so many bytes.
#[cfg(target_os = "linux")]
pub fn limit_files(keyway: &Keyway, bytes: &str) {
    let id = keyway.id().to_string();
    let done = std::process::Command::new("prlimit").args(["--pid", &id, &format!("--fsize={bytes}:")]).status().unwrap();
    assert!(done.success());
}

#[cfg(target_os = "linux")]
#[test]
fn the_status_says_that_the_store_cannot_be_written_and_what_to_do() {
    let keyway = on_a_small_disk(&[]);
    // The overview answers, so the file of the counts, which it reads, is made before the disk is full.
    let status = keyway.run(&["status"]);
    assert!(status.status.success(), "{status:?}");
    limit_files(&keyway, "1");
    // Keyway tries a write at most once a second.
    let says_so = |_| {
        let status = keyway.run(&["status"]);
        let said = String::from_utf8_lossy(&status.stdout);
        said.contains("Keyway cannot write its store") && said.contains("a full disk") && status.status.code() == Some(1)
    };
    assert!((0..1_000).any(says_so));
    limit_files(&keyway, "unlimited");
    let is_fine = |_| {
        let status = keyway.run(&["status", "--json"]);
        let json: Value = serde_json::from_slice(&status.stdout).unwrap();
        json["store"].is_null() && status.status.success()
    };
    assert!((0..1_000).any(is_fine));
}

#[cfg(target_os = "linux")]
#[test]
fn records_that_could_not_be_written_are_told_once() {
    let keyway = on_a_small_disk(&OFTEN);
    let (url, got) = receiver(&["200 OK"]);
    let app = keyway.json(&["app", "create", "Sync", "--scopes", "crm.objects.contacts.read"]);
    let call = || keyway.call(app["token"]["value"].as_str().unwrap(), "GET", "/crm/v3/objects/contacts", None).0;
    let secret = webhook(&keyway, "ops", &url, &[]);
    assert_eq!(call(), 200);
    limit_files(&keyway, "1");
    assert_eq!(call(), 503);
    limit_files(&keyway, "unlimited");
    assert!((0..100).any(|_| call() == 200));
    // The store had no room either, so Keyway may notify of that too.
    let mut all = until(&got, &secret, &["audit-not-written"]);
    all.retain(|one| one["kind"] != "store-not-written");
    assert_eq!(names(&all), ["audit-not-written/log"]);
    once(&got, &all);
}

#[test]
fn a_receiver_that_was_down_gets_the_message_once_after_a_restart_in_between() {
    let keyway = Keyway::start(&OFTEN);
    let (url, got) = receiver(&["503 Service Unavailable", "503 Service Unavailable", "200 OK"]);
    keyway.json(&["app", "create", "Sync", "--scopes", "tickets", "--expires", "1d"]);
    let secret = webhook(&keyway, "ops", &url, &[]);
    let first = next(&got);
    let keyway = Keyway::start_in(keyway.stop(), &OFTEN);
    let (second, third) = (next(&got), next(&got));
    let id = |got: &Got| got.header("webhook-id").unwrap().to_owned();
    assert_eq!((id(&first), id(&second)), (id(&second), id(&third)), "it is the same message");
    once(&got, &told(&third, &secret));
    let sent = keyway.json(&["notify", "history"])["messages"][0].clone();
    assert_eq!((&sent["state"], &sent["attempts"], &sent["error"]), (&json!("sent"), &json!(3), &Value::Null));
}

#[test]
fn a_flood_of_conditions_is_one_message_that_counts_them() {
    let keyway = Keyway::start(&["--notify-every", "1s"]);
    for at in 0..25 {
        keyway.json(&["app", "create", &format!("App {at}"), "--scopes", "tickets", "--expires", "2d"]);
    }
    let (url, got) = receiver(&["200 OK"]);
    let secret = webhook(&keyway, "ops", &url, &[]);
    let message = next(&got);
    assert_eq!(told(&message, &secret).len(), 20);
    assert_eq!(serde_json::from_str::<Value>(&message.body).unwrap()["more"], 5);
    assert!(got.recv_timeout(A_WHILE).is_err());
    assert_eq!(keyway.json(&["notify", "history"])["conditions"].as_array().unwrap().len(), 25);
}

#[test]
fn a_condition_goes_to_the_channel_of_its_owner_or_account_and_else_to_the_default() {
    let keyway = Keyway::start(&OFTEN);
    let (default, got_default) = receiver(&["200 OK"]);
    let (owner, got_owner) = receiver(&["200 OK"]);
    let of_owner = webhook(&keyway, "sales", &owner, &["--owner", "Sales"]);
    let of_default = webhook(&keyway, "ops", &default, &[]);
    keyway.json(&["app", "create", "Theirs", "--owner", "sales", "--scopes", "tickets", "--expires", "1d"]);
    keyway.json(&["app", "create", "Ours", "--scopes", "tickets", "--expires", "1d"]);
    let app = |told: Vec<Value>| told.iter().map(|one| one["app"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    assert_eq!(app(told(&next(&got_owner), &of_owner)), ["Theirs"]);
    assert_eq!(app(told(&next(&got_default), &of_default)), ["Ours"]);
    assert!(got_owner.recv_timeout(A_WHILE).is_err() && got_default.try_recv().is_err());
}

#[test]
fn a_test_message_shows_the_receivers_answer() {
    let keyway = Keyway::start(&[]);
    let (url, got) = receiver(&["200 OK", "404 Not Found"]);
    let secret = webhook(&keyway, "ops", &url, &[]);
    let taken = keyway.json(&["notify", "test", "ops"]);
    assert_eq!((&taken["taken"], &taken["answer"]), (&json!(true), &json!("HTTP status 200")));
    assert_eq!(told(&next(&got), &secret)[0]["kind"], "test");
    let refused = keyway.run(&["notify", "test", "ops"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stdout).contains("HTTP status 404"), "{refused:?}");
    assert_eq!(keyway.run(&["notify", "test", "nobody"]).status.code(), Some(2));
    // A channel that is removed gets nothing; without --yes it stays.
    assert_eq!(keyway.run(&["notify", "remove", "ops"]).status.code(), Some(2));
    keyway.json(&["notify", "remove", "ops", "--yes"]);
    assert_eq!(keyway.json(&["notify", "list"])["channels"], json!([]));
}

#[test]
fn a_channel_leads_to_allowed_hosts_alone() {
    let keyway = Keyway::start(&[]);
    let refused = |arguments: &[&str]| {
        let output = keyway.run(&[&["notify", "add"], arguments].concat());
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    for host in ["169.254.169.254", "10.0.0.1", "hooks.example.com", "127.0.0.1.example.com", "[::ffff:10.0.0.1]"] {
        let error = refused(&["webhook", "ops", "--url", &format!("https://{host}/hook")]);
        assert!(error.contains(&format!("--notify-hosts {host}")), "{error}");
    }
    for url in ["file:///etc/passwd", "http://user@127.0.0.1/", "127.0.0.1"] {
        assert!(refused(&["webhook", "ops", "--url", url]).contains("the URL is not one"), "{url}");
    }
    let mail = ["mail", "ops", "--from", "a@example.com", "--to", "b@example.com", "--host"];
    assert!(refused(&[&mail[..], &["smtp.example.com"]].concat()).contains("--notify-hosts smtp.example.com"));
    assert!(refused(&["mail", "ops", "--from", "a", "--to", "b@example.com", "--host", "127.0.0.1"]).contains("not an e-mail address"));
    assert_eq!(keyway.json(&["notify", "list"])["channels"], json!([]));
    drop(keyway);
    let keyway = Keyway::start(&["--notify-hosts", "hooks.example.com,smtp.example.com"]);
    let output = keyway.run(&[&["notify", "add"][..], &mail, &["smtp.example.com", "--tls", "off"]].concat());
    assert!(String::from_utf8_lossy(&output.stderr).contains("plain text"), "{output:?}");
    let file = keyway.folder.path().join("url");
    std::fs::write(&file, "http://hooks.example.com/services/T").unwrap();
    let output = keyway.run(&["notify", "add", "slack", "chat", "--credential-file", &file.display().to_string()]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("must begin with https://"), "{output:?}");
    webhook(&keyway, "ops", "https://hooks.example.com/x", &[]);
}

#[test]
fn no_secret_of_a_channel_is_at_rest_in_a_list_or_in_the_record_of_changes() {
    let keyway = Keyway::start(&[]);
    let (url, _got) = receiver(&["200 OK"]);
    let planted = "planted-0a1b2c3d";
    let secret = webhook(&keyway, "ops", &format!("{url}&key={planted}"), &[]);
    let file = keyway.folder.path().join("given");
    std::fs::write(&file, format!("{url}&key={planted}")).unwrap();
    keyway.json(&["notify", "add", "slack", "chat", "--credential-file", &file.display().to_string()]);
    std::fs::write(&file, planted).unwrap();
    let mail = ["notify", "add", "mail", "post", "--host", "127.0.0.1", "--tls", "off", "--from", "a@example.com", "--to", "b@example.com"];
    keyway.json(&[&mail[..], &["--user", "keyway", "--credential-file", &file.display().to_string()]].concat());
    std::fs::remove_file(&file).unwrap();
    let secrets = [planted, &secret.expose()[10..]];
    let shown = [keyway.json(&["notify", "list"]), keyway.json(&["changes"]), keyway.json(&["notify", "history"])];
    for shown in &shown {
        assert!(!secrets.iter().any(|secret| shown.to_string().contains(secret)), "{shown}");
    }
    assert!(shown[1].to_string().contains("addNotificationChannel"), "{}", shown[1]);
    let folder = keyway.stop();
    let files = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
    for path in files {
        let bytes = std::fs::read(&path).unwrap();
        for secret in &secrets {
            assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()), "{}", path.display());
        }
    }
    // They are what was given, after a restart too.
    let keyway = Keyway::start_in(folder, &[]);
    assert_eq!(keyway.json(&["notify", "test", "ops"])["taken"], true);
}

#[test]
fn slack_gets_text_and_blocks() {
    let keyway = Keyway::start(&OFTEN);
    let (url, got) = receiver(&["200 OK"]);
    let file = keyway.folder.path().join("url");
    std::fs::write(&file, format!("{url}\n")).unwrap();
    keyway.json(&["notify", "add", "slack", "chat", "--credential-file", &file.display().to_string()]);
    keyway.json(&["app", "create", "<!channel> Sync", "--scopes", "tickets", "--expires", "1d"]);
    let message = next(&got);
    let body: Value = serde_json::from_str(&message.body).unwrap();
    assert_eq!((&body["blocks"][0]["type"], &body["blocks"][1]["type"]), (&json!("header"), &json!("section")));
    let text = body["blocks"][1]["text"]["text"].as_str().unwrap();
    assert!(text.starts_with("*token-expiring*: The token") && text.contains("&lt;!channel&gt; Sync"), "{text}");
    assert!(body["text"].as_str().unwrap().starts_with("Keyway: token-expiring"), "{body}");
    assert!(message.header("webhook-signature").is_none());
}

/// An SMTP server that takes mail from one user; the lines of each mail's session are handed over.
pub fn smtp() -> (u16, Receiver<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (send, got) = mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut reader = BufReader::new(stream.unwrap());
            let mut lines: Vec<String> = Vec::new();
            let mut is_data = false;
            reader.get_mut().write_all(b"220 mail.example.com\r\n").unwrap();
            loop {
                let mut line = String::new();
                if reader.read_line(&mut line).unwrap_or(0) == 0 {
                    break;
                }
                let line = line.trim_end().to_owned();
                let answer = match line.split(' ').next().unwrap_or_default() {
                    "." if is_data => {
                        is_data = false;
                        "250 taken"
                    }
                    _ if is_data => "",
                    "EHLO" => "250-mail.example.com\r\n250 AUTH PLAIN",
                    "AUTH" => "235 welcome",
                    "DATA" => {
                        is_data = true;
                        "354 go on"
                    }
                    "QUIT" => "221 bye",
                    _ => "250 fine",
                };
                lines.push(line);
                if !answer.is_empty() && reader.get_mut().write_all(format!("{answer}\r\n").as_bytes()).is_err() {
                    break;
                }
            }
            if send.send(lines).is_err() {
                return;
            }
        }
    });
    (port, got)
}

#[test]
fn mail_goes_to_the_receivers_and_what_concerns_an_app_to_its_owner() {
    let keyway = Keyway::start(&OFTEN);
    let (port, got) = smtp();
    let password = "planted-0a1b2c3d";
    let file = keyway.folder.path().join("password");
    std::fs::write(&file, password).unwrap();
    let (port, file) = (port.to_string(), file.display().to_string());
    let mail = ["notify", "add", "mail", "post", "--host", "127.0.0.1", "--port", &port, "--tls", "off", "--from", "keyway@example.com"];
    let more = ["--to", "ops@example.com", "--to-owner", "--user", "keyway", "--credential-file", &file];
    keyway.json(&[&mail[..], &more].concat());
    keyway.json(&["app", "create", "Theirs", "--owner", "Ada <ada@example.com>", "--scopes", "tickets", "--expires", "1d"]);
    keyway.json(&["app", "create", "Ours", "--owner", "Sales", "--scopes", "tickets", "--expires", "1d"]);
    let mut mails: Vec<Vec<String>> = (0..2).map(|_| got.recv_timeout(Duration::from_secs(30)).expect("a mail comes")).collect();
    mails.sort_by_key(|lines| lines.iter().any(|line| line.contains("<ops@example.com>")));
    for (lines, to, app, other) in [(&mails[0], "ada", "Theirs", "Ours"), (&mails[1], "ops", "Ours", "Theirs")] {
        let text = lines.join("\n");
        assert!(text.contains(&format!("RCPT TO:<{to}@example.com>")) && text.contains("MAIL FROM:<keyway@example.com>"), "{text}");
        assert!(text.contains(&format!("Subject: Keyway: token-expiring ({app})")), "{text}");
        assert!(text.contains("To do:  keyway token rotate") && !text.contains(other), "{text}");
        let (_, message) = text.split_once("\nDATA\n").unwrap();
        assert!(message.contains("Message-ID: <keyway-") && !message.contains(password), "{message}");
        assert!(text.contains("AUTH PLAIN "), "{text}");
    }
    assert!(got.recv_timeout(A_WHILE).is_err(), "Keyway notifies once of each condition");
    assert_eq!(keyway.json(&["notify", "test", "post"])["answer"], "SMTP answer 250");
}

#[test]
fn a_token_with_a_lifetime_ends_with_it_and_is_refused_by_name() {
    let keyway = Keyway::start(&[]);
    let made = keyway.json(&["app", "create", "Sync", "--scopes", "crm.objects.contacts.read", "--expires", "90d"]);
    let token = made["token"]["value"].as_str().unwrap();
    let ends = Timestamp::parse_iso(made["token"]["expiresAt"].as_str().unwrap()).unwrap();
    let days = |ends: Timestamp| (ends.as_ms() - clock::now().as_ms() + 43_200_000) / 86_400_000;
    assert_eq!(days(ends), 90);
    let shown = keyway.json(&["token", "list", "Sync"])["tokens"][0].clone();
    assert_eq!((&shown["state"], &shown["expiresAt"]), (&json!("active"), &made["token"]["expiresAt"]));
    assert_eq!(keyway.json(&["app", "show", "Sync"])["app"]["tokens"][0]["expiresAt"], made["token"]["expiresAt"]);
    assert_eq!(keyway.call(token, "GET", "/crm/v3/objects/contacts", None).0, 200);
    // It survives a restart, and counts by the account's clock.
    let keyway = Keyway::start_in(keyway.stop(), &[]);
    go_on(&keyway, 89);
    assert_eq!(keyway.call(token, "GET", "/crm/v3/objects/contacts", None).0, 200);
    go_on(&keyway, 1);
    let (status, refused) = http(keyway.address("data"), token, "GET", "/crm/v3/objects/contacts", None);
    assert_eq!(
        (status, refused["category"].as_str(), refused["subCategory"].as_str()),
        (401, Some("EXPIRED_AUTHENTICATION"), Some("keyway.token-expired"))
    );
    assert_eq!(keyway.json(&["audit", "list", "--app", "Sync", "--status", "401"])["records"][0]["rule"], "token-expired");
    // A rotation ends it no later, and the new one has a lifetime of its own or one of the same length.
    let next = keyway.json(&["token", "rotate", "Sync", "--expires", "10d"]);
    assert!(next["token"]["expiresAt"].is_string());
    keyway.json(&["token", "rotate", "Sync", "--grace", "20d"]);
    let tokens = keyway.json(&["token", "list", "Sync"])["tokens"].as_array().unwrap().clone();
    assert_eq!(tokens[1]["expiresAt"], next["token"]["expiresAt"], "its lifetime is over before the grace period");
    assert_eq!(tokens[2]["state"], "active");
    let day = |token: &Value, field: &str| token[field].as_str().and_then(Timestamp::parse_iso).unwrap().as_ms() / 86_400_000;
    assert_eq!(day(&tokens[2], "expiresAt") - day(&tokens[2], "createdAt"), 10, "it lives as long as the one before");
    for lifetime in ["0d", "4000d", "soon"] {
        assert_eq!(keyway.run(&["token", "create", "Sync", "--expires", lifetime]).status.code(), Some(2), "{lifetime}");
    }
}
