//! Queries of the log: records by filter, the newest first, a page at a time; and sums.

use std::collections::BTreeMap;

use keyway_core::refusal::Word;
use keyway_core::time::Timestamp;
use keyway_ground::database::signed;

use super::error::AuditError;
use super::files::{Calls, DayUse, sources_of};
use super::filter::{AppUse, AuditFilter, LIMIT_MAX, OperationUse, iso_date};
use super::log::{AuditLog, Readers, blocking};
use super::postgres;
use super::record::{AuditRecord, BriefRecord};

impl AuditLog {
    /// The records that the filter lets through, newest first: in files the last one that was
    /// answered, in PostgreSQL the last one that came in.
    ///
    /// # Errors
    /// The log can't be read.
    pub async fn list(&self, filter: &AuditFilter) -> Result<Vec<AuditRecord>, AuditError> {
        match &self.readers {
            Readers::Postgres(pool) => postgres::read::list(pool, filter).await,
            Readers::Files(shelf) => {
                let (shelf, filter) = (shelf.clone(), filter.clone());
                Ok(blocking(move || shelf.list(&filter, u64::MAX)).await?.0)
            }
        }
    }

    /// The fields that are counted of each record that matches, and whether these are all records that match. In files the
    /// search stops after about `bytes_max` bytes; PostgreSQL finds records by its own indexes.
    ///
    /// # Errors
    /// The log can't be read.
    pub async fn brief_within(&self, filter: &AuditFilter, bytes_max: u64) -> Result<(Vec<BriefRecord>, bool), AuditError> {
        match &self.readers {
            Readers::Postgres(pool) => {
                let found = postgres::read::list(pool, filter).await?;
                let is_whole = found.len() < filter.limit.min(LIMIT_MAX) as usize;
                Ok((found.into_iter().map(BriefRecord::from).collect(), is_whole))
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

    /// The same by app, most calls first.
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
                        // Token requests are not calls to the account, and calls without an app are not either: access tokens that
                        // Keyway gives.
                        let Some(app_id) = alike.app_id.and_then(|id| u64::try_from(id).ok()) else { return };
                        let counts = alike.category.is_none_or(|word| Word(word).is_counted()) && !alike.operation.contains(" /oauth/");
                        if counts && alike.hub_id == Some(signed(hub_id)) {
                            *counted.entry(app_id).or_default() += alike.calls;
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
