//! Which answers count as HubSpot's own, as a table.

use super::*;

const JSON: Option<&str> = Some("application/json;charset=utf-8");
const PAGE: &str =
    "<!DOCTYPE html>\n<html><head><title>Attention Required! | Cloudflare</title></head><body>Sorry, you have been blocked</body></html>";

fn answered<'a>(status: u16, content_type: Option<&'a str>, body: &'a str) -> Answered<'a> {
    Answered { status, content_type, server: None, has_correlation_header: false, body: Extent::Whole(body.as_bytes()) }
}

fn is_own(status: u16, body: &str) -> bool {
    own_word(&answered(status, JSON, body), &[]).is_ok()
}

#[test]
fn an_error_is_hubspots_when_it_carries_a_correlation_id() {
    for (status, body) in [
        (
            401,
            r#"{"status":"error","message":"Authentication credentials not found.","correlationId":"0199a1b2-0000-7000-8000-000000000001","category":"INVALID_AUTHENTICATION"}"#,
        ),
        // The oldest form has no category.
        (401, r#"{"status":"error","message":"This hapikey doesn't exist.","correlationId":"c-1"}"#),
        (403, r#"{"category":"MISSING_SCOPES","correlationId":"c-1"}"#),
        (488, r#"{"status":"error","message":"Hub 7 is unknown to this Hublet","correlationId":"c-1","correctHublet":"eu1"}"#),
    ] {
        assert!(is_own(status, body), "{body}");
    }
    for body in [
        r#"{"status":"error","message":"Forbidden"}"#,
        r#"{"message":"Forbidden","correlationId":""}"#,
        r#"{"message":"Forbidden","correlationId":7}"#,
        r#"{"message":"Forbidden","correlationId":"a b"}"#,
        r#"{"correlationId":"c-1"}"#,
        r#"{"message":"Missing Authentication Token"}"#,
        r#"[{"message":"x","correlationId":"c-1"}]"#,
        r#""correlationId""#,
        "",
        "{",
        PAGE,
    ] {
        for status in [400, 401, 403, 404, 488] {
            assert!(!is_own(status, body), "{status} {body}");
        }
    }
}

#[test]
fn a_limit_is_hubspots_by_its_policy_and_an_error_of_oauth_by_hubspots_own_field() {
    let daily = r#"{"status":"error","message":"You have reached your daily limit.","errorType":"RATE_LIMIT","policyName":"DAILY","requestId":"r"}"#;
    assert!(is_own(429, daily));
    assert!(!is_own(403, daily), "only a 429 is about a limit");
    assert!(!is_own(429, r#"{"message":"Too Many Requests"}"#));
    for body in [
        r#"{"error":"invalid_grant","error_description":"x","status":"BAD_REFRESH_TOKEN","message":"x"}"#,
        r#"{"status":"BAD_AUTH_CODE","message":"x"}"#,
        r#"{"error":"invalid_client","message":"x"}"#,
    ] {
        assert!(is_own(400, body), "{body}");
    }
    for body in [
        r#"{"error":"invalid_grant","error_description":"x"}"#,
        r#"{"error":"blocked","message":"x"}"#,
        r#"{"status":"BAD_REFRESH_TOKEN"}"#,
    ] {
        assert!(!is_own(400, body), "{body}");
    }
    assert!(!is_own(403, r#"{"error":"access_denied","message":"blocked by policy"}"#));
}

#[test]
fn a_success_is_hubspots_when_it_has_the_documented_fields() {
    let fields = ["hubId", "scopes"];
    assert!(own_word(&answered(200, JSON, r#"{"hubId":7,"scopes":[],"userId":1}"#), &fields).is_ok());
    for body in [r#"{"hubId":7}"#, r#"{"hubId":7,"scopes":null}"#, r#"{"login":"https://wifi.example/"}"#, PAGE, ""] {
        assert!(own_word(&answered(200, JSON, body), &fields).is_err(), "{body}");
    }
    assert!(own_word(&answered(302, JSON, r#"{"hubId":7,"scopes":[]}"#), &fields).is_err());
}

#[test]
fn what_is_cut_or_called_something_else_is_not_hubspots() {
    let body = r#"{"message":"no","correlationId":"c-1"}"#;
    for content_type in [None, Some("application/json"), Some("Application/JSON; charset=UTF-8"), Some("application/problem+json")] {
        assert!(own_word(&answered(401, content_type, body), &[]).is_ok(), "{content_type:?}");
    }
    for content_type in [Some("text/html"), Some("text/plain"), Some(""), Some("text/json+html")] {
        assert!(own_word(&answered(401, content_type, body), &[]).is_err(), "{content_type:?}");
    }
    let cut = Answered { body: Extent::Cut(body.as_bytes()), ..answered(401, JSON, "") };
    assert!(own_word(&cut, &[]).is_err());
    // For an answer that Keyway can't decode, the header decides which HubSpot's servers set.
    let unread = Answered { body: Extent::Unread(b"\x0b\x02"), ..answered(401, JSON, "") };
    assert!(own_word(&unread, &[]).is_err());
    assert!(own_word(&Answered { has_correlation_header: true, ..unread }, &[]).is_ok());
    assert!(own_word(&Answered { has_correlation_header: true, status: 200, ..unread }, &["hubId"]).is_err());
    assert!(own_word(&Answered { has_correlation_header: true, ..answered(403, Some("text/html"), PAGE) }, &[]).is_err());
}

#[test]
fn what_is_shown_names_the_page_and_holds_no_credential_and_nothing_for_a_terminal() {
    let seen =
        own_word(&Answered { server: Some("cloudflare"), ..answered(403, Some("text/html; charset=UTF-8"), PAGE) }, &[]).unwrap_err();
    assert_eq!(seen.to_string(), "status 403, text/html, server cloudflare, \"Attention Required! | Cloudflare\"");
    assert!(seen.html);
    let token = format!("pat-na1-{}", crate::token::uuid_text(&[0x5a; 16]));
    let body = format!("\u{1b}[31mdenied\u{7}\u{202e} \"{token}\" Bearer={token}&x=1 \u{9b}2J end");
    let seen = own_word(&answered(403, Some("text/plain"), &body), &[]).unwrap_err();
    assert!(!seen.begins.contains(&token[8..20]), "{seen}");
    assert!(seen.begins.chars().all(|one| !one.is_control() && one != '\u{202e}' && one != '\u{9b}'), "{seen:?}");
    assert!(seen.begins.starts_with("[31mdenied '…'"), "{seen}");
    let long = own_word(&answered(403, Some(&"x".repeat(9_000)), &"word ".repeat(4_000)), &[]).unwrap_err();
    assert!(long.to_string().chars().count() < 300, "{long}");
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_judged_without_a_panic(status in 100_u16..600, bytes in proptest::collection::vec(0_u8..=255, 0..200), title in "<TITLE.{0,40}") {
        for body in [bytes.as_slice(), title.as_bytes()] {
            let _ = own_word(&Answered { status, content_type: None, server: Some(&title), has_correlation_header: true, body: Extent::Whole(body) }, &["a"]);
        }
    }
}
