//! A second factor beside the password: an authenticator app, and codes for the day it is lost.

use keyway_core::secret::Secret;
use keyway_oauth::random_text;
use serde_json::json;

use super::people::SESSION_MS;
use super::{Control, ControlError, Result, random, record};
use crate::clock;
use crate::model::Person;
use crate::store::sign_in as stored;
use crate::store::{Change, StoreError};
use crate::totp;

/// Recovery codes that are given with a second factor.
const RECOVERY_CODES: usize = 10;

/// What a person puts into their authenticator app.
pub struct NewFactor {
    /// The key in base32, for typing.
    pub key: Secret<String>,
    /// The same as a link that apps open.
    pub uri: Secret<String>,
}

impl Control {
    /// Whether a person signs in with a second factor.
    ///
    /// # Errors
    /// The store can't be read.
    pub async fn has_second_factor(&self, person_id: u64) -> Result<bool> {
        let mut reading = self.store.read().await?;
        Ok(self.store.second_factor(&mut reading, person_id).await?.is_some_and(|factor| factor.confirmed))
    }

    /// Makes a key, which counts once a first code was right.
    ///
    /// # Errors
    /// There is a second factor already.
    pub async fn begin_second_factor(&self, person: &Person) -> Result<NewFactor> {
        let (mut change, state) = self.begin().await?;
        if self.store.second_factor(&mut change, person.id).await?.is_some_and(|factor| factor.confirmed) {
            return Err(ControlError::Conflict("there is a second factor already; remove it first".into()));
        }
        let key = random::<{ totp::KEY_BYTES }>()?;
        let text = Secret::new(totp::written(&key));
        self.store.put_second_factor(&mut change, person.id, &text).await?;
        change.commit().await.map_err(StoreError::from)?;
        drop(state);
        Ok(NewFactor { key: text, uri: Secret::new(totp::uri(&key, &person.email)) })
    }

    /// Takes a first code, from which on the factor counts; answers recovery codes, this once. None
    /// where the code is wrong.
    ///
    /// # Errors
    /// There is no second factor that waits for its first code.
    pub async fn confirm_second_factor(&self, person: &Person, code: &str) -> Result<Option<Vec<Secret<String>>>> {
        let (mut change, state) = self.begin().await?;
        let factor = self.store.second_factor(&mut change, person.id).await?.filter(|factor| !factor.confirmed);
        if factor.is_none() {
            return Err(ControlError::Conflict("no second factor waits for its first code".into()));
        }
        if !self.take_code(&mut change, person.id, code).await? {
            return Ok(None);
        }
        let mut codes = Vec::new();
        for _ in 0..RECOVERY_CODES {
            codes.push(Secret::new(random_text(&random::<9>()?)));
        }
        let hashes: Vec<_> = codes.iter().map(|code| self.recovery_hash(person.id, code.expose())).collect();
        stored::put_recovery_codes(&mut change, person.id, &hashes).await?;
        let (was, became) = (json!({ "secondFactor": false }), json!({ "secondFactor": true }));
        record::of_one(&mut change, format!("user {}", person.email), Some(was), Some(became)).await?;
        change.commit().await.map_err(StoreError::from)?;
        drop(state);
        Ok(Some(codes))
    }

    /// Takes a person's second factor away, and ends their sessions.
    ///
    /// # Errors
    /// There is no such person, or they have none.
    pub async fn remove_second_factor(&self, email: &str) -> Result<Person> {
        let (mut change, state) = self.begin().await?;
        let mut person = super::people::find(&mut change, email).await?;
        if !stored::delete_second_factor(&mut change, person.id).await? {
            return Err(ControlError::NotFound(format!("{} has no second factor", person.email)));
        }
        crate::store::people::end_sessions(&mut change, person.id).await?;
        let (was, became) = (json!({ "secondFactor": true }), json!({ "secondFactor": false }));
        record::of_one(&mut change, format!("user {}", person.email), Some(was), Some(became)).await?;
        change.commit().await.map_err(StoreError::from)?;
        drop(state);
        person.second_factor = false;
        Ok(person)
    }

    /// Takes a code or a recovery code for a sign-in whose password was right: the new session's
    /// cookie, or nothing where the code is wrong.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn sign_in_with_code(&self, person: &Person, pending: &str, code: &str) -> Result<Option<Secret<String>>> {
        let (mut change, state) = self.begin().await?;
        let right = self.take_code(&mut change, person.id, code).await?
            || stored::use_recovery_code(&mut change, person.id, &self.recovery_hash(person.id, code.trim())).await?;
        if !right {
            return Ok(None);
        }
        let cookie = Secret::new(random_text(&random::<32>()?));
        let now = clock::now();
        crate::store::people::end_session(&mut change, &self.hash(pending)).await?;
        crate::store::people::put_session(&mut change, &self.hash(cookie.expose()), person.id, (now, now.plus_ms(SESSION_MS)), false)
            .await?;
        change.commit().await.map_err(StoreError::from)?;
        drop(state);
        Ok(Some(cookie))
    }

    async fn take_code(&self, change: &mut Change, person_id: u64, code: &str) -> Result<bool> {
        let Some(factor) = self.store.second_factor(change, person_id).await? else { return Ok(false) };
        let key = totp::read(factor.key.expose()).unwrap_or_default();
        match totp::check(&key, code, clock::now().as_ms(), factor.last_step) {
            Some(step) => Ok(stored::use_step(change, person_id, step).await?),
            None => Ok(false),
        }
    }

    fn recovery_hash(&self, person_id: u64, code: &str) -> keyway_core::token::TokenHash {
        self.hash(&format!("recovery code of {person_id}: {code}"))
    }
}
