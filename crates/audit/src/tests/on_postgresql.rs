//! What only a log of several instances does. Runs where `KEYWAY_TEST_POSTGRES` names a server.

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

use super::*;

const DAY_MS: i64 = 86_400_000;

/// A log's database, if there is a server.
async fn database() -> Option<String> {
    keyway_ground::testing::database(None).await
}

async fn instance(url: &str) -> AuditLog {
    AuditLog::open(Place::Postgres(url), ChainKey::new(&[7; 32]), None).await.unwrap()
}

async fn run(url: &str, text: &str) -> u64 {
    let mut connection = PgConnection::connect(url).await.unwrap();
    connection.execute(AssertSqlSafe(text.to_owned())).await.unwrap().rows_affected()
}

#[tokio::test]
async fn two_instances_write_one_log_and_each_chain_is_whole() {
    let Some(url) = database().await else { return };
    let (one, other) = (instance(&url).await, instance(&url).await);
    for at in 1..=20 {
        one.record(entry(1, at, 200), false).await.unwrap();
        other.record(entry(2, at, 200), false).await.unwrap();
    }
    let whole = one.verify(&nothing_kept()).await.unwrap();
    assert_eq!((whole.records, whole.fault, whole.heads.0.len()), (40, None, 2));
    assert_eq!(times(&other, AuditFilter { app_id: Some(1), ..AuditFilter::default() }).await.len(), 20);
    assert_eq!(other.instances(), 2);
    let size = other.size().await.unwrap();
    assert!(size.bytes > 0 && size.free_bytes.is_none(), "the partitions and their indexes: {size:?}");
    // What one instance lost shows to the other.
    run(&url, "delete from call where app_id = 1 and at = 7").await;
    assert!(other.verify(&nothing_kept()).await.unwrap().fault.is_some());
}

#[tokio::test]
async fn calls_that_a_dead_instance_had_begun_become_records_of_another() {
    let Some(url) = database().await else { return };
    let dead = instance(&url).await;
    dead.begin(entry(1, 10, 0)).await.unwrap();
    let living = instance(&url).await;
    assert_eq!(times(&living, AuditFilter::default()).await, [0; 0]);
    // Silent for a minute, as after a power cut; its process is not asked.
    std::mem::forget(dead);
    run(&url, "update writer set alive_at = alive_at - 60000 where id = 1").await;
    let next = instance(&url).await;
    let found = next.list(&AuditFilter { limit: 9, ..AuditFilter::default() }).await.unwrap();
    assert_eq!((found.len(), found[0].status, found[0].category.as_deref()), (1, None, Some("OUTCOME_UNKNOWN")));
    assert_eq!(next.verify(&nothing_kept()).await.unwrap().fault, None);
}

#[tokio::test]
async fn whatever_is_done_to_a_record_in_the_database_shows() {
    let Some(_) = database().await else { return };
    let nth = |n: i64| format!("(select id from call order by id offset {} limit 1)", n - 1);
    let changes = [
        format!("update call set status = 403 where id = {}", nth(3)),
        format!("update call set at = at + 1 where id = {}", nth(1)),
        format!("update call set source = '10.0.0.1' where id = {}", nth(6)),
        format!("delete from call where id = {}", nth(4)),
        format!("update call set writer = 2 where id = {}", nth(5)),
        format!("update writer set after_id = {0}, seal = (select seal from call where id = {0})", nth(3)),
    ];
    for change in changes {
        let url = database().await.unwrap();
        let log = instance(&url).await;
        for at in 1..=6 {
            log.record(entry(1, at, 200), false).await.unwrap();
        }
        let kept = log.verify(&nothing_kept()).await.unwrap().heads;
        assert_eq!(run(&url, &change).await, 1, "{change}");
        assert!(log.verify(&kept).await.unwrap().fault.is_some(), "{change}");
    }
    // Cut off at the end, or a whole chain: the head that was kept shows it.
    for cut in [format!("delete from call where id >= {}", nth(5)), "delete from call; delete from writer".to_owned()] {
        let url = database().await.unwrap();
        let log = instance(&url).await;
        for at in 1..=6 {
            log.record(entry(1, at, 200), false).await.unwrap();
        }
        let kept = log.verify(&nothing_kept()).await.unwrap().heads;
        run(&url, &cut).await;
        assert!(log.verify(&kept).await.unwrap().fault.is_some(), "{cut}");
    }
}

#[tokio::test]
async fn days_that_are_over_are_dropped_and_the_chains_stay_whole() {
    let Some(url) = database().await else { return };
    let (one, other) = (instance(&url).await, instance(&url).await);
    let today = keyway_ground::clock::now().as_ms() / DAY_MS * DAY_MS;
    // Calls of today and of yesterday in one commit: those of yesterday may have to stay for the seal's sake.
    let entries: Vec<_> = (0..40).map(|at| entry(1, today + if at % 3 == 0 { -at - 1 } else { at }, 200)).collect();
    futures_all(entries.into_iter().map(|entry| one.record(entry, false))).await;
    for at in 0..10 {
        other.record(entry(2, today - DAY_MS - at, 200), false).await.unwrap();
    }
    other.record(entry(2, today + 5, 200), false).await.unwrap();
    let before = one.verify(&nothing_kept()).await.unwrap();
    assert_eq!((before.records, before.fault.as_deref()), (51, None));
    let gone = one.prune(Timestamp::from_ms(today + 7)).await.unwrap();
    assert!((10..=24).contains(&gone), "{gone}");
    let after = one.verify(&before.heads).await.unwrap();
    assert_eq!((after.records, after.fault), (51 - gone, None));
    assert_eq!(times(&one, AuditFilter { app_id: Some(2), ..AuditFilter::default() }).await, [today + 5]);
    assert_eq!(one.prune(Timestamp::from_ms(today + 7)).await.unwrap(), 0);
}

/// All at once, so that they share commits.
async fn futures_all<F: Future<Output = Result<(), AuditError>>>(all: impl Iterator<Item = F>) {
    let mut waiting: Vec<_> = all.map(Box::pin).collect();
    std::future::poll_fn(|cx| {
        waiting.retain_mut(|one| match one.as_mut().poll(cx) {
            std::task::Poll::Ready(done) => {
                done.unwrap();
                false
            }
            std::task::Poll::Pending => true,
        });
        if waiting.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
}
