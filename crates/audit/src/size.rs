//! How much room the log takes, and how much is left where it is kept.

use std::io;
use std::path::Path;

use super::error::AuditError;
use super::log::{AuditLog, Readers, blocking};

/// How much room the log takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// Bytes of the log with its indexes.
    pub bytes: u64,
    /// Free bytes of the disk that holds the data folder, for the user of the server. None where the log is in memory, or in
    /// PostgreSQL, whose disk is on another machine.
    pub free_bytes: Option<u64>,
}

/// What the partitions take with their indexes: PostgreSQL looks at its files, and reads none of them.
const IN_POSTGRES: &str =
    "select coalesce(sum(pg_total_relation_size(relid)), 0)::bigint from (select relid from pg_partition_tree('call')) as parts";

impl AuditLog {
    /// How much room the log takes now. This looks at each file, and reads none: a file has the calls of a day, or 64 MB.
    ///
    /// # Errors
    /// The folder can't be looked at, or the database does not answer.
    pub async fn size(&self) -> Result<Size, AuditError> {
        match &self.readers {
            Readers::Postgres(pool) => {
                let bytes: i64 = sqlx::query_scalar(IN_POSTGRES).fetch_one(pool).await?;
                Ok(Size { bytes: u64::try_from(bytes).unwrap_or(0), free_bytes: None })
            }
            Readers::Files(shelf) => match shelf.folder() {
                None => Ok(Size::default()),
                Some(folder) => {
                    let folder = folder.to_owned();
                    blocking(move || of_folder(&folder)).await
                }
            },
        }
    }
}

fn of_folder(folder: &Path) -> io::Result<Size> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder)? {
        // Retention may remove a file meanwhile.
        bytes += entry?.metadata().map_or(0, |about| about.len());
    }
    let disk = rustix::fs::statvfs(folder)?;
    Ok(Size { bytes, free_bytes: Some(disk.f_bavail.saturating_mul(disk.f_frsize)) })
}
