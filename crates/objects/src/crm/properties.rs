//! Property definitions and their groups: read, create, change, archive, singly and in batches. A change
//! affects records at once.

use http::Method;
use keyway_core::beside::Access;
use keyway_core::error_body::ErrorBody;
use serde_json::{Map, Value, json};

use super::{Answer, By, kind, no_content, reply};
use crate::invalid;
use crate::kind::Kind;
use crate::property::{Choice, Flag, Group, Property, ValueType};
use crate::request::{Request, bad_field, bad_parameter, inputs, integer, missing_field, text};
use crate::sensitive::row_of;
use crate::state::State;
use crate::tx::Tx;

/// Names and definitions in a batch.
const BATCH_MAX: usize = 100;
/// Unique properties of an object type (hubspot facts, section 7).
pub const UNIQUE_MAX: usize = 10;
/// Definitions of an object type that an account makes (the same for every tier here).
pub const OWN_MAX: usize = 1_000;
/// Longest name, and longest label, in characters.
const NAME_MAX: usize = 100;
const LABEL_MAX: usize = 250;
/// Choices of an enumeration, and the longest of them in characters.
const OPTIONS_MAX: usize = 5_000;
const OPTION_CHARS_MAX: usize = 3_000;

/// The form fields that go with each type of value.
const FIELDS: [(ValueType, &[&str]); 8] = [
    (ValueType::Text, &["text", "textarea", "file", "html", "phonenumber", "calculation_equation"]),
    (ValueType::Number, &["number", "calculation_equation"]),
    (ValueType::Bool, &["booleancheckbox", "calculation_equation"]),
    (ValueType::Enumeration, &["select", "radio", "checkbox", "booleancheckbox", "calculation_equation"]),
    (ValueType::Date, &["date"]),
    (ValueType::DateTime, &["date"]),
    (ValueType::PhoneNumber, &["phonenumber", "text"]),
    (ValueType::Json, &["text", "textarea"]),
];

/// `…/properties/{type}/…`
pub fn answer(request: &Request<'_>, method: &Method, tail: &[&str], tx: &mut Tx<'_>) -> Option<Answer> {
    let (segment, rest) = tail.split_first()?;
    let kind = kind(tx.state, segment);
    Some(match (method.as_str(), rest) {
        ("GET", []) => kind.and_then(|kind| list(request, kind, tx.state)),
        ("POST", []) => kind.and_then(|kind| create(request, kind, tx)),
        ("GET", ["groups"]) => kind.map(|kind| {
            let groups = tx.state.schema(kind).groups.values().filter(|group| !group.archived);
            reply(200, json!({ "results": groups.map(group_body).collect::<Vec<_>>() }))
        }),
        ("POST", ["groups"]) => kind.and_then(|kind| create_group(request, kind, tx)),
        ("GET", ["groups", name]) => kind.and_then(|kind| find_group(tx.state, kind, name).map(|group| reply(200, group_body(group)))),
        ("PATCH", ["groups", name]) => kind.and_then(|kind| update_group(request, kind, name, tx)),
        ("DELETE", ["groups", name]) => kind.and_then(|kind| archive_group(kind, name, tx)),
        ("POST", ["batch", "read"]) => kind.and_then(|kind| batch_read(request, kind, tx.state)),
        ("POST", ["batch", "create"]) => kind.and_then(|kind| batch_create(request, kind, tx)),
        ("POST", ["batch", "archive"]) => kind.and_then(|kind| batch_archive(request, kind, tx)),
        ("GET", [name]) => kind.and_then(|kind| read(request, kind, name, tx.state)),
        ("PATCH", [name]) => kind.and_then(|kind| update(request, kind, name, tx)),
        ("DELETE", [name]) => kind.and_then(|kind| archive(request, kind, name, tx)),
        _ => return None,
    })
}

fn not_there(name: &str) -> ErrorBody {
    invalid::property_missing(name)
}

/// `non_sensitive` where it is not given; the other levels are of a type's properties that hold such.
fn sensitivity(given: Option<&str>) -> Result<&str, ErrorBody> {
    match given {
        None => Ok("non_sensitive"),
        Some(level @ ("non_sensitive" | "sensitive" | "highly_sensitive")) => Ok(level),
        Some(other) => Err(bad_parameter("dataSensitivity", &format!("'{other}' is not a level of sensitivity"))),
    }
}

fn level(property: &Property) -> &str {
    property.extra.get("dataSensitivity").and_then(Value::as_str).unwrap_or("non_sensitive")
}

fn list(request: &Request<'_>, kind: Kind, state: &State) -> Answer {
    let (archived, wanted) = (request.query.flag("archived")?, sensitivity(request.query.get("dataSensitivity"))?);
    // Clients name all that is listed in a search, which has 3,000 characters at most: what an account has of
    // each stage would fill them.
    let is_listed = |property: &&Property| !property.has(Flag::OfStage);
    let fits = |property: &&Property| property.archived_at.is_some() == archived && level(property) == wanted;
    Ok(reply(200, json!({ "results": state.schema(kind).all().filter(is_listed).filter(fits).map(body).collect::<Vec<_>>() })))
}

fn read(request: &Request<'_>, kind: Kind, name: &str, state: &State) -> Answer {
    let archived = request.query.flag("archived")?;
    sensitivity(request.query.get("dataSensitivity"))?;
    let found = state.schema(kind).find(name).filter(|property| property.archived_at.is_some() == archived);
    found.map(|property| reply(200, body(property))).ok_or_else(|| not_there(name))
}

fn batch_read(request: &Request<'_>, kind: Kind, state: &State) -> Answer {
    let given = request.json()?;
    let archived = given.get("archived").and_then(Value::as_bool).unwrap_or(false);
    sensitivity(text(&given, "dataSensitivity")?)?;
    let (mut found, mut missing) = (Vec::new(), Vec::new());
    for input in inputs(&given, BATCH_MAX)? {
        let name = text(input, "name")?.ok_or_else(|| missing_field("inputs.name"))?;
        match state.schema(kind).find(name).filter(|property| property.archived_at.is_some() == archived) {
            Some(property) => found.push(body(property)),
            None => missing.push(name.to_owned()),
        }
    }
    Ok(batch_reply(request, 200, found, missing))
}

fn batch_reply(request: &Request<'_>, status: u16, results: Vec<Value>, missing: Vec<String>) -> crate::call::Reply {
    let now = request.now.to_iso();
    let mut answer = json!({ "status": "COMPLETE", "results": results, "startedAt": now, "completedAt": now });
    if missing.is_empty() {
        return reply(status, answer);
    }
    answer["numErrors"] = json!(1);
    answer["errors"] = json!([super::batch::listed(&invalid::properties_missing(missing))]);
    reply(207, answer)
}

fn create(request: &Request<'_>, kind: Kind, tx: &mut Tx<'_>) -> Answer {
    let property = definition(request, tx.state, kind, &request.json()?, By::Caller)?;
    refuse_too_many(tx.state, kind, std::slice::from_ref(&property))?;
    let answer = reply(201, body(&property));
    tx.put_property(kind, property);
    Ok(answer)
}

fn batch_create(request: &Request<'_>, kind: Kind, tx: &mut Tx<'_>) -> Answer {
    let given = request.json()?;
    let mut made: Vec<Property> = Vec::new();
    for input in inputs(&given, BATCH_MAX)? {
        let property = definition(request, tx.state, kind, input, By::Caller)?;
        if made.iter().any(|other| other.name == property.name) {
            return Err(invalid::property_exists(&property.name));
        }
        made.push(property);
    }
    refuse_too_many(tx.state, kind, &made)?;
    let answer = batch_reply(request, 201, made.iter().map(body).collect(), Vec::new());
    for property in made {
        tx.put_property(kind, property);
    }
    Ok(answer)
}

fn refuse_too_many(state: &State, kind: Kind, made: &[Property]) -> Result<(), ErrorBody> {
    let schema = state.schema(kind);
    let own = schema.properties().filter(|property| property.is_own()).count() + made.len();
    if own > OWN_MAX {
        return Err(invalid::properties_too_many(OWN_MAX));
    }
    let unique = schema.unique.len() + made.iter().filter(|property| property.is_unique()).count();
    if made.iter().any(Property::is_unique) && unique > UNIQUE_MAX {
        return Err(invalid::unique_properties_too_many(UNIQUE_MAX));
    }
    Ok(())
}

/// A new definition. The name of an archived one restores it, as it is defined now.
pub fn definition(request: &Request<'_>, state: &State, kind: Kind, given: &Map<String, Value>, by: By) -> Result<Property, ErrorBody> {
    let required = |field: &str| text(given, field)?.filter(|text| !text.trim().is_empty()).ok_or_else(|| missing_field(field));
    let name = required("name")?;
    refuse_name(name, by)?;
    let (label, group) = (required("label")?, required("groupName")?);
    let value_type = required("type")?;
    let value_type = ValueType::parse(value_type).ok_or_else(|| bad_field("type", &format!("{value_type} is not a type of property")))?;
    let field_type = required("fieldType")?;
    let mut property = Property::new(name, label, value_type, field_type);
    property.set(Flag::Own, true);
    property.set(Flag::FormField, true);
    property.created_at = Some(request.now);
    group.clone_into(property.group.to_mut());
    if let Some(existing) = state.schema(kind).find(name) {
        if existing.archived_at.is_none() {
            return Err(invalid::property_exists(name));
        }
        property.created_at = existing.created_at;
    }
    let unique = flag(given, "hasUniqueValue")?.unwrap_or(false);
    if unique && !matches!(value_type, ValueType::Text | ValueType::Number | ValueType::PhoneNumber) {
        return Err(bad_field("hasUniqueValue", "can be set for text and numbers only"));
    }
    property.set(Flag::Unique, unique);
    property.set(Flag::Calculated, field_type == "calculation_equation");
    apply(request, state, kind, &mut property, given)?;
    Ok(property)
}

fn refuse_name(name: &str, by: By) -> Result<(), ErrorBody> {
    let fits = name.len() <= NAME_MAX && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    if !fits || !name.starts_with(|first: char| first.is_ascii_lowercase()) {
        return Err(bad_field("name", "must be lower-case letters, digits and underscores, and begin with a letter"));
    }
    if by == By::Caller && (name.starts_with("hs_") || name.starts_with("hubspot_")) {
        return Err(bad_field("name", "must not begin with hs_ or hubspot_, which HubSpot keeps for itself"));
    }
    Ok(())
}

fn flag(given: &Map<String, Value>, field: &str) -> Result<Option<bool>, ErrorBody> {
    match given.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Bool(flag)) => Ok(Some(*flag)),
        Some(_) => Err(bad_field(field, "must be true or false")),
    }
}

/// What a create and a change have in common.
fn apply(request: &Request<'_>, state: &State, kind: Kind, property: &mut Property, given: &Map<String, Value>) -> Result<(), ErrorBody> {
    if let Some(label) = text(given, "label")? {
        if label.trim().is_empty() || label.chars().count() > LABEL_MAX {
            return Err(bad_field("label", &format!("must have 1 to {LABEL_MAX} characters")));
        }
        property.label = label.to_owned().into();
    }
    if let Some(description) = text(given, "description")? {
        property.description = description.to_owned().into();
    }
    if let Some(group) = text(given, "groupName")? {
        property.group = group.to_owned().into();
    }
    if state.schema(kind).groups.get(&*property.group).is_none_or(|group| group.archived) {
        return Err(bad_field("groupName", &format!("{} is not a property group of {}", property.group, state.space(kind).name)));
    }
    if let Some(field_type) = text(given, "fieldType")? {
        property.field_type = field_type.to_owned().into();
    }
    let fields = FIELDS.iter().find(|(value_type, _)| *value_type == property.value_type).map_or(&[] as &[&str], |(_, fields)| fields);
    if !fields.contains(&&*property.field_type) {
        let problem = format!("{} does not go with the type {}", property.field_type, property.value_type.as_str());
        return Err(bad_field("fieldType", &problem));
    }
    if let Some(options) = given.get("options").filter(|options| !options.is_null()) {
        property.choices = choices(options)?;
    }
    let takes_options = property.value_type == ValueType::Enumeration || property.value_type == ValueType::Bool;
    if !property.choices.is_empty() && !takes_options {
        return Err(bad_field("options", "can be given for enumerations only"));
    }
    let has_others = flag(given, "externalOptions")?.unwrap_or(false) || property.is_calculated() || property.is_owner();
    if property.value_type == ValueType::Enumeration && property.choices.is_empty() && property.is_own() && !has_others {
        return Err(bad_field("options", "must not be empty for an enumeration"));
    }
    if let Some(order) = integer(given, "displayOrder")? {
        property.display_order = order;
    }
    for (field, own) in [("hidden", Flag::Hidden), ("formField", Flag::FormField)] {
        if let Some(on) = flag(given, field)? {
            property.set(own, on);
        }
    }
    for field in EXTRA_TEXTS {
        if let Some(value) = text(given, field)? {
            property.extra.insert(field.to_owned(), value.into());
        }
    }
    for field in ["showCurrencySymbol", "externalOptions"] {
        if let Some(on) = flag(given, field)? {
            property.extra.insert(field.to_owned(), on.into());
        }
    }
    sensitivity(property.extra.get("dataSensitivity").and_then(Value::as_str))?;
    if let (Some(by), Some(level)) = (request.by, property.sensitivity()) {
        by.needs_value(row_of(kind), &property.name, level, Access::Write)?;
    }
    property.updated_at = Some(request.now);
    Ok(())
}

/// Fields that are stored and returned unchanged.
const EXTRA_TEXTS: [&str; 7] = [
    "calculationFormula",
    "currencyPropertyName",
    "dataSensitivity",
    "dateDisplayHint",
    "numberDisplayHint",
    "referencedObjectType",
    "textDisplayHint",
];

fn choices(options: &Value) -> Result<Vec<Choice>, ErrorBody> {
    let options = options.as_array().filter(|options| options.len() <= OPTIONS_MAX);
    let options = options.ok_or_else(|| bad_field("options", &format!("must be a list of at most {OPTIONS_MAX}")))?;
    let mut choices: Vec<Choice> = Vec::with_capacity(options.len());
    for (at, option) in options.iter().enumerate() {
        let option = option.as_object().ok_or_else(|| bad_field("options", "must be a list of objects"))?;
        let required = |field: &str| {
            let found = text(option, field)?.filter(|text| !text.is_empty() && text.chars().count() <= OPTION_CHARS_MAX);
            found.ok_or_else(|| bad_field(&format!("options.{field}"), &format!("must have 1 to {OPTION_CHARS_MAX} characters")))
        };
        let (value, label) = (required("value")?, required("label")?);
        if value.contains(';') {
            return Err(bad_field("options.value", "must not contain a semicolon, which separates several values"));
        }
        if choices.iter().any(|other| other.value == value || other.label == label) {
            return Err(invalid::option_not_unique(label, value, "options"));
        }
        choices.push(Choice {
            value: value.to_owned().into(),
            label: label.to_owned().into(),
            description: text(option, "description")?.unwrap_or_default().to_owned().into(),
            display_order: integer(option, "displayOrder")?.unwrap_or(at as i64),
            hidden: flag(option, "hidden")?.unwrap_or(false),
        });
    }
    Ok(choices)
}

fn live(state: &State, kind: Kind, name: &str) -> Result<Property, ErrorBody> {
    state.schema(kind).get(name).cloned().ok_or_else(|| not_there(name))
}

fn update(request: &Request<'_>, kind: Kind, name: &str, tx: &mut Tx<'_>) -> Answer {
    let given = request.json()?;
    let mut property = live(tx.state, kind, name)?;
    if let Some(unique) = flag(&given, "hasUniqueValue")?
        && unique != property.is_unique()
    {
        return Err(bad_field("hasUniqueValue", "can't be changed"));
    }
    if text(&given, "type")?.is_some_and(|own| own != property.value_type.as_str()) {
        return Err(bad_field("type", "can't be changed"));
    }
    if !property.is_own() && given.keys().any(|field| !matches!(field.as_str(), "label" | "description" | "options" | "displayOrder")) {
        return Err(invalid::property_of_hubspot(name));
    }
    apply(request, tx.state, kind, &mut property, &given)?;
    let answer = reply(200, body(&property));
    tx.put_property(kind, property);
    Ok(answer)
}

/// The values stay with the records, unseen, and come back with the definition.
fn archive(request: &Request<'_>, kind: Kind, name: &str, tx: &mut Tx<'_>) -> Answer {
    let property = archivable(tx.state, kind, name)?;
    tx.put_property(kind, Property { archived_at: Some(request.now), ..property });
    Ok(no_content())
}

/// Refuses to archive what lists or calculated properties use. HubSpot also looks at workflows and forms.
fn refuse_in_use(state: &State, kind: Kind, name: &str) -> Result<(), ErrorBody> {
    let of_kind = kind.to_string();
    let lists = state.lists.lists.values().filter(|list| list.deleted_at.is_none() && list.kind == of_kind);
    let lists = lists.filter(|list| list.filters.as_ref().is_some_and(|filters| names(filters, name)));
    let uses = |property: &&Property| {
        let formula = property.extra.get("calculationFormula").and_then(Value::as_str).unwrap_or_default();
        formula.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').any(|word| word == name)
    };
    let calculated = state.schema(kind).properties().filter(|property| property.is_own()).filter(uses);
    let by: Vec<(&str, String)> = lists
        .map(|list| ("LIST", list.id.to_string()))
        .chain(calculated.map(|property| ("PROPERTY", property.name.to_string())))
        .take(USES_MAX)
        .collect();
    if by.is_empty() {
        return Ok(());
    }
    let type_id = state.space(kind).type_id.to_string();
    let counts = vec![by.len().to_string()];
    let error = invalid::property_in_use(name, &type_id, by.len(), vec![name.to_owned()], vec![type_id.clone()], counts);
    Err(by.into_iter().fold(error, |error, (parent, id)| {
        let one = |text: &str| vec![text.to_owned()];
        let (property, object_type, shown) = (one(name), one(&type_id), one(parent));
        error.detail(invalid::property_used(name, &type_id, parent, &id, property, object_type, shown.clone(), shown, one(&id), one("")))
    }))
}

/// Uses of a property that an error names.
const USES_MAX: usize = 100;

/// Whether a filter of a list, at any depth, asks for a property.
fn names(filters: &Value, name: &str) -> bool {
    let is_of = filters["filterType"] == "PROPERTY" && filters["property"] == *name;
    let below = ["filters", "filterBranches"].iter().filter_map(|field| filters[field].as_array()).flatten();
    is_of || below.into_iter().any(|one| names(one, name))
}

fn archivable(state: &State, kind: Kind, name: &str) -> Result<Property, ErrorBody> {
    let property = live(state, kind, name)?;
    if !property.is_own() {
        return Err(invalid::property_not_archivable(name));
    }
    refuse_in_use(state, kind, name)?;
    if state.schema(kind).required.contains(&property.name) {
        return Err(invalid::property_required(name, &state.space(kind).name));
    }
    Ok(property)
}

/// Names that are not there are no error, as with records.
fn batch_archive(request: &Request<'_>, kind: Kind, tx: &mut Tx<'_>) -> Answer {
    let given = request.json()?;
    let mut gone = Vec::new();
    for input in inputs(&given, BATCH_MAX)? {
        let name = text(input, "name")?.ok_or_else(|| missing_field("inputs.name"))?;
        if tx.state.schema(kind).get(name).is_some() {
            gone.push(archivable(tx.state, kind, name)?);
        }
    }
    for property in gone {
        tx.put_property(kind, Property { archived_at: Some(request.now), ..property });
    }
    Ok(no_content())
}

/// A definition as it is answered.
pub fn body(property: &Property) -> Value {
    let options: Vec<Value> = property
        .choices
        .iter()
        .map(|choice| {
            json!({
                "label": choice.label, "value": choice.value, "description": choice.description,
                "displayOrder": choice.display_order, "hidden": choice.hidden,
            })
        })
        .collect();
    let own = property.is_own();
    let mut body = json!({
        "name": &*property.name, "label": property.label, "type": property.value_type.as_str(), "fieldType": property.field_type,
        "description": property.description, "groupName": property.group, "options": options, "displayOrder": property.display_order,
        "calculated": property.is_calculated(), "externalOptions": property.is_owner(), "hasUniqueValue": property.is_unique(),
        "hidden": property.has(Flag::Hidden), "hubspotDefined": !own, "archived": property.archived_at.is_some(),
        "formField": property.has(Flag::FormField), "dataSensitivity": "non_sensitive",
        "modificationMetadata": {
            "archivable": own, "readOnlyDefinition": !own, "readOnlyOptions": !own, "readOnlyValue": property.is_read_only(),
        },
    });
    let moments = [("createdAt", property.created_at), ("updatedAt", property.updated_at), ("archivedAt", property.archived_at)];
    for (field, moment) in moments {
        if let Some(moment) = moment {
            body[field] = moment.to_iso().into();
        }
    }
    for (field, value) in &property.extra {
        body[field] = value.clone();
    }
    body
}

fn find_group<'a>(state: &'a State, kind: Kind, name: &str) -> Result<&'a Group, ErrorBody> {
    let found = state.schema(kind).groups.get(name).filter(|group| !group.archived);
    found.ok_or_else(|| invalid::group_missing(name))
}

fn create_group(request: &Request<'_>, kind: Kind, tx: &mut Tx<'_>) -> Answer {
    let given = request.json()?;
    let required = |field: &str| text(&given, field)?.filter(|text| !text.trim().is_empty()).ok_or_else(|| missing_field(field));
    let (name, label) = (required("name")?.to_owned(), required("label")?.to_owned());
    refuse_name(&name, By::Caller)?;
    if find_group(tx.state, kind, &name).is_ok() {
        return Err(invalid::group_exists(&name));
    }
    let group = Group { name, label, display_order: integer(&given, "displayOrder")?.unwrap_or(-1), own: true, archived: false };
    let answer = reply(201, group_body(&group));
    tx.put_group(kind, group);
    Ok(answer)
}

fn update_group(request: &Request<'_>, kind: Kind, name: &str, tx: &mut Tx<'_>) -> Answer {
    let given = request.json()?;
    let mut group = find_group(tx.state, kind, name)?.clone();
    if let Some(label) = text(&given, "label")? {
        label.clone_into(&mut group.label);
    }
    group.display_order = integer(&given, "displayOrder")?.unwrap_or(group.display_order);
    let answer = reply(200, group_body(&group));
    tx.put_group(kind, group);
    Ok(answer)
}

fn archive_group(kind: Kind, name: &str, tx: &mut Tx<'_>) -> Answer {
    let group = find_group(tx.state, kind, name)?.clone();
    if !group.own {
        return Err(invalid::group_of_hubspot(name));
    }
    if tx.state.schema(kind).properties().any(|property| property.group == name) {
        return Err(invalid::group_in_use());
    }
    tx.put_group(kind, Group { archived: true, ..group });
    Ok(no_content())
}

fn group_body(group: &Group) -> Value {
    json!({ "name": group.name, "label": group.label, "displayOrder": group.display_order, "archived": group.archived })
}
