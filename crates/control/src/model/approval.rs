//! A call that needs a person's approval, as the store keeps it.

use keyway_core::approval::Change;
use keyway_core::time::Timestamp;
use keyway_core::token::TokenHash;

/// What became of a request for an approval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApprovalState {
    /// Nobody has decided.
    Pending,
    /// A person approved it, and it was not used.
    Approved,
    /// A person rejected it.
    Rejected,
    /// The call was made with it.
    Used,
    /// Its time ended before it was used.
    Expired,
}

impl ApprovalState {
    /// Every state.
    pub const ALL: [Self; 5] = [Self::Pending, Self::Approved, Self::Rejected, Self::Used, Self::Expired];

    /// As it is written.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Used => "used",
            Self::Expired => "expired",
        }
    }

    /// Reads a name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

/// A call that waits for a person, or waited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approval {
    /// Its id, which the call presents.
    pub id: u64,
    /// The hub id of the account.
    pub hub_id: u64,
    /// The app that asked, which alone may use it.
    pub app_id: u64,
    /// The session that asked, where it was one.
    pub session_id: Option<u64>,
    /// Method and path template.
    pub operation: String,
    /// Why the call needs an approval.
    pub rule: String,
    /// How many records the call names; none where that can't be counted.
    pub records: Option<u64>,
    /// A keyed hash of method, path, query and body.
    pub call_hash: TokenHash,
    /// A keyed hash of what was read of the records.
    pub read_hash: TokenHash,
    /// What would change; none once it is deleted, or where nobody asked for it.
    pub change: Option<Change>,
    /// What became of it.
    pub state: ApprovalState,
    /// When the call came.
    pub created_at: Timestamp,
    /// When it ends, used or not.
    pub expires_at: Timestamp,
    /// When a person decided.
    pub decided_at: Option<Timestamp>,
    /// Who decided.
    pub decided_by: Option<String>,
    /// Why it was rejected.
    pub reason: Option<String>,
    /// When the call was made with it.
    pub used_at: Option<Timestamp>,
    /// The status of the answer to that call; none where its outcome is not known.
    pub status: Option<u16>,
}
