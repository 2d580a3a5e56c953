//! The types of associations: labels that an account defines, and limits on the number of a record's
//! associations of one type.

use http::Method;
use keyway_core::error_body::ErrorBody;
use serde_json::{Map, Value, json};

use super::associations::described;
use super::write::no_such_type;
use super::{Answer, kind, no_content, reply};
use crate::invalid;
use crate::kind::Kind;
use crate::links::{Category, LinkType, OWN_TYPE_ID_BASE};
use crate::request::{Request, bad_field, inputs, missing_field, text};
use crate::state::State;
use crate::tx::Tx;

/// Labels that an account makes for a pair of types.
const LABELS_MAX: usize = 50;
/// Configurations in a batch.
const BATCH_MAX: usize = 100;
/// Longest label, in characters.
const LABEL_CHARS_MAX: usize = 200;

/// Nothing where the path is about associations themselves.
pub fn answer(request: &Request<'_>, method: &Method, tail: &[&str], tx: &mut Tx<'_>) -> Option<Answer> {
    Some(match (method.as_str(), tail) {
        ("GET", ["definitions", "configurations", "all"]) => Ok(reply(200, json!({ "results": configurations(tx.state, None) }))),
        ("GET", ["definitions", "configurations", from, to]) => {
            pair(tx.state, from, to).map(|pair| reply(200, json!({ "results": configurations(tx.state, Some(pair)) })))
        }
        ("POST", ["definitions", "configurations", from, to, "batch", action]) => {
            let pair = pair(tx.state, from, to);
            match *action {
                "create" | "update" => pair.and_then(|(from, to)| configure(request, tx, from, to, *action == "create")),
                "purge" => pair.and_then(|(from, to)| purge(request, tx, from, to)),
                _ => return None,
            }
        }
        ("POST", ["usage", "high-usage-report", user]) => high_usage(request, user, tx.state),
        ("GET", [from, to, "labels"]) => pair(tx.state, from, to).map(|(from, to)| {
            let labels: Vec<Value> = tx.state.link_types.of(from, to).iter().map(described).collect();
            reply(200, json!({ "results": labels }))
        }),
        ("POST", [from, to, "labels"]) => pair(tx.state, from, to).and_then(|(from, to)| create(request, tx, from, to)),
        ("PUT", [from, to, "labels"]) => pair(tx.state, from, to).and_then(|(from, to)| update(request, tx, from, to)),
        ("DELETE", [from, to, "labels", id]) => pair(tx.state, from, to).and_then(|(from, to)| delete(tx, from, to, id)),
        _ => return None,
    })
}

fn pair(state: &State, from: &str, to: &str) -> Result<(Kind, Kind), ErrorBody> {
    Ok((kind(state, from)?, kind(state, to)?))
}

fn label<'a>(body: &'a Map<String, Value>, field: &str) -> Result<Option<&'a str>, ErrorBody> {
    let label = text(body, field)?.map(str::trim).filter(|label| !label.is_empty());
    if label.is_some_and(|label| label.chars().count() > LABEL_CHARS_MAX) {
        return Err(bad_field(field, &format!("must have at most {LABEL_CHARS_MAX} characters")));
    }
    Ok(label)
}

/// A label has a type in each direction; between records of one type and without a label of its
/// own for the way back, one type serves both.
fn create(request: &Request<'_>, tx: &mut Tx<'_>, from: Kind, to: Kind) -> Answer {
    let body = request.json()?;
    let label_text = label(&body, "label")?.ok_or_else(|| missing_field("label"))?;
    let name = text(&body, "name")?.ok_or_else(|| missing_field("name"))?;
    let inverse = label(&body, "inverseLabel")?;
    let is_name =
        !name.is_empty() && name.len() <= LABEL_CHARS_MAX && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if !is_name || name.as_bytes()[0].is_ascii_digit() {
        return Err(bad_field("name", "must be letters, digits and underscores, and begin with a letter"));
    }
    let all = tx.state.link_types.of(from, to);
    if all.iter().any(|own| own.name == name || own.label.as_deref().is_some_and(|own| own.eq_ignore_ascii_case(label_text))) {
        return Err(invalid::label_exists(label_text, name));
    }
    if all.iter().filter(|own| own.category == Category::UserDefined && own.label.is_some()).count() >= LABELS_MAX {
        return Err(invalid::labels_too_many(LABELS_MAX));
    }
    let id = tx.state.link_types.last_id.max(OWN_TYPE_ID_BASE) + 1;
    let link = |id: u32, label: &str, inverse: u32| LinkType {
        id,
        label: Some(label.to_owned().into()),
        name: name.to_owned(),
        category: Category::UserDefined,
        inverse: Some(inverse),
    };
    let mut made = vec![(from, to, link(id, label_text, id + 1)), (to, from, link(id + 1, inverse.unwrap_or(label_text), id))];
    if from == to && inverse.is_none() {
        made = vec![(from, to, link(id, label_text, id))];
    }
    let results: Vec<Value> = made.iter().map(|(_, _, link)| described(link)).collect();
    for (from, to, link) in made {
        tx.put_link_type(from, to, link);
    }
    Ok(reply(200, json!({ "results": results })))
}

fn own(state: &State, from: Kind, to: Kind, id: u32) -> Result<LinkType, ErrorBody> {
    let found = state.link_types.get(from, to, id).cloned();
    let found = found.ok_or_else(|| invalid::label_missing(id))?;
    if found.category != Category::UserDefined || found.label.is_none() {
        return Err(invalid::label_of_hubspot(id));
    }
    Ok(found)
}

fn type_id(body: &Map<String, Value>, field: &str) -> Result<u32, ErrorBody> {
    let id = body.get(field).and_then(Value::as_u64).and_then(|id| u32::try_from(id).ok());
    id.ok_or_else(|| bad_field(field, "must be a number"))
}

fn update(request: &Request<'_>, tx: &mut Tx<'_>, from: Kind, to: Kind) -> Answer {
    let body = request.json()?;
    let mut link = own(tx.state, from, to, type_id(&body, "associationTypeId")?)?;
    let text = label(&body, "label")?.ok_or_else(|| missing_field("label"))?;
    let back = link.inverse.filter(|back| *back != link.id).map(|back| own(tx.state, to, from, back)).transpose()?;
    let is_one = back.as_ref().is_some_and(|back| back.label == link.label);
    let inverse = label(&body, "inverseLabel")?.or_else(|| is_one.then_some(text)).map(|label| label.to_owned().into());
    link.label = Some(text.to_owned().into());
    tx.put_link_type(from, to, link);
    if let Some(mut back) = back {
        back.label = inverse.or(back.label);
        tx.put_link_type(to, from, back);
    }
    Ok(no_content())
}

/// The associations that have the label keep their others.
fn delete(tx: &mut Tx<'_>, from: Kind, to: Kind, id: &str) -> Answer {
    let id: u32 = id.parse().map_err(|_| bad_field("associationTypeId", "must be a number"))?;
    let link = own(tx.state, from, to, id)?;
    let labelled: Vec<_> = tx.state.links.of_type(from, to, id).collect();
    for (from, to) in labelled {
        tx.unlink_type(from, to, id);
    }
    tx.remove_link_type(from, to, id);
    if let Some(back) = link.inverse.filter(|back| *back != id) {
        tx.remove_link_type(to, from, back);
    }
    Ok(no_content())
}

fn configuration(state: &State, from: Kind, to: Kind, own: &LinkType) -> Value {
    let limit = state.link_types.limits.get(&(from, to, own.id));
    let mut body = described(own);
    body["userEnforcedMaxToObjectIds"] = json!(limit);
    body
}

/// The types that the account set a limit on.
fn configurations(state: &State, pair: Option<(Kind, Kind)>) -> Vec<Value> {
    let limits = state.link_types.limits.keys().filter(|(from, to, _)| pair.is_none_or(|pair| pair == (*from, *to)));
    limits.filter_map(|(from, to, id)| Some(configuration(state, *from, *to, state.link_types.get(*from, *to, *id)?))).collect()
}

fn known(state: &State, from: Kind, to: Kind, id: u32) -> Result<&LinkType, ErrorBody> {
    state.link_types.get(from, to, id).ok_or_else(|| no_such_type(state, id, from, to))
}

fn configure(request: &Request<'_>, tx: &mut Tx<'_>, from: Kind, to: Kind, is_new: bool) -> Answer {
    let body = request.json()?;
    let mut wanted = Vec::new();
    for input in inputs(&body, BATCH_MAX)? {
        let id = type_id(input, "typeId")?;
        known(tx.state, from, to, id)?;
        let limit = type_id(input, "maxToObjectIds")?;
        if limit == 0 {
            return Err(bad_field("maxToObjectIds", "must be at least 1"));
        }
        wanted.push((id, limit));
    }
    let mut results = Vec::new();
    for (id, limit) in wanted {
        tx.set_link_limit(from, to, id, Some(limit));
        let mut result = configuration(tx.state, from, to, known(tx.state, from, to, id)?);
        if !is_new {
            result.as_object_mut().map(|result| result.remove("label"));
        }
        results.push(result);
    }
    let now = request.now.to_iso();
    let status = if is_new { 201 } else { 200 };
    Ok(reply(status, json!({ "status": "COMPLETE", "results": results, "startedAt": now, "completedAt": now })))
}

fn purge(request: &Request<'_>, tx: &mut Tx<'_>, from: Kind, to: Kind) -> Answer {
    let body = request.json()?;
    let mut ids = Vec::new();
    for input in inputs(&body, BATCH_MAX)? {
        ids.push(known(tx.state, from, to, type_id(input, if input.contains_key("typeId") { "typeId" } else { "associationTypeId" })?)?.id);
    }
    for id in ids {
        tx.set_link_limit(from, to, id, None);
    }
    Ok(no_content())
}

/// HubSpot mails the report to a user; here it is taken and goes nowhere.
fn high_usage(request: &Request<'_>, user: &str, state: &State) -> Answer {
    let id: u64 = user.parse().map_err(|_| bad_field("userId", "must be a number"))?;
    let owner = state.owners.iter().find(|owner| owner.user_id == id);
    let owner = owner.ok_or_else(|| invalid::usage_of_no_user(id))?;
    let at = json!({ "dateOnly": false, "timeZoneShift": 0, "value": request.now.as_ms() });
    Ok(reply(200, json!({ "userId": id, "userEmail": owner.email, "enqueueTime": at })))
}
