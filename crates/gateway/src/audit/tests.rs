//! The audit log as a specification.

use sqlx::ConnectOptions;

use super::chain::Heads;
use super::*;

async fn open(folder: Option<&Path>) -> AuditLog {
    open_with(folder, ChainKey::new(&[7; 32])).await
}

async fn open_with(folder: Option<&Path>, key: ChainKey) -> AuditLog {
    match crate::testing::database(folder).await {
        Some(url) => AuditLog::open(Place::Postgres(&url), key, None).await.unwrap(),
        None => AuditLog::open(folder.map_or(Place::Memory, Place::Folder), key, None).await.unwrap(),
    }
}

/// Whether this run is on PostgreSQL, whose tables a test of SQLite's can't look into.
fn on_postgres() -> bool {
    std::env::var_os("KEYWAY_TEST_POSTGRES").is_some()
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
        category: (status >= 400).then_some("MISSING_SCOPES"),
        object: None,
        attempts: 0,
        waited_us: 0,
        latency_us: 12,
        bytes_in: 0,
        bytes_out: 34,
        correlation_id: format!("c-{app_id}-{at}"),
        source: std::net::IpAddr::from([127, 0, 0, 1]),
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
    assert_eq!(times(&log, AuditFilter { correlation_id: Some("c-2-20".into()), ..all.clone() }).await, [20]);
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
    let outcomes: Vec<_> = found.iter().map(|record| (record.status, record.category.as_deref())).collect();
    assert_eq!(outcomes, [(Some(201), None), (None, Some("OUTCOME_UNKNOWN"))]);
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
async fn the_index_by_app_follows_and_no_record_is_seen_twice_or_not_at_all() {
    const WRITERS: i64 = 40;
    const EACH: i64 = 900;
    let folder = tempfile::tempdir().unwrap();
    let log = std::sync::Arc::new(open(Some(folder.path())).await);
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let log = log.clone();
            tokio::spawn(async move {
                for at in 0..EACH {
                    log.record(entry(u64::try_from(writer % 20).unwrap(), at * WRITERS + writer, 200), false).await.unwrap();
                }
            })
        })
        .collect();
    let of_app = |app| AuditFilter { app_id: Some(app), limit: 10_000, ..AuditFilter::default() };
    // While it is brought up, a reader sees each record once, newest first, and none goes away.
    let mut before = 0;
    while before < usize::try_from(2 * EACH).unwrap() {
        let seen = times(&log, of_app(7)).await;
        assert!(seen.windows(2).all(|pair| pair[0] > pair[1]));
        assert!(seen.len() >= before);
        before = seen.len();
        tokio::task::yield_now().await;
    }
    for writer in writers {
        writer.await.unwrap();
    }
    log.close().await;
    // Opened again, the index knows all.
    let log = open(Some(folder.path())).await;
    for app in 0..20 {
        assert_eq!(times(&log, of_app(app)).await.len(), usize::try_from(2 * EACH).unwrap());
    }
}

#[tokio::test]
async fn records_of_the_former_layout_are_taken_over() {
    if on_postgres() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let log = open(Some(folder.path())).await;
    log.record(entry(1, 10, 200), false).await.unwrap();
    log.record(entry(1, 20, 200), false).await.unwrap();
    log.close().await;
    let options = SqliteConnectOptions::new().filename(folder.path().join("audit.db"));
    let mut former = options.connect().await.unwrap();
    let text = "create table recent as select * from call where at = 20; delete from call where at = 20;
        create index call_by_app on call (app_id, at); drop table call_of_app; drop table indexed; drop table chain_start;
        alter table call drop column seal; alter table call drop column object; alter table call drop column attempts;
        alter table call drop column waited_us; alter table begun drop column object;";
    sqlx::Executor::execute(&mut former, text).await.unwrap();
    sqlx::Connection::close(former).await.unwrap();

    let log = open(Some(folder.path())).await;
    assert_eq!(times(&log, AuditFilter { app_id: Some(1), ..AuditFilter::default() }).await, [20, 10]);
    // Nothing can be said of them, and all that follows is sealed.
    log.record(entry(1, 30, 200), false).await.unwrap();
    let whole = log.verify(&nothing_kept()).await.unwrap();
    assert_eq!((whole.unsealed, whole.records, whole.fault), (2, 1, None));
    log.close().await;
    open(Some(folder.path())).await;
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

/// The log of a folder, changed by somebody who can write its file.
async fn tampered(folder: &Path, change: &'static str) {
    let options = SqliteConnectOptions::new().filename(folder.join("audit.db"));
    let mut connection = options.connect().await.unwrap();
    sqlx::query(change).execute(&mut connection).await.unwrap();
    sqlx::Connection::close(connection).await.unwrap();
}

#[tokio::test]
async fn whatever_is_done_to_a_written_record_shows() {
    if on_postgres() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let log = open(Some(folder.path())).await;
    for at in 1..=6 {
        log.record(entry(1, at, 200), false).await.unwrap();
    }
    let whole = log.verify(&nothing_kept()).await.unwrap();
    assert_eq!((whole.records, whole.fault.as_deref(), whole.unsealed), (6, None, 0));
    let head = whole.heads;
    assert_eq!(head.to_string().parse(), Ok(head.clone()));
    log.close().await;

    let pristine = std::fs::read(folder.path().join("audit.db")).unwrap();
    let changes = [
        ("update call set status = 403 where id = 3", nothing_kept()),
        ("update call set source = '10.0.0.1' where id = 6", nothing_kept()),
        ("update call set object = 'contacts' where id = 2", nothing_kept()),
        ("update call set at = at + 1 where id = 1", nothing_kept()),
        ("delete from call where id = 4", nothing_kept()),
        ("update call set id = 9 where id = 6", nothing_kept()),
        (
            "insert into call select 7, at, hub_id, app_id, token_id, operation, status, category, latency_us, bytes_in, bytes_out, correlation_id, source, object, attempts, waited_us, seal from call where id = 6",
            nothing_kept(),
        ),
        (
            "insert into call select 7, at, hub_id, app_id, token_id, operation, status, category, latency_us, bytes_in, bytes_out, correlation_id, source, object, attempts, waited_us, null from call where id = 6",
            nothing_kept(),
        ),
        ("update chain_start set after_id = 3, seal = (select seal from call where id = 3)", nothing_kept()),
        // What is cut off at the end shows against a head that was kept elsewhere.
        ("delete from call where id >= 5", head.clone()),
        ("delete from call", head.clone()),
    ];
    for (change, known) in changes {
        std::fs::write(folder.path().join("audit.db"), &pristine).unwrap();
        tampered(folder.path(), change).await;
        let log = open(Some(folder.path())).await;
        let fault = log.verify(&known).await.unwrap().fault;
        assert!(fault.is_some(), "{change}");
        // And it still shows when the log has gone on.
        log.record(entry(1, 20, 200), false).await.unwrap();
        assert!(log.verify(&known).await.unwrap().fault.is_some(), "{change}, later");
        log.close().await;
    }
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
async fn old_records_go_and_the_chain_of_the_others_stays_whole() {
    if on_postgres() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let log = open(Some(folder.path())).await;
    for at in 1..=20 {
        log.record(entry(at as u64 % 3, at, 200), false).await.unwrap();
    }
    let head = log.verify(&nothing_kept()).await.unwrap().heads;
    log.close().await;
    // The index by app is brought up at the start: both tables must lose what goes.
    let log = open(Some(folder.path())).await;
    assert_eq!(log.prune(Timestamp::from_ms(15)).await.unwrap(), 14);
    assert_eq!(times(&log, AuditFilter::default()).await, [20, 19, 18, 17, 16, 15]);
    assert_eq!(times(&log, AuditFilter { app_id: Some(1), ..AuditFilter::default() }).await, [19, 16]);
    log.record(entry(1, 21, 200), false).await.unwrap();
    let whole = log.verify(&head).await.unwrap();
    assert_eq!((whole.records, whole.fault), (7, None));
    assert_eq!(log.prune(Timestamp::from_ms(99)).await.unwrap(), 7);
    assert_eq!(log.prune(Timestamp::from_ms(99)).await.unwrap(), 0);
    log.record(entry(1, 100, 200), false).await.unwrap();
    let whole = log.verify(&nothing_kept()).await.unwrap();
    assert_eq!((whole.records, whole.fault), (1, None));
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
