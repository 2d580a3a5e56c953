//! Every request of HubSpot's clients and of the taps in use, through a gateway before a server that
//! keeps what it is sent: it reaches HubSpot byte for byte, or is refused for a reason that is stated.

use std::sync::{Arc, Mutex};

use keyway_core::catalog::{Auth, Catalog, Resolution};
use keyway_core::path::NormalPath;
use keyway_core::quota::Tier;
use keyway_core::requirement::Requirement;
use keyway_core::secret::Secret;
use keyway_core::token::PlainToken;
use keyway_gateway::model::{Account, App, Connection, Token};
use keyway_gateway::upstream::Base;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::harness::{FULL, HUB, Server};

const REQUESTS: &str = include_str!("../../../../tests/catalog/requests.tsv");
const SCOPES: &str = include_str!("../../../../data/scopes.txt");

/// So many accounts divide the requests that no limit of an account holds one up.
const ACCOUNTS: usize = 40;

/// What a client sends that must not be touched: escapes in either case, and what needs none.
const QUERY: &str = "?limit=1&q=a%20b%2fc+d&x=%C3%A9";

/// Answers every request with 200 and keeps its method and target.
async fn recording() -> (Base, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = Base::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let seen_here = seen.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let seen = seen_here.clone();
            tokio::spawn(async move {
                let (mut kept, mut room) = (Vec::new(), [0; 4096]);
                while !is_whole(&kept) {
                    match stream.read(&mut room).await {
                        Ok(0) | Err(_) => return,
                        Ok(read) => kept.extend_from_slice(&room[..read]),
                    }
                }
                let text = String::from_utf8(kept).unwrap();
                let line = text.lines().next().unwrap().strip_suffix(" HTTP/1.1").unwrap().to_owned();
                seen.lock().unwrap().push(line);
                let answer = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}";
                let _ = stream.write_all(answer).await;
            });
        }
    });
    (base, seen)
}

/// Whether a head and the two bytes of its body, if it has one, have come.
fn is_whole(kept: &[u8]) -> bool {
    let text = String::from_utf8_lossy(kept).to_ascii_lowercase();
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    if head.contains("transfer-encoding: chunked") {
        body.ends_with("0\r\n\r\n")
    } else {
        !head.contains("content-length: 2") || body.len() >= 2
    }
}

/// A gateway with [`ACCOUNTS`] accounts connected to a server, and the token of an app of each, which
/// has every scope.
async fn connected(base: &Base) -> (Server, Vec<PlainToken>) {
    let mut server = Server::start().await;
    let plain: Vec<PlainToken> = (0..ACCOUNTS).map(|number| PlainToken::generate("na1", [100 + number as u8; 16])).collect();
    let first = server.accounts[0].clone();
    let (app, token) = (server.apps[0].clone(), server.tokens[0].clone());
    for (number, plain) in plain.iter().enumerate() {
        let (hub_id, app_id) = (HUB + 1 + number as u64, FULL + 100 + number as u64);
        let connection = Connection {
            base: base.clone(),
            credential: Secret::new("a-credential".to_owned()),
            hint: String::new(),
            scopes: Vec::new(),
            since: first.created_at,
            checked_at: first.created_at,
            former: None,
            oauth_client: None,
        };
        server.accounts.push(Account { hub_id, tier: Tier::Enterprise, connection: Some(Arc::new(connection)), ..first.clone() });
        let scopes = SCOPES.lines().map(str::to_owned).collect();
        server.apps.push(App { id: app_id, hub_id, name: format!("App {number}"), scopes, ..app.clone() });
        let hash = server.registry.token_key().hash(plain.expose());
        server.tokens.push(Token { id: app_id * 10, app_id, hash, ..token.clone() });
    }
    server.publish();
    (server, plain)
}

/// Why a gateway may refuse a request although the app has every scope.
fn is_stated(method: &str, path: &str) -> bool {
    let normal = NormalPath::parse(path).unwrap();
    let Resolution::Found(operation) = Catalog::get().resolve(method, &normal) else { return false };
    // The endpoints of OAuth and the uninstall are the gateway's own: its apps are not HubSpot's.
    let own = path.starts_with("/oauth/") || operation.template.ends_with("/external-install");
    let refused = matches!(
        Catalog::get().requirement(operation, &normal),
        Ok(Requirement::DeveloperKey | Requirement::Nothing | Requirement::Unstated)
    );
    own || refused || operation.auth == Auth::DeveloperKey
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_request_of_a_client_reaches_hubspot_byte_for_byte_or_is_refused_for_a_stated_reason() {
    let (base, seen) = recording().await;
    let (server, tokens) = connected(&base).await;
    let (mut reached, mut refused, mut wrong) = (0, 0, Vec::new());
    for (number, line) in REQUESTS.lines().skip(1).enumerate() {
        let [method, _, path, _] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let target = format!("{path}{QUERY}");
        let body = (method != "GET").then_some("{}");
        let answer = server.send(tokens[number % ACCOUNTS].expose(), method, &target, body).await;
        let sent = std::mem::take(&mut *seen.lock().unwrap());
        match (answer.status, sent.as_slice()) {
            (200, [line]) if *line == format!("{method} {target}") => reached += 1,
            (_, []) if is_stated(method, path) => refused += 1,
            (status, sent) => wrong.push(format!("{method} {target}: {status} {}, HubSpot was sent {sent:?}", answer.body)),
        }
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(reached >= 1_960 && refused <= 50, "{reached} reached HubSpot, {refused} were refused");
    server.stop().await;
}

#[tokio::test]
async fn an_operation_whose_scopes_nobody_states_is_the_operators_choice() {
    let unstated = Catalog::get().operations().iter().find(|operation| {
        let path = operation.template.replace(['{', '}'], "");
        NormalPath::parse(&path).is_ok_and(|path| matches!(Catalog::get().requirement(operation, &path), Ok(Requirement::Unstated)))
    });
    let operation = unstated.expect("the catalog has some");
    let target = operation.template.replace(['{', '}'], "");
    let (base, seen) = recording().await;
    let (mut server, tokens) = connected(&base).await;
    let body = (operation.method.as_str() != "GET").then_some("{}");
    let refused = server.send(tokens[0].expose(), operation.method.as_str(), &target, body).await.check_error(403, "MISSING_SCOPES");
    let message = refused["message"].as_str().unwrap().to_owned();
    let (_, pattern) = message.split_once("--unlisted '").unwrap_or_else(|| panic!("the command is named: {message}"));
    assert!(seen.lock().unwrap().is_empty());
    let allowed = keyway_core::unlisted::Unlisted::parse(&[pattern.trim_end_matches('\'')]).unwrap();
    server.apps.iter_mut().for_each(|app| app.unlisted = allowed.clone());
    server.publish();
    assert_eq!(server.send(tokens[0].expose(), operation.method.as_str(), &target, body).await.status, 200);
    assert_eq!(*seen.lock().unwrap(), [format!("{} {target}", operation.method)]);
    server.stop().await;
}

#[tokio::test]
async fn a_second_spelling_is_on_record_and_tells_its_end_as_the_operation() {
    let (base, seen) = recording().await;
    let (server, tokens) = connected(&base).await;
    let answer = server.send(tokens[0].expose(), "GET", "/settings/v3/users/", None).await;
    assert_eq!((answer.status, answer.header("sunset")), (200, Some("thu, 30 sep 2027 00:00:00 gmt")));
    assert_eq!(*seen.lock().unwrap(), ["GET /settings/v3/users/"]);
    let answer = server.send(tokens[1].expose(), "GET", "/crm/v4/objects/tickets", None).await;
    assert_eq!((answer.status, answer.header("sunset")), (200, Some("tue, 30 mar 2027 00:00:00 gmt")));
    let operations: Vec<String> = server.records().await.into_iter().map(|record| record.operation.to_string()).collect();
    assert!(operations.contains(&"GET /settings/users/v3".to_owned()), "{operations:?}");
    assert!(operations.contains(&"GET /crm/v4/objects/{objectType}".to_owned()), "{operations:?}");
    server.stop().await;
}

#[tokio::test]
async fn an_embedded_account_serves_v4_records_as_v3_ones_and_says_501_of_what_it_does_not_serve() {
    let mut server = Server::start().await;
    server.apps[0].scopes = SCOPES.lines().map(str::to_owned).collect();
    server.publish();
    let token = server.token(FULL);
    let made = server.send(token, "POST", "/crm/v4/objects/contacts", Some(r#"{"properties":{"email":"v4@example.com"}}"#)).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let id = made.json()["id"].as_str().unwrap().to_owned();
    let read = format!(r#"{{"properties":[],"inputs":[{{"id":"{id}"}}]}}"#);
    for (method, path, body) in [
        ("GET", "/crm/v4/objects/contacts?limit=1".to_owned(), None),
        ("GET", format!("/crm/v4/objects/contacts/{id}"), None),
        ("PATCH", format!("/crm/v4/objects/contacts/{id}"), Some(r#"{"properties":{"city":"Ulm"}}"#)),
        ("POST", "/crm/v4/objects/contacts/search".to_owned(), Some(r#"{"limit":1}"#)),
        ("POST", "/crm/v4/objects/contacts/batch/read".to_owned(), Some(read.as_str())),
        ("GET", "/settings/v3/users/".to_owned(), None),
        ("GET", "/settings/users/v3".to_owned(), None),
        ("GET", "/marketing/v3/marketing-events/".to_owned(), None),
        ("GET", "/cms/v3/audit-logs/".to_owned(), None),
        ("GET", "/forms/v2/forms".to_owned(), None),
        ("GET", "/email/public/v1/events".to_owned(), None),
        ("GET", "/automation/v3/workflows".to_owned(), None),
    ] {
        let answer = server.send(token, method, &path, body).await;
        assert_eq!(answer.status, 200, "{method} {path}: {}", answer.body);
    }
    for path in ["/filemanager/api/v2/files", "/hubdb/api/v2/tables"] {
        server.send(token, "GET", path, None).await.check_error(501, "NOT_IMPLEMENTED");
    }
    server.stop().await;
}
