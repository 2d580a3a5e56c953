//! Time limits for the database, so that one that stops answering delays nobody for long.
//!
//! A host that lost its power, or a link that drops every packet, leaves connections that look open. A query on
//! such a connection waits until the system closes the connection, about 15 minutes later, and a change holds
//! the lock of the state meanwhile. So each step of a change has a time limit here, and the pool closes each
//! connection that does not answer when it is returned.
//!
//! A change whose commit failed also leaves its connection without an open transaction.

use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;
use keyway_core::shown;
use sqlx::any::{AnyPoolOptions, AnyQueryResult, AnyRow, AnyStatement, AnyTypeInfo};
use sqlx::{Any, AnyConnection, AnyPool, Connection as _, Database, Either, Error, Execute, Executor, SqlStr, Transaction};
use sqlx_core::transaction::TransactionManager as _;
use tokio::time::{Instant, Sleep};

/// Longest wait for a connection to the database, and for its answer to one step.
pub const ANSWER_TIME_MAX: Duration = Duration::from_secs(5);
/// Longest wait for a connection that is returned.
const RETURN_TIME_MAX: Duration = Duration::from_secs(1);

/// The clock of a PostgreSQL, in milliseconds: those of the instances may differ.
pub const NOW: &str = "(extract(epoch from clock_timestamp()) * 1000)::bigint";

/// Integers of databases are signed; ids and counts stay far below the half.
pub fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// The URL of a SQLite file, which is made where it is missing.
///
/// # Errors
/// The path is not UTF-8, or there is no current folder.
pub fn sqlite_url(path: &Path) -> Result<String, std::io::Error> {
    let path = std::path::absolute(path)?;
    let not_utf8 = || std::io::Error::new(std::io::ErrorKind::InvalidInput, format!("the path {} is not UTF-8", shown::path(&path)));
    let mut url = String::from("sqlite://");
    for part in path.to_str().ok_or_else(not_utf8)?.split('/').skip(1) {
        url.push('/');
        keyway_core::path::encode_component(part, &mut url);
    }
    Ok(url + "?mode=rwc")
}

/// A change in progress: one transaction. It has no effect before `commit`.
#[derive(Debug)]
pub struct Change(Transaction<'static, Any>);

impl Change {
    /// Begins a change on a connection of a pool.
    ///
    /// # Errors
    /// The database refuses, or does not answer in time.
    pub async fn begin(pool: &AnyPool) -> Result<Self, Error> {
        answered(pool.begin()).await.map(Self)
    }

    /// Makes the change count.
    ///
    /// # Errors
    /// The database refuses, or does not answer in time: then it is not known whether the change counts.
    pub async fn commit(self) -> Result<(), Error> {
        answered(self.0.commit()).await
    }
}

/// Options of a pool of this many connections.
pub fn pool(connections: u32) -> AnyPoolOptions {
    AnyPoolOptions::new().max_connections(connections).acquire_timeout(ANSWER_TIME_MAX).after_release(|connection, _| {
        Box::pin(async move {
            // The pool's own test of a returned connection has no time limit, and the connection counts
            // as used until it ends.
            let pinged = tokio::time::timeout(RETURN_TIME_MAX, connection.ping()).await;
            pinged.unwrap_or_else(|_| Err(silent()))?;
            Ok(!connection.is_in_transaction() || has_left_transaction(connection).await)
        })
    })
}

/// Brings a connection back to where it counts as outside of a transaction.
///
/// SQLite rolls a transaction back by itself where its commit meets a full disk. The rollback that follows then fails,
/// and the connection still counts as within a transaction: the next change would begin with a savepoint, and its
/// commit would release that savepoint and write nothing.
async fn has_left_transaction(connection: &mut AnyConnection) -> bool {
    // Fails where a transaction is still open, which the rollback then ends.
    let _ = connection.execute("begin").await;
    <Any as Database>::TransactionManager::rollback(connection).await.is_ok() && !connection.is_in_transaction()
}

fn silent() -> Error {
    Error::Io(std::io::Error::new(std::io::ErrorKind::TimedOut, "the database does not answer"))
}

async fn answered<T>(step: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    tokio::time::timeout(ANSWER_TIME_MAX, step).await.unwrap_or_else(|_| Err(silent()))
}

type Boxed<'e, T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send + 'e>>;
type Results<'e> = Pin<Box<dyn Stream<Item = Result<Either<AnyQueryResult, AnyRow>, Error>> + Send + 'e>>;

impl<'c> Executor<'c> for &'c mut Change {
    type Database = Any;

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> Results<'e>
    where
        'c: 'e,
        E: 'q + Execute<'q, Any>,
    {
        Box::pin(Answered { results: self.0.fetch_many(query), ends: Box::pin(tokio::time::sleep(ANSWER_TIME_MAX)) })
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> Boxed<'e, Option<AnyRow>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Any>,
    {
        Box::pin(answered(self.0.fetch_optional(query)))
    }

    fn prepare_with<'e>(self, sql: SqlStr, parameters: &'e [AnyTypeInfo]) -> Boxed<'e, AnyStatement>
    where
        'c: 'e,
    {
        Box::pin(answered(self.0.prepare_with(sql, parameters)))
    }
}

/// What a query returns, one after another, each in time.
struct Answered<'e> {
    results: Results<'e>,
    ends: Pin<Box<Sleep>>,
}

impl Stream for Answered<'_> {
    type Item = Result<Either<AnyQueryResult, AnyRow>, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Poll::Ready(next) = self.results.as_mut().poll_next(context) {
            self.ends.as_mut().reset(Instant::now() + ANSWER_TIME_MAX);
            return Poll::Ready(next);
        }
        self.ends.as_mut().poll(context).map(|()| Some(Err(silent())))
    }
}
