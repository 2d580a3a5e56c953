//! The audit log as a specification, in files and in PostgreSQL.

use std::path::Path;
use std::sync::Arc;

use keyway_core::time::Timestamp;

use super::chain::{ChainKey, Heads};
use super::*;

async fn open(folder: Option<&Path>) -> AuditLog {
    open_with(folder, ChainKey::new(&[7; 32])).await
}

async fn open_with(folder: Option<&Path>, key: ChainKey) -> AuditLog {
    match keyway_ground::testing::database(folder).await {
        Some(url) => AuditLog::open(Place::Postgres(&url), key, None).await.unwrap(),
        None => AuditLog::open(folder.map_or(Place::Memory, Place::Folder), key, None).await.unwrap(),
    }
}

fn nothing_kept() -> Heads {
    Heads::default()
}

fn entry(app_id: u64, at: i64, status: u16) -> AuditEntry {
    AuditEntry {
        at: Timestamp::from_ms(at),
        hub_id: Some(1),
        app_id: Some(app_id),
        token_id: Some(5),
        operation: "GET /crm/v3/owners".into(),
        status,
        word: (status >= 400).then_some("missing-scopes"),
        object: None,
        attempts: 0,
        waited_us: 0,
        latency_us: 12,
        bytes_in: 0,
        bytes_out: 34,
        correlation_id: format!("c-{app_id}-{at}"),
        source: std::net::IpAddr::from([127, 0, 0, 1]),
        named: None,
        agent: None,
    }
}

async fn filled() -> AuditLog {
    let log = open(None).await;
    for (app, at, status) in [(1, 10, 200), (2, 20, 403), (1, 30, 429), (1, 40, 200)] {
        log.record(entry(app, at, status), false).await.unwrap();
    }
    log
}

async fn times(log: &AuditLog, filter: AuditFilter) -> Vec<i64> {
    let records = log.list(&AuditFilter { limit: if filter.limit == 0 { 100 } else { filter.limit }, ..filter }).await.unwrap();
    records.iter().map(|record| Timestamp::parse_iso(&record.time).unwrap().as_ms()).collect()
}

mod agents;
mod counts;
mod damaged;
mod in_files;
mod moved;
mod naming;
mod on_postgresql;

#[tokio::test]
async fn records_come_back_newest_first_by_each_filter() {
    let log = filled().await;
    let all = AuditFilter::default();
    assert_eq!(times(&log, all.clone()).await, [40, 30, 20, 10]);
    assert_eq!(times(&log, AuditFilter { app_id: Some(1), ..all.clone() }).await, [40, 30, 10]);
    assert_eq!(times(&log, AuditFilter { status: Some(StatusFilter::Class(4)), ..all.clone() }).await, [30, 20]);
    assert_eq!(times(&log, AuditFilter { status: Some(StatusFilter::Exact(429)), ..all.clone() }).await, [30]);
    assert_eq!(times(&log, AuditFilter { operation: Some("/crm/v3/owners".into()), limit: 1, ..all.clone() }).await, [40]);
    assert_eq!(times(&log, AuditFilter { operation: Some("POST /crm/v3/owners".into()), ..all.clone() }).await, [0; 0]);
    assert_eq!(times(&log, AuditFilter { object: Some("deals".into()), ..all.clone() }).await, [0; 0]);
    assert_eq!(times(&log, AuditFilter { correlation_id: Some("c-2-20".into()), ..all.clone() }).await, [20]);
    assert!(log.is_whole().await.unwrap());
    let (from, to) = (Some(Timestamp::from_ms(20)), Some(Timestamp::from_ms(40)));
    assert_eq!(times(&log, AuditFilter { from, to, ..all }).await, [30, 20]);
}

#[tokio::test]
async fn a_page_begins_where_the_last_one_ended() {
    let log = filled().await;
    let first = log.list(&AuditFilter { limit: 2, ..AuditFilter::default() }).await.unwrap();
    let rest = AuditFilter { before_id: Some(first[1].id), ..AuditFilter::default() };
    assert_eq!(times(&log, rest).await, [20, 10]);
}

#[tokio::test]
async fn only_calls_that_a_limit_let_through_count_for_the_day() {
    let log = filled().await;
    assert_eq!(log.counted_since(1, Timestamp::from_ms(0)).await.unwrap(), 2);
    assert_eq!(log.counted_since(1, Timestamp::from_ms(11)).await.unwrap(), 1);
    assert_eq!(log.counted_since(2, Timestamp::from_ms(0)).await.unwrap(), 0);
    // Keyway gave an access token to an integration: no app made that call, and it does not reach HubSpot.
    let given = AuditEntry { app_id: None, token_id: None, ..entry(1, 50, 200) };
    log.record(given, false).await.unwrap();
    assert_eq!(log.counted_by_app(1, Timestamp::from_ms(0)).await.unwrap(), [(1, 2)]);
}

#[tokio::test]
async fn a_call_begun_and_never_finished_is_on_record_with_its_outcome_unknown() {
    let folder = tempfile::tempdir().unwrap();
    let log = open(Some(folder.path())).await;
    log.begin(entry(1, 10, 0)).await.unwrap();
    log.begin(entry(1, 20, 0)).await.unwrap();
    log.record(entry(1, 20, 201), true).await.unwrap();
    log.close().await;

    let log = open(Some(folder.path())).await;
    let found: Vec<_> = log.list(&AuditFilter { limit: 9, ..AuditFilter::default() }).await.unwrap();
    let mut outcomes: Vec<_> = found.iter().map(|record| (record.status, record.category.as_deref())).collect();
    outcomes.sort_unstable();
    assert_eq!(outcomes, [(None, Some("OUTCOME_UNKNOWN")), (Some(201), None)]);
}

#[tokio::test]
async fn calls_are_summed_by_app_operation_and_day_from_a_moment_on() {
    const DAY_MS: i64 = 86_400_000;
    let log = open(None).await;
    // The moment lies within an hour, of which the records before it do not count.
    let since = DAY_MS + 1_234_567;
    for (app, at, status) in
        [(1, since - 1, 200), (1, since, 200), (1, since + 1, 403), (2, since + 9_000_000, 200), (1, since + DAY_MS, 429)]
    {
        log.record(entry(app, at, status), false).await.unwrap();
    }
    let since = Timestamp::from_ms(since);
    let lines = |used: Vec<OperationUse>| used.into_iter().map(|one| (one.app_id, one.day, one.calls, one.failed)).collect::<Vec<_>>();
    let day = |day: &str| day.to_owned();
    let all = lines(log.usage(None, since).await.unwrap());
    assert_eq!(all, [(1, day("1970-01-02"), 2, 1), (1, day("1970-01-03"), 1, 1), (2, day("1970-01-02"), 1, 0)]);
    assert_eq!(lines(log.usage(Some(9), since).await.unwrap()), []);
    // What the scopes refused needed no scope.
    let entry = |at: i64, word| AuditEntry { word: Some(word), ..entry(3, at, 403) };
    for word in ["MISSING_SCOPES", "missing-scopes", "app-disabled", "VALIDATION_ERROR"] {
        log.record(entry(since.as_ms(), word), false).await.unwrap();
    }
    let of_app = log.use_of_app(3, since).await.unwrap();
    assert_eq!(lines(of_app.permitted), [(3, day("1970-01-02"), 1, 1)]);
    assert_eq!(lines(of_app.called), [(3, day("1970-01-02"), 4, 4)]);
    let of_app = log.use_of_app(1, since).await.unwrap();
    // The call that the limit refused is on the day after, in a file of its own.
    assert_eq!(lines(of_app.called), [(1, day("1970-01-02"), 2, 1), (1, day("1970-01-03"), 1, 1)]);
    assert_eq!(lines(log.use_of_app(4, since).await.unwrap().called), []);
    // The whole file of the first day is after the moment. The second round takes the sums that the first one kept.
    for _ in 0..2 {
        let whole = lines(log.usage(None, Timestamp::from_ms(0)).await.unwrap());
        let second = day("1970-01-02");
        assert_eq!(whole, [(1, second.clone(), 3, 1), (1, day("1970-01-03"), 1, 1), (2, second.clone(), 1, 0), (3, second, 4, 4)]);
        assert_eq!(lines(log.use_of_app(1, Timestamp::from_ms(0)).await.unwrap().permitted), [(1, day("1970-01-02"), 2, 0)]);
    }
    assert_eq!(log.oldest().await.unwrap(), Some(since.plus_ms(-1)));
    assert_eq!(log.sources_of(5, since).await.unwrap(), [("127.0.0.1".to_owned(), 8, since.plus_ms(DAY_MS))]);
    assert_eq!(log.sources_of(6, since).await.unwrap(), []);
}

/// Records of builds before the table of refusals have a category where later ones have the name of a refusal.
#[tokio::test]
async fn records_of_earlier_builds_are_read_and_found_beside_later_ones() {
    let log = open(None).await;
    let refused = |word, status| AuditEntry { word: Some(word), ..entry(1, 1_000, status) };
    for (word, status) in [
        ("INVALID_AUTHENTICATION", 401),
        ("app-disabled", 401),
        ("token-revoked", 401),
        ("RATE_LIMITS", 429),
        ("limit-reached", 429),
        ("fault", 500),
        ("OBJECT_NOT_FOUND", 404),
        ("not-served", 501),
    ] {
        log.record(refused(word, status), false).await.unwrap();
    }
    let found = async |category: &str| -> Vec<(String, Option<String>)> {
        let filter = AuditFilter { category: Some(category.into()), limit: 9, ..AuditFilter::default() };
        let records = log.list(&filter).await.unwrap();
        records.into_iter().map(|record| (record.category.unwrap(), record.rule)).collect()
    };
    let invalid = |rule: Option<&str>| ("INVALID_AUTHENTICATION".to_owned(), rule.map(str::to_owned));
    assert_eq!(found("INVALID_AUTHENTICATION").await, [invalid(Some("token-revoked")), invalid(Some("app-disabled")), invalid(None)]);
    assert_eq!(found("app-disabled").await, [invalid(Some("app-disabled"))]);
    assert_eq!(found("RATE_LIMITS").await.len(), 2);
    assert_eq!(found("no-such-rule").await, []);
    // What was refused before the limits counts against none; what the account answered counts.
    let hub_id = entry(1, 1_000, 200).hub_id.unwrap();
    assert_eq!(log.counted_since(hub_id, Timestamp::from_ms(0)).await.unwrap(), 2);
}

#[tokio::test]
async fn a_hundred_writers_at_once_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let log = std::sync::Arc::new(open(Some(folder.path())).await);
    let writers: Vec<_> = (0..100)
        .map(|app| {
            let log = log.clone();
            tokio::spawn(async move {
                for at in 0..10 {
                    log.record(entry(app, at, 200), false).await.unwrap();
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    assert_eq!(log.list(&AuditFilter { limit: 10_000, ..AuditFilter::default() }).await.unwrap().len(), 1_000);
}

#[tokio::test]
async fn a_closed_log_refuses_instead_of_losing() {
    let log = filled().await;
    log.close().await;
    assert!(matches!(log.record(entry(1, 1, 200), false).await, Err(AuditError::NotWritable)));
}

#[test]
fn statuses_are_read_as_people_write_them() {
    let read = |text: &str| text.parse::<StatusFilter>();
    assert_eq!(read("403"), Ok(StatusFilter::Exact(403)));
    assert_eq!(read("4XX"), Ok(StatusFilter::Class(4)));
    assert_eq!(read("unknown"), Ok(StatusFilter::Unknown));
    assert!(read("9xx").is_err() && read("42").is_err() && read("ok").is_err());
}

#[tokio::test]
async fn a_log_goes_on_after_a_restart_with_its_chain_whole() {
    let folder = tempfile::tempdir().unwrap();
    let log = open(Some(folder.path())).await;
    log.record(entry(1, 1, 200), false).await.unwrap();
    let kept = log.verify(&nothing_kept()).await.unwrap().heads;
    log.begin(entry(1, 2, 0)).await.unwrap();
    log.close().await;
    let log = open(Some(folder.path())).await;
    log.record(entry(1, 3, 200), false).await.unwrap();
    let whole = log.verify(&kept).await.unwrap();
    assert_eq!((whole.records, whole.fault), (3, None));
}

#[tokio::test]
async fn another_master_key_can_not_vouch_for_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let log = open(Some(folder.path())).await;
    log.record(entry(1, 1, 200), false).await.unwrap();
    log.close().await;
    let log = open_with(Some(folder.path()), ChainKey::new(&[8; 32])).await;
    assert!(log.verify(&nothing_kept()).await.unwrap().fault.is_some());
}

#[tokio::test]
async fn records_go_to_who_reads_along_with_their_numbers() {
    struct Lines(std::sync::mpsc::Sender<Vec<u8>>);
    impl std::io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.send(bytes.to_vec()).map(|()| bytes.len()).map_err(|_| std::io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let (sender, lines) = std::sync::mpsc::channel();
    let log = AuditLog::open(Place::Memory, ChainKey::new(&[7; 32]), Some(Box::new(Lines(sender)))).await.unwrap();
    log.record(entry(4, 10, 403), false).await.unwrap();
    log.record(entry(4, 20, 200), false).await.unwrap();
    log.close().await;
    drop(log);
    let text: Vec<u8> = lines.iter().flatten().collect();
    let streamed: Vec<serde_json::Value> = text.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect();
    let seen: Vec<_> = streamed.iter().map(|record| (record["id"].as_i64(), record["status"].as_i64(), record["appId"].as_i64())).collect();
    assert_eq!(seen, [(Some(1), Some(403), Some(4)), (Some(2), Some(200), Some(4))]);
}
