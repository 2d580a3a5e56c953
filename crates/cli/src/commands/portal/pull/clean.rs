//! Selects the parts of HubSpot's definitions that a seed keeps.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::mask;
use super::read::Type;

/// What properties an account's definition keeps.
const OF_PROPERTY: [&str; 17] = [
    "name",
    "label",
    "type",
    "fieldType",
    "description",
    "groupName",
    "options",
    "displayOrder",
    "hasUniqueValue",
    "hidden",
    "formField",
    "calculationFormula",
    "numberDisplayHint",
    "textDisplayHint",
    "showCurrencySymbol",
    "currencyPropertyName",
    "referencedObjectType",
];

/// The named fields of a value, those that say something.
pub fn fields(of: &Value, names: &[&str]) -> Map<String, Value> {
    let says = |value: &&Value| !value.is_null() && **value != "" && !value.as_array().is_some_and(Vec::is_empty);
    names.iter().filter_map(|name| Some(((*name).to_owned(), of.get(*name).filter(says)?.clone()))).collect()
}

/// A property's definition, without what a definition has anyway.
fn definition(one: &Value) -> Map<String, Value> {
    let mut kept = fields(one, &OF_PROPERTY);
    for (field, usual) in
        [("displayOrder", json!(-1)), ("hasUniqueValue", json!(false)), ("hidden", json!(false)), ("formField", json!(true))]
    {
        if kept.get(field) == Some(&usual) {
            kept.shift_remove(field);
        }
    }
    if let Some(options) = kept.get_mut("options").and_then(Value::as_array_mut) {
        for option in options {
            *option = fields(option, &["label", "value", "description", "displayOrder", "hidden"]).into();
        }
    }
    kept
}

/// Sorted by a text field, so that a second pull has the same order.
pub fn by_name(mut all: Vec<Value>, field: &str) -> Vec<Value> {
    all.sort_by(|one, other| one[field].as_str().cmp(&other[field].as_str()));
    all
}

/// An ID, which HubSpot gives as a text or as a number.
pub fn id_of(value: &Value) -> String {
    value.as_str().map_or_else(|| if value.is_null() { String::new() } else { value.to_string() }, str::to_owned)
}

/// Whether HubSpot marks a property's values as sensitive.
pub fn is_sensitive(property: &Value) -> bool {
    property["dataSensitivity"].as_str().is_some_and(|level| level != "non_sensitive")
}

/// A custom object type as a seed takes it, with the properties that it names.
pub fn clean_schema(schema: &Value) -> Value {
    const NAMED: [&str; 3] = ["secondaryDisplayProperties", "searchableProperties", "requiredProperties"];
    let properties = schema["properties"].as_array().map_or(&[][..], Vec::as_slice);
    let texts = |field: &str| schema[field].as_array().into_iter().flatten().filter_map(Value::as_str).collect::<Vec<_>>();
    let mut named: Vec<&str> =
        schema["primaryDisplayProperty"].as_str().into_iter().chain(NAMED.iter().flat_map(|field| texts(field))).collect();
    named.sort_unstable();
    named.dedup();
    let is_own = |one: &&Value| one["hubspotDefined"] != true && one["archived"] != true && !is_sensitive(one);
    // The groups of its properties are made after the type: here they are without.
    let own = |name: &&str| properties.iter().filter(is_own).find(|one| one["name"] == **name);
    let kept: Vec<Value> = named
        .iter()
        .filter_map(own)
        .map(|one| {
            let mut kept = definition(one);
            kept.shift_remove("groupName");
            kept.into()
        })
        .collect();
    let is_there = |name: &str| properties.iter().any(|one| one["name"] == name && !is_sensitive(one));
    let mut clean = fields(schema, &["name", "labels", "description", "primaryDisplayProperty"]);
    if !schema["primaryDisplayProperty"].as_str().is_some_and(is_there) {
        clean.shift_remove("primaryDisplayProperty");
    }
    for field in NAMED {
        let names: Vec<&str> = texts(field).into_iter().filter(|name| is_there(name)).collect();
        if !names.is_empty() {
            clean.insert(field.to_owned(), names.into());
        }
    }
    clean.insert("properties".to_owned(), kept.into());
    clean.into()
}

/// A definition as the pull keeps it: its part in the seed (`seed`), whether records can have it (`isSet`), and the fields that the mask reads.
pub fn kept_property(one: &Value, known: &BTreeMap<&str, &Value>, is_of_own_type: bool) -> Option<Value> {
    let name = one["name"].as_str()?;
    let known = known.get(name);
    let is_defined = one["hubspotDefined"] == true;
    let is_read_only = one["modificationMetadata"]["readOnlyValue"] == true || one["calculated"] == true;
    let options = |of: &Value| {
        of["options"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|option| fields(option, &["label", "value", "displayOrder", "hidden"]))
            .map(Value::from)
            .collect::<Vec<_>>()
    };
    let seed = if !is_defined {
        Some(Value::from(definition(one)))
    } else {
        let of_stages = ["pipeline", "dealstage", "hs_pipeline", "hs_pipeline_stage"].contains(&name) || one["externalOptions"] == true;
        let differs =
            known.is_some_and(|known| known["type"] == "enumeration" && options(known) != options(one)) && one["type"] == "enumeration";
        (differs && !of_stages && !is_of_own_type).then(|| json!({ "name": name, "options": options(one) }))
    };
    let is_known = known.is_some_and(|known| known["modificationMetadata"]["readOnlyValue"] != true && known["type"] == one["type"]);
    let is_set = !is_read_only && (!is_defined || is_known);
    let mut kept = fields(one, &["name", "type", "hubspotDefined", "hasUniqueValue", "options"]);
    kept.insert("isSet".to_owned(), is_set.into());
    if let Some(seed) = seed {
        kept.insert("seed".to_owned(), seed);
    }
    Some(kept.into())
}

/// A pipeline as a seed takes it.
pub fn clean_pipeline(one: &Value) -> Value {
    let mut stages: Vec<&Value> = one["stages"].as_array().into_iter().flatten().filter(|stage| stage["archived"] != true).collect();
    stages.sort_by_key(|stage| (stage["displayOrder"].as_i64(), id_of(&stage["id"])));
    let stages: Vec<Value> = stages
        .into_iter()
        .map(|stage| {
            let metadata = stage["metadata"].as_object().cloned().unwrap_or_default();
            json!({ "stageId": id_of(&stage["id"]), "label": stage["label"], "displayOrder": stage["displayOrder"], "metadata": metadata })
        })
        .collect();
    json!({ "pipelineId": id_of(&one["id"]), "label": one["label"], "displayOrder": one["displayOrder"], "stages": stages })
}

/// The labels of a pair of types. HubSpot gives the two ways of a label neighbouring IDs.
pub fn labels(from: &str, to: &str, there: &[Value], back: &[Value]) -> Vec<Value> {
    let is_own = |one: &&Value| one["category"] == "USER_DEFINED" && one["label"].as_str().is_some_and(|label| !label.is_empty());
    let mut own: Vec<&Value> = there.iter().filter(is_own).collect();
    own.sort_by_key(|one| one["typeId"].as_u64());
    own.into_iter()
        .filter_map(|one| {
            let (id, label) = (one["typeId"].as_u64()?, one["label"].as_str()?);
            let at = |id: u64| back.iter().filter(is_own).find(|other| other["typeId"] == id);
            let inverse =
                at(id + 1).or_else(|| at(id.wrapping_sub(1))).or_else(|| back.iter().filter(is_own).find(|other| other["label"] == label));
            let word: String = label
                .chars()
                .map(|letter| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '_' })
                .take(100)
                .collect();
            let mut made = json!({ "from": from, "to": to, "name": format!("label_{word}_{id}"), "label": label, "typeId": id });
            if let Some(inverse) = inverse {
                if inverse["label"] != label {
                    made["inverseLabel"] = inverse["label"].clone();
                }
                made["inverseTypeId"] = inverse["typeId"].clone();
            }
            Some(made)
        })
        .collect()
}

/// A list as a seed takes it; none of an object type that is not pulled.
pub fn clean_list(list: &Value, types: &[Type], definitions: &BTreeMap<String, Vec<Value>>, unmasked: bool) -> Option<Value> {
    let id = id_of(&list["objectTypeId"]);
    let own = types.iter().find(|own| own.ids.contains(&id) || own.name == id || own.path == id)?;
    let mut clean = fields(list, &["name", "processingType"]);
    clean.insert("objectTypeId".to_owned(), own.name.as_str().into());
    if list["filterBranch"].is_object() && list["processingType"] != "MANUAL" {
        let mut branch = list["filterBranch"].clone();
        let is_option = |property: &str, value: &str| {
            let found = definitions.values().flatten().filter(|one| one["name"] == property);
            let mut options = found.flat_map(|one| one["options"].as_array().into_iter().flatten());
            options.any(|option| option["value"] == value)
        };
        if !unmasked {
            mask::filters(&mut branch, &is_option);
        }
        clean.insert("filterBranch".to_owned(), branch);
    }
    Some(clean.into())
}
