//! The audit over the admin API: pages of JSON, and whole exports as JSONL or CSV.

use std::net::IpAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::Extension;
use axum::body::{Body, HttpBody};
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use hyper::body::Frame;
use keyway_api::query::{AuditQuery, VerifyQuery};
use keyway_core::catalog::{Catalog, Method, Operation};
use keyway_core::shown;
use keyway_core::touched::{RecordRef, property_name};
use serde::Serialize;
use tokio::sync::mpsc;

use super::Admin;
use super::body::ApiError;
use super::catalog::PARTS;
use super::extract::{Query, moment};
use super::page::limit;
use super::view::{self, Answer, Records, answer};
use crate::audit::chain::Heads;
use crate::audit::{AuditError, AuditFilter, AuditRecord, Damage, Size, StatusFilter, Verification};
use crate::principal::Principal;

/// Records read at once for an export: some megabytes.
const EXPORT_PAGE: u32 = 10_000;

pub(super) async fn list(
    State(admin): State<Admin>,
    Extension(who): Extension<Principal>,
    Query(query): Query<AuditQuery>,
) -> Answer<Records> {
    let page = limit(query.limit)?;
    let mut filter = filter(&admin, &who, &query).await?;
    // One more than wanted shows whether there is another page.
    filter.limit = u32::try_from(page + 1).unwrap_or(u32::MAX);
    let mut records = admin.audit.list(&filter).await?;
    let more = records.len() > page;
    records.truncate(page);
    let before = records.last().filter(|_| more).map(|record| record.id);
    let damage = admin.audit.damage().await?.iter().map(ToString::to_string).collect();
    answer(Records { records: records.into_iter().map(view::record).collect(), before, damage })
}

/// Whether the log is as it was written.
pub(super) async fn verify(State(admin): State<Admin>, Query(query): Query<VerifyQuery>) -> Answer<view::Verified> {
    let known: Heads = query.head.as_deref().map(|text| text.parse().map_err(ApiError::invalid)).transpose()?.unwrap_or_default();
    let Verification { records, heads, torn, fault } = admin.audit.verify(&known).await?;
    let head = (!heads.0.is_empty()).then(|| heads.to_string());
    answer(view::Verified { records, torn, head, fault })
}

/// What was noticed to be wrong with the files of the log.
pub(super) async fn damage(State(admin): State<Admin>) -> Answer<view::AuditDamage> {
    let place = |one: Damage| view::DamagedPlace { file: one.file, offset: one.offset, what: one.what };
    answer(view::AuditDamage { damage: admin.audit.damage().await?.into_iter().map(place).collect() })
}

/// How much room the log takes.
pub(super) async fn size(State(admin): State<Admin>) -> Answer<view::LogSize> {
    let Size { bytes, free_bytes } = admin.audit.size().await?;
    answer(view::LogSize { bytes, free_bytes })
}

/// Streams every record that fits, newest first, with bounded memory.
pub(super) async fn export(
    State(admin): State<Admin>,
    Extension(who): Extension<Principal>,
    Query(query): Query<AuditQuery>,
) -> Result<Response, ApiError> {
    let csv = match query.format.as_deref() {
        None | Some("jsonl") => false,
        Some("csv") => true,
        Some(other) => return Err(ApiError::invalid(format!("{other} is not a format; use jsonl or csv"))),
    };
    let filter = filter(&admin, &who, &query).await?;
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
    records
        .iter()
        .flat_map(|record| {
            shown::json(&serde_json::to_string(record).unwrap_or_default()).into_owned().into_bytes().into_iter().chain([b'\n'])
        })
        .collect()
}

fn csv_text(records: &[AuditRecord], with_header: bool) -> Vec<u8> {
    let mut writer = csv::WriterBuilder::new().has_headers(false).from_writer(Vec::new());
    if with_header {
        // Written here and not by the writer, so that an export of nothing has it too.
        let _ = writer.write_record(AuditRecord::COLUMNS);
    }
    for record in records {
        // Writing to memory does not fail.
        let _ = writer.serialize(csv_row(record));
    }
    writer.into_inner().unwrap_or_default()
}

/// A record as a line: lists as their items with a space between them.
fn csv_row(record: &AuditRecord) -> impl Serialize + '_ {
    let AuditRecord { id, time, hub_id, app_id, token_id, operation, object, status, category, rule, attempts, .. } = record;
    let AuditRecord { waited_us, latency_us, bytes_in, bytes_out, correlation_id, source, .. } = record;
    let (operation, correlation_id, source) = (shown::csv(operation), shown::csv(correlation_id), shown::csv(source));
    let cell = |text: &Option<String>| text.as_deref().map(|text| shown::csv(text).into_owned());
    let (object, category, rule) = (cell(object), cell(category), cell(rule));
    let list = |items: &[String]| shown::csv(&items.join(" ")).into_owned();
    (
        (id, time, hub_id, app_id, token_id, operation, object, status, category, rule, attempts),
        (waited_us, latency_us, bytes_in, bytes_out, correlation_id, source),
        (list(&record.record_ids), record.record_count, record.records_incomplete, list(&record.properties), record.property_count),
        (
            record.calls,
            record.session,
            cell(&record.on_behalf_of),
            cell(&record.purpose),
            cell(&record.tool),
            &record.decision,
            record.approval,
        ),
    )
}

pub(super) async fn filter(admin: &Admin, who: &Principal, query: &AuditQuery) -> Result<AuditFilter, ApiError> {
    let moment = |text: &Option<String>| text.as_deref().map(moment).transpose();
    let app_id = match &query.app {
        // The app may be gone; its number still finds its records.
        Some(id) if id.parse::<u64>().is_ok() => id.parse().ok(),
        Some(name) => Some(admin.control.app(name).await?.0.id),
        None => None,
    };
    if who.role.apps().is_some() && !app_id.is_some_and(|app_id| who.sees(app_id)) {
        return Err(ApiError::new(403, "forbidden", "an app manager reads the records of one of their apps; name it as app"));
    }
    let status: Option<StatusFilter> = query.status.as_deref().map(|text| text.parse().map_err(ApiError::invalid)).transpose()?;
    let record = query.record.as_deref().map(RecordRef::parse).transpose().map_err(|error| ApiError::invalid(error.to_string()))?;
    let property = match &query.property {
        None => None,
        Some(_) if record.is_none() => {
            return Err(ApiError::invalid("property narrows the calls of one record: name the record too, such as record=contacts/123"));
        }
        Some(name) => Some(property_name(name).ok_or_else(|| {
            ApiError::invalid("a property is named as HubSpot names it: letters, digits and underscores, such as lifecyclestage")
        })?),
    };
    let address =
        |text: &str| text.parse::<IpAddr>().map_err(|_| ApiError::invalid(format!("{text} is not an address; use one such as 192.0.2.7")));
    let source = query.source.as_deref().map(address).transpose()?;
    let (operation, object) = query.operation.as_deref().map(as_recorded).unzip();
    Ok(AuditFilter {
        app_id,
        hub_id: query.hub_id,
        operation,
        object: object.flatten(),
        status,
        category: query.category.clone(),
        correlation_id: query.correlation_id.clone(),
        record,
        property: property.map(std::borrow::Cow::into_owned),
        token_id: query.token_id,
        source: source.map(|address| address.to_string()),
        session: query.session,
        person: query.on_behalf_of.clone(),
        tool: query.tool.clone(),
        changes: query.changes.unwrap_or(false),
        from: moment(&query.from)?,
        to: moment(&query.to)?,
        before_id: query.before,
        limit: query.limit.unwrap_or(u32::MAX).max(1),
    })
}

/// The log keeps the template of an operation, and the object types beside it. Lists of calls show them in one
/// (`PATCH /crm/v3/objects/deals/{objectId}`), so a filter takes that too.
fn as_recorded(named: &str) -> (String, Option<String>) {
    let (method, path) = named.split_once(' ').map_or((None, named), |(method, path)| (Some(method), path));
    let method = method.map(Method::parse);
    if method == Some(None) || operations_of(method.flatten()).any(|operation| operation.template == path) {
        return (named.to_owned(), None);
    }
    let on_objects = |operation: &'static Operation| Some((operation.template, objects_in(operation.template, path)?));
    let found = operations_of(method.flatten()).find_map(on_objects);
    let Some((template, objects)) = found else { return (named.to_owned(), None) };
    (method.flatten().map_or_else(|| template.to_owned(), |method| format!("{method} {template}")), Some(objects))
}

/// The operations of a method, or of each.
fn operations_of(method: Option<Method>) -> impl Iterator<Item = &'static Operation> {
    Catalog::get().operations().iter().filter(move |operation| method.is_none_or(|method| method == operation.method))
}

/// The object types that a path has where a template leaves them open; none where they differ elsewhere, or nowhere.
fn objects_in(template: &str, path: &str) -> Option<String> {
    if template.split('/').count() != path.split('/').count() {
        return None;
    }
    let mut objects = Vec::new();
    for (part, typed) in template.split('/').zip(path.split('/')) {
        if PARTS.contains(&part) && !typed.starts_with('{') {
            objects.push(typed);
        } else if part != typed {
            return None;
        }
    }
    (!objects.is_empty()).then(|| objects.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_is_found_as_lists_show_it_and_as_the_log_has_it() {
        let generic = "/crm/v3/objects/{objectType}/{objectId}";
        let on_deals = || Some("deals".to_owned());
        assert_eq!(as_recorded("PATCH /crm/v3/objects/deals/{objectId}"), (format!("PATCH {generic}"), on_deals()));
        assert_eq!(as_recorded("/crm/v3/objects/deals/{objectId}"), (generic.to_owned(), on_deals()));
        let both = "/crm/v4/objects/{objectType}/{objectId}/associations/{toObjectType}";
        let typed = "GET /crm/v4/objects/contacts/{objectId}/associations/deals";
        assert_eq!(as_recorded(typed), (format!("GET {both}"), Some("contacts,deals".to_owned())));
        // What the catalog has by its own name, and what it does not know, stays as it is.
        let named = format!("GET {generic}");
        for typed in
            ["GET /crm/v3/objects/contacts/{contactId}", named.as_str(), generic, "GET /no/such/path", "SEND /crm/v3", "(refused calls)"]
        {
            assert_eq!(as_recorded(typed), (typed.to_owned(), None));
        }
    }

    #[test]
    fn a_line_of_csv_has_every_field_in_its_place() {
        let record = AuditRecord {
            id: 7,
            record_ids: vec!["contacts/1".into(), "companies/2".into()],
            record_count: 3,
            properties: vec!["email".into()],
            property_count: 1,
            ..AuditRecord::default()
        };
        let text = String::from_utf8(csv_text(&[record], true)).unwrap();
        let mut lines = csv::Reader::from_reader(text.as_bytes());
        let header = lines.headers().unwrap().clone();
        let row = lines.records().next().unwrap().unwrap();
        let cell = |name: &str| row.get(header.iter().position(|there| there == name).unwrap()).unwrap();
        assert_eq!((row.len(), cell("id"), cell("recordIds")), (AuditRecord::COLUMNS.len(), "7", "contacts/1 companies/2"));
        assert_eq!(
            (cell("recordCount"), cell("recordsIncomplete"), cell("properties"), cell("propertyCount")),
            ("3", "false", "email", "1")
        );
    }

    #[test]
    fn records_are_described_field_by_field() {
        let schema = schemars::schema_for!(view::CallRecord);
        let described: Vec<&String> = schema.get("properties").and_then(|properties| properties.as_object()).unwrap().keys().collect();
        assert_eq!(described, AuditRecord::COLUMNS);
    }
}
