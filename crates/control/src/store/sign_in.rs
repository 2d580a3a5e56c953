//! What sign-in keeps beside people and sessions: the set-up link, second factors and recovery codes.

use keyway_core::secret::Secret;
use keyway_core::time::Timestamp;
use keyway_core::token::TokenHash;
use sqlx::Row;

use super::{Change, Store, StoreError, signed};

/// A second factor as it is kept.
pub(crate) struct SecondFactor {
    /// The key, as authenticator apps write it.
    pub key: Secret<String>,
    /// Whether a first code was right.
    pub confirmed: bool,
    /// The step of the last code that was taken.
    pub last_step: i64,
}

/// Keeps the hash of the one set-up link; a former link is of no use any more.
pub(crate) async fn put_set_up_link(change: &mut Change, hash: &TokenHash, ends: Timestamp) -> Result<(), StoreError> {
    take_set_up_link(change).await?;
    sqlx::query("insert into set_up_link values (1, $1, $2)").bind(hash.0.to_vec()).bind(ends.as_ms()).execute(&mut *change).await?;
    Ok(())
}

/// The hash of the set-up link and when it ends, if it has not ended.
pub(crate) async fn set_up_link(change: &mut Change, now: Timestamp) -> Result<Option<(TokenHash, Timestamp)>, StoreError> {
    let query = sqlx::query("select hash, expires_at from set_up_link where expires_at > $1").bind(now.as_ms());
    let Some(row) = query.fetch_optional(&mut *change).await? else { return Ok(None) };
    let hash: Vec<u8> = row.try_get(0)?;
    let hash = hash.try_into().map_err(|_| StoreError::Row("set-up link"))?;
    Ok(Some((TokenHash(hash), Timestamp::from_ms(row.try_get(1)?))))
}

/// Whether the set-up link has this hash and has not ended.
pub(crate) async fn is_set_up_link(change: &mut Change, hash: &TokenHash, now: Timestamp) -> Result<bool, StoreError> {
    let query = sqlx::query("select 1 from set_up_link where hash = $1 and expires_at > $2").bind(hash.0.to_vec()).bind(now.as_ms());
    Ok(query.fetch_optional(&mut *change).await?.is_some())
}

/// Ends the set-up link.
pub(crate) async fn take_set_up_link(change: &mut Change) -> Result<(), StoreError> {
    sqlx::query("delete from set_up_link").execute(&mut *change).await?;
    Ok(())
}

/// Notes the step of a code that was taken; whether it is later than every one before. Two that come at
/// once follow each other here, so that one of them is refused.
pub(crate) async fn use_step(change: &mut Change, person_id: u64, step: i64) -> Result<bool, StoreError> {
    let query = "update second_factor set last_step = $1, confirmed = 1 where person_id = $2 and last_step < $1";
    Ok(sqlx::query(query).bind(step).bind(signed(person_id)).execute(&mut *change).await?.rows_affected() > 0)
}

/// Takes a recovery code; whether it was one of theirs.
pub(crate) async fn use_recovery_code(change: &mut Change, person_id: u64, hash: &TokenHash) -> Result<bool, StoreError> {
    let query = sqlx::query("delete from recovery_code where hash = $1 and person_id = $2").bind(hash.0.to_vec()).bind(signed(person_id));
    Ok(query.execute(&mut *change).await?.rows_affected() > 0)
}

/// Puts new recovery codes in the place of the former ones.
pub(crate) async fn put_recovery_codes(change: &mut Change, person_id: u64, hashes: &[TokenHash]) -> Result<(), StoreError> {
    sqlx::query("delete from recovery_code where person_id = $1").bind(signed(person_id)).execute(&mut *change).await?;
    for hash in hashes {
        let query = sqlx::query("insert into recovery_code (hash, person_id) values ($1, $2)").bind(hash.0.to_vec());
        query.bind(signed(person_id)).execute(&mut *change).await?;
    }
    Ok(())
}

/// Takes a second factor away with its recovery codes; whether there was one.
pub(crate) async fn delete_second_factor(change: &mut Change, person_id: u64) -> Result<bool, StoreError> {
    put_recovery_codes(change, person_id, &[]).await?;
    let query = sqlx::query("delete from second_factor where person_id = $1").bind(signed(person_id));
    Ok(query.execute(&mut *change).await?.rows_affected() > 0)
}

impl Store {
    /// A person's second factor, confirmed or not.
    pub(crate) async fn second_factor(&self, change: &mut Change, person_id: u64) -> Result<Option<SecondFactor>, StoreError> {
        let query = sqlx::query("select * from second_factor where person_id = $1").bind(signed(person_id));
        let Some(row) = query.fetch_optional(&mut *change).await? else { return Ok(None) };
        Ok(Some(SecondFactor {
            key: self.vault.open_for(&bound_to(person_id), row.try_get("sealed")?)?,
            confirmed: row.try_get::<i64, _>("confirmed")? != 0,
            last_step: row.try_get("last_step")?,
        }))
    }

    /// Keeps the key of a second factor that is not confirmed yet, sealed.
    pub(crate) async fn put_second_factor(&self, change: &mut Change, person_id: u64, key: &Secret<String>) -> Result<(), StoreError> {
        delete_second_factor(change, person_id).await?;
        sqlx::query("insert into second_factor (person_id, sealed) values ($1, $2)")
            .bind(signed(person_id))
            .bind(self.vault.seal_for(&bound_to(person_id), key)?)
            .execute(&mut *change)
            .await?;
        Ok(())
    }
}

pub(super) fn bound_to(person_id: u64) -> String {
    format!("keyway second factor v1 {person_id}")
}
