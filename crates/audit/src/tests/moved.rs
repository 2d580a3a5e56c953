//! The log of a data folder in PostgreSQL. Runs where `KEYWAY_TEST_POSTGRES` names a server.

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

use super::*;
use crate::log::Readers;
use crate::postgres::moved::Target;

const DAY_MS: i64 = 86_400_000;
/// A day in 2026.
const FIRST: i64 = 20_600 * DAY_MS;

async fn in_folder(folder: &Path) -> AuditLog {
    AuditLog::open(Place::Folder(folder), ChainKey::new(&[7; 32]), None).await.unwrap()
}

async fn instance(url: &str) -> AuditLog {
    AuditLog::open(Place::Postgres(url), ChainKey::new(&[7; 32]), None).await.unwrap()
}

async fn run(url: &str, text: &str) -> u64 {
    let mut connection = PgConnection::connect(url).await.unwrap();
    connection.execute(AssertSqlSafe(text.to_owned())).await.unwrap().rows_affected()
}

/// Three days of calls, some of which change something and touch CRM records; two were never finished.
async fn past(folder: &Path) -> AuditLog {
    let log = in_folder(folder).await;
    for at in 0..60 {
        let named = (at % 3 == 0)
            .then(|| Box::new(keyway_core::touched::Named { records: format!("contacts/{at}"), record_count: 1, ..Default::default() }));
        let call = AuditEntry { named, ..entry(1, FIRST + at * DAY_MS / 20, if at % 7 == 0 { 403 } else { 200 }) };
        if at % 2 == 0 {
            log.begin(call.clone()).await.unwrap();
        }
        log.record(call, at % 2 == 0).await.unwrap();
    }
    log.begin(entry(9, FIRST + 3 * DAY_MS - 2, 0)).await.unwrap();
    log.begin(entry(9, FIRST + 3 * DAY_MS - 1, 0)).await.unwrap();
    log.close().await;
    in_folder(folder).await
}

#[tokio::test]
async fn a_log_that_was_moved_has_the_chain_of_the_folder_from_its_first_record_on() {
    let Some(url) = keyway_ground::testing::database(None).await else { return };
    let folder = tempfile::tempdir().unwrap();
    let log = past(folder.path()).await;
    let whole = log.verify(&nothing_kept()).await.unwrap();
    assert_eq!((whole.records, whole.fault.as_deref(), whole.heads.0.len()), (62, None, 1));
    let mut heard = Vec::new();
    assert_eq!(log.copy_to(&url, &mut |done, all| heard.push((done, all))).await.unwrap(), 62);
    assert_eq!(heard.last(), Some(&(62, 62)));
    assert_eq!(log.verify_copy(&url, &whole.heads).await.unwrap(), whole);

    let one = instance(&url).await;
    let all = AuditFilter { limit: 100, ..AuditFilter::default() };
    let moved = one.list(&all).await.unwrap();
    assert_eq!(moved, log.list(&all).await.unwrap(), "each record is as it was, those without an outcome too");
    one.record(entry(1, FIRST + 9 * DAY_MS, 200), false).await.unwrap();
    assert!(one.list(&all).await.unwrap()[0].id > moved[0].id, "numbers go on");
    let after = one.verify(&whole.heads).await.unwrap();
    assert_eq!((after.records, after.fault, after.heads.0[0]), (63, None, whole.heads.0[0]));
    // A head of an earlier time holds as well, and one that never was does not.
    let mut cut = whole.heads.clone();
    cut.0[0].seal[0] ^= 1;
    assert!(one.verify(&cut).await.unwrap().fault.is_some());
    cut.0[0].id += 1;
    assert!(one.verify(&cut).await.unwrap().fault.is_some());
}

#[tokio::test]
async fn a_move_of_records_that_ended_in_its_middle_continues_behind_its_last_commit() {
    let Some(url) = keyway_ground::testing::database(None).await else { return };
    let folder = tempfile::tempdir().unwrap();
    let log = past(folder.path()).await;
    let whole = log.verify(&nothing_kept()).await.unwrap();
    let Readers::Files(shelf) = &log.readers else { unreachable!() };
    let mut commits = shelf.commits().unwrap();
    let mut target = Target::open(&url, &log.key, shelf.start().0, shelf.newest()).await.unwrap();
    let mut last_id = 0;
    for _ in 0..31 {
        let commit = commits.next().unwrap().unwrap();
        target.add(std::slice::from_ref(&commit), last_id).await.unwrap();
        last_id = commit.last_id().unwrap_or(last_id);
    }
    drop(target);
    assert!(log.verify_copy(&url, &whole.heads).await.unwrap().fault.is_some(), "half a log is not the whole one");
    assert_eq!(log.copy_to(&url, &mut |_, _| {}).await.unwrap(), 62);
    assert_eq!(log.verify_copy(&url, &whole.heads).await.unwrap(), whole);
    assert_eq!(log.copy_to(&url, &mut |_, _| {}).await.unwrap(), 62, "once more changes nothing");
    assert_eq!(log.verify_copy(&url, &whole.heads).await.unwrap(), whole);
}

#[tokio::test]
async fn whatever_is_changed_in_a_log_that_was_moved_shows() {
    let Some(_) = keyway_ground::testing::database(None).await else { return };
    let folder = tempfile::tempdir().unwrap();
    let log = past(folder.path()).await;
    let heads = log.verify(&nothing_kept()).await.unwrap().heads;
    let changes = [
        "update call set status = 500 where id = 3",
        "update call set record_ids = 'contacts/1' where id = 4",
        "delete from call where id = 5",
        "update call set writer = 1 where id = 6",
        "delete from call where id = 62",
        "update moved_note set notes = notes || '\\x00' where number = (select min(number) from moved_note)",
        "delete from moved_note where number = (select max(number) from moved_note)",
        "update writer set after_id = 3, seal = (select seal from call where id = 3) where id = 0",
    ];
    for change in changes {
        let url = keyway_ground::testing::database(None).await.unwrap();
        log.copy_to(&url, &mut |_, _| {}).await.unwrap();
        assert_eq!(run(&url, change).await, 1, "{change}");
        assert!(log.verify_copy(&url, &heads).await.unwrap().fault.is_some(), "{change}");
    }
}

#[tokio::test]
async fn retention_deletes_the_days_of_a_log_that_was_moved_and_its_chain_stays_whole() {
    let Some(url) = keyway_ground::testing::database(None).await else { return };
    let folder = tempfile::tempdir().unwrap();
    let log = past(folder.path()).await;
    let whole = log.verify(&nothing_kept()).await.unwrap();
    log.copy_to(&url, &mut |_, _| {}).await.unwrap();
    let one = instance(&url).await;
    let gone = one.prune(Timestamp::from_ms(FIRST + DAY_MS + 5)).await.unwrap();
    assert_eq!(gone, 20, "the first day");
    let after = one.verify(&whole.heads).await.unwrap();
    assert_eq!((after.records, after.fault, after.heads), (42, None, whole.heads.clone()));
    one.prune(Timestamp::from_ms(FIRST + 30 * DAY_MS)).await.unwrap();
    let after = one.verify(&nothing_kept()).await.unwrap();
    assert_eq!((after.records, after.fault), (0, None));
}
