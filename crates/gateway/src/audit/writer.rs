//! Group commit: what arrived during the last commit is written by the next, in one transaction.
//!
//! A commit touches the ends of `call` and of its index by time, and so two or three pages. The
//! index by app would add a page for every app; so it is a table of its own, `call_of_app`, that
//! follows some thousand records behind, a slice of the apps at a time, so that no commit waits
//! long. Readers take what it does not know yet from `call` itself.

use std::fmt::Write as _;
use std::sync::Mutex;

use sqlx::sqlite::SqliteArguments;
use sqlx::{Arguments, AssertSqlSafe, Connection, Executor, SqliteConnection};
use tokio::sync::{mpsc, oneshot};

use super::{AuditEntry, AuditError};
use crate::store::signed;

/// Changes that may wait for a commit; more make their callers wait to queue.
const QUEUE_MAX: usize = 4096;
/// Changes in one transaction.
const BATCH_MAX: usize = 1024;
/// Rows in one statement. 64 × 13 values stay far below SQLite's 32,766, and the statements of
/// every size fit the statement cache.
const ROWS_PER_STATEMENT: usize = 64;

pub(super) enum Change {
    /// A call is about to be performed.
    Begin(AuditEntry),
    /// A call was answered; whether it was begun before.
    Record(AuditEntry, bool),
}

/// Records not yet in the index by app at which it is brought up. Many, so that one of its pages
/// takes several records at once; few enough that scanning them takes some milliseconds.
const UNINDEXED_MAX: i64 = 16_000;
/// Steps in which it is brought up: at 16,000 records, a thousand each.
const SLICES: i64 = 16;

type Job = (Change, oneshot::Sender<bool>);

pub(super) struct Writer {
    jobs: Mutex<Option<mpsc::Sender<Job>>>,
    stopped: tokio::sync::Mutex<Option<oneshot::Receiver<()>>>,
}

impl Writer {
    /// Starts the writer on a thread of its own, so that a busy data thread never delays a commit.
    pub(super) fn start(connection: SqliteConnection, next_id: i64) -> Self {
        let (jobs, queue) = mpsc::channel(QUEUE_MAX);
        let (done, stopped) = oneshot::channel();
        let run = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().build();
            if let Ok(runtime) = runtime {
                runtime.block_on(write_all(Log { connection, next_id, indexed_to: next_id - 1, indexing: None }, queue));
            }
            let _ = done.send(());
        };
        // Without a thread the queue closes at once, and every write is refused.
        let _ = std::thread::Builder::new().name("keyway-audit".into()).spawn(run);
        Self { jobs: Mutex::new(Some(jobs)), stopped: tokio::sync::Mutex::new(Some(stopped)) }
    }

    pub(super) async fn write(&self, change: Change) -> Result<(), AuditError> {
        let jobs = self.sender().ok_or(AuditError::NotWritable)?;
        let (done, durable) = oneshot::channel();
        jobs.send((change, done)).await.map_err(|_| AuditError::NotWritable)?;
        match durable.await {
            Ok(true) => Ok(()),
            _ => Err(AuditError::NotWritable),
        }
    }

    fn sender(&self) -> Option<mpsc::Sender<Job>> {
        self.jobs.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }

    pub(super) async fn close(&self) {
        self.jobs.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        if let Some(stopped) = self.stopped.lock().await.take() {
            let _ = stopped.await;
        }
    }
}

/// Creates the tables, turns calls that were begun and never finished into records, and brings the
/// index by app up. The number of the next record comes back.
pub(super) async fn prepare(connection: &mut SqliteConnection) -> Result<i64, sqlx::Error> {
    let mut transaction = connection.begin().await?;
    transaction.execute(SCHEMA).await?;
    let recent = sqlx::query("select 1 from sqlite_schema where name = 'recent'").fetch_optional(&mut *transaction).await?;
    if recent.is_some() {
        transaction.execute(TAKE_OVER_RECENT).await?;
    }
    transaction.execute(ADOPT_UNFINISHED).await?;
    transaction.execute(INDEX_REST).await?;
    let last: i64 = sqlx::query_scalar("select coalesce(max(id), 0) from call").fetch_one(&mut *transaction).await?;
    transaction.commit().await?;
    Ok(last + 1)
}

const SCHEMA: &str = "
create table if not exists call (
    id integer primary key,
    at integer not null,
    hub_id integer, app_id integer, token_id integer,
    operation text not null,
    status integer, category text,
    latency_us integer not null, bytes_in integer not null, bytes_out integer not null,
    correlation_id text not null, source text not null
) strict;
create index if not exists call_by_time on call (at);
create index if not exists call_refused_by_time on call (at) where status >= 400;
create table if not exists call_of_app (
    app_id integer not null, at integer not null, id integer not null, primary key (app_id, at, id)
) strict, without rowid;
create table if not exists indexed (only integer primary key check (only = 1), up_to integer not null) strict;
insert or ignore into indexed values (1, 0);
create table if not exists begun (
    correlation_id text primary key,
    at integer not null,
    hub_id integer, app_id integer, token_id integer,
    operation text not null,
    bytes_in integer not null,
    source text not null
) strict, without rowid;
";

/// Until late November 2026 the newest records stood in a table of their own, and the index by app
/// was one of `call`.
const TAKE_OVER_RECENT: &str = "
insert into call select * from recent;
drop table recent;
drop index call_by_app;
";

/// Slices that the last process had done are there already.
const INDEX_REST: &str = "
insert or ignore into call_of_app
    select app_id, at, id from call where id > (select up_to from indexed) and app_id is not null order by app_id, at;
update indexed set up_to = (select coalesce(max(id), 0) from call);
";

const ADOPT_UNFINISHED: &str = "
insert into call (at, hub_id, app_id, token_id, operation, status, category, latency_us, bytes_in, bytes_out, correlation_id, source)
    select at, hub_id, app_id, token_id, operation, null, 'OUTCOME_UNKNOWN', 0, bytes_in, 0, correlation_id, source from begun order by at;
delete from begun;
";

/// The file as the writer knows it.
struct Log {
    connection: SqliteConnection,
    next_id: i64,
    /// The last record that the index by app knows.
    indexed_to: i64,
    indexing: Option<Indexing>,
}

/// The index by app being brought up.
#[derive(Clone, Copy)]
struct Indexing {
    /// The last record that it will know.
    up_to: i64,
    slices_done: i64,
}

async fn write_all(mut log: Log, mut queue: mpsc::Receiver<Job>) {
    let mut batch: Vec<Job> = Vec::with_capacity(BATCH_MAX);
    while queue.recv_many(&mut batch, BATCH_MAX).await > 0 {
        let durable = write_batch(&mut log, &batch).await;
        if let Err(error) = &durable {
            // The callers refuse their calls; the next batch tries again (a full disk may clear).
            tracing::error!(%error, records = batch.len(), "failed to write {} audit records", batch.len());
        }
        for (_, done) in batch.drain(..) {
            // A caller that went away does not wait for its answer.
            let _ = done.send(durable.is_ok());
        }
        if let Err(error) = index_some(&mut log).await {
            // The records are durable; the next batch tries again.
            tracing::warn!(%error, "the audit's index by app is behind");
        }
    }
    let _ = log.connection.close().await;
}

/// Takes one step to bring the index by app up, when it is time.
async fn index_some(log: &mut Log) -> Result<(), sqlx::Error> {
    let newest = log.next_id - 1;
    let Some(now) = log.indexing else {
        if newest - log.indexed_to >= UNINDEXED_MAX {
            log.indexing = Some(Indexing { up_to: newest, slices_done: 0 });
        }
        return Ok(());
    };
    if now.slices_done < SLICES {
        sqlx::query(
            "insert or ignore into call_of_app select app_id, at, id from call
             where id > ? and id <= ? and app_id % ? = ? order by app_id, at",
        )
        .bind(log.indexed_to)
        .bind(now.up_to)
        .bind(SLICES)
        .bind(now.slices_done)
        .execute(&mut log.connection)
        .await?;
        log.indexing = Some(Indexing { slices_done: now.slices_done + 1, ..now });
        return Ok(());
    }
    // Not beyond what is there: numbers of a batch that failed are used again after a restart.
    sqlx::query("update indexed set up_to = (select coalesce(max(id), 0) from call where id <= ?)")
        .bind(now.up_to)
        .execute(&mut log.connection)
        .await?;
    (log.indexed_to, log.indexing) = (now.up_to, None);
    Ok(())
}

async fn write_batch(log: &mut Log, batch: &[Job]) -> Result<(), sqlx::Error> {
    let mut records = Vec::with_capacity(batch.len());
    let mut begun = Vec::new();
    let mut finished = Vec::new();
    for (change, _) in batch {
        match change {
            Change::Begin(entry) => begun.push(entry),
            Change::Record(entry, was_begun) => {
                records.push(entry);
                finished.extend(was_begun.then_some(entry));
            }
        }
    }
    let first_id = log.next_id;
    // A number is never used twice, whether or not this batch becomes durable.
    log.next_id += i64::try_from(records.len()).unwrap_or(i64::MAX);
    // A single statement is its own transaction: reads, the most frequent calls, take this way.
    if begun.is_empty() && finished.is_empty() && records.len() <= ROWS_PER_STATEMENT {
        insert_records(&mut log.connection, first_id, &records).await?;
    } else {
        let mut transaction = log.connection.begin().await?;
        for (rows, id) in records.chunks(ROWS_PER_STATEMENT).zip((first_id..).step_by(ROWS_PER_STATEMENT)) {
            insert_records(&mut transaction, id, rows).await?;
        }
        for rows in begun.chunks(ROWS_PER_STATEMENT) {
            insert_begun(&mut transaction, rows).await?;
        }
        for rows in finished.chunks(ROWS_PER_STATEMENT) {
            delete_begun(&mut transaction, rows).await?;
        }
        transaction.commit().await?;
    }
    Ok(())
}

async fn insert_records(connection: &mut SqliteConnection, first_id: i64, rows: &[&AuditEntry]) -> Result<(), sqlx::Error> {
    const COLUMNS: &str = "insert into call (id, at, hub_id, app_id, token_id, operation, status, category, latency_us, bytes_in, bytes_out, correlation_id, source) values ";
    let mut values = SqliteArguments::default();
    for (entry, id) in rows.iter().zip(first_id..) {
        add(&mut values, id)?;
        add_caller(&mut values, entry)?;
        add(&mut values, i64::from(entry.status))?;
        add(&mut values, entry.category)?;
        add(&mut values, signed(entry.latency_us))?;
        add(&mut values, signed(entry.bytes_in))?;
        add(&mut values, signed(entry.bytes_out))?;
        add(&mut values, entry.correlation_id.clone())?;
        add(&mut values, entry.source.to_string())?;
    }
    run(connection, statement(COLUMNS, rows.len(), 13), values).await
}

async fn insert_begun(connection: &mut SqliteConnection, rows: &[&AuditEntry]) -> Result<(), sqlx::Error> {
    const COLUMNS: &str = "insert into begun (at, hub_id, app_id, token_id, operation, bytes_in, correlation_id, source) values ";
    let mut values = SqliteArguments::default();
    for entry in rows {
        add_caller(&mut values, entry)?;
        add(&mut values, signed(entry.bytes_in))?;
        add(&mut values, entry.correlation_id.clone())?;
        add(&mut values, entry.source.to_string())?;
    }
    run(connection, statement(COLUMNS, rows.len(), 8), values).await
}

async fn delete_begun(connection: &mut SqliteConnection, rows: &[&AuditEntry]) -> Result<(), sqlx::Error> {
    let mut values = SqliteArguments::default();
    for entry in rows {
        add(&mut values, entry.correlation_id.clone())?;
    }
    let mut text = statement("delete from begun where correlation_id in (values ", rows.len(), 1);
    text.push(')');
    run(connection, text, values).await
}

fn add_caller(values: &mut SqliteArguments, entry: &AuditEntry) -> Result<(), sqlx::Error> {
    add(values, entry.at.as_ms())?;
    add(values, entry.hub_id.map(signed))?;
    add(values, entry.app_id.map(signed))?;
    add(values, entry.token_id.map(signed))?;
    add(values, entry.operation.to_string())
}

fn add<'q, T: sqlx::Encode<'q, sqlx::Sqlite> + sqlx::Type<sqlx::Sqlite> + 'q>(
    values: &mut SqliteArguments,
    value: T,
) -> Result<(), sqlx::Error> {
    values.add(value).map_err(sqlx::Error::Encode)
}

async fn run(connection: &mut SqliteConnection, text: String, values: SqliteArguments) -> Result<(), sqlx::Error> {
    // The text is made of constants and question marks; every value is bound.
    sqlx::query_with(AssertSqlSafe(text), values).execute(connection).await.map(drop)
}

/// `start` and `rows` groups of `columns` question marks.
fn statement(start: &str, rows: usize, columns: usize) -> String {
    let mut text = String::from(start);
    for row in 0..rows {
        let _ = write!(text, "{}({}?)", if row > 0 { "," } else { "" }, "?,".repeat(columns - 1));
    }
    text
}
