//! The counts of calls as a specification, in files and in PostgreSQL.

use crate::counts::{FILE, Grain, KEPT, Outcome, READ, Tally};

use super::*;

const MINUTE: i64 = 60_000;
const DAY: i64 = 86_400_000;
/// A day that begins at midnight.
const START: i64 = 20_000 * DAY;

async fn counted(log: &AuditLog) {
    while !log.count().await.unwrap() {}
}

/// Begin, account, app and tally of every span of a length.
async fn all(log: &AuditLog, grain: Grain) -> Vec<(i64, Option<u64>, Option<u64>, Tally)> {
    let mut all = Vec::new();
    for span in log.spans(grain, Timestamp::from_ms(i64::MIN), Timestamp::from_ms(i64::MAX)).await.unwrap() {
        span.each(|_, _| true, |hub_id, app_id, tally| all.push((span.begin.as_ms(), hub_id, app_id, tally)));
    }
    all
}

async fn calls(log: &AuditLog, grain: Grain) -> Vec<(i64, u64)> {
    let width = grain.width_ms();
    let mut calls: Vec<(i64, u64)> = Vec::new();
    for (begin, .., tally) in all(log, grain).await {
        match calls.last_mut().filter(|(last, _)| *last == (begin - START) / width) {
            Some((_, calls)) => *calls += tally.calls(),
            None => calls.push(((begin - START) / width, tally.calls())),
        }
    }
    calls
}

async fn record(log: &AuditLog, app_id: u64, after_ms: i64, status: u16) {
    log.record(entry(app_id, START + after_ms, status), false).await.unwrap();
}

/// Some calls of three apps over two days.
async fn some_calls(log: &AuditLog) {
    for n in 0..60 {
        record(log, 1 + n % 3, i64::try_from(n).unwrap() * 41 * MINUTE, if n % 7 == 0 { 403 } else { 200 }).await;
    }
}

#[tokio::test]
async fn calls_are_counted_by_app_in_minutes_hours_and_days() {
    let log = open(None).await;
    for (app, after, status) in [(1, 0, 200), (1, 59_999, 403), (2, MINUTE, 429), (1, 60 * MINUTE, 200), (1, DAY, 500)] {
        record(&log, app, after, status).await;
    }
    assert!(log.count().await.unwrap());
    assert_eq!(calls(&log, Grain::Minute).await, [(0, 2), (1, 1), (60, 1), (1440, 1)]);
    assert_eq!(calls(&log, Grain::Hour).await, [(0, 3), (1, 1), (24, 1)]);
    assert_eq!(calls(&log, Grain::Day).await, [(0, 4), (1, 1)]);
    let day = &all(&log, Grain::Day).await;
    let of_app = |place: usize| (day[place].1, day[place].2, Outcome::ALL.map(|outcome| day[place].3.ended(outcome)));
    assert_eq!(of_app(0), (Some(1), Some(1), [2, 0, 1, 0, 0]));
    assert_eq!(of_app(1), (Some(1), Some(2), [0, 1, 0, 0, 0]));
    assert_eq!(of_app(2), (Some(1), Some(1), [0, 0, 0, 1, 0]));
    assert_eq!(day[0].3.causes(), [("missing-scopes".to_owned(), 1)]);
}

async fn counted_calls(log: &AuditLog) -> u64 {
    calls(log, Grain::Day).await.iter().map(|(_, calls)| calls).sum()
}

/// The server has one thread for them: one that tried again at once, without waiting, would keep the other from ending.
#[test]
fn two_who_count_on_one_thread_wait_for_each_other() {
    let (done, is_done) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let calls = runtime.block_on(async {
            let log = open(None).await;
            some_calls(&log).await;
            assert!(!log.count().await.unwrap(), "more is left than one turn counts");
            tokio::join!(counted(&log), counted(&log));
            counted_calls(&log).await
        });
        done.send(calls).unwrap();
    });
    assert_eq!(is_done.recv_timeout(std::time::Duration::from_secs(60)), Ok(60));
}

#[tokio::test]
async fn an_answer_does_not_wait_for_counts_that_are_far_behind() {
    let log = open(None).await;
    some_calls(&log).await;
    assert!(!log.count().await.unwrap(), "more is left than one turn counts");
    let before = counted_calls(&log).await;
    assert!(!log.count_unless_behind().await.unwrap());
    assert_eq!(counted_calls(&log).await, before);
    counted(&log).await;
    record(&log, 1, DAY, 200).await;
    assert!(log.count_unless_behind().await.unwrap());
    assert_eq!(counted_calls(&log).await, 61);
}

#[tokio::test]
async fn a_record_that_sums_up_refused_calls_counts_as_all_of_them() {
    let log = open(None).await;
    let first = AuditEntry { hub_id: None, app_id: None, token_id: None, ..entry(1, START, 401) };
    log.record(summary(first, 250), false).await.unwrap();
    counted(&log).await;
    let minute = &all(&log, Grain::Minute).await[0];
    assert_eq!((minute.1, minute.2, minute.3.calls(), minute.3.failed()), (None, None, 250, 250));
}

#[tokio::test]
async fn counting_often_comes_to_the_same_as_counting_once() {
    let (often, once) = (open(None).await, open(None).await);
    for n in 0..60 {
        record(&often, 1 + n % 3, i64::try_from(n).unwrap() * 7_000, 200).await;
        counted(&often).await;
        record(&once, 1 + n % 3, i64::try_from(n).unwrap() * 7_000, 200).await;
    }
    counted(&once).await;
    for (grain, _) in KEPT {
        assert_eq!(all(&often, grain).await, all(&once, grain).await);
    }
    assert!(all(&once, Grain::Hour).await.iter().all(|(.., tally)| tally.peak == 1));
}

/// By begin, what an account or all of them come to.
async fn of_accounts(log: &AuditLog, grain: Grain, hub_id: Option<u64>) -> Vec<(i64, Tally)> {
    let spans = log.spans_of_accounts(grain, Timestamp::from_ms(i64::MIN), Timestamp::from_ms(i64::MAX)).await.unwrap();
    spans.iter().filter_map(|span| Some((span.begin.as_ms(), span.of_account(hub_id)?))).collect()
}

#[tokio::test]
async fn the_apps_of_an_account_are_also_counted_together() {
    let log = open(None).await;
    some_calls(&log).await;
    counted(&log).await;
    let other = AuditEntry { hub_id: Some(2), ..entry(9, START, 200) };
    log.record(other, false).await.unwrap();
    log.record(AuditEntry { hub_id: None, app_id: None, token_id: None, ..entry(1, START, 401) }, false).await.unwrap();
    counted(&log).await;
    for (grain, _) in KEPT {
        for hub_id in [None, Some(1), Some(2)] {
            let mut sums: Vec<(i64, Tally)> = Vec::new();
            for (begin, _, _, tally) in all(&log, grain).await.into_iter().filter(|(_, hub, ..)| hub_id.is_none() || *hub == hub_id) {
                match sums.last_mut().filter(|(there, _)| *there == begin) {
                    Some((_, sum)) => sum.join(&tally),
                    None => sums.push((begin, tally)),
                }
            }
            let found = of_accounts(&log, grain, hub_id).await;
            let shown = |spans: &[(i64, Tally)]| -> Vec<_> {
                spans.iter().map(|(begin, tally)| (*begin, tally.kinds(), tally.causes(), tally.counted, tally.percentile(0.5))).collect()
            };
            assert_eq!(shown(&found), shown(&sums), "{grain:?} {hub_id:?}");
        }
        assert_eq!(of_accounts(&log, grain, Some(3)).await, []);
    }
    // Three calls came in the first ten seconds, of three apps that are busiest with one each.
    assert_eq!(of_accounts(&log, Grain::Day, None).await[0].1.peak, 3);
}

#[tokio::test]
async fn a_sum_of_all_apps_is_read_without_the_apps() {
    let log = open(None).await;
    for app in 1..=200 {
        record(&log, app, 0, 200).await;
    }
    counted(&log).await;
    READ.set(0);
    assert_eq!(of_accounts(&log, Grain::Hour, None).await[0].1.calls(), 200);
    assert_eq!(READ.replace(0), 1, "one tally is read, of 200 apps");
    let mut calls = 0;
    for span in log.spans(Grain::Hour, Timestamp::from_ms(i64::MIN), Timestamp::from_ms(i64::MAX)).await.unwrap() {
        span.each_stored(|_, _| true, |_, _, stored| calls += stored.calls().0);
    }
    assert_eq!((calls, READ.get()), (200, 0), "how often each app called is read without the rest of its tally");
}

#[tokio::test]
async fn counts_of_an_earlier_build_are_added_up_once() {
    let folder = tempfile::tempdir().unwrap();
    let open = async || AuditLog::open(Place::Folder(folder.path()), ChainKey::new(&[7; 32]), None).await.unwrap();
    let log = open().await;
    some_calls(&log).await;
    counted(&log).await;
    let before = of_accounts(&log, Grain::Day, Some(1)).await;
    log.close().await;
    let url = keyway_ground::database::sqlite_url(&folder.path().join(FILE)).unwrap();
    let mut file = <sqlx::AnyConnection as sqlx::Connection>::connect(&url).await.unwrap();
    sqlx::Executor::execute(&mut file, "drop table counted_together").await.unwrap();
    sqlx::Connection::close(file).await.unwrap();
    let log = open().await;
    assert_eq!(of_accounts(&log, Grain::Day, Some(1)).await, []);
    record(&log, 1, 0, 200).await;
    counted(&log).await;
    let after = of_accounts(&log, Grain::Day, Some(1)).await;
    assert_eq!(before.iter().map(|(_, day)| day.calls()).sum::<u64>() + 1, after.iter().map(|(_, day)| day.calls()).sum::<u64>());
}

#[tokio::test]
async fn counting_twice_adds_nothing() {
    let log = open(None).await;
    some_calls(&log).await;
    counted(&log).await;
    let before = all(&log, Grain::Minute).await;
    counted(&log).await;
    assert_eq!(all(&log, Grain::Minute).await, before);
}

#[tokio::test]
async fn a_call_that_was_under_way_at_a_crash_is_counted_once_as_unknown() {
    let folder = tempfile::tempdir().unwrap();
    let Ok(log) = AuditLog::open(Place::Folder(folder.path()), ChainKey::new(&[7; 32]), None).await else { unreachable!() };
    record(&log, 1, 0, 200).await;
    log.begin(entry(1, START + 1, 0)).await.unwrap();
    counted(&log).await;
    record(&log, 1, 2, 200).await;
    // Killed: nothing of the log is closed, and its lock on the counts is gone with it.
    std::mem::forget(log);
    let log = AuditLog::open(Place::Folder(folder.path()), ChainKey::new(&[7; 32]), None).await.unwrap();
    counted(&log).await;
    let minute = &all(&log, Grain::Minute).await[0].3;
    assert_eq!((minute.calls(), minute.ended(Outcome::Answered), minute.ended(Outcome::Unknown)), (3, 2, 1));
}

#[tokio::test]
async fn counts_that_are_lost_or_unreadable_are_made_again_from_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let open = async || AuditLog::open(Place::Folder(folder.path()), ChainKey::new(&[7; 32]), None).await.unwrap();
    let file = folder.path().join(FILE);
    let log = open().await;
    some_calls(&log).await;
    counted(&log).await;
    let running = all(&log, Grain::Hour).await;
    log.close().await;
    for broken in [false, true] {
        std::fs::remove_file(&file).unwrap();
        if broken {
            std::fs::write(&file, "this is not a database, and long enough to be taken for one: ".repeat(40)).unwrap();
        }
        let log = open().await;
        counted(&log).await;
        assert_eq!(all(&log, Grain::Hour).await, running, "{broken}");
        assert_eq!(folder.path().join("counts.db.damaged").exists(), broken, "a damaged file is not deleted");
        log.close().await;
    }
}

#[tokio::test]
async fn counts_of_a_longer_log_are_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    let open = async || AuditLog::open(Place::Folder(folder.path()), ChainKey::new(&[7; 32]), None).await.unwrap();
    let log = open().await;
    some_calls(&log).await;
    counted(&log).await;
    log.close().await;
    // As after the restore of an older copy of the log alone.
    std::fs::remove_dir_all(folder.path().join(FOLDER)).unwrap();
    let log = open().await;
    record(&log, 1, 0, 200).await;
    counted(&log).await;
    assert_eq!(calls(&log, Grain::Day).await, [(0, 1)]);
}

#[tokio::test]
async fn counts_outlive_the_records_that_retention_deletes() {
    let log = open(None).await;
    some_calls(&log).await;
    counted(&log).await;
    let before = all(&log, Grain::Day).await;
    log.prune(Timestamp::from_ms(START + 30 * DAY)).await.unwrap();
    counted(&log).await;
    assert_eq!(all(&log, Grain::Day).await, before);
}

#[tokio::test]
async fn only_the_newest_spans_of_each_length_are_kept() {
    let log = open(None).await;
    let kept = i64::from(KEPT[0].1);
    // A call in each of more minutes than are kept, in as few commits as there can be.
    let log = Arc::new(log);
    let mut writing = tokio::task::JoinSet::new();
    for minute in 0..kept + 5 {
        let log = log.clone();
        writing.spawn(async move { record(&log, 1, minute * MINUTE, 200).await });
    }
    writing.join_all().await;
    counted(&log).await;
    let minutes = calls(&log, Grain::Minute).await;
    assert_eq!((i64::try_from(minutes.len()).unwrap(), minutes[0].0), (kept, 5));
    assert_eq!(calls(&log, Grain::Day).await.iter().map(|(_, calls)| calls).sum::<u64>(), u64::try_from(kept).unwrap() + 5);
}

#[tokio::test]
async fn a_clock_that_is_set_back_or_far_ahead_moves_calls_and_loses_none() {
    let log = open(None).await;
    record(&log, 1, 3 * DAY, 200).await;
    counted(&log).await;
    // An hour back, years ahead, and back again.
    record(&log, 1, 3 * DAY - 60 * MINUTE, 200).await;
    counted(&log).await;
    record(&log, 1, 3_000 * DAY, 200).await;
    counted(&log).await;
    record(&log, 1, 3 * DAY + MINUTE, 200).await;
    counted(&log).await;
    assert_eq!(calls(&log, Grain::Day).await, [(2, 1), (3, 2), (3_000, 1)]);
    assert_eq!(calls(&log, Grain::Minute).await.len(), 4);
}

#[tokio::test]
async fn two_instances_add_up_and_the_records_of_a_dead_one_are_counted() {
    let Some(url) = keyway_ground::testing::database(None).await else { return };
    let instance = async || AuditLog::open(Place::Postgres(&url), ChainKey::new(&[7; 32]), None).await.unwrap();
    let (one, other) = (instance().await, instance().await);
    for n in 0..20 {
        record(&one, 1, n, 200).await;
        record(&other, 2, n, 200).await;
        if n % 5 == 0 {
            counted(if n % 2 == 0 { &one } else { &other }).await;
        }
    }
    counted(&one).await;
    assert_eq!(calls(&other, Grain::Minute).await, [(0, 40)]);
    record(&other, 2, 30, 200).await;
    std::mem::forget(other);
    counted(&one).await;
    assert_eq!(calls(&one, Grain::Minute).await, [(0, 41)]);
    assert_eq!(all(&one, Grain::Minute).await[0].3.peak, 20);
}
