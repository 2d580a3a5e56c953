//! The use of an account's limits: records, properties, pipelines, custom types and associations.
//!
//! The embedded account has one set of limits, whatever its tier. A test that fits HubSpot's highest tier fits
//! here.

use std::collections::BTreeMap;

use http::Method;
use keyway_core::error_body::ErrorBody;
use serde_json::{Value, json};

use super::{Answer, kind, pipelines, properties, reply, schemas};
use crate::invalid;
use crate::kind::Kind;
use crate::links::Category;
use crate::request::Request;
use crate::space::Space;
use crate::state::State;
use crate::work::{Exceeded, Work};

/// Records of an object type.
const RECORDS_MAX: usize = 15_000_000;
/// Calculated properties of an account.
const CALCULATED_MAX: usize = 200;
/// Labels of a pair of object types.
const LABELS_MAX: usize = 50;
/// Associations of a record with records of one type.
const ASSOCIATIONS_MAX: usize = 50_000;
/// Near a limit: from this many of a hundred on.
const NEAR_PERCENT: usize = 80;
/// Records named in an answer.
const SAMPLES_MAX: usize = 10;

/// `…/limits/…`
pub fn answer(request: &Request<'_>, method: &Method, tail: &[&str], state: &State) -> Option<Answer> {
    if method != Method::GET {
        return None;
    }
    Some(match tail {
        ["records"] => Ok(reply(200, by_origin(state, RECORDS_MAX, |space| space.table.count()))),
        ["pipelines"] => Ok(reply(200, by_origin(state, pipelines::PIPELINES_MAX, |space| space.live_pipelines().count()))),
        ["custom-properties"] => Ok(reply(200, custom_properties(state))),
        ["calculated-properties"] => Ok(reply(200, calculated_properties(state))),
        ["custom-object-types"] => {
            let usage = customs(state).count();
            let limit = schemas::CUSTOM_TYPES_MAX;
            Ok(reply(200, json!({ "limit": limit, "usage": usage, "percentage": percentage(usage, limit) })))
        }
        ["associations", "labels"] => labels(request, state),
        ["associations", "records", "from"] => {
            near_from(state, request.work).map(|near| reply(200, json!({ "results": near }))).map_err(ErrorBody::from)
        }
        ["associations", "records", from, "to"] => {
            kind(state, from).and_then(|from| Ok(reply(200, json!({ "results": near_to(state, from, request.work)? }))))
        }
        ["associations", "records", from, to] => {
            kind(state, from).and_then(|from| Ok(reply(200, association_records(state, from, kind(state, to)?, request.work)?)))
        }
        _ => return None,
    })
}

fn percentage(usage: usize, limit: usize) -> f64 {
    // Far below 2^52 each.
    usage as f64 * 100.0 / limit.max(1) as f64
}

fn labelled(space: &Space) -> Value {
    let (singular, plural) = match &space.custom {
        Some(custom) => (custom.singular.clone(), custom.plural.clone()),
        None => (capital(&space.singular), capital(&space.name)),
    };
    json!({ "objectTypeId": &*space.type_id, "singularLabel": singular, "pluralLabel": plural })
}

fn capital(name: &str) -> String {
    let mut name = name.replace('_', " ");
    if let Some(first) = name.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    name
}

fn with(mut body: Value, fields: Value) -> Value {
    if let (Some(body), Value::Object(fields)) = (body.as_object_mut(), fields) {
        body.extend(fields);
    }
    body
}

fn used(space: &Space, usage: usize, limit: usize) -> Value {
    with(labelled(space), json!({ "usage": usage, "limit": limit, "percentage": percentage(usage, limit) }))
}

fn customs(state: &State) -> impl Iterator<Item = &Space> {
    state.spaces().filter(|space| space.custom.as_ref().is_some_and(|custom| !custom.archived))
}

fn by_origin(state: &State, limit: usize, usage: impl Fn(&Space) -> usize) -> Value {
    let standard = state.spaces().filter(|space| space.custom.is_none());
    let standard: Vec<Value> = standard.map(|space| used(space, usage(space), limit)).collect();
    let total: usize = customs(state).map(&usage).sum();
    let by_type: Vec<Value> = customs(state).map(|space| with(labelled(space), json!({ "usage": usage(space) }))).collect();
    json!({
        "hubspotDefinedObjectTypes": standard,
        "customObjectTypes": {
            "byObjectType": by_type, "overallLimit": limit, "overallUsage": total, "overallPercentage": percentage(total, limit),
        },
    })
}

fn custom_properties(state: &State) -> Value {
    let own = |space: &Space| space.schema.properties().filter(|property| property.is_own()).count();
    let by_type: Vec<Value> = state.spaces().map(|space| used(space, own(space), properties::OWN_MAX)).collect();
    let (total, limit) = (state.spaces().map(own).sum(), properties::OWN_MAX * state.spaces().count());
    json!({ "byObjectType": by_type, "overallLimit": limit, "overallUsage": total, "overallPercentage": percentage(total, limit) })
}

fn calculated_properties(state: &State) -> Value {
    let own = |space: &Space| space.schema.properties().filter(|property| property.is_own() && property.is_calculated()).count();
    let by_type: Vec<Value> = state.spaces().map(|space| with(labelled(space), json!({ "usage": own(space) }))).collect();
    let total = state.spaces().map(own).sum();
    json!({
        "byObjectType": by_type, "overallLimit": CALCULATED_MAX, "overallUsage": total, "overallPercentage": percentage(total, CALCULATED_MAX),
    })
}

fn labels(request: &Request<'_>, state: &State) -> Answer {
    let end = |name: &str| request.query.get(name).map(|segment| kind(state, segment)).transpose();
    let (from, to): (Option<Kind>, Option<Kind>) = (end("fromObjectTypeId")?, end("toObjectTypeId")?);
    if from.is_none() && to.is_some() {
        return Err(invalid::limit_without_type());
    }
    let mut pairs: BTreeMap<(Kind, Kind), Vec<&str>> = BTreeMap::new();
    if let (Some(from), Some(to)) = (from, to) {
        pairs.insert((from, to), Vec::new());
    }
    for ((own_from, own_to), link) in state.link_types.own().filter(|(_, link)| link.category == Category::UserDefined) {
        if from.is_none_or(|from| from == own_from)
            && to.is_none_or(|to| to == own_to)
            && let Some(label) = link.label.as_deref()
        {
            pairs.entry((own_from, own_to)).or_default().push(label);
        }
    }
    let results: Vec<Value> = pairs
        .into_iter()
        .map(|((from, to), mut labels)| {
            labels.sort_unstable();
            json!({
                "fromObjectType": labelled(state.space(from)), "toObjectType": labelled(state.space(to)), "allLabels": labels,
                "limit": LABELS_MAX, "usage": labels.len(), "percentage": percentage(labels.len(), LABELS_MAX),
            })
        })
        .collect();
    Ok(reply(200, json!({ "results": results })))
}

/// How many associations each record has, by the type at either end.
type Counts = BTreeMap<(Kind, Kind), BTreeMap<u64, usize>>;

/// Associations of each record, by the type at either end.
fn counts(state: &State, work: &Work) -> Result<Counts, Exceeded> {
    let mut counts = Counts::new();
    for (from, to) in state.links.iter() {
        work.charge(4)?;
        *counts.entry((from.0, to.0)).or_default().entry(from.1).or_default() += 1;
    }
    Ok(counts)
}

const fn is_near(count: usize) -> bool {
    count < ASSOCIATIONS_MAX && count * 100 >= ASSOCIATIONS_MAX * NEAR_PERCENT
}

fn near_from(state: &State, work: &Work) -> Result<Vec<Value>, Exceeded> {
    let mut near: BTreeMap<Kind, (bool, bool)> = BTreeMap::new();
    for ((from, _), records) in counts(state, work)? {
        let entry = near.entry(from).or_default();
        entry.0 |= records.values().any(|count| *count >= ASSOCIATIONS_MAX);
        entry.1 |= records.values().any(|count| is_near(*count));
    }
    Ok(listed(state, near))
}

fn near_to(state: &State, wanted: Kind, work: &Work) -> Result<Vec<Value>, Exceeded> {
    let mut near: BTreeMap<Kind, (bool, bool)> = BTreeMap::new();
    for ((_, to), records) in counts(state, work)?.into_iter().filter(|((from, _), _)| *from == wanted) {
        let at = records.values().any(|count| *count >= ASSOCIATIONS_MAX);
        near.insert(to, (at, records.values().any(|count| is_near(*count))));
    }
    Ok(listed(state, near))
}

fn listed(state: &State, near: BTreeMap<Kind, (bool, bool)>) -> Vec<Value> {
    let near = near.into_iter().filter(|(_, (at, near))| *at || *near);
    near.map(|(kind, (at, near))| with(labelled(state.space(kind)), json!({ "hasRecordsAtLimit": at, "hasRecordsNearLimit": near })))
        .collect()
}

fn association_records(state: &State, from: Kind, to: Kind, work: &Work) -> Result<Value, Exceeded> {
    let records = counts(state, work)?.remove(&(from, to)).unwrap_or_default();
    let label = |id: u64| format!("{} {id}", capital(&state.space(from).singular));
    let at: Vec<_> = records.iter().filter(|(_, count)| **count >= ASSOCIATIONS_MAX).collect();
    let near: Vec<_> = records.iter().filter(|(_, count)| is_near(**count)).collect();
    let near_sample = |(id, count): &(&u64, &usize)| json!({ "objectId": id, "label": label(**id), "usage": count, "percentage": percentage(**count, ASSOCIATIONS_MAX) });
    Ok(json!({
        "limit": ASSOCIATIONS_MAX, "totalRecordsAtLimit": at.len(), "totalRecordsNearLimit": near.len(),
        "atLimitFromRecordSamples": at.iter().take(SAMPLES_MAX).map(|(id, _)| json!({ "objectId": id, "label": label(**id) })).collect::<Vec<_>>(),
        "nearLimitFromRecordSamples": near.iter().take(SAMPLES_MAX).map(near_sample).collect::<Vec<_>>(),
    }))
}
