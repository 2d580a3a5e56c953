//! People who sign in: their passwords, and their sessions.

use argon2::Argon2;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use keyway_core::secret::Secret;
use keyway_oauth::random_text;

use super::{Control, ControlError, Result, random, record};
use crate::clock;
use crate::model::Person;
use crate::principal::Role;
use crate::store::StoreError;
use crate::store::people as stored;

/// Shortest password, in characters (NIST SP 800-63B, section 3.1.1.2, where it is the only factor: 15).
const PASSWORD_MIN: usize = 15;
/// Longest password, in bytes: hashing it must stay cheap enough.
const PASSWORD_MAX: usize = 1_024;
/// How long a session lasts, in milliseconds.
pub(crate) const SESSION_MS: i64 = 12 * 3_600_000;

/// Somebody who is to sign in.
#[derive(Debug, Default)]
pub struct NewPerson {
    /// Their address.
    pub email: String,
    /// Their password; one is made when none.
    pub password: Option<Secret<String>>,
    /// Whether somebody who is there keeps their password.
    pub keep_password: bool,
    /// Their role. When none, somebody who is there keeps theirs, the first person is a super admin,
    /// and everybody else an auditor.
    pub role: Option<Role>,
}

impl Control {
    /// Everybody who may sign in.
    ///
    /// # Errors
    /// The store can't be read.
    pub async fn people(&self) -> Result<Vec<Person>> {
        let mut reading = self.store.read().await?;
        Ok(stored::people(&mut reading).await?)
    }

    /// Lets a person sign in, or gives one who may a new password or role, which ends their sessions.
    /// Where a password is made, it comes back.
    ///
    /// # Errors
    /// The address or the password is not valid, or nobody would be a super admin any more.
    pub async fn put_person(&self, new: NewPerson) -> Result<(Person, Option<Secret<String>>)> {
        let email = address(&new.email)?;
        let (chosen, made) = match (new.password, new.keep_password) {
            (Some(_), true) => return Err(ControlError::Invalid("either the password is kept, or there is a new one".into())),
            (None, true) => (None, None),
            (Some(chosen), false) => (Some(chosen), None),
            (None, false) => {
                let made = Secret::new(random_text(&random::<18>()?));
                (Some(made.clone()), Some(made))
            }
        };
        let hash = match chosen {
            Some(chosen) => Some(hashed(chosen).await?),
            None => None,
        };
        let (mut change, state) = self.begin().await?;
        let people = stored::people(&mut change).await?;
        let known = people.iter().find(|one| one.email == email);
        if known.is_none() && hash.is_none() {
            return Err(ControlError::NotFound(format!("nobody signs in as {email}")));
        }
        let otherwise = || known.map_or(if people.is_empty() { Role::SuperAdmin } else { Role::Auditor }, |one| one.role.clone());
        let role = new.role.unwrap_or_else(otherwise);
        if known.is_some_and(|one| one.role == Role::SuperAdmin) && role != Role::SuperAdmin {
            refuse_last_super_admin(&people, &email)?;
        }
        let created_at = known.map_or_else(clock::now, |one| one.created_at);
        let mut person = Person { id: 0, email, role, created_at };
        person.id = stored::put_person(&mut change, &person, hash.as_deref()).await?;
        stored::end_sessions(&mut change, person.id).await?;
        let mut became = record::person(&person);
        if hash.is_some() {
            became["password"] = "new".into();
        }
        record::of_one(&mut change, format!("user {}", person.email), known.map(record::person), Some(became)).await?;
        change.commit().await.map_err(StoreError::from)?;
        drop(state);
        Ok((person, made))
    }

    /// Takes a person's sign-in away, with their sessions.
    ///
    /// # Errors
    /// There is no such person, or they are the last super admin beside others.
    pub async fn delete_person(&self, email: &str) -> Result<()> {
        let (mut change, state) = self.begin().await?;
        let email = address(email)?;
        let people = stored::people(&mut change).await?;
        let known = people.iter().find(|one| one.email == email);
        let known = known.ok_or_else(|| ControlError::NotFound(format!("nobody signs in as {email}")))?;
        if known.role == Role::SuperAdmin && people.len() > 1 {
            refuse_last_super_admin(&people, &email)?;
        }
        stored::delete_person(&mut change, &email).await?;
        record::of_one(&mut change, format!("user {email}"), Some(record::person(known)), None).await?;
        change.commit().await.map_err(StoreError::from)?;
        drop(state);
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

/// Somebody must be able to give the others a role.
fn refuse_last_super_admin(people: &[Person], email: &str) -> Result<()> {
    if people.iter().any(|one| one.role == Role::SuperAdmin && one.email != email) {
        return Ok(());
    }
    Err(ControlError::Conflict(format!("{email} is the only super admin; make somebody else one first")))
}

/// The hash of a password that may be taken.
async fn hashed(chosen: Secret<String>) -> Result<String> {
    let length = chosen.expose().chars().count();
    if length < PASSWORD_MIN || chosen.expose().len() > PASSWORD_MAX {
        return Err(ControlError::Invalid(format!("a password has at least {PASSWORD_MIN} characters and at most {PASSWORD_MAX} bytes")));
    }
    let salt = random::<16>()?;
    blocking(move || hash(&chosen, &salt)).await?
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
