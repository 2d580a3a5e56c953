//! Custom object types: their definitions, and the associations they may have.
//!
//! A definition takes effect at once: the account serves the type's records, properties, pipelines and
//! associations like those of every other type.

use http::Method;
use keyway_core::error_body::ErrorBody;
use keyway_core::time::Timestamp;
use serde_json::{Map, Value, json};

use super::{Answer, By, no_content, properties, reply};
use crate::invalid;
use crate::kind::Kind;
use crate::links::{Category, LinkType};
use crate::property::{Flag, Group, Property};
use crate::request::{Request, bad_field, bad_parameter, id_text, inputs, missing_field, text, texts};
use crate::space::{CustomType, Space};
use crate::state::State;
use crate::tx::Tx;

/// Custom types of an account (the same for every tier here).
pub const CUSTOM_TYPES_MAX: usize = 50;
/// Definitions in a batch read.
const BATCH_MAX: usize = 100;
/// The group that a custom type's properties are in unless they say otherwise.
const GROUP_SUFFIX: &str = "_information";

/// `…/schemas/…`
pub fn answer(request: &Request<'_>, method: &Method, tail: &[&str], tx: &mut Tx<'_>) -> Option<Answer> {
    Some(match (method.as_str(), tail) {
        ("GET", []) => list(request, tx.state),
        ("POST", []) => create(request, tx, By::Caller),
        ("POST", ["batch", "read"]) => batch_read(request, tx.state),
        ("GET", [name]) => kind(tx.state, name).map(|kind| reply(200, body(tx.state, tx.state.space(kind)))),
        ("PATCH", [name]) => custom(tx.state, name).and_then(|(kind, definition)| update(request, kind, definition, tx)),
        ("DELETE", [name]) => delete(request, name, tx),
        ("POST", [name, "associations"]) => kind(tx.state, name).and_then(|kind| associate(request, kind, tx)),
        ("DELETE", [name, "associations", id]) => kind(tx.state, name).and_then(|kind| dissociate(kind, id, tx)),
        _ => return None,
    })
}

fn not_there(name: &str) -> ErrorBody {
    invalid::schema_missing(name)
}

fn kind(state: &State, name: &str) -> Result<Kind, ErrorBody> {
    state.kind(name).ok_or_else(|| not_there(name))
}

fn custom(state: &State, name: &str) -> Result<(Kind, CustomType), ErrorBody> {
    let kind = kind(state, name)?;
    let definition = state.space(kind).custom.clone();
    Ok((kind, definition.ok_or_else(|| invalid::schema_of_hubspot(name))?))
}

fn list(request: &Request<'_>, state: &State) -> Answer {
    let archived = request.query.flag("archived")?;
    let fits = |space: &&Space| space.custom.as_ref().is_some_and(|custom| custom.archived == archived);
    Ok(reply(200, json!({ "results": state.spaces().filter(fits).map(|space| body(state, space)).collect::<Vec<_>>() })))
}

fn batch_read(request: &Request<'_>, state: &State) -> Answer {
    let given = request.json()?;
    let (mut found, mut missing) = (Vec::new(), Vec::new());
    let names = match given.get("inputs") {
        Some(Value::Array(names)) if names.iter().all(Value::is_string) && names.len() <= BATCH_MAX => {
            names.iter().filter_map(Value::as_str).collect()
        }
        _ => inputs(&given, BATCH_MAX)?
            .into_iter()
            .map(|input| text(input, "id").map(Option::unwrap_or_default))
            .collect::<Result<Vec<_>, _>>()?,
    };
    for name in names {
        match state.kind(name) {
            Some(kind) => found.push(body(state, state.space(kind))),
            None => missing.push(name.to_owned()),
        }
    }
    let now = request.now.to_iso();
    let mut answer = json!({ "status": "COMPLETE", "results": found, "startedAt": now, "completedAt": now });
    if missing.is_empty() {
        return Ok(reply(200, answer));
    }
    answer["numErrors"] = json!(1);
    answer["errors"] = json!([super::batch::listed(&invalid::schemas_missing(missing))]);
    Ok(reply(207, answer))
}

fn labels(given: &Map<String, Value>) -> Result<Option<(String, String)>, ErrorBody> {
    let Some(labels) = given.get("labels").filter(|labels| !labels.is_null()) else { return Ok(None) };
    let labels = labels.as_object().ok_or_else(|| bad_field("labels", "must be an object"))?;
    let one = |field: &str| {
        let label = text(labels, field)?.filter(|label| !label.trim().is_empty() && label.chars().count() <= 250);
        label.map(str::to_owned).ok_or_else(|| bad_field(&format!("labels.{field}"), "must have 1 to 250 characters"))
    };
    Ok(Some((one("singular")?, one("plural")?)))
}

fn owned(names: Vec<&str>) -> Vec<String> {
    names.into_iter().map(str::to_owned).collect()
}

/// Defines a type, with the properties that the body has.
pub fn create(request: &Request<'_>, tx: &mut Tx<'_>, by: By) -> Answer {
    let given = request.json()?;
    let name = text(&given, "name")?.ok_or_else(|| missing_field("name"))?;
    let is_name = name.len() <= 50 && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if !is_name || !name.starts_with(|first: char| first.is_ascii_alphabetic()) {
        return Err(bad_field("name", "must be letters, digits and underscores, begin with a letter, and have at most 50 of them"));
    }
    let customs = || tx.state.spaces().filter_map(|space| space.custom.as_ref());
    if customs().any(|custom| custom.name.eq_ignore_ascii_case(name)) {
        return Err(invalid::schema_exists(name));
    }
    if customs().count() >= CUSTOM_TYPES_MAX {
        return Err(invalid::schemas_too_many(CUSTOM_TYPES_MAX));
    }
    let (singular, plural) = labels(&given)?.ok_or_else(|| missing_field("labels"))?;
    let ordinal = tx.state.next_custom;
    let kind = Kind::custom(ordinal).ok_or_else(invalid::schemas_exhausted)?;
    let mut definition = CustomType {
        name: name.to_owned(),
        singular,
        plural,
        description: text(&given, "description")?.unwrap_or_default().to_owned(),
        primary_display: text(&given, "primaryDisplayProperty")?.map(str::to_owned),
        secondary_display: owned(texts(&given, "secondaryDisplayProperties")?),
        searchable: owned(texts(&given, "searchableProperties")?),
        required: owned(texts(&given, "requiredProperties")?),
        created_at: request.now,
        updated_at: request.now,
        app_id: request.app_id,
        archived: false,
    };
    // The properties are checked against an account that has the type, and this one does not yet.
    let mut scratch = State::new(tx.state.hub_id, tx.state.settings.clone());
    scratch.put_custom(kind, CustomType { required: Vec::new(), ..definition.clone() });
    let group = Group {
        own: true,
        label: definition.singular.clone() + " information",
        ..Group::standard(format!("{}{GROUP_SUFFIX}", name.to_lowercase()))
    };
    let mut scratch = Tx::new(&mut scratch);
    scratch.put_group(kind, group.clone());
    let own = own_properties(request, &mut scratch, kind, &given, &group, by)?;
    refuse_unknown(scratch.state, kind, &definition)?;
    definition.required.retain(|name| scratch.state.schema(kind).get(name).is_some());
    let partners = partners(tx.state, &given)?;

    tx.put_custom(kind, CustomType { required: Vec::new(), searchable: Vec::new(), ..definition.clone() });
    tx.put_group(kind, group);
    for property in own {
        tx.put_property(kind, property);
    }
    tx.put_custom(kind, definition);
    for partner in partners {
        let plain = tx.state.link_types.of(kind, partner).first().cloned();
        let back = tx.state.link_types.of(partner, kind).first().cloned();
        for (from, to, link) in [(kind, partner, plain), (partner, kind, back)] {
            if let Some(link) = link {
                tx.put_link_type(from, to, link);
            }
        }
    }
    Ok(reply(201, body(tx.state, tx.state.space(kind))))
}

fn own_properties(
    request: &Request<'_>,
    scratch: &mut Tx<'_>,
    kind: Kind,
    given: &Map<String, Value>,
    group: &Group,
    by: By,
) -> Result<Vec<Property>, ErrorBody> {
    let list = given.get("properties").and_then(Value::as_array).ok_or_else(|| bad_field("properties", "must be a list"))?;
    let mut made = Vec::new();
    for one in list {
        let mut one = one.as_object().ok_or_else(|| bad_field("properties", "must be a list of objects"))?.clone();
        if text(&one, "groupName")?.is_none_or(str::is_empty) {
            one.insert("groupName".to_owned(), group.name.as_str().into());
        }
        if one.get("fieldType").is_none_or(Value::is_null) {
            one.insert("fieldType".to_owned(), "text".into());
        }
        if one.get("type").is_none_or(Value::is_null) {
            one.insert("type".to_owned(), "string".into());
        }
        let property = properties::definition(request, scratch.state, kind, &one, by)?;
        scratch.put_property(kind, property.clone());
        made.push(property);
    }
    if made.iter().filter(|property| property.has(Flag::Unique)).count() > properties::UNIQUE_MAX {
        return Err(invalid::unique_properties_too_many(properties::UNIQUE_MAX));
    }
    Ok(made)
}

/// Every property that a definition names must be there.
fn refuse_unknown(state: &State, kind: Kind, definition: &CustomType) -> Result<(), ErrorBody> {
    let fields = [
        ("primaryDisplayProperty", definition.primary_display.as_slice()),
        ("secondaryDisplayProperties", definition.secondary_display.as_slice()),
        ("searchableProperties", definition.searchable.as_slice()),
        ("requiredProperties", definition.required.as_slice()),
    ];
    for (field, names) in fields {
        if let Some(unknown) = names.iter().find(|name| state.schema(kind).get(name).is_none()) {
            return Err(bad_field(field, &format!("names {unknown}, which is not a property of the object type")));
        }
    }
    Ok(())
}

fn partners(state: &State, given: &Map<String, Value>) -> Result<Vec<Kind>, ErrorBody> {
    let named = texts(given, "associatedObjects")?;
    named
        .into_iter()
        .map(|name| state.kind(name).ok_or_else(|| bad_field("associatedObjects", &format!("{name} is not an object type"))))
        .collect()
}

fn update(request: &Request<'_>, kind: Kind, before: CustomType, tx: &mut Tx<'_>) -> Answer {
    let given = request.json()?;
    if text(&given, "name")?.is_some_and(|name| name != before.name) {
        return Err(bad_field("name", "can't be changed"));
    }
    let mut definition = CustomType { updated_at: request.now, ..before };
    if let Some((singular, plural)) = labels(&given)? {
        (definition.singular, definition.plural) = (singular, plural);
    }
    if let Some(description) = text(&given, "description")? {
        description.clone_into(&mut definition.description);
    }
    if given.get("clearDescription").and_then(Value::as_bool).unwrap_or(false) {
        definition.description.clear();
    }
    if let Some(name) = text(&given, "primaryDisplayProperty")? {
        definition.primary_display = Some(name.to_owned());
    }
    let lists = [
        ("secondaryDisplayProperties", &mut definition.secondary_display),
        ("searchableProperties", &mut definition.searchable),
        ("requiredProperties", &mut definition.required),
    ];
    for (field, list) in lists {
        if given.contains_key(field) {
            *list = owned(texts(&given, field)?);
        }
    }
    refuse_unknown(tx.state, kind, &definition)?;
    tx.put_custom(kind, definition);
    Ok(reply(200, body(tx.state, tx.state.space(kind))))
}

/// Archives a custom type that has no records. With `archived=true`, deletes an archived one permanently.
fn delete(request: &Request<'_>, name: &str, tx: &mut Tx<'_>) -> Answer {
    let (kind, definition) = custom(tx.state, name)?;
    if tx.state.table(kind).count() > 0 {
        return Err(invalid::schema_in_use(&tx.state.space(kind).name));
    }
    if request.query.flag("archived")? {
        tx.remove_custom(kind);
    } else {
        tx.put_custom(kind, CustomType { archived: true, updated_at: request.now, ..definition });
    }
    Ok(no_content())
}

/// Every pair of types has its plain association already; the definition names it, or adds one.
fn associate(request: &Request<'_>, kind: Kind, tx: &mut Tx<'_>) -> Answer {
    let given = request.json()?;
    let end = |field: &str| {
        let id = id_text(given.get(field)).ok_or_else(|| missing_field(field))?;
        tx.state.kind(&id).ok_or_else(|| bad_field(field, &format!("{id} is not an object type")))
    };
    let (from, to) = (end("fromObjectTypeId")?, end("toObjectTypeId")?);
    if from != kind && to != kind {
        return Err(bad_field("fromObjectTypeId", "or toObjectTypeId must be the object type of the path"));
    }
    let name = text(&given, "name")?.filter(|name| !name.is_empty());
    let plain = tx.state.link_types.of(from, to).first().cloned().ok_or_else(|| not_there("association"))?;
    let link = match name {
        Some(name) if name != plain.name => {
            if tx.state.link_types.of(from, to).iter().any(|own| own.name == name) {
                return Err(invalid::schema_association_exists(name));
            }
            let id = tx.state.link_types.last_id.max(crate::links::OWN_TYPE_ID_BASE) + 1;
            let label = Some(name.to_owned().into());
            LinkType {
                id,
                label,
                name: name.to_owned(),
                category: Category::UserDefined,
                inverse: Some(if from == to { id } else { id + 1 }),
            }
        }
        _ => plain,
    };
    if let Some(inverse) = link.inverse.filter(|inverse| *inverse != link.id) {
        tx.put_link_type(to, from, LinkType { id: inverse, inverse: Some(link.id), ..link.clone() });
    }
    let answer = association(tx.state, from, to, &link, Some(request.now));
    tx.put_link_type(from, to, link);
    Ok(reply(201, answer))
}

fn association(state: &State, from: Kind, to: Kind, link: &LinkType, at: Option<Timestamp>) -> Value {
    let at = at.map(Timestamp::to_iso);
    json!({
        "id": link.id.to_string(), "name": link.name, "fromObjectTypeId": &*state.space(from).type_id, "toObjectTypeId": &*state.space(to).type_id,
        "createdAt": at, "updatedAt": at,
    })
}

/// Deletes an association definition. The plain association of two types remains, as records can always be
/// associated.
fn dissociate(kind: Kind, id: &str, tx: &mut Tx<'_>) -> Answer {
    let number: u32 = id.parse().map_err(|_| bad_parameter("associationIdentifier", &format!("'{id}' is not the id of an association")))?;
    let found = tx.state.spaces().map(|space| space.kind).flat_map(|other| [(kind, other), (other, kind)]);
    let found = found.into_iter().find(|(from, to)| tx.state.link_types.get(*from, *to, number).is_some());
    let (from, to) = found.ok_or_else(|| not_there(&format!("association {id}")))?;
    let link = tx.state.link_types.get(from, to, number).cloned().ok_or_else(|| not_there(id))?;
    if link.category != Category::UserDefined {
        return Err(invalid::schema_association_of_hubspot(id));
    }
    let labelled: Vec<_> = tx.state.links.of_type(from, to, number).collect();
    for (from, to) in labelled {
        tx.unlink_type(from, to, number);
    }
    if link.label.is_some() {
        tx.remove_link_type(from, to, number);
        if let Some(inverse) = link.inverse.filter(|inverse| *inverse != number) {
            tx.remove_link_type(to, from, inverse);
        }
    }
    Ok(no_content())
}

fn body(state: &State, space: &Space) -> Value {
    let own = space.custom.as_ref();
    let kinds = state.spaces().map(|other| other.kind);
    let pairs = kinds.flat_map(|other| [(space.kind, other), (other, space.kind)]);
    let mut pairs: Vec<(Kind, Kind)> = pairs.filter(|_| own.is_some()).collect();
    pairs.dedup();
    let at = own.map(|own| own.created_at);
    let associations: Vec<Value> = pairs
        .iter()
        .flat_map(|(from, to)| state.link_types.of(*from, *to).iter().map(|link| association(state, *from, *to, link, at)))
        .collect();
    let names = |names: &[crate::property::Name]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
    let mut body = json!({
        "id": &*space.type_id, "objectTypeId": &*space.type_id, "name": own.map_or(&*space.singular, |own| &own.name),
        "fullyQualifiedName": &*space.name, "archived": own.is_some_and(|own| own.archived), "allowsSensitiveProperties": false,
        "labels": { "singular": own.map_or(&*space.singular, |own| &own.singular), "plural": own.map_or(&*space.name, |own| &own.plural) },
        "requiredProperties": names(&space.schema.required), "searchableProperties": names(&space.schema.searchable),
        "secondaryDisplayProperties": own.map(|own| own.secondary_display.clone()).unwrap_or_default(),
        "properties": space.schema.properties().map(properties::body).collect::<Vec<_>>(), "associations": associations,
    });
    if let Some(own) = own {
        body["description"] = own.description.as_str().into();
        body["primaryDisplayProperty"] = json!(own.primary_display);
        body["createdAt"] = own.created_at.to_iso().into();
        body["updatedAt"] = own.updated_at.to_iso().into();
        body["createdByUserId"] = own.app_id.into();
    }
    body
}
