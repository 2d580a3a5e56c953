//! The migration board at rest: the newest report of each repository, and its integrations.

use keyway_advice::board::Kept;
use keyway_core::time::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::Row;
use sqlx::any::AnyRow;

use super::{Change, StoreError, each, signed, unsigned};
use crate::model::{BoardIntegration, BoardReport};

/// Every report, by repository.
pub(crate) async fn reports(seen: &mut Change) -> Result<Vec<BoardReport>, StoreError> {
    let rows = sqlx::query("select * from board_report order by repository").fetch_all(&mut *seen).await?;
    each(&rows, |row| {
        Ok(BoardReport {
            id: unsigned(row.try_get("id")?, "report id")?,
            repository: row.try_get("repository")?,
            received_at: Timestamp::from_ms(row.try_get("received_at")?),
            before_at: row.try_get::<Option<i64>, _>("before_at")?.map(Timestamp::from_ms),
            sent_by: row.try_get("sent_by")?,
            loose: read(row.try_get("loose")?)?,
        })
    })
}

/// The integrations of a report, or of all, in the order in which they were found.
pub(crate) async fn integrations(seen: &mut Change, report_id: Option<u64>) -> Result<Vec<BoardIntegration>, StoreError> {
    let query = "select * from board_integration where ($1 = 0 or report_id = $1) order by id";
    let rows = sqlx::query(query).bind(report_id.map_or(0, signed)).fetch_all(&mut *seen).await?;
    each(&rows, integration)
}

/// How many bytes the reports of other repositories take.
pub(crate) async fn bytes_beside(seen: &mut Change, report_id: Option<u64>) -> Result<u64, StoreError> {
    // Sums are decimal numbers in PostgreSQL.
    let query = "select cast(coalesce(sum(length(coalesce(found, '')) + length(earlier)), 0) as bigint) from board_integration where report_id <> $1";
    let row = sqlx::query(query).bind(report_id.map_or(0, signed)).fetch_one(&mut *seen).await?;
    unsigned(row.try_get(0)?, "size")
}

/// Inserts a report, or puts it in the place of the last one of its repository; its id comes back.
pub(crate) async fn put_report(change: &mut Change, report: &BoardReport) -> Result<u64, StoreError> {
    let query = "insert into board_report (repository, received_at, before_at, sent_by, loose) values ($1, $2, $3, $4, $5)
         on conflict (repository) do update set received_at = excluded.received_at, before_at = excluded.before_at,
         sent_by = excluded.sent_by, loose = excluded.loose returning id";
    let row = sqlx::query(query)
        .bind(&report.repository)
        .bind(report.received_at.as_ms())
        .bind(report.before_at.map(Timestamp::as_ms))
        .bind(&report.sent_by)
        .bind(written(&report.loose)?)
        .fetch_one(&mut *change)
        .await?;
    unsigned(row.try_get(0)?, "report id")
}

/// Inserts an integration, or writes what a newer report shows of it; its first report and its link stay.
pub(crate) async fn put_integration(change: &mut Change, report_id: u64, kept: &Kept, at: Timestamp) -> Result<(), StoreError> {
    let query = "insert into board_integration (report_id, row_key, name, first_at, found, earlier) values ($1, $2, $3, $4, $5, $6)
         on conflict (report_id, row_key) do update set name = excluded.name, found = excluded.found, earlier = excluded.earlier";
    sqlx::query(query)
        .bind(signed(report_id))
        .bind(&kept.key)
        .bind(&kept.name)
        .bind(at.as_ms())
        .bind(kept.found.as_ref().map(written).transpose()?)
        .bind(written(&kept.earlier)?)
        .execute(&mut *change)
        .await?;
    Ok(())
}

/// Writes which app an integration uses.
pub(crate) async fn link(change: &mut Change, id: u64, app_id: Option<u64>) -> Result<(), StoreError> {
    let query = sqlx::query("update board_integration set app_id = $1 where id = $2");
    query.bind(app_id.map(signed)).bind(signed(id)).execute(&mut *change).await?;
    Ok(())
}

/// Deletes an integration.
pub(crate) async fn delete_integration(change: &mut Change, id: u64) -> Result<(), StoreError> {
    sqlx::query("delete from board_integration where id = $1").bind(signed(id)).execute(&mut *change).await?;
    Ok(())
}

/// Deletes a report with its integrations.
pub(crate) async fn delete_report(change: &mut Change, id: u64) -> Result<(), StoreError> {
    sqlx::query("delete from board_report where id = $1").bind(signed(id)).execute(&mut *change).await?;
    Ok(())
}

/// Writes when reports came, for the past of a demo.
pub(crate) async fn backdate(change: &mut Change, id: u64, first_at: Timestamp, before_at: Timestamp) -> Result<(), StoreError> {
    let query = sqlx::query("update board_report set before_at = $1 where id = $2");
    query.bind(before_at.as_ms()).bind(signed(id)).execute(&mut *change).await?;
    let query = sqlx::query("update board_integration set first_at = $1 where report_id = $2");
    query.bind(first_at.as_ms()).bind(signed(id)).execute(&mut *change).await?;
    Ok(())
}

/// How many bytes an integration takes.
pub(crate) fn size(kept: &Kept) -> Result<usize, StoreError> {
    Ok(kept.found.as_ref().map(written).transpose()?.map_or(0, |text| text.len()) + written(&kept.earlier)?.len())
}

fn integration(row: &AnyRow) -> Result<BoardIntegration, StoreError> {
    Ok(BoardIntegration {
        id: unsigned(row.try_get("id")?, "integration id")?,
        report_id: unsigned(row.try_get("report_id")?, "report id")?,
        first_at: Timestamp::from_ms(row.try_get("first_at")?),
        app_id: row.try_get::<Option<i64>, _>("app_id")?.map(|id| unsigned(id, "app id")).transpose()?,
        kept: Kept {
            key: row.try_get("row_key")?,
            name: row.try_get("name")?,
            found: row.try_get::<Option<String>, _>("found")?.as_deref().map(read).transpose()?,
            earlier: read(row.try_get("earlier")?)?,
        },
    })
}

fn read<T: DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|_| StoreError::Row("integration of the board"))
}

fn written<T: Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|_| StoreError::Row("integration of the board"))
}
