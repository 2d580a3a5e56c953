//! The audit over the admin API: pages of JSON, and whole exports as JSONL or CSV.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::Json;
use axum::body::{Body, HttpBody};
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use hyper::body::Frame;
use keyway_core::time::Timestamp;
use serde::Deserialize;
use serde_json::json;
use tokio::sync::mpsc;

use super::Admin;
use super::body::{ApiError, VERSION};
use super::extract::Query;
use crate::audit::chain::Heads;
use crate::audit::{AuditError, AuditFilter, AuditRecord, StatusFilter, Verification};

/// Records on a page when nothing is said.
const PAGE_DEFAULT: u32 = 100;
/// Records read at once for an export: some megabytes.
const EXPORT_PAGE: u32 = 10_000;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct AuditQuery {
    app: Option<String>,
    hub_id: Option<u64>,
    operation: Option<String>,
    status: Option<String>,
    category: Option<String>,
    correlation_id: Option<String>,
    from: Option<String>,
    to: Option<String>,
    before: Option<i64>,
    limit: Option<u32>,
    format: Option<String>,
}

pub(super) async fn list(State(admin): State<Admin>, Query(query): Query<AuditQuery>) -> Result<Json<serde_json::Value>, ApiError> {
    let filter = filter(&admin, &query, PAGE_DEFAULT).await?;
    let records = admin.audit.list(&filter).await?;
    let next = (records.len() == filter.limit as usize).then(|| records.last().map(|record| record.id)).flatten();
    Ok(Json(json!({ "version": VERSION, "records": records, "before": next })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct VerifyQuery {
    head: Option<String>,
}

/// Whether the log is as it was written.
pub(super) async fn verify(State(admin): State<Admin>, Query(query): Query<VerifyQuery>) -> Result<Json<serde_json::Value>, ApiError> {
    let known: Heads = query.head.as_deref().map(|text| text.parse().map_err(ApiError::invalid)).transpose()?.unwrap_or_default();
    let Verification { records, heads, torn, fault } = admin.audit.verify(&known).await?;
    let head = (!heads.0.is_empty()).then(|| heads.to_string());
    Ok(Json(json!({ "version": VERSION, "records": records, "torn": torn, "head": head, "fault": fault })))
}

/// Streams every record that fits, newest first, with bounded memory.
pub(super) async fn export(State(admin): State<Admin>, Query(query): Query<AuditQuery>) -> Result<Response, ApiError> {
    let csv = match query.format.as_deref() {
        None | Some("jsonl") => false,
        Some("csv") => true,
        Some(other) => return Err(ApiError::invalid(format!("{other} is not a format; use jsonl or csv"))),
    };
    let filter = filter(&admin, &query, u32::MAX).await?;
    let (sender, pages) = tokio::sync::mpsc::channel(2);
    tokio::spawn(send_pages(admin, filter, csv, sender));
    let content_type = if csv { "text/csv; charset=utf-8" } else { "application/x-ndjson" };
    Ok(([(CONTENT_TYPE, content_type)], Body::new(Pages(pages))).into_response())
}

/// Reads page after page while the client takes them.
async fn send_pages(admin: Admin, filter: AuditFilter, csv: bool, sender: mpsc::Sender<Result<Bytes, AuditError>>) {
    let mut left = filter.limit;
    let mut page = AuditFilter { limit: left.min(EXPORT_PAGE), ..filter };
    let mut first = true;
    loop {
        let records = match admin.audit.list(&page).await {
            Ok(records) => records,
            // The body is cut, so that the client does not take a part for the whole.
            Err(error) => return drop(sender.send(Err(error)).await),
        };
        let text = if csv { csv_text(&records, first) } else { jsonl_text(&records) };
        if sender.send(Ok(text.into())).await.is_err() || records.len() < page.limit as usize || left == page.limit {
            return;
        }
        left -= page.limit;
        page.before_id = records.last().map(|record| record.id);
        page.limit = left.min(EXPORT_PAGE);
        first = false;
    }
}

/// A body of pages.
struct Pages(mpsc::Receiver<Result<Bytes, AuditError>>);

impl HttpBody for Pages {
    type Data = Bytes;
    type Error = AuditError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, AuditError>>> {
        self.0.poll_recv(cx).map(|page| page.map(|page| page.map(Frame::data)))
    }
}

fn jsonl_text(records: &[AuditRecord]) -> Vec<u8> {
    records.iter().flat_map(|record| serde_json::to_string(record).unwrap_or_default().into_bytes().into_iter().chain([b'\n'])).collect()
}

fn csv_text(records: &[AuditRecord], with_header: bool) -> Vec<u8> {
    let mut writer = csv::WriterBuilder::new().has_headers(false).from_writer(Vec::new());
    if with_header {
        // Written here and not by the writer, so that an export of nothing has it too.
        let _ = writer.write_record(AuditRecord::COLUMNS);
    }
    for record in records {
        // Writing to memory does not fail.
        let _ = writer.serialize(record);
    }
    writer.into_inner().unwrap_or_default()
}

async fn filter(admin: &Admin, query: &AuditQuery, limit: u32) -> Result<AuditFilter, ApiError> {
    let moment = |text: &Option<String>| {
        let parse =
            |text: &String| Timestamp::parse_iso(text).ok_or_else(|| ApiError::invalid(format!("{text} is not a time; use ISO 8601")));
        text.as_ref().map(parse).transpose()
    };
    let app_id = match &query.app {
        // The app may be gone; its number still finds its records.
        Some(id) if id.parse::<u64>().is_ok() => id.parse().ok(),
        Some(name) => Some(admin.control.app(name).await?.0.id),
        None => None,
    };
    let status: Option<StatusFilter> = query.status.as_deref().map(|text| text.parse().map_err(ApiError::invalid)).transpose()?;
    Ok(AuditFilter {
        app_id,
        hub_id: query.hub_id,
        operation: query.operation.clone(),
        status,
        category: query.category.clone(),
        correlation_id: query.correlation_id.clone(),
        from: moment(&query.from)?,
        to: moment(&query.to)?,
        before_id: query.before,
        limit: query.limit.unwrap_or(limit).max(1),
    })
}
