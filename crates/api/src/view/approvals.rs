//! What the admin API shows of approvals.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Moment;

/// Which calls of an app need a person's approval.
#[derive(Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApprovalRule {
    /// Those of these classes.
    pub classes: Vec<String>,
    /// Changes of more records than this.
    pub above: Option<u64>,
    /// These operations, in every version.
    pub operations: Vec<String>,
}

/// A call that waits for a person, or waited.
#[derive(Clone, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Approval {
    pub id: u64,
    /// `pending`, `approved`, `rejected`, `used` or `expired`.
    pub state: String,
    pub hub_id: u64,
    pub app_id: u64,
    pub app: Option<String>,
    /// The session that asked, where it was one.
    pub session_id: Option<u64>,
    /// Method and path template.
    pub operation: String,
    /// Why the call needs an approval.
    pub rule: String,
    /// How many records the call names; none where that can't be counted.
    pub records: Option<u64>,
    /// The first digits of the digest of the call and of what was read.
    pub digest: String,
    pub created_at: Moment,
    pub expires_at: Moment,
    pub decided_at: Option<Moment>,
    pub decided_by: Option<String>,
    /// Why it was rejected.
    pub reason: Option<String>,
    /// When the call was made with it.
    pub used_at: Option<Moment>,
    /// The status of the answer to that call; none where it was not made, or its outcome is not known.
    pub status: Option<u16>,
    /// Where a person decides; a link that ends. In answers about one approval.
    pub link: Option<String>,
    /// What would change; in answers about one approval, until a day after its end.
    pub change: Option<CallChange>,
}

/// What a call would change.
#[derive(Clone, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CallChange {
    pub method: String,
    /// The path, and the query where there is one.
    pub target: String,
    /// The body, where no record says what is in it.
    pub body: Option<String>,
    /// What a GET of the same path answered, where the call names no record.
    pub before: Option<String>,
    pub records: Vec<ChangedRecord>,
    /// Records beyond those that are listed.
    pub more: u64,
    /// What could not be read.
    pub unread: Vec<UnreadRecords>,
}

/// One record before and after the call.
#[derive(Clone, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChangedRecord {
    pub object_type: String,
    /// What names the record; none for one that is to be made.
    pub id: Option<String>,
    /// `there`, `not there`, `not read` or `new`.
    pub state: String,
    pub properties: Vec<ChangedProperty>,
}

/// A property before and after the call.
#[derive(Clone, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChangedProperty {
    pub name: String,
    pub before: Option<String>,
    /// None where the call does not set it.
    pub after: Option<String>,
}

/// Records that could not be read.
#[derive(Clone, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UnreadRecords {
    pub object_type: String,
    pub why: String,
}

/// The newest approvals, those that wait first.
#[derive(Clone, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Approvals {
    pub approvals: Vec<Approval>,
}

/// One approval.
#[derive(Clone, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApprovalAnswer {
    pub approval: Approval,
}
