//! An approval is asked for once, decided by one person and used by one call; on PostgreSQL also with two instances.

use keyway_core::approval::{Change as Shown, Changed, Property};
use keyway_core::token::TokenHash;

use super::*;
use crate::model::{Approval, ApprovalState};
use crate::principal::{Role, Who};
use crate::store::approvals::Wanted;

const CALL: TokenHash = TokenHash([1; 32]);
const READ: TokenHash = TokenHash([2; 32]);

fn shown() -> Shown {
    let property = Property { name: "city".into(), before: Some("Bern".into()), after: Some("Chur".into()) };
    let record = Changed { object_type: "contacts".into(), id: Some("5".into()), state: "there".into(), properties: vec![property] };
    Shown { method: "PATCH".into(), target: "/crm/v3/objects/contacts/5".into(), records: vec![record], ..Shown::default() }
}

fn new(app_id: u64, call: u8) -> NewApproval {
    NewApproval {
        hub_id: 7,
        app_id,
        session_id: None,
        operation: "PATCH /crm/v3/objects/{objectType}/{objectId}".into(),
        rule: "operations of the class update".into(),
        records: Some(1),
        call_hash: TokenHash([call; 32]),
        read_hash: READ,
        change: shown(),
    }
}

fn wanted(id: u64, app_id: u64) -> Wanted {
    Wanted { id, app_id, session_id: None, call_hash: CALL }
}

/// A control with an app, and the app's id.
async fn with_app() -> (Control, u64) {
    let control = with_account().await;
    let (made, _) = control.create_app(app("Agent", &[])).await.unwrap();
    (control, made.id)
}

async fn asked(control: &Control, app_id: u64) -> Approval {
    control.ask_approval(new(app_id, 1)).await.unwrap().unwrap()
}

/// Somebody decides, as over the admin API.
async fn decide(control: &Control, who: &str, id: u64, approved: bool, reason: &str) -> Result<Approval> {
    let who = Who::Person { id: 1, email: who.to_owned() };
    let principal = Principal { who, role: Role::SuperAdmin, source: String::new() };
    Acting::new(principal, "approveCall", format!("approval {id}")).run(control.decide_approval(id, approved, reason)).await
}

async fn change_rows(control: &Control, text: &'static str) {
    let mut change = control.store.begin().await.unwrap();
    assert!(sqlx::query(text).execute(&mut change).await.unwrap().rows_affected() > 0);
    change.commit().await.unwrap();
}

#[tokio::test]
async fn the_same_call_asks_once_and_another_one_again() {
    let (control, app_id) = with_app().await;
    let first = asked(&control, app_id).await;
    assert_eq!(asked(&control, app_id).await.id, first.id);
    let other = control.ask_approval(new(app_id, 9)).await.unwrap().unwrap();
    let changed = control.ask_approval(NewApproval { read_hash: TokenHash([3; 32]), ..new(app_id, 1) }).await.unwrap().unwrap();
    let of_session = control.ask_approval(NewApproval { session_id: Some(4), ..new(app_id, 1) }).await.unwrap().unwrap();
    let ids = [first.id, other.id, changed.id, of_session.id];
    assert!(ids.windows(2).all(|pair| pair[0] < pair[1]), "{ids:?}");
    let kept = control.approval(first.id).await.unwrap();
    assert_eq!((kept.state, kept.change, kept.rule.as_str()), (ApprovalState::Pending, Some(shown()), "operations of the class update"));
    assert_eq!(control.pending_approvals().await.unwrap().len(), 4);
    assert!(control.approvals(None, 10).await.unwrap().iter().all(|one| one.change.is_none()), "a list holds no customer data");
}

#[tokio::test]
async fn of_one_app_no_more_than_twenty_wait_and_those_of_another_are_not_counted() {
    let (control, app_id) = with_app().await;
    let (other, _) = control.create_app(app("Other", &[])).await.unwrap();
    for call in 0..20 {
        assert!(control.ask_approval(new(app_id, call)).await.unwrap().is_some(), "{call}");
    }
    assert!(control.ask_approval(new(app_id, 20)).await.unwrap().is_none());
    assert!(control.ask_approval(new(other.id, 20)).await.unwrap().is_some());
    let id = control.pending_approvals().await.unwrap()[0].id;
    decide(&control, "ada@example.com", id, false, "no").await.unwrap();
    assert!(control.ask_approval(new(app_id, 20)).await.unwrap().is_some());
}

#[tokio::test]
async fn of_two_people_who_decide_one_does_and_the_other_is_told_who() {
    let (control, app_id) = with_app().await;
    let id = asked(&control, app_id).await.id;
    let (one, other) =
        tokio::join!(decide(&control, "ada@example.com", id, true, ""), decide(&control, "ben@example.com", id, false, "no"));
    let (done, refused, winner) = match (one, other) {
        (Ok(done), Err(refused)) => (done, refused, "ada@example.com"),
        (Err(refused), Ok(done)) => (done, refused, "ben@example.com"),
        both => panic!("{both:?}"),
    };
    assert_eq!(done.decided_by.as_deref(), Some(winner));
    assert!(matches!(&refused, ControlError::Conflict(why) if why.contains(winner)), "{refused}");
    let records = control.changes(&crate::store::changes::ChangeFilter { limit: 10, ..Default::default() }).await.unwrap();
    assert_eq!(records.iter().filter(|record| record.target == format!("approval {id}")).count(), 1);
    assert!(!format!("{:?}", records[0]).contains("Bern"), "a record of changes holds no customer data");
}

#[tokio::test]
async fn an_approval_is_used_once_by_its_own_call_on_the_records_as_they_were() {
    let (control, app_id) = with_app().await;
    let (other, _) = control.create_app(app("Other", &[])).await.unwrap();
    let id = asked(&control, app_id).await.id;
    let used = async |wanted: Wanted, read: TokenHash| control.use_approval(&wanted, &read).await.unwrap();
    let standing = used(wanted(id, app_id), READ).await.unwrap_err().unwrap();
    assert_eq!(standing.state, ApprovalState::Pending);
    decide(&control, "ada@example.com", id, true, "").await.unwrap();
    assert!(used(wanted(id, other.id), READ).await.unwrap_err().is_none(), "another app has no such approval");
    assert!(used(Wanted { session_id: Some(4), ..wanted(id, app_id) }, READ).await.unwrap_err().is_none(), "nor has a session");
    assert!(used(wanted(999, app_id), READ).await.unwrap_err().is_none());
    assert!(used(Wanted { call_hash: TokenHash([8; 32]), ..wanted(id, app_id) }, READ).await.is_err());
    assert!(used(wanted(id, app_id), TokenHash([8; 32])).await.is_err());
    assert!(used(wanted(id, app_id), READ).await.is_ok());
    let standing = used(wanted(id, app_id), READ).await.unwrap_err().unwrap();
    assert_eq!((standing.state, standing.status), (ApprovalState::Used, None));
    control.approval_answered(id, 200).await.unwrap();
    assert_eq!(control.approval(id).await.unwrap().status, Some(200));
    assert!(decide(&control, "ben@example.com", id, false, "").await.unwrap_err().to_string().contains("the call was made"));
    // The call may be asked for again.
    assert_ne!(asked(&control, app_id).await.id, id);
}

#[tokio::test]
async fn of_many_calls_at_once_one_uses_the_approval() {
    let (control, app_id) = with_app().await;
    let control = Arc::new(control);
    let id = asked(&control, app_id).await.id;
    decide(&control, "ada@example.com", id, true, "").await.unwrap();
    let calls: Vec<_> = (0..16)
        .map(|_| {
            let control = control.clone();
            tokio::spawn(async move { control.use_approval(&wanted(id, app_id), &READ).await.unwrap().is_ok() })
        })
        .collect();
    let mut used = 0;
    for call in calls {
        used += usize::from(call.await.unwrap());
    }
    assert_eq!(used, 1);
}

#[tokio::test]
async fn what_is_over_can_neither_be_decided_nor_used() {
    let (control, app_id) = with_app().await;
    let id = asked(&control, app_id).await.id;
    change_rows(&control, "update approval set expires_at = 1").await;
    assert!(decide(&control, "ada@example.com", id, true, "").await.unwrap_err().to_string().contains("ended at"));
    assert_eq!(control.approval(id).await.unwrap().state, ApprovalState::Expired);
    assert!(control.pending_approvals().await.unwrap().is_empty());
    let again = asked(&control, app_id).await.id;
    assert_ne!(again, id);
    let approved = decide(&control, "ada@example.com", again, true, "").await.unwrap();
    assert_eq!(approved.expires_at.as_ms() - approved.decided_at.unwrap().as_ms(), 3_600_000);
    change_rows(&control, "update approval set expires_at = 1").await;
    let standing = control.use_approval(&wanted(again, app_id), &READ).await.unwrap().unwrap_err().unwrap();
    assert_eq!(standing.state, ApprovalState::Expired);
    let rejected = asked(&control, app_id).await.id;
    decide(&control, "ada@example.com", rejected, false, "not on a Friday").await.unwrap();
    let standing = control.use_approval(&wanted(rejected, app_id), &READ).await.unwrap().unwrap_err().unwrap();
    assert_eq!((standing.state, standing.reason.as_deref()), (ApprovalState::Rejected, Some("not on a Friday")));
}

#[tokio::test]
async fn what_would_change_is_sealed_and_goes_a_day_after_the_end_and_the_approval_after_ninety() {
    let (control, app_id) = with_app().await;
    let id = asked(&control, app_id).await.id;
    let mut reading = control.store.read().await.unwrap();
    let row = sqlx::query("select sealed from approval").fetch_one(&mut reading).await.unwrap();
    let sealed: Vec<u8> = sqlx::Row::try_get(&row, "sealed").unwrap();
    assert!(!sealed.windows(4).any(|part| part == b"Bern"));
    drop(reading);
    control.forget_approvals().await.unwrap();
    assert!(control.approval(id).await.unwrap().change.is_some());
    let ago = |days: i64| clock::now().plus_ms(-days * 86_400_000).as_ms();
    let set = async |expires: i64| {
        let mut change = control.store.begin().await.unwrap();
        sqlx::query("update approval set expires_at = $1").bind(expires).execute(&mut change).await.unwrap();
        change.commit().await.unwrap();
        control.forget_approvals().await.unwrap();
    };
    set(ago(0)).await;
    assert!(control.approval(id).await.unwrap().change.is_some());
    set(ago(2)).await;
    assert!(control.approval(id).await.unwrap().change.is_none());
    set(ago(91)).await;
    assert!(control.approval(id).await.is_err());
}

#[tokio::test]
async fn approvals_go_with_their_app() {
    let (control, app_id) = with_app().await;
    let id = asked(&control, app_id).await.id;
    control.delete_app("Agent").await.unwrap();
    assert!(control.approval(id).await.is_err());
}

#[tokio::test]
async fn a_link_is_good_for_its_approval_until_its_end_and_no_other() {
    let (control, app_id) = with_app().await;
    let approval = asked(&control, app_id).await;
    let link = control.approval_link("https://keyway.example.com", &approval);
    let (address, query) = link.split_once('?').unwrap();
    assert_eq!(address, format!("https://keyway.example.com/approvals/{}", approval.id));
    let part = |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)).unwrap().to_owned();
    let (until, signature) = (part("until=").parse::<i64>().unwrap(), part("signature="));
    let now = clock::now();
    assert!(control.is_approval_link(approval.id, until, &signature, now));
    assert!(!control.is_approval_link(approval.id + 1, until, &signature, now));
    assert!(!control.is_approval_link(approval.id, until + 1, &signature, now));
    assert!(!control.is_approval_link(approval.id, until, "", now));
    assert!(!control.is_approval_link(approval.id, until, &signature, Timestamp::from_ms(until)));
}

#[tokio::test]
async fn the_rule_of_an_app_is_kept_and_a_new_one_takes_its_place() {
    let (control, app_id) = with_app().await;
    let rule = Rule::parse(&["update".into()], Some(10), &["POST /crm/v3/objects/{objectType}/merge".into()]).unwrap();
    let set = AppChange { approve: Some(rule.clone()), ..AppChange::default() };
    assert_eq!(control.update_app(&app_id.to_string(), set).await.unwrap().approve, rule);
    // Another change leaves it, and it is read from the store as it was written.
    control.update_app(&app_id.to_string(), AppChange { owner: Some("Ada".into()), ..AppChange::default() }).await.unwrap();
    let stored = control.store.load_all(&mut control.store.read().await.unwrap()).await.unwrap();
    assert_eq!(stored.apps.iter().find(|app| app.id == app_id).unwrap().approve, rule);
    let none = AppChange { approve: Some(Rule::default()), ..AppChange::default() };
    assert!(control.update_app(&app_id.to_string(), none).await.unwrap().approve.is_empty());
}

#[tokio::test]
async fn of_two_instances_one_uses_an_approval_and_one_person_decides() {
    let folders = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let Some(url) = crate::testing::database(None).await else { return };
    let (one, other) = (notifying::instance(folders.0.path(), &url).await, notifying::instance(folders.1.path(), &url).await);
    one.create_account(NewAccount { hub_id: Some(7), name: "Acme".into(), ..NewAccount::default() }).await.unwrap();
    let (made, _) = one.create_app(app("Agent", &[])).await.unwrap();
    for _ in 0..10 {
        let (mine, theirs) = tokio::join!(asked(&one, made.id), asked(&other, made.id));
        assert_eq!(mine.id, theirs.id, "the same call asks once");
        let id = mine.id;
        let (yes, no) = tokio::join!(decide(&one, "ada@example.com", id, true, ""), decide(&other, "ben@example.com", id, true, ""));
        assert_eq!(usize::from(yes.is_ok()) + usize::from(no.is_ok()), 1);
        let (wanted_one, wanted_other) = (wanted(id, made.id), wanted(id, made.id));
        let (used, also) = tokio::join!(one.use_approval(&wanted_one, &READ), other.use_approval(&wanted_other, &READ));
        assert_eq!(usize::from(used.unwrap().is_ok()) + usize::from(also.unwrap().is_ok()), 1);
    }
}
