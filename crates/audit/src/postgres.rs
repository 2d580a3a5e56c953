//! The log in PostgreSQL, with a writer in each instance.
//!
//! Each writer has a chain of seals of its own, and says every two seconds that it lives. Calls that
//! the writer of a dead instance had begun become records of whoever notices. The table has a
//! partition for each day, which retention drops.

pub(super) mod moved;
pub(super) mod read;
mod sql;
pub(super) mod verify;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use keyway_core::time::Timestamp;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor, PgConnection, Row as _};

use super::beat::{BEAT_EVERY, DEAD_AFTER_MS};
use super::chain::{ChainKey, Seal};
use super::counts;
use super::entry::AuditEntry;
use super::row::{Agent, Begun, Named, Row};
use keyway_ground::database::{NOW, signed};

/// How often partitions are made ahead.
const PARTITIONS_EVERY: Duration = Duration::from_secs(600);
/// Days for which they are made.
const DAYS_AHEAD: i64 = 2;
/// Numbers in a block; a batch is never larger.
const BLOCK: i64 = 1_024;
const DAY_MS: i64 = 86_400_000;
/// Longest wait for an answer; after it, a new connection is made.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(10);

/// How many instances write to the log, as this one last saw it.
pub(super) type Instances = Arc<AtomicU32>;

/// The database as this instance's writer knows it.
pub(super) struct Postgres {
    options: PgConnectOptions,
    connection: Option<PgConnection>,
    key: Arc<ChainKey>,
    writer: i64,
    beat: Instant,
    partitioned: Instant,
    instances: Instances,
}

/// Taken while tables are made and dropped, so that two instances don't at once.
const LOCK: &str = "select pg_advisory_xact_lock(7253002)";

const SCHEMA: &str = "
create sequence if not exists call_block;
create table if not exists call (
    id bigint not null, at bigint not null, writer bigint not null,
    hub_id bigint, app_id bigint, token_id bigint,
    operation text not null, object text,
    status bigint, category text,
    latency_us bigint not null, bytes_in bigint not null, bytes_out bigint not null,
    attempts bigint not null, waited_us bigint not null,
    correlation_id text not null, source text not null, seal bytea
) partition by range (at);
create table if not exists call_default partition of call default;
create index if not exists call_by_time on call (at, id);
create index if not exists call_by_app on call (app_id, at, id);
create index if not exists call_refused_by_time on call (at, id) where status >= 400;
create index if not exists call_by_id on call (id);
create index if not exists call_by_writer on call (writer, id);
create table if not exists begun (
    correlation_id text primary key, writer bigint not null, at bigint not null,
    hub_id bigint, app_id bigint, token_id bigint,
    operation text not null, object text, bytes_in bigint not null, source text not null
);
create table if not exists writer (
    id bigint generated always as identity primary key,
    alive_at bigint not null, -- 0 once it has stopped
    after_id bigint not null, seal bytea not null, vouched bytea not null
);
create table if not exists moved_note (
    -- what commits to files hold beside their records, of a log that was moved here
    number bigint primary key, after_id bigint not null, seal bytea not null, notes bytea not null
);
create table if not exists moved_log (
    only_one bigint primary key, commits bigint not null, records bigint not null
);
do $$
begin
    if not exists (select from pg_attribute where attrelid = 'call'::regclass and attname = 'record_ids') then
        alter table call add record_ids text, add record_count bigint, add records_incomplete bigint,
            add properties text, add property_count bigint;
        alter table begun add record_ids text, add record_count bigint, add records_incomplete bigint,
            add properties text, add property_count bigint;
    end if;
    if not exists (select from pg_attribute where attrelid = 'call'::regclass and attname = 'session') then
        alter table call add session bigint, add person text, add purpose text, add tool text, add approval bigint;
        alter table begun add session bigint, add person text, add purpose text, add tool text, add approval bigint;
    end if;
end $$;
create index if not exists call_by_session on call (session, at, id) where session is not null;
create index if not exists call_by_record on call using gin (string_to_array(record_ids, ' ')) where record_ids is not null;
";

impl Postgres {
    /// Connects, and begins a chain.
    pub async fn open(url: &str, key: Arc<ChainKey>, instances: Instances) -> Result<(Self, Seal), sqlx::Error> {
        let options: PgConnectOptions = url.parse()?;
        let mut connection = connect(&options).await?;
        let mut transaction = connection.begin().await?;
        transaction.execute(LOCK).await?;
        transaction.execute(SCHEMA).await?;
        transaction.execute(AssertSqlSafe(counts::base::SCHEMA.replace("blob", "bytea"))).await?;
        let writer = sqlx::query(AssertSqlSafe(format!(
            "insert into writer (alive_at, after_id, seal, vouched) values ({NOW}, 0, '', '') returning id"
        )));
        let writer: i64 = writer.fetch_one(&mut *transaction).await?.try_get(0)?;
        put_start(&mut transaction, &key, writer, 0, Seal::default()).await?;
        transaction.commit().await?;
        // Long ago: the first beat is due.
        let due = Instant::now().checked_sub(PARTITIONS_EVERY).unwrap_or_else(Instant::now);
        let mut log = Self { options, connection: Some(connection), key, writer, beat: due, partitioned: due, instances };
        let mut seal = Seal::default();
        log.tend(&mut seal).await?;
        Ok((log, seal))
    }

    /// The connection, or a new one if the last one failed.
    async fn connection(&mut self) -> Result<&mut PgConnection, sqlx::Error> {
        if self.connection.is_none() {
            self.connection = Some(connect(&self.options).await?);
        }
        self.connection.as_mut().ok_or(sqlx::Error::PoolClosed)
    }

    /// After any failure the connection is not trusted any more.
    fn checked<T>(&mut self, result: Result<Result<T, sqlx::Error>, tokio::time::error::Elapsed>) -> Result<T, sqlx::Error> {
        let result = result.unwrap_or(Err(sqlx::Error::PoolTimedOut));
        if result.is_err() {
            self.connection = None;
        }
        result
    }

    /// Numbers for a batch, from a block that no other writer gets.
    pub async fn numbers(&mut self) -> Result<i64, sqlx::Error> {
        let asked = tokio::time::timeout(ANSWER_TIME_MAX, async {
            let block: i64 = sqlx::query_scalar("select nextval('call_block')").fetch_one(self.connection().await?).await?;
            Ok(block * BLOCK)
        });
        let asked = asked.await;
        self.checked(asked)
    }

    /// The last seal in the database, after a commit that failed, or seemed to.
    pub async fn last_seal(&mut self) -> Result<Seal, sqlx::Error> {
        let writer = self.writer;
        let asked = tokio::time::timeout(ANSWER_TIME_MAX, async {
            let connection = self.connection().await?;
            let row = sqlx::query(
                "select seal from (select seal, id from call where writer = $1 and seal is not null
                 union all select seal, after_id from writer where id = $1) as sealed order by id desc limit 1",
            );
            let row = row.bind(writer).fetch_one(connection).await?;
            Ok(row.try_get::<&[u8], _>("seal")?.try_into().unwrap_or_default())
        });
        let asked = asked.await;
        self.checked(asked)
    }

    /// Writes a batch, durably.
    pub async fn commit(
        &mut self,
        records: &[Row<'_>],
        seal: Seal,
        begun: &[&AuditEntry],
        finished: &[&AuditEntry],
    ) -> Result<(), sqlx::Error> {
        let writer = self.writer;
        let written = tokio::time::timeout(ANSWER_TIME_MAX, async {
            let connection = self.connection().await?;
            if begun.is_empty() && finished.is_empty() {
                return insert(connection, writer, records, seal).await;
            }
            let mut transaction = connection.begin().await?;
            insert(&mut transaction, writer, records, seal).await?;
            insert_begun(&mut transaction, writer, begun).await?;
            if !finished.is_empty() {
                let ids: Vec<&str> = finished.iter().map(|entry| entry.correlation_id.as_str()).collect();
                sqlx::query("delete from begun where correlation_id = any($1)").bind(ids).execute(&mut *transaction).await?;
            }
            transaction.commit().await
        });
        let written = written.await;
        self.checked(written)
    }

    /// What is to be done from time to time: says that it lives, makes partitions, and takes over
    /// the calls that dead instances had begun, for which it is handed the last seal.
    pub async fn tend(&mut self, seal: &mut Seal) -> Result<(), sqlx::Error> {
        if self.beat.elapsed() < BEAT_EVERY {
            return Ok(());
        }
        self.beat = Instant::now();
        let done = tokio::time::timeout(ANSWER_TIME_MAX, async {
            self.count_instances().await?;
            if self.partitioned.elapsed() >= PARTITIONS_EVERY {
                self.make_partitions().await?;
                self.partitioned = Instant::now();
            }
            self.adopt_unfinished(seal).await
        });
        let done = done.await;
        self.checked(done)
    }

    /// Says that it lives, and asks who else does. A sign of life from the future is of before the database's clock
    /// was set back; who lives gives another within two seconds.
    async fn count_instances(&mut self) -> Result<(), sqlx::Error> {
        let writer = self.writer;
        let connection = self.connection().await?;
        sqlx::query(AssertSqlSafe(format!("update writer set alive_at = {NOW} where id = $1")))
            .bind(writer)
            .execute(&mut *connection)
            .await?;
        let count = sqlx::query_scalar(AssertSqlSafe(format!(
            "select count(*) from writer where alive_at > {NOW} - {DEAD_AFTER_MS} and alive_at < {NOW} + {DEAD_AFTER_MS}"
        )));
        let count: i64 = count.fetch_one(connection).await?;
        self.instances.store(u32::try_from(count).unwrap_or(1).max(1), Ordering::Relaxed);
        Ok(())
    }

    async fn make_partitions(&mut self) -> Result<(), sqlx::Error> {
        let connection = self.connection().await?;
        let today: i64 = sqlx::query_scalar(AssertSqlSafe(format!("select {NOW} / {DAY_MS}"))).fetch_one(&mut *connection).await?;
        for day in today..=today + DAYS_AHEAD {
            let mut transaction = connection.begin().await?;
            transaction.execute(LOCK).await?;
            let (from, to) = (day * DAY_MS, (day + 1) * DAY_MS);
            let text = format!("create table if not exists call_{day} partition of call for values from ({from}) to ({to})");
            match transaction.execute(AssertSqlSafe(text)).await {
                Ok(_) => transaction.commit().await?,
                // The default partition has records of that day already, and keeps them.
                Err(sqlx::Error::Database(error)) if error.is_check_violation() => transaction.rollback().await?,
                // So has the partition of a log that was moved here on that day: "invalid object definition".
                Err(sqlx::Error::Database(error)) if error.code().is_some_and(|code| code == "42P17") => transaction.rollback().await?,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    async fn adopt_unfinished(&mut self, seal: &mut Seal) -> Result<(), sqlx::Error> {
        let (writer, key) = (self.writer, self.key.clone());
        let connection = self.connection().await?;
        let mut transaction = connection.begin().await?;
        let orphans = sqlx::query(AssertSqlSafe(format!(
            "delete from begun where writer in (select id from writer where alive_at <= {NOW} - {DEAD_AFTER_MS}) returning *"
        )));
        let orphans = orphans.fetch_all(&mut *transaction).await?;
        for some in orphans.chunks(usize::try_from(BLOCK).unwrap_or(1)) {
            let begun: Vec<Begun> = some.iter().map(Begun::read).collect::<Result<_, _>>()?;
            let block: i64 = sqlx::query_scalar("select nextval('call_block')").fetch_one(&mut *transaction).await?;
            let rows: Vec<Row<'_>> = begun.iter().zip(block * BLOCK..).map(|(begun, id)| begun.row(id)).collect();
            let mut link = key.after(seal);
            rows.iter().for_each(|row| link.add(row));
            let next = link.seal();
            insert(&mut transaction, writer, &rows, next).await?;
            *seal = next;
        }
        transaction.commit().await
    }

    /// Drops the days that are wholly before a moment; how many records went.
    pub async fn prune(&mut self, before: Timestamp) -> Result<u64, sqlx::Error> {
        let boundary = before.as_ms() / DAY_MS * DAY_MS;
        let key = self.key.clone();
        let connection = self.connection().await?;
        let mut transaction = connection.begin().await?;
        transaction.execute(LOCK).await?;
        let old: i64 = sqlx::query_scalar("select count(*) from call where at < $1").bind(boundary).fetch_one(&mut *transaction).await?;
        if old == 0 {
            return Ok(0);
        }
        transaction.execute("create temp table kept (like call) on commit drop").await?;
        let writers: Vec<i64> =
            sqlx::query_scalar("select distinct writer from call where at < $1").bind(boundary).fetch_all(&mut *transaction).await?;
        for writer in writers {
            // A chain can start after a sealed record only, before which none is kept.
            let last = sqlx::query(
                "select id, seal from call where writer = $1 and seal is not null
                 and id < coalesce((select min(id) from call where writer = $1 and at >= $2), 9223372036854775807) order by id desc limit 1",
            );
            let last = last.bind(writer).bind(boundary).fetch_optional(&mut *transaction).await?;
            let after = match &last {
                Some(row) => row.try_get("id")?,
                None => 0_i64,
            };
            sqlx::query("insert into kept select * from call where writer = $1 and at < $2 and id > $3")
                .bind(writer)
                .bind(boundary)
                .bind(after)
                .execute(&mut *transaction)
                .await?;
            if let Some(row) = last {
                let seal = Seal::try_from(row.try_get::<&[u8], _>("seal")?).unwrap_or_default();
                put_start(&mut transaction, &key, writer, after, seal).await?;
                if writer == moved::WRITER {
                    moved::forget(&mut transaction, after, seal).await?;
                }
            }
        }
        let partitions: Vec<String> = sqlx::query_scalar(
            "select child.relname::text from pg_inherits join pg_class child on child.oid = inhrelid
             where inhparent = 'call'::regclass and child.relname ~ '^call_[0-9]+$'",
        )
        .fetch_all(&mut *transaction)
        .await?;
        let day = |name: &str| name.strip_prefix("call_").and_then(|day| day.parse::<i64>().ok());
        for name in partitions.iter().filter(|name| day(name).is_some_and(|day| (day + 1) * DAY_MS <= boundary)) {
            // The name is letters and digits, as the query above asked for.
            transaction.execute(AssertSqlSafe(format!("drop table {name}"))).await?;
        }
        sqlx::query("delete from call_default where at < $1").bind(boundary).execute(&mut *transaction).await?;
        moved::delete(&mut transaction, boundary).await?;
        let kept = transaction.execute("insert into call select * from kept").await?.rows_affected();
        transaction.commit().await?;
        Ok(u64::try_from(old).unwrap_or(0).saturating_sub(kept))
    }

    /// Says that it lives no more.
    pub async fn close(mut self) {
        let writer = self.writer;
        let said = tokio::time::timeout(ANSWER_TIME_MAX, async {
            sqlx::query("update writer set alive_at = 0 where id = $1").bind(writer).execute(self.connection().await?).await
        });
        let _ = said.await;
        if let Some(connection) = self.connection {
            let _ = connection.close().await;
        }
    }
}

async fn connect(options: &PgConnectOptions) -> Result<PgConnection, sqlx::Error> {
    let connecting = async {
        let mut connection = options.connect().await?;
        // Keyway promises a record of every answered call, whatever the settings of the server. Notices of a schema
        // that is there already would fill the log at each start.
        connection.execute("set synchronous_commit = on; set lock_timeout = '5s'; set client_min_messages = warning").await?;
        Ok(connection)
    };
    tokio::time::timeout(ANSWER_TIME_MAX, connecting).await.unwrap_or(Err(sqlx::Error::PoolTimedOut))
}

async fn put_start(connection: &mut PgConnection, key: &ChainKey, writer: i64, after_id: i64, seal: Seal) -> Result<(), sqlx::Error> {
    sqlx::query("update writer set after_id = $2, seal = $3, vouched = $4 where id = $1")
        .bind(writer)
        .bind(after_id)
        .bind(&seal[..])
        .bind(&key.start(writer, after_id, &seal)[..])
        .execute(connection)
        .await
        .map(drop)
}

/// Writes the rows of a commit; the last one carries its seal.
async fn insert(connection: &mut PgConnection, writer: i64, rows: &[Row<'_>], seal: Seal) -> Result<(), sqlx::Error> {
    let Some(last) = rows.len().checked_sub(1) else { return Ok(()) };
    let seals = (0..rows.len()).map(|at| (at == last).then(|| seal.to_vec())).collect();
    insert_sealed(connection, writer, rows, seals).await
}

async fn insert_sealed(
    connection: &mut PgConnection,
    writer: i64,
    rows: &[Row<'_>],
    seals: Vec<Option<Vec<u8>>>,
) -> Result<(), sqlx::Error> {
    let numbers = |of: fn(&Row<'_>) -> i64| rows.iter().map(of).collect::<Vec<i64>>();
    let maybe = |of: fn(&Row<'_>) -> Option<i64>| rows.iter().map(of).collect::<Vec<Option<i64>>>();
    sqlx::query(
        "insert into call (id, at, writer, hub_id, app_id, token_id, operation, object, status, category, latency_us, bytes_in, bytes_out,
            attempts, waited_us, correlation_id, source, seal, record_ids, record_count, records_incomplete, properties, property_count,
            session, person, purpose, tool, approval)
         select id, at, $1, hub_id, app_id, token_id, operation, object, status, category, latency_us, bytes_in, bytes_out,
            attempts, waited_us, correlation_id, source, seal, record_ids, record_count, records_incomplete, properties, property_count,
            session, person, purpose, tool, approval
         from unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::text[], $8::text[], $9::bigint[], $10::text[],
            $11::bigint[], $12::bigint[], $13::bigint[], $14::bigint[], $15::bigint[], $16::text[], $17::text[], $18::bytea[],
            $19::text[], $20::bigint[], $21::bigint[], $22::text[], $23::bigint[],
            $24::bigint[], $25::text[], $26::text[], $27::text[], $28::bigint[])
         as new (id, at, hub_id, app_id, token_id, operation, object, status, category, latency_us, bytes_in, bytes_out,
            attempts, waited_us, correlation_id, source, seal, record_ids, record_count, records_incomplete, properties, property_count,
            session, person, purpose, tool, approval)",
    )
    .bind(writer)
    .bind(numbers(|row| row.id))
    .bind(numbers(|row| row.at))
    .bind(maybe(|row| row.hub_id))
    .bind(maybe(|row| row.app_id))
    .bind(maybe(|row| row.token_id))
    .bind(rows.iter().map(|row| row.operation).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.object).collect::<Vec<_>>())
    .bind(maybe(|row| row.status))
    .bind(rows.iter().map(|row| row.category).collect::<Vec<_>>())
    .bind(numbers(|row| row.latency_us))
    .bind(numbers(|row| row.bytes_in))
    .bind(numbers(|row| row.bytes_out))
    .bind(numbers(|row| row.attempts))
    .bind(numbers(|row| row.waited_us))
    .bind(rows.iter().map(|row| row.correlation_id).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.source).collect::<Vec<_>>())
    .bind(seals)
    .bind(rows.iter().map(|row| some(row.named.records)).collect::<Vec<_>>())
    .bind(maybe(|row| positive(row.named.record_count)))
    .bind(maybe(|row| row.named.incomplete.then_some(1)))
    .bind(rows.iter().map(|row| some(row.named.properties)).collect::<Vec<_>>())
    .bind(maybe(|row| positive(row.named.property_count)))
    .bind(maybe(|row| row.agent.session))
    .bind(rows.iter().map(|row| some(row.agent.person)).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| some(row.agent.purpose)).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| some(row.agent.tool)).collect::<Vec<_>>())
    .bind(maybe(|row| row.agent.approval))
    .execute(connection)
    .await
    .map(drop)
}

/// What is nothing takes no room in a row.
fn some(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

fn positive(number: i64) -> Option<i64> {
    (number > 0).then_some(number)
}

async fn insert_begun(connection: &mut PgConnection, writer: i64, entries: &[&AuditEntry]) -> Result<(), sqlx::Error> {
    if entries.is_empty() {
        return Ok(());
    }
    let agents: Vec<Agent<'_>> = entries.iter().map(|entry| Agent::of(entry)).collect();
    let named: Vec<Named<'_>> = entries.iter().map(|entry| Named::of(entry)).collect();
    let maybe = |of: fn(&AuditEntry) -> Option<u64>| entries.iter().map(|entry| of(entry).map(signed)).collect::<Vec<Option<i64>>>();
    sqlx::query(
        "insert into begun (writer, at, hub_id, app_id, token_id, operation, object, bytes_in, correlation_id, source,
            record_ids, record_count, records_incomplete, properties, property_count, session, person, purpose, tool, approval)
         select $1, * from unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::text[], $7::text[], $8::bigint[], $9::text[], $10::text[],
            $11::text[], $12::bigint[], $13::bigint[], $14::text[], $15::bigint[],
            $16::bigint[], $17::text[], $18::text[], $19::text[], $20::bigint[])",
    )
    .bind(writer)
    .bind(entries.iter().map(|entry| entry.at.as_ms()).collect::<Vec<_>>())
    .bind(maybe(|entry| entry.hub_id))
    .bind(maybe(|entry| entry.app_id))
    .bind(maybe(|entry| entry.token_id))
    .bind(entries.iter().map(|entry| entry.operation.to_string()).collect::<Vec<_>>())
    .bind(entries.iter().map(|entry| entry.object.as_deref().map(str::to_owned)).collect::<Vec<_>>())
    .bind(entries.iter().map(|entry| signed(entry.bytes_in)).collect::<Vec<_>>())
    .bind(entries.iter().map(|entry| entry.correlation_id.clone()).collect::<Vec<_>>())
    .bind(entries.iter().map(|entry| entry.source.to_string()).collect::<Vec<_>>())
    .bind(named.iter().map(|named| some(named.records)).collect::<Vec<_>>())
    .bind(named.iter().map(|named| positive(named.record_count)).collect::<Vec<_>>())
    .bind(named.iter().map(|named| named.incomplete.then_some(1_i64)).collect::<Vec<_>>())
    .bind(named.iter().map(|named| some(named.properties)).collect::<Vec<_>>())
    .bind(named.iter().map(|named| positive(named.property_count)).collect::<Vec<_>>())
    .bind(agents.iter().map(|agent| agent.session).collect::<Vec<_>>())
    .bind(agents.iter().map(|agent| some(agent.person)).collect::<Vec<_>>())
    .bind(agents.iter().map(|agent| some(agent.purpose)).collect::<Vec<_>>())
    .bind(agents.iter().map(|agent| some(agent.tool)).collect::<Vec<_>>())
    .bind(agents.iter().map(|agent| agent.approval).collect::<Vec<_>>())
    .execute(connection)
    .await
    .map(drop)
}
