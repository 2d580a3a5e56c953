//! Records: create, read, update, archive and list, one at a time and in batches.

use http::Method;
use keyway_core::error_body::{ErrorBody, ErrorDetail};
use serde_json::{Map, Value};

use super::render::{self, View};
use super::write::{self, Values, Wanted};
use super::{Answer, associations, kind, no_content, search, shouted, writable};
use crate::Reply;
use crate::kind::Kind;
use crate::links::End;
use crate::record::Record;
use crate::request::{Query, Request, bad_field, bad_parameter, id_text, inputs, text, texts};
use crate::route::Version;
use crate::schema::Schema;
use crate::state::{State, Tx};

/// Records on a page (hubspot facts, section 6).
const PAGE_DEFAULT: usize = 10;
const PAGE_MAX: usize = 100;
const PAGE_WITH_HISTORY_MAX: usize = 50;
/// Records in a batch.
const BATCH_MAX: usize = 100;

pub fn answer(request: &Request<'_>, method: &Method, tail: &[&str], tx: &mut Tx<'_>) -> Option<Answer> {
    Some(match (method.as_str(), tail) {
        ("GET", [t]) => kind(t).and_then(|kind| list(request, kind, tx.state)),
        ("POST", [t]) => writable(t).and_then(|kind| create(request, kind, tx)),
        ("POST", [t, "search"]) => kind(t).and_then(|kind| search::answer(request, kind, tx.state)),
        ("POST", [t, "batch", "read"]) => kind(t).and_then(|kind| batch_read(request, kind, tx.state)),
        ("POST", [t, "batch", "create"]) => writable(t).and_then(|kind| batch_create(request, kind, tx)),
        ("POST", [t, "batch", "update"]) => writable(t).and_then(|kind| batch_update(request, kind, tx)),
        ("POST", [t, "batch", "archive"]) => writable(t).and_then(|kind| batch_archive(request, kind, tx)),
        ("GET", [t, id]) => kind(t).and_then(|kind| read(request, kind, id, tx.state)),
        ("PATCH", [t, id]) => writable(t).and_then(|kind| update(request, kind, id, tx)),
        ("DELETE", [t, id]) => writable(t).map(|kind| archive(request, kind, id, tx)),
        (_, [_, _, "associations", ..]) => return associations::of_record(request, method, tail, tx),
        _ => return None,
    })
}

/// A live record, or HubSpot's 404.
pub fn live(state: &State, (kind, id): End) -> Result<&Record, ErrorBody> {
    state.table(kind).live(id).ok_or_else(not_there)
}

fn not_there() -> ErrorBody {
    ErrorBody::not_found("Object not found. objectId is usually positive.")
}

/// The id that a path or an input means: a number, or a value of a unique property.
fn find<'a>(state: &'a State, kind: Kind, id: &str, id_property: Option<&str>, archived: bool) -> Result<Option<&'a Record>, ErrorBody> {
    let table = state.table(kind);
    let Some(name) = id_property.filter(|name| *name != "hs_object_id") else {
        return Ok(id.parse().ok().and_then(|id| table.get(id, archived)));
    };
    if !Schema::of(kind).get(name).is_some_and(|property| property.is_unique()) {
        return Err(bad_parameter("idProperty", &format!("'{name}' is not a unique property of {}", kind.singular())));
    }
    Ok(table.holder(id).and_then(|id| table.get(id, archived)))
}

fn view(kind: Kind, query: &Query) -> Result<View, ErrorBody> {
    let associations = query.list("associations").into_iter().map(super::kind).collect::<Result<Vec<_>, _>>()?;
    Ok(View::of(kind, &query.list("properties"), &query.list("propertiesWithHistory"), associations))
}

fn one(status: u16, state: &State, kind: Kind, record: &Record, view: &View) -> Reply {
    let mut body = Vec::with_capacity(512);
    render::record(&mut body, state, kind, record, view);
    Reply { status, body: body.into() }
}

fn list(request: &Request<'_>, kind: Kind, state: &State) -> Answer {
    let view = view(kind, &request.query)?;
    let max = if view.history.is_empty() { PAGE_MAX } else { PAGE_WITH_HISTORY_MAX };
    let limit = request.query.limit(PAGE_DEFAULT, max)?;
    let mut rest = state.table(kind).range(request.query.after()?, request.query.flag("archived")?);
    let mut body = b"{\"results\":".to_vec();
    render::records(&mut body, state, kind, rest.by_ref().take(limit), &view);
    if let Some(next) = rest.next() {
        body.extend_from_slice(format!(",\"paging\":{{\"next\":{{\"after\":\"{}\",\"link\":", next.id).as_bytes());
        render::text(&mut body, &request.query.link(request.path, next.id));
        body.extend_from_slice(b"}}");
    }
    body.push(b'}');
    Ok(Reply { status: 200, body: body.into() })
}

fn read(request: &Request<'_>, kind: Kind, id: &str, state: &State) -> Answer {
    let view = view(kind, &request.query)?;
    let record = find(state, kind, id, request.query.get("idProperty"), request.query.flag("archived")?)?;
    Ok(one(200, state, kind, record.ok_or_else(not_there)?, &view))
}

fn create(request: &Request<'_>, kind: Kind, tx: &mut Tx<'_>) -> Answer {
    let body = request.json()?;
    let (values, links) = (write::properties(tx.state, kind, &body, None)?, write::wanted_links(tx.state, kind, &body)?);
    let record = write::new_record(request, kind, tx.state.table_mut(kind).take_id(), &values);
    write::refuse_duplicate(tx.state, kind, &record)?;
    // The 2025-09 form answers 200, all others 201 (hubspot facts, section 7).
    let status = if request.version == Version::D2025 { 200 } else { 201 };
    let reply = one(status, tx.state, kind, &record, &View::written(kind, &values));
    write::put_new(tx, kind, vec![(record, links)]);
    Ok(reply)
}

fn update(request: &Request<'_>, kind: Kind, id: &str, tx: &mut Tx<'_>) -> Answer {
    let body = request.json()?;
    let current = find(tx.state, kind, id, request.query.get("idProperty"), false)?.ok_or_else(not_there)?;
    let values = write::properties(tx.state, kind, &body, Some(current))?;
    let record = write::changed_record(request, kind, current, &values);
    write::refuse_duplicate(tx.state, kind, &record)?;
    let reply = one(200, tx.state, kind, &record, &View::written(kind, &values));
    tx.put_record(kind, record);
    Ok(reply)
}

/// Archiving what is not there, or archived already, is no error.
fn archive(request: &Request<'_>, kind: Kind, id: &str, tx: &mut Tx<'_>) -> Reply {
    if let Some(record) = id.parse().ok().and_then(|id| tx.state.table(kind).live(id)) {
        let mut record = record.clone();
        record.archived_at = Some(request.now);
        let from = (kind, record.id);
        for to in tx.state.links.all_of(from) {
            tx.unlink(from, to);
        }
        tx.put_record(kind, record);
    }
    no_content()
}

fn batch_read(request: &Request<'_>, kind: Kind, state: &State) -> Answer {
    let body = request.json()?;
    let view = View::of(kind, &texts(&body, "properties")?, &texts(&body, "propertiesWithHistory")?, Vec::new());
    let (id_property, archived) = (text(&body, "idProperty")?, request.query.flag("archived")?);
    let (mut found, mut missing) = (Vec::new(), Vec::new());
    for input in inputs(&body, BATCH_MAX)? {
        let id = input_id(input)?;
        match find(state, kind, &id, id_property, archived)? {
            Some(record) => found.push(record),
            None => missing.push(id),
        }
    }
    Ok(batch(request, state, kind, 200, found.into_iter().map(|record| (record, &view)), missing))
}

fn batch_create(request: &Request<'_>, kind: Kind, tx: &mut Tx<'_>) -> Answer {
    let body = request.json()?;
    let mut made: Vec<(Record, Values, Wanted)> = Vec::new();
    let mut taken = std::collections::HashMap::new();
    for input in inputs(&body, BATCH_MAX)? {
        let (values, links) = (write::properties(tx.state, kind, input, None)?, write::wanted_links(tx.state, kind, input)?);
        let record = write::new_record(request, kind, tx.state.table_mut(kind).take_id(), &values);
        write::refuse_duplicate(tx.state, kind, &record)?;
        // Two inputs of one batch can collide as well.
        for value in crate::table::unique_values(kind, &record) {
            if let Some(other) = taken.insert(value, record.id).filter(|other| *other != record.id) {
                return Err(write::duplicate(kind, other));
            }
        }
        made.push((record, values, links));
    }
    let views: Vec<View> = made.iter().map(|(_, values, _)| View::written(kind, values)).collect();
    let reply = batch(request, tx.state, kind, 201, made.iter().map(|(record, ..)| record).zip(&views), Vec::new());
    write::put_new(tx, kind, made.into_iter().map(|(record, _, links)| (record, links)).collect());
    Ok(reply)
}

fn batch_update(request: &Request<'_>, kind: Kind, tx: &mut Tx<'_>) -> Answer {
    let body = request.json()?;
    let (mut changed, mut views, mut missing): (Vec<Record>, Vec<View>, Vec<String>) = Default::default();
    for input in inputs(&body, BATCH_MAX)? {
        let id = input_id(input)?;
        let Some(stored) = find(tx.state, kind, &id, text(input, "idProperty")?, false)? else {
            missing.push(id);
            continue;
        };
        // A record named twice is changed twice, in order.
        let current = changed.iter().rev().find(|record| record.id == stored.id).unwrap_or(stored);
        let values = write::properties(tx.state, kind, input, Some(current))?;
        let record = write::changed_record(request, kind, current, &values);
        write::refuse_duplicate(tx.state, kind, &record)?;
        let clash = changed.iter().find(|other| other.id != record.id && shares_unique_value(kind, other, &record));
        if let Some(other) = clash {
            return Err(write::duplicate(kind, other.id));
        }
        views.push(View::written(kind, &values));
        changed.push(record);
    }
    let reply = batch(request, tx.state, kind, 200, changed.iter().zip(&views), missing);
    for record in changed {
        tx.put_record(kind, record);
    }
    Ok(reply)
}

fn shares_unique_value(kind: Kind, one: &Record, other: &Record) -> bool {
    let theirs = crate::table::unique_values(kind, other);
    crate::table::unique_values(kind, one).iter().any(|value| theirs.contains(value))
}

fn batch_archive(request: &Request<'_>, kind: Kind, tx: &mut Tx<'_>) -> Answer {
    let body = request.json()?;
    let ids = inputs(&body, BATCH_MAX)?.into_iter().map(input_id).collect::<Result<Vec<_>, _>>()?;
    for id in ids {
        archive(request, kind, &id, tx);
    }
    Ok(no_content())
}

fn input_id(input: &Map<String, Value>) -> Result<String, ErrorBody> {
    id_text(input.get("id")).ok_or_else(|| bad_field("inputs.id", "is required"))
}

/// The answer to a batch: 207 with an error entry where records are missing.
fn batch<'a>(
    request: &Request<'_>,
    state: &State,
    kind: Kind,
    status: u16,
    found: impl Iterator<Item = (&'a Record, &'a View)>,
    missing: Vec<String>,
) -> Reply {
    let mut body = b"{\"status\":\"COMPLETE\",\"results\":[".to_vec();
    for (at, (record, view)) in found.enumerate() {
        if at > 0 {
            body.push(b',');
        }
        render::record(&mut body, state, kind, record, view);
    }
    body.push(b']');
    let status = if missing.is_empty() { status } else { 207 };
    if status == 207 {
        let message = format!("Could not get some {} objects, they may be deleted or not exist. Check that ids are valid.", shouted(kind));
        let detail = ErrorDetail::new(message).context("ids", missing);
        let error = serde_json::json!([{ "status": "error", "category": "OBJECT_NOT_FOUND", "message": detail.message, "context": detail.context }]);
        body.extend_from_slice(format!(",\"numErrors\":1,\"errors\":{error}").as_bytes());
    }
    let now = request.now.to_iso();
    body.extend_from_slice(format!(",\"startedAt\":\"{now}\",\"completedAt\":\"{now}\"}}").as_bytes());
    Reply { status, body: body.into() }
}
