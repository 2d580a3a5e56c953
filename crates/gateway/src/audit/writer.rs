//! Group commit: what arrived during the last commit is written by the next, in one transaction.

use std::sync::{Arc, Mutex};

use keyway_core::time::Timestamp;
use tokio::sync::{mpsc, oneshot};

use super::chain::{ChainKey, Seal};
use super::postgres::{BEAT_EVERY, Postgres};
use super::row::Row;
use super::sqlite::Sqlite;
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

/// Where the log is written. One exists, for as long as its thread.
#[expect(clippy::large_enum_variant, reason = "one exists, for as long as its thread")]
pub(super) enum Target {
    Sqlite(Sqlite),
    Postgres(Postgres),
}

/// The log as its writer knows it.
pub(super) struct Log {
    pub target: Target,
    pub key: Arc<ChainKey>,
    /// The last seal.
    pub seal: Seal,
    pub stream: Option<Stream>,
}

impl Writer {
    /// Starts the writer on a thread of its own, so that a busy data thread never delays a commit.
    /// The target is opened there: a connection stays with the runtime that made it.
    pub(super) async fn start<F>(open: impl FnOnce() -> F + Send + 'static) -> Result<Self, AuditError>
    where
        F: Future<Output = Result<Log, sqlx::Error>>,
    {
        let (jobs, queue) = mpsc::channel(QUEUE_MAX);
        let (done, stopped) = oneshot::channel();
        let (opened, open_result) = oneshot::channel();
        let run = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            if let Ok(runtime) = runtime {
                runtime.block_on(async {
                    match open().await {
                        Ok(log) => {
                            let _ = opened.send(Ok(()));
                            write_all(log, queue).await;
                        }
                        Err(error) => drop(opened.send(Err(error))),
                    }
                });
            }
            let _ = done.send(());
        };
        // Without a thread the queue closes at once, and every write is refused.
        let _ = std::thread::Builder::new().name("keyway-audit".into()).spawn(run);
        open_result.await.map_err(|_| AuditError::NotWritable)??;
        Ok(Self { jobs: Mutex::new(Some(jobs)), stopped: tokio::sync::Mutex::new(Some(stopped)) })
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

async fn write_all(mut log: Log, mut queue: mpsc::Receiver<Job>) {
    let mut batch: Vec<Job> = Vec::with_capacity(BATCH_MAX);
    // A commit failed, or seemed to: the last seal must be read again.
    let mut unsure = false;
    while next_batch(&mut log, &mut queue, &mut batch, &mut unsure).await {
        let durable = write_batch(&mut log, &batch, &mut unsure).await;
        if let Err(error) = &durable {
            // The callers refuse their calls; the next batch tries again (a full disk may clear).
            tracing::error!(%error, records = batch.len(), "failed to write {} audit records", batch.len());
            unsure = true;
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
                    let pruned = match &mut log.target {
                        Target::Sqlite(sqlite) => sqlite.prune(before).await,
                        Target::Postgres(postgres) => postgres.prune(before).await,
                    };
                    let _ = done.send(pruned);
                }
            }
        }
        if let Target::Sqlite(sqlite) = &mut log.target
            && let Err(error) = sqlite.index_some().await
        {
            // The records are durable; the next batch tries again.
            tracing::warn!(%error, "the audit's index by app is behind");
        }
    }
    match log.target {
        Target::Sqlite(sqlite) => sqlite.close().await,
        Target::Postgres(postgres) => postgres.close().await,
    }
}

/// Waits for work; false when there is none to come. On PostgreSQL, tends the log meanwhile.
async fn next_batch(log: &mut Log, queue: &mut mpsc::Receiver<Job>, batch: &mut Vec<Job>, unsure: &mut bool) -> bool {
    loop {
        let Target::Postgres(postgres) = &mut log.target else { return queue.recv_many(batch, BATCH_MAX).await > 0 };
        let mut seal = log.seal;
        match if *unsure { Ok(()) } else { postgres.tend(&mut seal).await } {
            Ok(()) => log.seal = seal,
            Err(error) => {
                tracing::warn!(%error, "the audit could not be tended");
                *unsure = true;
            }
        }
        match tokio::time::timeout(BEAT_EVERY, queue.recv_many(batch, BATCH_MAX)).await {
            Ok(received) => return received > 0,
            // Nothing to write: what may have failed is found out now.
            Err(_) if *unsure => match postgres.last_seal().await {
                Ok(seal) => (log.seal, *unsure) = (seal, false),
                Err(error) => tracing::warn!(%error, "the audit's database does not answer"),
            },
            Err(_) => {}
        }
    }
}

/// Writes what is in a batch. The number of its first record comes back.
async fn write_batch(log: &mut Log, batch: &[Job], unsure: &mut bool) -> Result<i64, sqlx::Error> {
    if *unsure {
        log.seal = match &mut log.target {
            Target::Sqlite(sqlite) => sqlite.last_seal().await?,
            Target::Postgres(postgres) => postgres.last_seal().await?,
        };
        *unsure = false;
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
    let first_id = match &mut log.target {
        Target::Sqlite(sqlite) => sqlite.numbers(answered.len()),
        Target::Postgres(_) if answered.is_empty() => 0,
        Target::Postgres(postgres) => postgres.numbers().await?,
    };
    let records: Vec<Row<'_>> = answered.iter().zip(first_id..).map(|((entry, source), id)| Row::of(entry, id, source)).collect();
    let mut seal = log.seal;
    if !records.is_empty() {
        let mut link = log.key.after(&seal);
        records.iter().for_each(|row| link.add(row));
        seal = link.seal();
    }
    match &mut log.target {
        Target::Sqlite(sqlite) => sqlite.commit(&records, seal, &begun, &finished).await?,
        Target::Postgres(postgres) => postgres.commit(&records, seal, &begun, &finished).await?,
    }
    log.seal = seal;
    Ok(first_id)
}
