//! E-mail of version 1: what the taps of Singer and Meltano read (streams `campaigns`, `email_events`, `subscription_changes`), and
//! single sends.
//!
//! legacydocs.hubspot.com/docs/methods/email/email_events_overview

use serde_json::{Value, json};

use crate::support::Account;

const EMAIL: &str = "/email/public/v1";

fn send(account: &Account, email: &str, to: &str) -> Value {
    let body = json!({ "emailId": email.parse::<u64>().unwrap(), "message": { "to": to } });
    account.call(&format!("POST {EMAIL}/singleEmail/send"), body).expect(200)
}

#[test]
fn a_send_has_events_and_its_email_is_a_campaign() {
    let account = Account::new();
    let made = account.call("POST /marketing/v3/emails", json!({ "name": "Hello", "subject": "Hi" })).expect(201);
    let id = made["id"].as_str().unwrap();
    let sent = send(&account, id, "Ada@example.com");
    assert_eq!(sent["sendResult"], "SENT");
    assert_eq!(send(&account, "999", "ben@example.com")["sendResult"], "MISSING_CONTENT");
    let campaigns = account.get(&format!("{EMAIL}/campaigns/by-id?limit=500")).expect(200);
    assert_eq!(json!([campaigns["campaigns"][0]["id"].to_string(), campaigns["hasMore"]]), json!([id, false]));
    let campaign = account.get(&format!("{EMAIL}/campaigns/{id}")).expect(200);
    assert_eq!(json!([campaign["name"], campaign["counters"]["sent"]]), json!(["Hello", 1]));
    let events = account.get(&format!("{EMAIL}/events?limit=1000")).expect(200);
    let kinds: Vec<&Value> = events["events"].as_array().unwrap().iter().map(|one| &one["type"]).collect();
    assert_eq!(json!(kinds), json!(["DELIVERED", "SENT", "PROCESSED"]));
    let one =
        account.get(&format!("{EMAIL}/events?eventType=SENT&recipient=ADA@example.com&campaignId={id}")).expect(200)["events"][0].clone();
    assert_eq!(json!([one["recipient"], one["id"], one["subject"]]), json!(["ada@example.com", sent["eventId"]["id"], "Hi"]));
    assert_eq!(account.get(&format!("{EMAIL}/events/{}/{}", one["created"], one["id"].as_str().unwrap())).expect(200), one);
    account.get(&format!("{EMAIL}/events/1/{}", one["id"].as_str().unwrap())).refused(404, "OBJECT_NOT_FOUND");
    assert_eq!(
        account.get(&format!("{EMAIL}/events?startTimestamp={}", one["created"].as_i64().unwrap() + 1)).expect(200)["events"],
        json!([])
    );
    account.get(&format!("{EMAIL}/events?startTimestamp=soon")).refused(400, "startTimestamp");
    send(&account, id, "ben@example.com");
    let all = account.get(&format!("{EMAIL}/events?limit=1000")).expect(200);
    let ids: std::collections::HashSet<&str> = all["events"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), 6);
}

#[test]
fn pages_go_on_at_the_offset_that_the_one_before_names() {
    let account = Account::new();
    for at in 0..5 {
        account.call("POST /marketing/v3/emails", json!({ "name": format!("e{at}") })).expect(201);
    }
    let (mut ids, mut offset) = (Vec::new(), String::new());
    loop {
        let page = account.get(&format!("{EMAIL}/campaigns/by-id?limit=2{offset}")).expect(200);
        ids.extend(page["campaigns"].as_array().unwrap().iter().map(|one| one["id"].as_u64().unwrap()));
        if page["hasMore"] == false {
            break;
        }
        offset = format!("&offset={}", page["offset"].as_str().unwrap());
    }
    assert_eq!(ids, [101, 102, 103, 104, 105]);
}

#[test]
fn choices_about_subscriptions_are_those_of_the_present_api_and_have_a_timeline() {
    let account = Account::new();
    assert_eq!(account.get(&format!("{EMAIL}/subscriptions")).expect(200)["subscriptionDefinitions"][0]["id"], 1);
    let one = format!("{EMAIL}/subscriptions/ada@example.com");
    assert_eq!(account.get(&one).expect(200)["subscribed"], false);
    let body = json!({ "subscriptionStatuses": [{ "id": 1, "subscribed": true, "legalBasis": "CONSENT_WITH_NOTICE" }] });
    account.call(&format!("PUT {one}"), body).expect(204);
    let shown = account.get(&one).expect(200);
    assert_eq!(
        json!([shown["subscriptionStatuses"][0]["subscribed"], shown["subscriptionStatuses"][0]["legalBasis"]]),
        json!([true, "CONSENT_WITH_NOTICE"])
    );
    let now = account.get("/communication-preferences/v3/status/email/ada@example.com").expect(200);
    assert_eq!(now["subscriptionStatuses"][0]["status"], "SUBSCRIBED");
    account.call(&format!("PUT {one}"), json!({ "unsubscribeFromAll": true })).expect(204);
    let timeline = account.get(&format!("{EMAIL}/subscriptions/timeline?limit=1000")).expect(200);
    let changes: Vec<&Value> = timeline["timeline"].as_array().unwrap().iter().map(|one| &one["changes"][0]["change"]).collect();
    assert!(changes.len() == 4 && changes.iter().all(|change| **change == "UNSUBSCRIBED"), "{changes:?}");
    account.call(&format!("PUT {one}"), json!({ "subscriptionStatuses": [{ "id": 9, "subscribed": true }] })).refused(404, "9");
    account.call(&format!("PUT {EMAIL}/subscriptions/nobody"), json!({})).refused(400, "nobody");
}

#[test]
fn tokens_for_smtp_are_those_of_the_present_api() {
    let account = Account::new();
    let made = account.call(&format!("POST {EMAIL}/smtpapi/tokens"), json!({ "campaignName": "Bills", "createContact": true })).expect(201);
    let listed = account.get(&format!("{EMAIL}/smtpapi/tokens")).expect(200);
    assert_eq!(listed["results"][0]["id"], made["id"]);
    account.get(&format!("{EMAIL}/smtpapi/tokens/{}", made["id"].as_str().unwrap())).expect(200);
}
