//! The statements that write rows.

use std::fmt::Write as _;

use sqlx::sqlite::SqliteArguments;
use sqlx::{Arguments, AssertSqlSafe, SqliteConnection};

use crate::audit::AuditEntry;
use crate::audit::chain::Seal;
use crate::audit::row::Row;
use crate::store::signed;

/// Rows in one statement. 64 × 17 values stay far below SQLite's 32,766, and the statements of
/// every size fit the statement cache.
pub(super) const ROWS_PER_STATEMENT: usize = 64;

/// Writes rows, the last of them with a seal.
pub(super) async fn insert(connection: &mut SqliteConnection, rows: &[Row<'_>], seal: Seal) -> Result<(), sqlx::Error> {
    const COLUMNS: &str = "insert into call (id, at, hub_id, app_id, token_id, operation, object, status, category, latency_us, bytes_in, bytes_out, attempts, waited_us, correlation_id, source, seal) values ";
    let last = rows.last().map(|row| row.id);
    for rows in rows.chunks(ROWS_PER_STATEMENT) {
        let mut values = SqliteArguments::default();
        for row in rows {
            add(&mut values, row.id)?;
            add(&mut values, row.at)?;
            add(&mut values, row.hub_id)?;
            add(&mut values, row.app_id)?;
            add(&mut values, row.token_id)?;
            add(&mut values, row.operation.to_owned())?;
            add(&mut values, row.object.map(str::to_owned))?;
            add(&mut values, row.status)?;
            add(&mut values, row.category.map(str::to_owned))?;
            add(&mut values, row.latency_us)?;
            add(&mut values, row.bytes_in)?;
            add(&mut values, row.bytes_out)?;
            add(&mut values, row.attempts)?;
            add(&mut values, row.waited_us)?;
            add(&mut values, row.correlation_id.to_owned())?;
            add(&mut values, row.source.to_owned())?;
            add(&mut values, (Some(row.id) == last).then(|| seal.to_vec()))?;
        }
        run(connection, statement(COLUMNS, rows.len(), 17), values).await?;
    }
    Ok(())
}

/// Notes calls that are about to be performed.
pub(super) async fn insert_begun(connection: &mut SqliteConnection, entries: &[&AuditEntry]) -> Result<(), sqlx::Error> {
    const COLUMNS: &str = "insert into begun (at, hub_id, app_id, token_id, operation, object, bytes_in, correlation_id, source) values ";
    for entries in entries.chunks(ROWS_PER_STATEMENT) {
        let mut values = SqliteArguments::default();
        for entry in entries {
            add(&mut values, entry.at.as_ms())?;
            add(&mut values, entry.hub_id.map(signed))?;
            add(&mut values, entry.app_id.map(signed))?;
            add(&mut values, entry.token_id.map(signed))?;
            add(&mut values, entry.operation.to_string())?;
            add(&mut values, entry.object.as_deref().map(str::to_owned))?;
            add(&mut values, signed(entry.bytes_in))?;
            add(&mut values, entry.correlation_id.clone())?;
            add(&mut values, entry.source.to_string())?;
        }
        run(connection, statement(COLUMNS, entries.len(), 9), values).await?;
    }
    Ok(())
}

/// Takes the notes of calls away that were answered.
pub(super) async fn delete_begun(connection: &mut SqliteConnection, entries: &[&AuditEntry]) -> Result<(), sqlx::Error> {
    for entries in entries.chunks(ROWS_PER_STATEMENT) {
        let mut values = SqliteArguments::default();
        for entry in entries {
            add(&mut values, entry.correlation_id.clone())?;
        }
        let mut text = statement("delete from begun where correlation_id in (values ", entries.len(), 1);
        text.push(')');
        run(connection, text, values).await?;
    }
    Ok(())
}

fn add<'q, T: sqlx::Encode<'q, sqlx::Sqlite> + sqlx::Type<sqlx::Sqlite> + 'q>(
    values: &mut SqliteArguments,
    value: T,
) -> Result<(), sqlx::Error> {
    values.add(value).map_err(sqlx::Error::Encode)
}

async fn run(connection: &mut SqliteConnection, text: String, values: SqliteArguments) -> Result<(), sqlx::Error> {
    // The text is made of constants and question marks; every value is bound.
    sqlx::query_with(AssertSqlSafe(text), values).execute(connection).await.map(drop)
}

/// `start` and `rows` groups of `columns` question marks.
fn statement(start: &str, rows: usize, columns: usize) -> String {
    let mut text = String::from(start);
    for row in 0..rows {
        let _ = write!(text, "{}({}?)", if row > 0 { "," } else { "" }, "?,".repeat(columns - 1));
    }
    text
}
