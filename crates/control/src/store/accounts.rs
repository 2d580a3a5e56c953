//! Rows of accounts.

use std::str::FromStr;

use keyway_core::guards::{BesidePath, Guards, SensitiveProperties};
use keyway_core::quota::Tier;
use keyway_core::time::Timestamp;
use keyway_ground::database::{Change, signed};
use sqlx::Row;
use sqlx::any::AnyRow;

use super::{Store, StoreError, json_list, unsigned};
use crate::model::{Account, Connection, Former};
use crate::upstream::Base;

/// Inserts an account, or replaces what is known of it.
pub(crate) async fn put_account(change: &mut Change, account: &Account) -> Result<(), StoreError> {
    sqlx::query(
        "insert into account (hub_id, name, tier, addons, time_zone, currency, region, created_at, beside_path, sensitive_properties) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
         on conflict (hub_id) do update set name = excluded.name, tier = excluded.tier, addons = excluded.addons,
         time_zone = excluded.time_zone, currency = excluded.currency, beside_path = excluded.beside_path,
         sensitive_properties = excluded.sensitive_properties",
    )
    .bind(signed(account.hub_id))
    .bind(&account.name)
    .bind(account.tier.to_string())
    .bind(i64::from(account.addons))
    .bind(&account.time_zone)
    .bind(&account.currency)
    .bind(&account.region)
    .bind(account.created_at.as_ms())
    .bind(account.guards.beside_path.name())
    .bind(account.guards.sensitive.name())
    .execute(&mut *change)
    .await?;
    Ok(())
}

/// Deletes an account with its apps and tokens.
pub(crate) async fn delete_account(change: &mut Change, hub_id: u64) -> Result<(), StoreError> {
    sqlx::query("delete from account where hub_id = $1").bind(signed(hub_id)).execute(&mut *change).await?;
    Ok(())
}

pub(super) fn account(row: &AnyRow) -> Result<Account, StoreError> {
    Ok(Account {
        hub_id: unsigned(row.try_get("hub_id")?, "hub id")?,
        name: row.try_get("name")?,
        tier: Tier::from_str(row.try_get("tier")?).map_err(|_| StoreError::Row("tier"))?,
        addons: u8::try_from(row.try_get::<i64, _>("addons")?).map_err(|_| StoreError::Row("number of add-ons"))?,
        time_zone: row.try_get("time_zone")?,
        currency: row.try_get("currency")?,
        region: row.try_get("region")?,
        created_at: Timestamp::from_ms(row.try_get("created_at")?),
        guards: Guards {
            beside_path: BesidePath::parse(row.try_get("beside_path")?)
                .ok_or(StoreError::Row("setting for object types beside the path"))?,
            sensitive: SensitiveProperties::parse(row.try_get("sensitive_properties")?)
                .ok_or(StoreError::Row("setting for sensitive properties"))?,
        },
        connection: None,
    })
}

impl Store {
    pub(super) fn connection(&self, hub_id: u64, row: &AnyRow) -> Result<Connection, StoreError> {
        Ok(Connection {
            base: Base::parse(row.try_get("base_url")?).map_err(|_| StoreError::Row("base URL"))?,
            credential: self.vault.open(hub_id, row.try_get("sealed")?)?,
            hint: row.try_get("hint")?,
            scopes: serde_json::from_str(row.try_get("scopes")?).map_err(|_| StoreError::Row("list of scopes"))?,
            since: Timestamp::from_ms(row.try_get("since")?),
            checked_at: Timestamp::from_ms(row.try_get("checked_at")?),
            former: match row.try_get::<Option<Vec<u8>>, _>("former_sealed")? {
                Some(sealed) => Some(Former {
                    credential: self.vault.open(hub_id, &sealed)?,
                    hint: row.try_get("former_hint")?,
                    until: Timestamp::from_ms(row.try_get("former_until")?),
                }),
                None => None,
            },
            oauth_client: row.try_get::<Option<i64>, _>("oauth_client_id")?.map(|id| unsigned(id, "client id")).transpose()?,
        })
    }

    /// Writes a connection, its credential sealed.
    pub(crate) async fn put_connection(&self, change: &mut Change, hub_id: u64, connection: &Connection) -> Result<(), StoreError> {
        sqlx::query(
            "insert into connection (hub_id, base_url, sealed, hint, scopes, since, checked_at, former_sealed, former_hint, former_until, oauth_client_id)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
             on conflict (hub_id) do update set base_url = excluded.base_url, sealed = excluded.sealed, hint = excluded.hint,
             scopes = excluded.scopes, since = excluded.since, checked_at = excluded.checked_at, former_sealed = excluded.former_sealed,
             former_hint = excluded.former_hint, former_until = excluded.former_until, oauth_client_id = excluded.oauth_client_id",
        )
        .bind(signed(hub_id))
        .bind(connection.base.to_string())
        .bind(self.vault.seal(hub_id, &connection.credential)?)
        .bind(&connection.hint)
        .bind(json_list(&connection.scopes))
        .bind(connection.since.as_ms())
        .bind(connection.checked_at.as_ms())
        .bind(connection.former.as_ref().map(|former| self.vault.seal(hub_id, &former.credential)).transpose()?)
        .bind(connection.former.as_ref().map(|former| former.hint.clone()))
        .bind(connection.former.as_ref().map(|former| former.until.as_ms()))
        .bind(connection.oauth_client.map(signed))
        .execute(&mut *change)
        .await?;
        Ok(())
    }
}
