//! Lists: make, read, find, change, delete and restore them, and who is on them.
//!
//! Folders of lists are `list_folders`', filters `list_filters`'.

use http::Method;
use keyway_core::error_body::ErrorBody;
use keyway_core::time::Timestamp;
use serde_json::{Map, Value, json};

use super::list_filters::Branch;
use super::{Answer, kind as kind_of, list_folders, no_content, reply};
use crate::kind::Kind;
use crate::lists::{Joined, List, Processing};
use crate::record::Record;
use crate::request::{Request, bad_field, bad_parameter, id_text, inputs, integer, text, texts};
use crate::state::{State, Tx};

/// Members on a page, lists in a search, ids in one call.
const PAGE_DEFAULT: usize = 100;
const PAGE_MAX: usize = 250;
const COUNT_DEFAULT: i64 = 20;
const COUNT_MAX: i64 = 500;
const IDS_MAX: usize = 100_000;
/// Lists of an account.
const LISTS_MAX: usize = 1_500;
/// Longest name, in characters.
const NAME_MAX: usize = 200;
/// Edits kept of a list.
const EDITS_MAX: usize = 100;
/// How many lists deep a list may name another.
const DEPTH_MAX: usize = 5;
const FIRST_ID: u64 = 1;

/// `…/lists/…`
pub fn answer(request: &Request<'_>, method: &Method, tail: &[&str], tx: &mut Tx<'_>) -> Option<Answer> {
    convert_due(request, tx);
    let state = &*tx.state;
    Some(match (method.as_str(), tail) {
        (_, ["folders", rest @ ..]) => return list_folders::answer(request, method, rest, tx),
        ("GET", []) => by_ids(request, state),
        ("POST", []) => create(request, tx),
        ("POST", ["search"]) => search(request, state),
        ("GET", ["idmapping"]) => mapping(request, state),
        ("POST", ["idmapping"]) => mappings(request, state),
        ("GET", ["object-type-id", kind, "name", name]) => by_name(request, kind, name, state),
        ("POST", ["records", "memberships", "batch", "read"]) => batch_memberships(request, state),
        ("GET", ["records", kind, id, "memberships"]) => record_memberships(kind, id, state),
        ("GET", [id]) => find(state, id).map(|list| reply(200, json!({ "list": body(state, list, with_filters(request)) }))),
        ("DELETE", [id]) => delete(request, id, tx),
        ("PUT", [id, "restore"]) => restore(request, id, tx),
        ("PUT", [id, "update-list-name"]) => rename(request, id, tx),
        ("PUT", [id, "update-list-filters"]) => refilter(request, id, tx),
        ("GET", [id, "memberships"]) => members(request, id, state, false),
        ("GET", [id, "memberships", "join-order"]) => members(request, id, state, true),
        ("DELETE", [id, "memberships"]) => clear(request, id, tx),
        ("PUT", [id, "memberships", "add"]) => ids(request).and_then(|add| change_members(request, id, &add, &[], tx)),
        ("PUT", [id, "memberships", "remove"]) => ids(request).and_then(|remove| change_members(request, id, &[], &remove, tx)),
        ("PUT", [id, "memberships", "add-and-remove"]) => add_and_remove(request, id, tx),
        ("PUT", [id, "memberships", "add-from", source]) => add_from(request, id, source, tx),
        ("GET", [id, "schedule-conversion"]) => conversion(id, state),
        ("PUT", [id, "schedule-conversion"]) => schedule(request, id, tx),
        ("DELETE", [id, "schedule-conversion"]) => unschedule(id, tx),
        ("GET", [id, "size-and-edits-history", "between"]) => history(request, id, state),
        _ => return None,
    })
}

fn no_list(id: &str) -> ErrorBody {
    ErrorBody::not_found(format!("List {id} does not exist")).sub_category("ILS.LIST_DOES_NOT_EXIST")
}

/// A list that was not deleted.
pub fn find<'a>(state: &'a State, id: &str) -> Result<&'a List, ErrorBody> {
    let list = id.parse().ok().and_then(|id: u64| state.lists.lists.get(&id));
    list.filter(|list| list.deleted_at.is_none()).ok_or_else(|| no_list(id))
}

fn with_filters(request: &Request<'_>) -> bool {
    request.query.get("includeFilters").is_some_and(|flag| flag.eq_ignore_ascii_case("true"))
}

pub fn kind(state: &State, list: &List) -> Option<Kind> {
    Kind::from_key(&list.kind).filter(|kind| state.has(*kind))
}

/// Live records on a list, and when they came on it, by record id.
pub fn joined(state: &State, list: &List) -> Vec<(u64, Joined)> {
    let Some(kind) = kind(state, list) else { return Vec::new() };
    let table = state.table(kind);
    if list.processing != Processing::Dynamic {
        return state.lists.members(list.id).filter(|(id, _)| table.live(*id).is_some()).collect();
    }
    let Some(branch) = list.filters.as_ref().and_then(|filters| Branch::parse(state, kind, filters).ok()) else { return Vec::new() };
    let found = table.range(0, false).filter(|record| branch.holds(state, kind, record, DEPTH_MAX));
    // Since when is not kept: as early as both filters and values have been as they are.
    let since = |record: &Record| record.updated_at.max(list.filters_updated_at);
    found.map(|record| (record.id, Joined { first: since(record), last: since(record) })).collect()
}

/// Whether a record is on a list; not, where the list is of another type or lists go too deep.
pub fn is_member(state: &State, list: u64, of: Kind, record: &Record, depth: usize) -> bool {
    let Some(list) = state.lists.lists.get(&list).filter(|list| list.deleted_at.is_none() && kind(state, list) == Some(of)) else {
        return false;
    };
    if list.processing != Processing::Dynamic {
        return state.lists.members.contains_key(&(list.id, record.id));
    }
    let branch = list.filters.as_ref().and_then(|filters| Branch::parse(state, of, filters).ok());
    branch.is_some_and(|branch| branch.holds(state, of, record, depth))
}

fn create(request: &Request<'_>, tx: &mut Tx<'_>) -> Answer {
    let given = request.json()?;
    let name = name(text(&given, "name")?)?;
    let type_id = text(&given, "objectTypeId")?.ok_or_else(|| bad_field("objectTypeId", "is required"))?;
    let kind = kind_of(tx.state, type_id)?;
    let processing = text(&given, "processingType")?.ok_or_else(|| bad_field("processingType", "is required"))?;
    let processing = Processing::parse(processing).ok_or_else(|| bad_field("processingType", "must be MANUAL, DYNAMIC or SNAPSHOT"))?;
    refuse_name(tx.state, kind, name, None)?;
    if tx.state.lists.lists.len() >= LISTS_MAX {
        return Err(ErrorBody::validation(format!("An account has at most {LISTS_MAX} lists")));
    }
    let filters = given.get("filterBranch").filter(|filters| !filters.is_null()).cloned();
    match (&filters, processing) {
        (None, Processing::Dynamic) => return Err(bad_field("filterBranch", "is required for this type of list")),
        (Some(_), Processing::Manual) => return Err(bad_field("filterBranch", "can't be given for a list that callers fill")),
        _ => {}
    }
    let branch = filters.as_ref().map(|filters| Branch::parse(tx.state, kind, filters)).transpose()?;
    let folder = integer(&given, "listFolderId")?.unwrap_or(0).unsigned_abs();
    list_folders::exists(tx.state, folder)?;
    let list = List {
        id: tx.state.lists.lists.keys().last().map_or(FIRST_ID, |last| last + 1),
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
    let id = list.id;
    let taken: Vec<u64> = match branch.filter(|_| processing == Processing::Snapshot) {
        Some(branch) => {
            let records = tx.state.table(kind).range(0, false).filter(|record| branch.holds(tx.state, kind, record, DEPTH_MAX));
            records.map(|record| record.id).collect()
        }
        None => Vec::new(),
    };
    tx.put_list(list);
    for record in taken {
        tx.put_member(id, record, Joined { first: request.now, last: request.now });
    }
    edited(request, tx, id);
    Ok(reply(200, json!({ "list": body(tx.state, &tx.state.lists.lists[&id], true) })))
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
        Some(_) => Err(ErrorBody::validation(format!("A list named {name} already exists")).sub_category("ILS.DUPLICATE_LIST_NAMES")),
    }
}

/// Notes an edit and the size it left.
fn edited(request: &Request<'_>, tx: &mut Tx<'_>, id: u64) {
    let Some(mut list) = tx.state.lists.lists.get(&id).cloned() else { return };
    list.updated_at = request.now;
    list.edits.push((request.now, joined(tx.state, &list).len() as u64));
    let excess = list.edits.len().saturating_sub(EDITS_MAX);
    list.edits.drain(..excess);
    tx.put_list(list);
}

fn by_ids(request: &Request<'_>, state: &State) -> Answer {
    let wanted = request.query.list("listIds");
    let found = wanted.iter().filter_map(|id| find(state, id).ok());
    let lists: Vec<Value> = found.map(|list| body(state, list, with_filters(request))).collect();
    Ok(reply(200, json!({ "lists": lists })))
}

fn by_name(request: &Request<'_>, segment: &str, name: &str, state: &State) -> Answer {
    let key = kind_of(state, segment)?.to_string();
    let name_text = crate::request::decoded(name);
    let mut lists = state.lists.lists.values().filter(|list| list.deleted_at.is_none() && list.kind == key);
    let list = lists.find(|list| list.name == name_text).ok_or_else(|| no_list(&name_text))?;
    Ok(reply(200, json!({ "list": body(state, list, with_filters(request)) })))
}

fn search(request: &Request<'_>, state: &State) -> Answer {
    let given = request.json()?;
    let (offset, count) = (integer(&given, "offset")?.unwrap_or(0), integer(&given, "count")?.unwrap_or(COUNT_DEFAULT));
    if offset < 0 || !(0..=COUNT_MAX).contains(&count) {
        return Err(bad_field("count", &format!("must be between 0 and {COUNT_MAX}, and offset must not be negative")));
    }
    let query = text(&given, "query")?.unwrap_or_default().to_lowercase();
    let (ids, types) = (texts(&given, "listIds")?, texts(&given, "processingTypes")?);
    let key = text(&given, "objectTypeId")?.map(|segment| kind_of(state, segment)).transpose()?.map(|kind| kind.to_string());
    let fits = |list: &&List| {
        list.deleted_at.is_none()
            && list.name.to_lowercase().contains(&query)
            && (ids.is_empty() || ids.contains(&list.id.to_string().as_str()))
            && (types.is_empty() || types.contains(&list.processing.as_str()))
            && key.as_ref().is_none_or(|key| *key == list.kind)
    };
    let found: Vec<&List> = state.lists.lists.values().filter(fits).collect();
    let end = offset.saturating_add(count).unsigned_abs() as usize;
    let page: Vec<Value> = found
        .iter()
        .skip(offset.unsigned_abs() as usize)
        .take(count.unsigned_abs() as usize)
        .map(|list| {
            let size = joined(state, list).len();
            let mut body = body(state, list, false);
            body["additionalProperties"] = json!({ "hs_list_size": size.to_string() });
            body
        })
        .collect();
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
    let (id, version) = (list.id, list.version + 1);
    tx.put_list(List { name, version, ..list });
    edited(request, tx, id);
    Ok(reply(200, json!({ "updatedList": body(tx.state, &tx.state.lists.lists[&id], with_filters(request)) })))
}

fn refilter(request: &Request<'_>, id: &str, tx: &mut Tx<'_>) -> Answer {
    let given = request.json()?;
    let list = find(tx.state, id)?.clone();
    if list.processing != Processing::Dynamic {
        return Err(ErrorBody::validation("Only a list that follows filters can be given other ones"));
    }
    let filters = given.get("filterBranch").cloned().ok_or_else(|| bad_field("filterBranch", "is required"))?;
    if let Some(kind) = kind(tx.state, &list) {
        Branch::parse(tx.state, kind, &filters)?;
    }
    let (id, version) = (list.id, list.version + 1);
    tx.put_list(List { filters: Some(filters), filters_updated_at: request.now, version, ..list });
    edited(request, tx, id);
    Ok(reply(200, json!({ "updatedList": body(tx.state, &tx.state.lists.lists[&id], true) })))
}

/// Pages go by record id, or by the time of joining.
fn members(request: &Request<'_>, id: &str, state: &State, by_time: bool) -> Answer {
    let list = find(state, id)?;
    let limit = request.query.limit(PAGE_DEFAULT, PAGE_MAX)?;
    let mut all = joined(state, list);
    if by_time {
        all.sort_by_key(|(id, joined)| (joined.last, *id));
    }
    let total = all.len();
    let start = match request.query.get("after") {
        None => 0,
        Some(after) => {
            let last: u64 = after.parse().map_err(|_| bad_parameter("after", &format!("'{after}' is not a valid paging cursor")))?;
            all.iter().position(|(id, _)| *id == last).map_or(total, |at| at + 1)
        }
    };
    let page: Vec<&(u64, Joined)> = all.iter().skip(start).take(limit).collect();
    let one = |(id, joined): &(u64, Joined)| json!({ "recordId": id.to_string(), "membershipTimestamp": joined.last.to_iso() });
    let mut answer = json!({ "results": page.iter().map(|member| one(member)).collect::<Vec<_>>(), "total": total });
    if start + page.len() < total
        && let Some((last, _)) = page.last()
    {
        answer["paging"] = json!({ "next": { "after": last.to_string(), "link": request.query.link(request.base, request.path, *last) } });
    }
    Ok(reply(200, answer))
}

/// The body of a membership change: a list of ids.
fn ids(request: &Request<'_>) -> Result<Vec<String>, ErrorBody> {
    let given: Value = serde_json::from_slice(request.body).map_err(|_| bad_field("body", "must be a list of record ids"))?;
    id_list(&given, "body")
}

fn id_list(given: &Value, field: &str) -> Result<Vec<String>, ErrorBody> {
    let list = given.as_array().filter(|list| list.len() <= IDS_MAX).ok_or_else(|| bad_field(field, "must be a list of record ids"))?;
    list.iter().map(|id| id_text(Some(id)).ok_or_else(|| bad_field(field, "must be a list of record ids"))).collect()
}

fn fillable(state: &State, id: &str) -> Result<(u64, Kind), ErrorBody> {
    let list = find(state, id)?;
    if list.processing == Processing::Dynamic {
        return Err(ErrorBody::validation("The members of a list that follows filters can't be added or removed")
            .sub_category("ILS.INVALID_LIST_PROCESSING_TYPE"));
    }
    Ok((list.id, kind(state, list).ok_or_else(|| no_list(id))?))
}

fn change_members(request: &Request<'_>, id: &str, add: &[String], remove: &[String], tx: &mut Tx<'_>) -> Answer {
    let (list, kind) = fillable(tx.state, id)?;
    let (mut added, mut removed, mut missing) = (Vec::new(), Vec::new(), Vec::new());
    for text in add {
        match text.parse().ok().filter(|record| tx.state.table(kind).live(*record).is_some()) {
            Some(record) => {
                let before = tx.state.lists.members.get(&(list, record)).copied();
                if before.is_none() {
                    added.push(text.clone());
                    tx.put_member(list, record, Joined { first: request.now, last: request.now });
                }
            }
            None => missing.push(text.clone()),
        }
    }
    for text in remove {
        match text.parse().ok().filter(|record| tx.state.lists.members.contains_key(&(list, *record))) {
            Some(record) => {
                removed.push(text.clone());
                tx.remove_member(list, record);
            }
            None => missing.push(text.clone()),
        }
    }
    edited(request, tx, list);
    Ok(reply(200, json!({ "recordsIdsAdded": added, "recordIdsRemoved": removed, "recordIdsMissing": missing })))
}

fn add_and_remove(request: &Request<'_>, id: &str, tx: &mut Tx<'_>) -> Answer {
    let given = request.json()?;
    let list = |field: &str| given.get(field).map_or(Ok(Vec::new()), |list| id_list(list, field));
    change_members(request, id, &list("recordIdsToAdd")?, &list("recordIdsToRemove")?, tx)
}

fn add_from(request: &Request<'_>, id: &str, source: &str, tx: &mut Tx<'_>) -> Answer {
    let (list, kind) = fillable(tx.state, id)?;
    let source = find(tx.state, source)?;
    if source.kind != kind.to_string() {
        return Err(ErrorBody::validation("Both lists must be of one object type"));
    }
    let records: Vec<u64> = joined(tx.state, source).into_iter().map(|(record, _)| record).collect();
    for record in records {
        if !tx.state.lists.members.contains_key(&(list, record)) {
            tx.put_member(list, record, Joined { first: request.now, last: request.now });
        }
    }
    edited(request, tx, list);
    Ok(no_content())
}

fn clear(request: &Request<'_>, id: &str, tx: &mut Tx<'_>) -> Answer {
    let (list, _) = fillable(tx.state, id)?;
    let records: Vec<u64> = tx.state.lists.members(list).map(|(record, _)| record).collect();
    for record in records {
        tx.remove_member(list, record);
    }
    edited(request, tx, list);
    Ok(no_content())
}

fn memberships(state: &State, of: Kind, record: &Record) -> Vec<Value> {
    let key = of.to_string();
    let lists = state.lists.lists.values().filter(|list| list.deleted_at.is_none() && list.kind == key);
    lists
        .filter(|list| is_member(state, list.id, of, record, DEPTH_MAX))
        .map(|list| {
            let since = record.updated_at.max(list.filters_updated_at);
            let joined = state.lists.members.get(&(list.id, record.id)).copied().unwrap_or(Joined { first: since, last: since });
            json!({
                "listId": list.id.to_string(), "listVersion": list.version, "isPublicList": false,
                "firstAddedTimestamp": joined.first.to_iso(), "lastAddedTimestamp": joined.last.to_iso(),
            })
        })
        .collect()
}

fn record_memberships(segment: &str, id: &str, state: &State) -> Answer {
    let kind = kind_of(state, segment)?;
    let record = super::objects::find(state, kind, id, None, false)?.ok_or_else(super::objects::not_there)?;
    let found = memberships(state, kind, record);
    Ok(reply(200, json!({ "total": found.len(), "results": found })))
}

fn batch_memberships(request: &Request<'_>, state: &State) -> Answer {
    let given = request.json()?;
    let mut results = Vec::new();
    for input in inputs(&given, 1_000)? {
        let type_id = text(input, "objectTypeId")?.ok_or_else(|| bad_field("objectTypeId", "is required"))?;
        let kind = kind_of(state, type_id)?;
        let id = id_text(input.get("recordId")).ok_or_else(|| bad_field("recordId", "is required"))?;
        let found = super::objects::find(state, kind, &id, None, false)?.map(|record| memberships(state, kind, record));
        results.push(
            json!({ "objectTypeId": &*state.space(kind).type_id, "recordId": id, "recordListMemberships": found.unwrap_or_default() }),
        );
    }
    let now = request.now.to_iso();
    Ok(reply(200, json!({ "status": "COMPLETE", "results": results, "startedAt": now, "completedAt": now })))
}

/// Lists made here have one id, old and new.
fn mapping(request: &Request<'_>, state: &State) -> Answer {
    let id = request.query.get("legacyListId").ok_or_else(|| bad_parameter("legacyListId", "is required"))?;
    let list = find(state, id)?;
    Ok(reply(200, json!({ "legacyListId": id, "listId": list.id.to_string() })))
}

fn mappings(request: &Request<'_>, state: &State) -> Answer {
    let (found, missing): (Vec<String>, Vec<String>) = ids(request)?.into_iter().partition(|id| find(state, id).is_ok());
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
        return Err(ErrorBody::not_found(format!("List {id} has no scheduled conversion")));
    }
    Ok(reply(200, conversion_body(list)))
}

fn schedule(request: &Request<'_>, id: &str, tx: &mut Tx<'_>) -> Answer {
    let given = request.json()?;
    let list = find(tx.state, id)?.clone();
    if list.processing != Processing::Dynamic {
        return Err(ErrorBody::validation("Only a list that follows filters can be converted"));
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

/// Lists whose day has come take the members they have then.
fn convert_due(request: &Request<'_>, tx: &mut Tx<'_>) {
    let is_due = |list: &&List| {
        let date = list.conversion.as_ref().and_then(Value::as_object).and_then(conversion_date);
        list.processing == Processing::Dynamic && date.is_some_and(|date| date <= request.now)
    };
    let due: Vec<List> = tx.state.lists.lists.values().filter(is_due).cloned().collect();
    for list in due {
        for (record, joined) in joined(tx.state, &list) {
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

fn body(state: &State, list: &List, with_filters: bool) -> Value {
    let type_id = kind(state, list).map(|kind| state.space(kind).type_id.to_string()).unwrap_or_default();
    let mut body = json!({
        "listId": list.id.to_string(), "listVersion": list.version, "name": list.name, "objectTypeId": type_id,
        "processingStatus": "COMPLETE", "processingType": list.processing.as_str(), "size": joined(state, list).len(),
        "createdAt": list.created_at.to_iso(), "updatedAt": list.updated_at.to_iso(), "filtersUpdatedAt": list.filters_updated_at.to_iso(),
        "createdById": list.app_id.to_string(), "updatedById": list.app_id.to_string(),
    });
    if with_filters && let Some(filters) = &list.filters {
        body["filterBranch"] = filters.clone();
    }
    body
}
