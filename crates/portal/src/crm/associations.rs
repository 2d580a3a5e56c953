//! Associations: of one record, in batches, and the types they can have.
//!
//! v3 shows one entry for each type, v4 and the dated forms one for each record.

use http::Method;
use keyway_core::error_body::{ErrorBody, ErrorDetail};
use serde_json::{Map, Value, json};

use super::objects::live;
use super::render::type_name;
use super::write::{check_link, type_ids};
use super::{Answer, kind, no_content, reply, writable};
use crate::kind::Kind;
use crate::links::{self, End};
use crate::request::{Request, bad_field, id_text, inputs, text};
use crate::route::Version;
use crate::state::{State, Tx};

/// Inputs of a batch (hubspot facts, section 6).
const READ_MAX: usize = 1_000;
const WRITE_MAX: usize = 2_000;
/// Associations of a record on a page.
const PAGE_DEFAULT: usize = 500;

/// `…/objects/{type}/{id}/associations/…`
pub fn of_record(request: &Request<'_>, method: &Method, tail: &[&str], tx: &mut Tx<'_>) -> Option<Answer> {
    Some(match (method.as_str(), tail) {
        ("GET", [from, id, _, to]) => ends(from, id, to).and_then(|(from, to)| list(request, from, to, tx.state)),
        ("PUT", [from, id, _, "default", to, other]) => pair(from, id, to, other).and_then(|(from, to)| put_default(tx, from, to)),
        ("PUT", [from, id, _, to, other]) => pair(from, id, to, other).and_then(|(from, to)| put_labelled(request, tx, from, to)),
        ("PUT", [from, id, _, to, other, own]) => pair(from, id, to, other).and_then(|(from, to)| put_typed(tx, from, to, own)),
        ("DELETE", [from, id, _, to, other]) => pair(from, id, to, other).map(|(from, to)| {
            tx.unlink(from, to);
            no_content()
        }),
        ("DELETE", [from, id, _, to, other, own]) => pair(from, id, to, other).and_then(|(from, to)| {
            let own = links::find_type(from.0, to.0, own).ok_or_else(|| no_such_type(own, from.0, to.0))?;
            tx.unlink_type(from, to, own.id);
            Ok(no_content())
        }),
        _ => return None,
    })
}

/// `…/associations/{from}/{to}/…`
pub fn answer(request: &Request<'_>, method: &Method, tail: &[&str], tx: &mut Tx<'_>) -> Option<Answer> {
    let (from, to, rest) = match tail {
        [from, to, rest @ ..] => (from, to, rest),
        _ => return None,
    };
    let kinds = || Ok::<_, ErrorBody>((kind(from)?, kind(to)?));
    Some(match (method.as_str(), rest) {
        ("POST", ["batch", "read"]) => kinds().and_then(|(from, to)| batch_read(request, from, to, tx.state)),
        ("POST", ["batch", "create"]) => kinds().and_then(|(from, to)| batch_create(request, tx, from, to)),
        ("POST", ["batch", "associate", "default"]) => kinds().and_then(|(from, to)| batch_default(request, tx, from, to)),
        ("POST", ["batch", "archive"]) => kinds().and_then(|(from, to)| batch_archive(request, tx, from, to)),
        ("GET", ["labels"]) => {
            kinds().map(|(from, to)| reply(200, json!({ "results": links::types(from, to).iter().map(described).collect::<Vec<_>>() })))
        }
        ("GET", ["types"]) => kinds().map(|(from, to)| {
            let names: Vec<Value> =
                links::types(from, to).iter().map(|own| json!({ "id": own.id.to_string(), "name": own.name })).collect();
            reply(200, json!({ "results": names }))
        }),
        _ => return None,
    })
}

fn ends(from: &str, id: &str, to: &str) -> Result<(End, Kind), ErrorBody> {
    Ok(((kind(from)?, number(id)?), kind(to)?))
}

fn pair(from: &str, id: &str, to: &str, other: &str) -> Result<(End, End), ErrorBody> {
    Ok(((writable(from)?, number(id)?), (kind(to)?, number(other)?)))
}

fn number(id: &str) -> Result<u64, ErrorBody> {
    id.parse().map_err(|_| ErrorBody::validation(format!("{id} is not the id of a record")))
}

fn no_such_type(own: &str, from: Kind, to: Kind) -> ErrorBody {
    ErrorBody::validation(format!("{own} is not a type of an association from {} to {}", from.singular(), to.singular()))
}

fn described(own: &links::LinkType) -> Value {
    json!({ "category": "HUBSPOT_DEFINED", "typeId": own.id, "label": own.label })
}

fn descriptions(from: Kind, to: Kind, types: &[u32]) -> Vec<Value> {
    links::types(from, to).iter().filter(|own| types.contains(&own.id)).map(described).collect()
}

/// Entries of the associations of a record with one type, in the version's shape.
fn entries(version: Version, from: End, to: Kind, found: &[(u64, &[u32])]) -> Vec<Value> {
    if version == Version::V3 {
        let each = found.iter().flat_map(|(id, types)| types.iter().map(move |own| (id, own)));
        return each.map(|(id, own)| json!({ "id": id.to_string(), "type": type_name(from.0, to, *own) })).collect();
    }
    found.iter().map(|(id, types)| json!({ "toObjectId": id, "associationTypes": descriptions(from.0, to, types) })).collect()
}

fn list(request: &Request<'_>, from: End, to: Kind, state: &State) -> Answer {
    live(state, from)?;
    let limit = request.query.limit(PAGE_DEFAULT, PAGE_DEFAULT)?;
    let start = request.query.after()?;
    let mut rest = state.links.of(from, to).filter(|(id, _)| *id >= start);
    let page: Vec<_> = rest.by_ref().take(limit).collect();
    let mut body = json!({ "results": entries(request.version, from, to, &page) });
    if let Some((next, _)) = rest.next() {
        body["paging"] = json!({ "next": { "after": next.to_string(), "link": request.query.link(request.path, next) } });
    }
    Ok(reply(200, body))
}

/// An association has two ends; with one, each direction would overwrite the other.
fn two_ends(from: End, to: End) -> Result<(), ErrorBody> {
    if from == to {
        Err(ErrorBody::validation(format!("{} {} can't be associated with itself", from.0.singular(), from.1)))
    } else {
        Ok(())
    }
}

fn put_default(tx: &mut Tx<'_>, from: End, to: End) -> Answer {
    two_ends(from, to)?;
    live(tx.state, from)?;
    live(tx.state, to)?;
    let types = [links::types(from.0, to.0)[0].id];
    tx.link(from, to, &kept(tx.state, from, to, &types));
    Ok(reply(200, json!({ "status": "COMPLETE", "results": [default_result(from, to), default_result(to, from)] })))
}

/// What was there stays: the plain association adds to labels and does not replace them.
fn kept(state: &State, from: End, to: End, types: &[u32]) -> Vec<u32> {
    let mut all = state.links.between(from, to).to_vec();
    all.extend(types.iter().filter(|own| !state.links.between(from, to).contains(own)));
    all
}

fn default_result(from: End, to: End) -> Value {
    json!({
        "from": { "id": from.1.to_string() }, "to": { "id": to.1.to_string() },
        "associationSpec": { "associationCategory": "HUBSPOT_DEFINED", "associationTypeId": links::types(from.0, to.0)[0].id },
    })
}

/// Sets the labels of an association: those that were there and are not named go.
fn put_labelled(request: &Request<'_>, tx: &mut Tx<'_>, from: End, to: End) -> Answer {
    let body: Value = serde_json::from_slice(request.body)
        .map_err(|_| ErrorBody::validation("Invalid input JSON: a list of association types is expected"))?;
    let types = type_ids(Some(&body))?;
    two_ends(from, to)?;
    live(tx.state, from)?;
    check_link(tx.state, from.0, to, &types)?;
    tx.link(from, to, &types);
    Ok(reply(201, labels_between(from, to, &types)))
}

fn labels_between(from: End, to: End, types: &[u32]) -> Value {
    let labels: Vec<&str> = links::types(from.0, to.0).iter().filter(|own| types.contains(&own.id)).filter_map(|own| own.label).collect();
    json!({
        "fromObjectTypeId": from.0.type_id(), "fromObjectId": from.1, "toObjectTypeId": to.0.type_id(), "toObjectId": to.1, "labels": labels,
    })
}

/// The v3 form, whose path names the type; the answer is the record.
fn put_typed(tx: &mut Tx<'_>, from: End, to: End, own: &str) -> Answer {
    let own = links::find_type(from.0, to.0, own).ok_or_else(|| no_such_type(own, from.0, to.0))?.id;
    two_ends(from, to)?;
    live(tx.state, from)?;
    live(tx.state, to)?;
    let types = kept(tx.state, from, to, &[own]);
    tx.link(from, to, &types);
    let view = super::render::View::of(from.0, &[], &[], vec![to.0]);
    let mut body = Vec::new();
    super::render::record(&mut body, tx.state, from.0, live(tx.state, from)?, &view);
    Ok(crate::Reply { status: 200, body: body.into() })
}

fn input_id(input: &Map<String, Value>, field: &str) -> Result<u64, ErrorBody> {
    let id = input.get(field).and_then(|end| id_text(end.get("id").or(Some(end)))).and_then(|id| id.parse().ok());
    id.ok_or_else(|| bad_field(field, "must hold the id of a record"))
}

fn batch_read(request: &Request<'_>, from: Kind, to: Kind, state: &State) -> Answer {
    let body = request.json()?;
    let (mut results, mut missing) = (Vec::new(), Vec::new());
    for input in inputs(&body, READ_MAX)? {
        let id =
            id_text(input.get("id")).and_then(|id| id.parse::<u64>().ok()).ok_or_else(|| bad_field("id", "must be the id of a record"))?;
        let found: Vec<_> = state.links.of((from, id), to).collect();
        if found.is_empty() {
            missing.push(id.to_string());
        } else {
            results.push(json!({ "from": { "id": id.to_string() }, "to": entries(request.version, (from, id), to, &found) }));
        }
    }
    let now = request.now.to_iso();
    let mut answer = json!({ "status": "COMPLETE", "results": results, "startedAt": now, "completedAt": now });
    if missing.is_empty() {
        return Ok(reply(200, answer));
    }
    let detail = ErrorDetail::new(format!("No {} is associated with some of the records", to.singular())).context("fromObjectId", missing);
    answer["numErrors"] = json!(1);
    answer["errors"] = json!([{
        "status": "error", "category": "OBJECT_NOT_FOUND", "subCategory": "crm.associations.NO_ASSOCIATIONS_FOUND",
        "message": detail.message, "context": detail.context,
    }]);
    Ok(reply(207, answer))
}

/// v4 names ids in `types`, v3 a name or id in `type`.
fn input_types(version: Version, input: &Map<String, Value>, from: Kind, to: Kind) -> Result<Vec<u32>, ErrorBody> {
    if version != Version::V3 {
        return type_ids(input.get("types"));
    }
    let own = text(input, "type")?.ok_or_else(|| bad_field("type", "is required"))?;
    Ok(vec![links::find_type(from, to, own).ok_or_else(|| no_such_type(own, from, to))?.id])
}

fn batch_create(request: &Request<'_>, tx: &mut Tx<'_>, from: Kind, to: Kind) -> Answer {
    let body = request.json()?;
    let mut wanted = Vec::new();
    for input in inputs(&body, WRITE_MAX)? {
        let ends = ((from, input_id(input, "from")?), (to, input_id(input, "to")?));
        let types = input_types(request.version, input, from, to)?;
        two_ends(ends.0, ends.1)?;
        live(tx.state, ends.0)?;
        check_link(tx.state, from, ends.1, &types)?;
        wanted.push((ends.0, ends.1, types));
    }
    let mut results = Vec::new();
    for (from, to, types) in wanted {
        results.push(match request.version {
            Version::V3 => {
                json!({ "from": { "id": from.1.to_string() }, "to": { "id": to.1.to_string() }, "type": type_name(from.0, to.0, types[0]) })
            }
            _ => labels_between(from, to, &types),
        });
        let all = kept(tx.state, from, to, &types);
        tx.link(from, to, &all);
    }
    let now = request.now.to_iso();
    Ok(reply(201, json!({ "status": "COMPLETE", "results": results, "startedAt": now, "completedAt": now })))
}

fn batch_default(request: &Request<'_>, tx: &mut Tx<'_>, from: Kind, to: Kind) -> Answer {
    let body = request.json()?;
    let mut wanted = Vec::new();
    for input in inputs(&body, WRITE_MAX)? {
        let ends = ((from, input_id(input, "from")?), (to, input_id(input, "to")?));
        two_ends(ends.0, ends.1)?;
        live(tx.state, ends.0)?;
        live(tx.state, ends.1)?;
        wanted.push(ends);
    }
    let mut results = Vec::new();
    for (from, to) in wanted {
        let all = kept(tx.state, from, to, &[links::types(from.0, to.0)[0].id]);
        tx.link(from, to, &all);
        results.extend([default_result(from, to), default_result(to, from)]);
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
    for (from, to) in pairs {
        tx.unlink(from, to);
    }
    Ok(no_content())
}
