//! 401, 403, 404, 405, 413, 414, 415 and 429, each beside the nearest call that passes.

use crate::harness::{FULL, READER, Server, now, shared};

const CONTACTS: &str = "/crm/v3/objects/contacts";

#[tokio::test]
async fn a_good_token_passes_and_each_bad_one_has_its_401() {
    let mut server = Server::start().await;
    assert_eq!(server.send(server.token(FULL), "GET", CONTACTS, None).await.status, 200);

    let missing = server.raw(format!("GET {CONTACTS} HTTP/1.1\r\nhost: t\r\nconnection: close\r\n\r\n").as_bytes()).await;
    let body = missing.check_error(401, "INVALID_AUTHENTICATION");
    assert!(body["message"].as_str().unwrap().starts_with("Authentication credentials not found."));

    server.send("not-a-token", "GET", CONTACTS, None).await.check_error(401, "EXPIRED_AUTHENTICATION");
    let unknown = keyway_core::token::PlainToken::generate("na1", [99; 16]);
    server.send(unknown.expose(), "GET", CONTACTS, None).await.check_error(401, "INVALID_AUTHENTICATION");

    server.tokens[0].expires_at = Some(now().plus_ms(-5_000));
    server.publish();
    let body = server.send(server.token(FULL), "GET", CONTACTS, None).await.check_error(401, "EXPIRED_AUTHENTICATION");
    assert!(body["message"].as_str().unwrap().contains("second(s) ago"));
    assert!(body["context"]["expire time"][0].as_str().unwrap().ends_with('Z'));

    server.tokens[0].expires_at = None;
    server.tokens[0].revoked_at = Some(now());
    server.publish();
    server.send(server.token(FULL), "GET", CONTACTS, None).await.check_error(401, "INVALID_AUTHENTICATION");

    server.tokens[0].revoked_at = None;
    server.apps[0].enabled = false;
    server.publish();
    server.send(server.token(FULL), "GET", CONTACTS, None).await.check_error(401, "INVALID_AUTHENTICATION");
}

#[tokio::test]
async fn the_removed_api_key_is_told_that_it_does_not_exist() {
    let server = Server::start().await;
    let request = format!("GET {CONTACTS}?hapikey=x HTTP/1.1\r\nhost: t\r\nconnection: close\r\n\r\n");
    let body = server.raw(request.as_bytes()).await.check_error(401, "INVALID_AUTHENTICATION");
    assert_eq!(body["message"], "This hapikey doesn't exist.");
}

#[tokio::test]
async fn a_missing_scope_is_named_and_granting_it_needs_no_new_token() {
    let mut server = Server::start().await;
    let create = Some(r#"{"properties":{"email":"a@example.com"}}"#);
    let body = server.send(server.token(READER), "POST", CONTACTS, create).await.check_error(403, "MISSING_SCOPES");
    assert_eq!(body["errors"][0]["context"]["requiredGranularScopes"][0], "crm.objects.contacts.write");
    assert_eq!(body["errors"][0]["context"]["app"][0], "Reader (2)");

    server.apps[1].scopes.push("crm.objects.contacts.write".into());
    server.publish();
    assert_eq!(server.send(server.token(READER), "POST", CONTACTS, create).await.status, 201);
}

#[tokio::test]
async fn an_unlisted_path_is_501_on_an_embedded_account_a_gone_one_404_and_another_method_405() {
    let server = Server::start().await;
    let token = server.token(FULL);
    for method in ["GET", "POST"] {
        let unlisted = server.send(token, method, "/crm/v3/objets/contacts", Some("{}")).await;
        let body = unlisted.check_error(501, "NOT_IMPLEMENTED");
        assert!(body["message"].as_str().unwrap().contains("/crm/v3/objets/contacts"), "{body}");
        assert_eq!(unlisted.header("keyway-rule"), Some("not-served"));
    }
    // HubSpot says that everything below Contact Lists v1 answers 404.
    let gone = server.send(token, "GET", "/contacts/v1/lists/no-such-list-path/of/any/kind", None).await;
    gone.check_error(404, "OBJECT_NOT_FOUND");
    let refused = server.send(token, "PUT", CONTACTS, None).await;
    refused.check_error(405, "METHOD_NOT_ALLOWED");
    assert_eq!(refused.header("allow"), Some("get, post"));
}

#[tokio::test]
async fn what_is_in_the_catalog_and_not_served_says_so() {
    let server = Server::start().await;
    let mut apps = server.apps.clone();
    apps[0].scopes.push("forecast-read".into());
    server.registry.replace(&shared(&server.accounts), &shared(&apps), &shared(&server.tokens), &[]);
    let answer = server.send(server.token(FULL), "GET", "/forecast-settings/v3/forecast-types", None).await;
    assert_eq!(answer.status, 501, "{}", answer.body);
}

#[tokio::test]
async fn bodies_must_be_json_and_bounded() {
    let server = Server::start().await;
    let head = |extra: &str, length: usize| {
        let token = server.token(FULL);
        format!(
            "POST {CONTACTS} HTTP/1.1\r\nhost: t\r\nauthorization: Bearer {token}\r\n{extra}content-length: {length}\r\nconnection: close\r\n\r\n"
        )
    };
    let form = format!("{}a=b", head("content-type: application/x-www-form-urlencoded\r\n", 3));
    server.raw(form.as_bytes()).await.check_error(415, "VALIDATION_ERROR");
    let json = format!("{}{{\"properties\":{{}}}}", head("content-type: application/json; charset=utf-8\r\n", 17));
    assert_eq!(server.raw(json.as_bytes()).await.status, 201);
    let large = head("content-type: application/json\r\n", 10_000_000);
    server.raw(large.as_bytes()).await.check_error(413, "VALIDATION_ERROR");
    server.send(server.token(FULL), "GET", &format!("/{}", "a".repeat(5_000)), None).await.check_error(414, "VALIDATION_ERROR");
}

#[tokio::test]
async fn the_burst_is_per_app_and_its_headers_count_down() {
    let server = Server::start().await;
    let first = server.send(server.token(FULL), "GET", CONTACTS, None).await;
    assert_eq!(first.header("x-hubspot-ratelimit-max"), Some("100"));
    assert_eq!(first.header("x-hubspot-ratelimit-remaining"), Some("99"));
    assert_eq!(first.header("x-hubspot-ratelimit-interval-milliseconds"), Some("10000"));
    assert_eq!(first.header("x-hubspot-ratelimit-daily"), Some("250000"));
    assert_eq!(first.header("x-hubspot-ratelimit-daily-remaining"), Some("249999"));
    for _ in 1..100 {
        assert_eq!(server.send(server.token(FULL), "GET", CONTACTS, None).await.status, 200);
    }
    let refused = server.send(server.token(FULL), "GET", CONTACTS, None).await;
    let body = refused.check_error(429, "RATE_LIMIT");
    assert_eq!(body["policyName"], "TEN_SECONDLY_ROLLING");
    assert_eq!(body["groupName"], format!("publicapi:private_app-api-calls-ten-secondly:{FULL}:{}", crate::harness::HUB));
    assert!(refused.header("retry-after").is_some());
    // Another app of the account has a burst of its own.
    assert_eq!(server.send(server.token(READER), "GET", CONTACTS, None).await.status, 200);
}

#[tokio::test]
async fn five_searches_a_second_for_the_whole_account_and_no_rate_headers() {
    let server = Server::start().await;
    let mut statuses = Vec::new();
    for number in 0..12 {
        let app = if number % 2 == 0 { FULL } else { READER };
        let answer = server.send(server.token(app), "POST", "/crm/v3/objects/contacts/search", Some("{}")).await;
        assert_eq!(answer.header("x-hubspot-ratelimit-max"), None);
        if answer.status == 429 {
            assert_eq!(answer.check_error(429, "RATE_LIMIT")["policyName"], "SECONDLY");
        }
        statuses.push(answer.status);
    }
    assert_eq!(statuses[..5], [200; 5]);
    assert!(statuses.contains(&429), "{statuses:?}");
}

#[tokio::test]
async fn introspection_says_what_a_token_is_and_needs_no_header() {
    let server = Server::start().await;
    let ask = |token: &str| {
        let body = format!("{{\"tokenKey\":\"{token}\"}}");
        let head = "POST /oauth/v2/private-apps/get/access-token-info HTTP/1.1\r\nhost: t\r\ncontent-type: application/json";
        format!("{head}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
    };
    let answer = server.raw(ask(server.token(READER)).as_bytes()).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.json()["appId"], READER);
    assert_eq!(answer.json()["hubId"], crate::harness::HUB);
    assert_eq!(answer.json()["scopes"][1], "crm.objects.contacts.read");
    server.raw(ask("pat-na1-none").as_bytes()).await.check_error(401, "INVALID_AUTHENTICATION");
}

#[tokio::test]
async fn the_day_so_far_is_told_by_the_usage_endpoint() {
    let server = Server::start().await;
    server.send(server.token(READER), "GET", CONTACTS, None).await;
    let answer = server.send(server.token(FULL), "GET", "/account-info/v3/api-usage/daily/private-apps", None).await;
    let usage = &answer.json()["results"][0];
    assert_eq!((usage["currentUsage"].as_u64(), usage["usageLimit"].as_u64()), (Some(2), Some(250_000)));
    let answer = server.send(server.token(FULL), "GET", "/account-info/v3/api-usage/daily", None).await;
    let usage = &answer.json()["results"][0];
    assert_eq!((usage["name"].as_str(), usage["currentUsage"].as_u64()), (Some("api-calls-daily"), Some(3)));
}
