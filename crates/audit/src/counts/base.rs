//! The database of the counts: a file in a data folder, tables beside the log in PostgreSQL.

use std::collections::BTreeMap;
use std::path::Path;

use keyway_ground::database::{self, Change, NOW};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AnyPool, AssertSqlSafe, Connection as _, Executor as _, Row as _};

use super::calls::{Call, Fresh, Tallies};
use super::span::{Span, add, encode, together};
use super::{Grain, KEPT};
use crate::beat::DEAD_AFTER_MS;
use crate::entry::REFUSED_CALLS;
use crate::error::AuditError;

/// The tables. PostgreSQL has them too, in its own types.
pub(crate) const SCHEMA: &str = "
create table if not exists counted (
    grain bigint not null, -- how long a span is, in milliseconds
    begin bigint not null,
    cells blob not null,
    primary key (grain, begin)
);
create table if not exists counted_together ( -- the same of all apps of an account together, and of all accounts
    grain bigint not null,
    begin bigint not null,
    cells blob not null,
    primary key (grain, begin)
);
create table if not exists counted_to (
    writer bigint primary key,
    after_id bigint not null, -- the last record that is counted
    done bigint not null -- 1 where its writer is dead and all its records are counted
);
";
/// Which counts: each app for itself, or the apps of an account together. Both are written in one transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Table {
    Apps,
    Together,
}

impl Table {
    const ALL: [Self; 2] = [Self::Apps, Self::Together];

    /// A query of this table, whose text has `{table}` in place of its name.
    fn sql(self, text: &str) -> AssertSqlSafe<String> {
        let name = match self {
            Self::Apps => "counted",
            Self::Together => "counted_together",
        };
        AssertSqlSafe(text.replace("{table}", name))
    }
}

/// Taken while one counts.
const LOCK: &str = "select pg_try_advisory_xact_lock(7253003) as mine";

/// Where the counts are.
pub(crate) struct Base {
    pool: AnyPool,
    postgres: bool,
}

/// Counting in progress.
pub(crate) struct Counting {
    change: Change,
    postgres: bool,
}

/// Who writes records, and the last one of them that is counted.
pub(crate) struct Writer {
    id: i64,
    pub after_id: i64,
    is_dead: bool,
}

impl Base {
    pub fn in_postgres(pool: AnyPool) -> Self {
        Self { pool, postgres: true }
    }

    /// Opens the file; without one the counts are in memory. A damaged file is set aside: Keyway counts the audit log again.
    pub async fn in_file(file: Option<&Path>) -> Result<Self, AuditError> {
        sqlx::any::install_default_drivers();
        let Some(file) = file else { return Ok(Self { pool: open("sqlite::memory:", 1).await?, postgres: false }) };
        let url = database::sqlite_url(file)?;
        // The pool would try again and again.
        if let Err(sqlx::Error::Database(error)) = look_at(&url).await
            && is_damage(error.code().as_deref())
        {
            tracing::warn!(%error, "the counts of calls are damaged; Keyway sets them aside and counts the audit log again");
            set_aside(file)?;
        }
        let pool = open(&url, 2).await?;
        Ok(Self { pool, postgres: false })
    }

    pub async fn close(&self) {
        if !self.postgres {
            self.pool.close().await;
        }
    }

    /// The spans that begin from one moment on and before another.
    pub async fn read(&self, table: Table, grain: Grain, from: i64, to: i64) -> Result<Vec<Span>, sqlx::Error> {
        let text = "select begin, cells from {table} where grain = $1 and begin >= $2 and begin < $3 order by begin";
        let query = sqlx::query(table.sql(text));
        let rows = query.bind(grain.width_ms()).bind(from).bind(to).fetch_all(&self.pool).await?;
        rows.iter().map(|row| Ok(Span::new(row.try_get("begin")?, row.try_get("cells")?))).collect()
    }

    /// Begins to count; none where another instance does.
    pub async fn begin(&self) -> Result<Option<Counting>, sqlx::Error> {
        let mut change = Change::begin(&self.pool).await?;
        if self.postgres {
            let row = sqlx::query(LOCK).fetch_one(&mut change).await?;
            if !row.try_get::<bool, _>("mine")? {
                return Ok(None);
            }
        }
        Ok(Some(Counting { change, postgres: self.postgres }))
    }
}

/// Whether a file is a database at all.
async fn look_at(url: &str) -> Result<(), sqlx::Error> {
    let mut connection = AnyConnection::connect(url).await?;
    connection.execute("select count(*) from sqlite_master").await?;
    connection.close().await
}

/// Whether SQLite reports that a file is damaged or not a database (SQLITE_CORRUPT, SQLITE_NOTADB). A full disk or a lock
/// does not count: counts may be older than the audit log, and nothing counts them again.
fn is_damage(code: Option<&str>) -> bool {
    matches!(code.and_then(|code| code.parse::<u32>().ok()).map(|code| code & 0xff), Some(11 | 26))
}

/// Renames a damaged file, in the place of one that was damaged before, and removes what belongs to it alone.
fn set_aside(file: &Path) -> Result<(), AuditError> {
    let beside = |end: &str| {
        let mut path = file.as_os_str().to_owned();
        path.push(end);
        std::path::PathBuf::from(path)
    };
    std::fs::rename(file, beside(".damaged"))?;
    for end in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(beside(end));
    }
    Ok(())
}

async fn open(url: &str, connections: u32) -> Result<AnyPool, sqlx::Error> {
    // A memory database lives as long as its connection.
    let options = database::pool(connections).idle_timeout(None).max_lifetime(None).after_connect(|connection, _| {
        Box::pin(async move {
            // Without a sync for each commit: the last ones may be lost with the power, all of each.
            connection.execute("pragma journal_mode = wal; pragma synchronous = normal; pragma busy_timeout = 5000").await.map(drop)
        })
    });
    let pool = options.connect(url).await?;
    pool.execute(SCHEMA).await?;
    Ok(pool)
}

impl Counting {
    /// Whoever may have records that are not counted.
    pub async fn writers(&mut self) -> Result<Vec<Writer>, sqlx::Error> {
        if !self.postgres {
            let row = sqlx::query("select after_id from counted_to where writer = 0").fetch_optional(&mut self.change).await?;
            let after_id = row.map(|row| row.try_get("after_id")).transpose()?.unwrap_or(0);
            return Ok(vec![Writer { id: 0, after_id, is_dead: false }]);
        }
        let query = format!(
            "select id, coalesce(counted_to.after_id, 0) as counted, (alive_at <= {NOW} - {DEAD_AFTER_MS})::int::bigint as dead
             from writer left join counted_to on writer = id
             where coalesce(done, 0) = 0 or alive_at > {NOW} - {DEAD_AFTER_MS} order by id"
        );
        let rows = sqlx::query(AssertSqlSafe(query)).fetch_all(&mut self.change).await?;
        let writer = |row: &AnyRow| {
            Ok(Writer { id: row.try_get("id")?, after_id: row.try_get("counted")?, is_dead: row.try_get::<i64, _>("dead")? == 1 })
        };
        rows.iter().map(writer).collect()
    }

    /// Reads records of a writer in PostgreSQL that are not counted, at most so many. How many, and the number of the
    /// last one, come back too.
    pub async fn after(&mut self, writer: &Writer, many: usize, mut fresh: Fresh) -> Result<(Fresh, usize, i64), sqlx::Error> {
        let query = sqlx::query(
            "select id, at, hub_id, app_id, operation, status, category, latency_us, waited_us, record_count
             from call where writer = $1 and id > $2 order by id limit $3",
        );
        let many = i64::try_from(many).unwrap_or(i64::MAX);
        let rows = query.bind(writer.id).bind(writer.after_id).bind(many).fetch_all(&mut self.change).await?;
        for row in &rows {
            fresh.add(&call(row)?);
        }
        let last_id = rows.last().map(|row| row.try_get("id")).transpose()?.unwrap_or(writer.after_id);
        Ok((fresh, rows.len(), last_id))
    }

    /// Notes up to where the records of a writer are counted, and whether there was none.
    pub async fn counted_to(&mut self, writer: &Writer, last_id: i64, none: bool) -> Result<(), sqlx::Error> {
        let is_done = writer.is_dead && none;
        if last_id == writer.after_id && !is_done {
            return Ok(());
        }
        let query = sqlx::query(
            "insert into counted_to (writer, after_id, done) values ($1, $2, $3)
             on conflict (writer) do update set after_id = excluded.after_id, done = excluded.done",
        );
        query.bind(writer.id).bind(last_id).bind(i64::from(is_done)).execute(&mut self.change).await.map(drop)
    }

    /// Forgets every count.
    pub async fn forget(&mut self) -> Result<(), sqlx::Error> {
        for table in Table::ALL {
            sqlx::query(table.sql("delete from {table}")).execute(&mut self.change).await?;
        }
        sqlx::query("delete from counted_to").execute(&mut self.change).await.map(drop)
    }

    /// Adds up the apps of spans that an earlier build counted.
    pub async fn sum_up_earlier(&mut self) -> Result<(), AuditError> {
        let text = "select 1 where exists (select 1 from counted) and not exists (select 1 from counted_together)";
        if sqlx::query(text).fetch_optional(&mut self.change).await?.is_none() {
            return Ok(());
        }
        for (grain, _) in KEPT {
            let query = sqlx::query("select begin from counted where grain = $1");
            for row in query.bind(grain.width_ms()).fetch_all(&mut self.change).await? {
                let begin = row.try_get("begin")?;
                let tallies = self.read(Table::Apps, grain, begin).await?;
                self.write(Table::Together, grain, begin, &together(&tallies)).await?;
            }
        }
        Ok(())
    }

    /// Adds calls to their minutes, hours and days.
    pub async fn add(&mut self, fresh: Fresh) -> Result<(), AuditError> {
        let minutes = fresh.minutes();
        let summed = minutes.iter().map(|(begin, tallies)| (*begin, together(tallies))).collect();
        self.add_minutes(Table::Apps, minutes).await?;
        self.add_minutes(Table::Together, summed).await
    }

    async fn add_minutes(&mut self, table: Table, mut minutes: BTreeMap<i64, Tallies>) -> Result<(), AuditError> {
        // After a loss there are more minutes at once than are kept: the oldest would be deleted as soon as written.
        let kept = minutes.len().saturating_sub(KEPT[0].1 as usize);
        let first = minutes.keys().nth(kept).copied();
        let mut newest = first.map_or_else(BTreeMap::new, |first| minutes.split_off(&first));
        self.add_to(table, Grain::Minute, &mut newest, |there, more| there.join(more)).await?;
        minutes.append(&mut newest);
        for grain in [Grain::Hour, Grain::Day] {
            let mut spans: BTreeMap<i64, Tallies> = BTreeMap::new();
            for (minute, tallies) in &minutes {
                add(spans.entry(grain.begin(*minute)).or_default(), tallies, |there, more| there.merge(&more.without_tens()));
            }
            self.add_to(table, grain, &mut spans, |there, more| there.merge(more)).await?;
        }
        for (grain, kept) in KEPT {
            self.prune(table, grain, kept).await?;
        }
        Ok(())
    }

    /// Adds tallies to the spans that are there. Each gets the busiest ten seconds of what it was added to.
    async fn add_to(
        &mut self,
        table: Table,
        grain: Grain,
        spans: &mut BTreeMap<i64, Tallies>,
        join: impl Fn(&mut super::Tally, &super::Tally) + Copy,
    ) -> Result<(), AuditError> {
        for (begin, more) in spans.iter_mut() {
            let mut there = self.read(table, grain, *begin).await?;
            add(&mut there, more, join);
            for (who, tally) in more.iter_mut() {
                tally.peak = there.get(who).map_or(tally.peak, |there| there.peak);
            }
            self.write(table, grain, *begin, &there).await?;
        }
        Ok(())
    }

    async fn read(&mut self, table: Table, grain: Grain, begin: i64) -> Result<Tallies, sqlx::Error> {
        let query = sqlx::query(table.sql("select cells from {table} where grain = $1 and begin = $2"));
        let row = query.bind(grain.width_ms()).bind(begin).fetch_optional(&mut self.change).await?;
        row.map_or_else(|| Ok(Tallies::new()), |row| Ok(Span::new(begin, row.try_get("cells")?).tallies()))
    }

    async fn write(&mut self, table: Table, grain: Grain, begin: i64, tallies: &Tallies) -> Result<(), AuditError> {
        let cells = encode(tallies).map_err(std::io::Error::other)?;
        let text =
            "insert into {table} (grain, begin, cells) values ($1, $2, $3) on conflict (grain, begin) do update set cells = excluded.cells";
        let query = sqlx::query(table.sql(text));
        Ok(query.bind(grain.width_ms()).bind(begin).bind(cells).execute(&mut self.change).await.map(drop)?)
    }

    /// Keeps the newest `kept` spans of a length.
    async fn prune(&mut self, table: Table, grain: Grain, kept: u32) -> Result<(), sqlx::Error> {
        let text = "delete from {table} where grain = $1 and begin < (select begin from {table} where grain = $1 order by begin desc limit 1 offset $2)";
        let query = sqlx::query(table.sql(text));
        query.bind(grain.width_ms()).bind(i64::from(kept) - 1).execute(&mut self.change).await.map(drop)
    }

    pub async fn commit(self) -> Result<(), sqlx::Error> {
        self.change.commit().await
    }
}

fn call(row: &AnyRow) -> Result<Call<'_>, sqlx::Error> {
    let number = |column: &str| row.try_get::<Option<i64>, _>(column).map(|value| value.and_then(|value| u64::try_from(value).ok()));
    let operation: &str = row.try_get("operation")?;
    Ok(Call {
        at: row.try_get("at")?,
        hub_id: row.try_get("hub_id")?,
        app_id: row.try_get("app_id")?,
        operation,
        status: row.try_get("status")?,
        word: row.try_get("category")?,
        latency_us: number("latency_us")?.unwrap_or(0),
        waited_us: number("waited_us")?.unwrap_or(0),
        calls: if operation == REFUSED_CALLS { number("record_count")?.unwrap_or(0) } else { 1 },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_and_a_lock_are_no_damage() {
        assert!(["11", "26", "267"].iter().all(|code| is_damage(Some(code))));
        assert!([None, Some("5"), Some("13"), Some("778"), Some("x")].iter().all(|code| !is_damage(*code)));
    }
}
