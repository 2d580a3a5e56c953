//! Group commit: the next commit writes everything that arrived during the last one. The writer has a thread of
//! its own, so that a busy data thread never delays a commit.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use keyway_core::time::Timestamp;
use tokio::sync::{mpsc, oneshot};

use super::beat::BEAT_EVERY;
use super::chain::{ChainKey, Seal};
use super::entry::AuditEntry;
use super::error::AuditError;
use super::files::Files;
use super::postgres::Postgres;
use super::row::Row;
use super::stream::Stream;

/// Changes that may wait for a commit; more make their callers wait to queue.
const QUEUE_MAX: usize = 4096;
/// How long a probe waits to learn whether a commit would succeed.
const CHECK_TIME_MAX: Duration = Duration::from_secs(2);
/// Changes in one commit.
const BATCH_MAX: usize = 1024;

pub(super) enum Change {
    /// A call is about to be performed.
    Begin(AuditEntry),
    /// A call was answered; whether it was begun before.
    Record(AuditEntry, bool),
}

#[expect(clippy::large_enum_variant, reason = "nearly every job is a write, and a box would be an allocation for each call")]
pub(super) enum Job {
    /// Answered when it is durable, or is known not to be.
    Write(Change, oneshot::Sender<bool>),
    /// Delete some of what is older than a moment, and say how many records that were.
    Prune(Timestamp, oneshot::Sender<Result<u64, AuditError>>),
    /// Say whether a commit would succeed, after one that failed.
    Check(oneshot::Sender<bool>),
}

pub(super) type Queue = mpsc::Receiver<Job>;

pub(super) struct Writer {
    jobs: Mutex<Option<mpsc::Sender<Job>>>,
    stopped: tokio::sync::Mutex<Option<oneshot::Receiver<()>>>,
    fails: Fails,
}

/// Whether the last commit failed.
pub(super) type Fails = Arc<AtomicBool>;

/// The log in PostgreSQL as its writer knows it.
pub(super) struct InPostgres {
    pub postgres: Postgres,
    pub key: Arc<ChainKey>,
    /// The last seal.
    pub seal: Seal,
    pub stream: Option<Stream>,
}

impl Writer {
    /// Runs this on a thread of its own, until the queue that it is handed has ended.
    pub(super) fn start(run: impl FnOnce(Queue, &Fails) + Send + 'static) -> Self {
        let (jobs, queue) = mpsc::channel(QUEUE_MAX);
        let (done, stopped) = oneshot::channel();
        let fails = Fails::default();
        let noted = fails.clone();
        // Without a thread the queue closes at once, and every write is refused.
        let _ = std::thread::Builder::new().name("keyway-audit".into()).spawn(move || {
            run(queue, &noted);
            let _ = done.send(());
        });
        Self { jobs: Mutex::new(Some(jobs)), stopped: tokio::sync::Mutex::new(Some(stopped)), fails }
    }

    pub(super) async fn write(&self, change: Change) -> Result<(), AuditError> {
        durable(self.queue(change).await?).await
    }

    /// Queues a change, behind those that were queued before.
    pub(super) async fn queue(&self, change: Change) -> Result<oneshot::Receiver<bool>, AuditError> {
        let jobs = self.sender().ok_or(AuditError::NotWritable)?;
        let (done, durable) = oneshot::channel();
        jobs.send(Job::Write(change, done)).await.map_err(|_| AuditError::NotWritable)?;
        Ok(durable)
    }

    pub(super) async fn prune(&self, before: Timestamp) -> Result<u64, AuditError> {
        let jobs = self.sender().ok_or(AuditError::NotWritable)?;
        let (done, pruned) = oneshot::channel();
        jobs.send(Job::Prune(before, done)).await.map_err(|_| AuditError::NotWritable)?;
        pruned.await.map_err(|_| AuditError::NotWritable)?
    }

    /// Whether a commit would succeed. Costs something only while commits fail.
    pub(super) async fn is_writable(&self) -> bool {
        if !self.fails.load(Ordering::Relaxed) {
            return true;
        }
        let Some(jobs) = self.sender() else { return false };
        let (done, writable) = oneshot::channel();
        let asked = async { jobs.send(Job::Check(done)).await.is_ok() && writable.await.unwrap_or(false) };
        tokio::time::timeout(CHECK_TIME_MAX, asked).await.unwrap_or(false)
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

/// Waits until a change is durable.
pub(super) async fn durable(written: oneshot::Receiver<bool>) -> Result<(), AuditError> {
    match written.await {
        Ok(true) => Ok(()),
        _ => Err(AuditError::NotWritable),
    }
}

/// Writes to files until the queue ends.
pub(super) fn write_files(mut files: Files, mut stream: Option<Stream>, mut queue: Queue, fails: &Fails) {
    let mut batch: Vec<Job> = Vec::with_capacity(BATCH_MAX);
    while queue.blocking_recv_many(&mut batch, BATCH_MAX) > 0 {
        let changes = Changes::of(&batch);
        let written = if changes.is_empty() { Ok(0) } else { files.commit(&changes.answered, &changes.begun) };
        if !changes.is_empty() {
            fails.store(written.is_err(), Ordering::Relaxed);
        }
        if let Err(error) = &written {
            // The callers refuse their calls; the next batch tries again (a full disk may clear).
            tracing::error!(%error, records = batch.len(), "failed to write {} audit records", batch.len());
        }
        let mut settled = Settled::new(written.ok(), stream.as_mut());
        for job in batch.drain(..) {
            match settled.settle(job) {
                Some(Job::Prune(before, done)) => drop(done.send(files.prune(before).map_err(AuditError::from))),
                Some(Job::Check(done)) => {
                    let is_writable = files.begin_again().is_ok();
                    fails.store(!is_writable, Ordering::Relaxed);
                    let _ = done.send(is_writable);
                }
                Some(Job::Write(..)) | None => {}
            }
        }
    }
    files.close();
}

/// Writes to PostgreSQL until the queue ends.
pub(super) async fn write_postgres(mut log: InPostgres, mut queue: Queue, fails: &Fails) {
    let mut batch: Vec<Job> = Vec::with_capacity(BATCH_MAX);
    // A commit failed, or seemed to: the last seal must be read again.
    let mut unsure = false;
    while next_batch(&mut log, &mut queue, &mut batch, &mut unsure).await {
        let written = write_batch(&mut log, &batch, &mut unsure).await;
        if let Err(error) = &written {
            tracing::error!(%error, records = batch.len(), "failed to write {} audit records", batch.len());
            unsure = true;
        }
        fails.store(unsure, Ordering::Relaxed);
        let mut settled = Settled::new(written.ok(), log.stream.as_mut());
        for job in batch.drain(..) {
            match settled.settle(job) {
                Some(Job::Prune(before, done)) => drop(done.send(log.postgres.prune(before).await.map_err(AuditError::from))),
                // The commit of this batch is the try.
                Some(Job::Check(done)) => drop(done.send(!unsure)),
                Some(Job::Write(..)) | None => {}
            }
        }
    }
    log.postgres.close().await;
}

/// What is in a batch.
struct Changes<'a> {
    answered: Vec<(&'a AuditEntry, String)>,
    begun: Vec<&'a AuditEntry>,
    finished: Vec<&'a AuditEntry>,
}

impl<'a> Changes<'a> {
    fn of(batch: &'a [Job]) -> Self {
        let mut changes = Self { answered: Vec::with_capacity(batch.len()), begun: Vec::new(), finished: Vec::new() };
        for job in batch {
            match job {
                Job::Write(Change::Begin(entry), _) => changes.begun.push(entry),
                Job::Write(Change::Record(entry, was_begun), _) => {
                    changes.answered.push((entry, entry.source.to_string()));
                    changes.finished.extend(was_begun.then_some(entry));
                }
                Job::Prune(..) | Job::Check(_) => {}
            }
        }
        changes
    }

    fn is_empty(&self) -> bool {
        self.answered.is_empty() && self.begun.is_empty()
    }
}

/// Reports the result of a batch to the callers that wait for it.
struct Settled<'a> {
    /// The number of the next record; none where the batch was not written.
    id: Option<i64>,
    stream: Option<&'a mut Stream>,
}

impl<'a> Settled<'a> {
    fn new(first_id: Option<i64>, stream: Option<&'a mut Stream>) -> Self {
        Self { id: first_id, stream }
    }

    /// Returns the job if it must still be done.
    fn settle(&mut self, job: Job) -> Option<Job> {
        match job {
            Job::Prune(..) | Job::Check(_) => return Some(job),
            Job::Write(change, done) => {
                // A caller that went away does not wait for its answer.
                let _ = done.send(self.id.is_some());
                if let (Change::Record(entry, _), Some(id), Some(stream)) = (&change, &mut self.id, &mut self.stream) {
                    stream.send(entry, *id);
                    *id += 1;
                }
            }
        }
        None
    }
}

/// Waits for work; false when there is none to come. Tends the log meanwhile.
async fn next_batch(log: &mut InPostgres, queue: &mut Queue, batch: &mut Vec<Job>, unsure: &mut bool) -> bool {
    loop {
        let mut seal = log.seal;
        match if *unsure { Ok(()) } else { log.postgres.tend(&mut seal).await } {
            Ok(()) => log.seal = seal,
            Err(error) => {
                tracing::warn!(%error, "the audit could not be tended");
                *unsure = true;
            }
        }
        match tokio::time::timeout(BEAT_EVERY, queue.recv_many(batch, BATCH_MAX)).await {
            Ok(received) => return received > 0,
            // Nothing to write: what may have failed is found out now.
            Err(_) if *unsure => match log.postgres.last_seal().await {
                Ok(seal) => (log.seal, *unsure) = (seal, false),
                Err(error) => tracing::warn!(%error, "the audit's database does not answer"),
            },
            Err(_) => {}
        }
    }
}

/// Writes a batch. Returns the number of its first record.
async fn write_batch(log: &mut InPostgres, batch: &[Job], unsure: &mut bool) -> Result<i64, sqlx::Error> {
    if *unsure {
        log.seal = log.postgres.last_seal().await?;
        *unsure = false;
    }
    let Changes { answered, begun, finished } = Changes::of(batch);
    let first_id = if answered.is_empty() { 0 } else { log.postgres.numbers().await? };
    let records: Vec<Row<'_>> = answered.iter().zip(first_id..).map(|((entry, source), id)| Row::of(entry, id, source)).collect();
    let mut seal = log.seal;
    if !records.is_empty() {
        let mut link = log.key.after(&seal);
        records.iter().for_each(|row| link.add(row));
        seal = link.seal();
    }
    log.postgres.commit(&records, seal, &begun, &finished).await?;
    log.seal = seal;
    Ok(first_id)
}
