//! Copies of a data folder, taken while its server runs, and put back where none does.
//!
//! The master key is in no copy: whoever has both has every credential, so they are kept apart.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use keyway_core::shown;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, Row, SqliteConnection};

use crate::audit::chain::{ChainKey, Heads};
use crate::audit::{self, AuditLog, Place, Verification};
use crate::clock;
use crate::store::{self, StoreError};

/// The databases of a data folder. The counts of calls are of no more records than the copy has, since the log comes after them.
const DATABASES: [&str; 3] = ["keyway.db", "portal.db", audit::counts::FILE];
/// The key that is not copied.
const MASTER_KEY: &str = "master.key";

/// A copy that can't be taken or put back.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// A file or folder; says which and why.
    #[error("{}: {}", shown::path(.0), shown::cause(.1))]
    File(PathBuf, std::io::Error),
    /// A database; says which and why.
    #[error("{0}: {1}")]
    Database(PathBuf, sqlx::Error),
    /// What is there is not what is needed; says what.
    #[error("{0}")]
    Refused(String),
    /// The audit log of the copy is not as it was written; says what to do.
    #[error("{0}")]
    Damaged(String),
    /// The target is in use.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Copies the databases of a data folder into a new one, each as it is at one moment. A server may
/// run on it. How many bytes that were comes back.
///
/// # Errors
/// The folder has no databases, the target has something in it, or a file can't be read or written.
pub async fn take(folder: &Path, target: &Path) -> Result<u64, BackupError> {
    store::make_files_private();
    if !folder.join(DATABASES[0]).is_file() {
        return Err(BackupError::Refused(format!(
            "{} is not a data folder: it has no {}. Pass the folder with --data. A server with --database keeps nothing there: copy its PostgreSQL with pg_dump, and keep the master key (docs/operations.md)",
            shown::path(&folder),
            DATABASES[0]
        )));
    }
    if let Some(mark) = store::Mark::read(folder)? {
        return Err(BackupError::Refused(format!(
            "the data folder {} was moved to {}, where changes and records are now: a copy of the folder would be old. Nothing was copied. Back up the database with pg_dump, and keep the master key",
            shown::path(&folder),
            mark.database
        )));
    }
    if is_within(target, folder) {
        let (target, folder) = (shown::path(&target), shown::path(&folder));
        return Err(BackupError::Refused(format!(
            "{target} is within the data folder {folder}, which it would be a copy of. Choose a folder elsewhere"
        )));
    }
    if target.is_file() {
        return Err(BackupError::Refused(format!(
            "{} is a file. A backup needs an empty or new folder: keyway backup FOLDER",
            shown::path(&target)
        )));
    }
    fs::create_dir_all(target).map_err(|error| BackupError::File(target.to_owned(), error))?;
    if fs::read_dir(target).map_err(|error| BackupError::File(target.to_owned(), error))?.next().is_some() {
        return Err(BackupError::Refused(format!(
            "{} is not empty, and a backup overwrites nothing. Pass a new or empty folder",
            shown::path(&target)
        )));
    }
    let mut bytes = 0;
    for name in DATABASES.into_iter().filter(|name| folder.join(name).is_file()) {
        let (from, to) = (folder.join(name), target.join(name));
        let text = to.to_str().ok_or_else(|| BackupError::Refused(format!("{} is not UTF-8", shown::path(&to))))?;
        let mut connection = open(&from).await?;
        let copied = sqlx::query("vacuum into ?").bind(text).execute(&mut connection).await;
        copied.map_err(|error| BackupError::Database(from, error))?;
        let _ = connection.close().await;
        sync(&to)?;
        bytes += to.metadata().map_err(|error| BackupError::File(to.clone(), error))?.len();
    }
    // The audit last, so that it knows of every app that the copy has.
    bytes += copy_audit(folder, target)?;
    sync(target)?;
    Ok(bytes)
}

/// Whether a path, of which the end need not exist, is a folder or lies within it.
fn is_within(path: &Path, folder: &Path) -> bool {
    let Ok(folder) = folder.canonicalize() else { return false };
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let there = absolute.ancestors().find_map(|ancestor| ancestor.canonicalize().ok());
    there.is_some_and(|there| there.starts_with(&folder))
}

/// How a copy is put back.
#[derive(Clone, Copy, Debug)]
pub struct How<'a> {
    /// A file that holds the master key of the folder that was copied; else `KEYWAY_MASTER_KEY` or the target has it.
    pub key: Option<&'a Path>,
    /// Whether the seals of the audit log are checked.
    pub verify: bool,
    /// Whether the restored server sends notifications at once. Else they are held until an operator lets them go out:
    /// the server that was copied may still run, and people would be notified twice.
    pub notify: bool,
}

/// What was put back.
#[derive(Clone, Copy, Debug)]
pub struct Restored {
    /// Whether the server will have its master key.
    pub has_key: bool,
    /// Records of the audit log whose seals fit; none where they were not checked.
    pub records: Option<u64>,
}

/// Puts a copy into a data folder that has none, after looking whether it is whole. The master key
/// of the folder that was copied belongs there too, or into `KEYWAY_MASTER_KEY`.
///
/// # Errors
/// The copy is damaged, the folder has databases or is in use, or a file can't be read or written.
pub async fn put_back(source: &Path, folder: &Path, how: How<'_>) -> Result<Restored, BackupError> {
    store::make_files_private();
    if !source.join(DATABASES[0]).is_file() {
        let shown = shown::path(&source);
        return Err(BackupError::Refused(match fs::metadata(source) {
            Err(error) => format!("{shown} can't be read: {}. Pass the folder that \"keyway backup\" wrote", shown::cause(&error)),
            Ok(_) => format!("{shown} is not a backup: it has no {}. Pass the folder that \"keyway backup\" wrote", DATABASES[0]),
        }));
    }
    if store::is_in_use(source) {
        let shown = shown::path(&source);
        return Err(BackupError::Refused(format!(
            "{shown} is a data folder, and a server uses it: it changes while it is copied. Nothing was restored. Take a backup, and restore that: keyway backup TARGET --data {shown}"
        )));
    }
    let _lock = store::lock(folder)?;
    if let Some(there) = DATABASES.iter().chain([&audit::FOLDER]).map(|name| folder.join(name)).find(|path| path.exists()) {
        return Err(BackupError::Refused(format!(
            "{} exists already, and a backup is restored into an empty folder. Pass another folder with --data",
            shown::path(&there)
        )));
    }
    let present: Vec<&str> = DATABASES.into_iter().filter(|name| source.join(name).is_file()).collect();
    for name in &present {
        let path = source.join(name);
        let mut connection = open(&path).await?;
        let check = sqlx::query("pragma integrity_check").fetch_one(&mut connection).await;
        let said: String = check.and_then(|row| row.try_get(0)).map_err(|error| BackupError::Database(path.clone(), error))?;
        let _ = connection.close().await;
        if said != "ok" {
            return Err(BackupError::Refused(format!("{} is damaged: {said}", shown::path(&path))));
        }
    }
    let log = source.join(audit::FOLDER);
    if log.is_dir() {
        let unreadable = audit::is_readable(&log).map_err(|error| BackupError::File(log, error))?;
        if let Some(path) = unreadable {
            return Err(BackupError::Refused(format!("{} is damaged: it is not an audit file", shown::path(&path))));
        }
    }
    let audit_key = check_parts(source, folder, how.key).await?;
    let to = folder.join(MASTER_KEY);
    if let Some(key) = how.key {
        refuse_another_key(key, &to)?;
    }
    copy_audit(source, folder)?;
    let records = match audit_key.filter(|_| how.verify) {
        Some(key) => Some(verify_audit(source, folder, key).await?),
        None => None,
    };
    // The key comes after the checks: a folder into which nothing was restored has no key of another server.
    if let Some(key) = how.key {
        copy(key, &to)?;
    }
    // The store comes last: a folder without it is not taken for a data folder.
    for name in present.iter().rev() {
        let to = folder.join(name);
        let draft = draft(&source.join(name), &to)?;
        if *name == DATABASES[0] {
            hold_notifications(&draft, !how.notify).await?;
        }
        fs::rename(&draft, &to).map_err(|error| BackupError::File(to, error))?;
    }
    sync(folder)?;
    let has_key = folder.join(MASTER_KEY).is_file() || std::env::var_os("KEYWAY_MASTER_KEY").is_some();
    Ok(Restored { has_key, records })
}

/// Refuses to overwrite the master key of another server: what it sealed could never be read again.
fn refuse_another_key(key: &Path, there: &Path) -> Result<(), BackupError> {
    let read = |path: &Path| fs::read_to_string(path).map_err(|error| BackupError::File(path.to_owned(), error));
    if !there.exists() || read(key)?.trim() == read(there)?.trim() {
        return Ok(());
    }
    Err(BackupError::Refused(format!(
        "{} is there already and holds another key than {}. Nothing was restored. Restore into an empty folder, or move this file away",
        shown::path(&there),
        shown::path(&key)
    )))
}

/// Checks every seal of the log that was copied into a folder, as `keyway audit verify` does; how many records fit.
/// What was copied is removed again where one does not.
async fn verify_audit(source: &Path, folder: &Path, key: ChainKey) -> Result<u64, BackupError> {
    let there = folder.join(audit::FOLDER);
    if !there.is_dir() {
        return Ok(0);
    }
    let verified = match AuditLog::open(Place::Folder(folder), key, None).await {
        Ok(log) => {
            let verified = log.verify(&Heads::default()).await;
            log.close().await;
            verified
        }
        Err(error) => Err(error),
    };
    let fault = match verified {
        Ok(Verification { fault: None, records, .. }) => return Ok(records),
        Ok(Verification { fault: Some(fault), .. }) => fault,
        Err(error) => error.to_string(),
    };
    fs::remove_dir_all(&there).map_err(|error| BackupError::File(there, error))?;
    Err(BackupError::Damaged(damaged(source, &fault)))
}

fn damaged(source: &Path, fault: &str) -> String {
    format!(
        "the audit log in {} is not as it was written: {fault}. Nothing was restored. Restore another backup, or pass --no-verify to restore this one with its log as it is; \"keyway audit verify\" goes on reporting this",
        shown::path(&source)
    )
}

/// Notes in a copy of the store whether notifications are held: the server that was copied may have been a copy itself.
/// Stores of earlier versions have no table for it.
async fn hold_notifications(path: &Path, held: bool) -> Result<(), BackupError> {
    let mut connection = open(path).await?;
    let noted = async {
        sqlx::raw_sql(include_str!("../migrations/0104_notify_hold.sql")).execute(&mut connection).await?;
        sqlx::query("delete from notify_hold").execute(&mut connection).await?;
        if held {
            let query = sqlx::query("insert into notify_hold (only, since) values (1, ?)");
            query.bind(clock::now().as_ms()).execute(&mut connection).await?;
        }
        connection.close().await
    };
    noted.await.map_err(|error| BackupError::Database(path.to_owned(), error))?;
    sync(path)
}

/// Refuses a copy without a part that a server had in use, and a master key that does not open it. The key of the
/// audit's seals comes back; none where there is no master key.
async fn check_parts(source: &Path, folder: &Path, key: Option<&Path>) -> Result<Option<ChainKey>, BackupError> {
    let path = source.join(DATABASES[0]);
    let mut connection = open(&path).await?;
    // Stores of early builds have no such tables: the server says at its start what is missing.
    let complete: Option<i64> = sqlx::query_scalar("select complete from folder").fetch_optional(&mut connection).await.ok().flatten();
    let check: Option<Vec<u8>> =
        sqlx::query_scalar("select check_value from master_key").fetch_optional(&mut connection).await.ok().flatten();
    let root: Option<Option<Vec<u8>>> =
        sqlx::query_scalar("select root from master_key").fetch_optional(&mut connection).await.ok().flatten();
    let _ = connection.close().await;
    if complete == Some(1)
        && let Some(missing) = [DATABASES[1], audit::FOLDER].into_iter().find(|name| !source.join(name).exists())
    {
        return Err(BackupError::Refused(format!(
            "{} has no {missing}, which the server that was copied had in use. Nothing was restored. Restore another backup",
            shown::path(&source)
        )));
    }
    let in_file = |key: &Path| match fs::read_to_string(key) {
        Ok(text) => Ok((shown::path(&key), text)),
        Err(error) => Err(BackupError::Refused(format!(
            "the master key file {} can't be read: {}. Nothing was restored. Pass the file with --master-key",
            shown::path(&key),
            shown::cause(&error)
        ))),
    };
    let (named, text) = match (key, std::env::var("KEYWAY_MASTER_KEY"), folder.join(MASTER_KEY)) {
        (Some(key), ..) => in_file(key)?,
        (None, Ok(text), _) => ("KEYWAY_MASTER_KEY".to_owned(), text),
        (None, Err(_), there) if there.is_file() => in_file(&there)?,
        _ => return Ok(None),
    };
    if !store::is_key(&text) {
        return Err(BackupError::Refused(format!(
            "{named} does not hold a master key (64 hexadecimal digits). Nothing was restored. Pass the key of that time with --master-key FILE"
        )));
    }
    match check {
        Some(check) if !store::holds_key(&text, &check) => Err(BackupError::Refused(format!(
            "the master key in {named} is not the one that {} was sealed with. Nothing was restored. Pass the key of that time with --master-key FILE",
            shown::path(&source)
        ))),
        Some(check) => Ok(store::audit_key_from(&text, &check, root.flatten().as_deref())),
        None => Ok(None),
    }
}

async fn open(path: &Path) -> Result<SqliteConnection, BackupError> {
    let options = SqliteConnectOptions::new().filename(path).busy_timeout(std::time::Duration::from_secs(30));
    options.connect().await.map_err(|error| BackupError::Database(path.to_owned(), error))
}

fn copy_audit(from: &Path, to: &Path) -> Result<u64, BackupError> {
    let log = from.join(audit::FOLDER);
    if !log.is_dir() {
        return Ok(0);
    }
    audit::copy(&log, &to.join(audit::FOLDER)).map_err(|error| BackupError::File(log, error))
}

fn copy(from: &Path, to: &Path) -> Result<(), BackupError> {
    let draft = draft(from, to)?;
    fs::rename(&draft, to).map_err(|error| BackupError::File(to.to_owned(), error))
}

/// Copies a file under another name first, so that a crash leaves no half of a file.
fn draft(from: &Path, to: &Path) -> Result<PathBuf, BackupError> {
    let draft = to.with_extension("new");
    let copied = File::open(from).and_then(|mut source| {
        let mut target = File::create(&draft)?;
        std::io::copy(&mut source, &mut target)?;
        target.sync_all()
    });
    match copied {
        Ok(()) => Ok(draft),
        Err(error) => Err(BackupError::File(if error.kind() == ErrorKind::NotFound { from.to_owned() } else { to.to_owned() }, error)),
    }
}

fn sync(path: &Path) -> Result<(), BackupError> {
    File::open(path).and_then(|file| file.sync_all()).map_err(|error| BackupError::File(path.to_owned(), error))
}
