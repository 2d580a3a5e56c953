use serde_json::{Value, json};

use crate::connection::{Scripted, connected, credential, ok, raw};
use crate::harness::Keyway;

/// A gateway before a server that answers every request, and the token of its app "Sync".
fn gateway(answers: usize) -> (Keyway, String, Scripted) {
    let upstream = Scripted::start((0..answers).map(|_| ok(r#"{"results":[]}"#)).collect());
    let (gateway, token) = connected(&format!("http://{}", upstream.address), &credential(21));
    (gateway, token, upstream)
}

/// What reached HubSpot after the question about the credential: request lines.
fn reached(upstream: &Scripted) -> Vec<String> {
    upstream.seen().iter().skip(1).map(|request| request.lines().next().unwrap().to_owned()).collect()
}

fn operations(gateway: &Keyway) -> Vec<(String, Value)> {
    let records = gateway.json(&["audit", "list", "--app", "Sync"])["records"].clone();
    let records = records.as_array().unwrap();
    records.iter().map(|one| (one["operation"].as_str().unwrap().to_owned(), one["status"].clone())).collect()
}

#[test]
fn an_unlisted_call_is_refused_with_the_command_that_allows_it_and_passes_after_it() {
    let (gateway, token, upstream) = gateway(1);
    let (status, refused) = gateway.call(&token, "GET", "/made-up/v7/things/12345?limit=1", None);
    assert_eq!((status, refused["category"].as_str()), (403, Some("UNLISTED_OPERATION")), "{refused}");
    let remedy = refused["errors"][0]["context"]["remedy"][0].as_str().unwrap();
    assert!(refused["message"].as_str().unwrap().contains(remedy), "{refused}");
    assert_eq!(reached(&upstream), [""; 0], "nothing reached HubSpot");

    let arguments: Vec<&str> = remedy.strip_prefix("keyway ").unwrap().splitn(5, ' ').collect();
    let [app, update, id, option, pattern] = arguments[..] else { panic!("{remedy}") };
    gateway.json(&[app, update, id, option, pattern.trim_matches('\'')]);
    assert_eq!(gateway.call(&token, "GET", "/made-up/v7/things/12345?limit=1", None).0, 200);
    assert_eq!(reached(&upstream), ["GET /made-up/v7/things/12345?limit=1 HTTP/1.1"]);
    assert_eq!(gateway.call(&token, "DELETE", "/made-up/v7/things/12345", None).0, 403, "the pattern names GET");
    let named = |method: &str| format!("{method} (unlisted) /made-up/v7/things/*");
    let expected = [(named("DELETE"), json!(403)), (named("GET"), json!(200)), (named("GET"), json!(403))];
    assert_eq!(operations(&gateway), expected, "masked in the audit log");
}

#[test]
fn read_forwards_gets_alone_and_all_forwards_changes_too() {
    let (gateway, token, upstream) = gateway(3);
    gateway.json(&["app", "update", "Sync", "--unlisted", "read"]);
    assert_eq!(gateway.call(&token, "GET", "/made-up/v7/things", None).0, 200);
    assert_eq!(gateway.call(&token, "POST", "/made-up/v7/things", Some("{}")).0, 403);
    gateway.json(&["app", "update", "Sync", "--unlisted", "all"]);
    assert_eq!(gateway.call(&token, "POST", "/made-up/v7/things", Some(r#"{"a":1}"#)).0, 200);
    // HubSpot may have a method on a listed path that its specification lacks.
    assert_eq!(gateway.call(&token, "PUT", "/crm/v3/owners", Some("{}")).0, 200);
    assert_eq!(reached(&upstream), ["GET /made-up/v7/things HTTP/1.1", "POST /made-up/v7/things HTTP/1.1", "PUT /crm/v3/owners HTTP/1.1"]);
    gateway.json(&["app", "update", "Sync", "--unlisted", "refuse"]);
    assert_eq!(gateway.call(&token, "GET", "/made-up/v7/things", None).0, 403, "effective at once");
    assert_eq!(gateway.call(&token, "PUT", "/crm/v3/owners", Some("{}")).0, 405);
}

#[test]
fn credentials_scopes_and_paths_are_no_other_for_unlisted_calls() {
    let (gateway, token, upstream) = gateway(1);
    gateway.json(&["app", "update", "Sync", "--unlisted", "all"]);
    for (method, path) in [
        ("POST", "/oauth/v9/token"),
        ("GET", "/OAuth/v9/x"),
        ("POST", "/localdevauth/v1/auth/refresh"),
        ("GET", "/CRM/v3/objects/deals"),
        ("GET", "/crm/v3/objects/deals"),
        ("GET", "/made-up//v7"),
        ("GET", "/made-up/%2e%2e/%2e%2e/x"),
        ("GET", "/made-up/v7;x=1"),
        ("PROPFIND", "/made-up/v7"),
    ] {
        let status = gateway.call(&token, method, path, None).0;
        assert!([400, 401, 403, 404, 405].contains(&status), "{method} {path}: {status}");
    }
    let gone = raw(&gateway, "GET /made-up/v7 HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer nobody\r\n\r\n");
    assert!(gone.starts_with("HTTP/1.1 401"), "{gone}");
    assert_eq!(reached(&upstream), [""; 0]);
    assert_eq!(gateway.call(&token, "GET", "/made-up/v7?hapikey=x&a=b", None).0, 200);
    let sent = upstream.seen().pop().unwrap();
    assert!(sent.starts_with("GET /made-up/v7?a=b HTTP/1.1\r\n") && sent.contains(&credential(21)) && !sent.contains(&token), "{sent}");
}

#[test]
fn an_unlisted_call_counts_against_the_limits_and_a_change_is_noted_before_it_is_sent() {
    let (gateway, token, _upstream) = gateway(2);
    gateway.json(&["app", "update", "Sync", "--unlisted", "all"]);
    let before = gateway.json(&["account", "show", "4242"])["account"]["usedToday"].as_u64().unwrap();
    assert_eq!(gateway.call(&token, "POST", "/made-up/v7/things", Some("{}")).0, 200);
    let after = gateway.json(&["account", "show", "4242"])["account"]["usedToday"].as_u64().unwrap();
    assert_eq!(after, before + 1);
    assert_eq!(gateway.json(&["audit", "verify"])["fault"], Value::Null);
}

#[test]
fn people_see_what_was_called_and_how_to_allow_it() {
    let (gateway, token, _upstream) = gateway(1);
    gateway.json(&["app", "update", "Sync", "--unlisted", "GET /made-up/v7/*"]);
    gateway.call(&token, "GET", "/made-up/v7/things", None);
    gateway.call(&token, "POST", "/made-up/v7/things", Some("{}"));
    let shown = String::from_utf8(gateway.run(&["app", "show", "Sync"]).stdout).unwrap();
    assert!(shown.contains("--unlisted 'GET /made-up/v7/*' --unlisted 'POST /made-up/v7/things'"), "{shown}");
    let used = gateway.json(&["app", "show", "Sync"])["scopes"]["unlisted"].clone();
    let used: Vec<(&str, bool)> =
        used.as_array().unwrap().iter().map(|one| (one["operation"].as_str().unwrap(), one["allowed"] == true)).collect();
    assert_eq!(used, [("GET /made-up/v7/things", true), ("POST /made-up/v7/things", false)]);
    let sunset = gateway.json(&["sunset"])["endings"].to_string();
    assert!(sunset.contains("GET (unlisted) /made-up/v7/things"), "{sunset}");
    let changes = gateway.json(&["changes"]).to_string();
    assert!(changes.contains("\"unlisted\""), "the record of changes has it: {changes}");
}

#[test]
fn a_setting_that_means_nothing_is_refused_with_what_it_can_be() {
    let (gateway, ..) = gateway(0);
    for wrong in ["everything", "/a?b", "/oauth/*", "FETCH /a"] {
        let output = gateway.run(&["app", "update", "Sync", "--unlisted", wrong]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{wrong}");
        assert!(said.contains("refuse, read, all") || said.contains("never forwards"), "{said}");
    }
}

#[test]
fn an_embedded_account_answers_501_whatever_the_setting() {
    let keyway = Keyway::start(&[]);
    let app = keyway.json(&["app", "create", "Sync", "--unlisted", "all"]);
    assert_eq!(app["app"]["unlisted"], json!(["all"]));
    let (status, refused) = keyway.call(app["token"]["value"].as_str().unwrap(), "GET", "/made-up/v7/things", None);
    assert_eq!((status, refused["category"].as_str()), (501, Some("NOT_IMPLEMENTED")));
    assert!(refused["message"].as_str().unwrap().contains("keyway portal coverage"), "{refused}");
    let folder = keyway.stop();
    let again = Keyway::start_in(folder, &[]);
    assert_eq!(again.json(&["app", "show", "Sync"])["app"]["unlisted"], json!(["all"]), "kept over a restart");
}
