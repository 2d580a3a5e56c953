//! The log: opened, written, checked, closed.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use keyway_core::time::Timestamp;
use sqlx::AnyPool;
use tokio::sync::oneshot;

use super::chain::{ChainKey, Heads};
use super::damage::Damage;
use super::entry::AuditEntry;
use super::error::AuditError;
use super::files::Shelf;
use super::postgres::Postgres;
use super::verify::Verification;
use super::writing::{Writing, Written};
use super::{counts, files, postgres, stream, writer};

/// Where a log is kept.
#[derive(Clone, Copy, Debug)]
pub enum Place<'a> {
    /// In memory alone, for tests and a server without a data folder.
    Memory,
    /// In a data folder, by one server.
    Folder(&'a Path),
    /// In a PostgreSQL of this URL, by any number of instances.
    Postgres(&'a str),
}

/// The audit log of one server: takes records, commits them in groups, and answers queries.
pub struct AuditLog {
    writer: writer::Writer,
    pub(super) readers: Readers,
    pub(super) key: Arc<ChainKey>,
    instances: Arc<AtomicU32>,
    pub(super) counts: counts::Counts,
    /// Whether the last records were written.
    written: Written,
}

/// Where the log is read.
pub(super) enum Readers {
    Files(Arc<Shelf>),
    Postgres(AnyPool),
}

impl Readers {
    pub fn postgres(&self) -> Option<&AnyPool> {
        match self {
            Self::Files(_) => None,
            Self::Postgres(pool) => Some(pool),
        }
    }
}

/// The folder of the log in a data folder.
pub const FOLDER: &str = "audit";

impl AuditLog {
    /// Opens a log. Records are also written to `stream`, as JSON lines. Calls that were begun and
    /// not finished when the last process died become records with the outcome unknown.
    ///
    /// # Errors
    /// It can't be opened or is not a log.
    pub async fn open(place: Place<'_>, key: ChainKey, stream: Option<Box<dyn std::io::Write + Send>>) -> Result<Self, AuditError> {
        let (key, instances) = (Arc::new(key), Arc::new(AtomicU32::new(1)));
        let stream = stream.map(stream::Stream::start);
        let folder = match place {
            Place::Postgres(url) => {
                let writer = in_postgres(url, key.clone(), instances.clone(), stream).await?;
                sqlx::any::install_default_drivers();
                let readers = keyway_ground::database::pool(4).connect(url).await?;
                let counts = counts::Counts::new(None);
                return Ok(Self { writer, readers: Readers::Postgres(readers), key, instances, counts, written: Written::default() });
            }
            Place::Folder(folder) => {
                if folder.join("audit.db").exists() {
                    tracing::warn!("the data folder has an audit.db of an earlier build, which is not read any more");
                }
                Some(folder.join(FOLDER))
            }
            Place::Memory => None,
        };
        let counts = counts::Counts::new(match place {
            Place::Folder(folder) => Some(folder.join(counts::FILE)),
            Place::Memory | Place::Postgres(_) => None,
        });
        let for_files = key.clone();
        let (files, shelf) = blocking(move || files::open(folder.as_deref(), for_files)).await?;
        let writer = writer::Writer::start(move |queue, fails| writer::write_files(files, stream, queue, fails));
        Ok(Self { writer, readers: Readers::Files(shelf), key, instances, counts, written: Written::default() })
    }

    /// How many instances write to this log, itself included.
    pub fn instances(&self) -> u32 {
        self.instances.load(Ordering::Relaxed)
    }

    /// Whether records of calls are written, as of now.
    pub fn writing(&self, now: Timestamp) -> Writing {
        self.written.state(now)
    }

    /// Notes that a call which changes something is about to be performed. Durable on return.
    ///
    /// # Errors
    /// It could not be made durable; the call must not be performed.
    pub async fn begin(&self, entry: AuditEntry) -> Result<(), AuditError> {
        let at = entry.at;
        self.written.note(at, self.writer.write(writer::Change::Begin(entry)).await)
    }

    /// Records a call. Durable on return. `begun` says whether `begin` was called for it.
    ///
    /// # Errors
    /// It could not be made durable; the answer must not be sent.
    pub async fn record(&self, entry: AuditEntry, begun: bool) -> Result<(), AuditError> {
        let at = entry.at;
        self.written.note(at, self.writer.write(writer::Change::Record(entry, begun)).await)
    }

    /// Records calls, in this order. All of them are durable on return.
    ///
    /// # Errors
    /// One could not be made durable.
    pub async fn record_all(&self, entries: Vec<AuditEntry>) -> Result<(), AuditError> {
        let mut waiting = Vec::with_capacity(entries.len());
        for entry in entries {
            waiting.push(self.writer.queue(writer::Change::Record(entry, false)).await?);
        }
        for durable in waiting {
            writer::durable(durable).await?;
        }
        Ok(())
    }

    /// Whether the next call could be recorded. False after a commit that failed, until a try succeeds; this asks for that try.
    pub async fn is_writable(&self) -> bool {
        self.writer.is_writable().await
    }

    /// Deletes records that are older than a moment; how many comes back. Calls go on meanwhile.
    ///
    /// # Errors
    /// The file can't be written.
    pub async fn prune(&self, before: Timestamp) -> Result<u64, AuditError> {
        let mut gone = 0;
        loop {
            match self.writer.prune(before).await? {
                0 => return Ok(gone),
                some => gone += some,
            }
        }
    }

    /// What was noticed to be wrong with the files of the log: at the start, by reading and writing them,
    /// and by checks. PostgreSQL keeps its own files.
    ///
    /// # Errors
    /// The files can't be looked at.
    pub async fn damage(&self) -> Result<Vec<Damage>, AuditError> {
        match &self.readers {
            Readers::Postgres(_) => Ok(Vec::new()),
            Readers::Files(shelf) => {
                let shelf = shelf.clone();
                blocking(move || Ok(shelf.damage())).await
            }
        }
    }

    /// Checks every seal, and that heads which were kept elsewhere are still in the log.
    ///
    /// # Errors
    /// The log can't be read.
    pub async fn verify(&self, known: &Heads) -> Result<Verification, AuditError> {
        match &self.readers {
            Readers::Postgres(pool) => postgres::verify::verify(pool, &self.key, known).await,
            Readers::Files(shelf) => {
                let (shelf, known) = (shelf.clone(), known.clone());
                blocking(move || shelf.verify(&known)).await
            }
        }
    }

    /// Finishes what is queued and closes the file.
    pub async fn close(&self) {
        self.writer.close().await;
        self.counts.close().await;
        if let Readers::Postgres(pool) = &self.readers {
            pool.close().await;
        }
    }
}

/// Work that waits for files, beside the runtime's own.
pub(super) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> std::io::Result<T> + Send + 'static) -> Result<T, AuditError> {
    let done = tokio::task::spawn_blocking(work).await;
    Ok(done.map_err(std::io::Error::other)??)
}

/// Starts the writer of a log in PostgreSQL. The connection stays with the runtime that made it.
async fn in_postgres(
    url: &str,
    key: Arc<ChainKey>,
    instances: Arc<AtomicU32>,
    stream: Option<stream::Stream>,
) -> Result<writer::Writer, AuditError> {
    let (opened, open_result) = oneshot::channel();
    let url = url.to_owned();
    let writer = writer::Writer::start(move |queue, fails| {
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
        runtime.block_on(async {
            match Postgres::open(&url, key.clone(), instances).await {
                Ok((postgres, seal)) => {
                    let _ = opened.send(Ok(()));
                    writer::write_postgres(writer::InPostgres { postgres, key, seal, stream }, queue, fails).await;
                }
                Err(error) => drop(opened.send(Err(error))),
            }
        });
    });
    open_result.await.map_err(|_| AuditError::NotWritable)??;
    Ok(writer)
}
