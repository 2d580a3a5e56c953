//! Accounts, apps and tokens at rest, in SQLite or PostgreSQL.
//!
//! Read whole at the start and written on changes; never on the road of a request. What a change
//! means is decided in `control`.

pub(crate) mod admin_tokens;
pub(crate) mod agents;
pub mod approvals;
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

use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

use keyway_core::approval::Rule;
use keyway_core::beside::{Access, Beside};
use keyway_core::guards::{BesidePath, Guards, SensitiveProperties};
use keyway_core::object_type::ObjectType;
use keyway_core::quota::Tier;
use keyway_core::secret::Secret;
use keyway_core::shown;
use keyway_core::time::Timestamp;
use keyway_core::token::{TokenHash, TokenKey};
use keyway_core::unlisted::Unlisted;
use serde_json::{Value, json};
use sqlx::any::AnyRow;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::postgres::PgConnectOptions;
use sqlx::{Any, AnyConnection, AnyPool, AssertSqlSafe, ConnectOptions as _, Connection as _, Executor, Row, SqlSafeStr};

use crate::audit::chain::ChainKey;
use crate::clock;
use crate::model::{Account, App, Connection, Former, Grant, OAuthClient, ProxyAuthority, PublicApp, Sharing, Token};
use crate::upstream::Base;
use crate::vault::VaultError;
use keys::Keys;
use keyway_core::safety::Classes;
use keyway_ground::database;
pub use keyway_ground::database::Change;
use keyway_ground::database::{NOW, signed};
pub use moved::Mark;
pub use moving::{Left, Target};
pub use rotation::KeyReport;
pub(crate) use rotation::Walk;

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

    fn connection(&self, hub_id: u64, row: &AnyRow) -> Result<Connection, StoreError> {
        Ok(Connection {
            base: Base::parse(row.try_get("base_url")?).map_err(|_| StoreError::Row("base URL"))?,
            credential: self.vault.open(hub_id, row.try_get("sealed")?)?,
            hint: row.try_get("hint")?,
            scopes: serde_json::from_str(row.try_get("scopes")?).map_err(|_| StoreError::Row("list of scopes"))?,
            since: Timestamp::from_ms(row.try_get("since")?),
            checked_at: Timestamp::from_ms(row.try_get("checked_at")?),
            former: match row.try_get::<Option<Vec<u8>>, _>("former_sealed")? {
                Some(sealed) => Some(Former {
                    credential: self.vault.open(hub_id, &sealed)?,
                    hint: row.try_get("former_hint")?,
                    until: Timestamp::from_ms(row.try_get("former_until")?),
                }),
                None => None,
            },
            oauth_client: row.try_get::<Option<i64>, _>("oauth_client_id")?.map(|id| unsigned(id, "client id")).transpose()?,
        })
    }

    /// Writes a connection, its credential sealed.
    pub(crate) async fn put_connection(&self, change: &mut Change, hub_id: u64, connection: &Connection) -> Result<(), StoreError> {
        sqlx::query(
            "insert into connection (hub_id, base_url, sealed, hint, scopes, since, checked_at, former_sealed, former_hint, former_until, oauth_client_id)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
             on conflict (hub_id) do update set base_url = excluded.base_url, sealed = excluded.sealed, hint = excluded.hint,
             scopes = excluded.scopes, since = excluded.since, checked_at = excluded.checked_at, former_sealed = excluded.former_sealed,
             former_hint = excluded.former_hint, former_until = excluded.former_until, oauth_client_id = excluded.oauth_client_id",
        )
        .bind(signed(hub_id))
        .bind(connection.base.to_string())
        .bind(self.vault.seal(hub_id, &connection.credential)?)
        .bind(&connection.hint)
        .bind(json_list(&connection.scopes))
        .bind(connection.since.as_ms())
        .bind(connection.checked_at.as_ms())
        .bind(connection.former.as_ref().map(|former| self.vault.seal(hub_id, &former.credential)).transpose()?)
        .bind(connection.former.as_ref().map(|former| former.hint.clone()))
        .bind(connection.former.as_ref().map(|former| former.until.as_ms()))
        .bind(connection.oauth_client.map(signed))
        .execute(&mut *change)
        .await?;
        Ok(())
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

/// Every migration, oldest first: one line for each file of `migrations/`.
fn migrations(postgres: bool) -> Vec<Migration> {
    let files = [
        (1, "accounts, apps and tokens", include_str!("../migrations/0001_accounts_apps_tokens.sql")),
        (2, "check of the master key", include_str!("../migrations/0002_master_key_check.sql")),
        (3, "connections to HubSpot", include_str!("../migrations/0003_connections.sql")),
        (4, "legacy keys", include_str!("../migrations/0004_legacy_keys.sql")),
        (5, "sharing of limits", include_str!("../migrations/0005_sharing.sql")),
        (6, "numbered changes", include_str!("../migrations/0006_generation.sql")),
        (7, "former credentials", include_str!("../migrations/0007_former_credential.sql")),
        (8, "translation of numbered versions", include_str!("../migrations/0008_translate.sql")),
        (9, "public apps and their installs", include_str!("../migrations/0009_oauth.sql")),
        (10, "people and their sessions", include_str!("../migrations/0010_people.sql")),
        (11, "accounts connected by OAuth", include_str!("../migrations/0011_oauth_accounts.sql")),
        (30, "roles and admin tokens", include_str!("../migrations/0030_roles.sql")),
        (31, "the record of changes", include_str!("../migrations/0031_changes.sql")),
        (32, "answers that are given again", include_str!("../migrations/0032_idempotency.sql")),
        (33, "set-up link and second factors", include_str!("../migrations/0033_sign_in.sql")),
        (40, "apps without limits", include_str!("../migrations/0040_no_limits.sql")),
        (50, "the last sign-in", include_str!("../migrations/0050_last_sign_in.sql")),
        (51, "who people are at the identity provider", include_str!("../migrations/0051_provider.sql")),
        (60, "the account of a change", include_str!("../migrations/0060_change_account.sql")),
        (70, "the id of the data folder", include_str!("../migrations/0070_folder.sql")),
        (75, "authorities of the forward proxy", include_str!("../migrations/0075_proxy_authority.sql")),
        (80, "unlisted operations", include_str!("../migrations/0080_unlisted.sql")),
        (90, "object types beside the path", include_str!("../migrations/0090_beside_path.sql")),
        (91, "sensitive properties", include_str!("../migrations/0091_sensitive_properties.sql")),
        (92, "object types reached beside the path", include_str!("../migrations/0092_beside_use.sql")),
        (93, "channels, conditions and messages of notifications", include_str!("../migrations/0093_notify.sql")),
        (94, "the lifetime of tokens", include_str!("../migrations/0094_token_lifetime.sql")),
        (97, "a data folder that was moved here", include_str!("../migrations/0097_moved.sql")),
        (98, "rotation of the master key", include_str!("../migrations/0098_key_rotation.sql")),
        (100, "what a rotation of a token changed", include_str!("../migrations/0100_hand_back.sql")),
        (104, "notifications of a restored copy are held", include_str!("../migrations/0104_notify_hold.sql")),
        (105, "classes of operations that apps are held to", include_str!("../migrations/0105_allow.sql")),
        (106, "sessions of apps", include_str!("../migrations/0106_app_session.sql")),
        (110, "calls that need an approval", include_str!("../migrations/0110_approvals.sql")),
        (111, "sessions made for agents over OAuth", include_str!("../migrations/0111_agent_grant.sql")),
        (112, "the migration board", include_str!("../migrations/0112_board.sql")),
        (114, "calls of sessions that need an approval", include_str!("../migrations/0114_session_approve.sql")),
    ];
    let migration = |(version, what, text): (i64, &'static str, &'static str)| {
        let text = if postgres { for_postgres(text) } else { text.to_owned() };
        // The text is one of the files above.
        Migration::new(version, what.into(), MigrationType::Simple, AssertSqlSafe(text).into_sql_str(), false)
    };
    files.into_iter().map(migration).collect()
}

/// The migrations are written for SQLite; PostgreSQL differs in the names of types.
fn for_postgres(text: &str) -> String {
    let differences = [
        ("only integer primary key check (only = 1)", "\"only\" bigint primary key check (\"only\" = 1)"),
        ("integer primary key autoincrement", "bigint generated by default as identity primary key"),
        ("integer", "bigint"),
        ("blob", "bytea"),
        (") strict", ")"),
    ];
    differences.iter().fold(text.to_owned(), |text, (sqlite, postgres)| text.replace(sqlite, postgres))
}

/// Inserts an account, or replaces what is known of it.
pub(crate) async fn put_account(change: &mut Change, account: &Account) -> Result<(), StoreError> {
    sqlx::query(
        "insert into account (hub_id, name, tier, addons, time_zone, currency, region, created_at, beside_path, sensitive_properties) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
         on conflict (hub_id) do update set name = excluded.name, tier = excluded.tier, addons = excluded.addons,
         time_zone = excluded.time_zone, currency = excluded.currency, beside_path = excluded.beside_path,
         sensitive_properties = excluded.sensitive_properties",
    )
    .bind(signed(account.hub_id))
    .bind(&account.name)
    .bind(account.tier.to_string())
    .bind(i64::from(account.addons))
    .bind(&account.time_zone)
    .bind(&account.currency)
    .bind(&account.region)
    .bind(account.created_at.as_ms())
    .bind(account.guards.beside_path.name())
    .bind(account.guards.sensitive.name())
    .execute(&mut *change)
    .await?;
    Ok(())
}

/// Inserts an app and returns its id; its own `id` is not looked at.
pub(crate) async fn insert_app(change: &mut Change, app: &App) -> Result<u64, StoreError> {
    let query = "insert into app (hub_id, name, description, owner, dependents, scopes, enabled, created_at, updated_at, weight, reserve, max_wait_ms, translate, public_app_id, no_limits, unlisted, allow, approve) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18) returning id";
    let made = sqlx::query(query)
        .bind(signed(app.hub_id))
        .bind(&app.name)
        .bind(&app.description)
        .bind(&app.owner)
        .bind(json_list(&app.dependents))
        .bind(json_list(&app.scopes))
        .bind(i64::from(app.enabled))
        .bind(app.created_at.as_ms())
        .bind(app.updated_at.as_ms())
        .bind(i64::from(app.sharing.weight))
        .bind(i64::from(app.sharing.reserve))
        .bind(i64::from(app.sharing.max_wait_ms))
        .bind(i64::from(app.translate))
        .bind(app.public_app.map(signed))
        .bind(i64::from(app.no_limits))
        .bind(json_list(&app.unlisted.to_texts()))
        .bind(words(app.allow))
        .bind(written_rule(&app.approve))
        .fetch_one(&mut *change)
        .await?;
    unsigned(made.try_get(0)?, "app id")
}

/// Writes what may change of an app.
pub(crate) async fn update_app(change: &mut Change, app: &App) -> Result<(), StoreError> {
    sqlx::query(
        "update app set name = $1, description = $2, owner = $3, dependents = $4, scopes = $5, enabled = $6, updated_at = $7,
         weight = $8, reserve = $9, max_wait_ms = $10, translate = $11, no_limits = $12, unlisted = $13, allow = $15, approve = $16 where id = $14",
    )
    .bind(&app.name)
    .bind(&app.description)
    .bind(&app.owner)
    .bind(json_list(&app.dependents))
    .bind(json_list(&app.scopes))
    .bind(i64::from(app.enabled))
    .bind(app.updated_at.as_ms())
    .bind(i64::from(app.sharing.weight))
    .bind(i64::from(app.sharing.reserve))
    .bind(i64::from(app.sharing.max_wait_ms))
    .bind(i64::from(app.translate))
    .bind(i64::from(app.no_limits))
    .bind(json_list(&app.unlisted.to_texts()))
    .bind(signed(app.id))
    .bind(words(app.allow))
    .bind(written_rule(&app.approve))
    .execute(&mut *change)
    .await?;
    Ok(())
}

/// Inserts a token and returns its id; its own `id` is not looked at.
pub(crate) async fn insert_token(change: &mut Change, token: &Token) -> Result<u64, StoreError> {
    let query = "insert into token (app_id, hash, hint, created_at, legacy, grant_scopes, grant_user, grant_user_id, expires_at, lifetime_ends_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) returning id";
    let grant = token.grant.as_deref();
    let made = sqlx::query(query)
        .bind(signed(token.app_id))
        .bind(token.hash.0.to_vec())
        .bind(&token.hint)
        .bind(token.created_at.as_ms())
        .bind(i64::from(token.legacy))
        .bind(grant.map(|grant| json_list(&grant.scopes)))
        .bind(grant.map(|grant| grant.user.clone()))
        .bind(grant.map(|grant| signed(grant.user_id)))
        .bind(token.expires_at.map(Timestamp::as_ms))
        .bind(token.lifetime_ends_at.map(Timestamp::as_ms))
        .fetch_one(&mut *change)
        .await?;
    unsigned(made.try_get(0)?, "token id")
}

/// Writes when a token ends.
pub(crate) async fn update_token(change: &mut Change, token: &Token) -> Result<(), StoreError> {
    sqlx::query("update token set expires_at = $1, revoked_at = $2, rotated_to = $4, end_before = $5 where id = $3")
        .bind(token.expires_at.map(Timestamp::as_ms))
        .bind(token.revoked_at.map(Timestamp::as_ms))
        .bind(signed(token.id))
        .bind(token.rotated_to.map(signed))
        .bind(token.end_before.map(Timestamp::as_ms))
        .execute(&mut *change)
        .await?;
    Ok(())
}

/// Changes when an app and its tokens were made, and when a token was last used.
pub(crate) async fn backdate(change: &mut Change, app_id: u64, made_at: Timestamp, last_used: Option<Timestamp>) -> Result<(), StoreError> {
    let app = sqlx::query("update app set created_at = $1, updated_at = $1 where id = $2");
    app.bind(made_at.as_ms()).bind(signed(app_id)).execute(&mut *change).await?;
    let token = sqlx::query("update token set created_at = $1, last_used_at = $2 where app_id = $3");
    token.bind(made_at.as_ms()).bind(last_used.map(Timestamp::as_ms)).bind(signed(app_id)).execute(&mut *change).await?;
    Ok(())
}

/// Writes when tokens were last used.
pub(crate) async fn put_last_used(change: &mut Change, used: &[(u64, Timestamp)]) -> Result<(), StoreError> {
    for (token_id, at) in used {
        sqlx::query("update token set last_used_at = $1 where id = $2 and coalesce(last_used_at, 0) < $1")
            .bind(at.as_ms())
            .bind(signed(*token_id))
            .execute(&mut *change)
            .await?;
    }
    Ok(())
}

/// When tokens were last used, on any instance.
pub(crate) async fn last_used(change: &mut Change) -> Result<Vec<(u64, Timestamp)>, StoreError> {
    let rows = sqlx::query("select id, last_used_at from token where last_used_at is not null").fetch_all(&mut *change).await?;
    each(&rows, |row| Ok((unsigned(row.try_get("id")?, "token id")?, Timestamp::from_ms(row.try_get("last_used_at")?))))
}

/// Writes which object types the calls of apps reached beside their paths.
pub(crate) async fn put_reached(change: &mut Change, reached: &[(u64, Beside)]) -> Result<(), StoreError> {
    for (app_id, beside) in reached {
        for (row, access) in beside.types() {
            // The app may be deleted meanwhile.
            let query = "insert into beside_use (app_id, object, access) select id, $2, $3 from app where id = $1 on conflict do nothing";
            sqlx::query(query).bind(signed(*app_id)).bind(row.name).bind(access.verb()).execute(&mut *change).await?;
        }
    }
    Ok(())
}

/// The object types that the calls of an app reached beside their paths. Types that this version does not know are left out.
pub(crate) async fn reached(reading: &mut Change, app_id: u64) -> Result<Beside, StoreError> {
    let query = sqlx::query("select object, access from beside_use where app_id = $1").bind(signed(app_id));
    let mut reached = Beside::default();
    for row in query.fetch_all(&mut *reading).await? {
        let (object, access): (String, String) = (row.try_get("object")?, row.try_get("access")?);
        let known = ObjectType::all().iter().chain([ObjectType::custom()]).find(|row| row.name == object);
        if let (Some(row), Some(access)) = (known, Access::of_verb(&access)) {
            reached.add(row, access);
        }
    }
    Ok(reached)
}

/// Deletes an account with its apps and tokens.
pub(crate) async fn delete_account(change: &mut Change, hub_id: u64) -> Result<(), StoreError> {
    sqlx::query("delete from account where hub_id = $1").bind(signed(hub_id)).execute(&mut *change).await?;
    Ok(())
}

/// Deletes an app with its tokens.
pub(crate) async fn delete_app(change: &mut Change, app_id: u64) -> Result<(), StoreError> {
    sqlx::query("delete from app where id = $1").bind(signed(app_id)).execute(&mut *change).await?;
    Ok(())
}

fn each<T>(rows: &[AnyRow], read: impl Fn(&AnyRow) -> Result<T, StoreError>) -> Result<Vec<T>, StoreError> {
    rows.iter().map(read).collect()
}

fn account(row: &AnyRow) -> Result<Account, StoreError> {
    Ok(Account {
        hub_id: unsigned(row.try_get("hub_id")?, "hub id")?,
        name: row.try_get("name")?,
        tier: Tier::from_str(row.try_get("tier")?).map_err(|_| StoreError::Row("tier"))?,
        addons: u8::try_from(row.try_get::<i64, _>("addons")?).map_err(|_| StoreError::Row("number of add-ons"))?,
        time_zone: row.try_get("time_zone")?,
        currency: row.try_get("currency")?,
        region: row.try_get("region")?,
        created_at: Timestamp::from_ms(row.try_get("created_at")?),
        guards: Guards {
            beside_path: BesidePath::parse(row.try_get("beside_path")?)
                .ok_or(StoreError::Row("setting for object types beside the path"))?,
            sensitive: SensitiveProperties::parse(row.try_get("sensitive_properties")?)
                .ok_or(StoreError::Row("setting for sensitive properties"))?,
        },
        connection: None,
    })
}

fn app(row: &AnyRow) -> Result<App, StoreError> {
    let small = |column: &'static str| u32::try_from(row.try_get::<i64, _>(column)?).map_err(|_| StoreError::Row(column));
    let list = |column: &str, what| -> Result<Vec<String>, StoreError> {
        serde_json::from_str(row.try_get(column)?).map_err(|_| StoreError::Row(what))
    };
    Ok(App {
        id: unsigned(row.try_get("id")?, "app id")?,
        hub_id: unsigned(row.try_get("hub_id")?, "hub id")?,
        name: row.try_get("name")?,
        description: row.try_get("description")?,
        owner: row.try_get("owner")?,
        dependents: list("dependents", "list of dependents")?,
        scopes: list("scopes", "list of scopes")?,
        sharing: Sharing { weight: small("weight")?, reserve: small("reserve")?, max_wait_ms: small("max_wait_ms")? },
        translate: row.try_get::<i64, _>("translate")? != 0,
        no_limits: row.try_get::<i64, _>("no_limits")? != 0,
        unlisted: Unlisted::parse(&list("unlisted", "list of unlisted operations")?).map_err(|_| StoreError::Row("unlisted operation"))?,
        allow: classes(row.try_get("allow")?)?,
        approve: read_rule(row.try_get("approve")?)?,
        enabled: row.try_get::<i64, _>("enabled")? != 0,
        created_at: Timestamp::from_ms(row.try_get("created_at")?),
        updated_at: Timestamp::from_ms(row.try_get("updated_at")?),
        public_app: row.try_get::<Option<i64>, _>("public_app_id")?.map(|id| unsigned(id, "public app id")).transpose()?,
    })
}

/// A rule for approvals as it is stored.
fn written_rule(rule: &Rule) -> String {
    json!({ "classes": rule.classes(), "above": rule.above(), "operations": rule.operations() }).to_string()
}

fn read_rule(text: &str) -> Result<Rule, StoreError> {
    let read = || {
        let stored: Value = serde_json::from_str(text).ok()?;
        let texts = |name: &str| -> Vec<String> {
            stored[name].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
        };
        Rule::parse(&texts("classes"), stored["above"].as_u64(), &texts("operations")).ok()
    };
    read().ok_or(StoreError::Row("rule for approvals"))
}

fn token(row: &AnyRow) -> Result<Token, StoreError> {
    let moment = |column: &str| row.try_get::<Option<i64>, _>(column).map(|at| at.map(Timestamp::from_ms));
    let hash = <[u8; 32]>::try_from(row.try_get::<Vec<u8>, _>("hash")?).map_err(|_| StoreError::Row("token hash"))?;
    Ok(Token {
        id: unsigned(row.try_get("id")?, "token id")?,
        app_id: unsigned(row.try_get("app_id")?, "app id")?,
        hash: TokenHash(hash),
        hint: row.try_get("hint")?,
        created_at: Timestamp::from_ms(row.try_get("created_at")?),
        expires_at: moment("expires_at")?,
        lifetime_ends_at: moment("lifetime_ends_at")?,
        rotated_to: row.try_get::<Option<i64>, _>("rotated_to")?.map(|id| unsigned(id, "token id")).transpose()?,
        end_before: moment("end_before")?,
        revoked_at: moment("revoked_at")?,
        last_used_at: moment("last_used_at")?,
        legacy: row.try_get::<i64, _>("legacy")? != 0,
        grant: grant(row)?.map(Arc::new),
        session: sessions::session(row)?.map(Arc::new),
    })
}

fn grant(row: &AnyRow) -> Result<Option<Grant>, StoreError> {
    let Some(scopes) = row.try_get::<Option<String>, _>("grant_scopes")? else { return Ok(None) };
    Ok(Some(Grant {
        scopes: serde_json::from_str(&scopes).map_err(|_| StoreError::Row("list of scopes"))?,
        user: row.try_get::<Option<String>, _>("grant_user")?.unwrap_or_default(),
        user_id: unsigned(row.try_get::<Option<i64>, _>("grant_user_id")?.unwrap_or_default(), "user id")?,
        generation: unsigned(row.try_get("generation")?, "generation")?,
    }))
}

/// The words of classes, as they are stored.
fn words(classes: Classes) -> String {
    serde_json::Value::from(classes.words()).to_string()
}

fn classes(text: &str) -> Result<Classes, StoreError> {
    let words: Vec<String> = serde_json::from_str(text).map_err(|_| StoreError::Row("list of classes"))?;
    Classes::parse(&words).map_err(|_| StoreError::Row("class of operations"))
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
