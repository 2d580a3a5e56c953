//! The first super admin: a link that the server prints when nobody can sign in, good once.

use keyway_core::secret::Secret;
use keyway_core::time::Timestamp;
use keyway_oauth::random_text;

use super::people::{address, hashed};
use super::{Control, ControlError, Result, record};
use crate::clock;
use crate::model::Person;
use crate::principal::Role;
use crate::store::StoreError;
use crate::store::{people, sign_in as stored};

/// How long the link is good, in milliseconds.
const LINK_MS: i64 = 24 * 3_600_000;

impl Control {
    /// A token for the set-up page with its end, if nobody can sign in. Until that end every start, and every instance
    /// with the same master key, gives the same token: one instance does not end the link that another has printed.
    ///
    /// # Errors
    /// The store can't be written.
    pub async fn begin_set_up(&self) -> Result<Option<(Secret<String>, Timestamp)>> {
        let (mut change, state) = self.begin().await?;
        if !people::people(&mut change).await?.is_empty() {
            return Ok(None);
        }
        let now = clock::now();
        if let Some((hash, ends)) = stored::set_up_link(&mut change, now).await? {
            let token = self.set_up_token(ends);
            if self.hash(token.expose()) == hash {
                return Ok(Some((token, ends)));
            }
        }
        let ends = now.plus_ms(LINK_MS);
        let token = self.set_up_token(ends);
        stored::put_set_up_link(&mut change, &self.hash(token.expose()), ends).await?;
        change.commit().await.map_err(StoreError::from)?;
        drop(state);
        Ok(Some((token, ends)))
    }

    fn set_up_token(&self, ends: Timestamp) -> Secret<String> {
        Secret::new(random_text(self.store.secret_for(&format!("set-up link until {}", ends.as_ms())).expose()))
    }

    /// Whether a token opens the set-up page now.
    ///
    /// # Errors
    /// The store can't be read.
    pub async fn is_set_up_open(&self, token: &str) -> Result<bool> {
        let mut reading = self.store.read().await?;
        let open = stored::is_set_up_link(&mut reading, &self.hash(token), clock::now()).await?;
        Ok(open && people::people(&mut reading).await?.is_empty())
    }

    /// Makes the first super admin, and ends the link.
    ///
    /// # Errors
    /// The link is not good (any more), or the address or password can't be taken.
    pub async fn set_up(&self, token: &str, email: &str, password: Secret<String>) -> Result<Person> {
        // Asked before the password is hashed: who has no link costs nothing.
        if !self.is_set_up_open(token).await? {
            return Err(gone());
        }
        let mut person = Person { password: true, ..Person::new(address(email)?, Role::SuperAdmin, clock::now()) };
        let hash = hashed(password).await?;
        let (mut change, state) = self.begin().await?;
        let open = stored::is_set_up_link(&mut change, &self.hash(token), clock::now()).await?;
        if !open || !people::people(&mut change).await?.is_empty() {
            return Err(gone());
        }
        stored::take_set_up_link(&mut change).await?;
        person.id = people::put_person(&mut change, &person, Some(&hash)).await?;
        record::of_one(&mut change, format!("user {}", person.email), None, Some(record::person(&person))).await?;
        change.commit().await.map_err(StoreError::from)?;
        drop(state);
        Ok(person)
    }
}

fn gone() -> ControlError {
    ControlError::NotFound("the set-up link was used, has ended, or was replaced".into())
}
