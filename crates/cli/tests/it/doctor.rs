//! The doctor: of texts, of calls on record, of live tokens and of an account.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

use crate::harness::{ADMIN_TOKEN, Keyway, http};

fn doctor(arguments: &[&str], input: &str, environment: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keyway"));
    command.arg("doctor").args(arguments).envs(environment.iter().copied());
    let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    process.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    process.wait_with_output().unwrap()
}

fn causes(answer: &Value) -> Vec<&str> {
    answer["calls"][0]["causes"].as_array().unwrap().iter().map(|cause| cause["cause"].as_str().unwrap()).collect()
}

#[test]
fn a_text_is_read_from_standard_input_or_a_file_and_never_from_an_argument() {
    let text = r#"{"status":"error","message":"This hapikey doesn't exist.","correlationId":"c-1"}"#;
    let output = doctor(&["-", "--json"], text, &[]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(causes(&serde_json::from_slice(&output.stdout).unwrap())[0], "hapikey-removed");

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("failed.json");
    std::fs::write(&file, text).unwrap();
    assert_eq!(doctor(&[file.to_str().unwrap()], "", &[]).status.code(), Some(1));

    let refused = doctor(&["curl https://api.hubapi.com -H 'Authorization: Bearer secret-value'"], "", &[]);
    assert_eq!(refused.status.code(), Some(2));
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(said.contains("A call is never an argument") && !said.contains("secret-value"), "{said}");
}

#[test]
fn a_call_on_record_is_found_by_its_correlation_id() {
    let keyway = Keyway::start(&[]);
    let token = keyway.json(&["app", "create", "Sync", "--scopes", "crm.objects.contacts.read"])["token"]["value"].clone();
    let (status, refused) = keyway.call(token.as_str().unwrap(), "GET", "/crm/objects/2026-09/deals", None);
    assert_eq!(status, 403);
    let id = refused["correlationId"].as_str().unwrap();
    let output = keyway.run(&["doctor", id, "--json"]);
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(causes(&answer)[0], "missing-scopes");
    assert_eq!(answer["calls"][0]["causes"][0]["scopes"], json!(["crm.objects.deals.read"]));
    assert_eq!(answer["calls"][0]["seen"]["app"], "Sync");
    // The console pastes the id into the same box as texts.
    let (status, pasted) =
        http(keyway.address("admin"), ADMIN_TOKEN, "POST", "/api/v1/doctor", Some(&json!({ "text": format!(" {id}\n") }).to_string()));
    assert_eq!((status, causes(&pasted)[0]), (200, "missing-scopes"));
    let unknown = http(keyway.address("admin"), ADMIN_TOKEN, "POST", "/api/v1/doctor", Some(&json!({ "correlationId": "x" }).to_string()));
    assert_eq!(unknown.0, 404);
    assert_eq!(http(keyway.address("admin"), ADMIN_TOKEN, "POST", "/api/v1/doctor", Some(r#"{"text":""}"#)).0, 400);
}

#[test]
fn a_429_of_keyway_says_its_limit_by_its_id_and_by_its_body_alone() {
    let keyway = Keyway::start(&[]);
    let token = keyway.json(&["app", "create", "Sync", "--scopes", "crm.objects.contacts.read"])["token"]["value"].clone();
    let search = || keyway.call(token.as_str().unwrap(), "POST", "/crm/v3/objects/contacts/search", Some("{}"));
    // Five searches a second pass.
    let refused = std::iter::repeat_with(search).find(|(status, _)| *status == 429).unwrap().1;
    let ask = |body: Value| http(keyway.address("admin"), ADMIN_TOKEN, "POST", "/api/v1/doctor", Some(&body.to_string())).1;
    for asked in [json!({ "correlationId": refused["correlationId"] }), json!({ "text": refused.to_string() })] {
        let answer = ask(asked.clone());
        assert_eq!(causes(&answer)[0], "search-limit", "{asked}");
        let said = answer.to_string();
        assert!(said.contains("--no-limits") && !said.contains("never reached") && !said.contains("does not say"), "{asked}: {said}");
    }
    let record = &keyway.json(&["audit", "list", "--category", "search-limit-reached"])["records"][0];
    assert_eq!(record["category"], "RATE_LIMITS");
    let shown = keyway.run(&["app", "show", "Sync"]);
    assert!(String::from_utf8_lossy(&shown.stdout).contains("on a connected account: weight 1"), "an embedded account lets no call wait");
}

#[test]
fn what_is_piped_is_read_and_shows_the_evidence_and_hubspots_page() {
    let text = r#"{"status":"error","message":"Property values were not valid","errors":[{"message":"x was not one of the allowed options: [lead, customer]","code":"INVALID_OPTION","context":{"propertyName":["lifecyclestage"]}}],"category":"VALIDATION_ERROR","correlationId":"c-1"}"#;
    let output = doctor(&[], text, &[]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    for part in ["option-not-allowed", "lifecyclestage", "lead, customer", "https://developers.hubspot.com/"] {
        assert!(said.contains(part), "{part}: {said}");
    }
}

#[test]
fn a_text_with_nothing_in_it_is_refused_and_says_what_to_give() {
    let output = doctor(&["-"], "hello world", &[]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("no request and no error") && said.contains("curl command"), "{said}");
}

#[test]
fn a_credential_that_is_no_hubspot_token_is_a_negative_answer() {
    for value in ["rubbish", "$HUBSPOT_TOKEN", "***"] {
        let output = doctor(&["--credential-env", "T"], "", &[("T", value)]);
        let said = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(1), "{value}: {said}{}", String::from_utf8_lossy(&output.stderr));
        assert!(said.contains("not a HubSpot token"), "{said}");
    }
}

#[test]
fn a_live_token_is_asked_about_and_compared_with_what_it_is_to_do() {
    let keyway = Keyway::start(&[]);
    let made = keyway.json(&["app", "create", "Sync", "--scopes", "crm.objects.contacts.read"]);
    let token = made["token"]["value"].as_str().unwrap();
    let at = format!("http://{}", keyway.address("data"));
    let ask = |operation: &str, expect: &str| {
        let arguments = ["--credential-env", "T", "--ask-at", &at, "--operation", operation, "--expect", expect, "--json"];
        let output = doctor(&arguments, "", &[("T", token)]);
        (output.status.code(), serde_json::from_slice::<Value>(&output.stdout).unwrap())
    };
    let hub_id = made["app"]["hubId"].to_string();
    let (code, fine) = ask("GET /crm/objects/2026-09/contacts", &hub_id);
    assert_eq!((code, fine["token"]["alive"].as_bool()), (Some(0), Some(true)), "{fine}");
    let (code, lacking) = ask("POST /crm/objects/2026-09/contacts", &hub_id);
    assert_eq!((code, causes(&lacking)[0]), (Some(1), "missing-scopes"));
    assert_eq!(causes(&ask("GET /crm/objects/2026-09/contacts", "1").1)[0], "other-account");
    keyway.json(&["token", "revoke", &made["token"]["id"].to_string(), "--yes"]);
    let (code, dead) = ask("GET /crm/objects/2026-09/contacts", &hub_id);
    assert_eq!((code, causes(&dead)[0], &dead["token"]["alive"]), (Some(1), "keyway-token-revoked", &json!(false)), "{dead}");
}

#[test]
fn a_token_of_a_keyway_is_asked_of_a_keyway_and_never_of_hubspot() {
    let keyway = Keyway::start(&[]);
    let made = keyway.json(&["app", "create", "Sync", "--scopes", "crm.objects.contacts.read"]);
    let (token, id) = (made["token"]["value"].as_str().unwrap(), made["token"]["id"].to_string());
    let ask = |arguments: &[&str]| {
        let output = doctor(&[&["--credential-env", "T"], arguments].concat(), "", &[("T", token)]);
        (output.status.code(), String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap())
    };
    let at = format!("http://{}", keyway.address("data"));
    let data = keyway.folder.path().display().to_string();
    for place in [["--ask-at", at.as_str()], ["--data", data.as_str()]] {
        let (code, said) = ask(&place);
        assert!(code == Some(0) && said.contains(&format!("app Sync, token {id}, scopes: crm.objects.contacts.read")), "{said}");
    }
    // Nobody is there to ask: its state is not known.
    let empty = tempfile::tempdir().unwrap();
    let (code, said) = ask(&["--data", &empty.path().display().to_string()]);
    assert!(code == Some(0) && said.contains("not verified: a Keyway issued this token") && said.contains("--ask-at"), "{said}");
    // Another Keyway does not call a token dead that it never knew.
    let other = Keyway::start(&["--ephemeral"]);
    let (code, said) = ask(&["--ask-at", &format!("http://{}", other.address("data"))]);
    assert!(code == Some(1) && said.contains("(keyway-token-unknown)") && !said.contains("token-dead"), "{said}");
    // What is no Keyway gets no token: the admin listener is none.
    let (code, said) = ask(&["--ask-at", &format!("http://{}", keyway.address("admin"))]);
    assert!(code == Some(2) && said.contains("is not the data address of a Keyway, so the token was not sent there"), "{said}");
}

#[test]
fn an_account_is_fine_until_something_is_wrong() {
    let keyway = Keyway::start(&[]);
    let made = keyway.json(&["app", "create", "Sync", "--scopes", "crm.objects.contacts.read"]);
    let checked = || {
        let output = keyway.run(&["doctor", "--account", "--json"]);
        (output.status.code(), serde_json::from_slice::<Value>(&output.stdout).unwrap())
    };
    let (code, fine) = checked();
    assert_eq!(code, Some(0), "{fine}");
    keyway.json(&["token", "revoke", &made["token"]["id"].to_string(), "--yes"]);
    let (code, wrong) = checked();
    let checks = wrong["accounts"][0]["checks"].as_array().unwrap();
    let broken: Vec<&str> = checks.iter().filter(|check| check["ok"] == false).map(|check| check["check"].as_str().unwrap()).collect();
    assert_eq!((code, broken), (Some(1), vec!["tokens"]));
}
