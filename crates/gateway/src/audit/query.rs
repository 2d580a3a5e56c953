//! Reading the log: filters, newest first, a page at a time.

use keyway_core::time::Timestamp;
use sqlx::Row;
use sqlx::any::AnyRow;

use super::sql::Sql;
use super::{AuditError, AuditLog, AuditRecord};
use crate::store::signed;

/// Records on one page at most.
pub(crate) const LIMIT_MAX: u32 = 10_000;

/// Which records to read. Empty fields do not filter.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    /// Of this app.
    pub app_id: Option<u64>,
    /// Of this account.
    pub hub_id: Option<u64>,
    /// Of this operation: `GET /crm/v3/owners`, or the template alone.
    pub operation: Option<String>,
    /// With this status.
    pub status: Option<StatusFilter>,
    /// With this category.
    pub category: Option<String>,
    /// With this correlation id.
    pub correlation_id: Option<String>,
    /// From this moment on.
    pub from: Option<Timestamp>,
    /// Before this moment.
    pub to: Option<Timestamp>,
    /// Older than this record: the last one of the page before.
    pub before_id: Option<i64>,
    /// How many, at most [`LIMIT_MAX`]; none read none.
    pub limit: u32,
}

/// A status or a class of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusFilter {
    /// Exactly this one.
    Exact(u16),
    /// 4 for 4xx.
    Class(u16),
    /// The process died before the outcome was known.
    Unknown,
}

impl std::str::FromStr for StatusFilter {
    type Err = String;

    /// `403`, `4xx` or `unknown`.
    fn from_str(text: &str) -> Result<Self, String> {
        let refused = || format!("{text} is not a status; use one such as 403, a class such as 4xx, or unknown");
        if text.eq_ignore_ascii_case("unknown") {
            return Ok(Self::Unknown);
        }
        if let Some(class) = text.to_ascii_lowercase().strip_suffix("xx") {
            return class.parse().ok().filter(|class| (1..=5).contains(class)).map(Self::Class).ok_or_else(refused);
        }
        text.parse().ok().filter(|status| (100..=599).contains(status)).map(Self::Exact).ok_or_else(refused)
    }
}

impl AuditLog {
    /// The records that the filter lets through, newest first.
    ///
    /// # Errors
    /// The file can't be read.
    pub async fn list(&self, filter: &AuditFilter) -> Result<Vec<AuditRecord>, AuditError> {
        let mut snapshot = self.readers.begin().await?;
        let mut found = Vec::new();
        // The index by app follows behind; the newest calls are looked through.
        let follows = filter.app_id.is_some() && !self.postgres;
        let sources: &[Source] = if follows { &[Source::Unindexed, Source::OfApp] } else { &[Source::Calls] };
        for source in sources {
            for row in statement(*source, filter).fetch_all(&mut *snapshot).await? {
                found.push(record(&row)?);
            }
        }
        found.sort_unstable_by(|one: &AuditRecord, other| (&other.time, other.id).cmp(&(&one.time, one.id)));
        found.truncate(filter.limit as usize);
        Ok(found)
    }

    /// How many calls of an account since a moment count against its day: those a limit let
    /// through. Refusals before the limit (401, 403, 404…) and by it (429) do not.
    ///
    /// # Errors
    /// The file can't be read.
    pub async fn counted_since(&self, hub_id: u64, since: Timestamp) -> Result<u64, AuditError> {
        let mut query = Sql::new("select count(*) from call where at >= ");
        query.bind(since.as_ms()).push(" and hub_id = ").bind(signed(hub_id));
        // Token requests are no calls of the account.
        query.push(" and operation not like '% /oauth/%'");
        query.push(&format!(" and (category is null or category not in {NOT_PERMITTED} and category <> 'RATE_LIMITS')"));
        let rows = query.fetch_all(&self.readers).await?;
        let count = rows.first().map_or(Ok(0), |row| row.try_get::<i64, _>(0))?;
        Ok(u64::try_from(count).unwrap_or(0))
    }
}

/// How often an app called an operation on a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperationUse {
    /// The account.
    pub hub_id: u64,
    /// The app.
    pub app_id: u64,
    /// Method and path template.
    pub operation: String,
    /// The object type of a generic operation.
    pub object: Option<String>,
    /// The day in UTC, ISO date.
    pub day: String,
    /// Calls.
    pub calls: u64,
    /// Calls that were answered with an error.
    pub failed: u64,
    /// When the last of them came in.
    pub last: Timestamp,
}

const SUMMED: &str = "select hub_id, app_id, operation, object, at / 86400000 as day, count(*) as calls,
    count(*) filter (where status >= 400) as failed, max(at) as last from call";

/// Refusals before the limits: what was called was not permitted.
const NOT_PERMITTED: &str =
    "('INVALID_AUTHENTICATION', 'EXPIRED_AUTHENTICATION', 'MISSING_SCOPES', 'BANNED', 'NOT_FOUND', 'METHOD_NOT_ALLOWED')";

impl AuditLog {
    /// Calls by app, operation and day since a moment, of one account or of all.
    ///
    /// # Errors
    /// The file can't be read.
    pub async fn usage(&self, hub_id: Option<u64>, since: Timestamp) -> Result<Vec<OperationUse>, AuditError> {
        let mut query = Sql::new(SUMMED);
        query.push(" where app_id is not null and at >= ").bind(since.as_ms());
        if let Some(hub_id) = hub_id {
            query.push(" and hub_id = ").bind(signed(hub_id));
        }
        self.summed(query).await
    }

    /// The same for the calls of one app that its scopes let through.
    ///
    /// # Errors
    /// The file can't be read.
    pub async fn permitted_use(&self, app_id: u64, since: Timestamp) -> Result<Vec<OperationUse>, AuditError> {
        let mut query = Sql::new(SUMMED);
        query.push(" where at >= ").bind(since.as_ms()).push(" and app_id = ").bind(signed(app_id));
        query.push(&format!(" and (category is null or category not in {NOT_PERMITTED})"));
        self.summed(query).await
    }

    /// When the oldest call on record came in.
    ///
    /// # Errors
    /// The file can't be read.
    pub async fn oldest(&self) -> Result<Option<Timestamp>, AuditError> {
        let rows = Sql::new("select at from call order by at limit 1").fetch_all(&self.readers).await?;
        let oldest = rows.first().map(|row| row.try_get(0)).transpose()?;
        Ok(oldest.map(Timestamp::from_ms))
    }

    /// Where the calls with a token came from since a moment: address, calls, the last of them.
    ///
    /// # Errors
    /// The file can't be read.
    pub async fn sources_of(&self, token_id: u64, since: Timestamp) -> Result<Vec<(String, u64, Timestamp)>, AuditError> {
        let mut query = Sql::new("select source, count(*) as calls, max(at) as last from call where at >= ");
        query.bind(since.as_ms()).push(" and token_id = ").bind(signed(token_id)).push(" group by source order by last desc");
        let rows = query.fetch_all(&self.readers).await?;
        let read = |row: &AnyRow| {
            let calls = u64::try_from(row.try_get::<i64, _>("calls")?).unwrap_or(0);
            Ok((row.try_get("source")?, calls, Timestamp::from_ms(row.try_get("last")?)))
        };
        rows.iter().map(read).collect()
    }

    async fn summed(&self, mut query: Sql) -> Result<Vec<OperationUse>, AuditError> {
        query.push(" group by hub_id, app_id, operation, object, day order by hub_id, app_id, operation, object, day");
        let rows = query.fetch_all(&self.readers).await?;
        let number = |row: &AnyRow, column: &str| {
            row.try_get::<Option<i64>, _>(column).map(|value| value.and_then(|value| u64::try_from(value).ok()).unwrap_or(0))
        };
        rows.iter()
            .map(|row| {
                Ok(OperationUse {
                    hub_id: number(row, "hub_id")?,
                    app_id: number(row, "app_id")?,
                    operation: row.try_get("operation")?,
                    object: row.try_get("object")?,
                    day: Timestamp::from_ms(row.try_get::<i64, _>("day")? * 86_400_000).to_iso().chars().take(10).collect(),
                    calls: number(row, "calls")?,
                    failed: number(row, "failed")?,
                    last: Timestamp::from_ms(row.try_get("last")?),
                })
            })
            .collect()
    }
}

/// Where records are looked for.
#[derive(Clone, Copy)]
enum Source {
    Calls,
    OfApp,
    Unindexed,
}

impl Source {
    /// Up to the first condition; `key` is what has the app, the time and the number.
    const fn select(self) -> &'static str {
        match self {
            Self::Calls => "select * from call as key where true",
            Self::OfApp => {
                "select call.* from call_of_app as key cross join call on call.id = key.id where key.id <= (select up_to from indexed)"
            }
            Self::Unindexed => "select * from call as key not indexed where key.id > (select up_to from indexed)",
        }
    }
}

fn statement(source: Source, filter: &AuditFilter) -> Sql {
    let mut query = Sql::new(source.select());
    if let Some(app_id) = filter.app_id {
        query.push(" and key.app_id = ").bind(signed(app_id));
    }
    if let Some(hub_id) = filter.hub_id {
        query.push(" and hub_id = ").bind(signed(hub_id));
    }
    match &filter.operation {
        Some(template) if template.starts_with('/') => {
            // The methods are five, so the template alone is a list of five names.
            query.push(" and operation in (");
            for (at, method) in keyway_core::catalog::Method::ALL.into_iter().enumerate() {
                query.push(if at > 0 { ", " } else { "" }).bind(format!("{method} {template}"));
            }
            query.push(")");
        }
        Some(operation) => {
            query.push(" and operation = ").bind(operation.clone());
        }
        None => {}
    }
    // Numbers in the text and not bound: only so does the database see that the index of refused
    // calls (status >= 400) holds all that is asked for.
    match filter.status {
        Some(StatusFilter::Exact(status @ 400..)) => query.push(&format!(" and status >= 400 and status = {status}")),
        Some(StatusFilter::Exact(status)) => query.push(&format!(" and status = {status}")),
        Some(StatusFilter::Class(class)) => query.push(&format!(" and status >= {class}00 and status <= {class}99")),
        Some(StatusFilter::Unknown) => query.push(" and status is null"),
        None => &mut query,
    };
    if let Some(category) = &filter.category {
        query.push(" and category = ").bind(category.clone());
    }
    if let Some(correlation_id) = &filter.correlation_id {
        query.push(" and correlation_id = ").bind(correlation_id.clone());
        if let Some(at) = time_of(correlation_id) {
            // The id holds the time of its making, which saves an index of its own.
            query.push(" and key.at between ").bind(at - 5_000).push(" and ").bind(at + 5_000);
        }
    }
    if let Some(from) = filter.from {
        query.push(" and key.at >= ").bind(from.as_ms());
    }
    if let Some(to) = filter.to {
        query.push(" and key.at < ").bind(to.as_ms());
    }
    if let Some(before) = filter.before_id {
        query.push(" and (key.at, key.id) < (select at, id from call where id = ").bind(before).push(")");
    }
    query.push(" order by key.at desc, key.id desc limit ").bind(i64::from(filter.limit.min(LIMIT_MAX)));
    query
}

/// The milliseconds in a version 7 UUID (RFC 9562, section 5.7).
fn time_of(uuid: &str) -> Option<i64> {
    let digits: String = uuid.chars().filter(|c| *c != '-').collect();
    (digits.len() == 32 && digits.as_bytes()[12] == b'7').then(|| i64::from_str_radix(&digits[..12], 16).ok())?
}

fn record(row: &AnyRow) -> Result<AuditRecord, sqlx::Error> {
    let number = |column: &str| row.try_get::<Option<i64>, _>(column).map(|value| value.and_then(|value| u64::try_from(value).ok()));
    Ok(AuditRecord {
        id: row.try_get("id")?,
        time: Timestamp::from_ms(row.try_get("at")?).to_iso(),
        hub_id: number("hub_id")?,
        app_id: number("app_id")?,
        token_id: number("token_id")?,
        operation: row.try_get("operation")?,
        object: row.try_get("object")?,
        status: number("status")?.and_then(|status| u16::try_from(status).ok()),
        category: row.try_get("category")?,
        attempts: number("attempts")?.unwrap_or(0),
        waited_us: number("waited_us")?.unwrap_or(0),
        latency_us: number("latency_us")?.unwrap_or(0),
        bytes_in: number("bytes_in")?.unwrap_or(0),
        bytes_out: number("bytes_out")?.unwrap_or(0),
        correlation_id: row.try_get("correlation_id")?,
        source: row.try_get("source")?,
    })
}
