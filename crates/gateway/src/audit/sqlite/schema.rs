//! The tables of the log, and what is put right when it is opened.

use sqlx::{Connection, Executor, Row as _, SqliteConnection};

use super::rows;
use crate::audit::chain::{ChainKey, Seal};
use crate::audit::row::{Begun, Row};

/// The file has one writer, which needs no name.
const WRITER: i64 = 0;

/// Where a writer goes on.
#[derive(Clone, Copy)]
pub(super) struct End {
    /// The number of the next record.
    pub next_id: i64,
    /// The last seal.
    pub seal: Seal,
}

/// Makes the tables, turns calls that were begun and never finished into records, and brings the
/// index by app up.
pub(super) async fn prepare(connection: &mut SqliteConnection, key: &ChainKey) -> Result<End, sqlx::Error> {
    let mut transaction = connection.begin().await?;
    let unsealed = exists(&mut transaction, "select 1 from sqlite_schema where name = 'call'").await?
        && !exists(&mut transaction, "select 1 from pragma_table_info('call') where name = 'seal'").await?;
    transaction.execute(SCHEMA).await?;
    if exists(&mut transaction, "select 1 from sqlite_schema where name = 'recent'").await? {
        transaction.execute(TAKE_OVER_RECENT).await?;
    }
    if unsealed {
        transaction.execute(ADD_SEALS).await?;
    }
    let mut end = end(&mut transaction, key).await?;
    adopt_unfinished(&mut transaction, key, &mut end).await?;
    transaction.execute(INDEX_REST).await?;
    transaction.commit().await?;
    Ok(end)
}

async fn exists(connection: &mut SqliteConnection, query: &'static str) -> Result<bool, sqlx::Error> {
    sqlx::query(query).fetch_optional(connection).await.map(|row| row.is_some())
}

/// The end of the chain; a log that has none begins one here.
pub(super) async fn end(connection: &mut SqliteConnection, key: &ChainKey) -> Result<End, sqlx::Error> {
    let last: i64 = sqlx::query_scalar("select coalesce(max(id), 0) from call").fetch_one(&mut *connection).await?;
    if !exists(connection, "select 1 from chain_start").await? {
        let seal = Seal::default();
        put_start(connection, key, last, seal).await?;
    }
    let sealed =
        sqlx::query("select seal from call where seal is not null and id > (select after_id from chain_start) order by id desc limit 1");
    let row = match sealed.fetch_optional(&mut *connection).await? {
        Some(row) => row,
        None => sqlx::query("select seal from chain_start").fetch_one(&mut *connection).await?,
    };
    let seal = row.try_get::<&[u8], _>("seal")?.try_into().unwrap_or_default();
    Ok(End { next_id: last + 1, seal })
}

/// Says where the chain starts: after this record, whose seal this is.
pub(super) async fn put_start(connection: &mut SqliteConnection, key: &ChainKey, after_id: i64, seal: Seal) -> Result<(), sqlx::Error> {
    sqlx::query("insert or replace into chain_start (only, after_id, seal, vouched) values (1, ?, ?, ?)")
        .bind(after_id)
        .bind(seal.to_vec())
        .bind(key.start(WRITER, after_id, &seal).to_vec())
        .execute(connection)
        .await
        .map(drop)
}

const SCHEMA: &str = "
create table if not exists call (
    id integer primary key,
    at integer not null,
    hub_id integer, app_id integer, token_id integer,
    operation text not null,
    status integer, category text,
    latency_us integer not null, bytes_in integer not null, bytes_out integer not null,
    correlation_id text not null, source text not null,
    object text, attempts integer not null default 0, waited_us integer not null default 0, seal blob
) strict;
create index if not exists call_by_time on call (at);
create index if not exists call_refused_by_time on call (at) where status >= 400;
create table if not exists call_of_app (
    app_id integer not null, at integer not null, id integer not null, primary key (app_id, at, id)
) strict, without rowid;
create table if not exists indexed (only integer primary key check (only = 1), up_to integer not null) strict;
insert or ignore into indexed values (1, 0);
create table if not exists begun (
    correlation_id text primary key,
    at integer not null,
    hub_id integer, app_id integer, token_id integer,
    operation text not null,
    bytes_in integer not null,
    source text not null,
    object text
) strict, without rowid;
create table if not exists chain_start (
    only integer primary key check (only = 1), after_id integer not null, seal blob not null, vouched blob not null
) strict;
";

/// Until late November 2026 the newest records stood in a table of their own, and the index by app
/// was one of `call`.
const TAKE_OVER_RECENT: &str = "
insert into call (id, at, hub_id, app_id, token_id, operation, status, category, latency_us, bytes_in, bytes_out, correlation_id, source)
    select id, at, hub_id, app_id, token_id, operation, status, category, latency_us, bytes_in, bytes_out, correlation_id, source from recent;
drop table recent;
drop index call_by_app;
";

/// Nor were records sealed, or said which object type they are of.
const ADD_SEALS: &str = "
alter table call add column object text;
alter table call add column attempts integer not null default 0;
alter table call add column waited_us integer not null default 0;
alter table call add column seal blob;
alter table begun add column object text;
";

/// Slices that the last process had done are there already.
const INDEX_REST: &str = "
insert or ignore into call_of_app
    select app_id, at, id from call where id > (select up_to from indexed) and app_id is not null order by app_id, at;
update indexed set up_to = (select coalesce(max(id), 0) from call);
";

/// Calls that were begun when the last process died become records with the outcome unknown.
async fn adopt_unfinished(connection: &mut SqliteConnection, key: &ChainKey, end: &mut End) -> Result<(), sqlx::Error> {
    let begun = sqlx::query("select * from begun order by at").fetch_all(&mut *connection).await?;
    if begun.is_empty() {
        return Ok(());
    }
    let begun: Vec<Begun> = begun.iter().map(Begun::read).collect::<Result<_, _>>()?;
    let adopted: Vec<Row<'_>> = begun.iter().zip(end.next_id..).map(|(begun, id)| begun.row(id)).collect();
    let mut link = key.after(&end.seal);
    adopted.iter().for_each(|row| link.add(row));
    end.seal = link.seal();
    end.next_id += i64::try_from(adopted.len()).unwrap_or(i64::MAX);
    rows::insert(connection, &adopted, end.seal).await?;
    connection.execute("delete from begun").await.map(drop)
}
