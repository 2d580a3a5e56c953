//! The record of changes: who changed what, when, from where, and what it was before.

use axum::extract::State;
use keyway_api::query::ChangesQuery;

use super::Admin;
use super::extract::{Query, moment};
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
        from: query.from.as_deref().map(moment).transpose()?,
        to: query.to.as_deref().map(moment).transpose()?,
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
