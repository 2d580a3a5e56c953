//! Lists: create, read, find, change, delete and restore.
//!
//! `list_memberships` has the members, `list_folders` the folders, `list_filters` the filters.

use std::collections::HashSet;

use http::Method;
use keyway_core::beside::Access;
use keyway_core::error_body::ErrorBody;
use keyway_core::time::Timestamp;
use serde_json::{Map, Value, json};

use super::list_members::Members;
use super::{Answer, kind as kind_of, list_folders, list_memberships, no_content, reply};
use crate::call::Reply;
use crate::invalid;
use crate::kind::Kind;
use crate::lists::{Joined, List, Processing};
use crate::request::{Request, bad_field, bad_parameter, integer, missing_field, text, texts};
use crate::state::State;
use crate::tx::Tx;
use crate::work::{Exceeded, STEPS_MAX};

/// Lists in a search.
const COUNT_DEFAULT: i64 = 20;
const COUNT_MAX: i64 = 500;
/// Lists of an account.
const LISTS_MAX: usize = 1_500;
/// Longest name, in characters.
const NAME_MAX: usize = 200;
/// Edits kept of a list.
const EDITS_MAX: usize = 100;
/// Steps of putting a record on a list, or of taking it from one.
pub(crate) const MEMBER_STEPS: u64 = 20;
/// Steps of showing a list.
pub(crate) const LIST_STEPS: u64 = 40;
/// Largest number of steps of a call for converting lists whose day of conversion has come. A list that needs
/// more than this alone is not converted.
const CONVERSION_STEPS_MAX: u64 = STEPS_MAX / 4;
const FIRST_ID: u64 = 1;

/// Calls that change nothing; none while a list is to be converted first.
pub(crate) fn read(request: &Request<'_>, method: &Method, tail: &[&str], state: &State) -> Option<Answer> {
    if state.lists.lists.values().any(|list| is_due(request, list)) {
        return None;
    }
    reading(request, method, tail, state)
}

fn reading(request: &Request<'_>, method: &Method, tail: &[&str], state: &State) -> Option<Answer> {
    Some(match (method.as_str(), tail) {
        (_, ["folders", ..]) => return None,
        ("GET", []) => by_ids(request, state),
        ("POST", ["search"]) => search(request, state),
        ("GET", ["idmapping"]) => mapping(request, state),
        ("POST", ["idmapping"]) => mappings(request, state),
        ("GET", ["object-type-id", kind, "name", name]) => by_name(request, kind, name, state),
        ("POST", ["records", "memberships", "batch", "read"]) => list_memberships::batch_memberships(request, state),
        ("GET", ["records", kind, id, "memberships"]) => list_memberships::record_memberships(request, kind, id, state),
        ("GET", [id]) => find(state, id).and_then(|list| {
            let size = Members::new(state, request.work).size(list)?;
            Ok(reply(200, json!({ "list": body(state, list, with_filters(request), size) })))
        }),
        ("GET", [id, "memberships"]) => list_memberships::members(request, id, state, false),
        ("GET", [id, "memberships", "join-order"]) => list_memberships::members(request, id, state, true),
        ("GET", [id, "schedule-conversion"]) => conversion(id, state),
        ("GET", [id, "size-and-edits-history", "between"]) => history(request, id, state),
        _ => return None,
    })
}

/// `…/lists/…`
pub(crate) fn answer(request: &Request<'_>, method: &Method, tail: &[&str], tx: &mut Tx<'_>) -> Option<Answer> {
    convert_due(request, tx);
    if let Some(answer) = reading(request, method, tail, tx.state) {
        return Some(answer);
    }
    Some(match (method.as_str(), tail) {
        (_, ["folders", rest @ ..]) => return list_folders::answer(request, method, rest, tx),
        ("POST", []) => create(request, tx),
        ("DELETE", [id]) => delete(request, id, tx),
        ("PUT", [id, "restore"]) => restore(request, id, tx),
        ("PUT", [id, "update-list-name"]) => rename(request, id, tx),
        ("PUT", [id, "update-list-filters"]) => refilter(request, id, tx),
        ("DELETE", [id, "memberships"]) => list_memberships::clear(request, id, tx),
        ("PUT", [id, "memberships", "add"]) => {
            list_memberships::ids(request).and_then(|add| list_memberships::change_members(request, id, &add, &[], tx))
        }
        ("PUT", [id, "memberships", "remove"]) => {
            list_memberships::ids(request).and_then(|remove| list_memberships::change_members(request, id, &[], &remove, tx))
        }
        ("PUT", [id, "memberships", "add-and-remove"]) => list_memberships::add_and_remove(request, id, tx),
        ("PUT", [id, "memberships", "add-from", source]) => list_memberships::add_from(request, id, source, tx),
        ("PUT", [id, "schedule-conversion"]) => schedule(request, id, tx),
        ("DELETE", [id, "schedule-conversion"]) => unschedule(id, tx),
        _ => return None,
    })
}

pub(crate) fn no_list(id: &str) -> ErrorBody {
    invalid::list_missing(id)
}

/// A list that was not deleted.
///
/// # Errors
/// There is no such list.
pub fn find<'a>(state: &'a State, id: &str) -> Result<&'a List, ErrorBody> {
    let list = id.parse().ok().and_then(|id: u64| state.lists.lists.get(&id));
    list.filter(|list| list.deleted_at.is_none()).ok_or_else(|| no_list(id))
}

/// The same, by a caller who may see who is on it: the records of its type.
pub(crate) fn find_with_members<'a>(request: &Request<'_>, state: &'a State, id: &str) -> Result<&'a List, ErrorBody> {
    let list = find(state, id)?;
    kind(state, list).map_or(Ok(()), |kind| request.needs(kind, Access::Read))?;
    Ok(list)
}

fn with_filters(request: &Request<'_>) -> bool {
    request.query.get("includeFilters").is_some_and(|flag| flag.eq_ignore_ascii_case("true"))
}

/// The type of the records on a list; none where the account no longer has the type.
pub fn kind(state: &State, list: &List) -> Option<Kind> {
    Kind::from_key(&list.kind).filter(|kind| state.has(*kind))
}

fn create(request: &Request<'_>, tx: &mut Tx<'_>) -> Answer {
    let given = request.json()?;
    let name = name(text(&given, "name")?)?;
    let type_id = text(&given, "objectTypeId")?.ok_or_else(|| missing_field("objectTypeId"))?;
    let kind = kind_of(tx.state, type_id)?;
    let processing = text(&given, "processingType")?.ok_or_else(|| missing_field("processingType"))?;
    let processing = Processing::parse(processing).ok_or_else(|| bad_field("processingType", "must be MANUAL, DYNAMIC or SNAPSHOT"))?;
    refuse_name(tx.state, kind, name, None)?;
    if tx.state.lists.lists.len() >= LISTS_MAX {
        return Err(invalid::lists_too_many(LISTS_MAX));
    }
    let filters = given.get("filterBranch").filter(|filters| !filters.is_null()).cloned();
    match (&filters, processing) {
        (None, Processing::Dynamic) => return Err(bad_field("filterBranch", "is required for this type of list")),
        (Some(_), Processing::Manual) => return Err(bad_field("filterBranch", "can't be given for a list that callers fill")),
        _ => {}
    }
    let folder = integer(&given, "listFolderId")?.unwrap_or(0).unsigned_abs();
    list_folders::exists(tx.state, folder)?;
    let id = tx.state.lists.lists.keys().last().map_or(FIRST_ID, |last| last + 1);
    // Worked out before anything is changed.
    let taken: Vec<u64> = match &filters {
        Some(filters) => {
            let members = Members::new(tx.state, tx.work);
            let branch = members.read(id, kind, filters)?;
            members.that_satisfy(&branch, kind)?.into_iter().map(|record| record.id).collect()
        }
        None => Vec::new(),
    };
    let size = taken.len();
    let put_on = if processing == Processing::Snapshot { taken } else { Vec::new() };
    tx.work.each(put_on.len(), MEMBER_STEPS)?;
    let list = List {
        id,
        name: name.to_owned(),
        kind: kind.to_string(),
        processing,
        filters,
        folder,
        version: 1,
        created_at: request.now,
        updated_at: request.now,
        filters_updated_at: request.now,
        deleted_at: None,
        app_id: request.app_id,
        conversion: None,
        converted_at: None,
        edits: Vec::new(),
    };
    tx.put_list(list);
    for record in put_on {
        tx.put_member(id, record, Joined { first: request.now, last: request.now });
    }
    edited(request, tx, id, size);
    Ok(reply(200, json!({ "list": body(tx.state, &tx.state.lists.lists[&id], true, size) })))
}

fn name(name: Option<&str>) -> Result<&str, ErrorBody> {
    let fits = name.filter(|name| !name.trim().is_empty() && name.chars().count() <= NAME_MAX);
    fits.ok_or_else(|| bad_field("name", &format!("must have 1 to {NAME_MAX} characters")))
}

fn refuse_name(state: &State, kind: Kind, name: &str, own: Option<u64>) -> Result<(), ErrorBody> {
    let key = kind.to_string();
    let mut others = state.lists.lists.values().filter(|list| list.deleted_at.is_none() && list.kind == key && Some(list.id) != own);
    match others.find(|list| list.name.eq_ignore_ascii_case(name)) {
        None => Ok(()),
        Some(_) => Err(invalid::list_exists(name)),
    }
}

/// Notes an edit and the size it left.
pub(crate) fn edited(request: &Request<'_>, tx: &mut Tx<'_>, id: u64, size: usize) {
    let Some(mut list) = tx.state.lists.lists.get(&id).cloned() else { return };
    list.updated_at = request.now;
    list.edits.push((request.now, size as u64));
    let excess = list.edits.len().saturating_sub(EDITS_MAX);
    list.edits.drain(..excess);
    tx.put_list(list);
}

fn by_ids(request: &Request<'_>, state: &State) -> Answer {
    let members = Members::new(state, request.work);
    let (mut lists, mut bytes) = (Vec::new(), 0);
    for list in request.query.list("listIds").iter().filter_map(|id| find(state, id).ok()) {
        request.work.charge(LIST_STEPS)?;
        let shown = body(state, list, with_filters(request), members.size(list)?).to_string();
        request.work.answer(bytes, shown.len())?;
        bytes += shown.len();
        lists.push(shown);
    }
    Ok(Reply { status: 200, body: format!("{{\"lists\":[{}]}}", lists.join(",")).into() })
}

fn by_name(request: &Request<'_>, segment: &str, name: &str, state: &State) -> Answer {
    let key = kind_of(state, segment)?.to_string();
    let name_text = crate::request::decoded(name);
    let mut lists = state.lists.lists.values().filter(|list| list.deleted_at.is_none() && list.kind == key);
    let list = lists.find(|list| list.name == name_text).ok_or_else(|| no_list(&name_text))?;
    let size = Members::new(state, request.work).size(list)?;
    Ok(reply(200, json!({ "list": body(state, list, with_filters(request), size) })))
}

fn search(request: &Request<'_>, state: &State) -> Answer {
    let given = request.json()?;
    let (offset, count) = (integer(&given, "offset")?.unwrap_or(0), integer(&given, "count")?.unwrap_or(COUNT_DEFAULT));
    if offset < 0 || !(0..=COUNT_MAX).contains(&count) {
        return Err(bad_field("count", &format!("must be between 0 and {COUNT_MAX}, and offset must not be negative")));
    }
    let query = text(&given, "query")?.unwrap_or_default().to_lowercase();
    let (ids, types) = (texts(&given, "listIds")?, texts(&given, "processingTypes")?);
    let ids: HashSet<&str> = ids.into_iter().collect();
    let key = text(&given, "objectTypeId")?.map(|segment| kind_of(state, segment)).transpose()?.map(|kind| kind.to_string());
    let fits = |list: &&List| {
        list.deleted_at.is_none()
            && list.name.to_lowercase().contains(&query)
            && (ids.is_empty() || ids.contains(&list.id.to_string().as_str()))
            && (types.is_empty() || types.iter().any(|own| *own == list.processing.as_str()))
            && key.as_ref().is_none_or(|key| *key == list.kind)
    };
    let found: Vec<&List> = state.lists.lists.values().filter(fits).collect();
    let end = offset.saturating_add(count).unsigned_abs() as usize;
    let (members, mut page) = (Members::new(state, request.work), Vec::new());
    for list in found.iter().skip(offset.unsigned_abs() as usize).take(count.unsigned_abs() as usize) {
        request.work.charge(LIST_STEPS)?;
        let size = members.size(list)?;
        let mut body = body(state, list, false, size);
        body["additionalProperties"] = json!({ "hs_list_size": size.to_string() });
        page.push(body);
    }
    Ok(reply(200, json!({ "lists": page, "offset": end.min(found.len()), "hasMore": end < found.len(), "total": found.len() })))
}

fn delete(request: &Request<'_>, id: &str, tx: &mut Tx<'_>) -> Answer {
    let list = find(tx.state, id)?.clone();
    tx.put_list(List { deleted_at: Some(request.now), ..list });
    Ok(no_content())
}

fn restore(request: &Request<'_>, id: &str, tx: &mut Tx<'_>) -> Answer {
    let list = id.parse().ok().and_then(|id: u64| tx.state.lists.lists.get(&id)).cloned().ok_or_else(|| no_list(id))?;
    if let Some(kind) = kind(tx.state, &list) {
        refuse_name(tx.state, kind, &list.name, Some(list.id))?;
    }
    tx.put_list(List { deleted_at: None, updated_at: request.now, ..list });
    Ok(no_content())
}

fn rename(request: &Request<'_>, id: &str, tx: &mut Tx<'_>) -> Answer {
    let list = find(tx.state, id)?.clone();
    let name = name(request.query.get("listName"))?.to_owned();
    if let Some(kind) = kind(tx.state, &list) {
        refuse_name(tx.state, kind, &name, Some(list.id))?;
    }
    let size = Members::new(tx.state, tx.work).size(&list)?;
    let (id, version) = (list.id, list.version + 1);
    tx.put_list(List { name, version, ..list });
    edited(request, tx, id, size);
    Ok(reply(200, json!({ "updatedList": body(tx.state, &tx.state.lists.lists[&id], with_filters(request), size) })))
}

fn refilter(request: &Request<'_>, id: &str, tx: &mut Tx<'_>) -> Answer {
    let given = request.json()?;
    let list = find_with_members(request, tx.state, id)?.clone();
    if list.processing != Processing::Dynamic {
        return Err(invalid::list_not_filtered());
    }
    let filters = given.get("filterBranch").cloned().ok_or_else(|| missing_field("filterBranch"))?;
    let size = match kind(tx.state, &list) {
        Some(kind) => {
            let members = Members::new(tx.state, tx.work);
            let branch = members.read(list.id, kind, &filters)?;
            members.that_satisfy(&branch, kind)?.len()
        }
        None => 0,
    };
    let (id, version) = (list.id, list.version + 1);
    tx.put_list(List { filters: Some(filters), filters_updated_at: request.now, version, ..list });
    edited(request, tx, id, size);
    Ok(reply(200, json!({ "updatedList": body(tx.state, &tx.state.lists.lists[&id], true, size) })))
}

/// Lists made here have one id, old and new.
fn mapping(request: &Request<'_>, state: &State) -> Answer {
    let id = request.query.get("legacyListId").ok_or_else(|| bad_parameter("legacyListId", "is required"))?;
    let list = find(state, id)?;
    Ok(reply(200, json!({ "legacyListId": id, "listId": list.id.to_string() })))
}

fn mappings(request: &Request<'_>, state: &State) -> Answer {
    let ids = list_memberships::ids(request)?;
    request.work.each(ids.len(), LIST_STEPS)?;
    let (found, missing): (Vec<String>, Vec<String>) = ids.into_iter().partition(|id| find(state, id).is_ok());
    let pairs: Vec<Value> = found.iter().map(|id| json!({ "legacyListId": id, "listId": id })).collect();
    Ok(reply(200, json!({ "legacyListIdsToIdsMapping": pairs, "missingLegacyListIds": missing })))
}

fn conversion_body(list: &List) -> Value {
    let mut body = json!({ "listId": list.id.to_string() });
    if let Some(time) = &list.conversion {
        body["requestedConversionTime"] = time.clone();
    }
    if let Some(at) = list.converted_at {
        body["convertedAt"] = at.to_iso().into();
    }
    body
}

fn conversion(id: &str, state: &State) -> Answer {
    let list = find(state, id)?;
    if list.conversion.is_none() && list.converted_at.is_none() {
        return Err(invalid::conversion_missing(id));
    }
    Ok(reply(200, conversion_body(list)))
}

fn schedule(request: &Request<'_>, id: &str, tx: &mut Tx<'_>) -> Answer {
    let given = request.json()?;
    let list = find(tx.state, id)?.clone();
    if list.processing != Processing::Dynamic {
        return Err(invalid::list_not_convertible());
    }
    match text(&given, "conversionType")? {
        Some("CONVERSION_DATE") => {
            conversion_date(&given).ok_or_else(|| bad_field("day", "must be a day of the calendar, with month and year"))?;
        }
        Some("INACTIVITY") => {
            let unit = text(&given, "timeUnit")?.filter(|unit| ["DAY", "WEEK", "MONTH"].contains(unit));
            unit.ok_or_else(|| bad_field("timeUnit", "must be DAY, WEEK or MONTH"))?;
            integer(&given, "offset")?.filter(|offset| *offset > 0).ok_or_else(|| bad_field("offset", "must be at least 1"))?;
        }
        _ => return Err(bad_field("conversionType", "must be CONVERSION_DATE or INACTIVITY")),
    }
    let list = List { conversion: Some(Value::Object(given)), ..list };
    let answer = reply(200, conversion_body(&list));
    tx.put_list(list);
    Ok(answer)
}

fn conversion_date(given: &Map<String, Value>) -> Option<Timestamp> {
    let part = |field: &str| integer(given, field).ok().flatten();
    let iso = format!("{:04}-{:02}-{:02}T00:00:00.000Z", part("year")?, part("month")?, part("day")?);
    Timestamp::parse_iso(&iso)
}

fn unschedule(id: &str, tx: &mut Tx<'_>) -> Answer {
    let list = find(tx.state, id)?.clone();
    tx.put_list(List { conversion: None, ..list });
    Ok(no_content())
}

fn is_due(request: &Request<'_>, list: &List) -> bool {
    let date = list.conversion.as_ref().and_then(Value::as_object).and_then(conversion_date);
    list.processing == Processing::Dynamic && date.is_some_and(|date| date <= request.now)
}

/// Lists whose day has come take the members they have then.
fn convert_due(request: &Request<'_>, tx: &mut Tx<'_>) {
    let due: Vec<List> = tx.state.lists.lists.values().filter(|list| is_due(request, list)).cloned().collect();
    let work = tx.work.part(CONVERSION_STEPS_MAX);
    for (at, list) in due.into_iter().enumerate() {
        let members = Members::new(tx.state, &work).of(&list);
        let members = members.and_then(|members| work.each(members.len(), MEMBER_STEPS).map(|()| members));
        let Ok(members) = members else {
            if at == 0 && work.exceeded() == Some(Exceeded::Steps) {
                tracing::warn!(list = list.id, "a list takes too many steps to be converted, and keeps following its filters");
                tx.put_list(List { conversion: None, ..list });
            }
            // The others are converted by the next call.
            return;
        };
        for (record, joined) in members {
            tx.put_member(list.id, record, joined);
        }
        tx.put_list(List { processing: Processing::Snapshot, conversion: None, converted_at: Some(request.now), ..list });
    }
}

fn history(request: &Request<'_>, id: &str, state: &State) -> Answer {
    let list = find(state, id)?;
    let end = |name: &str| match request.query.get(name) {
        None => Ok(None),
        Some(text) => crate::value::moment(text).map(Some).ok_or_else(|| bad_parameter(name, &format!("'{text}' is not a date"))),
    };
    let (start, end) = (end("startDate")?, end("endDate")?);
    let within = |at: Timestamp| start.is_none_or(|start| at >= start) && end.is_none_or(|end| at <= end);
    let edits: Vec<_> = list.edits.iter().filter(|(at, _)| within(*at)).collect();
    let sizes: Vec<Value> = edits.iter().map(|(at, size)| json!({ "timestamp": at.to_iso(), "size": size })).collect();
    Ok(reply(200, json!({ "editHistory": edits.iter().map(|(at, _)| at.to_iso()).collect::<Vec<_>>(), "sizeHistory": sizes })))
}

/// A list as answers show it.
pub fn body(state: &State, list: &List, with_filters: bool, size: usize) -> Value {
    let type_id = kind(state, list).map(|kind| state.space(kind).type_id.to_string()).unwrap_or_default();
    let mut body = json!({
        "listId": list.id.to_string(), "listVersion": list.version, "name": list.name, "objectTypeId": type_id,
        "processingStatus": "COMPLETE", "processingType": list.processing.as_str(), "size": size,
        "createdAt": list.created_at.to_iso(), "updatedAt": list.updated_at.to_iso(), "filtersUpdatedAt": list.filters_updated_at.to_iso(),
        "createdById": list.app_id.to_string(), "updatedById": list.app_id.to_string(),
    });
    if with_filters && let Some(filters) = &list.filters {
        body["filterBranch"] = filters.clone();
    }
    body
}
