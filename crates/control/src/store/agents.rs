//! The sessions that were made for agents over OAuth: their clients and codes at rest.

use keyway_core::time::Timestamp;
use keyway_core::token::TokenHash;
use keyway_oauth::pkce::Challenge;
use keyway_oauth::server::code::CodeGrant;
use sqlx::Row;

use super::{Change, StoreError, signed, unsigned};
use crate::model::Agent;

/// A code as it is kept.
pub(crate) struct StoredCode {
    /// The session that it was given for.
    pub token_id: u64,
    /// What it is checked against; its `client_id` is the client's key.
    pub grant: CodeGrant,
    /// Whether it was exchanged.
    pub is_used: bool,
}

/// Keeps the agent of a session, and its code.
pub(crate) async fn insert(
    change: &mut Change,
    token_id: u64,
    agent: &Agent,
    code: &TokenHash,
    grant: &CodeGrant,
) -> Result<(), StoreError> {
    sqlx::query(
        "insert into agent_grant (token_id, client, client_name, resource, code_hash, redirect_uri, challenge, code_expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(signed(token_id))
    .bind(&agent.client)
    .bind(&agent.name)
    .bind(&agent.resource)
    .bind(code.0.to_vec())
    .bind(&grant.redirect_uri)
    .bind(grant.challenge.as_ref().map_or("", Challenge::as_str))
    .bind(grant.expires_at.as_ms())
    .execute(&mut *change)
    .await?;
    Ok(())
}

/// The code with this hash. Held until the change is done with: two that exchange the same one follow each other.
pub(crate) async fn code(change: &mut Change, hash: &TokenHash) -> Result<Option<StoredCode>, StoreError> {
    // Writing takes the row, in both databases.
    let query = "update agent_grant set code_used = code_used where code_hash = $1
         returning token_id, client, redirect_uri, challenge, code_expires_at, code_used";
    let Some(row) = sqlx::query(query).bind(hash.0.to_vec()).fetch_optional(&mut *change).await? else { return Ok(None) };
    Ok(Some(StoredCode {
        token_id: unsigned(row.try_get("token_id")?, "token id")?,
        grant: CodeGrant {
            client_id: row.try_get("client")?,
            redirect_uri: row.try_get("redirect_uri")?,
            challenge: Some(Challenge::from_text(row.try_get("challenge")?).map_err(|_| StoreError::Row("challenge"))?),
            expires_at: Timestamp::from_ms(row.try_get("code_expires_at")?),
        },
        is_used: row.try_get::<i64, _>("code_used")? != 0,
    }))
}

/// The code of a session was exchanged.
pub(crate) async fn code_is_used(change: &mut Change, token_id: u64) -> Result<(), StoreError> {
    sqlx::query("update agent_grant set code_used = 1 where token_id = $1").bind(signed(token_id)).execute(&mut *change).await?;
    Ok(())
}
