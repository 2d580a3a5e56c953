//! Public apps, codes and the rotation of refresh tokens at rest.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use keyway_core::time::Timestamp;
use keyway_core::token::TokenHash;
use keyway_oauth::pkce::Challenge;
use keyway_oauth::server::code::CodeGrant;
use serde_json::{Value, json};
use sqlx::Row;
use sqlx::any::AnyRow;

use super::{Change, StoreError, each, json_list, signed, unsigned};
use crate::model::{ClientSecret, Distribution, PublicApp};

/// Every public app.
pub(super) async fn public_apps(change: &mut Change) -> Result<Vec<PublicApp>, StoreError> {
    let rows = sqlx::query("select * from public_app order by id").fetch_all(&mut *change).await?;
    each(&rows, public_app)
}

/// Inserts a public app and returns its id; its own `id` is not looked at.
pub(crate) async fn insert_public_app(change: &mut Change, app: &PublicApp) -> Result<u64, StoreError> {
    let query = "insert into public_app (name, description, owner, client_id, secrets, is_public, redirect_uris, scopes, conditional_scopes, optional_scopes, distribution, rotates, enabled, created_at, updated_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) returning id";
    let made = sqlx::query(query)
        .bind(&app.name)
        .bind(&app.description)
        .bind(&app.owner)
        .bind(&app.client_id)
        .bind(secrets_text(&app.secrets))
        .bind(i64::from(app.is_public))
        .bind(json_list(&app.redirect_uris))
        .bind(json_list(&app.scopes))
        .bind(json_list(&app.conditional_scopes))
        .bind(json_list(&app.optional_scopes))
        .bind(app.distribution.name())
        .bind(i64::from(app.rotates))
        .bind(i64::from(app.enabled))
        .bind(app.created_at.as_ms())
        .bind(app.updated_at.as_ms())
        .fetch_one(&mut *change)
        .await?;
    unsigned(made.try_get(0)?, "public app id")
}

/// Writes what may change of a public app.
pub(crate) async fn update_public_app(change: &mut Change, app: &PublicApp) -> Result<(), StoreError> {
    sqlx::query(
        "update public_app set name = $1, description = $2, owner = $3, secrets = $4, redirect_uris = $5, scopes = $6,
         conditional_scopes = $7, optional_scopes = $8, distribution = $9, rotates = $10, enabled = $11, updated_at = $12 where id = $13",
    )
    .bind(&app.name)
    .bind(&app.description)
    .bind(&app.owner)
    .bind(secrets_text(&app.secrets))
    .bind(json_list(&app.redirect_uris))
    .bind(json_list(&app.scopes))
    .bind(json_list(&app.conditional_scopes))
    .bind(json_list(&app.optional_scopes))
    .bind(app.distribution.name())
    .bind(i64::from(app.rotates))
    .bind(i64::from(app.enabled))
    .bind(app.updated_at.as_ms())
    .bind(signed(app.id))
    .execute(&mut *change)
    .await?;
    Ok(())
}

/// Deletes a public app with its installs and their tokens.
pub(crate) async fn delete_public_app(change: &mut Change, id: u64) -> Result<(), StoreError> {
    sqlx::query("delete from public_app where id = $1").bind(signed(id)).execute(&mut *change).await?;
    Ok(())
}

/// A code as it is kept.
pub(crate) struct StoredCode {
    pub public_app_id: u64,
    pub hub_id: u64,
    pub grant: CodeGrant,
    pub scopes: Vec<String>,
    pub user: String,
    pub user_id: u64,
    /// Whether it was exchanged, and the token it then gave.
    pub used: Option<Option<u64>>,
}

/// Keeps a code; those that ended a day ago go.
pub(crate) async fn put_code(change: &mut Change, hash: &TokenHash, code: &StoredCode, now: Timestamp) -> Result<(), StoreError> {
    sqlx::query("delete from oauth_code where expires_at < $1").bind(now.as_ms() - 86_400_000).execute(&mut *change).await?;
    sqlx::query(
        "insert into oauth_code (hash, public_app_id, hub_id, redirect_uri, challenge, scopes, granted_by, granted_by_id, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(hash.0.to_vec())
    .bind(signed(code.public_app_id))
    .bind(signed(code.hub_id))
    .bind(&code.grant.redirect_uri)
    .bind(code.grant.challenge.as_ref().map(|challenge| challenge.as_str().to_owned()))
    .bind(json_list(&code.scopes))
    .bind(&code.user)
    .bind(signed(code.user_id))
    .bind(code.grant.expires_at.as_ms())
    .execute(&mut *change)
    .await?;
    Ok(())
}

/// A code; its `client_id` is left empty, for the caller to fill in.
pub(crate) async fn code(change: &mut Change, hash: &TokenHash) -> Result<Option<StoredCode>, StoreError> {
    let row = sqlx::query("select * from oauth_code where hash = $1").bind(hash.0.to_vec()).fetch_optional(&mut *change).await?;
    let Some(row) = row else { return Ok(None) };
    let challenge = row.try_get::<Option<String>, _>("challenge")?;
    let token_id = row.try_get::<Option<i64>, _>("token_id")?.map(|id| unsigned(id, "token id")).transpose()?;
    Ok(Some(StoredCode {
        public_app_id: unsigned(row.try_get("public_app_id")?, "public app id")?,
        hub_id: unsigned(row.try_get("hub_id")?, "hub id")?,
        grant: CodeGrant {
            client_id: String::new(),
            redirect_uri: row.try_get("redirect_uri")?,
            challenge: challenge.map(|text| Challenge::from_text(&text)).transpose().map_err(|_| StoreError::Row("challenge"))?,
            expires_at: Timestamp::from_ms(row.try_get("expires_at")?),
        },
        scopes: serde_json::from_str(row.try_get("scopes")?).map_err(|_| StoreError::Row("list of scopes"))?,
        user: row.try_get("granted_by")?,
        user_id: unsigned(row.try_get("granted_by_id")?, "user id")?,
        used: (row.try_get::<i64, _>("used")? != 0).then_some(token_id),
    }))
}

/// A code was exchanged, and gave this token.
pub(crate) async fn code_is_used(change: &mut Change, hash: &TokenHash, token_id: u64) -> Result<(), StoreError> {
    sqlx::query("update oauth_code set used = 1, token_id = $1 where hash = $2")
        .bind(signed(token_id))
        .bind(hash.0.to_vec())
        .execute(&mut *change)
        .await?;
    Ok(())
}

/// How often a refresh token was rotated, and when last; none where it has ended. Held until the change is done with: two that
/// rotate the same one follow each other.
pub(crate) async fn generation_of(change: &mut Change, token_id: u64, now: Timestamp) -> Result<Option<(u64, Timestamp)>, StoreError> {
    // Writing takes the row, in both databases.
    let query = "update token set generation = generation where id = $1 and revoked_at is null and (expires_at is null or expires_at > $2) returning generation, rotated_at";
    let row = sqlx::query(query).bind(signed(token_id)).bind(now.as_ms()).fetch_optional(&mut *change).await?;
    let read = |row: AnyRow| {
        let rotated_at = row.try_get::<Option<i64>, _>(1)?.unwrap_or_default();
        Ok((unsigned(row.try_get(0)?, "generation")?, Timestamp::from_ms(rotated_at)))
    };
    row.map(read).transpose()
}

/// A refresh token was rotated.
pub(crate) async fn put_generation(change: &mut Change, token_id: u64, generation: u64, now: Timestamp) -> Result<(), StoreError> {
    let query = "update token set generation = $1, rotated_at = $2 where id = $3";
    sqlx::query(query).bind(signed(generation)).bind(now.as_ms()).bind(signed(token_id)).execute(&mut *change).await?;
    Ok(())
}

fn public_app(row: &AnyRow) -> Result<PublicApp, StoreError> {
    let list =
        |column: &str| serde_json::from_str::<Vec<String>>(row.try_get(column)?).map_err(|_| StoreError::Row("list of a public app"));
    let flag = |column: &str| row.try_get::<i64, _>(column).map(|value| value != 0);
    Ok(PublicApp {
        id: unsigned(row.try_get("id")?, "public app id")?,
        name: row.try_get("name")?,
        description: row.try_get("description")?,
        owner: row.try_get("owner")?,
        client_id: row.try_get("client_id")?,
        secrets: secrets(row.try_get("secrets")?).ok_or(StoreError::Row("client secret"))?,
        is_public: flag("is_public")?,
        redirect_uris: list("redirect_uris")?,
        scopes: list("scopes")?,
        conditional_scopes: list("conditional_scopes")?,
        optional_scopes: list("optional_scopes")?,
        distribution: Distribution::parse(row.try_get("distribution")?).ok_or(StoreError::Row("distribution"))?,
        rotates: flag("rotates")?,
        enabled: flag("enabled")?,
        created_at: Timestamp::from_ms(row.try_get("created_at")?),
        updated_at: Timestamp::from_ms(row.try_get("updated_at")?),
    })
}

/// What a client secret is sealed for.
pub(crate) fn bound_to(hash: &TokenHash) -> String {
    format!("client secret {}", blake3::Hash::from_bytes(hash.0).to_hex())
}

/// The sealed client secrets of the next public apps behind an id, by the app's id.
pub(super) async fn sealed_secrets(seen: &mut Change, after: i64, most: u32) -> Result<Vec<(u64, Vec<(TokenHash, Vec<u8>)>)>, StoreError> {
    let query = "select id, secrets from public_app where id > $1 order by id limit $2";
    let rows = sqlx::query(query).bind(after).bind(i64::from(most)).fetch_all(&mut *seen).await?;
    each(&rows, |row| {
        let known = secrets(row.try_get("secrets")?).ok_or(StoreError::Row("client secret"))?;
        let sealed = known.into_iter().filter_map(|secret| secret.sealed.map(|sealed| (secret.hash, sealed)));
        Ok((unsigned(row.try_get("id")?, "id of a public app")?, sealed.collect()))
    })
}

/// Replaces the sealed text of a client secret.
pub(super) async fn put_sealed_secret(change: &mut Change, app_id: u64, hash: &TokenHash, sealed: Vec<u8>) -> Result<(), StoreError> {
    let text = sqlx::query("select secrets from public_app where id = $1").bind(signed(app_id)).fetch_one(&mut *change).await?;
    let mut known = secrets(text.try_get(0)?).ok_or(StoreError::Row("client secret"))?;
    known.iter_mut().filter(|secret| secret.hash == *hash).for_each(|secret| secret.sealed = Some(sealed.clone()));
    let update = sqlx::query("update public_app set secrets = $1 where id = $2").bind(secrets_text(&known)).bind(signed(app_id));
    update.execute(&mut *change).await?;
    Ok(())
}

fn secrets_text(secrets: &[ClientSecret]) -> String {
    let one = |secret: &ClientSecret| {
        json!({
            "hash": blake3::Hash::from_bytes(secret.hash.0).to_hex().as_str(), "hint": secret.hint, "createdAt": secret.created_at.as_ms(),
            "expiresAt": secret.expires_at.map(Timestamp::as_ms), "sealed": secret.sealed.as_ref().map(|sealed| STANDARD.encode(sealed)),
        })
    };
    Value::Array(secrets.iter().map(one).collect()).to_string()
}

fn secrets(text: &str) -> Option<Vec<ClientSecret>> {
    let parsed: Value = serde_json::from_str(text).ok()?;
    let one = |secret: &Value| {
        Some(ClientSecret {
            hash: TokenHash(*blake3::Hash::from_hex(secret["hash"].as_str()?).ok()?.as_bytes()),
            hint: secret["hint"].as_str()?.to_owned(),
            created_at: Timestamp::from_ms(secret["createdAt"].as_i64()?),
            expires_at: secret["expiresAt"].as_i64().map(Timestamp::from_ms),
            sealed: secret["sealed"].as_str().map(|text| STANDARD.decode(text)).transpose().ok()?,
        })
    };
    parsed.as_array()?.iter().map(one).collect()
}
