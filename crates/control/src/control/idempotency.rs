//! Answers of the admin API that are given again: what `store::idempotency` keeps, for the admin API.

use keyway_core::secret::Secret;
use keyway_core::time::Timestamp;
use keyway_core::token::TokenHash;

use super::{Control, Result};
use crate::store::idempotency::Kept;

impl Control {
    /// A keyed hash, for what must be known again and not read.
    pub fn hash(&self, text: &str) -> TokenHash {
        self.registry.token_key().hash(text)
    }

    /// Takes a key for a request, or answers what is known of it. Keys from before `expired` are forgotten.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn claim(&self, key: &TokenHash, request: &TokenHash, now: Timestamp, expired: Timestamp) -> Result<Kept> {
        Ok(self.store.claim(key, request, now, expired).await?)
    }

    /// Keeps the answer of a request that changed something.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn keep_answer(&self, key: &TokenHash, status: u16, body: &Secret<String>) -> Result<()> {
        Ok(self.store.keep_answer(key, status, body).await?)
    }

    /// Gives a key back whose request has changed nothing.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn give_back(&self, key: &TokenHash) -> Result<()> {
        Ok(self.store.give_back(key).await?)
    }
}
