//! Every kind of condition, provoked by its own cause: it arrives once over each kind of channel, signed where the
//! channel signs, and no body holds a secret. A kind without a case or a test does not compile.

use std::any::Any;
use std::sync::mpsc::Receiver;

use keyway_core::secret::Secret;
use keyway_gateway::attention::Kind;
use serde_json::Value;
use sqlx::{Connection as _, SqliteConnection};

use crate::connection::{Script, Scripted, base, connected_by, credential, hubspot};
use crate::harness::Keyway;
use crate::notify::{self, A_WHILE, OFTEN, go_on, limit_files, smtp, told, webhook};
use crate::webhooks::{Got, next, receiver};

const CONTACTS: &str = "crm.objects.contacts.read";

/// A webhook, Slack and mail, and the secrets that no body may hold.
struct Channels {
    webhook: (Receiver<Got>, Secret<String>),
    slack: Receiver<Got>,
    mail: Receiver<Vec<String>>,
    secrets: Vec<String>,
}

impl Channels {
    fn of(keyway: &Keyway) -> Self {
        let (url, got) = receiver(&["200 OK"]);
        let (slack_url, slack) = receiver(&["200 OK"]);
        let (port, mail) = smtp();
        let planted = ["in-the-url", "in-the-slack-url", "in-the-password"].map(|name| format!("planted-{name}"));
        let secret = webhook(keyway, "ops", &format!("{url}&key={}", planted[0]), &[]);
        let file = keyway.folder.path().join("given");
        let given = file.display().to_string();
        std::fs::write(&file, format!("{slack_url}&key={}", planted[1])).unwrap();
        keyway.json(&["notify", "add", "slack", "chat", "--credential-file", &given]);
        std::fs::write(&file, &planted[2]).unwrap();
        let mail_to =
            ["notify", "add", "mail", "post", "--host", "127.0.0.1", "--tls", "off", "--from", "a@example.com", "--to", "b@example.com"];
        let port = port.to_string();
        keyway.json(&[&mail_to[..], &["--port", &port, "--user", "keyway", "--credential-file", &given]].concat());
        let secrets = planted.into_iter().chain([secret.expose()[10..].to_owned()]).collect();
        Self { webhook: (got, secret), slack, mail, secrets }
    }

    /// The kind arrives once everywhere. All that arrives is without a secret.
    fn get_once(mut self, kind: Kind) {
        let kind = kind.name();
        let (got, secret) = &self.webhook;
        let mut bodies = Vec::new();
        let mut notifications: Vec<Value> = Vec::new();
        let mut take = |message: Got| {
            notifications.extend(told(&message, secret));
            bodies.push(message.body);
            notifications.iter().filter(|one| one["kind"] == kind).count()
        };
        while take(next(got)) == 0 {}
        let mut count = 1;
        while let Ok(more) = got.recv_timeout(A_WHILE) {
            count = take(more);
        }
        assert_eq!(count, 1, "{kind} over a webhook: {notifications:?}");
        let mut count = 0;
        while count == 0 {
            let body = next(&self.slack).body;
            count += body.matches(&format!("*{kind}*: ")).count();
            bodies.push(body);
        }
        while let Ok(more) = self.slack.try_recv() {
            count += more.body.matches(&format!("*{kind}*: ")).count();
            bodies.push(more.body);
        }
        assert_eq!(count, 1, "{kind} over Slack");
        let mut count = 0;
        let mut mails = vec![self.mail.recv_timeout(std::time::Duration::from_secs(30)).expect("a mail comes")];
        loop {
            for lines in mails.drain(..) {
                let (_, message) = lines.split_at(lines.iter().position(|line| line == "DATA").unwrap());
                count += message.iter().filter(|line| line.starts_with(&format!("{kind}: "))).count();
                bodies.push(message.join("\n"));
            }
            mails.extend(self.mail.try_iter());
            if mails.is_empty() && count > 0 {
                break;
            }
            if mails.is_empty() {
                mails.push(self.mail.recv_timeout(std::time::Duration::from_secs(30)).expect("another mail comes"));
            }
        }
        assert_eq!(count, 1, "{kind} over mail");
        self.secrets.retain(|secret| secret.len() > 8);
        for body in &bodies {
            for secret in &self.secrets {
                assert!(!body.contains(secret.as_str()), "{kind}: a body holds {secret}: {body}");
            }
        }
    }
}

/// A server with channels.
fn server(options: &[&str]) -> (Keyway, Channels) {
    let keyway = Keyway::start(&[&OFTEN[..], options].concat());
    let channels = Channels::of(&keyway);
    (keyway, channels)
}

/// The middle of a credential: its beginning is that of every one, and its end is its hint.
fn middle(credential: &str) -> String {
    credential[8..credential.len() - 4].to_owned()
}

/// Time passes: the moments that a stopped server has written are changed.
pub fn aged(folder: &std::path::Path, change: &'static str) {
    let url = format!("sqlite://{}", folder.join("keyway.db").display());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut connection = SqliteConnection::connect(&url).await.unwrap();
        assert!(sqlx::query(change).execute(&mut connection).await.unwrap().rows_affected() > 0);
        connection.close().await.unwrap();
    });
}

/// An app, and its token.
fn app(keyway: &Keyway, more: &[&str]) -> String {
    let made = keyway.json(&[&["app", "create", "Sync", "--scopes", CONTACTS], more].concat());
    made["token"]["value"].as_str().unwrap().to_owned()
}

/// A server whose writes fail from some moment on, as on a full disk.
fn on_a_small_disk() -> (Keyway, Channels) {
    let keyway = notify::on_a_small_disk(&OFTEN);
    let channels = Channels::of(&keyway);
    (keyway, channels)
}

/// Makes the kind's cause happen. The last of what comes back stays alive until the notifications have arrived.
fn provoke(kind: Kind) -> (Channels, Box<dyn Any>) {
    match kind {
        Kind::StoreNotWritten => {
            let (keyway, mut channels) = on_a_small_disk();
            // Nobody calls and nothing is to be queued: Keyway notices by itself.
            channels.secrets.push(middle(&app(&keyway, &[])));
            limit_files(&keyway, "1");
            (channels, Box::new(keyway))
        }
        Kind::AuditNotWritten => {
            let (keyway, mut channels) = on_a_small_disk();
            let token = app(&keyway, &[]);
            let call = || keyway.call(&token, "GET", "/crm/v3/objects/contacts", None).0;
            assert_eq!(call(), 200);
            limit_files(&keyway, "1");
            assert_eq!(call(), 503);
            limit_files(&keyway, "unlimited");
            assert!((0..100).any(|_| call() == 200));
            channels.secrets.push(middle(&token));
            (channels, Box::new(keyway))
        }
        Kind::AuditDamage => {
            let (keyway, mut channels) = server(&[]);
            let token = app(&keyway, &[]);
            (0..5).for_each(|_| assert_eq!(keyway.call(&token, "GET", "/crm/v3/objects/contacts", None).0, 200));
            let folder = keyway.stop();
            let files = std::fs::read_dir(folder.path().join("audit")).unwrap().map(|entry| entry.unwrap().path());
            let log = files.max_by_key(|path| path.metadata().unwrap().len()).unwrap();
            let mut bytes = std::fs::read(&log).unwrap();
            let in_the_middle = bytes.len() / 2;
            bytes[in_the_middle] ^= 0xff;
            std::fs::write(&log, bytes).unwrap();
            let keyway = Keyway::start_in(folder, &OFTEN);
            let _ = keyway.run(&["audit", "verify"]);
            channels.secrets.push(middle(&token));
            (channels, Box::new(keyway))
        }
        Kind::ApprovalRequested => {
            let (keyway, mut channels) = server(&[]);
            let made = keyway.json(&["app", "create", "Agent", "--scopes", "crm.objects.contacts.write", "--approve", "create"]);
            let token = made["token"]["value"].as_str().unwrap();
            let body = r#"{"properties":{"city":"planted-city"}}"#;
            assert_eq!(keyway.call(token, "POST", "/crm/v3/objects/contacts", Some(body)).0, 403);
            channels.secrets.extend([middle(token), "planted-city".to_owned()]);
            (channels, Box::new(keyway))
        }
        Kind::CredentialRefused => {
            let (hubspot, credential) = hubspot();
            let (keyway, mut channels) = server(&[]);
            let (keyway, token) = connected_by(keyway, &base(&hubspot), &credential);
            hubspot.json(&["app", "disable", "Connection"]);
            keyway.run(&["account", "check", "4242"]);
            channels.secrets.extend([middle(&credential), middle(&token)]);
            (channels, Box::new((hubspot, keyway)))
        }
        Kind::AccountUnreachable => {
            let (hubspot, credential) = hubspot();
            let (keyway, mut channels) = server(&["--notify-unreachable", "1s"]);
            let (keyway, token) = connected_by(keyway, &base(&hubspot), &credential);
            drop(hubspot);
            keyway.run(&["account", "check", "4242"]);
            channels.secrets.extend([middle(&credential), middle(&token)]);
            (channels, Box::new(keyway))
        }
        Kind::CredentialScopes => {
            let (hubspot, credential) = hubspot();
            let (keyway, mut channels) = server(&[]);
            let (keyway, token) = connected_by(keyway, &base(&hubspot), &credential);
            hubspot.json(&["app", "update", "Connection", "--remove-scope", "crm.objects.contacts.write"]);
            keyway.run(&["account", "check", "4242"]);
            channels.secrets.extend([middle(&credential), middle(&token)]);
            (channels, Box::new((hubspot, keyway)))
        }
        Kind::DailyLimit => {
            let answer = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-hubspot-ratelimit-daily: 1000\r\nx-hubspot-ratelimit-daily-remaining: 150\r\ncontent-length: 14\r\n\r\n{\"results\":[]}";
            let upstream = Scripted::start(vec![Script::Say(answer.to_owned())]);
            let (keyway, mut channels) = server(&[]);
            let given = credential(3);
            let (keyway, token) = connected_by(keyway, &format!("http://{}", upstream.address), &given);
            assert_eq!(keyway.call(&token, "GET", "/crm/v3/objects/contacts", None).0, 200);
            channels.secrets.extend([middle(&given), middle(&token)]);
            (channels, Box::new((upstream, keyway)))
        }
        Kind::FailedCalls => {
            let (keyway, mut channels) = server(&[]);
            let token = app(&keyway, &[]);
            (0..20).for_each(|_| assert_eq!(keyway.call(&token, "GET", "/crm/v3/objects/deals", None).0, 403));
            channels.secrets.push(middle(&token));
            (channels, Box::new(keyway))
        }
        Kind::TokenExpiring => {
            let (keyway, mut channels) = server(&[]);
            channels.secrets.push(middle(&app(&keyway, &["--expires", "10d"])));
            (channels, Box::new(keyway))
        }
        Kind::AccessExpiring => {
            let (keyway, channels) = server(&[]);
            keyway.json(&["user", "create", "ada@example.com"]);
            keyway.json(&["user", "create", "audrey@example.com", "--until", "10d"]);
            (channels, Box::new(keyway))
        }
        Kind::Sunset => {
            let keyway = Keyway::start(&[&OFTEN[..], &["--notify-sunset-days", "10000"]].concat());
            let token = app(&keyway, &[]);
            assert_eq!(keyway.call(&token, "GET", "/contacts/v1/lists/all/contacts/all", None).0, 200);
            // The first channel has the calls counted; on a busy machine they are counted again only minutes later.
            let mut channels = Channels::of(&keyway);
            channels.secrets.push(middle(&token));
            (channels, Box::new(keyway))
        }
        Kind::ProxyAuthority => {
            let (keyway, channels) = server(&["--proxy", "127.0.0.1:0"]);
            let folder = keyway.stop();
            aged(folder.path(), "update proxy_authority set expires_at = (select max(created_at) from proxy_authority) + 30 * 86400000");
            let keyway = Keyway::start_in(folder, &[&OFTEN[..], &["--proxy", "127.0.0.1:0"]].concat());
            (channels, Box::new(keyway))
        }
        Kind::CredentialRotation => {
            let (hubspot, credential) = hubspot();
            let (keyway, mut channels) = server(&[]);
            let (keyway, token) = connected_by(keyway, &base(&hubspot), &credential);
            let folder = keyway.stop();
            aged(folder.path(), "update connection set since = since - 181 * 86400000");
            let keyway = Keyway::start_in(folder, &OFTEN);
            channels.secrets.extend([middle(&credential), middle(&token)]);
            (channels, Box::new((hubspot, keyway)))
        }
        Kind::TokenRotation => {
            let (keyway, mut channels) = server(&[]);
            channels.secrets.push(middle(&app(&keyway, &[])));
            go_on(&keyway, 190);
            (channels, Box::new(keyway))
        }
    }
}

fn arrives_once(kind: Kind) {
    let (channels, _alive) = provoke(kind);
    channels.get_once(kind);
}

/// A test for each kind, so that the name of the one that fails says which. A kind without a test does not compile.
macro_rules! each_kind {
    ($($name:ident: $kind:ident,)+) => {
        mod arrives_once_over_each_channel_without_a_secret {
            use super::{Kind, arrives_once};

            $(
                #[test]
                fn $name() {
                    arrives_once(Kind::$kind);
                }
            )+

            const _: fn(Kind) = |kind| match kind {
                $(Kind::$kind => {})+
            };
        }
    };
}

each_kind! {
    store_not_written: StoreNotWritten,
    audit_not_written: AuditNotWritten,
    audit_damage: AuditDamage,
    approval_requested: ApprovalRequested,
    credential_refused: CredentialRefused,
    account_unreachable: AccountUnreachable,
    credential_scopes: CredentialScopes,
    failed_calls: FailedCalls,
    daily_limit: DailyLimit,
    token_expiring: TokenExpiring,
    access_expiring: AccessExpiring,
    sunset: Sunset,
    proxy_authority: ProxyAuthority,
    credential_rotation: CredentialRotation,
    token_rotation: TokenRotation,
}

#[test]
fn the_page_on_notifications_lists_each_kind() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/notifications.md")).unwrap();
    for kind in Kind::ALL {
        assert!(page.contains(&format!("| `{}` |", kind.name())), "{}", kind.name());
    }
}
