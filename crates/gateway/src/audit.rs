//! The audit log: one record for each call, durable before its answer leaves.
//!
//! Records hold who, what, when and how it ended; never bodies, tokens or query values. Writing is
//! in `writer`, reading in `query`.

mod query;
mod writer;

use std::path::Path;
use std::time::Duration;

use keyway_core::time::Timestamp;
use serde::Serialize;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, SqlitePool};

pub use query::{AuditFilter, OperationUse, StatusFilter};

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
    /// HTTP status; none when the process died before the outcome was known.
    pub status: Option<u16>,
    /// HubSpot's category of an error, or `OUTCOME_UNKNOWN`.
    pub category: Option<String>,
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
    pub const COLUMNS: [&str; 13] = [
        "id",
        "time",
        "hubId",
        "appId",
        "tokenId",
        "operation",
        "status",
        "category",
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
    pub operation: std::sync::Arc<str>,
    /// HTTP status.
    pub status: u16,
    /// HubSpot's category of an error.
    pub category: Option<&'static str>,
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

/// The log could not be opened, read or written.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// SQLite says why.
    #[error("the audit log: {0}")]
    Store(#[from] sqlx::Error),
    /// The writer has stopped; the server must not answer calls any more.
    #[error("the audit log can't be written")]
    NotWritable,
}

/// The log.
pub struct AuditLog {
    writer: writer::Writer,
    readers: SqlitePool,
}

impl AuditLog {
    /// Opens the log in a folder, or one that is kept nowhere. Calls that were begun and not
    /// finished when the last process died become records with the outcome unknown.
    ///
    /// # Errors
    /// The file can't be opened or is not a log.
    pub async fn open(folder: Option<&Path>) -> Result<Self, AuditError> {
        let options = match folder {
            Some(folder) => SqliteConnectOptions::new()
                .filename(folder.join("audit.db"))
                .create_if_missing(true)
                .journal_mode(SqliteJournalMode::Wal)
                // FULL: every commit is synced, which is the promise. (NORMAL syncs at checkpoints only.)
                .synchronous(SqliteSynchronous::Full)
                .pragma("wal_autocheckpoint", "4000")
                .pragma("cache_size", "-32000"),
            // A database in memory, shared by the writer and the readers, who need not wait for it.
            None => "sqlite::memory:".parse::<SqliteConnectOptions>()?.pragma("read_uncommitted", "1"),
        };
        let options = options.busy_timeout(Duration::from_secs(5)).statement_cache_capacity(256);
        let mut connection = options.connect().await?;
        let next_id = writer::prepare(&mut connection).await?;
        let readers = SqlitePoolOptions::new().max_connections(4).min_connections(0).connect_with(options).await?;
        Ok(Self { writer: writer::Writer::start(connection, next_id), readers })
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

    /// Finishes what is queued and closes the file.
    pub async fn close(&self) {
        self.writer.close().await;
        self.readers.close().await;
    }
}

#[cfg(test)]
mod tests;
