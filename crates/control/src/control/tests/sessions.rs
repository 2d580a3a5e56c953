//! Sessions as a specification: what they may be made of, and what they use.

use super::*;
use crate::model::SessionBudget;

async fn with_app() -> (Control, u64) {
    let control = with_account().await;
    let (made, _) = control.create_app(app("Agent", &["crm.objects.contacts.read", "tickets"])).await.unwrap();
    (control, made.id)
}

fn session(budget: SessionBudget) -> NewSession {
    NewSession {
        person: "ada@example.com".into(),
        purpose: "A report".into(),
        created_by: "socket".into(),
        budget,
        ..NewSession::default()
    }
}

fn calls(most: u64) -> SessionBudget {
    SessionBudget { calls: Some(most), ..SessionBudget::default() }
}

fn wanted(token_id: u64, day: i64, calls: u64, records: u64) -> Wanted {
    Wanted { token_id, day: Timestamp::from_ms(day), calls, records }
}

/// What is left of which budget, where a use does not fit.
async fn short(control: &Control, budget: SessionBudget, use_: Wanted) -> Option<(&'static str, u64, bool)> {
    match control.spend(budget, use_).await {
        Ok(()) => None,
        Err(SpendError::Exhausted(one)) => Some((one.what, one.left, one.of_day)),
        Err(other) => panic!("{other}"),
    }
}

#[tokio::test]
async fn a_session_is_made_of_what_its_app_has_and_reads_unless_it_is_told_otherwise() {
    let (control, app_id) = with_app().await;
    let (_, made) = control.create_app_session("Agent", session(SessionBudget::default())).await.unwrap();
    let kept = made.token.session.clone().unwrap();
    assert_eq!(
        (&kept.scopes[..], kept.classes),
        (&["crm.objects.contacts.read".to_owned(), "oauth".into(), "tickets".into()][..], Classes::READ)
    );
    assert_eq!(made.token.expires_at.unwrap().as_ms() - made.token.created_at.as_ms(), 3_600_000, "an hour");
    let entry = control.registry.find(made.plain.expose()).unwrap();
    assert_eq!((entry.token.id, entry.classes()), (made.token.id, Classes::READ));

    let refused = |change: fn(&mut NewSession)| {
        let mut new = session(SessionBudget::default());
        change(&mut new);
        control.create_app_session("Agent", new)
    };
    for (what, result) in [
        ("another scope", refused(|new| new.scopes = Some(vec!["automation".into()])).await),
        ("no such scope", refused(|new| new.scopes = Some(vec!["nothing".into()])).await),
        ("no such class", refused(|new| new.classes = Some(vec!["write".into()])).await),
        ("no class", refused(|new| new.classes = Some(Vec::new())).await),
        ("too long", refused(|new| new.lifetime_ms = Some(7 * 86_400_000 + 1)).await),
        ("no time", refused(|new| new.lifetime_ms = Some(0)).await),
        ("nobody", refused(|new| new.person = " ".into()).await),
        ("for nothing", refused(|new| new.purpose = String::new()).await),
        ("for too much", refused(|new| new.purpose = "a".repeat(201)).await),
        ("a line break", refused(|new| new.purpose = "a\nb".into()).await),
        ("no calls", refused(|new| new.budget.calls = Some(0)).await),
        ("more than can be counted", refused(|new| new.budget.records = Some(u64::MAX)).await),
    ] {
        assert!(matches!(result, Err(ControlError::Invalid(_))), "{what}: {:?}", result.map(|(app, _)| app));
    }
    control.update_app("Agent", AppChange { allow: Some(vec!["read".into(), "create".into()]), ..AppChange::default() }).await.unwrap();
    assert!(refused(|new| new.classes = Some(vec!["update".into()])).await.is_err(), "wider than the app");
    assert!(refused(|new| new.classes = Some(vec!["create".into()])).await.is_ok());
    assert_eq!(control.app_sessions(Some(app_id)).await.unwrap().len(), 2);
    assert_eq!(control.app("Agent").await.unwrap().1.len(), 1, "sessions are not among the tokens of the app");
}

#[tokio::test]
async fn a_session_ends_by_itself_by_hand_and_with_the_last_token_of_its_app() {
    let (control, _) = with_app().await;
    let new = || session(SessionBudget::default());
    let (_, first) = control.create_app_session("Agent", new()).await.unwrap();
    let (_, second) = control.create_app_session("Agent", new()).await.unwrap();
    control.end_app_session(first.token.id).await.unwrap();
    assert!(!works(&control, &first.plain) && works(&control, &second.plain));
    let (_, other) = control.rotate_token("Agent", Rotation::Now, None).await.unwrap();
    assert!(works(&control, &second.plain), "a rotation of the app's token leaves its sessions");
    control.revoke_token(other.token.id).await.unwrap();
    assert!(!works(&control, &second.plain), "nobody calls in the app's name any more");
    assert!(matches!(control.end_app_session(other.token.id).await, Err(ControlError::NotFound(_))), "a token is no session");
    control.create_token("Agent", None).await.unwrap();
    let (_, third) = control.create_app_session("Agent", new()).await.unwrap();
    control.delete_app("Agent").await.unwrap();
    assert!(!works(&control, &third.plain) && control.app_sessions(None).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_budget_lets_its_last_unit_through_and_nothing_after_it() {
    let (control, _) = with_app().await;
    let budget = SessionBudget { calls: Some(3), records: Some(10), ..SessionBudget::default() };
    let (_, made) = control.create_app_session("Agent", session(budget)).await.unwrap();
    let id = made.token.id;
    assert_eq!(short(&control, budget, wanted(id, 0, 1, 4)).await, None);
    assert_eq!(short(&control, budget, wanted(id, 0, 1, 7)).await, Some(("records", 6, false)), "all of it or nothing");
    assert_eq!(short(&control, budget, wanted(id, 0, 1, 6)).await, None);
    assert_eq!(short(&control, budget, wanted(id, 0, 1, 1)).await, Some(("records", 0, false)));
    assert_eq!(short(&control, budget, wanted(id, 0, 1, 0)).await, None, "a call that touches no record");
    assert_eq!(short(&control, budget, wanted(id, 0, 1, 0)).await, Some(("calls", 0, false)));
    control.give_back_records(wanted(id, 0, 0, 2)).await.unwrap();
    assert_eq!(short(&control, budget, wanted(id, 0, 0, 3)).await, Some(("records", 2, false)));
    assert_eq!(short(&control, budget, wanted(id, 0, 0, 2)).await, None);
    let used = control.app_session(id).await.unwrap().2;
    assert_eq!((used.calls, used.records), (3, 10));
    control.give_back_records(wanted(id, 0, 0, 99)).await.unwrap();
    assert_eq!(control.app_session(id).await.unwrap().2.records, 0, "never less than nothing");
    assert!(matches!(control.spend(budget, wanted(id + 1, 0, 1, 0)).await, Err(SpendError::Gone)));
}

#[tokio::test]
async fn a_budget_of_a_day_begins_anew_at_midnight_and_never_goes_back() {
    let (control, _) = with_app().await;
    let budget = SessionBudget { calls_per_day: Some(2), records_per_day: Some(5), ..SessionBudget::default() };
    let (_, made) = control.create_app_session("Agent", session(budget)).await.unwrap();
    let id = made.token.id;
    assert_eq!(short(&control, budget, wanted(id, 1_000, 1, 5)).await, None);
    assert_eq!(short(&control, budget, wanted(id, 1_000, 1, 1)).await, Some(("records", 0, true)));
    assert_eq!(short(&control, budget, wanted(id, 1_000, 1, 0)).await, None);
    assert_eq!(short(&control, budget, wanted(id, 1_000, 1, 0)).await, Some(("calls", 0, true)));
    assert_eq!(short(&control, budget, wanted(id, 2_000, 1, 4)).await, None, "another day");
    // An instance whose clock is behind does not bring the day before back.
    assert_eq!(short(&control, budget, wanted(id, 1_000, 1, 1)).await, None);
    assert_eq!(short(&control, budget, wanted(id, 2_000, 1, 0)).await, Some(("calls", 0, true)));
    control.give_back_records(wanted(id, 1_000, 0, 3)).await.unwrap();
    assert_eq!(short(&control, budget, wanted(id, 2_000, 0, 1)).await, Some(("records", 0, true)), "nothing of yesterday comes back");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_calls_at_once_as_many_get_through_as_the_budget_has() {
    let (control, _) = with_app().await;
    let (_, made) = control.create_app_session("Agent", session(calls(7))).await.unwrap();
    let control = Arc::new(control);
    let one = |control: Arc<Control>, id: u64| async move { control.spend(calls(7), wanted(id, 0, 1, 0)).await.is_ok() };
    let all: Vec<_> = (0..40).map(|_| tokio::spawn(one(control.clone(), made.token.id))).collect();
    let mut passed = 0;
    for call in all {
        passed += usize::from(call.await.unwrap());
    }
    assert_eq!(passed, 7);
}

#[tokio::test]
async fn sessions_and_what_they_used_are_kept_over_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let first = control(Some(folder.path())).await;
    first.create_account(NewAccount { hub_id: Some(7), name: "Acme".into(), ..NewAccount::default() }).await.unwrap();
    first.create_app(app("Agent", &["tickets"])).await.unwrap();
    let (_, made) = first.create_app_session("Agent", session(calls(2))).await.unwrap();
    first.spend(calls(2), wanted(made.token.id, 0, 1, 0)).await.unwrap();
    first.close().await;
    drop(first);
    let second = control(Some(folder.path())).await;
    assert!(works(&second, &made.plain));
    let (_, token, used) = second.app_session(made.token.id).await.unwrap();
    assert_eq!((token.session, used.calls), (made.token.session, 1));
    second.spend(calls(2), wanted(made.token.id, 0, 1, 0)).await.unwrap();
    assert_eq!(short(&second, calls(2), wanted(made.token.id, 0, 1, 0)).await, Some(("calls", 0, false)));
}

#[tokio::test]
async fn a_session_keeps_its_rule_for_approvals_and_has_that_of_its_app_beside_it() {
    let (control, app_id) = with_app().await;
    let rule = |classes: &[&str], above| {
        let classes: Vec<String> = classes.iter().map(ToString::to_string).collect();
        Rule::parse(&classes, above, &[]).unwrap()
    };
    let change = AppChange { approve: Some(rule(&["delete"], Some(20))), ..AppChange::default() };
    control.update_app(&app_id.to_string(), change).await.unwrap();
    let new = NewSession { approve: rule(&["update"], Some(5)), ..session(SessionBudget::default()) };
    let (_, made) = control.create_app_session("Agent", new).await.unwrap();
    let (mut change, state) = control.begin().await.unwrap();
    let read_again = control.store.load_all(&mut change).await.unwrap();
    drop((change, state));
    let stored = read_again.tokens.iter().find(|token| token.id == made.token.id).unwrap();
    assert_eq!(stored.session.as_ref().unwrap().approve, rule(&["update"], Some(5)));
    let entry = control.registry.find(made.plain.expose()).unwrap();
    assert_eq!(*entry.approval_rule(), rule(&["update", "delete"], Some(5)));
}
