//! Each kind of condition, and its nearest case that is none.

use keyway_core::guards::Guards;
use keyway_core::quota::Tier;
use keyway_core::secret::Secret;
use keyway_core::token::TokenHash;

use super::*;
use crate::model::Connection;
use crate::upstream::Base;

const NOW: Timestamp = Timestamp::from_ms(1_790_000_000_000);

fn days(count: i64) -> Timestamp {
    NOW.plus_ms(count * DAY_MS)
}

fn connected() -> Account {
    let connection = Connection {
        base: Base::parse("http://127.0.0.1:1").unwrap(),
        credential: Secret::new("planted-0a1b2c3d".into()),
        hint: "pat-…1234".into(),
        scopes: vec!["oauth".into(), "tickets".into()],
        since: days(-1),
        checked_at: NOW,
        former: None,
        oauth_client: None,
    };
    Account { connection: Some(Arc::new(connection)), ..embedded() }
}

fn embedded() -> Account {
    Account {
        hub_id: 7,
        name: "Acme".into(),
        tier: Tier::Free,
        addons: 0,
        time_zone: "UTC".into(),
        currency: "USD".into(),
        region: "na1".into(),
        created_at: days(-400),
        guards: Guards::default(),
        connection: None,
    }
}

fn app() -> App {
    App { id: 3, owner: "Sales".into(), scopes: vec!["oauth".into(), "tickets".into()], ..App::new(7, "Sync".into(), days(-400)) }
}

fn token() -> Token {
    Token { id: 5, ..Token::new(3, TokenHash([0; 32]), "pat-…5678".into(), days(-1)) }
}

fn living_until(ends: Timestamp) -> Token {
    Token { expires_at: Some(ends), lifetime_ends_at: Some(ends), ..token() }
}

/// What is found where all is well except for what a test changes.
fn found<'a>(accounts: &'a [Account], apps: &'a [(App, Vec<Token>)], change: impl FnOnce(&mut Facts<'a>)) -> Found {
    let mut facts = facts_of(accounts, apps);
    change(&mut facts);
    find(&facts, &Thresholds::default())
}

fn facts_of<'a>(accounts: &'a [Account], apps: &'a [(App, Vec<Token>)]) -> Facts<'a> {
    Facts {
        accounts,
        apps,
        health: HashMap::from([(7, (State::Fine, NOW))]),
        days: HashMap::new(),
        now_of: &|_| NOW,
        used: Some(&[]),
        is_writable: true,
        failing: Some(&[]),
        damage: &[],
        writing: Writing::Fine,
        approvals: Some(&[]),
        access: Some(Access { people: &[], tokens: &[] }),
        authorities: &[],
        now: NOW,
    }
}

fn names(found: &Found) -> Vec<&str> {
    found.conditions.iter().map(|one| one.name.as_str()).collect()
}

/// Of one app with these tokens.
fn of_tokens(tokens: Vec<Token>) -> Found {
    found(&[embedded()], &[(app(), tokens)], |_| {})
}

fn waiting() -> Waiting {
    let approval = Approval {
        id: 12,
        hub_id: 7,
        app_id: 3,
        session_id: None,
        operation: "DELETE /crm/v3/objects/{objectType}/{objectId}".into(),
        rule: "operations of the class delete".into(),
        records: Some(1),
        call_hash: TokenHash([1; 32]),
        read_hash: TokenHash([2; 32]),
        change: None,
        state: crate::model::ApprovalState::Pending,
        created_at: NOW,
        expires_at: days(1),
        decided_at: None,
        decided_by: None,
        reason: None,
        used_at: None,
        status: None,
    };
    Waiting { approval, link: "https://keyway.example.com/approvals/12?until=1&signature=2".into() }
}

#[test]
fn a_call_that_waits_for_a_person_is_told_with_the_page_where_they_decide() {
    let waits = [waiting()];
    let found = found(&[embedded()], &[(app(), vec![token()])], |facts| facts.approvals = Some(&waits));
    let [one] = &found.conditions[..] else { panic!("{found:?}") };
    assert_eq!((one.name.as_str(), one.owner.as_deref()), ("approval-requested/12", Some("Sales")));
    assert!(one.text.starts_with("Sync asks to perform DELETE /crm/v3/objects/{objectType}/{objectId} on 1 record."), "{}", one.text);
    assert_eq!(one.to_json()["link"], waits[0].link);
    let unknown = super::find(&Facts { approvals: None, ..facts_of(&[], &[]) }, &Thresholds::default());
    assert_eq!(unknown.unsure, ["approval-requested/"]);
}

#[test]
fn where_all_is_well_nothing_is_found() {
    let found = found(&[connected()], &[(app(), vec![token(), living_until(days(15))])], |_| {});
    assert!(found.conditions.is_empty() && found.unsure.is_empty(), "{found:?}");
}

#[test]
fn a_connection_that_is_refused_or_lacks_scopes_is_found_and_one_that_is_not_known_is_not_judged() {
    let refused = found(&[connected()], &[], |facts| facts.health = HashMap::from([(7, (State::Refused, NOW))]));
    assert_eq!(names(&refused), ["credential-refused/7"]);
    let unknown = found(&[connected()], &[], |facts| facts.health.clear());
    assert!(unknown.conditions.is_empty());
    assert_eq!(unknown.unsure, ["credential-refused/7", "account-unreachable/7"]);
    for (minutes, expected) in [(29, &[][..]), (30, &["account-unreachable/7"][..])] {
        let state = (State::Unreachable, NOW.plus_ms(-minutes * 60_000));
        let away = found(&[connected()], &[], |facts| facts.health = HashMap::from([(7, state)]));
        assert_eq!((names(&away), &away.unsure[..]), (expected.to_vec(), &["credential-refused/7".to_owned()][..]));
    }
    let wants = App { scopes: vec!["oauth".into(), "files".into()], ..app() };
    let lacking = found(&[connected()], &[(wants, vec![])], |_| {});
    assert_eq!(names(&lacking), ["credential-scopes/7"]);
    assert!(lacking.conditions[0].text.ends_with("files"));
    let spoken = format!("{refused:?}{lacking:?}");
    assert!(!spoken.contains("planted-0a1b2c3d"), "{spoken}");
}

#[test]
fn an_app_whose_calls_fail_often_is_found_with_the_page_of_its_calls() {
    let failing = [Failing {
        app_id: 3,
        calls: 1_000,
        failed: 480,
        cause: Some("missing-scopes".into()),
        since: days(-1),
        link: "https://keyway.example.com/audit?app=3".into(),
        page: "/audit?app=3".into(),
    }];
    let told = found(&[embedded()], &[(app(), vec![token()])], |facts| facts.failing = Some(&failing));
    let [one] = &told.conditions[..] else { panic!("{told:?}") };
    assert_eq!((one.name.as_str(), one.owner.as_deref(), one.link.as_deref()), ("failed-calls/3", Some("Sales"), Some(&*failing[0].link)));
    assert!(one.text.contains("480 of 1000 calls of Sync failed") && one.text.contains("(48 %)"), "{}", one.text);
    assert_eq!(one.to_json()["page"], "/audit?app=3");
    let disabled = App { enabled: false, ..app() };
    assert_eq!(names(&found(&[embedded()], &[(disabled, vec![token()])], |facts| facts.failing = Some(&failing))), [""; 0]);
    let unknown = found(&[], &[], |facts| facts.failing = None);
    assert_eq!(unknown.unsure, ["failed-calls/"]);
}

#[test]
fn the_daily_limit_is_found_at_four_fifths_of_a_connected_account_with_a_name_for_each_day() {
    let day = |used| HashMap::from([(7, DayUse { used, daily: 1_000, resets_at: days(1) })]);
    assert!(found(&[connected()], &[], |facts| facts.days = day(799)).conditions.is_empty());
    let full = found(&[connected()], &[], |facts| facts.days = day(800));
    assert_eq!(names(&full), [format!("daily-limit/7/{}", days(1).to_date())]);
    assert!(found(&[embedded()], &[], |facts| facts.days = day(1_000)).conditions.is_empty());
    let uncapped = HashMap::from([(7, DayUse { used: UNCAPPED, daily: UNCAPPED, resets_at: days(1) })]);
    assert!(found(&[connected()], &[], |facts| facts.days = uncapped).conditions.is_empty());
}

#[test]
fn a_token_is_due_by_its_age_and_expires_by_its_lifetime() {
    let aged = |age: i64| Token { created_at: days(-age), ..token() };
    assert!(of_tokens(vec![aged(179)]).conditions.is_empty());
    let due = of_tokens(vec![aged(180)]);
    assert_eq!(names(&due), ["token-rotation/5"]);
    let due = &due.conditions[0];
    assert_eq!((&due.app, due.owner.as_deref(), &due.account), (&Some((3, "Sync".into())), Some("Sales"), &Some((7, "Acme".into()))));
    assert_eq!(names(&of_tokens(vec![living_until(days(14))])), ["token-expiring/5"]);
    // What has ended or was revoked needs nobody any more.
    assert!(of_tokens(vec![living_until(NOW), Token { revoked_at: Some(NOW), ..living_until(days(1)) }]).conditions.is_empty());
    let disabled = App { enabled: false, ..app() };
    assert!(found(&[embedded()], &[(disabled, vec![living_until(days(1))])], |_| {}).conditions.is_empty());
}

#[test]
fn a_rotated_token_is_found_in_its_last_day_while_it_is_used() {
    let rotated =
        |ends: Timestamp, used: Timestamp| Token { expires_at: Some(ends), last_used_at: Some(used), created_at: days(-400), ..token() };
    assert_eq!(names(&of_tokens(vec![rotated(days(1), days(-1))])), ["token-expiring/5"]);
    assert!(of_tokens(vec![rotated(days(2), NOW)]).conditions.is_empty(), "there is time");
    assert!(of_tokens(vec![rotated(days(1), days(-2))]).conditions.is_empty(), "nobody uses it");
}

#[test]
fn the_age_of_a_token_is_by_the_clock_of_its_account() {
    let apps = [(app(), vec![token()])];
    assert_eq!(names(&found(&[embedded()], &apps, |facts| facts.now_of = &|_| days(200))), ["token-rotation/5"]);
}

#[test]
fn an_old_credential_is_due_and_one_of_oauth_renews_itself() {
    let aged = |oauth_client: Option<u64>| {
        let connection = Arc::into_inner(connected().connection.unwrap()).unwrap();
        let connection = Connection { since: days(-180), oauth_client, ..connection };
        Account { connection: Some(Arc::new(connection)), ..embedded() }
    };
    assert_eq!(names(&found(&[aged(None)], &[], |_| {})), ["credential-rotation/7"]);
    assert!(found(&[aged(Some(1))], &[], |_| {}).conditions.is_empty());
}

#[test]
fn calls_that_end_within_the_days_are_found_and_unsure_while_they_are_not_counted() {
    let row = keyway_core::sunset::of_path("/contacts/v1/contact").unwrap();
    let ends = Timestamp::parse_iso(row.date).unwrap();
    let used = OperationUse {
        hub_id: 7,
        app_id: 3,
        operation: "POST /contacts/v1/contact".into(),
        object: None,
        day: row.date.into(),
        calls: 2,
        failed: 0,
        last: NOW,
    };
    let at = |before: i64, used: &[OperationUse]| {
        let found = found(&[embedded()], &[(app(), vec![])], |facts| {
            facts.now = ends.plus_ms(-before * DAY_MS);
            facts.used = Some(used);
        });
        found.conditions
    };
    assert!(at(91, std::slice::from_ref(&used)).is_empty());
    let soon = at(90, std::slice::from_ref(&used));
    assert_eq!(soon[0].name, format!("sunset/3/{}/{}", row.date, row.what));
    assert!(soon[0].text.contains("2 calls in the last 30 days, such as POST /contacts/v1/contact"), "{}", soon[0].text);
    assert!(at(90, &[OperationUse { app_id: 4, ..used.clone() }]).is_empty(), "its app is gone");
    assert_eq!(found(&[], &[], |facts| facts.used = None).unsure, ["sunset/"]);
}

#[test]
fn an_authority_without_a_successor_is_found_before_it_ends() {
    let authority = |id: u64, ends: Timestamp| {
        Arc::new(ProxyAuthority {
            id,
            name: "Keyway".into(),
            certificate: String::new(),
            key: Secret::new("planted-0a1b2c3d".into()),
            created_at: days(-600),
            signs_from: days(-600),
            expires_at: ends,
        })
    };
    let of = |authorities: &[Arc<ProxyAuthority>]| found(&[], &[], |facts| facts.authorities = authorities).conditions.len();
    assert_eq!(of(&[authority(1, days(60))]), 1);
    assert_eq!((of(&[authority(1, days(61))]), of(&[authority(1, days(60)), authority(2, days(700))])), (0, 0));
}

#[test]
fn gaps_in_the_audit_come_first_and_a_flood_is_cut_after_them() {
    let place = |file: &str, offset: u64| Damage { file: file.into(), offset, what: "a seal does not fit".into() };
    let damage = [place("a", 1), place("a", 9), place("b", 1)];
    let tokens = (0..2_000).map(|id| Token { id, created_at: days(-200), ..token() }).collect();
    let apps = [(app(), tokens)];
    let flood = found(&[embedded()], &apps, |facts| (facts.damage, facts.writing) = (&damage, Writing::Failing));
    assert_eq!(names(&flood)[..3], ["audit-not-written/log", "audit-damage/a", "audit-damage/b"]);
    assert_eq!(flood.conditions.len(), CONDITIONS_MAX);
    assert_eq!(found(&[], &[], |facts| facts.writing = Writing::Unknown).unsure, ["audit-not-written/"]);
}

#[test]
fn the_access_of_a_person_or_an_admin_token_that_ends_within_two_weeks() {
    use crate::principal::Role;
    let people: Vec<Person> = [None, Some(days(-1)), Some(NOW), Some(days(14)), Some(days(15))]
        .into_iter()
        .zip(1..)
        .map(|(expires_at, id)| Person { id, expires_at, ..Person::new(format!("p{id}@example.com"), Role::Auditor, days(-30)) })
        .collect();
    let token = |id, expires_at, revoked_at| AdminToken {
        id,
        name: "ci".into(),
        hint: "kwa_…1234".into(),
        role: Role::Auditor,
        created_at: days(-30),
        created_by: "ada@example.com".into(),
        expires_at,
        revoked_at,
        last_used_at: None,
    };
    let tokens =
        [token(1, Some(days(3)), None), token(2, Some(days(3)), Some(days(-1))), token(3, None, None), token(4, Some(days(20)), None)];
    let all = found(&[], &[], |facts| facts.access = Some(Access { people: &people, tokens: &tokens }));
    assert_eq!(names(&all), ["access-expiring/person/4", "access-expiring/token/1"]);
    assert!(all.conditions[0].remedy.contains("keyway user update p4@example.com --until"));
    let unknown = found(&[], &[], |facts| facts.access = None);
    assert_eq!((names(&unknown).len(), unknown.unsure.as_slice()), (0, &["access-expiring/".to_owned()][..]));
}
