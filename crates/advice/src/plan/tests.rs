use super::*;

fn one(operation: &str, scopes: &[&str]) -> Use {
    Use {
        operation: operation.to_owned(),
        scopes: scopes.iter().map(ToString::to_string).collect(),
        auth: "bearer".to_owned(),
        place: "a.py:1".to_owned(),
        ..Use::default()
    }
}

fn of(uses: Vec<Use>) -> PlannedApp {
    planned(vec![Integration { name: "Sync".into(), uses, ..Integration::default() }]).apps.remove(0)
}

fn planned(integrations: Vec<Integration>) -> Plan {
    plan(&Found { integrations, ..Found::default() }, "2026-11-25", ".")
}

fn scopes(app: &PlannedApp) -> Vec<&str> {
    app.scopes.iter().map(|reason| &*reason.scope).collect()
}

#[test]
fn reading_asks_for_reading_and_each_scope_has_its_reason() {
    let app = of(vec![
        one("GET /crm/v3/objects/contacts", &["crm.objects.contacts.read", "crm.objects.contacts.write"]),
        one("POST /crm/objects/2026-09/{objectType}", &["crm.objects.deals.write"]),
    ]);
    assert_eq!(scopes(&app), ["crm.objects.contacts.read", "crm.objects.deals.write"]);
    assert_eq!(app.scopes[0].because, ["GET /crm/v3/objects/contacts"]);
    assert_eq!(app.credential, CredentialKind::ServiceKey);
    assert_eq!(app.operations[0].successor.as_deref(), Some("/crm/objects/2026-09/contacts"));
}

#[test]
fn a_family_older_than_v3_needs_what_takes_its_place_needs() {
    assert_eq!(scopes(&of(vec![one("GET /contacts/v1/contact", &[])])), ["crm.objects.contacts.read"]);
    assert_eq!(scopes(&of(vec![one("POST /contacts/v1/contact", &[])])), ["crm.objects.contacts.write"]);
    assert_eq!(scopes(&of(vec![one("DELETE /deals/v1/deal", &[])])), ["crm.objects.deals.write"]);
    assert_eq!(scopes(&of(vec![one("POST /engagements/v1", &[])])), ["crm.objects.contacts.write"]);
    assert_eq!(scopes(&of(vec![one("GET /owners/v2", &[])])), ["crm.objects.owners.read"]);
    let unknown = of(vec![one("GET /email/public/v1", &[])]);
    assert!(unknown.scopes.is_empty() && unknown.unknown.len() == 1, "{unknown:?}");
}

#[test]
fn calls_on_record_need_the_scopes_of_their_object_type() {
    let mut recorded = one("GET /crm/v3/objects/{objectType}", &[]);
    recorded.object = Some("companies".into());
    assert_eq!(scopes(&of(vec![recorded])), ["crm.objects.companies.read"]);
}

#[test]
fn the_kind_of_credential_follows_from_what_is_called() {
    let kind = |uses: Vec<Use>| of(uses).credential;
    assert_eq!(kind(vec![one("GET /crm/v3/owners", &[])]), CredentialKind::ServiceKey);
    assert_eq!(kind(vec![one("GET /webhooks/v3/{appId}/subscriptions", &[])]), CredentialKind::ProjectApp);
    assert_eq!(kind(vec![one("POST /oauth/v1/token", &[])]), CredentialKind::Oauth);
    let many = Integration { name: "a".into(), accounts: 2, ..Integration::default() };
    assert_eq!(planned(vec![many]).apps[0].credential, CredentialKind::Oauth);
    let decided = Integration { name: "a".into(), accounts: 2, decided: Some(CredentialKind::ServiceKey), ..Integration::default() };
    assert_eq!(planned(vec![decided]).apps[0].credential, CredentialKind::ServiceKey);
}

#[test]
fn what_ends_is_told_once_with_all_whom_it_stops() {
    let integration =
        |name: &str| Integration { name: name.into(), uses: vec![one("POST /oauth/v1/token", &[])], ..Integration::default() };
    let plan = planned(vec![integration("b"), integration("a")]);
    assert_eq!((plan.ends.len(), &*plan.ends[0].date, plan.ends[0].apps.len()), (1, "2027-02-16", 2));
}

#[test]
fn steps_that_only_people_can_do_are_marked_and_leaks_are_never_forgotten() {
    let leak = Leak { kind: "hapikey".into(), place: "x.py:1".into(), masked: "…1234".into(), in_history: true, ..Leak::default() };
    let integration =
        Integration { name: "a".into(), uses: vec![one("GET /crm/v3/owners", &[])], leaks: vec![leak], ..Integration::default() };
    let plan = planned(vec![integration]);
    let steps = &plan.apps[0].steps;
    let people = |steps: &[Step]| steps.iter().filter(|step| step.who == Who::Person).map(|step| step.what.clone()).collect::<Vec<_>>();
    assert!(people(&plan.steps).iter().any(|what| what.contains("service key")), "{:?}", plan.steps);
    assert!(
        people(steps).iter().any(|what| what.contains("…1234") && what.contains("Deactivate") && what.contains("history")),
        "{steps:?}"
    );
    assert!(steps.iter().enumerate().all(|(at, step)| step.number == at + 1));
}

#[test]
fn a_report_and_records_come_together_in_one_app() {
    let report: Report = serde_json::from_str(
        r#"{"version":1,"findings":[],"usages":[{"path":"sync/a.py","line":3,"column":1,"via":"url","operation":"GET /crm/v3/objects/contacts","auth":"hapikey","version":"v3","scopes":["crm.objects.contacts.read"]}],"stats":{},"skipped":[]}"#,
    )
    .unwrap();
    let recorded = |app: &str, failed: u64| Recorded {
        app: Some(app.into()),
        app_id: 1,
        hub_id: 7,
        operation: "POST /crm/v3/objects/{objectType}".into(),
        object: Some("deals".into()),
        calls: 5,
        failed,
    };
    let named = Named { name: "Sync".into(), paths: vec!["sync".into()], callers: vec!["Old".into()], ..Named::default() };
    let grouping = Grouping { repository: "shop".into(), named: vec![named], ..Grouping::default() };
    let found = sort(Some(&report), &[recorded("Old", 0), recorded("Probe", 5)], &grouping);
    assert_eq!(found.integrations.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), ["Sync"]);
    assert_eq!(scopes(&plan(&found, "2026-11-25", ".").apps[0]), ["crm.objects.contacts.read", "crm.objects.deals.write"]);
}

#[test]
fn a_project_has_hubspots_files_in_one_folder_whatever_the_name() {
    let integration =
        Integration {
            name: "../Order Sync/é".into(), uses: vec![one("GET /webhooks/v3/{appId}/settings", &[])], ..Integration::default()
        };
    let app = planned(vec![integration]).apps.remove(0);
    let paths: Vec<String> = project_files(&app).into_iter().map(|file| file.path).collect();
    assert_eq!(paths, ["order-sync/hsproject.json", "order-sync/src/app/app-hsmeta.json"]);
}

fn report(rows: &[(&str, &str, &str, &[&str], &str)]) -> Report {
    let usages: Vec<serde_json::Value> = rows
        .iter()
        .map(|(path, operation, auth, scopes, via)| {
            serde_json::json!({ "path": path, "line": 3, "column": 1, "via": via, "operation": operation, "auth": auth, "version": "v3", "scopes": scopes })
        })
        .collect();
    serde_json::from_value(serde_json::json!({ "version": 1, "findings": [], "usages": usages })).unwrap()
}

fn names(plan: &Plan) -> Vec<&str> {
    plan.apps.iter().map(|app| app.name.as_str()).collect()
}

const READ: (&str, &str, &[&str], &str) = ("GET /crm/v3/objects/contacts", "bearer", &["crm.objects.contacts.read"], "url");
const WRITE: (&str, &str, &[&str], &str) = ("POST /crm/v3/objects/contacts", "bearer", &["crm.objects.contacts.write"], "url");

fn at(
    path: &'static str,
    call: (&'static str, &'static str, &'static [&'static str], &'static str),
) -> (&'static str, &'static str, &'static str, &'static [&'static str], &'static str) {
    (path, call.0, call.1, call.2, call.3)
}

fn planned_report(report: &Report, grouping: &Grouping) -> Plan {
    plan(&sort(Some(report), &[], grouping), "2026-11-25", "report.json")
}

#[test]
fn p0_integrations_in_folders_of_one_name_keep_their_own_scopes() {
    let units = [("orders/src/package.json", r#"{"name":"orders"}"#), ("invoices/src/package.json", r#"{"name":"invoices"}"#)];
    let units = units.iter().filter_map(|(path, text)| manifest(path, text)).collect();
    let grouping = Grouping { repository: "shop".into(), units, ..Grouping::default() };
    let plan = planned_report(&report(&[at("orders/src/a.js", READ), at("invoices/src/a.js", WRITE)]), &grouping);
    assert_eq!(names(&plan), ["invoices", "orders"]);
    assert_eq!((scopes(&plan.apps[0]), scopes(&plan.apps[1])), (vec!["crm.objects.contacts.write"], vec!["crm.objects.contacts.read"]));
}

#[test]
fn p0_programs_of_one_name_in_one_repository_are_two_apps_with_two_steps() {
    let units = [("eu/sync/package.json", r#"{"name":"sync"}"#), ("us/sync/package.json", r#"{"name":"sync"}"#)];
    let units = units.iter().filter_map(|(path, text)| manifest(path, text)).collect();
    let grouping = Grouping { repository: "shop".into(), units, ..Grouping::default() };
    let plan = planned_report(&report(&[at("eu/sync/a.js", READ), at("us/sync/a.js", WRITE)]), &grouping);
    assert_eq!(names(&plan), ["eu/sync", "us/sync"]);
    let creates: Vec<bool> = plan
        .apps
        .iter()
        .map(|app| {
            app.steps
                .iter()
                .any(|step| step.command.as_deref().is_some_and(|command| command.starts_with(&format!("keyway app create {} ", app.name))))
        })
        .collect();
    assert_eq!(creates, [true, true]);
}

#[test]
fn p0_a_name_in_keyway_toml_is_not_given_to_a_folder_too() {
    let named = Named { name: "sync".into(), paths: vec!["jobs".into()], ..Named::default() };
    let grouping = Grouping { repository: "shop".into(), named: vec![named], ..Grouping::default() };
    let plan = planned_report(&report(&[at("jobs/a.js", READ), at("sync/a.js", WRITE)]), &grouping);
    assert_eq!((plan.apps.len(), names(&plan).contains(&"sync")), (2, true), "{:?}", names(&plan));
    let of_jobs = plan.apps.iter().find(|app| app.name == "sync").unwrap();
    assert_eq!(scopes(of_jobs), ["crm.objects.contacts.read"]);
}

#[test]
fn p1_what_only_speaks_of_calls_adds_no_app_and_no_scope() {
    let grouping = Grouping { repository: "shop".into(), own: vec!["plans-of-ours.json".into()], ..Grouping::default() };
    let found = report(&[
        at("sync/a.py", READ),
        at(".planning/next.md", WRITE),
        at("docs/x.py", WRITE),
        at("postman/crm.json", WRITE),
        at("sync/tests/test_a.py", WRITE),
        at("run.log", WRITE),
        at("plans-of-ours.json", WRITE),
    ]);
    let plan = planned_report(&found, &grouping);
    assert_eq!((names(&plan), scopes(&plan.apps[0])), (vec!["sync"], vec!["crm.objects.contacts.read"]));
    let reasons: Vec<Why> = plan.ignored.iter().map(|one| one.reason).collect();
    assert_eq!(plan.ignored.len(), 6);
    assert!([Why::Document, Why::Test, Why::Log, Why::Keyway].iter().all(|why| reasons.contains(why)), "{reasons:?}");
}

#[test]
fn p1_a_credential_without_calls_is_loose_and_no_app() {
    let mut found = report(&[at("sync/a.py", READ)]);
    let rows = serde_json::json!([
        { "path": "infra/secret.yaml", "line": 2, "kind": "private_app_token", "masked": "…1111" },
        { "path": "sync/settings.py", "line": 2, "kind": "private_app_token", "masked": "…2222" },
        { "path": "sync/tests/a.py", "line": 2, "kind": "hapikey", "masked": "…3333" },
    ]);
    found.findings = serde_json::from_value(rows).unwrap();
    let plan = planned_report(&found, &Grouping::default());
    assert_eq!((plan.apps.len(), plan.apps[0].leaks.len()), (1, 1));
    let loose: Vec<&str> = plan.loose.iter().map(|loose| loose.leak.place.as_str()).collect();
    assert_eq!(loose, ["infra/secret.yaml:2", "sync/tests/a.py:2"]);
    assert!(plan.steps.iter().any(|step| step.last && step.what.contains("…1111")), "{:?}", plan.steps);
}

#[test]
fn p2_the_same_code_in_an_archive_a_build_folder_or_a_copy_is_one_integration() {
    let hashes = [("sync/a.ts", "1"), ("sync-copy/a.ts", "1")].map(|(path, hash)| (path.to_owned(), hash.to_owned()));
    let grouping = Grouping { hashes: hashes.into(), ..Grouping::default() };
    let found = report(&[at("sync/a.ts", READ), at("sync/dist/a.js", READ), at("sync.zip!a.ts", READ), at("sync-copy/a.ts", READ)]);
    let plan = planned_report(&found, &grouping);
    assert_eq!((names(&plan), plan.apps[0].copies.clone()), (vec!["sync"], vec!["sync-copy".to_owned()]));
    assert_eq!(plan.apps[0].operations[0].places, ["sync/a.ts:3"]);
    assert_eq!(plan.ignored.iter().map(|one| one.reason).collect::<Vec<_>>(), [Why::Copy, Why::Archive, Why::Build]);
}

#[test]
fn p2_a_copy_that_was_changed_is_an_integration_of_its_own() {
    let hashes = [("sync/a.ts", "1"), ("sync-copy/a.ts", "2")].map(|(path, hash)| (path.to_owned(), hash.to_owned()));
    let plan = planned_report(
        &report(&[at("sync/a.ts", READ), at("sync-copy/a.ts", WRITE)]),
        &Grouping { hashes: hashes.into(), ..Grouping::default() },
    );
    assert_eq!((names(&plan), plan.ignored.len()), (vec!["sync", "sync-copy"], 0));
}

#[test]
fn p2_a_credential_in_a_copy_is_a_credential_of_the_original() {
    let hashes = [("sync/a.ts", "1"), ("sync-old/a.ts", "1")].map(|(path, hash)| (path.to_owned(), hash.to_owned()));
    let mut found = report(&[at("sync/a.ts", READ), at("sync-old/a.ts", READ)]);
    let row = serde_json::json!([{ "path": "sync-old/.env", "line": 1, "kind": "private_app_token", "masked": "…1" }]);
    found.findings = serde_json::from_value(row).unwrap();
    let plan = planned_report(&found, &Grouping { hashes: hashes.into(), ..Grouping::default() });
    assert_eq!((names(&plan), plan.apps[0].leaks.len(), plan.loose.len()), (vec!["sync"], 1, 0));
}

#[test]
fn p2_a_package_of_which_only_the_build_is_there_is_planned_and_says_so() {
    let units = vec![manifest("package.json", r#"{"name":"connector","main":"dist/index.js"}"#).unwrap()];
    let grouping = Grouping { repository: "connector".into(), units, ..Grouping::default() };
    let plan = planned_report(&report(&[at("dist/index.js", READ)]), &grouping);
    assert!(plan.apps[0].built_only && plan.summary.risks.iter().any(|risk| risk.contains("build output")), "{:?}", plan.summary);
}

#[test]
fn p3_asking_what_a_private_app_token_is_makes_no_oauth_client() {
    let check = "POST /oauth/v2/private-apps/get/access-token-info";
    assert_eq!(of(vec![one(check, &[]), one("GET /crm/v3/owners", &[])]).credential, CredentialKind::ServiceKey);
    assert_ne!(of(vec![one(check, &[])]).credential, CredentialKind::Oauth);
    for client in ["POST /oauth/v1/token", "POST /oauth/2026-09/token", "GET /oauth/v1/refresh-tokens/{token}"] {
        assert_eq!(of(vec![one(client, &[]), one(check, &[])]).credential, CredentialKind::Oauth, "{client}");
    }
    let leak = Leak { kind: "oauth_access_token".into(), ..Leak::default() };
    let integration =
        Integration { name: "a".into(), uses: vec![one("GET /crm/v3/owners", &[])], leaks: vec![leak], ..Integration::default() };
    assert_eq!(planned(vec![integration]).apps[0].credential, CredentialKind::ServiceKey);
}

#[test]
fn p4_the_least_scopes_are_those_that_open_the_least() {
    let commerce = of(vec![
        one("GET /crm/v3/objects/products", &["crm.objects.products.read", "e-commerce"]),
        one("GET /crm/v3/objects/line_items", &["crm.objects.line_items.read", "e-commerce"]),
    ]);
    assert_eq!(scopes(&commerce), ["crm.objects.line_items.read", "crm.objects.products.read"]);
    assert_eq!(
        scopes(&of(vec![one("POST /crm/v3/lists", &["cms.membership.access_groups.write", "crm.lists.write"])])),
        ["crm.lists.write"]
    );
    let sensitive = ["crm.objects.contacts.read", "crm.objects.contacts.sensitive.read", "crm.objects.contacts.write"];
    assert_eq!(scopes(&of(vec![one("GET /crm/v3/objects/contacts", &sensitive)])), ["crm.objects.contacts.read"]);
    assert_eq!(scopes(&of(vec![one("GET /crm/v3/lists", &[])])), ["crm.lists.read"]);
    assert_eq!(scopes(&of(vec![one("POST /contacts/v1/lists", &[])])), ["crm.lists.write"], "as the successor, POST /crm/lists/2026-09");
}

#[test]
fn p5_an_operation_that_reads_another_object_needs_that_objects_scope() {
    let contacts = ["crm.objects.contacts.read"];
    let mut all = one("GET /contacts/v1/lists", &[]);
    all.successor = Some("/crm/objects/2026-09/contacts".into());
    let app = of(vec![all]);
    assert_eq!((scopes(&app), app.operations[0].ends.as_deref()), (contacts.to_vec(), Some("2027-09-30")));
    assert_eq!(scopes(&of(vec![one("GET /contacts/v1/lists/all/contacts/all", &[])])), contacts);
    assert_eq!(scopes(&of(vec![one("GET /contacts/v1/search", &contacts)])), contacts);
    let lists = of(vec![one("GET /contacts/v1/lists", &[])]);
    assert_eq!((scopes(&lists), lists.operations[0].ends.as_deref()), (vec!["crm.lists.read"], Some("2026-04-30")));
}

#[test]
fn p6_a_successor_that_the_tables_have_is_the_one_that_the_plan_names() {
    let moved = |operation: &str| of(vec![one(operation, &[])]).operations.remove(0);
    assert_eq!(moved("GET /oauth/v1/access-tokens/{token}").successor.as_deref(), Some("/oauth/2026-09/token/introspect"));
    assert_eq!(moved("DELETE /oauth/v1/refresh-tokens/{token}").successor.as_deref(), Some("/oauth/2026-09/token/revoke"));
    assert_eq!(moved("GET /contacts/v1/search/query").successor.as_deref(), Some("/crm/objects/2026-09/contacts/search"));
    let token = moved("POST /oauth/v1/token");
    assert_eq!(token.difference.as_deref(), Some("the query no longer takes client_secret, refresh_token"));
    // The page describes an operation without a successor in words, and has no path for it.
    let none = of(vec![one("GET /calendar/v1/events", &[])]);
    assert_eq!(none.operations[0].successor, None);
    assert!(none.steps.iter().any(|step| step.what.contains("names no successor")), "{:?}", none.steps);
    let beta = of(vec![one("GET /automation/v4/flows", &[])]);
    assert!(beta.operations[0].beta || beta.operations[0].successor.is_none(), "{:?}", beta.operations);
}

#[test]
fn p6_what_keyway_fix_moves_is_no_work_by_hand_and_what_it_leaves_is() {
    let note = |what: &str, by_hand| FixNote { path: "a.py".into(), line: 1, what: what.into(), by_hand };
    let with = |notes| {
        let uses = vec![one("POST /oauth/v1/token", &[]), one("GET /crm/v3/owners", &[])];
        planned(vec![Integration { name: "a".into(), uses, fix: Some(notes), ..Integration::default() }]).apps.remove(0)
    };
    let by_fix = |app: &PlannedApp, path: &str| app.operations.iter().find(|one| one.operation.ends_with(path)).unwrap().moves_by_itself();
    let moved = with(vec![note("/oauth/v1/token becomes /oauth/2026-09/token, with its parameters in the form body", false)]);
    assert!(by_fix(&moved, "/oauth/v1/token") && !moved.steps.iter().any(|step| step.what.starts_with("Move `POST /oauth")), "{moved:?}");
    let left = with(vec![note("/crm/v3/owners moves to /crm/owners/2026-09, and stays: another place names it", true)]);
    assert!(!by_fix(&left, "/crm/v3/owners") && !by_fix(&left, "/oauth/v1/token"), "{left:?}");
    assert!(left.steps.iter().any(|step| step.what.starts_with("Move `POST /oauth")), "{:?}", left.steps);
}

#[test]
fn p6_a_successor_that_takes_another_credential_says_so() {
    let hooks = of(vec![one("POST /webhooks/v3/{appId}/subscriptions", &[])]).operations.remove(0);
    assert!(hooks.difference.as_deref().is_some_and(|what| what.contains("developer API key")), "{hooks:?}");
}

#[test]
fn p6_a_call_that_takes_the_developer_key_has_steps_that_get_and_keep_it() {
    let plan = planned(vec![
        Integration { name: "hook".into(), uses: vec![one("POST /webhooks/v3/{appId}/subscriptions", &[])], ..Integration::default() },
        Integration { name: "reader".into(), uses: vec![one("GET /crm/v3/owners", &[])], ..Integration::default() },
    ]);
    let steps = |name: &str| {
        let app = plan.apps.iter().find(|app| app.name == name).unwrap();
        app.steps.iter().filter(|step| step.what.contains("developer API key") || step.what.contains("HUBSPOT_DEVELOPER_API_KEY")).count()
    };
    assert!(steps("hook") >= 2 && steps("reader") == 0, "{plan:?}");
    let says = |name: &str, text: &str| {
        let app = plan.apps.iter().find(|app| app.name == name).unwrap();
        app.steps.iter().any(|step| step.what.contains(text))
    };
    for through_keyway in ["Create its app on Keyway", "HUBSPOT_BASE_URL", "See that it calls through Keyway"] {
        assert!(says("reader", through_keyway) && !says("hook", through_keyway), "{through_keyway}: {plan:?}");
    }
}

#[test]
fn the_headings_of_a_page_have_no_gap_between_their_levels() {
    let uses = vec![one("GET /crm/v3/owners", &[])];
    let page = html(&planned(vec![Integration { name: "a".into(), uses, ..Integration::default() }]));
    let levels: Vec<u8> =
        page.match_indices("<h").filter_map(|(at, _)| page.as_bytes().get(at + 2).copied()).filter(u8::is_ascii_digit).collect();
    assert!(levels.windows(2).all(|pair| pair[1] <= pair[0] + 1) && levels.first() == Some(&b'1'), "{levels:?}");
}

#[test]
fn p6_the_introspection_of_private_app_tokens_stays() {
    let check = Use { auth: "none".into(), ..one("POST /oauth/v2/private-apps/get/access-token-info", &[]) };
    let plan = planned(vec![Integration { name: "a".into(), uses: vec![check, one("GET /crm/v3/owners", &[])], ..Integration::default() }]);
    assert!(!plan.apps[0].steps.iter().any(|step| step.what.contains("access-token-info")), "{:?}", plan.apps[0].steps);
    assert_eq!((plan.apps[0].work.by_hand, plan.ends.len()), (0, 1), "only the call of owners has an end");
    assert!(plan.summary.risks.iter().any(|risk| risk.contains("access-token-info")), "{:?}", plan.summary.risks);
    assert!(markdown(&plan).contains("| stays | - | - |"), "{}", markdown(&plan));
}

#[test]
fn p7_a_key_and_the_calls_of_one_program_are_one_integration() {
    let files = [
        ("src/Web/Web.csproj", "<Project Sdk=\"Microsoft.NET.Sdk.Web\"><ProjectReference Include=\"..\\Crm\\Crm.csproj\" />"),
        ("src/Crm/Crm.csproj", "<Project Sdk=\"Microsoft.NET.Sdk\">"),
    ];
    let units = files.iter().filter_map(|(path, text)| manifest(path, text)).collect();
    let mut found = report(&[at("src/Crm/Client.cs", READ)]);
    found.findings = serde_json::from_value(
        serde_json::json!([{ "path": "src/Web/appsettings.json", "line": 1, "kind": "private_app_token", "masked": "…1" }]),
    )
    .unwrap();
    let plan = planned_report(&found, &Grouping { units, ..Grouping::default() });
    assert_eq!((names(&plan), plan.apps[0].leaks.len(), plan.loose.len()), (vec!["Web"], 1, 0));
}

#[test]
fn p8_a_crm_write_names_the_rules_that_2026_09_enforces_and_a_read_does_not() {
    let warns = |operation: &str| of(vec![one(operation, &[])]).writes_records;
    for write in [
        "POST /crm/v3/objects/contacts",
        "PATCH /crm/v3/objects/deals/{dealId}",
        "POST /crm/v3/objects/companies/batch/create",
        "POST /contacts/v1/contact",
    ] {
        assert!(warns(write), "{write}");
    }
    for read in [
        "GET /crm/v3/objects/contacts",
        "POST /crm/v3/objects/contacts/search",
        "POST /crm/v3/objects/deals/batch/read",
        "DELETE /crm/v3/objects/deals/{dealId}",
        "POST /crm/v3/lists",
    ] {
        assert!(!warns(read), "{read}");
    }
    let plan =
        planned(vec![Integration { name: "a".into(), uses: vec![one("POST /crm/v3/objects/contacts", &[])], ..Integration::default() }]);
    assert!(plan.summary.risks.iter().any(|risk| risk.contains("2026-09") && risk.contains("400")), "{:?}", plan.summary.risks);
    assert!(markdown(&plan).contains("2026-09 on HubSpot enforces"));
}

#[test]
fn a_client_and_a_step_of_a_workflow_tool_read_properly() {
    let mut client = one("client Client", &[]);
    client.auth = "hapikey".into();
    let app = of(vec![client, one("node n8n-nodes-base.hubspotTrigger", &[])]);
    let what: Vec<&str> = app.clues.iter().map(|clue| clue.what.as_str()).collect();
    assert_eq!(what, ["a client built with an API key (`Client`)", "an n8n HubSpot trigger (`n8n-nodes-base.hubspotTrigger`)"]);
    assert!(app.unknown.is_empty() && app.operations.is_empty() && !markdown(&planned(Vec::new())).contains("no method"));
}

#[test]
fn foreign_text_acts_in_no_format() {
    let name = "a</code><script>alert(1)</script>\u{1b}[2J|`x`\u{202e}";
    let integration = Integration {
        name: name.into(),
        owner: Some(name.into()),
        folder: Some(name.into()),
        uses: vec![Use { place: name.into(), ..one("GET /crm/v3/owners", &[]) }],
        leaks: vec![Leak {
            kind: name.into(),
            place: name.into(),
            masked: name.into(),
            in_history: true,
            sent_to: Some(name.into()),
            agent: Some(name.into()),
            ..Leak::default()
        }],
        ..Integration::default()
    };
    let plan = planned(vec![integration]);
    let page = html(&plan);
    assert!(!page.contains("<script") && page.contains("&lt;script&gt;"), "{page}");
    for text in [page, markdown(&plan), terminal(&plan, |_, rows| format!("{rows:?}"))] {
        assert!(!text.chars().any(|letter| letter != '\n' && keyway_core::shown::acts(letter)), "{text}");
    }
}
