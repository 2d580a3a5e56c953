//! The refusal of a call that needs an approval.

use keyway_core::catalog::Operation;
use keyway_core::error_body::{ErrorBody, ErrorDetail};
use keyway_core::policy::Caller;
use keyway_core::refusal::Refusal;
use keyway_core::time::Timestamp;

use super::HEADER;
use crate::model::{Approval, ApprovalState};

/// The request for an approval is kept, and a person has to decide, or has approved.
pub(super) fn required(approval: &Approval, link: &str) -> ErrorBody {
    let (id, operation) = (approval.id, &approval.operation);
    let what = match approval.state {
        ApprovalState::Approved => "a person has approved it: send the same call with the header".to_owned(),
        _ => format!(
            "a person must approve it first, at {link} or with \"keyway approval approve {id}\". Then send the same call with the header"
        ),
    };
    let message = format!(
        "Keyway did not perform {operation} and changed nothing: the app needs a person's approval for {}, and {what} \"{HEADER}: {id}\", before {}.",
        approval.rule,
        approval.expires_at.to_iso(),
    );
    let detail = ErrorDetail::new("The call needs a person's approval.")
        .context("approval", vec![id.to_string()])
        .context("state", vec![approval.state.name().to_owned()])
        .context("link", vec![link.to_owned()])
        .context("expiresAt", vec![approval.expires_at.to_iso()])
        .context("records", approval.records.map(|records| records.to_string()).into_iter().collect())
        .context("rule", vec![approval.rule.clone()])
        .context("header", vec![format!("{HEADER}: {id}")]);
    Refusal::ApprovalRequired.error(message).detail(detail)
}

/// Nobody can be shown what the call would change.
pub(super) fn not_possible(operation: &Operation, why: &str, what: &str) -> ErrorBody {
    Refusal::ApprovalNotPossible.error(format!(
        "Keyway did not perform {operation} and changed nothing: the app needs a person's approval for {why}, and Keyway can't show a person what this call would change: {what}."
    ))
}

/// As many requests of the app wait as may.
pub(super) fn full(caller: &Caller<'_>) -> ErrorBody {
    Refusal::ApprovalsFull.error(format!(
        "Keyway did not perform the call and changed nothing: it needs a person's approval, and as many calls of the app {} ({}) wait for one as may. Wait until a person has decided about some.",
        caller.app_name, caller.app_id
    ))
}

/// The caller has no approval of this id. Whether another one has is not told.
pub(super) fn unknown(id: u64) -> ErrorBody {
    Refusal::ApprovalMismatch.error(format!("This app has no approval {id}. Send the call without the header {HEADER} to ask for one."))
}

/// The approval is of another call.
pub(super) fn other_call(approval: &Approval) -> ErrorBody {
    Refusal::ApprovalMismatch.error(format!(
        "Approval {} is not for this call: its method, path, query or body differ from what was approved. Send exactly the call that was approved, or ask for an approval of this one by sending it without the header {HEADER}.",
        approval.id
    ))
}

/// A record is not as it was when the call was approved.
pub(super) fn changed(approval: &Approval) -> ErrorBody {
    Refusal::ApprovalMismatch.error(format!(
        "Keyway did not perform the call: a record that it names has changed since approval {} was asked for. Send the call without the header {HEADER} to ask for an approval of the call as it is now.",
        approval.id
    ))
}

/// A person rejected it.
pub(super) fn rejected(approval: &Approval) -> ErrorBody {
    let reason = approval.reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
    Refusal::ApprovalRejected.error(format!("A person rejected approval {}{reason}", approval.id))
}

/// It was used before.
pub(super) fn used(approval: &Approval) -> ErrorBody {
    let at = approval.used_at.map(Timestamp::to_iso).unwrap_or_default();
    let outcome = match approval.status {
        Some(status) => format!("the call was answered with status {status}"),
        None => "what came of the call is not known; look at the records".to_owned(),
    };
    Refusal::ApprovalUsed.error(format!("Approval {} was used at {at}, and an approval is good for one call: {outcome}.", approval.id))
}

/// Its time is over.
pub(super) fn expired(approval: &Approval) -> ErrorBody {
    Refusal::ApprovalExpired.error(format!(
        "Approval {} ended at {}. Send the call without the header {HEADER} to ask for another one.",
        approval.id,
        approval.expires_at.to_iso()
    ))
}
