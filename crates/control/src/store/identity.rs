//! A data folder is one thing: `keyway.db`, `portal.db`, the audit log and the master key belong together.
//!
//! `keyway.db` and `portal.db` and `audit/folder` carry the same id; the master key is known by the
//! check value in `keyway.db`. A folder that has some parts and not the others, or a part of another
//! folder, is refused with what to restore: a start never recreates what is missing, and never
//! deletes what is there.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use keyway_core::shown;
use sqlx::AnyPool;

use super::StoreError;
use crate::audit;

/// The file of the store.
const STORE: &str = "keyway.db";
/// The file of the embedded accounts.
const PORTAL: &str = "portal.db";
/// The master key, unless `KEYWAY_MASTER_KEY` holds it.
const MASTER_KEY: &str = "master.key";

/// The id of a data folder, and the folder.
#[derive(Debug)]
pub(super) struct Identity {
    id: String,
    folder: PathBuf,
}

/// Refuses a folder whose store is missing or empty while other parts are there, and a store whose
/// master key is missing. Called before anything is made.
pub(super) fn check_store_is_there(folder: &Path) -> Result<(), StoreError> {
    if !has_content(&folder.join(STORE)) {
        let others: Vec<&str> = [PORTAL, audit::FOLDER].into_iter().filter(|name| has_content(&folder.join(name))).collect();
        return if others.is_empty() { Ok(()) } else { Err(missing(folder, STORE, &others)) };
    }
    if std::env::var_os("KEYWAY_MASTER_KEY").is_none() && !folder.join(MASTER_KEY).exists() {
        return Err(StoreError::Folder(format!(
            "the data folder {0} has a {STORE} but no {MASTER_KEY}, without which no credential in it can be opened. Put the {MASTER_KEY} of this folder back, or set KEYWAY_MASTER_KEY",
            shown::path(&folder),
        )));
    }
    Ok(())
}

/// Refuses a folder of a server without `--database`: its accounts, records and audit log would be
/// passed over without notice.
pub(super) fn check_nothing_is_passed_over(folder: &Path) -> Result<(), StoreError> {
    let there: Vec<&str> = [STORE, PORTAL, audit::FOLDER].into_iter().filter(|name| has_content(&folder.join(name))).collect();
    if there.is_empty() {
        return Ok(());
    }
    Err(StoreError::Folder(format!(
        "the data folder {0} holds {1}, which a server with --database does not use. Nothing was changed. Move them into the database with \"keyway migrate --data {0} --to postgres://…\", pass another folder with --data, with the same master key, or start without --database",
        shown::path(&folder),
        there.join(" and "),
    )))
}

impl Identity {
    /// The id that the store holds, or a new one. A store that was in use must find the other parts of
    /// its folder.
    pub(super) async fn read(pool: &AnyPool, folder: &Path) -> Result<Self, StoreError> {
        let known: Option<(String, i64)> = sqlx::query_as("select id, complete from folder").fetch_optional(pool).await?;
        let (id, complete) = match known {
            Some((id, complete)) => (id, complete == 1),
            None => {
                let id = new_id()?;
                sqlx::query("insert into folder values (1, $1, 0)").bind(&id).execute(pool).await?;
                // A folder of an earlier build has no id yet; its first account came after every part.
                let accounts: i64 = sqlx::query_scalar("select count(*) from account").fetch_one(pool).await?;
                (id, accounts > 0)
            }
        };
        let identity = Self { id, folder: folder.to_owned() };
        if complete {
            for name in [PORTAL, audit::FOLDER] {
                if !has_content(&folder.join(name)) {
                    return Err(missing(folder, name, &[STORE]));
                }
            }
            // Its id alone is not an audit log: earlier records would be lost without notice.
            if !audit::has_logs(&folder.join(audit::FOLDER)) {
                return Err(missing(folder, "every audit/*.log file", &[STORE, "audit/folder"]));
            }
        }
        let marker = identity.marker();
        match fs::read_to_string(&marker) {
            Ok(there) if there.trim() == identity.id => Ok(identity),
            Ok(_) => Err(StoreError::Folder(format!(
                "the audit log in {} belongs to another data folder than {STORE}. Put back the folder {} that belongs to this {STORE}",
                shown::path(&folder),
                audit::FOLDER,
            ))),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(identity),
            Err(error) => Err(StoreError::Folder(format!("{}: {error}", shown::path(&marker)))),
        }
    }

    pub(super) fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) async fn complete(&self, pool: &AnyPool) -> Result<(), StoreError> {
        let marker = self.marker();
        if !marker.exists() {
            let written = fs::write(&marker, &self.id).and_then(|()| File::open(&marker)?.sync_all());
            written.map_err(|error| StoreError::Folder(format!("{}: {error}", shown::path(&marker))))?;
        }
        sqlx::query("update folder set complete = 1 where complete = 0").execute(pool).await?;
        Ok(())
    }

    /// The file of the audit log that holds the id.
    fn marker(&self) -> PathBuf {
        self.folder.join(audit::FOLDER).join(audit::FOLDER_ID)
    }
}

/// Whether a file is there and not empty, or a folder with something in it.
fn has_content(path: &Path) -> bool {
    match fs::metadata(path) {
        Ok(found) if found.is_dir() => fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_some()),
        Ok(found) => found.len() > 0,
        Err(_) => false,
    }
}

fn missing(folder: &Path, what: &str, there: &[&str]) -> StoreError {
    let verb = if there.len() == 1 { "is" } else { "are" };
    StoreError::Folder(format!(
        "{what} is missing from the data folder {0}, or empty, while {1} {verb} there. Nothing was changed. Move the folder away and restore a backup with \"keyway restore BACKUP --data {0}\", or put {what} back. For an empty server, pass another folder with --data",
        shown::path(&folder),
        there.join(" and "),
    ))
}

fn new_id() -> Result<String, StoreError> {
    let mut id = [0; 16];
    getrandom::fill(&mut id).map_err(|error| StoreError::Folder(format!("the system has no randomness: {error}")))?;
    Ok(id.iter().map(|byte| format!("{byte:02x}")).collect())
}
