//! The log of a data folder that was moved here: its chain, as it was in the files.
//!
//! It is the chain of writer 0, as in the folder, so a head that was kept of the folder still holds. A seal
//! in a file is over all that a commit holds: records, which are rows of `call`, and behind them the notes of calls that
//! were about to be performed, which are kept as they were in `moved_note`. From both a check puts the commit together again.

use std::collections::VecDeque;

use sqlx::postgres::PgConnectOptions;
use sqlx::{AnyPool, AssertSqlSafe, Connection as _, Executor as _, PgConnection, Row as _};

use super::sql::Sql;
use super::verify::{PAGE, page};
use super::{BLOCK, DAY_MS, LOCK, SCHEMA, connect, insert_sealed};
use crate::chain::{ChainKey, Head, Seal};
use crate::error::AuditError;
use crate::files::{Commit, add_record};
use crate::row::Row;
use crate::verify::{Verification, written_anew};

/// The writer of a log that was moved here; others count from 1.
pub(super) const WRITER: i64 = 0;

/// A log that is being moved here.
pub(crate) struct Target {
    connection: PgConnection,
    /// Commits that are here.
    pub commits: i64,
    /// The number of their records.
    pub records: i64,
}

impl Target {
    /// Takes a database for a log whose chain starts so and whose newest call came in then.
    pub async fn open(url: &str, key: &ChainKey, start: Head, newest: Option<i64>) -> Result<Self, sqlx::Error> {
        let options: PgConnectOptions = url.parse()?;
        let mut connection = connect(&options).await?;
        let mut transaction = connection.begin().await?;
        transaction.execute(LOCK).await?;
        transaction.execute(SCHEMA).await?;
        // One partition and not one for each day: a query locks every partition that it may read.
        let end = newest.map_or(0, |at| at.div_euclid(DAY_MS) + 1) * DAY_MS;
        let partition = format!("create table if not exists call_moved partition of call for values from (minvalue) to ({end})");
        transaction.execute(AssertSqlSafe(partition)).await?;
        sqlx::query("insert into writer (id, alive_at, after_id, seal, vouched) overriding system value values ($1, 0, $2, $3, $4) on conflict do nothing")
            .bind(WRITER)
            .bind(start.id)
            .bind(&start.seal[..])
            .bind(&key.start(WRITER, start.id, &start.seal)[..])
            .execute(&mut *transaction)
            .await?;
        transaction.execute("insert into moved_log values (1, 0, 0) on conflict do nothing").await?;
        let (commits, records) = sqlx::query_as("select commits, records from moved_log").fetch_one(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(Self { connection, commits, records })
    }

    /// Writes commits, durably, and that they are here. The number of the last record before them is given.
    pub async fn add(&mut self, commits: &[Commit], mut last_id: i64) -> Result<(), AuditError> {
        let (mut rows, mut seals) = (Vec::<Row<'_>>::new(), Vec::new());
        let mut notes: Vec<(i64, i64, &Seal, &[u8])> = Vec::new();
        for (commit, number) in commits.iter().zip(self.commits..) {
            let before = rows.len();
            rows.extend(commit.rows());
            seals.resize(rows.len(), None);
            if rows.len() > before {
                last_id = rows[rows.len() - 1].id;
                seals[rows.len() - 1] = Some(commit.seal.to_vec());
            }
            let noted = commit.notes()?;
            if !noted.is_empty() || rows.len() == before {
                notes.push((number, last_id, &commit.seal, noted));
            }
        }
        let mut transaction = self.connection.begin().await?;
        insert_sealed(&mut transaction, WRITER, &rows, seals).await?;
        sqlx::query("insert into moved_note select * from unnest($1::bigint[], $2::bigint[], $3::bytea[], $4::bytea[])")
            .bind(notes.iter().map(|note| note.0).collect::<Vec<_>>())
            .bind(notes.iter().map(|note| note.1).collect::<Vec<_>>())
            .bind(notes.iter().map(|note| note.2.to_vec()).collect::<Vec<_>>())
            .bind(notes.iter().map(|note| note.3.to_vec()).collect::<Vec<_>>())
            .execute(&mut *transaction)
            .await?;
        let (here, records) = (self.commits + length(commits.len()), self.records + length(rows.len()));
        sqlx::query("update moved_log set commits = $1, records = $2").bind(here).bind(records).execute(&mut *transaction).await?;
        transaction.commit().await?;
        (self.commits, self.records) = (here, records);
        Ok(())
    }

    /// Lets the numbers of new records continue behind those that are here.
    pub async fn finish(mut self) -> Result<(), sqlx::Error> {
        let next = "select setval('call_block', greatest((select last_value from call_block), (select coalesce(max(id), 0) from call where writer = $1) / $2 + 1))";
        sqlx::query(next).bind(WRITER).bind(BLOCK).execute(&mut self.connection).await?;
        // Without figures of its tables the database sorts all records for each page of a check.
        self.connection.execute("analyze call; analyze moved_note").await?;
        self.connection.close().await
    }
}

fn length(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Forgets the notes of commits before the start of the chain, which is now after this record.
pub(super) async fn forget(connection: &mut PgConnection, after_id: i64, seal: Seal) -> Result<(), sqlx::Error> {
    let query = sqlx::query("delete from moved_note where after_id < $1 or (after_id = $1 and seal = $2)");
    query.bind(after_id).bind(&seal[..]).execute(connection).await.map(drop)
}

/// Deletes old records, where a log was moved here.
pub(super) async fn delete(connection: &mut PgConnection, before: i64) -> Result<(), sqlx::Error> {
    let is_here: bool = sqlx::query_scalar("select to_regclass('call_moved') is not null").fetch_one(&mut *connection).await?;
    if is_here {
        sqlx::query("delete from call_moved where at < $1").bind(before).execute(connection).await?;
    }
    Ok(())
}

/// The notes of commits, in their order, read page by page.
struct Notes<'a> {
    pool: &'a AnyPool,
    page: VecDeque<Note>,
    last: i64,
}

struct Note {
    after_id: i64,
    seal: Vec<u8>,
    notes: Vec<u8>,
}

impl Notes<'_> {
    /// The next one, if it fits.
    async fn next_if(&mut self, fits: impl FnOnce(&Note) -> bool) -> Result<Option<Note>, AuditError> {
        if self.page.is_empty() {
            let mut query = Sql::new("select number, after_id, seal, notes from moved_note where number > ");
            query.bind(self.last).push(" order by number limit ").bind(PAGE);
            for row in query.fetch_all(self.pool).await? {
                self.last = row.try_get("number")?;
                self.page.push_back(Note { after_id: row.try_get("after_id")?, seal: row.try_get("seal")?, notes: row.try_get("notes")? });
            }
        }
        let is_next = self.page.front().is_some_and(fits);
        Ok(if is_next { self.page.pop_front() } else { None })
    }
}

/// Checks the chain from its start on. What is wrong is noted in `done`.
pub(super) async fn walk(
    pool: &AnyPool,
    key: &ChainKey,
    (start, genuine): (Head, bool),
    known: Option<Head>,
    done: &mut Verification,
) -> Result<(), AuditError> {
    if !genuine {
        done.fault = Some("where the chain starts was changed".into());
        return Ok(());
    }
    let mut chain = Chain {
        key,
        notes: Notes { pool, page: VecDeque::new(), last: -1 },
        at: start,
        sought: known.filter(|head| head.id >= start.id && head.id > 0),
    };
    chain.meet();
    let (mut payload, mut open) = (Vec::new(), 0_u64);
    let mut read_to = start.id;
    done.fault = chain.notes_alone().await?;
    while done.fault.is_none() {
        let rows = page(pool, WRITER, read_to).await?;
        for row in &rows {
            let record = Row::read(row)?;
            payload = add_record(payload, &record)?;
            (read_to, open) = (record.id, open + 1);
            let Some(seal) = row.try_get::<Option<Vec<u8>>, _>("seal")? else { continue };
            done.fault = chain.commit(record.id, &seal, std::mem::take(&mut payload)).await?;
            if done.fault.is_some() {
                return Ok(());
            }
            done.records += std::mem::take(&mut open);
        }
        if rows.len() < usize::try_from(PAGE).unwrap_or(0) {
            break;
        }
    }
    if done.fault.is_none() {
        done.fault = chain.end(open, read_to).await?;
    }
    if done.fault.is_none() && chain.at.id > 0 {
        done.heads.0.push(chain.at);
    }
    Ok(())
}

struct Chain<'a> {
    key: &'a ChainKey,
    notes: Notes<'a>,
    /// The last commit that fits.
    at: Head,
    /// A head that was kept elsewhere and has not been met.
    sought: Option<Head>,
}

impl Chain<'_> {
    /// Checks a commit that ends with a record, and those of notes alone behind it.
    async fn commit(&mut self, id: i64, seal: &[u8], mut payload: Vec<u8>) -> Result<Option<String>, AuditError> {
        if let Some(note) = self.notes.next_if(|note| note.after_id == id && note.seal == seal).await? {
            payload.extend(note.notes);
        }
        if self.key.frame(&self.at.seal, &payload) != seal {
            let first = self.at.id + 1;
            return Ok(Some(format!("the records {first} to {id} were changed, removed or added to")));
        }
        if let Some(missed) = self.sought.filter(|head| head.id < id) {
            return Ok(Some(written_anew(missed.id)));
        }
        self.go_to(id, seal);
        self.notes_alone().await
    }

    async fn notes_alone(&mut self) -> Result<Option<String>, AuditError> {
        let id = self.at.id;
        while let Some(note) = self.notes.next_if(|note| note.after_id == id).await? {
            if self.key.frame(&self.at.seal, &note.notes) != note.seal[..] {
                return Ok(Some(format!("what was noted after record {id} is not as it was written: changed, removed or added to")));
            }
            self.go_to(id, &note.seal);
        }
        Ok(None)
    }

    async fn end(&mut self, open: u64, read_to: i64) -> Result<Option<String>, AuditError> {
        Ok(if open > 0 {
            Some(format!("the records {} to {read_to} carry no seal: the end of the log was cut or added to", self.at.id + 1))
        } else if let Some(note) = self.notes.next_if(|_| true).await? {
            Some(format!("record {} is gone, of which a note is left: the log was cut or added to", note.after_id))
        } else {
            self.sought.map(|head| match head.id > self.at.id {
                true => format!("record {} is gone, which the kept head names: the log was cut, or put back to an earlier state", head.id),
                false => written_anew(head.id),
            })
        })
    }

    fn go_to(&mut self, id: i64, seal: &[u8]) {
        self.at = Head { id, seal: Seal::try_from(seal).unwrap_or_default(), ..self.at };
        self.meet();
    }

    fn meet(&mut self) {
        let at = self.at;
        self.sought.take_if(|head| head.id == at.id && head.seal == at.seal);
    }
}
