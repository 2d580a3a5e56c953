//! The console's pages on people, admin tokens and changes: what a role does not open is neither
//! offered nor done, and what is stored is text.

use serde_json::{Value, json};

use crate::harness::{Keyway, ask};
use crate::sign_in::Browser;

const PASSWORD: &str = "a password that is long";

/// A server with a super admin, and an auditor whose browser it is.
fn with_auditor(keyway: &Keyway) -> Browser<'_> {
    let password = format!("printf '{PASSWORD}'");
    keyway.json(&["user", "create", "ada@example.com", "--credential-command", &password]);
    keyway.json(&["user", "create", "eve@example.com", "--role", "auditor", "--credential-command", &password]);
    let mut browser = Browser::new(keyway);
    browser.sign_in("eve@example.com", PASSWORD);
    browser
}

#[test]
fn an_auditor_is_offered_no_change_and_does_none() {
    let keyway = Keyway::start(&[]);
    let browser = with_auditor(&keyway);
    keyway.json(&["admin-token", "create", "report", "--role", "auditor"]);
    for path in ["/people", "/people/ada%40example.com", "/admin-tokens", "/changes", "/notifications"] {
        let page = browser.get(path);
        assert_eq!(page.status, 200, "{path}");
        let main = page.body.split("<main").nth(1).unwrap();
        // The choice of columns is kept in the browser, and changes nothing here.
        for form in main.split("method=\"post\" action=\"").skip(1) {
            let action = form.split('"').next().unwrap();
            assert!(action.ends_with("/columns"), "{path} offers {action}");
        }
        for offer in ["/people/new", "/edit", "/delete", "/admin-tokens/new", "/revoke"] {
            assert!(!main.contains(offer), "{path} offers {offer}");
        }
    }
    let token = browser.get("/people").field("form_token");
    let before = (keyway.json(&["user", "list"]), keyway.json(&["admin-token", "list"]));
    for (path, form) in [
        ("/people", [("email", "bob@example.com"), ("role", "super-admin")]),
        ("/people/eve%40example.com", [("role", "super-admin"), ("", "")]),
        ("/people/ada%40example.com/password", [("", ""), ("", "")]),
        ("/people/ada%40example.com/second-factor", [("", ""), ("", "")]),
        ("/people/ada%40example.com/provider", [("", ""), ("", "")]),
        ("/people/ada%40example.com/sign-out", [("", ""), ("", "")]),
        ("/people/ada%40example.com/delete", [("confirm", "ada@example.com"), ("", "")]),
        ("/admin-tokens", [("name", "eve"), ("days", "never")]),
        ("/admin-tokens/1/revoke", [("", ""), ("", "")]),
    ] {
        let form = [form[0], form[1], ("form_token", &token)];
        assert_eq!(browser.post(path, &form).status, 403, "{path}");
        assert_eq!(browser.post(path, &form[..2]).status, 403, "{path} without the form's token");
    }
    assert_eq!((keyway.json(&["user", "list"]), keyway.json(&["admin-token", "list"])), before);
}

#[test]
fn names_and_addresses_are_text() {
    let keyway = Keyway::start(&[]);
    let browser = with_auditor(&keyway);
    const EVIL: &str = "\"><img/src=x/onerror=alert(1)>";
    keyway.json(&["user", "create", &format!("{EVIL}@example.com")]);
    keyway.json(&["admin-token", "create", EVIL, "--role", "auditor"]);
    keyway.json(&["notify", "add", "webhook", EVIL, "--owner", EVIL, "--url", "http://127.0.0.1:9/"]);
    for path in
        ["/people", "/people/%22%3E%3Cimg%2Fsrc=x%2Fonerror=alert(1)%3E%40example.com", "/admin-tokens", "/changes", "/notifications"]
    {
        let page = browser.get(path);
        assert_eq!(page.status, 200, "{path}");
        assert!(!page.body.contains("<img") && page.body.contains("img/src=x"), "{path}");
    }
}

#[test]
fn a_change_of_ones_own_sign_in_is_on_record_and_no_tokens_to_make() {
    let keyway = Keyway::start(&[]);
    let mut browser = with_auditor(&keyway);
    let token = browser.get("/account").field("form_token");
    let begin = |password| browser.post("/account/second-factor", &[("form_token", &token), ("password", password)]).body;
    assert!(begin("a wrong password here").contains("The password is wrong"));
    assert!(begin(PASSWORD).contains("QR code of the key"));
    let seen = keyway.json(&["changes", "--target", "user eve@example.com", "--operation", "beginSecondFactor"]);
    assert_eq!(seen["changes"].as_array().unwrap().len(), 1, "{seen}");
    assert_eq!(seen["changes"][0]["who"], "eve@example.com");
    // A token is no person, whatever its role.
    let made = keyway.json(&["admin-token", "create", "root", "--role", "super-admin"]);
    let value = made["adminToken"]["value"].as_str().unwrap();
    for (method, path, body) in [
        ("GET", "sign-in", Value::Null),
        ("PUT", "password", json!({ "password": PASSWORD, "newPassword": "another password, long" })),
        ("DELETE", "sessions", Value::Null),
        ("POST", "second-factor", json!({ "password": PASSWORD })),
    ] {
        assert_eq!(ask(&keyway, Some(value), method, &format!("/api/v1/me/{path}"), &body).0, 409, "{path}");
    }
    browser.sign_in("eve@example.com", PASSWORD);
    assert_eq!(browser.get("/account").status, 200);
}
