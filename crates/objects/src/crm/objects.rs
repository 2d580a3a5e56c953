//! Single records: create, read, update, archive, delete permanently, and list.
//!
//! `batch` has the batches, `merge` the merges, and `write` the rules for writes.

use std::sync::LazyLock;

use http::Method;
use keyway_core::error_body::ErrorBody;
use serde_json::Value;

use super::render::{self, View};
use super::{Answer, associations, batch, kind, merge, no_content, search, writable, write};
use crate::call::Reply;
use crate::invalid;
use crate::items::{Item, Place};
use crate::kind::Kind;
use crate::links::End;
use crate::record::Record;
use crate::request::{Query, Request, bad_parameter, id_text, missing_field, text};
use crate::route::Version;
use crate::state::State;
use crate::tx::Tx;
use crate::work::Work;

/// Records on a page (hubspot facts, section 6).
const PAGE_DEFAULT: usize = 10;
const PAGE_MAX: usize = 100;
const PAGE_WITH_HISTORY_MAX: usize = 50;
/// Addresses that no contact can have.
pub static BLOCKED: LazyLock<Place> = LazyLock::new(|| Place::new("blocked-addresses", &[]));

/// Calls that change nothing.
pub(crate) fn read(request: &Request<'_>, method: &Method, tail: &[&str], state: &State) -> Option<Answer> {
    Some(match (method.as_str(), tail) {
        ("GET", [t]) => kind(state, t).and_then(|kind| list(request, kind, state)),
        ("GET", [t, id]) => kind(state, t).and_then(|kind| one_of(request, kind, id, state)),
        ("POST", [t, "search"]) => kind(state, t).and_then(|kind| search::answer(request, kind, state)),
        ("POST", [t, "batch", "read"]) => kind(state, t).and_then(|kind| batch::read(request, kind, state)),
        ("GET", [_, _, "associations", _]) => return associations::of_record_read(request, tail, state),
        _ => return None,
    })
}

pub(crate) fn answer(request: &Request<'_>, method: &Method, tail: &[&str], tx: &mut Tx<'_>) -> Option<Answer> {
    if let Some(answer) = read(request, method, tail, tx.state) {
        return Some(answer);
    }
    Some(match (method.as_str(), tail) {
        ("POST", [t]) => writable(tx.state, t).and_then(|kind| create(request, kind, tx)),
        ("POST", [t, "merge"]) => writable(tx.state, t).and_then(|kind| merge::answer(request, kind, tx)),
        ("POST", [t, "gdpr-delete"]) => writable(tx.state, t).and_then(|kind| gdpr_delete(request, kind, tx)),
        ("POST", [t, "batch", action]) => return batch::answer(request, t, action, tx),
        ("PATCH", [t, id]) => writable(tx.state, t).and_then(|kind| update(request, kind, id, tx)),
        ("DELETE", [t, id]) => writable(tx.state, t).and_then(|kind| {
            charge_unlinking(request, tx.state, kind, id)?;
            Ok(archive(request, kind, id, tx))
        }),
        (_, [_, _, "associations", ..]) => return associations::of_record(request, method, tail, tx),
        _ => return None,
    })
}

/// A live record.
///
/// # Errors
/// HubSpot's 404, if it is not there or archived.
pub fn live(state: &State, (kind, id): End) -> Result<&Record, ErrorBody> {
    state.table(kind).live(id).ok_or_else(|| not_there(&id.to_string()))
}

/// HubSpot's 404 for a record, as clients have seen it. For an id that is not a number HubSpot uses another
/// text. Only some of the answers seen had the category, so it is left out.
pub(crate) fn not_there(id: &str) -> ErrorBody {
    if id.parse::<u64>().is_ok() {
        return invalid::record_missing();
    }
    invalid::record_id_not_a_number(vec![id.to_owned()])
}

/// The record that a path or an input means: by number, or by a value of a unique property.
pub(crate) fn find<'a>(
    state: &'a State,
    kind: Kind,
    id: &str,
    id_property: Option<&str>,
    archived: bool,
) -> Result<Option<&'a Record>, ErrorBody> {
    let table = state.table(kind);
    let Some(name) = id_property.filter(|name| *name != "hs_object_id") else {
        return Ok(id.parse().ok().and_then(|id| table.get(id, archived)));
    };
    let property = state.schema(kind).get(name).filter(|property| property.is_unique());
    let Some(property) = property else {
        return Err(bad_parameter("idProperty", &format!("'{name}' is not a unique property of {}", state.singular(kind))));
    };
    Ok(table.holder(&property.name, id).and_then(|id| table.get(id, archived)))
}

/// As [`find`], and the id of a record that was merged means the one it was merged into.
fn find_merged<'a>(state: &'a State, kind: Kind, id: &str, query: &Query) -> Result<&'a Record, ErrorBody> {
    let archived = query.flag("archived")?;
    let found = find(state, kind, id, query.get("idProperty"), archived)?;
    let merged = || state.table(kind).merged_into(id.parse().ok()?).and_then(|id| state.table(kind).get(id, archived));
    found.or_else(merged).ok_or_else(|| not_there(id))
}

fn view(request: &Request<'_>, state: &State, kind: Kind) -> Result<View, ErrorBody> {
    let query = &request.query;
    let mut associations = Vec::new();
    for name in query.list("associations") {
        let kind = super::kind(state, name)?;
        if !associations.contains(&kind) {
            associations.push(kind);
        }
    }
    let schema = state.schema(kind);
    let (names, history) = (query.list("properties"), query.list("propertiesWithHistory"));
    request.tell_unknown(state.space(kind), &[&*names, &history].concat());
    let view = View::of(schema, &names, &history, associations);
    Ok(View { base: request.base.to_owned(), ..view }.seen_by(request.by, kind, schema))
}

pub(crate) fn one(status: u16, state: &State, kind: Kind, record: &Record, view: &View, work: &Work) -> Answer {
    let mut body = Vec::with_capacity(512);
    render::record(&mut body, state, kind, record, view, work)?;
    Ok(Reply { status, body: body.into() })
}

fn list(request: &Request<'_>, kind: Kind, state: &State) -> Answer {
    let view = view(request, state, kind)?;
    let max = if view.history.is_empty() { PAGE_MAX } else { PAGE_WITH_HISTORY_MAX };
    let limit = request.query.limit(PAGE_DEFAULT, max)?;
    let mut rest = state.table(kind).range(request.query.after()?, request.query.flag("archived")?);
    let mut body = b"{\"results\":".to_vec();
    render::records(&mut body, state, kind, rest.by_ref().take(limit), &view, request.work)?;
    if let Some(next) = rest.next() {
        body.extend_from_slice(format!(",\"paging\":{{\"next\":{{\"after\":\"{}\",\"link\":", next.id).as_bytes());
        render::text(&mut body, &request.query.link(request.base, request.path, next.id));
        body.extend_from_slice(b"}}");
    }
    body.push(b'}');
    Ok(Reply { status: 200, body: body.into() })
}

fn one_of(request: &Request<'_>, kind: Kind, id: &str, state: &State) -> Answer {
    let view = view(request, state, kind)?;
    one(200, state, kind, find_merged(state, kind, id, &request.query)?, &view, request.work)
}

fn create(request: &Request<'_>, kind: Kind, tx: &mut Tx<'_>) -> Answer {
    let body = request.json()?;
    let (values, links) = (write::properties(request, tx.state, kind, &body, None)?, write::wanted_links(request, tx.state, kind, &body)?);
    let id = tx.take_id(kind);
    let record = write::new_record(request, tx.state.schema(kind), id, &values)?;
    write::refuse_duplicate(tx.state, kind, &record)?;
    // The 2025-09 form answers 200, all others 201 (hubspot facts, section 7).
    let status = if request.version == Version::D2025 { 200 } else { 201 };
    let reply = one(
        status,
        tx.state,
        kind,
        &record,
        &View::written(tx.state.schema(kind), kind, &values, true).seen_by(request.by, kind, tx.state.schema(kind)),
        request.work,
    )?;
    write::put(request, tx, kind, record, &values, links);
    Ok(reply)
}

fn update(request: &Request<'_>, kind: Kind, id: &str, tx: &mut Tx<'_>) -> Answer {
    let body = request.json()?;
    let current = find_merged(tx.state, kind, id, &request.query)?;
    if body.get("properties").and_then(Value::as_object).is_some_and(serde_json::Map::is_empty) {
        return Err(invalid::nothing_to_update());
    }
    let values = write::properties(request, tx.state, kind, &body, Some(current))?;
    let record = write::changed_record(request, tx.state.schema(kind), current, &values)?;
    write::refuse_duplicate(tx.state, kind, &record)?;
    let reply = one(
        200,
        tx.state,
        kind,
        &record,
        &View::written(tx.state.schema(kind), kind, &values, false).seen_by(request.by, kind, tx.state.schema(kind)),
        request.work,
    )?;
    write::put(request, tx, kind, record, &values, Vec::new());
    Ok(reply)
}

/// Takes the steps of taking a record's associations away, which may be many, and of writing it down.
pub(crate) fn charge_unlinking(request: &Request<'_>, state: &State, kind: Kind, id: &str) -> Result<(), ErrorBody> {
    if let Some(record) = id.parse().ok().and_then(|id| state.table(kind).any(id)) {
        request.work.write(record.size())?;
        for _ in state.links.all_of((kind, record.id)) {
            request.work.charge(UNLINK_STEPS)?;
        }
    }
    Ok(())
}

/// Steps of taking an association away, or of making one, both directions.
pub const UNLINK_STEPS: u64 = 50;

/// Archives a record. HubSpot returns no error for a record that does not exist, or is archived already.
pub(crate) fn archive(request: &Request<'_>, kind: Kind, id: &str, tx: &mut Tx<'_>) -> Reply {
    if let Some(record) = id.parse().ok().and_then(|id| tx.state.table(kind).live(id)) {
        let mut record = record.clone();
        record.archived_at = Some(request.now);
        unlink_all(tx, (kind, record.id));
        tx.put_record(kind, record);
    }
    no_content()
}

pub(crate) fn unlink_all(tx: &mut Tx<'_>, from: End) {
    let others: Vec<End> = tx.state.links.all_of(from).collect();
    for to in others {
        tx.unlink(from, to);
    }
}

/// Deletes a record permanently, archived or not. An email address without a record is not an error: it is
/// blocked, so that no later contact can use it.
fn gdpr_delete(request: &Request<'_>, kind: Kind, tx: &mut Tx<'_>) -> Answer {
    let body = request.json()?;
    let id = id_text(body.get("objectId")).ok_or_else(|| missing_field("objectId"))?;
    let id_property = text(&body, "idProperty")?;
    let found = match find(tx.state, kind, &id, id_property, false)? {
        Some(record) => Some(record.id),
        None => find(tx.state, kind, &id, id_property, true)?.map(|record| record.id),
    };
    match found {
        Some(id) => {
            charge_unlinking(request, tx.state, kind, &id.to_string())?;
            unlink_all(tx, (kind, id));
            tx.purge_record(kind, id);
            tx.notes.deleted_for_good((kind, id));
        }
        None if id_property.is_none_or(|name| name == "hs_object_id") => return Err(not_there(&id)),
        // HubSpot keeps such an address from being used (its description of the operation). In which words it
        // refuses the address is not published.
        None if id_property == Some("email") => tx.put_item(&BLOCKED, &id.trim().to_lowercase(), Item::new(Value::Null)),
        None => {}
    }
    Ok(no_content())
}
