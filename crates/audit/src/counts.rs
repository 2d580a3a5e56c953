//! How many calls there were, by account and app, in each minute, hour and day. The apps of an account are also counted
//! together, so that a page about all calls does not read what each app called.
//!
//! Derived from the log: the records after the last counted one are read and added, in one transaction with
//! the number of the last. So a crash loses nothing and counts nothing twice, a loss is mended by counting again, and the
//! road of a call does nothing for it. Where several instances write one log, each counts whatever nobody has counted yet.

pub(super) mod base;
mod calls;
mod span;
mod tally;

use std::sync::atomic::AtomicBool;

use sqlx::AnyPool;
use tokio::sync::Mutex;

use super::error::AuditError;
use base::Base;
pub(crate) use calls::Call;
pub(super) use calls::Fresh;
#[cfg(test)]
pub(crate) use span::READ;
pub use span::{OTHER_APPS, Span, Stored, calls_of_apps};
pub use tally::{Kind, LATENCY_BOUNDS_US, OTHER_CAUSE, Outcome, Tally};

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
    pub counting: Mutex<()>,
    /// Whether there was more to count than is counted at once.
    pub behind: AtomicBool,
}

impl Counts {
    pub fn new(place: Option<std::path::PathBuf>) -> Self {
        Self { place, base: tokio::sync::OnceCell::new(), counting: Mutex::new(()), behind: AtomicBool::new(false) }
    }

    /// The database of the counts, of a log in files or in a PostgreSQL.
    pub async fn base(&self, postgres: Option<&AnyPool>) -> Result<&Base, AuditError> {
        self.base
            .get_or_try_init(async || match postgres {
                Some(pool) => Ok(Base::in_postgres(pool.clone())),
                None => Base::in_file(self.place.as_deref()).await,
            })
            .await
    }

    pub async fn close(&self) {
        if let Some(base) = self.base.get() {
            base.close().await;
        }
    }
}
