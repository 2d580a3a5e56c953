//! Plans: from a folder, from a report, from calls on record; written, and made on a Keyway.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::harness::{ADMIN_TOKEN, Keyway, http};

fn plan(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_keyway")).arg("plan").args(arguments).current_dir(folder).output().unwrap()
}

fn json_of(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)))
}

/// Two integrations: one reads contacts and writes deals, one has webhooks.
fn code() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write(
        "sync/main.py",
        "import requests\nrequests.get('https://api.hubapi.com/crm/v3/objects/contacts', params={'hapikey': KEY})\nrequests.post('https://api.hubapi.com/crm/v3/objects/deals', json={}, params={'hapikey': KEY})\n",
    );
    write("hooks/index.js", "fetch('https://api.hubapi.com/webhooks/v3/123/subscriptions?hapikey=' + DEV_KEY)\n");
    folder
}

fn scopes(app: &Value) -> Vec<&str> {
    app["scopes"].as_array().unwrap().iter().map(|reason| reason["scope"].as_str().unwrap()).collect()
}

#[test]
fn a_plan_names_what_was_not_read_the_scanned_folder_and_the_variables_of_the_code() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("shop");
    std::fs::create_dir(&folder).unwrap();
    let token = keyway_core::token::uuid_text(&std::array::from_fn(|at| u8::try_from(at * 73 % 256).unwrap_or(0) ^ 0x3f));
    std::fs::write(folder.join(".gitignore"), ".env\n").unwrap();
    std::fs::write(folder.join(".env"), format!("HUBSPOT_PRIVATE_APP_TOKEN=pat-na1-{token}\n")).unwrap();
    let code = "const headers = { Authorization: `Bearer ${process.env.HUBSPOT_PRIVATE_APP_TOKEN}` };\nfetch('https://api.hubapi.com/crm/v3/objects/contacts', { headers });\n";
    std::fs::write(folder.join("index.js"), code).unwrap();
    let text = |arguments: &[&str]| {
        let output = plan(place.path(), arguments);
        String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap()
    };
    let said = text(&["shop"]);
    assert!(said.contains("No credential is in plain text in the files that were read."), "{said}");
    assert!(said.contains("Left out, not read: .env (") && said.contains("--no-ignore"), "{said}");
    assert!(said.contains("set HUBSPOT_PRIVATE_APP_TOKEN to the app's token"), "{said}");
    let whole = text(&["shop", "--no-ignore"]);
    assert!(whole.contains("1 credential is in plain text.") && !whole.contains("Left out"), "{whole}");

    // A report says the same, wherever it is read.
    let report = Command::new(env!("CARGO_BIN_EXE_keyway")).args(["scan", "shop", "--json"]).current_dir(place.path()).output().unwrap();
    std::fs::write(place.path().join("report.json"), &report.stdout).unwrap();
    let made = json_of(&plan(place.path(), &["report.json", "--json"]));
    assert_eq!((&made["apps"][0]["name"], &made["unread"][0]["path"]), (&json!("shop"), &json!(".env")), "{made}");
    let refused = text(&["report.json", "--no-ignore"]);
    assert!(refused.contains("--no-ignore is for a folder"), "{refused}");
}

#[test]
fn a_folder_becomes_one_app_for_each_integration_with_the_least_scopes() {
    let folder = code();
    let output = plan(folder.path(), &[".", "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let made = json_of(&output);
    assert_eq!(made["version"], 1);
    let apps = made["apps"].as_array().unwrap();
    let names: Vec<&str> = apps.iter().map(|app| app["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["hooks", "sync"]);
    assert_eq!((apps[0]["credential"].as_str(), apps[1]["credential"].as_str()), (Some("project_app"), Some("service_key")));
    assert_eq!(scopes(&apps[1]), ["crm.objects.contacts.read", "crm.objects.deals.write"]);
    assert!(made["ends"].as_array().unwrap().iter().any(|end| end["date"] == "2022-11-30"), "{made}");

    let human = String::from_utf8(plan(folder.path(), &["."]).stdout).unwrap();
    assert!(human.contains("on HubSpot's pages") && human.contains("crm.objects.deals.write"), "{human}");
    let markdown = String::from_utf8(plan(folder.path(), &[".", "--format", "markdown"]).stdout).unwrap();
    assert!(markdown.contains("# HubSpot migration plan, "), "{markdown}");
    let html = String::from_utf8(plan(folder.path(), &[".", "--format", "html"]).stdout).unwrap();
    assert!(html.starts_with("<!doctype html>") && html.contains("prefers-color-scheme: dark") && html.contains("break-before: page"));
}

#[test]
fn without_a_folder_the_folder_that_one_is_in_is_planned() {
    let folder = code();
    let (named, default) = (plan(folder.path(), &[".", "--json"]), plan(folder.path(), &["--json"]));
    assert_eq!(default.status.code(), Some(1));
    assert_eq!(json_of(&default)["apps"], json_of(&named)["apps"]);
}

#[test]
fn the_name_of_the_output_says_its_format() {
    let folder = code();
    for (name, begins) in
        [("p.md", "<!-- keyway plan"), ("p.html", "<!doctype html>"), ("p.json", "{"), ("p.txt", "HUBSPOT MIGRATION PLAN")]
    {
        plan(folder.path(), &[".", "-o", name]);
        let text = std::fs::read_to_string(folder.path().join(name)).unwrap();
        assert!(text.starts_with(begins), "{name}: {}", &text[..80]);
    }
    let refused = plan(folder.path(), &[".", "-o", "p.pdf"]);
    assert_eq!(refused.status.code(), Some(2));
    let why = String::from_utf8_lossy(&refused.stderr);
    assert!(why.contains("--output p.pdf: the name says no known format. End it in .txt, .md, .html or .json"), "{why}");
}

#[test]
fn a_plan_without_an_integration_has_no_hours_and_rotates_keyway_tokens_by_a_command() {
    let folder = tempfile::tempdir().unwrap();
    let own = keyway_core::token::PlainToken::generate(
        "na1",
        [0x3f, 0x9c, 0x2b, 0x7e, 0x5a, 0x1d, 0x4c, 0x86, 0x9e, 0x02, 0xb7, 0xd4, 0x1f, 0x6a, 0x8c, 0x53],
    );
    std::fs::write(folder.path().join("serve.log"), format!("token {}\n", own.expose())).unwrap();
    let text = String::from_utf8(plan(folder.path(), &["--format", "markdown"]).stdout).unwrap();
    assert!(text.contains("No integration calls HubSpot in these files."), "{text}");
    assert!(!text.contains(" hours"), "{text}");
    assert!(text.contains("keyway token rotate APP") && !text.contains("on HubSpot's pages"), "{text}");
}

#[test]
fn what_keyway_wrote_is_not_planned_again() {
    let folder = code();
    let before = json_of(&plan(folder.path(), &[".", "--json"]));
    assert_eq!(plan(folder.path(), &[".", "--json", "-o", "sync/plan.json"]).status.code(), Some(1));
    let after = json_of(&plan(folder.path(), &[".", "--json"]));
    assert_eq!(after["apps"], before["apps"]);
}

#[test]
fn a_plan_says_what_fix_changes_and_a_folder_is_grouped_by_what_is_deployed() {
    let folder = code();
    std::fs::write(folder.path().join("sync/Dockerfile"), "FROM python:3\n").unwrap();
    std::fs::write(folder.path().join("CODEOWNERS"), "/sync/ @acme/sync\n").unwrap();
    let made = json_of(&plan(folder.path(), &[".", "--json"]));
    let sync = &made["apps"][1];
    assert_eq!((sync["deployed"].as_str(), sync["owner"].as_str()), (Some("Dockerfile"), Some("@acme/sync")), "{sync}");
    assert!(!sync["fixChanges"].as_array().unwrap().is_empty(), "{sync}");
    assert!(sync["steps"].to_string().contains("keyway app create sync"), "{sync}");
}

#[test]
fn a_report_gives_the_same_plan_as_its_folder() {
    let folder = code();
    let report = folder.path().join("report.json");
    let scanned = Command::new(env!("CARGO_BIN_EXE_keyway"))
        .args(["scan", "--json", "-o"])
        .arg(&report)
        .args(["sync", "hooks"])
        .current_dir(folder.path())
        .status()
        .unwrap();
    assert!(scanned.code() < Some(2));
    let of_report = json_of(&plan(folder.path(), &["report.json", "--json"]));
    assert_eq!(of_report["apps"].as_array().unwrap().len(), 2, "{of_report}");
    let broken = plan(folder.path(), &["sync/main.py", "--json"]);
    assert_eq!(broken.status.code(), Some(2));
}

#[test]
fn settings_and_comments_say_otherwise() {
    let folder = code();
    std::fs::write(folder.path().join("keyway.toml"), "[plan.app.\"Everything\"]\npaths = [\"sync\", \"hooks\"]\nowner = \"jo@example.com\"\ncredential = \"oauth\"\nscopes = [\"tickets\"]\n").unwrap();
    let made = json_of(&plan(folder.path(), &[".", "--json"]));
    let app = &made["apps"][0];
    assert_eq!(
        (app["name"].as_str(), app["owner"].as_str(), app["credential"].as_str()),
        (Some("Everything"), Some("jo@example.com"), Some("oauth"))
    );
    assert!(scopes(app).contains(&"tickets"), "{app}");
    let file = folder.path().join("hooks/index.js");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("// keyway:app Hook server\n{text}")).unwrap();
    let names: Vec<Value> =
        json_of(&plan(folder.path(), &[".", "--json"]))["apps"].as_array().unwrap().iter().map(|app| app["name"].clone()).collect();
    assert_eq!(names, ["Everything", "Hook server"]);
    std::fs::write(folder.path().join("keyway.toml"), "[plan]\nbogus = 1\n").unwrap();
    assert_eq!(plan(folder.path(), &["."]).status.code(), Some(2));
}

#[test]
fn what_is_applied_opens_what_the_code_calls_and_nothing_else() {
    let (folder, keyway) = (code(), Keyway::start(&[]));
    let data = keyway.folder.path().to_str().unwrap();
    let applied = plan(folder.path(), &[".", "--apply", "--json", "--data", data]);
    assert_eq!(applied.status.code(), Some(0), "{}", String::from_utf8_lossy(&applied.stderr));
    let applied = json_of(&applied);
    let sync = applied["apps"].as_array().unwrap().iter().find(|app| app["app"]["name"] == "sync").unwrap();
    let token = sync["token"]["value"].as_str().unwrap();
    let status = |method: &str, object: &str| {
        keyway
            .call(
                token,
                method,
                &format!("/crm/objects/2026-09/{object}"),
                (method == "POST")
                    .then_some("{\"properties\":{\"dealname\":\"x\",\"dealstage\":\"appointmentscheduled\",\"pipeline\":\"default\"}}"),
            )
            .0
    };
    assert_eq!((status("GET", "contacts"), status("POST", "deals")), (200, 201));
    assert_eq!((status("POST", "contacts"), status("GET", "companies")), (403, 403));
    let again = json_of(&plan(folder.path(), &[".", "--apply", "--json", "--data", data]));
    assert_eq!((again["apps"].as_array().unwrap().len(), again["kept"].clone()), (0, json!(["hooks", "sync"])));

    // What was called is a plan too, and what was refused is none.
    let recorded = json_of(&plan(folder.path(), &["--recorded", "--json", "--data", data]));
    let app = recorded["apps"].as_array().unwrap().iter().find(|app| app["name"] == "sync").unwrap();
    assert_eq!(scopes(app), ["crm.objects.contacts.read", "crm.objects.deals.write"]);
    let (status, over_http) = http(keyway.address("admin"), ADMIN_TOKEN, "POST", "/api/v1/plan", Some(r#"{"recorded":true}"#));
    assert_eq!((status, &over_http["plan"]["apps"]), (200, &recorded["apps"]));
    assert_eq!(http(keyway.address("admin"), ADMIN_TOKEN, "POST", "/api/v1/plan", Some("{}")).0, 400);
}

#[test]
fn an_app_behind_the_first_hundred_is_not_made_twice() {
    let (folder, keyway) = (code(), Keyway::start(&["--ephemeral"]));
    for number in 0..100 {
        let (status, _) =
            http(keyway.address("admin"), ADMIN_TOKEN, "POST", "/api/v1/apps", Some(&format!(r#"{{"name":"App {number}"}}"#)));
        assert_eq!(status, 200);
    }
    let data = keyway.folder.path().to_str().unwrap();
    let apply = || json_of(&plan(folder.path(), &[".", "--apply", "--json", "--data", data]));
    assert_eq!(apply()["apps"].as_array().unwrap().len(), 2);
    let again = apply();
    assert_eq!((again["apps"].as_array().unwrap().len(), again["kept"].clone()), (0, json!(["hooks", "sync"])));
}

#[test]
fn a_project_is_written_once() {
    let folder = code();
    let written = plan(folder.path(), &[".", "--project", "hubspot"]);
    assert_eq!(written.status.code(), Some(1));
    let meta: Value =
        serde_json::from_str(&std::fs::read_to_string(folder.path().join("hubspot/hooks/src/app/app-hsmeta.json")).unwrap()).unwrap();
    assert_eq!((meta["type"].as_str(), meta["config"]["auth"]["type"].as_str()), (Some("app"), Some("static")));
    assert!(!folder.path().join("hubspot/sync").exists(), "a service key needs no project");
    assert_eq!(plan(folder.path(), &[".", "--project", "hubspot"]).status.code(), Some(2));
}
