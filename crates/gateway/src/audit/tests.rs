//! The audit log as a specification.

use super::*;

fn entry(app_id: u64, at: i64, status: u16) -> AuditEntry {
    AuditEntry {
        at: Timestamp::from_ms(at),
        hub_id: Some(1),
        app_id: Some(app_id),
        token_id: Some(5),
        operation: "GET /crm/v3/owners".into(),
        status,
        category: (status >= 400).then_some("MISSING_SCOPES"),
        latency_us: 12,
        bytes_in: 0,
        bytes_out: 34,
        correlation_id: format!("c-{app_id}-{at}"),
        source: std::net::IpAddr::from([127, 0, 0, 1]),
    }
}

async fn filled() -> AuditLog {
    let log = AuditLog::open(None).await.unwrap();
    for (app, at, status) in [(1, 10, 200), (2, 20, 403), (1, 30, 429), (1, 40, 200)] {
        log.record(entry(app, at, status), false).await.unwrap();
    }
    log
}

async fn times(log: &AuditLog, filter: AuditFilter) -> Vec<i64> {
    let records = log.list(&AuditFilter { limit: if filter.limit == 0 { 100 } else { filter.limit }, ..filter }).await.unwrap();
    records.iter().map(|record| Timestamp::parse_iso(&record.time).unwrap().as_ms()).collect()
}

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
    let log = AuditLog::open(Some(folder.path())).await.unwrap();
    log.begin(entry(1, 10, 0)).await.unwrap();
    log.begin(entry(1, 20, 0)).await.unwrap();
    log.record(entry(1, 20, 201), true).await.unwrap();
    log.close().await;

    let log = AuditLog::open(Some(folder.path())).await.unwrap();
    let found: Vec<_> = log.list(&AuditFilter { limit: 9, ..AuditFilter::default() }).await.unwrap();
    let outcomes: Vec<_> = found.iter().map(|record| (record.status, record.category.as_deref())).collect();
    assert_eq!(outcomes, [(Some(201), None), (None, Some("OUTCOME_UNKNOWN"))]);
}

#[tokio::test]
async fn a_hundred_writers_at_once_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let log = std::sync::Arc::new(AuditLog::open(Some(folder.path())).await.unwrap());
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
    let log = std::sync::Arc::new(AuditLog::open(Some(folder.path())).await.unwrap());
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
    let log = AuditLog::open(Some(folder.path())).await.unwrap();
    for app in 0..20 {
        assert_eq!(times(&log, of_app(app)).await.len(), usize::try_from(2 * EACH).unwrap());
    }
}

#[tokio::test]
async fn records_of_the_former_layout_are_taken_over() {
    let folder = tempfile::tempdir().unwrap();
    let log = AuditLog::open(Some(folder.path())).await.unwrap();
    log.record(entry(1, 10, 200), false).await.unwrap();
    log.record(entry(1, 20, 200), false).await.unwrap();
    log.close().await;
    let options = SqliteConnectOptions::new().filename(folder.path().join("audit.db"));
    let mut former = options.connect().await.unwrap();
    let text = "create table recent as select * from call where at = 20; delete from call where at = 20;
        create index call_by_app on call (app_id, at); drop table call_of_app; drop table indexed;";
    sqlx::Executor::execute(&mut former, text).await.unwrap();
    sqlx::Connection::close(former).await.unwrap();

    let log = AuditLog::open(Some(folder.path())).await.unwrap();
    assert_eq!(times(&log, AuditFilter { app_id: Some(1), ..AuditFilter::default() }).await, [20, 10]);
    log.close().await;
    AuditLog::open(Some(folder.path())).await.unwrap();
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
