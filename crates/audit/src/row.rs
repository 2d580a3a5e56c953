//! The stored form of a record, in files or in a table.

use keyway_core::refusal::Refusal;
use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;
use sqlx::{ColumnIndex, Decode, Error, Row as _, Type};

use super::entry::AuditEntry;
use keyway_ground::database::signed;

/// The category of a call whose process died before its outcome was known.
const OUTCOME_UNKNOWN: &str = Refusal::OutcomeUnknown.category();

/// A record, less its seal.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Row<'a> {
    pub id: i64,
    pub at: i64,
    pub hub_id: Option<i64>,
    pub app_id: Option<i64>,
    pub token_id: Option<i64>,
    #[serde(borrow)]
    pub operation: &'a str,
    #[serde(borrow)]
    pub object: Option<&'a str>,
    pub status: Option<i64>,
    #[serde(borrow)]
    /// The name of a refusal or a category: see [`keyway_core::refusal::Word`].
    pub category: Option<&'a str>,
    pub latency_us: i64,
    pub bytes_in: i64,
    pub bytes_out: i64,
    pub attempts: i64,
    pub waited_us: i64,
    pub correlation_id: &'a str,
    pub source: &'a str,
    /// A file has it after the row, unless it is empty.
    #[serde(skip)]
    pub named: Named<'a>,
    /// A file has it after both, unless it is empty.
    #[serde(skip)]
    pub agent: Agent<'a>,
}

/// The session that made the call, its person and purpose, and the MCP tool.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Agent<'a> {
    pub session: Option<i64>,
    #[serde(borrow)]
    pub person: &'a str,
    #[serde(borrow)]
    pub purpose: &'a str,
    #[serde(borrow)]
    pub tool: &'a str,
    pub approval: Option<i64>,
}

impl<'a> Agent<'a> {
    pub fn of(entry: &'a AuditEntry) -> Self {
        let Some(agent) = &entry.agent else { return Self::default() };
        Self {
            session: agent.session.map(signed),
            person: &agent.person,
            purpose: &agent.purpose,
            tool: &agent.tool,
            approval: agent.approval.map(signed),
        }
    }
}

/// The CRM records that a call touched, and the properties that it set, as `keyway_core::touched` has
/// them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Named<'a> {
    /// With a space between them.
    #[serde(borrow)]
    pub records: &'a str,
    pub record_count: i64,
    pub incomplete: bool,
    /// With a space between them.
    #[serde(borrow)]
    pub properties: &'a str,
    pub property_count: i64,
}

impl<'a> Named<'a> {
    pub fn of(entry: &'a AuditEntry) -> Self {
        let Some(named) = &entry.named else { return Self::default() };
        Self {
            records: &named.records,
            record_count: signed(named.record_count),
            incomplete: named.incomplete,
            properties: &named.properties,
            property_count: signed(named.property_count),
        }
    }

    /// Whether one of these records is listed.
    pub fn has_record(&self, forms: &[String]) -> bool {
        self.records.split(' ').any(|record| forms.iter().any(|form| form == record))
    }

    /// Whether this property is listed.
    pub fn has_property(&self, name: &str) -> bool {
        self.properties.split(' ').any(|property| property == name)
    }
}

impl<'a> Row<'a> {
    /// The row of a call that was answered.
    pub fn of(entry: &'a AuditEntry, id: i64, source: &'a str) -> Self {
        Self {
            id,
            at: entry.at.as_ms(),
            hub_id: entry.hub_id.map(signed),
            app_id: entry.app_id.map(signed),
            token_id: entry.token_id.map(signed),
            operation: &entry.operation,
            object: entry.object.as_deref(),
            status: Some(i64::from(entry.status)),
            category: entry.word,
            latency_us: signed(entry.latency_us),
            bytes_in: signed(entry.bytes_in),
            bytes_out: signed(entry.bytes_out),
            attempts: i64::from(entry.attempts),
            waited_us: signed(entry.waited_us),
            correlation_id: &entry.correlation_id,
            source,
            named: Named::of(entry),
            agent: Agent::of(entry),
        }
    }

    /// The row of a call that began and whose end was never reported. It has no number yet.
    pub fn unfinished(entry: &'a AuditEntry, source: &'a str) -> Self {
        Self { status: None, category: Some(OUTCOME_UNKNOWN), latency_us: 0, ..Self::of(entry, 0, source) }
    }

    /// The row as it was read.
    pub fn read(row: &'a AnyRow) -> Result<Self, Error> {
        Ok(Self {
            id: row.try_get("id")?,
            at: row.try_get("at")?,
            hub_id: row.try_get("hub_id")?,
            app_id: row.try_get("app_id")?,
            token_id: row.try_get("token_id")?,
            operation: row.try_get("operation")?,
            object: row.try_get("object")?,
            status: row.try_get("status")?,
            category: row.try_get("category")?,
            latency_us: row.try_get("latency_us")?,
            bytes_in: row.try_get("bytes_in")?,
            bytes_out: row.try_get("bytes_out")?,
            attempts: row.try_get("attempts")?,
            waited_us: row.try_get("waited_us")?,
            correlation_id: row.try_get("correlation_id")?,
            source: row.try_get("source")?,
            named: Named {
                records: row.try_get::<Option<&str>, _>("record_ids")?.unwrap_or_default(),
                record_count: row.try_get::<Option<i64>, _>("record_count")?.unwrap_or(0),
                incomplete: row.try_get::<Option<i64>, _>("records_incomplete")?.is_some_and(|flag| flag != 0),
                properties: row.try_get::<Option<&str>, _>("properties")?.unwrap_or_default(),
                property_count: row.try_get::<Option<i64>, _>("property_count")?.unwrap_or(0),
            },
            agent: Agent {
                session: row.try_get("session")?,
                person: row.try_get::<Option<&str>, _>("person")?.unwrap_or_default(),
                purpose: row.try_get::<Option<&str>, _>("purpose")?.unwrap_or_default(),
                tool: row.try_get::<Option<&str>, _>("tool")?.unwrap_or_default(),
                approval: row.try_get("approval")?,
            },
        })
    }
}

/// A call that was begun and whose outcome nobody knows, as it becomes a record.
pub(super) struct Begun {
    pub at: i64,
    pub hub_id: Option<i64>,
    pub app_id: Option<i64>,
    pub token_id: Option<i64>,
    pub operation: String,
    pub object: Option<String>,
    pub bytes_in: i64,
    pub correlation_id: String,
    pub source: String,
    records: String,
    record_count: i64,
    incomplete: bool,
    properties: String,
    property_count: i64,
    session: Option<i64>,
    person: String,
    purpose: String,
    tool: String,
    approval: Option<i64>,
}

impl Begun {
    /// The note as it was read, from either database.
    pub fn read<R>(row: &R) -> Result<Self, Error>
    where
        R: sqlx::Row,
        &'static str: ColumnIndex<R>,
        i64: Type<R::Database> + for<'r> Decode<'r, R::Database>,
        String: Type<R::Database> + for<'r> Decode<'r, R::Database>,
    {
        Ok(Self {
            at: row.try_get("at")?,
            hub_id: row.try_get("hub_id")?,
            app_id: row.try_get("app_id")?,
            token_id: row.try_get("token_id")?,
            operation: row.try_get("operation")?,
            object: row.try_get("object")?,
            bytes_in: row.try_get("bytes_in")?,
            correlation_id: row.try_get("correlation_id")?,
            source: row.try_get("source")?,
            records: row.try_get::<Option<String>, _>("record_ids")?.unwrap_or_default(),
            record_count: row.try_get::<Option<i64>, _>("record_count")?.unwrap_or(0),
            incomplete: row.try_get::<Option<i64>, _>("records_incomplete")?.is_some_and(|flag| flag != 0),
            properties: row.try_get::<Option<String>, _>("properties")?.unwrap_or_default(),
            property_count: row.try_get::<Option<i64>, _>("property_count")?.unwrap_or(0),
            session: row.try_get("session")?,
            person: row.try_get::<Option<String>, _>("person")?.unwrap_or_default(),
            purpose: row.try_get::<Option<String>, _>("purpose")?.unwrap_or_default(),
            tool: row.try_get::<Option<String>, _>("tool")?.unwrap_or_default(),
            approval: row.try_get("approval")?,
        })
    }

    pub fn row(&self, id: i64) -> Row<'_> {
        Row {
            id,
            at: self.at,
            hub_id: self.hub_id,
            app_id: self.app_id,
            token_id: self.token_id,
            operation: &self.operation,
            object: self.object.as_deref(),
            status: None,
            category: Some(OUTCOME_UNKNOWN),
            latency_us: 0,
            bytes_in: self.bytes_in,
            bytes_out: 0,
            attempts: 0,
            waited_us: 0,
            correlation_id: &self.correlation_id,
            source: &self.source,
            named: Named {
                records: &self.records,
                record_count: self.record_count,
                incomplete: self.incomplete,
                properties: &self.properties,
                property_count: self.property_count,
            },
            agent: Agent { session: self.session, person: &self.person, purpose: &self.purpose, tool: &self.tool, approval: self.approval },
        }
    }
}
