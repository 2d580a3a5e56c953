//! Sessions and classes: a session does what it names, of what its app may at that moment, until it ends.

use std::sync::Arc;

use keyway_core::path::REFUSED;
use keyway_core::safety::Classes;
use keyway_core::token::PlainToken;
use keyway_gateway::audit::AuditFilter;
use keyway_gateway::model::{Session, SessionBudget, Token};

use crate::harness::{FULL, Server, now};

const CONTACTS: &str = "/crm/v3/objects/contacts";
const SEARCH: &str = "/crm/v3/objects/contacts/search";
const CREATE: Option<&str> = Some(r#"{"properties":{"email":"a@example.com"}}"#);
/// The number of the session that the tests make.
const SESSION: u64 = 90;

fn words(words: &[&str]) -> Classes {
    Classes::parse(words).unwrap()
}

/// Adds a session of the app that may do everything with contacts; its token comes back.
fn session(server: &mut Server, scopes: &[&str], classes: Classes) -> String {
    let plain = PlainToken::generate("na1", [77; 16]);
    let hash = server.registry.token_key().hash(plain.expose());
    let session = Session {
        scopes: scopes.iter().map(ToString::to_string).collect(),
        classes,
        person: "ada@example.com".into(),
        purpose: "Quarterly report".into(),
        created_by: "socket".into(),
        budget: SessionBudget::default(),
        agent: None,
        approve: Default::default(),
    };
    let token = Token::new(FULL, hash, plain.hint(), now());
    server.tokens.push(Token { id: SESSION, session: Some(Arc::new(session)), ..token });
    server.publish();
    plain.expose().to_owned()
}

#[tokio::test]
async fn a_session_does_what_its_scopes_and_its_classes_both_open() {
    let mut server = Server::start().await;
    let token = session(&mut server, &["oauth", "crm.objects.contacts.read"], Classes::READ);
    assert_eq!(server.send(&token, "GET", CONTACTS, None).await.status, 200);
    assert_eq!(server.send(&token, "POST", SEARCH, Some("{}")).await.status, 200, "a search is a read");
    server.send(&token, "POST", CONTACTS, CREATE).await.check_error(403, "MISSING_SCOPES");
    server.tokens.pop();

    let token = session(&mut server, &["oauth", "crm.objects.contacts.read", "crm.objects.contacts.write"], words(&["read", "create"]));
    assert_eq!(server.send(&token, "POST", CONTACTS, CREATE).await.status, 201);
    for (method, target, needs) in [
        ("PATCH", "/crm/v3/objects/contacts/1", "update"),
        ("DELETE", "/crm/v3/objects/contacts/1", "delete"),
        ("POST", "/crm/v3/objects/contacts/merge", "irreversible"),
        ("POST", "/crm/objects/2026-09/0-1/gdpr-delete", "irreversible"),
        ("POST", "/crm/v3/objects/contacts/batch/create", "bulk"),
        ("POST", "/crm/v3/objects/contacts/batch/upsert", "update"),
    ] {
        let refused = server.send(&token, method, target, Some("{}")).await;
        let body = refused.check_error(403, "CLASS_NOT_ALLOWED");
        assert_eq!(body["errors"][0]["context"]["requiredClasses"][0], needs, "{method} {target}: {body}");
        assert_eq!(refused.header("keyway-rule"), Some("class-not-allowed"));
    }
    assert_eq!(server.send(server.token(FULL), "PATCH", "/crm/v3/objects/contacts/1", CREATE).await.status, 404, "the app itself may");
}

#[tokio::test]
async fn a_session_loses_at_once_what_its_app_loses() {
    let mut server = Server::start().await;
    let scopes = ["oauth", "crm.objects.contacts.read", "crm.objects.contacts.write", "tickets"];
    let token = session(&mut server, &scopes, Classes::ALL);
    assert_eq!(server.send(&token, "POST", CONTACTS, CREATE).await.status, 201);
    server.send(&token, "GET", "/crm/v3/objects/tickets", None).await.check_error(403, "MISSING_SCOPES");

    server.apps[0].allow = words(&["read", "update"]);
    server.publish();
    let body = server.send(&token, "POST", CONTACTS, CREATE).await.check_error(403, "CLASS_NOT_ALLOWED");
    assert_eq!(body["errors"][0]["context"]["allowedClasses"], serde_json::json!(["read", "update"]));
    assert_eq!(server.send(&token, "GET", CONTACTS, None).await.status, 200);

    server.apps[0].scopes.retain(|scope| scope != "crm.objects.contacts.read");
    server.publish();
    server.send(&token, "GET", CONTACTS, None).await.check_error(403, "MISSING_SCOPES");

    server.apps[0].enabled = false;
    server.publish();
    server.send(&token, "GET", CONTACTS, None).await.check_error(401, "INVALID_AUTHENTICATION");
}

#[tokio::test]
async fn a_session_ends_by_the_clock_and_by_a_person() {
    let mut server = Server::start().await;
    let token = session(&mut server, &["oauth", "crm.objects.contacts.read"], Classes::READ);
    server.tokens[2].expires_at = Some(now().plus_ms(60_000));
    server.publish();
    assert_eq!(server.send(&token, "GET", CONTACTS, None).await.status, 200);

    server.tokens[2].expires_at = Some(now().plus_ms(-1_000));
    server.publish();
    let expired = server.send(&token, "GET", CONTACTS, None).await;
    expired.check_error(401, "EXPIRED_AUTHENTICATION");
    assert_eq!(expired.header("keyway-rule"), Some("session-expired"));

    server.tokens[2].expires_at = Some(now().plus_ms(60_000));
    server.tokens[2].revoked_at = Some(now());
    server.publish();
    let ended = server.send(&token, "GET", CONTACTS, None).await;
    ended.check_error(401, "INVALID_AUTHENTICATION");
    assert_eq!(ended.header("keyway-rule"), Some("session-ended"));
}

#[tokio::test]
async fn records_name_the_session_the_person_the_purpose_and_the_tool_of_refused_calls_too() {
    let mut server = Server::start().await;
    let token = session(&mut server, &["oauth", "crm.objects.contacts.read"], Classes::READ);
    let call = |token: &str, method: &str, tool: &str| {
        let head = format!("{method} {CONTACTS} HTTP/1.1\r\nhost: t\r\nauthorization: Bearer {token}\r\nkeyway-tool: {tool}\r\n");
        format!("{head}content-type: application/json\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{{}}").into_bytes()
    };
    assert_eq!(server.raw(&call(&token, "GET", "search_records")).await.status, 200);
    assert_eq!(server.raw(&call(&token, "POST", "create record")).await.status, 403);
    assert_eq!(server.raw(&call(server.token(FULL), "GET", "own_tool")).await.status, 200);
    assert_eq!(server.raw(&call("not-a-token", "GET", "made_up")).await.status, 401);

    let said = |record: keyway_gateway::audit::AuditRecord| {
        (record.session, record.on_behalf_of, record.purpose, record.tool, record.decision.into_owned(), record.rule)
    };
    let records: Vec<_> = server.records().await.into_iter().map(said).collect();
    let text = |text: &str| Some(text.to_owned());
    let (person, purpose) = (text("ada@example.com"), text("Quarterly report"));
    let expected = [
        (None, None, None, None, "denied".to_owned(), text("not-a-token")),
        (None, None, None, text("own_tool"), "allowed".to_owned(), None),
        (Some(SESSION), person.clone(), purpose.clone(), None, "denied".to_owned(), text("missing-scopes")),
        (Some(SESSION), person, purpose, text("search_records"), "allowed".to_owned(), None),
    ];
    assert_eq!(records, expected, "newest first; a name of two words is no tool, and of a stranger nothing is kept");

    let found = |filter: AuditFilter| {
        let audit = server.audit.clone();
        async move { audit.list(&AuditFilter { limit: 10, ..filter }).await.unwrap().len() }
    };
    assert_eq!(found(AuditFilter { session: Some(SESSION), ..AuditFilter::default() }).await, 2);
    assert_eq!(found(AuditFilter { session: Some(SESSION + 1), ..AuditFilter::default() }).await, 0);
    assert_eq!(found(AuditFilter { person: Some("ada@example.com".into()), ..AuditFilter::default() }).await, 2);
    assert_eq!(found(AuditFilter { person: Some("bob@example.com".into()), ..AuditFilter::default() }).await, 0);
}

#[tokio::test]
async fn a_budget_that_nobody_keeps_lets_no_call_through() {
    let mut server = Server::start().await;
    let token = session(&mut server, &["oauth", "crm.objects.contacts.read"], Classes::READ);
    let mut bounded = Session::clone(server.tokens[2].session.as_ref().unwrap());
    bounded.budget.calls = Some(5);
    server.tokens[2].session = Some(Arc::new(bounded));
    server.publish();
    server.send(&token, "GET", CONTACTS, None).await.check_error(503, "SERVICE_UNAVAILABLE");
}

#[tokio::test]
async fn a_token_is_told_what_it_is_and_may_do() {
    let mut server = Server::start().await;
    let token = session(&mut server, &["oauth", "crm.objects.contacts.read", "tickets"], words(&["read", "create"]));
    let me = server.send(&token, "GET", "/__keyway/me", None).await;
    assert_eq!((me.status, me.header("cache-control")), (200, Some("no-store")));
    let me = me.json();
    assert_eq!((&me["account"]["hubId"], &me["app"]["name"]), (&7001.into(), &"Full".into()));
    assert_eq!((&me["session"]["id"], &me["session"]["onBehalfOf"]), (&SESSION.into(), &"ada@example.com".into()));
    assert_eq!(me["scopes"], serde_json::json!(["crm.objects.contacts.read", "oauth"]), "no more than the app has: {me}");
    assert_eq!((&me["classes"], &me["bulk"]), (&serde_json::json!(["read", "create"]), &false.into()));
    assert_eq!(me["token"]["id"], SESSION);
    let own = server.send(server.token(FULL), "GET", "/__keyway/me", None).await.json();
    assert_eq!((&own["session"], &own["bulk"]), (&serde_json::Value::Null, &true.into()));
    assert_eq!(own["classes"].as_array().unwrap().len(), 7);
    server.send("not-a-token", "GET", "/__keyway/me", None).await.check_error(401, "EXPIRED_AUTHENTICATION");
    assert_eq!(server.send(&token, "POST", "/__keyway/me", Some("{}")).await.status, 400, "no other method is there");
    assert!(server.records().await.iter().all(|record| record.operation != "GET /__keyway/me"));
}

#[tokio::test]
async fn what_an_mcp_server_refused_by_itself_is_on_record_and_nothing_is_performed() {
    let mut server = Server::start().await;
    let token = session(&mut server, &["oauth", "crm.objects.contacts.read"], Classes::READ);
    let told = |method: &str, path: &str| format!(r#"{{"method":"{method}","path":"{path}","rule":"not-for-agents"}}"#);
    for (method, path, status, operation, rule) in [
        ("POST", "/oauth/v1/token", 403, "POST /oauth/v1/token", "not-for-agents"),
        ("DELETE", "/crm/v3/objects/contacts/1", 403, "DELETE /crm/v3/objects/contacts/{contactId}", "not-for-agents"),
        ("GET", "/no/such/path", 403, "GET (unlisted) /no/such/path", "not-for-agents"),
        ("GET", "/a/../../b", 400, "POST (unknown)", "path-not-valid"),
    ] {
        let body = told(method, path);
        let head = format!("POST {REFUSED} HTTP/1.1\r\nhost: t\r\nauthorization: Bearer {token}\r\nkeyway-tool: call_operation\r\n");
        let request = format!("{head}content-length: {}\r\nconnection: close\r\n\r\n{body}", body.len());
        assert_eq!(server.raw(request.as_bytes()).await.status, status, "{method} {path}");
        let record = server.records().await.remove(0);
        assert_eq!((record.session, &*record.operation, record.rule.as_deref()), (Some(SESSION), operation, Some(rule)));
        assert_eq!((record.tool.as_deref(), record.on_behalf_of.as_deref()), (Some("call_operation"), Some("ada@example.com")));
        assert_eq!(record.decision == "denied", status == 403, "{method} {path}");
    }
    let stranger = server.send("pat-na1-unknown", "POST", REFUSED, Some(&told("GET", CONTACTS))).await;
    assert_eq!(stranger.status, 401);
    assert_eq!(server.send(&token, "GET", REFUSED, None).await.status, 400, "it is told, and not asked");
}
