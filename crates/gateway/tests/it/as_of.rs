//! What HubSpot will have ended by a day is refused as of that day, on embedded accounts.

use keyway_core::sunset::AsOf;

use crate::harness::{FULL, Server};

const NUMBERED: &str = "/crm/v3/objects/contacts";
const DATED: &str = "/crm/objects/2026-09/contacts";

async fn as_of(day: &str, keeps_unsupported: bool) -> Server {
    Server::start_as_of(AsOf::new(day, keeps_unsupported)).await
}

#[tokio::test]
async fn a_numbered_version_answers_until_its_last_day_and_its_successor_after_it() {
    let before = as_of("2027-09-29", false).await;
    assert_eq!(before.send(before.token(FULL), "GET", NUMBERED, None).await.status, 200);

    let after = as_of("2027-09-30", false).await;
    let refused = after.send(after.token(FULL), "GET", NUMBERED, None).await;
    let body = refused.check_error(404, "ENDED");
    assert_eq!(refused.header("keyway-rule"), Some("ended"));
    let message = body["message"].as_str().unwrap();
    assert!(message.contains("unsupported") && message.contains("2027-09-30") && message.contains("month only"), "{message}");
    assert_eq!(after.send(after.token(FULL), "GET", DATED, None).await.status, 200);
    let record = after.records().await.into_iter().find(|record| record.status == Some(404)).unwrap();
    assert_eq!((&*record.operation, record.category.as_deref()), ("GET /crm/v3/objects/contacts", Some("ENDED")));
}

#[tokio::test]
async fn what_may_run_on_is_served_where_it_is_asked_for_and_what_stops_is_not() {
    let server = as_of("2027-10-01", true).await;
    assert_eq!(server.send(server.token(FULL), "GET", NUMBERED, None).await.status, 200);
    server.send(server.token(FULL), "GET", "/crm-pipelines/v1/pipelines/deals", None).await.check_error(404, "ENDED");
    server.send(server.token(FULL), "POST", "/oauth/v1/token", Some("{}")).await.check_error(404, "ENDED");
    // That of its dated successor is another answer: this server of the test has no public apps.
    assert_eq!(server.send(server.token(FULL), "POST", "/oauth/2026-09/token", Some("{}")).await.status, 501);
}

#[tokio::test]
async fn who_is_not_let_in_is_told_of_no_end() {
    let server = as_of("2027-10-01", false).await;
    server.send("pat-na1-unknown", "GET", NUMBERED, None).await.check_error(401, "EXPIRED_AUTHENTICATION");
}

#[tokio::test]
async fn a_legacy_key_that_was_let_in_is_refused_as_of_its_end() {
    const KEY: &str = "0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f";
    for (day, status) in [("2022-11-29", 200), ("2022-11-30", 401)] {
        let mut server = as_of(day, false).await;
        server.tokens[0].legacy = true;
        server.tokens[0].hash = server.registry.token_key().hash(KEY);
        server.publish();
        let answer = server.raw(format!("GET {DATED}?hapikey={KEY} HTTP/1.1\r\nhost: t\r\nconnection: close\r\n\r\n").as_bytes()).await;
        assert_eq!(answer.status, status, "{day}: {}", answer.body);
    }
}
