//! Calls that need a person's approval: asked for, decided, and used once.
//!
//! Each step is one transaction that the database decides: of two people one decides, of two calls one is made, also
//! on several instances. An approval is marked as used before its call goes on, so after a crash in between it is
//! used, and nobody knows the outcome; the call is never made twice.

use keyway_core::approval::Change as Shown;
use keyway_core::time::Timestamp;
use keyway_core::token::TokenHash;
use serde_json::{Value, json};

use super::{Control, ControlError, Result, record, text, unknown};
use crate::model::{Approval, ApprovalState};
use crate::store::StoreError;
use crate::store::approvals::{self as stored, Wanted};

/// How long a request waits for a person, in milliseconds: a day.
const PENDING_MS: i64 = 86_400_000;
/// How long an approval can be used, in milliseconds: an hour.
const APPROVED_MS: i64 = 3_600_000;
/// Requests of one app that wait, or are approved and not used.
const OPEN_MAX: usize = 20;
/// How long what would have changed is kept after the end, in milliseconds: a day.
const VALUES_KEPT_MS: i64 = 86_400_000;
/// How long an approval is kept after its end, in milliseconds: 90 days.
const KEPT_MS: i64 = 90 * 86_400_000;

/// A call that needs an approval.
#[derive(Clone, Debug)]
pub struct NewApproval {
    /// The account of the call.
    pub hub_id: u64,
    /// The app that calls.
    pub app_id: u64,
    /// The session that calls.
    pub session_id: Option<u64>,
    /// The operation's id in the catalog.
    pub operation: String,
    /// The part of the app's rule that names the call, in words.
    pub rule: String,
    /// How many records it changes; none where that is not known.
    pub records: Option<u64>,
    /// The hash of the call.
    pub call_hash: TokenHash,
    /// The hash of the records as they were read.
    pub read_hash: TokenHash,
    /// What would change, as a person sees it.
    pub change: Shown,
}

impl Control {
    /// Asks for an approval. The same call on the same records has one; none where as many of the app's wait as may.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn ask_approval(&self, new: NewApproval) -> Result<Option<Approval>> {
        let mut change = self.store.begin().await?;
        let now = self.store.now(&mut change).await?;
        stored::forget(&mut change, now.plus_ms(-VALUES_KEPT_MS), now.plus_ms(-KEPT_MS)).await?;
        let open: Vec<Approval> = stored::open(&mut change, now).await?.into_iter().filter(|one| one.app_id == new.app_id).collect();
        let same = |one: &&Approval| one.session_id == new.session_id && one.call_hash == new.call_hash && one.read_hash == new.read_hash;
        if let Some(known) = open.iter().find(same) {
            return Ok(Some(known.clone()));
        }
        if open.len() >= OPEN_MAX {
            return Ok(None);
        }
        let NewApproval { hub_id, app_id, session_id, operation, rule, records, call_hash, read_hash, change: shown } = new;
        let mut approval = Approval {
            id: 0,
            hub_id,
            app_id,
            session_id,
            operation,
            rule,
            records,
            call_hash,
            read_hash,
            change: Some(shown),
            state: ApprovalState::Pending,
            created_at: now,
            expires_at: now.plus_ms(PENDING_MS),
            decided_at: None,
            decided_by: None,
            reason: None,
            used_at: None,
            status: None,
        };
        approval.id = stored::insert(&self.store, &mut change, &approval).await?;
        change.commit().await.map_err(StoreError::from)?;
        Ok(Some(approval))
    }

    /// The newest approvals, of one app or of all, without what would change.
    ///
    /// # Errors
    /// The store can't be read.
    pub async fn approvals(&self, app_id: Option<u64>, most: u32) -> Result<Vec<Approval>> {
        let mut reading = self.store.read().await?;
        let now = self.store.now(&mut reading).await?;
        Ok(stored::all(&mut reading, app_id, most, now).await?)
    }

    /// The approvals that wait for a person, the oldest first, without what would change.
    ///
    /// # Errors
    /// The store can't be read.
    pub async fn pending_approvals(&self) -> Result<Vec<Approval>> {
        let mut reading = self.store.read().await?;
        let now = self.store.now(&mut reading).await?;
        let open = stored::open(&mut reading, now).await?.into_iter();
        Ok(open.filter(|one| one.state == ApprovalState::Pending).collect())
    }

    /// One approval, with what would change while that is kept.
    ///
    /// # Errors
    /// [`ControlError::NotFound`]: no request for an approval has this id.
    pub async fn approval(&self, id: u64) -> Result<Approval> {
        let mut reading = self.store.read().await?;
        let now = self.store.now(&mut reading).await?;
        stored::one(&self.store, &mut reading, id, now, true).await?.ok_or_else(|| no_approval(id))
    }

    /// A person approves a call, or rejects it with a reason.
    ///
    /// # Errors
    /// There is no such approval, somebody has decided before, its time is over, or the reason is too long.
    pub async fn decide_approval(&self, id: u64, approved: bool, reason: &str) -> Result<Approval> {
        let reason = text("the reason", reason, false)?;
        let mut change = self.store.begin().await?;
        let now = self.store.now(&mut change).await?;
        let before = stored::one(&self.store, &mut change, id, now, true).await?.ok_or_else(|| no_approval(id))?;
        let mut after = before.clone();
        after.state = if approved { ApprovalState::Approved } else { ApprovalState::Rejected };
        after.decided_at = Some(now);
        after.decided_by = record::acting_name();
        after.reason = Some(reason).filter(|reason| !reason.is_empty());
        if approved {
            after.expires_at = now.plus_ms(APPROVED_MS);
        }
        if before.state != ApprovalState::Pending || !stored::decide(&mut change, &after).await? {
            return Err(ControlError::Conflict(decided_before(&before)));
        }
        record::of_one_in(&mut change, format!("approval {id}"), Some(shown(&before)), Some(shown(&after)), Some(before.hub_id)).await?;
        change.commit().await.map_err(StoreError::from)?;
        Ok(after)
    }

    /// The state of an approval that a call presents; none where its caller has none of this id.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn approval_presented(&self, wanted: &Wanted) -> Result<Option<Approval>> {
        let mut reading = self.store.read().await?;
        let now = self.store.now(&mut reading).await?;
        let found = stored::one(&self.store, &mut reading, wanted.id, now, false).await?;
        Ok(found.filter(|one| one.app_id == wanted.app_id && one.session_id == wanted.session_id))
    }

    /// Uses an approval for its call. If it can't be used, returns its state.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn use_approval(&self, wanted: &Wanted, read_hash: &TokenHash) -> Result<std::result::Result<(), Option<Approval>>> {
        let mut change = self.store.begin().await?;
        let now = self.store.now(&mut change).await?;
        if stored::take(&mut change, wanted, read_hash, now).await? {
            change.commit().await.map_err(StoreError::from)?;
            return Ok(Ok(()));
        }
        drop(change);
        Ok(Err(self.approval_presented(wanted).await?))
    }

    /// Notes the status of the answer to a call that was made with an approval.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn approval_answered(&self, id: u64, status: u16) -> Result<()> {
        let mut change = self.store.begin().await?;
        stored::answered(&mut change, id, status).await?;
        change.commit().await.map_err(StoreError::from)?;
        Ok(())
    }

    /// Deletes what is not kept any longer.
    ///
    /// # Errors
    /// The store can't be written.
    pub async fn forget_approvals(&self) -> Result<()> {
        let mut change = self.store.begin().await?;
        let now = self.store.now(&mut change).await?;
        stored::forget(&mut change, now.plus_ms(-VALUES_KEPT_MS), now.plus_ms(-KEPT_MS)).await?;
        change.commit().await.map_err(StoreError::from)?;
        Ok(())
    }

    /// The link to the page of an approval, as notifications have it: signed, so that the page knows it for this
    /// server's, and good as long as the request waits. Whoever follows it signs in, and decides there.
    pub fn approval_link(&self, server: &str, approval: &Approval) -> String {
        let until = approval.expires_at.as_ms();
        format!("{server}/approvals/{}?until={until}&signature={}", approval.id, self.approval_signature(approval.id, until))
    }

    /// Whether a link to the page of an approval is one of this server's, and has not ended.
    pub fn is_approval_link(&self, id: u64, until: i64, signature: &str, now: Timestamp) -> bool {
        let expected = blake3::hash(self.approval_signature(id, until).as_bytes());
        // blake3::Hash compares in constant time.
        expected == blake3::hash(signature.as_bytes()) && now.as_ms() < until
    }

    fn approval_signature(&self, id: u64, until: i64) -> String {
        let key = self.store.secret_for("links to approvals");
        let signed = blake3::keyed_hash(key.expose(), format!("approval {id} until {until}").as_bytes());
        signed.to_hex().as_str()[..32].to_owned()
    }
}

fn no_approval(id: u64) -> ControlError {
    unknown("approval", id, "keyway approval list")
}

/// Why nobody can decide any more.
fn decided_before(approval: &Approval) -> String {
    let id = approval.id;
    let by = approval.decided_by.as_deref().unwrap_or("somebody");
    let at = approval.decided_at.map(Timestamp::to_iso).unwrap_or_default();
    match approval.state {
        ApprovalState::Expired if approval.decided_at.is_none() => {
            format!("the time of approval {id} ended at {}, and nobody had decided; the app can ask again", approval.expires_at.to_iso())
        }
        ApprovalState::Rejected => format!("{by} rejected approval {id} at {at}"),
        ApprovalState::Used => format!("{by} approved approval {id} at {at}, and the call was made"),
        _ => format!("{by} approved approval {id} at {at}"),
    }
}

/// What a record of changes says of an approval: nothing of what would change.
fn shown(approval: &Approval) -> Value {
    json!({
        "appId": approval.app_id, "operation": approval.operation, "records": approval.records, "state": approval.state.name(),
        "reason": approval.reason, "expiresAt": approval.expires_at.to_iso(),
    })
}
