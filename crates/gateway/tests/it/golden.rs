//! The bytes of every refusal that a client can cause, beside `refusals.txt`.
//!
//! `KEYWAY_WRITE_REFUSALS=1 cargo nextest run --workspace -E 'test(golden)'` writes the file anew. Ids, times
//! and counts of limits stand there as words.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use keyway_core::approval::Rule as ApprovalRule;
use keyway_core::path::REFUSED;
use keyway_core::safety::Classes;
use keyway_core::sunset::AsOf;
use keyway_core::token::PlainToken;
use keyway_core::unlisted::Unlisted;
use keyway_gateway::backend::BoxFuture;
use keyway_gateway::clock::Clock;
use keyway_gateway::control::{AccountHooks, Control, NewAccount, NewApp};
use keyway_gateway::double::faults::Rule;
use keyway_gateway::held::Budget;
use keyway_gateway::model::{Account, Agent, Session, SessionBudget};
use keyway_gateway::registry::Registry;
use keyway_gateway::store::Store;
use sqlx::Connection as _;

use crate::between::{JSON, OWN_401, PAGE, Stub, connected};
use crate::harness::{Answer, FULL, HUB, READER, Server, now};
use crate::proxy::{Proxied, get, refusing};

const CONTACTS: &str = "/crm/v3/objects/contacts";

/// What was written down so far.
#[derive(Default)]
struct Written(String);

impl Written {
    /// Writes down an answer and the record of its call.
    async fn note(&mut self, name: &str, server: &Server, answer: &Answer) {
        let own = answer.header("keyway-correlation-id").or_else(|| answer.header("x-hubspot-correlation-id"));
        let id = own.unwrap_or("none").to_owned();
        let record = server.records().await.into_iter().find(|record| record.correlation_id == id);
        let recorded = record.map_or_else(
            || "no record".to_owned(),
            |record| {
                let (category, rule) = (record.category.as_deref().unwrap_or("-"), record.rule.as_deref().unwrap_or("-"));
                format!("on record: {} {category} {rule}", record.operation)
            },
        );
        self.write(name, &answer.head, &answer.body, &id, &recorded);
    }

    fn write(&mut self, name: &str, head: &str, body: &str, id: &str, recorded: &str) {
        let mut lines = head.lines();
        let _ = writeln!(self.0, "== {name}\n{}", lines.next().unwrap_or_default());
        let is_limit = head.contains(" 429 ");
        let mut headers: Vec<String> = lines
            .filter(|line| !line.starts_with("date:") && !line.starts_with("x-hubspot-ratelimit") && !line.starts_with("content-length"))
            .map(|line| if is_limit && line.starts_with("retry-after") { "retry-after: SECONDS".to_owned() } else { line.to_owned() })
            .collect();
        headers.sort_unstable();
        let text = format!("{}\n{body}\n{recorded}\n\n", headers.join("\n"));
        self.0.push_str(&without_times(&text.replace(id, "ID")));
    }
}

/// A text in which each time, and how long ago it was, is a word.
fn without_times(text: &str) -> String {
    let mut plain = text.to_owned();
    for (before, after, word) in [("\"expire time\":[\"", "\"]", "TIME"), ("make this call expired ", "(s) ago", "LONG")] {
        if let Some(from) = plain.find(before).map(|at| at + before.len())
            && let Some(length) = plain[from..].find(after)
        {
            plain.replace_range(from..from + length, word);
        }
    }
    plain
}

fn request(head: &str, body: &str) -> Vec<u8> {
    format!("{head}\r\nhost: t\r\nconnection: close\r\n\r\n{body}").into_bytes()
}

/// A request with a token, other headers and a body.
fn post(server: &Server, target: &str, headers: &str, body: &str) -> Vec<u8> {
    let token = server.token(FULL);
    request(&format!("POST {target} HTTP/1.1\r\nauthorization: Bearer {token}\r\n{headers}content-length: {}", body.len()), body)
}

async fn credentials(written: &mut Written) {
    let mut server = Server::start().await;
    for (name, head) in [
        ("no credential", format!("GET {CONTACTS} HTTP/1.1")),
        ("two credentials", format!("GET {CONTACTS} HTTP/1.1\r\nauthorization: Bearer a\r\nauthorization: Bearer b")),
        ("another scheme", format!("GET {CONTACTS} HTTP/1.1\r\nauthorization: Basic YTpi")),
        ("no scheme", format!("GET {CONTACTS} HTTP/1.1\r\nauthorization: token")),
        ("a hapikey", format!("GET {CONTACTS}?hapikey=x HTTP/1.1")),
    ] {
        written.note(name, &server, &server.raw(&request(&head, "")).await).await;
    }
    let of_another_keyway = PlainToken::generate("na1", [99; 16]);
    let of_hubspot = ["pat", "na1", "0a1b2c3d-0a1b-4a1b-8a1b-0a1b2c3d4e5f"].join("-");
    for (name, token) in [
        ("a token that HubSpot could not read", "not-a-token"),
        ("the token of another Keyway", of_another_keyway.expose()),
        ("a token of HubSpot", &of_hubspot),
    ] {
        written.note(name, &server, &server.send(token, "GET", CONTACTS, None).await).await;
    }
    server.tokens[0].expires_at = Some(now().plus_ms(-5_000));
    server.publish();
    written.note("a rotated token", &server, &server.send(server.token(FULL), "GET", CONTACTS, None).await).await;
    server.tokens[0].lifetime_ends_at = server.tokens[0].expires_at;
    server.publish();
    written.note("a token whose lifetime is over", &server, &server.send(server.token(FULL), "GET", CONTACTS, None).await).await;
    (server.tokens[0].expires_at, server.tokens[0].lifetime_ends_at) = (None, None);
    server.tokens[0].revoked_at = Some(now());
    server.publish();
    written.note("a revoked token", &server, &server.send(server.token(FULL), "GET", CONTACTS, None).await).await;
    server.tokens[0].revoked_at = None;
    server.apps[0].enabled = false;
    server.publish();
    written.note("a disabled app", &server, &server.send(server.token(FULL), "GET", CONTACTS, None).await).await;
    server.apps[0].enabled = true;
    server.tokens[0].session = Some(Arc::new(Session {
        scopes: vec!["oauth".into()],
        classes: Classes::READ,
        person: "ada@example.com".into(),
        purpose: "A report".into(),
        created_by: "socket".into(),
        budget: SessionBudget::default(),
        approve: ApprovalRule::default(),
        agent: None,
    }));
    server.tokens[0].expires_at = Some(now().plus_ms(-5_000));
    server.publish();
    written.note("a session whose lifetime is over", &server, &server.send(server.token(FULL), "GET", CONTACTS, None).await).await;
    server.tokens[0].revoked_at = Some(now());
    server.publish();
    written.note("a session that somebody ended", &server, &server.send(server.token(FULL), "GET", CONTACTS, None).await).await;
    let of_agent =
        Agent { client: "https://agent.example/client.json".into(), name: "Agent".into(), resource: "http://127.0.0.1:8487/mcp".into() };
    let session = server.tokens[0].session.as_deref().unwrap().clone();
    server.tokens[0].session = Some(Arc::new(Session { agent: Some(of_agent), ..session }));
    (server.tokens[0].expires_at, server.tokens[0].revoked_at) = (None, None);
    server.publish();
    written.note("a token of an agent elsewhere", &server, &server.send(server.token(FULL), "GET", CONTACTS, None).await).await;
    let ask = |body: &str| {
        let head = "POST /oauth/v2/private-apps/get/access-token-info HTTP/1.1\r\ncontent-type: application/json";
        request(&format!("{head}\r\ncontent-length: {}", body.len()), body)
    };
    for (name, body) in [
        ("introspection of an unknown token", r#"{"tokenKey":"pat-na1-none"}"#),
        ("introspection without a token", "{}"),
        ("introspection without JSON", "x"),
    ] {
        written.note(name, &server, &server.raw(&ask(body)).await).await;
    }
}

async fn permissions(written: &mut Written) {
    let mut server = Server::start().await;
    let create = Some(r#"{"properties":{}}"#);
    written.note("a missing scope", &server, &server.send(server.token(READER), "POST", CONTACTS, create).await).await;
    for (name, method, target) in [
        ("the developer API key only", "GET", "/app-webhooks/2025-09/1/settings"),
        ("an app that was not installed over OAuth", "DELETE", "/appinstalls/2026-09/external-install"),
        ("an object type that is not listed", "GET", "/crm/v3/objects/no_such_type"),
        ("a path that is not listed", "GET", "/crm/v3/objets/contacts"),
        ("a path that is gone", "GET", "/contacts/v1/lists/no-such-list-path/of/any/kind"),
        ("another method", "PUT", CONTACTS),
        ("a record that is not there", "GET", "/crm/v3/objects/contacts/999999"),
        ("a path that is not valid", "GET", "/crm/%ff/objects"),
        ("a path that is too long", "GET", &format!("/{}", "a".repeat(5_000))),
        ("a query that is too long", "GET", &format!("{CONTACTS}?a={}", "a".repeat(17_000))),
        ("OAuth without public apps", "POST", "/oauth/v3/token"),
    ] {
        written.note(name, &server, &server.send(server.token(FULL), method, target, None).await).await;
    }
    server.apps[0].allow = Classes::READ;
    server.publish();
    written
        .note("an operation of a class that is not allowed", &server, &server.send(server.token(FULL), "POST", CONTACTS, create).await)
        .await;
    server.apps[0].allow = Classes::ALL;
    for rule in ["not-for-agents", "property-hidden", "no-rule"] {
        let told = format!(r#"{{"method":"POST","path":"{CONTACTS}","rule":"{rule}"}}"#);
        let answer = server.send(server.token(FULL), "POST", REFUSED, Some(&told)).await;
        written.note(&format!("what an MCP server refused by itself: {rule}"), &server, &answer).await;
    }
    server.apps[0].scopes.push("forecast-read".into());
    server.publish();
    written
        .note(
            "an operation that is not served",
            &server,
            &server.send(server.token(FULL), "GET", "/forecast-settings/v3/forecast-types", None).await,
        )
        .await;
    let server = Server::start_as_of(AsOf::new("2027-10-01", false)).await;
    written.note("an operation that has ended", &server, &server.send(server.token(FULL), "GET", CONTACTS, None).await).await;
}

async fn bodies(written: &mut Written) {
    let json = "content-type: application/json\r\n";
    let server = Server::start().await;
    let form = "content-type: application/x-www-form-urlencoded\r\n";
    let heavy = format!("[{}1]", "1,".repeat(2_500_000));
    for (name, bytes) in [
        ("a body of another type", post(&server, CONTACTS, form, "a=b")),
        ("a body with a coding", post(&server, CONTACTS, &format!("{json}content-encoding: gzip\r\n"), "{}")),
        ("a body that is not JSON", post(&server, CONTACTS, json, "{")),
        ("a body with too many values", post(&server, CONTACTS, json, &heavy)),
        (
            "a body that is too large",
            request(
                &format!("POST {CONTACTS} HTTP/1.1\r\nauthorization: Bearer {}\r\n{json}content-length: 9999999", server.token(FULL)),
                "",
            ),
        ),
        ("what is not a request", b"hello\r\n\r\n".to_vec()),
        ("too many headers", request(&format!("GET {CONTACTS} HTTP/1.1\r\n{}a: b", "a: b\r\n".repeat(200)), "")),
        ("a target without end", request(&format!("GET /{} HTTP/1.1", "a".repeat(70_000)), "")),
    ] {
        written.note(name, &server, &server.raw(&bytes).await).await;
    }
    let server = Server::start_with(|gateway| gateway.with_bodies(Budget::new(100_000, 50_000, 50_000))).await;
    let long = format!("{}{{}}", " ".repeat(80_000));
    written.note("bodies of an app over its budget", &server, &server.raw(&post(&server, CONTACTS, json, &long)).await).await;
}

async fn limits_and_faults(written: &mut Written) {
    let server = Server::start().await;
    for _ in 0..5 {
        server.send(server.token(FULL), "POST", "/crm/v3/objects/contacts/search", Some("{}")).await;
    }
    let refused = loop {
        let answer = server.send(server.token(FULL), "POST", "/crm/v3/objects/contacts/search", Some("{}")).await;
        if answer.status == 429 {
            break answer;
        }
    };
    written.note("more searches than a second has", &server, &refused).await;
    let double = server.registry.double(HUB).unwrap();
    for status in [400, 401, 404, 409, 423, 429, 477, 500] {
        double.faults.clear();
        double.faults.add(Rule { status: Some(status), ..Rule::default() }).unwrap();
        let answer = server.send(server.token(FULL), "GET", CONTACTS, None).await;
        written.note(&format!("a fault rule of {status}"), &server, &answer).await;
    }
}

async fn connections(written: &mut Written) {
    let stub = Stub::start().await;
    let mut server = connected(&stub, Clock::default()).await;
    for (name, status, headers, body) in [
        ("HubSpot refuses the credential", 401, JSON, OWN_401),
        ("something between answers", 403, "content-type: text/html\r\n", PAGE),
        (
            "the account is in another data centre",
            488,
            JSON,
            r#"{"status":"error","message":"Hub 7 is unknown to this Hublet, but it appears to exist in Hublet eu1","correlationId":"c-1","correctHublet":"eu1"}"#,
        ),
    ] {
        stub.says(status, headers, body.as_bytes());
        written.note(name, &server, &server.send(server.token(FULL), "GET", CONTACTS, None).await).await;
    }
    *stub.answer.lock().unwrap() = Vec::new();
    let create = Some(r#"{"properties":{}}"#);
    written.note("the connection to HubSpot breaks", &server, &server.send(server.token(FULL), "POST", CONTACTS, create).await).await;
    for (name, method, target) in [
        ("an unlisted path on a connected account", "GET", "/crm/v3/objets/contacts"),
        ("a path that is never forwarded", "GET", "/oauth/v9/secrets"),
        ("a path in another spelling", "GET", "/CRM/v3/objects/contacts"),
        ("a method that HubSpot does not have", "TRACE", "/crm/v3/objets/contacts"),
    ] {
        written.note(name, &server, &server.send(server.token(FULL), method, target, None).await).await;
    }
    server.apps[0].unlisted = Unlisted::default();
    server.apps[0].translate = true;
    server.apps[0].scopes.push("automation".into());
    server.publish();
    let answer = server.send(server.token(FULL), "GET", "/automation/v3/workflows", None).await;
    written.note("a call that can't be translated", &server, &answer).await;
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut nobody = stub.clone();
    nobody.address = free.local_addr().unwrap();
    drop(free);
    let server = connected(&nobody, Clock::default()).await;
    written.note("HubSpot can't be reached", &server, &server.send(server.token(FULL), "GET", CONTACTS, None).await).await;
}

struct NoBackend;

impl AccountHooks for NoBackend {
    fn embeds(&self) -> bool {
        true
    }
    fn created<'a>(&'a self, _: &'a Account) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(async { Ok(()) })
    }
    fn held(&self) -> Vec<u64> {
        Vec::new()
    }
    fn deleted(&self, _: u64) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(async { Ok(()) })
    }
}

/// Where approvals are kept: a store with the account and the app of the server.
async fn desk(folder: &Path) -> Arc<Control> {
    let store = Store::open(Some(folder), None).await.unwrap();
    let registry = Arc::new(Registry::new(store.token_key(), false, None));
    let control = Arc::new(Control::new(store, registry, Arc::new(NoBackend)).await.unwrap());
    control.create_account(NewAccount { hub_id: Some(HUB), name: "Test".into(), ..NewAccount::default() }).await.unwrap();
    let (app, _) = control.create_app(NewApp { hub_id: HUB, name: "Full".into(), ..NewApp::default() }).await.unwrap();
    assert_eq!(app.id, FULL);
    control
}

async fn approvals(written: &mut Written) {
    let from = written.0.len();
    let folder = tempfile::tempdir().unwrap();
    let control = desk(folder.path()).await;
    let mut server = Server::start_with(|gateway| gateway.with_approvals(control.clone(), "https://keyway.example.com".into())).await;
    let made = server.send(server.token(FULL), "POST", CONTACTS, Some(r#"{"properties":{"city":"Bern"}}"#)).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let target = format!("{CONTACTS}/{}", made.json()["id"].as_str().unwrap());
    server.apps[0].approve = ApprovalRule::parse(&["update".into()], None, &[]).unwrap();
    server.publish();
    let call = async |id: Option<u64>, body: &str| {
        let header = id.map(|id| format!("keyway-approval: {id}\r\n")).unwrap_or_default();
        let head = format!("PATCH {target} HTTP/1.1\r\nauthorization: Bearer {}\r\n{header}{JSON}", server.token(FULL));
        server.raw(&request(&format!("{head}content-length: {}", body.len()), body)).await
    };
    let chur = r#"{"properties":{"city":"Chur"}}"#;
    written.note("a call that needs an approval", &server, &call(None, chur).await).await;
    written.note("a call whose approval is not decided", &server, &call(Some(1), chur).await).await;
    written.note("an approval that is not there", &server, &call(Some(99), chur).await).await;
    written
        .note(
            "an approval that is no id",
            &server,
            &server
                .raw(&request(
                    &format!(
                        "PATCH {target} HTTP/1.1\r\nauthorization: Bearer {}\r\nkeyway-approval: x\r\n{JSON}content-length: 2",
                        server.token(FULL)
                    ),
                    "{}",
                ))
                .await,
        )
        .await;
    let twice = r#"{"properties":{},"properties":{"city":"Chur"}}"#;
    written.note("a change that nobody can be shown", &server, &call(None, twice).await).await;
    control.decide_approval(1, true, "").await.unwrap();
    written.note("a call that was approved", &server, &call(None, chur).await).await;
    written.note("an approval of another call", &server, &call(Some(1), r#"{"properties":{"city":"Genf"}}"#).await).await;
    assert_eq!(call(Some(1), chur).await.status, 200);
    while control.approval(1).await.unwrap().status.is_none() {
        tokio::task::yield_now().await;
    }
    written.note("an approval that was used", &server, &call(Some(1), chur).await).await;
    // The record is another one since.
    assert_eq!(call(None, chur).await.status, 403);
    control.decide_approval(2, false, "not this customer").await.unwrap();
    written.note("a call that was rejected", &server, &call(Some(2), chur).await).await;
    let thun = r#"{"properties":{"city":"Thun"}}"#;
    assert_eq!(call(None, thun).await.status, 403);
    let mut database = sqlx::SqliteConnection::connect(&format!("sqlite://{}", folder.path().join("keyway.db").display())).await.unwrap();
    sqlx::query("update approval set expires_at = 1 where id = 3").execute(&mut database).await.unwrap();
    written.note("an approval that has ended", &server, &call(Some(3), thun).await).await;
    for number in 0..20 {
        assert_eq!(call(None, &format!(r#"{{"properties":{{"city":"{number}"}}}}"#)).await.status, 403);
    }
    written.note("as many calls wait as may", &server, &call(None, thun).await).await;
    let plain = without_moments(&written.0[from..]);
    written.0.replace_range(from.., &plain);
}

/// A text in which every moment, and the signature of every link, is a word.
fn without_moments(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let digits =
            |at: usize, count: usize| rest.get(at..at + count).is_some_and(|part| part.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let is_moment = digits(0, 4) && rest.get(10..11) == Some("T") && rest.get(23..24) == Some("Z");
        let length = if is_moment {
            24
        } else if plain.ends_with("until=") {
            rest.bytes().take_while(u8::is_ascii_digit).count()
        } else if plain.ends_with("signature=") {
            rest.bytes().take_while(u8::is_ascii_hexdigit).count()
        } else {
            0
        };
        if length > 0 {
            plain.push_str("WORD");
            rest = &rest[length..];
        } else {
            plain.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    plain
}

async fn proxies(written: &mut Written) {
    let proxied = Proxied::start(refusing()).await;
    for (name, request) in [
        ("the proxy: plain HTTP", "GET http://api.hubapi.com/crm HTTP/1.1\r\nhost: api.hubapi.com\r\n\r\n"),
        ("the proxy: TLS left to it", "GET https://api.hubapi.com/crm HTTP/1.1\r\nhost: api.hubapi.com\r\n\r\n"),
        ("the proxy: plain HTTP elsewhere", "GET http://example.com/ HTTP/1.1\r\nhost: example.com\r\n\r\n"),
        ("the proxy: no request for a proxy", "GET /crm HTTP/1.1\r\nhost: api.hubapi.com\r\n\r\n"),
        ("the proxy: another port", "CONNECT api.hubapi.com:80 HTTP/1.1\r\nhost: api.hubapi.com:80\r\n\r\n"),
        ("the proxy: another host", "CONNECT example.com:443 HTTP/1.1\r\nhost: example.com:443\r\n\r\n"),
    ] {
        let (_, head) = proxied.ask(request).await;
        let id = head.lines().find_map(|line| line.strip_prefix("x-hubspot-correlation-id: ")).unwrap_or("none").to_owned();
        written.write(name, head.trim_end(), "", &id, "no record");
    }
    let answer = proxied.call(&get(CONTACTS, "example.com", proxied.server.token(FULL))).await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let id = head.lines().find_map(|line| line.strip_prefix("x-hubspot-correlation-id: ")).unwrap().to_owned();
    written.write("the proxy: a request for another host in a connection", head, body, &id, "no record");
    proxied.stop().await;
}

#[tokio::test]
async fn golden_each_refusal_has_the_bytes_that_are_written_down() {
    let mut written = Written::default();
    credentials(&mut written).await;
    permissions(&mut written).await;
    bodies(&mut written).await;
    limits_and_faults(&mut written).await;
    connections(&mut written).await;
    approvals(&mut written).await;
    proxies(&mut written).await;
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/refusals.txt");
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    if std::env::var_os("KEYWAY_WRITE_REFUSALS").is_some() {
        std::fs::write(&path, &written.0).unwrap();
        return;
    }
    for (number, (found, expected)) in written.0.lines().zip(expected.lines()).enumerate() {
        assert_eq!(found, expected, "line {} of refusals.txt", number + 1);
    }
    assert_eq!(written.0.lines().count(), expected.lines().count(), "see the head of golden.rs");
}
