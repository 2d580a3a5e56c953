//! Moves the log of a data folder into PostgreSQL, with its chain of seals.

use super::chain::Heads;
use super::error::AuditError;
use super::files::Shelf;
use super::log::{AuditLog, Readers};
use super::postgres::{moved, verify};
use super::verify::Verification;

/// Records in one transaction, about.
const BATCH: usize = 4_000;
/// Bytes in one transaction, about.
const BATCH_BYTES: usize = 8 << 20;

impl AuditLog {
    /// Copies to a database the records that it does not have, each commit with its seal. Calls `step` with the
    /// number of records copied and the number of all. Returns how many records the database has at the end.
    ///
    /// # Errors
    /// The files can't be read, or the database does not answer. The next attempt continues where it stopped.
    pub async fn copy_to(&self, url: &str, step: &mut dyn FnMut(u64, u64)) -> Result<u64, AuditError> {
        let shelf = self.shelf()?;
        let (start, _) = shelf.start();
        let mut target = moved::Target::open(url, &self.key, start, shelf.newest()).await?;
        let (mut commits, all) = (shelf.commits()?, shelf.records());
        let count = |records: i64| u64::try_from(records).unwrap_or(0);
        let mut last_id = start.id;
        for _ in 0..target.commits {
            let Some(commit) = commits.next()? else { break };
            last_id = commit.last_id().unwrap_or(last_id);
        }
        loop {
            let (before, mut batch, mut records, mut bytes) = (last_id, Vec::new(), 0, 0);
            while records < BATCH && bytes < BATCH_BYTES {
                let Some(commit) = commits.next()? else { break };
                last_id = commit.last_id().unwrap_or(last_id);
                // A commit of notes alone becomes a row too.
                records += commit.rows().count().max(1);
                bytes += commit.bytes();
                batch.push(commit);
            }
            if batch.is_empty() {
                break;
            }
            target.add(&batch, before).await?;
            step(count(target.records), all);
        }
        let records = count(target.records);
        target.finish().await?;
        Ok(records)
    }

    /// Checks the log in the database that this one was copied to, and that heads of this one are there.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn verify_copy(&self, url: &str, known: &Heads) -> Result<Verification, AuditError> {
        sqlx::any::install_default_drivers();
        let pool = keyway_ground::database::pool(1).connect(url).await?;
        let verified = verify::verify(&pool, &self.key, known).await;
        pool.close().await;
        verified
    }

    fn shelf(&self) -> Result<&Shelf, AuditError> {
        match &self.readers {
            Readers::Files(shelf) => Ok(shelf),
            Readers::Postgres(_) => Err(AuditError::File(std::io::Error::other("the log is in PostgreSQL already"))),
        }
    }
}
