//! People and their sessions at rest.

use keyway_core::time::Timestamp;
use keyway_core::token::TokenHash;
use sqlx::Row;
use sqlx::any::AnyRow;

use super::{Change, Store, StoreError, each, signed, unsigned};
use crate::model::Person;
use crate::principal::Role;

/// What is read of people; more clauses may follow.
macro_rules! select_person {
    ($clauses:literal) => {
        concat!(
            "select person.*, (select count(*) from second_factor where person_id = person.id and confirmed = 1) as second_factors from person ",
            $clauses
        )
    };
}

/// Everybody.
pub(crate) async fn people(change: &mut Change) -> Result<Vec<Person>, StoreError> {
    each(&sqlx::query(select_person!("order by email")).fetch_all(&mut *change).await?, person)
}

/// One person by their address.
pub(crate) async fn person_at(change: &mut Change, email: &str) -> Result<Option<Person>, StoreError> {
    let query = sqlx::query(select_person!("where email = $1")).bind(email);
    query.fetch_optional(&mut *change).await?.as_ref().map(person).transpose()
}

/// Inserts a person and returns their id; one who is there gets a new role and end, and a new password where there is one.
pub(crate) async fn put_person(change: &mut Change, person: &Person, password: Option<&str>) -> Result<u64, StoreError> {
    let query = "insert into person (email, password, created_at, role, apps, expires_at) values ($1, coalesce($2, ''), $3, $4, $5, $6)
        on conflict (email) do update set password = coalesce($2, person.password), role = excluded.role, apps = excluded.apps,
        expires_at = excluded.expires_at returning id";
    let row = sqlx::query(query)
        .bind(&person.email)
        .bind(password)
        .bind(person.created_at.as_ms())
        .bind(person.role.name())
        .bind(apps(&person.role))
        .bind(person.expires_at.map(Timestamp::as_ms))
        .fetch_one(&mut *change)
        .await?;
    unsigned(row.try_get(0)?, "person id")
}

/// Deletes a person with their sessions; whether there was one.
pub(crate) async fn delete_person(change: &mut Change, email: &str) -> Result<bool, StoreError> {
    Ok(sqlx::query("delete from person where email = $1").bind(email).execute(&mut *change).await?.rows_affected() > 0)
}

/// Ends all sessions of a person.
pub(crate) async fn end_sessions(change: &mut Change, person_id: u64) -> Result<(), StoreError> {
    sqlx::query("delete from session where person_id = $1").bind(signed(person_id)).execute(&mut *change).await?;
    Ok(())
}

/// Keeps a session from a moment to another, in which somebody has signed in unless it is pending; those that have ended go.
pub(crate) async fn put_session(
    change: &mut Change,
    hash: &TokenHash,
    person_id: u64,
    (now, ends): (Timestamp, Timestamp),
    pending: bool,
) -> Result<(), StoreError> {
    sqlx::query("delete from session where expires_at < $1").bind(now.as_ms()).execute(&mut *change).await?;
    sqlx::query("insert into session (hash, person_id, created_at, expires_at, pending) values ($1, $2, $3, $4, $5)")
        .bind(hash.0.to_vec())
        .bind(signed(person_id))
        .bind(now.as_ms())
        .bind(ends.as_ms())
        .bind(i64::from(pending))
        .execute(&mut *change)
        .await?;
    if !pending {
        let query = sqlx::query("update person set signed_in_at = $1 where id = $2").bind(now.as_ms()).bind(signed(person_id));
        query.execute(&mut *change).await?;
    }
    Ok(())
}

/// Ends a session.
pub(crate) async fn end_session(change: &mut Change, hash: &TokenHash) -> Result<(), StoreError> {
    sqlx::query("delete from session where hash = $1").bind(hash.0.to_vec()).execute(&mut *change).await?;
    Ok(())
}

/// Puts a new password in place.
pub(crate) async fn put_password(change: &mut Change, person_id: u64, password: &str) -> Result<(), StoreError> {
    sqlx::query("update person set password = $1 where id = $2").bind(password).bind(signed(person_id)).execute(&mut *change).await?;
    Ok(())
}

/// Notes who a person is at an identity provider, by its issuer and its name for them; none forgets it.
pub(crate) async fn put_provider(change: &mut Change, person_id: u64, provider: Option<(&str, &str)>) -> Result<(), StoreError> {
    sqlx::query("update person set issuer = $1, subject = $2 where id = $3")
        .bind(provider.map(|(issuer, _)| issuer))
        .bind(provider.map(|(_, subject)| subject))
        .bind(signed(person_id))
        .execute(&mut *change)
        .await?;
    Ok(())
}

impl Store {
    /// Who it is of whom an identity provider speaks by its own name for them.
    pub(crate) async fn person_at_provider(&self, issuer: &str, subject: &str) -> Result<Option<Person>, StoreError> {
        let query = sqlx::query(select_person!("where issuer = $1 and subject = $2")).bind(issuer).bind(subject);
        query.fetch_optional(&self.pool).await?.as_ref().map(person).transpose()
    }

    /// A person with the hash of their password.
    pub(crate) async fn person(&self, email: &str) -> Result<Option<(Person, String)>, StoreError> {
        let row = sqlx::query(select_person!("where email = $1")).bind(email).fetch_optional(&self.pool).await?;
        row.map(|row| Ok((person(&row)?, row.try_get("password")?))).transpose()
    }

    /// Whose session it is; `pending` is one of which the second factor is awaited, and nothing else.
    pub(crate) async fn session(&self, hash: &TokenHash, now: Timestamp, pending: bool) -> Result<Option<Person>, StoreError> {
        let query = select_person!(
            "join session on session.person_id = person.id where session.hash = $1 and session.expires_at > $2 and session.pending = $3"
        );
        let row = sqlx::query(query).bind(hash.0.to_vec()).bind(now.as_ms()).bind(i64::from(pending)).fetch_optional(&self.pool).await?;
        row.as_ref().map(person).transpose()
    }
}

fn person(row: &AnyRow) -> Result<Person, StoreError> {
    Ok(Person {
        id: unsigned(row.try_get("id")?, "person id")?,
        email: row.try_get("email")?,
        role: role(row)?,
        created_at: Timestamp::from_ms(row.try_get("created_at")?),
        password: !row.try_get::<String, _>("password")?.is_empty(),
        second_factor: row.try_get::<i64, _>("second_factors")? > 0,
        provider: row.try_get("issuer")?,
        signed_in_at: row.try_get::<Option<i64>, _>("signed_in_at")?.map(Timestamp::from_ms),
        expires_at: row.try_get::<Option<i64>, _>("expires_at")?.map(Timestamp::from_ms),
    })
}

/// The role of a row, from its columns `role` and `apps`.
pub(super) fn role(row: &AnyRow) -> Result<Role, StoreError> {
    let apps = serde_json::from_str(row.try_get("apps")?).map_err(|_| StoreError::Row("list of apps"))?;
    Role::parse(row.try_get("role")?, apps).ok_or(StoreError::Row("role"))
}

/// The column `apps` of a role.
pub(super) fn apps(role: &Role) -> String {
    serde_json::Value::from(role.apps().unwrap_or_default()).to_string()
}
