//! Opens a store: its folder, its database, its tables and its master key are what they should be.

use std::path::Path;

use keyway_core::secret::Secret;
use keyway_core::shown;
use keyway_ground::database;
use sqlx::migrate::Migrator;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AnyConnection, AnyPool, AssertSqlSafe, ConnectOptions as _, Connection as _, Executor, Row};

use super::keys::Keys;
use super::tables::migrations;
use super::{Mark, Store, StoreError, folder, identity, moved};

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

    /// Refuses a server that root starts in the folder of another user: whatever ends it, files of root may stay behind
    /// that this user can't open.
    ///
    /// # Errors
    /// The folder is another user's, and this process is root's.
    pub fn check_owner(folder: &Path) -> Result<(), StoreError> {
        folder::refuse_another_owner(folder)
    }

    /// Checks what [`Self::open`] refuses before it opens anything: the master key and the URL of the database. Changes
    /// nothing, and connects to nothing.
    ///
    /// # Errors
    /// One of them can't be used.
    pub fn check(folder: &Path, database: Option<&str>) -> Result<(), StoreError> {
        folder::refuse_a_file(folder)?;
        folder::known_master_key(folder, database.is_some())?;
        folder::former_key(folder)?;
        database.map_or(Ok(()), |url| checked_url(url).map(drop))
    }

    /// Opens the store of a folder whose parts are there and whose lock is held.
    pub(super) async fn open_checked(
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
            (Some(url), _) => url_that_answers(checked_url(url)?, "--database").await?,
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

/// The URL of a PostgreSQL that answers. A pool tries again until its time is over, and then names neither host nor cause.
pub(super) async fn url_that_answers(url: String, option: &str) -> Result<String, StoreError> {
    let options: PgConnectOptions = url.parse()?;
    let cause = match tokio::time::timeout(database::ANSWER_TIME_MAX, options.connect()).await {
        Ok(Ok(connection)) => {
            let _ = connection.close().await;
            return Ok(url);
        }
        Ok(Err(sqlx::Error::Io(error))) => shown::cause(&error),
        Ok(Err(error)) => error.to_string(),
        Err(_) => "it does not answer in time".to_owned(),
    };
    let (host, port) = (options.get_host(), options.get_port());
    Err(StoreError::Folder(format!("the PostgreSQL at {host}:{port} of {option} can't be used: {cause}. Start it, or correct {option}")))
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
pub(super) fn sqlite_url(path: &Path) -> Result<String, StoreError> {
    keyway_ground::database::sqlite_url(path).map_err(|error| StoreError::Folder(error.to_string()))
}

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
