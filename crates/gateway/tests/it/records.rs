//! The audit: every call is on record, answered or refused, and no record holds a secret.

use crate::harness::{FULL, HUB, READER, Server};

#[tokio::test]
async fn each_call_leaves_one_record_with_who_what_and_how_it_ended() {
    let server = Server::start().await;
    let made =
        server.send(server.token(FULL), "POST", "/crm/v3/objects/contacts", Some(r#"{"properties":{"email":"hidden@example.com"}}"#)).await;
    let id = made.json()["id"].as_str().unwrap().to_owned();
    server.send(server.token(READER), "GET", &format!("/crm/v3/objects/contacts/{id}?properties=secretquery"), None).await;
    server.send(server.token(READER), "DELETE", &format!("/crm/v3/objects/contacts/{id}"), None).await;
    server.send("wrong", "GET", "/crm/v3/objects/contacts", None).await;

    let records = server.records().await;
    let told: Vec<_> = records.iter().rev().map(|r| (r.app_id, r.operation.as_str(), r.status, r.category.as_deref())).collect();
    assert_eq!(
        told,
        [
            (Some(FULL), "POST /crm/v3/objects/contacts", Some(201), None),
            (Some(READER), "GET /crm/v3/objects/contacts/{contactId}", Some(200), None),
            (Some(READER), "DELETE /crm/v3/objects/contacts/{contactId}", Some(403), Some("MISSING_SCOPES")),
            (None, "GET (unknown)", Some(401), Some("EXPIRED_AUTHENTICATION")),
        ]
    );
    let first = records.last().unwrap();
    assert_eq!((first.hub_id, first.token_id, first.source.as_str()), (Some(HUB), Some(10), "127.0.0.1"));
    assert_eq!(Some(first.correlation_id.as_str()), made.header("x-hubspot-correlation-id"));
    assert!(first.bytes_in > 0 && first.bytes_out > 0);

    let everything = format!("{records:?}");
    for hidden in ["hidden@example.com", "secretquery", server.token(FULL), server.token(READER)] {
        assert!(!everything.contains(hidden), "a record shows {hidden}");
    }
}

#[tokio::test]
async fn a_call_with_a_token_that_has_ended_is_on_record_with_what_it_asked_for() {
    let mut server = Server::start().await;
    server.tokens[0].revoked_at = Some(keyway_gateway::clock::now());
    server.publish();
    server.send(server.token(FULL), "GET", "/crm/v3/objects/contacts/7", None).await.check_error(401, "INVALID_AUTHENTICATION");
    let record = server.records().await.remove(0);
    assert_eq!((record.app_id, record.token_id, record.rule.as_deref()), (Some(FULL), Some(10), Some("token-revoked")));
    assert_eq!((&*record.operation, &record.record_ids[..]), ("GET /crm/v3/objects/contacts/{contactId}", &["contacts/7".to_owned()][..]));
}

#[tokio::test]
async fn without_an_audit_log_no_call_is_answered() {
    let server = Server::start().await;
    server.audit.close().await;
    let refused = server.send(server.token(FULL), "POST", "/crm/v3/objects/contacts", Some(r#"{"properties":{}}"#)).await;
    refused.check_error(503, "SERVICE_UNAVAILABLE");
    assert!(refused.header("retry-after").is_some());
}

#[tokio::test]
async fn the_last_use_of_a_token_is_fresh_until_it_is_stored() {
    let server = Server::start().await;
    assert_eq!(server.registry.fresh_last_used(), []);
    server.send(server.token(READER), "GET", "/crm/v3/objects/contacts", None).await;
    let fresh = server.registry.fresh_last_used();
    let used: Vec<u64> = fresh.iter().map(|(token, _)| *token).collect();
    assert_eq!(used, [READER * 10]);
    assert_eq!(server.registry.fresh_last_used(), fresh, "a write that failed is tried again");
    server.registry.last_used_is_stored(&fresh);
    assert_eq!(server.registry.fresh_last_used(), []);
}

#[tokio::test]
async fn the_server_stops_when_told() {
    let server = Server::start().await;
    server.send(server.token(FULL), "GET", "/crm/v3/objects/contacts", None).await;
    let address = server.address;
    server.stop().await;
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn refused_calls_of_nobody_are_summed_up_with_their_exact_number() {
    let server = Server::start().await;
    for _ in 0..200 {
        assert_eq!(server.send("nobody", "GET", "/crm/v3/objects/contacts", None).await.status, 401);
    }
    server.gateway.write_refused().await;
    let records = server.records().await;
    assert_eq!(records.iter().map(|record| record.calls).sum::<u64>(), 200);
    assert!(records.iter().any(|record| record.operation == "(refused calls)" && record.calls > 1), "{}", records.len());
    let mut metrics = String::new();
    server.gateway.metrics.write(&mut metrics);
    let summed: u64 = records.iter().filter(|record| record.operation == "(refused calls)").map(|record| record.calls).sum();
    assert!(metrics.contains(&format!("keyway_summed_calls_total {summed}\n")), "{metrics}");
}
