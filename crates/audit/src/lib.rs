//! The audit log: one record for each call, durable before its answer leaves.
//!
//! Records hold who, what, when, how it ended, which CRM records were touched and which properties
//! set; never bodies, tokens, query values or values of properties. Writing is
//! in `writer`, to the `files` of one server or to the `postgres` of several; reading in `query`; `counts` has
//! the sums, and `counting` keeps them up to date. `chain` is how a change of the log shows, and `log` is what others hold.

mod beat;
pub mod chain;
mod counting;
pub mod counts;
mod damage;
mod each;
mod entry;
mod error;
mod files;
mod filter;
mod log;
mod moving;
mod postgres;
mod query;
mod record;
mod row;
mod size;
mod stream;
mod verify;
mod writer;
mod writing;

pub use damage::Damage;
pub use each::EachRecord;
pub use entry::{Agent, AuditEntry, REFUSED_CALLS, summary};
pub use error::AuditError;
pub use files::{FOLDER_ID, copy, has_logs, is_readable};
pub use filter::{AppUse, AuditFilter, OperationUse, StatusFilter};
pub use log::{AuditLog, FOLDER, Place};
pub use record::{AuditRecord, BriefRecord};
pub use size::Size;
pub use verify::Verification;
pub use writing::Writing;

#[cfg(test)]
mod tests;
