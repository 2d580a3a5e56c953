//! The tokens of the admin API: made, ended, and known again.

use keyway_core::secret::Secret;
use keyway_core::time::Timestamp;
use keyway_oauth::random_text;

use super::{Control, ControlError, Result, random, record, text};
use crate::clock;
use crate::model::AdminToken;
use crate::principal::Role;
use crate::store::StoreError;
use crate::store::admin_tokens as stored;

/// What a token's text begins with, so that a leaked one is known for what it is.
pub const ADMIN_TOKEN_PREFIX: &str = "kwa_";
/// Longest life that can be asked for, in milliseconds: ten years.
const LIFETIME_MS_MAX: i64 = 3_650 * 86_400_000;
/// Tokens that are good at the same time.
const LIVE_MAX: usize = 1_000;
/// How exactly the last use is known, in milliseconds: not every request is a write.
const LAST_USE_MS: i64 = 60_000;

impl Control {
    /// Every admin token, those that have ended too.
    ///
    /// # Errors
    /// The store can't be read.
    pub async fn admin_tokens(&self) -> Result<Vec<AdminToken>> {
        let mut reading = self.store.read().await?;
        Ok(stored::all(&mut reading).await?)
    }

    /// Makes a token of the admin API; its text comes back this once. `lifetime_ms` is how long it
    /// lives, in milliseconds.
    ///
    /// # Errors
    /// The name or the lifetime is not valid, or a good token has the name.
    pub async fn create_admin_token(
        &self,
        name: &str,
        role: Role,
        lifetime_ms: Option<i64>,
        by: &str,
    ) -> Result<(AdminToken, Secret<String>)> {
        if lifetime_ms.is_some_and(|ms| !(1..=LIFETIME_MS_MAX).contains(&ms)) {
            return Err(ControlError::Invalid("an admin token lives longer than nothing and at most ten years".into()));
        }
        let plain = Secret::new(format!("{ADMIN_TOKEN_PREFIX}{}", random_text(&random::<32>()?)));
        let now = clock::now();
        let mut token = AdminToken {
            id: 0,
            name: text("the name", name, true)?,
            hint: keyway_core::credential::hint(plain.expose()),
            role,
            created_at: now,
            created_by: by.to_owned(),
            expires_at: lifetime_ms.map(|ms| now.plus_ms(ms)),
            revoked_at: None,
            last_used_at: None,
        };
        // Names and ids are distinguished by their form.
        if token.name.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(ControlError::Invalid("the name of an admin token is not a number".into()));
        }
        let (mut change, state) = self.begin().await?;
        let known = stored::all(&mut change).await?;
        if known.iter().any(|one| one.name == token.name && one.revoked_at.is_none()) {
            return Err(ControlError::Conflict(format!("there is an admin token named {} already", token.name)));
        }
        if known.iter().filter(|one| is_good(one, now)).count() >= LIVE_MAX {
            return Err(ControlError::Conflict(format!("there are {LIVE_MAX} admin tokens already; revoke one first")));
        }
        token.id = stored::insert(&mut change, &token, &self.registry.token_key().hash(plain.expose())).await?;
        record::of_one(&mut change, format!("admin token {}", token.id), None, Some(record::admin_token(&token))).await?;
        change.commit().await.map_err(StoreError::from)?;
        drop(state);
        Ok((token, plain))
    }

    /// Ends an admin token now, by its id or name.
    ///
    /// # Errors
    /// There is none that has not ended already.
    pub async fn revoke_admin_token(&self, which: &str) -> Result<AdminToken> {
        let (mut change, state) = self.begin().await?;
        let id: Option<u64> = which.parse().ok();
        let mut known = stored::all(&mut change).await?.into_iter();
        let found = known.find(|one| one.revoked_at.is_none() && (Some(one.id) == id || one.name == which));
        let mut token = found.ok_or_else(|| ControlError::NotFound(format!("there is no admin token {which}")))?;
        let now = clock::now();
        stored::revoke(&mut change, token.id, now).await?;
        let was = record::admin_token(&token);
        token.revoked_at = Some(now);
        record::of_one(&mut change, format!("admin token {}", token.id), Some(was), Some(record::admin_token(&token))).await?;
        change.commit().await.map_err(StoreError::from)?;
        drop(state);
        Ok(token)
    }

    /// The token that somebody presents, if it is good. That it was used is noted.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn admin_token_presented(&self, presented: &str) -> Result<Option<AdminToken>> {
        if !presented.starts_with(ADMIN_TOKEN_PREFIX) {
            return Ok(None);
        }
        let now = clock::now();
        let found = self.store.admin_token(&self.registry.token_key().hash(presented)).await?;
        let Some(token) = found.filter(|token| is_good(token, now)) else { return Ok(None) };
        // A store that can't be written still says whose token it is, and an operator must be able to ask what is wrong.
        if let Err(error) = self.store.admin_token_used(token.id, now, now.plus_ms(-LAST_USE_MS)).await {
            tracing::warn!(%error, "the last use of an admin token is not written down");
        }
        Ok(Some(token))
    }
}

fn is_good(token: &AdminToken, now: Timestamp) -> bool {
    token.revoked_at.is_none() && token.expires_at.is_none_or(|at| at > now)
}
