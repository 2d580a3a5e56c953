//! Members of lists: read, add, remove; and the lists of a record.

use keyway_core::error_body::ErrorBody;
use serde_json::{Value, json};

use super::list_members::Members;
use super::lists::{LIST_STEPS, MEMBER_STEPS, edited, find, find_with_members, kind, no_list};
use super::{Answer, kind as kind_of, no_content, reply};
use crate::call::Reply;
use crate::invalid;
use crate::kind::Kind;
use crate::lists::{Joined, Processing};
use crate::record::Record;
use crate::request::{Request, bad_field, bad_parameter, id_text, inputs, missing_field, text};
use crate::state::State;
use crate::tx::Tx;
use crate::work::{Exceeded, UNBOUNDED};

/// Members on a page, ids in one call.
const PAGE_DEFAULT: usize = 100;
const PAGE_MAX: usize = 250;
const IDS_MAX: usize = 100_000;

/// Pages go by record id, or by the time of joining.
pub fn members(request: &Request<'_>, id: &str, state: &State, by_time: bool) -> Answer {
    let list = find_with_members(request, state, id)?;
    let limit = request.query.limit(PAGE_DEFAULT, PAGE_MAX)?;
    let mut all = Members::new(state, request.work).of(list)?;
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
pub fn ids(request: &Request<'_>) -> Result<Vec<String>, ErrorBody> {
    let given: Value = serde_json::from_slice(request.body).map_err(|_| bad_field("body", "must be a list of record ids"))?;
    id_list(&given, "body")
}

fn id_list(given: &Value, field: &str) -> Result<Vec<String>, ErrorBody> {
    let list = given.as_array().filter(|list| list.len() <= IDS_MAX).ok_or_else(|| bad_field(field, "must be a list of record ids"))?;
    list.iter().map(|id| id_text(Some(id)).ok_or_else(|| bad_field(field, "must be a list of record ids"))).collect()
}

fn fillable(request: &Request<'_>, state: &State, id: &str) -> Result<(u64, Kind), ErrorBody> {
    let list = find_with_members(request, state, id)?;
    if list.processing == Processing::Dynamic {
        return Err(invalid::list_not_fillable());
    }
    Ok((list.id, kind(state, list).ok_or_else(|| no_list(id))?))
}

pub fn change_members(request: &Request<'_>, id: &str, add: &[String], remove: &[String], tx: &mut Tx<'_>) -> Answer {
    let (list, kind) = fillable(request, tx.state, id)?;
    tx.work.each(add.len() + remove.len(), MEMBER_STEPS)?;
    // Counted again once it is changed.
    tx.work.each(tx.state.lists.members(list).count(), 1)?;
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
    counted(request, tx, list);
    Ok(reply(200, json!({ "recordsIdsAdded": added, "recordIdsRemoved": removed, "recordIdsMissing": missing })))
}

pub fn add_and_remove(request: &Request<'_>, id: &str, tx: &mut Tx<'_>) -> Answer {
    let given = request.json()?;
    let list = |field: &str| given.get(field).map_or(Ok(Vec::new()), |list| id_list(list, field));
    change_members(request, id, &list("recordIdsToAdd")?, &list("recordIdsToRemove")?, tx)
}

pub fn add_from(request: &Request<'_>, id: &str, source: &str, tx: &mut Tx<'_>) -> Answer {
    let (list, kind) = fillable(request, tx.state, id)?;
    let source = find(tx.state, source)?;
    if source.kind != kind.to_string() {
        return Err(invalid::lists_of_two_types());
    }
    let records: Vec<u64> = Members::new(tx.state, tx.work).of(source)?.into_iter().map(|(record, _)| record).collect();
    tx.work.each(records.len(), MEMBER_STEPS)?;
    tx.work.each(tx.state.lists.members(list).count(), 1)?;
    for record in records {
        if !tx.state.lists.members.contains_key(&(list, record)) {
            tx.put_member(list, record, Joined { first: request.now, last: request.now });
        }
    }
    counted(request, tx, list);
    Ok(no_content())
}

pub fn clear(request: &Request<'_>, id: &str, tx: &mut Tx<'_>) -> Answer {
    let (list, _) = fillable(request, tx.state, id)?;
    let records: Vec<u64> = tx.state.lists.members(list).map(|(record, _)| record).collect();
    tx.work.each(records.len(), MEMBER_STEPS)?;
    for record in records {
        tx.remove_member(list, record);
    }
    edited(request, tx, list, 0);
    Ok(no_content())
}

/// Notes an edit of a list that callers fill, with the size it has now.
fn counted(request: &Request<'_>, tx: &mut Tx<'_>, id: u64) {
    let size = tx.state.lists.lists.get(&id).map_or(Ok(0), |list| Members::new(tx.state, &UNBOUNDED).size(list));
    edited(request, tx, id, size.unwrap_or(0));
}

fn memberships(request: &Request<'_>, state: &State, members: &Members<'_>, of: Kind, record: &Record) -> Result<Vec<Value>, Exceeded> {
    let (key, mut found) = (of.to_string(), Vec::new());
    members.next_record();
    for list in state.lists.lists.values().filter(|list| list.deleted_at.is_none() && list.kind == key) {
        if !members.has(list, of, record)? {
            continue;
        }
        request.work.charge(LIST_STEPS)?;
        let since = record.updated_at.max(list.filters_updated_at);
        let joined = state.lists.members.get(&(list.id, record.id)).copied().unwrap_or(Joined { first: since, last: since });
        found.push(json!({
            "listId": list.id.to_string(), "listVersion": list.version, "isPublicList": false,
            "firstAddedTimestamp": joined.first.to_iso(), "lastAddedTimestamp": joined.last.to_iso(),
        }));
    }
    Ok(found)
}

pub fn record_memberships(request: &Request<'_>, segment: &str, id: &str, state: &State) -> Answer {
    let kind = kind_of(state, segment)?;
    let record = super::objects::find(state, kind, id, None, false)?.ok_or_else(|| super::objects::not_there(id))?;
    let found = memberships(request, state, &Members::new(state, request.work), kind, record)?;
    Ok(reply(200, json!({ "total": found.len(), "results": found })))
}

pub fn batch_memberships(request: &Request<'_>, state: &State) -> Answer {
    let given = request.json()?;
    let (members, mut results, mut bytes) = (Members::new(state, request.work), Vec::new(), 0);
    for input in inputs(&given, 1_000)? {
        let type_id = text(input, "objectTypeId")?.ok_or_else(|| missing_field("objectTypeId"))?;
        let kind = kind_of(state, type_id)?;
        let id = id_text(input.get("recordId")).ok_or_else(|| missing_field("recordId"))?;
        let found = match super::objects::find(state, kind, &id, None, false)? {
            Some(record) => memberships(request, state, &members, kind, record)?,
            None => Vec::new(),
        };
        let type_id = &*state.space(kind).type_id;
        let result = json!({ "objectTypeId": type_id, "recordId": id, "recordListMemberships": found }).to_string();
        request.work.answer(bytes, result.len())?;
        bytes += result.len();
        results.push(result);
    }
    let (results, now) = (results.join(","), request.now.to_iso());
    let body = format!("{{\"status\":\"COMPLETE\",\"results\":[{results}],\"startedAt\":\"{now}\",\"completedAt\":\"{now}\"}}");
    Ok(Reply { status: 200, body: body.into() })
}
