//! How many calls there were, by account and app, in each minute, hour and day.
//!
//! Derived from the log: the records after the last counted one are read and added, in one transaction with
//! the number of the last. So a crash loses nothing and counts nothing twice, a loss is mended by counting again, and the
//! road of a call does nothing for it. Where several instances write one log, each counts whatever nobody has counted yet.

pub(super) mod base;
mod calls;
mod span;
mod tally;

use std::sync::atomic::{AtomicBool, Ordering};

use keyway_core::time::Timestamp;
use tokio::sync::Mutex;

use super::{AuditError, AuditLog, Readers, blocking};
use base::Base;
pub(crate) use calls::Call;
use calls::Fresh;
pub use span::{OTHER_APPS, Span};
pub use tally::{Kind, LATENCY_BOUNDS_US, Outcome, Tally};

/// Records that are counted in one transaction, about.
const CHUNK: usize = 50_000;
/// The file of a data folder that holds the counts.
pub const FILE: &str = "counts.db";

/// How long a span of time is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Grain {
    /// A minute.
    Minute,
    /// An hour.
    Hour,
    /// A day of UTC.
    Day,
}

/// How many spans of each length are kept, the newest: 3 days, 100 days, and 5 years without a gap. By their
/// number and not by their age, so that a clock which is set wrong deletes nothing.
pub const KEPT: [(Grain, u32); 3] = [(Grain::Minute, 3 * 24 * 60), (Grain::Hour, 100 * 24), (Grain::Day, 5 * 366)];

impl Grain {
    /// In milliseconds.
    pub const fn width_ms(self) -> i64 {
        match self {
            Self::Minute => 60_000,
            Self::Hour => 3_600_000,
            Self::Day => 86_400_000,
        }
    }

    /// When the span begins in which a moment lies, in milliseconds.
    const fn begin(self, at: i64) -> i64 {
        at.div_euclid(self.width_ms()) * self.width_ms()
    }
}

/// The counts of a log.
pub(super) struct Counts {
    /// Where they are kept: a file, or nowhere.
    place: Option<std::path::PathBuf>,
    base: tokio::sync::OnceCell<Base>,
    /// One counts at a time.
    counting: Mutex<()>,
    /// Whether there was more to count than is counted at once.
    behind: AtomicBool,
}

impl Counts {
    pub fn new(place: Option<std::path::PathBuf>) -> Self {
        Self { place, base: tokio::sync::OnceCell::new(), counting: Mutex::new(()), behind: AtomicBool::new(false) }
    }

    async fn base(&self, readers: &Readers) -> Result<&Base, AuditError> {
        self.base
            .get_or_try_init(async || match readers {
                Readers::Postgres(pool) => Ok(Base::in_postgres(pool.clone())),
                Readers::Files(_) => Base::in_file(self.place.as_deref()).await,
            })
            .await
    }

    pub async fn close(&self) {
        if let Some(base) = self.base.get() {
            base.close().await;
        }
    }
}

impl AuditLog {
    /// Counts what was recorded since the last time, at most some ten thousand records. Whether all are counted now
    /// comes back. While there are more, it does not wait for another who counts.
    ///
    /// # Errors
    /// The log can't be read, or the counts can't be written.
    pub async fn count(&self) -> Result<bool, AuditError> {
        let counts = &self.counts;
        let _counting = if counts.behind.load(Ordering::Relaxed) {
            let Ok(counting) = counts.counting.try_lock() else { return Ok(false) };
            counting
        } else {
            counts.counting.lock().await
        };
        let all = self.count_chunk().await?;
        counts.behind.store(!all, Ordering::Relaxed);
        Ok(all)
    }

    /// The spans of a length that begin from one moment on and before another, the oldest first. Spans without a call
    /// are left out.
    ///
    /// # Errors
    /// The counts can't be read.
    pub async fn spans(&self, grain: Grain, from: Timestamp, to: Timestamp) -> Result<Vec<Span>, AuditError> {
        Ok(self.counts.base(&self.readers).await?.read(grain, from.as_ms(), to.as_ms()).await?)
    }

    async fn count_chunk(&self) -> Result<bool, AuditError> {
        let base = self.counts.base(&self.readers).await?;
        let Some(mut change) = base.begin().await? else { return Ok(true) };
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
