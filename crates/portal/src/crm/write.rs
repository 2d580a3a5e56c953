//! Checks what a caller wants to write, and writes it.

use keyway_core::error_body::{ErrorBody, ErrorDetail};
use serde_json::{Map, Value, json};

use super::shouted;
use crate::kind::Kind;
use crate::links::{self, End};
use crate::pipelines;
use crate::record::Record;
use crate::request::{Request, bad_field, id_text};
use crate::schema::{Name, Property, Schema};
use crate::state::{State, Tx};
use crate::table::unique_values;
use crate::value::{self, BadValue};

/// Whom to associate a new record with, and with which types.
pub type Wanted = Vec<(End, Vec<u32>)>;

/// Properties in their stored form.
pub type Values = Vec<(Name, String)>;

/// The `properties` of a body, checked; every fault is told at once, as HubSpot does.
pub fn properties(state: &State, kind: Kind, body: &Map<String, Value>, current: Option<&Record>) -> Result<Values, ErrorBody> {
    let given = match body.get("properties") {
        Some(Value::Object(given)) => given,
        None | Some(Value::Null) => return Err(bad_field("properties", "is required")),
        Some(_) => return Err(bad_field("properties", "must be an object")),
    };
    let schema = Schema::of(kind);
    let (mut values, mut faults) = (Values::new(), Vec::new());
    for (name, value) in given {
        match property(state, kind, schema, name, value, given, current)? {
            Ok((name, value)) => values.push((name, value)),
            Err(fault) => faults.push((name.as_str(), fault)),
        }
    }
    if !faults.is_empty() {
        return Err(not_valid(state.hub_id, &faults));
    }
    if current.is_none() {
        check_required(schema, kind, &values)?;
        values.extend(default_pipeline(schema, kind, &values));
    }
    Ok(values)
}

/// A new record with a stage and no pipeline goes into the first pipeline that has the stage.
fn default_pipeline(schema: &Schema, kind: Kind, values: &Values) -> Option<(Name, String)> {
    let value = |name: &str| values.iter().find(|(own, value)| **own == *name && !value.is_empty()).map(|(_, value)| value);
    let found = pipelines::of(kind).find(|pipeline| {
        value(pipeline.property).is_none()
            && value(pipeline.stage_property).is_some_and(|wanted| pipeline.stages.iter().any(|stage| stage.id == wanted))
    })?;
    Some((schema.get(found.property)?.name.clone(), found.id.to_owned()))
}

type Checked = Result<(Name, String), BadValue>;

fn property(
    state: &State,
    kind: Kind,
    schema: &Schema,
    name: &str,
    value: &Value,
    given: &Map<String, Value>,
    current: Option<&Record>,
) -> Result<Checked, ErrorBody> {
    let raw = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(flag) => flag.to_string(),
        Value::Null => String::new(),
        Value::Array(_) | Value::Object(_) => return Err(bad_field(&format!("properties.{name}"), "must be a string")),
    };
    let Some(property) = schema.get(name) else {
        return Ok(Err(bad("PROPERTY_DOESNT_EXIST", format!("Property \"{name}\" does not exist"))));
    };
    if property.is_read_only() || property.is_calculated() {
        return Ok(Err(bad("READ_ONLY_VALUE", format!("\"{name}\" is a read only property; its value cannot be set."))));
    }
    let merged = match current {
        Some(record) if property.field_type == "checkbox" => value::merge_checkbox(record.get(name).unwrap_or_default(), &raw),
        _ => raw.strip_prefix(';').filter(|_| property.field_type == "checkbox").unwrap_or(&raw).to_owned(),
    };
    Ok(value::normalise(property, &merged)
        .and_then(|value| check_reference(state, kind, property, &value, given, current).map(|()| (property.name.clone(), value))))
}

/// Owners, pipelines and stages must be there.
fn check_reference(
    state: &State,
    kind: Kind,
    property: &Property,
    value: &str,
    given: &Map<String, Value>,
    current: Option<&Record>,
) -> Result<(), BadValue> {
    if value.is_empty() {
        return Ok(());
    }
    if property.is_owner() && !state.owners.iter().any(|owner| owner.id.to_string() == value && !owner.archived) {
        return Err(bad("INVALID_OWNER_ID", format!("The owner {value} does not exist or is not active.")));
    }
    let Some(sample) = pipelines::of(kind).next() else { return Ok(()) };
    if *property.name == *sample.property && !pipelines::of(kind).any(|pipeline| pipeline.id == value) {
        return Err(value::not_an_option(value, pipelines::of(kind).map(|pipeline| pipeline.id)));
    }
    if *property.name == *sample.stage_property {
        let chosen = given.get(sample.property).and_then(Value::as_str).or_else(|| current?.get(sample.property));
        let stages = || {
            pipelines::of(kind)
                .filter(|pipeline| chosen.is_none_or(|chosen| chosen == pipeline.id))
                .flat_map(|pipeline| &pipeline.stages)
                .map(|stage| stage.id)
        };
        if !stages().any(|stage| stage == value) {
            return Err(value::not_an_option(value, stages()));
        }
    }
    Ok(())
}

fn check_required(schema: &Schema, kind: Kind, values: &Values) -> Result<(), ErrorBody> {
    let given = |name: &Name| values.iter().any(|(own, value)| own == name && !value.is_empty());
    let mut missing: Vec<String> = schema.required.iter().filter(|name| !given(name)).map(ToString::to_string).collect();
    if !schema.any_of.is_empty() && !schema.any_of.iter().any(given) {
        missing.extend(schema.any_of.iter().map(ToString::to_string));
    }
    if missing.is_empty() {
        return Ok(());
    }
    let detail = ErrorDetail::new("Error: required properties were not set.")
        .code("REQUIRED_PROPERTIES_MISSING")
        .context("properties", missing.clone());
    Err(ErrorBody::validation(format!("Error creating {}. Some required properties were not set.", shouted(kind)))
        .context("properties", missing)
        .detail(detail))
}

/// HubSpot's `Property values were not valid`, whose message holds a JSON list.
fn not_valid(hub_id: u64, faults: &[(&str, BadValue)]) -> ErrorBody {
    let list: Vec<Value> = faults
        .iter()
        .map(|(name, fault)| json!({ "isValid": false, "message": fault.message, "error": fault.code, "name": name, "localizedErrorMessage": fault.message, "portalId": hub_id }))
        .collect();
    let mut error = ErrorBody::validation(format!("Property values were not valid: {}", Value::from(list)));
    for (name, fault) in faults {
        error = error.detail(ErrorDetail::new(&fault.message).code(fault.code).context("propertyName", vec![(*name).to_owned()]));
    }
    error
}

fn bad(code: &'static str, message: String) -> BadValue {
    BadValue { code, message }
}

/// A new record, not yet put in its table.
pub fn new_record(request: &Request<'_>, kind: Kind, id: u64, values: &Values) -> Record {
    let mut record = Record::new(id, request.now);
    apply(request, &mut record, values);
    let schema = Schema::of(kind);
    for (name, value) in [("hs_object_id", id.to_string()), ("hs_object_source", "INTEGRATION".to_owned())] {
        if let Some(property) = schema.get(name) {
            record.set_quietly(&property.name, &value, request.now);
        }
    }
    for name in [schema.created_name.as_ref(), schema.get("hs_createdate").map(|property| &property.name)].into_iter().flatten() {
        record.set_quietly(name, &request.now.to_iso(), request.now);
    }
    stamp(request, kind, &mut record);
    record
}

/// An existing record with other values.
pub fn changed_record(request: &Request<'_>, kind: Kind, record: &Record, values: &Values) -> Record {
    let mut record = record.clone();
    apply(request, &mut record, values);
    record.updated_at = request.now;
    stamp(request, kind, &mut record);
    record
}

fn apply(request: &Request<'_>, record: &mut Record, values: &Values) {
    for (name, value) in values {
        record.set(name, value, request.now, request.app_id);
    }
}

fn stamp(request: &Request<'_>, kind: Kind, record: &mut Record) {
    if let Some(name) = &Schema::of(kind).modified_name {
        record.set_quietly(name, &request.now.to_iso(), request.now);
    }
}

/// Refuses a record whose unique values another one has.
pub fn refuse_duplicate(state: &State, kind: Kind, record: &Record) -> Result<(), ErrorBody> {
    let other = unique_values(kind, record).iter().find_map(|value| state.table(kind).holder(value).filter(|holder| *holder != record.id));
    match other {
        None => Ok(()),
        Some(id) => Err(duplicate(kind, id)),
    }
}

/// HubSpot's 409.
pub fn duplicate(kind: Kind, existing: u64) -> ErrorBody {
    let mut name = kind.singular().to_owned();
    name[..1].make_ascii_uppercase();
    ErrorBody::conflict(format!("{name} already exists. Existing ID: {existing}"))
}

/// The `associations` of a create: whom to associate, and with which types.
pub fn wanted_links(state: &State, from: Kind, body: &Map<String, Value>) -> Result<Wanted, ErrorBody> {
    let wanted = match body.get("associations") {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(wanted)) => wanted,
        Some(_) => return Err(bad_field("associations", "must be a list")),
    };
    wanted.iter().map(|one| wanted_link(state, from, one)).collect()
}

fn wanted_link(state: &State, from: Kind, one: &Value) -> Result<(End, Vec<u32>), ErrorBody> {
    let id = id_text(one.pointer("/to/id"))
        .and_then(|id| id.parse().ok())
        .ok_or_else(|| bad_field("associations.to.id", "must be the id of a record"))?;
    let types = type_ids(one.get("types"))?;
    // The id alone does not say what it is the id of; the first type does.
    let first = types.first().copied().ok_or_else(|| bad_field("associations.types", "must not be empty"))?;
    let to = Kind::all().find(|to| links::types(from, *to).iter().any(|link| link.id == first));
    let to = to.ok_or_else(|| ErrorBody::validation(format!("{first} is not a type of an association of a {}", from.singular())))?;
    check_link(state, from, (to, id), &types)?;
    Ok(((to, id), types))
}

/// The `associationTypeId`s of a list of specifications.
pub fn type_ids(list: Option<&Value>) -> Result<Vec<u32>, ErrorBody> {
    let list = list.and_then(Value::as_array).ok_or_else(|| bad_field("types", "must be a list"))?;
    let id = |one: &Value| one.get("associationTypeId").and_then(Value::as_u64).and_then(|id| u32::try_from(id).ok());
    list.iter().map(|one| id(one).ok_or_else(|| bad_field("associationTypeId", "must be a number"))).collect()
}

/// The other record must be there, and the types be those of the pair.
pub fn check_link(state: &State, from: Kind, to: End, types: &[u32]) -> Result<(), ErrorBody> {
    if let Some(unknown) = types.iter().find(|id| links::types(from, to.0).iter().all(|link| link.id != **id)) {
        return Err(ErrorBody::validation(format!(
            "{unknown} is not a type of an association from {} to {}",
            from.singular(),
            to.0.singular()
        )));
    }
    super::objects::live(state, to).map(drop)
}

/// Puts new records in their table, with their associations.
pub fn put_new(tx: &mut Tx<'_>, kind: Kind, made: Vec<(Record, Wanted)>) {
    for (record, links) in made {
        let from = (kind, record.id);
        tx.put_record(kind, record);
        for (to, types) in links {
            tx.link(from, to, &types);
        }
    }
}
