//! People who sign in: their passwords, and their sessions.

use argon2::Argon2;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use keyway_core::secret::Secret;
use keyway_core::time::Timestamp;
use keyway_oauth::random_text;
use tokio::sync::Semaphore;

use super::{Control, ControlError, Result, State, random, record};
use crate::clock;
use crate::model::Person;
use crate::principal::Role;
use crate::store::people as stored;
use crate::store::{Change, StoreError};

/// Shortest password, in characters (NIST SP 800-63B, section 3.1.1.2, where it is the only factor: 15).
const PASSWORD_MIN: usize = 15;
/// Longest password, in bytes: hashing it must stay cheap enough.
const PASSWORD_MAX: usize = 1_024;
/// How long a session lasts, in milliseconds.
pub const SESSION_MS: i64 = 12 * 3_600_000;
/// How long the second factor is awaited, in milliseconds.
pub const PENDING_MS: i64 = 5 * 60_000;

/// When a person's access is to end.
#[derive(Clone, Copy, Debug, Default)]
pub enum AccessEnd {
    /// As it was; for somebody new, never.
    #[default]
    Kept,
    /// Never.
    Never,
    /// At a time of day.
    At(Timestamp),
}

/// Somebody who is to sign in.
#[derive(Debug, Default)]
pub struct NewPerson {
    /// Their mail address; capitals do not count.
    pub email: String,
    /// Their password; one is made when none.
    pub password: Option<Secret<String>>,
    /// Whether somebody who is there keeps their password.
    pub keep_password: bool,
    /// Whether somebody who is there is left as they are, and that is an error.
    pub must_be_new: bool,
    /// Their role. When none, somebody who is there keeps theirs, the first person is a super admin,
    /// and everybody else an auditor.
    pub role: Option<Role>,
    /// When their access ends.
    pub end: AccessEnd,
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

    /// Somebody by their address.
    ///
    /// # Errors
    /// There is no such person.
    pub async fn person(&self, email: &str) -> Result<Person> {
        match find(&mut self.store.read().await?, email).await {
            // What is not an address names nobody.
            Err(ControlError::Invalid(_) | ControlError::Parameter { .. }) => Err(ControlError::NotFound("nobody signs in as that".into())),
            found => found,
        }
    }

    /// Lets a person sign in, or gives one who may a new password or role, which ends their sessions, or
    /// another end of their access. Where a password is made, it comes back.
    ///
    /// # Errors
    /// The address, the password or the end is not valid, they are there and must be new, or no super admin
    /// would have access without an end.
    pub async fn put_person(&self, new: NewPerson) -> Result<(Person, Option<Secret<String>>)> {
        let email = address(&new.email)?;
        let now = clock::now();
        if let AccessEnd::At(at) = new.end
            && at <= now
        {
            return Err(ControlError::Invalid(format!(
                "{} is past, so access can't end then. To end it now: keyway user delete {email}",
                at.to_iso()
            )));
        }
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
        let (mut change, mut state) = self.begin().await?;
        let people = stored::people(&mut change).await?;
        let known = people.iter().find(|one| one.email == email);
        if new.must_be_new && known.is_some() {
            return Err(ControlError::Conflict(format!("{email} can sign in already")));
        }
        if known.is_none() && hash.is_none() {
            return Err(ControlError::NotFound(format!("nobody signs in as {email}")));
        }
        let otherwise = || known.map_or(if people.is_empty() { Role::SuperAdmin } else { Role::Auditor }, |one| one.role.clone());
        let is_new_sign_in = hash.is_some() || new.role.is_some();
        let role = new.role.unwrap_or_else(otherwise);
        let mut person = known.map_or_else(|| Person::new(email.clone(), role.clone(), now), Person::clone);
        person.role = role;
        person.password |= hash.is_some();
        match new.end {
            AccessEnd::Kept => {}
            AccessEnd::Never => person.expires_at = None,
            AccessEnd::At(at) => person.expires_at = Some(at),
        }
        if people.is_empty() && !is_lasting_super_admin(&person) {
            return Err(ControlError::Invalid(
                "the first person must have the role super-admin, and access without an end. Create a super admin first, then the others: keyway user create YOU@example.com --role super-admin"
                    .into(),
            ));
        }
        if known.is_some_and(is_lasting_super_admin) && !is_lasting_super_admin(&person) {
            refuse_last_super_admin(&people, &email)?;
        }
        person.id = stored::put_person(&mut change, &person, hash.as_deref()).await?;
        // Another end alone leaves sessions: each request is held against it.
        if is_new_sign_in {
            stored::end_sessions(&mut change, person.id).await?;
        }
        let mut became = record::person(&person);
        if hash.is_some() {
            became["password"] = "new".into();
        }
        record::of_one(&mut change, format!("user {}", person.email), known.map(record::person), Some(became)).await?;
        let next = self.with_sessions_within(&mut change, &state, &person).await?;
        self.commit_with(change, &mut state, next).await?;
        Ok((person, made))
    }

    /// Takes a person's sign-in away, with their sessions and the sessions of apps that they made.
    ///
    /// # Errors
    /// There is no such person, or they are the last super admin beside others.
    pub async fn delete_person(&self, email: &str) -> Result<()> {
        let (mut change, mut state) = self.begin().await?;
        let email = address(email)?;
        let people = stored::people(&mut change).await?;
        let known = people.iter().find(|one| one.email == email);
        let known = known.ok_or_else(|| ControlError::NotFound(format!("nobody signs in as {email}")))?;
        if is_lasting_super_admin(known) && people.len() > 1 {
            refuse_last_super_admin(&people, &email)?;
        }
        stored::delete_person(&mut change, &email).await?;
        record::of_one(&mut change, format!("user {email}"), Some(record::person(known)), None).await?;
        let next = self.without_sessions_of(&mut change, &state, &email).await?;
        self.commit_with(change, &mut state, next).await
    }

    /// Commits a change of people, and of the state where it is another one by that.
    async fn commit_with(&self, change: Change, state: &mut State, next: Option<State>) -> Result<()> {
        match next {
            Some(next) => self.commit(change, state, next).await,
            None => Ok(change.commit().await.map_err(StoreError::from)?),
        }
    }

    /// Checks an address and a password.
    ///
    /// # Errors
    /// The store does not answer. A wrong address or password is not an error.
    pub async fn known_by_password(&self, email: &str, password: Secret<String>) -> Result<Option<Person>> {
        if password.expose().len() > PASSWORD_MAX {
            return Ok(None);
        }
        let known = match address(email) {
            Ok(email) => self.store.person(&email).await?,
            Err(_) => None,
        };
        let salt = random::<16>()?;
        // Who signs in at a provider alone has no password.
        let known = known.filter(|(_, kept)| !kept.is_empty());
        let fits = blocking(move || match known {
            Some((person, kept)) => fits(&password, &kept).then_some(person),
            // As much work as for somebody who is there: the time must not tell who is.
            None => hash(&password, &salt).ok().and(None),
        });
        fits.await
    }

    /// Whether a password is a person's.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn has_password(&self, person: &Person, password: Secret<String>) -> Result<bool> {
        Ok(self.known_by_password(&person.email, password).await?.is_some_and(|known| known.id == person.id))
    }

    /// Begins a session, whose cookie comes back, and ends the one that the browser had before: a
    /// cookie that somebody else has put there opens nothing (session fixation). `pending` is a session
    /// of which the second factor is awaited.
    ///
    /// # Errors
    /// The person's access has ended, or the store does not answer.
    pub async fn begin_session(&self, person: &Person, former: Option<&str>, pending: bool) -> Result<Secret<String>> {
        let now = clock::now();
        refuse_ended(person, now)?;
        let cookie = Secret::new(random_text(&random::<32>()?));
        let ends = now.plus_ms(if pending { PENDING_MS } else { SESSION_MS });
        let (mut change, state) = self.begin().await?;
        if let Some(former) = former {
            stored::end_session(&mut change, &self.hash(former)).await?;
        }
        stored::put_session(&mut change, &self.hash(cookie.expose()), person.id, (now, ends), pending).await?;
        change.commit().await.map_err(StoreError::from)?;
        drop(state);
        Ok(cookie)
    }

    /// Whose session a cookie is.
    ///
    /// # Errors
    /// The person's access has ended, or the store does not answer.
    pub async fn session(&self, cookie: &str) -> Result<Option<Person>> {
        self.session_of(cookie, false).await
    }

    /// Whose sign-in a cookie is, of which the second factor is awaited.
    ///
    /// # Errors
    /// The person's access has ended, or the store does not answer.
    pub async fn pending_session(&self, cookie: &str) -> Result<Option<Person>> {
        self.session_of(cookie, true).await
    }

    async fn session_of(&self, cookie: &str, pending: bool) -> Result<Option<Person>> {
        let now = clock::now();
        let person = self.store.session(&self.hash(cookie), now, pending).await?;
        person.iter().try_for_each(|person| refuse_ended(person, now))?;
        Ok(person)
    }

    /// Ends a session.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn sign_out(&self, cookie: &str) -> Result<()> {
        let (mut change, state) = self.begin().await?;
        stored::end_session(&mut change, &self.hash(cookie)).await?;
        change.commit().await.map_err(StoreError::from)?;
        drop(state);
        Ok(())
    }

    /// Ends every session of a person.
    ///
    /// # Errors
    /// There is no such person.
    pub async fn end_sessions(&self, email: &str) -> Result<Person> {
        let (mut change, state) = self.begin().await?;
        let person = find(&mut change, email).await?;
        stored::end_sessions(&mut change, person.id).await?;
        record::of_one(&mut change, format!("user {}", person.email), None, Some(serde_json::json!({ "sessions": "ended" }))).await?;
        change.commit().await.map_err(StoreError::from)?;
        drop(state);
        Ok(person)
    }

    /// Puts a new password in place, and ends every session.
    ///
    /// # Errors
    /// It can't be taken.
    pub async fn change_password(&self, person: &Person, new: Secret<String>) -> Result<()> {
        let hash = hashed(new).await?;
        let (mut change, state) = self.begin().await?;
        stored::put_password(&mut change, person.id, &hash).await?;
        stored::end_sessions(&mut change, person.id).await?;
        record::of_one(&mut change, format!("user {}", person.email), None, Some(serde_json::json!({ "password": "new" }))).await?;
        change.commit().await.map_err(StoreError::from)?;
        drop(state);
        Ok(())
    }

    /// What a form of a session must carry: another site can't know it (RFC 9700, section 4.7).
    pub fn form_token(&self, cookie: &str) -> String {
        random_text(&self.registry.token_key().hash(&format!("form of session {cookie}")).0)
    }
}

/// Whether somebody is a super admin without an end.
fn is_lasting_super_admin(person: &Person) -> bool {
    person.role == Role::SuperAdmin && person.expires_at.is_none()
}

/// Somebody must be able to give the others a role.
fn refuse_last_super_admin(people: &[Person], email: &str) -> Result<()> {
    if people.iter().any(|one| is_lasting_super_admin(one) && one.email != email) {
        return Ok(());
    }
    Err(ControlError::Conflict(format!("{email} is the only super admin whose access has no end; make somebody else one first")))
}

/// Somebody whose access has ended opens nothing.
fn refuse_ended(person: &Person, now: Timestamp) -> Result<()> {
    match person.expires_at {
        Some(at) if at <= now => Err(ControlError::AccessEnded(format!(
            "the access of {email} to Keyway ended at {}. A super admin can give more time, on the page People of the console or with \"keyway user update {email} --until 2w\"",
            at.to_iso(),
            email = person.email
        ))),
        _ => Ok(()),
    }
}

/// A person by their address.
pub(super) async fn find(change: &mut Change, email: &str) -> Result<Person> {
    let email = address(email)?;
    stored::person_at(change, &email).await?.ok_or_else(|| ControlError::NotFound(format!("nobody signs in as {email}")))
}

/// The hash of a password that may be taken.
pub(super) async fn hashed(chosen: Secret<String>) -> Result<String> {
    let length = chosen.expose().chars().count();
    if length < PASSWORD_MIN || chosen.expose().len() > PASSWORD_MAX {
        return Err(ControlError::Invalid(format!("a password has at least {PASSWORD_MIN} characters and at most {PASSWORD_MAX} bytes")));
    }
    let salt = random::<16>()?;
    blocking(move || hash(&chosen, &salt)).await?
}

/// Passwords hashed at one time, at 19 MiB each; others wait.
static HASHING: Semaphore = Semaphore::const_new(2);

/// Hashing takes tens of milliseconds: not on the thread that answers everybody.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    let failed = |_| ControlError::Backend("hashing a password failed".into());
    let place = HASHING.acquire().await.map_err(failed)?;
    // The place goes along: the work goes on when nobody waits for it any more.
    let work = move || {
        let _place = place;
        work()
    };
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

pub(super) fn address(email: &str) -> Result<String> {
    const BYTES_MAX: usize = 254;
    let email = email.trim().to_lowercase();
    let parts = email.split_once('@').is_some_and(|(name, host)| !name.is_empty() && !host.is_empty() && !host.contains('@'));
    if parts && email.len() <= BYTES_MAX && !email.chars().any(|letter| letter.is_whitespace() || keyway_core::shown::acts(letter)) {
        Ok(email)
    } else {
        Err(ControlError::parameter("email", "an e-mail address, such as ada@example.com"))
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::sync::mpsc;
    use std::task::{Context, Poll, Waker};

    use super::*;

    #[tokio::test]
    async fn two_passwords_are_hashed_at_one_time_and_a_third_waits_for_one_of_them() {
        let (begun, begins) = mpsc::channel();
        let hashes = |begun: mpsc::Sender<()>| {
            let (end, ends) = mpsc::channel::<()>();
            let work = blocking(move || {
                begun.send(()).unwrap();
                ends.recv().unwrap();
            });
            (end, tokio::spawn(work))
        };
        let ((first_end, first), (second_end, second)) = (hashes(begun.clone()), hashes(begun));
        tokio::task::spawn_blocking(move || (begins.recv().unwrap(), begins.recv().unwrap())).await.unwrap();
        let mut third = pin!(blocking(|| 3));
        assert!(matches!(third.as_mut().poll(&mut Context::from_waker(Waker::noop())), Poll::Pending));
        assert_eq!(HASHING.available_permits(), 0);
        first_end.send(()).unwrap();
        first.await.unwrap().unwrap();
        assert_eq!(third.await.unwrap(), 3);
        second_end.send(()).unwrap();
        second.await.unwrap().unwrap();
    }
}
