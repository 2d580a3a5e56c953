//! Checks the properties that a caller sends, and writes them.

use keyway_core::beside::Access;
use keyway_core::error_body::ErrorBody;
use serde_json::{Map, Value, json};

use super::automatic;
use super::objects::BLOCKED;
use crate::invalid::{self, BadValue};
use crate::kind::Kind;
use crate::links::End;
use crate::pipelines;
use crate::property::{Name, Property};
use crate::record::Record;
use crate::request::{Request, bad_field, id_text, missing_field};
use crate::rules;
use crate::schema::Schema;
use crate::space::Space;
use crate::state::State;
use crate::table::unique_values;
use crate::tx::Tx;
use crate::value;
use crate::work::{Exceeded, Work};

/// Steps of checking one value.
const VALUE_STEPS: u64 = 10;
/// Largest number of faults of one record that an error lists.
const FAULTS_MAX: usize = 25;

/// The records to associate with a new record, and the types of the associations.
pub(crate) type Wanted = Vec<(End, Vec<u32>)>;

/// Properties in their stored form.
pub type Values = Vec<(Name, String)>;

/// Checks and reads the `properties` of a body.
///
/// # Errors
/// A property is not there, may not be written, or has a value that it can't have. The error lists all faults at once,
/// as HubSpot's does, up to `FAULTS_MAX`.
pub fn properties(
    request: &Request<'_>,
    state: &State,
    kind: Kind,
    body: &Map<String, Value>,
    current: Option<&Record>,
) -> Result<Values, ErrorBody> {
    let given = match body.get("properties") {
        Some(Value::Object(given)) => given,
        None | Some(Value::Null) => return Err(missing_field("properties")),
        Some(_) => return Err(bad_field("properties", "must be an object")),
    };
    let space = state.space(kind);
    let writing = Writing { state, space, given, current };
    let (mut values, mut faults) = (Values::new(), Vec::new());
    // What a property needs of the others is looked up, or they are few.
    request.work.each(given.len(), VALUE_STEPS)?;
    for (name, value) in given {
        request.work.write(value.as_str().map_or(0, str::len))?;
        match writing.property(request.work, name, value)? {
            Ok(Some((name, value))) => values.push((name, value)),
            Ok(None) => {}
            Err(fault) => faults.push((name.as_str(), fault)),
        }
        // An error for each of a hundred thousand names would be many times as long as what it is about.
        if faults.len() == FAULTS_MAX {
            break;
        }
    }
    if !faults.is_empty() {
        let refused = not_valid(state.hub_id, &faults);
        request.tell_refused(space, &refused);
        return Err(refused);
    }
    automatic::complete(request, state, kind, &mut values, current);
    if current.is_none() {
        check_required(space, &values)?;
        values.extend(default_pipeline(space, &values));
    }
    Ok(values)
}

/// A new record with a stage and no pipeline goes into the first pipeline that has the stage.
fn default_pipeline(space: &Space, values: &Values) -> Option<(Name, String)> {
    let (property, stage_property) = pipelines::properties_of(space.kind)?;
    let value = |name: &str| values.iter().find(|(own, value)| **own == *name && !value.is_empty()).map(|(_, value)| value);
    let (None, Some(stage)) = (value(property), value(stage_property)) else { return None };
    let found = space.live_pipelines().find(|pipeline| pipeline.stage(stage).is_some())?;
    Some((space.schema.get(property)?.name.clone(), found.id.clone()))
}

/// Nothing where the value is not to be written.
type Checked = Result<Option<(Name, String)>, BadValue>;

/// What a value is checked against.
struct Writing<'a> {
    state: &'a State,
    space: &'a Space,
    given: &'a Map<String, Value>,
    current: Option<&'a Record>,
}

impl Writing<'_> {
    fn property(&self, work: &Work, name: &str, value: &Value) -> Result<Checked, ErrorBody> {
        let raw = match value {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            Value::Bool(flag) => flag.to_string(),
            Value::Null => String::new(),
            Value::Array(_) | Value::Object(_) => return Err(bad_field(&format!("properties.{name}"), "must be a string")),
        };
        let Some(property) = self.space.schema.get(name) else {
            return Ok(Err(invalid::property_unknown(name)));
        };
        if property.is_read_only() || property.is_calculated() {
            return Ok(Err(invalid::read_only(name)));
        }
        // null changes nothing; only the empty text clears (HubSpot/hubspot-api-nodejs#324, answered by HubSpot).
        if value.is_null() {
            return Ok(Ok(None));
        }
        if let Some(fault) = self.named(work, property, &raw)? {
            return Ok(Err(fault));
        }
        let merged = match self.current {
            Some(record) if property.field_type == "checkbox" => {
                value::merge_checkbox(record.get(&property.name).unwrap_or_default(), &raw)
            }
            _ => raw.strip_prefix(';').filter(|_| property.field_type == "checkbox").unwrap_or(&raw).to_owned(),
        };
        Ok(self.normalised(property, &merged).map(|value| Some((property.name.clone(), value))))
    }

    /// The fault of a property that names another record by its id, if any.
    fn named(&self, work: &Work, property: &Property, raw: &str) -> Result<Option<BadValue>, Exceeded> {
        let Some(to) = automatic::names(self.space.kind, property).filter(|_| !raw.is_empty()) else { return Ok(None) };
        // The association that it becomes takes the label from another.
        work.charge(2 * super::objects::UNLINK_STEPS)?;
        let other = raw.parse().ok().and_then(|id| self.state.table(to).live(id));
        let is_itself = other.is_some_and(|other| to == self.space.kind && self.current.is_some_and(|current| current.id == other.id));
        Ok((other.is_none() || is_itself).then(|| invalid::object_id_invalid(raw, self.state.singular(to))))
    }

    fn normalised(&self, property: &Property, raw: &str) -> Result<String, BadValue> {
        // Pipelines and stages are options that the account keeps elsewhere.
        if let Some(checked) = self.pipeline_value(property, raw) {
            return checked;
        }
        let value = value::normalise(property, raw)?;
        if property.is_owner() && !value.is_empty() && !self.is_owner(&value) {
            return Err(invalid::owner_invalid(value));
        }
        rules::check(&property.rules, &value)?;
        Ok(value)
    }

    fn is_owner(&self, value: &str) -> bool {
        self.state.live_owners().any(|owner| owner.id.to_string() == value)
    }

    fn pipeline_value(&self, property: &Property, raw: &str) -> Option<Result<String, BadValue>> {
        let (pipeline, stage) = pipelines::properties_of(self.space.kind)?;
        if raw.is_empty() || self.space.pipelines.is_empty() {
            return None;
        }
        let allowed: Vec<&str> = if *property.name == *pipeline {
            // A record that goes to another pipeline needs one of its stages.
            let kept = self.current.filter(|_| !self.given.contains_key(stage)).and_then(|record| record.get(stage));
            if let (Some(kept), Some(chosen)) = (kept, self.space.pipeline(raw))
                && chosen.stage(kept).is_none()
            {
                return Some(Err(value::not_an_option(kept, chosen.live_stages().map(|own| own.id.as_str()))));
            }
            self.space.live_pipelines().map(|own| own.id.as_str()).collect()
        } else if *property.name == *stage {
            let chosen = self.given.get(pipeline).and_then(Value::as_str).or_else(|| self.current?.get(pipeline));
            let fitting = self.space.live_pipelines().filter(|own| chosen.is_none_or(|chosen| chosen == own.id));
            fitting.flat_map(|own| own.live_stages()).map(|stage| stage.id.as_str()).collect()
        } else {
            return None;
        };
        Some(if allowed.contains(&raw) { Ok(raw.to_owned()) } else { Err(value::not_an_option(raw, allowed.into_iter())) })
    }
}

fn check_required(space: &Space, values: &Values) -> Result<(), ErrorBody> {
    let schema = &space.schema;
    let given = |name: &Name| values.iter().any(|(own, value)| own == name && !value.is_empty());
    let mut missing: Vec<String> = schema.required.iter().filter(|name| !given(name)).map(ToString::to_string).collect();
    if !schema.any_of.is_empty() && !schema.any_of.iter().any(given) {
        missing.extend(schema.any_of.iter().map(ToString::to_string));
    }
    if missing.is_empty() {
        return Ok(());
    }
    Err(invalid::required_properties_missing(space.shouted(), missing))
}

/// HubSpot's `Property values were not valid`, whose message holds a JSON list.
fn not_valid(hub_id: u64, faults: &[(&str, BadValue)]) -> ErrorBody {
    let list: Vec<Value> = faults
        .iter()
        .map(|(name, fault)| json!({ "isValid": false, "message": fault.message, "error": fault.code, "name": name, "localizedErrorMessage": fault.message, "portalId": hub_id }))
        .collect();
    let mut error = invalid::values_invalid(Value::from(list));
    for (name, fault) in faults {
        error = error.detail(fault.detail(name));
    }
    error
}

/// A new record, not yet put in its table.
///
/// # Errors
/// Fewer steps are left than writing it takes.
pub fn new_record(request: &Request<'_>, schema: &Schema, id: u64, values: &Values) -> Result<Record, Exceeded> {
    let mut record = Record::new(id, request.now);
    charge(request.work, &record, values)?;
    apply(request, &mut record, values);
    if let Some(property) = schema.get("hs_object_id") {
        record.set_quietly(&property.name, &id.to_string(), request.now);
    }
    // Whose id `hs_object_source_id` is.
    if let Some(property) = schema.get("hs_object_source") {
        record.set(&property.name, request.source, request.now, request.app_id);
    }
    if let Some(name) = &schema.created_name {
        record.set_quietly(name, &request.now.to_iso(), request.now);
    }
    stamp(request, schema, &mut record);
    Ok(record)
}

/// An existing record with other values.
///
/// # Errors
/// Fewer steps are left than writing it takes.
pub fn changed_record(request: &Request<'_>, schema: &Schema, record: &Record, values: &Values) -> Result<Record, Exceeded> {
    charge(request.work, record, values)?;
    let mut record = record.clone();
    apply(request, &mut record, values);
    record.updated_at = request.now;
    stamp(request, schema, &mut record);
    Ok(record)
}

/// Uses up the steps of writing values into a record and of storing the whole record. Each inserted value moves
/// those after it.
fn charge(work: &Work, record: &Record, values: &Values) -> Result<(), Exceeded> {
    let more: usize = values.iter().map(|(_, value)| value.len()).sum();
    let (cells, bytes) = (record.len() + values.len(), record.value_bytes() + more);
    work.each(values.len(), 2 + cells as u64 / 128 + bytes as u64 / 2_048)?;
    work.each(cells, 2)?;
    work.write(record.size() + more)
}

fn apply(request: &Request<'_>, record: &mut Record, values: &Values) {
    for (name, value) in values {
        record.set(name, value, request.now, request.app_id);
    }
}

fn stamp(request: &Request<'_>, schema: &Schema, record: &mut Record) {
    if let Some(name) = &schema.modified_name {
        record.set_quietly(name, &request.now.to_iso(), request.now);
    }
}

/// Checks that no other record has the unique values of a record.
///
/// # Errors
/// Another one has, or nothing may have one of them any more.
pub fn refuse_duplicate(state: &State, kind: Kind, record: &Record) -> Result<(), ErrorBody> {
    let space = state.space(kind);
    for (property, value) in unique_values(&space.schema, record) {
        if *property == *"email" && state.items.get(&BLOCKED, &value).is_some() {
            let fault = invalid::email_blocked(&value);
            return Err(not_valid(state.hub_id, &[("email", fault)]));
        }
        if let Some(holder) = space.table.holder(&property, &value).filter(|holder| *holder != record.id) {
            return Err(taken(state, space, &property, &value, record.id, holder));
        }
    }
    Ok(())
}

/// HubSpot's 409 for an e-mail address, and its 400 for every other unique value.
pub(crate) fn taken(state: &State, space: &Space, property: &str, value: &str, id: u64, holder: u64) -> ErrorBody {
    if property == "email" {
        let mut name = space.singular.to_string();
        if let Some(first) = name.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        return invalid::contact_exists(name, holder);
    }
    not_valid(state.hub_id, &[(property, invalid::value_taken(property, value, id, holder))])
}

/// Steps of checking an association of a new record and of making it: the type that its id means is looked
/// for among those of every object type.
const LINK_STEPS: u64 = 100;

/// Reads the `associations` of a create: the records to associate, and the types.
///
/// # Errors
/// An association is not formed as HubSpot's are, a record or a type is not there, or the work of the call is used up.
pub fn wanted_links(request: &Request<'_>, state: &State, from: Kind, body: &Map<String, Value>) -> Result<Wanted, ErrorBody> {
    let wanted: &[Value] = match body.get("associations") {
        None | Some(Value::Null) => &[],
        Some(Value::Array(wanted)) => wanted,
        Some(_) => return Err(bad_field("associations", "must be a list")),
    };
    let mut links = Wanted::new();
    for one in wanted {
        request.work.charge(LINK_STEPS)?;
        let (to, types) = wanted_link(request, state, from, one)?;
        if charge_link(request.work, state, (from, 0), to, &types)? {
            // The record's own, those before it, are looked through as well.
            request.work.each(links.len(), 1)?;
        }
        links.push((to, types));
    }
    refuse_unlinked(state, from, &links)?;
    Ok(links)
}

/// The object types whose new records must be associated with a record of another type. HubSpot's guides name leads alone
/// (api-reference/2026-03/crm/objects/leads/guide).
const NEED_LINKS: &[(&str, &str)] = &[("leads", "contacts")];

/// The object types of which a new record needs an associated record.
pub fn needed_links(from: Kind) -> impl Iterator<Item = Kind> {
    NEED_LINKS.iter().filter(move |(own, _)| Kind::of(own) == Some(from)).filter_map(|(_, to)| Kind::of(to))
}

/// Refuses a new record without the association that its type needs.
fn refuse_unlinked(state: &State, from: Kind, links: &Wanted) -> Result<(), ErrorBody> {
    match needed_links(from).find(|to| !links.iter().any(|(other, _)| other.0 == *to)) {
        Some(to) => Err(invalid::required_associations_missing(state.space(from).shouted(), vec![state.space(to).shouted()])),
        None => Ok(()),
    }
}

fn wanted_link(request: &Request<'_>, state: &State, from: Kind, one: &Value) -> Result<(End, Vec<u32>), ErrorBody> {
    let id = id_text(one.pointer("/to/id"))
        .and_then(|id| id.parse().ok())
        .ok_or_else(|| bad_field("associations.to.id", "must be the id of a record"))?;
    let types = type_ids(one.get("types"))?;
    // The id alone does not say what it is the id of; the first type does.
    let first = types.first().copied().ok_or_else(|| bad_field("associations.types", "must not be empty"))?;
    let to = state.spaces().map(|space| space.kind).find(|to| state.link_types.get(from, *to, first).is_some());
    let to = to.ok_or_else(|| invalid::association_type_of_no_pair(first, state.singular(from)))?;
    // Before it is looked whether the other record is there, which its type's scope covers too.
    request.needs(to, Access::Write)?;
    check_link(state, (from, 0), (to, id), &types)?;
    Ok(((to, id), types))
}

/// The `associationTypeId`s of a list of specifications.
pub(crate) fn type_ids(list: Option<&Value>) -> Result<Vec<u32>, ErrorBody> {
    let list = list.and_then(Value::as_array).ok_or_else(|| bad_field("types", "must be a list"))?;
    let id = |one: &Value| one.get("associationTypeId").and_then(Value::as_u64).and_then(|id| u32::try_from(id).ok());
    let mut ids = Vec::new();
    for one in list {
        let id = id(one).ok_or_else(|| bad_field("associationTypeId", "must be a number"))?;
        if !ids.contains(&id) {
            ids.push(id);
        }
        // A pair of types has some labels, and no more.
        if ids.len() > TYPES_MAX {
            return Err(bad_field("types", &format!("must name at most {TYPES_MAX} types")));
        }
    }
    Ok(ids)
}

/// Types of one association in a body; a pair of object types has at most 50 labels, and HubSpot's own.
const TYPES_MAX: usize = 100;

/// Takes the steps of making an association: a limit of its types, or the label of the primary one, makes
/// it look through the others of both records. Answers whether it does.
pub(crate) fn charge_link(work: &Work, state: &State, from: End, to: End, types: &[u32]) -> Result<bool, Exceeded> {
    work.charge(super::objects::UNLINK_STEPS)?;
    let is_primary = |id: &u32| state.link_types.get(from.0, to.0, *id).is_some_and(|link| link.label.as_deref() == Some("Primary"));
    let looks = types.iter().any(is_primary) || !state.link_types.limits.is_empty();
    if looks {
        for _ in state.links.of(from, to.0).map(|_| ()).chain(state.links.of(to, from.0).map(|_| ())) {
            work.each(types.len(), 2)?;
        }
    }
    Ok(looks)
}

/// The other record must be there, and the types be those of the pair.
pub(crate) fn check_link(state: &State, from: End, to: End, types: &[u32]) -> Result<(), ErrorBody> {
    if let Some(unknown) = types.iter().find(|id| state.link_types.get(from.0, to.0, **id).is_none()) {
        // HubSpot takes the ids for those of the types that the association's type is of
        // (HubSpot/hubspot-api-nodejs#646).
        if let Some(pair) = state.link_types.pair_of(*unknown) {
            let strange = [(pair.0, from), (pair.1, to)].into_iter().filter(|(kind, end)| *kind != end.0);
            return Err(not_valid_ends(state, strange.map(|(kind, end)| (kind, end.1))));
        }
        return Err(no_such_type(state, unknown, from.0, to.0));
    }
    ends_there(state, &[to])
}

/// Refuses an association with a record that is not there (HubSpot/hubspot-api-nodejs#646).
pub(crate) fn ends_there(state: &State, ends: &[End]) -> Result<(), ErrorBody> {
    let mut missing = ends.iter().copied().filter(|(kind, id)| state.table(*kind).live(*id).is_none()).peekable();
    if missing.peek().is_none() { Ok(()) } else { Err(not_valid_ends(state, missing)) }
}

fn not_valid_ends(state: &State, ends: impl Iterator<Item = End>) -> ErrorBody {
    let (mut named, mut ids, mut types) = (Vec::new(), Vec::new(), Vec::new());
    for (kind, id) in ends {
        let shouted = state.space(kind).shouted();
        named.push(format!("{shouted}={id} is not valid"));
        ids.push(id.to_string());
        types.push(shouted);
    }
    invalid::associations_invalid(named, ids, types)
}

/// The refusal of a type of association, by its id or its name, that the pair of object types does not have.
pub(crate) fn no_such_type(state: &State, own: impl ToString, from: Kind, to: Kind) -> ErrorBody {
    let (own, from, to) = (own.to_string(), state.space(from).shouted(), state.space(to).shouted());
    invalid::association_type_invalid(&own, &from, &to, vec![own.clone()], vec![from.clone()], vec![to.clone()])
}

/// Puts a record in its table, with its associations: those of a create, and those that its values name.
pub fn put(request: &Request<'_>, tx: &mut Tx<'_>, kind: Kind, record: Record, written: &Values, links: Wanted) {
    let from = (kind, record.id);
    tx.put_record(kind, record);
    for (to, types) in links {
        tx.link(from, to, &types);
    }
    automatic::associate(tx, from, written);
    automatic::associate_by_domain(request, tx, from, written);
}
