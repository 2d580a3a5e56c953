//! The result of a check of the log.

use super::chain::Heads;

/// What a check of the log came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verification {
    /// Records whose seals fit.
    pub records: u64,
    /// The last sealed records: to be kept elsewhere, and asked about next time.
    pub heads: Heads,
    /// The number of files that end in an incomplete commit. Either a crash cut it off before Keyway answered
    /// the call, or somebody changed the last commit that was written before a crash.
    pub torn: u64,
    /// The first thing that is wrong.
    pub fault: Option<String>,
}

/// The fault where a record has another seal than the one that was kept.
pub(super) fn written_anew(id: i64) -> String {
    format!("record {id} does not carry the seal that was kept: the log was rewritten")
}
