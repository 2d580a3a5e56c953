use keyway_core::time::Timestamp;

use super::*;
use crate::plan::{Found, Integration, Leak, Loose, Use};

/// 2026-11-29, noon.
const NOW: Timestamp = Timestamp::from_ms(1_795_953_600_000);
const HOUR_MS: i64 = 3_600_000;
const OLD: &str = "GET /crm/v3/objects/contacts";
const DATED: &str = "GET /crm/objects/2026-09/contacts";

fn calls(operations: &[&str]) -> Vec<Use> {
    let one = |operation: &&str| Use {
        operation: (*operation).into(),
        auth: "bearer".into(),
        place: "orders/main.py:2".into(),
        ..Use::default()
    };
    operations.iter().map(one).collect()
}

fn token(end: &str, place: &str) -> Leak {
    Leak { kind: "private_app_token".into(), place: place.into(), masked: format!("pat-na1-…{end}"), ..Leak::default() }
}

fn orders(operations: &[&str], leaks: &[Leak]) -> Integration {
    Integration {
        name: "orders".into(),
        folder: Some("orders".into()),
        uses: calls(operations),
        leaks: leaks.to_vec(),
        ..Integration::default()
    }
}

fn report(integrations: &[Integration]) -> Found {
    clean(Found { integrations: integrations.to_vec(), ..Found::default() }).unwrap()
}

fn nobody(_: &Leak) -> Option<Known> {
    None
}

/// How far the only integration is, where the newest report has these other credentials.
fn far(kept: &Kept, app: &Linked<'_>, loose: &[Loose], known: &dyn Fn(&Leak) -> Option<Known>) -> Row {
    row(kept, app, &Present::of(kept.found.iter(), loose), known, None, NOW)
}

fn of<'a>(traffic: &'a Traffic) -> Linked<'a> {
    Linked::One(AppFacts { name: "orders", linked: false, traffic: Some(traffic) })
}

fn traffic(lines: &[(&str, u64, u64, i64)]) -> Traffic {
    Traffic::of(lines.iter().map(|(operation, calls, failed, hours)| (*operation, *calls, *failed, NOW.plus_ms(-hours * HOUR_MS))))
}

fn standing(row: &Row, step: Step) -> Standing {
    row.steps.iter().find(|fact| fact.step == step).unwrap().standing
}

fn text(row: &Row, step: Step) -> &str {
    &row.steps.iter().find(|fact| fact.step == step).unwrap().text
}

#[test]
fn an_integration_goes_from_found_to_the_end_of_its_credential() {
    let first = merge(Vec::new(), &report(&[orders(&[OLD], &[token("1234", "orders/.env:1")])]));
    let none = Traffic::NONE;
    let state = |kept: &Kept, app: &Linked<'_>, loose: &[Loose]| far(kept, app, loose, &nobody).state;
    assert_eq!(state(&first[0], &Linked::No, &[]), Step::Found);
    assert_eq!(state(&first[0], &of(&none), &[]), Step::AppMade);
    let moved = merge(first, &report(&[orders(&[DATED], &[])]));
    assert_eq!(state(&moved[0], &of(&none), &[]), Step::CodeMoved);
    let seen = traffic(&[(DATED, 3, 0, 1)]);
    let elsewhere = [Loose { leak: token("1234", "deploy.yaml:4"), because: "its folder has no call of HubSpot".into() }];
    let row = far(&moved[0], &of(&seen), &elsewhere, &nobody);
    assert_eq!((row.state, row.done), (Step::CallsSeen, false));
    assert_eq!(text(&row, Step::CredentialEnded), "pat-na1-…1234 is still in the code: deploy.yaml:4");
    let row = far(&moved[0], &of(&seen), &[], &nobody);
    assert_eq!((row.state, row.done, &row.deadline), (Step::CredentialEnded, true, &None));
    assert!(text(&row, Step::CredentialEnded).contains("can't know whether HubSpot still accepts pat-na1-…1234"), "{row:?}");
}

#[test]
fn a_step_counts_only_behind_those_before_it() {
    // The code is moved and nothing is left of the credential, and there is no app yet.
    let kept = merge(merge(Vec::new(), &report(&[orders(&[OLD], &[])])), &report(&[orders(&[DATED], &[])]));
    let row = far(&kept[0], &Linked::No, &[], &nobody);
    assert_eq!((row.state, standing(&row, Step::CodeMoved), row.done), (Step::Found, Standing::Done, false));
    // What was a credential once is unknown, and blocks nothing.
    assert_eq!(standing(&row, Step::CredentialEnded), Standing::Unknown);
    let seen = traffic(&[(DATED, 1, 0, 1)]);
    let row = far(&kept[0], &of(&seen), &[], &nobody);
    assert_eq!((row.state, row.done), (Step::CallsSeen, true));
}

#[test]
fn a_credential_that_keyway_holds_has_ended_when_keyway_no_longer_uses_it() {
    let kept = merge(merge(Vec::new(), &report(&[orders(&[OLD], &[token("1234", "a:1")])])), &report(&[orders(&[DATED], &[])]));
    let held = |live| {
        move |leak: &Leak| leak.masked.ends_with("1234").then(|| Known { holder: Holder::Account { hub_id: 7, name: "Acme".into() }, live })
    };
    let row = far(&kept[0], &Linked::No, &[], &held(true));
    let fact = row.steps.iter().find(|fact| fact.step == Step::CredentialEnded).unwrap();
    assert_eq!(fact.standing, Standing::Open);
    assert_eq!(fact.command.as_deref(), Some("keyway account rotate 7 --credential-env HUBSPOT_SERVICE_KEY"));
    let row = far(&kept[0], &Linked::No, &[], &held(false));
    assert_eq!(text(&row, Step::CredentialEnded), "1 credential is gone from the code, and no longer accepted");
}

#[test]
fn a_credential_in_history_alone_leaves_the_code_moved_and_counts_by_what_hubspot_says_of_it() {
    let in_history = |alive| Leak { in_history: true, only_in_history: true, alive, ..token("1234", "orders/.env:1") };
    let of_history = |alive| {
        let kept = merge(Vec::new(), &report(&[orders(&[DATED], &[in_history(alive)])]));
        far(&kept[0], &Linked::No, &[], &nobody)
    };
    assert_eq!(standing(&of_history(None), Step::CodeMoved), Standing::Done);
    assert_eq!(standing(&of_history(Some(true)), Step::CredentialEnded), Standing::Open);
    assert_eq!(standing(&of_history(Some(false)), Step::CredentialEnded), Standing::Done);
    assert!(!text(&of_history(Some(false)), Step::CredentialEnded).contains("can't know"));
    assert!(text(&of_history(None), Step::CredentialEnded).contains("can't know"));
}

#[test]
fn what_a_newer_report_has_nothing_of_is_neither_moved_nor_forgotten() {
    let other = Integration { name: "bills".into(), folder: Some("bills".into()), uses: calls(&[OLD]), ..Integration::default() };
    let kept = merge(Vec::new(), &report(&[orders(&[OLD], &[token("1234", "a:1")]), other.clone()]));
    let kept = merge(kept, &report(&[other]));
    let gone = kept.iter().find(|one| one.name == "orders").unwrap();
    assert_eq!(
        (gone.found.is_none(), gone.earlier.operations.as_slice(), gone.earlier.credentials.len()),
        (true, &[OLD.to_owned()][..], 1)
    );
    let row = far(gone, &Linked::No, &[], &nobody);
    assert_eq!(standing(&row, Step::CodeMoved), Standing::Open);
    assert!(text(&row, Step::CodeMoved).contains("deleted"));
    // And it is back with the next report that has it.
    let back = merge(kept.clone(), &report(&[orders(&[OLD], &[token("1234", "a:1")])]));
    let back = back.iter().find(|one| one.name == "orders").unwrap();
    assert_eq!((back.found.is_some(), &back.earlier), (true, &Earlier::default()));
}

#[test]
fn an_integration_keeps_its_row_when_its_plan_gives_it_another_name() {
    let kept = merge(Vec::new(), &report(&[orders(&[OLD], &[])]));
    let renamed = Integration { name: "shop orders".into(), ..orders(&[DATED], &[]) };
    let kept = merge(kept, &report(&[renamed]));
    assert_eq!((kept.len(), kept[0].name.as_str(), kept[0].earlier.operations.len()), (1, "shop orders", 1));
}

#[test]
fn an_app_is_moved_once_it_calls_what_stays_and_for_a_day_nothing_that_ends() {
    let moved = |lines: &[(&str, u64, u64, i64)]| traffic(lines).is_moved(NOW);
    assert!(moved(&[(DATED, 1, 0, 1)]));
    assert!(!moved(&[]));
    assert!(!moved(&[(DATED, 4, 4, 1)]), "calls that fail show nothing");
    assert!(!moved(&[(DATED, 9, 0, 1), (OLD, 1, 0, 23)]));
    assert!(moved(&[(DATED, 9, 0, 1), (OLD, 1, 0, 25)]));
    assert!(!moved(&[(DATED, 9, 0, 200), (OLD, 1, 0, 201)]), "what runs once a week called both on its last day");
    assert!(moved(&[(DATED, 9, 0, 32), (OLD, 1, 0, 200)]));
    let traffic = traffic(&[(DATED, 2, 1, 1), (OLD, 5, 5, 2), ("POST (unlisted) /crm/v3/objects/x", 1, 0, 1)]);
    assert_eq!((traffic.current.calls, traffic.ageing.calls, traffic.operations.len()), (1, 6, 2));
}

#[test]
fn a_call_must_move_if_its_version_is_a_number_or_ends_before_the_numbers_do() {
    let must = |path| ageing(path).map(|row| row.date);
    assert_eq!(must("/crm/v3/objects/contacts"), Some("2027-09-30"));
    assert_eq!(must("/crm/objects/2025-09/contacts"), Some("2027-03-31"));
    assert_eq!((must("/cms/hubdb/2026-03/tables"), must("/crm/objects/2026-09/contacts"), must("/none")), (None, None, None));
}

#[test]
fn the_deadline_is_the_first_end_of_what_must_move() {
    let end = |operations: &[&str], leaks: &[Leak]| {
        let kept = merge(Vec::new(), &report(&[orders(operations, leaks)]));
        far(&kept[0], &Linked::No, &[], &nobody).deadline.map(|deadline| deadline.date.into_owned())
    };
    assert_eq!(end(&[OLD, "POST /oauth/v1/token", DATED], &[]).as_deref(), Some("2027-02-16"));
    assert_eq!(end(&[DATED], &[token("1234", "a:1")]).as_deref(), Some("2027-09-30"), "legacy private apps lose their support");
    assert_eq!(end(&[DATED], &[]), None);
    // The code is moved, and what runs is not yet.
    let kept = merge(Vec::new(), &report(&[orders(&[DATED], &[])]));
    let deadline = |lines: &[(&str, u64, u64, i64)]| far(&kept[0], &of(&traffic(lines)), &[], &nobody).deadline;
    let still = deadline(&[(OLD, 1, 0, 1), (DATED, 1, 0, 1)]).unwrap();
    assert_eq!((&*still.date, still.shown()), ("2027-09-30", "2027-09"));
    assert_eq!(deadline(&[(OLD, 1, 0, 72), (DATED, 1, 0, 1)]), None);
}

#[test]
fn where_several_apps_have_its_name_somebody_must_say_which_one_it_is() {
    let kept = merge(Vec::new(), &report(&[orders(&[OLD], &[])]));
    let row = far(&kept[0], &Linked::Several(2), &[], &nobody);
    assert_eq!(text(&row, Step::AppMade), "2 apps have the name orders. Link the one that the integration uses");
}

#[test]
fn what_takes_the_developer_key_alone_needs_no_app_and_no_calls() {
    let kept = merge(Vec::new(), &report(&[orders(&["GET /webhooks/v3/{appId}/settings"], &[])]));
    let row = far(&kept[0], &Linked::No, &[], &nobody);
    assert_eq!((standing(&row, Step::AppMade), standing(&row, Step::CallsSeen)), (Standing::Unknown, Standing::Unknown));
}

#[test]
fn a_report_of_a_stranger_is_kept_without_credentials_and_within_bounds() {
    // Assembled here, so that no scanner takes it for one.
    let secret = format!("pat-{}-{}", "na1", "0a1b2c3d-0000-4000-8000-00000000beef");
    let leak = Leak { masked: secret.clone(), place: format!("\u{1b}[31m{secret}.env:1"), kind: "x".into(), ..Leak::default() };
    let mut one = orders(&[&format!("GET /crm/v3/objects/contacts?hapikey={}", &secret[8..])], &[leak]);
    one.name = format!("{}\n\u{202e}", "n".repeat(10_000));
    let kept = report(&[one]);
    let written = serde_json::to_string(&kept).unwrap();
    assert!(!written.contains(&secret) && !written.contains(&secret[8..]), "{written}");
    assert!(written.len() < 3_000 && !written.contains('\u{202e}') && !written.contains("\\u001b["), "{written}");
    assert_eq!(kept.integrations[0].leaks[0].masked, "pat-na1-…beef");
}

#[test]
fn a_report_with_more_than_is_kept_is_refused_and_says_what_to_do() {
    let many = |number: usize| Found {
        integrations: (0..number).map(|at| Integration { name: format!("i{at}"), uses: calls(&[OLD]), ..Integration::default() }).collect(),
        ..Found::default()
    };
    assert!(clean(many(500)).is_ok());
    assert_eq!(clean(many(501)).unwrap_err(), Refused::TooMuch(TooMuch::Integrations));
    assert!(clean(many(501)).unwrap_err().to_string().contains("--repository"));
    assert_eq!(clean(Found::default()).unwrap_err(), Refused::Empty);
    let leaks: Vec<Leak> = (0..=LEAKS_MAX).map(|_| token("1234", "a:1")).collect();
    assert_eq!(
        clean(Found { integrations: vec![orders(&[], &leaks)], ..Found::default() }).unwrap_err(),
        Refused::TooMuch(TooMuch::Credentials)
    );
    let different: Vec<String> = (0..=USES_MAX).map(|at| format!("GET /x/{at}")).collect();
    let different: Vec<&str> = different.iter().map(String::as_str).collect();
    assert_eq!(
        clean(Found { integrations: vec![orders(&different, &[])], ..Found::default() }).unwrap_err(),
        Refused::TooMuch(TooMuch::Calls)
    );
    // Of one call that is in many places, the first are kept.
    let places = calls(&vec![OLD; 100_000]);
    let kept = clean(Found { integrations: vec![Integration { uses: places, ..orders(&[], &[]) }], ..Found::default() }).unwrap();
    assert_eq!(kept.integrations[0].uses.len(), 20);
}
