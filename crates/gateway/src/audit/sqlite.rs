//! The log in a SQLite file of its own, with one writer.
//!
//! A commit touches the ends of `call` and of its index by time, and so two or three pages. The
//! index by app would add a page for every app; so it is a table of its own, `call_of_app`, that
//! follows some thousand records behind, a slice of the apps at a time, so that no commit waits
//! long. Readers take what it does not know yet from `call` itself.

mod prune;
mod rows;
mod schema;

use std::sync::Arc;

use keyway_core::time::Timestamp;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqliteConnection};

use super::AuditEntry;
use super::chain::{ChainKey, Seal};
use super::row::Row;
use rows::ROWS_PER_STATEMENT;

/// Records not yet in the index by app at which it is brought up. Many, so that one of its pages
/// takes several records at once; few enough that scanning them takes some milliseconds.
const UNINDEXED_MAX: i64 = 16_000;
/// Steps in which it is brought up: at 16,000 records, a thousand each.
const SLICES: i64 = 16;

/// The file as its writer knows it.
pub(super) struct Sqlite {
    connection: SqliteConnection,
    key: Arc<ChainKey>,
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

impl Sqlite {
    /// Opens the file; the last seal comes with it.
    pub async fn open(options: SqliteConnectOptions, key: Arc<ChainKey>) -> Result<(Self, Seal), sqlx::Error> {
        let mut connection = options.connect().await?;
        let end = schema::prepare(&mut connection, &key).await?;
        Ok((Self { connection, key, next_id: end.next_id, indexed_to: end.next_id - 1, indexing: None }, end.seal))
    }

    /// Numbers for this many records. None is ever given twice, whether or not its batch becomes durable.
    pub fn numbers(&mut self, count: usize) -> i64 {
        let first = self.next_id;
        self.next_id += i64::try_from(count).unwrap_or(i64::MAX);
        first
    }

    /// The last seal as it stands in the file, after a commit that failed, or seemed to.
    pub async fn last_seal(&mut self) -> Result<Seal, sqlx::Error> {
        let end = schema::end(&mut self.connection, &self.key).await?;
        self.next_id = self.next_id.max(end.next_id);
        Ok(end.seal)
    }

    /// Writes a batch, durably.
    pub async fn commit(
        &mut self,
        records: &[Row<'_>],
        seal: Seal,
        begun: &[&AuditEntry],
        finished: &[&AuditEntry],
    ) -> Result<(), sqlx::Error> {
        // A single statement is its own transaction: reads, the most frequent calls, take this way.
        if begun.is_empty() && finished.is_empty() && records.len() <= ROWS_PER_STATEMENT {
            return rows::insert(&mut self.connection, records, seal).await;
        }
        let mut transaction = self.connection.begin().await?;
        rows::insert(&mut transaction, records, seal).await?;
        rows::insert_begun(&mut transaction, begun).await?;
        rows::delete_begun(&mut transaction, finished).await?;
        transaction.commit().await
    }

    /// Takes one step to bring the index by app up, when it is time.
    pub async fn index_some(&mut self) -> Result<(), sqlx::Error> {
        let newest = self.next_id - 1;
        let Some(now) = self.indexing else {
            if newest - self.indexed_to >= UNINDEXED_MAX {
                self.indexing = Some(Indexing { up_to: newest, slices_done: 0 });
            }
            return Ok(());
        };
        if now.slices_done < SLICES {
            sqlx::query(
                "insert or ignore into call_of_app select app_id, at, id from call
                 where id > ? and id <= ? and app_id % ? = ? order by app_id, at",
            )
            .bind(self.indexed_to)
            .bind(now.up_to)
            .bind(SLICES)
            .bind(now.slices_done)
            .execute(&mut self.connection)
            .await?;
            self.indexing = Some(Indexing { slices_done: now.slices_done + 1, ..now });
            return Ok(());
        }
        // Not beyond what is there: numbers of a batch that failed are used again after a restart.
        sqlx::query("update indexed set up_to = (select coalesce(max(id), 0) from call where id <= ?)")
            .bind(now.up_to)
            .execute(&mut self.connection)
            .await?;
        (self.indexed_to, self.indexing) = (now.up_to, None);
        Ok(())
    }

    /// Deletes some of what is older than a moment; how many records that were.
    pub async fn prune(&mut self, before: Timestamp) -> Result<u64, sqlx::Error> {
        prune::prune_some(&mut self.connection, &self.key, before).await
    }

    pub async fn close(self) {
        let _ = self.connection.close().await;
    }
}
