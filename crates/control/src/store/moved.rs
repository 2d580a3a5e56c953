//! A data folder that was moved into a database: the mark in the folder, and what the database says of it.
//!
//! The mark keeps the folder from being served by mistake: calls would be recorded in two places, and a
//! token that was revoked in one would work in the other.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use keyway_core::shown;
use sqlx::AnyPool;

use super::StoreError;

/// The file in a data folder that says where the folder was moved to.
pub(crate) const MARK: &str = "moved";

/// Where a data folder was moved to, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The id of the data folder.
    pub folder: String,
    /// The database, without user and password.
    pub database: String,
    /// When, ISO 8601.
    pub at: String,
}

impl Mark {
    /// The mark in a folder; none where it has none.
    ///
    /// # Errors
    /// It can't be read, or is not a mark.
    pub fn read(folder: &Path) -> Result<Option<Self>, StoreError> {
        let path = folder.join(MARK);
        let text = match fs::read_to_string(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            other => other.map_err(|error| StoreError::Folder(format!("{}: {error}", shown::path(&path))))?,
        };
        let mut lines = text.lines().map(str::to_owned);
        match (lines.next(), lines.next(), lines.next()) {
            (Some(database), Some(at), Some(folder)) => Ok(Some(Self { folder, database, at })),
            _ => Err(StoreError::Folder(format!(
                "{} does not say where the folder was moved to. If the folder was never moved, delete this file",
                shown::path(&path)
            ))),
        }
    }

    /// Writes it into a folder, durably: there is a whole mark or none.
    pub(super) fn write(&self, folder: &Path) -> Result<(), StoreError> {
        let (path, draft) = (folder.join(MARK), folder.join("moved.new"));
        let written = File::create(&draft).and_then(|mut file| {
            write!(file, "{}\n{}\n{}\n", self.database, self.at, self.folder)?;
            file.sync_all()?;
            fs::rename(&draft, &path)?;
            File::open(folder)?.sync_all()
        });
        written.map_err(|error| StoreError::Folder(format!("{}: {error}", shown::path(&path))))
    }

    /// Why a server without a database does not use this folder.
    fn refusal(&self, folder: &Path) -> StoreError {
        let (folder, mark): (_, PathBuf) = (shown::path(&folder), folder.join(MARK));
        StoreError::Folder(format!(
            "the data folder {folder} was moved to {} on {}, or the move began then. Nothing was changed. Start with \"keyway serve --database {} --data {folder}\". To use the folder as it was before the move, stop every server of that database and delete {}; changes and records since the move stay in the database",
            self.database,
            self.at,
            self.database,
            shown::path(&mark),
        ))
    }
}

/// Refuses a folder that was moved.
pub(super) fn refuse(folder: &Path) -> Result<(), StoreError> {
    Mark::read(folder)?.map_or(Ok(()), |mark| Err(mark.refusal(folder)))
}

/// Refuses a database into which a folder was not moved whole, and one that is not where this folder was moved to.
pub(super) async fn check_database(pool: &AnyPool, mark: Option<&Mark>) -> Result<(), StoreError> {
    let moved: Option<(String, Option<i64>)> = sqlx::query_as("select folder, finished_at from moved_from").fetch_optional(pool).await?;
    if let Some((_, None)) = moved {
        return Err(StoreError::Folder(
            "a data folder is being moved into this database and is not there whole. Nothing was changed. Run the same \"keyway migrate\" again, which continues, or use an empty database".into(),
        ));
    }
    let Some(mark) = mark else { return Ok(()) };
    if moved.is_some_and(|(folder, _)| folder == mark.folder) {
        return Ok(());
    }
    Err(StoreError::Folder(format!(
        "the data folder was moved to {}, and --database names another database. Nothing was changed. Pass that database, or another folder with --data",
        mark.database
    )))
}
