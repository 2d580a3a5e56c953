//! Accounts connected by OAuth at rest: the clients, the tokens, and authorizations in progress.

use keyway_core::secret::Secret;
use keyway_core::time::Timestamp;
use keyway_core::token::TokenHash;
use keyway_oauth::client::Client;
use sqlx::Row;
use sqlx::any::AnyRow;

use super::{Change, Store, StoreError, json_list, signed, unsigned};
use crate::model::OAuthClient;
use crate::upstream::Base;

/// The tokens of an account, opened.
pub struct StoredTokens {
    /// The refresh token.
    pub refresh: Secret<String>,
    /// The access token, where there is one.
    pub access: Option<Secret<String>>,
    /// When the access token ends.
    pub expires_at: Timestamp,
    /// Why HubSpot no longer takes the grant; none where it does.
    pub revoked: Option<String>,
}

/// An authorization that somebody was sent away for.
pub(crate) struct Pending {
    pub client: u64,
    pub verifier: Secret<String>,
    pub redirect_uri: String,
    pub settings: String,
    pub expires_at: Timestamp,
    pub hub_id: Option<u64>,
    pub failed: Option<String>,
}

impl Store {
    /// Every client, its secret opened.
    pub(super) async fn oauth_clients(&self, change: &mut Change) -> Result<Vec<OAuthClient>, StoreError> {
        let rows = sqlx::query("select * from oauth_client order by id").fetch_all(&mut *change).await?;
        let list = |row: &AnyRow, column: &str| {
            serde_json::from_str::<Vec<String>>(row.try_get(column)?).map_err(|_| StoreError::Row("list of scopes"))
        };
        let read = |row: &AnyRow| {
            let client_id: String = row.try_get("client_id")?;
            Ok(OAuthClient {
                id: unsigned(row.try_get("id")?, "client id")?,
                name: row.try_get("name")?,
                client: Client { secret: self.vault.open_for(&secret_of(&client_id), row.try_get("sealed")?)?, id: client_id },
                base: Base::parse(row.try_get("base_url")?).map_err(|_| StoreError::Row("base URL"))?,
                authorize_url: row.try_get("authorize_url")?,
                scopes: list(row, "scopes")?,
                optional_scopes: list(row, "optional_scopes")?,
                created_at: Timestamp::from_ms(row.try_get("created_at")?),
            })
        };
        rows.iter().map(read).collect()
    }

    /// Inserts a client, or changes the one of that name, and returns its id.
    pub(crate) async fn put_oauth_client(&self, change: &mut Change, client: &OAuthClient) -> Result<u64, StoreError> {
        let query = "insert into oauth_client (name, client_id, sealed, base_url, authorize_url, scopes, optional_scopes, created_at) values ($1, $2, $3, $4, $5, $6, $7, $8)
            on conflict (name) do update set client_id = excluded.client_id, sealed = excluded.sealed, base_url = excluded.base_url,
            authorize_url = excluded.authorize_url, scopes = excluded.scopes, optional_scopes = excluded.optional_scopes returning id";
        let made = sqlx::query(query)
            .bind(&client.name)
            .bind(&client.client.id)
            .bind(self.vault.seal_for(&secret_of(&client.client.id), &client.client.secret)?)
            .bind(client.base.to_string())
            .bind(&client.authorize_url)
            .bind(json_list(&client.scopes))
            .bind(json_list(&client.optional_scopes))
            .bind(client.created_at.as_ms())
            .fetch_one(&mut *change)
            .await?;
        unsigned(made.try_get(0)?, "client id")
    }

    /// Writes the tokens of an account that was just connected, or connected again.
    pub(crate) async fn put_tokens(
        &self,
        change: &mut Change,
        hub_id: u64,
        refresh: &Secret<String>,
        access: Option<(&Secret<String>, Timestamp)>,
    ) -> Result<(), StoreError> {
        let (sealed, expires_at) = match access {
            Some((access, at)) => (Some(self.vault.seal_for(&access_of(hub_id), access)?), at.as_ms()),
            None => (None, 0),
        };
        sqlx::query(
            "insert into oauth_token (hub_id, sealed_refresh, sealed_access, expires_at) values ($1, $2, $3, $4)
             on conflict (hub_id) do update set sealed_refresh = excluded.sealed_refresh, sealed_access = excluded.sealed_access,
             expires_at = excluded.expires_at, lease_until = 0, revoked = null",
        )
        .bind(signed(hub_id))
        .bind(self.vault.seal_for(&refresh_of(hub_id), refresh)?)
        .bind(sealed)
        .bind(expires_at)
        .execute(&mut *change)
        .await?;
        Ok(())
    }

    /// The tokens of an account.
    pub(crate) async fn tokens(&self, hub_id: u64) -> Result<Option<StoredTokens>, StoreError> {
        let row = sqlx::query("select * from oauth_token where hub_id = $1").bind(signed(hub_id)).fetch_optional(&self.pool).await?;
        row.map(|row| self.opened(hub_id, &row)).transpose()
    }

    /// How many milliseconds ago tokens were asked for in the last `within_ms`, the longest ago first. A request
    /// that the clock puts into the future was made before the clock was set, and counts as made now.
    pub(crate) async fn asked_within(&self, within_ms: i64) -> Result<Vec<i64>, StoreError> {
        let now = self.time().await?;
        let query = sqlx::query("select asked_at from oauth_token where asked_at > $1 order by asked_at");
        let rows = query.bind(now - within_ms).fetch_all(&self.pool).await?;
        rows.iter().map(|row| Ok((now - row.try_get::<i64, _>(0)?).max(0))).collect()
    }

    /// Unix time in milliseconds by the clock that all instances share: the database's, where several use it.
    async fn time(&self) -> Result<i64, StoreError> {
        if !self.is_shared() {
            return Ok(crate::clock::now().as_ms());
        }
        Ok(sqlx::query_scalar("select (extract(epoch from clock_timestamp()) * 1000)::bigint").fetch_one(&self.pool).await?)
    }

    /// The accounts whose grant is over.
    pub(crate) async fn revoked(&self) -> Result<Vec<u64>, StoreError> {
        let rows = sqlx::query("select hub_id from oauth_token where revoked is not null").fetch_all(&self.pool).await?;
        rows.iter().map(|row| unsigned(row.try_get(0)?, "hub id")).collect()
    }

    /// Takes the right to refresh an account's tokens for `for_ms` milliseconds; none while another instance has it.
    /// A lease that would end later than a new one was taken before the clock was set back, and holds nobody up.
    pub(crate) async fn lease_tokens(&self, hub_id: u64, for_ms: i64) -> Result<Option<StoredTokens>, StoreError> {
        let now = self.time().await?;
        let query = "update oauth_token set lease_until = $1, asked_at = $3
            where hub_id = $2 and (lease_until <= $3 or lease_until > $1) returning *";
        let row = sqlx::query(query).bind(now + for_ms).bind(signed(hub_id)).bind(now).fetch_optional(&self.pool).await?;
        row.map(|row| self.opened(hub_id, &row)).transpose()
    }

    /// Writes what a refresh gave, and gives the lease back.
    pub(crate) async fn refreshed(
        &self,
        hub_id: u64,
        refresh: &Secret<String>,
        access: &Secret<String>,
        expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        sqlx::query("update oauth_token set sealed_refresh = $1, sealed_access = $2, expires_at = $3, lease_until = 0, revoked = null where hub_id = $4")
            .bind(self.vault.seal_for(&refresh_of(hub_id), refresh)?)
            .bind(self.vault.seal_for(&access_of(hub_id), access)?)
            .bind(expires_at.as_ms())
            .bind(signed(hub_id))
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Gives the lease back without new tokens; with a word, the grant is over.
    pub(crate) async fn not_refreshed(&self, hub_id: u64, revoked: Option<&str>) -> Result<(), StoreError> {
        sqlx::query("update oauth_token set lease_until = 0, revoked = coalesce($1, revoked) where hub_id = $2")
            .bind(revoked)
            .bind(signed(hub_id))
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    fn opened(&self, hub_id: u64, row: &AnyRow) -> Result<StoredTokens, StoreError> {
        let access = row.try_get::<Option<Vec<u8>>, _>("sealed_access")?;
        Ok(StoredTokens {
            refresh: self.vault.open_for(&refresh_of(hub_id), row.try_get("sealed_refresh")?)?,
            access: access.map(|sealed| self.vault.open_for(&access_of(hub_id), &sealed)).transpose()?,
            expires_at: Timestamp::from_ms(row.try_get("expires_at")?),
            revoked: row.try_get("revoked")?,
        })
    }

    /// Keeps an authorization that begins; those that ended a day ago go.
    pub(crate) async fn put_pending(&self, state: &TokenHash, pending: &Pending, now: Timestamp) -> Result<(), StoreError> {
        sqlx::query("delete from oauth_pending where expires_at < $1").bind(now.as_ms() - 86_400_000).execute(&self.pool).await?;
        sqlx::query("insert into oauth_pending (state, oauth_client_id, sealed_verifier, redirect_uri, settings, expires_at) values ($1, $2, $3, $4, $5, $6)")
            .bind(state.0.to_vec())
            .bind(signed(pending.client))
            .bind(self.vault.seal_for(VERIFIER, &pending.verifier)?)
            .bind(&pending.redirect_uri)
            .bind(&pending.settings)
            .bind(pending.expires_at.as_ms())
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// An authorization in progress, or done.
    pub(crate) async fn pending(&self, state: &TokenHash) -> Result<Option<Pending>, StoreError> {
        let row = sqlx::query("select * from oauth_pending where state = $1").bind(state.0.to_vec()).fetch_optional(&self.pool).await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(Pending {
            client: unsigned(row.try_get("oauth_client_id")?, "client id")?,
            verifier: self.vault.open_for(VERIFIER, row.try_get("sealed_verifier")?)?,
            redirect_uri: row.try_get("redirect_uri")?,
            settings: row.try_get("settings")?,
            expires_at: Timestamp::from_ms(row.try_get("expires_at")?),
            hub_id: row.try_get::<Option<i64>, _>("hub_id")?.map(|id| unsigned(id, "hub id")).transpose()?,
            failed: row.try_get("failed")?,
        }))
    }

    /// Takes an authorization for its end, once: it counts as failed until its result is known.
    pub(crate) async fn take_pending(&self, state: &TokenHash) -> Result<bool, StoreError> {
        let query = "update oauth_pending set failed = $1 where state = $2 and failed is null and hub_id is null";
        Ok(sqlx::query(query).bind(NOT_FINISHED).bind(state.0.to_vec()).execute(&self.pool).await?.rows_affected() > 0)
    }

    /// What came of an authorization.
    pub(crate) async fn end_pending(&self, state: &TokenHash, outcome: Result<u64, &str>) -> Result<(), StoreError> {
        sqlx::query("update oauth_pending set hub_id = $1, failed = $2 where state = $3")
            .bind(outcome.ok().map(signed))
            .bind(outcome.err())
            .bind(state.0.to_vec())
            .execute(&self.pool)
            .await?;
        Ok(())
    }
}

/// The outcome of an authorization that was taken for its end, until the end is written down.
pub(crate) const NOT_FINISHED: &str = "it was not finished";

// What each sealed secret is bound to: none can stand in the place of another.
pub(super) const VERIFIER: &str = "keyway oauth verifier v1";

pub(super) fn refresh_of(hub_id: u64) -> String {
    format!("keyway oauth refresh token v1 {hub_id}")
}

pub(super) fn access_of(hub_id: u64) -> String {
    format!("keyway oauth access token v1 {hub_id}")
}

pub(super) fn secret_of(client_id: &str) -> String {
    format!("keyway oauth client secret v1 {client_id}")
}
