//! Accounts, apps and tokens at rest, in SQLite or PostgreSQL.
//!
//! Read whole at the start and written on changes; never on the road of a request. What a change
//! means is decided in `control`.

mod accounts;
pub(crate) mod admin_tokens;
pub(crate) mod agents;
pub mod approvals;
mod apps;
pub(crate) mod board;
pub mod changes;
mod folder;
pub mod idempotency;
mod identity;
mod keys;
mod moved;
mod moving;
pub(crate) mod notify;
pub(crate) mod oauth;
pub mod oauth_accounts;
mod opening;
pub(crate) mod people;
pub(crate) mod proxy;
mod rotation;
pub(crate) mod sessions;
pub(crate) mod sign_in;
mod tables;
mod tokens;

use std::path::Path;
use std::sync::Arc;

use keyway_core::secret::Secret;
use keyway_core::time::Timestamp;
use keyway_core::token::TokenKey;
use sqlx::any::AnyRow;
use sqlx::{Any, AnyPool, AssertSqlSafe, Executor, Row};

use crate::audit::chain::ChainKey;
use crate::clock;
use crate::model::{Account, App, OAuthClient, ProxyAuthority, PublicApp, Token};
use crate::vault::VaultError;
use accounts::account;
pub(crate) use accounts::{delete_account, put_account};
use apps::{app, classes, read_rule, words, written_rule};
pub(crate) use apps::{delete_app, insert_app, put_reached, reached, update_app};
use keys::Keys;
pub use keyway_ground::database::Change;
use keyway_ground::database::{NOW, signed};
pub use moved::Mark;
pub use moving::{Left, Target};
pub(crate) use opening::checked_url;
pub use rotation::KeyReport;
pub(crate) use rotation::Walk;
use tokens::token;
pub(crate) use tokens::{backdate, insert_token, last_used, put_last_used, update_token};

/// The store could not be opened, read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The data folder can't be used; says why.
    #[error("{0}")]
    Folder(String),
    /// The database says why.
    #[error("the store: {0}")]
    Database(#[from] sqlx::Error),
    /// The file was made by a newer version, or its migrations were changed.
    #[error("the store can't be brought up to date: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// A sealed credential can't be opened.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// A row does not hold what this version understands.
    #[error("the store holds a {0} that this version can't read")]
    Row(&'static str),
}

impl StoreError {
    /// Whether the same may succeed later: there was no room, or no answer.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Database(sqlx::Error::Database(error)) => {
                // SQLite's codes carry more in their upper bytes: 13 is a full disk, 10 a failed read or write, 5 and 6
                // a lock. PostgreSQL's class 53 is want of room, 57 and 08 that it goes down or is away.
                let code = error.code().unwrap_or_default();
                let of_sqlite = code.parse::<u32>().is_ok_and(|code| code.to_string().len() < 5 && matches!(code & 255, 5 | 6 | 10 | 13));
                of_sqlite || (code.len() == 5 && ["53", "57", "08"].iter().any(|class| code.starts_with(class)))
            }
            Self::Database(error) => matches!(error, sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed),
            _ => false,
        }
    }
}

/// The open store. Holds the folder's lock while it lives.
pub struct Store {
    pool: AnyPool,
    shared: bool,
    token_key: [u8; 32],
    /// The root key: see [`rotation`].
    master_key: Secret<[u8; 32]>,
    vault: Keys,
    identity: Option<identity::Identity>,
    _lock: Option<folder::Lock>,
}

/// All that is stored but the records of calls.
pub(crate) struct Everything {
    pub accounts: Vec<Account>,
    pub apps: Vec<App>,
    pub tokens: Vec<Token>,
    pub public_apps: Vec<PublicApp>,
    pub oauth_clients: Vec<Arc<OAuthClient>>,
    pub authorities: Vec<Arc<ProxyAuthority>>,
}

impl Store {
    /// The id of the data folder, which `portal.db` carries too; none where nothing or only the master
    /// key is in the folder.
    pub fn folder_id(&self) -> Option<&str> {
        self.identity.as_ref().map(identity::Identity::id)
    }

    /// Notes that every part of the data folder exists: from now on a start without one of them is refused.
    ///
    /// # Errors
    /// The store or the folder can't be written.
    pub async fn folder_is_complete(&self) -> Result<(), StoreError> {
        match &self.identity {
            Some(identity) => identity.complete(&self.pool).await,
            None => Ok(()),
        }
    }

    /// Whether other instances use it too.
    pub const fn is_shared(&self) -> bool {
        self.shared
    }

    /// The key of the token hashes.
    pub const fn token_key(&self) -> TokenKey {
        TokenKey::new(self.token_key)
    }

    /// A secret that everybody who holds the master key can make again, for what `bound` says.
    pub(crate) fn secret_for(&self, bound: &str) -> Secret<[u8; 32]> {
        let key = blake3::derive_key("keyway 2026-11 secrets made again", self.master_key.expose());
        Secret::new(*blake3::keyed_hash(&key, bound.as_bytes()).as_bytes())
    }

    /// The keys of the audit's seals.
    pub fn audit_key(&self) -> ChainKey {
        ChainKey::new(self.master_key.expose())
    }

    /// Seals a secret for what `bound` says.
    pub(crate) fn seal_for(&self, bound: &str, secret: &Secret<String>) -> Result<Vec<u8>, StoreError> {
        Ok(self.vault.seal_for(bound, secret)?)
    }

    /// Opens a secret that was sealed for the same.
    pub(crate) fn open_for(&self, bound: &str, sealed: &[u8]) -> Result<Secret<String>, StoreError> {
        Ok(self.vault.open_for(bound, sealed)?)
    }

    /// Everything, as a change in progress sees it.
    ///
    /// # Errors
    /// The store can't be read.
    pub(crate) async fn load_all(&self, change: &mut Change) -> Result<Everything, StoreError> {
        self.follow_key(change).await?;
        let accounts = sqlx::query("select * from account order by hub_id").fetch_all(&mut *change).await?;
        let apps = sqlx::query("select * from app order by id").fetch_all(&mut *change).await?;
        let tokens = sqlx::query(sessions::TOKENS).fetch_all(&mut *change).await?;
        let connections = sqlx::query("select * from connection").fetch_all(&mut *change).await?;
        let mut accounts = each(&accounts, account)?;
        for row in &connections {
            let hub_id = unsigned(row.try_get("hub_id")?, "hub id")?;
            // Sorted by the query above.
            if let Ok(at) = accounts.binary_search_by_key(&hub_id, |account| account.hub_id) {
                accounts[at].connection = Some(Arc::new(self.connection(hub_id, row)?));
            }
        }
        let public_apps = oauth::public_apps(change).await?;
        let oauth_clients = self.oauth_clients(change).await?.into_iter().map(Arc::new).collect();
        let authorities = self.proxy_authorities(change).await?.into_iter().map(Arc::new).collect();
        Ok(Everything { accounts, apps: each(&apps, app)?, tokens: each(&tokens, token)?, public_apps, oauth_clients, authorities })
    }

    /// Begins a change. On a shared store, changes of all instances follow each other.
    ///
    /// # Errors
    /// The store can't be written.
    pub async fn begin(&self) -> Result<Change, StoreError> {
        let mut change = Change::begin(&self.pool).await?;
        if self.shared {
            change.execute("set local lock_timeout = '5s'").await?;
            change.execute("select pg_advisory_xact_lock(7253001)").await?;
        }
        Ok(change)
    }

    /// Begins to read: what is seen is all of one moment.
    pub(crate) async fn read(&self) -> Result<Change, StoreError> {
        let mut reading = Change::begin(&self.pool).await?;
        if self.shared {
            reading.execute("set transaction isolation level repeatable read, read only").await?;
        }
        Ok(reading)
    }

    /// The time that counts for what instances agree on: that of the shared database, else of this machine.
    pub(crate) async fn now(&self, seen: &mut Change) -> Result<Timestamp, StoreError> {
        if !self.shared {
            return Ok(clock::now());
        }
        let now = sqlx::query(AssertSqlSafe(format!("select {NOW}"))).fetch_one(&mut *seen).await?;
        Ok(Timestamp::from_ms(now.try_get(0)?))
    }

    /// The number of the last change.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn generation(&self) -> Result<i64, StoreError> {
        generation(&self.pool).await
    }

    /// Numbers a change, and tells the other instances of it once it is committed.
    pub(crate) async fn number(&self, change: &mut Change) -> Result<i64, StoreError> {
        let number = sqlx::query("update generation set value = value + 1 returning value").fetch_one(&mut *change).await?;
        if self.shared {
            change.execute("select pg_notify('keyway', '')").await?;
        }
        Ok(number.try_get(0)?)
    }

    /// Whether the store answers.
    pub async fn is_ready(&self) -> bool {
        sqlx::query("select 1").execute(&self.pool).await.is_ok()
    }

    /// Writes a change that leaves everything as it is.
    ///
    /// # Errors
    /// No change can be written now.
    pub(crate) async fn try_write(&self) -> Result<(), StoreError> {
        let mut change = self.begin().await?;
        // SQLite writes no page whose content stays, so one statement that sets the same value would show nothing.
        for step in ["update generation set value = value + 1", "update generation set value = value - 1"] {
            sqlx::query(step).execute(&mut change).await?;
        }
        Ok(change.commit().await?)
    }

    /// Closes it.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

/// Whether a text, such as that of a key file, holds the master key with this check value.
pub(crate) fn holds_key(text: &str, check: &[u8]) -> bool {
    text.lines().filter_map(|line| folder::parse_hex(line.trim())).any(|key| keys::Known::new(key).check == check)
}

/// The key of the audit's seals, from a text that [holds](holds_key) the master key, and the root key as a store has it.
pub(crate) fn audit_key_from(text: &str, check: &[u8], root: Option<&[u8]>) -> Option<ChainKey> {
    let keys = text.lines().filter_map(|line| folder::parse_hex(line.trim())).map(keys::Known::new);
    let root = keys.into_iter().find(|key| key.check == check)?.root(root).ok()?;
    Some(ChainKey::new(&root))
}

/// From here on every file this process makes is its owner's alone.
pub(crate) fn make_files_private() {
    folder::make_files_private();
}

/// Makes a data folder and takes its lock; given back when it is dropped.
pub(crate) fn lock(path: &Path) -> Result<impl Drop + use<>, StoreError> {
    folder::prepare(path)
}

/// Whether a server holds the lock of a folder; changes nothing.
pub(crate) fn is_in_use(path: &Path) -> bool {
    folder::is_locked(path)
}

/// Whether a text holds a master key on one of its lines.
pub(crate) fn is_key(text: &str) -> bool {
    text.lines().any(|line| folder::parse_hex(line.trim()).is_some())
}

/// The number of the last change.
pub(crate) async fn generation<'c>(seen: impl Executor<'c, Database = Any>) -> Result<i64, StoreError> {
    Ok(sqlx::query("select value from generation").fetch_one(seen).await?.try_get(0)?)
}

fn each<T>(rows: &[AnyRow], read: impl Fn(&AnyRow) -> Result<T, StoreError>) -> Result<Vec<T>, StoreError> {
    rows.iter().map(read).collect()
}

fn json_list(list: &[String]) -> String {
    serde_json::Value::from(list).to_string()
}

fn unsigned(value: i64, what: &'static str) -> Result<u64, StoreError> {
    u64::try_from(value).map_err(|_| StoreError::Row(what))
}

#[cfg(test)]
mod silent;
