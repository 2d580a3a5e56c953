//! Queries of the log: records by filter, the newest first, a page at a time; and sums.

use std::collections::BTreeMap;

use keyway_core::catalog::Method;
use keyway_core::refusal::Word;
use keyway_core::time::Timestamp;
use keyway_core::touched::RecordRef;

use super::files::{Calls, DayUse, sources_of};
use super::{AuditError, AuditLog, AuditRecord, Readers, blocking, postgres};
use keyway_ground::database::signed;

/// Records on one page at most.
pub const LIMIT_MAX: u32 = 10_000;

/// Which records to read. Empty fields do not filter.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    /// Of this app.
    pub app_id: Option<u64>,
    /// Of this account.
    pub hub_id: Option<u64>,
    /// Of this operation: `GET /crm/v3/owners`, or the template alone.
    pub operation: Option<String>,
    /// On this object type; two with a comma between them where the path of the operation has two. Nothing finds it
    /// alone: it narrows what another field finds.
    pub object: Option<String>,
    /// With this status.
    pub status: Option<StatusFilter>,
    /// With this category, or refused by the rule of this name.
    pub category: Option<String>,
    /// With this correlation id.
    pub correlation_id: Option<String>,
    /// That touched this CRM record.
    pub record: Option<RecordRef>,
    /// That set this property. Nothing finds it alone: it narrows what another field finds.
    pub property: Option<String>,
    /// That this session made.
    pub session: Option<u64>,
    /// That sessions made on behalf of this person.
    pub person: Option<String>,
    /// That this tool of an agent made. Nothing finds it alone, so it narrows what another field finds, or reads all.
    pub tool: Option<String>,
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

/// What one app called.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AppUse {
    /// All of its calls.
    pub called: Vec<OperationUse>,
    /// Those of them that its scopes let through.
    pub permitted: Vec<OperationUse>,
}

impl AuditLog {
    /// The records that the filter lets through, newest first: in files the last one that was
    /// answered, in PostgreSQL the last one that came in.
    ///
    /// # Errors
    /// The log can't be read.
    pub async fn list(&self, filter: &AuditFilter) -> Result<Vec<AuditRecord>, AuditError> {
        Ok(self.list_within(filter, u64::MAX).await?.0)
    }

    /// The same, and whether there is certainly no other record that fits. In files it stops after about `bytes_max`
    /// bytes; PostgreSQL finds records by its own indexes.
    ///
    /// # Errors
    /// The log can't be read.
    pub async fn list_within(&self, filter: &AuditFilter, bytes_max: u64) -> Result<(Vec<AuditRecord>, bool), AuditError> {
        match &self.readers {
            Readers::Postgres(pool) => {
                let found = postgres::read::list(pool, filter).await?;
                let is_whole = found.len() < filter.limit.min(LIMIT_MAX) as usize;
                Ok((found, is_whole))
            }
            Readers::Files(shelf) => {
                let (shelf, filter) = (shelf.clone(), filter.clone());
                blocking(move || shelf.list(&filter, bytes_max)).await
            }
        }
    }

    /// How many calls of an account since a moment count against its day: those a limit let
    /// through. Refusals before the limit (401, 403, 404…) and by it (429) do not.
    ///
    /// # Errors
    /// The log can't be read.
    pub async fn counted_since(&self, hub_id: u64, since: Timestamp) -> Result<u64, AuditError> {
        Ok(self.counted_by_app(hub_id, since).await?.into_iter().map(|(_, calls)| calls).sum())
    }

    /// The same by app, most calls first. Calls of no app have app 0.
    ///
    /// # Errors
    /// The log can't be read.
    pub async fn counted_by_app(&self, hub_id: u64, since: Timestamp) -> Result<Vec<(u64, u64)>, AuditError> {
        let mut counted = match &self.readers {
            Readers::Postgres(pool) => postgres::read::counted_by_app(pool, hub_id, since).await?,
            Readers::Files(shelf) => {
                let shelf = shelf.clone();
                blocking(move || {
                    let mut counted: BTreeMap<u64, u64> = BTreeMap::new();
                    shelf.sums(since, |alike| {
                        // Token requests are not calls to the account.
                        let counts = alike.category.is_none_or(|word| Word(word).is_counted()) && !alike.operation.contains(" /oauth/");
                        if counts && alike.hub_id == Some(signed(hub_id)) {
                            *counted.entry(alike.app_id.and_then(|id| u64::try_from(id).ok()).unwrap_or(0)).or_default() += alike.calls;
                        }
                    })?;
                    Ok(counted.into_iter().collect::<Vec<_>>())
                })
                .await?
            }
        };
        counted.sort_unstable_by_key(|(app_id, calls)| (std::cmp::Reverse(*calls), *app_id));
        Ok(counted)
    }

    /// Calls by app, operation and day since a moment, of one account or of all.
    ///
    /// # Errors
    /// The log can't be read.
    pub async fn usage(&self, hub_id: Option<u64>, since: Timestamp) -> Result<Vec<OperationUse>, AuditError> {
        match &self.readers {
            Readers::Postgres(pool) => postgres::read::usage(pool, hub_id, since).await,
            Readers::Files(_) => {
                let summed = self.summed(since, move |calls| hub_id.is_none_or(|id| calls.hub_id == Some(signed(id)))).await?;
                Ok(summed.into_iter().map(|(line, all, _)| operation_use(line, all)).collect())
            }
        }
    }

    /// The same for the calls of one app, and for those that its scopes let through.
    ///
    /// # Errors
    /// The log can't be read.
    pub async fn use_of_app(&self, app_id: u64, since: Timestamp) -> Result<AppUse, AuditError> {
        match &self.readers {
            Readers::Postgres(pool) => postgres::read::use_of_app(pool, app_id, since).await,
            Readers::Files(_) => {
                let summed = self.summed(since, move |calls| calls.app_id == signed(app_id)).await?;
                let mut found = AppUse::default();
                for (line, all, permitted) in summed {
                    if permitted.calls > 0 {
                        found.permitted.push(operation_use(line.clone(), permitted));
                    }
                    found.called.push(operation_use(line, all));
                }
                Ok(found)
            }
        }
    }

    /// The arrival time of the oldest call in the audit log.
    ///
    /// # Errors
    /// The log can't be read.
    pub async fn oldest(&self) -> Result<Option<Timestamp>, AuditError> {
        match &self.readers {
            Readers::Postgres(pool) => postgres::read::oldest(pool).await,
            Readers::Files(shelf) => Ok(shelf.oldest()),
        }
    }

    /// Whether the log has every record since it began: none was deleted for its age.
    ///
    /// # Errors
    /// The log can't be read.
    pub async fn is_whole(&self) -> Result<bool, AuditError> {
        match &self.readers {
            Readers::Postgres(pool) => postgres::read::is_whole(pool).await,
            Readers::Files(shelf) => Ok(shelf.is_whole()),
        }
    }

    /// Where the calls with a token came from since a moment: address, calls, the last of them.
    ///
    /// # Errors
    /// The log can't be read.
    pub async fn sources_of(&self, token_id: u64, since: Timestamp) -> Result<Vec<(String, u64, Timestamp)>, AuditError> {
        match &self.readers {
            Readers::Postgres(pool) => postgres::read::sources_of(pool, token_id, since).await,
            Readers::Files(shelf) => {
                let shelf = shelf.clone();
                blocking(move || sources_of(&shelf, token_id, since)).await
            }
        }
    }

    /// The calls that fit, and those of them that scopes let through.
    async fn summed(
        &self,
        since: Timestamp,
        fits: impl Fn(&DayUse<'_>) -> bool + Send + 'static,
    ) -> Result<Vec<(Line, Calls, Calls)>, AuditError> {
        let Readers::Files(shelf) = &self.readers else { return Ok(Vec::new()) };
        let shelf = shelf.clone();
        blocking(move || {
            let mut summed: BTreeMap<Line, (Calls, Calls)> = BTreeMap::new();
            shelf.days(since, |calls| {
                if !fits(&calls) {
                    return;
                }
                let line = (calls.hub_id, calls.app_id, calls.operation.to_owned(), calls.object.map(str::to_owned), calls.day);
                let (all, permitted) = summed.entry(line).or_default();
                all.add(calls.all);
                permitted.add(calls.permitted);
            })?;
            Ok(summed.into_iter().map(|(line, (all, permitted))| (line, all, permitted)).collect())
        })
        .await
    }
}

/// Account, app, operation, object and day.
type Line = (Option<i64>, i64, String, Option<String>, i64);

fn operation_use((hub_id, app_id, operation, object, day): Line, Calls { calls, failed, last }: Calls) -> OperationUse {
    OperationUse {
        hub_id: hub_id.and_then(|id| u64::try_from(id).ok()).unwrap_or(0),
        app_id: u64::try_from(app_id).unwrap_or(0),
        operation,
        object,
        day: iso_date(day),
        calls,
        failed,
        last: Timestamp::from_ms(last),
    }
}

const DAY_MS: i64 = 86_400_000;

/// The date of a day that is counted since 1970.
pub(super) fn iso_date(day: i64) -> String {
    Timestamp::from_ms(day.saturating_mul(DAY_MS)).to_date()
}

/// The operations that a filter names: one, or all of a path template.
pub(super) fn names_of(operation: &str) -> Vec<String> {
    // The methods are five, so the template alone is a list of five names.
    if operation.starts_with('/') {
        Method::ALL.into_iter().map(|method| format!("{method} {operation}")).collect()
    } else {
        vec![operation.to_owned()]
    }
}

/// The milliseconds in a version 7 UUID (RFC 9562, section 5.7).
pub(super) fn time_of(uuid: &str) -> Option<i64> {
    let digits: String = uuid.chars().filter(|c| *c != '-').collect();
    (digits.len() == 32 && digits.as_bytes()[12] == b'7').then(|| i64::from_str_radix(&digits[..12], 16).ok())?
}
