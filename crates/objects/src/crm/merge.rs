//! Merges two records into a new one with an id of its own. Both old ids lead to it
//! (developers.hubspot.com/changelog/updated-merge-functionality-for-contacts-and-companies).

use super::Answer;
use super::objects::{charge_unlinking, live, one, unlink_all};
use super::render::View;
use super::write;
use crate::derived;
use crate::invalid;
use crate::kind::Kind;
use crate::links::End;
use crate::lists::Joined;
use crate::record::{MERGED, Record};
use crate::request::{Request, bad_field, id_text, missing_field};
use crate::schema::Schema;
use crate::state::State;
use crate::tx::Tx;
use crate::work::UNBOUNDED;

/// Records that can be merged into one (hubspot facts, section 4: 414 beyond it).
const MERGED_MAX: usize = 250;

/// The new record has the values of the first, those of the second where the first has none, and the
/// associations of both.
pub fn answer(request: &Request<'_>, kind: Kind, tx: &mut Tx<'_>) -> Answer {
    let body = request.json()?;
    let id = |field: &str| {
        let id = id_text(body.get(field)).ok_or_else(|| missing_field(field))?;
        id.parse::<u64>().map_err(|_| bad_field(field, "must be the id of a record"))
    };
    let (first, second) = (id("primaryObjectId")?, id("objectIdToMerge")?);
    if first == second {
        return Err(invalid::merged_with_itself());
    }
    let (primary, other) = (live(tx.state, (kind, first))?, live(tx.state, (kind, second))?);
    for id in [first, second] {
        charge_unlinking(request, tx.state, kind, &id.to_string())?;
    }
    // An association that moves may take the label of the primary one from another.
    request.work.each(tx.state.links.all_of((kind, second)).count().saturating_mul(tx.state.links.all_of((kind, first)).count()), 1)?;
    request.work.each(tx.state.lists.lists.len(), 2)?;
    let merged = merged_ids(primary, other);
    if merged.len() > MERGED_MAX {
        return Err(invalid::merged_too_often(MERGED_MAX));
    }
    let mut record = values_of_both(request, tx.state.schema(kind), primary, other);
    derived::forget_related(kind, &mut record);
    record.set_quietly(&MERGED.into(), &merged.join(";"), request.now);
    let mut record = write::changed_record(request, tx.state.schema(kind), &record, &Vec::new())?;
    record.id = tx.take_id(kind);
    if let Some(property) = tx.state.schema(kind).find("hs_object_id") {
        record.set_quietly(&property.name, &record.id.to_string(), request.now);
    }
    let end = (kind, record.id);
    // Those of the first come last, so that its primary company stays one.
    let moved: Vec<(End, Vec<u32>)> = [second, first].into_iter().flat_map(|id| moved(tx.state, (kind, id), [first, second])).collect();
    let memberships = memberships(tx.state, kind, [first, second]);
    for id in [first, second] {
        unlink_all(tx, (kind, id));
        tx.purge_record(kind, id);
    }
    tx.put_record(kind, record);
    tx.notes.merged(end, first, second);
    for (to, types) in moved {
        let mut all = tx.state.links.between(end, to).to_vec();
        all.extend(types);
        tx.link(end, to, &all);
    }
    for (list, old, joined) in memberships {
        tx.remove_member(list, old);
        tx.put_member(list, end.1, joined);
    }
    let view = View::of(tx.state.schema(kind), &[], &[], Vec::new());
    one(200, tx.state, kind, live(tx.state, end)?, &view, &UNBOUNDED)
}

/// Every id that leads to the new record.
fn merged_ids(primary: &Record, other: &Record) -> Vec<String> {
    let before = [primary, other].into_iter().filter_map(|record| record.get(MERGED)).flat_map(|ids| ids.split(';').map(str::to_owned));
    before.chain([primary.id.to_string(), other.id.to_string()]).collect()
}

fn values_of_both(request: &Request<'_>, schema: &Schema, primary: &Record, other: &Record) -> Record {
    let mut record = primary.clone();
    for property in schema.properties().filter(|property| !property.is_read_only() && primary.get(&property.name).is_none()) {
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
    // knowledge.hubspot.com/records/merge-records: the stage furthest down the funnel, and the oldest date.
    if let Some((property, stage)) = schema.get("lifecyclestage").zip(other.get("lifecyclestage")) {
        let order = |stage: Option<&str>| property.choices.iter().position(|choice| Some(choice.value.as_ref()) == stage);
        if order(Some(stage)) > order(record.get(&property.name)) {
            record.set(&property.name, stage, request.now, request.app_id);
        }
    }
    if other.created_at < record.created_at {
        record.created_at = other.created_at;
        if let Some((name, date)) = schema.created_name.as_ref().and_then(|name| Some((name, other.get(name)?))) {
            record.set_quietly(name, date, request.now);
        }
    }
    record
}

/// Associations of a record with others than these.
fn moved(state: &State, from: End, merged: [u64; 2]) -> Vec<(End, Vec<u32>)> {
    let others = state.links.all_of(from).filter(|to| to.0 != from.0 || !merged.contains(&to.1));
    others.map(|to| (to, state.links.between(from, to).to_vec())).collect()
}

/// The lists that callers put the records on.
fn memberships(state: &State, kind: Kind, merged: [u64; 2]) -> Vec<(u64, u64, Joined)> {
    let key = kind.to_string();
    let lists = state.lists.lists.values().filter(|list| list.kind == key);
    let of = |list: u64| merged.into_iter().filter_map(move |id| Some((list, id, *state.lists.members.get(&(list, id))?)));
    lists.flat_map(|list| of(list.id)).collect()
}
