//! The audit log: one record for each call, durable before its answer leaves.
//!
//! Records hold who, what, when, how it ended, which CRM records were touched and which properties
//! set; never bodies, tokens, query values or values of properties. Writing is
//! in `writer`, to the `files` of one server or to the `postgres` of several; reading in `query`; `counts` sums up.
//! `chain` is how a change of the log shows, `verify` checks it.

pub mod chain;
pub mod counts;
mod damage;
mod files;
mod moving;
mod postgres;
mod query;
mod row;
mod stream;
mod verify;
mod writer;
mod writing;

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use keyway_core::refusal::Word;
use keyway_core::time::Timestamp;
use keyway_core::touched::Named;
use serde::{Deserialize, Serialize};
use sqlx::AnyPool;
use tokio::sync::oneshot;

use chain::ChainKey;
pub use damage::Damage;
use files::Shelf;
pub use files::{copy, has_logs, is_readable};
use postgres::Postgres;
pub use query::{AppUse, AuditFilter, OperationUse, StatusFilter};
use row::Row;
pub use verify::Verification;
pub use writing::Writing;
use writing::Written;

/// One call.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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
    /// Which refusal of Keyway's it was, by its name in docs/errors.md; none where it was none, and in records of
    /// earlier builds.
    #[serde(default)]
    pub rule: Option<String>,
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
    /// CRM records that the call read singly or changed, such as `contacts/123`; at most 100.
    #[serde(default)]
    pub record_ids: Vec<String>,
    /// How many there are, those included that are not listed.
    #[serde(default)]
    pub record_count: u64,
    /// Whether there may be records that are neither listed nor counted.
    #[serde(default)]
    pub records_incomplete: bool,
    /// Names of the properties that the call sets; at most 100.
    #[serde(default)]
    pub properties: Vec<String>,
    /// How many there are, those included that are not listed.
    #[serde(default)]
    pub property_count: u64,
    /// Number of calls that the record counts: 1, or more where it sums up refused calls of unknown callers.
    #[serde(default)]
    pub calls: u64,
    /// The session that called; none where the token was not that of a session.
    #[serde(default)]
    pub session: Option<u64>,
    /// On whose behalf the session called.
    #[serde(default)]
    pub on_behalf_of: Option<String>,
    /// What the session is for.
    #[serde(default)]
    pub purpose: Option<String>,
    /// The agent's tool that made the call, as the caller named it (`keyway-tool`).
    #[serde(default)]
    pub tool: Option<String>,
    /// `allowed`, `denied` where the caller may not make the call, `unknown` where the process died meanwhile.
    #[serde(default)]
    pub decision: Cow<'static, str>,
    /// The approval by a person with which the call was made.
    #[serde(default)]
    pub approval: Option<u64>,
}

impl AuditRecord {
    /// The names of its fields, in order, as in JSON.
    pub const COLUMNS: [&str; 29] = [
        "id",
        "time",
        "hubId",
        "appId",
        "tokenId",
        "operation",
        "object",
        "status",
        "category",
        "rule",
        "attempts",
        "waitedUs",
        "latencyUs",
        "bytesIn",
        "bytesOut",
        "correlationId",
        "source",
        "recordIds",
        "recordCount",
        "recordsIncomplete",
        "properties",
        "propertyCount",
        "calls",
        "session",
        "onBehalfOf",
        "purpose",
        "tool",
        "decision",
        "approval",
    ];

    /// What was wrong: the refusal, or the category where there is none.
    pub fn word(&self) -> Option<&str> {
        self.rule.as_deref().or(self.category.as_deref())
    }
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
    /// What was wrong: the name of a refusal, or the category of an embedded account's own answer (see
    /// [`keyway_core::refusal::Word`]).
    pub word: Option<&'static str>,
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
    /// The CRM records that it touched, and the properties that it set; none where there are none.
    pub named: Option<Box<Named>>,
    /// The session that called, for whom, and with what; none where that is nothing.
    pub agent: Option<Box<Agent>>,
}

/// Which session called, for whom and what for, and the agent's tool.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Agent {
    /// The session; none where an app's own token called.
    pub session: Option<u64>,
    /// On whose behalf.
    pub person: String,
    /// What for.
    pub purpose: String,
    /// As the caller named it, bounded and of known characters.
    pub tool: String,
    /// The approval by a person with which the call was made.
    pub approval: Option<u64>,
}

impl From<Row<'_>> for AuditRecord {
    fn from(row: Row<'_>) -> Self {
        let number = |value: i64| u64::try_from(value).unwrap_or(0);
        // A summary has its number of calls where other records have the number of CRM records that the call touched.
        let count = number(row.named.record_count);
        let (calls, record_count) = if row.operation == REFUSED_CALLS { (count, 0) } else { (1, count) };
        let list = |text: &str| text.split_ascii_whitespace().map(str::to_owned).collect();
        let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Self {
            id: row.id,
            time: Timestamp::from_ms(row.at).to_iso(),
            hub_id: row.hub_id.map(number),
            app_id: row.app_id.map(number),
            token_id: row.token_id.map(number),
            operation: row.operation.to_owned(),
            object: row.object.map(str::to_owned),
            status: row.status.and_then(|status| u16::try_from(status).ok()),
            category: row.category.map(|word| Word(word).category().to_owned()),
            rule: row.category.and_then(|word| Word(word).refusal()).map(|refusal| refusal.name().to_owned()),
            attempts: number(row.attempts),
            waited_us: number(row.waited_us),
            latency_us: number(row.latency_us),
            bytes_in: number(row.bytes_in),
            bytes_out: number(row.bytes_out),
            correlation_id: row.correlation_id.to_owned(),
            source: row.source.to_owned(),
            record_ids: list(row.named.records),
            record_count,
            records_incomplete: row.named.incomplete,
            properties: list(row.named.properties),
            property_count: number(row.named.property_count),
            calls,
            session: row.agent.session.map(number),
            on_behalf_of: text(row.agent.person),
            purpose: text(row.agent.purpose),
            tool: text(row.agent.tool),
            decision: decision(row.status, row.category).into(),
            approval: row.agent.approval.map(number),
        }
    }
}

/// Whether the caller could make the call.
fn decision(status: Option<i64>, word: Option<&str>) -> &'static str {
    match (status, word) {
        (None, _) => "unknown",
        (_, Some(word)) if Word(word).is_not_permitted() => "denied",
        _ => "allowed",
    }
}

/// The operation of a record that sums up refused calls.
pub const REFUSED_CALLS: &str = "(refused calls)";

/// The record that sums up `calls` refused calls of unknown callers; `first` is the first of them.
pub fn summary(first: AuditEntry, calls: u64) -> AuditEntry {
    let named = Named { record_count: calls, ..Named::default() };
    AuditEntry { operation: REFUSED_CALLS.into(), object: None, latency_us: 0, named: Some(Box::new(named)), ..first }
}

/// The log could not be opened, read or written.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The database says why.
    #[error("the audit log: {0}")]
    Store(#[from] sqlx::Error),
    /// A file of the log can't be read or written.
    #[error("the audit log: {0}")]
    File(#[from] std::io::Error),
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
    readers: Readers,
    key: Arc<ChainKey>,
    instances: Arc<AtomicU32>,
    counts: counts::Counts,
    /// Whether the last records were written.
    written: Written,
}

/// Where the log is read.
enum Readers {
    Files(Arc<Shelf>),
    Postgres(AnyPool),
}

/// The folder of the log in a data folder.
pub const FOLDER: &str = "audit";
/// The file in it that holds the id of the data folder.
pub const FOLDER_ID: &str = "folder";

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
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> std::io::Result<T> + Send + 'static) -> Result<T, AuditError> {
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

#[cfg(test)]
mod tests;
