//! Records, one at a time: create, read, update, archive, merge, delete for good, and list.
//!
//! Batches are `batch`'s, the rules of what may be written `write`'s.

use http::Method;
use keyway_core::error_body::ErrorBody;
use keyway_core::policy::OnBehalf;

use super::render::{self, View};
use super::{Answer, associations, batch, kind, no_content, search, writable, write};
use crate::Reply;
use crate::kind::Kind;
use crate::links::End;
use crate::record::{MERGED, Record};
use crate::request::{Query, Request, bad_field, bad_parameter, id_text, text};
use crate::route::Version;
use crate::state::{State, Tx};
use crate::work::{UNBOUNDED, Work};

/// Records on a page (hubspot facts, section 6).
const PAGE_DEFAULT: usize = 10;
const PAGE_MAX: usize = 100;
const PAGE_WITH_HISTORY_MAX: usize = 50;
/// Records that can be merged into one (hubspot facts, section 4: 414 beyond it).
const MERGED_MAX: usize = 250;

/// Calls that change nothing.
pub fn read(request: &Request<'_>, method: &Method, tail: &[&str], state: &State) -> Option<Answer> {
    Some(match (method.as_str(), tail) {
        ("GET", [t]) => kind(state, t).and_then(|kind| list(request, kind, state)),
        ("GET", [t, id]) => kind(state, t).and_then(|kind| one_of(request, kind, id, state)),
        ("POST", [t, "search"]) => kind(state, t).and_then(|kind| search::answer(request, kind, state)),
        ("POST", [t, "batch", "read"]) => kind(state, t).and_then(|kind| batch::read(request, kind, state)),
        ("GET", [_, _, "associations", _]) => return associations::of_record_read(request, tail, state),
        _ => return None,
    })
}

pub fn answer(request: &Request<'_>, method: &Method, tail: &[&str], tx: &mut Tx<'_>) -> Option<Answer> {
    if let Some(answer) = read(request, method, tail, tx.state) {
        return Some(answer);
    }
    Some(match (method.as_str(), tail) {
        ("POST", [t]) => writable(tx.state, t).and_then(|kind| create(request, kind, tx)),
        ("POST", [t, "merge"]) => writable(tx.state, t).and_then(|kind| merge(request, kind, tx)),
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

/// A live record, or HubSpot's 404.
pub fn live(state: &State, (kind, id): End) -> Result<&Record, ErrorBody> {
    state.table(kind).live(id).ok_or_else(not_there)
}

/// HubSpot's 404 of a record.
pub fn not_there() -> ErrorBody {
    ErrorBody::not_found("Object not found. objectId is usually positive.")
}

/// The record that a path or an input means: by number, or by a value of a unique property.
pub fn find<'a>(
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
    found.or_else(merged).ok_or_else(not_there)
}

fn view(by: Option<&OnBehalf>, state: &State, kind: Kind, query: &Query) -> Result<View, ErrorBody> {
    let mut associations = Vec::new();
    for name in query.list("associations") {
        let kind = super::kind(state, name)?;
        if !associations.contains(&kind) {
            associations.push(kind);
        }
    }
    Ok(View::of(state.schema(kind), &query.list("properties"), &query.list("propertiesWithHistory"), associations).seen_by(
        by,
        kind,
        state.schema(kind),
    ))
}

fn one(status: u16, state: &State, kind: Kind, record: &Record, view: &View, work: &Work) -> Answer {
    let mut body = Vec::with_capacity(512);
    render::record(&mut body, state, kind, record, view, work)?;
    Ok(Reply { status, body: body.into() })
}

fn list(request: &Request<'_>, kind: Kind, state: &State) -> Answer {
    let view = view(request.by, state, kind, &request.query)?;
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
    let view = view(request.by, state, kind, &request.query)?;
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
        &View::written(tx.state, kind, &record, &values, true).seen_by(request.by, kind, tx.state.schema(kind)),
        request.work,
    )?;
    write::put(tx, kind, record, &values, links);
    Ok(reply)
}

fn update(request: &Request<'_>, kind: Kind, id: &str, tx: &mut Tx<'_>) -> Answer {
    let body = request.json()?;
    let current = find_merged(tx.state, kind, id, &request.query)?;
    let values = write::properties(request, tx.state, kind, &body, Some(current))?;
    let record = write::changed_record(request, tx.state.schema(kind), current, &values)?;
    write::refuse_duplicate(tx.state, kind, &record)?;
    let reply = one(
        200,
        tx.state,
        kind,
        &record,
        &View::written(tx.state, kind, &record, &values, false).seen_by(request.by, kind, tx.state.schema(kind)),
        request.work,
    )?;
    write::put(tx, kind, record, &values, Vec::new());
    Ok(reply)
}

/// Takes the steps of taking a record's associations away, which may be many, and of writing it down.
pub fn charge_unlinking(request: &Request<'_>, state: &State, kind: Kind, id: &str) -> Result<(), ErrorBody> {
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

/// Archiving what is not there, or archived already, is no error.
pub fn archive(request: &Request<'_>, kind: Kind, id: &str, tx: &mut Tx<'_>) -> Reply {
    if let Some(record) = id.parse().ok().and_then(|id| tx.state.table(kind).live(id)) {
        let mut record = record.clone();
        record.archived_at = Some(request.now);
        unlink_all(tx, (kind, record.id));
        tx.put_record(kind, record);
    }
    no_content()
}

fn unlink_all(tx: &mut Tx<'_>, from: End) {
    let others: Vec<End> = tx.state.links.all_of(from).collect();
    for to in others {
        tx.unlink(from, to);
    }
}

/// The second record goes; the first takes its associations, and the values that it lacks.
fn merge(request: &Request<'_>, kind: Kind, tx: &mut Tx<'_>) -> Answer {
    let body = request.json()?;
    let id = |field: &str| {
        let id = id_text(body.get(field)).ok_or_else(|| bad_field(field, "is required"))?;
        id.parse::<u64>().map_err(|_| bad_field(field, "must be the id of a record"))
    };
    let (first, second) = (id("primaryObjectId")?, id("objectIdToMerge")?);
    if first == second {
        return Err(ErrorBody::validation("A record can't be merged with itself"));
    }
    let (primary, other) = (live(tx.state, (kind, first))?, live(tx.state, (kind, second))?);
    for id in [first, second] {
        charge_unlinking(request, tx.state, kind, &id.to_string())?;
    }
    // An association that moves may take the label of the primary one from another.
    request.work.each(tx.state.links.all_of((kind, second)).count().saturating_mul(tx.state.links.all_of((kind, first)).count()), 1)?;
    let schema = tx.state.schema(kind);
    let mut merged: Vec<&str> =
        [primary, other].into_iter().filter_map(|record| record.get(MERGED)).flat_map(|ids| ids.split(';')).collect();
    let second_text = second.to_string();
    merged.push(&second_text);
    if merged.len() > MERGED_MAX {
        return Err(ErrorBody::new(414, "VALIDATION_ERROR", format!("A record can't be merged from more than {MERGED_MAX} others")));
    }
    let mut record = primary.clone();
    for property in
        schema.properties().filter(|property| !property.is_read_only() && record.get(&property.name).is_none()).collect::<Vec<_>>()
    {
        if let Some(value) = other.get(&property.name) {
            record.set(&property.name, value, request.now, request.app_id);
        }
    }
    if let Some(property) = schema.find("hs_additional_emails") {
        let mine = record.get("email").unwrap_or_default();
        let addresses = [record.get(&property.name), other.get("email"), other.get(&property.name)];
        let mut further: Vec<&str> = Vec::new();
        for address in addresses.into_iter().flatten().flat_map(|list| list.split(';')) {
            if address != mine && !further.contains(&address) {
                further.push(address);
            }
        }
        let further = further.join(";");
        record.set(&property.name, &further, request.now, request.app_id);
    }
    record.set_quietly(&MERGED.into(), &merged.join(";"), request.now);
    let record = write::changed_record(request, schema, &record, &Vec::new())?;
    let moved: Vec<(End, Vec<u32>)> =
        tx.state.links.all_of((kind, second)).map(|to| (to, tx.state.links.between((kind, second), to).to_vec())).collect();
    unlink_all(tx, (kind, second));
    tx.purge_record(kind, second);
    tx.notes.merged((kind, first), second);
    tx.put_record(kind, record);
    for (to, types) in moved.into_iter().filter(|(to, _)| *to != (kind, first)) {
        let mut all = tx.state.links.between((kind, first), to).to_vec();
        all.extend(types);
        tx.link((kind, first), to, &all);
    }
    let view = View::of(tx.state.schema(kind), &[], &[], Vec::new());
    one(200, tx.state, kind, live(tx.state, (kind, first))?, &view, &UNBOUNDED)
}

/// Deletes a record for good, archived or not. An address that nobody has is no error: HubSpot
/// keeps it from coming back, which an account without sending has no use for.
fn gdpr_delete(request: &Request<'_>, kind: Kind, tx: &mut Tx<'_>) -> Answer {
    let body = request.json()?;
    let id = id_text(body.get("objectId")).ok_or_else(|| bad_field("objectId", "is required"))?;
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
        None if id_property.is_none_or(|name| name == "hs_object_id") => return Err(not_there()),
        None => {}
    }
    Ok(no_content())
}
