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
    app.scopes.iter().map(|reason| reason.scope).collect()
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
    assert_eq!((plan.ends.len(), plan.ends[0].date, plan.ends[0].apps.len()), (1, "2027-02-16", 2));
}

#[test]
fn steps_that_only_people_can_do_are_marked_and_leaks_are_never_forgotten() {
    let leak = Leak { kind: "hapikey".into(), place: "x.py:1".into(), masked: "…1234".into(), in_history: true };
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
    assert!(steps.iter().chain(&[]).enumerate().all(|(at, step)| step.number == at + 1));
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
