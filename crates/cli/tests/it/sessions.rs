//! Sessions from the command line to the data listener: budgets at their edges, and what people see of them.

use serde_json::{Value, json};

use crate::connection::{Scripted, connected, credential, ok};
use crate::harness::Keyway;

const CONTACTS: &str = "/crm/v3/objects/contacts";

/// An app that may read and write contacts.
fn with_app(options: &[&str]) -> Keyway {
    let keyway = Keyway::start(options);
    keyway.json(&["app", "create", "Agent", "--scopes", "crm.objects.contacts.read,crm.objects.contacts.write", "--no-limits"]);
    keyway
}

/// A session of the app, with further options: its id and its token.
fn session(keyway: &Keyway, options: &[&str]) -> (String, String) {
    let fixed = ["session", "create", "--app", "Agent", "--on-behalf-of", "ada@example.com", "--purpose", "Clean up"];
    let made = keyway.json(&[&fixed, options].concat());
    (made["session"]["id"].to_string(), made["token"]["value"].as_str().unwrap().to_owned())
}

fn batch(count: usize) -> String {
    let input = |number: usize| json!({ "properties": { "email": format!("{number}-of-{count}@example.com") } });
    json!({ "inputs": (0..count).map(input).collect::<Vec<_>>() }).to_string()
}

fn refusal(answer: &(u16, Value)) -> (u16, &str) {
    (answer.0, answer.1["category"].as_str().unwrap_or_default())
}

const USED: (u16, &str) = (403, "BUDGET_USED");

#[test]
fn a_budget_of_calls_lets_its_last_call_through_and_survives_a_restart() {
    let keyway = with_app(&[]);
    let (id, token) = session(&keyway, &["--calls", "3"]);
    assert_eq!(keyway.call(&token, "GET", CONTACTS, None).0, 200);
    assert_eq!(keyway.call(&token, "POST", CONTACTS, Some("{}")).0, 403, "what is refused for its class uses nothing");
    assert_eq!(keyway.call(&token, "GET", CONTACTS, None).0, 200);
    let folder = keyway.stop();
    let keyway = Keyway::start_in(folder, &[]);
    assert_eq!(keyway.call(&token, "GET", CONTACTS, None).0, 200);
    let refused = keyway.call(&token, "GET", CONTACTS, None);
    assert_eq!(refusal(&refused), USED, "{}", refused.1);
    assert!(refused.1["message"].as_str().unwrap().contains("0 of its 3 calls left"), "{}", refused.1);
    let shown = keyway.json(&["session", "show", &id])["session"].clone();
    assert_eq!(shown["calls"], json!({ "used": 3, "most": 3, "left": 0 }));
    assert_eq!(shown["records"], json!({ "used": 0, "most": null, "left": null }));
    let records = keyway.json(&["audit", "list", "--session", &id])["records"].clone();
    let said: Vec<(&str, &str)> = records
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            assert_eq!(
                (&one["session"].to_string(), &one["onBehalfOf"], &one["purpose"]),
                (&id, &json!("ada@example.com"), &json!("Clean up"))
            );
            (one["decision"].as_str().unwrap(), one["rule"].as_str().unwrap_or("-"))
        })
        .collect();
    let allowed = ("allowed", "-");
    assert_eq!(said, [("denied", "budget-used"), allowed, allowed, ("denied", "class-not-allowed"), allowed]);
}

#[test]
fn a_batch_counts_what_it_names_and_a_page_what_it_holds() {
    let keyway = with_app(&[]);
    let (id, token) = session(&keyway, &["--records", "10", "--classes", "read,create,update,bulk"]);
    let used = || keyway.json(&["session", "show", &id])["session"]["records"]["used"].clone();
    let create = |count: usize| keyway.call(&token, "POST", "/crm/v3/objects/contacts/batch/create", Some(&batch(count)));
    assert_eq!(create(4).0, 201);
    assert_eq!(used(), 4);
    assert_eq!(refusal(&create(7)), USED);
    assert_eq!(used(), 4, "nothing of a batch that does not fit");
    assert_eq!(keyway.call(&token, "GET", &format!("{CONTACTS}?limit=2"), None).0, 200);
    assert_eq!(used(), 6);
    assert_eq!(keyway.call(&token, "POST", "/crm/v3/objects/contacts/search", Some(r#"{"limit":1}"#)).0, 200);
    assert_eq!(used(), 7);
    assert_eq!(keyway.call(&token, "GET", "/crm/v3/objects/contacts/99999", None).0, 404);
    assert_eq!(keyway.call(&token, "GET", "/crm/v3/properties/contacts", None).0, 200);
    assert_eq!(used(), 7, "neither an error nor a definition is a record");
    // All of the contacts are more than what is left: the answer stays here.
    let withheld = keyway.call(&token, "GET", CONTACTS, None);
    assert_eq!(refusal(&withheld), USED, "{}", withheld.1);
    assert!(withheld.1["message"].as_str().unwrap().contains("withheld") && withheld.1["results"].is_null(), "{}", withheld.1);
    assert_eq!(used(), 7);
    assert_eq!(keyway.call(&token, "GET", &format!("{CONTACTS}?limit=3"), None).0, 200);
    assert_eq!(used(), 10);
    assert_eq!(refusal(&keyway.call(&token, "GET", &format!("{CONTACTS}?limit=1"), None)), USED);
    assert_eq!(keyway.call(&token, "GET", "/crm/v3/properties/contacts", None).0, 200);
    // How many records an import changes is not known before it is made.
    assert_eq!(refusal(&keyway.call(&token, "POST", "/crm/v3/objects/contacts/batch/create", Some("{}"))), USED);
}

#[test]
fn of_two_calls_that_want_the_last_unit_at_once_one_gets_it() {
    let keyway = with_app(&[]);
    for round in 0..5 {
        let (_, token) = session(&keyway, &["--calls-per-day", "1", "--classes", "create"]);
        let body = |number: usize| json!({ "properties": { "email": format!("{round}-{number}@example.com") } }).to_string();
        let statuses: Vec<u16> = std::thread::scope(|scope| {
            let call = |number: usize| {
                let (keyway, token) = (&keyway, &token);
                scope.spawn(move || keyway.call(token, "POST", CONTACTS, Some(&body(number))).0)
            };
            let all: Vec<_> = (0..6).map(call).collect();
            all.into_iter().map(|one| one.join().unwrap()).collect()
        });
        assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1, "{statuses:?}");
        assert_eq!(statuses.iter().filter(|status| **status == 403).count(), 5, "{statuses:?}");
    }
}

#[test]
fn answers_of_hubspot_count_too_and_what_does_not_fit_is_withheld() {
    let page =
        |count: usize| ok(&json!({ "results": (0..count).map(|id| json!({ "id": id.to_string() })).collect::<Vec<_>>() }).to_string());
    let upstream = Scripted::start(vec![page(3), page(5), page(2)]);
    let (keyway, _) = connected(&format!("http://{}", upstream.address), &credential(33));
    let fixed = ["session", "create", "--app", "Sync", "--on-behalf-of", "ada@example.com", "--purpose", "Read", "--records", "5"];
    let made = keyway.json(&fixed);
    let (id, token) = (made["session"]["id"].to_string(), made["token"]["value"].as_str().unwrap());
    let used = || keyway.json(&["session", "show", &id])["session"]["records"]["used"].clone();
    assert_eq!(keyway.call(token, "GET", CONTACTS, None).1["results"].as_array().unwrap().len(), 3);
    assert_eq!(used(), 3);
    let withheld = keyway.call(token, "GET", CONTACTS, None);
    assert_eq!(refusal(&withheld), USED, "{}", withheld.1);
    assert_eq!(used(), 3, "what was not given is not used");
    let record = keyway.json(&["audit", "list", "--session", &id, "--limit", "1"])["records"][0].clone();
    assert_eq!((&record["status"], &record["attempts"], &record["rule"]), (&json!(403), &json!(1), &json!("budget-used")));
    assert_eq!(keyway.call(token, "GET", CONTACTS, None).1["results"].as_array().unwrap().len(), 2);
    assert_eq!(refusal(&keyway.call(token, "GET", CONTACTS, None)), USED);
    assert_eq!(upstream.seen().len(), 4, "the last call did not reach HubSpot");
}

#[test]
fn a_session_is_listed_shown_and_ended() {
    let keyway = with_app(&[]);
    let (id, token) = session(&keyway, &["--lifetime", "30m", "--scopes", "crm.objects.contacts.read"]);
    let listed = keyway.json(&["session", "list", "--app", "Agent"])["sessions"].clone();
    let one = &listed[0];
    assert_eq!(
        (&one["state"], &one["classes"], &one["scopes"]),
        (&json!("active"), &json!(["read"]), &json!(["crm.objects.contacts.read", "oauth"]))
    );
    assert!(!listed.to_string().contains(&token), "the token is shown once");
    assert_eq!(keyway.json(&["token", "list", "Agent"])["tokens"].as_array().unwrap().len(), 1, "a session is no token of the app");
    let (status, info) =
        keyway.call("", "POST", "/oauth/v2/private-apps/get/access-token-info", Some(&json!({ "tokenKey": token }).to_string()));
    assert_eq!((status, &info["scopes"]), (200, &json!(["crm.objects.contacts.read", "oauth"])));
    keyway.json(&["session", "end", &id]);
    assert_eq!(keyway.call(&token, "GET", CONTACTS, None).0, 401);
    assert_eq!(keyway.json(&["session", "list"])["sessions"], json!([]));
    assert_eq!(keyway.json(&["session", "list", "--all"])["sessions"][0]["state"], "ended");
    let changes = String::from_utf8(keyway.run(&["changes", "--json"]).stdout).unwrap();
    assert!(changes.contains("createSession") && changes.contains("endSession") && changes.contains("Clean up"), "{changes}");
    for (wider, text) in [
        (["--scopes", "automation"], "never wider than its app"),
        (["--classes", "writes"], "not a class"),
        (["--lifetime", "8d"], "at most 7 days"),
    ] {
        let fixed = ["session", "create", "--app", "Agent", "--on-behalf-of", "ada@example.com", "--purpose", "x"];
        let output = keyway.run(&[&fixed[..], &wider[..]].concat());
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(2) && told.contains(text), "{wider:?}: {told}");
    }
}

#[test]
fn an_app_is_held_to_classes_from_its_making_on_and_over_a_restart() {
    let keyway = Keyway::start(&[]);
    let scopes = "crm.objects.contacts.read,crm.objects.contacts.write";
    let made = keyway.json(&["app", "create", "Reader", "--scopes", scopes, "--allow", "read"]);
    assert_eq!(made["app"]["allow"], json!(["read"]));
    let token = made["token"]["value"].as_str().unwrap().to_owned();
    let folder = keyway.stop();
    let keyway = Keyway::start_in(folder, &[]);
    assert_eq!(keyway.call(&token, "GET", CONTACTS, None).0, 200);
    let refused = keyway.call(&token, "POST", CONTACTS, Some(r#"{"properties":{}}"#));
    assert_eq!(refusal(&refused), (403, "CLASS_NOT_ALLOWED"));
    let remedy = refused.1["errors"][0]["context"]["remedy"][0].as_str().unwrap().to_owned();
    let arguments: Vec<&str> = remedy.strip_prefix("keyway ").unwrap().split(' ').collect();
    keyway.json(&arguments);
    assert_eq!(keyway.call(&token, "POST", CONTACTS, Some(r#"{"properties":{"email":"a@example.com"}}"#)).0, 201, "effective at once");
    assert_eq!(keyway.json(&["app", "show", "Reader"])["app"]["allow"], json!(["read", "create"]));
    keyway.json(&["app", "update", "Reader", "--allow", "all"]);
    assert_eq!(keyway.json(&["app", "show", "Reader"])["app"]["allow"], json!(["all"]));
    let output = keyway.run(&["app", "update", "Reader", "--allow", "write"]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("is not a class of operations"));
}
