//! How many calls there were, by `keyway calls`, and the past with which a demo begins.

use serde_json::Value;

use crate::harness::{ADMIN_TOKEN, Keyway, ask};
use crate::sign_in::Browser;

/// A server on which an app made two calls, of which one was refused, and somebody unknown made one.
fn called() -> Keyway {
    let keyway = Keyway::start(&[]);
    let made = keyway.json(&["app", "create", "Sync", "--scopes", "crm.objects.contacts.read"]);
    let token = made["token"]["value"].as_str().unwrap();
    assert_eq!(keyway.call(token, "GET", "/crm/v3/objects/contacts?limit=1", None).0, 200);
    assert_eq!(keyway.call(token, "POST", "/crm/v3/objects/contacts", Some("{}")).0, 403);
    assert_eq!(keyway.call("not-a-token", "GET", "/crm/v3/objects/contacts", None).0, 401);
    keyway
}

/// Name, calls and failed calls of each group.
fn groups(counts: &Value) -> Vec<(String, u64, u64)> {
    let number = |value: &Value| value.as_u64().unwrap();
    let row = |group: &Value| (group["name"].as_str().unwrap().to_owned(), number(&group["calls"]), number(&group["failed"]));
    counts["groups"].as_array().unwrap().iter().map(row).collect()
}

fn of(name: &str, calls: u64, failed: u64) -> (String, u64, u64) {
    (name.to_owned(), calls, failed)
}

#[test]
fn calls_are_counted_by_app_class_outcome_and_cause_as_soon_as_they_are_answered() {
    let keyway = called();
    let counts = keyway.json(&["calls"]);
    assert_eq!(groups(&counts), [of("Sync", 2, 1), of("(unknown token)", 1, 1)]);
    assert_eq!((&counts["total"]["calls"], &counts["total"]["failed"], &counts["whole"]), (&3.into(), &2.into(), &true.into()));
    assert!(counts["total"]["p95Us"].as_u64().is_some_and(|us| us > 0));
    let by = |what: &str| groups(&keyway.json(&["calls", "--app", "Sync", "--by", what, "--since", "1h"]));
    assert_eq!(by("class"), [of("create", 1, 1), of("read", 1, 0)]);
    assert_eq!(by("outcome"), [of("4xx", 1, 1), of("ok", 1, 0)]);
    assert_eq!(by("cause"), [of("missing-scopes", 1, 1)]);
    assert_eq!(by("account"), [of("Embedded account", 2, 1)]);
}

#[test]
fn an_app_that_was_deleted_is_named_alike_wherever_its_calls_are_shown() {
    let keyway = called();
    keyway.json(&["app", "create", "Other", "--scopes", "crm.objects.contacts.read"]);
    let account = keyway.json(&["account", "list"])["accounts"][0]["hubId"].to_string();
    let id = keyway.json(&["app", "show", "Sync"])["app"]["id"].to_string();
    keyway.json(&["app", "delete", "Sync", "--yes"]);
    let commands: [&[&str]; 5] =
        [&["account", "usage", &account], &["account", "show", &account], &["calls"], &["audit", "list"], &["audit", "list", "--app", &id]];
    for command in commands {
        let shown = String::from_utf8(keyway.run(command).stdout).unwrap();
        assert!(shown.contains(&format!("app {id} (deleted)")), "{command:?}: {shown}");
    }
    // The list of calls says nothing of the sort where the caller is not known.
    assert!(String::from_utf8(keyway.run(&["audit", "list", "--status", "401"]).stdout).unwrap().contains(" -  "));
}

#[test]
fn counts_outlive_a_crash_and_their_own_file() {
    let keyway = called();
    let before = groups(&keyway.json(&["calls"]));
    let folder = keyway.kill();
    let keyway = Keyway::start_in(folder, &[]);
    assert_eq!(groups(&keyway.json(&["calls"])), before);
    let folder = keyway.stop();
    for file in ["counts.db", "counts.db-wal", "counts.db-shm"] {
        let _ = std::fs::remove_file(folder.path().join(file));
    }
    let keyway = Keyway::start_in(folder, &[]);
    assert_eq!(groups(&keyway.json(&["calls"])), before);
}

#[test]
fn a_time_without_calls_and_words_that_mean_nothing_are_told_apart() {
    let keyway = called();
    assert!(groups(&keyway.json(&["calls", "--since", "3d", "--until", "2d"])).is_empty());
    let (status, _, body) = ask(&keyway, Some(ADMIN_TOKEN), "GET", "/api/v1/calls?by=weather", &Value::Null);
    assert!(status == 400 && body["detail"].as_str().unwrap().contains("weather"), "{status} {body}");
    let (status, _, body) = ask(&keyway, Some(ADMIN_TOKEN), "GET", "/api/v1/overview?range=century", &Value::Null);
    assert!(status == 400 && body["detail"].as_str().unwrap().contains("hour, day, week or month"), "{status} {body}");
}

#[test]
fn a_demo_begins_with_a_past_that_says_it_is_one() {
    let keyway = Keyway::start_with(tempfile::tempdir().unwrap(), &["--demo"], &[("KEYWAY_DEMO_DAYS", "30")]);
    let counts = keyway.json(&["calls", "--since", "30d"]);
    let names: Vec<String> = groups(&counts).into_iter().map(|(name, ..)| name).collect();
    assert!(names.contains(&"Webshop orders".to_owned()) && !names.contains(&"Chat bot trial".to_owned()), "{names:?}");
    assert!(counts["total"]["calls"].as_u64().unwrap() > 10_000);
    let newest = keyway.json(&["audit", "list", "--limit", "5"]);
    assert!(newest["records"].as_array().unwrap().iter().all(|record| record["tool"] == "demo"), "{newest}");
    assert_eq!(keyway.json(&["audit", "verify"])["fault"], Value::Null);
    // Which calls end is counted soon after the start.
    let overview = (0..300).find_map(|_| {
        std::thread::sleep(std::time::Duration::from_millis(100));
        let (_, _, overview) = ask(&keyway, Some(ADMIN_TOKEN), "GET", "/api/v1/overview?range=month", &Value::Null);
        (!overview["sunsets"].is_null()).then_some(overview)
    });
    let overview = overview.expect("the calls that end are counted");
    let kinds: Vec<&str> = overview["attention"].as_array().unwrap().iter().map(|one| one["kind"].as_str().unwrap()).collect();
    assert!(kinds.contains(&"token-rotation"), "{kinds:?}");
    assert!(overview["unused"]["apps"].to_string().contains("Chat bot trial"), "{overview}");
    assert!(overview["sunsets"]["apps"].to_string().contains("Sales report script"), "{overview}");
    // A restart adds nothing to it.
    let before = counts["total"]["calls"].as_u64().unwrap();
    let keyway = Keyway::start_with(keyway.stop(), &["--demo"], &[("KEYWAY_DEMO_DAYS", "30")]);
    let after = keyway.json(&["calls", "--since", "31d"])["total"]["calls"].as_u64().unwrap();
    assert!(after >= before && after < before + 2_000, "{before} {after}");
}

#[test]
fn apps_are_listed_also_while_the_counts_can_not_be_read() {
    let folder = tempfile::tempdir().unwrap();
    // A folder in the place of the file.
    std::fs::create_dir_all(folder.path().join("counts.db")).unwrap();
    let keyway = Keyway::start_in(folder, &[]);
    keyway.json(&["app", "create", "Sync", "--scopes", "crm.objects.contacts.read"]);
    let (status, _, body) = ask(&keyway, Some(ADMIN_TOKEN), "GET", "/api/v1/apps", &Value::Null);
    assert_eq!((status, &body["apps"][0]["name"], &body["apps"][0]["day"]), (200, &"Sync".into(), &Value::Null), "{body}");
    let (status, ..) = ask(&keyway, Some(ADMIN_TOKEN), "GET", "/api/v1/calls", &Value::Null);
    assert!(status >= 500, "what has counts alone is refused: {status}");
}

#[test]
fn the_overview_says_why_calls_can_not_be_counted_and_has_everything_else() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("counts.db")).unwrap();
    let keyway = Keyway::start_in(folder, &[]);
    keyway.json(&["app", "create", "Sync", "--scopes", "crm.objects.contacts.read", "--expires", "2d"]);
    let overview = || ask(&keyway, Some(ADMIN_TOKEN), "GET", "/api/v1/overview", &Value::Null);
    let (status, _, body) = overview();
    assert_eq!((status, &body["attention"][0]["kind"], &body["total"]["calls"]), (200, &"token-expiring".into(), &0.into()), "{body}");
    let why = body["uncounted"].as_str().unwrap();
    assert!(why.contains("unable to open database file"), "{why}");
    assert_eq!(body["accounts"]["top"][0]["burnDown"]["used"], serde_json::json!([]), "nothing is known of the day's hours");
    let status = String::from_utf8(keyway.run(&["status"]).stdout).unwrap();
    assert!(status.contains("can't count calls: ") && status.contains("unable to open database file"), "{status}");
    let password = "a password that is long";
    keyway.json(&["user", "create", "ada@example.com", "--credential-command", &format!("printf '{password}'")]);
    let mut browser = Browser::new(&keyway);
    browser.sign_in("ada@example.com", password);
    for page in ["/", "/overview/live"] {
        let page = browser.get(page);
        assert!(page.status == 200 && page.body.contains("Keyway cannot count calls"), "{}", page.body);
        assert!(page.body.contains("<code>counts.db</code>") && page.body.contains("Sync"), "{}", page.body);
    }
    // As soon as the file can be made, calls are counted: no restart is needed.
    std::fs::remove_dir(keyway.folder.path().join("counts.db")).unwrap();
    let (_, _, body) = overview();
    assert_eq!((&body["uncounted"], &body["whole"]), (&Value::Null, &true.into()), "{body}");
}

#[test]
fn calls_of_an_app_stand_beside_the_limits_of_its_account() {
    let keyway = called();
    let limits = |query: &str| ask(&keyway, Some(ADMIN_TOKEN), "GET", &format!("/api/v1/calls?{query}"), &Value::Null).2["limits"].clone();
    for range in ["hour", "day", "week", "month"] {
        let of_app = limits(&format!("app=Sync&range={range}"));
        let most = |list: &str| of_app[list].as_array().unwrap().iter().filter_map(Value::as_u64).max();
        assert!(most("peaks").is_some_and(|calls| calls == 1 || calls == 2), "{range} {of_app}");
        // The refused call does not count against HubSpot's limits.
        assert_eq!(most("used"), Some(1), "{range} {of_app}");
        assert!(of_app["burst"].as_u64().unwrap() >= 100 && of_app["daily"].as_u64().unwrap() > 1_000, "{of_app}");
    }
    assert_eq!(limits("range=day"), Value::Null, "several accounts have no limit in common");
    let (status, _, body) = ask(&keyway, Some(ADMIN_TOKEN), "GET", "/api/v1/calls?range=day&from=2026-01-01T00:00:00Z", &Value::Null);
    assert!(status == 400 && body["detail"].as_str().unwrap().contains("in place of from and to"), "{status} {body}");
}
