//! Engagements v1: notes, e-mails, calls, meetings and tasks as one object type.
//!
//! Here each of the five types numbers its own records, so an engagement's id also encodes its type. The
//! engagement id of a note is the note's own id; those of the others are offset by a million million for each
//! type.

use keyway_core::error_body::ErrorBody;
use keyway_objects::invalid;
use keyway_objects::request::{Query, bad_parameter};
use serde_json::{Map, Value, json};

use super::records::{Record, Records, Wanted};
use super::{Told, number};

const PAGE_DEFAULT: u64 = 100;
const PAGE_MAX: u64 = 250;
const APART: u64 = 1_000_000_000_000;
const ASSOCIATED: &[&str] = &["contacts", "companies", "deals", "tickets"];

/// Whom an e-mail is from and to, which one property holds as JSON
/// (developers.hubspot.com/docs/api-reference/crm-emails-v3/guide).
pub const HEADERS: [&str; 4] = ["from", "to", "cc", "bcc"];

/// One of the five: its name now and then, and which of its properties are the metadata's fields.
pub struct Kind {
    pub name: &'static str,
    pub old: &'static str,
    pub fields: &'static [(&'static str, &'static str, Field)],
}

/// How a field's value is written.
#[derive(Clone, Copy)]
pub enum Field {
    Text,
    Number,
    Moment,
}

use Field::{Moment, Number, Text};

pub const KINDS: [Kind; 5] = [
    Kind { name: "notes", old: "NOTE", fields: &[("body", "hs_note_body", Text)] },
    Kind {
        name: "emails",
        old: "EMAIL",
        fields: &[
            ("subject", "hs_email_subject", Text),
            ("html", "hs_email_html", Text),
            ("text", "hs_email_text", Text),
            ("status", "hs_email_status", Text),
        ],
    },
    Kind {
        name: "calls",
        old: "CALL",
        fields: &[
            ("body", "hs_call_body", Text),
            ("title", "hs_call_title", Text),
            ("status", "hs_call_status", Text),
            ("disposition", "hs_call_disposition", Text),
            ("toNumber", "hs_call_to_number", Text),
            ("fromNumber", "hs_call_from_number", Text),
            ("recordingUrl", "hs_call_recording_url", Text),
            ("durationMilliseconds", "hs_call_duration", Number),
        ],
    },
    Kind {
        name: "meetings",
        old: "MEETING",
        fields: &[
            ("title", "hs_meeting_title", Text),
            ("body", "hs_meeting_body", Text),
            ("startTime", "hs_meeting_start_time", Moment),
            ("endTime", "hs_meeting_end_time", Moment),
            ("internalMeetingNotes", "hs_internal_meeting_notes", Text),
        ],
    },
    Kind {
        name: "tasks",
        old: "TASK",
        fields: &[
            ("subject", "hs_task_subject", Text),
            ("body", "hs_task_body", Text),
            ("status", "hs_task_status", Text),
            ("priority", "hs_task_priority", Text),
            ("taskType", "hs_task_type", Text),
        ],
    },
];

pub fn answer(records: &mut Records<'_, '_>, query: &Query, tail: &[&str]) -> Option<Told> {
    Some(match tail {
        ["engagements", "paged"] => paged(records, query),
        ["engagements", "recent", "modified"] => recent(records, query),
        ["engagements", "modified", "after"] => modified_after(records, query),
        ["engagements", "associated", kind, id, "paged"] => associated(records, query, kind, id),
        ["engagements", id] => one(records, id),
        _ => return None,
    })
}

fn wanted() -> Wanted {
    Wanted { associations: ASSOCIATED, ..Wanted::default() }
}

pub fn missing() -> ErrorBody {
    invalid::old_engagement_missing()
}

pub fn one(records: &mut Records<'_, '_>, id: &str) -> Told {
    let id: u64 = id.parse().map_err(|_| missing())?;
    read(records, id)?.ok_or_else(missing)
}

/// The type and the record of an engagement id.
pub fn address_of(id: &str) -> Option<(&'static Kind, u64)> {
    let id: u64 = id.parse().ok()?;
    Some((KINDS.get(usize::try_from(id / APART).ok()?)?, id % APART))
}

/// The engagement id of a record of the type at a place.
pub fn id_of(at: usize, id: &str) -> String {
    (at as u64 * APART + id.parse::<u64>().unwrap_or_default()).to_string()
}

fn read(records: &mut Records<'_, '_>, id: u64) -> Result<Option<Value>, ErrorBody> {
    let Some((at, kind)) = usize::try_from(id / APART).ok().and_then(|at| Some((at, KINDS.get(at)?))) else { return Ok(None) };
    let found = records.one(kind.name, &(id % APART).to_string(), &wanted(), None)?;
    Ok(found.map(|record| engagement(records.hub_id(), at, kind, &record)))
}

/// In the order of their ids: one type after the other.
fn paged(records: &mut Records<'_, '_>, query: &Query) -> Told {
    let (limit, offset) = (number(query, "limit", PAGE_DEFAULT, PAGE_MAX)?.max(1), number(query, "offset", 0, u64::MAX)?);
    let (mut results, mut last) = (Vec::new(), offset);
    for (at, kind) in KINDS.iter().enumerate().skip(usize::try_from(offset / APART).unwrap_or(KINDS.len())) {
        let base = at as u64 * APART;
        let left = limit - results.len() as u64;
        if left == 0 {
            // Whether there is one more of this or a later type.
            if !records.after(kind.name, 0, 1, &wanted())?.records.is_empty() {
                return Ok(json!({ "results": results, "hasMore": true, "offset": last }));
            }
            continue;
        }
        let page = records.after(kind.name, offset.saturating_sub(base), left, &wanted())?;
        last = page.records.last().map_or(last, |record| base + record.id());
        results.extend(page.records.iter().map(|record| engagement(records.hub_id(), at, kind, record)));
        if page.has_more {
            return Ok(json!({ "results": results, "hasMore": true, "offset": last }));
        }
    }
    Ok(json!({ "results": results, "hasMore": false, "offset": last }))
}

/// In the order of change, behind a cursor: a moment to begin with, then where the last page ended.
fn modified_after(records: &mut Records<'_, '_>, query: &Query) -> Told {
    let limit = number(query, "limit", PAGE_DEFAULT, PAGE_MAX)?.max(1);
    let cursor = query.get("after").unwrap_or("0");
    let (moment, last) = cursor.split_once('-').unwrap_or((cursor, ""));
    let bad = || bad_parameter("after", &format!("'{cursor}' is not a cursor"));
    let since: u64 = moment.parse().map_err(|_| bad())?;
    let behind = (i64::try_from(since).map_err(|_| bad())?, if last.is_empty() { 0 } else { last.parse::<u64>().map_err(|_| bad())? + 1 });
    let (mut all, _) = since_changed(records, since, u64::MAX)?;
    all.retain(|(updated, at, record)| (*updated, *at as u64 * APART + record.id()) >= behind);
    all.sort_by_key(|(updated, at, record)| (*updated, *at as u64 * APART + record.id()));
    let has_more = all.len() as u64 > limit;
    all.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let next =
        all.last().map_or_else(|| cursor.to_owned(), |(updated, at, record)| format!("{updated}-{}", *at as u64 * APART + record.id()));
    let hub_id = records.hub_id();
    let results: Vec<Value> = all.iter().map(|(_, at, record)| engagement(hub_id, *at, &KINDS[*at], record)).collect();
    Ok(json!({ "results": results, "hasMore": has_more, "after": next }))
}

type Changed = Vec<(i64, usize, Record)>;

/// Those that changed since a moment, `most` of each type, and how many there are in all.
fn since_changed(records: &mut Records<'_, '_>, since: u64, most: u64) -> Result<(Changed, u64), ErrorBody> {
    let (mut all, mut total) = (Vec::new(), 0);
    for (at, kind) in KINDS.iter().enumerate() {
        let mut seen = 0;
        while seen < most {
            let (page, of_kind) = records.recent(kind.name, "hs_lastmodifieddate", since, seen, 200, &wanted())?;
            if seen == 0 {
                total += of_kind;
            }
            seen += page.records.len() as u64;
            let more = page.has_more;
            all.extend(page.records.into_iter().map(|record| (record.updated_ms(), at, record)));
            if !more {
                break;
            }
        }
    }
    Ok((all, total))
}

fn recent(records: &mut Records<'_, '_>, query: &Query) -> Told {
    let (count, offset) = (number(query, "count", 20, 100)?.max(1), number(query, "offset", 0, 10_000)?);
    let since = number(query, "since", 0, u64::MAX)?;
    // Of each type as many as the page could reach, since all of them may be of one.
    let (mut all, total) = since_changed(records, since, offset + count)?;
    all.sort_by_key(|(updated, at, record)| (std::cmp::Reverse(*updated), *at, record.id()));
    let hub_id = records.hub_id();
    let page = all.iter().skip(usize::try_from(offset).unwrap_or(usize::MAX)).take(usize::try_from(count).unwrap_or(usize::MAX));
    let results: Vec<Value> = page.map(|(_, at, record)| engagement(hub_id, *at, &KINDS[*at], record)).collect();
    let next = offset + results.len() as u64;
    Ok(json!({ "results": results, "hasMore": next < total, "offset": next, "total": total }))
}

fn associated(records: &mut Records<'_, '_>, query: &Query, of: &str, id: &str) -> Told {
    let of = match of.to_ascii_uppercase().as_str() {
        "CONTACT" => "contacts",
        "COMPANY" => "companies",
        "DEAL" => "deals",
        "TICKET" => "tickets",
        _ => return Err(bad_parameter("objectType", "it is neither CONTACT, COMPANY, DEAL nor TICKET")),
    };
    let (limit, offset) = (number(query, "limit", PAGE_DEFAULT, PAGE_DEFAULT)?.max(1), number(query, "offset", 0, u64::MAX)?);
    let mut ids = Vec::new();
    for (at, kind) in KINDS.iter().enumerate() {
        ids.extend(records.associated(of, id, kind.name)?.into_iter().map(|id| at as u64 * APART + id));
    }
    ids.retain(|id| *id > offset);
    let has_more = ids.len() as u64 > limit;
    ids.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let last = ids.last().copied().unwrap_or(0);
    let mut results = Vec::new();
    for id in ids {
        results.extend(read(records, id)?);
    }
    Ok(json!({ "results": results, "hasMore": has_more, "offset": last }))
}

fn engagement(hub_id: u64, at: usize, kind: &Kind, record: &Record) -> Value {
    let mut metadata = Map::new();
    for (field, property, form) in kind.fields {
        let Some(value) = record.value(property) else { continue };
        let value = match form {
            Text => value.into(),
            Number => value.parse::<i64>().map_or_else(|_| value.into(), Value::from),
            Moment => record.moment(property).map_or(Value::Null, Value::from),
        };
        metadata.insert((*field).to_owned(), value);
    }
    if let Some(headers) = record.value("hs_email_headers").and_then(|text| serde_json::from_str::<Map<String, Value>>(text).ok()) {
        metadata.extend(headers.into_iter().filter(|(name, _)| HEADERS.contains(&name.as_str())));
    }
    let owner = record.value("hubspot_owner_id").and_then(|owner| owner.parse::<u64>().ok());
    json!({
        "engagement": {
            "id": at as u64 * APART + record.id(), "portalId": hub_id, "active": true, "createdAt": record.created_ms(),
            "lastUpdated": record.updated_ms(), "ownerId": owner, "type": kind.old,
            "timestamp": record.moment("hs_timestamp").unwrap_or_else(|| record.created_ms()),
        },
        "associations": {
            "contactIds": record.associated("contacts"), "companyIds": record.associated("companies"), "dealIds": record.associated("deals"),
            "ticketIds": record.associated("tickets"), "ownerIds": owner.into_iter().collect::<Vec<_>>(), "workflowIds": [],
        },
        "attachments": [], "scheduledTasks": [], "metadata": metadata,
    })
}
