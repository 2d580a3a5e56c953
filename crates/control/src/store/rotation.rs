//! Rotation of the master key, while servers run.
//!
//! First the store takes the new key as the one that seals, in one transaction; then values are sealed again, some
//! in each transaction. Servers know both keys meanwhile, and a value opens only under the key that sealed it, so a
//! rotation may end at any moment and be begun again. The root key stays: tokens and the audit's chain are keyed with it.

use std::sync::Arc;

use keyway_core::token::TokenHash;
use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Row as _};

use super::keys::{Known, id_of};
use super::{
    Change, NOW, Store, StoreError, approvals, folder, idempotency, notify, oauth, oauth_accounts, proxy, sign_in, signed, unsigned,
};
use crate::{clock, vault};

/// Rows that are read, and sealed again, in one transaction.
const BATCH: u32 = 200;
/// After this silence an instance counts as gone, in milliseconds.
const GONE_AFTER_MS: i64 = 20_000;
type Bound = fn(&AnyRow) -> Result<String, StoreError>;

/// Where sealed values are: table, column, key of the row, whether that is bytes, and what the value is sealed for.
const PLACES: [(&str, &str, &str, bool, Bound); 11] = [
    ("connection", "sealed", "hub_id", false, |row| Ok(vault::bound_to(number(row)?))),
    ("connection", "former_sealed", "hub_id", false, |row| Ok(vault::bound_to(number(row)?))),
    ("oauth_client", "sealed", "id", false, |row| Ok(oauth_accounts::secret_of(row.try_get("bound_by")?))),
    ("oauth_token", "sealed_refresh", "hub_id", false, |row| Ok(oauth_accounts::refresh_of(number(row)?))),
    ("oauth_token", "sealed_access", "hub_id", false, |row| Ok(oauth_accounts::access_of(number(row)?))),
    ("oauth_pending", "sealed_verifier", "state", true, |_| Ok(oauth_accounts::VERIFIER.to_owned())),
    ("proxy_authority", "sealed", "id", false, |row| Ok(proxy::bound_to(row.try_get("bound_by")?))),
    ("second_factor", "sealed", "person_id", false, |row| Ok(sign_in::bound_to(number(row)?))),
    ("notify_channel", "sealed", "id", false, |row| Ok(notify::bound_to(row.try_get("bound_by")?))),
    ("approval", "sealed", "id", false, |row| Ok(approvals::bound_to(number(row)?))),
    ("idempotent_answer", "sealed", "hash", true, |row| {
        let hash = row.try_get::<Vec<u8>, _>("row_key")?.try_into().map_err(|_| StoreError::Row("key of an answer"))?;
        Ok(idempotency::bound_to(&TokenHash(hash)))
    }),
];

/// The column that says what a value is sealed for, where it is not the key of its row.
fn bound_by(table: &str) -> &'static str {
    match table {
        "oauth_client" => ", client_id as bound_by",
        "proxy_authority" | "notify_channel" => ", name as bound_by",
        _ => "",
    }
}

fn number(row: &AnyRow) -> Result<u64, StoreError> {
    unsigned(row.try_get("row_key")?, "key of a row")
}

/// What is known of the master keys, without the keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyReport {
    /// The keys that this server has, the one that seals first: their ids, and how many values each has sealed.
    pub keys: Vec<(String, u64)>,
    /// Values that none of them opens.
    pub unreadable: u64,
    /// The key to be used from the next rotation on, where that is another one.
    pub waiting: Option<String>,
    /// The instances on a shared store, each with the ids of its keys.
    pub instances: Vec<(String, Vec<String>)>,
}

impl KeyReport {
    /// Whether the key that seals sealed everything.
    pub fn is_settled(&self) -> bool {
        self.unreadable == 0 && self.keys.iter().skip(1).all(|(_, values)| *values == 0)
    }
}

impl Store {
    /// Which key sealed how much.
    ///
    /// # Errors
    /// The store can't be read.
    pub async fn key_report(&self) -> Result<KeyReport, StoreError> {
        let all = self.vault.all();
        let mut counts = vec![0_u64; all.len()];
        let mut unreadable = 0;
        let mut reading = self.read().await?;
        let mut walk = Walk::default();
        while let Some(values) = walk.next(&mut reading).await? {
            for value in values {
                match all.iter().position(|known| known.open_for(&value.bound, &value.sealed).is_ok()) {
                    Some(at) => counts[at] += 1,
                    None => unreadable += 1,
                }
            }
        }
        let instances = if self.shared { holders(&mut reading).await? } else { Vec::new() };
        let first = self.vault.first();
        let waiting = (first.check != all[0].check).then(|| first.id());
        Ok(KeyReport { keys: all.iter().map(|known| known.id()).zip(counts).collect(), unreadable, waiting, instances })
    }

    /// The key that seals from now on: the one that was given beside the present one, or in a data folder with a key file a
    /// new one, which is in the file on return.
    ///
    /// # Errors
    /// No new key was given, another instance does not have it, or the file can't be written.
    pub(crate) async fn next_key(&self) -> Result<NextKey, StoreError> {
        let (first, current) = (self.vault.first(), self.vault.current());
        if first.check == current.check {
            if self.vault.all().len() > 1 && !self.key_report().await?.is_settled() {
                // A rotation that was interrupted behind its first step.
                return Ok(NextKey(first));
            }
            let in_environment = folder::ENVIRONMENT.iter().any(|name| std::env::var(name).is_ok_and(|key| !key.trim().is_empty()));
            let Some(identity) = self.identity.as_ref().filter(|_| !in_environment) else {
                return Err(StoreError::Folder(self.no_new_key()));
            };
            let key = folder::random_key()?;
            folder::write_keys(identity.folder(), &[&key, current.key().expose()])?;
            return Ok(NextKey(self.vault.add(key)));
        }
        let id = first.id();
        let without = if self.shared { holders(&mut self.read().await?).await? } else { Vec::new() };
        let without: Vec<String> = without.into_iter().filter(|(_, keys)| !keys.contains(&id)).map(|(instance, _)| instance).collect();
        if !without.is_empty() {
            return Err(StoreError::Folder(format!(
                "these instances do not have the new master key {id}: {}. Restart each with the new key in KEYWAY_MASTER_KEY and the present one in KEYWAY_MASTER_KEY_OLD, then run \"keyway key rotate\" again. An instance that was stopped counts for 20 seconds more",
                without.join(", ")
            )));
        }
        Ok(NextKey(first))
    }

    /// Why there is no key to rotate to, and what to do.
    fn no_new_key(&self) -> String {
        let all = self.vault.all();
        let present = self.vault.current().id();
        let begins = format!("nothing was rotated: everything is sealed with key {present}");
        let again = "restart every instance, one after the other, then run \"keyway key rotate\" again";
        if let Some(other) = all.get(1).map(|known| known.id()) {
            return format!(
                "{begins}, the first of the two keys that this server has. The second, {other} (in KEYWAY_MASTER_KEY_OLD, or the second line of master.key), seals nothing. If {present} is the new key, the rotation is complete: remove the second key, and restart every instance. If {other} is the new key, the two are swapped: exchange them, {again}"
            );
        }
        let has = if self.vault.is_given_twice() { ", and KEYWAY_MASTER_KEY and KEYWAY_MASTER_KEY_OLD both hold that key" } else { "" };
        format!(
            "{begins}{has}. This server has no new master key. Put the new key into KEYWAY_MASTER_KEY and the present one into KEYWAY_MASTER_KEY_OLD (or into the first and second line of master.key), {again}. \"openssl rand -hex 32\" makes a key"
        )
    }

    /// Takes a key as the one that seals; with the number of a change, so that other instances do so too.
    pub(crate) async fn take_key(&self, change: &mut Change, next: &NextKey) -> Result<(), StoreError> {
        let current = self.vault.current();
        if current.check == next.0.check {
            return Ok(());
        }
        sqlx::query("update master_key set check_value = $1, root = $2, since = $3")
            .bind(next.0.check.to_vec())
            .bind(next.0.seal_root(self.master_key.expose())?)
            .bind(clock::now().as_ms())
            .execute(&mut *change)
            .await?;
        self.number(change).await?;
        Ok(())
    }

    /// Seals with this key from now on, in this process.
    pub(crate) fn use_key(&self, next: &NextKey) {
        self.vault.make_current(&next.0.check);
    }

    /// Takes on the key with which the store says to seal.
    pub(super) async fn follow_key(&self, seen: &mut Change) -> Result<(), StoreError> {
        let check: Vec<u8> = sqlx::query("select check_value from master_key").fetch_one(&mut *seen).await?.try_get(0)?;
        if self.vault.make_current(&check) {
            return Ok(());
        }
        Err(StoreError::Folder(format!(
            "the master key was rotated to {}, which this server does not have. Restart it with that key in KEYWAY_MASTER_KEY",
            id_of(&check)
        )))
    }

    /// Seals the next values of a walk again, where another key sealed them; how many those were comes back, and none
    /// at the end of the walk.
    pub(crate) async fn reseal_some(&self, change: &mut Change, walk: &mut Walk) -> Result<Option<usize>, StoreError> {
        let current = self.vault.current();
        let Some(values) = walk.next(change).await? else { return Ok(None) };
        let mut done = 0;
        for value in values {
            if current.open_for(&value.bound, &value.sealed).is_ok() {
                continue;
            }
            // What no key opens stays as it is: the report counts it.
            let Ok(secret) = self.vault.open_for(&value.bound, &value.sealed) else { continue };
            let sealed = current.seal_for(&value.bound, &secret)?;
            value.put(change, sealed).await?;
            done += 1;
        }
        Ok(Some(done))
    }

    /// Takes the former key out of the folder's key file, where everything is sealed with the present one.
    pub(crate) async fn forget_former_key(&self) -> Result<(), StoreError> {
        match &self.identity {
            Some(identity) if std::env::var_os("KEYWAY_MASTER_KEY").is_none() && self.key_report().await?.is_settled() => {
                folder::write_keys(identity.folder(), &[self.vault.current().key().expose()])
            }
            _ => Ok(()),
        }
    }

    /// Says which keys this instance has, on a shared store.
    pub(crate) async fn hold_keys(&self) -> Result<(), StoreError> {
        let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        // Hosts may have no name that this process sees, or the same, and containers the same process id.
        static OF_THIS_PROCESS: std::sync::LazyLock<u32> = std::sync::LazyLock::new(|| {
            let mut random = [0; 4];
            // Without randomness no key could be made either.
            let _ = getrandom::fill(&mut random);
            u32::from_ne_bytes(random)
        });
        let instance = format!("{} (process {}, {:08x})", host.trim(), std::process::id(), *OF_THIS_PROCESS);
        let ids: Vec<String> = self.vault.all().iter().map(|known| known.id()).collect();
        let query = format!(
            "insert into key_holder values ($1, $2, {NOW}) on conflict (instance) do update set keys = excluded.keys, seen_at = excluded.seen_at"
        );
        sqlx::query(AssertSqlSafe(query)).bind(instance).bind(ids.join(" ")).execute(&self.pool).await?;
        let gone = format!("delete from key_holder where seen_at < {NOW} - 10 * {GONE_AFTER_MS}");
        sqlx::query(AssertSqlSafe(gone)).execute(&self.pool).await?;
        Ok(())
    }
}

/// The key of a rotation.
pub(crate) struct NextKey(Arc<Known>);

/// A walk over all sealed values, some rows at a time, in the order of their keys: it reads each row once, so a rotation
/// takes time in proportion to their number.
pub(crate) struct Walk {
    /// Index of the place; public apps come after the last.
    at: usize,
    /// The last row that was read there, by its key.
    after: (i64, Vec<u8>),
}

impl Default for Walk {
    fn default() -> Self {
        Self { at: 0, after: (i64::MIN, Vec::new()) }
    }
}

impl Walk {
    /// The values of the next rows; none at the end.
    async fn next(&mut self, seen: &mut Change) -> Result<Option<Vec<Sealed>>, StoreError> {
        while let Some((table, column, key, is_bytes, bound)) = PLACES.get(self.at).copied() {
            let text = format!(
                "select {key} as row_key, {column} as sealed_value{} from {table} where {column} is not null and {key} > $1 order by {key} limit {BATCH}",
                bound_by(table)
            );
            let query = sqlx::query(AssertSqlSafe(text));
            let query = if is_bytes { query.bind(self.after.1.clone()) } else { query.bind(self.after.0) };
            let mut values = Vec::new();
            for row in query.fetch_all(&mut *seen).await? {
                let place = if is_bytes {
                    self.after.1 = row.try_get("row_key")?;
                    Place::Bytes(table, column, key, self.after.1.clone())
                } else {
                    self.after.0 = row.try_get("row_key")?;
                    Place::Number(table, column, key, self.after.0)
                };
                values.push(Sealed { bound: bound(&row)?, sealed: row.try_get("sealed_value")?, place });
            }
            if !values.is_empty() {
                return Ok(Some(values));
            }
            *self = Self { at: self.at + 1, ..Self::default() };
        }
        let apps = oauth::sealed_secrets(seen, self.after.0, BATCH).await?;
        let Some((last, _)) = apps.last() else { return Ok(None) };
        self.after.0 = signed(*last);
        let value = |app_id, (hash, sealed)| Sealed { bound: oauth::bound_to(&hash), sealed, place: Place::ClientSecret(app_id, hash) };
        Ok(Some(apps.into_iter().flat_map(|(id, secrets)| secrets.into_iter().map(move |secret| value(id, secret))).collect()))
    }
}

/// A sealed value.
struct Sealed {
    bound: String,
    sealed: Vec<u8>,
    place: Place,
}

enum Place {
    Number(&'static str, &'static str, &'static str, i64),
    Bytes(&'static str, &'static str, &'static str, Vec<u8>),
    ClientSecret(u64, TokenHash),
}

impl Sealed {
    /// Puts it in the place of the one that was there; another change may have come first.
    async fn put(&self, change: &mut Change, sealed: Vec<u8>) -> Result<(), StoreError> {
        let update = |table: &str, column: &str, key: &str| {
            AssertSqlSafe(format!("update {table} set {column} = $1 where {key} = $2 and {column} = $3"))
        };
        match &self.place {
            Place::Number(table, column, key, row) => {
                let query = sqlx::query(update(table, column, key)).bind(sealed).bind(*row).bind(self.sealed.clone());
                query.execute(&mut *change).await?;
            }
            Place::Bytes(table, column, key, row) => {
                let query = sqlx::query(update(table, column, key)).bind(sealed).bind(row.clone()).bind(self.sealed.clone());
                query.execute(&mut *change).await?;
            }
            Place::ClientSecret(app_id, hash) => oauth::put_sealed_secret(change, *app_id, hash, sealed).await?,
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;

/// The instances that are there, and the ids of their keys.
async fn holders(seen: &mut Change) -> Result<Vec<(String, Vec<String>)>, StoreError> {
    let text = format!("select instance, keys from key_holder where seen_at > {NOW} - {GONE_AFTER_MS} order by instance");
    let rows = sqlx::query(AssertSqlSafe(text)).fetch_all(&mut *seen).await?;
    super::each(&rows, |row| {
        let keys: String = row.try_get("keys")?;
        Ok((row.try_get("instance")?, keys.split(' ').map(str::to_owned).collect()))
    })
}
