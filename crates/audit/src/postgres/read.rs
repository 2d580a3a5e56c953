//! Finding records in PostgreSQL.

use keyway_core::catalog::Method;
use keyway_core::refusal::Word;
use keyway_core::time::Timestamp;
use sqlx::any::AnyRow;
use sqlx::{AnyPool, Row as _};

use super::sql::Sql;
use crate::error::AuditError;
use crate::filter::{AppUse, AuditFilter, LIMIT_MAX, OperationUse, StatusFilter, UNKNOWN, iso_date, names_of, other_reads, time_of};
use crate::record::AuditRecord;
use crate::row::Row;
use keyway_ground::database::signed;

const SUMMED: &str = "select hub_id, app_id, operation, object, at / 86400000 as day, count(*) as calls,
    count(*) filter (where status >= 400) as failed, max(at) as last from call";

pub(crate) async fn list(pool: &AnyPool, filter: &AuditFilter) -> Result<Vec<AuditRecord>, AuditError> {
    let rows = statement(filter).fetch_all(pool).await?;
    rows.iter().map(|row| Ok(Row::read(row)?.into())).collect()
}

pub(crate) async fn counted_by_app(pool: &AnyPool, hub_id: u64, since: Timestamp) -> Result<Vec<(u64, u64)>, AuditError> {
    let mut query = Sql::new("select app_id, count(*) as calls from call where at >= ");
    query.bind(since.as_ms()).push(" and hub_id = ").bind(signed(hub_id));
    // Token requests are not calls of the account, and calls without an app are not either: access tokens that Keyway gives.
    query.push(" and operation not like '% /oauth/%' and app_id is not null");
    without(&mut query, |word| !word.is_counted());
    query.push(" group by app_id");
    let rows = query.fetch_all(pool).await?;
    let unsigned = |number: i64| u64::try_from(number).unwrap_or(0);
    let read = |row: &AnyRow| Ok((unsigned(row.try_get("app_id")?), unsigned(row.try_get("calls")?)));
    rows.iter().map(read).collect()
}

pub(crate) async fn usage(pool: &AnyPool, hub_id: Option<u64>, since: Timestamp) -> Result<Vec<OperationUse>, AuditError> {
    let mut query = Sql::new(SUMMED);
    query.push(" where app_id is not null and at >= ").bind(since.as_ms());
    if let Some(hub_id) = hub_id {
        query.push(" and hub_id = ").bind(signed(hub_id));
    }
    summed(pool, query).await
}

pub(crate) async fn use_of_app(pool: &AnyPool, app_id: u64, since: Timestamp) -> Result<AppUse, AuditError> {
    let of_app = || {
        let mut query = Sql::new(SUMMED);
        query.push(" where at >= ").bind(since.as_ms()).push(" and app_id = ").bind(signed(app_id));
        query
    };
    let mut permitted = of_app();
    without(&mut permitted, Word::is_not_permitted);
    Ok(AppUse { called: summed(pool, of_app()).await?, permitted: summed(pool, permitted).await? })
}

pub(crate) async fn oldest(pool: &AnyPool) -> Result<Option<Timestamp>, AuditError> {
    let rows = Sql::new("select at from call order by at limit 1").fetch_all(pool).await?;
    let oldest = rows.first().map(|row| row.try_get(0)).transpose()?;
    Ok(oldest.map(Timestamp::from_ms))
}

/// Whether the chain of every writer starts with its first record.
pub(crate) async fn is_whole(pool: &AnyPool) -> Result<bool, AuditError> {
    let rows = Sql::new("select id from writer where after_id > 0 limit 1").fetch_all(pool).await?;
    Ok(rows.is_empty())
}

pub(crate) async fn sources_of(pool: &AnyPool, token_id: u64, since: Timestamp) -> Result<Vec<(String, u64, Timestamp)>, AuditError> {
    let mut query = Sql::new("select source, count(*) as calls, max(at) as last from call where at >= ");
    query.bind(since.as_ms()).push(" and token_id = ").bind(signed(token_id)).push(" group by source order by last desc, source");
    let rows = query.fetch_all(pool).await?;
    let read = |row: &AnyRow| {
        let calls = u64::try_from(row.try_get::<i64, _>("calls")?).unwrap_or(0);
        Ok((row.try_get("source")?, calls, Timestamp::from_ms(row.try_get("last")?)))
    };
    rows.iter().map(read).collect()
}

/// Leaves out calls that failed so. The words are the program's own.
fn without(query: &mut Sql, fails_so: impl Fn(Word<'static>) -> bool) {
    query.push(&format!(" and (category is null or category not in ('{}'))", Word::all_that(fails_so).join("', '")));
}

async fn summed(pool: &AnyPool, mut query: Sql) -> Result<Vec<OperationUse>, AuditError> {
    query.push(" group by hub_id, app_id, operation, object, day order by hub_id, app_id, operation, object, day");
    let rows = query.fetch_all(pool).await?;
    let number = |row: &AnyRow, column: &str| {
        row.try_get::<Option<i64>, _>(column).map(|value| value.and_then(|value| u64::try_from(value).ok()).unwrap_or(0))
    };
    let read = |row: &AnyRow| {
        Ok(OperationUse {
            hub_id: number(row, "hub_id")?,
            app_id: number(row, "app_id")?,
            operation: row.try_get("operation")?,
            object: row.try_get("object")?,
            day: iso_date(row.try_get("day")?),
            calls: number(row, "calls")?,
            failed: number(row, "failed")?,
            last: Timestamp::from_ms(row.try_get("last")?),
        })
    };
    rows.iter().map(read).collect()
}

fn statement(filter: &AuditFilter) -> Sql {
    // Materialised, so that the index of record ids is read whole: a search that expects many calls of
    // the record, of which the database knows little, would walk through all calls by their time.
    let by_record = filter.record.is_some();
    let mut query =
        Sql::new(if by_record { "with found as materialized (select * from call where true" } else { "select * from call where true" });
    if let Some(record) = &filter.record {
        query.push(" and record_ids is not null and string_to_array(record_ids, ' ') && array[");
        for (at, form) in record.forms().into_iter().enumerate() {
            query.push(if at > 0 { ", " } else { "" }).bind(form);
        }
        query.push("]");
    }
    if let Some(property) = &filter.property {
        query.push(" and string_to_array(properties, ' ') @> array[").bind(property.clone()).push("]");
    }
    if let Some(app_id) = filter.app_id {
        query.push(" and app_id = ").bind(signed(app_id));
    }
    if let Some(hub_id) = filter.hub_id {
        query.push(" and hub_id = ").bind(signed(hub_id));
    }
    if let Some(token_id) = filter.token_id {
        query.push(" and token_id = ").bind(signed(token_id));
    }
    if let Some(source) = &filter.source {
        query.push(" and source = ").bind(source.clone());
    }
    if let Some(session) = filter.session {
        query.push(" and session = ").bind(signed(session));
    }
    if let Some(person) = &filter.person {
        query.push(" and session is not null and person = ").bind(person.clone());
    }
    if let Some(tool) = &filter.tool {
        query.push(" and tool = ").bind(tool.clone());
    }
    if let Some(operation) = &filter.operation {
        query.push(" and operation in (");
        for (at, name) in names_of(operation).into_iter().enumerate() {
            query.push(if at > 0 { ", " } else { "" }).bind(name);
        }
        query.push(")");
    }
    if filter.changes {
        let methods = Method::ALL.into_iter().filter(|method| *method != Method::Get).map(|method| format!("'{method}'"));
        let methods = methods.collect::<Vec<_>>().join(", ");
        query.push(&format!(" and split_part(operation, ' ', 1) in ({methods}) and operation not like '% {UNKNOWN}'"));
        let reads = other_reads().collect::<Vec<_>>().join("\n");
        query.push(" and operation <> all (string_to_array(").bind(reads).push(", chr(10)))");
    }
    if let Some(object) = &filter.object {
        query.push(" and object = ").bind(object.clone());
    }
    // Numbers in the text and not bound: only so does the database see that the index of refused
    // calls (status >= 400) holds all that is asked for.
    match filter.status {
        Some(StatusFilter::Exact(status @ 400..)) => query.push(&format!(" and status >= 400 and status = {status}")),
        Some(StatusFilter::Exact(status)) => query.push(&format!(" and status = {status}")),
        Some(StatusFilter::Class(class)) => query.push(&format!(" and status >= {class}00 and status <= {class}99")),
        Some(StatusFilter::Unknown) => query.push(" and status is null"),
        None => &mut query,
    };
    if let Some(category) = &filter.category {
        query.push(" and category in (");
        for (at, word) in Word(category).alike().into_iter().enumerate() {
            query.push(if at > 0 { ", " } else { "" }).bind(word.to_owned());
        }
        query.push(")");
    }
    if let Some(correlation_id) = &filter.correlation_id {
        query.push(" and correlation_id = ").bind(correlation_id.clone());
        if let Some(at) = time_of(correlation_id) {
            // The id holds the time of its making, which saves an index of its own.
            query.push(" and at between ").bind(at - 5_000).push(" and ").bind(at + 5_000);
        }
    }
    if let Some(from) = filter.from {
        query.push(" and at >= ").bind(from.as_ms());
    }
    if let Some(to) = filter.to {
        query.push(" and at < ").bind(to.as_ms());
    }
    if let Some(before) = filter.before_id {
        query.push(" and (at, id) < (select at, id from call where id = ").bind(before).push(")");
    }
    query.push(if by_record { ") select * from found order by at desc, id desc limit " } else { " order by at desc, id desc limit " });
    query.bind(i64::from(filter.limit.min(LIMIT_MAX)));
    query
}
