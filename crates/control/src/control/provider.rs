//! People who sign in at an identity provider: who they are here, whom its word makes here, and what a
//! browser keeps on the way.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use keyway_core::secret::Secret;
use serde_json::json;

use super::people::{address, find};
use super::{Control, ControlError, Result, record};
use crate::clock;
use crate::model::Person;
use crate::principal::Role;
use crate::store::StoreError;
use crate::store::people as stored;

/// What a cookie is sealed for.
const COOKIE: &str = "keyway sign-in at a provider v1";

/// Who somebody is at a provider. It gives a subject to one person and to nobody else after them
/// (OpenID Connect Core 1.0, section 2), which holds for no address.
#[derive(Clone, Copy, Debug)]
pub struct AtProvider<'a> {
    /// The provider's issuer URL.
    pub issuer: &'a str,
    /// Its own name for the person.
    pub subject: &'a str,
}

impl Control {
    /// Who has signed in at a provider before, whatever their address is there by now.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn known_by_provider(&self, at: AtProvider<'_>) -> Result<Option<Person>> {
        Ok(self.store.person_at_provider(at.issuer, at.subject).await?)
    }

    /// The person of an address that a provider has verified, who is known by the provider's own name
    /// for them from now on; none where nobody has the address. Where the server's provider is another
    /// one than it was, what was known of the former one is of no use any more.
    ///
    /// # Errors
    /// The person is somebody else at this provider: the address has passed on.
    pub async fn link_to_provider(&self, at: AtProvider<'_>, email: &str) -> Result<Option<Person>> {
        let email = address(email)?;
        let (mut change, state) = self.begin().await?;
        let Some(mut person) = stored::person_at(&mut change, &email).await? else { return Ok(None) };
        if person.provider.as_deref() == Some(at.issuer) {
            return Err(ControlError::Conflict(format!("{email} is somebody else at the identity provider")));
        }
        stored::put_provider(&mut change, person.id, Some((at.issuer, at.subject))).await?;
        let provider = |issuer: Option<&str>| Some(json!({ "provider": issuer }));
        record::of_one(&mut change, format!("user {email}"), provider(person.provider.as_deref()), provider(Some(at.issuer))).await?;
        change.commit().await.map_err(StoreError::from)?;
        drop(state);
        person.provider = Some(at.issuer.to_owned());
        Ok(Some(person))
    }

    /// Makes a person of somebody whom a provider vouches for, with a role and without a password.
    ///
    /// # Errors
    /// The address is none, or somebody's here.
    pub async fn add_from_provider(&self, at: AtProvider<'_>, email: &str, role: Role) -> Result<Person> {
        let email = address(email)?;
        let (mut change, state) = self.begin().await?;
        if stored::person_at(&mut change, &email).await?.is_some() {
            return Err(ControlError::Conflict(format!("{email} can sign in already")));
        }
        let mut person = Person { provider: Some(at.issuer.to_owned()), ..Person::new(email, role, clock::now()) };
        person.id = stored::put_person(&mut change, &person, None).await?;
        stored::put_provider(&mut change, person.id, Some((at.issuer, at.subject))).await?;
        record::of_one(&mut change, format!("user {}", person.email), None, Some(record::person(&person))).await?;
        change.commit().await.map_err(StoreError::from)?;
        drop(state);
        Ok(person)
    }

    /// Forgets who a person is at the provider, so that their next sign-in there is by their address
    /// again, and ends their sessions: one of them may be somebody else's.
    ///
    /// # Errors
    /// There is no such person, or they have not signed in at a provider.
    pub async fn unlink_from_provider(&self, email: &str) -> Result<Person> {
        let (mut change, state) = self.begin().await?;
        let mut person = find(&mut change, email).await?;
        let Some(issuer) = person.provider.take() else {
            return Err(ControlError::NotFound(format!("{} is not known at an identity provider", person.email)));
        };
        stored::put_provider(&mut change, person.id, None).await?;
        stored::end_sessions(&mut change, person.id).await?;
        let (was, became) = (json!({ "provider": issuer }), json!({ "provider": null }));
        record::of_one(&mut change, format!("user {}", person.email), Some(was), Some(became)).await?;
        change.commit().await.map_err(StoreError::from)?;
        drop(state);
        Ok(person)
    }

    /// Seals what a browser keeps while somebody is at the provider.
    ///
    /// # Errors
    /// The system gives no random bytes.
    pub fn seal_cookie(&self, text: &Secret<String>) -> Result<String> {
        let sealed = self.store.seal_for(COOKIE, text).map_err(ControlError::from)?;
        Ok(URL_SAFE_NO_PAD.encode(sealed))
    }

    /// Opens what [`Control::seal_cookie`] sealed; nothing else opens.
    pub fn open_cookie(&self, sealed: &str) -> Option<Secret<String>> {
        self.store.open_for(COOKIE, &URL_SAFE_NO_PAD.decode(sealed).ok()?).ok()
    }
}
