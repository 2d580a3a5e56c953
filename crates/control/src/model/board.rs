//! What the migration board keeps of reports.

use keyway_advice::board::Kept;
use keyway_advice::plan::Loose;
use keyway_core::time::Timestamp;

/// The newest report of a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BoardReport {
    /// Its id, which the reports of one repository share.
    pub id: u64,
    /// What the repository is called, unique.
    pub repository: String,
    /// When it came.
    pub received_at: Timestamp,
    /// When the one before came.
    pub before_at: Option<Timestamp>,
    /// Who sent it.
    pub sent_by: String,
    /// Credentials of no integration.
    pub loose: Vec<Loose>,
}

/// An integration that a report had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BoardIntegration {
    /// The number that the store gave it.
    pub id: u64,
    /// The report of its repository.
    pub report_id: u64,
    /// When a report had it for the first time.
    pub first_at: Timestamp,
    /// The app that somebody linked.
    pub app_id: Option<u64>,
    /// What reports show of it.
    pub kept: Kept,
}
