//! People who sign in: their passwords, and their sessions.

use argon2::Argon2;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use keyway_core::secret::Secret;
use keyway_oauth::random_text;

use super::{Control, ControlError, Result, random};
use crate::clock;
use crate::model::Person;
use crate::store::StoreError;
use crate::store::people as stored;

/// Shortest password, in characters (NIST SP 800-63B, section 3.1.1.2, where it is the only factor: 15).
const PASSWORD_MIN: usize = 15;
/// Longest password, in bytes: hashing it must stay cheap enough.
const PASSWORD_MAX: usize = 1_024;
/// How long a session lasts, in milliseconds.
pub(crate) const SESSION_MS: i64 = 12 * 3_600_000;

impl Control {
    /// Everybody who may sign in.
    ///
    /// # Errors
    /// The store can't be read.
    pub async fn people(&self) -> Result<Vec<Person>> {
        let mut reading = self.store.read().await?;
        Ok(stored::people(&mut reading).await?)
    }

    /// Lets a person sign in, or gives one who may a new password, which ends their sessions. Without
    /// a password one is made, and comes back.
    ///
    /// # Errors
    /// The address or the password is not valid.
    pub async fn put_person(&self, email: &str, password: Option<Secret<String>>) -> Result<(Person, Option<Secret<String>>)> {
        let email = address(email)?;
        let made = match password {
            Some(_) => None,
            None => Some(Secret::new(random_text(&random::<18>()?))),
        };
        let chosen = password.or_else(|| made.clone()).unwrap_or_else(|| Secret::new(String::new()));
        let length = chosen.expose().chars().count();
        if length < PASSWORD_MIN || chosen.expose().len() > PASSWORD_MAX {
            return Err(ControlError::Invalid(format!(
                "a password has at least {PASSWORD_MIN} characters and at most {PASSWORD_MAX} bytes"
            )));
        }
        let salt = random::<16>()?;
        let hash = blocking(move || hash(&chosen, &salt)).await??;
        let (mut change, _) = self.begin().await?;
        let now = clock::now();
        let id = stored::put_person(&mut change, &email, &hash, now).await?;
        stored::end_sessions(&mut change, id).await?;
        change.commit().await.map_err(StoreError::from)?;
        Ok((Person { id, email, created_at: now }, made))
    }

    /// Takes a person's sign-in away, with their sessions.
    ///
    /// # Errors
    /// There is no such person.
    pub async fn delete_person(&self, email: &str) -> Result<()> {
        let (mut change, _) = self.begin().await?;
        if !stored::delete_person(&mut change, &address(email)?).await? {
            return Err(ControlError::NotFound(format!("nobody signs in as {email}")));
        }
        change.commit().await.map_err(StoreError::from)?;
        Ok(())
    }

    /// Checks a password, and begins a session: what comes back is the cookie.
    ///
    /// # Errors
    /// The store does not answer. A wrong address or password is no error.
    pub async fn sign_in(&self, email: &str, password: Secret<String>) -> Result<Option<Secret<String>>> {
        if password.expose().len() > PASSWORD_MAX {
            return Ok(None);
        }
        let known = match address(email) {
            Ok(email) => self.store.person(&email).await?,
            Err(_) => None,
        };
        let salt = random::<16>()?;
        let fits = blocking(move || match known {
            Some((person, kept)) => fits(&password, &kept).then_some(person),
            // As much work as for somebody who is there: the time must not tell who is.
            None => hash(&password, &salt).ok().and(None),
        });
        let Some(person) = fits.await? else { return Ok(None) };
        let cookie = Secret::new(random_text(&random::<32>()?));
        let now = clock::now();
        self.store.put_session(&self.registry.token_key().hash(cookie.expose()), person.id, now, now.plus_ms(SESSION_MS)).await?;
        Ok(Some(cookie))
    }

    /// Whose session a cookie is.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn session(&self, cookie: &str) -> Result<Option<Person>> {
        Ok(self.store.session(&self.registry.token_key().hash(cookie), clock::now()).await?)
    }

    /// Ends a session.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn sign_out(&self, cookie: &str) -> Result<()> {
        Ok(self.store.end_session(&self.registry.token_key().hash(cookie)).await?)
    }

    /// What a form of a session must carry: another site can't know it (RFC 9700, section 4.7).
    pub fn form_token(&self, cookie: &str) -> String {
        random_text(&self.registry.token_key().hash(&format!("form of session {cookie}")).0)
    }
}

/// Hashing takes tens of milliseconds: not on the thread that answers everybody.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|_| ControlError::Backend("hashing a password failed".into()))
}

fn hash(password: &Secret<String>, salt: &[u8; 16]) -> Result<String> {
    let failed = |_| ControlError::Backend("hashing a password failed".into());
    let salt = SaltString::encode_b64(salt).map_err(failed)?;
    // Argon2id with the crate's parameters: those of OWASP's first choice (19 MiB, 2 passes).
    Ok(Argon2::default().hash_password(password.expose().as_bytes(), &salt).map_err(failed)?.to_string())
}

fn fits(password: &Secret<String>, kept: &str) -> bool {
    PasswordHash::new(kept).is_ok_and(|kept| Argon2::default().verify_password(password.expose().as_bytes(), &kept).is_ok())
}

fn address(email: &str) -> Result<String> {
    const BYTES_MAX: usize = 254;
    let email = email.trim().to_lowercase();
    let parts = email.split_once('@').is_some_and(|(name, host)| !name.is_empty() && !host.is_empty() && !host.contains('@'));
    if parts && email.len() <= BYTES_MAX && !email.chars().any(|letter| letter.is_whitespace() || letter.is_control()) {
        Ok(email)
    } else {
        Err(ControlError::Invalid("that is not an e-mail address".into()))
    }
}
