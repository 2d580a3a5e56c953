//! People who sign in at an identity provider: whom its word makes here, and what a browser keeps on the way.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use keyway_core::secret::Secret;

use super::people::address;
use super::{Control, ControlError, Result, record};
use crate::clock;
use crate::model::Person;
use crate::principal::Role;
use crate::store::StoreError;
use crate::store::people as stored;

/// What a cookie is sealed for.
const COOKIE: &str = "keyway sign-in at a provider v1";

impl Control {
    /// The person of an address that a provider has verified. One who is not known is made with the
    /// role for new people, and without a password; without such a role, nobody.
    ///
    /// # Errors
    /// The address is none, or the store does not answer.
    pub async fn known_by_provider(&self, email: &str, new_people: Option<Role>) -> Result<Option<Person>> {
        let email = address(email)?;
        let (mut change, state) = self.begin().await?;
        if let Some(known) = stored::people(&mut change).await?.into_iter().find(|one| one.email == email) {
            return Ok(Some(known));
        }
        let Some(role) = new_people else { return Ok(None) };
        let mut person = Person::new(email, role, clock::now());
        person.id = stored::put_person(&mut change, &person, None).await?;
        record::of_one(&mut change, format!("user {}", person.email), None, Some(record::person(&person))).await?;
        change.commit().await.map_err(StoreError::from)?;
        drop(state);
        Ok(Some(person))
    }

    /// Seals what a browser keeps while somebody is at the provider.
    pub(crate) fn seal_cookie(&self, text: &Secret<String>) -> Result<String> {
        let sealed = self.store.seal_for(COOKIE, text).map_err(ControlError::from)?;
        Ok(URL_SAFE_NO_PAD.encode(sealed))
    }

    /// Opens what [`Control::seal_cookie`] sealed; nothing else opens.
    pub(crate) fn open_cookie(&self, sealed: &str) -> Option<Secret<String>> {
        self.store.open_for(COOKIE, &URL_SAFE_NO_PAD.decode(sealed).ok()?).ok()
    }
}
