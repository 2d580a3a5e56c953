//! The record of changes at rest.

use keyway_core::time::Timestamp;
use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Row};

use super::{Change, Store, StoreError, each, signed, unsigned};
use crate::model::ChangeRecord;

/// Which records are wanted; none of a field takes all.
#[derive(Clone, Debug, Default)]
pub struct ChangeFilter {
    /// Changed by them: an address, a token's name, `socket` or `server`.
    pub who: Option<String>,
    /// Changed by this operation of the admin API.
    pub operation: Option<String>,
    /// Changed of this, such as `app 3`.
    pub target: Option<String>,
    /// Changed in this account.
    pub hub_id: Option<u64>,
    /// From this moment on.
    pub from: Option<Timestamp>,
    /// Before this moment.
    pub to: Option<Timestamp>,
    /// Older than the record of this id.
    pub before_id: Option<u64>,
    /// At most so many.
    pub limit: u32,
}

/// Writes a record; its own `id` is not looked at.
pub(crate) async fn insert(change: &mut Change, record: &ChangeRecord) -> Result<(), StoreError> {
    let query = "insert into change_record (at, kind, who_id, who, role, operation, target, was, became, source, hub_id) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    sqlx::query(query)
        .bind(record.at.as_ms())
        .bind(&record.kind)
        .bind(record.who_id.map(signed))
        .bind(&record.who)
        .bind(&record.role)
        .bind(&record.operation)
        .bind(&record.target)
        .bind(record.was.to_string())
        .bind(record.became.to_string())
        .bind(&record.source)
        .bind(record.hub_id.map(signed))
        .execute(&mut *change)
        .await?;
    Ok(())
}

impl Store {
    /// The records that fit, newest first.
    pub(crate) async fn changes(&self, filter: &ChangeFilter) -> Result<Vec<ChangeRecord>, StoreError> {
        let texts = [("who = ", &filter.who), ("operation = ", &filter.operation), ("target = ", &filter.target)];
        let numbers = [
            ("hub_id = ", filter.hub_id.map(signed)),
            ("at >= ", filter.from.map(Timestamp::as_ms)),
            ("at < ", filter.to.map(Timestamp::as_ms)),
            ("id < ", filter.before_id.map(signed)),
        ];
        let wanted = texts.iter().filter(|(_, value)| value.is_some()).map(|(column, _)| *column);
        let wanted = wanted.chain(numbers.iter().filter(|(_, value)| value.is_some()).map(|(column, _)| *column));
        // Made of the column names above and of numbers; values are bound.
        let clauses: Vec<String> = wanted.enumerate().map(|(at, column)| format!("{column}${}", at + 1)).collect();
        let filtered = if clauses.is_empty() { String::new() } else { format!("where {}", clauses.join(" and ")) };
        let text = format!("select * from change_record {filtered} order by id desc limit {}", filter.limit);
        let mut query = sqlx::query(AssertSqlSafe(text));
        for (_, value) in texts {
            if let Some(value) = value {
                query = query.bind(value);
            }
        }
        for (_, value) in numbers {
            if let Some(value) = value {
                query = query.bind(value);
            }
        }
        each(&query.fetch_all(&self.pool).await?, record)
    }
}

fn record(row: &AnyRow) -> Result<ChangeRecord, StoreError> {
    let json = |column: &str| serde_json::from_str(row.try_get(column)?).map_err(|_| StoreError::Row("record of a change"));
    Ok(ChangeRecord {
        id: unsigned(row.try_get("id")?, "change id")?,
        at: Timestamp::from_ms(row.try_get("at")?),
        kind: row.try_get("kind")?,
        who_id: row.try_get::<Option<i64>, _>("who_id")?.map(|id| unsigned(id, "id")).transpose()?,
        who: row.try_get("who")?,
        role: row.try_get("role")?,
        operation: row.try_get("operation")?,
        target: row.try_get("target")?,
        was: json("was")?,
        became: json("became")?,
        source: row.try_get("source")?,
        hub_id: row.try_get::<Option<i64>, _>("hub_id")?.map(|id| unsigned(id, "account id")).transpose()?,
    })
}
