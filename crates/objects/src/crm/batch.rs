//! Batches of records.
//!
//! A batch succeeds or fails as a whole, with two exceptions. If records do not exist, the answer is 207 and
//! lists them. If every input has an `objectWriteTraceId` of its own, each refused input is listed with its id,
//! and the others succeed.

use std::collections::{HashMap, HashSet};

use keyway_core::error_body::ErrorBody;
use serde_json::{Map, Value, json};

use super::objects::{archive, charge_unlinking, find};
use super::render::{self, View};
use super::write::{self, Values, Wanted};
use super::{Answer, no_content, writable};
use crate::call::Reply;
use crate::invalid;
use crate::kind::Kind;
use crate::record::Record;
use crate::request::{Request, bad_field, id_text, inputs, missing_field, text, texts};
use crate::state::State;
use crate::table::{Unique, unique_values};
use crate::tx::Tx;
use crate::work::Exceeded;

/// Records in a batch.
const BATCH_MAX: usize = 100;
/// Contacts in a batch of contacts v1 (developers.hubspot.com/docs/api-reference/legacy/crm-contacts-v1).
const OLD_BATCH_MAX: usize = 1_000;

pub(crate) fn answer(request: &Request<'_>, segment: &str, action: &str, tx: &mut Tx<'_>) -> Option<Answer> {
    Some(match action {
        "create" => writable(tx.state, segment).and_then(|kind| write(request, kind, tx, Action::Create)),
        "update" => writable(tx.state, segment).and_then(|kind| write(request, kind, tx, Action::Update)),
        "upsert" => writable(tx.state, segment).and_then(|kind| write(request, kind, tx, Action::Upsert)),
        "archive" => writable(tx.state, segment).and_then(|kind| archive_all(request, kind, tx)),
        _ => return None,
    })
}

pub(crate) fn read(request: &Request<'_>, kind: Kind, state: &State) -> Answer {
    let body = request.json()?;
    let (names, history) = (texts(&body, "properties")?, texts(&body, "propertiesWithHistory")?);
    request.tell_unknown(state.space(kind), &[&*names, &history].concat());
    let view = View::of(state.schema(kind), &names, &history, Vec::new()).seen_by(request.by, kind, state.schema(kind));
    let (id_property, archived) = (text(&body, "idProperty")?, request.query.flag("archived")?);
    let (mut found, mut missing) = (Vec::new(), Vec::new());
    for input in inputs(&body, BATCH_MAX)? {
        let id = input_id(input)?;
        match find(state, kind, &id, id_property, archived)? {
            Some(record) => found.push(record),
            None => missing.push(id),
        }
    }
    let mut results = Vec::new();
    for (at, record) in found.into_iter().enumerate() {
        if at > 0 {
            results.push(b',');
        }
        render::record(&mut results, state, kind, record, &view, request.work)?;
    }
    let errors = not_found(state, kind, missing);
    Ok(reply(request, if errors.is_empty() { 200 } else { 207 }, &results, &errors))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Action {
    Create,
    Update,
    Upsert,
    /// An update where an input has an id alone, and an upsert where it names a property. Only contacts v1 has it.
    Either,
}

/// A record as an input leaves it.
struct Made {
    record: Record,
    links: Wanted,
    values: Values,
    is_new: bool,
    trace: Option<String>,
}

/// The results of a batch so far, before anything is changed.
#[derive(Default)]
struct Staged {
    made: Vec<Made>,
    /// Two inputs of one batch can collide as well.
    taken: HashMap<Unique, u64>,
    missing: Vec<String>,
    refused: Vec<Value>,
}

/// Updates the records that inputs name by id, and updates or creates those that they name by a unique value: all
/// inputs or none.
///
/// # Errors
/// An input is refused, or names a record that is not there.
pub fn either(request: &Request<'_>, kind: Kind, tx: &mut Tx<'_>) -> Answer {
    write(request, kind, tx, Action::Either)
}

fn write(request: &Request<'_>, kind: Kind, tx: &mut Tx<'_>, action: Action) -> Answer {
    let body = request.json()?;
    let inputs = inputs(&body, if action == Action::Either { OLD_BATCH_MAX } else { BATCH_MAX })?;
    let is_partial = traced(&inputs)?;
    if action != Action::Create {
        refuse_repeated(inputs.iter().map(|input| input_id(input)).collect::<Result<Vec<_>, _>>()?)?;
    } else if !is_partial {
        refuse_repeated(addresses(tx.state, kind, &inputs))?;
    }
    let mut staged = Staged::default();
    for input in inputs {
        let trace = text(input, "objectWriteTraceId")?.map(str::to_owned);
        match staged.input(request, kind, tx, action, input) {
            Ok(Some(made)) => staged.made.push(Made { trace, ..made }),
            Ok(None) => {}
            Err(error) if is_partial && request.work.exceeded().is_none() => {
                let context = json!({ "objectWriteTraceId": trace.into_iter().collect::<Vec<_>>() });
                staged.refused.push(entry(&error, context));
            }
            Err(error) => return Err(error),
        }
    }
    let mut results = Vec::new();
    for (at, made) in staged.made.iter().enumerate() {
        if at > 0 {
            results.push(b',');
        }
        result(&mut results, request, tx.state, kind, made, action)?;
    }
    if action == Action::Either && !staged.missing.is_empty() {
        return Err(invalid::batch_some_missing(staged.missing));
    }
    let mut errors = staged.refused;
    errors.extend(not_found(tx.state, kind, staged.missing));
    let status = match action {
        _ if !errors.is_empty() => 207,
        Action::Create => 201,
        Action::Update | Action::Upsert | Action::Either => 200,
    };
    for made in staged.made {
        write::put(request, tx, kind, made.record, &made.values, made.links);
    }
    Ok(reply(request, status, &results, &errors))
}

/// Whether every input has a trace id that no other has.
fn traced(inputs: &[&Map<String, Value>]) -> Result<bool, ErrorBody> {
    let mut seen = HashSet::new();
    for input in inputs {
        match text(input, "objectWriteTraceId")? {
            Some(trace) if seen.insert(trace) => {}
            _ => return Ok(false),
        }
    }
    Ok(true)
}

/// Refuses a batch that names a record twice.
fn refuse_repeated(ids: Vec<String>) -> Result<(), ErrorBody> {
    let (mut seen, mut twice) = (HashSet::new(), Vec::new());
    for id in ids {
        if !seen.insert(id.trim().to_lowercase()) && !twice.contains(&id) {
            twice.push(id);
        }
    }
    if twice.is_empty() {
        return Ok(());
    }
    Err(invalid::batch_ids_repeated(twice.join(", "), twice))
}

/// The email addresses of new contacts, which must differ. They are compared before any record is created:
/// otherwise the error would name a record that the failed batch does not create.
fn addresses(state: &State, kind: Kind, inputs: &[&Map<String, Value>]) -> Vec<String> {
    let unique = &state.schema(kind).unique;
    if !unique.iter().any(|name| **name == *"email") {
        return Vec::new();
    }
    let of =
        |input: &&Map<String, Value>| input.get("properties")?.get("email")?.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    inputs.iter().filter_map(of).collect()
}

/// Refuses a property by which no record is found.
fn identifies(state: &State, kind: Kind, name: &str, action: Action) -> Result<(), ErrorBody> {
    let is_unique = state.schema(kind).get(name).is_some_and(crate::property::Property::is_unique);
    if is_unique || (name == "hs_object_id" && action != Action::Upsert) {
        return Ok(());
    }
    Err(invalid::batch_not_unique(&state.space(kind).type_id, name, state.hub_id))
}

impl Staged {
    /// Nothing where the record to be changed is not there.
    fn input(
        &mut self,
        request: &Request<'_>,
        kind: Kind,
        tx: &mut Tx<'_>,
        action: Action,
        input: &Map<String, Value>,
    ) -> Result<Option<Made>, ErrorBody> {
        if action == Action::Create {
            return self.create(request, kind, tx, input).map(Some);
        }
        let (id, id_property) = (input_id(input)?, text(input, "idProperty")?);
        // Whether an input before it is about the same record.
        request.work.each(self.made.len(), 1)?;
        if action == Action::Upsert && id_property.is_none() {
            return Err(bad_field("idProperty", "is required for an upsert"));
        }
        if let Some(name) = id_property {
            identifies(tx.state, kind, name, action)?;
        }
        let stored = find(tx.state, kind, &id, id_property, false)?.map(|record| record.id);
        let target = stored.or_else(|| self.holder(id_property?, &id));
        match target {
            Some(target) => self.update(request, kind, tx.state, target, input).map(Some),
            None if action == Action::Upsert || (action == Action::Either && id_property.is_some()) => {
                let mut input = input.clone();
                if let (Some(Value::Object(properties)), Some(name)) = (input.get_mut("properties"), id_property) {
                    properties.entry(name).or_insert_with(|| id.clone().into());
                }
                self.create(request, kind, tx, &input).map(Some)
            }
            None => {
                self.missing.push(id);
                Ok(None)
            }
        }
    }

    fn holder(&self, property: &str, value: &str) -> Option<u64> {
        self.taken.get(&(property.into(), value.trim().to_lowercase())).copied()
    }

    fn create(&mut self, request: &Request<'_>, kind: Kind, tx: &mut Tx<'_>, input: &Map<String, Value>) -> Result<Made, ErrorBody> {
        let (values, links) =
            (write::properties(request, tx.state, kind, input, None)?, write::wanted_links(request, tx.state, kind, input)?);
        let id = tx.take_id(kind);
        let record = write::new_record(request, tx.state.schema(kind), id, &values)?;
        self.check(tx.state, kind, &record)?;
        Ok(Made { record, links, values, is_new: true, trace: None })
    }

    fn update(&mut self, request: &Request<'_>, kind: Kind, state: &State, id: u64, input: &Map<String, Value>) -> Result<Made, ErrorBody> {
        // A record named twice is changed twice, in order.
        let staged = self.made.iter().rev().map(|made| &made.record).find(|record| record.id == id);
        let current = match staged {
            Some(record) => record,
            None => super::objects::live(state, (kind, id))?,
        };
        let values = write::properties(request, state, kind, input, Some(current))?;
        let record = write::changed_record(request, state.schema(kind), current, &values)?;
        self.check(state, kind, &record)?;
        Ok(Made { record, links: Wanted::new(), values, is_new: false, trace: None })
    }

    fn check(&mut self, state: &State, kind: Kind, record: &Record) -> Result<(), ErrorBody> {
        write::refuse_duplicate(state, kind, record)?;
        let space = state.space(kind);
        let values = unique_values(&space.schema, record);
        for value in &values {
            if let Some(other) = self.taken.get(value).filter(|other| **other != record.id) {
                return Err(write::taken(state, space, &value.0, &value.1, record.id, *other));
            }
        }
        self.taken.extend(values.into_iter().map(|value| (value, record.id)));
        Ok(())
    }
}

fn result(out: &mut Vec<u8>, request: &Request<'_>, state: &State, kind: Kind, made: &Made, action: Action) -> Result<(), Exceeded> {
    let schema = state.schema(kind);
    let mut view = View::written(schema, kind, &made.values, made.is_new).seen_by(request.by, kind, schema);
    if action == Action::Upsert {
        // The published answer to an upsert has no empty values.
        view.show_if_set();
    }
    render::record(out, state, kind, &made.record, &view, request.work)?;
    out.pop();
    if let Some(trace) = &made.trace {
        out.extend_from_slice(b",\"objectWriteTraceId\":");
        render::text(out, trace);
    }
    if action == Action::Upsert {
        out.extend_from_slice(format!(",\"new\":{}", made.is_new).as_bytes());
    }
    out.push(b'}');
    Ok(())
}

fn archive_all(request: &Request<'_>, kind: Kind, tx: &mut Tx<'_>) -> Answer {
    let body = request.json()?;
    let ids = inputs(&body, BATCH_MAX)?.into_iter().map(input_id).collect::<Result<Vec<_>, _>>()?;
    for id in &ids {
        charge_unlinking(request, tx.state, kind, id)?;
    }
    for id in ids {
        archive(request, kind, &id, tx);
    }
    Ok(no_content())
}

fn input_id(input: &Map<String, Value>) -> Result<String, ErrorBody> {
    id_text(input.get("id")).ok_or_else(|| missing_field("inputs.id"))
}

/// An entry of the `errors` of a 207, with the context of its error.
pub fn listed(error: &ErrorBody) -> Value {
    entry(error, error.context.iter().map(|(key, values)| (key.clone(), json!(values))).collect())
}

/// An entry of the `errors` of a 207.
pub fn entry(error: &ErrorBody, context: Value) -> Value {
    let mut entry = json!({
        "status": "error", "category": error.category, "message": error.message, "context": context, "errors": error.errors, "links": {},
    });
    if let Some(sub_category) = &error.sub_category {
        entry["subCategory"] = sub_category.as_str().into();
    }
    entry
}

fn not_found(state: &State, kind: Kind, missing: Vec<String>) -> Vec<Value> {
    if missing.is_empty() {
        return Vec::new();
    }
    vec![listed(&invalid::batch_records_missing(state.space(kind).shouted(), missing))]
}

fn reply(request: &Request<'_>, status: u16, results: &[u8], errors: &[Value]) -> Reply {
    let mut body = b"{\"status\":\"COMPLETE\",\"results\":[".to_vec();
    body.extend_from_slice(results);
    body.push(b']');
    if !errors.is_empty() {
        body.extend_from_slice(format!(",\"numErrors\":{},\"errors\":{}", errors.len(), json!(errors)).as_bytes());
    }
    let now = request.now.to_iso();
    body.extend_from_slice(format!(",\"startedAt\":\"{now}\",\"completedAt\":\"{now}\"}}").as_bytes());
    Reply { status, body: body.into() }
}
