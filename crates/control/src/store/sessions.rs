//! The sessions of apps, and what they have used of their budgets.
//!
//! A use is one statement that adds and compares at once, so that of two calls which want the last unit, on any
//! instance, one gets it. It is durable before the call is performed.

use keyway_core::time::Timestamp;
use sqlx::Row;
use sqlx::any::AnyRow;

use super::{Change, Store, StoreError, classes, json_list, read_rule, unsigned, words, written_rule};
use keyway_ground::database::signed;

use crate::model::{Agent, Session, SessionBudget, SessionUse};

/// Every token, with the session that it is of.
pub(super) const TOKENS: &str = "select token.*, one.scopes as session_scopes, one.classes as session_classes, one.person,
     one.purpose, one.created_by, one.calls_max, one.records_max, one.day_calls_max, one.day_records_max,
     one.approve as session_approve,
     agent.client as agent_client, agent.client_name as agent_name, agent.resource as agent_resource
     from token left join app_session one on one.token_id = token.id
     left join agent_grant agent on agent.token_id = token.id order by token.id";

/// The session of a row of [`TOKENS`].
pub(super) fn session(row: &AnyRow) -> Result<Option<Session>, StoreError> {
    let Some(scopes) = row.try_get::<Option<String>, _>("session_scopes")? else { return Ok(None) };
    let text = |column: &str| row.try_get::<Option<String>, _>(column).map(Option::unwrap_or_default);
    let most = |column: &str| row.try_get::<Option<i64>, _>(column)?.map(|most| unsigned(most, "budget of a session")).transpose();
    Ok(Some(Session {
        scopes: serde_json::from_str(&scopes).map_err(|_| StoreError::Row("list of scopes"))?,
        classes: classes(&text("session_classes")?)?,
        person: text("person")?,
        purpose: text("purpose")?,
        created_by: text("created_by")?,
        budget: SessionBudget {
            calls: most("calls_max")?,
            records: most("records_max")?,
            calls_per_day: most("day_calls_max")?,
            records_per_day: most("day_records_max")?,
        },
        agent: match row.try_get::<Option<String>, _>("agent_client")? {
            Some(client) => Some(Agent { client, name: text("agent_name")?, resource: text("agent_resource")? }),
            None => None,
        },
        approve: read_rule(&text("session_approve")?)?,
    }))
}

/// Inserts the session of a token.
pub(crate) async fn insert(change: &mut Change, token_id: u64, session: &Session) -> Result<(), StoreError> {
    let budget = session.budget;
    sqlx::query(
        "insert into app_session (token_id, scopes, classes, person, purpose, created_by, calls_max, records_max, day_calls_max, day_records_max, approve)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
    )
    .bind(signed(token_id))
    .bind(json_list(&session.scopes))
    .bind(words(session.classes))
    .bind(&session.person)
    .bind(&session.purpose)
    .bind(&session.created_by)
    .bind(budget.calls.map(signed))
    .bind(budget.records.map(signed))
    .bind(budget.calls_per_day.map(signed))
    .bind(budget.records_per_day.map(signed))
    .bind(written_rule(&session.approve))
    .execute(&mut *change)
    .await?;
    Ok(())
}

/// Deletes a token, and its session with it.
pub(crate) async fn delete(change: &mut Change, token_id: u64) -> Result<(), StoreError> {
    sqlx::query("delete from token where id = $1").bind(signed(token_id)).execute(&mut *change).await?;
    Ok(())
}

/// What a call uses of the budgets of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The id of the session's token.
    pub token_id: u64,
    /// The midnight that began the account's day.
    pub day: Timestamp,
    /// Calls that it adds.
    pub calls: u64,
    /// Records that it adds.
    pub records: u64,
}

/// Adds where it fits. The day of a row never goes back: two instances whose clocks differ would else begin it again
/// again and again.
const USE: &str = "update app_session set calls = calls + $2, records = records + $3,
     day_calls = case when day >= $4 then day_calls else 0 end + $2,
     day_records = case when day >= $4 then day_records else 0 end + $3,
     day = case when day >= $4 then day else $4 end
     where token_id = $1
     and ($2 = 0 or calls_max is null or calls + $2 <= calls_max)
     and ($3 = 0 or records_max is null or records + $3 <= records_max)
     and ($2 = 0 or day_calls_max is null or case when day >= $4 then day_calls else 0 end + $2 <= day_calls_max)
     and ($3 = 0 or day_records_max is null or case when day >= $4 then day_records else 0 end + $3 <= day_records_max)";

impl Store {
    /// Uses a part of a session's budgets, if all of it fits. Durable on return. Whether it did.
    ///
    /// # Errors
    /// The store can't be written.
    pub(crate) async fn use_budget(&self, wanted: Wanted) -> Result<bool, StoreError> {
        let done = sqlx::query(USE)
            .bind(signed(wanted.token_id))
            .bind(signed(wanted.calls))
            .bind(signed(wanted.records))
            .bind(wanted.day.as_ms())
            .execute(&self.pool)
            .await?;
        Ok(done.rows_affected() > 0)
    }

    /// Gives records back that a call did not need.
    ///
    /// # Errors
    /// The store can't be written.
    pub(crate) async fn give_back_records(&self, wanted: Wanted) -> Result<(), StoreError> {
        sqlx::query(
            "update app_session set records = case when records > $2 then records - $2 else 0 end,
             day_records = case when day = $3 and day_records > $2 then day_records - $2 when day = $3 then 0 else day_records end
             where token_id = $1",
        )
        .bind(signed(wanted.token_id))
        .bind(signed(wanted.records))
        .bind(wanted.day.as_ms())
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// What a session has used; none where there is no such session.
    ///
    /// # Errors
    /// The store can't be read.
    pub(crate) async fn session_use(&self, token_id: u64, day: Timestamp) -> Result<Option<SessionUse>, StoreError> {
        let query = sqlx::query("select calls, records, day, day_calls, day_records from app_session where token_id = $1");
        let Some(row) = query.bind(signed(token_id)).fetch_optional(&self.pool).await? else { return Ok(None) };
        let number = |column: &str| unsigned(row.try_get(column)?, "use of a session");
        let is_of_day = row.try_get::<i64, _>("day")? >= day.as_ms();
        Ok(Some(SessionUse {
            calls: number("calls")?,
            records: number("records")?,
            day_calls: if is_of_day { number("day_calls")? } else { 0 },
            day_records: if is_of_day { number("day_records")? } else { 0 },
        }))
    }
}
