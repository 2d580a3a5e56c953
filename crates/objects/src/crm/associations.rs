//! Associations of one record or in batches, and their types.
//!
//! v3 shows one entry for each type, v4 and the dated forms one for each record.

use http::Method;
use keyway_core::error_body::ErrorBody;
use serde_json::{Map, Value, json};

use super::objects::{UNLINK_STEPS, live};
use super::render::{ENTRY_STEPS, type_name};
use super::write::{charge_link, check_link, ends_there, no_such_type, type_ids};
use super::{Answer, association_labels, kind, no_content, reply, writable};
use crate::invalid;
use crate::kind::Kind;
use crate::links::{End, LinkType};
use crate::request::{Request, bad_field, id_text, inputs, missing_field, text};
use crate::route::Version;
use crate::state::State;
use crate::tx::Tx;
use crate::work::UNBOUNDED;

/// Inputs of a batch (hubspot facts, section 6).
const READ_MAX: usize = 1_000;
const WRITE_MAX: usize = 2_000;
/// Steps of writing one association of a batch.
const LISTED_STEPS: u64 = 20;
/// Associations of a record on a page.
const PAGE_DEFAULT: usize = 500;

/// `…/objects/{type}/{id}/associations/…`, calls that change nothing.
pub(crate) fn of_record_read(request: &Request<'_>, tail: &[&str], state: &State) -> Option<Answer> {
    let [from, id, _, to] = tail else { return None };
    Some(ends(state, from, id, to).and_then(|(from, to)| list(request, from, to, state)))
}

/// `…/objects/{type}/{id}/associations/…`
pub(crate) fn of_record(request: &Request<'_>, method: &Method, tail: &[&str], tx: &mut Tx<'_>) -> Option<Answer> {
    Some(match (method.as_str(), tail) {
        ("PUT", [from, id, _, "default", to, other]) => {
            pair(tx.state, from, id, to, other).and_then(|(from, to)| put_default(request, tx, from, to))
        }
        ("PUT", [from, id, _, to, other]) => pair(tx.state, from, id, to, other).and_then(|(from, to)| put_labelled(request, tx, from, to)),
        ("PUT", [from, id, _, to, other, own]) => pair(tx.state, from, id, to, other).and_then(|(from, to)| put_typed(tx, from, to, own)),
        ("DELETE", [from, id, _, to, other]) => pair(tx.state, from, id, to, other).map(|(from, to)| {
            tx.unlink(from, to);
            no_content()
        }),
        ("DELETE", [from, id, _, to, other, own]) => pair(tx.state, from, id, to, other).and_then(|(from, to)| {
            let own = find_type(tx.state, own, from.0, to.0)?;
            tx.unlink_type(from, to, own);
            Ok(no_content())
        }),
        _ => return None,
    })
}

/// Calls that change nothing, of those that may be about many associations.
pub(crate) fn read(request: &Request<'_>, method: &Method, tail: &[&str], state: &State) -> Option<Answer> {
    let (&Method::POST, [from, to, "batch", "read"]) = (method, tail) else { return None };
    let kinds = kind(state, from).and_then(|from| Ok((from, kind(state, to)?)));
    Some(kinds.and_then(|(from, to)| batch_read(request, from, to, state)))
}

/// `…/associations/{from}/{to}/…`
pub(crate) fn answer(request: &Request<'_>, method: &Method, tail: &[&str], tx: &mut Tx<'_>) -> Option<Answer> {
    let (from, to, rest) = match tail {
        [from, to, rest @ ..] => (from, to, rest),
        _ => return None,
    };
    if let Some(answer) = association_labels::answer(request, method, tail, tx).or_else(|| read(request, method, tail, tx.state)) {
        return Some(answer);
    }
    let kinds = kind(tx.state, from).and_then(|from| Ok((from, kind(tx.state, to)?)));
    Some(match (method.as_str(), rest) {
        ("POST", ["batch", "create"]) => kinds.and_then(|(from, to)| batch_create(request, tx, from, to)),
        ("POST", ["batch", "associate", "default"]) => kinds.and_then(|(from, to)| batch_default(request, tx, from, to)),
        ("POST", ["batch", "archive"]) => kinds.and_then(|(from, to)| batch_archive(request, tx, from, to)),
        ("POST", ["batch", "labels", "archive"]) => kinds.and_then(|(from, to)| batch_archive_labels(request, tx, from, to)),
        ("GET", ["types"]) => kinds.map(|(from, to)| {
            let types = tx.state.link_types.of(from, to);
            let names: Vec<Value> = types.iter().map(|own| json!({ "id": own.id.to_string(), "name": own.name })).collect();
            reply(200, json!({ "results": names }))
        }),
        _ => return None,
    })
}

fn ends(state: &State, from: &str, id: &str, to: &str) -> Result<(End, Kind), ErrorBody> {
    Ok(((kind(state, from)?, number(id)?), kind(state, to)?))
}

fn pair(state: &State, from: &str, id: &str, to: &str, other: &str) -> Result<(End, End), ErrorBody> {
    Ok(((writable(state, from)?, number(id)?), (kind(state, to)?, number(other)?)))
}

fn number(id: &str) -> Result<u64, ErrorBody> {
    id.parse().map_err(|_| invalid::association_id_invalid(id))
}

fn find_type(state: &State, own: &str, from: Kind, to: Kind) -> Result<u32, ErrorBody> {
    let found = state.link_types.find(from, to, own).map(|own| own.id);
    found.ok_or_else(|| no_such_type(state, own, from, to))
}

pub(crate) fn described(own: &LinkType) -> Value {
    json!({ "category": own.category.as_str(), "typeId": own.id, "label": own.label })
}

fn descriptions(state: &State, from: Kind, to: Kind, types: &[u32]) -> Vec<Value> {
    state.link_types.of(from, to).iter().filter(|own| types.contains(&own.id)).map(described).collect()
}

/// Ids are numbers in v4 and text from the first dated form that is published with text on.
fn id_value(version: Version, id: u64) -> Value {
    if version == Version::Dated { id.to_string().into() } else { id.into() }
}

/// Entries of the associations of a record with one type, in the version's shape.
fn entries(version: Version, state: &State, from: End, to: Kind, found: &[(u64, &[u32])]) -> Vec<Value> {
    if version == Version::V3 {
        let each = found.iter().flat_map(|(id, types)| types.iter().map(move |own| (id, own)));
        return each.map(|(id, own)| json!({ "id": id.to_string(), "type": type_name(state, from.0, to, *own) })).collect();
    }
    let one = |id, types| json!({ "toObjectId": id_value(version, id), "associationTypes": descriptions(state, from.0, to, types) });
    found.iter().map(|(id, types)| one(*id, types)).collect()
}

fn list(request: &Request<'_>, from: End, to: Kind, state: &State) -> Answer {
    live(state, from)?;
    let limit = request.query.limit(PAGE_DEFAULT, PAGE_DEFAULT)?;
    let start = request.query.after()?;
    let mut rest = state.links.from(from, to, start);
    let page: Vec<_> = rest.by_ref().take(limit).collect();
    request.work.each(page.len(), LISTED_STEPS)?;
    let mut body = json!({ "results": entries(request.version, state, from, to, &page) });
    if let Some((next, _)) = rest.next() {
        body["paging"] = json!({ "next": { "after": next.to_string(), "link": request.query.link(request.base, request.path, next) } });
    }
    Ok(reply(200, body))
}

/// An association has two ends; with one, each direction would overwrite the other.
fn two_ends(state: &State, from: End, to: End) -> Result<(), ErrorBody> {
    if from == to { Err(invalid::association_with_itself(state.singular(from.0), from.1)) } else { Ok(()) }
}

fn put_default(request: &Request<'_>, tx: &mut Tx<'_>, from: End, to: End) -> Answer {
    two_ends(tx.state, from, to)?;
    ends_there(tx.state, &[from, to])?;
    let types = kept(tx.state, from, to, &[tx.state.link_types.plain(from.0, to.0)]);
    charge_link(tx.work, tx.state, from, to, &types)?;
    within_limits(tx.state, from, to, &types)?;
    tx.link(from, to, &types);
    let now = request.now.to_iso();
    let results = [default_result(tx.state, from, to), default_result(tx.state, to, from)];
    Ok(reply(200, json!({ "status": "COMPLETE", "results": results, "startedAt": now, "completedAt": now })))
}

/// Existing types remain: the plain association adds to labels and does not replace them.
fn kept(state: &State, from: End, to: End, types: &[u32]) -> Vec<u32> {
    let mut all = state.links.between(from, to).to_vec();
    all.extend(types.iter().filter(|own| !state.links.between(from, to).contains(own)));
    all
}

fn default_result(state: &State, from: End, to: End) -> Value {
    json!({
        "from": { "id": from.1.to_string() }, "to": { "id": to.1.to_string() },
        "associationSpec": { "associationCategory": "HUBSPOT_DEFINED", "associationTypeId": state.link_types.plain(from.0, to.0) },
    })
}

/// Sets the labels of an association: those that were there and are not named go.
fn put_labelled(request: &Request<'_>, tx: &mut Tx<'_>, from: End, to: End) -> Answer {
    let body: Option<Value> = serde_json::from_slice(request.body).ok();
    let body = body.filter(Value::is_array).ok_or_else(invalid::association_types_invalid)?;
    let types = type_ids(Some(&body))?;
    two_ends(tx.state, from, to)?;
    ends_there(tx.state, &[from])?;
    check_link(tx.state, from, to, &types)?;
    charge_link(tx.work, tx.state, from, to, &types)?;
    within_limits(tx.state, from, to, &types)?;
    tx.link(from, to, &types);
    Ok(reply(201, labels_between(request.version, tx.state, from, to, &types)))
}

fn labels_between(version: Version, state: &State, from: End, to: End, types: &[u32]) -> Value {
    let all = state.link_types.of(from.0, to.0);
    let labels: Vec<&str> = all.iter().filter(|own| types.contains(&own.id)).filter_map(|own| own.label.as_deref()).collect();
    let (from_type, to_type) = (&*state.space(from.0).type_id, &*state.space(to.0).type_id);
    json!({
        "fromObjectTypeId": from_type, "fromObjectId": id_value(version, from.1),
        "toObjectTypeId": to_type, "toObjectId": id_value(version, to.1), "labels": labels,
    })
}

/// Checks the account's own limits: the largest number of associations of one type that a record may have.
///
/// # Errors
/// One of the two records has that many already.
pub fn within_limits(state: &State, from: End, to: End, types: &[u32]) -> Result<(), ErrorBody> {
    for (from, to, types) in
        [(from, to, types.to_vec()), (to, from, types.iter().map(|id| state.link_types.inverse(from.0, to.0, *id)).collect())]
    {
        for id in types {
            let Some(limit) = state.link_types.limits.get(&(from.0, to.0, id)) else { continue };
            let others = state.links.of(from, to.0).filter(|(other, types)| *other != to.1 && types.contains(&id)).count();
            if others >= *limit as usize {
                return Err(invalid::association_limit(state.singular(from.0), from.1, limit, id));
            }
        }
    }
    Ok(())
}

/// The v3 form, whose path names the type; the answer is the record.
fn put_typed(tx: &mut Tx<'_>, from: End, to: End, own: &str) -> Answer {
    let own = find_type(tx.state, own, from.0, to.0)?;
    two_ends(tx.state, from, to)?;
    ends_there(tx.state, &[from, to])?;
    let types = kept(tx.state, from, to, &[own]);
    charge_link(tx.work, tx.state, from, to, &types)?;
    // The answer shows the others, too.
    tx.work.each(tx.state.links.of(from, to.0).count(), ENTRY_STEPS)?;
    within_limits(tx.state, from, to, &types)?;
    tx.link(from, to, &types);
    let view = super::render::View::of(tx.state.schema(from.0), &[], &[], vec![to.0]);
    let mut body = Vec::new();
    super::render::record(&mut body, tx.state, from.0, live(tx.state, from)?, &view, &UNBOUNDED)?;
    Ok(crate::call::Reply { status: 200, body: body.into() })
}

fn input_id(input: &Map<String, Value>, field: &str) -> Result<u64, ErrorBody> {
    let id = input.get(field).and_then(|end| id_text(end.get("id").or(Some(end)))).and_then(|id| id.parse().ok());
    id.ok_or_else(|| bad_field(field, "must hold the id of a record"))
}

/// Associations of one record in a batch: what `inputs[].after` of HubSpot's reference is for. That v3 has a
/// hundred is what clients saw (HubSpot/hubspot-api-python#135); of the others the page of a record is taken.
const fn batch_page(version: Version) -> usize {
    match version {
        Version::V3 => super::render::ASSOCIATIONS_MAX,
        _ => PAGE_DEFAULT,
    }
}

fn batch_read(request: &Request<'_>, from: Kind, to: Kind, state: &State) -> Answer {
    let body = request.json()?;
    // Written as it goes: as values, the associations of a thousand records would take many times the room.
    let (mut answer, mut missing) = (b"{\"status\":\"COMPLETE\",\"results\":[".to_vec(), Vec::new());
    let start = answer.len();
    for input in inputs(&body, READ_MAX)? {
        let id =
            id_text(input.get("id")).and_then(|id| id.parse::<u64>().ok()).ok_or_else(|| bad_field("id", "must be the id of a record"))?;
        let first = match text(input, "after")? {
            Some(after) => after.parse().map_err(|_| bad_field("after", "must be what a page before it ended with"))?,
            None => 0,
        };
        let mut rest = state.links.from((from, id), to, first);
        let found: Vec<_> = rest.by_ref().take(batch_page(request.version)).collect();
        request.work.each(1 + found.len(), LISTED_STEPS)?;
        if found.is_empty() {
            missing.push(id);
            continue;
        }
        if answer.len() > start {
            answer.push(b',');
        }
        let entries = entries(request.version, state, (from, id), to, &found);
        let mut result = json!({ "from": { "id": id.to_string() }, "to": entries });
        if let Some((next, _)) = rest.next() {
            result["paging"] = json!({ "next": { "after": next.to_string() } });
        }
        let result = result.to_string();
        request.work.answer(answer.len(), result.len())?;
        answer.extend_from_slice(result.as_bytes());
    }
    let now = request.now.to_iso();
    answer.extend_from_slice(format!("],\"startedAt\":\"{now}\",\"completedAt\":\"{now}\"").as_bytes());
    let status = if missing.is_empty() { 200 } else { 207 };
    if status == 207 {
        let (from, to) = (state.singular(from).to_owned(), state.singular(to).to_owned());
        let error = |id: &u64| {
            let error = invalid::associations_none(&to, &from, id, vec![id.to_string()], vec![from.clone()], vec![to.clone()]);
            super::batch::listed(&error)
        };
        let errors: Vec<Value> = missing.iter().map(error).collect();
        answer.extend_from_slice(format!(",\"numErrors\":{},\"errors\":{}", errors.len(), json!(errors)).as_bytes());
    }
    answer.push(b'}');
    Ok(crate::call::Reply { status, body: answer.into() })
}

/// v4 names ids in `types`, v3 a name or id in `type`.
fn input_types(state: &State, version: Version, input: &Map<String, Value>, from: Kind, to: Kind) -> Result<Vec<u32>, ErrorBody> {
    if version != Version::V3 {
        return type_ids(input.get("types"));
    }
    let own = text(input, "type")?.ok_or_else(|| missing_field("type"))?;
    Ok(vec![find_type(state, own, from, to)?])
}

fn batch_create(request: &Request<'_>, tx: &mut Tx<'_>, from: Kind, to: Kind) -> Answer {
    let body = request.json()?;
    let mut wanted = Vec::new();
    for input in inputs(&body, WRITE_MAX)? {
        let ends = ((from, input_id(input, "from")?), (to, input_id(input, "to")?));
        let types = input_types(tx.state, request.version, input, from, to)?;
        if types.is_empty() {
            return Err(bad_field("types", "must not be empty"));
        }
        check_one(tx, ends.0, ends.1, &types, wanted.len())?;
        wanted.push((ends.0, ends.1, types));
    }
    let mut results = Vec::new();
    for (from, to, types) in wanted {
        results.push(match request.version {
            Version::V3 => {
                json!({ "from": { "id": from.1.to_string() }, "to": { "id": to.1.to_string() }, "type": type_name(tx.state, from.0, to.0, types[0]) })
            }
            _ => labels_between(request.version, tx.state, from, to, &types),
        });
        let all = kept(tx.state, from, to, &types);
        tx.link(from, to, &all);
    }
    let now = request.now.to_iso();
    Ok(reply(201, json!({ "status": "COMPLETE", "results": results, "startedAt": now, "completedAt": now })))
}

/// Whether an association of a batch can be made; `before` are those before it, which are looked through too.
fn check_one(tx: &Tx<'_>, from: End, to: End, types: &[u32], before: usize) -> Result<(), ErrorBody> {
    two_ends(tx.state, from, to)?;
    ends_there(tx.state, &[from])?;
    check_link(tx.state, from, to, types)?;
    charge_link(tx.work, tx.state, from, to, types)?;
    tx.work.each(before, 2)?;
    within_limits(tx.state, from, to, types)
}

/// Associates records of any types, all pairs or none. Types that a pair has already stay.
///
/// # Errors
/// A record is not there, or a type is not one of its pair.
pub fn connect(tx: &mut Tx<'_>, pairs: &[(End, End, u32)]) -> Result<(), ErrorBody> {
    for (at, (from, to, own)) in pairs.iter().enumerate() {
        check_one(tx, *from, *to, &[*own], at)?;
    }
    for (from, to, own) in pairs {
        let all = kept(tx.state, *from, *to, &[*own]);
        tx.link(*from, *to, &all);
    }
    Ok(())
}

fn batch_default(request: &Request<'_>, tx: &mut Tx<'_>, from: Kind, to: Kind) -> Answer {
    let body = request.json()?;
    let mut wanted = Vec::new();
    for input in inputs(&body, WRITE_MAX)? {
        let ends = ((from, input_id(input, "from")?), (to, input_id(input, "to")?));
        two_ends(tx.state, ends.0, ends.1)?;
        ends_there(tx.state, &[ends.0, ends.1])?;
        tx.work.charge(UNLINK_STEPS)?;
        wanted.push(ends);
    }
    let mut results = Vec::new();
    for (from, to) in wanted {
        let all = kept(tx.state, from, to, &[tx.state.link_types.plain(from.0, to.0)]);
        tx.link(from, to, &all);
        results.extend([default_result(tx.state, from, to), default_result(tx.state, to, from)]);
    }
    let now = request.now.to_iso();
    Ok(reply(200, json!({ "status": "COMPLETE", "results": results, "startedAt": now, "completedAt": now })))
}

/// v4 takes several `to` for a `from`, v3 one.
fn batch_archive(request: &Request<'_>, tx: &mut Tx<'_>, from: Kind, to: Kind) -> Answer {
    let body = request.json()?;
    let mut pairs = Vec::new();
    for input in inputs(&body, WRITE_MAX)? {
        let start = (from, input_id(input, "from")?);
        match input.get("to") {
            Some(Value::Array(several)) => {
                for one in several {
                    let id = id_text(one.get("id"))
                        .and_then(|id| id.parse().ok())
                        .ok_or_else(|| bad_field("to", "must hold the ids of records"))?;
                    pairs.push((start, (to, id)));
                }
            }
            _ => pairs.push((start, (to, input_id(input, "to")?))),
        }
    }
    tx.work.each(pairs.len(), UNLINK_STEPS)?;
    for (from, to) in pairs {
        tx.unlink(from, to);
    }
    Ok(no_content())
}

/// Takes labels from associations; the associations stay.
fn batch_archive_labels(request: &Request<'_>, tx: &mut Tx<'_>, from: Kind, to: Kind) -> Answer {
    let body = request.json()?;
    let mut wanted = Vec::new();
    for input in inputs(&body, WRITE_MAX)? {
        let ends = ((from, input_id(input, "from")?), (to, input_id(input, "to")?));
        let types = input_types(tx.state, Version::V4, input, from, to)?;
        if let Some(unknown) = types.iter().find(|id| tx.state.link_types.get(from, to, **id).is_none()) {
            find_type(tx.state, &unknown.to_string(), from, to)?;
        }
        for _ in &types {
            charge_link(tx.work, tx.state, ends.0, ends.1, &[])?;
        }
        wanted.push((ends, types));
    }
    let plain = tx.state.link_types.plain(from, to);
    for ((from, to), types) in wanted {
        for id in types.into_iter().filter(|id| *id != plain) {
            tx.unlink_type(from, to, id);
        }
    }
    Ok(no_content())
}
