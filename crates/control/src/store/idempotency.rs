//! Answers that are given again, at rest: sealed, for a token may be in them.

use keyway_core::secret::Secret;
use keyway_core::time::Timestamp;
use keyway_core::token::TokenHash;
use sqlx::Row;

use super::{Store, StoreError};

/// What is known of a key.
pub enum Kept {
    /// Nothing until now; from now on it is this request's.
    Claimed,
    /// It is another request's.
    OtherRequest,
    /// The first request under it has not been answered, and began then.
    UnderWay(Timestamp),
    /// It was answered: the status and the body.
    Answered(u16, Secret<String>),
}

impl Store {
    /// Takes a key for a request, or says what is known of it. Keys of before `expired` are forgotten.
    pub(crate) async fn claim(&self, key: &TokenHash, request: &TokenHash, now: Timestamp, expired: Timestamp) -> Result<Kept, StoreError> {
        sqlx::query("delete from idempotent_answer where at < $1").bind(expired.as_ms()).execute(&self.pool).await?;
        let insert = "insert into idempotent_answer (hash, request, at) values ($1, $2, $3) on conflict do nothing";
        let made = sqlx::query(insert).bind(key.0.to_vec()).bind(request.0.to_vec()).bind(now.as_ms()).execute(&self.pool).await?;
        if made.rows_affected() > 0 {
            return Ok(Kept::Claimed);
        }
        let select = "select request, at, status, sealed from idempotent_answer where hash = $1";
        let Some(row) = sqlx::query(select).bind(key.0.to_vec()).fetch_optional(&self.pool).await? else {
            // Given back between the two: as if it were still in progress.
            return Ok(Kept::UnderWay(now));
        };
        if row.try_get::<Vec<u8>, _>("request")? != request.0 {
            return Ok(Kept::OtherRequest);
        }
        let sealed: Option<Vec<u8>> = row.try_get("sealed")?;
        match (row.try_get::<Option<i64>, _>("status")?.and_then(|status| u16::try_from(status).ok()), sealed) {
            (Some(status), Some(sealed)) => Ok(Kept::Answered(status, self.vault.open_for(&bound_to(key), &sealed)?)),
            _ => Ok(Kept::UnderWay(Timestamp::from_ms(row.try_get("at")?))),
        }
    }

    /// Keeps the answer of a request that made something.
    pub(crate) async fn keep_answer(&self, key: &TokenHash, status: u16, body: &Secret<String>) -> Result<(), StoreError> {
        sqlx::query("update idempotent_answer set status = $1, sealed = $2 where hash = $3")
            .bind(i64::from(status))
            .bind(self.vault.seal_for(&bound_to(key), body)?)
            .bind(key.0.to_vec())
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Gives a key back whose request has changed nothing.
    pub(crate) async fn give_back(&self, key: &TokenHash) -> Result<(), StoreError> {
        sqlx::query("delete from idempotent_answer where hash = $1").bind(key.0.to_vec()).execute(&self.pool).await?;
        Ok(())
    }
}

/// An answer can't be moved to another key.
pub(crate) fn bound_to(key: &TokenHash) -> String {
    let hex: String = key.0.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("keyway idempotent answer v1 {hex}")
}
