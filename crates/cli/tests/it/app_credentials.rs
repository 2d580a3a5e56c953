//! Credentials of an app itself on an embedded account: its own token for the webhooks journal, and a key where HubSpot takes
//! the developer account's.

use serde_json::{Value, json};

use crate::connection::raw;
use crate::harness::Keyway;

const REDIRECT: &str = "http://127.0.0.1:9/back";
const SCOPES: &str = "oauth crm.objects.contacts.read webhooks-journal-subscription-management webhooks-journal-subscription-read webhooks-journal-data-access";
const SUBSCRIPTIONS: &str = "/webhooks-journal/subscriptions/2026-03";
const JOURNAL: &str = "/webhooks-journal/journal/2026-03";

/// A server with a public app: the client id and the secret.
fn server() -> (Keyway, String, String) {
    let keyway = Keyway::start(&[]);
    let made = keyway.json(&["public-app", "create", "Acme", "--redirect-uri", REDIRECT, "--scopes", SCOPES]);
    let text = |name: &str| made["publicApp"][name].as_str().unwrap().to_owned();
    let (id, secret) = (text("clientId"), text("clientSecret"));
    (keyway, id, secret)
}

/// The token of the private app "Tests".
fn tests(keyway: &Keyway) -> String {
    let scopes = "crm.objects.contacts.read,crm.objects.contacts.write";
    keyway.json(&["app", "create", "Tests", "--scopes", scopes])["token"]["value"].as_str().unwrap().to_owned()
}

fn install(keyway: &Keyway, client: &str, secret: &str, account: &str) {
    let asked = format!("http://x/oauth/authorize?client_id={client}&redirect_uri={REDIRECT}&scope={}", SCOPES.replace(' ', "%20"));
    let approved = keyway.json(&["install", "approve", &asked, "--account", account]);
    let code = approved["redirectTo"].as_str().unwrap().split("code=").nth(1).unwrap().split('&').next().unwrap().to_owned();
    let form = format!("grant_type=authorization_code&client_id={client}&client_secret={secret}&redirect_uri={REDIRECT}&code={code}");
    assert!(form_post(keyway, &form)["refresh_token"].is_string());
}

/// The first account, in which the app "Tests" makes records.
fn first_account(keyway: &Keyway) -> String {
    keyway.json(&["account", "list"])["accounts"][0]["hubId"].to_string()
}

fn own_token(keyway: &Keyway, client: &str, secret: &str, scope: &str) -> Value {
    let form = format!("grant_type=client_credentials&client_id={client}&client_secret={secret}&scope={scope}");
    form_post(keyway, &form)
}

fn form_post(keyway: &Keyway, form: &str) -> Value {
    let head = "POST /oauth/v1/token HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/x-www-form-urlencoded";
    let answer = raw(keyway, &format!("{head}\r\ncontent-length: {}\r\n\r\n{form}", form.len()));
    serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
}

fn subscription(account: &str) -> String {
    let portal: u64 = account.parse().unwrap();
    json!({ "subscriptionType": "OBJECT", "objectTypeId": "0-1", "portalId": portal, "actions": ["CREATE"], "properties": ["email"] })
        .to_string()
}

/// developers.hubspot.com/docs/api-reference/latest/webhooks-journal/guide has these names of the scopes.
const GUIDE: &str = "developer.webhooks_journal.read+developer.webhooks_journal.subscriptions.write+developer.webhooks_journal.subscriptions.read+crm.objects.contacts.read";

#[test]
fn an_app_reads_the_journal_of_its_install_with_its_own_token() {
    let (keyway, client, secret) = server();
    let account = first_account(&keyway);
    let token = own_token(&keyway, &client, &secret, GUIDE)["access_token"].as_str().unwrap().to_owned();
    let (status, refused) = keyway.call(&token, "GET", SUBSCRIPTIONS, None);
    assert_eq!(status, 401, "the app is installed nowhere: {refused}");
    install(&keyway, &client, &secret, &account);
    assert_eq!(keyway.call(&token, "POST", SUBSCRIPTIONS, Some(&subscription(&account))).0, 200);
    let tests = tests(&keyway);
    let contact = json!({ "properties": { "email": "ada@example.com" } }).to_string();
    assert_eq!(keyway.call(&tests, "POST", "/crm/v3/objects/contacts", Some(&contact)).0, 201);
    let (status, entry) = keyway.call(&token, "GET", &format!("{JOURNAL}/earliest"), None);
    assert_eq!(status, 200, "{entry}");
    let url = entry["url"].as_str().unwrap();
    let target = &url[url.find("/webhooks-journal").unwrap()..];
    let (status, content) = keyway.call(&token, "GET", target, None);
    assert_eq!((status, content["journalEvents"].as_array().map(Vec::len)), (200, Some(1)), "{content}");
    // It opens nothing else, and not what it did not ask for.
    let (status, refused) = keyway.call(&token, "GET", "/crm/v3/objects/contacts", None);
    assert_eq!(status, 401, "{refused}");
    let narrow = own_token(&keyway, &client, &secret, "developer.webhooks_journal.read")["access_token"].as_str().unwrap().to_owned();
    assert_eq!(keyway.call(&narrow, "GET", &format!("{JOURNAL}/earliest"), None).0, 200);
    assert_eq!(keyway.call(&narrow, "POST", SUBSCRIPTIONS, Some(&subscription(&account))).0, 403);
    assert!(own_token(&keyway, &client, &secret, "developer.webhooks_journal.snapshots.write").get("access_token").is_none());
}

#[test]
fn an_app_of_several_accounts_names_the_one_whose_journal_it_reads() {
    let (keyway, client, secret) = server();
    let first = first_account(&keyway);
    let second = keyway.json(&["account", "create", "Second"])["account"]["hubId"].to_string();
    install(&keyway, &client, &secret, &first);
    install(&keyway, &client, &secret, &second);
    let token = own_token(&keyway, &client, &secret, GUIDE)["access_token"].as_str().unwrap().to_owned();
    let (status, refused) = keyway.call(&token, "GET", SUBSCRIPTIONS, None);
    assert_eq!(status, 401);
    let text = refused.to_string();
    assert!(text.contains(&first) && text.contains(&second) && text.contains("installPortalId"), "{text}");
    let of = |account: &str| format!("{SUBSCRIPTIONS}?installPortalId={account}");
    assert_eq!(keyway.call(&token, "POST", &of(&second), Some(&subscription(&second))).0, 200);
    let count = |account: &str| keyway.call(&token, "GET", &of(account), None).1["results"].as_array().map(Vec::len);
    assert_eq!((count(&first), count(&second)), (Some(0), Some(1)));
    assert_eq!(keyway.call(&token, "DELETE", &format!("{SUBSCRIPTIONS}/portals/{second}"), None).0, 204);
    assert_eq!(count(&second), Some(0));
    assert_eq!(keyway.call(&token, "GET", &of("1"), None).0, 401);
}

#[test]
fn a_key_in_the_query_opens_what_takes_the_key_of_the_developer_account() {
    let (keyway, ..) = server();
    let token = tests(&keyway);
    let key = ["3f9c2b7e", "5a1d", "4c86", "9e02", "b7d41f6a8c53"].join("-");
    let file = keyway.folder.path().join("key");
    std::fs::write(&file, &key).unwrap();
    keyway.json(&["token", "legacy-key", "Tests", "--credential-file", &file.display().to_string()]);
    let app = keyway.json(&["app", "show", "Tests"])["app"]["id"].to_string();
    let send = |method: &str, path: &str, key: &str, body: &str| {
        let query = if key.is_empty() { String::new() } else { format!("?hapikey={key}") };
        let head = format!("{method} {path}{query} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json");
        raw(&keyway, &format!("{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len()))
    };
    let settings = format!("/crm/extensions/calling/2026-09/{app}/settings");
    let body = json!({ "name": "Calls", "url": "https://example.com/call" }).to_string();
    let made = send("POST", &settings, &key, &body);
    assert!(made.starts_with("HTTP/1.1 200") && made.contains("\"Calls\""), "{made}");
    assert!(send("GET", &settings, &key, "").contains("\"Calls\""));
    // Webhooks belong to one app, whatever opens them.
    let webhooks = send("GET", "/app-webhooks/2026-09/999999/settings", &key, "");
    assert!(webhooks.starts_with("HTTP/1.1 403"), "{webhooks}");
    let (status, refused) = keyway.call(&token, "GET", &settings, None);
    assert_eq!((status, refused["message"].as_str().unwrap().contains("developer API key")), (403, true), "{refused}");
}
