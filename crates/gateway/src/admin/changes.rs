//! The record of changes: who changed what, when, from where, and what it was before.

use axum::extract::State;
use keyway_api::query::ChangesQuery;
use keyway_core::time::Timestamp;

use super::Admin;
use super::body::ApiError;
use super::extract::Query;
use super::page::limit;
use super::view::{self, Answer, answer};
use crate::store::changes::ChangeFilter;

pub(super) async fn list(State(admin): State<Admin>, Query(query): Query<ChangesQuery>) -> Answer<view::Changes> {
    let limit = limit(query.limit)?;
    let filter = ChangeFilter {
        who: query.who,
        operation: query.operation,
        target: query.target,
        hub_id: query.hub_id,
        from: moment(query.from.as_deref())?,
        to: moment(query.to.as_deref())?,
        before_id: query.before,
        // One more than wanted shows whether there is another page.
        limit: u32::try_from(limit + 1).unwrap_or(u32::MAX),
    };
    let mut records = admin.control.changes(&filter).await?;
    let more = records.len() > limit;
    records.truncate(limit);
    let before = records.last().filter(|_| more).map(|record| record.id);
    answer(view::Changes { changes: records.into_iter().map(view::change).collect(), before })
}

/// A moment in a query.
fn moment(text: Option<&str>) -> Result<Option<Timestamp>, ApiError> {
    let parse = |text: &str| {
        Timestamp::parse_iso(text)
            .ok_or_else(|| ApiError::invalid(format!("{text} is not a time; use ISO 8601, such as 2026-11-30T08:00:00Z")))
    };
    text.map(parse).transpose()
}
