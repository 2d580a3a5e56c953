//! Counts what was recorded since the last time, and reads the counts.

use std::sync::atomic::Ordering;

use keyway_core::time::Timestamp;

use super::counts::base::Table;
use super::counts::{Call, Fresh, Grain, Span};
use super::error::AuditError;
use super::log::{AuditLog, Readers, blocking};

/// Records that are counted in one transaction, about. Few in tests, so that several are needed.
const CHUNK: usize = if cfg!(test) { 20 } else { 50_000 };

impl AuditLog {
    /// Counts what was recorded since the last time, at most some ten thousand records, once nobody else counts. Whether
    /// all are counted now comes back.
    ///
    /// # Errors
    /// The log can't be read, or the counts can't be written.
    pub async fn count(&self) -> Result<bool, AuditError> {
        let counts = &self.counts;
        let _counting = counts.counting.lock().await;
        let all = self.count_chunk().await?;
        counts.behind.store(!all, Ordering::Relaxed);
        Ok(all)
    }

    /// The same for an answer that somebody waits for: while [`count`](Self::count) needs several turns, nothing is
    /// counted here.
    ///
    /// # Errors
    /// The log can't be read, or the counts can't be written.
    pub async fn count_unless_behind(&self) -> Result<bool, AuditError> {
        if self.counts.behind.load(Ordering::Relaxed) { Ok(false) } else { self.count().await }
    }

    /// The spans of a length that begin from one moment on and before another, the oldest first. Spans without a call
    /// are left out.
    ///
    /// # Errors
    /// The counts can't be read.
    pub async fn spans(&self, grain: Grain, from: Timestamp, to: Timestamp) -> Result<Vec<Span>, AuditError> {
        self.read_spans(Table::Apps, grain, from, to).await
    }

    /// The same, with the calls of all apps of an account together: see [`Span::of_account`].
    ///
    /// # Errors
    /// The counts can't be read.
    pub async fn spans_of_accounts(&self, grain: Grain, from: Timestamp, to: Timestamp) -> Result<Vec<Span>, AuditError> {
        self.read_spans(Table::Together, grain, from, to).await
    }

    async fn read_spans(&self, table: Table, grain: Grain, from: Timestamp, to: Timestamp) -> Result<Vec<Span>, AuditError> {
        Ok(self.counts.base(self.readers.postgres()).await?.read(table, grain, from.as_ms(), to.as_ms()).await?)
    }

    async fn count_chunk(&self) -> Result<bool, AuditError> {
        let base = self.counts.base(self.readers.postgres()).await?;
        let Some(mut change) = base.begin().await? else { return Ok(true) };
        change.sum_up_earlier().await?;
        let (mut fresh, mut left) = (Fresh::default(), CHUNK);
        for writer in change.writers().await? {
            let (fresh_of_writer, read, last_id) = match &self.readers {
                Readers::Postgres(_) => change.after(&writer, left, fresh).await?,
                Readers::Files(shelf) => {
                    let (shelf, mut fresh, mut after_id) = (shelf.clone(), fresh, writer.after_id);
                    if after_id > shelf.last_id() {
                        tracing::warn!("the counts of calls are of a longer audit log than the one that is here; Keyway counts anew");
                        change.forget().await?;
                        after_id = 0;
                    }
                    blocking(move || {
                        let (read, last_id) = shelf.after(after_id, left, |row| fresh.add(&Call::from(row)))?;
                        Ok((fresh, read, last_id))
                    })
                    .await?
                }
            };
            fresh = fresh_of_writer;
            change.counted_to(&writer, last_id, read == 0).await?;
            left = left.saturating_sub(read);
            if left == 0 {
                break;
            }
        }
        if !fresh.is_empty() {
            change.add(fresh).await?;
        }
        change.commit().await?;
        Ok(left > 0)
    }
}
