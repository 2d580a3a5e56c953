//! CRM associations v1. A definition is HubSpot's own type of association, except where one end is an engagement:
//! engagements are one object type here.

use keyway_core::error_body::ErrorBody;
use keyway_objects::invalid;
use keyway_objects::kind::Kind;
use keyway_objects::links::End;
use keyway_objects::request::{Query, bad_field, id_text, missing_field};
use serde_json::{Value, json};

use super::engagements::{address_of, id_of};
use super::records::Records;
use super::{Answer, Told, empty, engagements, number};

const PAGE_DEFAULT: u64 = 10;
const PAGE_MAX: u64 = 100;
/// Associations of a batch (developers.hubspot.com/docs/api-reference/legacy/crm/associations/v1).
const BATCH_MAX: usize = 100;

/// The definitions with an engagement: the definition, the other object type, and whether the engagement comes first.
const OF_ENGAGEMENTS: [(u32, &str, bool); 8] = [
    (7, "companies", false),
    (8, "companies", true),
    (9, "contacts", false),
    (10, "contacts", true),
    (11, "deals", false),
    (12, "deals", true),
    (17, "tickets", false),
    (18, "tickets", true),
];

/// `/associations/{objectId}/HUBSPOT_DEFINED/{definitionId}`
pub fn read(records: &mut Records<'_, '_>, query: &Query, tail: &[&str]) -> Option<Told> {
    let ["associations", id, "HUBSPOT_DEFINED", definition] = tail else { return None };
    Some(listed(records, query, id, definition))
}

pub fn write(records: &mut Records<'_, '_>, tail: &[&str]) -> Option<Answer> {
    let (is_batch, together) = match tail {
        [] => (false, true),
        ["delete"] => (false, false),
        ["create-batch"] => (true, true),
        ["delete-batch"] => (true, false),
        _ => return None,
    };
    Some(change(records, is_batch, together))
}

fn unknown(definition: &str) -> ErrorBody {
    bad_field("definitionId", &format!("{definition} is not an association definition of HubSpot"))
}

fn of_engagement(definition: u32) -> Option<(Kind, bool)> {
    let (_, other, is_first) = OF_ENGAGEMENTS.iter().find(|(own, ..)| *own == definition)?;
    Some((Kind::of(other)?, *is_first))
}

fn listed(records: &mut Records<'_, '_>, query: &Query, id: &str, definition: &str) -> Told {
    let (limit, offset) = (number(query, "limit", PAGE_DEFAULT, PAGE_MAX)?.max(1), number(query, "offset", 0, u64::MAX)?);
    let definition_id: u32 = definition.parse().map_err(|_| unknown(definition))?;
    let mut ids = match of_engagement(definition_id) {
        Some((other, true)) => match address_of(id) {
            Some((kind, own)) => associated(records, kind.name, &own.to_string(), other)?,
            None => Vec::new(),
        },
        Some((other, false)) => {
            let mut ids = Vec::new();
            for (at, kind) in engagements::KINDS.iter().enumerate() {
                let of_kind = records.associated(&other.to_string(), id, kind.name).or_else(none_there)?;
                ids.extend(of_kind.iter().filter_map(|own| id_of(at, &own.to_string()).parse::<u64>().ok()));
            }
            ids
        }
        None => {
            let (from, to) = records.pair_of(definition_id).ok_or_else(|| unknown(definition))?;
            with_type(records, from, id, to, definition_id)?
        }
    };
    ids.retain(|id| *id > offset);
    let has_more = ids.len() as u64 > limit;
    ids.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(json!({ "results": ids, "hasMore": has_more, "offset": ids.last().copied().unwrap_or(offset) }))
}

/// A record that is not there has no associations.
fn none_there(error: ErrorBody) -> Result<Vec<u64>, ErrorBody> {
    if error.status == 404 || error.status == 400 { Ok(Vec::new()) } else { Err(error) }
}

fn associated(records: &mut Records<'_, '_>, from: &str, id: &str, to: Kind) -> Result<Vec<u64>, ErrorBody> {
    records.associated(from, id, &to.to_string()).or_else(none_there)
}

/// The records that are associated by one type, where a pair has several.
fn with_type(records: &mut Records<'_, '_>, from: Kind, id: &str, to: Kind, own: u32) -> Result<Vec<u64>, ErrorBody> {
    let ids = associated(records, &from.to_string(), id, to)?;
    let Ok(id) = id.parse() else { return Ok(Vec::new()) };
    Ok(ids.into_iter().filter(|other| records.types_between((from, id), (to, *other)).contains(&own)).collect())
}

/// Makes associations, or ends them: all or none.
fn change(records: &mut Records<'_, '_>, is_batch: bool, together: bool) -> Answer {
    let given: Vec<Value> = if is_batch { records.list()? } else { vec![records.body()?.into()] };
    if given.len() > BATCH_MAX {
        return Err(invalid::old_associations_too_many(BATCH_MAX));
    }
    let pairs = given.iter().map(|one| pair(records, one)).collect::<Result<Vec<_>, _>>()?;
    if together {
        records.connect(&pairs)?;
    } else {
        records.part(&pairs)?;
    }
    Ok(empty(204))
}

fn pair(records: &mut Records<'_, '_>, one: &Value) -> Result<(End, End, u32), ErrorBody> {
    let field = |name: &str| id_text(one.get(name)).ok_or_else(|| missing_field(name));
    if one["category"] != "HUBSPOT_DEFINED" {
        return Err(bad_field("category", "must be HUBSPOT_DEFINED"));
    }
    let (from, to, definition) = (field("fromObjectId")?, field("toObjectId")?, field("definitionId")?);
    let definition_id: u32 = definition.parse().map_err(|_| unknown(&definition))?;
    let record = |name: &str, id: &str| id.parse::<u64>().map_err(|_| bad_field(name, "must be the id of a record"));
    if let Some((other, is_first)) = of_engagement(definition_id) {
        let (name, id) = if is_first { ("fromObjectId", &from) } else { ("toObjectId", &to) };
        let (kind, own) = address_of(id).ok_or_else(|| bad_field(name, "must be the id of an engagement"))?;
        let engagement = (Kind::of(kind.name).expect("a type that every account has"), own);
        let ends = if is_first {
            (engagement, (other, record("toObjectId", &to)?))
        } else {
            ((other, record("fromObjectId", &from)?), engagement)
        };
        return Ok((ends.0, ends.1, records.plain_of(ends.0.0, ends.1.0)));
    }
    let (from_kind, to_kind) = records.pair_of(definition_id).ok_or_else(|| unknown(&definition))?;
    Ok(((from_kind, record("fromObjectId", &from)?), (to_kind, record("toObjectId", &to)?), definition_id))
}
