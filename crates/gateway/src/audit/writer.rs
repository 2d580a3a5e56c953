//! Group commit: what arrived during the last commit is written by the next, in one transaction.
//!
//! A commit touches the ends of `call` and of its index by time, and so two or three pages. The
//! index by app would add a page for every app; so it is a table of its own, `call_of_app`, that
//! follows some thousand records behind, a slice of the apps at a time, so that no commit waits
//! long. Readers take what it does not know yet from `call` itself.

use std::sync::{Arc, Mutex};

use keyway_core::time::Timestamp;
use sqlx::{Connection, SqliteConnection};
use tokio::sync::{mpsc, oneshot};

use super::chain::ChainKey;
use super::prune::prune_some;
use super::rows::{self, ROWS_PER_STATEMENT, Row};
use super::schema::{self, End};
use super::stream::Stream;
use super::{AuditEntry, AuditError};

/// Changes that may wait for a commit; more make their callers wait to queue.
const QUEUE_MAX: usize = 4096;
/// Changes in one transaction.
const BATCH_MAX: usize = 1024;

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

enum Job {
    /// Answered when it is durable, or is known not to be.
    Write(Change, oneshot::Sender<bool>),
    /// Delete some of what is older than a moment, and say how many records that were.
    Prune(Timestamp, oneshot::Sender<Result<u64, sqlx::Error>>),
}

pub(super) struct Writer {
    jobs: Mutex<Option<mpsc::Sender<Job>>>,
    stopped: tokio::sync::Mutex<Option<oneshot::Receiver<()>>>,
}

impl Writer {
    /// Starts the writer on a thread of its own, so that a busy data thread never delays a commit.
    pub(super) fn start(connection: SqliteConnection, key: Arc<ChainKey>, end: End, stream: Option<Stream>) -> Self {
        let (jobs, queue) = mpsc::channel(QUEUE_MAX);
        let (done, stopped) = oneshot::channel();
        let run = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().build();
            if let Ok(runtime) = runtime {
                let indexed_to = end.next_id - 1;
                runtime.block_on(write_all(Log { connection, key, end, unsure: false, stream, indexed_to, indexing: None }, queue));
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
        jobs.send(Job::Write(change, done)).await.map_err(|_| AuditError::NotWritable)?;
        match durable.await {
            Ok(true) => Ok(()),
            _ => Err(AuditError::NotWritable),
        }
    }

    pub(super) async fn prune(&self, before: Timestamp) -> Result<u64, AuditError> {
        let jobs = self.sender().ok_or(AuditError::NotWritable)?;
        let (done, pruned) = oneshot::channel();
        jobs.send(Job::Prune(before, done)).await.map_err(|_| AuditError::NotWritable)?;
        Ok(pruned.await.map_err(|_| AuditError::NotWritable)??)
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

/// The file as the writer knows it.
struct Log {
    connection: SqliteConnection,
    key: Arc<ChainKey>,
    end: End,
    /// A commit failed, or seemed to: the last seal must be read again.
    unsure: bool,
    stream: Option<Stream>,
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
            log.unsure = true;
        }
        let mut id = durable.as_ref().copied().unwrap_or_default();
        for job in batch.drain(..) {
            match job {
                Job::Write(change, done) => {
                    // A caller that went away does not wait for its answer.
                    let _ = done.send(durable.is_ok());
                    if let (Change::Record(entry, _), Some(stream), true) = (&change, &mut log.stream, durable.is_ok()) {
                        stream.send(entry, id);
                        id += 1;
                    }
                }
                Job::Prune(before, done) => {
                    let _ = done.send(prune_some(&mut log.connection, &log.key, before).await);
                }
            }
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
    let newest = log.end.next_id - 1;
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

/// Writes what is in a batch. The number of its first record comes back.
async fn write_batch(log: &mut Log, batch: &[Job]) -> Result<i64, sqlx::Error> {
    if std::mem::take(&mut log.unsure) {
        let next_id = log.end.next_id;
        let end = schema::end(&mut log.connection, &log.key).await.inspect_err(|_| log.unsure = true)?;
        // A number is never used twice, whether or not its batch became durable.
        log.end = End { next_id: next_id.max(end.next_id), ..end };
    }
    let (mut answered, mut begun, mut finished) = (Vec::with_capacity(batch.len()), Vec::new(), Vec::new());
    for job in batch {
        match job {
            Job::Write(Change::Begin(entry), _) => begun.push(entry),
            Job::Write(Change::Record(entry, was_begun), _) => {
                answered.push((entry, entry.source.to_string()));
                finished.extend(was_begun.then_some(entry));
            }
            Job::Prune(..) => {}
        }
    }
    let first_id = log.end.next_id;
    log.end.next_id += i64::try_from(answered.len()).unwrap_or(i64::MAX);
    let records: Vec<Row<'_>> = answered.iter().zip(first_id..).map(|((entry, source), id)| Row::of(entry, id, source)).collect();
    let mut seal = log.end.seal;
    if !records.is_empty() {
        let mut link = log.key.after(&seal);
        records.iter().for_each(|row| link.add(row));
        seal = link.seal();
    }
    // A single statement is its own transaction: reads, the most frequent calls, take this way.
    if begun.is_empty() && finished.is_empty() && records.len() <= ROWS_PER_STATEMENT {
        rows::insert(&mut log.connection, &records, seal).await?;
    } else {
        let mut transaction = log.connection.begin().await?;
        rows::insert(&mut transaction, &records, seal).await?;
        rows::insert_begun(&mut transaction, &begun).await?;
        rows::delete_begun(&mut transaction, &finished).await?;
        transaction.commit().await?;
    }
    log.end.seal = seal;
    Ok(first_id)
}
