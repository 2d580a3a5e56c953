//! Retention: the oldest records go, a slice at a time, and the chain starts later.

use keyway_core::time::Timestamp;
use sqlx::{Connection, Row as _, SqliteConnection};

use super::schema::put_start;
use crate::audit::chain::{ChainKey, Seal};

/// Records looked at in one step: some milliseconds, during which calls wait for their records.
/// Several times what one commit writes, so that there is a sealed one among them.
const SLICE: i64 = 4_096;

/// Deletes some of the records that are older than a moment; how many comes back. A chain can start
/// after a sealed record only, so up to a commit's worth of older ones may stay.
pub(super) async fn prune_some(connection: &mut SqliteConnection, key: &ChainKey, before: Timestamp) -> Result<u64, sqlx::Error> {
    let mut transaction = connection.begin().await?;
    let start: i64 = sqlx::query_scalar("select after_id from chain_start").fetch_one(&mut *transaction).await?;
    let oldest = sqlx::query("select id, at, seal from call order by id limit ?").bind(SLICE).fetch_all(&mut *transaction).await?;
    let (mut up_to, mut starts_after) = (None, None);
    for row in &oldest {
        let (id, at): (i64, i64) = (row.try_get("id")?, row.try_get("at")?);
        if at >= before.as_ms() {
            break;
        }
        match row.try_get::<Option<&[u8]>, _>("seal")?.map(Seal::try_from) {
            Some(Ok(seal)) if id > start => (up_to, starts_after) = (Some(id), Some(seal)),
            // From before there were seals.
            _ if id <= start => up_to = Some(id),
            _ => {}
        }
    }
    let Some(up_to) = up_to else { return Ok(0) };
    if let Some(seal) = starts_after {
        put_start(&mut transaction, key, up_to, seal).await?;
    }
    sqlx::query("delete from call_of_app where (app_id, at, id) in (select app_id, at, id from call where id <= ? and app_id is not null)")
        .bind(up_to)
        .execute(&mut *transaction)
        .await?;
    let gone = sqlx::query("delete from call where id <= ?").bind(up_to).execute(&mut *transaction).await?;
    transaction.commit().await?;
    Ok(gone.rows_affected())
}
