//! The tokens of the admin API at rest.

use keyway_core::time::Timestamp;
use keyway_core::token::TokenHash;
use sqlx::Row;
use sqlx::any::AnyRow;

use super::people::role;
use super::{Change, Store, StoreError, each, signed, unsigned};
use crate::model::AdminToken;

/// All of them, those that have ended too.
pub(crate) async fn all(reading: &mut Change) -> Result<Vec<AdminToken>, StoreError> {
    each(&sqlx::query("select * from admin_token order by id").fetch_all(&mut *reading).await?, admin_token)
}

/// Inserts a token and returns its id; its own `id` is not looked at.
pub(crate) async fn insert(change: &mut Change, token: &AdminToken, hash: &TokenHash) -> Result<u64, StoreError> {
    let query = "insert into admin_token (name, hash, hint, role, apps, created_at, created_by, expires_at) values ($1, $2, $3, $4, $5, $6, $7, $8) returning id";
    let row = sqlx::query(query)
        .bind(&token.name)
        .bind(hash.0.to_vec())
        .bind(&token.hint)
        .bind(token.role.name())
        .bind(super::people::apps(&token.role))
        .bind(token.created_at.as_ms())
        .bind(&token.created_by)
        .bind(token.expires_at.map(Timestamp::as_ms))
        .fetch_one(&mut *change)
        .await?;
    unsigned(row.try_get(0)?, "admin token id")
}

/// Ends a token.
pub(crate) async fn revoke(change: &mut Change, id: u64, at: Timestamp) -> Result<(), StoreError> {
    sqlx::query("update admin_token set revoked_at = $1 where id = $2").bind(at.as_ms()).bind(signed(id)).execute(&mut *change).await?;
    Ok(())
}

impl Store {
    /// The token of a hash. Asked for with every request of the admin API, so that one that was revoked
    /// on another instance is refused here at once.
    pub(crate) async fn admin_token(&self, hash: &TokenHash) -> Result<Option<AdminToken>, StoreError> {
        let row = sqlx::query("select * from admin_token where hash = $1").bind(hash.0.to_vec()).fetch_optional(&self.pool).await?;
        row.as_ref().map(admin_token).transpose()
    }

    /// Writes when a token was last used, unless that was written after `before`.
    pub(crate) async fn admin_token_used(&self, id: u64, at: Timestamp, before: Timestamp) -> Result<(), StoreError> {
        sqlx::query("update admin_token set last_used_at = $1 where id = $2 and coalesce(last_used_at, 0) < $3")
            .bind(at.as_ms())
            .bind(signed(id))
            .bind(before.as_ms())
            .execute(&self.pool)
            .await?;
        Ok(())
    }
}

fn admin_token(row: &AnyRow) -> Result<AdminToken, StoreError> {
    let moment = |column: &str| row.try_get::<Option<i64>, _>(column).map(|at| at.map(Timestamp::from_ms));
    Ok(AdminToken {
        id: unsigned(row.try_get("id")?, "admin token id")?,
        name: row.try_get("name")?,
        hint: row.try_get("hint")?,
        role: role(row)?,
        created_at: Timestamp::from_ms(row.try_get("created_at")?),
        created_by: row.try_get("created_by")?,
        expires_at: moment("expires_at")?,
        revoked_at: moment("revoked_at")?,
        last_used_at: moment("last_used_at")?,
    })
}
