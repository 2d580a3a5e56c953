//! Every operation of the admin API for every role and for nobody: what the table of operations says
//! is what the server does.

use keyway_gateway::admin::{Access, OPERATIONS, Operation, OperationId, Reach};
use keyway_gateway::principal::Role;
use serde_json::{Value, json};

use crate::harness::{ADMIN_TOKEN, Keyway, ask};

/// What stands for a path's parameters.
struct Names {
    hub_id: String,
    app: String,
    token_id: String,
    approval: String,
    integration: String,
    other: &'static str,
}

impl Names {
    fn fill(&self, path: &str) -> String {
        let mut filled = path.replace("{hub_id}", &self.hub_id).replace("{app}", &self.app).replace("{token_id}", &self.token_id);
        filled = filled.replace("{approval}", &self.approval).replace("{integration}", &self.integration);
        while let Some((before, rest)) = filled.split_once('{') {
            filled = format!("{before}{}{}", self.other, rest.split_once('}').unwrap().1);
        }
        filled
    }
}

/// An account with an app, its token, an approval that waits, and an integration of its name on the migration board.
fn account_with_app(keyway: &Keyway, name: &str) -> Names {
    let account = keyway.json(&["account", "create", name]);
    let hub_id = account["account"]["hubId"].to_string();
    let made = keyway.json(&["app", "create", name, "--account", &hub_id, "--scopes", "tickets", "--approve", "create"]);
    let token = made["token"]["value"].as_str().unwrap();
    let (_, refused) = keyway.call(token, "POST", "/crm/v3/objects/tickets", Some("{}"));
    let approval = refused["errors"][0]["context"]["approval"][0].as_str().unwrap().to_owned();
    let usage = json!({ "path": format!("{name}/main.py"), "line": 1, "operation": "GET /crm/v3/objects/tickets", "auth": "bearer", "scopes": ["tickets"] });
    let report = json!({ "repository": name, "report": { "version": 1, "findings": [], "usages": [usage] } });
    let (status, _, sent) = ask(keyway, Some(ADMIN_TOKEN), "POST", "/api/v1/migration/reports", &report);
    assert_eq!(status, 200, "{sent}");
    let board = keyway.json(&["migration", "list"]);
    let integration = board["integrations"].as_array().unwrap().iter().find(|one| one["app"]["name"] == name);
    let integration = integration.unwrap_or_else(|| panic!("{board}"))["id"].to_string();
    let (app, token_id) = (made["app"]["id"].to_string(), made["token"]["id"].to_string());
    Names { hub_id, app, token_id, approval, integration, other: "nobody" }
}

fn admin_token(keyway: &Keyway, role: &str, apps: &[&str]) -> String {
    let mut arguments = vec!["admin-token", "create", role, "--role", role];
    apps.iter().for_each(|app| arguments.extend(["--app", app]));
    keyway.json(&arguments)["adminToken"]["value"].as_str().unwrap().to_owned()
}

/// Enough for a body to be read where one must be: nothing of it names what is there.
fn body(operation: &Operation) -> Value {
    match operation.id {
        OperationId::RotateToken | OperationId::TakeOver => json!({ "graceMs": 60_000 }),
        _ if operation.method == "GET" || operation.method == "DELETE" => Value::Null,
        _ => json!({}),
    }
}

#[test]
fn every_operation_is_open_to_the_roles_of_the_table_and_to_no_other() {
    let keyway = Keyway::start(&[]);
    let (own, others) = (account_with_app(&keyway, "Own"), account_with_app(&keyway, "Others"));
    let missing = Names {
        hub_id: "999".into(),
        app: "nobody".into(),
        token_id: "999".into(),
        approval: "999".into(),
        integration: "999".into(),
        other: "nobody",
    };
    let roles = [
        (Role::SuperAdmin, admin_token(&keyway, "super-admin", &[])),
        (Role::AppManager(vec![own.app.parse().unwrap()]), admin_token(&keyway, "app-manager", &[&own.app])),
        (Role::Auditor, admin_token(&keyway, "auditor", &[])),
        (Role::TokenService, admin_token(&keyway, "token-service", &[])),
    ];
    for operation in OPERATIONS {
        let what = format!("{} {}", operation.method, operation.path);
        let ask = |token: Option<&str>, names: &Names| ask(&keyway, token, operation.method, &names.fill(operation.path), &body(operation));
        let (status, head, refused) = ask(None, &own);
        if operation.access == Access::Open {
            assert_eq!(status, 200, "{what} for anybody");
            continue;
        }
        assert_eq!((status, &refused["code"]), (401, &json!("unauthorized")), "{what} for nobody");
        assert!(head.contains("www-authenticate: bearer") && head.contains("content-type: application/problem+json"), "{what}: {head}");
        assert_eq!(ask(Some("kwa_of-somebody-else"), &own).0, 401, "{what} for a stranger");
        for (role, token) in &roles {
            let of = role.name();
            match operation.access.reach(role.into()) {
                // What is there is named, so that a hole would be one.
                Reach::Nothing => {
                    let (status, _, refused) = ask(Some(token), &own);
                    assert_eq!((status, &refused["code"]), (403, &json!("forbidden")), "{what} for {of}");
                }
                Reach::Everything => {
                    let (status, _, answer) = ask(Some(token), &missing);
                    assert!(![401, 403, 405].contains(&status) && status < 500, "{what} for {of}: {status} {answer}");
                }
                Reach::OwnApps => {
                    let (status, _, answer) = ask(Some(token), &own);
                    let needs_app = operation.path.starts_with("/api/v1/audit");
                    assert!(status < 500 && (status != 403 || needs_app), "{what} for {of}: {status} {answer}");
                    if operation.path.contains('{') {
                        assert_eq!(ask(Some(token), &others).0, 403, "{what} of others for {of}");
                        // Whether something is there is not told either.
                        assert_eq!(ask(Some(token), &missing).0, 403, "{what} of nothing for {of}");
                    } else {
                        let shown = answer.to_string();
                        assert!(!shown.contains("Others"), "{what} for {of} shows others: {shown}");
                    }
                }
            }
        }
    }
    // None of it changed what others own.
    assert_eq!(keyway.json(&["app", "list"])["apps"].as_array().unwrap().len(), 2);
    assert_eq!(keyway.json(&["token", "list", "Others"])["tokens"][0]["state"], "active");
}

#[test]
fn an_app_manager_sees_the_calls_of_their_apps_and_no_forecast_of_the_whole_account() {
    let keyway = Keyway::start(&[]);
    let hub_id = keyway.json(&["account", "create", "Shared"])["account"]["hubId"].to_string();
    let made = |name: &str| keyway.json(&["app", "create", name, "--account", &hub_id, "--scopes", "tickets"]);
    let (mine, theirs) = (made("Mine"), made("Theirs"));
    for (app, calls) in [(&mine, 2), (&theirs, 5)] {
        for _ in 0..calls {
            assert_eq!(keyway.call(app["token"]["value"].as_str().unwrap(), "GET", "/crm/v3/objects/tickets", None).0, 200);
        }
    }
    let manager = admin_token(&keyway, "app-manager", &[&mine["app"]["id"].to_string()]);
    let limit = |token: &str| {
        let (status, _, overview) = ask(&keyway, Some(token), "GET", &format!("/api/v1/overview?hubId={hub_id}"), &Value::Null);
        assert_eq!((status, overview["accounts"]["top"].as_array().unwrap().len()), (200, 1), "{overview}");
        overview["accounts"]["top"][0].clone()
    };
    let (of_manager, of_all) = (limit(&manager), limit(&admin_token(&keyway, "auditor", &[])));
    assert_eq!((&of_manager["callsOfHour"], &of_all["callsOfHour"]), (&json!(2), &json!(7)));
    assert_eq!((&of_manager["burnDown"]["used"], &of_manager["usedUpAt"]), (&json!([]), &Value::Null), "{of_manager}");
    let of_hours = of_all["burnDown"]["used"].as_array().unwrap();
    assert_eq!(of_hours.last(), Some(&json!(7)), "{of_all}");
    // HubSpot tells every app how much of the day is left, so this is no secret among the apps of an account.
    assert_eq!(of_manager["usedToday"], json!(7));
}

#[test]
fn an_app_manager_takes_scopes_away_and_gives_none() {
    let keyway = Keyway::start(&[]);
    let (own, others) = (account_with_app(&keyway, "Own"), account_with_app(&keyway, "Others"));
    let token = admin_token(&keyway, "app-manager", &[&own.app]);
    let path = format!("/api/v1/apps/{}", own.app);
    let patch = |body: Value| ask(&keyway, Some(&token), "PATCH", &path, &body).0;
    for wider in [
        json!({ "addScopes": ["crm.objects.contacts.read"] }),
        json!({ "scopes": ["tickets", "crm.objects.contacts.read"] }),
        json!({ "weight": 100 }),
        json!({ "reserve": 1 }),
        json!({ "maxWaitMs": 60_000 }),
    ] {
        assert_eq!(patch(wider.clone()), 403, "{wider}");
    }
    assert_eq!(patch(json!({ "description": "what it is for", "scopes": ["tickets"] })), 200);
    assert_eq!(patch(json!({ "removeScopes": ["tickets"] })), 200);
    // What is gone can't be taken back.
    assert_eq!(patch(json!({ "addScopes": ["tickets"] })), 403);
    assert_eq!(ask(&keyway, Some(&token), "GET", &format!("/api/v1/audit?app={}", own.app), &Value::Null).0, 200);
    for query in ["", "?app=Others", &format!("?app={}", others.app)] {
        assert_eq!(ask(&keyway, Some(&token), "GET", &format!("/api/v1/audit{query}"), &Value::Null).0, 403, "{query}");
        assert_eq!(ask(&keyway, Some(&token), "GET", &format!("/api/v1/audit/export{query}"), &Value::Null).0, 403, "{query}");
    }
}

#[test]
fn an_admin_token_ends_when_it_is_revoked_and_after_its_lifetime() {
    let keyway = Keyway::start(&[]);
    let token = admin_token(&keyway, "auditor", &[]);
    let me = || ask(&keyway, Some(&token), "GET", "/api/v1/me", &Value::Null);
    let (status, _, answer) = me();
    assert_eq!((status, &answer["name"], &answer["role"]), (200, &json!("auditor"), &json!("auditor")));
    let listed = keyway.json(&["admin-token", "list"])["adminTokens"][0].clone();
    assert_eq!((&listed["createdBy"], &listed["state"]), (&json!("socket"), &json!("active")));
    assert!(!listed.to_string().contains(&token) && listed["lastUsedAt"].is_string(), "{listed}");
    assert_eq!(keyway.run(&["admin-token", "create", "auditor", "--role", "auditor"]).status.code(), Some(2), "the name is taken");
    keyway.json(&["admin-token", "revoke", "auditor", "--yes"]);
    assert_eq!(me().0, 401);
    let short = keyway.json(&["admin-token", "create", "auditor", "--role", "auditor", "--lifetime", "1s"]);
    let short = short["adminToken"]["value"].as_str().unwrap().to_owned();
    let ended = (0..100).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(50));
        ask(&keyway, Some(&short), "GET", "/api/v1/me", &Value::Null).0 == 401
    });
    assert!(ended, "it lives on after its second");
}

#[test]
fn there_is_always_somebody_who_can_give_roles() {
    let keyway = Keyway::start(&[]);
    let refused = keyway.run(&["user", "create", "ada@example.com", "--role", "auditor"]);
    assert_eq!(refused.status.code(), Some(2), "{}", String::from_utf8_lossy(&refused.stderr));
    assert_eq!(keyway.json(&["user", "list"])["users"], json!([]));
    let first = keyway.json(&["user", "create", "ada@example.com"]);
    assert_eq!(first["user"]["role"], "super-admin");
    assert_eq!(keyway.json(&["user", "create", "bob@example.com"])["user"]["role"], "auditor");
    let failed = |arguments: &[&str]| assert_eq!(keyway.run(arguments).status.code(), Some(2), "{arguments:?}");
    failed(&["user", "role", "ada@example.com", "auditor"]);
    failed(&["user", "delete", "ada@example.com", "--yes"]);
    failed(&["user", "role", "bob@example.com", "token-service"]);
    failed(&["user", "role", "bob@example.com", "app-manager"]);
    failed(&["user", "role", "carl@example.com", "auditor"]);
    keyway.json(&["user", "role", "bob@example.com", "super-admin"]);
    keyway.json(&["user", "role", "ada@example.com", "auditor"]);
    keyway.json(&["user", "delete", "ada@example.com", "--yes"]);
    // The last one may go: the server then is as it was at its first start.
    keyway.json(&["user", "delete", "bob@example.com", "--yes"]);
}
