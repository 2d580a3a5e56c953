//! The certificate authorities of the forward proxy at rest: their keys sealed, each for its own name.

use keyway_core::time::Timestamp;
use sqlx::Row;

use super::{Change, Store, StoreError, signed, unsigned};
use crate::model::ProxyAuthority;

impl Store {
    /// All of them.
    pub(super) async fn proxy_authorities(&self, reading: &mut Change) -> Result<Vec<ProxyAuthority>, StoreError> {
        let rows = sqlx::query("select * from proxy_authority order by id").fetch_all(&mut *reading).await?;
        let moment = |row: &sqlx::any::AnyRow, column: &str| row.try_get(column).map(Timestamp::from_ms);
        let mut authorities = Vec::new();
        for row in &rows {
            let name: String = row.try_get("name")?;
            authorities.push(ProxyAuthority {
                id: unsigned(row.try_get("id")?, "authority id")?,
                key: self.open_for(&bound_to(&name), row.try_get("sealed")?)?,
                name,
                certificate: row.try_get("certificate")?,
                created_at: moment(row, "created_at")?,
                signs_from: moment(row, "signs_from")?,
                expires_at: moment(row, "expires_at")?,
            });
        }
        Ok(authorities)
    }

    /// Inserts an authority and returns its id; its own `id` is not looked at.
    pub(crate) async fn insert_proxy_authority(&self, change: &mut Change, authority: &ProxyAuthority) -> Result<u64, StoreError> {
        let query = "insert into proxy_authority (name, certificate, sealed, created_at, signs_from, expires_at) values ($1, $2, $3, $4, $5, $6) returning id";
        let row = sqlx::query(query)
            .bind(&authority.name)
            .bind(&authority.certificate)
            .bind(self.seal_for(&bound_to(&authority.name), &authority.key)?)
            .bind(authority.created_at.as_ms())
            .bind(authority.signs_from.as_ms())
            .bind(authority.expires_at.as_ms())
            .fetch_one(&mut *change)
            .await?;
        unsigned(row.try_get(0)?, "authority id")
    }
}

/// Deletes an authority with its key.
pub(crate) async fn delete_authority(change: &mut Change, id: u64) -> Result<(), StoreError> {
    sqlx::query("delete from proxy_authority where id = $1").bind(signed(id)).execute(&mut *change).await?;
    Ok(())
}

pub(super) fn bound_to(name: &str) -> String {
    format!("keyway proxy authority v1 {name}")
}
