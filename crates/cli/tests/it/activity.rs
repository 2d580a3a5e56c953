//! The activity of an embedded account, over HubSpot's own endpoints.

use serde_json::{Value, json};

use crate::harness::Keyway;

const SCOPES: &str = "account-info.security.read,crm.objects.contacts.read,crm.objects.contacts.write,private-apps-read,private-apps-write";

fn server() -> (Keyway, String) {
    let keyway = Keyway::start(&[]);
    let made = keyway.json(&["app", "create", "Reader", "--scopes", SCOPES, "--no-limits"]);
    let token = made["token"]["value"].as_str().unwrap().to_owned();
    (keyway, token)
}

fn get(keyway: &Keyway, token: &str, path: &str) -> Value {
    let (status, body) = keyway.call(token, "GET", path, None);
    assert_eq!(status, 200, "{path}: {body}");
    body
}

/// What a listing says in one field, newest first, page after page.
fn all(keyway: &Keyway, token: &str, path: &str, limit: usize, field: &str) -> Vec<String> {
    let (mut found, mut after) = (Vec::new(), String::new());
    for _ in 0..100 {
        let page = get(keyway, token, &format!("{path}?limit={limit}{after}"));
        let results = page["results"].as_array().unwrap();
        assert!(results.len() <= limit);
        found.extend(results.iter().map(|one| one[field].as_str().unwrap().to_owned()));
        let Some(next) = page["paging"]["next"]["after"].as_str() else { return found };
        after = format!("&after={next}");
    }
    panic!("{path} does not end");
}

#[test]
fn security_activity_is_what_people_and_apps_did_newest_first_on_every_version() {
    let (keyway, token) = server();
    keyway.json(&["app", "create", "Other", "--scopes", "crm.objects.contacts.read"]);
    keyway.json(&["app", "update", "Other", "--add-scope", "crm.objects.deals.read"]);
    keyway.json(&["app", "update", "Other", "--description", "scopes are as they were"]);
    keyway.json(&["token", "rotate", "Other", "--now"]);
    let made = json!({ "properties": { "email": "ada@example.com" } }).to_string();
    let contact = keyway.call(&token, "POST", "/crm/v3/objects/contacts", Some(&made)).1["id"].as_str().unwrap().to_owned();
    let gone = json!({ "objectId": contact }).to_string();
    assert_eq!(keyway.call(&token, "POST", "/crm/v3/objects/contacts/gdpr-delete", Some(&gone)).0, 204);
    let subscription = json!({ "eventType": "contact.creation" }).to_string();
    assert_eq!(keyway.call(&token, "POST", "/webhooks/v3/1/subscriptions", Some(&subscription)).0, 201);
    // Another account's are not told of here.
    let other = keyway.json(&["account", "create", "Other account"])["account"]["hubId"].to_string();
    keyway.json(&["app", "create", "Elsewhere", "--account", &other, "--scopes", SCOPES]);

    let expected = [
        "WEBHOOK_SUBSCRIPTION_CREATE",
        "GDPR_DELETE",
        "PRIVATE_APP_ACCESS_TOKEN_ROTATE",
        "PRIVATE_APP_SCOPE_GROUPS_UPDATE",
        "PRIVATE_APP_ACCESS_TOKEN_CREATE",
        "PRIVATE_APP_ACCESS_TOKEN_CREATE",
    ];
    for root in ["v3", "2025-09", "2026-03", "2026-09"].map(|version| format!("/account-info/{version}/activity/security")) {
        assert_eq!(all(&keyway, &token, &root, 100, "type"), expected, "{root}");
    }
    let path = "/account-info/2026-09/activity/security";
    for limit in 1..7 {
        assert_eq!(all(&keyway, &token, path, limit, "type"), expected, "in pages of {limit}");
    }
    let ids = all(&keyway, &token, path, 2, "id");
    assert_eq!(ids.iter().collect::<std::collections::HashSet<_>>().len(), ids.len());
    let events = get(&keyway, &token, path);
    let hub_id = &keyway.json(&["app", "show", "Reader"])["app"]["hubId"];
    assert!(events["results"].as_array().unwrap().iter().all(|one| one["userId"] == *hub_id), "{events}");
    assert_eq!(events["results"][0]["ipAddress"], "127.0.0.1");
    assert_eq!(get(&keyway, &token, &format!("{path}?userId=5"))["results"], json!([]));
    assert_eq!(get(&keyway, &token, &format!("{path}?toTimestamp=1000"))["results"], json!([]));
}

#[test]
fn the_audit_log_is_of_what_was_written_and_not_of_what_was_refused() {
    let (keyway, token) = server();
    let made = json!({ "properties": { "email": "ada@example.com" } }).to_string();
    let contact = keyway.call(&token, "POST", "/crm/v3/objects/contacts", Some(&made)).1["id"].as_str().unwrap().to_owned();
    assert_eq!(keyway.call(&token, "POST", "/crm/v3/objects/contacts", Some(&made)).0, 409);
    let one = format!("/crm/objects/2026-09/contacts/{contact}");
    keyway.call(&token, "GET", &one, None);
    keyway.call(&token, "POST", "/crm/objects/2026-09/contacts/search", Some("{}"));
    keyway.call(&token, "PATCH", &one, Some(&json!({ "properties": { "city": "Porto" } }).to_string()));
    keyway.call(&token, "DELETE", &one, None);
    let path = "/account-info/2026-09/activity/audit-logs";
    assert_eq!(all(&keyway, &token, path, 2, "action"), ["DELETE", "UPDATE", "CREATE"]);
    let page = get(&keyway, &token, path);
    assert_eq!((&page["results"][0]["category"], &page["results"][0]["subCategory"]), (&json!("CRM_OBJECT"), &json!("CONTACTS")));
    assert_eq!(get(&keyway, &token, &format!("{path}?occurredBefore=2020-01-01T00:00:00Z"))["results"], json!([]));
    assert_eq!(keyway.call(&token, "GET", &format!("{path}?sort=occurredAt"), None).0, 501);
}

#[test]
fn what_is_asked_is_checked_and_needs_the_scope() {
    let (keyway, token) = server();
    for query in ["limit=0", "limit=101", "limit=x", "after=1", "after=x-y", "after=-1-2", "fromTimestamp=yesterday", "userId=ada"] {
        let (status, body) = keyway.call(&token, "GET", &format!("/account-info/2026-09/activity/security?{query}"), None);
        assert_eq!((status, &body["category"]), (400, &json!("VALIDATION_ERROR")), "{query}");
    }
    let narrow = keyway.json(&["app", "create", "Narrow", "--scopes", "crm.objects.contacts.read"]);
    let narrow = narrow["token"]["value"].as_str().unwrap();
    for what in ["security", "login", "audit-logs"] {
        let (status, body) = keyway.call(narrow, "GET", &format!("/account-info/2026-09/activity/{what}"), None);
        assert_eq!((status, &body["category"]), (403, &json!("MISSING_SCOPES")), "{what}");
    }
    assert_eq!(get(&keyway, &token, "/account-info/2026-09/activity/login"), json!({ "results": [] }));
}

#[test]
fn an_install_is_told_of_and_a_link_asks_for_the_same() {
    let (keyway, token) = server();
    let hub_id = keyway.json(&["app", "show", "Reader"])["app"]["hubId"].to_string();
    let scopes = "oauth crm.objects.contacts.read";
    let made = keyway.json(&["public-app", "create", "Vendor", "--redirect-uri", "http://localhost:3000/callback", "--scopes", scopes]);
    let client = made["publicApp"]["clientId"].as_str().unwrap();
    let query = format!("client_id={client}&redirect_uri=http://localhost:3000/callback&scope={}", scopes.replace(' ', "%20"));
    let url = format!("http://{}/oauth/authorize?{query}", keyway.address("admin"));
    keyway.json(&["install", "approve", &url, "--account", &hub_id]);
    let path = "/account-info/2026-09/activity/security";
    let page = get(&keyway, &token, &format!("{path}?limit=1&userId={hub_id}"));
    assert_eq!(page["results"][0]["type"], "INSTALL_INTEGRATION");
    let link = page["paging"]["next"]["link"].as_str().unwrap();
    assert!(link.starts_with(&format!("http://{}{path}?", keyway.address("data"))), "{link}");
    assert!(link.contains(&format!("userId={hub_id}")), "{link}");
    let (_, target) = link.split_once(path).unwrap();
    assert_eq!(get(&keyway, &token, &format!("{path}{target}"))["results"][0]["type"], "PRIVATE_APP_ACCESS_TOKEN_CREATE");
}
