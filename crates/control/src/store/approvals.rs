//! Calls that wait for a person, at rest. What would change is customer data, so it is sealed.

use keyway_core::secret::Secret;
use keyway_core::time::Timestamp;
use keyway_core::token::TokenHash;
use sqlx::Row;
use sqlx::any::AnyRow;

use super::{Change, Store, StoreError, each, signed, unsigned};
use crate::model::{Approval, ApprovalState};

/// When an approval ended: it was used or rejected, or its time was over.
const ENDED: &str = "coalesce(used_at, case state when 'rejected' then decided_at else expires_at end)";

/// Inserts a request and returns its id; its own `id` and `state` are not looked at.
pub(crate) async fn insert(store: &Store, change: &mut Change, approval: &Approval) -> Result<u64, StoreError> {
    let query =
        "insert into approval (hub_id, app_id, session_id, operation, rule, records, call_hash, read_hash, state, created_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, 'pending', $9, $10) returning id";
    let made = sqlx::query(query)
        .bind(signed(approval.hub_id))
        .bind(signed(approval.app_id))
        .bind(approval.session_id.map(signed))
        .bind(&approval.operation)
        .bind(&approval.rule)
        .bind(approval.records.map(signed))
        .bind(approval.call_hash.0.to_vec())
        .bind(approval.read_hash.0.to_vec())
        .bind(approval.created_at.as_ms())
        .bind(approval.expires_at.as_ms())
        .fetch_one(&mut *change)
        .await?;
    let id = unsigned(made.try_get(0)?, "approval id")?;
    if let Some(shown) = &approval.change {
        let text = serde_json::to_string(shown).map_err(|_| StoreError::Row("change of an approval"))?;
        let sealed = store.seal_for(&bound_to(id), &Secret::new(text))?;
        sqlx::query("update approval set sealed = $1 where id = $2").bind(sealed).bind(signed(id)).execute(&mut *change).await?;
    }
    Ok(id)
}

/// The requests of an app, or of all, the newest first, without what would change.
pub(crate) async fn all(seen: &mut Change, app_id: Option<u64>, most: u32, now: Timestamp) -> Result<Vec<Approval>, StoreError> {
    let query = "select * from approval where ($1 = 0 or app_id = $1) order by id desc limit $2";
    let rows = sqlx::query(query).bind(app_id.map_or(0, signed)).bind(i64::from(most)).fetch_all(&mut *seen).await?;
    each(&rows, |row| approval(row, now))
}

/// Those that are pending, or approved and not used, the oldest first, without what would change.
pub(crate) async fn open(seen: &mut Change, now: Timestamp) -> Result<Vec<Approval>, StoreError> {
    let query = "select * from approval where state in ('pending', 'approved') and expires_at > $1 order by id";
    each(&sqlx::query(query).bind(now.as_ms()).fetch_all(&mut *seen).await?, |row| approval(row, now))
}

/// One request; what would change only where it is asked for.
pub(crate) async fn one(store: &Store, seen: &mut Change, id: u64, now: Timestamp, opened: bool) -> Result<Option<Approval>, StoreError> {
    let row = sqlx::query("select * from approval where id = $1").bind(signed(id)).fetch_optional(&mut *seen).await?;
    let Some(row) = row else { return Ok(None) };
    let mut found = approval(&row, now)?;
    if let (true, Some(sealed)) = (opened, row.try_get::<Option<Vec<u8>>, _>("sealed")?) {
        let text = store.open_for(&bound_to(id), &sealed)?;
        found.change = Some(serde_json::from_str(text.expose()).map_err(|_| StoreError::Row("change of an approval"))?);
    }
    Ok(Some(found))
}

/// Writes a person's decision, if nobody has decided before.
pub(crate) async fn decide(change: &mut Change, approval: &Approval) -> Result<bool, StoreError> {
    let query = "update approval set state = $1, decided_at = $2, decided_by = $3, reason = $4, expires_at = $5
         where id = $6 and state = 'pending' and expires_at > $2";
    let done = sqlx::query(query)
        .bind(approval.state.name())
        .bind(approval.decided_at.map(Timestamp::as_ms))
        .bind(approval.decided_by.as_deref())
        .bind(approval.reason.as_deref())
        .bind(approval.expires_at.as_ms())
        .bind(signed(approval.id))
        .execute(&mut *change)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Uses an approval for the one call that it is for. Decided by the database: of several that try, one succeeds.
pub(crate) async fn take(change: &mut Change, wanted: &Wanted, read_hash: &TokenHash, now: Timestamp) -> Result<bool, StoreError> {
    let query = "update approval set state = 'used', used_at = $1
         where id = $2 and app_id = $3 and coalesce(session_id, 0) = $4 and call_hash = $5 and read_hash = $6
         and state = 'approved' and expires_at > $1";
    let done = sqlx::query(query)
        .bind(now.as_ms())
        .bind(signed(wanted.id))
        .bind(signed(wanted.app_id))
        .bind(wanted.session_id.map_or(0, signed))
        .bind(wanted.call_hash.0.to_vec())
        .bind(read_hash.0.to_vec())
        .execute(&mut *change)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Writes what came of the call that was made with an approval.
pub(crate) async fn answered(change: &mut Change, id: u64, status: u16) -> Result<(), StoreError> {
    let query = sqlx::query("update approval set status = $1 where id = $2 and state = 'used' and status is null");
    query.bind(i64::from(status)).bind(signed(id)).execute(&mut *change).await?;
    Ok(())
}

/// Deletes what would have changed of approvals that ended before a moment, and approvals that ended before another.
pub(crate) async fn forget(change: &mut Change, values_before: Timestamp, before: Timestamp) -> Result<(), StoreError> {
    let values = format!("update approval set sealed = null where sealed is not null and {ENDED} < $1");
    sqlx::query(sqlx::AssertSqlSafe(values)).bind(values_before.as_ms()).execute(&mut *change).await?;
    let whole = format!("delete from approval where {ENDED} < $1");
    sqlx::query(sqlx::AssertSqlSafe(whole)).bind(before.as_ms()).execute(&mut *change).await?;
    Ok(())
}

/// An approval that a call presents.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The id that it presents.
    pub id: u64,
    /// The app that calls.
    pub app_id: u64,
    /// The session that calls.
    pub session_id: Option<u64>,
    /// The hash of the call.
    pub call_hash: TokenHash,
}

/// What would change can't be moved to another approval.
pub(crate) fn bound_to(id: u64) -> String {
    format!("keyway approval v1 {id}")
}

fn approval(row: &AnyRow, now: Timestamp) -> Result<Approval, StoreError> {
    let number = |column: &str| row.try_get::<Option<i64>, _>(column);
    let moment = |column: &str| number(column).map(|at| at.map(Timestamp::from_ms));
    let hash = |column: &str| {
        let bytes = <[u8; 32]>::try_from(row.try_get::<Vec<u8>, _>(column)?).map_err(|_| StoreError::Row("hash of an approval"))?;
        Ok::<_, StoreError>(TokenHash(bytes))
    };
    let state = ApprovalState::parse(row.try_get("state")?).ok_or(StoreError::Row("state of an approval"))?;
    let expires_at = Timestamp::from_ms(row.try_get("expires_at")?);
    let is_open = matches!(state, ApprovalState::Pending | ApprovalState::Approved);
    Ok(Approval {
        id: unsigned(row.try_get("id")?, "approval id")?,
        hub_id: unsigned(row.try_get("hub_id")?, "hub id")?,
        app_id: unsigned(row.try_get("app_id")?, "app id")?,
        session_id: number("session_id")?.map(|id| unsigned(id, "session id")).transpose()?,
        operation: row.try_get("operation")?,
        rule: row.try_get("rule")?,
        records: number("records")?.map(|count| unsigned(count, "count")).transpose()?,
        call_hash: hash("call_hash")?,
        read_hash: hash("read_hash")?,
        change: None,
        state: if is_open && expires_at <= now { ApprovalState::Expired } else { state },
        created_at: Timestamp::from_ms(row.try_get("created_at")?),
        expires_at,
        decided_at: moment("decided_at")?,
        decided_by: row.try_get("decided_by")?,
        reason: row.try_get("reason")?,
        used_at: moment("used_at")?,
        status: number("status")?.and_then(|status| u16::try_from(status).ok()),
    })
}
