//! Rows of tokens.

use std::sync::Arc;

use keyway_core::time::Timestamp;
use keyway_core::token::TokenHash;
use keyway_ground::database::{Change, signed};
use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Row};

use super::{StoreError, each, json_list, sessions, unsigned};
use crate::model::{Grant, Token};

/// Inserts a token and returns its id; its own `id` is not looked at.
pub(crate) async fn insert_token(change: &mut Change, token: &Token) -> Result<u64, StoreError> {
    let query = "insert into token (app_id, hash, hint, created_at, legacy, grant_scopes, grant_user, grant_user_id, expires_at, lifetime_ends_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) returning id";
    let grant = token.grant.as_deref();
    let made = sqlx::query(query)
        .bind(signed(token.app_id))
        .bind(token.hash.0.to_vec())
        .bind(&token.hint)
        .bind(token.created_at.as_ms())
        .bind(i64::from(token.legacy))
        .bind(grant.map(|grant| json_list(&grant.scopes)))
        .bind(grant.map(|grant| grant.user.clone()))
        .bind(grant.map(|grant| signed(grant.user_id)))
        .bind(token.expires_at.map(Timestamp::as_ms))
        .bind(token.lifetime_ends_at.map(Timestamp::as_ms))
        .fetch_one(&mut *change)
        .await?;
    unsigned(made.try_get(0)?, "token id")
}

/// Writes when a token ends.
pub(crate) async fn update_token(change: &mut Change, token: &Token) -> Result<(), StoreError> {
    sqlx::query("update token set expires_at = $1, revoked_at = $2, rotated_to = $4, end_before = $5, lifetime_ends_at = $6 where id = $3")
        .bind(token.expires_at.map(Timestamp::as_ms))
        .bind(token.revoked_at.map(Timestamp::as_ms))
        .bind(signed(token.id))
        .bind(token.rotated_to.map(signed))
        .bind(token.end_before.map(Timestamp::as_ms))
        .bind(token.lifetime_ends_at.map(Timestamp::as_ms))
        .execute(&mut *change)
        .await?;
    Ok(())
}

/// Changes when an app and its tokens were made, and when a token was last used.
pub(crate) async fn backdate(change: &mut Change, app_id: u64, made_at: Timestamp, last_used: Option<Timestamp>) -> Result<(), StoreError> {
    let app = sqlx::query("update app set created_at = $1, updated_at = $1 where id = $2");
    app.bind(made_at.as_ms()).bind(signed(app_id)).execute(&mut *change).await?;
    let token = sqlx::query("update token set created_at = $1, last_used_at = $2 where app_id = $3");
    token.bind(made_at.as_ms()).bind(last_used.map(Timestamp::as_ms)).bind(signed(app_id)).execute(&mut *change).await?;
    Ok(())
}

/// The most tokens in one statement. SQLite finds each parameter by walking a list of all of them, so a longer statement is
/// slower for each token.
const TOKENS_AT_ONCE: usize = 32;

/// Writes when tokens were last used, many with one statement: each statement waits for a thread.
pub(crate) async fn put_last_used(change: &mut Change, used: &[(u64, Timestamp)]) -> Result<(), StoreError> {
    for part in used.chunks(TOKENS_AT_ONCE) {
        // Sizes are powers of two, so that few statements stay prepared. The last token is repeated to fill one up.
        let size = part.len().next_power_of_two();
        let filled = part.iter().chain(part.last().into_iter().cycle()).take(size);
        let mut query = sqlx::query(AssertSqlSafe(last_used_of(size)));
        for (token_id, at) in filled {
            query = query.bind(signed(*token_id)).bind(at.as_ms());
        }
        query.execute(&mut *change).await?;
    }
    Ok(())
}

/// The statement that writes the last use of this many tokens.
fn last_used_of(tokens: usize) -> String {
    let row = |at: usize| format!("(cast(${} as bigint), cast(${} as bigint))", at * 2 + 1, at * 2 + 2);
    let rows = (0..tokens).map(row).collect::<Vec<_>>().join(", ");
    format!(
        "with used(id, at) as (values {rows}) update token set last_used_at = used.at from used \
         where token.id = used.id and coalesce(token.last_used_at, 0) < used.at"
    )
}

/// When tokens were last used, on any instance.
pub(crate) async fn last_used(change: &mut Change) -> Result<Vec<(u64, Timestamp)>, StoreError> {
    let rows = sqlx::query("select id, last_used_at from token where last_used_at is not null").fetch_all(&mut *change).await?;
    each(&rows, |row| Ok((unsigned(row.try_get("id")?, "token id")?, Timestamp::from_ms(row.try_get("last_used_at")?))))
}

pub(super) fn token(row: &AnyRow) -> Result<Token, StoreError> {
    let moment = |column: &str| row.try_get::<Option<i64>, _>(column).map(|at| at.map(Timestamp::from_ms));
    let hash = <[u8; 32]>::try_from(row.try_get::<Vec<u8>, _>("hash")?).map_err(|_| StoreError::Row("token hash"))?;
    Ok(Token {
        id: unsigned(row.try_get("id")?, "token id")?,
        app_id: unsigned(row.try_get("app_id")?, "app id")?,
        hash: TokenHash(hash),
        hint: row.try_get("hint")?,
        created_at: Timestamp::from_ms(row.try_get("created_at")?),
        expires_at: moment("expires_at")?,
        lifetime_ends_at: moment("lifetime_ends_at")?,
        rotated_to: row.try_get::<Option<i64>, _>("rotated_to")?.map(|id| unsigned(id, "token id")).transpose()?,
        end_before: moment("end_before")?,
        revoked_at: moment("revoked_at")?,
        last_used_at: moment("last_used_at")?,
        legacy: row.try_get::<i64, _>("legacy")? != 0,
        grant: grant(row)?.map(Arc::new),
        session: sessions::session(row)?.map(Arc::new),
    })
}

pub(super) fn grant(row: &AnyRow) -> Result<Option<Grant>, StoreError> {
    let Some(scopes) = row.try_get::<Option<String>, _>("grant_scopes")? else { return Ok(None) };
    Ok(Some(Grant {
        scopes: serde_json::from_str(&scopes).map_err(|_| StoreError::Row("list of scopes"))?,
        user: row.try_get::<Option<String>, _>("grant_user")?.unwrap_or_default(),
        user_id: unsigned(row.try_get::<Option<i64>, _>("grant_user_id")?.unwrap_or_default(), "user id")?,
        generation: unsigned(row.try_get("generation")?, "generation")?,
    }))
}
