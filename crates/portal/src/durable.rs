//! Writes changes to the file, many calls in one transaction, and reports when they are durable.
//!
//! The file holds documents by key; `documents` and `restore` of `objects` give them their meaning. One thread
//! owns the connection. So changes reach the file in the order in which they were made, and the file does not depend
//! on the lifetime of a caller's runtime.
//!
//! If the file refuses a transaction, for example because the disk is full, the writer keeps the changes and
//! tries again every second. The account refuses calls meanwhile.

use std::path::Path;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Duration;

use keyway_core::error_body::ErrorBody;
use keyway_core::refusal::Refusal;
use keyway_objects::documents::{Change, Document};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, Row};
use tokio::sync::{Notify, oneshot, watch};

/// Where changes go.
#[derive(Clone, Debug)]
pub struct Log(Option<Arc<Shared>>);

#[derive(Debug)]
struct Shared {
    queue: Mutex<Queue>,
    work: Notify,
    durable: watch::Sender<Durable>,
}

#[derive(Debug, Default)]
struct Queue {
    changes: Vec<Change>,
    position: u64,
    closing: bool,
}

#[derive(Clone, Copy, Debug, Default)]
struct Durable {
    position: u64,
    /// The file refused the last transaction, which the writer tries again. Later ones would leave a
    /// gap, so calls are refused until it succeeds.
    refused: bool,
    closed: bool,
}

impl Log {
    /// A log that keeps nothing.
    pub fn ephemeral() -> Self {
        Self(None)
    }

    /// Opens the file, reads all of it and starts the writer. The file belongs to the data folder
    /// `folder_id`, where one is given: a new file notes it, a file of another folder is refused.
    pub async fn open(file: &Path, folder_id: Option<String>) -> Result<(Self, Vec<Document>), sqlx::Error> {
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full);
        let shared = Arc::new(Shared { queue: Mutex::default(), work: Notify::new(), durable: watch::Sender::new(Durable::default()) });
        let (opened, answer) = oneshot::channel();
        let writer = shared.clone();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        std::thread::Builder::new()
            .name("portal-writer".to_owned())
            .spawn(move || runtime.block_on(run(writer, options, folder_id, opened)))?;
        let documents = answer.await.map_err(|_| sqlx::Error::WorkerCrashed)??;
        Ok((Self(Some(shared)), documents))
    }

    /// Refuses when an earlier transaction was refused: nothing may be changed that can't be kept.
    pub fn check_writable(&self) -> Result<(), ErrorBody> {
        match &self.0 {
            Some(shared) if shared.durable.borrow().refused => Err(unavailable()),
            _ => Ok(()),
        }
    }

    /// Queues a call's changes, to be called under the account's lock. Answers their position.
    pub fn append(&self, changes: Vec<Change>) -> u64 {
        let Some(shared) = &self.0 else { return 0 };
        let mut queue = shared.queue.lock().unwrap_or_else(PoisonError::into_inner);
        queue.changes.extend(changes);
        queue.position += 1;
        let position = queue.position;
        drop(queue);
        shared.work.notify_one();
        position
    }

    /// Waits until a position is durable.
    pub async fn wait(&self, position: u64) -> Result<(), ErrorBody> {
        let Some(shared) = &self.0 else { return Ok(()) };
        if shared.durable.borrow().position >= position {
            return Ok(());
        }
        let mut durable = shared.durable.subscribe();
        let reached = durable
            .wait_for(|durable| durable.position >= position || durable.refused || durable.closed)
            .await
            .map(|durable| durable.position >= position);
        if reached.unwrap_or(false) { Ok(()) } else { Err(unavailable()) }
    }

    /// Writes what is queued and closes the file.
    pub async fn close(&self) {
        let Some(shared) = &self.0 else { return };
        self.begin_close();
        let _ = shared.durable.subscribe().wait_for(|durable| durable.closed).await;
    }

    /// Requests the writer to finish, and does not wait for it. The writer has its own thread.
    pub fn begin_close(&self) {
        if let Some(shared) = &self.0 {
            shared.queue.lock().unwrap_or_else(PoisonError::into_inner).closing = true;
            shared.work.notify_one();
        }
    }
}

/// How long the writer waits before it tries a refused transaction again.
const TRY_AGAIN_AFTER: Duration = Duration::from_secs(1);

async fn run(
    shared: Arc<Shared>,
    options: SqliteConnectOptions,
    folder_id: Option<String>,
    opened: oneshot::Sender<Result<Vec<Document>, sqlx::Error>>,
) {
    let mut connection = match open(&options, folder_id).await {
        Ok((connection, documents)) => {
            let _ = opened.send(Ok(documents));
            connection
        }
        Err(error) => {
            let _ = opened.send(Err(error));
            return;
        }
    };
    loop {
        let (changes, position, closing) = {
            let mut queue = shared.queue.lock().unwrap_or_else(PoisonError::into_inner);
            (std::mem::take(&mut queue.changes), queue.position, queue.closing)
        };
        if !changes.is_empty() {
            if !shared.commit(&mut connection, &changes).await {
                break;
            }
            shared.durable.send_modify(|durable| (durable.position, durable.refused) = (position, false));
        } else if closing {
            break;
        } else {
            shared.work.notified().await;
        }
    }
    let _ = connection.close().await;
    shared.durable.send_modify(|durable| durable.closed = true);
}

impl Shared {
    /// Writes changes down, however often the file refuses them; false when the log is closed before the
    /// file takes them.
    async fn commit(&self, connection: &mut SqliteConnection, changes: &[Change]) -> bool {
        let mut refused = false;
        while let Err(error) = commit(connection, changes).await {
            if !refused {
                tracing::error!(%error, "portal.db refused a transaction; embedded accounts answer 503 until it takes the transaction");
                self.durable.send_modify(|durable| durable.refused = true);
            }
            refused = true;
            if self.queue.lock().unwrap_or_else(PoisonError::into_inner).closing {
                return false;
            }
            // Closing ends the wait early.
            let _ = tokio::time::timeout(TRY_AGAIN_AFTER, self.work.notified()).await;
        }
        if refused {
            tracing::info!("portal.db takes transactions again");
        }
        true
    }
}

/// The steps that bring a file of any age to the present form. Only ever added to.
const MIGRATIONS: [(&str, &str); 2] = [
    (
        "CREATE TABLE documents (hub_id INTEGER NOT NULL, space TEXT NOT NULL, key TEXT NOT NULL, body BLOB NOT NULL, PRIMARY KEY (hub_id, space, key)) WITHOUT ROWID",
        "PRAGMA user_version = 1",
    ),
    ("CREATE TABLE folder (id TEXT NOT NULL)", "PRAGMA user_version = 2"),
];

async fn open(options: &SqliteConnectOptions, folder_id: Option<String>) -> Result<(SqliteConnection, Vec<Document>), sqlx::Error> {
    let mut connection = options.connect().await?;
    let version: i64 = sqlx::query_scalar("SELECT user_version FROM pragma_user_version").fetch_one(&mut connection).await?;
    let done = usize::try_from(version).unwrap_or(0);
    if done > MIGRATIONS.len() {
        return Err(sqlx::Error::Configuration("the file was written by a newer version".into()));
    }
    for (step, number) in MIGRATIONS.iter().skip(done) {
        let mut transaction = connection.begin().await?;
        sqlx::query(*step).execute(&mut *transaction).await?;
        // A pragma takes no parameters.
        sqlx::query(*number).execute(&mut *transaction).await?;
        transaction.commit().await?;
    }
    if let Some(id) = folder_id {
        belongs_to(&mut connection, &id).await?;
    }
    let rows = sqlx::query("SELECT hub_id, space, key, body FROM documents").fetch_all(&mut connection).await?;
    let documents = rows.iter().map(document).collect::<Result<_, _>>()?;
    Ok((connection, documents))
}

/// Refuses a file of another data folder; a file that names none belongs to this one from now on.
async fn belongs_to(connection: &mut SqliteConnection, folder_id: &str) -> Result<(), sqlx::Error> {
    let known: Option<String> = sqlx::query_scalar("SELECT id FROM folder").fetch_optional(&mut *connection).await?;
    match known {
        Some(known) if known == folder_id => Ok(()),
        Some(_) => Err(sqlx::Error::Configuration(
            "portal.db and keyway.db belong to two different data folders. Put back the portal.db that belongs to this keyway.db".into(),
        )),
        None => sqlx::query("INSERT INTO folder VALUES (?)").bind(folder_id).execute(connection).await.map(drop),
    }
}

fn document(row: &sqlx::sqlite::SqliteRow) -> Result<Document, sqlx::Error> {
    Ok(Document { hub_id: row.try_get::<i64, _>(0)?.cast_unsigned(), space: row.try_get(1)?, key: row.try_get(2)?, body: row.try_get(3)? })
}

/// Documents that one statement writes. Each statement is a message to SQLite's thread and back, which
/// costs more than the row it writes.
const ROWS_MAX: usize = 32;

/// Writes this many documents; later ones win over earlier ones of the same key.
fn put_rows(rows: usize) -> &'static str {
    static STATEMENTS: LazyLock<Vec<String>> = LazyLock::new(|| {
        let of = |rows: usize| {
            let places = vec!["(?, ?, ?, ?)"; rows].join(", ");
            format!("INSERT INTO documents (hub_id, space, key, body) VALUES {places} ON CONFLICT DO UPDATE SET body = excluded.body")
        };
        (1..=ROWS_MAX).map(of).collect()
    });
    &STATEMENTS[rows - 1]
}

async fn commit(connection: &mut SqliteConnection, changes: &[Change]) -> Result<(), sqlx::Error> {
    let mut transaction = connection.begin().await?;
    // Runs of documents, in their order between those that go, each of which is a run of its own.
    for run in changes.chunk_by(|one, next| one.body.is_some() && next.body.is_some()) {
        if let [gone @ Change { body: None, .. }] = run {
            remove(&mut transaction, gone).await?;
            continue;
        }
        for rows in run.chunks(ROWS_MAX) {
            put(&mut transaction, rows).await?;
        }
    }
    transaction.commit().await
}

async fn put(connection: &mut SqliteConnection, rows: &[Change]) -> Result<(), sqlx::Error> {
    let mut statement = sqlx::query(put_rows(rows.len()));
    for row in rows {
        // SQLite's integers are signed; the bits are what is kept.
        statement = statement.bind(row.hub_id.cast_signed()).bind(row.space).bind(&row.key).bind(&row.body);
    }
    statement.execute(connection).await.map(drop)
}

async fn remove(connection: &mut SqliteConnection, gone: &Change) -> Result<(), sqlx::Error> {
    let hub_id = gone.hub_id.cast_signed();
    let statement = match gone.space {
        "*" => sqlx::query("DELETE FROM documents WHERE hub_id = ?").bind(hub_id),
        space => sqlx::query("DELETE FROM documents WHERE hub_id = ? AND space = ? AND key = ?").bind(hub_id).bind(space).bind(&gone.key),
    };
    statement.execute(connection).await.map(drop)
}

fn unavailable() -> ErrorBody {
    let mut error = Refusal::AccountNotWritable.error(
        "The file portal.db does not accept writes, so this account refuses calls. Keyway tries again every second: free disk space if the disk is full.",
    );
    error.retry_after_s = Some(TRY_AGAIN_AFTER.as_secs().cast_signed());
    error
}
