//! Snapshots of an embedded account: taken, kept and restored.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use keyway_core::shown;

use super::super::Admin;
use super::super::body::ApiError;
use super::super::extract::Path;
use super::super::view::{self, Answer, answer};
use super::double;
use crate::double::{Double, RefillError};

pub(in crate::admin) async fn list(State(admin): State<Admin>, Path(hub_id): Path<u64>) -> Answer<view::Snapshots> {
    let double = double(&admin, hub_id).await?;
    let snapshots = double.snapshots.list().into_iter().map(|(name, bytes)| view::Snapshot { name, bytes });
    answer(view::Snapshots { snapshots: snapshots.collect() })
}

pub(in crate::admin) async fn show(State(admin): State<Admin>, Path((hub_id, name)): Path<(u64, String)>) -> Result<Response, ApiError> {
    let double = double(&admin, hub_id).await?;
    let copy = double.snapshots.get(&name).ok_or_else(|| no_snapshot(&name))?;
    Ok(([(CONTENT_TYPE, "application/x-ndjson")], copy.as_ref().clone()).into_response())
}

pub(in crate::admin) async fn take(State(admin): State<Admin>, Path((hub_id, name)): Path<(u64, String)>) -> Answer<view::SnapshotAnswer> {
    let double = double(&admin, hub_id).await?;
    keep(&double, &name, admin.refill.copy(hub_id).await?)
}

/// Stores what an export gave, after a check that it can be restored.
pub(in crate::admin) async fn put(
    State(admin): State<Admin>,
    Path((hub_id, name)): Path<(u64, String)>,
    copy: Bytes,
) -> Answer<view::SnapshotAnswer> {
    let double = double(&admin, hub_id).await?;
    let copy = copy.to_vec();
    admin.refill.check_copy(hub_id, &copy).await.map_err(|error| match error {
        RefillError::Invalid(what) => ApiError::invalid(format!(
            "this is not an exported snapshot: {what}. Write one with \"keyway portal snapshot export NAME FILE\""
        )),
        other => other.into(),
    })?;
    keep(&double, &name, copy)
}

fn keep(double: &Double, name: &str, copy: Vec<u8>) -> Answer<view::SnapshotAnswer> {
    let bytes = copy.len();
    double.snapshots.put(name, copy).map_err(ApiError::invalid)?;
    answer(view::SnapshotAnswer { snapshot: view::Snapshot { name: name.to_owned(), bytes } })
}

pub(in crate::admin) async fn delete(
    State(admin): State<Admin>,
    Path((hub_id, name)): Path<(u64, String)>,
) -> Answer<view::DeletedSnapshot> {
    if double(&admin, hub_id).await?.snapshots.remove(&name) {
        answer(view::DeletedSnapshot { deleted: name })
    } else {
        Err(no_snapshot(&name))
    }
}

pub(in crate::admin) async fn restore(State(admin): State<Admin>, Path((hub_id, name)): Path<(u64, String)>) -> Answer<view::Restored> {
    let double = double(&admin, hub_id).await?;
    let copy = double.snapshots.get(&name).ok_or_else(|| no_snapshot(&name))?;
    admin.refill.put_back(hub_id, copy.as_ref().clone()).await?;
    // Events of records that are no more.
    admin.webhooks.forget(hub_id);
    admin.registry.restart_correlation_ids(hub_id);
    answer(view::Restored { restored: name })
}

pub(super) fn no_snapshot(name: &str) -> ApiError {
    ApiError::new(404, "not_found", shown::unknown("snapshot", name, "keyway portal snapshot list"))
}
