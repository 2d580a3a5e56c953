//! `keyway migrate`: a stopped server's data folder becomes a database that several instances use.
//!
//! The state first, then the records with their chain, then a check of both, then the end: only then a server
//! may use the database, and only then the folder gets its mark. A move that was interrupted at any moment
//! continues when it is begun again.

use std::path::Path;

use keyway_core::shown;

use crate::audit::chain::Heads;
use crate::audit::{AuditError, AuditLog, Place};
use crate::store::{self, Left, Mark, Store, StoreError};

/// What is moved where.
#[derive(Clone, Copy, Debug)]
pub struct Move<'a> {
    /// The data folder of a stopped server.
    pub folder: &'a Path,
    /// The URL of an empty PostgreSQL database.
    pub url: &'a str,
    /// Whether embedded accounts that have apps may stay behind.
    pub leave_embedded: bool,
    /// Whether a log that is not as it was written is moved all the same, as it is.
    pub accept_damage: bool,
}

/// What came of a move.
#[derive(Clone, Debug)]
pub struct Moved {
    /// Rows of the state and audit records; none where the folder was there whole already.
    pub copied: Option<(u64, u64)>,
    /// The mark that the folder has now.
    pub mark: Mark,
    /// The heads of the log, which hold for the folder and for the database.
    pub heads: String,
    /// The fault of the log, if the operator accepted it.
    pub fault: Option<String>,
    /// The embedded accounts, which stay in the folder.
    pub left: Vec<Left>,
}

/// How far it is.
#[derive(Clone, Copy, Debug)]
pub enum Step<'a> {
    /// The log of the folder is checked.
    Checking,
    /// Rows of a table that are there, and all of them.
    State(&'a str, u64, u64),
    /// Audit records that are there, and all of them.
    Records(u64, u64),
    /// The log in the database is checked.
    Verifying,
}

/// A folder that was not moved, or not whole.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// The state, or the folder.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The log.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// Something is in the way; says what to do.
    #[error("{0}")]
    Refused(String),
}

/// Moves a folder, or continues. `step` hears how far it is.
///
/// # Errors
/// The folder is in use, damaged or of another version, the database is in use or does not answer, or
/// something that was copied is not there.
pub async fn migrate(wanted: Move<'_>, step: &mut dyn FnMut(Step<'_>)) -> Result<Moved, MigrateError> {
    store::checked_url(wanted.url)?;
    let store = Store::open_stopped(wanted.folder).await?;
    let left = store.left_behind().await?;
    let with_apps: Vec<String> = left
        .iter()
        .filter(|left| left.apps > 0)
        .map(|left| format!("{} \"{}\" with {}", left.hub_id, left.name, apps(left.apps)))
        .collect();
    if !wanted.leave_embedded && !with_apps.is_empty() {
        return Err(MigrateError::Refused(format!(
            "the data folder has embedded accounts, which live in its portal.db and can't be moved: {}. Nothing was changed. Pass --leave-embedded to move everything else: these accounts, their apps and their tokens stay in the folder",
            with_apps.join(", ")
        )));
    }
    let log = AuditLog::open(Place::Folder(wanted.folder), store.audit_key(), None).await?;
    let moved = copied(&store, &log, wanted, left, step).await;
    log.close().await;
    store.close().await;
    moved
}

fn apps(count: u64) -> String {
    if count == 1 { "1 app".to_owned() } else { format!("{count} apps") }
}

async fn copied(
    store: &Store,
    log: &AuditLog,
    Move { folder, url, accept_damage, .. }: Move<'_>,
    left: Vec<Left>,
    step: &mut dyn FnMut(Step<'_>),
) -> Result<Moved, MigrateError> {
    step(Step::Checking);
    let whole = log.verify(&Heads::default()).await?;
    if let Some(fault) = whole.fault.as_ref().filter(|_| !accept_damage) {
        return Err(MigrateError::Refused(format!(
            "the audit log in {} is not as it was written: {fault}. Nothing was moved. Restore a backup with \"keyway restore\", or pass --accept-damage: the log is then moved as it is, and \"keyway audit verify\" goes on reporting this",
            shown::path(&folder)
        )));
    }
    let mut target = store.begin_move(url, folder).await?;
    if target.is_finished() {
        // What servers did since then is not a concern of the folder: it only gets its mark, where that is missing.
        let mark = store.finish_move(target, folder).await?;
        return Ok(Moved { copied: None, mark, heads: whole.heads.to_string(), fault: whole.fault, left });
    }
    let rows = store.copy_state(&mut target, &mut |table, done, all| step(Step::State(table, done, all))).await?;
    let records = log.copy_to(url, &mut |done, all| step(Step::Records(done, all))).await?;
    step(Step::Verifying);
    // The heads of the folder are asked of the database: its chain must end where that of the folder does.
    let verified = log.verify_copy(url, &whole.heads).await?;
    let same = whole.fault.is_some() || (verified.fault.is_none() && (verified.records, records) == (whole.records, whole.records));
    if !same {
        let fault = verified.fault.unwrap_or_else(|| format!("it has {} records and the folder {}", verified.records, whole.records));
        return Err(MigrateError::Refused(format!(
            "the audit log in the database is not that of the folder: {fault}. The folder is as it was. Use an empty database"
        )));
    }
    let mark = store.finish_move(target, folder).await?;
    Ok(Moved { copied: Some((rows, records)), mark, heads: whole.heads.to_string(), fault: whole.fault, left })
}
