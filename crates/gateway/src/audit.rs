//! The audit log: one record for each call, durable before its answer leaves.
//!
//! Records hold who, what, when and how it ended; never bodies, tokens or query values. Writing is
//! in `writer`, to `sqlite` or `postgres`; reading in `query`. `chain` is how a change of the log
//! shows, `verify` checks it.

pub mod chain;
mod postgres;
mod query;
mod row;
mod sql;
mod sqlite;
mod stream;
mod verify;
mod writer;

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use keyway_core::time::Timestamp;
use serde::Serialize;
use sqlx::any::AnyPoolOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{AnyPool, Executor};

use crate::store::{StoreError, sqlite_url};
use chain::ChainKey;
use postgres::Postgres;
pub use query::{AuditFilter, OperationUse, StatusFilter};
pub use verify::Verification;

/// One call.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditRecord {
    /// Its number; grows with time.
    pub id: i64,
    /// When the call came in, ISO 8601.
    pub time: String,
    /// The account; none when the token was not known.
    pub hub_id: Option<u64>,
    /// The app; none when the token was not known.
    pub app_id: Option<u64>,
    /// The token; none when it was not known.
    pub token_id: Option<u64>,
    /// Method and path template; method and `(unknown)` where there is no such operation.
    pub operation: String,
    /// The object type of a generic operation; two joined by a comma.
    pub object: Option<String>,
    /// HTTP status; none when the process died before the outcome was known.
    pub status: Option<u16>,
    /// HubSpot's category of an error, or `OUTCOME_UNKNOWN`.
    pub category: Option<String>,
    /// Times the call was sent to HubSpot; 0 on an embedded account, or where it was refused.
    pub attempts: u64,
    /// How long it waited for the account's limits, in microseconds.
    pub waited_us: u64,
    /// From reading the request to handing over the record, in microseconds.
    pub latency_us: u64,
    /// Bytes of the request's body.
    pub bytes_in: u64,
    /// Bytes of the answer's body.
    pub bytes_out: u64,
    /// As in the answer.
    pub correlation_id: String,
    /// Where the call came from.
    pub source: String,
}

impl AuditRecord {
    /// The names of its fields, in order, as in JSON.
    pub const COLUMNS: [&str; 16] = [
        "id",
        "time",
        "hubId",
        "appId",
        "tokenId",
        "operation",
        "object",
        "status",
        "category",
        "attempts",
        "waitedUs",
        "latencyUs",
        "bytesIn",
        "bytesOut",
        "correlationId",
        "source",
    ];
}

/// What is written of a call; the number and the text of the time come later.
#[derive(Clone, Debug)]
pub struct AuditEntry {
    /// When the call came in.
    pub at: Timestamp,
    /// The account.
    pub hub_id: Option<u64>,
    /// The app.
    pub app_id: Option<u64>,
    /// The token.
    pub token_id: Option<u64>,
    /// Method and path template.
    pub operation: Arc<str>,
    /// The object type of a generic operation.
    pub object: Option<Cow<'static, str>>,
    /// HTTP status.
    pub status: u16,
    /// HubSpot's category of an error.
    pub category: Option<&'static str>,
    /// Times it was sent to HubSpot.
    pub attempts: u32,
    /// Microseconds.
    pub waited_us: u64,
    /// Microseconds.
    pub latency_us: u64,
    /// Bytes of the request's body.
    pub bytes_in: u64,
    /// Bytes of the answer's body.
    pub bytes_out: u64,
    /// As in the answer.
    pub correlation_id: String,
    /// The address of the other side.
    pub source: std::net::IpAddr,
}

impl AuditEntry {
    fn record(&self, id: i64) -> AuditRecord {
        AuditRecord {
            id,
            time: self.at.to_iso(),
            hub_id: self.hub_id,
            app_id: self.app_id,
            token_id: self.token_id,
            operation: self.operation.to_string(),
            object: self.object.as_deref().map(str::to_owned),
            status: Some(self.status),
            category: self.category.map(str::to_owned),
            attempts: u64::from(self.attempts),
            waited_us: self.waited_us,
            latency_us: self.latency_us,
            bytes_in: self.bytes_in,
            bytes_out: self.bytes_out,
            correlation_id: self.correlation_id.clone(),
            source: self.source.to_string(),
        }
    }
}

/// The log could not be opened, read or written.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The database says why.
    #[error("the audit log: {0}")]
    Store(#[from] sqlx::Error),
    /// The path of the data folder can't be used.
    #[error(transparent)]
    Folder(#[from] StoreError),
    /// The writer has stopped; the server must not answer calls any more.
    #[error("the audit log can't be written")]
    NotWritable,
}

/// Where a log is kept.
#[derive(Clone, Copy, Debug)]
pub enum Place<'a> {
    /// Nowhere.
    Memory,
    /// In a data folder, by one server.
    Folder(&'a Path),
    /// In a PostgreSQL of this URL, by any number of instances.
    Postgres(&'a str),
}

/// The log.
pub struct AuditLog {
    writer: writer::Writer,
    readers: AnyPool,
    postgres: bool,
    key: Arc<ChainKey>,
    instances: Arc<AtomicU32>,
}

impl AuditLog {
    /// Opens a log. Records are also written to `stream`, as JSON lines. Calls that were begun and
    /// not finished when the last process died become records with the outcome unknown.
    ///
    /// # Errors
    /// It can't be opened or is not a log.
    pub async fn open(place: Place<'_>, key: ChainKey, stream: Option<Box<dyn std::io::Write + Send>>) -> Result<Self, AuditError> {
        sqlx::any::install_default_drivers();
        let (key, instances) = (Arc::new(key), Arc::new(AtomicU32::new(1)));
        let stream = stream.map(stream::Stream::start);
        let (url, options) = match place {
            Place::Postgres(url) => (url.to_owned(), None),
            Place::Folder(folder) => (sqlite_url(&folder.join("audit.db"))?, Some(in_folder(folder))),
            Place::Memory => {
                let name = format!("file:keyway-audit-{}", MEMORY_LOGS.fetch_add(1, Ordering::Relaxed));
                let options = SqliteConnectOptions::new().filename(&name).in_memory(true).shared_cache(true);
                (format!("sqlite:{name}?mode=memory"), Some(options))
            }
        };
        let postgres = options.is_none();
        let (for_writer, counted, database) = (key.clone(), instances.clone(), url.clone());
        let writer = writer::Writer::start(move || async move {
            let key = for_writer;
            let (target, seal) = match options {
                Some(options) => {
                    let options = options.busy_timeout(Duration::from_secs(5)).statement_cache_capacity(256);
                    let (sqlite, seal) = sqlite::Sqlite::open(options, key.clone()).await?;
                    (writer::Target::Sqlite(sqlite), seal)
                }
                None => {
                    let (postgres, seal) = Postgres::open(&database, key.clone(), counted).await?;
                    (writer::Target::Postgres(postgres), seal)
                }
            };
            Ok(writer::Log { target, key, seal, stream })
        })
        .await?;
        let readers = AnyPoolOptions::new()
            .max_connections(4)
            .min_connections(0)
            .after_connect(move |connection, _| {
                Box::pin(async move {
                    if !postgres {
                        // In memory, readers need not wait for the writer; a file has snapshots for that.
                        connection.execute("pragma busy_timeout = 5000; pragma read_uncommitted = 1").await?;
                    }
                    Ok(())
                })
            })
            .connect(&url)
            .await?;
        Ok(Self { writer, readers, postgres, key, instances })
    }

    /// How many instances write to this log, itself included.
    pub fn instances(&self) -> u32 {
        self.instances.load(Ordering::Relaxed)
    }

    /// Notes that a call which changes something is about to be performed. Durable on return.
    ///
    /// # Errors
    /// It could not be made durable; the call must not be performed.
    pub async fn begin(&self, entry: AuditEntry) -> Result<(), AuditError> {
        self.writer.write(writer::Change::Begin(entry)).await
    }

    /// Records a call. Durable on return. `begun` says whether `begin` was called for it.
    ///
    /// # Errors
    /// It could not be made durable; the answer must not be sent.
    pub async fn record(&self, entry: AuditEntry, begun: bool) -> Result<(), AuditError> {
        self.writer.write(writer::Change::Record(entry, begun)).await
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

    /// Finishes what is queued and closes the file.
    pub async fn close(&self) {
        self.writer.close().await;
        self.readers.close().await;
    }
}

/// Logs in memory have names, by which their readers find them.
static MEMORY_LOGS: AtomicU32 = AtomicU32::new(0);

fn in_folder(folder: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(folder.join("audit.db"))
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        // FULL: every commit is synced, which is the promise. (NORMAL syncs at checkpoints only.)
        .synchronous(SqliteSynchronous::Full)
        .pragma("wal_autocheckpoint", "4000")
        .pragma("cache_size", "-32000")
}

#[cfg(test)]
mod tests;
