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
use keyway_core::shown;
use keyway_core::time::Timestamp;
use keyway_core::token::TokenKey;
use sqlx::any::AnyRow;
use sqlx::migrate::Migrator;
use sqlx::postgres::PgConnectOptions;
use sqlx::{Any, AnyConnection, AnyPool, AssertSqlSafe, ConnectOptions as _, Connection as _, Executor, Row};

use crate::audit::chain::ChainKey;
use crate::clock;
use crate::model::{Account, App, OAuthClient, ProxyAuthority, PublicApp, Token};
use crate::vault::VaultError;
use accounts::account;
pub(crate) use accounts::{delete_account, put_account};
use apps::{app, classes, read_rule, words, written_rule};
pub(crate) use apps::{delete_app, insert_app, put_reached, reached, update_app};
use keys::Keys;
use keyway_ground::database;
pub use keyway_ground::database::Change;
use keyway_ground::database::{NOW, signed};
pub use moved::Mark;
pub use moving::{Left, Target};
pub use rotation::KeyReport;
pub(crate) use rotation::Walk;
use tables::migrations;
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
    /// Opens the store of a data folder, which is made if it is missing, or one kept nowhere; with
    /// `database`, a PostgreSQL that other instances may use too (the folder then holds the master
    /// key and the admin socket).
    ///
    /// # Errors
    /// The folder is used by another server or not writable, the database does not answer, or it was
    /// made by a newer version.
    pub async fn open(folder: Option<&Path>, database: Option<&str>) -> Result<Self, StoreError> {
        folder::make_files_private();
        let lock = folder.map(folder::prepare).transpose()?;
        let mut mark = None;
        match folder {
            Some(folder) if database.is_some() => {
                mark = Mark::read(folder)?;
                if mark.is_none() {
                    identity::check_nothing_is_passed_over(folder)?;
                }
            }
            Some(folder) => {
                moved::refuse(folder)?;
                identity::check_store_is_there(folder)?;
            }
            None => {}
        }
        Self::open_checked(folder, database, lock, mark).await
    }

    /// Checks what [`Self::open`] refuses before it opens anything: the master key and the URL of the database. Changes
    /// nothing, and connects to nothing.
    ///
    /// # Errors
    /// One of them can't be used.
    pub fn check(folder: &Path, database: Option<&str>) -> Result<(), StoreError> {
        folder::known_master_key(folder, database.is_some())?;
        folder::former_key(folder)?;
        database.map_or(Ok(()), |url| checked_url(url).map(drop))
    }

    /// Opens the store of a folder whose parts are there and whose lock is held.
    async fn open_checked(
        folder: Option<&Path>,
        database: Option<&str>,
        lock: Option<folder::Lock>,
        mark: Option<Mark>,
    ) -> Result<Self, StoreError> {
        sqlx::any::install_default_drivers();
        let shared = database.is_some();
        let master_key = match folder {
            Some(folder) => folder::master_key(folder, shared)?,
            None => folder::random_key()?,
        };
        let url = match (database, folder) {
            (Some(url), _) => url_that_answers(checked_url(url)?).await?,
            (None, Some(folder)) => sqlite_url(&folder.join("keyway.db"))?,
            (None, None) => "sqlite::memory:".to_owned(),
        };
        if let (Some(folder), false) = (folder, shared) {
            check_is_readable(&url, folder).await?;
        }
        // On SQLite one connection: changes are rare and follow each other; a memory store lives as long as it.
        let pool = database::pool(if shared { 4 } else { 1 })
            .idle_timeout(None)
            .max_lifetime(None)
            .after_connect(move |connection, _| {
                Box::pin(async move {
                    let settings = if shared {
                        "set client_min_messages = warning"
                    } else {
                        "pragma foreign_keys = on; pragma journal_mode = wal; pragma synchronous = full"
                    };
                    connection.execute(settings).await?;
                    Ok(())
                })
            })
            .connect(&url)
            .await?;
        if folder.is_some() || shared {
            Migrator::with_migrations(migrations(shared)).run(&pool).await?;
        } else {
            // Nobody asks a store that is kept nowhere which steps it has had; noting each down takes
            // some milliseconds of the time from start to first answer.
            let all: String = migrations(false).iter().map(|one| one.sql.as_str()).collect();
            sqlx::raw_sql(AssertSqlSafe(all)).execute(&pool).await?;
        }
        if shared {
            moved::check_database(&pool, mark.as_ref()).await?;
        }
        let former = folder.map(folder::former_key).transpose()?.flatten();
        let keys = Keys::new(master_key, former);
        let master_key = check_master_key(&pool, &keys, shared).await?;
        let identity = match folder {
            Some(folder) if !shared => Some(identity::Identity::read(&pool, folder).await?),
            _ => None,
        };
        // Each use of the master key has a key of its own, so that one never weakens the other.
        let token_key = blake3::derive_key("keyway 2026-11 token hashes", &master_key);
        Ok(Self { pool, shared, token_key, vault: keys, master_key: Secret::new(master_key), identity, _lock: lock })
    }

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

    /// Closes it.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

/// Reads the file once by itself: a pool goes on trying, and says only that it timed out.
async fn check_is_readable(url: &str, folder: &Path) -> Result<(), StoreError> {
    let read = async {
        let mut connection = AnyConnection::connect(url).await?;
        connection.execute("select count(*) from sqlite_master").await?;
        connection.close().await
    };
    read.await.map_err(|error: sqlx::Error| {
        let folder = shown::path(&folder);
        StoreError::Folder(format!(
            "keyway.db in the data folder {folder} can't be read: {error}. Nothing was changed. Move the folder away and restore a backup with \"keyway restore BACKUP --data {folder}\""
        ))
    })
}

/// Refuses a master key that is not the one the store began with: under another key no stored token
/// would be known, and every integration would get the answer that its token does not exist. The root key comes back.
async fn check_master_key(pool: &AnyPool, keys: &Keys, shared: bool) -> Result<[u8; 32], StoreError> {
    let first = keys.first().check.to_vec();
    sqlx::query("insert into master_key (\"only\", check_value) values (1, $1) on conflict do nothing").bind(first).execute(pool).await?;
    let kept = sqlx::query("select check_value, root from master_key").fetch_one(pool).await?;
    if keys.make_current(&kept.try_get::<Vec<u8>, _>("check_value")?) {
        return Ok(keys.current().root(kept.try_get::<Option<Vec<u8>>, _>("root")?.as_deref())?);
    }
    let store = if shared { "database" } else { "data folder" };
    Err(StoreError::Folder(format!(
        "the master key is not the one that this {store} was made with, or that \"keyway key rotate\" put in its place. Set KEYWAY_MASTER_KEY to the right key, or restore its master.key"
    )))
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

/// The number of the last change.
pub(crate) async fn generation<'c>(seen: impl Executor<'c, Database = Any>) -> Result<i64, StoreError> {
    Ok(sqlx::query("select value from generation").fetch_one(seen).await?.try_get(0)?)
}

/// The URL of a PostgreSQL that answers. A pool tries again until its time is over, and then names neither host nor cause.
async fn url_that_answers(url: String) -> Result<String, StoreError> {
    let options: PgConnectOptions = url.parse()?;
    let cause = match tokio::time::timeout(database::ANSWER_TIME_MAX, options.connect()).await {
        Ok(Ok(connection)) => {
            let _ = connection.close().await;
            return Ok(url);
        }
        Ok(Err(error)) => error.to_string(),
        Err(_) => "it does not answer in time".to_owned(),
    };
    let (host, port) = (options.get_host(), options.get_port());
    Err(StoreError::Folder(format!("the PostgreSQL at {host}:{port} of --database can't be used: {cause}")))
}

/// A URL that names a PostgreSQL.
pub(crate) fn checked_url(url: &str) -> Result<String, StoreError> {
    if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        return Ok(url.to_owned());
    }
    // The URL may hold a password, so it is not repeated.
    Err(StoreError::Folder(
        "--database and --to take a URL that begins with postgres://. Without --database, a server keeps a SQLite database in its data folder".into(),
    ))
}

/// The URL of a SQLite file.
pub(crate) fn sqlite_url(path: &Path) -> Result<String, StoreError> {
    keyway_ground::database::sqlite_url(path).map_err(|error| StoreError::Folder(error.to_string()))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn another_master_key_is_refused_before_it_does_harm() {
        let folder = tempfile::tempdir().unwrap();
        Store::open(Some(folder.path()), None).await.unwrap().close().await;
        Store::open(Some(folder.path()), None).await.unwrap().close().await;
        std::fs::write(folder.path().join("master.key"), "ab".repeat(32)).unwrap();
        let refused = Store::open(Some(folder.path()), None).await.err().unwrap();
        assert!(refused.to_string().contains("not the one that this data folder was made with"), "{refused}");
    }
    #[tokio::test]
    async fn a_store_that_is_kept_nowhere_has_the_tables_of_one_in_a_folder() {
        async fn tables(store: &Store) -> Vec<(String, String)> {
            let query = "select name, sql from sqlite_master where sql is not null and name not like '_sqlx%' and name not like 'sqlite_%' order by name";
            let rows = sqlx::query(query).fetch_all(&store.pool).await.unwrap();
            rows.iter().map(|row| (row.get("name"), row.get("sql"))).collect()
        }
        let folder = tempfile::tempdir().unwrap();
        let kept = tables(&Store::open(Some(folder.path()), None).await.unwrap()).await;
        assert!(kept.iter().any(|(name, _)| name == "change_record"), "{kept:?}");
        assert_eq!(tables(&Store::open(None, None).await.unwrap()).await, kept);
    }
}
