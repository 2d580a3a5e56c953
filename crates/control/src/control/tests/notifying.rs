//! Which notifications Keyway sends, to whom and how often; on PostgreSQL also with two instances.

use super::*;
use crate::attention::{Condition, Found, Kind};
use crate::model::QueuedMessage;
use crate::notify::Sender;
use crate::targets::Targets;

const REMIND_MS: i64 = 86_400_000;

fn found(names: &[&str]) -> Found {
    let condition = |name: &&str| Condition {
        kind: Kind::TokenRotation,
        name: (*name).to_owned(),
        account: None,
        app: None,
        owner: None,
        text: "The token 1 is old".into(),
        remedy: "keyway token rotate 1".into(),
        link: None,
        page: None,
    };
    Found { conditions: names.iter().map(condition).collect(), unsure: Vec::new() }
}

async fn with_channel(control: &Control) {
    let target = NewTarget::Webhook(Secret::new("http://127.0.0.1:9/hook".to_owned()));
    let new = NewChannel { name: "ops".into(), target, hub_id: None, owner: None };
    control.add_channel(&Sender::new(Targets::ThisMachine), new).await.unwrap();
}

async fn tell(control: &Control, found: &Found) {
    control.tell(found, "http://localhost", REMIND_MS, 0).await.unwrap();
}

fn names(messages: &[QueuedMessage]) -> Vec<String> {
    let of = |message: &QueuedMessage| message.body["notifications"].as_array().unwrap().clone();
    messages.iter().flat_map(of).map(|one| one["name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_condition_is_told_once_until_it_is_over_and_again_as_a_reminder() {
    let control = control(None).await;
    with_channel(&control).await;
    tell(&control, &found(&["a/1", "a/2"])).await;
    assert_eq!(names(&control.claim_messages().await.unwrap()), ["a/1", "a/2"]);
    tell(&control, &found(&["a/1", "a/2"])).await;
    assert!(control.claim_messages().await.unwrap().is_empty(), "told, and under way");
    // One is over and comes again; of the other it is not known.
    tell(&control, &Found { unsure: vec!["a/2".into()], ..found(&[]) }).await;
    tell(&control, &found(&["a/1", "a/2"])).await;
    assert_eq!(names(&control.claim_messages().await.unwrap()), ["a/1"]);
    // A name with a slash at its end matches all that begin with it.
    tell(&control, &Found { unsure: vec!["a/".into()], ..found(&[]) }).await;
    tell(&control, &found(&["a/1", "a/2"])).await;
    assert!(control.claim_messages().await.unwrap().is_empty());
    control.tell(&found(&["a/2"]), "http://localhost", 0, 0).await.unwrap();
    let reminder = control.claim_messages().await.unwrap();
    assert_eq!((names(&reminder), &reminder[0].body["notifications"][0]["reminder"]), (vec!["a/2".to_owned()], &true.into()));
}

#[tokio::test]
async fn what_waited_before_a_restore_ends_when_notifications_resume() {
    let control = control(None).await;
    with_channel(&control).await;
    tell(&control, &found(&["a/1"])).await;
    let mut change = control.store.begin().await.unwrap();
    let since = clock::now().plus_ms(1).as_ms();
    sqlx::query("insert into notify_hold (\"only\", since) values (1, $1)").bind(since).execute(&mut change).await.unwrap();
    change.commit().await.unwrap();
    control.resume_notifications().await.unwrap();
    let (_, messages) = control.notifications(10).await.unwrap();
    assert_eq!(messages[0].state, "failed");
    assert!(messages[0].error.as_deref().unwrap().contains("may have sent it"), "{:?}", messages[0].error);
    tell(&control, &found(&["a/1", "a/2"])).await;
    assert_eq!(names(&control.claim_messages().await.unwrap()), ["a/2"], "newer ones go out");
}

#[tokio::test]
async fn a_message_is_tried_again_later_and_not_after_it_was_taken() {
    let control = control(None).await;
    with_channel(&control).await;
    tell(&control, &found(&["a/1"])).await;
    let first = control.claim_messages().await.unwrap().remove(0);
    control.message_attempted(&first, Err("down".into())).await.unwrap();
    let (_, messages) = control.notifications(10).await.unwrap();
    assert_eq!((messages[0].state.as_str(), messages[0].attempts, messages[0].error.as_deref()), ("waiting", 1, Some("down")));
    let again = loop {
        if let Some(again) = control.claim_messages().await.unwrap().pop() {
            break again;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!((again.id, again.attempts), (first.id, 1));
    control.message_attempted(&again, Ok("HTTP status 200".into())).await.unwrap();
    // A claim that had lapsed reports late: what was sent stays so.
    control.message_attempted(&first, Err("late".into())).await.unwrap();
    let (_, messages) = control.notifications(10).await.unwrap();
    assert_eq!((messages[0].state.as_str(), messages[0].error.as_deref()), ("sent", None));
    assert!(control.claim_messages().await.unwrap().is_empty());
}

#[tokio::test]
async fn the_queue_of_a_receiver_that_is_down_is_bounded_and_keeps_the_newest() {
    let control = control(None).await;
    with_channel(&control).await;
    for at in 0..105 {
        tell(&control, &found(&[format!("a/{at}").as_str()])).await;
    }
    let (_, messages) = control.notifications(1_000).await.unwrap();
    let count = |state: &str| messages.iter().filter(|message| message.state == state).count();
    assert_eq!((count("waiting"), count("failed")), (100, 5));
    assert_eq!(names(&control.claim_messages().await.unwrap())[0], "a/5");
}

#[tokio::test]
async fn of_two_instances_one_tells_and_one_sends() {
    let folders = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let Some(url) = crate::testing::database(None).await else { return };
    let one = instance(folders.0.path(), &url).await;
    let other = instance(folders.1.path(), &url).await;
    with_channel(&one).await;
    let all = found(&["a/1"]);
    let (first, second) =
        tokio::join!(one.tell(&all, "http://localhost", REMIND_MS, 60_000), other.tell(&all, "http://localhost", REMIND_MS, 60_000));
    first.and(second).unwrap();
    let (mine, theirs) = tokio::join!(one.claim_messages(), other.claim_messages());
    assert_eq!(mine.unwrap().len() + theirs.unwrap().len(), 1);
    // What one instance does not see, another may: it lasts for a while.
    tell_for(&other, &found(&[]), 60_000).await;
    tell_for(&one, &all, 60_000).await;
    assert!(one.claim_messages().await.unwrap().is_empty());
}

#[tokio::test]
async fn instances_whose_clocks_are_wrong_send_each_message_once_and_in_time() {
    let folders = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let Some(url) = crate::testing::database(None).await else { return };
    let one = instance(folders.0.path(), &url).await;
    let other = instance(folders.1.path(), &url).await;
    with_channel(&one).await;
    let all = found(&["a/1"]);
    // A day before and a day after the time; the database has the right one.
    let day = 86_400_000;
    for (ahead, late) in [(day, -day), (-day, day)] {
        clock::WRONG_BY_MS.set(ahead);
        one.tell(&all, "http://localhost", REMIND_MS, 60_000).await.unwrap();
        clock::WRONG_BY_MS.set(late);
        other.tell(&all, "http://localhost", REMIND_MS, 60_000).await.unwrap();
        tell_for(&other, &found(&[]), 60_000).await;
        tell_for(&other, &all, 60_000).await;
        // Each instance sees what the other queued, and leaves to it what it claimed.
        let claimed = other.claim_messages().await.unwrap();
        assert_eq!(names(&claimed), ["a/1"]);
        clock::WRONG_BY_MS.set(ahead);
        assert!(one.claim_messages().await.unwrap().is_empty(), "the other one has it");
        clock::WRONG_BY_MS.set(0);
        let off = claimed[0].claimed_at.as_ms() - clock::now().as_ms();
        assert!(off.abs() < day / 2, "receivers check the time of a signature: it is {off} ms off");
        // It failed at the one; the other tries again, within seconds and not a day later.
        clock::WRONG_BY_MS.set(late);
        other.message_attempted(&claimed[0], Err("down".into())).await.unwrap();
        clock::WRONG_BY_MS.set(ahead);
        let again = loop {
            if let Some(again) = one.claim_messages().await.unwrap().pop() {
                break again;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        };
        one.message_attempted(&again, Ok("HTTP status 200".into())).await.unwrap();
        clock::WRONG_BY_MS.set(late);
        assert!(other.claim_messages().await.unwrap().is_empty(), "it is sent");
        clock::WRONG_BY_MS.set(0);
        // Over for both: it begins again in the next round.
        tell_for(&one, &found(&[]), 0).await;
    }
}

pub(super) async fn instance(folder: &std::path::Path, url: &str) -> Control {
    std::fs::write(folder.join("master.key"), "5a".repeat(32)).unwrap();
    let store = Store::open(Some(folder), Some(url)).await.unwrap();
    let registry = Arc::new(Registry::new(store.token_key(), true, None));
    Control::new(store, registry, Arc::new(NoBackend)).await.unwrap()
}

async fn tell_for(control: &Control, found: &Found, lasting_ms: i64) {
    control.tell(found, "http://localhost", REMIND_MS, lasting_ms).await.unwrap();
}
